//! Export (KMIP 1.4 §4.40, KMIP 2.1 §6.1.18): an object with all its attributes, in the form that Get gives it. Of a destroyed
//! object the attributes are left, and the object without its material.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::{Certificate, CertificateRequest, ManagedObject};
use kmip_codec::operation::export::{ExportRequest, ExportResponse};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::registry::{CertificateRequestType, CertificateType, ObjectType};
use kmip_codec::value::ByteString;
use kmip_codec::version::V2_0;

use super::get;
use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};

pub(super) fn export(context: &mut Context<'_>, request: ExportRequest) -> OpResult<ExportResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let record = context.txn.object(&id)?;
    let request = GetRequest {
        unique_identifier: None,
        key_format_type: request.key_format_type,
        key_wrap_type: request.key_wrap_type,
        key_compression_type: request.key_compression_type,
        key_wrapping_specification: request.key_wrapping_specification,
    };
    let object = match record.destroyed {
        true => without_material(context, &record)?,
        false => get::release(context, &record, &request)?,
    };
    let record = served(context, &record)?;
    let visible = context.visible(&record);
    let answered = |instance| attributes::in_answer(instance, record.object_type, context.version);
    let items = visible.iter().map(answered).collect();
    context.placeholder = Some(id.clone());
    Ok(ExportResponse {
        object_type: record.object_type,
        unique_identifier: UniqueIdentifier::Text(id),
        attributes: Some(Bag { items, ..Bag::default() }),
        object,
    })
}

/// What is left of a destroyed object: it says what it was.
fn without_material(context: &Context<'_>, record: &Record) -> OpResult<ManagedObject> {
    let empty = || ByteString::new(&[]);
    let mut object = match (&record.object, record.object_type) {
        (Some(object), _) => object.clone(),
        (None, ObjectType::Template) => get::template(record, context),
        (None, ObjectType::Certificate) => ManagedObject::Certificate(Box::new(Certificate {
            certificate_type: attribute_of!(record, CertificateType).copied().unwrap_or(CertificateType::X_509),
            certificate_value: empty(),
        })),
        (None, ObjectType::CertificateRequest) => ManagedObject::CertificateRequest(Box::new(CertificateRequest {
            certificate_request_type: CertificateRequestType::PKCS_10,
            certificate_request_value: empty(),
        })),
        (None, kind) => {
            return fail(Fault::KeyValueMissing, format!("nothing is left of the {kind} but its attributes"));
        }
    };
    get::check_version(record, context.version)?;
    if let Some(block) = object.key_block_mut() {
        block.key_value = None;
    }
    Ok(object)
}

/// In 1.x an object is no longer Fresh once a client has it, in 2.x Get alone says so (KMIP 1.4 §3.34, KMIP 2.1 §4.24).
fn served(context: &mut Context<'_>, record: &Record) -> OpResult<Record> {
    let mut record = record.clone();
    if context.version < V2_0 && !record.destroyed && attribute_of!(record, Fresh) == Some(&true) {
        record.set(Attribute::Fresh(false));
        context.txn.put(record.clone())?;
    }
    Ok(record)
}
