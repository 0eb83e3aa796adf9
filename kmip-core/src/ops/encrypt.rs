//! Encrypt (KMIP 1.4 §4.29, KMIP 2.1 §6.1.17): the vault encrypts with a key that it holds, in one request or by parts.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::encrypt::{EncryptRequest, EncryptResponse};
use kmip_codec::registry::Operation;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::V1_4;
use zeroize::Zeroizing;

use crate::batch::Context;
use crate::cryptography::cipher::{Call, Iv};
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::effective;
use crate::cryptography::parts::{self, Indicators, Later, Stage};
use crate::cryptography::request::{answer, data_of_part, required_data};
use crate::cryptography::streams::{Given, Part, Restated, Stream, Terms, Work};
use crate::cryptography::usage;
use crate::error::OpResult;
use crate::object::Record;

pub(super) fn encrypt(context: &mut Context<'_>, mut request: EncryptRequest) -> OpResult<EncryptResponse> {
    let correlation = request.correlation_value.take();
    let stage = Indicators { correlation, init: request.init_indicator, last: request.final_indicator }.stage()?;
    match stage {
        Stage::Whole => whole(context, request),
        Stage::First => first(context, request),
        Stage::Later(later) => continued(context, request, &later),
    }
}

/// The cipher, and the initialization vector that was drawn for it.
fn call(context: &Context<'_>, request: &EncryptRequest, key: &Record) -> OpResult<(Call, Option<ByteString>)> {
    let parameters = effective(request.cryptographic_parameters.as_deref(), key);
    let given = request.iv_counter_nonce.as_ref().map(ByteString::as_slice);
    let iv = match given {
        Some(iv) => Iv::Given(iv),
        None if parameters.random_iv == Some(true) => Iv::Drawn(context.engine.vault.as_ref()),
        None => Iv::Missing,
    };
    let aad = request.authenticated_encryption_additional_data.as_ref().map(ByteString::as_slice);
    let call = Call::new(key::algorithm(key), parameters, iv, aad)?;
    call.check_key(key)?;
    let drawn = (given.is_none() && !call.iv().is_empty()).then(|| ByteString::new(call.iv()));
    Ok((call, drawn))
}

fn whole(context: &mut Context<'_>, mut request: EncryptRequest) -> OpResult<EncryptResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Encrypt)?;
    let data = required_data(context, request.data.take())?;
    let (call, drawn) = call(context, &request, &view)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let made = prepared.with(|key| vault.encrypt(key, &call.encryption(), data.expose_secret()))?;
    let (mut data, mut tag) = (made.data, made.tag);
    if context.version < V1_4 {
        // Before 1.4 a tag has no field of its own: it follows the data.
        data.extend(tag.take().unwrap_or_default());
    }
    context.give_data(Operation::Encrypt, &data);
    Ok(EncryptResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        data: Some(answer(data)),
        iv_counter_nonce: drawn,
        correlation_value: None,
        authenticated_encryption_tag: tag.as_deref().map(ByteString::new),
    })
}

fn first(context: &mut Context<'_>, mut request: EncryptRequest) -> OpResult<EncryptResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Encrypt)?;
    let data = data_of_part(context, request.data.take())?;
    let (call, drawn) = call(context, &request, &view)?;
    let prepared = Prepared::new(context, &view)?;
    usage::charge(context, &view, data.len())?;
    let vault = context.engine.vault.as_ref();
    let work = prepared.with(|key| vault.begin_encrypt(key, &call.encryption()))?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view).clone();
    let terms = Terms { parameters, iv: request.iv_counter_nonce.clone().or_else(|| drawn.clone()) };
    let stream = Stream::new(parts::bond(context, Operation::Encrypt, Some(&view)), terms, Work::Transform(work));
    let (given, correlation) = parts::open(context, stream, &part(&data, false, Restated::default()))?;
    Ok(EncryptResponse { iv_counter_nonce: drawn, ..respond(context, id, given, Some(correlation)) })
}

fn continued(context: &mut Context<'_>, request: EncryptRequest, later: &Later) -> OpResult<EncryptResponse> {
    let id = parts::target(context, request.unique_identifier.as_ref(), &later.correlation)?;
    let view = key::usable(context, &id, Use::Encrypt)?;
    parts::no_additional_data(request.authenticated_encryption_additional_data.as_ref())?;
    let data = data_of_part(context, request.data)?;
    usage::charge_part(context, &view, data.len())?;
    let restated =
        Restated { parameters: request.cryptographic_parameters.as_deref(), iv: request.iv_counter_nonce.as_ref() };
    let part = part(&data, later.last, restated);
    let given = parts::advance(context, Operation::Encrypt, Some(&view), &later.correlation, &part)?;
    let correlation = (!later.last).then(|| later.correlation.clone());
    Ok(respond(context, id, given, correlation))
}

fn part<'a>(data: &'a Secret, last: bool, restated: Restated<'a>) -> Part<'a> {
    Part { data: data.expose_secret(), claimed: None, last, verifies: false, restated }
}

fn respond(
    context: &mut Context<'_>,
    id: Text,
    given: Given,
    correlation_value: Option<ByteString>,
) -> EncryptResponse {
    let Given { mut data, mut tag, .. } = given;
    if let Some(tag) = tag.take_if(|_| context.version < V1_4) {
        data = Secret::from_zeroizing(Zeroizing::new([data.expose_secret(), &tag].concat()));
    }
    context.give_data(Operation::Encrypt, data.expose_secret());
    EncryptResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        data: parts::some(data),
        iv_counter_nonce: None,
        correlation_value,
        authenticated_encryption_tag: tag.as_deref().map(ByteString::new),
    }
}
