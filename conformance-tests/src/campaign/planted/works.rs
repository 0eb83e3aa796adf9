//! Work with planted keys: plaintexts, derived keys and wrapped keys that must stand nowhere, and refusals that see them.

use crate::campaign::random::Random;
use crate::campaign::{CampaignError, finding};
use crate::message::cryptographic::{
    Part, active, create_signing_pair, derive_aes, gcm, given, hmac, identifiers, join, register_with, sha_256, split,
    work, wrapping,
};
use crate::message::{Call, call, make, material, payload, status};
use crate::tls::Connection;
use crate::tree::{Tree, bytes, enumeration, structure, text};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    BlockCipherMode, CryptographicUsageMask, KeyWrapType, ObjectType, Operation, ResultStatus, SplitKeyMethod, Tag,
};
use kmip_codec::version::V2_1;
use sha2::{Digest, Sha256};

/// A secret and what it is.
type Planted = (&'static str, Vec<u8>);

fn ask(client: &mut Connection, asked: &Call) -> Result<Item, CampaignError> {
    let item = call(client, V2_1, asked)?;
    payload(&item)?;
    Ok(item)
}

/// Works with a key in all ways; gives the secrets that this made.
pub(super) fn work_with(
    client: &mut Connection,
    key: &[u8],
    random: &mut Random,
) -> Result<Vec<Planted>, CampaignError> {
    let identifier = make(client, V2_1, &register_with(key, active(CryptographicUsageMask(0x000F_FFFF))))?;
    let plain = random.bytes(32);
    encrypted(client, &identifier, &plain)?;
    signed(client, &identifier, &plain)?;
    let derived = derived(client, &identifier, key, &plain)?;
    wrapped(client, &identifier, key, random)?;
    refused(client, &identifier, &plain)?;
    put_together(client, &identifier, key)?;
    let ticket = ticket(client)?;
    Ok(vec![("a plaintext", plain), ("a derived key", derived), ("a ticket", ticket)])
}

/// Encrypt and Decrypt, in one request and by parts.
fn encrypted(client: &mut Connection, key: &str, plain: &[u8]) -> Result<(), CampaignError> {
    let made = ask(client, &work(Operation::Encrypt, key, gcm(true), plain, Vec::new(), Part::Whole))?;
    let opens = [Tag::IVCounterNonce, Tag::AuthenticatedEncryptionTag];
    let opens = opens.map(|tag| given(&made, tag).map(|value| bytes(tag, &value)));
    let opens = opens.into_iter().collect::<std::io::Result<Vec<_>>>()?;
    let protected = given(&made, Tag::Data)?;
    let opened = ask(client, &work(Operation::Decrypt, key, gcm(false), &protected, opens, Part::Whole))?;
    if given(&opened, Tag::Data)? != plain {
        return finding("a planted plaintext decrypts to something else");
    }
    let begun = ask(client, &work(Operation::Encrypt, key, gcm(true), plain, Vec::new(), Part::First))?;
    let value = given(&begun, Tag::CorrelationValue)?;
    ask(client, &work(Operation::Encrypt, key, Vec::new(), plain, Vec::new(), Part::Last(&value)))?;
    // One that never ends: the server is killed with the plaintext in its memory.
    ask(client, &work(Operation::Encrypt, key, gcm(true), plain, Vec::new(), Part::First))?;
    Ok(())
}

/// Sign by parts, MAC and Hash of a secret.
fn signed(client: &mut Connection, key: &str, plain: &[u8]) -> Result<(), CampaignError> {
    let pair = ask(client, &create_signing_pair())?;
    let private = payload(&pair)?.field(Tag::PrivateKeyUniqueIdentifier).and_then(Tree::as_text).unwrap_or_default();
    let begun = ask(client, &work(Operation::Sign, private, sha_256(), plain, Vec::new(), Part::First))?;
    let value = given(&begun, Tag::CorrelationValue)?;
    ask(client, &work(Operation::Sign, private, Vec::new(), plain, Vec::new(), Part::Last(&value)))?;
    ask(client, &work(Operation::MAC, key, hmac(), plain, Vec::new(), Part::Whole))?;
    let hash = vec![structure(Tag::CryptographicParameters, sha_256()), bytes(Tag::Data, plain)];
    ask(client, &Call::new(Operation::Hash, hash)).map(drop)
}

/// Derive Key with the planted key and the plaintext as Derivation Data.
fn derived(client: &mut Connection, key: &str, bytes: &[u8], data: &[u8]) -> Result<Vec<u8>, CampaignError> {
    let identifier = make(client, V2_1, &derive_aes(&format!("derived from {key}"), key, data))?;
    let expected = Sha256::new().chain_update(bytes).chain_update(data).finalize().to_vec();
    let found = material(&ask(client, &Call::on(Operation::Get, &identifier))?)?;
    if found == expected { Ok(expected) } else { finding("a derived key is not the hash that it should be") }
}

/// The planted key leaves wrapped, is registered wrapped, used so, and unwrapped.
fn wrapped(client: &mut Connection, key: &str, plain: &[u8], random: &mut Random) -> Result<(), CampaignError> {
    let wrapping_key = active(CryptographicUsageMask::WrapKey | CryptographicUsageMask::UnwrapKey);
    let wrapping_key = make(client, V2_1, &register_with(&random.bytes(32), wrapping_key))?;
    let get = Call::new(Operation::Get, vec![text(Tag::UniqueIdentifier, key), wrapping(&wrapping_key)]);
    let left = ask(client, &get)?;
    let Some(object) = payload(&left)?.field(Tag::SymmetricKey) else { return finding("no key left wrapped") };
    let register = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        structure(Tag::Attributes, active(CryptographicUsageMask::Encrypt)),
        object.clone(),
    ];
    let again = make(client, V2_1, &Call::new(Operation::Register, register))?;
    ask(client, &work(Operation::Encrypt, &again, gcm(true), b"data", Vec::new(), Part::Whole))?;
    let unwrapped = vec![text(Tag::UniqueIdentifier, &again), enumeration(Tag::KeyWrapType, KeyWrapType::NotWrapped.0)];
    let back = material(&ask(client, &Call::new(Operation::Get, unwrapped))?)?;
    if back == plain { Ok(()) } else { finding("another key was unwrapped") }
}

/// The planted key in parts and put together again, exported, and in the archive and back.
fn put_together(client: &mut Connection, key: &str, plain: &[u8]) -> Result<(), CampaignError> {
    let parts = identifiers(&ask(client, &split(key, SplitKeyMethod::PolynomialSharingGF2_16))?)?;
    let joined = make(client, V2_1, &join(parts.iter().map(String::as_str)))?;
    for operation in [Operation::Export, Operation::Archive, Operation::Recover] {
        ask(client, &Call::on(operation, &joined))?;
    }
    let back = material(&ask(client, &Call::on(Operation::Get, &joined))?)?;
    if back == plain { Ok(()) } else { finding("the parts of a planted key give another one") }
}

/// The value of a ticket, with which whoever has it may act.
fn ticket(client: &mut Connection) -> Result<Vec<u8>, CampaignError> {
    let made = ask(client, &Call::new(Operation::Login, Vec::new()))?;
    let value = payload(&made)?.at(&[Tag::Ticket, Tag::TicketValue]).and_then(Tree::as_bytes);
    value.map_or_else(|| finding("Login gives no ticket"), |value| Ok(value.to_vec()))
}

/// Requests with the plaintext that are refused: their errors must not repeat it.
fn refused(client: &mut Connection, key: &str, plain: &[u8]) -> Result<(), CampaignError> {
    let mode = |mode: BlockCipherMode| vec![enumeration(Tag::BlockCipherMode, mode.0)];
    let odd = plain.get(..plain.len().saturating_sub(1)).unwrap_or_default();
    let requests = [
        work(Operation::Encrypt, key, mode(BlockCipherMode::CBC), plain, Vec::new(), Part::Whole),
        work(Operation::Encrypt, key, mode(BlockCipherMode::ECB), odd, Vec::new(), Part::Whole),
        work(Operation::Decrypt, key, mode(BlockCipherMode::NISTKeyWrap), plain, Vec::new(), Part::Whole),
        work(Operation::Decrypt, key, gcm(false), plain, vec![bytes(Tag::IVCounterNonce, &[1; 12])], Part::Whole),
        work(Operation::Sign, key, sha_256(), plain, Vec::new(), Part::Whole),
        work(Operation::Encrypt, key, gcm(true), plain, Vec::new(), Part::Last(plain)),
        derive_aes("refused", "no such key", plain),
    ];
    for request in &requests {
        if status(&call(client, V2_1, request)?) == Some(ResultStatus::Success) {
            return finding(format!("{} succeeds, which should be refused", request.operation));
        }
    }
    Ok(())
}
