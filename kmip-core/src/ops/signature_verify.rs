//! Signature Verify (KMIP 1.4 §4.32, KMIP 2.1 §6.1.56): whether a signature is one by a key that the server holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::signature_verify::{SignatureVerifyRequest, SignatureVerifyResponse};
use kmip_codec::registry::ValidityIndicator;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::request::{Content, Parts, validity};
use crate::cryptography::signature::{self, Choice};
use crate::error::{Fault, OpError, OpResult};

pub(super) fn signature_verify(
    context: &mut Context<'_>,
    request: SignatureVerifyRequest,
) -> OpResult<SignatureVerifyResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Verify)?;
    let content = Content::new(context, request.data, request.digested_data)?;
    let signature =
        request.signature_data.ok_or_else(|| OpError::new(Fault::InvalidMessage, "Signature Data is required"))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let indicator = match signature::choose(&view, parameters, content.is_digest())? {
        // A signature by another kind of key is not valid, and no error (OASIS case TC-ECDSA-SIGN-DIGESTEDDATA-1).
        Choice::OtherKey => ValidityIndicator::Invalid,
        Choice::Scheme(signing) => {
            let prepared = Prepared::new(context, &view)?;
            let vault = context.engine.vault.as_ref();
            validity(prepared.with(|key| vault.verify(key, &signing, content.message(), signature.as_slice()))?)
        }
    };
    Ok(SignatureVerifyResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        validity_indicator: Some(indicator),
        data: None,
        correlation_value: None,
    })
}
