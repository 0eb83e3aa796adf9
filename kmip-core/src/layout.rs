//! The key space of the store, on one page.
//!
//! | key | value |
//! |---|---|
//! | `o/` scope NUL identifier | a managed object: [`crate::object::Record`] |
//! | `n/` scope NUL blinded name | the identifier that has the name: the guard of uniqueness |
//! | `k/` scope NUL generation | the scope's key, sealed by the vault's root key |
//! | `c/` client | the client's record: its scope |
//! | `l/` scope NUL identifier | units taken from the object's Usage Limits, as a counter that falls from 0 |
//! | `u/` username | the user's record: password hash, bound client |
//!
//! Keys begin with the scope, so that one scope is one range and another scope's objects do not exist in it. Names stand
//! only as a keyed hash: a stolen disk shows none. Everything else that Locate needs is rebuilt in memory at open.

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
/// Users.
pub const USERS: &[u8] = b"u/";

fn scoped(prefix: &[u8], scope: &str, rest: &[u8]) -> Vec<u8> {
    [prefix, scope.as_bytes(), b"\0", rest].concat()
}

/// Key of an object.
pub fn object(scope: &str, id: &str) -> Vec<u8> {
    scoped(OBJECTS, scope, id.as_bytes())
}

/// Key of the counter of an object's Usage Limits.
pub fn uses(scope: &str, id: &str) -> Vec<u8> {
    scoped(USES, scope, id.as_bytes())
}

/// Key of a name; `blinded` is the keyed hash of scope and name.
pub fn name(scope: &str, blinded: &[u8; 32]) -> Vec<u8> {
    scoped(NAMES, scope, blinded)
}

/// What is blinded for the key of a name: equal names of two scopes look different.
pub fn name_text(scope: &str, name: &str) -> Vec<u8> {
    [scope.as_bytes(), b"\0", name.as_bytes()].concat()
}

/// Key of a scope key.
pub fn scope_key(scope: &str, generation: u32) -> Vec<u8> {
    scoped(SCOPE_KEYS, scope, &generation.to_be_bytes())
}

/// Key of a client's record.
pub fn client(name: &str) -> Vec<u8> {
    [CLIENTS, name.as_bytes()].concat()
}

/// Key of a user's record.
pub fn user(name: &str) -> Vec<u8> {
    [USERS, name.as_bytes()].concat()
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
