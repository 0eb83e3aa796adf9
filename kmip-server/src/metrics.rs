//! Counters and histograms for `/metrics`, in the text format of Prometheus. Labels are fixed names, never client data.

use kmip_core::jobs::JobCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::OnceLock;
use std::time::Duration;

/// Upper bounds of the duration buckets, in seconds: 10 us to 10 s.
const DURATION_BUCKETS: [f64; 13] = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.25, 1.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationResult {
    operation: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listener {
    listener: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// What is counted of an operation with a result.
struct Observed {
    requests: Counter,
    duration: Histogram,
}

/// Operations and results by their numbers, as far as these are small: what is counted often is found without its names.
const OPERATIONS: usize = 64;
const RESULTS: usize = 4;

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    observed: Box<[[OnceLock<Observed>; RESULTS]]>,
    requests: Family<OperationResult, Counter>,
    durations: Family<Operation, Histogram>,
    handshake_failures: Family<Reason, Counter>,
    malformed_frames: Family<Reason, Counter>,
    closed_connections: Family<Reason, Counter>,
    asynchronous: Family<Stage, Gauge>,
    clock_lag: Gauge,
    connections_total: Family<Listener, Counter>,
    connections: Family<Listener, Gauge>,
    /// Bytes of request messages.
    pub bytes_received: Counter,
    /// Bytes of response messages.
    pub bytes_sent: Counter,
    /// Reloads of certificates and configuration.
    pub reloads: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("kmip"),
            observed: (0..OPERATIONS).map(|_| Default::default()).collect(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            handshake_failures: Family::default(),
            malformed_frames: Family::default(),
            closed_connections: Family::default(),
            asynchronous: Family::default(),
            clock_lag: Gauge::default(),
            connections_total: Family::default(),
            connections: Family::default(),
            bytes_received: Counter::default(),
            bytes_sent: Counter::default(),
            reloads: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Observed {
    fn count(&self, duration: Duration) {
        self.requests.inc();
        self.duration.observe(duration.as_secs_f64());
    }
}

impl Metrics {
    /// Counts one operation (a batch item), whose names come from fixed tables; the numbers are those of the protocol.
    pub fn observe_operation(
        &self,
        (operation, number): (&'static str, u32),
        (result, status): (&'static str, u32),
        duration: Duration,
    ) {
        let observed = || Observed {
            requests: self.requests.get_or_create_owned(&OperationResult { operation, result }),
            duration: self.durations.get_or_create_owned(&Operation { operation }),
        };
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        match self.observed.get(place(number)).and_then(|results| results.get(place(status))) {
            Some(kept) => kept.get_or_init(observed).count(duration),
            None => observed().count(duration),
        }
    }

    /// Counts a TLS handshake that failed.
    pub fn handshake_failed(&self, reason: &'static str) {
        self.handshake_failures.get_or_create(&Reason { reason }).inc();
    }

    /// Counts bytes that are no message.
    pub fn frame_malformed(&self, reason: &'static str) {
        self.malformed_frames.get_or_create(&Reason { reason }).inc();
    }

    /// Counts a connection whose peer is known as open, on one of the listeners, until what this gives is dropped.
    pub fn connection_opened(&self, listener: &'static str) -> OpenConnection {
        let listener = Listener { listener };
        self.connections_total.get_or_create(&listener).inc();
        let open = self.connections.get_or_create(&listener).clone();
        open.inc();
        OpenConnection(open)
    }

    /// Counts a connection that the server closed, and why.
    pub fn connection_closed(&self, reason: &'static str) {
        self.closed_connections.get_or_create(&Reason { reason }).inc();
    }

    /// How many asynchronous requests there are, by their Processing Stage.
    pub fn set_asynchronous(&self, counts: JobCounts) {
        let JobCounts { submitted, in_process, completed } = counts;
        for (stage, count) in [("submitted", submitted), ("in_process", in_process), ("completed", completed)] {
            self.asynchronous.get_or_create(&Stage { stage }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// By how many seconds the machine's clock is behind the time that the server goes by.
    pub fn set_clock_lag(&self, seconds: i64) {
        self.clock_lag.set(seconds);
    }

    /// Everything as text.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Operations by result", self.requests.clone());
        let durations = self.durations.clone();
        registry.register_with_unit("request_duration", "Time an operation took", Unit::Seconds, durations);
        let (accepted, open) = (self.connections_total.clone(), self.connections.clone());
        registry.register("connections_accepted", "Connections accepted, by listener", accepted);
        registry.register("connections_open", "Connections open now, by listener", open);
        registry.register("connections_closed", "Connections the server closed", self.closed_connections.clone());
        let asynchronous = self.asynchronous.clone();
        registry.register(
            "asynchronous_requests",
            "Asynchronous requests whose results were not obtained",
            asynchronous,
        );
        let lag = self.clock_lag.clone();
        registry.register_with_unit("clock_lag", "The clock is behind the newest date", Unit::Seconds, lag);
        registry.register("handshake_failures", "TLS handshakes that failed", self.handshake_failures.clone());
        registry.register("malformed_frames", "Bytes that are no message", self.malformed_frames.clone());
        registry.register_with_unit("received", "Request messages", Unit::Bytes, self.bytes_received.clone());
        registry.register_with_unit("sent", "Response messages", Unit::Bytes, self.bytes_sent.clone());
        registry.register("reloads", "Reloads of certificates and configuration", self.reloads.clone());
    }
}

/// Counts an open connection for as long as it lives, even if what serves it panics.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_observed_is_rendered() {
        let metrics = Metrics::default();
        metrics.observe_operation(("Get", 10), ("Success", 0), Duration::from_micros(30));
        metrics.observe_operation(("Get", 10), ("Success", 0), Duration::from_micros(30));
        metrics.observe_operation(("(unreadable)", u32::MAX), ("Operation Failed", 1), Duration::from_micros(30));
        metrics.handshake_failed("no_certificate");
        let _open = metrics.connection_opened("kmip");
        drop(metrics.connection_opened("https"));
        let text = metrics.render().unwrap();
        for line in [
            "kmip_requests_total{operation=\"Get\",result=\"Success\"} 2",
            "kmip_request_duration_seconds_count{operation=\"Get\"} 2",
            "kmip_requests_total{operation=\"(unreadable)\",result=\"Operation Failed\"} 1",
            "kmip_request_duration_seconds_bucket{le=\"0.000025\",operation=\"Get\"} 0",
            "kmip_handshake_failures_total{reason=\"no_certificate\"} 1",
            "kmip_connections_accepted_total{listener=\"kmip\"} 1",
            "kmip_connections_open{listener=\"kmip\"} 1",
            "kmip_connections_accepted_total{listener=\"https\"} 1",
            "kmip_connections_open{listener=\"https\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
