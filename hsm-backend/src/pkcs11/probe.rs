//! What a device is and can do, found out by trying: for an operator who is about to trust it with a root key.
//!
//! Modules list what they do not do, and do what they do not list. So each mechanism that the server can use is tried with
//! temporary keys, which are session objects and leave nothing on the token; and a key made like a root key is tried for
//! ways out (`escape`).

mod trials;

use std::sync::mpsc;
use std::time::Duration;

use cryptoki::mechanism::{Mechanism, MechanismInfo, MechanismType};
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use kmip_codec::secret::SecretText;
use kmip_core::ports::vault::VaultError;
use serde::Serialize;

use super::connection::{log_in, root_usage};
use super::module::{Entered, Module};
use super::trouble::Trouble;
use super::{TokenAddress, escape, sealing};
use crate::envelope::KEY_BYTES;

/// Format of the report.
const FORMAT: u32 = 1;

/// What was found out of a device; as JSON it is the device's capability file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Format of this report.
    pub format: u32,
    /// The path of the module.
    pub module: String,
    /// What the library says of itself, with its version.
    pub library: String,
    /// Version of the PKCS#11 interface.
    pub cryptoki: String,
    /// The slot's description.
    pub slot: String,
    /// Label of the token.
    pub token: String,
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub manufacturer: String,
    /// Which model it is.
    pub model: String,
    /// Version of its hardware.
    pub hardware: String,
    /// Version of its firmware.
    pub firmware: String,
    /// How a root key would seal there; `None` if it could not.
    pub seals_by: Option<String>,
    /// Why the device is not safe for a root key; empty if it is.
    pub unsafe_because: Vec<String>,
    /// What was tried, whether the module lists it or not.
    pub trials: Vec<Trial>,
    /// What the module lists.
    pub mechanisms: Vec<Listed>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// What was tried.
    pub what: &'static str,
    /// Whether the module lists every mechanism that it needs.
    pub listed: bool,
    /// Whether it works.
    pub works: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One mechanism of the module's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name in PKCS #11, or its number where that is not known.
    pub name: String,
    /// Least size of a key, in the unit of the mechanism.
    pub least: usize,
    /// Greatest size of a key.
    pub greatest: usize,
    /// What it is for, as the module says.
    pub uses: Vec<&'static str>,
}

impl Report {
    /// Whether the device may hold a root key.
    pub fn is_fit(&self) -> bool {
        self.unsafe_because.is_empty() && self.seals_by.is_some()
    }
}

/// Probes a device, with its PIN, which is presented once. Nothing is left on the token. The error says what is wrong before
/// anything can be tried, or that the device does not answer for `patience`.
pub fn probe(address: &TokenAddress, pin: &SecretText, patience: Duration) -> Result<Report, VaultError> {
    let (address, pin) = (address.clone(), SecretText::copy_from(pin.expose_secret()));
    let (told, answer) = mpsc::channel();
    // A call that hangs cannot be called back: its thread is left behind.
    let work = move || {
        let _ = told.send(examine(&address, &pin, patience));
    };
    let spawned = std::thread::Builder::new().name("hsm-probe".to_owned()).spawn(work);
    spawned.map_err(|error| VaultError::Failed(format!("no thread for a device: {error}")))?;
    let result = answer.recv_timeout(patience);
    let result = result.map_err(|_| VaultError::Unavailable(format!("no answer within {} s", patience.as_secs())))?;
    result.map_err(|trouble| VaultError::Failed(trouble.reason()))
}

fn examine(address: &TokenAddress, pin: &SecretText, patience: Duration) -> Result<Report, Trouble> {
    address.check()?;
    let module = Module::load(&address.module)?;
    module.initialise(patience)?;
    let entered = module.enter(patience)?;
    let slot = address.find(&entered)?;
    let session = entered.open(slot)?;
    let report = within(address, &entered, slot, &session, pin);
    entered.close(session);
    report
}

fn within(
    address: &TokenAddress,
    module: &Entered<'_>,
    slot: Slot,
    session: &Session,
    pin: &SecretText,
) -> Result<Report, Trouble> {
    log_in(session, pin)?;
    let functions = module.functions();
    let (library, token) = (functions.get_library_info()?, functions.get_token_info(slot)?);
    let listed = functions.get_mechanism_list(slot)?;
    let (seals_by, mut unsafe_because) = judge(module, slot, session, &listed)?;
    let trials = trials::run(module, slot, &listed);
    let leaves = |trial: &&Trial| trial.what == trials::STAYS && trial.listed && !trial.works;
    unsafe_because.extend(trials.iter().find(leaves).and_then(|trial| trial.reason.clone()));
    let mechanisms = listed.iter().map(|mechanism| {
        let info = functions.get_mechanism_info(slot, *mechanism).ok();
        Listed {
            name: mechanism.to_string(),
            least: info.map_or(0, |info| info.min_key_size()),
            greatest: info.map_or(0, |info| info.max_key_size()),
            uses: info.as_ref().map(uses).unwrap_or_default(),
        }
    });
    Ok(Report {
        format: FORMAT,
        module: address.module.display().to_string(),
        library: format!("{} {}", library.library_description().trim_end(), library.library_version()),
        cryptoki: library.cryptoki_version().to_string(),
        slot: functions.get_slot_info(slot)?.slot_description().trim_end().to_owned(),
        token: token.label().trim_end().to_owned(),
        serial: token.serial_number().trim_end().to_owned(),
        manufacturer: token.manufacturer_id().trim_end().to_owned(),
        model: token.model().trim_end().to_owned(),
        hardware: token.hardware_version().to_string(),
        firmware: token.firmware_version().to_string(),
        seals_by,
        unsafe_because,
        trials,
        mechanisms: mechanisms.collect(),
    })
}

/// How a root key would seal, and what speaks against keeping one there.
fn judge(
    module: &Entered<'_>,
    slot: Slot,
    session: &Session,
    listed: &[MechanismType],
) -> Result<(Option<String>, Vec<String>), Trouble> {
    let mut against = Vec::new();
    let template = [Attribute::Token(false), Attribute::ValueLen((KEY_BYTES as u64).into())];
    let template: Vec<Attribute> = template.into_iter().chain(root_usage()).collect();
    let key = match session.generate_key(&Mechanism::AesKeyGen, &template) {
        Ok(key) => key,
        Err(error) => {
            let reason = Trouble::from(error).reason();
            return Ok((None, vec![format!("it makes no AES-256 key that stays on it: {reason}")]));
        }
    };
    let ways = escape::ways_out(session, listed, key);
    let seals_by = sealing::choose(key, None, |work| in_session(module, slot, work));
    let history = session.get_attributes(key, &[AttributeType::NeverExtractable, AttributeType::AlwaysSensitive]);
    // It is gone with the session at the latest.
    let _ = session.destroy_object(key);
    against.extend(ways?.into_iter().map(|way| format!("a key that must stay on it does not: {way}")));
    let history = history.unwrap_or_default();
    for (attribute, text) in [
        (Attribute::NeverExtractable(false), "CKA_NEVER_EXTRACTABLE"),
        (Attribute::AlwaysSensitive(false), "CKA_ALWAYS_SENSITIVE"),
    ] {
        if history.contains(&attribute) {
            against.push(format!("it says {text} is false of a key that it has just made to be so"));
        }
    }
    if let Err(reason) = trials::random_differs(session) {
        against.push(format!("its random generator: {reason}"));
    }
    Ok((seals_by.ok().map(|way| sealing::name(way).to_owned()), against))
}

/// Does `work` in a session of its own: a failed operation may stay active in it.
fn in_session(
    module: &Entered<'_>,
    slot: Slot,
    work: &mut dyn FnMut(&Session) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let session = module.open(slot)?;
    let result = work(&session);
    module.close(session);
    result
}

fn uses(info: &MechanismInfo) -> Vec<&'static str> {
    let flags = [
        (info.hardware(), "hardware"),
        (info.generate(), "generate"),
        (info.generate_key_pair(), "generate pair"),
        (info.encrypt(), "encrypt"),
        (info.decrypt(), "decrypt"),
        (info.sign(), "sign"),
        (info.verify(), "verify"),
        (info.digest(), "digest"),
        (info.wrap(), "wrap"),
        (MechanismInfo::unwrap(info), "unwrap"),
        (info.derive(), "derive"),
    ];
    flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}
