//! Devices that hold the same root key. Each call goes to the first that serves; if it is lost in the call, the call is made
//! again on the next, so that the loss of one fails no request.
//!
//! A thread for each device, named `hsm-monitor`, makes the first connection, then probes a device that serves and brings a
//! lost one back. They are several, since a device that hangs takes the thread with it that asks it. They end with the group,
//! which waits for them: what a library does at the end of a thread must not meet the end of the process.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cryptoki::mechanism::MechanismType;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::VaultError;
use rand_core::{TryCryptoRng, TryRng};

use super::TokenAddress;
use super::address::Serial;
use super::connection::{Errand, Witness};
use super::device::{Device, Limits, Loan, Pace};
use super::status::DeviceStatus;
use super::trouble::Trouble;
use crate::hierarchy::{Purpose, Root};

/// How often a device that serves is probed.
const PROBE: Duration = Duration::from_secs(5);
/// How often a lost device is tried.
const RETRY: Duration = Duration::from_secs(1);
/// How often a group that waits for a device looks whether one serves.
const LOOK: Duration = Duration::from_millis(50);
/// How long the end of the group waits for its threads.
const FAREWELL: Duration = Duration::from_secs(1);

/// One or more devices with one root key.
pub(super) struct Group {
    devices: Arc<[Device]>,
    monitors: Mutex<Monitors>,
}

/// The threads of a group.
struct Monitors {
    threads: Vec<JoinHandle<()>>,
    /// Hangs up when the last of them has left its device.
    left: Receiver<Infallible>,
}

impl Group {
    /// Connects the devices. One that does not answer is only a warning as long as another does. If none does, `given_up` lets
    /// the group wait for one, until it is set.
    pub(super) fn open(
        devices: Vec<(TokenAddress, SecretText)>,
        limits: Limits,
        errand: Errand,
        given_up: Option<&AtomicBool>,
    ) -> Result<Self, VaultError> {
        if devices.is_empty() {
            return Err(VaultError::Failed("no device is given".to_owned()));
        }
        devices.iter().try_for_each(|(address, _)| address.check())?;
        let witness = Arc::new(Witness::new());
        let devices = devices.into_iter().map(|(address, pin)| Device::new(address, pin, limits, Arc::clone(&witness)));
        let devices: Arc<[Device]> = devices.collect();
        let (alive, left) = mpsc::channel();
        let mut group = Self { devices, monitors: Mutex::new(Monitors { threads: Vec::new(), left }) };
        let refusals: Vec<_> =
            (0..group.devices.len()).filter_map(|place| group.start(place, limits, errand, &alive).err()).collect();
        drop(alive);
        if group.devices.iter().any(Device::serves) || given_up.is_some_and(|given_up| group.awaits_one(given_up)) {
            return Ok(group);
        }
        let text = refusals.into_iter().map(told).collect::<Vec<_>>().join("; ");
        Err(VaultError::Unavailable(text))
    }

    /// Waits until a device serves; `false` if that is given up, or if no device can come back.
    fn awaits_one(&self, given_up: &AtomicBool) -> bool {
        if self.devices.iter().all(Device::is_hopeless) {
            return false;
        }
        tracing::warn!("no device of the root key serves: waiting for one");
        loop {
            if self.devices.iter().any(Device::serves) {
                return true;
            }
            if given_up.load(Ordering::Relaxed) || self.devices.iter().all(Device::is_hopeless) {
                return false;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Starts the monitor of a device and waits until it is connected. One after the other: the root key of the first is the
    /// measure for the rest.
    fn start(
        &mut self,
        place: usize,
        limits: Limits,
        errand: Errand,
        alive: &Sender<Infallible>,
    ) -> Result<(), VaultError> {
        let (devices, alive) = (Arc::clone(&self.devices), alive.clone());
        let (first, answer) = mpsc::sync_channel(1);
        let work = move || {
            monitor(&devices, place, errand, &first);
            // In this order: whoever waits for the monitors is the last owner of the devices, and closes their sessions.
            drop(devices);
            drop(alive);
        };
        let spawned = std::thread::Builder::new().name("hsm-monitor".to_owned()).spawn(work);
        let thread = spawned.map_err(|error| VaultError::Failed(format!("no thread for a device: {error}")))?;
        self.monitors.get_mut().unwrap_or_else(PoisonError::into_inner).threads.push(thread);
        let result = answer.recv_timeout(limits.deadline).unwrap_or_else(|_| {
            let name = self.devices.get(place).map_or("", Device::name);
            Err(VaultError::Unavailable(format!("{name}: it does not answer")))
        });
        result.inspect_err(|error| tracing::warn!(%error, "a device is not ready"))
    }

    /// Does `work` on the first device that serves. It may be begun several times.
    pub(super) fn call<T>(
        &self,
        pace: Pace,
        mut work: impl FnMut(&Loan<'_>) -> Result<T, Trouble>,
    ) -> Result<T, VaultError> {
        let mut refusals = Vec::new();
        for device in self.devices.iter() {
            match device.call(pace, &mut work) {
                Err(VaultError::Unavailable(text)) => refusals.push(text),
                result => return result,
            }
        }
        Err(VaultError::Unavailable(refusals.join("; ")))
    }

    /// Does `work` on one device. It may be begun twice.
    pub(super) fn call_on<T>(
        &self,
        serial: Serial,
        pace: Pace,
        mut work: impl FnMut(&Loan<'_>) -> Result<T, Trouble>,
    ) -> Result<T, VaultError> {
        match self.devices.iter().find(|device| device.serial() == Some(serial)) {
            Some(device) => device.call(pace, &mut work),
            None => Err(VaultError::Unavailable(format!("no device with serial number {serial} is connected"))),
        }
    }

    /// Does `work` on each device that serves, or if `all` on each device, one after the other.
    pub(super) fn call_each<T>(
        &self,
        all: bool,
        mut work: impl FnMut(&Loan<'_>) -> Result<T, Trouble>,
    ) -> Result<Vec<T>, VaultError> {
        let asked = self.devices.iter().filter(|device| all || device.serves());
        asked.map(|device| device.call(Pace::Usual, &mut work)).collect()
    }

    /// The random generator of the devices.
    pub(super) fn random(&self) -> GroupRandom<'_> {
        GroupRandom(self)
    }

    /// What every device that serves can do.
    pub(super) fn mechanisms(&self) -> Vec<MechanismType> {
        let mut lists = self.devices.iter().filter(|device| device.serves()).map(Device::mechanisms);
        let Some(mut common) = lists.next() else { return Vec::new() };
        lists.for_each(|list| common.retain(|mechanism| list.contains(mechanism)));
        common
    }

    /// The devices and their states, in the order in which they are asked.
    pub(super) fn status(&self) -> Vec<DeviceStatus> {
        self.devices.iter().map(Device::status).collect()
    }

    /// Whether a call may be expected to come back at once.
    pub(super) fn is_prompt(&self) -> bool {
        self.devices.iter().find(|device| device.serves()).is_some_and(Device::is_prompt)
    }

    /// Whether one device serves.
    pub(super) fn health(&self) -> Result<(), VaultError> {
        if self.devices.iter().any(Device::serves) {
            return Ok(());
        }
        let states = self.status().into_iter().map(|device| format!("{}: {}", device.name, device.state));
        Err(VaultError::Unavailable(states.collect::<Vec<_>>().join("; ")))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.devices.iter().for_each(Device::close);
        let monitors = self.monitors.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A monitor that hangs in a device is left behind.
        if let Err(RecvTimeoutError::Timeout) = monitors.left.recv_timeout(FAREWELL) {
            tracing::warn!("a device still holds its monitor");
            return;
        }
        for thread in monitors.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("the monitor of a device panicked");
            }
        }
    }
}

impl Root for Group {
    fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError> {
        self.call(Pace::Usual, |loan| loan.root().seal(purpose, plain))
    }

    fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
        self.call(Pace::Usual, |loan| loan.root().open(purpose, sealed))
    }
}

/// The life of a monitor.
fn monitor(devices: &[Device], place: usize, errand: Errand, first: &SyncSender<Result<(), VaultError>>) {
    let Some((before, [device, after @ ..])) = devices.split_at_checked(place) else { return };
    let _ = first.send(device.start(errand));
    while device.rest(PROBE, RETRY) {
        if device.serves() {
            device.probe();
        } else {
            let mut others = before.iter().chain(after);
            device.recover(others.any(|other| other.shares_module(device) && other.serves()));
        }
    }
}

fn told(error: VaultError) -> String {
    match error {
        VaultError::Unavailable(text) | VaultError::Failed(text) => text,
        other => other.to_string(),
    }
}

/// The random generator of the devices (`C_GenerateRandom`).
pub(super) struct GroupRandom<'a>(&'a Group);

impl TryRng for GroupRandom<'_> {
    type Error = VaultError;

    fn try_next_u32(&mut self) -> Result<u32, VaultError> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, VaultError> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), VaultError> {
        if out.is_empty() {
            return Ok(());
        }
        self.0.call(Pace::Usual, |loan| Ok(loan.session.generate_random_slice(out)?))
    }
}

impl TryCryptoRng for GroupRandom<'_> {}
