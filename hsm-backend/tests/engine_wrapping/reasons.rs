//! Every reason for which Get and Register refuse wrapped keys, by version (KMIP 1.4 tables 330 and 338; KMIP 2.1 §6.1.19.1,
//! §6.1.43.1).

use kmip_codec::attribute::values::{CryptographicParameters, KeyValueLocation, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::{
    KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingSpecification, ManagedObject, OpaqueObject, PublicKey,
    SymmetricKey, TransparentKey,
    key_material::{TransparentEcPublicKey, TransparentSymmetricKey},
};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, EncodingOption,
    HashingAlgorithm, KeyCompressionType, KeyFormatType, KeyValueLocationType, KeyWrapType, OpaqueDataType, Operation,
    RecommendedCurve, ResultReason as R, Tag, WrappingMethod as Method,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_4, V2_0, V2_1, Version};

use crate::support::*;

/// One reason in 1.0 to 1.4, in 2.0 and in 2.1.
type Reasons = (R, R, R);

const NOT_FOUND: Reasons = (R::ItemNotFound, R::WrappingObjectNotFound, R::WrappingObjectNotFound);
const DESTROYED: Reasons = (R::ItemNotFound, R::WrappingObjectDestroyed, R::WrappingObjectDestroyed);
const ARCHIVED: Reasons = (R::ObjectArchived, R::WrappingObjectArchived, R::WrappingObjectArchived);
const NO_KEY: Reasons = (R::IllegalOperation, R::InvalidObjectType, R::InvalidObjectType);
const MASK: Reasons =
    (R::PermissionDenied, R::IncompatibleCryptographicUsageMask, R::IncompatibleCryptographicUsageMask);
const STATE: Reasons = (R::PermissionDenied, R::PermissionDenied, R::PermissionDenied);
const PARAMETERS: Reasons = (R::ItemNotFound, R::BadCryptographicParameters, R::BadCryptographicParameters);
const ENCODING: Reasons = (R::EncodingOptionError, R::EncodingOptionError, R::EncodingOptionError);

fn each(reasons: Reasons) -> [(Version, R); 4] {
    [(V1_2, reasons.0), (V1_4, reasons.0), (V2_0, reasons.1), (V2_1, reasons.2)]
}

#[track_caller]
fn refused(server: &Server, id: &str, reasons: Reasons, specification: impl Fn() -> KeyWrappingSpecification) {
    for (version, expected) in each(reasons) {
        let item = server.wrapped(version, id, specification());
        assert_eq!(reason(&item), expected, "KMIP {version}: {:?}", item.result_message);
    }
}

/// Objects that do nothing to keys, or not now, with the reason.
fn unusable(server: &Server, good: Mask, algorithm: Algorithm) -> Vec<(String, Reasons)> {
    let mask = Attribute::CryptographicUsageMask;
    let with = |more| server.key_for(good, algorithm, more);
    let pre_active = {
        let key_block = block(&[5; 32], Some(algorithm));
        server.register(V2_1, ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })), vec![mask(good)])
    };
    let destroyed = server.register(V2_1, aes(&[3; 16]), vec![mask(good)]);
    let gone = RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier: text(&destroyed) }));
    server.call(V2_1, Operation::Destroy, gone);
    let archived = with(vec![]);
    server.archive(&archived);
    let wrapping = server.wrapping_key(&[3; 32], vec![]);
    let plain = with(vec![]);
    let wrapped = object_of(server.wrapped(V2_1, &plain, under(&wrapping, KW, None)));
    let held_wrapped = server.register(V2_1, wrapped, vec![mask(good), Attribute::ActivationDate(DateTime(NOW))]);
    let other = Mask::Encrypt | Mask::UnwrapKey | Mask::MACVerify | Mask::Verify;
    vec![
        (pre_active, STATE),
        (with(vec![Attribute::ProtectStopDate(DateTime(NOW))]), STATE),
        (server.key_for(other, algorithm, vec![]), MASK),
        (server.register(V2_1, secret_data(b"password"), vec![mask(good)]), NO_KEY),
        (destroyed, DESTROYED),
        (archived, ARCHIVED),
        (held_wrapped, PARAMETERS),
        ("none".to_owned(), NOT_FOUND),
    ]
}

/// Encryption Key Information: the key must be there, be Active, be a key, and permit it.
#[test]
fn the_encryption_key_must_permit_it() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let mut cases = unusable(&server, Mask::WrapKey, Algorithm::AES);
    let (private, _) = server.pair(None, Mask::UnwrapKey | Mask::WrapKey, Mask::WrapKey);
    cases.push((private, MASK));
    for (key, reasons) in cases {
        refused(&server, &id, reasons, || under(&key, KW, None));
    }
    let alone = server.register(V2_1, aes(&[3; 16]), vec![Attribute::CryptographicUsageMask(Mask::WrapKey)]);
    assert_eq!(reason(&server.wrapped(V1_0, &id, under(&alone, KW, None))), R::PermissionDenied);
    let activate = RequestPayload::Activate(Box::new(ActivateRequest { unique_identifier: text(&alone) }));
    server.call(V2_1, Operation::Activate, activate);
    object_of(server.wrapped(V2_1, &id, under(&alone, KW, None)));
}

/// MAC/Signature Key Information: likewise, with the masks of codes and signatures.
#[test]
fn the_code_key_must_permit_it() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let mut cases = unusable(&server, Mask::MACGenerate, Algorithm::HMAC_SHA256);
    let (private, public) = server.pair(None, Mask::Decrypt, Mask::Verify);
    cases.extend([(private, MASK), (public, MASK)]);
    for (key, reasons) in cases {
        refused(&server, &id, reasons, || by(Method::MACSign, None, Some((&key, hmac())), None));
    }
}

/// Any use is permitted by Unrestricted (KMIP 2.1 §11.12).
#[test]
fn unrestricted_keys_wrap() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let key = server.key_for(Mask::Unrestricted, Algorithm::AES, vec![]);
    object_of(server.wrapped(V2_1, &id, under(&key, KW, None)));
    object_of(server.wrapped(V2_1, &id, by(Method::MACSign, None, Some((&key, hmac())), None)));
}

/// Parameters must be named, fit the key, and be among the key's own, field by field.
#[test]
fn parameters_must_fit() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let own = |parameters| vec![Attribute::CryptographicParameters(Box::new(parameters))];
    let free = server.wrapping_key(&[3; 16], vec![]);
    let bound = server.wrapping_key(&[3; 16], own(parameters(KWP)));
    for (key, mode) in [(&free, None), (&bound, KW), (&free, Some(BlockCipherMode::PCBC))] {
        refused(&server, &id, PARAMETERS, || under(key, mode, None));
    }
    object_of(server.wrapped(V2_1, &id, under(&bound, KWP, None)));
    object_of(server.wrapped(V2_1, &id, under(&bound, None, None)));

    let code = |key: &str, parameters| by(Method::MACSign, None, Some((key, parameters)), None);
    let bound = server.key_for(Mask::MACGenerate, Algorithm::HMAC_SHA256, own(hmac()));
    let sha512 = CryptographicParameters { cryptographic_algorithm: Some(Algorithm::HMAC_SHA512), ..hmac() };
    refused(&server, &id, PARAMETERS, || code(&bound, sha512.clone()));
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    refused(&server, &id, PARAMETERS, || code(&bound, CryptographicParameters { hashing_algorithm, ..hmac() }));
    let free = server.key_for(Mask::MACGenerate, Algorithm::AES, vec![]);
    refused(&server, &id, PARAMETERS, || code(&free, CryptographicParameters::default()));
    object_of(server.wrapped(V2_1, &id, code(&bound, hmac())));
    let mut silent = code(&bound, hmac());
    silent.mac_signature_key_information.as_mut().unwrap().cryptographic_parameters = None;
    let object = object_of(server.wrapped(V2_1, &id, silent));
    let data = object.key_block().unwrap().key_wrapping_data.as_ref().unwrap();
    let told = data.mac_signature_key_information.as_ref().unwrap().cryptographic_parameters.clone();
    assert_eq!(told, Some(hmac()), "the key's own are used and told");
}

/// The Wrapping Method decides which keys must be named and which must not; TR-31 and unknown methods are not supported.
#[test]
fn the_method_must_be_whole() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let encryption = server.wrapping_key(&[3; 16], vec![]);
    let code = server.key_for(Mask::MACGenerate, Algorithm::HMAC_SHA256, vec![]);
    let (both, none) = (Some((code.as_str(), hmac())), None);
    let same = |reason| (reason, reason, reason);
    for (method, encryption, code, expected) in [
        (Method::Encrypt, None, none.clone(), R::InvalidMessage),
        (Method::Encrypt, Some(encryption.as_str()), both.clone(), R::InvalidField),
        (Method::MACSign, None, none.clone(), R::InvalidMessage),
        (Method::MACSign, Some(encryption.as_str()), both.clone(), R::InvalidField),
        (Method::EncryptThenMACSign, Some(encryption.as_str()), none.clone(), R::InvalidMessage),
        (Method::EncryptThenMACSign, None, both.clone(), R::InvalidMessage),
        (Method::MACSignThenEncrypt, Some(encryption.as_str()), none, R::InvalidMessage),
        (Method::MACSignThenEncrypt, None, both.clone(), R::InvalidMessage),
        (Method::TR_31, Some(encryption.as_str()), both.clone(), R::FeatureNotSupported),
        (Method(0x8000_0001), Some(encryption.as_str()), both, R::FeatureNotSupported),
    ] {
        refused(&server, &id, same(expected), || by(method, encryption, code.clone(), None));
    }
}

/// "Unless it is wrapped by another key" (KMIP 2.1 §4.55).
#[test]
fn a_key_does_not_wrap_itself() {
    let server = Server::new();
    let id = server.wrapping_key(&[3; 16], vec![Attribute::Sensitive(true)]);
    let denied = (R::PermissionDenied, R::PermissionDenied, R::PermissionDenied);
    refused(&server, &id, denied, || under(&id, KW, None));
}

fn transparent() -> ManagedObject {
    let mut key_block = block(&[], None);
    let key = TransparentKey::Symmetric(TransparentSymmetricKey { key: Secret::copy_from(&[7; 16]) });
    let key_material = KeyMaterial::Transparent(Box::new(key));
    key_block.key_format_type = KeyFormatType::TransparentSymmetricKey;
    key_block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
    (key_block.cryptographic_algorithm, key_block.cryptographic_length) = (Some(Algorithm::AES), Some(128));
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

/// The object must exist in the desired Encoding Option, which must be one, and go with the attribute names.
#[test]
fn the_encoding_must_be_possible() {
    let server = Server::new();
    let (id, transparent) =
        (server.register(V2_1, aes(&[7; 16]), vec![]), server.register(V2_1, transparent(), vec![]));
    let key = server.wrapping_key(&[3; 16], vec![]);
    refused(&server, &transparent, ENCODING, || under(&key, KW, BARE));
    let short = server.register(V2_1, secret_data(b"short"), vec![]);
    refused(&server, &short, ENCODING, || under(&key, KW, BARE));
    refused(&server, &short, PARAMETERS, || under(&key, Some(BlockCipherMode::CBC), BARE));
    object_of(server.wrapped(V2_1, &short, under(&key, KW, None)));
    refused(&server, &id, ENCODING, || under(&key, KW, Some(EncodingOption(0x8000_0001))));
    refused(&server, &id, ENCODING, || KeyWrappingSpecification {
        attribute_references: vec![AttributeReference::Tag(Tag::State)],
        ..under(&key, KW, BARE)
    });
    object_of(server.wrapped(V2_1, &transparent, under(&key, KWP, None)));
}

/// The object itself: unknown, archived, with attributes only, in another format, compressed or wrapped otherwise, protected.
#[test]
fn the_object_must_be_one_that_can_be_given() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let archived = server.register(V2_1, aes(&[7; 16]), vec![]);
    server.archive(&archived);
    let location = Attribute::KeyValueLocation(KeyValueLocation {
        key_value_location_value: "https://vault.example/7".into(),
        key_value_location_type: KeyValueLocationType::URI,
    });
    let mut elsewhere = aes(&[7; 16]);
    elsewhere.key_block_mut().unwrap().key_value = None;
    let elsewhere = server.register(V2_1, elsewhere, vec![location]);
    let sensitive = server.register(V2_1, aes(&[7; 16]), vec![Attribute::Sensitive(true)]);
    let kept = server.register(V2_1, aes(&[7; 16]), vec![Attribute::Extractable(false)]);
    let key = server.wrapping_key(&[3; 16], vec![]);
    for (version, unknown, no_value, is_sensitive, is_kept) in [
        (V1_0, R::ItemNotFound, R::IllegalOperation, R::PermissionDenied, R::PermissionDenied),
        (V1_2, R::ItemNotFound, R::IllegalOperation, R::PermissionDenied, R::PermissionDenied),
        (V1_4, R::ItemNotFound, R::IllegalOperation, R::Sensitive, R::NotExtractable),
        (V2_0, R::ObjectNotFound, R::KeyValueNotPresent, R::Sensitive, R::NotExtractable),
        (V2_1, R::ObjectNotFound, R::KeyValueNotPresent, R::Sensitive, R::NotExtractable),
    ] {
        let plain = |id: &str| reason(&server.get_item(version, id, |_| {}));
        assert_eq!((plain("none"), plain(&archived)), (unknown, R::ObjectArchived), "KMIP {version}");
        assert_eq!(reason(&server.wrapped(version, &elsewhere, under(&key, KW, None))), no_value, "KMIP {version}");
        assert_eq!((plain(&sensitive), plain(&kept)), (is_sensitive, is_kept), "KMIP {version}");
        let format = server.get_item(version, &id, |ask| ask.key_format_type = Some(KeyFormatType::PKCS_1));
        assert_eq!(reason(&format), R::KeyFormatTypeNotSupported, "KMIP {version}");
        let compressed = |ask: &mut kmip_codec::operation::get::GetRequest| {
            ask.key_compression_type = Some(KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime);
        };
        let item = server.get_item(version, &id, compressed);
        assert_eq!(reason(&item), R::KeyCompressionTypeNotSupported, "KMIP {version}");
    }
    for (version, expected) in
        [(V1_4, R::FeatureNotSupported), (V2_0, R::KeyWrapTypeNotSupported), (V2_1, R::KeyWrapTypeNotSupported)]
    {
        let item = server.get_item(version, &id, |ask| ask.key_wrap_type = Some(KeyWrapType(0x8000_0001)));
        assert_eq!(reason(&item), expected, "KMIP {version}");
    }
}

/// Objects that are no keys have one format, and an elliptic point leaves as it is held (KMIP 2.1 §6.1.19).
#[test]
fn the_form_must_be_one_that_can_be_given() {
    let server = Server::new();
    let opaque = OpaqueObject {
        opaque_data_type: OpaqueDataType(0x8000_0001),
        opaque_data_value: Secret::copy_from(b"anything"),
    };
    let opaque = server.register(V2_1, ManagedObject::OpaqueObject(Box::new(opaque)), vec![]);
    let as_format = |format| server.get_item(V2_1, &opaque, |ask| ask.key_format_type = Some(format));
    object_of(as_format(KeyFormatType::Opaque));
    assert_eq!(reason(&as_format(KeyFormatType::PKCS_8)), R::KeyFormatTypeNotSupported);
    // The base point of P-256, compressed.
    let q = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let q_string = ByteString::new(&data_encoding::HEXLOWER.decode(q.as_bytes()).unwrap());
    let key = TransparentEcPublicKey { recommended_curve: RecommendedCurve::P_256, q_string };
    let mut key_block = block(&[], None);
    key_block.key_format_type = KeyFormatType::TransparentECPublicKey;
    let key_material = KeyMaterial::Transparent(Box::new(TransparentKey::EcPublic(key)));
    key_block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
    (key_block.cryptographic_algorithm, key_block.cryptographic_length) = (Some(Algorithm::EC), Some(256));
    let id = server.register(V2_1, ManagedObject::PublicKey(Box::new(PublicKey { key_block })), vec![]);
    for format in [KeyFormatType::TransparentECPublicKey, KeyFormatType::X_509] {
        let compressed = |by| {
            server.get_item(V2_1, &id, |ask| {
                (ask.key_format_type, ask.key_compression_type) = (Some(format), Some(by));
            })
        };
        object_of(compressed(KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime));
        for other in [KeyCompressionType::ECPublicKeyTypeUncompressed, KeyCompressionType::ECPublicKeyTypeX9_62Hybrid] {
            assert_eq!(reason(&compressed(other)), R::KeyCompressionTypeNotSupported, "{format}");
        }
    }
}

/// What wraps is undone only by a method that is known and whole; it is kept and leaves as it came all the same.
#[test]
fn what_cannot_be_undone_leaves_as_it_came() {
    let server = Server::new();
    let key = server.wrapping_key(&[3; 16], vec![]);
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    for method in [Method::TR_31, Method::MACSign, Method::EncryptThenMACSign, Method(0x8000_0001)] {
        let mut wrapped = object_of(server.wrapped(V2_1, &id, under(&key, KW, None)));
        wrapped.key_block_mut().unwrap().key_wrapping_data.as_mut().unwrap().wrapping_method = method;
        for (version, expected) in
            [(V1_4, R::FeatureNotSupported), (V2_0, R::KeyWrapTypeNotSupported), (V2_1, R::KeyWrapTypeNotSupported)]
        {
            let held = server.register(version, wrapped.clone(), vec![]);
            assert_eq!(server.get(version, &held, |_| {}), wrapped, "KMIP {version} {method}");
            assert_eq!(reason(&server.come_back(version, wrapped.clone())), expected, "KMIP {version} {method}");
        }
    }
}

#[track_caller]
fn not_registered(server: &Server, version: Version, object: &ManagedObject, expected: R) {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: None,
        object: Some(object.clone()),
        protection_storage_masks: None,
    };
    let item = server.item(version, Operation::Register, RequestPayload::Register(Box::new(request)));
    assert_eq!(reason(&item), expected, "KMIP {version}: {:?}", item.result_message);
}

/// Register: Key Wrapping Data names a key, and its Encoding Option is one that goes with the Key Value.
#[test]
fn key_wrapping_data_must_be_whole() {
    let server = Server::new();
    let key = server.wrapping_key(&[3; 16], vec![]);
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let wrapped = object_of(server.wrapped(V2_1, &id, under(&key, KW, BARE)));
    let altered = |alter: &dyn Fn(&mut ManagedObject)| {
        let mut object = wrapped.clone();
        alter(&mut object);
        object
    };
    let data = |object: &mut ManagedObject| object.key_block_mut().unwrap().key_wrapping_data.take().unwrap();
    let nameless = altered(&|object| {
        let mut data = data(object);
        data.encryption_key_information = None;
        object.key_block_mut().unwrap().key_wrapping_data = Some(data);
    });
    let unknown = altered(&|object| {
        let mut data = data(object);
        data.encoding_option = Some(EncodingOption(0x8000_0001));
        object.key_block_mut().unwrap().key_wrapping_data = Some(data);
    });
    let with_attributes = altered(&|object| {
        if let Some(KeyValue::Plain(structure)) = &mut object.key_block_mut().unwrap().key_value {
            structure.attributes = Some([Attribute::ContactInformation("ops".into())].into_iter().collect());
        }
    });
    for version in [V1_1, V1_4, V2_0, V2_1] {
        not_registered(&server, version, &nameless, R::InvalidField);
        not_registered(&server, version, &unknown, R::EncodingOptionError);
        not_registered(&server, version, &with_attributes, R::EncodingOptionError);
    }
    let strange = UniqueIdentifier::text("a key of another system");
    let foreign = altered(&|object| {
        let mut data = data(object);
        data.encryption_key_information.as_mut().unwrap().unique_identifier = strange.clone();
        object.key_block_mut().unwrap().key_wrapping_data = Some(data);
    });
    server.register(V2_1, foreign, vec![]);
}
