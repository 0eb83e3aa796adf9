//! What tests and measurements need to drive an engine without a server around it.

use kmip_codec::secret::SecretText;
use kmip_codec::wire::Encoding;
use sha2::{Digest, Sha256};

use crate::engine::{Engine, Evaluation, Finished, Reply};
use crate::env::{Env, PasswordCheck};
use crate::identity::Sender;
use crate::ports::store::{Store, StoreError};
use crate::ports::vault::VaultError;
use crate::request::Request;

/// There are no KMIP users: the certificate alone names a client.
pub struct NoUsers;

impl PasswordCheck for NoUsers {
    fn verify(&self, _: &SecretText, _: &str) -> bool {
        false
    }
}

/// Passwords whose hash is the hexadecimal SHA-256 of the password: fast, for tests only.
pub struct FastUsers;

impl PasswordCheck for FastUsers {
    fn verify(&self, password: &SecretText, hash: &str) -> bool {
        fast_hash(password.expose_secret()) == hash
    }

    fn hash(&self, password: &SecretText) -> Result<String, VaultError> {
        Ok(fast_hash(password.expose_secret()))
    }
}

/// What [`FastUsers`] keeps of a password.
pub fn fast_hash(password: &str) -> String {
    Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs the jobs that are due, as a server does.
pub fn run_due_jobs(engine: &Engine, store: &dyn Store, env: Env) -> Result<(), StoreError> {
    for key in engine.take_due_jobs(env, usize::MAX) {
        while let Some(evaluation) = engine.evaluate_job(&key, env) {
            let Evaluation::Commit(mut pending) = evaluation else { panic!("deferred on the pool") };
            let outcomes = store.commit(&[pending.take_batch()])?;
            engine.finish(*pending, outcomes.first().expect("invariant: one outcome for one batch"));
        }
        engine.job_ended(&key);
    }
    Ok(())
}

/// Evaluates a request of a client, commits what it changes, and gives the reply; the time must be one of the pool. TTLV came on a
/// connection whose roles can be exchanged.
pub fn answer<'a>(
    engine: &Engine,
    store: &dyn Store,
    client: &str,
    request: impl Into<Request<'a>>,
    env: Env,
) -> Result<Reply, StoreError> {
    let request = request.into();
    let has_channel = request.encoding == Encoding::Ttlv;
    answer_from(engine, store, Sender { has_channel, ..Sender::named(client) }, request, env)
}

/// The same, of a request that came from somewhere.
pub fn answer_from<'a>(
    engine: &Engine,
    store: &dyn Store,
    from: Sender<'_>,
    request: impl Into<Request<'a>>,
    env: Env,
) -> Result<Reply, StoreError> {
    let request = request.into();
    loop {
        match engine.evaluate_from(request, from, env) {
            Evaluation::Reply(reply) => return Ok(reply),
            Evaluation::Defer(_) => panic!("deferred on the pool"),
            Evaluation::Commit(mut pending) => {
                let outcomes = store.commit(&[pending.take_batch()])?;
                let outcome = outcomes.first().expect("invariant: one outcome for one batch");
                if let Finished::Reply(reply) = engine.finish(*pending, outcome) {
                    return Ok(reply);
                }
            }
        }
    }
}
