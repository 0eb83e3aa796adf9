//! The two seams of the core: the ordered store and the key vault with its cryptography.

pub mod crypto;
pub mod store;
pub mod vault;
