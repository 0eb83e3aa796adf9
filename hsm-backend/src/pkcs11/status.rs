//! What a report says of a device.

use std::path::PathBuf;
use std::time::Duration;

/// A device of a vault, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceStatus {
    /// What the device is called.
    pub name: String,
    /// Its PKCS#11 module.
    pub module: PathBuf,
    /// Its token in words.
    pub token: String,
    /// Whether it serves.
    pub state: DeviceState,
}

/// Whether a device serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceState {
    /// It answers calls.
    Serves,
    /// A call has not returned in time; nobody else enters.
    Stuck {
        /// How long the call is overdue.
        overdue: Duration,
    },
    /// It does not answer, or not as it should.
    Lost {
        /// What it answered.
        reason: String,
        /// How long ago it was lost.
        since: Duration,
        /// It is not tried again, because its PIN was refused. The program must be started with the right one.
        for_good: bool,
    },
}

impl std::fmt::Display for DeviceState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Serves => f.write_str("serves"),
            Self::Stuck { overdue } => write!(f, "stuck: a call is {} s overdue", overdue.as_secs()),
            Self::Lost { reason, since, for_good: false } => write!(f, "{reason} (lost {} s ago)", since.as_secs()),
            Self::Lost { reason, since, for_good: true } => {
                write!(f, "{reason} (lost {} s ago, not tried again until a restart)", since.as_secs())
            }
        }
    }
}
