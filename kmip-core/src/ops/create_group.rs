//! Create Group (KMIP 3.0): an object that others are members of, by their Group Link.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::create_group::{CreateGroupRequest, CreateGroupResponse};
use kmip_codec::registry::{ObjectType, Operation};

use crate::batch::Context;
use crate::error::OpResult;
use crate::make;

pub(super) fn create_group(context: &mut Context<'_>, request: CreateGroupRequest) -> OpResult<CreateGroupResponse> {
    let mut record = make::new_record(context, ObjectType::Group, &[request.attributes.as_ref()], Origin::Client)?;
    make::complete(context, &mut record, Origin::Client);
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::CreateGroup, &id);
    Ok(CreateGroupResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
