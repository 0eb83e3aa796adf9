//! The state of a device, under its lock: condition, connection, sessions and the calls that are under way.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cryptoki::mechanism::MechanismType;
use cryptoki::session::Session;

use super::connection::{Connected, Handles};
use super::status::DeviceState;

/// Whether a device is believed to work. That it is stuck follows from its calls.
#[derive(Debug)]
pub(super) enum Condition {
    Serves,
    Lost { reason: String, since: Instant, for_good: bool },
}

/// The state of a device.
pub(super) struct Pool {
    pub(super) condition: Condition,
    /// Counts the connections.
    pub(super) number: u64,
    /// The epoch of the module that handles and sessions belong to.
    pub(super) epoch: u64,
    pub(super) handles: Option<Handles>,
    pub(super) mechanisms: Vec<MechanismType>,
    anchor: Option<Session>,
    /// Sessions that nobody uses; a session belongs to one thread at a time.
    pub(super) idle: Vec<Session>,
    lent: usize,
    sessions: usize,
    /// How many sessions the token takes, if that is fewer than `sessions`.
    ceiling: usize,
    /// When each call under way is due.
    calls: HashMap<u64, Instant>,
    last_call: u64,
    /// A thread connects; the others wait.
    pub(super) connecting: bool,
    /// The vault is gone.
    pub(super) closing: bool,
    /// Whether the last loss was of a kind that time does not mend.
    pub(super) hopeless: bool,
}

impl Pool {
    pub(super) fn new(sessions: usize) -> Self {
        Self {
            condition: Condition::Lost {
                reason: "not connected yet".to_owned(),
                since: Instant::now(),
                for_good: false,
            },
            number: 0,
            epoch: 0,
            handles: None,
            mechanisms: Vec::new(),
            anchor: None,
            idle: Vec::new(),
            lent: 0,
            sessions: sessions.max(1),
            ceiling: sessions.max(1),
            calls: HashMap::new(),
            last_call: 0,
            connecting: false,
            closing: false,
            hopeless: false,
        }
    }

    /// The state for reports.
    pub(super) fn state(&self) -> DeviceState {
        match (&self.condition, self.overdue()) {
            (Condition::Lost { reason, since, for_good }, _) => {
                DeviceState::Lost { reason: reason.clone(), since: since.elapsed(), for_good: *for_good }
            }
            (Condition::Serves, Some(overdue)) => DeviceState::Stuck { overdue },
            (Condition::Serves, None) => DeviceState::Serves,
        }
    }

    /// Why no call may enter, if none may.
    pub(super) fn refusal(&self) -> Option<String> {
        match self.state() {
            DeviceState::Serves => None,
            other => Some(other.to_string()),
        }
    }

    /// Whether it makes sense to connect a lost device.
    pub(super) fn can_recover(&self) -> bool {
        matches!(self.condition, Condition::Lost { for_good: false, .. }) && self.overdue().is_none()
    }

    /// Takes note of a loss; `true` if the device served until now.
    pub(super) fn lose(&mut self, reason: String, for_good: bool) -> bool {
        let (since, served) = match &self.condition {
            Condition::Serves => (Instant::now(), true),
            Condition::Lost { for_good: true, .. } => return false,
            Condition::Lost { since, .. } => (*since, false),
        };
        self.condition = Condition::Lost { reason, since, for_good };
        served
    }

    /// Takes up a new connection; tells how long the device was lost, if it was.
    pub(super) fn connect(&mut self, connected: Connected, epoch: u64) -> Option<Duration> {
        self.handles = Some(connected.handles);
        self.mechanisms = connected.mechanisms;
        self.anchor = Some(connected.anchor);
        self.ceiling = self.sessions;
        self.epoch = epoch;
        self.number = self.number.saturating_add(1);
        match std::mem::replace(&mut self.condition, Condition::Serves) {
            Condition::Serves => None,
            Condition::Lost { since, .. } => Some(since.elapsed()),
        }
    }

    /// All sessions, to be closed. Those of an epoch that has ended are dead already.
    pub(super) fn take_all(&mut self, epoch: u64) -> Vec<Session> {
        let sessions = self.idle.drain(..).chain(self.anchor.take());
        sessions.filter(|_| self.epoch == epoch).collect()
    }

    /// The idle sessions of a connection, to be closed.
    pub(super) fn take_idle(&mut self, number: u64, epoch: u64) -> Vec<Session> {
        match self.number == number && self.epoch == epoch {
            true => std::mem::take(&mut self.idle),
            false => Vec::new(),
        }
    }

    /// Whether a call would get a session at once.
    pub(super) fn is_free(&self) -> bool {
        !self.connecting && !self.is_exhausted() && self.refusal().is_none()
    }

    /// Whether every session is lent.
    pub(super) fn is_exhausted(&self) -> bool {
        self.lent >= self.ceiling
    }

    /// The token takes no more sessions than are lent now; `false` if that is none.
    pub(super) fn lower_ceiling(&mut self) -> bool {
        if self.lent > 0 {
            self.ceiling = self.lent;
        }
        self.lent > 0
    }

    /// Lends the right to a session, and one that is idle.
    pub(super) fn lend(&mut self, due: Instant) -> (u64, Option<Session>) {
        self.lent = self.lent.saturating_add(1);
        (self.register(due), self.idle.pop())
    }

    /// Ends what [`Pool::lend`] began. Tells how late it is, if it is late and still news.
    pub(super) fn give_back(&mut self, call: u64) -> Option<Duration> {
        self.lent = self.lent.saturating_sub(1);
        self.end(call).filter(|_| matches!(self.condition, Condition::Serves))
    }

    /// Begins a call.
    pub(super) fn register(&mut self, due: Instant) -> u64 {
        self.last_call = self.last_call.wrapping_add(1);
        self.calls.insert(self.last_call, due);
        self.last_call
    }

    /// Ends a call; tells how late it is.
    pub(super) fn end(&mut self, call: u64) -> Option<Duration> {
        let due = self.calls.remove(&call)?;
        Instant::now().checked_duration_since(due).filter(|late| !late.is_zero())
    }

    /// When the next call is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.calls.values().min().copied()
    }

    /// How late the latest call is, if one is.
    pub(super) fn overdue(&self) -> Option<Duration> {
        let late = Instant::now().checked_duration_since(self.next_due()?)?;
        (!late.is_zero()).then_some(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serving(sessions: usize) -> Pool {
        Pool { condition: Condition::Serves, ..Pool::new(sessions) }
    }

    fn due_in(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    fn overdue() -> Instant {
        Instant::now() - Duration::from_secs(2)
    }

    #[test]
    fn a_pool_lends_no_more_than_its_ceiling() {
        let mut pool = serving(2);
        let (first, _) = pool.lend(due_in(9));
        assert!(!pool.is_exhausted());
        pool.lend(due_in(9));
        assert!(pool.is_exhausted());
        assert_eq!(pool.give_back(first), None);
        assert!(!pool.is_exhausted());
        assert!(pool.lower_ceiling(), "one is lent, so one can be waited for");
        assert!(pool.is_exhausted());
        assert!(!serving(2).lower_ceiling(), "nobody would give a session back");
    }

    #[test]
    fn an_overdue_call_makes_a_device_stuck_and_its_return_is_told() {
        let mut pool = serving(2);
        let (call, _) = pool.lend(overdue());
        assert!(matches!(pool.state(), DeviceState::Stuck { overdue } if overdue.as_secs() >= 2));
        assert!(pool.refusal().unwrap().contains("overdue"));
        assert!(pool.give_back(call).unwrap().as_secs() >= 2);
        assert_eq!(pool.refusal(), None);
        let (call, _) = pool.lend(overdue());
        pool.lose("gone".to_owned(), false);
        assert!(!pool.can_recover(), "a call is still inside");
        assert_eq!(pool.give_back(call), None, "lost already");
        assert!(pool.can_recover());
    }

    #[test]
    fn a_loss_is_news_once_and_keeps_its_time() {
        let mut pool = serving(1);
        assert!(pool.lose("gone".to_owned(), false));
        assert!(!pool.lose("other".to_owned(), false));
        assert!(pool.refusal().unwrap().contains("other"));
        assert!(pool.can_recover());
    }

    #[test]
    fn a_refused_pin_stays_refused() {
        let mut pool = serving(1);
        pool.lose("C_Login: PinIncorrect".to_owned(), true);
        assert!(!pool.can_recover());
        assert!(!pool.lose("C_Encrypt: DeviceRemoved".to_owned(), false));
        let refusal = pool.refusal().unwrap();
        assert!(refusal.contains("PinIncorrect") && refusal.contains("not tried again"), "{refusal}");
        assert!(!pool.can_recover());
    }
}
