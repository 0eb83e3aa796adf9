//! Asynchronous requests in one line each, and a harness that runs jobs as the server does.

use kmip_codec::message::{AsynchronousMode, RequestMessage, ResponseBatchItem, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::cancel::CancelRequest;
use kmip_codec::operation::interop::InteropRequest;
use kmip_codec::operation::poll::PollRequest;
use kmip_codec::operation::process::ProcessRequest;
use kmip_codec::operation::query_asynchronous_requests::{
    AsynchronousCorrelationValues, AsynchronousRequest, QueryAsynchronousRequestsRequest,
};
use kmip_codec::registry::{
    AsynchronousIndicator, BatchErrorContinuationOption, CancellationResult, InteropFunction, Operation, ResultStatus,
    Tag,
};
use kmip_codec::value::ByteString;
use kmip_codec::version::{V2_1, Version};
use kmip_core::engine::{Evaluation, Pending};
use kmip_core::jobs::JobKey;
use kmip_core::ports::store::{Outcome, Store};

use crate::answer;
use crate::requests::Item;
use crate::support::{CLIENT, Harness};

pub const MANDATORY: AsynchronousIndicator = AsynchronousIndicator::Mandatory;
pub const OPTIONAL: AsynchronousIndicator = AsynchronousIndicator::Optional;

/// A request with an Asynchronous Indicator.
pub fn asking(version: Version, indicator: AsynchronousIndicator, items: Vec<Item>) -> RequestMessage {
    let mut request = RequestMessage::continuing(version, items);
    request.request_header.asynchronous_indicator = Some(AsynchronousMode(indicator));
    request
}

/// The same with a Batch Error Continuation Option.
pub fn asking_with(option: BatchErrorContinuationOption, items: Vec<Item>) -> RequestMessage {
    let mut request = asking(V2_1, MANDATORY, items);
    request.request_header.batch_error_continuation_option = Some(option);
    request
}

/// The Asynchronous Correlation Value of an item that must be pending.
#[track_caller]
pub fn pending(item: &ResponseBatchItem) -> ByteString {
    assert_eq!(item.result_status, ResultStatus::OperationPending, "{:?}", item.result_message);
    assert!(item.response_payload.is_none() && item.result_reason.is_none());
    item.asynchronous_correlation_value.clone().expect("a correlation value")
}

pub fn poll(value: &ByteString) -> Item {
    let request = PollRequest { asynchronous_correlation_value: value.clone() };
    (Operation::Poll, RequestPayload::Poll(Box::new(request)))
}

pub fn cancel(value: &ByteString) -> Item {
    let request = CancelRequest { asynchronous_correlation_value: value.clone() };
    (Operation::Cancel, RequestPayload::Cancel(Box::new(request)))
}

pub fn process(value: &ByteString) -> Item {
    let request = ProcessRequest { asynchronous_correlation_value: value.clone() };
    (Operation::Process, RequestPayload::Process(Box::new(request)))
}

/// An operation that a server does not have unless it is told to.
pub fn unsupported() -> Item {
    let request = InteropRequest { interop_function: InteropFunction::Begin, interop_identifier: "case".into() };
    (Operation::Interop, RequestPayload::Interop(Box::new(request)))
}

pub fn query_requests(values: Option<&[ByteString]>, operations: Option<&[Operation]>) -> Item {
    use kmip_codec::attribute::values::Operations;
    let request = QueryAsynchronousRequestsRequest {
        asynchronous_correlation_values: values
            .map(|values| AsynchronousCorrelationValues { asynchronous_correlation_value: values.to_vec() }),
        operations: operations.map(|operations| Operations { operation: operations.to_vec() }),
    };
    (Operation::QueryAsynchronousRequests, RequestPayload::QueryAsynchronousRequests(Box::new(request)))
}

impl Harness {
    /// Asks asynchronously, as the client of the tests.
    pub fn ask(&self, version: Version, indicator: AsynchronousIndicator, items: Vec<Item>) -> Vec<ResponseBatchItem> {
        self.exchange(CLIENT, &asking(version, indicator, items)).batch_item
    }

    /// Asks for one item, which must be pending.
    #[track_caller]
    pub fn pending(&self, item: Item) -> ByteString {
        pending(&self.ask(V2_1, MANDATORY, vec![item])[0])
    }

    pub fn polled(&self, value: &ByteString) -> ResponseBatchItem {
        self.item(V2_1, poll(value))
    }

    #[track_caller]
    pub fn cancelled(&self, version: Version, value: &ByteString) -> CancellationResult {
        let response = answer!(Cancel, self.item(version, cancel(value)));
        assert_eq!(response.asynchronous_correlation_value, *value);
        response.cancellation_result
    }

    #[track_caller]
    pub fn requests(
        &self,
        values: Option<&[ByteString]>,
        operations: Option<&[Operation]>,
    ) -> Vec<AsynchronousRequest> {
        answer!(QueryAsynchronousRequests, self.item(V2_1, query_requests(values, operations))).asynchronous_request
    }

    /// The one job that is due now. It counts as begun, and it is durable that it does.
    #[track_caller]
    pub fn due_job(&self) -> JobKey {
        let mut due = self.engine.take_due_jobs(self.env(), 10);
        assert_eq!(due.len(), 1, "one job is due");
        let begins = self.evaluated(&due[0]);
        assert!(self.committed(begins));
        due.remove(0)
    }

    /// What a job is about to commit.
    #[track_caller]
    pub fn evaluated(&self, key: &JobKey) -> Pending {
        match self.engine.evaluate_job(key, self.env()) {
            Some(Evaluation::Commit(pending)) => *pending,
            other => panic!("{other:?}"),
        }
    }

    /// What a request is about to commit.
    #[track_caller]
    pub fn evaluated_request(&self, request: &RequestMessage) -> Pending {
        let version = request.request_header.protocol_version.0;
        let bytes = encode(Tag::RequestMessage, request, version);
        match self.engine.evaluate(&bytes, CLIENT, self.env()) {
            Evaluation::Commit(pending) => *pending,
            other => panic!("{other:?}"),
        }
    }

    /// Commits a change; whether it won.
    pub fn committed(&self, pending: Pending) -> bool {
        let outcomes = self.store.commit(std::slice::from_ref(pending.batch())).expect("the store works");
        self.engine.finish(pending, &outcomes[0]);
        matches!(outcomes[0], Outcome::Done(..))
    }

    /// Runs every job that is due, as the server does; tells how many.
    pub fn run_jobs(&self) -> usize {
        let due = self.engine.take_due_jobs(self.env(), 1_000);
        for key in &due {
            while let Some(evaluation) = self.engine.evaluate_job(key, self.env()) {
                let Evaluation::Commit(pending) = evaluation else { panic!("{evaluation:?}") };
                self.committed(*pending);
            }
            self.engine.job_ended(key);
        }
        due.len()
    }
}
