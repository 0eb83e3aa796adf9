//! Set Endpoint Role (KMIP 2.1 §6.1.54).

use crate::macros::record;
use crate::registry::EndpointRole;

record! {
    /// Request payload of Set Endpoint Role (KMIP 2.1 §6.1.54). Since KMIP 2.0.
    SetEndpointRoleRequest "Set Endpoint Role Request Payload" {
        endpoint_role: EndpointRole = tag(EndpointRole),
    }

    /// Response payload of Set Endpoint Role (KMIP 2.1 §6.1.54). Since KMIP 2.0.
    SetEndpointRoleResponse "Set Endpoint Role Response Payload" {
        endpoint_role: EndpointRole = tag(EndpointRole),
    }
}
