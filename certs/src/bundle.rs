//! What a client that registers gets in one file: its certificate, that of its authority and its key, if the server has made
//! that, as PKCS #12 (RFC 7292) under PBES2 with AES-256 and an HMAC of SHA-256.

use crate::authority::{CertsError, pem_contents};
use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use zeroize::Zeroizing;

/// Iterations of both derivations.
const ITERATIONS: u32 = 100_000;

/// The password of the file: HEX(SHA256(Username || Password)) by KMIP 2.1 §11.10, which leaves the case of the digits open;
/// here they are lower case.
pub fn password(username: &str, password: &str) -> Zeroizing<String> {
    let mut hash = Context::new(&SHA256);
    hash.update(username.as_bytes());
    hash.update(password.as_bytes());
    Zeroizing::new(HEXLOWER.encode(hash.finish().as_ref()))
}

/// Writes the file from PEM. Where the client has kept its key to itself, it holds certificates only.
pub fn pkcs12(
    name: &str,
    certificate: &str,
    key: Option<&str>,
    authority: &str,
    password: &str,
) -> Result<Vec<u8>, CertsError> {
    let read = |pem: &str| Ok::<_, CertsError>(Certificate::from_der(&pem_contents(pem.as_bytes(), "certificate")?)?);
    let (own, above) = (read(certificate)?, read(authority)?);
    let mut store = KeyStore::new();
    match key {
        Some(key) => {
            let key = Zeroizing::new(pem_contents(key.as_bytes(), "key")?);
            let chain = PrivateKeyChain::new(name, PrivateKey::from_der(&key)?, [own, above]);
            store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
        }
        None => {
            store.add_entry(name, KeyStoreEntry::Certificate(own));
            store.add_entry(&format!("authority of {name}"), KeyStoreEntry::Certificate(above));
        }
    }
    let writer = store.writer(password).encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256);
    let writer = writer.encryption_iterations(ITERATIONS).mac_algorithm(MacAlgorithm::HmacSha256);
    Ok(writer.mac_iterations(ITERATIONS).write()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Kind;
    use crate::{Authority, KeyKind};
    use p12_keystore::Pkcs12ImportPolicy;
    use rcgen::{CertificateParams, KeyPair};
    use std::process::Command;

    fn authority() -> Authority {
        Authority::create(Kind::ClientAuthority, "Test CA").unwrap()
    }

    #[test]
    fn the_password_is_the_hash_of_both() {
        // SHA-256 of "abc", FIPS 180-4.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(*password("ab", "c"), expected);
        assert_eq!(*password("abc", ""), expected);
    }

    #[test]
    fn a_file_holds_key_and_chain_and_opens_with_its_password_alone() {
        let authority = authority();
        for kind in [KeyKind::EcP256, KeyKind::Rsa2048] {
            let issued = authority.issue_client("disk", kind).unwrap();
            let file =
                pkcs12("disk", &issued.certificate, Some(&issued.key), authority.certificate(), "secret").unwrap();
            let store = KeyStore::from_pkcs12(&file, "secret", Pkcs12ImportPolicy::Strict).unwrap();
            let (_, chain) = store.private_key_chain().unwrap();
            assert_eq!(chain.key().as_der(), pem_contents(issued.key.as_bytes(), "key").unwrap());
            let certificates: Vec<_> = chain.certs().iter().map(|held| held.as_der().to_vec()).collect();
            let expected = [&issued.certificate, authority.certificate()];
            assert_eq!(certificates, expected.map(|pem| pem_contents(pem.as_bytes(), "certificate").unwrap()));
            assert!(KeyStore::from_pkcs12(&file, "Secret", Pkcs12ImportPolicy::Strict).is_err());
        }
    }

    #[test]
    fn a_client_that_keeps_its_key_gets_certificates_only() {
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let certificate = authority.certify_client("disk", &request).unwrap();
        let file = pkcs12("disk", &certificate, None, authority.certificate(), "secret").unwrap();
        let store = KeyStore::from_pkcs12(&file, "secret", Pkcs12ImportPolicy::Strict).unwrap();
        assert!(store.private_key_chain().is_none());
        assert_eq!(store.entries_len(), 2);
    }

    /// A second implementation reads the file.
    #[test]
    fn openssl_reads_a_file() {
        if !Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
            println!("SKIP the openssl command is not installed");
            return;
        }
        let (authority, folder) = (authority(), tempfile::tempdir().unwrap());
        let issued = authority.issue_client("disk", KeyKind::EcP256).unwrap();
        let path = folder.path().join("disk.p12");
        let file = pkcs12("disk", &issued.certificate, Some(&issued.key), authority.certificate(), "secret").unwrap();
        std::fs::write(&path, file).unwrap();
        let read = |options: &[&str]| {
            let mut command = Command::new("openssl");
            command.args(["pkcs12", "-passin", "pass:secret", "-in"]).arg(&path).args(options);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            pem_contents(&output.stdout, "answer").unwrap()
        };
        let contents = |pem: &str| pem_contents(pem.as_bytes(), "PEM").unwrap();
        assert_eq!(read(&["-nokeys", "-clcerts"]), contents(&issued.certificate));
        assert_eq!(read(&["-nokeys", "-cacerts"]), contents(authority.certificate()));
        assert_eq!(read(&["-nocerts", "-nodes"]), contents(&issued.key));
    }
}
