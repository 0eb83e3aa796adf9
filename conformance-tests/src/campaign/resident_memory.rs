//! A key that is made in a device and may not leave it never stands in the server's memory.
//!
//! Nobody can know the value of such a key, so it is looked for by what it does: every 32 bytes of the server's memory, at every
//! place, that look like a random key are tried as the AES-256 key that gives the ciphertext which the server gave. The device
//! is a process of its own, behind a socket. That the search finds a key where one is, a control in this process shows.

use super::{CampaignError, Outcome, finding};
use crate::message::cryptographic::{Part, active, given, work};
use crate::message::{Call, call, make, payload, reason};
use crate::server_process::{Options, Server};
use crate::tls::Connection;
use crate::token::{Mode, Remote, SoftHsm, device, resident, vault};
use crate::tree::{boolean, enumeration, integer, structure};
use aes::Aes256Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, ObjectType, Operation, ResultReason, Tag,
};
use kmip_codec::version::V2_1;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const KEY_BYTES: usize = 32;
/// How often the key works before the search.
const USES: u8 = 50;
/// A random key has fewer different bytes than this once in 10^9 times.
const FEWEST_BYTES: usize = 21;
/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Makes a key in a device through a new server in `place`, uses it, and searches the server's memory.
pub fn run(place: &Path) -> Outcome {
    let Some(tokens) = SoftHsm::prepare(place)? else { return not_played() };
    let Some(remote) = Remote::start(&tokens, place)? else { return not_played() };
    the_search_finds_what_is_there()?;
    let config = format!("{}{}", vault(Mode::Cached), device("remote", remote.module(), "kmip", &tokens.pin_file()));
    let environment = vec![remote.environment()];
    let options = Options { config: Some(config), environment, ..Options::new(&place.join("data")) };
    let server = Server::start(&resident(options))?;
    let mut client = server.enroll("owner")?.connect(server.kmip())?;
    let key = make(&mut client, V2_1, &create())?;
    let get = call(&mut client, V2_1, &Call::on(Operation::Get, &key))?;
    if reason(&get) != Some(ResultReason::NotExtractable) {
        return finding("the key was given out, or refused for another reason");
    }
    let mut probe = None;
    for block in 0..USES {
        let plain = [block; 16];
        probe = Some(Probe { plain, encrypted: encrypted(&mut client, &key, &plain)? });
    }
    let Some(probe) = probe else { return finding("the key was not used") };
    let Some(searched) = search(server.pid(), |_| true, &probe)? else {
        return finding("the key stands in the memory of the server");
    };
    if searched.tried == 0 {
        return finding("nothing in the memory looks like a key: the search says nothing");
    }
    payload(&call(&mut client, V2_1, &Call::on(Operation::GetAttributes, &key))?)?;
    Ok(format!(
        "resident memory: a key of the device, used {USES} times, is none of {} candidates in {} MiB of the server",
        searched.tried,
        searched.bytes >> 20
    ))
}

fn not_played() -> Outcome {
    Ok("resident memory: not played".to_owned())
}

/// Create of an active AES-256 key that is not Extractable.
fn create() -> Call {
    let mut attributes = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
        boolean(Tag::Extractable, false),
        boolean(Tag::Sensitive, true),
    ];
    attributes.extend(active(Mask::Encrypt | Mask::Decrypt));
    let object_type = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
    Call::new(Operation::Create, vec![object_type, structure(Tag::Attributes, attributes)])
}

fn encrypted(client: &mut Connection, key: &str, plain: &[u8; 16]) -> io::Result<[u8; 16]> {
    let ecb = vec![enumeration(Tag::BlockCipherMode, BlockCipherMode::ECB.0)];
    let made = call(client, V2_1, &work(Operation::Encrypt, key, ecb, plain, Vec::new(), Part::Whole))?;
    given(&made, Tag::Data)?.try_into().map_err(|_| io::Error::other("the ciphertext is not one block"))
}

/// What the key does.
struct Probe {
    plain: [u8; 16],
    encrypted: [u8; 16],
}

impl Probe {
    fn is_of(&self, key: &[u8]) -> bool {
        let mut block = Array(self.plain);
        Aes256Enc::new_from_slice(key).is_ok_and(|cipher| {
            cipher.encrypt_block(&mut block);
            block.0 == self.encrypted
        })
    }
}

#[derive(Default)]
struct Searched {
    bytes: usize,
    tried: usize,
}

/// Searches the memory of a process, in the regions that begin and end so; `None` says that the key is there.
fn search(pid: u32, wanted: impl Fn((u64, u64)) -> bool, probe: &Probe) -> io::Result<Option<Searched>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut searched = Searched::default();
    for (from, to) in regions(pid)?.into_iter().filter(|region| wanted(*region)) {
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(CHUNK).min(CHUNK);
            let mut bytes = vec![0; length];
            // A region may have gone since it was listed, and some cannot be read.
            if memory.read_exact_at(&mut bytes, at).is_err() {
                break;
            }
            searched.bytes += length;
            if is_in(&bytes, probe, &mut searched.tried) {
                return Ok(None);
            }
            if length < CHUNK {
                break;
            }
            at += (CHUNK - KEY_BYTES) as u64;
        }
    }
    Ok(Some(searched))
}

/// Readable and writable regions: what cannot be written holds no key.
fn regions(pid: u32) -> io::Result<Vec<(u64, u64)>> {
    let parse = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        rest.starts_with("rw").then_some((number(from)?, number(to)?))
    };
    Ok(fs::read_to_string(format!("/proc/{pid}/maps"))?.lines().filter_map(parse).collect())
}

/// Tries each window that has enough different bytes.
fn is_in(bytes: &[u8], probe: &Probe, tried: &mut usize) -> bool {
    let mut window = Window { counts: [0; 256], different: 0 };
    bytes.iter().take(KEY_BYTES - 1).for_each(|byte| window.enter(*byte));
    for candidate in bytes.windows(KEY_BYTES) {
        window.enter(candidate[KEY_BYTES - 1]);
        if window.different >= FEWEST_BYTES {
            *tried += 1;
            if probe.is_of(candidate) {
                return true;
            }
        }
        window.leave(candidate[0]);
    }
    false
}

/// How many different bytes a window has.
struct Window {
    counts: [usize; 256],
    different: usize,
}

impl Window {
    fn enter(&mut self, byte: u8) {
        let count = &mut self.counts[usize::from(byte)];
        *count += 1;
        self.different += usize::from(*count == 1);
    }

    fn leave(&mut self, byte: u8) {
        let count = &mut self.counts[usize::from(byte)];
        *count -= 1;
        self.different -= usize::from(*count == 0);
    }
}

/// The search must find a key: one that stands in the memory of this process, at an odd place.
fn the_search_finds_what_is_there() -> Result<(), CampaignError> {
    let mut held = Box::new([0_u8; 3 * KEY_BYTES]);
    for (byte, random) in held.iter_mut().skip(5).zip(Sha256::digest(b"a control of the search")) {
        *byte = random;
    }
    let mut probe = Probe { plain: [7; 16], encrypted: [0; 16] };
    let mut block = Array(probe.plain);
    let cipher = Aes256Enc::new_from_slice(&held[5..5 + KEY_BYTES]).map_err(io::Error::other)?;
    cipher.encrypt_block(&mut block);
    probe.encrypted = block.0;
    let place = held.as_ptr().addr() as u64;
    let own = |(from, to): (u64, u64)| from <= place && place < to;
    match search(std::process::id(), own, &probe)? {
        None => Ok(()),
        Some(_) => finding("the search does not find a key that is there"),
    }
}
