//! The client: its connection, the endpoints behind it, and the one way in which a request becomes a response.

use std::sync::Arc;

use kmip_codec::message::ResponseMessage;
use kmip_codec::registry::{Operation, WireEnum};
use kmip_codec::version::Version;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tracing::debug;

use crate::batch::{Answers, Batch};
use crate::call::Call;
use crate::config::{Config, DEFAULT_PORT, Endpoint};
use crate::connection::{Connection, ExchangeError};
use crate::error::{Attempt, ConfigError, Error, Failure};
use crate::exchange::{Outgoing, protocol, single_response};
use crate::tls::server_name;

/// A connection to a KMIP server that is made again when it is lost.
///
/// One request is under way at a time. A future that is dropped before it is done leaves no half-read answer behind: the
/// next request uses a new connection.
pub struct Client {
    pub(crate) config: Config,
    servers: Vec<Server>,
    tls: Arc<ClientConfig>,
    link: Option<Link>,
}

struct Server {
    endpoint: Endpoint,
    name: ServerName<'static>,
    /// The version agreed with it earlier.
    version: Option<Version>,
}

/// An open connection and what was agreed on it.
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) endpoint: String,
    pub(crate) version: Version,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint()).field("version", &self.version()).finish()
    }
}

impl Client {
    /// Connects to the first endpoint that answers and agrees on the protocol version.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        let tls = crate::tls::client_config(&config.ca, &config.cert, &config.key)?;
        Self::connect_with(config, Arc::new(tls)).await
    }

    /// Connects with a TLS configuration of the caller, whose certificates come from elsewhere than files.
    pub async fn connect_with(config: Config, tls: Arc<ClientConfig>) -> Result<Self, Error> {
        let servers: Result<Vec<_>, _> = config.endpoints.iter().map(|text| server(text, &config)).collect();
        let servers = servers?;
        if servers.is_empty() {
            return Err(ConfigError::NoEndpoint.into());
        }
        let mut client = Self { config, servers, tls, link: None };
        client.link = Some(client.open_link().await?);
        Ok(client)
    }

    /// The protocol version in use; `None` between a lost connection and the next request.
    pub fn version(&self) -> Option<Version> {
        self.link.as_ref().map(|link| link.version)
    }

    /// The endpoint in use, as HOST:PORT; `None` between a lost connection and the next request.
    pub fn endpoint(&self) -> Option<&str> {
        self.link.as_ref().map(|link| link.endpoint.as_str())
    }

    /// Sends one request; its type fixes the type of the response.
    pub async fn call<C: Call>(&mut self, request: C) -> Result<C::Response, Error> {
        let version = self.agreed_version().await?;
        check_version(C::OPERATION, version)?;
        let outgoing = Outgoing::single(&self.config, C::OPERATION, request.into_payload());
        let (message, endpoint) = self.exchange(outgoing, C::IDEMPOTENT).await?;
        single_response::<C>(message, &endpoint)
    }

    /// Sends several requests in one message.
    ///
    /// The result of each item is in [`Answers`]; an `Err` here means that there is no answer at all.
    pub async fn send(&mut self, batch: Batch) -> Result<Answers, Error> {
        let version = self.agreed_version().await?;
        let asked = batch.operations();
        asked.iter().try_for_each(|operation| check_version(*operation, version))?;
        let idempotent = batch.is_idempotent();
        let (message, endpoint) = self.exchange(batch.into_outgoing(&self.config), idempotent).await?;
        Ok(Answers::new(&asked, message, endpoint))
    }

    /// Sends the bytes of a whole message, and gives the bytes of the answer, without looking at either.
    pub async fn send_raw(&mut self, message: &[u8]) -> Result<kmip_codec::secret::Secret, Error> {
        let mut link = self.take_link().await?;
        match link.connection.exchange(message).await {
            Ok(answer) => {
                self.link = Some(link);
                Ok(kmip_codec::secret::Secret::from_zeroizing(answer))
            }
            Err(error) => Err(link.give_up(error, true)),
        }
    }

    /// The version of the connection, which is made if there is none.
    pub(crate) async fn agreed_version(&mut self) -> Result<Version, Error> {
        let link = self.take_link().await?;
        let version = link.version;
        self.link = Some(link);
        Ok(version)
    }

    /// Sends a message and takes its answer. If the connection is lost, a request that only reads is repeated.
    async fn exchange(&mut self, mut outgoing: Outgoing, idempotent: bool) -> Result<(ResponseMessage, String), Error> {
        let mut attempts = Vec::new();
        loop {
            let mut link = self.take_link().await?;
            let exchanged = outgoing.exchange(&mut link.connection, link.version, &self.config.limits).await;
            let failure = match exchanged {
                Ok(message) => {
                    let endpoint = link.endpoint.clone();
                    self.link = Some(link);
                    return Ok((message, endpoint));
                }
                Err(ExchangeError::Failure(failure @ (Failure::Lost(_) | Failure::Closed))) if idempotent => failure,
                Err(error) => return Err(link.give_up(error, !idempotent)),
            };
            debug!(endpoint = link.endpoint, %failure, "connection lost during a request that only reads");
            attempts.push(Attempt { endpoint: link.endpoint, failure });
            if attempts.len() > self.config.retries as usize {
                return Err(Error::NoAnswer { attempts, in_doubt: false });
            }
        }
    }

    /// The idle connection, or a new one if there is none or the server has closed it.
    async fn take_link(&mut self) -> Result<Link, Error> {
        if let Some(mut link) = self.link.take()
            && !link.connection.is_stale().await
        {
            return Ok(link);
        }
        self.open_link().await
    }

    /// Tries the endpoints in order.
    async fn open_link(&mut self) -> Result<Link, Error> {
        let mut failed = Vec::new();
        for nth in 0..self.servers.len() {
            match self.open_server(nth).await {
                Ok(link) => return Ok(link),
                Err(Error::NoAnswer { attempts, .. }) => failed.extend(attempts),
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoAnswer { attempts: failed, in_doubt: false })
    }

    async fn open_server(&mut self, nth: usize) -> Result<Link, Error> {
        let Some(server) = self.servers.get(nth) else { return Err(ConfigError::NoEndpoint.into()) };
        let opener = Opener { server, tls: &self.tls, config: &self.config };
        let link = match self.config.version.or(server.version) {
            Some(version) => opener.link(opener.open().await?, version),
            None => opener.negotiate().await?,
        };
        debug!(endpoint = link.endpoint, version = %link.version, "connected");
        if let Some(server) = self.servers.get_mut(nth) {
            server.version = Some(link.version);
        }
        Ok(link)
    }
}

impl Link {
    /// The error for an exchange that failed for good; the connection is dropped.
    fn give_up(self, error: ExchangeError, changes: bool) -> Error {
        match error {
            ExchangeError::Malformed(what) => protocol(&self.endpoint, what),
            ExchangeError::Failure(failure) => {
                let in_doubt = changes && !matches!(failure, Failure::Tls(_));
                Error::NoAnswer { attempts: vec![Attempt { endpoint: self.endpoint, failure }], in_doubt }
            }
        }
    }
}

/// What opens connections to one server.
pub(crate) struct Opener<'a> {
    server: &'a Server,
    tls: &'a Arc<ClientConfig>,
    pub(crate) config: &'a Config,
}

impl Opener<'_> {
    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<Connection, Error> {
        let Config { timeouts, limits, .. } = self.config;
        let Server { endpoint, name, .. } = self.server;
        Connection::open(endpoint, name.clone(), self.tls.clone(), *timeouts, *limits)
            .await
            .map_err(|failure| self.no_answer(failure))
    }

    pub(crate) fn link(&self, connection: Connection, version: Version) -> Link {
        Link { connection, endpoint: self.endpoint(), version }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint.to_string()
    }

    pub(crate) fn no_answer(&self, failure: Failure) -> Error {
        Error::NoAnswer { attempts: vec![Attempt { endpoint: self.endpoint(), failure }], in_doubt: false }
    }
}

fn server(text: &str, config: &Config) -> Result<Server, ConfigError> {
    let endpoint = Endpoint::parse(text, DEFAULT_PORT)?;
    let name = server_name(config.server_name.as_deref().unwrap_or(&endpoint.host))?;
    Ok(Server { endpoint, name, version: None })
}

/// Refuses an operation that the version in use does not have.
fn check_version(operation: Operation, version: Version) -> Result<(), Error> {
    match Operation::TABLE.row(operation.to_wire()) {
        Some(row) if version < row.first => Err(Error::TooOld { what: row.name, since: row.first, version }),
        _ => Ok(()),
    }
}
