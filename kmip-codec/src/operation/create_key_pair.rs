//! Create Key Pair (KMIP 2.1 §6.1.9).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;

record! {
    /// Request payload of Create Key Pair (KMIP 2.1 §6.1.9).
    CreateKeyPairRequest "Create Key Pair Request Payload" {
        common_attributes: Option<Bag> = bag(Template(CommonTemplateAttribute), Set(CommonAttributes)),
        private_key_attributes: Option<Bag> = bag(Template(PrivateKeyTemplateAttribute), Set(PrivateKeyAttributes)),
        public_key_attributes: Option<Bag> = bag(Template(PublicKeyTemplateAttribute), Set(PublicKeyAttributes)),
        common_protection_storage_masks: Option<ProtectionStorageMasks> = tag(CommonProtectionStorageMasks) since V2_0,
        private_protection_storage_masks: Option<ProtectionStorageMasks> = tag(PrivateProtectionStorageMasks) since V2_0,
        public_protection_storage_masks: Option<ProtectionStorageMasks> = tag(PublicProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Create Key Pair (KMIP 2.1 §6.1.9).
    CreateKeyPairResponse "Create Key Pair Response Payload" {
        private_key_unique_identifier: UniqueIdentifier = tag(PrivateKeyUniqueIdentifier),
        public_key_unique_identifier: UniqueIdentifier = tag(PublicKeyUniqueIdentifier),
        private_key_attributes: Option<Bag> = bag(Template(PrivateKeyTemplateAttribute), Nil),
        public_key_attributes: Option<Bag> = bag(Template(PublicKeyTemplateAttribute), Nil),
    }
}
