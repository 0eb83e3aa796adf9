//! Logs on stderr: text or JSON, filtered by flag, `KMIP_LOG` or the configuration, in that order.

use crate::config::{Log, LogFormat};
use crate::log_line::{TextLine, ToStderr};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The environment variable with a filter.
pub const FILTER_VARIABLE: &str = "KMIP_LOG";

/// Why logging cannot start.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The filter is not understood.
    #[error("log filter {filter:?}: {error}; give something like info or info,kmip_server=debug")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        error: tracing_subscriber::filter::ParseError,
    },
    /// The process logs already.
    #[error("logging: {0}")]
    Started(#[from] TryInitError),
}

/// Starts logging for the process; `filter` wins over the configuration.
pub fn start(config: &Log, filter: Option<&str>) -> Result<(), LoggingError> {
    let filter = parse_filter(filter.unwrap_or(&config.filter))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(ToStderr);
    match config.format {
        LogFormat::Text => registry.with(layer.event_format(TextLine)).try_init()?,
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}

/// Has panics told in the log: where, and the text only if it is fixed, for a formatted one could quote a key.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text withheld)");
        tracing::error!(place, "defect: {text}; please report it");
    }));
}

/// A module's list of mechanisms holds many that its binding does not know, which it tells as an error each.
const NOISE: &str = "cryptoki::mechanism=off";

fn parse_filter(filter: &str) -> Result<EnvFilter, LoggingError> {
    EnvFilter::try_new(format!("{NOISE},{filter}"))
        .map_err(|error| LoggingError::Filter { filter: filter.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_not_understood_is_told() {
        assert!(parse_filter("info,kmip_server=debug").is_ok());
        let error = parse_filter("kmip_server=loud").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("loud"), "{error}");
    }
}
