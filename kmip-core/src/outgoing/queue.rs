//! What waits for clients: its stored form, the queues in memory, and what a change of an object puts there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kmip_codec::attribute::{Attribute, AttributeReference, Instance};
use kmip_codec::error::Result;
use kmip_codec::inline::Text;
use kmip_codec::registry::Tag;
use kmip_codec::value::{Field, Value};

use super::courier::speaks;
use super::{LONGEST_WAIT, MOST_QUEUED, MOST_TRUSTED};
use crate::administration::{AdministrationError, check_name};
use crate::catalog::Catalog;
use crate::engine::{Engine, Pending};
use crate::identity::Listener;
use crate::layout;
use crate::object::{Record, attribute_of};
use crate::ports::store::{Batch, Change, Write};
use crate::state;
use crate::stored::{read, write};
use crate::x509::certificate::Parsed;

const QUEUED: Tag = Tag::new(0x54_0300);
const UNTIL: Tag = Tag::new(0x54_0301);
const CHANGED: Tag = Tag::new(0x54_0302);
const DELETED: Tag = Tag::new(0x54_0303);
const PUT: Tag = Tag::new(0x54_0304);
const REPLACED: Tag = Tag::new(0x54_0305);

/// Characters of a host's name (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 253;
/// Messages that are removed in one change once they have waited too long.
const ENDED_AT_ONCE: usize = 64;

/// A message that waits for a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// The time at which it goes, taken or not.
    pub until: i64,
    /// What it says.
    pub message: QueuedMessage,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum QueuedMessage {
    /// Attributes have changed.
    Notify {
        /// The object, with the attributes that have changed and no others.
        changed: Box<Record>,
        /// The attributes that are gone.
        deleted: Vec<AttributeReference>,
    },
    /// The client is to have an object.
    Put {
        /// Its identifier.
        id: Text,
        /// The identifier of the object that it replaces.
        replaced: Option<Text>,
    },
}

impl Queued {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(QUEUED, |sink| {
            self.until.put(UNTIL, sink);
            match &self.message {
                QueuedMessage::Notify { changed, deleted } => {
                    changed.put(CHANGED, sink);
                    deleted.iter().for_each(|reference| reference.name().put(DELETED, sink));
                }
                QueuedMessage::Put { id, replaced } => {
                    id.put(PUT, sink);
                    replaced.put_field(REPLACED, sink);
                }
            }
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(QUEUED, bytes, |next, source| {
            let until = i64::take_field(UNTIL, next, source)?;
            let message = match Option::<Record>::take_field(CHANGED, next, source)? {
                Some(changed) => {
                    let deleted = Vec::<Text>::take_field(DELETED, next, source)?;
                    let deleted = deleted.iter().map(|name| AttributeReference::of_name(name)).collect();
                    QueuedMessage::Notify { changed: Box::new(changed), deleted }
                }
                None => {
                    let id = Text::take_field(PUT, next, source)?;
                    QueuedMessage::Put { id, replaced: Option::<Text>::take_field(REPLACED, next, source)? }
                }
            };
            Ok(Self { until, message })
        })
    }
}

/// The queues of all clients, by the serial numbers of their messages.
#[derive(Default)]
pub(crate) struct Queues {
    waiting: HashMap<Text, BTreeMap<u64, i64>>,
    by_end: BTreeSet<(i64, Text, u64)>,
    /// The highest serial number that was given.
    last: u64,
}

impl Queues {
    /// Takes in one change; the error says what is wrong with it.
    pub fn take(&mut self, change: &Change<'_>) -> std::result::Result<(), String> {
        let (client, serial) = layout::outgoing_of(change.key).ok_or("no message's key")?;
        self.last = self.last.max(serial);
        let client = Text::new(client);
        if let Some(until) = self.waiting.get_mut(&client).and_then(|queue| queue.remove(&serial)) {
            self.by_end.remove(&(until, client.clone(), serial));
        }
        if let Some(value) = change.value {
            let until = Queued::decode(value).map_err(|error| error.to_string())?.until;
            self.by_end.insert((until, client.clone(), serial));
            self.waiting.entry(client).or_default().insert(serial, until);
        } else if self.waiting.get(&client).is_some_and(BTreeMap::is_empty) {
            self.waiting.remove(&client);
        }
        Ok(())
    }

    /// How many messages wait for a client.
    pub fn count_of(&self, client: &Text) -> usize {
        self.waiting.get(client).map_or(0, BTreeMap::len)
    }

    /// The serial number of the first message that waits for a client.
    pub fn first_of(&self, client: &Text) -> Option<u64> {
        self.waiting.get(client)?.keys().next().copied()
    }

    /// A serial number that was never given.
    fn next(&mut self) -> u64 {
        self.last = self.last.saturating_add(1);
        self.last
    }
}

/// The host and the port of a listener's address: a name, an IPv4 address, or an IPv6 address in brackets.
pub fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let marks: &[u8] = if bare.is_some() { b":." } else { b".-_" };
    let host = bare.unwrap_or(host);
    let acceptable = !host.is_empty() && host.len() <= LONGEST_HOST;
    let acceptable = acceptable && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte));
    let port = port.parse().ok().filter(|port| *port != 0)?;
    acceptable.then_some((host, port))
}

/// The key of a message that waits for a client.
pub(crate) fn key_of(client: &str, serial: u64) -> Vec<u8> {
    layout::outgoing(client, serial)
}

/// The messages that tell the clients which hear of changes that an object has changed: written with the change itself.
pub(crate) fn notifications(catalog: &Catalog, before: &Record, after: &Record) -> Vec<Write> {
    let listeners = catalog.listeners(&after.scope);
    if listeners.is_empty() {
        return Vec::new();
    }
    let Some(message) = difference(before, after) else { return Vec::new() };
    let now = attribute_of!(after, LastChangeDate).map_or(0, |date| date.0);
    let value = Queued { until: now.saturating_add(LONGEST_WAIT), message }.encode();
    let mut queues = catalog.queues_mut();
    let mut writes = Vec::new();
    for client in listeners {
        if queues.count_of(&client) >= MOST_QUEUED {
            tracing::warn!(%client, object = %after.id, "no more messages are queued: the client has taken none for long");
            continue;
        }
        writes.push(Write::Put(layout::outgoing(&client, queues.next()), value.clone()));
    }
    writes
}

/// The attributes that differ, the state among them; "at least the Last Change Date" is told (KMIP 2.1 §6.2.2).
fn difference(before: &Record, after: &Record) -> Option<QueuedMessage> {
    let all = |record: &Record| {
        // The state follows from the dates: as it was when the record was written.
        let now = attribute_of!(record, LastChangeDate).map_or(0, |date| date.0);
        let state = Instance { index: Some(0), attribute: Attribute::State(state::at(record, now)) };
        std::iter::once(state).chain(record.attributes.iter().cloned()).collect::<Vec<_>>()
    };
    let (old, new) = (all(before), all(after));
    let references = |list: &[Instance]| -> Vec<AttributeReference> {
        list.iter().map(|instance| AttributeReference::of(&instance.attribute)).collect()
    };
    let left = references(&new);
    let mut deleted: Vec<AttributeReference> = Vec::new();
    for reference in references(&old) {
        if !left.contains(&reference) && !deleted.contains(&reference) {
            deleted.push(reference);
        }
    }
    let differs = |instance: &&Instance| !old.contains(instance);
    if deleted.is_empty() && !new.iter().any(|instance| differs(&instance)) {
        return None;
    }
    let tells = |instance: &&Instance| differs(instance) || matches!(instance.attribute, Attribute::LastChangeDate(_));
    let mut changed = Record::new(after.id.clone(), after.scope.clone(), after.object_type);
    changed.attributes = new.iter().filter(tells).cloned().collect();
    Some(QueuedMessage::Notify { changed: Box::new(changed), deleted })
}

impl Engine {
    /// Says whether a client hears of changes in its scope, once it has exchanged roles. A client that was never enrolled gets
    /// a record. What waits for one that hears no more goes in its time.
    pub fn set_listening(&self, client: &str, listens: bool) -> std::result::Result<(), AdministrationError> {
        self.set_hearing(client, listens, None)
    }

    /// Lets a client hear of changes in its scope at this listener; roles can be exchanged, too.
    pub fn listen_at(&self, client: &str, listener: Listener) -> std::result::Result<(), AdministrationError> {
        let refuse = |why: String| Err(AdministrationError::Unacceptable(why));
        if host_and_port(&listener.address).is_none() {
            return refuse(format!("{}: not HOST:PORT", listener.address));
        }
        if !speaks(listener.version) {
            return refuse(format!("KMIP {} has neither Notify nor Put", listener.version));
        }
        if listener.trusted.len() > MOST_TRUSTED {
            return refuse(format!("a listener is of one of {MOST_TRUSTED} authorities at most"));
        }
        for authority in &listener.trusted {
            if let Err(error) = Parsed::new(authority.as_slice()) {
                return refuse(format!("no certificate of an authority: {error}"));
            }
        }
        self.set_hearing(client, true, Some(listener))
    }

    /// The clients for which something waits and which have a listener.
    pub fn awaited(&self) -> Vec<(Text, Listener)> {
        let waiting: Vec<Text> = self.catalog.queues().waiting.keys().cloned().collect();
        waiting.into_iter().filter_map(|client| self.listener_of(&client).map(|listener| (client, listener))).collect()
    }

    /// Where a client hears, if it may hear and has such a place.
    pub fn listener_of(&self, client: &str) -> Option<Listener> {
        let record = self.catalog.client(&Text::new(client))?;
        record.listener.filter(|_| record.listens && !record.disabled)
    }

    fn set_hearing(
        &self,
        client: &str,
        listens: bool,
        listener: Option<Listener>,
    ) -> std::result::Result<(), AdministrationError> {
        check_name(client)?;
        self.change_client(client, |record| (record.listens, record.listener) = (listens, listener))
    }

    /// Queues an object for a client of its scope; `replaced` names the object whose place it takes (KMIP 2.1 §6.2.3).
    pub fn queue_put(
        &self,
        client: &str,
        id: &str,
        replaced: Option<&str>,
        now: i64,
    ) -> std::result::Result<(), AdministrationError> {
        let refuse = |why: &str| Err(AdministrationError::Unacceptable(why.to_owned()));
        let name = Text::new(client);
        let known = self.catalog.client(&name);
        let Some(known) = known.filter(|known| known.listens) else {
            return refuse("the client takes no messages from the server: let it by `client listen` first");
        };
        let found = self.catalog.read(self.store.as_ref(), &known.scope, &Text::new(id))?;
        let Some(record) = found.map(|stored| stored.record.clone()) else {
            return refuse("the scope of the client has no object with this identifier");
        };
        if let Some(why) = super::courier::why_it_stays(&record) {
            return refuse(why);
        }
        let mut queues = self.catalog.queues_mut();
        if queues.count_of(&name) >= MOST_QUEUED {
            return refuse("too many messages wait for the client; it must take some first");
        }
        let key = layout::outgoing(client, queues.next());
        drop(queues);
        let message = QueuedMessage::Put { id: Text::new(id), replaced: replaced.map(Text::new) };
        let value = Queued { until: now.saturating_add(LONGEST_WAIT), message }.encode();
        self.commit_change(client, Batch { writes: vec![Write::Put(key, value)], ..Batch::default() })
    }

    /// The change that removes messages that have waited too long, if there are any.
    pub(crate) fn ended_messages(&self, now: i64) -> Option<Pending> {
        let queues = self.catalog.queues();
        let ended = queues.by_end.iter().take_while(|(until, ..)| *until <= now).take(ENDED_AT_ONCE);
        let writes: Vec<Write> = ended.map(|(_, client, serial)| Write::Delete(key_of(client, *serial))).collect();
        (!writes.is_empty()).then(|| Pending::again(Batch { writes, ..Batch::default() }, now))
    }
}
