//! Derive Key (KMIP 2.1 §6.1.14).

use kmip_codec::attribute::Attribute;
use kmip_codec::operation::derive_key::{DerivationParameters, DeriveKeyRequest};
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::registry::*;
use kmip_codec::secret::Secret;

use super::keys::{World, material_bytes};
use super::{ask, id, octets, parameters};
use crate::input::Input;

/// The same derivation gives the same key, of the length that was asked for; and the key is no part of an error.
pub fn check(world: &mut World, input: &mut Input<'_>) {
    let bases = bases(world, input);
    let derivation_method = DerivationMethod(u32::from(input.byte()) % 0x0C);
    let object_type = [ObjectType::SymmetricKey, ObjectType::SecretData][usize::from(input.byte() & 1)];
    let algorithm = CryptographicAlgorithm(u32::from(input.byte()));
    let bits = i32::from(input.byte()) * 8;
    let cryptographic_parameters = parameters::optional(input);
    let there = input.byte();
    let (salt, iv) = ((there & 1 == 1).then(|| input.bytes()), (there & 2 == 2).then(|| input.bytes()));
    // A password is what takes many iterations; what they cost is bounded here, and by the vault.
    let iterations = (there & 4 == 4).then(|| i32::from(input.byte() as i8));
    let several = (there & 8 == 8).then(|| [input.bytes(), input.bytes()]);
    let derivation_data: Vec<&[u8]> =
        several.into_iter().flatten().chain((there & 16 == 16).then(|| input.rest())).collect();
    let mut attributes =
        vec![Attribute::CryptographicLength(bits), Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)];
    attributes.extend((there & 32 == 0).then_some(Attribute::CryptographicAlgorithm(algorithm)));
    let request = DeriveKeyRequest {
        object_type,
        unique_identifier: bases.iter().flat_map(|base| id(base)).collect(),
        derivation_method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters,
            initialization_vector: octets(iv),
            derivation_data: derivation_data.iter().map(|data| Secret::copy_from(data)).collect(),
            salt: octets(salt),
            iteration_count: iterations,
        },
        attributes: Some(attributes.into_iter().collect()),
    };
    let keys = [derived(world, &request, &derivation_data), derived(world, &request, &derivation_data)];
    assert_eq!(keys[0], keys[1], "another key is derived of the same");
    if let Some(key) = &keys[0] {
        let parity = algorithm == CryptographicAlgorithm::DES3;
        assert!(
            key.len() * 8 == usize::try_from(bits).unwrap_or_default() || parity,
            "{} bytes of {bits} bits",
            key.len()
        );
    }
}

/// One or two objects to derive from; a key agreement needs a private and a public key.
fn bases(world: &World, input: &mut Input<'_>) -> Vec<String> {
    let (how, which, other) = (input.byte(), usize::from(input.byte()), usize::from(input.byte()));
    let symmetric = |which: usize| world.symmetric[which % world.symmetric.len()].0.clone();
    let pair = |which: usize| world.pairs[which % world.pairs.len()].clone();
    match how % 5 {
        0 | 1 => vec![symmetric(which)],
        2 => vec![symmetric(which), symmetric(other)],
        3 => vec![pair(which).0, pair(other).1],
        _ => vec![pair(which).1, symmetric(other)],
    }
}

fn derived(world: &mut World, request: &DeriveKeyRequest, data: &[&[u8]]) -> Option<Vec<u8>> {
    let made = ask!(world, data.iter().copied(), DeriveKey, request.clone())?;
    let unique_identifier = Some(made.unique_identifier);
    let get = GetRequest {
        unique_identifier: unique_identifier.clone(),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let version = std::mem::replace(&mut world.version, kmip_codec::version::V2_1);
    let got = ask!(world, [], Get, get).expect("what is derived can be had");
    let key = material_bytes(&got.object).expect("a derived key is bytes").to_vec();
    ask!(world, [key.as_slice()], Destroy, DestroyRequest { unique_identifier })
        .expect("what is derived can be destroyed");
    world.version = version;
    Some(key)
}
