//! Authentication and credentials (KMIP 2.1 §9.5, §9.9).

use crate::inline::Text;
use crate::macros::{record, union};
use crate::message::header::Nonce;
use crate::registry::{AttestationType, CredentialType, HashingAlgorithm, TicketType};
use crate::secret::{Secret, SecretText};
use crate::value::{ByteString, DateTimeExtended};

record! {
    /// Authentication (KMIP 2.1 §9.5).
    Authentication "Authentication" {
        credential: Vec<Credential> = tag(Credential),
    }

    /// Credential (KMIP 2.1 §9.9).
    Credential "Credential" {
        credential_type: CredentialType = tag(CredentialType),
        credential_value: CredentialValue = by(CredentialValue, credential_type),
    }

    /// Credential Value for Username and Password.
    PasswordCredential "Credential Value (Username and Password)" {
        username: Text = tag(Username),
        password: Option<SecretText> = tag(Password),
    }

    /// Credential Value for Device.
    DeviceCredential "Credential Value (Device)" {
        device_serial_number: Option<Text> = tag(DeviceSerialNumber),
        password: Option<SecretText> = tag(Password),
        device_identifier: Option<Text> = tag(DeviceIdentifier),
        network_identifier: Option<Text> = tag(NetworkIdentifier),
        machine_identifier: Option<Text> = tag(MachineIdentifier),
        media_identifier: Option<Text> = tag(MediaIdentifier),
    }

    /// Credential Value for Attestation.
    AttestationCredential "Credential Value (Attestation)" {
        nonce: Nonce = tag(Nonce),
        attestation_type: AttestationType = tag(AttestationType),
        attestation_measurement: Option<ByteString> = tag(AttestationMeasurement),
        attestation_assertion: Option<ByteString> = tag(AttestationAssertion),
    }

    /// Credential Value for One Time Password.
    OneTimePasswordCredential "Credential Value (One Time Password)" {
        username: Text = tag(Username),
        password: Option<SecretText> = tag(Password),
        one_time_password: SecretText = tag(OneTimePassword),
    }

    /// Credential Value for Hashed Password.
    HashedPasswordCredential "Credential Value (Hashed Password)" {
        username: Text = tag(Username),
        timestamp: DateTimeExtended = tag(TimeStamp),
        hashing_algorithm: Option<HashingAlgorithm> = tag(HashingAlgorithm),
        hashed_password: Secret = tag(HashedPassword),
    }

    /// Credential Value for Ticket.
    TicketCredential "Credential Value (Ticket)" {
        ticket: Ticket = tag(Ticket),
    }

    /// Ticket (KMIP 2.1 §7.38).
    Ticket "Ticket" {
        ticket_type: TicketType = tag(TicketType),
        ticket_value: Secret = tag(TicketValue),
    }
}

union! {
    /// Credential Value, by Credential Type.
    CredentialValue by CredentialType {
        Password(Box<PasswordCredential>) = CredentialType::UsernameAndPassword,
        Device(Box<DeviceCredential>) = CredentialType::Device,
        Attestation(Box<AttestationCredential>) = CredentialType::Attestation,
        OneTimePassword(Box<OneTimePasswordCredential>) = CredentialType::OneTimePassword,
        HashedPassword(Box<HashedPasswordCredential>) = CredentialType::HashedPassword,
        Ticket(Box<TicketCredential>) = CredentialType::Ticket,
    }
}
