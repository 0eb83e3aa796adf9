//! What an administrator changes: clients and users. Durable when a call returns.

use kmip_codec::inline::Text;
use thiserror::Error;

use crate::engine::Engine;
use crate::identity::{ClientRecord, UserRecord, is_acceptable_name};
use crate::layout;
use crate::ports::store::{Batch, Guard, Outcome, StoreError, Write};

/// Why a change by an administrator is refused.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// The name is empty, too long, or has characters that a name cannot have.
    #[error("{0:?} is not a name: 1 to 128 characters, none of them a control character or a slash")]
    BadName(String),
    /// There is one already.
    #[error("{0} exists already")]
    Exists(String),
    /// What was given is not acceptable, or not what it should be.
    #[error("{0}")]
    Unacceptable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Records a new client. Without a scope it gets one of its own, under its own name.
    pub fn enroll(&self, name: &str, scope: Option<&str>) -> Result<(), AdministrationError> {
        let scope = scope.unwrap_or(name);
        for text in [name, scope] {
            check_name(text)?;
        }
        let record = ClientRecord { scope: Text::new(scope) };
        self.insert(layout::client(name), record.encode(), || format!("a client named {name:?}"))
    }

    /// Records a new KMIP user; `password_hash` is in PHC form. Bound to a client, it counts only with its certificate.
    pub fn add_user(&self, name: &str, password_hash: &str, client: Option<&str>) -> Result<(), AdministrationError> {
        check_name(name)?;
        if let Some(client) = client {
            check_name(client)?;
        }
        let record = UserRecord { password_hash: Text::new(password_hash), client: client.map(Text::new) };
        self.insert(layout::user(name), record.encode(), || format!("a user named {name:?}"))
    }

    /// The scope of a client.
    pub fn scope_of(&self, client: &str) -> Text {
        let client = Text::new(client);
        self.catalog.client(&client).map_or(client, |record| record.scope)
    }

    fn insert(&self, key: Vec<u8>, value: Vec<u8>, what: impl Fn() -> String) -> Result<(), AdministrationError> {
        let guards = vec![Guard::Absent(key.clone())];
        let batch = Batch { guards, writes: vec![Write::Put(key, value)], ..Batch::default() };
        match self.store.commit(std::slice::from_ref(&batch))?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => Err(AdministrationError::Exists(what())),
        }
    }
}

fn check_name(name: &str) -> Result<(), AdministrationError> {
    if is_acceptable_name(name) { Ok(()) } else { Err(AdministrationError::BadName(name.to_owned())) }
}
