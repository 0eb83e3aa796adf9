//! Plays cases: chains in order, each chain as a client of its own, and tells for each case how it ended.

use super::case::{Case, CaseError, Exchange, Node, load_folder};
use super::compare::{Comparer, Request};
use super::facts::Facts;
use super::passing::{clock, passing};
use super::variables::Variables;
use crate::encoded::Wire;
use crate::endpoint::{Endpoint, Listener, World};
use crate::message;
use crate::tree::{Tree, decode, encode, message_version};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{Operation, ResultReason, ResultStatus, Tag, WireEnum};
use kmip_codec::version::{PUBLISHED, V2_1, Version};
use kmip_codec::wire::Encoding;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Cases that want what another one left behind, with that one's name.
const CHAINS: [(&str, &str); 3] = [("SASED-M-3", "SASED-M-2"), ("TL-M-3", "TL-M-2"), ("TC-CREG-3", "TC-CREG-1")];

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every answer was the published one, within the permitted variations.
    Pass,
    /// The first difference.
    Fail(String),
    /// Not played, and why.
    Not(String),
}

impl Outcome {
    /// `pass`, `fail` or `not`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Not(_) => "not",
        }
    }

    /// The difference or the reason; empty for a pass.
    pub fn reason(&self) -> &str {
        match self {
            Self::Pass => "",
            Self::Fail(reason) | Self::Not(reason) => reason,
        }
    }
}

/// A case and how it ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// The case's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Pass => write!(f, "PASS {}", self.name),
            Outcome::Fail(difference) => write!(f, "FAIL {}: {difference}", self.name),
            Outcome::Not(reason) => write!(f, "NOT {}: {reason}", self.name),
        }
    }
}

/// Reads the cases of every version that has a folder below this one, `v1.0` to `v3.0`.
pub fn load_all(folder: &Path) -> Result<Vec<Case>, CaseError> {
    let folders = PUBLISHED.map(|version| (folder.join(format!("v{version}")), version));
    let present = folders.into_iter().filter(|(folder, _)| folder.is_dir());
    present.map(|(folder, version)| load_folder(&folder, version)).try_fold(Vec::new(), |mut all, cases| {
        all.extend(cases?);
        Ok(all)
    })
}

/// Plays the cases that `selected` names (and the predecessors that they need) and reports on those, in their order.
pub fn play_all(cases: &[Case], world: &mut dyn World, selected: &dyn Fn(&Case) -> bool) -> Vec<Report> {
    play_all_over(cases, world, Wire::Kmip, selected)
}

/// Plays cases as [`play_all`] does, over a wire: those that are about a wire of their own go over that.
pub fn play_all_over(
    cases: &[Case],
    world: &mut dyn World,
    wire: Wire,
    selected: &dyn Fn(&Case) -> bool,
) -> Vec<Report> {
    let report = |case: &Case| {
        let outcome = play(case, cases, world, own_wire(case).unwrap_or(wire));
        Report { name: case.name.clone(), version: case.version, outcome }
    };
    cases.iter().filter(|case| selected(case)).map(report).collect()
}

/// The wire that a case is about (KMIP Additional Message Encodings 1.0).
fn own_wire(case: &Case) -> Option<Wire> {
    let cases = [("MSGENC-HTTPS", Encoding::Ttlv), ("MSGENC-XML", Encoding::Xml), ("MSGENC-JSON", Encoding::Json)];
    let own = cases.into_iter().find(|(prefix, _)| case.base_name().starts_with(prefix));
    own.map(|(_, encoding)| Wire::Https(encoding))
}

/// Plays a case after the ones it follows.
fn play(case: &Case, cases: &[Case], world: &mut dyn World, wire: Wire) -> Outcome {
    if let Some(reason) = unplayable(case) {
        return Outcome::Not(reason.to_owned());
    }
    if is_heard(case) {
        return play_heard(case, world, wire);
    }
    let mut endpoint = match world.fresh_client_over(wire) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => return Outcome::Not("needs HTTPS".to_owned()),
        Err(error) => return Outcome::Fail(format!("no client: {error}")),
    };
    if exchanges_roles(case)
        && let Err(error) = world.let_hear()
    {
        return Outcome::Fail(format!("the client may not hear: {error}"));
    }
    let mut play = Play::new();
    if let Some(earlier) = predecessor(case, cases)
        && let Err(difference) = play.case(earlier, endpoint.as_mut())
    {
        return Outcome::Fail(format!("in its predecessor {}: {difference}", earlier.name));
    }
    play.case(case, endpoint.as_mut()).map_or_else(Outcome::Fail, |()| Outcome::Pass)
}

/// Whether the server sends requests of the case: those of TC-NP are the Notify and Put among them, the one of TC-Q-S2C is its
/// Query.
fn is_heard(case: &Case) -> bool {
    ["TC-NP", "TC-Q-S2C"].iter().any(|prefix| case.base_name().starts_with(prefix))
}

/// Plays a case as a client with a listener.
fn play_heard(case: &Case, world: &mut dyn World, wire: Wire) -> Outcome {
    match world.hearing_client_over(wire, case.version) {
        Ok(Some((mut endpoint, mut listener))) => {
            let played = Play::new().heard_case(case, endpoint.as_mut(), listener.as_mut());
            played.map_or_else(Outcome::Fail, |()| Outcome::Pass)
        }
        Ok(None) => Outcome::Not("needs a client's listener".to_owned()),
        Err(error) => Outcome::Fail(format!("no client: {error}")),
    }
}

/// Whether the client of a case becomes the server in it.
fn exchanges_roles(case: &Case) -> bool {
    let mut items = case.exchanges.iter().flat_map(|exchange| exchange.response.fields());
    items.any(|item| {
        let is = |tag, value| item.field(tag).and_then(Node::as_enumeration) == Some(value);
        is(Tag::Operation, Operation::SetEndpointRole.0) && is(Tag::ResultStatus, ResultStatus::Success.0)
    })
}

fn predecessor<'a>(case: &Case, cases: &'a [Case]) -> Option<&'a Case> {
    let (_, earlier) = CHAINS.iter().find(|(later, _)| *later == case.base_name())?;
    cases.iter().find(|other| other.version == case.version && other.base_name() == *earlier)
}

/// Why a case cannot be played by a client.
pub fn unplayable(case: &Case) -> Option<&'static str> {
    let base = case.base_name();
    match base {
        _ if base.starts_with("TC-OTP") => Some("wants what TC-OTP-SETUP stored, which is not published"),
        _ => None,
    }
}

/// What a play has learned; it goes on through a chain.
pub struct Play {
    facts: Facts,
    now: i64,
}

impl Play {
    /// Starts now.
    pub fn new() -> Self {
        Self::at(clock())
    }

    /// Starts at a time, in seconds since 1970.
    pub fn at(now: i64) -> Self {
        Self { facts: Facts::default(), now }
    }

    /// What is known at the start: the time.
    pub fn variables(&self) -> Variables {
        Variables::at(self.now)
    }

    /// Plays one case; the error tells the first difference.
    pub fn case(&mut self, case: &Case, endpoint: &mut dyn Endpoint) -> Result<(), String> {
        let mut variables = self.variables();
        let any_lists = case.base_name().starts_with("MSGENC");
        let passing = passing(case);
        passing.iter().for_each(|date| variables.move_date(date.date, date.played(self.now)));
        for (step, exchange) in case.exchanges.iter().enumerate() {
            passing.iter().filter(|date| date.before == step).for_each(|date| date.wait(self.now));
            variables = self
                .exchange(case.version, any_lists, exchange, variables, endpoint)
                .map_err(|difference| format!("message {step}: {difference}"))?;
        }
        Ok(())
    }

    /// Plays one case in which the server sends requests, too.
    fn heard_case(
        &mut self,
        case: &Case,
        endpoint: &mut dyn Endpoint,
        listener: &mut dyn Listener,
    ) -> Result<(), String> {
        let mut variables = self.variables();
        for (step, exchange) in case.exchanges.iter().enumerate() {
            let played = match operation_of(&exchange.request) {
                Some(operation @ (Operation::Notify | Operation::Put | Operation::Query)) => {
                    self.heard(case.version, operation, exchange, variables, endpoint, listener)
                }
                _ => self.exchange(case.version, false, exchange, variables, endpoint),
            };
            variables = played.map_err(|difference| format!("message {step}: {difference}"))?;
        }
        Ok(())
    }

    /// Hears one request of the server and answers it; gives what is known after it, or the first difference.
    fn heard(
        &mut self,
        version: Version,
        operation: Operation,
        exchange: &Exchange,
        variables: Variables,
        endpoint: &mut dyn Endpoint,
        listener: &mut dyn Listener,
    ) -> Result<Variables, String> {
        let failed = |error: io::Error| error.to_string();
        match operation {
            Operation::Put => {
                let published = exchange.request.at(&[Tag::BatchItem, Tag::RequestPayload, Tag::UniqueIdentifier]);
                let known = published.and_then(Node::variable).and_then(|name| variables.value(name));
                let Some(ItemValue::Text(id)) = known else { return Err("a Put of an unknown object".to_owned()) };
                listener.put(id.as_str()).map_err(failed)?;
            }
            // The server asks a client for which something waits.
            Operation::Query => {
                let made = message::make(endpoint, V2_1, &message::create_aes("something")).map_err(failed)?;
                listener.put(&made).map_err(failed)?;
            }
            _ => {}
        }
        let heard = hear(listener, &exchange.request)?;
        let comparer = Comparer::new(version, false, &self.facts, variables);
        let variables = comparer.request(&exchange.request, &heard).map_err(|difference| difference.to_string())?;
        let response = variables.resolve(&exchange.response).map_err(|error| error.to_string())?;
        listener.answer(&encode(&response)).map_err(failed)?;
        Ok(variables)
    }

    /// Plays one exchange; gives what is known after it, or the first difference.
    pub fn exchange(
        &mut self,
        version: Version,
        any_lists: bool,
        exchange: &Exchange,
        variables: Variables,
        endpoint: &mut dyn Endpoint,
    ) -> Result<Variables, String> {
        let sent = variables.resolve(&exchange.request).map_err(|error| error.to_string())?;
        self.facts.note_request(&sent);
        let answer = answer(endpoint, &sent, is_pending(&exchange.response))?;
        check_reasons(&answer)?;
        let request = Request { published: &exchange.request, sent: &sent };
        let comparer = Comparer::new(version, any_lists, &self.facts, variables);
        let variables =
            comparer.message(request, &exchange.response, &answer).map_err(|difference| difference.to_string())?;
        self.facts.note_response(&sent, &answer);
        Ok(variables)
    }
}

/// Requests that a server may send before the one of a case: about what the client is.
const MOST_QUESTIONS: usize = 8;

/// The server's next request that asks what the published one asks. What it asks about the client before that is answered as
/// by a client that does not have the operation.
fn hear(listener: &mut dyn Listener, published: &Node) -> Result<Item, String> {
    for _ in 0..MOST_QUESTIONS {
        let heard = listener.hear().map_err(|error| format!("no request of the server: {error}"))?;
        let heard = decode(&heard).map_err(|error| format!("the request is no TTLV: {error}"))?;
        let operation = heard.at(&[Tag::BatchItem, Tag::Operation]).and_then(Tree::as_enumeration).map(Operation);
        let operation = operation.ok_or("a request without an operation")?;
        let function = [Tag::BatchItem, Tag::RequestPayload, Tag::QueryFunction];
        let functions = [
            published.at(&function).and_then(Node::as_enumeration),
            heard.at(&function).and_then(Tree::as_enumeration),
        ];
        let asks = [Operation::DiscoverVersions, Operation::Query].contains(&operation);
        if !asks || (Some(operation) == operation_of(published) && functions[0] == functions[1]) {
            return Ok(heard);
        }
        let version = message_version(&heard).ok_or("a request without a version")?;
        let refusal = message::refusal(version, operation);
        listener.answer(&encode(&refusal)).map_err(|error| error.to_string())?;
    }
    Err("the server only asks".to_owned())
}

fn operation_of(request: &Node) -> Option<Operation> {
    request.at(&[Tag::BatchItem, Tag::Operation]).and_then(Node::as_enumeration).map(Operation)
}

/// How long a Poll is repeated that the case expects to be answered with a result.
const POLLED: Duration = Duration::from_secs(20);

/// Sends a request. How often a client has to Poll depends on the time that the work takes: it is repeated while the answer is
/// Operation Pending, unless that is what the case expects.
fn answer(endpoint: &mut dyn Endpoint, sent: &Item, pending_expected: bool) -> Result<Item, String> {
    let polls = sent.at(&[Tag::BatchItem, Tag::Operation]).and_then(Tree::as_enumeration) == Some(Operation::Poll.0);
    let begun = Instant::now();
    loop {
        let answer = endpoint.exchange(&encode(sent)).map_err(|error| format!("no answer: {error}"))?;
        let answer = decode(&answer).map_err(|error| format!("the answer is no TTLV: {error}"))?;
        let status = answer.at(&[Tag::BatchItem, Tag::ResultStatus]).and_then(Tree::as_enumeration);
        let waits = polls && !pending_expected && status == Some(ResultStatus::OperationPending.0);
        if !waits || begun.elapsed() > POLLED {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether each reason in an answer is one that the answer's version has.
fn check_reasons(answer: &Item) -> Result<(), String> {
    let version = message_version(answer).ok_or("an answer without a version")?;
    let reasons = answer.all(Tag::BatchItem).filter_map(|item| item.field(Tag::ResultReason));
    let mut reasons = reasons.filter_map(Tree::as_enumeration);
    match reasons.find(|reason| !ResultReason::TABLE.is_live(*reason, version)) {
        Some(reason) => Err(format!("KMIP {version} has no reason {}", ResultReason(reason))),
        None => Ok(()),
    }
}

fn is_pending(published: &Node) -> bool {
    let status = published.at(&[Tag::BatchItem, Tag::ResultStatus]).and_then(Node::as_enumeration);
    status == Some(ResultStatus::OperationPending.0)
}

impl Default for Play {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts of a list of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not played.
    pub not_played: usize,
}

/// Counts the reports of one version.
pub fn count(reports: &[Report], version: Version) -> Counts {
    let of = reports.iter().filter(|report| report.version == version);
    of.fold(Counts::default(), |mut counts, report| {
        match report.outcome {
            Outcome::Pass => counts.passed += 1,
            Outcome::Fail(_) => counts.failed += 1,
            Outcome::Not(_) => counts.not_played += 1,
        }
        counts
    })
}

/// Every line and the summary of each version.
pub fn print(reports: &[Report]) {
    reports.iter().for_each(|report| println!("{report}"));
    for version in PUBLISHED {
        let Counts { passed, failed, not_played } = count(reports, version);
        if passed + failed + not_played > 0 {
            println!("KMIP {version}: {passed} passed, {failed} failed, {not_played} not played");
        }
    }
}
