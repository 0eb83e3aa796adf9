//! Keys that leave wrapped and registered wrapped keys that leave unwrapped, by real messages over the software vault
//! (KMIP 1.4 §2.1.5, §2.1.6; KMIP 2.1 §3.3, §6.1.19, §7.18).

mod authentication;
mod encryption;
mod reasons;
mod support;
mod usage;
