//! MAC Verify (KMIP 1.4 §4.34, KMIP 2.1 §6.1.33): whether a message authentication code is one by a key that the server holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::mac_verify::{MACVerifyRequest, MACVerifyResponse};
use kmip_codec::registry::Operation;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::mac as codes;
use crate::cryptography::parameters::effective;
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{data_of_part, required_data, validity};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::error::{Fault, OpError, OpResult};

pub(super) fn mac_verify(context: &mut Context<'_>, mut request: MACVerifyRequest) -> OpResult<MACVerifyResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn whole(context: &mut Context<'_>, request: MACVerifyRequest) -> OpResult<MACVerifyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::MacVerify)?;
    let data = required_data(context, request.data)?;
    let claimed = request.mac_data.ok_or_else(|| OpError::new(Fault::InvalidMessage, "MAC Data is required"))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let valid = prepared.with(|key| vault.mac_verify(key, &code, data.expose_secret(), claimed.as_slice()))?;
    let (unique_identifier, validity_indicator) = (UniqueIdentifier::Text(id), Some(validity(valid)));
    Ok(MACVerifyResponse { unique_identifier, validity_indicator, correlation_value: None })
}

fn first(context: &mut Context<'_>, request: MACVerifyRequest) -> OpResult<MACVerifyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::MacVerify)?;
    let data = data_of_part(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_mac(key, &code))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: None };
    let stream = Stream::new(parts::bond(context, Operation::MACVerify, Some(&view)), terms, Work::Accumulator(work));
    let part = Part {
        data: data.expose_secret(),
        claimed: request.mac_data.as_ref(),
        last: false,
        verifies: true,
        restated: Restated::default(),
    };
    let (_, correlation) = parts::open(context, stream, &part)?;
    let unique_identifier = UniqueIdentifier::Text(id);
    Ok(MACVerifyResponse { unique_identifier, validity_indicator: None, correlation_value: Some(correlation) })
}

fn continued(context: &mut Context<'_>, request: MACVerifyRequest, later: &Later) -> OpResult<MACVerifyResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::MacVerify)?;
    let data = data_of_part(context, request.data)?;
    let claimed = request.mac_data.as_ref();
    let restated = Restated { parameters: request.cryptographic_parameters.as_deref(), iv: None };
    let part = Part { data: data.expose_secret(), claimed, last: later.last, verifies: true, restated };
    let given = parts::advance(context, Operation::MACVerify, Some(&view), &later.correlation, &part)?;
    let (unique_identifier, validity_indicator) = (UniqueIdentifier::Text(id), given.valid.map(validity));
    let correlation_value = (!later.last).then(|| later.correlation.clone());
    Ok(MACVerifyResponse { unique_identifier, validity_indicator, correlation_value })
}
