//! The codec benchmark, then `kmip-ttlv` decoding the same responses in alternating rounds.
//! `cargo run --release` in this folder; fails if a bar is missed.

#![forbid(unsafe_code)]

#[path = "../codec.rs"]
mod codec;

use std::hint::black_box;
use std::process::ExitCode;

use codec::{get, locate, median, nanoseconds, of_response};
use kmip_codec::version::V1_4;
use kmip_protocol::types::response::ResponseMessage;

fn main() -> ExitCode {
    let own = codec::table();
    println!("\n| message | kmip-ttlv 0.3.5 ns | ours ns | times faster | bar |\n|---|---:|---:|---:|---:|");
    compare("Get response 1.4", &get(V1_4), 1.0);
    let faster = compare("Locate response 1.4, 1,000 identifiers", &locate(), 6.0);
    if own && faster { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn compare(what: &str, bytes: &[u8], bar: f64) -> bool {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        theirs
            .push(nanoseconds(|| drop(black_box(kmip_ttlv::from_slice::<ResponseMessage>(black_box(bytes)).unwrap()))));
        ours.push(nanoseconds(|| drop(black_box(of_response(black_box(bytes))))));
    }
    let ratio = median(theirs.iter().zip(&ours).map(|(theirs, ours)| theirs / ours).collect());
    println!("| {what} | {:.0} | {:.0} | {ratio:.1} | {bar:.0} |", median(theirs), median(ours));
    ratio >= bar
}
