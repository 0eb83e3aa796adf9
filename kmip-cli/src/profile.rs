//! The profile: where the server is and which certificates to use, in a small TOML file.
//!
//! ```toml
//! server = "127.0.0.1:5696"         # several, separated by commas, are tried in order
//! ca = "pki/ca.pem"                 # paths are taken from the folder of the profile
//! cert = "pki/client.pem"
//! key = "pki/client.key"
//! admin = "127.0.0.1:9443"
//! admin_cert = "pki/admin.pem"
//! admin_key = "pki/admin.key"
//! # server_name, kmip_version, username and password_file may stand here, too
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{CliError, Done};

/// The profile that `kmip-server serve --dev` writes, seen from where it is usually started.
const DEVELOPMENT: &str = "kmip-data/kmip-cli.toml";

/// What a profile may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// HOST:PORT, or several separated by commas.
    pub server: Option<String>,
    /// CAs that servers are checked against.
    pub ca: Option<PathBuf>,
    /// Client certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Name in the server's certificate.
    pub server_name: Option<String>,
    /// Protocol version.
    pub kmip_version: Option<String>,
    /// KMIP user name.
    pub username: Option<String>,
    /// File with its password.
    pub password_file: Option<PathBuf>,
    /// HOST:PORT of the admin listener.
    pub admin: Option<String>,
    /// Administrator certificate.
    pub admin_cert: Option<PathBuf>,
    /// Its key.
    pub admin_key: Option<PathBuf>,
    /// Where the profile was found.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

impl Profile {
    /// Reads the profile that was named, or the first one of the usual places; none is an empty profile.
    pub fn find(named: Option<&Path>) -> Done<Self> {
        if let Some(path) = named {
            return Self::read(path);
        }
        if let Some(path) = set("KMIP_CLI_CONFIG") {
            return Self::read(&path);
        }
        let usual = [Some(PathBuf::from(DEVELOPMENT)), user_profile()];
        match usual.into_iter().flatten().find(|path| path.is_file()) {
            Some(path) => Self::read(&path),
            None => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Done<Self> {
        let bad = |problem: String| CliError::Usage(format!("profile {}: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let mut profile: Self = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let paths = [
            &mut profile.ca,
            &mut profile.cert,
            &mut profile.key,
            &mut profile.password_file,
            &mut profile.admin_cert,
            &mut profile.admin_key,
        ];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        profile.folder = Some(folder);
        Ok(profile)
    }
}

/// What a variable of the environment names; an empty one names nothing.
fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// `kmip-cli/kmip-cli.toml` in the user's configuration folder.
fn user_profile() -> Option<PathBuf> {
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("kmip-cli").join("kmip-cli.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_the_folder_of_the_profile_unless_they_are_absolute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        std::fs::write(&path, "server = \"h:1\"\nca = \"pki/ca.pem\"\ncert = \"/etc/c.pem\"\nadmin = \"h:2\"\n")
            .unwrap();
        let profile = Profile::find(Some(&path)).unwrap();
        assert_eq!(profile.ca.unwrap(), folder.path().join("pki/ca.pem"));
        assert_eq!(profile.cert.unwrap(), Path::new("/etc/c.pem"));
        assert_eq!(profile.admin.as_deref(), Some("h:2"));
    }

    #[test]
    fn unknown_keys_and_missing_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        std::fs::write(&path, "sever = \"h:1\"\n").unwrap();
        let error = Profile::find(Some(&path)).unwrap_err();
        assert!(error.to_string().contains("sever") && error.exit_code() == 2, "{error}");
        let missing = Profile::find(Some(&folder.path().join("none.toml"))).unwrap_err();
        assert!(missing.to_string().contains("none.toml"), "{missing}");
    }
}
