//! `hsm init`: the ceremony that makes one root key on every device of a server's configuration.

use std::path::Path;
use std::time::Duration;

use hsm_backend::pkcs11::backup::{Share, Split};
use hsm_backend::pkcs11::ceremony::{Backup, Made, Rehearsal, make_recorded_root_key, make_root_key};
use hsm_backend::pkcs11::settings::{Hsm, ROOT_LABEL};
use serde_json::json;

use super::device;
use super::unfinished::{self, Unfinished};
use crate::cli::InitArgs;
use crate::context;
use crate::failure::{CliError, Done};
use crate::files;
use crate::output::Output;

/// Rehearses the ceremony, asks, and does it.
pub fn run(output: Output, args: &InitArgs, yes: bool) -> Done {
    let file = unfinished::place(&args.server_config);
    if args.remove_unfinished {
        return unfinished::remove(output, &file, args, yes);
    }
    unfinished::must_be_none(&args.server_config)?;
    let devices = device::all(&args.server_config, &args.device)?;
    let labels: Vec<String> = devices.iter().map(|device| label(device, args)).collect();
    let split = args.shares.zip(args.threshold).map(|(shares, threshold)| Split::new(threshold, shares)).transpose();
    let split = split.map_err(|error| CliError::Usage(error.to_string()))?;
    let folder = args.share_dir.as_deref().unwrap_or(Path::new("."));
    tell(output, &explain(&devices, &labels));
    if let (Some(shares), Some(threshold)) = (args.shares, args.threshold) {
        let text = format!(
            "A backup is made in {shares} shares in {}: {threshold} of them restore the root key, fewer tell nothing about it.\n\
             Give each to another person, and delete the files here.\n",
            folder.display()
        );
        tell(output, &text);
    }
    let addressed = device::addressed(&devices, &labels)?;
    let patience = Duration::from_secs(args.patience);
    let mut ignore = |_: &[Share]| Ok(());
    let rehearsal = split.map(|split| Backup { split, keep: &mut ignore });
    let rehearsed = make_root_key(&addressed, Rehearsal::Only, patience, rehearsal);
    let rehearsed = rehearsed.map_err(|error| CliError::Local(error.to_string()))?;
    tell(output, &format!("Rehearsed with temporary keys, nothing is left on any device:\n{}", list(&rehearsed)));
    if args.dry_run {
        return show(output, &rehearsed, &labels, false);
    }
    context::confirm(yes, &format!("Make the root key on {} now?", plural(devices.len())))?;
    let mut record = Unfinished::of(&file, &devices, &labels, split.is_some());
    let kept = record.clone();
    let mut keep = |shares: &[Share]| {
        write_shares(folder, shares).map_err(|error| error.to_string())?;
        kept.note_backup()
    };
    let backup = split.map(|split| Backup { split, keep: &mut keep });
    let made = make_recorded_root_key(&addressed, patience, backup, &mut record);
    let made = made.map_err(|error| CliError::Local(error.to_string()))?;
    show(output, &made, &labels, true)
}

/// Writes each share to a new file, or none.
fn write_shares(folder: &Path, shares: &[Share]) -> Done {
    let mut written = Vec::new();
    for share in shares {
        let path = folder.join(format!("{}-share-{}.json", share.root_label(), share.number()));
        let text = share.to_text().map_err(|error| CliError::Local(error.to_string()))?;
        if let Err(error) = files::write_private(&path, &text) {
            for path in &written {
                // Of a root key that will not be kept.
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(())
}

fn label(device: &Hsm, args: &InitArgs) -> String {
    let configured = args.root_label.as_ref().or(device.root_label.as_ref());
    configured.map_or(ROOT_LABEL, String::as_str).to_owned()
}

pub(super) fn plural(devices: usize) -> String {
    if devices == 1 { "1 device".to_owned() } else { format!("{devices} devices") }
}

fn explain(devices: &[Hsm], labels: &[String]) -> String {
    let mut text = "A new AES-256 root key is made on the first device and brought to the others, wrapped for each by a key of its own.\n\
                    Once it is there it cannot leave a device: a device that comes later gets it from a backup, if one is made now (--shares),\n\
                    else it needs a new root key, to which the server moves with `kmip-cli root-key rotate`.\n"
        .to_owned();
    for (number, (device, label)) in (1..).zip(devices.iter().zip(labels)) {
        let token = device.token_label.clone().or(device.serial.clone()).unwrap_or_default();
        text.push_str(&format!("  {number}. {}: token {token}, root key {label:?}\n", device.name));
    }
    text
}

pub(super) fn list(made: &[Made]) -> String {
    let line = |made: &Made| format!("  {}: brought by {}, seals by {}\n", made.device, made.transport, made.seals_by);
    made.iter().map(line).collect()
}

/// What people read on the way; scripts read the result only.
pub(super) fn tell(output: Output, text: &str) {
    if !output.is_json() {
        crate::output::tell(&format!("{text}\n"));
    }
}

fn show(output: Output, made: &[Made], labels: &[String], is_made: bool) -> Done {
    if output.is_json() {
        let devices = made.iter().zip(labels).map(|(made, label)| {
            json!({"device": made.device, "root_label": label, "transport": made.transport, "seals_by": made.seals_by})
        });
        let devices: Vec<serde_json::Value> = devices.collect();
        return output.json(&json!({ "made": is_made, "devices": devices }));
    }
    match is_made {
        true => output
            .text(&format!("The root key is on {}. Start the server with these [[hsm]] tables.\n", plural(made.len()))),
        false => output.text("The ceremony would succeed. Run it without --dry-run.\n"),
    }
}
