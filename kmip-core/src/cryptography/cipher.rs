//! How Encrypt and Decrypt work on a key: Cryptographic Parameters and IV/Counter/Nonce to a cipher of the vault (KMIP 1.4
//! §3.6, KMIP 2.1 §4.15, §6.1.11, §6.1.17), one row per cipher.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};

use super::key;
use super::parameters::{bad, block_cipher, check_mask_generator, hash_or, length, unsupported};
use crate::error::{Fault, OpResult, fail};
use crate::object::Record;
use crate::ports::crypto::{Aead, BlockCipher, BlockMode, BlockPadding, Cipher, Encryption, Hash, KeyWrap};
use crate::ports::vault::KeyVault;

/// Modes of block ciphers that take any of them.
const MODES: [(BlockCipherMode, BlockMode); 5] = [
    (BlockCipherMode::ECB, BlockMode::Ecb),
    (BlockCipherMode::CBC, BlockMode::Cbc),
    (BlockCipherMode::CTR, BlockMode::Ctr),
    (BlockCipherMode::CFB, BlockMode::Cfb),
    (BlockCipherMode::OFB, BlockMode::Ofb),
];

/// Modes that take AES only.
const AES_MODES: [(BlockCipherMode, Cipher); 5] = [
    (BlockCipherMode::XTS, Cipher::Block(BlockCipher::Aes, BlockMode::Xts)),
    (BlockCipherMode::GCM, Cipher::Aead(Aead::AesGcm)),
    (BlockCipherMode::CCM, Cipher::Aead(Aead::AesCcm)),
    (BlockCipherMode::NISTKeyWrap, Cipher::KeyWrap(KeyWrap::Kw)),
    (BlockCipherMode::AESKeyWrapPadding, Cipher::KeyWrap(KeyWrap::Kwp)),
];

/// Padding of ECB and CBC. Without a Padding Method nothing is padded (OASIS case CS-BC-M-4).
const PADDINGS: [(PaddingMethod, BlockPadding); 3] = [
    (PaddingMethod::None, BlockPadding::None),
    (PaddingMethod::PKCS5, BlockPadding::Pkcs5),
    (PaddingMethod::ANSIX9_23, BlockPadding::AnsiX923),
];

/// Bytes of a tag when Tag Length is left out: all of it.
const WHOLE_TAG: usize = 16;

/// The cipher of a call with what it needs, held so that the vault can borrow it.
pub(crate) struct Call {
    cipher: Cipher,
    padding: BlockPadding,
    /// The whole initialization vector, counter block, tweak or nonce.
    iv: Vec<u8>,
    /// What of it the client gives or is given; the rest is the counter.
    iv_given: usize,
    counter: u64,
    tag_length: usize,
    aad: Vec<u8>,
    hash: Hash,
    mask_hash: Hash,
    label: Vec<u8>,
}

/// Where the initialization vector of a call comes from.
#[derive(Clone, Copy)]
pub(crate) enum Iv<'a> {
    /// The client gives it.
    Given(&'a [u8]),
    /// The vault draws it.
    Drawn(&'a dyn KeyVault),
    /// Nobody: a cipher that needs one is refused.
    Missing,
}

/// Bytes of a nonce that is drawn, at least: shorter ones would come twice under one key (NIST SP 800-38D §8.2.2).
const DRAWN_NONCE: usize = 12;

const MISSING_IV: &str = "the cipher needs an IV/Counter/Nonce, or Random IV; one in front of the data to decrypt needs the \
                          quirk iv-in-front";

/// Usual bytes of the initialization vector that the parameters ask for; none if the cipher needs none.
pub fn iv_length(
    algorithm: Option<CryptographicAlgorithm>,
    parameters: &CryptographicParameters,
) -> OpResult<Option<usize>> {
    choose(algorithm, parameters).map(Cipher::iv_length)
}

impl Call {
    /// Chooses the cipher for a key of an algorithm.
    pub fn new(
        algorithm: Option<CryptographicAlgorithm>,
        parameters: &CryptographicParameters,
        iv: Iv<'_>,
        aad: Option<&[u8]>,
    ) -> OpResult<Self> {
        let cipher = choose(algorithm, parameters)?;
        let mut call = Self {
            cipher,
            padding: padding(cipher, parameters.padding_method)?,
            iv: Vec::new(),
            iv_given: 0,
            counter: 0,
            tag_length: tag_length(cipher, parameters)?,
            aad: additional_data(cipher, aad)?.to_vec(),
            hash: Hash::Sha1,
            mask_hash: Hash::Sha1,
            label: Vec::new(),
        };
        if cipher == Cipher::RsaOaep {
            check_mask_generator(parameters)?;
            call.hash = hash_or(parameters.hashing_algorithm, Hash::Sha1)?;
            call.mask_hash = hash_or(parameters.mask_generator_hashing_algorithm, Hash::Sha1)?;
            call.label = parameters.p_source.as_ref().map(|label| label.as_slice().to_vec()).unwrap_or_default();
        }
        call.set_iv(parameters, iv)?;
        Ok(call)
    }

    fn set_iv(&mut self, parameters: &CryptographicParameters, iv: Iv<'_>) -> OpResult<()> {
        let Some(usual) = self.cipher.iv_length() else { return Ok(()) };
        let counter = self.counter_block(parameters)?;
        let wanted = length(parameters.iv_length, 8, "IV Length")?;
        self.iv = match iv {
            Iv::Given(iv) => iv.to_vec(),
            Iv::Drawn(vault) => {
                let length = wanted.unwrap_or_else(|| usual.saturating_sub(counter.len()));
                if length > 64 {
                    return bad("IV Length is too great");
                }
                if matches!(self.cipher, Cipher::Aead(_) | Cipher::ChaCha20) && length < DRAWN_NONCE {
                    return bad(format!("Random IV makes nonces of {DRAWN_NONCE} bytes or more"));
                }
                let mut drawn = vec![0; length];
                vault.unique(&mut drawn)?;
                drawn
            }
            Iv::Missing => return fail(Fault::MissingIv, MISSING_IV),
        };
        self.iv_given = self.iv.len();
        if wanted.is_some_and(|wanted| wanted != self.iv_given) {
            return bad("IV/Counter/Nonce does not have the IV Length that the parameters state");
        }
        self.iv.extend(counter);
        self.check_iv(usual)
    }

    /// The part of a counter block that Initial Counter Value gives (RFC 3686 §4): Counter Length bits.
    fn counter_block(&mut self, parameters: &CryptographicParameters) -> OpResult<Vec<u8>> {
        let Some(initial) = parameters.initial_counter_value else { return Ok(Vec::new()) };
        let Ok(initial) = u32::try_from(initial) else { return bad("Initial Counter Value is negative") };
        match self.cipher {
            Cipher::ChaCha20 => {
                self.counter = u64::from(initial);
                Ok(Vec::new())
            }
            Cipher::Block(_, BlockMode::Ctr) => {
                let length = length(parameters.counter_length, 8, "Counter Length")?.unwrap_or(4);
                if !(4..=8).contains(&length) {
                    return bad("a counter with an Initial Counter Value has 32 to 64 bits");
                }
                let block = u64::from(initial).to_be_bytes();
                Ok(block.get(8_usize.saturating_sub(length)..).unwrap_or_default().to_vec())
            }
            _ => bad("Initial Counter Value is for counter mode and ChaCha20"),
        }
    }

    fn check_iv(&self, usual: usize) -> OpResult<()> {
        let length = self.iv.len();
        let fits = match self.cipher {
            Cipher::Aead(Aead::AesGcm) => length > 0,
            Cipher::Aead(Aead::AesCcm) => (7..=13).contains(&length),
            Cipher::ChaCha20 => matches!(length, 8 | 12),
            _ => length == usual,
        };
        if fits {
            Ok(())
        } else {
            bad(format!("an IV/Counter/Nonce of {} bytes does not fit the cipher", self.iv_given))
        }
    }

    /// The call in the terms of the vault.
    pub fn encryption(&self) -> Encryption<'_> {
        match self.cipher {
            Cipher::Block(cipher, mode) => Encryption::Block { cipher, mode, padding: self.padding, iv: &self.iv },
            Cipher::Aead(cipher) => {
                Encryption::Aead { cipher, nonce: &self.iv, aad: &self.aad, tag_length: self.tag_length }
            }
            Cipher::KeyWrap(wrap) => Encryption::KeyWrap(wrap),
            Cipher::ChaCha20 => Encryption::ChaCha20 { nonce: &self.iv, counter: self.counter },
            Cipher::OneTimePad => Encryption::OneTimePad,
            Cipher::RsaPkcs1 => Encryption::RsaPkcs1,
            Cipher::RsaOaep => Encryption::RsaOaep { hash: self.hash, mask_hash: self.mask_hash, label: &self.label },
        }
    }

    /// What the client must know of the initialization vector to decrypt.
    pub fn iv(&self) -> &[u8] {
        self.iv.get(..self.iv_given).unwrap_or_default()
    }

    /// Whether the cipher authenticates.
    pub fn is_authenticated(&self) -> bool {
        matches!(self.cipher, Cipher::Aead(_))
    }

    /// Bytes of the tag.
    pub fn tag_length(&self) -> usize {
        self.tag_length
    }

    /// Refuses a tag that cannot be one of this call.
    pub fn check_tag(&self, tag: Option<&[u8]>) -> OpResult<()> {
        match tag {
            Some(_) if !self.is_authenticated() => bad("the cipher has no Authenticated Encryption Tag"),
            Some(tag) if tag.len() != self.tag_length => {
                bad(format!("the Authenticated Encryption Tag has {} bytes, not {}", tag.len(), self.tag_length))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a key that the cipher would give away: known data tells a One Time Pad.
    pub fn check_key(&self, key: &Record) -> OpResult<()> {
        if self.cipher == Cipher::OneTimePad && key::is_protected(key) {
            return fail(Fault::PermissionDenied, "an object that is Sensitive or not Extractable is no One Time Pad");
        }
        Ok(())
    }

    /// Takes the tag's length from a tag, where the parameters leave it open.
    pub fn take_tag_length(&mut self, parameters: &CryptographicParameters, tag: Option<&[u8]>) -> OpResult<()> {
        if let (Some(tag), None, Cipher::Aead(aead)) = (tag, parameters.tag_length, self.cipher) {
            check_tag_length(aead, tag.len())?;
            self.tag_length = tag.len();
        }
        Ok(())
    }
}

/// The cipher of a key and its parameters.
fn choose(key: Option<CryptographicAlgorithm>, parameters: &CryptographicParameters) -> OpResult<Cipher> {
    use CryptographicAlgorithm as A;
    let named = parameters.cryptographic_algorithm;
    let algorithm = match (key, named) {
        (None, None) => return bad("Cryptographic Algorithm: neither the key nor the parameters name one"),
        (Some(A::ChaCha20), Some(A::ChaCha20Poly1305)) => A::ChaCha20Poly1305,
        (Some(key), Some(named)) if key != named => return bad(format!("a {key} key does not encrypt with {named}")),
        (Some(algorithm), _) | (None, Some(algorithm)) => algorithm,
    };
    match (algorithm, parameters.block_cipher_mode) {
        (A::ChaCha20, None) => Ok(Cipher::ChaCha20),
        (A::ChaCha20, Some(BlockCipherMode::AEAD)) | (A::ChaCha20Poly1305, None | Some(BlockCipherMode::AEAD)) => {
            Ok(Cipher::Aead(Aead::ChaCha20Poly1305))
        }
        (A::OneTimePad, None) => Ok(Cipher::OneTimePad),
        (A::RSA, None) => rsa(parameters.padding_method),
        (A::ChaCha20 | A::ChaCha20Poly1305 | A::OneTimePad | A::RSA, Some(mode)) => {
            bad(format!("{algorithm} has no Block Cipher Mode {mode}"))
        }
        (algorithm, mode) => match block_cipher(algorithm) {
            Some(cipher) => block(algorithm, cipher, mode),
            None => unsupported(format!("encryption with {algorithm}")),
        },
    }
}

fn rsa(padding: Option<PaddingMethod>) -> OpResult<Cipher> {
    match padding {
        Some(PaddingMethod::OAEP) => Ok(Cipher::RsaOaep),
        Some(PaddingMethod::PKCS1V1_5) => Ok(Cipher::RsaPkcs1),
        Some(other) => unsupported(format!("RSA encryption with the Padding Method {other}")),
        None => bad("RSA encryption needs a Padding Method"),
    }
}

fn block(algorithm: CryptographicAlgorithm, cipher: BlockCipher, mode: Option<BlockCipherMode>) -> OpResult<Cipher> {
    let Some(mode) = mode else { return bad(format!("{algorithm} needs a Block Cipher Mode")) };
    if let Some((_, known)) = MODES.iter().find(|(name, _)| *name == mode) {
        return Ok(Cipher::Block(cipher, *known));
    }
    match AES_MODES.iter().find(|(name, _)| *name == mode) {
        Some((_, known)) if cipher == BlockCipher::Aes => Ok(*known),
        _ => unsupported(format!("encryption with {algorithm} in {mode}")),
    }
}

fn padding(cipher: Cipher, method: Option<PaddingMethod>) -> OpResult<BlockPadding> {
    let method = match (cipher, method) {
        (Cipher::RsaOaep | Cipher::RsaPkcs1, _) | (_, None) => return Ok(BlockPadding::None),
        (_, Some(method)) => method,
    };
    let padded = matches!(cipher, Cipher::Block(_, BlockMode::Ecb | BlockMode::Cbc));
    match PADDINGS.iter().find(|(name, _)| *name == method) {
        Some((_, known)) if padded || *known == BlockPadding::None => Ok(*known),
        Some(_) => bad(format!("Padding Method {method} is for ECB and CBC")),
        None => unsupported(format!("the Padding Method {method}")),
    }
}

fn tag_length(cipher: Cipher, parameters: &CryptographicParameters) -> OpResult<usize> {
    let (Cipher::Aead(aead), Some(given)) = (cipher, parameters.tag_length) else { return Ok(WHOLE_TAG) };
    let length = usize::try_from(given).unwrap_or(0);
    check_tag_length(aead, length)?;
    Ok(length)
}

fn check_tag_length(aead: Aead, length: usize) -> OpResult<()> {
    let fits = match aead {
        Aead::AesGcm => matches!(length, 4 | 8 | 12..=16),
        Aead::AesCcm => (4..=16).contains(&length) && length.is_multiple_of(2),
        Aead::ChaCha20Poly1305 => length == 16,
    };
    if fits { Ok(()) } else { fail(Fault::TagLength, format!("the cipher has no tag of {length} bytes")) }
}

fn additional_data(cipher: Cipher, aad: Option<&[u8]>) -> OpResult<&[u8]> {
    match (cipher, aad.unwrap_or_default()) {
        (Cipher::Aead(_), aad) => Ok(aad),
        (_, []) => Ok(&[]),
        _ => bad("the cipher authenticates no Additional Data"),
    }
}
