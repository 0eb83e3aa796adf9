//! A message of a text encoding as a flat list of items, which the tokenizers of XML and JSON fill and a cursor walks.
//!
//! Names, types and nesting are checked when the list is made; the text of values only when a reader takes them, so that
//! one malformed batch item does not spoil the others.

use std::marker::PhantomData;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{ItemType, Tag, WireEnum};

/// Structures that may be nested, whatever the limits say: a tokenizer may recurse.
const MAX_DEPTH: usize = 64;

/// How a value stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In quotes.
    Text,
    /// As a number of JSON.
    Number,
    /// As `true` or `false` of JSON.
    Word,
}

/// One item.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// The tag; [`Tag::NONE`] if the name is none.
    pub tag: Tag,
    /// The type; 0 if its name is none.
    pub item_type: ItemType,
    /// How the value stands in the text.
    pub form: Form,
    /// Where the text of the value is kept, if there is one.
    pub value: Option<Range<usize>>,
    /// Index after the last item inside this one.
    pub end: usize,
}

impl Element {
    /// An item without a value.
    pub fn new(tag: Tag, item_type: ItemType) -> Self {
        Self { tag, item_type, form: Form::Text, value: None, end: 0 }
    }
}

/// The items, and the text of their values.
#[derive(Clone)]
pub(super) struct Elements {
    pub list: Vec<Element>,
    /// The text of all values, one after the other; wiped when dropped.
    values: Zeroizing<String>,
}

impl Elements {
    /// The text of a value.
    pub fn value(&self, element: &Element) -> Option<&str> {
        self.values.get(element.value.clone()?)
    }
}

/// A well-formed item with everything inside it, whose values have the spelling `S`.
pub struct Tree<S> {
    pub(super) elements: Elements,
    spelling: PhantomData<S>,
}

impl<S> Clone for Tree<S> {
    fn clone(&self) -> Self {
        Self { elements: self.elements.clone(), spelling: PhantomData }
    }
}

impl<S> Tree<S> {
    /// The outermost item.
    pub fn root(&self) -> Node<'_> {
        Node { elements: &self.elements, at: 0 }
    }
}

/// An item of a tree, for those who look at items without their declared types.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    elements: &'a Elements,
    at: usize,
}

impl<'a> Node<'a> {
    fn element(self) -> Option<&'a Element> {
        self.elements.list.get(self.at)
    }

    /// The tag; [`Tag::NONE`] if the name is none.
    pub fn tag(self) -> Tag {
        self.element().map_or(Tag::NONE, |element| element.tag)
    }

    /// The item type; 0 if its name is none.
    pub fn item_type(self) -> ItemType {
        self.element().map_or(ItemType(0), |element| element.item_type)
    }

    /// The text of the value, unescaped; `None` for a structure.
    pub fn value(self) -> Option<&'a str> {
        self.elements.value(self.element()?)
    }

    /// The items of a structure in order.
    pub fn children(self) -> impl Iterator<Item = Node<'a>> {
        let end = self.element().map_or(0, |element| element.end);
        let child = move |at: usize| (at < end).then_some(Node { elements: self.elements, at });
        std::iter::successors(child(self.at + 1), move |node| child(node.element()?.end))
    }
}

/// The problem that a text is malformed.
pub(super) fn syntax<T>(what: &'static str, tag: Tag) -> Result<T> {
    Err(DecodeError::new(Problem::Syntax(what), tag))
}

/// The item type that a name means; 0 if it means none.
pub(super) fn item_type(name: &str) -> ItemType {
    ItemType(ItemType::TABLE.value_of(name).unwrap_or_default())
}

/// A tree in the making, within limits.
pub(super) struct Builder<'a> {
    elements: Elements,
    /// Indexes of the items that are open.
    open: Vec<usize>,
    limits: &'a Limits,
}

impl<'a> Builder<'a> {
    /// For the items of a text. No value is longer than its text, so what is kept never moves.
    pub fn new(text: &str, limits: &'a Limits) -> Result<Self> {
        if text.len() > limits.text_message_bytes() {
            return Err(DecodeError::new(Problem::Limit("message size"), Tag::NONE));
        }
        let values = Zeroizing::new(String::with_capacity(text.len()));
        Ok(Self { elements: Elements { list: Vec::new(), values }, open: Vec::new(), limits })
    }

    /// The tag of the item that is open.
    pub fn innermost(&self) -> Tag {
        self.parent().map_or(Tag::NONE, |element| element.tag)
    }

    /// The item that is open.
    pub fn parent(&self) -> Option<&Element> {
        self.open.last().and_then(|at| self.elements.list.get(*at))
    }

    /// Opens an item inside the one that is open.
    pub fn open(&mut self, element: Element) -> Result<()> {
        let problem = if self.open.is_empty() && !self.elements.list.is_empty() {
            Problem::TrailingBytes
        } else if self.open.len() > self.limits.depth.min(MAX_DEPTH) {
            Problem::Limit("nesting depth")
        } else if self.elements.list.len() >= self.limits.items {
            Problem::Limit("number of items")
        } else {
            self.open.push(self.elements.list.len());
            self.elements.list.push(element);
            return Ok(());
        };
        Err(DecodeError::new(problem, element.tag))
    }

    /// Changes the item that is open.
    pub fn change(&mut self, change: impl FnOnce(&mut Element)) {
        if let Some(element) = self.open.last().and_then(|at| self.elements.list.get_mut(*at)) {
            change(element);
        }
    }

    /// Closes the item that is open.
    pub fn close(&mut self) {
        let end = self.elements.list.len();
        self.change(|element| element.end = end);
        self.open.pop();
    }

    /// Appends to the kept text; the answer tells how much of it there was before.
    pub fn keep(&mut self, text: &str) -> usize {
        let before = self.elements.values.len();
        self.elements.values.push_str(text);
        before
    }

    /// The kept text from `start` on.
    pub fn kept(&self, start: usize) -> &str {
        self.elements.values.get(start..).unwrap_or_default()
    }

    /// Gives up the kept text from `start` on.
    pub fn forget(&mut self, start: usize) {
        self.elements.values.truncate(start);
    }

    /// The tree, if it is whole.
    pub fn finish<S>(self) -> Result<Tree<S>> {
        if !self.open.is_empty() {
            return Err(DecodeError::new(Problem::Truncated, self.innermost()));
        }
        if self.elements.list.is_empty() {
            return syntax("the text holds no item", Tag::NONE);
        }
        Ok(Tree { elements: self.elements, spelling: PhantomData })
    }
}
