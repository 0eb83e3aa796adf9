//! `client`, `user` and `device`: administration over the admin API, while the server runs.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use kmip_codec::secret::SecretText;
use zeroize::Zeroizing;

use crate::admin_api::{Device, Enrollment, Listener, OneTimeCodes, User};
use crate::cli::{AdminArgs, ClientCommand, DeviceCommand, UserCommand};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::files::{self, NewFile};

/// Changes clients.
pub async fn client(context: &Context, command: ClientCommand) -> Done {
    match command {
        ClientCommand::Enroll { name, scope, certificate: Some(certificate), admin, .. } => {
            let certificate = files::text(&certificate)?;
            context.admin_api(&admin)?.register_client(&name, scope.as_deref(), &certificate).await?;
            context.output.record(&[("client", name.into())])
        }
        ClientCommand::Enroll { name, scope, key_kind, request, pkcs12_user, out, again, admin, .. } => {
            let request = request.as_deref().map(files::text).transpose()?;
            let password = pkcs12_user.as_ref().map(|_| context.new_password()).transpose()?;
            let enrollment = Enrollment {
                name: &name,
                scope: scope.as_deref(),
                key: key_kind.as_deref(),
                again,
                request: request.as_deref(),
                username: pkcs12_user.as_deref(),
                password: password.as_ref().map(SecretText::expose_secret),
            };
            enroll(context, &enrollment, out, &admin).await
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

/// Enrolls a client and writes what it gets. The files are made before: a server that has made a certificate which nobody can
/// write has made it for nobody.
async fn enroll(context: &Context, enrollment: &Enrollment<'_>, out: Option<PathBuf>, admin: &AdminArgs) -> Done {
    let name = enrollment.name;
    let folder = out.clone().unwrap_or_else(|| context.clients_folder());
    let (file, cert, key) = (path(&folder, name, "p12")?, path(&folder, name, "pem")?, path(&folder, name, "key")?);
    let api = context.admin_api(admin)?;
    std::fs::create_dir_all(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder })
        .map_err(|error| CliError::Usage(format!("{}: {error}", folder.display())))?;
    // The key of a request is the client's own, and may stand there.
    let wanted: &[(&PathBuf, u32)] = match (enrollment.username, enrollment.request) {
        (Some(_), _) => &[(&file, 0o600)],
        (None, Some(_)) => &[(&cert, 0o644)],
        (None, None) => &[(&cert, 0o644), (&key, 0o600)],
    };
    let mut begun =
        wanted.iter().map(|(path, mode)| NewFile::begin(path, *mode, enrollment.again)).collect::<Done<Vec<_>>>()?;
    let enrolled = api.enroll(enrollment).await?;
    let mut write = |path: &Path, bytes: &[u8]| match begun.iter().position(|file| file.path() == path) {
        Some(at) => begun.swap_remove(at).finish(bytes).map_err(|error| unwritten(name, error)),
        None => Err(CliError::Local(format!("the server sent what was not asked for: {}", path.display()))),
    };
    let mut fields = vec![("client", name.into())];
    let mut tell = |what, path: &Path| fields.push((what, path.display().to_string().into()));
    if let Some(pkcs12) = &enrolled.pkcs12 {
        let bytes = BASE64.decode(pkcs12.expose_secret().as_bytes()).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| CliError::Local(format!("the server's PKCS #12 is not base64: {error}")))?;
        write(&file, &bytes)?;
        tell("pkcs12", &file);
    }
    if let Some(certificate) = &enrolled.certificate {
        write(&cert, certificate.as_bytes())?;
        tell("cert", &cert);
    }
    if let Some(made) = &enrolled.key {
        write(&key, made.expose_secret().as_bytes())?;
        tell("key", &key);
    }
    if let Some(folder) = out {
        let ca = folder.join("ca.pem");
        if !ca.exists() {
            files::write_public(&ca, enrolled.ca.as_bytes())?;
        }
        tell("ca", &ca);
    }
    context.output.record(&fields)
}

/// The server has done its part, and its answer is lost.
fn unwritten(name: &str, error: CliError) -> CliError {
    CliError::Local(format!(
        "{error}; the client is enrolled, but its files are not written: make room, then `kmip-cli client enroll {name} --again`"
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
