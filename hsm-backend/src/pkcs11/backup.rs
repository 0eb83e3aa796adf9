//! The backup of a root key in M-of-N shares.
//!
//! | step | where | what |
//! |---|---|---|
//! | 1 | this process | a backup key, AES-256, for this one backup |
//! | 2 | the first device of the ceremony | wraps the root key under it while that can still be wrapped (RFC 5649, else RFC 3394) |
//! | 3 | this process | the backup key is split in N shares, of which M give it back (Shamir, GF(2^8)) |
//! | 4 | every device | the root key of the first M shares opens what the root key sealed |
//!
//! Each share carries the wrapped key, so that M of them are all that a device needs. Fewer than M tell nothing about the root
//! key. The backup key is in this process for as long as that takes, and the root key never.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::VaultError;
use rand_core::{TryRng, UnwrapErr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use super::export::with_key;
use super::trouble::Trouble;
use crate::envelope::KEY_BYTES;
use crate::hierarchy::random_secret;
use crate::random::OsRandom;

/// The form of a share file.
const FORMAT: u32 = 1;
/// The most shares of a backup: more people than that are not brought together.
pub const MOST_SHARES: u8 = 32;
/// Bytes of the number that the shares of one backup have in common.
const NUMBER_BYTES: usize = 16;
/// Bytes of the check of a file: enough against a slip of the hand, and no protection against an intent.
const CHECK_BYTES: usize = 8;

/// How many shares there are, and how many of them restore the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    threshold: u8,
    shares: u8,
}

impl Split {
    /// `threshold` of `shares`, 2 at least: one share alone would be the key.
    pub fn new(threshold: u8, shares: u8) -> Result<Self, VaultError> {
        if threshold >= 2 && threshold <= shares && shares <= MOST_SHARES {
            return Ok(Self { threshold, shares });
        }
        let text = format!("{threshold} of {shares} shares: 2 to all of at most {MOST_SHARES} restore a root key");
        Err(VaultError::Failed(text))
    }
}

/// How the root key is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Wrap {
    /// AES key wrap with padding (RFC 5649).
    #[serde(rename = "AES-KWP")]
    Kwp,
    /// AES key wrap (RFC 3394).
    #[serde(rename = "AES-KW")]
    Kw,
}

impl Wrap {
    fn mechanism(self) -> Mechanism<'static> {
        match self {
            Self::Kwp => Mechanism::AesKeyWrapPad,
            Self::Kw => Mechanism::AesKeyWrap,
        }
    }
}

/// What all shares of a backup have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Common {
    kmip_root_key_share: u32,
    /// Tells backups apart.
    #[serde(with = "hex")]
    backup: [u8; NUMBER_BYTES],
    root_label: String,
    shares: u8,
    threshold: u8,
    wrap: Wrap,
    #[serde(with = "hex")]
    wrapped_root_key: Vec<u8>,
    /// What the root key sealed, to know it by.
    #[serde(with = "hex")]
    example: Vec<u8>,
}

/// One share, as its file says it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Share {
    #[serde(flatten)]
    common: Common,
    number: u8,
    #[serde(with = "hidden")]
    secret: Secret,
    #[serde(with = "hex")]
    check: [u8; CHECK_BYTES],
}

/// Hexadecimal digits of a secret.
mod hidden {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(secret.expose_secret())))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Secret, D::Error> {
        let digits = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = hex::decode(digits.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Secret::from_zeroizing(Zeroizing::new(bytes)))
    }
}

impl Share {
    /// Reads a share file.
    pub fn parse(text: &[u8]) -> Result<Self, VaultError> {
        // What a parser says of a wrong value may hold the value.
        let share: Self = serde_json::from_slice(text)
            .map_err(|error| failed(format!("no share of a root key (line {})", error.line())))?;
        if share.common.kmip_root_key_share != FORMAT {
            return Err(failed(format!("a share of format {}, not {FORMAT}", share.common.kmip_root_key_share)));
        }
        match share.check == share.computed_check() {
            true => Ok(share),
            false => Err(failed("the share was changed or is cut off: its check does not fit".to_owned())),
        }
    }

    /// The content of its file.
    pub fn to_text(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut text = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer_pretty(&mut *text, self).map_err(|error| failed(error.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Its number, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The label of the root key when the backup was made.
    pub fn root_label(&self) -> &str {
        &self.common.root_label
    }

    fn computed_check(&self) -> [u8; CHECK_BYTES] {
        let Common { kmip_root_key_share, backup, root_label, shares, threshold, wrap, wrapped_root_key, example } =
            &self.common;
        let mut hash = Sha256::new();
        hash.update(kmip_root_key_share.to_be_bytes());
        hash.update([*shares, *threshold, u8::from(*wrap == Wrap::Kw), self.number]);
        for part in [&backup[..], root_label.as_bytes(), wrapped_root_key, example, self.secret.expose_secret()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().first_chunk().copied().unwrap_or_default()
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Share({} of {})", self.number, self.common.shares)
    }
}

/// Wraps the root key, which can still leave the session, and splits what opens it.
pub(super) fn back_up(
    session: &Session,
    root: ObjectHandle,
    root_label: &str,
    example: &[u8],
    split: Split,
) -> Result<Vec<Share>, Trouble> {
    let key = random_secret(KEY_BYTES, &mut OsRandom)?;
    let (wrap, wrapped_root_key) = with_key(session, &key, |wrapping| {
        let mut refusals = Vec::new();
        for wrap in [Wrap::Kwp, Wrap::Kw] {
            match session.wrap_key(&wrap.mechanism(), wrapping, root) {
                Ok(wrapped) => return Ok((wrap, wrapped)),
                Err(error) => refusals.push(Trouble::from(error).reason()),
            }
        }
        let text = format!("the device wraps no key for a backup: {}", refusals.join(", "));
        Err(Trouble::Refused(VaultError::Failed(text)))
    })?;
    let mut backup = [0; NUMBER_BYTES];
    OsRandom.try_fill_bytes(&mut backup)?;
    let common = Common {
        kmip_root_key_share: FORMAT,
        backup,
        root_label: root_label.to_owned(),
        shares: split.shares,
        threshold: split.threshold,
        wrap,
        wrapped_root_key,
        example: example.to_vec(),
    };
    let (threshold, shares) = (usize::from(split.threshold), usize::from(split.shares));
    let parts = Gf256::split_bytes(threshold, shares, key.expose_secret(), UnwrapErr(OsRandom));
    let parts = parts.map_err(|error| failed(format!("the backup key cannot be split: {error}")))?;
    let share = |(number, part): (u8, Vec<u8>)| {
        let secret = Secret::from_zeroizing(Zeroizing::new(part));
        let mut share = Share { common: common.clone(), number, secret, check: [0; CHECK_BYTES] };
        share.check = share.computed_check();
        share
    };
    Ok((1..).zip(parts).map(share).collect())
}

/// What enough shares of one backup give: the key under which the root key is wrapped.
pub(super) struct Restored {
    key: Secret,
    wrap: Wrap,
    wrapped: Vec<u8>,
    /// What the root key sealed.
    pub(super) example: Vec<u8>,
}

impl Restored {
    /// Joins shares. More than are needed are no error.
    pub(super) fn join(shares: &[Share]) -> Result<Self, VaultError> {
        let Some(Share { common, .. }) = shares.first() else { return Err(failed("no share is given".to_owned())) };
        if let Some(other) = shares.iter().find(|share| share.common != *common) {
            return Err(failed(format!("share {} is of another backup than the first", other.number)));
        }
        let mut distinct: Vec<&Share> = Vec::new();
        for share in shares {
            match distinct.iter().find(|known| known.number == share.number) {
                Some(known) if known.secret != share.secret => {
                    return Err(failed(format!("share {} is given twice, with different secrets", share.number)));
                }
                Some(_) => {}
                None => distinct.push(share),
            }
        }
        let threshold = usize::from(common.threshold);
        if distinct.len() < threshold {
            let text = format!("{} different shares are given, and {threshold} restore the root key", distinct.len());
            return Err(failed(text));
        }
        let parts = Zeroizing::new(
            distinct.iter().take(threshold).map(|share| share.secret.expose_secret().to_vec()).collect::<Vec<_>>(),
        );
        let joined =
            Gf256::combine_bytes(&*parts).map_err(|error| failed(format!("the shares do not join: {error}")))?;
        let key = Secret::from_zeroizing(Zeroizing::new(joined));
        if key.len() != KEY_BYTES {
            return Err(failed("the shares give a key of another length".to_owned()));
        }
        let Common { wrap, wrapped_root_key, example, .. } = common.clone();
        Ok(Self { key, wrap, wrapped: wrapped_root_key, example })
    }

    /// Makes the root key on a token.
    pub(super) fn onto(&self, session: &Session, template: &[Attribute]) -> Result<ObjectHandle, Trouble> {
        with_key(session, &self.key, |key| {
            session.unwrap_key(&self.wrap.mechanism(), key, &self.wrapped, template).map_err(|error| {
                let reason = Trouble::from(error).reason();
                let text = format!("the root key of these shares does not unwrap: {reason}");
                Trouble::Refused(VaultError::Failed(text))
            })
        })
    }
}

fn failed(text: String) -> VaultError {
    VaultError::Failed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(threshold: u8, count: u8, backup: u8) -> Vec<Share> {
        let common = Common {
            kmip_root_key_share: FORMAT,
            backup: [backup; NUMBER_BYTES],
            root_label: "root".to_owned(),
            shares: count,
            threshold,
            wrap: Wrap::Kwp,
            wrapped_root_key: vec![1; 40],
            example: vec![2; 60],
        };
        let parts = Gf256::split_bytes(threshold.into(), count.into(), [7; KEY_BYTES], UnwrapErr(OsRandom)).unwrap();
        let share = |(number, part): (u8, Vec<u8>)| {
            let secret = Secret::copy_from(&part);
            let mut share = Share { common: common.clone(), number, secret, check: [0; CHECK_BYTES] };
            share.check = share.computed_check();
            share
        };
        (1..).zip(parts).map(share).collect()
    }

    #[test]
    fn every_choice_of_enough_shares_gives_the_key_and_no_smaller_one_does() {
        let all = shares(3, 5, 1);
        for choice in 0_u32..32 {
            let chosen: Vec<Share> =
                (0..5).filter(|bit| choice & (1 << bit) != 0).map(|bit| all[bit].clone()).collect();
            match Restored::join(&chosen) {
                Ok(restored) => {
                    assert!(chosen.len() >= 3);
                    assert_eq!(restored.key, Secret::copy_from(&[7; KEY_BYTES]));
                }
                Err(error) => assert!(chosen.len() < 3, "{error}"),
            }
        }
        let thrice = [all[0].clone(), all[0].clone(), all[0].clone()];
        assert!(Restored::join(&thrice).err().unwrap().to_string().contains("1 different shares"));
    }

    #[test]
    fn shares_of_different_backups_do_not_mix() {
        let mixed = [shares(2, 2, 1)[0].clone(), shares(2, 2, 2)[1].clone()];
        assert!(Restored::join(&mixed).err().unwrap().to_string().contains("another backup"));
    }

    #[test]
    fn a_file_comes_back_and_a_changed_one_is_refused() {
        let share = shares(2, 3, 1)[2].clone();
        let text = share.to_text().unwrap();
        let read = Share::parse(&text).unwrap();
        assert_eq!((read.number(), read.root_label(), &read.secret), (3, "root", &share.secret));
        assert!(!format!("{share:?}").contains(&hex::encode(share.secret.expose_secret())));
        for at in 0..text.len() {
            let mut changed = text.to_vec();
            let byte = &mut changed[at];
            *byte = if *byte == b'0' { b'1' } else { b'0' };
            if let Ok(same) = Share::parse(&changed) {
                panic!("a change at {at} was not noticed: {same:?}");
            }
        }
        assert!(Share::parse(&text[..text.len() / 2]).is_err());
    }

    #[test]
    fn a_split_makes_sense() {
        for (threshold, shares, is_good) in [(2, 2, true), (3, 5, true), (1, 3, false), (4, 3, false), (2, 33, false)] {
            assert_eq!(Split::new(threshold, shares).is_ok(), is_good, "{threshold} of {shares}");
        }
    }
}
