//! Managed objects (KMIP 2.1 §2), one file each for the key block, key material and key wrapping.

pub mod credential;
pub mod key_block;
pub mod key_material;
pub mod wrapping;

pub use key_block::{KeyBlock, KeyValue, KeyValueStructure};
pub use key_material::{KeyMaterial, TransparentKey};
pub use wrapping::{EncryptionKeyInformation, KeyWrappingData, KeyWrappingSpecification, MacSignatureKeyInformation};

use crate::attribute::Bag;
use crate::macros::{choice, record};
use crate::registry::{
    CertificateRequestType, CertificateType, ObjectType, OpaqueDataType, SecretDataType, SplitKeyMethod,
};
use crate::secret::Secret;
use crate::value::{BigInteger, ByteString};

choice! {
    /// Any managed object, under its own tag.
    ManagedObject {
        Certificate(Box<Certificate>) = Certificate,
        CertificateRequest(Box<CertificateRequest>) = CertificateRequest,
        OpaqueObject(Box<OpaqueObject>) = OpaqueObject,
        PgpKey(Box<PgpKey>) = PGPKey,
        PrivateKey(Box<PrivateKey>) = PrivateKey,
        PublicKey(Box<PublicKey>) = PublicKey,
        SecretData(Box<SecretData>) = SecretData,
        SplitKey(Box<SplitKey>) = SplitKey,
        SymmetricKey(Box<SymmetricKey>) = SymmetricKey,
        Template(Box<Template>) = Template,
    }
}

impl ManagedObject {
    /// The Object Type of what it is.
    pub fn object_type(&self) -> ObjectType {
        match self {
            Self::Certificate(_) => ObjectType::Certificate,
            Self::CertificateRequest(_) => ObjectType::CertificateRequest,
            Self::OpaqueObject(_) => ObjectType::OpaqueObject,
            Self::PgpKey(_) => ObjectType::PGPKey,
            Self::PrivateKey(_) => ObjectType::PrivateKey,
            Self::PublicKey(_) => ObjectType::PublicKey,
            Self::SecretData(_) => ObjectType::SecretData,
            Self::SplitKey(_) => ObjectType::SplitKey,
            Self::SymmetricKey(_) => ObjectType::SymmetricKey,
            Self::Template(_) => ObjectType::Template,
        }
    }

    /// The key block, for objects that have one.
    pub fn key_block(&self) -> Option<&KeyBlock> {
        match self {
            Self::PgpKey(object) => Some(&object.key_block),
            Self::PrivateKey(object) => Some(&object.key_block),
            Self::PublicKey(object) => Some(&object.key_block),
            Self::SecretData(object) => Some(&object.key_block),
            Self::SplitKey(object) => Some(&object.key_block),
            Self::SymmetricKey(object) => Some(&object.key_block),
            Self::Certificate(_) | Self::CertificateRequest(_) | Self::OpaqueObject(_) | Self::Template(_) => None,
        }
    }

    /// The key block to change, for objects that have one.
    pub fn key_block_mut(&mut self) -> Option<&mut KeyBlock> {
        match self {
            Self::PgpKey(object) => Some(&mut object.key_block),
            Self::PrivateKey(object) => Some(&mut object.key_block),
            Self::PublicKey(object) => Some(&mut object.key_block),
            Self::SecretData(object) => Some(&mut object.key_block),
            Self::SplitKey(object) => Some(&mut object.key_block),
            Self::SymmetricKey(object) => Some(&mut object.key_block),
            Self::Certificate(_) | Self::CertificateRequest(_) | Self::OpaqueObject(_) | Self::Template(_) => None,
        }
    }
}

record! {
    /// Certificate (KMIP 2.1 §2.1).
    Certificate "Certificate" {
        certificate_type: CertificateType = tag(CertificateType),
        certificate_value: ByteString = tag(CertificateValue),
    }

    /// Certificate Request (KMIP 2.1 §2.2).
    CertificateRequest "Certificate Request" {
        certificate_request_type: CertificateRequestType = tag(CertificateRequestType),
        certificate_request_value: ByteString = tag(CertificateRequestValue),
    }

    /// Opaque Object (KMIP 2.1 §2.3).
    OpaqueObject "Opaque Object" {
        opaque_data_type: OpaqueDataType = tag(OpaqueDataType),
        opaque_data_value: Secret = tag(OpaqueDataValue),
    }

    /// PGP Key (KMIP 2.1 §2.4).
    PgpKey "PGP Key" {
        pgp_key_version: i32 = tag(PGPKeyVersion),
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Private Key (KMIP 2.1 §2.5).
    PrivateKey "Private Key" {
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Public Key (KMIP 2.1 §2.6).
    PublicKey "Public Key" {
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Secret Data (KMIP 2.1 §2.7).
    SecretData "Secret Data" {
        secret_data_type: SecretDataType = tag(SecretDataType),
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Split Key (KMIP 2.1 §2.8).
    SplitKey "Split Key" {
        split_key_parts: i32 = tag(SplitKeyParts),
        key_part_identifier: i32 = tag(KeyPartIdentifier),
        split_key_threshold: i32 = tag(SplitKeyThreshold),
        split_key_method: SplitKeyMethod = tag(SplitKeyMethod),
        prime_field_size: Option<BigInteger> = tag(PrimeFieldSize),
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Symmetric Key (KMIP 2.1 §2.9).
    SymmetricKey "Symmetric Key" {
        key_block: KeyBlock = tag(KeyBlock),
    }

    /// Template (KMIP 1.4 §2.2.6, deprecated).
    Template "Template" {
        attributes: Option<Bag> = bag(Bare, Nil),
    }
}
