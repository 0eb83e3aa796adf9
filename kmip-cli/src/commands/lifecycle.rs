//! `activate`, `revoke`, `destroy` and `check`.

use kmip_client::Client;
use kmip_codec::registry::{CryptographicUsageMask, RevocationReasonCode};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use serde_json::{Value, json};

use crate::cli::{CheckArgs, RevokeArgs, Targets};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::output::{flat, tell};
use crate::target::Target;
use crate::{names, value_json, value_text};

/// Puts objects into use.
pub async fn activate(context: &Context, args: Targets) -> Done {
    let mut client = context.client().await?;
    let targets = find_all(&mut client, &args.targets).await?;
    for target in &targets {
        client.activate(&target.id).await.map_err(|error| at(target, error))?;
    }
    print(context, &targets)
}

/// Takes objects out of use.
pub async fn revoke(context: &Context, args: RevokeArgs) -> Done {
    let reason: RevocationReasonCode = names::value(&args.reason)?;
    let compromised_at = args.compromised_at.as_deref().map(value_text::date).transpose();
    let compromised_at =
        compromised_at.map_err(|expected| CliError::Usage(format!("--compromised-at: expected {expected}")))?;
    let mut client = context.client().await?;
    let targets = find_all(&mut client, &args.targets).await?;
    for target in &targets {
        let revoked = client.revoke(&target.id, reason, args.message.as_deref(), compromised_at.map(DateTime)).await;
        revoked.map_err(|error| at(target, error))?;
    }
    print(context, &targets)
}

/// Destroys objects, after a question.
pub async fn destroy(context: &Context, args: Targets) -> Done {
    let mut client = context.client().await?;
    let targets = find_all(&mut client, &args.targets).await?;
    let list = targets.iter().map(Target::to_string).collect::<Vec<_>>().join(", ");
    context.confirm(&format!("Destroy {list}? This cannot be undone."))?;
    for target in &targets {
        client.destroy(&target.id).await.map_err(|error| at(target, error))?;
    }
    print(context, &targets)
}

/// All of them, before anything is done to the first.
async fn find_all(client: &mut Client, texts: &[String]) -> Done<Vec<Target>> {
    let mut targets = Vec::with_capacity(texts.len());
    for text in texts {
        targets.push(Target::find(client, text).await?);
    }
    Ok(targets)
}

/// Says which of several objects it was.
fn at(target: &Target, error: kmip_client::Error) -> CliError {
    tell(&format!("{target}:\n"));
    error.into()
}

fn print(context: &Context, targets: &[Target]) -> Done {
    let ids: Vec<_> = targets.iter().map(|target| target.id.as_str()).collect();
    match ids.as_slice() {
        [id] => context.output.record(&[("id", (*id).into())]),
        ids if context.output.is_json() => context.output.json(&json!({ "ids": ids })),
        ids => context.output.table(&[], ids.iter().map(|id| vec!["id".to_owned(), (*id).to_owned()]).collect()),
    }
}

/// Asks whether an object may be used in some way.
pub async fn check(context: &Context, args: CheckArgs) -> Done {
    let usage = match args.usage.as_slice() {
        [] => None,
        names => Some(names::mask::<CryptographicUsageMask>(names.iter().map(String::as_str))?),
    };
    let mut client = context.client().await?;
    let id = Target::find(&mut client, &args.target).await?.id;
    let response = client.check(&id, usage, args.count, args.lease).await?;
    let version = client.version().unwrap_or(V2_1);
    let mut refused = value_json::of_structure(&response, version);
    if let Value::Object(fields) = &mut refused {
        fields.remove("UniqueIdentifier");
    }
    let allowed = refused.as_object().is_none_or(serde_json::Map::is_empty);
    let fields = [("id", id.into()), ("allowed", allowed.into()), ("refused", refused.clone())];
    context.output.record(fields.get(..if allowed { 2 } else { 3 }).unwrap_or_default())?;
    if allowed { Ok(()) } else { Err(CliError::Local(format!("not allowed: {}", flat(&refused)))) }
}
