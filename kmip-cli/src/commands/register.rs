//! `register`: objects that the client has.

use kmip_codec::attribute::Attribute;
use kmip_codec::object::{ManagedObject, OpaqueObject, PrivateKey, PublicKey, SecretData, SymmetricKey};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Usage, KeyFormatType, OpaqueDataType, SecretDataType,
};
use kmip_codec::secret::Secret;
use zeroize::Zeroizing;

use super::create::usual_usage;
use super::{activate_new, new_attributes, usage};
use crate::cli::{Material, NewObject, RegisterCommand};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::key_file::{self, key_block};
use crate::{files, names};

/// The extension value for opaque data of no registered type: the specification has none.
const OPAQUE_DATA: OpaqueDataType = OpaqueDataType(0x8000_0001);

/// Registers what the command describes.
pub async fn run(context: &Context, command: RegisterCommand) -> Done {
    let (object, usual, new) = read(command)?;
    let mut attributes = new_attributes(&new)?;
    if let Some(usual) = usual {
        attributes.insert(0, Attribute::CryptographicUsageMask(usage(&new, usual)?));
    } else if !new.usage.is_empty() {
        attributes.insert(0, Attribute::CryptographicUsageMask(usage(&new, Usage(0))?));
    }
    if let Some(block) = object.key_block() {
        attributes.extend(block.cryptographic_algorithm.map(Attribute::CryptographicAlgorithm));
        attributes.extend(block.cryptographic_length.map(Attribute::CryptographicLength));
    }
    let mut client = context.client().await?;
    let id = client.register(object, attributes).await?;
    activate_new(&mut client, &new, &id).await?;
    context.output.record(&[("id", id.into())])
}

/// The object, its usual usage if it needs one, and the flags.
fn read(command: RegisterCommand) -> Done<(ManagedObject, Option<Usage>, NewObject)> {
    Ok(match command {
        RegisterCommand::Key { algorithm, material, new } => {
            let algorithm = names::value(&algorithm)?;
            (symmetric_key(algorithm, &bytes(&material)?)?, Some(usual_usage(algorithm)), new)
        }
        RegisterCommand::Secret { kind, material, new } => {
            let secret = SecretData {
                secret_data_type: names::value::<SecretDataType>(&kind)?,
                key_block: key_block(KeyFormatType::Opaque, Secret::copy_from(&bytes(&material)?), None),
            };
            (ManagedObject::SecretData(Box::new(secret)), Some(Usage(0)), new)
        }
        RegisterCommand::Certificate { material, new } => {
            let certificate = key_file::certificate(&bytes(&material)?)?;
            (ManagedObject::Certificate(Box::new(certificate)), Some(Usage::Verify), new)
        }
        RegisterCommand::PrivateKey { material, new } => {
            let key = PrivateKey { key_block: key_file::private_key(&bytes(&material)?)? };
            (ManagedObject::PrivateKey(Box::new(key)), Some(Usage::Sign), new)
        }
        RegisterCommand::PublicKey { material, new } => {
            let key = PublicKey { key_block: key_file::public_key(&bytes(&material)?)? };
            (ManagedObject::PublicKey(Box::new(key)), Some(Usage::Verify), new)
        }
        RegisterCommand::Opaque { material, new } => {
            let opaque_data_value = Secret::copy_from(&bytes(&material)?);
            let object = OpaqueObject { opaque_data_type: OPAQUE_DATA, opaque_data_value };
            (ManagedObject::OpaqueObject(Box::new(object)), None, new)
        }
    })
}

fn symmetric_key(algorithm: CryptographicAlgorithm, bytes: &[u8]) -> Done<ManagedObject> {
    let bits = bytes.len().checked_mul(8).and_then(|bits| i32::try_from(bits).ok()).filter(|bits| *bits > 0);
    let bits = bits.ok_or_else(|| CliError::usage("the key is empty or too long"))?;
    // Parity bits of 3DES are in the bytes but not in the length.
    let length = if algorithm == CryptographicAlgorithm::DES3 { bits / 8 * 7 } else { bits };
    let block = key_block(KeyFormatType::Raw, Secret::copy_from(bytes), Some((algorithm, length)));
    Ok(ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: block })))
}

fn bytes(material: &Material) -> Done<Zeroizing<Vec<u8>>> {
    match (&material.file, &material.hex) {
        (Some(file), _) => files::read(file),
        (None, Some(digits)) => {
            let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
            // The error is not shown: it could quote a digit of a key.
            hex::decode_to_slice(digits, &mut bytes)
                .map_err(|_| CliError::usage("--hex: expected an even number of hexadecimal digits"))?;
            Ok(bytes)
        }
        (None, None) => Err(CliError::usage("give --file or --hex")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_3des_key_leaves_its_parity_out() {
        let length = |algorithm, bytes: &[u8]| {
            symmetric_key(algorithm, bytes).unwrap().key_block().unwrap().cryptographic_length
        };
        assert_eq!(length(CryptographicAlgorithm::DES3, &[1; 24]), Some(168));
        assert_eq!(length(CryptographicAlgorithm::AES, &[1; 32]), Some(256));
        assert!(symmetric_key(CryptographicAlgorithm::AES, &[]).is_err());
    }

    #[test]
    fn bad_hexadecimal_is_refused_without_being_shown() {
        let error = bytes(&Material { file: None, hex: Some("00ffzz".into()) }).unwrap_err();
        assert!(!error.to_string().contains('z'), "{error}");
        assert!(bytes(&Material { file: None, hex: Some("0".into()) }).is_err());
        assert_eq!(*bytes(&Material { file: None, hex: Some("00ff".into()) }).unwrap(), [0, 255]);
    }
}
