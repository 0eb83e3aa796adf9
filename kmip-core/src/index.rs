//! What Locate searches: for each scope, its objects newest first, and the objects that have a value of an attribute.
//! Kept in memory, rebuilt at open, fed by the store's change feed: the one place that knows indexes.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::quality::RandomState;
use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use kmip_codec::registry::{HashingAlgorithm, ObjectType, Tag};
use kmip_codec::version::V2_1;
use kmip_codec::wire::ttlv::TtlvWriter;

use crate::object::Record;
use crate::state;

type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// Position of an object in its scope: newest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    initial_date: Reverse<i64>,
    serial: Reverse<i64>,
    id: Text,
}

#[derive(Debug)]
struct Indexed {
    place: Place,
    values: Vec<u64>,
    due: Option<i64>,
    destroyed: bool,
}

#[derive(Debug, Default)]
struct ScopeIndex {
    entries: HashMap<Text, Indexed>,
    /// Objects that are not destroyed.
    live: BTreeSet<Place>,
    /// Objects that are destroyed.
    destroyed: BTreeSet<Place>,
    by_value: HashMap<u64, Places>,
}

/// The objects that have a value. A name is the value of one, and a set of one takes the memory of eleven.
#[derive(Debug)]
enum Places {
    One(Place),
    Many(BTreeSet<Place>),
}

impl Places {
    fn insert(&mut self, place: Place) {
        match self {
            Self::One(only) if *only == place => {}
            Self::One(only) => *self = Self::Many(BTreeSet::from([only.clone(), place])),
            Self::Many(places) => {
                places.insert(place);
            }
        }
    }

    /// Takes an object out; tells whether none is left.
    fn remove(&mut self, place: &Place) -> bool {
        match self {
            Self::One(only) => only == place,
            Self::Many(places) => {
                places.remove(place);
                places.is_empty()
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(places) => places.len(),
        }
    }

    fn contains(&self, place: &Place) -> bool {
        match self {
            Self::One(only) => only == place,
            Self::Many(places) => places.contains(place),
        }
    }

    /// The objects, newest first.
    fn iter(&self) -> impl Iterator<Item = &Place> {
        let (one, many) = match self {
            Self::One(only) => (Some(only), None),
            Self::Many(places) => (None, Some(places)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// The index of all scopes.
#[derive(Debug, Default)]
pub struct Index {
    scopes: HashMap<Text, ScopeIndex>,
    /// When a date next changes the state of an object.
    due: BTreeMap<(i64, Text, Text), ()>,
    /// The highest time that any record shows: now never runs behind it.
    newest: i64,
    /// The highest serial of any record.
    last_serial: i64,
}

impl Index {
    /// Takes in the new state of an object.
    pub fn put(&mut self, record: &Record) {
        self.remove(&record.scope, &record.id);
        let initial_date = Reverse(record.date(Tag::InitialDate).map_or(0, |date| date.0));
        let place = Place { initial_date, serial: Reverse(record.serial), id: record.id.clone() };
        let due = state::next_change(record, record.date(Tag::LastChangeDate).map_or(0, |date| date.0));
        let values = record.attributes.iter().filter_map(|i| value_key(&i.attribute)).chain(shown_key_of(record));
        let values: Vec<u64> = values.collect();
        let scope = self.scopes.entry(record.scope.clone()).or_default();
        for value in &values {
            match scope.by_value.entry(*value) {
                Entry::Occupied(mut places) => places.get_mut().insert(place.clone()),
                Entry::Vacant(vacant) => {
                    vacant.insert(Places::One(place.clone()));
                }
            }
        }
        let set = if record.destroyed { &mut scope.destroyed } else { &mut scope.live };
        set.insert(place.clone());
        if let Some(due) = due {
            self.due.insert((due, record.scope.clone(), record.id.clone()), ());
        }
        scope.entries.insert(record.id.clone(), Indexed { place, values, due, destroyed: record.destroyed });
        self.last_serial = self.last_serial.max(record.serial);
        self.newest = self.newest.max(record.date(Tag::LastChangeDate).map_or(0, |date| date.0));
    }

    /// Whether there is such an object, a destroyed one included.
    pub fn contains(&self, scope: &Text, id: &Text) -> bool {
        self.scopes.get(scope).is_some_and(|index| index.entries.contains_key(id))
    }

    /// Forgets an object.
    pub fn forget(&mut self, scope: &Text, id: &Text) {
        self.remove(scope, id);
    }

    fn remove(&mut self, scope: &Text, id: &Text) {
        let Some(index) = self.scopes.get_mut(scope) else { return };
        let Some(entry) = index.entries.remove(id) else { return };
        for value in &entry.values {
            if index.by_value.get_mut(value).is_some_and(|places| places.remove(&entry.place)) {
                index.by_value.remove(value);
            }
        }
        let set = if entry.destroyed { &mut index.destroyed } else { &mut index.live };
        set.remove(&entry.place);
        if let Some(due) = entry.due {
            self.due.remove(&(due, scope.clone(), id.clone()));
        }
    }

    /// Identifiers that can match, newest first: those that have all the values, or all of the scope.
    pub fn candidates(&self, scope: &Text, wanted: &[u64], live: bool, destroyed: bool) -> Vec<Text> {
        let Some(index) = self.scopes.get(scope) else { return Vec::new() };
        let sets: Option<Vec<&Places>> = wanted.iter().map(|value| index.by_value.get(value)).collect();
        let Some(sets) = sets else { return Vec::new() };
        let stored = |place: &&Place| {
            index.entries.get(&place.id).is_some_and(|entry| if entry.destroyed { destroyed } else { live })
        };
        if let Some(smallest) = sets.iter().min_by_key(|places| places.len()) {
            let in_all = |place: &&Place| sets.iter().all(|set| set.contains(place));
            return smallest.iter().filter(in_all).filter(stored).map(|place| place.id.clone()).collect();
        }
        match (live, destroyed) {
            (true, false) => index.live.iter().map(|place| place.id.clone()).collect(),
            (false, true) => index.destroyed.iter().map(|place| place.id.clone()).collect(),
            (false, false) => Vec::new(),
            (true, true) => index.live.union(&index.destroyed).map(|place| place.id.clone()).collect(),
        }
    }

    /// Objects whose state a date has changed by `now`, at most `limit` of them.
    /// Those that `rests` takes are left out.
    pub fn due(&self, now: i64, limit: usize, rests: impl Fn(&Text, &Text) -> bool) -> Vec<(Text, Text)> {
        let until = self.due.keys().take_while(|(at, _, _)| *at <= now).filter(|(_, scope, id)| !rests(scope, id));
        until.take(limit).map(|(_, scope, id)| (scope.clone(), id.clone())).collect()
    }

    /// The highest time that any record shows.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// The highest serial of any record.
    pub fn last_serial(&self) -> i64 {
        self.last_serial
    }

    /// Number of objects, destroyed ones included.
    pub fn count(&self) -> usize {
        self.scopes.values().map(|scope| scope.entries.len()).sum()
    }

    /// Number of objects of a scope, destroyed ones included.
    pub fn count_of(&self, scope: &Text) -> u64 {
        self.scopes.get(scope).map_or(0, |scope| scope.entries.len() as u64)
    }
}

/// The key under which a certificate is found by its SHA-256, or a device by the keyed hash of its fields: what a connection or
/// a credential shows of it.
pub fn shown_key(object_type: ObjectType, hash: &[u8]) -> u64 {
    // A digest needs no hashing.
    let start = hash.first_chunk().map_or(0, |start| u64::from_le_bytes(*start));
    start ^ u64::from(object_type.0).rotate_right(8)
}

/// The digest by which a credential is known that a connection shows or a device computes: of a certificate, of the fields of a
/// device.
pub fn shown_hash(record: &Record) -> Option<&[u8]> {
    let hash = match record.object_type {
        ObjectType::DeviceCredential => record.device_key.as_ref(),
        ObjectType::Certificate => record.first(|attribute| match attribute {
            Attribute::Digest(digest) if digest.hashing_algorithm == HashingAlgorithm::SHA_256 => {
                digest.digest_value.as_ref()
            }
            _ => None,
        }),
        _ => None,
    };
    hash.map(|hash| hash.as_slice())
}

fn shown_key_of(record: &Record) -> Option<u64> {
    shown_hash(record).map(|hash| shown_key(record.object_type, hash))
}

/// The key under which an attribute value is indexed; `None` for attributes that are compared record by record: dates
/// (ranges), masks (subsets), and values that most objects share.
pub fn value_key(attribute: &Attribute) -> Option<u64> {
    let indexed = matches!(
        attribute,
        Attribute::Name(_)
            | Attribute::AlternativeName(_)
            | Attribute::ObjectGroup(_)
            | Attribute::LinkByTag(..)
            | Attribute::ApplicationSpecificInformation(_)
            | Attribute::ContactInformation(_)
            | Attribute::Vendor(_)
            | Attribute::CertificateSubjectCN(_)
    );
    indexed.then(|| {
        let mut hasher = DefaultHasher::new();
        attribute.tag().value().hash(&mut hasher);
        if let Attribute::Vendor(vendor) = attribute {
            vendor.vendor.hash(&mut hasher);
            vendor.name.hash(&mut hasher);
        }
        // From 3.0 a name is its text alone.
        if let Attribute::Name(name) = attribute {
            name.value.hash(&mut hasher);
            return hasher.finish();
        }
        let mut writer = TtlvWriter::with_capacity(V2_1, 64);
        attribute.put_value(attribute.tag(), &mut writer);
        writer.finish().hash(&mut hasher);
        hasher.finish()
    })
}
