//! Create Credential (KMIP 3.0): what a user of the server is known by.
//!
//! Of a password only a slow hash is kept, and nothing gives it back. Other credentials are sealed by the vault as they came.
//! A user authenticates by any of them ([`crate::users`]): named by the request with a password, a one time password or a hashed
//! password, shown by the fields of a device, or by the certificate of the connection.
//! A certificate is a Certificate object, as Register makes one: no Object Type says credential of it.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::ManagedObject;
use kmip_codec::object::credential::{DeviceCredential, HashedPasswordCredential, OtpCredential, PasswordCredential};
use kmip_codec::operation::create_credential::{CreateCredentialRequest, CreateCredentialResponse};
use kmip_codec::registry::{CredentialType, OTPAlgorithm, ObjectType, Operation, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, Value};
use kmip_codec::version::V3_0;

use crate::batch::Context;
use crate::credentials::DeviceFields;
use crate::cryptography::parameters;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Material, MaterialKind, Record};
use crate::{custody, make, material, users};

/// A credential of a request.
enum Given {
    Password(PasswordCredential),
    Sealed(Sealed),
    Certificate(Box<ManagedObject>),
}

/// A credential that the vault seals.
struct Sealed {
    kind: CredentialType,
    object_type: ObjectType,
    encoded: Secret,
    /// The keyed hash of the fields of a device.
    device_key: Option<[u8; 32]>,
    /// Whether it makes codes by a counter.
    has_counter: bool,
}

impl Given {
    fn kind(&self) -> CredentialType {
        match self {
            Self::Password(_) => CredentialType::Password,
            Self::Sealed(sealed) => sealed.kind,
            Self::Certificate(_) => CredentialType::Certificate,
        }
    }
}

pub(super) fn create_credential(
    context: &mut Context<'_>,
    request: CreateCredentialRequest,
) -> OpResult<CreateCredentialResponse> {
    let (kind, bag) = (request.credential_type, request.attributes.clone());
    let given = only(context, request)?;
    if given.kind() != kind {
        let message = format!("Credential Type says {kind}, but the credential is of the type {}", given.kind());
        return fail(Fault::InvalidField, message);
    }
    let record = match given {
        Given::Password(password) => password_record(context, bag.as_ref(), &password)?,
        Given::Sealed(sealed) => sealed_record(context, bag.as_ref(), &sealed)?,
        Given::Certificate(certificate) => {
            let permitted = custody::permitted(None)?;
            super::register::object_record(context, bag.as_ref(), *certificate, permitted)?
        }
    };
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::CreateCredential, &id);
    Ok(CreateCredentialResponse { unique_identifier: UniqueIdentifier::Text(id) })
}

/// The only credential of a request.
fn only(context: &Context<'_>, request: CreateCredentialRequest) -> OpResult<Given> {
    let certificate = |certificate| Given::Certificate(Box::new(ManagedObject::Certificate(Box::new(certificate))));
    let sealed = [
        request.device_credential.as_ref().map(|one| device(context, one)),
        request.otp_credential.as_ref().map(one_time),
        request.hashed_password_credential.as_ref().map(hashed),
    ];
    let mut all = (request.password_credential.map(Given::Password).map(Ok).into_iter())
        .chain(request.certificate.map(certificate).map(Ok))
        .chain(sealed.into_iter().flatten().map(|sealed| sealed.map(Given::Sealed)));
    match (all.next(), all.next()) {
        (Some(only), None) => only,
        _ => fail(Fault::InvalidMessage, "Create Credential takes one credential: no less, and no more"),
    }
}

/// "One or a combination" of the fields "SHALL be unique", and at least one is given (KMIP 2.1 §9.11).
fn device(context: &Context<'_>, given: &DeviceCredential) -> OpResult<Sealed> {
    let Some(key) = context.engine.device_key(&DeviceFields::made(given)) else {
        return fail(Fault::InvalidField, "a Device Credential names at least one field of the device");
    };
    if context.engine.is_made_device(context.txn.scope(), &key, context.now)? {
        return fail(Fault::InvalidField, "another Device Credential has these fields: they identify one device");
    }
    let encoded = encoded(given, Tag::DeviceCredential);
    let (kind, object_type) = (CredentialType::Device, ObjectType::DeviceCredential);
    Ok(Sealed { kind, object_type, encoded, device_key: Some(key), has_counter: false })
}

fn one_time(given: &OtpCredential) -> OpResult<Sealed> {
    users::one_time(given)?;
    let encoded = encoded(given, Tag::OTPCredential);
    let (kind, object_type) = (CredentialType::OneTimePassword, ObjectType::OneTimePasswordCredential);
    let has_counter = given.otp_algorithm == OTPAlgorithm::HOTP;
    Ok(Sealed { kind, object_type, encoded, device_key: None, has_counter })
}

fn hashed(given: &HashedPasswordCredential) -> OpResult<Sealed> {
    let encoded = encoded(given, Tag::HashedPasswordCredential);
    let (kind, object_type) = (CredentialType::HashedPassword, ObjectType::HashedPasswordCredential);
    Ok(Sealed { kind, object_type, encoded, device_key: None, has_counter: false })
}

/// A credential as TTLV, in buffers that are wiped.
fn encoded(credential: &impl Value, tag: Tag) -> Secret {
    Secret::from_wiped(kmip_codec::message::encode(tag, credential, V3_0))
}

fn new_record(
    context: &mut Context<'_>,
    bag: Option<&Bag>,
    kind: CredentialType,
    object_type: ObjectType,
) -> OpResult<Record> {
    let mut record = make::new_record(context, object_type, &[bag], Origin::Client)?;
    record.set(Attribute::CredentialType(kind));
    make::complete(context, &mut record, Origin::Client);
    Ok(record)
}

fn password_record(context: &mut Context<'_>, bag: Option<&Bag>, given: &PasswordCredential) -> OpResult<Record> {
    let salted = salted_hash(context, given)?;
    let mut record = new_record(context, bag, CredentialType::Password, ObjectType::PasswordCredential)?;
    make::claim_names(context, &record)?;
    let hash = match (salted, &given.password) {
        (Some(hash), _) => hash,
        (None, Some(password)) if !password.expose_secret().is_empty() => {
            context.txn.long_work()?;
            context.engine.passwords.hash(password)?
        }
        _ => return fail(Fault::InvalidField, "a Password Credential needs its Password, or its Salted Password"),
    };
    record.password_hash = Some(hash.into());
    Ok(record)
}

/// What is kept of a Salted Password. No table of 3.0 says how one is made of salt, algorithm and Iteration Count. They are the
/// parameters of PBKDF2 (RFC 8018 §5.2), with the algorithm, an HMAC, as its function: so they are read.
fn salted_hash(context: &Context<'_>, given: &PasswordCredential) -> OpResult<Option<String>> {
    let PasswordCredential { password, password_salt, password_salt_algorithm, salted_password, iteration_count } =
        given;
    let Some(salted) = salted_password else {
        return match (password_salt, password_salt_algorithm, iteration_count) {
            (None, None, None) => Ok(None),
            _ => fail(Fault::InvalidField, "a salt goes with a Salted Password; the server salts a Password itself"),
        };
    };
    if password.is_some() {
        return fail(Fault::InvalidField, "a Password Credential has its Password or its Salted Password, not both");
    }
    let (Some(salt), Some(algorithm), Some(iterations)) = (password_salt, *password_salt_algorithm, *iteration_count)
    else {
        let message = "a Salted Password comes with Password Salt, Password Salt Algorithm and Iteration Count";
        return fail(Fault::InvalidField, message);
    };
    let Some(hash) = parameters::hmac(algorithm) else {
        let message = format!("passwords are salted by PBKDF2 with an HMAC; {algorithm} is none");
        return fail(Fault::FeatureNotSupported, message);
    };
    let iterations = u32::try_from(iterations).ok().filter(|count| *count > 0);
    let Some(iterations) = iterations else { return fail(Fault::InvalidField, "Iteration Count is not above 0") };
    let (salt, salted) = (salt.expose_secret(), salted.expose_secret());
    match context.engine.passwords.keep_salted(hash, iterations, salt, salted) {
        Ok(kept) => Ok(Some(kept)),
        Err(why) => fail(Fault::FeatureNotSupported, format!("the Salted Password cannot be kept: {why}")),
    }
}

fn sealed_record(context: &mut Context<'_>, bag: Option<&Bag>, given: &Sealed) -> OpResult<Record> {
    let mut record = new_record(context, bag, given.kind, given.object_type)?;
    let sealed = context.engine.vault.seal(&given.encoded, material::Bound::of(&record).binding())?;
    record.material = Some(Material { kind: MaterialKind::Credential, sealed, archived: false });
    record.device_key = given.device_key.map(|key| ByteString::new(&key));
    if given.has_counter {
        record.set(Attribute::OTPCounter(ByteString::new(&0_i64.to_be_bytes())));
    }
    Ok(record)
}
