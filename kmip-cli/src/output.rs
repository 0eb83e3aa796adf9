//! Results on stdout: tables for people, one JSON object for scripts.

use std::io::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use kmip_codec::secret::Secret;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::cli::Format;
use crate::failure::{CliError, Done};

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
}

/// An object with its key material, which is printed because it was asked for.
pub struct Object<'a> {
    /// Identifier.
    pub id: &'a str,
    /// Object Type.
    pub object_type: String,
    /// Key Format Type, or the type of the certificate or opaque data.
    pub format: String,
    /// The bytes.
    pub material: &'a Secret,
}

#[derive(Serialize)]
struct ObjectJson<'a> {
    id: &'a str,
    r#type: &'a str,
    format: &'a str,
    material: &'a str,
}

impl Output {
    /// Prints in this format.
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether scripts read it.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints one result: an object of JSON, or a line for each field.
    pub fn record(self, fields: &[(&str, Value)]) -> Done {
        if self.is_json() {
            return self
                .json(&Value::Object(fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect()));
        }
        let rows = fields.iter().map(|(name, value)| vec![(*name).to_owned(), flat(value)]).collect();
        self.table(&[], rows)
    }

    /// Prints rows under a header, or without one.
    pub fn table(self, header: &[&str], rows: Vec<Vec<String>>) -> Done {
        print(lines(header, rows).as_bytes())
    }

    /// Prints a JSON value.
    pub fn json(self, value: &Value) -> Done {
        print(format!("{value}\n").as_bytes())
    }

    /// Prints text as it is.
    pub fn text(self, text: &str) -> Done {
        print(text.as_bytes())
    }

    /// Prints an object with its material as hexadecimal text, through wiped buffers.
    pub fn object(self, object: &Object<'_>) -> Done {
        let bytes = object.material.expose_secret();
        let mut digits = Zeroizing::new(vec![0; bytes.len() * 2]);
        hex::encode_to_slice(bytes, &mut digits).map_err(|error| CliError::Local(error.to_string()))?;
        let material = std::str::from_utf8(&digits).map_err(|error| CliError::Local(error.to_string()))?;
        let id = &if self.is_json() { object.id.to_owned() } else { printable(object.id) };
        let (r#type, format) = (object.object_type.as_str(), object.format.as_str());
        let mut text =
            Zeroizing::new(Vec::with_capacity(digits.len() + 6 * (id.len() + r#type.len() + format.len()) + 128));
        let written = if self.is_json() {
            serde_json::to_writer(&mut *text, &ObjectJson { id, r#type, format, material })
                .map_err(std::io::Error::from)
                .and_then(|()| text.write_all(b"\n"))
        } else {
            write!(text, "id        {id}\ntype      {type}\nformat    {format}\nmaterial  {material}\n")
        };
        written.map_err(|error| CliError::Local(error.to_string()))?;
        print(&text)
    }
}

/// The lines of a table. Cells hold what servers say.
fn lines(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| printable(cell))));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Writes to stdout. A reader that has seen enough, such as `head`, is no failure.
fn print(bytes: &[u8]) -> Done {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let what = "the result cannot be written to stdout";
            Err(CliError::Local(format!("{what}: {error}; look before repeating a command that changes something")))
        }
        _ => Ok(()),
    }
}

/// Tells people something on stderr, in lines. If nobody can read it there is nobody to tell that, either.
pub fn tell(text: &str) {
    let text = text.split('\n').map(printable).collect::<Vec<_>>().join("\n");
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A JSON value as the text of a table cell.
pub fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        Value::Array(values) => values.iter().map(flat).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => flat_fields(fields),
        other => other.to_string(),
    }
}

fn flat_fields(fields: &Map<String, Value>) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", flat(value))).collect::<Vec<_>>().join(", ")
}

/// Text of a server without what would steer the terminal, or show it other than it is.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Characters that are not seen but change what is: they turn its direction, or part or join it (Unicode general categories
/// Cf, Zl and Zp).
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{E0001}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_one_line() {
        assert_eq!(flat(&json!({"a": [1, "x"], "b": true})), "a=1, x, b=true");
        assert_eq!(flat(&json!("a\u{1b}[2Jb\n")), "a\u{FFFD}[2Jb\u{FFFD}");
        assert_eq!(flat(&json!("disk\u{202E}7\u{200B}\u{2028}\u{e9}")), "disk\u{FFFD}7\u{FFFD}\u{FFFD}\u{e9}");
    }

    #[test]
    fn no_cell_of_a_table_turns_the_line_or_steers_the_terminal() {
        let rows = vec![vec!["a\u{202E}b".to_owned(), "c\u{1b}[2J".to_owned()]];
        assert_eq!(lines(&["X", "Y"], rows), "X    Y\na\u{FFFD}b  c\u{FFFD}[2J\n");
    }
}
