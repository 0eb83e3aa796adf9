//! What an administrator changes: clients and users. Durable when a call returns.

use kmip_codec::inline::Text;
use thiserror::Error;

use crate::engine::Engine;
use crate::identity::{ClientRecord, UserRecord, is_acceptable_name};
use crate::layout;
use crate::ports::store::{Batch, Guard, Outcome, StoreError, Write};
use crate::quirks::{QUIRKS, Quirks};

/// Why a change by an administrator is refused.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// The name is empty, too long, or has characters that a name cannot have.
    #[error("{0:?} is not a name: 1 to 128 characters, none of them a control character or a slash")]
    BadName(String),
    /// No quirk has the name.
    #[error("there is no quirk {0:?}; there are {1}")]
    NoQuirk(String, String),
    /// The record changed meanwhile.
    #[error("the record of {0:?} was changed at the same time; try again")]
    Changed(String),
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
        let record = ClientRecord { scope: Text::new(scope), quirks: Quirks::default() };
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

    /// Switches on these quirks of a client, and off all others. A client that was never enrolled gets a record.
    pub fn set_quirks(&self, name: &str, quirks: &[String]) -> Result<(), AdministrationError> {
        check_name(name)?;
        let quirks = Quirks::named(quirks.iter().map(String::as_str)).map_err(|unknown| {
            let known: Vec<_> = QUIRKS.iter().map(|row| row.name).collect();
            AdministrationError::NoQuirk(unknown.to_owned(), known.join(", "))
        })?;
        let key = layout::client(name);
        let (scope, guard) = match self.store.get(&key)? {
            Some(found) => (self.scope_of(name), Guard::At(key.clone(), found.revision)),
            None => (Text::new(name), Guard::Absent(key.clone())),
        };
        let value = ClientRecord { scope, quirks }.encode();
        let batch = Batch { guards: vec![guard], writes: vec![Write::Put(key, value)], ..Batch::default() };
        match self.store.commit(std::slice::from_ref(&batch))?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => Err(AdministrationError::Changed(name.to_owned())),
        }
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
