//! Requests that present a ticket: whether it is one, whether it may do what the request asks, and what that costs it.

use std::sync::Arc;

use kmip_codec::inline::Text;
use kmip_codec::message::credential::Ticket;
use kmip_codec::registry::{Operation, TicketType, UsageLimitsUnit};

use super::live::Live;
use super::record::Reach;
use super::{Limit, TicketKey, TicketRecord};
use crate::batch::Context;
use crate::engine::Engine;
use crate::error::{Fault, OpResult, fail};
use crate::layout;
use crate::ports::store::{Adjust, Guard, Revision};
use crate::txn::Txn;

/// A ticket that a request presents, and may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    key: TicketKey,
    revision: Revision,
    pub(crate) record: Arc<TicketRecord>,
}

impl Engine {
    /// The ticket of a credential. Its value is nothing to guess at: a wrong one delays nobody.
    pub(crate) fn present(&self, ticket: &Ticket, client: &Text, now: i64) -> OpResult<Presented> {
        let key = self.ticket_key(&ticket.ticket_value);
        let tickets = self.catalog.tickets();
        let found = tickets
            .get(&key, now)
            .filter(|live| self.stands(live, client))
            .filter(|_| ticket.ticket_type == TicketType::Login);
        let Some(Live { revision, record }) = found else {
            let message = "the ticket is unknown, has ended, or is that of another client; log in again";
            return fail(Fault::NotAuthenticated, message);
        };
        if record.requests.is_some_and(|total| tickets.taken(&layout::ticket_requests(&key)) >= total) {
            return fail(Fault::TicketLimit, "all requests that the ticket was good for were made; log in again");
        }
        Ok(Presented { key, revision, record })
    }
}

impl Engine {
    /// Whether a ticket is one for this client to present, and its maker's certificates were not renewed since.
    fn stands(&self, live: &Live, client: &Text) -> bool {
        let record = &live.record;
        (record.rights.is_some() || record.client == *client)
            && self.catalog.renewals_of(&record.client) == record.renewals
    }

    /// The ticket under which a client asked for something that is done later, if it still stands. It was counted when it was
    /// presented.
    pub(crate) fn present_again(&self, key: &TicketKey, client: &Text, now: i64) -> OpResult<Presented> {
        match self.catalog.tickets().get(key, now).filter(|live| self.stands(live, client)) {
            Some(Live { revision, record }) => Ok(Presented { key: *key, revision, record }),
            None => fail(Fault::PermissionDenied, "the ticket of the request has ended"),
        }
    }
}

impl Presented {
    /// What names it in the store.
    pub(crate) fn key(&self) -> &TicketKey {
        &self.key
    }

    /// Whether it was given to others, with rights of their own.
    pub(crate) fn is_delegated(&self) -> bool {
        self.record.rights.is_some()
    }

    /// Makes a change depend on the ticket, without counting it.
    pub(crate) fn depend(&self, txn: &mut Txn<'_>) {
        txn.admit(Guard::At(layout::ticket(&self.key), self.revision), None);
    }

    /// Makes the request depend on the ticket, and counts it, whatever becomes of its items.
    pub(crate) fn admit(&self, txn: &mut Txn<'_>) {
        let charge = self.record.requests.map(|total| Adjust {
            key: layout::ticket_requests(&self.key),
            delta: -1,
            floor: total.saturating_neg(),
        });
        txn.admit(Guard::At(layout::ticket(&self.key), self.revision), charge);
    }
}

/// What a limit of a ticket leaves: place 0 is the ticket's own, the others those of its Rights.
fn left(context: &Context<'_>, ticket: &Presented, place: usize, limit: Limit) -> i64 {
    let counter = layout::ticket_uses(&ticket.key, place);
    let taken = context.engine.catalog.tickets().taken(&counter).saturating_add(context.txn.counted_by(&counter));
    limit.total.saturating_sub(taken)
}

/// Before an item: whether the ticket of its request, if it has one, allows the operation at all.
pub(crate) fn begin(context: &mut Context<'_>, operation: Operation) -> OpResult<()> {
    let Some(ticket) = context.principal.ticket.clone() else { return Ok(()) };
    if matches!(operation, Operation::Login | Operation::DelegatedLogin) {
        return fail(Fault::PermissionDenied, "a ticket gets no further tickets: log in with another credential");
    }
    if ticket.record.limit.is_some_and(|limit| left(context, &ticket, 0, limit) <= 0) {
        return fail(Fault::TicketLimit, "the Usage Limits of the ticket are used up");
    }
    let Some(rights) = &ticket.record.rights else {
        context.txn.restrict(None);
        return Ok(());
    };
    let allowing = (1..).zip(rights).filter(|(_, right)| right.allows(operation));
    let rights: Vec<_> = allowing.map(|(place, right)| (place, right.clone())).collect();
    if rights.is_empty() {
        return fail(Fault::PermissionDenied, format!("the rights of the ticket do not permit {operation}"));
    }
    let is_spent = |place, limit: Option<Limit>| limit.is_some_and(|limit| left(context, &ticket, place, limit) <= 0);
    if rights.iter().all(|(place, right)| is_spent(*place, right.limit)) {
        return fail(Fault::TicketLimit, format!("what the ticket's rights permit of {operation} is used up"));
    }
    context.txn.restrict(Some(Reach { rights, entered: false }));
    Ok(())
}

/// Before an operation that is done within an item of another one: whether one Right that permits the item permits it, too.
pub(crate) fn within(context: &mut Context<'_>, operation: Operation) -> OpResult<()> {
    if context.txn.narrow(operation) {
        return Ok(());
    }
    fail(Fault::PermissionDenied, format!("the rights of the ticket do not permit {operation}"))
}

/// After an item that succeeded: takes what it used from the ticket's limit and from that of one Right that allows it all.
pub(crate) fn end(context: &mut Context<'_>, operation: Operation) -> OpResult<()> {
    let Some(ticket) = context.principal.ticket.clone() else { return Ok(()) };
    let (reach, bytes) = context.txn.end_restriction();
    if let Some(limit) = ticket.record.limit
        && !charge(context, &ticket, 0, limit, bytes)
    {
        return fail(Fault::TicketLimit, "the Usage Limits of the ticket do not permit this");
    }
    let Some(Reach { rights, entered }) = reach else { return Ok(()) };
    // A Right that names objects is a right to these: what concerns none is beside it. A search shows no others.
    let concerns = entered || operation == Operation::Locate;
    let mut spent = false;
    for (place, right) in rights.into_iter().filter(|(_, right)| concerns || !right.names_objects()) {
        match right.limit {
            Some(limit) if !charge(context, &ticket, place, limit, bytes) => spent = true,
            _ => return Ok(()),
        }
    }
    match spent {
        true => fail(Fault::TicketLimit, "the Usage Limits of the ticket's rights do not permit this"),
        false => {
            let message = format!("the rights of the ticket permit {operation} on certain objects only");
            fail(Fault::PermissionDenied, message)
        }
    }
}

/// Takes what an item used from a limit, unless that leaves less.
fn charge(context: &mut Context<'_>, ticket: &Presented, place: usize, limit: Limit, bytes: i64) -> bool {
    let units = if limit.unit == UsageLimitsUnit::Byte { bytes } else { 1 };
    let enough = units <= left(context, ticket, place, limit);
    if enough && units > 0 {
        context.txn.take_count(layout::ticket_uses(&ticket.key, place), units, limit.total);
    }
    enough
}
