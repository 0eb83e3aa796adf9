//! `[[hsm]]`: a device as configurations name it, for every program that reads them.
//!
//! Its PIN is the text of `pin_file`, the environment variable `pin_env`, the systemd credential `hsm-pin.NAME`, else what the
//! operator types at a terminal. Without any of them the refusal says what to do.

use std::env::VarError;
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kmip_codec::secret::SecretText;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::TokenAddress;

/// Where systemd puts credentials of a service (`LoadCredential=`, `LoadCredentialEncrypted=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Label of the root key on a device, unless the configuration says another.
pub const ROOT_LABEL: &str = "kmip-root";

/// `[[hsm]]`: one PKCS#11 device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hsm {
    /// Name in logs and messages.
    pub name: String,
    /// The PKCS#11 module (shared library).
    pub module: PathBuf,
    /// Label of the token.
    pub token_label: Option<String>,
    /// Serial number of the token.
    pub serial: Option<String>,
    /// File with the PIN.
    pub pin_file: Option<PathBuf>,
    /// Environment variable with the PIN.
    pub pin_env: Option<String>,
    /// Label of the root key.
    pub root_label: Option<String>,
}

impl Hsm {
    /// Where the device is, with this root key, or with the one that the configuration names.
    pub fn address(&self, root_label: Option<&str>) -> TokenAddress {
        let configured = self.root_label.as_deref().unwrap_or(ROOT_LABEL);
        TokenAddress {
            name: self.name.clone(),
            module: self.module.clone(),
            token_label: self.token_label.clone(),
            serial: self.serial.clone(),
            root_label: root_label.unwrap_or(configured).to_owned(),
            owner: configured.to_owned(),
        }
    }

    /// Relative paths are those of the configuration's folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Some(file) = &mut self.pin_file {
            *file = folder.join(&*file);
        }
    }

    /// The PIN of the device.
    pub fn pin(&self) -> io::Result<SecretText> {
        let credentials = std::env::var_os(CREDENTIALS).map(PathBuf::from);
        let pin = match source(self, credentials.as_deref()) {
            Source::File(file) => read_secret(&file)?,
            Source::Variable(name) => variable(name)?,
            Source::Terminal => prompt(&self.name)?,
        };
        match pin.expose_secret().is_empty() {
            true => Err(io::Error::other(format!("the PIN of {} is empty", self.name))),
            false => Ok(pin),
        }
    }
}

/// The text of a file that holds a secret, without its line ends. That others may read the file is told in the log and not
/// refused, for containers get their secrets so.
pub fn read_secret(file: &Path) -> io::Result<SecretText> {
    if is_open(file) {
        tracing::warn!(
            "everybody on this machine may read or replace the secret in {0}: chmod 600 {0}",
            file.display()
        );
    }
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    Ok(SecretText::copy_from(text.trim_end_matches(['\r', '\n'])))
}

fn is_open(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o007 != 0)
}

/// Where a PIN comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    File(PathBuf),
    Variable(&'a str),
    Terminal,
}

fn source<'a>(hsm: &'a Hsm, credentials: Option<&Path>) -> Source<'a> {
    if let Some(file) = &hsm.pin_file {
        return Source::File(file.clone());
    }
    if let Some(name) = &hsm.pin_env {
        return Source::Variable(name);
    }
    let credential = credentials.map(|folder| folder.join(format!("hsm-pin.{}", hsm.name)));
    credential.filter(|file| file.is_file()).map_or(Source::Terminal, Source::File)
}

fn variable(name: &str) -> io::Result<SecretText> {
    match std::env::var(name).map(Zeroizing::new) {
        Ok(pin) => Ok(SecretText::copy_from(&pin)),
        // The library's text of a value that is no UTF-8 quotes it.
        Err(VarError::NotPresent) => Err(io::Error::other(format!("pin_env = \"{name}\": there is no such variable"))),
        Err(VarError::NotUnicode(value)) => {
            drop(Zeroizing::new(value.into_encoded_bytes()));
            Err(io::Error::other(format!("pin_env = \"{name}\": its value is not UTF-8")))
        }
    }
}

fn prompt(device: &str) -> io::Result<SecretText> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(format!(
            "the PIN of {device} is not known: name pin_file or pin_env in [[hsm]], give the systemd credential \
             hsm-pin.{device}, or run the command at a terminal to type it"
        )));
    }
    let typed = Zeroizing::new(rpassword::prompt_password(format!("PIN of {device}: "))?);
    Ok(SecretText::copy_from(&typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hsm() -> Hsm {
        Hsm { name: "a".to_owned(), ..Hsm::default() }
    }

    #[test]
    fn the_configuration_comes_before_the_credential_and_that_before_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let (file, given) = (folder.path().join("hsm-pin.a"), Some(folder.path()));
        assert_eq!(source(&hsm(), None), Source::Terminal);
        assert_eq!(source(&hsm(), given), Source::Terminal);
        std::fs::write(&file, "1234\n").unwrap();
        assert_eq!(source(&hsm(), given), Source::File(file.clone()));
        assert_eq!(source(&Hsm { pin_env: Some("PIN".into()), ..hsm() }, given), Source::Variable("PIN"));
        let of_file = Hsm { pin_file: Some("/pin".into()), ..hsm() };
        assert_eq!(source(&of_file, given), Source::File("/pin".into()));
        let pin = Hsm { pin_file: Some(file.clone()), ..hsm() }.pin().unwrap();
        assert_eq!(pin.expose_secret(), "1234");
        std::fs::write(&file, "\n").unwrap();
        assert!(Hsm { pin_file: Some(file), ..hsm() }.pin().unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn a_file_is_open_if_everybody_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        std::fs::write(&file, "1234\n").unwrap();
        for (mode, open) in [(0o600, false), (0o440, false), (0o444, true), (0o644, true)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(&file), open, "{mode:o}");
        }
        assert!(!is_open(folder.path()) && !is_open(&folder.path().join("missing")));
    }

    #[test]
    fn a_missing_variable_is_named() {
        let refused = Hsm { pin_env: Some("KMIP_NO_SUCH_PIN".into()), ..hsm() }.pin();
        assert!(refused.unwrap_err().to_string().contains("KMIP_NO_SUCH_PIN"));
    }
}
