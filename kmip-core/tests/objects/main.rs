//! Object operations beside the life cycle, by real messages: leases, allocations, adjustments, archives, exports, split keys,
//! defaults and constraints, groups, rotation.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "each test binary uses another part of it")]
#[path = "../engine/requests.rs"]
mod requests;

mod adjustments;
mod allocations;
mod archives;
mod creation;
mod exports;
mod groups;
mod leases;
mod policies;
mod rotation;
mod split_keys;
