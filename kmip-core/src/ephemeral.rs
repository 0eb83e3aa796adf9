//! Ephemeral (KMIP 2.1 §8.3, KMIP 3.0 §8.1.3): what of its answer a client does not want. Later items of the batch can refer to
//! it all the same.
//!
//! In 2.x it "indicates that the Data output of the operation should not be returned": the data that a Data Enumeration names
//! (§11.13). The tables of 3.0 add two values and do not say what they mean. They are read alike: Unique Identifier leaves out the
//! identifiers that the operation gives, which a Unique Identifier Enumeration names; Empty leaves out the whole payload.

use kmip_codec::item::ItemValue;
use kmip_codec::message::{Ephemeral, ResponseBatchItem};
use kmip_codec::operation::ResponsePayload;
use kmip_codec::registry::{EphemeralEnumeration, Operation, ResultStatus, Tag};
use kmip_codec::value::{Value, ValueBy};
use kmip_codec::version::Version;
use kmip_codec::wire::ttlv::TtlvWriter;

use crate::error::{Fault, OpResult, fail};
use crate::stored::Form;

/// The identifiers that an operation gives.
const IDENTIFIERS: [Tag; 3] = [Tag::UniqueIdentifier, Tag::PrivateKeyUniqueIdentifier, Tag::PublicKeyUniqueIdentifier];

/// What an item asks to be left out.
pub(crate) fn wanted(ephemeral: Option<Ephemeral>) -> OpResult<Option<EphemeralEnumeration>> {
    use EphemeralEnumeration as E;
    match ephemeral {
        None | Some(Ephemeral::Flag(false)) => Ok(None),
        Some(Ephemeral::Flag(true)) => Ok(Some(E::Data)),
        Some(Ephemeral::Kind(kind @ (E::Data | E::Empty | E::UniqueIdentifier))) => Ok(Some(kind)),
        Some(Ephemeral::Kind(other)) => fail(Fault::InvalidField, format!("Ephemeral {other} is not known")),
    }
}

/// Leaves it out of an answer.
pub(crate) fn leave_out(answer: &mut ResponseBatchItem, what: Option<EphemeralEnumeration>, version: Version) {
    let (Some(what), Some(operation)) = (what, answer.operation) else { return };
    let Some(payload) = answer.response_payload.as_mut().filter(|_| answer.result_status == ResultStatus::Success)
    else {
        return;
    };
    match what {
        EphemeralEnumeration::Data => leave_out_data(payload),
        EphemeralEnumeration::UniqueIdentifier if gives_identifiers(operation) => {
            leave_out_identifiers(payload, version);
        }
        // What the role of a connection becomes is no output: both sides go by it.
        EphemeralEnumeration::Empty if operation != Operation::SetEndpointRole => *payload = empty(),
        _ => {}
    }
}

fn empty() -> ResponsePayload {
    ResponsePayload::Unknown(ItemValue::Structure(Vec::new()))
}

fn leave_out_data(payload: &mut ResponsePayload) {
    match payload {
        ResponsePayload::Encrypt(answer) => answer.data = None,
        ResponsePayload::Decrypt(answer) => answer.data = None,
        ResponsePayload::Hash(answer) => answer.data = None,
        ResponsePayload::MAC(answer) => answer.mac_data = None,
        ResponsePayload::Sign(answer) => answer.signature_data = None,
        ResponsePayload::SignatureVerify(answer) => answer.data = None,
        // There is nothing else in it.
        ResponsePayload::RNGRetrieve(_) => *payload = empty(),
        _ => {}
    }
}

/// The operations that a Unique Identifier Enumeration names (KMIP 2.1 §11.60); their answers hold no key material.
fn gives_identifiers(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::Certify
            | O::Create
            | O::CreateCredential
            | O::CreateGroup
            | O::CreateKeyPair
            | O::CreateSplitKey
            | O::CreateUser
            | O::DeriveKey
            | O::Import
            | O::JoinSplitKey
            | O::Locate
            | O::Register
            | O::ReKey
            | O::ReCertify
            | O::ReKeyKeyPair
    )
}

fn leave_out_identifiers(payload: &mut ResponsePayload, version: Version) {
    let mut writer = TtlvWriter::with_capacity(version, 256);
    payload.put_by(Tag::ResponsePayload, &mut writer);
    let read = Form::strict(version).item(Tag::ResponsePayload, &writer.finish(), ItemValue::take);
    let left = match read {
        Ok(ItemValue::Structure(mut items)) => {
            items.retain(|item| !IDENTIFIERS.contains(&item.tag));
            items
        }
        // The server has just written it; without the rest the answer still says no more than it may.
        _ => Vec::new(),
    };
    *payload = ResponsePayload::Unknown(ItemValue::Structure(left));
}
