//! Who asks: client and user records, and the decision which scope a request acts in.

use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::inline::Text;
use kmip_codec::registry::{HashingAlgorithm, Tag};
use kmip_codec::value::{ByteString, Field, Interval, Value};
use kmip_codec::version::Version;
use kmip_codec::wire::{Sink, Source};

use crate::engine::SUPPORTED_VERSIONS;
use crate::error::{Fault, OpResult, fail};
use crate::layout;
use crate::links::Shown;
use crate::ports::store::Guard;
use crate::quirks::Quirks;
use crate::stored::{read, structure, write};
use crate::tickets::Presented;
use crate::txn::Txn;

const CLIENT: Tag = Tag::new(0x54_0100);
const USER: Tag = Tag::new(0x54_0101);
const SCOPE: Tag = Tag::new(0x54_0102);
const PASSWORD_HASH: Tag = Tag::new(0x54_0103);
const LISTENS: Tag = Tag::new(0x54_010C);
const BOUND_CLIENT: Tag = Tag::new(0x54_0104);
const ONE_TIME: Tag = Tag::new(0x54_0105);
const HASHED: Tag = Tag::new(0x54_0106);
const DEVICE: Tag = Tag::new(0x54_0107);
const HASH: Tag = Tag::new(0x54_0108);
const DIGITS: Tag = Tag::new(0x54_0109);
const PERIOD: Tag = Tag::new(0x54_010A);
const SEALED: Tag = Tag::new(0x54_010B);
const LISTENER: Tag = Tag::new(0x54_010D);
const ADDRESS: Tag = Tag::new(0x54_010E);
const VERSION: Tag = Tag::new(0x54_010F);
const TRUSTED: Tag = Tag::new(0x54_0110);
const DISABLED: Tag = Tag::new(0x54_0111);
const RENEWALS: Tag = Tag::new(0x54_0112);
const QUIRK: Tag = Tag::new(0x54_0140);

/// What is stored about a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// The scope that its objects belong to.
    pub scope: Text,
    /// What it may do that the specification does not permit.
    pub quirks: Quirks,
    /// Whether it hears from the server: of changes in its scope, and what an administrator sends it.
    pub listens: bool,
    /// Where it waits for what it hears; without one it exchanges roles on a connection of its own (KMIP 2.1 §6.1.54).
    pub listener: Option<Listener>,
    /// Whether an administrator has locked it out: whatever it shows, nothing is done for it, and nothing is sent to it.
    pub disabled: bool,
    /// How often an administrator has renewed its certificates. After the first time only those count that were registered for it
    /// since the last, and none that merely names it; what it had made or asked for before is nothing any more.
    pub renewals: i64,
}

/// Where a client waits for what the server sends: "via means outside of the normal client request/response protocol, using
/// information known to the server via unspecified configuration or administrative mechanisms" (KMIP 1.4 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Host and port.
    pub address: Text,
    /// The version in which it hears.
    pub version: Version,
    /// Authorities that its certificate must come from, for the host of its address (DER). Without one it shows the
    /// certificate by which the client is known.
    pub trusted: Vec<ByteString>,
}

/// What is stored about a KMIP user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Password hash in PHC form.
    pub password_hash: Text,
    /// The only client that may use it, if it is bound.
    pub client: Option<Text>,
    /// Its one time passwords.
    pub one_time: Option<OneTimeRecord>,
    /// What hashed passwords are compared with, for each hash function.
    pub hashed: Vec<HashedRecord>,
    /// Whether it is a device: known by what identifies it, which stands under a key of its own.
    pub is_device: bool,
}

/// How the one time passwords of a user are made (RFC 4226, RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeRecord {
    /// Hash function of the HMAC.
    pub hash: HashingAlgorithm,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds for which a code is right; without it codes follow a counter.
    pub period: Option<u32>,
    /// The secret, sealed.
    pub sealed: ByteString,
}

/// What a hashed password is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedRecord {
    /// The hash function.
    pub hash: HashingAlgorithm,
    /// S1 and S2 of the password, sealed (KMIP 2.1 §9.11).
    pub sealed: ByteString,
}

/// A use of a credential that may not come twice: written with the request that it authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    pub guard: Guard,
    pub key: Vec<u8>,
    pub value: i64,
}

/// Who a request comes from, as the connection tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender<'a> {
    /// The client that its certificate names.
    pub client: &'a str,
    /// The certificate, if there is one.
    pub certificate: Option<&'a Shown>,
    /// Whether the roles of the connection can be exchanged.
    pub has_channel: bool,
}

impl<'a> Sender<'a> {
    /// A client on a connection of which nothing else is known.
    pub fn named(client: &'a str) -> Self {
        Self { client, certificate: None, has_channel: false }
    }
}

/// Who a request acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The client of the certificate.
    pub client: Text,
    /// The user of the credential, if one was given and counted.
    pub user: Option<Text>,
    /// The scope that the request acts in.
    pub scope: Text,
    /// What the client may do that the specification does not permit.
    pub quirks: Quirks,
    /// The ticket that it presents.
    pub ticket: Option<Presented>,
    /// Uses of its credentials that may not come twice.
    pub(crate) spent: Vec<Spent>,
    /// Whether it speaks on a connection whose roles can be exchanged.
    pub has_channel: bool,
    /// What answers its hashed password (KMIP 2.1 §8.5).
    pub server_hashed_password: Option<ByteString>,
    /// The certificate that its connection has shown.
    pub certificate: Option<Shown>,
    /// How often the client's certificates had been renewed.
    pub renewals: i64,
}

impl Principal {
    /// A client by its certificate alone.
    pub fn new(client: Text, scope: Text, quirks: Quirks) -> Self {
        let (user, ticket, spent, has_channel, server_hashed_password, certificate, renewals) = Default::default();
        Self { client, user, scope, quirks, ticket, spent, has_channel, server_hashed_password, certificate, renewals }
    }

    /// Makes a request depend on what it knows of its client: what it makes must not outlive a renewal of the client's
    /// certificates, nor come about once the client is disabled.
    pub(crate) fn depend(&self, txn: &mut Txn<'_>) -> OpResult<()> {
        let key = layout::client(&self.client);
        let Some(found) = txn.stored_beside(&key)? else {
            txn.guard(Guard::Absent(key));
            return Ok(());
        };
        let record = ClientRecord::decode(&found.value);
        if !record.is_ok_and(|record| record.renewals == self.renewals && !record.disabled) {
            return fail(Fault::PermissionDenied, "an administrator changes what is known of the client: try again");
        }
        txn.guard(Guard::At(key, found.revision));
        Ok(())
    }

    /// Makes a request depend on what its credentials are worth, and counts their use, whatever becomes of its items.
    pub(crate) fn admit(&self, txn: &mut Txn<'_>) {
        if let Some(ticket) = &self.ticket {
            ticket.admit(txn);
        }
        for Spent { guard, key, value } in &self.spent {
            txn.spend(guard.clone(), key.clone(), value.to_be_bytes().to_vec());
        }
    }
}

/// Names that certificates may give: short and printable, so that none holds the separator of the key space.
pub fn is_acceptable_client(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && !name.chars().any(char::is_control)
}

/// Names that an administrator may give: they become names of files, too.
pub fn is_acceptable_name(name: &str) -> bool {
    is_acceptable_client(name) && !name.contains('/') && !name.starts_with('.')
}

impl ClientRecord {
    /// A client that was never enrolled: it has its own name as scope.
    pub fn of_its_own(client: Text) -> Self {
        let (quirks, listens, listener, disabled, renewals) = Default::default();
        Self { scope: client, quirks, listens, listener, disabled, renewals }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(CLIENT, |sink| {
            self.scope.put(SCOPE, sink);
            self.quirks.names().for_each(|name| Text::new(name).put(QUIRK, sink));
            self.listens.then_some(true).put_field(LISTENS, sink);
            self.listener.put_field(LISTENER, sink);
            self.disabled.then_some(true).put_field(DISABLED, sink);
            (self.renewals > 0).then_some(self.renewals).put_field(RENEWALS, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(CLIENT, bytes, |next, source| {
            let scope = Text::take_field(SCOPE, next, source)?;
            let names = Vec::<Text>::take_field(QUIRK, next, source)?;
            let listens = Option::<bool>::take_field(LISTENS, next, source)?.unwrap_or(false);
            let listener = Option::<Listener>::take_field(LISTENER, next, source)?;
            let disabled = Option::<bool>::take_field(DISABLED, next, source)?.unwrap_or(false);
            let renewals = Option::<i64>::take_field(RENEWALS, next, source)?.unwrap_or(0);
            let quirks = Quirks::known(names.iter().map(Text::as_str));
            Ok(Self { scope, quirks, listens, listener, disabled, renewals })
        })
    }
}

impl Value for Listener {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.address.put(ADDRESS, sink);
        Text::from(self.version.to_string()).put(VERSION, sink);
        self.trusted.put_field(TRUSTED, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let address = Text::take_field(ADDRESS, next, source)?;
            let version = Text::take_field(VERSION, next, source)?;
            let known = SUPPORTED_VERSIONS.into_iter().find(|known| known.to_string() == version.as_str());
            let version = known.ok_or_else(|| DecodeError::new(Problem::BadValue("a version"), VERSION))?;
            Ok(Self { address, version, trusted: Vec::<ByteString>::take_field(TRUSTED, next, source)? })
        })
    }
}

impl Value for OneTimeRecord {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.hash.put(HASH, sink);
        i64::from(self.digits).put(DIGITS, sink);
        self.period.map(Interval).put_field(PERIOD, sink);
        self.sealed.put(SEALED, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let hash = HashingAlgorithm::take_field(HASH, next, source)?;
            let digits = i64::take_field(DIGITS, next, source)?;
            let digits =
                u32::try_from(digits).map_err(|_| DecodeError::new(Problem::BadValue("a number of digits"), DIGITS))?;
            let period = Option::<Interval>::take_field(PERIOD, next, source)?.map(|period| period.0);
            Ok(Self { hash, digits, period, sealed: ByteString::take_field(SEALED, next, source)? })
        })
    }
}

impl Value for HashedRecord {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.hash.put(HASH, sink);
        self.sealed.put(SEALED, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        structure(source, |next, source| {
            let hash = HashingAlgorithm::take_field(HASH, next, source)?;
            Ok(Self { hash, sealed: ByteString::take_field(SEALED, next, source)? })
        })
    }
}

impl UserRecord {
    /// A user with a password; an empty hash is no password.
    pub fn new(password_hash: &str, client: Option<&str>) -> Self {
        let (password_hash, client) = (Text::new(password_hash), client.map(Text::new));
        Self { password_hash, client, one_time: None, hashed: Vec::new(), is_device: false }
    }

    /// Whether there is a password to give.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(USER, |sink| {
            self.password_hash.put(PASSWORD_HASH, sink);
            self.client.put_field(BOUND_CLIENT, sink);
            self.one_time.put_field(ONE_TIME, sink);
            self.hashed.put_field(HASHED, sink);
            self.is_device.then_some(true).put_field(DEVICE, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(USER, bytes, |next, source| {
            let password_hash = Text::take_field(PASSWORD_HASH, next, source)?;
            let client = Option::<Text>::take_field(BOUND_CLIENT, next, source)?;
            let one_time = Option::<OneTimeRecord>::take_field(ONE_TIME, next, source)?;
            let hashed = Vec::<HashedRecord>::take_field(HASHED, next, source)?;
            let is_device = Option::<bool>::take_field(DEVICE, next, source)?.unwrap_or(false);
            Ok(Self { password_hash, client, one_time, hashed, is_device })
        })
    }
}
