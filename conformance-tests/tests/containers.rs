//! PKCS #12 containers (KMIP 1.4 §3.45, §4.11; KMIP 2.1 §4.39, §6.1.19): keys that come in one work and leave in every format,
//! and keys and certificates leave in one under the password that they are linked to.

use certs::authority::pem_contents;
use certs::profiles::Kind;
use certs::{Authority, KeyKind};
use conformance_tests::message::cryptographic::sha_256;
use conformance_tests::message::{material, payload, reason, status};
use conformance_tests::tree::{Tree, boolean, bytes, enumeration, integer, structure, text};
use conformance_tests::walker::samples::sample;
use conformance_tests::walker::{Walker, identifier};
use hsm_backend::pkcs12;
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType, LinkType, ObjectType,
    Operation, ResultReason, ResultStatus, SecretDataType, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_4, V2_0, V2_1, V3_0, Version};
use kmip_core::ports::container::{Contents, Opened};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};

const PASSWORD: &str = "correct horse";
const VERSIONS: [Version; 4] = [V1_4, V2_0, V2_1, V3_0];

/// A key with its certificate and that of its authority.
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

    fn container(&self, name: &str, password: &str) -> Vec<u8> {
        let key = Secret::copy_from(&self.key);
        let contents = Contents { name, key: Some(&key), certificates: &[&self.own, &self.above] };
        pkcs12::write(&contents, password).unwrap()
    }
}

/// A password that can be linked to.
fn password(w: &mut Walker, password: &str) -> String {
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::Opaque.0),
        structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, password.as_bytes())]),
    ];
    let kind = enumeration(Tag::SecretDataType, SecretDataType::Password.0);
    let object = structure(Tag::SecretData, vec![kind, structure(Tag::KeyBlock, block)]);
    let mask = integer(Tag::CryptographicUsageMask, Mask::Verify.0.cast_signed());
    let id = identifier(&w.register_object(ObjectType::SecretData, vec![mask], object), Tag::UniqueIdentifier);
    assert_eq!(status(&w.activate(&id)), Some(ResultStatus::Success));
    id
}

fn link(w: &Walker, kind: LinkType, id: &str) -> Item {
    if w.version < V3_0 {
        let fields = vec![enumeration(Tag::LinkType, kind.0), text(Tag::LinkedObjectIdentifier, id)];
        return structure(Tag::Link, fields);
    }
    let tag = match kind {
        LinkType::PKCS_12PasswordLink => Tag::PKCS_12PasswordLink,
        LinkType::PKCS_12CertificateLink => Tag::PKCS_12CertificateLink,
        _ => Tag::CertificateLink,
    };
    sample(tag, "Reference", w.version, id, 0)
}

/// The link to a password that can be linked to.
fn password_link(w: &mut Walker, text: &str) -> Item {
    let linked = password(w, text);
    link(w, LinkType::PKCS_12PasswordLink, &linked)
}

/// How a version refuses a password that does not open a container.
fn bad_password(version: Version) -> ResultReason {
    if version < V2_0 { ResultReason::InvalidField } else { ResultReason::BadPassword }
}

fn sign(w: &mut Walker, id: &str) -> Item {
    let fields = vec![w.id(id), structure(Tag::CryptographicParameters, sha_256()), bytes(Tag::Data, b"to be signed")];
    w.call(Operation::Sign, fields)
}

fn try_register(w: &mut Walker, container: &[u8], attributes: Vec<Item>) -> Item {
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::PKCS_12.0),
        structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, container)]),
    ];
    let object = structure(Tag::PrivateKey, vec![structure(Tag::KeyBlock, block)]);
    let mask = integer(Tag::CryptographicUsageMask, Mask::Sign.0.cast_signed());
    let attributes = std::iter::once(mask).chain(attributes).collect();
    w.register_object(ObjectType::PrivateKey, attributes, object)
}

fn get(w: &mut Walker, id: &str, format: Option<KeyFormatType>) -> Item {
    let format = format.map(|format| enumeration(Tag::KeyFormatType, format.0));
    let fields = std::iter::once(w.id(id)).chain(format).collect();
    w.call(Operation::Get, fields)
}

#[track_caller]
fn got(w: &mut Walker, id: &str, format: Option<KeyFormatType>) -> Vec<u8> {
    let answer = get(w, id, format);
    payload(&answer).unwrap_or_else(|error| panic!("KMIP {}, {format:?}: {error}", w.version));
    material(&answer).unwrap()
}

#[track_caller]
fn opened(w: &mut Walker, id: &str) -> Opened {
    let container = got(w, id, Some(KeyFormatType::PKCS_12));
    pkcs12::open(&container, PASSWORD).unwrap()
}

fn certificate(w: &mut Walker, value: &[u8]) -> String {
    let kind = enumeration(Tag::CertificateType, CertificateType::X_509.0);
    let object = structure(Tag::Certificate, vec![kind, bytes(Tag::CertificateValue, value)]);
    let mask = integer(Tag::CryptographicUsageMask, Mask::Verify.0.cast_signed());
    identifier(&w.register_object(ObjectType::Certificate, vec![mask], object), Tag::UniqueIdentifier)
}

#[track_caller]
fn add(w: &mut Walker, id: &str, attribute: Item) {
    let answer = w.add(id, attribute);
    assert_eq!(status(&answer), Some(ResultStatus::Success), "KMIP {}: {answer:?}", w.version);
}

#[test]
fn a_key_that_comes_in_a_container_works_and_leaves_in_every_format() {
    let chain = Chain::new();
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let linked = password(w, PASSWORD);
        let container = chain.container("Disk", PASSWORD);
        let password_link = link(w, LinkType::PKCS_12PasswordLink, &linked);
        let id = identifier(&try_register(w, &container, vec![password_link]), Tag::UniqueIdentifier);
        // What the container tells.
        assert_eq!(w.values(&id, Tag::PKCS_12FriendlyName), [text(Tag::PKCS_12FriendlyName, "Disk")], "KMIP {version}");
        let algorithm = enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::EC.0);
        assert_eq!(w.values(&id, Tag::CryptographicAlgorithm), [algorithm], "KMIP {version}");
        assert_eq!(w.values(&id, Tag::CryptographicLength), [integer(Tag::CryptographicLength, 256)]);
        // It leaves as it came, and in other formats.
        assert_eq!(got(w, &id, None), container, "KMIP {version}");
        assert_eq!(got(w, &id, Some(KeyFormatType::PKCS_12)), container, "KMIP {version}");
        assert_eq!(got(w, &id, Some(KeyFormatType::PKCS_8)), chain.key, "KMIP {version}");
        // It works.
        w.activate(&id);
        payload(&sign(w, &id)).unwrap_or_else(|error| panic!("KMIP {version}: {error}"));
        // By another name it leaves in another container, with the same chain.
        let renamed = w.modify(&id, text(Tag::PKCS_12FriendlyName, "tape"));
        assert_eq!(status(&renamed), Some(ResultStatus::Success), "KMIP {version}");
        let found = opened(w, &id);
        assert_eq!((found.name.as_deref(), found.key.expose_secret()), (Some("tape"), chain.key.as_slice()));
        assert_eq!(found.certificates, [chain.own.clone(), chain.above.clone()], "KMIP {version}");
        assert_eq!(got(w, &id, None), container, "KMIP {version}");
    }
}

#[test]
fn containers_that_do_not_open_are_refused() {
    let chain = Chain::new();
    let container = chain.container("disk", PASSWORD);
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let bad_password = bad_password(version);
        let (right, wrong) = (password_link(w, PASSWORD), password_link(w, "another"));
        let refused = try_register(w, &container, vec![wrong]);
        assert_eq!(reason(&refused), Some(bad_password), "KMIP {version}: another password");
        let name = text(Tag::PKCS_12FriendlyName, "tape");
        let refused = try_register(w, &container, vec![right.clone(), name]);
        assert_eq!(reason(&refused), Some(ResultReason::InvalidField), "KMIP {version}: another name");
        let name = text(Tag::PKCS_12FriendlyName, "DISK");
        let taken = try_register(w, &container, vec![right.clone(), name]);
        assert_eq!(status(&taken), Some(ResultStatus::Success), "KMIP {version}: the name in capitals");
        for (place, what) in [(0, "malformed"), (container.len() / 2, "changed")] {
            let mut changed = container.clone();
            changed[place] ^= 1;
            let wanted = if place == 0 { ResultReason::InvalidField } else { bad_password };
            let refused = try_register(w, &changed, vec![right.clone()]);
            assert_eq!(reason(&refused), Some(wanted), "KMIP {version}: {what}");
        }
        let length = integer(Tag::CryptographicLength, 384);
        let refused = try_register(w, &container, vec![right, length]);
        assert_eq!(reason(&refused), Some(ResultReason::InvalidField), "KMIP {version}: another length");
    }
}

/// A key that was opened before is of no use to who links it to a password that does not open it.
#[test]
fn a_key_works_with_the_password_that_it_is_linked_to() {
    let chain = Chain::new();
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let bad_password = bad_password(version);
        let (right, wrong) = (password_link(w, PASSWORD), password_link(w, "another"));
        let taken = try_register(w, &chain.container("disk", PASSWORD), vec![right.clone()]);
        let id = identifier(&taken, Tag::UniqueIdentifier);
        w.activate(&id);
        assert_eq!(status(&sign(w, &id)), Some(ResultStatus::Success), "KMIP {version}");
        let changed = w.modify(&id, wrong);
        assert_eq!(status(&changed), Some(ResultStatus::Success), "KMIP {version}: {changed:?}");
        assert_eq!(reason(&sign(w, &id)), Some(bad_password), "KMIP {version}");
        assert_eq!(reason(&get(w, &id, Some(KeyFormatType::PKCS_8))), Some(bad_password), "KMIP {version}");
        w.modify(&id, right);
        assert_eq!(status(&sign(w, &id)), Some(ResultStatus::Success), "KMIP {version}");
    }
}

/// Nothing leads a container to itself, and no name is longer than a record holds.
#[test]
fn wrapped_passwords_and_endless_names_are_refused() {
    let chain = Chain::new();
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let bad_password = bad_password(version);
        let linked = password(w, PASSWORD);
        let password_link = link(w, LinkType::PKCS_12PasswordLink, &linked);
        let container = chain.container("disk", PASSWORD);
        let key = identifier(&try_register(w, &container, vec![password_link.clone()]), Tag::UniqueIdentifier);
        w.activate(&key);
        let wrapping = vec![
            enumeration(Tag::WrappingMethod, WrappingMethod::Encrypt.0),
            structure(Tag::EncryptionKeyInformation, vec![w.id(&key)]),
        ];
        let block = vec![
            enumeration(Tag::KeyFormatType, KeyFormatType::Opaque.0),
            bytes(Tag::KeyValue, &[7; 40]),
            structure(Tag::KeyWrappingData, wrapping),
        ];
        let kind = enumeration(Tag::SecretDataType, SecretDataType::Password.0);
        let object = structure(Tag::SecretData, vec![kind, structure(Tag::KeyBlock, block)]);
        let mask = integer(Tag::CryptographicUsageMask, Mask::Verify.0.cast_signed());
        let wrapped = w.register_object(ObjectType::SecretData, vec![mask], object);
        let wrapped = identifier(&wrapped, Tag::UniqueIdentifier);
        w.activate(&wrapped);
        let to_wrapped = link(w, LinkType::PKCS_12PasswordLink, &wrapped);
        let refused = try_register(w, &container, vec![to_wrapped]);
        assert_eq!(reason(&refused), Some(bad_password), "KMIP {version}: a wrapped password");

        let endless = chain.container(&"x".repeat(1_100_000), PASSWORD);
        let refused = try_register(w, &endless, vec![password_link]);
        let too_much = if version < V2_0 { ResultReason::IndexOutOfBounds } else { ResultReason::ServerLimitExceeded };
        assert_eq!(reason(&refused), Some(too_much), "KMIP {version}: a name of a megabyte");
    }
}

#[test]
fn a_key_leaves_in_a_container_with_its_one_valid_chain() {
    let chain = Chain::new();
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let (private, public) = w.create_both(Vec::new());
        let key = got(w, &private, Some(KeyFormatType::PKCS_8));
        let no_password = get(w, &private, Some(KeyFormatType::PKCS_12));
        let wanted = if version < V2_0 { ResultReason::InvalidField } else { ResultReason::BadPassword };
        assert_eq!(reason(&no_password), Some(wanted), "KMIP {version}: no password");

        let linked = password(w, PASSWORD);
        let password_link = link(w, LinkType::PKCS_12PasswordLink, &linked);
        add(w, &private, password_link);
        let found = opened(w, &private);
        assert_eq!((found.name.as_deref(), found.key.expose_secret()), (Some("alias"), key.as_slice()));
        assert!(found.certificates.is_empty(), "KMIP {version}");

        let (own, above) = (certificate(w, &chain.own), certificate(w, &chain.above));
        let up = link(w, LinkType::CertificateLink, &above);
        add(w, &own, up);
        let certified = link(w, LinkType::CertificateLink, &own);
        add(w, &public, certified);
        let name = text(Tag::PKCS_12FriendlyName, "tape");
        add(w, &private, name);
        let found = opened(w, &private);
        assert_eq!((found.name.as_deref(), found.key.expose_secret()), (Some("tape"), key.as_slice()));
        assert_eq!(found.certificates, [chain.own.clone(), chain.above.clone()], "KMIP {version}");

        // What is revoked is no part of a chain.
        w.compromise(&above);
        assert_eq!(opened(w, &private).certificates, std::slice::from_ref(&chain.own), "KMIP {version}");
        if version < V3_0 {
            let second = certificate(w, &Chain::new().own);
            let certified = link(w, LinkType::CertificateLink, &second);
            add(w, &public, certified);
            let two = get(w, &private, Some(KeyFormatType::PKCS_12));
            assert_eq!(reason(&two), Some(ResultReason::InvalidField), "KMIP {version}: two chains");
            w.compromise(&second);
            assert_eq!(opened(w, &private).certificates, std::slice::from_ref(&chain.own), "KMIP {version}");
            let preferred = link(w, LinkType::PKCS_12CertificateLink, &above);
            add(w, &public, preferred);
            assert!(opened(w, &private).certificates.is_empty(), "KMIP {version}: the certificate is revoked");
        }
    }
}

/// Of two certificates the one of the key is taken: that of another key begins no chain of it (KMIP 2.1 §6.1.19).
#[test]
fn of_two_certificates_that_of_the_key_is_taken() {
    let (chain, other) = (Chain::new(), Chain::new());
    for version in [V1_4, V2_0, V2_1] {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        for values in [[&chain.own, &other.own], [&other.own, &chain.own]] {
            let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, &chain.key)]);
            let block = vec![enumeration(Tag::KeyFormatType, KeyFormatType::PKCS_8.0), value];
            let object = structure(Tag::PrivateKey, vec![structure(Tag::KeyBlock, block)]);
            let mask = integer(Tag::CryptographicUsageMask, Mask::Sign.0.cast_signed());
            let password_link = password_link(w, PASSWORD);
            let registered = w.register_object(ObjectType::PrivateKey, vec![mask, password_link], object);
            let id = identifier(&registered, Tag::UniqueIdentifier);
            for value in values {
                let certificate = certificate(w, value);
                let certified = link(w, LinkType::CertificateLink, &certificate);
                add(w, &id, certified);
            }
            assert_eq!(opened(w, &id).certificates, std::slice::from_ref(&chain.own), "KMIP {version}");
            // Two of the same key are two chains.
            let again = certificate(w, &chain.own);
            let certified = link(w, LinkType::CertificateLink, &again);
            add(w, &id, certified);
            let two = get(w, &id, Some(KeyFormatType::PKCS_12));
            assert_eq!(reason(&two), Some(ResultReason::InvalidField), "KMIP {version}: two chains");
        }
    }
}

#[test]
fn a_certificate_leaves_in_a_container_from_2_0() {
    let chain = Chain::new();
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let (own, above) = (certificate(w, &chain.own), certificate(w, &chain.above));
        let linked = password(w, PASSWORD);
        for link in [link(w, LinkType::CertificateLink, &above), link(w, LinkType::PKCS_12PasswordLink, &linked)] {
            add(w, &own, link);
        }
        let answer = get(w, &own, Some(KeyFormatType::PKCS_12));
        if version < V2_0 {
            assert_eq!(reason(&answer), Some(ResultReason::KeyFormatTypeNotSupported), "KMIP {version}");
            continue;
        }
        let told = payload(&answer).unwrap_or_else(|error| panic!("KMIP {version}: {error}"));
        let value = told.at(&[Tag::Certificate, Tag::CertificateValue]).and_then(Tree::as_bytes).expect("a value");
        let store = KeyStore::from_pkcs12(value, PASSWORD, Pkcs12ImportPolicy::Strict).expect("a container");
        assert_eq!((store.private_key_chain().is_none(), store.entries_len()), (true, 2), "KMIP {version}");
    }
}

/// A container hides a key, but it is no wrapping: who may not have a key in the clear does not get it so.
#[test]
fn a_sensitive_key_does_not_leave_in_a_container() {
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let (private, _) = w.create_both(Vec::new());
        let linked = password(w, PASSWORD);
        let password_link = link(w, LinkType::PKCS_12PasswordLink, &linked);
        add(w, &private, password_link);
        modify(w, &private, boolean(Tag::Sensitive, true));
        let refused = get(w, &private, Some(KeyFormatType::PKCS_12));
        assert_eq!(reason(&refused), Some(ResultReason::Sensitive), "KMIP {version}");
    }
}

fn modify(w: &mut Walker, id: &str, attribute: Item) {
    let answer = w.modify(id, attribute);
    assert_eq!(status(&answer), Some(ResultStatus::Success), "KMIP {}: {answer:?}", w.version);
}
