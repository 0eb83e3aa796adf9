//! What is stored about a ticket, and which objects a Right reaches (KMIP 2.1 §7.34).

use kmip_codec::error::Result;
use kmip_codec::inline::Text;
use kmip_codec::registry::{Operation, Tag, UsageLimitsUnit};
use kmip_codec::value::{Field, Value};
use kmip_codec::wire::{Sink, Source};

use crate::error::{Fault, OpError, OpResult};
use crate::object::Record;
use crate::stored::{read, structure, write};

const TICKET: Tag = Tag::new(0x54_0200);
const CLIENT: Tag = Tag::new(0x54_0201);
const USER: Tag = Tag::new(0x54_0202);
const UNTIL: Tag = Tag::new(0x54_0203);
const REQUESTS: Tag = Tag::new(0x54_0204);
const LIMIT: Tag = Tag::new(0x54_0205);
const UNIT: Tag = Tag::new(0x54_0206);
const TOTAL: Tag = Tag::new(0x54_0207);
const DELEGATED: Tag = Tag::new(0x54_0208);
const RIGHT: Tag = Tag::new(0x54_0209);
const OPERATIONS: Tag = Tag::new(0x54_020A);
const OBJECTS: Tag = Tag::new(0x54_020B);
const GROUPS: Tag = Tag::new(0x54_020C);
const ENTRY: Tag = Tag::new(0x54_020D);
const RENEWALS: Tag = Tag::new(0x54_020E);

/// Units that may be taken: operations, or bytes that they protect, as Usage Limits of keys count them (KMIP 2.1 §7.40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub unit: UsageLimitsUnit,
    /// How many.
    pub total: i64,
}

/// A Right: a field that is left out restricts nothing (KMIP 2.1 §7.34).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Right {
    /// How much may be done by it.
    pub limit: Option<Limit>,
    /// Which operations.
    pub operations: Option<Vec<Operation>>,
    /// On which objects.
    pub objects: Option<Vec<Text>>,
    /// On objects of which groups.
    pub groups: Option<Vec<Text>>,
}

/// What is stored about a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRecord {
    /// The client that logged in.
    pub client: Text,
    /// The user that it logged in as.
    pub user: Option<Text>,
    /// The time from which it is worth nothing.
    pub until: i64,
    /// Requests that may be made with it.
    pub requests: Option<i64>,
    /// What the operations of these requests may come to.
    pub limit: Option<Limit>,
    /// What whoever presents it may do; `None` for a ticket of Login.
    pub rights: Option<Vec<Right>>,
    /// How often the client's certificates had been renewed when it was made.
    pub renewals: i64,
}

impl TicketRecord {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(TICKET, |sink| {
            self.client.put(CLIENT, sink);
            self.user.put_field(USER, sink);
            self.until.put(UNTIL, sink);
            self.requests.put_field(REQUESTS, sink);
            self.limit.put_field(LIMIT, sink);
            self.rights.is_some().put(DELEGATED, sink);
            self.rights.iter().flatten().for_each(|right| right.put(RIGHT, sink));
            (self.renewals > 0).then_some(self.renewals).put_field(RENEWALS, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(TICKET, bytes, |next, source| {
            let client = Text::take_field(CLIENT, next, source)?;
            let user = Option::<Text>::take_field(USER, next, source)?;
            let until = i64::take_field(UNTIL, next, source)?;
            let requests = Option::<i64>::take_field(REQUESTS, next, source)?;
            let limit = Option::<Limit>::take_field(LIMIT, next, source)?;
            let delegated = bool::take_field(DELEGATED, next, source)?;
            let rights = Vec::<Right>::take_field(RIGHT, next, source)?;
            let renewals = Option::<i64>::take_field(RENEWALS, next, source)?.unwrap_or(0);
            Ok(Self { client, user, until, requests, limit, rights: delegated.then_some(rights), renewals })
        })
    }
}

impl Value for Limit {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.unit.put(UNIT, sink);
        self.total.put(TOTAL, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let unit = UsageLimitsUnit::take_field(UNIT, next, source)?;
            Ok(Self { unit, total: i64::take_field(TOTAL, next, source)? })
        })
    }
}

/// A list that may be there and empty, which is not the same as left out.
struct Listed<T>(Vec<T>);

impl<T: Value> Value for Listed<T> {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.0.put_field(ENTRY, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| Vec::take_field(ENTRY, next, source)).map(Self)
    }
}

impl Value for Right {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.limit.put_field(LIMIT, sink);
        self.operations.clone().map(Listed).put_field(OPERATIONS, sink);
        self.objects.clone().map(Listed).put_field(OBJECTS, sink);
        self.groups.clone().map(Listed).put_field(GROUPS, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let limit = Option::<Limit>::take_field(LIMIT, next, source)?;
            let operations = Option::<Listed<Operation>>::take_field(OPERATIONS, next, source)?;
            let objects = Option::<Listed<Text>>::take_field(OBJECTS, next, source)?;
            let groups = Option::<Listed<Text>>::take_field(GROUPS, next, source)?;
            let (operations, objects) = (operations.map(|list| list.0), objects.map(|list| list.0));
            Ok(Self { limit, operations, objects, groups: groups.map(|list| list.0) })
        })
    }
}

impl Right {
    /// Whether it allows an operation.
    pub fn allows(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
    }

    /// Whether it is about certain objects only.
    pub fn names_objects(&self) -> bool {
        self.objects.is_some() || self.groups.is_some()
    }

    /// Whether it reaches an object; one that does not exist is in no group.
    fn reaches(&self, id: &Text, record: Option<&Record>) -> bool {
        let grouped = |groups: &Vec<Text>| record.is_some_and(|record| groups.iter().any(|group| is_in(record, group)));
        self.objects.as_ref().is_none_or(|objects| objects.contains(id)) && self.groups.as_ref().is_none_or(grouped)
    }
}

fn is_in(record: &Record, group: &Text) -> bool {
    use kmip_codec::attribute::Attribute;
    record.attributes.iter().any(|instance| matches!(&instance.attribute, Attribute::ObjectGroup(of) if of == group))
}

/// The objects that one batch item may work with: one Right must allow the whole of it.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// The Rights that allow what the item has done so far, with their places in the ticket.
    pub rights: Vec<(usize, Right)>,
    /// Whether the item has worked with an object that existed before the request.
    pub entered: bool,
}

impl Reach {
    /// Notes that the item works with an object. What the rights do not reach and what does not exist are refused alike.
    pub fn enter(&mut self, id: &Text, record: Option<&Record>) -> OpResult<()> {
        if !self.shows(id, record) {
            return Err(Self::refusal());
        }
        self.rights.retain(|(_, right)| right.reaches(id, record));
        self.entered = true;
        Ok(())
    }

    /// What is told of an object that the rights do not reach.
    pub fn refusal() -> OpError {
        OpError::new(Fault::PermissionDenied, "the rights of the ticket do not permit this on this object")
    }

    /// Whether no right is one to all objects.
    pub fn names_objects(&self) -> bool {
        self.rights.iter().all(|(_, right)| right.names_objects())
    }

    /// Keeps the Rights that permit an operation; `false`, and all of them stay, if none does.
    pub fn narrow(&mut self, operation: Operation) -> bool {
        let some = self.rights.iter().any(|(_, right)| right.allows(operation));
        if some {
            self.rights.retain(|(_, right)| right.allows(operation));
        }
        some
    }

    /// Whether a search may find an object.
    pub fn shows(&self, id: &Text, record: Option<&Record>) -> bool {
        self.rights.iter().any(|(_, right)| right.reaches(id, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_with_lists_that_are_empty_or_left_out() {
        let limit = Some(Limit { unit: UsageLimitsUnit::Byte, total: 7 });
        let full = Right {
            limit,
            operations: Some(vec![Operation::Get, Operation::Locate]),
            objects: Some(vec![Text::new("a")]),
            groups: Some(Vec::new()),
        };
        for rights in [None, Some(Vec::new()), Some(vec![full, Right::default()])] {
            let record = TicketRecord {
                client: Text::new("client"),
                user: rights.as_ref().map(|_| Text::new("alice")),
                until: 12,
                requests: Some(3),
                limit,
                rights,
                renewals: 5,
            };
            assert_eq!(TicketRecord::decode(&record.encode()).unwrap(), record);
        }
    }
}
