//! Every request of real clients decodes strictly and encodes to the same bytes; the four that carry a field of another
//! version, or an empty carrier of another major version, are refused strictly by name and taken leniently.

mod support;

use kmip_codec::limits::Limits;
use kmip_codec::message::{DecodedRequest, RequestMessage, decode_request, encode};
use kmip_codec::registry::Tag;
use kmip_codec::wire::Strictness;
use kmip_codec::wire::xml::text::hex;

/// Lines of `pykmip.tsv` that strict reading refuses, and the field that it names.
const REFUSED: [(usize, &str); 4] = [
    (39, "Cryptographic Algorithm"),
    (91, "Cryptographic Algorithm"),
    (364, "Template-Attribute"),
    (365, "Template-Attribute"),
];

/// The message with all its items, or the text of what is wrong.
fn whole(decoded: DecodedRequest) -> Result<RequestMessage, String> {
    let items: Result<Vec<_>, _> = decoded.items.into_iter().collect();
    let batch_item = items.map_err(|failed| failed.error.to_string())?;
    Ok(RequestMessage { request_header: decoded.header, batch_item })
}

fn read(bytes: &[u8], strictness: Strictness) -> Result<(RequestMessage, usize), String> {
    let decoded = decode_request(bytes, &Limits::DEFAULT, strictness).map_err(|failed| failed.error.to_string())?;
    let leniencies = decoded.leniencies;
    whole(decoded).map(|message| (message, leniencies))
}

#[test]
fn requests_of_real_clients_keep_their_bytes() {
    let Some(folder) = support::reference("clients/requests") else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for file in support::files(&folder, "tsv") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (index, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let bytes = hex(line.rsplit('\t').next().unwrap()).unwrap();
            let refused = REFUSED.iter().find(|(at, _)| name == "pykmip.tsv" && *at == index + 1);
            let outcome = match refused {
                Some((_, field)) => is_refused_by_name_and_taken_leniently(&bytes, field),
                None => keeps_its_bytes(&bytes),
            };
            count += 1;
            wrong.extend(outcome.err().map(|problem| format!("{name}:{}: {problem}", index + 1)));
        }
    }
    assert!(count >= 389, "only {count} requests found");
    assert!(wrong.is_empty(), "{} of {count} requests:\n{}", wrong.len(), wrong.join("\n"));
}

fn keeps_its_bytes(bytes: &[u8]) -> Result<(), String> {
    let (message, leniencies) = read(bytes, Strictness::Strict)?;
    assert_eq!(leniencies, 0);
    let written = encode(Tag::RequestMessage, &message, message.request_header.protocol_version.0);
    if written.as_slice() == bytes { Ok(()) } else { Err("the bytes differ".to_owned()) }
}

fn is_refused_by_name_and_taken_leniently(bytes: &[u8], field: &str) -> Result<(), String> {
    match read(bytes, Strictness::Strict) {
        Ok(_) => return Err("taken strictly".to_owned()),
        Err(problem) if !problem.starts_with(field) => return Err(format!("refused with: {problem}")),
        Err(_) => {}
    }
    let (_, leniencies) = read(bytes, Strictness::Lenient)?;
    if leniencies == 0 { Err("nothing was reported".to_owned()) } else { Ok(()) }
}
