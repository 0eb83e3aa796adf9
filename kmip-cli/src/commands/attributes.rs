//! `attributes`: what is known of an object, and changing it.

use kmip_client::Client;
use kmip_codec::attribute::{Attribute, AttributeReference, Instance};
use kmip_codec::version::V2_1;
use serde_json::json;

use crate::cli::AttributesCommand as Command;
use crate::context::Context;
use crate::failure::Done;
use crate::output::{flat, printable};
use crate::target::Target;
use crate::{names, value_json, value_text};

/// Does what the command says.
pub async fn run(context: &Context, command: Command) -> Done {
    match command {
        Command::List { target } => list(context, &target).await,
        Command::Get { target, names } => get(context, &target, &names).await,
        Command::Set { target, name, value } => {
            let attribute = value_text::attribute(&names::attribute(&name)?, &value)?;
            let (mut client, id) = find(context, &target).await?;
            client.set_attribute(&id, attribute).await?;
            done(context, id)
        }
        Command::Add { target, name, value } => {
            let attribute = value_text::attribute(&names::attribute(&name)?, &value)?;
            let (mut client, id) = find(context, &target).await?;
            client.add_attribute(&id, attribute).await?;
            done(context, id)
        }
        Command::Modify { target, name, value, current } => {
            let reference = names::attribute(&name)?;
            let new = value_text::attribute(&reference, &value)?;
            let current = current.map(|current| value_text::attribute(&reference, &current)).transpose()?;
            let (mut client, id) = find(context, &target).await?;
            client.modify_attribute(&id, current, new).await?;
            done(context, id)
        }
        Command::Delete { target, name, value } => {
            let reference = names::attribute(&name)?;
            let value = value.map(|value| value_text::attribute(&reference, &value)).transpose()?;
            let (mut client, id) = find(context, &target).await?;
            match value {
                Some(value) => client.delete_attribute_value(&id, value).await?,
                None => client.delete_attribute(&id, reference).await?,
            }
            done(context, id)
        }
    }
}

async fn find(context: &Context, target: &str) -> Done<(Client, String)> {
    let mut client = context.client().await?;
    let id = Target::find(&mut client, target).await?.id;
    Ok((client, id))
}

fn done(context: &Context, id: String) -> Done {
    context.output.record(&[("id", id.into())])
}

async fn list(context: &Context, target: &str) -> Done {
    let (mut client, id) = find(context, target).await?;
    let names = client.get_attribute_list(&id).await?;
    let names: Vec<_> = names.iter().map(|reference| reference.name().to_string()).collect();
    if context.output.is_json() {
        return context.output.json(&json!({ "id": id, "attributes": names }));
    }
    context.output.table(&[], names.iter().map(|name| vec![printable(name)]).collect())
}

async fn get(context: &Context, target: &str, wanted: &[String]) -> Done {
    let wanted: Vec<_> = wanted.iter().map(|name| names::attribute(name)).collect::<Done<_>>()?;
    let (mut client, id) = find(context, target).await?;
    let version = client.version().unwrap_or(V2_1);
    let found = client.get_attributes(&id, &wanted).await?;
    let attributes =
        found.items.iter().map(|instance| (name_of(instance), value_json::of_attribute(&instance.attribute, version)));
    if context.output.is_json() {
        let attributes: Vec<_> = attributes.map(|(name, value)| json!({ "name": name, "value": value })).collect();
        return context.output.json(&json!({ "id": id, "attributes": attributes }));
    }
    let rows = found.items.iter().zip(attributes).map(|(instance, (name, value))| match &instance.attribute {
        Attribute::Name(own) => vec![name, printable(&own.value)],
        _ => vec![printable(&name), flat(&value)],
    });
    context.output.table(&[], rows.collect())
}

fn name_of(instance: &Instance) -> String {
    AttributeReference::of(&instance.attribute).name().to_string()
}
