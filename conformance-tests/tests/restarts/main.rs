//! What a server keeps that is killed, stopped and started again.

mod asynchronous;
mod counters;

use conformance_tests::server_process::{Options, Server};

fn started(options: &Options) -> Server {
    // What an earlier start wrote would lead elsewhere.
    let _ = std::fs::remove_file(options.data_dir.join("kmip-cli.toml"));
    Server::start(options).expect("the server starts")
}
