//! What holds for any Cryptographic Parameters, data and use of a key (KMIP 2.1 §4.15, §6.1): what one operation makes its
//! opposite undoes or confirms, in one request or by parts, and no failure tells data or keys.

mod codes;
mod derivation;
mod encryption;
mod keys;
mod mixture;
mod parameters;
mod signatures;
mod wrapping;

use std::cell::RefCell;

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::encrypt::Data;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_2, V1_3, V1_4, V2_0, V2_1, Version};

use crate::input::Input;
use crate::server;
use keys::World;

/// Versions with cryptographic operations.
const VERSIONS: [Version; 5] = [V2_1, V1_4, V1_3, V1_2, V2_0];

/// Plays what the bytes say.
pub fn check(bytes: &[u8]) {
    thread_local!(static WORLD: RefCell<Option<World>> = const { RefCell::new(None) });
    server::with(
        &WORLD,
        |world| &world.server,
        World::new,
        |world| {
            let mut input = Input::new(bytes);
            let kind = input.byte();
            world.version = input.choose(&VERSIONS);
            match kind % 7 {
                0 => encryption::check(world, &mut input),
                1 => signatures::check(world, &mut input),
                2 => codes::check_mac(world, &mut input),
                3 => codes::check_hash(world, &mut input),
                4 => derivation::check(world, &mut input),
                5 => wrapping::check(world, &mut input),
                _ => mixture::check(world, &mut input),
            }
        },
    );
}

fn id(text: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(text))
}

fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::Bytes(Secret::copy_from(bytes)))
}

/// The bytes of a field that may be absent for want of bytes.
fn bytes_of(data: Option<&Data>) -> Vec<u8> {
    match data {
        Some(Data::Bytes(bytes)) => bytes.expose_secret().to_vec(),
        Some(other) => panic!("an answer holds bytes, not {other:?}"),
        None => Vec::new(),
    }
}

fn octets(bytes: Option<&[u8]>) -> Option<ByteString> {
    bytes.map(ByteString::new)
}

/// Where the data is cut, when an operation goes by parts.
fn cut<'a>(data: &'a [u8], input: &mut Input<'_>) -> [&'a [u8]; 3] {
    let places = [input.byte(), input.byte()].map(|place| usize::from(place) % (data.len() + 1));
    let (first, second) = (places[0].min(places[1]), places[0].max(places[1]));
    [&data[..first], &data[first..second], &data[second..]]
}

/// Sends one item and gives its response, if it succeeded; a failure must not tell what is secret.
macro_rules! ask {
    ($world:expr, $secrets:expr, $operation:ident, $request:expr) => {{
        let version = $world.version;
        let answered = $world.server.batch(version, vec![$crate::item!($operation, $request)]);
        for secret in $secrets {
            $crate::server::errors_tell_nothing_of(secret, &answered);
        }
        $crate::response!($operation, answered[0]).cloned()
    }};
}
use ask;
