//! Automatic rotation (KMIP 2.1 §4.48, §4.51, §4.54): a key whose Rotate Interval has passed since its Initial Date is replaced as
//! by Re-key, Re-key Key Pair or Re-certify, with its Rotate Offset as the Offset. The tick that lets dates take effect does it.
//!
//! The request is one that a client of the scope could send, so that all rules hold. What cannot be rotated now, such as a key
//! whose device is away, rests for a while and is tried again; objects in the archive wait until they are recovered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::recertify::ReCertifyRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::operation::rekey_key_pair::ReKeyKeyPairRequest;
use kmip_codec::registry::{ObjectType, Operation, Tag};
use kmip_codec::version::V2_1;

use crate::engine::{Engine, Evaluation, Pending};
use crate::env::Env;
use crate::identity::Principal;
use crate::object::{Record, attribute_of};
use crate::quirks::Quirks;
use crate::request::Request;

/// The shortest Rotate Interval, in seconds: a key that is forgotten must not fill the store.
pub(crate) const SHORTEST: u32 = 60;
/// For how many seconds an object rests that could not be rotated.
const REST: i64 = 600;

/// When an object is to be rotated, if it is.
pub(crate) fn date(record: &Record) -> Option<i64> {
    let rotates = attribute_of!(record, RotateAutomatic) == Some(&true)
        && attribute_of!(record, RotateLatest) != Some(&false)
        && attribute_of!(record, ArchiveDate).is_none();
    let interval = attribute_of!(record, RotateInterval).filter(|interval| interval.0 > 0)?;
    let kinds = [ObjectType::SymmetricKey, ObjectType::PrivateKey, ObjectType::Certificate];
    if !rotates || record.destroyed || !kinds.contains(&record.object_type) {
        return None;
    }
    record.date(Tag::InitialDate)?.0.checked_add(i64::from(interval.0))
}

/// Objects that rest, and until when.
#[derive(Debug, Default)]
pub(crate) struct Resting(Mutex<HashMap<(Text, Text), i64>>);

impl Resting {
    /// Whether an object rests now.
    pub fn contains(&self, scope: &Text, id: &Text, now: i64) -> bool {
        let resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(&(scope.clone(), id.clone())).is_some_and(|until| *until > now)
    }

    fn put(&self, scope: &Text, id: &Text, now: i64) {
        let mut resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|_, until| *until > now);
        resting.insert((scope.clone(), id.clone()), now.saturating_add(REST));
    }
}

impl Engine {
    /// The change that rotates an object whose time has come; `None` if it has not, or cannot be done.
    pub(crate) fn rotate(&self, scope: &Text, id: &Text, env: Env) -> Option<Pending> {
        let stored = self.catalog.read(self.store.as_ref(), scope, id).ok()??;
        if date(&stored.record).is_none_or(|date| date > env.now) {
            return None;
        }
        let (operation, payload) = replacing(&stored.record);
        let message = RequestMessage::single(V2_1, operation, payload);
        let bytes = encode(Tag::RequestMessage, &message, V2_1);
        let asked = Request::from(&bytes);
        let decoded = asked.decode(&self.config.limits).ok()?;
        match self.run(asked, decoded, Principal::new(Text::EMPTY, scope.clone(), Quirks::default()), env)? {
            Evaluation::Commit(pending) => {
                if pending.answers() {
                    tracing::info!(object = %id, %operation, "rotated automatically");
                }
                Some(*pending)
            }
            Evaluation::Reply(reply) => {
                let why = reply.audit.first().and_then(|entry| entry.message.clone()).unwrap_or_default();
                tracing::error!(object = %id, %operation, error = %why, "an object could not be rotated");
                self.resting.put(scope, id, env.now);
                None
            }
            Evaluation::Defer(_) => None,
        }
    }
}

/// The request that replaces an object.
fn replacing(record: &Record) -> (Operation, RequestPayload) {
    let unique_identifier = Some(UniqueIdentifier::Text(record.id.clone()));
    let offset = attribute_of!(record, RotateOffset).copied();
    match record.object_type {
        ObjectType::PrivateKey => {
            let request = ReKeyKeyPairRequest {
                private_key_unique_identifier: unique_identifier,
                unique_identifier: None,
                offset,
                common_attributes: None,
                private_key_attributes: None,
                public_key_attributes: None,
                common_protection_storage_masks: None,
                private_protection_storage_masks: None,
                public_protection_storage_masks: None,
            };
            (Operation::ReKeyKeyPair, RequestPayload::ReKeyKeyPair(Box::new(request)))
        }
        ObjectType::Certificate => {
            let request = ReCertifyRequest {
                unique_identifier,
                certificate_request_unique_identifier: None,
                certificate_request_type: None,
                certificate_request_value: None,
                certificate_request: None,
                offset,
                attributes: None,
                protection_storage_masks: None,
            };
            (Operation::ReCertify, RequestPayload::ReCertify(Box::new(request)))
        }
        _ => {
            let request = ReKeyRequest { unique_identifier, offset, attributes: None, protection_storage_masks: None };
            (Operation::ReKey, RequestPayload::ReKey(Box::new(request)))
        }
    }
}
