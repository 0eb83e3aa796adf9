//! Keys that a writer works with between the kills: what was encrypted, signed and authenticated before a kill still
//! decrypts and is valid after it, no acknowledged use comes back, and no operation by parts outlives its server.

use super::{CampaignError, ask, finding};
use crate::campaign::random::Random;
use crate::message::cryptographic::{
    Part, active, create_signing_pair, derive_aes, gcm, given, hmac, is_valid, register_with, sha_256, usage_limits,
    work,
};
use crate::message::{Call, get_attributes, make, payload, status};
use crate::tls::Connection;
use crate::tree::{Tree, bytes};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{CryptographicUsageMask as Mask, Operation, ResultStatus, Tag};
use kmip_codec::version::V2_1;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::io;

/// Uses that the limited key permits: more than a campaign makes.
const TOTAL: i64 = 1 << 40;
/// Works of each kind that are remembered to be looked at after the next kill.
const REMEMBERED: usize = 8;
/// Keys derived from one base: each leaves a link in it.
const OF_ONE_BASE: usize = 40;

/// What was done with a key, and can be checked.
#[derive(Debug)]
enum Done {
    /// Data, and the fields of a Decrypt that gives it back.
    Encrypted(Vec<u8>, Vec<u8>, Vec<Item>),
    /// Data and its signature.
    Signed(Vec<u8>, Vec<u8>),
    /// Data and its code.
    Authenticated(Vec<u8>, Vec<u8>),
}

/// The keys of a writer, and what it did with them.
#[derive(Debug, Default)]
pub(super) struct Tools {
    keys: Option<Keys>,
    base: Option<(String, Vec<u8>, usize)>,
    /// Uses of the limited key that were acknowledged, and those whose answer never came.
    acknowledged: i64,
    unanswered: i64,
    done: VecDeque<Done>,
    /// Correlation Values of operations that were not ended.
    open: Vec<Vec<u8>>,
    /// How much was checked after kills.
    pub(super) checked: usize,
}

#[derive(Debug, Clone)]
struct Keys {
    limited: String,
    mac: String,
    private: String,
    public: String,
}

impl Tools {
    /// Uses of the limited key that were acknowledged.
    pub(super) fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    /// One work of any kind. An error is a refusal, or a broken connection.
    pub(super) fn work(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        let keys = match &self.keys {
            Some(keys) => keys.clone(),
            None => self.keys.insert(new_keys(random, connection)?).clone(),
        };
        let length = 1 + random.below(200);
        let data = random.bytes(length);
        match random.below(4) {
            0 => self.encrypt(&keys, data, connection),
            1 => self.encrypt_by_parts(&keys, &data, random, connection),
            2 => self.sign(&keys, data, random, connection),
            _ => {
                let asked = work(Operation::MAC, &keys.mac, hmac(), &data, Vec::new(), Part::Whole);
                let code = given(&ask(connection, &asked)?, Tag::MACData)?;
                self.remember(Done::Authenticated(data, code));
                Ok(())
            }
        }
    }

    fn remember(&mut self, done: Done) {
        self.done.push_back(done);
        if self.done.len() > REMEMBERED {
            self.done.pop_front();
        }
    }

    /// Sends a request that takes one use of the limited key.
    fn charged(&mut self, asked: &Call, connection: &mut Connection) -> io::Result<Item> {
        self.unanswered += 1;
        let item = ask(connection, asked)?;
        payload(&item)?;
        self.unanswered -= 1;
        self.acknowledged += 1;
        Ok(item)
    }

    fn encrypt(&mut self, keys: &Keys, data: Vec<u8>, connection: &mut Connection) -> io::Result<()> {
        let asked = work(Operation::Encrypt, &keys.limited, gcm(true), &data, Vec::new(), Part::Whole);
        let made = self.charged(&asked, connection)?;
        let opens = opening(&made, given(&made, Tag::AuthenticatedEncryptionTag)?)?;
        self.remember(Done::Encrypted(data, given(&made, Tag::Data)?, opens));
        Ok(())
    }

    /// Three parts, of which the last sometimes never comes.
    fn encrypt_by_parts(
        &mut self,
        keys: &Keys,
        data: &[u8],
        random: &mut Random,
        connection: &mut Connection,
    ) -> io::Result<()> {
        let key = keys.limited.as_str();
        let encrypt =
            |parameters, data: &[u8], part: Part<'_>| work(Operation::Encrypt, key, parameters, data, Vec::new(), part);
        let first = self.charged(&encrypt(gcm(true), data, Part::First), connection)?;
        let value = given(&first, Tag::CorrelationValue)?;
        self.open.push(value.clone());
        let second = ask(connection, &encrypt(Vec::new(), data, Part::Middle(&value)))?;
        payload(&second)?;
        if random.once_in(4) {
            return Ok(());
        }
        let last = ask(connection, &encrypt(Vec::new(), data, Part::Last(&value)))?;
        let opens = opening(&first, given(&last, Tag::AuthenticatedEncryptionTag)?)?;
        self.open.pop();
        let pieces = [&first, &second, &last].map(|item| given(item, Tag::Data).unwrap_or_default());
        self.remember(Done::Encrypted(data.repeat(3), pieces.concat(), opens));
        Ok(())
    }

    fn sign(&mut self, keys: &Keys, data: Vec<u8>, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        let sign = |parameters, data: &[u8], part: Part<'_>| {
            work(Operation::Sign, &keys.private, parameters, data, Vec::new(), part)
        };
        let signed = if random.once_in(2) {
            ask(connection, &sign(sha_256(), &data, Part::Whole))?
        } else {
            let (start, end) = data.split_at(data.len() / 2);
            let value = given(&ask(connection, &sign(sha_256(), start, Part::First))?, Tag::CorrelationValue)?;
            ask(connection, &sign(Vec::new(), end, Part::Last(&value)))?
        };
        self.remember(Done::Signed(data, given(&signed, Tag::SignatureData)?));
        Ok(())
    }

    /// A request that derives a key, and the key that it must give.
    pub(super) fn derivation(
        &mut self,
        name: &str,
        random: &mut Random,
        connection: &mut Connection,
    ) -> io::Result<(Call, Vec<u8>)> {
        if self.base.as_ref().is_none_or(|(.., derived)| *derived >= OF_ONE_BASE) {
            let key = random.bytes(32);
            let identifier = make(connection, V2_1, &register_with(&key, active(Mask::DeriveKey)))?;
            self.base = Some((identifier, key, 0));
        }
        let Some((base, key, derived)) = &mut self.base else { return Err(io::Error::other("no base to derive from")) };
        *derived += 1;
        let data = random.bytes(24);
        let expected = Sha256::new().chain_update(key).chain_update(&data).finalize().to_vec();
        Ok((derive_aes(name, base, &data), expected))
    }

    /// After a kill: compares what the server does now with what it did before.
    pub(super) fn verify(&mut self, connection: &mut Connection) -> Result<(), CampaignError> {
        let Some(keys) = self.keys.clone() else { return Ok(()) };
        self.verify_count(&keys, connection)?;
        for done in self.done.drain(..) {
            self.checked += 1;
            holds(&keys, &done, connection)?;
        }
        for value in self.open.drain(..) {
            let part = work(Operation::Encrypt, &keys.limited, Vec::new(), b"more", Vec::new(), Part::Last(&value));
            if status(&ask(connection, &part)?) == Some(ResultStatus::Success) {
                return finding("an operation by parts goes on after its server was killed");
            }
        }
        Ok(())
    }

    /// Every acknowledged use stays taken; one without an answer may have been taken or not.
    fn verify_count(&mut self, keys: &Keys, connection: &mut Connection) -> Result<(), CampaignError> {
        let item = ask(connection, &get_attributes(&keys.limited))?;
        let count = payload(&item)?.at(&[Tag::Attributes, Tag::UsageLimits, Tag::UsageLimitsCount]);
        let Some(ItemValue::LongInteger(left)) = count.map(|count| &count.value) else {
            return finding("the limited key has no Usage Limits Count");
        };
        let taken = TOTAL - left;
        if taken < self.acknowledged || taken > self.acknowledged + self.unanswered {
            return finding(format!(
                "{taken} uses are taken: {} were acknowledged, {} not answered",
                self.acknowledged, self.unanswered
            ));
        }
        (self.acknowledged, self.unanswered) = (taken, 0);
        Ok(())
    }
}

fn new_keys(random: &mut Random, connection: &mut Connection) -> io::Result<Keys> {
    let mut limited = active(Mask::Encrypt | Mask::Decrypt);
    limited.push(usage_limits(TOTAL));
    let limited = make(connection, V2_1, &register_with(&random.bytes(32), limited))?;
    let mac = active(Mask::MACGenerate | Mask::MACVerify);
    let mac = make(connection, V2_1, &register_with(&random.bytes(32), mac))?;
    let pair = ask(connection, &create_signing_pair())?;
    let half = |tag| {
        let identifier = payload(&pair)?.field(tag).and_then(Tree::as_text).map(str::to_owned);
        identifier.ok_or_else(|| io::Error::other("no pair"))
    };
    let (private, public) = (half(Tag::PrivateKeyUniqueIdentifier)?, half(Tag::PublicKeyUniqueIdentifier)?);
    Ok(Keys { limited, mac, private, public })
}

/// The fields of a Decrypt between its data and its part.
fn opening(made: &Item, tag: Vec<u8>) -> io::Result<Vec<Item>> {
    Ok(vec![
        bytes(Tag::IVCounterNonce, &given(made, Tag::IVCounterNonce)?),
        bytes(Tag::AuthenticatedEncryptionTag, &tag),
    ])
}

/// Whether what was done still holds.
fn holds(keys: &Keys, done: &Done, connection: &mut Connection) -> Result<(), CampaignError> {
    let (what, holds) = match done {
        Done::Encrypted(plain, protected, opens) => {
            let asked = work(Operation::Decrypt, &keys.limited, gcm(false), protected, opens.clone(), Part::Whole);
            let opened = ask(connection, &asked).and_then(|item| given(&item, Tag::Data));
            ("what was encrypted", opened.is_ok_and(|opened| opened == *plain))
        }
        Done::Signed(data, signature) => {
            let claimed = vec![bytes(Tag::SignatureData, signature)];
            let asked = work(Operation::SignatureVerify, &keys.public, sha_256(), data, claimed, Part::Whole);
            ("a signature", ask(connection, &asked).and_then(|item| is_valid(&item)).unwrap_or(false))
        }
        Done::Authenticated(data, code) => {
            let claimed = vec![bytes(Tag::MACData, code)];
            let asked = work(Operation::MACVerify, &keys.mac, hmac(), data, claimed, Part::Whole);
            ("a code", ask(connection, &asked).and_then(|item| is_valid(&item)).unwrap_or(false))
        }
    };
    if holds { Ok(()) } else { finding(format!("{what} of before the kill does not hold after it")) }
}
