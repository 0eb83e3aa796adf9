//! Wrapping protects a key and counts against the Usage Limits of the keys that wrap; unwrapping does not (KMIP 2.1 §4.59).

use std::sync::atomic::{AtomicI64, Ordering};

use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, ResultReason,
    UsageLimitsUnit as Unit, WrappingMethod as Method,
};
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1};

use crate::support::*;

#[test]
fn every_wrapped_get_takes_from_the_wrapping_key() {
    let server = Server::new();
    let key = server.wrapping_key(&[3; 32], vec![limits(3, Unit::Object)]);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    let mut last = None;
    for (version, mode, left) in [(V1_4, KW, 2), (V2_0, KWP, 1), (V2_1, KW, 0)] {
        last = Some(object_of(server.wrapped(version, &id, under(&key, mode, None))));
        assert_eq!(server.left(&key), left);
    }
    for version in [V1_0, V1_4, V2_0, V2_1] {
        assert_eq!(reason(&server.wrapped(version, &id, under(&key, KW, None))), ResultReason::PermissionDenied);
    }
    assert_eq!(value_of(&object_of(server.come_back(V2_1, last.unwrap()))), [7; 32], "unwrapping is not limited");
    assert_eq!(server.left(&key), 0);
}

/// Bytes that are protected: the encoded Key Value (48 for a 32-byte key) or the key alone; of the code, what it covers.
#[test]
fn bytes_that_are_wrapped_are_counted() {
    let server = Server::new();
    let encryption = server.wrapping_key(&[3; 32], vec![limits(100, Unit::Byte)]);
    let code = server.key_for(Mask::MACGenerate, Algorithm::HMAC_SHA256, vec![limits(150, Unit::Byte)]);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    let ask = |encoding| {
        let specification = by(Method::EncryptThenMACSign, Some(&encryption), Some((&code, hmac())), encoding);
        server.wrapped(V2_1, &id, specification)
    };
    object_of(ask(BARE));
    assert_eq!((server.left(&encryption), server.left(&code)), (68, 118));
    object_of(ask(None));
    assert_eq!((server.left(&encryption), server.left(&code)), (20, 70));
    assert_eq!(reason(&ask(BARE)), ResultReason::PermissionDenied, "32 are more than 20");
    assert_eq!((server.left(&encryption), server.left(&code)), (20, 70), "what is refused takes nothing");
}

#[test]
fn a_wrapping_that_fails_takes_nothing() {
    let server = Server::new();
    let key = server.wrapping_key(&[3; 32], vec![limits(3, Unit::Object)]);
    let odd = server.register(V2_1, secret_data(b"odd"), vec![]);
    let cbc = || under(&key, Some(BlockCipherMode::CBC), BARE);
    assert_eq!(reason(&server.wrapped(V2_1, &odd, cbc())), ResultReason::BadCryptographicParameters);
    assert_eq!(server.left(&key), 3);
}

#[test]
fn no_wrapping_too_many_succeeds_under_concurrency() {
    const TOTAL: i64 = 500;
    let server = Server::new();
    let key = server.wrapping_key(&[3; 32], vec![limits(TOTAL, Unit::Object)]);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    object_of(server.get_item(V2_1, &id, |_| {}));
    let served = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let item = server.wrapped(V2_1, &id, under(&key, KW, None));
                    match item.result_reason {
                        None => drop(served.fetch_add(1, Ordering::Relaxed)),
                        Some(reason) => assert_eq!(reason, ResultReason::PermissionDenied),
                    }
                }
            });
        }
    });
    assert_eq!(served.into_inner(), TOTAL);
    assert_eq!(server.left(&key), 0);
}
