//! Attributes of managed objects (KMIP 1.4 §3, KMIP 2.1 §4).

pub mod rules;
