//! How Derive Key works (KMIP 1.4 §4.6, §9.1.3.2.21; KMIP 2.1 §6.1.14, §7.12, §11.14): method and Derivation Parameters to a
//! derivation of the vault.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::operation::derive_key::DerivationParameters;
use kmip_codec::registry::{BlockCipherMode, CryptographicAlgorithm, DerivationMethod};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use super::cipher::{Call, Iv};
use super::parameters::{bad, block_cipher, effective, hash_or, hmac, required_hash, unsupported};
use crate::error::{OpError, OpResult};
use crate::object::Record;
use crate::ports::crypto::{Cryptography, Derivation, Hash, KbkdfMode, Key, Mac, Prf};

/// A derivation with what it needs, held so that the vault can borrow it.
pub(crate) struct Plan {
    method: Method,
    data: Option<Secret>,
    salt: Vec<u8>,
    iv: Vec<u8>,
}

enum Method {
    Pbkdf2 { hash: Hash, iterations: u32 },
    Hash(Hash),
    Hmac(Hash),
    Encrypt(Call),
    Kbkdf(KbkdfMode, Prf),
    Hkdf(Hash),
    Agreement { public: Vec<u8> },
}

/// What a derivation starts from, beside the parameters.
pub(crate) struct Inputs<'a> {
    /// The derivation key: secret data for PBKDF2, a private key for key agreement.
    pub key: &'a Record,
    /// Its algorithm.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Derivation Data, of the request or of a Secret Data object.
    pub data: Option<Secret>,
    /// `SubjectPublicKeyInfo` of the other party of a key agreement.
    pub public: Option<Vec<u8>>,
}

impl Plan {
    /// Chooses the derivation.
    pub fn new(method: DerivationMethod, parameters: &DerivationParameters, inputs: Inputs<'_>) -> OpResult<Self> {
        let bytes = |field: &Option<ByteString>| field.as_ref().map(|f| f.as_slice().to_vec()).unwrap_or_default();
        let (salt, iv) = (bytes(&parameters.salt), bytes(&parameters.initialization_vector));
        let own = effective(parameters.cryptographic_parameters.as_deref(), inputs.key);
        let named = hash_of(inputs.algorithm, own);
        let method = match method {
            DerivationMethod::PBKDF2 => pbkdf2(parameters, own)?,
            DerivationMethod::HASH => Method::Hash(required_hash(own)?),
            // The text gives HMAC no Salt. PyKMIP sends one and means extract and expand (RFC 5869).
            DerivationMethod::HMAC if parameters.salt.is_some() => {
                Method::Hkdf(named.unwrap_or_else(|| required_hash(own))?)
            }
            DerivationMethod::HMAC => Method::Hmac(named.unwrap_or_else(|| required_hash(own))?),
            DerivationMethod::ENCRYPT => Method::Encrypt(encryption(inputs.algorithm, own, &iv)?),
            DerivationMethod::NIST800_108_C => Method::Kbkdf(KbkdfMode::Counter, prf(inputs.algorithm, own)?),
            DerivationMethod::NIST800_108_F => Method::Kbkdf(KbkdfMode::Feedback, prf(inputs.algorithm, own)?),
            DerivationMethod::NIST800_108_DPI => Method::Kbkdf(KbkdfMode::DoublePipeline, prf(inputs.algorithm, own)?),
            DerivationMethod::HKDF => Method::Hkdf(hash_or(own.hashing_algorithm, Hash::Sha256)?),
            DerivationMethod::AsymmetricKey => match inputs.public {
                Some(public) => Method::Agreement { public },
                None => return bad("key agreement needs a private and a public key"),
            },
            other => return unsupported(format!("the Derivation Method {other}")),
        };
        let plan = Self { method, data: inputs.data, salt, iv };
        plan.check_data()?;
        Ok(plan)
    }

    /// "Most derivation methods require a derivation key and the derivation data" (KMIP 2.1 §7.12).
    fn check_data(&self) -> OpResult<()> {
        let needs = matches!(self.method, Method::Hmac(_) | Method::Encrypt(_) | Method::Kbkdf(..));
        let takes = needs || matches!(self.method, Method::Hash(_) | Method::Hkdf(_));
        match &self.data {
            None if needs => bad("the Derivation Method needs Derivation Data"),
            Some(_) if !takes => bad("the Derivation Method takes no Derivation Data"),
            _ => Ok(()),
        }
    }

    /// Whether the work is long by the client's choice.
    pub fn is_long(&self) -> bool {
        matches!(self.method, Method::Pbkdf2 { .. })
    }

    /// The derivation in the terms of the vault.
    pub fn derivation(&self) -> Derivation<'_> {
        let data = self.data.as_ref().map(Secret::expose_secret).unwrap_or_default();
        match &self.method {
            Method::Pbkdf2 { hash, iterations } => {
                Derivation::Pbkdf2 { hash: *hash, salt: &self.salt, iterations: *iterations }
            }
            Method::Hash(hash) => Derivation::Hash { hash: *hash, data },
            Method::Hmac(hash) => Derivation::Hmac { hash: *hash, data },
            Method::Encrypt(call) => Derivation::Encrypt { encryption: call.encryption(), data },
            Method::Kbkdf(mode, prf) => Derivation::Kbkdf { mode: *mode, prf: *prf, data, iv: &self.iv },
            Method::Hkdf(hash) => Derivation::Hkdf { hash: *hash, salt: &self.salt, info: data },
            Method::Agreement { public } => Derivation::Agreement { public },
        }
    }
}

/// PBKDF2: Salt and Iteration Count are required; HMAC with SHA-1 unless the parameters say otherwise (RFC 8018 §B.1).
fn pbkdf2(parameters: &DerivationParameters, own: &CryptographicParameters) -> OpResult<Method> {
    if parameters.salt.is_none() {
        return bad("PBKDF2 needs a Salt");
    }
    let iterations = parameters.iteration_count.map(u32::try_from);
    let Some(Ok(iterations @ 1..)) = iterations else { return bad("PBKDF2 needs an Iteration Count of 1 or more") };
    let hash = hash_of(None, own).unwrap_or(Ok(Hash::Sha1))?;
    Ok(Method::Pbkdf2 { hash, iterations })
}

/// The hash of an HMAC: that of the key; else the algorithm, else the hash, that the parameters name.
fn hash_of(key: Option<CryptographicAlgorithm>, own: &CryptographicParameters) -> Option<OpResult<Hash>> {
    key.and_then(hmac)
        .or_else(|| own.cryptographic_algorithm.and_then(hmac))
        .map(Ok)
        .or_else(|| own.hashing_algorithm.map(|name| hash_or(Some(name), Hash::Sha1)))
}

/// The Initialization Vector of the request; "an empty IV is assumed if not provided" (KMIP 2.1 §7.12).
fn encryption(algorithm: Option<CryptographicAlgorithm>, own: &CryptographicParameters, iv: &[u8]) -> OpResult<Call> {
    let call = Call::new(algorithm, own, Iv::Given(iv), None)?;
    if call.is_authenticated() {
        return bad("keys are not derived with an authenticated cipher");
    }
    Ok(call)
}

fn prf(algorithm: Option<CryptographicAlgorithm>, own: &CryptographicParameters) -> OpResult<Prf> {
    if own.block_cipher_mode == Some(BlockCipherMode::CMAC) {
        return match own.cryptographic_algorithm.or(algorithm).and_then(block_cipher) {
            Some(cipher) => Ok(Prf::Cmac(cipher)),
            None => bad("CMAC needs the key of a block cipher"),
        };
    }
    match hash_of(algorithm, own) {
        Some(hash) => hash.map(Prf::Hmac),
        None => bad("the parameters name no pseudorandom function"),
    }
}

/// AWS Signature Version 4 (KMIP 2.1 §7.12): Derivation Data is Date, Region and Service. The key is derived step by step.
pub(crate) fn aws_signature(vault: &dyn Cryptography, key: &Secret, data: &[Secret]) -> OpResult<Secret> {
    let [date, region, service] = data else {
        return bad("AWS Signature Version 4 needs the Date, the Region and the Service as Derivation Data");
    };
    let prefix = b"AWS4";
    let first = Secret::init_with(prefix.len().saturating_add(key.len()), |out| {
        out.iter_mut().zip(prefix.iter().chain(key.expose_secret())).for_each(|(to, from)| *to = *from);
        Ok::<(), OpError>(())
    })?;
    let steps = [date.expose_secret(), region.expose_secret(), service.expose_secret(), b"aws4_request"];
    steps.iter().try_fold(first, |key, step| {
        let made = vault.mac(Key::Clear(&key), &Mac::Hmac(Hash::Sha256), step)?;
        Ok(Secret::from_zeroizing(zeroize::Zeroizing::new(made)))
    })
}

/// The key derivation of ANSI X9.63 (SEC 1 §3.6.1): hashes of a shared secret, a counter and what both parties know.
pub(crate) fn x963(
    vault: &dyn Cryptography,
    hash: Hash,
    secret: &Secret,
    shared: &[u8],
    length: usize,
) -> OpResult<Secret> {
    let block = |counter: u32, bytes: usize| {
        let data = [&counter.to_be_bytes(), shared].concat();
        vault.derive(Some(Key::Clear(secret)), &Derivation::Hash { hash, data: &data }, bytes)
    };
    Secret::init_with(length, |out| {
        for (counter, part) in (1_u32..).zip(out.chunks_mut(hash.length())) {
            part.copy_from_slice(block(counter, part.len())?.expose_secret());
        }
        Ok::<(), OpError>(())
    })
}
