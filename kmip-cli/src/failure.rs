//! Why a command failed, and the exit code that scripts see.

use kmip_client::{Error, Failure};
use thiserror::Error as ThisError;

/// Why a command failed.
#[derive(Debug, ThisError)]
pub enum CliError {
    /// The command cannot be done as it was given.
    #[error("{0}")]
    Usage(String),
    /// Something on this side failed, or the user said no.
    #[error("{0}")]
    Local(String),
    /// A KMIP request has no result.
    #[error("{0}")]
    Kmip(#[from] Error),
    /// No object has the identifier or name.
    #[error("no object has the identifier or the name {target:?} ({refusal})")]
    NoSuchObject {
        /// What the user gave.
        target: String,
        /// What the server said to it.
        refusal: Error,
    },
    /// The admin API refused.
    #[error("the admin API refused: {0}")]
    AdminRefused(String),
    /// The admin API gave no answer.
    #[error("no answer from the admin API at {endpoint}: {failure}")]
    AdminNoAnswer {
        /// HOST:PORT.
        endpoint: String,
        /// Why.
        failure: Failure,
    },
    /// The admin API answered something else than agreed.
    #[error("{endpoint} is no admin API of kmip-server: {what}")]
    AdminProtocol {
        /// HOST:PORT.
        endpoint: String,
        /// How.
        what: String,
    },
}

impl CliError {
    /// Bad usage, in words.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }

    /// 1 refused, 2 bad usage, 3 no answer.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Kmip(Error::Config(_)) => 2,
            Self::Kmip(Error::NoAnswer { .. } | Error::Protocol { .. })
            | Self::AdminNoAnswer { .. }
            | Self::AdminProtocol { .. } => 3,
            Self::Kmip(_) | Self::NoSuchObject { .. } | Self::AdminRefused(_) | Self::Local(_) => 1,
        }
    }
}

/// The result of a command.
pub type Done<T = ()> = Result<T, CliError>;
