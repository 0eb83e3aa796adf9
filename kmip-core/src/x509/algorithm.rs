//! Signature algorithms of X.509 as schemes of the vault, and back (RFC 3279, RFC 4055, RFC 5758, RFC 8410, RFC 9881, RFC 9909).

use der::asn1::{Any, AnyRef, ObjectIdentifier};
use pkcs1::RsaPssParams;
use spki::AlgorithmIdentifierRef;

use crate::ports::crypto::{Hash, Signing};
use crate::ports::post_quantum::PostQuantum;

/// What an object identifier of a signature algorithm says.
#[derive(Clone, Copy)]
enum Family {
    Rsa,
    Ecdsa,
    Dsa,
}

macro_rules! rows {
    ($($oid:literal $family:ident $hash:ident;)*) => {
        const ROWS: &[(ObjectIdentifier, Family, Hash)] =
            &[$((ObjectIdentifier::new_unwrap($oid), Family::$family, Hash::$hash)),*];
    };
}

rows! {
    "1.2.840.113549.1.1.5"    Rsa   Sha1;
    "1.2.840.113549.1.1.14"   Rsa   Sha224;
    "1.2.840.113549.1.1.11"   Rsa   Sha256;
    "1.2.840.113549.1.1.12"   Rsa   Sha384;
    "1.2.840.113549.1.1.13"   Rsa   Sha512;
    "1.2.840.113549.1.1.15"   Rsa   Sha512_224;
    "1.2.840.113549.1.1.16"   Rsa   Sha512_256;
    "2.16.840.1.101.3.4.3.13" Rsa   Sha3_224;
    "2.16.840.1.101.3.4.3.14" Rsa   Sha3_256;
    "2.16.840.1.101.3.4.3.15" Rsa   Sha3_384;
    "2.16.840.1.101.3.4.3.16" Rsa   Sha3_512;
    "1.2.840.10045.4.1"       Ecdsa Sha1;
    "1.2.840.10045.4.3.1"     Ecdsa Sha224;
    "1.2.840.10045.4.3.2"     Ecdsa Sha256;
    "1.2.840.10045.4.3.3"     Ecdsa Sha384;
    "1.2.840.10045.4.3.4"     Ecdsa Sha512;
    "2.16.840.1.101.3.4.3.9"  Ecdsa Sha3_224;
    "2.16.840.1.101.3.4.3.10" Ecdsa Sha3_256;
    "2.16.840.1.101.3.4.3.11" Ecdsa Sha3_384;
    "2.16.840.1.101.3.4.3.12" Ecdsa Sha3_512;
    "1.2.840.10040.4.3"       Dsa   Sha1;
    "2.16.840.1.101.3.4.3.1"  Dsa   Sha224;
    "2.16.840.1.101.3.4.3.2"  Dsa   Sha256;
}

macro_rules! hashes {
    ($($oid:literal $hash:ident;)*) => {
        const HASHES: &[(ObjectIdentifier, Hash)] = &[$((ObjectIdentifier::new_unwrap($oid), Hash::$hash)),*];
    };
}

hashes! {
    "1.3.14.3.2.26"          Sha1;
    "2.16.840.1.101.3.4.2.4" Sha224;
    "2.16.840.1.101.3.4.2.1" Sha256;
    "2.16.840.1.101.3.4.2.2" Sha384;
    "2.16.840.1.101.3.4.2.3" Sha512;
    "2.16.840.1.101.3.4.2.8" Sha3_256;
    "2.16.840.1.101.3.4.2.9" Sha3_384;
    "2.16.840.1.101.3.4.2.10" Sha3_512;
}

const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The scheme that a signature algorithm means; `None` for those that the server has no scheme for.
pub(crate) fn signing(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Signing> {
    if let Some((_, family, hash)) = ROWS.iter().find(|(oid, _, _)| *oid == algorithm.oid) {
        let hash = *hash;
        return Some(match family {
            Family::Rsa => Signing::RsaPkcs1 { hash },
            Family::Ecdsa => Signing::Ecdsa { hash },
            Family::Dsa => Signing::Dsa { hash },
        });
    }
    match algorithm.oid {
        RSASSA_PSS => pss(algorithm.parameters?),
        ED25519 => Some(Signing::Ed25519),
        oid => match PostQuantum::of_oid(oid)? {
            PostQuantum::MlDsa(set) => Some(Signing::MlDsa(set)),
            PostQuantum::SlhDsa(set) => Some(Signing::SlhDsa(set)),
            PostQuantum::MlKem(_) => None,
        },
    }
}

fn pss(parameters: AnyRef<'_>) -> Option<Signing> {
    let parameters: RsaPssParams<Any> = parameters.decode_as().ok()?;
    let hash_of = |oid| HASHES.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash);
    let mask_hash = parameters.mask_gen.parameters.filter(|_| parameters.mask_gen.oid == MGF1)?;
    Some(Signing::RsaPss {
        hash: hash_of(parameters.hash.oid)?,
        mask_hash: hash_of(mask_hash.oid)?,
        salt_length: Some(usize::from(parameters.salt_len)),
    })
}

/// How a scheme stands in what is signed with it. RSA has NULL parameters, the others none.
pub(crate) fn identifier(signing: &Signing) -> Option<AlgorithmIdentifierRef<'static>> {
    let find = |wanted: fn(&Family) -> bool, hash: Hash| {
        ROWS.iter().find(|(_, family, of)| wanted(family) && *of == hash).map(|(oid, _, _)| *oid)
    };
    let plain = |oid| AlgorithmIdentifierRef { oid, parameters: None };
    match *signing {
        Signing::RsaPkcs1 { hash } => find(|family| matches!(family, Family::Rsa), hash)
            .map(|oid| AlgorithmIdentifierRef { oid, parameters: Some(AnyRef::NULL) }),
        Signing::Ecdsa { hash } => find(|family| matches!(family, Family::Ecdsa), hash).map(plain),
        Signing::Ed25519 => Some(plain(ED25519)),
        Signing::MlDsa(set) => Some(plain(PostQuantum::MlDsa(set).row().oid)),
        Signing::SlhDsa(set) => Some(plain(PostQuantum::SlhDsa(set).row().oid)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::post_quantum::{MlDsa, SlhDsa};

    #[test]
    fn what_is_signed_with_is_read_back() {
        let schemes = [
            Signing::RsaPkcs1 { hash: Hash::Sha256 },
            Signing::Ecdsa { hash: Hash::Sha384 },
            Signing::Ed25519,
            Signing::MlDsa(MlDsa::MlDsa65),
            Signing::SlhDsa(SlhDsa::Sha2_128s),
        ];
        for scheme in schemes {
            assert_eq!(signing(&identifier(&scheme).expect("an identifier")), Some(scheme));
        }
        assert_eq!(identifier(&Signing::Dsa { hash: Hash::Sha256 }), None, "DSA is verified only");
    }

    #[test]
    fn an_unknown_algorithm_has_no_scheme() {
        let oid = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4");
        assert_eq!(signing(&AlgorithmIdentifierRef { oid, parameters: None }), None, "MD5");
        assert_eq!(signing(&AlgorithmIdentifierRef { oid: RSASSA_PSS, parameters: None }), None);
    }
}
