//! The two seams of the core: the ordered store and the key vault.

pub mod store;
pub mod vault;
