//! The `openssl` command, which makes keys and certificates of more kinds than any library here.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// What the command writes when it is given `input`.
pub fn openssl(arguments: &[&str], input: &[u8]) -> io::Result<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input closes it.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("openssl {arguments:?} failed")))
    }
}

/// How to make a private key, as `openssl genpkey` wants it.
pub const KEYS: [&[&str]; 17] = [
    &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"],
    &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-pkeyopt", "rsa_keygen_primes:3"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sect283k1"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
    &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
    &["-algorithm", "ED25519"],
    &["-algorithm", "ED448"],
    &["-algorithm", "X25519"],
    &["-algorithm", "X448"],
    &["-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"],
];

/// A private key, PKCS#8.
pub fn private_key(how: &[&str]) -> io::Result<Vec<u8>> {
    openssl(&[&["genpkey", "-outform", "DER"], how].concat(), &[])
}

/// A DSA key of 1024 bits, PKCS#8.
pub fn dsa_key() -> io::Result<Vec<u8>> {
    let parameters =
        openssl(&["genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024"], &[])?;
    let folder = std::env::temp_dir().join(format!("kmip-fuzz-{}", std::process::id()));
    std::fs::write(&folder, parameters)?;
    let key = openssl(&["genpkey", "-outform", "DER", "-paramfile", &folder.to_string_lossy()], &[]);
    std::fs::remove_file(&folder)?;
    key
}
