//! What each operation makes or changes: the attributes of the objects, as they are right after it.

use conformance_tests::message::{payload, status};
use conformance_tests::tree::{Tree, bytes, enumeration, integer, structure};
use conformance_tests::walker::objects::{kinds, with};
use conformance_tests::walker::samples::sample;
use conformance_tests::walker::{Walker, identifier, key_attributes};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm, KeyFormatType,
    ObjectType, Operation, ResultStatus, RevocationReasonCode, SplitKeyMethod, Tag,
};
use kmip_codec::version::{V1_1, V1_2, V1_4, V2_0, V3_0};

/// An object after an operation.
pub struct Exhibit {
    /// The name of the operation.
    pub operation: &'static str,
    /// The type of the object.
    pub kind: ObjectType,
    /// Its attributes.
    pub shown: Vec<Item>,
}

/// Everything that a client may say about an object of a type, in the words of the version.
pub type Everything<'a> = &'a mut dyn FnMut(ObjectType) -> Vec<Item>;

/// Collects exhibits.
pub struct Gallery<'a> {
    walker: &'a mut Walker,
    exhibits: Vec<Exhibit>,
}

/// The objects that the operations of a version make and change.
pub fn gallery(walker: &mut Walker, everything: Everything<'_>) -> Vec<Exhibit> {
    let mut gallery = Gallery { walker, exhibits: Vec::new() };
    gallery.made();
    gallery.derived();
    gallery.renewed(everything);
    gallery.split();
    gallery.changed();
    gallery.exhibits
}

impl Gallery<'_> {
    fn show(&mut self, operation: &'static str, kind: ObjectType, id: &str) {
        let shown = self.walker.all(id);
        self.exhibits.push(Exhibit { operation, kind, shown });
    }

    fn ask(&mut self, operation: Operation, fields: Vec<Item>) -> Item {
        let answer = self.walker.call(operation, fields);
        payload(&answer).unwrap_or_else(|error| panic!("KMIP {}: {operation}: {error}", self.walker.version));
        answer
    }

    /// A key whose value stays with the client.
    fn without_value(&mut self) {
        let block = vec![
            enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
            integer(Tag::CryptographicLength, 256),
        ];
        let key = structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]);
        let place = sample(Tag::KeyValueLocation, "Structure", self.walker.version, "", 0);
        let attributes = with(key_attributes(), vec![place]);
        let made = self.walker.register_object(ObjectType::SymmetricKey, attributes, key);
        self.show("Register", ObjectType::SymmetricKey, &identifier(&made, Tag::UniqueIdentifier));
    }

    fn made(&mut self) {
        if self.walker.version >= V1_2 {
            self.without_value();
        }
        let key = self.walker.create(Vec::new());
        self.show("Create", ObjectType::SymmetricKey, &key);
        let (private, public) = self.walker.create_both(Vec::new());
        self.show("Create Key Pair", ObjectType::PrivateKey, &private);
        self.show("Create Key Pair", ObjectType::PublicKey, &public);
        for kind in kinds(self.walker.version) {
            let id = self.walker.made(kind, Vec::new());
            self.show("Register", kind, &id);
        }
        if self.walker.version >= V1_4 {
            let id = self.walker.import(Vec::new());
            self.show("Import", ObjectType::SymmetricKey, &id);
        }
    }

    fn derived(&mut self) {
        let base = self.walker.create(Vec::new());
        payload(&self.walker.activate(&base)).expect("an active key");
        let length = integer(Tag::CryptographicLength, 128);
        for (kind, own) in [
            (ObjectType::SymmetricKey, with(key_attributes(), vec![length.clone()])),
            (ObjectType::SecretData, vec![length]),
        ] {
            let hash = enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0);
            let parameters =
                vec![structure(Tag::CryptographicParameters, vec![hash]), bytes(Tag::DerivationData, b"walk")];
            let fields = vec![
                enumeration(Tag::ObjectType, kind.0),
                self.walker.id(&base),
                enumeration(Tag::DerivationMethod, DerivationMethod::HMAC.0),
                structure(Tag::DerivationParameters, parameters),
                self.walker
                    .attributes(with(vec![integer(Tag::CryptographicUsageMask, Mask::DeriveKey.0.cast_signed())], own)),
            ];
            let answer = self.ask(Operation::DeriveKey, fields);
            self.show("Derive Key", kind, &identifier(&answer, Tag::UniqueIdentifier));
        }
    }

    /// Certify, and the operations that replace an object of which everything is said.
    fn renewed(&mut self, everything: Everything<'_>) {
        let key = self.walker.create(everything(ObjectType::SymmetricKey));
        let fields = vec![self.walker.id(&key)];
        let answer = self.ask(Operation::ReKey, fields);
        self.show("Re-key", ObjectType::SymmetricKey, &identifier(&answer, Tag::UniqueIdentifier));
        let (_, public) = self.walker.create_both(Vec::new());
        let plain = self.walker.certify(&public, Vec::new());
        self.show("Certify", ObjectType::Certificate, &identifier(&plain, Tag::UniqueIdentifier));
        let certificate =
            identifier(&self.walker.certify(&public, everything(ObjectType::Certificate)), Tag::UniqueIdentifier);
        let fields = vec![self.walker.id(&certificate)];
        let answer = self.ask(Operation::ReCertify, fields);
        self.show("Re-certify", ObjectType::Certificate, &identifier(&answer, Tag::UniqueIdentifier));
        if self.walker.version >= V1_1 {
            let names = [ObjectType::PrivateKey, ObjectType::PublicKey].map(|kind| {
                everything(kind).into_iter().filter(|attribute| attribute.tag == Tag::Name).collect::<Vec<_>>()
            });
            let mut of_pair = everything(ObjectType::PublicKey);
            of_pair.retain(|attribute| attribute.tag != Tag::Name);
            let (private, _) = self.walker.create_each(of_pair, names);
            let tag = if self.walker.version < V3_0 { Tag::PrivateKeyUniqueIdentifier } else { Tag::UniqueIdentifier };
            let fields = vec![self.walker.id_under(tag, &private)];
            let answer = self.ask(Operation::ReKeyKeyPair, fields);
            let private = identifier(&answer, Tag::PrivateKeyUniqueIdentifier);
            self.show("Re-key Key Pair", ObjectType::PrivateKey, &private);
            let public = identifier(&answer, Tag::PublicKeyUniqueIdentifier);
            self.show("Re-key Key Pair", ObjectType::PublicKey, &public);
        }
    }

    fn split(&mut self) {
        if self.walker.version < V1_2 {
            return;
        }
        let fields = vec![
            enumeration(Tag::ObjectType, ObjectType::SplitKey.0),
            integer(Tag::SplitKeyParts, 3),
            integer(Tag::SplitKeyThreshold, 2),
            enumeration(Tag::SplitKeyMethod, SplitKeyMethod::PolynomialSharingGF2_8.0),
            self.walker.attributes(key_attributes()),
        ];
        let answer = self.ask(Operation::CreateSplitKey, fields);
        let told = payload(&answer).expect("parts");
        let parts: Vec<String> = told.all(Tag::UniqueIdentifier).filter_map(Tree::as_text).map(str::to_owned).collect();
        self.show("Create Split Key", ObjectType::SplitKey, &parts[0]);
        for part in &parts {
            payload(&self.walker.activate(part)).expect("an active part");
        }
        let kind = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
        let ids = parts.iter().take(2).map(|part| self.walker.id(part));
        let mut fields: Vec<Item> = std::iter::once(kind).chain(ids).collect();
        fields.push(self.walker.attributes(key_attributes()));
        let answer = self.ask(Operation::JoinSplitKey, fields);
        self.show("Join Split Key", ObjectType::SymmetricKey, &identifier(&answer, Tag::UniqueIdentifier));
    }

    /// What happens to an object in its life. Before each event, its Last Change Date lies long ago, where the version has an
    /// operation that says so.
    fn changed(&mut self) {
        self.event("Activate", &[], |walker, id| walker.activate(id));
        self.event("Revoke", &[Walker::activate], |walker, id| walker.revoke(id, RevocationReasonCode::KeyCompromise));
        self.event("Revoke", &[Walker::activate], |walker, id| walker.cease(id));
        self.event("Destroy", &[], |walker, id| walker.destroy(id));
        self.event("Archive", &[], |walker, id| walker.on(Operation::Archive, id));
        let archive: fn(&mut Walker, &str) -> Item = |walker, id| walker.on(Operation::Archive, id);
        self.event("Recover", &[archive], |walker, id| walker.on(Operation::Recover, id));
        let contact = |nth: usize| conformance_tests::tree::text(Tag::ContactInformation, &format!("contact {nth}"));
        self.event("Add Attribute", &[], move |walker, id| walker.add(id, contact(0)));
        let add: fn(&mut Walker, &str) -> Item =
            |walker, id| walker.add(id, conformance_tests::tree::text(Tag::ContactInformation, "the first"));
        self.event("Modify Attribute", &[add], move |walker, id| walker.modify(id, contact(1)));
        self.event("Delete Attribute", &[add], |walker, id| walker.delete(id, Tag::ContactInformation));
        let limited: fn(&mut Walker, &str) -> Item = |walker, id| walker.add(id, usage_limits());
        self.event("Get Usage Allocation", &[limited, Walker::activate], |walker, id| {
            let fields = vec![walker.id(id), Item { tag: Tag::UsageLimitsCount, value: ItemValue::LongInteger(10) }];
            walker.call(Operation::GetUsageAllocation, fields)
        });
        if self.walker.version >= V3_0 {
            self.event("Deactivate", &[Walker::activate], |walker, id| walker.on(Operation::Deactivate, id));
        }
    }

    fn event(
        &mut self,
        operation: &'static str,
        before: &[fn(&mut Walker, &str) -> Item],
        act: impl Fn(&mut Walker, &str) -> Item,
    ) {
        let id = self.walker.create(Vec::new());
        for step in before {
            payload(&step(self.walker, &id)).unwrap_or_else(|error| panic!("before {operation}: {error}"));
        }
        let answer = act(self.walker, &id);
        assert_eq!(status(&answer), Some(ResultStatus::Success), "KMIP {}: {operation}", self.walker.version);
        self.show(operation, ObjectType::SymmetricKey, &id);
    }
}

/// Limits of 1,000 bytes.
fn usage_limits() -> Item {
    sample(Tag::UsageLimits, "Structure", V2_0, "", 0)
}
