//! Cryptographic operations by real messages over the software vault (KMIP 2.1 §6.1.11, §6.1.14, §6.1.17, §6.1.24, §6.1.32,
//! §6.1.33, §6.1.55, §6.1.56): what they give, which keys they take, and every row of their error tables.

mod ciphers;
mod codes;
mod counters;
mod derivation;
mod limits;
mod refusals;
mod signatures;
mod streams;
mod support;
