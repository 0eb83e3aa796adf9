//! Agreeing on the protocol version (KMIP 2.1 §6.1.16 Discover Versions), down to 1.0, which has no such operation.

use kmip_codec::operation::discover_versions::DiscoverVersionsRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::registry::{QueryFunction, ResultReason};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, Version};
use tracing::debug;

use crate::call::Call;
use crate::client::{Link, Opener};
use crate::connection::{Connection, ExchangeError};
use crate::error::{Error, Failure};
use crate::exchange::{Outgoing, protocol, single_response};

/// The versions of this client, by preference.
const OFFERED: [Version; 7] = [V2_1, V2_0, V1_4, V1_3, V1_2, V1_1, V1_0];
/// The versions in which the question is put: the first one that has it, then the newest, for servers without any 1.x.
const ASKED_IN: [Version; 2] = [V1_1, V2_1];

/// What a server said to a question in some version.
enum Reply<T> {
    Answer(T),
    /// It refused, or answered something else; the connection can be used again.
    Refused(Error),
    /// It closed the connection or lost the framing; the next question needs a new connection.
    Lost(Error),
}

impl Opener<'_> {
    /// Opens a connection and agrees on the highest common version.
    pub(crate) async fn negotiate(&self) -> Result<Link, Error> {
        let mut connection = self.open().await?;
        for version in ASKED_IN {
            let question = DiscoverVersionsRequest { protocol_version: OFFERED.map(Into::into).into() };
            match self.ask(&mut connection, version, question).await? {
                Reply::Answer(answer) => {
                    let offered = answer.protocol_version.into_iter().map(Version::from).collect();
                    let version = self.choose(offered)?;
                    return Ok(self.link(connection, version));
                }
                Reply::Refused(error) => debug!(%version, %error, "Discover Versions refused"),
                Reply::Lost(error) => {
                    debug!(%version, %error, "connection lost after Discover Versions");
                    connection = self.open().await?;
                }
            }
        }
        self.try_oldest(connection).await
    }

    /// Takes 1.0 if the server answers a Query of 1.0.
    async fn try_oldest(&self, mut connection: Connection) -> Result<Link, Error> {
        let question = QueryRequest { query_function: vec![QueryFunction::QueryOperations], object_groups: None };
        match self.ask(&mut connection, V1_0, question).await? {
            Reply::Answer(_) => Ok(self.link(connection, V1_0)),
            Reply::Refused(error) if is_about_version(&error) => {
                Err(Error::NoCommonVersion { endpoint: self.endpoint(), offered: Vec::new() })
            }
            Reply::Refused(error) | Reply::Lost(error) => Err(error),
        }
    }

    async fn ask<C: Call>(
        &self,
        connection: &mut Connection,
        version: Version,
        question: C,
    ) -> Result<Reply<C::Response>, Error> {
        let mut outgoing = Outgoing::single(self.config, C::OPERATION, question.into_payload());
        match outgoing.exchange(connection, version, &self.config.limits).await {
            Ok(message) => match single_response::<C>(message, &self.endpoint()) {
                Ok(answer) => Ok(Reply::Answer(answer)),
                Err(error) if is_about_identity(&error) => Err(error),
                Err(error) => Ok(Reply::Refused(error)),
            },
            Err(ExchangeError::Failure(failure @ (Failure::Closed | Failure::Lost(_)))) => {
                Ok(Reply::Lost(self.no_answer(failure)))
            }
            Err(ExchangeError::Failure(failure)) => Err(self.no_answer(failure)),
            Err(ExchangeError::Malformed(what)) => Ok(Reply::Lost(protocol(&self.endpoint(), what))),
        }
    }

    fn choose(&self, offered: Vec<Version>) -> Result<Version, Error> {
        let common = OFFERED.into_iter().find(|version| offered.contains(version));
        common.ok_or_else(|| Error::NoCommonVersion { endpoint: self.endpoint(), offered })
    }
}

fn is_about_version(error: &Error) -> bool {
    let Error::ServerRefused { reason, .. } = error else { return false };
    matches!(*reason, ResultReason::InvalidMessage | ResultReason::UnsupportedProtocolVersion)
}

/// No other version would help against these.
fn is_about_identity(error: &Error) -> bool {
    let Error::ServerRefused { reason, .. } = error else { return false };
    matches!(
        *reason,
        ResultReason::AuthenticationNotSuccessful | ResultReason::BadPassword | ResultReason::NotAuthorised
    )
}
