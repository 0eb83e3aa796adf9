//! Whether a key can leave its token, tried rather than believed: attributes say what a key should be, and a module that does not
//! heed them gives it away all the same (PKCS #11 v2.40 §4.9 `CKA_SENSITIVE` and `CKA_EXTRACTABLE`, §5.13 `C_WrapKey`, §5.7
//! `C_CopyObject`).
//!
//! | way out | what is tried |
//! |---|---|
//! | attributes | the key says that it is not sensitive, or extractable |
//! | `C_GetAttributeValue` | its value is shown |
//! | `C_WrapKey` | a temporary AES key or an RSA public key wraps it, by every mechanism of the table that the module lists |
//! | `C_CopyObject` | a copy of it is extractable or not sensitive |
//!
//! What comes out is wiped unread; temporary keys are session objects and are destroyed.

use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::trouble::Trouble;

/// The ways out that a key has. Empty for one that stays.
pub(super) fn ways_out(
    session: &Session,
    mechanisms: &[MechanismType],
    key: ObjectHandle,
) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    let told = session.get_attributes(key, &[AttributeType::Sensitive, AttributeType::Extractable])?;
    if !told.contains(&Attribute::Sensitive(true)) || !told.contains(&Attribute::Extractable(false)) {
        found.push("it is extractable or not sensitive".to_owned());
    }
    if shows_value(session, key) {
        found.push("its value is shown (C_GetAttributeValue)".to_owned());
    }
    let wrapped = wraps(session, mechanisms, key);
    if !wrapped.is_empty() {
        found.push(format!("it is wrapped although it is not extractable (C_WrapKey), by {}", wrapped.join(", ")));
    }
    if let Some(copy) = leaky_copy(session, key) {
        found.push(format!("a copy of it {copy} (C_CopyObject)"));
    }
    Ok(found)
}

fn shows_value(session: &Session, key: ObjectHandle) -> bool {
    let told = session.get_attributes(key, &[AttributeType::Value]).unwrap_or_default();
    let mut shown = false;
    for attribute in told {
        if let Attribute::Value(value) = attribute {
            shown |= !Zeroizing::new(value).is_empty();
        }
    }
    shown
}

/// The mechanisms that wrap the key.
fn wraps(session: &Session, mechanisms: &[MechanismType], key: ObjectHandle) -> Vec<&'static str> {
    let lists = |mechanism: &Mechanism<'_>| mechanisms.contains(&mechanism.mechanism_type());
    let mut found = Vec::new();
    let mut try_with = |wrapping: ObjectHandle, name: &'static str, mechanism: &Mechanism<'_>| {
        // A module without the mechanism, or without this use of it, refuses: that is what is asked for.
        if lists(mechanism) && session.wrap_key(mechanism, wrapping, key).map(Zeroizing::new).is_ok() {
            found.push(name);
        }
    };
    let temporary = [
        Attribute::Token(false),
        Attribute::ValueLen(32.into()),
        Attribute::Wrap(true),
        Attribute::Encrypt(true),
        Attribute::Sensitive(true),
    ];
    if let Ok(wrapping) = session.generate_key(&Mechanism::AesKeyGen, &temporary) {
        try_with(wrapping, "AES key wrap with padding", &Mechanism::AesKeyWrapPad);
        try_with(wrapping, "AES key wrap", &Mechanism::AesKeyWrap);
        try_with(wrapping, "AES-CBC", &Mechanism::AesCbc([0; 16]));
        try_with(wrapping, "AES-CBC with padding", &Mechanism::AesCbcPad([0; 16]));
        try_with(wrapping, "AES-ECB", &Mechanism::AesEcb);
        let mut nonce = [0; 12];
        if let Ok(parameters) = GcmParams::new(&mut nonce, b"", 128.into()) {
            try_with(wrapping, "AES-GCM", &Mechanism::AesGcm(parameters));
        }
        // Destroyed with the session at the latest.
        let _ = session.destroy_object(wrapping);
    }
    if let Ok(wrapping) = session.create_object(&nobodys_public_key()) {
        let oaep = |hash, mask| PkcsOaepParams::new(hash, mask, PkcsOaepSource::empty());
        let sha1 = oaep(MechanismType::SHA1, PkcsMgfType::MGF1_SHA1);
        try_with(wrapping, "RSA-OAEP", &Mechanism::RsaPkcsOaep(sha1));
        let sha256 = oaep(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256);
        try_with(wrapping, "RSA-OAEP with SHA-256", &Mechanism::RsaPkcsOaep(sha256));
        try_with(wrapping, "RSA PKCS#1 v1.5", &Mechanism::RsaPkcs);
        let _ = session.destroy_object(wrapping);
    }
    found
}

/// A modulus of 2048 bits whose factors nobody knows: it starts and ends with ones, and has the digits of pi in between. What is
/// wrapped for it is lost.
fn nobodys_public_key() -> Vec<Attribute> {
    const PI: [u8; 16] =
        [0x24, 0x3F, 0x6A, 0x88, 0x85, 0xA3, 0x08, 0xD3, 0x13, 0x19, 0x8A, 0x2E, 0x03, 0x70, 0x73, 0x44];
    let mut modulus = PI.repeat(16);
    if let (Some(first), Some(last)) = (modulus.first().copied(), modulus.last().copied()) {
        modulus.splice(..1, [first | 0x80]);
        modulus.pop();
        modulus.push(last | 1);
    }
    vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(KeyType::RSA),
        Attribute::Token(false),
        Attribute::Modulus(modulus),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Wrap(true),
        Attribute::Encrypt(true),
    ]
}

/// What is wrong with a copy that the module makes, if it makes one.
fn leaky_copy(session: &Session, key: ObjectHandle) -> Option<&'static str> {
    let tries = [
        (Attribute::Extractable(true), "is extractable", AttributeType::Extractable),
        (Attribute::Sensitive(false), "is not sensitive", AttributeType::Sensitive),
    ];
    tries.into_iter().find_map(|(weaker, fault, asked)| {
        let copy = session.copy_object(key, &[Attribute::Token(false), weaker.clone()]).ok()?;
        let told = session.get_attributes(copy, &[asked]);
        let _ = session.destroy_object(copy);
        told.is_ok_and(|told| told.contains(&weaker)).then_some(fault)
    })
}
