//! Certificates and revocation lists of the server's authority as OpenSSL sees them, where its command is installed: issued
//! certificates verify, revoked ones do not, and an authority whose certificate another one signed works like its own.

use std::path::Path;
use std::process::{Command, Output};

use conformance_tests::endpoint::{Endpoint, World};
use conformance_tests::in_process::{InProcess, player};
use conformance_tests::message::{reason, status};
use conformance_tests::walker::{Walker, identifier};
use kmip_codec::attribute::values::{CryptographicDomainParameters, RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::item::Item;
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::{Certificate, ManagedObject};
use kmip_codec::operation::certify::CertifyRequest;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::import::ImportRequest;
use kmip_codec::operation::obliterate::ObliterateRequest;
use kmip_codec::operation::recertify::ReCertifyRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::validate::ValidateRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, Operation,
    RecommendedCurve, ResultReason, ResultStatus, RevocationReasonCode, Tag, ValidityIndicator,
};
use kmip_codec::value::{ByteString, Interval};
use kmip_codec::version::{V1_4, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::Strictness;
use kmip_core::env::Env;
use kmip_core::links::{Shown, Standing};
use kmip_core::trust::{from_pem, to_pem};
use sha2::{Digest, Sha256};

/// The folder of a test and OpenSSL's command; nothing where it is not installed.
struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    fn find() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
            return Some(Self(tempfile::tempdir().expect("a folder")));
        }
        println!("SKIP: the openssl command is not installed");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &str) -> Output {
        let arguments = arguments.split(' ');
        Command::new("openssl").args(arguments).current_dir(self.path()).output().expect("openssl starts")
    }

    #[track_caller]
    fn must(&self, arguments: &str) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    /// A key and a request (PEM) of it.
    fn request(&self, kind: &str, name: &str) -> String {
        self.must(&format!("genpkey {kind} -out {name}.key"));
        self.must(&format!(
            "req -new -key {name}.key -subj /CN={name} -addext subjectAltName=DNS:{name} -out {name}.csr"
        ));
        self.read(&format!("{name}.csr"))
    }
}

fn call(client: &mut dyn Endpoint, operation: Operation, payload: RequestPayload) -> ResponsePayload {
    call_in(V2_1, client, operation, payload)
}

fn call_in(
    version: Version,
    client: &mut dyn Endpoint,
    operation: Operation,
    payload: RequestPayload,
) -> ResponsePayload {
    let request = RequestMessage::continuing(version, vec![(operation, payload)]);
    let request = encode(Tag::RequestMessage, &request, version);
    let answer = client.exchange(&request).expect("an answer");
    let mut answer = decode_response(&answer, &Limits::DEFAULT, Strictness::Strict).expect("a response");
    let item = answer.batch_item.pop().expect("an item");
    assert_eq!(item.result_status, ResultStatus::Success, "{:?}", item.result_message);
    item.response_payload.expect("a payload")
}

/// Certifies a request, renews its certificate and validates both, in the words of a version.
fn renew_in(version: Version, client: &mut dyn Endpoint, request: &str) {
    let certified = call_in(version, client, Operation::Certify, certify_request(request));
    let ResponsePayload::Certify(certified) = certified else { panic!("{certified:?}") };
    let recertify = ReCertifyRequest {
        unique_identifier: Some(certified.unique_identifier.clone()),
        certificate_request_unique_identifier: None,
        certificate_request_type: None,
        certificate_request_value: None,
        certificate_request: None,
        offset: Some(Interval(60)),
        attributes: None,
        protection_storage_masks: None,
    };
    let renewed = call_in(version, client, Operation::ReCertify, RequestPayload::ReCertify(Box::new(recertify)));
    let ResponsePayload::ReCertify(renewed) = renewed else { panic!("{renewed:?}") };
    // The renewed one is valid from its Activation Date on, a minute later.
    let expected = [
        (certified.unique_identifier, ValidityIndicator::Valid),
        (renewed.unique_identifier, ValidityIndicator::Invalid),
    ];
    for (id, expected) in expected {
        let validate = ValidateRequest { certificate: Vec::new(), unique_identifier: vec![id], validity_date: None };
        match call_in(version, client, Operation::Validate, RequestPayload::Validate(Box::new(validate))) {
            ResponsePayload::Validate(answer) => assert_eq!(answer.validity_indicator, expected, "KMIP {version}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn certificates_are_made_renewed_and_validated_in_every_version_since_2_0() {
    let Some(openssl) = OpenSsl::find() else { return };
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    for version in [V2_0, V2_1, V3_0] {
        renew_in(version, client.as_mut(), &openssl.request(KINDS[0], "renewed.example"));
    }
}

fn certify_request(request: &str) -> RequestPayload {
    RequestPayload::Certify(Box::new(CertifyRequest {
        unique_identifier: None,
        certificate_request_type: Some(CertificateRequestType::PEM),
        certificate_request: None,
        certificate_request_value: Some(ByteString::new(request.as_bytes())),
        attributes: None,
        protection_storage_masks: None,
    }))
}

/// Certifies a request; gives the identifier and the certificate (PEM).
fn certify(client: &mut dyn Endpoint, request: &str) -> (UniqueIdentifier, String) {
    let certified = call(client, Operation::Certify, certify_request(request));
    let ResponsePayload::Certify(certified) = certified else { panic!("{certified:?}") };
    let id = certified.unique_identifier;
    let get = kmip_codec::operation::get::GetRequest {
        unique_identifier: Some(id.clone()),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let got = call(client, Operation::Get, RequestPayload::Get(Box::new(get)));
    let ResponsePayload::Get(got) = got else { panic!("{got:?}") };
    let ManagedObject::Certificate(certificate) = got.object else { panic!("not a certificate") };
    (id, to_pem("CERTIFICATE", certificate.certificate_value.as_slice()).expect("PEM"))
}

const KINDS: [&str; 4] = [
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
    "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    "-algorithm ED25519",
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
];

#[test]
fn openssl_verifies_what_the_authority_issues_and_refuses_what_it_revoked() {
    let Some(openssl) = OpenSsl::find() else { return };
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let authority = world.engine().authority_certificate().expect("the store works").expect("an authority");
    openssl.write("ca.pem", &to_pem("CERTIFICATE", &authority).expect("PEM"));
    let mut ids = Vec::new();
    for (number, kind) in KINDS.iter().enumerate() {
        let (id, certificate) = certify(client.as_mut(), &openssl.request(kind, &format!("host-{number}.example")));
        openssl.write(&format!("{number}.pem"), &certificate);
        openssl.must(&format!("verify -x509_strict -check_ss_sig -purpose sslserver -CAfile ca.pem {number}.pem"));
        openssl.must(&format!("verify -verify_hostname host-{number}.example -CAfile ca.pem {number}.pem"));
        ids.push(id);
    }
    let reason =
        RevocationReason { revocation_reason_code: RevocationReasonCode::KeyCompromise, revocation_message: None };
    let revoke = RevokeRequest {
        unique_identifier: ids.pop(),
        revocation_reason: Some(reason),
        compromise_occurrence_date: None,
    };
    call(client.as_mut(), Operation::Revoke, RequestPayload::Revoke(Box::new(revoke)));
    let list = world.engine().authority_revocation_list(InProcess::now()).expect("a list");
    openssl.write("crl.pem", &to_pem("X509 CRL", &list).expect("PEM"));
    openssl.must("crl -in crl.pem -CAfile ca.pem -noout");
    for number in 0..ids.len() {
        openssl.must(&format!("verify -x509_strict -crl_check -CRLfile crl.pem -CAfile ca.pem {number}.pem"));
    }
    let revoked = openssl.run(&format!("verify -crl_check -CRLfile crl.pem -CAfile ca.pem {}.pem", ids.len()));
    assert!(!revoked.status.success() && String::from_utf8_lossy(&revoked.stderr).contains("revoked"));
}

fn validate(client: &mut dyn Endpoint, certificates: &[&str]) -> ValidityIndicator {
    let certificate = |pem: &&str| Certificate {
        certificate_type: CertificateType::X_509,
        certificate_value: ByteString::new(&from_pem("CERTIFICATE", pem).expect("a certificate")),
    };
    let certificate = certificates.iter().map(certificate).collect();
    let validate = ValidateRequest { certificate, unique_identifier: Vec::new(), validity_date: None };
    match call(client, Operation::Validate, RequestPayload::Validate(Box::new(validate))) {
        ResponsePayload::Validate(answer) => answer.validity_indicator,
        other => panic!("{other:?}"),
    }
}

/// What OpenSSL needs to make a revocation list.
const LISTS: &str = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n";

#[test]
fn what_an_administrator_trusts_and_revokes_decides_about_chains_from_outside() {
    let Some(openssl) = OpenSsl::find() else { return };
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    openssl.must("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
    openssl.must("req -x509 -new -key root.key -subj /CN=Root -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem");
    openssl.request(KINDS[0], "leaf.example");
    openssl.must("x509 -req -in leaf.example.csr -CA root.pem -CAkey root.key -set_serial 4660 -days 90 -out leaf.pem");
    let (root, leaf) = (openssl.read("root.pem"), openssl.read("leaf.pem"));
    assert_eq!(validate(client.as_mut(), &[&leaf, &root]), ValidityIndicator::Unknown);
    let der = from_pem("CERTIFICATE", &root).expect("a certificate");
    let fingerprint = world.engine().add_trust_anchor(&der).expect("it is an authority");
    assert_eq!(world.engine().trust_anchors().expect("the store works"), [der]);
    assert_eq!(validate(client.as_mut(), &[&leaf, &root]), ValidityIndicator::Valid);
    assert_eq!(validate(client.as_mut(), &[&leaf]), ValidityIndicator::Valid);

    openssl.write("lists", LISTS);
    openssl.write("index", "R\t400101000000Z\t200101000000Z\t1234\tunknown\t/CN=leaf.example\n");
    openssl.must("ca -config lists -gencrl -keyfile root.key -cert root.pem -out root.crl");
    let list = from_pem("X509 CRL", &openssl.read("root.crl")).expect("a list");
    world.engine().add_revocation_list(&list, InProcess::now()).expect("it is a list");
    assert_eq!(validate(client.as_mut(), &[&leaf]), ValidityIndicator::Invalid);
    // A list that another key has signed under the same name does not put the true one aside.
    openssl.must("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key");
    openssl.must("req -x509 -new -key other.key -subj /CN=Root -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out other.pem");
    openssl.must("ca -config lists -gencrl -keyfile other.key -cert other.pem -out other.crl");
    let other = from_pem("X509 CRL", &openssl.read("other.crl")).expect("a list");
    let refused = world.engine().add_revocation_list(&other, InProcess::now()).expect_err("it is not the issuer's");
    assert!(refused.to_string().contains("not signed by the trusted certificate"), "{refused}");
    assert_eq!(validate(client.as_mut(), &[&leaf]), ValidityIndicator::Invalid);
    let early = Env { now: InProcess::now().now - 86_400, ..InProcess::now() };
    let refused = world.engine().add_revocation_list(&list, early).expect_err("it is from the future");
    assert!(refused.to_string().contains("in the future"), "{refused}");

    world.engine().remove_trust_anchor(&fingerprint).expect("it is there");
    assert_eq!(validate(client.as_mut(), &[&leaf]), ValidityIndicator::Unknown);
    assert!(world.engine().remove_trust_anchor(&fingerprint).is_err(), "it is gone");
    let leaf = from_pem("CERTIFICATE", &leaf).expect("a certificate");
    assert!(world.engine().add_trust_anchor(&leaf[..leaf.len() - 1]).is_err(), "it is cut");
}

#[test]
fn an_authority_that_another_one_certifies_issues_chains_that_openssl_verifies() {
    let Some(openssl) = OpenSsl::find() else { return };
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    openssl.must("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
    openssl.must("req -x509 -new -key root.key -subj /CN=Root -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem");
    openssl.write("ext", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
    for kind in ["p384", "ed25519", "rsa3072"] {
        let request =
            world.engine().request_authority("CN=Issuing,O=Example", kind, InProcess::now()).expect("a request");
        openssl.write("sub.csr", &to_pem("CERTIFICATE REQUEST", &request).expect("PEM"));
        openssl.must("req -in sub.csr -verify -noout");
        openssl.must(
            "x509 -req -in sub.csr -CA root.pem -CAkey root.key -set_serial 77 -days 1800 -extfile ext -out sub.pem",
        );
        let certificate = from_pem("CERTIFICATE", &openssl.read("sub.pem")).expect("a certificate");
        world.engine().install_authority(&certificate, InProcess::now()).expect("it is the certificate of the key");
        let (_, issued) = certify(client.as_mut(), &openssl.request(KINDS[0], "leaf.example"));
        openssl.write("leaf.pem", &issued);
        openssl.must("verify -x509_strict -CAfile root.pem -untrusted sub.pem leaf.pem");
    }
    let root = from_pem("CERTIFICATE", &openssl.read("root.pem")).expect("a certificate");
    let refused = world.engine().install_authority(&root, InProcess::now()).expect_err("another key");
    assert!(refused.to_string().contains("not one of the key"), "{refused}");
}

fn item_in(version: Version, client: &mut dyn Endpoint, item: (Operation, RequestPayload)) -> ResponseBatchItem {
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(version, vec![item]), version);
    let answer = client.exchange(&request).expect("an answer");
    let mut answer = decode_response(&answer, &Limits::DEFAULT, Strictness::Strict).expect("a response");
    answer.batch_item.pop().expect("an item")
}

/// A certificate of a new key of the client: its identifier, and its DER.
fn issue(client: &mut dyn Endpoint, subject: &str) -> (UniqueIdentifier, Vec<u8>) {
    let curve = CryptographicDomainParameters { qlength: None, recommended_curve: Some(RecommendedCurve::P_256) };
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ECDSA),
        Attribute::CryptographicDomainParameters(curve),
    ];
    let pair = CreateKeyPairRequest {
        common_attributes: Some(common.into_iter().collect()),
        private_key_attributes: Some(
            [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into_iter().collect(),
        ),
        public_key_attributes: Some(
            [Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify)].into_iter().collect(),
        ),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = call(client, Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(pair)));
    let ResponsePayload::CreateKeyPair(made) = made else { panic!("{made:?}") };
    let attributes =
        [Attribute::CertificateType(CertificateType::X_509), Attribute::CertificateSubjectCN(subject.into())];
    let certify = CertifyRequest {
        unique_identifier: Some(made.public_key_unique_identifier),
        certificate_request_type: None,
        certificate_request: None,
        certificate_request_value: None,
        attributes: Some(attributes.into_iter().collect()),
        protection_storage_masks: None,
    };
    let certified = call(client, Operation::Certify, RequestPayload::Certify(Box::new(certify)));
    let ResponsePayload::Certify(certified) = certified else { panic!("{certified:?}") };
    let id = certified.unique_identifier;
    let get = kmip_codec::operation::get::GetRequest {
        unique_identifier: Some(id.clone()),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let ResponsePayload::Get(got) = call(client, Operation::Get, RequestPayload::Get(Box::new(get))) else { panic!() };
    let ManagedObject::Certificate(certificate) = got.object else { panic!("not a certificate") };
    (id, certificate.certificate_value.as_slice().to_vec())
}

fn recertify(id: &UniqueIdentifier) -> (Operation, RequestPayload) {
    let request = ReCertifyRequest {
        unique_identifier: Some(id.clone()),
        certificate_request_unique_identifier: None,
        certificate_request_type: None,
        certificate_request_value: None,
        certificate_request: None,
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    };
    (Operation::ReCertify, RequestPayload::ReCertify(Box::new(request)))
}

/// Re-certify with attributes, and a certification request (PEM) if there is one.
fn recertify_with(id: &UniqueIdentifier, attribute: Attribute, request: Option<&str>) -> (Operation, RequestPayload) {
    let (operation, mut payload) = recertify(id);
    if let RequestPayload::ReCertify(recertify) = &mut payload {
        recertify.attributes = Some([attribute].into_iter().collect());
        recertify.certificate_request_type = request.map(|_| CertificateRequestType::PEM);
        recertify.certificate_request_value = request.map(|request| ByteString::new(request.as_bytes()));
    }
    (operation, payload)
}

/// The new certificate says what the existing one says: another name, or another kind of certificate, is refused and not left
/// out. Beside a certification request, which takes precedence, such attributes count for nothing (KMIP 2.1 §6.1.45).
#[test]
fn a_renewed_certificate_takes_no_other_name_and_no_other_kind() {
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let (id, _) = issue(client.as_mut(), "honest");
    let others = [
        Attribute::CertificateSubjectCN("other".into()),
        Attribute::CertificateSubjectDNQualifier("other".into()),
        Attribute::CertificateType(CertificateType::PGP),
    ];
    for attribute in others.clone() {
        let refused = item_in(V2_1, client.as_mut(), recertify_with(&id, attribute.clone(), None));
        assert_eq!(refused.result_reason, Some(ResultReason::FeatureNotSupported), "{attribute:?}");
    }
    let kind = Attribute::CertificateType(CertificateType::X_509);
    success(item_in(V2_1, client.as_mut(), recertify_with(&id, kind, None)));
    let Some(openssl) = OpenSsl::find() else { return };
    let request = openssl.request(KINDS[0], "honest.example");
    let (mut id, _) = certify(client.as_mut(), &request);
    for attribute in others {
        let renewed = item_in(V2_1, client.as_mut(), recertify_with(&id, attribute, Some(&request)));
        let Some(ResponsePayload::ReCertify(renewed)) = renewed.response_payload else { panic!("{renewed:?}") };
        id = renewed.unique_identifier;
    }
}

fn import(id: &UniqueIdentifier, der: &[u8]) -> (Operation, RequestPayload) {
    let object = Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(der) };
    let request = ImportRequest {
        unique_identifier: id.clone(),
        object_type: Some(ObjectType::Certificate),
        replace_existing: Some(true),
        key_wrap_type: None,
        attributes: Some(Bag::default()),
        object: ManagedObject::Certificate(Box::new(object)),
    };
    (Operation::Import, RequestPayload::Import(Box::new(request)))
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).expect("it is there");
    [&bytes[..at], new, &bytes[at + new.len()..]].concat()
}

/// The authority vouches again for what it has said, not for what a client has put in its place.
#[test]
fn a_certificate_that_was_imported_over_an_issued_one_is_not_renewed() {
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let (id, der) = issue(client.as_mut(), "honest");
    success(item_in(V2_1, client.as_mut(), import(&id, &der)));
    success(item_in(V2_1, client.as_mut(), recertify(&id)));
    let (id, der) = issue(client.as_mut(), "honest");
    success(item_in(V2_1, client.as_mut(), revoke(&id)));
    let forged = replaced(&der, b"honest", b"forged");
    success(item_in(V2_1, client.as_mut(), import(&id, &forged)));
    let refused = item_in(V2_1, client.as_mut(), recertify(&id));
    assert_eq!(refused.result_reason, Some(ResultReason::PermissionDenied), "{:?}", refused.response_payload);
}

fn revoke(id: &UniqueIdentifier) -> (Operation, RequestPayload) {
    let reason =
        RevocationReason { revocation_reason_code: RevocationReasonCode::KeyCompromise, revocation_message: None };
    let request = RevokeRequest {
        unique_identifier: Some(id.clone()),
        revocation_reason: Some(reason),
        compromise_occurrence_date: None,
    };
    (Operation::Revoke, RequestPayload::Revoke(Box::new(request)))
}

/// Only the object of a certificate leads to its revocation (RFC 5280 §3.3): it stays until that is done.
#[test]
fn an_issued_certificate_is_replaced_once_it_is_revoked() {
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let (id, der) = issue(client.as_mut(), "honest");
    let forged = replaced(&der, b"honest", b"forged");
    for version in [V2_0, V2_1, V3_0] {
        let refused = item_in(version, client.as_mut(), import(&id, &forged));
        assert_eq!(refused.result_reason, Some(ResultReason::PermissionDenied), "{:?}", refused.response_payload);
    }
    success(item_in(V2_1, client.as_mut(), import(&id, &der)));
    success(item_in(V2_1, client.as_mut(), revoke(&id)));
    success(item_in(V2_1, client.as_mut(), import(&id, &forged)));
    let pem = to_pem("CERTIFICATE", &der).expect("PEM");
    assert_eq!(validate(client.as_mut(), &[&pem]), ValidityIndicator::Invalid);
}

fn success(item: ResponseBatchItem) {
    assert_eq!(item.result_status, ResultStatus::Success, "{:?}", item.result_message);
}

/// Revocation is for good, whatever becomes of the object (RFC 5280 §3.3); and no new certificate is made for a key that was
/// compromised.
#[test]
fn a_revoked_certificate_stays_revoked_when_its_object_goes() {
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let destroy = |id: &UniqueIdentifier| {
        let request = DestroyRequest { unique_identifier: Some(id.clone()) };
        (Operation::Destroy, RequestPayload::Destroy(Box::new(request)))
    };
    let obliterate = |id: &UniqueIdentifier| {
        let request = ObliterateRequest { unique_identifier: id.clone() };
        (Operation::Obliterate, RequestPayload::Obliterate(Box::new(request)))
    };
    let mut gone = Vec::new();
    for way in 0..4 {
        let (id, der) = issue(client.as_mut(), "revoked");
        success(item_in(V2_1, client.as_mut(), revoke(&id)));
        let refused = item_in(V2_1, client.as_mut(), recertify(&id));
        assert_eq!(refused.result_reason, Some(ResultReason::PermissionDenied), "{:?}", refused.response_payload);
        match way {
            0 => success(item_in(V3_0, client.as_mut(), obliterate(&id))),
            1 => {
                success(item_in(V2_1, client.as_mut(), destroy(&id)));
                success(item_in(V3_0, client.as_mut(), obliterate(&id)));
            }
            2 => success(item_in(V2_1, client.as_mut(), import(&id, &der))),
            _ => {
                success(item_in(V2_1, client.as_mut(), destroy(&id)));
                success(item_in(V2_1, client.as_mut(), import(&id, &der)));
            }
        }
        gone.push(der);
    }
    let list = world.engine().authority_revocation_list(InProcess::now()).expect("a list");
    for (way, der) in gone.iter().enumerate() {
        // Behind the version stands the serial number of 16 bytes.
        let version = [0xA0, 3, 2, 1, 2, 2, 16];
        let at = der.windows(7).position(|window| window == version).expect("a version") + 7;
        let serial = &der[at..at + 16];
        assert!(list.windows(16).any(|window| window == serial), "way {way}: it is on the list no longer");
        let pem = to_pem("CERTIFICATE", der).expect("PEM");
        assert_eq!(validate(client.as_mut(), &[&pem]), ValidityIndicator::Invalid, "way {way}");
    }
}

/// A site's authority may stand behind the one of Certify and be trusted to name clients: what a client has had issued stands for
/// clients of its scope all the same, for no administrator, and for nobody once it is revoked.
#[test]
fn an_issued_certificate_stands_for_clients_of_its_scope_only() {
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    let (id, der) = issue(client.as_mut(), "another");
    let version = [0xA0, 3, 2, 1, 2, 2, 16];
    let at = der.windows(7).position(|window| window == version).expect("a version") + 7;
    let serial_number = der[at..at + 16].to_vec();
    let shown = Shown { fingerprint: Sha256::digest(&der).into(), serial_number, not_after: i64::MAX };
    let own = player(1);
    let may_be = |world: &InProcess| {
        [Some(own.as_str()), Some("another"), None].map(|name| world.engine().may_be(&shown, name).expect("an answer"))
    };
    assert_eq!(may_be(&world), [true, false, false]);
    let elsewhere = Shown { fingerprint: [7; 32], ..shown.clone() };
    assert!(world.engine().may_be(&elsewhere, Some("another")).expect("an answer"), "of another authority");

    let reason =
        RevocationReason { revocation_reason_code: RevocationReasonCode::Superseded, revocation_message: None };
    let revoke = RevokeRequest {
        unique_identifier: Some(id),
        revocation_reason: Some(reason),
        compromise_occurrence_date: None,
    };
    call(client.as_mut(), Operation::Revoke, RequestPayload::Revoke(Box::new(revoke)));
    assert_eq!(may_be(&world), [false; 3], "it is revoked");
    assert_eq!(world.engine().standing(&shown.fingerprint), Some(Standing::Replaced), "on open connections, too");
}

/// What a trusted certificate says of itself counts whether the client sends it along or not.
#[test]
fn a_trusted_certificate_that_limits_names_leaves_the_answer_open() {
    let Some(openssl) = OpenSsl::find() else { return };
    let mut world = InProcess::open().expect("an engine");
    let mut client = world.fresh_client().expect("a client");
    openssl.must("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
    openssl.must("req -x509 -new -key root.key -subj /CN=Root -days 3650 -addext nameConstraints=critical,permitted;DNS:inside.example -out root.pem");
    openssl.request(KINDS[0], "outside.example");
    openssl.must("x509 -req -in outside.example.csr -CA root.pem -CAkey root.key -set_serial 5 -days 90 -out leaf.pem");
    let (root, leaf) = (openssl.read("root.pem"), openssl.read("leaf.pem"));
    world.engine().add_trust_anchor(&from_pem("CERTIFICATE", &root).expect("a certificate")).expect("an authority");
    assert_eq!(validate(client.as_mut(), &[&leaf, &root]), ValidityIndicator::Unknown);
    assert_eq!(validate(client.as_mut(), &[&leaf]), ValidityIndicator::Unknown);
}

/// A certificate speaks for a key: no new one is made for a key for which none would be made (KMIP 1.4 §11.8; KMIP 2.1 §4.57).
#[test]
fn a_certificate_of_a_key_that_is_no_longer_to_be_used_is_not_renewed() {
    for version in [V1_4, V2_1, V3_0] {
        type End = fn(&mut Walker, &str) -> Item;
        let ways: [(bool, End); 3] = [(false, Walker::compromise), (true, Walker::cease), (false, Walker::destroy)];
        for (is_active, end) in ways {
            let mut w = Walker::new(version);
            let (_, public) = w.create_both(Vec::new());
            let certificate = identifier(&w.certify(&public, Vec::new()), Tag::UniqueIdentifier);
            let renewed = w.on(Operation::ReCertify, &certificate);
            let certificate = identifier(&renewed, Tag::UniqueIdentifier);
            if is_active {
                w.activate(&public);
            }
            assert_eq!(status(&end(&mut w, &public)), Some(ResultStatus::Success), "KMIP {version}");
            let refused = w.on(Operation::ReCertify, &certificate);
            assert_eq!(reason(&refused), Some(ResultReason::PermissionDenied), "KMIP {version}");
        }
    }
}
