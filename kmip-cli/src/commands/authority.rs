//! `ca` and `trust`: the certificate authority of Certify, and what Validate trusts, over the admin API.

use serde_json::{Value, json};

use crate::cli::{CaCommand, TrustCommand};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::files;
use crate::output::flat;

/// Shows or sets up the certificate authority.
pub async fn ca(context: &Context, command: CaCommand) -> Done {
    let (ask, admin, shown) = match command {
        CaCommand::Init { subject, key_kind, days, admin } => {
            (json!({ "action": "init", "subject": subject, "key": key_kind, "days": days }), admin, "certificate")
        }
        CaCommand::Request { subject, key_kind, admin } => {
            (json!({ "action": "request", "subject": subject, "key": key_kind }), admin, "request")
        }
        CaCommand::Install { file, admin } => {
            (json!({ "action": "install", "certificate": files::text(&file)? }), admin, "installed")
        }
        CaCommand::Show { admin } => (json!({ "action": "show" }), admin, "certificate"),
        CaCommand::Crl { admin } => (json!({ "action": "crl" }), admin, "crl"),
    };
    let answer = context.admin_api(&admin)?.certificates(&ask).await?;
    show(context, &answer, shown)
}

/// Changes what is trusted.
pub async fn trust(context: &Context, command: TrustCommand) -> Done {
    let (ask, admin, shown) = match command {
        TrustCommand::Add { file, admin } => {
            (json!({ "action": "trust", "certificate": files::text(&file)? }), admin, "fingerprint")
        }
        TrustCommand::Remove { fingerprint, admin } => {
            (json!({ "action": "distrust", "fingerprint": fingerprint }), admin, "removed")
        }
        TrustCommand::List { admin } => (json!({ "action": "trusted" }), admin, "anchors"),
        TrustCommand::AddCrl { file, admin } => {
            (json!({ "action": "add-crl", "crl": files::text(&file)? }), admin, "added")
        }
    };
    let answer = context.admin_api(&admin)?.certificates(&ask).await?;
    show(context, &answer, shown)
}

/// PEM texts as they are, so that they can be written to a file.
fn show(context: &Context, answer: &Value, shown: &'static str) -> Done {
    if context.output.is_json() {
        return context.output.json(answer);
    }
    match &answer[shown] {
        Value::String(text) if text.starts_with("-----BEGIN") => context.output.text(text),
        Value::Null => {
            Err(CliError::Local("the server has no certificate authority; kmip-cli ca init makes one".to_owned()))
        }
        Value::Array(anchors) => {
            let lines = anchors.iter().map(|anchor| flat(&anchor["fingerprint"]) + "\n");
            context.output.text(&lines.collect::<String>())
        }
        other => context.output.record(&[(shown, other.clone())]),
    }
}
