//! Message authentication codes: HMAC with aws-lc-rs (RustCrypto for the hash functions that it lacks there), CMAC with
//! RustCrypto, GMAC in [`super::gcm`].

use ::hmac::{Hmac, Mac as _, SimpleHmac};
use aws_lc_rs::hmac;
use cipher::common::{InnerInit, KeyInit};
use cmac::Cmac;
use kmip_core::ports::crypto::{Accumulator, BlockCipher, CryptoError, Hash, Mac, Prf};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use subtle::ConstantTimeEq;

use super::block_cipher::{Aes, FromKey, TripleDes};
use super::gcm::{Gcm, Gmac};

/// Begins a code.
pub(super) fn begin(how: &Mac<'_>, key: &[u8]) -> Result<Box<dyn Accumulator>, CryptoError> {
    match *how {
        Mac::Hmac(hash) => Ok(Box::new(Code(hmac(hash, key)?))),
        Mac::Cmac(cipher) => Ok(Box::new(Code(cmac(cipher, key)?))),
        Mac::Gmac { nonce: [] } => Err(CryptoError::MissingIv("GMAC")),
        Mac::Gmac { nonce } => Ok(Box::new(Gmac(Gcm::new(Aes::from_key(key)?, nonce, &[])))),
    }
}

/// A pseudorandom function with its key.
pub(super) fn prf(prf: Prf, key: &[u8]) -> Result<State, CryptoError> {
    match prf {
        Prf::Hmac(hash) => hmac(hash, key),
        Prf::Cmac(cipher) => cmac(cipher, key),
    }
}

/// A code in the making.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "lives in one box, or on the stack for one derivation")]
pub(super) enum State {
    AwsLc(hmac::Context),
    Sha512_224(Hmac<sha2::Sha512_224>),
    Sha512_256(Hmac<sha2::Sha512_256>),
    Sha3_224(SimpleHmac<Sha3_224>),
    Sha3_256(SimpleHmac<Sha3_256>),
    Sha3_384(SimpleHmac<Sha3_384>),
    Sha3_512(SimpleHmac<Sha3_512>),
    Aes(Cmac<Aes>),
    TripleDes(Cmac<TripleDes>),
}

/// Runs `$body` with the state of each kind of RustCrypto.
macro_rules! each {
    ($state:expr, $aws_lc:pat => $other:expr, $inner:ident => $body:expr) => {
        match $state {
            $aws_lc => $other,
            State::Sha512_224($inner) => $body,
            State::Sha512_256($inner) => $body,
            State::Sha3_224($inner) => $body,
            State::Sha3_256($inner) => $body,
            State::Sha3_384($inner) => $body,
            State::Sha3_512($inner) => $body,
            State::Aes($inner) => $body,
            State::TripleDes($inner) => $body,
        }
    };
}

impl State {
    pub(super) fn update(&mut self, data: &[u8]) {
        each!(self, State::AwsLc(context) => context.update(data), state => state.update(data));
    }

    pub(super) fn finish(self) -> Vec<u8> {
        each!(self, State::AwsLc(context) => context.sign().as_ref().to_vec(), state => state.finalize().into_bytes().to_vec())
    }
}

/// HMAC under a key of any length (FIPS 198-1).
pub(super) fn hmac(hash: Hash, key: &[u8]) -> Result<State, CryptoError> {
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha224 => hmac::HMAC_SHA224,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
        Hash::Sha512_224 => return KeyInit::new_from_slice(key).map(State::Sha512_224).map_err(any_length),
        Hash::Sha512_256 => return KeyInit::new_from_slice(key).map(State::Sha512_256).map_err(any_length),
        Hash::Sha3_224 => return KeyInit::new_from_slice(key).map(State::Sha3_224).map_err(any_length),
        Hash::Sha3_256 => return KeyInit::new_from_slice(key).map(State::Sha3_256).map_err(any_length),
        Hash::Sha3_384 => return KeyInit::new_from_slice(key).map(State::Sha3_384).map_err(any_length),
        Hash::Sha3_512 => return KeyInit::new_from_slice(key).map(State::Sha3_512).map_err(any_length),
    };
    Ok(State::AwsLc(hmac::Context::with_key(&hmac::Key::new(algorithm, key))))
}

/// The HMAC of one message.
pub(crate) fn hmac_of(hash: Hash, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let mut state = hmac(hash, key).ok()?;
    state.update(message);
    Some(state.finish())
}

fn any_length(_: cipher::InvalidLength) -> CryptoError {
    CryptoError::Key("HMAC does not take a key of this length".to_owned())
}

fn cmac(cipher: BlockCipher, key: &[u8]) -> Result<State, CryptoError> {
    Ok(match cipher {
        BlockCipher::Aes => State::Aes(Cmac::inner_init(Aes::from_key(key)?)),
        BlockCipher::TripleDes => State::TripleDes(Cmac::inner_init(TripleDes::from_key(key)?)),
        BlockCipher::Blowfish => return Err(CryptoError::Unsupported("CMAC with Blowfish".to_owned())),
    })
}

/// A code as the core sees it.
struct Code(State);

impl Accumulator for Code {
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        self.0.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, CryptoError> {
        Ok(self.0.finish())
    }

    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError> {
        Ok(self.0.finish().ct_eq(claimed).into())
    }
}
