//! `hsm reconcile`: compares the keys that devices hold with the store, and removes what a crash has left behind.

use serde_json::Value;

use crate::cli::AdminArgs;
use crate::context::Context;
use crate::failure::{CliError, Done};

/// What the report names, and how people read it.
const PARTS: [(&str, &str); 5] = [
    ("removed_unstored", "removed: made, but never stored"),
    ("removed_destroyed", "removed: destroyed in the store"),
    ("unsettled", "not settled: a device could not be asked"),
    ("orphans", "on a device, but in no record"),
    ("missing", "in the store, but on no device"),
];

/// Asks the server to reconcile. What it could not settle is a failure.
pub async fn run(context: &Context, admin: &AdminArgs) -> Done {
    let report = context.admin_api(admin)?.reconcile().await?;
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        let rows = PARTS.iter().flat_map(|(part, text)| entries(&report, part).map(|entry| row(text, entry)));
        let rows: Vec<Vec<String>> = rows.collect();
        match rows.is_empty() {
            true => context.output.text("devices and store agree\n")?,
            false => context.output.table(&["WHAT", "SCOPE", "OBJECT", "DEVICE", "REASON"], rows)?,
        }
    }
    let open = ["unsettled", "orphans", "missing"].iter().map(|part| entries(&report, part).count()).sum::<usize>();
    match (open, report["complete"] == Value::Bool(true)) {
        (0, true) => Ok(()),
        (0, false) => Err(CliError::Local("a device could not be asked: try again when it serves".to_owned())),
        (open, _) => Err(CliError::Local(format!("{open} keys or objects do not belong together"))),
    }
}

fn entries<'a>(report: &'a Value, part: &str) -> impl Iterator<Item = &'a Value> {
    report[part].as_array().into_iter().flatten()
}

fn row(what: &str, entry: &Value) -> Vec<String> {
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    vec![what.to_owned(), text("scope"), text("id"), text("device"), text("reason")]
}
