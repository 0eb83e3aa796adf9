//! Groups of 3.0: objects that others are members of by their Group Link, which names the group's identifier or its name.
//!
//! A member that names a group by name has what earlier versions call an Object Group, whether such a group object is there
//! or not.

use std::collections::BTreeSet;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{Name, UniqueIdentifier};
use kmip_codec::inline::Text;
use kmip_codec::registry::{ObjectType, Tag};

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::Record;

/// Groups that are looked at for a circle at most.
const LONGEST_WALK: usize = 1_000;

/// The group objects that an object is a member of. The names of `new` are taken by now, though nothing is stored.
fn above(context: &mut Context<'_>, record: &Record, new: &Record) -> OpResult<Vec<Text>> {
    let mut groups = Vec::new();
    for instance in &record.attributes {
        match &instance.attribute {
            Attribute::ObjectGroup(name) if new.names().any(|own| own.value == *name) => groups.push(new.id.clone()),
            Attribute::ObjectGroup(name) => groups.extend(context.txn.named(&Name::text(name))?),
            Attribute::LinkByTag(Tag::GroupLink, UniqueIdentifier::Text(id)) => groups.push(id.clone()),
            _ => {}
        }
    }
    Ok(groups)
}

/// Refuses a group that would be a member of itself, at however many removes (Circular Link Error).
pub(crate) fn check(context: &mut Context<'_>, group: &Record) -> OpResult<()> {
    if group.object_type != ObjectType::Group {
        return Ok(());
    }
    let (mut ahead, mut seen) = (above(context, group, group)?, BTreeSet::new());
    while let Some(id) = ahead.pop() {
        if id == group.id {
            return fail(Fault::CircularLink, "the group would be a member of itself");
        }
        if seen.len() >= LONGEST_WALK {
            return fail(Fault::ServerLimit, format!("a group has {LONGEST_WALK} groups above it at most"));
        }
        if !seen.insert(id.clone()) {
            continue;
        }
        let found = context.txn.find(&id)?;
        if let Some(found) = found.filter(|found| found.object_type == ObjectType::Group && !found.destroyed) {
            ahead.extend(above(context, &found, group)?);
        }
    }
    Ok(())
}
