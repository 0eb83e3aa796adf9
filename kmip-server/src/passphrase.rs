//! The passphrase that seals the root key: the first line of the file of `[vault] passphrase_file`, else what the operator
//! types at a terminal. Without either the refusal says what to do.

use std::io::{self, IsTerminal};
use std::path::Path;

use hsm_backend::pkcs11::settings::read_secret;
use kmip_codec::secret::SecretText;
use zeroize::Zeroizing;

use crate::config::Vault;

/// Asks the operator for the passphrase of a root key that exists.
pub(crate) fn ask(what: &str) -> io::Result<SecretText> {
    prompt(&format!("Passphrase of {what}: "))
}

/// What may open a key store that exists: the lines of the file, the newest passphrase first. A root key is sealed by the first
/// line; while it is replaced, the one before it is opened by another.
pub(crate) fn from_file(file: &Path) -> io::Result<Vec<SecretText>> {
    let text = read_secret(file)?;
    let lines = text.expose_secret().lines().filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.map(SecretText::copy_from).collect();
    if lines.is_empty() {
        Err(io::Error::other(format!("{}: it holds no passphrase", file.display())))
    } else {
        Ok(lines)
    }
}

/// The passphrase by which a new root key is sealed.
pub(crate) fn newest(file: &Path) -> io::Result<SecretText> {
    from_file(file).map(|mut lines| lines.swap_remove(0))
}

/// The passphrase of a new key store; at a terminal it is typed twice.
pub(crate) fn choose(vault: &Vault) -> io::Result<SecretText> {
    let passphrase = match &vault.passphrase_file {
        Some(file) => newest(file)?,
        None => prompt("Passphrase for the new key store (keep a copy, without it nothing can be read): ")?,
    };
    if passphrase.expose_secret().is_empty() {
        return Err(io::Error::other("an empty passphrase seals nothing"));
    }
    if vault.passphrase_file.is_none() && prompt("Once more: ")?.expose_secret() != passphrase.expose_secret() {
        return Err(io::Error::other("the two passphrases differ"));
    }
    Ok(passphrase)
}

fn prompt(question: &str) -> io::Result<SecretText> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(
            "a passphrase seals the root key: name a file that holds it with [vault] passphrase_file in the file of --config, \
             or run the command at a terminal to type it",
        ));
    }
    let typed = Zeroizing::new(rpassword::prompt_password(question)?);
    Ok(SecretText::copy_from(&typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_seals_and_every_line_may_open() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        let lines = |text: &str| {
            std::fs::write(&file, text).unwrap();
            from_file(&file).map(|lines| lines.iter().map(|line| line.expose_secret().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(lines("new one\n\nold one\r\n").unwrap(), ["new one", "old one"]);
        assert_eq!(newest(&file).unwrap().expose_secret(), "new one");
        assert_eq!(lines(" only ").unwrap(), [" only "]);
        assert!(lines("\n\n").is_err());
    }
}
