//! Time of one open, seal and blind: `cargo bench -p hsm-backend`. Prints the best of 40 rounds in nanoseconds.

use std::hint::black_box;
use std::time::Instant;

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Binding, KeyVault};

const CALLS: u32 = 5_000;
const KEY: &[u8] = b"o/4f1c6e0b-2d7a-4c7e-9a53-0123456789ab";

fn main() {
    let vault = SoftwareVault::new(Keystore::ephemeral().expect("keys"));
    let stored = vault.create_scope_key("bench").expect("a scope key");
    vault.install_scope_key("bench", &stored).expect("installed");
    let binding =
        Binding { scope: "bench", id: "4f1c6e0b-2d7a-4c7e-9a53-0123456789ab", spec: b"symmetric AES 256 raw" };
    let key = Secret::copy_from(&[7; 32]);
    let sealed = vault.seal(&key, binding).expect("sealed");
    let records = vault.record_seal();
    let record = records.seal(KEY, 7, &[5; 600]);

    time("open a 32-byte key", || drop(black_box(vault.open(&sealed, binding))));
    time("seal a 32-byte key", || drop(black_box(vault.seal(&key, binding))));
    time("open a 600-byte record", || drop(black_box(records.open(KEY, 7, &record))));
    time("seal a 600-byte record", || drop(black_box(records.seal(KEY, 7, &[5; 600]))));
    time("blind a name", || drop(black_box(Box::new(records.blind(b"disk-7")))));
}

fn time(what: &str, call: impl Fn()) {
    let round = || {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        start.elapsed().as_nanos() / u128::from(CALLS)
    };
    let best = (0..40).map(|_| round()).min().unwrap_or_default();
    println!("{what}: {best} ns");
}
