//! `root-key`: where the server's root key is, and its rotation, over the admin API while the server runs.

use std::time::Duration;

use serde_json::Value;

use crate::admin_api::{AdminApi, Rotation};
use crate::cli::RootKeyCommand;
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::output::tell;

/// How often `--wait` asks.
const EVERY: Duration = Duration::from_millis(500);

/// Shows the root key, or replaces it.
pub async fn run(context: &Context, command: RootKeyCommand) -> Done {
    match command {
        RootKeyCommand::Status { admin } => show(context, &context.admin_api(&admin)?.root_key().await?),
        RootKeyCommand::Rotate { to, device, root_label, scope_keys, wait, admin } => {
            let api = context.admin_api(&admin)?;
            let rotation =
                Rotation { to: to.as_deref(), devices: &device, root_label: root_label.as_deref(), scope_keys };
            let mut report = api.rotate_root_key(&rotation).await?;
            if wait {
                report = until_done(context, &api, report).await?;
            }
            show(context, &report)
        }
    }
}

async fn until_done(context: &Context, api: &AdminApi, mut report: Value) -> Done<Value> {
    let mut told = String::new();
    while !report["rotation"].is_null() {
        let progress = progress(&report);
        if progress != told && !context.output.is_json() {
            tell(&format!("{progress}\n"));
        }
        told = progress;
        tokio::time::sleep(EVERY).await;
        report = api.root_key().await?;
    }
    match report["finished"].is_null() {
        // The server was started anew meanwhile, and was done before it could tell.
        true if report["older"].as_array().is_none_or(Vec::is_empty) => Ok(report),
        true => Err(CliError::Local("the rotation has stopped: the server's log says why".to_owned())),
        false => Ok(report),
    }
}

fn progress(report: &Value) -> String {
    let rotation = &report["rotation"];
    let text = |name: &str| rotation[name].as_str().unwrap_or_default().to_owned();
    let waits = if rotation["waiting"].is_null() { String::new() } else { format!(", waits: {}", text("waiting")) };
    format!(
        "{}: {} looked at, {} sealed anew, {} objects in all{waits}",
        text("stage"),
        rotation["seen"],
        rotation["renewed"],
        rotation["objects"]
    )
}

fn show(context: &Context, report: &Value) -> Done {
    if context.output.is_json() {
        return context.output.json(report);
    }
    let mut fields = vec![("root key", place(&report["root_key"]).into())];
    let older: Vec<String> = report["older"].as_array().into_iter().flatten().map(place).collect();
    if !older.is_empty() {
        fields.push(("still needed", older.join("; ").into()));
    }
    if !report["rotation"].is_null() {
        fields.push(("rotation", progress(report).into()));
    }
    let proof = &report["finished"];
    if !proof.is_null() {
        let text = format!(
            "{} scope keys and {} objects looked at, {} under an older key; {} were sealed anew",
            proof["scope_keys"], proof["objects"], proof["outdated"], proof["renewed"]
        );
        fields.push(("finished", text.into()));
    }
    context.output.record(&fields)
}

/// A root key as people read it: `2, pkcs11, kmip-root-2 on a, b`.
fn place(key: &Value) -> String {
    let kind = key["kind"].as_str().unwrap_or_default();
    let label = key["root_label"].as_str().map(|label| format!(", {label}")).unwrap_or_default();
    let devices: Vec<&str> = key["devices"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let devices = if devices.is_empty() { String::new() } else { format!(" on {}", devices.join(", ")) };
    format!("{}, {kind}{label}{devices}", key["number"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_root_key_and_its_rotation_read_well() {
        let key = json!({"number": 2, "kind": "pkcs11", "root_label": "kmip-root-2", "devices": ["a", "b"]});
        assert_eq!(place(&key), "2, pkcs11, kmip-root-2 on a, b");
        assert_eq!(place(&json!({"number": 1, "kind": "software"})), "1, software");
        let rotation = json!({"stage": "objects", "seen": 64, "objects": 100, "renewed": 60, "waiting": null});
        assert_eq!(
            progress(&json!({ "rotation": rotation })),
            "objects: 64 looked at, 60 sealed anew, 100 objects in all"
        );
    }
}
