//! The questions that each column of the table asks.

use crate::gallery::Exhibit;
use crate::rows::{Permission, Row};
use conformance_tests::message::{reason, status};
use conformance_tests::tree::{Tree, date_time, describe};
use conformance_tests::walker::objects::kinds;
use conformance_tests::walker::samples::{sample, vendor};
use conformance_tests::walker::{Walker, identifier, now};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{AdjustmentType, ObjectType, Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::version::{V1_2, V2_0, V2_1, Version};

/// What an answer was that should have been another.
pub struct Finding {
    pub version: Version,
    pub attribute: String,
    pub column: &'static str,
    pub about: String,
    pub said: String,
}

/// A walk through the rows of a version.
pub struct Walk {
    pub walker: Walker,
    pub target: String,
    pub asked: usize,
    pub findings: Vec<Finding>,
}

/// Why a request on an attribute is refused.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    /// "Attempt to add a read-only attribute" (KMIP 1.4 §11.14 to §11.16, KMIP 2.1 §6.1.2, §6.1.3, §6.1.13, §6.1.34, §6.1.51).
    ReadOnly,
    /// "Attempt to add an attribute that is not supported for this object".
    NotSupported,
    /// "The specified attribute already exists".
    Single,
    /// The state does not permit it.
    State,
}

/// The reason that the tables of errors have for a refusal.
pub fn expected(refusal: Refusal, operation: Operation, version: Version) -> ResultReason {
    use Operation as O;
    use ResultReason as R;
    let of_object = matches!(operation, O::Register | O::Create | O::CreateUser | O::CreateGroup | O::CreateCredential);
    match refusal {
        Refusal::ReadOnly if version < V2_0 => R::PermissionDenied,
        Refusal::ReadOnly if matches!(operation, O::AddAttribute | O::SetAttribute | O::AdjustAttribute) => {
            R::ReadOnlyAttribute
        }
        Refusal::ReadOnly => R::AttributeReadOnly,
        Refusal::NotSupported if version < V2_0 && of_object => R::InvalidField,
        Refusal::NotSupported if version < V2_0 => R::PermissionDenied,
        Refusal::NotSupported => R::InvalidAttribute,
        Refusal::Single if version < V2_0 => R::IllegalOperation,
        Refusal::Single => R::AttributeSingleValued,
        Refusal::State if version < V2_1 => R::PermissionDenied,
        Refusal::State => R::WrongKeyLifecycleState,
    }
}

fn maker(kind: ObjectType) -> Operation {
    match kind {
        ObjectType::User => Operation::CreateUser,
        ObjectType::Group => Operation::CreateGroup,
        ObjectType::PasswordCredential
        | ObjectType::DeviceCredential
        | ObjectType::OneTimePasswordCredential
        | ObjectType::HashedPasswordCredential => Operation::CreateCredential,
        _ => Operation::Register,
    }
}

/// Whether a value that is told is the one that was given: a server may add fields.
fn is_shown(given: &Item, told: &Item) -> bool {
    let fields = |item: &Item| matches!(item.value, ItemValue::Structure(_));
    if fields(given) && fields(told) {
        return given.fields().iter().all(|field| told.fields().iter().any(|told| is_shown(field, told)));
    }
    given.tag == told.tag && given.value == told.value
}

fn told(answer: &Item) -> String {
    let fields = [Tag::ResultStatus, Tag::ResultReason, Tag::ResultMessage];
    fields.iter().filter_map(|tag| answer.field(*tag)).map(describe).collect::<Vec<_>>().join(" ")
}

impl Walk {
    fn ask(&mut self, row: &Row, column: &'static str, about: String, holds: bool, said: impl FnOnce() -> String) {
        self.asked += 1;
        if !holds {
            let (version, attribute) = (row.version, row.name.clone());
            self.findings.push(Finding { version, attribute, column, about, said: said() });
        }
    }

    fn succeeds(&mut self, row: &Row, column: &'static str, about: &str, answer: &Item) -> bool {
        let holds = status(answer) == Some(ResultStatus::Success);
        self.ask(row, column, format!("{about}: succeeds"), holds, || told(answer));
        holds
    }

    fn refused(
        &mut self,
        row: &Row,
        column: &'static str,
        about: &str,
        answer: &Item,
        (refusal, operation): (Refusal, Operation),
    ) {
        let wanted = expected(refusal, operation, row.version);
        let holds = reason(answer) == Some(wanted);
        self.ask(row, column, format!("{about}: {wanted}"), holds, || told(answer));
    }

    fn sample(&self, row: &Row, nth: usize) -> Item {
        sample(row.tag, &row.printed_type, self.walker.version, &self.target, nth)
    }

    /// The object type that stands for those that have an attribute.
    fn representative(&self, row: &Row) -> ObjectType {
        use ObjectType as O;
        let first = [O::SymmetricKey, O::PublicKey, O::Certificate, O::SplitKey, O::SecretData, O::OpaqueObject];
        let kinds = kinds(self.walker.version);
        let mut candidates = first.into_iter().chain(kinds);
        candidates.find(|kind| row.applies(*kind)).unwrap_or_else(|| panic!("{} is of no object", row.name))
    }

    /// A value that an object of a type may come with: what the object says itself, if it does.
    fn fitting(&mut self, row: &Row, kind: ObjectType, nth: usize) -> Item {
        if kind == ObjectType::SplitKey && row.name.starts_with("Split Key") || row.name == "Key Part Identifier" {
            let plain = self.walker.made(kind, Vec::new());
            if let Some(own) = self.walker.values(&plain, row.tag).pop() {
                return own;
            }
        }
        self.sample(row, nth)
    }

    /// An object with a first value if a client may give one.
    fn object(&mut self, row: &Row, kind: ObjectType) -> Option<(String, Item)> {
        let first = self.fitting(row, kind, 0);
        let given = if row.client_sets() { vec![first.clone()] } else { Vec::new() };
        let answer = self.walker.make(kind, given);
        let made = status(&answer) == Some(ResultStatus::Success);
        made.then(|| (identifier(&answer, Tag::UniqueIdentifier), first))
    }

    /// An attribute that the version has is one that can be asked for; one that it lacks cannot be added, and is not told.
    pub fn existence(&mut self, row: &Row, exists: bool) {
        // From 2.0 the tag is that of the attributes of vendors.
        if row.tag == Tag::Attribute && !exists {
            return;
        }
        let id = self.walker.made(ObjectType::SymmetricKey, Vec::new());
        let answer = self.walker.get(&id, &[row.tag]);
        if self.succeeds(row, "exists", "Get Attributes", &answer) && !exists {
            let values = self.walker.values(&id, row.tag);
            self.ask(row, "exists", "Get Attributes: nothing".to_owned(), values.is_empty(), || "a value".to_owned());
        }
        if !exists {
            let value = self.sample(row, 0);
            let answer = self.walker.add(&id, value);
            self.refused(row, "exists", "Add Attribute", &answer, (Refusal::NotSupported, Operation::AddAttribute));
        }
    }

    /// Who gives the first value.
    pub fn initially_set_by(&mut self, row: &Row) {
        const COLUMN: &str = "initially set by";
        let kind = self.representative(row);
        let mut value = self.fitting(row, kind, 0);
        if !row.client_sets() {
            let plain = self.walker.made(kind, Vec::new());
            value = self.walker.values(&plain, row.tag).pop().unwrap_or(value);
        }
        let answer = self.walker.make(kind, vec![value.clone()]);
        if !row.client_sets() {
            self.refused(row, COLUMN, "Register", &answer, (Refusal::ReadOnly, maker(kind)));
        } else if self.succeeds(row, COLUMN, "Register", &answer) {
            let id = identifier(&answer, Tag::UniqueIdentifier);
            self.holds(row, COLUMN, "Register", &id, &value);
        }
        if kind != ObjectType::SymmetricKey {
            return;
        }
        let value = if row.client_sets() { self.sample(row, 0) } else { value };
        let answer = self.walker.try_create(vec![value.clone()]);
        if !row.client_sets() || row.set_by_maker() {
            self.refused(row, COLUMN, "Create", &answer, (Refusal::ReadOnly, Operation::Create));
        } else if self.succeeds(row, COLUMN, "Create", &answer) {
            let id = identifier(&answer, Tag::UniqueIdentifier);
            self.holds(row, COLUMN, "Create", &id, &value);
        }
    }

    fn holds(&mut self, row: &Row, column: &'static str, about: &str, id: &str, value: &Item) {
        let values = self.walker.values(id, row.tag);
        let found = values.iter().any(|told| is_shown(value, told));
        self.ask(row, column, format!("{about}: the value is told"), found, || {
            format!("{} values: {:?}", values.len(), values.iter().map(describe).collect::<Vec<_>>())
        });
    }

    /// Which object types have the attribute.
    pub fn applies_to(&mut self, row: &Row, gallery: &[Exhibit]) {
        const COLUMN: &str = "applies to";
        for kind in kinds(self.walker.version) {
            if !row.client_sets() {
                let mut exhibits = gallery.iter().filter(|exhibit| exhibit.kind == kind);
                let shown = exhibits.any(|exhibit| exhibit.shown.iter().any(|shown| shown.tag == row.tag));
                if !row.applies(kind) {
                    self.ask(row, COLUMN, format!("{kind}: not told"), !shown, || "a value".to_owned());
                }
                continue;
            }
            let value = self.fitting(row, kind, 0);
            let answer = self.walker.make(kind, vec![value]);
            if row.applies(kind) {
                self.succeeds(row, COLUMN, &format!("{kind}"), &answer);
            } else {
                self.refused(row, COLUMN, &format!("{kind}"), &answer, (Refusal::NotSupported, maker(kind)));
            }
        }
    }

    /// How many instances an object has.
    pub fn multiple_instances(&mut self, row: &Row, gallery: &[Exhibit]) {
        const COLUMN: &str = "multiple instances";
        if !row.is_multiple() {
            let most =
                gallery.iter().map(|exhibit| exhibit.shown.iter().filter(|shown| is_of(row, shown)).count()).max();
            self.ask(row, COLUMN, "one at most".to_owned(), most.unwrap_or(0) <= 1, || format!("{most:?}"));
        }
        let kind = self.representative(row);
        let Some((id, first)) = self.object(row, kind) else { return };
        let second = self.sample(row, 1);
        let answer = self.walker.add(&id, second.clone());
        if !row.client_sets() {
            self.refused(row, COLUMN, "Add Attribute", &answer, (Refusal::ReadOnly, Operation::AddAttribute));
        } else if !row.is_multiple() {
            self.refused(row, COLUMN, "Add Attribute", &answer, (Refusal::Single, Operation::AddAttribute));
        } else if self.succeeds(row, COLUMN, "Add Attribute", &answer) {
            self.holds(row, COLUMN, "Add Attribute, the first", &id, &first);
            self.holds(row, COLUMN, "Add Attribute, the second", &id, &second);
        }
    }

    /// What every object has.
    pub fn always_has_a_value(&mut self, row: &Row, gallery: &[Exhibit]) {
        let accessible = |exhibit: &&Exhibit| {
            row.tag != Tag::Digest || exhibit.shown.iter().all(|shown| shown.tag != Tag::KeyValuePresent)
        };
        let exhibits = gallery.iter().filter(|exhibit| row.applies(exhibit.kind) && row.must_have(exhibit.kind));
        for exhibit in exhibits.filter(accessible) {
            let shown = exhibit.shown.iter().any(|shown| is_of(row, shown));
            let about = format!("{} by {}", exhibit.kind, exhibit.operation);
            self.ask(row, "always has a value", about, shown, || "no value".to_owned());
        }
    }

    /// What an operation sets without being told, on some object at least ("which operations MAY cause this attribute to be set",
    /// KMIP 1.4 §3).
    pub fn implicitly_set(&mut self, row: &Row, gallery: &[Exhibit]) {
        for operation in row.implicit_operations() {
            let of_operation = gallery.iter().filter(|exhibit| exhibit.operation == operation);
            let mut exhibits = of_operation.filter(|exhibit| row.applies(exhibit.kind)).peekable();
            if exhibits.peek().is_some() {
                let shown = exhibits.any(|exhibit| exhibit.shown.iter().any(|shown| is_of(row, shown)));
                self.ask(row, "when implicitly set", operation, shown, || "no value".to_owned());
            }
        }
    }

    /// What a client may change: by Modify Attribute, and from 2.0 by Set and Adjust Attribute.
    pub fn modifiable_by_client(&mut self, row: &Row) {
        const COLUMN: &str = "modifiable by client";
        let kind = self.representative(row);
        let Some((id, first)) = self.object(row, kind) else { return };
        let second = self.sample(row, 1);
        match row.modifiable() {
            Permission::Never => {
                let answer = self.walker.modify(&id, second.clone());
                self.refused(row, COLUMN, "Modify Attribute", &answer, (Refusal::ReadOnly, Operation::ModifyAttribute));
                if self.walker.version >= V2_0 {
                    let answer = self.walker.set(&id, second);
                    self.refused(row, COLUMN, "Set Attribute", &answer, (Refusal::ReadOnly, Operation::SetAttribute));
                    let answer = self.walker.adjust(&id, row.tag, AdjustmentType::Increment.0);
                    let by = (Refusal::ReadOnly, Operation::AdjustAttribute);
                    self.refused(row, COLUMN, "Adjust Attribute", &answer, by);
                }
                self.unchanged(row, COLUMN, &id, &first);
            }
            Permission::Always | Permission::Own => self.changes(row, &id, &second),
            Permission::PreActive => {
                self.changes(row, &id, &second);
                self.frozen(row, &[Walker::activate], None);
            }
            Permission::Living => {
                self.changes(row, &id, &second);
                self.thawed(row, &[Walker::activate]);
                self.frozen(row, &[Walker::activate, Walker::cease], None);
            }
            Permission::LivingUntilReached => {
                self.changes(row, &id, &second);
                self.thawed(row, &[Walker::activate]);
                self.frozen(row, &[Walker::activate, Walker::cease], None);
                self.frozen(row, &[], Some(date_time(row.tag, now() - 50)));
            }
            Permission::UntilAllocated => {
                self.changes(row, &id, &second);
                self.allocated(row);
            }
            Permission::ToTrue | Permission::ToFalse => {
                self.changes(row, &id, &second);
                let answer = self.walker.modify(&id, first);
                self.refused(row, COLUMN, "and back", &answer, (Refusal::ReadOnly, Operation::ModifyAttribute));
            }
        }
        if row.modifiable() == Permission::Own {
            let answer = self.walker.modify(&id, vendor("y", 0));
            self.refused(row, COLUMN, "a server's", &answer, (Refusal::ReadOnly, Operation::ModifyAttribute));
        }
    }

    fn unchanged(&mut self, row: &Row, column: &'static str, id: &str, first: &Item) {
        if row.client_sets() {
            self.holds(row, column, "and stays", id, first);
        }
    }

    /// Modify, Set and Adjust Attribute change the value.
    fn changes(&mut self, row: &Row, id: &str, second: &Item) {
        const COLUMN: &str = "modifiable by client";
        let answer = self.walker.modify(id, second.clone());
        if self.succeeds(row, COLUMN, "Modify Attribute", &answer) {
            self.holds(row, COLUMN, "Modify Attribute", id, second);
        }
        if self.walker.version < V2_0 || matches!(row.modifiable(), Permission::ToTrue | Permission::ToFalse) {
            return;
        }
        let third = self.sample(row, 0);
        let answer = self.walker.set(id, third.clone());
        if self.succeeds(row, COLUMN, "Set Attribute", &answer) {
            self.holds(row, COLUMN, "Set Attribute", id, &third);
        }
        let kind = match &third.value {
            ItemValue::Boolean(_) => AdjustmentType::Negate,
            _ => AdjustmentType::Increment,
        };
        let answer = self.walker.adjust(id, row.tag, kind.0);
        let adjustable = matches!(
            third.value,
            ItemValue::Boolean(_)
                | ItemValue::Integer(_)
                | ItemValue::LongInteger(_)
                | ItemValue::Interval(_)
                | ItemValue::DateTime(_)
        );
        if adjustable {
            self.succeeds(row, COLUMN, "Adjust Attribute", &answer);
        } else {
            let holds = reason(&answer) == Some(ResultReason::InvalidDataType);
            self.ask(row, COLUMN, "Adjust Attribute: Invalid Data Type".to_owned(), holds, || told(&answer));
        }
    }

    /// After some steps the value changes still.
    fn thawed(&mut self, row: &Row, steps: &[fn(&mut Walker, &str) -> Item]) {
        let Some(id) = self.after(row, steps, None) else { return };
        let second = self.sample(row, 1);
        let answer = self.walker.modify(&id, second);
        self.succeeds(row, "modifiable by client", "while Active", &answer);
    }

    /// After some steps the value changes no more.
    fn frozen(&mut self, row: &Row, steps: &[fn(&mut Walker, &str) -> Item], value: Option<Item>) {
        let about = if value.is_some() { "once it is reached" } else { "once the state is past" };
        let Some(id) = self.after(row, steps, value) else { return };
        let second = self.sample(row, 1);
        let answer = self.walker.modify(&id, second);
        self.refused(row, "modifiable by client", about, &answer, (Refusal::State, Operation::ModifyAttribute));
    }

    fn after(&mut self, row: &Row, steps: &[fn(&mut Walker, &str) -> Item], value: Option<Item>) -> Option<String> {
        let kind = self.representative(row);
        let past = value.is_some();
        let mut given = vec![value.unwrap_or_else(|| self.sample(row, 0))];
        if past {
            given.push(date_time(Tag::ActivationDate, now() - 100));
        }
        let answer = self.walker.make(kind, given);
        if !self.succeeds(row, "modifiable by client", "Register", &answer) {
            return None;
        }
        let id = identifier(&answer, Tag::UniqueIdentifier);
        for step in steps {
            let answer = step(&mut self.walker, &id);
            self.succeeds(row, "modifiable by client", "a step of its life", &answer);
        }
        Some(id)
    }

    /// After Get Usage Allocation nothing changes the limits.
    fn allocated(&mut self, row: &Row) {
        let kind = self.representative(row);
        let first = self.sample(row, 0);
        let id = self.walker.made(kind, vec![first]);
        let steps = [self.walker.activate(&id), {
            let count = Item { tag: Tag::UsageLimitsCount, value: ItemValue::LongInteger(1) };
            let fields = vec![self.walker.id(&id), count];
            self.walker.call(Operation::GetUsageAllocation, fields)
        }];
        for step in &steps {
            self.succeeds(row, "modifiable by client", "Get Usage Allocation", step);
        }
        let second = self.sample(row, 1);
        let answer = self.walker.modify(&id, second);
        let by = (Refusal::ReadOnly, Operation::ModifyAttribute);
        self.refused(row, "modifiable by client", "once allocated", &answer, by);
        let answer = self.walker.delete(&id, row.tag);
        let by = (Refusal::ReadOnly, Operation::DeleteAttribute);
        self.refused(row, "deletable by client", "once allocated", &answer, by);
    }

    /// What a client may delete.
    pub fn deletable_by_client(&mut self, row: &Row) {
        const COLUMN: &str = "deletable by client";
        let kind = self.representative(row);
        let Some((id, first)) = self.object(row, kind) else { return };
        let answer = self.walker.delete(&id, row.tag);
        if row.deletable() == Permission::Never {
            self.refused(row, COLUMN, "Delete Attribute", &answer, (Refusal::ReadOnly, Operation::DeleteAttribute));
            self.unchanged(row, COLUMN, &id, &first);
        } else if self.succeeds(row, COLUMN, "Delete Attribute", &answer) {
            let values = self.walker.values(&id, row.tag);
            self.ask(row, COLUMN, "and it is gone".to_owned(), values.is_empty(), || "a value".to_owned());
        }
    }

    /// What a server may not change stays as it is while an object lives and dies.
    pub fn modifiable_by_server(&mut self, rows: &[Row], everything: Vec<Item>) {
        let id = self.walker.create(everything);
        let mut steps: Vec<fn(&mut Walker, &str) -> Item> = vec![
            |walker, id| walker.on(Operation::Get, id),
            Walker::activate,
            |walker, id| walker.on(Operation::ObtainLease, id),
            |walker, id| walker.on(Operation::Archive, id),
            |walker, id| walker.on(Operation::Recover, id),
            Walker::cease,
            Walker::compromise,
            Walker::destroy,
        ];
        if self.walker.version >= V1_2 {
            steps.insert(3, |walker, id| walker.on(Operation::Check, id));
        }
        for (at, step) in steps.into_iter().enumerate() {
            let before = self.walker.all(&id);
            let state = self.walker.state(&id);
            let answer = step(&mut self.walker, &id);
            assert_eq!(status(&answer), Some(ResultStatus::Success), "step {at}: {}", told(&answer));
            let after = self.walker.all(&id);
            for row in rows.iter().filter(|row| !server_may_change(&row.server, state.0)) {
                let of_row = |all: &[Item]| all.iter().filter(|shown| is_of(row, shown)).cloned().collect::<Vec<_>>();
                let (old, new) = (of_row(&before), of_row(&after));
                let kept = old.iter().all(|value| new.contains(value));
                self.ask(row, "modifiable by server", format!("after step {at}"), kept, || "it changed".to_owned());
            }
        }
    }
}

/// Whether a server may change an attribute in a state.
fn server_may_change(printed: &str, state: u32) -> bool {
    use kmip_codec::registry::State;
    let living = state == State::PreActive.0 || state == State::Active.0;
    match printed {
        "No" | "Yes (Only if no value present)" => false,
        "Yes (only if the Application Data is omitted in the client request)" => false,
        "Yes, for server-created attributes" => false,
        // Activate is how the state ends.
        "Yes, only while in Pre-Active state" => state == State::PreActive.0,
        printed if printed.starts_with("Yes, only while in Pre-Active or Active state") => living,
        printed if printed.starts_with("Yes") => true,
        printed => panic!("modifiable by server: {printed}"),
    }
}

/// Whether an attribute that is told is that of a row.
pub fn is_of(row: &Row, shown: &Item) -> bool {
    shown.tag == row.tag
}
