//! Set Endpoint Role (KMIP 2.1 §6.1.54): from the next message on the server is the client on this connection.

use kmip_codec::operation::set_endpoint_role::{SetEndpointRoleRequest, SetEndpointRoleResponse};
use kmip_codec::registry::EndpointRole;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn set_endpoint_role(
    context: &mut Context<'_>,
    request: SetEndpointRoleRequest,
) -> OpResult<SetEndpointRoleResponse> {
    let role = request.endpoint_role;
    if role != EndpointRole::Client {
        return fail(Fault::InvalidField, format!("Endpoint Role {role}: the server can become the client only"));
    }
    let principal = &context.principal;
    let listens = context.engine.catalog.client(&principal.client).is_some_and(|client| client.listens);
    if !listens || principal.ticket.is_some() {
        let message = "the server has nothing to say to this client: an administrator lets it hear by `client listen`, \
                       and it comes without a ticket";
        return fail(Fault::PermissionDenied, message);
    }
    if !principal.has_channel {
        return fail(Fault::FeatureNotSupported, "roles are exchanged on a connection of TLS, not of HTTPS");
    }
    Ok(SetEndpointRoleResponse { endpoint_role: role })
}
