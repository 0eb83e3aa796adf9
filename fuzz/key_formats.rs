//! What holds for any bytes, and any numbers, as a key of any Key Format Type (KMIP 2.1 §3.1 to §3.12, §4.26, §11.25).

use std::cell::RefCell;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::key_material::*;
use kmip_codec::object::*;
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::encrypt::{Data, EncryptRequest};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::mac::MACRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::registry::*;
use kmip_codec::secret::Secret;
use kmip_codec::value::{BigInteger, ByteString, DateTime, SecretInteger};
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_1, Version};
use kmip_core::formats::{
    FormatError, Inspected, convert, digests, format_in_version, inspect, inspect_material, public_from_private,
};

use crate::input::Input;
use crate::server::{self, Item, START, Server, errors_tell_nothing_of};
use crate::{item, response};

/// Bytes before the material.
pub const HEADER: usize = 6;

const OBJECT_TYPES: [ObjectType; 6] = [
    ObjectType::PrivateKey,
    ObjectType::PublicKey,
    ObjectType::SymmetricKey,
    ObjectType::SecretData,
    ObjectType::SplitKey,
    ObjectType::PGPKey,
];

/// Key Format Types, an unknown one last.
const FORMATS: u32 = 0x18;

const ALGORITHMS: [Option<CryptographicAlgorithm>; 17] = [
    None,
    Some(CryptographicAlgorithm::RSA),
    Some(CryptographicAlgorithm::EC),
    Some(CryptographicAlgorithm::ECDSA),
    Some(CryptographicAlgorithm::ECDH),
    Some(CryptographicAlgorithm::Ed25519),
    Some(CryptographicAlgorithm::Ed448),
    Some(CryptographicAlgorithm::DSA),
    Some(CryptographicAlgorithm::DH),
    Some(CryptographicAlgorithm::AES),
    Some(CryptographicAlgorithm::DES3),
    Some(CryptographicAlgorithm::ChaCha20),
    Some(CryptographicAlgorithm::HMAC_SHA256),
    Some(CryptographicAlgorithm::ECMQV),
    Some(CryptographicAlgorithm::ML_DSA_65),
    Some(CryptographicAlgorithm::DES),
    Some(CryptographicAlgorithm::ML_KEM_768),
];

const VERSIONS: [Version; 4] = [V2_1, V1_4, V1_2, V1_0];

/// A key as a client may send it.
struct Case {
    object_type: ObjectType,
    format: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
    length: Option<i32>,
    version: Version,
    to: KeyFormatType,
    material: KeyMaterial,
}

fn format(byte: u8) -> KeyFormatType {
    KeyFormatType(u32::from(byte) % (FORMATS + 1))
}

impl Case {
    fn read(bytes: &[u8]) -> Self {
        let mut input = Input::new(bytes);
        let shape = input.byte();
        let object_type = OBJECT_TYPES[usize::from(shape >> 1) % OBJECT_TYPES.len()];
        let (format_type, algorithm) = (format(input.byte()), input.choose(&ALGORITHMS));
        let how = input.byte();
        let (to, _) = (format(input.byte()), input.byte());
        let version = VERSIONS[usize::from(how >> 1) % VERSIONS.len()];
        let numbers = shape & 1 == 1;
        let transparent = numbers.then(|| transparent(format_type, &mut input)).flatten();
        let material = transparent.unwrap_or_else(|| KeyMaterial::Bytes(Secret::copy_from(input.rest())));
        let bits = match &material {
            KeyMaterial::Bytes(bytes) => i32::try_from(bytes.len() * 8).ok(),
            KeyMaterial::Transparent(_) => None,
        };
        let stated = [None, bits, Some(2048), Some(256), Some(255)][usize::from(how >> 4) % 5];
        let length = stated.filter(|_| how & 1 == 1 && algorithm.is_some());
        Self { object_type, format: format_type, algorithm, length, version, to, material }
    }

    fn object(&self) -> ManagedObject {
        let stated = self.length.is_some();
        let value = KeyValueStructure { key_material: self.material.clone(), attributes: None };
        let key_block = KeyBlock {
            key_format_type: self.format,
            key_compression_type: None,
            key_value: Some(KeyValue::Plain(Box::new(value))),
            cryptographic_algorithm: self.algorithm.filter(|_| stated),
            cryptographic_length: self.length,
            key_wrapping_data: None,
        };
        match self.object_type {
            ObjectType::PrivateKey => ManagedObject::PrivateKey(Box::new(PrivateKey { key_block })),
            ObjectType::PublicKey => ManagedObject::PublicKey(Box::new(PublicKey { key_block })),
            ObjectType::SecretData => ManagedObject::SecretData(Box::new(SecretData {
                secret_data_type: SecretDataType::Password,
                key_block,
            })),
            ObjectType::SplitKey => ManagedObject::SplitKey(Box::new(SplitKey {
                split_key_parts: 3,
                key_part_identifier: 1,
                split_key_threshold: 2,
                split_key_method: SplitKeyMethod::XOR,
                prime_field_size: None,
                key_block,
            })),
            ObjectType::PGPKey => ManagedObject::PgpKey(Box::new(PgpKey { pgp_key_version: 4, key_block })),
            _ => ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })),
        }
    }

    fn converted(&self, to: KeyFormatType) -> Result<KeyMaterial, FormatError> {
        convert(self.object_type, self.format, &self.material, to, self.algorithm)
    }

    /// The same key in another format.
    fn with(&self, format: KeyFormatType, material: KeyMaterial) -> Self {
        let Self { object_type, algorithm, length, version, to, .. } = *self;
        Self { object_type, format, algorithm, length, version, to, material }
    }
}

/// Bytes of a number at most, and of one of an RSA key that is factored.
const LONGEST: usize = 128;
const LONGEST_FACTORED: usize = 64;

/// Numbers of a transparent key.
struct Numbers<'i, 'a> {
    input: &'i mut Input<'a>,
    longest: usize,
}

impl Numbers<'_, '_> {
    fn magnitude(&mut self) -> &[u8] {
        let bytes = self.input.bytes();
        &bytes[..bytes.len().min(self.longest)]
    }

    fn public(&mut self) -> BigInteger {
        BigInteger::from_unsigned(self.magnitude())
    }

    fn secret(&mut self) -> SecretInteger {
        SecretInteger::from_unsigned(self.magnitude())
    }
}

/// A transparent key of a format; none for formats of bytes.
fn transparent(format: KeyFormatType, input: &mut Input<'_>) -> Option<KeyMaterial> {
    let present = input.byte();
    let longest = if present == 0xFF { LONGEST } else { LONGEST_FACTORED };
    let curve = RecommendedCurve(u32::from(input.byte()) % 0x48);
    let has = |bit: u8| present >> bit & 1 == 1;
    let mut n = Numbers { input, longest };
    let key = match format {
        KeyFormatType::TransparentSymmetricKey => {
            TransparentKey::Symmetric(TransparentSymmetricKey { key: Secret::copy_from(n.magnitude()) })
        }
        KeyFormatType::TransparentRSAPrivateKey => TransparentKey::RsaPrivate(TransparentRsaPrivateKey {
            modulus: n.public(),
            private_exponent: has(0).then(|| n.secret()),
            public_exponent: has(1).then(|| n.public()),
            p: has(2).then(|| n.secret()),
            q: has(3).then(|| n.secret()),
            prime_exponent_p: has(4).then(|| n.secret()),
            prime_exponent_q: has(5).then(|| n.secret()),
            crt_coefficient: has(6).then(|| n.secret()),
        }),
        KeyFormatType::TransparentRSAPublicKey => {
            TransparentKey::RsaPublic(TransparentRsaPublicKey { modulus: n.public(), public_exponent: n.public() })
        }
        KeyFormatType::TransparentDSAPrivateKey => TransparentKey::DsaPrivate(TransparentDsaPrivateKey {
            p: n.public(),
            q: n.public(),
            g: n.public(),
            x: n.secret(),
        }),
        KeyFormatType::TransparentDSAPublicKey => TransparentKey::DsaPublic(TransparentDsaPublicKey {
            p: n.public(),
            q: n.public(),
            g: n.public(),
            y: n.public(),
        }),
        KeyFormatType::TransparentDHPrivateKey => TransparentKey::DhPrivate(TransparentDhPrivateKey {
            p: n.public(),
            q: has(0).then(|| n.public()),
            g: n.public(),
            j: has(1).then(|| n.public()),
            x: n.secret(),
        }),
        KeyFormatType::TransparentDHPublicKey => TransparentKey::DhPublic(TransparentDhPublicKey {
            p: n.public(),
            q: has(0).then(|| n.public()),
            g: n.public(),
            j: has(1).then(|| n.public()),
            y: n.public(),
        }),
        _ => elliptic(format, curve, &mut n)?,
    };
    Some(KeyMaterial::Transparent(Box::new(key)))
}

fn elliptic(
    format: KeyFormatType,
    recommended_curve: RecommendedCurve,
    n: &mut Numbers<'_, '_>,
) -> Option<TransparentKey> {
    let private: Option<fn(TransparentEcPrivateKey) -> TransparentKey> = match format {
        KeyFormatType::TransparentECPrivateKey => Some(TransparentKey::EcPrivate),
        KeyFormatType::TransparentECDSAPrivateKey => Some(TransparentKey::EcdsaPrivate),
        KeyFormatType::TransparentECDHPrivateKey => Some(TransparentKey::EcdhPrivate),
        KeyFormatType::TransparentECMQVPrivateKey => Some(TransparentKey::EcmqvPrivate),
        _ => None,
    };
    let public: fn(TransparentEcPublicKey) -> TransparentKey = match format {
        KeyFormatType::TransparentECPublicKey => TransparentKey::EcPublic,
        KeyFormatType::TransparentECDSAPublicKey => TransparentKey::EcdsaPublic,
        KeyFormatType::TransparentECDHPublicKey => TransparentKey::EcdhPublic,
        KeyFormatType::TransparentECMQVPublicKey => TransparentKey::EcmqvPublic,
        _ => return private.map(|form| form(TransparentEcPrivateKey { recommended_curve, d: n.secret() })),
    };
    let q_string = ByteString::new(n.input.bytes());
    Some(public(TransparentEcPublicKey { recommended_curve, q_string }))
}

/// Checks everything.
pub fn check(bytes: &[u8]) {
    let case = Case::read(bytes);
    let object = case.object();
    let inspected = inspect(&object);
    assert!(!digests(&object, case.algorithm).is_empty(), "material in the clear has a digest");
    conversions(&case);
    thread_local!(static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) });
    server::with(
        &SERVER,
        |server| server,
        Server::default,
        |server| registration(server, &case, &object, inspected.is_ok()),
    );
}

/// What converts there and back is the same key, and tells the same about itself on the way.
fn conversions(case: &Case) {
    let every = convert_all(case);
    let numbers = canonical(&every);
    let Some(Ok(made)) = every.get(case.to.0 as usize) else { return };
    assert_eq!(convert(case.object_type, case.to, made, case.to, case.algorithm).as_ref(), Ok(made), "as it is");
    if !matches!(case.object_type, ObjectType::PrivateKey | ObjectType::PublicKey | ObjectType::SymmetricKey) {
        // Other objects hold bytes whose form is nobody's business, one way or another.
        return;
    }
    let there = case.with(case.to, made.clone());
    let there_numbers = canonical(&convert_all(&there));
    let tells = |case: &Case| inspect_material(case.object_type, case.format, &case.material, case.algorithm);
    if tells(case).is_ok_and(|found| found.check(case.algorithm, found.length_bits).is_err()) {
        // A key beside the name of another algorithm is not registered, so nobody converts it.
        return;
    }
    if case.to == KeyFormatType::Raw && tells(&there) == Ok(Inspected::default()) {
        // Raw octets of a key for key agreement do not tell its curve: they have no other form.
        return;
    }
    same_key(numbers.as_ref(), there_numbers.as_ref());
    if let (Ok(before), Ok(after)) = (tells(case), tells(&there))
        && !before.mislabelled
        && case.format != there.format
    {
        assert_eq!(before.length_bits, after.length_bits, "Cryptographic Length");
        assert_eq!(before.curve, after.curve, "Recommended Curve");
    }
    if let Ok(back) = there.converted(case.format) {
        let again = case.with(case.format, back).converted(case.to);
        assert_eq!(again.as_ref(), Ok(made), "{} -> {} -> and again", case.format, case.to);
    }
    same_public_key(case, &there);
}

fn convert_all(case: &Case) -> Vec<Result<KeyMaterial, FormatError>> {
    (0..=FORMATS).map(|to| case.converted(KeyFormatType(to))).collect()
}

/// The form of a key in which keys are compared: as numbers, or Raw where it has no numbers.
fn canonical(every: &[Result<KeyMaterial, FormatError>]) -> Option<KeyMaterial> {
    const FORMS: [KeyFormatType; 10] = [
        KeyFormatType::TransparentSymmetricKey,
        KeyFormatType::TransparentRSAPrivateKey,
        KeyFormatType::TransparentRSAPublicKey,
        KeyFormatType::TransparentDSAPrivateKey,
        KeyFormatType::TransparentDSAPublicKey,
        KeyFormatType::TransparentDHPrivateKey,
        KeyFormatType::TransparentDHPublicKey,
        KeyFormatType::TransparentECPrivateKey,
        KeyFormatType::TransparentECPublicKey,
        KeyFormatType::Raw,
    ];
    FORMS.iter().find_map(|form| every.get(form.0 as usize)?.as_ref().ok().cloned())
}

/// A key without some of its numbers may have got them on the way; none may have changed.
fn same_key(before: Option<&KeyMaterial>, after: Option<&KeyMaterial>) {
    let (Some(before), Some(after)) = (before, after) else { return };
    if let (KeyMaterial::Transparent(a), KeyMaterial::Transparent(b)) = (before, after)
        && let (TransparentKey::RsaPrivate(a), TransparentKey::RsaPrivate(b)) = (a.as_ref(), b.as_ref())
    {
        assert_eq!(a.modulus, b.modulus, "the modulus changed");
        assert!(a.public_exponent.is_none() || a.public_exponent == b.public_exponent, "the public exponent changed");
        let pairs = [
            (&a.private_exponent, &b.private_exponent, "private exponent"),
            (&a.p, &b.p, "P"),
            (&a.q, &b.q, "Q"),
            (&a.prime_exponent_p, &b.prime_exponent_p, "prime exponent P"),
            (&a.prime_exponent_q, &b.prime_exponent_q, "prime exponent Q"),
            (&a.crt_coefficient, &b.crt_coefficient, "CRT coefficient"),
        ];
        for (a, b, name) in pairs {
            assert!(a.is_none() || a == b, "the {name} changed");
        }
        return;
    }
    assert_eq!(before, after, "another key");
}

/// Bytes of a key of which a power is computed, so that a run stays quick.
const LONGEST_POWER: usize = 1_000;

/// The public key is the same from every format that tells it.
fn same_public_key(case: &Case, there: &Case) {
    if case.object_type != ObjectType::PrivateKey || length_of(&case.material) > LONGEST_POWER {
        return;
    }
    let public = |case: &Case| public_from_private(case.format, &case.material, KeyFormatType::X_509, case.algorithm);
    if let (Ok(a), Ok(b)) = (public(case), public(there)) {
        assert_eq!(a, b, "another public key");
    }
}

fn length_of(material: &KeyMaterial) -> usize {
    match material {
        KeyMaterial::Bytes(bytes) => bytes.len(),
        KeyMaterial::Transparent(_) => 0,
    }
}

const EVERY_USE: [CryptographicUsageMask; 7] = [
    CryptographicUsageMask::Encrypt,
    CryptographicUsageMask::Decrypt,
    CryptographicUsageMask::Sign,
    CryptographicUsageMask::Verify,
    CryptographicUsageMask::MACGenerate,
    CryptographicUsageMask::MACVerify,
    CryptographicUsageMask::DeriveKey,
];

/// Registers the key, has it back in its own and in another format, and uses it.
fn registration(server: &mut Server, case: &Case, object: &ManagedObject, readable: bool) {
    let mask = CryptographicUsageMask(EVERY_USE.iter().fold(0, |bits, mask| bits | mask.0));
    let mut attributes =
        vec![Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(START - 3_600))];
    if case.length.is_none() {
        attributes.extend(case.algorithm.map(Attribute::CryptographicAlgorithm));
    }
    let register = RegisterRequest {
        object_type: case.object_type,
        attributes: Some(attributes.into_iter().collect()),
        object: Some(object.clone()),
        protection_storage_masks: None,
    };
    let answered = server.batch(case.version, uses(case, item!(Register, register)));
    if case.object_type != ObjectType::PublicKey
        && let KeyMaterial::Bytes(bytes) = &case.material
    {
        errors_tell_nothing_of(bytes.expose_secret(), &answered);
    }
    if response!(Register, answered[0]).is_none() {
        return;
    }
    assert!(readable || case.object_type == ObjectType::SecretData, "registered, but it is not what it says");
    has_it_back(case, &answered);
}

/// Every use that an object might be for, whether it is or not, and its end.
fn uses(case: &Case, register: Item) -> Vec<Item> {
    let get = |key_format_type| GetRequest {
        unique_identifier: None,
        key_format_type,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let mut items = vec![register, item!(Get, get(None)), item!(Get, get(Some(case.to)))];
    let mut parameters = CryptographicParameters::default();
    match case.object_type {
        ObjectType::PrivateKey => {
            parameters.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
            items.push(item!(Sign, sign(parameters.clone())));
            parameters.padding_method = Some(PaddingMethod::OAEP);
            items.push(item!(Decrypt, decrypt(parameters)));
        }
        ObjectType::PublicKey => {
            parameters.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
            items.push(item!(SignatureVerify, verify(parameters.clone())));
            parameters.padding_method = Some(PaddingMethod::PKCS1V1_5);
            items.push(item!(Encrypt, encrypt(parameters)));
        }
        _ => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::HMAC_SHA256);
            items.push(item!(MAC, mac(parameters.clone())));
            parameters.cryptographic_algorithm = None;
            parameters.block_cipher_mode = Some(BlockCipherMode::ECB);
            items.push(item!(Encrypt, encrypt(parameters)));
        }
    }
    let revocation_reason = kmip_codec::attribute::values::RevocationReason {
        revocation_reason_code: RevocationReasonCode::CessationOfOperation,
        revocation_message: None,
    };
    items.push(item!(
        Revoke,
        RevokeRequest {
            unique_identifier: None,
            revocation_reason: Some(revocation_reason),
            compromise_occurrence_date: None,
        }
    ));
    items.push(item!(Destroy, DestroyRequest { unique_identifier: None }));
    items
}

fn data() -> Option<Data> {
    Some(Data::Bytes(Secret::copy_from(b"sixteen bytes or")))
}

fn sign(parameters: CryptographicParameters) -> SignRequest {
    SignRequest { cryptographic_parameters: Some(Box::new(parameters)), data: data(), ..SignRequest::default() }
}

fn verify(parameters: CryptographicParameters) -> SignatureVerifyRequest {
    SignatureVerifyRequest {
        cryptographic_parameters: Some(Box::new(parameters)),
        data: data(),
        signature_data: Some(ByteString::new(&[0x30; 64])),
        ..SignatureVerifyRequest::default()
    }
}

fn mac(parameters: CryptographicParameters) -> MACRequest {
    MACRequest { cryptographic_parameters: Some(Box::new(parameters)), data: data(), ..MACRequest::default() }
}

fn encrypt(parameters: CryptographicParameters) -> EncryptRequest {
    EncryptRequest { cryptographic_parameters: Some(Box::new(parameters)), data: data(), ..EncryptRequest::default() }
}

fn decrypt(parameters: CryptographicParameters) -> DecryptRequest {
    DecryptRequest { cryptographic_parameters: Some(Box::new(parameters)), data: data(), ..DecryptRequest::default() }
}

fn material_of(object: &ManagedObject) -> Option<&KeyMaterial> {
    match object.key_block()?.key_value.as_ref()? {
        KeyValue::Plain(value) => Some(&value.key_material),
        KeyValue::Wrapped(_) => None,
    }
}

/// What was registered comes back as it was, and in the other format exactly if it can be converted.
fn has_it_back(case: &Case, answered: &[ResponseBatchItem]) {
    let held = format_in_version(case.format, case.version);
    match response!(Get, answered[1]) {
        Some(got) if held == case.format => assert_eq!(material_of(&got.object), Some(&case.material), "as registered"),
        Some(_) => {}
        None => {
            let version_lacks_it = !KeyFormatType::TABLE.is_live(held.0, case.version)
                || case.algorithm.is_some_and(|it| !CryptographicAlgorithm::TABLE.is_live(it.0, case.version))
                || !ObjectType::TABLE.is_live(case.object_type.0, case.version);
            assert!(version_lacks_it || held != case.format, "cannot be had: {:?}", answered[1]);
        }
    }
    if let (Some(got), Ok(expected)) = (response!(Get, answered[2]), case.converted(case.to))
        && format_in_version(case.to, case.version) == case.to
        && case.to != case.format
    {
        assert_eq!(material_of(&got.object), Some(&expected), "converted");
    }
    let destroyed = answered.last().expect("items were answered");
    assert!(response!(Destroy, destroyed).is_some(), "cannot be destroyed: {destroyed:?}");
}
