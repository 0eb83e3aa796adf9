//! How an HTTP connection gets on: when bytes last came, whether a request is being answered. It tells when a connection is
//! idle, when a request head does not arrive whole, and when an answer is not taken.

use crate::config::Limits;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is known of one connection.
#[derive(Clone)]
pub(crate) struct Progress {
    state: Arc<Mutex<State>>,
    /// Whether bytes that arrive between requests begin one; in HTTP/2 they may be anything.
    heads: bool,
}

struct State {
    /// Requests being read or answered.
    requests: usize,
    /// When bytes last came, or the last request ended.
    moved: Instant,
    /// Since when a request head is arriving.
    began: Option<Instant>,
    /// Since when the peer takes no bytes.
    stuck: Option<Instant>,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// Nothing is asked.
    Idle,
    /// The head of a request does not arrive whole.
    SlowMessage,
    /// An answer is not taken.
    SlowReader,
}

impl Overdue {
    /// The name in the metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::SlowMessage => "slow_message",
            Self::SlowReader => "slow_reader",
        }
    }
}

impl Progress {
    /// Starts now, with no request.
    pub fn new(heads: bool) -> Self {
        let state = State { requests: 0, moved: Instant::now(), began: None, stuck: None };
        Self { state: Arc::new(Mutex::new(state)), heads }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request for as long as the answer lives.
    pub fn request(&self) -> RequestUnderWay {
        let mut state = self.state();
        state.requests += 1;
        state.began = None;
        drop(state);
        RequestUnderWay(self.clone())
    }

    /// Why the connection is to be closed now.
    pub fn overdue(&self, now: Instant, limits: &Limits) -> Option<Overdue> {
        let state = self.state();
        let passed = |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
        if state.stuck.is_some_and(|since| passed(since, limits.message_timeout())) {
            return Some(Overdue::SlowReader);
        }
        if state.began.is_some_and(|since| passed(since, limits.message_timeout())) {
            return Some(Overdue::SlowMessage);
        }
        (state.requests == 0 && passed(state.moved, limits.idle_timeout())).then_some(Overdue::Idle)
    }

    fn read(&self, now: Instant) {
        let mut state = self.state();
        state.moved = now;
        if self.heads && state.requests == 0 {
            state.began.get_or_insert(now);
        }
    }

    /// Notes how a call ended that writes; a flush moves no bytes.
    fn written<T>(&self, now: Instant, call: &Poll<io::Result<T>>) {
        let mut state = self.state();
        match call {
            Poll::Ready(_) => state.stuck = None,
            Poll::Pending => {
                state.stuck.get_or_insert(now);
            }
        }
    }
}

/// A request that is being read or answered.
pub(crate) struct RequestUnderWay(Progress);

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests = state.requests.saturating_sub(1);
        state.moved = Instant::now();
    }
}

/// A stream that tells its progress.
pub(crate) struct Watched<T> {
    inner: T,
    progress: Progress,
}

impl<T> Watched<T> {
    /// Watches a stream.
    pub fn new(inner: T, progress: Progress) -> Self {
        Self { inner, progress }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(cx, into);
        if into.filled().len() > before {
            this.progress.read(Instant::now());
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.progress.written(Instant::now(), &written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, parts);
        this.progress.written(Instant::now(), &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        this.progress.written(Instant::now(), &flushed);
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.progress.written(Instant::now(), &shut);
        shut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { message_timeout_s: 10, idle_timeout_s: 100, ..Limits::default() }
    }

    fn overdue(progress: &Progress, now: Instant, seconds: u64) -> Option<Overdue> {
        progress.overdue(now + Duration::from_secs(seconds), &limits())
    }

    #[test]
    fn a_connection_is_idle_only_between_requests() {
        let progress = Progress::new(true);
        assert_eq!(overdue(&progress, Instant::now(), 99), None);
        let request = progress.request();
        assert_eq!(overdue(&progress, Instant::now(), 1_000), None);
        drop(request);
        assert_eq!(overdue(&progress, Instant::now(), 99), None);
        assert_eq!(overdue(&progress, Instant::now(), 100), Some(Overdue::Idle));
    }

    #[test]
    fn a_head_that_has_begun_must_end() {
        let (progress, now) = (Progress::new(true), Instant::now());
        progress.read(now);
        progress.read(now + Duration::from_secs(9));
        assert_eq!(overdue(&progress, now, 9), None);
        assert_eq!(overdue(&progress, now, 10), Some(Overdue::SlowMessage));
        let _request = progress.request();
        assert_eq!(overdue(&progress, now, 10), None);
        let http_2 = Progress::new(false);
        http_2.read(now);
        assert_eq!(overdue(&http_2, now, 10), None);
    }

    #[test]
    fn an_answer_must_be_taken() {
        let (progress, now) = (Progress::new(true), Instant::now());
        let _request = progress.request();
        progress.written::<()>(now, &Poll::Pending);
        assert_eq!(overdue(&progress, now, 10), Some(Overdue::SlowReader));
        progress.written(now, &Poll::Ready(Ok(())));
        assert_eq!(overdue(&progress, now, 10), None);
    }
}
