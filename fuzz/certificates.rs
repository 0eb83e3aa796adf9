//! What holds for any bytes as an X.509 certificate (KMIP 2.1 §4.6 to §4.8, §4.61 to §4.63).

use std::cell::RefCell;

use kmip_codec::attribute::Attribute;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{Certificate, ManagedObject};
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::registry::{CertificateType, ObjectType};
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_0, V2_1, Version};
use kmip_core::formats::{FormatError, certificate_attributes, certified_public_key, digests, inspect};

use crate::server::{self, Server};
use crate::{item, response};

/// Checks everything.
pub fn check(der: &[u8]) {
    let value = ByteString::new(der);
    let object = Certificate { certificate_type: CertificateType::X_509, certificate_value: value };
    let object = ManagedObject::Certificate(Box::new(object));
    let attributes = certificate_attributes(der);
    assert_eq!(digests(&object, None).len(), 1, "a certificate has one digest, whatever it holds");
    if attributes.is_ok() {
        inspect(&object).expect("what gives attributes can be inspected");
    }
    if let Ok(attributes) = &attributes {
        bytes_are_those_of_the_certificate(der, attributes);
        agrees_with_second_parser(der, attributes);
    }
    what_tls_reads(der);
    thread_local!(static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) });
    server::with(&SERVER, |server| server, Server::default, |server| registration(server, object, attributes.as_ref()));
}

fn occurs(part: &[u8], whole: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

/// Names, serial number and key are the bytes of the certificate, not a new encoding of what was understood.
fn bytes_are_those_of_the_certificate(der: &[u8], attributes: &[Attribute]) {
    let key = certified_public_key(der).expect("what gives attributes has a key");
    assert!(occurs(&key, der), "the key is made anew");
    let holds = |part: &ByteString| assert!(occurs(part.as_slice(), der), "{part:?} is made anew");
    for attribute in attributes {
        match attribute {
            Attribute::X509CertificateIdentifier(identifier) => {
                holds(&identifier.issuer_distinguished_name);
                holds(&identifier.certificate_serial_number);
            }
            Attribute::X509CertificateIssuer(issuer) => {
                holds(&issuer.issuer_distinguished_name);
                issuer.issuer_alternative_name.iter().for_each(holds);
            }
            Attribute::X509CertificateSubject(subject) => {
                subject.subject_distinguished_name.iter().for_each(holds);
                subject.subject_alternative_name.iter().for_each(holds);
            }
            Attribute::CertificateLength(length) => assert_eq!(usize::try_from(*length), Ok(der.len())),
            _ => {}
        }
    }
}

/// Where the parser of RustCrypto reads the certificate too, it reads the same names and the same key. It sorts what DER
/// wants sorted: only certificates that it writes as they were can be compared.
fn agrees_with_second_parser(der: &[u8], attributes: &[Attribute]) {
    use der::{Decode, Encode};
    let second = x509_cert::Certificate::from_der(der);
    let Some(second) = second.ok().filter(|second| second.to_der().is_ok_and(|again| again == der)) else { return };
    let second = second.tbs_certificate();
    let name = |name: &x509_cert::name::Name| if name.is_empty() { Vec::new() } else { name.to_der().expect("a name") };
    for attribute in attributes {
        if let Attribute::X509CertificateIssuer(issuer) = attribute {
            assert_eq!(issuer.issuer_distinguished_name.as_slice(), name(second.issuer()), "issuer");
        }
        if let Attribute::X509CertificateSubject(subject) = attribute {
            let ours = subject.subject_distinguished_name.as_ref().map(ByteString::as_slice).unwrap_or_default();
            assert_eq!(ours, name(second.subject()), "subject");
        }
        if let Attribute::X509CertificateIdentifier(identifier) = attribute {
            let serial = second.serial_number().to_der().expect("a number");
            assert_eq!(identifier.certificate_serial_number.as_slice(), serial, "serial number");
        }
    }
    let key = second.subject_public_key_info().to_der().expect("a key");
    assert_eq!(certified_public_key(der).ok(), Some(key), "key");
}

/// What the server reads of a peer's certificate and of a revocation list.
fn what_tls_reads(der: &[u8]) {
    let _ = certs::inspect::revocation_list_next_update(der);
    let Ok(facts) = certs::inspect::certificate(der) else { return };
    assert!(occurs(&facts.public_key, der) && occurs(&facts.serial, der), "facts are made anew");
    if let Some(name) = facts.common_name {
        assert!(!name.is_empty() && !name.chars().any(char::is_control), "{name:?} is no name of a client");
    }
}

const VERSIONS: [Version; 5] = [V1_0, V1_2, V1_4, V2_0, V2_1];

/// A certificate is registered exactly if it can be read, comes back as it was, and every version can carry its attributes.
fn registration(server: &mut Server, object: ManagedObject, attributes: Result<&Vec<Attribute>, &FormatError>) {
    let register = RegisterRequest {
        object_type: ObjectType::Certificate,
        attributes: Some(std::iter::empty::<Attribute>().collect()),
        object: Some(object.clone()),
        protection_storage_masks: None,
    };
    let get = GetRequest {
        unique_identifier: None,
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let answered = server.batch(V2_1, vec![item!(Register, register), item!(Get, get)]);
    let Some(made) = response!(Register, answered[0]) else {
        return assert!(attributes.is_err(), "refused, but it can be read: {:?}", answered[0]);
    };
    assert!(attributes.is_ok(), "registered, but it cannot be read: {attributes:?}");
    let got = response!(Get, answered[1]).expect("what is registered can be had");
    assert_eq!(got.object, object);
    let unique_identifier = Some(made.unique_identifier.clone());
    for version in VERSIONS {
        let all =
            GetAttributesRequest { unique_identifier: unique_identifier.clone(), attribute_references: Vec::new() };
        let answered = server.batch(version, vec![item!(GetAttributes, all)]);
        assert!(succeeded(&answered), "{version}: {answered:?}");
    }
    let answered = server.batch(V2_1, vec![item!(Destroy, DestroyRequest { unique_identifier })]);
    assert!(succeeded(&answered), "{answered:?}");
}

fn succeeded(answered: &[ResponseBatchItem]) -> bool {
    answered.iter().all(|item| item.response_payload.is_some())
}
