//! Several requests in one message (KMIP 2.1 §6.2, §9.6), each with its typed answer.

use std::marker::PhantomData;

use kmip_codec::message::{ResponseBatchItem, ResponseMessage};
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::{BatchErrorContinuationOption, Operation, ResultStatus};

use crate::call::Call;
use crate::config::Config;
use crate::error::Error;
use crate::exchange::{Outgoing, batch_item_id, item_response, refusal};

/// Requests that travel together and are executed in order.
///
/// A request whose `unique_identifier` is `None` takes the ID Placeholder: the object that the item before it made,
/// registered or located. (From 3.0 the placeholder is named by `UniqueIdentifier::Placeholder`.)
///
/// ```no_run
/// use kmip_client::codec::operation::{activate::ActivateRequest, create::CreateRequest};
/// use kmip_client::codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
/// use kmip_client::{Batch, attributes};
///
/// # async fn example(client: &mut kmip_client::Client) -> Result<(), kmip_client::Error> {
/// let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
/// let mut batch = Batch::new();
/// let created = batch.add(CreateRequest {
///     object_type: ObjectType::SymmetricKey,
///     attributes: Some(attributes::symmetric_key(CryptographicAlgorithm::AES, 256, usage).into_iter().collect()),
///     protection_storage_masks: None,
/// });
/// let activated = batch.add(ActivateRequest { unique_identifier: None });
/// let mut answers = client.send(batch).await?;
/// let id = answers.take(created)?.unique_identifier;
/// answers.take(activated)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Batch {
    items: Vec<(Operation, RequestPayload)>,
    continuation: Option<BatchErrorContinuationOption>,
    changes: bool,
}

/// The place of a request in its batch; gives the type of its response.
#[derive(Debug)]
pub struct Handle<C> {
    position: usize,
    request: PhantomData<fn() -> C>,
}

impl Batch {
    /// An empty batch that stops at the first failure.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the server does when an item fails: Stop (the default), Continue, or Undo.
    pub fn on_error(mut self, option: BatchErrorContinuationOption) -> Self {
        self.continuation = Some(option);
        self
    }

    /// Adds a request.
    pub fn add<C: Call>(&mut self, request: C) -> Handle<C> {
        let position = self.items.len();
        self.items.push((C::OPERATION, request.into_payload()));
        self.changes |= !C::IDEMPOTENT;
        Handle { position, request: PhantomData }
    }

    /// Number of requests.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation> {
        self.items.iter().map(|(operation, _)| *operation)
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        !self.changes
    }

    pub(crate) fn into_outgoing(self, config: &Config) -> Outgoing {
        Outgoing::batch(config, self.items, self.continuation)
    }
}

/// The answers to a batch.
#[derive(Debug)]
pub struct Answers {
    items: Vec<Option<ResponseBatchItem>>,
    endpoint: String,
}

impl Answers {
    pub(crate) fn new(message: ResponseMessage, endpoint: String) -> Self {
        Self { items: message.batch_item.into_iter().map(Some).collect(), endpoint }
    }

    /// The response to one request, or why it has none.
    pub fn take<C: Call>(&mut self, handle: Handle<C>) -> Result<C::Response, Error> {
        if let Some(item) = self.refused_as_a_whole() {
            return Err(refusal(C::OPERATION, item));
        }
        let item = self.find(handle.position).and_then(Option::take);
        item.map_or(Err(Error::NotExecuted { operation: C::OPERATION }), |item| {
            item_response::<C>(item, &self.endpoint)
        })
    }

    /// A message that the server refused before it looked at the items is answered by one item without operation.
    fn refused_as_a_whole(&self) -> Option<&ResponseBatchItem> {
        let [Some(item)] = self.items.as_slice() else { return None };
        let whole = item.operation.is_none()
            && item.unique_batch_item_id.is_none()
            && item.result_status == ResultStatus::OperationFailed;
        whole.then_some(item)
    }

    /// By Unique Batch Item ID; by position where a server leaves the identifiers out.
    fn find(&mut self, position: usize) -> Option<&mut Option<ResponseBatchItem>> {
        let id = batch_item_id(u32::try_from(position).ok()?.checked_add(1)?);
        let told =
            |item: &Option<ResponseBatchItem>| item.as_ref().is_some_and(|item| item.unique_batch_item_id.is_some());
        if !self.items.iter().any(told) {
            return self.items.get_mut(position);
        }
        self.items
            .iter_mut()
            .find(|item| item.as_ref().is_some_and(|item| item.unique_batch_item_id.as_ref() == Some(&id)))
    }
}
