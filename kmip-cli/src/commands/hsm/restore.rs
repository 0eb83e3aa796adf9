//! `hsm restore`: the root key of a backup for a device, from enough of its shares.

use std::time::Duration;

use hsm_backend::pkcs11::backup::Share;
use hsm_backend::pkcs11::ceremony::{Made, Rehearsal, restore_root_key};
use serde_json::json;

use super::device;
use super::init::{list, plural, tell};
use super::unfinished;
use crate::cli::RestoreArgs;
use crate::context;
use crate::failure::{CliError, Done};
use crate::files;
use crate::output::Output;

/// Rehearses, asks, and restores.
pub fn run(output: Output, args: &RestoreArgs, yes: bool) -> Done {
    let shares = args.share.iter().map(|path| {
        let text = files::read(path)?;
        Share::parse(&text).map_err(|error| CliError::Local(format!("{}: {error}", path.display())))
    });
    let shares: Vec<Share> = shares.collect::<Done<_>>()?;
    unfinished::must_be_none(&args.server_config)?;
    let devices = device::all(&args.server_config, &args.device)?;
    let label = args.root_label.as_deref().or(shares.first().map(Share::root_label)).unwrap_or_default();
    let labels = vec![label.to_owned(); devices.len()];
    let addressed = device::addressed(&devices, &labels)?;
    let patience = Duration::from_secs(args.patience);
    let restore = |rehearsal| {
        let made = restore_root_key(&addressed, &shares, rehearsal, patience);
        made.map_err(|error| CliError::Local(error.to_string()))
    };
    let rehearsed = restore(Rehearsal::Only)?;
    tell(output, &format!("Rehearsed with temporary keys, nothing is left on any device:\n{}", list(&rehearsed)));
    if args.dry_run {
        return show(output, &rehearsed, label, false);
    }
    context::confirm(yes, &format!("Restore the root key {label:?} on {} now?", plural(devices.len())))?;
    show(output, &restore(Rehearsal::No)?, label, true)
}

fn show(output: Output, made: &[Made], label: &str, is_made: bool) -> Done {
    if output.is_json() {
        let devices =
            made.iter().map(|made| json!({"device": made.device, "root_label": label, "seals_by": made.seals_by}));
        let devices: Vec<serde_json::Value> = devices.collect();
        return output.json(&json!({ "restored": is_made, "devices": devices }));
    }
    match is_made {
        true => output.text(&format!("The root key {label:?} is on {}.\n", plural(made.len()))),
        false => output.text("The root key would be restored. Run it without --dry-run.\n"),
    }
}
