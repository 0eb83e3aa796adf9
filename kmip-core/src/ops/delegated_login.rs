//! Delegated Login (KMIP 2.1 §6.1.12): a ticket for somebody else, who may do with it what its Rights say.

use kmip_codec::attribute::values::{ObjectGroups, Objects, Operations};
use kmip_codec::inline::Text;
use kmip_codec::operation::delegated_login::{DelegatedLoginRequest, DelegatedLoginResponse, Right as AskedRight};
use kmip_codec::registry::Operation;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::tickets::{Right, Terms, issue, limit_of};

/// Rights of a ticket, and entries of each list of a Right: each is stored, and looked through with every item.
const MOST_RIGHTS: usize = 64;
const MOST_ENTRIES: usize = 1_000;

pub(super) fn delegated_login(
    context: &mut Context<'_>,
    request: DelegatedLoginRequest,
) -> OpResult<DelegatedLoginResponse> {
    let asked = request.rights.right;
    if asked.len() > MOST_RIGHTS {
        return fail(Fault::InvalidField, format!("Rights: a ticket has {MOST_RIGHTS} at most"));
    }
    let rights = asked.into_iter().map(|asked| right(context, asked)).collect::<OpResult<Vec<_>>>()?;
    let terms = Terms { lease: request.lease_time, requests: request.request_count, limit: request.usage_limits };
    Ok(DelegatedLoginResponse { ticket: issue(context, &terms, Some(rights))? })
}

fn right(context: &mut Context<'_>, asked: AskedRight) -> OpResult<Right> {
    let AskedRight { usage_limits, operations, objects, object_groups } = asked;
    Ok(Right {
        limit: usage_limits.as_ref().map(limit_of).transpose()?,
        operations: operations.map(operations_of).transpose()?,
        objects: objects.map(|objects| objects_of(context, &objects)).transpose()?,
        groups: object_groups.map(groups_of).transpose()?,
    })
}

fn operations_of(asked: Operations) -> OpResult<Vec<Operation>> {
    bounded(asked.operation.len())?;
    Ok(asked.operation)
}

/// Objects of the client: one that is not there could become nobody's right.
fn objects_of(context: &mut Context<'_>, asked: &Objects) -> OpResult<Vec<Text>> {
    bounded(asked.unique_identifier.len())?;
    let mut objects = Vec::new();
    for id in &asked.unique_identifier {
        let id = context.resolve(Some(id)).or_else(|_| unknown())?;
        if context.txn.find_view(&id)?.is_none() {
            return unknown();
        }
        objects.push(id);
    }
    Ok(objects)
}

fn unknown<T>() -> OpResult<T> {
    fail(Fault::InvalidField, "Objects: no object has one of the identifiers")
}

fn groups_of(asked: ObjectGroups) -> OpResult<Vec<Text>> {
    if !asked.group_link.is_empty() {
        return fail(
            Fault::FeatureNotSupported,
            "Object Groups: links to groups cannot restrict a Right; name objects",
        );
    }
    bounded(asked.object_group.len())?;
    Ok(asked.object_group)
}

fn bounded(entries: usize) -> OpResult<()> {
    match entries <= MOST_ENTRIES {
        true => Ok(()),
        false => fail(Fault::InvalidField, format!("a list of a Right has {MOST_ENTRIES} entries at most")),
    }
}
