//! Keys that leave wrapped and come back so (KMIP 2.1 §3.4, §6.1.19, §7.16).

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::object::{EncryptionKeyInformation, KeyWrappingSpecification, ManagedObject};
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::registry::*;
use kmip_codec::version::V2_1;

use super::keys::{World, material_bytes};
use super::{ask, id, parameters};
use crate::input::Input;
use crate::response;

fn get(identifier: Option<UniqueIdentifier>) -> GetRequest {
    GetRequest {
        unique_identifier: identifier,
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    }
}

/// A key that leaves wrapped is registered as it left, and is the same key when it is unwrapped.
pub fn check(world: &mut World, input: &mut Input<'_>) {
    let (target, bytes) = world.symmetric[usize::from(input.byte()) % world.symmetric.len()].clone();
    let which = usize::from(input.byte()) % (world.symmetric.len() + world.pairs.len());
    let symmetric = world.symmetric.get(which).map(|(id, _)| (id.clone(), id.clone()));
    let (wraps, unwraps) = symmetric.unwrap_or_else(|| {
        let (private, public) = &world.pairs[which - world.symmetric.len()];
        (public.clone(), private.clone())
    });
    let encoding_option =
        [None, Some(EncodingOption::NoEncoding), Some(EncodingOption::TTLVEncoding), Some(EncodingOption(9))];
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod(u32::from(input.byte() % 6)),
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(&wraps),
            cryptographic_parameters: parameters::optional(input).map(|parameters| *parameters),
        }),
        mac_signature_key_information: None,
        attribute_references: Vec::new(),
        encoding_option: encoding_option[usize::from(input.byte() % 4)],
    };
    world.version = V2_1;
    let request = GetRequest { key_wrapping_specification: Some(Box::new(specification)), ..get(id(&target)) };
    let Some(got) = ask!(world, [bytes.as_slice()], Get, request) else { return };
    let object = under(got.object, &unwraps);
    let answered = world.server.batch(V2_1, register(object));
    let made = response!(Register, answered[0]);
    let made = made.unwrap_or_else(|| panic!("what left wrapped cannot come back: {answered:?}"));
    let identifier = Some(made.unique_identifier.clone());
    let request = GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get(identifier.clone()) };
    let unwrapped = ask!(world, [bytes.as_slice()], Get, request).expect("what left wrapped can be unwrapped");
    assert_eq!(material_bytes(&unwrapped.object), Some(bytes.as_slice()), "another key was unwrapped");
    destroy(world, identifier);
}

/// The object, with the key that unwraps it in the place of the one that wrapped it.
fn under(mut object: ManagedObject, unwraps: &str) -> ManagedObject {
    let data = object.key_block_mut().and_then(|block| block.key_wrapping_data.as_mut());
    let information = data.and_then(|data| data.encryption_key_information.as_mut()).expect("it is wrapped");
    information.unique_identifier = UniqueIdentifier::text(unwraps);
    object
}

fn register(object: ManagedObject) -> Vec<crate::server::Item> {
    let register = kmip_codec::operation::register::RegisterRequest {
        object_type: object.object_type(),
        attributes: Some(super::keys::active().into_iter().collect()),
        object: Some(object),
        protection_storage_masks: None,
    };
    vec![crate::item!(Register, register)]
}

fn destroy(world: &mut World, unique_identifier: Option<UniqueIdentifier>) {
    let revocation_reason = Some(kmip_codec::attribute::values::RevocationReason {
        revocation_reason_code: RevocationReasonCode::CessationOfOperation,
        revocation_message: None,
    });
    let revoke = RevokeRequest {
        unique_identifier: unique_identifier.clone(),
        revocation_reason,
        compromise_occurrence_date: None,
    };
    ask!(world, [], Revoke, revoke).expect("revoked");
    ask!(world, [], Destroy, DestroyRequest { unique_identifier }).expect("destroyed");
}
