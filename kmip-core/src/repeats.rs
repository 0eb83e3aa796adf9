//! An item whose Unique Identifier stands for several objects is done for each of them (KMIP 2.1 §11.58): as if the batch had
//! an item for each, with an answer of its own under the item's Unique Batch Item ID.
//!
//! So it is with operations that are about one object. A field that lists objects lists all of them, and a pair that is
//! replaced is named by its private key. The number of answers is bounded as that of batch items is.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestBatchItem, RequestItem};
use kmip_codec::operation::RequestPayload;

use crate::batch::Context;
use crate::engine::Engine;
use crate::env::Work;
use crate::ops;

/// Batch items that one request is done as, at most.
pub(crate) const MOST: usize = Limits::DEFAULT.batch_items;

/// The items of a request as they are done.
pub(crate) struct Items {
    asked: std::vec::IntoIter<RequestItem>,
    /// The item that is done for several objects, and those that are left.
    again: Option<(RequestItem, std::vec::IntoIter<Text>)>,
    /// The number of items that were asked for, of those that were begun.
    begun: usize,
    /// Items that may come to those that were asked for.
    room: usize,
}

impl Items {
    /// Nothing is done yet.
    pub fn new(asked: Vec<RequestItem>) -> Self {
        let room = MOST.saturating_sub(asked.len());
        Self { asked: asked.into_iter(), again: None, begun: 0, room }
    }

    /// The next item to be done, with its place among those that were asked for. Items from a place on are not repeated.
    pub fn next(&mut self, context: &mut Context<'_>, repeated_below: usize) -> Option<(usize, RequestItem)> {
        if let Some((item, ids)) = &mut self.again {
            if let Some(id) = ids.next() {
                return Some((self.begun.saturating_sub(1), about(item, id)));
            }
            self.again = None;
        }
        let mut item = self.asked.next()?;
        let place = self.begun;
        self.begun = self.begun.saturating_add(1);
        let mut ids = objects(context, &mut item).into_iter();
        let more = ids.len().saturating_sub(1);
        if more == 0 || more > self.room || place >= repeated_below {
            return Some((place, item));
        }
        self.room = self.room.saturating_sub(more);
        if ops::keys_made(std::slice::from_ref(&item)) > 0 {
            context.claims.want(context.engine, more);
        }
        let first = ids.next().map(|id| about(&item, id));
        self.again = Some((item, ids));
        first.map(|first| (place, first))
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

/// The objects for which an item is done, if it is about one and names it by a reference to an earlier item.
fn objects(context: &Context<'_>, item: &mut RequestItem) -> Vec<Text> {
    match item.as_mut().map(|item| target(&mut item.request_payload)) {
        Ok(Some(UniqueIdentifier::Placeholder(which))) => context.given.by(*which),
        _ => Vec::new(),
    }
}

/// The item about one object.
fn about(item: &RequestItem, id: Text) -> RequestItem {
    let mut item = item.clone();
    if let Ok(RequestBatchItem { request_payload, .. }) = &mut item
        && let Some(target) = target(request_payload)
    {
        *target = UniqueIdentifier::Text(id);
    }
    item
}

/// The Unique Identifier in the payload of an operation that is about one object.
fn target(payload: &mut RequestPayload) -> Option<&mut UniqueIdentifier> {
    macro_rules! of {
        ($($optional:ident)+; $($required:ident)+) => {
            match payload {
                $(RequestPayload::$optional(request) => request.unique_identifier.as_mut(),)+
                $(RequestPayload::$required(request) => Some(&mut request.unique_identifier),)+
                _ => None,
            }
        };
    }
    of! {
        Activate AddAttribute AdjustAttribute Archive Certify Check CreateSplitKey Decrypt DeleteAttribute Destroy Encrypt Export
        Get GetAttributeList GetAttributes GetUsageAllocation MAC MACVerify ModifyAttribute ObtainLease ReCertify ReKey Recover
        Revoke SetAttribute Sign SignatureVerify;
        Deactivate Obliterate
    }
}
