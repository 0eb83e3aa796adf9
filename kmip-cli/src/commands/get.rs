//! `get`: the one command that prints key material, because it was asked to.

use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyWrappingSpecification, ManagedObject,
};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::registry::{BlockCipherMode, EncodingOption, Tag, WrappingMethod};
use kmip_codec::secret::Secret;
use kmip_codec::value::ValueBy;
use kmip_codec::version::{V1_1, Version};
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::TtlvWriter;

use crate::cli::GetArgs;
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::output::Object;
use crate::target::Target;
use crate::{files, names};

/// Reads an object and prints it, or writes its bytes to a file.
pub async fn run(context: &Context, args: GetArgs) -> Done {
    let key_format_type = args.format.as_deref().map(names::value).transpose()?;
    let mut client = context.client().await?;
    let id = Target::find(&mut client, &args.target).await?.id;
    let version = client.version().unwrap_or(V1_1);
    let key_wrapping_specification = match &args.wrap_with {
        Some(target) => Some(Box::new(aes_key_wrap(&Target::find(&mut client, target).await?.id, version))),
        None => None,
    };
    let request = GetRequest {
        unique_identifier: Some(UniqueIdentifier::text(&id)),
        key_format_type,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification,
    };
    let response = client.call(request).await?;
    let (format, material) = material(&response.object, version)?;
    if let Some(path) = &args.out {
        files::write_private(path, material.expose_secret())?;
        let fields = [("id", id.into()), ("format", format.into()), ("file", path.display().to_string().into())];
        return context.output.record(&fields);
    }
    let object_type = names::xml_name(response.object_type);
    context.output.object(&Object { id: &id, object_type, format, material: &material })
}

/// Wraps the bare key bytes by RFC 3394.
fn aes_key_wrap(id: &str, version: Version) -> KeyWrappingSpecification {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
        ..CryptographicParameters::default()
    };
    KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(id),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key_information: None,
        attribute_references: Vec::new(),
        encoding_option: (version >= V1_1).then_some(EncodingOption::NoEncoding),
    }
}

/// The format and the bytes of an object. The bytes of a Transparent key are its Key Material in TTLV.
fn material(object: &ManagedObject, version: Version) -> Done<(String, Secret)> {
    match object {
        ManagedObject::Certificate(certificate) => {
            let bytes = Secret::copy_from(certificate.certificate_value.as_slice());
            Ok((names::xml_name(certificate.certificate_type), bytes))
        }
        ManagedObject::CertificateRequest(request) => {
            let bytes = Secret::copy_from(request.certificate_request_value.as_slice());
            Ok((names::xml_name(request.certificate_request_type), bytes))
        }
        ManagedObject::OpaqueObject(opaque) => {
            Ok((names::xml_name(opaque.opaque_data_type), opaque.opaque_data_value.clone()))
        }
        other => match other.key_block() {
            Some(block) => Ok((names::xml_name(block.key_format_type), key_bytes(block, version)?)),
            None => Err(CliError::Local("this kind of object has no key material".into())),
        },
    }
}

fn key_bytes(block: &KeyBlock, version: Version) -> Done<Secret> {
    match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => Ok(bytes.clone()),
        Some(KeyValue::Plain(value)) => match &value.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.clone()),
            KeyMaterial::Transparent(key) => {
                let mut counter = Counter::new(version);
                key.put_by(Tag::KeyMaterial, &mut counter);
                let mut writer = TtlvWriter::with_capacity(version, counter.bytes());
                key.put_by(Tag::KeyMaterial, &mut writer);
                Ok(Secret::from_wiped(writer.finish()))
            }
        },
        None => Err(CliError::Local("the server keeps no key value of this object".into())),
    }
}
