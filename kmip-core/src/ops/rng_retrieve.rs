//! RNG Retrieve (KMIP 1.4 §4.35, KMIP 2.1 §6.1.49): output of the vault's random number generator.

use kmip_codec::operation::encrypt::Data;
use kmip_codec::operation::rng_retrieve::{RNGRetrieveRequest, RNGRetrieveResponse};
use kmip_codec::registry::Operation;
use kmip_codec::secret::Secret;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

/// Bytes that one request may draw.
const MOST: usize = 1 << 16;

pub(super) fn rng_retrieve(context: &mut Context<'_>, request: RNGRetrieveRequest) -> OpResult<RNGRetrieveResponse> {
    let length = match usize::try_from(request.data_length) {
        Ok(length) if length <= MOST => length,
        _ => return fail(Fault::InvalidField, format!("Data Length is 0 to {MOST} bytes")),
    };
    let drawn = Secret::init_with(length, |out| context.engine.vault.random(out))?;
    context.give_data(Operation::RNGRetrieve, drawn.expose_secret());
    Ok(RNGRetrieveResponse { data: Data::Bytes(drawn) })
}
