//! Campaigns: long, hostile or loaded runs against a server of our own. Each gives one line of result, or a finding.

pub mod bench;
pub mod crash;
pub mod device_loss;
pub mod idle;
pub mod isolation;
pub mod latency;
pub mod malformed;
pub mod mutate;
pub mod planted;
pub mod random;
pub mod resident_memory;
pub mod rotation;
pub mod slow;
pub mod usage_limits;

use std::io;
use thiserror::Error;

/// Why a campaign did not end well.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// The server did what it must not do.
    #[error("finding: {0}")]
    Finding(String),
    /// The campaign itself could not go on.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// One line of result.
pub type Outcome = Result<String, CampaignError>;

/// A finding.
pub(crate) fn finding<T>(what: impl Into<String>) -> Result<T, CampaignError> {
    Err(CampaignError::Finding(what.into()))
}
