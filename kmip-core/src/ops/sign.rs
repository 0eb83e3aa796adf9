//! Sign (KMIP 1.4 §4.31, KMIP 2.1 §6.1.55): the vault signs with a private key that it holds.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::sign::{SignRequest, SignResponse};
use kmip_codec::registry::Operation;
use kmip_codec::value::ByteString;

use crate::batch::Context;
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters::{bad, effective};
use crate::cryptography::request::{Content, Parts};
use crate::cryptography::signature::{self, Choice};
use crate::cryptography::usage;
use crate::error::OpResult;

pub(super) fn sign(context: &mut Context<'_>, request: SignRequest) -> OpResult<SignResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = key::usable(context, &id, Use::Sign)?;
    let content = Content::new(context, request.data, request.digested_data)?;
    let parameters = effective(request.cryptographic_parameters.as_deref(), &view);
    let Choice::Scheme(signing) = signature::choose(&view, parameters, content.is_digest())? else {
        return bad("the parameters are those of another kind of key");
    };
    let prepared = Prepared::new(context, &view)?;
    key::pace(context, &view)?;
    usage::charge(context, &view, content.len())?;
    let vault = context.engine.vault.as_ref();
    let signature = prepared.with(|key| vault.sign(key, &signing, content.message()))?;
    context.give_data(Operation::Sign, &signature);
    Ok(SignResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        signature_data: Some(ByteString::new(&signature)),
        correlation_value: None,
    })
}
