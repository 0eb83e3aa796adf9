//! Key Material (KMIP 2.1 §3.3): bytes, or one of the Transparent structures.

use crate::error::Result;
use crate::macros::record;
use crate::registry::{ItemType, KeyFormatType, RecommendedCurve, Tag};
use crate::secret::Secret;
use crate::value::{BigInteger, ByteString, SecretInteger, Value, ValueBy};
use crate::wire::{Sink, Source};

/// Key Material.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyMaterial {
    /// Bytes in the format that Key Format Type names.
    Bytes(Secret),
    /// Numbers by name.
    Transparent(Box<TransparentKey>),
}

impl ValueBy for KeyMaterial {
    type By = KeyFormatType;

    fn put_by(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::Bytes(bytes) => bytes.put(tag, sink),
            Self::Transparent(key) => key.put_by(tag, sink),
        }
    }

    fn take_by(format: KeyFormatType, source: &mut dyn Source) -> Result<Self> {
        if source.item_type() == ItemType::ByteString {
            return Secret::take(source).map(Self::Bytes);
        }
        TransparentKey::take_by(format, source).map(Box::new).map(Self::Transparent)
    }
}

crate::macros::union! {
    /// A key as numbers.
    TransparentKey by KeyFormatType {
        Symmetric(TransparentSymmetricKey) = KeyFormatType::TransparentSymmetricKey,
        DsaPrivate(TransparentDsaPrivateKey) = KeyFormatType::TransparentDSAPrivateKey,
        DsaPublic(TransparentDsaPublicKey) = KeyFormatType::TransparentDSAPublicKey,
        RsaPrivate(TransparentRsaPrivateKey) = KeyFormatType::TransparentRSAPrivateKey,
        RsaPublic(TransparentRsaPublicKey) = KeyFormatType::TransparentRSAPublicKey,
        DhPrivate(TransparentDhPrivateKey) = KeyFormatType::TransparentDHPrivateKey,
        DhPublic(TransparentDhPublicKey) = KeyFormatType::TransparentDHPublicKey,
        EcdsaPrivate(TransparentEcPrivateKey) = KeyFormatType::TransparentECDSAPrivateKey,
        EcdsaPublic(TransparentEcPublicKey) = KeyFormatType::TransparentECDSAPublicKey,
        EcdhPrivate(TransparentEcPrivateKey) = KeyFormatType::TransparentECDHPrivateKey,
        EcdhPublic(TransparentEcPublicKey) = KeyFormatType::TransparentECDHPublicKey,
        EcmqvPrivate(TransparentEcPrivateKey) = KeyFormatType::TransparentECMQVPrivateKey,
        EcmqvPublic(TransparentEcPublicKey) = KeyFormatType::TransparentECMQVPublicKey,
        EcPrivate(TransparentEcPrivateKey) = KeyFormatType::TransparentECPrivateKey,
        EcPublic(TransparentEcPublicKey) = KeyFormatType::TransparentECPublicKey,
    }
}

record! {
    /// Transparent Symmetric Key (KMIP 2.1 §3.3.1).
    TransparentSymmetricKey "Key Material (Transparent Symmetric Key)" {
        key: Secret = tag(Key),
    }

    /// Transparent DSA Private Key (KMIP 2.1 §3.3.2).
    TransparentDsaPrivateKey "Key Material (Transparent DSA Private Key)" {
        p: BigInteger = tag(P),
        q: BigInteger = tag(Q),
        g: BigInteger = tag(G),
        x: SecretInteger = tag(X),
    }

    /// Transparent DSA Public Key (KMIP 2.1 §3.3.3).
    TransparentDsaPublicKey "Key Material (Transparent DSA Public Key)" {
        p: BigInteger = tag(P),
        q: BigInteger = tag(Q),
        g: BigInteger = tag(G),
        y: BigInteger = tag(Y),
    }

    /// Transparent RSA Private Key (KMIP 2.1 §3.3.4).
    TransparentRsaPrivateKey "Key Material (Transparent RSA Private Key)" {
        modulus: BigInteger = tag(Modulus),
        private_exponent: Option<SecretInteger> = tag(PrivateExponent),
        public_exponent: Option<BigInteger> = tag(PublicExponent),
        p: Option<SecretInteger> = tag(P),
        q: Option<SecretInteger> = tag(Q),
        prime_exponent_p: Option<SecretInteger> = tag(PrimeExponentP),
        prime_exponent_q: Option<SecretInteger> = tag(PrimeExponentQ),
        crt_coefficient: Option<SecretInteger> = tag(CRTCoefficient),
    }

    /// Transparent RSA Public Key (KMIP 2.1 §3.3.5).
    TransparentRsaPublicKey "Key Material (Transparent RSA Public Key)" {
        modulus: BigInteger = tag(Modulus),
        public_exponent: BigInteger = tag(PublicExponent),
    }

    /// Transparent DH Private Key (KMIP 2.1 §3.3.6).
    TransparentDhPrivateKey "Key Material (Transparent DH Private Key)" {
        p: BigInteger = tag(P),
        q: Option<BigInteger> = tag(Q),
        g: BigInteger = tag(G),
        j: Option<BigInteger> = tag(J),
        x: SecretInteger = tag(X),
    }

    /// Transparent DH Public Key (KMIP 2.1 §3.3.7).
    TransparentDhPublicKey "Key Material (Transparent DH Public Key)" {
        p: BigInteger = tag(P),
        q: Option<BigInteger> = tag(Q),
        g: BigInteger = tag(G),
        j: Option<BigInteger> = tag(J),
        y: BigInteger = tag(Y),
    }

    /// Transparent EC Private Key (KMIP 2.1 §3.3.8), and its three deprecated forms of 1.x.
    TransparentEcPrivateKey "Key Material (Transparent EC Private Key)" {
        recommended_curve: RecommendedCurve = tag(RecommendedCurve),
        d: SecretInteger = tag(D),
    }

    /// Transparent EC Public Key (KMIP 2.1 §3.3.9), and its three deprecated forms of 1.x.
    TransparentEcPublicKey "Key Material (Transparent EC Public Key)" {
        recommended_curve: RecommendedCurve = tag(RecommendedCurve),
        q_string: ByteString = tag(QString),
    }
}
