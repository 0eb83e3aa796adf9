//! Mechanisms: number, key sizes, what each does in terms of KMIP's Cryptographic Parameters.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, HashingAlgorithm as Hash, MaskGenerator,
    PaddingMethod as Padding, Pkcs11ReturnCode as Rv,
};

use super::codec::Reader;
use super::{Done, stop};

/// A mechanism with its parameter, as a call names it.
pub(super) struct Named<'a> {
    /// Its row.
    pub mechanism: &'static Mechanism,
    parameter: Option<&'a [u8]>,
}

/// What a mechanism does.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// Makes a symmetric key of an algorithm: of a fixed length in octets, or the template says it.
    Generate(Algorithm, Option<u64>),
    /// Makes a pair.
    GeneratePair(Algorithm),
    /// A block cipher in a mode.
    Cipher(Algorithm, Mode, Padding),
    /// RSA encryption with PKCS#1 v1.5, and signatures of what is hashed already.
    RsaPkcs,
    /// RSA encryption with OAEP.
    RsaOaep,
    /// An RSA signature with PKCS#1 v1.5.
    RsaSign(Hash),
    /// An RSA signature with PSS.
    RsaPss(Hash),
    /// ECDSA of a message, or of its digest.
    Ecdsa(Option<Hash>),
    /// Ed25519.
    Eddsa,
    /// A message authentication code.
    Mac(Algorithm, Option<Mode>),
    /// A hash.
    Digest(Hash),
    /// AES key wrap, with padding or without.
    Wrap(Mode),
    /// A key is derived as the hash of another.
    DeriveByHash(Hash),
    /// A key is derived as what another encrypts.
    DeriveByCipher(Mode),
    /// A key is agreed on with the public key of another party (CKM_ECDH1_DERIVE).
    Agree,
}

/// A row.
pub(super) struct Mechanism {
    /// CK_MECHANISM_TYPE.
    pub id: u64,
    /// Least and largest size of a key, in the unit that the mechanism has.
    pub sizes: (u64, u64),
    /// CK_MECHANISM_INFO flags.
    pub flags: u64,
    /// What it does.
    pub how: How,
}

const ENCRYPT: u64 = 0x100 | 0x200;
const DIGEST: u64 = 0x400;
const SIGN: u64 = 0x800 | 0x2000;
const GENERATE: u64 = 0x8000;
const PAIR: u64 = 0x10000;
const WRAP: u64 = 0x20000 | 0x40000;
const DERIVE: u64 = 0x80000;

const fn row(id: u64, sizes: (u64, u64), flags: u64, how: How) -> Mechanism {
    Mechanism { id, sizes, flags, how }
}

const RSA: (u64, u64) = (2_048, 4_096);
const EC: (u64, u64) = (224, 521);
const AES: (u64, u64) = (16, 32);
const DES: (u64, u64) = (24, 24);
const ANY: (u64, u64) = (1, 512);

/// All mechanisms.
pub(super) const MECHANISMS: &[Mechanism] = &[
    row(0x0000, RSA, PAIR, How::GeneratePair(Algorithm::RSA)),
    row(0x0001, RSA, ENCRYPT | SIGN | WRAP, How::RsaPkcs),
    row(0x0009, RSA, ENCRYPT | WRAP, How::RsaOaep),
    row(0x0040, RSA, SIGN, How::RsaSign(Hash::SHA_256)),
    row(0x0041, RSA, SIGN, How::RsaSign(Hash::SHA_384)),
    row(0x0042, RSA, SIGN, How::RsaSign(Hash::SHA_512)),
    row(0x0043, RSA, SIGN, How::RsaPss(Hash::SHA_256)),
    row(0x0044, RSA, SIGN, How::RsaPss(Hash::SHA_384)),
    row(0x0045, RSA, SIGN, How::RsaPss(Hash::SHA_512)),
    row(0x0131, DES, GENERATE, How::Generate(Algorithm::DES3, Some(24))),
    row(0x0132, DES, ENCRYPT, How::Cipher(Algorithm::DES3, Mode::ECB, Padding::None)),
    row(0x0133, DES, ENCRYPT, How::Cipher(Algorithm::DES3, Mode::CBC, Padding::None)),
    row(0x0136, DES, ENCRYPT, How::Cipher(Algorithm::DES3, Mode::CBC, Padding::PKCS5)),
    row(0x0220, (0, 0), DIGEST, How::Digest(Hash::SHA_1)),
    row(0x0221, ANY, SIGN, How::Mac(Algorithm::HMAC_SHA1, None)),
    row(0x0250, (0, 0), DIGEST, How::Digest(Hash::SHA_256)),
    row(0x0251, ANY, SIGN, How::Mac(Algorithm::HMAC_SHA256, None)),
    row(0x0255, (0, 0), DIGEST, How::Digest(Hash::SHA_224)),
    row(0x0256, ANY, SIGN, How::Mac(Algorithm::HMAC_SHA224, None)),
    row(0x0260, (0, 0), DIGEST, How::Digest(Hash::SHA_384)),
    row(0x0261, ANY, SIGN, How::Mac(Algorithm::HMAC_SHA384, None)),
    row(0x0270, (0, 0), DIGEST, How::Digest(Hash::SHA_512)),
    row(0x0271, ANY, SIGN, How::Mac(Algorithm::HMAC_SHA512, None)),
    row(0x0350, ANY, GENERATE, How::Generate(Algorithm::HMAC_SHA256, None)),
    row(0x0393, ANY, DERIVE, How::DeriveByHash(Hash::SHA_256)),
    row(0x0394, ANY, DERIVE, How::DeriveByHash(Hash::SHA_384)),
    row(0x0395, ANY, DERIVE, How::DeriveByHash(Hash::SHA_512)),
    row(0x0396, ANY, DERIVE, How::DeriveByHash(Hash::SHA_224)),
    row(0x1040, EC, PAIR, How::GeneratePair(Algorithm::ECDSA)),
    row(0x1041, EC, SIGN, How::Ecdsa(None)),
    row(0x1044, EC, SIGN, How::Ecdsa(Some(Hash::SHA_256))),
    row(0x1045, EC, SIGN, How::Ecdsa(Some(Hash::SHA_384))),
    row(0x1046, EC, SIGN, How::Ecdsa(Some(Hash::SHA_512))),
    row(0x1050, EC, DERIVE, How::Agree),
    row(0x1055, (255, 255), PAIR, How::GeneratePair(Algorithm::Ed25519)),
    row(0x1057, (255, 255), SIGN, How::Eddsa),
    row(0x1080, AES, GENERATE, How::Generate(Algorithm::AES, None)),
    row(0x1081, AES, ENCRYPT, How::Cipher(Algorithm::AES, Mode::ECB, Padding::None)),
    row(0x1082, AES, ENCRYPT, How::Cipher(Algorithm::AES, Mode::CBC, Padding::None)),
    row(0x1085, AES, ENCRYPT, How::Cipher(Algorithm::AES, Mode::CBC, Padding::PKCS5)),
    row(0x1086, AES, ENCRYPT, How::Cipher(Algorithm::AES, Mode::CTR, Padding::None)),
    row(0x1087, AES, ENCRYPT, How::Cipher(Algorithm::AES, Mode::GCM, Padding::None)),
    row(0x108A, AES, SIGN, How::Mac(Algorithm::AES, Some(Mode::CMAC))),
    row(0x1104, AES, DERIVE, How::DeriveByCipher(Mode::ECB)),
    row(0x1105, AES, DERIVE, How::DeriveByCipher(Mode::CBC)),
    row(0x2109, AES, WRAP, How::Wrap(Mode::NISTKeyWrap)),
    row(0x210B, AES, WRAP, How::Wrap(Mode::AESKeyWrapPadding)),
];

/// What a mechanism means for an operation of KMIP.
#[derive(Clone)]
pub(super) struct Meaning {
    pub parameters: CryptographicParameters,
    pub iv: Option<Vec<u8>>,
    pub aad: Option<Vec<u8>>,
}

impl Meaning {
    /// Octets that it takes beyond a few.
    pub fn octets(&self) -> usize {
        let source = self.parameters.p_source.as_ref().map_or(0, |source| source.as_slice().len());
        let vectors = [&self.iv, &self.aad].into_iter().flatten().map(Vec::len);
        vectors.sum::<usize>().saturating_add(source)
    }
}

/// Cryptographic Parameters that say nothing.
const NOTHING: CryptographicParameters = CryptographicParameters {
    block_cipher_mode: None,
    padding_method: None,
    hashing_algorithm: None,
    key_role_type: None,
    digital_signature_algorithm: None,
    cryptographic_algorithm: None,
    random_iv: None,
    iv_length: None,
    tag_length: None,
    fixed_field_length: None,
    invocation_field_length: None,
    counter_length: None,
    initial_counter_value: None,
    salt_length: None,
    mask_generator: None,
    mask_generator_hashing_algorithm: None,
    p_source: None,
    trailer_field: None,
};

/// Hash functions, and mask generators over them, as parameters of RSA mechanisms name them.
const HASHES: [(u64, u64, Hash); 5] = [
    (0x220, 1, Hash::SHA_1),
    (0x250, 2, Hash::SHA_256),
    (0x260, 3, Hash::SHA_384),
    (0x270, 4, Hash::SHA_512),
    (0x255, 5, Hash::SHA_224),
];

/// Octets of what both parties know: each block of a key costs a hash of them.
const MOST_SHARED: usize = 64 * 1024;

/// Key derivation functions (CKD_*) of key agreement: none, and ANSI X9.63 with a hash.
const FUNCTIONS: [(u64, Option<Hash>); 6] = [
    (1, None),
    (2, Some(Hash::SHA_1)),
    (5, Some(Hash::SHA_224)),
    (6, Some(Hash::SHA_256)),
    (7, Some(Hash::SHA_384)),
    (8, Some(Hash::SHA_512)),
];

/// The parameter of a key agreement.
pub(super) struct Agreement<'a> {
    /// How a key is made of the shared secret, if not as its last octets.
    pub x963: Option<(Hash, Vec<u8>)>,
    /// The public value of the other party.
    pub public: &'a [u8],
}

impl<'a> Named<'a> {
    /// Reads a `CK_MECHANISM`.
    pub fn read(reader: &mut Reader<'a>) -> Done<Self> {
        let id = reader.ulong()?;
        let parameter = if reader.flag()? { Some(reader.octets()?) } else { None };
        match MECHANISMS.iter().find(|mechanism| mechanism.id == id) {
            Some(mechanism) => Ok(Self { mechanism, parameter }),
            None => stop(Rv::MECHANISM_INVALID),
        }
    }

    /// Its meaning.
    pub fn meaning(&self) -> Done<Meaning> {
        // An initialization vector of the caller's own is none that the key wrap of KMIP could take.
        if self.parameter.is_some() && matches!(self.mechanism.how, How::Wrap(_) | How::DeriveByHash(_)) {
            return stop(Rv::MECHANISM_PARAM_INVALID);
        }
        let with = |parameters| Ok(Meaning { parameters, iv: None, aad: None });
        let hashed = |padding, hash| CryptographicParameters {
            padding_method: Some(padding),
            hashing_algorithm: Some(hash),
            ..NOTHING
        };
        match self.mechanism.how {
            How::Cipher(algorithm, mode, padding) => self.cipher(algorithm, mode, padding),
            How::RsaOaep => self.oaep(),
            How::RsaPss(hash) => self.pss(hash),
            How::RsaPkcs => with(CryptographicParameters { padding_method: Some(Padding::PKCS1V1_5), ..NOTHING }),
            How::RsaSign(hash) => with(hashed(Padding::PKCS1V1_5, hash)),
            // The algorithm is said, so that the parameters of the key do not hold instead.
            How::Ecdsa(hashing_algorithm) => with(CryptographicParameters {
                cryptographic_algorithm: Some(Algorithm::ECDSA),
                hashing_algorithm,
                ..NOTHING
            }),
            How::Mac(algorithm, mode) => with(CryptographicParameters {
                cryptographic_algorithm: Some(algorithm),
                block_cipher_mode: mode,
                ..NOTHING
            }),
            How::Wrap(mode) => with(CryptographicParameters {
                cryptographic_algorithm: Some(Algorithm::AES),
                block_cipher_mode: Some(mode),
                ..NOTHING
            }),
            How::DeriveByCipher(mode) => {
                let parameters = CryptographicParameters {
                    cryptographic_algorithm: Some(Algorithm::AES),
                    block_cipher_mode: Some(mode),
                    padding_method: Some(Padding::None),
                    ..NOTHING
                };
                let iv = if mode == Mode::CBC { Some(self.derivation()?.0.to_vec()) } else { None };
                Ok(Meaning { parameters, iv, aad: None })
            }
            How::Digest(hash) | How::DeriveByHash(hash) => {
                with(CryptographicParameters { hashing_algorithm: Some(hash), ..NOTHING })
            }
            How::Eddsa => {
                with(CryptographicParameters { cryptographic_algorithm: Some(Algorithm::Ed25519), ..NOTHING })
            }
            How::Generate(..) | How::GeneratePair(_) | How::Agree => stop(Rv::MECHANISM_INVALID),
        }
    }

    /// What a key encrypts to derive another.
    pub fn derivation_data(&self) -> Done<&'a [u8]> {
        self.derivation().map(|(_, data)| data)
    }

    /// `CK_KEY_DERIVATION_STRING_DATA`: octets; `CK_AES_CBC_ENCRYPT_DATA_PARAMS`: a vector of 16 octets before them.
    fn derivation(&self) -> Done<(&'a [u8], &'a [u8])> {
        let mut reader = self.required()?;
        let vector = matches!(self.mechanism.how, How::DeriveByCipher(Mode::CBC));
        let read = |reader: &mut Reader<'a>| -> Done<(&'a [u8], &'a [u8])> {
            let iv = if vector { reader.take(16)? } else { &[] };
            let data = reader.octets()?;
            reader.finish()?;
            Ok((iv, data))
        };
        // A parameter that cannot be read is a wrong one, not a wrong call.
        read(&mut reader).or_else(|_| stop(Rv::MECHANISM_PARAM_INVALID))
    }

    /// `CK_ECDH1_DERIVE_PARAMS`: key derivation function, what both parties know, the public value of the other one.
    pub fn agreement(&self) -> Done<Agreement<'a>> {
        let mut reader = self.required()?;
        let read = |reader: &mut Reader<'a>| -> Done<(u64, &'a [u8], &'a [u8])> {
            let parameter = (reader.ulong()?, reader.octets()?, reader.octets()?);
            reader.finish()?;
            Ok(parameter)
        };
        // A parameter that cannot be read is a wrong one, not a wrong call.
        let (function, shared, public) = read(&mut reader).or_else(|_| stop(Rv::MECHANISM_PARAM_INVALID))?;
        let hash = match FUNCTIONS.iter().find(|(known, _)| *known == function) {
            Some((_, hash)) => *hash,
            None => return stop(Rv::MECHANISM_PARAM_INVALID),
        };
        if shared.len() > hash.map_or(0, |_| MOST_SHARED) {
            return stop(Rv::MECHANISM_PARAM_INVALID);
        }
        Ok(Agreement { x963: hash.map(|hash| (hash, shared.to_vec())), public })
    }

    fn required(&self) -> Done<Reader<'a>> {
        match self.parameter {
            Some(parameter) => Ok(Reader::new(parameter)),
            None => stop(Rv::MECHANISM_PARAM_INVALID),
        }
    }

    fn cipher(&self, algorithm: Algorithm, mode: Mode, padding: Padding) -> Done<Meaning> {
        let mut meaning = Meaning {
            parameters: CryptographicParameters {
                cryptographic_algorithm: Some(algorithm),
                block_cipher_mode: Some(mode),
                padding_method: matches!(mode, Mode::CBC | Mode::ECB).then_some(padding),
                ..NOTHING
            },
            iv: None,
            aad: None,
        };
        let read = match mode {
            Mode::ECB => return Ok(meaning),
            Mode::CTR => self.required()?.counter(),
            Mode::GCM => self.gcm(&mut meaning),
            _ => self.required()?.initialization_vector(),
        };
        // A parameter that cannot be read is a wrong one, not a wrong call.
        match read {
            Ok(iv) => meaning.iv = Some(iv.to_vec()),
            Err(_) => return stop(Rv::MECHANISM_PARAM_INVALID),
        }
        Ok(meaning)
    }

    /// `CK_GCM_PARAMS`: the vector, its bits, additional data, bits of the tag.
    fn gcm(&self, meaning: &mut Meaning) -> Done<&'a [u8]> {
        let read = |wide: bool| -> Done<(&'a [u8], &'a [u8], u64)> {
            let mut reader = self.required()?;
            let number = |reader: &mut Reader<'a>| if wide { reader.ulong() } else { reader.count().map(|n| n as u64) };
            let iv = reader.octets()?;
            number(&mut reader)?;
            let aad = reader.octets()?;
            let tag_bits = number(&mut reader)?;
            reader.finish()?;
            Ok((iv, aad, tag_bits))
        };
        let (iv, aad, tag_bits) = read(true).or_else(|_| read(false))?;
        if !tag_bits.is_multiple_of(8) {
            return stop(Rv::MECHANISM_PARAM_INVALID);
        }
        meaning.parameters.tag_length = i32::try_from(tag_bits / 8).ok();
        meaning.aad = Some(aad.to_vec());
        Ok(iv)
    }

    /// `CK_RSA_PKCS_OAEP_PARAMS`: hash, mask generator, kind of source, source.
    fn oaep(&self) -> Done<Meaning> {
        let mut reader = self.required()?;
        let (hash, mask) = (hash_of(reader.ulong()?)?, mask_of(reader.ulong()?)?);
        reader.ulong()?;
        let source = if reader.left() == 0 { &[] } else { reader.octets()? };
        let parameters = CryptographicParameters {
            padding_method: Some(Padding::OAEP),
            hashing_algorithm: Some(hash),
            mask_generator: Some(MaskGenerator::MGF1),
            mask_generator_hashing_algorithm: Some(mask),
            p_source: (!source.is_empty()).then(|| kmip_codec::value::ByteString::new(source)),
            ..NOTHING
        };
        Ok(Meaning { parameters, iv: None, aad: None })
    }

    /// `CK_RSA_PKCS_PSS_PARAMS`: hash, mask generator, length of the salt.
    fn pss(&self, hash: Hash) -> Done<Meaning> {
        let mut reader = self.required()?;
        let (named, mask) = (hash_of(reader.ulong()?)?, mask_of(reader.ulong()?)?);
        let salt = reader.ulong_or_count(0)?;
        if named != hash {
            return stop(Rv::MECHANISM_PARAM_INVALID);
        }
        let parameters = CryptographicParameters {
            padding_method: Some(Padding::PSS),
            hashing_algorithm: Some(hash),
            mask_generator: Some(MaskGenerator::MGF1),
            mask_generator_hashing_algorithm: Some(mask),
            salt_length: i32::try_from(salt).ok(),
            ..NOTHING
        };
        Ok(Meaning { parameters, iv: None, aad: None })
    }
}

impl<'a> Reader<'a> {
    /// `CK_AES_CTR_PARAMS`: bits of the counter, which are all of the block here, and the block.
    fn counter(mut self) -> Done<&'a [u8]> {
        let bits = self.ulong_or_count(16)?;
        let block = self.take(16)?;
        self.finish()?;
        if bits == 128 { Ok(block) } else { stop(Rv::MECHANISM_PARAM_INVALID) }
    }

    /// Octets with their number before them, or nothing but them.
    fn initialization_vector(mut self) -> Done<&'a [u8]> {
        let all = self.left();
        if matches!(all, 8 | 16) {
            return self.take(all);
        }
        let iv = self.octets()?;
        self.finish()?;
        Ok(iv)
    }
}

fn hash_of(id: u64) -> Done<Hash> {
    let found = HASHES.iter().find(|(mechanism, _, _)| *mechanism == id);
    found.map_or_else(|| stop(Rv::MECHANISM_PARAM_INVALID), |(_, _, hash)| Ok(*hash))
}

fn mask_of(id: u64) -> Done<Hash> {
    let found = HASHES.iter().find(|(_, mask, _)| *mask == id);
    found.map_or_else(|| stop(Rv::MECHANISM_PARAM_INVALID), |(_, _, hash)| Ok(*hash))
}
