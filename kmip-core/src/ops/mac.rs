//! MAC (KMIP 1.4 §4.33, KMIP 2.1 §6.1.32): the vault computes a message authentication code with a key that it holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::mac::{MACRequest, MACResponse};
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::request::{Parts, required_data};
use crate::cryptography::{mac as codes, usage};
use crate::error::OpResult;

pub(super) fn mac(context: &mut Context<'_>, request: MACRequest) -> OpResult<MACResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Mac)?;
    let data = required_data(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let made = prepared.with(|key| vault.mac(key, &code, data.expose_secret()))?;
    context.give_data(Operation::MAC, &made);
    Ok(MACResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        mac_data: Some(ByteString::new(&made)),
        correlation_value: None,
    })
}
