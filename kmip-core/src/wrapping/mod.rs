//! Key wrapping (KMIP 1.4 §2.1.5, §2.1.6; KMIP 2.1 §3.3, §7.18, §11.62): keys that leave wrapped, and registered wrapped keys
//! that leave unwrapped. The keys that wrap are held by the server in the same scope.
//!
//! A Key Value is encoded, encrypted, and given a code or signature, as the Wrapping Method says. The code stands in
//! MAC/Signature of the Key Wrapping Data, never within the Key Value; it covers the encoded Key Value, or in Encrypt then
//! MAC/sign the bytes that encryption made of it. A Key Value that was only given a code is a Byte String as the wrapped
//! ones are, so that what is checked are the bytes that left.

mod authentication;
mod encryption;
mod wrapping_key;

use kmip_codec::attribute::{AttributeReference, Bag, Instance};
use kmip_codec::limits::Limits;
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingData,
    KeyWrappingSpecification, MacSignatureKeyInformation, ManagedObject,
};
use kmip_codec::registry::{EncodingOption, KeyFormatType, Tag, WrappingMethod};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_1, V1_4, V2_1, V3_0, Version};
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Sink, Source, Strictness};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material;
use crate::object::Record;
use crate::ports::vault::Sealed;
use crate::{attributes, formats};
use authentication::Authentication;
use encryption::Encryption;
use wrapping_key::Purpose;

/// What a code or signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covers {
    /// The encoded Key Value.
    Encoded,
    /// What encryption made of it.
    Encrypted,
}

/// What a Wrapping Method does to a Key Value.
#[derive(Debug, Clone, Copy)]
struct Steps {
    encrypts: bool,
    code: Option<Covers>,
}

/// Wrapping Methods (KMIP 2.1 §11.62). TR-31 is not among them: no version says how its key blocks stand in a Key Value.
const METHODS: [(WrappingMethod, Steps); 4] = [
    (WrappingMethod::Encrypt, Steps { encrypts: true, code: None }),
    (WrappingMethod::MACSign, Steps { encrypts: false, code: Some(Covers::Encoded) }),
    (WrappingMethod::EncryptThenMACSign, Steps { encrypts: true, code: Some(Covers::Encrypted) }),
    (WrappingMethod::MACSignThenEncrypt, Steps { encrypts: true, code: Some(Covers::Encoded) }),
];

/// Whether a key that is wrapped so is hidden: a code alone hides nothing, and a Sensitive key does not leave with it.
pub(crate) fn hides(method: WrappingMethod) -> bool {
    method != WrappingMethod::MACSign
}

/// The keys that a Wrapping Method takes.
struct Keys {
    encryption: Option<Encryption>,
    code: Option<(Authentication, Covers)>,
}

impl Keys {
    fn find(
        context: &mut Context<'_>,
        steps: Steps,
        encryption: Option<&EncryptionKeyInformation>,
        code: Option<&MacSignatureKeyInformation>,
        purpose: Purpose,
    ) -> OpResult<Self> {
        let encryption = taken(steps.encrypts, encryption, "Encryption Key Information")?;
        let code = taken(steps.code.is_some(), code, "MAC/Signature Key Information")?;
        let encryption = encryption.map(|named| Encryption::find(context, named, purpose)).transpose()?;
        let code = code.map(|named| Authentication::find(context, named, purpose)).transpose()?;
        Ok(Self { encryption, code: code.zip(steps.code) })
    }

    /// The code or signature, if one covers this.
    fn sign(&self, context: &mut Context<'_>, what: Covers, bytes: &Secret) -> OpResult<Option<ByteString>> {
        match &self.code {
            Some((key, covers)) if *covers == what => key.make(context, bytes.expose_secret()).map(Some),
            _ => Ok(None),
        }
    }

    /// Refuses bytes whose code or signature is not the one claimed, if one covers this.
    fn check(
        &self,
        context: &mut Context<'_>,
        what: Covers,
        bytes: &Secret,
        claimed: Option<&ByteString>,
    ) -> OpResult<()> {
        match &self.code {
            Some((key, covers)) if *covers == what => key.check(context, bytes.expose_secret(), claimed),
            _ => Ok(()),
        }
    }
}

/// A field that the Wrapping Method takes, or does not.
fn taken<'a, T>(is_taken: bool, field: Option<&'a T>, name: &str) -> OpResult<Option<&'a T>> {
    match (is_taken, field) {
        (true, None) => fail(Fault::InvalidMessage, format!("the Wrapping Method needs {name}")),
        (false, Some(_)) => fail(Fault::InvalidField, format!("the Wrapping Method takes no {name}")),
        (_, field) => Ok(field),
    }
}

fn steps_of(method: WrappingMethod) -> Option<Steps> {
    METHODS.iter().find(|(known, _)| *known == method).map(|(_, steps)| *steps)
}

/// Wraps the key of an object as a client asks.
pub(crate) fn wrap(
    context: &mut Context<'_>,
    object: &mut ManagedObject,
    record: &Record,
    specification: &KeyWrappingSpecification,
) -> OpResult<()> {
    let method = specification.wrapping_method;
    let Some(steps) = steps_of(method) else {
        return fail(Fault::FeatureNotSupported, format!("Wrapping Method {method} is not supported"));
    };
    let encoding = encoding_of(specification, context.version)?;
    let (encryption, code) =
        (specification.encryption_key_information.as_ref(), specification.mac_signature_key_information.as_ref());
    let keys = Keys::find(context, steps, encryption, code, Purpose::Wrap)?;
    if let Some(key) = &keys.encryption {
        must_be_another(key, record)?;
    }
    let Some(block) = object.key_block_mut() else {
        return fail(Fault::WrongObjectType, format!("a {} has no key value to wrap", record.object_type));
    };
    let encoded = to_wrap(context, block, record, specification, encoding)?;
    if encoding == EncodingOption::NoEncoding && keys.encryption.as_ref().is_some_and(|key| !key.takes(encoded.len())) {
        let why = "NIST key wrap takes a key of 16 bytes or more in whole 8 bytes: this one needs TTLV encoding";
        return fail(Fault::EncodingOption, why);
    }
    let of_encoded = keys.sign(context, Covers::Encoded, &encoded)?;
    let (bytes, iv_counter_nonce) = match &keys.encryption {
        Some(key) => key.protect(context, &encoded)?,
        None => (encoded, None),
    };
    let of_encrypted = keys.sign(context, Covers::Encrypted, &bytes)?;
    block.key_value = Some(match encoding {
        EncodingOption::NoEncoding => plain_value(KeyMaterial::Bytes(bytes), None),
        _ => KeyValue::Wrapped(bytes),
    });
    block.key_wrapping_data = Some(Box::new(KeyWrappingData {
        wrapping_method: method,
        encryption_key_information: keys.encryption.map(Encryption::information),
        mac_signature_key_information: keys.code.map(|(key, _)| key.information()),
        mac_signature: of_encoded.or(of_encrypted),
        iv_counter_nonce,
        encoding_option: Some(encoding),
    }));
    Ok(())
}

/// Wraps a key that is in hardware, there: its material alone, by NIST key wrap. `None` if the client asks for more than that,
/// which takes the material in the clear.
pub(crate) fn wrap_resident(
    context: &mut Context<'_>,
    record: &Record,
    sealed: &Sealed,
    specification: &KeyWrappingSpecification,
) -> OpResult<Option<ManagedObject>> {
    let method = specification.wrapping_method;
    let encoding = encoding_of(specification, context.version)?;
    if method != WrappingMethod::Encrypt || encoding != EncodingOption::NoEncoding {
        return Ok(None);
    }
    let steps = Steps { encrypts: true, code: None };
    let (encryption, code) =
        (specification.encryption_key_information.as_ref(), specification.mac_signature_key_information.as_ref());
    let keys = Keys::find(context, steps, encryption, code, Purpose::Wrap)?;
    let Some(encryption) = keys.encryption else { return Ok(None) };
    must_be_another(&encryption, record)?;
    let Some(bytes) = encryption.protect_resident(context, record, sealed)? else { return Ok(None) };
    let mut object = record.object.clone();
    let Some(block) = object.as_mut().and_then(ManagedObject::key_block_mut) else { return Ok(None) };
    block.key_format_type = material::native_format(record.object_type);
    block.key_value = Some(plain_value(KeyMaterial::Bytes(bytes), None));
    block.key_wrapping_data = Some(Box::new(KeyWrappingData {
        wrapping_method: method,
        encryption_key_information: Some(encryption.information()),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: Some(encoding),
    }));
    Ok(object)
}

fn must_be_another(encryption: &Encryption, record: &Record) -> OpResult<()> {
    if encryption.is_by(record) {
        return fail(Fault::PermissionDenied, "a key is wrapped by another key, not by itself");
    }
    Ok(())
}

/// Unwraps a key that was registered wrapped, with the keys that its Key Wrapping Data names.
pub(crate) fn unwrap(context: &mut Context<'_>, object: &mut ManagedObject) -> OpResult<()> {
    let Some(block) = object.key_block_mut() else { return Ok(()) };
    let Some(data) = block.key_wrapping_data.take() else { return Ok(()) };
    let Some(steps) = steps_of(data.wrapping_method) else {
        return fail(Fault::KeyWrapType, format!("Wrapping Method {} cannot be undone", data.wrapping_method));
    };
    let (encryption, code) = (data.encryption_key_information.as_ref(), data.mac_signature_key_information.as_ref());
    let keys = Keys::find(context, steps, encryption, code, Purpose::Unwrap).map_err(|error| match error.fault {
        Fault::InvalidMessage | Fault::InvalidField => OpError { fault: Fault::KeyWrapType, ..error },
        _ => error,
    })?;
    let stated = data.encoding_option.unwrap_or(EncodingOption::TTLVEncoding);
    let (carried, encoding) = carried(block.key_value.take(), stated, steps, context.version)?;
    let encoded = undo(context, &keys, &data, carried).map_err(told_as_one)?;
    block.key_value = Some(match encoding {
        EncodingOption::NoEncoding => plain_value(KeyMaterial::Bytes(encoded), None),
        _ => KeyValue::Plain(Box::new(parse(&encoded, block.key_format_type, context.version).map_err(told_as_one)?)),
    });
    check_length(object).map_err(told_as_one)
}

/// A symmetric key is as long as its key block says. The others tell their length themselves, where they are used.
fn check_length(object: &ManagedObject) -> OpResult<()> {
    let ManagedObject::SymmetricKey(key) = object else { return Ok(()) };
    let KeyBlock { cryptographic_algorithm: algorithm, cryptographic_length: length, .. } = key.key_block;
    let checked = formats::inspect(object).and_then(|found| found.check(algorithm, length));
    checked.map_err(|error| OpError::new(Fault::CryptographicFailure, error.to_string()))
}

/// Checks and decrypts what a Key Value carried, in the order that the Wrapping Method did it.
fn undo(context: &mut Context<'_>, keys: &Keys, data: &KeyWrappingData, carried: Secret) -> OpResult<Secret> {
    let claimed = data.mac_signature.as_ref();
    keys.check(context, Covers::Encrypted, &carried, claimed)?;
    let encoded = match &keys.encryption {
        Some(key) => key.open(context, carried.expose_secret(), data.iv_counter_nonce.as_ref())?,
        None => carried,
    };
    keys.check(context, Covers::Encoded, &encoded, claimed)?;
    Ok(encoded)
}

/// Which step failed stays untold: who sends altered keys would learn from it about the key (padding oracles).
fn told_as_one(error: OpError) -> OpError {
    match error.fault {
        Fault::CryptographicFailure => OpError::new(
            error.fault,
            "the Key Value is not one that the keys and parameters of its Key Wrapping Data made",
        ),
        _ => error,
    }
}

/// The bytes that a wrapped Key Value carries, and how what is in them is encoded. A Key Value that was only given a code may
/// also stand as a structure, which is checked in the encoding of the request's version.
fn carried(
    value: Option<KeyValue>,
    stated: EncodingOption,
    steps: Steps,
    version: Version,
) -> OpResult<(Secret, EncodingOption)> {
    match value {
        Some(KeyValue::Wrapped(bytes)) => Ok((bytes, stated)),
        Some(KeyValue::Plain(structure)) if !steps.encrypts && stated != EncodingOption::NoEncoding => {
            Ok((encode(&structure, version), stated))
        }
        Some(KeyValue::Plain(structure)) => match structure.key_material {
            KeyMaterial::Bytes(bytes) => Ok((bytes, EncodingOption::NoEncoding)),
            KeyMaterial::Transparent(_) => fail(Fault::InvalidField, "wrapped key material is a byte string"),
        },
        None => fail(Fault::KeyValueMissing, "the server has no key value for this object"),
    }
}

/// Refuses the Key Wrapping Data of a registered key that contradicts itself or the Key Value. The keys that it names may
/// be those of another system.
pub(crate) fn check_registered(block: &KeyBlock, data: &KeyWrappingData) -> OpResult<()> {
    if data.encryption_key_information.is_none() && data.mac_signature_key_information.is_none() {
        let why = "Key Wrapping Data needs Encryption Key Information or MAC/Signature Key Information";
        return fail(Fault::InvalidField, why);
    }
    let has_attributes = matches!(&block.key_value, Some(KeyValue::Plain(structure)) if structure.attributes.is_some());
    match data.encoding_option {
        Some(EncodingOption::NoEncoding) if has_attributes => {
            fail(Fault::EncodingOption, "No Encoding wraps the key alone: the Key Value holds attributes")
        }
        None | Some(EncodingOption::NoEncoding | EncodingOption::TTLVEncoding) => Ok(()),
        Some(other) => fail(Fault::EncodingOption, format!("Encoding Option {other} is not recognized")),
    }
}

fn plain_value(key_material: KeyMaterial, attributes: Option<Bag>) -> KeyValue {
    KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes }))
}

/// A Key Value structure as TTLV, tag and length included.
fn encode(structure: &KeyValueStructure, version: Version) -> Secret {
    let mut counter = Counter::new(version);
    structure.put(Tag::KeyValue, &mut counter);
    let mut writer = TtlvWriter::with_capacity(version, counter.bytes());
    structure.put(Tag::KeyValue, &mut writer as &mut dyn Sink);
    Secret::from_wiped(writer.finish())
}

/// Reads a Key Value structure. Attributes within it stand as the version that it was wrapped in has them, which may not be
/// that of the request.
fn parse(encoded: &Secret, format: KeyFormatType, version: Version) -> OpResult<KeyValueStructure> {
    let read = |version| -> kmip_codec::error::Result<KeyValueStructure> {
        let mut reader = TtlvReader::new(encoded.expose_secret(), Limits::DEFAULT, Strictness::Lenient);
        reader.set_version(version);
        reader.next()?;
        let value = KeyValueStructure::take(format, &mut reader)?;
        reader.finish()?;
        Ok(value)
    };
    let found = [version, V1_4, V2_1, V3_0].into_iter().find_map(|version| read(version).ok());
    found.ok_or_else(|| OpError::new(Fault::CryptographicFailure, "what was unwrapped is no Key Value structure"))
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

/// The bytes that are wrapped: the key alone, or the Key Value with the attributes that are named.
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
    let attributes = named_attributes(context, record, specification).or(attributes);
    Ok(encode(&KeyValueStructure { key_material, attributes }, context.version))
}

/// The attributes that a specification names and the object has, each instance once.
fn named_attributes(context: &Context<'_>, record: &Record, specification: &KeyWrappingSpecification) -> Option<Bag> {
    let names = &specification.attribute_references;
    if names.is_empty() {
        return None;
    }
    let visible = context.visible(record);
    let is_named =
        |instance: &&Instance| names.contains(&AttributeReference::in_version(&instance.attribute, context.version));
    let items: Vec<_> = visible
        .iter()
        .filter(is_named)
        .map(|instance| attributes::in_answer(instance, record.object_type, context.version))
        .collect();
    (!items.is_empty()).then(|| Bag { items, ..Bag::default() })
}
