//! Put (KMIP 2.1 §6.2.3).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::ManagedObject;
use crate::registry::PutFunction;

record! {
    /// Request payload of Put (KMIP 2.1 §6.2.3).
    PutRequest "Put Request Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        put_function: PutFunction = tag(PutFunction),
        replaced_unique_identifier: Option<UniqueIdentifier> = tag(ReplacedUniqueIdentifier),
        object: ManagedObject = choice(),
        attributes: Option<Bag> = bag(Bare, Set(Attributes)),
    }
}
