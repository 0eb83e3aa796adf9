//! Fills `corpus/`: messages from the reference material that `KMIP_REFERENCE` names, keys and certificates that the
//! `openssl` command makes anew. `seed TARGET` fills the folder of one target.

#![forbid(unsafe_code)]

mod seeds {
    pub mod certificates;
    pub mod containers;
    pub mod cryptographic_parameters;
    pub mod key_formats;
    pub mod messages;
    pub mod openssl;
}

use std::path::Path;
use std::{fs, io};

/// Writes the seeds of a target.
struct Folder<'a> {
    target: &'a str,
    written: usize,
}

impl Folder<'_> {
    fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.target);
        fs::create_dir_all(&folder)?;
        self.written += 1;
        fs::write(folder.join(format!("seed-{}", self.written)), bytes)
    }
}

fn main() -> io::Result<()> {
    let target = std::env::args().nth(1).unwrap_or_default();
    let mut folder = Folder { target: &target, written: 0 };
    match target.as_str() {
        "ttlv" => seeds::messages::ttlv(&mut folder),
        "json" => seeds::messages::json(&mut folder),
        "xml" => seeds::messages::xml(&mut folder),
        "key_formats" => seeds::key_formats::write(&mut folder),
        "cryptographic_parameters" => seeds::cryptographic_parameters::write(&mut folder),
        "containers" => seeds::containers::write(&mut folder),
        "certificates" => seeds::certificates::write(&mut folder),
        other => Err(io::Error::other(format!("{other:?} is no target with seeds"))),
    }?;
    println!("{} seeds", folder.written);
    Ok(())
}
