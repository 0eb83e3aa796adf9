//! Attributes of PKCS#11 objects: how each is written, and what a KMIP object answers for it.

use der::{Decode, Encode};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{ApplicationSpecificInformation, Link};
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, LinkType, ObjectType, Pkcs11ReturnCode as Rv,
};
use zeroize::Zeroizing;

use super::codec::{Reader, Writer};
use super::{Done, stop};
use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::cryptography::key;
use crate::object::{Record, attribute_of};
use crate::x509::certificate::Parsed;

/// Types that this server knows (PKCS#11 3.0 §4).
pub(super) mod cka {
    pub const CLASS: u64 = 0x000;
    pub const TOKEN: u64 = 0x001;
    pub const PRIVATE: u64 = 0x002;
    pub const LABEL: u64 = 0x003;
    pub const UNIQUE_ID: u64 = 0x004;
    pub const VALUE: u64 = 0x011;
    pub const CERTIFICATE_TYPE: u64 = 0x080;
    pub const ISSUER: u64 = 0x081;
    pub const SERIAL_NUMBER: u64 = 0x082;
    pub const KEY_TYPE: u64 = 0x100;
    pub const SUBJECT: u64 = 0x101;
    pub const ID: u64 = 0x102;
    pub const SENSITIVE: u64 = 0x103;
    pub const ENCRYPT: u64 = 0x104;
    pub const DECRYPT: u64 = 0x105;
    pub const WRAP: u64 = 0x106;
    pub const UNWRAP: u64 = 0x107;
    pub const SIGN: u64 = 0x108;
    pub const VERIFY: u64 = 0x10A;
    pub const DERIVE: u64 = 0x10C;
    pub const MODULUS: u64 = 0x120;
    pub const MODULUS_BITS: u64 = 0x121;
    pub const PUBLIC_EXPONENT: u64 = 0x122;
    pub const PUBLIC_KEY_INFO: u64 = 0x129;
    pub const VALUE_LEN: u64 = 0x161;
    pub const EXTRACTABLE: u64 = 0x162;
    pub const LOCAL: u64 = 0x163;
    pub const NEVER_EXTRACTABLE: u64 = 0x164;
    pub const ALWAYS_SENSITIVE: u64 = 0x165;
    pub const MODIFIABLE: u64 = 0x170;
    pub const COPYABLE: u64 = 0x171;
    pub const DESTROYABLE: u64 = 0x172;
    pub const EC_PARAMS: u64 = 0x180;
    pub const EC_POINT: u64 = 0x181;
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Ulong,
    Flag,
    Octets,
}

/// Types whose value is no octet string.
const FORMS: [(u64, Form); 22] = [
    (cka::CLASS, Form::Ulong),
    (cka::TOKEN, Form::Flag),
    (cka::PRIVATE, Form::Flag),
    (cka::CERTIFICATE_TYPE, Form::Ulong),
    (cka::KEY_TYPE, Form::Ulong),
    (cka::SENSITIVE, Form::Flag),
    (cka::ENCRYPT, Form::Flag),
    (cka::DECRYPT, Form::Flag),
    (cka::WRAP, Form::Flag),
    (cka::UNWRAP, Form::Flag),
    (cka::SIGN, Form::Flag),
    (cka::VERIFY, Form::Flag),
    (cka::DERIVE, Form::Flag),
    (cka::MODULUS_BITS, Form::Ulong),
    (cka::VALUE_LEN, Form::Ulong),
    (cka::EXTRACTABLE, Form::Flag),
    (cka::LOCAL, Form::Flag),
    (cka::NEVER_EXTRACTABLE, Form::Flag),
    (cka::ALWAYS_SENSITIVE, Form::Flag),
    (cka::MODIFIABLE, Form::Flag),
    (cka::COPYABLE, Form::Flag),
    (cka::DESTROYABLE, Form::Flag),
];

/// Types whose value is an octet string, or text.
const OCTETS: [u64; 12] = [
    cka::LABEL,
    cka::UNIQUE_ID,
    cka::VALUE,
    cka::ISSUER,
    cka::SERIAL_NUMBER,
    cka::SUBJECT,
    cka::ID,
    cka::MODULUS,
    cka::PUBLIC_EXPONENT,
    cka::PUBLIC_KEY_INFO,
    cka::EC_PARAMS,
    cka::EC_POINT,
];

fn form(kind: u64) -> Option<Form> {
    let listed = FORMS.iter().find(|(known, _)| *known == kind).map(|(_, form)| *form);
    listed.or_else(|| OCTETS.contains(&kind).then_some(Form::Octets))
}

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Ulong(u64),
    Flag(bool),
    Octets(Zeroizing<Vec<u8>>),
}

impl Value {
    pub fn octets(bytes: &[u8]) -> Self {
        Self::Octets(Zeroizing::new(bytes.to_vec()))
    }
}

/// An attribute of a template.
pub(super) struct Entry {
    /// CK_ATTRIBUTE_TYPE.
    pub kind: u64,
    /// Its value, unless it is asked for.
    pub value: Option<Value>,
    /// Octets that the caller has room for; without it only the length is asked for.
    pub room: Option<usize>,
}

/// Reads a template. A type whose value has no known form cannot be read over.
pub(super) fn template(reader: &mut Reader<'_>) -> Done<Vec<Entry>> {
    let count = reader.elements()?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let kind = reader.ulong()?;
        let (has_value, has_length) = (reader.flag()?, reader.flag()?);
        let form = form(kind);
        let counted = has_length && !matches!(form, Some(Form::Ulong | Form::Flag));
        let length = if counted { Some(reader.count()?) } else { None };
        let value = match (form, has_value) {
            (_, false) => None,
            (Some(Form::Ulong), true) => Some(Value::Ulong(reader.ulong()?)),
            (Some(Form::Flag), true) => Some(Value::Flag(reader.flag()?)),
            (Some(Form::Octets), true) => Some(Value::octets(reader.take(length.unwrap_or(0))?)),
            (None, true) => return stop(Rv::ATTRIBUTE_TYPE_INVALID),
        };
        let room = length.or_else(|| has_length.then_some(8));
        entries.push(Entry { kind, value, room });
    }
    Ok(entries)
}

/// Reads the template of a new object, in which no attribute has two values: "inconsistent" (PKCS#11 3.0 §4.1.1).
pub(super) fn consistent_template(reader: &mut Reader<'_>) -> Done<Vec<Entry>> {
    let entries = template(reader)?;
    for (at, entry) in entries.iter().enumerate() {
        let contradicts = |other: &Entry| other.kind == entry.kind && other.value != entry.value;
        if entries.iter().take(at).any(contradicts) {
            return stop(Rv::TEMPLATE_INCONSISTENT);
        }
    }
    Ok(entries)
}

/// Refuses a template that says another value of an attribute than the function gives the object (PKCS#11 3.0 §4.1.1).
pub(super) fn agree(template: &[Entry], kind: u64, given: &Value) -> Done<()> {
    match template.iter().find(|entry| entry.kind == kind) {
        Some(Entry { value: Some(said), .. }) if said != given => stop(Rv::TEMPLATE_INCONSISTENT),
        _ => Ok(()),
    }
}

/// The same for CKA_CLASS and CKA_KEY_TYPE of a key.
pub(super) fn agree_on_key(template: &[Entry], kind: ObjectType, algorithm: Algorithm) -> Done<()> {
    let stated = [(cka::CLASS, class(kind)), (cka::KEY_TYPE, key_type(algorithm))];
    let stated = stated.into_iter().filter_map(|(kind, number)| Some((kind, Value::Ulong(number?))));
    stated.into_iter().try_for_each(|(kind, given)| agree(template, kind, &given))
}

/// Writes an attribute that was asked for: its value if there is room, else its length; nothing of one that is not told.
pub(super) fn answer(writer: Writer, asked: &Entry, value: Option<&Value>) -> (Writer, Option<Rv>) {
    let head = writer.ulong(asked.kind);
    match value {
        None if form(asked.kind) == Some(Form::Octets) => (head.flag(false).flag(true).count(usize::MAX), None),
        None => (head.flag(false).flag(false), None),
        Some(Value::Ulong(number)) if asked.room.is_some() => (head.flag(true).flag(true).ulong(*number), None),
        Some(Value::Flag(flag)) if asked.room.is_some() => (head.flag(true).flag(true).flag(*flag), None),
        Some(Value::Ulong(_) | Value::Flag(_)) => (head.flag(false).flag(true), None),
        Some(Value::Octets(octets)) => match asked.room {
            Some(room) if room >= octets.len() => (head.flag(true).flag(true).count(octets.len()).raw(octets), None),
            Some(_) => (head.flag(false).flag(true).count(usize::MAX), Some(Rv::BUFFER_TOO_SMALL)),
            None => (head.flag(false).flag(true).count(octets.len()), None),
        },
    }
}

/// CK_OBJECT_CLASS of an object; none for objects that PKCS#11 does not have.
pub(super) fn class(object_type: ObjectType) -> Option<u64> {
    match object_type {
        ObjectType::Certificate => Some(1),
        ObjectType::PublicKey => Some(2),
        ObjectType::PrivateKey => Some(3),
        ObjectType::SymmetricKey => Some(4),
        _ => None,
    }
}

/// CK_KEY_TYPE of an algorithm.
fn key_type(algorithm: Algorithm) -> Option<u64> {
    Some(match algorithm {
        Algorithm::RSA => 0x00,
        Algorithm::DSA => 0x01,
        Algorithm::DH => 0x02,
        Algorithm::EC | Algorithm::ECDSA | Algorithm::ECDH => 0x03,
        Algorithm::DES3 => 0x15,
        Algorithm::AES => 0x1F,
        Algorithm::Ed25519 => 0x40,
        other if other.to_string().starts_with("HMAC") => 0x10,
        _ => return None,
    })
}

/// The usage that an attribute means.
pub(super) fn usage(kind: u64) -> Option<Mask> {
    Some(match kind {
        cka::ENCRYPT => Mask::Encrypt,
        cka::DECRYPT => Mask::Decrypt,
        cka::WRAP => Mask::WrapKey,
        cka::UNWRAP => Mask::UnwrapKey,
        cka::SIGN => Mask::Sign | Mask::MACGenerate,
        cka::VERIFY => Mask::Verify | Mask::MACVerify,
        cka::DERIVE => Mask::DeriveKey,
        _ => return None,
    })
}

/// What an object answers for an attribute that does not need its key material; `None` if it has none.
pub(super) fn value(record: &Record, kind: u64) -> Option<Value> {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let is_key = record.object_type != ObjectType::Certificate;
    let flag = |found: Option<&bool>| Some(Value::Flag(found.copied().unwrap_or(false)));
    if let Some(mask) = usage(kind) {
        return is_key.then(|| Value::Flag(usage_mask(record).intersects(mask)));
    }
    match kind {
        cka::CLASS => class(record.object_type).map(Value::Ulong),
        cka::TOKEN | cka::DESTROYABLE => Some(Value::Flag(true)),
        // The token shows itself to its client alone.
        cka::PRIVATE => Some(Value::Flag(true)),
        cka::MODIFIABLE => Some(Value::Flag(true)),
        cka::COPYABLE => Some(Value::Flag(false)),
        cka::LABEL => label(record).map(|label| Value::octets(&label)),
        cka::UNIQUE_ID => Some(Value::octets(record.id.as_bytes())),
        cka::ID => Some(Value::octets(&identifier(record))),
        cka::KEY_TYPE if is_key => algorithm.and_then(key_type).map(Value::Ulong),
        cka::SENSITIVE if is_key => flag(attribute_of!(record, Sensitive)),
        cka::EXTRACTABLE if is_key => Some(Value::Flag(attribute_of!(record, Extractable).copied().unwrap_or(true))),
        cka::NEVER_EXTRACTABLE if is_key => flag(attribute_of!(record, NeverExtractable)),
        cka::ALWAYS_SENSITIVE if is_key => flag(attribute_of!(record, AlwaysSensitive)),
        cka::LOCAL if is_key => Some(Value::Flag(attribute_of!(record, OriginalCreationDate).is_some())),
        cka::VALUE_LEN if record.object_type == ObjectType::SymmetricKey => {
            length(record).map(|bits| Value::Ulong(bits / 8))
        }
        cka::MODULUS_BITS if algorithm == Some(Algorithm::RSA) && is_key => length(record).map(Value::Ulong),
        _ => certificate_value(record, kind),
    }
}

fn length(record: &Record) -> Option<u64> {
    attribute_of!(record, CryptographicLength).and_then(|bits| u64::try_from(*bits).ok())
}

fn certificate_value(record: &Record, kind: u64) -> Option<Value> {
    let Some(ManagedObject::Certificate(certificate)) = &record.object else { return None };
    value_of_certificate(certificate.certificate_value.as_slice(), kind)
}

/// What a certificate answers for an attribute that it tells itself.
pub(super) fn value_of_certificate(der: &[u8], kind: u64) -> Option<Value> {
    let parsed = Parsed::new(der).ok()?;
    match kind {
        cka::CERTIFICATE_TYPE => Some(Value::Ulong(0)),
        cka::VALUE => Some(Value::octets(der)),
        cka::SUBJECT => Some(Value::octets(&parsed.subject)),
        cka::ISSUER => Some(Value::octets(&parsed.issuer)),
        cka::PUBLIC_KEY_INFO => Some(Value::octets(&parsed.public_key)),
        cka::SERIAL_NUMBER => der::asn1::IntRef::new(&parsed.serial_number)
            .and_then(|number| number.to_der())
            .ok()
            .map(|der| Value::octets(&der)),
        _ => None,
    }
}

/// Where CKA_LABEL and CKA_ID are kept that a caller gives: a Name of KMIP is unique, and those are not.
const KEPT: [(u64, &str); 2] = [(cka::LABEL, "PKCS#11 CKA_LABEL"), (cka::ID, "PKCS#11 CKA_ID")];

/// The attribute of KMIP that keeps octets of a caller, as hexadecimal digits.
pub(super) fn kept(kind: u64, octets: &[u8]) -> Attribute {
    let namespace = KEPT.iter().find(|(known, _)| *known == kind).map_or("PKCS#11", |(_, namespace)| namespace);
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Attribute::ApplicationSpecificInformation(Box::new(ApplicationSpecificInformation {
        application_namespace: Text::new(namespace),
        application_data: Some(Text::from(digits)),
    }))
}

/// Whether the type is one that this server knows.
pub(super) fn is_known(kind: u64) -> bool {
    form(kind).is_some()
}

/// The attribute that keeps what a caller gave before.
pub(super) fn kept_before(record: &Record, kind: u64) -> Option<Attribute> {
    let (_, namespace) = KEPT.iter().find(|(known, _)| *known == kind)?;
    let holds = |attribute: &&Attribute| match attribute {
        Attribute::ApplicationSpecificInformation(information) => {
            information.application_namespace.as_str() == *namespace
        }
        _ => false,
    };
    record.attributes.iter().map(|instance| &instance.attribute).find(holds).cloned()
}

/// What a caller gave.
fn given(record: &Record, kind: u64) -> Option<Vec<u8>> {
    match kept_before(record, kind)? {
        Attribute::ApplicationSpecificInformation(information) => {
            information.application_data.as_ref().map(|digits| unhex(digits.as_str()))
        }
        _ => None,
    }
}

/// CKA_LABEL: what a caller gave, or the first Name of the object.
fn label(record: &Record) -> Option<Vec<u8>> {
    given(record, cka::LABEL).or_else(|| record.names().next().map(|name| name.value.as_bytes().to_vec()))
}

/// CKA_ID: what a caller gave, or the Unique Identifier of the key; a public key and a certificate have that of the private
/// key that they are linked to, so that they are found together.
fn identifier(record: &Record) -> Vec<u8> {
    let private = || {
        record.attributes.iter().find_map(|instance| match &instance.attribute {
            Attribute::Link(Link { link_type: LinkType::PrivateKeyLink, linked_object_identifier }) => {
                linked_object_identifier.as_text().map(|id| id.as_bytes().to_vec())
            }
            _ => None,
        })
    };
    given(record, cka::ID).or_else(private).unwrap_or_else(|| record.id.as_bytes().to_vec())
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// What an object answers for an attribute that is part of its public key.
pub(super) fn public_value(context: &mut Context<'_>, record: &Record, kind: u64) -> Done<Option<Value>> {
    let kinds = [cka::MODULUS, cka::PUBLIC_EXPONENT, cka::PUBLIC_KEY_INFO, cka::EC_PARAMS, cka::EC_POINT];
    if record.object_type != ObjectType::PublicKey || !kinds.contains(&kind) {
        return Ok(None);
    }
    let material = key::material(context, record)?;
    Ok(part_of(material.expose_secret(), kind))
}

fn part_of(public_key: &[u8], kind: u64) -> Option<Value> {
    let info = spki::SubjectPublicKeyInfoRef::try_from(public_key).ok()?;
    let bits = info.subject_public_key.as_bytes()?;
    let elliptic = info.algorithm.oid == der::asn1::ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    match kind {
        cka::PUBLIC_KEY_INFO => Some(Value::octets(public_key)),
        cka::EC_PARAMS if elliptic => info.algorithm.parameters?.to_der().ok().map(|der| Value::octets(&der)),
        cka::EC_POINT if elliptic => {
            let point = der::asn1::OctetStringRef::new(bits).ok()?;
            point.to_der().ok().map(|der| Value::octets(&der))
        }
        cka::MODULUS | cka::PUBLIC_EXPONENT => {
            let key = pkcs1::RsaPublicKeyRef::from_der(bits).ok()?;
            let number = if kind == cka::MODULUS { key.modulus } else { key.public_exponent };
            Some(Value::octets(number.as_bytes()))
        }
        _ => None,
    }
}
