//! Several cryptographic requests in one message, with any fields: parts of operations that were never begun, data of
//! earlier items, indicators that contradict each other (KMIP 2.1 §7.7, §7.9, §11.15).

use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::encrypt::{Data, EncryptRequest};
use kmip_codec::operation::hash::HashRequest;
use kmip_codec::operation::mac::MACRequest;
use kmip_codec::operation::mac_verify::MACVerifyRequest;
use kmip_codec::operation::rng_retrieve::RNGRetrieveRequest;
use kmip_codec::operation::rng_seed::RNGSeedRequest;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::registry::{DataEnumeration, UniqueIdentifierEnumeration};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::V2_0;

use super::keys::World;
use super::parameters;
use crate::input::Input;
use crate::item;
use crate::server::{Item, errors_tell_nothing_of};

/// Items of one message at most.
const ITEMS: usize = 6;

/// Whatever the items are, each is answered, and no failure tells a key.
pub fn check(world: &mut World, input: &mut Input<'_>) {
    let mut items = Vec::new();
    while items.len() < ITEMS && (items.is_empty() || !input.is_empty()) {
        let made = any(world, input);
        items.push(made);
    }
    let answered = world.server.batch(world.version, items);
    for (_, key) in &world.symmetric {
        errors_tell_nothing_of(key, &answered);
    }
    world.correlation = answered.iter().rev().find_map(correlation).or_else(|| world.correlation.take());
}

/// The Correlation Value of an operation that goes on.
fn correlation(item: &kmip_codec::message::ResponseBatchItem) -> Option<ByteString> {
    use kmip_codec::operation::ResponsePayload as R;
    match item.response_payload.as_ref()? {
        R::Encrypt(it) => it.correlation_value.clone(),
        R::Decrypt(it) => it.correlation_value.clone(),
        R::Sign(it) => it.correlation_value.clone(),
        R::SignatureVerify(it) => it.correlation_value.clone(),
        R::MAC(it) => it.correlation_value.clone(),
        R::MACVerify(it) => it.correlation_value.clone(),
        R::Hash(it) => it.correlation_value.clone(),
        _ => None,
    }
}

/// Fields that all these requests have.
struct Common {
    key: Option<UniqueIdentifier>,
    data: Option<Data>,
    other: Option<ByteString>,
    correlation: Option<ByteString>,
    init: Option<bool>,
    last: Option<bool>,
}

fn common(world: &World, input: &mut Input<'_>) -> Common {
    let there = input.byte();
    let has = |bit: u8| there >> bit & 1 == 1;
    let references = world.version >= V2_0;
    let key = match input.byte() {
        placeholder @ 0xF0..=0xF7 if references => {
            Some(UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration(u32::from(placeholder & 7))))
        }
        index @ 0xF8..=0xFF if references => Some(UniqueIdentifier::Index(i32::from(index) - 0xFC)),
        which => {
            let all = world.symmetric.iter().map(|(id, _)| id).chain(world.pairs.iter().flat_map(|(a, b)| [a, b]));
            let all: Vec<_> = all.collect();
            Some(UniqueIdentifier::text(all[usize::from(which) % all.len()]))
        }
    };
    let data = match input.byte() {
        which @ 0xF0..=0xF7 if references => Data::Placeholder(DataEnumeration(u32::from(which & 7))),
        index @ 0xF8..=0xFF if references => Data::Index(i32::from(index) - 0xFC),
        _ => Data::Bytes(Secret::copy_from(input.bytes())),
    };
    let known = world.correlation.clone().filter(|_| has(6));
    Common {
        key: key.filter(|_| has(0)),
        data: Some(data).filter(|_| has(1)),
        other: has(2).then(|| ByteString::new(input.bytes())),
        correlation: known.or_else(|| has(3).then(|| ByteString::new(input.bytes()))),
        init: has(4).then(|| input.flag()),
        last: has(5).then(|| input.flag()),
    }
}

fn any(world: &World, input: &mut Input<'_>) -> Item {
    let kind = input.byte() % 9;
    if kind == 7 {
        return item!(RNGRetrieve, RNGRetrieveRequest { data_length: input.number() });
    }
    if kind == 8 {
        return item!(RNGSeed, RNGSeedRequest { data: Data::Bytes(Secret::copy_from(input.bytes())) });
    }
    let cryptographic_parameters = parameters::optional(input);
    let common = common(world, input);
    match kind {
        0 | 1 => cipher(kind, common, cryptographic_parameters, input),
        2 | 3 => signature(kind, common, cryptographic_parameters),
        _ => code(kind, common, cryptographic_parameters),
    }
}

type Parameters = Option<Box<CryptographicParameters>>;

fn cipher(kind: u8, common: Common, cryptographic_parameters: Parameters, input: &mut Input<'_>) -> Item {
    let Common { key, data, other, correlation, init, last } = common;
    match kind {
        0 => item!(
            Encrypt,
            EncryptRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                iv_counter_nonce: other,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
                ..EncryptRequest::default()
            }
        ),
        _ => item!(
            Decrypt,
            DecryptRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                iv_counter_nonce: other,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
                authenticated_encryption_tag: input.flag().then(|| ByteString::new(input.bytes())),
                ..DecryptRequest::default()
            }
        ),
    }
}

fn signature(kind: u8, common: Common, cryptographic_parameters: Parameters) -> Item {
    let Common { key, data, other, correlation, init, last } = common;
    match kind {
        2 => item!(
            Sign,
            SignRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                digested_data: other,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
            }
        ),
        _ => item!(
            SignatureVerify,
            SignatureVerifyRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                signature_data: other,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
                ..SignatureVerifyRequest::default()
            }
        ),
    }
}

fn code(kind: u8, common: Common, cryptographic_parameters: Parameters) -> Item {
    let Common { key, data, other, correlation, init, last } = common;
    match kind {
        4 => item!(
            MAC,
            MACRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
            }
        ),
        5 => item!(
            MACVerify,
            MACVerifyRequest {
                unique_identifier: key,
                cryptographic_parameters,
                data,
                mac_data: other,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
            }
        ),
        _ => item!(
            Hash,
            HashRequest {
                cryptographic_parameters: cryptographic_parameters.unwrap_or_default(),
                data,
                correlation_value: correlation,
                init_indicator: init,
                final_indicator: last,
            }
        ),
    }
}
