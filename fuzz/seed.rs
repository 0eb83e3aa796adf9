//! Fills `corpus/` from the reference material that `KMIP_REFERENCE` names: the OASIS cases, and what real clients send.

use std::fs;
use std::path::{Path, PathBuf};

use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseMessage, encode};
use kmip_codec::registry::{ItemType, Tag};
use kmip_codec::value::Value;
use kmip_codec::wire::xml::{XmlReader, messages};
use kmip_codec::wire::{Source, Strictness};

fn main() -> std::io::Result<()> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let reference = std::env::var_os("KMIP_REFERENCE").map_or(beside, PathBuf::from);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    fs::create_dir_all(corpus.join("ttlv"))?;
    fs::create_dir_all(corpus.join("xml"))?;
    let mut seeds = 0;
    for version in fs::read_dir(reference.join("oasis"))?.flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(version.path())?.flatten() {
            let document = fs::read_to_string(file.path())?;
            for message in messages(&document).unwrap_or_default() {
                fs::write(corpus.join(format!("xml/oasis-{seeds}")), compact(message.text))?;
                if let Some(bytes) = ttlv(message.tag, message.text) {
                    fs::write(corpus.join(format!("ttlv/oasis-{seeds}")), bytes)?;
                }
                seeds += 1;
            }
        }
    }
    for file in ["pykmip.tsv", "mongodb-csfle.tsv"] {
        for line in fs::read_to_string(reference.join("clients/requests").join(file))?.lines() {
            let bytes = line.split('\t').next_back().and_then(unhex).unwrap_or_default();
            fs::write(corpus.join(format!("ttlv/client-{seeds}")), bytes)?;
            seeds += 1;
        }
    }
    println!("{seeds} seeds");
    Ok(())
}

/// Without the white space between elements, which teaches a fuzzer nothing.
fn compact(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

fn ttlv(tag: Tag, text: &str) -> Option<Vec<u8>> {
    let variable = |name: &str, item_type| match item_type {
        ItemType::DateTime => Some("2024-02-29T12:00:00Z".to_owned()),
        ItemType::ByteString => Some("c0ffee00".to_owned()),
        _ => Some(name.to_owned()),
    };
    let mut reader = XmlReader::with_variables(text, Limits::DEFAULT, Strictness::Strict, &variable).ok()?;
    reader.next().ok()?;
    if tag == Tag::RequestMessage {
        let message = RequestMessage::take(&mut reader).ok()?;
        return Some(encode(tag, &message, message.request_header.protocol_version.0).to_vec());
    }
    let message = ResponseMessage::take(&mut reader).ok()?;
    Some(encode(tag, &message, message.response_header.protocol_version.0).to_vec())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    kmip_codec::wire::xml::text::hex(text.trim()).ok().map(|bytes| bytes.to_vec())
}
