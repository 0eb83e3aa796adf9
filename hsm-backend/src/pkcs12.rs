//! PKCS #12 files (RFC 7292): a private key and its certificates under a password.
//!
//! What is written is protected by PBES2 with AES-256 and PBKDF2 of HMAC-SHA-256, and by a code of HMAC-SHA-256 over the whole.
//! What is read may also be protected as older programs do (Triple-DES with SHA-1) or by PBMAC1 (RFC 9579).
//!
//! **Invariant:** a private key in the clear is only in memory that is wiped.

mod protection;
mod structures;
#[cfg(test)]
mod tests;

use der::asn1::{Any, AnyRef, BmpString, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec};
use der::{Decode, Encode, Reader, SliceReader};
use kmip_codec::secret::Secret;
use kmip_core::ports::container::{Contents, Opened};
use kmip_core::ports::crypto::{CryptoError, Hash};
use zeroize::Zeroizing;

use self::protection::Password;
use self::structures::*;
use crate::crypto::digest::digest;

/// The version of the format.
const VERSION: u8 = 3;
/// What a file may have of safes, bags and attributes: more than any chain of certificates.
const MOST_PARTS: usize = 1_000;

fn malformed<T>(why: &str) -> Result<T, CryptoError> {
    Err(CryptoError::Key(format!("the PKCS #12 container is malformed: {why}")))
}

fn unsupported<T>(what: String) -> Result<T, CryptoError> {
    Err(CryptoError::Unsupported(what))
}

fn not_der(error: der::Error) -> CryptoError {
    CryptoError::Key(format!("the PKCS #12 container is malformed: {error}"))
}

/// Writes a file.
pub fn write(contents: &Contents<'_>, password: &str) -> Result<Vec<u8>, CryptoError> {
    let password = Password::new(password)?;
    // Ties the key to its certificate.
    let key_id = contents.certificates.first().map(|certificate| digest(Hash::Sha1, &[certificate]));
    let mut safes = Vec::new();
    if !contents.certificates.is_empty() {
        safes.push(encrypted_certificates(contents, key_id.as_deref(), &password)?);
    }
    if let Some(key) = contents.key {
        safes.push(shrouded_key(key, contents.name, key_id.as_deref(), &password)?);
    }
    let safes = sequence(&safes)?;
    let mac_data = password.authenticate(&safes)?;
    let mac_data = Some(MacData::from_der(&mac_data).map_err(not_der)?);
    let content = OctetString::new(safes).and_then(|octets| octets.to_der()).map_err(not_der)?;
    let auth_safe = ContentInfo { content_type: DATA, content: AnyRef::from_der(&content).map_err(not_der)? };
    Pfx { version: VERSION, auth_safe, mac_data }.to_der().map_err(not_der)
}

fn encrypted_certificates(
    contents: &Contents<'_>,
    key_id: Option<&[u8]>,
    password: &Password,
) -> Result<Vec<u8>, CryptoError> {
    let mut bags = Vec::new();
    for (place, certificate) in contents.certificates.iter().enumerate() {
        let value = OctetStringRef::new(certificate).map_err(not_der)?;
        let value = CertificateBag { id: X509_CERTIFICATE, value }.to_der().map_err(not_der)?;
        let attributes = match (contents.key, place) {
            (Some(_), 0) => Some(attributes(contents.name, key_id, false)?),
            (Some(_), _) => None,
            // Where no key holds them together, each needs a name, and some programs take only what is called trusted.
            (None, 0) => Some(attributes(contents.name, None, true)?),
            (None, place) => Some(attributes(&format!("{} (authority {place})", contents.name), None, true)?),
        };
        bags.push(bag(CERTIFICATE_BAG, &value, attributes.as_deref())?);
    }
    let bags = sequence(&bags)?;
    let (algorithm, encrypted) = password.encrypt(&bags)?;
    let info = EncryptedContentInfo {
        content_type: DATA,
        algorithm: Decode::from_der(&algorithm).map_err(not_der)?,
        content: OctetStringRef::new(&encrypted).map_err(not_der)?,
    };
    let data = EncryptedData { version: 0, info }.to_der().map_err(not_der)?;
    content_info(ENCRYPTED_DATA, &data)
}

fn shrouded_key(key: &Secret, name: &str, key_id: Option<&[u8]>, password: &Password) -> Result<Vec<u8>, CryptoError> {
    let (algorithm, encrypted) = password.encrypt(key.expose_secret())?;
    let value = EncryptedKey {
        algorithm: Decode::from_der(&algorithm).map_err(not_der)?,
        data: OctetStringRef::new(&encrypted).map_err(not_der)?,
    };
    let value = value.to_der().map_err(not_der)?;
    let bag = bag(SHROUDED_KEY_BAG, &value, Some(&attributes(name, key_id, false)?))?;
    let bags = OctetString::new(sequence(&[bag])?).and_then(|octets| octets.to_der()).map_err(not_der)?;
    content_info(DATA, &bags)
}

fn bag(id: ObjectIdentifier, value: &[u8], attributes: Option<&[u8]>) -> Result<Vec<u8>, CryptoError> {
    let attributes = attributes.map(AnyRef::from_der).transpose().map_err(not_der)?;
    SafeBag { id, value: AnyRef::from_der(value).map_err(not_der)?, attributes }.to_der().map_err(not_der)
}

fn content_info(content_type: ObjectIdentifier, content: &[u8]) -> Result<Vec<u8>, CryptoError> {
    ContentInfo { content_type, content: AnyRef::from_der(content).map_err(not_der)? }.to_der().map_err(not_der)
}

fn sequence(parts: &[Vec<u8>]) -> Result<Vec<u8>, CryptoError> {
    let parts: Result<Vec<AnyRef<'_>>, der::Error> = parts.iter().map(|part| AnyRef::from_der(part)).collect();
    parts.and_then(|parts| parts.to_der()).map_err(not_der)
}

fn attributes(name: &str, key_id: Option<&[u8]>, trusted: bool) -> Result<Vec<u8>, CryptoError> {
    let wrong =
        |_| CryptoError::Parameters("a PKCS#12 Friendly Name has characters of Unicode's first plane".to_owned());
    let name = BmpString::from_utf8(name).map_err(wrong)?;
    let mut all = vec![attribute(FRIENDLY_NAME, Any::encode_from(&name))?];
    if let Some(key_id) = key_id {
        let key_id = OctetStringRef::new(key_id).map_err(not_der)?;
        all.push(attribute(LOCAL_KEY_ID, Any::encode_from(&key_id))?);
    }
    if trusted {
        all.push(attribute(TRUSTED_KEY_USAGE, Any::encode_from(&ANY_EXTENDED_KEY_USAGE))?);
    }
    SetOfVec::try_from(all).and_then(|set| set.to_der()).map_err(not_der)
}

fn attribute(id: ObjectIdentifier, value: der::Result<Any>) -> Result<BagAttribute, CryptoError> {
    let values = value.and_then(|value| SetOfVec::try_from(vec![value])).map_err(not_der)?;
    Ok(BagAttribute { id, values })
}

/// Opens a file with one private key: which of several an object is, nothing in KMIP could tell for long.
///
/// [`CryptoError::Data`]: the password is another one. [`CryptoError::Key`]: the file is malformed, or has no key or several.
/// [`CryptoError::Unsupported`]: the file is protected in a way that is not known here. [`CryptoError::Limit`]: opening it
/// would take too long.
pub fn open(file: &[u8], password: &str) -> Result<Opened, CryptoError> {
    if let [0x30, 0x80, ..] = file {
        return unsupported("a PKCS #12 container in BER of indefinite length".to_owned());
    }
    let pfx = Pfx::from_der(file).map_err(not_der)?;
    if pfx.version != VERSION {
        return malformed("it is not of version 3");
    }
    if pfx.auth_safe.content_type != DATA {
        return unsupported("a PKCS #12 container that is signed".to_owned());
    }
    let password = Password::new(password)?;
    let content: &OctetStringRef = pfx.auth_safe.content.decode_as().map_err(not_der)?;
    if let Some(code) = &pfx.mac_data
        && !password.verifies(code, content.as_bytes())?
    {
        return Err(wrong_password());
    }
    let mut found = Found { is_verified: pfx.mac_data.is_some(), ..Found::default() };
    let mut safes = elements(content.as_bytes())?;
    while !safes.is_finished() {
        found.count()?;
        let safe = ContentInfo::decode(&mut safes).map_err(not_der)?;
        match safe.content_type {
            DATA => {
                let octets: &OctetStringRef = safe.content.decode_as().map_err(not_der)?;
                found.look_through(octets.as_bytes())?;
            }
            ENCRYPTED_DATA => {
                let EncryptedData { info, .. } = safe.content.decode_as().map_err(not_der)?;
                match password.decrypt(&info.algorithm, info.content.as_bytes()) {
                    // Certificates under RC2, as old programs write them, need not be read to get at the key.
                    Err(CryptoError::Unsupported(what)) => found.unread = Some(what),
                    plain => found.look_through(&plain.map_err(told)?)?,
                }
            }
            other => found.unread = Some(format!("the content {other} of the container")),
        }
    }
    found.opened(&password)
}

/// The elements of a `SEQUENCE`, to be read one by one: their number is not the file's to choose.
fn elements(sequence: &[u8]) -> Result<SliceReader<'_>, CryptoError> {
    let whole = AnyRef::from_der(sequence).map_err(not_der)?;
    if der::Tagged::tag(&whole) != der::Tag::Sequence {
        return malformed("a SEQUENCE is something else");
    }
    SliceReader::new(whole.value()).map_err(not_der)
}

fn wrong_password() -> CryptoError {
    CryptoError::Data("the password does not open the PKCS #12 container".to_owned())
}

/// What a failed decryption says to who gave the password.
fn told(error: CryptoError) -> CryptoError {
    match error {
        CryptoError::Data(_) => wrong_password(),
        other => other,
    }
}

/// What is found in the bags of a file.
#[derive(Default)]
struct Found {
    keys: Vec<(KeyBag, Marks)>,
    certificates: Vec<(Vec<u8>, Marks)>,
    /// Safes, bags and attributes.
    parts: usize,
    /// Whether a code over the whole has shown that the password is right.
    is_verified: bool,
    /// How a part is protected that was left out.
    unread: Option<String>,
}

/// A private key as it stands in its bag.
enum KeyBag {
    Clear(Secret),
    Shrouded(Vec<u8>),
}

/// How a bag is marked.
#[derive(Default)]
struct Marks {
    name: Option<String>,
    key_id: Option<Vec<u8>>,
}

impl Found {
    fn count(&mut self) -> Result<(), CryptoError> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > MOST_PARTS {
            return Err(CryptoError::Limit(format!(
                "the container has more than {MOST_PARTS} safes, bags and attributes"
            )));
        }
        Ok(())
    }

    fn look_through(&mut self, plain: &[u8]) -> Result<(), CryptoError> {
        let is_verified = self.is_verified;
        // Without a code over the whole, a wrong password may show only here.
        let told = |error: CryptoError| if is_verified { error } else { wrong_password() };
        let mut bags = elements(plain).map_err(told)?;
        while !bags.is_finished() {
            self.count()?;
            let bag = SafeBag::decode(&mut bags).map_err(|error| told(not_der(error)))?;
            let marks = self.marks(&bag)?;
            match bag.id {
                SHROUDED_KEY_BAG => {
                    self.keys.push((KeyBag::Shrouded(bag.value.to_der().map_err(not_der)?), marks));
                }
                KEY_BAG => {
                    let key = Zeroizing::new(bag.value.to_der().map_err(not_der)?);
                    self.keys.push((KeyBag::Clear(Secret::from_zeroizing(key)), marks));
                }
                CERTIFICATE_BAG => {
                    let CertificateBag { id, value } = bag.value.decode_as().map_err(not_der)?;
                    if id == X509_CERTIFICATE {
                        self.certificates.push((value.as_bytes().to_vec(), marks));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn marks(&mut self, bag: &SafeBag<'_>) -> Result<Marks, CryptoError> {
        let mut marks = Marks::default();
        let Some(attributes) = bag.attributes else { return Ok(marks) };
        let mut reader = SliceReader::new(attributes.value()).map_err(not_der)?;
        while !reader.is_finished() {
            self.count()?;
            let mut attribute = elements(reader.tlv_bytes().map_err(not_der)?)?;
            let id = ObjectIdentifier::decode(&mut attribute).map_err(not_der)?;
            let values = AnyRef::decode(&mut attribute).map_err(not_der)?;
            let mut values = SliceReader::new(values.value()).map_err(not_der)?;
            if values.is_finished() || ![FRIENDLY_NAME, LOCAL_KEY_ID].contains(&id) {
                continue;
            }
            let value = AnyRef::decode(&mut values).map_err(not_der)?;
            if id == FRIENDLY_NAME {
                marks.name = value.decode_as::<BmpString>().ok().map(|name| name.to_string());
            } else {
                marks.key_id = value.decode_as::<&OctetStringRef>().ok().map(|octets| octets.as_bytes().to_vec());
            }
        }
        Ok(marks)
    }

    fn opened(mut self, password: &Password) -> Result<Opened, CryptoError> {
        let (Some((key, marks)), more) = (self.keys.pop(), self.keys) else {
            return match self.unread {
                Some(what) => unsupported(what),
                None => malformed("it has no private key"),
            };
        };
        if !more.is_empty() {
            return malformed("it has several private keys: put each into a container of its own");
        }
        let key = match key {
            KeyBag::Clear(key) => key,
            KeyBag::Shrouded(bag) => {
                let EncryptedKey { algorithm, data } = Decode::from_der(&bag).map_err(not_der)?;
                Secret::from_zeroizing(password.decrypt(&algorithm, data.as_bytes()).map_err(told)?)
            }
        };
        // The sort is stable: what is above stays in its order.
        self.certificates.sort_by_key(|(_, own)| own.key_id.is_none() || own.key_id != marks.key_id);
        let certificates = self.certificates.into_iter().map(|(certificate, _)| certificate).collect();
        Ok(Opened { name: marks.name, key, certificates })
    }
}
