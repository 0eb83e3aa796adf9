//! What a resident key does: encryption, signatures, codes, derivation. Each is one call of the device for all of the data;
//! streams gather their data, and no session is held from one request to the next.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use der::asn1::UintRef;
use der::{Encode, Sequence};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{
    Accumulator, Aead, BlockCipher, BlockMode, CryptoError, Derivation, Encrypted, Encryption, Mac, Message, Signing,
};
use kmip_core::ports::resident::ResidentKind;
use kmip_core::ports::vault::Curve;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::mechanisms::{self, refused, told, unsupported};
use super::{Held, wrapping};
use crate::crypto::aead::Authenticated;
use crate::crypto::keys::PublicKey;
use crate::crypto::modes::{self, Mode};
use crate::crypto::stream::{Bytes, Gathered, copy};
use crate::crypto::{derivation, rsa, signatures};
use crate::pkcs11::device::Pace;
use crate::pkcs11::sealing;
use crate::public_key;

/// Bytes of an AES block.
const BLOCK: usize = 16;

impl Held {
    /// Encrypts with an AES key.
    pub(in crate::pkcs11) fn encrypt(&self, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
        let (mut data, tag) = self.encrypt_wiped(how, data)?;
        Ok(Encrypted { data: std::mem::take(&mut *data), tag })
    }

    pub(in crate::pkcs11) fn encrypt_wiped(
        &self,
        how: &Encryption<'_>,
        data: &[u8],
    ) -> Result<(Bytes, Option<Vec<u8>>), CryptoError> {
        self.must_be_aes(how)?;
        match *how {
            Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv } => {
                modes::check(&Mode { cipher: BlockCipher::Aes, mode, padding, iv })?;
                if mode == BlockMode::Ctr {
                    return Ok((self.counter_mode(iv, data)?, None));
                }
                let mut padded = Zeroizing::new(Vec::with_capacity(data.len().saturating_add(BLOCK)));
                padded.extend_from_slice(data);
                modes::pad(&mut padded, padding, BLOCK);
                Ok((self.blocks(&block_mechanism(how)?, &padded, true)?, None))
            }
            Encryption::Aead { cipher: Aead::AesGcm, nonce, aad, tag_length } => {
                Authenticated { cipher: Aead::AesGcm, nonce, aad, tag_length }.check()?;
                let mut sealed = self.gcm(nonce, aad, tag_length, data, true)?;
                let end = sealed.len().saturating_sub(tag_length);
                let tag = sealed.split_off(end);
                Ok((sealed, Some(tag)))
            }
            Encryption::KeyWrap(wrap) => Ok((wrapping::wrap_data(self, wrap, data)?, None)),
            _ => Err(unsupported(&format!("{how:?}"))),
        }
    }

    /// The inverse of [`Held::encrypt`], and decryption with an RSA private key.
    pub(in crate::pkcs11) fn decrypt(
        &self,
        how: &Encryption<'_>,
        data: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Bytes, CryptoError> {
        match *how {
            Encryption::RsaPkcs1 => return self.decrypt_rsa(&Mechanism::RsaPkcs, data),
            Encryption::RsaOaep { hash, mask_hash, label } => {
                return self.decrypt_rsa(&mechanisms::oaep(hash, mask_hash, label)?, data);
            }
            _ => self.must_be_aes(how)?,
        }
        match *how {
            Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv } => {
                modes::check(&Mode { cipher: BlockCipher::Aes, mode, padding, iv })?;
                if mode == BlockMode::Ctr {
                    return self.counter_mode(iv, data);
                }
                let mut plain = self.blocks(&block_mechanism(how)?, data, false)?;
                if padding != kmip_core::ports::crypto::BlockPadding::None {
                    let length = modes::unpadded(&plain, padding, BLOCK)?;
                    plain.truncate(length);
                }
                Ok(plain)
            }
            Encryption::Aead { cipher: Aead::AesGcm, nonce, aad, tag_length } => {
                let how = Authenticated { cipher: Aead::AesGcm, nonce, aad, tag_length };
                how.check()?;
                let (data, tag) = how.split_tag(data, tag)?;
                let sealed = [data, tag].concat();
                self.gcm(nonce, aad, tag_length, &sealed, false).map_err(|error| match error {
                    CryptoError::Data(_) => CryptoError::NotAuthentic,
                    other => other,
                })
            }
            Encryption::KeyWrap(wrap) => wrapping::unwrap_data(self, wrap, data),
            _ => Err(unsupported(&format!("{how:?}"))),
        }
    }

    fn must_be_aes(&self, how: &Encryption<'_>) -> Result<(), CryptoError> {
        match self.what().kind {
            ResidentKind::Aes { .. } => Ok(()),
            other => Err(CryptoError::Key(format!("the key, which is {other:?}, cannot be used for {how:?}"))),
        }
    }

    /// Whole blocks in ECB or CBC mode.
    fn blocks(&self, mechanism: &Mechanism<'_>, data: &[u8], encrypts: bool) -> Result<Bytes, CryptoError> {
        if !data.len().is_multiple_of(BLOCK) {
            return Err(modes::no_whole_blocks(BLOCK));
        }
        if data.is_empty() {
            return Ok(Bytes::default());
        }
        let done = self.with(Pace::Usual, |session, key| {
            let done =
                if encrypts { session.encrypt(mechanism, key, data) } else { session.decrypt(mechanism, key, data) };
            done.map_err(refused)
        });
        done.map(Zeroizing::new).map_err(told)
    }

    /// CTR (NIST SP 800-38A §6.5): the device encrypts the counter blocks, the exclusive or is made here.
    fn counter_mode(&self, first: &[u8], data: &[u8]) -> Result<Bytes, CryptoError> {
        let first =
            <[u8; BLOCK]>::try_from(first).map(u128::from_be_bytes).map_err(|_| CryptoError::MissingIv("CTR"))?;
        let mut counters = Vec::with_capacity(data.len().next_multiple_of(BLOCK));
        let mut counter = first;
        for _ in 0..data.len().div_ceil(BLOCK) {
            counters.extend_from_slice(&counter.to_be_bytes());
            counter = counter.wrapping_add(1);
        }
        let stream = self.blocks(&Mechanism::AesEcb, &counters, true)?;
        let mut out = copy(data);
        out.iter_mut().zip(stream.iter()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(out)
    }

    fn gcm(
        &self,
        nonce: &[u8],
        aad: &[u8],
        tag_length: usize,
        data: &[u8],
        encrypts: bool,
    ) -> Result<Bytes, CryptoError> {
        let bits = u64::try_from(tag_length).unwrap_or_default().saturating_mul(8);
        let done = self.with(Pace::Usual, |session, key| {
            let mut nonce = nonce.to_vec();
            let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, aad, bits.into())?);
            let done =
                if encrypts { session.encrypt(&mechanism, key, data) } else { session.decrypt(&mechanism, key, data) };
            done.map_err(refused)
        });
        done.map(Zeroizing::new).map_err(told)
    }

    fn decrypt_rsa(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
        let ResidentKind::Rsa { .. } = self.what().kind else {
            return Err(CryptoError::Key("RSA decryption takes an RSA key".to_owned()));
        };
        let done = self.with(Pace::Usual, |session, key| session.decrypt(mechanism, key, data).map_err(refused));
        done.map(Zeroizing::new).map_err(told)
    }

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
        match *how {
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

fn block_mechanism(how: &Encryption<'_>) -> Result<Mechanism<'static>, CryptoError> {
    match *how {
        Encryption::Block { mode: BlockMode::Ecb, .. } => Ok(Mechanism::AesEcb),
        Encryption::Block { mode: BlockMode::Cbc, iv, .. } => {
            Ok(Mechanism::AesCbc(iv.try_into().map_err(|_| CryptoError::MissingIv("CBC"))?))
        }
        _ => Err(unsupported(&format!("{how:?}"))),
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
    Hmac(kmip_core::ports::crypto::Hash),
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
