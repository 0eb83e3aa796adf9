//! Discover Versions (KMIP 2.1 §6.1.16).

use crate::macros::record;
use crate::message::ProtocolVersion;

record! {
    /// Request payload of Discover Versions (KMIP 2.1 §6.1.16). Since KMIP 1.1.
    DiscoverVersionsRequest "Discover Versions Request Payload" {
        protocol_version: Vec<ProtocolVersion> = tag(ProtocolVersion),
    }

    /// Response payload of Discover Versions (KMIP 2.1 §6.1.16). Since KMIP 1.1.
    DiscoverVersionsResponse "Discover Versions Response Payload" {
        protocol_version: Vec<ProtocolVersion> = tag(ProtocolVersion),
    }
}
