//! Create Credential (KMIP 3.0).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::Certificate;
use crate::object::credential::{DeviceCredential, HashedPasswordCredential, OtpCredential, PasswordCredential};
use crate::registry::CredentialType;

record! {
    /// Request payload of Create Credential (KMIP 3.0). Since KMIP 3.0.
    CreateCredentialRequest "Create Credential Request Payload" {
        credential_type: CredentialType = tag(CredentialType),
        attributes: Option<Bag> = bag(Nil, Set(Attributes)) required V3_0,
        password_credential: Option<PasswordCredential> = tag(PasswordCredential),
        device_credential: Option<DeviceCredential> = tag(DeviceCredential),
        hashed_password_credential: Option<HashedPasswordCredential> = tag(HashedPasswordCredential),
        otp_credential: Option<OtpCredential> = tag(OTPCredential),
        certificate: Option<Certificate> = tag(Certificate),
    }

    /// Response payload of Create Credential (KMIP 3.0). Since KMIP 3.0.
    CreateCredentialResponse "Create Credential Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
