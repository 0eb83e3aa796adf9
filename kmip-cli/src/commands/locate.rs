//! `locate`: objects by what is known of them.

use kmip_client::attributes;
use kmip_codec::attribute::Attribute;
use serde_json::json;

use crate::cli::LocateArgs;
use crate::context::Context;
use crate::failure::Done;
use crate::output::tell;
use crate::target::Target;
use crate::{names, value_text};

/// Finds objects and lists them.
pub async fn run(context: &Context, args: LocateArgs) -> Done {
    let wanted = criteria(&args)?;
    let mut client = context.client().await?;
    let found = client.locate_page(wanted, args.limit, args.offset).await?;
    if context.output.is_json() {
        return context.output.json(&json!({ "ids": found.ids }));
    }
    let mut rows = Vec::with_capacity(found.ids.len());
    for id in &found.ids {
        // An object may be gone by now, or refuse to be described: its identifier was asked for, and is printed.
        let bare = || Target { id: id.clone(), name: None, object_type: None, state: None };
        rows.push(match Target::describe(&mut client, id).await {
            Ok(target) => target.cells(),
            Err(kmip_client::Error::ServerRefused { .. }) => bare().cells(),
            Err(error) => return Err(error.into()),
        });
    }
    let shown = rows.len();
    if shown == 0 {
        tell("nothing found\n");
        return Ok(());
    }
    context.output.table(&["ID", "NAME", "TYPE", "STATE"], rows)?;
    if let Some(total) = found.total.and_then(|total| usize::try_from(total).ok()).filter(|total| *total > shown) {
        tell(&format!("{shown} of {total}: --limit and --offset show others\n"));
    }
    Ok(())
}

fn criteria(args: &LocateArgs) -> Done<Vec<Attribute>> {
    let mut wanted = Vec::new();
    wanted.extend(args.object_type.as_deref().map(names::value).transpose()?.map(attributes::object_type));
    wanted.extend(args.name.as_deref().map(attributes::name));
    wanted.extend(args.state.as_deref().map(names::value).transpose()?.map(attributes::state));
    wanted.extend(args.algorithm.as_deref().map(names::value).transpose()?.map(Attribute::CryptographicAlgorithm));
    wanted.extend(args.length.map(Attribute::CryptographicLength));
    wanted.extend(args.group.as_deref().map(attributes::object_group));
    for text in &args.attributes {
        wanted.push(value_text::assignment(text)?);
    }
    Ok(wanted)
}
