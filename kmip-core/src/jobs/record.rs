//! The stored record of a job: who asked, for what, when it runs and ends, and what became of each item. The request and its
//! results stand in it sealed.

use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::inline::Text;
use kmip_codec::registry::{BatchErrorContinuationOption, EphemeralEnumeration, Operation, ResultReason, Tag};
use kmip_codec::value::{ByteString, Field, Value};
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::{Sink, Source};

use super::JobKey;
use crate::identity::Principal;
use crate::ports::vault::{Binding, Sealed};
use crate::stored::{read, structure};
use crate::tickets::{Presented, TicketKey};

/// Format of stored jobs; a reader refuses a newer one.
const FORMAT: i32 = 1;

const JOB: Tag = Tag::new(0x54_0200);
const FORMAT_VERSION: Tag = Tag::new(0x54_0201);
const ID: Tag = Tag::new(0x54_0202);
const SCOPE: Tag = Tag::new(0x54_0203);
const CLIENT: Tag = Tag::new(0x54_0204);
const USER: Tag = Tag::new(0x54_0205);
const MAJOR: Tag = Tag::new(0x54_0206);
const MINOR: Tag = Tag::new(0x54_0207);
const SUBMITTED: Tag = Tag::new(0x54_0208);
const STARTS: Tag = Tag::new(0x54_0209);
const EXPIRES: Tag = Tag::new(0x54_020A);
const ITEM: Tag = Tag::new(0x54_020B);
const STAGE: Tag = Tag::new(0x54_020C);
const OBTAINED: Tag = Tag::new(0x54_020D);
const MESSAGE: Tag = Tag::new(0x54_020E);
const SEALED: Tag = Tag::new(0x54_020F);
const TICKET: Tag = Tag::new(0x54_0210);
const TRIES: Tag = Tag::new(0x54_0211);
const RENEWALS: Tag = Tag::new(0x54_0212);

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not run yet.
    Waiting,
    /// It was cancelled before it ran.
    Canceled,
    /// It ran and succeeded.
    Succeeded,
    /// It ran, or was to run, and failed or was undone.
    Failed,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Waiting, Self::Canceled, Self::Succeeded, Self::Failed];
}

/// One batch item of a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JobItem {
    /// The operation.
    pub operation: Operation,
    /// What became of it.
    pub stage: Stage,
    /// Whether the result was given out.
    pub obtained: bool,
    /// Why it did not run: then there is no result in the sealed part.
    pub reason: Option<ResultReason>,
    /// What is left out of the answer.
    pub left_out: Option<EphemeralEnumeration>,
}

/// The asynchronous items of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    /// A UUID.
    pub id: Text,
    /// The scope that it acts in.
    pub scope: Text,
    /// Who asked.
    pub client: Text,
    /// The user of the credential, if there was one.
    pub user: Option<Text>,
    /// The ticket that the request presented.
    pub ticket: Option<TicketKey>,
    /// How often the client's certificates had been renewed.
    pub renewals: i64,
    /// The version of the request.
    pub version: Version,
    /// What a failed item means for the others.
    pub continuation: BatchErrorContinuationOption,
    /// When it came, in seconds since 1970.
    pub submitted: i64,
    /// When it may run.
    pub starts: i64,
    /// When it is removed.
    pub expires: i64,
    /// How many servers have begun to run it.
    pub tries: i32,
    /// The items, in order.
    pub items: Vec<JobItem>,
    /// What is told of items that did not run.
    pub message: Option<Text>,
    /// The request, and once it has run its results, sealed.
    pub sealed: Option<Sealed>,
}

impl Job {
    /// Where it stands.
    pub fn key(&self) -> JobKey {
        JobKey { scope: self.scope.clone(), id: self.id.clone() }
    }

    /// Whether it is what this client and user asked for. A ticket with rights of its own opens only what was asked with it.
    pub fn is_of(&self, principal: &Principal) -> bool {
        let fits = |ticket: &Presented| !ticket.is_delegated() || self.ticket.as_ref() == Some(ticket.key());
        self.client == principal.client
            && self.scope == principal.scope
            && self.user == principal.user
            && principal.ticket.as_ref().is_none_or(fits)
    }

    /// Whether something of it is to run.
    pub fn is_waiting(&self) -> bool {
        self.items.iter().any(|item| item.stage == Stage::Waiting)
    }

    /// What its sealed part is bound to: a request does not open as a result.
    pub fn binding(&self) -> Binding<'_> {
        let spec: &[u8] = if self.is_waiting() { b"job asks" } else { b"job says" };
        Binding { scope: &self.scope, id: &self.id, spec }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        std::mem::take(&mut *super::written(JOB, V2_1, |sink| self.put_fields(sink)))
    }

    fn put_fields(&self, sink: &mut dyn Sink) {
        FORMAT.put(FORMAT_VERSION, sink);
        self.id.put(ID, sink);
        self.scope.put(SCOPE, sink);
        self.client.put(CLIENT, sink);
        self.user.put_field(USER, sink);
        self.ticket.as_ref().map(|ticket| ByteString::new(ticket)).put_field(TICKET, sink);
        (self.renewals > 0).then_some(self.renewals).put_field(RENEWALS, sink);
        self.version.major.put(MAJOR, sink);
        self.version.minor.put(MINOR, sink);
        self.continuation.put(Tag::BatchErrorContinuationOption, sink);
        self.submitted.put(SUBMITTED, sink);
        self.starts.put(STARTS, sink);
        self.expires.put(EXPIRES, sink);
        (self.tries > 0).then_some(self.tries).put_field(TRIES, sink);
        self.items.put_field(ITEM, sink);
        self.message.put_field(MESSAGE, sink);
        if let Some(sealed) = &self.sealed {
            sink.bytes(SEALED, &sealed.0);
        }
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(JOB, bytes, Self::take_fields)
    }

    fn take_fields(next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if i32::take_field(FORMAT_VERSION, next, source)? > FORMAT {
            return Err(DecodeError::new(Problem::BadValue("a format that this program knows"), FORMAT_VERSION));
        }
        Ok(Self {
            id: Text::take_field(ID, next, source)?,
            scope: Text::take_field(SCOPE, next, source)?,
            client: Text::take_field(CLIENT, next, source)?,
            user: Option::take_field(USER, next, source)?,
            ticket: take_ticket(next, source)?,
            renewals: Option::take_field(RENEWALS, next, source)?.unwrap_or(0),
            version: Version::new(i32::take_field(MAJOR, next, source)?, i32::take_field(MINOR, next, source)?),
            continuation: Field::take_field(Tag::BatchErrorContinuationOption, next, source)?,
            submitted: i64::take_field(SUBMITTED, next, source)?,
            starts: i64::take_field(STARTS, next, source)?,
            expires: i64::take_field(EXPIRES, next, source)?,
            tries: Option::take_field(TRIES, next, source)?.unwrap_or(0),
            items: Vec::take_field(ITEM, next, source)?,
            message: Option::take_field(MESSAGE, next, source)?,
            sealed: take_sealed(next, source)?,
        })
    }
}

fn take_ticket(next: &mut Tag, source: &mut dyn Source) -> Result<Option<TicketKey>> {
    let ticket = Option::<ByteString>::take_field(TICKET, next, source)?;
    let key = |ticket: ByteString| ticket.as_slice().try_into();
    ticket.map(key).transpose().map_err(|_| DecodeError::new(Problem::BadValue("a ticket's key"), TICKET))
}

fn take_sealed(next: &mut Tag, source: &mut dyn Source) -> Result<Option<Sealed>> {
    if *next != SEALED {
        return Ok(None);
    }
    let sealed = Sealed(source.bytes()?.to_vec());
    *next = source.next()?;
    Ok(Some(sealed))
}

impl Value for JobItem {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.operation.put(Tag::Operation, sink);
        let stage = Stage::ALL.iter().position(|stage| *stage == self.stage).unwrap_or_default();
        i32::try_from(stage).unwrap_or_default().put(STAGE, sink);
        self.obtained.put(OBTAINED, sink);
        self.reason.put_field(Tag::ResultReason, sink);
        self.left_out.put_field(Tag::Ephemeral, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let operation = Operation::take_field(Tag::Operation, next, source)?;
            let stage = i32::take_field(STAGE, next, source)?;
            let stage = usize::try_from(stage).ok().and_then(|stage| Stage::ALL.get(stage).copied());
            let stage = stage.ok_or(DecodeError::new(Problem::BadValue("a stage"), STAGE))?;
            let obtained = bool::take_field(OBTAINED, next, source)?;
            let reason = Option::take_field(Tag::ResultReason, next, source)?;
            let left_out = Option::take_field(Tag::Ephemeral, next, source)?;
            Ok(Self { operation, stage, obtained, reason, left_out })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::version::V1_0;

    fn job() -> Job {
        let item = |stage, obtained, reason: Option<ResultReason>| {
            let left_out = reason.is_none().then_some(EphemeralEnumeration::Empty);
            JobItem { operation: Operation::Locate, stage, obtained, reason, left_out }
        };
        Job {
            id: Text::new("0a1b2c3d-4e5f-4071-8899-aabbccddeeff"),
            scope: Text::new("scope"),
            client: Text::new("client"),
            user: Some(Text::new("user")),
            ticket: Some([7; 32]),
            renewals: 4,
            version: V1_0,
            continuation: BatchErrorContinuationOption::Undo,
            submitted: 1,
            starts: 2,
            expires: i64::MAX,
            tries: 3,
            items: vec![
                item(Stage::Waiting, false, None),
                item(Stage::Canceled, true, Some(ResultReason::OperationCanceledByRequester)),
            ],
            message: Some(Text::new("why")),
            sealed: Some(Sealed(vec![1, 2, 3])),
        }
    }

    #[test]
    fn a_job_reads_back() {
        for job in [
            job(),
            Job {
                user: None,
                ticket: None,
                renewals: 0,
                tries: 0,
                message: None,
                sealed: None,
                items: Vec::new(),
                ..job()
            },
        ] {
            assert_eq!(Job::decode(&job.encode()), Ok(job));
        }
    }

    #[test]
    fn a_cut_or_newer_job_is_refused() {
        let bytes = job().encode();
        for length in 0..bytes.len() {
            assert!(Job::decode(bytes.get(..length).unwrap_or_default()).is_err());
        }
        let mut newer = bytes;
        let format = newer.get_mut(8 + 11).expect("the format");
        assert_eq!(*format, 1);
        *format = 2;
        assert!(Job::decode(&newer).is_err());
    }
}
