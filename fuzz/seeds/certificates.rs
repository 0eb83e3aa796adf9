//! Certificates with odd names, alternative names and keys of every kind; requests and revocation lists beside them.

use std::io;

use super::openssl::openssl;
use crate::Folder;

const KEYS: [&[&str]; 6] = [
    &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"],
    &["-newkey", "rsa:1024", "-sha1"],
    &["-newkey", "rsa:1024", "-sigopt", "rsa_padding_mode:pss"],
    &["-newkey", "ed25519"],
    &["-newkey", "ed448"],
];

const SUBJECTS: [&str; 5] = [
    "/CN=client",
    "/C=AU/ST=Queensland/L=Brisbane/O=Kmip/OU=One/OU=Two/title=Dr/serialNumber=7/dnQualifier=q/UID=u1/emailAddress=a@example.org/CN=Grüße",
    "/DC=org/DC=example/street=Way 1/SN=Doe/GN=Jo/CN= #a,b\\+c\"d;<e> ",
    "/O=Multi+OU=Valued+CN=one/CN=two",
    "/",
];

const EXTENSIONS: [&[&str]; 5] = [
    &[],
    &["-addext", "subjectAltName=DNS:kms.example.org,DNS:*.example.org,IP:10.0.0.1,IP:fe80::1,email:a@example.org"],
    &["-addext", "subjectAltName=URI:https://example.org/a,RID:1.2.3.4,otherName:1.2.3.4;UTF8:other"],
    &["-addext", "issuerAltName=DNS:issuer.example.org", "-addext", "subjectAltName=DNS:a"],
    &[
        "-addext",
        "keyUsage=critical,digitalSignature",
        "-addext",
        "extendedKeyUsage=clientAuth",
        "-addext",
        "1.2.3.4=DER:0500",
    ],
];

/// Writes the seeds.
pub fn write(folder: &mut Folder<'_>) -> io::Result<()> {
    for (number, key) in KEYS.iter().enumerate() {
        for (at, subject) in SUBJECTS.iter().enumerate() {
            let extensions = EXTENSIONS[(number + at) % EXTENSIONS.len()];
            let made = openssl(&[BASE, &["-x509"], key, &["-subj", subject], extensions].concat(), &[])?;
            folder.write(made)?;
        }
        folder.write(openssl(&[BASE, key, &["-subj", "/CN=a request"]].concat(), &[])?)?;
    }
    Ok(())
}

const BASE: &[&str] =
    &["req", "-nodes", "-keyout", "/dev/null", "-outform", "DER", "-utf8", "-multivalue-rdn", "-days", "3650"];
