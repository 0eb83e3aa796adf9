//! Token objects of resident keys: how they are described to a token, made, found, listed and removed.

use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::resident::{Residence, ResidentKind, ResidentObject};
use kmip_core::ports::vault::{Binding, Curve, KeySpec, VaultError};

use crate::envelope::KEY_BYTES;
use crate::hierarchy::random_secret;
use crate::key_pair;
use crate::key_wrap;
use crate::pkcs11::device::Loan;
use crate::pkcs11::export;
use crate::pkcs11::trouble::Trouble;
use crate::public_key;
use crate::random::Source;

/// The mechanisms that making a key needs; the refusal of a kind that no token makes.
pub(super) fn needed_for(kind: ResidentKind) -> Result<&'static [MechanismType], VaultError> {
    match kind {
        ResidentKind::Aes { bits: 128 | 192 | 256 } => Ok(&[MechanismType::AES_KEY_GEN]),
        ResidentKind::Hmac { bits } if bits.is_multiple_of(8) && (64..=4096).contains(&bits) => {
            Ok(&[MechanismType::GENERIC_SECRET_KEY_GEN])
        }
        ResidentKind::Rsa { bits: 2048 | 3072 | 4096 } => Ok(&[MechanismType::RSA_PKCS_KEY_PAIR_GEN]),
        ResidentKind::Ec { curve: Curve::P256 | Curve::P384 | Curve::P521 } => Ok(&[MechanismType::ECC_KEY_PAIR_GEN]),
        other => Err(VaultError::Unsupported(format!("{other:?} in a device"))),
    }
}

/// The pair that a kind is the private key of.
fn pair_of(kind: ResidentKind) -> Option<KeySpec> {
    match kind {
        ResidentKind::Aes { .. } | ResidentKind::Hmac { .. } => None,
        ResidentKind::Rsa { bits } => Some(KeySpec::Rsa { bits }),
        ResidentKind::Ec { curve } => Some(KeySpec::Ec { curve }),
    }
}

/// How a secret key is made, and its bits.
fn secret_of(kind: ResidentKind) -> Result<(Mechanism<'static>, u32), VaultError> {
    match kind {
        ResidentKind::Aes { bits } => Ok((Mechanism::AesKeyGen, bits)),
        ResidentKind::Hmac { bits } => Ok((Mechanism::GenericSecretKeyGen, bits)),
        ResidentKind::Rsa { .. } | ResidentKind::Ec { .. } => {
            Err(VaultError::Failed(format!("{kind:?} is made as a pair")))
        }
    }
}

/// Material that a token wrapped, in the form that the seam wants.
pub(super) fn normal(kind: ResidentKind, secret: Secret) -> Result<Secret, VaultError> {
    match kind {
        ResidentKind::Aes { bits } | ResidentKind::Hmac { bits } => export::of_length(secret, bits),
        ResidentKind::Rsa { bits } => key_pair::from_pkcs8(KeySpec::Rsa { bits }, &secret).map(|pair| pair.private),
        ResidentKind::Ec { curve } => key_pair::from_pkcs8(KeySpec::Ec { curve }, &secret).map(|pair| pair.private),
    }
}

/// A private key of a client in the form in which it also comes back; `None` for secret keys, which have one form.
pub(super) fn importable(kind: ResidentKind, secret: &Secret) -> Result<Option<Secret>, VaultError> {
    let Some(spec) = pair_of(kind) else { return Ok(None) };
    match key_pair::from_pkcs8(spec, secret) {
        Ok(pair) => Ok(Some(pair.private)),
        Err(_) => Err(VaultError::Unsupported(format!("this key in a device: it is none of the usual {kind}"))),
    }
}

/// Whether a kind is made as a pair.
pub(super) fn is_pair(kind: ResidentKind) -> bool {
    pair_of(kind).is_some()
}

fn class_and_type(kind: ResidentKind) -> [Attribute; 2] {
    let (class, key_type) = match kind {
        ResidentKind::Aes { .. } => (ObjectClass::SECRET_KEY, KeyType::AES),
        ResidentKind::Hmac { .. } => (ObjectClass::SECRET_KEY, KeyType::GENERIC_SECRET),
        ResidentKind::Rsa { .. } => (ObjectClass::PRIVATE_KEY, KeyType::RSA),
        ResidentKind::Ec { .. } => (ObjectClass::PRIVATE_KEY, KeyType::EC),
    };
    [Attribute::Class(class), Attribute::KeyType(key_type)]
}

/// What the token lets a key do: all that its kind is used for. What a client may do with it is the core's to decide, and
/// changes with the object's attributes.
fn usage(kind: ResidentKind) -> &'static [Attribute] {
    match kind {
        ResidentKind::Aes { .. } => &[
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Sign(true),
            Attribute::Verify(true),
        ],
        ResidentKind::Hmac { .. } => &[Attribute::Sign(true), Attribute::Verify(true)],
        ResidentKind::Rsa { .. } => &[Attribute::Sign(true), Attribute::Decrypt(true)],
        ResidentKind::Ec { .. } => &[Attribute::Sign(true), Attribute::Derive(true)],
    }
}

fn prefix(loan: &Loan<'_>) -> String {
    format!("{}/", loan.address.owner)
}

fn name(loan: &Loan<'_>, scope: &str, id: &str) -> [Attribute; 3] {
    let label = prefix(loan) + scope;
    [Attribute::Token(true), Attribute::Label(label.into_bytes()), Attribute::Id(id.as_bytes().to_vec())]
}

fn template(loan: &Loan<'_>, what: Residence, binding: Binding<'_>) -> Vec<Attribute> {
    let own =
        [Attribute::Private(true), Attribute::Sensitive(what.sensitive), Attribute::Extractable(what.extractable)];
    let named = name(loan, binding.scope, binding.id);
    class_and_type(what.kind).into_iter().chain(named).chain(own).chain(usage(what.kind).iter().cloned()).collect()
}

/// Makes a key; of a pair, gives the public key.
pub(super) fn generate(
    loan: &Loan<'_>,
    what: Residence,
    binding: Binding<'_>,
) -> Result<(ObjectHandle, Option<Vec<u8>>), Trouble> {
    let session = loan.session;
    let mut template = template(loan, what, binding);
    let Some(spec) = pair_of(what.kind) else {
        let (mechanism, bits) = secret_of(what.kind)?;
        template.push(Attribute::ValueLen((u64::from(bits) / 8).into()));
        let key = session.generate_key(&mechanism, &template)?;
        return kept(session, key, what, Ok((key, None)));
    };
    let (mechanism, public) = export::public_half(spec)?;
    let (public, key) = session.generate_key_pair(&mechanism, &public, &template)?;
    let told = read_public(session, spec, public);
    session.destroy_object(public)?;
    kept(session, key, what, told.map(|public| (key, Some(public))))
}

/// What was made with the key, if the token keeps the key as it was told to; else the key goes.
fn kept<T>(session: &Session, key: ObjectHandle, what: Residence, made: Result<T, Trouble>) -> Result<T, Trouble> {
    let checked = made.and_then(|made| must_be_kept(session, key, what).map(|()| made));
    if checked.is_err() {
        // If this fails too, reconciliation finds the object.
        let _ = session.destroy_object(key);
    }
    checked
}

fn must_be_kept(session: &Session, key: ObjectHandle, what: Residence) -> Result<(), Trouble> {
    let told = session.get_attributes(key, &[AttributeType::Sensitive, AttributeType::Extractable])?;
    let lax = (what.sensitive && !told.contains(&Attribute::Sensitive(true)))
        || (!what.extractable && !told.contains(&Attribute::Extractable(false)));
    if lax {
        let text = "the token does not keep a key as Sensitive, or not Extractable, as it was asked to";
        return Err(VaultError::Failed(text.to_owned()).into());
    }
    Ok(())
}

fn read_public(session: &Session, spec: KeySpec, key: ObjectHandle) -> Result<Vec<u8>, Trouble> {
    let told = session
        .get_attributes(key, &[AttributeType::Modulus, AttributeType::PublicExponent, AttributeType::EcPoint])?;
    let number = |wanted: AttributeType| {
        told.iter().find_map(|attribute| match attribute {
            Attribute::Modulus(bytes) if wanted == AttributeType::Modulus => Some(bytes.as_slice()),
            Attribute::PublicExponent(bytes) if wanted == AttributeType::PublicExponent => Some(bytes.as_slice()),
            Attribute::EcPoint(bytes) if wanted == AttributeType::EcPoint => Some(bytes.as_slice()),
            _ => None,
        })
    };
    let public = match spec {
        KeySpec::Ec { curve } => number(AttributeType::EcPoint).and_then(|point| public_key::elliptic(curve, point)),
        _ => number(AttributeType::Modulus)
            .zip(number(AttributeType::PublicExponent))
            .and_then(|(modulus, exponent)| public_key::rsa(modulus, exponent)),
    };
    Ok(public.ok_or_else(|| VaultError::Failed("the token does not tell the public key of a new pair".to_owned()))?)
}

/// Material on its way onto a token, wrapped so that it does not cross the interface in the clear.
pub(super) struct Import {
    transport: Secret,
    wrapped: Vec<u8>,
}

impl Import {
    pub(super) fn new(secret: &Secret, random: &mut impl Source) -> Result<Self, VaultError> {
        let transport = random_secret(KEY_BYTES, random)?;
        let wrapped = key_wrap::wrap_data(&transport, secret, true)?;
        Ok(Self { transport, wrapped })
    }

    /// Makes the object.
    pub(super) fn onto(&self, loan: &Loan<'_>, what: Residence, binding: Binding<'_>) -> Result<ObjectHandle, Trouble> {
        let template = template(loan, what, binding);
        export::with_key(loan.session, &self.transport, |transport| {
            let key = loan.session.unwrap_key(&Mechanism::AesKeyWrapPad, transport, &self.wrapped, &template)?;
            kept(loan.session, key, what, Ok(key))
        })
    }
}

/// The one object of a resident key.
pub(super) fn find(loan: &Loan<'_>, kind: ResidentKind, scope: &str, id: &str) -> Result<ObjectHandle, Trouble> {
    let search: Vec<_> = class_and_type(kind).into_iter().chain(name(loan, scope, id)).collect();
    match loan.session.find_objects(&search)?.as_slice() {
        [key] => Ok(*key),
        found => {
            let text = format!("the token {} has {} keys with identifier {id:?}, not one", loan.serial(), found.len());
            Err(VaultError::Failed(text).into())
        }
    }
}

/// Removes whatever bears the name of a resident key; `true` if something did.
pub(super) fn remove(loan: &Loan<'_>, scope: &str, id: &str) -> Result<bool, Trouble> {
    let found = loan.session.find_objects(&name(loan, scope, id))?;
    found.iter().try_for_each(|object| loan.session.destroy_object(*object))?;
    Ok(!found.is_empty())
}

/// The keys on a token that bear the names of resident keys of this vault.
pub(super) fn list(loan: &Loan<'_>) -> Result<Vec<ResidentObject>, Trouble> {
    let mut listed = Vec::new();
    for class in [ObjectClass::SECRET_KEY, ObjectClass::PRIVATE_KEY] {
        for object in loan.session.find_objects(&[Attribute::Token(true), Attribute::Class(class)])? {
            let told = loan.session.get_attributes(object, &[AttributeType::Label, AttributeType::Id])?;
            listed.extend(named(&told, &prefix(loan), &loan.serial().to_string()));
        }
    }
    Ok(listed)
}

fn named(told: &[Attribute], prefix: &str, device: &str) -> Option<ResidentObject> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let scope = told.iter().find_map(|attribute| match attribute {
        Attribute::Label(label) => text(label.strip_prefix(prefix.as_bytes())?),
        _ => None,
    })?;
    let id = told.iter().find_map(|attribute| match attribute {
        Attribute::Id(id) if !id.is_empty() => text(id),
        _ => None,
    })?;
    Some(ResidentObject { scope, id, device: device.to_owned() })
}
