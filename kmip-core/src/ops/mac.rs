//! MAC (KMIP 1.4 §4.33, KMIP 2.1 §6.1.32): the vault computes a message authentication code with a key that it holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::mac::{MACRequest, MACResponse};
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{data_of_part, required_data};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::cryptography::{mac as codes, usage};
use crate::error::OpResult;

pub(super) fn mac(context: &mut Context<'_>, mut request: MACRequest) -> OpResult<MACResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn whole(context: &mut Context<'_>, request: MACRequest) -> OpResult<MACResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Mac)?;
    let data = required_data(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let made = prepared.with(|key| vault.mac(key, &code, data.expose_secret()))?;
    Ok(respond(context, id, &made))
}

fn first(context: &mut Context<'_>, request: MACRequest) -> OpResult<MACResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Mac)?;
    let data = data_of_part(context, request.data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let code = codes::choose(key::algorithm(&view), parameters)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_mac(key, &code))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: None };
    let stream = Stream::new(parts::bond(context, Operation::MAC, Some(&view)), terms, Work::Accumulator(work));
    let part =
        Part { data: data.expose_secret(), claimed: None, last: false, verifies: false, restated: Restated::default() };
    let (_, correlation) = parts::open(context, stream, &part)?;
    Ok(partial(id, correlation))
}

fn continued(context: &mut Context<'_>, request: MACRequest, later: &Later) -> OpResult<MACResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::Mac)?;
    let data = data_of_part(context, request.data)?;
    usage::charge_part(context, &view, data.len())?;
    let restated = Restated { parameters: request.cryptographic_parameters.as_deref(), iv: None };
    let part = Part { data: data.expose_secret(), claimed: None, last: later.last, verifies: false, restated };
    let given = parts::advance(context, Operation::MAC, Some(&view), &later.correlation, &part)?;
    if !later.last {
        return Ok(partial(id, later.correlation.clone()));
    }
    Ok(respond(context, id, given.data.expose_secret()))
}

fn partial(id: Text, correlation: ByteString) -> MACResponse {
    let unique_identifier = UniqueIdentifier::Text(id);
    MACResponse { unique_identifier, mac_data: None, correlation_value: Some(correlation) }
}

fn respond(context: &mut Context<'_>, id: Text, made: &[u8]) -> MACResponse {
    context.give_data(Operation::MAC, made);
    let unique_identifier = UniqueIdentifier::Text(id);
    MACResponse { unique_identifier, mac_data: Some(ByteString::new(made)), correlation_value: None }
}
