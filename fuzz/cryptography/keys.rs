//! The keys of the target: private numbers that are simple, and an RSA pair that each process makes anew.

use std::sync::OnceLock;

use kmip_codec::attribute::Attribute;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::key_material::*;
use kmip_codec::object::*;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::registry::*;
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime, SecretInteger};
use kmip_codec::version::{V2_1, Version};

use crate::server::{START, Server};
use crate::{item, response};

/// Requests between two new worlds: a key that derives many others has a link to each.
const REQUESTS: usize = 2_000;

/// A server with keys.
pub struct World {
    /// The server.
    pub server: Server,
    /// The version of the requests to come.
    pub version: Version,
    /// Identifiers of symmetric keys and secret data, with their bytes.
    pub symmetric: Vec<(String, Vec<u8>)>,
    /// Identifiers of private keys and of their public keys.
    pub pairs: Vec<(String, String)>,
    /// The Correlation Value of an operation that was begun last.
    pub correlation: Option<ByteString>,
}

/// Symmetric keys: algorithm, bytes.
const SYMMETRIC: [(CryptographicAlgorithm, usize); 11] = [
    (CryptographicAlgorithm::AES, 16),
    (CryptographicAlgorithm::AES, 32),
    (CryptographicAlgorithm::AES, 24),
    (CryptographicAlgorithm::AES, 64),
    (CryptographicAlgorithm::DES3, 24),
    (CryptographicAlgorithm::DES3, 16),
    (CryptographicAlgorithm::ChaCha20, 32),
    (CryptographicAlgorithm::Blowfish, 16),
    (CryptographicAlgorithm::OneTimePad, 64),
    (CryptographicAlgorithm::HMAC_SHA256, 32),
    (CryptographicAlgorithm::HMAC_SHA512, 7),
];

/// Curves on which the private key is 1, so that the public key is the generator (SEC 2 §2, uncompressed).
const CURVES: [(RecommendedCurve, &str); 5] = [
    (
        RecommendedCurve::P_224,
        "04b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
    ),
    (
        RecommendedCurve::P_256,
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    (
        RecommendedCurve::P_384,
        "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    (
        RecommendedCurve::P_521,
        "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
    (
        RecommendedCurve::SECP256K1,
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    ),
];

/// Public keys of Ed25519 and X25519 whose private octets are all 1.
const ED25519: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const X25519: &str = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209";
const ONES: [u8; 32] = [1; 32];

/// PKCS#8 and SubjectPublicKeyInfo of X25519 without the key itself (RFC 8410 §4, §7).
const X25519_HEADERS: [&str; 2] = ["302e020100300506032b656e04220420", "302a300506032b656e032100"];

fn hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).map_or(0, |digit| digit as u8);
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

impl World {
    /// A new server with all keys.
    pub fn new() -> Self {
        let mut world = Self {
            server: Server::new(REQUESTS),
            version: V2_1,
            symmetric: Vec::new(),
            pairs: Vec::new(),
            correlation: None,
        };
        world.add_symmetric();
        world.add_rsa();
        world.add_curves();
        world
    }

    fn add_symmetric(&mut self) {
        for (at, (algorithm, length)) in (0_u8..).zip(SYMMETRIC) {
            let bytes: Vec<u8> = (0..length).map(|n| 0x81 ^ at.wrapping_mul(13) ^ (n as u8).wrapping_mul(37)).collect();
            let block = block(KeyFormatType::Raw, raw(&bytes), Some((algorithm, length * 8)));
            let id = self.register(ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: block })));
            self.symmetric.push((id, bytes));
        }
        let (bytes, secret_data_type) = (b"a password of a person \xFE\x01\x02".to_vec(), SecretDataType::Password);
        let key_block = block(KeyFormatType::Opaque, raw(&bytes), None);
        let id = self.register(ManagedObject::SecretData(Box::new(SecretData { secret_data_type, key_block })));
        self.symmetric.push((id, bytes));
    }

    fn add_pair(&mut self, private: KeyBlock, public: KeyBlock) {
        let private = self.register(ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: private })));
        let public = self.register(ManagedObject::PublicKey(Box::new(PublicKey { key_block: public })));
        self.pairs.push((private, public));
    }

    fn add_rsa(&mut self) {
        static PAIR: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        let [private, public] = PAIR.get_or_init(|| self.generate_rsa());
        let stated = Some((CryptographicAlgorithm::RSA, 2_048));
        let (private, public) = (raw(private), raw(public));
        self.add_pair(block(KeyFormatType::PKCS_8, private, stated), block(KeyFormatType::X_509, public, stated));
    }

    /// PKCS#8 and SubjectPublicKeyInfo of a new pair.
    fn generate_rsa(&mut self) -> [Vec<u8>; 2] {
        let common = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
            Attribute::CryptographicLength(2_048),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign),
        ];
        let request = CreateKeyPairRequest {
            common_attributes: Some(common.into_iter().collect()),
            private_key_attributes: None,
            public_key_attributes: None,
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let answered = self.server.batch(V2_1, vec![item!(CreateKeyPair, request)]);
        let made = response!(CreateKeyPair, answered[0]).expect("a pair");
        let ids = [
            (made.private_key_unique_identifier.clone(), KeyFormatType::PKCS_8),
            (made.public_key_unique_identifier.clone(), KeyFormatType::X_509),
        ];
        ids.map(|(id, format)| {
            let request = GetRequest {
                unique_identifier: Some(id),
                key_format_type: Some(format),
                key_wrap_type: None,
                key_compression_type: None,
                key_wrapping_specification: None,
            };
            let answered = self.server.batch(V2_1, vec![item!(Get, request)]);
            let got = response!(Get, answered[0]).expect("the key");
            material_bytes(&got.object).expect("bytes").to_vec()
        })
    }

    fn add_curves(&mut self) {
        for (curve, generator) in CURVES {
            let private = TransparentEcPrivateKey { recommended_curve: curve, d: SecretInteger::from_unsigned(&[1]) };
            let q_string = ByteString::new(&hex(generator));
            let public = TransparentEcPublicKey { recommended_curve: curve, q_string };
            self.add_pair(
                block(KeyFormatType::TransparentECPrivateKey, numbers(TransparentKey::EcPrivate(private)), None),
                block(KeyFormatType::TransparentECPublicKey, numbers(TransparentKey::EcPublic(public)), None),
            );
        }
        let stated = Some((CryptographicAlgorithm::Ed25519, 256));
        let keys = [&ONES[..], &hex(ED25519)].map(|key| block(KeyFormatType::Raw, raw(key), stated));
        let [private, public] = keys;
        self.add_pair(private, public);
        let [pkcs8, spki] = X25519_HEADERS.map(hex);
        let private = block(KeyFormatType::PKCS_8, raw(&[&pkcs8, &ONES[..]].concat()), None);
        let public = block(KeyFormatType::X_509, raw(&[spki, hex(X25519)].concat()), None);
        self.add_pair(private, public);
    }

    fn register(&mut self, object: ManagedObject) -> String {
        let answered = self.register_active(object);
        let made = response!(Register, answered[0]);
        made.unwrap_or_else(|| panic!("{answered:?}")).unique_identifier.as_text().expect("an identifier").to_owned()
    }

    /// Registers an active object that may be used for everything.
    pub fn register_active(&mut self, object: ManagedObject) -> Vec<ResponseBatchItem> {
        let register = RegisterRequest {
            object_type: object.object_type(),
            attributes: Some(active().into_iter().collect()),
            object: Some(object),
            protection_storage_masks: None,
        };
        self.server.batch(V2_1, vec![item!(Register, register)])
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Attributes of an active key for every use.
pub fn active() -> Vec<Attribute> {
    vec![
        Attribute::CryptographicUsageMask(CryptographicUsageMask(0x000F_FFFF)),
        Attribute::ActivationDate(DateTime(START - 3_600)),
    ]
}

fn raw(bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::copy_from(bytes))
}

fn numbers(key: TransparentKey) -> KeyMaterial {
    KeyMaterial::Transparent(Box::new(key))
}

fn block(
    format: KeyFormatType,
    key_material: KeyMaterial,
    stated: Option<(CryptographicAlgorithm, usize)>,
) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: stated.map(|(algorithm, _)| algorithm),
        cryptographic_length: stated.map(|(_, bits)| i32::try_from(bits).expect("a length")),
        key_wrapping_data: None,
    }
}

/// The bytes of an object's key, if it is bytes in the clear.
pub fn material_bytes(object: &ManagedObject) -> Option<&[u8]> {
    match object.key_block()?.key_value.as_ref()? {
        KeyValue::Plain(value) => match &value.key_material {
            KeyMaterial::Bytes(bytes) => Some(bytes.expose_secret()),
            KeyMaterial::Transparent(_) => None,
        },
        KeyValue::Wrapped(_) => None,
    }
}
