//! How a client changes attributes of an object: the rules that Add, Modify, Set and Delete Attribute share
//! (KMIP 1.4 §4.14 to §4.16, KMIP 2.1 §6.1.2, §6.1.13, §6.1.34, §6.1.51).
//!
//! Who may do what stands in the codec's rule table; here, how a permission that depends on the object is decided, which
//! instance is meant, and what follows from a change. Two instances of one attribute never have the same value (KMIP 2.1
//! §4: "SHOULD"): from 2.0 the value is what tells them apart.

use kmip_codec::attribute::rules::{AttributeRule, Change, Origin, SetBy};
use kmip_codec::attribute::values::{UniqueIdentifier, UsageLimits};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance};
use kmip_codec::registry::{ObjectType, State, Tag};
use kmip_codec::version::{V1_0, V2_0, Version};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::make::DEFAULT_POLICY;
use crate::object::{Record, attribute_of, date_value};
use crate::quirks::{Quirk, Quirks};
use crate::{attributes, groups, quantum_safe, state};

/// Which instance a request means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// The one with this index (1.x).
    Index(i32),
    /// The one with this value: Current Attribute (from 2.0).
    Value(&'a Attribute),
    /// The only one.
    Only,
    /// All of them: Attribute Reference (from 2.0).
    All,
}

/// An object that is being changed.
pub(crate) struct Edit {
    record: Record,
    version: Version,
    now: i64,
}

/// The only attribute that a field of a request carries; `Err` if there is none, or more than one.
pub(crate) fn only(bag: Option<Bag>, field: &str) -> OpResult<Instance> {
    let mut items = bag.map(|bag| bag.items).unwrap_or_default();
    match (items.pop(), items.is_empty()) {
        (Some(instance), true) => Ok(instance),
        (None, _) => fail(Fault::InvalidMessage, format!("{field} is required")),
        (Some(_), false) => fail(Fault::InvalidMessage, format!("{field} holds more than one attribute")),
    }
}

/// Refuses an Attribute Index from 2.0 on, which has none.
pub(crate) fn check_index(context: &Context<'_>, index: Option<i32>) -> OpResult<()> {
    if context.version >= V2_0 && index.is_some() {
        return fail(Fault::InvalidField, "Attribute Index belongs to KMIP 1.x");
    }
    Ok(())
}

impl Edit {
    /// Opens the object that a request names.
    pub fn open(context: &mut Context<'_>, id: Option<&UniqueIdentifier>) -> OpResult<Self> {
        let id = context.target(id)?;
        let record = context.txn.object(&id)?.as_ref().clone();
        if record.destroyed {
            return fail(Fault::ObjectDestroyed, format!("the object {:?} was destroyed", id.as_str()));
        }
        state::must_be_online(&record)?;
        Ok(Self { record, version: context.version, now: context.now })
    }

    /// How the answer carries the attribute: 1.x repeats it, 2.x does not.
    pub fn answered(&self, instance: &Instance) -> Option<Bag> {
        let items = vec![attributes::in_answer(instance, self.record.object_type, self.version)];
        (self.version < V2_0).then_some(Bag { items, ..Bag::default() })
    }

    /// Buffers the changed object; its Last Change Date moves.
    pub fn close(mut self, context: &mut Context<'_>) -> OpResult<UniqueIdentifier> {
        groups::check(context, &self.record)?;
        attributes::touch(&mut self.record, self.now);
        let id = self.record.id.clone();
        let before = context.txn.object(&id)?;
        if attribute_of!(before, UsageLimits) != attribute_of!(&self.record, UsageLimits) {
            // A use that is counted meanwhile was counted by the old limits.
            context.txn.require_unused(&id);
        }
        context.txn.put(self.record)?;
        Ok(UniqueIdentifier::Text(id))
    }

    /// The number of instances of an attribute.
    pub fn count(&self, reference: &AttributeReference) -> usize {
        self.record.instances(reference).count()
    }

    /// The instance that a request of 1.x means: an absent index is 0 (KMIP 1.4 §4.15, §4.16); 1.0 says so for several
    /// instances only, and otherwise means the one there is (KMIP 1.0 §4.14, §4.15).
    pub fn by_index(&self, reference: &AttributeReference, index: Option<i32>) -> Which<'static> {
        match index {
            None if self.version == V1_0 && self.count(reference) == 1 => Which::Only,
            index => Which::Index(index.unwrap_or(0)),
        }
    }

    /// The value that Adjust Attribute moves: of an attribute with one instance at most, which a client may modify; one that
    /// has no value yet is added.
    pub fn adjustable(&self, reference: &AttributeReference) -> OpResult<Option<Attribute>> {
        let rule = self.rule(reference)?;
        if self.count(reference) == 0 {
            return self.check_addable(reference, rule).map(|()| None);
        }
        if rule.client_modifies == Change::No || attributes::is_servers_own(reference) {
            return fail(Fault::ReadOnly, format!("{} cannot be modified by a client", quoted(reference)));
        }
        let mut instances = self.record.instances(reference);
        match (instances.next(), instances.next()) {
            (only, None) => Ok(only.map(|instance| instance.attribute.clone())),
            _ => fail(Fault::MultiValued, format!("{} has several instances", quoted(reference))),
        }
    }

    /// Makes room for an operation policy that a client names later than the specification has it.
    pub fn yield_default_policy(&mut self, quirks: Quirks) -> OpResult<()> {
        let reference = AttributeReference::Tag(Tag::OperationPolicyName);
        self.rule(&reference)?;
        let named =
            attribute_of!(&self.record, OperationPolicyName).is_some_and(|name| name.as_str() == DEFAULT_POLICY);
        if !named {
            return Ok(());
        }
        if !quirks.has(Quirk::PolicyNameLater) {
            let message = "Operation Policy Name was set when the object was made; the quirk policy-name-later lets it be named later";
            return fail(Fault::SingleValued, message);
        }
        self.record.remove(&reference, |_| true);
        Ok(())
    }

    /// Adds an instance, and tells it with its index.
    pub fn add(&mut self, attribute: Attribute) -> OpResult<Instance> {
        let reference = AttributeReference::in_version(&attribute, self.version);
        let rule = self.rule(&reference)?;
        self.check_addable(&reference, rule)?;
        let multiple = rule.is_multiple(self.record.object_type);
        if !multiple && self.count(&reference) > 0 {
            return fail(Fault::SingleValued, format!("{} has a value already, and only one", quoted(&reference)));
        }
        self.check_state(rule.client_modifies, &reference)?;
        attributes::check_value(&attribute, self.version)?;
        let attribute = counting(attribute);
        self.check_distinct(&attribute, None)?;
        let index = if multiple {
            self.record.add(attribute.clone())
        } else {
            self.record.set(attribute.clone());
            0
        };
        attributes::check_size(&self.record)?;
        self.consequences(&attribute)?;
        Ok(Instance { index: Some(index), attribute })
    }

    /// Gives an instance a new value, and tells it with its index.
    pub fn modify(&mut self, which: Which<'_>, attribute: Attribute) -> OpResult<Instance> {
        let reference = AttributeReference::in_version(&attribute, self.version);
        let rule = self.rule(&reference)?;
        if rule.client_modifies == Change::No || attributes::is_servers_own(&reference) {
            return fail(Fault::ReadOnly, format!("{} cannot be modified by a client", quoted(&reference)));
        }
        let old = self.select(which, &reference)?;
        self.check_state(rule.client_modifies, &reference)?;
        attributes::check_value(&attribute, self.version)?;
        let attribute = attributes::keep_kind(&old.attribute, counting(attribute), self.version);
        self.check_transition(rule.client_modifies, &old.attribute, &attribute)?;
        self.check_distinct(&attribute, old.index)?;
        let new = Instance { index: old.index, attribute };
        let place = self.record.attributes.iter_mut().find(|instance| **instance == old);
        let place = place.ok_or_else(|| OpError::new(Fault::Internal, "the selected instance was lost"))?;
        *place = new.clone();
        attributes::check_size(&self.record)?;
        self.consequences(&new.attribute)?;
        Ok(new)
    }

    /// Deletes instances, and tells the first.
    pub fn delete(&mut self, which: Which<'_>, reference: &AttributeReference) -> OpResult<Instance> {
        let rule = self.rule(reference)?;
        if rule.client_deletes == Change::No || attributes::is_servers_own(reference) {
            return fail(Fault::ReadOnly, format!("{} cannot be deleted by a client", quoted(reference)));
        }
        let chosen = self.select(which, reference)?;
        self.check_state(rule.client_deletes, reference)?;
        self.check_unused(rule.client_deletes, &chosen.attribute)?;
        self.record.remove(reference, |instance| matches!(which, Which::All) || *instance == chosen);
        if matches!(chosen.attribute, Attribute::ProtectionLevel(_)) {
            quantum_safe::check(&self.record)?;
        }
        Ok(chosen)
    }

    fn rule(&self, reference: &AttributeReference) -> OpResult<&'static AttributeRule> {
        attributes::applicable_rule(reference, self.record.object_type, self.version)
    }

    /// Whether a client may give an existing object its first value. What the server states from the object it states
    /// when the object is made; only a template, which has no material, is still told.
    fn check_addable(&self, reference: &AttributeReference, rule: &AttributeRule) -> OpResult<()> {
        let stated = rule.set_by == SetBy::ServerAsStated && self.record.object_type != ObjectType::Template;
        if stated || !rule.client_may_set(Origin::Client) || attributes::is_servers_own(reference) {
            return fail(Fault::ReadOnly, format!("{} is set by the server", quoted(reference)));
        }
        Ok(())
    }

    /// The instance that a request means; of all instances, the first.
    fn select(&self, which: Which<'_>, reference: &AttributeReference) -> OpResult<Instance> {
        let mut instances = self.record.instances(reference);
        let name = quoted(reference);
        let Some(first) = instances.next() else {
            return fail(Fault::AttributeNotFound, format!("the object does not have {name}"));
        };
        let mut all = std::iter::once(first).chain(instances);
        let found = match which {
            Which::All => all.next(),
            Which::Index(index) => all.find(|instance| instance.index.unwrap_or(0) == index),
            Which::Value(value) => all.find(|instance| attributes::is_equal(&instance.attribute, value, self.version)),
            Which::Only if all.next().is_some() && all.next().is_none() => Some(first),
            Which::Only => {
                let message = format!("{name} has several instances: Current Attribute must say which is meant");
                return fail(Fault::AttributeInstanceNotFound, message);
            }
        };
        match found {
            Some(instance) => Ok(instance.clone()),
            None => fail(Fault::AttributeInstanceNotFound, format!("{name} has no such instance")),
        }
    }

    /// Whether the state of the object permits a change. A template has no state.
    fn check_state(&self, change: Change, reference: &AttributeReference) -> OpResult<()> {
        if self.record.object_type == ObjectType::Template {
            return Ok(());
        }
        let state = state::at(&self.record, self.now);
        let living = matches!(state, State::PreActive | State::Active);
        let ahead = |tag| self.record.date(tag).is_none_or(|date| date.0 > self.now);
        let (permitted, when) = match change {
            Change::InPreActive => (state == State::PreActive, "while the object is Pre-Active"),
            Change::UntilDeactivated => (living, "while the object is Pre-Active or Active"),
            Change::UntilProcessStart => (
                living && ahead(Tag::ProcessStartDate),
                "while the object is not deactivated, until the date is reached",
            ),
            Change::UntilProtectStop => (
                living && ahead(Tag::ProtectStopDate),
                "while the object is not deactivated, until the date is reached",
            ),
            _ => return Ok(()),
        };
        if permitted {
            return Ok(());
        }
        fail(Fault::WrongState, format!("{} changes only {when}; it is {state}", quoted(reference)))
    }

    /// Whether a value may follow another.
    fn check_transition(&self, change: Change, old: &Attribute, new: &Attribute) -> OpResult<()> {
        let fixed = match (change, old, new) {
            (Change::OnlyToTrue, Attribute::Sensitive(true), Attribute::Sensitive(false)) => "from False to True",
            (Change::OnlyToFalse, Attribute::Extractable(false), Attribute::Extractable(true)) => "from True to False",
            _ => return self.check_unused(change, old),
        };
        fail(Fault::ReadOnly, format!("{} changes only {fixed}", quoted(&AttributeReference::of(new))))
    }

    /// Whether usage has not begun: Usage Limits are fixed once the count has moved (KMIP 2.1 §4.59).
    fn check_unused(&self, change: Change, old: &Attribute) -> OpResult<()> {
        let Attribute::UsageLimits(limits) = old else { return Ok(()) };
        let used = limits.usage_limits_count.is_some_and(|count| count != limits.usage_limits_total);
        if change == Change::UntilAllocated && (self.record.allocated || used) {
            return fail(Fault::ReadOnly, "Usage Limits are fixed: the object has been used");
        }
        Ok(())
    }

    /// Whether no other instance than the one at `index` has the value. Names differ by their text: it is what finds them.
    fn check_distinct(&self, attribute: &Attribute, index: Option<i32>) -> OpResult<()> {
        let reference = AttributeReference::in_version(attribute, self.version);
        let mut others =
            self.record.instances(&reference).filter(|instance| index.is_none() || instance.index != index);
        match attribute {
            Attribute::Name(name) => {
                let same = |other: &Instance| matches!(&other.attribute, Attribute::Name(n) if n.value == name.value);
                if others.any(same) {
                    let message = "the object has this name already";
                    return fail(Fault::NameTaken, message);
                }
            }
            value if others.any(|other| other.attribute == *value) => {
                return fail(Fault::AttributeExists, format!("{} has this value already", quoted(&reference)));
            }
            _ => {}
        }
        Ok(())
    }

    /// What follows from a new value: dates must agree, and what was always or never true may no longer be.
    fn consequences(&mut self, attribute: &Attribute) -> OpResult<()> {
        match attribute {
            Attribute::Sensitive(false) if attribute_of!(self.record, AlwaysSensitive).is_some() => {
                self.record.set(Attribute::AlwaysSensitive(false));
            }
            Attribute::Extractable(true) if attribute_of!(self.record, NeverExtractable).is_some() => {
                self.record.set(Attribute::NeverExtractable(false));
            }
            Attribute::QuantumSafe(_) | Attribute::ProtectionLevel(_) => quantum_safe::check(&self.record)?,
            date if date_value(date).is_some() => attributes::check_date(&self.record, date.tag())?,
            _ => {}
        }
        Ok(())
    }
}

/// Usage Limits with their count at the total: a client gives Total and Unit only (KMIP 2.1 §4.59).
fn counting(attribute: Attribute) -> Attribute {
    match attribute {
        Attribute::UsageLimits(limits) => {
            Attribute::UsageLimits(UsageLimits { usage_limits_count: Some(limits.usage_limits_total), ..limits })
        }
        other => other,
    }
}

fn quoted(reference: &AttributeReference) -> String {
    format!("the attribute {:?}", reference.name().as_str())
}
