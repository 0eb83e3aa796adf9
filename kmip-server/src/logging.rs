//! Logs on stderr: text or JSON, filtered by flag, `KMIP_LOG` or the configuration, in that order.

use crate::config::{Log, LogFormat};
use crate::log_line::{TextLine, ToStderr};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The environment variable with a filter.
pub const FILTER_VARIABLE: &str = "KMIP_LOG";

/// What may stand alone in a filter.
const LEVELS: &str = "error, warn, info, debug, trace or off";
/// Crates under whose names lines are logged; such a name alone means all of its lines.
const CRATES: [&str; 5] = ["kmip_server", "kmip_core", "kmip_codec", "hsm_backend", "certs"];

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
    /// A word of the filter is no level, and nothing here logs under it.
    #[error("log filter {filter:?}: {word:?} is no level: give {LEVELS}, or TARGET=LEVEL such as kmip_server=debug")]
    Word {
        /// The filter.
        filter: String,
        /// The word.
        word: String,
    },
    /// The process logs already.
    #[error("logging: {0}")]
    Started(#[from] TryInitError),
}

/// Starts logging for the process; `filter` wins over the configuration.
pub fn start(config: &Log, filter: Option<&str>) -> Result<(), LoggingError> {
    // A variable of the environment that is empty is one that is not set.
    let filter = filter.filter(|filter| !filter.trim().is_empty()).unwrap_or(&config.filter);
    let filter = parse_filter(filter)?;
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
    // What stands in brackets are fields of a span, with commas of their own.
    if !filter.contains('[')
        && let Some(word) = filter.split(',').map(str::trim).find(|word| !may_stand_alone(word))
    {
        return Err(LoggingError::Word { filter: filter.to_owned(), word: word.to_owned() });
    }
    EnvFilter::try_new(format!("{NOISE},{filter}"))
        .map_err(|error| LoggingError::Filter { filter: filter.to_owned(), error })
}

/// The library takes any word for a target, and then logs nothing else.
fn may_stand_alone(word: &str) -> bool {
    let crate_name = word.split("::").next().unwrap_or_default();
    word.contains('=') || word.parse::<LevelFilter>().is_ok() || CRATES.contains(&crate_name)
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

    #[test]
    fn a_word_that_is_no_level_is_refused_unless_it_is_a_crate_of_this_server() {
        for filter in
            ["info", "WARN", "off", "3", "kmip_server", "warn, kmip_core::engine", "rustls=debug", "[a{b}]=info"]
        {
            assert!(parse_filter(filter).is_ok(), "{filter}");
        }
        for (filter, word) in [("inof", "inof"), ("loud", "loud"), ("info,kmip-server", "kmip-server")] {
            let error = parse_filter(filter).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(&format!("{word:?} is no level")) && error.contains("info"), "{error}");
        }
    }
}
