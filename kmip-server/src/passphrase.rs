//! The passphrase that seals the root key: the text of the file of `[vault] passphrase_file`, else what the operator
//! types at a terminal. Without either the refusal says what to do.

use std::io::{self, IsTerminal};

use hsm_backend::pkcs11::settings::read_secret;
use kmip_codec::secret::SecretText;
use zeroize::Zeroizing;

use crate::config::Vault;

/// The passphrase of a key store that exists.
pub(crate) fn ask(vault: &Vault) -> io::Result<SecretText> {
    match &vault.passphrase_file {
        Some(file) => read_secret(file),
        None => prompt("Passphrase of the key store: "),
    }
}

/// The passphrase of a new key store; at a terminal it is typed twice.
pub(crate) fn choose(vault: &Vault) -> io::Result<SecretText> {
    let passphrase = match &vault.passphrase_file {
        Some(file) => read_secret(file)?,
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
