//! The numbers of the elliptic curves, one row a curve: the order of the group, and the equation y² = x³ + a x + b modulo p of
//! those over a prime field.
//!
//! FIPS 186-4 appendix D, SEC 2, ANSI X9.62 and RFC 5639. They tell what can be a key (SEC 1 §3.2): a private key is a number
//! from 1 to the order less 1, a public key a point of the curve. The points of curves over binary fields are not computed.

use super::natural::Natural;
use kmip_codec::registry::RecommendedCurve;

/// The numbers of one curve, big-endian in hexadecimal digits.
struct Row {
    curve: RecommendedCurve,
    order: &'static str,
    /// p, a, b.
    equation: Option<[&'static str; 3]>,
}

/// The order of a curve's group.
pub(super) fn order(curve: RecommendedCurve) -> Option<Natural> {
    row(curve).map(|row| number(row.order))
}

/// Whether bytes that have the form of a point (SEC 1 §2.3.4) are a point of a curve; of a curve over a binary field all are
/// taken for one.
pub(super) fn is_point(curve: RecommendedCurve, point: &[u8]) -> bool {
    let Some([p, a, b]) = row(curve).and_then(|row| row.equation).map(|equation| equation.map(number)) else {
        return true;
    };
    let Some((form, coordinates)) = point.split_first() else { return false };
    let is_compressed = matches!(form, 2 | 3);
    let middle = if is_compressed { coordinates.len() } else { coordinates.len() / 2 };
    let (x, y) = coordinates.split_at(middle);
    let (x, y) = (Natural::from_be(x), Natural::from_be(y));
    let right = x.times(&x).plus(&a).times(&x).plus(&b).modulo(&p);
    let Some(right) = right.filter(|_| x.less_than(&p)) else { return false };
    if is_compressed {
        return is_square(&right, &p);
    }
    // The hybrid form tells the parity of y twice.
    let parity_fits = *form == 4 || *form == 6 + u8::from(y.is_odd());
    y.less_than(&p) && parity_fits && y.times(&y).modulo(&p) == Some(right)
}

/// Whether a number below a prime has a square root modulo it (Euler's criterion).
fn is_square(number: &Natural, prime: &Natural) -> bool {
    let power = prime.less_one().and_then(|less| number.power_modulo(&less.halved(1), prime));
    power.is_some_and(|power| power.is_one() || power.bits() == 0)
}

fn row(curve: RecommendedCurve) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.curve == curve)
}

fn number(digits: &str) -> Natural {
    let bytes = digits.as_bytes().chunks(2).map_while(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    Natural::from_be(&bytes.collect::<Vec<_>>())
}

macro_rules! rows {
    ($($curve:ident order $($order:literal)+ $(p $($p:literal)+ a $($a:literal)+ b $($b:literal)+)?;)*) => {
        const ROWS: &[Row] = &[$(Row {
            curve: RecommendedCurve::$curve,
            order: concat!($($order),+),
            equation: equation!($($($p)+, $($a)+, $($b)+)?),
        }),*];
    };
}

macro_rules! equation {
    () => { None };
    ($($p:literal)+, $($a:literal)+, $($b:literal)+) => {
        Some([concat!($($p),+), concat!($($a),+), concat!($($b),+)])
    };
}

rows! {
    P_192
        order "ffffffffffffffffffffffff99def836146bc9b1b4d22831"
        p "fffffffffffffffffffffffffffffffeffffffffffffffff"
        a "fffffffffffffffffffffffffffffffefffffffffffffffc"
        b "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1";
    K_163
        order "04000000000000000000020108a2e0cc0d99f8a5ef";
    B_163
        order "040000000000000000000292fe77e70c12a4234c33";
    P_224
        order "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d"
        p "ffffffffffffffffffffffffffffffff000000000000000000000001"
        a "fffffffffffffffffffffffffffffffefffffffffffffffffffffffe"
        b "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4";
    K_233
        order "8000000000000000000000000000069d5bb915bcd46efb1ad5f173abdf";
    B_233
        order "01000000000000000000000000000013e974e72f8a6922031d2603cfe0d7";
    P_256
        order "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        p "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
        a "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"
        b "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
    K_283
        order "01ffffffffffffffffffffffffffffffffffe9ae2ed07577265dff7f94451e061e163c61";
    B_283
        order "03ffffffffffffffffffffffffffffffffffef90399660fc938a90165b042a7cefadb307";
    P_384
        order
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77a"
            "ecec196accc52973"
        p
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff00000000"
            "00000000ffffffff"
        a
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff00000000"
            "00000000fffffffc"
        b
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d"
            "2a85c8edd3ec2aef";
    K_409
        order
            "7ffffffffffffffffffffffffffffffffffffffffffffffffffe5f83b2d4ea20400ec4557d5ed3e3"
            "e7ca5b4b5c83b8e01e5fcf";
    B_409
        order
            "010000000000000000000000000000000000000000000000000001e2aad6a612f33307be5fa47c3c"
            "9e052f838164cd37d9a21173";
    P_521
        order
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f"
            "966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        p
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            "ffffffffffffffffffffffffffffffffffffffffffffffffffff"
        a
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            "fffffffffffffffffffffffffffffffffffffffffffffffffffc"
        b
            "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e93"
            "7b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00";
    K_571
        order
            "020000000000000000000000000000000000000000000000000000000000000000000000131850e1"
            "f19a63e4b391a8db917f4138b630d84be5d639381e91deb45cfe778f637c1001";
    B_571
        order
            "03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe661ce18"
            "ff55987308059b186823851ec7dd9ca1161de93d5174d66e8382e9bb2fe84e47";
    SECP112R1
        order "db7c2abf62e35e7628dfac6561c5"
        p "db7c2abf62e35e668076bead208b"
        a "db7c2abf62e35e668076bead2088"
        b "659ef8ba043916eede8911702b22";
    SECP112R2
        order "36df0aafd8b8d7597ca10520d04b"
        p "db7c2abf62e35e668076bead208b"
        a "6127c24c05f38a0aaaf65c0ef02c"
        b "51def1815db5ed74fcc34c85d709";
    SECP128R1
        order "fffffffe0000000075a30d1b9038a115"
        p "fffffffdffffffffffffffffffffffff"
        a "fffffffdfffffffffffffffffffffffc"
        b "e87579c11079f43dd824993c2cee5ed3";
    SECP128R2
        order "3fffffff7fffffffbe0024720613b5a3"
        p "fffffffdffffffffffffffffffffffff"
        a "d6031998d1b3bbfebf59cc9bbff9aee1"
        b "5eeefca380d02919dc2c6558bb6d8a5d";
    SECP160K1
        order "0100000000000000000001b8fa16dfab9aca16b6b3"
        p "fffffffffffffffffffffffffffffffeffffac73"
        a "00"
        b "07";
    SECP160R1
        order "0100000000000000000001f4c8f927aed3ca752257"
        p "ffffffffffffffffffffffffffffffff7fffffff"
        a "ffffffffffffffffffffffffffffffff7ffffffc"
        b "1c97befc54bd7a8b65acf89f81d4d4adc565fa45";
    SECP160R2
        order "0100000000000000000000351ee786a818f3a1a16b"
        p "fffffffffffffffffffffffffffffffeffffac73"
        a "fffffffffffffffffffffffffffffffeffffac70"
        b "b4e134d3fb59eb8bab57274904664d5af50388ba";
    SECP192K1
        order "fffffffffffffffffffffffe26f2fc170f69466a74defd8d"
        p "fffffffffffffffffffffffffffffffffffffffeffffee37"
        a "00"
        b "03";
    SECP224K1
        order "010000000000000000000000000001dce8d2ec6184caf0a971769fb1f7"
        p "fffffffffffffffffffffffffffffffffffffffffffffffeffffe56d"
        a "00"
        b "05";
    SECP256K1
        order "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        p "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
        a "00"
        b "07";
    SECT113R1
        order "0100000000000000d9ccec8a39e56f";
    SECT113R2
        order "010000000000000108789b2496af93";
    SECT131R1
        order "0400000000000000023123953a9464b54d";
    SECT131R2
        order "0400000000000000016954a233049ba98f";
    SECT163R1
        order "03ffffffffffffffffffff48aab689c29ca710279b";
    SECT193R1
        order "01000000000000000000000000c7f34a778f443acc920eba49";
    SECT193R2
        order "010000000000000000000000015aab561b005413ccd4ee99d5";
    SECT239K1
        order "2000000000000000000000000000005a79fec67cb6e91f1c1da800e478a5";
    ANSIX9P192V2
        order "fffffffffffffffffffffffe5fb1a724dc80418648d8dd31"
        p "fffffffffffffffffffffffffffffffeffffffffffffffff"
        a "fffffffffffffffffffffffffffffffefffffffffffffffc"
        b "cc22d6dfb95c6b25e49c0d6364a4e5980c393aa21668d953";
    ANSIX9P192V3
        order "ffffffffffffffffffffffff7a62d031c83f4294f640ec13"
        p "fffffffffffffffffffffffffffffffeffffffffffffffff"
        a "fffffffffffffffffffffffffffffffefffffffffffffffc"
        b "22123dc2395a05caa7423daeccc94760a7d462256bd56916";
    ANSIX9P239V1
        order "7fffffffffffffffffffffff7fffff9e5e9a9f5d9071fbd1522688909d0b"
        p "7fffffffffffffffffffffff7fffffffffff8000000000007fffffffffff"
        a "7fffffffffffffffffffffff7fffffffffff8000000000007ffffffffffc"
        b "6b016c3bdcf18941d0d654921475ca71a9db2fb27d1d37796185c2942c0a";
    ANSIX9P239V2
        order "7fffffffffffffffffffffff800000cfa7e8594377d414c03821bc582063"
        p "7fffffffffffffffffffffff7fffffffffff8000000000007fffffffffff"
        a "7fffffffffffffffffffffff7fffffffffff8000000000007ffffffffffc"
        b "617fab6832576cbbfed50d99f0249c3fee58b94ba0038c7ae84c8c832f2c";
    ANSIX9P239V3
        order "7fffffffffffffffffffffff7fffff975deb41b3a6057c3c432146526551"
        p "7fffffffffffffffffffffff7fffffffffff8000000000007fffffffffff"
        a "7fffffffffffffffffffffff7fffffffffff8000000000007ffffffffffc"
        b "255705fa2a306654b1f4cb03d6a750a30c250102d4988717d9ba15ab6d3e";
    ANSIX9C2PNB163V1
        order "0400000000000000000001e60fc8821cc74daeafc1";
    ANSIX9C2PNB163V2
        order "03fffffffffffffffffffdf64de1151adbb78f10a7";
    ANSIX9C2PNB163V3
        order "03fffffffffffffffffffe1aee140f110aff961309";
    ANSIX9C2PNB176V1
        order "010092537397eca4f6145799d62b0a19ce06fe26ad";
    ANSIX9C2TNB191V1
        order "40000000000000000000000004a20e90c39067c893bbb9a5";
    ANSIX9C2TNB191V2
        order "20000000000000000000000050508cb89f652824e06b8173";
    ANSIX9C2TNB191V3
        order "155555555555555555555555610c0b196812bfb6288a3ea3";
    ANSIX9C2PNB208W1
        order "0101baf95c9723c57b6c21da2eff2d5ed588bdd5717e212f9d";
    ANSIX9C2TNB239V1
        order "2000000000000000000000000000000f4d42ffe1492a4993f1cad666e447";
    ANSIX9C2TNB239V2
        order "1555555555555555555555555555553c6f2885259c31e3fcdf154624522d";
    ANSIX9C2TNB239V3
        order "0cccccccccccccccccccccccccccccac4912d2d9df903ef9888b8a0e4cff";
    ANSIX9C2PNB272W1
        order "0100faf51354e0e39e4892df6e319c72c8161603fa45aa7b998a167b8f1e629521";
    ANSIX9C2PNB304W1
        order "0101d556572aabac800101d556572aabac8001022d5c91dd173f8fb561da6899164443051d";
    ANSIX9C2TNB359V1
        order
            "01af286bca1af286bca1af286bca1af286bca1af286bc9fb8f6b85c556892c20a7eb964fe7719e74"
            "f490758d3b";
    ANSIX9C2PNB368W1
        order
            "010090512da9af72b08349d98a5dd4c7b0532eca51ce03e2d10f3b7ac579bd87e909ae40a6f131e9"
            "cfce5bd967";
    ANSIX9C2TNB431R1
        order
            "0340340340340340340340340340340340340340340340340340340323c313fab50589703b5ec68d"
            "3587fec60d161cc149c1ad4a91";
    BRAINPOOLP160R1
        order "e95e4a5f737059dc60df5991d45029409e60fc09"
        p "e95e4a5f737059dc60dfc7ad95b3d8139515620f"
        a "340e7be2a280eb74e2be61bada745d97e8f7c300"
        b "1e589a8595423412134faa2dbdec95c8d8675e58";
    BRAINPOOLP160T1
        order "e95e4a5f737059dc60df5991d45029409e60fc09"
        p "e95e4a5f737059dc60dfc7ad95b3d8139515620f"
        a "e95e4a5f737059dc60dfc7ad95b3d8139515620c"
        b "7a556b6dae535b7b51ed2c4d7daa7a0b5c55f380";
    BRAINPOOLP192R1
        order "c302f41d932a36cda7a3462f9e9e916b5be8f1029ac4acc1"
        p "c302f41d932a36cda7a3463093d18db78fce476de1a86297"
        a "6a91174076b1e0e19c39c031fe8685c1cae040e5c69a28ef"
        b "469a28ef7c28cca3dc721d044f4496bcca7ef4146fbf25c9";
    BRAINPOOLP192T1
        order "c302f41d932a36cda7a3462f9e9e916b5be8f1029ac4acc1"
        p "c302f41d932a36cda7a3463093d18db78fce476de1a86297"
        a "c302f41d932a36cda7a3463093d18db78fce476de1a86294"
        b "13d56ffaec78681e68f9deb43b35bec2fb68542e27897b79";
    BRAINPOOLP224R1
        order "d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f"
        p "d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff"
        a "68a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43"
        b "2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b";
    BRAINPOOLP224T1
        order "d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f"
        p "d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff"
        a "d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0fc"
        b "4b337d934104cd7bef271bf60ced1ed20da14c08b3bb64f18a60888d";
    BRAINPOOLP256R1
        order "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"
        p "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377"
        a "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9"
        b "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6";
    BRAINPOOLP256T1
        order "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"
        p "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377"
        a "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5374"
        b "662c61c430d84ea4fe66a7733d0b76b7bf93ebc4af2f49256ae58101fee92b04";
    BRAINPOOLP320R1
        order "d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311"
        p "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27"
        a "3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4"
        b "520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6";
    BRAINPOOLP320T1
        order "d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311"
        p "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27"
        a "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e24"
        b "a7f561e038eb1ed560b3d147db782013064c19f27ed27c6780aaf77fb8a547ceb5b4fef422340353";
    BRAINPOOLP384R1
        order
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc310"
            "3b883202e9046565"
        p
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71"
            "874700133107ec53"
        a
            "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb"
            "04a8c7dd22ce2826"
        b
            "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc994"
            "3ab78696fa504c11";
    BRAINPOOLP384T1
        order
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc310"
            "3b883202e9046565"
        p
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71"
            "874700133107ec53"
        a
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71"
            "874700133107ec50"
        b
            "7f519eada7bda81bd826dba647910f8c4b9346ed8ccdc64e4b1abd11756dce1d2074aa263b88805c"
            "ed70355a33b471ee";
    BRAINPOOLP512R1
        order
            "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619"
            "418661197fac10471db1d381085ddaddb58796829ca90069"
        p
            "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842"
            "aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3"
        a
            "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa1"
            "0a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca"
        b
            "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d"
            "77fc94cadc083e67984050b75ebae5dd2809bd638016f723";
    BRAINPOOLP512T1
        order
            "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619"
            "418661197fac10471db1d381085ddaddb58796829ca90069"
        p
            "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842"
            "aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3"
        a
            "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842"
            "aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f0"
        b
            "7cbbbcf9441cfab76e1890e46884eae321f70c0bcb4981527897504bec3e36a62bcdfa2304976540"
            "f6450085f2dae145c22553b465763689180ea2571867423e";
}

#[cfg(test)]
mod tests {
    use super::super::curves::CURVES;
    use super::*;

    #[test]
    fn every_curve_has_its_numbers() {
        assert_eq!(ROWS.len(), CURVES.len());
        for curve in CURVES {
            let order = order(curve.name).expect("a row for every curve");
            assert_eq!(order.bits(), u32::from(curve.order_bits), "{:?}", curve.name);
            let Some([p, ..]) = row(curve.name).and_then(|row| row.equation) else { continue };
            assert_eq!(number(p).bits(), u32::from(curve.field_bits), "{:?}", curve.name);
        }
    }
}
