//! Plays cases: chains in order, each chain as a client of its own, and tells for each case how it ended.

use super::case::{Case, CaseError, Exchange, Node, load_folder};
use super::compare::{Comparer, Request};
use super::facts::Facts;
use super::passing::{clock, passing};
use super::variables::Variables;
use crate::encoded::Wire;
use crate::endpoint::{Endpoint, World};
use crate::tree::{Tree, decode, encode};
use kmip_codec::item::Item;
use kmip_codec::registry::{Operation, ResultStatus, Tag};
use kmip_codec::version::{PUBLISHED, Version};
use kmip_codec::wire::Encoding;
use std::fmt;
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
    let mut endpoint = match world.fresh_client_over(wire) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => return Outcome::Not("needs HTTPS".to_owned()),
        Err(error) => return Outcome::Fail(format!("no client: {error}")),
    };
    let mut play = Play::new();
    if let Some(earlier) = predecessor(case, cases)
        && let Err(difference) = play.case(earlier, endpoint.as_mut())
    {
        return Outcome::Fail(format!("in its predecessor {}: {difference}", earlier.name));
    }
    play.case(case, endpoint.as_mut()).map_or_else(Outcome::Fail, |()| Outcome::Pass)
}

fn predecessor<'a>(case: &Case, cases: &'a [Case]) -> Option<&'a Case> {
    let (_, earlier) = CHAINS.iter().find(|(later, _)| *later == case.base_name())?;
    cases.iter().find(|other| other.version == case.version && other.base_name() == *earlier)
}

/// Why a case cannot be played by a client.
pub fn unplayable(case: &Case) -> Option<&'static str> {
    let base = case.base_name();
    match base {
        _ if base.starts_with("TC-NP") || base.starts_with("TC-Q-S2C") => {
            Some("the server would send requests to the client")
        }
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
        let request = Request { published: &exchange.request, sent: &sent };
        let comparer = Comparer::new(version, any_lists, &self.facts, variables);
        let variables =
            comparer.message(request, &exchange.response, &answer).map_err(|difference| difference.to_string())?;
        self.facts.note_response(&sent, &answer);
        Ok(variables)
    }
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
