//! Cryptography of a session: Init, then the whole in one call, or parts. Each is done by the KMIP operation of its kind.

use std::sync::Arc;

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::encrypt::{Data, EncryptRequest};
use kmip_codec::operation::hash::HashRequest;
use kmip_codec::operation::mac::MACRequest;
use kmip_codec::operation::mac_verify::MACVerifyRequest;
use kmip_codec::operation::rng_retrieve::RNGRetrieveRequest;
use kmip_codec::operation::rng_seed::RNGSeedRequest;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, HashingAlgorithm, ObjectType, Operation,
    PaddingMethod as Padding, Pkcs11Function as F, Pkcs11ReturnCode as Rv, ValidityIndicator,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use super::attributes::Value;
use super::calls::Call;
use super::codec::{Reader, Writer};
use super::mechanisms::{How, Meaning, Mechanism, Named};
use super::sessions::{Kind, MOST_OCTETS, Session};
use super::{Done, Stop, ecdsa, objects, stop};
use crate::cryptography::cipher::{self, Iv};
use crate::cryptography::key::{self, Use};
use crate::cryptography::signature::{self, Choice};
use crate::object::attribute_of;

/// Something under way in a session.
#[derive(Clone)]
pub(crate) struct Active {
    mechanism: &'static Mechanism,
    /// Shared by the copies of a session that each call makes.
    meaning: Arc<Meaning>,
    key: Option<Key>,
    /// The Correlation Value of KMIP, once a part was given.
    stream: Option<ByteString>,
}

impl Active {
    /// Octets of the mechanism's parameter.
    pub fn octets(&self) -> usize {
        self.meaning.octets()
    }
}

/// The key of what is under way.
#[derive(Clone)]
struct Key {
    id: Text,
    /// Octets of its modulus or of its curve's numbers.
    octets: usize,
}

/// What a part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Whole,
    Part,
    Last,
}

/// What a KMIP operation gave.
struct Given {
    octets: Secret,
    stream: Option<ByteString>,
    valid: Option<bool>,
}

const KINDS: [(F, F, F, F, Kind); 5] = [
    (F::C_EncryptInit, F::C_Encrypt, F::C_EncryptUpdate, F::C_EncryptFinal, Kind::Encrypt),
    (F::C_DecryptInit, F::C_Decrypt, F::C_DecryptUpdate, F::C_DecryptFinal, Kind::Decrypt),
    (F::C_DigestInit, F::C_Digest, F::C_DigestUpdate, F::C_DigestFinal, Kind::Digest),
    (F::C_SignInit, F::C_Sign, F::C_SignUpdate, F::C_SignFinal, Kind::Sign),
    (F::C_VerifyInit, F::C_Verify, F::C_VerifyUpdate, F::C_VerifyFinal, Kind::Verify),
];

/// Functions that give a part to a cipher and to something else: what is in the clear, whichever way it goes.
const TWOFOLD: [(F, Kind, Kind); 4] = [
    (F::C_DigestEncryptUpdate, Kind::Encrypt, Kind::Digest),
    (F::C_SignEncryptUpdate, Kind::Encrypt, Kind::Sign),
    (F::C_DecryptDigestUpdate, Kind::Decrypt, Kind::Digest),
    (F::C_DecryptVerifyUpdate, Kind::Decrypt, Kind::Verify),
];

/// Carries out a function of one of the five kinds, or of two at once.
pub(super) fn run(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    function: F,
    reader: &mut Reader<'_>,
) -> Done<Secret> {
    for (init, whole, part, last, kind) in KINDS {
        let stage = match function {
            function if function == init => return begin(call, session, kind, reader),
            function if function == whole => Stage::Whole,
            function if function == part => Stage::Part,
            function if function == last => Stage::Last,
            _ => continue,
        };
        let Some(active) = session.active.get(&kind).cloned() else { return stop(Rv::OPERATION_NOT_INITIALIZED) };
        if stage == Stage::Whole && active.stream.is_some() {
            return stop(Rv::OPERATION_ACTIVE);
        }
        return go_on(call, session, kind, active, stage, reader);
    }
    match TWOFOLD.iter().find(|(known, ..)| *known == function) {
        Some((_, cipher, other)) => twofold(call, session, *cipher, *other, reader),
        None => stop(Rv::FUNCTION_NOT_SUPPORTED),
    }
}

/// A part for a cipher and for something else. If one of them fails, neither is under way any longer.
fn twofold(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    cipher: Kind,
    other: Kind,
    reader: &mut Reader<'_>,
) -> Done<Secret> {
    let (Some(ciphering), true) = (session.active.get(&cipher).cloned(), session.active.contains_key(&other)) else {
        return stop(Rv::OPERATION_NOT_INITIALIZED);
    };
    let data = reader.octets()?;
    let room = reader.buffer()?;
    reader.finish()?;
    let most = most_octets(cipher, &ciphering, Stage::Part, data.len());
    match room {
        None => return Ok(length_only(most)),
        Some(room) if room < most => return Err(Stop::Code(Rv::BUFFER_TOO_SMALL, length_only(most))),
        Some(_) => {}
    }
    let done = proceed(call, session, cipher, ciphering, Stage::Part, data).and_then(|given| {
        let octets = given.octets.expose_secret();
        feed(call, session, other, if cipher == Kind::Encrypt { data } else { octets })?;
        Ok(Writer::default().buffer(Some(octets), octets.len()).done())
    });
    if done.is_err() {
        session.active.remove(&cipher);
        session.active.remove(&other);
    }
    done
}

/// Gives a part to a digest, a signature or a verification.
fn feed(call: &mut Call<'_, '_>, session: &mut Session, kind: Kind, part: &[u8]) -> Done<()> {
    let Some(active) = session.active.get(&kind).cloned() else { return stop(Rv::OPERATION_NOT_INITIALIZED) };
    if kind == Kind::Verify {
        return verify(call, session, active, Stage::Part, part, None).map(|_| ());
    }
    proceed(call, session, kind, active, Stage::Part, part).map(|_| ())
}

/// C_DigestKey: the value of a secret key that may leave goes into the digest.
pub(super) fn digest_key(call: &mut Call<'_, '_>, session: &mut Session, reader: &mut Reader<'_>) -> Done<()> {
    let handle = reader.ulong()?;
    reader.finish()?;
    if !session.active.contains_key(&Kind::Digest) {
        return stop(Rv::OPERATION_NOT_INITIALIZED);
    }
    let view = match call.object(handle) {
        Err(Stop::Code(Rv::OBJECT_HANDLE_INVALID, _)) => return stop(Rv::KEY_HANDLE_INVALID),
        found => found?,
    };
    match objects::key_value(call, &view) {
        Ok(Some(Value::Octets(octets))) => feed(call, session, Kind::Digest, &octets),
        Ok(_) | Err(Stop::Code(Rv::ATTRIBUTE_SENSITIVE, _)) => stop(Rv::KEY_INDIGESTIBLE),
        Err(error) => Err(error),
    }
}

fn begin(call: &mut Call<'_, '_>, session: &mut Session, kind: Kind, reader: &mut Reader<'_>) -> Done<Secret> {
    Call::require_idle(session, kind)?;
    let named = Named::read(reader)?;
    let fits = match (kind, named.mechanism.how) {
        (Kind::Encrypt | Kind::Decrypt, How::Cipher(..) | How::RsaPkcs | How::RsaOaep) => true,
        (Kind::Digest, How::Digest(_)) => true,
        (Kind::Sign | Kind::Verify, how) => {
            matches!(how, How::RsaPkcs | How::RsaSign(_) | How::RsaPss(_) | How::Ecdsa(_) | How::Eddsa | How::Mac(..))
        }
        _ => false,
    };
    if !fits {
        return stop(Rv::MECHANISM_INVALID);
    }
    let meaning = named.meaning()?;
    if call.application.octets().saturating_add(meaning.octets()) > MOST_OCTETS {
        return stop(Rv::HOST_MEMORY);
    }
    let key = if kind == Kind::Digest { None } else { Some(key(call, reader.ulong()?)?) };
    reader.finish()?;
    if let Some(key) = &key {
        check_key(call, kind, named.mechanism.how, &meaning, key)?;
    }
    session.active.insert(kind, Active { mechanism: named.mechanism, meaning: Arc::new(meaning), key, stream: None });
    Ok(Secret::copy_from(&[]))
}

/// Whether a key may do what is begun, and is one of the mechanism: C_*Init says so, not only what follows it.
fn check_key(call: &mut Call<'_, '_>, kind: Kind, how: How, meaning: &Meaning, key: &Key) -> Done<()> {
    let is_mac = matches!(how, How::Mac(..));
    let purpose = match kind {
        Kind::Encrypt => Use::Encrypt,
        Kind::Decrypt => Use::Decrypt,
        Kind::Sign if is_mac => Use::Mac,
        Kind::Verify if is_mac => Use::MacVerify,
        Kind::Sign => Use::Sign,
        Kind::Verify => Use::Verify,
        Kind::Digest => return Ok(()),
    };
    let view = key::usable(call.context, &key.id, purpose)?;
    let of_pair = |object_type: ObjectType| match kind {
        Kind::Encrypt | Kind::Verify => matches!(object_type, ObjectType::PublicKey | ObjectType::Certificate),
        _ => object_type == ObjectType::PrivateKey,
    };
    let algorithm = key::algorithm(&view);
    let fits = match how {
        How::Cipher(of, ..) => view.object_type == ObjectType::SymmetricKey && algorithm.is_none_or(|own| own == of),
        How::Mac(of, mode) => {
            // An HMAC takes any secret key, a CMAC one of its cipher.
            matches!(view.object_type, ObjectType::SymmetricKey | ObjectType::SecretData)
                && (mode.is_none() || algorithm.is_none_or(|own| own == of))
        }
        How::RsaPkcs | How::RsaOaep | How::RsaSign(_) | How::RsaPss(_) => {
            of_pair(view.object_type) && algorithm == Some(Algorithm::RSA)
        }
        How::Ecdsa(_) | How::Eddsa => {
            // Of a digest no hash is named, so that any length does.
            let digest = matches!(how, How::Ecdsa(None)).then_some(32);
            let chosen = signature::choose(&view, &meaning.parameters, digest);
            of_pair(view.object_type) && matches!(chosen, Ok(Choice::Scheme(_)))
        }
        // These neither encrypt nor sign.
        _ => false,
    };
    if !fits {
        return stop(Rv::KEY_TYPE_INCONSISTENT);
    }
    if let (How::Cipher(..), Some(iv)) = (how, &meaning.iv) {
        let iv = Iv::Given(iv);
        if cipher::Call::new(algorithm, &meaning.parameters, iv, meaning.aad.as_deref()).is_err() {
            return stop(Rv::MECHANISM_PARAM_INVALID);
        }
    }
    Ok(())
}

fn key(call: &mut Call<'_, '_>, handle: u64) -> Done<Key> {
    let id = call.identifier(handle, Rv::KEY_HANDLE_INVALID)?;
    let Some(view) = call.context.txn.find_view(&id)?.filter(|view| !view.destroyed) else {
        return stop(Rv::KEY_HANDLE_INVALID);
    };
    let bits =
        attribute_of!(view, CryptographicLength).and_then(|bits| usize::try_from(*bits).ok()).unwrap_or_default();
    Ok(Key { id, octets: bits.div_ceil(8) })
}

/// The data of a call, and the buffer or signature that follows it.
fn go_on(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    kind: Kind,
    active: Active,
    stage: Stage,
    reader: &mut Reader<'_>,
) -> Done<Secret> {
    let data = if stage == Stage::Last { &[][..] } else { reader.octets()? };
    if kind == Kind::Verify {
        let claimed = if stage == Stage::Part { None } else { Some(reader.octets()?) };
        reader.finish()?;
        return verify(call, session, active, stage, data, claimed);
    }
    // A part of a digest or signature gives nothing.
    if stage == Stage::Part && matches!(kind, Kind::Digest | Kind::Sign) {
        reader.finish()?;
        return proceed(call, session, kind, active, stage, data).map(|_| Secret::copy_from(&[]));
    }
    let room = reader.buffer()?;
    reader.finish()?;
    let most = most_octets(kind, &active, stage, data.len());
    let is_exact = kind != Kind::Decrypt && stage == Stage::Whole;
    match room {
        None => return Ok(length_only(most)),
        // What is under way goes on, so that the caller can offer more room.
        Some(room) if room < most && (is_exact || stage != Stage::Whole) => {
            return Err(Stop::Code(Rv::BUFFER_TOO_SMALL, length_only(most)));
        }
        Some(_) => {}
    }
    let given = proceed(call, session, kind, active.clone(), stage, data)?;
    let octets = given.octets.expose_secret();
    if room.is_some_and(|room| room < octets.len()) {
        session.active.insert(kind, active);
        return Err(Stop::Code(Rv::BUFFER_TOO_SMALL, length_only(octets.len())));
    }
    Ok(Writer::default().buffer(Some(octets), octets.len()).done())
}

fn length_only(length: usize) -> Secret {
    Writer::default().buffer(None, length).done()
}

/// Octets that a call gives at most; exactly as many, but for the removal of padding.
fn most_octets(kind: Kind, active: &Active, stage: Stage, data: usize) -> usize {
    let key = active.key.as_ref().map_or(0, |key| key.octets);
    match active.mechanism.how {
        How::Digest(hash) => hash_octets(hash),
        How::Mac(algorithm, _) => mac_octets(algorithm),
        How::Ecdsa(_) => key.saturating_mul(2),
        How::Eddsa => 64,
        How::RsaPkcs | How::RsaOaep | How::RsaSign(_) | How::RsaPss(_) => key,
        How::Cipher(algorithm, mode, padding) => {
            let block: usize = if algorithm == Algorithm::AES { 16 } else { 8 };
            let tag = active.meaning.parameters.tag_length.and_then(|tag| usize::try_from(tag).ok()).unwrap_or(0);
            match (kind, stage, mode) {
                (Kind::Encrypt, Stage::Whole, Mode::GCM) => data.saturating_add(tag),
                (Kind::Encrypt, Stage::Whole, _) if padding == Padding::PKCS5 => {
                    (data / block).saturating_add(1).saturating_mul(block)
                }
                (_, Stage::Whole, _) => data,
                // What an earlier part has left.
                (_, Stage::Part, _) => data.saturating_add(block),
                (_, Stage::Last, Mode::GCM) => block.saturating_add(tag),
                (_, Stage::Last, _) => block,
            }
        }
        How::Generate(..) | How::GeneratePair(_) | How::Wrap(_) => 0,
        How::DeriveByHash(_) | How::DeriveByCipher(_) | How::Agree => 0,
    }
}

pub(super) fn hash_octets(hash: HashingAlgorithm) -> usize {
    match hash {
        HashingAlgorithm::SHA_1 => 20,
        HashingAlgorithm::SHA_224 => 28,
        HashingAlgorithm::SHA_256 => 32,
        HashingAlgorithm::SHA_384 => 48,
        _ => 64,
    }
}

fn mac_octets(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HMAC_SHA1 => 20,
        Algorithm::HMAC_SHA224 => 28,
        Algorithm::HMAC_SHA256 => 32,
        Algorithm::HMAC_SHA384 => 48,
        Algorithm::HMAC_SHA512 => 64,
        _ => 16,
    }
}

/// Lets KMIP work on the data; what ends or fails is under way no longer.
fn proceed(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    kind: Kind,
    mut active: Active,
    stage: Stage,
    data: &[u8],
) -> Done<Given> {
    session.active.remove(&kind);
    // The end of what had no part is the whole of nothing.
    let stage = if stage == Stage::Last && active.stream.is_none() { Stage::Whole } else { stage };
    let given = operate(call, kind, &active, stage, data, None)?;
    if stage == Stage::Part {
        active.stream = given.stream.clone().or(active.stream);
        session.active.insert(kind, active);
    }
    Ok(given)
}

fn verify(
    call: &mut Call<'_, '_>,
    session: &mut Session,
    mut active: Active,
    stage: Stage,
    data: &[u8],
    claimed: Option<&[u8]>,
) -> Done<Secret> {
    session.active.remove(&Kind::Verify);
    let stage = if stage == Stage::Last && active.stream.is_none() { Stage::Whole } else { stage };
    let given = operate(call, Kind::Verify, &active, stage, data, claimed)?;
    if stage == Stage::Part {
        active.stream = given.stream.clone().or(active.stream);
        session.active.insert(Kind::Verify, active);
        return Ok(Secret::copy_from(&[]));
    }
    if given.valid == Some(true) { Ok(Secret::copy_from(&[])) } else { stop(Rv::SIGNATURE_INVALID) }
}

fn operate(
    call: &mut Call<'_, '_>,
    kind: Kind,
    active: &Active,
    stage: Stage,
    data: &[u8],
    claimed: Option<&[u8]>,
) -> Done<Given> {
    let asked = Asked {
        unique_identifier: active.key.as_ref().map(|key| UniqueIdentifier::Text(key.id.clone())),
        data: Data::Bytes(Secret::copy_from(data)),
        correlation_value: active.stream.clone(),
        init_indicator: (stage == Stage::Part && active.stream.is_none()).then_some(true),
        final_indicator: (stage == Stage::Last).then_some(true),
    };
    match kind {
        Kind::Encrypt => encrypt(call, active, asked),
        Kind::Decrypt => decrypt(call, active, asked),
        Kind::Digest => digest(call, active, asked),
        Kind::Sign if matches!(active.mechanism.how, How::Mac(..)) => mac(call, active, asked),
        Kind::Verify if matches!(active.mechanism.how, How::Mac(..)) => mac_verify(call, active, asked, claimed),
        Kind::Sign => sign(call, active, asked, stage, data),
        Kind::Verify => signature_verify(call, active, asked, stage, data, claimed),
    }
}

/// Fields that all operations have.
struct Asked {
    unique_identifier: Option<UniqueIdentifier>,
    data: Data,
    correlation_value: Option<ByteString>,
    init_indicator: Option<bool>,
    final_indicator: Option<bool>,
}

/// The bytes of an answer; a call refers to no other item of its batch.
fn bytes_of(data: Option<Data>) -> Secret {
    match data {
        Some(Data::Bytes(bytes)) => bytes,
        _ => Secret::copy_from(&[]),
    }
}

fn failed<T>() -> Done<T> {
    stop(Rv::FUNCTION_FAILED)
}

fn octet_string(bytes: Option<&Vec<u8>>, first: bool) -> Option<ByteString> {
    bytes.filter(|_| first).map(|bytes| ByteString::new(bytes))
}

fn encrypt(call: &mut Call<'_, '_>, active: &Active, asked: Asked) -> Done<Given> {
    let first = asked.correlation_value.is_none();
    let request = EncryptRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: Some(asked.data),
        iv_counter_nonce: octet_string(active.meaning.iv.as_ref(), first),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
        authenticated_encryption_additional_data: octet_string(active.meaning.aad.as_ref(), first),
    };
    match call.operate(Operation::Encrypt, RequestPayload::Encrypt(Box::new(request)))? {
        ResponsePayload::Encrypt(made) => {
            let octets = bytes_of(made.data);
            // The tag follows the ciphertext (PKCS#11 3.0, AES-GCM).
            let octets = match made.authenticated_encryption_tag {
                Some(tag) => Secret::copy_from(&[octets.expose_secret(), tag.as_slice()].concat()),
                None => octets,
            };
            Ok(Given { octets, stream: made.correlation_value, valid: None })
        }
        _ => failed(),
    }
}

fn decrypt(call: &mut Call<'_, '_>, active: &Active, asked: Asked) -> Done<Given> {
    let first = asked.correlation_value.is_none();
    let request = DecryptRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: Some(asked.data),
        iv_counter_nonce: octet_string(active.meaning.iv.as_ref(), first),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
        authenticated_encryption_additional_data: octet_string(active.meaning.aad.as_ref(), first),
        authenticated_encryption_tag: None,
    };
    match call.operate(Operation::Decrypt, RequestPayload::Decrypt(Box::new(request))) {
        Ok(ResponsePayload::Decrypt(made)) => {
            Ok(Given { octets: bytes_of(made.data), stream: made.correlation_value, valid: None })
        }
        Ok(_) => failed(),
        Err(Stop::Code(Rv::DATA_INVALID, _)) => stop(Rv::ENCRYPTED_DATA_INVALID),
        Err(error) => Err(error),
    }
}

fn digest(call: &mut Call<'_, '_>, active: &Active, asked: Asked) -> Done<Given> {
    let request = HashRequest {
        cryptographic_parameters: Box::new(active.meaning.parameters.clone()),
        data: Some(asked.data),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
    };
    match call.operate(Operation::Hash, RequestPayload::Hash(Box::new(request)))? {
        ResponsePayload::Hash(made) => {
            Ok(Given { octets: bytes_of(made.data), stream: made.correlation_value, valid: None })
        }
        _ => failed(),
    }
}

fn mac(call: &mut Call<'_, '_>, active: &Active, asked: Asked) -> Done<Given> {
    let request = MACRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: Some(asked.data),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
    };
    match call.operate(Operation::MAC, RequestPayload::MAC(Box::new(request)))? {
        ResponsePayload::MAC(made) => {
            let octets = made.mac_data.map_or_else(|| Secret::copy_from(&[]), |mac| Secret::copy_from(mac.as_slice()));
            Ok(Given { octets, stream: made.correlation_value, valid: None })
        }
        _ => failed(),
    }
}

fn mac_verify(call: &mut Call<'_, '_>, active: &Active, asked: Asked, claimed: Option<&[u8]>) -> Done<Given> {
    let request = MACVerifyRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: Some(asked.data),
        mac_data: claimed.map(ByteString::new),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
    };
    match call.operate(Operation::MACVerify, RequestPayload::MACVerify(Box::new(request)))? {
        ResponsePayload::MACVerify(made) => Ok(Given {
            octets: Secret::copy_from(&[]),
            stream: made.correlation_value,
            valid: made.validity_indicator.map(|valid| valid == ValidityIndicator::Valid),
        }),
        _ => failed(),
    }
}

/// Whether a mechanism takes what is hashed already. It takes no parts.
fn digested(active: &Active, stage: Stage) -> Done<bool> {
    let digested = matches!(active.mechanism.how, How::RsaPkcs | How::Ecdsa(None));
    if digested && stage != Stage::Whole { stop(Rv::FUNCTION_NOT_SUPPORTED) } else { Ok(digested) }
}

fn sign(call: &mut Call<'_, '_>, active: &Active, asked: Asked, stage: Stage, data: &[u8]) -> Done<Given> {
    let digested = digested(active, stage)?;
    let request = SignRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: (!digested).then_some(asked.data),
        digested_data: digested.then(|| ByteString::new(data)),
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
    };
    match call.operate(Operation::Sign, RequestPayload::Sign(Box::new(request)))? {
        ResponsePayload::Sign(made) => {
            let signature = made.signature_data.unwrap_or_else(|| ByteString::new(&[]));
            let octets = match active.mechanism.how {
                How::Ecdsa(_) if !signature.as_slice().is_empty() => {
                    let octets = active.key.as_ref().map_or(0, |key| key.octets);
                    ecdsa::to_numbers(signature.as_slice(), octets).map_or_else(failed, Ok)?
                }
                _ => signature.as_slice().to_vec(),
            };
            Ok(Given { octets: Secret::copy_from(&octets), stream: made.correlation_value, valid: None })
        }
        _ => failed(),
    }
}

fn signature_verify(
    call: &mut Call<'_, '_>,
    active: &Active,
    asked: Asked,
    stage: Stage,
    data: &[u8],
    claimed: Option<&[u8]>,
) -> Done<Given> {
    let digested = digested(active, stage)?;
    let signature = match (active.mechanism.how, claimed) {
        (How::Ecdsa(_), Some(numbers)) => match ecdsa::to_der(numbers) {
            Some(der) => Some(ByteString::new(&der)),
            None => return stop(Rv::SIGNATURE_LEN_RANGE),
        },
        (_, claimed) => claimed.map(ByteString::new),
    };
    let request = SignatureVerifyRequest {
        unique_identifier: asked.unique_identifier,
        cryptographic_parameters: Some(Box::new(active.meaning.parameters.clone())),
        data: (!digested).then_some(asked.data),
        digested_data: digested.then(|| ByteString::new(data)),
        signature_data: signature,
        correlation_value: asked.correlation_value,
        init_indicator: asked.init_indicator,
        final_indicator: asked.final_indicator,
    };
    match call.operate(Operation::SignatureVerify, RequestPayload::SignatureVerify(Box::new(request)))? {
        ResponsePayload::SignatureVerify(made) => Ok(Given {
            octets: Secret::copy_from(&[]),
            stream: made.correlation_value,
            valid: made.validity_indicator.map(|valid| valid == ValidityIndicator::Valid),
        }),
        _ => failed(),
    }
}

/// C_GenerateRandom: so many octets, told alone or as the size of a buffer.
pub(super) fn random(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<Secret> {
    let count = reader.count()?;
    // Some callers send the buffer that is to be filled.
    reader.take(reader.left().min(count))?;
    reader.finish()?;
    let Ok(data_length) = i32::try_from(count) else { return stop(Rv::ARGUMENTS_BAD) };
    let request = RNGRetrieveRequest { data_length };
    match call.operate(Operation::RNGRetrieve, RequestPayload::RNGRetrieve(Box::new(request)))? {
        ResponsePayload::RNGRetrieve(drawn) => Ok(bytes_of(Some(drawn.data))),
        _ => failed(),
    }
}

pub(super) fn seed(call: &mut Call<'_, '_>, reader: &mut Reader<'_>) -> Done<()> {
    let seed = reader.octets()?;
    reader.finish()?;
    let request = RNGSeedRequest { data: Data::Bytes(Secret::copy_from(seed)) };
    call.operate(Operation::RNGSeed, RequestPayload::RNGSeed(Box::new(request))).map(|_| ())
}
