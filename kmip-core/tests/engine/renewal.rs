//! Renewal: everything under an older key is sealed anew while clients go on, and a pass proves that nothing is left.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::registry::Tag;
use kmip_codec::secret::Secret;
use kmip_codec::version::V2_1;
use kmip_core::engine::{Engine, Evaluation, Pending};
use kmip_core::env::{Config, Env};
use kmip_core::layout;
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::ports::vault::{Curve, KeySpec};
use kmip_core::renewal::{Outdated, RenewalError, Renewing, ScopeKeyPeriod, Step};
use kmip_core::testing::sim_vault::SimVault;

use crate::requests::*;
use crate::support::{CLIENT, Harness, START, success};

/// Steps of three records, until the end; how many were renewed.
fn walk(mut step: impl FnMut(Option<&[u8]>) -> Result<Step, RenewalError>) -> usize {
    let (mut from, mut renewed) = (None, 0);
    loop {
        let done = step(from.as_deref()).unwrap();
        assert!(done.seen <= 3);
        renewed += done.renewed;
        match done.next {
            Some(next) => from = Some(next),
            None => return renewed,
        }
    }
}

fn counted(engine: &Engine) -> (usize, usize, usize) {
    let Outdated { scope_keys, objects, outdated } = engine.count_outdated(3, |_| true).unwrap().unwrap();
    (scope_keys, objects, outdated)
}

fn with_objects() -> (Harness, Vec<String>) {
    let harness = Harness::new();
    let mut ids: Vec<String> = (0..7).map(|n| harness.created(V2_1, &[name(&format!("k{n}"))])).collect();
    ids.push(harness.registered(V2_1, aes(&[7; 32]), &[]));
    let gone = harness.created(V2_1, &[]);
    success(harness.item(V2_1, destroy(text(&gone))));
    (harness, ids)
}

fn materials(harness: &Harness, ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("{:?}", harness.item(V2_1, get(text(id))).response_payload)).collect()
}

fn evaluate(harness: &Harness, client: &str) -> Box<Pending> {
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![create(&[])]), V2_1);
    match harness.engine.evaluate(&request, client, harness.env()) {
        Evaluation::Commit(pending) => pending,
        other => panic!("{other:?}"),
    }
}

#[test]
fn scope_keys_go_under_a_new_root_key_and_objects_stay() {
    let (harness, ids) = with_objects();
    let before = materials(&harness, &ids);
    assert_eq!(counted(&harness.engine), (1, 9, 0));
    harness.vault.renew_root_key();
    assert_eq!(counted(&harness.engine), (1, 9, 1));
    let records: Vec<_> = ids.iter().map(|id| harness.record(id)).collect();
    assert_eq!(walk(|from| harness.engine.reseal_scope_keys(from, 3)), 1);
    assert_eq!(walk(|from| harness.engine.reseal_objects(from, 3)), 0);
    assert_eq!(counted(&harness.engine), (1, 9, 0));
    assert_eq!(ids.iter().map(|id| harness.record(id)).collect::<Vec<_>>(), records);
    let harness = harness.reopened(START);
    assert_eq!(materials(&harness, &ids), before);
}

#[test]
fn new_scope_keys_seal_every_object_anew_and_the_old_ones_go() {
    let (harness, ids) = with_objects();
    let before = materials(&harness, &ids);
    harness.vault.renew_root_key();
    assert_eq!(walk(|from| harness.engine.renew_scope_keys(from, 3, START)), 1);
    assert_eq!(
        walk(|from| harness.engine.renew_scope_keys(from, 3, START)),
        0,
        "one new key is enough, also after a crash"
    );
    assert_eq!(walk(|from| harness.engine.reseal_scope_keys(from, 3)), 1);
    // Nine objects, of which one is destroyed and has no material.
    assert_eq!(counted(&harness.engine), (2, 9, 8));
    assert_eq!(walk(|from| harness.engine.reseal_objects(from, 3)), 8);
    assert_eq!(walk(|from| harness.engine.reseal_objects(from, 3)), 0);
    assert_eq!(counted(&harness.engine), (2, 9, 0));
    assert_eq!(walk(|from| harness.engine.remove_older_scope_keys(from, 3)), 1);
    assert_eq!(counted(&harness.engine), (1, 9, 0));
    let prefix = layout::SCOPE_KEYS;
    assert_eq!(harness.store.scan(prefix, &layout::end_of(prefix), 10).unwrap().entries.len(), 1);
    harness.verify().expect("the store is whole");
    let harness = harness.reopened(START);
    assert_eq!(materials(&harness, &ids), before);
    success(harness.item(V2_1, create(&[])));
}

#[test]
fn a_change_that_an_older_key_sealed_is_found_before_it_is_committed() {
    let (harness, _) = with_objects();
    harness.engine.set_renewing(Some(Renewing::ScopeKeys));
    let (pending, first) = (evaluate(&harness, CLIENT), evaluate(&harness, "newcomer"));
    assert!(!harness.engine.is_outdated(&pending) && !harness.engine.is_outdated(&first));
    harness.vault.renew_root_key();
    assert!(harness.engine.is_outdated(&first), "the first key of a new scope");
    assert!(!harness.engine.is_outdated(&pending), "its scope key is the newest");
    walk(|from| harness.engine.renew_scope_keys(from, 3, START));
    assert!(harness.engine.is_outdated(&pending));
    assert!(!harness.engine.is_outdated(&evaluate(&harness, CLIENT)));
    assert!(!harness.engine.is_outdated(&evaluate(&harness, "newcomer")));
}

/// The older keys go with the end of a renewal: a change that is evaluated for longer than it lasts must not come after it.
#[test]
fn a_change_that_outlasts_a_renewal_is_evaluated_again() {
    let (harness, _) = with_objects();
    let before = evaluate(&harness, CLIENT);
    harness.engine.set_renewing(Some(Renewing::ScopeKeys));
    let meanwhile = evaluate(&harness, CLIENT);
    harness.vault.renew_root_key();
    walk(|from| harness.engine.renew_scope_keys(from, 3, START));
    walk(|from| harness.engine.reseal_scope_keys(from, 3));
    walk(|from| harness.engine.reseal_objects(from, 3));
    harness.engine.set_renewing(Some(Renewing::ScopeKeys));
    let late = evaluate(&harness, CLIENT);
    assert!(!harness.engine.is_outdated(&late), "another pass is not another renewal");
    walk(|from| harness.engine.remove_older_scope_keys(from, 3));
    harness.engine.set_renewing(None);
    for outlasted in [&before, &meanwhile, &late] {
        assert!(harness.engine.is_outdated(outlasted));
    }
    assert!(!harness.engine.is_outdated(&evaluate(&harness, CLIENT)));
}

#[test]
fn a_change_of_an_object_that_is_not_sealed_anew_yet_is_no_reason_to_wait() {
    let (harness, ids) = with_objects();
    harness.engine.set_renewing(Some(Renewing::ScopeKeys));
    harness.vault.renew_root_key();
    walk(|from| harness.engine.renew_scope_keys(from, 3, START));
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![activate(text(&ids[0]))]), V2_1);
    match harness.engine.evaluate(&request, CLIENT, harness.env()) {
        Evaluation::Commit(pending) => assert!(!harness.engine.is_outdated(&pending)),
        other => panic!("{other:?}"),
    }
}

/// A key of an authority is made beside the shell's committer. An engine whose root key is replaced while that is evaluated.
static RENEWED_MEANWHILE: LazyLock<Harness> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a pair");
    let private = Secret::copy_from(pair.to_pkcs8v1().expect("a private key").as_ref());
    let public = pair.public_key().as_der().expect("a public key");
    let spec = KeySpec::Ec { curve: Curve::P256 };
    Harness::with(Config::default(), SimVault::new(1).with_pair(spec, private, public.as_ref().to_vec()))
});
static EVALUATED: AtomicUsize = AtomicUsize::new(0);

/// The engine asks this after each item, before it commits.
fn renews_meanwhile() -> bool {
    if EVALUATED.fetch_add(1, Ordering::Relaxed) == 0 {
        RENEWED_MEANWHILE.engine.set_renewing(Some(Renewing::ScopeKeys));
    }
    false
}

/// The older keys may be gone before a change that they sealed is committed: it is evaluated again, whoever commits it.
#[test]
fn a_change_of_the_servers_own_that_a_renewal_overtakes_is_evaluated_again() {
    let harness = &*RENEWED_MEANWHILE;
    let env = Env { abandoned: Some(renews_meanwhile), ..harness.env() };
    let told = harness.engine.establish_authority("CN=Keys", "p256", 1_000, env);
    assert!(told.is_err(), "the simulated vault signs nothing");
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 2);
    assert_eq!(harness.engine.object_count(), 2, "one pair was committed");
}

/// A renewal waits for commits that have looked at its keys already.
#[test]
fn a_renewal_waits_for_commits_beside_the_committer() {
    let harness = Harness::new();
    let commits = harness.engine.commits_directly();
    let (passed, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            harness.engine.fence_direct_commits();
            passed.send(()).expect("it is waited for");
        });
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "a commit is under way");
        drop(commits);
        told.recv().expect("the last commit has ended");
    });
}

#[test]
fn a_pass_ends_when_it_is_told_to() {
    let (harness, _) = with_objects();
    let mut pages = 0;
    let pause = |_| {
        pages += 1;
        pages < 3
    };
    assert_eq!(harness.engine.count_outdated(3, pause).unwrap(), None);
    assert_eq!(pages, 3);
}

fn with_period(objects: u64, seconds: i64) -> Harness {
    let scope_key_period = ScopeKeyPeriod { objects, seconds };
    Harness::with(Config { scope_key_period, ..Config::default() }, SimVault::new(1))
}

fn renewed(harness: &Harness) -> usize {
    harness.engine.renew_spent_scope_keys(harness.now()).unwrap()
}

#[test]
fn a_scope_key_has_a_successor_after_its_objects() {
    let harness = with_period(3, 0);
    let ids: Vec<String> = (0..2).map(|_| harness.created(V2_1, &[])).collect();
    assert_eq!(renewed(&harness), 0);
    let third = harness.created(V2_1, &[]);
    success(harness.item(V2_1, destroy(text(&third))));
    assert_eq!(renewed(&harness), 1, "a destroyed object was sealed, too");
    assert_eq!(renewed(&harness), 0, "the new key has sealed nothing");
    let before = materials(&harness, &ids);
    let (later, bytes) = (harness.created(V2_1, &[]), counted(&harness.engine));
    // Two keys, four objects, of which the two that are not destroyed stand under the first key.
    assert_eq!(bytes, (2, 4, 2));
    harness.engine.set_renewing(Some(Renewing::RootKey));
    assert_eq!(counted(&harness.engine), (2, 4, 0), "a change of the root key leaves them where they are");
    harness.advance(1_000_000);
    assert_eq!(renewed(&harness), 0, "one renewal at a time");
    harness.engine.set_renewing(None);
    (0..2).for_each(|_| drop(harness.created(V2_1, &[])));
    assert_eq!(renewed(&harness), 1);
    harness.verify().expect("the store is whole");
    let harness = harness.reopened(START);
    assert_eq!(materials(&harness, &ids), before);
    success(harness.item(V2_1, get(text(&later))));
    assert_eq!(renewed(&harness), 0, "what it has sealed is known after a restart");
}

#[test]
fn a_scope_key_has_a_successor_after_its_time_if_it_has_sealed_something() {
    let harness = with_period(0, 100);
    harness.created(V2_1, &[]);
    harness.advance(99);
    assert_eq!(renewed(&harness), 0);
    harness.advance(1);
    assert_eq!(renewed(&harness), 1);
    harness.advance(1_000);
    assert_eq!(renewed(&harness), 0, "an idle scope needs no new key");
    harness.created(V2_1, &[]);
    assert_eq!(renewed(&harness), 1, "its key is old enough");
    assert_eq!(with_period(0, 0).engine.renew_spent_scope_keys(START).unwrap(), 0);
}

/// A store from before scope keys had dates.
#[test]
fn a_scope_key_without_a_date_is_read_and_has_a_successor() {
    let harness = with_period(0, 100);
    let id = harness.created(V2_1, &[]);
    let key = layout::scope_key(CLIENT, 0);
    let stored = harness.store.get(&key).unwrap().unwrap();
    let (made, sealed) = layout::split_scope_key_value(&stored.value);
    assert_eq!((made.at, made.objects), (START, 0));
    let undated = Batch { writes: vec![Write::Put(key, sealed.to_vec())], ..Batch::default() };
    harness.store.commit(&[undated]).unwrap();
    harness.verify().expect("the store is whole");
    let before = materials(&harness, std::slice::from_ref(&id));
    let harness = harness.reopened(START + 1);
    assert_eq!(materials(&harness, &[id]), before);
    assert_eq!(renewed(&harness), 1);
}
