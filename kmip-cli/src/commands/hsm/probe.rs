//! `hsm probe`: what a device is and can do, tried with temporary keys; for an operator who is about to trust it.

use std::time::Duration;

use hsm_backend::pkcs11::probe::{Report, probe};

use super::device;
use crate::cli::ProbeArgs;
use crate::failure::{CliError, Done};
use crate::files;
use crate::output::Output;

/// Probes the device, prints what was found, and writes the capability file. An unfit device is a failure.
pub fn run(output: Output, args: &ProbeArgs) -> Done {
    let chosen = device::chosen(&args.device)?;
    let pin = chosen.pin().map_err(|error| CliError::Usage(error.to_string()))?;
    let report = probe(&chosen.address(None), &pin, Duration::from_secs(args.patience));
    let report = report.map_err(|error| CliError::Local(error.to_string()))?;
    let json = serde_json::to_value(&report).map_err(|error| CliError::Local(error.to_string()))?;
    if let Some(file) = &args.file {
        let text = serde_json::to_string_pretty(&report).map_err(|error| CliError::Local(error.to_string()))?;
        files::write_public(file, (text + "\n").as_bytes())?;
    }
    if output.is_json() {
        output.json(&json)?
    } else {
        print(output, &report, args.mechanisms)?
    }
    match report.is_fit() {
        true => Ok(()),
        false => Err(CliError::Local(format!("do not keep a root key on this device: {}", against(&report)))),
    }
}

fn against(report: &Report) -> String {
    let mut reasons = report.unsafe_because.clone();
    if report.seals_by.is_none() {
        reasons.push("a root key could not seal there in any way that the server knows".to_owned());
    }
    reasons.join("; ")
}

fn print(output: Output, report: &Report, mechanisms: bool) -> Done {
    let verdict = if report.is_fit() { "fit for a root key".to_owned() } else { "NOT fit for a root key".to_owned() };
    output.record(&[
        ("module", report.module.clone().into()),
        ("library", format!("{}, PKCS#11 {}", report.library, report.cryptoki).into()),
        ("slot", report.slot.clone().into()),
        ("token", format!("{}, serial number {}", report.token, report.serial).into()),
        ("model", format!("{} {}", report.manufacturer, report.model).into()),
        ("versions", format!("hardware {}, firmware {}", report.hardware, report.firmware).into()),
        ("seals by", report.seals_by.clone().unwrap_or_else(|| "nothing".to_owned()).into()),
        ("verdict", verdict.into()),
    ])?;
    output.text("\n")?;
    let rows = report.trials.iter().map(|trial| {
        let listed = if trial.listed { "listed" } else { "not listed" };
        let works = if trial.works { "works" } else { "fails" };
        vec![trial.what.to_owned(), listed.to_owned(), works.to_owned(), trial.reason.clone().unwrap_or_default()]
    });
    output.table(&["TRIAL", "LISTED", "WORKS", "REASON"], rows.collect())?;
    if mechanisms {
        output.text("\n")?;
        let rows = report.mechanisms.iter().map(|listed| {
            vec![listed.name.clone(), listed.least.to_string(), listed.greatest.to_string(), listed.uses.join(", ")]
        });
        output.table(&["MECHANISM", "LEAST", "GREATEST", "USES"], rows.collect())?;
    }
    Ok(())
}
