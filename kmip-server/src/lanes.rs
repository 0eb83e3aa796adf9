//! Lanes: threads that serve connections, one for each processor, each with a runtime of its own. What a connection needs,
//! its socket and its tasks, stays on one of them, so that no request has to wake another thread or to be looked for by one.
//!
//! A new connection goes to the lane with the fewest. Which of them are busy shows only later: where one lane has too much to
//! do and another has time, a busy connection moves ([`Lanes::start`] looks regularly). Its socket then changes the runtime
//! that watches it ([`Socket`]).
//!
//! Work on a lane holds up the other connections there. So there are none where each request may wait for a device or for the
//! disk, as the configuration says at the start: connections share the runtime of the server then.

use std::cell::OnceCell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often the load of the lanes is compared.
const LOOK: Duration = Duration::from_millis(200);
/// Part of a look, in percent, from which a lane has too much to do.
const BUSY: u128 = 75;
/// By how many percent of a look another must have less to do to take a connection over.
const GAP: u128 = 40;
/// A connection that has more of its lane's turns than this, in percent, does not move.
const MOST_TURNS: u64 = 60;
/// How long the end of the lanes waits for their threads.
const PATIENCE: Duration = Duration::from_secs(2);
/// No lane.
const NONE: usize = usize::MAX;

thread_local! {
    /// The lane that this thread is.
    static HERE: OnceCell<Arc<Lane>> = const { OnceCell::new() };
}

/// See the module. Connections are cut when it is dropped.
pub struct Lanes {
    lanes: Arc<[Arc<Lane>]>,
    threads: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
    looking: Option<AbortHandle>,
}

struct Lane {
    number: usize,
    runtime: Handle,
    /// Connections.
    open: AtomicUsize,
    /// How often was looked at the load.
    looks: AtomicU64,
    /// Turns of connections since the last look.
    turns: AtomicU64,
    /// Connections that had one.
    active: AtomicUsize,
    /// The lane that the next connection with a turn moves to.
    relieved_by: AtomicUsize,
}

impl Lanes {
    /// None: connections are served by the runtime that accepts them.
    pub fn none() -> Self {
        Self { lanes: Arc::default(), threads: Vec::new(), looking: None }
    }

    /// So many lanes, inside the runtime that compares their load.
    pub fn start(count: usize) -> io::Result<Self> {
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for number in 0..count {
            let ((go_on, end), (tell, told)) = (oneshot::channel(), channel());
            let serve = move || Lane::serve(number, &tell, end);
            threads.push((go_on, thread::Builder::new().name(format!("lane-{number}")).spawn(serve)?));
            lanes.push(told.recv().map_err(io::Error::other)??);
        }
        let lanes: Arc<[Arc<Lane>]> = lanes.into();
        let looking = (count > 1).then(|| tokio::spawn(look_again_and_again(Arc::clone(&lanes))).abort_handle());
        Ok(Self { lanes, threads, looking })
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lanes.len()
    }

    /// Serves a connection on a lane, or on this runtime if there is none.
    pub fn serve<F>(&self, tcp: TcpStream, serve: impl FnOnce(Socket) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let future = serve(Socket { tcp: Some(tcp), lane: NONE });
        match self.lanes.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed)) {
            None => drop(tokio::spawn(future)),
            Some(lane) => {
                let place = Place::on(Arc::clone(lane));
                let (future, lanes) = (Box::pin(future), Arc::clone(&self.lanes));
                Served { future, place, had: Had::default(), lanes }.go_on();
            }
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if let Some(looking) = &self.looking {
            looking.abort();
        }
        // All are told before one is waited for.
        let threads: Vec<_> = mem::take(&mut self.threads).into_iter().map(|(_, thread)| thread).collect();
        let until = Instant::now() + PATIENCE;
        while threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

impl Lane {
    fn new(number: usize, runtime: Handle) -> Self {
        Self {
            number,
            runtime,
            open: AtomicUsize::new(0),
            looks: AtomicU64::new(1),
            turns: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            relieved_by: AtomicUsize::new(NONE),
        }
    }

    /// Is a lane on this thread, and tells so, until the end is told.
    fn serve(number: usize, tell: &Sender<io::Result<Arc<Self>>>, end: oneshot::Receiver<()>) {
        let runtime = match Builder::new_current_thread().enable_all().thread_name("lane-pool").build() {
            Ok(runtime) => runtime,
            Err(error) => return tell.send(Err(error)).unwrap_or_default(),
        };
        let lane = Arc::new(Self::new(number, runtime.handle().clone()));
        // It is this thread's first.
        let _ = HERE.with(|here| here.set(Arc::clone(&lane)));
        if tell.send(Ok(lane)).is_ok() {
            // Nothing is ever sent: this ends when the sender is gone.
            let _ = runtime.block_on(end);
        }
        // What hangs in a pool must not keep the server.
        runtime.shutdown_background();
    }

    /// Notes that a connection has a turn. Tells where it is to go on, if not here.
    fn turn(&self, had: &mut Had) -> Option<usize> {
        let looks = self.looks.load(Ordering::Relaxed);
        let turns = self.turns.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if had.looks != looks {
            *had = Had { looks, turns: 1 };
            self.active.fetch_add(1, Ordering::Relaxed);
            // One that has no other turn until the next look is not busy.
            return None;
        }
        had.turns = had.turns.saturating_add(1);
        // One that keeps this lane busy by itself would do so elsewhere.
        let is_most = had.turns.saturating_mul(100) > turns.saturating_mul(MOST_TURNS);
        if is_most || self.relieved_by.load(Ordering::Relaxed) == NONE {
            return None;
        }
        Some(self.relieved_by.swap(NONE, Ordering::Relaxed)).filter(|number| *number != NONE)
    }

    /// Notes that a connection which had a turn has left.
    fn left(&self) {
        // A look in between has counted anew: then there may be nothing to take back.
        let _ = self.active.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |active| active.checked_sub(1));
    }

    /// For how long it has worked since it began.
    fn worked(&self) -> Duration {
        self.runtime.metrics().worker_total_busy_duration(0)
    }
}

/// Compares the load of the lanes, and has one that has too much to do give a connection away.
async fn look_again_and_again(lanes: Arc<[Arc<Lane>]>) {
    let mut worked: Vec<Duration> = lanes.iter().map(|lane| lane.worked()).collect();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.tick().await;
    let mut last = Instant::now();
    loop {
        looks.tick().await;
        let since = mem::replace(&mut last, Instant::now()).elapsed();
        let loads = lanes.iter().zip(&mut worked).map(|(lane, before)| {
            let now = lane.worked();
            let load = percent(now.saturating_sub(mem::replace(before, now)), since);
            lane.turns.store(0, Ordering::Relaxed);
            lane.looks.fetch_add(1, Ordering::Relaxed);
            (load, lane.active.swap(0, Ordering::Relaxed))
        });
        let wish = relief(&loads.collect::<Vec<_>>());
        for lane in &*lanes {
            let by = wish.and_then(|(from, to)| (from == lane.number).then_some(to));
            lane.relieved_by.store(by.unwrap_or(NONE), Ordering::Relaxed);
        }
    }
}

fn percent(part: Duration, whole: Duration) -> u128 {
    part.as_micros().saturating_mul(100).checked_div(whole.as_micros()).unwrap_or(0)
}

/// Which lane gives a connection to which, by their loads in percent and the connections that had a turn.
fn relief(loads: &[(u128, usize)]) -> Option<(usize, usize)> {
    let (from, (most, active)) = loads.iter().enumerate().max_by_key(|(_, (load, _))| load)?;
    let (to, (least, _)) = loads.iter().enumerate().min_by_key(|(_, (load, _))| load)?;
    // One busy connection is as busy elsewhere.
    (*active > 1 && *most >= BUSY && most.saturating_sub(*least) >= GAP).then_some((from, to))
}

/// Lets the connections of this lane have their turns that wait for one. It does not look for those that could have one,
/// which takes longer than what is waited for.
pub async fn others_first() {
    let mut goes_on = HERE.with(|here| here.get().is_none());
    poll_fn(|cx| {
        if mem::replace(&mut goes_on, true) {
            return Poll::Ready(());
        }
        // At once: behind those that wait.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The place of a connection on its lane.
struct Place(Arc<Lane>);

impl Place {
    fn on(lane: Arc<Lane>) -> Self {
        lane.open.fetch_add(1, Ordering::Relaxed);
        Self(lane)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The turns of a connection on its lane since a look.
#[derive(Default)]
struct Had {
    looks: u64,
    turns: u64,
}

/// A connection that is served on a lane.
struct Served<F> {
    future: Pin<Box<F>>,
    place: Place,
    had: Had,
    lanes: Arc<[Arc<Lane>]>,
}

impl<F: Future<Output = ()> + Send + 'static> Served<F> {
    /// Has it served on the lane that it has its place on.
    fn go_on(self) {
        let runtime = self.place.0.runtime.clone();
        drop(runtime.spawn(Turns(Some(self))));
    }
}

/// The task of a connection on one lane; it ends where the connection moves.
struct Turns<F>(Option<Served<F>>);

impl<F: Future<Output = ()> + Send + 'static> Future for Turns<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(served) = &mut this.0 else { return Poll::Ready(()) };
        let next = served.place.0.turn(&mut served.had).and_then(|number| served.lanes.get(number));
        let Some(next) = next.cloned() else { return served.future.as_mut().poll(cx) };
        // Its first turn there polls all that it waits for, so nothing that happens meanwhile is lost.
        if let Some(served) = this.0.take() {
            served.place.0.left();
            Served { place: Place::on(next), had: Had::default(), ..served }.go_on();
        }
        Poll::Ready(())
    }
}

/// A socket that the runtime watches on whose lane it is used.
pub struct Socket {
    /// Missing once no runtime wanted to watch it.
    tcp: Option<TcpStream>,
    /// The lane that watches it.
    lane: usize,
}

impl Socket {
    /// Sends small writes at once.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.tcp.as_ref().ok_or(io::ErrorKind::NotConnected)?.set_nodelay(true)
    }

    fn here(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let here = HERE.with(|here| here.get().map_or(NONE, |lane| lane.number));
        if self.lane != here {
            let unwatched = self.tcp.take().map(TcpStream::into_std).transpose()?;
            self.tcp = unwatched.map(TcpStream::from_std).transpose()?;
            self.lane = here;
        }
        self.tcp.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.get_mut().here()?.poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().here()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().here()?.poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.as_ref().is_some_and(TcpStream::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().here()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().here()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    /// Longest that a test waits for anything.
    const TEST_PATIENCE: Duration = Duration::from_secs(20);

    /// Serves one connection, which a client opens, and gives the client's end.
    async fn opened<F>(lanes: &Lanes, serve: impl FnOnce(Socket) -> F) -> TcpStream
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        lanes.serve(server, serve);
        client
    }

    fn lane() -> u8 {
        HERE.with(|here| here.get().map_or(u8::MAX, |lane| lane.number as u8))
    }

    /// Answers each byte with the number of the lane; one that is not zero after work.
    async fn tell_lane(mut socket: Socket) {
        let mut byte = [0];
        while socket.read_exact(&mut byte).await.is_ok() {
            let since = Instant::now();
            while byte != [0] && since.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
            if socket.write_all(&[lane()]).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Sends bytes, and gives the last answer.
    async fn ask(client: &mut TcpStream, bytes: &[u8]) -> io::Result<u8> {
        client.write_all(bytes).await?;
        let mut answers = vec![0; bytes.len()];
        timeout(TEST_PATIENCE, client.read_exact(&mut answers)).await??;
        answers.pop().ok_or_else(|| io::Error::other("nothing was asked"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_are_spread() {
        let lanes = Lanes::start(2).unwrap();
        let mut clients = Vec::new();
        for expected in [0, 1, 0, 1] {
            let mut client = opened(&lanes, tell_lane).await;
            assert_eq!(ask(&mut client, &[0]).await.unwrap(), expected);
            clients.push(client);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_lanes_the_runtime_serves() {
        let mut client = opened(&Lanes::none(), tell_lane).await;
        assert_eq!(ask(&mut client, &[0]).await.unwrap(), u8::MAX);
    }

    /// Two busy connections on one lane beside an idle one on the other: one of the busy ones moves, and its socket with it.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_busy_connection_moves_to_a_lane_that_has_time() {
        const WORK: [u8; 200] = [1; 200];
        let lanes = Lanes::start(2).unwrap();
        let (mut first, _idle, mut second) =
            (opened(&lanes, tell_lane).await, opened(&lanes, tell_lane).await, opened(&lanes, tell_lane).await);
        let parted = timeout(TEST_PATIENCE, async {
            loop {
                let (one, other) = tokio::join!(ask(&mut first, &WORK), ask(&mut second, &WORK));
                if one.unwrap() != other.unwrap() {
                    return;
                }
            }
        });
        parted.await.expect("one moves");
        let open: usize = lanes.lanes.iter().map(|lane| lane.open.load(Ordering::Relaxed)).sum();
        assert_eq!(open, 3);
    }

    /// Two connections that are ready at once, on one lane: each lets the other begin before it goes on.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_connection_lets_others_begin_that_are_ready() {
        let lanes = Lanes::start(1).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut clients = Vec::new();
        for _ in 0..2 {
            let told = Arc::clone(&told);
            let serve = |mut socket: Socket| async move {
                socket.read_u8().await.unwrap();
                told.lock().unwrap().push("begins");
                others_first().await;
                told.lock().unwrap().push("goes on");
                socket.write_u8(0).await.unwrap();
            };
            clients.push(opened(&lanes, serve).await);
        }
        // The lane is kept until both are ready.
        let (go_on, kept) = channel::<()>();
        let mut keeper = opened(&lanes, |mut socket: Socket| async move {
            socket.write_u8(0).await.unwrap();
            let _ = kept.recv();
        })
        .await;
        keeper.read_u8().await.unwrap();
        for client in &mut clients {
            client.write_u8(0).await.unwrap();
        }
        drop(go_on);
        for client in &mut clients {
            timeout(TEST_PATIENCE, client.read_u8()).await.unwrap().unwrap();
        }
        assert_eq!(*told.lock().unwrap(), ["begins", "begins", "goes on", "goes on"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_place_is_free_again_after_its_connection_and_all_are_cut_at_the_end() {
        let lanes = Lanes::start(2).unwrap();
        let mut stays = opened(&lanes, tell_lane).await;
        for _ in 0..3 {
            let mut client = opened(&lanes, tell_lane).await;
            assert_eq!(ask(&mut client, &[0]).await.unwrap(), 1);
            drop(client);
            let gone = timeout(TEST_PATIENCE, async {
                while lanes.lanes[1].open.load(Ordering::Relaxed) > 0 {
                    tokio::task::yield_now().await;
                }
            });
            gone.await.expect("the place is free");
        }
        drop(lanes);
        assert!(ask(&mut stays, &[0]).await.is_err(), "it is cut");
    }

    #[test]
    fn one_that_keeps_a_lane_busy_by_itself_does_not_move() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let lane = Lane::new(0, runtime.handle().clone());
        let (mut busy, mut other) = (Had::default(), Had::default());
        lane.turn(&mut busy);
        lane.turn(&mut other);
        lane.relieved_by.store(1, Ordering::Relaxed);
        for _ in 0..10 {
            assert_eq!(lane.turn(&mut busy), None);
        }
        assert_eq!(lane.turn(&mut other), Some(1));
        assert_eq!(lane.turn(&mut other), None, "one moves");
        assert_eq!(lane.active.load(Ordering::Relaxed), 2);
        lane.left();
        assert_eq!(lane.active.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_lane_is_relieved_only_where_that_helps() {
        assert_eq!(relief(&[(90, 2), (10, 1)]), Some((0, 1)));
        assert_eq!(relief(&[(20, 3), (60, 1), (99, 4)]), Some((2, 0)));
        assert_eq!(relief(&[(90, 1), (0, 0)]), None, "one busy connection is as busy elsewhere");
        assert_eq!(relief(&[(70, 4), (0, 0)]), None, "it can do more");
        assert_eq!(relief(&[(95, 4), (60, 4)]), None, "the other is busy, too");
        assert_eq!(relief(&[]), None);
    }
}
