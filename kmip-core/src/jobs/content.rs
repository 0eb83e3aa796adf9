//! The sealed part of a job: before it runs the batch items, with what earlier items of the batch gave them; afterwards the
//! answers. Both as TTLV of the request's version, in wiped buffers.

use std::sync::Arc;

use kmip_codec::error::{DecodeError, Result};
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestBatchItem, ResponseBatchItem};
use kmip_codec::registry::{Operation, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::{Field, Value};
use kmip_codec::version::Version;
use kmip_codec::wire::{Sink, Source, Strictness};

use super::record::Job;
use super::written;
use crate::error::{Fault, OpError, OpResult};
use crate::given::Given;
use crate::ports::vault::{KeyVault, Sealed};
use crate::stored::{Form, structure};

const CONTENT: Tag = Tag::new(0x54_0220);
const PLACEHOLDER: Tag = Tag::new(0x54_0221);
/// What the last Locate found.
const LOCATED: Tag = Tag::new(0x54_0226);
/// The parts that the last Create Split Key made.
const PART: Tag = Tag::new(0x54_0227);
const GIVEN: Tag = Tag::new(0x54_0222);
const GIVEN_ID: Tag = Tag::new(0x54_0223);
const RESULT: Tag = Tag::new(0x54_0224);
const RESULT_BYTES: Tag = Tag::new(0x54_0225);

/// The server's own bytes were bounded when they were written: a whole message, and what was around it.
const LIMITS: Limits = Limits {
    message_bytes: 1 << 30,
    depth: 64,
    items: 4_000_000,
    text_bytes: 1 << 28,
    byte_string_bytes: 1 << 30,
    batch_items: usize::MAX,
};

/// What a job is to do.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// The ID Placeholder before its first item.
    pub placeholder: Option<Text>,
    /// Identifiers that synchronous items of the batch gave.
    pub given: Given,
    /// What cryptographic operations among them gave.
    pub results: Vec<(Operation, Secret)>,
    /// The items.
    pub items: Vec<RequestBatchItem>,
}

impl Asked {
    fn encode(&self, version: Version) -> Secret {
        Secret::from_wiped(written(CONTENT, version, |sink| {
            self.placeholder.put_field(PLACEHOLDER, sink);
            put_ids(LOCATED, self.given.located.as_deref(), sink);
            put_ids(PART, self.given.parts.as_deref(), sink);
            for (operation, id) in &self.given.ids {
                put_pair(GIVEN, *operation, (GIVEN_ID, id), sink);
            }
            for (operation, bytes) in &self.results {
                put_pair(RESULT, *operation, (RESULT_BYTES, bytes), sink);
            }
            self.items.put_field(Tag::BatchItem, sink);
        }))
    }

    fn decode(bytes: &Secret, version: Version) -> Result<Self> {
        opened(bytes, version, |next, source| {
            Ok(Self {
                placeholder: Option::take_field(PLACEHOLDER, next, source)?,
                given: Given {
                    located: take_ids(LOCATED, next, source)?,
                    parts: take_ids(PART, next, source)?,
                    ids: take_pairs(GIVEN, GIVEN_ID, next, source)?,
                },
                results: take_pairs(RESULT, RESULT_BYTES, next, source)?,
                items: Vec::take_field(Tag::BatchItem, next, source)?,
            })
        })
    }
}

/// None and no identifiers mean the same: nothing to refer to.
fn put_ids(tag: Tag, ids: Option<&[Text]>, sink: &mut dyn Sink) {
    ids.unwrap_or_default().iter().for_each(|id| id.put(tag, sink));
}

fn take_ids(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Option<Arc<[Text]>>> {
    let ids: Vec<Text> = Vec::take_field(tag, next, source)?;
    Ok((!ids.is_empty()).then(|| ids.into()))
}

fn put_pair(tag: Tag, operation: Operation, (under, value): (Tag, &impl Value), sink: &mut dyn Sink) {
    sink.begin(tag);
    operation.put(Tag::Operation, sink);
    value.put(under, sink);
    sink.end();
}

fn take_pairs<T: Value>(tag: Tag, under: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Vec<(Operation, T)>> {
    let mut pairs = Vec::new();
    while *next == tag {
        pairs.push(structure(source, |next, source| {
            let operation = Operation::take_field(Tag::Operation, next, source)?;
            Ok((operation, T::take_field(under, next, source)?))
        })?);
        *next = source.next()?;
    }
    Ok(pairs)
}

fn opened<T>(
    bytes: &Secret,
    version: Version,
    fields: impl FnOnce(&mut Tag, &mut dyn Source) -> Result<T>,
) -> Result<T> {
    // What was accepted leniently when it came is read leniently again.
    let form = Form { version, limits: LIMITS, strictness: Strictness::Lenient };
    form.read(CONTENT, bytes.expose_secret(), fields)
}

fn unreadable(error: DecodeError) -> OpError {
    tracing::error!(%error, "an asynchronous request cannot be read");
    OpError::new(Fault::Internal, "the asynchronous request cannot be read; the server's log says why")
}

/// Whether an item reads back as it is once it is written as the specification has it. What a quirk bears may not.
pub(super) fn reads_back(item: &RequestBatchItem, version: Version) -> bool {
    let asked = Asked { items: vec![item.clone()], ..Asked::default() };
    Asked::decode(&asked.encode(version), version) == Ok(asked)
}

/// Seals what a job, which waits, is to do.
pub(super) fn seal_request(vault: &dyn KeyVault, job: &Job, asked: &Asked) -> OpResult<Sealed> {
    Ok(vault.seal(&asked.encode(job.version), job.binding())?)
}

/// What a job that waits is to do.
pub(super) fn open_request(vault: &dyn KeyVault, job: &Job) -> OpResult<Asked> {
    Asked::decode(&open(vault, job)?, job.version).map_err(unreadable)
}

/// Seals the answers of a job that has run.
pub(super) fn seal_answers(vault: &dyn KeyVault, job: &Job, answers: &Vec<ResponseBatchItem>) -> OpResult<Sealed> {
    let bytes = written(CONTENT, job.version, |sink| answers.put_field(Tag::BatchItem, sink));
    Ok(vault.seal(&Secret::from_wiped(bytes), job.binding())?)
}

/// The answers of a job that has run.
pub(super) fn open_answers(vault: &dyn KeyVault, job: &Job) -> OpResult<Vec<ResponseBatchItem>> {
    let answers = opened(&open(vault, job)?, job.version, |next, source| Vec::take_field(Tag::BatchItem, next, source));
    answers.map_err(unreadable)
}

fn open(vault: &dyn KeyVault, job: &Job) -> OpResult<Secret> {
    match &job.sealed {
        Some(sealed) => Ok(vault.open(sealed, job.binding())?),
        None => Err(OpError::new(Fault::Internal, "the asynchronous request has lost its content")),
    }
}

/// Whether the sealed part of a stored job opens and reads.
pub(crate) fn check(vault: &dyn KeyVault, job: &Job) -> OpResult<()> {
    match &job.sealed {
        None if job.is_waiting() => Err(OpError::new(Fault::Internal, "it waits, and has no content")),
        None => Ok(()),
        Some(_) if job.is_waiting() => open_request(vault, job).map(drop),
        Some(_) => open_answers(vault, job).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::attribute::{Attribute, Bag};
    use kmip_codec::operation::RequestPayload;
    use kmip_codec::operation::locate::LocateRequest;
    use kmip_codec::version::{V1_0, V2_1};

    fn locate(attributes: Option<Bag>) -> RequestBatchItem {
        let request = LocateRequest {
            maximum_items: Some(3),
            offset_items: None,
            storage_status_mask: None,
            object_class_mask: None,
            object_group_member: None,
            attributes,
        };
        RequestBatchItem::new(Operation::Locate, RequestPayload::Locate(Box::new(request)))
    }

    #[test]
    fn what_only_a_quirk_bears_does_not_read_back() {
        let bag =
            |in_template| Some(Bag { in_template, ..[Attribute::ObjectGroup(Text::new("g"))].into_iter().collect() });
        assert!(reads_back(&locate(None), V1_0) && reads_back(&locate(bag(false)), V1_0));
        assert!(!reads_back(&locate(bag(true)), V1_0));
    }

    #[test]
    fn a_request_reads_back() {
        let item = locate(None);
        for version in [V1_0, V2_1] {
            let asked = Asked {
                placeholder: Some(Text::new("id")),
                given: Given {
                    ids: vec![(Operation::Create, Text::new("id")), (Operation::Locate, Text::new("other"))],
                    located: Some([Text::new("other")].into()),
                    parts: Some([Text::new("1"), Text::new("2")].into()),
                },
                results: vec![(Operation::Encrypt, Secret::copy_from(&[1, 2]))],
                items: vec![item.clone(), item.clone()],
            };
            assert_eq!(Asked::decode(&asked.encode(version), version), Ok(asked));
            let empty = Asked::default();
            assert_eq!(Asked::decode(&empty.encode(version), version), Ok(empty));
        }
    }
}
