//! What a writer does with objects as wholes between the kills: it archives and recovers, replaces by Import, splits and joins,
//! asks for work that is done later, and logs in and out. After a kill each is as it was acknowledged.

use super::{CampaignError, ask, finding};
use crate::campaign::random::Random;
use crate::message::cryptographic::{active, aes_key, identifiers, join, register_with, split};
use crate::message::{Call, call_with, create_aes, locate, located, make, material, payload, reason, status};
use crate::tls::Connection;
use crate::tree::{Tree, boolean, bytes, enumeration, structure, text};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    AsynchronousIndicator, CredentialType, CryptographicUsageMask as Mask, ObjectType, Operation, ResultReason,
    ResultStatus, SplitKeyMethod, Tag, TicketType,
};
use kmip_codec::version::V2_1;
use std::io;
use std::time::{Duration, Instant};

/// How long after a start a job may take.
const DONE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lives {
    subject: Option<Subject>,
    /// Parts, and the key that they give.
    parts: Vec<(Vec<String>, Vec<u8>)>,
    /// The name that a job gives its key, and what Poll asks with; nothing where the job was not acknowledged.
    jobs: Vec<(String, Option<Vec<u8>>)>,
    tickets: Vec<Ticket>,
    /// How many keys jobs were asked for.
    asked: usize,
    /// How much was checked after kills.
    pub(super) checked: usize,
}

/// An object that is archived, recovered and replaced: what it may be, one each, or two while a change is unanswered.
#[derive(Debug)]
struct Subject {
    identifier: String,
    materials: Vec<Vec<u8>>,
    archived: Vec<bool>,
}

#[derive(Debug)]
struct Ticket {
    value: Vec<u8>,
    /// Whether it works; two where its end is unanswered.
    works: Vec<bool>,
}

impl Lives {
    /// One work of any kind for the writer of this number. An error is a refusal, or a broken connection.
    pub(super) fn work(&mut self, number: usize, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        match random.below(5) {
            0 => self.archive(random, connection),
            1 => self.replace(random, connection),
            2 => self.split(random, connection),
            3 => self.ask_for_a_job(number, connection),
            _ => self.log_in_or_out(random, connection),
        }
    }

    fn subject(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<&mut Subject> {
        if self.subject.is_none() {
            let material = random.bytes(32);
            let identifier = make(connection, V2_1, &register_with(&material, active(Mask::Encrypt)))?;
            self.subject = Some(Subject { identifier, materials: vec![material], archived: vec![false] });
        }
        self.subject.as_mut().ok_or_else(|| io::Error::other("no subject"))
    }

    /// Archives what is not archived, and recovers what is.
    fn archive(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        let subject = self.subject(random, connection)?;
        let is_archived = subject.archived == [true];
        let operation = if is_archived { Operation::Recover } else { Operation::Archive };
        subject.archived.push(!is_archived);
        payload(&ask(connection, &Call::on(operation, &subject.identifier))?)?;
        subject.archived = vec![!is_archived];
        Ok(())
    }

    fn replace(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        let new = random.bytes(32);
        let subject = self.subject(random, connection)?;
        if subject.archived == [true] {
            return Ok(());
        }
        let import = vec![
            text(Tag::UniqueIdentifier, &subject.identifier),
            enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
            boolean(Tag::ReplaceExisting, true),
            structure(Tag::Attributes, active(Mask::Encrypt)),
            aes_key(&new),
        ];
        subject.materials.push(new.clone());
        payload(&ask(connection, &Call::new(Operation::Import, import))?)?;
        subject.materials = vec![new];
        Ok(())
    }

    fn split(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        let material = random.bytes(32);
        let key = make(connection, V2_1, &register_with(&material, active(Mask::Encrypt)))?;
        let parts = identifiers(&ask(connection, &split(&key, SplitKeyMethod::PolynomialSharingGF2_16))?)?;
        self.parts.push((parts, material));
        Ok(())
    }

    fn ask_for_a_job(&mut self, number: usize, connection: &mut Connection) -> io::Result<()> {
        let name = format!("writer-{number}-job-{}", self.asked);
        self.asked += 1;
        self.jobs.push((name.clone(), None));
        let later = vec![enumeration(Tag::AsynchronousIndicator, AsynchronousIndicator::Mandatory.0)];
        let accepted = call_with(connection, V2_1, later, &create_aes(&name))?;
        if status(&accepted) != Some(ResultStatus::OperationPending) {
            payload(&accepted)?;
            return Err(io::Error::other("a job that was to be done later was done at once"));
        }
        let value = accepted.field(Tag::AsynchronousCorrelationValue);
        let value = byte_string(value, "a job without a correlation value")?;
        if let Some(job) = self.jobs.last_mut() {
            job.1 = Some(value);
        }
        Ok(())
    }

    fn log_in_or_out(&mut self, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
        if self.tickets.is_empty() || random.once_in(2) {
            let made = ask(connection, &Call::new(Operation::Login, Vec::new()))?;
            let value = byte_string(payload(&made)?.at(&[Tag::Ticket, Tag::TicketValue]), "a ticket without a value")?;
            self.tickets.push(Ticket { value, works: vec![true] });
            return Ok(());
        }
        let at = random.below(self.tickets.len());
        let Some(ticket) = self.tickets.get_mut(at).filter(|ticket| ticket.works == [true]) else { return Ok(()) };
        ticket.works.push(false);
        let asked = Call::new(Operation::Logout, vec![structure(Tag::Ticket, login(&ticket.value))]);
        payload(&ask(connection, &asked)?)?;
        ticket.works = vec![false];
        Ok(())
    }

    /// After a kill: compares what the server has now with what was acknowledged.
    pub(super) fn verify(&mut self, connection: &mut Connection) -> Result<(), CampaignError> {
        if let Some(subject) = &mut self.subject {
            self.checked += 1;
            subject.verify(connection)?;
        }
        for (parts, expected) in self.parts.drain(..) {
            self.checked += 1;
            // Any two of the three.
            let joined = make(connection, V2_1, &join(parts.iter().skip(1).map(String::as_str)))?;
            if material(&ask(connection, &Call::on(Operation::Get, &joined))?)? != expected {
                return finding("the parts of a key give another one after a kill");
            }
        }
        for (name, value) in self.jobs.drain(..) {
            self.checked += 1;
            job_is_done_once(&name, value.as_deref(), connection)?;
        }
        for ticket in self.tickets.drain(..) {
            self.checked += 1;
            ticket.verify(connection)?;
        }
        Ok(())
    }
}

impl Subject {
    fn verify(&mut self, connection: &mut Connection) -> Result<(), CampaignError> {
        let got = ask(connection, &Call::on(Operation::Get, &self.identifier))?;
        let is_archived = reason(&got) == Some(ResultReason::ObjectArchived);
        if !self.archived.contains(&is_archived) {
            return finding(format!("{}: archived is {is_archived}, not {:?}", self.identifier, self.archived));
        }
        self.archived = vec![is_archived];
        if is_archived {
            payload(&ask(connection, &Call::on(Operation::Recover, &self.identifier))?)?;
            self.archived = vec![false];
        }
        let found = material(&ask(connection, &Call::on(Operation::Get, &self.identifier))?)?;
        if !self.materials.contains(&found) {
            return finding(format!(
                "{}: what was replaced, or something else, is there after a kill",
                self.identifier
            ));
        }
        self.materials = vec![found];
        Ok(())
    }
}

impl Ticket {
    fn verify(&self, connection: &mut Connection) -> Result<(), CampaignError> {
        let value = structure(Tag::CredentialValue, vec![structure(Tag::Ticket, login(&self.value))]);
        let kind = enumeration(Tag::CredentialType, CredentialType::Ticket.0);
        let shown = structure(Tag::Authentication, vec![structure(Tag::Credential, vec![kind, value])]);
        let answer = call_with(connection, V2_1, vec![shown], &locate("nothing has this name"))?;
        let works = status(&answer) == Some(ResultStatus::Success);
        if !self.works.contains(&works) {
            return finding(format!("a ticket works: {works}, not {:?}, after a kill", self.works));
        }
        if works {
            let out = Call::new(Operation::Logout, vec![structure(Tag::Ticket, login(&self.value))]);
            payload(&ask(connection, &out)?)?;
        }
        Ok(())
    }
}

fn byte_string(item: Option<&Item>, otherwise: &str) -> io::Result<Vec<u8>> {
    item.and_then(Tree::as_bytes).map(<[u8]>::to_vec).ok_or_else(|| io::Error::other(otherwise))
}

/// The fields of a ticket of Login.
fn login(value: &[u8]) -> Vec<Item> {
    vec![enumeration(Tag::TicketType, TicketType::Login.0), bytes(Tag::TicketValue, value)]
}

/// A job that was acknowledged makes its key, and no job makes two.
fn job_is_done_once(name: &str, value: Option<&[u8]>, connection: &mut Connection) -> Result<(), CampaignError> {
    let mut made = None;
    if let Some(value) = value {
        let poll = Call::new(Operation::Poll, vec![bytes(Tag::AsynchronousCorrelationValue, value)]);
        let began = Instant::now();
        let done = loop {
            let answer = ask(connection, &poll)?;
            if status(&answer) != Some(ResultStatus::OperationPending) {
                break answer;
            }
            if began.elapsed() > DONE {
                return finding(format!("the job of {name} is not done {DONE:?} after a start"));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let done = payload(&done).or_else(|error| finding(format!("the job of {name} is lost: {error}")))?;
        made = done.field(Tag::UniqueIdentifier).and_then(Tree::as_text).map(str::to_owned);
    }
    let found = located(&ask(connection, &locate(name))?)?;
    match (value, found.as_slice()) {
        (None, [] | [_]) => Ok(()),
        (Some(_), [found]) if Some(found) == made.as_ref() => Ok(()),
        _ => finding(format!("the job of {name} made {made:?}, and its name leads to {found:?}")),
    }
}
