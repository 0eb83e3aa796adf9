//! Users that clients make (KMIP 3.0 Create User): who they are, and what they are known by.
//!
//! Such a user authenticates in the scope in which it was made: the certificate names the client and the scope, the
//! credential the user. It counts while user and credential can be used: not destroyed, archived, deactivated or compromised,
//! and not ahead of an Activation Date that was set. Without such a date an object of 2.1 is Pre-Active (§4.57), and the
//! published cases of 3.0 activate no user: Pre-Active without a date is no obstacle.

use std::sync::Arc;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::registry::{ObjectType, State, Tag};

use crate::engine::Engine;
use crate::error::OpResult;
use crate::layout;
use crate::object::{Record, attribute_of};
use crate::state;

/// A user and its credential, both of which can be used now.
pub(crate) struct MadeUser {
    /// What the user is known by.
    pub credential: Arc<Record>,
}

impl Engine {
    /// The user of this name that was made in a scope.
    pub(crate) fn made_user(&self, scope: &Text, username: &Text, now: i64) -> OpResult<Option<MadeUser>> {
        let key = layout::name(scope, &self.seal.blind(&layout::name_text(scope, username)));
        if !self.catalog.may_hold_name(&key) {
            return Ok(None);
        }
        let Some(found) = self.store.get(&key)? else { return Ok(None) };
        let id = Text::from(String::from_utf8_lossy(&found.value).into_owned());
        let user = self.usable(scope, &id, now)?.filter(|user| user.object_type == ObjectType::User);
        let Some(id) = user.as_deref().and_then(credential_link) else { return Ok(None) };
        let credential = self.usable(scope, &id, now)?.filter(|one| is_credential(one.object_type));
        Ok(credential.map(|credential| MadeUser { credential }))
    }

    fn usable(&self, scope: &Text, id: &Text, now: i64) -> OpResult<Option<Arc<Record>>> {
        let stored = self.catalog.read(self.store.as_ref(), scope, id)?;
        Ok(stored.map(|stored| Arc::clone(&stored.record)).filter(|record| counts(record, now)))
    }
}

/// Whether a user or a credential counts now.
fn counts(record: &Record, now: i64) -> bool {
    let living = match state::at(record, now) {
        State::Active => true,
        State::PreActive => record.date(Tag::ActivationDate).is_none(),
        _ => false,
    };
    living && attribute_of!(record, ArchiveDate).is_none()
}

/// The credential that a user is known by.
pub(crate) fn credential_link(user: &Record) -> Option<Text> {
    user.attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::LinkByTag(Tag::CredentialLink, UniqueIdentifier::Text(id)) => Some(id.clone()),
        _ => None,
    })
}

/// Whether objects of a type are what a user is known by. A certificate is, too.
pub(crate) fn is_credential(object_type: ObjectType) -> bool {
    kmip_codec::attribute::rules::CREDENTIALS.contains(object_type) || object_type == ObjectType::Certificate
}

/// Whether objects of a type say who acts, and hold nothing that Get gives.
pub(crate) fn is_identity(object_type: ObjectType) -> bool {
    kmip_codec::attribute::rules::CREDENTIALS.contains(object_type)
        || matches!(object_type, ObjectType::User | ObjectType::Group)
}
