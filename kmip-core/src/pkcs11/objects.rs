//! Objects: searching, reading, making and destroying them.

use std::sync::Arc;

use kmip_codec::attribute::values::{CryptographicDomainParameters, RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::{
    Certificate, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, PublicKey, SymmetricKey,
};
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, KeyFormatType, ObjectType,
    Operation, Pkcs11ReturnCode as Rv, RecommendedCurve, RevocationReasonCode, State,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime};

use super::attributes::{self, Entry, Value, cka};
use super::calls::Call;
use super::codec::{Reader, Writer};
use super::mechanisms::{How, Named};
use super::sessions::{Change, MOST_HANDLES, Session};
use super::{Done, Stop, stop};
use crate::object::{Record, attribute_of};
use crate::txn::View;
use crate::{formats, state, tickets};

/// Objects that a search looks at on the calling thread.
const QUICK: usize = 256;

/// The handle of an object: its number in the order of making, which no other object of the server has.
fn handle_of(record: &Record) -> u64 {
    u64::try_from(record.serial).unwrap_or_default()
}

impl Call<'_, '_> {
    /// The identifier of a handle.
    pub fn identifier(&self, handle: u64, unknown: Rv) -> Done<Text> {
        match self.application.handles.get(&handle) {
            Some(id) => Ok(id.clone()),
            None => stop(unknown),
        }
    }

    /// An object by its handle. What was destroyed has none any more.
    pub fn object(&mut self, handle: u64) -> Done<View> {
        let id = self.identifier(handle, Rv::OBJECT_HANDLE_INVALID)?;
        self.context.subject = Some(id.clone());
        match self.context.txn.find_view(&id)? {
            Some(view) if !view.destroyed => Ok(view),
            _ => stop(Rv::OBJECT_HANDLE_INVALID),
        }
    }

    /// Refuses what would give more objects handles than an application may have.
    pub fn require_room(&self, more: usize) -> Done<()> {
        let handles = self.application.handles.len().saturating_add(more);
        if handles > MOST_HANDLES { stop(Rv::HOST_MEMORY) } else { Ok(()) }
    }

    fn give_handles(&mut self, mut given: Vec<(u64, Text)>) -> Done<()> {
        given.retain(|(handle, _)| !self.application.handles.contains_key(handle));
        self.require_room(given.len())?;
        if !given.is_empty() {
            self.change(Change::Handles(given));
        }
        Ok(())
    }

    /// Gives a new object a handle.
    fn give_handle(&mut self, id: &UniqueIdentifier) -> Done<u64> {
        let id = Text::new(id.as_text().unwrap_or_default());
        let view = self.context.txn.view(&id)?;
        let handle = handle_of(&view);
        self.context.subject = Some(id.clone());
        self.give_handles(vec![(handle, id)])?;
        Ok(handle)
    }

    /// The answer of a function that makes one object: its handle.
    pub fn handed(&mut self, id: &UniqueIdentifier) -> Done<Secret> {
        self.give_handle(id).map(|handle| Writer::default().ulong(handle).done())
    }
}

pub(super) fn find_init(call: &mut Call<'_, '_>, session: &mut Session, reader: &mut Reader<'_>) -> Done<()> {
    if session.found.is_some() {
        return stop(Rv::OPERATION_ACTIVE);
    }
    let template = attributes::template(reader)?;
    reader.finish()?;
    tickets::within(call.context, Operation::Locate)?;
    let scope = call.context.txn.scope().clone();
    let candidates = call.context.txn.catalog().index().candidates(&scope, &[], true, false);
    if candidates.len() > QUICK {
        call.context.txn.long_work().map_err(Stop::from)?;
    }
    let mut found = Vec::new();
    for id in call.context.txn.with_changes(candidates) {
        let Some(record) = call.context.txn.peek(&id)? else { continue };
        let shown = !record.destroyed && attributes::class(record.object_type).is_some();
        if shown && matches(call, &record, &template)? {
            found.push((handle_of(&record), record.id.clone()));
        }
    }
    if call.application.found().saturating_add(found.len()) > MOST_HANDLES {
        return stop(Rv::HOST_MEMORY);
    }
    let handles = found.iter().map(|(handle, _)| *handle).collect();
    call.give_handles(found)?;
    session.found = Some((Arc::new(handles), 0));
    Ok(())
}

/// Whether an object has all values of a template. Secret values are never compared: none matches.
fn matches(call: &mut Call<'_, '_>, record: &Record, template: &[Entry]) -> Done<bool> {
    for entry in template {
        let own = match attributes::value(record, entry.kind) {
            Some(value) => Some(value),
            None => attributes::public_value(call.context, record, entry.kind)?,
        };
        if own.is_none() || own != entry.value {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn find(session: &mut Session, reader: &mut Reader<'_>) -> Done<Secret> {
    let most = usize::try_from(reader.ulong_or_count(0)?).unwrap_or(usize::MAX);
    reader.finish()?;
    let Some((found, told)) = &mut session.found else { return stop(Rv::OPERATION_NOT_INITIALIZED) };
    let page: Vec<u64> = found.iter().skip(*told).take(most).copied().collect();
    *told = told.saturating_add(page.len());
    let head = Writer::default().count(page.len());
    Ok(page.iter().fold(head, |writer, handle| writer.ulong(*handle)).done())
}

pub(super) fn find_final(session: &mut Session) -> Done<()> {
    match session.found.take() {
        Some(_) => Ok(()),
        None => stop(Rv::OPERATION_NOT_INITIALIZED),
    }
}

pub(super) fn get_attribute_value(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let handle = reader.ulong()?;
    let template = attributes::template(reader)?;
    reader.finish()?;
    // What an object is, and what it holds.
    for (is_value, operation) in [(false, Operation::GetAttributes), (true, Operation::Get)] {
        if template.iter().any(|entry| (entry.kind == cka::VALUE) == is_value) {
            tickets::within(call.context, operation)?;
        }
    }
    let view = call.object(handle)?;
    let (mut writer, mut code) = (Writer::default().count(template.len()), Rv::OK);
    for entry in &template {
        let found = match attributes::value(&view, entry.kind) {
            Some(value) => Ok(Some(value)),
            None if entry.kind == cka::VALUE => key_value(call, &view),
            None => attributes::public_value(call.context, &view, entry.kind),
        };
        let value = match found {
            Ok(Some(value)) => Some(value),
            Ok(None) => {
                code = Rv::ATTRIBUTE_TYPE_INVALID;
                None
            }
            Err(Stop::Code(refused, _)) => {
                code = refused;
                None
            }
            Err(error) => return Err(error),
        };
        let (written, short) = attributes::answer(writer, entry, value.as_ref());
        writer = written;
        code = short.unwrap_or(code);
    }
    let output = writer.done();
    if code == Rv::OK { Ok(output) } else { Err(Stop::Code(code, output)) }
}

/// C_GetObjectSize: octets of the object's record.
pub(super) fn size(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let handle = reader.ulong()?;
    reader.finish()?;
    tickets::within(call.context, Operation::GetAttributes)?;
    let octets = call.object(handle)?.encode().len();
    Ok(Writer::default().ulong(u64::try_from(octets).unwrap_or(u64::MAX)).done())
}

/// C_CopyObject: no object has CKA_COPYABLE, as KMIP has no operation that copies one.
pub(super) fn copy(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let handle = reader.ulong()?;
    attributes::template(reader)?;
    reader.finish()?;
    call.object(handle)?;
    stop(Rv::ACTION_PROHIBITED)
}

/// The value of a key as Get gives it, if it may leave.
pub(super) fn key_value(call: &mut Call<'_, '_>, record: &Record) -> Done<Option<Value>> {
    if record.object_type != ObjectType::SymmetricKey {
        return if record.object_type == ObjectType::PrivateKey { stop(Rv::ATTRIBUTE_SENSITIVE) } else { Ok(None) };
    }
    let get = GetRequest {
        unique_identifier: Some(UniqueIdentifier::Text(record.id.clone())),
        key_format_type: Some(KeyFormatType::Raw),
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    match call.operate(Operation::Get, RequestPayload::Get(Box::new(get)))? {
        ResponsePayload::Get(got) => Ok(got.object.key_block().and_then(octets_of).map(Value::octets)),
        _ => Ok(None),
    }
}

/// The octets of a key's value: with No Encoding also those of a wrapped one.
pub(super) fn octets_of(block: &KeyBlock) -> Option<&[u8]> {
    match &block.key_value {
        Some(KeyValue::Plain(value)) => match &value.key_material {
            KeyMaterial::Bytes(octets) => Some(octets.expose_secret()),
            KeyMaterial::Transparent(_) => None,
        },
        _ => None,
    }
}

/// Attributes of KMIP that a template asks for. What KMIP cannot keep is refused, and so is an object that ends with its
/// session: objects of this server stay until they are destroyed.
pub(super) fn wanted(call: &Call<'_, '_>, template: &[Entry], usual: Mask, made: &[u64]) -> Done<Vec<Attribute>> {
    let mut attributes = vec![Attribute::ActivationDate(DateTime(call.context.now))];
    let (mut mask, mut says_usage) = (Mask::default(), false);
    for entry in template {
        let Some(value) = &entry.value else { return stop(Rv::ATTRIBUTE_VALUE_INVALID) };
        match (entry.kind, value) {
            (kind, _) if made.contains(&kind) => {}
            // What is true of every object here.
            (cka::MODIFIABLE | cka::DESTROYABLE, Value::Flag(true)) | (cka::COPYABLE, Value::Flag(false)) => {}
            (cka::LOCAL | cka::NEVER_EXTRACTABLE | cka::ALWAYS_SENSITIVE | cka::UNIQUE_ID, _) => {
                return stop(Rv::ATTRIBUTE_READ_ONLY);
            }
            (cka::TOKEN | cka::PRIVATE, Value::Flag(true)) => {}
            (cka::TOKEN | cka::PRIVATE, _) => return stop(Rv::TEMPLATE_INCONSISTENT),
            (cka::LABEL | cka::ID, Value::Octets(octets)) => attributes.push(attributes::kept(entry.kind, octets)),
            (cka::SENSITIVE, Value::Flag(flag)) => attributes.push(Attribute::Sensitive(*flag)),
            (cka::EXTRACTABLE, Value::Flag(flag)) => attributes.push(Attribute::Extractable(*flag)),
            (kind, Value::Flag(flag)) if attributes::usage(kind).is_some() => {
                says_usage = true;
                if let Some(more) = attributes::usage(kind).filter(|_| *flag) {
                    mask = mask | more;
                }
            }
            // A valid attribute, and none that such a template can give (PKCS#11 3.0 §4.1.1).
            (kind, _) if attributes::is_known(kind) => return stop(Rv::TEMPLATE_INCONSISTENT),
            _ => return stop(Rv::ATTRIBUTE_TYPE_INVALID),
        }
    }
    attributes.push(Attribute::CryptographicUsageMask(if says_usage { mask } else { usual }));
    Ok(attributes)
}

pub(super) fn ulong(template: &[Entry], kind: u64) -> Option<u64> {
    template.iter().find(|entry| entry.kind == kind).and_then(|entry| match entry.value {
        Some(Value::Ulong(number)) => Some(number),
        _ => None,
    })
}

fn octets(template: &[Entry], kind: u64) -> Option<&[u8]> {
    template.iter().find(|entry| entry.kind == kind).and_then(|entry| match &entry.value {
        Some(Value::Octets(octets)) => Some(octets.as_slice()),
        _ => None,
    })
}

/// Uses of a symmetric key of which a template says nothing.
pub(super) fn usual_of(algorithm: Algorithm) -> Mask {
    match algorithm {
        Algorithm::AES | Algorithm::DES3 => Mask::Encrypt | Mask::Decrypt,
        _ => Mask::MACGenerate | Mask::MACVerify,
    }
}

pub(super) fn generate_key(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let named = Named::read(reader)?;
    let template = attributes::consistent_template(reader)?;
    reader.finish()?;
    let How::Generate(algorithm, fixed) = named.mechanism.how else { return stop(Rv::MECHANISM_INVALID) };
    attributes::agree_on_key(&template, ObjectType::SymmetricKey, algorithm)?;
    let Some(octets) = fixed.or(ulong(&template, cka::VALUE_LEN)) else { return stop(Rv::TEMPLATE_INCOMPLETE) };
    attributes::agree(&template, cka::VALUE_LEN, &Value::Ulong(octets))?;
    let Some(bits) = i32::try_from(octets).ok().and_then(|octets| octets.checked_mul(8)) else {
        return stop(Rv::ATTRIBUTE_VALUE_INVALID);
    };
    let made = [cka::CLASS, cka::KEY_TYPE, cka::VALUE_LEN];
    let mut attributes = wanted(call, &template, usual_of(algorithm), &made)?;
    attributes.push(Attribute::CryptographicAlgorithm(algorithm));
    attributes.push(Attribute::CryptographicLength(bits));
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes.into_iter().collect::<Bag>()),
        protection_storage_masks: None,
    };
    call.require_room(1)?;
    match call.operate(Operation::Create, RequestPayload::Create(Box::new(request)))? {
        ResponsePayload::Create(created) => call.handed(&created.unique_identifier),
        _ => stop(Rv::FUNCTION_FAILED),
    }
}

/// Curves by the `OBJECT IDENTIFIER` in CKA_EC_PARAMS.
const CURVES: [(&[u8], RecommendedCurve); 5] = [
    (&[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x21], RecommendedCurve::P_224),
    (&[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], RecommendedCurve::P_256),
    (&[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22], RecommendedCurve::P_384),
    (&[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23], RecommendedCurve::P_521),
    (&[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A], RecommendedCurve::SECP256K1),
];

/// The same of edwards25519: the identifiers of RFC 8410 and of PKCS#11 2.40 drafts, and its name (PKCS#11 3.0 §2.3.10).
const EDWARDS_25519: [&[u8]; 3] = [
    &[0x06, 0x03, 0x2B, 0x65, 0x70],
    &[0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01],
    b"\x13\x0Cedwards25519",
];

/// Attributes that describe a pair, which both of its templates may give.
fn describing(algorithm: Algorithm) -> &'static [u64] {
    match algorithm {
        Algorithm::RSA => &[cka::CLASS, cka::KEY_TYPE, cka::MODULUS_BITS, cka::PUBLIC_EXPONENT],
        _ => &[cka::CLASS, cka::KEY_TYPE, cka::EC_PARAMS],
    }
}

/// What describes a pair: length or curve.
fn description(algorithm: Algorithm, public: &[Entry]) -> Done<Vec<Attribute>> {
    let mut common = vec![Attribute::CryptographicAlgorithm(algorithm)];
    match algorithm {
        Algorithm::RSA => {
            let exponent = octets(public, cka::PUBLIC_EXPONENT);
            if exponent.is_some_and(|exponent| exponent != [1, 0, 1]) {
                return stop(Rv::ATTRIBUTE_VALUE_INVALID);
            }
            match ulong(public, cka::MODULUS_BITS).and_then(|bits| i32::try_from(bits).ok()) {
                Some(bits) => common.push(Attribute::CryptographicLength(bits)),
                None => return stop(Rv::TEMPLATE_INCOMPLETE),
            }
        }
        Algorithm::Ed25519
            if octets(public, cka::EC_PARAMS).is_some_and(|parameters| !EDWARDS_25519.contains(&parameters)) =>
        {
            return stop(Rv::ATTRIBUTE_VALUE_INVALID);
        }
        Algorithm::ECDSA => {
            let Some(parameters) = octets(public, cka::EC_PARAMS) else { return stop(Rv::TEMPLATE_INCOMPLETE) };
            let Some((_, curve)) = CURVES.iter().find(|(oid, _)| *oid == parameters) else {
                return stop(Rv::ATTRIBUTE_VALUE_INVALID);
            };
            let domain = CryptographicDomainParameters { qlength: None, recommended_curve: Some(*curve) };
            common.push(Attribute::CryptographicDomainParameters(domain));
        }
        _ => {}
    }
    Ok(common)
}

pub(super) fn generate_pair(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let named = Named::read(reader)?;
    let (public, private) = (attributes::consistent_template(reader)?, attributes::consistent_template(reader)?);
    reader.finish()?;
    let How::GeneratePair(algorithm) = named.mechanism.how else { return stop(Rv::MECHANISM_INVALID) };
    attributes::agree_on_key(&public, ObjectType::PublicKey, algorithm)?;
    attributes::agree_on_key(&private, ObjectType::PrivateKey, algorithm)?;
    let common = description(algorithm, &public)?;
    let made = describing(algorithm);
    for entry in public.iter().filter(|entry| entry.kind != cka::CLASS && made.contains(&entry.kind)) {
        entry.value.iter().try_for_each(|value| attributes::agree(&private, entry.kind, value))?;
    }
    let (verify, sign) = match algorithm {
        Algorithm::RSA => (Mask::Verify | Mask::Encrypt, Mask::Sign | Mask::Decrypt),
        _ => (Mask::Verify, Mask::Sign),
    };
    let public = wanted(call, &public, verify, made)?;
    let private = wanted(call, &private, sign, made)?;
    let request = CreateKeyPairRequest {
        common_attributes: Some(common.into_iter().collect()),
        private_key_attributes: Some(private.into_iter().collect()),
        public_key_attributes: Some(public.into_iter().collect()),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    call.require_room(2)?;
    match call.operate(Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)))? {
        ResponsePayload::CreateKeyPair(made) => {
            let public = call.give_handle(&made.public_key_unique_identifier)?;
            let private = call.give_handle(&made.private_key_unique_identifier)?;
            Ok(Writer::default().ulong(public).ulong(private).done())
        }
        _ => stop(Rv::FUNCTION_FAILED),
    }
}

/// CK_KEY_TYPE of secret keys that can be brought: AES, triple DES, and generic ones, which are for HMAC.
pub(super) fn secret_algorithm(key_type: u64) -> Done<Algorithm> {
    match key_type {
        0x1F => Ok(Algorithm::AES),
        0x15 => Ok(Algorithm::DES3),
        0x10 => Ok(Algorithm::HMAC_SHA256),
        _ => stop(Rv::ATTRIBUTE_VALUE_INVALID),
    }
}

/// Brings secret keys by their value, certificates by theirs, and public keys as `SubjectPublicKeyInfo`. What a template says
/// beside that must be what the object is (PKCS#11 3.0 §4.1.1).
pub(super) fn create(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let template = attributes::consistent_template(reader)?;
    reader.finish()?;
    let Some(class) = ulong(&template, cka::CLASS) else { return stop(Rv::TEMPLATE_INCOMPLETE) };
    let Brought { object, usual, made } = match class {
        1 => brought_certificate(&template)?,
        2 => brought_public_key(&template)?,
        4 => brought_secret_key(&template)?,
        _ => return stop(Rv::ATTRIBUTE_VALUE_INVALID),
    };
    let attributes = wanted(call, &template, usual, made)?;
    call.require_room(1)?;
    register(call, object, attributes)
}

/// An object that a template brings.
struct Brought {
    object: ManagedObject,
    /// Its uses, if the template says none.
    usual: Mask,
    /// The attributes that it tells itself.
    made: &'static [u64],
}

fn required(template: &[Entry], kind: u64) -> Done<&[u8]> {
    octets(template, kind).map_or_else(|| stop(Rv::TEMPLATE_INCOMPLETE), Ok)
}

fn brought_certificate(template: &[Entry]) -> Done<Brought> {
    const TOLD: [u64; 4] = [cka::SUBJECT, cka::ISSUER, cka::SERIAL_NUMBER, cka::PUBLIC_KEY_INFO];
    const X_509: u64 = 0;
    if ulong(template, cka::CERTIFICATE_TYPE).is_some_and(|kind| kind != X_509) {
        return stop(Rv::ATTRIBUTE_VALUE_INVALID);
    }
    let value = required(template, cka::VALUE)?;
    for kind in TOLD {
        // Empty is what such an attribute is by default.
        if octets(template, kind).is_some_and(|said| !said.is_empty())
            && let Some(told) = attributes::value_of_certificate(value, kind)
        {
            attributes::agree(template, kind, &told)?;
        }
    }
    let certificate_value = ByteString::new(value);
    let certificate = Certificate { certificate_type: CertificateType::X_509, certificate_value };
    let made = &[
        cka::CLASS,
        cka::CERTIFICATE_TYPE,
        cka::VALUE,
        cka::SUBJECT,
        cka::ISSUER,
        cka::SERIAL_NUMBER,
        cka::PUBLIC_KEY_INFO,
    ];
    Ok(Brought { object: ManagedObject::Certificate(Box::new(certificate)), usual: Mask::Verify, made })
}

fn brought_public_key(template: &[Entry]) -> Done<Brought> {
    let key_block = block(KeyFormatType::X_509, required(template, cka::PUBLIC_KEY_INFO)?, None);
    let object = ManagedObject::PublicKey(Box::new(PublicKey { key_block }));
    let found = formats::inspect(&object).unwrap_or_default();
    let is_montgomery = matches!(found.curve, Some(RecommendedCurve::CURVE25519 | RecommendedCurve::CURVE448))
        && found.algorithm == Some(Algorithm::ECDH);
    if let (Some(algorithm), false) = (found.algorithm, is_montgomery) {
        attributes::agree_on_key(template, ObjectType::PublicKey, algorithm)?;
    }
    let made = &[cka::CLASS, cka::KEY_TYPE, cka::PUBLIC_KEY_INFO, cka::SUBJECT];
    Ok(Brought { object, usual: Mask::Verify | Mask::Encrypt, made })
}

fn brought_secret_key(template: &[Entry]) -> Done<Brought> {
    let Some(key_type) = ulong(template, cka::KEY_TYPE) else { return stop(Rv::TEMPLATE_INCOMPLETE) };
    let algorithm = secret_algorithm(key_type)?;
    let value = required(template, cka::VALUE)?;
    let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
    attributes::agree(template, cka::VALUE_LEN, &Value::Ulong(length))?;
    let key_block = block(KeyFormatType::Raw, value, Some(algorithm));
    let object = ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }));
    let made = &[cka::CLASS, cka::KEY_TYPE, cka::VALUE, cka::VALUE_LEN];
    Ok(Brought { object, usual: usual_of(algorithm), made })
}

/// Registers an object, and gives its handle.
pub(super) fn register(call: &mut Call<'_, '_>, object: ManagedObject, attributes: Vec<Attribute>) -> Done<Secret> {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: Some(attributes.into_iter().collect()),
        object: Some(object),
        protection_storage_masks: None,
    };
    match call.operate(Operation::Register, RequestPayload::Register(Box::new(request)))? {
        ResponsePayload::Register(registered) => call.handed(&registered.unique_identifier),
        _ => stop(Rv::FUNCTION_FAILED),
    }
}

fn block(key_format_type: KeyFormatType, material: &[u8], algorithm: Option<Algorithm>) -> KeyBlock {
    let key_material = KeyMaterial::Bytes(Secret::copy_from(material));
    let bits = i32::try_from(material.len().saturating_mul(8)).ok();
    KeyBlock {
        key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: algorithm.and(bits),
        key_wrapping_data: None,
    }
}

/// C_SetAttributeValue: CKA_LABEL and CKA_ID, and what makes a key less free: CKA_SENSITIVE true and CKA_EXTRACTABLE false. All of
/// a template, or nothing.
pub(super) fn set_attribute_value(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<()> {
    let handle = reader.ulong()?;
    let template = attributes::template(reader)?;
    reader.finish()?;
    let view = call.object(handle)?;
    let id = view.id.clone();
    let is_secret = matches!(view.object_type, ObjectType::SymmetricKey | ObjectType::PrivateKey);
    let mut changes = Vec::with_capacity(template.len());
    for (at, entry) in template.iter().enumerate() {
        if template.iter().take(at).any(|other| other.kind == entry.kind) {
            return stop(Rv::TEMPLATE_INCONSISTENT);
        }
        changes.push(match (entry.kind, &entry.value) {
            (cka::SENSITIVE | cka::EXTRACTABLE, _) if !is_secret => return stop(Rv::ATTRIBUTE_TYPE_INVALID),
            (cka::LABEL | cka::ID, Some(Value::Octets(octets))) => {
                (attributes::kept_before(&view, entry.kind), attributes::kept(entry.kind, octets))
            }
            (cka::SENSITIVE, Some(Value::Flag(true))) => (None, Attribute::Sensitive(true)),
            (cka::EXTRACTABLE, Some(Value::Flag(false))) => (None, Attribute::Extractable(false)),
            (_, None) => return stop(Rv::ATTRIBUTE_VALUE_INVALID),
            (kind, Some(_)) if attributes::is_known(kind) => return stop(Rv::ATTRIBUTE_READ_ONLY),
            _ => return stop(Rv::ATTRIBUTE_TYPE_INVALID),
        });
    }
    drop(view);
    let savepoint = call.context.txn.savepoint();
    for (before, after) in changes {
        if let Err(error) = set_attribute(call, &id, before, after) {
            call.context.txn.roll_back(savepoint);
            return Err(error);
        }
    }
    Ok(())
}

fn set_attribute(call: &mut Call<'_, '_>, id: &Text, before: Option<Attribute>, after: Attribute) -> Done<()> {
    let unique_identifier = Some(UniqueIdentifier::Text(id.clone()));
    let is_kept = matches!(after, Attribute::ApplicationSpecificInformation(_));
    let new_attribute = Some([after].into_iter().collect::<Bag>());
    let (operation, payload) = match before {
        Some(before) => {
            let current_attribute = Some([before].into_iter().collect());
            let request = ModifyAttributeRequest { unique_identifier, current_attribute, new_attribute };
            (Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request)))
        }
        None if is_kept => {
            let request = AddAttributeRequest { unique_identifier, new_attribute };
            (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)))
        }
        None => {
            let request = SetAttributeRequest { unique_identifier, new_attribute };
            (Operation::SetAttribute, RequestPayload::SetAttribute(Box::new(request)))
        }
    };
    call.operate(operation, payload).map(|_| ())
}

/// Destroys an object. PKCS#11 knows no revocation, which KMIP demands before an Active object is destroyed: both are done.
pub(super) fn destroy(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<()> {
    let handle = reader.ulong()?;
    reader.finish()?;
    let view = call.object(handle)?;
    let id = Some(UniqueIdentifier::Text(view.id.clone()));
    let revocable = state::at(&view, call.context.now) == State::Active && attribute_of!(view, ArchiveDate).is_none();
    drop(view);
    let savepoint = call.context.txn.savepoint();
    if revocable {
        let reason = RevocationReason {
            revocation_reason_code: RevocationReasonCode::CessationOfOperation,
            revocation_message: None,
        };
        let revoke = RevokeRequest {
            unique_identifier: id.clone(),
            revocation_reason: Some(reason),
            compromise_occurrence_date: None,
        };
        call.operate(Operation::Revoke, RequestPayload::Revoke(Box::new(revoke)))?;
    }
    let destroy = DestroyRequest { unique_identifier: id };
    match call.operate(Operation::Destroy, RequestPayload::Destroy(Box::new(destroy))) {
        Ok(_) => Ok(()),
        Err(error) => {
            // Neither or both.
            call.context.txn.roll_back(savepoint);
            Err(error)
        }
    }
}
