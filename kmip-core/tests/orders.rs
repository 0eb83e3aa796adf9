//! Every order in which conflicting requests can be evaluated and committed, completely: for each order, the answers and
//! the objects left behind are those of some order one after the other, and the store is whole. Without the guards of the
//! batches this breaks, which the tests show as well.

mod support;

use kmip_codec::message::RequestMessage;
use std::collections::{BTreeMap, BTreeSet};

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{Link, Name, RevocationReason, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::encode;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, NameType, ObjectType, Operation, RevocationReasonCode,
    Tag,
};
use kmip_codec::version::V2_1;
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Evaluation, Finished, Pending};
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Store};
use kmip_core::verify::verify;
use kmip_core::{layout, state};
use support::{Blinding, CLIENT, Harness};

/// A request that runs against the others, given the identifier of the key that all are about.
type Request = fn(&str) -> (Operation, RequestPayload);

/// Whether batches are committed with their guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guards {
    On,
    Off,
}

/// Goes through all paths of a tree of choices, one run of the world for each.
#[derive(Default)]
struct Choices {
    path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    /// One of `of` branches.
    fn choose(&mut self, of: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, of));
        }
        let (chosen, branches) = self.path[self.depth];
        assert_eq!(branches, of, "a run that makes the same choices is the same run");
        self.depth += 1;
        chosen
    }

    /// Goes to the next path; false when there is none.
    fn advance(&mut self) -> bool {
        self.depth = 0;
        while let Some((chosen, of)) = self.path.pop() {
            if chosen + 1 < of {
                self.path.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

/// One request on its way.
enum Stage {
    Waiting,
    Evaluated(Box<Pending>),
    Answered(Answer),
}

#[derive(Debug, Clone)]
struct Answer {
    told: String,
    made: Option<String>,
}

/// What a run comes to, with identifiers replaced by the part that they play: equal for runs that do the same.
type Result = BTreeMap<String, Vec<String>>;

struct World {
    harness: Harness,
    key: String,
    requests: Vec<Vec<u8>>,
    stages: Vec<Stage>,
    guards: Guards,
}

impl World {
    /// A key named "one", which has seen the requests of `before`.
    fn new(before: &[Request], requests: &[Request], guards: Guards) -> Self {
        let harness = Harness::new();
        let (operation, payload) = create("");
        let Some(ResponsePayload::Create(made)) = harness.call(V2_1, operation, payload).response_payload else {
            panic!("the key is not made")
        };
        let key = made.unique_identifier.as_text().expect("an identifier").to_owned();
        for request in before {
            let (operation, payload) = request(&key);
            support::success(harness.call(V2_1, operation, payload));
        }
        let bytes = |request: &Request| {
            encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![request(&key)]), V2_1).to_vec()
        };
        let bytes: Vec<Vec<u8>> = requests.iter().map(bytes).collect();
        let stages = bytes.iter().map(|_| Stage::Waiting).collect();
        Self { harness, requests: bytes, stages, guards, key }
    }

    /// Runs all requests to their end in the order that `choices` gives.
    fn run(mut self, choices: &mut Choices) -> std::result::Result<Result, String> {
        loop {
            let open = |(at, stage): (usize, &Stage)| (!matches!(stage, Stage::Answered(_))).then_some(at);
            let open: Vec<usize> = self.stages.iter().enumerate().filter_map(open).collect();
            if open.is_empty() {
                return self.result();
            }
            self.step(open[choices.choose(open.len())]);
        }
    }

    /// Runs the requests one after the other.
    fn run_in_order(mut self, order: &[usize]) -> std::result::Result<Result, String> {
        for at in order {
            while !matches!(self.stages[*at], Stage::Answered(_)) {
                self.step(*at);
            }
        }
        self.result()
    }

    fn step(&mut self, at: usize) {
        let stage = std::mem::replace(&mut self.stages[at], Stage::Waiting);
        self.stages[at] = match stage {
            Stage::Waiting => match self.harness.engine.evaluate(&self.requests[at], CLIENT, self.harness.env()) {
                Evaluation::Reply(reply) => Stage::Answered(read(&reply.bytes)),
                Evaluation::Commit(pending) => Stage::Evaluated(pending),
                Evaluation::Defer(_) => panic!("deferred on the pool"),
            },
            Stage::Evaluated(pending) => {
                let mut batch: Batch = pending.batch().clone();
                if self.guards == Guards::Off {
                    batch.guards.clear();
                }
                let outcome = self.harness.store.commit(&[batch]).expect("the store works").remove(0);
                match self.harness.engine.finish(*pending, &outcome) {
                    Finished::Reply(reply) => Stage::Answered(read(&reply.bytes)),
                    Finished::EvaluateAgain | Finished::RanJob(_) => Stage::Waiting,
                }
            }
            answered @ Stage::Answered(_) => answered,
        };
    }

    /// Checks what must hold in every world, and tells what this one came to.
    fn result(&self) -> std::result::Result<Result, String> {
        let store = self.harness.store.as_ref();
        verify(store, self.harness.vault.as_ref(), &Blinding).map_err(|error| error.to_string())?;
        let from = layout::objects(CLIENT);
        let page = store.scan(&from, &layout::end_of(&from), 1_000).expect("the store works");
        let records: Vec<Record> =
            page.entries.iter().map(|(_, stored)| Record::decode(&stored.value).expect("a record")).collect();
        one_holder_of_a_name(&records)?;
        links_go_both_ways(&records)?;
        let mut parts: BTreeMap<String, String> = BTreeMap::from([(self.key.clone(), "the key".to_owned())]);
        let mut result = Result::new();
        for (at, stage) in self.stages.iter().enumerate() {
            let Stage::Answered(answer) = stage else { panic!("a request without an answer") };
            result.insert(format!("answer {at}"), vec![answer.told.clone()]);
            if let Some(made) = &answer.made {
                parts.insert(made.clone(), format!("made by {at}"));
            }
        }
        for record in &records {
            let part = parts.get(record.id.as_str()).ok_or("an object that no answer told")?;
            result.insert(part.clone(), described(record, &parts, self.harness.now()));
        }
        if result.len() != parts.len() + self.stages.len() {
            return Err("an object that was told is not there".to_owned());
        }
        Ok(result)
    }
}

/// What an answer says, and the identifier of the object that it made.
fn read(bytes: &[u8]) -> Answer {
    let mut message = decode_response(bytes, &Limits::DEFAULT, Strictness::Strict).expect("a response");
    let item = message.batch_item.remove(0);
    let made = match &item.response_payload {
        Some(ResponsePayload::Create(made)) => Some(&made.unique_identifier),
        Some(ResponsePayload::ReKey(made)) => Some(&made.unique_identifier),
        _ => None,
    };
    let made = made.and_then(UniqueIdentifier::as_text).map(str::to_owned);
    Answer { told: format!("{:?} {:?}", item.result_status, item.result_reason), made }
}

fn one_holder_of_a_name(records: &[Record]) -> std::result::Result<(), String> {
    let mut names = BTreeSet::new();
    let held = records.iter().filter(|record| !record.destroyed).flat_map(Record::names);
    match held.map(|name| name.value.as_str()).find(|name| !names.insert(*name)) {
        Some(name) => Err(format!("two objects have the name {name:?}")),
        None => Ok(()),
    }
}

fn links_go_both_ways(records: &[Record]) -> std::result::Result<(), String> {
    let all = |wanted: LinkType| -> BTreeSet<(String, String)> {
        let pairs = records.iter().flat_map(|record| {
            record.attributes.iter().filter_map(move |instance| match &instance.attribute {
                Attribute::Link(Link { link_type, linked_object_identifier: to }) if *link_type == wanted => {
                    Some((record.id.to_string(), to.as_text()?.to_owned()))
                }
                _ => None,
            })
        });
        pairs.collect()
    };
    let back = all(LinkType::ReplacedObjectLink).into_iter().map(|(from, to)| (to, from)).collect();
    if all(LinkType::ReplacementObjectLink) == back { Ok(()) } else { Err("a link without its counterpart".to_owned()) }
}

/// An object without what differs by chance: the key and what follows from the identifier. Several links stand in the order
/// in which they came, which is that of the requests.
fn described(record: &Record, parts: &BTreeMap<String, String>, now: i64) -> Vec<String> {
    let chance = [Tag::Digest, Tag::ShortUniqueIdentifier];
    let attributes = record.attributes.iter().filter(|instance| !chance.contains(&instance.attribute.tag()));
    let mut described: Vec<String> = attributes.map(|instance| format!("{instance:?}")).collect();
    for (id, part) in parts {
        described.iter_mut().for_each(|text| *text = text.replace(id, part));
    }
    described.sort();
    described.push(format!(
        "{:?} destroyed={} held={}",
        state::at(record, now),
        record.destroyed,
        record.material.is_some()
    ));
    described
}

/// Every order of `count` things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let insert =
            |order: Vec<usize>| (0..=order.len()).map(move |at| [&order[..at], &[next], &order[at..]].concat());
        orders.into_iter().flat_map(insert).collect()
    })
}

/// What all orders came to.
struct Explored {
    runs: usize,
    broken: Vec<String>,
}

/// Runs every order, and compares with the orders one after the other.
fn explore(before: &[Request], requests: &[Request], guards: Guards) -> Explored {
    let serial =
        |order: &Vec<usize>| World::new(before, requests, Guards::On).run_in_order(order).expect("a serial order");
    let serial: BTreeSet<Result> = permutations(requests.len()).iter().map(serial).collect();
    let (mut choices, mut explored) = (Choices::default(), Explored { runs: 0, broken: Vec::new() });
    loop {
        explored.runs += 1;
        match World::new(before, requests, guards).run(&mut choices) {
            Ok(result) if serial.contains(&result) => {}
            Ok(result) => explored.broken.push(format!("no serial order comes to {result:#?}")),
            Err(broken) => explored.broken.push(broken),
        }
        if !choices.advance() {
            return explored;
        }
    }
}

/// All orders of `requests` on a key that has seen the requests of `before`. Four that all succeed, and so conflict again and
/// again, have a million orders; of four that come to exclude each other there are some thousands.
fn check(before: &[Request], requests: &[Request]) {
    let on = explore(before, requests, Guards::On);
    assert!(on.broken.is_empty(), "{} of {} orders: {}", on.broken.len(), on.runs, on.broken[0]);
    let off = explore(before, requests, Guards::Off);
    assert!(
        !off.broken.is_empty(),
        "without guards nothing broke in {} orders: the requests do not conflict",
        off.runs
    );
    println!("{} orders with guards; without, {} of {} break", on.runs, off.broken.len(), off.runs);
    assert!(on.runs >= off.runs, "a conflict only adds steps");
}

fn target(key: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(key))
}

fn name(value: &str) -> Attribute {
    Attribute::Name(Name { value: value.into(), kind: NameType::UninterpretedTextString })
}

fn create(_: &str) -> (Operation, RequestPayload) {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        name("one"),
    ];
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes.into_iter().collect()),
        protection_storage_masks: None,
    };
    (Operation::Create, RequestPayload::Create(Box::new(request)))
}

fn rekey(key: &str) -> (Operation, RequestPayload) {
    let request =
        ReKeyRequest { unique_identifier: target(key), offset: None, attributes: None, protection_storage_masks: None };
    (Operation::ReKey, RequestPayload::ReKey(Box::new(request)))
}

fn destroy(key: &str) -> (Operation, RequestPayload) {
    (Operation::Destroy, RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier: target(key) })))
}

fn activate(key: &str) -> (Operation, RequestPayload) {
    (Operation::Activate, RequestPayload::Activate(Box::new(ActivateRequest { unique_identifier: target(key) })))
}

fn revoke_for(key: &str, revocation_reason_code: RevocationReasonCode) -> (Operation, RequestPayload) {
    let request = RevokeRequest {
        unique_identifier: target(key),
        revocation_reason: Some(RevocationReason { revocation_reason_code, revocation_message: None }),
        compromise_occurrence_date: None,
    };
    (Operation::Revoke, RequestPayload::Revoke(Box::new(request)))
}

fn rename(key: &str) -> (Operation, RequestPayload) {
    let new_attribute = Some([name("two")].into_iter().collect());
    let request = ModifyAttributeRequest { unique_identifier: target(key), current_attribute: None, new_attribute };
    (Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request)))
}

fn add(key: &str, attribute: Attribute) -> (Operation, RequestPayload) {
    let new_attribute = Some([attribute].into_iter().collect());
    let request = AddAttributeRequest { unique_identifier: target(key), new_attribute };
    (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)))
}

fn add_group(key: &str) -> (Operation, RequestPayload) {
    add(key, Attribute::ObjectGroup("group".into()))
}

fn add_contact(key: &str) -> (Operation, RequestPayload) {
    add(key, Attribute::ContactInformation("contact".into()))
}

fn revoke(key: &str) -> (Operation, RequestPayload) {
    revoke_for(key, RevocationReasonCode::CessationOfOperation)
}

fn compromise(key: &str) -> (Operation, RequestPayload) {
    revoke_for(key, RevocationReasonCode::KeyCompromise)
}

#[test]
fn replacing_destroying_and_creating_under_one_name() {
    check(&[], &[rekey, rekey, destroy, create]);
}

#[test]
fn activating_revoking_and_destroying_one_key() {
    check(&[], &[activate, revoke, compromise, destroy]);
}

#[test]
fn revoking_an_active_key_that_is_replaced() {
    check(&[activate], &[revoke, compromise, rekey, create]);
}

#[test]
fn four_objects_that_want_one_name() {
    check(&[], &[destroy, create, create, create]);
}

#[test]
fn renaming_destroying_and_replacing_one_key() {
    check(&[], &[rename, destroy, rekey, create]);
}

#[test]
fn changes_of_one_object_that_must_not_be_lost() {
    check(&[], &[add_group, add_contact, activate]);
}
