//! Which device: one of the `[[hsm]]` tables of a server's configuration, or one that flags describe.

use std::path::Path;

use hsm_backend::pkcs11::TokenAddress;
use hsm_backend::pkcs11::settings::Hsm;
use kmip_codec::secret::SecretText;
use serde::Deserialize;

use crate::cli::DeviceArgs;
use crate::failure::{CliError, Done};

/// The part of a server's configuration that is about devices; the server checks the rest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Devices {
    hsm: Vec<Hsm>,
}

/// The device that the flags choose.
pub fn chosen(args: &DeviceArgs) -> Done<Hsm> {
    let Some(file) = &args.server_config else {
        let module = args.module.clone().unwrap_or_default();
        let name = args.token_label.clone().or(args.serial.clone()).unwrap_or_default();
        let (token_label, serial) = (args.token_label.clone(), args.serial.clone());
        let (pin_file, pin_env) = (args.pin_file.clone(), args.pin_env.clone());
        return Ok(Hsm { name, module, token_label, serial, pin_file, pin_env, root_label: None });
    };
    let mut devices = all(file, &[])?;
    let names = devices.iter().map(|device| device.name.clone()).collect::<Vec<_>>().join(", ");
    let usage = |text: String| CliError::Usage(format!("{}: {text}", file.display()));
    match (&args.device, devices.len()) {
        (None, 0 | 1) => devices.pop().ok_or_else(|| usage("no [[hsm]] table".to_owned())),
        (None, _) => Err(usage(format!("several devices: choose one with --device ({names})"))),
        (Some(name), _) => {
            let found = devices.into_iter().find(|device| device.name == *name);
            found.ok_or_else(|| usage(format!("no device has the name {name:?}; there is {names}")))
        }
    }
}

/// The devices of a server's configuration, or those of these names, in the order of the configuration.
pub fn all(file: &Path, names: &[String]) -> Done<Vec<Hsm>> {
    let mut devices = read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    devices.iter_mut().for_each(|device| device.resolve(folder));
    let usage = |text: String| CliError::Usage(format!("{}: {text}", file.display()));
    if let Some(unknown) = names.iter().find(|name| devices.iter().all(|device| device.name != **name)) {
        return Err(usage(format!("no device has the name {unknown:?}")));
    }
    devices.retain(|device| names.is_empty() || names.contains(&device.name));
    if devices.is_empty() { Err(usage("no [[hsm]] table".to_owned())) } else { Ok(devices) }
}

/// The devices with the labels of their root keys, and their PINs.
pub fn addressed(devices: &[Hsm], labels: &[String]) -> Done<Vec<(TokenAddress, SecretText)>> {
    let addressed = devices.iter().zip(labels).map(|(device, label)| {
        let pin = device.pin().map_err(|error| CliError::Usage(error.to_string()))?;
        Ok((device.address(Some(label)), pin))
    });
    addressed.collect()
}

fn read(file: &Path) -> Done<Vec<Hsm>> {
    let wrong = |error: String| CliError::Usage(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let devices: Devices = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    Ok(devices.hsm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(file: &Path, device: Option<&str>) -> DeviceArgs {
        DeviceArgs { server_config: Some(file.to_owned()), device: device.map(str::to_owned), ..DeviceArgs::default() }
    }

    #[test]
    fn a_device_is_chosen_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        let table =
            |name: &str| format!("[[hsm]]\nname = '{name}'\nmodule = '/m.so'\nserial = '1'\npin_file = 'pin'\n");
        let text = |refused: Done<Hsm>| refused.unwrap_err().to_string();
        std::fs::write(&file, "[vault]\nkind = 'software'\n").unwrap();
        assert!(text(chosen(&args(&file, None))).contains("no [[hsm]] table"));
        std::fs::write(&file, table("a")).unwrap();
        let only = chosen(&args(&file, None)).unwrap();
        assert_eq!((only.name.as_str(), only.pin_file), ("a", Some(folder.path().join("pin"))));
        std::fs::write(&file, table("a") + &table("b")).unwrap();
        assert!(text(chosen(&args(&file, None))).contains("--device (a, b)"));
        assert!(text(chosen(&args(&file, Some("c")))).contains("no device has the name \"c\""));
        assert_eq!(chosen(&args(&file, Some("b"))).unwrap().name, "b");
        std::fs::write(&file, table("a") + "pinfile = 'x'\n").unwrap();
        assert!(text(chosen(&args(&file, None))).contains("pinfile"));
    }
}
