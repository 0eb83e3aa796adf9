//! Parameter sets of the post-quantum algorithms: ML-KEM (FIPS 203), ML-DSA (FIPS 204) and SLH-DSA (FIPS 205), one row each,
//! with the object identifiers and lengths that their encodings have (RFC 9935, RFC 9881, RFC 9909).
//!
//! KMIP names them from 3.0 on and says nothing of their Cryptographic Length; here it is the length of the public key.

use der::asn1::ObjectIdentifier;
use kmip_codec::registry::CryptographicAlgorithm;

/// Parameter sets of ML-DSA (FIPS 204 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

/// Parameter sets of ML-KEM (FIPS 203 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MlKem {
    /// ML-KEM-512.
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

/// Parameter sets of SLH-DSA (FIPS 205 §11): hash functions, security in bits, small signatures or fast signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlhDsa {
    /// SLH-DSA-SHA2-128s.
    Sha2_128s,
    /// SLH-DSA-SHA2-128f.
    Sha2_128f,
    /// SLH-DSA-SHA2-192s.
    Sha2_192s,
    /// SLH-DSA-SHA2-192f.
    Sha2_192f,
    /// SLH-DSA-SHA2-256s.
    Sha2_256s,
    /// SLH-DSA-SHA2-256f.
    Sha2_256f,
    /// SLH-DSA-SHAKE-128s.
    Shake128s,
    /// SLH-DSA-SHAKE-128f.
    Shake128f,
    /// SLH-DSA-SHAKE-192s.
    Shake192s,
    /// SLH-DSA-SHAKE-192f.
    Shake192f,
    /// SLH-DSA-SHAKE-256s.
    Shake256s,
    /// SLH-DSA-SHAKE-256f.
    Shake256f,
}

/// A parameter set of any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostQuantum {
    /// Signatures on module lattices.
    MlDsa(MlDsa),
    /// Key encapsulation on module lattices.
    MlKem(MlKem),
    /// Signatures of hash functions.
    SlhDsa(SlhDsa),
}

/// What there is to know of a parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The parameter set.
    pub set: PostQuantum,
    /// Its name in KMIP.
    pub algorithm: CryptographicAlgorithm,
    /// Its name in ASN.1 (NIST CSOR).
    pub oid: ObjectIdentifier,
    /// Octets of the public key.
    pub public: usize,
    /// Octets of the random seed from which the pair follows. SLH-DSA's is SK.seed, SK.prf and PK.seed.
    pub seed: usize,
    /// Octets of the private key as the standard writes it.
    pub expanded: usize,
}

macro_rules! rows {
    ($($family:ident $set:ident $algorithm:ident $oid:literal $public:literal $seed:literal $expanded:literal;)*) => {
        /// Every parameter set, in the order of KMIP's enumeration.
        pub const ROWS: &[Row] = &[$(Row {
            set: PostQuantum::$family($family::$set),
            algorithm: CryptographicAlgorithm::$algorithm,
            oid: ObjectIdentifier::new_unwrap($oid),
            public: $public,
            seed: $seed,
            expanded: $expanded,
        }),*];
    };
}

rows! {
    // family set algorithm           identifier                public seed expanded
    MlKem  MlKem512  ML_KEM_512         "2.16.840.1.101.3.4.4.1"    800  64  1632;
    MlKem  MlKem768  ML_KEM_768         "2.16.840.1.101.3.4.4.2"   1184  64  2400;
    MlKem  MlKem1024 ML_KEM_1024        "2.16.840.1.101.3.4.4.3"   1568  64  3168;
    MlDsa  MlDsa44   ML_DSA_44          "2.16.840.1.101.3.4.3.17"  1312  32  2560;
    MlDsa  MlDsa65   ML_DSA_65          "2.16.840.1.101.3.4.3.18"  1952  32  4032;
    MlDsa  MlDsa87   ML_DSA_87          "2.16.840.1.101.3.4.3.19"  2592  32  4896;
    SlhDsa Sha2_128s SLH_DSA_SHA2_128s  "2.16.840.1.101.3.4.3.20"    32  48    64;
    SlhDsa Sha2_128f SLH_DSA_SHA2_128f  "2.16.840.1.101.3.4.3.21"    32  48    64;
    SlhDsa Sha2_192s SLH_DSA_SHA2_192s  "2.16.840.1.101.3.4.3.22"    48  72    96;
    SlhDsa Sha2_192f SLH_DSA_SHA2_192f  "2.16.840.1.101.3.4.3.23"    48  72    96;
    SlhDsa Sha2_256s SLH_DSA_SHA2_256s  "2.16.840.1.101.3.4.3.24"    64  96   128;
    SlhDsa Sha2_256f SLH_DSA_SHA2_256f  "2.16.840.1.101.3.4.3.25"    64  96   128;
    SlhDsa Shake128s SLH_DSA_SHAKE_128s "2.16.840.1.101.3.4.3.26"    32  48    64;
    SlhDsa Shake128f SLH_DSA_SHAKE_128f "2.16.840.1.101.3.4.3.27"    32  48    64;
    SlhDsa Shake192s SLH_DSA_SHAKE_192s "2.16.840.1.101.3.4.3.28"    48  72    96;
    SlhDsa Shake192f SLH_DSA_SHAKE_192f "2.16.840.1.101.3.4.3.29"    48  72    96;
    SlhDsa Shake256s SLH_DSA_SHAKE_256s "2.16.840.1.101.3.4.3.30"    64  96   128;
    SlhDsa Shake256f SLH_DSA_SHAKE_256f "2.16.840.1.101.3.4.3.31"    64  96   128;
}

impl PostQuantum {
    /// The row of this parameter set.
    pub fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.set == self).expect("invariant: a row for every parameter set")
    }

    /// The parameter set with this name in KMIP.
    pub fn named(algorithm: CryptographicAlgorithm) -> Option<Self> {
        ROWS.iter().find(|row| row.algorithm == algorithm).map(|row| row.set)
    }

    /// The parameter set with this object identifier.
    pub fn of_oid(oid: ObjectIdentifier) -> Option<Self> {
        ROWS.iter().find(|row| row.oid == oid).map(|row| row.set)
    }

    /// Cryptographic Length: the bits of the public key, as those of an RSA key are its modulus.
    pub fn bits(self) -> i32 {
        i32::try_from(self.row().public.saturating_mul(8)).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::registry::WireEnum;

    #[test]
    fn every_name_of_kmip_has_one_row() {
        let first = CryptographicAlgorithm::ML_KEM_512.0;
        let names: Vec<u32> = ROWS.iter().map(|row| row.algorithm.0).collect();
        assert_eq!(names, (first..=CryptographicAlgorithm::SLH_DSA_SHAKE_256f.0).collect::<Vec<_>>());
        for row in ROWS {
            assert_eq!((row.set.row(), PostQuantum::named(row.algorithm)), (row, Some(row.set)));
            assert_eq!(PostQuantum::of_oid(row.oid), Some(row.set));
            assert!(CryptographicAlgorithm::TABLE.is_live(row.algorithm.0, kmip_codec::version::V3_0));
            assert!(!CryptographicAlgorithm::TABLE.is_live(row.algorithm.0, kmip_codec::version::V2_1));
        }
    }
}
