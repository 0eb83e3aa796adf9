//! The keys that wrap and unwrap: which object a Key Information names, whether it may be used so, and with which
//! parameters (KMIP 1.4 §2.1.5, §2.1.6, table 338; KMIP 2.1 §3.3, §7.18, §6.1.19.1).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{CryptographicUsageMask, LinkType, ObjectType};

use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::criteria;
use crate::cryptography::parameters;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::state;
use crate::txn::View;

/// What a wrapping key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To protect a key that leaves.
    Wrap,
    /// To process a key that came wrapped.
    Unwrap,
}

/// The object that a Key Information names.
pub(super) fn find(context: &mut Context<'_>, id: &UniqueIdentifier) -> OpResult<View> {
    let id = context.resolve(Some(id))?;
    let Some(key) = context.txn.find_view(&id)? else {
        return fail(Fault::WrappingKeyNotFound, format!("there is no wrapping key {:?}", id.as_str()));
    };
    if key.destroyed {
        return fail(Fault::WrappingKeyDestroyed, "the wrapping key was destroyed");
    }
    if attribute_of!(key, ArchiveDate).is_some() {
        return fail(Fault::WrappingKeyArchived, "the wrapping key is archived: recover it first");
    }
    if key.object.as_ref().and_then(ManagedObject::key_block).is_some_and(|block| block.key_wrapping_data.is_some()) {
        // Unwrapping is one step deep: keys that wrap each other in a circle would never end.
        return fail(Fault::BadCryptographicParameters, "the wrapping key is itself held wrapped");
    }
    Ok(key)
}

/// The other key of the pair of a named key.
pub(super) fn other_of_pair(context: &mut Context<'_>, named: &Record, link: LinkType) -> OpResult<View> {
    match named.linked(link).next().cloned() {
        Some(id) => find(context, &id),
        None => fail(Fault::WrappingKeyNotFound, format!("the {} that is named has no {link}", named.object_type)),
    }
}

/// Refuses an object of a type that does nothing to keys: "it is not a key", or it is "not able to be used".
pub(super) fn unfit<T>(named: &Record) -> OpResult<T> {
    let kind = named.object_type;
    let is_key = matches!(
        kind,
        ObjectType::SymmetricKey
            | ObjectType::PublicKey
            | ObjectType::PrivateKey
            | ObjectType::SplitKey
            | ObjectType::PGPKey
    );
    let fault = if is_key { Fault::UsageMask } else { Fault::WrongObjectType };
    fail(fault, format!("a {kind} does not do this to keys"))
}

/// Refuses a key whose Cryptographic Usage Mask or state does not permit the purpose. Any bit of `masks` is enough.
pub(super) fn permit(key: &Record, masks: CryptographicUsageMask, purpose: Purpose, now: i64) -> OpResult<()> {
    if !usage_mask(key).intersects(masks | CryptographicUsageMask::Unrestricted) {
        return fail(Fault::UsageMask, "the Cryptographic Usage Mask of the wrapping key does not permit it");
    }
    match purpose {
        Purpose::Wrap => state::may_protect(key, now),
        Purpose::Unwrap => state::may_process(key, now),
    }
}

/// The parameters that hold. What a Key Wrapping Specification asks for must match one of the key's own, field by field;
/// a key that has none is taken to permit any. What Key Wrapping Data says is a fact.
pub(super) fn parameters(
    asked: Option<&CryptographicParameters>,
    key: &Record,
    purpose: Purpose,
) -> OpResult<CryptographicParameters> {
    let bad = |why| fail(Fault::BadCryptographicParameters, why);
    match (asked, parameters::own(key), purpose) {
        (Some(asked), _, Purpose::Unwrap) | (Some(asked), None, Purpose::Wrap) => Ok(asked.clone()),
        (Some(asked), Some(_), Purpose::Wrap) => match matching(key, asked) {
            Some(own) => Ok(own.clone()),
            None => bad("the wrapping key has no such Cryptographic Parameters"),
        },
        (None, Some(own), _) => Ok(own.clone()),
        (None, None, Purpose::Unwrap) => Ok(CryptographicParameters::default()),
        (None, None, Purpose::Wrap) => bad("neither the request nor the wrapping key has Cryptographic Parameters"),
    }
}

/// The instance of the key's own parameters that has every field that is asked for.
fn matching<'a>(key: &'a Record, asked: &CryptographicParameters) -> Option<&'a CryptographicParameters> {
    let asked = Attribute::CryptographicParameters(Box::new(asked.clone()));
    key.attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::CryptographicParameters(own) if criteria::is_match(&instance.attribute, &asked) => {
            Some(own.as_ref())
        }
        _ => None,
    })
}

/// Get knows Bad Cryptographic Parameters only (KMIP 2.1 §6.1.19.1).
pub(super) fn as_bad_parameters(error: OpError) -> OpError {
    match error.fault {
        Fault::UnsupportedParameters | Fault::MissingIv | Fault::TagLength => {
            OpError { fault: Fault::BadCryptographicParameters, ..error }
        }
        _ => error,
    }
}
