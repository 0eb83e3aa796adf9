//! Where the material of a new key is kept: sealed in the store, or in the vault's hardware (KMIP 2.1 §4.44, §7.27).
//!
//! A key becomes resident if its client asks for Hardware storage only, or forbids its extraction, or the configuration says
//! so, and if the vault keeps keys of its kind. What the vault cannot keep is refused where Hardware was asked for, else it is
//! enveloped. A client that asks for Software storage only gets that.

use kmip_codec::attribute::values::ProtectionStorageMasks;
use kmip_codec::object::{KeyValue, ManagedObject};
use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, ProtectionStorageMask as Mask};

use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::env::Custody;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::ports::resident::{Residence, ResidentKind};
use crate::ports::vault::{KeySpec, KeyVault, VaultError};
use crate::{formats, ops};

/// The storage that this server offers: in software always, in hardware where its vault keeps AES keys.
pub(crate) fn offered(vault: &dyn KeyVault) -> Vec<Mask> {
    let hardware = vault.may_reside(ResidentKind::Aes { bits: 256 }).is_ok();
    std::iter::once(Mask::Software).chain(hardware.then_some(Mask::Hardware)).collect()
}

/// Which storage a request permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permitted {
    software: bool,
    hardware: bool,
}

/// What a request permits. Each mask is one permissible selection; without any, the server chooses.
pub(crate) fn permitted(masks: Option<&ProtectionStorageMasks>) -> OpResult<Permitted> {
    let Some(masks) = masks.map(|masks| &masks.protection_storage_mask).filter(|masks| !masks.is_empty()) else {
        return Ok(Permitted { software: true, hardware: true });
    };
    let some_is_within = |offered: Mask| masks.iter().any(|mask| offered.contains(*mask));
    let permitted = Permitted {
        software: some_is_within(Mask::Software | Mask::OnSystem),
        hardware: some_is_within(Mask::Hardware),
    };
    if permitted.software || permitted.hardware {
        return Ok(permitted);
    }
    fail(
        Fault::ProtectionStorage,
        "this server offers Software and, where its vault has it, Hardware protection storage",
    )
}

/// What a request permits for the replacement of a key: without masks, a key in hardware is replaced by one in hardware.
pub(crate) fn permitted_for_replacement(
    masks: Option<&ProtectionStorageMasks>,
    existing: &Record,
) -> OpResult<Permitted> {
    let asks = masks.is_some_and(|masks| !masks.protection_storage_mask.is_empty());
    match attribute_of!(existing, ProtectionStorageMask) {
        Some(mask) if !asks && *mask == Mask::Hardware => Ok(Permitted { software: false, hardware: true }),
        _ => permitted(masks),
    }
}

/// Refuses a request for an object that only software can hold, such as a public key.
pub(crate) fn in_software(permitted: Permitted) -> OpResult<()> {
    if permitted.software {
        return Ok(());
    }
    fail(Fault::ProtectionStorage, "this server keeps objects of this kind in Software protection storage")
}

/// Whether software may keep a key that hardware refuses.
pub(crate) fn may_be_in_software(permitted: Permitted) -> bool {
    permitted.software
}

/// How a key that has its attributes is to be kept; `None` means enveloped. `kind` is `None` for keys that no hardware keeps.
pub(crate) fn decide(
    context: &Context<'_>,
    record: &Record,
    permitted: Permitted,
    kind: Option<ResidentKind>,
) -> OpResult<Option<Residence>> {
    let extractable = attribute_of!(record, Extractable).copied().unwrap_or(true);
    let sensitive = attribute_of!(record, Sensitive).copied().unwrap_or(false);
    let wanted = asks_for_hardware(record, permitted) || context.engine.config.custody == Custody::Resident;
    if !wanted || !permitted.hardware {
        return Ok(None);
    }
    let refusal = match kind {
        Some(kind) => match context.engine.vault.may_reside(kind) {
            Ok(()) => return Ok(Some(Residence { kind, sensitive, extractable })),
            Err(VaultError::Unsupported(what)) => format!("the key vault does not keep {what}"),
            Err(error) => return Err(error.into()),
        },
        None => "no hardware of this server keeps keys of this kind".to_owned(),
    };
    if permitted.software { Ok(None) } else { fail(Fault::ProtectionStorage, refusal) }
}

/// The kind of a key that a client registers in the clear.
///
/// Clients authenticate with AES keys by HMAC, too, which devices do with keys made for HMAC only. An AES key that may be
/// meant for that goes into hardware only if its client asks for it.
pub(crate) fn registered_kind(record: &Record, object: &ManagedObject, permitted: Permitted) -> Option<ResidentKind> {
    let block = object.key_block()?;
    if !matches!(block.key_value, Some(KeyValue::Plain(_))) || block.key_wrapping_data.is_some() {
        return None;
    }
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied()?;
    let bits = u32::try_from(*attribute_of!(record, CryptographicLength)?).ok()?;
    match object {
        ManagedObject::SymmetricKey(_) => {
            let kind = symmetric_kind(algorithm, KeySpec::Symmetric { bits });
            kind.filter(|kind| {
                let is_aes = matches!(kind, ResidentKind::Aes { .. });
                !(is_aes && may_need_hmac(record)) || asks_for_hardware(record, permitted)
            })
        }
        ManagedObject::PrivateKey(_) if algorithm == CryptographicAlgorithm::RSA => Some(ResidentKind::Rsa { bits }),
        ManagedObject::PrivateKey(_) if formats::is_elliptic(algorithm) => {
            let curve = formats::inspect(object).ok()?.curve.and_then(ops::curve_named)?;
            Some(ResidentKind::Ec { curve })
        }
        _ => None,
    }
}

fn may_need_hmac(record: &Record) -> bool {
    use CryptographicUsageMask as Mask;
    usage_mask(record).intersects(Mask::MACGenerate | Mask::MACVerify | Mask::DeriveKey)
}

/// Whether a client asks for hardware itself: by the storage that it permits, or because the key must not leave.
fn asks_for_hardware(record: &Record, permitted: Permitted) -> bool {
    !permitted.software || attribute_of!(record, Extractable) == Some(&false)
}

/// The kind of a symmetric key.
pub(crate) fn symmetric_kind(algorithm: CryptographicAlgorithm, spec: KeySpec) -> Option<ResidentKind> {
    use CryptographicAlgorithm as A;
    match (algorithm, spec) {
        (A::AES, KeySpec::Symmetric { bits }) => Some(ResidentKind::Aes { bits }),
        (
            A::HMAC_SHA1 | A::HMAC_SHA224 | A::HMAC_SHA256 | A::HMAC_SHA384 | A::HMAC_SHA512,
            KeySpec::Symmetric { bits },
        ) => Some(ResidentKind::Hmac { bits }),
        _ => None,
    }
}

/// The kind of the private key of a pair.
pub(crate) fn pair_kind(spec: KeySpec) -> Option<ResidentKind> {
    match spec {
        KeySpec::Rsa { bits } => Some(ResidentKind::Rsa { bits }),
        KeySpec::Ec { curve } => Some(ResidentKind::Ec { curve }),
        KeySpec::Symmetric { .. } | KeySpec::TripleDes { .. } | KeySpec::PostQuantum { .. } => None,
    }
}
