//! Store adapters: engines that meet [`kmip_core::ports::store::Store`].
//!
//! [`SledStore`] keeps one node's data in an embedded engine. Its directory:
//!
//! ```text
//! DIR/lock            held while a process has the store open
//! DIR/tip             the newest acknowledged revision, kept apart from the engine (see `tip.rs`)
//! DIR/engine/         sled: db (its log), conf, snap.* (a summary of the log, can be made again), blobs (stays empty)
//! DIR/engine.new/     a store whose creation was cut short
//! ```
//!
//! Inside the engine is one tree; `keyspace.rs` tells what stands in it and `frame.rs` how a value is framed.

mod check;
mod content;
mod directory;
mod durable;
mod engine;
mod engine_threads;
mod frame;
mod keys;
mod keyspace;
mod plan;
mod sled;
mod tip;

pub use self::check::{CheckPage, CheckReport, Damage};
pub use self::durable::{Step, StepHook};
pub use self::sled::{Options, SledStore};
