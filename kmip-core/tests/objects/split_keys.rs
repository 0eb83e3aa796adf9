//! Create Split Key and Join Split Key (KMIP 1.4 §4.38, §4.39, §11.39, §11.40; KMIP 2.1 §6.1.10, §6.1.27, §13.1).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{KeyMaterial, KeyValue, ManagedObject, PrivateKey, SecretData, SplitKey};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create_split_key::CreateSplitKeyRequest;
use kmip_codec::operation::join_split_key::JoinSplitKeyRequest;
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, KeyFormatType, ObjectType,
    Operation, ResultReason, SecretDataType, SplitKeyMethod as Method, Tag,
};
use kmip_codec::value::{BigInteger, DateTime};
use kmip_codec::version::{V1_1, V1_2, V1_4, V2_0, V2_1, V3_0, Version};

use crate::answer;
use crate::archives::archive;
use crate::requests::*;
use crate::support::{Harness, START, failure, success};

const VERSIONS: [Version; 5] = [V1_2, V1_4, V2_0, V2_1, V3_0];
const METHODS: [Method; 4] =
    [Method::XOR, Method::PolynomialSharingGF2_8, Method::PolynomialSharingGF2_16, Method::PolynomialSharingPrimeField];

fn request(id: Option<&str>, method: Method, parts: i32, threshold: i32) -> CreateSplitKeyRequest {
    CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: id.map(UniqueIdentifier::text),
        split_key_parts: parts,
        split_key_threshold: threshold,
        split_key_method: method,
        prime_field_size: None,
        attributes: Some(Bag::default()),
        protection_storage_masks: None,
    }
}

fn split_with(harness: &Harness, version: Version, request: CreateSplitKeyRequest) -> ResponseBatchItem {
    harness.call(version, Operation::CreateSplitKey, RequestPayload::CreateSplitKey(Box::new(request)))
}

#[track_caller]
fn split(harness: &Harness, version: Version, request: CreateSplitKeyRequest) -> Vec<String> {
    answer!(CreateSplitKey, split_with(harness, version, request)).unique_identifier.into_iter().map(id_of).collect()
}

fn join_request(object_type: ObjectType, parts: &[&str], attributes: &[Attribute]) -> JoinSplitKeyRequest {
    JoinSplitKeyRequest {
        object_type,
        unique_identifier: parts.iter().map(|id| UniqueIdentifier::text(id)).collect(),
        secret_data_type: None,
        attributes: Some(attributes.iter().cloned().collect()),
        protection_storage_masks: None,
    }
}

fn join(harness: &Harness, version: Version, request: JoinSplitKeyRequest) -> ResponseBatchItem {
    harness.call(version, Operation::JoinSplitKey, RequestPayload::JoinSplitKey(Box::new(request)))
}

fn object(harness: &Harness, version: Version, id: &str) -> ManagedObject {
    answer!(Get, harness.item(version, get(text(id)))).object
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match &object.key_block().expect("a key block").key_value {
        Some(KeyValue::Plain(value)) => match &value.key_material {
            KeyMaterial::Bytes(bytes) => bytes.expose_secret().to_vec(),
            other => panic!("bytes, not {other:?}"),
        },
        other => panic!("a key in the clear, not {other:?}"),
    }
}

fn methods(version: Version) -> impl Iterator<Item = Method> {
    METHODS.into_iter().filter(move |method| version >= V1_2 || *method != Method::PolynomialSharingGF2_8)
}

#[test]
fn a_held_key_is_split_and_joined_by_every_method() {
    for version in VERSIONS {
        for method in methods(version) {
            let harness = Harness::new();
            let key = [0, 0, 7, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255];
            let more = [mask(Mask::Encrypt | Mask::Decrypt), Attribute::ActivationDate(DateTime(START - 1))];
            let id = harness.registered(version, aes(&key), &more);
            let (parts, threshold) = if method == Method::XOR { (4, 4) } else { (5, 3) };
            let ids = split(&harness, version, request(Some(&id), method, parts, threshold));
            assert_eq!(ids.len(), usize::try_from(parts).expect("a few"));
            for (number, id) in (1..).zip(&ids) {
                let ManagedObject::SplitKey(part) = object(&harness, version, id) else { panic!("a split key") };
                let SplitKey { split_key_parts, key_part_identifier, split_key_threshold, split_key_method, .. } =
                    *part;
                assert_eq!((split_key_parts, split_key_threshold, split_key_method), (parts, threshold, method));
                assert_eq!(key_part_identifier, number);
                assert_eq!(part.prime_field_size.is_some(), method == Method::PolynomialSharingPrimeField);
                let own = harness.attributes_of(version, id);
                for attribute in [
                    Attribute::CryptographicAlgorithm(Algorithm::AES),
                    Attribute::CryptographicLength(128),
                    mask(Mask::Encrypt | Mask::Decrypt),
                ] {
                    assert!(own.contains(&attribute), "{version} {method}: {attribute:?}");
                }
            }
            let chosen: Vec<&str> = match method {
                Method::XOR => ids.iter().rev().map(String::as_str).collect(),
                _ => vec![&ids[4], &ids[0], &ids[2]],
            };
            let joined = answer!(
                JoinSplitKey,
                join(&harness, version, join_request(ObjectType::SymmetricKey, &chosen, &[name("joined")]))
            );
            let joined = id_of(joined.unique_identifier);
            assert_eq!(bytes(&object(&harness, version, &joined)), key, "{version} {method}");
            let own = harness.attributes_of(version, &joined);
            assert!(own.contains(&mask(Mask::Encrypt | Mask::Decrypt)) && own.contains(&name("joined")));
            let fewer = join_request(ObjectType::SymmetricKey, &chosen[1..], &[]);
            assert_eq!(failure(&join(&harness, version, fewer)), ResultReason::CryptographicFailure);
            harness.verify().expect("parts and key are whole");
        }
    }
}

#[test]
fn a_new_key_is_split_without_a_whole_one() {
    for version in VERSIONS {
        for method in methods(version) {
            let harness = Harness::new();
            let attributes = [
                Attribute::CryptographicAlgorithm(Algorithm::AES),
                Attribute::CryptographicLength(256),
                mask(Mask::Encrypt),
            ];
            let new = CreateSplitKeyRequest {
                attributes: Some(attributes.iter().cloned().collect()),
                ..request(None, method, 3, 3)
            };
            let ids = split(&harness, version, new);
            assert_eq!(harness.found(version, locate_request(&[])).len(), 3, "the parts alone");
            let all: Vec<&str> = ids.iter().map(String::as_str).collect();
            let joined =
                answer!(JoinSplitKey, join(&harness, version, join_request(ObjectType::SymmetricKey, &all, &[])));
            let key = bytes(&object(&harness, version, &id_of(joined.unique_identifier)));
            assert_eq!(key.len(), 32);
            assert_ne!(key, [0; 32]);
        }
    }
}

#[test]
fn secret_data_comes_back_byte_by_byte() {
    for version in VERSIONS {
        for method in methods(version) {
            for secret in [&b"\0\0a password"[..], b"odd", b"12345678"] {
                let harness = Harness::new();
                let object_of = SecretData {
                    secret_data_type: SecretDataType::Password,
                    key_block: key_block(KeyFormatType::Opaque, secret, None),
                };
                let id =
                    harness.registered(version, ManagedObject::SecretData(Box::new(object_of)), &[mask(Mask::Verify)]);
                let threshold = if method == Method::XOR { 3 } else { 2 };
                let ids = split(&harness, version, request(Some(&id), method, 3, threshold));
                let chosen: Vec<&str> =
                    ids.iter().rev().take(usize::try_from(threshold).expect("few")).map(String::as_str).collect();
                let request = JoinSplitKeyRequest {
                    secret_data_type: Some(SecretDataType::Password),
                    ..join_request(ObjectType::SecretData, &chosen, &[])
                };
                let joined = answer!(JoinSplitKey, join(&harness, version, request));
                let ManagedObject::SecretData(joined) = object(&harness, version, &id_of(joined.unique_identifier))
                else {
                    panic!("secret data")
                };
                assert_eq!(joined.secret_data_type, SecretDataType::Password);
                let joined = bytes(&ManagedObject::SecretData(joined));
                let trimmed = |bytes: &[u8]| bytes.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
                assert_eq!(trimmed(&joined), trimmed(secret), "{version} {method}");
                assert!(joined.ends_with(secret) || joined.len() == secret.len(), "{version} {method}");
            }
        }
    }
}

#[test]
fn the_placeholder_is_the_first_part() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let item = |request| (Operation::CreateSplitKey, RequestPayload::CreateSplitKey(Box::new(request)));
    let mut answers = harness.batch(V2_1, vec![item(request(Some(&id), Method::XOR, 2, 2)), get(None)]);
    let ManagedObject::SplitKey(part) = answer!(Get, answers.remove(1)).object else { panic!("a split key") };
    assert_eq!(part.key_part_identifier, 1);
}

/// A key that may not leave does not leave in parts, nor joined from them.
#[test]
fn protection_goes_over_to_the_parts_and_back() {
    for version in [V1_4, V2_0, V2_1] {
        let harness = Harness::new();
        let id = harness.created(version, &[Attribute::Sensitive(true)]);
        // By request such a key would be made in the vault's device, which keeps it.
        let mut record = harness.record(&id);
        record.set(Attribute::Extractable(false));
        record.set(Attribute::NeverExtractable(true));
        harness.put(&record);
        let ids = split(&harness, version, request(Some(&id), Method::PolynomialSharingGF2_8, 3, 2));
        assert_eq!(failure(&harness.item(version, get(text(&ids[0])))), ResultReason::NotExtractable);
        let parts = [ids[0].as_str(), ids[2].as_str()];
        let open = [Attribute::Sensitive(false), Attribute::Extractable(true)];
        let joined =
            answer!(JoinSplitKey, join(&harness, version, join_request(ObjectType::SymmetricKey, &parts, &open)));
        let own = harness.attributes_of(version, &id_of(joined.unique_identifier));
        for attribute in [
            Attribute::Sensitive(true),
            Attribute::AlwaysSensitive(true),
            Attribute::Extractable(false),
            Attribute::NeverExtractable(true),
        ] {
            assert!(own.contains(&attribute), "{version} {attribute:?}");
        }
    }
}

fn pick(version: Version, one: ResultReason, two: ResultReason) -> ResultReason {
    if version < V2_0 { one } else { two }
}

#[test]
fn what_cannot_be_split_is_refused() {
    use ResultReason as R;
    for version in VERSIONS {
        let harness = Harness::new();
        let id = harness.created(version, &[]);
        let reason_of = |request| failure(&split_with(&harness, version, request));
        let gf = Method::PolynomialSharingGF2_16;
        let bad = pick(version, R::InvalidField, R::BadCryptographicParameters);
        for (parts, threshold) in [(1, 1), (0, 0), (-1, 1), (3, 4), (3, 1), (3, -3), (256, 2), (i32::MAX, i32::MAX)] {
            assert_eq!(reason_of(request(Some(&id), gf, parts, threshold)), bad, "{parts} {threshold}");
        }
        assert_eq!(reason_of(request(Some(&id), Method::XOR, 3, 2)), bad);
        let unknown = pick(version, R::InvalidField, R::UnsupportedCryptographicParameters);
        assert_eq!(reason_of(request(Some(&id), Method(0x8000_0001), 3, 2)), unknown);
        assert_eq!(reason_of(request(Some("no such object"), gf, 3, 2)), R::ItemNotFound);
        let other = CreateSplitKeyRequest { object_type: ObjectType::SymmetricKey, ..request(Some(&id), gf, 3, 2) };
        assert_eq!(reason_of(other), pick(version, R::InvalidField, R::InvalidObjectType));
        for number in [1_u64 << 40, (1 << 40) + 1, 7] {
            let size = BigInteger::from_unsigned(&number.to_be_bytes());
            let prime = CreateSplitKeyRequest {
                prime_field_size: Some(size.clone()),
                ..request(Some(&id), Method::PolynomialSharingPrimeField, 3, 2)
            };
            assert_eq!(reason_of(prime), bad, "{number}");
            let useless = CreateSplitKeyRequest { prime_field_size: Some(size), ..request(Some(&id), gf, 3, 2) };
            assert_eq!(reason_of(useless), bad);
        }
        let named = CreateSplitKeyRequest {
            attributes: Some([name("all")].into_iter().collect()),
            ..request(Some(&id), gf, 3, 2)
        };
        assert_eq!(reason_of(named), pick(version, R::InvalidField, R::NonUniqueNameAttribute), "parts differ by name");
        assert_eq!(reason_of(request(None, gf, 3, 2)), pick(version, R::InvalidMessage, R::InvalidAttribute));
        let part = split(&harness, version, request(Some(&id), gf, 2, 2)).remove(0);
        assert_eq!(reason_of(request(Some(&part), gf, 3, 2)), pick(version, R::InvalidField, R::InvalidObjectType));
        success(archive(&harness, version, &id));
        assert_eq!(reason_of(request(Some(&id), gf, 3, 2)), R::ObjectArchived);
        assert_eq!(harness.found(version, locate_request(&[])).len(), 2, "nothing was left behind");
    }
    let harness = Harness::new();
    let id = harness.created(V1_1, &[]);
    assert_eq!(failure(&split_with(&harness, V1_1, request(Some(&id), Method::XOR, 2, 2))), R::OperationNotSupported);
}

#[test]
fn what_cannot_be_joined_is_refused() {
    use ResultReason as R;
    for version in VERSIONS {
        let harness = Harness::new();
        let gf = Method::PolynomialSharingGF2_16;
        let (one, two) = (harness.created(version, &[]), harness.created(version, &[]));
        let parts = split(&harness, version, request(Some(&one), gf, 3, 2));
        let others = split(&harness, version, request(Some(&two), gf, 3, 2));
        let wider = split(&harness, version, request(Some(&one), gf, 4, 2));
        let key = ObjectType::SymmetricKey;
        let reason_of = |request| failure(&join(&harness, version, request));
        let bad = pick(version, R::InvalidField, R::BadCryptographicParameters);
        let rows: Vec<(&str, JoinSplitKeyRequest, R)> = vec![
            ("too few", join_request(key, &[&parts[0]], &[]), R::CryptographicFailure),
            ("of another key", join_request(key, &[&parts[0], &parts[1], &others[2]], &[]), R::CryptographicFailure),
            ("twice", join_request(key, &[&parts[0], &parts[0]], &[]), bad),
            ("of another number", join_request(key, &[&parts[0], &wider[1]], &[]), bad),
            (
                "unknown",
                join_request(key, &[&parts[0], "none"], &[]),
                pick(version, R::ItemNotFound, R::ObjectNotFound),
            ),
            (
                "no part",
                join_request(key, &[&parts[0], &one], &[]),
                pick(version, R::InvalidField, R::InvalidObjectType),
            ),
            (
                "no type",
                join_request(ObjectType::SplitKey, &[&parts[0], &parts[1]], &[]),
                pick(version, R::InvalidField, R::InvalidObjectType),
            ),
            (
                "length",
                join_request(key, &[&parts[0], &parts[1]], &[Attribute::CryptographicLength(128)]),
                R::CryptographicFailure,
            ),
            (
                "kind",
                JoinSplitKeyRequest {
                    secret_data_type: Some(SecretDataType::Seed),
                    ..join_request(key, &[&parts[0], &parts[1]], &[])
                },
                R::InvalidField,
            ),
        ];
        for (what, request, reason) in rows {
            assert_eq!(reason_of(request), reason, "{version}: {what}");
        }
        success(join(&harness, version, join_request(key, &[&parts[0], &parts[1], &parts[2]], &[])));
        success(archive(&harness, version, &parts[0]));
        assert_eq!(reason_of(join_request(key, &[&parts[0], &parts[1]], &[])), R::ObjectArchived);
        success(harness.item(version, destroy(text(&parts[1]))));
        let destroyed = pick(version, R::ItemNotFound, R::ObjectDestroyed);
        assert_eq!(reason_of(join_request(key, &[&parts[1], &parts[2]], &[])), destroyed);
    }
}

/// 1.x and 2.x share over fields with different polynomials: a part says by its record which one it is of.
#[test]
fn parts_of_1_x_are_joined_by_2_x() {
    for (made, joined) in [(V1_4, V2_1), (V2_1, V1_4)] {
        for method in [Method::PolynomialSharingGF2_8, Method::PolynomialSharingGF2_16] {
            let harness = Harness::new();
            let id = harness.registered(made, aes(&[0xA5; 32]), &[mask(Mask::Encrypt)]);
            let ids = split(&harness, made, request(Some(&id), method, 3, 2));
            let parts = [ids[1].as_str(), ids[2].as_str()];
            let key =
                answer!(JoinSplitKey, join(&harness, joined, join_request(ObjectType::SymmetricKey, &parts, &[])));
            assert_eq!(bytes(&object(&harness, joined, &id_of(key.unique_identifier))), [0xA5; 32]);
        }
    }
}

#[test]
fn registered_parts_are_joined() {
    let harness = Harness::new();
    let part = |number, bytes: &[u8]| {
        ManagedObject::SplitKey(Box::new(SplitKey {
            split_key_parts: 2,
            key_part_identifier: number,
            split_key_threshold: 2,
            split_key_method: Method::XOR,
            prime_field_size: None,
            key_block: key_block(KeyFormatType::Raw, bytes, Some((Algorithm::AES, 128))),
        }))
    };
    let one = harness.registered(V1_2, part(1, &[0x0F; 16]), &[]);
    let two = harness.registered(V2_1, part(2, &[0xFF; 16]), &[]);
    let joined =
        answer!(JoinSplitKey, join(&harness, V1_4, join_request(ObjectType::SymmetricKey, &[&one, &two], &[])));
    assert_eq!(bytes(&object(&harness, V1_4, &id_of(joined.unique_identifier))), [0xF0; 16]);
    for (number, parts, threshold) in [(0, 2, 2), (3, 2, 2), (1, 0, 0), (1, 2, 3)] {
        let mut object = part(number, &[1; 16]);
        if let ManagedObject::SplitKey(split_key) = &mut object {
            (split_key.split_key_parts, split_key.split_key_threshold) = (parts, threshold);
        }
        assert_eq!(failure(&harness.item(V2_1, register(object, &[]))), ResultReason::InvalidField);
    }
    let digests = |id: &str| harness.record(id).attributes.iter().filter(|i| i.attribute.tag() == Tag::Digest).count();
    assert_eq!(digests(&one), 1);
}

/// A certificate is stored and given out in the clear: parts of a key that must not be are not joined as one.
#[test]
fn parts_that_stay_secret_are_not_joined_as_a_certificate() {
    let harness = Harness::new();
    for kept in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
        let id = harness.created(V2_1, &[]);
        // By request a key that is not Extractable would be made in the vault's device.
        let mut record = harness.record(&id);
        record.set(kept);
        harness.put(&record);
        let ids = split(&harness, V2_1, request(Some(&id), Method::XOR, 2, 2));
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let pgp = Attribute::CertificateType(CertificateType::PGP);
        let refused = join(&harness, V2_1, join_request(ObjectType::Certificate, &ids, &[pgp]));
        assert_eq!(failure(&refused), ResultReason::InvalidObjectType);
    }
}

/// EC and ECDSA name the same keys: parts of the one are joined as the other, and as no key of another algorithm.
#[test]
fn parts_of_an_elliptic_key_are_joined_by_either_name() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a pair");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8");
    for (made, joined) in [(Algorithm::ECDSA, Algorithm::EC), (Algorithm::EC, Algorithm::ECDSA)] {
        let harness = Harness::new();
        let key_block = key_block(KeyFormatType::PKCS_8, pkcs8.as_ref(), Some((made, 256)));
        let key = ManagedObject::PrivateKey(Box::new(PrivateKey { key_block }));
        let id = harness.registered(V2_1, key, &[mask(Mask::Sign)]);
        let ids = split(&harness, V2_1, request(Some(&id), Method::PolynomialSharingGF2_8, 3, 2));
        let parts = [ids[0].as_str(), ids[2].as_str()];
        let asked =
            |algorithm| join_request(ObjectType::PrivateKey, &parts, &[Attribute::CryptographicAlgorithm(algorithm)]);
        let key = answer!(JoinSplitKey, join(&harness, V2_1, asked(joined)));
        let key = id_of(key.unique_identifier);
        assert_eq!(bytes(&object(&harness, V2_1, &key)), pkcs8.as_ref());
        assert!(harness.attributes_of(V2_1, &key).contains(&Attribute::CryptographicAlgorithm(joined)));
        for other in [Algorithm::RSA, Algorithm::Ed25519] {
            let refused = join(&harness, V2_1, asked(other));
            assert_eq!(failure(&refused), ResultReason::InvalidAttributeValue, "{made} as {other}");
        }
    }
}
