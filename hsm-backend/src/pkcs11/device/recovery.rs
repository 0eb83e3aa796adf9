//! What the monitor does with a device: the first connection, probes, and the way back after a loss.

use std::sync::PoisonError;
use std::time::Duration;

use kmip_core::ports::vault::VaultError;

use super::super::connection::Errand;
use super::super::pool::Condition;
use super::super::trouble::Trouble;
use super::{Device, Pace};

/// How long a re-initialisation waits for other calls to leave the module.
const DRAIN: Duration = Duration::from_millis(500);
/// How often a module may be initialised again while another device serves in it.
const SPARING: Duration = Duration::from_secs(3);

impl Device {
    /// The first connection.
    pub(in crate::pkcs11) fn start(&self, errand: Errand) -> Result<(), VaultError> {
        let ready = self.module().and_then(|module| module.initialise(DRAIN));
        if let Err(trouble) = ready {
            return Err(self.lose(&mut self.lock(), trouble));
        }
        self.reconnect(&self.enter()?, 0, errand, true)
    }

    /// Tries to bring a lost device back; `shared` tells whether another device serves in its module.
    pub(in crate::pkcs11) fn recover(&self, shared: bool) {
        if !self.lock().can_recover() {
            return;
        }
        if self.start(Errand::Open).is_ok() || !self.lock().can_recover() {
            return;
        }
        let Some(module) = self.module.get() else { return };
        if shared && module.age() < SPARING {
            return;
        }
        match module.renew(DRAIN) {
            Ok(()) => {
                let _ = self.start(Errand::Open);
            }
            Err(trouble) => {
                let reason = trouble.reason();
                tracing::debug!(device = self.name(), reason, "the module was not initialised again");
            }
        }
    }

    /// A real operation with the root key. Its failure makes the device lost.
    pub(in crate::pkcs11) fn probe(&self) {
        // A refusal of a busy or lost device is no news.
        if let Err(error) = self.call(Pace::Usual, &mut |loan| loan.stored_root().probe()) {
            tracing::debug!(device = self.name(), %error, "a probe failed");
            if !matches!(error, VaultError::Unavailable(_)) {
                self.lose(&mut self.lock(), Trouble::Device(error.to_string()));
            }
        }
    }

    /// Sleeps, at most so long; less if there is something to do. `false` says that the vault is gone.
    pub(in crate::pkcs11) fn rest(&self, serving: Duration, lost: Duration) -> bool {
        let pool = self.lock();
        if pool.closing {
            return false;
        }
        let began_serving = pool.refusal().is_none();
        let time = if began_serving { serving } else { lost };
        let pause = self.attention.wait_timeout_while(pool, time, |pool| {
            !pool.closing && (!began_serving || matches!(pool.condition, Condition::Serves))
        });
        !pause.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    /// Tells the monitor to end.
    pub(in crate::pkcs11) fn close(&self) {
        self.lock().closing = true;
        self.attention.notify_all();
    }
}
