//! The error tables (KMIP 1.4 §11.30 to §11.38; KMIP 2.1 §6.1.11.1 and the others): every row, in the reason of each version.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::object::{ManagedObject, OpaqueObject};
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, OpaqueDataType,
    PaddingMethod, ResultReason as Reason, RevocationReasonCode as Code,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, Version};

use crate::support::*;

/// The reasons of 1.2, 1.4, 2.0 and 2.1.
type Reasons = [Reason; 4];

const VERSIONS: [Version; 4] = [V1_2, V1_4, V2_0, V2_1];

const fn since_2(v1: Reason, v2: Reason) -> Reasons {
    [v1, v1, v2, v2]
}

const NOT_FOUND: Reasons = since_2(Reason::ItemNotFound, Reason::ObjectNotFound);
const WRONG_STATE: Reasons = since_2(Reason::PermissionDenied, Reason::WrongKeyLifecycleState);
const WRONG_TYPE: Reasons = since_2(Reason::PermissionDenied, Reason::InvalidObjectType);
const WRONG_MASK: Reasons = since_2(Reason::PermissionDenied, Reason::IncompatibleCryptographicUsageMask);
const NO_VALUE: Reasons = [Reason::KeyValueNotPresent; 4];
const NO_DATA: Reasons = [Reason::InvalidMessage; 4];
const FAILURE: Reasons = [Reason::CryptographicFailure; 4];

const ALL: fn() -> Mask = || {
    Mask::Encrypt | Mask::Decrypt | Mask::Sign | Mask::Verify | Mask::MACGenerate | Mask::MACVerify | Mask::DeriveKey
};

/// Every operation with a key, on an object: the reasons by operation.
#[track_caller]
fn all_refused(server: &Server, id: &str, expected: Reasons, operations: &str) {
    for (version, reason) in VERSIONS.into_iter().zip(expected) {
        let what = |operation: &str| format!("{operation} in {version}");
        let refuse = |operation: &str, found: Option<Reason>| {
            if operations.contains(operation) {
                assert_eq!(found, Some(reason), "{}", what(operation));
            }
        };
        let ecb = || boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
        let hmac = || boxed(|p| p.cryptographic_algorithm = Some(Algorithm::HMAC_SHA256));
        let mut request = encrypt(id, &[0; 16]);
        request.cryptographic_parameters = ecb();
        refuse("e", ask!(server, version, Encrypt, request).err());
        let mut request = decrypt(id, &[0; 16]);
        request.cryptographic_parameters = ecb();
        refuse("d", ask!(server, version, Decrypt, request).err());
        refuse("s", ask!(server, version, Sign, sign(id, b"data")).err());
        refuse("v", ask!(server, version, SignatureVerify, verify(id, b"data", b"")).err());
        let mut request = mac(id, b"data");
        request.cryptographic_parameters = hmac();
        refuse("m", ask!(server, version, MAC, request).err());
        let mut request = mac_verify(id, b"data", b"");
        request.cryptographic_parameters = hmac();
        refuse("c", ask!(server, version, MACVerify, request).err());
    }
}

#[test]
fn objects_that_are_not_there_or_of_others_are_not_found() {
    let server = Server::new();
    all_refused(&server, "no such object", NOT_FOUND, "edsvmc");
    let id = server.key(Algorithm::AES, &[1; 16], ALL());
    let mut request = encrypt(&id, &[0; 16]);
    request.cryptographic_parameters = boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
    refused(ask!(server, "another", V2_1, Encrypt, request), Reason::ObjectNotFound, "of another scope");
}

#[test]
fn objects_of_other_types_cannot_be_used() {
    let server = Server::new();
    let value =
        OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0001), opaque_data_value: Secret::copy_from(b"x") };
    let opaque = server.register(ManagedObject::OpaqueObject(Box::new(value)), Vec::new());
    all_refused(&server, &opaque, WRONG_TYPE, "edsvmc");
    let symmetric = server.key(Algorithm::AES, &[1; 16], ALL());
    all_refused(&server, &symmetric, WRONG_TYPE, "sv");
}

#[test]
fn states_and_dates_decide() {
    let server = Server::new();
    let mask = Attribute::CryptographicUsageMask(ALL());
    let pre_active = server.register(symmetric(Algorithm::AES, &[1; 16]), vec![mask.clone()]);
    all_refused(&server, &pre_active, WRONG_STATE, "edmc");
    let mut dates = active(ALL());
    dates.push(Attribute::ProcessStartDate(DateTime(START + 10)));
    dates.push(Attribute::ProtectStopDate(DateTime(START - 10)));
    let dated = server.register(symmetric(Algorithm::AES, &[1; 16]), dates);
    all_refused(&server, &dated, WRONG_STATE, "edmc");
    for code in [Code::CessationOfOperation, Code::KeyCompromise] {
        let id = server.key(Algorithm::AES, &[1; 16], ALL());
        server.revoke(&id, code);
        all_refused(&server, &id, WRONG_STATE, "em");
        let mut request = decrypt(&id, &[0; 16]);
        request.cryptographic_parameters = boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
        ask!(server, V2_1, Decrypt, request).expect("what is protected may still be processed");
        let request = kmip_codec::operation::destroy::DestroyRequest { unique_identifier: text(&id) };
        ask!(server, V2_1, Destroy, request).expect("destroyed");
        all_refused(&server, &id, WRONG_STATE, "edmc");
    }
}

#[test]
fn the_usage_mask_decides() {
    let server = Server::new();
    let none = server.key(Algorithm::AES, &[1; 16], Mask::WrapKey);
    all_refused(&server, &none, WRONG_MASK, "edmc");
    for (mask, others) in
        [(Mask::Encrypt, "dmc"), (Mask::Decrypt, "emc"), (Mask::MACGenerate, "edc"), (Mask::MACVerify, "edm")]
    {
        let id = server.key(Algorithm::AES, &[1; 16], mask);
        all_refused(&server, &id, WRONG_MASK, others);
    }
    let free = server.key(Algorithm::AES, &[1; 16], Mask::Unrestricted);
    let mut request = encrypt(&free, &[0; 16]);
    request.cryptographic_parameters = boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
    ask!(server, V2_1, Encrypt, request).expect("an unrestricted key has every use");
}

#[test]
fn a_key_without_a_value_cannot_be_used() {
    use kmip_codec::attribute::values::KeyValueLocation;
    use kmip_codec::registry::KeyValueLocationType;
    let server = Server::new();
    let mut attributes = active(ALL());
    attributes.push(Attribute::KeyValueLocation(KeyValueLocation {
        key_value_location_value: kmip_codec::inline::Text::new("elsewhere"),
        key_value_location_type: KeyValueLocationType::UninterpretedTextString,
    }));
    let mut object = symmetric(Algorithm::AES, &[1; 16]);
    object.key_block_mut().unwrap().key_value = None;
    let id = server.register(object, attributes);
    all_refused(&server, &id, NO_VALUE, "edmc");
}

#[track_caller]
fn encrypt_refused(
    server: &Server,
    id: &str,
    expected: Reasons,
    set: impl Fn(&mut CryptographicParameters),
    iv: Option<&[u8]>,
    data: Option<&[u8]>,
) {
    for (version, reason) in VERSIONS.into_iter().zip(expected) {
        let mut request = encrypt(id, data.unwrap_or_default());
        request.cryptographic_parameters = boxed(&set);
        request.iv_counter_nonce = iv.and_then(octets);
        request.data = request.data.filter(|_| data.is_some());
        refused(ask!(server, version, Encrypt, request), reason, &format!("Encrypt in {version}"));
        let mut request = decrypt(id, data.unwrap_or_default());
        request.cryptographic_parameters = boxed(&set);
        request.iv_counter_nonce = iv.and_then(octets);
        request.data = request.data.filter(|_| data.is_some());
        refused(ask!(server, version, Decrypt, request), reason, &format!("Decrypt in {version}"));
    }
}

#[test]
fn parameters_decide() {
    let server = Server::new();
    let id = server.key(Algorithm::AES, &[1; 16], ALL());
    let mode = |mode| move |p: &mut CryptographicParameters| p.block_cipher_mode = Some(mode);
    let block: Option<&[u8]> = Some(&[0; 16]);
    let bad = since_2(Reason::CryptographicFailure, Reason::BadCryptographicParameters);
    let unsupported = since_2(Reason::CryptographicFailure, Reason::UnsupportedCryptographicParameters);
    encrypt_refused(&server, &id, bad, |_| {}, None, block);
    encrypt_refused(&server, &id, bad, mode(Mode::CBC), Some(&[0; 8]), block);
    encrypt_refused(&server, &id, unsupported, mode(Mode::PCBC), Some(&[0; 16]), block);
    encrypt_refused(&server, &id, bad, |p| p.cryptographic_algorithm = Some(Algorithm::RSA), None, block);
    let padded = |padding| {
        move |p: &mut CryptographicParameters| {
            p.block_cipher_mode = Some(Mode::CBC);
            p.padding_method = Some(padding);
        }
    };
    encrypt_refused(&server, &id, unsupported, padded(PaddingMethod::SSL3), Some(&[0; 16]), block);
    encrypt_refused(
        &server,
        &id,
        bad,
        |p| {
            padded(PaddingMethod::PKCS5)(p);
            p.block_cipher_mode = Some(Mode::CTR);
        },
        Some(&[0; 16]),
        block,
    );
    let missing =
        [Reason::InvalidMessage, Reason::InvalidMessage, Reason::MissingInitializationVector, Reason::InvalidMessage];
    encrypt_refused(&server, &id, missing, mode(Mode::CBC), None, block);
    encrypt_refused(&server, &id, missing, mode(Mode::GCM), None, block);
    let tag =
        [Reason::GeneralFailure, Reason::GeneralFailure, Reason::BadCryptographicParameters, Reason::GeneralFailure];
    for length in [-1, 0, 1, 3, 17, 32] {
        encrypt_refused(
            &server,
            &id,
            tag,
            |p| {
                p.block_cipher_mode = Some(Mode::GCM);
                p.tag_length = Some(length);
            },
            Some(&[0; 12]),
            block,
        );
    }
    encrypt_refused(&server, &id, NO_DATA, mode(Mode::ECB), None, None);
    encrypt_refused(&server, &id, FAILURE, mode(Mode::ECB), None, Some(&[0; 15]));
    let mut request = encrypt(&id, &[0; 16]);
    request.cryptographic_parameters = boxed(mode(Mode::ECB));
    request.authenticated_encryption_additional_data = octets(b"more");
    refused(ask!(server, V2_1, Encrypt, request), Reason::BadCryptographicParameters, "additional data");
    let seed = server.key(Algorithm::SEED, &[1; 16], ALL());
    encrypt_refused(&server, &seed, unsupported, mode(Mode::ECB), None, block);
}

#[test]
fn padding_that_is_none_is_a_cryptographic_failure() {
    let server = Server::new();
    let id = server.key(Algorithm::AES, &[1; 16], ALL());
    for version in VERSIONS {
        let mut request = decrypt(&id, &[7; 16]);
        request.cryptographic_parameters = boxed(|p| {
            p.block_cipher_mode = Some(Mode::ECB);
            p.padding_method = Some(PaddingMethod::PKCS5);
        });
        refused(ask!(server, version, Decrypt, request), Reason::CryptographicFailure, "padding");
    }
}

#[test]
fn operations_came_with_1_2_and_fields_with_their_versions() {
    let server = Server::new();
    let id = server.key(Algorithm::AES, &[1; 16], ALL());
    for version in [kmip_codec::version::V1_0, kmip_codec::version::V1_1] {
        refused(ask!(server, version, MAC, mac(&id, b"x")), Reason::OperationNotSupported, "before 1.2");
    }
}
