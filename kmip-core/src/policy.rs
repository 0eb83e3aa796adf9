//! What a scope demands of new objects: the defaults of attributes that a request leaves out, and the constraints that attributes
//! must meet (KMIP 2.1 §6.1.22, §6.1.52, §6.1.53, §7.6, §7.7, §7.11, §7.22). They hold for all clients of the scope, whichever
//! version they speak.
//!
//! The text says what the structures hold and leaves the rest to the server. Here: a default or constraint is for the object
//! types and groups that it names, or for all. A client's own value beats a default, and the first default beats later ones. A
//! constraint asks each of its attributes of an object, with one of the values that it lists; a mask must hold no other bits, a
//! Usage Limits Total must not be larger. An object that has no such attribute does not meet it.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::{ObjectGroups, ObjectTypes};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::limits::Limits;
use kmip_codec::operation::set_constraints::{Constraint, Constraints};
use kmip_codec::operation::set_defaults::{DefaultsInformation, ObjectDefaults, OneOrMoreObjectTypes};
use kmip_codec::registry::{CryptographicUsageMask, ObjectType, Tag};
use kmip_codec::value::Value;
use kmip_codec::version::V2_1;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};

use crate::batch::Context;
use crate::criteria::is_match;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{attributes, layout, registered};

/// Defaults or constraints that a scope may have.
const MOST: usize = 256;

/// What is stored of a scope's demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Set Defaults.
    Defaults,
    /// Set Constraints.
    Constraints,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Defaults, Self::Constraints];

    /// Its key in the store.
    pub fn key(self, scope: &str) -> Vec<u8> {
        layout::demand(scope, self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Defaults => "defaults",
            Self::Constraints => "constraints",
        }
    }

    /// The kind that a key in the store tells at its end.
    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

/// The demands of a scope.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Demands {
    /// Defaults, in their order.
    pub defaults: Vec<ObjectDefaults>,
    /// Constraints, all of which hold.
    pub constraints: Vec<Constraint>,
}

impl Demands {
    /// Takes in what is stored under a key that [`Kind::key`] made; tells the scope.
    pub fn owner(key: &[u8]) -> Option<(&str, Kind)> {
        let (scope, name) = layout::split(layout::DEMANDS, key)?;
        Some((scope, Kind::named(name)?))
    }

    /// Takes in what is stored, or that it is gone.
    pub fn set(&mut self, kind: Kind, value: Option<&[u8]>) -> Result<()> {
        match kind {
            Kind::Defaults => {
                let read =
                    value.map(|value| read(Tag::DefaultsInformation, value, DefaultsInformation::take)).transpose()?;
                self.defaults = read.map(|read| read.object_defaults).unwrap_or_default();
            }
            Kind::Constraints => {
                let read = value.map(|value| read(Tag::Constraints, value, Constraints::take)).transpose()?;
                self.constraints = read.map(|read| read.constraint).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// The defaults that pertain to one of some groups, or to all objects; without groups, all defaults.
    pub fn defaults_for(self, groups: Option<&ObjectGroups>) -> Vec<ObjectDefaults> {
        let pertains = |defaults: &ObjectDefaults| match (groups, &defaults.object_groups) {
            (Some(asked), Some(own)) => own.object_group.iter().any(|group| asked.object_group.contains(group)),
            _ => true,
        };
        self.defaults.into_iter().filter(pertains).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.defaults.is_empty() && self.constraints.is_empty()
    }

    /// Adds those defaults that a request leaves open and `takes` takes.
    fn fill(&self, given: &mut Vec<Attribute>, object_type: ObjectType, takes: impl Fn(&Attribute) -> bool) {
        let applies = |defaults: &&ObjectDefaults, given: &[Attribute]| {
            types_of(&defaults.object_types).contains(&object_type)
                && is_of_group(defaults.object_groups.as_ref(), given)
        };
        for defaults in &self.defaults {
            if !applies(&defaults, given) {
                continue;
            }
            let known: Vec<AttributeReference> = given.iter().map(AttributeReference::of).collect();
            let attributes = defaults.attributes.iter().flat_map(Bag::attributes).filter(|attribute| takes(attribute));
            given.extend(attributes.filter(|attribute| !known.contains(&AttributeReference::of(attribute))).cloned());
        }
    }

    fn check(&self, record: &Record) -> OpResult<()> {
        let own: Vec<Attribute> = record.attributes.iter().map(|instance| instance.attribute.clone()).collect();
        for constraint in &self.constraints {
            let types = constraint.object_types.as_ref().map(|types| types.object_type.as_slice());
            let is_of_type = types.is_none_or(|types| types.contains(&record.object_type));
            if is_of_type && is_of_group(constraint.object_groups.as_ref(), &own) {
                check_constraint(constraint, record, &own)?;
            }
        }
        Ok(())
    }
}

/// The object types of a default.
fn types_of(types: &OneOrMoreObjectTypes) -> &[ObjectType] {
    match types {
        OneOrMoreObjectTypes::One(one) => std::slice::from_ref(one),
        OneOrMoreObjectTypes::Several(ObjectTypes { object_type }) => object_type,
    }
}

/// Whether attributes put an object into one of some groups; none means any object.
fn is_of_group(groups: Option<&ObjectGroups>, attributes: &[Attribute]) -> bool {
    groups.is_none_or(|groups| {
        attributes
            .iter()
            .any(|attribute| matches!(attribute, Attribute::ObjectGroup(own) if groups.object_group.contains(own)))
    })
}

fn check_constraint(constraint: &Constraint, record: &Record, own: &[Attribute]) -> OpResult<()> {
    let wanted: Vec<&Attribute> = constraint.attributes.iter().flat_map(Bag::attributes).collect();
    for attribute in &wanted {
        let reference = AttributeReference::of(attribute);
        let values = || wanted.iter().filter(|value| AttributeReference::of(value) == reference);
        if !values().any(|value| is_met(record, own, value)) {
            let message =
                format!("the attribute {:?} does not meet a constraint of this server", reference.name().as_str());
            return fail(Fault::ConstraintViolation, message);
        }
    }
    Ok(())
}

/// Whether an object meets one value of a constraint.
fn is_met(record: &Record, own: &[Attribute], wanted: &Attribute) -> bool {
    match wanted {
        Attribute::CryptographicUsageMask(permitted) => {
            let mask =
                attribute_of!(record, CryptographicUsageMask).copied().unwrap_or(CryptographicUsageMask::default());
            permitted.contains(mask)
        }
        Attribute::UsageLimits(most) => attribute_of!(record, UsageLimits).is_some_and(|limits| {
            limits.usage_limits_unit == most.usage_limits_unit && limits.usage_limits_total <= most.usage_limits_total
        }),
        wanted => {
            let reference = AttributeReference::of(wanted);
            own.iter().any(|found| AttributeReference::of(found) == reference && is_match(found, wanted))
        }
    }
}

/// The demands of the client's scope, as this request leaves them.
pub(crate) fn current(context: &Context<'_>) -> OpResult<Demands> {
    let scope = context.txn.scope();
    let stored = context.txn.catalog().demands(scope);
    let mut demands = stored.map(|stored| stored.as_ref().clone()).unwrap_or_default();
    for kind in Kind::ALL {
        if let Some(written) = context.txn.written(&kind.key(scope)) {
            let damaged = |_| OpError::new(Fault::Internal, "what this request set cannot be read");
            demands.set(kind, written).map_err(damaged)?;
        }
    }
    Ok(demands)
}

/// Whether the scope demands nothing, as far as this request knows.
fn is_free(context: &Context<'_>) -> bool {
    let scope = context.txn.scope();
    context.txn.catalog().demands(scope).is_none() && !context.txn.writes_beside()
}

/// Adds the defaults of the scope to the attributes of a new object; if it comes as a whole, without those that it says itself.
pub(crate) fn fill(
    context: &Context<'_>,
    given: &mut Vec<Attribute>,
    object_type: ObjectType,
    comes_whole: bool,
) -> OpResult<()> {
    if !is_free(context) {
        let takes = |attribute: &Attribute| !(comes_whole && registered::is_said_by_object(attribute));
        current(context)?.fill(given, object_type, takes);
    }
    Ok(())
}

/// Adds the defaults of what an object that came as a whole has not said of itself.
pub(crate) fn fill_unsaid(context: &Context<'_>, record: &mut Record) -> OpResult<()> {
    if is_free(context) {
        return Ok(());
    }
    let mut given: Vec<Attribute> = record.attributes.iter().map(|instance| instance.attribute.clone()).collect();
    let said = given.len();
    current(context)?.fill(&mut given, record.object_type, registered::is_said_by_object);
    given.into_iter().skip(said).for_each(|attribute| record.set(attribute));
    Ok(())
}

/// Refuses a new object that does not meet the constraints of its scope.
pub(crate) fn check(context: &Context<'_>, record: &Record) -> OpResult<()> {
    if is_free(context) { Ok(()) } else { current(context)?.check(record) }
}

/// Stores defaults in place of those there are.
pub(crate) fn set_defaults(context: &mut Context<'_>, new: DefaultsInformation) -> OpResult<()> {
    check_count(new.object_defaults.len())?;
    for defaults in &new.object_defaults {
        let types = types_of(&defaults.object_types);
        if types.is_empty() {
            return fail(Fault::InvalidField, "Object Defaults name no Object Type");
        }
        check_types(context, types)?;
        check_groups(defaults.object_groups.as_ref())?;
        for attribute in defaults.attributes.iter().flat_map(Bag::attributes) {
            check_attribute(context, attribute, types, true)?;
        }
    }
    store(context, Kind::Defaults, Tag::DefaultsInformation, &new, new.object_defaults.is_empty());
    Ok(())
}

/// Stores constraints in place of those there are.
pub(crate) fn set_constraints(context: &mut Context<'_>, new: Constraints) -> OpResult<()> {
    check_count(new.constraint.len())?;
    for constraint in &new.constraint {
        let types = constraint.object_types.as_ref().map(|types| types.object_type.as_slice());
        check_types(context, types.unwrap_or_default())?;
        check_groups(constraint.object_groups.as_ref())?;
        let all = crate::ops::object_types(context.version);
        for attribute in constraint.attributes.iter().flat_map(Bag::attributes) {
            match types {
                Some(types) => check_attribute(context, attribute, types, false)?,
                None => check_for_some(context, attribute, &all)?,
            }
        }
    }
    store(context, Kind::Constraints, Tag::Constraints, &new, new.constraint.is_empty());
    Ok(())
}

fn check_count(count: usize) -> OpResult<()> {
    if count > MOST {
        return fail(Fault::InvalidField, format!("a scope has at most {MOST} defaults, and as many constraints"));
    }
    Ok(())
}

fn check_types(context: &Context<'_>, types: &[ObjectType]) -> OpResult<()> {
    let known = crate::ops::object_types(context.version);
    match types.iter().find(|kind| !known.contains(kind)) {
        Some(kind) => fail(Fault::InvalidObjectType, format!("Object Type {kind} is not recognized")),
        None => Ok(()),
    }
}

fn check_groups(groups: Option<&ObjectGroups>) -> OpResult<()> {
    match groups {
        Some(groups) if groups.object_group.is_empty() => {
            fail(Fault::InvalidField, "Object Groups name no Object Group")
        }
        _ => Ok(()),
    }
}

/// Refuses an attribute that the types do not have, or no client may set; a name is of one object.
fn check_attribute(context: &Context<'_>, attribute: &Attribute, types: &[ObjectType], sets: bool) -> OpResult<()> {
    let as_field = |error: OpError| OpError { fault: Fault::InvalidField, ..error };
    let reference = AttributeReference::of(attribute);
    let derived = matches!(attribute, Attribute::State(_) | Attribute::UniqueIdentifier(_) | Attribute::ObjectType(_));
    let name = matches!(attribute, Attribute::Name(_));
    if derived || (sets && name) {
        let message = format!("the attribute {:?} can stand in no default or constraint", reference.name().as_str());
        return fail(Fault::InvalidField, message);
    }
    attributes::check_value(attribute, context.version).map_err(as_field)?;
    for kind in types {
        let rule = attributes::applicable_rule(&reference, *kind, context.version).map_err(as_field)?;
        if sets && (!rule.client_may_set(Origin::Server) || attributes::is_servers_own(&reference)) {
            let message = format!("the attribute {:?} is set by the server", reference.name().as_str());
            return fail(Fault::InvalidField, message);
        }
    }
    Ok(())
}

/// Refuses an attribute that no type has.
fn check_for_some(context: &Context<'_>, attribute: &Attribute, types: &[ObjectType]) -> OpResult<()> {
    let mut last = Ok(());
    for kind in types {
        last = check_attribute(context, attribute, &[*kind], false);
        if last.is_ok() {
            return Ok(());
        }
    }
    last
}

fn store(context: &mut Context<'_>, kind: Kind, tag: Tag, value: &impl Value, is_empty: bool) {
    let key = kind.key(context.txn.scope());
    let mut counter = Counter::new(V2_1);
    value.put(tag, &mut counter);
    let mut writer = TtlvWriter::with_capacity(V2_1, counter.bytes());
    value.put(tag, &mut writer);
    let written = (!is_empty).then(|| std::mem::take(&mut *writer.finish()));
    context.txn.write(key, written);
}

fn read<T>(tag: Tag, bytes: &[u8], take: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
    let mut reader = TtlvReader::new(bytes, Limits::DEFAULT, Strictness::Strict);
    reader.set_version(V2_1);
    if reader.next()? != tag {
        return Err(DecodeError::new(Problem::Missing, tag));
    }
    let value = take(&mut reader)?;
    reader.finish()?;
    Ok(value)
}
