//! Decrypt (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11): the vault decrypts with a key that it holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::decrypt::{DecryptRequest, DecryptResponse};
use kmip_codec::operation::encrypt::Data;
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::cipher::{Call, Iv};
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::request::{Parts, required_data};
use crate::error::OpResult;

pub(super) fn decrypt(context: &mut Context<'_>, request: DecryptRequest) -> OpResult<DecryptResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Decrypt)?;
    let data = required_data(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let iv = request.iv_counter_nonce.as_ref().map_or(Iv::Missing, |iv| Iv::Given(iv.as_slice()));
    let aad = request.authenticated_encryption_additional_data.as_ref().map(ByteString::as_slice);
    let mut call = Call::new(key::algorithm(&view), parameters, iv, aad)?;
    let tag = request.authenticated_encryption_tag.as_ref().map(ByteString::as_slice);
    call.take_tag_length(parameters, tag)?;
    call.check_tag(tag)?;
    let prepared = Prepared::new(context, &view)?;
    key::pace(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let plain = prepared.with(|key| vault.decrypt(key, &call.encryption(), data.expose_secret(), tag))?;
    context.give_data(Operation::Decrypt, plain.expose_secret());
    Ok(DecryptResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        data: Some(Data::Bytes(plain)),
        correlation_value: None,
    })
}
