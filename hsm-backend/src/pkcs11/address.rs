//! Where a token is: its module, and its label, its serial number or both.

use std::path::PathBuf;

use cryptoki::slot::Slot;
use kmip_core::ports::vault::VaultError;

use super::module::Entered;
use super::trouble::Trouble;

/// Where a token is and which key on it is the root.
#[derive(Debug, Clone)]
pub struct TokenAddress {
    /// What the device is called in logs and reports.
    pub name: String,
    /// The PKCS#11 module (a shared library).
    pub module: PathBuf,
    /// Label of the token. It or the serial number is needed; if both are given, both must match.
    pub token_label: Option<String>,
    /// Serial number of the token.
    pub serial: Option<String>,
    /// Label of the root key on it.
    pub root_label: String,
    /// What the labels of the vault's other objects on it begin with. It stays when the root key is replaced.
    pub owner: String,
}

impl TokenAddress {
    /// Refuses an address that names no token.
    pub(super) fn check(&self) -> Result<(), VaultError> {
        match (&self.token_label, &self.serial) {
            (None, None) => {
                Err(VaultError::Failed(format!("{}: neither a token label nor a serial number is given", self.name)))
            }
            _ => Ok(()),
        }
    }

    /// The token in words.
    pub(super) fn token(&self) -> String {
        match (&self.token_label, &self.serial) {
            (Some(label), None) => format!("labelled {label:?}"),
            (None, Some(serial)) => format!("with serial number {serial:?}"),
            (Some(label), Some(serial)) => format!("labelled {label:?} with serial number {serial:?}"),
            (None, None) => "without a name".to_owned(),
        }
    }

    fn names(&self, label: &str, serial: &str) -> bool {
        let is = |wanted: &Option<String>, this: &str| wanted.as_ref().is_none_or(|wanted| wanted == this);
        is(&self.token_label, label) && is(&self.serial, serial)
    }

    /// The slot of the token.
    pub(super) fn find(&self, module: &Entered<'_>) -> Result<Slot, Trouble> {
        let (mut shown, mut found) = (Vec::new(), Vec::new());
        let mut unread = None;
        for slot in module.functions().get_slots_with_token()? {
            // A token that is gone must not hide the others.
            let info = match module.functions().get_token_info(slot) {
                Ok(info) if info.token_initialized() => info,
                Ok(_) => continue,
                Err(error) => {
                    unread = Some(error);
                    continue;
                }
            };
            let (label, serial) = (info.label().trim_end(), info.serial_number().trim_end());
            if self.names(label, serial) {
                found.push(slot);
            }
            shown.push(format!("{label:?} ({serial})"));
        }
        match (found.as_slice(), unread) {
            ([slot], _) => Ok(*slot),
            ([], Some(error)) => Err(error.into()),
            // It may come: a token is moved, a device is switched on.
            ([], None) => {
                let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
                Err(Trouble::Device(format!("no token is {}; the module shows {shown}", self.token())))
            }
            (several, _) => Err(refused(format!("{} tokens are {}", several.len(), self.token()))),
        }
    }
}

/// The serial number of a token, padded with blanks as the token tells it (PKCS #11 v2.40 §3.2, `CK_TOKEN_INFO`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Serial(pub(super) [u8; 16]);

impl Serial {
    pub(super) fn of(told: &str) -> Self {
        let mut serial = [b' '; 16];
        serial.iter_mut().zip(told.bytes()).for_each(|(place, byte)| *place = byte);
        Self(serial)
    }
}

impl std::fmt::Display for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.0).trim_end())
    }
}

fn refused(text: String) -> Trouble {
    Trouble::Refused(VaultError::Failed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(label: Option<&str>, serial: Option<&str>) -> TokenAddress {
        TokenAddress {
            name: "hsm-1".to_owned(),
            module: "/m.so".into(),
            token_label: label.map(str::to_owned),
            serial: serial.map(str::to_owned),
            root_label: "root".to_owned(),
            owner: "root".to_owned(),
        }
    }

    #[test]
    fn a_token_is_named_by_label_or_serial_number_and_by_both_if_both_are_given() {
        assert!(address(Some("kmip"), None).names("kmip", "1"));
        assert!(!address(Some("kmip"), None).names("kmip2", "1"));
        assert!(address(None, Some("1")).names("any", "1"));
        assert!(!address(None, Some("1")).names("any", "12"));
        assert!(address(Some("kmip"), Some("1")).names("kmip", "1"));
        assert!(!address(Some("kmip"), Some("1")).names("kmip", "2"));
        assert!(!address(Some("kmip"), Some("1")).names("other", "1"));
    }

    #[test]
    fn an_address_without_either_is_refused() {
        let refused = address(None, None).check().unwrap_err().to_string();
        assert!(refused.contains("hsm-1: neither"), "{refused}");
        assert!(address(None, Some("1")).check().is_ok());
    }
}
