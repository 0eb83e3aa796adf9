//! An asynchronous KMIP client: connects over TLS, agrees on the protocol version, and calls operations with typed
//! requests and answers, alone or in batches.
//!
//! ```no_run
//! use kmip_client::{Client, Config, attributes};
//! use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask};
//!
//! # async fn example() -> Result<(), kmip_client::Error> {
//! let config = Config::new("kms.example.org:5696", "ca.pem", "client.pem", "client.key");
//! let mut client = Client::connect(config).await?;
//! let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
//! let id = client.create_symmetric_key(CryptographicAlgorithm::AES, 256, usage, [attributes::name("disk-7")]).await?;
//! client.activate(&id).await?;
//! let key = client.get(&id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client::connect`] tries the endpoints of [`Config`] in order and negotiates the version by Discover Versions, down
//!   to 1.0 for servers that have nothing newer.
//! - [`Client::call`] takes any request that implements [`Call`]; the type of the request fixes the type of the response.
//!   The methods of [`Client`] named after operations are shorthands, and hide how 1.x and 2.x differ.
//! - [`Batch`] sends several requests in one message, with the ID Placeholder between them.
//! - A connection that is lost is made again. Operations that only read are then repeated; any other reports
//!   [`Error::NoAnswer`] with `in_doubt`, because the server may have done it.
//!
//! Key material comes and goes in wiped buffers ([`kmip_codec::secret::Secret`]); errors and logs never hold any.

#![forbid(unsafe_code)]

pub mod attributes;
mod batch;
mod call;
mod client;
mod config;
mod connection;
mod error;
mod exchange;
mod negotiate;
mod operations;
pub mod tls;

pub use batch::{Answers, Batch, Handle};
pub use call::Call;
pub use client::Client;
pub use config::{Config, Credential, DEFAULT_PORT, Endpoint, Timeouts};
pub use error::{Attempt, ConfigError, Error, Failure, is_not_found};
pub use kmip_codec as codec;
pub use operations::{KeyPair, KeyPairAttributes, Located};
