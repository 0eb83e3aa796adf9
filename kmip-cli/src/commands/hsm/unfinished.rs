//! The record of a ceremony that is under way: a file beside the server's configuration, which stands before a device makes a
//! key and goes once all have it. What a crash leaves is removed by it, from the devices that it names and from no others.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hsm_backend::pkcs11::ceremony::{Cleared, Record, clear_unfinished};
use hsm_backend::pkcs11::settings::Hsm;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::device;
use super::init::{plural, tell};
use crate::cli::InitArgs;
use crate::context;
use crate::failure::{CliError, Done};
use crate::output::Output;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    file: PathBuf,
    content: Content,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The devices, none of which had a key of its label.
    devices: Vec<Member>,
    /// Whether a backup is still to be made.
    lacks_backup: bool,
}

/// A device as the server's configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    token_label: Option<String>,
    serial: Option<String>,
    root_label: String,
}

impl Member {
    fn of(device: &Hsm, root_label: &str) -> Self {
        let Hsm { name, token_label, serial, .. } = device.clone();
        Self { name, token_label, serial, root_label: root_label.to_owned() }
    }
}

/// Where the record of a configuration is.
pub fn place(server_config: &Path) -> PathBuf {
    let mut name = server_config.as_os_str().to_owned();
    name.push(".hsm-init");
    PathBuf::from(name)
}

/// Refuses to begin while an earlier ceremony is not cleared.
pub fn must_be_none(server_config: &Path) -> Done {
    let file = place(server_config);
    if !file.exists() {
        return Ok(());
    }
    let told = "an earlier ceremony was broken off; `kmip-cli hsm init --remove-unfinished` removes what it left";
    Err(CliError::Local(format!("{}: {told}", file.display())))
}

impl Unfinished {
    /// The record of a ceremony with these devices and labels of root keys.
    pub fn of(file: &Path, devices: &[Hsm], labels: &[String], lacks_backup: bool) -> Self {
        let devices = devices.iter().zip(labels).map(|(device, label)| Member::of(device, label)).collect();
        Self { file: file.to_owned(), content: Content { devices, lacks_backup } }
    }

    fn read(file: &Path) -> Done<Self> {
        let told = |error: String| CliError::Local(format!("{}: {error}", file.display()));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CliError::Local("no ceremony was broken off: there is nothing to remove".to_owned()));
            }
            Err(error) => return Err(told(error.to_string())),
        };
        let content = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
        Ok(Self { file: file.to_owned(), content })
    }

    /// Notes durably that the backup is kept: nothing is missing any more once all devices have the key.
    pub fn note_backup(&self) -> Result<(), String> {
        let content = Content { lacks_backup: false, ..self.content.clone() };
        let mut next = self.file.clone().into_os_string();
        next.push(".new");
        let next = PathBuf::from(next);
        let _ = std::fs::remove_file(&next);
        write(&next, &content)
            .and_then(|()| std::fs::rename(&next, &self.file))
            .and_then(|()| sync(&self.file))
            .map_err(told)
    }
}

impl Record for Unfinished {
    fn begin(&mut self) -> Result<(), String> {
        write(&self.file, &self.content).and_then(|()| sync(&self.file)).map_err(told)
    }

    fn end(&mut self) -> Result<(), String> {
        std::fs::remove_file(&self.file).and_then(|()| sync(&self.file)).map_err(told)
    }
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}

/// Writes a new file durably.
fn write(file: &Path, content: &Content) -> std::io::Result<()> {
    let mut new = File::options().write(true).create_new(true).mode(0o600).open(file)?;
    new.write_all(&serde_json::to_vec_pretty(content)?)?;
    new.sync_all()
}

/// Makes durable that a file came or went.
fn sync(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Removes what a ceremony has left, after a question.
pub fn remove(output: Output, file: &Path, args: &InitArgs, yes: bool) -> Done {
    let mut record = Unfinished::read(file)?;
    let (devices, labels) = recorded(&record.content, &device::all(&args.server_config, &[])?)?;
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    tell(output, &format!("A ceremony was broken off that made root keys on {}.\n", names.join(", ")));
    let question = format!("Remove them from {} now? What is sealed under them is lost.", plural(devices.len()));
    context::confirm(yes, &question)?;
    let addressed = device::addressed(&devices, &labels)?;
    let cleared = clear_unfinished(&addressed, Duration::from_secs(args.patience), !record.content.lacks_backup);
    let cleared = cleared.map_err(|error| CliError::Local(error.to_string()))?;
    record.end().map_err(|error| CliError::Local(format!("{}: {error}", file.display())))?;
    let removed = match &cleared {
        Cleared::Complete => &[][..],
        Cleared::Removed(names) => names.as_slice(),
    };
    if output.is_json() {
        return output.json(&json!({ "complete": cleared == Cleared::Complete, "removed": removed }));
    }
    match removed {
        _ if cleared == Cleared::Complete => {
            output.text("Every device has the root key, and nothing is missing: it was not removed.\n")
        }
        [] => output.text("No device has a key of it.\n"),
        names => output.text(&format!("Removed from {}. Run `kmip-cli hsm init` again.\n", names.join(", "))),
    }
}

/// The devices of a record, which the configuration must name as it did.
fn recorded(content: &Content, configured: &[Hsm]) -> Done<(Vec<Hsm>, Vec<String>)> {
    let mut found = (Vec::new(), Vec::new());
    for member in &content.devices {
        let device = configured.iter().find(|device| Member::of(device, &member.root_label) == *member);
        let Some(device) = device else {
            let text =
                format!("the device {:?} is not in the configuration as it was when the ceremony began", member.name);
            return Err(CliError::Usage(text));
        };
        found.0.push(device.clone());
        found.1.push(member.root_label.clone());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str, serial: &str) -> Hsm {
        let (name, serial, module) = (name.to_owned(), Some(serial.to_owned()), PathBuf::from("module.so"));
        Hsm { name, module, token_label: None, serial, pin_file: None, pin_env: None, root_label: None }
    }

    #[test]
    fn a_record_stands_from_begin_to_end_and_names_its_devices() {
        let folder = tempfile::tempdir().unwrap();
        let file = place(&folder.path().join("kmip.toml"));
        let devices = [device("one", "1"), device("two", "2")];
        let labels = ["a".to_owned(), "b".to_owned()];
        let mut record = Unfinished::of(&file, &devices, &labels, true);
        assert!(Unfinished::read(&file).is_err());
        record.begin().unwrap();
        assert!(record.begin().is_err(), "another ceremony is under way");
        assert_eq!(Unfinished::read(&file).unwrap(), record);
        record.note_backup().unwrap();
        let read = Unfinished::read(&file).unwrap();
        assert!(!read.content.lacks_backup);
        let (found, told) = recorded(&read.content, &devices).unwrap();
        assert_eq!((found.len(), told.as_slice()), (2, &labels[..]));
        let other = [device("one", "1"), device("two", "3")];
        assert!(recorded(&read.content, &other).is_err(), "another token has the name");
        record.end().unwrap();
        assert!(Unfinished::read(&file).is_err());
    }
}
