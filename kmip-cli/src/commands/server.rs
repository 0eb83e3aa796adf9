//! `query`, `discover` and `log`: the server itself.

use kmip_codec::registry::QueryFunction;
use kmip_codec::version::V2_1;
use serde_json::{Value, json};

use crate::cli::QueryArgs;
use crate::context::Context;
use crate::failure::Done;
use crate::output::flat;
use crate::{names, value_json};

/// What is asked when nothing is named.
const USUAL: [QueryFunction; 3] =
    [QueryFunction::QueryOperations, QueryFunction::QueryObjects, QueryFunction::QueryServerInformation];

/// Asks what the server can do.
pub async fn query(context: &Context, args: QueryArgs) -> Done {
    let named: Vec<_> = args.functions.iter().map(|name| function(name)).collect::<Done<_>>()?;
    let functions = if named.is_empty() { USUAL.to_vec() } else { named };
    let mut client = context.client().await?;
    let response = client.query(&functions).await?;
    let answer = value_json::of_structure(&response, client.version().unwrap_or(V2_1));
    match answer {
        Value::Object(fields) if !context.output.is_json() => {
            context.output.table(&[], fields.iter().map(|(name, value)| vec![name.clone(), flat(value)]).collect())
        }
        answer => context.output.json(&answer),
    }
}

/// With or without the word Query before it.
fn function(name: &str) -> Done<QueryFunction> {
    names::value(&format!("Query {name}")).or_else(|_| names::value(name))
}

/// Asks which protocol versions the server speaks.
pub async fn discover(context: &Context) -> Done {
    let mut client = context.client().await?;
    let versions = client.discover_versions().await?;
    let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
    if context.output.is_json() {
        return context.output.json(&json!({ "versions": versions }));
    }
    context.output.table(&[], versions.into_iter().map(|version| vec![version]).collect())
}

/// Writes a line into the server's log.
pub async fn log(context: &Context, message: &str) -> Done {
    context.client().await?.log(message).await?;
    context.output.record(&[("logged", true.into())])
}
