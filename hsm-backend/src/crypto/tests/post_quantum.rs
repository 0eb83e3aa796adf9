//! Post-quantum keys and signatures: vectors of NIST, and second implementations (fips205 for SLH-DSA, aws-lc-rs for ML-KEM).

use super::*;
use crate::crypto::slh_dsa;
use crate::drawn_pair;
use crate::key_pair::EncodedPair;
use fips205::traits::{SerDes, Signer, Verifier};
use kmip_core::ports::post_quantum::{MlKem, PostQuantum, ROWS, SlhDsa};
use kmip_core::ports::vault::KeySpec;
use ml_kem::kem::Decapsulate;

/// Every suite here.
pub(super) static TALLIES: [LazyLock<Tally>; 2] = [LazyLock::new(slh_dsa_by_two), LazyLock::new(generated_pairs_sign)];

/// Private keys (SK.seed, SK.prf, PK.seed, PK.root) of the first test of each group of NIST's ACVP vectors
/// SLH-DSA-keyGen-FIPS205.
#[rustfmt::skip]
const ACVP: [(SlhDsa, &str); 12] = [
    (SlhDsa::Sha2_128s, "173d04c938c1c36bf289c3c022d04b1463ae23c41aa546da589774ac20b745c40d794777914c99766827f0f09ca972be0162c10219d422adba1359e6aa65299c"),
    (SlhDsa::Sha2_128f, "c42bcb3b5a6f331f5cce899253c6d9e29ff2b7ead7a04bab1794db8cc659c3b4a868f1bd5debc12d4c9fad66aabd0a94b546df247be4c457f3d467cdfcfabd39"),
    (SlhDsa::Sha2_192s, "040266529c1864088925506c20a624a2b6d50cd77c1c6f0d2841150ae8157512ef34a343ffea77ff7d9e814b45a8b41464462665f4202886206a8f632267186ca6a1cad08a2b9a862c6a7bc4ac4aaa84accef60d529f0311274f205e8da642c9"),
    (SlhDsa::Sha2_192f, "a021b4b9d6dee168722bc10225e50a946642af630c3c7c7d69e3a40ba09df2ac165b792a07f064ac5fc28d8c99a580f4ee4823d09e79854706daa80ae3179b5bc8c2e9409d6328a33577fd584bc0784c559cdb2437a46f7f753c336369419acf"),
    (SlhDsa::Sha2_256s, "fcbf36a9807b30697be063a5105e091b412a391dd39e1326eba23cbd4096ca77ef4121c08dd71be913572f1f91e57d0acbcd5cec28539ac275832bbaa6c11081a0b4f5549ebcadb951dc2e512c76b0620d8fb8100b4ee886ef8784780d52a2543e57ab494d47068ffee4b8244aad6f19cdf94a2172bd134a15a6b5f298d5a80e"),
    (SlhDsa::Sha2_256f, "18523702a0fe2c9e488948b127185bab93d3f02c3d7c23a1b379f762de0509e56ab0d9f93540bd809d1d2e8a050440aa81e853750470e2b00c959dbd3be40e2bd7125f5d00ba47f1fc8d4c32c2f57c444bd384d7ce770bc50dd5980c1d1264d00ad5197ffcbaafe11b1e413f26adb1504ce1c3f5c40c1dcda14e99fd126d5b81"),
    (SlhDsa::Shake128s, "c151951f3811029239b74add24c506afdd30363e156e6fe936ec6ed0231feb5c529ffe86200d1f32c2b60d0cd909f1900761f9b727afa724b47223016bb5b2ba"),
    (SlhDsa::Shake128f, "3956ab391b4d22fc907af0740326d061ab0eb206436f2b86ebe086d77739b3e456505c229f4e7fa6b201714c7dcc9da366578f1f24c3fe371c97c14ce0e79cdc"),
    (SlhDsa::Shake192s, "8732621860e9a6e1887be55f7af692b98eb4c10b2599f94ad5cc9d6470d8b21136158e8b1710f1fbe03eced37ed4ac6853fc64d46d7e1653ebbb36ed5fbc12c6e7cef3cb756482c8c620452e864e8497e1b38a7b04449219acd9e4393f9c88ef"),
    (SlhDsa::Shake192f, "fb7a2c2c75ce6c96b5f4328e0ab300476fc6f864cb5b0b99990ecb726ca822a4e3652dd92ec0aab7637ea41c0482ae2868dcc671e3534f81a352c275b6a25f906d2ed0ff62b8b4e398f1a9876cb082a48e9ae2c862b289486a3925cefc6ff4be"),
    (SlhDsa::Shake256s, "e440e39644a11a6a58e850c09c8f03c273e465237f3bef7c58de62281e676cea99c199c00db30f8499a61b5b9dc8a361725f6ae80e97037176f408c30b38844dd7b5e755b4879fde3288a21af3e32fbb006fd9b8bc2b180eb9b0d82c9f3157af02acd6b3198ee1c9fe9afe61fd86d1e0877ad9061980b57b178ce27191d8eb1b"),
    (SlhDsa::Shake256f, "2ac9403858d186b172edd8df9c78a11449893681487d3af0dad0ec341e8aca48afa2771bae6c17dd6f77b4e3808b05f56f31b8f4128df2ccb677f0283cfb18da559bc883105e8ba0264648b532626155f87edb4bedcfc12a24204d3b696d53707a158ff5d30e3428183a3b3a96a0e4a341a2a16e5a6226af374d1efb39a35df6"),
];

fn drawn(set: PostQuantum, seed: &[u8]) -> EncodedPair {
    drawn_pair::from_octets(KeySpec::PostQuantum { set }, &secret(seed)).unwrap()
}

/// fips205, behind one signature for all parameter sets.
struct Other {
    sign: fn(&[u8], &[u8]) -> Vec<u8>,
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
}

fn other(set: SlhDsa) -> Other {
    macro_rules! by {
        ($module:ident) => {
            Other {
                sign: |key, message| {
                    let key = fips205::$module::PrivateKey::try_from_bytes(key.try_into().unwrap()).unwrap();
                    key.try_sign(message, b"", true).unwrap().to_vec()
                },
                verify: |key, message, signature| {
                    let key = fips205::$module::PublicKey::try_from_bytes(key.try_into().unwrap()).unwrap();
                    key.verify(message, signature.try_into().unwrap(), b"")
                },
            }
        };
    }
    match set {
        SlhDsa::Sha2_128s => by!(slh_dsa_sha2_128s),
        SlhDsa::Sha2_128f => by!(slh_dsa_sha2_128f),
        SlhDsa::Sha2_192s => by!(slh_dsa_sha2_192s),
        SlhDsa::Sha2_192f => by!(slh_dsa_sha2_192f),
        SlhDsa::Sha2_256s => by!(slh_dsa_sha2_256s),
        SlhDsa::Sha2_256f => by!(slh_dsa_sha2_256f),
        SlhDsa::Shake128s => by!(slh_dsa_shake_128s),
        SlhDsa::Shake128f => by!(slh_dsa_shake_128f),
        SlhDsa::Shake192s => by!(slh_dsa_shake_192s),
        SlhDsa::Shake192f => by!(slh_dsa_shake_192f),
        SlhDsa::Shake256s => by!(slh_dsa_shake_256s),
        SlhDsa::Shake256f => by!(slh_dsa_shake_256f),
    }
}

/// The pair of NIST's seeds is NIST's, and each implementation verifies what the other signs. Where a signature takes seconds,
/// only ours is made.
fn slh_dsa_by_two() -> Tally {
    let mut tally = Tally::default();
    for (set, key) in ACVP {
        let (key, row, how) = (unhex(key), PostQuantum::SlhDsa(set).row(), Signing::SlhDsa(set));
        assert_eq!(slh_dsa::oid(set), row.oid, "{set:?}");
        let public = &key[key.len() - row.public..];
        let pair = drawn(row.set, &key[..row.seed]);
        assert!(pair.private.expose_secret().ends_with(&key) && pair.public.ends_with(public), "{set:?}");
        tally.count(Capability::Sign(Scheme::SlhDsa(set)), "NIST ACVP key");

        let (message, other) = (random(below(200)), other(set));
        let ours = sign(pair.private.expose_secret(), &how, Message::Data(&message)).unwrap();
        assert!((other.verify)(public, &message, &ours), "{set:?}: fips205 refuses our signature");
        let signs_fast = format!("{set:?}").ends_with('f');
        let mut theirs = if signs_fast { (other.sign)(&key, &message) } else { ours };
        assert!(verify(&pair.public, &how, &message, &theirs).unwrap(), "{set:?}: we refuse the signature of fips205");
        let at = below(theirs.len());
        theirs[at] ^= 1;
        assert!(!verify(&pair.public, &how, &message, &theirs).unwrap(), "{set:?}: a changed signature");
        assert!(!verify(&pair.public, &how, &message, &theirs[1..]).unwrap(), "{set:?}: a short signature");
        tally.count(Capability::Sign(Scheme::SlhDsa(set)), "against fips205");
    }
    tally
}

/// What the vault draws for ML-DSA signs, and its public half verifies.
fn generated_pairs_sign() -> Tally {
    let mut tally = Tally::default();
    for row in ROWS {
        let PostQuantum::MlDsa(set) = row.set else { continue };
        let pair = drawn(row.set, &random(row.seed));
        let (message, how) = (random(100), Signing::MlDsa(set));
        let mut signature = sign(pair.private.expose_secret(), &how, Message::Data(&message)).unwrap();
        assert!(verify(&pair.public, &how, &message, &signature).unwrap(), "{set:?}");
        signature[7] ^= 1;
        assert!(!verify(&pair.public, &how, &message, &signature).unwrap(), "{set:?}");
        tally.count(Capability::Sign(Scheme::MlDsa(set)), "drawn pairs");
    }
    tally
}

#[test]
fn slh_dsa_agrees_with_nist_and_fips205() {
    LazyLock::force(&TALLIES[0]);
}

#[test]
fn drawn_ml_dsa_pairs_sign() {
    LazyLock::force(&TALLIES[1]);
}

/// The pairs of ML-KEM seeds are those of Project Wycheproof, and aws-lc-rs encapsulates to them.
#[test]
fn ml_kem_keys_agree() {
    use aws_lc_rs::kem::{Algorithm, AlgorithmId, Ciphertext, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024};
    use wycheproof::mlkem::{TestName, TestSet};
    type Decapsulates = fn(&[u8], &[u8]) -> Vec<u8>;
    macro_rules! decapsulates {
        ($key:ident) => {
            |seed, ciphertext| {
                let key = ml_kem::$key::from_seed(seed.try_into().unwrap());
                key.decapsulate(&ciphertext.try_into().unwrap()).to_vec()
            }
        };
    }
    let sets: [(MlKem, TestName, &Algorithm<AlgorithmId>, Decapsulates); 3] = [
        (MlKem::MlKem512, TestName::MlKem512KeyGenSeed, &ML_KEM_512, decapsulates!(DecapsulationKey512)),
        (MlKem::MlKem768, TestName::MlKem768KeyGenSeed, &ML_KEM_768, decapsulates!(DecapsulationKey768)),
        (MlKem::MlKem1024, TestName::MlKem1024KeyGenSeed, &ML_KEM_1024, decapsulates!(DecapsulationKey1024)),
    ];
    for (set, name, algorithm, decapsulate) in sets {
        let mut checked = 0;
        let groups = TestSet::load(name).unwrap().test_groups;
        for test in groups.iter().flat_map(|group| &group.tests) {
            let (Some(seed), Some(expected)) = (&test.seed, &test.encaps_key) else { continue };
            let pair = drawn(PostQuantum::MlKem(set), seed);
            assert!(pair.public.ends_with(expected), "{set:?} {}", test.tc_id);
            let key = EncapsulationKey::new(algorithm, &pair.public[pair.public.len() - expected.len()..]).unwrap();
            let (ciphertext, shared): (Ciphertext<'_>, _) = key.encapsulate().unwrap();
            assert_eq!(decapsulate(seed, ciphertext.as_ref()), shared.as_ref(), "{set:?} {}", test.tc_id);
            checked += 1;
        }
        assert!(checked > 10, "{set:?}: {checked} vectors");
        println!("ML-KEM keys of {set:?}: {checked} Wycheproof, against aws-lc-rs");
    }
}

/// Halves of two keys in one private key: no signature leaves that would not verify.
#[test]
fn a_damaged_slh_dsa_key_signs_nothing() {
    let key = unhex(ACVP[1].1);
    let mut pkcs8 = drawn(PostQuantum::SlhDsa(ACVP[1].0), &key[..48]).private.expose_secret().to_vec();
    let last = pkcs8.len() - 1;
    pkcs8[last] ^= 1;
    let refused = sign(&pkcs8, &Signing::SlhDsa(ACVP[1].0), Message::Data(b"message"));
    assert!(matches!(refused, Err(CryptoError::Key(_))), "{refused:?}");
}

/// Keys of ML-KEM are made and kept; no operation takes them.
#[test]
fn ml_kem_keys_do_nothing() {
    let pair = drawn(PostQuantum::MlKem(MlKem::MlKem768), &random(64));
    for how in [Signing::Ed25519, Signing::SlhDsa(SlhDsa::Sha2_128f)] {
        let refused = sign(pair.private.expose_secret(), &how, Message::Data(b""));
        assert!(matches!(refused, Err(CryptoError::Unsupported(_))), "{refused:?}");
        let refused = verify(&pair.public, &how, b"", b"");
        assert!(matches!(refused, Err(CryptoError::Unsupported(_))), "{refused:?}");
    }
    let agreement = Derivation::Agreement { public: &pair.public };
    assert!(matches!(derive(pair.private.expose_secret(), &agreement, 32), Err(CryptoError::Unsupported(_))));
    let refused = VAULT.encrypt(Key::Public(&pair.public), &Encryption::RsaPkcs1, b"").map(drop);
    assert!(matches!(refused, Err(CryptoError::Unsupported(_))), "{refused:?}");
}
