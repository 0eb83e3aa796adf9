//! Create User (KMIP 3.0): a user of the server, known by its Name and by the credential that its Credential Link names.
//!
//! Users authenticate in the scope in which they are made, and nowhere else: see [`crate::users`].

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::create_user::{CreateUserRequest, CreateUserResponse};
use kmip_codec::registry::{ObjectType, Operation};

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::{make, users};

pub(super) fn create_user(context: &mut Context<'_>, request: CreateUserRequest) -> OpResult<CreateUserResponse> {
    let mut record = make::new_record(context, ObjectType::User, &[request.attributes.as_ref()], Origin::Client)?;
    let administered = |name: &Text| context.engine.administered(name, &context.principal);
    let is_shadowed = record.names().any(|name| administered(&name.value).is_some_and(|account| account.belongs));
    if let Some(id) = users::credential_link(&record) {
        let credential = context.txn.object(&id)?;
        if !users::is_credential(credential.object_type) {
            let message = format!("Credential Link leads to a {}, which is no credential", credential.object_type);
            return fail(Fault::InvalidAttributeValue, message);
        }
    }
    make::complete(context, &mut record, Origin::Client);
    let id = record.id.clone();
    make::put(context, record)?;
    if is_shadowed {
        // The audit log is told; a client that could tell would learn who there is.
        context.remark = Some("a user of the administration's has this name, and is always meant".to_owned());
    }
    context.give(Operation::CreateUser, &id);
    Ok(CreateUserResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
