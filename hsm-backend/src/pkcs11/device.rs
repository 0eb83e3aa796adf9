//! One device of a group: a logged-in token with a bounded pool of sessions, which notices its loss and comes back.
//!
//! ```text
//! serves ── a call fails, a probe fails, a new login does not help ──> lost
//! serves ── a call takes longer than the deadline ──> stuck ── it returns ──> lost
//! lost   ── the monitor connects, if need be after a re-initialisation ──> serves
//! lost   ── the PIN is wrong ──> lost for good: it is never presented again
//! ```
//! A thread inside the module cannot be called back. What a stuck device costs is the threads that are in it: no other
//! enters, and those that wait for a session leave at once.

mod recovery;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::mechanism::MechanismType;
use cryptoki::session::Session;
use kmip_codec::secret::SecretText;
use kmip_core::ports::vault::VaultError;

use super::TokenAddress;
use super::address::Serial;
use super::connection::{self, Connected, Errand, Handles, Witness};
use super::module::{self, Entered, Module};
use super::pool::Pool;
use super::sealing::RootKey;
use super::status::DeviceStatus;
use super::trouble::Trouble;

/// Bounds of a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most sessions at a time, besides the one that keeps the login alive. A module for one call at a time has one.
    pub(super) sessions: usize,
    /// How long a call may wait for a session, and how long it may take.
    pub(super) deadline: Duration,
    /// Calls of a prompt device take less.
    pub(super) prompt: Duration,
}

/// How long a call is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Up to the deadline.
    Usual,
    /// Making a key pair: some devices search minutes for the primes of a long RSA key.
    Slow,
}

/// So often a call is begun anew because its connection was replaced under it.
const MOST_REPLACED: usize = 8;

/// How long making a key pair may take.
pub(super) const SLOW: Duration = Duration::from_secs(300);

/// A device.
pub(super) struct Device {
    address: TokenAddress,
    pin: SecretText,
    limits: Limits,
    witness: Arc<Witness>,
    module: OnceLock<Arc<Module>>,
    pool: Mutex<Pool>,
    /// A session came back, or the condition changed.
    freed: Condvar,
    /// The monitor has something to do.
    attention: Condvar,
    /// How long calls take lately, in nanoseconds: a moving average; 0 before the first.
    usual: AtomicU64,
}

/// What a call works with.
pub(super) struct Loan<'a> {
    pub(super) session: &'a Session,
    /// Counts the connections of the device: handles of another number are dead.
    pub(super) number: u64,
    /// Where the device is.
    pub(super) address: &'a TokenAddress,
    handles: Handles,
}

impl Loan<'_> {
    /// What works for the root key.
    pub(super) fn root(&self) -> RootKey<'_> {
        RootKey { session: self.session, key: self.handles.working, way: self.handles.way }
    }

    /// The root key on the token itself, whose use tells whether the token is still there.
    pub(super) fn stored_root(&self) -> RootKey<'_> {
        RootKey { session: self.session, key: self.handles.root, way: self.handles.way }
    }

    /// Which device it is.
    pub(super) fn serial(&self) -> Serial {
        self.handles.serial
    }
}

impl Device {
    /// A device that is not connected yet.
    pub(super) fn new(address: TokenAddress, pin: SecretText, limits: Limits, witness: Arc<Witness>) -> Self {
        let sessions = if module::is_for_one_call(&address.module) { 1 } else { limits.sessions };
        Self {
            pool: Mutex::new(Pool::new(sessions)),
            address,
            pin,
            limits,
            witness,
            module: OnceLock::new(),
            freed: Condvar::new(),
            attention: Condvar::new(),
            usual: AtomicU64::new(0),
        }
    }

    /// What the device is called.
    pub(super) fn name(&self) -> &str {
        &self.address.name
    }

    /// What the token listed when it was last connected.
    pub(super) fn mechanisms(&self) -> Vec<MechanismType> {
        self.lock().mechanisms.clone()
    }

    /// Whether calls may enter.
    pub(super) fn serves(&self) -> bool {
        self.lock().refusal().is_none()
    }

    /// Whether it makes no sense to wait for the device: what it last refused it will refuse again.
    pub(super) fn is_hopeless(&self) -> bool {
        let pool = self.lock();
        pool.hopeless && pool.refusal().is_some()
    }

    /// Whether a call may be expected to come back at once: the last ones did, and a session is free. So a device that hangs is
    /// prompt for no more calls than it has sessions.
    pub(super) fn is_prompt(&self) -> bool {
        let usual = self.usual.load(Ordering::Relaxed);
        usual > 0 && Duration::from_nanos(usual) < self.limits.prompt && self.lock().is_free()
    }

    fn note_time(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        let usual = match self.usual.load(Ordering::Relaxed) {
            0 => took,
            before => before.saturating_sub(before / 8).saturating_add(took / 8).max(1),
        };
        self.usual.store(usual, Ordering::Relaxed);
    }

    /// The state for reports.
    pub(super) fn status(&self) -> DeviceStatus {
        DeviceStatus {
            name: self.address.name.clone(),
            module: self.address.module.clone(),
            token: self.address.token(),
            state: self.lock().state(),
        }
    }

    /// Which device it was when it was last connected.
    pub(super) fn serial(&self) -> Option<Serial> {
        self.lock().handles.map(|handles| handles.serial)
    }

    /// Whether both are tokens of one module.
    pub(super) fn shares_module(&self, other: &Self) -> bool {
        let loaded = self.module.get().zip(other.module.get());
        loaded.is_some_and(|(ours, theirs)| Arc::ptr_eq(ours, theirs))
    }

    /// Does `work` with a session and the root key. [`VaultError::Unavailable`] says that this device cannot: the work may be
    /// done by another one. The work may be begun twice.
    pub(super) fn call<T>(
        &self,
        pace: Pace,
        work: &mut dyn FnMut(&Loan<'_>) -> Result<T, Trouble>,
    ) -> Result<T, VaultError> {
        let (mut again, mut replaced) = (false, 0);
        loop {
            let mut lease = self.lend(pace)?;
            let number = lease.number;
            let began = Instant::now();
            let trouble = match lease.open().and_then(|loan| work(&loan)) {
                Ok(done) => {
                    if pace == Pace::Usual {
                        self.note_time(began.elapsed());
                    }
                    lease.give_back();
                    return Ok(done);
                }
                Err(trouble) => trouble,
            };
            drop(lease);
            match trouble {
                Trouble::Refused(error) => return Err(error),
                // Its handles ended with their connection, which says nothing of the call.
                _ if replaced < MOST_REPLACED && self.lock().number != number => replaced += 1,
                // The token has fewer sessions than we thought: wait for one that is lent.
                Trouble::Full(_) if self.lock().lower_ceiling() => (),
                trouble if again => return Err(trouble.about_this_call()),
                trouble => {
                    self.examine(number, trouble)?;
                    again = true;
                }
            }
        }
    }

    /// After a failure: `Ok` if the device works, if need be by a new login.
    fn examine(&self, number: u64, trouble: Trouble) -> Result<(), VaultError> {
        if let Trouble::Device(_) = trouble {
            self.discard_idle(number);
        }
        let mut lease = self.lend(Pace::Usual)?;
        if lease.open().and_then(|loan| loan.stored_root().probe()).is_ok() {
            lease.give_back();
            return Ok(());
        }
        drop(lease);
        tracing::debug!(device = self.name(), reason = trouble.reason(), "a probe failed, connecting again");
        let entered = self.enter()?;
        self.reconnect(&entered, number, Errand::Open, false)
    }

    fn discard_idle(&self, number: u64) {
        let Ok(entered) = self.enter() else { return };
        let idle = self.lock().take_idle(number, entered.epoch());
        idle.into_iter().for_each(|session| entered.close(session));
    }

    /// Lends the right to a session; waits for it, up to the deadline.
    fn lend(&self, pace: Pace) -> Result<Lease<'_>, VaultError> {
        let entered = self.enter()?;
        let until = self.deadline();
        let mut pool = self.lock();
        loop {
            self.must_serve(&pool)?;
            if pool.connecting || pool.is_exhausted() {
                pool = self.wait(pool, until)?;
                continue;
            }
            match pool.handles {
                Some(handles) if pool.epoch == entered.epoch() => {
                    let due = match pace {
                        Pace::Usual => self.deadline(),
                        Pace::Slow => later(self.limits.deadline.max(SLOW)),
                    };
                    let (call, session) = pool.lend(due);
                    let number = pool.number;
                    return Ok(Lease { device: self, entered, handles, number, call, session });
                }
                _ => {
                    let number = pool.number;
                    drop(pool);
                    self.reconnect(&entered, number, Errand::Open, false)?;
                    pool = self.lock();
                }
            }
        }
    }

    /// Connects, unless somebody has done it since connection `number`. One thread does it, the others wait for the outcome.
    /// A lost device is connected by the monitor only.
    fn reconnect(&self, entered: &Entered<'_>, number: u64, errand: Errand, monitor: bool) -> Result<(), VaultError> {
        let until = self.deadline();
        let mut pool = self.lock();
        while pool.connecting {
            pool = self.wait(pool, until)?;
        }
        if !monitor {
            self.must_serve(&pool)?;
            if pool.number != number && pool.epoch == entered.epoch() {
                return Ok(());
            }
        }
        pool.connecting = true;
        let dead = pool.take_all(entered.epoch());
        let call = pool.register(self.deadline());
        drop(pool);
        dead.into_iter().for_each(|session| entered.close(session));
        let connected = connection::connect(entered, &self.address, &self.pin, &self.witness, errand);
        let mut pool = self.lock();
        pool.connecting = false;
        pool.end(call);
        self.freed.notify_all();
        match connected {
            Ok(connected) => {
                self.take_up(&mut pool, connected, entered.epoch());
                Ok(())
            }
            Err(trouble) => Err(self.lose(&mut pool, trouble)),
        }
    }

    fn take_up(&self, pool: &mut Pool, connected: Connected, epoch: u64) {
        match pool.connect(connected, epoch) {
            Some(_) if pool.number == 1 => tracing::info!(device = self.name(), "the device serves"),
            Some(lost) => {
                tracing::info!(device = self.name(), seconds = lost.as_secs_f32(), "the device serves again");
            }
            None => {}
        }
    }

    /// Notes that the device is lost; the answer is what to tell callers.
    fn lose(&self, pool: &mut Pool, trouble: Trouble) -> VaultError {
        let for_good = matches!(trouble, Trouble::Pin(_));
        pool.hopeless = matches!(trouble, Trouble::Pin(_) | Trouble::Refused(_));
        let reason = trouble.reason();
        // A device that stays lost may answer differently each time: that is for the report, not for the log.
        match pool.lose(reason.clone(), for_good) {
            true => tracing::warn!(device = self.name(), reason, for_good, "the device is lost"),
            false => tracing::debug!(device = self.name(), reason, for_good, "the device stays lost"),
        }
        self.freed.notify_all();
        self.attention.notify_all();
        self.unavailable(pool)
    }

    fn unavailable(&self, pool: &Pool) -> VaultError {
        let refusal = pool.refusal().unwrap_or_else(|| "no session became free in time".to_owned());
        VaultError::Unavailable(format!("{}: {refusal}", self.name()))
    }

    fn must_serve(&self, pool: &Pool) -> Result<(), VaultError> {
        match pool.refusal() {
            None => Ok(()),
            Some(_) => Err(self.unavailable(pool)),
        }
    }

    /// Waits for a change: until the deadline, or until a call of this device is overdue.
    fn wait<'a>(&'a self, pool: MutexGuard<'a, Pool>, until: Instant) -> Result<MutexGuard<'a, Pool>, VaultError> {
        let wake = pool.next_due().map_or(until, |due| until.min(due));
        let rest = wake.saturating_duration_since(Instant::now());
        let pool = self.freed.wait_timeout(pool, rest).unwrap_or_else(PoisonError::into_inner).0;
        match Instant::now() < until && pool.overdue().is_none() {
            true => Ok(pool),
            false => Err(self.unavailable(&pool)),
        }
    }

    fn module(&self) -> Result<&Arc<Module>, Trouble> {
        if let Some(module) = self.module.get() {
            return Ok(module);
        }
        let module = Module::load(&self.address.module)?;
        Ok(self.module.get_or_init(|| module))
    }

    /// Passes the gate of the module. If it is shut for long, every device of the module is lost.
    fn enter(&self) -> Result<Entered<'_>, VaultError> {
        let entered = self.module().and_then(|module| module.enter(self.limits.deadline));
        entered.map_err(|trouble| self.lose(&mut self.lock(), trouble))
    }

    fn deadline(&self) -> Instant {
        later(self.limits.deadline)
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if !self.serves() {
            return;
        }
        let Ok(entered) = self.enter() else { return };
        let sessions = self.lock().take_all(entered.epoch());
        sessions.into_iter().for_each(|session| entered.close(session));
    }
}

/// The right to a session of a device; on drop the session is closed, since what a failed call left in it is unknown.
struct Lease<'a> {
    device: &'a Device,
    entered: Entered<'a>,
    handles: Handles,
    /// Of the connection.
    number: u64,
    call: u64,
    session: Option<Session>,
}

impl Lease<'_> {
    fn open(&mut self) -> Result<Loan<'_>, Trouble> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.entered.open(self.handles.slot)?,
        };
        let session = self.session.insert(session);
        Ok(Loan { session, number: self.number, address: &self.device.address, handles: self.handles })
    }

    /// Gives the session to the next caller.
    fn give_back(mut self) {
        let mut pool = self.device.lock();
        if pool.number == self.number && pool.epoch == self.entered.epoch() {
            pool.idle.extend(self.session.take());
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.entered.close(session);
        }
        let mut pool = self.device.lock();
        if let Some(late) = pool.give_back(self.call) {
            let text = format!("a call returned {} s after its deadline", late.as_secs());
            self.device.lose(&mut pool, Trouble::Device(text));
        }
        self.device.freed.notify_one();
    }
}

fn later(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}
