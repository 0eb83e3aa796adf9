//! Which PKCS#11 mechanism does what, and how a refusal of a mechanism is told.
//!
//! | KMIP | mechanism | what stays in this process |
//! |---|---|---|
//! | AES in ECB and CBC mode | `CKM_AES_ECB`, `CKM_AES_CBC` | padding |
//! | AES in CTR mode | `CKM_AES_ECB` of the counter blocks | exclusive or |
//! | AES-GCM | `CKM_AES_GCM` | |
//! | NISTKeyWrap, AESKeyWrapPadding | `CKM_AES_KEY_WRAP`, `CKM_AES_KEY_WRAP_PAD` | |
//! | CMAC | `CKM_AES_CMAC` | |
//! | derivation by hash, Digest attribute | `CKM_SHA_1` … `CKM_SHA512` of the key | |
//! | derivation of NIST SP 800-108 | HMAC or CMAC for each block | modes, counter |
//! | HMAC with SHA-1 and SHA-2 | `CKM_SHA_1_HMAC` … `CKM_SHA512_HMAC` | |
//! | RSA PKCS#1 v1.5 signatures | `CKM_RSA_PKCS` of the DigestInfo | hash |
//! | RSASSA-PSS | `CKM_RSA_PKCS_PSS` of the digest | hash |
//! | RSA PKCS#1 v1.5 and OAEP decryption | `CKM_RSA_PKCS`, `CKM_RSA_PKCS_OAEP` | |
//! | ECDSA | `CKM_ECDSA` of the digest | hash, DER |
//! | ECDH | `CKM_ECDH1_DERIVE` | |
//!
//! Everything else is refused. A module may lack mechanisms, or do them with some parameters only: it is asked, and its
//! refusal is told with its own words.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use kmip_core::ports::crypto::{CryptoError, Hash, KeyWrap};
use kmip_core::ports::vault::VaultError;

use crate::pkcs11::trouble::Trouble;

/// A hash function in the terms of PKCS #11.
struct Row {
    digest: MechanismType,
    mask: PkcsMgfType,
    hmac: Mechanism<'static>,
    digests: Mechanism<'static>,
}

fn row(hash: Hash) -> Result<Row, CryptoError> {
    use Mechanism as M;
    let (digests, mask, hmac) = match hash {
        Hash::Sha1 => (M::Sha1, PkcsMgfType::MGF1_SHA1, M::Sha1Hmac),
        Hash::Sha224 => (M::Sha224, PkcsMgfType::MGF1_SHA224, M::Sha224Hmac),
        Hash::Sha256 => (M::Sha256, PkcsMgfType::MGF1_SHA256, M::Sha256Hmac),
        Hash::Sha384 => (M::Sha384, PkcsMgfType::MGF1_SHA384, M::Sha384Hmac),
        Hash::Sha512 => (M::Sha512, PkcsMgfType::MGF1_SHA512, M::Sha512Hmac),
        Hash::Sha512_224 | Hash::Sha512_256 | Hash::Sha3_224 | Hash::Sha3_256 | Hash::Sha3_384 | Hash::Sha3_512 => {
            return Err(unsupported(&format!("{hash:?}")));
        }
    };
    Ok(Row { digest: digests.mechanism_type(), mask, hmac, digests })
}

/// HMAC with a hash.
pub(super) fn hmac(hash: Hash) -> Result<Mechanism<'static>, CryptoError> {
    Ok(row(hash)?.hmac)
}

/// A hash.
pub(super) fn digest(hash: Hash) -> Result<Mechanism<'static>, CryptoError> {
    Ok(row(hash)?.digests)
}

/// RSASSA-PSS of a digest; without a length the salt is as long as a digest by the mask generator's hash.
pub(super) fn pss(hash: Hash, mask_hash: Hash, salt_length: Option<usize>) -> Result<Mechanism<'static>, CryptoError> {
    let row = row(hash)?;
    let salt = u64::try_from(salt_length.unwrap_or(mask_hash.length())).unwrap_or(u64::MAX);
    Ok(Mechanism::RsaPkcsPss(PkcsPssParams {
        hash_alg: row.digest,
        mgf: self::row(mask_hash)?.mask,
        s_len: salt.into(),
    }))
}

/// RSAES-OAEP.
pub(super) fn oaep(hash: Hash, mask_hash: Hash, label: &[u8]) -> Result<Mechanism<'_>, CryptoError> {
    // Some modules refuse the parameter of an empty label.
    let source = if label.is_empty() { PkcsOaepSource::empty() } else { PkcsOaepSource::data_specified(label) };
    Ok(Mechanism::RsaPkcsOaep(PkcsOaepParams::new(row(hash)?.digest, row(mask_hash)?.mask, source)))
}

/// AES key wrap.
pub(super) fn key_wrap(wrap: KeyWrap) -> Mechanism<'static> {
    match wrap {
        KeyWrap::Kw => Mechanism::AesKeyWrap,
        KeyWrap::Kwp => Mechanism::AesKeyWrapPad,
    }
}

/// The refusal of what no mechanism does.
pub(super) fn unsupported(what: &str) -> CryptoError {
    CryptoError::Unsupported(format!("{what} with a key that stays in a device"))
}

/// Sorts a failure of a call with a client's data: the module may lack the mechanism, or dislike the data.
pub(in crate::pkcs11) fn refused(error: Error) -> Trouble {
    let Error::Pkcs11(value, function) = &error else { return error.into() };
    let told = format!("C_{function:?}: {value:?}");
    match value {
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::ArgumentsBad
        | RvError::FunctionNotSupported
        | RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::KeyIndigestible
        | RvError::KeyNotWrappable
        | RvError::WrappingKeySizeRange
        | RvError::WrappingKeyTypeInconsistent => {
            Trouble::Refused(VaultError::Unsupported(format!("this on the device that has the key ({told})")))
        }
        RvError::DataInvalid
        | RvError::DataLenRange
        | RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange
        | RvError::DomainParamsInvalid => {
            Trouble::Refused(VaultError::BadInput(format!("the device refuses the data ({told})")))
        }
        // Modules answer so to a ciphertext that does not fit, too: a probe tells whose fault it is.
        RvError::GeneralError | RvError::FunctionFailed => Trouble::of_blob(error),
        _ => error.into(),
    }
}

/// What to tell a client of a refusal in a call with its data.
pub(super) fn told(error: VaultError) -> CryptoError {
    match error {
        VaultError::Unsupported(what) => CryptoError::Unsupported(what),
        VaultError::BadInput(what) => CryptoError::Data(what),
        VaultError::DoesNotOpen(_) => CryptoError::Data("the device refuses the data".to_owned()),
        other => CryptoError::Vault(other),
    }
}
