//! The command line as `clap` reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Keys, certificates and secrets of a KMIP server
#[derive(Debug, Parser)]
#[command(name = "kmip-cli", version, arg_required_else_help = true)]
pub struct Cli {
    /// Where the server is and who asks
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Do not ask before objects are destroyed
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For scripts
    Json,
}

/// Where the server is and who asks. What is missing here comes from the profile.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    /// Profile; else the one that KMIP_CLI_CONFIG names, else ./kmip-data/kmip-cli.toml, else the one in the user's configuration
    /// folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Server; several are tried in order
    #[arg(long, global = true, value_name = "HOST:PORT", value_delimiter = ',')]
    pub server: Vec<String>,
    /// CAs that the server is checked against (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Client certificate (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Key of the client certificate (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Name in the server's certificate, if it is not the host
    #[arg(long, global = true, value_name = "NAME")]
    pub server_name: Option<String>,
    /// Protocol version; without it the highest common one is taken
    #[arg(long, global = true, value_name = "VERSION")]
    pub kmip_version: Option<String>,
    /// KMIP user name
    #[arg(long, global = true, value_name = "NAME", requires = "password_file")]
    pub username: Option<String>,
    /// File with the password of the KMIP user; - is stdin
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Longest wait for an answer
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key on the server: aes, 3des, hmac-sha256 ..., or a pair: rsa, ec, ed25519
    Create(CreateArgs),
    /// Make a key pair on the server: rsa, ec or ed25519
    CreatePair(CreateArgs),
    /// Bring a key, certificate or secret to the server
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Read an object, key material included
    Get(GetArgs),
    /// Find objects
    Locate(LocateArgs),
    /// Read and change attributes
    #[command(subcommand)]
    Attributes(AttributesCommand),
    /// Make a new key that takes the place of an old one (of a pair: name its private key)
    Rekey(RekeyArgs),
    /// Put objects into use
    Activate(Targets),
    /// Take objects out of use
    Revoke(RevokeArgs),
    /// Destroy objects; their keys cannot be brought back
    Destroy(Targets),
    /// Ask whether an object may be used in some way
    Check(CheckArgs),
    /// Ask what the server can do
    Query(QueryArgs),
    /// Ask which protocol versions the server speaks
    Discover,
    /// Write a line into the server's log
    Log {
        /// The line
        message: String,
    },
    /// Clients (admin API)
    #[command(subcommand)]
    Client(ClientCommand),
    /// KMIP user names (admin API)
    #[command(subcommand)]
    User(UserCommand),
    /// Devices with a credential of their own (admin API)
    #[command(subcommand)]
    Device(DeviceCommand),
    /// The PKCS#11 devices that hold the root key
    #[command(subcommand)]
    Hsm(HsmCommand),
    /// The root key under which the server keeps everything (admin API)
    #[command(subcommand)]
    RootKey(RootKeyCommand),
    /// The certificate authority of Certify and Re-certify (admin API)
    #[command(subcommand)]
    Ca(CaCommand),
    /// The certificates and revocation lists that Validate goes by (admin API)
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Send a message from a file and print the answer
    Send {
        /// Request messages: .xml, .json, or .ttlv (binary)
        file: PathBuf,
    },
    /// Print a completion script
    Completion {
        /// For which shell
        shell: Shell,
    },
}

/// Attributes of a new object.
#[derive(Debug, Args)]
pub struct NewObject {
    /// Name
    #[arg(long)]
    pub name: Option<String>,
    /// What it may be used for, such as encrypt,decrypt
    #[arg(long, value_delimiter = ',', value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Object group
    #[arg(long)]
    pub group: Vec<String>,
    /// Any other attribute, such as "x-Purpose=backup" or "Deactivation Date=2030-01-01T00:00:00Z"
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// Put it into use at once
    #[arg(long)]
    pub activate: bool,
}

/// A key to make.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Algorithm: aes, 3des, hmac-sha256, chacha20, rsa, ec, ecdh, ed25519 ...
    pub algorithm: String,
    /// Length in bits
    #[arg(long)]
    pub length: Option<i32>,
    /// Curve of an ec or ecdh pair: p256, p384, p521, p224, secp256k1, x25519 ...
    #[arg(long)]
    pub curve: Option<String>,
    /// Name of the public key of a pair (default: NAME-public)
    #[arg(long)]
    pub public_name: Option<String>,
    /// Attributes
    #[command(flatten)]
    pub new: NewObject,
}

/// Where the bytes of an object come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Material {
    /// File; - is stdin
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Hexadecimal text; other users of this machine may see it while the command runs
    #[arg(long, value_name = "HEX")]
    pub hex: Option<String>,
}

/// What to register.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand {
    /// A symmetric key: raw bytes
    Key {
        /// Algorithm: aes, 3des, hmac-sha256 ...
        algorithm: String,
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
    /// A password, seed or other secret: the bytes as they are
    Secret {
        /// password or seed
        #[arg(long, default_value = "password")]
        kind: String,
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
    /// An X.509 certificate: PEM or DER
    Certificate {
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
    /// A private key: PEM or DER, unencrypted PKCS#8, PKCS#1 or SEC 1
    PrivateKey {
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
    /// A public key: PEM or DER, SubjectPublicKeyInfo
    PublicKey {
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
    /// Bytes that the server does not look into
    Opaque {
        #[command(flatten)]
        material: Material,
        #[command(flatten)]
        new: NewObject,
    },
}

/// An object to read.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Identifier or name
    pub target: String,
    /// Key format: raw, pkcs#1, pkcs#8, x.509, ecprivatekey, opaque ...
    #[arg(long)]
    pub format: Option<String>,
    /// Wrap the key by this key (identifier or name), by AES key wrap of RFC 3394
    #[arg(long, value_name = "ID|NAME")]
    pub wrap_with: Option<String>,
    /// Write the bytes to a new file that only you can read, instead of printing them
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What objects to find; all that is given must match.
#[derive(Debug, Args)]
pub struct LocateArgs {
    /// Name
    #[arg(long)]
    pub name: Option<String>,
    /// State: pre-active, active, deactivated, compromised, destroyed, destroyed-compromised
    #[arg(long)]
    pub state: Option<String>,
    /// Object type: symmetric-key, private-key, public-key, certificate, secret-data, opaque-object ...
    #[arg(long = "type", value_name = "TYPE")]
    pub object_type: Option<String>,
    /// Cryptographic algorithm
    #[arg(long)]
    pub algorithm: Option<String>,
    /// Cryptographic length
    #[arg(long)]
    pub length: Option<i32>,
    /// Object group
    #[arg(long)]
    pub group: Option<String>,
    /// Any other attribute
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<i32>,
    /// After so many
    #[arg(long, value_name = "N")]
    pub offset: Option<i32>,
}

/// What to do with attributes. Names are those of the specification, such as "Activation Date", or x-NAME for your own.
///
/// A value with several fields is written Field=value,Field=value in the order of the specification, such as
/// "ApplicationNamespace=ssl,ApplicationData=www.example.com". Dates are ISO 8601, or now.
#[derive(Debug, Subcommand)]
pub enum AttributesCommand {
    /// Name the attributes that an object has
    List {
        /// Identifier or name
        target: String,
    },
    /// Show values
    Get {
        /// Identifier or name
        target: String,
        /// Which ones; none means all
        names: Vec<String>,
    },
    /// Give an attribute this value, instead of any that it has
    Set {
        /// Identifier or name
        target: String,
        /// Attribute
        name: String,
        /// Value
        value: String,
    },
    /// Give an attribute one more value
    Add {
        /// Identifier or name
        target: String,
        /// Attribute
        name: String,
        /// Value
        value: String,
    },
    /// Replace a value of an attribute
    Modify {
        /// Identifier or name
        target: String,
        /// Attribute
        name: String,
        /// New value
        value: String,
        /// The value that is replaced, where there are several
        #[arg(long)]
        current: Option<String>,
    },
    /// Delete an attribute
    Delete {
        /// Identifier or name
        target: String,
        /// Attribute
        name: String,
        /// Delete this value alone
        #[arg(long)]
        value: Option<String>,
    },
}

/// Objects.
#[derive(Debug, Args)]
pub struct Targets {
    /// Identifiers or names
    #[arg(required = true)]
    pub targets: Vec<String>,
}

/// A key to replace.
#[derive(Debug, Args)]
pub struct RekeyArgs {
    /// Identifier or name
    pub target: String,
    /// Seconds until the new key becomes active
    #[arg(long, value_name = "SECONDS")]
    pub offset: Option<u32>,
}

/// Objects to take out of use.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Identifiers or names
    #[arg(required = true)]
    pub targets: Vec<String>,
    /// unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation, privilege-withdrawn
    #[arg(long, default_value = "cessation-of-operation")]
    pub reason: String,
    /// Why, in words
    #[arg(long)]
    pub message: Option<String>,
    /// When the key was compromised (ISO 8601, or now)
    #[arg(long, value_name = "DATE")]
    pub compromised_at: Option<String>,
}

/// A use to ask about.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Identifier or name
    pub target: String,
    /// Such as encrypt,decrypt
    #[arg(long, value_delimiter = ',')]
    pub usage: Vec<String>,
    /// Uses out of the usage limits
    #[arg(long, value_name = "N")]
    pub count: Option<i64>,
    /// Lease time
    #[arg(long, value_name = "SECONDS")]
    pub lease: Option<u32>,
}

/// What to ask about the server.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Such as operations, objects, server-information, profiles, capabilities; none means the first three
    pub functions: Vec<String>,
}

/// Where the admin API is and who asks. What is missing here comes from the profile.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// Admin listener
    #[arg(long, value_name = "HOST:PORT")]
    pub admin: Option<String>,
    /// Administrator certificate (PEM)
    #[arg(long, value_name = "FILE")]
    pub admin_cert: Option<PathBuf>,
    /// Key of the administrator certificate (PEM)
    #[arg(long, value_name = "FILE")]
    pub admin_key: Option<PathBuf>,
}

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Issue a certificate for a client and make the client known; usable at once
    Enroll {
        /// Name of the client
        name: String,
        /// Scope to join; without it the client gets one of its own
        #[arg(long)]
        scope: Option<String>,
        /// Kind of key: p256 or rsa2048
        #[arg(long, value_name = "KIND")]
        key_kind: Option<String>,
        /// Certificate that the client has made itself, with its key (PEM): nothing is issued
        #[arg(long, value_name = "FILE", conflicts_with_all = ["key_kind", "request", "pkcs12_user", "out"])]
        certificate: Option<PathBuf>,
        /// Request for a certificate that the client has made with its key (PKCS #10, PEM): no key is made
        #[arg(long, value_name = "FILE", conflicts_with = "key_kind")]
        request: Option<PathBuf>,
        /// Write one file NAME.p12 (PKCS #12) instead, whose password is HEX(SHA256(USER || PASSWORD)) in lower case, the
        /// password read from --password-file
        #[arg(long, value_name = "USER")]
        pkcs12_user: Option<String>,
        /// Folder for NAME.pem and NAME.key, or NAME.p12 (default: pki/clients beside the profile)
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The client is enrolled already, and gets another certificate; its files are replaced. Without --only the one before
        /// stays good until it ends or a revocation list names it
        #[arg(long, conflicts_with = "scope")]
        again: bool,
        /// No other certificate of the client counts from now on, whoever holds it; its tickets and what it has asked for end
        #[arg(long, requires = "again")]
        only: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List the clients that were enrolled, or that an administrator has said something about
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Lock a client out at once, on open connections too: its requests and tickets are refused, and nothing is sent to it
    Disable {
        /// Name of the client
        name: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Let a client in again that was disabled
    Enable {
        /// Name of the client
        name: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make a key and a certificate that wait in the server until the client is enrolled
    Prepare {
        /// Name of the client
        name: String,
        /// Kind of key: p256 or rsa2048
        #[arg(long, value_name = "KIND")]
        key_kind: Option<String>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Say what a client may do that the specification does not permit: these quirks, and no other
    ///
    /// locate-in-template: criteria of Locate in a Template-Attribute (FortiGate).
    /// loose-attribute-names: names of attributes in Locate that differ in spaces and case (ScyllaDB).
    /// policy-name-later: Add Attribute names the operation policy of an object that has the default (VAST Data).
    /// iv-in-front: Decrypt finds the IV in front of the data (EDB Postgres with the variant thales).
    #[command(verbatim_doc_comment)]
    Quirks {
        /// Name of the client
        name: String,
        /// Names of quirks; none switches all off
        quirks: Vec<String>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Let a client hear of changes in its scope, and of what is put for it (Notify, Put)
    ///
    /// It hears once it has exchanged roles on a connection of its own (Set Endpoint Role, from KMIP 2.0), or at a listener that
    /// the server calls. A listener shows the client's certificate, or with --listener-ca one of these authorities for its host.
    #[command(verbatim_doc_comment)]
    Listen {
        /// Name of the client
        name: String,
        /// Let it hear no more
        #[arg(long, conflicts_with_all = ["at", "speaks", "listener_ca"])]
        off: bool,
        /// Its listener: KMIP in TTLV over TLS
        #[arg(long, value_name = "HOST:PORT")]
        at: Option<String>,
        /// Version of KMIP that the listener speaks, 1.0 to 2.1
        #[arg(
            long,
            value_name = "VERSION",
            requires = "at",
            default_value_if("at", clap::builder::ArgPredicate::IsPresent, "1.4")
        )]
        speaks: Option<String>,
        /// Authorities that the listener's certificate is from (PEM)
        #[arg(long, value_name = "FILE", requires = "at")]
        listener_ca: Option<PathBuf>,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Queue an object for a client that listens; it waits for seven days at most
    Put {
        /// Name of the client
        name: String,
        /// Unique identifier of the object, of the client's scope
        id: String,
        /// Unique identifier of the object that it replaces
        #[arg(long, value_name = "ID")]
        replaces: Option<String>,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum HsmCommand {
    /// List the devices of the server and their states (admin API)
    Status {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Compare the keys that devices hold with the store, and remove what a crash has left behind (admin API)
    Reconcile {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make one root key on every device of a server's configuration; rehearses first, and asks
    Init(InitArgs),
    /// Bring the root key of a backup to a device, from enough of its shares; rehearses first, and asks
    Restore(RestoreArgs),
    /// Try what a device can really do, and whether keys stay on it; leaves nothing there
    Probe(ProbeArgs),
}

/// A device, from a server's configuration or by flags.
#[derive(Debug, Default, Args)]
pub struct DeviceArgs {
    /// A server's configuration file, whose hsm tables name devices
    #[arg(long, value_name = "FILE", conflicts_with_all = ["module", "token_label", "serial", "pin_file", "pin_env"])]
    pub server_config: Option<PathBuf>,
    /// Name of the device there
    #[arg(long, value_name = "NAME", requires = "server_config")]
    pub device: Option<String>,
    /// The PKCS#11 module (a shared library)
    #[arg(long, value_name = "FILE", required_unless_present = "server_config")]
    pub module: Option<PathBuf>,
    /// Label of the token
    #[arg(long, value_name = "LABEL")]
    pub token_label: Option<String>,
    /// Serial number of the token
    #[arg(long, value_name = "NUMBER")]
    pub serial: Option<String>,
    /// File with the PIN; asked for at the terminal without it
    #[arg(long, value_name = "FILE", conflicts_with = "pin_env")]
    pub pin_file: Option<PathBuf>,
    /// Environment variable with the PIN
    #[arg(long, value_name = "NAME")]
    pub pin_env: Option<String>,
}

/// The ceremony of the root key.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The server's configuration file, whose hsm tables name the devices
    #[arg(long, value_name = "FILE")]
    pub server_config: PathBuf,
    /// Name of a device there, several times for several; all without it
    #[arg(long, value_name = "NAME")]
    pub device: Vec<String>,
    /// Label of the root key, in place of the configured one
    #[arg(long, value_name = "LABEL")]
    pub root_label: Option<String>,
    /// Make a backup in so many shares, each in a file of its own
    #[arg(long, value_name = "COUNT", requires_all = ["threshold", "share_dir"])]
    pub shares: Option<u8>,
    /// How many of the shares restore the root key
    #[arg(long, value_name = "COUNT", requires = "shares")]
    pub threshold: Option<u8>,
    /// Folder for the files of the shares
    #[arg(long, value_name = "DIR", requires = "shares")]
    pub share_dir: Option<PathBuf>,
    /// Rehearse with temporary keys, and leave nothing on any device
    #[arg(long)]
    pub dry_run: bool,
    /// Remove the root keys that a ceremony has left which was broken off, from the devices that it began with
    #[arg(long, conflicts_with_all = ["device", "root_label", "shares", "threshold", "share_dir", "dry_run"])]
    pub remove_unfinished: bool,
    /// Seconds after which a module that is busy is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
}

/// The root key of a backup for a device.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The server's configuration file, whose hsm tables name the devices
    #[arg(long, value_name = "FILE")]
    pub server_config: PathBuf,
    /// Name of a device there, several times for several
    #[arg(long, value_name = "NAME", required = true)]
    pub device: Vec<String>,
    /// File of a share, several times for enough of them
    #[arg(long, value_name = "FILE", required = true)]
    pub share: Vec<PathBuf>,
    /// Label of the root key, in place of that of the backup
    #[arg(long, value_name = "LABEL")]
    pub root_label: Option<String>,
    /// Rehearse with temporary keys, and leave nothing on the devices
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds after which a module that is busy is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
}

/// A probe.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Write what was found to a new file (JSON)
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print what the module lists, too
    #[arg(long)]
    pub mechanisms: bool,
    /// Seconds after which a device that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
}

/// What to do with the root key.
#[derive(Debug, Subcommand)]
pub enum RootKeyCommand {
    /// Show where the root key is, and how far a rotation is
    Status {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Replace the root key while the server works: by a new one of the same kind, or move it to devices or to software
    Rotate {
        /// Where the new root key is to be; where the old one is if nothing is said
        #[arg(long, value_parser = ["software", "pkcs11"])]
        to: Option<String>,
        /// Name of a device of the configuration that is to hold it, several times for several; all that are configured without it
        #[arg(long, value_name = "NAME")]
        device: Vec<String>,
        /// Label of the new root key on the devices; made there if a single device has none of this label
        #[arg(long, value_name = "LABEL")]
        root_label: Option<String>,
        /// Give every scope a new key, too, so that every object is sealed anew
        #[arg(long)]
        scope_keys: bool,
        /// Come back only when nothing is left under the old root key
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do with the certificate authority.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make an authority that signs its own certificate, which is printed (PEM); its key stays in the server's vault
    Init {
        /// Its name, such as CN=Keys,O=Example
        #[arg(long, value_name = "NAME")]
        subject: String,
        /// Kind of key: p256, p384, p521, ed25519, rsa3072 or rsa4096
        #[arg(long, value_name = "KIND", default_value = "p384")]
        key_kind: String,
        /// Days for which its certificate is valid
        #[arg(long, default_value_t = 3650)]
        days: u32,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make a key in the server's vault, and print the request (PEM) that your own authority signs
    Request {
        /// Its name, such as CN=Keys,O=Example
        #[arg(long, value_name = "NAME")]
        subject: String,
        /// Kind of key: p256, p384, p521, ed25519, rsa3072 or rsa4096
        #[arg(long, value_name = "KIND", default_value = "p384")]
        key_kind: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Take the certificate that your own authority has issued for the request; the authority works with it from then on
    Install {
        /// The certificate (PEM)
        file: PathBuf,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Print the certificate of the authority (PEM)
    Show {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Print the revocation list of the authority (PEM), as of now
    Crl {
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do with what is trusted.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust the certificate of an authority, and print its fingerprint
    Add {
        /// The certificate (PEM)
        file: PathBuf,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Trust a certificate no longer
    Remove {
        /// Its fingerprint: SHA-256 in hexadecimal
        fingerprint: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List the fingerprints of what is trusted
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Keep the revocation list of an issuer, in place of its older one
    AddCrl {
        /// The list (PEM)
        file: PathBuf,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do with devices that show a credential of their own.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Register a device: its credential must name exactly the fields given here, and the password of --password-file if one is given
    Add {
        /// Name under which the audit log shows it
        name: String,
        /// Device Serial Number
        #[arg(long, value_name = "TEXT")]
        serial_number: Option<String>,
        /// Device Identifier
        #[arg(long, value_name = "TEXT")]
        device_identifier: Option<String>,
        /// Network Identifier
        #[arg(long, value_name = "TEXT")]
        network_identifier: Option<String>,
        /// Machine Identifier
        #[arg(long, value_name = "TEXT")]
        machine_identifier: Option<String>,
        /// Media Identifier
        #[arg(long, value_name = "TEXT")]
        media_identifier: Option<String>,
        /// The client whose certificate the device must show; without it any known client's will do
        #[arg(long)]
        client: Option<String>,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a KMIP user name; the password is read from the file of --password-file, and may be left out with --otp
    Add {
        /// User name
        name: String,
        /// The client whose certificate the user must show; without it any known client's will do
        #[arg(long)]
        client: Option<String>,
        /// Demand one time passwords, by time (RFC 6238) or by counter (RFC 4226); prints their secret, once, as a URI for an authenticator
        #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "totp", value_parser = ["totp", "hotp"])]
        otp: Option<String>,
        /// Hash function of the one time passwords
        #[arg(long, value_name = "HASH", default_value = "sha1", value_parser = ["sha1", "sha256", "sha512"])]
        otp_hash: String,
        /// Digits of a one time password
        #[arg(long, value_name = "DIGITS", default_value_t = 6, value_parser = clap::value_parser!(u32).range(6..=8))]
        otp_digits: u32,
        /// Seconds for which a one time password by time is right
        #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(10..=300))]
        otp_period: u32,
        /// Let the password come hashed, too (KMIP 2.0); the server then keeps what is as good as the password, sealed
        #[arg(long)]
        hashed_password: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    /// What a command calls its own must not be what a global flag is called: clap would give one's value for the other's.
    #[test]
    fn no_command_reuses_a_global_flag() {
        fn walk(command: &clap::Command, globals: &[clap::Arg], path: &str) {
            for own in command.get_arguments().filter(|arg| !arg.is_global_set()) {
                for global in globals {
                    let same_id = own.get_id() == global.get_id();
                    let same_long = own.get_long().is_some() && own.get_long() == global.get_long();
                    let same_short = own.get_short().is_some() && own.get_short() == global.get_short();
                    assert!(!same_id && !same_long && !same_short, "{path}: {} is global", own.get_id());
                }
            }
            let own = command.get_arguments().filter(|arg| arg.is_global_set()).cloned();
            let globals: Vec<clap::Arg> = globals.iter().cloned().chain(own).collect();
            for command in command.get_subcommands() {
                let name = format!("{path} {}", command.get_name());
                walk(command, &globals, &name);
            }
        }
        walk(&Cli::command(), &[], "kmip-cli");
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("kmip-cli").chain(line.split(' ')))
    }

    #[test]
    fn the_lines_of_the_contract_are_read() {
        for line in [
            "create aes --length 256 --name disk-7",
            "get disk-7",
            "locate --name N --state active",
            "rekey ID",
            "activate ID",
            "revoke ID",
            "destroy ID --yes",
            "client enroll NAME --scope S --out DIR",
            "client enroll NAME --again --out DIR",
            "client enroll NAME --again --only",
            "client enroll NAME --again --only --certificate FILE",
            "client list",
            "client disable NAME",
            "client enable NAME",
            "client enroll NAME --request FILE --pkcs12-user USER --password-file FILE",
            "client prepare NAME --key-kind rsa2048",
            "user add NAME --password-file F --client C",
            "send FILE.xml",
            "completion bash",
            "--config F --server h:1 --ca a --cert b --key c --kmip-version 2.1 --output json --yes locate",
            "locate --output json --server h:1,h:2",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn lines_that_lack_something_are_refused() {
        for line in [
            "create",
            "register key aes",
            "register key aes --hex 00 --file f",
            "destroy",
            "client enroll",
            "client enroll NAME --again --scope S",
            "bogus",
            "get a b",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
