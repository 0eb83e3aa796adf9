//! Encrypt (KMIP 1.4 §4.29, KMIP 2.1 §6.1.17): the vault encrypts with a key that it holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::encrypt::{EncryptRequest, EncryptResponse};
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;
use kmip_codec::version::V1_4;

use crate::batch::Context;
use crate::cryptography::cipher::{Call, Iv};
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::request::{Parts, answer, required_data};
use crate::cryptography::usage;
use crate::error::OpResult;

pub(super) fn encrypt(context: &mut Context<'_>, request: EncryptRequest) -> OpResult<EncryptResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Encrypt)?;
    let data = required_data(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let given = request.iv_counter_nonce.as_ref().map(ByteString::as_slice);
    let vault = context.engine.vault.as_ref();
    let iv = match given {
        Some(iv) => Iv::Given(iv),
        None if parameters.random_iv == Some(true) => Iv::Drawn(vault),
        None => Iv::Missing,
    };
    let aad = request.authenticated_encryption_additional_data.as_ref().map(ByteString::as_slice);
    let call = Call::new(key::algorithm(&view), parameters, iv, aad)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let made = prepared.with(|key| vault.encrypt(key, &call.encryption(), data.expose_secret()))?;
    let (mut data, mut tag) = (made.data, made.tag);
    if context.version < V1_4 {
        // Before 1.4 a tag has no field of its own: it follows the data.
        data.extend(tag.take().unwrap_or_default());
    }
    context.give_data(Operation::Encrypt, &data);
    let drawn = given.is_none() && !call.iv().is_empty();
    Ok(EncryptResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        data: Some(answer(data)),
        iv_counter_nonce: drawn.then(|| ByteString::new(call.iv())),
        correlation_value: None,
        authenticated_encryption_tag: tag.as_deref().map(ByteString::new),
    })
}
