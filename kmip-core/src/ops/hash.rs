//! Hash (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24): the digest of data, in one request or by parts.

use kmip_codec::operation::hash::{HashRequest, HashResponse};
use kmip_codec::registry::Operation;

use crate::batch::Context;
use crate::cryptography::parameters::required_hash;
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{answer, data_of_part, required_data};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::error::OpResult;

pub(super) fn hash(context: &mut Context<'_>, mut request: HashRequest) -> OpResult<HashResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn whole(context: &mut Context<'_>, request: HashRequest) -> OpResult<HashResponse> {
    let function = required_hash(&request.cryptographic_parameters)?;
    let data = required_data(context, request.data)?;
    let digest = context.engine.vault.hash(function, data.expose_secret())?;
    context.give_data(Operation::Hash, &digest);
    Ok(HashResponse { data: Some(answer(digest)), correlation_value: None })
}

fn first(context: &mut Context<'_>, request: HashRequest) -> OpResult<HashResponse> {
    let function = required_hash(&request.cryptographic_parameters)?;
    let data = data_of_part(context, request.data)?;
    let work = context.engine.vault.begin_hash(function)?;
    let terms = Terms { parameters: request.cryptographic_parameters.as_ref().clone(), iv: None };
    let stream = Stream::new(parts::bond(context, Operation::Hash, None), terms, Work::Accumulator(work));
    let part =
        Part { data: data.expose_secret(), claimed: None, last: false, verifies: false, restated: Restated::default() };
    let (_, correlation) = parts::open(context, stream, &part)?;
    Ok(HashResponse { data: None, correlation_value: Some(correlation) })
}

/// The Cryptographic Parameters of a later part are required by the table: those of the first part.
fn continued(context: &mut Context<'_>, request: HashRequest, later: &Later) -> OpResult<HashResponse> {
    let data = data_of_part(context, request.data)?;
    let restated = Restated { parameters: Some(&request.cryptographic_parameters), iv: None };
    let part = Part { data: data.expose_secret(), claimed: None, last: later.last, verifies: false, restated };
    let given = parts::advance(context, Operation::Hash, None, &later.correlation, &part)?;
    context.give_data(Operation::Hash, given.data.expose_secret());
    let correlation_value = (!later.last).then(|| later.correlation.clone());
    Ok(HashResponse { data: parts::some(given.data), correlation_value })
}
