//! `hsm status`: the devices of a running server.

use serde_json::Value;

use crate::cli::AdminArgs;
use crate::context::Context;
use crate::failure::Done;

/// Lists the devices in the order in which the server asks them.
pub async fn run(context: &Context, admin: &AdminArgs) -> Done {
    let report = context.admin_api(admin)?.devices().await?;
    if context.output.is_json() {
        return context.output.json(&report);
    }
    let devices = report["devices"].as_array().cloned().unwrap_or_default();
    if devices.is_empty() {
        return context.output.text("the root key is kept in software\n");
    }
    let text = |device: &Value, field: &str| device[field].as_str().unwrap_or_default().to_owned();
    let row = |device: &Value| vec![text(device, "name"), text(device, "state"), text(device, "place")];
    context.output.table(&["NAME", "STATE", "PLACE"], devices.iter().map(row).collect())
}
