//! The table of certificate profiles: one row for each kind of certificate, one row for each consumer that needs more.

/// The organizational unit that marks a certificate as an administrator's; no client certificate carries it.
pub const ADMINISTRATOR_UNIT: &str = "KMIP Administrator";

/// Names a server certificate carries unless others are given.
pub const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Signs the server's certificate and those of KMIP clients.
    ClientAuthority,
    /// Signs certificates of administrators, and nothing else.
    AdministratorAuthority,
    /// Identifies the server on all of its listeners.
    Server,
    /// Identifies one KMIP client.
    Client,
    /// Identifies one administrator to the admin API.
    Administrator,
}

/// Extended Key Usage of RFC 5280 §4.2.1.12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendedUsage {
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
}

/// Key Usage of RFC 5280 §4.2.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// digitalSignature: every TLS 1.3 handshake and every ECDHE handshake of TLS 1.2.
    DigitalSignature,
    /// keyCertSign.
    CertificateSign,
    /// cRLSign.
    CrlSign,
}

/// What one kind of certificate carries. basicConstraints is always present and always critical.
#[derive(Debug)]
pub struct Profile {
    /// Which certificate.
    pub kind: Kind,
    /// basicConstraints: CA or not; a CA gets path length 0.
    pub authority: bool,
    /// Organizational unit of the subject.
    pub organizational_unit: Option<&'static str>,
    /// Key usages (critical).
    pub usages: &'static [Usage],
    /// Extended key usages.
    pub extended_usages: &'static [ExtendedUsage],
    /// Whether subjectAltName holds the names and addresses under which it is reached.
    pub alternative_names: bool,
    /// Days from issue to expiry.
    pub validity_days: u32,
    /// Why the row is what it is.
    pub reason: &'static str,
}

/// All profiles.
pub const PROFILES: [Profile; 5] = [
    Profile {
        kind: Kind::ClientAuthority,
        authority: true,
        organizational_unit: None,
        usages: &[Usage::CertificateSign, Usage::CrlSign],
        extended_usages: &[],
        alternative_names: false,
        validity_days: 3650,
        reason: "Db2 refuses a CA whose basicConstraints is not critical; a storage array keeps its CA for its life",
    },
    Profile {
        kind: Kind::AdministratorAuthority,
        authority: true,
        organizational_unit: None,
        usages: &[Usage::CertificateSign, Usage::CrlSign],
        extended_usages: &[],
        alternative_names: false,
        validity_days: 3650,
        reason: "a CA of its own, so that no KMIP client certificate can ever chain to what the admin API trusts",
    },
    Profile {
        kind: Kind::Server,
        authority: false,
        organizational_unit: None,
        usages: &[Usage::DigitalSignature],
        extended_usages: &[ExtendedUsage::ServerAuth],
        alternative_names: true,
        validity_days: 825,
        reason: "clients of today match subjectAltName only; 825 days is the longest that some TLS stacks accept",
    },
    Profile {
        kind: Kind::Client,
        authority: false,
        organizational_unit: None,
        usages: &[Usage::DigitalSignature],
        extended_usages: &[ExtendedUsage::ClientAuth],
        alternative_names: false,
        validity_days: 1095,
        reason: "the Common Name is the name of the client record; PyKMIP and others insist on clientAuth",
    },
    Profile {
        kind: Kind::Administrator,
        authority: false,
        organizational_unit: Some(ADMINISTRATOR_UNIT),
        usages: &[Usage::DigitalSignature],
        extended_usages: &[ExtendedUsage::ClientAuth],
        alternative_names: false,
        validity_days: 365,
        reason: "the unit marks an administrator even where one root stands above both CAs",
    },
];

impl Kind {
    /// The row of this kind.
    pub fn profile(self) -> &'static Profile {
        match self {
            Self::ClientAuthority => &PROFILES[0],
            Self::AdministratorAuthority => &PROFILES[1],
            Self::Server => &PROFILES[2],
            Self::Client => &PROFILES[3],
            Self::Administrator => &PROFILES[4],
        }
    }
}

/// What a consumer needs beyond the profiles above, as its documentation or its users tell.
#[derive(Debug)]
pub struct Consumer {
    /// Product.
    pub name: &'static str,
    /// What to give it.
    pub needs: &'static str,
}

/// Consumers with needs of their own; every other one works with the profiles as they are.
pub const CONSUMERS: [Consumer; 10] = [
    Consumer {
        name: "PyKMIP and clients built on it",
        needs: "client: Extended Key Usage clientAuth, one Common Name",
    },
    Consumer {
        name: "MongoDB drivers (libmongocrypt)",
        needs: "client certificate and key in one PEM file; server: subjectAltName",
    },
    Consumer { name: "IBM Db2", needs: "CA: basicConstraints critical; SHA-2; RSA of 2048 bits or more, or ECDSA" },
    Consumer {
        name: "Hitachi VSP",
        needs: "when it insists on revocation: reachable CRL distribution point and OCSP in the server's chain (bring your own PKI)",
    },
    Consumer {
        name: "Dell iDRAC SEKM",
        needs: "makes its own key and request: sign the request with the client profile, Common Name as it asks",
    },
    Consumer { name: "NetApp ONTAP", needs: "the same client certificate on every node of a cluster; TLS 1.2 enabled" },
    Consumer { name: "NetApp Element", needs: "all CAs of a server concatenated in one file" },
    Consumer { name: "Commvault", needs: "client key file without a passphrase" },
    Consumer {
        name: "Quantum Scalar",
        needs: "a user name in the certificate's Common Name, equal to the KMIP credential",
    },
    Consumer {
        name: "appliances limited to RSA",
        needs: "client key RSA-2048 (`rsa2048`); the TLS 1.2 suites must be ECDHE with AES-GCM",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_finds_its_own_row() {
        for row in &PROFILES {
            assert_eq!(row.kind.profile().kind, row.kind);
        }
    }

    #[test]
    fn only_administrators_carry_the_mark_and_only_authorities_sign() {
        for row in &PROFILES {
            assert_eq!(row.organizational_unit == Some(ADMINISTRATOR_UNIT), row.kind == Kind::Administrator);
            assert_eq!(row.usages.contains(&Usage::CertificateSign), row.authority);
            assert!(!(row.authority && row.alternative_names));
        }
    }
}
