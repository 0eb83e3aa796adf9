//! Sign (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55): the vault signs with a private key that it holds, in one request or by parts.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::sign::{SignRequest, SignResponse};
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::{bad, effective};
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{Content, data_of_part, refuse_digest};
use crate::cryptography::signature::{self, Choice};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::cryptography::usage;
use crate::error::OpResult;
use crate::object::Record;
use crate::ports::crypto::Signing;

pub(super) fn sign(context: &mut Context<'_>, mut request: SignRequest) -> OpResult<SignResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn scheme(request: &SignRequest, key: &Record, digest: Option<usize>) -> OpResult<Signing> {
    let parameters = effective(request.cryptographic_parameters.as_deref(), key);
    match signature::choose(key, parameters, digest)? {
        Choice::Scheme(signing) => Ok(signing),
        Choice::OtherKey => bad("the parameters are those of another kind of key"),
    }
}

fn whole(context: &mut Context<'_>, mut request: SignRequest) -> OpResult<SignResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Sign)?;
    let content = Content::new(context, request.data.take(), request.digested_data.take())?;
    let signing = scheme(&request, &view, content.digest_length())?;
    let prepared = Prepared::new(context, &view)?;
    key::pace(context, &view)?;
    usage::charge(context, &view, content.len())?;
    let vault = context.engine.vault.as_ref();
    let signature = prepared.with(|key| vault.sign(key, &signing, content.message()))?;
    context.give_data(Operation::Sign, &signature);
    let (unique_identifier, signature_data) = (UniqueIdentifier::Text(id), Some(ByteString::new(&signature)));
    Ok(SignResponse { unique_identifier, signature_data, correlation_value: None })
}

fn first(context: &mut Context<'_>, mut request: SignRequest) -> OpResult<SignResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Sign)?;
    refuse_digest(request.digested_data.as_ref())?;
    let data = data_of_part(context, request.data.take())?;
    let signing = scheme(&request, &view, None)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_sign(key, &signing))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: None };
    let stream = Stream::new(parts::bond(context, Operation::Sign, Some(&view)), terms, Work::Accumulator(work));
    let stream = stream.holding(&context.engine.streams);
    let part =
        Part { data: data.expose_secret(), claimed: None, last: false, verifies: false, restated: Restated::default() };
    let (_, correlation) = parts::open(context, stream, &part)?;
    let unique_identifier = UniqueIdentifier::Text(id);
    Ok(SignResponse { unique_identifier, signature_data: None, correlation_value: Some(correlation) })
}

fn continued(context: &mut Context<'_>, request: SignRequest, later: &Later) -> OpResult<SignResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::Sign)?;
    refuse_digest(request.digested_data.as_ref())?;
    let data = data_of_part(context, request.data)?;
    if later.last {
        key::pace(context, &view)?;
    }
    usage::charge_part(context, &view, data.len())?;
    let restated = Restated { parameters: request.cryptographic_parameters.as_deref(), iv: None };
    let part = Part { data: data.expose_secret(), claimed: None, last: later.last, verifies: false, restated };
    let given = parts::advance(context, Operation::Sign, Some(&view), &later.correlation, &part)?;
    let unique_identifier = UniqueIdentifier::Text(id);
    if !later.last {
        let correlation_value = Some(later.correlation.clone());
        return Ok(SignResponse { unique_identifier, signature_data: None, correlation_value });
    }
    let signature = given.data.expose_secret();
    context.give_data(Operation::Sign, signature);
    Ok(SignResponse { unique_identifier, signature_data: Some(ByteString::new(signature)), correlation_value: None })
}
