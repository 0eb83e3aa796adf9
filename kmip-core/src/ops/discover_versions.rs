//! Discover Versions (KMIP 1.4 §4.26, KMIP 2.1 §6.1.16): the versions that both sides speak, best first.

use kmip_codec::operation::discover_versions::{DiscoverVersionsRequest, DiscoverVersionsResponse};
use kmip_codec::version::Version;

use crate::batch::Context;
use crate::engine::{SUPPORTED_VERSIONS, listed};
use crate::error::OpResult;

pub(super) fn discover_versions(
    _context: &mut Context<'_>,
    request: DiscoverVersionsRequest,
) -> OpResult<DiscoverVersionsResponse> {
    let asked: Vec<Version> = request.protocol_version.into_iter().map(Version::from).collect();
    let common = SUPPORTED_VERSIONS.iter().filter(|version| asked.is_empty() || asked.contains(version));
    Ok(DiscoverVersionsResponse { protocol_version: common.copied().map(listed).collect() })
}
