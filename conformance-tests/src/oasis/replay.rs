//! A server that answers with the published answers themselves: what the comparer is tested against.

use super::case::{Case, Content, Node};
use super::variables::Variables;
use crate::endpoint::Endpoint;
use crate::tree::encode;
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::ItemType;
use kmip_codec::value::ByteString;
use kmip_codec::wire::IdentifierKind;
use std::io;

/// Replays one case; a tampering hand may change each answer before it leaves.
pub struct Replay<'a> {
    answers: std::slice::Iter<'a, super::case::Exchange>,
    variables: Variables,
    named: usize,
    step: usize,
    tamper: &'a dyn Fn(usize, &mut Item),
}

impl<'a> Replay<'a> {
    /// Replays `case` with the clock at `now` and `tamper(step, answer)` applied to each answer.
    pub fn new(case: &'a Case, now: i64, tamper: &'a dyn Fn(usize, &mut Item)) -> Self {
        Self { answers: case.exchanges.iter(), variables: Variables::at(now), named: 0, step: 0, tamper }
    }

    /// Invents a value for every name that the answer gives first.
    fn invent(&mut self, node: &Node) {
        if let Content::Variable { name, item_type } = &node.content
            && self.variables.value(name).is_none()
        {
            self.named += 1;
            self.variables.bind(name, invented(*item_type, self.named));
        }
        node.fields().iter().for_each(|field| self.invent(field));
    }
}

fn invented(item_type: ItemType, number: usize) -> ItemValue {
    let text = format!("invented-{number:08}");
    match item_type {
        ItemType::ByteString => ItemValue::Bytes(ByteString::new(text.as_bytes())),
        ItemType::Identifier => ItemValue::Identifier(IdentifierKind::Identifier, Text::new(&text)),
        ItemType::Reference => ItemValue::Identifier(IdentifierKind::Reference, Text::new(&text)),
        ItemType::NameReference => ItemValue::Identifier(IdentifierKind::NameReference, Text::new(&text)),
        _ => ItemValue::Text(Text::new(&text)),
    }
}

impl Endpoint for Replay<'_> {
    fn exchange(&mut self, _request: &[u8]) -> io::Result<Vec<u8>> {
        let exchange = self.answers.next().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.invent(&exchange.response);
        let mut answer = self.variables.resolve(&exchange.response).map_err(io::Error::other)?;
        (self.tamper)(self.step, &mut answer);
        self.step += 1;
        Ok(encode(&answer))
    }
}
