//! How long answers take: samples and their percentiles.

use crate::endpoint::Endpoint;
use std::io;
use std::time::{Duration, Instant};

/// Times of single requests.
#[derive(Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Sends the same request `count` times and times each answer.
    pub fn of(endpoint: &mut dyn Endpoint, request: &[u8], count: usize) -> io::Result<Self> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let sent = Instant::now();
            endpoint.exchange(request)?;
            times.push(sent.elapsed());
        }
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The time that this share of the answers does not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}
