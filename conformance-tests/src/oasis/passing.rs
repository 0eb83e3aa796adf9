//! Dates that pass during a case. TC-92-10 sets a Deactivation Date of 13:03:59 at 13:01:59 and finds the key Deactivated at
//! 13:04:00: played at another time, that date must lie between the same two messages, so it moves there, and the play waits.

use super::case::{Case, Content, Node};
use kmip_codec::item::ItemValue;
use kmip_codec::registry::Tag;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Steps of the printed clock that are no more than the time a message takes.
const ORDINARY_STEP: i64 = 5;
/// When a date that passes comes after the play starts, in seconds: the messages before it need that time.
const COMES_AFTER: i64 = 4;

/// A date in a request that lies between the printed times of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passing {
    /// As printed.
    pub date: i64,
    /// The message before which it has passed.
    pub before: usize,
}

/// The dates of a case that pass while it is played.
pub fn passing(case: &Case) -> Vec<Passing> {
    let mut sent = Vec::new();
    case.exchanges.iter().for_each(|exchange| dates(&exchange.request, &mut sent));
    let times: Vec<Option<i64>> = case.exchanges.iter().map(|exchange| printed_time(&exchange.response)).collect();
    let mut found = Vec::new();
    for (at, pair) in times.windows(2).enumerate() {
        let &[Some(earlier), Some(later)] = pair else { continue };
        if later - earlier > ORDINARY_STEP {
            let within = sent.iter().filter(|date| earlier < **date && **date < later);
            found.extend(within.map(|date| Passing { date: *date, before: at + 1 }));
        }
    }
    found
}

fn printed_time(response: &Node) -> Option<i64> {
    match response.at(&[Tag::ResponseHeader, Tag::TimeStamp])?.content {
        Content::Fixed(ItemValue::DateTime(seconds)) => Some(seconds),
        _ => None,
    }
}

fn dates(node: &Node, found: &mut Vec<i64>) {
    if let Content::Fixed(ItemValue::DateTime(seconds)) = node.content {
        found.push(seconds);
    }
    node.fields().iter().for_each(|field| dates(field, found));
}

/// Seconds since 1970.
pub fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Passing {
    /// When the date comes in a play that starts at `now`.
    pub fn played(self, now: i64) -> i64 {
        now + COMES_AFTER
    }

    /// Waits until the date has passed.
    pub fn wait(self, now: i64) {
        while clock() <= self.played(now) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}
