//! Archival storage (KMIP 1.4 §4.22, §4.23; KMIP 2.1 §4.5, §6.1.4, §6.1.42). The material of an archived object is sealed by
//! the key of its scope's archive: whoever has the keys that serve the scope's other objects opens none of it.
//!
//! That key is one more scope key, under a name that no scope of clients has, so that it is made, stored, checked and renewed as
//! those are. A key that stays in hardware stays there: its material was never under a key of the scope.

use kmip_codec::inline::Text;

use crate::batch::Context;
use crate::error::{OpError, OpResult};
use crate::material::Bound;
use crate::object::{Material, Record};

/// The name under which the key of a scope's archive stands. Names of clients hold no control character.
pub(crate) fn scope_of(scope: &str) -> String {
    format!("{scope}\u{1}archive")
}

/// Seals the material of an object under the archive's key. Without one the request comes again once there is one.
pub(crate) fn put_away(context: &Context<'_>, record: &mut Record) -> OpResult<()> {
    if !is_sealed(context, record) {
        return Ok(());
    }
    let archive = Text::from(scope_of(&record.scope));
    if !context.engine.catalog.has_scope_key(&archive) {
        return Err(OpError::needs_archive_key());
    }
    seal_anew(context, record, true)
}

/// Seals the material of an object under the key of its scope again.
pub(crate) fn bring_back(context: &Context<'_>, record: &mut Record) -> OpResult<()> {
    if is_sealed(context, record) { seal_anew(context, record, false) } else { Ok(()) }
}

/// Whether there is material that is in the store, sealed.
fn is_sealed(context: &Context<'_>, record: &Record) -> bool {
    record.material.as_ref().is_some_and(|material| !context.engine.vault.resides(&material.sealed))
}

fn seal_anew(context: &Context<'_>, record: &mut Record, archived: bool) -> OpResult<()> {
    let vault = context.engine.vault.as_ref();
    let Some(Material { kind, sealed, archived: was_archived }) = record.material.clone() else { return Ok(()) };
    if was_archived == archived {
        return Ok(());
    }
    let secret = vault.open(&sealed, Bound::of(record).binding())?;
    record.material = Some(Material { kind, sealed, archived });
    let sealed = vault.seal(&secret, Bound::of(record).binding())?;
    record.material = Some(Material { kind, sealed, archived });
    Ok(())
}
