//! What a registered object says about itself: attributes that the key block, the key material or the certificate give.

use kmip_codec::attribute::values::{Link, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SplitKey};
use kmip_codec::registry::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, KeyFormatType, LinkType, ObjectType,
    SplitKeyMethod, SplitKeyPolynomial,
};
use kmip_codec::version::{V2_0, V3_0, Version};

use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{containers, formats, policy, wrapping, x509};

/// Sets the attributes that follow from the object, and refuses a request that contradicts it, or an object that says more than
/// a record holds.
pub(crate) fn describe(context: &mut Context<'_>, record: &mut Record, object: &ManagedObject) -> OpResult<()> {
    describe_object(context, record, object)?;
    policy::fill_unsaid(context, record)?;
    attributes::check_size(record)
}

fn describe_object(context: &mut Context<'_>, record: &mut Record, object: &ManagedObject) -> OpResult<()> {
    match object {
        ManagedObject::Certificate(certificate) => {
            record.set(Attribute::CertificateType(certificate.certificate_type));
            let length = i32::try_from(certificate.certificate_value.as_slice().len()).unwrap_or(i32::MAX);
            state(record, Attribute::CertificateLength(length))?;
            record.set(Attribute::KeyFormatType(KeyFormatType::X_509));
            if certificate.certificate_type == CertificateType::X_509 {
                describe_certificate(record, certificate.certificate_value.as_slice())?;
            }
        }
        ManagedObject::OpaqueObject(opaque) => {
            record.set(Attribute::OpaqueDataType(opaque.opaque_data_type));
            record.set(Attribute::KeyFormatType(KeyFormatType::Opaque));
        }
        ManagedObject::CertificateRequest(request) => {
            // Invalid Field is in the tables of Register and Import (KMIP 2.1 §6.1.43.1, §6.1.25.1), Invalid CSR is not.
            x509::request::check_form(request.certificate_request_type, request.certificate_request_value.as_slice())
                .map_err(|error| OpError::new(Fault::InvalidField, error.to_string()))?;
            if request.certificate_request_type == CertificateRequestType::PKCS_10 {
                record.set(Attribute::KeyFormatType(KeyFormatType::PKCS_10));
            }
        }
        other => {
            if let ManagedObject::SplitKey(split_key) = other {
                describe_split(record, split_key, context.version)?;
            }
            if let Some(block) = other.key_block() {
                describe_key(context, record, other, block)?;
            }
        }
    }
    Ok(())
}

/// Whether an attribute is one that a certificate gives its object.
pub(crate) fn is_said_by_certificate(attribute: &Attribute) -> bool {
    matches!(
        attribute,
        Attribute::CertificateType(_)
            | Attribute::CertificateLength(_)
            | Attribute::CertificateIdentifier(_)
            | Attribute::CertificateIssuer(_)
            | Attribute::CertificateSubject(_)
            | Attribute::X509CertificateIdentifier(_)
            | Attribute::X509CertificateIssuer(_)
            | Attribute::X509CertificateSubject(_)
            | Attribute::DigitalSignatureAlgorithm(_)
            | Attribute::CryptographicAlgorithm(_)
            | Attribute::CryptographicLength(_)
            | Attribute::KeyFormatType(_)
    ) || matches!(attribute.tag().name(), Some(name) if name.starts_with("Certificate Subject ") || name.starts_with("Certificate Issuer "))
}

/// Whether an attribute is one that an object that comes as a whole may give itself.
pub(crate) fn is_said_by_object(attribute: &Attribute) -> bool {
    is_said_by_certificate(attribute)
        || matches!(
            attribute,
            Attribute::OpaqueDataType(_)
                | Attribute::SplitKeyParts(_)
                | Attribute::KeyPartIdentifier(_)
                | Attribute::SplitKeyThreshold(_)
                | Attribute::SplitKeyMethod(_)
                | Attribute::SplitKeyPolynomial(_)
        )
}

/// Sets what a split key says of itself: attributes from 3.0 on, and the polynomial of its field for whoever joins it.
pub(crate) fn describe_split(record: &mut Record, split_key: &SplitKey, version: Version) -> OpResult<()> {
    let SplitKey { split_key_parts, key_part_identifier, split_key_threshold, split_key_method, .. } = split_key;
    let is_part = (1..=*split_key_parts).contains(key_part_identifier);
    if !is_part || !(1..=*split_key_parts).contains(split_key_threshold) {
        let message = "Key Part Identifier and Split Key Threshold are numbers from 1 to Split Key Parts";
        return fail(Fault::InvalidField, message);
    }
    let is_prime = *split_key_method == SplitKeyMethod::PolynomialSharingPrimeField;
    if is_prime != split_key.prime_field_size.is_some() {
        return fail(
            Fault::InvalidField,
            "Prime Field Size belongs to Polynomial Sharing Prime Field, and to no other",
        );
    }
    state(record, Attribute::SplitKeyParts(*split_key_parts))?;
    state(record, Attribute::KeyPartIdentifier(*key_part_identifier))?;
    state(record, Attribute::SplitKeyThreshold(*split_key_threshold))?;
    state(record, Attribute::SplitKeyMethod(*split_key_method))?;
    let binary = [SplitKeyMethod::PolynomialSharingGF2_8, SplitKeyMethod::PolynomialSharingGF2_16];
    if binary.contains(split_key_method) && attribute_of!(record, SplitKeyPolynomial).is_none() {
        record.set(Attribute::SplitKeyPolynomial(polynomial(version)));
    }
    Ok(())
}

/// The polynomial of GF(2^8) in a version: 283 in 1.x, 285 from 2.0 (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1).
pub(crate) fn polynomial(version: Version) -> SplitKeyPolynomial {
    if version < V2_0 { SplitKeyPolynomial::Polynomial_283 } else { SplitKeyPolynomial::Polynomial_285 }
}

/// The polynomial by which a part was made, or that of the version if it does not say.
pub(crate) fn polynomial_of(record: &Record, version: Version) -> SplitKeyPolynomial {
    attribute_of!(record, SplitKeyPolynomial).copied().unwrap_or(polynomial(version))
}

fn describe_certificate(record: &mut Record, der: &[u8]) -> OpResult<()> {
    for attribute in formats::certificate_attributes(der)? {
        let several = matches!(attribute.tag().name(), Some(name) if name.starts_with("Certificate Subject ") || name.starts_with("Certificate Issuer "));
        if several && record.attributes.iter().any(|known| known.attribute == attribute) {
            continue;
        }
        if several && !matches!(attribute, Attribute::CertificateSubject(_) | Attribute::CertificateIssuer(_)) {
            record.add(attribute);
        } else {
            state(record, attribute)?;
        }
    }
    Ok(())
}

fn describe_key(
    context: &mut Context<'_>,
    record: &mut Record,
    object: &ManagedObject,
    block: &KeyBlock,
) -> OpResult<()> {
    record.set(Attribute::KeyFormatType(block.key_format_type));
    if formats::is_slow(block) {
        context.txn.long_work()?;
    }
    if block.key_format_type == KeyFormatType::PKCS_12 {
        if record.object_type != ObjectType::PrivateKey {
            return fail(Fault::InvalidField, "only a private key is registered in a PKCS#12 container");
        }
        containers::linked_password(context, record)?;
    }
    let asked_algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let asked_length = attribute_of!(record, CryptographicLength).copied();
    if let Some(algorithm) = block.cryptographic_algorithm {
        state(record, Attribute::CryptographicAlgorithm(algorithm))?;
    }
    if let Some(length) = block.cryptographic_length {
        state(record, Attribute::CryptographicLength(length))?;
    }
    let algorithm = block.cryptographic_algorithm.or(asked_algorithm);
    if record.object_type == ObjectType::SymmetricKey && algorithm.is_some_and(formats::is_asymmetric) {
        return fail(Fault::InvalidField, "the Cryptographic Algorithm is not one of symmetric keys");
    }
    if record.object_type != ObjectType::SecretData {
        let found = inspect(context, record, object, block)?;
        found.check(algorithm, block.cryptographic_length.or(asked_length))?;
        let named = |algorithm: &CryptographicAlgorithm| {
            attributes::is_live(formats::algorithm_in_version(*algorithm, context.version), context.version)
        };
        complete(record, found.algorithm.filter(named), found.length_bits)?;
    } else if let Some(KeyValue::Plain(value)) = &block.key_value
        && let KeyMaterial::Bytes(secret) = &value.key_material
    {
        // From 2.0 all but Opaque Objects have a length (KMIP 2.1 §4.15).
        complete(record, None, i32::try_from(secret.len().saturating_mul(8)).ok())?;
    }
    if let Some(data) = &block.key_wrapping_data {
        wrapping::check_registered(block, data)?;
        link_wrapping_key(context, record, data)?;
    }
    Ok(())
}

/// What the key material tells; a PKCS#12 container is opened for that. One that is protected in a way that the vault does not
/// know is kept as it came.
fn inspect(
    context: &mut Context<'_>,
    record: &mut Record,
    object: &ManagedObject,
    block: &KeyBlock,
) -> OpResult<formats::Inspected> {
    if block.key_format_type != KeyFormatType::PKCS_12 {
        return Ok(formats::inspect(object)?);
    }
    let Some(KeyValue::Plain(value)) = block.key_value.as_ref().filter(|_| block.key_wrapping_data.is_none()) else {
        return Ok(formats::Inspected::default());
    };
    let KeyMaterial::Bytes(container) = &value.key_material else {
        return fail(Fault::InvalidField, "the Key Material must be a Byte String in this Key Format Type");
    };
    let Some(opened) = containers::open_registered(context, record, container)? else {
        return Ok(formats::Inspected::default());
    };
    let (kind, format) = (record.object_type, KeyFormatType::PKCS_8);
    Ok(formats::inspect_material(kind, format, &KeyMaterial::Bytes(opened.key), block.cryptographic_algorithm)?)
}

/// Fills in what the material tells, as far as the client's version has a name for it; a key needs an algorithm and a length
/// from somewhere (KMIP 1.4 table 171).
fn complete(record: &mut Record, algorithm: Option<CryptographicAlgorithm>, length: Option<i32>) -> OpResult<()> {
    if let (None, Some(algorithm)) = (attribute_of!(record, CryptographicAlgorithm), algorithm) {
        record.set(Attribute::CryptographicAlgorithm(algorithm));
    }
    if let (None, Some(length)) = (attribute_of!(record, CryptographicLength), length) {
        record.set(Attribute::CryptographicLength(length));
    }
    Ok(())
}

/// A registered wrapped key is linked to the wrapping key if the server holds it (KMIP 2.1 §4.31).
fn link_wrapping_key(
    context: &mut Context<'_>,
    record: &mut Record,
    data: &kmip_codec::object::KeyWrappingData,
) -> OpResult<()> {
    let Some(information) = &data.encryption_key_information else { return Ok(()) };
    let Ok(id) = context.resolve(Some(&information.unique_identifier)) else { return Ok(()) };
    if context.txn.find_view(&id)?.is_some() {
        let linked_object_identifier = UniqueIdentifier::Text(id);
        let link = Attribute::Link(Link { link_type: LinkType::WrappingKeyLink, linked_object_identifier });
        if !record.attributes.iter().any(|known| known.attribute == link) {
            record.add(link);
        }
    }
    Ok(())
}

/// Puts identifiers in place of the references that 3.0 has inside an object: what is stored is the same for every version.
/// A reference to what is not on this server stays as a text.
pub(crate) fn settle(context: &mut Context<'_>, record: &mut Record) -> OpResult<()> {
    if context.version < V3_0 {
        return Ok(());
    }
    let Some(block) = record.object.as_mut().and_then(ManagedObject::key_block_mut) else { return Ok(()) };
    if let Some(KeyValue::Plain(value)) = &mut block.key_value
        && let Some(bag) = &mut value.attributes
    {
        for instance in &mut bag.items {
            match &mut instance.attribute {
                Attribute::Link(link) => settle_one(context, &mut link.linked_object_identifier)?,
                Attribute::LinkByTag(_, target) => settle_one(context, target)?,
                _ => {}
            }
        }
    }
    let Some(data) = &mut block.key_wrapping_data else { return Ok(()) };
    let encryption = data.encryption_key_information.iter_mut().map(|information| &mut information.unique_identifier);
    let code = data.mac_signature_key_information.iter_mut().flat_map(|information| &mut information.unique_identifier);
    encryption.chain(code).try_for_each(|id| settle_one(context, id))
}

fn settle_one(context: &mut Context<'_>, id: &mut UniqueIdentifier) -> OpResult<()> {
    let settled = match (&*id, context.resolve(Some(id))) {
        (_, Ok(found)) => found,
        (UniqueIdentifier::NameReference(name), Err(error)) if error.fault == Fault::ObjectNotFound => name.clone(),
        (_, Err(error)) => return Err(error),
    };
    *id = UniqueIdentifier::Text(settled);
    Ok(())
}

/// Sets an attribute that the object gives; a request that says otherwise is refused.
fn state(record: &mut Record, said: Attribute) -> OpResult<()> {
    let reference = AttributeReference::of(&said);
    let asked = record.instances(&reference).next().map(|instance| &instance.attribute);
    match asked {
        Some(asked) if *asked != said => {
            let message = format!("{}: the request and the object say different things", reference.name().as_str());
            Err(OpError::new(Fault::InvalidAttributeValue, message))
        }
        Some(_) => Ok(()),
        None => {
            record.set(said);
            Ok(())
        }
    }
}

/// Whether the object has its value with it; one without it must say where it is (KMIP 1.4 §3.39 Key Value Location).
pub(crate) fn has_value(record: &Record, object: &ManagedObject) -> OpResult<bool> {
    match object.key_block() {
        Some(block) if block.key_value.is_none() => match attribute_of!(record, KeyValueLocation) {
            Some(_) => Ok(false),
            None => fail(Fault::InvalidField, "a key without a key value needs a Key Value Location"),
        },
        _ => Ok(true),
    }
}
