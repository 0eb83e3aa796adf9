//! Certification paths: the order of the certificates that a client gives, and whether the path is valid (RFC 5280 §6).
//!
//! Names are compared byte by byte, policies are not narrowed, and what an extension demands that is not processed makes the
//! answer unknown rather than wrong. Revocation is looked up where the server has a list of the issuer.

use super::Malformed;
use super::certificate::Parsed;
use super::revocation::{RevocationList, Revoked};
use super::signed::Verification;
use crate::error::OpResult;
use crate::ports::vault::KeyVault;

/// What is to be said of a path, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every check passed, and the path ends in what is trusted.
    Valid,
    /// A check failed.
    Invalid(String),
    /// The server cannot tell.
    Unknown(String),
}

/// What decides beside the certificates themselves.
pub(crate) struct Policy<'a> {
    /// When the path is to be valid.
    pub date: i64,
    /// Certificates that are trusted as they are.
    pub anchors: Vec<Parsed<'a>>,
    /// Revocation lists. A list counts once its signature is that of the issuer in the path.
    pub lists: Vec<RevocationList<'a>>,
    /// What the server's own authority says of a certificate that it issued.
    pub own: &'a dyn Fn(&Parsed<'_>) -> OpResult<Option<Revoked>>,
}

const NO_PATH: Malformed =
    Malformed("the certificates are not one chain, in which each but the last is issued by another");

/// Brings certificates into the order of their path: the end entity first. All of them must belong to it.
pub(crate) fn order(mut certificates: Vec<Parsed<'_>>) -> Result<Vec<Parsed<'_>>, Malformed> {
    let mut unique: Vec<Parsed<'_>> = Vec::with_capacity(certificates.len());
    for certificate in certificates.drain(..) {
        if !unique.iter().any(|known| known.der == certificate.der) {
            unique.push(certificate);
        }
    }
    let issues_another = |at: usize, subject: &[u8]| {
        unique
            .iter()
            .enumerate()
            .any(|(other, certificate)| other != at && certificate.issuer == subject && !certificate.is_self_issued())
    };
    let ends: Vec<usize> =
        (0..unique.len()).filter(|at| unique.get(*at).is_some_and(|one| !issues_another(*at, &one.subject))).collect();
    let [end] = ends.as_slice() else { return Err(NO_PATH) };
    let mut path = vec![unique.swap_remove(*end)];
    while let Some(last) = path.last().filter(|_| !unique.is_empty()) {
        if last.is_self_issued() {
            return Err(NO_PATH);
        }
        let Some(issuer) = unique.iter().position(|certificate| certificate.subject == last.issuer) else {
            return Err(NO_PATH);
        };
        path.push(unique.swap_remove(issuer));
    }
    Ok(path)
}

/// Decides about a path in the order that [`order`] makes. What is wrong beats what is unknown.
pub(crate) fn check(vault: &dyn KeyVault, path: &[Parsed<'_>], policy: &Policy<'_>) -> OpResult<Verdict> {
    let anchor = above(vault, path, policy)?;
    let mut unknown = None;
    // What a trusted certificate says of itself counts, whether the client sends it along or not (RFC 5937 §3).
    if let Some(anchor) = anchor {
        match check_itself(anchor, policy) {
            Verdict::Invalid(why) => return Ok(Verdict::Invalid(why)),
            Verdict::Unknown(why) => drop(unknown.get_or_insert(why)),
            Verdict::Valid => {}
        }
    }
    for (depth, certificate) in path.iter().enumerate() {
        let above = path.get(depth.saturating_add(1)).or(anchor);
        let issuer = above.or(Some(certificate).filter(|certificate| certificate.is_self_issued()));
        match check_one(vault, certificate, issuer, policy)? {
            Verdict::Invalid(why) => return Ok(Verdict::Invalid(why)),
            Verdict::Unknown(why) => drop(unknown.get_or_insert(why)),
            Verdict::Valid => {}
        }
        if let Some(issuer) = above
            && let Some(why) = refuses(issuer, path.get(..=depth).unwrap_or(path))
        {
            return Ok(Verdict::Invalid(why));
        }
    }
    let is_anchor = |certificate: &Parsed<'_>| policy.anchors.iter().any(|known| known.der == certificate.der);
    if anchor.is_none() && !path.iter().any(is_anchor) {
        unknown.get_or_insert_with(|| "the chain does not end in a certificate that is trusted here".to_owned());
    }
    Ok(unknown.map_or(Verdict::Valid, Verdict::Unknown))
}

/// The trusted certificate that issued the last one of a path.
fn above<'a>(vault: &dyn KeyVault, path: &[Parsed<'_>], policy: &'a Policy<'_>) -> OpResult<Option<&'a Parsed<'a>>> {
    let Some(last) = path.last().filter(|last| !last.is_self_issued()) else { return Ok(None) };
    for anchor in policy.anchors.iter().filter(|anchor| anchor.subject == last.issuer) {
        if last.signed.verify(vault, &anchor.public_key)? == Verification::Right {
            return Ok(Some(anchor));
        }
    }
    Ok(None)
}

/// Signature and revocation of one certificate, and what it says of itself.
fn check_one(
    vault: &dyn KeyVault,
    certificate: &Parsed<'_>,
    issuer: Option<&Parsed<'_>>,
    policy: &Policy<'_>,
) -> OpResult<Verdict> {
    let itself = check_itself(certificate, policy);
    if let Verdict::Invalid(_) = itself {
        return Ok(itself);
    }
    let signature = match issuer {
        Some(issuer) => certificate.signed.verify(vault, &issuer.public_key)?,
        None => Verification::Undecided,
    };
    if signature == Verification::Wrong {
        return Ok(Verdict::Invalid("a signature is not that of the issuer".to_owned()));
    }
    let listed = match issuer {
        Some(issuer) => listed(vault, certificate, issuer, policy)?,
        None => None,
    };
    if (policy.own)(certificate)?.or(listed).is_some_and(|revoked| revoked.counts_at(policy.date)) {
        return Ok(Verdict::Invalid("a certificate is revoked".to_owned()));
    }
    if issuer.is_some() && signature == Verification::Undecided {
        return Ok(Verdict::Unknown("the server does not verify signatures of this algorithm".to_owned()));
    }
    Ok(itself)
}

/// Dates and extensions of a certificate.
fn check_itself(certificate: &Parsed<'_>, policy: &Policy<'_>) -> Verdict {
    if !certificate.covers(policy.date) {
        return Verdict::Invalid("a certificate is not valid at the date".to_owned());
    }
    match certificate.unprocessed {
        Some(id) => Verdict::Unknown(format!("the server does not process the extension {id}")),
        None => Verdict::Valid,
    }
}

/// What a list of the issuer says. A list that is not its own, or not all of it, says nothing.
fn listed(
    vault: &dyn KeyVault,
    certificate: &Parsed<'_>,
    issuer: &Parsed<'_>,
    policy: &Policy<'_>,
) -> OpResult<Option<Revoked>> {
    if !issuer.may_revoke() {
        return Ok(None);
    }
    for list in policy.lists.iter().filter(|list| list.issuer == certificate.issuer && list.is_complete) {
        if list.signed.verify(vault, &issuer.public_key)? == Verification::Right
            && let Ok(Some(revoked)) = list.find(&certificate.serial_number)
        {
            return Ok(Some(revoked));
        }
    }
    Ok(None)
}

/// Why a certificate may not stand above the ones below it, which are given from the end entity on.
fn refuses(issuer: &Parsed<'_>, below: &[Parsed<'_>]) -> Option<String> {
    if !issuer.may_certify() {
        return Some("an issuer in the chain may not certify: Basic Constraints or Key Usage".to_owned());
    }
    let authorities = below.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count();
    let longest = issuer.constraints.as_ref().and_then(|constraints| constraints.path_len_constraint);
    if longest.is_some_and(|longest| authorities > usize::from(longest)) {
        return Some("the chain is longer than an issuer in it permits".to_owned());
    }
    None
}
