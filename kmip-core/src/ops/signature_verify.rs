//! Signature Verify (KMIP 1.4 §4.32, KMIP 2.1 §6.1.56): whether a signature is one by a key that the server holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::signature_verify::{SignatureVerifyRequest, SignatureVerifyResponse};
use kmip_codec::registry::{Operation, ValidityIndicator};
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::{bad, effective};
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{Content, data_of_part, refuse_digest, validity};
use crate::cryptography::signature::{self, Choice};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::error::{Fault, OpError, OpResult};
use crate::object::Record;

pub(super) fn signature_verify(
    context: &mut Context<'_>,
    mut request: SignatureVerifyRequest,
) -> OpResult<SignatureVerifyResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn scheme(request: &SignatureVerifyRequest, key: &Record, digest: Option<usize>) -> OpResult<Choice> {
    let parameters = effective(request.cryptographic_parameters.as_deref(), key);
    signature::choose(key, parameters, digest)
}

fn whole(context: &mut Context<'_>, mut request: SignatureVerifyRequest) -> OpResult<SignatureVerifyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Verify)?;
    let content = Content::new(context, request.data.take(), request.digested_data.take())?;
    let signature = request.signature_data.take();
    let signature = signature.ok_or_else(|| OpError::new(Fault::InvalidMessage, "Signature Data is required"))?;
    let indicator = match scheme(&request, &view, content.digest_length())? {
        // A signature by another kind of key is not valid, and no error (OASIS case TC-ECDSA-SIGN-DIGESTEDDATA-1).
        Choice::OtherKey => ValidityIndicator::Invalid,
        Choice::Scheme(signing) => {
            let prepared = Prepared::new(context, &view)?;
            let vault = context.engine.vault.as_ref();
            validity(prepared.with(|key| vault.verify(key, &signing, content.message(), signature.as_slice()))?)
        }
    };
    Ok(respond(id, Some(indicator), None))
}

fn first(context: &mut Context<'_>, mut request: SignatureVerifyRequest) -> OpResult<SignatureVerifyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Verify)?;
    refuse_digest(request.digested_data.as_ref())?;
    let data = data_of_part(context, request.data.take())?;
    let Choice::Scheme(signing) = scheme(&request, &view, None)? else {
        return bad("the parameters are those of another kind of key");
    };
    let prepared = Prepared::new(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_verify(key, &signing))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: None };
    let stream =
        Stream::new(parts::bond(context, Operation::SignatureVerify, Some(&view)), terms, Work::Accumulator(work));
    let stream = stream.holding(&context.engine.streams);
    let claimed = request.signature_data.as_ref();
    let part = Part { data: data.expose_secret(), claimed, last: false, verifies: true, restated: Restated::default() };
    let (_, correlation) = parts::open(context, stream, &part)?;
    Ok(respond(id, None, Some(correlation)))
}

fn continued(
    context: &mut Context<'_>,
    request: SignatureVerifyRequest,
    later: &Later,
) -> OpResult<SignatureVerifyResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::Verify)?;
    refuse_digest(request.digested_data.as_ref())?;
    let data = data_of_part(context, request.data)?;
    let claimed = request.signature_data.as_ref();
    let restated = Restated { parameters: request.cryptographic_parameters.as_deref(), iv: None };
    let part = Part { data: data.expose_secret(), claimed, last: later.last, verifies: true, restated };
    let given = parts::advance(context, Operation::SignatureVerify, Some(&view), &later.correlation, &part)?;
    let correlation = (!later.last).then(|| later.correlation.clone());
    Ok(respond(id, given.valid.map(validity), correlation))
}

fn respond(
    id: Text,
    validity_indicator: Option<ValidityIndicator>,
    correlation_value: Option<ByteString>,
) -> SignatureVerifyResponse {
    let unique_identifier = UniqueIdentifier::Text(id);
    SignatureVerifyResponse { unique_identifier, validity_indicator, data: None, correlation_value }
}
