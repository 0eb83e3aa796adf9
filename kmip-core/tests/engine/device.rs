//! Work that waits for the vault's device goes to the pool for it; everything else is answered at once.

use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, Operation, Tag};
use kmip_codec::version::V2_1;
use kmip_core::engine::Evaluation;
use kmip_core::env::{Env, Pace, Share, Work};
use kmip_core::ports::vault::Waits;

use crate::requests::{Item, aes, create, get, get_attributes, locate, mask, name, register, text};
use crate::support::{CLIENT, Harness, START};

/// How a request of one item ends on a thread that serves other connections.
fn inline(harness: &Harness, client: &str, item: Item) -> Evaluation {
    at(harness, client, item, Pace::Inline)
}

fn at(harness: &Harness, client: &str, item: Item, pace: Pace) -> Evaluation {
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![item]), V2_1);
    harness.engine.evaluate(&request, client, Env::new(START, pace))
}

fn deferred(harness: &Harness, item: Item) -> Option<Work> {
    match inline(harness, CLIENT, item) {
        Evaluation::Defer(work) => Some(work),
        Evaluation::Reply(_) | Evaluation::Commit(_) => None,
    }
}

fn pair() -> Item {
    let common: Bag = [Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ECDSA)].into_iter().collect();
    let half = |usage| Some([mask(usage)].into_iter().collect());
    let request = CreateKeyPairRequest {
        common_attributes: Some(common),
        private_key_attributes: half(CryptographicUsageMask::Sign),
        public_key_attributes: half(CryptographicUsageMask::Verify),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    (Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)))
}

#[test]
fn what_makes_keys_waits_for_the_device_and_what_uses_them_only_where_it_opens_each() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[name("k")]);
    harness.item(V2_1, get(text(&id)));
    let uses = || [get(text(&id)), register(aes(&[7; 32]), &[])];
    let neither = || [locate(&[name("k")]), get_attributes(text(&id))];

    assert_eq!(deferred(&harness, create(&[])), None);
    assert!(uses().into_iter().chain(neither()).all(|item| deferred(&harness, item).is_none()));

    harness.vault.wait_for_device(Waits { to_make: true, to_use: false, prompt: false });
    assert_eq!(deferred(&harness, create(&[])), Some(Work::Device));
    assert_eq!(deferred(&harness, pair()), Some(Work::DevicePair));
    assert!(uses().into_iter().chain(neither()).all(|item| deferred(&harness, item).is_none()));

    harness.vault.wait_for_device(Waits { to_make: true, to_use: true, prompt: true });
    assert!(uses().into_iter().all(|item| deferred(&harness, item) == Some(Work::Device)));
    assert!(neither().into_iter().all(|item| deferred(&harness, item).is_none()));
}

/// A request that has had its share of a thread goes to the pool of what is left of it.
#[test]
fn the_rest_of_a_long_request_says_which_pool_it_needs() {
    let harness = Harness::new();
    harness.created(V2_1, &[name("k")]);
    harness.vault.wait_for_device(Waits { to_make: true, to_use: false, prompt: false });
    let deferred = |rest: Vec<Item>| {
        let items = [locate(&[])].into_iter().chain(rest).collect();
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
        let share = Some(Share { since: 0, is_spent: |_| true });
        match harness.engine.evaluate(&request, CLIENT, Env { share, ..Env::new(START, Pace::Inline) }) {
            Evaluation::Defer(work) => Some(work),
            Evaluation::Reply(_) | Evaluation::Commit(_) => None,
        }
    };
    assert_eq!(deferred(vec![]), None);
    assert_eq!(deferred(vec![locate(&[])]), Some(Work::Computing));
    assert_eq!(deferred(vec![locate(&[]), create(&[])]), Some(Work::Device));
    assert_eq!(deferred(vec![locate(&[]), pair(), create(&[])]), Some(Work::DevicePair));
}

/// The first request of a scope makes the scope's key, which the device seals.
#[test]
fn a_new_scope_waits_for_the_device() {
    let harness = Harness::new();
    assert!(matches!(inline(&harness, "first", locate(&[])), Evaluation::Commit(_)));
    harness.vault.wait_for_device(Waits { to_make: true, to_use: false, prompt: false });
    assert!(matches!(inline(&harness, "second", locate(&[])), Evaluation::Defer(Work::Device)));
}

#[test]
fn a_device_that_answers_at_once_is_called_by_a_thread_that_can_be_spared() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[name("k")]);
    harness.item(V2_1, get(text(&id)));
    let deferred = |item, pace| match at(&harness, CLIENT, item, pace) {
        Evaluation::Defer(work) => Some(work),
        Evaluation::Reply(_) | Evaluation::Commit(_) => None,
    };
    for prompt in [false, true] {
        harness.vault.wait_for_device(Waits { to_make: true, to_use: true, prompt });
        let waits = (!prompt).then_some(Work::Device);
        assert_eq!(deferred(get(text(&id)), Pace::Prompt), waits);
        assert_eq!(deferred(create(&[]), Pace::Prompt), waits);
        assert_eq!(deferred(get(text(&id)), Pace::Inline), Some(Work::Device));
        assert_eq!(deferred(pair(), Pace::Prompt), Some(Work::DevicePair), "a pair takes long on any device");
    }
}
