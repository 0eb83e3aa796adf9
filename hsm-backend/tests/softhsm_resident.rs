//! Resident keys on SoftHSM2: they do on the token what enveloped keys do in this process, and stay there.
//!
//! Without the module (Debian package softhsm2) the test says so and passes; `SOFTHSM2_MODULE` names another place.

mod tokens;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use hsm_backend::pkcs11::{Mode, Options, Pkcs11Vault, TokenAddress};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{
    Aead, BlockCipher, BlockMode, BlockPadding, CryptoError, Cryptography as _, Derivation, Encryption, Hash,
    KbkdfMode, Key, KeyWrap, Mac, Message, Prf, Signing, Transform,
};
use kmip_core::ports::resident::{Residence, ResidentKind};
use kmip_core::ports::vault::{Answer, Binding, Call, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError};
use sha2::{Digest as _, Sha256};

const SPEC: &[u8] = b"spec";
const DATA: &[u8] = b"sixteen bytes...and sixteen more and then some";
const STAYS: Residence = Residence { kind: ResidentKind::Aes { bits: 256 }, sensitive: true, extractable: false };

fn binding(id: &str) -> Binding<'_> {
    Binding { scope: "scope", id, spec: SPEC }
}

fn of(kind: ResidentKind) -> Residence {
    Residence { kind, ..STAYS }
}

fn symmetric(generated: Generated) -> Sealed {
    let Generated::Symmetric(sealed) = generated else { panic!("a pair") };
    sealed
}

fn pair(generated: Generated) -> (Sealed, Vec<u8>) {
    let Generated::Pair { private, public } = generated else { panic!("no pair") };
    (private, public)
}

fn open(address: &TokenAddress, mode: Mode, scope_key: &[u8]) -> Pkcs11Vault {
    let vault = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], tokens::options(mode)).unwrap();
    vault.install_scope_key("scope", scope_key).unwrap();
    vault
}

#[test]
fn resident_keys_on_softhsm() {
    let Some(module) = tokens::module() else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = tokens::start(&module, directory.path());
    tokens::make(&pkcs11, "resident");
    let address = tokens::address(&module, "resident");
    let vault = Pkcs11Vault::create(vec![(address.clone(), tokens::pin())], Options::default()).unwrap();
    let scope_key = vault.create_scope_key("scope").unwrap();
    vault.install_scope_key("scope", &scope_key).unwrap();

    ciphers_agree_with_this_process(&vault);
    streams_give_what_one_piece_gives(&vault);
    codes_agree_with_this_process(&vault);
    key_wrap_agrees_with_this_process(&vault);
    rsa_signs_and_decrypts(&vault);
    elliptic_keys_sign_and_agree(&vault);
    what_the_device_does_not_do_is_refused(&vault);
    keys_leave_as_they_were_allowed_to(&vault);
    odd_lengths_come_in_and_leave_as_they_are(&vault);
    private_keys_come_in_and_leave(&vault);
    a_blob_opens_for_its_object_only(&vault);
    the_token_keeps_what_it_was_told_to_keep(&vault, &pkcs11);
    let kept = symmetric(vault.generate_resident(STAYS, binding("kept")).unwrap());
    let encrypted = vault.encrypt(Key::Sealed(&kept, binding("kept")), &ecb(), &DATA[..32]).unwrap().data;
    drop(vault);
    the_next_process_uses_the_key_in_both_modes(&address, &scope_key, &kept, &encrypted);
    destroying_removes_the_object_and_nothing_else(&address, &scope_key, &kept, &pkcs11);
    the_rest_is_listed_and_removed_by_name(&address, &scope_key, &pkcs11);
}

fn block(mode: BlockMode, padding: BlockPadding, iv: &[u8]) -> Encryption<'_> {
    Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv }
}

fn ecb() -> Encryption<'static> {
    block(BlockMode::Ecb, BlockPadding::None, &[])
}

fn gcm(nonce: &[u8], tag_length: usize) -> Encryption<'_> {
    Encryption::Aead { cipher: Aead::AesGcm, nonce, aad: b"more", tag_length }
}

/// Every length around the block, in every mode that a device has, in both directions: the key is known to both sides.
fn ciphers_agree_with_this_process(vault: &Pkcs11Vault) {
    let iv = [0xFF; 16];
    for bits in [128, 192, 256] {
        let clear = Secret::copy_from(&vec![7; bits / 8]);
        let id = format!("cipher-{bits}");
        let kind = ResidentKind::Aes { bits: u32::try_from(bits).unwrap() };
        let sealed = vault.import_resident(of(kind), &clear, binding(&id)).unwrap();
        assert!(vault.resides(&sealed));
        let digest = vault.digest_resident(&sealed, binding(&id)).unwrap();
        assert_eq!(digest, Some(Sha256::digest(clear.expose_secret()).into()), "the digest that the device computes");
        let resident = Key::Sealed(&sealed, binding(&id));
        for how in [
            ecb(),
            block(BlockMode::Ecb, BlockPadding::Pkcs5, &[]),
            block(BlockMode::Cbc, BlockPadding::None, &iv),
            block(BlockMode::Cbc, BlockPadding::Pkcs5, &iv),
            block(BlockMode::Cbc, BlockPadding::AnsiX923, &iv),
            block(BlockMode::Ctr, BlockPadding::None, &iv),
            gcm(&iv[..12], 16),
            gcm(&iv[..12], 12),
        ] {
            for length in [0, 1, 15, 16, 17, 32, 46] {
                let ours = vault.encrypt(Key::Clear(&clear), &how, &DATA[..length]);
                let theirs = vault.encrypt(resident, &how, &DATA[..length]);
                let (Ok(ours), Ok(theirs)) = (&ours, &theirs) else {
                    assert!(
                        matches!((&ours, &theirs), (Err(CryptoError::Data(_)), Err(CryptoError::Data(_)))),
                        "{how:?} of {length}: {ours:?}, {theirs:?}"
                    );
                    continue;
                };
                assert_eq!((&ours.data, &ours.tag), (&theirs.data, &theirs.tag), "{how:?} of {length}");
                let plain = vault.decrypt(resident, &how, &ours.data, ours.tag.as_deref()).unwrap();
                assert_eq!(plain.expose_secret(), &DATA[..length], "{how:?} of {length}");
            }
        }
        let how = gcm(&iv[..12], 16);
        let Some(mut tag) = vault.encrypt(resident, &how, DATA).unwrap().tag else { panic!("no tag") };
        let data = vault.encrypt(resident, &how, DATA).unwrap().data;
        tag[0] ^= 1;
        let refused = vault.decrypt(resident, &how, &data, Some(&tag));
        assert!(matches!(refused, Err(CryptoError::NotAuthentic)), "{refused:?}");
        let padded = block(BlockMode::Cbc, BlockPadding::Pkcs5, &iv);
        assert!(matches!(vault.decrypt(resident, &padded, &[0; 32], None), Err(CryptoError::Data(_))));
        assert!(matches!(vault.decrypt(resident, &padded, &[0; 31], None), Err(CryptoError::Data(_))));
        assert!(vault.health().is_ok(), "data that does not decrypt made a device lost");
    }
}

fn streams_give_what_one_piece_gives(vault: &Pkcs11Vault) {
    let sealed = symmetric(vault.generate_resident(STAYS, binding("stream")).unwrap());
    let key = Key::Sealed(&sealed, binding("stream"));
    let iv = [3; 16];
    let ways = [
        block(BlockMode::Ecb, BlockPadding::AnsiX923, &[]),
        block(BlockMode::Cbc, BlockPadding::Pkcs5, &iv),
        block(BlockMode::Ctr, BlockPadding::None, &[0xFF; 16]),
        gcm(&iv[..12], 16),
    ];
    for how in ways {
        let whole = vault.encrypt(key, &how, DATA).unwrap();
        // Parts of every length, also shorter than a block, give whole blocks as soon as they are there.
        for length in 1..DATA.len() {
            let parts = |data: &[u8], mut stream: Box<dyn Transform>, tag: Option<&[u8]>| {
                let mut given = Vec::new();
                let mut chunks = data.chunks(length).peekable();
                while let Some(part) = chunks.next_if(|_| true) {
                    if chunks.peek().is_none() {
                        let rest = stream.finish(part, tag).unwrap();
                        given.extend_from_slice(rest.data.expose_secret());
                        return (given, rest.tag);
                    }
                    given.extend_from_slice(stream.update(part).unwrap().expose_secret());
                }
                (given, None)
            };
            let encrypted = parts(DATA, vault.begin_encrypt(key, &how).unwrap(), None);
            assert_eq!((&encrypted.0, &encrypted.1), (&whole.data, &whole.tag), "{how:?} in parts of {length}");
            let stream = vault.begin_decrypt(key, &how).unwrap();
            assert_eq!(parts(&whole.data, stream, whole.tag.as_deref()).0, DATA, "{how:?} in parts of {length}");
        }
        let mut stream = vault.begin_encrypt(key, &how).unwrap();
        let waits_for_the_end = matches!(how, Encryption::Aead { .. });
        assert_eq!(stream.update(&DATA[..16]).unwrap().is_empty(), waits_for_the_end, "{how:?}");
    }
}

fn codes_agree_with_this_process(vault: &Pkcs11Vault) {
    let clear = Secret::copy_from(&[9; 64]);
    let hmac = vault.import_resident(of(ResidentKind::Hmac { bits: 512 }), &clear, binding("hmac")).unwrap();
    let cmac_clear = Secret::copy_from(&[9; 32]);
    let cmac = vault.import_resident(STAYS, &cmac_clear, binding("cmac")).unwrap();
    let hashes = [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512].map(Mac::Hmac);
    for how in hashes.into_iter().chain([Mac::Cmac(BlockCipher::Aes)]) {
        let (key, clear) = match how {
            Mac::Hmac(_) => (Key::Sealed(&hmac, binding("hmac")), &clear),
            _ => (Key::Sealed(&cmac, binding("cmac")), &cmac_clear),
        };
        let ours = vault.mac(Key::Clear(clear), &how, DATA).unwrap();
        assert_eq!(vault.mac(key, &how, DATA).unwrap(), ours, "{how:?}");
        assert!(vault.mac_verify(key, &how, DATA, &ours).unwrap());
        assert!(!vault.mac_verify(key, &how, &DATA[1..], &ours).unwrap());
        let mut stream = vault.begin_mac(key, &how).unwrap();
        stream.update(&DATA[..7]).unwrap();
        stream.update(&DATA[7..]).unwrap();
        assert!(stream.verify(&ours).unwrap());
    }
    let (hash, data) = (Hash::Sha256, DATA);
    let blocks = |prf, mode| Derivation::Kbkdf { mode, prf, data, iv: &[] };
    for (derivation, length) in [
        (Derivation::Hash { hash, data: &[] }, 32),
        (Derivation::Hash { hash: Hash::Sha512, data }, 50),
        (blocks(Prf::Cmac(BlockCipher::Aes), KbkdfMode::Counter), 40),
        (blocks(Prf::Hmac(hash), KbkdfMode::Feedback), 70),
        (blocks(Prf::Hmac(hash), KbkdfMode::DoublePipeline), 70),
    ] {
        let (key, clear) = match derivation {
            Derivation::Kbkdf { prf: Prf::Cmac(_), .. } => (Key::Sealed(&cmac, binding("cmac")), &cmac_clear),
            _ => (Key::Sealed(&hmac, binding("hmac")), &clear),
        };
        let ours = vault.derive(Some(Key::Clear(clear)), &derivation, length).unwrap();
        assert_eq!(vault.derive(Some(key), &derivation, length).unwrap(), ours, "{derivation:?}");
        assert!(matches!(vault.derive(Some(key), &derivation, 0), Err(CryptoError::Limit(_))));
    }
    let derivation = Derivation::Hmac { hash: Hash::Sha256, data: DATA };
    let ours = vault.derive(Some(Key::Clear(&clear)), &derivation, 24).unwrap();
    assert_eq!(vault.derive(Some(Key::Sealed(&hmac, binding("hmac"))), &derivation, 24).unwrap(), ours);
}

fn key_wrap_agrees_with_this_process(vault: &Pkcs11Vault) {
    let clear = Secret::copy_from(&[5; 32]);
    let sealed = vault.import_resident(STAYS, &clear, binding("kek")).unwrap();
    let key = Key::Sealed(&sealed, binding("kek"));
    for (wrap, lengths) in [(KeyWrap::Kw, [16, 24, 40]), (KeyWrap::Kwp, [1, 16, 31])] {
        for length in lengths {
            let how = Encryption::KeyWrap(wrap);
            let ours = vault.encrypt(Key::Clear(&clear), &how, &DATA[..length]).unwrap().data;
            match vault.encrypt(key, &how, &DATA[..length]) {
                Ok(theirs) => assert_eq!(theirs.data, ours, "{how:?} of {length}"),
                // SoftHSM 2.6 writes the padded length into what it wraps, so that zeros would come back with the data.
                Err(CryptoError::Unsupported(why)) => assert!(length % 8 != 0 && why.contains("pads"), "{why}"),
                Err(other) => panic!("{how:?} of {length}: {other}"),
            }
            assert_eq!(vault.decrypt(key, &how, &ours, None).unwrap().expose_secret(), &DATA[..length]);
            let mut damaged = ours.clone();
            damaged[3] ^= 1;
            assert!(matches!(vault.decrypt(key, &how, &damaged, None), Err(CryptoError::Data(_))));
        }
    }
    assert!(matches!(vault.encrypt(key, &Encryption::KeyWrap(KeyWrap::Kw), &DATA[..17]), Err(CryptoError::Data(_))));
    let data = Secret::copy_from(&DATA[..24]);
    let Answer::Bytes(wrapped) = vault.perform(&sealed, binding("kek"), Call::WrapKw { data: &data }).unwrap() else {
        panic!("wrapped bytes need no protection")
    };
    let Answer::Secret(again) = vault.perform(&sealed, binding("kek"), Call::UnwrapKw { wrapped: &wrapped }).unwrap()
    else {
        panic!("an unwrapped key is secret")
    };
    assert_eq!(again, data);
}

fn rsa_signs_and_decrypts(vault: &Pkcs11Vault) {
    let (private, public) =
        pair(vault.generate_resident(of(ResidentKind::Rsa { bits: 2048 }), binding("rsa")).unwrap());
    let (private, public) = (Key::Sealed(&private, binding("rsa")), Key::Public(&public));
    let pss = |salt_length| Signing::RsaPss { hash: Hash::Sha256, mask_hash: Hash::Sha256, salt_length };
    let hashes = [Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512, Hash::Sha3_256];
    let schemes = hashes.map(|hash| Signing::RsaPkcs1 { hash }).into_iter().chain([pss(None), pss(Some(20))]);
    for how in schemes {
        let signature = vault.sign(private, &how, Message::Data(DATA)).unwrap();
        assert!(vault.verify(public, &how, Message::Data(DATA), &signature).unwrap(), "{how:?}");
        assert!(!vault.verify(public, &how, Message::Data(&DATA[1..]), &signature).unwrap());
        let mut stream = vault.begin_sign(private, &how).unwrap();
        stream.update(&DATA[..9]).unwrap();
        stream.update(&DATA[9..]).unwrap();
        let signature = stream.finish().unwrap();
        assert!(vault.verify(public, &how, Message::Data(DATA), &signature).unwrap(), "{how:?} in parts");
    }
    let digest = Message::Digest(&[8; 32]);
    for how in [Signing::RsaPkcs1 { hash: Hash::Sha256 }, Signing::RsaPkcs1Unprefixed] {
        let signature = vault.sign(private, &how, digest).unwrap();
        assert!(vault.verify(public, &how, digest, &signature).unwrap());
    }
    let sha1 = Signing::RsaPkcs1 { hash: Hash::Sha1 };
    assert!(matches!(vault.sign(private, &sha1, Message::Data(DATA)), Err(CryptoError::Unsupported(_))));
    let oaep = |hash| Encryption::RsaOaep { hash, mask_hash: hash, label: b"" };
    for how in [Encryption::RsaPkcs1, oaep(Hash::Sha1)] {
        let encrypted = vault.encrypt(public, &how, DATA).unwrap().data;
        assert_eq!(vault.decrypt(private, &how, &encrypted, None).unwrap().expose_secret(), DATA, "{how:?}");
    }
    let encrypted = vault.encrypt(public, &oaep(Hash::Sha256), DATA).unwrap().data;
    let refused = vault.decrypt(private, &oaep(Hash::Sha256), &encrypted, None).unwrap_err();
    assert!(matches!(refused, CryptoError::Unsupported(_)), "SoftHSM does OAEP with SHA-1 only: {refused}");
}

fn elliptic_keys_sign_and_agree(vault: &Pkcs11Vault) {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let id = format!("{curve:?}");
        let (private, public) = pair(vault.generate_resident(of(ResidentKind::Ec { curve }), binding(&id)).unwrap());
        let (private, spki) = (Key::Sealed(&private, binding(&id)), Key::Public(&public));
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512, Hash::Sha3_512] {
            let how = Signing::Ecdsa { hash };
            // Often enough for numbers that begin with a zero byte.
            for round in 0..20u8 {
                let message = [round; 50];
                let signature = vault.sign(private, &how, Message::Data(&message)).unwrap();
                assert!(vault.verify(spki, &how, Message::Data(&message), &signature).unwrap(), "{curve:?} {hash:?}");
                assert!(!vault.verify(spki, &how, Message::Data(DATA), &signature).unwrap());
            }
        }
        let Generated::Pair { private: peer, public: peer_spki } =
            vault.generate(KeySpec::Ec { curve }, binding("peer")).unwrap()
        else {
            panic!("no pair")
        };
        let length = [32, 48, 66][[Curve::P256, Curve::P384, Curve::P521].iter().position(|it| *it == curve).unwrap()];
        let ours = Derivation::Agreement { public: &peer_spki };
        let theirs = Derivation::Agreement { public: &public };
        let shared = vault.derive(Some(private), &ours, length).unwrap();
        assert_eq!(vault.derive(Some(Key::Sealed(&peer, binding("peer"))), &theirs, length).unwrap(), shared);
        let mut off_the_curve = peer_spki.clone();
        *off_the_curve.last_mut().unwrap() ^= 1;
        let refused = vault.derive(Some(private), &Derivation::Agreement { public: &off_the_curve }, length);
        assert!(matches!(refused, Err(CryptoError::Key(_))), "{refused:?}");
    }
}

fn what_the_device_does_not_do_is_refused(vault: &Pkcs11Vault) {
    let sealed = symmetric(vault.generate_resident(STAYS, binding("limits")).unwrap());
    let key = Key::Sealed(&sealed, binding("limits"));
    let iv = [1; 16];
    for how in [block(BlockMode::Ofb, BlockPadding::None, &iv), Encryption::OneTimePad] {
        let refused = vault.encrypt(key, &how, DATA).unwrap_err();
        assert!(matches!(refused, CryptoError::Unsupported(_)), "{refused}");
        assert!(refused.to_string().contains("stays in a device"), "{refused}");
    }
    let rsa = Signing::RsaPkcs1 { hash: Hash::Sha256 };
    assert!(matches!(vault.sign(key, &rsa, Message::Data(DATA)), Err(CryptoError::Key(_))));
    assert!(vault.mac(key, &Mac::Hmac(Hash::Sha256), DATA).is_err());
    let hkdf = Derivation::Hkdf { hash: Hash::Sha256, salt: b"", info: b"" };
    assert!(matches!(vault.derive(Some(key), &hkdf, 16), Err(CryptoError::Unsupported(_))));
    let odd = ResidentKind::Aes { bits: 160 };
    assert!(matches!(vault.may_reside(odd), Err(VaultError::Unsupported(_))));
    assert!(vault.generate_resident(of(odd), binding("odd")).is_err());
    let koblitz = ResidentKind::Ec { curve: Curve::Secp256k1 };
    assert!(matches!(vault.may_reside(koblitz), Err(VaultError::Unsupported(_))));
    assert!(vault.may_reside(STAYS.kind).is_ok());
}

fn keys_leave_as_they_were_allowed_to(vault: &Pkcs11Vault) {
    let kek_clear = Secret::copy_from(&[6; 32]);
    let kek = vault.import_resident(STAYS, &kek_clear, binding("export-kek")).unwrap();
    let stays = symmetric(vault.generate_resident(STAYS, binding("export")).unwrap());
    let refused = vault.open(&stays, binding("export")).unwrap_err();
    assert!(matches!(refused, VaultError::Stays(_)) && refused.to_string().contains("not Extractable"), "{refused}");
    for under in [Key::Sealed(&kek, binding("export-kek")), Key::Clear(&kek_clear)] {
        let refused = vault.wrap_resident(&stays, binding("export"), under, KeyWrap::Kw);
        assert!(matches!(refused, Err(CryptoError::Vault(VaultError::Stays(_)))), "{refused:?}");
    }
    for (sensitive, id) in [(true, "leaves-wrapped"), (false, "leaves")] {
        let what = Residence { sensitive, extractable: true, ..STAYS };
        let sealed = symmetric(vault.generate_resident(what, binding(id)).unwrap());
        let expected = vault.encrypt(Key::Sealed(&sealed, binding(id)), &ecb(), &DATA[..32]).unwrap().data;
        for wrap in [KeyWrap::Kw, KeyWrap::Kwp] {
            for under in [Key::Sealed(&kek, binding("export-kek")), Key::Clear(&kek_clear)] {
                let wrapped = vault.wrap_resident(&sealed, binding(id), under, wrap).unwrap();
                let clear = vault.decrypt(Key::Clear(&kek_clear), &Encryption::KeyWrap(wrap), &wrapped, None).unwrap();
                assert_eq!(vault.encrypt(Key::Clear(&clear), &ecb(), &DATA[..32]).unwrap().data, expected);
            }
        }
        match vault.open(&sealed, binding(id)) {
            Ok(clear) if !sensitive => {
                assert_eq!(vault.encrypt(Key::Clear(&clear), &ecb(), &DATA[..32]).unwrap().data, expected);
            }
            Err(VaultError::Stays(why)) if sensitive => assert!(why.contains("Sensitive"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Lengths that are no multiple of the key wrap's block.
fn odd_lengths_come_in_and_leave_as_they_are(vault: &Pkcs11Vault) {
    let what = Residence { kind: ResidentKind::Hmac { bits: 160 }, sensitive: false, extractable: true };
    let clear = Secret::copy_from(&[5; 20]);
    let brought = vault.import_resident(what, &clear, binding("odd in")).unwrap();
    assert_eq!(vault.open(&brought, binding("odd in")).unwrap(), clear);
    let digest = vault.digest_resident(&brought, binding("odd in")).unwrap();
    assert_eq!(digest, Some(Sha256::digest(clear.expose_secret()).into()));
    let made = symmetric(vault.generate_resident(what, binding("odd out")).unwrap());
    let opened = vault.open(&made, binding("odd out")).unwrap();
    let how = Mac::Hmac(Hash::Sha1);
    assert_eq!(opened.len(), 20);
    assert_eq!(
        vault.mac(Key::Sealed(&made, binding("odd out")), &how, DATA).unwrap(),
        vault.mac(Key::Clear(&opened), &how, DATA).unwrap()
    );
}

fn private_keys_come_in_and_leave(vault: &Pkcs11Vault) {
    let kinds = [
        (KeySpec::Rsa { bits: 2048 }, ResidentKind::Rsa { bits: 2048 }, Signing::RsaPkcs1 { hash: Hash::Sha256 }),
        (
            KeySpec::Ec { curve: Curve::P384 },
            ResidentKind::Ec { curve: Curve::P384 },
            Signing::Ecdsa { hash: Hash::Sha384 },
        ),
    ];
    for (spec, kind, how) in kinds {
        let (enveloped, public) = pair(vault.generate(spec, binding("enveloped")).unwrap());
        let pkcs8 = vault.open(&enveloped, binding("enveloped")).unwrap();
        let id = format!("import-{kind:?}");
        let what = Residence { kind, sensitive: false, extractable: true };
        let resident = vault.import_resident(what, &pkcs8, binding(&id)).unwrap();
        let signature = vault.sign(Key::Sealed(&resident, binding(&id)), &how, Message::Data(DATA)).unwrap();
        assert!(vault.verify(Key::Public(&public), &how, Message::Data(DATA), &signature).unwrap());
        assert_eq!(vault.open(&resident, binding(&id)).unwrap(), pkcs8, "{kind:?}");
    }
    // A private key leaves under a client's key only if the device pads as RFC 5649 says: see the test of key wrap.
    let kek = vault.import_resident(STAYS, &Secret::copy_from(&[6; 32]), binding("pair-kek")).unwrap();
    let what = Residence { kind: ResidentKind::Ec { curve: Curve::P256 }, sensitive: true, extractable: true };
    let (private, _) = pair(vault.generate_resident(what, binding("leaves-padded")).unwrap());
    let clear = Secret::copy_from(&[6; 32]);
    let (under, mine) = (Key::Sealed(&kek, binding("pair-kek")), Key::Clear(&clear));
    match vault.wrap_resident(&private, binding("leaves-padded"), under, KeyWrap::Kwp) {
        Ok(wrapped) => {
            vault.decrypt(mine, &Encryption::KeyWrap(KeyWrap::Kwp), &wrapped, None).unwrap();
        }
        Err(refused) => assert!(refused.to_string().contains("pads"), "{refused}"),
    }
    let garbage = Secret::copy_from(&[1; 64]);
    let what = of(ResidentKind::Rsa { bits: 2048 });
    assert!(vault.import_resident(what, &garbage, binding("garbage")).is_err());
}

fn a_blob_opens_for_its_object_only(vault: &Pkcs11Vault) {
    let sealed = symmetric(vault.generate_resident(STAYS, binding("mine")).unwrap());
    vault.generate_resident(STAYS, binding("other")).unwrap();
    let refused = |sealed: &Sealed, binding| {
        let used = vault.encrypt(Key::Sealed(sealed, binding), &ecb(), &DATA[..16]);
        assert!(matches!(used, Err(CryptoError::Vault(VaultError::DoesNotOpen(_)))), "{used:?}");
        assert!(vault.destroy(sealed, binding).is_err());
    };
    refused(&sealed, binding("other"));
    refused(&sealed, Binding { spec: b"another", ..binding("mine") });
    for place in 0..sealed.0.len() {
        let mut damaged = sealed.clone();
        damaged.0[place] ^= 1;
        let used = vault.encrypt(Key::Sealed(&damaged, binding("mine")), &ecb(), &DATA[..16]);
        assert!(used.is_err(), "byte {place}");
    }
    assert!(vault.encrypt(Key::Sealed(&sealed, binding("mine")), &ecb(), &DATA[..16]).is_ok());
}

fn the_token_keeps_what_it_was_told_to_keep(vault: &Pkcs11Vault, pkcs11: &Pkcs11) {
    vault.generate_resident(STAYS, binding("seen")).unwrap();
    vault.generate_resident(of(ResidentKind::Ec { curve: Curve::P256 }), binding("seen pair")).unwrap();
    let session = tokens::session(pkcs11, "resident");
    let transport = [Attribute::ValueLen(32.into()), Attribute::Token(false), Attribute::Wrap(true)];
    let transport = session.generate_key(&Mechanism::AesKeyGen, &transport).unwrap();
    for id in ["seen", "seen pair"] {
        let found = session.find_objects(&[Attribute::Id(id.as_bytes().to_vec())]).unwrap();
        let [key] = found.as_slice() else { panic!("{} objects", found.len()) };
        let asked = [AttributeType::Label, AttributeType::Token, AttributeType::NeverExtractable];
        let told = session.get_attributes(*key, &asked).unwrap();
        assert!(told.contains(&Attribute::Label(b"kmip-root/scope".to_vec())), "{told:?}");
        assert!(
            told.contains(&Attribute::Token(true)) && told.contains(&Attribute::NeverExtractable(true)),
            "{told:?}"
        );
        assert_eq!(session.get_attributes(*key, &[AttributeType::Value]).unwrap(), []);
        let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, transport, *key);
        assert!(matches!(wrapped, Err(Error::Pkcs11(RvError::KeyUnextractable, _))), "{wrapped:?}");
    }
    session.destroy_object(transport).unwrap();
}

fn the_next_process_uses_the_key_in_both_modes(
    address: &TokenAddress,
    scope_key: &[u8],
    kept: &Sealed,
    encrypted: &[u8],
) {
    for mode in [Mode::Cached, Mode::Strict] {
        let vault = open(address, mode, scope_key);
        for _ in 0..3 {
            let again = vault.encrypt(Key::Sealed(kept, binding("kept")), &ecb(), &DATA[..32]).unwrap();
            assert_eq!(again.data, encrypted);
        }
        let own = symmetric(vault.generate_resident(STAYS, binding(&format!("{mode:?}"))).unwrap());
        assert_eq!(own.0.first(), Some(if mode == Mode::Cached { &3 } else { &4 }));
        assert!(mode == Mode::Strict || !vault.waits().to_use);
        vault.note_stored(kept);
        assert!(vault.waits().to_use, "a store holds what only the device uses");
    }
}

fn count(pkcs11: &Pkcs11) -> usize {
    tokens::session(pkcs11, "resident").find_objects(&[Attribute::Token(true)]).unwrap().len()
}

fn destroying_removes_the_object_and_nothing_else(
    address: &TokenAddress,
    scope_key: &[u8],
    kept: &Sealed,
    pkcs11: &Pkcs11,
) {
    let vault = open(address, Mode::Cached, scope_key);
    let key = Key::Sealed(kept, binding("kept"));
    vault.encrypt(key, &ecb(), &DATA[..16]).unwrap();
    let before = count(pkcs11);
    vault.destroy(kept, binding("kept")).unwrap();
    assert_eq!(count(pkcs11), before - 1);
    let refused = vault.encrypt(key, &ecb(), &DATA[..16]).unwrap_err().to_string();
    assert!(refused.contains("has 0 keys with identifier \"kept\""), "{refused}");
    assert!(vault.health().is_ok(), "a missing object made a device lost");
    vault.destroy(kept, binding("kept")).unwrap();
    assert_eq!(count(pkcs11), before - 1);
}

fn the_rest_is_listed_and_removed_by_name(address: &TokenAddress, scope_key: &[u8], pkcs11: &Pkcs11) {
    let vault = open(address, Mode::Cached, scope_key);
    let session = tokens::session(pkcs11, "resident");
    let foreign = |label: &[u8], id: &[u8]| {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::ValueLen(32.into()),
            Attribute::Token(true),
            Attribute::Label(label.to_vec()),
            Attribute::Id(id.to_vec()),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template).unwrap()
    };
    for (label, id) in [(&b"backup"[..], &b"seen"[..]), (b"kmip-root", b"seen"), (b"kmip-root-2/scope", b"seen")] {
        foreign(label, id);
    }
    let listed = vault.residents().unwrap();
    assert_eq!(listed.iter().filter(|object| object.id == "seen").count(), 1, "{listed:?}");
    assert!(listed.iter().all(|object| object.scope == "scope" && !object.device.is_empty()));
    assert_eq!(listed.len() + 3 + 1, count(pkcs11), "the foreign ones and the root key are not listed");
    for object in &listed {
        assert!(vault.remove_resident(&object.scope, &object.id).unwrap());
        assert!(!vault.remove_resident(&object.scope, &object.id).unwrap());
    }
    assert_eq!(count(pkcs11), 3 + 1, "something foreign was touched");
    assert_eq!(vault.residents().unwrap(), []);
}
