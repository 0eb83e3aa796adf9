//! The elliptic curves of the Recommended Curve enumeration (KMIP 2.1 §11.45), one row a curve.
//!
//! Names are of FIPS 186-4, SEC 2, ANSI X9.62 and RFC 5639. The length of a private key follows the group's order and not
//! the field: they differ for some curves (RFC 5915 §3).

use der::asn1::ObjectIdentifier;
use kmip_codec::registry::RecommendedCurve;

/// One curve.
#[derive(Debug)]
pub(super) struct Curve {
    /// Its name in KMIP.
    pub(super) name: RecommendedCurve,
    /// Its name in ASN.1.
    pub(super) oid: ObjectIdentifier,
    /// Bits of the field: the Cryptographic Length.
    pub(super) field_bits: u16,
    /// Bits of the group's order.
    pub(super) order_bits: u16,
}

impl Curve {
    /// The curve with this name in KMIP; none for the curves of RFC 7748, whose keys are octet strings.
    pub(super) fn named(name: RecommendedCurve) -> Option<&'static Self> {
        CURVES.iter().find(|curve| curve.name == name)
    }

    /// The curve with this object identifier.
    pub(super) fn of_oid(oid: ObjectIdentifier) -> Option<&'static Self> {
        CURVES.iter().find(|curve| curve.oid == oid)
    }

    /// Bytes of a private key.
    pub(super) fn secret_bytes(&self) -> usize {
        usize::from(self.order_bits).div_ceil(8)
    }

    /// Whether `point` has the form of a point (SEC 1 §2.3.3): uncompressed, hybrid or compressed.
    pub(super) fn has_form_of_point(&self, point: &[u8]) -> bool {
        let coordinate = usize::from(self.field_bits).div_ceil(8);
        match point.first() {
            Some(4 | 6 | 7) => point.len() == 2 * coordinate + 1,
            Some(2 | 3) => point.len() == coordinate + 1,
            _ => false,
        }
    }
}

macro_rules! curves {
    ($($name:ident $oid:literal $field_bits:literal $order_bits:literal;)*) => {
        /// All curves with an object identifier in the algorithm parameters.
        pub(super) const CURVES: &[Curve] = &[$(Curve {
            name: RecommendedCurve::$name,
            oid: ObjectIdentifier::new_unwrap($oid),
            field_bits: $field_bits,
            order_bits: $order_bits,
        }),*];
    };
}

curves! {
    // name           object identifier      field order
    P_192            "1.2.840.10045.3.1.1"     192   192;
    K_163            "1.3.132.0.1"             163   163;
    B_163            "1.3.132.0.15"            163   163;
    P_224            "1.3.132.0.33"            224   224;
    K_233            "1.3.132.0.26"            233   232;
    B_233            "1.3.132.0.27"            233   233;
    P_256            "1.2.840.10045.3.1.7"     256   256;
    K_283            "1.3.132.0.16"            283   281;
    B_283            "1.3.132.0.17"            283   282;
    P_384            "1.3.132.0.34"            384   384;
    K_409            "1.3.132.0.36"            409   407;
    B_409            "1.3.132.0.37"            409   409;
    P_521            "1.3.132.0.35"            521   521;
    K_571            "1.3.132.0.38"            571   570;
    B_571            "1.3.132.0.39"            571   570;
    SECP112R1        "1.3.132.0.6"             112   112;
    SECP112R2        "1.3.132.0.7"             112   110;
    SECP128R1        "1.3.132.0.28"            128   128;
    SECP128R2        "1.3.132.0.29"            128   126;
    SECP160K1        "1.3.132.0.9"             160   161;
    SECP160R1        "1.3.132.0.8"             160   161;
    SECP160R2        "1.3.132.0.30"            160   161;
    SECP192K1        "1.3.132.0.31"            192   192;
    SECP224K1        "1.3.132.0.32"            224   225;
    SECP256K1        "1.3.132.0.10"            256   256;
    SECT113R1        "1.3.132.0.4"             113   113;
    SECT113R2        "1.3.132.0.5"             113   113;
    SECT131R1        "1.3.132.0.22"            131   131;
    SECT131R2        "1.3.132.0.23"            131   131;
    SECT163R1        "1.3.132.0.2"             163   162;
    SECT193R1        "1.3.132.0.24"            193   193;
    SECT193R2        "1.3.132.0.25"            193   193;
    SECT239K1        "1.3.132.0.3"             239   238;
    ANSIX9P192V2     "1.2.840.10045.3.1.2"     192   192;
    ANSIX9P192V3     "1.2.840.10045.3.1.3"     192   192;
    ANSIX9P239V1     "1.2.840.10045.3.1.4"     239   239;
    ANSIX9P239V2     "1.2.840.10045.3.1.5"     239   239;
    ANSIX9P239V3     "1.2.840.10045.3.1.6"     239   239;
    ANSIX9C2PNB163V1 "1.2.840.10045.3.0.1"     163   163;
    ANSIX9C2PNB163V2 "1.2.840.10045.3.0.2"     163   162;
    ANSIX9C2PNB163V3 "1.2.840.10045.3.0.3"     163   162;
    ANSIX9C2PNB176V1 "1.2.840.10045.3.0.4"     176   161;
    ANSIX9C2TNB191V1 "1.2.840.10045.3.0.5"     191   191;
    ANSIX9C2TNB191V2 "1.2.840.10045.3.0.6"     191   190;
    ANSIX9C2TNB191V3 "1.2.840.10045.3.0.7"     191   189;
    ANSIX9C2PNB208W1 "1.2.840.10045.3.0.10"    208   193;
    ANSIX9C2TNB239V1 "1.2.840.10045.3.0.11"    239   238;
    ANSIX9C2TNB239V2 "1.2.840.10045.3.0.12"    239   237;
    ANSIX9C2TNB239V3 "1.2.840.10045.3.0.13"    239   236;
    ANSIX9C2PNB272W1 "1.2.840.10045.3.0.16"    272   257;
    ANSIX9C2PNB304W1 "1.2.840.10045.3.0.17"    304   289;
    ANSIX9C2TNB359V1 "1.2.840.10045.3.0.18"    359   353;
    ANSIX9C2PNB368W1 "1.2.840.10045.3.0.19"    368   353;
    ANSIX9C2TNB431R1 "1.2.840.10045.3.0.20"    431   418;
    BRAINPOOLP160R1  "1.3.36.3.3.2.8.1.1.1"    160   160;
    BRAINPOOLP160T1  "1.3.36.3.3.2.8.1.1.2"    160   160;
    BRAINPOOLP192R1  "1.3.36.3.3.2.8.1.1.3"    192   192;
    BRAINPOOLP192T1  "1.3.36.3.3.2.8.1.1.4"    192   192;
    BRAINPOOLP224R1  "1.3.36.3.3.2.8.1.1.5"    224   224;
    BRAINPOOLP224T1  "1.3.36.3.3.2.8.1.1.6"    224   224;
    BRAINPOOLP256R1  "1.3.36.3.3.2.8.1.1.7"    256   256;
    BRAINPOOLP256T1  "1.3.36.3.3.2.8.1.1.8"    256   256;
    BRAINPOOLP320R1  "1.3.36.3.3.2.8.1.1.9"    320   320;
    BRAINPOOLP320T1  "1.3.36.3.3.2.8.1.1.10"   320   320;
    BRAINPOOLP384R1  "1.3.36.3.3.2.8.1.1.11"   384   384;
    BRAINPOOLP384T1  "1.3.36.3.3.2.8.1.1.12"   384   384;
    BRAINPOOLP512R1  "1.3.36.3.3.2.8.1.1.13"   512   512;
    BRAINPOOLP512T1  "1.3.36.3.3.2.8.1.1.14"   512   512;
}
