//! An object of every type, as a client of a version makes it.

use super::{Walker, attribute_1x, identifier, key_attributes};
use crate::message::{material, payload};
use crate::tree::{Tree, bytes, enumeration, integer, structure, text};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CertificateRequestType, CertificateType, CredentialType, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    KeyFormatType, OTPAlgorithm, ObjectType, Operation, SecretDataType, SplitKeyMethod, Tag, WireEnum,
};
use kmip_codec::version::{V2_0, V2_1, Version};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The object types of a version.
pub fn kinds(version: Version) -> Vec<ObjectType> {
    let live = ObjectType::TABLE.rows.iter().filter(|row| row.is_live(version));
    live.map(|row| ObjectType(row.value)).filter(|kind| kind.0 < 0x8000_0000).collect()
}

/// Attributes, of which those in `given` take the place of others under the same tag.
pub fn with(own: Vec<Item>, given: Vec<Item>) -> Vec<Item> {
    let own = own.into_iter().filter(|own| given.iter().all(|given| given.tag != own.tag)).collect::<Vec<_>>();
    own.into_iter().chain(given).collect()
}

impl Walker {
    /// Makes an object of a type that is in the client's hands: by Register, or as 3.0 makes users, groups and credentials.
    pub fn make(&mut self, kind: ObjectType, attributes: Vec<Item>) -> Item {
        match kind {
            ObjectType::User => {
                let bag = self.attributes(attributes);
                self.call(Operation::CreateUser, vec![bag])
            }
            ObjectType::Group => {
                let bag = self.attributes(attributes);
                self.call(Operation::CreateGroup, vec![bag])
            }
            kind => match credential(kind) {
                Some((credential_type, credential)) => {
                    let bag = self.attributes(attributes);
                    let kind = enumeration(Tag::CredentialType, credential_type.0);
                    self.call(Operation::CreateCredential, vec![kind, bag, credential])
                }
                None => self.register_object(kind, with(mask_of(kind), attributes), object(kind)),
            },
        }
    }

    /// Makes an object of a type, and tells its identifier.
    pub fn made(&mut self, kind: ObjectType, attributes: Vec<Item>) -> String {
        identifier(&self.make(kind, attributes), Tag::UniqueIdentifier)
    }

    /// Imports an AES key under an identifier of its own (from 1.4), and tells that.
    pub fn import(&mut self, attributes: Vec<Item>) -> String {
        static IMPORTED: AtomicUsize = AtomicUsize::new(0);
        let id = format!("imported {}", IMPORTED.fetch_add(1, Ordering::Relaxed));
        identifier(&self.try_import(&id, attributes), Tag::UniqueIdentifier)
    }

    /// Imports an AES key under an identifier (from 1.4).
    pub fn try_import(&mut self, id: &str, attributes: Vec<Item>) -> Item {
        let attributes = with(key_attributes(), attributes);
        let mut fields = vec![self.id(id)];
        if self.version < V2_0 {
            fields.extend(attributes.into_iter().map(attribute_1x));
        } else {
            fields.push(enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0));
            fields.push(structure(Tag::Attributes, attributes));
        }
        fields.push(object(ObjectType::SymmetricKey));
        self.call(Operation::Import, fields)
    }

    /// Registers an object with these attributes.
    pub fn register_object(&mut self, kind: ObjectType, attributes: Vec<Item>, object: Item) -> Item {
        let bag = self.attributes(attributes);
        self.call(Operation::Register, vec![enumeration(Tag::ObjectType, kind.0), bag, object])
    }

    /// Certifies a public key.
    pub fn certify(&mut self, public_key: &str, attributes: Vec<Item>) -> Item {
        let fields = vec![self.id(public_key), self.attributes(with(self.naming(), attributes))];
        self.call(Operation::Certify, fields)
    }

    /// What Certify wants to be told without a certification request: the type of the certificate and its subject.
    pub fn naming(&self) -> Vec<Item> {
        let subject = if self.version < V2_0 {
            structure(Tag::CertificateSubject, vec![text(Tag::CertificateSubjectDistinguishedName, "CN=walk")])
        } else {
            text(Tag::CertificateSubjectCN, "walk")
        };
        vec![enumeration(Tag::CertificateType, CertificateType::X_509.0), subject]
    }
}

/// The Cryptographic Usage Mask that an object of a type comes with.
fn mask_of(kind: ObjectType) -> Vec<Item> {
    let mask = match kind {
        ObjectType::Template | ObjectType::OpaqueObject | ObjectType::CertificateRequest => return Vec::new(),
        ObjectType::PublicKey | ObjectType::Certificate => Mask::Verify,
        ObjectType::PrivateKey => Mask::Sign,
        ObjectType::SecretData => Mask::DeriveKey,
        _ => Mask::Encrypt | Mask::Decrypt,
    };
    vec![integer(Tag::CryptographicUsageMask, mask.0.cast_signed())]
}

fn block(format: KeyFormatType, material: &[u8], of: Option<(CryptographicAlgorithm, i32)>) -> Item {
    let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, material)]);
    let mut fields = vec![enumeration(Tag::KeyFormatType, format.0), value];
    if let Some((algorithm, length)) = of {
        fields.push(enumeration(Tag::CryptographicAlgorithm, algorithm.0));
        fields.push(integer(Tag::CryptographicLength, length));
    }
    structure(Tag::KeyBlock, fields)
}

/// The managed object that Register takes.
pub fn object(kind: ObjectType) -> Item {
    let aes = || block(KeyFormatType::Raw, &[7; 32], Some((CryptographicAlgorithm::AES, 256)));
    let curve = Some((CryptographicAlgorithm::ECDSA, 256));
    match kind {
        ObjectType::Certificate => {
            let kind = enumeration(Tag::CertificateType, CertificateType::X_509.0);
            structure(Tag::Certificate, vec![kind, bytes(Tag::CertificateValue, &fixtures().certificate)])
        }
        ObjectType::SymmetricKey => structure(Tag::SymmetricKey, vec![aes()]),
        ObjectType::PublicKey => {
            structure(Tag::PublicKey, vec![block(KeyFormatType::X_509, &fixtures().public_key, curve)])
        }
        ObjectType::PrivateKey => {
            structure(Tag::PrivateKey, vec![block(KeyFormatType::PKCS_8, &fixtures().private_key, curve)])
        }
        ObjectType::SplitKey => structure(
            Tag::SplitKey,
            vec![
                integer(Tag::SplitKeyParts, 3),
                integer(Tag::KeyPartIdentifier, 1),
                integer(Tag::SplitKeyThreshold, 2),
                enumeration(Tag::SplitKeyMethod, SplitKeyMethod::PolynomialSharingGF2_8.0),
                aes(),
            ],
        ),
        ObjectType::Template => structure(Tag::Template, Vec::new()),
        ObjectType::SecretData => {
            let kind = enumeration(Tag::SecretDataType, SecretDataType::Password.0);
            structure(Tag::SecretData, vec![kind, block(KeyFormatType::Opaque, b"a secret", None)])
        }
        ObjectType::PGPKey => {
            let key = block(KeyFormatType::Raw, &[9; 64], Some((CryptographicAlgorithm::RSA, 2048)));
            structure(Tag::PGPKey, vec![integer(Tag::PGPKeyVersion, 4), key])
        }
        ObjectType::CertificateRequest => {
            let kind = enumeration(Tag::CertificateRequestType, CertificateRequestType::PEM.0);
            structure(Tag::CertificateRequest, vec![kind, bytes(Tag::CertificateRequestValue, REQUEST.as_bytes())])
        }
        _ => {
            let kind = enumeration(Tag::OpaqueDataType, 0x8000_0001);
            structure(Tag::OpaqueObject, vec![kind, bytes(Tag::OpaqueDataValue, b"anything")])
        }
    }
}

/// A request by a key of P-256 that nobody has.
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHQMHcCAQAwFTETMBEGA1UEAwwKcmVnaXN0ZXJlZDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABBwYXkdAAH42PbDl0BMZC6CtcJ+m7ROpC6HdUSA3kp7aGW7lH2KD
/7M/iBgivM3qNmU8Xs5ZRIG/Y3kbpvPbhgGgADAKBggqhkjOPQQDAgNJADBGAiEA
hK2+WqZWfBr0KNG+OinGUIfhJVvrHSArNo0HR7CmGoACIQDRpZb/x0coT5RgNYZ+
DzhPHkfuGNR09Ggq4Q5HsPuIxw==
-----END CERTIFICATE REQUEST-----
";

/// What Create Credential takes (3.0).
fn credential(kind: ObjectType) -> Option<(CredentialType, Item)> {
    Some(match kind {
        ObjectType::PasswordCredential => (
            CredentialType::Password,
            structure(Tag::PasswordCredential, vec![text(Tag::Password, "a password of the walk")]),
        ),
        ObjectType::DeviceCredential => {
            // The fields identify one device.
            static DEVICES: AtomicUsize = AtomicUsize::new(0);
            let number = DEVICES.fetch_add(1, Ordering::Relaxed).to_string();
            (CredentialType::Device, structure(Tag::DeviceCredential, vec![text(Tag::DeviceSerialNumber, &number)]))
        }
        ObjectType::OneTimePasswordCredential => {
            let fields = vec![
                enumeration(Tag::OTPAlgorithm, OTPAlgorithm::HOTP.0),
                bytes(Tag::OTPSeed, b"twenty bytes of seed"),
                integer(Tag::OTPDigits, 6),
            ];
            (CredentialType::OneTimePassword, structure(Tag::OTPCredential, fields))
        }
        ObjectType::HashedPasswordCredential => {
            let fields = [Tag::HashedUsernamePassword, Tag::HashedPasswordUsername].map(|tag| bytes(tag, &[5; 32]));
            (CredentialType::HashedPassword, structure(Tag::HashedPasswordCredential, fields.to_vec()))
        }
        _ => return None,
    })
}

/// A pair of keys and the certificate of the public one.
struct Fixtures {
    public_key: Vec<u8>,
    private_key: Vec<u8>,
    certificate: Vec<u8>,
}

/// Made once, by a server of its own.
fn fixtures() -> &'static Fixtures {
    static MADE: OnceLock<Fixtures> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut walker = Walker::new(V2_1);
        let (private, public) = walker.create_both(Vec::new());
        let certified = walker.certify(&public, Vec::new());
        let certificate = identifier(&certified, Tag::UniqueIdentifier);
        let mut key = |id: &str, format: KeyFormatType| {
            let fields = vec![walker.id(id), enumeration(Tag::KeyFormatType, format.0)];
            material(&walker.call(Operation::Get, fields)).expect("a key")
        };
        let (public_key, private_key) = (key(&public, KeyFormatType::X_509), key(&private, KeyFormatType::PKCS_8));
        let got = walker.on(Operation::Get, &certificate);
        let value = payload(&got).expect("a certificate").at(&[Tag::Certificate, Tag::CertificateValue]);
        let certificate = value.and_then(Tree::as_bytes).expect("a certificate").to_vec();
        Fixtures { public_key, private_key, certificate }
    })
}
