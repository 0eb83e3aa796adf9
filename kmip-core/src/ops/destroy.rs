//! Destroy (KMIP 1.4 §4.21, KMIP 2.1 §6.1.15): the key material goes, the metadata stays, the names are free. A template goes
//! as a whole.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::object::ManagedObject;
use kmip_codec::operation::destroy::{DestroyRequest, DestroyResponse};
use kmip_codec::registry::ObjectType;
use kmip_codec::value::DateTime;

use crate::attributes;
use crate::batch::Context;
use crate::engine::Discarded;
use crate::error::{Fault, OpResult, fail};
use crate::object::Record;
use crate::state::{self, Event};

pub(super) fn destroy(context: &mut Context<'_>, request: DestroyRequest) -> OpResult<DestroyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    if record.destroyed {
        return fail(Fault::ObjectDestroyed, format!("the object {:?} was destroyed already", id.as_str()));
    }
    state::must_be_online(&record)?;
    if record.object_type == ObjectType::Template {
        context.txn.remove(&id)?;
        return Ok(DestroyResponse { unique_identifier: UniqueIdentifier::Text(id) });
    }
    state::after(state::at(&record, context.now), Event::Destroy)?;
    remove_material(context, &mut record);
    attributes::touch(&mut record, context.now);
    context.effects.end_key(&record.scope, &id);
    context.txn.put(record)?;
    Ok(DestroyResponse { unique_identifier: UniqueIdentifier::Text(id) })
}

/// Takes the material out of a record; the vault forgets it once that is durable.
pub(super) fn remove_material(context: &mut Context<'_>, record: &mut Record) {
    if let Some(material) = &record.material {
        context.discarded.push(Discarded::of(record, material.sealed.clone()));
    }
    record.material = None;
    if matches!(record.object, Some(ManagedObject::Certificate(_) | ManagedObject::CertificateRequest(_))) {
        record.object = None;
    }
    (record.password_hash, record.device_key) = (None, None);
    record.destroyed = true;
    record.set(Attribute::DestroyDate(DateTime(context.now)));
    record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::KeyValuePresent(_)));
}
