//! Re-key Key Pair (KMIP 2.1 §6.1.47).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::value::Interval;

record! {
    /// Request payload of Re-key Key Pair (KMIP 2.1 §6.1.47). Since KMIP 1.1.
    ReKeyKeyPairRequest "Re-key Key Pair Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) since V3_0 required V3_0,
        private_key_unique_identifier: Option<UniqueIdentifier> = tag(PrivateKeyUniqueIdentifier) until V2_1,
        offset: Option<Interval> = tag(Offset),
        common_attributes: Option<Bag> = bag(Template(CommonTemplateAttribute), Set(CommonAttributes)),
        private_key_attributes: Option<Bag> = bag(Template(PrivateKeyTemplateAttribute), Set(PrivateKeyAttributes)),
        public_key_attributes: Option<Bag> = bag(Template(PublicKeyTemplateAttribute), Set(PublicKeyAttributes)),
        common_protection_storage_masks: Option<ProtectionStorageMasks> = tag(CommonProtectionStorageMasks) since V2_0,
        private_protection_storage_masks: Option<ProtectionStorageMasks> = tag(PrivateProtectionStorageMasks) since V2_0,
        public_protection_storage_masks: Option<ProtectionStorageMasks> = tag(PublicProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Re-key Key Pair (KMIP 2.1 §6.1.47). Since KMIP 1.1.
    ReKeyKeyPairResponse "Re-key Key Pair Response Payload" {
        private_key_unique_identifier: UniqueIdentifier = tag(PrivateKeyUniqueIdentifier),
        public_key_unique_identifier: UniqueIdentifier = tag(PublicKeyUniqueIdentifier),
        private_key_attributes: Option<Bag> = bag(Template(PrivateKeyTemplateAttribute), Nil),
        public_key_attributes: Option<Bag> = bag(Template(PublicKeyTemplateAttribute), Nil),
    }
}
