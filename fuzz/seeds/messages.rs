//! Messages of the OASIS cases and of real clients.

use std::path::{Path, PathBuf};
use std::{fs, io};

use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseMessage, encode};
use kmip_codec::registry::{ItemType, Tag};
use kmip_codec::value::Value;
use kmip_codec::wire::xml::{XmlReader, messages};
use kmip_codec::wire::{Source, Strictness};
use kmip_fuzz::messages::from_ttlv;

use crate::Folder;

fn reference() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("KMIP_REFERENCE").map_or(beside, PathBuf::from)
}

/// Calls `act` with each message of the OASIS cases.
fn each_of_oasis(mut act: impl FnMut(Tag, &str) -> io::Result<()>) -> io::Result<()> {
    for version in fs::read_dir(reference().join("oasis"))?.flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(version.path())?.flatten() {
            let document = fs::read_to_string(file.path())?;
            for message in messages(&document).unwrap_or_default() {
                act(message.tag, message.text)?;
            }
        }
    }
    Ok(())
}

/// The messages as XML.
pub fn xml(folder: &mut Folder<'_>) -> io::Result<()> {
    each_of_oasis(|_, text| folder.write(compact(text)))
}

/// The messages as JSON.
pub fn json(folder: &mut Folder<'_>) -> io::Result<()> {
    each_of_oasis(|tag, text| match encoded(tag, text).map(|bytes| from_ttlv(&bytes, Strictness::Strict)) {
        Some(Ok(message)) => folder.write(message.json()),
        _ => Ok(()),
    })
}

/// The messages as TTLV, and those that real clients send.
pub fn ttlv(folder: &mut Folder<'_>) -> io::Result<()> {
    each_of_oasis(|tag, text| encoded(tag, text).map_or(Ok(()), |bytes| folder.write(bytes)))?;
    for file in ["pykmip.tsv", "mongodb-csfle.tsv"] {
        for line in fs::read_to_string(reference().join("clients/requests").join(file))?.lines() {
            folder.write(line.split('\t').next_back().and_then(unhex).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Without the white space between elements, which teaches a fuzzer nothing.
fn compact(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

fn encoded(tag: Tag, text: &str) -> Option<Vec<u8>> {
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
