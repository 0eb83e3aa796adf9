//! Hash (KMIP 1.4 §4.37, KMIP 2.1 §6.1.24): the digest of data.

use kmip_codec::operation::hash::{HashRequest, HashResponse};
use kmip_codec::registry::Operation;

use crate::batch::Context;
use crate::cryptography::parameters::required_hash;
use crate::cryptography::request::{Parts, answer, required_data};
use crate::error::{OpError, OpResult};

pub(super) fn hash(context: &mut Context<'_>, request: HashRequest) -> OpResult<HashResponse> {
    let (correlation, init, last) =
        (request.correlation_value.as_ref(), request.init_indicator, request.final_indicator);
    Parts { correlation, init, last }.check_whole()?;
    let function = required_hash(&request.cryptographic_parameters)?;
    let data = required_data(context, request.data)?;
    let digest = context.engine.vault.hash(function, data.expose_secret()).map_err(OpError::from)?;
    context.give_data(Operation::Hash, &digest);
    Ok(HashResponse { data: Some(answer(digest)), correlation_value: None })
}
