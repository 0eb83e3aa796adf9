//! The batch loop (KMIP 2.1 §6, §8): items in order, the ID Placeholder, Stop, Continue and Undo, response sizes.
//!
//! All items of a request are evaluated on one overlay and committed together: durable as a whole before the reply. A
//! failed item is rolled back to its savepoint; Undo rolls back to the beginning.

use std::sync::Arc;

use kmip_codec::attribute::Instance;
use kmip_codec::attribute::values::{Name, UniqueIdentifier};
use kmip_codec::error::{DecodeError, Problem};
use kmip_codec::inline::Text;
use kmip_codec::message::{
    AsynchronousMode, BatchItemError, DecodedRequest, RequestBatchItem, RequestHeader, RequestItem, ResponseBatchItem,
    ResponseHeader,
};
use kmip_codec::operation::ResponsePayload;
use kmip_codec::operation::encrypt::Data;
use kmip_codec::registry::{
    AsynchronousIndicator, BatchErrorContinuationOption, DataEnumeration, Operation, ResultStatus,
    UniqueIdentifierEnumeration, WireEnum,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V2_0, V3_0, Version};
use sha2::{Digest as _, Sha256};

use crate::attributes;
use crate::budget::{Budget, LONGEST};
use crate::counters;
use crate::cryptography::streams::{Effects, Fingerprint};
use crate::engine::{AuditEntry, Discarded, Engine};
use crate::env::{Env, Work};
use crate::ephemeral;
use crate::error::{Defer, Fault, OpError, OpResult, fail};
use crate::given::{Given, position};
use crate::identity::Principal;
use crate::jobs::{self, Accepting, Job};
use crate::object::Record;
use crate::ops::{self, Answer};
use crate::ports::store::Batch;
use crate::quota::Claim;
use crate::repeats;
use crate::residents::Claims;
use crate::tickets::{self, Reach};
use crate::txn::Txn;

const NOTHING_GIVEN: &str = "the batch has given no identifier that the request can refer to";

/// What the items of a request came to.
pub(crate) struct BatchOutcome {
    pub items: Vec<ResponseBatchItem>,
    pub audit: Vec<AuditEntry>,
    pub batch: Option<Batch>,
    pub discarded: Vec<Discarded>,
    pub claims: Option<Claims>,
    pub quota_claims: Vec<Claim>,
    pub effects: Effects,
}

/// What handlers work with: one per request.
pub(crate) struct Context<'a> {
    pub engine: &'a Engine,
    pub txn: Txn<'a>,
    pub version: Version,
    pub principal: Principal,
    pub now: i64,
    /// The ID Placeholder (KMIP 2.1 §6, ID Placeholder).
    pub placeholder: Option<Text>,
    /// Identifiers that the items so far gave.
    pub given: Given,
    /// What cryptographic operations gave so far, for later items that refer to it; only in batches of several items.
    pub results: Vec<(Operation, Secret)>,
    keeps_results: bool,
    /// Whether the request has several items.
    pub is_several: bool,
    /// The object that the current item is about, for the audit log.
    pub subject: Option<Text>,
    /// What the current item asks to log.
    pub remark: Option<String>,
    /// Key material that the vault forgets once the change is durable.
    pub discarded: Vec<Discarded>,
    /// Identifiers and keys of new objects in hardware.
    pub claims: Claims,
    /// What the request takes of what its client may have.
    pub quota_claims: Vec<Claim>,
    /// What the request does with operations by parts.
    pub effects: Effects,
    /// The request as it came, its digest once that was needed, and where the current item stands in it: among the items, and
    /// among the objects for which it is done.
    request: &'a [u8],
    digest: Option<[u8; 32]>,
    pub item: (usize, usize),
    /// Whether an item has a critical extension that is not understood.
    rejected: bool,
}

impl<'a> Context<'a> {
    /// A context for `keys` new keys at most, in which nothing has happened; the request may have several items.
    pub fn new(
        engine: &'a Engine,
        request: &'a [u8],
        version: Version,
        principal: Principal,
        env: Env,
        (keys, is_several): (usize, bool),
    ) -> Self {
        let (store, seal, catalog) = (engine.store.as_ref(), engine.seal.as_ref(), engine.catalog.as_ref());
        Self {
            engine,
            txn: Txn::new(store, seal, catalog, principal.scope.clone(), env.pace),
            version,
            claims: Claims::new(principal.scope.clone(), keys),
            principal,
            now: env.now,
            placeholder: None,
            given: Given::default(),
            results: Vec::new(),
            keeps_results: version >= V2_0 && is_several,
            is_several,
            subject: None,
            remark: None,
            discarded: Vec::new(),
            quota_claims: Vec::new(),
            effects: Effects::default(),
            request,
            digest: None,
            item: (0, 0),
            rejected: false,
        }
    }

    /// Nothing of what was made so far in hardware is stored.
    pub fn abandon_claims(&mut self) {
        let none = Claims::new(self.principal.scope.clone(), 0);
        std::mem::replace(&mut self.claims, none).abandon(self.engine);
    }

    /// Takes back everything, save that streams which were used have ended.
    pub fn undone(mut self, env: Env) -> Self {
        self.abandon_claims();
        self.effects.abandon(Effects::default().mark());
        let fresh = Self::new(self.engine, self.request, self.version, self.principal, env, (0, self.is_several));
        Self { effects: self.effects, ..fresh }
    }

    /// What names the current item when the request is evaluated again.
    pub fn fingerprint(&mut self) -> Fingerprint {
        let request = self.request;
        (*self.digest.get_or_insert_with(|| Sha256::digest(request).into()), self.item)
    }

    /// The job and the place in it that a correlation value of this client and user names.
    pub fn job_of(&mut self, value: &ByteString) -> OpResult<Option<(Arc<Job>, usize)>> {
        let Some((id, place)) = jobs::correlated(value) else { return Ok(None) };
        let found = self.txn.job(&id)?.filter(|job| job.is_of(&self.principal));
        Ok(found.filter(|job| job.expires > self.now && place < job.items.len()).map(|job| (job, place)))
    }

    /// The object that an item names: by identifier, or by the placeholder when it is left out.
    pub fn target(&mut self, id: Option<&UniqueIdentifier>) -> OpResult<Text> {
        let id = self.resolve(id)?;
        self.subject = Some(id.clone());
        Ok(id)
    }

    /// The identifier that a field stands for.
    pub fn resolve(&mut self, id: Option<&UniqueIdentifier>) -> OpResult<Text> {
        if let Some(UniqueIdentifier::Placeholder(which)) = id
            && let several @ 2.. = self.given.count(*which)
        {
            let message = format!(
                "the reference stands for {several} objects, and is not taken for each: by an asynchronous item, in a field of its own, or where it makes more than {} items, more bytes of them than a message has, or more answers than Maximum Response Size has room for",
                repeats::MOST
            );
            return fail(Fault::InvalidField, message);
        }
        match self.resolve_each(id)?.pop() {
            Some(id) => Ok(id),
            None => fail(Fault::ObjectNotFound, NOTHING_GIVEN),
        }
    }

    /// The identifiers that a list stands for.
    pub fn resolve_all(&mut self, ids: &[UniqueIdentifier]) -> OpResult<Vec<Text>> {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            if let UniqueIdentifier::Placeholder(which) = id
                && self.given.count(*which).saturating_add(all.len()) > repeats::MOST
            {
                return fail(Fault::InvalidField, format!("the list stands for more than {} objects", repeats::MOST));
            }
            match self.resolve_each(Some(id))? {
                none if none.is_empty() => return fail(Fault::ObjectNotFound, NOTHING_GIVEN),
                found => all.extend(found),
            }
        }
        Ok(all)
    }

    /// The identifiers that a field stands for: one, none, or as many as an earlier operation gave.
    fn resolve_each(&mut self, id: Option<&UniqueIdentifier>) -> OpResult<Vec<Text>> {
        Ok(match id {
            None | Some(UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::IDPlaceholder)) => {
                self.placeholder.iter().cloned().collect()
            }
            Some(UniqueIdentifier::Text(id) | UniqueIdentifier::Reference(id)) => vec![id.clone()],
            Some(UniqueIdentifier::Placeholder(which)) => self.given.by(*which),
            Some(UniqueIdentifier::Index(nth)) => self.given.nth(*nth).into_iter().cloned().collect(),
            Some(UniqueIdentifier::NameReference(name)) => match self.txn.named(&Name::text(name))? {
                Some(id) if !self.txn.is_restricted() || self.txn.peek(&id)?.is_some() => vec![id],
                // Whose rights reach some objects only learns of no other names.
                _ if self.txn.is_restricted() => return Err(Reach::refusal()),
                _ => return fail(Fault::ObjectNotFound, "no object has the name that the request refers to"),
            },
        })
    }

    /// The bytes of a Data field: its own, or what an earlier item of the batch gave (KMIP 2.1 §7.9).
    pub fn data(&self, data: Data) -> OpResult<Secret> {
        let found = match data {
            Data::Bytes(bytes) => return Ok(bytes),
            Data::Placeholder(which) => {
                let by = result_of(which);
                self.results.iter().rev().find(|(operation, _)| Some(*operation) == by)
            }
            Data::Index(nth) => position(nth, self.results.len()).and_then(|at| self.results.get(at)),
        };
        match found {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => fail(Fault::InvalidField, "the batch has given no data that the request can refer to"),
        }
    }

    /// The attributes of an object as the client sees them.
    pub fn visible(&self, record: &Record) -> Vec<Instance> {
        attributes::visible(record, self.version, self.now, counters::shown(self, record))
    }

    /// Tells the batch what a cryptographic operation gives.
    pub fn give_data(&mut self, operation: Operation, bytes: &[u8]) {
        if self.keeps_results {
            self.results.push((operation, Secret::copy_from(bytes)));
        }
    }

    /// Tells the batch which identifier an operation gives.
    pub fn give(&mut self, operation: Operation, id: &Text) {
        self.given.add(operation, id.clone());
        self.placeholder = Some(id.clone());
        self.subject.get_or_insert_with(|| id.clone());
    }

    /// Tells the batch of the object that an operation was about, which its response names (KMIP 2.1 §4.58).
    fn give_target(&mut self, operation: Operation) {
        let is_named = !matches!(operation, Operation::Validate | Operation::Obliterate | Operation::PKCS_11);
        if self.keeps_results
            && is_named
            && let Some(id) = self.subject.clone()
        {
            self.given.add(operation, id);
        }
    }

    /// Tells the batch what Locate found. Several matches leave it without a placeholder, unless the client asked for one of
    /// them.
    pub fn give_located(&mut self, found: &[Text], is_placeholder: bool) {
        self.placeholder = found.first().filter(|_| found.len() == 1 && is_placeholder).cloned();
        if let Some(id) = self.placeholder.clone() {
            self.subject.get_or_insert(id);
        }
        self.given.locate(found);
    }

    /// Tells the batch which pair an operation gives; the placeholder is the private key.
    pub fn give_pair(&mut self, operation: Operation, private: &Text, public: &Text) {
        self.give(operation, private);
        self.given.add(operation, public.clone());
    }

    /// Tells the batch which parts a key has; the placeholder is the one with the identifier 1.
    pub fn give_parts(&mut self, parts: &[Text]) {
        self.given.split(parts);
        self.placeholder = parts.first().cloned();
        if let Some(first) = parts.first() {
            self.subject.get_or_insert_with(|| first.clone());
        }
    }
}

/// The operation whose result a Data Enumeration means (KMIP 2.1 §11.13).
fn result_of(which: DataEnumeration) -> Option<Operation> {
    Some(match which {
        DataEnumeration::Decrypt => Operation::Decrypt,
        DataEnumeration::Encrypt => Operation::Encrypt,
        DataEnumeration::Hash => Operation::Hash,
        DataEnumeration::MACMACData => Operation::MAC,
        DataEnumeration::RNGRetrieve => Operation::RNGRetrieve,
        DataEnumeration::SignSignatureData => Operation::Sign,
        DataEnumeration::SignatureVerify => Operation::SignatureVerify,
        _ => return None,
    })
}

/// What holds for the whole request before any item runs.
pub(crate) fn check_header(request: &DecodedRequest) -> OpResult<()> {
    let header = &request.header;
    let items = i32::try_from(request.items.len()).unwrap_or(i32::MAX);
    // 3.0 has no Batch Count (§8.1.2).
    let counted = header.protocol_version.0 < V3_0;
    if header.batch_count.is_some_and(|count| count != items) || (counted && header.batch_count.is_none()) {
        let said = header.batch_count.map_or("missing".to_owned(), |count| count.to_string());
        let message = format!("Batch Count is {said}, but the message holds {items} batch items");
        return fail(Fault::InvalidMessage, message);
    }
    if items == 0 {
        return fail(Fault::InvalidMessage, "a request needs at least one batch item");
    }
    if let Some(option) = header.batch_error_continuation_option
        && BatchErrorContinuationOption::TABLE.row(option.0).is_none()
    {
        let message = format!("Batch Error Continuation Option {option} is not recognized");
        return fail(Fault::InvalidField, message);
    }
    if let Some(AsynchronousMode(indicator)) = header.asynchronous_indicator
        && AsynchronousIndicator::TABLE.row(indicator.0).is_none()
    {
        return fail(Fault::InvalidField, format!("Asynchronous Indicator {indicator} is not recognized"));
    }
    if header.maximum_response_size.is_some_and(|size| size < 0) {
        return fail(Fault::InvalidField, "Maximum Response Size is negative");
    }
    Ok(())
}

/// Runs the items. An error means that the request must come again.
pub(crate) fn run(
    engine: &Engine,
    bytes: &[u8],
    (request_header, request_items): (&RequestHeader, Vec<RequestItem>),
    principal: Principal,
    env: Env,
    header: &ResponseHeader,
) -> Result<BatchOutcome, Defer> {
    let version = request_header.protocol_version.0;
    let continuation = request_header.batch_error_continuation_option.unwrap_or(BatchErrorContinuationOption::Stop);
    let mut budget = Budget::new(request_header, &request_items, header);
    let mut accepting = Accepting::new(engine, request_header, &request_items, &principal, bytes.len());
    let several = (ops::keys_made(&request_items), request_items.len() > 1);
    let mut context = Context::new(engine, bytes, version, principal, env, several);
    context.principal.admit(&mut context.txn);
    context.rejected = request_items.iter().any(is_critical);
    let untouched = context.effects.mark();
    let count = request_items.len();
    let (mut items, mut audit, mut undone) = (Vec::with_capacity(count), Vec::with_capacity(count), false);
    let mut request_items = repeats::Items::new(request_items);
    while let Some(item) = request_items.next(&mut context, accepting.from(), &budget) {
        context.item = request_items.place();
        let place = Place { asked: context.item.0, answer: items.len() };
        budget.keep_for(request_items.left());
        let (answer, entry) = match run_item(&mut context, item, &mut budget, Some((&mut accepting, place))) {
            Ok(done) => done,
            Err(defer) => {
                context.claims.abandon(engine);
                return Err(defer);
            }
        };
        let failed = answer.result_status == ResultStatus::OperationFailed;
        items.push(answer);
        audit.push(entry);
        if failed && continuation != BatchErrorContinuationOption::Continue {
            undone = continuation == BatchErrorContinuationOption::Undo;
            break;
        }
        if env.is_abandoned() {
            context.claims.abandon(engine);
            return Err(Defer::Pool(Work::Computing));
        }
        if env.is_overdue()
            && let Some(work) = request_items.longest_work(engine)
        {
            context.claims.abandon(engine);
            return Err(Defer::Pool(work));
        }
    }
    if !undone && let Err(defer) = accepting.close(&mut context, &mut items, &mut audit) {
        context.claims.abandon(engine);
        return Err(defer);
    }
    if undone {
        undo(&mut items, &mut audit);
        context.effects.abandon(untouched);
        context.claims.abandon(engine);
        let (discarded, claims, quota_claims) = Default::default();
        let batch = context.txn.into_admission();
        return Ok(BatchOutcome { items, audit, batch, discarded, claims, quota_claims, effects: context.effects });
    }
    Ok(closed(context, items, audit))
}

/// What the items of a request that is not undone came to.
pub(crate) fn closed(context: Context<'_>, items: Vec<ResponseBatchItem>, audit: Vec<AuditEntry>) -> BatchOutcome {
    let engine = context.engine;
    let Context { txn, discarded, claims, quota_claims, effects, .. } = context;
    let stored = txn.changed_ids();
    let mut batch = txn.into_batch();
    let mut unwritten = Batch::default();
    let claims = claims.close(engine, |id| stored.contains(id), batch.as_mut().unwrap_or(&mut unwritten));
    if let Some(batch) = &mut batch {
        engine.intend_removal(&discarded, batch);
    }
    BatchOutcome { items, audit, batch, discarded, claims: Some(claims), quota_claims, effects }
}

/// Marks every item that had succeeded, or was pending, as undone. Their payloads stay (OASIS case BL-M-2), but for what cannot
/// be taken back once it was given.
pub(crate) fn undo(items: &mut [ResponseBatchItem], audit: &mut [AuditEntry]) {
    for (item, entry) in items.iter_mut().zip(audit) {
        if matches!(item.result_status, ResultStatus::Success | ResultStatus::OperationPending) {
            item.asynchronous_correlation_value = None;
            item.response_payload.take_if(|_| item.operation.is_some_and(gives_for_good));
            item.result_status = ResultStatus::OperationUndone;
            entry.status = ResultStatus::OperationUndone;
        }
    }
}

/// Whether an operation gives what somebody then has, whatever is undone: keys, what was made with them, and what else Usage
/// Limits, those of tickets too, and the attribute Fresh count.
fn gives_for_good(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::Get
            | O::Export
            | O::GetAttributes
            | O::GetAttributeList
            | O::Locate
            | O::Encrypt
            | O::Decrypt
            | O::Sign
            | O::SignatureVerify
            | O::MAC
            | O::MACVerify
            | O::Hash
            | O::RNGRetrieve
            | O::Validate
            | O::PKCS_11
            | O::GetUsageAllocation
            | O::ObtainLease
            | O::Login
            | O::DelegatedLogin
    )
}

/// Whether an item has an extension that must be understood: this server understands none. "If the indicator is True [...] then
/// the receiver SHALL reject the entire message" (KMIP 1.4 §6.16, KMIP 2.1 §9.13).
fn is_critical(item: &RequestItem) -> bool {
    match item {
        Ok(item) => item.message_extension.iter().any(|extension| extension.criticality_indicator),
        Err(error) => error.is_critical,
    }
}

/// Where an item stands among those that were asked for, and its answer among the answers.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    asked: usize,
    answer: usize,
}

/// Runs an item, or accepts it to be run later.
pub(crate) fn run_item(
    context: &mut Context<'_>,
    item: Result<RequestBatchItem, BatchItemError>,
    budget: &mut Budget,
    accepting: Option<(&mut Accepting, Place)>,
) -> Result<(ResponseBatchItem, AuditEntry), Defer> {
    context.subject = None;
    context.remark = None;
    let (operation, id, result) = match item {
        Err(BatchItemError { operation, unique_batch_item_id, error, .. }) => {
            let result =
                match operation.filter(|operation| !ops::is_supported(context.engine, *operation, context.version)) {
                    Some(operation) => fail(Fault::OperationNotSupported, format!("{operation} is not supported")),
                    None => fail(malformed(&error), error.to_string()),
                };
            (operation, unique_batch_item_id, result)
        }
        Ok(RequestBatchItem { operation, unique_batch_item_id, .. }) if context.rejected => {
            let message = "a critical Message Extension is not understood: nothing of the message is done";
            (Some(operation), unique_batch_item_id, fail(Fault::UnknownExtension, message))
        }
        Ok(item)
            if ops::is_supported(context.engine, item.operation, context.version)
                && accepts(context, &accepting, &item) =>
        {
            let (operation, id) = (item.operation, item.unique_batch_item_id.clone());
            (Some(operation), id, accept(context, item, budget, accepting))
        }
        Ok(item) => (Some(item.operation), item.unique_batch_item_id.clone(), attempt(context, item, budget)),
    };
    let (answer, message) = match result {
        Ok(answer) => (answer, None),
        Err(OpError { defer: Some(defer), .. }) => return Err(defer),
        Err(error) => {
            let answer = failed_item(operation, id, context.version, &error);
            (budget.take_failure(answer, context.version), Some(error.message))
        }
    };
    let message = context.remark.take().or(message);
    let entry = AuditEntry {
        user: context.principal.user.clone(),
        operation,
        object: context.subject.clone(),
        status: answer.result_status,
        reason: answer.result_reason,
        message,
    };
    Ok((answer, entry))
}

fn accepts(context: &Context<'_>, accepting: &Option<(&mut Accepting, Place)>, item: &RequestBatchItem) -> bool {
    accepting.as_ref().is_some_and(|(accepting, place)| accepting.takes(place.asked, item, context.version))
}

/// Accepts an item, if the answer fits.
fn accept(
    context: &mut Context<'_>,
    item: RequestBatchItem,
    budget: &mut Budget,
    accepting: Option<(&mut Accepting, Place)>,
) -> OpResult<ResponseBatchItem> {
    let Some((accepting, place)) = accepting else {
        return fail(Fault::Internal, "nothing accepts asynchronous items here");
    };
    let answer = accepting.pending(context, &item)?;
    fit(budget, &answer, context.version)?;
    accepting.take(item, place.answer);
    Ok(answer)
}

fn fit(budget: &mut Budget, answer: &ResponseBatchItem, version: Version) -> OpResult<()> {
    match budget.take(answer, version) {
        Ok(()) => Ok(()),
        Err(size) => fail(
            Fault::ResponseTooLarge,
            format!(
                "this answer takes {size} bytes, more than is left of Maximum Response Size, or of {LONGEST} bytes"
            ),
        ),
    }
}

/// Evaluates one item; a failure leaves nothing of it behind.
fn attempt(context: &mut Context<'_>, item: RequestBatchItem, budget: &mut Budget) -> OpResult<ResponseBatchItem> {
    let RequestBatchItem { operation, ephemeral, unique_batch_item_id: id, request_payload: payload, .. } = item;
    let left_out = ephemeral::wanted(ephemeral)?;
    let savepoint = context.txn.savepoint();
    let (given, discarded) = (context.given.mark(), context.discarded.len());
    let placeholder = context.placeholder.clone();
    let (results, effects) = (context.results.len(), context.effects.mark());
    let quota_claims = context.quota_claims.len();
    let done = tickets::begin(context, operation).and_then(|()| ops::dispatch(context, operation, payload));
    let result = done.and_then(|answer| {
        tickets::end(context, operation)?;
        let mut answer = match answer {
            Answer::Payload(payload) => succeeded_item(operation, id, payload),
            Answer::Item(item) => ResponseBatchItem { unique_batch_item_id: id, ..*item },
        };
        ephemeral::leave_out(&mut answer, left_out, context.version);
        fit(budget, &answer, context.version)?;
        if context.given.is_at(&given) {
            context.give_target(operation);
        }
        Ok(answer)
    });
    if let Err(error) = &result {
        if error.defer.is_none() {
            context.effects.abandon(effects);
        }
        context.txn.roll_back(savepoint);
        context.discarded.truncate(discarded);
        context.results.truncate(results);
        context.quota_claims.truncate(quota_claims);
        if !context.given.is_at(&given) || operation == Operation::Locate {
            context.given.forget(given);
            context.placeholder = placeholder;
        }
    }
    result
}

/// A field that this version does not have is an Invalid Field, everything else an Invalid Message (KMIP 1.4 §11.1).
pub(crate) fn malformed(error: &DecodeError) -> Fault {
    match error.problem {
        Problem::Unexpected | Problem::OtherVersion => Fault::InvalidField,
        _ => Fault::InvalidMessage,
    }
}

fn succeeded_item(operation: Operation, id: Option<ByteString>, payload: ResponsePayload) -> ResponseBatchItem {
    ResponseBatchItem {
        operation: Some(operation),
        unique_batch_item_id: id,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        response_payload: Some(payload),
        message_extension: Vec::new(),
    }
}

/// The answer to an item that is worked on later, under this Asynchronous Correlation Value (KMIP 2.1 §11.3).
pub(crate) fn pending_item(operation: Operation, id: Option<ByteString>, value: ByteString) -> ResponseBatchItem {
    ResponseBatchItem {
        operation: Some(operation),
        unique_batch_item_id: id,
        result_status: ResultStatus::OperationPending,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: Some(value),
        response_payload: None,
        message_extension: Vec::new(),
    }
}

/// The answer to an item that failed. The operation is the request's own (KMIP 1.4 §7.3), even one of another version.
pub(crate) fn failed_item(
    operation: Option<Operation>,
    id: Option<ByteString>,
    version: Version,
    error: &OpError,
) -> ResponseBatchItem {
    ResponseBatchItem {
        operation,
        unique_batch_item_id: id,
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(error.fault.reason(version, operation)),
        result_message: Some(Text::new(&error.message)),
        asynchronous_correlation_value: None,
        response_payload: None,
        message_extension: Vec::new(),
    }
}
