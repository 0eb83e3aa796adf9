//! What the server says to a client, one request after the other (KMIP 1.4 §5, KMIP 2.1 §6.2): it asks for the versions, the
//! operations and the profiles that the client has, then sends what waits for it.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance};
use kmip_codec::inline::Text;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::operation::discover_versions::DiscoverVersionsRequest;
use kmip_codec::operation::notify::NotifyRequest;
use kmip_codec::operation::put::PutRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::set_endpoint_role::SetEndpointRoleRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{EndpointRole, Operation, ProfileName, PutFunction, QueryFunction, ResultStatus, Tag};
use kmip_codec::secret::WipedBytes;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_3, V2_0, V2_1, Version};
use kmip_codec::wire::Strictness;

use super::{Queued, QueuedMessage, key_of};
use crate::attributes::{in_answer, is_live, is_visible, rule_of, visible};
use crate::deliver::complete_key_block;
use crate::engine::{AuditEntry, Engine, Pending, SUPPORTED_VERSIONS, listed};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material;
use crate::object::{Record, attribute_of};
use crate::ports::store::{Batch, StoreError, Write};
use crate::trust::Fingerprint;

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Versions,
    Operations,
    Profiles,
    Queue,
    /// The client is asked to be the client again.
    RoleBack,
}

/// One session with a client that has the server's role.
#[derive(Debug)]
pub struct Courier {
    client: Text,
    /// The certificate of the client that the session depends on.
    certificate: Option<Fingerprint>,
    version: Version,
    stage: Stage,
    /// The operations that the client says it has; `None` if it does not say.
    operations: Option<Vec<Operation>>,
    /// The message that was sent last.
    sent: Option<u64>,
}

/// What a courier does next.
#[derive(Debug)]
pub enum Next {
    /// Sends a request and waits for its response. An audit entry is to be durable before it leaves.
    Send(WipedBytes, Option<AuditEntry>),
    /// Commits the removal of a message that cannot be sent, and asks again.
    Commit(Box<Pending>),
    /// Waits until something is queued.
    Wait,
    /// What is queued cannot be sent now, for the store or the vault fails: why. It stays.
    Later(String),
    /// Nothing more is sent here: an administrator has said so. What is queued stays.
    End(&'static str),
}

/// What is read of the store; what is damaged there stays so, and nothing waits for it.
fn whole<T>(read: Result<T, StoreError>) -> OpResult<T> {
    match read {
        Err(error @ StoreError::Damaged { .. }) => fail(Fault::ObjectNotFound, error.to_string()),
        read => Ok(read?),
    }
}

impl Courier {
    /// A session with a client that has exchanged roles; it spoke this version last.
    pub fn new(client: &str, version: Version) -> Self {
        let version = version.clamp(V2_0, V2_1);
        Self::begin(client, version, Stage::Versions)
    }

    /// A session with the listener of a client, which hears in this version. Servers ask clients since 1.3 (KMIP 1.3 §5.3).
    pub fn to_listener(client: &str, version: Version) -> Self {
        let stage = if version < V1_3 { Stage::Queue } else { Stage::Operations };
        Self::begin(client, version, stage)
    }

    fn begin(client: &str, version: Version, stage: Stage) -> Self {
        Self { client: Text::new(client), certificate: None, version, stage, operations: None, sent: None }
    }

    /// Lets the session last as long as this certificate counts for the client.
    #[must_use]
    pub fn showing(mut self, certificate: Option<Fingerprint>) -> Self {
        self.certificate = certificate;
        self
    }

    /// The serial number of the message that was sent last, until the client has answered it.
    pub fn unanswered(&self) -> Option<u64> {
        self.sent
    }

    /// The removal of the message that was sent last and that the client does not answer.
    pub fn give_up(&mut self, now: i64) -> Option<Pending> {
        let serial = self.sent.take()?;
        tracing::warn!(client = %self.client, serial, "the client has not answered a message again and again; the message goes");
        Some(self.removed(serial, now))
    }

    /// What comes next. May wait for the vault's device.
    pub fn next(&mut self, engine: &Engine, now: i64) -> Next {
        if let Some(why) = engine.barred(&self.client, self.certificate.as_ref()) {
            return Next::End(why);
        }
        match self.stage {
            Stage::Versions => {
                let offered = offered().map(listed).collect();
                let request = DiscoverVersionsRequest { protocol_version: offered };
                let payload = RequestPayload::DiscoverVersions(Box::new(request));
                self.send(engine, Operation::DiscoverVersions, payload, now)
            }
            Stage::Operations => self.ask(engine, QueryFunction::QueryOperations, now),
            Stage::Profiles => self.ask(engine, QueryFunction::QueryProfiles, now),
            Stage::Queue => self.next_queued(engine, now),
            Stage::RoleBack => Next::Wait,
        }
    }

    /// The request by which the client becomes the client again (KMIP 2.1 §6.2.5), unless it does not have the operation, or
    /// has not answered what was sent before.
    pub fn role_back(&mut self, engine: &Engine, now: i64) -> Option<WipedBytes> {
        if self.stage != Stage::Queue || self.sent.is_some() || !self.takes(Operation::SetEndpointRole) {
            return None;
        }
        self.stage = Stage::RoleBack;
        let request = SetEndpointRoleRequest { endpoint_role: EndpointRole::Client };
        let payload = RequestPayload::SetEndpointRole(Box::new(request));
        Some(self.message(engine, Operation::SetEndpointRole, payload, now))
    }

    fn ask(&self, engine: &Engine, function: QueryFunction, now: i64) -> Next {
        let request = QueryRequest { query_function: vec![function], object_groups: None };
        self.send(engine, Operation::Query, RequestPayload::Query(Box::new(request)), now)
    }

    fn send(&self, engine: &Engine, operation: Operation, payload: RequestPayload, now: i64) -> Next {
        Next::Send(self.message(engine, operation, payload, now), None)
    }

    fn message(&self, engine: &Engine, operation: Operation, payload: RequestPayload, now: i64) -> WipedBytes {
        let mut message = RequestMessage::single(self.version, operation, payload);
        // "It is REQUIRED in a server request" (KMIP 2.1 §9.20); so is a value to find it in the log by (§9.10).
        message.request_header.time_stamp = Some(DateTime(now));
        let correlation = engine.correlation_value(now);
        tracing::info!(client = %self.client, %operation, server_correlation = %correlation, "request to a client");
        message.request_header.server_correlation_value = Some(correlation);
        encode(Tag::RequestMessage, &message, self.version)
    }

    fn next_queued(&mut self, engine: &Engine, now: i64) -> Next {
        let Some(serial) = engine.catalog.queues().first_of(&self.client) else { return Next::Wait };
        let made = self.made(engine, serial, now);
        match made {
            Ok((operation, payload)) if self.takes(operation) => {
                self.sent = Some(serial);
                let audit = released(&payload);
                Next::Send(self.message(engine, operation, payload, now), audit)
            }
            Ok((operation, _)) => {
                tracing::warn!(client = %self.client, %operation, "the client does not take this operation; the message goes");
                self.removal(serial, now)
            }
            Err(OpError { fault: Fault::Internal, message, .. }) => Next::Later(message),
            Err(OpError { message, .. }) if engine.vault_health().is_err() => Next::Later(message),
            Err(error) => {
                tracing::warn!(client = %self.client, why = error.message, "a message cannot be sent and goes");
                self.removal(serial, now)
            }
        }
    }

    fn takes(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
    }

    fn removal(&self, serial: u64, now: i64) -> Next {
        Next::Commit(Box::new(self.removed(serial, now)))
    }

    fn removed(&self, serial: u64, now: i64) -> Pending {
        let writes = vec![Write::Delete(key_of(&self.client, serial))];
        Pending::again(Batch { writes, ..Batch::default() }, now)
    }

    /// The request that a queued message makes.
    fn made(&self, engine: &Engine, serial: u64, now: i64) -> OpResult<(Operation, RequestPayload)> {
        let Some(stored) = whole(engine.store.get(&key_of(&self.client, serial)))? else {
            return fail(Fault::ObjectNotFound, "the message is gone");
        };
        let Some(client) = engine.catalog.client(&self.client).filter(|client| client.listens) else {
            return fail(Fault::PermissionDenied, "the client does not hear from the server any more");
        };
        let queued = Queued::decode(&stored.value);
        match queued.map(|queued| queued.message) {
            Ok(QueuedMessage::Notify { changed, .. }) if changed.scope != client.scope => {
                fail(Fault::ObjectNotFound, "the object is in another scope than the client now")
            }
            Ok(QueuedMessage::Notify { changed, deleted }) => {
                let request = self.notify(&changed, deleted);
                Ok((Operation::Notify, RequestPayload::Notify(Box::new(request))))
            }
            Ok(QueuedMessage::Put { id, replaced }) => {
                let request = self.put(engine, &id, replaced, now)?;
                Ok((Operation::Put, RequestPayload::Put(Box::new(request))))
            }
            Err(error) => fail(Fault::InvalidMessage, format!("a queued message cannot be read: {error}")),
        }
    }

    /// A deleted attribute is a reference; in 1.x it is an Attribute that "SHALL NOT contain the Attribute Value field" (KMIP
    /// 1.4 §5.1).
    fn notify(&self, changed: &Record, mut deleted: Vec<AttributeReference>) -> NotifyRequest {
        deleted.retain(|reference| rule_of(reference, self.version).is_some());
        let shown = changed.attributes.iter();
        let shown = shown.filter(|instance| is_visible(&instance.attribute, changed.object_type, self.version));
        let mut items: Vec<Instance> =
            shown.map(|instance| in_answer(instance, changed.object_type, self.version)).collect();
        if self.version < V2_0 {
            let names = deleted.drain(..).map(Attribute::NameOnly);
            items.extend(names.map(|attribute| Instance { index: None, attribute }));
        }
        NotifyRequest {
            unique_identifier: UniqueIdentifier::Text(changed.id.clone()),
            attributes: Some(Bag { items, ..Bag::default() }),
            attribute_references: deleted,
        }
    }

    fn put(&self, engine: &Engine, id: &Text, replaced: Option<Text>, now: i64) -> OpResult<PutRequest> {
        let scope = engine.scope_of(&self.client);
        let Some(stored) = whole(engine.catalog.read(engine.store.as_ref(), &scope, id))? else {
            return fail(Fault::ObjectNotFound, "the object is gone");
        };
        let record = &stored.record;
        if let Some(why) = why_it_stays(record) {
            return fail(Fault::PermissionDenied, why);
        }
        if !is_live(record.object_type, self.version) {
            return fail(Fault::WrongObjectType, "the client's version does not have the Object Type");
        }
        let mut object = material::load(engine.vault.as_ref(), record)?;
        complete_key_block(&mut object, record);
        let instances = visible(record, self.version, now, engine.shown_counts(record, self.version));
        let items = instances.iter().map(|i| in_answer(i, record.object_type, self.version)).collect();
        Ok(PutRequest {
            unique_identifier: UniqueIdentifier::Text(id.clone()),
            put_function: if replaced.is_some() { PutFunction::Replace } else { PutFunction::New },
            replaced_unique_identifier: replaced.map(UniqueIdentifier::Text),
            object,
            attributes: Some(Bag { items, ..Bag::default() }),
        })
    }

    /// Takes the client's response; what is to be committed, if anything, or why the session cannot go on.
    pub fn answered(&mut self, engine: &Engine, response: &[u8], now: i64) -> Result<Option<Pending>, String> {
        let response = decode_response(response, &engine.config.limits, Strictness::Lenient)
            .map_err(|error| format!("no response message: {}", error.error))?;
        let [item] = response.batch_item.as_slice() else {
            return Err(format!("{} batch items answer one", response.batch_item.len()));
        };
        match self.stage {
            Stage::Versions => {
                self.version = versions(item).unwrap_or(self.version);
                self.stage = Stage::Operations;
                Ok(None)
            }
            Stage::Operations => {
                self.operations = operations(item);
                self.stage = Stage::Profiles;
                Ok(None)
            }
            Stage::Profiles => {
                let profiles = profiles(item);
                tracing::info!(client = %self.client, ?profiles, "profiles of a client that hears");
                self.stage = Stage::Queue;
                Ok(None)
            }
            Stage::Queue => {
                let Some(serial) = self.sent.take() else { return Err("a response without a request".to_owned()) };
                if item.result_status != ResultStatus::Success {
                    let message = item.result_message.as_ref().map_or("", Text::as_str);
                    tracing::warn!(client = %self.client, reason = ?item.result_reason, message, "the client refuses a message");
                }
                Ok(Some(self.removed(serial, now)))
            }
            Stage::RoleBack => match &item.response_payload {
                Some(ResponsePayload::SetEndpointRole(answer)) if answer.endpoint_role == EndpointRole::Client => {
                    Ok(None)
                }
                _ => Err("the client does not take its role back".to_owned()),
            },
        }
    }
}

/// The versions in which the server sends requests once roles are exchanged, best first: Set Endpoint Role came with 2.0.
fn offered() -> impl Iterator<Item = Version> {
    SUPPORTED_VERSIONS.into_iter().filter(|version| speaks(*version) && *version >= V2_0)
}

/// Whether the server sends requests in a version: the tables of 3.0 have neither Notify nor Put.
pub(crate) fn speaks(version: Version) -> bool {
    (V1_0..=V2_1).contains(&version)
}

fn versions(item: &ResponseBatchItem) -> Option<Version> {
    let Some(ResponsePayload::DiscoverVersions(answer)) = &item.response_payload else { return None };
    let theirs: Vec<Version> = answer.protocol_version.iter().cloned().map(Version::from).collect();
    offered().find(|version| theirs.contains(version))
}

fn operations(item: &ResponseBatchItem) -> Option<Vec<Operation>> {
    match &item.response_payload {
        Some(ResponsePayload::Query(answer)) => Some(answer.operation.clone()),
        _ => None,
    }
}

fn profiles(item: &ResponseBatchItem) -> Vec<ProfileName> {
    match &item.response_payload {
        Some(ResponsePayload::Query(answer)) => {
            answer.profile_information.iter().map(|told| told.profile_name).collect()
        }
        _ => Vec::new(),
    }
}

/// What the audit log tells of a request that hands over key material.
fn released(payload: &RequestPayload) -> Option<AuditEntry> {
    let RequestPayload::Put(request) = payload else { return None };
    let UniqueIdentifier::Text(id) = &request.unique_identifier else { return None };
    Some(AuditEntry {
        user: None,
        operation: Some(Operation::Put),
        object: Some(id.clone()),
        status: ResultStatus::Success,
        reason: None,
        message: Some("about to be sent to the client".to_owned()),
    })
}

/// Why an object cannot be put, if it cannot: it leaves in the clear within TLS, as by Get without wrapping.
pub(super) fn why_it_stays(record: &Record) -> Option<&'static str> {
    if record.destroyed {
        return Some("the object was destroyed");
    }
    if attribute_of!(record, ArchiveDate).is_some() {
        return Some("the object is archived");
    }
    if attribute_of!(record, Extractable) == Some(&false) {
        return Some("the object is not Extractable");
    }
    (attribute_of!(record, Sensitive) == Some(&true)).then_some("the object is Sensitive, and Put wraps none")
}
