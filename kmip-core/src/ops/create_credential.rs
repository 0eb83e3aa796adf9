//! Create Credential (KMIP 3.0): what a user of the server is known by.
//!
//! Of a password only a slow hash is kept, and nothing gives it back. Other credentials are sealed by the vault as they came.
//! A user whom a request names authenticates by its password, one time passwords or hashed password ([`crate::users`]).
//! A certificate is a Certificate object, as Register makes one: no Object Type says credential of it.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::ManagedObject;
use kmip_codec::object::credential::PasswordCredential;
use kmip_codec::operation::create_credential::{CreateCredentialRequest, CreateCredentialResponse};
use kmip_codec::registry::{CredentialType, ObjectType, Operation, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::Value;
use kmip_codec::version::V3_0;

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Material, MaterialKind, Record};
use crate::{custody, make, material, users};

/// A credential of a request.
enum Given {
    Password(PasswordCredential),
    Sealed(CredentialType, ObjectType, Secret),
    Certificate(Box<ManagedObject>),
}

impl Given {
    fn kind(&self) -> CredentialType {
        match self {
            Self::Password(_) => CredentialType::Password,
            Self::Sealed(kind, ..) => *kind,
            Self::Certificate(_) => CredentialType::Certificate,
        }
    }
}

pub(super) fn create_credential(
    context: &mut Context<'_>,
    request: CreateCredentialRequest,
) -> OpResult<CreateCredentialResponse> {
    let (kind, bag) = (request.credential_type, request.attributes.clone());
    let given = only(request)?;
    if given.kind() != kind {
        let message = format!("Credential Type says {kind}, but the credential is of the type {}", given.kind());
        return fail(Fault::InvalidField, message);
    }
    let record = match given {
        Given::Password(password) => password_record(context, bag.as_ref(), &password)?,
        Given::Sealed(kind, object_type, secret) => sealed_record(context, bag.as_ref(), kind, object_type, &secret)?,
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
fn only(request: CreateCredentialRequest) -> OpResult<Given> {
    use CredentialType as C;
    use ObjectType as O;
    if let Some(otp) = &request.otp_credential {
        users::one_time(otp)?;
    }
    let certificate = |certificate| Given::Certificate(Box::new(ManagedObject::Certificate(Box::new(certificate))));
    let sealed = [
        (C::Device, O::DeviceCredential, request.device_credential.map(|one| encoded(&one, Tag::DeviceCredential))),
        (
            C::OneTimePassword,
            O::OneTimePasswordCredential,
            request.otp_credential.map(|one| encoded(&one, Tag::OTPCredential)),
        ),
        (
            C::HashedPassword,
            O::HashedPasswordCredential,
            request.hashed_password_credential.map(|one| encoded(&one, Tag::HashedPasswordCredential)),
        ),
    ];
    let sealed = sealed.into_iter().filter_map(|(kind, object_type, one)| Some(Given::Sealed(kind, object_type, one?)));
    let mut all = (request.password_credential.map(Given::Password).into_iter())
        .chain(request.certificate.map(certificate))
        .chain(sealed);
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        _ => fail(Fault::InvalidMessage, "Create Credential takes one credential: no less, and no more"),
    }
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

/// A password. How a Salted Password is made of salt, algorithm and Iteration Count, no table of 3.0 says: it is refused.
fn password_record(context: &mut Context<'_>, bag: Option<&Bag>, given: &PasswordCredential) -> OpResult<Record> {
    let salted = given.password_salt.is_some() || given.salted_password.is_some();
    if salted || given.password_salt_algorithm.is_some() || given.iteration_count.is_some() {
        return fail(Fault::FeatureNotSupported, "give the Password itself: the server salts and hashes it");
    }
    let missing = || OpError::new(Fault::InvalidField, "a Password Credential needs its Password");
    let password = given.password.as_ref().filter(|one| !one.expose_secret().is_empty()).ok_or_else(missing)?;
    let mut record = new_record(context, bag, CredentialType::Password, ObjectType::PasswordCredential)?;
    make::claim_names(context, &record)?;
    context.txn.long_work()?;
    record.password_hash = Some(context.engine.passwords.hash(password)?.into());
    Ok(record)
}

fn sealed_record(
    context: &mut Context<'_>,
    bag: Option<&Bag>,
    kind: CredentialType,
    object_type: ObjectType,
    credential: &Secret,
) -> OpResult<Record> {
    let mut record = new_record(context, bag, kind, object_type)?;
    let sealed = context.engine.vault.seal(credential, material::Bound::of(&record).binding())?;
    record.material = Some(Material { kind: MaterialKind::Credential, sealed, archived: false });
    Ok(record)
}
