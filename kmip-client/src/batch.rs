//! Several requests in one message (KMIP 2.1 §6.2, §9.6), each with its typed answer.

use std::marker::PhantomData;
use std::{iter, mem};

use kmip_codec::message::{ResponseBatchItem, ResponseMessage};
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::{BatchErrorContinuationOption, Operation, ResultStatus};

use crate::call::Call;
use crate::config::Config;
use crate::error::Error;
use crate::exchange::{Outgoing, batch_item_id, item_response, protocol, refusal};

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

    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.items.iter().map(|(operation, _)| *operation).collect()
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        !self.changes
    }

    pub(crate) fn into_outgoing(self, config: &Config) -> Outgoing {
        Outgoing::batch(config, self.items, self.continuation)
    }
}

/// The answers to a batch.
///
/// A request whose reference stands for several objects (all that Locate found, both keys of a pair) may be done for each
/// of them (KMIP 2.1 §11.58): then it has several answers, in the order of the objects.
#[derive(Debug)]
pub struct Answers {
    /// Those to each request.
    to: Vec<To>,
    refused: Option<ResponseBatchItem>,
    endpoint: String,
}

/// What answers one request.
#[derive(Debug)]
enum To {
    Items(Vec<ResponseBatchItem>),
    /// Answers to this request and to its neighbours, which nothing tells apart.
    Unclear,
}

impl Answers {
    pub(crate) fn new(asked: &[Operation], message: ResponseMessage, endpoint: String) -> Self {
        let mut items = message.batch_item;
        let refused = if items.len() == 1 { items.pop_if(|item| is_refusal_of_all(item)) } else { None };
        let to = match items.iter().any(|item| item.unique_batch_item_id.is_some()) {
            true => by_identifier(asked.len(), items),
            false if asked.iter().any(gives_several) => by_order(asked, items),
            false => items.into_iter().map(|item| To::Items(vec![item])).collect(),
        };
        Self { to, refused, endpoint }
    }

    /// The response to one request, or why it has none. One that was done for several objects has none by itself:
    /// [`Answers::take_each`] gives them all.
    pub fn take<C: Call>(&mut self, handle: Handle<C>) -> Result<C::Response, Error> {
        let mut each = self.take_each(handle);
        match (each.pop(), each.len()) {
            (Some(only), 0) => only,
            (Some(_), more) => Err(Error::Several { operation: C::OPERATION, count: more.saturating_add(1) }),
            (None, _) => Err(Error::NotExecuted { operation: C::OPERATION }),
        }
    }

    /// The response for each of the objects that one request was done for, or why there is none; never empty.
    pub fn take_each<C: Call>(&mut self, handle: Handle<C>) -> Vec<Result<C::Response, Error>> {
        let operation = C::OPERATION;
        if let Some(item) = &self.refused {
            return vec![Err(refusal(operation, item))];
        }
        match self.to.get_mut(handle.position) {
            Some(To::Items(items)) if !items.is_empty() => {
                mem::take(items).into_iter().map(|item| item_response::<C>(item, &self.endpoint)).collect()
            }
            Some(To::Unclear) => {
                let what = format!("{operation}: nothing tells which requests of the batch its answers belong to");
                vec![Err(protocol(&self.endpoint, what))]
            }
            _ => vec![Err(Error::NotExecuted { operation })],
        }
    }
}

/// A message that the server refused before it looked at the items is answered by one item without operation.
fn is_refusal_of_all(item: &ResponseBatchItem) -> bool {
    item.operation.is_none()
        && item.unique_batch_item_id.is_none()
        && item.result_status == ResultStatus::OperationFailed
}

/// Operations whose results a later item can refer to as several objects.
fn gives_several(operation: &Operation) -> bool {
    use Operation as O;
    matches!(*operation, O::CreateKeyPair | O::CreateSplitKey | O::Locate | O::ReKeyKeyPair)
}

/// By Unique Batch Item ID, which the answers to one item share.
fn by_identifier(asked: usize, items: Vec<ResponseBatchItem>) -> Vec<To> {
    let mut to: Vec<Vec<ResponseBatchItem>> = (0..asked).map(|_| Vec::new()).collect();
    for item in items {
        let mut places = to.iter_mut().zip(1..);
        let told = item.unique_batch_item_id.as_ref();
        if let Some((place, _)) = places.find(|(_, number)| told == Some(&batch_item_id(*number))) {
            place.push(item);
        }
    }
    to.into_iter().map(To::Items).collect()
}

/// By their order, where they have no identifiers (3.0): requests for one operation that follow each other take the answers
/// of that operation that come next. Which answers which is clear if there are as many, or if it is one request.
fn by_order(asked: &[Operation], items: Vec<ResponseBatchItem>) -> Vec<To> {
    // What follows a failure may be missing: then the last answers may all be an earlier request's.
    let is_whole = items.iter().all(|item| item.result_status == ResultStatus::Success);
    let (mut items, mut repeats) = (items.into_iter().peekable(), false);
    let mut to = Vec::with_capacity(asked.len());
    for run in asked.chunk_by(|one, next| one == next) {
        let operation = run.first();
        let is_of_it = |item: &ResponseBatchItem| item.operation.is_none() || item.operation.as_ref() == operation;
        let most = if repeats { usize::MAX } else { run.len() };
        let mut answers: Vec<_> = iter::from_fn(|| items.next_if(is_of_it)).take(most).collect();
        if run.len() == 1 {
            to.push(To::Items(answers));
        } else if answers.is_empty() || !repeats || (is_whole && answers.len() == run.len()) {
            let mut answers = answers.drain(..);
            to.extend(run.iter().map(|_| To::Items(answers.next().into_iter().collect())));
        } else {
            to.extend(run.iter().map(|_| To::Unclear));
        }
        repeats |= run.iter().any(gives_several);
    }
    if items.next().is_some() {
        to.fill_with(|| To::Unclear);
    }
    to
}
