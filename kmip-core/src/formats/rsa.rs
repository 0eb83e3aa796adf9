//! RSA keys: PKCS#1 (RFC 8017 §A.1), PKCS#8, X.509 and transparent (KMIP 2.1 §3.7, §3.8).

use super::asn1::{self, big_integer, secret_integer, secret_uint, uint};
use super::key::{Key, transparent};
use super::natural::Natural;
use super::{FormatError, Result, malformed, not_supported};
use der::asn1::{AnyRef, ObjectIdentifier};
use kmip_codec::object::key_material::{TransparentRsaPrivateKey, TransparentRsaPublicKey};
use kmip_codec::object::{KeyMaterial, TransparentKey};
use kmip_codec::registry::KeyFormatType;
use kmip_codec::secret::Secret;
use kmip_codec::value::{BigInteger, SecretInteger};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};

/// `rsaEncryption`.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Longest modulus, in bits, whose missing numbers are computed.
const MAX_COMPUTED_BITS: u32 = 8192;
/// Longest modulus, in bits, whose factors are searched with the private exponent: about 0.1 s of work for a sound key, and
/// never more than a few seconds.
const MAX_FACTORED_BITS: u32 = 4096;

/// Public exponents to try for a key that was registered without its own.
const USUAL_EXPONENTS: [u32; 4] = [65_537, 3, 17, 5];

/// Reads `RSAPrivateKey`.
pub(super) fn read_private(der: &[u8]) -> Result<Key> {
    let key: RsaPrivateKeyRef<'_> = asn1::decode(der, "the Key Material is not a PKCS#1 RSA private key")?;
    if key.other_prime_infos.is_some() {
        return not_supported("an RSA key of more than two primes can only be returned as registered");
    }
    Ok(Key::RsaPrivate(TransparentRsaPrivateKey {
        modulus: big_integer(key.modulus),
        private_exponent: Some(secret_integer(key.private_exponent)),
        public_exponent: Some(big_integer(key.public_exponent)),
        p: Some(secret_integer(key.prime1)),
        q: Some(secret_integer(key.prime2)),
        prime_exponent_p: Some(secret_integer(key.exponent1)),
        prime_exponent_q: Some(secret_integer(key.exponent2)),
        crt_coefficient: Some(secret_integer(key.coefficient)),
    }))
}

/// Reads a transparent private key. It needs a private number (KMIP 2.1 §3.7); any one tells the rest.
pub(super) fn read_transparent_private(key: &TransparentRsaPrivateKey) -> Result<Key> {
    let private = [&key.private_exponent, &key.p, &key.q, &key.prime_exponent_p, &key.prime_exponent_q];
    if private.iter().all(|number| number.is_none()) {
        return malformed("an RSA private key needs its Private Exponent, a prime or a prime exponent");
    }
    Ok(Key::RsaPrivate(key.clone()))
}

/// Reads `RSAPublicKey`.
pub(super) fn read_public(der: &[u8]) -> Result<Key> {
    let key: RsaPublicKeyRef<'_> = asn1::decode(der, "the Key Material is not a PKCS#1 RSA public key")?;
    let (modulus, public_exponent) = (big_integer(key.modulus), big_integer(key.public_exponent));
    Ok(Key::RsaPublic(TransparentRsaPublicKey { modulus, public_exponent }))
}

/// Writes a private key.
pub(super) fn write_private(key: TransparentRsaPrivateKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::TransparentRSAPrivateKey => Ok(transparent(TransparentKey::RsaPrivate(key))),
        KeyFormatType::PKCS_1 => pkcs1_of(key).map(KeyMaterial::Bytes),
        KeyFormatType::PKCS_8 => asn1::make_pkcs8(OID, Some(AnyRef::NULL), pkcs1_of(key)?.expose_secret()),
        _ => not_supported("an RSA private key has only the PKCS#1, PKCS#8 and Transparent RSA Private Key formats"),
    }
}

/// Writes a public key.
pub(super) fn write_public(key: TransparentRsaPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    let pkcs1 = |key: &TransparentRsaPublicKey| {
        asn1::encode(&RsaPublicKeyRef { modulus: uint(&key.modulus)?, public_exponent: uint(&key.public_exponent)? })
    };
    match to {
        KeyFormatType::TransparentRSAPublicKey => Ok(transparent(TransparentKey::RsaPublic(key))),
        KeyFormatType::PKCS_1 => pkcs1(&key).map(|der| asn1::bytes(&der)),
        KeyFormatType::X_509 => asn1::make_spki(OID, Some(AnyRef::NULL), &pkcs1(&key)?),
        _ => not_supported("an RSA public key has only the PKCS#1, X.509 and Transparent RSA Public Key formats"),
    }
}

/// The public key of a private one.
pub(super) fn public_of(key: TransparentRsaPrivateKey) -> Result<TransparentRsaPublicKey> {
    let key = if key.public_exponent.is_some() { key } else { completed(key)? };
    match key {
        TransparentRsaPrivateKey { modulus, public_exponent: Some(public_exponent), .. } => {
            Ok(TransparentRsaPublicKey { modulus, public_exponent })
        }
        _ => not_supported(NO_EXPONENT),
    }
}

fn pkcs1_of(key: TransparentRsaPrivateKey) -> Result<Secret> {
    let key = completed(key)?;
    let (
        TransparentRsaPrivateKey { modulus, .. },
        (Some(private_exponent), Some(public_exponent), Some(p), Some(q)),
        (Some(exponent_p), Some(exponent_q), Some(coefficient)),
    ) = (
        &key,
        (&key.private_exponent, &key.public_exponent, &key.p, &key.q),
        (&key.prime_exponent_p, &key.prime_exponent_q, &key.crt_coefficient),
    )
    else {
        return not_supported(NO_EXPONENT);
    };
    asn1::encode_secret(&RsaPrivateKeyRef {
        modulus: uint(modulus)?,
        public_exponent: uint(public_exponent)?,
        private_exponent: secret_uint(private_exponent)?,
        prime1: secret_uint(p)?,
        prime2: secret_uint(q)?,
        exponent1: secret_uint(exponent_p)?,
        exponent2: secret_uint(exponent_q)?,
        coefficient: secret_uint(coefficient)?,
        other_prime_infos: None,
    })
}

const NO_EXPONENT: &str = "the RSA key was registered without a public exponent, and the rest does not tell it";
const INCONSISTENT: FormatError = FormatError::Malformed("the numbers of the RSA key contradict each other");

/// What is known of a private key.
struct Known {
    modulus: Natural,
    public_exponent: Option<Natural>,
    private_exponent: Option<Natural>,
    p: Option<Natural>,
    q: Option<Natural>,
    exponent_p: Option<Natural>,
    exponent_q: Option<Natural>,
    coefficient: Option<Natural>,
}

impl Known {
    fn new(key: &TransparentRsaPrivateKey) -> Result<Self> {
        let modulus = Natural::from_be(asn1::magnitude(&key.modulus)?);
        let bounded = |magnitude: &[u8]| {
            Some(Natural::from_be(magnitude)).filter(|number| number.bits() <= modulus.bits()).ok_or(INCONSISTENT)
        };
        let public = |number: &BigInteger| asn1::magnitude(number).and_then(bounded);
        let secret = |number: &Option<SecretInteger>| {
            number.as_ref().map(|number| asn1::secret_magnitude(number).and_then(bounded)).transpose()
        };
        Ok(Self {
            public_exponent: key.public_exponent.as_ref().map(public).transpose()?,
            private_exponent: secret(&key.private_exponent)?,
            p: secret(&key.p)?,
            q: secret(&key.q)?,
            exponent_p: secret(&key.prime_exponent_p)?,
            exponent_q: secret(&key.prime_exponent_q)?,
            coefficient: secret(&key.crt_coefficient)?,
            modulus,
        })
    }

    /// Both primes: given, by division, or by factoring with a secret exponent.
    fn primes(&self) -> Result<(Natural, Natural)> {
        let other = |prime: &Natural| self.modulus.divided_exactly_by(prime).ok_or(INCONSISTENT);
        let (p, q) = match (&self.p, &self.q) {
            (Some(p), Some(q)) => (p.clone(), q.clone()),
            (Some(p), None) => (p.clone(), other(p)?),
            (None, Some(q)) => (other(q)?, q.clone()),
            (None, None) => self.factored()?,
        };
        let proper = p.bits() > 1 && q.bits() > 1 && p.times(&q) == self.modulus;
        if proper { Ok((p, q)) } else { Err(INCONSISTENT) }
    }

    /// The primes, found with the private exponent or with one of the prime exponents. The one whose prime exponent
    /// is given comes first (or second, for Q).
    fn factored(&self) -> Result<(Natural, Natural)> {
        if self.modulus.bits() > MAX_FACTORED_BITS {
            return not_supported("the RSA modulus is too long to find the missing prime factors");
        }
        let secret = self.exponent_p.as_ref().or(self.exponent_q.as_ref()).or(self.private_exponent.as_ref());
        let Some(secret) = secret else {
            return malformed("an RSA private key needs its Private Exponent, or P and Q, or both prime exponents");
        };
        let given = self.public_exponent.as_ref().map(|exponent| vec![exponent.clone()]);
        let exponents = given.unwrap_or_else(|| USUAL_EXPONENTS.map(Natural::small).to_vec());
        let found = exponents.iter().find_map(|exponent| factor(&self.modulus, exponent, secret));
        let (p, q) = match found {
            Some(factor) => (factor.clone(), self.modulus.divided_exactly_by(&factor).ok_or(INCONSISTENT)?),
            None if self.public_exponent.is_some() => return Err(INCONSISTENT),
            None => return not_supported(NO_EXPONENT),
        };
        Ok(if self.fits(&p, &q, &exponents) { (p, q) } else { (q, p) })
    }

    /// Whether the prime exponents and the coefficient that are given belong to the primes in this order.
    fn fits(&self, p: &Natural, q: &Natural, exponents: &[Natural]) -> bool {
        let belongs = |prime: &Natural, exponent: &Option<Natural>| {
            exponent.as_ref().is_none_or(|secret| exponents.iter().any(|public| inverse(public, secret, prime)))
        };
        let coefficient = self.coefficient.as_ref();
        belongs(p, &self.exponent_p)
            && belongs(q, &self.exponent_q)
            && coefficient.is_none_or(|coefficient| coefficient.times(q).modulo(p) == Some(Natural::small(1)))
    }

    /// The public exponent: given, or the inverse of a secret one.
    fn exponent(&self, p: &Natural, q: &Natural) -> Result<Natural> {
        if let Some(exponent) = &self.public_exponent {
            return Ok(exponent.clone());
        }
        let inverse = |secret: &Option<Natural>, modulus: Option<Natural>| {
            secret.as_ref().zip(modulus).and_then(|(secret, modulus)| secret.inverse_modulo(&modulus))
        };
        inverse(&self.private_exponent, period(p, q))
            .or_else(|| inverse(&self.exponent_p, p.less_one()))
            .or_else(|| inverse(&self.exponent_q, q.less_one()))
            .ok_or(FormatError::NotSupported(NO_EXPONENT))
    }
}

/// Whether the primes of a private key must be found, which takes up to seconds.
pub(super) fn lacks_primes(key: &TransparentRsaPrivateKey) -> bool {
    key.p.is_none() && key.q.is_none()
}

/// Fills in the numbers that a private key lacks, and refuses one whose numbers contradict each other.
fn completed(key: TransparentRsaPrivateKey) -> Result<TransparentRsaPrivateKey> {
    let full =
        [&key.private_exponent, &key.p, &key.q, &key.prime_exponent_p, &key.prime_exponent_q, &key.crt_coefficient]
            .into_iter()
            .all(Option::is_some);
    if full && key.public_exponent.is_some() {
        return Ok(key);
    }
    let known = Known::new(&key)?;
    if known.modulus.bits() > MAX_COMPUTED_BITS {
        return not_supported("the RSA modulus is too long to compute the missing numbers");
    }
    let (p, q) = known.primes()?;
    let e = known.exponent(&p, &q)?;
    let d = match &known.private_exponent {
        Some(d) => Some(d.clone()),
        None => period(&p, &q).and_then(|period| e.inverse_modulo(&period)),
    };
    let d = d.filter(|d| inverse(&e, d, &p) && inverse(&e, d, &q)).ok_or(INCONSISTENT)?;
    let exponent = |prime: &Natural| prime.less_one().and_then(|less| d.modulo(&less)).ok_or(INCONSISTENT);
    let (exponent_p, exponent_q) = (exponent(&p)?, exponent(&q)?);
    let agrees = |given: &Option<Natural>, computed: &Natural| given.as_ref().is_none_or(|given| given == computed);
    let coefficient = q.inverse_modulo(&p).ok_or(INCONSISTENT)?;
    let given =
        [(&known.exponent_p, &exponent_p), (&known.exponent_q, &exponent_q), (&known.coefficient, &coefficient)];
    if !given.into_iter().all(|(given, computed)| agrees(given, computed)) {
        return Err(INCONSISTENT);
    }
    let secret = |number: &Natural| Some(SecretInteger::from_unsigned(&number.to_be()));
    Ok(TransparentRsaPrivateKey {
        modulus: key.modulus,
        private_exponent: secret(&d),
        public_exponent: Some(BigInteger::from_unsigned(&e.to_be())),
        p: secret(&p),
        q: secret(&q),
        prime_exponent_p: secret(&exponent_p),
        prime_exponent_q: secret(&exponent_q),
        crt_coefficient: secret(&coefficient),
    })
}

/// The least common multiple of p - 1 and q - 1.
fn period(p: &Natural, q: &Natural) -> Option<Natural> {
    p.less_one()?.lcm(&q.less_one()?)
}

/// Whether two exponents undo each other modulo a prime.
fn inverse(public: &Natural, secret: &Natural, prime: &Natural) -> bool {
    let Some(less) = prime.less_one() else { return false };
    public.times(secret).modulo(&less) == Natural::small(1).modulo(&less)
}

/// A proper factor of `n`, given exponents that undo each other modulo one of its primes or both.
///
/// `k = e * d - 1` is a multiple of `p - 1`: among `a^(k / 2^i)` there is, for at least half of all `a`, one that is 1
/// modulo one prime only (NIST SP 800-56B rev. 2, appendix C.1, with fixed bases).
fn factor(n: &Natural, e: &Natural, d: &Natural) -> Option<Natural> {
    const BASES: [u32; 24] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89];
    const MAX_HALVINGS: u32 = 32;
    let k = e.times(d).less_one().filter(|k| k.bits() > 0)?;
    let halvings = k.trailing_zeros().min(MAX_HALVINGS);
    let odd = k.halved(halvings);
    for base in BASES {
        let mut power = Natural::small(base).power_modulo(&odd, n)?;
        for _ in 0..=halvings {
            let divisor = power.less_one().map_or_else(|| Natural::small(1), |less| less.gcd(n));
            if divisor == *n {
                break;
            }
            if !divisor.is_one() {
                return Some(divisor);
            }
            power = power.times(&power).modulo(n)?;
        }
        if !power.is_one() {
            return None;
        }
    }
    None
}
