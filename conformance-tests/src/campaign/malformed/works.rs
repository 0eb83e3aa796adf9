//! Requests of every cryptographic operation, and of some others, that succeed, on keys that are made for them.

use crate::endpoint::Endpoint;
use crate::message::cryptographic::{
    Part, active, create_signing_pair, derive_aes, gcm, given, hmac, identifiers, join, register_with, sha_256, split,
    work, wrapping,
};
use crate::message::{Call, call, make, payload, request};
use crate::tree::{Tree, bytes, encode, enumeration, integer, interval, structure, text};
use kmip_codec::registry::{
    AdjustmentType, BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, DerivationMethod, ObjectType,
    Operation, Pkcs11Function, SplitKeyMethod, Tag,
};
use kmip_codec::version::V2_1;
use std::io;

const DATA: &[u8] = b"sixteen bytes of data, and a few";

/// The requests, alone and several in one message.
pub(super) fn requests(endpoint: &mut dyn Endpoint) -> io::Result<Vec<Vec<u8>>> {
    let key = make(endpoint, V2_1, &register_with(&[0x5A; 32], active(CryptographicUsageMask(0x000F_FFFF))))?;
    let mut calls = ciphers(endpoint, &key)?;
    calls.extend(signatures(endpoint)?);
    calls.extend(codes(endpoint, &key)?);
    calls.extend(derivations(&key));
    calls.push(wrapped(endpoint, &key)?);
    calls.extend(further(endpoint)?);
    for made in &calls {
        payload(&call(endpoint, V2_1, made)?)?;
    }
    // The parts of an operation cannot be tried alone: their stream is gone after them.
    calls.extend(parts(endpoint, &key)?);
    let mut requests: Vec<Vec<u8>> =
        calls.iter().map(|made| encode(&request(V2_1, std::slice::from_ref(made)))).collect();
    requests.extend(calls.chunks(3).map(|several| encode(&request(V2_1, several))));
    Ok(requests)
}

fn ciphers(endpoint: &mut dyn Endpoint, key: &str) -> io::Result<Vec<Call>> {
    let encrypt = work(Operation::Encrypt, key, gcm(true), DATA, Vec::new(), Part::Whole);
    let made = call(endpoint, V2_1, &encrypt)?;
    let opens = [Tag::IVCounterNonce, Tag::AuthenticatedEncryptionTag];
    let opens = opens.map(|tag| given(&made, tag).map(|value| bytes(tag, &value)));
    let opens = opens.into_iter().collect::<io::Result<Vec<_>>>()?;
    let decrypt = work(Operation::Decrypt, key, gcm(false), &given(&made, Tag::Data)?, opens, Part::Whole);
    let ecb = vec![enumeration(Tag::BlockCipherMode, BlockCipherMode::ECB.0)];
    Ok(vec![encrypt, decrypt, work(Operation::Encrypt, key, ecb, DATA, Vec::new(), Part::Whole)])
}

fn signatures(endpoint: &mut dyn Endpoint) -> io::Result<Vec<Call>> {
    let pair = call(endpoint, V2_1, &create_signing_pair())?;
    let half = |tag| payload(&pair).map(|pair| pair.field(tag).and_then(Tree::as_text).unwrap_or_default().to_owned());
    let (private, public) = (half(Tag::PrivateKeyUniqueIdentifier)?, half(Tag::PublicKeyUniqueIdentifier)?);
    let sign = work(Operation::Sign, &private, sha_256(), DATA, Vec::new(), Part::Whole);
    let claimed = vec![bytes(Tag::SignatureData, &given(&call(endpoint, V2_1, &sign)?, Tag::SignatureData)?)];
    let verify = work(Operation::SignatureVerify, &public, sha_256(), DATA, claimed, Part::Whole);
    let begin = work(Operation::Sign, &private, sha_256(), DATA, Vec::new(), Part::First);
    Ok(vec![sign, verify, begin])
}

fn codes(endpoint: &mut dyn Endpoint, key: &str) -> io::Result<Vec<Call>> {
    let mac = work(Operation::MAC, key, hmac(), DATA, Vec::new(), Part::Whole);
    let claimed = vec![bytes(Tag::MACData, &given(&call(endpoint, V2_1, &mac)?, Tag::MACData)?)];
    let verify = work(Operation::MACVerify, key, hmac(), DATA, claimed, Part::Whole);
    let hash = vec![structure(Tag::CryptographicParameters, sha_256()), bytes(Tag::Data, DATA)];
    let (length, seed) = (vec![integer(Tag::DataLength, 32)], vec![bytes(Tag::Data, DATA)]);
    Ok(vec![
        mac,
        verify,
        Call::new(Operation::Hash, hash),
        Call::new(Operation::RNGRetrieve, length),
        Call::new(Operation::RNGSeed, seed),
    ])
}

fn derivations(key: &str) -> Vec<Call> {
    let by = vec![
        structure(Tag::CryptographicParameters, sha_256()),
        bytes(Tag::Salt, DATA),
        integer(Tag::IterationCount, 1_000),
    ];
    let attributes = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 128),
    ];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        text(Tag::UniqueIdentifier, key),
        enumeration(Tag::DerivationMethod, DerivationMethod::PBKDF2.0),
        structure(Tag::DerivationParameters, by),
        structure(Tag::Attributes, attributes),
    ];
    vec![derive_aes("derived", key, DATA), Call::new(Operation::DeriveKey, payload)]
}

/// Get of the key, wrapped under another.
fn wrapped(endpoint: &mut dyn Endpoint, key: &str) -> io::Result<Call> {
    let other = make(endpoint, V2_1, &register_with(&[0xA5; 32], active(CryptographicUsageMask::WrapKey)))?;
    Ok(Call::new(Operation::Get, vec![text(Tag::UniqueIdentifier, key), wrapping(&other)]))
}

fn parts(endpoint: &mut dyn Endpoint, key: &str) -> io::Result<Vec<Call>> {
    let part = |parameters, part: Part<'_>| work(Operation::Encrypt, key, parameters, DATA, Vec::new(), part);
    let begun = call(endpoint, V2_1, &part(gcm(true), Part::First))?;
    let value = given(&begun, Tag::CorrelationValue)?;
    Ok(vec![part(gcm(true), Part::First), part(Vec::new(), Part::Middle(&value)), part(Vec::new(), Part::Last(&value))])
}

/// Keys in parts, archives, tickets, PKCS#11, Export: on a key of their own, which they leave as it was.
fn further(endpoint: &mut dyn Endpoint) -> io::Result<Vec<Call>> {
    let mut attributes = active(CryptographicUsageMask::Encrypt);
    attributes.push(interval(Tag::ProtectionPeriod, 60));
    let key = make(endpoint, V2_1, &register_with(&[0xC3; 32], attributes))?;
    let id = |identifier: &str| text(Tag::UniqueIdentifier, identifier);
    let split = split(&key, SplitKeyMethod::PolynomialSharingGF2_8);
    let parts = identifiers(&call(endpoint, V2_1, &split)?)?;
    let join = join(parts.iter().map(String::as_str));
    let period = enumeration(Tag::AttributeReference, Tag::ProtectionPeriod.value());
    let increment = enumeration(Tag::AdjustmentType, AdjustmentType::Increment.0);
    let right = structure(Tag::Right, vec![structure(Tag::Objects, vec![id(&key)])]);
    let initialize = vec![enumeration(Tag::PKCS_11Function, Pkcs11Function::C_Initialize.0)];
    Ok(vec![
        split,
        join,
        Call::new(Operation::AdjustAttribute, vec![id(&key), period, increment, interval(Tag::AdjustmentValue, 60)]),
        Call::on(Operation::Export, &key),
        Call::on(Operation::Archive, &key),
        Call::on(Operation::Recover, &key),
        Call::new(Operation::Login, Vec::new()),
        Call::new(Operation::DelegatedLogin, vec![structure(Tag::Rights, vec![right])]),
        Call::new(Operation::PKCS_11, initialize),
    ])
}
