//! What the library, its slot and its token tell about themselves.

use kmip_codec::registry::Pkcs11ReturnCode as Rv;
use kmip_codec::secret::Secret;

use super::codec::{Reader, Writer};
use super::mechanisms::MECHANISMS;
use super::sessions::{Application, MOST_SESSIONS};
use super::{Done, stop};
use crate::batch::Context;

/// The only slot.
const SLOT: u64 = 0;
/// Version of Cryptoki whose functions are known (KMIP 2.1 §6.1.37: the interface of V3.0).
const CRYPTOKI: [u8; 2] = [3, 0];
const LIBRARY: [u8; 2] = [1, 0];
const TOKEN_PRESENT: u64 = 1;
/// CKF_RNG, CKF_TOKEN_INITIALIZED, CKF_PROTECTED_AUTHENTICATION_PATH: KMIP has authenticated the client.
const TOKEN_FLAGS: u64 = 0x1 | 0x400 | 0x100;
/// What is not told: CK_UNAVAILABLE_INFORMATION.
const UNAVAILABLE: u64 = u64::MAX;

/// Refuses a slot that is not there.
pub(super) fn slot(reader: &mut Reader<'_>) -> Done<()> {
    if reader.ulong()? == SLOT { Ok(()) } else { stop(Rv::SLOT_ID_INVALID) }
}

/// C_WaitForSlotEvent: nothing ever happens to the one slot. Who would wait for it waits for ever, and is refused.
pub(super) fn wait_for_slot_event(reader: &mut Reader<'_>) -> Done<Secret> {
    const DONT_BLOCK: u64 = 1;
    let flags = reader.ulong()?;
    stop(if flags & DONT_BLOCK == 0 { Rv::FUNCTION_NOT_SUPPORTED } else { Rv::NO_EVENT })
}

pub(super) fn info(context: &Context<'_>) -> Secret {
    Writer::default()
        .raw(&CRYPTOKI)
        .padded(&context.engine.config().vendor, 32)
        .ulong(0)
        .padded("PKCS#11 through KMIP", 32)
        .raw(&LIBRARY)
        .done()
}

/// A list of numbers in a buffer of the caller, in whose size elements are counted.
fn list(numbers: &[u64], room: Option<usize>) -> Done<Secret> {
    match room {
        None => Ok(Writer::default().flag(false).count(numbers.len()).done()),
        Some(room) if room < numbers.len() => {
            Err(super::Stop::Code(Rv::BUFFER_TOO_SMALL, Writer::default().flag(false).count(numbers.len()).done()))
        }
        Some(_) => {
            let head = Writer::default().flag(true).count(numbers.len());
            Ok(numbers.iter().fold(head, |writer, number| writer.ulong(*number)).done())
        }
    }
}

pub(super) fn slot_list(reader: &mut Reader<'_>) -> Done<Secret> {
    reader.flag()?;
    let room = reader.buffer()?;
    list(&[SLOT], room)
}

pub(super) fn slot_info(context: &Context<'_>, reader: &mut Reader<'_>) -> Done<Secret> {
    slot(reader)?;
    let vendor = &context.engine.config().vendor;
    let writer = Writer::default().padded("The keys of a KMIP client", 64).padded(vendor, 32).ulong(TOKEN_PRESENT);
    Ok(writer.raw(&LIBRARY).raw(&LIBRARY).done())
}

pub(super) fn token_info(context: &Context<'_>, reader: &mut Reader<'_>, application: &Application) -> Done<Secret> {
    slot(reader)?;
    let open = application.sessions.len() as u64;
    let writing = application.sessions.values().filter(|session| session.writes).count() as u64;
    let most = MOST_SESSIONS as u64;
    let head = Writer::default()
        .padded(context.txn.scope(), 32)
        .padded(&context.engine.config().vendor, 32)
        .padded("kmip-server", 16)
        .padded("1", 16)
        .ulong(TOKEN_FLAGS);
    // Sessions, lengths of a PIN that there is not, memory that is not told.
    let numbers = [most, open, most, writing, 0, 0, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE];
    let writer = numbers.iter().fold(head, |writer, number| writer.ulong(*number));
    // Versions of hardware and firmware, and no clock.
    Ok(writer.raw(&LIBRARY).raw(&LIBRARY).raw(&[b' '; 16]).done())
}

pub(super) fn mechanism_list(reader: &mut Reader<'_>) -> Done<Secret> {
    slot(reader)?;
    let room = reader.buffer()?;
    let types: Vec<u64> = MECHANISMS.iter().map(|mechanism| mechanism.id).collect();
    list(&types, room)
}

pub(super) fn mechanism_info(reader: &mut Reader<'_>) -> Done<Secret> {
    slot(reader)?;
    let id = reader.ulong()?;
    let Some(found) = MECHANISMS.iter().find(|mechanism| mechanism.id == id) else {
        return stop(Rv::MECHANISM_INVALID);
    };
    let (least, most) = found.sizes;
    Ok(Writer::default().ulong(least).ulong(most).ulong(found.flags).done())
}
