//! Implementations of the seams for tests, and for each seam one exerciser that every adapter must pass.
//!
//! Always compiled, because the adapters live in other crates; nothing here is used by a running server.

pub mod cryptography_exerciser;
pub mod engines;
pub mod sim_vault;
pub mod store;
pub mod store_exerciser;
pub mod vault_exerciser;
