//! What to try after an error: one table, by operation and result reason.

use kmip_client::Error;
use kmip_codec::registry::{Operation, ResultReason as Reason};

use crate::failure::CliError;

/// What to try, if there is advice.
pub fn for_error(error: &CliError) -> Option<&'static str> {
    match error {
        CliError::Kmip(Error::ServerRefused { operation, reason, .. }) => for_refusal(*operation, *reason),
        CliError::Kmip(Error::NoAnswer { attempts, .. }) => attempts.last().map(|attempt| attempt.failure.hint()),
        CliError::AdminNoAnswer { failure, .. } => Some(failure.hint()),
        CliError::NoSuchObject { .. } => Some("`kmip-cli locate` lists the objects that you may see"),
        CliError::Kmip(Error::NoCommonVersion { .. }) => Some("`--kmip-version` forces a version"),
        CliError::Kmip(Error::TooOld { .. }) => {
            Some("leave --kmip-version out, if it is given: the newest version of the server is spoken then")
        }
        CliError::Kmip(Error::Protocol { .. }) => Some("is it a KMIP server, and is the port right?"),
        CliError::AdminProtocol { .. } => Some("is the port that of the admin listener?"),
        CliError::Kmip(Error::AttributeInstance { .. }) => Some("`kmip-cli attributes get` shows the values"),
        _ => None,
    }
}

fn for_refusal(operation: Operation, reason: Reason) -> Option<&'static str> {
    Some(match (operation, reason) {
        (Operation::Destroy, Reason::PermissionDenied | Reason::WrongKeyLifecycleState) => {
            "an active object must be revoked first: `kmip-cli revoke`"
        }
        (Operation::Activate, Reason::PermissionDenied | Reason::WrongKeyLifecycleState) => {
            "only a Pre-Active object can be activated: `kmip-cli attributes get ID State`"
        }
        (_, Reason::WrongKeyLifecycleState) => "`kmip-cli attributes get ID State` shows the state of the object",
        (_, Reason::ItemNotFound | Reason::ObjectNotFound) => "`kmip-cli locate` lists the objects that you may see",
        (_, Reason::NonUniqueNameAttribute) => "the name is in use: choose another, or destroy the object that has it",
        (_, Reason::AuthenticationNotSuccessful | Reason::BadPassword) => {
            "check --username and --password-file, and whether the user belongs to this client certificate"
        }
        (_, Reason::NotAuthorised | Reason::PermissionDenied) => {
            "the object may belong to another client, or its state or attributes forbid it: `kmip-cli attributes get ID`"
        }
        (_, Reason::OperationNotSupported) => "`kmip-cli query` lists the operations of the server",
        (_, Reason::KeyFormatTypeNotSupported) => "leave --format out to get the format in which the key is kept",
        (_, Reason::Sensitive) => "the key leaves the server only wrapped: `kmip-cli get --wrap-with`",
        (_, Reason::NotExtractable) => "the key never leaves the server: use it there",
        (_, Reason::ObjectDestroyed) => "the key is gone; its attributes remain: `kmip-cli attributes get ID`",
        (_, Reason::AttributeReadOnly | Reason::ReadOnlyAttribute) => "the server alone sets this attribute",
        (_, Reason::AttributeSingleValued | Reason::MultiValuedAttribute) => {
            "it has a value already: `kmip-cli attributes set` replaces it"
        }
        (_, Reason::UnsupportedProtocolVersion | Reason::InvalidMessage) => {
            "leave --kmip-version out to agree with the server, or name one of `kmip-cli discover`"
        }
        (_, Reason::ServerLimitExceeded) => "wait, and try again",
        _ => return None,
    })
}
