//! One line of the audit log: a JSON object, written field by field because every request waits for it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::ser::Error as _;
use serde_json::Result;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

/// RFC 3339 in UTC down to the second; the microseconds follow.
const SECOND_FORMAT: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].");
const SECOND_BYTES: usize = 20;
const MICROSECOND_DIGITS: usize = 6;
/// The longest text of a client in a line; of a longer one the beginning stands there, and its length in bytes.
const LONGEST_TEXT: usize = 4 * 1024;

/// One operation, as the audit log tells it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When it ended.
    pub time: SystemTime,
    /// The client record.
    pub client: &'a JsonText,
    /// The KMIP user of the credential, if one was given.
    pub user: Option<&'a str>,
    /// Address of the client; null for what is done without a connection.
    pub remote: &'a JsonText,
    /// KMIP operation.
    pub operation: &'static str,
    /// Unique Identifier of the object, if it had one.
    pub object: Option<&'a str>,
    /// Result Status.
    pub result: &'static str,
    /// Result Reason of a failure.
    pub reason: Option<&'static str>,
    /// What the client was told of a failure, or what it asked to log.
    pub message: Option<&'a str>,
    /// How long it took.
    pub duration_us: u64,
    /// Revision of the store that holds the change.
    pub revision: Option<u64>,
}

/// A string as JSON writes it, made once for many lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// Quotes and escapes a string.
    pub fn new(text: &str) -> Self {
        Self(serde_json::Value::from(text).to_string().into())
    }

    /// What stands where there is no string.
    pub fn null() -> Self {
        Self("null".into())
    }
}

/// The text of a second, kept for the other lines of that second.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    second: Option<u64>,
    text: [u8; SECOND_BYTES],
}

impl Clock {
    /// Appends a time in RFC 3339 with microseconds, always of the same length.
    fn write(&mut self, line: &mut Vec<u8>, time: SystemTime) -> Result<()> {
        // A clock before 1970 counts as 1970, as it does for the engine: a wrong time is no reason to lose the line.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != Some(since.as_secs()) {
            self.second = None;
            self.set(since.as_secs()).map_err(serde_json::Error::custom)?;
            self.second = Some(since.as_secs());
        }
        let mut digits = [b'0'; MICROSECOND_DIGITS];
        let mut rest = since.subsec_micros();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        line.extend_from_slice(&self.text);
        line.extend_from_slice(&digits);
        line.push(b'Z');
        Ok(())
    }

    fn set(&mut self, second: u64) -> std::result::Result<(), time::Error> {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        let utc = OffsetDateTime::from_unix_timestamp(second)?;
        utc.format_into(&mut &mut self.text[..], SECOND_FORMAT)?;
        Ok(())
    }
}

impl Entry<'_> {
    /// Appends the line and its end. After an error the line is torn: the caller takes it back.
    pub(crate) fn write(&self, clock: &mut Clock, line: &mut Vec<u8>) -> Result<()> {
        line.extend_from_slice(b"{\"time\":\"");
        clock.write(line, self.time)?;
        line.extend_from_slice(b"\",\"client\":");
        line.extend_from_slice(self.client.0.as_bytes());
        line.extend_from_slice(b",\"user\":");
        optional_text(line, self.user)?;
        line.extend_from_slice(b",\"remote\":");
        line.extend_from_slice(self.remote.0.as_bytes());
        line.extend_from_slice(b",\"operation\":");
        text(line, self.operation)?;
        line.extend_from_slice(b",\"object\":");
        optional_text(line, self.object)?;
        line.extend_from_slice(b",\"result\":");
        text(line, self.result)?;
        line.extend_from_slice(b",\"reason\":");
        optional_text(line, self.reason)?;
        line.extend_from_slice(b",\"message\":");
        optional_text(line, self.message)?;
        line.extend_from_slice(b",\"duration_us\":");
        serde_json::to_writer(&mut *line, &self.duration_us)?;
        line.extend_from_slice(b",\"revision\":");
        serde_json::to_writer(&mut *line, &self.revision)?;
        line.extend_from_slice(b"}\n");
        Ok(())
    }
}

fn optional_text(line: &mut Vec<u8>, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) if value.len() > LONGEST_TEXT => {
            let end = (0..=LONGEST_TEXT).rev().find(|end| value.is_char_boundary(*end));
            let beginning = value.get(..end.unwrap_or(0)).unwrap_or_default();
            text(line, &format!("{beginning}... ({} bytes)", value.len()))
        }
        Some(value) => text(line, value),
        None => {
            line.extend_from_slice(b"null");
            Ok(())
        }
    }
}

/// Appends a string; hardly any has a character that JSON escapes.
fn text(line: &mut Vec<u8>, value: &str) -> Result<()> {
    // Without a way out of the loop it runs on many bytes at once.
    let special = |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\');
    if value.bytes().fold(false, special) {
        return serde_json::to_writer(line, value);
    }
    line.push(b'"');
    line.extend_from_slice(value.as_bytes());
    line.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn written(entry: &Entry<'_>) -> serde_json::Value {
        let mut line = Vec::new();
        entry.write(&mut Clock::default(), &mut line).unwrap();
        assert_eq!(line.pop(), Some(b'\n'));
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn times_are_rfc_3339_whatever_was_written_before() {
        let (mut clock, mut line) = (Clock::default(), Vec::new());
        for micros in
            [0, 1, 999_999, 1_000_000, 1_700_000_000_123_456, 1_700_000_000_000_007, 5, 253_402_300_799_000_000]
        {
            line.clear();
            clock.write(&mut line, UNIX_EPOCH + Duration::from_micros(micros)).unwrap();
            let text = std::str::from_utf8(&line).unwrap();
            let read = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
            assert_eq!(read.unix_timestamp_nanos(), i128::from(micros) * 1000);
            assert_eq!(text.len(), 27);
        }
        let beyond = UNIX_EPOCH + Duration::from_secs(300_000_000_000);
        assert!(clock.write(&mut line, beyond).is_err());
        assert!(clock.write(&mut line, beyond).is_err(), "a failure is not kept as a text");
        line.clear();
        clock.write(&mut line, UNIX_EPOCH - Duration::from_secs(1)).unwrap();
        assert_eq!(line, b"1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_length_are_told() {
        let (short, long) = ("y".repeat(LONGEST_TEXT), "\u{1}\u{e9}".repeat(LONGEST_TEXT));
        let client = JsonText::new("a");
        let entry = |object, message| Entry {
            time: UNIX_EPOCH,
            client: &client,
            user: None,
            remote: &client,
            operation: "Log",
            object,
            result: "Success",
            reason: None,
            message,
            duration_us: 1,
            revision: None,
        };
        let line = written(&entry(Some(&short), Some(&long)));
        assert_eq!(line["object"], short);
        let told = line["message"].as_str().unwrap();
        let beginning = told.strip_suffix(&format!("... ({} bytes)", long.len())).unwrap();
        assert!(long.starts_with(beginning) && (LONGEST_TEXT - 1..=LONGEST_TEXT).contains(&beginning.len()));
    }

    proptest! {
        #[test]
        fn every_text_reads_back(client: String, user: Option<String>, message: Option<String>, revision: Option<u64>) {
            let entry = Entry {
                time: UNIX_EPOCH,
                client: &JsonText::new(&client),
                user: user.as_deref(),
                remote: &JsonText::new("[::1]:1"),
                operation: "Get",
                object: None,
                result: "Success",
                reason: Some("Item Not Found"),
                message: message.as_deref(),
                duration_us: u64::MAX,
                revision,
            };
            let expected = serde_json::json!({
                "time": "1970-01-01T00:00:00.000000Z", "client": client, "user": user, "remote": "[::1]:1", "operation": "Get",
                "object": null, "result": "Success", "reason": "Item Not Found", "message": message, "duration_us": u64::MAX,
                "revision": revision,
            });
            prop_assert_eq!(written(&entry), expected);
        }
    }
}
