//! The `$NAMES` of a case: values that a response gives first and later messages use, and the clock of a play.

use super::case::{Content, Node};
use crate::tree::structure;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{ItemType, Tag};
use kmip_codec::wire::IdentifierKind;
use std::collections::HashMap;
use thiserror::Error;

/// A request uses a name that no answer has given.
#[derive(Debug, Error)]
#[error("${0} is used before an answer gave it")]
pub struct Unbound(String);

/// What the play knows about names.
#[derive(Debug, Clone)]
pub struct Variables {
    now: i64,
    values: HashMap<String, ItemValue>,
    /// Printed outputs of cryptography, and what this server put out instead.
    outputs: Vec<(ItemValue, ItemValue)>,
    /// The latest output under each tag: a case may print it in the answer and name it in the next request.
    latest: HashMap<Tag, ItemValue>,
    /// Printed dates that pass during the case, and when they do in this play.
    moved: HashMap<i64, i64>,
}

impl Variables {
    /// Starts with the clock at `now`, in seconds since 1970; it stands still, so that a date sent is the date expected.
    pub fn at(now: i64) -> Self {
        Self { now, values: HashMap::new(), outputs: Vec::new(), latest: HashMap::new(), moved: HashMap::new() }
    }

    /// The value of `$NOW` and an offset.
    pub fn now(&self, offset: i64) -> i64 {
        self.now.saturating_add(offset)
    }

    /// Moves a printed date.
    pub fn move_date(&mut self, printed: i64, played: i64) {
        self.moved.insert(printed, played);
    }

    /// A printed date as it is in this play.
    pub fn date(&self, printed: i64) -> i64 {
        self.moved.get(&printed).copied().unwrap_or(printed)
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> Option<&ItemValue> {
        self.values.get(name)
    }

    /// The name that has this value already.
    pub fn holder(&self, value: &ItemValue) -> Option<&str> {
        self.values.iter().find(|(_, held)| *held == value).map(|(name, _)| name.as_str())
    }

    /// Gives a name its value.
    pub fn bind(&mut self, name: &str, value: ItemValue) {
        self.values.insert(name.to_owned(), value);
    }

    /// Remembers an output of cryptography.
    pub fn note_output(&mut self, tag: Tag, given: ItemValue) {
        self.latest.insert(tag, given);
    }

    /// Remembers what the server put out where the case prints `printed`.
    pub fn replace_output(&mut self, printed: ItemValue, given: ItemValue) {
        self.outputs.retain(|(known, _)| *known != printed);
        self.outputs.push((printed, given));
    }

    /// A published message with every name replaced.
    pub fn resolve(&self, node: &Node) -> Result<Item, Unbound> {
        let value = match &node.content {
            Content::Structure(fields) => {
                let fields = fields.iter().map(|field| self.resolve(field)).collect::<Result<_, _>>()?;
                return Ok(structure(node.tag, fields));
            }
            Content::Fixed(ItemValue::DateTime(seconds)) => ItemValue::DateTime(self.date(*seconds)),
            Content::Fixed(value) if is_output(node.tag) => self.output(value).unwrap_or(value).clone(),
            Content::Fixed(value) => value.clone(),
            Content::Variable { name, item_type } => {
                let known = self.value(name).or_else(|| self.latest.get(&node.tag));
                in_type(known.ok_or_else(|| Unbound(name.clone()))?.clone(), *item_type)
            }
            Content::Now(offset) => ItemValue::DateTime(self.now(*offset)),
        };
        Ok(Item { tag: node.tag, value })
    }

    /// Whether a request's field holds something that this server has put out before.
    pub fn is_captured(&self, node: &Node) -> bool {
        match &node.content {
            Content::Variable { .. } => true,
            Content::Fixed(value) => self.output(value).is_some(),
            _ => false,
        }
    }

    fn output(&self, printed: &ItemValue) -> Option<&ItemValue> {
        self.outputs.iter().find(|(known, _)| known == printed).map(|(_, given)| given)
    }
}

/// Fields that carry the outputs of cryptography from an answer into a later request.
pub fn is_output(tag: Tag) -> bool {
    [
        Tag::Data,
        Tag::SignatureData,
        Tag::MACData,
        Tag::IVCounterNonce,
        Tag::AuthenticatedEncryptionTag,
        Tag::CorrelationValue,
    ]
    .contains(&tag)
}

/// An identifier as another of the text-like types (KMIP 3.0: Identifier in one place, Reference in another).
pub fn in_type(value: ItemValue, wanted: ItemType) -> ItemValue {
    let (ItemValue::Text(text) | ItemValue::Identifier(_, text)) = value else {
        return value;
    };
    match wanted {
        ItemType::Identifier => ItemValue::Identifier(IdentifierKind::Identifier, text),
        ItemType::Reference => ItemValue::Identifier(IdentifierKind::Reference, text),
        ItemType::NameReference => ItemValue::Identifier(IdentifierKind::NameReference, text),
        _ => ItemValue::Text(text),
    }
}
