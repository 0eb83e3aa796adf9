//! The trials: one row for each thing that the server may ask of a device.

use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use zeroize::Zeroizing;

use super::{Trial, in_session};
use crate::pkcs11::export::{P256, P384, P521};
use crate::pkcs11::module::Entered;
use crate::pkcs11::trouble::Trouble;

/// Why something does not work.
type Fault = Trouble;
type Tried = Result<(), Fault>;

const DATA: &[u8; 32] = b"data of a trial, two AES blocks.";

/// What is tried, the mechanisms that it needs, and how.
type Row = (&'static str, &'static [MechanismType], fn(&Session) -> Tried);

const ROWS: [Row; 20] = {
    use MechanismType as M;
    [
        ("random numbers", &[], random_differs_row),
        ("AES-256 key generation", &[M::AES_KEY_GEN], |session| aes(session, |_, _| Ok(()))),
        ("AES-GCM", &[M::AES_GCM], |session| aes(session, gcm)),
        ("AES-CBC", &[M::AES_CBC], |session| cipher(session, &Mechanism::AesCbc([3; 16]))),
        ("AES-CBC with padding", &[M::AES_CBC_PAD], |session| cipher(session, &Mechanism::AesCbcPad([3; 16]))),
        ("AES-ECB", &[M::AES_ECB], |session| cipher(session, &Mechanism::AesEcb)),
        ("AES-CMAC", &[M::AES_CMAC], |session| aes(session, |session, key| code(session, &Mechanism::AesCMac, key))),
        ("AES key wrap", &[M::AES_KEY_WRAP], |session| wrap(session, &Mechanism::AesKeyWrap)),
        ("AES key wrap with padding", &[M::AES_KEY_WRAP_PAD], |session| wrap(session, &Mechanism::AesKeyWrapPad)),
        ("HMAC-SHA-256", &[M::GENERIC_SECRET_KEY_GEN, M::SHA256_HMAC], hmac),
        ("RSA-2048 key pair generation", &[M::RSA_PKCS_KEY_PAIR_GEN], |session| rsa(session, |_, _, _| Ok(()))),
        ("RSA signature, PKCS#1 v1.5 with SHA-256", &[M::RSA_PKCS_KEY_PAIR_GEN, M::SHA256_RSA_PKCS], |session| {
            rsa(session, |session, public, private| {
                signature(session, &Mechanism::Sha256RsaPkcs, public, private, DATA)
            })
        }),
        ("RSA-OAEP with SHA-1", &[M::RSA_PKCS_KEY_PAIR_GEN, M::RSA_PKCS_OAEP], |session| {
            rsa(session, |session, public, private| {
                oaep(session, public, private, MechanismType::SHA1, PkcsMgfType::MGF1_SHA1)
            })
        }),
        ("RSA-OAEP with SHA-256", &[M::RSA_PKCS_KEY_PAIR_GEN, M::RSA_PKCS_OAEP], |session| {
            rsa(session, |session, public, private| {
                oaep(session, public, private, MechanismType::SHA256, PkcsMgfType::MGF1_SHA256)
            })
        }),
        ("RSA-OAEP with SHA-1 wraps an AES key", &[M::RSA_PKCS_KEY_PAIR_GEN, M::RSA_PKCS_OAEP], |session| {
            rsa(session, |session, public, private| {
                let source = PkcsOaepSource::empty();
                let parameters = PkcsOaepParams::new(MechanismType::SHA1, PkcsMgfType::MGF1_SHA1, source);
                wrap_with(session, &Mechanism::RsaPkcsOaep(parameters), public, private)
            })
        }),
        ("ECDSA on P-256", &[M::ECC_KEY_PAIR_GEN, M::ECDSA], |session| ecdsa(session, P256)),
        ("ECDSA on P-384", &[M::ECC_KEY_PAIR_GEN, M::ECDSA], |session| ecdsa(session, P384)),
        ("ECDSA on P-521", &[M::ECC_KEY_PAIR_GEN, M::ECDSA], |session| ecdsa(session, P521)),
        ("a private key leaves wrapped, where it may", &[M::ECC_KEY_PAIR_GEN, M::AES_KEY_WRAP_PAD], private_leaves),
        (STAYS, &[M::ECC_KEY_PAIR_GEN, M::AES_KEY_WRAP_PAD], private_stays),
    ]
};

/// The trial that a module fails which gives private keys away.
pub(super) const STAYS: &str = "a private key that must stay does";

/// Makes every trial, each in a session of its own.
pub(super) fn run(module: &Entered<'_>, slot: Slot, listed: &[MechanismType]) -> Vec<Trial> {
    let tried = ROWS.into_iter().map(|(what, needed, attempt)| {
        let result = in_session(module, slot, &mut |session| attempt(session));
        Trial {
            what,
            listed: needed.iter().all(|mechanism| listed.contains(mechanism)),
            works: result.is_ok(),
            reason: result.err().map(Trouble::reason),
        }
    });
    tried.collect()
}

fn wrong(what: &str) -> Fault {
    Trouble::Device(what.to_owned())
}

fn must(holds: bool, what: &str) -> Tried {
    if holds { Ok(()) } else { Err(wrong(what)) }
}

/// Whether two draws differ.
pub(super) fn random_differs(session: &Session) -> Result<(), String> {
    random_differs_row(session).map_err(Trouble::reason)
}

fn random_differs_row(session: &Session) -> Tried {
    let (mut one, mut other) = ([0; 32], [0; 32]);
    session.generate_random_slice(&mut one)?;
    session.generate_random_slice(&mut other)?;
    must(one != other && one != [0; 32], "it gives the same bytes twice, or zeros")
}

/// With a temporary AES key that does everything and may leave.
fn aes(session: &Session, work: impl Fn(&Session, ObjectHandle) -> Tried) -> Tried {
    let template = [
        Attribute::Token(false),
        Attribute::ValueLen(32.into()),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Sign(true),
        Attribute::Verify(true),
    ];
    let key = session.generate_key(&Mechanism::AesKeyGen, &template)?;
    let told =
        session.get_attributes(key, &[AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Token])?;
    let asked = [Attribute::Sensitive(true), Attribute::Extractable(true), Attribute::Token(false)];
    let result =
        must(asked.iter().all(|attribute| told.contains(attribute)), "the key has other attributes than asked for");
    let result = result.and_then(|()| work(session, key));
    session.destroy_object(key)?;
    result
}

fn round_trip(
    session: &Session,
    mechanism: &Mechanism<'_>,
    encrypting: ObjectHandle,
    decrypting: ObjectHandle,
) -> Tried {
    let sealed = session.encrypt(mechanism, encrypting, DATA)?;
    must(sealed != DATA, "what it encrypts is the same as before")?;
    let opened = session.decrypt(mechanism, decrypting, &sealed)?;
    must(opened == DATA, "it decrypts something else than it encrypted")
}

fn cipher(session: &Session, mechanism: &Mechanism<'_>) -> Tried {
    aes(session, |session, key| round_trip(session, mechanism, key, key))
}

fn gcm(session: &Session, key: ObjectHandle) -> Tried {
    let (mut nonce, mut again) = ([5; 12], [5; 12]);
    let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, b"bound", 128.into())?);
    let mut sealed = session.encrypt(&mechanism, key, DATA)?;
    must(session.decrypt(&mechanism, key, &sealed)? == DATA, "it decrypts something else than it encrypted")?;
    if let Some(first) = sealed.first_mut() {
        *first ^= 1;
    }
    let mechanism = Mechanism::AesGcm(GcmParams::new(&mut again, b"bound", 128.into())?);
    must(session.decrypt(&mechanism, key, &sealed).is_err(), "it decrypts what was changed")
}

fn code(session: &Session, mechanism: &Mechanism<'_>, key: ObjectHandle) -> Tried {
    signature(session, mechanism, key, key, DATA)
}

fn signature(
    session: &Session,
    mechanism: &Mechanism<'_>,
    verifying: ObjectHandle,
    signing: ObjectHandle,
    data: &[u8],
) -> Tried {
    let mut signature = session.sign(mechanism, signing, data)?;
    session.verify(mechanism, verifying, data, &signature)?;
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    must(session.verify(mechanism, verifying, data, &signature).is_err(), "it accepts what was changed")
}

fn hmac(session: &Session) -> Tried {
    let template =
        [Attribute::Token(false), Attribute::ValueLen(32.into()), Attribute::Sign(true), Attribute::Verify(true)];
    let key = session.generate_key(&Mechanism::GenericSecretKeyGen, &template)?;
    let result = code(session, &Mechanism::Sha256Hmac, key);
    session.destroy_object(key)?;
    result
}

fn wrap(session: &Session, mechanism: &Mechanism<'_>) -> Tried {
    aes(session, |session, wrapping| wrap_with(session, mechanism, wrapping, wrapping))
}

/// Wraps a key and unwraps it; both encrypt alike.
fn wrap_with(session: &Session, mechanism: &Mechanism<'_>, wrapping: ObjectHandle, unwrapping: ObjectHandle) -> Tried {
    aes(session, |session, key| {
        let mut wrapped = session.wrap_key(mechanism, wrapping, key)?;
        if !matches!(mechanism, Mechanism::RsaPkcsOaep(_)) {
            // Some modules tell a length that is too large, and the binding does not cut the answer to its real length.
            wrapped.truncate(40);
        }
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(false),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
        ];
        let again = session.unwrap_key(mechanism, unwrapping, &wrapped, &template)?;
        let ecb = |key| session.encrypt(&Mechanism::AesEcb, key, DATA);
        let same = ecb(key).and_then(|one| Ok(one == ecb(again)?));
        session.destroy_object(again)?;
        must(same?, "it unwraps another key than it wrapped")
    })
}

fn pair(
    session: &Session,
    mechanism: &Mechanism<'_>,
    public: &[Attribute],
    extractable: bool,
    work: impl Fn(&Session, ObjectHandle, ObjectHandle) -> Tried,
) -> Tried {
    let usual = [Attribute::Token(false), Attribute::Verify(true)];
    let public: Vec<Attribute> = public.iter().cloned().chain(usual).collect();
    let mut private = vec![
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
        Attribute::Sign(true),
    ];
    if matches!(mechanism, Mechanism::RsaPkcsKeyPairGen) {
        private.extend([Attribute::Decrypt(true), Attribute::Unwrap(true)]);
    }
    let (public, private) = session.generate_key_pair(mechanism, &public, &private)?;
    let result = work(session, public, private);
    session.destroy_object(private)?;
    session.destroy_object(public)?;
    result
}

fn rsa(session: &Session, work: impl Fn(&Session, ObjectHandle, ObjectHandle) -> Tried) -> Tried {
    let public = [
        Attribute::ModulusBits(2048.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Encrypt(true),
        Attribute::Wrap(true),
    ];
    pair(session, &Mechanism::RsaPkcsKeyPairGen, &public, false, work)
}

fn oaep(
    session: &Session,
    public: ObjectHandle,
    private: ObjectHandle,
    hash: MechanismType,
    mask: PkcsMgfType,
) -> Tried {
    let parameters = PkcsOaepParams::new(hash, mask, PkcsOaepSource::empty());
    round_trip(session, &Mechanism::RsaPkcsOaep(parameters), public, private)
}

fn ec(
    session: &Session,
    curve: &[u8],
    extractable: bool,
    work: impl Fn(&Session, ObjectHandle, ObjectHandle) -> Tried,
) -> Tried {
    pair(session, &Mechanism::EccKeyPairGen, &[Attribute::EcParams(curve.to_vec())], extractable, work)
}

fn ecdsa(session: &Session, curve: &[u8]) -> Tried {
    // A digest as it is signed.
    ec(session, curve, false, |session, public, private| signature(session, &Mechanism::Ecdsa, public, private, DATA))
}

fn private_leaves(session: &Session) -> Tried {
    ec(session, P256, true, |session, _, private| {
        aes(session, |session, wrapping| {
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, private).map(Zeroizing::new)?;
            must(wrapped.len() > 32, "what it wraps is too short for a private key")
        })
    })
}

fn private_stays(session: &Session) -> Tried {
    ec(session, P256, false, |session, _, private| {
        aes(session, |session, wrapping| {
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, wrapping, private).map(Zeroizing::new);
            must(wrapped.is_err(), "it is wrapped although it is not extractable")
        })
    })
}
