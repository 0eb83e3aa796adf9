//! What is told about each operation: a line in the audit log, a log event, a count and a duration. Never a key.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use kmip_codec::registry::{Operation, ResultReason, ResultStatus, WireEnum};
use kmip_core::engine::AuditEntry;

use crate::audit::{AuditError, AuditLog, Due, Noted};
use crate::audit_line::Entry;
use crate::log_line;
use crate::metrics::Metrics;
use crate::service::{Act, Peer};

/// Whose request it is, and since when it is worked on.
#[derive(Clone)]
pub(crate) struct Subject {
    pub peer: Arc<Peer>,
    /// When it began.
    pub since: Instant,
    /// The same moment on the clock of the wall.
    pub at: SystemTime,
}

impl Subject {
    /// Work for a peer that begins now.
    pub fn beginning(peer: Arc<Peer>) -> Self {
        Self { peer, since: Instant::now(), at: SystemTime::now() }
    }
}

/// See the module.
pub(crate) struct Journal {
    audit: AuditLog,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// Writes to an opened audit log.
    pub fn new(audit: AuditLog, metrics: Arc<Metrics>) -> Self {
        Self { audit, metrics }
    }

    /// Notes what a request did; `revision` is that of its change. After an error its reply must not leave.
    pub fn note(&self, subject: &Subject, entries: &[AuditEntry], revision: Option<u64>) -> Result<(), AuditError> {
        let took = subject.since.elapsed();
        let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let time = subject.at.checked_add(took).unwrap_or(subject.at);
        for entry in entries {
            let operation = entry.operation.map_or("(unreadable)", operation_name);
            let result = name(ResultStatus::TABLE.row(entry.status.0));
            let reason = entry.reason.map(|reason| name(ResultReason::TABLE.row(reason.0)));
            let object = entry.object.as_ref().map(|id| id.as_str());
            let number = entry.operation.map_or(u32::MAX, |operation| operation.0);
            self.metrics.observe_operation((operation, number), (result, entry.status.0), took);
            self.tell(subject, entry, operation, result, reason, duration_us, revision.is_some());
            let told = Entry {
                time,
                client: &subject.peer.told.client,
                user: entry.user.as_ref().map(|user| user.as_str()),
                remote: &subject.peer.told.remote,
                operation,
                object,
                result,
                reason,
                message: entry.message.as_deref(),
                duration_us,
                revision,
            };
            self.audit.record(&told, due(entry))?;
        }
        Ok(())
    }

    /// Makes it durable what an administrator did.
    pub fn note_act(&self, administrator: &Peer, act: &Act) -> Result<(), AuditError> {
        let took = act.since.elapsed();
        let status = if act.is_done { ResultStatus::Success } else { ResultStatus::OperationFailed };
        let told = Entry {
            time: SystemTime::now(),
            client: &administrator.told.client,
            user: None,
            remote: &administrator.told.remote,
            operation: act.operation,
            object: act.object.as_deref(),
            result: name(ResultStatus::TABLE.row(status.0)),
            reason: None,
            message: act.message.as_deref(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            revision: None,
        };
        self.audit.record(&told, Due::BeforeReply)?;
        self.sync()
    }

    /// One event an operation: changes and refusals at `info`, reads that succeed at `debug`.
    #[allow(clippy::too_many_arguments)]
    fn tell(
        &self,
        subject: &Subject,
        entry: &AuditEntry,
        operation: &'static str,
        result: &'static str,
        reason: Option<&'static str>,
        duration_us: u64,
        changed: bool,
    ) {
        let client = subject.peer.client.as_str();
        let object = || entry.object.as_ref().map(|id| id.as_str());
        if changed || entry.status != ResultStatus::Success {
            let message = entry.message.as_deref();
            tracing::info!(client, operation, object = object(), result, reason, message, duration_us, "operation");
        } else {
            tracing::debug!(client, operation, object = object(), result, duration_us, "operation");
        }
    }

    /// What must be in the file before replies leave to all that is noted so far, if it is not there.
    pub fn due(&self) -> Option<Noted> {
        self.audit.due()
    }

    /// That is in the file, and everything noted in the log.
    pub fn settle(&self, due: Option<Noted>) -> Result<(), AuditError> {
        log_line::write_out();
        self.audit.settle(due)
    }

    /// Everything noted is in the file and in the log, and full segments are on the disk.
    pub fn tidy(&self) -> Result<(), AuditError> {
        log_line::write_out();
        self.audit.tidy()
    }

    /// Whether what is done can be noted.
    pub fn health(&self) -> Result<(), AuditError> {
        self.audit.health()
    }

    /// Everything noted is on the disk, and in the log.
    pub fn sync(&self) -> Result<(), AuditError> {
        log_line::write_out();
        self.audit.sync()
    }
}

/// Entries of reads that neither release nor use a key may follow their reply, by half a second at most.
fn due(entry: &AuditEntry) -> Due {
    use Operation as O;
    match entry.operation {
        Some(O::DiscoverVersions | O::Query | O::Locate | O::GetAttributes | O::GetAttributeList)
            if entry.status == ResultStatus::Success =>
        {
            Due::Soon
        }
        _ => Due::BeforeReply,
    }
}

fn operation_name(operation: Operation) -> &'static str {
    name(Operation::TABLE.row(operation.0))
}

fn name(row: Option<&'static kmip_codec::registry::EnumRow>) -> &'static str {
    row.map_or("(unknown)", |row| row.name)
}
