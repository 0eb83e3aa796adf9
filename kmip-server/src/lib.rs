//! The shell of the KMIP server: sockets, TLS, HTTP, signals, metrics, the command line, and the store adapters.
//!
//! It knows nothing of KMIP's rules: a message goes as bytes to a [`service::Service`] and comes back as bytes.

#![forbid(unsafe_code)]

mod abandoned;
pub mod admin;
mod admin_clients;
mod admin_outgoing;
mod admin_users;
pub mod audit;
pub mod audit_line;
pub mod authority;
mod bundle;
mod calling;
pub mod cli;
mod committer;
pub mod config;
mod config_keys;
pub mod connection;
pub mod datadir;
mod engine;
pub mod frame;
pub mod http;
pub mod https;
mod jobs;
mod journal;
mod lag;
pub mod lanes;
pub mod listener;
mod log_line;
pub mod logging;
mod media;
pub mod metrics;
mod outgoing;
mod passphrase;
mod pool;
mod progress;
pub mod rotation;
pub mod run;
mod scrub;
pub mod service;
pub mod shell;
mod speaking;
pub mod store;
pub mod tls;
pub mod tls_calling;
mod tls_clients;
mod turns;
pub mod vault;
mod vital;
pub mod wire;
