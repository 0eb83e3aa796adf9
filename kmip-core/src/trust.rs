//! What an administrator tells the server to trust when it validates certificates: trust anchors, and revocation lists.
//!
//! The lists are those of issuers outside. They are stored as they are and count once their signature is that of the issuer
//! in a chain (RFC 5280 §6.3.3).

use sha2::{Digest, Sha256};

use crate::administration::AdministrationError;
use crate::engine::Engine;
use crate::env::Env;
use crate::layout;
use crate::ports::store::{Batch, Store, StoreError, Write};
use crate::x509::certificate::Parsed;
use crate::x509::revocation::RevocationList;
use crate::x509::signed::Verification;

/// Trust anchors that are kept.
const ANCHORS: usize = 256;
/// Bytes of a trust anchor.
const ANCHOR_BYTES: usize = 64 << 10;
/// Bytes of a revocation list: some hundred thousand entries.
const LIST_BYTES: usize = 16 << 20;

/// Where the last line of a block begins (RFC 7468 §3).
const END: &[u8] = b"-----END ";
/// Seconds by which the clock of a list's issuer may be ahead.
const CLOCK_TOLERANCE: i64 = 3_600;

/// The fingerprint by which a trust anchor is named: SHA-256 of its DER.
pub type Fingerprint = [u8; 32];

impl Engine {
    /// Trusts a certificate (DER) of an authority, until it is taken away.
    pub fn add_trust_anchor(&self, der: &[u8]) -> Result<Fingerprint, AdministrationError> {
        if der.len() > ANCHOR_BYTES {
            return unacceptable(format!("a trust anchor has at most {ANCHOR_BYTES} bytes"));
        }
        let parsed = Parsed::new(der).or_else(|error| unacceptable(error.to_string()))?;
        if parsed.constraints.is_some() && !parsed.may_certify() {
            return unacceptable("the certificate is not one of an authority".to_owned());
        }
        if anchors(self.store.as_ref())?.len() >= ANCHORS {
            return unacceptable(format!("there are {ANCHORS} trust anchors already; remove one first"));
        }
        let fingerprint = fingerprint(der);
        self.write(Write::Put(layout::trust_anchor(&fingerprint), der.to_vec()))?;
        Ok(fingerprint)
    }

    /// Trusts a certificate no longer.
    pub fn remove_trust_anchor(&self, fingerprint: &Fingerprint) -> Result<(), AdministrationError> {
        let key = layout::trust_anchor(fingerprint);
        if self.store.get(&key)?.is_none() {
            return unacceptable("no trust anchor has this fingerprint".to_owned());
        }
        self.write(Write::Delete(key))
    }

    /// The trust anchors, in DER.
    pub fn trust_anchors(&self) -> Result<Vec<Vec<u8>>, AdministrationError> {
        Ok(anchors(self.store.as_ref())?)
    }

    /// Keeps a revocation list (DER) in place of an older one of its issuer.
    ///
    /// A list is fetched over networks that nobody need trust. One from the future would keep out all that follow, and one
    /// that is not signed by the trusted certificate of its issuer would put the true one aside: neither is taken.
    pub fn add_revocation_list(&self, der: &[u8], env: Env) -> Result<(), AdministrationError> {
        if der.len() > LIST_BYTES {
            return unacceptable(format!("a revocation list has at most {LIST_BYTES} bytes"));
        }
        let list = RevocationList::new(der).or_else(|error| unacceptable(error.to_string()))?;
        if !list.is_complete {
            return unacceptable(
                "the list has a critical extension, so that it does not say all of its issuer".to_owned(),
            );
        }
        if list.this_update > env.now.saturating_add(CLOCK_TOLERANCE) {
            return unacceptable("the list was made in the future, by this server's clock".to_owned());
        }
        self.must_be_of_its_issuer(&list)?;
        list.find(&[]).or_else(|error| unacceptable(error.to_string()))?;
        let key = layout::revocation_list(&list.issuer);
        if let Some(known) = self.store.get(&key)?
            && RevocationList::new(&known.value).is_ok_and(|known| known.this_update > list.this_update)
        {
            return unacceptable("a newer list of this issuer is here already".to_owned());
        }
        self.write(Write::Put(key, der.to_vec()))
    }

    /// Refuses a list that none of the trusted certificates of its issuer has signed, if there are some. The issuers below
    /// them are not known here: their lists count once a chain holds their certificate.
    fn must_be_of_its_issuer(&self, list: &RevocationList<'_>) -> Result<(), AdministrationError> {
        let anchors = anchors(self.store.as_ref())?;
        let issuers = anchors.iter().filter_map(|der| Parsed::new(der).ok()).filter(|one| one.subject == list.issuer);
        let mut known = false;
        for issuer in issuers {
            known = true;
            match list.signed.verify(self.vault.as_ref(), &issuer.public_key) {
                Ok(Verification::Right) => return Ok(()),
                Ok(_) => {}
                Err(error) => return unacceptable(error.to_string()),
            }
        }
        if known {
            unacceptable("the list is not signed by the trusted certificate of its issuer".to_owned())
        } else {
            Ok(())
        }
    }

    pub(crate) fn write(&self, write: Write) -> Result<(), AdministrationError> {
        let batch = Batch { writes: vec![write], ..Batch::default() };
        self.store.commit(std::slice::from_ref(&batch))?;
        Ok(())
    }
}

/// The fingerprint of a certificate.
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    Sha256::digest(der).into()
}

fn unacceptable<T>(why: String) -> Result<T, AdministrationError> {
    Err(AdministrationError::Unacceptable(why))
}

/// All trust anchors, in DER.
pub(crate) fn anchors(store: &dyn Store) -> Result<Vec<Vec<u8>>, StoreError> {
    let from = layout::TRUST_ANCHORS;
    let page = store.scan(from, &layout::end_of(from), ANCHORS)?;
    Ok(page.entries.into_iter().map(|(_, stored)| stored.value).collect())
}

/// The revocation lists of some issuers, in DER.
pub(crate) fn lists<'a>(
    store: &dyn Store,
    issuers: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut lists = Vec::new();
    for issuer in issuers {
        lists.extend(store.get(&layout::revocation_list(issuer))?.map(|stored| stored.value));
    }
    Ok(lists)
}

/// A label of PEM and DER as PEM text (RFC 7468).
pub fn to_pem(label: &'static str, der: &[u8]) -> Result<String, AdministrationError> {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).or_else(|error| unacceptable(error.to_string()))
}

/// The label and the content of the first block in a PEM text, whatever the length of its lines and whatever stands around it.
pub(crate) fn decode_pem(text: &[u8]) -> Result<(&str, Vec<u8>), der::pem::Error> {
    let end = text.windows(END.len()).position(|window| window == END).and_then(|end| {
        let line = text.get(end..)?.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
        text.get(..end.saturating_add(line))
    });
    let mut decoder = der::pem::Decoder::new_detect_wrap(end.unwrap_or(text).trim_ascii_end())?;
    let mut der = Vec::new();
    decoder.decode_to_end(&mut der)?;
    Ok((decoder.type_label(), der))
}

/// The DER of a PEM text with this label.
pub fn from_pem(label: &str, text: &str) -> Result<Vec<u8>, AdministrationError> {
    match decode_pem(text.as_bytes()) {
        Ok((found, der)) if found == label => Ok(der),
        Ok((found, _)) => unacceptable(format!("the PEM text holds a {found}, not a {label}")),
        Err(error) => unacceptable(format!("not the PEM text of one {label}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_pem_is_read_whatever_its_lines_and_its_surroundings() {
        let der: Vec<u8> = (0..200).collect();
        let strict = to_pem("CERTIFICATE", &der).unwrap();
        let body: String = strict.lines().filter(|line| !line.starts_with('-')).collect();
        let with = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        let (first, rest) = body.split_at(76);
        let texts = [
            strict.clone(),
            with(&body),
            with(&[first, &rest[..76], &rest[76..152], &rest[152..]].join("\n")),
            format!("subject=CN=a\n{strict}\n"),
            format!("{strict}{strict}and more"),
            strict.replace('\n', "\r\n"),
        ];
        for text in texts {
            assert_eq!(from_pem("CERTIFICATE", &text).unwrap(), der, "{text}");
        }
        assert!(from_pem("CERTIFICATE", &strict.replace("END CERTIFICATE", "END X509 CRL")).is_err());
        assert!(from_pem("CERTIFICATE", "-----BEGIN CERTIFICATE-----\n").is_err());
    }
}
