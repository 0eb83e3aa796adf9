//! Re-certify (KMIP 2.1 §6.1.45).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::registry::CertificateRequestType;
use crate::value::{ByteString, Interval};

record! {
    /// Request payload of Re-certify (KMIP 2.1 §6.1.45).
    ReCertifyRequest "Re-certify Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        certificate_request_unique_identifier: Option<UniqueIdentifier> = tag(CertificateRequestUniqueIdentifier) since V2_0,
        certificate_request_type: Option<CertificateRequestType> = tag(CertificateRequestType),
        certificate_request_value: Option<ByteString> = tag(CertificateRequestValue) since V2_0,
        certificate_request: Option<ByteString> = tag(CertificateRequest) until V1_4,
        offset: Option<Interval> = tag(Offset),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Re-certify (KMIP 2.1 §6.1.45).
    ReCertifyResponse "Re-certify Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
