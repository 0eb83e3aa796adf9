//! The key of a cryptographic operation: whether it may be used so, and the form in which the vault takes it.

use std::sync::OnceLock;

use kmip_codec::inline::Text;
use kmip_codec::object::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType,
};
use kmip_codec::secret::Secret;

use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::containers::{self, Lock};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::formats::{self, FormatError};
use crate::material::{self, Bound, native_format};
use crate::object::{MaterialKind, Record, attribute_of};
use crate::ports::crypto::{Conversion, CryptoError, Key};
use crate::ports::post_quantum::PostQuantum;
use crate::ports::vault::Sealed;
use crate::txn::View;
use crate::{state, wrapping};

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Encrypt.
    Encrypt,
    /// Decrypt.
    Decrypt,
    /// Sign.
    Sign,
    /// Signature Verify.
    Verify,
    /// MAC.
    Mac,
    /// MAC Verify.
    MacVerify,
    /// Derive Key.
    Derive,
}

impl Use {
    fn mask(self) -> CryptographicUsageMask {
        match self {
            Self::Encrypt => CryptographicUsageMask::Encrypt,
            Self::Decrypt => CryptographicUsageMask::Decrypt,
            Self::Sign => CryptographicUsageMask::Sign,
            Self::Verify => CryptographicUsageMask::Verify,
            Self::Mac => CryptographicUsageMask::MACGenerate,
            Self::MacVerify => CryptographicUsageMask::MACVerify,
            Self::Derive => CryptographicUsageMask::DeriveKey,
        }
    }

    /// Whether the use protects data, rather than processing what is protected (KMIP 2.1 §4.57).
    fn protects(self) -> bool {
        matches!(self, Self::Encrypt | Self::Sign | Self::Mac)
    }

    fn takes(self, kind: ObjectType) -> bool {
        let symmetric = matches!(kind, ObjectType::SymmetricKey | ObjectType::SecretData);
        match self {
            Self::Encrypt => symmetric || matches!(kind, ObjectType::PublicKey | ObjectType::Certificate),
            Self::Decrypt => symmetric || kind == ObjectType::PrivateKey,
            Self::Sign => kind == ObjectType::PrivateKey,
            Self::Verify => matches!(kind, ObjectType::PublicKey | ObjectType::Certificate),
            Self::Mac | Self::MacVerify => symmetric,
            Self::Derive => symmetric || matches!(kind, ObjectType::PrivateKey | ObjectType::PublicKey),
        }
    }
}

/// The object with this identifier, if it may be used so now.
pub(crate) fn usable(context: &mut Context<'_>, id: &Text, purpose: Use) -> OpResult<View> {
    let view = context.txn.view(id)?;
    check(&view, purpose, context.now)?;
    Ok(view)
}

fn check(key: &Record, purpose: Use, now: i64) -> OpResult<()> {
    if !purpose.takes(key.object_type) {
        return fail(Fault::WrongObjectType, format!("a {} cannot be used for this", key.object_type));
    }
    state::must_be_online(key)?;
    if purpose == Use::Derive {
        state::may_derive(key, now)?;
    } else if purpose.protects() {
        state::may_protect(key, now)?;
    } else {
        state::may_process(key, now)?;
    }
    let mask = usage_mask(key);
    if !mask.intersects(purpose.mask() | CryptographicUsageMask::Unrestricted) {
        return fail(Fault::UsageMask, format!("the Cryptographic Usage Mask does not permit {purpose:?}"));
    }
    Ok(())
}

/// Whether the value of an object leaves only wrapped, or not at all (KMIP 2.1 §4.23, §4.55).
pub(crate) fn is_protected(record: &Record) -> bool {
    attribute_of!(record, Sensitive) == Some(&true) || attribute_of!(record, Extractable) == Some(&false)
}

/// Bits of an RSA key above which private-key work goes to a pool.
const QUICK_RSA_BITS: i32 = 3_072;

/// Lets slow private-key work wait for a pool.
pub(crate) fn pace(context: &Context<'_>, key: &Record) -> OpResult<()> {
    let bits = attribute_of!(key, CryptographicLength).copied().unwrap_or_default();
    let slow = match algorithm(key) {
        Some(CryptographicAlgorithm::RSA) => bits > QUICK_RSA_BITS,
        // From 20 ms to seconds.
        Some(other) => matches!(PostQuantum::named(other), Some(PostQuantum::SlhDsa(_))),
        None => false,
    };
    if slow && key.object_type == ObjectType::PrivateKey { context.txn.long_work() } else { Ok(()) }
}

/// The algorithm of a key.
pub(crate) fn algorithm(key: &Record) -> Option<CryptographicAlgorithm> {
    attribute_of!(key, CryptographicAlgorithm).copied()
}

/// A key in the form in which the vault takes it.
pub(crate) struct Prepared<'a> {
    bound: Bound<'a>,
    form: Form<'a>,
}

enum Form<'a> {
    Sealed(&'a Sealed),
    Converted(&'a Sealed, Converter),
    Clear(Secret),
    Public(Vec<u8>),
}

/// Makes raw bytes or PKCS#8 of what is sealed.
struct Converter {
    object_type: ObjectType,
    format: KeyFormatType,
    kind: MaterialKind,
    algorithm: Option<CryptographicAlgorithm>,
    /// Of a PKCS#12 container.
    lock: Option<Lock>,
}

impl Converter {
    fn convert(&self, secret: &Secret) -> OpResult<Secret> {
        if let Some(lock) = &self.lock {
            return lock.open(secret).map(|opened| opened.key).map_err(containers::refusal);
        }
        let unusable = |why: &str| OpError::from(CryptoError::Key(why.to_owned()));
        let material = material::read_material(self.kind, secret.clone(), self.format)
            .map_err(|_| unusable("the key material cannot be read"))?;
        let wanted = native_format(self.object_type);
        let converted = formats::convert(self.object_type, self.format, &material, wanted, self.algorithm);
        match converted {
            Ok(KeyMaterial::Bytes(bytes)) => Ok(bytes),
            Ok(KeyMaterial::Transparent(_)) => Err(unusable("the key has no form in bytes")),
            Err(FormatError::NotSupported(why) | FormatError::Malformed(why)) => Err(unusable(why)),
        }
    }
}

/// Whether material of a type and format is what the vault takes, as it is. Secret data is bytes in any format of bytes; a
/// key that may be of another format than its label says is read first.
fn is_native(object_type: ObjectType, format: KeyFormatType, algorithm: Option<CryptographicAlgorithm>) -> bool {
    let as_called = || formats::other_format(object_type, format, algorithm).is_none();
    object_type == ObjectType::SecretData || (format == native_format(object_type) && as_called())
}

impl<'a> Prepared<'a> {
    /// Prepares the key of a record.
    pub fn new(context: &mut Context<'_>, key: &'a Record) -> OpResult<Self> {
        let bound = Bound::of(key);
        if let Some(ManagedObject::Certificate(certificate)) = &key.object {
            if certificate.certificate_type != CertificateType::X_509 {
                return fail(Fault::WrongObjectType, "only X.509 certificates can be used");
            }
            let form = Form::Public(formats::certified_public_key(certificate.certificate_value.as_slice())?);
            return Ok(Self { bound, form });
        }
        let (Some(object), Some(material)) = (&key.object, &key.material) else {
            return fail(Fault::KeyValueMissing, "the server has no key value for this object");
        };
        let Some(block) = object.key_block() else {
            return fail(Fault::WrongObjectType, format!("a {} is not a key", key.object_type));
        };
        if key.object_type == ObjectType::PublicKey {
            let spki = self::material(context, key)?;
            return Ok(Self { bound, form: Form::Public(spki.expose_secret().to_vec()) });
        }
        if block.key_wrapping_data.is_some() {
            return Ok(Self { bound, form: Form::Clear(self::material(context, key)?) });
        }
        let (object_type, format, kind) = (key.object_type, block.key_format_type, material.kind);
        if kind == MaterialKind::Bytes && is_native(object_type, format, algorithm(key)) {
            return Ok(Self { bound, form: Form::Sealed(&material.sealed) });
        }
        let lock = match (object_type, format) {
            (ObjectType::PrivateKey, KeyFormatType::PKCS_12) => Some(Lock::of(context, key)?),
            _ => None,
        };
        // One that is held transparent may lack its primes, which are found first.
        if kind == MaterialKind::Transparent && algorithm(key) == Some(CryptographicAlgorithm::RSA) {
            context.txn.long_work()?;
        }
        let converter = Converter { object_type, format, kind, algorithm: algorithm(key), lock };
        Ok(Self { bound, form: Form::Converted(&material.sealed, converter) })
    }

    /// Calls the vault with the key.
    pub fn with<T>(&self, call: impl FnOnce(Key<'_>) -> Result<T, CryptoError>) -> OpResult<T> {
        let result = match &self.form {
            Form::Sealed(sealed) => call(Key::Sealed(sealed, self.bound.binding())),
            Form::Converted(sealed, converter) => {
                let refused = OnceLock::new();
                let convert = |secret: &Secret| {
                    converter.convert(secret).map_err(|error| {
                        let told = CryptoError::Key(error.message.clone());
                        let _ = refused.set(error);
                        told
                    })
                };
                let password = converter.lock.as_ref().map(Lock::password);
                let done =
                    call(Key::Converted(sealed, self.bound.binding(), Conversion { convert: &convert, password }));
                return done.map_err(|error| refused.into_inner().unwrap_or_else(|| error.into()));
            }
            Form::Clear(secret) => call(Key::Clear(secret)),
            Form::Public(spki) => call(Key::Public(spki)),
        };
        result.map_err(OpError::from)
    }
}

/// The material of a key in the clear, in the form in which the vault takes it: opened, unwrapped, converted.
pub(crate) fn material(context: &mut Context<'_>, key: &Record) -> OpResult<Secret> {
    let mut object = material::load(context.engine.vault.as_ref(), key)?;
    wrapping::unwrap(context, &mut object)?;
    let Some(block) = object.key_block_mut() else { return fail(Fault::WrongObjectType, "the object is not a key") };
    if formats::is_slow(block) {
        context.txn.long_work()?;
    }
    let format = block.key_format_type;
    let Some(KeyValue::Plain(value)) = block.key_value.take() else {
        return fail(Fault::KeyValueMissing, "the server has no key value for this object");
    };
    match value.key_material {
        KeyMaterial::Bytes(bytes) if is_native(key.object_type, format, algorithm(key)) => Ok(bytes),
        KeyMaterial::Bytes(container)
            if format == KeyFormatType::PKCS_12 && key.object_type == ObjectType::PrivateKey =>
        {
            Ok(Lock::of(context, key)?.open(&container).map_err(containers::refusal)?.key)
        }
        other => {
            match formats::convert(key.object_type, format, &other, native_format(key.object_type), algorithm(key))? {
                KeyMaterial::Bytes(bytes) => Ok(bytes),
                KeyMaterial::Transparent(_) => fail(Fault::KeyFormat, "the key has no form in bytes"),
            }
        }
    }
}
