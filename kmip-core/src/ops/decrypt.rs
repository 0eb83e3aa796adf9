//! Decrypt (KMIP 1.4 §4.30, KMIP 2.1 §6.1.11): the vault decrypts with a key that it holds, in one request or by parts.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::decrypt::{DecryptRequest, DecryptResponse};
use kmip_codec::operation::encrypt::Data;
use kmip_codec::registry::Operation;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::cipher::{Call, Iv, iv_length};
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{data_of_part, required_data};
use crate::cryptography::streams::{Part, Restated, Stream, Terms, Work};
use crate::error::OpResult;
use crate::object::Record;
use crate::quirks::Quirk;

pub(super) fn decrypt(context: &mut Context<'_>, mut request: DecryptRequest) -> OpResult<DecryptResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

fn call(request: &DecryptRequest, key: &Record) -> OpResult<Call> {
    let parameters = effective(request.cryptographic_parameters.as_deref(), key);
    let iv = request.iv_counter_nonce.as_ref().map_or(Iv::Missing, |iv| Iv::Given(iv.as_slice()));
    let aad = request.authenticated_encryption_additional_data.as_ref().map(ByteString::as_slice);
    let mut call = Call::new(key::algorithm(key), parameters, iv, aad)?;
    call.check_key(key)?;
    let tag = request.authenticated_encryption_tag.as_ref().map(ByteString::as_slice);
    call.take_tag_length(parameters, tag)?;
    call.check_tag(tag)?;
    Ok(call)
}

/// Takes the IV/Counter/Nonce from the front of the data where the request has none and the client may put it there.
fn take_iv(context: &Context<'_>, request: &mut DecryptRequest, key: &Record, data: Secret) -> OpResult<Secret> {
    if request.iv_counter_nonce.is_some() || !context.principal.quirks.has(Quirk::IvInFront) {
        return Ok(data);
    }
    let parameters = effective(request.cryptographic_parameters.as_deref(), key);
    let Some(length) = iv_length(key::algorithm(key), parameters)? else { return Ok(data) };
    match data.expose_secret().split_at_checked(length) {
        Some((iv, rest)) => {
            request.iv_counter_nonce = Some(ByteString::new(iv));
            Ok(Secret::copy_from(rest))
        }
        None => Ok(data),
    }
}

fn whole(context: &mut Context<'_>, mut request: DecryptRequest) -> OpResult<DecryptResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Decrypt)?;
    let data = required_data(context, request.data.take())?;
    let data = take_iv(context, &mut request, &view, data)?;
    let call = call(&request, &view)?;
    let tag = request.authenticated_encryption_tag.as_ref().map(ByteString::as_slice);
    let prepared = Prepared::new(context, &view)?;
    key::pace(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let plain = prepared.with(|key| vault.decrypt(key, &call.encryption(), data.expose_secret(), tag))?;
    context.give_data(Operation::Decrypt, plain.expose_secret());
    let (unique_identifier, data) = (UniqueIdentifier::Text(id), Some(Data::Bytes(plain)));
    Ok(DecryptResponse { unique_identifier, data, correlation_value: None })
}

fn first(context: &mut Context<'_>, mut request: DecryptRequest) -> OpResult<DecryptResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Decrypt)?;
    let data = data_of_part(context, request.data.take())?;
    let call = call(&request, &view)?;
    let prepared = Prepared::new(context, &view)?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_decrypt(key, &call.encryption()))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: request.iv_counter_nonce.clone() };
    let mut stream = Stream::new(parts::bond(context, Operation::Decrypt, Some(&view)), terms, Work::Transform(work));
    if call.is_authenticated() && request.authenticated_encryption_tag.is_none() {
        stream = stream.with_tail(call.tag_length());
    }
    let claimed = request.authenticated_encryption_tag.as_ref();
    let part =
        Part { data: data.expose_secret(), claimed, last: false, verifies: false, restated: Restated::default() };
    let (given, correlation) = parts::open(context, stream, &part)?;
    context.give_data(Operation::Decrypt, given.data.expose_secret());
    let (unique_identifier, data) = (UniqueIdentifier::Text(id), parts::some(given.data));
    Ok(DecryptResponse { unique_identifier, data, correlation_value: Some(correlation) })
}

fn continued(context: &mut Context<'_>, request: DecryptRequest, later: &Later) -> OpResult<DecryptResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::Decrypt)?;
    parts::no_additional_data(request.authenticated_encryption_additional_data.as_ref())?;
    let data = data_of_part(context, request.data)?;
    let claimed = request.authenticated_encryption_tag.as_ref();
    let restated =
        Restated { parameters: request.cryptographic_parameters.as_deref(), iv: request.iv_counter_nonce.as_ref() };
    let part = Part { data: data.expose_secret(), claimed, last: later.last, verifies: false, restated };
    let given = parts::advance(context, Operation::Decrypt, Some(&view), &later.correlation, &part)?;
    context.give_data(Operation::Decrypt, given.data.expose_secret());
    let (unique_identifier, data) = (UniqueIdentifier::Text(id), parts::some(given.data));
    let correlation_value = (!later.last).then(|| later.correlation.clone());
    Ok(DecryptResponse { unique_identifier, data, correlation_value })
}
