//! PKCS #12 containers (RFC 7292): private keys that come in one (KMIP 1.4 §3.45, KMIP 2.1 §4.39), and keys and certificates
//! that leave in one (KMIP 1.4 §4.11, KMIP 2.1 §6.1.19).
//!
//! What was registered stays as it came, and is opened where another format is asked for or the key is used. KMIP 1.4 names no
//! link to the password but the PKCS#12 Password Link; what a PKCS#12 Certificate Link is, no version says: it leads to the
//! certificate of the key, before a Certificate Link does.

use std::sync::Arc;

use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use kmip_codec::object::{KeyMaterial, ManagedObject};
use kmip_codec::registry::{CertificateType, KeyFormatType, LinkType, ObjectType, SecretDataType, State};
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::version::V2_0;

use crate::batch::Context;
use crate::cryptography::key;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::ports::container::{Contents, Opened};
use crate::ports::crypto::CryptoError;
use crate::ports::vault::KeyVault;
use crate::txn::View;
use crate::{formats, state};

/// The friendly name in a container of an object that has none.
const DEFAULT_NAME: &str = "alias";
/// The longest chain of certificates.
const LONGEST_CHAIN: usize = 16;

/// What opens the container of a key.
pub(crate) struct Lock {
    vault: Arc<dyn KeyVault>,
    password: SecretText,
}

impl Lock {
    /// The lock of a record's container. Opening it is long work.
    pub fn of(context: &mut Context<'_>, record: &Record) -> OpResult<Self> {
        context.txn.long_work()?;
        let password = password(context, record)?;
        Ok(Self { vault: Arc::clone(&context.engine.vault), password })
    }

    /// The password.
    pub fn password(&self) -> &SecretText {
        &self.password
    }

    /// Opens a container.
    pub fn open(&self, container: &Secret) -> Result<Opened, CryptoError> {
        self.vault.open_container(container.expose_secret(), &self.password)
    }
}

/// Why a container does not open, or is not made. KMIP has no word for a password that is wrong but that for one that is missing.
pub(crate) fn refusal(error: CryptoError) -> OpError {
    match error {
        CryptoError::Data(why) => OpError::new(Fault::BadPassword, why),
        CryptoError::Key(why) | CryptoError::Parameters(why) => OpError::new(Fault::InvalidField, why),
        CryptoError::Unsupported(what) => OpError::new(Fault::KeyFormat, format!("the key vault does not open {what}")),
        other => other.into(),
    }
}

/// The Secret Data with the password of a container: what its one link leads to (KMIP 1.4 §11.4), which from 2.0 must be Active
/// (KMIP 2.1 §11.49, Bad Password). It stands in the clear: under a key in a container it could lead to itself.
pub(crate) fn linked_password(context: &mut Context<'_>, record: &Record) -> OpResult<View> {
    let links: Vec<_> = record.linked(LinkType::PKCS_12PasswordLink).cloned().collect();
    let [link] = links.as_slice() else {
        return fail(Fault::BadPassword, "a PKCS#12 container needs one PKCS#12 Password Link");
    };
    let id = context.resolve(Some(link))?;
    let linked = context.txn.find_view(&id)?.filter(|linked| !linked.destroyed);
    let Some(linked) = linked.filter(|linked| is_password(linked.object.as_ref())) else {
        return fail(Fault::BadPassword, "the PKCS#12 Password Link is not to Secret Data of the type Password");
    };
    if context.version >= V2_0 && state::at(&linked, context.now) != State::Active {
        return fail(Fault::BadPassword, "the password that the PKCS#12 Password Link names is not Active");
    }
    let block = linked.object.as_ref().and_then(ManagedObject::key_block);
    if block.is_some_and(|block| block.key_wrapping_data.is_some()) {
        return fail(Fault::BadPassword, "the password that the PKCS#12 Password Link names is wrapped");
    }
    Ok(linked)
}

fn password(context: &mut Context<'_>, record: &Record) -> OpResult<SecretText> {
    let linked = linked_password(context, record)?;
    state::must_be_online(&linked)?;
    let secret = key::material(context, &linked)?;
    match std::str::from_utf8(secret.expose_secret()) {
        Ok(text) => Ok(SecretText::copy_from(text)),
        Err(_) => fail(Fault::BadPassword, "the password that the PKCS#12 Password Link names is not text in UTF-8"),
    }
}

fn is_password(object: Option<&ManagedObject>) -> bool {
    matches!(object, Some(ManagedObject::SecretData(secret)) if secret.secret_data_type == SecretDataType::Password)
}

/// Opens the container with which a key is registered, and notes the friendly name of the key in it. A name that the client
/// gives is the one under which the key is found (KMIP 2.1 §4.39). Nothing if it is protected in a way that the vault does not
/// know.
pub(crate) fn open_registered(
    context: &mut Context<'_>,
    record: &mut Record,
    container: &Secret,
) -> OpResult<Option<Opened>> {
    let lock = Lock::of(context, record)?;
    let opened = match lock.open(container) {
        Err(CryptoError::Unsupported(_)) => return Ok(None),
        opened => opened.map_err(refusal)?,
    };
    if !is_named(record, &opened) {
        return fail(Fault::InvalidField, "the container has no private key of that PKCS#12 Friendly Name");
    }
    if let (None, Some(found)) = (attribute_of!(record, Pkcs12FriendlyName), &opened.name) {
        record.set(Attribute::Pkcs12FriendlyName(Text::new(found)));
    }
    Ok(Some(opened))
}

/// A container that was registered, made anew if its object has another friendly name now.
pub(crate) fn renewed(context: &mut Context<'_>, record: &Record, container: &Secret) -> OpResult<Option<Secret>> {
    let lock = Lock::of(context, record)?;
    let opened = match lock.open(container) {
        Err(CryptoError::Unsupported(_)) => return Ok(None),
        opened => opened.map_err(refusal)?,
    };
    if is_named(record, &opened) {
        return Ok(None);
    }
    let mut chain = chain(context, record, &opened.key)?;
    if chain.is_empty() {
        chain = opened.certificates;
    }
    write(record, Some(&opened.key), &chain, &lock).map(Some)
}

/// Whether the key in a container has the friendly name of its object, regardless of case, if that has one.
fn is_named(record: &Record, opened: &Opened) -> bool {
    attribute_of!(record, Pkcs12FriendlyName).is_none_or(|name| {
        opened.name.as_ref().is_some_and(|found| found.to_lowercase() == name.as_str().to_lowercase())
    })
}

/// A new container of a private key in PKCS#8, with its chain of certificates.
pub(crate) fn of_key(context: &mut Context<'_>, record: &Record, key: &Secret) -> OpResult<Secret> {
    let lock = Lock::of(context, record)?;
    let chain = chain(context, record, key)?;
    write(record, Some(key), &chain, &lock)
}

/// A new container of a certificate and those above it.
pub(crate) fn of_certificate(context: &mut Context<'_>, record: &Record, certificate: &[u8]) -> OpResult<Secret> {
    let lock = Lock::of(context, record)?;
    let mut chain = vec![certificate.to_vec()];
    let above = record.linked_ids(LinkType::CertificateLink).collect();
    climb(context, above, None, &mut chain)?;
    write(record, None, &chain, &lock)
}

fn write(record: &Record, key: Option<&Secret>, chain: &[Vec<u8>], lock: &Lock) -> OpResult<Secret> {
    let name = attribute_of!(record, Pkcs12FriendlyName).map_or(DEFAULT_NAME, Text::as_str);
    let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let contents = Contents { name, key, certificates: &certificates };
    let file = lock.vault.write_container(&contents, &lock.password).map_err(refusal)?;
    Ok(Secret::copy_from(&file))
}

/// The certificates of a private key (PKCS#8): by the link of its Public Key to the first, and by the links of each to the next.
fn chain(context: &mut Context<'_>, record: &Record, key: &Secret) -> OpResult<Vec<Vec<u8>>> {
    let mut holder = None;
    if let Some(id) = record.linked_ids(LinkType::PublicKeyLink).next() {
        holder = context.txn.find_view(&id)?;
    }
    let holder = holder.as_deref().unwrap_or(record);
    let public = public_key(context, holder, key);
    let mut first = holder.linked_ids(LinkType::PKCS_12CertificateLink).collect::<Vec<_>>();
    if first.is_empty() {
        first = holder.linked_ids(LinkType::CertificateLink).collect::<Vec<_>>();
    }
    let mut chain = Vec::new();
    climb(context, first, public, &mut chain)?;
    Ok(chain)
}

/// `SubjectPublicKeyInfo` of a private key: what it tells itself, or its Public Key.
fn public_key(context: &mut Context<'_>, holder: &Record, key: &Secret) -> Option<Vec<u8>> {
    let (from, to) = (KeyFormatType::PKCS_8, KeyFormatType::X_509);
    if let Ok(KeyMaterial::Bytes(told)) = formats::public_from_private(from, &KeyMaterial::Bytes(key.clone()), to, None)
    {
        return Some(told.expose_secret().to_vec());
    }
    let is_public = holder.object_type == ObjectType::PublicKey;
    let found = if is_public { key::material(context, holder).ok() } else { None };
    found.map(|info| info.expose_secret().to_vec())
}

/// Adds the one valid certificate among those of the identifiers, and those above it. Where several are valid, that of the
/// key is meant: another begins no chain of it. "It is an error if there is more than one" (KMIP 2.1 §6.1.19).
fn climb(
    context: &mut Context<'_>,
    mut candidates: Vec<Text>,
    mut public: Option<Vec<u8>>,
    chain: &mut Vec<Vec<u8>>,
) -> OpResult<()> {
    while !candidates.is_empty() {
        let mut valid = Vec::new();
        for id in candidates {
            let Some(found) = context.txn.find_view(&id)? else { continue };
            let Some(certificate) = certificate(&found, context.now) else { continue };
            valid.push((certificate, found.linked_ids(LinkType::CertificateLink).collect::<Vec<_>>()));
        }
        if let (Some(public), true) = (public.take(), valid.len() > 1) {
            valid.retain(|(certificate, _)| is_of_key(certificate, &public));
            if valid.is_empty() {
                return fail(Fault::InvalidField, "several certificates are linked, and none is of the private key");
            }
        }
        if valid.len() > 1 {
            return fail(Fault::InvalidField, "there is more than one valid certificate chain");
        }
        let Some((certificate, above)) = valid.pop() else { break };
        // A certificate of an authority is often linked to itself.
        if chain.contains(&certificate) {
            break;
        }
        if chain.len() >= LONGEST_CHAIN {
            let text = format!("the chain of certificates is longer than {LONGEST_CHAIN}");
            return fail(Fault::CryptographicLimit, text);
        }
        chain.push(certificate);
        candidates = above;
    }
    Ok(())
}

/// Whether a certificate is of a public key; parameters that are left out or null do not make another one of RSA.
fn is_of_key(certificate: &[u8], public: &[u8]) -> bool {
    let Ok(certified) = formats::certified_public_key(certificate) else { return false };
    let bare = |info: &[u8]| {
        let info = KeyMaterial::Bytes(Secret::copy_from(info));
        let (from, to) = (KeyFormatType::X_509, KeyFormatType::PKCS_1);
        formats::convert(ObjectType::PublicKey, from, &info, to, None).ok()
    };
    certified == public || bare(&certified).is_some_and(|certified| Some(certified) == bare(public))
}

/// The value of a certificate that is neither revoked nor destroyed, and that Get would give.
fn certificate(record: &Record, now: i64) -> Option<Vec<u8>> {
    let is_valid = !record.destroyed && matches!(state::at(record, now), State::PreActive | State::Active);
    let is_free = attribute_of!(record, Extractable) != Some(&false) && attribute_of!(record, Sensitive) != Some(&true);
    match &record.object {
        Some(ManagedObject::Certificate(held))
            if is_valid
                && is_free
                && state::must_be_online(record).is_ok()
                && held.certificate_type == CertificateType::X_509 =>
        {
            Some(held.certificate_value.as_slice().to_vec())
        }
        _ => None,
    }
}
