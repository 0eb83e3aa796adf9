//! What every command has: the profile under the flags, and the connections that they describe.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use kmip_client::{Client, Config, Credential};
use kmip_codec::secret::SecretText;
use kmip_codec::version::Version;

use crate::admin_api::AdminApi;
use crate::cli::{AdminArgs, ConnectionArgs};
use crate::failure::{CliError, Done};
use crate::output::{self, Output};
use crate::profile::Profile;
use crate::{files, names};

/// What every command has.
pub struct Context {
    args: ConnectionArgs,
    profile: Profile,
    /// Where results go.
    pub output: Output,
    /// Whether questions are answered beforehand.
    pub yes: bool,
}

impl Context {
    /// Reads the profile.
    pub fn new(args: ConnectionArgs, output: Output, yes: bool) -> Done<Self> {
        let profile = Profile::find(args.config.as_deref())?;
        Ok(Self { args, profile, output, yes })
    }

    /// Connects to the KMIP port.
    pub async fn client(&self) -> Done<Client> {
        Ok(Client::connect(self.client_config()?).await?)
    }

    /// How the KMIP port is reached: flags first, then the profile.
    pub fn client_config(&self) -> Done<Config> {
        let (args, profile) = (&self.args, &self.profile);
        let servers = match (args.server.is_empty(), &profile.server) {
            (false, _) => args.server.clone(),
            (true, Some(server)) => server.split(',').map(|server| server.trim().to_owned()).collect(),
            (true, None) => return Err(missing("server", "--server HOST:PORT")),
        };
        let ca = args.ca.clone().or(profile.ca.clone()).ok_or_else(|| missing("CA", "--ca FILE"))?;
        // A certificate of one place never goes with a key of the other.
        let (cert, key) = match (&args.cert, &args.key) {
            (None, None) => (profile.cert.clone(), profile.key.clone()),
            (cert, key) => (cert.clone(), key.clone()),
        };
        let cert =
            cert.ok_or_else(|| missing("client certificate", "--cert FILE (`kmip-cli client enroll` makes one)"))?;
        let key = key.ok_or_else(|| missing("key of the client certificate", "--key FILE"))?;
        let mut config = Config::new("", ca, cert, key);
        config.endpoints = servers;
        config.server_name = args.server_name.clone().or(profile.server_name.clone());
        config.timeouts.answer = Duration::from_secs(args.timeout);
        config.timeouts.connect = config.timeouts.connect.min(config.timeouts.answer);
        config.version = self.version()?;
        config.credential = self.credential()?;
        Ok(config)
    }

    fn version(&self) -> Done<Option<Version>> {
        let text = self.args.kmip_version.as_ref().or(self.profile.kmip_version.as_ref());
        text.map(|text| names::version(text)).transpose()
    }

    fn credential(&self) -> Done<Option<Credential>> {
        let (args, profile) = (&self.args, &self.profile);
        let (username, file) = match &args.username {
            Some(username) => (username, &args.password_file),
            None => match &profile.username {
                Some(username) => (username, &profile.password_file),
                None => return Ok(None),
            },
        };
        let file = file.as_ref().ok_or_else(|| missing("password", "--password-file FILE"))?;
        Ok(Some(Credential { username: username.clone(), password: files::read_password(file)? }))
    }

    /// The password that a new user gets.
    pub fn new_password(&self) -> Done<SecretText> {
        files::read_password(
            self.args.password_file.as_ref().ok_or_else(|| missing("password", "--password-file FILE"))?,
        )
    }

    /// The password of --password-file, if that is given.
    pub fn optional_password(&self) -> Done<Option<SecretText>> {
        self.args.password_file.as_deref().map(files::read_password).transpose()
    }

    /// The admin API: flags first, then the profile.
    pub fn admin_api(&self, args: &AdminArgs) -> Done<AdminApi> {
        let profile = &self.profile;
        let endpoint = args.admin.as_ref().or(profile.admin.as_ref());
        let endpoint = endpoint.ok_or_else(|| missing("admin listener", "--admin HOST:PORT"))?;
        let ca = self.args.ca.as_ref().or(profile.ca.as_ref()).ok_or_else(|| missing("CA", "--ca FILE"))?;
        let (cert, key) = match (&args.admin_cert, &args.admin_key) {
            (None, None) => (profile.admin_cert.as_ref(), profile.admin_key.as_ref()),
            (cert, key) => (cert.as_ref(), key.as_ref()),
        };
        let cert = cert.ok_or_else(|| missing("administrator certificate", "--admin-cert FILE"))?;
        let key = key.ok_or_else(|| missing("key of the administrator certificate", "--admin-key FILE"))?;
        let name = self.args.server_name.as_deref().or(profile.server_name.as_deref());
        AdminApi::new(endpoint, name, ca, cert, key, Duration::from_secs(self.args.timeout))
    }

    /// Where certificates of enrolled clients go, unless told otherwise.
    pub fn clients_folder(&self) -> PathBuf {
        let beside = self.profile.folder.as_ref().map(|folder| folder.join("pki").join("clients"));
        beside.filter(|folder| folder.is_dir()).unwrap_or_default()
    }

    /// Asks before something is done that cannot be undone.
    pub fn confirm(&self, question: &str) -> Done {
        confirm(self.yes, question)
    }
}

/// Asks before something is done that cannot be undone, unless the answer was given already.
pub fn confirm(yes: bool, question: &str) -> Done {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(format!("{question} Nobody is there to answer: add --yes")));
    }
    output::tell(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| CliError::Local(error.to_string()))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(CliError::Local("nothing was done".into())) }
}

fn missing(what: &str, flag: &str) -> CliError {
    CliError::Usage(format!("no {what} is given: {flag}, or a profile by --config FILE"))
}
