//! Cryptographic operations that succeed: one for each way to use a key.

use std::io;

use kmip_fuzz::input::push_bytes;

use crate::Folder;

/// Presence bits of the parameters that the seeds set, in the order of the target.
const MODE: u32 = 1;
const PADDING: u32 = 1 << 1;
const HASH: u32 = 1 << 2;
const ALGORITHM: u32 = 1 << 5;
const RANDOM_IV: u32 = 1 << 6;

/// Parameters in the order of their bits: which are there, then a byte for each.
fn parameters(given: &[(u32, u8)]) -> Vec<u8> {
    let present = given.iter().fold(0, |bits, (bit, _)| bits | bit);
    let values = given.iter().map(|(_, value)| *value);
    present.to_be_bytes().into_iter().skip(1).chain(values).collect()
}

/// Writes the seeds.
pub fn write(folder: &mut Folder<'_>) -> io::Result<()> {
    for version in 0..5 {
        encryption(folder, version)?;
        for key in 0..8 {
            for hash in [6, 8] {
                for padding in [&[(HASH, hash)][..], &[(PADDING, 10), (HASH, hash)]] {
                    folder
                        .write([&[1, version, key], &parameters(padding)[..], &[0, 1, 2, b'm', b's', b'g']].concat())?;
                }
                folder.write([&[1, version, key], &parameters(&[(HASH, hash)])[..], &[1], &[0x5A; 32]].concat())?;
            }
        }
        for key in 0..12 {
            for algorithm in 7..12 {
                let code = parameters(&[(ALGORITHM, algorithm)]);
                folder.write([&[2, version, key], &code[..], b"message"].concat())?;
            }
            folder.write([&[2, version, key], &parameters(&[(MODE, 7), (ALGORITHM, 3)])[..], b"message"].concat())?;
        }
        for hash in 1..17 {
            folder.write([&[3, version], &parameters(&[(HASH, hash)])[..], b"message"].concat())?;
        }
        derivation(folder, version)?;
    }
    for target in 0..12 {
        for wraps in 0..13 {
            for mode in [1, 8, 9, 12, 13] {
                let by = parameters(&[(MODE, mode), (PADDING, 3)]);
                folder.write([&[5, 0, target, wraps, 1], &by[..], &[1]].concat())?;
            }
            folder.write([&[5, 0, target, wraps, 1], &parameters(&[(PADDING, 2)])[..], &[0]].concat())?;
        }
    }
    mixture(folder)
}

fn encryption(folder: &mut Folder<'_>, version: u8) -> io::Result<()> {
    for key in 0..13 {
        for mode in [1, 2, 4, 5, 6, 8, 9, 11, 12, 13] {
            let padded = parameters(&[(MODE, mode), (PADDING, 3)]);
            let drawn = parameters(&[(MODE, mode), (RANDOM_IV, 1)]);
            let mut given = vec![3];
            push_bytes(&mut given, &[0xA5; 16]);
            push_bytes(&mut given, b"");
            folder.write([&[0, version, key], &padded[..], &given, &[0x42; 32]].concat())?;
            folder.write([&[0, version, key], &drawn[..], &[0], &[0x42; 32]].concat())?;
        }
        let mut nonce = vec![1];
        push_bytes(&mut nonce, &[0xA5; 12]);
        folder.write([&[0, version, key], &parameters(&[])[..], &nonce, &[0x42; 33]].concat())?;
        for padding in [2, 8] {
            folder.write([&[0, version, key], &parameters(&[(PADDING, padding)])[..], &[0], b"short"].concat())?;
        }
    }
    Ok(())
}

fn derivation(folder: &mut Folder<'_>, version: u8) -> io::Result<()> {
    for method in 1..12 {
        for (how, which, other) in [(0, 0, 0), (0, 9, 0), (0, 11, 0), (3, 1, 1), (3, 3, 3), (3, 7, 7), (2, 0, 11)] {
            for hash in [4, 6] {
                let by = parameters(&[(MODE, 1), (PADDING, 3), (HASH, hash)]);
                let base = [4, version, how, which, other, method, 0, 3, 16];
                for there in [4 | 1, 16, 16 | 2, 0, 16 | 4 | 1] {
                    let mut seed = [&base[..], &by, &[there]].concat();
                    [1, 2].iter().filter(|bit| there & **bit != 0).for_each(|_| push_bytes(&mut seed, &[7; 16]));
                    if there & 4 != 0 {
                        seed.push(2);
                    }
                    folder.write([&seed[..], &[0x42; 16]].concat())?;
                }
            }
        }
    }
    Ok(())
}

/// An operation by parts in one message, its parts found by the Correlation Value of the message before.
fn mixture(folder: &mut Folder<'_>) -> io::Result<()> {
    for kind in 0..7 {
        for key in 0..24 {
            let by = parameters(&[(MODE, 1), (PADDING, 3), (HASH, 6)]);
            let mut first = [&[6, 0, kind], &by[..], &[0x13, key, 0]].concat();
            push_bytes(&mut first, &[0x42; 16]);
            first.push(1);
            folder.write(&first)?;
            let mut last = [&[6, 0, kind], &by[..], &[0x62, key, 0]].concat();
            push_bytes(&mut last, &[0x42; 16]);
            last.push(1);
            folder.write(&last)?;
        }
    }
    Ok(())
}
