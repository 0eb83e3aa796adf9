//! Scopes: for an object of another client, every operation answers exactly what it answers for an identifier that never was.
//!
//! Two answers are alike if they are the same bytes once the identifier asked about and the time are taken out.

use super::{CampaignError, Outcome, finding};
use crate::endpoint::Endpoint;
use crate::message::{
    Call, call, create_aes, get_attributes, locate, located, make, name, payload, register_aes, register_opaque,
    register_secret, request, revoke, usage_mask,
};
use crate::server_process::{Options, Server};
use crate::tls::Connection;
use crate::tree::{Tree, boolean, bytes, date_time, decode, describe, encode, enumeration, integer, structure, text};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    CryptographicAlgorithm, DerivationMethod, EncodingOption, KeyFormatType, LinkType, ObjectType, Operation,
    ResultStatus, SplitKeyMethod, Tag, WrappingMethod,
};
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, V3_0, Version};
use std::path::Path;

/// An identifier of the server's form that it has never given, but for its last digits.
const UNKNOWN: &str = "3f0c8a52-1d6e-4b7f-9a35-c4e2d1b0";
const VERSIONS: [Version; 4] = [V1_2, V1_4, V2_1, V3_0];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Another client, to whom nothing may be told.
    Stranger,
    /// The owner, to whom everything is told: the campaign must notice that.
    Owner,
}

/// Makes objects as one client of a new server in `place`, and asks about them as another.
pub fn run(place: &Path, asker: Asker) -> Outcome {
    let server = Server::start(&Options::new(&place.join("isolation")))?;
    let owning = server.enroll("owner")?;
    let mut owner = owning.connect(server.kmip())?;
    let asking = match asker {
        Asker::Stranger => server.enroll("stranger")?,
        Asker::Owner => owning,
    };
    let mut stranger = asking.connect(server.kmip())?;
    let theirs = make_objects(&mut owner)?;
    let own = make(&mut stranger, V2_1, &create_aes("the stranger's own key"))?;
    let before = theirs.iter().map(|id| snapshot(&mut owner, id)).collect::<Result<Vec<_>, _>>()?;

    let mut compared = 0_usize;
    for version in VERSIONS {
        for identifier in &theirs {
            for (what, ask) in questions(version) {
                alike(&mut stranger, version, &what, &ask, identifier, compared)?;
                compared += 1;
            }
        }
    }
    finds_nothing(&mut stranger, &own, &theirs)?;
    let clash = call(&mut stranger, V2_1, &create_aes("a key of the owner"))?;
    payload(&clash).or_else(|error| finding(format!("a name of another client is taken: {error}")))?;

    for (identifier, before) in theirs.iter().zip(before) {
        if snapshot(&mut owner, identifier)? != before {
            return finding(format!("{identifier} has changed under the questions of another client"));
        }
    }
    Ok(format!("isolation: {compared} answers about objects of another client are those about unknown ones"))
}

fn make_objects(owner: &mut Connection) -> Result<Vec<String>, CampaignError> {
    let active = make(owner, V2_1, &create_aes("a key of the owner"))?;
    payload(&call(owner, V2_1, &Call::on(Operation::Activate, &active))?)?;
    let calls = [
        create_aes("a pre-active key"),
        register_aes("a registered key", &[7; 32]),
        register_secret("a secret", b"open sesame, please"),
        register_opaque("an opaque object", &[9; 40]),
    ];
    let mut made = vec![active];
    for create in &calls {
        made.push(make(owner, V2_1, create)?);
    }
    Ok(made)
}

/// What an owner sees of an object.
fn snapshot(owner: &mut Connection, identifier: &str) -> Result<Vec<u8>, CampaignError> {
    // The object first: its first Get is what ends Fresh.
    let object = call(owner, V2_1, &Call::on(Operation::Get, identifier))?;
    let attributes = call(owner, V2_1, &get_attributes(identifier))?;
    Ok([encode(payload(&attributes)?), encode(payload(&object)?)].concat())
}

/// A question about an identifier; the second argument is a key of the one who asks.
type Ask = Box<dyn Fn(&str, &str) -> Call>;

/// Every operation that can name an object, as a question about an identifier.
fn questions(version: Version) -> Vec<(String, Ask)> {
    let mut asked = plain_questions();
    asked.extend(attribute_questions(version));
    asked.extend(cryptographic_questions());
    asked.extend(indirect_questions(version));
    asked.extend(further_questions(version));
    asked
}

fn ask(what: impl ToString, question: impl Fn(&str) -> Call + 'static) -> (String, Ask) {
    (what.to_string(), Box::new(move |identifier, _| question(identifier)))
}

fn id(identifier: &str) -> Item {
    text(Tag::UniqueIdentifier, identifier)
}

fn plain_questions() -> Vec<(String, Ask)> {
    let operations = [
        Operation::Get,
        Operation::GetAttributes,
        Operation::GetAttributeList,
        Operation::Activate,
        Operation::Destroy,
        Operation::Archive,
        Operation::Recover,
        Operation::Check,
        Operation::ObtainLease,
        Operation::ReKey,
        Operation::ReCertify,
        Operation::Export,
    ];
    let mut asked: Vec<_> = operations
        .into_iter()
        .map(|operation| ask(operation, move |identifier| Call::on(operation, identifier)))
        .collect();
    asked.push(ask("Re-key Key Pair", |identifier| {
        Call::new(Operation::ReKeyKeyPair, vec![text(Tag::PrivateKeyUniqueIdentifier, identifier)])
    }));
    asked.push(ask("Revoke", revoke));
    asked.push(ask("Get Usage Allocation", |identifier| {
        let count = Item { tag: Tag::UsageLimitsCount, value: ItemValue::LongInteger(1) };
        Call::new(Operation::GetUsageAllocation, vec![id(identifier), count])
    }));
    asked.push(ask("Get in another format", |identifier| {
        let format = enumeration(Tag::KeyFormatType, KeyFormatType::TransparentSymmetricKey.0);
        Call::new(Operation::Get, vec![id(identifier), format])
    }));
    asked.push(ask("Check of a usage", |identifier| Call::new(Operation::Check, vec![id(identifier), usage_mask()])));
    asked.push(ask("Validate", |identifier| Call::on(Operation::Validate, identifier)));
    asked
}

/// An attribute in the carrier of the version: a named Attribute, or the typed field in a structure of its own.
fn carried(version: Version, carrier: Tag, attribute_name: &str, value: Item) -> Item {
    if version >= V2_0 {
        return structure(carrier, vec![value]);
    }
    let value = Item { tag: Tag::AttributeValue, value: value.value };
    structure(Tag::Attribute, vec![text(Tag::AttributeName, attribute_name), value])
}

fn attribute_questions(version: Version) -> Vec<(String, Ask)> {
    let change = move |operation: Operation, field: Tag| {
        move |identifier: &str| {
            let value = text(Tag::ContactInformation, "somebody");
            Call::new(operation, vec![id(identifier), carried(version, field, "Contact Information", value)])
        }
    };
    let link = move |identifier: &str| {
        let value =
            vec![enumeration(Tag::LinkType, LinkType::ReplacedObjectLink.0), text(Tag::LinkedObjectIdentifier, "x")];
        let value = structure(Tag::Link, value);
        Call::new(Operation::AddAttribute, vec![id(identifier), carried(version, Tag::NewAttribute, "Link", value)])
    };
    let date = move |identifier: &str| {
        let value = date_time(Tag::ActivationDate, 1_000_000_000);
        Call::new(
            Operation::ModifyAttribute,
            vec![id(identifier), carried(version, Tag::NewAttribute, "Activation Date", value)],
        )
    };
    let delete = move |identifier: &str| {
        let named = match version >= V2_0 {
            true => structure(Tag::CurrentAttribute, vec![name("a key of the owner")]),
            false => text(Tag::AttributeName, "Name"),
        };
        Call::new(Operation::DeleteAttribute, vec![id(identifier), named])
    };
    let mut asked = vec![
        ask("Add Attribute", change(Operation::AddAttribute, Tag::NewAttribute)),
        ask("Modify Attribute", change(Operation::ModifyAttribute, Tag::NewAttribute)),
        ask("Add Attribute of a link", link),
        ask("Modify Attribute of a date", date),
        ask("Delete Attribute", delete),
    ];
    if version >= V2_0 {
        asked.push(ask("Set Attribute", change(Operation::SetAttribute, Tag::NewAttribute)));
        asked.push(ask("Adjust Attribute", move |identifier| {
            let reference = enumeration(Tag::AttributeReference, Tag::LeaseTime.value());
            let kind = enumeration(Tag::AdjustmentType, 1);
            Call::new(Operation::AdjustAttribute, vec![id(identifier), reference, kind])
        }));
    }
    asked
}

fn cryptographic_questions() -> Vec<(String, Ask)> {
    let with_data = |operation: Operation| {
        ask(operation, move |identifier| Call::new(operation, vec![id(identifier), bytes(Tag::Data, &[1; 16])]))
    };
    let mut asked: Vec<_> =
        [Operation::Encrypt, Operation::Decrypt, Operation::Sign, Operation::MAC].into_iter().map(with_data).collect();
    asked.push(ask("Signature Verify", |identifier| {
        let payload = vec![id(identifier), bytes(Tag::Data, &[1; 16]), bytes(Tag::SignatureData, &[2; 64])];
        Call::new(Operation::SignatureVerify, payload)
    }));
    asked.push(ask("MAC Verify", |identifier| {
        let payload = vec![id(identifier), bytes(Tag::Data, &[1; 16]), bytes(Tag::MACData, &[2; 32])];
        Call::new(Operation::MACVerify, payload)
    }));
    asked
}

/// Questions that name the object somewhere else than as the object of the operation.
fn indirect_questions(version: Version) -> Vec<(String, Ask)> {
    let get_wrapped: Ask = Box::new(|identifier, own| {
        let key = structure(Tag::EncryptionKeyInformation, vec![id(identifier)]);
        let encoding = enumeration(Tag::EncodingOption, EncodingOption::NoEncoding.0);
        let method = enumeration(Tag::WrappingMethod, WrappingMethod::Encrypt.0);
        let specification = structure(Tag::KeyWrappingSpecification, vec![method, key, encoding]);
        Call::new(Operation::Get, vec![id(own), specification])
    });
    let link: Ask = Box::new(move |identifier, own| {
        let target = text(Tag::LinkedObjectIdentifier, identifier);
        let value = structure(Tag::Link, vec![enumeration(Tag::LinkType, LinkType::ParentLink.0), target]);
        Call::new(Operation::AddAttribute, vec![id(own), carried(version, Tag::NewAttribute, "Link", value)])
    });
    vec![
        ("Get wrapped by it".to_owned(), get_wrapped),
        ("Link to it".to_owned(), link),
        ask("Derive Key from it", move |identifier| derive(version, identifier)),
        ask("Locate by its identifier", move |identifier| located_by(version, "Unique Identifier", id(identifier))),
        ask("Locate by a link to it", move |identifier| {
            // Of a type that no question makes: a link of the client itself may be found.
            let target = text(Tag::LinkedObjectIdentifier, identifier);
            let value = structure(Tag::Link, vec![enumeration(Tag::LinkType, LinkType::ChildLink.0), target]);
            located_by(version, "Link", value)
        }),
        ask("Register wrapped by it", move |identifier| register_wrapped(version, identifier)),
    ]
}

/// Operations that make something of an object, end it, or give it to somebody else.
fn further_questions(version: Version) -> Vec<(String, Ask)> {
    let split = move |identifier: &str| {
        let fields = vec![
            enumeration(Tag::ObjectType, ObjectType::SplitKey.0),
            id(identifier),
            integer(Tag::SplitKeyParts, 3),
            integer(Tag::SplitKeyThreshold, 3),
            enumeration(Tag::SplitKeyMethod, SplitKeyMethod::XOR.0),
            new_attributes(version, Vec::new()),
        ];
        Call::new(Operation::CreateSplitKey, fields)
    };
    let join: Ask = Box::new(move |identifier, own| {
        let kind = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
        let fields = vec![kind, id(identifier), id(own), new_attributes(version, Vec::new())];
        Call::new(Operation::JoinSplitKey, fields)
    });
    let mut asked = vec![
        ask("Certify", |identifier| Call::on(Operation::Certify, identifier)),
        ask("Create Split Key", split),
        ("Join Split Key".to_owned(), join),
    ];
    if version >= V2_1 {
        asked.push(ask("Delegated Login", |identifier| {
            let objects = structure(Tag::Objects, vec![id(identifier)]);
            let rights = structure(Tag::Rights, vec![structure(Tag::Right, vec![objects])]);
            Call::new(Operation::DelegatedLogin, vec![rights])
        }));
    }
    if version >= V3_0 {
        asked.push(ask("Deactivate", |identifier| Call::on(Operation::Deactivate, identifier)));
        asked.push(ask("Obliterate", |identifier| Call::on(Operation::Obliterate, identifier)));
    }
    asked
}

fn located_by(version: Version, attribute_name: &str, value: Item) -> Call {
    Call::new(Operation::Locate, vec![carried(version, Tag::Attributes, attribute_name, value)])
}

/// The attributes of a new object in the carrier of the version.
fn new_attributes(version: Version, attributes: Vec<(&str, Item)>) -> Item {
    if version >= V2_0 {
        return structure(Tag::Attributes, attributes.into_iter().map(|(_, value)| value).collect());
    }
    let named =
        attributes.into_iter().map(|(attribute_name, value)| carried(version, Tag::Attribute, attribute_name, value));
    structure(Tag::TemplateAttribute, named.collect())
}

fn derive(version: Version, identifier: &str) -> Call {
    let attributes = new_attributes(
        version,
        vec![
            ("Cryptographic Algorithm", enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0)),
            ("Cryptographic Length", integer(Tag::CryptographicLength, 128)),
            ("Cryptographic Usage Mask", usage_mask()),
        ],
    );
    let parameters = structure(Tag::DerivationParameters, vec![bytes(Tag::DerivationData, &[3; 16])]);
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        id(identifier),
        enumeration(Tag::DerivationMethod, DerivationMethod::HASH.0),
        parameters,
        attributes,
    ];
    Call::new(Operation::DeriveKey, payload)
}

fn register_wrapped(version: Version, identifier: &str) -> Call {
    let wrapping = structure(
        Tag::KeyWrappingData,
        vec![
            enumeration(Tag::WrappingMethod, WrappingMethod::Encrypt.0),
            structure(Tag::EncryptionKeyInformation, vec![id(identifier)]),
            enumeration(Tag::EncodingOption, EncodingOption::NoEncoding.0),
        ],
    );
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
        structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, &[5; 24])]),
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 128),
        wrapping,
    ];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        new_attributes(version, vec![("Cryptographic Usage Mask", usage_mask())]),
        structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]),
    ];
    Call::new(Operation::Register, payload)
}

/// Asks about the other client's object and about an unknown identifier, and compares the answers.
fn alike(
    stranger: &mut Connection,
    version: Version,
    what: &str,
    ask: &Ask,
    theirs: &str,
    number: usize,
) -> Result<(), CampaignError> {
    // Each question has an unknown identifier and a key of its own: an answer may change what the next one says.
    let mut about = |identifier: &str, which: &str| -> Result<Item, CampaignError> {
        let own = make(stranger, V2_1, &create_aes(&format!("own-{number}-{which}")))?;
        let answer = stranger.exchange(&encode(&request(version, &[ask(identifier, &own)])))?;
        let answer = decode(&answer).or_else(|error| finding(format!("{what} at {version}: {error}")))?;
        Ok(without(&answer, identifier))
    };
    let known = about(theirs, "theirs")?;
    let unknown = about(&format!("{UNKNOWN}{number:04x}"), "unknown")?;
    if known == unknown {
        return Ok(());
    }
    let shown = |answer: &Item| answer.field(Tag::BatchItem).map(told).unwrap_or_default();
    finding(format!(
        "{what} at {version} tells an object of another client ({}) from an unknown one ({})",
        shown(&known),
        shown(&unknown)
    ))
}

fn told(item: &Item) -> String {
    item.fields().iter().map(describe).collect::<Vec<_>>().join(" ")
}

/// An answer without the identifier asked about, new identifiers, instance numbers and the time.
fn without(item: &Item, identifier: &str) -> Item {
    // From 3.0 an identifier is an Identifier, and no Text String.
    let given = match &item.value {
        ItemValue::Text(text) | ItemValue::Identifier(_, text) => Some(text.as_str()),
        _ => None,
    };
    let made = item.tag == Tag::UniqueIdentifier && given.is_some_and(|text| text != identifier);
    let value = match &item.value {
        ItemValue::Structure(fields) => {
            // A question may leave an instance behind, so that the next one has another index, or one at all.
            let compared = fields.iter().filter(|field| field.tag != Tag::AttributeIndex);
            ItemValue::Structure(compared.map(|field| without(field, identifier)).collect())
        }
        ItemValue::DateTime(_) if item.tag == Tag::TimeStamp => ItemValue::DateTime(0),
        ItemValue::Bytes(_) if item.tag == Tag::ServerCorrelationValue => return text(item.tag, "-"),
        ItemValue::Text(_) | ItemValue::Identifier(..) if item.tag == Tag::ServerCorrelationValue || made => {
            ItemValue::Text(Text::new("-"))
        }
        ItemValue::Text(value) | ItemValue::Identifier(_, value) => {
            ItemValue::Text(Text::new(&value.replace(identifier, "-")))
        }
        other => other.clone(),
    };
    Item { tag: item.tag, value }
}

/// Locate with and without criteria finds only what is the stranger's own.
fn finds_nothing(stranger: &mut Connection, own: &str, theirs: &[String]) -> Result<(), CampaignError> {
    let searches = [
        ("everything", Call::new(Operation::Locate, Vec::new())),
        ("every storage", Call::new(Operation::Locate, vec![integer(Tag::StorageStatusMask, 7)])),
        ("a name of the owner", locate("a key of the owner")),
        ("a digest-like search", located_by(V2_1, "", boolean(Tag::Sensitive, false))),
    ];
    for (what, search) in searches {
        let item = call(stranger, V2_1, &search)?;
        if item.field(Tag::ResultStatus).and_then(Tree::as_enumeration) != Some(ResultStatus::Success.0) {
            return finding(format!("Locate of {what} fails: {}", told(&item)));
        }
        let found = located(&item)?;
        if found.iter().any(|id| theirs.contains(id)) {
            return finding(format!("Locate of {what} finds objects of another client"));
        }
        let count = payload(&item)?.field(Tag::LocatedItems).and_then(Tree::as_integer);
        if count.is_some_and(|count| usize::try_from(count) != Ok(found.len())) {
            return finding(format!("Locate of {what} counts {count:?} items and lists {}", found.len()));
        }
        if what == "everything" && !found.iter().any(|id| id == own) {
            return finding("Locate does not find the client's own key");
        }
    }
    Ok(())
}
