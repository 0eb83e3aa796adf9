//! Key material between messages and the vault: taken out of an object and sealed when it comes in, opened and put back
//! when it goes out.

use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject};
use kmip_codec::registry::{KeyFormatType, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::ValueBy;
use kmip_codec::version::V2_1;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};

use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Material, MaterialKind, Record};
use crate::ports::vault::{Binding, KeyVault};

/// What a record's material is bound to.
pub(crate) struct Bound<'a> {
    scope: &'a Text,
    id: &'a Text,
    spec: [u8; 8],
}

impl<'a> Bound<'a> {
    pub fn of(record: &'a Record) -> Self {
        Self { scope: &record.scope, id: &record.id, spec: record.spec() }
    }

    pub fn binding(&self) -> Binding<'_> {
        Binding { scope: self.scope, id: self.id, spec: &self.spec }
    }
}

/// Gives a record its object: the material is sealed, the rest stays readable.
pub(crate) fn store(vault: &dyn KeyVault, record: &mut Record, mut object: ManagedObject) -> OpResult<()> {
    let taken = take_out(&mut object);
    record.object = Some(object);
    record.material = match taken {
        None => None,
        Some((kind, secret)) => {
            let sealed = vault.seal(&secret, Bound::of(record).binding())?;
            Some(Material { kind, sealed })
        }
    };
    Ok(())
}

/// Gives a record an object whose material the vault has just generated and sealed for it.
pub(crate) fn store_generated(record: &mut Record, sealed: crate::ports::vault::Sealed) {
    record.material = Some(Material { kind: MaterialKind::Bytes, sealed });
}

/// Takes the material out of an object.
fn take_out(object: &mut ManagedObject) -> Option<(MaterialKind, Secret)> {
    if let ManagedObject::OpaqueObject(opaque) = object {
        let value = std::mem::replace(&mut opaque.opaque_data_value, Secret::copy_from(&[]));
        return Some((MaterialKind::Opaque, value));
    }
    let block = object.key_block_mut()?;
    match block.key_value.take()? {
        KeyValue::Wrapped(bytes) => Some((MaterialKind::Wrapped, bytes)),
        KeyValue::Plain(structure) => {
            let KeyValueStructure { key_material, attributes } = *structure;
            if attributes.is_some() {
                let key_material = KeyMaterial::Bytes(Secret::copy_from(&[]));
                block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes })));
            }
            Some(match key_material {
                KeyMaterial::Bytes(bytes) => (MaterialKind::Bytes, bytes),
                transparent => (MaterialKind::Transparent, encode_material(&transparent)),
            })
        }
    }
}

/// A transparent key as TTLV.
fn encode_material(material: &KeyMaterial) -> Secret {
    let mut counter = Counter::new(V2_1);
    material.put_by(Tag::KeyMaterial, &mut counter);
    let mut writer = TtlvWriter::with_capacity(V2_1, counter.bytes());
    material.put_by(Tag::KeyMaterial, &mut writer);
    Secret::from_wiped(writer.finish())
}

fn decode_material(bytes: &Secret, format: KeyFormatType) -> OpResult<KeyMaterial> {
    let damaged = |_| OpError::new(Fault::Internal, "stored key material cannot be read");
    let mut reader = TtlvReader::new(bytes.expose_secret(), Limits::DEFAULT, Strictness::Strict);
    reader.set_version(V2_1);
    reader.next().map_err(damaged)?;
    KeyMaterial::take_by(format, &mut reader).map_err(damaged)
}

/// The object of a record, with its material.
pub(crate) fn load(vault: &dyn KeyVault, record: &Record) -> OpResult<ManagedObject> {
    let Some(object) = &record.object else {
        return fail(Fault::KeyValueMissing, "the server has only attributes of this object");
    };
    let mut object = object.clone();
    let Some(material) = &record.material else { return Ok(object) };
    let secret = vault.open(&material.sealed, Bound::of(record).binding())?;
    if let ManagedObject::OpaqueObject(opaque) = &mut object {
        opaque.opaque_data_value = secret;
        return Ok(object);
    }
    if let Some(block) = object.key_block_mut() {
        put_back(block, material.kind, secret)?;
    }
    Ok(object)
}

fn put_back(block: &mut KeyBlock, kind: MaterialKind, secret: Secret) -> OpResult<()> {
    if kind == MaterialKind::Wrapped {
        block.key_value = Some(KeyValue::Wrapped(secret));
        return Ok(());
    }
    let key_material = read_material(kind, secret, block.key_format_type)?;
    let attributes = match block.key_value.take() {
        Some(KeyValue::Plain(structure)) => structure.attributes,
        _ => None,
    };
    block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes })));
    Ok(())
}

/// Key material of its opened bytes.
pub(crate) fn read_material(kind: MaterialKind, secret: Secret, format: KeyFormatType) -> OpResult<KeyMaterial> {
    match kind {
        MaterialKind::Transparent => decode_material(&secret, format),
        MaterialKind::Bytes | MaterialKind::Opaque | MaterialKind::Wrapped => Ok(KeyMaterial::Bytes(secret)),
    }
}
