//! Register, and the templates of 1.x (KMIP 1.4 §2.1.8, §2.2, §4.3; KMIP 2.1 §2, §6.1.43).

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ML_DSA_44_SIGNING, PqdsaKeyPair, RsaKeyPair};
use kmip_codec::attribute::values::{ApplicationSpecificInformation, KeyValueLocation, Link, Name, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::object::key_material::{
    TransparentEcPrivateKey, TransparentEcPublicKey, TransparentRsaPrivateKey, TransparentRsaPublicKey,
    TransparentSymmetricKey,
};
use kmip_codec::object::{
    CertificateRequest, EncryptionKeyInformation, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingData,
    ManagedObject, OpaqueObject, PgpKey, PrivateKey, PublicKey, SecretData, SplitKey, SymmetricKey, Template,
    TransparentKey,
};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create_split_key::CreateSplitKeyRequest;
use kmip_codec::operation::import::ImportRequest;
use kmip_codec::registry::{
    CertificateRequestType, CryptographicAlgorithm as Algorithm, CryptographicUsageMask, KeyFormatType,
    KeyValueLocationType, KeyWrapType, LinkType, ObjectType, OpaqueDataType, Operation, RecommendedCurve, ResultReason,
    SecretDataType, SplitKeyMethod, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{BigInteger, ByteString, DateTime, SecretInteger};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_core::engine::{Evaluation, SUPPORTED_VERSIONS};
use kmip_core::env::{Env, Pace, Work};
use kmip_core::formats::convert;

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, failure};

pub fn template(content: &[Attribute]) -> ManagedObject {
    ManagedObject::Template(Box::new(Template { attributes: Some(content.iter().cloned().collect()) }))
}

fn from_template(names: &[&str], own: &[Attribute]) -> Item {
    let mut bag: Bag = own.iter().cloned().collect();
    bag.templates = names.iter().map(|name| Name::text(name)).collect();
    create_with(bag)
}

fn object_of(harness: &Harness, version: Version, id: &str) -> ManagedObject {
    answer!(Get, harness.item(version, get(text(id)))).object
}

fn transparent(bytes: &[u8]) -> ManagedObject {
    let mut block = key_block(KeyFormatType::TransparentSymmetricKey, b"", Some((Algorithm::AES, 128)));
    let key = TransparentKey::Symmetric(TransparentSymmetricKey { key: Secret::copy_from(bytes) });
    let key_material = KeyMaterial::Transparent(Box::new(key));
    block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: block }))
}

fn split(bytes: &[u8]) -> ManagedObject {
    ManagedObject::SplitKey(Box::new(SplitKey {
        split_key_parts: 3,
        key_part_identifier: 1,
        split_key_threshold: 2,
        split_key_method: SplitKeyMethod::XOR,
        prime_field_size: None,
        key_block: key_block(KeyFormatType::Raw, bytes, Some((Algorithm::AES, 128))),
    }))
}

fn opaque(bytes: &[u8]) -> ManagedObject {
    let opaque_data_value = Secret::copy_from(bytes);
    ManagedObject::OpaqueObject(Box::new(OpaqueObject {
        opaque_data_type: OpaqueDataType(0x8000_0001),
        opaque_data_value,
    }))
}

fn secret_data(bytes: &[u8]) -> ManagedObject {
    let key_block = key_block(KeyFormatType::Opaque, bytes, None);
    ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Password, key_block }))
}

/// Every object leaves as it came, in every version that has it.
#[test]
fn objects_leave_as_they_came() {
    let pgp = PgpKey { pgp_key_version: 4, key_block: key_block(KeyFormatType::Raw, b"pgp", None) };
    for (since, object) in [
        (V1_0, aes(&[7; 16])),
        (V1_0, transparent(&[7; 16])),
        (V1_0, split(&[7; 16])),
        (V1_0, secret_data(b"correct horse")),
        (V1_0, opaque(b"anything")),
        (V1_0, opaque(b"")),
        (V1_2, ManagedObject::PgpKey(Box::new(pgp))),
    ] {
        for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version >= since) {
            let harness = Harness::new();
            let id = harness.registered(version, object.clone(), &[]);
            assert_eq!(object_of(&harness, version, &id), object, "KMIP {version}");
            assert!(harness.attributes_of(version, &id).contains(&Attribute::ObjectType(object.object_type())));
            harness.verify().expect("the store is whole");
        }
    }
}

/// A version that does not have the Object Type of an object cannot be given it.
#[test]
fn objects_of_other_versions_are_not_given() {
    let harness = Harness::new();
    let pgp = PgpKey { pgp_key_version: 4, key_block: key_block(KeyFormatType::Raw, b"pgp", None) };
    let pgp = harness.registered(V1_2, ManagedObject::PgpKey(Box::new(pgp)), &[]);
    let old = harness.registered(V1_0, template(&[]), &[name("t")]);
    assert_eq!(harness.item(V1_1, get(text(&pgp))).response_payload, None);
    assert_eq!(failure(&harness.item(V2_0, get(text(&old)))), ResultReason::InvalidObjectType);
}

/// KMIP 2.1 has no name for ML-DSA: the key is kept and given back without one, or by a name of the vendor's.
#[test]
fn an_algorithm_that_the_version_cannot_name_stays_unnamed() {
    let pair = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).expect("a pair");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8");
    let vendors = Algorithm(0x8000_0001);
    for (stated, expected) in [(None, None), (Some((vendors, 44)), Some(vendors))] {
        let harness = Harness::new();
        let key_block = key_block(KeyFormatType::PKCS_8, pkcs8.as_ref(), stated);
        let object = ManagedObject::PrivateKey(Box::new(PrivateKey { key_block }));
        let id = harness.registered(V2_1, object, &[mask(CryptographicUsageMask::Sign)]);
        let record = harness.record(&id);
        let algorithm = record.attributes.iter().find_map(|instance| match &instance.attribute {
            Attribute::CryptographicAlgorithm(algorithm) => Some(*algorithm),
            _ => None,
        });
        assert_eq!(algorithm, expected);
        let given = object_of(&harness, V2_1, &id);
        let Some(KeyValue::Plain(value)) = &given.key_block().expect("a key").key_value else { panic!("no value") };
        assert_eq!(value.key_material, KeyMaterial::Bytes(Secret::copy_from(pkcs8.as_ref())));
    }
    let named = key_block(KeyFormatType::PKCS_8, pkcs8.as_ref(), Some((Algorithm::ML_DSA_65, 10)));
    let object = ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: named }));
    failure(&Harness::new().item(V2_1, register(object, &[])));
}

/// What the request says and what the object says must agree (KMIP 1.4 §4.3).
#[test]
fn contradictions_are_refused() {
    let wrong_length = {
        let key_block = key_block(KeyFormatType::Raw, &[7; 16], Some((Algorithm::AES, 256)));
        ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
    };
    let symmetric_rsa = {
        let key_block = key_block(KeyFormatType::Raw, &[7; 16], Some((Algorithm::RSA, 128)));
        ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
    };
    let not_pkcs1 = PublicKey { key_block: key_block(KeyFormatType::PKCS_1, b"no key", Some((Algorithm::RSA, 2048))) };
    let not_pkcs8 = PrivateKey { key_block: key_block(KeyFormatType::PKCS_8, b"no key", None) };
    for (object, attributes) in [
        (aes(&[7; 16]), vec![Attribute::CryptographicLength(256)]),
        (aes(&[7; 16]), vec![Attribute::CryptographicAlgorithm(Algorithm::DES3)]),
        (wrong_length, vec![]),
        (symmetric_rsa, vec![]),
        (ManagedObject::PublicKey(Box::new(not_pkcs1)), vec![]),
        (ManagedObject::PrivateKey(Box::new(not_pkcs8)), vec![]),
    ] {
        for version in [V1_0, V2_1] {
            let harness = Harness::new();
            failure(&harness.item(version, register(object.clone(), &attributes)));
            assert_eq!((harness.engine.object_count(), harness.vault.held()), (0, 0));
        }
    }
}

/// An RSA private key whose PKCS#8 structure is left out, which its Key Format Type promises all the same: PKCS#1 and PKCS#8.
fn bare_rsa() -> (Vec<u8>, Vec<u8>) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
    let material = KeyMaterial::Bytes(Secret::copy_from(&pkcs8));
    match convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material, KeyFormatType::PKCS_1, None).unwrap() {
        KeyMaterial::Bytes(pkcs1) => (pkcs1.expose_secret().to_vec(), pkcs8),
        KeyMaterial::Transparent(_) => panic!("PKCS#1 is bytes"),
    }
}

fn called_pkcs8(bytes: &[u8], stated: Option<(Algorithm, i32)>) -> ManagedObject {
    ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: key_block(KeyFormatType::PKCS_8, bytes, stated) }))
}

/// PyKMIP calls a PKCS#1 key PKCS#8: it is kept and given as registered, and converted as what it is.
#[test]
fn a_pkcs1_key_that_is_called_pkcs8_is_kept_and_converted_as_what_it_is() {
    use sha2::Digest as _;
    let (pkcs1, pkcs8) = bare_rsa();
    let stated = Some((Algorithm::RSA, 2048));
    let (bare, sound) = (called_pkcs8(&pkcs1, stated), called_pkcs8(&pkcs8, stated));
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let ids = [bare.clone(), sound.clone()].map(|object| harness.registered(version, object, &[]));
        let get_as = |id: &str, format| {
            let mut request = get_request(text(id));
            request.key_format_type = Some(format);
            answer!(Get, harness.item(version, (Operation::Get, RequestPayload::Get(Box::new(request))))).object
        };
        assert_eq!(object_of(&harness, version, &ids[0]), bare, "KMIP {version}");
        assert_eq!(get_as(&ids[0], KeyFormatType::PKCS_8), bare, "KMIP {version}");
        for format in [KeyFormatType::PKCS_1, KeyFormatType::TransparentRSAPrivateKey] {
            assert_eq!(get_as(&ids[0], format), get_as(&ids[1], format), "KMIP {version}");
        }
        let digests: Vec<_> = harness
            .attributes_of(version, &ids[0])
            .into_iter()
            .filter_map(|attribute| match attribute {
                Attribute::Digest(digest) => digest.digest_value,
                _ => None,
            })
            .collect();
        let digest = sha2::Sha256::digest(&pkcs1);
        assert!(digests.iter().all(|found| found.as_slice() == digest.as_slice()) && !digests.is_empty());
        harness.verify().expect("the store is whole");
    }
}

/// A new RSA private key with all its numbers.
fn transparent_rsa() -> TransparentRsaPrivateKey {
    let material = KeyMaterial::Bytes(Secret::copy_from(&bare_rsa().1));
    let format = KeyFormatType::TransparentRSAPrivateKey;
    match convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material, format, None).unwrap() {
        KeyMaterial::Transparent(key) => match *key {
            TransparentKey::RsaPrivate(key) => key,
            other => panic!("{other:?}"),
        },
        KeyMaterial::Bytes(_) => panic!("a transparent key has numbers"),
    }
}

/// The key without its private numbers, and without its CRT coefficient.
fn without_private_numbers(key: &TransparentRsaPrivateKey) -> TransparentRsaPrivateKey {
    TransparentRsaPrivateKey {
        modulus: key.modulus.clone(),
        private_exponent: None,
        public_exponent: key.public_exponent.clone(),
        p: None,
        q: None,
        prime_exponent_p: None,
        prime_exponent_q: None,
        crt_coefficient: None,
    }
}

fn held_transparent(key: TransparentRsaPrivateKey) -> ManagedObject {
    let mut block = key_block(KeyFormatType::TransparentRSAPrivateKey, b"", Some((Algorithm::RSA, 2048)));
    let key_material = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPrivate(key)));
    block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
    ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: block }))
}

/// KMIP 2.1 §3.7: a private key has a private number, whichever it is; the CRT coefficient alone is none.
#[test]
fn an_rsa_private_key_needs_a_private_number() {
    let key = transparent_rsa();
    let none = || without_private_numbers(&key);
    for version in [V1_0, V1_4, V2_1, V3_0] {
        let harness = Harness::new();
        for useless in [None, key.crt_coefficient.clone()] {
            let object = held_transparent(TransparentRsaPrivateKey { crt_coefficient: useless, ..none() });
            assert_eq!(failure(&harness.item(version, register(object, &[]))), ResultReason::InvalidField);
        }
        assert_eq!((harness.engine.object_count(), harness.vault.held()), (0, 0));
        for enough in [
            TransparentRsaPrivateKey { private_exponent: key.private_exponent.clone(), ..none() },
            TransparentRsaPrivateKey { q: key.q.clone(), ..none() },
            TransparentRsaPrivateKey { prime_exponent_p: key.prime_exponent_p.clone(), ..none() },
        ] {
            harness.registered(version, held_transparent(enough), &[]);
        }
    }
}

/// The primes that a key lacks are found on a pool, where no connection waits: when it comes, when it leaves in another format,
/// and when it is parted.
#[test]
fn primes_are_not_sought_on_a_connections_thread() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    let whole = transparent_rsa();
    let private_exponent = whole.private_exponent.clone();
    let bare = TransparentRsaPrivateKey { private_exponent, ..without_private_numbers(&whole) };
    let at_once = |item: Item| {
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![item]), V2_1);
        !matches!(
            harness.engine.evaluate(&request, CLIENT, Env::new(harness.now(), Pace::Inline)),
            Evaluation::Defer(Work::Computing)
        )
    };
    assert!(at_once(register(held_transparent(whole.clone()), &[])));
    assert!(!at_once(register(held_transparent(bare.clone()), &[])));
    let [whole, bare] = [whole, bare].map(|key| harness.registered(V2_1, held_transparent(key), &[]));
    let get_as = |id: &str, format| {
        let mut request = get_request(text(id));
        request.key_format_type = Some(format);
        (Operation::Get, RequestPayload::Get(Box::new(request)))
    };
    assert!(at_once(get_as(&whole, KeyFormatType::PKCS_1)));
    assert!(at_once(get_as(&bare, KeyFormatType::TransparentRSAPrivateKey)), "as it is held");
    assert!(!at_once(get_as(&bare, KeyFormatType::PKCS_1)));
    let split = |id: &str| {
        let request = CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            unique_identifier: text(id),
            split_key_parts: 2,
            split_key_threshold: 2,
            split_key_method: SplitKeyMethod::XOR,
            prime_field_size: None,
            attributes: Some(Bag::default()),
            protection_storage_masks: None,
        };
        (Operation::CreateSplitKey, RequestPayload::CreateSplitKey(Box::new(request)))
    };
    assert!(at_once(split(&whole)));
    assert!(!at_once(split(&bare)));
}

/// A wrong Key Format Type is borne only where all else is right and stated.
#[test]
fn a_wrong_key_format_type_is_borne_only_where_all_else_is_right() {
    let (pkcs1, _) = bare_rsa();
    let stated = Some((Algorithm::RSA, 2048));
    let mut half_stated = key_block(KeyFormatType::PKCS_8, &pkcs1, stated);
    half_stated.cryptographic_length = None;
    let public = key_block(KeyFormatType::X_509, &pkcs1, stated);
    for object in [
        called_pkcs8(&pkcs1, None),
        called_pkcs8(&pkcs1, Some((Algorithm::RSA, 1024))),
        called_pkcs8(&pkcs1, Some((Algorithm::EC, 2048))),
        called_pkcs8(&pkcs1[..pkcs1.len() - 1], stated),
        called_pkcs8(&[&pkcs1[..], &[0]].concat(), stated),
        called_pkcs8(b"no key", stated),
        ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: half_stated.clone() })),
        ManagedObject::PublicKey(Box::new(PublicKey { key_block: public })),
    ] {
        for version in [V1_0, V1_2, V2_1] {
            let harness = Harness::new();
            assert_eq!(failure(&harness.item(version, register(object.clone(), &[]))), ResultReason::InvalidField);
            assert_eq!((harness.engine.object_count(), harness.vault.held()), (0, 0));
        }
    }
    let length = Attribute::CryptographicLength(2048);
    let object = ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: half_stated }));
    Harness::new().registered(V1_2, object, &[length]);
}

/// Object Type must be that of the object sent.
#[test]
fn the_object_type_must_fit_the_object() {
    for (version, reason) in [(V1_4, ResultReason::InvalidField), (V2_0, ResultReason::InvalidObjectType)] {
        let (operation, mut payload) = register(aes(&[7; 16]), &[]);
        if let RequestPayload::Register(request) = &mut payload {
            request.object_type = ObjectType::SecretData;
        }
        assert_eq!(failure(&Harness::new().item(version, (operation, payload))), reason);
    }
}

/// What the server computes is not taken from a client (KMIP 2.1 §4).
#[test]
fn computed_attributes_are_not_taken_from_a_client() {
    let harness = Harness::new();
    for (version, reason) in [(V1_4, ResultReason::PermissionDenied), (V2_1, ResultReason::AttributeReadOnly)] {
        for given in [Attribute::InitialDate(DateTime(1)), Attribute::State(kmip_codec::registry::State::Active)] {
            assert_eq!(failure(&harness.item(version, register(aes(&[7; 16]), &[given]))), reason);
        }
    }
}

/// An object without its value says where it is, is known by its attributes, and leaves without the value (TC-MDO-3).
#[test]
fn an_object_without_a_value_says_where_it_is() {
    let harness = Harness::new();
    let mut block = key_block(KeyFormatType::Raw, b"", Some((Algorithm::AES, 128)));
    block.key_value = None;
    let object = ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: block }));
    assert_eq!(failure(&harness.item(V1_4, register(object.clone(), &[]))), ResultReason::InvalidField);
    let location = Attribute::KeyValueLocation(KeyValueLocation {
        key_value_location_value: "https://vault.example/7".into(),
        key_value_location_type: KeyValueLocationType::URI,
    });
    let id = harness.registered(V1_4, object.clone(), std::slice::from_ref(&location));
    let attributes = harness.attributes_of(V1_4, &id);
    assert!(attributes.contains(&location) && attributes.contains(&Attribute::KeyValuePresent(false)));
    assert!(!attributes.iter().any(|attribute| attribute.tag() == Tag::Digest));
    assert_eq!(object_of(&harness, V1_4, &id), object);
}

/// A key that came wrapped leaves as it came, also where it is Sensitive; unwrapped it does not leave without the wrapping
/// key (KMIP 2.1 §4.56, §6.1.19).
#[test]
fn a_wrapped_key_leaves_as_it_came() {
    let mut block = key_block(KeyFormatType::Raw, b"", Some((Algorithm::AES, 128)));
    block.key_value = Some(KeyValue::Wrapped(Secret::copy_from(&[9; 24])));
    block.key_wrapping_data = Some(Box::new(KeyWrappingData {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text("a key of another system"),
            cryptographic_parameters: None,
        }),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: None,
    }));
    let object = ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: block }));
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let id = harness.registered(version, object.clone(), &[]);
        // From 3.0 the wrapping key is a Reference.
        let mut expected = object.clone();
        let data = expected.key_block_mut().and_then(|block| block.key_wrapping_data.as_mut()).expect("wrapping data");
        if let Some(information) = data.encryption_key_information.as_mut().filter(|_| version >= V3_0) {
            information.unique_identifier = UniqueIdentifier::Reference("a key of another system".into());
        }
        assert_eq!(object_of(&harness, version, &id), expected, "KMIP {version}");
    }
    let harness = Harness::new();
    let id = harness.registered(V2_1, object.clone(), &[Attribute::Sensitive(true)]);
    assert_eq!(object_of(&harness, V2_1, &id), object);
    let plain = |id: &str| {
        let mut request = get_request(text(id));
        request.key_wrap_type = Some(KeyWrapType::NotWrapped);
        failure(&harness.item(V2_1, (Operation::Get, RequestPayload::Get(Box::new(request)))))
    };
    assert_eq!(plain(&id), ResultReason::Sensitive);
    assert_eq!(plain(&harness.registered(V2_1, object, &[])), ResultReason::WrappingObjectNotFound);
}

/// A Sensitive key does not leave in clear, one that is not Extractable does not leave (KMIP 2.1 §4.22, §4.56).
#[test]
fn protected_keys_do_not_leave() {
    let harness = Harness::new();
    let sensitive = harness.created(V2_1, &[Attribute::Sensitive(true)]);
    let kept = harness.created(V2_1, &[Attribute::Extractable(false)]);
    for (version, of_sensitive, of_kept) in [
        (V1_0, ResultReason::PermissionDenied, ResultReason::PermissionDenied),
        (V1_4, ResultReason::Sensitive, ResultReason::NotExtractable),
        (V2_1, ResultReason::Sensitive, ResultReason::NotExtractable),
    ] {
        assert_eq!(failure(&harness.item(version, get(text(&sensitive)))), of_sensitive);
        assert_eq!(failure(&harness.item(version, get(text(&kept)))), of_kept);
    }
}

/// Templates: in order, the last wins, explicit attributes beat them, values of many are united (KMIP 1.4 §2.1.8).
#[test]
fn templates_come_in_order_and_explicit_attributes_beat_them() {
    let harness = Harness::new();
    let common = [Attribute::CryptographicAlgorithm(Algorithm::AES), mask(CryptographicUsageMask::Encrypt)];
    let small = [&common[..], &[Attribute::CryptographicLength(128), Attribute::ObjectGroup("a".into())]].concat();
    let large = [Attribute::CryptographicLength(192), Attribute::ObjectGroup("b".into())];
    harness.registered(V1_0, template(&small), &[name("small")]);
    harness.registered(V1_0, template(&large), &[name("large")]);
    let made = |names: &[&str], own: &[Attribute]| {
        let id = id_of(answer!(Create, harness.item(V1_0, from_template(names, own))).unique_identifier);
        let attributes = harness.attributes_of(V1_0, &id);
        let length = attributes.iter().find_map(|attribute| match attribute {
            Attribute::CryptographicLength(length) => Some(*length),
            _ => None,
        });
        let groups = attributes.iter().filter(|attribute| attribute.tag() == Tag::ObjectGroup).count();
        assert!(!attributes.iter().any(|attribute| attribute.tag() == Tag::Name), "a template's name is its own");
        (length.unwrap(), groups)
    };
    assert_eq!(made(&["small"], &[]), (128, 1));
    assert_eq!(made(&["small", "large"], &[]), (192, 2));
    assert_eq!(made(&["large", "small"], &[]), (128, 2));
    let own = [Attribute::CryptographicLength(256), Attribute::ObjectGroup("c".into())];
    assert_eq!(made(&["small", "large"], &own), (256, 3));
    assert_eq!(failure(&harness.item(V1_0, from_template(&["small", "none"], &[]))), ResultReason::ItemNotFound);
    harness.created(V1_0, &[name("a key")]);
    let not_a_template = harness.item(V1_0, from_template(&["a key"], &common));
    assert_eq!(failure(&not_a_template), ResultReason::ItemNotFound);
}

/// The policy of an object for which the client names none is "default" (KMIP 1.4 §3.18.2), whichever version made it; 2.x has
/// no such attribute. A template gets none that would beat the one of an earlier template.
#[test]
fn an_object_has_the_default_policy_unless_the_client_names_one() {
    let policies = |harness: &Harness, version, id: &str| -> Vec<Attribute> {
        let all = harness.attributes_of(version, id).into_iter();
        all.filter(|attribute| attribute.tag() == Tag::OperationPolicyName).collect()
    };
    let default = [Attribute::OperationPolicyName("default".into())];
    let own = [Attribute::OperationPolicyName("own".into())];
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let made = [harness.created(version, &[]), harness.registered(version, aes(&[7; 16]), &[])];
        for id in &made {
            assert_eq!(policies(&harness, V1_0, id), default, "made by {version}");
            assert_eq!(policies(&harness, V1_4, id), default, "made by {version}");
            assert_eq!(policies(&harness, V2_0, id), [], "made by {version}");
        }
        assert_eq!(harness.found(V1_2, locate_request(&default)).len(), 2);
        assert_eq!(harness.found(V1_2, locate_request(&own)).len(), 0);
    }
    let harness = Harness::new();
    assert_eq!(policies(&harness, V1_4, &harness.created(V1_4, &own)), own);
    let usage = mask(CryptographicUsageMask::Encrypt);
    let key = [Attribute::CryptographicAlgorithm(Algorithm::AES), Attribute::CryptographicLength(128), usage];
    harness.registered(V1_0, template(&own), &[name("first")]);
    let silent = harness.registered(V1_0, template(&key), &[name("second")]);
    assert_eq!(policies(&harness, V1_0, &silent), []);
    let id = id_of(answer!(Create, harness.item(V1_0, from_template(&["first", "second"], &[]))).unique_identifier);
    assert_eq!(policies(&harness, V1_0, &id), own);
}

/// A template takes part in no life cycle, and is gone after Destroy.
#[test]
fn a_template_has_no_state() {
    let harness = Harness::new();
    let id = harness.registered(V1_4, template(&[Attribute::CryptographicLength(128)]), &[name("t")]);
    assert_eq!(failure(&harness.item(V1_4, activate(text(&id)))), ResultReason::IllegalOperation);
    assert!(!harness.attributes_of(V1_4, &id).iter().any(|attribute| attribute.tag() == Tag::State));
    crate::support::success(harness.item(V1_4, destroy(text(&id))));
    assert_eq!(failure(&harness.item(V1_4, get_attributes(text(&id)))), ResultReason::ItemNotFound, "with all of it");
    let use_it = from_template(&["t"], &[Attribute::CryptographicAlgorithm(Algorithm::AES)]);
    assert_eq!(failure(&harness.item(V1_4, use_it)), ResultReason::ItemNotFound);
}

/// The digest is that of the key material (KMIP 2.1 §4.21).
#[test]
fn the_digest_is_that_of_the_material() {
    use sha2::Digest as _;
    let harness = Harness::new();
    let id = harness.registered(V2_1, aes(&[7; 32]), &[]);
    let digests: Vec<_> = harness
        .attributes_of(V2_1, &id)
        .into_iter()
        .filter_map(|attribute| match attribute {
            Attribute::Digest(digest) => digest.digest_value,
            _ => None,
        })
        .collect();
    assert_eq!(digests.len(), 1);
    assert_eq!(digests[0].as_slice(), sha2::Sha256::digest([7; 32]).as_slice());
}

/// What Register refuses beside the object itself, by version (KMIP 1.4 table 330, KMIP 2.1 §6.1.43.1).
#[test]
fn every_other_reason_of_register_is_told() {
    use ResultReason as R;
    let harness = Harness::new();
    harness.registered(V2_1, aes(&[7; 16]), &[name("taken")]);
    harness.registered(V1_2, template(&[]), &[name("old")]);
    let archived = harness.registered(V1_2, template(&[]), &[name("archived")]);
    let mut record = harness.record(&archived);
    record.set(Attribute::ArchiveDate(DateTime(harness.now())));
    harness.put(&record);
    let refused = |version, item: Item| failure(&harness.item(version, item));
    let with = |attributes: &[Attribute]| register(aes(&[7; 16]), attributes);
    let under = |name: &str| {
        let templates = vec![Name::text(name)];
        register_with(aes(&[7; 16]), Bag { templates, ..Bag::default() })
    };
    let groups: Vec<Attribute> = (0..1_001).map(|n| Attribute::ObjectGroup(Text::from(n.to_string()))).collect();
    let no_data = Attribute::ApplicationSpecificInformation(Box::new(ApplicationSpecificInformation {
        application_namespace: "ssl".into(),
        application_data: None,
    }));
    for (version, taken, too_many, bad_value) in [
        (V1_2, R::InvalidField, R::IndexOutOfBounds, R::InvalidField),
        (V1_4, R::InvalidField, R::IndexOutOfBounds, R::InvalidField),
        (V2_0, R::NonUniqueNameAttribute, R::ServerLimitExceeded, R::InvalidAttributeValue),
        (V2_1, R::NonUniqueNameAttribute, R::ServerLimitExceeded, R::InvalidAttributeValue),
    ] {
        assert_eq!(refused(version, with(&[name("taken")])), taken, "KMIP {version}");
        assert_eq!(refused(version, with(&groups)), too_many, "KMIP {version}");
        assert_eq!(refused(version, with(&[Attribute::CryptographicLength(256)])), bad_value, "KMIP {version}");
        let reason = refused(version, with(std::slice::from_ref(&no_data)));
        assert_eq!(reason, R::ApplicationNamespaceNotSupported, "KMIP {version}");
    }
    for version in [V1_2, V1_4] {
        assert_eq!(refused(version, under("none")), R::ItemNotFound);
        assert_eq!(refused(version, under("archived")), R::ObjectArchived);
        assert_eq!(refused(version, register(template(&[name("inside")]), &[])), R::InvalidField);
        assert_eq!(harness.item(version, under("old")).result_reason, None);
    }
}

/// A PKCS#12 container needs one link to the password that opens it (KMIP 1.4 §11.4); from 2.0 an Active one (KMIP 2.1 §11.49).
#[test]
fn a_container_is_linked_to_its_password() {
    let key_block = key_block(KeyFormatType::PKCS_12, b"container", Some((Algorithm::RSA, 2048)));
    let container = ManagedObject::PrivateKey(Box::new(PrivateKey { key_block }));
    let harness = Harness::new();
    let activation = Attribute::ActivationDate(DateTime(1));
    let password = harness.registered(V2_1, secret_data(b"password"), &[activation]);
    let idle = harness.registered(V2_1, secret_data(b"another"), &[]);
    let key = harness.registered(V2_1, aes(&[7; 16]), &[]);
    let link = |id: &str| {
        let linked_object_identifier = UniqueIdentifier::text(id);
        Attribute::Link(Link { link_type: LinkType::PKCS_12PasswordLink, linked_object_identifier })
    };
    for version in [V1_4, V2_0, V2_1] {
        for links in [vec![], vec![link(&key)], vec![link("none")], vec![link(&password), link(&key)]] {
            let item = harness.item(version, register(container.clone(), &links));
            let reason = if version < V2_0 { ResultReason::InvalidField } else { ResultReason::BadPassword };
            assert_eq!(failure(&item), reason, "KMIP {version}");
        }
        let item = harness.item(version, register(container.clone(), &[link(&idle)]));
        let reason = (version >= V2_0).then_some(ResultReason::BadPassword);
        assert_eq!(item.result_reason, reason, "KMIP {version}");
        let id = harness.registered(version, container.clone(), &[link(&password)]);
        assert_eq!(object_of(&harness, version, &id), container, "it leaves as it came");
    }
}

/// The base point of P-256 and the order of its group (FIPS 186-4 §D.1.2.3).
const BASE_X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const BASE_Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn hexadecimal(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// A number of so many less.
fn less(mut number: Vec<u8>, by: u8) -> Vec<u8> {
    *number.last_mut().unwrap() -= by;
    number
}

/// A transparent key, and the same key in the other formats.
fn in_all_formats(key: TransparentKey) -> Vec<ManagedObject> {
    use KeyFormatType as F;
    let (kind, own, others, algorithm, bits) = match &key {
        TransparentKey::EcPublic(_) => {
            (ObjectType::PublicKey, F::TransparentECPublicKey, vec![F::X_509], Algorithm::ECDSA, 256)
        }
        TransparentKey::EcPrivate(_) => {
            let others = vec![F::ECPrivateKey, F::PKCS_8];
            (ObjectType::PrivateKey, F::TransparentECPrivateKey, others, Algorithm::ECDSA, 256)
        }
        TransparentKey::RsaPublic(_) => {
            let others = vec![F::PKCS_1, F::X_509];
            (ObjectType::PublicKey, F::TransparentRSAPublicKey, others, Algorithm::RSA, 1024)
        }
        _ => (ObjectType::PrivateKey, F::TransparentRSAPrivateKey, Vec::new(), Algorithm::RSA, 1024),
    };
    let material = KeyMaterial::Transparent(Box::new(key));
    let converted = |format| convert(kind, own, &material, format, None).expect("another format");
    let materials: Vec<_> = others.iter().map(|format| (*format, converted(*format))).collect();
    let object = |(format, key_material)| {
        let mut block = key_block(format, b"", Some((algorithm, bits)));
        block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
        match kind {
            ObjectType::PublicKey => ManagedObject::PublicKey(Box::new(PublicKey { key_block: block })),
            _ => ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: block })),
        }
    };
    std::iter::once((own, material.clone())).chain(materials).map(object).collect()
}

fn point(q_string: &[u8]) -> TransparentKey {
    let q_string = ByteString::new(q_string);
    TransparentKey::EcPublic(TransparentEcPublicKey { recommended_curve: RecommendedCurve::P_256, q_string })
}

fn scalar(d: &[u8]) -> TransparentKey {
    let d = SecretInteger::from_unsigned(d);
    TransparentKey::EcPrivate(TransparentEcPrivateKey { recommended_curve: RecommendedCurve::P_256, d })
}

fn rsa_public(modulus: &[u8], exponent: &[u8]) -> TransparentKey {
    TransparentKey::RsaPublic(TransparentRsaPublicKey {
        modulus: BigInteger::from_unsigned(modulus),
        public_exponent: BigInteger::from_unsigned(exponent),
    })
}

fn rsa_private(modulus: &[u8], exponent: &[u8]) -> TransparentKey {
    TransparentKey::RsaPrivate(TransparentRsaPrivateKey {
        modulus: BigInteger::from_unsigned(modulus),
        private_exponent: Some(SecretInteger::from_unsigned(&[0x55; 128])),
        public_exponent: Some(BigInteger::from_unsigned(exponent)),
        p: None,
        q: None,
        prime_exponent_p: None,
        prime_exponent_q: None,
        crt_coefficient: None,
    })
}

fn imported(object: ManagedObject) -> Item {
    let request = ImportRequest {
        unique_identifier: UniqueIdentifier::text("imported"),
        object_type: Some(object.object_type()),
        replace_existing: None,
        key_wrap_type: None,
        attributes: Some([mask(CryptographicUsageMask::Sign)].into_iter().collect()),
        object,
    };
    (Operation::Import, RequestPayload::Import(Box::new(request)))
}

/// What has the form of a key and can be none is neither registered nor imported (KMIP 2.1 §6.1.43.1, §6.1.25.1).
#[test]
fn numbers_that_can_be_no_key_are_refused() {
    let [x, y, order] = [BASE_X, BASE_Y, ORDER].map(hexadecimal);
    let plain = |form: u8, y: &[u8]| point(&[&[form], &x[..], y].concat());
    let nowhere = point(&[&[2][..], &less(x.clone(), 1)].concat());
    let beyond = [&order[..31], &[0x52]].concat();
    let modulus = [0xC1; 128];
    let mut even = modulus;
    even[127] = 0xC0;
    let good =
        [plain(4, &y), plain(7, &y), plain(2, &[]), plain(3, &[]), scalar(&[1]), scalar(&less(order.clone(), 1))];
    let weak = [rsa_public(&modulus, &[3]), rsa_private(&modulus, &[1, 0, 1])];
    let bad = [plain(4, &less(y.clone(), 1)), plain(6, &y), nowhere, scalar(&[]), scalar(&order), scalar(&beyond)];
    let none = [
        rsa_public(&even, &[3]),
        rsa_private(&even, &[3]),
        rsa_public(&modulus, &[]),
        rsa_public(&modulus, &[1]),
        rsa_private(&modulus, &[1]),
        rsa_public(&modulus, &[1, 0, 0]),
    ];
    for version in [V1_4, V2_1, V3_0] {
        let harness = Harness::new();
        for object in good.iter().chain(&weak).cloned().flat_map(in_all_formats) {
            harness.registered(version, object, &[mask(CryptographicUsageMask::Sign)]);
        }
        // Libraries write a number that they do not know as zero.
        let unknown = in_all_formats(rsa_private(&modulus, &[0])).into_iter().next().expect("as numbers");
        harness.registered(version, unknown, &[mask(CryptographicUsageMask::Sign)]);
        let held = (harness.engine.object_count(), harness.vault.held());
        for object in bad.iter().chain(&none).cloned().flat_map(in_all_formats) {
            let format = object.key_block().map(|block| block.key_format_type);
            let refused = harness.item(version, register(object.clone(), &[mask(CryptographicUsageMask::Sign)]));
            assert_eq!(failure(&refused), ResultReason::InvalidField, "KMIP {version}: {format:?}");
            let (operation, mut payload) = imported(object);
            if let (RequestPayload::Import(request), true) = (&mut payload, version < V2_0) {
                request.object_type = None;
            }
            let refused = harness.item(version, (operation, payload));
            assert_eq!(failure(&refused), ResultReason::InvalidField, "KMIP {version}: {format:?}");
        }
        assert_eq!((harness.engine.object_count(), harness.vault.held()), held);
    }
}

/// Keys of RFC 7748 and RFC 8032 are octets of which every value is taken, and not every number.
#[test]
fn octets_of_another_length_than_their_curve_has_are_no_key() {
    use RecommendedCurve as C;
    let harness = Harness::new();
    for (recommended_curve, octets, is_key) in [
        (C::CURVE25519, 32, true),
        (C::CURVE448, 56, true),
        (C::CURVE448, 57, true),
        // Behind 0x40, and in an OCTET STRING.
        (C::CURVE25519, 33, true),
        (C::CURVE25519, 34, true),
        (C::CURVE25519, 35, false),
        (C::CURVE25519, 31, false),
        (C::CURVE25519, 56, false),
        (C::CURVE448, 0, false),
    ] {
        let q_string = ByteString::new(&vec![9; octets]);
        let key = TransparentKey::EcPublic(TransparentEcPublicKey { recommended_curve, q_string });
        let mut block = key_block(KeyFormatType::TransparentECPublicKey, b"", None);
        let key_material = KeyMaterial::Transparent(Box::new(key));
        block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None })));
        let object = ManagedObject::PublicKey(Box::new(PublicKey { key_block: block }));
        let item = harness.item(V2_1, register(object, &[mask(CryptographicUsageMask::Verify)]));
        if is_key {
            crate::support::success(item);
        } else {
            assert_eq!(failure(&item), ResultReason::InvalidField, "{recommended_curve} {octets}");
        }
    }
}

const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHQMHcCAQAwFTETMBEGA1UEAwwKcmVnaXN0ZXJlZDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABBwYXkdAAH42PbDl0BMZC6CtcJ+m7ROpC6HdUSA3kp7aGW7lH2KD
/7M/iBgivM3qNmU8Xs5ZRIG/Y3kbpvPbhgGgADAKBggqhkjOPQQDAgNJADBGAiEA
hK2+WqZWfBr0KNG+OinGUIfhJVvrHSArNo0HR7CmGoACIQDRpZb/x0coT5RgNYZ+
DzhPHkfuGNR09Ggq4Q5HsPuIxw==
-----END CERTIFICATE REQUEST-----
";
const REQUEST_DER: &str = "3081d0307702010030153113301106035504030c0a726567697374657265643059301306072a8648ce3d020106082a86\
    48ce3d030107034200041c185e4740007e363db0e5d013190ba0ad709fa6ed13a90ba1dd512037929eda196ee51f6283ffb33f881822bccdea3665\
    3c5ece594481bf63791ba6f3db8601a000300a06082a8648ce3d040302034900304602210084adbe5aa6567c1af428d1be3a29c65087e1255beb1d\
    202b368d0747b0a61a80022100d1a596ffc747284f946035867e0f384f1e47ee18d474f4682ae10e47b0fb88c7";

/// A Certificate Request is kept whoever has signed it, if it is one of its type (KMIP 2.1 §2.2, §6.1.43.1).
#[test]
fn what_is_no_certificate_request_is_refused() {
    use CertificateRequestType as T;
    let der = hexadecimal(REQUEST_DER);
    let mut unsigned = der.clone();
    *unsigned.last_mut().unwrap() ^= 1;
    // One message, of a number and a template without fields.
    let crmf = [0x30, 9, 0x30, 7, 0x30, 5, 2, 1, 0, 0x30, 0];
    let windows = REQUEST.replace('\n', "\r\n").into_bytes();
    let told = [b"Made by hand\n", REQUEST.as_bytes(), b"\n\n"].concat();
    let other = REQUEST.replace("CERTIFICATE REQUEST", "CERTIFICATE").into_bytes();
    let cut = &REQUEST.as_bytes()[..200];
    let object = |kind, value: &[u8]| {
        ManagedObject::CertificateRequest(Box::new(CertificateRequest {
            certificate_request_type: kind,
            certificate_request_value: ByteString::new(value),
        }))
    };
    let vendors = T(0x8000_0001);
    for version in [V2_0, V2_1, V3_0] {
        let harness = Harness::new();
        for (kind, value) in [
            (T::PKCS_10, &der[..]),
            (T::PKCS_10, &unsigned),
            (T::CRMF, &crmf),
            (T::PEM, REQUEST.as_bytes()),
            (T::PEM, &windows),
            (T::PEM, &told),
            (vendors, b"anything"),
        ] {
            harness.registered(version, object(kind, value), &[]);
        }
        let held = harness.engine.object_count();
        for (kind, value) in [
            (T::PKCS_10, &b"garbage"[..]),
            (T::PKCS_10, b""),
            (T::PKCS_10, &der[..der.len() - 1]),
            (T::PKCS_10, &crmf),
            (T::CRMF, &der),
            (T::CRMF, &[0x30, 0]),
            (T::PEM, &der),
            (T::PEM, &other),
            (T::PEM, cut),
        ] {
            let refused = harness.item(version, register(object(kind, value), &[]));
            assert_eq!(failure(&refused), ResultReason::InvalidField, "KMIP {version}: {kind} {value:02x?}");
            let refused = harness.item(version, imported(object(kind, value)));
            assert_eq!(failure(&refused), ResultReason::InvalidField, "KMIP {version}: {kind} {value:02x?}");
        }
        assert_eq!(harness.engine.object_count(), held);
    }
}
