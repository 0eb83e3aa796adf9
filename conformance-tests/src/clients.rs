//! Programs that other people wrote, driven by the scripts of the reference folder (`clients/README.md` there).

use crate::reference;
use crate::server_process::Server;
use std::io;
use std::process::{Command, Stdio};

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passed.
    Pass,
    /// It failed, and why.
    Fail(String),
    /// It could not say anything, and why.
    Skip(String),
}

/// One line of a client's report.
#[derive(Debug, Clone)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// What a client said about a server.
#[derive(Debug)]
pub enum Report {
    /// The client cannot run here, and why.
    Skipped(String),
    /// Its checks.
    Checks(Vec<Check>),
}

/// Runs a client as the server's first client; `settings` are more variables of its environment.
pub fn run(client: &str, server: &Server, settings: &[(&str, &str)]) -> io::Result<Report> {
    let Some(script) = reference::require(client, &format!("clients/{client}/run.sh")) else {
        return Ok(Report::Skipped("no reference folder".to_owned()));
    };
    if let Some(reason) = missing_python() {
        println!("SKIP {client}: {reason}");
        return Ok(Report::Skipped(reason));
    }
    let mut command = Command::new("bash");
    command.arg(script).stdin(Stdio::null()).stderr(Stdio::inherit());
    command.env("KMIP_HOST", server.kmip().ip().to_string()).env("KMIP_PORT", server.kmip().port().to_string());
    command.env("KMIP_CA", server.pki("ca.pem")).env("KMIP_CERT", server.pki("client.pem"));
    command.env("KMIP_KEY", server.pki("client.key")).envs(settings.iter().copied());
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let checks: Vec<Check> = text.lines().filter_map(parse).collect();
    // Without its package the client cannot say anything about the server.
    let setup = checks.iter().find(|check| check.what == format!("{client} setup"));
    if let Some(Check { verdict: Verdict::Fail(reason), .. }) = setup {
        println!("SKIP {client}: {reason}");
        return Ok(Report::Skipped(reason.clone()));
    }
    if checks.is_empty() {
        return Err(io::Error::other(format!("{client} reported nothing: {}", output.status)));
    }
    Ok(Report::Checks(checks))
}

fn missing_python() -> Option<String> {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(status) if status.success() => None,
        _ => Some("python3 is not installed".to_owned()),
    }
}

/// Reads `PASS what`, `FAIL what: why` and `SKIP what: why`; anything else is no check.
pub fn parse(line: &str) -> Option<Check> {
    let (word, rest) = line.split_once(' ')?;
    let verdict: fn(String) -> Verdict = match word {
        "PASS" => return Some(Check { what: rest.to_owned(), verdict: Verdict::Pass }),
        "FAIL" => Verdict::Fail,
        "SKIP" => Verdict::Skip,
        _ => return None,
    };
    let (what, why) = rest.rsplit_once(": ").map_or((rest, ""), |_| split_reason(rest));
    Some(Check { what: what.to_owned(), verdict: verdict(why.to_owned()) })
}

/// Names of checks hold colons themselves (`1.2 rekey: with offset 0: KmipOperationFailure: ...`): the reason starts at the
/// first part that looks like the name of an exception, or else at the first colon.
fn split_reason(rest: &str) -> (&str, &str) {
    let starts = rest.match_indices(": ").map(|(at, _)| at);
    let exception = |at: &usize| {
        let word = rest.get(at + 2..).unwrap_or_default().split([':', ' ']).next().unwrap_or_default();
        ["Error", "Failure", "Exception", "Exit", "Interrupt"].iter().any(|ending| word.ends_with(ending))
    };
    let first = rest.find(": ");
    let at = starts.into_iter().find(exception).or(first).unwrap_or(rest.len());
    (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default())
}

/// Counts passed, failed and skipped checks.
pub fn count(checks: &[Check]) -> (usize, usize, usize) {
    checks.iter().fold((0, 0, 0), |(passed, failed, skipped), check| match check.verdict {
        Verdict::Pass => (passed + 1, failed, skipped),
        Verdict::Fail(_) => (passed, failed + 1, skipped),
        Verdict::Skip(_) => (passed, failed, skipped + 1),
    })
}

/// The lines of the checks that failed.
pub fn failures(checks: &[Check]) -> Vec<String> {
    let failed = checks.iter().filter_map(|check| match &check.verdict {
        Verdict::Fail(why) => Some(format!("{}: {why}", check.what)),
        _ => None,
    });
    failed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_colons_in_their_names() {
        let check =
            parse("FAIL 1.2 rekey: with offset 0: KmipOperationFailure: FAILED: no such thing").expect("a check");
        assert_eq!(check.what, "1.2 rekey: with offset 0");
        assert_eq!(check.verdict, Verdict::Fail("KmipOperationFailure: FAILED: no such thing".to_owned()));
        let check = parse("FAIL test_query: ").expect("a check");
        assert_eq!((check.what.as_str(), check.verdict), ("test_query", Verdict::Fail(String::new())));
        let check = parse("FAIL pykmip setup: pip install pykmip (no network)").expect("a check");
        assert_eq!(check.what, "pykmip setup");
        assert_eq!(parse("PASS 2.0 create: 3DES 192").map(|check| check.verdict), Some(Verdict::Pass));
        assert!(parse("pykmip: 3 passed, 0 failed").is_none());
        assert!(parse("# cleanup of 2.0: gone").is_none());
    }
}
