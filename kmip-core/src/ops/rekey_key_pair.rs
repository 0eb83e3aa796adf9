//! Re-key Key Pair (KMIP 1.4 §4.5, KMIP 2.1 §6.1.47): a new pair takes the place of a pair, which its private key names.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicDomainParameters, UniqueIdentifier};
use kmip_codec::inline::Text;
use kmip_codec::operation::rekey_key_pair::{ReKeyKeyPairRequest, ReKeyKeyPairResponse};
use kmip_codec::registry::{LinkType, ObjectType, Operation};

use super::create_key_pair::{self, Pair};
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{custody, formats, given, material, replacement};

pub(super) fn rekey_key_pair(
    context: &mut Context<'_>,
    request: ReKeyKeyPairRequest,
) -> OpResult<ReKeyKeyPairResponse> {
    let id = request.private_key_unique_identifier.as_ref().or(request.unique_identifier.as_ref());
    let id = context.target(id.map(private_key).as_ref())?;
    let mut existing = existing_pair(context, &id)?;
    let common_masks = request.common_protection_storage_masks.as_ref();
    let masks = [&request.private_protection_storage_masks, &request.public_protection_storage_masks];
    let [private_masks, public_masks] = masks.map(|own| own.as_ref().or(common_masks));
    let mut storage = create_key_pair::storage_of_pair([private_masks, public_masks])?;
    storage.private = custody::permitted_for_replacement(private_masks, &existing.private)?;
    let common = request.common_attributes.as_ref();
    let private_bags = [common, request.private_key_attributes.as_ref()];
    let public_bags = [common, request.public_key_attributes.as_ref()];
    let private = replacement::replace(context, &mut existing.private, &private_bags, request.offset)?;
    let public = replacement::replace(context, &mut existing.public, &public_bags, request.offset)?;
    let mut pair = Pair { private, public };
    keep_curve(context, &existing, &mut pair)?;
    context.txn.put(existing.private)?;
    context.txn.put(existing.public)?;
    create_key_pair::generate(context, &mut pair, storage)?;
    let (private, public) = create_key_pair::store(context, Operation::ReKeyKeyPair, pair)?;
    Ok(ReKeyKeyPairResponse {
        private_key_unique_identifier: private,
        public_key_unique_identifier: public,
        private_key_attributes: None,
        public_key_attributes: None,
    })
}

/// A reference to a pair means its private key here.
fn private_key(id: &UniqueIdentifier) -> UniqueIdentifier {
    match id {
        UniqueIdentifier::Placeholder(which) => UniqueIdentifier::Placeholder(given::private_key_of(*which)),
        other => other.clone(),
    }
}

/// A private key and the public key that it links to.
fn existing_pair(context: &mut Context<'_>, id: &Text) -> OpResult<Pair> {
    let private = replacement::existing(context, id, ObjectType::PrivateKey)?;
    let Some(public) = public_key_of(&private) else {
        return fail(Fault::PermissionDenied, "the private key has no link to its public key");
    };
    if !matches!(context.txn.find_view(&public)?, Some(found) if found.object_type == ObjectType::PublicKey) {
        return fail(Fault::PermissionDenied, "the public key of the private key is not on this server");
    }
    Ok(Pair { public: replacement::existing(context, &public, ObjectType::PublicKey)?, private })
}

fn public_key_of(private: &Record) -> Option<Text> {
    private.linked_ids(LinkType::PublicKeyLink).next()
}

/// A pair stays on its curve: Cryptographic Domain Parameters are set implicitly if the existing pair, and the request, say
/// algorithm and length only (KMIP 2.1 §4.14).
fn keep_curve(context: &Context<'_>, existing: &Pair, pair: &mut Pair) -> OpResult<()> {
    let description = |record: &Record| {
        (attribute_of!(record, CryptographicAlgorithm).copied(), attribute_of!(record, CryptographicLength).copied())
    };
    let (algorithm, _) = description(&pair.private);
    let open =
        [&pair.private, &pair.public].iter().all(|key| attribute_of!(key, CryptographicDomainParameters).is_none());
    let same = description(&pair.private) == description(&existing.private);
    if !open || !same || !algorithm.is_some_and(formats::is_elliptic) {
        return Ok(());
    }
    let public = material::load(context.engine.vault.as_ref(), &existing.public)?;
    if let Some(curve) = formats::inspect(&public)?.curve {
        let parameters = CryptographicDomainParameters { qlength: None, recommended_curve: Some(curve) };
        pair.private.set(Attribute::CryptographicDomainParameters(parameters.clone()));
        pair.public.set(Attribute::CryptographicDomainParameters(parameters));
    }
    Ok(())
}
