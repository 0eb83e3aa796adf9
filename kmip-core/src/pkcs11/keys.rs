//! Keys that leave wrapped, that come wrapped, and that are derived.

use der::Decode;
use der::asn1::OctetStringRef;
use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::key_material::TransparentEcPublicKey;
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingData,
    KeyWrappingSpecification, ManagedObject, PrivateKey, SymmetricKey, TransparentKey,
};
use kmip_codec::operation::derive_key::{DerivationParameters, DeriveKeyRequest};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, DerivationMethod, EncodingOption,
    KeyFormatType, ObjectType, Operation, Pkcs11ReturnCode as Rv, RecommendedCurve, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use super::attributes::{self, Entry, cka};
use super::calls::Call;
use super::codec::{Reader, Writer};
use super::mechanisms::{Agreement, How, Named};
use super::objects::{octets_of, register, secret_algorithm, ulong, usual_of, wanted};
use super::{Done, Stop, stop};
use crate::attributes::usage_mask;
use crate::cryptography::key;
use crate::object::{Record, attribute_of};
use crate::ops::derive_key;
use crate::{formats, tickets, wrapping};

/// The parameters of a mechanism that wraps.
fn wrapping_parameters(named: &Named<'_>) -> Done<CryptographicParameters> {
    match named.mechanism.how {
        How::Wrap(_) | How::RsaPkcs | How::RsaOaep => named.meaning().map(|meaning| meaning.parameters),
        _ => stop(Rv::MECHANISM_INVALID),
    }
}

fn wrapped_by(key: Text, parameters: CryptographicParameters) -> EncryptionKeyInformation {
    EncryptionKeyInformation {
        unique_identifier: UniqueIdentifier::Text(key),
        cryptographic_parameters: Some(parameters),
    }
}

/// C_WrapKey: what Get gives with a Key Wrapping Specification and No Encoding. A secret key is its octets, a private key its
/// PKCS#8.
pub(super) fn wrap(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let named = Named::read(reader)?;
    let (by, handle) = (reader.ulong()?, reader.ulong()?);
    let room = reader.buffer()?;
    reader.finish()?;
    let parameters = wrapping_parameters(&named)?;
    let by = call.identifier(by, Rv::WRAPPING_KEY_HANDLE_INVALID)?;
    let view = match call.object(handle) {
        Err(Stop::Code(Rv::OBJECT_HANDLE_INVALID, _)) => return stop(Rv::KEY_HANDLE_INVALID),
        found => found?,
    };
    let format = match view.object_type {
        ObjectType::SymmetricKey => KeyFormatType::Raw,
        ObjectType::PrivateKey => KeyFormatType::PKCS_8,
        _ => return stop(Rv::KEY_NOT_WRAPPABLE),
    };
    let get = GetRequest {
        unique_identifier: Some(UniqueIdentifier::Text(view.id.clone())),
        key_format_type: Some(format),
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: Some(Box::new(KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(wrapped_by(by, parameters)),
            mac_signature_key_information: None,
            attribute_references: Vec::new(),
            encoding_option: Some(EncodingOption::NoEncoding),
        })),
    };
    drop(view);
    let savepoint = call.context.txn.savepoint();
    let got = match call.operate(Operation::Get, RequestPayload::Get(Box::new(get))) {
        Err(Stop::Code(Rv::ATTRIBUTE_SENSITIVE, output)) => return Err(Stop::Code(Rv::KEY_UNEXTRACTABLE, output)),
        answer => answer?,
    };
    let ResponsePayload::Get(got) = got else { return stop(Rv::FUNCTION_FAILED) };
    let Some(octets) = got.object.key_block().and_then(octets_of) else { return stop(Rv::FUNCTION_FAILED) };
    if room.is_some_and(|room| room >= octets.len()) {
        return Ok(Writer::default().buffer(Some(octets), octets.len()).done());
    }
    // Nothing has left: no use of a key is counted.
    call.context.txn.roll_back(savepoint);
    let length = Writer::default().buffer(None, octets.len()).done();
    if room.is_none() { Ok(length) } else { Err(Stop::Code(Rv::BUFFER_TOO_SMALL, length)) }
}

/// CK_KEY_TYPE of private keys that can be brought.
fn private_algorithm(key_type: u64) -> Done<Algorithm> {
    match key_type {
        0x00 => Ok(Algorithm::RSA),
        0x03 => Ok(Algorithm::ECDSA),
        0x40 => Ok(Algorithm::Ed25519),
        _ => stop(Rv::TEMPLATE_INCONSISTENT),
    }
}

/// C_UnwrapKey: unwraps as Import does (KMIP 2.1 §6.1.25), then registers what was in it.
pub(super) fn unwrap(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let named = Named::read(reader)?;
    let by = reader.ulong()?;
    let wrapped = reader.octets()?;
    let template = attributes::consistent_template(reader)?;
    reader.finish()?;
    let parameters = wrapping_parameters(&named)?;
    let by = call.identifier(by, Rv::UNWRAPPING_KEY_HANDLE_INVALID)?;
    let (Some(class), Some(key_type)) = (ulong(&template, cka::CLASS), ulong(&template, cka::KEY_TYPE)) else {
        return stop(Rv::TEMPLATE_INCOMPLETE);
    };
    let made = [cka::CLASS, cka::KEY_TYPE, cka::VALUE_LEN];
    let block = |key_format_type, algorithm| KeyBlock {
        key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure {
            key_material: KeyMaterial::Bytes(Secret::copy_from(wrapped)),
            attributes: None,
        }))),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: None,
        key_wrapping_data: Some(Box::new(KeyWrappingData {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(wrapped_by(by.clone(), parameters.clone())),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: None,
            encoding_option: Some(EncodingOption::NoEncoding),
        })),
    };
    let (mut object, usual) = match class {
        3 => {
            let key_block = block(KeyFormatType::PKCS_8, private_algorithm(key_type)?);
            (ManagedObject::PrivateKey(Box::new(PrivateKey { key_block })), Mask::Sign | Mask::Decrypt)
        }
        4 => {
            let algorithm = secret_algorithm(key_type)?;
            let key_block = block(KeyFormatType::Raw, algorithm);
            (ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })), usual_of(algorithm))
        }
        _ => return stop(Rv::TEMPLATE_INCONSISTENT),
    };
    let attributes = wanted(call, &template, usual, &made)?;
    call.require_room(1)?;
    may_unwrap(call, &by)?;
    tickets::within(call.context, Operation::Import)?;
    wrapping::unwrap(call.context, &mut object).map_err(|error| match Stop::from(error) {
        Stop::Code(Rv::DATA_INVALID, output) => Stop::Code(Rv::WRAPPED_KEY_INVALID, output),
        Stop::Code(Rv::WRAPPING_KEY_HANDLE_INVALID, output) => Stop::Code(Rv::UNWRAPPING_KEY_HANDLE_INVALID, output),
        other => other,
    })?;
    complete(&mut object);
    let length = object.key_block().and_then(octets_of).and_then(|octets| u64::try_from(octets.len()).ok());
    if class == 4 && ulong(&template, cka::VALUE_LEN).is_some_and(|said| Some(said) != length) {
        return stop(Rv::TEMPLATE_INCONSISTENT);
    }
    register(call, object, attributes)
}

/// Refuses to unwrap with a key whose CKA_UNWRAP is false. KMIP lets the keys that wrap unwrap, too; callers of PKCS#11 tell the
/// two apart, so that what wraps a sensitive key cannot bring it back as an open one.
fn may_unwrap(call: &mut Call<'_, '_>, by: &Text) -> Done<()> {
    let Some(view) = call.context.txn.find_view(by)? else { return stop(Rv::UNWRAPPING_KEY_HANDLE_INVALID) };
    match usage_mask(&view).intersects(Mask::UnwrapKey) {
        true => Ok(()),
        false => stop(Rv::KEY_FUNCTION_NOT_PERMITTED),
    }
}

/// The length of a secret key is that of its octets; a private key tells its own.
fn complete(object: &mut ManagedObject) {
    let ManagedObject::SymmetricKey(key) = object else { return };
    let octets = octets_of(&key.key_block).map_or(0, <[u8]>::len);
    key.key_block.cryptographic_length = i32::try_from(octets.saturating_mul(8)).ok();
}

/// C_DeriveKey: a hash of the base key, what it encrypts, or what its owner agrees on with another party.
pub(super) fn derive(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let named = Named::read(reader)?;
    let base = reader.ulong()?;
    let template = attributes::consistent_template(reader)?;
    reader.finish()?;
    let base = call.identifier(base, Rv::KEY_HANDLE_INVALID)?;
    if let How::Agree = named.mechanism.how {
        return agree(call, base, named.agreement()?, &template);
    }
    let (method, data) = match named.mechanism.how {
        How::DeriveByHash(_) => (DerivationMethod::HASH, None),
        How::DeriveByCipher(_) => (DerivationMethod::ENCRYPT, Some(named.derivation_data()?)),
        _ => return stop(Rv::MECHANISM_INVALID),
    };
    let meaning = named.meaning()?;
    let all = match (named.mechanism.how, data) {
        (How::DeriveByHash(hash), _) => super::cryptography::hash_octets(hash),
        (_, data) => data.map_or(0, <[u8]>::len),
    };
    let attributes = derived_attributes(call, &template, Some(all), all)?;
    let request = DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: vec![UniqueIdentifier::Text(base)],
        derivation_method: method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(Box::new(meaning.parameters)),
            initialization_vector: meaning.iv.as_deref().map(ByteString::new),
            derivation_data: data.map(Secret::copy_from).into_iter().collect(),
            salt: None,
            iteration_count: None,
        },
        attributes: Some(attributes),
    };
    call.require_room(1)?;
    match call.operate(Operation::DeriveKey, RequestPayload::DeriveKey(Box::new(request)))? {
        ResponsePayload::DeriveKey(derived) => call.handed(&derived.unique_identifier),
        _ => stop(Rv::FUNCTION_FAILED),
    }
}

/// Attributes of a key that is derived: of as many octets as a mechanism gives by itself, or up to its most.
fn derived_attributes(call: &Call<'_, '_>, template: &[Entry], usual: Option<usize>, most: usize) -> Done<Bag> {
    let made = [cka::CLASS, cka::KEY_TYPE, cka::VALUE_LEN];
    if ulong(template, cka::CLASS).is_some_and(|class| class != 4) {
        return stop(Rv::TEMPLATE_INCONSISTENT);
    }
    let algorithm = secret_algorithm(ulong(template, cka::KEY_TYPE).unwrap_or(GENERIC_SECRET))?;
    let bits = derived_bits(algorithm, ulong(template, cka::VALUE_LEN), usual, most)?;
    let mut attributes = wanted(call, template, usual_of(algorithm), &made)?;
    attributes.push(Attribute::CryptographicAlgorithm(algorithm));
    attributes.push(Attribute::CryptographicLength(bits));
    Ok(attributes.into_iter().collect())
}

/// CKM_ECDH1_DERIVE (PKCS#11 3.0 §2.3.14). Without a function the key is the last octets of the shared secret.
fn agree(call: &mut Call<'_, '_>, private: Text, agreement: Agreement<'_>, template: &[Entry]) -> Done<Secret> {
    let Some(view) = call.context.txn.find_view(&private)? else { return stop(Rv::KEY_HANDLE_INVALID) };
    let Some(curve) = curve_of(call, &view)? else { return stop(Rv::KEY_TYPE_INCONSISTENT) };
    // The public value is a point, or an OCTET STRING with one in it.
    let wrapped = <&OctetStringRef>::from_der(agreement.public).map(OctetStringRef::as_bytes).unwrap_or_default();
    let point = [agreement.public, wrapped].into_iter().find_map(|point| Some((public_info(curve, point)?, point)));
    let Some((public, point)) = point else { return stop(Rv::MECHANISM_PARAM_INVALID) };
    let secret_bytes = coordinate_bytes(point);
    let (usual, most) =
        if agreement.x963.is_some() { (None, MOST_DERIVED) } else { (Some(secret_bytes), secret_bytes) };
    let attributes = derived_attributes(call, template, usual, most)?;
    call.require_room(1)?;
    let agreement = derive_key::Agreement { private, public, secret_bytes, x963: agreement.x963, attributes };
    let id = call.attempt(Operation::DeriveKey, |context| derive_key::agree(context, agreement))?;
    call.handed(&UniqueIdentifier::Text(id))
}

/// The curve of an elliptic private key, if it has points: what is said of it, or what its material tells. Of one that cannot
/// be opened it is that of NIST with keys of its length, and a device on which it is on another refuses the point.
fn curve_of(call: &mut Call<'_, '_>, record: &Record) -> Done<Option<RecommendedCurve>> {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    if record.object_type != ObjectType::PrivateKey || !algorithm.is_some_and(formats::is_elliptic) {
        return Ok(None);
    }
    let said = attribute_of!(record, CryptographicDomainParameters).and_then(|domain| domain.recommended_curve);
    let curve = match said {
        Some(said) => Some(said),
        None => match key::material(call.context, record) {
            Ok(pkcs8) => {
                let (kind, material) = (ObjectType::PrivateKey, KeyMaterial::Bytes(pkcs8));
                let told = formats::inspect_material(kind, KeyFormatType::PKCS_8, &material, algorithm);
                told.ok().and_then(|told| told.curve)
            }
            Err(error) if error.defer.is_some() => return Err(error.into()),
            Err(_) => usual_curve(record),
        },
    };
    let has_points = |curve: &_| !matches!(*curve, RecommendedCurve::CURVE25519 | RecommendedCurve::CURVE448);
    Ok(curve.filter(has_points))
}

fn usual_curve(record: &Record) -> Option<RecommendedCurve> {
    match attribute_of!(record, CryptographicLength) {
        Some(224) => Some(RecommendedCurve::P_224),
        Some(256) => Some(RecommendedCurve::P_256),
        Some(384) => Some(RecommendedCurve::P_384),
        Some(521) => Some(RecommendedCurve::P_521),
        _ => None,
    }
}

/// `SubjectPublicKeyInfo` of a point, if it has the form of one on the curve.
fn public_info(recommended_curve: RecommendedCurve, point: &[u8]) -> Option<Vec<u8>> {
    let key = TransparentEcPublicKey { recommended_curve, q_string: ByteString::new(point) };
    let material = KeyMaterial::Transparent(Box::new(TransparentKey::EcPublic(key)));
    let (from, to) = (KeyFormatType::TransparentECPublicKey, KeyFormatType::X_509);
    match formats::convert(ObjectType::PublicKey, from, &material, to, None) {
        Ok(KeyMaterial::Bytes(info)) => Some(info.expose_secret().to_vec()),
        _ => None,
    }
}

/// Octets of a coordinate of a point (SEC 1 §2.3.3): as many as the shared secret has.
fn coordinate_bytes(point: &[u8]) -> usize {
    let coordinates = if matches!(point.first(), Some(2 | 3)) { 1 } else { 2 };
    point.len().saturating_sub(1) / coordinates
}

/// Octets that a key derivation function may give.
const MOST_DERIVED: usize = 512;

/// CKK_GENERIC_SECRET.
const GENERIC_SECRET: u64 = 0x10;

/// The length of a derived key: what the template says, that of an algorithm with one length, or all that there is of a key of
/// no algorithm (PKCS#11 3.0 §6.10).
fn derived_bits(algorithm: Algorithm, said: Option<u64>, usual: Option<usize>, most: usize) -> Done<i32> {
    let said = said.map(|octets| usize::try_from(octets).unwrap_or(usize::MAX));
    let own = match algorithm {
        Algorithm::DES3 => Some(24),
        Algorithm::AES => None,
        _ => usual,
    };
    let Some(octets) = said.or(own) else { return stop(Rv::TEMPLATE_INCOMPLETE) };
    let fits = match algorithm {
        Algorithm::AES => matches!(octets, 16 | 24 | 32),
        Algorithm::DES3 => octets == 24,
        _ => octets > 0,
    };
    match i32::try_from(octets.saturating_mul(8)) {
        Ok(bits) if fits && octets <= most => Ok(bits),
        _ => stop(Rv::KEY_SIZE_RANGE),
    }
}
