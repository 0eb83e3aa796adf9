//! The ceremony that makes one root key on every device of a group.
//!
//! A root key cannot leave its token, so it cannot be copied later: all devices get it when it is made, and so does its backup,
//! from which another device can get it ([`backup`]).
//!
//! | step | where | what (PKCS #11 v2.40) |
//! |---|---|---|
//! | 1 | every device | login, no key of the label, mechanisms |
//! | 2 | first device | a temporary AES-256 key: a session object, sensitive, and the only one that may be wrapped |
//! | 3 | each device | a temporary RSA-3072 pair, whose private half stays there and only unwraps (`C_GenerateKeyPair`) |
//! | 4 | first device | the temporary key is wrapped for each device (`C_WrapKey`, RSA-OAEP with SHA-256, else with SHA-1) |
//! | 5 | each device | it is unwrapped as the root key: sensitive, not extractable, a token object (`C_UnwrapKey`) |
//! | 6 | every device | it cannot leave (`escape`), and each opens what the first seals |
//! | 7 | first device, then every device | if a backup is wanted: it is made, and restored on trial |
//!
//! The key is in this process only as what RSA-OAEP wrapped. Temporary keys are session objects: whenever the ceremony is
//! broken off, they are gone with it. A root key that was made before a later step failed is removed again. A ceremony that a
//! crash broke off is told by the [`Record`] that stood before any device made a key: [`clear_unfinished`] removes what it left.

use std::sync::Arc;
use std::time::Duration;

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::VaultError;

use super::TokenAddress;
use super::backup::{self, Restored, Share, Split};
use super::connection::{log_in, must_stay, root_search, root_usage};
use super::module::{Entered, Module};
use super::sealing::{self, RootKey};
use super::trouble::Trouble;
use crate::envelope::KEY_BYTES;
use crate::hierarchy::{Purpose, RootKind};

/// Bits of the transport keys: as strong as 128 bits (NIST SP 800-57 Part 1 §5.6.1.1).
const TRANSPORT_BITS: u64 = 3072;

/// Whether keys stay on the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Everything is done with session objects, and nothing is left.
    Only,
    /// The root key is made.
    No,
}

/// What a ceremony did on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Name of the device.
    pub device: String,
    /// How it got the key.
    pub transport: &'static str,
    /// How it seals.
    pub seals_by: &'static str,
}

/// A device that takes part.
struct Member {
    address: TokenAddress,
    module: Arc<Module>,
    slot: Slot,
}

/// A device with a session.
struct Present<'a> {
    name: &'a str,
    entered: Entered<'a>,
    slot: Slot,
    session: Session,
    mechanisms: Vec<MechanismType>,
}

/// A backup that a ceremony is to make.
pub struct Backup<'a> {
    /// How many shares.
    pub split: Split,
    /// Keeps the shares; if it fails, no device keeps the root key. Not called in a rehearsal.
    pub keep: &'a mut dyn FnMut(&[Share]) -> Result<(), String>,
}

/// A durable record that a ceremony is under way. A key is removed only from devices that a record names, and a record is
/// begun only once none of them has a key of the label.
pub trait Record {
    /// The record stands from now on, whatever happens.
    fn begin(&mut self) -> Result<(), String>;
    /// The ceremony has ended: every device has the root key, or none has.
    fn end(&mut self) -> Result<(), String>;
}

/// No record.
struct Unrecorded;

impl Record for Unrecorded {
    fn begin(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// Makes the root key `root_label` on all devices, or rehearses it. Each PIN is presented once.
pub fn make_root_key(
    devices: &[(TokenAddress, SecretText)],
    rehearsal: Rehearsal,
    patience: Duration,
    backup: Option<Backup<'_>>,
) -> Result<Vec<Made>, VaultError> {
    with_devices(devices, patience, |present, members| with_all(present, members, rehearsal, backup, &mut Unrecorded))
}

/// Makes the root key as [`make_root_key`] does, under a record.
pub fn make_recorded_root_key(
    devices: &[(TokenAddress, SecretText)],
    patience: Duration,
    backup: Option<Backup<'_>>,
    record: &mut dyn Record,
) -> Result<Vec<Made>, VaultError> {
    with_devices(devices, patience, |present, members| with_all(present, members, Rehearsal::No, backup, record))
}

/// What became of a ceremony that was broken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleared {
    /// Every device has the root key, and all have the same: nothing was removed.
    Complete,
    /// The root key was removed from these devices.
    Removed(Vec<String>),
}

/// Removes the root keys of a ceremony that was broken off, from the devices that its [`Record`] names. If `keeps_complete`,
/// a group that is complete stays as it is. May be called again after it failed.
pub fn clear_unfinished(
    devices: &[(TokenAddress, SecretText)],
    patience: Duration,
    keeps_complete: bool,
) -> Result<Cleared, VaultError> {
    with_devices(devices, patience, |present, members| {
        let mut found = Vec::new();
        for (device, member) in present.iter().zip(members) {
            let roots = device.session.find_objects(&root_search(&member.address.root_label));
            found.push(roots.map_err(|error| of(device.name)(error.into()))?);
        }
        if keeps_complete && is_complete(present, &found)? {
            return Ok(Cleared::Complete);
        }
        let mut removed = Vec::new();
        for (device, roots) in present.iter().zip(found).filter(|(_, roots)| !roots.is_empty()) {
            let gone = roots.into_iter().try_for_each(|root| device.session.destroy_object(root));
            gone.map_err(|error| of(device.name)(error.into()))?;
            removed.push(device.name.to_owned());
        }
        Ok(Cleared::Removed(removed))
    })
}

/// Whether each device has one root key, and each opens what the first seals. A device that cannot tell now is no reason to
/// remove anything.
fn is_complete(present: &[Present<'_>], found: &[Vec<ObjectHandle>]) -> Result<bool, VaultError> {
    if found.iter().any(|roots| roots.len() != 1) {
        return Ok(false);
    }
    let mut example = None;
    for (device, root) in present.iter().zip(found.iter().flatten()) {
        device.try_root(*root, &mut example).map_err(of(device.name))?;
    }
    Ok(true)
}

/// Brings the root key of a backup to devices that have none of their label, or rehearses it.
pub fn restore_root_key(
    devices: &[(TokenAddress, SecretText)],
    shares: &[Share],
    rehearsal: Rehearsal,
    patience: Duration,
) -> Result<Vec<Made>, VaultError> {
    let restored = Restored::join(shares)?;
    with_devices(devices, patience, |present, members| {
        must_have_none(present, members)?;
        let mut roots = Vec::new();
        let result = restore_on_all(present, members, &restored, rehearsal, &mut roots);
        settle(present, &roots, result, rehearsal)
    })
}

fn restore_on_all(
    present: &[Present<'_>],
    members: &[Member],
    restored: &Restored,
    rehearsal: Rehearsal,
    roots: &mut Vec<ObjectHandle>,
) -> Result<Vec<Made>, VaultError> {
    let mut made = Vec::new();
    for (device, member) in present.iter().zip(members) {
        let tell = of(device.name);
        let root =
            restored.onto(&device.session, &root_template(&member.address.root_label, rehearsal)).map_err(&tell)?;
        roots.push(root);
        must_stay(&device.session, &device.mechanisms, root).map_err(&tell)?;
        let way = device.try_root(root, &mut Some(restored.example.clone())).map_err(&tell)?;
        made.push(Made { device: device.name.to_owned(), transport: "shares", seals_by: sealing::name(way) });
    }
    Ok(made)
}

fn with_devices<T>(
    devices: &[(TokenAddress, SecretText)],
    patience: Duration,
    work: impl FnOnce(&[Present<'_>], &[Member]) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    if devices.is_empty() {
        return Err(VaultError::Failed("no device is given".to_owned()));
    }
    let members = devices.iter().map(|(address, _)| Member::find(address, patience).map_err(of(&address.name)));
    let members = members.collect::<Result<Vec<_>, _>>()?;
    let present = members
        .iter()
        .zip(devices)
        .map(|(member, (_, pin))| member.present(pin, patience).map_err(of(&member.address.name)));
    let present = present.collect::<Result<Vec<_>, _>>()?;
    let result = work(&present, &members);
    for Present { entered, session, .. } in present {
        entered.close(session);
    }
    result
}

/// What to tell of a trouble with a device.
fn of(name: &str) -> impl Fn(Trouble) -> VaultError {
    move |trouble| VaultError::Failed(format!("{name}: {}", trouble.reason()))
}

impl Member {
    fn find(address: &TokenAddress, patience: Duration) -> Result<Self, Trouble> {
        address.check()?;
        let module = Module::load(&address.module)?;
        module.initialise(patience)?;
        let slot = address.find(&module.enter(patience)?)?;
        Ok(Self { address: address.clone(), module, slot })
    }

    fn present(&self, pin: &SecretText, patience: Duration) -> Result<Present<'_>, Trouble> {
        let entered = self.module.enter(patience)?;
        let session = entered.open(self.slot)?;
        let mechanisms = entered.functions().get_mechanism_list(self.slot)?;
        log_in(&session, pin)?;
        Ok(Present { name: &self.address.name, entered, slot: self.slot, session, mechanisms })
    }
}

fn must_have_none(present: &[Present<'_>], members: &[Member]) -> Result<(), VaultError> {
    for (device, member) in present.iter().zip(members) {
        let found = device.session.find_objects(&root_search(&member.address.root_label));
        if !found.map_err(|error| of(device.name)(error.into()))?.is_empty() {
            let label = &member.address.root_label;
            let text = format!(
                "{}: it has a key {label:?} already, which cannot be brought to other devices: choose another label, or remove \
                 that key with the tool of its maker if nothing is kept under it",
                device.name
            );
            return Err(VaultError::Failed(text));
        }
    }
    Ok(())
}

fn with_all(
    present: &[Present<'_>],
    members: &[Member],
    rehearsal: Rehearsal,
    backup: Option<Backup<'_>>,
    record: &mut dyn Record,
) -> Result<Vec<Made>, VaultError> {
    let (first, _) = present.split_first().ok_or_else(|| VaultError::Failed("no device is given".to_owned()))?;
    must_have_none(present, members)?;
    let template = [
        Attribute::Token(false),
        Attribute::ValueLen((KEY_BYTES as u64).into()),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ];
    let temporary = first.session.generate_key(&Mechanism::AesKeyGen, &template);
    let temporary = temporary.map_err(|error| of(first.name)(error.into()))?;
    record.begin().map_err(|why| VaultError::Failed(format!("the ceremony could not be recorded: {why}")))?;
    let mut roots = Vec::new();
    let mut example = None;
    let result = bring_to_all(present, members, temporary, rehearsal, &mut roots, &mut example).and_then(|made| {
        if let (Some(backup), Some(example), Some(member)) = (backup, &example, members.first()) {
            back_up(present, temporary, &member.address.root_label, example, rehearsal, backup)?;
        }
        Ok(made)
    });
    // It is gone with the session at the latest.
    let _ = first.session.destroy_object(temporary);
    let settled = settle(present, &roots, result, rehearsal);
    // What could not be removed again is left to the record. So is what failed before all was known to be gone.
    if settled.is_ok() || must_have_none(present, members).is_ok() {
        record.end().map_err(|why| VaultError::Failed(format!("the record of the ceremony does not go: {why}")))?;
    }
    settled
}

/// Makes the backup, and restores it on trial on every device.
fn back_up(
    present: &[Present<'_>],
    temporary: ObjectHandle,
    label: &str,
    example: &[u8],
    rehearsal: Rehearsal,
    backup: Backup<'_>,
) -> Result<(), VaultError> {
    let Some(first) = present.first() else { return Ok(()) };
    let shares = backup::back_up(&first.session, temporary, label, example, backup.split).map_err(of(first.name))?;
    let restored = Restored::join(&shares)?;
    for device in present {
        let tell = of(device.name);
        let trial = restored.onto(&device.session, &root_template(label, Rehearsal::Only)).map_err(&tell)?;
        let tried = device.try_root(trial, &mut Some(restored.example.clone()));
        // It is gone with the session at the latest.
        let _ = device.session.destroy_object(trial);
        tried.map_err(&tell)?;
    }
    if rehearsal == Rehearsal::Only {
        return Ok(());
    }
    (backup.keep)(&shares).map_err(|why| VaultError::Failed(format!("the shares could not be kept: {why}")))
}

/// Lets the root keys stay, or removes them again.
fn settle(
    present: &[Present<'_>],
    roots: &[ObjectHandle],
    result: Result<Vec<Made>, VaultError>,
    rehearsal: Rehearsal,
) -> Result<Vec<Made>, VaultError> {
    if result.is_err() || rehearsal == Rehearsal::Only {
        for (device, root) in present.iter().zip(roots) {
            if let Err(error) = device.session.destroy_object(*root) {
                tracing::error!(device = device.name, %error, "a root key that is of no use was left on the device");
            }
        }
    }
    result
}

fn bring_to_all(
    present: &[Present<'_>],
    members: &[Member],
    temporary: ObjectHandle,
    rehearsal: Rehearsal,
    roots: &mut Vec<ObjectHandle>,
    example: &mut Option<Vec<u8>>,
) -> Result<Vec<Made>, VaultError> {
    let Some(first) = present.first() else { return Ok(Vec::new()) };
    let mut made = Vec::new();
    for (device, member) in present.iter().zip(members) {
        let tell = of(device.name);
        let label = &member.address.root_label;
        let (root, transport) = bring(first, device, temporary, label, rehearsal).map_err(&tell)?;
        roots.push(root);
        must_stay(&device.session, &device.mechanisms, root).map_err(&tell)?;
        let way = device.try_root(root, example).map_err(&tell)?;
        made.push(Made { device: device.name.to_owned(), transport, seals_by: sealing::name(way) });
    }
    Ok(made)
}

impl Present<'_> {
    /// Whether the root key is the one that sealed the example, in the same way; the first device makes the example.
    fn try_root(&self, key: ObjectHandle, example: &mut Option<Vec<u8>>) -> Result<RootKind, Trouble> {
        let way = sealing::choose(key, example.as_deref(), |work| {
            let session = self.entered.open(self.slot)?;
            let result = work(&session);
            self.entered.close(session);
            result
        })?;
        let (root, probe) =
            (RootKey { session: &self.session, key, way }, Secret::copy_from(b"one root key on each device"));
        let sealed = match example {
            Some(sealed) => sealed,
            None => example.insert(root.seal(Purpose::Probe, &probe)?),
        };
        match root.open(Purpose::Probe, sealed)? == probe {
            true => Ok(way),
            false => Err(Trouble::Device("it has got another key than the first device".to_owned())),
        }
    }
}

/// Brings the temporary key of the first device to a device, as its root key; how it was wrapped.
fn bring(
    first: &Present<'_>,
    device: &Present<'_>,
    temporary: ObjectHandle,
    label: &str,
    rehearsal: Rehearsal,
) -> Result<(ObjectHandle, &'static str), Trouble> {
    let public = [
        Attribute::Token(false),
        Attribute::ModulusBits(TRANSPORT_BITS.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Wrap(true),
        Attribute::Encrypt(true),
    ];
    let private = [
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Unwrap(true),
        Attribute::Decrypt(true),
    ];
    let (public, private) = device.session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)?;
    let brought = transport(first, device, temporary, public, private, &root_template(label, rehearsal));
    device.session.destroy_object(private)?;
    device.session.destroy_object(public)?;
    brought
}

fn transport(
    first: &Present<'_>,
    device: &Present<'_>,
    temporary: ObjectHandle,
    public: ObjectHandle,
    private: ObjectHandle,
    template: &[Attribute],
) -> Result<(ObjectHandle, &'static str), Trouble> {
    let half = device.session.get_attributes(public, &[AttributeType::Modulus, AttributeType::PublicExponent])?;
    let kind = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(KeyType::RSA),
        Attribute::Token(false),
        Attribute::Wrap(true),
        Attribute::Encrypt(true),
    ];
    let wrapping = first.session.create_object(&kind.into_iter().chain(half).collect::<Vec<_>>())?;
    let oaep = |hash, mask| Mechanism::RsaPkcsOaep(PkcsOaepParams::new(hash, mask, PkcsOaepSource::empty()));
    let ways = [
        ("RSA-OAEP with SHA-256", oaep(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256)),
        ("RSA-OAEP with SHA-1", oaep(MechanismType::SHA1, PkcsMgfType::MGF1_SHA1)),
    ];
    let mut refusals = Vec::new();
    let mut brought = None;
    for (name, mechanism) in ways {
        let wrapped = first.session.wrap_key(&mechanism, wrapping, temporary);
        let root = wrapped.and_then(|wrapped| device.session.unwrap_key(&mechanism, private, &wrapped, template));
        match root {
            Ok(root) => {
                brought = Some((root, name));
                break;
            }
            Err(error) => refusals.push(format!("{name}: {}", Trouble::from(error).reason())),
        }
    }
    first.session.destroy_object(wrapping)?;
    brought.ok_or_else(|| {
        let text = format!("no way to bring a key from {} to it: {}", first.name, refusals.join(", "));
        Trouble::Device(text)
    })
}

/// The root key as it stays on a device.
fn root_template(label: &str, rehearsal: Rehearsal) -> Vec<Attribute> {
    let is_token = |attribute: &Attribute| matches!(attribute, Attribute::Token(_));
    let search = root_search(label).into_iter().filter(|attribute| !is_token(attribute));
    search.chain([Attribute::Token(rehearsal == Rehearsal::No)]).chain(root_usage()).collect()
}
