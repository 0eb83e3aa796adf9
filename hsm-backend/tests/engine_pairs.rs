//! Key pairs that the software vault makes for the engine: Create Key Pair, Re-key Key Pair and Get by real messages. The
//! halves match, as another library reads them, and a replacement is another pair of the same kind.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::attribute::values::{CryptographicDomainParameters, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::object::{KeyMaterial, KeyValue};
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::rekey_key_pair::ReKeyKeyPairRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask, KeyFormatType, Operation, RecommendedCurve,
    ResultStatus, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_0, V1_4, V2_1, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::ports::store::RecordSeal;
use kmip_core::testing::engines::{NoUsers, answer};
use kmip_core::testing::store::MemoryStore;
use kmip_core::verify::verify;

struct Server {
    engine: Engine,
    store: Arc<MemoryStore>,
    vault: Arc<SoftwareVault>,
    seal: Arc<dyn RecordSeal>,
}

impl Server {
    fn new() -> Self {
        let vault = Arc::new(SoftwareVault::new(Keystore::ephemeral().unwrap()));
        let (store, seal) = (Arc::new(MemoryStore::new()), vault.record_seal());
        let parts = Parts {
            store: store.clone(),
            vault: vault.clone(),
            seal: seal.clone(),
            passwords: Arc::new(NoUsers),
            config: Config::default(),
        };
        Self { engine: Engine::open(parts).unwrap(), store, vault, seal }
    }

    fn call(&self, version: Version, operation: Operation, request_payload: RequestPayload) -> ResponsePayload {
        let request =
            encode(Tag::RequestMessage, &RequestMessage::single(version, operation, request_payload), version);
        let env = Env::new(1_700_000_000, Pace::Pool);
        let reply = answer(&self.engine, self.store.as_ref(), "client", &request, env).unwrap();
        let mut answer = decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap();
        let item = answer.batch_item.remove(0);
        assert_eq!(item.result_status, ResultStatus::Success, "{:?}", item.result_message);
        item.response_payload.unwrap()
    }

    fn create(&self, version: Version, common: Vec<Attribute>, private: Vec<Attribute>) -> (String, String) {
        self.create_for(CryptographicUsageMask::Sign, version, common, private)
    }

    fn create_for(
        &self,
        mask: CryptographicUsageMask,
        version: Version,
        common: Vec<Attribute>,
        private: Vec<Attribute>,
    ) -> (String, String) {
        let request = CreateKeyPairRequest {
            common_attributes: Some(common.into_iter().collect()),
            private_key_attributes: usage(mask, private),
            public_key_attributes: usage(CryptographicUsageMask::Verify, Vec::new()),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let payload = RequestPayload::CreateKeyPair(Box::new(request));
        let ResponsePayload::CreateKeyPair(pair) = self.call(version, Operation::CreateKeyPair, payload) else {
            panic!("another operation answered")
        };
        (text(&pair.private_key_unique_identifier), text(&pair.public_key_unique_identifier))
    }

    fn rekey(&self, version: Version, private: &str, common: Option<Bag>) -> (String, String) {
        let request = ReKeyKeyPairRequest {
            unique_identifier: None,
            private_key_unique_identifier: Some(UniqueIdentifier::text(private)),
            offset: None,
            common_attributes: common,
            private_key_attributes: None,
            public_key_attributes: None,
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let payload = RequestPayload::ReKeyKeyPair(Box::new(request));
        let ResponsePayload::ReKeyKeyPair(pair) = self.call(version, Operation::ReKeyKeyPair, payload) else {
            panic!("another operation answered")
        };
        (text(&pair.private_key_unique_identifier), text(&pair.public_key_unique_identifier))
    }

    /// The format in which a key leaves, and its bytes.
    fn get(&self, version: Version, id: &str, key_format_type: Option<KeyFormatType>) -> (KeyFormatType, Secret) {
        let request = GetRequest {
            unique_identifier: Some(UniqueIdentifier::text(id)),
            key_format_type,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        };
        let payload = RequestPayload::Get(Box::new(request));
        let ResponsePayload::Get(mut got) = self.call(version, Operation::Get, payload) else {
            panic!("another operation answered")
        };
        let block = got.object.key_block_mut().unwrap();
        let Some(KeyValue::Plain(value)) = block.key_value.take() else { panic!("no key value in the clear") };
        let KeyMaterial::Bytes(bytes) = value.key_material else { panic!("no byte string") };
        (block.key_format_type, bytes)
    }

    fn encodings(&self, version: Version, (private, public): &(String, String)) -> (Secret, Vec<u8>) {
        let (_, pkcs8) = self.get(version, private, Some(KeyFormatType::PKCS_8));
        let (_, spki) = self.get(version, public, Some(KeyFormatType::X_509));
        (pkcs8, spki.expose_secret().to_vec())
    }

    fn check(&self) {
        let found = verify(self.store.as_ref(), self.vault.as_ref(), self.seal.as_ref()).unwrap();
        assert!(found.digests >= found.objects, "{found}");
    }
}

fn usage(mask: CryptographicUsageMask, further: Vec<Attribute>) -> Option<Bag> {
    Some([Attribute::CryptographicUsageMask(mask)].into_iter().chain(further).collect())
}

fn text(id: &UniqueIdentifier) -> String {
    id.as_text().unwrap().to_owned()
}

/// The public key that another library finds in a private key.
fn public_of(spki_of: SpkiOf, pkcs8: &Secret) -> Vec<u8> {
    let pkcs8 = pkcs8.expose_secret();
    match spki_of {
        SpkiOf::Rsa => RsaKeyPair::from_pkcs8(pkcs8).unwrap().public_key().as_der().unwrap().as_ref().to_vec(),
        SpkiOf::Ed25519 => {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).unwrap().public_key().as_der().unwrap().as_ref().to_vec()
        }
        SpkiOf::Openssl => openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], pkcs8),
        SpkiOf::Ecdsa(bits) => {
            let algorithm = match bits {
                256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
                _ => &ECDSA_P521_SHA512_ASN1_SIGNING,
            };
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).unwrap().public_key().as_der().unwrap().as_ref().to_vec()
        }
    }
}

/// Runs the openssl command, which reads keys that aws-lc-rs does not.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

#[derive(Debug, Clone, Copy)]
enum SpkiOf {
    Rsa,
    Ecdsa(u32),
    Ed25519,
    Openssl,
}

/// Makes a pair, replaces it, and compares the halves of both.
#[track_caller]
fn check(version: Version, common: &[Attribute], expected: SpkiOf) {
    check_for(CryptographicUsageMask::Sign, version, common, expected);
}

/// [`check`] with a private key for this use.
#[track_caller]
fn check_for(mask: CryptographicUsageMask, version: Version, common: &[Attribute], expected: SpkiOf) {
    let server = Server::new();
    let pair = server.create_for(mask, version, common.to_vec(), Vec::new());
    let replacement = server.rekey(version, &pair.0, None);
    let (first, second) = (server.encodings(version, &pair), server.encodings(version, &replacement));
    for (pkcs8, spki) in [&first, &second] {
        assert_eq!(&public_of(expected, pkcs8), spki, "{version} {common:?}");
    }
    assert_ne!(first.1, second.1, "a replacement is another key");
    server.check();
}

fn curve(recommended_curve: RecommendedCurve) -> Attribute {
    let parameters = CryptographicDomainParameters { qlength: None, recommended_curve: Some(recommended_curve) };
    Attribute::CryptographicDomainParameters(parameters)
}

#[test]
fn rsa() {
    let algorithm = Attribute::CryptographicAlgorithm(Algorithm::RSA);
    check(V1_4, &[algorithm.clone(), Attribute::CryptographicLength(2_048)], SpkiOf::Rsa);
    check(V2_1, &[algorithm, Attribute::CryptographicLength(3_072)], SpkiOf::Rsa);
}

#[test]
fn elliptic_curves_by_name_and_by_length() {
    let by_name = [(RecommendedCurve::P_256, 256), (RecommendedCurve::P_384, 384), (RecommendedCurve::P_521, 521)];
    for (name, bits) in by_name {
        let length = Attribute::CryptographicLength(i32::try_from(bits).unwrap());
        check(V1_4, &[Attribute::CryptographicAlgorithm(Algorithm::EC), curve(name)], SpkiOf::Ecdsa(bits));
        check(V2_1, &[Attribute::CryptographicAlgorithm(Algorithm::ECDH), length.clone()], SpkiOf::Ecdsa(bits));
        check(V2_1, &[Attribute::CryptographicAlgorithm(Algorithm::ECDSA), length, curve(name)], SpkiOf::Ecdsa(bits));
    }
    check(V2_1, &[Attribute::CryptographicAlgorithm(Algorithm::EC)], SpkiOf::Ecdsa(256));
}

/// Curves that aws-lc-rs makes no key agreement or no ECDSA on.
#[test]
fn further_elliptic_curves() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("SKIP further elliptic curves: no openssl command");
        return;
    }
    let algorithm = Attribute::CryptographicAlgorithm;
    let length = Attribute::CryptographicLength;
    check(V1_4, &[algorithm(Algorithm::EC), curve(RecommendedCurve::P_224)], SpkiOf::Openssl);
    check(V1_4, &[algorithm(Algorithm::ECDSA), length(224)], SpkiOf::Openssl);
    check(V1_4, &[algorithm(Algorithm::EC), curve(RecommendedCurve::SECP256K1)], SpkiOf::Openssl);
    let named = [algorithm(Algorithm::ECDSA), length(256), curve(RecommendedCurve::SECP256K1)];
    check(V2_1, &named, SpkiOf::Openssl);
    let on_25519 = |name| [algorithm(name), curve(RecommendedCurve::CURVE25519)];
    let derives = CryptographicUsageMask::DeriveKey;
    check_for(derives, V2_1, &on_25519(Algorithm::ECDH), SpkiOf::Openssl);
    check_for(derives, V2_1, &on_25519(Algorithm::EC), SpkiOf::Openssl);
    check(V2_1, &on_25519(Algorithm::EC), SpkiOf::Ed25519);
}

#[test]
fn ed25519() {
    check(V2_1, &[Attribute::CryptographicAlgorithm(Algorithm::Ed25519)], SpkiOf::Ed25519);
}

#[test]
fn rsa_keys_leave_as_pkcs1_unless_another_format_was_asked_for() {
    let server = Server::new();
    let common = vec![Attribute::CryptographicAlgorithm(Algorithm::RSA), Attribute::CryptographicLength(2_048)];
    let usual = server.create(V1_0, common.clone(), Vec::new());
    assert_eq!(server.get(V1_0, &usual.0, None).0, KeyFormatType::PKCS_1);
    assert_eq!(server.get(V1_0, &usual.1, None).0, KeyFormatType::PKCS_1);
    let asked = server.create(V2_1, common, vec![Attribute::KeyFormatType(KeyFormatType::PKCS_8)]);
    assert_eq!(server.get(V2_1, &asked.0, None).0, KeyFormatType::PKCS_8);
    let replacement = server.rekey(V2_1, &asked.0, None);
    assert_eq!(server.get(V2_1, &replacement.0, None).0, KeyFormatType::PKCS_8, "the format is copied");
    server.check();
}

/// What the request changes of algorithm, length and curve decides; what it leaves out follows.
#[test]
fn a_replacement_can_be_of_another_kind() {
    let server = Server::new();
    let common = vec![Attribute::CryptographicAlgorithm(Algorithm::RSA), Attribute::CryptographicLength(2_048)];
    let rsa = server.create(V2_1, common, Vec::new());
    let to_ec = [Attribute::CryptographicAlgorithm(Algorithm::EC), curve(RecommendedCurve::P_384)];
    let p384 = server.rekey(V2_1, &rsa.0, Some(to_ec.into_iter().collect()));
    let to_p256 = [Attribute::CryptographicLength(256)];
    let p256 = server.rekey(V2_1, &p384.0, Some(to_p256.into_iter().collect()));
    for (pair, bits) in [(p384, 384), (p256, 256)] {
        let (pkcs8, spki) = server.encodings(V2_1, &pair);
        assert_eq!(public_of(SpkiOf::Ecdsa(bits), &pkcs8), spki);
    }
    server.check();
}
