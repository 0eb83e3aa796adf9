//! The two seams of the core: the ordered store and the key vault with its cryptography and its algorithms.

pub mod container;
pub mod crypto;
pub mod post_quantum;
pub mod resident;
pub mod store;
pub mod vault;
