//! Usage Limits under load: many clients use one key at once, and exactly the allowed number of uses succeeds (KMIP 2.1
//! §4.59), neither one too many nor one lost, also across a restart.

use super::{CampaignError, Outcome, finding};
use crate::message::{Call, call, make, payload, reason};
use crate::server_process::{Options, Server};
use crate::tls::{Connection, Identity};
use crate::tree::{Tree, bytes, date_time, enumeration, integer, long_integer, structure, text};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, Operation, ResultReason, Tag,
    UsageLimitsUnit,
};
use kmip_codec::version::{V1_4, V2_1, Version};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Clients, each on a connection of its own.
    pub clients: usize,
    /// Uses that they attempt altogether.
    pub attempts: u64,
    /// Uses that the key permits.
    pub allowed: u64,
}

/// One block of AES.
const BLOCK: [u8; 16] = [7; 16];

/// What became of the uses.
#[derive(Debug, Default)]
struct Tally {
    left: AtomicU64,
    served: AtomicU64,
    refused: AtomicU64,
}

/// Lets the clients use one key of a new server in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let options = Options::new(&place.join("usage-limits"));
    let server = Server::start(&options)?;
    let identity = server.enroll("users")?;
    let mut owner = identity.connect(server.kmip())?;
    let key = make(&mut owner, V2_1, &create_limited(settings.allowed))?;

    let tally = Tally { left: AtomicU64::new(settings.attempts), ..Tally::default() };
    let began = Instant::now();
    use_by_all(settings.clients, &identity, server.kmip(), &key, &tally)?;
    let took = began.elapsed();

    let (served, refused) = (tally.served.into_inner(), tally.refused.into_inner());
    let permitted = settings.allowed.min(settings.attempts);
    if (served, refused) != (permitted, settings.attempts.saturating_sub(permitted)) {
        return finding(format!("{served} uses succeeded and {refused} were refused; {permitted} are permitted"));
    }
    let unused = settings.allowed.saturating_sub(permitted);
    let remaining = remaining(&mut owner, &key)?;
    if remaining != unused {
        return finding(format!("the remaining count is {remaining}, not {unused}"));
    }
    survives_a_restart(server, &options, &identity, (&key, unused))?;
    let rate = settings.attempts as f64 / took.as_secs_f64();
    Ok(format!(
        "usage-limits: {} clients, {} uses attempted, exactly {served} served and {refused} refused, {remaining} left, also \
         after a restart; {rate:.0} uses/s",
        settings.clients, settings.attempts
    ))
}

/// Create of an AES-256 key that may be used so often, active since long ago, in 2.1.
fn create_limited(allowed: u64) -> Call {
    let limits = vec![
        long_integer(Tag::UsageLimitsTotal, i64::try_from(allowed).unwrap_or(i64::MAX)),
        enumeration(Tag::UsageLimitsUnit, UsageLimitsUnit::Object.0),
    ];
    let mode = enumeration(Tag::BlockCipherMode, BlockCipherMode::ECB.0);
    let attributes = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
        integer(Tag::CryptographicUsageMask, CryptographicUsageMask::Encrypt.0.cast_signed()),
        structure(Tag::CryptographicParameters, vec![mode]),
        structure(Tag::UsageLimits, limits),
        date_time(Tag::ActivationDate, 1_000_000_000),
    ];
    let object_type = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
    Call::new(Operation::Create, vec![object_type, structure(Tag::Attributes, attributes)])
}

fn encrypt(key: &str) -> Call {
    Call::new(Operation::Encrypt, vec![text(Tag::UniqueIdentifier, key), bytes(Tag::Data, &BLOCK)])
}

/// All clients connect first, then use the key until the attempts are spent. Half of them speak 1.4.
fn use_by_all(
    clients: usize,
    identity: &Identity,
    server: SocketAddr,
    key: &str,
    tally: &Tally,
) -> Result<(), CampaignError> {
    let connections = (0..clients).map(|_| identity.connect(server)).collect::<Result<Vec<_>, _>>()?;
    thread::scope(|scope| {
        let used = |(number, connection)| {
            let version = if number % 2 == 0 { V2_1 } else { V1_4 };
            scope.spawn(move || use_until_spent(connection, version, key, tally))
        };
        let users: Vec<_> = connections.into_iter().enumerate().map(used).collect();
        users.into_iter().try_for_each(|user| match user.join() {
            Ok(outcome) => outcome,
            Err(_) => finding("a client panicked"),
        })
    })
}

fn use_until_spent(
    mut connection: Connection,
    version: Version,
    key: &str,
    tally: &Tally,
) -> Result<(), CampaignError> {
    let expected = if version == V2_1 { ResultReason::UsageLimitExceeded } else { ResultReason::PermissionDenied };
    let wanted = encrypt(key);
    while tally.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        let answer = call(&mut connection, version, &wanted)?;
        match reason(&answer) {
            None => {
                let data = payload(&answer)?.field(Tag::Data).and_then(Tree::as_bytes).unwrap_or_default();
                if data.len() != BLOCK.len() || data == BLOCK {
                    return finding("a served use gave no ciphertext");
                }
                tally.served.fetch_add(1, Ordering::Relaxed);
            }
            Some(found) if found == expected => {
                tally.refused.fetch_add(1, Ordering::Relaxed);
            }
            Some(other) => return finding(format!("a use was refused for another reason: {other}")),
        }
    }
    Ok(())
}

/// The count of the key's Usage Limits.
fn remaining(connection: &mut Connection, key: &str) -> Result<u64, CampaignError> {
    let asked = vec![text(Tag::UniqueIdentifier, key), enumeration(Tag::AttributeReference, Tag::UsageLimits.value())];
    let answer = call(connection, V2_1, &Call::new(Operation::GetAttributes, asked))?;
    let path = [Tag::Attributes, Tag::UsageLimits, Tag::UsageLimitsCount];
    match payload(&answer)?.at(&path) {
        Some(Item { value: ItemValue::LongInteger(count), .. }) => Ok(u64::try_from(*count).unwrap_or(u64::MAX)),
        _ => finding("the key tells no Usage Limits Count"),
    }
}

fn survives_a_restart(
    server: Server,
    options: &Options,
    identity: &Identity,
    (key, unused): (&str, u64),
) -> Result<(), CampaignError> {
    server.stop()?;
    let server = Server::start(options)?;
    let mut owner = identity.connect(server.kmip())?;
    let found = remaining(&mut owner, key)?;
    if found != unused {
        return finding(format!("after a restart {found} uses are left, not {unused}"));
    }
    let answer = call(&mut owner, V2_1, &encrypt(key))?;
    match (reason(&answer), unused) {
        (Some(ResultReason::UsageLimitExceeded), 0) | (None, 1..) => Ok(()),
        (reason, _) => finding(format!("after a restart, with {unused} uses left, a use ended with {reason:?}")),
    }
}
