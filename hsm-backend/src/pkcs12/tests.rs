//! Files that this code and others write and read, wrong passwords, and hostile files.

use std::path::Path;
use std::process::Command;

use certs::authority::pem_contents;
use certs::profiles::Kind;
use certs::{Authority, KeyKind};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy, PrivateKey,
    PrivateKeyChain,
};

use spki::AlgorithmIdentifierRef;

use super::*;

/// Not ASCII, and longer than a block of SHA-1 in UTF-16.
const PASSWORD: &str = "pässwörd € of a container that is rather long";

struct Chain {
    key: Vec<u8>,
    own: Vec<u8>,
    above: Vec<u8>,
}

impl Chain {
    fn new() -> Self {
        let authority = Authority::create(Kind::ClientAuthority, "authority").unwrap();
        let issued = authority.issue_client("disk", KeyKind::EcP256).unwrap();
        let der = |pem: &str| pem_contents(pem.as_bytes(), "PEM").unwrap();
        Self { key: der(&issued.key), own: der(&issued.certificate), above: der(authority.certificate()) }
    }

    fn write(&self, name: &str, password: &str) -> Vec<u8> {
        let key = Secret::copy_from(&self.key);
        write(&Contents { name, key: Some(&key), certificates: &[&self.own, &self.above] }, password).unwrap()
    }

    /// As another implementation writes it.
    fn written_elsewhere(&self, encryption: EncryptionAlgorithm, mac: MacAlgorithm, iterations: u32) -> Vec<u8> {
        let read = |der: &[u8]| Certificate::from_der(der).unwrap();
        let key = PrivateKey::from_der(&self.key).unwrap();
        let chain = PrivateKeyChain::new("disk", key, [read(&self.own), read(&self.above)]);
        let mut store = KeyStore::new();
        store.add_entry("disk", KeyStoreEntry::PrivateKeyChain(chain));
        let writer = store.writer(PASSWORD).encryption_algorithm(encryption).encryption_iterations(iterations);
        writer.mac_algorithm(mac).mac_iterations(iterations).write().unwrap()
    }

    fn expect(&self, opened: &Opened) {
        assert_eq!(opened.key.expose_secret(), self.key);
        assert_eq!(opened.certificates, [self.own.clone(), self.above.clone()]);
    }
}

fn is_wrong_password<T>(result: Result<T, CryptoError>) -> bool {
    matches!(result, Err(CryptoError::Data(_)))
}

#[test]
fn what_is_written_is_read_with_its_password_alone() {
    let chain = Chain::new();
    let file = chain.write("Disk", PASSWORD);
    let opened = open(&file, PASSWORD).unwrap();
    chain.expect(&opened);
    assert_eq!(opened.name.as_deref(), Some("Disk"));
    assert!(is_wrong_password(open(&file, "another")));
    assert!(is_wrong_password(open(&file, "")));
    let without = chain.write("disk", "");
    chain.expect(&open(&without, "").unwrap());
}

#[test]
fn certificates_alone_and_a_key_alone() {
    let chain = Chain::new();
    let key = Secret::copy_from(&chain.key);
    let file = write(&Contents { name: "key", key: Some(&key), certificates: &[] }, PASSWORD).unwrap();
    let opened = open(&file, PASSWORD).unwrap();
    assert_eq!((opened.key.expose_secret(), opened.certificates.len()), (chain.key.as_slice(), 0));

    let certificates: &[&[u8]] = &[&chain.own, &chain.above];
    let file = write(&Contents { name: "client", key: None, certificates }, PASSWORD).unwrap();
    assert!(matches!(open(&file, PASSWORD), Err(CryptoError::Key(_))));
    let store = KeyStore::from_pkcs12(&file, PASSWORD, Pkcs12ImportPolicy::Strict).unwrap();
    assert_eq!((store.private_key_chain().is_none(), store.entries_len()), (true, 2));
}

#[test]
fn another_implementation_reads_what_is_written() {
    let chain = Chain::new();
    let file = chain.write("disk", PASSWORD);
    let store = KeyStore::from_pkcs12(&file, PASSWORD, Pkcs12ImportPolicy::Strict).unwrap();
    let (name, read) = store.private_key_chain().unwrap();
    assert_eq!((name, read.key().as_der()), ("disk", chain.key.as_slice()));
    let certificates: Vec<_> = read.certs().iter().map(|held| held.as_der().to_vec()).collect();
    assert_eq!(certificates, [chain.own, chain.above]);
}

#[test]
fn what_another_implementation_writes_is_read() {
    let chain = Chain::new();
    let encryptions =
        [EncryptionAlgorithm::PbeWithHmacSha256AndAes256, EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc];
    for encryption in encryptions {
        for mac in [MacAlgorithm::HmacSha1, MacAlgorithm::HmacSha256] {
            let opened = open(&chain.written_elsewhere(encryption, mac, 100), PASSWORD).unwrap();
            chain.expect(&opened);
            assert_eq!(opened.name.as_deref(), Some("disk"));
        }
    }
    let old = chain.written_elsewhere(EncryptionAlgorithm::PbeWithShaAnd40BitRc4Cbc, MacAlgorithm::HmacSha1, 100);
    assert!(matches!(open(&old, PASSWORD), Err(CryptoError::Unsupported(_))));
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    if !output.status.success() {
        println!("openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

/// A third implementation, with what it writes by default and on demand.
#[test]
fn openssl_reads_and_writes_the_same_files() {
    if !Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
        println!("SKIP the openssl command is not installed");
        return;
    }
    let (chain, folder) = (Chain::new(), tempfile::tempdir().unwrap());
    let place = folder.path();
    std::fs::write(place.join("ours.p12"), chain.write("disk", PASSWORD)).unwrap();
    let password = format!("pass:{PASSWORD}");
    let read = ["pkcs12", "-in", "ours.p12", "-passin", &password, "-nodes", "-out", "ours.pem"];
    assert!(openssl(place, &read));
    assert!(openssl(place, &["pkcs8", "-topk8", "-nocrypt", "-in", "ours.pem", "-outform", "DER", "-out", "key.der"]));
    assert_eq!(std::fs::read(place.join("key.der")).unwrap(), chain.key);

    let variants: [&[&str]; 6] = [
        &[],
        &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        &["-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-macalg", "sha512"],
        &["-keypbe", "AES-192-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha384"],
        &["-keypbe", "NONE", "-certpbe", "NONE", "-macalg", "sha224"],
        &["-nomac"],
    ];
    for variant in variants {
        let mut write = vec!["pkcs12", "-export", "-in", "ours.pem", "-name", "Théa", "-out", "theirs.p12"];
        write.extend(["-passout", &password, "-iter", "300"]);
        write.extend(variant);
        assert!(openssl(place, &write), "{variant:?}");
        let theirs = std::fs::read(place.join("theirs.p12")).unwrap();
        let opened = open(&theirs, PASSWORD).unwrap();
        chain.expect(&opened);
        assert_eq!(opened.name.as_deref(), Some("Théa"), "{variant:?}");
        let protected = !variant.contains(&"NONE") || !variant.contains(&"-nomac");
        assert!(!protected || is_wrong_password(open(&theirs, "another")), "{variant:?}");
    }
}

#[test]
fn costly_files_are_refused_before_they_are_computed() {
    let chain = Chain::new();
    let began = std::time::Instant::now();
    let file = chain.written_elsewhere(EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256, 1);
    // The iterations of the code stand at the end: INTEGER 1 by default, so a file with more of them is made by hand.
    let mut pfx = Pfx::from_der(&file).unwrap();
    pfx.mac_data.as_mut().unwrap().iterations = u32::MAX;
    let refused = open(&pfx.to_der().unwrap(), PASSWORD);
    assert!(matches!(refused, Err(CryptoError::Limit(_))), "{:?}", refused.err());
    assert!(began.elapsed().as_secs() < 5);
}

/// A file of these safes, without a code over them.
fn file_of(safes: &[Vec<u8>]) -> Vec<u8> {
    let content = OctetString::new(sequence(safes).unwrap()).unwrap().to_der().unwrap();
    let auth_safe = ContentInfo { content_type: DATA, content: AnyRef::from_der(&content).unwrap() };
    Pfx { version: VERSION, auth_safe, mac_data: None }.to_der().unwrap()
}

#[test]
fn many_parts_long_passwords_and_long_salts_are_refused() {
    let is_limit = |result: Result<Opened, CryptoError>| matches!(result, Err(CryptoError::Limit(_)));
    let began = std::time::Instant::now();
    let (algorithm, encrypted) = Password::new(PASSWORD).unwrap().encrypt(&[0x30, 0]).unwrap();
    let info = EncryptedContentInfo {
        content_type: DATA,
        algorithm: Decode::from_der(&algorithm).unwrap(),
        content: OctetStringRef::new(&encrypted).unwrap(),
    };
    let safe = content_info(ENCRYPTED_DATA, &EncryptedData { version: 0, info }.to_der().unwrap()).unwrap();
    assert!(is_limit(open(&file_of(&vec![safe; 30]), PASSWORD)), "iterations of many safes");
    let bags = OctetString::new([0x30, 0]).unwrap().to_der().unwrap();
    let empty = content_info(DATA, &bags).unwrap();
    assert!(is_limit(open(&file_of(&vec![empty; 1_001]), PASSWORD)), "safes");
    let salt = vec![0; 1 << 20];
    let salt = OctetStringRef::new(&salt).unwrap();
    let mut pfx = Pfx::from_der(&file_of(&[]).leak()[..]).unwrap();
    let algorithm = AlgorithmIdentifierRef { oid: ObjectIdentifier::new_unwrap("1.3.14.3.2.26"), parameters: None };
    let mac = DigestInfo { algorithm, digest: OctetStringRef::new(&[0; 20]).unwrap() };
    pfx.mac_data = Some(MacData { mac, salt, iterations: 1_990_000 });
    assert!(is_limit(open(&pfx.to_der().unwrap(), PASSWORD)), "a long salt");
    let long = "x".repeat(1_025);
    assert!(is_limit(open(&file_of(&[]), &long)), "a long password");
    assert!(began.elapsed().as_secs() < 20);
}

/// Which of several keys an object is, its friendly name cannot tell: it changes.
#[test]
fn a_file_has_one_key() {
    let (chain, password) = (Chain::new(), Password::new(PASSWORD).unwrap());
    let key = |name: &str| shrouded_key(&Secret::copy_from(&chain.key), name, None, &password).unwrap();
    assert_eq!(open(&file_of(&[key("one")]), PASSWORD).unwrap().key.expose_secret(), chain.key);
    assert!(matches!(open(&file_of(&[key("one"), key("two")]), PASSWORD), Err(CryptoError::Key(_))));
    assert!(matches!(open(&file_of(&[]), PASSWORD), Err(CryptoError::Key(_))));
    assert!(is_wrong_password(open(&file_of(&[key("one")]), "another")));
}

/// Whatever is changed in a file, the answer is an error or a file that the code does not cover.
#[test]
fn changed_files_are_refused() {
    let chain = Chain::new();
    let file = chain.written_elsewhere(EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256, 1);
    let mut opened = 0;
    for place in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = file.clone();
            changed[place] ^= change;
            if let Ok(found) = open(&changed, PASSWORD) {
                assert_eq!(found.key.expose_secret(), chain.key);
                opened += 1;
            }
            let _ = open(&changed[..place], PASSWORD);
        }
    }
    // What the code does not cover: the NULL of its algorithm, at most.
    assert!(opened <= 12, "{opened} changed files were opened");
}
