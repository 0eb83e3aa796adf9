//! Keys of every kind in every format, under the header that the target reads.

use std::io;

use kmip_codec::object::KeyMaterial;
use kmip_codec::object::key_material::TransparentKey;
use kmip_codec::registry::{KeyFormatType, ObjectType};
use kmip_codec::secret::Secret;
use kmip_codec::value::{BigInteger, SecretInteger};
use kmip_core::formats::convert;
use kmip_fuzz::input::push_bytes;

use super::openssl::{KEYS, dsa_key, openssl, private_key};
use crate::Folder;

/// Numbers of the object types in the header.
const PRIVATE: u8 = 0;
const PUBLIC: u8 = 1;
const SYMMETRIC: u8 = 2;
const SECRET_DATA: u8 = 3;
const PGP: u8 = 5;
/// Algorithms in the header that suit the keys best, in the order of `ALGORITHMS` of the target.
const HINTS: [u8; 5] = [0, 1, 2, 5, 4];

/// Which numbers of a key are there, bit by bit: all, and several that tell the others.
const PRESENT: [u8; 9] = [0xFF, 0x03, 0x0C, 0x0E, 0x05, 0x32, 0x4E, 0x3E, 0x7E];

/// Writes the seeds.
pub fn write(folder: &mut Folder<'_>) -> io::Result<()> {
    let mut keys = KEYS.iter().map(|how| private_key(how)).collect::<io::Result<Vec<_>>>()?;
    keys.push(dsa_key()?);
    for pkcs8 in &keys {
        private_forms(folder, pkcs8)?;
        let spki = openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], pkcs8)?;
        formats(folder, PUBLIC, ObjectType::PublicKey, KeyFormatType::X_509, &spki)?;
    }
    for bytes in [&[0x11; 16][..], &[0x22; 24], &[0x33; 32], &[]] {
        formats(folder, SYMMETRIC, ObjectType::SymmetricKey, KeyFormatType::Raw, bytes)?;
        for format in [KeyFormatType::Opaque, KeyFormatType::Raw] {
            folder.write(seed(SECRET_DATA, false, format, 0, bytes))?;
        }
    }
    folder.write(seed(PGP, false, KeyFormatType::Raw, 0, &[0x99, 0x01, 0x0D, 0x04, 0x5B, 0x00, 0x00, 0x00, 0x01]))
}

fn private_forms(folder: &mut Folder<'_>, pkcs8: &[u8]) -> io::Result<()> {
    formats(folder, PRIVATE, ObjectType::PrivateKey, KeyFormatType::PKCS_8, pkcs8)?;
    let encrypted = ["pkcs8", "-topk8", "-inform", "DER", "-outform", "DER", "-passout", "pass:seed", "-iter", "1"];
    folder.write(seed(PRIVATE, false, KeyFormatType::PKCS_8, 0, &openssl(&encrypted, pkcs8)?))
}

/// The key in each format that it can have, with several algorithms beside it.
fn formats(
    folder: &mut Folder<'_>,
    kind: u8,
    object_type: ObjectType,
    from: KeyFormatType,
    bytes: &[u8],
) -> io::Result<()> {
    let material = KeyMaterial::Bytes(Secret::copy_from(bytes));
    for format in (0x01..=0x16).map(KeyFormatType) {
        let Ok(made) = convert(object_type, from, &material, format, None) else { continue };
        for hint in HINTS {
            match &made {
                KeyMaterial::Bytes(bytes) => folder.write(seed(kind, false, format, hint, bytes.expose_secret()))?,
                KeyMaterial::Transparent(key) => {
                    for present in PRESENT {
                        let numbers = numbers(key, present);
                        folder.write(seed(kind, true, format, hint, &numbers))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn seed(kind: u8, transparent: bool, format: KeyFormatType, hint: u8, material: &[u8]) -> Vec<u8> {
    let other = match kind {
        PUBLIC => KeyFormatType::X_509,
        PRIVATE => KeyFormatType::PKCS_8,
        _ => KeyFormatType::TransparentSymmetricKey,
    };
    let (shape, format) = (kind << 1 | u8::from(transparent), format.0 as u8);
    [&[shape, format, hint, 0, other.0 as u8, 0], material].concat()
}

/// The numbers of a transparent key, as the target reads them: which are there, the curve, then each behind its length.
fn numbers(key: &TransparentKey, present: u8) -> Vec<u8> {
    let mut out = vec![present, 0];
    match key {
        TransparentKey::Symmetric(key) => push_bytes(&mut out, key.key.expose_secret()),
        TransparentKey::RsaPrivate(key) => {
            let secrets = [
                (0, key.private_exponent.as_ref()),
                (2, key.p.as_ref()),
                (3, key.q.as_ref()),
                (4, key.prime_exponent_p.as_ref()),
                (5, key.prime_exponent_q.as_ref()),
                (6, key.crt_coefficient.as_ref()),
            ];
            public(&mut out, &key.modulus);
            for (bit, number) in secrets {
                number.filter(|_| present >> bit & 1 == 1).iter().for_each(|number| secret(&mut out, number));
                if bit == 0 && present >> 1 & 1 == 1 {
                    key.public_exponent.iter().for_each(|number| public(&mut out, number));
                }
            }
        }
        TransparentKey::RsaPublic(key) => [&key.modulus, &key.public_exponent].iter().for_each(|n| public(&mut out, n)),
        TransparentKey::DsaPrivate(key) => {
            [&key.p, &key.q, &key.g].iter().for_each(|n| public(&mut out, n));
            secret(&mut out, &key.x);
        }
        TransparentKey::DsaPublic(key) => [&key.p, &key.q, &key.g, &key.y].iter().for_each(|n| public(&mut out, n)),
        TransparentKey::DhPrivate(key) => {
            out[0] = u8::from(key.q.is_some()) | u8::from(key.j.is_some()) << 1;
            [Some(&key.p), key.q.as_ref(), Some(&key.g), key.j.as_ref()]
                .iter()
                .flatten()
                .for_each(|n| public(&mut out, n));
            secret(&mut out, &key.x);
        }
        TransparentKey::DhPublic(key) => {
            out[0] = u8::from(key.q.is_some()) | u8::from(key.j.is_some()) << 1;
            [Some(&key.p), key.q.as_ref(), Some(&key.g), key.j.as_ref(), Some(&key.y)]
                .iter()
                .flatten()
                .for_each(|n| public(&mut out, n));
        }
        TransparentKey::EcPrivate(key)
        | TransparentKey::EcdsaPrivate(key)
        | TransparentKey::EcdhPrivate(key)
        | TransparentKey::EcmqvPrivate(key) => {
            out[1] = key.recommended_curve.0 as u8;
            secret(&mut out, &key.d);
        }
        TransparentKey::EcPublic(key)
        | TransparentKey::EcdsaPublic(key)
        | TransparentKey::EcdhPublic(key)
        | TransparentKey::EcmqvPublic(key) => {
            out[1] = key.recommended_curve.0 as u8;
            push_bytes(&mut out, key.q_string.as_slice());
        }
        TransparentKey::Unknown(_) => {}
    }
    out
}

fn public(out: &mut Vec<u8>, number: &BigInteger) {
    push_bytes(out, number.to_unsigned().unwrap_or_default());
}

fn secret(out: &mut Vec<u8>, number: &SecretInteger) {
    push_bytes(out, number.expose_unsigned().unwrap_or_default());
}
