//! Key material between messages and the vault: taken out of an object and sealed when it comes in, opened and put back
//! when it goes out.

use std::borrow::Cow;

use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::ValueBy;
use kmip_codec::version::V2_1;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Material, MaterialKind, Record, attribute_of};
use crate::ports::resident::Residence;
use crate::ports::vault::{Binding, KeyVault};
use crate::{archive, formats, make};

/// What a record's material is bound to.
pub(crate) struct Bound<'a> {
    scope: Cow<'a, str>,
    id: &'a Text,
    spec: [u8; 8],
}

impl<'a> Bound<'a> {
    pub fn of(record: &'a Record) -> Self {
        let archived = record.material.as_ref().is_some_and(|material| material.archived);
        let scope = if archived { archive::scope_of(&record.scope).into() } else { record.scope.as_str().into() };
        Self { scope, id: &record.id, spec: record.spec() }
    }

    pub fn binding(&self) -> Binding<'_> {
        Binding { scope: &self.scope, id: self.id, spec: &self.spec }
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
            Some(Material { kind, sealed, archived: false })
        }
    };
    Ok(())
}

/// Gives a record its object, whose material goes into hardware, to stay there. What the hardware cannot hold comes back.
pub(crate) fn store_in_hardware(
    context: &mut Context<'_>,
    record: &mut Record,
    mut object: ManagedObject,
    residence: Residence,
) -> OpResult<Result<(), (ManagedObject, OpError)>> {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let secret = match native(&object, algorithm) {
        Ok(secret) => secret,
        Err(error) => return Ok(Err((object, error))),
    };
    // What the material is bound to follows from the object.
    record.object = Some(object.clone());
    let sealed = match make::import(context, record, &secret, residence) {
        Ok(sealed) => sealed,
        Err(error) if error.fault == Fault::ProtectionStorage => return Ok(Err((object, error))),
        Err(error) => return Err(error),
    };
    // The clear copy is wiped here.
    drop(take_out(&mut object));
    record.object = Some(object);
    store_generated(record, sealed);
    Ok(Ok(()))
}

/// The material of an object that is not wrapped, in the form in which the vault takes it.
fn native(object: &ManagedObject, algorithm: Option<CryptographicAlgorithm>) -> OpResult<Secret> {
    let object_type = object.object_type();
    match object.key_block().map(|block| (block.key_format_type, &block.key_value)) {
        Some((format, Some(KeyValue::Plain(value)))) => {
            match formats::convert(object_type, format, &value.key_material, native_format(object_type), algorithm)? {
                KeyMaterial::Bytes(bytes) => Ok(bytes),
                KeyMaterial::Transparent(_) => fail(Fault::KeyFormat, "the key has no form in bytes"),
            }
        }
        _ => fail(Fault::KeyValueMissing, "the object has no key value in the clear"),
    }
}

/// The format in which the vault takes keys of a type.
pub(crate) fn native_format(object_type: ObjectType) -> KeyFormatType {
    match object_type {
        ObjectType::PrivateKey => KeyFormatType::PKCS_8,
        ObjectType::PublicKey => KeyFormatType::X_509,
        _ => KeyFormatType::Raw,
    }
}

/// Gives a record an object whose material the vault has just generated and sealed for it.
pub(crate) fn store_generated(record: &mut Record, sealed: crate::ports::vault::Sealed) {
    record.material = Some(Material { kind: MaterialKind::Bytes, sealed, archived: false });
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
    let resides = vault.resides(&material.sealed);
    if let ManagedObject::OpaqueObject(opaque) = &mut object {
        opaque.opaque_data_value = secret;
        return Ok(object);
    }
    if let Some(block) = object.key_block_mut() {
        if material.kind == MaterialKind::Wrapped {
            block.key_value = Some(KeyValue::Wrapped(secret));
            return Ok(object);
        }
        let (object_type, format) = (record.object_type, block.key_format_type);
        let key_material = match resides {
            // Hardware has one form for each kind of key.
            true => {
                let (bytes, algorithm) = (KeyMaterial::Bytes(secret), attribute_of!(record, CryptographicAlgorithm));
                formats::convert(object_type, native_format(object_type), &bytes, format, algorithm.copied())?
            }
            false => read_material(material.kind, secret, format)?,
        };
        put_back(block, key_material);
    }
    Ok(object)
}

fn put_back(block: &mut KeyBlock, key_material: KeyMaterial) {
    let attributes = match block.key_value.take() {
        Some(KeyValue::Plain(structure)) => structure.attributes,
        _ => None,
    };
    block.key_value = Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes })));
}

/// Key material of its opened bytes.
pub(crate) fn read_material(kind: MaterialKind, secret: Secret, format: KeyFormatType) -> OpResult<KeyMaterial> {
    match kind {
        MaterialKind::Transparent => decode_material(&secret, format),
        MaterialKind::Bytes | MaterialKind::Opaque | MaterialKind::Wrapped | MaterialKind::Credential => {
            Ok(KeyMaterial::Bytes(secret))
        }
    }
}
