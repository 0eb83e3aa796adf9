//! Reconciliation of the vault's hardware with the store: what a crash left behind goes, and what does not agree is told.
//!
//! Only a key that an intent names is removed, and only if no record holds it: what else the hardware has is reported. See
//! `residents` for the intents.

use std::collections::{BTreeSet, HashSet};

use kmip_codec::inline::Text;
use thiserror::Error;

use crate::engine::Engine;
use crate::layout;
use crate::object::Record;
use crate::ports::resident::ResidentObject;
use crate::ports::store::{Batch, Guard, Outcome, StoreError, Versioned, Write};
use crate::ports::vault::VaultError;
use crate::residents;

/// What a reconciliation did and found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// Keys that were made and never stored, and were removed: scope and identifier.
    pub removed_unstored: Vec<(String, String)>,
    /// Keys of destroyed objects that were removed.
    pub removed_destroyed: Vec<(String, String)>,
    /// Intents that could not be settled, with the reason; they stay.
    pub unsettled: Vec<(String, String, String)>,
    /// Keys in hardware that no record and no intent names. They are not touched.
    pub orphans: Vec<ResidentObject>,
    /// Objects whose key is not in hardware.
    pub missing: Vec<(String, String)>,
    /// Whether every device took part; else orphans are incomplete and missing keys are not looked for.
    pub complete: bool,
}

/// Why a reconciliation was not made.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hardware cannot be listed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Engine {
    /// Settles the intents that an earlier process left. Waits for devices only if there are some.
    pub fn settle_intents(&self) -> Result<Reconciliation, ReconcileError> {
        let mut report = Reconciliation::default();
        let mut found = Vec::new();
        self.each(layout::INTENTS, |key, stored| found.push((key.to_vec(), stored.clone())))?;
        for (key, stored) in found {
            let Some((scope, id)) = layout::owner(layout::INTENTS, &key) else { continue };
            if !self.residents.is_live(scope, &id) {
                self.settle(&key, &stored, scope, &id, &mut report)?;
            }
        }
        Ok(report)
    }

    fn settle(
        &self,
        key: &[u8],
        stored: &Versioned,
        scope: &str,
        id: &Text,
        report: &mut Reconciliation,
    ) -> Result<(), ReconcileError> {
        let named = (scope.to_owned(), id.to_string());
        // An intent never outlives the storing of its object; should one, the object wins.
        if !self.holds_resident(scope, id)? {
            match self.vault.remove_resident(scope, id) {
                Ok(false) => {}
                Ok(true) if stored.value == residents::REMOVE => report.removed_destroyed.push(named),
                Ok(true) => report.removed_unstored.push(named),
                Err(error) => {
                    report.unsettled.push((named.0, named.1, error.to_string()));
                    return Ok(());
                }
            }
        }
        let batch = Batch {
            guards: vec![Guard::At(key.to_vec(), stored.revision)],
            writes: vec![Write::Delete(key.to_vec())],
            ..Batch::default()
        };
        match self.store.commit(&[batch])?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => {
                let why = "another server changed it meanwhile".to_owned();
                report.unsettled.push((scope.to_owned(), id.to_string(), why));
                Ok(())
            }
        }
    }

    /// Settles intents and compares the hardware with all records. Waits for devices.
    pub fn reconcile(&self) -> Result<Reconciliation, ReconcileError> {
        let mut report = self.settle_intents()?;
        // In this order: a key that is made meanwhile has its intent, or its record, before it is listed.
        let listed = self.vault.residents()?;
        let (mut intended, mut held) = (HashSet::new(), BTreeSet::new());
        self.each(layout::INTENTS, |key, _| {
            intended.extend(layout::owner(layout::INTENTS, key).map(|(scope, id)| (scope.to_owned(), id.to_string())));
        })?;
        self.each(layout::OBJECTS, |_, stored| {
            if let Ok(record) = Record::decode(&stored.value)
                && self.is_resident(&record)
            {
                held.insert((record.scope.to_string(), record.id.to_string()));
            }
        })?;
        let name = |object: &ResidentObject| (object.scope.clone(), object.id.clone());
        let is_orphan = |object: &&ResidentObject| {
            let (name, id) = (name(object), Text::new(&object.id));
            !held.contains(&name) && !intended.contains(&name) && !self.residents.is_live(&object.scope, &id)
        };
        report.orphans = listed.iter().filter(is_orphan).cloned().collect();
        report.complete = self.vault.devices().iter().all(|device| device.serves);
        if report.complete {
            let present: HashSet<_> = listed.iter().map(name).collect();
            // Looked at once more: an object may have been made or destroyed since the hardware was listed.
            for (scope, id) in held.into_iter().filter(|name| !present.contains(name)) {
                let made_meanwhile =
                    || self.vault.residents().map(|now| now.iter().any(|it| it.scope == scope && it.id == id));
                if self.holds_resident(&scope, &Text::new(&id))? && !made_meanwhile()? {
                    report.missing.push((scope, id));
                }
            }
        }
        Ok(report)
    }

    fn is_resident(&self, record: &Record) -> bool {
        record.material.as_ref().is_some_and(|material| self.vault.resides(&material.sealed))
    }

    fn holds_resident(&self, scope: &str, id: &Text) -> Result<bool, StoreError> {
        let found = self.catalog.read(self.store.as_ref(), &Text::new(scope), id)?;
        Ok(found.is_some_and(|stored| self.is_resident(&stored.record)))
    }

    /// Visits the entries under a prefix.
    fn each(&self, prefix: &[u8], mut visit: impl FnMut(&[u8], &Versioned)) -> Result<(), StoreError> {
        let (mut from, until) = (prefix.to_vec(), layout::end_of(prefix));
        loop {
            let page = self.store.scan(&from, &until, 1_000)?;
            page.entries.iter().for_each(|(key, stored)| visit(key, stored));
            match page.entries.last() {
                Some((last, _)) if page.more => from = [last.as_slice(), b"\0"].concat(),
                _ => return Ok(()),
            }
        }
    }
}
