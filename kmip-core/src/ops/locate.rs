//! Locate (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28): the identifiers of the objects that match all criteria, newest first.

use std::cmp::Reverse;

use kmip_codec::attribute::values::{Name, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag, Instance};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::operation::locate::{LocateRequest, LocateResponse};
use kmip_codec::registry::{
    ObjectClass, ObjectClassMask, ObjectGroupMember, ObjectType, State, StorageStatusMask, Tag,
    UniqueIdentifierEnumeration,
};
use kmip_codec::version::V3_0;

use crate::attributes;
use crate::batch::Context;
use crate::criteria::{Criteria, Group};
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::quirks::{self, Quirk};
use crate::state;

/// Candidates that are looked at on the calling thread; more are work for a pool.
const INLINE_CANDIDATES: usize = 256;
/// Identifiers that one answer has at most, whatever Maximum Items says: the server may return fewer (KMIP 2.1 §6.1.28).
const MOST_LOCATED: usize = 100_000;

pub(super) fn locate(context: &mut Context<'_>, mut request: LocateRequest) -> OpResult<LocateResponse> {
    let offset = count(request.offset_items, "Offset Items")?.unwrap_or(0);
    let maximum = count(request.maximum_items, "Maximum Items")?;
    let bag = criteria_of(context, request.attributes.take())?;
    let (bag, groups) = resolved(context, bag)?;
    let criteria = Criteria::new(&bag, &groups, context.version, context.now)?;
    let mut matches = find(context, &criteria, &request)?;
    let names_group =
        !groups.is_empty() || bag.attributes().any(|attribute| matches!(attribute, Attribute::ObjectGroup(_)));
    if request.object_group_member == Some(ObjectGroupMember::GroupMemberDefault) && names_group {
        matches = default_member(context, matches)?;
    }
    let limit = maximum.unwrap_or(context.engine.config.locate_limit).min(MOST_LOCATED);
    let located = i32::try_from(matches.len()).unwrap_or(i32::MAX);
    let page: Vec<Text> = matches.into_iter().skip(offset).take(limit).collect();
    context.give_located(&page, located == 1 || maximum == Some(1));
    Ok(LocateResponse {
        located_items: Some(located),
        unique_identifier: page.into_iter().map(UniqueIdentifier::Text).collect(),
    })
}

/// The criteria as the specification would have them, whatever quirks the client has.
fn criteria_of(context: &Context<'_>, bag: Option<Bag>) -> OpResult<Bag> {
    let Some(mut bag) = bag else { return Ok(Bag::default()) };
    let quirks = context.principal.quirks;
    if bag.in_template && !quirks.has(Quirk::LocateInTemplate) {
        let message =
            "Locate takes Attribute structures, and no Template-Attribute; the quirk locate-in-template permits it";
        return fail(Fault::InvalidField, message);
    }
    if quirks.has(Quirk::LooseAttributeNames) {
        quirks::respelt(&mut bag, context.version);
    }
    Ok(bag)
}

/// The criteria with identifiers in place of names and of positions in the batch, and the groups whose members are wanted.
/// What a criterion of 3.0 refers to need not exist: then nothing matches.
fn resolved(context: &mut Context<'_>, mut bag: Bag) -> OpResult<(Bag, Vec<Group>)> {
    let (mut items, mut groups) = (Vec::new(), Vec::new());
    for Instance { index, attribute } in std::mem::take(&mut bag.items) {
        let resolved = match &attribute {
            Attribute::UniqueIdentifier(id) => {
                context.resolve(Some(id)).map(UniqueIdentifier::Text).map(Attribute::UniqueIdentifier)
            }
            Attribute::Other(item) => resolve_partial(context, item),
            other => attributes::resolve_link(context, other.clone()),
        };
        let attribute = match resolved {
            // A name of an object that the ticket does not reach, and a name that there is not, are answered alike.
            Err(error) if matches!(error.fault, Fault::ObjectNotFound | Fault::PermissionDenied) => attribute,
            resolved => resolved?,
        };
        match group(context, &attribute)? {
            Some(group) => groups.push(group),
            None => items.push(Instance { index, attribute }),
        }
    }
    Ok((Bag { items, ..bag }, groups))
}

/// A structure of which not all fields are given, with an identifier where it names a position in the batch.
fn resolve_partial(context: &mut Context<'_>, item: &Item) -> OpResult<Attribute> {
    let mut item = item.clone();
    if let ItemValue::Structure(fields) = &mut item.value {
        for field in fields.iter_mut().filter(|field| field.tag == Tag::LinkedObjectIdentifier) {
            let id = match field.value {
                ItemValue::Enumeration(which) => UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration(which)),
                ItemValue::Integer(position) => UniqueIdentifier::Index(position),
                _ => continue,
            };
            field.value = ItemValue::Text(context.resolve(Some(&id))?);
        }
    }
    Ok(Attribute::Other(Box::new(item)))
}

/// The group object that a criterion of 3.0 means by name or identifier; one that no object stands for is only a name.
fn group(context: &mut Context<'_>, criterion: &Attribute) -> OpResult<Option<Group>> {
    let id = match criterion {
        Attribute::ObjectGroup(name) if context.version >= V3_0 => context.txn.named(&Name::text(name))?,
        Attribute::LinkByTag(Tag::GroupLink, UniqueIdentifier::Text(id)) => Some(id.clone()),
        _ => None,
    };
    let Some(id) = id else { return Ok(None) };
    let found = context.txn.peek(&id)?.filter(|found| found.object_type == ObjectType::Group && !found.destroyed);
    Ok(found.map(|found| Group { id, names: found.names().map(|name| name.value.clone()).collect() }))
}

fn count(field: Option<i32>, name: &str) -> OpResult<Option<usize>> {
    match field.map(usize::try_from).transpose() {
        Ok(count) => Ok(count),
        Err(_) => fail(Fault::InvalidField, format!("{name} is negative")),
    }
}

fn find(context: &mut Context<'_>, criteria: &Criteria<'_>, request: &LocateRequest) -> OpResult<Vec<Text>> {
    let mask = request.storage_status_mask.unwrap_or(StorageStatusMask::OnLineStorage);
    let online = mask.contains(StorageStatusMask::OnLineStorage);
    let archived = mask.contains(StorageStatusMask::ArchivalStorage);
    let destroyed = mask.contains(StorageStatusMask::DestroyedStorage);
    let scope = context.txn.scope().clone();
    let candidates =
        context.txn.catalog().index().candidates(&scope, &criteria.indexed(), online || archived, destroyed);
    if candidates.len() > INLINE_CANDIDATES {
        context.txn.long_work()?;
    }
    let classes = request.object_class_mask;
    let mut matches = Vec::new();
    for id in context.txn.with_changes(candidates) {
        let Some(record) = context.txn.peek(&id)? else { continue };
        let stored = match attribute_of!(record, ArchiveDate) {
            _ if record.destroyed => destroyed,
            Some(_) => archived,
            None => online,
        };
        if stored
            && is_of_class(&record, classes)
            && is_member(&record, request.object_group_member)
            && criteria.match_all(&record)
            && is_counted(context, criteria, &record)
        {
            matches.push((Reverse((record.date(Tag::InitialDate), record.serial)), id));
        }
    }
    // The index gives its candidates in order; what this request has made or changed stands before them in none.
    matches.sort();
    Ok(matches.into_iter().map(|(_, id)| id).collect())
}

/// Whether the counts of an object, which stand beside it, are the wanted ones.
fn is_counted(context: &Context<'_>, criteria: &Criteria<'_>, record: &Record) -> bool {
    if criteria.counted.is_empty() {
        return true;
    }
    let visible = context.visible(record);
    criteria.counted.iter().all(|wanted| visible.iter().any(|found| found.attribute == **wanted))
}

/// Object Class Mask names the classes that are looked for; without it, all are (KMIP 3.0).
fn is_of_class(record: &Record, classes: Option<ObjectClassMask>) -> bool {
    let own = match attributes::object_class(record) {
        ObjectClass::System => ObjectClassMask::System,
        _ => ObjectClassMask::User,
    };
    classes.is_none_or(|classes| classes.contains(own))
}

/// The default member of a group, by the policy of this server: the newest that is Active, or else the newest.
fn default_member(context: &Context<'_>, mut matches: Vec<Text>) -> OpResult<Vec<Text>> {
    for id in &matches {
        if let Some(record) = context.txn.peek(id)?
            && state::at(&record, context.now) == State::Active
        {
            return Ok(vec![id.clone()]);
        }
    }
    matches.truncate(1);
    Ok(matches)
}

/// Group Member Fresh asks for objects that nobody has got yet; Group Member Default leaves the choice to the server.
fn is_member(record: &Record, member: Option<ObjectGroupMember>) -> bool {
    match member {
        Some(ObjectGroupMember::GroupMemberFresh) => attribute_of!(record, Fresh) == Some(&true),
        _ => true,
    }
}
