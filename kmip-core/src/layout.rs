//! The key space of the store, on one page.
//!
//! | key | value |
//! |---|---|
//! | `o/` scope NUL identifier | a managed object: [`crate::object::Record`] |
//! | `n/` scope NUL blinded name | the identifier that has the name: the guard of uniqueness |
//! | `k/` scope NUL place (4 bytes) | a key of the scope, the newest last, sealed by the vault's root key; the scope's archive has one of its own (`archive`) |
//! | `c/` client | the client's record: its scope |
//! | `l/` scope NUL identifier | units taken from the object's Usage Limits, as a counter that falls from 0 |
//! | `w/` scope NUL identifier | how often the object was used: five counts of 8 bytes (`counters`) |
//! | `u/` username | the user's record: password hash, bound client |
//! | `t/r` hash | a ticket, under the keyed hash of its value: [`crate::tickets::TicketRecord`] |
//! | `t/q` hash | requests made with a ticket, as a counter that falls from 0 |
//! | `t/u` hash place (4 bytes) | units taken from the limits of a ticket (place 0) and of its Rights, as such a counter |
//! | `t/o` username | the moving factor of the user's last one time password |
//! | `t/h` username | the timestamp of the user's last hashed password |
//! | `t/d` hash | the name of the device whose fields have this keyed hash |
//! | `q/` client NUL serial (8 bytes) | a message that waits for the client: [`crate::outgoing::Queued`] |
//! | `j/` scope NUL identifier | asynchronous items of a request: [`crate::jobs`] |
//! | `r/` scope NUL identifier | an intent: the vault's hardware is to make or to remove the object's key (`residents`) |
//! | `d/` scope NUL kind | the defaults or the constraints of new objects (`policy`) |
//! | `x/a/` SHA-256 of a certificate | the certificate (DER): a trust anchor of Validate |
//! | `x/l/` SHA-256 of an issuer's `Name` | the newest revocation list (DER) of an issuer outside |
//! | `x/h/` SHA-256 of a certificate | whom it stands for beside what its authority says: [`crate::links::LinkRecord`] |
//! | `x/c` | the certificate authority: identifier of its key NUL its certificate (DER) |
//! | `x/p` | a key that waits for its certificate: identifier NUL public key (DER) |
//! | `x/i/` serial number | what the authority issued: identifier of its key NUL scope NUL identifier of the certificate |
//!
//! Keys begin with the scope, so that one scope is one range and another scope's objects do not exist in it. Names stand
//! only as a keyed hash: a stolen disk shows none. Everything else that Locate needs is rebuilt in memory at open.
//!
//! Identifiers stand as `#` and the 16 bytes of a UUID, any other text as `.` and itself: an engine that keeps keys of few
//! bytes in the page itself, as sled does with 22, finds and changes them in a fifth less time.

use kmip_codec::inline::Text;
use sha2::{Digest, Sha256};

use crate::uuid;

/// Objects.
pub const OBJECTS: &[u8] = b"o/";
/// Names.
pub const NAMES: &[u8] = b"n/";
/// Scope keys.
pub const SCOPE_KEYS: &[u8] = b"k/";
/// Clients.
pub const CLIENTS: &[u8] = b"c/";
/// Counters of Usage Limits.
pub const USES: &[u8] = b"l/";
/// How often objects were used.
pub const COUNTS: &[u8] = b"w/";
/// Users.
pub const USERS: &[u8] = b"u/";
/// Messages that wait for clients.
pub const OUTGOING: &[u8] = b"q/";
/// Tickets and their counters, and the last uses of other credentials.
pub const TICKETS: &[u8] = b"t/";
/// Asynchronous requests.
pub const JOBS: &[u8] = b"j/";
/// Intents about keys in hardware.
pub const INTENTS: &[u8] = b"r/";

/// Trust anchors.
pub const TRUST_ANCHORS: &[u8] = b"x/a/";
/// Revocation lists.
pub const REVOCATION_LISTS: &[u8] = b"x/l/";

/// Certificates that stand for a client by themselves, or no more.
pub const LINKS: &[u8] = b"x/h/";
/// The certificate authority.
pub const AUTHORITY: &[u8] = b"x/c";
/// A key of the certificate authority that waits for its certificate.
pub const AUTHORITY_REQUEST: &[u8] = b"x/p";
/// Certificates that the authority issued.
pub const ISSUED: &[u8] = b"x/i/";
/// Defaults and constraints.
pub const DEMANDS: &[u8] = b"d/";

/// How an identifier that is a UUID begins.
const UUID: u8 = b'#';
/// How another identifier begins.
const TEXT: u8 = b'.';
/// Bytes of the keyed hash of a name.
const NAME_BYTES: usize = 16;

fn scoped(prefix: &[u8], scope: &str, rest: &[u8]) -> Vec<u8> {
    [prefix, scope.as_bytes(), b"\0", rest].concat()
}

/// What the keys of all objects of a scope begin with.
pub fn objects(scope: &str) -> Vec<u8> {
    scoped(OBJECTS, scope, b"")
}

/// Key of an object.
pub fn object(scope: &str, id: &str) -> Vec<u8> {
    identified(OBJECTS, scope, id)
}

/// Key of the counter of an object's Usage Limits.
pub fn uses(scope: &str, id: &str) -> Vec<u8> {
    identified(USES, scope, id)
}

/// Key of the counts of an object's uses.
pub fn counts(scope: &str, id: &str) -> Vec<u8> {
    identified(COUNTS, scope, id)
}

/// Key of the intent about an object's key in hardware.
pub fn intent(scope: &str, id: &str) -> Vec<u8> {
    identified(INTENTS, scope, id)
}

/// Key of what a certificate stands for.
pub fn link(fingerprint: &[u8; 32]) -> Vec<u8> {
    [LINKS, fingerprint].concat()
}

/// Key of an asynchronous request.
pub fn job(scope: &str, id: &str) -> Vec<u8> {
    identified(JOBS, scope, id)
}

fn identified(prefix: &[u8], scope: &str, id: &str) -> Vec<u8> {
    match uuid::parse(id) {
        Some(bytes) => [prefix, scope.as_bytes(), b"\0", &[UUID], &bytes].concat(),
        None => [prefix, scope.as_bytes(), b"\0", &[TEXT], id.as_bytes()].concat(),
    }
}

/// Scope and identifier of a key that [`object`], [`uses`], [`counts`], [`intent`] or [`job`] made.
pub fn owner<'a>(prefix: &[u8], key: &'a [u8]) -> Option<(&'a str, Text)> {
    let (scope, rest) = split(prefix, key)?;
    let id = match rest.split_first()? {
        (&UUID, bytes) => uuid::text(bytes.try_into().ok()?),
        (&TEXT, text) => Text::new(std::str::from_utf8(text).ok()?),
        _ => return None,
    };
    Some((scope, id))
}

/// Key of a name; `blinded` is the keyed hash of scope and name, of which 128 bits are enough to tell names apart.
pub fn name(scope: &str, blinded: &[u8; 32]) -> Vec<u8> {
    scoped(NAMES, scope, blinded.first_chunk::<NAME_BYTES>().map_or(&blinded[..], |first| first))
}

/// What is blinded for the key of a name: equal names of two scopes look different.
pub fn name_text(scope: &str, name: &str) -> Vec<u8> {
    [scope.as_bytes(), b"\0", name.as_bytes()].concat()
}

/// Key of the defaults or constraints of a scope.
pub fn demand(scope: &str, kind: &str) -> Vec<u8> {
    scoped(DEMANDS, scope, kind.as_bytes())
}

/// Key of a scope key.
pub fn scope_key(scope: &str, place: u32) -> Vec<u8> {
    scoped(SCOPE_KEYS, scope, &place.to_be_bytes())
}

/// Scope and place of a key that [`scope_key`] made.
pub fn scope_key_place(key: &[u8]) -> Option<(&str, u32)> {
    let (scope, place) = split(SCOPE_KEYS, key)?;
    Some((scope, u32::from_be_bytes(place.try_into().ok()?)))
}

/// What begins a scope key's value that tells when the key was made. The vault's own blobs begin otherwise.
const DATED: u8 = 0xD0;

/// When a scope key was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// Seconds since 1970; 0 if it is not known.
    pub at: i64,
    /// Objects that its scope had then, destroyed ones included.
    pub objects: u64,
}

/// The value of a scope key: `0xD0 ‖ seconds (8) ‖ objects (8) ‖ the vault's blob`.
pub fn scope_key_value(made: Made, sealed: &[u8]) -> Vec<u8> {
    [&[DATED][..], &made.at.to_be_bytes(), &made.objects.to_be_bytes(), sealed].concat()
}

/// What [`scope_key_value`] put together. A value from before keys had dates is the vault's blob alone.
pub fn split_scope_key_value(value: &[u8]) -> (Made, &[u8]) {
    let dated = || {
        let rest = value.strip_prefix(&[DATED])?;
        let (at, rest) = rest.split_first_chunk()?;
        let (objects, sealed) = rest.split_first_chunk()?;
        Some((Made { at: i64::from_be_bytes(*at), objects: u64::from_be_bytes(*objects) }, sealed))
    };
    dated().unwrap_or((Made::default(), value))
}

/// Key of a trust anchor with this fingerprint.
pub fn trust_anchor(fingerprint: &[u8; 32]) -> Vec<u8> {
    [TRUST_ANCHORS, fingerprint].concat()
}

/// Key of the revocation list of an issuer, whose `Name` (DER) is given.
pub fn revocation_list(issuer: &[u8]) -> Vec<u8> {
    [REVOCATION_LISTS, Sha256::digest(issuer).as_slice()].concat()
}

/// Key of what is recorded of an issued certificate.
pub fn issued(serial_number: &[u8]) -> Vec<u8> {
    [ISSUED, serial_number].concat()
}

/// Key of a client's record.
pub fn client(name: &str) -> Vec<u8> {
    [CLIENTS, name.as_bytes()].concat()
}

/// Key of a user's record.
pub fn user(name: &str) -> Vec<u8> {
    [USERS, name.as_bytes()].concat()
}

/// Key of a ticket's record.
pub fn ticket(hash: &[u8; 32]) -> Vec<u8> {
    [TICKETS, b"r", hash].concat()
}

/// The hash of a key that [`ticket`] made.
pub fn ticket_of(key: &[u8]) -> Option<[u8; 32]> {
    key.strip_prefix(TICKETS)?.strip_prefix(b"r")?.try_into().ok()
}

/// Whether a key is one that [`ticket_requests`] or [`ticket_uses`] made.
pub fn is_ticket_counter(key: &[u8]) -> bool {
    key.strip_prefix(TICKETS).is_some_and(|rest| rest.starts_with(b"q") || rest.starts_with(b"u"))
}

/// Key of the moving factor of a user's last one time password.
pub fn one_time_factor(username: &str) -> Vec<u8> {
    [TICKETS, b"o", username.as_bytes()].concat()
}

/// Key of the timestamp of a user's last hashed password.
pub fn hashed_timestamp(username: &str) -> Vec<u8> {
    [TICKETS, b"h", username.as_bytes()].concat()
}

/// Key of the name of a device.
pub fn device(hash: &[u8; 32]) -> Vec<u8> {
    [TICKETS, b"d", hash].concat()
}

/// Whether a key is one that [`device`] made.
pub fn is_device(key: &[u8]) -> bool {
    key.strip_prefix(TICKETS).is_some_and(|rest| rest.starts_with(b"d"))
}

/// Key of the counter of a ticket's requests.
pub fn ticket_requests(hash: &[u8; 32]) -> Vec<u8> {
    [TICKETS, b"q", hash].concat()
}

/// Key of the counter of a ticket's own limit (place 0), or of that of one of its Rights.
pub fn ticket_uses(hash: &[u8; 32], place: usize) -> Vec<u8> {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    [TICKETS, b"u", hash, &place.to_be_bytes()].concat()
}

/// Key of a message that waits for a client.
pub fn outgoing(client: &str, serial: u64) -> Vec<u8> {
    scoped(OUTGOING, client, &serial.to_be_bytes())
}

/// Client and serial number of a key that [`outgoing`] made.
pub fn outgoing_of(key: &[u8]) -> Option<(&str, u64)> {
    let (client, serial) = split(OUTGOING, key)?;
    Some((client, u64::from_be_bytes(serial.try_into().ok()?)))
}

/// The end of the range of keys that begin with `prefix`.
pub fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

/// Splits a key after its prefix into scope and rest.
pub fn split<'a>(prefix: &[u8], key: &'a [u8]) -> Option<(&'a str, &'a [u8])> {
    let rest = key.strip_prefix(prefix)?;
    let nul = rest.iter().position(|byte| *byte == 0)?;
    let (scope, tail) = rest.split_at_checked(nul)?;
    Some((std::str::from_utf8(scope).ok()?, tail.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_key_reads_back() {
        let uuid = "0a1b2c3d-4e5f-4071-8899-aabbccddeeff";
        assert_eq!(object("array-1", uuid).len(), "o/array-1 ".len() + 1 + 16);
        for id in [uuid, "0A1B2C3D-4E5F-4071-8899-AABBCCDDEEFF", "", "#", ".", "disk 7", "0123456789abcdef"] {
            for (prefix, key) in [
                (OBJECTS, object("array-1", id)),
                (USES, uses("array-1", id)),
                (COUNTS, counts("array-1", id)),
                (INTENTS, intent("array-1", id)),
            ] {
                assert_eq!(owner(prefix, &key), Some(("array-1", Text::new(id))), "{id}");
            }
            assert!(object("array-1", id).starts_with(&objects("array-1")));
        }
    }

    #[test]
    fn what_is_no_key_of_an_object_has_no_owner() {
        for key in [&b"o/array-1"[..], b"o/array-1\0", b"o/array-1\0#short", b"o/array-1\0?x", b"n/array-1\0.x"] {
            assert_eq!(owner(OBJECTS, key), None);
        }
    }
}
