//! Keys made by the token and taken out wrapped (`C_WrapKey` with AES key wrap with padding, RFC 5649).
//!
//! The key is a session object that nothing but this session sees; it is wrapped by a transport key of the session, made
//! for this one key, so that it does not cross the interface in the clear.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Curve, KeySpec, VaultError};
use zeroize::Zeroize;

use super::device::Pace;
use super::group::Group;
use super::resident::mechanisms;
use super::trouble::Trouble;
use crate::envelope::KEY_BYTES;
use crate::hierarchy::random_secret;
use crate::key_wrap;

/// Generates a pair on a token and returns the private key as the token's PKCS#8.
pub(super) fn generate_pair(group: &Group, spec: KeySpec) -> Result<Secret, VaultError> {
    let transport = random_secret(KEY_BYTES, &mut group.random())?;
    let wrapped = group.call(Pace::Slow, |loan| {
        with_key(loan.session, &transport, |wrapping| generate_wrapped(loan.session, spec, wrapping))
    })?;
    key_wrap::unwrap_data(&transport, &wrapped, true)
}

/// Generates a symmetric key on a token: an AES key where the length is one, else a generic secret.
pub(super) fn generate_secret(group: &Group, bits: u32) -> Result<Secret, VaultError> {
    let mechanism = if matches!(bits, 128 | 192 | 256) { Mechanism::AesKeyGen } else { Mechanism::GenericSecretKeyGen };
    let transport = random_secret(KEY_BYTES, &mut group.random())?;
    let template = [
        Attribute::ValueLen((u64::from(bits) / 8).into()),
        Attribute::Token(false),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ];
    let wrapped = group.call(Pace::Usual, |loan| {
        with_key(loan.session, &transport, |wrapping| {
            let key = loan.session.generate_key(&mechanism, &template).map_err(mechanisms::refused)?;
            let wrapped = loan.session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, key);
            loan.session.destroy_object(key)?;
            wrapped.map_err(mechanisms::refused)
        })
    })?;
    of_length(key_wrap::unwrap_data(&transport, &wrapped, true)?, bits)
}

/// A secret key of `bits` that a token wrapped. Some modules (SoftHSM2) fill it up to the block of the key wrap first.
pub(super) fn of_length(secret: Secret, bits: u32) -> Result<Secret, VaultError> {
    let bytes = bits as usize / 8;
    match secret.expose_secret().split_at_checked(bytes) {
        Some((_, [])) => Ok(secret),
        Some((key, fill)) if secret.len() == bytes.next_multiple_of(8) && fill.iter().all(|byte| *byte == 0) => {
            Ok(Secret::copy_from(key))
        }
        _ => Err(VaultError::Failed(format!("the device gives {} bytes of a key of {bits} bits", secret.len()))),
    }
}

/// Does `work` with an AES key of this process, which is an object of the session for so long.
pub(super) fn with_key<T>(
    session: &Session,
    key: &Secret,
    work: impl FnOnce(ObjectHandle) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let mut template = transport_template(key);
    let made = session.create_object(&template);
    wipe(&mut template);
    let made = made?;
    let done = work(made);
    session.destroy_object(made)?;
    done
}

fn generate_wrapped(session: &Session, spec: KeySpec, wrapping: ObjectHandle) -> Result<Vec<u8>, Trouble> {
    let (mechanism, public) = public_half(spec)?;
    let (public, private) = session.generate_key_pair(&mechanism, &public, &private_template())?;
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, private);
    session.destroy_object(private)?;
    session.destroy_object(public)?;
    Ok(wrapped?)
}

/// Wipes the key in a template.
pub(super) fn wipe(template: &mut [Attribute]) {
    for attribute in template {
        if let Attribute::Value(key) = attribute {
            key.zeroize();
        }
    }
}

fn transport_template(key: &Secret) -> [Attribute; 8] {
    [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(false),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Value(key.expose_secret().to_vec()),
    ]
}

fn private_template() -> [Attribute; 5] {
    [
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
        Attribute::Sign(true),
    ]
}

/// Mechanism and template of the public half of a pair, which stays in the session.
pub(super) fn public_half(spec: KeySpec) -> Result<(Mechanism<'static>, Vec<Attribute>), VaultError> {
    let usage = [Attribute::Token(false), Attribute::Verify(true)];
    let (mechanism, parameters) = match spec {
        KeySpec::Rsa { bits } => {
            let exponent = Attribute::PublicExponent(vec![1, 0, 1]);
            (Mechanism::RsaPkcsKeyPairGen, vec![Attribute::ModulusBits(u64::from(bits).into()), exponent])
        }
        KeySpec::Ec { curve: Curve::P256 } => (Mechanism::EccKeyPairGen, curve_parameters(P256)),
        KeySpec::Ec { curve: Curve::P384 } => (Mechanism::EccKeyPairGen, curve_parameters(P384)),
        KeySpec::Ec { curve: Curve::P521 } => (Mechanism::EccKeyPairGen, curve_parameters(P521)),
        other => return Err(VaultError::Unsupported(format!("a key pair of {other:?}"))),
    };
    Ok((mechanism, parameters.into_iter().chain(usage).collect()))
}

// Object identifiers of the curves (RFC 5480 §2.1.1.1), in DER.
pub(super) const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
pub(super) const P384: &[u8] = &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];
pub(super) const P521: &[u8] = &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23];

fn curve_parameters(identifier: &[u8]) -> Vec<Attribute> {
    vec![Attribute::EcParams(identifier.to_vec())]
}
