//! Create Key Pair and Re-key Key Pair as clients see them (KMIP 1.4 §4.2, §4.5; KMIP 2.1 §6.1.9, §6.1.47). The vault
//! answers with one real pair for each kind of key; pairs that it makes anew are tested with the vaults themselves.

#[macro_use]
mod support;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use kmip_codec::attribute::values::{
    CryptographicDomainParameters, CryptographicParameters, Link, Name, ProtectionStorageMasks, UniqueIdentifier,
};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::{ManagedObject, Template};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::rekey_key_pair::ReKeyKeyPairRequest;
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, LinkType, NameType, ObjectType,
    Operation, ProtectionStorageMask, RecommendedCurve, ResultReason, State, Tag, UniqueIdentifierEnumeration,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_4, V2_0, V2_1, Version};
use kmip_core::engine::Evaluation;
use kmip_core::env::{Config, Env, Pace};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::ports::vault::{Curve, KeySpec};
use kmip_core::state;
use kmip_core::testing::sim_vault::SimVault;
use kmip_core::verify::verify;
use support::{Blinding, CLIENT, Harness, START, failure, success};

/// A harness whose vault has one P-256 pair, which it also gives where an RSA pair is asked for.
fn harness() -> Harness {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a pair");
    let private = || Secret::copy_from(pair.to_pkcs8v1().expect("a private key").as_ref());
    let public = pair.public_key().as_der().expect("a public key");
    let vault = SimVault::new(1)
        .with_pair(KeySpec::Ec { curve: Curve::P256 }, private(), public.as_ref().to_vec())
        .with_pair(KeySpec::Rsa { bits: 2_048 }, private(), public.as_ref().to_vec());
    Harness::with(Config::default(), vault)
}

fn name(value: &str) -> Attribute {
    Attribute::Name(Name { value: value.into(), kind: NameType::UninterpretedTextString })
}

fn bag(attributes: impl IntoIterator<Item = Attribute>) -> Option<Bag> {
    Some(attributes.into_iter().collect())
}

const SIGN: Attribute = Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign);
const VERIFY: Attribute = Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify);
const ECDSA: Attribute = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ECDSA);

/// A request for an ECDSA pair on P-256, named by its prefix.
fn ecdsa(prefix: &str) -> CreateKeyPairRequest {
    CreateKeyPairRequest {
        common_attributes: bag([ECDSA, Attribute::CryptographicLength(256)]),
        private_key_attributes: bag([SIGN, name(&format!("{prefix}-private"))]),
        public_key_attributes: bag([VERIFY, name(&format!("{prefix}-public"))]),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

fn call(harness: &Harness, version: Version, request: CreateKeyPairRequest) -> ResponseBatchItem {
    harness.call(version, Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)))
}

fn create(harness: &Harness, version: Version, request: CreateKeyPairRequest) -> (Record, Record) {
    let answer = answer!(CreateKeyPair, call(harness, version, request));
    records(harness, &answer.private_key_unique_identifier, &answer.public_key_unique_identifier)
}

fn records(harness: &Harness, private: &UniqueIdentifier, public: &UniqueIdentifier) -> (Record, Record) {
    (
        harness.record(private.as_text().expect("an identifier")),
        harness.record(public.as_text().expect("an identifier")),
    )
}

fn rekey_call(harness: &Harness, version: Version, request: ReKeyKeyPairRequest) -> ResponseBatchItem {
    harness.call(version, Operation::ReKeyKeyPair, RequestPayload::ReKeyKeyPair(Box::new(request)))
}

fn rekey(harness: &Harness, version: Version, request: ReKeyKeyPairRequest) -> (Record, Record) {
    let answer = answer!(ReKeyKeyPair, rekey_call(harness, version, request));
    records(harness, &answer.private_key_unique_identifier, &answer.public_key_unique_identifier)
}

fn plain(private: &str) -> ReKeyKeyPairRequest {
    ReKeyKeyPairRequest {
        unique_identifier: None,
        private_key_unique_identifier: Some(UniqueIdentifier::text(private)),
        offset: None,
        common_attributes: None,
        private_key_attributes: None,
        public_key_attributes: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

fn links(record: &Record) -> Vec<(LinkType, &str)> {
    let link = |attribute| match attribute {
        &Attribute::Link(Link { link_type, ref linked_object_identifier }) => {
            Some((link_type, linked_object_identifier.as_text()?))
        }
        _ => None,
    };
    record.attributes.iter().filter_map(|instance| link(&instance.attribute)).collect()
}

fn has(record: &Record, attribute: &Attribute) -> bool {
    record.attributes.iter().any(|instance| instance.attribute == *attribute)
}

fn names(record: &Record) -> Vec<&str> {
    record.names().map(|name| name.value.as_str()).collect()
}

fn digests(record: &Record) -> usize {
    record.attributes.iter().filter(|instance| instance.attribute.tag() == Tag::Digest).count()
}

fn all_is_whole(harness: &Harness) {
    let found = verify(harness.store.as_ref(), harness.vault.as_ref(), &Blinding).expect("a whole store");
    assert!(found.digests > 0, "digests were compared");
}

#[test]
fn both_keys_get_their_attributes_and_links() {
    for version in [V1_0, V1_1, V1_2, V1_4, V2_0, V2_1] {
        let harness = harness();
        let (private, public) = create(&harness, version, ecdsa("p"));
        assert_eq!((private.object_type, public.object_type), (ObjectType::PrivateKey, ObjectType::PublicKey));
        assert_eq!(links(&private), [(LinkType::PublicKeyLink, public.id.as_str())]);
        assert_eq!(links(&public), [(LinkType::PrivateKeyLink, private.id.as_str())]);
        assert_eq!((names(&private), names(&public)), (vec!["p-private"], vec!["p-public"]));
        assert!(has(&private, &SIGN) && has(&public, &VERIFY));
        for key in [&private, &public] {
            assert!(
                has(key, &ECDSA) && has(key, &Attribute::CryptographicLength(256)) && has(key, &Attribute::Fresh(true))
            );
            assert_eq!(state::at(key, START), State::PreActive);
            for tag in [Tag::InitialDate, Tag::LastChangeDate, Tag::OriginalCreationDate] {
                assert_eq!(key.date(tag), Some(DateTime(START)), "{tag}");
            }
            assert_eq!(digests(key), 2, "in the default format and as it is held");
        }
        assert!(has(&private, &Attribute::KeyFormatType(KeyFormatType::PKCS_8)));
        assert!(has(&public, &Attribute::KeyFormatType(KeyFormatType::X_509)));
        assert_eq!(harness.vault.held(), 2);
        all_is_whole(&harness);
    }
}

#[test]
fn what_belongs_to_one_key_beats_what_is_common() {
    let harness = harness();
    let contact = |text: &str| Attribute::ContactInformation(text.into());
    let both = CryptographicUsageMask::Sign | CryptographicUsageMask::Verify;
    let request = CreateKeyPairRequest {
        common_attributes: bag([
            ECDSA,
            contact("common"),
            Attribute::CryptographicUsageMask(both),
            Attribute::ObjectGroup("a".into()),
        ]),
        private_key_attributes: bag([contact("private"), Attribute::ObjectGroup("b".into())]),
        public_key_attributes: None,
        ..ecdsa("p")
    };
    let (private, public) = create(&harness, V2_1, request);
    assert!(has(&private, &contact("private")) && !has(&private, &contact("common")));
    assert!(has(&public, &contact("common")));
    assert!(has(&private, &Attribute::ObjectGroup("a".into())) && has(&private, &Attribute::ObjectGroup("b".into())));
    assert!(!has(&public, &Attribute::ObjectGroup("b".into())));
    assert!(
        has(&private, &Attribute::CryptographicUsageMask(both))
            && has(&public, &Attribute::CryptographicUsageMask(both))
    );
}

/// KMIP 1.4 §4.2: a template of one key beats an explicit attribute that is common.
#[test]
fn templates_take_their_place_in_the_order_of_precedence() {
    let harness = harness();
    let contact = |text: &str| Attribute::ContactInformation(text.into());
    let template = ManagedObject::Template(Box::new(Template { attributes: bag([contact("template")]) }));
    let request = RegisterRequest {
        object_type: ObjectType::Template,
        attributes: bag([name("t")]),
        object: Some(template),
        protection_storage_masks: None,
    };
    success(harness.call(V1_2, Operation::Register, RequestPayload::Register(Box::new(request))));
    let Attribute::Name(of_template) = name("t") else { unreachable!("a name") };
    let mut request = ecdsa("p");
    request.common_attributes = bag([ECDSA, contact("common")]);
    let own = request.private_key_attributes.as_mut().expect("attributes of the private key");
    own.templates.push(of_template.clone());
    let own = request.public_key_attributes.as_mut().expect("attributes of the public key");
    own.templates.push(of_template);
    own.items.extend(bag([contact("own")]).expect("a bag").items);
    let (private, public) = create(&harness, V1_2, request);
    assert!(has(&private, &contact("template")), "{:?}", private.attributes);
    assert!(has(&public, &contact("own")));
}

#[test]
fn shared_attributes_are_the_same_in_both_keys() {
    let harness = harness();
    let mode = |block_cipher_mode| {
        Attribute::CryptographicParameters(Box::new(CryptographicParameters {
            block_cipher_mode: Some(block_cipher_mode),
            ..CryptographicParameters::default()
        }))
    };
    let domain = |curve| {
        Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            qlength: None,
            recommended_curve: Some(curve),
        })
    };
    let (p256, cbc) = (domain(RecommendedCurve::P_256), mode(BlockCipherMode::CBC));
    let one_sided = CreateKeyPairRequest {
        common_attributes: None,
        private_key_attributes: bag([SIGN, ECDSA, p256.clone(), cbc.clone()]),
        public_key_attributes: bag([VERIFY]),
        ..ecdsa("p")
    };
    let (private, public) = create(&harness, V1_4, one_sided);
    for shared in [&ECDSA, &p256, &cbc, &Attribute::CryptographicLength(256)] {
        assert!(has(&private, shared) && has(&public, shared), "{shared:?}");
    }
    for (private, public) in [
        (Attribute::CryptographicLength(256), Attribute::CryptographicLength(384)),
        (p256, domain(RecommendedCurve::P_384)),
        (cbc, mode(BlockCipherMode::GCM)),
    ] {
        for (version, reason) in [(V1_4, ResultReason::InvalidField), (V2_1, ResultReason::InvalidAttributeValue)] {
            let request = CreateKeyPairRequest {
                common_attributes: bag([ECDSA]),
                private_key_attributes: bag([SIGN, private.clone()]),
                public_key_attributes: bag([VERIFY, public.clone()]),
                ..ecdsa("p")
            };
            assert_eq!(failure(&call(&harness, version, request)), reason, "{private:?}");
        }
    }
}

#[test]
fn what_cannot_be_generated_is_refused() {
    let harness = harness();
    let algorithm = Attribute::CryptographicAlgorithm;
    let curve = |curve| {
        Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            qlength: None,
            recommended_curve: Some(curve),
        })
    };
    let both = Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::DeriveKey);
    let refused: [&[Attribute]; 13] = [
        &[algorithm(CryptographicAlgorithm::AES)],
        &[algorithm(CryptographicAlgorithm::DSA)],
        &[algorithm(CryptographicAlgorithm::ML_DSA_44)],
        &[algorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(1_024)],
        &[algorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(-1)],
        &[algorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(i32::MAX)],
        &[ECDSA, Attribute::CryptographicLength(255)],
        &[ECDSA, curve(RecommendedCurve::SECP256K1)],
        &[ECDSA, curve(RecommendedCurve::P_256), Attribute::CryptographicLength(384)],
        &[ECDSA, curve(RecommendedCurve::B_233)],
        &[ECDSA, curve(RecommendedCurve::CURVE25519)],
        &[algorithm(CryptographicAlgorithm::ECDH), curve(RecommendedCurve::CURVE25519)],
        &[algorithm(CryptographicAlgorithm::ECDH), curve(RecommendedCurve::CURVE448)],
    ];
    let undecided = CreateKeyPairRequest {
        common_attributes: bag([algorithm(CryptographicAlgorithm::EC), curve(RecommendedCurve::CURVE25519)]),
        private_key_attributes: bag([both]),
        ..ecdsa("p")
    };
    assert_eq!(failure(&call(&harness, V2_1, undecided)), ResultReason::InvalidAttributeValue);
    for attributes in refused {
        let request = CreateKeyPairRequest { common_attributes: bag(attributes.to_vec()), ..ecdsa("p") };
        assert_eq!(failure(&call(&harness, V2_1, request)), ResultReason::InvalidAttributeValue, "{attributes:?}");
    }
    let offered_by_no_vault = [ECDSA, Attribute::CryptographicLength(521)];
    let request = CreateKeyPairRequest { common_attributes: bag(offered_by_no_vault), ..ecdsa("p") };
    assert_eq!(failure(&call(&harness, V2_1, request)), ResultReason::InvalidAttributeValue);
    for missing in [
        CreateKeyPairRequest { common_attributes: None, ..ecdsa("p") },
        CreateKeyPairRequest { private_key_attributes: None, ..ecdsa("p") },
        CreateKeyPairRequest { public_key_attributes: None, ..ecdsa("p") },
    ] {
        assert_eq!(failure(&call(&harness, V1_4, missing.clone())), ResultReason::InvalidMessage);
        assert_eq!(failure(&call(&harness, V2_1, missing)), ResultReason::InvalidAttribute);
    }
    assert_eq!(harness.vault.held(), 0, "nothing was generated");
}

#[test]
fn storage_that_is_not_offered_is_refused_for_the_key_that_asks() {
    let harness = harness();
    let masks = |mask| Some(ProtectionStorageMasks { protection_storage_mask: vec![mask] });
    let hardware = masks(ProtectionStorageMask::Hardware);
    let reason = |request| failure(&call(&harness, V2_1, request));
    let private = CreateKeyPairRequest { private_protection_storage_masks: hardware.clone(), ..ecdsa("p") };
    assert_eq!(reason(private), ResultReason::PrivateProtectionStorageUnavailable);
    let public = CreateKeyPairRequest { public_protection_storage_masks: hardware.clone(), ..ecdsa("p") };
    assert_eq!(reason(public), ResultReason::PublicProtectionStorageUnavailable);
    let common = CreateKeyPairRequest { common_protection_storage_masks: hardware, ..ecdsa("p") };
    assert_eq!(reason(common), ResultReason::PrivateProtectionStorageUnavailable);
    let software =
        CreateKeyPairRequest { common_protection_storage_masks: masks(ProtectionStorageMask::Software), ..ecdsa("p") };
    create(&harness, V2_1, software);
}

#[test]
fn a_taken_name_is_refused_before_a_key_is_made() {
    let harness = harness();
    create(&harness, V2_1, ecdsa("p"));
    let held = harness.vault.held();
    assert_eq!(failure(&call(&harness, V2_1, ecdsa("p"))), ResultReason::NonUniqueNameAttribute);
    let same = CreateKeyPairRequest {
        private_key_attributes: bag([SIGN, name("same")]),
        public_key_attributes: bag([VERIFY, name("same")]),
        ..ecdsa("q")
    };
    assert_eq!(failure(&call(&harness, V1_4, same)), ResultReason::InvalidField);
    assert_eq!(harness.vault.held(), held);
    all_is_whole(&harness);
}

/// RSA keys are made on a pool; whatever can be refused without them is refused at once.
#[test]
fn rsa_pairs_wait_for_a_pool() {
    let harness = harness();
    create(&harness, V2_1, ecdsa("p"));
    let request = |prefix: &str, algorithm: Attribute| {
        let request = CreateKeyPairRequest { common_attributes: bag([algorithm]), ..ecdsa(prefix) };
        let items = vec![(Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)))];
        encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1)
    };
    let inline = Env::new(START, Pace::Inline);
    let evaluate = |bytes: &[u8]| harness.engine.evaluate(bytes, CLIENT, inline);
    let rsa = || Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA);
    let held = harness.vault.held();
    assert!(matches!(evaluate(&request("q", rsa())), Evaluation::Defer(_)));
    assert!(matches!(evaluate(&request("p", rsa())), Evaluation::Reply(_)), "the names are taken");
    assert_eq!(harness.vault.held(), held);
    assert!(matches!(evaluate(&request("q", ECDSA)), Evaluation::Commit(_)));
}

#[test]
fn the_placeholder_is_the_private_key() {
    let harness = harness();
    let activate = || RequestPayload::Activate(Box::new(ActivateRequest { unique_identifier: None }));
    for (operation, payload) in [
        (Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(ecdsa("p")))),
        (Operation::ReKeyKeyPair, {
            let (private, _) = create(&harness, V1_4, ecdsa("q"));
            RequestPayload::ReKeyKeyPair(Box::new(plain(&private.id)))
        }),
    ] {
        let items = harness.batch(V1_4, vec![(operation, payload), (Operation::Activate, activate())]);
        let activated = answer!(Activate, items.last().expect("two answers").clone()).unique_identifier;
        let record = harness.record(activated.as_text().expect("an identifier"));
        assert_eq!((record.object_type, state::at(&record, START)), (ObjectType::PrivateKey, State::Active));
    }
}

#[test]
fn a_replacement_pair_takes_names_and_attributes_over() {
    for version in [V1_1, V1_2, V1_4, V2_0, V2_1] {
        let harness = harness();
        let dates =
            [Attribute::ActivationDate(DateTime(START - 10)), Attribute::DeactivationDate(DateTime(START + 90))];
        let mut request = ecdsa("p");
        request.common_attributes = bag([ECDSA].into_iter().chain(dates));
        let (old_private, old_public) = create(&harness, version, request);
        harness.advance(50);
        let request = ReKeyKeyPairRequest { offset: Some(Interval(5)), ..plain(&old_private.id) };
        let (private, public) = rekey(&harness, version, request);
        let (old_private, old_public) = (harness.record(&old_private.id), harness.record(&old_public.id));
        assert_eq!((names(&private), names(&public)), (vec!["p-private"], vec!["p-public"]));
        assert_eq!((names(&old_private), names(&old_public)), (vec![], vec![]));
        assert!(has(&private, &SIGN) && has(&public, &VERIFY));
        let pair = [(&private, &old_private, &public.id), (&public, &old_public, &private.id)];
        for ((new, old, other), (to_other, _)) in
            pair.into_iter().zip([(LinkType::PublicKeyLink, 0), (LinkType::PrivateKeyLink, 0)])
        {
            assert_eq!(links(new), [(LinkType::ReplacedObjectLink, old.id.as_str()), (to_other, other.as_str())]);
            assert_eq!(links(old).last(), Some(&(LinkType::ReplacementObjectLink, new.id.as_str())));
            assert_eq!(new.date(Tag::ActivationDate), Some(DateTime(START + 55)));
            assert_eq!(new.date(Tag::DeactivationDate), Some(DateTime(START + 155)));
            assert_eq!(old.date(Tag::DeactivationDate), Some(DateTime(START + 90)));
            assert_eq!(
                (new.date(Tag::InitialDate), new.date(Tag::LastChangeDate)),
                (Some(DateTime(START + 50)), Some(DateTime(START + 50)))
            );
            assert_eq!(old.date(Tag::LastChangeDate), Some(DateTime(START + 50)));
            assert_eq!(state::at(old, harness.now()), State::Active);
            assert!(has(new, &Attribute::RotateGeneration(1)) && has(old, &Attribute::RotateLatest(false)));
            assert_eq!(digests(new), 2);
        }
        // What is implicit is said: the pair stays on its curve (KMIP 2.1 §4.14).
        let curve = CryptographicDomainParameters { qlength: None, recommended_curve: Some(RecommendedCurve::P_256) };
        assert!(has(&public, &Attribute::CryptographicDomainParameters(curve)));
        assert_eq!(harness.vault.held(), 4);
        all_is_whole(&harness);
    }
}

#[test]
fn attributes_of_the_request_go_to_the_key_they_name() {
    let harness = harness();
    let (old, _) = create(&harness, V2_1, ecdsa("p"));
    let contact = |text: &str| Attribute::ContactInformation(text.into());
    let request = ReKeyKeyPairRequest {
        common_attributes: bag([contact("common"), Attribute::ObjectGroup("g".into())]),
        private_key_attributes: bag([contact("private")]),
        public_key_attributes: bag([name("another")]),
        ..plain(&old.id)
    };
    let (private, public) = rekey(&harness, V2_1, request);
    assert!(has(&private, &contact("private")) && has(&public, &contact("common")));
    assert!(has(&private, &Attribute::ObjectGroup("g".into())) && has(&public, &Attribute::ObjectGroup("g".into())));
    assert_eq!((names(&private), names(&public)), (vec!["p-private"], vec!["p-public", "another"]));
    all_is_whole(&harness);
}

/// KMIP 2.1 §11.58: a reference to several private keys has each pair replaced, with an answer for each. One to a pair means it
/// once.
#[test]
fn each_pair_that_a_reference_stands_for_is_replaced() {
    let reference = |which| Some(UniqueIdentifier::Placeholder(which));
    let located = LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes: bag([Attribute::ObjectType(ObjectType::PrivateKey)]),
    };
    let locate = || (Operation::Locate, RequestPayload::Locate(Box::new(located.clone())));
    let item = |request| (Operation::ReKeyKeyPair, RequestPayload::ReKeyKeyPair(Box::new(request)));
    for version in [V2_0, V2_1] {
        let harness = harness();
        let old: Vec<_> = ["p", "q", "r"].map(|prefix| create(&harness, version, ecdsa(prefix)).0.id).into();
        let by_private_key = ReKeyKeyPairRequest {
            private_key_unique_identifier: reference(UniqueIdentifierEnumeration::Locate),
            ..plain("none")
        };
        let answers = harness.batch(version, vec![locate(), item(by_private_key)]);
        assert_eq!(answers.len(), 1 + old.len(), "KMIP {version}");
        // Locate tells the newest first.
        for (old, answer) in old.iter().rev().zip(answers.into_iter().skip(1)) {
            let answer = answer!(ReKeyKeyPair, answer);
            let (private, public) =
                records(&harness, &answer.private_key_unique_identifier, &answer.public_key_unique_identifier);
            assert!(links(&private).contains(&(LinkType::ReplacedObjectLink, old.as_str())));
            assert!(links(&public).contains(&(LinkType::PrivateKeyLink, private.id.as_str())));
        }
        let made = (Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(ecdsa("s"))));
        let pair = ReKeyKeyPairRequest {
            private_key_unique_identifier: reference(UniqueIdentifierEnumeration::CreateKeyPair),
            ..plain("none")
        };
        let answers = harness.batch(version, vec![made, item(pair)]);
        assert_eq!(answers.len(), 2, "a pair is replaced once");
        answers.into_iter().for_each(|answer| drop(success(answer)));
        all_is_whole(&harness);
    }
}

#[test]
fn pairs_that_cannot_be_replaced_are_refused() {
    let harness = harness();
    let (private, public) = create(&harness, V2_1, ecdsa("p"));
    let reason = |version, id: &str| failure(&rekey_call(&harness, version, plain(id)));
    assert_eq!(reason(V2_1, &public.id), ResultReason::InvalidObjectType);
    assert_eq!(reason(V1_4, &public.id), ResultReason::PermissionDenied);
    assert_eq!(reason(V2_1, "none"), ResultReason::ObjectNotFound);
    let offset = ReKeyKeyPairRequest {
        offset: Some(Interval(0)),
        public_key_attributes: bag([Attribute::DeactivationDate(DateTime(START + 1))]),
        ..plain(&private.id)
    };
    assert_eq!(failure(&rekey_call(&harness, V2_1, offset)), ResultReason::InvalidMessage);

    let store = |record: &Record| {
        let writes = vec![Write::Put(layout::object(CLIENT, &record.id), record.encode())];
        harness.store.commit(&[Batch { guards: Vec::new(), writes, ..Batch::default() }]).expect("the store works");
    };
    store(&Record { material: None, ..public.clone() });
    assert_eq!(reason(V2_1, &private.id), ResultReason::KeyValueNotPresent);
    store(&public);
    let mut single = private.clone();
    single.attributes.retain(|instance| !matches!(instance.attribute, Attribute::Link(_)));
    store(&single);
    assert_eq!(reason(V1_4, &private.id), ResultReason::PermissionDenied);
    store(&private);
    let request = DestroyRequest { unique_identifier: Some(UniqueIdentifier::text(&public.id)) };
    success(harness.call(V2_1, Operation::Destroy, RequestPayload::Destroy(Box::new(request))));
    assert_eq!(reason(V1_4, &private.id), ResultReason::PermissionDenied);
    assert_eq!(names(&harness.record(&private.id)), ["p-private"]);
}
