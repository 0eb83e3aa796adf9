//! What an evaluation is given from outside: time, randomness, the configuration. The only way they enter the core.

use kmip_codec::limits::Limits;
use kmip_codec::secret::SecretText;

use crate::jobs::Asynchronous;
use crate::ports::crypto::Hash;
use crate::ports::vault::VaultError;
use crate::renewal::ScopeKeyPeriod;

/// Where an evaluation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// On a thread that serves other connections: long work is refused with a request to come again on a pool.
    Inline,
    /// Like that, but a device that answers at once may be called ([`crate::ports::vault::Waits::prompt`]): should it hang, the
    /// thread hangs with it, and there are others.
    Prompt,
    /// On a pool for long work.
    Pool,
}

/// Work that is too long for a thread that serves other connections. Each kind has a pool of its own, so that making RSA
/// pairs cannot hold up a device, nor a device that hangs the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Computing, or reading much of the store.
    Computing,
    /// Waiting for the vault's device.
    Device,
    /// Waiting for the vault's device to make a key pair: some search minutes for the primes of a long RSA key.
    DevicePair,
}

/// Time and place of one evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Env {
    /// Seconds since 1970, UTC.
    pub now: i64,
    /// Where it runs.
    pub pace: Pace,
    /// What a request of several items may take of a thread where it runs [`Pace::Inline`]; then it comes again on a pool.
    pub share: Option<Share>,
    /// Tells whether nobody waits for the answer any more, if somebody can give up.
    pub abandoned: Option<fn() -> bool>,
}

/// A share of the time of a thread that serves other connections.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// When it began, as the caller counts.
    pub since: u64,
    /// Whether a share that began then is spent; this is not the core's to know.
    pub is_spent: fn(u64) -> bool,
}

impl Env {
    /// An evaluation at a time and a place, in which every item has the time that it takes.
    pub fn new(now: i64, pace: Pace) -> Self {
        Self { now, pace, share: None, abandoned: None }
    }

    /// Whether nobody waits for the answer any more. Nothing comes of the evaluation then.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.is_some_and(|is_abandoned| is_abandoned())
    }

    /// Whether the thread has been held up for long enough.
    pub fn is_overdue(&self) -> bool {
        self.pace == Pace::Inline && self.share.is_some_and(|Share { since, is_spent }| is_spent(since))
    }
}

/// What becomes of a username that the server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownUsers {
    /// The request is refused.
    Refuse,
    /// The certificate alone decides.
    Ignore,
}

/// Where keys are kept for which the client leaves it to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Custody {
    /// Sealed in the store.
    #[default]
    Enveloped,
    /// In the vault's hardware, if it keeps keys of the kind.
    Resident,
}

/// What the server's certificate authority issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityProfile {
    /// For how long a certificate is valid for which the client does not say, in seconds.
    pub validity_seconds: i64,
    /// For how long a certificate is valid at most.
    pub longest_seconds: i64,
    /// Extended key usages that are certified, as object identifiers: all of them where a request asks for none.
    pub extended_usages: Vec<String>,
    /// Where clients find the revocation list: the CRL Distribution Point of new certificates.
    pub list_location: Option<String>,
    /// For how long a revocation list counts, in seconds.
    pub list_seconds: i64,
}

impl Default for AuthorityProfile {
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60;
        Self {
            validity_seconds: 397 * DAY,
            longest_seconds: 5 * 366 * DAY,
            // serverAuth and clientAuth (RFC 5280 §4.2.1.12).
            extended_usages: vec!["1.3.6.1.5.5.7.3.1".to_owned(), "1.3.6.1.5.5.7.3.2".to_owned()],
            list_location: None,
            list_seconds: 7 * DAY,
        }
    }
}

/// Settings of the core.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether the Interop operation is enabled (never in production).
    pub interop: bool,
    /// What becomes of unknown usernames.
    pub unknown_users: UnknownUsers,
    /// Bounds on requests.
    pub limits: Limits,
    /// Identifiers that Locate returns at most when the client does not say.
    pub locate_limit: usize,
    /// Objects whose decoded records are kept in memory.
    pub cached_objects: usize,
    /// Lease Time attribute of new objects, in seconds (KMIP 2.1 §4.30).
    pub lease_seconds: u32,
    /// Where keys are kept for which the client leaves it to the server.
    pub custody: Custody,
    /// For how long a scope key seals new objects.
    pub scope_key_period: ScopeKeyPeriod,
    /// How long a ticket lasts at most, and if the client does not say, in seconds.
    pub ticket_seconds: i64,
    /// Tickets that one client may hold or have given to others at one time.
    pub tickets_per_client: usize,
    /// What the certificate authority issues.
    pub authority: AuthorityProfile,
    /// Whether messages come over HTTPS, too, in every encoding: Query names the profiles of that.
    pub https: bool,
    /// Whether certificates of clients are issued here: Query names the ways to register of KMIP 2.1 §11.10 that need that.
    pub registers_clients: bool,
    /// Asynchronous requests.
    pub asynchronous: Asynchronous,
    /// Vendor Identification of Query.
    pub vendor: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interop: false,
            unknown_users: UnknownUsers::Refuse,
            limits: Limits::DEFAULT,
            locate_limit: 10_000,
            cached_objects: 100_000,
            lease_seconds: 3_600,
            custody: Custody::Enveloped,
            scope_key_period: ScopeKeyPeriod { objects: 1_000_000, seconds: 24 * 60 * 60 },
            ticket_seconds: 24 * 60 * 60,
            tickets_per_client: 1_000,
            authority: AuthorityProfile::default(),
            https: false,
            registers_clients: false,
            asynchronous: Asynchronous::default(),
            vendor: "kmip-server".to_owned(),
        }
    }
}

/// Checks a password against its stored hash (PHC string), slow on purpose, and computes what other credentials are made of.
pub trait PasswordCheck: Send + Sync {
    /// Whether the password is the one that was hashed.
    fn verify(&self, password: &SecretText, hash: &str) -> bool;

    /// The hash to keep of a new password (PHC string). Slow on purpose.
    fn hash(&self, _password: &SecretText) -> Result<String, VaultError> {
        Err(VaultError::Unsupported("passwords of users".into()))
    }

    /// What to keep of a password that came salted, by PBKDF2 with an HMAC (PHC string), or why it cannot be kept.
    fn keep_salted(&self, _hash: Hash, _iterations: u32, _salt: &[u8], _salted: &[u8]) -> Result<String, String> {
        Err("salted passwords are not supported here".to_owned())
    }

    /// Does the work of a verification for a user that does not exist, so that time tells no names. A check that takes no
    /// time need not.
    fn refuse(&self, _password: &SecretText) {}

    /// HMAC of a message, for one time passwords; `None` for a hash function that is not computed here.
    fn hmac(&self, _hash: Hash, _key: &[u8], _message: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// The digest of the parts, one after the other, for hashed passwords; `None` as above.
    fn digest(&self, _hash: Hash, _parts: &[&[u8]]) -> Option<Vec<u8>> {
        None
    }
}
