//! Get (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19): the object, in the format and wrapping that the client asks for.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::{ManagedObject, Template};
use kmip_codec::operation::get::{GetRequest, GetResponse};
use kmip_codec::registry::{KeyCompressionType, KeyWrapType, ObjectType};
use kmip_codec::version::Version;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::formats::algorithm_in_version;
use crate::object::{Record, attribute_of};
use crate::{attributes, deliver, material, state, users, wrapping};

pub(super) fn get(context: &mut Context<'_>, request: GetRequest) -> OpResult<GetResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = context.txn.view(&id)?;
    let record: &Record = &view;
    if record.destroyed {
        return fail(Fault::ObjectDestroyed, format!("the object {:?} was destroyed", id.as_str()));
    }
    let object = release(context, record, &request)?;
    if attribute_of!(record, Fresh) == Some(&true) {
        let mut served = record.clone();
        served.set(Attribute::Fresh(false));
        context.txn.put(served)?;
    }
    Ok(GetResponse { object_type: record.object_type, unique_identifier: UniqueIdentifier::Text(id), object })
}

/// The object of a record that is not destroyed, as a client asks for it, if it may have it.
pub(super) fn release(context: &mut Context<'_>, record: &Record, request: &GetRequest) -> OpResult<ManagedObject> {
    state::must_be_online(record)?;
    if users::is_identity(record.object_type) {
        let kind = record.object_type;
        return fail(Fault::WrongObjectType, format!("a {kind} has no value to give; Get Attributes describes it"));
    }
    check_request(record, request)?;
    check_version(record, context.version)?;
    check_release(record, request)?;
    match record.object_type {
        ObjectType::Template => Ok(template(record, context)),
        _ => deliver_object(context, record, request),
    }
}

fn deliver_object(context: &mut Context<'_>, record: &Record, request: &GetRequest) -> OpResult<ManagedObject> {
    if let Some(object) = deliver::wrapped_in_hardware(context, record, request)? {
        return Ok(object);
    }
    let mut object = material::load(context.engine.vault.as_ref(), record)?;
    deliver::deliver(context, &mut object, record, request)?;
    Ok(object)
}

fn check_request(record: &Record, request: &GetRequest) -> OpResult<()> {
    match request.key_compression_type {
        None | Some(KeyCompressionType::ECPublicKeyTypeUncompressed) => {}
        // Decided when the point is at hand.
        Some(_) if record.object_type == ObjectType::PublicKey => {}
        Some(other) => return fail(Fault::KeyCompression, format!("Key Compression Type {other} is not supported")),
    }
    match request.key_wrap_type {
        None | Some(KeyWrapType::NotWrapped | KeyWrapType::AsRegistered) => Ok(()),
        Some(other) => fail(Fault::KeyWrapType, format!("Key Wrap Type {other} is not supported")),
    }
}

/// An object leaves only to a client whose version has its Object Type and its algorithm.
pub(super) fn check_version(record: &Record, version: Version) -> OpResult<()> {
    let kind = record.object_type;
    if !attributes::is_live(kind, version) {
        return fail(Fault::WrongObjectType, format!("the object is a {kind}, which KMIP {version} does not have"));
    }
    match attribute_of!(record, CryptographicAlgorithm) {
        Some(algorithm) if !attributes::is_live(algorithm_in_version(*algorithm, version), version) => {
            fail(Fault::KeyFormat, format!("the key is a {algorithm} key, which KMIP {version} does not have"))
        }
        _ => Ok(()),
    }
}

/// A Sensitive object leaves only wrapped, one that is not Extractable does not leave (KMIP 2.1 §4.23, §4.55). Enforced in
/// every version: the object is the same for a client that cannot name the attributes.
fn check_release(record: &Record, request: &GetRequest) -> OpResult<()> {
    if attribute_of!(record, Extractable) == Some(&false) {
        return fail(Fault::NotExtractable, "the object is not Extractable");
    }
    let held = record.object.as_ref().and_then(ManagedObject::key_block).and_then(|b| b.key_wrapping_data.as_ref());
    let method = match &request.key_wrapping_specification {
        Some(specification) => Some(specification.wrapping_method),
        None if request.key_wrap_type == Some(KeyWrapType::NotWrapped) => None,
        None => held.map(|data| data.wrapping_method),
    };
    if !method.is_some_and(wrapping::hides) && attribute_of!(record, Sensitive) == Some(&true) {
        return fail(Fault::Sensitive, "the object is Sensitive: it can be had only wrapped, and encrypted by that");
    }
    Ok(())
}

/// A template with its content (1.x).
pub(super) fn template(record: &Record, context: &Context<'_>) -> ManagedObject {
    let instances = attributes::visible(record, context.version, context.now, None);
    let content = instances.iter().filter(|instance| {
        !matches!(instance.attribute, Attribute::UniqueIdentifier(_) | Attribute::ObjectType(_) | Attribute::State(_))
    });
    let answered = |instance| attributes::in_answer(instance, record.object_type, context.version);
    let items = content.map(answered).collect();
    let attributes = Some(Bag { items, ..Bag::default() });
    ManagedObject::Template(Box::new(Template { attributes }))
}
