//! Credentials as managed objects (KMIP 3.0 §2.1.3): what a user of the server is known by.

use crate::inline::Text;
use crate::macros::record;
use crate::registry::{CryptographicAlgorithm, HashingAlgorithm, OTPAlgorithm};
use crate::secret::{Secret, SecretText};
use crate::value::Interval;

record! {
    /// Password Credential (KMIP 3.0 §2.1.3).
    PasswordCredential "Password Credential" {
        password: Option<SecretText> = tag(Password),
        password_salt: Option<Secret> = tag(PasswordSalt),
        password_salt_algorithm: Option<CryptographicAlgorithm> = tag(PasswordSaltAlgorithm),
        salted_password: Option<Secret> = tag(SaltedPassword),
        iteration_count: Option<i32> = tag(IterationCount),
    }

    /// Device Credential (KMIP 3.0 §2.1.3).
    DeviceCredential "Device Credential" {
        device_serial_number: Option<Text> = tag(DeviceSerialNumber),
        device_identifier: Option<Text> = tag(DeviceIdentifier),
        network_identifier: Option<Text> = tag(NetworkIdentifier),
        machine_identifier: Option<Text> = tag(MachineIdentifier),
        media_identifier: Option<Text> = tag(MediaIdentifier),
    }

    /// One Time Password Credential (KMIP 3.0 §2.1.3).
    OtpCredential "OTP Credential" {
        otp_algorithm: OTPAlgorithm = tag(OTPAlgorithm),
        otp_digest: Option<CryptographicAlgorithm> = tag(OTPDigest),
        otp_serial: Option<Text> = tag(OTPSerial),
        otp_seed: Option<Secret> = tag(OTPSeed),
        otp_interval: Option<Interval> = tag(OTPInterval),
        otp_digits: Option<i32> = tag(OTPDigits),
    }

    /// Hashed Password Credential (KMIP 3.0 §2.1.3).
    HashedPasswordCredential "Hashed Password Credential" {
        hashing_algorithm: Option<HashingAlgorithm> = tag(HashingAlgorithm),
        hashed_username_password: Secret = tag(HashedUsernamePassword),
        hashed_password_username: Secret = tag(HashedPasswordUsername),
    }
}
