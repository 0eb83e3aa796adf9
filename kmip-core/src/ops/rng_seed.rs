//! RNG Seed (KMIP 1.4 §4.36, KMIP 2.1 §6.1.50): the vault's generator seeds itself, so that none of a client's seed is used,
//! as the specification permits (OASIS case CS-RNG-O-3).

use kmip_codec::operation::rng_seed::{RNGSeedRequest, RNGSeedResponse};

use crate::batch::Context;
use crate::error::OpResult;

pub(super) fn rng_seed(context: &mut Context<'_>, request: RNGSeedRequest) -> OpResult<RNGSeedResponse> {
    context.data(request.data)?;
    Ok(RNGSeedResponse { data_length: 0 })
}
