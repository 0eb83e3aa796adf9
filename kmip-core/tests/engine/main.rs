//! The engine by real messages: batches, versions, encodings, authentication, isolation, Locate, life cycle, registration, restart.

#[path = "../support/mod.rs"]
mod support;

mod requests;

mod authentication;
mod batches;
mod certificates;
mod credentials;
mod device;
mod encodings;
mod isolation;
mod jobs;
mod jobs_batches;
mod jobs_crashes;
mod jobs_support;
mod kmip_3_0;
mod lifecycle;
mod locate;
mod outgoing;
mod quantum_safe;
mod registration;
mod renewal;
mod restart;
mod tickets;
mod users;
mod versions;
