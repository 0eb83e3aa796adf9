//! `client`, `user` and `device`: administration over the admin API, while the server runs.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use kmip_codec::secret::SecretText;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::admin_api::{Client, Device, Enrolled, Enrollment, Listener, OneTimeCodes, User, WipedText};
use crate::cli::{AdminArgs, ClientCommand, DeviceCommand, UserCommand};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::files::{self, NewFile};

/// Changes clients.
pub async fn client(context: &Context, command: ClientCommand) -> Done {
    match command {
        ClientCommand::Enroll { name, scope, key_kind, certificate, request, pkcs12_user, out, again, only, admin } => {
            let certificate = certificate.as_deref().map(files::text).transpose()?;
            let request = request.as_deref().map(files::text).transpose()?;
            let password = pkcs12_user.as_ref().map(|_| context.new_password()).transpose()?;
            let enrollment = Enrollment {
                name: &name,
                scope: scope.as_deref(),
                key: key_kind.as_deref(),
                again,
                only,
                certificate: certificate.as_deref(),
                request: request.as_deref(),
                username: pkcs12_user.as_deref(),
                password: password.as_ref().map(SecretText::expose_secret),
            };
            if enrollment.certificate.is_some() {
                context.admin_api(&admin)?.register_client(&enrollment).await?;
                return context.output.record(&[("client", name.into())]);
            }
            enroll(context, &enrollment, out, &admin).await
        }
        ClientCommand::List { admin } => list(context, &context.admin_api(&admin)?.clients().await?),
        ClientCommand::Disable { name, admin } => {
            if !context.admin_api(&admin)?.lock_client(&name, true).await? {
                crate::output::tell(&format!(
                    "no client named {name} was enrolled: whoever comes by that name is refused"
                ));
            }
            context.output.record(&[("client", name.into()), ("disabled", true.into())])
        }
        ClientCommand::Enable { name, admin } => {
            context.admin_api(&admin)?.lock_client(&name, false).await?;
            context.output.record(&[("client", name.into()), ("disabled", false.into())])
        }
        ClientCommand::Prepare { name, key_kind, admin } => {
            context.admin_api(&admin)?.prepare_client(&name, key_kind.as_deref()).await?;
            context.output.record(&[("client", name.into())])
        }
        ClientCommand::Listen { name, off, at, speaks, listener_ca, admin } => {
            let ca = listener_ca.as_deref().map(files::text).transpose()?;
            let listener = at.as_deref().map(|address| Listener { address, version: speaks.as_deref(), ca });
            context.admin_api(&admin)?.set_listening(&name, !off, listener.as_ref()).await?;
            context.output.record(&[("client", name.into()), ("listens", (!off).into()), ("at", at.into())])
        }
        ClientCommand::Put { name, id, replaces, admin } => {
            context.admin_api(&admin)?.put(&name, &id, replaces.as_deref()).await?;
            context.output.record(&[("client", name.into()), ("queued", id.into())])
        }
        ClientCommand::Quirks { name, quirks, admin } => {
            context.admin_api(&admin)?.set_quirks(&name, &quirks).await?;
            context.output.record(&[("client", name.into()), ("quirks", quirks.into())])
        }
    }
}

/// What an enrolled client gets in a file of its own.
#[derive(Clone, Copy)]
enum Part {
    Certificate,
    Key,
    Pkcs12,
}

impl Part {
    /// What is asked for. The key of a request is the client's own, and may stand where it would be written.
    fn wanted(enrollment: &Enrollment<'_>) -> &'static [Self] {
        match (enrollment.username, enrollment.request) {
            (Some(_), _) => &[Self::Pkcs12],
            (None, Some(_)) => &[Self::Certificate],
            (None, None) => &[Self::Certificate, Self::Key],
        }
    }

    /// What it is called in results.
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "cert",
            Self::Key => "key",
            Self::Pkcs12 => "pkcs12",
        }
    }

    /// How the name of its file ends, and who may read it.
    fn file(self) -> (&'static str, u32) {
        match self {
            Self::Certificate => ("pem", 0o644),
            Self::Key => ("key", 0o600),
            Self::Pkcs12 => ("p12", 0o600),
        }
    }

    /// Its bytes in the answer of the server.
    fn of(self, enrolled: &Enrolled) -> Done<Zeroizing<Vec<u8>>> {
        let text = match self {
            Self::Certificate => enrolled.certificate.as_deref(),
            Self::Key => enrolled.key.as_ref().map(WipedText::expose_secret),
            Self::Pkcs12 => enrolled.pkcs12.as_ref().map(WipedText::expose_secret),
        };
        let bytes = match (self, text) {
            (Self::Pkcs12, Some(text)) => BASE64.decode(text.as_bytes()).ok(),
            (_, text) => text.map(|text| text.as_bytes().to_vec()),
        };
        let lacking = || CliError::Local(format!("the server's answer holds no {} that can be read", self.name()));
        bytes.map(Zeroizing::new).ok_or_else(lacking)
    }
}

/// Lists clients.
fn list(context: &Context, clients: &[Client]) -> Done {
    if context.output.is_json() {
        return context.output.json(&serde_json::json!({ "clients": clients }));
    }
    let row = |client: &Client| {
        let state = match (client.disabled, client.renewals) {
            (true, 0) => "disabled",
            (true, _) => "disabled; renewed certificates only",
            (false, 0) => "any certificate with its name",
            (false, _) => "renewed certificates only",
        };
        let hears = client.listener.as_deref().unwrap_or(if client.listens { "yes" } else { "" });
        [&client.name, &client.scope, state, &client.quirks.join(", "), hears].map(str::to_owned).to_vec()
    };
    context.output.table(&["client", "scope", "state", "quirks", "listens"], clients.iter().map(row).collect())
}

/// Enrolls a client and writes what it gets. The files are begun before: a certificate that nobody can write is nobody's.
async fn enroll(context: &Context, enrollment: &Enrollment<'_>, out: Option<PathBuf>, admin: &AdminArgs) -> Done {
    let folder = out.clone().unwrap_or_else(|| context.clients_folder());
    let files = Part::wanted(enrollment).iter().map(|part| Ok((*part, path(&folder, enrollment.name, part.file().0)?)));
    let files = files.collect::<Done<Vec<_>>>()?;
    let api = context.admin_api(admin)?;
    std::fs::create_dir_all(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder })
        .map_err(|error| CliError::Usage(format!("{}: {error}; choose another --out", folder.display())))?;
    let begin =
        |(part, path): (Part, PathBuf)| NewFile::begin(&path, part.file().1, enrollment.again).map(|file| (part, file));
    let begun = files.into_iter().map(begin).collect::<Done<Vec<_>>>()?;
    let enrolled = api.enroll(enrollment).await?;
    let mut fields = vec![("client", enrollment.name.into())];
    fields.extend(write(&enrolled, begun).map_err(|error| unwritten(enrollment.name, &error))?);
    if let Some(folder) = out {
        let ca = folder.join("ca.pem");
        if !ca.exists() {
            files::write_public(&ca, enrolled.ca.as_bytes()).map_err(|error| {
                let told = "the files of the client are written; take this one from pki/ca.pem of the server";
                CliError::Local(format!("{error}; {told}"))
            })?;
        }
        fields.push(("ca", ca.display().to_string().into()));
    }
    context.output.record(&fields)
}

/// Writes all files before the first gets its name: a certificate never stands beside a key that is not its own.
fn write(enrolled: &Enrolled, mut begun: Vec<(Part, NewFile)>) -> Done<Vec<(&'static str, Value)>> {
    for (part, file) in &mut begun {
        file.fill(&part.of(enrolled)?)?;
    }
    let mut fields = Vec::new();
    for (part, file) in begun {
        fields.push((part.name(), file.path().display().to_string().into()));
        file.keep()?;
    }
    Ok(fields)
}

/// The server has done its part, and its answer is lost.
fn unwritten(name: &str, error: &CliError) -> CliError {
    CliError::Local(format!(
        "{error}; the client is enrolled, but its files are not written; once they can be: `kmip-cli client enroll {name} --again`"
    ))
}

/// `NAME.KIND`, if the name is one of a file.
fn path(folder: &Path, name: &str, kind: &str) -> Done<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(CliError::Usage(format!(
            "{name:?} cannot be the name of a file, so it cannot be that of a client"
        )));
    }
    Ok(folder.join(format!("{name}.{kind}")))
}

/// Adds a KMIP user.
pub async fn user(context: &Context, command: UserCommand) -> Done {
    let UserCommand::Add { name, client, otp, otp_hash, otp_digits, otp_period, hashed_password, admin } = command;
    let api = context.admin_api(&admin)?;
    let password = match otp {
        Some(_) => context.optional_password()?,
        None => Some(context.new_password()?),
    };
    let codes = |kind| OneTimeCodes { kind, hash: otp_hash.as_str(), digits: otp_digits, period: otp_period };
    let user = User {
        name: &name,
        password: password.as_ref().map(SecretText::expose_secret),
        client: client.as_deref(),
        hashed_password,
        one_time: otp.as_deref().map(codes),
    };
    let added = api.add_user(&user).await?;
    let mut fields = vec![("user", name.into())];
    // Shown once, on purpose: it goes into an authenticator, and the server keeps it sealed.
    fields.extend(added.one_time.as_ref().map(|uri| ("otp", uri.expose_secret().into())));
    context.output.record(&fields)
}

/// Registers a device.
pub async fn device(context: &Context, command: DeviceCommand) -> Done {
    let DeviceCommand::Add {
        name,
        serial_number,
        device_identifier,
        network_identifier,
        machine_identifier,
        media_identifier,
        client,
        admin,
    } = command;
    let api = context.admin_api(&admin)?;
    let password = context.optional_password()?;
    let device = Device {
        name: &name,
        serial_number: serial_number.as_deref(),
        device_identifier: device_identifier.as_deref(),
        network_identifier: network_identifier.as_deref(),
        machine_identifier: machine_identifier.as_deref(),
        media_identifier: media_identifier.as_deref(),
        password: password.as_ref().map(SecretText::expose_secret),
        client: client.as_deref(),
    };
    api.add_device(&device).await?;
    context.output.record(&[("device", name.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_name_cannot_leave_its_folder() {
        for name in ["", "..", ".x", "a/b", "/etc/passwd"] {
            assert_eq!(path(Path::new("d"), name, "pem").unwrap_err().exit_code(), 2, "{name}");
        }
        assert_eq!(path(Path::new("d"), "disk-7", "key").unwrap(), Path::new("d/disk-7.key"));
    }
}
