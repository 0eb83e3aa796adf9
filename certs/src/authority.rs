//! Certificate authorities and what they issue, by the table of [`crate::profiles`]. Everything is PEM.

use crate::inspect;
use crate::profiles::{ExtendedUsage, Kind, Usage};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    RsaKeySize, SerialNumber, SubjectPublicKeyInfo,
};
use std::io;
use std::path::Path;
use thiserror::Error;
use time::{Duration, OffsetDateTime};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// Clocks of clients may be behind ours by this much.
const CLOCK_TOLERANCE: Duration = Duration::hours(1);

/// Why a certificate could not be made, read or written.
#[derive(Debug, Error)]
pub enum CertsError {
    /// The name cannot be a client's name.
    #[error(
        "{0:?} is no usable name: take 1 to 64 letters, digits, '.', '_', '-' or '@', beginning with a letter or digit"
    )]
    Name(String),
    /// The certificate library refused.
    #[error("cannot make a certificate: {0}")]
    Generation(#[from] rcgen::Error),
    /// Bytes that are not what they should be.
    #[error("the {0} cannot be read")]
    Unreadable(&'static str),
    /// A request for a certificate (PKCS #10) is none, or its signature is not of its key.
    #[error("the certificate request cannot be used: {0}")]
    Request(String),
    /// A file that does not hold what it should.
    #[error("{path} holds no {what} (PEM) that can be read: bring the file back from a copy of its folder")]
    Contents {
        /// Which file.
        path: String,
        /// What it should hold.
        what: &'static str,
    },
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
}

/// Kind of a private key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    EcP256,
    /// RSA with 2048 bits, for clients that know nothing else.
    Rsa2048,
}

impl KeyKind {
    /// The kind of this name (`p256` or `rsa2048`).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "p256" => Some(Self::EcP256),
            "rsa2048" => Some(Self::Rsa2048),
            _ => None,
        }
    }

    fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::EcP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
    }
}

/// A certificate and its private key, both PEM.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key (PKCS#8); wiped on drop.
    pub key: Zeroizing<String>,
}

impl Issued {
    /// Writes the certificate (0644) and the key (0600).
    pub fn write(&self, certificate: &Path, key: &Path) -> Result<(), CertsError> {
        // Key first: a certificate without its key is useless, a key without a certificate is noticed and made anew.
        crate::pem_file::write_private(key, self.key.as_bytes()).map_err(|error| file_error(key, error))?;
        crate::pem_file::write_public(certificate, self.certificate.as_bytes())
            .map_err(|error| file_error(certificate, error))
    }

    /// The facts of the certificate.
    pub fn facts(&self) -> Result<inspect::Facts, CertsError> {
        inspect::certificate(&pem_contents(self.certificate.as_bytes(), "certificate")?)
    }
}

/// A certificate authority with its private key.
pub struct Authority {
    certificate: String,
    key: KeyPair,
}

impl Authority {
    /// Makes a self-signed authority; `kind` is one of the two authority profiles.
    pub fn create(kind: Kind, common_name: &str) -> Result<Self, CertsError> {
        let key = KeyKind::EcP256.generate()?;
        let certificate = parameters(kind, common_name, &[])?.self_signed(&key)?.pem();
        Ok(Self { certificate, key })
    }

    /// Takes an authority from PEM text.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, CertsError> {
        let key = KeyPair::from_pem(key)?;
        Issuer::from_ca_cert_pem(certificate, &key)?;
        Ok(Self { certificate: certificate.to_owned(), key })
    }

    /// Reads an authority from its two files.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, CertsError> {
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| file_error(path, error));
        let (text, key) = (read(certificate)?, read_key(key, &Zeroizing::new(read(key)?))?);
        Issuer::from_ca_cert_pem(&text, &key)
            .map_err(|_| contents_error(certificate, "certificate of an authority"))?;
        Ok(Self { certificate: text, key })
    }

    /// Certificate and key, to be written.
    pub fn export(&self) -> Issued {
        Issued { certificate: self.certificate.clone(), key: Zeroizing::new(self.key.serialize_pem()) }
    }

    /// The certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Issues a server certificate for these names and addresses.
    pub fn issue_server<S: AsRef<str>>(&self, names: &[S]) -> Result<Issued, CertsError> {
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        self.issue(Kind::Server, "kmip-server", &names, KeyKind::EcP256)
    }

    /// Issues the certificate of the KMIP client `name`.
    pub fn issue_client(&self, name: &str, key: KeyKind) -> Result<Issued, CertsError> {
        self.issue(Kind::Client, checked_name(name)?, &[], key)
    }

    /// Issues the certificate of the KMIP client `name`, PEM, for the key of its request (PKCS #10, PEM). Only the key is taken from
    /// the request, whose signature proves that the client has it.
    pub fn certify_client(&self, name: &str, request: &str) -> Result<String, CertsError> {
        let name = checked_name(name)?;
        let request = pem_contents(request.as_bytes(), "certificate request")?;
        let (_, request) = X509CertificationRequest::from_der(&request)
            .map_err(|_| CertsError::Request("it is no PKCS #10".to_owned()))?;
        request
            .verify_signature()
            .map_err(|_| CertsError::Request("its signature is not that of its key".to_owned()))?;
        // As the request says what the key is, not as the algorithm of its signature lets guess.
        let key = SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw);
        let key = key.map_err(|error| CertsError::Request(error.to_string()))?;
        let parameters = parameters(Kind::Client, name, &[])?;
        Ok(parameters.signed_by(&key, &self.issuer()?)?.pem())
    }

    /// Whether a certificate (PEM) is valid for another while and has the signature of this authority.
    pub fn stands_behind(&self, certificate: &str, valid_for: Duration) -> Result<bool, CertsError> {
        let read = |pem: &str| pem_contents(pem.as_bytes(), "certificate");
        let (certificate, own) = (read(certificate)?, read(&self.certificate)?);
        let parse = |der| X509Certificate::from_der(der).map_err(|_| CertsError::Unreadable("certificate"));
        let ((_, certificate), (_, own)) = (parse(&certificate)?, parse(&own)?);
        let lasts = certificate.validity().not_after.to_datetime() > OffsetDateTime::now_utc() + valid_for;
        Ok(lasts && certificate.verify_signature(Some(own.public_key())).is_ok())
    }

    /// Issues the certificate of the administrator `name`.
    pub fn issue_administrator(&self, name: &str) -> Result<Issued, CertsError> {
        self.issue(Kind::Administrator, checked_name(name)?, &[], KeyKind::EcP256)
    }

    /// Makes a revocation list, PEM, that names these serial numbers.
    pub fn revocation_list(&self, number: u64, serials: &[Vec<u8>], valid_for: Duration) -> Result<String, CertsError> {
        let now = OffsetDateTime::now_utc();
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        };
        let parameters = CertificateRevocationListParams {
            this_update: now - CLOCK_TOLERANCE,
            next_update: now + valid_for,
            crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(parameters.signed_by(&self.issuer()?)?.pem()?)
    }

    fn issue(&self, kind: Kind, common_name: &str, names: &[String], key: KeyKind) -> Result<Issued, CertsError> {
        let key = key.generate()?;
        let certificate = parameters(kind, common_name, names)?.signed_by(&key, &self.issuer()?)?.pem();
        Ok(Issued { certificate, key: Zeroizing::new(key.serialize_pem()) })
    }

    fn issuer(&self) -> Result<Issuer<'_, &KeyPair>, CertsError> {
        Ok(Issuer::from_ca_cert_pem(&self.certificate, &self.key)?)
    }
}

/// Reads a certificate and its key from their files: `None` if one is missing or they do not belong together, which is
/// what a crash between the two writes leaves.
pub fn read_pair(certificate: &Path, key: &Path) -> Result<Option<inspect::Facts>, CertsError> {
    let (Some(text), Some(key_text)) = (read_existing(certificate)?, read_existing(key)?) else {
        return Ok(None);
    };
    let facts = pem_contents(text.as_bytes(), "certificate").and_then(|der| inspect::certificate(&der));
    let facts = facts.map_err(|_| contents_error(certificate, "certificate"))?;
    let key = read_key(key, &key_text)?;
    Ok((key.subject_public_key_info() == facts.public_key).then_some(facts))
}

fn read_key(path: &Path, text: &str) -> Result<KeyPair, CertsError> {
    KeyPair::from_pem(text).map_err(|_| contents_error(path, "private key"))
}

fn read_existing(path: &Path) -> Result<Option<Zeroizing<String>>, CertsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, error)),
    }
}

/// Whether `name` can name a client or administrator: it becomes a Common Name and a file name.
pub fn is_usable_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
}

/// The bytes of the first PEM block.
pub fn pem_contents(pem: &[u8], what: &'static str) -> Result<Vec<u8>, CertsError> {
    let block = Pem::iter_from_buffer(pem).next().ok_or(CertsError::Unreadable(what))?;
    block.map(|pem| pem.contents).map_err(|_| CertsError::Unreadable(what))
}

fn checked_name(name: &str) -> Result<&str, CertsError> {
    if is_usable_name(name) { Ok(name) } else { Err(CertsError::Name(name.chars().take(80).collect())) }
}

fn parameters(kind: Kind, common_name: &str, names: &[String]) -> Result<CertificateParams, CertsError> {
    let profile = kind.profile();
    let mut parameters = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    if let Some(unit) = profile.organizational_unit {
        subject.push(DnType::OrganizationalUnitName, unit);
    }
    let now = OffsetDateTime::now_utc();
    parameters.distinguished_name = subject;
    parameters.is_ca = if profile.authority { IsCa::Ca(BasicConstraints::Constrained(0)) } else { IsCa::ExplicitNoCa };
    parameters.key_usages = profile.usages.iter().copied().map(key_usage).collect();
    parameters.extended_key_usages = profile.extended_usages.iter().copied().map(extended_key_usage).collect();
    parameters.use_authority_key_identifier_extension = !profile.authority;
    parameters.not_before = now - CLOCK_TOLERANCE;
    parameters.not_after = now + Duration::days(profile.validity_days.into());
    Ok(parameters)
}

fn key_usage(usage: Usage) -> KeyUsagePurpose {
    match usage {
        Usage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
        Usage::CertificateSign => KeyUsagePurpose::KeyCertSign,
        Usage::CrlSign => KeyUsagePurpose::CrlSign,
    }
}

fn extended_key_usage(usage: ExtendedUsage) -> ExtendedKeyUsagePurpose {
    match usage {
        ExtendedUsage::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedUsage::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
    }
}

fn file_error(path: &Path, error: io::Error) -> CertsError {
    CertsError::File { path: path.display().to_string(), error }
}

fn contents_error(path: &Path, what: &'static str) -> CertsError {
    CertsError::Contents { path: path.display().to_string(), what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{ADMINISTRATOR_UNIT, LOOPBACK_NAMES};

    fn client_authority() -> Authority {
        Authority::create(Kind::ClientAuthority, "Test CA").unwrap()
    }

    fn der(issued: &Issued) -> Vec<u8> {
        pem_contents(issued.certificate.as_bytes(), "certificate").unwrap()
    }

    #[test]
    fn every_certificate_has_critical_basic_constraints_and_its_usages() {
        let (clients, admins) =
            (client_authority(), Authority::create(Kind::AdministratorAuthority, "Admins").unwrap());
        let cases = [
            (Kind::ClientAuthority, clients.export()),
            (Kind::AdministratorAuthority, admins.export()),
            (Kind::Server, clients.issue_server(&LOOPBACK_NAMES).unwrap()),
            (Kind::Client, clients.issue_client("disk", KeyKind::EcP256).unwrap()),
            (Kind::Administrator, admins.issue_administrator("root").unwrap()),
        ];
        for (kind, issued) in &cases {
            let (der, profile) = (der(issued), kind.profile());
            let (_, parsed) = X509Certificate::from_der(&der).unwrap();
            let constraints = parsed.basic_constraints().unwrap().expect("basicConstraints");
            assert!(constraints.critical, "{kind:?}");
            assert_eq!(constraints.value.ca, profile.authority, "{kind:?}");
            let extended =
                parsed.extended_key_usage().unwrap().map(|usage| (usage.value.server_auth, usage.value.client_auth));
            let has = |usage| profile.extended_usages.contains(&usage);
            let expected = (has(ExtendedUsage::ServerAuth), has(ExtendedUsage::ClientAuth));
            assert_eq!(extended.unwrap_or_default(), expected, "{kind:?}");
            let usage = parsed.key_usage().unwrap().expect("keyUsage");
            assert!(usage.critical);
            assert_eq!(usage.value.key_cert_sign(), profile.authority);
            assert_eq!(usage.value.digital_signature(), !profile.authority);
            assert_eq!(parsed.subject_alternative_name().unwrap().is_some(), profile.alternative_names);
        }
    }

    #[test]
    fn a_server_certificate_names_the_loopback_in_each_form() {
        let issued = client_authority().issue_server(&LOOPBACK_NAMES).unwrap();
        let der = der(&issued);
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap().value.general_names.iter();
        let shown: Vec<String> = names.map(|name| format!("{name}")).collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(shown[0].contains("localhost"), "{shown:?}");
    }

    #[test]
    fn issued_certificates_verify_under_their_authority_and_no_other() {
        let (authority, other) = (client_authority(), client_authority());
        for key in [KeyKind::EcP256, KeyKind::Rsa2048] {
            let issued = authority.issue_client("disk", key).unwrap();
            let (leaf, right, wrong) = (der(&issued), der(&authority.export()), der(&other.export()));
            let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
            let (_, right) = X509Certificate::from_der(&right).unwrap();
            let (_, wrong) = X509Certificate::from_der(&wrong).unwrap();
            assert!(leaf.verify_signature(Some(right.public_key())).is_ok(), "{key:?}");
            assert!(leaf.verify_signature(Some(wrong.public_key())).is_err(), "{key:?}");
        }
    }

    #[test]
    fn an_authority_read_back_issues_for_the_same_chain() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (directory.path().join("ca.pem"), directory.path().join("ca.key"));
        let authority = client_authority();
        authority.export().write(&certificate, &key).unwrap();
        let again = Authority::read(&certificate, &key).unwrap();
        assert_eq!(again.certificate(), authority.certificate());
        let facts = again.issue_client("disk-7", KeyKind::EcP256).unwrap().facts().unwrap();
        assert_eq!(facts.common_name.as_deref(), Some("disk-7"));
        assert!(facts.organizational_units.is_empty());
        assert!(facts.not_after > OffsetDateTime::now_utc() + Duration::days(1000));
    }

    #[test]
    fn a_pair_is_read_only_if_it_belongs_together() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (directory.path().join("a.pem"), directory.path().join("a.key"));
        let authority = client_authority();
        assert_eq!(read_pair(&certificate, &key).unwrap(), None);
        for kind in [KeyKind::EcP256, KeyKind::Rsa2048] {
            authority.issue_client("a", kind).unwrap().write(&certificate, &key).unwrap();
            assert!(read_pair(&certificate, &key).unwrap().is_some(), "{kind:?}");
        }
        let other = authority.issue_client("a", KeyKind::EcP256).unwrap();
        crate::pem_file::write_private(&key, other.key.as_bytes()).unwrap();
        assert_eq!(read_pair(&certificate, &key).unwrap(), None);
    }

    #[test]
    fn files_that_hold_nothing_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (directory.path().join("ca.pem"), directory.path().join("ca.key"));
        let authority = client_authority();
        for empty in [&certificate, &key] {
            authority.export().write(&certificate, &key).unwrap();
            std::fs::write(empty, "").unwrap();
            let said = [read_pair(&certificate, &key).map(drop), Authority::read(&certificate, &key).map(drop)]
                .map(|refused| refused.unwrap_err().to_string());
            let name = empty.display().to_string();
            assert!(said.iter().all(|text| text.starts_with(&name) && text.contains("from a copy")), "{said:?}");
        }
    }

    #[test]
    fn administrators_are_marked() {
        let admins = Authority::create(Kind::AdministratorAuthority, "Admins").unwrap();
        let facts = admins.issue_administrator("root").unwrap().facts().unwrap();
        assert_eq!(facts.organizational_units, [ADMINISTRATOR_UNIT]);
    }

    #[test]
    fn names_that_leave_a_directory_or_hide_are_refused() {
        let authority = client_authority();
        for name in ["", "../x", ".x", "-x", "a/b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert!(matches!(authority.issue_client(name, KeyKind::EcP256), Err(CertsError::Name(_))), "{name:?}");
        }
        assert!(is_usable_name("array-7.rack_2@site"));
    }

    #[test]
    fn a_request_gives_its_key_and_nothing_else() {
        let authority = client_authority();
        let key = KeyPair::generate().unwrap();
        let mut asked = CertificateParams::new(["elsewhere.example.org".to_owned()]).unwrap();
        asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        asked.distinguished_name.push(DnType::OrganizationalUnitName, ADMINISTRATOR_UNIT);
        let request = asked.serialize_request(&key).unwrap();
        let der = |pem: &str| pem_contents(pem.as_bytes(), "certificate").unwrap();
        let certificate = der(&authority.certify_client("disk", &request.pem().unwrap()).unwrap());
        let facts = inspect::certificate(&certificate).unwrap();
        assert_eq!(facts.common_name.as_deref(), Some("disk"));
        assert!(facts.organizational_units.is_empty());
        assert_eq!(facts.public_key, key.subject_public_key_info());
        let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
        assert!(!parsed.is_ca());
        assert!(parsed.subject_alternative_name().unwrap().is_none());
        // Of another key: the last byte of the signature.
        let mut forged = request.der().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = pem(&forged);
        assert!(matches!(authority.certify_client("disk", &forged), Err(CertsError::Request(_))));
        for nonsense in ["", "-----BEGIN X-----", &authority.certificate] {
            assert!(authority.certify_client("disk", nonsense).is_err());
        }
    }

    /// A key on P-384 whose request is signed with SHA-256, as the openssl command does by itself: the signature tells nothing of
    /// the curve.
    #[test]
    fn the_curve_is_that_of_the_key_and_not_of_its_signature() {
        let folder = tempfile::tempdir().unwrap();
        let (key, request) = (folder.path().join("key"), folder.path().join("request"));
        let mut command = std::process::Command::new("openssl");
        command.args(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -sha256 -subj /CN=x -keyout".split(' '),
        );
        let Ok(output) = command.arg(&key).arg("-out").arg(&request).output() else {
            println!("SKIP the openssl command is not installed");
            return;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let request = std::fs::read_to_string(&request).unwrap();
        let certificate = client_authority().certify_client("disk", &request).unwrap();
        let facts = inspect::certificate(&pem_contents(certificate.as_bytes(), "certificate").unwrap()).unwrap();
        let asked = pem_contents(request.as_bytes(), "request").unwrap();
        let (_, asked) = X509CertificationRequest::from_der(&asked).unwrap();
        assert_eq!(facts.public_key, asked.certification_request_info.subject_pki.raw);
    }

    fn pem(der: &[u8]) -> String {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
    }

    #[test]
    fn a_revocation_list_tells_whom_it_revokes_and_when_the_next_is_due() {
        let authority = client_authority();
        let issued = authority.issue_client("disk", KeyKind::EcP256).unwrap().facts().unwrap();
        let pem = authority.revocation_list(1, std::slice::from_ref(&issued.serial), Duration::days(2)).unwrap();
        let der = pem_contents(pem.as_bytes(), "revocation list").unwrap();
        let list = inspect::revocations(&der).unwrap();
        assert_eq!((list.issuer, list.serials), (issued.issuer, vec![issued.serial]));
        let due = inspect::revocation_list_next_update(&der).unwrap().unwrap();
        assert!(due > OffsetDateTime::now_utc() + Duration::days(1));
    }
}
