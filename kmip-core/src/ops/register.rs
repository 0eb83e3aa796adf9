//! Register (KMIP 1.4 §4.3, KMIP 2.1 §6.1.43): the client supplies the object.
//!
//! Cryptographic Usage Mask is "required" by the table, yet the published cases (SASED-M-2, BL-M-4) register without one:
//! the object then has no mask, and permits no use.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::ManagedObject;
use kmip_codec::operation::register::{RegisterRequest, RegisterResponse};
use kmip_codec::registry::{ObjectType, Operation};
use kmip_codec::version::V1_2;

use crate::batch::Context;
use crate::custody::{self, Permitted};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{attributes, make, material, registered};

pub(super) fn register(context: &mut Context<'_>, request: RegisterRequest) -> OpResult<RegisterResponse> {
    let RegisterRequest { object_type, attributes: bag, object, protection_storage_masks } = request;
    let object = object.ok_or_else(|| OpError::new(Fault::InvalidMessage, "Register needs the object"))?;
    if object.object_type() != object_type {
        let message = format!("Object Type says {object_type}, but the object is a {}", object.object_type());
        return fail(Fault::InvalidObjectType, message);
    }
    if !super::object_types(context.version).contains(&object_type) {
        return fail(Fault::InvalidObjectType, format!("objects of type {object_type} cannot be registered"));
    }
    let permitted = custody::permitted(protection_storage_masks.as_ref())?;
    let record = match object {
        ManagedObject::Template(template) => {
            custody::in_software(permitted)?;
            template_record(context, bag.as_ref(), template.attributes)?
        }
        object => object_record(context, bag.as_ref(), object, permitted)?,
    };
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::Register, &id);
    Ok(RegisterResponse { unique_identifier: UniqueIdentifier::Text(id), attributes: None })
}

/// A template (1.x): its attributes are its content, and what the request gives beside it names it. From 1.2 the name may
/// stand only there (KMIP 1.2 §11.5).
fn template_record(context: &mut Context<'_>, bag: Option<&Bag>, content: Option<Bag>) -> OpResult<Record> {
    let named = |bag: &Bag| bag.attributes().any(|attribute| matches!(attribute, Attribute::Name(_)));
    if context.version >= V1_2 && content.as_ref().is_some_and(named) {
        return fail(Fault::InvalidField, "the Name of a template stands in Template-Attribute, not in the template");
    }
    let bags = [content.as_ref(), bag];
    let mut record = make::new_record(context, ObjectType::Template, &bags, Origin::Client)?;
    make::complete(context, &mut record, Origin::Client);
    Ok(record)
}

pub(super) fn object_record(
    context: &mut Context<'_>,
    bag: Option<&Bag>,
    object: ManagedObject,
    permitted: Permitted,
) -> OpResult<Record> {
    let mut record = make::new_record(context, object.object_type(), &[bag], Origin::Client)?;
    let present = registered::has_value(&record, &object)?;
    registered::describe(context, &mut record, &object)?;
    make::complete(context, &mut record, Origin::Client);
    if attribute_of!(record, KeyValueLocation).is_some() {
        record.set(Attribute::KeyValuePresent(present));
    }
    // What came in clear over the wire was not always sensitive and might have been extracted elsewhere.
    record.set(Attribute::AlwaysSensitive(false));
    record.set(Attribute::NeverExtractable(false));
    make::set_digests(&mut record, &object);
    attributes::check_dates(&record)?;
    keep(context, &mut record, object, permitted)?;
    Ok(record)
}

/// Gives a record its object: in hardware, where it is to stay, or sealed.
pub(super) fn keep(
    context: &mut Context<'_>,
    record: &mut Record,
    object: ManagedObject,
    permitted: Permitted,
) -> OpResult<()> {
    let kind = custody::registered_kind(record, &object, permitted);
    let object = match custody::decide(context, record, permitted, kind)? {
        None => object,
        Some(residence) => match material::store_in_hardware(context, record, object, residence)? {
            Ok(()) => return Ok(()),
            Err((object, _)) if custody::may_be_in_software(permitted) => object,
            Err((_, refusal)) => return Err(refusal),
        },
    };
    material::store(context.engine.vault.as_ref(), record, object)
}
