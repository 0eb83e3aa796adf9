//! Derive Key (KMIP 2.1 §6.1.14).

use crate::attribute::Bag;
use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::registry::{DerivationMethod, ObjectType};
use crate::secret::Secret;
use crate::value::ByteString;

record! {
    /// Request payload of Derive Key (KMIP 2.1 §6.1.14).
    DeriveKeyRequest "Derive Key Request Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier) required V1_0,
        derivation_method: DerivationMethod = tag(DerivationMethod),
        derivation_parameters: DerivationParameters = tag(DerivationParameters),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)) required V1_0,
    }

    /// Response payload of Derive Key (KMIP 2.1 §6.1.14).
    DeriveKeyResponse "Derive Key Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }

    /// Derivation Parameters (KMIP 2.1 §7.11).
    DerivationParameters "Derivation Parameters" {
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        initialization_vector: Option<ByteString> = tag(InitializationVector),
        derivation_data: Vec<Secret> = tag(DerivationData),
        salt: Option<ByteString> = tag(Salt),
        iteration_count: Option<i32> = tag(IterationCount),
    }
}
