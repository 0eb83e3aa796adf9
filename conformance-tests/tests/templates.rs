//! Templates (KMIP 1.4 §2.1.8, §2.2.6, §4): every operation that takes a Template-Attribute takes the attributes of the templates
//! that it names, in every version of 1.x that has the operation.

use conformance_tests::message::{name, payload, reason, status};
use conformance_tests::tree::{Tree, boolean, bytes, enumeration, integer, structure, text};
use conformance_tests::walker::objects::{object, with};
use conformance_tests::walker::{Walker, attribute_1x, identifier, key_attributes};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm, ObjectType, Operation,
    RecommendedCurve, ResultReason, ResultStatus, SplitKeyMethod, Tag,
};
use kmip_codec::version::{V1_1, V1_2, V2_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;

/// Sends an operation with the Template-Attribute that is given it, and tells the field that names what it made.
type Maker = fn(&mut Walker, Item) -> (Item, Tag);

/// An operation since a version, the tag of the Template-Attribute, and who makes the request.
const MAKERS: &[(Version, &str, Tag, Maker)] = &[
    (Version::new(1, 0), "Create", Tag::TemplateAttribute, |w, bag| {
        let kind = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
        (w.call(Operation::Create, vec![kind, bag]), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Create Key Pair, common", Tag::CommonTemplateAttribute, |w, bag| {
        (create_pair(w, Some(bag), None, None), Tag::PrivateKeyUniqueIdentifier)
    }),
    (Version::new(1, 0), "Create Key Pair, common, of the public key", Tag::CommonTemplateAttribute, |w, bag| {
        (create_pair(w, Some(bag), None, None), Tag::PublicKeyUniqueIdentifier)
    }),
    (Version::new(1, 0), "Create Key Pair, private", Tag::PrivateKeyTemplateAttribute, |w, bag| {
        (create_pair(w, None, Some(bag), None), Tag::PrivateKeyUniqueIdentifier)
    }),
    (Version::new(1, 0), "Create Key Pair, public", Tag::PublicKeyTemplateAttribute, |w, bag| {
        (create_pair(w, None, None, Some(bag)), Tag::PublicKeyUniqueIdentifier)
    }),
    (Version::new(1, 0), "Register", Tag::TemplateAttribute, |w, bag| {
        let kind = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
        let fields = vec![kind, bag, object(ObjectType::SymmetricKey)];
        (w.call(Operation::Register, fields), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Register of Secret Data", Tag::TemplateAttribute, |w, bag| {
        let kind = enumeration(Tag::ObjectType, ObjectType::SecretData.0);
        (w.call(Operation::Register, vec![kind, bag, object(ObjectType::SecretData)]), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Re-key", Tag::TemplateAttribute, |w, bag| {
        let key = w.create(Vec::new());
        let fields = vec![w.id(&key), bag];
        (w.call(Operation::ReKey, fields), Tag::UniqueIdentifier)
    }),
    (V1_1, "Re-key Key Pair, common", Tag::CommonTemplateAttribute, |w, bag| {
        (rekey_pair(w, bag), Tag::PrivateKeyUniqueIdentifier)
    }),
    (V1_1, "Re-key Key Pair, private", Tag::PrivateKeyTemplateAttribute, |w, bag| {
        (rekey_pair(w, bag), Tag::PrivateKeyUniqueIdentifier)
    }),
    (V1_1, "Re-key Key Pair, public", Tag::PublicKeyTemplateAttribute, |w, bag| {
        (rekey_pair(w, bag), Tag::PublicKeyUniqueIdentifier)
    }),
    (Version::new(1, 0), "Derive Key", Tag::TemplateAttribute, |w, bag| {
        (derive(w, ObjectType::SymmetricKey, bag), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Derive Key of Secret Data", Tag::TemplateAttribute, |w, bag| {
        (derive(w, ObjectType::SecretData, bag), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Certify", Tag::TemplateAttribute, |w, mut bag| {
        let (_, public) = w.create_both(Vec::new());
        w.naming().into_iter().for_each(|attribute| push(&mut bag, attribute_1x(attribute)));
        let fields = vec![w.id(&public), bag];
        (w.call(Operation::Certify, fields), Tag::UniqueIdentifier)
    }),
    (Version::new(1, 0), "Re-certify", Tag::TemplateAttribute, |w, bag| {
        let (_, public) = w.create_both(Vec::new());
        let certificate = identifier(&w.certify(&public, Vec::new()), Tag::UniqueIdentifier);
        let fields = vec![w.id(&certificate), bag];
        (w.call(Operation::ReCertify, fields), Tag::UniqueIdentifier)
    }),
    (V1_2, "Create Split Key", Tag::TemplateAttribute, |w, bag| (split(w, bag), Tag::UniqueIdentifier)),
    (V1_2, "Join Split Key", Tag::TemplateAttribute, |w, bag| {
        let own = w.attributes(key_attributes());
        let parts = split(w, own);
        let mut fields = vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0)];
        fields.extend(payload(&parts).expect("parts").all(Tag::UniqueIdentifier).take(2).cloned());
        fields.push(bag);
        (w.call(Operation::JoinSplitKey, fields), Tag::UniqueIdentifier)
    }),
];

fn push(bag: &mut Item, attribute: Item) {
    if let kmip_codec::item::ItemValue::Structure(fields) = &mut bag.value {
        fields.push(attribute);
    }
}

/// A pair of P-256, of which the other bags say the rest.
fn create_pair(w: &mut Walker, common: Option<Item>, private: Option<Item>, public: Option<Item>) -> Item {
    let curve = structure(
        Tag::CryptographicDomainParameters,
        vec![enumeration(Tag::RecommendedCurve, RecommendedCurve::P_256.0)],
    );
    let mut common = common.unwrap_or_else(|| structure(Tag::CommonTemplateAttribute, Vec::new()));
    push(&mut common, attribute_1x(enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0)));
    push(&mut common, attribute_1x(integer(Tag::CryptographicLength, 256)));
    push(&mut common, attribute_1x(curve));
    let mask = |tag, given: Option<Item>, mask: Mask| {
        let mut bag = given.unwrap_or_else(|| structure(tag, Vec::new()));
        push(&mut bag, attribute_1x(integer(Tag::CryptographicUsageMask, mask.0.cast_signed())));
        bag
    };
    let private = mask(Tag::PrivateKeyTemplateAttribute, private, Mask::Sign);
    let public = mask(Tag::PublicKeyTemplateAttribute, public, Mask::Verify);
    w.call(Operation::CreateKeyPair, vec![common, private, public])
}

fn rekey_pair(w: &mut Walker, mut bag: Item) -> Item {
    let (private, _) = w.create_both(Vec::new());
    // The template is of AES keys: what the pair is, the request says again.
    if bag.tag == Tag::CommonTemplateAttribute {
        push(&mut bag, attribute_1x(enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0)));
    }
    let fields = vec![w.id_under(Tag::PrivateKeyUniqueIdentifier, &private), bag];
    w.call(Operation::ReKeyKeyPair, fields)
}

fn derive(w: &mut Walker, kind: ObjectType, bag: Item) -> Item {
    let base = w.create(Vec::new());
    payload(&w.activate(&base)).expect("an active key");
    let hash = enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0);
    let parameters = vec![structure(Tag::CryptographicParameters, vec![hash]), bytes(Tag::DerivationData, b"walk")];
    let fields = vec![
        enumeration(Tag::ObjectType, kind.0),
        w.id(&base),
        enumeration(Tag::DerivationMethod, DerivationMethod::HMAC.0),
        structure(Tag::DerivationParameters, parameters),
        bag,
    ];
    w.call(Operation::DeriveKey, fields)
}

fn split(w: &mut Walker, bag: Item) -> Item {
    let fields = vec![
        enumeration(Tag::ObjectType, ObjectType::SplitKey.0),
        integer(Tag::SplitKeyParts, 3),
        integer(Tag::SplitKeyThreshold, 2),
        enumeration(Tag::SplitKeyMethod, SplitKeyMethod::PolynomialSharingGF2_8.0),
        bag,
    ];
    w.call(Operation::CreateSplitKey, fields)
}

fn contact(value: &str) -> Item {
    text(Tag::ContactInformation, value)
}

fn group(value: &str) -> Item {
    text(Tag::ObjectGroup, value)
}

/// Registers a template with attributes of its own. In a pair a template says nothing about the keys themselves.
fn template(w: &mut Walker, named: &str, tag: Tag, content: Vec<Item>) -> String {
    let of_pair = tag != Tag::TemplateAttribute;
    let content = if of_pair { content } else { with(key_attributes(), content) };
    let content = structure(Tag::Template, content.into_iter().map(attribute_1x).collect());
    let bag = w.attributes(vec![name(named)]);
    let fields = vec![enumeration(Tag::ObjectType, ObjectType::Template.0), bag, content];
    identifier(&w.call(Operation::Register, fields), Tag::UniqueIdentifier)
}

fn referring(tag: Tag, templates: &[&str], own: Vec<Item>) -> Item {
    let names = templates.iter().map(|template| name(template));
    structure(tag, names.chain(own.into_iter().map(attribute_1x)).collect())
}

fn walk(version: Version) -> usize {
    let makers = MAKERS.iter().filter(|(since, ..)| *since <= version);
    makers.map(|(_, operation, tag, make)| walk_one(version, operation, *tag, *make)).sum()
}

/// What one operation does with templates.
fn walk_one(version: Version, operation: &str, tag: Tag, make: Maker) -> usize {
    let mut w = Walker::new(version);
    let about = format!("KMIP {version}: {operation}");
    let first = template(&mut w, "first", tag, vec![contact("the first"), group("one")]);
    template(&mut w, "second", tag, vec![contact("the second"), group("two")]);
    let made = |w: &mut Walker, bag: Item| {
        let (answer, field) = make(w, bag);
        payload(&answer).unwrap_or_else(|error| panic!("{about}: {error}"));
        identifier(&answer, field)
    };
    // An archived template gives nothing until it is back.
    assert_eq!(status(&w.on(Operation::Archive, &first)), Some(ResultStatus::Success));
    let (refused, _) = make(&mut w, referring(tag, &["first"], Vec::new()));
    assert_eq!(reason(&refused), Some(ResultReason::ObjectArchived), "{about}: archived");
    assert_eq!(status(&w.on(Operation::Recover, &first)), Some(ResultStatus::Success));
    // Nor does one that was served make objects that were.
    assert_eq!(status(&w.on(Operation::Get, &first)), Some(ResultStatus::Success));

    let id = made(&mut w, referring(tag, &["first"], Vec::new()));
    assert_eq!(w.values(&id, Tag::ContactInformation), [contact("the first")], "{about}");
    assert_eq!(w.values(&id, Tag::ObjectGroup), [group("one")], "{about}");
    if version >= V1_1 && !operation.starts_with("Register") {
        assert_eq!(w.values(&id, Tag::Fresh), [boolean(Tag::Fresh, true)], "{about}");
    }
    assert!(w.values(&id, Tag::Name).iter().all(|named| *named != name("first")), "{about}: the template's name");

    let id = made(&mut w, referring(tag, &["first", "second"], Vec::new()));
    assert_eq!(w.values(&id, Tag::ContactInformation), [contact("the second")], "{about}: the last wins");
    assert_eq!(w.values(&id, Tag::ObjectGroup), [group("one"), group("two")], "{about}: united");

    let id = made(&mut w, referring(tag, &["second"], vec![contact("its own")]));
    assert_eq!(w.values(&id, Tag::ContactInformation), [contact("its own")], "{about}: the request wins");

    let (refused, _) = make(&mut w, referring(tag, &["first", "none"], Vec::new()));
    assert_eq!(reason(&refused), Some(ResultReason::ItemNotFound), "{about}: no such template");
    5
}

#[test]
fn every_operation_takes_templates() {
    let versions = SUPPORTED_VERSIONS.into_iter().filter(|version| *version < V2_0);
    let asked: usize = std::thread::scope(|scope| {
        let walks: Vec<_> = versions.map(|version| scope.spawn(move || walk(version))).collect();
        walks.into_iter().map(|walk| walk.join().expect("a walk")).sum()
    });
    println!("{asked} requests with templates");
}
