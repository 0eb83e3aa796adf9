//! MAC Verify (KMIP 1.4 §4.34, KMIP 2.1 §6.1.33): whether a message authentication code is one by a key that the server holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::mac_verify::{MACVerifyRequest, MACVerifyResponse};

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::mac as codes;
use crate::cryptography::parameters::effective;
use crate::cryptography::request::{Parts, required_data, validity};
use crate::error::{Fault, OpError, OpResult};

pub(super) fn mac_verify(context: &mut Context<'_>, request: MACVerifyRequest) -> OpResult<MACVerifyResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::MacVerify)?;
    let data = required_data(context, request.data)?;
    let claimed = request.mac_data.ok_or_else(|| OpError::new(Fault::InvalidMessage, "MAC Data is required"))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let valid = prepared.with(|key| vault.mac_verify(key, &code, data.expose_secret(), claimed.as_slice()))?;
    Ok(MACVerifyResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        validity_indicator: Some(validity(valid)),
        correlation_value: None,
    })
}
