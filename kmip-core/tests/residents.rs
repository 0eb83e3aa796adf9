//! Keys in the vault's hardware as clients see them, and what becomes of them when the server dies at any step.

#[macro_use]
mod support;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{Name, ProtectionStorageMasks, UniqueIdentifier};
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::key_material::TransparentSymmetricKey;
use kmip_codec::object::{
    KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SecretData, SymmetricKey, TransparentKey,
};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, NameType, ObjectType, Operation,
    ProtectionStorageMask, QueryFunction, ResultReason, SecretDataType, Tag, UniqueIdentifierEnumeration,
};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_2, V2_1, Version};
use kmip_core::engine::Evaluation;
use kmip_core::env::{Config, Custody};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::resident::{Residence, ResidentKind};
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::ports::vault::{Binding, KeySpec, KeyVault};
use kmip_core::testing::sim_vault::SimVault;
use sha2::{Digest as _, Sha256};
use support::{CLIENT, Harness, failure, success};

/// The vault of a test gives a pair on P-256 where an RSA pair is asked for.
const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };

fn harness() -> Harness {
    with(Custody::Enveloped)
}

fn with(custody: Custody) -> Harness {
    Harness::with(Config { custody, ..Config::default() }, SimVault::new(1))
}

fn masks(mask: ProtectionStorageMask) -> Option<ProtectionStorageMasks> {
    Some(ProtectionStorageMasks { protection_storage_mask: vec![mask] })
}

fn request(
    algorithm: CryptographicAlgorithm,
    further: &[Attribute],
    storage: Option<ProtectionStorageMasks>,
) -> RequestPayload {
    let attributes = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
    ];
    RequestPayload::Create(Box::new(CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes.into_iter().chain(further.iter().cloned()).collect()),
        protection_storage_masks: storage,
    }))
}

fn aes(further: &[Attribute], storage: Option<ProtectionStorageMasks>) -> RequestPayload {
    request(CryptographicAlgorithm::AES, further, storage)
}

fn stays() -> RequestPayload {
    aes(&[Attribute::Extractable(false)], None)
}

fn created(item: ResponseBatchItem) -> String {
    answer!(Create, item).unique_identifier.as_text().expect("an identifier").to_owned()
}

fn create(harness: &Harness, payload: RequestPayload) -> String {
    created(harness.call(V2_1, Operation::Create, payload))
}

fn get(id: &str) -> RequestPayload {
    RequestPayload::Get(Box::new(GetRequest {
        unique_identifier: Some(UniqueIdentifier::text(id)),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    }))
}

fn destroy(harness: &Harness, id: &str) {
    let unique_identifier = Some(UniqueIdentifier::Text(id.into()));
    let request = RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier }));
    success(harness.call(V2_1, Operation::Destroy, request));
}

fn in_hardware(harness: &Harness) -> Vec<String> {
    harness.vault.residents().unwrap().into_iter().map(|object| object.id).collect()
}

fn storage(record: &Record) -> Option<ProtectionStorageMask> {
    record.attributes.iter().find_map(|instance| match instance.attribute {
        Attribute::ProtectionStorageMask(mask) => Some(mask),
        _ => None,
    })
}

#[test]
fn hardware_is_chosen_by_mask_extractability_and_configuration() {
    use ProtectionStorageMask as M;
    let unextractable = [Attribute::Extractable(false)];
    let rows: [(Custody, &[Attribute], Option<ProtectionStorageMasks>, bool); 7] = [
        (Custody::Enveloped, &[], None, false),
        (Custody::Enveloped, &[], masks(M::Hardware), true),
        (Custody::Enveloped, &[], masks(M::Software), false),
        (Custody::Enveloped, &unextractable, None, true),
        (Custody::Enveloped, &unextractable, masks(M::Software), false),
        (Custody::Resident, &[], None, true),
        (Custody::Resident, &[], masks(M::Software), false),
    ];
    for (custody, attributes, storage_masks, expected) in rows {
        let harness = with(custody);
        let told = format!("{custody:?} {attributes:?} {storage_masks:?}");
        let id = create(&harness, aes(attributes, storage_masks));
        assert_eq!(in_hardware(&harness) == [id.as_str()], expected, "{told}");
        assert_eq!(storage(&harness.record(&id)), Some(if expected { M::Hardware } else { M::Software }), "{told}");
        harness.verify().unwrap();
    }
}

#[test]
fn what_the_hardware_does_not_keep_is_refused_or_enveloped() {
    let harness = harness();
    let camellia = |further: &[Attribute], storage| request(CryptographicAlgorithm::Camellia, further, storage);
    let refused = harness.call(V2_1, Operation::Create, camellia(&[], masks(ProtectionStorageMask::Hardware)));
    assert_eq!(failure(&refused), ResultReason::ProtectionStorageUnavailable);
    let hmac = request(CryptographicAlgorithm::HMAC_SHA256, &[], masks(ProtectionStorageMask::Hardware));
    let refused = harness.call(V2_1, Operation::Create, hmac);
    assert_eq!(failure(&refused), ResultReason::ProtectionStorageUnavailable);
    assert!(refused.result_message.unwrap().as_str().contains("does not keep Hmac"));
    let elsewhere = aes(&[], masks(ProtectionStorageMask::OffPremises));
    assert_eq!(failure(&harness.call(V2_1, Operation::Create, elsewhere)), ResultReason::ProtectionStorageUnavailable);
    let id = create(&harness, camellia(&[Attribute::Extractable(false)], None));
    assert_eq!(storage(&harness.record(&id)), Some(ProtectionStorageMask::Software));
    assert_eq!(in_hardware(&harness), [""; 0]);
}

#[test]
fn a_key_that_stays_is_not_given_out_in_any_version_and_query_names_the_storage() {
    let harness = harness();
    let id = create(&harness, stays());
    let wish = |version: Version| harness.call(version, Operation::Get, get(&id));
    assert_eq!(failure(&wish(V2_1)), ResultReason::NotExtractable);
    assert_eq!(failure(&wish(V1_2)), ResultReason::PermissionDenied);
    let open = create(&harness, aes(&[], masks(ProtectionStorageMask::Hardware)));
    answer!(Get, harness.call(V2_1, Operation::Get, get(&open)));
    let query = QueryRequest { query_function: vec![QueryFunction::QueryStorageProtectionMasks], object_groups: None };
    let told = answer!(Query, harness.call(V2_1, Operation::Query, RequestPayload::Query(Box::new(query))));
    let offered = told.protection_storage_masks.unwrap().protection_storage_mask;
    assert_eq!(offered, [ProtectionStorageMask::Software, ProtectionStorageMask::Hardware]);
}

#[test]
fn a_key_is_replaced_where_it_is_and_pairs_keep_their_private_key() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let (private, public) = (pair.to_pkcs8v1().unwrap(), pair.public_key().as_der().unwrap());
    let vault = SimVault::new(1).with_pair(RSA, Secret::copy_from(private.as_ref()), public.as_ref().to_vec());
    let harness = Harness::with(Config::default(), vault);
    let id = create(&harness, aes(&[], masks(ProtectionStorageMask::Hardware)));
    let rekey = ReKeyRequest {
        unique_identifier: Some(UniqueIdentifier::text(&id)),
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    };
    let replaced = answer!(ReKey, harness.call(V2_1, Operation::ReKey, RequestPayload::ReKey(Box::new(rekey))));
    let replaced = replaced.unique_identifier.as_text().unwrap().to_owned();
    let mut expected = [id, replaced];
    expected.sort_unstable();
    assert_eq!(in_hardware(&harness), expected);
    let usage = |mask| Some([Attribute::CryptographicUsageMask(mask)].into_iter().collect());
    let of_any_algorithm = Attribute::KeyFormatType(KeyFormatType::X_509);
    let verifies = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify), of_any_algorithm];
    let request = CreateKeyPairRequest {
        common_attributes: Some([Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA)].into_iter().collect()),
        private_key_attributes: usage(CryptographicUsageMask::Sign),
        public_key_attributes: Some(verifies.into_iter().collect()),
        common_protection_storage_masks: None,
        private_protection_storage_masks: masks(ProtectionStorageMask::Hardware),
        public_protection_storage_masks: None,
    };
    let of_public = CreateKeyPairRequest {
        public_protection_storage_masks: masks(ProtectionStorageMask::Hardware),
        ..request.clone()
    };
    let made = harness.call(V2_1, Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)));
    let private = answer!(CreateKeyPair, made).private_key_unique_identifier.as_text().unwrap().to_owned();
    assert!(in_hardware(&harness).contains(&private));
    harness.verify().unwrap();
    let refused = harness.call(V2_1, Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(of_public)));
    assert_eq!(failure(&refused), ResultReason::PublicProtectionStorageUnavailable);
}

/// A wrong answer of a batch, a taken name, Undo: what was made and not stored goes, and no intent stays for it.
#[test]
fn what_is_made_and_not_stored_is_removed() {
    let harness = harness();
    let name = Attribute::Name(Name { value: "taken".into(), kind: NameType::UninterpretedTextString });
    let id = create(&harness, aes(&[name.clone(), Attribute::Extractable(false)], None));
    let refused = harness.call(V2_1, Operation::Create, aes(&[name, Attribute::Extractable(false)], None));
    failure(&refused);
    assert!(!in_hardware(&harness).is_empty());
    harness.tidy_hardware();
    assert_eq!(in_hardware(&harness), [id.as_str()]);
    let intents = harness.intents();
    assert!(intents.len() <= 4 && intents.iter().all(|intent| intent == b"make"), "{intents:?}");
    let report = harness.engine.reconcile().unwrap();
    assert_eq!((report.orphans, report.missing, report.complete), (vec![], vec![], true));
}

/// The server may not commit what it has evaluated: its time was over, or a root key was replaced meanwhile.
#[test]
fn what_is_made_and_never_committed_is_removed_unless_it_may_be_stored() {
    let harness = harness();
    let known = create(&harness, stays());
    let made = |harness: &Harness| in_hardware(harness).into_iter().filter(|id| *id != known).count();
    let request = RequestMessage::continuing(V2_1, vec![(Operation::Create, stays())]);
    let request = encode(Tag::RequestMessage, &request, V2_1);
    let pending = || match harness.engine.evaluate(&request, CLIENT, harness.env()) {
        Evaluation::Commit(pending) => pending,
        other => panic!("{other:?}"),
    };
    drop(pending());
    assert_eq!(made(&harness), 1);
    harness.tidy_hardware();
    assert_eq!(made(&harness), 0);
    let mut handed_out = pending();
    handed_out.take_batch();
    drop(handed_out);
    harness.tidy_hardware();
    assert_eq!(made(&harness), 1, "a store that failed may have it");
}

#[test]
fn destroying_removes_the_key_after_the_change_is_durable() {
    let harness = harness();
    let id = create(&harness, stays());
    harness.vault.fail_next(0);
    destroy(&harness, &id);
    assert_eq!(in_hardware(&harness), [id.as_str()], "the device has time");
    assert!(harness.intents().contains(&b"remove".to_vec()));
    harness.vault.fail_next(1);
    harness.tidy_hardware();
    assert_eq!(in_hardware(&harness), [id.as_str()], "a device that fails is asked again");
    harness.tidy_hardware();
    assert_eq!(in_hardware(&harness), [""; 0]);
    assert!(!harness.intents().contains(&b"remove".to_vec()));
}

/// A device that makes a key and does not say so: under the identifier no second one is made, and the first goes.
#[test]
fn a_key_that_a_device_may_have_made_is_not_made_again() {
    let harness = harness();
    let known = create(&harness, stays());
    harness.vault.make_and_fail_next();
    failure(&harness.call(V2_1, Operation::Create, stays()));
    let made: Vec<String> = in_hardware(&harness).into_iter().filter(|id| *id != known).collect();
    assert_eq!(made.len(), 1);
    let next: Vec<String> = (0..4).map(|_| create(&harness, stays())).collect();
    assert!(!next.contains(&made[0]), "the identifier is used again");
    harness.vault.fail_next(1);
    harness.tidy_hardware();
    harness.tidy_hardware();
    assert!(!in_hardware(&harness).contains(&made[0]), "what was made stays for ever");
    assert_eq!(in_hardware(&harness).len(), 5);
    assert_eq!(harness.engine.reconcile().unwrap().orphans, []);
}

/// The server dies after the device made a key and before its record is stored; then between the destruction of an object
/// and the removal of its key.
#[test]
fn a_crash_leaves_nothing_behind() {
    let harness = harness();
    let kept = create(&harness, stays());
    let gone = create(&harness, stays());
    let message = RequestMessage::continuing(V2_1, vec![(Operation::Create, stays())]);
    let bytes = encode(Tag::RequestMessage, &message, V2_1);
    let Evaluation::Commit(lost) = harness.engine.evaluate(&bytes, CLIENT, harness.env()) else { panic!("no change") };
    drop(lost);
    destroy(&harness, &gone);
    assert_eq!(in_hardware(&harness).len(), 3);

    let harness = harness.reopened(support::START + 1);
    let report = harness.engine.settle_intents().unwrap();
    assert_eq!(report.removed_destroyed, [(CLIENT.to_owned(), gone)]);
    assert_eq!((report.removed_unstored.len(), report.unsettled.len()), (1, 0));
    assert_eq!(in_hardware(&harness), [kept.as_str()]);
    assert_eq!(harness.intents(), [b""; 0]);
    harness.verify().unwrap();
    create(&harness, stays());
    assert_eq!(harness.engine.settle_intents().unwrap(), Default::default(), "intents of this process are its own");
}

#[test]
fn an_intent_that_the_device_cannot_settle_stays() {
    let harness = harness();
    let gone = create(&harness, stays());
    destroy(&harness, &gone);
    let harness = harness.reopened(support::START + 1);
    harness.vault.fail_next(10);
    let report = harness.engine.settle_intents().unwrap();
    assert!(report.unsettled.iter().any(|(_, id, why)| *id == gone && why.contains("simulated")), "{report:?}");
    harness.vault.fail_next(0);
    assert_eq!(harness.engine.settle_intents().unwrap().removed_destroyed.len(), 1);
    assert_eq!(in_hardware(&harness), [""; 0]);
}

#[test]
fn what_does_not_agree_is_told_and_not_touched() {
    let harness = harness();
    let kept = create(&harness, stays());
    let lost = create(&harness, stays());
    let what = Residence { kind: ResidentKind::Aes { bits: 128 }, sensitive: true, extractable: false };
    harness.vault.generate_resident(what, Binding { scope: CLIENT, id: "orphan", spec: b"" }).unwrap();
    harness.vault.remove_resident(CLIENT, &lost).unwrap();
    let report = harness.engine.reconcile().unwrap();
    assert_eq!(report.missing, [(CLIENT.to_owned(), lost)]);
    assert_eq!(report.orphans.iter().map(|object| object.id.as_str()).collect::<Vec<_>>(), ["orphan"]);
    assert_eq!(in_hardware(&harness), [kept.as_str(), "orphan"].map(str::to_owned));
}

/// An intent of another server that was settled away makes the commit conflict; the request is evaluated anew.
#[test]
fn a_lost_intent_makes_a_new_key() {
    let harness = harness();
    create(&harness, stays());
    let from = layout::INTENTS;
    let page = harness.store.scan(from, &layout::end_of(from), 10).unwrap();
    let writes = page.entries.iter().map(|(key, _)| Write::Delete(key.clone())).collect();
    harness.store.commit(&[Batch { writes, ..Batch::default() }]).unwrap();
    let id = create(&harness, stays());
    harness.tidy_hardware();
    assert!(in_hardware(&harness).contains(&id));
    assert_eq!(in_hardware(&harness).len(), 2);
}

/// More keys than intents are made ready at once, and a rest of ready ones that is too small.
#[test]
fn a_batch_makes_as_many_keys_as_it_asks_for() {
    let harness = harness();
    create(&harness, stays());
    let items = (0..9).map(|_| (Operation::Create, stays())).collect();
    let made: Vec<String> = harness.batch(V2_1, items).into_iter().map(created).collect();
    assert_eq!(made.len(), 9);
    assert!(made.iter().all(|id| in_hardware(&harness).contains(id)));
    assert_eq!(in_hardware(&harness).len(), 10, "a key was made that nobody has");
    assert!(harness.engine.tidy_hardware().is_none());
    harness.verify().unwrap();
}

/// Items that are repeated make more keys than the request seemed to need, before and behind the first that it makes.
#[test]
fn an_item_for_several_objects_makes_as_many_keys() {
    let harness = harness();
    let before: Vec<String> = (0..6).map(|_| create(&harness, stays())).collect();
    let locate = LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes: None,
    };
    let rekey = ReKeyRequest {
        unique_identifier: Some(UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::Locate)),
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    };
    let items = vec![
        (Operation::Create, stays()),
        (Operation::Locate, RequestPayload::Locate(Box::new(locate))),
        (Operation::ReKey, RequestPayload::ReKey(Box::new(rekey))),
    ];
    let answers = harness.batch(V2_1, items);
    assert_eq!(answers.len(), 2 + before.len() + 1, "the key that the batch made is found, too");
    for item in answers.into_iter().skip(2) {
        let id = answer!(ReKey, item).unique_identifier.as_text().unwrap().to_owned();
        assert!(in_hardware(&harness).contains(&id));
    }
    // What was made before the request came again goes.
    harness.tidy_hardware();
    assert_eq!(in_hardware(&harness).len(), 14, "a key was made that nobody has");
    harness.verify().unwrap();
}

fn register(
    object: ManagedObject,
    attributes: &[Attribute],
    storage: Option<ProtectionStorageMasks>,
) -> RequestPayload {
    RequestPayload::Register(Box::new(RegisterRequest {
        object_type: object.object_type(),
        attributes: Some(attributes.iter().cloned().collect()),
        object: Some(object),
        protection_storage_masks: storage,
    }))
}

fn key_block(format: KeyFormatType, material: KeyMaterial, algorithm: CryptographicAlgorithm, bits: i32) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material: material, attributes: None }))),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(bits),
        key_wrapping_data: None,
    }
}

fn aes_key(format: KeyFormatType) -> ManagedObject {
    let key = Secret::copy_from(&[7; 16]);
    let material = match format {
        KeyFormatType::TransparentSymmetricKey => {
            KeyMaterial::Transparent(Box::new(TransparentKey::Symmetric(TransparentSymmetricKey { key })))
        }
        _ => KeyMaterial::Bytes(key),
    };
    let key_block = key_block(format, material, CryptographicAlgorithm::AES, 128);
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

fn registered(harness: &Harness, payload: RequestPayload) -> String {
    let answer = answer!(Register, harness.call(V2_1, Operation::Register, payload));
    answer.unique_identifier.as_text().expect("an identifier").to_owned()
}

fn digests(record: &Record) -> Vec<Vec<u8>> {
    let digest = |attribute: &Attribute| match attribute {
        Attribute::Digest(digest) => Some(digest.digest_value.as_ref()?.as_slice().to_vec()),
        _ => None,
    };
    record.attributes.iter().filter_map(|instance| digest(&instance.attribute)).collect()
}

#[test]
fn a_registered_key_goes_into_hardware_and_leaves_in_its_own_form() {
    let harness = harness();
    for format in [KeyFormatType::Raw, KeyFormatType::TransparentSymmetricKey] {
        let open = register(aes_key(format), &[], masks(ProtectionStorageMask::Hardware));
        let id = registered(&harness, open);
        let record = harness.record(&id);
        assert!(in_hardware(&harness).contains(&id));
        assert_eq!(storage(&record), Some(ProtectionStorageMask::Hardware));
        assert_eq!(digests(&record).first().unwrap(), Sha256::digest([7; 16]).as_slice());
        let object = answer!(Get, harness.call(V2_1, Operation::Get, get(&id))).object;
        assert_eq!(object.key_block().unwrap().key_value, aes_key(format).key_block().unwrap().key_value, "{format}");
        let stays = register(aes_key(format), &[Attribute::Extractable(false)], None);
        let id = registered(&harness, stays);
        assert!(in_hardware(&harness).contains(&id));
        assert_eq!(failure(&harness.call(V2_1, Operation::Get, get(&id))), ResultReason::NotExtractable);
    }
    assert!(harness.engine.tidy_hardware().is_none());
    harness.verify().unwrap();
}

#[test]
fn what_hardware_does_not_take_is_registered_in_software_or_refused() {
    let secret = || {
        let material = KeyMaterial::Bytes(Secret::copy_from(b"secret"));
        let mut key_block = key_block(KeyFormatType::Opaque, material, CryptographicAlgorithm::AES, 128);
        (key_block.cryptographic_algorithm, key_block.cryptographic_length) = (None, None);
        ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Password, key_block }))
    };
    let harness = with(Custody::Resident);
    let id = registered(&harness, register(secret(), &[], None));
    assert_eq!(storage(&harness.record(&id)), Some(ProtectionStorageMask::Software));
    let id = registered(&harness, register(aes_key(KeyFormatType::Raw), &[], masks(ProtectionStorageMask::Software)));
    assert_eq!(storage(&harness.record(&id)), Some(ProtectionStorageMask::Software));
    // Tokens do HMAC with keys made for it only: one that clients may use so goes there if they ask.
    let mac = [Attribute::CryptographicUsageMask(CryptographicUsageMask::MACGenerate)];
    let id = registered(&harness, register(aes_key(KeyFormatType::Raw), &mac, None));
    assert_eq!(storage(&harness.record(&id)), Some(ProtectionStorageMask::Software));
    assert_eq!(in_hardware(&harness), [""; 0]);
    let asked =
        registered(&harness, register(aes_key(KeyFormatType::Raw), &mac, masks(ProtectionStorageMask::Hardware)));
    let usual = registered(&harness, register(aes_key(KeyFormatType::Raw), &[], None));
    assert!([asked, usual].iter().all(|id| in_hardware(&harness).contains(id)));
    let refused = register(secret(), &[], masks(ProtectionStorageMask::Hardware));
    let refused = harness.call(V2_1, Operation::Register, refused);
    assert_eq!(failure(&refused), ResultReason::ProtectionStorageUnavailable);
    assert_eq!(in_hardware(&harness).len(), 2);
}

#[test]
fn hardware_computes_the_digest_of_a_key_that_it_made() {
    let harness = harness();
    let id = create(&harness, aes(&[], masks(ProtectionStorageMask::Hardware)));
    let object = answer!(Get, harness.call(V2_1, Operation::Get, get(&id))).object;
    let Some(KeyValue::Plain(value)) = &object.key_block().unwrap().key_value else { panic!("a wrapped key") };
    let KeyMaterial::Bytes(bytes) = &value.key_material else { panic!("a transparent key") };
    assert_eq!(digests(&harness.record(&id)), [Sha256::digest(bytes.expose_secret()).to_vec()]);
}
