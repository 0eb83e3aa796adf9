//! Identifier or name: what the user typed is tried as an identifier, then as a name.

use kmip_client::{Client, Error, attributes, is_not_found};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::registry::{ObjectType, ResultReason, State, Tag};

use crate::failure::{CliError, Done};
use crate::names;
use crate::output::printable;

/// An object that exists.
#[derive(Debug)]
pub struct Target {
    /// Identifier.
    pub id: String,
    /// First name.
    pub name: Option<String>,
    /// Object Type.
    pub object_type: Option<ObjectType>,
    /// State.
    pub state: Option<State>,
}

impl Target {
    /// Finds the object that the user means.
    pub async fn find(client: &mut Client, text: &str) -> Done<Self> {
        let refusal = match Self::describe(client, text).await {
            Ok(target) => return Ok(target),
            Err(error) if may_be_a_name(&error) => error,
            Err(error) => return Err(error.into()),
        };
        let ids = client.locate([attributes::name(text)]).await?.ids;
        match ids.as_slice() {
            [] => Err(CliError::NoSuchObject { target: text.to_owned(), refusal }),
            [id] => Ok(Self::describe(client, id).await?),
            several => Err(CliError::Usage(format!(
                "{} objects have the name {text:?}; give one of their identifiers: {}",
                several.len(),
                several.iter().map(|id| printable(id)).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Reads what people want to know of an object.
    pub async fn describe(client: &mut Client, id: &str) -> Result<Self, Error> {
        let wanted = [Tag::Name, Tag::ObjectType, Tag::State].map(AttributeReference::Tag);
        let found = client.get_attributes(id, &wanted).await?;
        let mut target = Self { id: id.to_owned(), name: None, object_type: None, state: None };
        for attribute in found.attributes() {
            match attribute {
                Attribute::Name(name) if target.name.is_none() => target.name = Some(name.value.to_string()),
                Attribute::ObjectType(object_type) => target.object_type = Some(*object_type),
                Attribute::State(state) => target.state = Some(*state),
                _ => {}
            }
        }
        Ok(target)
    }

    /// The cells of a table: identifier, name, type, state.
    pub fn cells(&self) -> Vec<String> {
        vec![
            printable(&self.id),
            self.name.as_deref().map(printable).unwrap_or_default(),
            self.object_type.map(names::name).unwrap_or_default(),
            self.state.map(names::name).unwrap_or_default(),
        ]
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.object_type.map_or_else(|| "object".to_owned(), names::name);
        write!(f, "{kind} {}", printable(&self.id))?;
        let notes = [self.name.as_deref().map(|name| format!("name {}", printable(name))), self.state.map(names::name)];
        let notes: Vec<_> = notes.into_iter().flatten().collect();
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

/// Servers answer in different words that a text is no identifier of theirs.
fn may_be_a_name(error: &Error) -> bool {
    let Error::ServerRefused { reason, .. } = error else { return false };
    is_not_found(error)
        || matches!(*reason, ResultReason::InvalidField | ResultReason::PermissionDenied | ResultReason::NotAuthorised)
}
