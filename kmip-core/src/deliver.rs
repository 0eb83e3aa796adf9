//! How an object leaves: key blocks completed, formats converted, keys unwrapped and wrapped.

use kmip_codec::object::{
    KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingSpecification, ManagedObject, TransparentKey,
};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::registry::{CertificateType, KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};
use kmip_codec::value::ByteString;
use kmip_codec::version::{V2_0, V2_1};

use crate::attributes::is_live;
use crate::batch::Context;
use crate::containers::{self, Lock};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::formats::{self, FormatError};
use crate::object::{Record, attribute_of};
use crate::{material, wrapping};

/// Brings an object into the form that a client asks for.
pub(crate) fn deliver(
    context: &mut Context<'_>,
    object: &mut ManagedObject,
    record: &Record,
    request: &GetRequest,
) -> OpResult<()> {
    let specification = request.key_wrapping_specification.as_deref();
    if !has_value(object) {
        return without_value(object, record, request);
    }
    if request.key_wrap_type == Some(KeyWrapType::NotWrapped) || specification.is_some() {
        wrapping::unwrap(context, object)?;
    }
    complete_key_block(object, record);
    convert(context, object, record, request.key_format_type)?;
    check_compression(object, request.key_compression_type)?;
    wrap(context, object, record, specification)
}

/// A key in hardware, wrapped there. `None` if it leaves as other keys do: it is not in hardware, or a client that may have
/// it in the clear asks for what hardware does not do.
pub(crate) fn wrapped_in_hardware(
    context: &mut Context<'_>,
    record: &Record,
    request: &GetRequest,
) -> OpResult<Option<ManagedObject>> {
    let (Some(material), Some(specification)) = (&record.material, request.key_wrapping_specification.as_deref())
    else {
        return Ok(None);
    };
    if !context.engine.vault.resides(&material.sealed) {
        return Ok(None);
    }
    let held = record.object.as_ref().and_then(ManagedObject::key_block).map(|block| block.key_format_type);
    let wanted = request.key_format_type.map(|wanted| formats::format_in_version(wanted, context.version));
    let native = material::native_format(record.object_type);
    let wrapped = match wanted.or(held) {
        Some(format) if format != native => None,
        _ => wrapping::wrap_resident(context, record, &material.sealed, specification)?,
    };
    match wrapped {
        Some(mut object) => {
            complete_key_block(&mut object, record);
            Ok(Some(object))
        }
        None if attribute_of!(record, Sensitive) == Some(&true) => fail(
            Fault::Sensitive,
            "the object is Sensitive and in hardware, which wraps it by Encrypt with No Encoding and NISTKeyWrap or \
             AESKeyWrapPadding only, in the format that it has there",
        ),
        None => Ok(None),
    }
}

fn has_value(object: &ManagedObject) -> bool {
    object.key_block().is_none_or(|block| block.key_value.is_some())
}

/// An object whose value is elsewhere leaves as it came, without the value (OASIS case TC-MDO-3).
fn without_value(object: &mut ManagedObject, record: &Record, request: &GetRequest) -> OpResult<()> {
    let asked = (request.key_format_type, request.key_compression_type);
    if asked != (None, None) || request.key_wrapping_specification.is_some() {
        return fail(Fault::KeyValueMissing, "the server has only attributes of this object, not its key value");
    }
    complete_key_block(object, record);
    Ok(())
}

/// Algorithm and length stand in the key block of every key of which they are known, as a pair (KMIP 2.1 §3.1).
/// Fills in what the attributes say of the key.
pub(crate) fn complete_key_block(object: &mut ManagedObject, record: &Record) {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let length = attribute_of!(record, CryptographicLength).copied();
    let Some(block) = object.key_block_mut() else { return };
    if let (Some(algorithm), Some(length)) = (algorithm, length) {
        block.cryptographic_algorithm.get_or_insert(algorithm);
        block.cryptographic_length.get_or_insert(length);
    }
}

/// Converts the key material to the format that the client asks for; without one it leaves as it was registered.
fn convert(
    context: &mut Context<'_>,
    object: &mut ManagedObject,
    record: &Record,
    wanted: Option<KeyFormatType>,
) -> OpResult<()> {
    let object_type = object.object_type();
    if let ManagedObject::Certificate(certificate) = object
        && wanted == Some(KeyFormatType::PKCS_12)
    {
        if context.version < V2_0 {
            return fail(Fault::KeyFormat, "a PKCS#12 container is that of a private key before KMIP 2.0");
        }
        if certificate.certificate_type != CertificateType::X_509 {
            return fail(Fault::KeyFormat, "only X.509 certificates are put into PKCS#12 containers");
        }
        let container = containers::of_certificate(context, record, certificate.certificate_value.as_slice())?;
        certificate.certificate_value = ByteString::new(container.expose_secret());
        return Ok(());
    }
    let Some(block) = object.key_block_mut() else { return without_key_block(object, wanted) };
    let held = block.key_format_type;
    let format = formats::format_in_version(wanted.unwrap_or(held), context.version);
    if format != held && formats::is_slow(block) {
        context.txn.long_work()?;
    }
    if wanted.is_none() && !is_live(format, context.version) {
        return fail(
            Fault::KeyFormat,
            format!("the key is held as {held}, which KMIP {} does not have", context.version),
        );
    }
    let Some(KeyValue::Plain(value)) = &mut block.key_value else {
        return if format == held { Ok(()) } else { fail(Fault::KeyFormat, "a wrapped key leaves in its own format") };
    };
    if format != held && block.key_wrapping_data.is_some() {
        return fail(Fault::KeyFormat, "a wrapped key leaves in its own format");
    }
    let algorithm = block.cryptographic_algorithm;
    if object_type == ObjectType::PrivateKey && [held, format].contains(&KeyFormatType::PKCS_12) {
        contained(context, record, value, (held, format), wanted)?;
    } else if format != held {
        value.key_material = formats::convert(object_type, held, &value.key_material, format, algorithm)?;
    }
    block.key_format_type = format;
    if let Some(algorithm) = &mut block.cryptographic_algorithm {
        *algorithm = formats::algorithm_in_version(*algorithm, context.version);
    }
    Ok(())
}

/// An object without a key block has one format.
fn without_key_block(object: &ManagedObject, wanted: Option<KeyFormatType>) -> OpResult<()> {
    let only = match object {
        ManagedObject::Certificate(certificate) if certificate.certificate_type == CertificateType::PGP => None,
        _ => formats::default_format(object.object_type(), None, V2_1),
    };
    match wanted {
        Some(wanted) if only != Some(wanted) => {
            fail(Fault::KeyFormat, format!("a {} is not returned as {wanted}", object.object_type()))
        }
        _ => Ok(()),
    }
}

/// A public key leaves with its point as it is held: Key Compression Type asks for that, or is not supported.
fn check_compression(object: &ManagedObject, wanted: Option<KeyCompressionType>) -> OpResult<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    match compression(object).unwrap_or(KeyCompressionType::ECPublicKeyTypeUncompressed) {
        held if held == wanted => Ok(()),
        held => fail(
            Fault::KeyCompression,
            format!("Key Compression Type {wanted} is not supported: the key is held as {held}"),
        ),
    }
}

/// How the point of an elliptic public key is held (SEC 1 §2.3.3).
fn compression(object: &ManagedObject) -> Option<KeyCompressionType> {
    let block = object.key_block()?;
    let Some(KeyValue::Plain(value)) = &block.key_value else { return None };
    let (from, to) = (block.key_format_type, KeyFormatType::TransparentECPublicKey);
    let algorithm = block.cryptographic_algorithm;
    let key = formats::convert(object.object_type(), from, &value.key_material, to, algorithm).ok()?;
    let KeyMaterial::Transparent(key) = key else { return None };
    let TransparentKey::EcPublic(key) = *key else { return None };
    match key.q_string.as_slice().first()? {
        2 | 3 => Some(KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime),
        6 | 7 => Some(KeyCompressionType::ECPublicKeyTypeX9_62Hybrid),
        _ => Some(KeyCompressionType::ECPublicKeyTypeUncompressed),
    }
}

/// Takes a private key out of its PKCS#12 container, or puts one into a container.
fn contained(
    context: &mut Context<'_>,
    record: &Record,
    value: &mut KeyValueStructure,
    (held, format): (KeyFormatType, KeyFormatType),
    wanted: Option<KeyFormatType>,
) -> OpResult<()> {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let convert = |from, material: &KeyMaterial, to| {
        Ok::<_, OpError>(formats::convert(ObjectType::PrivateKey, from, material, to, algorithm)?)
    };
    let not_bytes = || OpError::new(Fault::KeyFormat, "the key has no form in bytes");
    let native = material::native_format(ObjectType::PrivateKey);
    if held != KeyFormatType::PKCS_12 {
        let KeyMaterial::Bytes(key) = convert(held, &value.key_material, native)? else { return Err(not_bytes()) };
        value.key_material = KeyMaterial::Bytes(containers::of_key(context, record, &key)?);
        return Ok(());
    }
    let KeyMaterial::Bytes(container) = &value.key_material else { return Err(not_bytes()) };
    if format != KeyFormatType::PKCS_12 {
        let opened = Lock::of(context, record)?.open(container).map_err(containers::refusal)?;
        value.key_material = convert(native, &KeyMaterial::Bytes(opened.key), format)?;
    } else if wanted.is_some()
        && let Some(renewed) = containers::renewed(context, record, container)?
    {
        value.key_material = KeyMaterial::Bytes(renewed);
    }
    Ok(())
}

fn wrap(
    context: &mut Context<'_>,
    object: &mut ManagedObject,
    record: &Record,
    specification: Option<&KeyWrappingSpecification>,
) -> OpResult<()> {
    match specification {
        None => Ok(()),
        Some(specification) => wrapping::wrap(context, object, record, specification),
    }
}

impl From<FormatError> for OpError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::NotSupported(why) => Self::new(Fault::KeyFormat, why),
            FormatError::Malformed(why) => Self::new(Fault::InvalidField, why),
        }
    }
}
