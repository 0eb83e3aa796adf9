//! One KMIP connection: frames in, replies out, in order.
//!
//! All whole messages at hand are answered before one write sends all replies. An idle connection keeps two small
//! buffers. Memory grows with the bytes that arrived, not with the length that a header claims. No timer is armed for a
//! request: one sleeping timer is moved only when its deadline comes nearer or has passed.

use crate::config::Limits;
use crate::frame::{self, Frame, FrameError};
use crate::lanes::{self, Socket};
use crate::listener::{Protocol, Session, next_phase};
use crate::metrics::Metrics;
use crate::service::{Peer, Reply, Service};
use crate::shell::{Live, Phase, Shell};
use crate::speaking::{GROWTH_AHEAD, KEPT_BUFFER, SMALLEST_READ, Speaker, send};
use crate::tls::{Identity, PeerRefusal};
use crate::wire::WireBuffer;
use kmip_core::links::Standing;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tracing::{debug, info, warn};

/// Inbound buffer of a new connection.
const FIRST_BUFFER: usize = 4 * 1024;
/// Replies are collected up to this before they are written.
const WRITE_BATCH: usize = 32 * 1024;
/// After so much work for one connection others have a turn.
const TURN: Duration = Duration::from_millis(1);
/// Answers that took less and that have something due wait for those to other requests that have come, too, so that one write
/// to the audit log takes the lines of all.
const SHORT: Duration = Duration::from_micros(100);

/// KMIP in TTLV over TLS.
pub struct Kmip {
    /// Answers the requests.
    pub service: Arc<dyn Service>,
    /// What the listeners share.
    pub shell: Arc<Shell>,
}

impl Protocol for Kmip {
    fn listener(&self) -> &'static str {
        "kmip"
    }

    fn identity(&self, live: &Live) -> Identity {
        live.material.kmip.clone()
    }

    async fn serve(&self, session: Session) {
        let metrics = &self.shell.metrics;
        let peer = Peer::new(session.named.name, session.named.certificate, session.remote);
        let peer = Arc::new(peer.with_exchangeable_roles());
        debug!(client = peer.client, remote = %peer.remote, "connected");
        let mut connection = Connection {
            stream: session.stream,
            service: &*self.service,
            shell: &self.shell,
            metrics,
            peer: &peer,
            limits: session.limits,
            inbound: WireBuffer::new(FIRST_BUFFER),
            outbound: WireBuffer::new(0),
            turn: Instant::now(),
            stopping: false,
        };
        let end = connection.run(session.phase).await;
        connection.close(&end).await;
    }
}

/// Why a connection ended.
#[derive(Debug, Error)]
pub(crate) enum End {
    #[error("the peer closed the connection")]
    Peer,
    #[error("the peer closed the connection inside a message")]
    Torn,
    #[error("the server stops")]
    Stopping,
    #[error(
        "no request within kmip.limits.idle_timeout_s, or nothing to say within kmip.limits.exchanged_idle_timeout_s"
    )]
    Idle,
    #[error("a message did not arrive whole within kmip.limits.message_timeout_s")]
    SlowMessage,
    #[error("a reply was not taken within kmip.limits.message_timeout_s")]
    SlowReader,
    #[error("no answer within kmip.limits.request_timeout_s")]
    RequestTimeout,
    #[error("framing lost: {0}")]
    Framing(#[from] FrameError),
    #[error("{0}")]
    Untrusted(PeerRefusal),
    #[error("the engine gave no answer")]
    Engine,
    #[error("roles are exchanged, and the client sends what answers nothing")]
    OutOfTurn,
    #[error("roles are exchanged, and the client gave no response within kmip.limits.request_timeout_s")]
    NoResponse,
    #[error("roles are exchanged, and the client's response cannot be used: {0}")]
    Response(String),
    #[error("replies withheld: {0}")]
    Settle(io::Error),
    #[error("{0}")]
    Socket(#[from] io::Error),
}

impl End {
    fn label(&self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Torn => "peer_inside_message",
            Self::Stopping => "stopping",
            Self::Idle => "idle",
            Self::SlowMessage => "slow_message",
            Self::SlowReader => "slow_reader",
            Self::RequestTimeout => "request_timeout",
            Self::Framing(_) => "framing",
            Self::Untrusted(_) => "untrusted",
            Self::Engine => "engine",
            Self::OutOfTurn => "out_of_turn",
            Self::NoResponse => "no_response",
            Self::Response(_) => "response",
            Self::Settle(_) => "settle",
            Self::Socket(_) => "socket",
        }
    }
}

/// What a future gives, and whether it had to be waited for.
async fn noting_waits<T>(future: impl Future<Output = T>) -> (T, bool) {
    let (mut future, mut waited) = (pin!(future), false);
    let event = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        waited |= polled.is_pending();
        polled
    });
    (event.await, waited)
}

/// Whether what the server says of its own accord may still go to who showed a certificate.
fn check_standing(peer: &Peer, service: &dyn Service) -> Result<(), End> {
    let certificate = &peer.certificate;
    if OffsetDateTime::now_utc().unix_timestamp() > certificate.not_after {
        return Err(End::Untrusted(PeerRefusal::NotNow));
    }
    match service.standing(&certificate.fingerprint) {
        Some(Standing::Replaced) => return Err(End::Untrusted(PeerRefusal::Replaced)),
        Some(Standing::Registered(_)) | None => {}
    }
    let barred = service.barred(&peer.client, Some(&certificate.fingerprint));
    barred.map_or(Ok(()), |why| Err(End::Untrusted(PeerRefusal::Barred(why.to_owned()))))
}

struct Connection<'a> {
    stream: TlsStream<Socket>,
    service: &'a dyn Service,
    shell: &'a Shell,
    metrics: &'a Metrics,
    peer: &'a Arc<Peer>,
    limits: Limits,
    inbound: WireBuffer,
    outbound: WireBuffer,
    /// Since when it works without a pause.
    turn: Instant,
    stopping: bool,
}

/// What a connection waits for.
enum Event {
    Read(io::Result<usize>),
    Timer,
    Phase(watch::Receiver<Phase>, Phase),
}

impl Connection<'_> {
    async fn run(&mut self, phase: watch::Receiver<Phase>) -> End {
        match self.serve(phase).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn serve(&mut self, mut phase: watch::Receiver<Phase>) -> Result<std::convert::Infallible, End> {
        // A change that came during the handshake counts now.
        let current = *phase.borrow();
        if phase.has_changed().unwrap_or(true) {
            phase.mark_unchanged();
            self.phase_changed(current)?;
        }
        let mut signal = pin!(next_phase(phase));
        let mut since = Instant::now();
        let mut timer = pin!(sleep_until(since + self.limits.idle_timeout()));
        loop {
            self.make_room();
            let next = async {
                tokio::select! {
                    biased;
                    (phase, now) = signal.as_mut() => Event::Phase(phase, now),
                    read = self.stream.read(self.inbound.spare()) => Event::Read(read),
                    () = timer.as_mut() => Event::Timer,
                }
            };
            let (event, waited) = noting_waits(next).await;
            if waited {
                self.turn = Instant::now();
            } else {
                self.pause().await?;
            }
            match event {
                Event::Read(read) => {
                    let began = self.inbound.is_empty();
                    self.take(read?)?;
                    let mut answered = self.answer_all().await?;
                    while self.peer.roles.are_exchanged() {
                        Box::pin(self.serve_as_client()).await?;
                        // With its role back the client may have gone on at once.
                        self.answer_all().await?;
                        answered = true;
                    }
                    if began || answered {
                        since = Instant::now();
                    }
                    self.advance_timer(timer.as_mut(), since);
                }
                Event::Timer => self.timer_fired(timer.as_mut(), since)?,
                Event::Phase(phase, now) => {
                    signal.set(next_phase(phase));
                    self.phase_changed(now)?;
                }
            }
        }
    }

    /// Lets others have their turns, if this one has lasted for long. What is answered leaves before.
    async fn pause(&mut self) -> Result<(), End> {
        if self.turn.elapsed() >= TURN {
            self.send_outbound().await?;
            tokio::task::yield_now().await;
            self.turn = Instant::now();
        }
        Ok(())
    }

    /// Room for the rest of the message that has begun, or for whatever comes.
    fn make_room(&mut self) {
        let missing = match frame::check(self.inbound.filled(), self.limits.message_bytes) {
            Ok(Frame::Partial(length)) => length.saturating_sub(self.inbound.len()),
            _ => 0,
        };
        self.inbound.reserve(missing.clamp(SMALLEST_READ, GROWTH_AHEAD));
    }

    fn take(&mut self, count: usize) -> Result<(), End> {
        if count == 0 {
            return Err(if self.inbound.is_empty() { End::Peer } else { End::Torn });
        }
        self.inbound.fill(count);
        Ok(())
    }

    /// Answers every whole message; tells whether there was one.
    async fn answer_all(&mut self) -> Result<bool, End> {
        let mut answered = false;
        let end = loop {
            match frame::check(self.inbound.filled(), self.limits.message_bytes) {
                Ok(Frame::Whole(length)) => {
                    answered = true;
                    if let Err(end) = self.answer(length).await {
                        break Some(end);
                    }
                    // What follows is a response, if anything.
                    if self.peer.roles.are_exchanged() {
                        break None;
                    }
                    if !self.inbound.is_empty()
                        && let Err(end) = self.pause().await
                    {
                        break Some(end);
                    }
                }
                Ok(Frame::Partial(_)) => break None,
                Err(error) => break Some(error.into()),
            }
        };
        // Replies to whole messages leave even when garbage follows them.
        self.send_outbound().await?;
        self.inbound.shrink(KEPT_BUFFER);
        self.outbound.shrink(KEPT_BUFFER);
        match end {
            Some(end) => Err(end),
            None if self.stopping && self.inbound.is_empty() => Err(End::Stopping),
            None => Ok(answered),
        }
    }

    /// Sends requests and takes responses, once roles are exchanged, until the server has had nothing to say for its time and
    /// the client has taken its role back. An end leaves what was not answered in its queue.
    async fn serve_as_client(&mut self) -> Result<(), End> {
        let outgoing = self.service.outgoing(self.peer).ok_or(End::Engine)?;
        info!(client = self.peer.client, remote = %self.peer.remote, "roles are exchanged");
        let mut signal = pin!(next_phase(self.shell.phase()));
        let mut quiet_since = Instant::now();
        loop {
            let limits = self.limits.clone();
            let (stream, inbound) = (&mut self.stream, &mut self.inbound);
            let mut speaker = Speaker { stream, inbound, limits: &limits, metrics: self.metrics };
            tokio::select! {
                message = speaker.next(outgoing.as_ref()) => {
                    let message = message?;
                    check_standing(self.peer, self.service)?;
                    let message = message.ok_or(End::Stopping)?;
                    speaker.exchange(&message, outgoing.as_ref()).await?;
                    quiet_since = Instant::now();
                }
                () = sleep_until(quiet_since + limits.exchanged_idle_timeout()) => {
                    let message = outgoing.role_back().await.ok_or(End::Idle)?;
                    speaker.exchange(&message, outgoing.as_ref()).await?;
                    info!(client = self.peer.client, remote = %self.peer.remote, "roles are as they were");
                    self.peer.roles.restore();
                    return Ok(());
                }
                (phase, now) = signal.as_mut() => {
                    signal.set(next_phase(phase));
                    self.phase_changed(now)?;
                }
            }
        }
    }

    async fn answer(&mut self, length: usize) -> Result<(), End> {
        let request = self.inbound.filled().get(..length).unwrap_or_default();
        self.metrics.bytes_received.inc_by(request.len() as u64);
        let reply = self.service.respond(request.into(), self.peer);
        self.inbound.consume(length);
        let reply = match reply {
            Reply::Now(reply) => reply,
            Reply::Later(pending) => {
                // Replies before this one do not wait for it.
                self.send_outbound().await?;
                let reply = timeout(self.limits.request_timeout(), pending).await;
                self.turn = Instant::now();
                reply.map_err(|_| End::RequestTimeout)?.ok_or(End::Engine)?
            }
            Reply::Close => return Err(End::Engine),
        };
        if reply.len() >= WRITE_BATCH {
            self.send_outbound().await?;
            return self.send_large(&reply).await;
        }
        self.outbound.append(&reply);
        if self.outbound.len() >= WRITE_BATCH {
            self.send_outbound().await?;
        }
        Ok(())
    }

    async fn send_outbound(&mut self) -> Result<(), End> {
        if self.outbound.is_empty() {
            return Ok(());
        }
        let due = self.service.due();
        if due.is_some() && self.turn.elapsed() < SHORT {
            lanes::others_first().await;
        }
        self.service.settle(due).map_err(End::Settle)?;
        send(&mut self.stream, self.outbound.filled(), &self.limits, self.metrics).await?;
        self.outbound.clear();
        Ok(())
    }

    async fn send_large(&mut self, reply: &[u8]) -> Result<(), End> {
        self.service.settle(self.service.due()).map_err(End::Settle)?;
        send(&mut self.stream, reply, &self.limits, self.metrics).await
    }

    fn deadline(&self, since: Instant) -> Instant {
        if self.inbound.is_empty() { since + self.limits.idle_timeout() } else { since + self.limits.message_timeout() }
    }

    fn advance_timer(&self, timer: Pin<&mut Sleep>, since: Instant) {
        let deadline = self.deadline(since);
        if deadline < timer.deadline() {
            timer.reset(deadline);
        }
    }

    fn timer_fired(&self, timer: Pin<&mut Sleep>, since: Instant) -> Result<(), End> {
        let deadline = self.deadline(since);
        if Instant::now() < deadline {
            timer.reset(deadline);
            return Ok(());
        }
        Err(if self.inbound.is_empty() { End::Idle } else { End::SlowMessage })
    }

    fn phase_changed(&mut self, phase: Phase) -> Result<(), End> {
        self.stopping = phase.stopping;
        if self.stopping && self.inbound.is_empty() {
            return Err(End::Stopping);
        }
        let live = self.shell.live();
        self.limits = live.limits.clone();
        let chain = self.stream.get_ref().1.peer_certificates();
        live.material.kmip.still_trusts(chain).map_err(End::Untrusted)
    }

    /// Tells the end and closes the stream politely, if the peer lets us.
    async fn close(&mut self, end: &End) {
        let (client, remote) = (&self.peer.client, self.peer.remote);
        self.metrics.connection_closed(end.label());
        match end {
            End::Peer | End::Stopping | End::Idle | End::Socket(_) => debug!(client, %remote, "closed: {end}"),
            End::Torn | End::SlowMessage | End::SlowReader => info!(client, %remote, "closed: {end}"),
            End::Framing(error) => {
                self.metrics.frame_malformed(error.label());
                warn!(client, %remote, "closed: {end}");
            }
            End::OutOfTurn | End::NoResponse | End::Response(_) => info!(client, %remote, "closed: {end}"),
            End::RequestTimeout | End::Untrusted(_) | End::Engine | End::Settle(_) => {
                warn!(client, %remote, "closed: {end}")
            }
        }
        // The peer may be gone or may not read; the stream is closed either way.
        let _ = timeout(self.limits.handshake_timeout(), self.stream.shutdown()).await;
    }
}
