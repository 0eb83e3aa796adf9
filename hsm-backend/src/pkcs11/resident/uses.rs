//! What a resident key does besides encryption: signatures, codes, derivation. Each is one call of the device for all of the
//! data; streams gather their data, and no session is held from one request to the next.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use der::asn1::UintRef;
use der::{Encode, Sequence};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{
    Accumulator, BlockCipher, CryptoError, Derivation, Encryption, Hash, Mac, Message, Prf, Signing,
};
use kmip_core::ports::resident::ResidentKind;
use kmip_core::ports::vault::Curve;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Held;
use super::mechanisms::{self, refused, told, unsupported};
use crate::crypto::keys::PublicKey;
use crate::crypto::stream::{Bytes, Gathered};
use crate::crypto::{derivation, rsa, signatures};
use crate::pkcs11::device::Pace;
use crate::pkcs11::sealing;
use crate::public_key;

impl Held {
    /// Signs. The message is hashed here, so that long data does not go through the device.
    pub(in crate::pkcs11) fn sign(&self, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
        let input = signatures::input_to_sign(how, message)?;
        match (*how, self.what().kind) {
            (Signing::RsaPkcs1 { hash }, ResidentKind::Rsa { .. }) => {
                let info = [rsa::digest_info_prefix(hash), input].concat();
                self.raw_signature(&Mechanism::RsaPkcs, &info)
            }
            (Signing::RsaPkcs1Unprefixed, ResidentKind::Rsa { .. }) => self.raw_signature(&Mechanism::RsaPkcs, &input),
            (Signing::RsaPss { hash, mask_hash, salt_length }, ResidentKind::Rsa { .. }) => {
                self.raw_signature(&mechanisms::pss(hash, mask_hash, salt_length)?, &input)
            }
            (Signing::Ecdsa { .. }, ResidentKind::Ec { curve }) => {
                let length = public_key::coordinate(curve).ok_or_else(|| signatures::wrong_key(how))?;
                // The leftmost bits of a longer digest count (FIPS 186-5 §6.4.1).
                let digest = input.get(..length).unwrap_or(&input);
                ecdsa_der(&self.raw_signature(&Mechanism::Ecdsa, digest)?, length)
            }
            _ => Err(signatures::wrong_key(how)),
        }
    }

    fn raw_signature(&self, mechanism: &Mechanism<'_>, input: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.with(Pace::Usual, |session, key| session.sign(mechanism, key, input).map_err(refused)).map_err(told)
    }

    /// Computes a message authentication code.
    pub(in crate::pkcs11) fn mac(&self, how: &Mac<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mechanism = match (*how, self.what().kind) {
            (Mac::Hmac(hash), ResidentKind::Hmac { .. }) => mechanisms::hmac(hash)?,
            (Mac::Cmac(BlockCipher::Aes), ResidentKind::Aes { .. }) => Mechanism::AesCMac,
            _ => return Err(unsupported(&format!("{how:?} by {:?}", self.what().kind))),
        };
        self.raw_signature(&mechanism, data)
    }

    /// Derives `length` bytes.
    pub(in crate::pkcs11) fn derive(&self, how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError> {
        derivation::check_length(length)?;
        match *how {
            Derivation::Hash { hash, data } => {
                let digest = self.digest_with(&mechanisms::digest(hash)?, data).map_err(told)?;
                derivation::leading(&digest, length)
            }
            Derivation::Kbkdf { mode, prf, data, iv } => {
                let how = match prf {
                    Prf::Hmac(hash) => Mac::Hmac(hash),
                    Prf::Cmac(cipher) => Mac::Cmac(cipher),
                };
                let run = |parts: &[&[u8]]| self.mac(&how, &Zeroizing::new(parts.concat())).map(Zeroizing::new);
                derivation::kbkdf(mode, run, data, iv, length)
            }
            Derivation::Hmac { hash, data } => {
                derivation::leading(&Zeroizing::new(self.mac(&Mac::Hmac(hash), data)?), length)
            }
            Derivation::Encrypt { encryption: Encryption::Aead { .. }, .. } => {
                Err(unsupported("derivation by an authenticated cipher"))
            }
            Derivation::Encrypt { encryption, data } => {
                derivation::leading(&self.encrypt_wiped(&encryption, data)?.0, length)
            }
            Derivation::Agreement { public } => match (PublicKey::parse(public)?, self.what().kind) {
                (PublicKey::Elliptic(peer, point), ResidentKind::Ec { curve }) if peer == curve => {
                    derivation::leading(&self.agree(curve, point)?, length)
                }
                _ => Err(CryptoError::Key("key agreement takes two keys for it on one curve".to_owned())),
            },
            _ => Err(unsupported(&format!("{how:?}"))),
        }
    }

    /// The x coordinate of the shared point (NIST SP 800-56A §5.7.1.2), as a key of the session that is read.
    fn agree(&self, curve: Curve, point: &[u8]) -> Result<Bytes, CryptoError> {
        let bad = || CryptoError::Key("the other party's public key is not a point to agree with".to_owned());
        signatures::check_point(curve, point).map_err(|_| bad())?;
        let length = public_key::coordinate(curve).ok_or_else(bad)?;
        let shared = self.with(Pace::Usual, |session, key| {
            let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::GENERIC_SECRET),
                Attribute::ValueLen(u64::try_from(length).unwrap_or_default().into()),
                Attribute::Token(false),
                Attribute::Sensitive(false),
                Attribute::Extractable(true),
            ];
            let derived = session.derive_key(&mechanism, key, &template).map_err(refused)?;
            let value = sealing::read(session, derived);
            session.destroy_object(derived)?;
            value
        });
        let shared = shared.map_err(told)?;
        if shared.len() > length {
            return Err(unsupported("key agreement by a device that tells more than the coordinate"));
        }
        // A module may cut leading zeros.
        let mut whole = Zeroizing::new(vec![0; length.saturating_sub(shared.len())]);
        whole.reserve_exact(shared.len());
        whole.extend_from_slice(shared.expose_secret());
        Ok(whole)
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The DER of a signature of two numbers of `length` bytes (PKCS #11 v2.40 §2.3.1).
fn ecdsa_der(raw: &[u8], length: usize) -> Result<Vec<u8>, CryptoError> {
    let der = || {
        let (r, s) = raw.split_at_checked(length).filter(|(_, s)| s.len() == length)?;
        EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
    };
    der().ok_or_else(|| unsupported("ECDSA by a device that gives a signature of another length"))
}

/// A message authentication code in parts.
pub(in crate::pkcs11) struct CodeStream {
    held: Held,
    how: OwnedMac,
    gathered: Gathered,
}

/// A code that takes no parameter of the request.
#[derive(Clone, Copy)]
enum OwnedMac {
    Hmac(Hash),
    Cmac(BlockCipher),
}

impl CodeStream {
    pub(in crate::pkcs11) fn boxed(held: Held, how: &Mac<'_>) -> Result<Box<dyn Accumulator>, CryptoError> {
        let how = match *how {
            Mac::Hmac(hash) => OwnedMac::Hmac(hash),
            Mac::Cmac(cipher) => OwnedMac::Cmac(cipher),
            Mac::Gmac { .. } => return Err(unsupported("GMAC")),
        };
        Ok(Box::new(Self { held, how, gathered: Gathered::default() }))
    }
}

impl Accumulator for CodeStream {
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        self.gathered.push(data)
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, CryptoError> {
        let how = match self.how {
            OwnedMac::Hmac(hash) => Mac::Hmac(hash),
            OwnedMac::Cmac(cipher) => Mac::Cmac(cipher),
        };
        self.held.mac(&how, self.gathered.as_slice())
    }

    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError> {
        Ok(self.finish()?.ct_eq(claimed).into())
    }
}
