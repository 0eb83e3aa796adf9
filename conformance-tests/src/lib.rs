//! OASIS cases, real clients and fault campaigns against the server, which is known by its wire and its command line only.

#![forbid(unsafe_code)]

pub mod campaign;
pub mod clients;
pub mod consumers;
pub mod encoded;
pub mod endpoint;
pub mod in_process;
pub mod message;
pub mod oasis;
pub mod reference;
pub mod server_process;
pub mod tls;
pub mod token;
pub mod tree;
pub mod walker;
