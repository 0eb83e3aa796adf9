//! Whether an answer is the published one, within exactly the permitted variations (KMIP Profiles, "Permitted Test Case
//! Variations"): what may differ stands in `Comparer::is_free`, `Comparer::ignorable` and the rules of bags and lists; everything
//! else must match.

use super::case::{Content, Node, tag_of_attribute};
use super::facts::Facts;
use super::variables::{Variables, in_type, is_output};
use crate::tree::{Tree, describe, item_type, message_version};
use kmip_codec::attribute::rules::{Instances, rule};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{ItemType, ObjectType, Operation, Tag};
use kmip_codec::version::{V1_1, V2_0, Version};
use std::fmt;

/// The first place where an answer is not the published one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    path: String,
    expected: String,
    got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.path, self.expected, self.got)
    }
}

impl Difference {
    fn new(tag: Tag, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { path: tag.to_string(), expected: expected.into(), got: got.into() }
    }

    fn under(mut self, place: &str) -> Self {
        self.path = format!("{place}/{}", self.path);
        self
    }
}

type Compared = Result<(), Difference>;

/// A request as published and as sent.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// As published, with its names.
    pub published: &'a Node,
    /// As sent.
    pub sent: &'a Item,
}

/// Compares the answers of one play.
pub struct Comparer<'a> {
    version: Version,
    /// The case accepts any list of operations and objects (MSGENC).
    any_lists: bool,
    facts: &'a Facts,
    variables: Variables,
    item: BatchContext,
}

/// What the batch item at hand frees.
#[derive(Debug, Clone, Copy)]
struct BatchContext {
    operation: Operation,
    object_type: Option<ObjectType>,
    /// The operation is about an asynchronous one, whose correlation value stays.
    tells_of_another: bool,
    /// The material is not a function of what clients sent.
    free_material: bool,
    /// The server chose the key format type.
    free_format: bool,
    /// The output of cryptography is not a function of what clients sent.
    free_output: bool,
    /// The request names the versions it asks about, or the functions of Query.
    asks_versions: bool,
}

const NO_ITEM: BatchContext = BatchContext {
    operation: Operation(0),
    object_type: None,
    tells_of_another: false,
    free_material: false,
    free_format: false,
    free_output: false,
    asks_versions: false,
};

impl<'a> Comparer<'a> {
    /// Starts with what the play knows so far.
    pub fn new(version: Version, any_lists: bool, facts: &'a Facts, variables: Variables) -> Self {
        Self { version, any_lists, facts, variables, item: NO_ITEM }
    }

    /// Compares a whole answer; on success gives back the names with what the answer bound.
    pub fn message(mut self, request: Request, expected: &Node, actual: &Item) -> Result<Variables, Difference> {
        self.whole(request, expected, actual)?;
        Ok(self.variables)
    }

    /// Compares a request that the server sends of its own accord; on success gives back the names with what it bound.
    pub fn request(mut self, expected: &Node, actual: &Item) -> Result<Variables, Difference> {
        let path = [Tag::BatchItem, Tag::RequestPayload];
        let object = actual.at(&path).and_then(|payload| payload.field(Tag::UniqueIdentifier));
        let free_material = !object.is_some_and(|object| self.facts.is_from_client(object));
        let operation = expected.at(&[Tag::BatchItem, Tag::Operation]).and_then(Node::as_enumeration);
        let operation = Operation(operation.unwrap_or_default());
        let object_type = expected.at(&path).and_then(|payload| payload.field(Tag::SymmetricKey));
        let object_type = object_type.map(|_| ObjectType::SymmetricKey);
        self.item = BatchContext { operation, object_type, free_material, free_format: free_material, ..NO_ITEM };
        self.node(expected, actual)?;
        Ok(self.variables)
    }

    fn whole(&mut self, request: Request, expected: &Node, actual: &Item) -> Compared {
        if expected.tag != actual.tag {
            return Err(Difference::new(expected.tag, expected.tag.to_string(), actual.tag.to_string()));
        }
        self.header(request, expected, actual)?;
        let items: Vec<&Node> = expected.fields().iter().filter(|field| field.tag == Tag::BatchItem).collect();
        let answers = actual.fields().get(1..).unwrap_or_default();
        if items.len() != answers.len() {
            let got = format!("{} ({})", answers.len(), answers.iter().map(outcome).collect::<Vec<_>>().join("; "));
            return Err(Difference::new(Tag::BatchItem, items.len().to_string(), got));
        }
        for (at, (expected, answer)) in items.iter().zip(answers).enumerate() {
            self.item = self.context(request, expected, answer, at);
            self.node(expected, answer).map_err(|difference| {
                let found = outcome(answer);
                let mut difference = difference.under(&format!("item {at}"));
                if !difference.got.contains(&found) {
                    difference.got = format!("{} [{found}]", difference.got);
                }
                difference
            })?;
        }
        Ok(())
    }

    /// The header comes first and carries the version of the request, whatever is printed (the second answer of
    /// OMOS-O-1-14 prints 1.3 for a request of 1.4; KMIP 1.4 §6.1 wants the same version). The refusal of a version that the server
    /// does not have carries the one printed.
    fn header(&mut self, request: Request, expected: &Node, actual: &Item) -> Compared {
        let first = actual.fields().first().filter(|first| first.tag == Tag::ResponseHeader);
        let (Some(expected), Some(header)) = (expected.field(Tag::ResponseHeader), first) else {
            return Err(Difference::new(Tag::ResponseHeader, "a header first", describe(actual)));
        };
        let sent = message_version(request.sent);
        let known = sent.is_some_and(Version::is_published);
        let (wanted, found) = (if known { sent } else { printed_version(expected) }, message_version(actual));
        if wanted != found {
            let shown = |version: Option<Version>| version.map_or("none".to_owned(), |version| version.to_string());
            return Err(Difference::new(Tag::ProtocolVersion, shown(wanted), shown(found)));
        }
        self.node(expected, header).map_err(|mut difference| {
            let outcomes = actual.all(Tag::BatchItem).map(outcome).collect::<Vec<_>>().join("; ");
            difference.got = format!("{} [{outcomes}]", difference.got);
            difference
        })
    }

    /// What the request of the item frees in its answer.
    fn context(&self, request: Request, expected: &Node, answer: &Item, at: usize) -> BatchContext {
        let operation = Operation(expected.field(Tag::Operation).and_then(Node::as_enumeration).unwrap_or_default());
        let sent = request.sent.all(Tag::BatchItem).nth(at).and_then(|item| item.field(Tag::RequestPayload));
        let published = request.published.fields().iter().filter(|field| field.tag == Tag::BatchItem).nth(at);
        let published = published.and_then(|item| item.field(Tag::RequestPayload));
        let payload = answer.field(Tag::ResponsePayload);
        let Some(sent) = sent else {
            return BatchContext { operation, ..NO_ITEM };
        };
        let object = payload.and_then(|payload| payload.field(Tag::UniqueIdentifier));
        let from_client = object.is_some_and(|object| self.facts.is_from_client(object));
        let object_type = payload.and_then(|payload| payload.field(Tag::ObjectType)).and_then(Tree::as_enumeration);
        BatchContext {
            operation,
            object_type: object_type.map(ObjectType),
            tells_of_another: sent.field(Tag::AsynchronousCorrelationValue).is_some(),
            free_material: !from_client || !self.facts.is_wrapping_determined(sent),
            free_format: !from_client && sent.field(Tag::KeyFormatType).is_none(),
            free_output: match operation {
                Operation::Hash => false,
                Operation::Decrypt => !self.facts.is_determined(operation, sent) && !self.decrypts_captured(published),
                _ => !self.facts.is_determined(operation, sent),
            },
            asks_versions: sent.field(Tag::ProtocolVersion).is_some(),
        }
    }

    /// Whether a Decrypt asks for something that this server encrypted: the plaintext must come back.
    fn decrypts_captured(&self, published: Option<&Node>) -> bool {
        published.and_then(|payload| payload.field(Tag::Data)).is_some_and(|data| self.variables.is_captured(data))
    }

    fn node(&mut self, expected: &Node, actual: &Item) -> Compared {
        self.valued(expected, actual, expected.tag)
    }

    /// Compares an item whose value belongs to `meaning`: its own tag, or the attribute whose value it is.
    fn valued(&mut self, expected: &Node, actual: &Item, meaning: Tag) -> Compared {
        if expected.tag != actual.tag {
            return Err(Difference::new(
                expected.tag,
                summary(expected),
                format!("{} {}", actual.tag, describe(actual)),
            ));
        }
        match &expected.content {
            Content::Structure(_) if self.is_free(meaning) && meaning != Tag::KeyValue => Ok(()),
            Content::Structure(fields) => match &actual.value {
                ItemValue::Structure(found) => self
                    .fields(fields, found, expected.tag)
                    .map_err(|difference| difference.under(&expected.tag.to_string())),
                _ if self.may_be_wrapped(expected.tag) => Ok(()),
                _ => Err(self.unlike(expected, actual)),
            },
            Content::Fixed(value) => self.fixed(expected, value, actual, meaning),
            Content::Variable { name, item_type } => self.variable(expected, name, *item_type, actual),
            Content::Now(offset) => self.date(expected, self.variables.now(*offset), actual, meaning),
        }
    }

    fn fixed(&mut self, expected: &Node, value: &ItemValue, actual: &Item, meaning: Tag) -> Compared {
        if let ItemValue::DateTime(seconds) = value {
            return self.date(expected, self.variables.date(*seconds), actual, meaning);
        }
        if is_output(expected.tag) {
            self.variables.note_output(expected.tag, actual.value.clone());
        }
        if *value == actual.value {
            return Ok(());
        }
        let same_type = item_type(value) == item_type(&actual.value);
        if self.is_free(meaning) && (same_type || meaning == Tag::KeyMaterial || meaning == Tag::KeyValue) {
            if is_output(expected.tag) {
                self.variables.replace_output(value.clone(), actual.value.clone());
            }
            return self.keeps_length(expected, value, actual);
        }
        Err(self.unlike(expected, actual))
    }

    /// Free material of a symmetric key, and random bytes, still have their length.
    fn keeps_length(&self, expected: &Node, value: &ItemValue, actual: &Item) -> Compared {
        let (ItemValue::Bytes(value), ItemValue::Bytes(found)) = (value, &actual.value) else {
            return Ok(());
        };
        let is_key = expected.tag == Tag::KeyMaterial && self.item.object_type == Some(ObjectType::SymmetricKey);
        let is_random = expected.tag == Tag::Data && self.item.operation == Operation::RNGRetrieve;
        let (length, found) = (value.as_slice().len(), found.as_slice().len());
        if (is_key || is_random) && length != found {
            return Err(Difference::new(expected.tag, format!("{length} bytes"), format!("{found} bytes")));
        }
        Ok(())
    }

    fn date(&self, expected: &Node, seconds: i64, actual: &Item, meaning: Tag) -> Compared {
        match actual.value {
            ItemValue::DateTime(found) if found == seconds => Ok(()),
            ItemValue::DateTime(_) if meaning == Tag::TimeStamp => Ok(()),
            // When a request came is the server's word.
            ItemValue::DateTimeExtended(_) if meaning == Tag::SubmissionDate => Ok(()),
            ItemValue::DateTime(_) if is_date_attribute(meaning) && !self.facts.sent_date(meaning, seconds) => Ok(()),
            _ => Err(Difference::new(expected.tag, seconds.to_string(), describe(actual))),
        }
    }

    fn variable(&mut self, expected: &Node, name: &str, kind: ItemType, actual: &Item) -> Compared {
        if item_type(&actual.value) != kind {
            return if self.may_be_wrapped(expected.tag) { Ok(()) } else { Err(self.unlike(expected, actual)) };
        }
        let is_identifier = name.starts_with("UNIQUE_IDENTIFIER");
        match self.variables.value(name) {
            Some(known) if in_type(known.clone(), kind) == actual.value => return Ok(()),
            // Each stream and each output has its own value; an identifier has one through the case.
            Some(_) if !is_identifier && is_output(expected.tag) => {}
            // Each pending operation has its own, whatever the case calls it (TC-32).
            Some(_) if expected.tag == Tag::AsynchronousCorrelationValue && !self.item.tells_of_another => {}
            Some(known) => {
                let known = describe(&Item { tag: expected.tag, value: known.clone() });
                return Err(Difference::new(expected.tag, format!("${name} = {known}"), describe(actual)));
            }
            None => {}
        }
        if let Some(other) = self.variables.holder(&actual.value).filter(|_| is_identifier) {
            let got = format!("{}, which is ${other}", describe(actual));
            return Err(Difference::new(expected.tag, format!("${name}, an identifier of its own"), got));
        }
        self.variables.bind(name, actual.value.clone());
        Ok(())
    }

    /// Whether the item is a Key Value that may have either of its forms: TC-SENSITIVE-1 prints a Byte String for a wrapping
    /// without encoding, TC-WRAP-3 a structure.
    fn may_be_wrapped(&self, tag: Tag) -> bool {
        tag == Tag::KeyValue && self.is_free(tag)
    }

    fn unlike(&self, expected: &Node, actual: &Item) -> Difference {
        Difference::new(expected.tag, summary(expected), describe(actual))
    }

    /// Values that may differ wherever they stand, and those that this batch item frees.
    fn is_free(&self, tag: Tag) -> bool {
        let always = [
            Tag::TimeStamp,
            Tag::ClientCorrelationValue,
            Tag::ServerCorrelationValue,
            Tag::AsynchronousCorrelationValue,
            Tag::LeaseTime,
            Tag::TicketValue,
            Tag::Nonce,
            Tag::ServerHashedPassword,
            Tag::PKCS_11OutputParameters,
            Tag::Digest,
            Tag::RandomNumberGenerator,
            Tag::LinkedObjectIdentifier,
        ];
        let item = &self.item;
        always.contains(&tag)
            || (item.free_material && [Tag::KeyMaterial, Tag::CertificateValue, Tag::MACSignature].contains(&tag))
            || (item.free_material && item.operation == Operation::Get && tag == Tag::KeyValue)
            || (item.free_format && tag == Tag::KeyFormatType)
            || (item.free_output && is_output(tag))
            || (item.operation == Operation::Query && tag == Tag::VendorIdentification)
    }

    /// Compares the fields of a structure: in order, but for bags of attributes and the lists of Query and Discover Versions.
    fn fields(&mut self, expected: &[Node], actual: &[Item], parent: Tag) -> Compared {
        let wanted: Vec<&Node> = expected.iter().filter(|node| !self.is_dropped(node.tag, parent)).collect();
        let found: Vec<&Item> = actual.iter().filter(|item| !self.ignorable(item, parent, expected)).collect();
        let wanted: Vec<&Node> = wanted
            .into_iter()
            .filter(|node| node.tag != Tag::LocatedItems || found.iter().any(|item| item.tag == node.tag))
            .filter(|node| !is_index_zero_node(node, self.version))
            .collect();
        if parent == Tag::ResponsePayload && self.item.operation == Operation::Query {
            return self.query(&wanted, &found);
        }
        if parent == Tag::ResponsePayload
            && self.item.operation == Operation::DiscoverVersions
            && !self.item.asks_versions
        {
            return self.open_versions(&wanted, &found);
        }
        let (bag, singles): (Vec<&Node>, Vec<&Node>) =
            wanted.iter().copied().partition(|node| self.in_bag(node.tag, parent));
        let (found_bag, found_singles): (Vec<&Item>, Vec<&Item>) =
            found.iter().copied().partition(|item| self.in_bag(item.tag, parent));
        self.sequence(&singles, &found_singles)?;
        let before = wanted.iter().position(|node| self.in_bag(node.tag, parent));
        let found_before = found.iter().position(|item| self.in_bag(item.tag, parent));
        if before.is_some() && found_before.is_some() && before != found_before {
            return Err(Difference::new(parent, "the attributes in their place", "other fields before them"));
        }
        self.bag(&bag, &found_bag)
    }

    fn sequence(&mut self, expected: &[&Node], actual: &[&Item]) -> Compared {
        for (at, node) in expected.iter().enumerate() {
            match actual.get(at) {
                Some(item) => self.node(node, item)?,
                None => return Err(Difference::new(node.tag, summary(node), "nothing")),
            }
        }
        match actual.get(expected.len()) {
            Some(extra) => Err(Difference::new(extra.tag, "nothing", describe(extra))),
            None => Ok(()),
        }
    }

    /// Whether a field belongs to an unordered list of attributes or attribute names.
    fn in_bag(&self, tag: Tag, parent: Tag) -> bool {
        let listed = self.item.operation == Operation::GetAttributeList && parent == Tag::ResponsePayload;
        parent == Tag::Attributes
            || (tag == Tag::Attribute && self.version < V2_0)
            || (listed && [Tag::AttributeName, Tag::AttributeReference].contains(&tag))
    }

    /// Every expected attribute must be there once; more may be, but no second instance of a single-valued one.
    fn bag(&mut self, expected: &[&Node], actual: &[&Item]) -> Compared {
        self.no_second_instance(actual)?;
        let mut left: Vec<&Item> = actual.to_vec();
        for node in expected {
            let at = self.find_in_bag(node, &left)?;
            left.remove(at);
        }
        let reads = [
            Operation::GetAttributes,
            Operation::GetAttributeList,
            Operation::Get,
            Operation::Export,
            Operation::Put,
            Operation::Notify,
        ];
        match left.first() {
            Some(extra) if !reads.contains(&self.item.operation) => {
                Err(Difference::new(extra.tag, "no further attribute", attribute_text(extra)))
            }
            _ => Ok(()),
        }
    }

    fn find_in_bag(&mut self, node: &Node, left: &[&Item]) -> Result<usize, Difference> {
        let mut nearest = None;
        for (at, item) in left.iter().enumerate().filter(|(_, item)| same_attribute(node, item)) {
            let before = self.variables.clone();
            match self.attribute(node, item) {
                Ok(()) => return Ok(at),
                Err(difference) => {
                    self.variables = before;
                    nearest.get_or_insert(difference);
                }
            }
        }
        let listed: Vec<String> = left.iter().map(|item| attribute_text(item)).collect();
        Err(nearest
            .unwrap_or_else(|| Difference::new(node.tag, summary(node), format!("only [{}]", listed.join(", ")))))
    }

    /// Compares one attribute; the value of a 1.x Attribute has the meaning that its name tells.
    fn attribute(&mut self, expected: &Node, actual: &Item) -> Compared {
        let name = expected.field(Tag::AttributeName).and_then(Node::as_text);
        let meaning = name.and_then(tag_of_attribute).filter(|_| expected.tag == Tag::Attribute && self.version < V2_0);
        let Some(meaning) = meaning else {
            return self.node(expected, actual);
        };
        let found: Vec<&Item> = actual.fields().iter().filter(|item| !is_index_zero_item(item, self.version)).collect();
        let wanted = expected.fields().iter().filter(|node| !is_index_zero_node(node, self.version));
        let wanted: Vec<&Node> = wanted.collect();
        if wanted.len() != found.len() {
            return Err(self.unlike(expected, actual));
        }
        for (node, item) in wanted.iter().zip(found) {
            let meaning = if node.tag == Tag::AttributeValue { meaning } else { node.tag };
            self.valued(node, item, meaning).map_err(|difference| difference.under(name.unwrap_or_default()))?;
        }
        Ok(())
    }

    fn no_second_instance(&self, attributes: &[&Item]) -> Compared {
        for (at, item) in attributes.iter().enumerate() {
            let Some(tag) = attribute_tag(item) else { continue };
            let single = rule(tag, self.version).is_some_and(|rule| rule.instances == Instances::One);
            let earlier = attributes.get(..at).unwrap_or_default();
            if single && earlier.iter().any(|other| attribute_tag(other) == Some(tag)) {
                return Err(Difference::new(tag, "one instance", "a second one"));
            }
        }
        Ok(())
    }

    /// Query: the lists may be longer, the contents of information entries are free, the order of the fields is not.
    fn query(&mut self, expected: &[&Node], actual: &[&Item]) -> Compared {
        let mut order: Vec<Tag> = actual.iter().map(|item| item.tag).collect();
        order.dedup();
        let mut wanted: Vec<Tag> = expected.iter().map(|node| node.tag).collect();
        wanted.dedup();
        if self.any_lists {
            wanted.retain(|tag| ![Tag::Operation, Tag::ObjectType].contains(tag));
        }
        let mut at = 0;
        for tag in wanted {
            let found = order.iter().skip(at).position(|found| *found == tag);
            at += found.ok_or_else(|| Difference::new(tag, "an entry in its place", format!("only {order:?}")))? + 1;
        }
        let listed = [Tag::Operation, Tag::ObjectType, Tag::AttestationType, Tag::ClientRegistrationMethod];
        for node in expected.iter().filter(|node| listed.contains(&node.tag)) {
            if !self.any_lists && !actual.iter().any(|item| self.node(node, item).is_ok()) {
                return Err(Difference::new(node.tag, summary(node), "a list without it"));
            }
        }
        Ok(())
    }

    /// An open Discover Versions: the published versions in their order, and perhaps more.
    fn open_versions(&mut self, expected: &[&Node], actual: &[&Item]) -> Compared {
        let mut left = actual.iter();
        for node in expected {
            if !left.any(|item| self.node(node, item).is_ok()) {
                return Err(Difference::new(
                    node.tag,
                    "every published version, in order",
                    format!("{} versions", actual.len()),
                ));
            }
        }
        Ok(())
    }

    /// Fields that are not compared here: the text of a result message, implicitly set attributes, and the version, which
    /// is compared with that of the request.
    fn is_dropped(&self, tag: Tag, parent: Tag) -> bool {
        let templates = [
            Tag::TemplateAttribute,
            Tag::CommonTemplateAttribute,
            Tag::PrivateKeyTemplateAttribute,
            Tag::PublicKeyTemplateAttribute,
        ];
        (parent == Tag::BatchItem && tag == Tag::ResultMessage)
            || (parent == Tag::ResponsePayload && templates.contains(&tag))
            || (parent == Tag::RequestHeader && [Tag::ServerCorrelationValue, Tag::TimeStamp].contains(&tag))
            || (parent == Tag::ResponseHeader && [Tag::ServerCorrelationValue, Tag::ProtocolVersion].contains(&tag))
    }

    /// Fields that an answer may have beyond the published ones.
    fn ignorable(&self, item: &Item, parent: Tag, expected: &[Node]) -> bool {
        let published = expected.iter().any(|node| node.tag == item.tag);
        let critical = item.field(Tag::CriticalityIndicator).is_some_and(|flag| flag.value == ItemValue::Boolean(true));
        self.is_dropped(item.tag, parent)
            || is_index_zero_item(item, self.version)
            || (item.tag == Tag::LocatedItems && parent == Tag::ResponsePayload && !published)
            || (item.tag == Tag::MessageExtension && parent == Tag::BatchItem && !published && !critical)
    }
}

/// The version that a published header prints.
fn printed_version(header: &Node) -> Option<Version> {
    let version = header.field(Tag::ProtocolVersion)?;
    let part = |tag| version.field(tag).and_then(Node::as_integer);
    Some(Version::new(part(Tag::ProtocolVersionMajor)?, part(Tag::ProtocolVersionMinor)?))
}

/// Attribute Index 0 may be there or not from 1.1 on.
fn is_index_zero_item(item: &Item, version: Version) -> bool {
    version >= V1_1 && item.tag == Tag::AttributeIndex && item.as_integer() == Some(0)
}

fn is_index_zero_node(node: &Node, version: Version) -> bool {
    version >= V1_1 && node.tag == Tag::AttributeIndex && node.content == Content::Fixed(ItemValue::Integer(0))
}

/// Dates that differ unless a request fixed them.
fn is_date_attribute(tag: Tag) -> bool {
    [
        Tag::ActivationDate,
        Tag::ArchiveDate,
        Tag::CompromiseDate,
        Tag::CompromiseOccurrenceDate,
        Tag::DeactivationDate,
        Tag::DestroyDate,
        Tag::InitialDate,
        Tag::LastChangeDate,
        Tag::OriginalCreationDate,
        Tag::ProcessStartDate,
        Tag::ProtectStopDate,
        Tag::ValidityDate,
    ]
    .contains(&tag)
}

/// The attribute that an item of a bag is an instance of; none for names in a list and attributes of vendors.
fn attribute_tag(item: &Item) -> Option<Tag> {
    match item.tag {
        Tag::Attribute => item.field(Tag::AttributeName).and_then(Tree::as_text).and_then(tag_of_attribute),
        Tag::AttributeName | Tag::AttributeReference => None,
        tag => Some(tag),
    }
}

/// Whether a published attribute and a given one are instances of the same attribute.
fn same_attribute(node: &Node, item: &Item) -> bool {
    let text = |tag| node.field(tag).and_then(Node::as_text);
    node.tag == item.tag
        && (node.tag != Tag::Attribute
            || [Tag::AttributeName, Tag::VendorIdentification]
                .iter()
                .all(|tag| text(*tag) == item.field(*tag).and_then(Tree::as_text)))
}

fn attribute_text(item: &Item) -> String {
    let name = item.field(Tag::AttributeName).and_then(Tree::as_text).map(str::to_owned);
    let value = item.field(Tag::AttributeValue).unwrap_or(item);
    format!("{} {}", name.unwrap_or_else(|| item.tag.to_string()), describe(value))
}

/// One line about a published item.
fn summary(node: &Node) -> String {
    match &node.content {
        Content::Structure(fields) => {
            let parts: Vec<String> = fields.iter().map(|field| format!("{} {}", field.tag, summary(field))).collect();
            format!("{} {{{}}}", node.tag, parts.join(", "))
        }
        Content::Fixed(value) => format!("{} {}", node.tag, describe(&Item { tag: node.tag, value: value.clone() })),
        Content::Variable { name, .. } => format!("{} ${name}", node.tag),
        Content::Now(offset) => format!("{} $NOW{offset:+}", node.tag),
    }
}

/// Status, reason and message of a batch item: why an answer is another than the published one.
fn outcome(item: &Item) -> String {
    let shown = |tag| item.field(tag).map(describe);
    let parts = [Tag::Operation, Tag::ResultStatus, Tag::ResultReason, Tag::ResultMessage].map(shown);
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
