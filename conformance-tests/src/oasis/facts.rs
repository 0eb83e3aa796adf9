//! What the requests of a play have fixed: dates that were sent, and whether an object's material came from the client.
//!
//! The permitted variations (KMIP Profiles, "Permitted Test Case Variations") free only what neither a request nor a
//! registered object determines; this is the record that tells the two apart.

use super::case::tag_of_attribute;
use crate::tree::Tree;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{BlockCipherMode, CryptographicAlgorithm, Operation, PaddingMethod, ResultStatus, Tag};
use std::collections::{HashMap, HashSet};

/// What is known of an object.
#[derive(Debug, Clone, Default)]
struct Object {
    /// Its material is a function of what clients sent.
    from_client: bool,
    /// The Cryptographic Parameters and algorithm that its making named.
    making: Vec<Item>,
}

/// The record.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    dates: HashSet<(Tag, i64)>,
    objects: HashMap<String, Object>,
    /// Correlation values of streams whose output has a random part.
    random_streams: HashSet<Vec<u8>>,
}

impl Facts {
    /// Notes the dates of a request before it is sent.
    pub fn note_request(&mut self, request: &Item) {
        request.walk(&mut |item| {
            if let ItemValue::DateTime(seconds) = item.value {
                self.dates.insert((item.tag, seconds));
            }
            let value = item.field(Tag::AttributeValue).map(|value| &value.value);
            if let (Some(tag), Some(ItemValue::DateTime(seconds))) = (attribute_meaning(item), value) {
                self.dates.insert((tag, *seconds));
            }
        });
    }

    /// Notes the objects that an answer tells of.
    pub fn note_response(&mut self, request: &Item, response: &Item) {
        for (asked, answered) in request.all(Tag::BatchItem).zip(response.all(Tag::BatchItem)) {
            let succeeded = answered.field(Tag::ResultStatus).and_then(Tree::as_enumeration);
            if succeeded == Some(ResultStatus::Success.0) {
                self.note_item(asked, answered);
            }
        }
    }

    fn note_item(&mut self, asked: &Item, answered: &Item) {
        let (Some(request), Some(response)) = (asked.field(Tag::RequestPayload), answered.field(Tag::ResponsePayload))
        else {
            return;
        };
        let operation = Operation(answered.field(Tag::Operation).and_then(Tree::as_enumeration).unwrap_or_default());
        let from_client = match operation {
            Operation::Register | Operation::Import => true,
            Operation::DeriveKey => request.all(Tag::UniqueIdentifier).all(|base| self.is_from_client(base)),
            Operation::Create
            | Operation::CreateKeyPair
            | Operation::ReKey
            | Operation::ReKeyKeyPair
            | Operation::Certify
            | Operation::ReCertify
            | Operation::CreateSplitKey
            | Operation::JoinSplitKey => false,
            _ => return self.note_stream(operation, request, response),
        };
        let object = Object { from_client, making: vec![request.clone()] };
        for tag in [Tag::UniqueIdentifier, Tag::PrivateKeyUniqueIdentifier, Tag::PublicKeyUniqueIdentifier] {
            for identifier in response.all(tag).filter_map(Tree::as_text) {
                self.objects.insert(identifier.to_owned(), object.clone());
            }
        }
    }

    fn note_stream(&mut self, operation: Operation, request: &Item, response: &Item) {
        let correlation = response.field(Tag::CorrelationValue).and_then(Tree::as_bytes);
        if let Some(value) = correlation.filter(|_| self.has_random_part(operation, request)) {
            self.random_streams.insert(value.to_vec());
        }
    }

    /// Whether a request of this play has set the date.
    pub fn sent_date(&self, attribute: Tag, seconds: i64) -> bool {
        self.dates.contains(&(attribute, seconds))
    }

    /// Whether the material of the object is a function of what clients sent.
    pub fn is_from_client(&self, identifier: &Item) -> bool {
        identifier.as_text().and_then(|text| self.objects.get(text)).is_some_and(|object| object.from_client)
    }

    /// Whether the output of a cryptographic operation is the same on every server: the key came from the client, and
    /// nothing in the operation is random.
    pub fn is_determined(&self, operation: Operation, request_payload: &Item) -> bool {
        let key = request_payload.field(Tag::UniqueIdentifier);
        key.is_some_and(|key| self.is_from_client(key)) && !self.has_random_part(operation, request_payload)
    }

    /// Whether a wrapped key is the same on every server: key wrap has no random part, but other modes have.
    pub fn is_wrapping_determined(&self, request_payload: &Item) -> bool {
        let specification = request_payload.field(Tag::KeyWrappingSpecification);
        specification.is_none_or(|specification| {
            let key = specification.at(&[Tag::EncryptionKeyInformation, Tag::UniqueIdentifier]);
            key.is_some_and(|key| self.is_from_client(key)) && self.wraps_without_randomness(specification, key)
        })
    }

    fn wraps_without_randomness(&self, specification: &Item, key: Option<&Item>) -> bool {
        let modes = self.values(Tag::BlockCipherMode, specification, key);
        modes.iter().any(|mode| [BlockCipherMode::NISTKeyWrap.0, BlockCipherMode::AESKeyWrapPadding.0].contains(mode))
    }

    /// Signatures of ECDSA and PSS, encryption by RSA, and any IV that the server chooses.
    fn has_random_part(&self, operation: Operation, request: &Item) -> bool {
        let stream = request.field(Tag::CorrelationValue).and_then(Tree::as_bytes);
        if stream.is_some_and(|value| self.random_streams.contains(value)) {
            return true;
        }
        let key = request.field(Tag::UniqueIdentifier);
        let algorithms = self.values(Tag::CryptographicAlgorithm, request, key);
        let paddings = self.values(Tag::PaddingMethod, request, key);
        let mut random_iv = false;
        request.walk(&mut |item| random_iv |= item.tag == Tag::RandomIV && item.value == ItemValue::Boolean(true));
        let elliptic = [CryptographicAlgorithm::ECDSA.0, CryptographicAlgorithm::EC.0];
        match operation {
            Operation::Encrypt => {
                let random = [PaddingMethod::OAEP.0, PaddingMethod::PKCS1V1_5.0];
                random_iv || paddings.iter().any(|padding| random.contains(padding))
            }
            Operation::Sign => {
                paddings.contains(&PaddingMethod::PSS.0) || algorithms.iter().any(|known| elliptic.contains(known))
            }
            _ => false,
        }
    }

    /// The values under a tag: of the request itself, or else of the making of its key.
    fn values(&self, tag: Tag, request: &Item, key: Option<&Item>) -> Vec<u32> {
        let own = numbers(tag, request);
        if !own.is_empty() {
            return own;
        }
        let object = key.and_then(Tree::as_text).and_then(|text| self.objects.get(text));
        object.map(|object| object.making.iter().flat_map(|item| numbers(tag, item)).collect()).unwrap_or_default()
    }
}

/// Every number under a tag, or under a 1.x attribute of its name.
fn numbers(tag: Tag, tree: &Item) -> Vec<u32> {
    let mut found = Vec::new();
    tree.walk(&mut |item| {
        let value = match attribute_meaning(item) {
            Some(meaning) if meaning == tag => item.field(Tag::AttributeValue),
            _ if item.tag == tag => Some(item),
            _ => None,
        };
        match value.map(|item| &item.value) {
            Some(ItemValue::Enumeration(value)) => found.push(*value),
            Some(ItemValue::Integer(value)) => found.push(value.cast_unsigned()),
            _ => {}
        }
    });
    found
}

/// The attribute that a 1.x Attribute structure names.
fn attribute_meaning(item: &Item) -> Option<Tag> {
    if item.tag != Tag::Attribute {
        return None;
    }
    item.field(Tag::AttributeName).and_then(Tree::as_text).and_then(tag_of_attribute)
}
