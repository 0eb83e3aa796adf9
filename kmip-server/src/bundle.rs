//! What a client that registers gets in one file: its certificate, that of its authority and its key, if the server has made
//! that, as PKCS #12.

use certs::authority::pem_contents;
use data_encoding::HEXLOWER;
use der::SecretDocument;
use hsm_backend::pkcs12;
use kmip_codec::secret::Secret;
use kmip_core::ports::container::Contents;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The password of the file: HEX(SHA256(Username || Password)) by KMIP 2.1 §11.10, which leaves the case of the digits open;
/// here they are lower case.
pub(crate) fn password(username: &str, password: &str) -> Zeroizing<String> {
    let hash = Sha256::new().chain_update(username).chain_update(password).finalize();
    let hash = Zeroizing::new(<[u8; 32]>::from(hash));
    Zeroizing::new(HEXLOWER.encode(&*hash))
}

/// Writes the file from PEM. Where the client has kept its key to itself, it holds certificates only.
pub(crate) fn pkcs12(
    name: &str,
    certificate: &str,
    key: Option<&str>,
    authority: &str,
    password: &str,
) -> Result<Vec<u8>, String> {
    let read = |pem: &str| pem_contents(pem.as_bytes(), "certificate").map_err(|error| error.to_string());
    let (own, above) = (read(certificate)?, read(authority)?);
    let key = key.map(SecretDocument::from_pem).transpose().map_err(|error| format!("the key: {error}"))?;
    let key = key.map(|(_, key)| Secret::copy_from(key.as_bytes()));
    let contents = Contents { name, key: key.as_ref(), certificates: &[&own, &above] };
    pkcs12::write(&contents, password).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use certs::profiles::Kind;
    use certs::{Authority, KeyKind};
    use p12_keystore::{KeyStore, Pkcs12ImportPolicy};

    #[test]
    fn the_password_is_the_hash_of_both() {
        // SHA-256 of "abc", FIPS 180-4.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(*password("ab", "c"), expected);
        assert_eq!(*password("abc", ""), expected);
    }

    #[test]
    fn a_file_holds_key_and_chain_and_opens_with_its_password_alone() {
        let authority = Authority::create(Kind::ClientAuthority, "Test CA").unwrap();
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
}
