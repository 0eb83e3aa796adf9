//! Usage Limits: every use that protects data takes from the count, and no use too many succeeds (KMIP 2.1 §4.59).

use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask,
    ResultReason as Reason, Tag, UsageLimitsUnit as Unit,
};
use kmip_codec::version::{V1_4, V2_0, V2_1};

use crate::support::*;

fn limited(server: &Server, total: i64, unit: Unit) -> String {
    let mut attributes = active(Mask::Encrypt | Mask::Decrypt | Mask::MACGenerate | Mask::MACVerify);
    attributes.push(Attribute::UsageLimits(UsageLimits {
        usage_limits_total: total,
        usage_limits_count: None,
        usage_limits_unit: unit,
    }));
    attributes.push(attribute(|p| p.block_cipher_mode = Some(Mode::ECB)));
    server.register(symmetric(Algorithm::AES, &[1; 16]), attributes)
}

fn left(server: &Server, id: &str) -> i64 {
    let attribute_references = vec![AttributeReference::Tag(Tag::UsageLimits)];
    let request = GetAttributesRequest { unique_identifier: text(id), attribute_references };
    let found = ask!(server, V2_1, GetAttributes, request).expect("attributes").attributes.expect("some");
    match found.items.first().map(|instance| &instance.attribute) {
        Some(Attribute::UsageLimits(limits)) => limits.usage_limits_count.expect("a count"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn uses_are_counted_and_end() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    for count in [2, 1, 0] {
        ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 32])).expect("encrypted");
        assert_eq!(left(&server, &id), count);
    }
    for (version, reason) in
        [(V1_4, Reason::PermissionDenied), (V2_0, Reason::UsageLimitExceeded), (V2_1, Reason::UsageLimitExceeded)]
    {
        refused(ask!(server, version, Encrypt, encrypt(&id, &[0; 32])), reason, "one use too many");
        let mut request = mac(&id, b"data");
        request.cryptographic_parameters = boxed(|p| p.cryptographic_algorithm = Some(Algorithm::HMAC_SHA256));
        refused(ask!(server, version, MAC, request), reason, "one use too many");
    }
    ask!(server, V2_1, Decrypt, decrypt(&id, &[0; 16])).expect("processing is not limited");
    assert_eq!(left(&server, &id), 0);
}

#[test]
fn bytes_are_counted_and_end() {
    let server = Server::new();
    let id = limited(&server, 40, Unit::Byte);
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    assert_eq!(left(&server, &id), 24);
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 32])), Reason::UsageLimitExceeded, "more than is left");
    assert_eq!(left(&server, &id), 24, "a refused use takes nothing");
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    assert_eq!(left(&server, &id), 8);
}

#[test]
fn a_use_that_fails_takes_nothing() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 15])), Reason::CryptographicFailure, "no whole block");
    assert_eq!(left(&server, &id), 3);
}
