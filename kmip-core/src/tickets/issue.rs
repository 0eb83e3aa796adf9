//! Making tickets and ending them: what Login, Delegated Login and Logout do (KMIP 2.1 §6.1.12, §6.1.30, §6.1.31).

use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::message::credential::Ticket;
use kmip_codec::operation::login::TicketLease;
use kmip_codec::registry::TicketType;
use kmip_codec::secret::Secret;
use kmip_codec::value::{DateTime, Interval};

use super::live::Live;
use super::{Limit, Right, TicketKey, TicketRecord};
use crate::batch::Context;
use crate::engine::{Engine, Pending};
use crate::error::{Fault, OpResult, fail};
use crate::layout;
use crate::ports::store::{Batch, Guard, Write};
use crate::ports::vault::VaultError;
use crate::quota::Amount;

/// Bytes of a ticket's value: nobody guesses it.
const VALUE_BYTES: usize = 32;
/// Ended tickets that are removed in one change.
const ENDED_AT_ONCE: usize = 64;

/// What a client asks of its ticket.
pub(crate) struct Terms {
    pub lease: Option<TicketLease>,
    pub requests: Option<i32>,
    pub limit: Option<UsageLimits>,
}

/// Makes a ticket for the client of the request.
pub(crate) fn issue(context: &mut Context<'_>, terms: &Terms, rights: Option<Vec<Right>>) -> OpResult<Ticket> {
    let client = context.principal.client.clone();
    let (catalog, most) = (&context.engine.catalog, context.engine.config.tickets_per_client);
    let claim = catalog.ticket_quota().claim(&client, Amount::of_items(1), |claimed| {
        let held = catalog.tickets().count_of(&client);
        if held.saturating_add(claimed.items) >= most {
            let message = format!("the client holds {held} tickets, and may hold no more: log out, or let some end");
            return fail(Fault::PermissionDenied, message);
        }
        Ok(())
    })?;
    context.quota_claims.push(claim);
    let record = TicketRecord {
        until: end(context, terms.lease)?,
        requests: terms.requests.map(requests).transpose()?,
        limit: terms.limit.as_ref().map(limit).transpose()?,
        client,
        user: context.principal.user.clone(),
        rights,
        renewals: context.principal.renewals,
    };
    context.principal.depend(&mut context.txn)?;
    let value = Secret::init_with(VALUE_BYTES, |bytes| context.engine.vault.unique(bytes))
        .map_err(|error: VaultError| crate::error::OpError::from(error))?;
    let key = layout::ticket(&context.engine.ticket_key(&value));
    context.txn.guard(Guard::Absent(key.clone()));
    context.txn.write(key, Some(record.encode()));
    Ok(Ticket { ticket_type: TicketType::Login, ticket_value: value })
}

/// When a ticket ends. No Lease Time, and one of no seconds, ask for as long as the server gives (OASIS case TC-LOGIN-1).
fn end(context: &Context<'_>, lease: Option<TicketLease>) -> OpResult<i64> {
    let longest = context.engine.config.ticket_seconds;
    let asked = match lease {
        None | Some(TicketLease::For(Interval(0))) => longest,
        Some(TicketLease::For(Interval(seconds))) => i64::from(seconds),
        Some(TicketLease::Until(DateTime(date))) => date.saturating_sub(context.now),
    };
    if asked <= 0 {
        return fail(Fault::InvalidField, "Lease Time ends before now");
    }
    if asked > longest {
        return fail(Fault::InvalidField, format!("Lease Time: a ticket of this server lasts {longest} s at most"));
    }
    Ok(context.now.saturating_add(asked))
}

fn requests(count: i32) -> OpResult<i64> {
    if count > 0 { Ok(i64::from(count)) } else { fail(Fault::InvalidField, "Request Count is not above 0") }
}

/// The units that Usage Limits leave: the count if it is given, else the total (KMIP 2.1 §7.40).
pub(crate) fn limit(limits: &UsageLimits) -> OpResult<Limit> {
    let total = limits.usage_limits_total;
    let count = limits.usage_limits_count.unwrap_or(total);
    if total <= 0 || count < 0 || count > total {
        return fail(Fault::InvalidField, "Usage Limits: the total is not above 0, or the count not within it");
    }
    Ok(Limit { unit: limits.usage_limits_unit, total: count })
}

/// Ends the ticket that a client hands over: its own, or one of Delegated Login that it holds.
pub(crate) fn withdraw(context: &mut Context<'_>, ticket: &Ticket) -> OpResult<()> {
    let key = context.engine.ticket_key(&ticket.ticket_value);
    let live = context.engine.catalog.tickets().get(&key, context.now);
    let ends = |live: &Live| live.record.rights.is_some() || live.record.client == context.principal.client;
    let stored = layout::ticket(&key);
    let live = live.filter(ends).filter(|_| ticket.ticket_type == TicketType::Login && !context.txn.removes(&stored));
    let Some(live) = live else {
        return fail(Fault::InvalidTicket, "the ticket is unknown, has ended, or is that of another client");
    };
    context.txn.guard(Guard::At(stored, live.revision));
    for removed in keys_of(&key, &live.record) {
        context.txn.write(removed, None);
    }
    Ok(())
}

/// All that the store may hold of a ticket.
fn keys_of(key: &TicketKey, record: &TicketRecord) -> Vec<Vec<u8>> {
    let rights = record.rights.as_ref().map_or(0, Vec::len);
    let mut keys = vec![layout::ticket(key)];
    keys.extend(record.requests.map(|_| layout::ticket_requests(key)));
    keys.extend((0..=rights).map(|place| layout::ticket_uses(key, place)));
    keys
}

impl Engine {
    /// What names the ticket with this value in the store.
    pub(crate) fn ticket_key(&self, value: &Secret) -> TicketKey {
        self.seal.blind(&[b"ticket\0", value.expose_secret()].concat())
    }

    /// The change that removes tickets that have ended, if there are any.
    pub(crate) fn ended_tickets(&self, now: i64) -> Option<Pending> {
        let ended = self.catalog.tickets().ended(now, ENDED_AT_ONCE);
        let keys = ended.iter().flat_map(|(key, record)| keys_of(key, record));
        let writes: Vec<Write> = keys.map(Write::Delete).collect();
        (!writes.is_empty()).then(|| Pending::again(Batch { writes, ..Batch::default() }, now))
    }
}
