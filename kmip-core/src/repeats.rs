//! An item whose Unique Identifier stands for several objects is done for each of them (KMIP 2.1 §11.58): as if the batch had
//! an item for each, with an answer of its own under the item's Unique Batch Item ID.
//!
//! So it is with operations that are about one object, unless the item is asynchronous. A field that lists objects lists all of
//! them, and a pair that is replaced is named by its private key. All answers together are as many as batch items may be, all
//! copies of an item as long as a message may be, and the answers must find room in Maximum Response Size; what exceeds that
//! is refused, and not begun.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestBatchItem, RequestItem};
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::{Operation, Tag, UniqueIdentifierEnumeration};

use crate::batch::Context;
use crate::budget::Budget;
use crate::engine::Engine;
use crate::env::Work;
use crate::given;
use crate::ops;

/// Batch items that one request is done as, at most.
pub(crate) const MOST: usize = Limits::DEFAULT.batch_items;

/// The Unique Identifier in the payload of an operation that is about one object.
macro_rules! target {
    ($payload:expr, $as_option:ident $(, $mutably:tt)?) => {
        match $payload {
            RequestPayload::ReKeyKeyPair(request) => {
                let key = request.private_key_unique_identifier.$as_option();
                key.or(request.unique_identifier.$as_option())
            }
            RequestPayload::Activate(request) => request.unique_identifier.$as_option(),
            RequestPayload::AddAttribute(request) => request.unique_identifier.$as_option(),
            RequestPayload::AdjustAttribute(request) => request.unique_identifier.$as_option(),
            RequestPayload::Archive(request) => request.unique_identifier.$as_option(),
            RequestPayload::Certify(request) => request.unique_identifier.$as_option(),
            RequestPayload::Check(request) => request.unique_identifier.$as_option(),
            RequestPayload::CreateSplitKey(request) => request.unique_identifier.$as_option(),
            RequestPayload::Decrypt(request) => request.unique_identifier.$as_option(),
            RequestPayload::DeleteAttribute(request) => request.unique_identifier.$as_option(),
            RequestPayload::Destroy(request) => request.unique_identifier.$as_option(),
            RequestPayload::Encrypt(request) => request.unique_identifier.$as_option(),
            RequestPayload::Export(request) => request.unique_identifier.$as_option(),
            RequestPayload::Get(request) => request.unique_identifier.$as_option(),
            RequestPayload::GetAttributeList(request) => request.unique_identifier.$as_option(),
            RequestPayload::GetAttributes(request) => request.unique_identifier.$as_option(),
            RequestPayload::GetUsageAllocation(request) => request.unique_identifier.$as_option(),
            RequestPayload::MAC(request) => request.unique_identifier.$as_option(),
            RequestPayload::MACVerify(request) => request.unique_identifier.$as_option(),
            RequestPayload::ModifyAttribute(request) => request.unique_identifier.$as_option(),
            RequestPayload::ObtainLease(request) => request.unique_identifier.$as_option(),
            RequestPayload::ReCertify(request) => request.unique_identifier.$as_option(),
            RequestPayload::ReKey(request) => request.unique_identifier.$as_option(),
            RequestPayload::Recover(request) => request.unique_identifier.$as_option(),
            RequestPayload::Revoke(request) => request.unique_identifier.$as_option(),
            RequestPayload::SetAttribute(request) => request.unique_identifier.$as_option(),
            RequestPayload::Sign(request) => request.unique_identifier.$as_option(),
            RequestPayload::SignatureVerify(request) => request.unique_identifier.$as_option(),
            RequestPayload::Deactivate(request) => Some(&$($mutably)? request.unique_identifier),
            RequestPayload::Obliterate(request) => Some(&$($mutably)? request.unique_identifier),
            _ => None,
        }
    };
}

/// The items of a request as they are done.
pub(crate) struct Items {
    asked: std::vec::IntoIter<RequestItem>,
    /// The item that is done for several objects, and those that are left.
    again: Option<(RequestItem, std::vec::IntoIter<Text>)>,
    /// Where the item that is done stands: among those that were asked for, and how often it was done before.
    place: (usize, usize),
    /// Items that were begun.
    begun: usize,
    /// Items that may come to those that were asked for.
    room: usize,
}

impl Items {
    /// Nothing is done yet.
    pub fn new(asked: Vec<RequestItem>) -> Self {
        let room = MOST.saturating_sub(asked.len());
        Self { asked: asked.into_iter(), again: None, place: (0, 0), begun: 0, room }
    }

    /// The next item to be done. Those from a place on are not repeated, nor one for whose answers there is no room.
    pub fn next(&mut self, context: &mut Context<'_>, repeated_below: usize, budget: &Budget) -> Option<RequestItem> {
        if let Some((item, ids)) = &mut self.again {
            if let Some(id) = ids.next() {
                self.place.1 = self.place.1.saturating_add(1);
                return Some(about(item, id));
            }
            self.again = None;
        }
        let item = self.asked.next()?;
        self.place = (self.begun, 0);
        self.begun = self.begun.saturating_add(1);
        let Some(which) = several(context, &item).filter(|_| self.place.0 < repeated_below) else {
            return Some(item);
        };
        let more = context.given.count(which).saturating_sub(1);
        let failures = self.asked.len().saturating_add(more).saturating_add(1);
        if more > self.room || !budget.bears(failures) || !is_light(context, &item, more) {
            return Some(item);
        }
        self.room = self.room.saturating_sub(more);
        if ops::keys_made(std::slice::from_ref(&item)) > 0 {
            context.claims.want(context.engine, more);
        }
        let mut ids = context.given.by(which).into_iter();
        let first = ids.next().map(|id| about(&item, id));
        self.again = Some((item, ids));
        first
    }

    /// Where the item that is done stands: among those that were asked for, and how often it was done before.
    pub fn place(&self) -> (usize, usize) {
        self.place
    }

    /// Items that are left.
    pub fn left(&self) -> usize {
        let again = self.again.as_ref().map_or(0, |(_, ids)| ids.len());
        self.asked.len().saturating_add(again)
    }

    /// The pool on which all that is left may be done; none if nothing is.
    pub fn longest_work(&self, engine: &Engine) -> Option<Work> {
        let again = self.again.iter().filter(|(_, ids)| ids.len() > 0).map(|(item, _)| item);
        let mut left = again.chain(self.asked.as_slice()).peekable();
        left.peek()?;
        Some(ops::longest_work(engine, left))
    }
}

/// The reference of an item to several objects, if it is about one.
fn several(context: &Context<'_>, item: &RequestItem) -> Option<UniqueIdentifierEnumeration> {
    reference(item.as_ref().ok()?).filter(|which| context.given.count(*which) > 1)
}

/// Whether an item refers to what an earlier one may have given several of.
pub(crate) fn may_be_several(item: &RequestBatchItem) -> bool {
    reference(item).is_some_and(given::may_be_several)
}

/// The reference by which an item names the one object that it is about. A pair that is replaced has its private key's name.
fn reference(item: &RequestBatchItem) -> Option<UniqueIdentifierEnumeration> {
    match target!(&item.request_payload, as_ref) {
        Some(UniqueIdentifier::Placeholder(which)) if item.operation == Operation::ReKeyKeyPair => {
            Some(given::private_key_of(*which))
        }
        Some(UniqueIdentifier::Placeholder(which)) => Some(*which),
        _ => None,
    }
}

/// Whether the copies of an item take no more than one message may.
fn is_light(context: &Context<'_>, item: &RequestItem, more: usize) -> bool {
    let Ok(item) = item else { return false };
    let bytes = kmip_codec::message::encoded_len(Tag::BatchItem, item, context.version);
    bytes.saturating_mul(more.saturating_add(1)) <= context.engine.config.limits.message_bytes
}

/// The item about one object.
fn about(item: &RequestItem, id: Text) -> RequestItem {
    let mut item = item.clone();
    if let Ok(RequestBatchItem { request_payload, .. }) = &mut item
        && let Some(target) = target!(request_payload, as_mut, mut)
    {
        *target = UniqueIdentifier::Text(id);
    }
    item
}
