//! Places for long work. Whoever asks for much waits behind himself: of each client no more wait in the common queue than there
//! are places, so that others come in between, one for one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// See the module.
pub(crate) struct Pool {
    all: Arc<Semaphore>,
    places: usize,
    /// The turns of each client that has work here.
    of: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place, as long as it lives. The common one is given back first: the next in the queue is of whoever waited longest, and
/// only then comes more of the same client into it.
pub(crate) struct Place {
    _common: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool with so many places.
    pub fn new(places: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(places)), places, of: Mutex::default() }
    }

    /// Waits for a place for a client's work.
    pub async fn place(&self, client: &str) -> Result<Place, AcquireError> {
        let own = self.turns_of(client).acquire_owned().await?;
        let common = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Place { _common: common, _own: own })
    }

    fn turns_of(&self, client: &str) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that wait or work hold theirs.
        of.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(of.entry(client.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.places))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_asks_for_much_lets_others_in_between() {
        let pool = Pool::new(2);
        let (mut first, mut second) = (pin!(pool.place("greedy")), pin!(pool.place("greedy")));
        let Poll::Ready(Ok(first)) = poll(first.as_mut()) else { panic!("there is room") };
        let Poll::Ready(Ok(_second)) = poll(second.as_mut()) else { panic!("there is room for all of it") };
        let mut more = Vec::from_iter((0..100).map(|_| Box::pin(pool.place("greedy"))));
        assert!(more.iter_mut().all(|one| poll(one.as_mut()).is_pending()));
        let mut modest = pin!(pool.place("modest"));
        assert!(poll(modest.as_mut()).is_pending());
        drop(first);
        assert!(more.iter_mut().all(|one| poll(one.as_mut()).is_pending()), "those that asked before");
        let Poll::Ready(Ok(modest)) = poll(modest.as_mut()) else { panic!("the next is the other's") };
        drop(modest);
        let mut given = more.iter_mut().map(|one| poll(one.as_mut()));
        assert!(matches!(given.next(), Some(Poll::Ready(Ok(_)))) && given.len() == 99);
    }

    #[test]
    fn clients_without_work_are_forgotten() {
        let pool = Pool::new(1);
        for client in ["a", "b"] {
            let mut place = pin!(pool.place(client));
            assert!(matches!(poll(place.as_mut()), Poll::Ready(Ok(_))));
        }
        assert_eq!(pool.of.lock().unwrap().len(), 1, "the last one is, when the next comes");
    }
}
