//! Certify (KMIP 2.1 §6.1.6).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::registry::CertificateRequestType;
use crate::value::ByteString;

record! {
    /// Request payload of Certify (KMIP 2.1 §6.1.6).
    CertifyRequest "Certify Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier),
        certificate_request_type: Option<CertificateRequestType> = tag(CertificateRequestType),
        certificate_request: Option<ByteString> = tag(CertificateRequest) until V1_4,
        certificate_request_value: Option<ByteString> = tag(CertificateRequestValue) since V2_0,
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Certify (KMIP 2.1 §6.1.6).
    CertifyResponse "Certify Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
