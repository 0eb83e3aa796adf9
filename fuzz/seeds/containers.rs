//! Containers of the `openssl` command, and their parts.

use std::io;
use std::path::Path;

use der::asn1::AnyRef;
use der::{Decode, SliceReader};

use super::openssl::openssl;
use crate::Folder;

/// How keys and certificates are protected; the last way without any.
const PROTECTIONS: [&[&str]; 6] = [
    &["-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC"],
    &["-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-macalg", "sha1"],
    &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha512"],
    &["-keypbe", "DES-EDE3-CBC", "-certpbe", "AES-192-CBC", "-nomac"],
    &["-keypbe", "NONE", "-certpbe", "AES-256-CBC", "-nomac"],
    &["-keypbe", "NONE", "-certpbe", "NONE"],
];

/// Writes the seeds.
pub fn write(folder: &mut Folder<'_>) -> io::Result<()> {
    let scratch = std::env::temp_dir().join(format!("kmip-fuzz-{}", std::process::id()));
    let key = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &[])?;
    std::fs::write(&scratch, key)?;
    let written = containers(folder, &scratch);
    std::fs::remove_file(&scratch)?;
    written
}

fn containers(folder: &mut Folder<'_>, key: &Path) -> io::Result<()> {
    let key = key.to_string_lossy();
    let certificate = openssl(&["req", "-x509", "-subj", "/CN=disk", "-days", "3650", "-key", &key], &[])?;
    for (number, protection) in PROTECTIONS.iter().enumerate() {
        let base = ["pkcs12", "-export", "-passout", "pass:password", "-iter", "20", "-inkey", &key, "-name", "a disk"];
        let certificates = if number % 2 == 0 { &[][..] } else { &["-nocerts"] };
        let file = openssl(&[&base, *protection, certificates].concat(), &certificate)?;
        folder.write([&[0], file.as_slice()].concat())?;
        let safes = inside(&file, &[0, 1, 1, 0]).map_err(io::Error::other)?;
        folder.write([&[1], safes].concat())?;
        for safe in 0..2 {
            if let Ok(bags) = inside(safes, &[0, safe, 1, 0]) {
                folder.write([&[2], bags].concat())?;
            }
        }
    }
    Ok(())
}

/// The content of an element, by the places on the way to it.
fn inside<'a>(der: &'a [u8], way: &[usize]) -> der::Result<&'a [u8]> {
    let mut content = der;
    for place in way {
        let mut reader = SliceReader::new(content)?;
        for _ in 0..*place {
            AnyRef::decode(&mut reader)?;
        }
        content = AnyRef::decode(&mut reader)?.value();
    }
    Ok(content)
}
