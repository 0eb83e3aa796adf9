//! The full check of a store: every frame is parsed and opened, every part has its record, and all records together
//! are what the last commit left. It runs in pages in the background, or all at once. Damage is reported, and the
//! check goes on behind it.

use ::sled::Db;
use kmip_core::ports::store::{RecordSeal, StoreError};

use super::content::Content;
use super::engine::guarded;
use super::frame::{self, Frame};
use super::keys::Keys;
use super::keyspace::{self, Named, shown};
use super::sled::SledStore;

/// One damaged place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The storage key, or a range of them, escaped for printing.
    pub place: String,
    /// What is wrong there.
    pub detail: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.detail)
    }
}

/// What [`SledStore::check_page`] saw.
#[derive(Debug, Default)]
pub struct CheckPage {
    /// Where the next page begins; `None` at the end of the store.
    pub next: Option<Vec<u8>>,
    /// Entries looked at.
    pub checked: u64,
    /// What is damaged.
    pub damaged: Vec<Damage>,
}

/// What [`SledStore::check`] saw.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Entries looked at.
    pub checked: u64,
    /// What is damaged; empty if the store is whole.
    pub damaged: Vec<Damage>,
}

/// Entries of one page of a walk over everything.
const PAGE: usize = 1024;

impl SledStore {
    /// Checks the whole store.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        let before = self.standing();
        let mut found = Content::default();
        let mut report = walk(&self.db, |storage, stored| {
            self.check_entry(storage, stored)?;
            count(&mut found, storage, stored, &*self.seal)
        })?;
        let unchanged = before.revision == self.standing().revision;
        if unchanged && report.damaged.is_empty() && found != before.content {
            report.damaged.push(Damage { place: "all records".to_owned(), detail: lost(&before.content, &found) });
        }
        Ok(report)
    }

    /// Checks up to `limit` entries from the cursor `from`: empty at first, then [`CheckPage::next`].
    ///
    /// On a running store, entries that change meanwhile are seen before or after the change.
    pub fn check_page(&self, from: &[u8], limit: usize) -> Result<CheckPage, StoreError> {
        page(&self.db, from, limit, &mut |storage, stored| self.check_entry(storage, stored))
    }

    fn check_entry(&self, storage: &[u8], stored: &[u8]) -> Result<(), String> {
        match keyspace::named(storage) {
            // Both were opened and checked when the store was.
            Named::Own => Ok(()),
            Named::Unknown => Err("not a key of this store".to_owned()),
            Named::Record(key) => self.read(key, storage, stored).map(|_| ()).map_err(|error| match error {
                StoreError::Damaged { detail, .. } => detail,
                other => other.to_string(),
            }),
            Named::Part(key, number) => self.check_part(key, storage, number),
        }
    }

    /// A part without its record is garbage that the layers above cannot see.
    fn check_part(&self, key: &[u8], storage: &[u8], number: u32) -> Result<(), String> {
        self.with_parts_unchanged(|| {
            let read = |storage: &[u8]| guarded(|| self.db.get(storage)).map_err(|error| error.to_string());
            let Some(part) = read(storage)? else { return Ok(()) };
            let record = read(&keyspace::record(key))?.ok_or_else(|| "a part without a record".to_owned())?;
            let frame = Frame::parse(&record)?;
            let (revision, _) = frame::part(&part)?;
            if revision != frame.revision || number >= frame.parts() {
                return Err("a part that does not belong to its record".to_owned());
            }
            Ok(())
        })
    }
}

/// What an engine holds, as far as it can be read without opening the records.
pub(super) struct Survey {
    /// The records with whole frames.
    pub found: Content,
    /// The keys of all records.
    pub keys: Keys,
    /// What is damaged.
    pub damaged: Vec<Damage>,
    /// Records among the damaged: they are there, but their frames cannot be read.
    broken: u64,
}

impl Survey {
    /// Looks at every entry.
    pub fn of(db: &Db, seal: &dyn RecordSeal) -> Result<Self, StoreError> {
        let (mut found, mut keys, mut broken) = (Content::default(), Keys::default(), 0);
        let report = walk(db, |storage, stored| {
            if let Named::Record(key) = keyspace::named(storage) {
                keys.add(key);
            }
            count(&mut found, storage, stored, seal).inspect_err(|_| broken += 1)
        })?;
        if !report.damaged.is_empty() {
            keys.give_up();
        }
        Ok(Self { found, keys, damaged: report.damaged, broken })
    }

    /// Whether every record of `expected` is there, readable or not.
    pub fn has_all(&self, expected: &Content) -> bool {
        let only_frames = usize::try_from(self.broken).is_ok_and(|broken| broken == self.damaged.len());
        self.found == *expected || only_frames && self.found.records() + self.broken == expected.records()
    }
}

/// The words for content that is not what it should be.
pub(super) fn lost(expected: &Content, found: &Content) -> String {
    format!(
        "records are missing, or are older than they should be: {} are there, the last commit left {}",
        found.records(),
        expected.records()
    )
}

fn count(found: &mut Content, storage: &[u8], stored: &[u8], seal: &dyn RecordSeal) -> Result<(), String> {
    if let Named::Record(key) = keyspace::named(storage) {
        found.add(key, Frame::parse(stored)?.revision, seal);
    }
    Ok(())
}

/// Shows every entry to `look`, and collects what it finds wrong and what cannot be read.
fn walk(db: &Db, mut look: impl FnMut(&[u8], &[u8]) -> Result<(), String>) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport::default();
    let mut from = Some(vec![]);
    while let Some(start) = from {
        let page = page(db, &start, PAGE, &mut look)?;
        report.checked += page.checked;
        report.damaged.extend(page.damaged);
        from = page.next;
    }
    Ok(report)
}

/// Looks at an entry (storage key, stored bytes); the error says what is wrong with it.
type Look<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), String> + 'a;

fn page(db: &Db, from: &[u8], limit: usize, look: &mut Look<'_>) -> Result<CheckPage, StoreError> {
    let mut page = CheckPage::default();
    let mut entries = db.range(from.to_vec()..);
    let mut at = from.to_vec();
    for _ in 0..limit.max(1) {
        match guarded(|| entries.next().transpose()) {
            Ok(None) => return Ok(page),
            Ok(Some((storage, stored))) => {
                page.checked += 1;
                if let Err(detail) = look(&storage, &stored) {
                    page.damaged.push(Damage { place: shown(&storage), detail });
                }
                at = [&storage[..], &[0]].concat();
            }
            Err(StoreError::Damaged { place, detail }) => {
                page.next = behind_damage(db, &at);
                let end = page.next.as_deref().map_or_else(|| "the end".to_owned(), shown);
                let place = format!("keys from {} to {end} ({place})", shown(&at));
                page.damaged.push(Damage { place, detail });
                return Ok(page);
            }
            Err(error) => return Err(error),
        }
    }
    page.next = Some(at);
    Ok(page)
}

/// The first key after unreadable ones that begin at `from`, found from the end; what lies between is lost to us.
fn behind_damage(db: &Db, from: &[u8]) -> Option<Vec<u8>> {
    let mut entries = db.range(from.to_vec()..);
    let mut first = None;
    while let Ok(Some((storage, _))) = guarded(|| entries.next_back().transpose()) {
        first = Some(storage.to_vec());
    }
    first
}
