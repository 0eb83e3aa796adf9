//! What holds for any bytes as a PKCS #12 container (RFC 7292), in which a private key comes (KMIP 2.1 §6.1.43).

use hsm_backend::pkcs12::{open, write};
use kmip_core::ports::container::Contents;

/// Bytes before the container: what the rest is a part of.
pub const HEADER: usize = 1;
/// What the seeds are protected by.
pub const PASSWORD: &str = "password";

/// The OID of plain data (RFC 7292 §4).
const DATA: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];

/// Checks everything. The code over a whole file hides nearly all changes of it, so parts are tried without one.
pub fn check(bytes: &[u8]) {
    let Some((part, rest)) = bytes.split_first() else { return };
    match part % 3 {
        0 => check_file(rest),
        1 => check_file(&around_safes(rest)),
        _ => check_file(&around_safes(&element(0x30, &[&data(rest)]))),
    }
}

/// What opens can be written, and opens again to the same.
fn check_file(file: &[u8]) {
    let Ok(opened) = open(file, PASSWORD) else { return };
    let certificates: Vec<&[u8]> = opened.certificates.iter().map(Vec::as_slice).collect();
    let name = opened.name.as_deref().unwrap_or("no name");
    let written = write(&Contents { name, key: Some(&opened.key), certificates: &certificates }, PASSWORD);
    let written = written.expect("what was in a container fits into one");
    let again = open(&written, PASSWORD).expect("what is written opens");
    assert_eq!(again.key.expose_secret(), opened.key.expose_secret());
    assert_eq!(again.certificates, opened.certificates);
    assert_eq!(again.name.as_deref(), Some(name));
    assert!(open(&written, "another password").is_err());
}

/// A file without a code, around its safes.
fn around_safes(safes: &[u8]) -> Vec<u8> {
    element(0x30, &[&[0x02, 0x01, 0x03], &data(safes)])
}

/// Plain data, as content.
fn data(content: &[u8]) -> Vec<u8> {
    let octets = element(0x04, &[content]);
    element(0x30, &[&DATA, &element(0xA0, &[&octets])])
}

fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match content.len() {
        short @ ..0x80 => out.push(short as u8),
        _ => {
            out.push(0x80 | length.len() as u8);
            out.extend(length);
        }
    }
    out.extend(content);
    out
}
