//! Re-Provision (KMIP 2.1 §6.1.48).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::{Certificate, CertificateRequest};

record! {
    /// Request payload of Re-Provision (KMIP 2.1 §6.1.48). Since KMIP 2.0.
    ReProvisionRequest "Re-Provision Request Payload" {
        certificate_request: Option<CertificateRequest> = tag(CertificateRequest),
        certificate: Option<Certificate> = tag(Certificate),
    }

    /// Response payload of Re-Provision (KMIP 2.1 §6.1.48). Since KMIP 2.0.
    ReProvisionResponse "Re-Provision Response Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier),
    }
}
