//! Key wrapping by encryption (KMIP 1.4 §2.1.5, §2.1.6; KMIP 2.1 §3.3, §7.16): keys that leave wrapped, and registered wrapped
//! keys that leave unwrapped. The wrapping key is one that the server holds in the same scope: a symmetric key in any mode
//! that the vault has, NIST key wrap first, or an RSA pair. A tag of an authenticated cipher follows the wrapped bytes.

use kmip_codec::attribute::Bag;
use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingData,
    KeyWrappingSpecification, ManagedObject,
};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption, ObjectType, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_1, Version};
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Sink, Source, Strictness};
use zeroize::Zeroizing;

use crate::attributes::{self, usage_mask};
use crate::batch::Context;
use crate::cryptography::cipher::{self, Iv};
use crate::cryptography::key::{self, Prepared};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material::Bound;
use crate::object::{Record, is_of};
use crate::ports::vault::{Answer, Call};
use crate::state;
use crate::txn::View;

/// How the wrapping key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// KW (RFC 3394): multiples of 8 bytes.
    Kw,
    /// KWP (RFC 5649): any length.
    Kwp,
    /// By another cipher of Encrypt and Decrypt.
    Cipher,
}

/// Wraps the key of an object as a client asks.
pub(crate) fn wrap(
    context: &mut Context<'_>,
    object: &mut ManagedObject,
    record: &Record,
    specification: &KeyWrappingSpecification,
) -> OpResult<()> {
    if specification.wrapping_method != WrappingMethod::Encrypt || specification.mac_signature_key_information.is_some()
    {
        return fail(Fault::FeatureNotSupported, "Wrapping Method: only Encrypt is supported");
    }
    let information = specification.encryption_key_information.as_ref();
    let information =
        information.ok_or_else(|| OpError::new(Fault::InvalidMessage, "Encryption Key Information is required"))?;
    let encoding = encoding_of(specification, context.version)?;
    let (key, mode, parameters) = wrapping_key(context, information, Use::Wrap)?;
    let Some(block) = object.key_block_mut() else {
        return fail(Fault::WrongObjectType, format!("a {} has no key value to wrap", record.object_type));
    };
    let plain = to_wrap(context, block, record, specification, encoding)?;
    let (wrapped, iv) = protect(context, &key, mode, &parameters, &plain)?;
    block.key_value = Some(match encoding {
        EncodingOption::NoEncoding => plain_value(KeyMaterial::Bytes(wrapped), None),
        _ => KeyValue::Wrapped(wrapped),
    });
    block.key_wrapping_data = Some(Box::new(KeyWrappingData {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::Text(key.id.clone()),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: iv,
        encoding_option: Some(encoding),
    }));
    Ok(())
}

/// Unwraps a key that was registered wrapped, under the wrapping key that its Key Wrapping Data names.
pub(crate) fn unwrap(context: &mut Context<'_>, object: &mut ManagedObject) -> OpResult<()> {
    let Some(block) = object.key_block_mut() else { return Ok(()) };
    let Some(data) = block.key_wrapping_data.take() else { return Ok(()) };
    let information = match &data.encryption_key_information {
        Some(information) if data.wrapping_method == WrappingMethod::Encrypt => information,
        _ => return fail(Fault::KeyWrapType, format!("Wrapping Method {} cannot be undone", data.wrapping_method)),
    };
    let (key, mode, parameters) = wrapping_key(context, information, Use::Unwrap)?;
    let value = block.key_value.take();
    let (wrapped, encoding) = match &value {
        Some(KeyValue::Wrapped(wrapped)) => (wrapped, data.encoding_option.unwrap_or(EncodingOption::TTLVEncoding)),
        Some(KeyValue::Plain(structure)) => match &structure.key_material {
            KeyMaterial::Bytes(wrapped) => (wrapped, EncodingOption::NoEncoding),
            KeyMaterial::Transparent(_) => return fail(Fault::InvalidField, "wrapped key material is a byte string"),
        },
        None => return fail(Fault::KeyValueMissing, "the server has no key value for this object"),
    };
    let plain = open(context, &key, mode, &parameters, wrapped.expose_secret(), data.iv_counter_nonce.as_ref())?;
    block.key_value = Some(match encoding {
        EncodingOption::NoEncoding => plain_value(KeyMaterial::Bytes(plain), None),
        _ => KeyValue::Plain(Box::new(parse(&plain, block, context.version)?)),
    });
    Ok(())
}

fn plain_value(key_material: KeyMaterial, attributes: Option<Bag>) -> KeyValue {
    KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes }))
}

fn parse(plain: &Secret, block: &KeyBlock, version: Version) -> OpResult<KeyValueStructure> {
    let malformed = |_| OpError::new(Fault::CryptographicFailure, "what was unwrapped is no Key Value structure");
    let mut reader = TtlvReader::new(plain.expose_secret(), Limits::DEFAULT, Strictness::Lenient);
    reader.set_version(version);
    reader.next().map_err(malformed)?;
    let value = KeyValueStructure::take(block.key_format_type, &mut reader).map_err(malformed)?;
    reader.finish().map_err(malformed)?;
    Ok(value)
}

/// What the wrapping key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Wrap,
    Unwrap,
}

/// The wrapping key, if it may be used, with the mode and the parameters that hold.
fn wrapping_key(
    context: &mut Context<'_>,
    information: &EncryptionKeyInformation,
    purpose: Use,
) -> OpResult<(View, Mode, CryptographicParameters)> {
    let id = context.resolve(Some(&information.unique_identifier))?;
    let Some(key) = context.txn.find_view(&id)? else {
        return fail(Fault::WrappingKeyNotFound, format!("there is no wrapping key {:?}", id.as_str()));
    };
    check_key(&key, purpose, context.now)?;
    let own: Vec<&CryptographicParameters> = key
        .attributes
        .iter()
        .filter_map(|instance| match &instance.attribute {
            kmip_codec::attribute::Attribute::CryptographicParameters(parameters) => Some(parameters.as_ref()),
            _ => None,
        })
        .collect();
    let asked = information.cryptographic_parameters.as_ref();
    let parameters = match (asked, own.first()) {
        (Some(asked), None) => asked.clone(),
        (Some(asked), Some(_)) if own.iter().any(|own| own.block_cipher_mode == asked.block_cipher_mode) => {
            asked.clone()
        }
        (None, Some(own)) => (*own).clone(),
        (Some(_), Some(_)) => {
            return fail(parameters_fault(context.version), "the wrapping key has no such Cryptographic Parameters");
        }
        (None, None) => return fail(parameters_fault(context.version), "Cryptographic Parameters: no mode is named"),
    };
    let by_block = matches!(key::algorithm(&key), Some(CryptographicAlgorithm::AES | CryptographicAlgorithm::DES3));
    let mode = match parameters.block_cipher_mode {
        Some(BlockCipherMode::NISTKeyWrap) => Mode::Kw,
        Some(BlockCipherMode::AESKeyWrapPadding) => Mode::Kwp,
        None if by_block => return fail(parameters_fault(context.version), "Block Cipher Mode is required to wrap"),
        _ => Mode::Cipher,
    };
    if mode != Mode::Cipher && key::algorithm(&key) != Some(CryptographicAlgorithm::AES) {
        return fail(Fault::BadCryptographicParameters, "NIST key wrap needs an AES key");
    }
    Ok((key, mode, parameters))
}

/// Parameters that do not exist or do not match (KMIP 1.4 table 338): Item Not Found in 1.x.
fn parameters_fault(version: Version) -> Fault {
    if version < kmip_codec::version::V2_0 { Fault::WrappingKeyNotFound } else { Fault::BadCryptographicParameters }
}

fn check_key(key: &Record, purpose: Use, now: i64) -> OpResult<()> {
    if key.destroyed {
        return fail(Fault::WrappingKeyDestroyed, "the wrapping key was destroyed");
    }
    if key.object.as_ref().and_then(ManagedObject::key_block).is_some_and(|block| block.key_wrapping_data.is_some()) {
        // Unwrapping is one step deep: keys that wrap each other in a circle would never end.
        return fail(Fault::BadCryptographicParameters, "the wrapping key is itself held wrapped");
    }
    let takes = match purpose {
        Use::Wrap => {
            matches!(key.object_type, ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::Certificate)
        }
        Use::Unwrap => matches!(key.object_type, ObjectType::SymmetricKey | ObjectType::PrivateKey),
    };
    if !takes {
        return fail(Fault::WrongObjectType, format!("a {} does not do this to keys", key.object_type));
    }
    let mask = usage_mask(key);
    let allowed = match purpose {
        Use::Wrap => mask.contains(CryptographicUsageMask::WrapKey),
        Use::Unwrap => mask.intersects(CryptographicUsageMask::UnwrapKey | CryptographicUsageMask::WrapKey),
    };
    if !allowed {
        return fail(Fault::UsageMask, "the Cryptographic Usage Mask of the wrapping key does not permit it");
    }
    match purpose {
        Use::Wrap => state::may_protect(key, now),
        Use::Unwrap => state::may_process(key, now),
    }
}

/// Encoding Option came with 1.1; before, and by default, the TTLV Key Value is wrapped.
fn encoding_of(specification: &KeyWrappingSpecification, version: Version) -> OpResult<EncodingOption> {
    let encoding = specification.encoding_option.filter(|_| version >= V1_1).unwrap_or(EncodingOption::TTLVEncoding);
    match encoding {
        EncodingOption::NoEncoding if !specification.attribute_references.is_empty() => {
            fail(Fault::EncodingOption, "No Encoding wraps the key alone: attributes cannot be named with it")
        }
        EncodingOption::NoEncoding | EncodingOption::TTLVEncoding => Ok(encoding),
        other => fail(Fault::EncodingOption, format!("Encoding Option {other} is not recognized")),
    }
}

/// The bytes that are wrapped.
fn to_wrap(
    context: &Context<'_>,
    block: &mut KeyBlock,
    record: &Record,
    specification: &KeyWrappingSpecification,
    encoding: EncodingOption,
) -> OpResult<Secret> {
    if block.key_wrapping_data.is_some() {
        return fail(Fault::KeyWrapType, "the key is held wrapped already");
    }
    let Some(KeyValue::Plain(structure)) = block.key_value.take() else {
        return fail(Fault::KeyValueMissing, "the server has no plain key value for this object");
    };
    let KeyValueStructure { key_material, attributes } = *structure;
    if encoding == EncodingOption::NoEncoding {
        return match key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes),
            KeyMaterial::Transparent(_) => fail(Fault::EncodingOption, "a transparent key needs TTLV encoding"),
        };
    }
    let visible = attributes::visible(record, context.version, context.now);
    let named = |reference| visible.iter().filter(move |instance| is_of(&instance.attribute, reference));
    let answered = |instance| attributes::in_answer(instance, record.object_type, context.version);
    let items: Vec<_> = specification.attribute_references.iter().flat_map(named).map(answered).collect();
    let attributes = if items.is_empty() { attributes } else { Some(Bag { templates: Vec::new(), items }) };
    let structure = KeyValueStructure { key_material, attributes };
    let mut counter = Counter::new(context.version);
    structure.put(Tag::KeyValue, &mut counter);
    let mut writer = TtlvWriter::with_capacity(context.version, counter.bytes());
    structure.put(Tag::KeyValue, &mut writer as &mut dyn Sink);
    Ok(Secret::from_zeroizing(writer.finish()))
}

/// Wraps bytes; tells the initialization vector that was drawn, where there is one.
fn protect(
    context: &mut Context<'_>,
    key: &Record,
    mode: Mode,
    parameters: &CryptographicParameters,
    data: &Secret,
) -> OpResult<(Secret, Option<ByteString>)> {
    let call = match mode {
        Mode::Kw => Call::WrapKw { data },
        Mode::Kwp => Call::WrapKwp { data },
        Mode::Cipher => {
            let vault = context.engine.vault.as_ref();
            let cipher = cipher(key, parameters, Iv::Drawn(vault))?;
            let prepared = Prepared::new(context, key)?;
            let made = prepared.with(|key| vault.encrypt(key, &cipher.encryption(), data.expose_secret()))?;
            let wrapped = [made.data, made.tag.unwrap_or_default()].concat();
            let iv = (!cipher.iv().is_empty()).then(|| ByteString::new(cipher.iv()));
            return Ok((Secret::from_zeroizing(Zeroizing::new(wrapped)), iv));
        }
    };
    Ok((perform(context, key, call)?, None))
}

/// Unwraps bytes.
fn open(
    context: &mut Context<'_>,
    key: &Record,
    mode: Mode,
    parameters: &CryptographicParameters,
    wrapped: &[u8],
    iv: Option<&ByteString>,
) -> OpResult<Secret> {
    match mode {
        Mode::Kw => perform(context, key, Call::UnwrapKw { wrapped }),
        Mode::Kwp => perform(context, key, Call::UnwrapKwp { wrapped }),
        Mode::Cipher => {
            let vault = context.engine.vault.as_ref();
            let cipher = cipher(key, parameters, iv.map_or(Iv::Missing, |iv| Iv::Given(iv.as_slice())))?;
            let prepared = Prepared::new(context, key)?;
            key::pace(context, key)?;
            prepared.with(|key| vault.decrypt(key, &cipher.encryption(), wrapped, None))
        }
    }
}

/// The cipher of the wrapping key. Get knows Bad Cryptographic Parameters only (KMIP 2.1 §6.1.19.1).
fn cipher(key: &Record, parameters: &CryptographicParameters, iv: Iv<'_>) -> OpResult<cipher::Call> {
    cipher::Call::new(key::algorithm(key), parameters, iv, None).map_err(|error| match error.fault {
        Fault::UnsupportedParameters | Fault::MissingIv | Fault::TagLength => {
            OpError { fault: Fault::BadCryptographicParameters, ..error }
        }
        _ => error,
    })
}

fn perform(context: &Context<'_>, key: &Record, call: Call<'_>) -> OpResult<Secret> {
    let Some(material) = &key.material else {
        return fail(Fault::KeyValueMissing, "the server has no key value for the wrapping key");
    };
    match context.engine.vault.perform(&material.sealed, Bound::of(key).binding(), call)? {
        Answer::Bytes(bytes) => Ok(Secret::copy_from(&bytes)),
        Answer::Secret(secret) => Ok(secret),
    }
}
