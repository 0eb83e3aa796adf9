//! A client of one version that makes objects, changes them and asks for their attributes: what the walks through the tables of
//! the specification are made of. Attributes stand here as from 2.0, under tags of their own, and go out as the version has them.

pub mod objects;
pub mod samples;

use crate::endpoint::{Endpoint, World};
use crate::in_process::InProcess;
use crate::message::{Call, call, payload, request, status};
use crate::tree::{Tree, boolean, decode, encode, enumeration, integer, structure, text};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, ObjectType, Operation, RecommendedCurve, ResultStatus,
    RevocationReasonCode, State, Tag, tag_rows,
};
use kmip_codec::version::{V2_0, V3_0, Version};
use kmip_codec::wire::IdentifierKind;
use std::time::{SystemTime, UNIX_EPOCH};

/// The name that the walks give to attributes of vendors.
pub const VENDOR_ATTRIBUTE: &str = "Walked";

/// A client of one version.
pub struct Walker {
    endpoint: Box<dyn Endpoint>,
    /// The version that it speaks.
    pub version: Version,
}

/// The time, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

impl Walker {
    /// A client of an engine of its own.
    pub fn new(version: Version) -> Self {
        Self { endpoint: InProcess::open().expect("an engine").fresh_client().expect("a client"), version }
    }

    /// Speaks another version for as long as `act` takes.
    pub fn speaking<T>(&mut self, version: Version, act: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.version, version);
        let done = act(self);
        self.version = own;
        done
    }

    /// Sends an operation, and gives back the batch item of the answer.
    pub fn call(&mut self, operation: Operation, fields: Vec<Item>) -> Item {
        call(self.endpoint.as_mut(), self.version, &Call::new(operation, fields)).expect("an answer")
    }

    /// Sends an operation under a header with more fields after the version, and gives back the batch item of the answer.
    pub fn headed(&mut self, fields: Vec<Item>, operation: Operation, payload: Vec<Item>) -> Item {
        self.edited(operation, payload, |parts| {
            if let Some(ItemValue::Structure(header)) = parts.first_mut().map(|header| &mut header.value) {
                header.splice(1..1, fields);
            }
        })
    }

    /// Sends an operation with a message extension that the server must understand, and does not.
    pub fn extended(&mut self, operation: Operation) -> Item {
        let extension = structure(
            Tag::MessageExtension,
            vec![
                text(Tag::VendorIdentification, "nobody"),
                boolean(Tag::CriticalityIndicator, true),
                structure(Tag::VendorExtension, Vec::new()),
            ],
        );
        self.edited(operation, Vec::new(), |parts| {
            if let Some(ItemValue::Structure(item)) = parts.last_mut().map(|item| &mut item.value) {
                item.push(extension);
            }
        })
    }

    fn edited(&mut self, operation: Operation, payload: Vec<Item>, edit: impl FnOnce(&mut Vec<Item>)) -> Item {
        let mut message = request(self.version, &[Call::new(operation, payload)]);
        if let ItemValue::Structure(parts) = &mut message.value {
            edit(parts);
        }
        let answer = self.endpoint.exchange(&encode(&message)).expect("an answer");
        let answer = decode(&answer).expect("an answer in TTLV");
        answer.field(Tag::BatchItem).expect("a batch item").clone()
    }

    /// The field that names an object.
    pub fn id(&self, id: &str) -> Item {
        self.id_under(Tag::UniqueIdentifier, id)
    }

    /// The field of this tag that names an object.
    pub fn id_under(&self, tag: Tag, id: &str) -> Item {
        let name = text(tag, id);
        match name.value {
            ItemValue::Text(id) if self.version >= V3_0 => {
                Item { tag, value: ItemValue::Identifier(IdentifierKind::Identifier, id) }
            }
            _ => name,
        }
    }

    /// An operation on an object.
    pub fn on(&mut self, operation: Operation, id: &str) -> Item {
        let id = self.id(id);
        self.call(operation, vec![id])
    }

    /// Attributes as the version carries them.
    pub fn bag(&self, tag_1x: Tag, tag_2x: Tag, attributes: Vec<Item>) -> Item {
        if self.version >= V2_0 {
            return structure(tag_2x, attributes);
        }
        structure(tag_1x, attributes.into_iter().map(attribute_1x).collect())
    }

    /// The attributes of an object that is made, as the version carries them.
    pub fn attributes(&self, attributes: Vec<Item>) -> Item {
        self.bag(Tag::TemplateAttribute, Tag::Attributes, attributes)
    }

    /// Creates an AES key with these attributes, and tells its identifier.
    pub fn create(&mut self, attributes: Vec<Item>) -> String {
        identifier(&self.try_create(attributes), Tag::UniqueIdentifier)
    }

    /// Creates an AES key with these attributes; those given take the place of its own.
    pub fn try_create(&mut self, attributes: Vec<Item>) -> Item {
        let bag = self.attributes(objects::with(key_attributes(), attributes));
        self.call(Operation::Create, vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0), bag])
    }

    /// Registers an AES key with these attributes, and tells its identifier.
    pub fn register(&mut self, attributes: Vec<Item>) -> String {
        identifier(&self.make(ObjectType::SymmetricKey, attributes), Tag::UniqueIdentifier)
    }

    /// Creates a pair of P-256 with these attributes of both keys, and tells the identifier of the private one.
    pub fn create_pair(&mut self, attributes: Vec<Item>) -> String {
        self.create_both(attributes).0
    }

    /// Creates a pair of P-256 with these attributes of both keys, and tells both identifiers, the private one first.
    pub fn create_both(&mut self, attributes: Vec<Item>) -> (String, String) {
        self.create_each(attributes, [Vec::new(), Vec::new()])
    }

    /// Creates a pair of P-256 with attributes of both keys and of each, and tells both identifiers, the private one first.
    pub fn create_each(&mut self, common: Vec<Item>, [private, public]: [Vec<Item>; 2]) -> (String, String) {
        let curve = enumeration(Tag::RecommendedCurve, RecommendedCurve::P_256.0);
        let own = vec![
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0),
            structure(Tag::CryptographicDomainParameters, vec![curve]),
        ];
        let masked = |mask: Mask, mut own: Vec<Item>| {
            own.push(integer(Tag::CryptographicUsageMask, mask.0.cast_signed()));
            own
        };
        let bags = vec![
            self.bag(Tag::CommonTemplateAttribute, Tag::CommonAttributes, objects::with(own, common)),
            self.bag(Tag::PrivateKeyTemplateAttribute, Tag::PrivateKeyAttributes, masked(Mask::Sign, private)),
            self.bag(Tag::PublicKeyTemplateAttribute, Tag::PublicKeyAttributes, masked(Mask::Verify, public)),
        ];
        let made = self.call(Operation::CreateKeyPair, bags);
        (identifier(&made, Tag::PrivateKeyUniqueIdentifier), identifier(&made, Tag::PublicKeyUniqueIdentifier))
    }

    /// Activate.
    pub fn activate(&mut self, id: &str) -> Item {
        self.on(Operation::Activate, id)
    }

    /// Destroy.
    pub fn destroy(&mut self, id: &str) -> Item {
        self.on(Operation::Destroy, id)
    }

    /// Revoke.
    pub fn revoke(&mut self, id: &str, code: RevocationReasonCode) -> Item {
        let id = self.id(id);
        let reason = structure(Tag::RevocationReason, vec![enumeration(Tag::RevocationReasonCode, code.0)]);
        self.call(Operation::Revoke, vec![id, reason])
    }

    /// Revoke for a reason that leaves the object Deactivated.
    pub fn cease(&mut self, id: &str) -> Item {
        self.revoke(id, RevocationReasonCode::CessationOfOperation)
    }

    /// Revoke for a compromise, which always succeeds.
    pub fn compromise(&mut self, id: &str) -> Item {
        let by_key = self.revoke(id, RevocationReasonCode::KeyCompromise);
        assert_eq!(status(&by_key), Some(ResultStatus::Success), "{}: Key Compromise", self.version);
        by_key
    }

    /// The State of an object.
    pub fn state(&mut self, id: &str) -> State {
        let state = self.values(id, Tag::State).pop();
        State(state.as_ref().and_then(Tree::as_enumeration).expect("a state"))
    }

    /// A new object in a state.
    pub fn object_in(&mut self, state: State) -> String {
        let id = self.create(Vec::new());
        let steps: &[fn(&mut Self, &str) -> Item] = match state {
            State::PreActive => &[],
            State::Active => &[Self::activate],
            State::Deactivated => &[Self::activate, Self::cease],
            State::Compromised => &[Self::compromise],
            State::Destroyed => &[Self::destroy],
            _ => &[Self::compromise, Self::destroy],
        };
        for step in steps {
            let answer = step(self, &id);
            assert_eq!(status(&answer), Some(ResultStatus::Success), "{} towards {state}", self.version);
        }
        assert_eq!(self.state(&id), state, "{}", self.version);
        id
    }
}

/// The operations on attributes.
impl Walker {
    fn change(&mut self, operation: Operation, id: &str, attribute: Item) -> Item {
        let id = self.id(id);
        let attribute =
            if self.version < V2_0 { attribute_1x(attribute) } else { structure(Tag::NewAttribute, vec![attribute]) };
        self.call(operation, vec![id, attribute])
    }

    /// Add Attribute.
    pub fn add(&mut self, id: &str, attribute: Item) -> Item {
        self.change(Operation::AddAttribute, id, attribute)
    }

    /// Modify Attribute, without a current value.
    pub fn modify(&mut self, id: &str, attribute: Item) -> Item {
        self.change(Operation::ModifyAttribute, id, attribute)
    }

    /// Set Attribute (from 2.0).
    pub fn set(&mut self, id: &str, attribute: Item) -> Item {
        self.change(Operation::SetAttribute, id, attribute)
    }

    /// Adjust Attribute (from 2.0), without a value.
    pub fn adjust(&mut self, id: &str, tag: Tag, kind: u32) -> Item {
        let fields = vec![self.id(id), self.reference(tag), enumeration(Tag::AdjustmentType, kind)];
        self.call(Operation::AdjustAttribute, fields)
    }

    /// Delete Attribute: the first instance in 1.x, all of them from 2.0.
    pub fn delete(&mut self, id: &str, tag: Tag) -> Item {
        let fields = vec![self.id(id), self.reference(tag)];
        self.call(Operation::DeleteAttribute, fields)
    }

    /// What names an attribute.
    pub fn reference(&self, tag: Tag) -> Item {
        match tag {
            Tag::Attribute | Tag::CustomAttribute if self.version < V2_0 => {
                text(Tag::AttributeName, &format!("x-{VENDOR_ATTRIBUTE}"))
            }
            tag if self.version < V2_0 => text(Tag::AttributeName, tag.name().expect("a name")),
            Tag::Attribute => structure(
                Tag::AttributeReference,
                vec![text(Tag::VendorIdentification, "x"), text(Tag::AttributeName, VENDOR_ATTRIBUTE)],
            ),
            tag => enumeration(Tag::AttributeReference, tag.value()),
        }
    }

    /// Get Attributes.
    pub fn get(&mut self, id: &str, tags: &[Tag]) -> Item {
        let references = tags.iter().map(|tag| self.reference(*tag));
        let fields = std::iter::once(self.id(id)).chain(references).collect();
        self.call(Operation::GetAttributes, fields)
    }

    /// The values of an attribute.
    pub fn values(&mut self, id: &str, tag: Tag) -> Vec<Item> {
        attributes_of(&self.get(id, &[tag]))
    }

    /// All attributes of an object.
    pub fn all(&mut self, id: &str) -> Vec<Item> {
        attributes_of(&self.get(id, &[]))
    }
}

/// The attributes that an answer carries, under tags of their own.
pub fn attributes_of(answer: &Item) -> Vec<Item> {
    let told = payload(answer).expect("attributes");
    match told.field(Tag::Attributes) {
        Some(attributes) => attributes.fields().to_vec(),
        None => told.all(Tag::Attribute).map(typed).collect(),
    }
}

/// A 1.x attribute under a tag of its own.
fn typed(attribute: &Item) -> Item {
    let name = attribute.field(Tag::AttributeName).and_then(Tree::as_text).expect("a name");
    let value = attribute.field(Tag::AttributeValue).expect("a value").value.clone();
    if let Some((vendor, name)) = name.split_once('-').filter(|(vendor, _)| matches!(*vendor, "x" | "y")) {
        let value = Item { tag: Tag::AttributeValue, value };
        let fields = vec![text(Tag::VendorIdentification, vendor), text(Tag::AttributeName, name), value];
        return structure(Tag::Attribute, fields);
    }
    let row = tag_rows().iter().find(|row| row.name == name);
    Item { tag: row.unwrap_or_else(|| panic!("no attribute is named {name}")).tag, value }
}

/// An attribute as 1.x has it, from its typed form.
pub fn attribute_1x(typed: Item) -> Item {
    let part = |tag| typed.field(tag).and_then(Tree::as_text);
    let (name, value) = match (typed.tag, part(Tag::VendorIdentification), part(Tag::AttributeName)) {
        (Tag::Attribute, Some(vendor), Some(name)) => {
            (format!("{vendor}-{name}"), typed.field(Tag::AttributeValue).expect("a value").value.clone())
        }
        _ => (typed.tag.name().expect("a name").to_owned(), typed.value),
    };
    structure(Tag::Attribute, vec![text(Tag::AttributeName, &name), Item { tag: Tag::AttributeValue, value }])
}

/// Algorithm, length and mask of an AES key.
pub fn key_attributes() -> Vec<Item> {
    vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
        integer(Tag::CryptographicUsageMask, (Mask::Encrypt | Mask::Decrypt | Mask::DeriveKey).0.cast_signed()),
    ]
}

/// The identifier that a successful answer names.
pub fn identifier(answer: &Item, tag: Tag) -> String {
    let field = payload(answer).unwrap_or_else(|error| panic!("{error}")).field(tag).cloned();
    field.as_ref().and_then(Tree::as_text).expect("an identifier").to_owned()
}
