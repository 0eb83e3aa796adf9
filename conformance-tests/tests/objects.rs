//! Objects of every type (KMIP 1.4 §2.2, KMIP 2.1 §2) in every version: they leave as they came, Locate finds them by what
//! identifies them, and a key whose value stays elsewhere says where that is.

use conformance_tests::message::{located, payload, reason, status};
use conformance_tests::tree::{Tree, boolean, bytes, enumeration, integer, structure, text};
use conformance_tests::walker::objects::{kinds, object, with};
use conformance_tests::walker::samples::sample;
use conformance_tests::walker::{Walker, identifier, key_attributes};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, ResultReason, ResultStatus, Tag,
};
use kmip_codec::version::{V1_2, V1_4, V2_0, V3_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;
use sha2::{Digest, Sha256};

/// Whether one item holds all that another does.
fn holds(found: &Item, wanted: &Item) -> bool {
    if wanted.fields().is_empty() {
        return found.tag == wanted.tag && found.value == wanted.value;
    }
    wanted.fields().iter().all(|field| found.fields().iter().any(|found| holds(found, field)))
}

fn locate(walker: &mut Walker, attributes: Vec<Item>) -> Vec<String> {
    let criteria = if walker.version < V2_0 {
        attributes.into_iter().map(conformance_tests::walker::attribute_1x).collect()
    } else {
        vec![structure(Tag::Attributes, attributes)]
    };
    located(&walker.call(Operation::Locate, criteria)).expect("a list")
}

#[test]
fn every_object_leaves_as_it_came() {
    let held = |kind: &ObjectType| kind.0 <= ObjectType::CertificateRequest.0;
    let mut count = 0;
    for version in SUPPORTED_VERSIONS {
        let mut walker = Walker::new(version);
        for kind in kinds(version).into_iter().filter(held) {
            let wanted = object(kind);
            let id = walker.made(kind, Vec::new());
            let format = wanted.at(&[Tag::KeyBlock, Tag::KeyFormatType]).cloned();
            let fields = std::iter::once(walker.id(&id)).chain(format).collect();
            let answer = walker.call(Operation::Get, fields);
            let told = payload(&answer).unwrap_or_else(|error| panic!("KMIP {version}, {kind}: {error}"));
            let found = told.field(wanted.tag).unwrap_or_else(|| panic!("KMIP {version}: no {kind}"));
            assert!(kind == ObjectType::Template || holds(found, &wanted), "KMIP {version}, {kind}: {found:?}");
            assert_eq!(told.field(Tag::ObjectType), Some(&enumeration(Tag::ObjectType, kind.0)));
            let same = locate(&mut walker, vec![enumeration(Tag::ObjectType, kind.0)]);
            assert_eq!(same, [id], "KMIP {version}: Locate by Object Type {kind}");
            count += 1;
        }
    }
    println!("{count} objects left as they came");
}

/// Short Unique Identifier (KMIP 2.1 §4.56): "a SHA-256 hash of the Unique Identifier", for the whole life of the object.
#[test]
fn a_short_identifier_is_the_hash_of_the_long_one() {
    for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version >= V2_0) {
        let mut walker = Walker::new(version);
        for kind in kinds(version) {
            let id = walker.made(kind, Vec::new());
            let short = bytes(Tag::ShortUniqueIdentifier, &Sha256::digest(id.as_bytes()));
            assert_eq!(
                walker.values(&id, Tag::ShortUniqueIdentifier),
                std::slice::from_ref(&short),
                "KMIP {version}, {kind}"
            );
            assert_eq!(locate(&mut walker, vec![short.clone()]), std::slice::from_ref(&id), "KMIP {version}, {kind}");
            assert_eq!(status(&walker.destroy(&id)), Some(ResultStatus::Success), "KMIP {version}, {kind}");
            assert_eq!(walker.values(&id, Tag::ShortUniqueIdentifier), [short], "KMIP {version}, {kind}: destroyed");
        }
    }
}

/// Alternative Name (KMIP 1.4 §3.40): it locates objects, and several may have the same.
#[test]
fn alternative_names_locate_objects_and_need_not_be_unique() {
    for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version >= V1_2) {
        let mut walker = Walker::new(version);
        let named = sample(Tag::AlternativeName, "Structure", version, "", 0);
        let first = walker.register(vec![named.clone()]);
        let second = walker.made(ObjectType::SecretData, vec![named.clone()]);
        walker.register(vec![sample(Tag::AlternativeName, "Structure", version, "", 1)]);
        assert_eq!(locate(&mut walker, vec![named]), [second, first], "KMIP {version}");
    }
}

/// A key whose value stays with the client (KMIP 1.4 §2.1.3, §3.41, §3.42; KMIP 2.1 §4.28, §4.29).
#[test]
fn a_key_without_its_value_says_where_that_is() {
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
    ];
    let key = structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]);
    for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version >= V1_2) {
        let mut walker = Walker::new(version);
        let place = sample(Tag::KeyValueLocation, "Structure", version, "", 0);
        let nowhere = walker.register_object(ObjectType::SymmetricKey, key_attributes(), key.clone());
        assert_eq!(reason(&nowhere), Some(ResultReason::InvalidField), "KMIP {version}: no location");
        let told = with(key_attributes(), vec![place.clone(), boolean(Tag::KeyValuePresent, false)]);
        let told = walker.register_object(ObjectType::SymmetricKey, told, key.clone());
        let read_only = if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::AttributeReadOnly };
        assert_eq!(reason(&told), Some(read_only), "KMIP {version}: Key Value Present is the server's");
        let made =
            walker.register_object(ObjectType::SymmetricKey, with(key_attributes(), vec![place.clone()]), key.clone());
        let id = identifier(&made, Tag::UniqueIdentifier);
        let absent = boolean(Tag::KeyValuePresent, false);
        assert_eq!(walker.values(&id, Tag::KeyValuePresent), std::slice::from_ref(&absent), "KMIP {version}");
        assert_eq!(walker.values(&id, Tag::KeyValueLocation), [place], "KMIP {version}");
        assert!(walker.values(&id, Tag::Digest).is_empty(), "KMIP {version}: no value, no digest");
        assert_eq!(locate(&mut walker, vec![absent]), std::slice::from_ref(&id), "KMIP {version}");
        let fields = vec![walker.id(&id), enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0)];
        let got = walker.call(Operation::Get, fields);
        let wanted = if version < V2_0 { ResultReason::IllegalOperation } else { ResultReason::KeyValueNotPresent };
        assert_eq!(reason(&got), Some(wanted), "KMIP {version}: Get in a format");
        let got = walker.on(Operation::Get, &id);
        let block = payload(&got).expect("a key without its value").at(&[Tag::SymmetricKey, Tag::KeyBlock]);
        assert!(block.is_some_and(|block| block.field(Tag::KeyValue).is_none()), "KMIP {version}: Get");
    }
}

/// What 1.x calls a Custom Attribute is an attribute of a vendor from 2.0 on, of the same object.
#[test]
fn all_versions_see_the_same_attributes_of_clients() {
    let mut walker = Walker::new(V1_4);
    let own = conformance_tests::walker::samples::vendor("x", 0);
    let id = walker.register(vec![own.clone(), text(Tag::Comment, "seen by all")]);
    for version in SUPPORTED_VERSIONS {
        walker.version = version;
        assert_eq!(walker.values(&id, Tag::Attribute), std::slice::from_ref(&own), "KMIP {version}");
        let commented = walker.values(&id, Tag::Comment);
        assert_eq!(commented.len(), usize::from(version >= V1_4), "KMIP {version}: Comment");
    }
    assert_eq!(walker.speaking(Version::new(1, 0), |walker| walker.values(&id, Tag::Sensitive)), []);
    assert_eq!(walker.speaking(V3_0, |walker| walker.values(&id, Tag::Sensitive)), [boolean(Tag::Sensitive, false)]);
}
