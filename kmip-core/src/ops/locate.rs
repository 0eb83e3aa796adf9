//! Locate (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28): the identifiers of the objects that match all criteria, newest first.

use std::cmp::Reverse;

use kmip_codec::attribute::Bag;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::locate::{LocateRequest, LocateResponse};
use kmip_codec::registry::{ObjectGroupMember, Operation, StorageStatusMask, Tag};

use crate::batch::Context;
use crate::criteria::Criteria;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::quirks::{self, Quirk};

/// Candidates that are looked at on the calling thread; more are work for a pool.
const INLINE_CANDIDATES: usize = 256;

pub(super) fn locate(context: &mut Context<'_>, mut request: LocateRequest) -> OpResult<LocateResponse> {
    let offset = count(request.offset_items, "Offset Items")?.unwrap_or(0);
    let maximum = count(request.maximum_items, "Maximum Items")?;
    let bag = criteria_of(context, request.attributes.take())?;
    let criteria = Criteria::new(&bag, context.version, context.now)?;
    let matches = find(context, &criteria, &request)?;
    let limit = maximum.unwrap_or(context.engine.config.locate_limit);
    let located = i32::try_from(matches.len()).unwrap_or(i32::MAX);
    let page: Vec<Text> = matches.into_iter().skip(offset).take(limit).collect();
    // Several matches leave the batch without a placeholder, unless the client asked for one of them.
    match page.as_slice() {
        [only] if located == 1 || maximum == Some(1) => context.give(Operation::Locate, only),
        _ => context.placeholder = None,
    }
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
    let mut matches = Vec::new();
    for id in context.txn.with_changes(candidates) {
        let Some(record) = context.txn.peek(&id)? else { continue };
        let stored = match attribute_of!(record, ArchiveDate) {
            _ if record.destroyed => destroyed,
            Some(_) => archived,
            None => online,
        };
        if stored && is_member(&record, request.object_group_member) && criteria.match_all(&record) {
            matches.push((Reverse((record.date(Tag::InitialDate), record.serial)), id));
        }
    }
    // The index gives its candidates in order; what this request has made or changed stands before them in none.
    matches.sort();
    Ok(matches.into_iter().map(|(_, id)| id).collect())
}

/// Group Member Fresh asks for objects that nobody has got yet; Group Member Default leaves the choice to the server.
fn is_member(record: &Record, member: Option<ObjectGroupMember>) -> bool {
    match member {
        Some(ObjectGroupMember::GroupMemberFresh) => attribute_of!(record, Fresh) == Some(&true),
        _ => true,
    }
}
