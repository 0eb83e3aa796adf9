//! How long a response may be: as the client says (Maximum Response Size), and what the server makes at most.

use kmip_codec::message::{RequestHeader, RequestItem, ResponseBatchItem, ResponseHeader};
use kmip_codec::registry::{BatchErrorContinuationOption, Operation, Tag};
use kmip_codec::version::Version;

use crate::batch::failed_item;
use crate::engine::item_size;
use crate::error::{Fault, OpError};
use crate::repeats;

/// The longest response, in bytes: one request may ask for many large objects.
pub(crate) const LONGEST: usize = 64 << 20;
/// Items whose answers cannot come to that.
const FEW: usize = 16;

/// Bytes that the response may still take. What the later items need to be told that they failed is kept for them.
pub(crate) struct Budget {
    left: Option<usize>,
    kept: usize,
    /// Bytes of an item that failed, without a message.
    smallest: usize,
    ends_at_failure: bool,
}

impl Budget {
    /// Room for as much as the client and the server take.
    pub fn new(request: &RequestHeader, items: &[RequestItem], header: &ResponseHeader) -> Self {
        let asked = request.maximum_response_size.map(|maximum| usize::try_from(maximum).unwrap_or(0));
        let Some(maximum) = asked.or((!are_few(items)).then_some(LONGEST)).map(|maximum| maximum.min(LONGEST)) else {
            return Self::unlimited();
        };
        let version = request.protocol_version.0;
        let around = 8 + kmip_codec::message::encoded_len(Tag::ResponseHeader, header, version);
        let id_of = |item: &RequestItem| match item {
            Ok(item) => item.unique_batch_item_id.clone(),
            Err(error) => error.unique_batch_item_id.clone(),
        };
        let longest = items.iter().filter_map(id_of).max_by_key(|id| id.as_slice().len());
        let failure = OpError::new(Fault::ResponseTooLarge, "");
        let smallest = told_shortly(failed_item(Some(Operation::Get), longest, version, &failure));
        Self {
            left: Some(maximum.saturating_sub(around)),
            kept: 0,
            smallest: item_size(&smallest, version),
            ends_at_failure: request.batch_error_continuation_option != Some(BatchErrorContinuationOption::Continue),
        }
    }

    /// A response of any size.
    pub fn unlimited() -> Self {
        Self { left: None, kept: 0, smallest: 0, ends_at_failure: true }
    }

    /// Whether so many items can all fail.
    pub fn bears(&self, items: usize) -> bool {
        self.left.is_none_or(|left| left >= self.of_failures(items))
    }

    /// Bytes that so many items need to be told that they failed; the first ends the batch unless it continues.
    fn of_failures(&self, items: usize) -> usize {
        self.smallest.saturating_mul(if self.ends_at_failure { items.min(1) } else { items })
    }

    /// Keeps room for so many later items.
    pub fn keep_for(&mut self, items: usize) {
        self.kept = self.of_failures(items);
    }

    /// Takes what an item needs; an item that needs more than is left is told how much.
    pub fn take(&mut self, item: &ResponseBatchItem, version: Version) -> Result<(), usize> {
        let Some(left) = &mut self.left else { return Ok(()) };
        let size = item_size(item, version);
        let rest = left.checked_sub(size).filter(|rest| *rest >= self.kept);
        *left = rest.ok_or(size)?;
        Ok(())
    }

    /// Takes what an item that failed needs. A failure is told even if there is no room for its message.
    pub fn take_failure(&mut self, item: ResponseBatchItem, version: Version) -> ResponseBatchItem {
        if self.take(&item, version).is_ok() {
            return item;
        }
        let item = told_shortly(item);
        let size = item_size(&item, version);
        self.left = self.left.map(|left| left.saturating_sub(size));
        item
    }
}

/// Whether no answer to these items needs to be counted: none is much longer than a message.
fn are_few(items: &[RequestItem]) -> bool {
    items.len() <= FEW && !items.iter().flatten().any(repeats::may_be_several)
}

/// A failure without its message.
pub(crate) fn told_shortly(item: ResponseBatchItem) -> ResponseBatchItem {
    ResponseBatchItem { result_message: None, ..item }
}
