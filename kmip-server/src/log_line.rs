//! A line of the text log, and the way of all lines to stderr.
//!
//! Every change tells one line, so it is written with little ado: no spans, no colours, text without a special character as it
//! stands. Lines about operations wait until their answers may leave, so that one write takes those of a whole group; all
//! others leave at once.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as `TIME LEVEL MODULE: MESSAGE FIELD=VALUE ...`.
pub(crate) struct TextLine;

impl<S, N> FormatEvent<S, N> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        SystemTime.format_time(&mut writer)?;
        writer.write_str(match *metadata.level() {
            Level::ERROR => " ERROR ",
            Level::WARN => "  WARN ",
            Level::INFO => "  INFO ",
            Level::DEBUG => " DEBUG ",
            Level::TRACE => " TRACE ",
        })?;
        writer.write_str(metadata.target())?;
        writer.write_char(':')?;
        let mut fields = Fields { writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        fields.writer.write_char('\n')
    }
}

struct Fields<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Fields<'_> {
    /// Writes a field: the message bare, others with their names.
    fn put(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.result = self.result.and_then(|()| {
            self.writer.write_char(' ')?;
            if field.name() != MESSAGE {
                self.writer.write_str(field.name())?;
                self.writer.write_char('=')?;
            }
            write(&mut self.writer)
        });
    }
}

/// The name under which an event has its message.
const MESSAGE: &str = "message";

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
        self.put(field, |writer| {
            if !plain {
                return write!(writer, "{value:?}");
            }
            writer.write_char('"')?;
            writer.write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, |writer| write!(OneLine(writer), "{value:?}"));
    }
}

/// Lets no control character pass: a line stays one line, and a terminal is told nothing.
struct OneLine<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let mut characters = part.chars();
            match characters.next_back() {
                Some(last) if last.is_control() => {
                    self.0.write_str(characters.as_str())?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                _ => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// Lines about operations that wait for their group.
static WAITING: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// Who tells of operations.
const OPERATIONS: &str = "kmip_server::journal";
/// So much may wait at most.
const LONGEST_WAIT: usize = 16 * 1024;

/// Writes what waits. What stderr refuses is lost: there is nowhere to say so.
pub(crate) fn write_out() {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    if !waiting.is_empty() {
        let _ = io::stderr().write_all(&waiting);
        waiting.clear();
    }
}

/// The way to stderr.
pub(crate) struct ToStderr;

/// Where one event goes.
pub(crate) struct Destination {
    waits: bool,
}

impl MakeWriter<'_> for ToStderr {
    type Writer = Destination;

    fn make_writer(&self) -> Destination {
        Destination { waits: false }
    }

    fn make_writer_for(&self, metadata: &Metadata<'_>) -> Destination {
        Destination { waits: metadata.target() == OPERATIONS && *metadata.level() >= Level::INFO }
    }
}

impl io::Write for Destination {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.waits {
            // In the order in which they were told.
            write_out();
            return io::stderr().write(line);
        }
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend_from_slice(line);
        let full = waiting.len() >= LONGEST_WAIT;
        drop(waiting);
        if full {
            write_out();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told(tell: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(TextLine).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), tell);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_has_time_level_module_message_and_fields() {
        let absent: Option<&str> = None;
        let line = told(|| tracing::info!(client = "array-1", absent, duration_us = 7_u64, ready = true, "operation"));
        let (time, rest) = line.split_once("  INFO ").unwrap();
        assert!(time.ends_with('Z') && time.len() == "2026-01-02T03:04:05.123456Z".len(), "{time}");
        assert_eq!(rest, "kmip_server::log_line::tests: operation client=\"array-1\" duration_us=7 ready=true\n");
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let name = "a\nb\u{1b}[2J\"\\\u{9b}";
        let line = told(|| tracing::warn!(name, shown = %name, "told {name}"));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(!line.trim_end().contains(char::is_control), "{line:?}");
        assert!(line.contains(r#"name="a\nb\u{1b}[2J\"\\\u{9b}""#), "{line}");
        assert!(line.contains(r"told a\nb\u{1b}[2J"), "{line}");
    }
}
