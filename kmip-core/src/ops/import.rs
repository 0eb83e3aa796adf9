//! Import (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25): an object with its identifier and all its attributes, as another server exported
//! it. What the rules of attributes say about who sets a value first does not hold here; see [`crate::supplied`].

use std::sync::Arc;

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::operation::import::{ImportRequest, ImportResponse};
use kmip_codec::registry::{KeyWrapType, ObjectType, Operation};

use crate::batch::Context;
use crate::engine::Discarded;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{archive, counters, issued, make, material, supplied, wrapping};

/// Bytes that the identifier of an imported object may have.
const LONGEST: usize = 128;
/// Those of it and of the client's scope together: what is stored of an object stands under both.
const LONGEST_IN_SCOPE: usize = 240;

pub(super) fn import(context: &mut Context<'_>, request: ImportRequest) -> OpResult<ImportResponse> {
    let ImportRequest { unique_identifier, object_type, replace_existing, key_wrap_type, attributes, mut object } =
        request;
    let object_type = check_type(context, object_type, &object)?;
    let id = identifier(context, &unique_identifier)?;
    context.subject = Some(id.clone());
    let replaced = existing(context, &id, replace_existing == Some(true))?;
    unwrap(context, &mut object, key_wrap_type)?;
    let mut record = Record::new(id.clone(), context.txn.scope().clone(), object_type);
    record.serial = context.engine.next_serial();
    let template = if let ManagedObject::Template(template) = &mut object { template.attributes.take() } else { None };
    supplied::apply(context, &mut record, [template, attributes].into_iter().flatten(), &object)?;
    hold(context, &mut record, object)?;
    if let Some(replaced) = &replaced {
        issued::detach(context, replaced, Some(&record))?;
    }
    supplied::count_uses(context, &record, replaced.is_some())?;
    counters::import(context, &mut record)?;
    make::put(context, record)?;
    context.give(Operation::Import, &id);
    Ok(ImportResponse { unique_identifier: UniqueIdentifier::Text(id) })
}

fn check_type(context: &Context<'_>, said: Option<ObjectType>, object: &ManagedObject) -> OpResult<ObjectType> {
    let found = object.object_type();
    if let Some(said) = said.filter(|said| *said != found) {
        return fail(Fault::InvalidObjectType, format!("Object Type says {said}, but the object is a {found}"));
    }
    if !super::object_types(context.version).contains(&found) {
        return fail(Fault::InvalidObjectType, format!("objects of type {found} cannot be imported"));
    }
    Ok(found)
}

/// The identifier that the object keeps.
fn identifier(context: &mut Context<'_>, given: &UniqueIdentifier) -> OpResult<Text> {
    let id = context.resolve(Some(given))?;
    let longest = LONGEST_IN_SCOPE.saturating_sub(context.txn.scope().len()).min(LONGEST);
    let acceptable = !id.is_empty() && id.len() <= longest && !id.chars().any(char::is_control);
    if acceptable {
        return Ok(id);
    }
    fail(Fault::InvalidField, format!("a Unique Identifier has 1 to {longest} bytes here, and no control characters"))
}

/// Makes room for the object: what had the identifier before goes, if the request says so, and is given back.
fn existing(context: &mut Context<'_>, id: &Text, replace: bool) -> OpResult<Option<Arc<Record>>> {
    let Some(record) = context.txn.find(id)? else { return Ok(None) };
    if !replace {
        let message = format!("there is an object {:?}: Replace Existing must be True to replace it", id.as_str());
        return fail(Fault::ObjectAlreadyExists, message);
    }
    if let Some(material) = &record.material {
        context.discarded.push(Discarded::of(&record, material.sealed.clone()));
    }
    context.effects.end_key(&record.scope, id);
    Ok(Some(record))
}

/// Not Wrapped asks for the key in the clear; else it is kept as it comes.
fn unwrap(context: &mut Context<'_>, object: &mut ManagedObject, wanted: Option<KeyWrapType>) -> OpResult<()> {
    match wanted {
        None | Some(KeyWrapType::AsRegistered) => Ok(()),
        Some(KeyWrapType::NotWrapped) => wrapping::unwrap(context, object),
        Some(other) => fail(Fault::KeyWrapType, format!("Key Wrap Type {other} is not supported")),
    }
}

/// Gives the record its object and material: in the archive if it was archived, none if it was destroyed.
fn hold(context: &mut Context<'_>, record: &mut Record, object: ManagedObject) -> OpResult<()> {
    if record.object_type == ObjectType::Template {
        return Ok(());
    }
    if record.destroyed {
        record.object = Some(object).filter(|object| object.key_block().is_some());
        return Ok(());
    }
    material::store(context.engine.vault.as_ref(), record, object)?;
    if attribute_of!(record, ArchiveDate).is_some() {
        archive::put_away(context, record)?;
    }
    Ok(())
}
