//! `send`: messages from a file in any encoding, and the answers in the encoding of the file; as XML for a binary file. What
//! travels is TTLV.

use std::path::Path;

use kmip_client::{Client, Error};
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, decode_request_in, decode_response, encode, encode_json, encode_xml};
use kmip_codec::registry::{ResultStatus, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_0, Version};
use kmip_codec::wire::ttlv::{Frame, frame};
use kmip_codec::wire::xml::Layout;
use kmip_codec::wire::{Encoding, Strictness, json, xml};

use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::files;

/// Sends every request of a file in turn. A refusal is printed like any answer, and tells in the exit code.
pub async fn run(context: &Context, path: &Path) -> Done {
    let bad = |problem: String| CliError::Usage(format!("{}: {problem}", path.display()));
    let encoding = match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Encoding::Xml,
        Some("json") => Encoding::Json,
        Some("ttlv") => Encoding::Ttlv,
        _ => return Err(bad("the ending says how the message is encoded: .xml, .json or .ttlv".into())),
    };
    let requests = requests(encoding, &files::read(path)?).map_err(bad)?;
    let mut config = context.client_config()?;
    // The messages carry their own versions; nothing is negotiated.
    config.version = config.version.or(Some(V1_0));
    let mut client = Client::connect(config).await?;
    let mut failed = 0;
    for request in requests {
        let answer = client.send_raw(request.expose_secret()).await?;
        failed += print(context, &client, encoding, &answer)?;
    }
    if failed > 0 {
        Err(CliError::Local(format!("{failed} batch item(s) failed; the answer says why")))
    } else {
        Ok(())
    }
}

/// The requests of a file; responses in it are passed over.
fn requests(encoding: Encoding, bytes: &[u8]) -> Result<Vec<Secret>, String> {
    let text = || std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned());
    let found: Vec<(Tag, &str)> = match encoding {
        Encoding::Ttlv => return from_ttlv(bytes),
        Encoding::Xml => {
            let found = xml::messages(text()?).map_err(|error| error.to_string())?;
            found.into_iter().map(|message| (message.tag, message.text)).collect()
        }
        Encoding::Json => {
            let found = json::messages(text()?, &Limits::DEFAULT).map_err(|error| error.to_string())?;
            found.into_iter().map(|message| (message.tag, message.text)).collect()
        }
    };
    let requests = found.into_iter().filter(|(tag, _)| *tag == Tag::RequestMessage);
    let encoded: Result<Vec<_>, _> = requests.map(|(_, text)| encode_request(encoding, text)).collect();
    encoded
        .and_then(|requests| if requests.is_empty() { Err("it holds no RequestMessage".into()) } else { Ok(requests) })
}

fn encode_request(encoding: Encoding, text: &str) -> Result<Secret, String> {
    let decoded = decode_request_in(encoding, text.as_bytes(), &Limits::DEFAULT, Strictness::Lenient)
        .map_err(|error| error.error.to_string())?;
    let version: Version = decoded.header.protocol_version.0;
    let items: Result<_, _> = decoded.items.into_iter().collect();
    let message =
        RequestMessage { request_header: decoded.header, batch_item: items.map_err(|item| item.error.to_string())? };
    Ok(Secret::from_wiped(encode(Tag::RequestMessage, &message, version)))
}

/// The messages of a binary file, one after the other. Only their frames are checked: a message may be wrong on purpose.
fn from_ttlv(bytes: &[u8]) -> Result<Vec<Secret>, String> {
    let mut rest = bytes;
    let mut requests = Vec::new();
    while !rest.is_empty() {
        let length = match frame(rest, &Limits::DEFAULT) {
            Ok(Frame::Message(length)) => length,
            Ok(Frame::Incomplete) => return Err("the file ends inside a message".into()),
            Err(error) => return Err(format!("no message starts at byte {}: {error}", bytes.len() - rest.len())),
        };
        let (message, after) = rest.split_at_checked(length).ok_or("the file ends inside a message")?;
        requests.push(Secret::copy_from(message));
        rest = after;
    }
    if requests.is_empty() { Err("the file is empty".into()) } else { Ok(requests) }
}

/// Prints an answer as text and counts the items that failed.
fn print(context: &Context, client: &Client, encoding: Encoding, answer: &Secret) -> Done<usize> {
    let message = decode_response(answer.expose_secret(), &Limits::DEFAULT, Strictness::Lenient).map_err(|error| {
        let endpoint = client.endpoint().unwrap_or_default().to_owned();
        Error::Protocol { endpoint, what: format!("its answer cannot be read: {}", error.error) }
    })?;
    let version = message.response_header.protocol_version.0;
    let text = match encoding {
        Encoding::Json => encode_json(Tag::ResponseMessage, &message, version, Layout::Pretty),
        Encoding::Xml | Encoding::Ttlv => encode_xml(Tag::ResponseMessage, &message, version, Layout::Pretty),
    };
    context.output.text(&text)?;
    if !text.ends_with('\n') {
        context.output.text("\n")?;
    }
    Ok(message.batch_item.iter().filter(|item| item.result_status == ResultStatus::OperationFailed).count())
}
