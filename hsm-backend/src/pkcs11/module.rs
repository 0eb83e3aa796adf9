//! A PKCS#11 module (a shared library) that is loaded and initialised, and the gate before its functions.
//!
//! A module is initialised once in a process (PKCS #11 v2.40 §5.4), so all tokens of a path share one [`Module`]. Recovery
//! may need `C_Finalize` and `C_Initialize`: both end every session and login, of all tokens. Calls therefore pass a gate;
//! it closes for a re-initialisation once the last call has left. If calls do not leave, the module stays as it is.
//!
//! **Invariant:** no function of a module is called outside the gate. Sessions do not close themselves on drop.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use kmip_core::ports::vault::VaultError;

use super::trouble::Trouble;

/// The modules of this process. They stay loaded: libraries that start threads do not survive being unloaded.
static MODULES: Mutex<Vec<Arc<Module>>> = Mutex::new(Vec::new());

/// Finalises every module of the process (`C_Finalize`), for its end: what libraries do when a process exits is safe once
/// nothing of theirs is in use. A module that a call does not leave within `patience` stays as it is.
pub fn finalise(patience: Duration) {
    let modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for module in modules {
        if let Err(trouble) = module.end(patience) {
            let reason = trouble.reason();
            tracing::debug!(module = %module.path.display(), reason, "the end of a module");
        }
    }
}

/// Whether a module must not be called by two threads at a time, whatever it says. The client of p11-kit 0.24 shares one
/// connection among all: if that breaks while one thread has read the header of another's answer, one of the two waits for
/// ever, and a module that holds a thread cannot be initialised again.
pub(super) fn is_for_one_call(path: &Path) -> bool {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"p11-kit-client"))
}

/// A loaded module.
pub(super) struct Module {
    path: PathBuf,
    pkcs11: Pkcs11,
    gate: Gate,
}

impl Module {
    /// The module of a path, loaded if it was not yet. It may have to be initialised.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, Trouble> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = modules.iter().find(|module| module.path == path) {
            return Ok(Arc::clone(loaded));
        }
        let pkcs11 = Pkcs11::new(&path).map_err(|error| {
            let reason = Trouble::from(error).reason();
            let text = format!("the PKCS#11 module {} cannot be loaded: {reason}", path.display());
            Trouble::Refused(VaultError::Failed(text))
        })?;
        let module = Arc::new(Self { path, pkcs11, gate: Gate::default() });
        modules.push(Arc::clone(&module));
        Ok(module)
    }

    /// Initialises the module unless that was done.
    pub(super) fn initialise(&self, patience: Duration) -> Result<(), Trouble> {
        match self.gate.is_open() {
            true => Ok(()),
            false => self.gate.renew(patience, |_| self.start()),
        }
    }

    /// Finalises and initialises the module. All sessions, handles and logins end, for every token.
    pub(super) fn renew(&self, patience: Duration) -> Result<(), Trouble> {
        self.gate.renew(patience, |initialised| {
            if initialised {
                // Whatever it answers, the next step tells whether the module serves.
                let _ = self.pkcs11.clone().finalize();
            }
            self.start()
        })
    }

    fn end(&self, patience: Duration) -> Result<(), Trouble> {
        self.gate.renew(patience, |initialised| {
            if initialised {
                self.pkcs11.clone().finalize()?;
            }
            Err(Trouble::Device("it was finalised".to_owned()))
        })
    }

    fn start(&self) -> Result<(), Trouble> {
        match self.pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How long ago the module was last initialised.
    pub(super) fn age(&self) -> Duration {
        self.gate.age()
    }

    /// Permission to call the module, as long as the answer lives. Waits while the module is initialised, but not longer
    /// than `patience` after that began.
    pub(super) fn enter(&self, patience: Duration) -> Result<Entered<'_>, Trouble> {
        let epoch = self.gate.enter(patience)?;
        Ok(Entered { module: self, epoch })
    }
}

/// Permission to call a module.
pub(super) struct Entered<'a> {
    module: &'a Module,
    epoch: u64,
}

impl Entered<'_> {
    /// Counts the initialisations: sessions and handles of another epoch are dead, and their numbers may be in use again.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The functions of the module.
    pub(super) fn functions(&self) -> &Pkcs11 {
        &self.module.pkcs11
    }

    /// Opens a session, to be closed with [`Entered::close`].
    pub(super) fn open(&self, slot: Slot) -> Result<Session, Trouble> {
        Ok(self.functions().open_rw_session_no_drop(slot)?)
    }

    /// Closes a session of this epoch.
    pub(super) fn close(&self, session: Session) {
        // A session that does not close is dead already.
        let _ = session.close();
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.module.gate.leave();
    }
}

/// Lets calls in, or one re-initialisation.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    inside: usize,
    /// Since when a re-initialisation waits or works.
    closed: Option<Instant>,
    epoch: u64,
    /// Why the module is not initialised.
    fault: Option<String>,
    renewed: Option<Instant>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        let state = self.lock();
        state.epoch > 0 && state.fault.is_none()
    }

    fn age(&self) -> Duration {
        self.lock().renewed.map_or(Duration::MAX, |renewed| renewed.elapsed())
    }

    fn enter(&self, patience: Duration) -> Result<u64, Trouble> {
        let mut state = self.lock();
        while let Some(closed) = state.closed {
            let Some(rest) = patience.checked_sub(closed.elapsed()) else {
                return Err(Trouble::Device("the module does not come back from its initialisation".to_owned()));
            };
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        match &state.fault {
            Some(fault) => Err(Trouble::Device(format!("the module is not initialised: {fault}"))),
            None if state.epoch == 0 => Err(Trouble::Device("the module is not initialised".to_owned())),
            None => {
                state.inside = state.inside.saturating_add(1);
                Ok(state.epoch)
            }
        }
    }

    fn leave(&self) {
        let mut state = self.lock();
        state.inside = state.inside.saturating_sub(1);
        if state.inside == 0 && state.closed.is_some() {
            self.changed.notify_all();
        }
    }

    /// Closes the gate, waits until nobody is inside, does the work (it is told whether this is not the first time) and
    /// opens again.
    fn renew(&self, patience: Duration, work: impl FnOnce(bool) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut state = self.lock();
        if state.closed.is_some() {
            return Err(Trouble::Device("the module is being initialised".to_owned()));
        }
        let began = Instant::now();
        state.closed = Some(began);
        while state.inside > 0 {
            let Some(rest) = patience.checked_sub(began.elapsed()) else {
                state.closed = None;
                self.changed.notify_all();
                return Err(Trouble::Device("calls are inside the module, it cannot be initialised again".to_owned()));
            };
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        let again = state.epoch > 0;
        drop(state);
        let result = work(again);
        let mut state = self.lock();
        state.closed = None;
        state.epoch = state.epoch.saturating_add(1);
        state.renewed = Some(Instant::now());
        let result = result.map_err(Trouble::reason);
        state.fault = result.clone().err();
        self.changed.notify_all();
        result.map_err(Trouble::Device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(20);

    fn first_time(expected: bool) -> impl FnOnce(bool) -> Result<(), Trouble> {
        move |again| {
            assert_eq!(again, !expected);
            Ok(())
        }
    }

    fn nobody_inside(gate: &Gate) -> Result<(), Trouble> {
        assert_eq!(gate.lock().inside, 0);
        Ok(())
    }

    #[test]
    fn nobody_enters_before_the_first_initialisation_or_after_a_failed_one() {
        let gate = Gate::default();
        assert!(gate.enter(SHORT).is_err());
        gate.renew(SHORT, first_time(true)).unwrap();
        assert_eq!(gate.enter(SHORT).unwrap(), 1);
        gate.leave();
        assert!(gate.renew(SHORT, |_| Err(Trouble::Device("gone".to_owned()))).is_err());
        let refused = gate.enter(SHORT).unwrap_err().reason();
        assert!(refused.contains("gone"), "{refused}");
        gate.renew(SHORT, first_time(false)).unwrap();
        assert_eq!(gate.enter(SHORT).unwrap(), 3);
    }

    #[test]
    fn a_call_that_stays_inside_keeps_the_module_as_it_is() {
        let gate = Gate::default();
        gate.renew(SHORT, |_| Ok(())).unwrap();
        gate.enter(SHORT).unwrap();
        let refused = gate.renew(SHORT, |_| panic!("initialised under a call")).unwrap_err().reason();
        assert!(refused.contains("calls are inside"), "{refused}");
        assert_eq!(gate.enter(SHORT).unwrap(), 1, "the gate stayed closed");
        gate.leave();
        gate.leave();
        gate.renew(SHORT, |_| Ok(())).unwrap();
    }

    #[test]
    fn a_re_initialisation_waits_for_calls_and_holds_new_ones_back() {
        let gate = Gate::default();
        gate.renew(SHORT, |_| Ok(())).unwrap();
        gate.enter(SHORT).unwrap();
        std::thread::scope(|threads| {
            let renewal = threads.spawn(|| gate.renew(LONG, |_| nobody_inside(&gate)));
            while gate.lock().closed.is_none() {
                std::thread::yield_now();
            }
            let late = threads.spawn(|| gate.enter(LONG));
            gate.leave();
            renewal.join().unwrap().unwrap();
            assert_eq!(late.join().unwrap().unwrap(), 2, "it entered an epoch that had ended");
        });
    }

    #[test]
    fn an_initialisation_that_hangs_makes_nobody_wait_twice() {
        let gate = Gate::default();
        gate.lock().closed = Some(Instant::now() - LONG);
        assert!(gate.enter(SHORT).unwrap_err().reason().contains("does not come back"));
        assert!(gate.renew(SHORT, |_| panic!("two at once")).is_err());
    }

    #[test]
    fn a_module_that_is_no_library_says_so() {
        let refused = Module::load(Path::new("/nowhere.so")).err().map(Trouble::reason).unwrap();
        assert!(refused.contains("/nowhere.so cannot be loaded"), "{refused}");
    }
}
