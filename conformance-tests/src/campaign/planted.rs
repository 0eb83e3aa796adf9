//! Planted keys: what clients store stands in no file in clear, in no spelling, and a stolen disk tells no names either. Nor
//! does what they encrypt, sign, derive and wrap with these keys.

mod works;

use super::random::Random;
use super::{CampaignError, Outcome, finding};
use crate::encoded::{self, HttpsClient};
use crate::endpoint::Endpoint;
use crate::message::{
    Call, call, make, payload, register_aes, register_opaque, register_secret, register_transparent, request,
};
use crate::server_process::{Options, Server, log_path};
use crate::tls::Connection;
use crate::tree::{bytes, encode, enumeration, integer, structure, text};
use data_encoding::{BASE64, BASE64URL};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, Operation, Tag};
use kmip_codec::version::{V1_2, V2_1};
use kmip_codec::wire::Encoding;
use std::fs;
use std::io;
use std::path::Path;

/// Keys that are planted.
const KEYS: usize = 20;
const PASSWORD: &str = "planted-password-7c1e";

/// Plants keys in a new server in `place`, with everything logged, and searches what it wrote.
pub fn run(seed: u64, place: &Path) -> Outcome {
    search_finds_what_is_there(seed)?;
    let options = Options { log: Some("trace".to_owned()), https: true, ..Options::new(&place.join("planted")) };
    let server = Server::start(&options)?;
    let planter = server.enroll("planter")?;
    let mut client = planter.connect(server.kmip())?;
    let Some(https) = server.https() else { return finding("the HTTPS listener is off") };
    let mut xml = HttpsClient::new(planter.clone(), https, Encoding::Xml);
    let mut json = HttpsClient::new(planter.clone(), https, Encoding::Json);
    server.add_user("planted-user", PASSWORD)?;
    let mut random = Random::new(seed);
    let planted: Vec<(String, Vec<u8>)> =
        (0..KEYS).map(|number| (format!("planted-name-{number}-{:08x}", random.number()), random.bytes(32))).collect();
    for (number, (name, key)) in planted.iter().enumerate() {
        let endpoint: &mut dyn Endpoint = match number % 3 {
            0 => &mut client,
            1 => &mut xml,
            _ => &mut json,
        };
        plant(endpoint, number, name, key)?;
    }
    misuse(&mut client, &planted)?;
    misuse_text(&mut planter.connect(https)?, &planted)?;
    let mut worked = Vec::new();
    for (_, key) in &planted {
        worked.extend(works::work_with(&mut client, key, &mut random)?);
    }
    server.kill()?;
    // A second life writes what a start and a clean stop write.
    let server = Server::start(&options)?;
    server.stop()?;

    let log = log_path(&options.data_dir);
    let searched = [Files::read(&options.data_dir)?, Files::read(&log)?];
    for (name, key) in &planted {
        for files in &searched {
            files.must_not_hold(key, "the key")?;
        }
        searched.iter().take(1).try_for_each(|files| files.must_not_hold(name.as_bytes(), "the name"))?;
    }
    for (what, secret) in &worked {
        searched.iter().try_for_each(|files| files.must_not_hold(secret, what))?;
    }
    for files in &searched {
        files.must_not_hold(PASSWORD.as_bytes(), "the password")?;
    }
    if fs::metadata(&log)?.len() < 1000 {
        return finding("hardly anything was logged: the search says nothing");
    }
    let files: usize = searched.iter().map(|files| files.0.len()).sum();
    Ok(format!(
        "planted: {KEYS} keys, their names, {} plaintexts, derived keys and tickets and a password in none of {files} files, in no spelling",
        worked.len()
    ))
}

/// Registers a key in one of several forms, reads it back, and moves it through its life.
fn plant(client: &mut dyn Endpoint, number: usize, name: &str, key: &[u8]) -> Result<(), CampaignError> {
    let (version, register) = match number % 5 {
        0 => (V2_1, register_aes(name, key)),
        1 => (V2_1, register_transparent(name, key)),
        2 => (V2_1, register_secret(name, key)),
        3 => (V2_1, register_opaque(name, key)),
        _ => (V1_2, register_in_1_2(name, key)),
    };
    let identifier = make(client, version, &register)?;
    for operation in [Operation::Get, Operation::GetAttributes] {
        payload(&call(client, version, &Call::on(operation, &identifier))?)?;
    }
    if number.is_multiple_of(2) {
        payload(&call(client, version, &Call::on(Operation::Activate, &identifier))?)?;
    }
    Ok(())
}

fn register_in_1_2(name: &str, key: &[u8]) -> Call {
    let attribute = |attribute_name: &str, value: ItemValue| {
        let value = Item { tag: Tag::AttributeValue, value };
        structure(Tag::Attribute, vec![text(Tag::AttributeName, attribute_name), value])
    };
    let mask = integer(Tag::AttributeValue, CryptographicUsageMask::Encrypt.0.cast_signed());
    let template =
        vec![attribute("Name", crate::message::name(name).value), attribute("Cryptographic Usage Mask", mask.value)];
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
        structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, key)]),
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
    ];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        structure(Tag::TemplateAttribute, template),
        structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]),
    ];
    Call::new(Operation::Register, payload)
}

/// Refused and malformed messages that hold keys and passwords: their errors must not repeat them.
fn misuse(client: &mut Connection, planted: &[(String, Vec<u8>)]) -> io::Result<()> {
    for (name, key) in planted.iter().take(5) {
        // The algorithm is missing: refused. The same name: refused.
        let mut incomplete = register_in_1_2(name, key);
        incomplete.payload.truncate(2);
        call(client, V1_2, &incomplete)?;
        call(client, V2_1, &register_aes(name, key))?;
    }
    let Some((name, key)) = planted.first() else { return Ok(()) };
    let credential = vec![
        enumeration(Tag::CredentialType, 1),
        structure(Tag::CredentialValue, vec![text(Tag::Username, "planted-user"), text(Tag::Password, PASSWORD)]),
    ];
    let mut message = request(V2_1, &[register_aes(name, key)]);
    if let ItemValue::Structure(parts) = &mut message.value
        && let Some(ItemValue::Structure(header)) = parts.first_mut().map(|header| &mut header.value)
    {
        header.insert(1, structure(Tag::Authentication, vec![structure(Tag::Credential, credential)]));
    }
    client.exchange(&encode(&message))?;
    // Cut in the middle of the key block: malformed, with the key inside.
    let mut cut = encode(&message);
    let end = cut.len().saturating_sub(24) / 8 * 8;
    cut.truncate(end);
    let length = u32::try_from(end.saturating_sub(8)).unwrap_or_default();
    cut.splice(4..8, length.to_be_bytes());
    client.exchange(&cut).map(drop)
}

/// The same in text: requests that are refused, with a value that is none, and that end too early.
fn misuse_text(client: &mut Connection, planted: &[(String, Vec<u8>)]) -> io::Result<()> {
    for encoding in [Encoding::Xml, Encoding::Json] {
        for (name, key) in planted.iter().take(5) {
            let text = encoded::request(&encode(&request(V2_1, &[register_aes(name, key)])), encoding)?;
            let text = String::from_utf8(text).map_err(io::Error::other)?;
            let odd = text.replace(&hex::encode(key), &format!("{}z", hex::encode(key)));
            let cut = text.get(..text.len().saturating_sub(20)).unwrap_or_default();
            for body in [&text, &odd, cut] {
                let answer = client.post("/kmip", encoded::media_type(encoding), body.as_bytes())?;
                if answer.status != 200 || holds(&answer.body, hex::encode(key).as_bytes()) {
                    return Err(io::Error::other("a malformed message has no answer, or one that repeats a key"));
                }
            }
        }
    }
    Ok(())
}

/// The contents of files.
struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    /// Reads a file, or all files below a folder.
    fn read(path: &Path) -> io::Result<Files> {
        if path.is_file() {
            return Ok(Files(vec![(path.display().to_string(), fs::read(path)?)]));
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            files.extend(Files::read(&entry?.path())?.0);
        }
        Ok(Files(files))
    }

    fn must_not_hold(&self, secret: &[u8], what: &str) -> Result<(), CampaignError> {
        for (spelling, pattern) in spellings(secret) {
            if let Some((name, _)) = self.0.iter().find(|(_, content)| holds(content, &pattern)) {
                return finding(format!("{what} stands in {name} as {spelling}"));
            }
        }
        Ok(())
    }
}

fn holds(content: &[u8], pattern: &[u8]) -> bool {
    memchr::memmem::find(content, pattern).is_some()
}

/// The ways in which bytes are written: as they are, in hexadecimal, in base64 at each of its three positions, as numbers.
fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let numbers: Vec<String> = secret.iter().map(u8::to_string).collect();
    let mut reversed = secret.to_vec();
    reversed.reverse();
    let mut all = vec![
        ("raw bytes", secret.to_vec()),
        ("reversed bytes", reversed),
        ("hexadecimal", hex::encode(secret).into_bytes()),
        ("upper-case hexadecimal", hex::encode_upper(secret).into_bytes()),
        ("a decimal list", numbers.join(", ").into_bytes()),
        ("a tight decimal list", numbers.join(",").into_bytes()),
    ];
    for skipped in 0..3 {
        // Whole groups of three bytes: what stands around them does not change their four characters.
        let rest = secret.get(skipped..).unwrap_or_default();
        let whole = rest.get(..rest.len() / 3 * 3).unwrap_or_default();
        all.push(("base64", BASE64.encode(whole).into_bytes()));
        all.push(("base64 for addresses", BASE64URL.encode(whole).into_bytes()));
    }
    all.retain(|(_, pattern)| pattern.len() >= 8);
    all
}

/// The search itself must be able to find: each spelling, inside other text.
fn search_finds_what_is_there(seed: u64) -> Result<(), CampaignError> {
    let mut random = Random::new(seed ^ 0x5EED);
    let secret = random.bytes(32);
    for (spelling, pattern) in spellings(&secret) {
        let file = [random.bytes(100), pattern, random.bytes(100)].concat();
        let files = Files(vec![("a control".to_owned(), file)]);
        if files.must_not_hold(&secret, "the secret").is_ok() {
            return finding(format!("the search does not find {spelling}"));
        }
    }
    let encoded = BASE64.encode(&[random.bytes(1), secret.clone(), random.bytes(1)].concat()).into_bytes();
    match Files(vec![("a control".to_owned(), encoded)]).must_not_hold(&secret, "the secret") {
        Ok(()) => finding("the search does not find base64 of a longer text"),
        Err(_) => Ok(()),
    }
}
