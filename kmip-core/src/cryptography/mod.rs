//! Cryptography as a service: what the operations that use keys share (KMIP 2.1 §6.1.11, §6.1.14, §6.1.17, §6.1.24, §6.1.32,
//! §6.1.33, §6.1.55, §6.1.56). The vault does the work; here is decided with which key and how.

pub(crate) mod abilities;
pub(crate) mod cipher;
pub(crate) mod derivation;
pub(crate) mod key;
pub(crate) mod mac;
pub(crate) mod parameters;
pub(crate) mod parts;
pub(crate) mod request;
pub(crate) mod signature;
pub(crate) mod streams;
pub(crate) mod usage;
