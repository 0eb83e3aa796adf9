//! Certify (KMIP 1.4 §4.7, KMIP 2.1 §6.1.6): the server's certificate authority certifies a public key, which a certification
//! request or an object of the client holds.
//!
//! A certification request proves that its maker has the private key; for a Public Key of the store the text asks for no
//! proof. A request that names no object is certified without links: there is no Public Key to link to.

use der::Encode;
use der::asn1::ObjectIdentifier;
use der::flagset::FlagSet;
use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::{Certificate, ManagedObject};
use kmip_codec::operation::certify::{CertifyRequest, CertifyResponse};
use kmip_codec::registry::{
    CertificateRequestType, CertificateType, CryptographicUsageMask as Mask, LinkType, ObjectType, Operation, State,
    Tag,
};
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::V2_0;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::authority::{self, Authority, Issued, Wanted};
use crate::batch::Context;
use crate::counters::{self, Counter};
use crate::cryptography::key;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::ports::post_quantum::PostQuantum;
use crate::ports::store::Guard;
use crate::x509::request::{self, Request};
use crate::x509::{subject, write};
use crate::{attributes, custody, issued, layout, make, material, registered, state};

pub(super) fn certify(context: &mut Context<'_>, request: CertifyRequest) -> OpResult<CertifyResponse> {
    let CertifyRequest { certificate_request_type: kind, attributes: bag, .. } = &request;
    let authority = authority::require(context.engine)?;
    key::pace(context, &authority.key)?;
    custody::in_software(custody::permitted(request.protection_storage_masks.as_ref())?)?;
    let value = request.certificate_request_value.as_ref().or(request.certificate_request.as_ref());
    let target = target(context, request.unique_identifier.as_ref(), value.is_some())?;
    let asked = asked(context, *kind, value, target.as_ref())?;
    let (naming, rest) = split(bag.as_ref());
    if asked.is_none() {
        require_type(&naming)?;
    }
    let certified = target.as_ref().map(|target| target.id.clone());
    let public = target.filter(|target| target.object_type == ObjectType::PublicKey);
    let held = public.as_ref().map(|public| public_key(context, public)).transpose()?;
    let wanted = wanted(context, asked, held, &naming)?;
    let mut record = make::new_record(context, ObjectType::Certificate, &[Some(&rest)], Origin::Server)?;
    // What a template says of the key gives way to the certificate, as what the request says does.
    record.attributes.retain(|instance| !registered::is_said_by_certificate(&instance.attribute));
    let id = issue(context, &authority, record, wanted, public)?;
    context.give(Operation::Certify, &id);
    if let Some(certified) = certified {
        counters::count(context, certified, Counter::Certify);
    }
    Ok(CertifyResponse { unique_identifier: UniqueIdentifier::Text(id), attributes: None })
}

/// The object that is to be certified. A request stands for itself, unless an object is named beside it: in 1.x the ID
/// Placeholder names one, too, if there is one.
fn target(context: &mut Context<'_>, id: Option<&UniqueIdentifier>, has_request: bool) -> OpResult<Option<Record>> {
    let placeholder = context.version < V2_0 && context.placeholder.is_some();
    if has_request && id.is_none() && !placeholder {
        return Ok(None);
    }
    let id = context.target(id)?;
    let record = context.txn.object(&id)?.as_ref().clone();
    check_usable(&record, context.now)?;
    let fits = record.object_type == ObjectType::PublicKey
        || record.object_type == ObjectType::CertificateRequest && !has_request;
    if !fits {
        let message =
            format!("a {} cannot be certified, only a Public Key or a Certificate Request", record.object_type);
        return fail(Fault::WrongObjectType, message);
    }
    Ok(Some(record))
}

/// Whether an object is one that is "able to be certified" (KMIP 1.4 §11.8).
pub(super) fn check_usable(record: &Record, now: i64) -> OpResult<()> {
    if attribute_of!(record, ArchiveDate).is_some() {
        return fail(Fault::ObjectArchived, "the object is archived: recover it first");
    }
    match state::at(record, now) {
        State::PreActive | State::Active => Ok(()),
        other if record.object_type == ObjectType::PublicKey || record.destroyed => {
            fail(Fault::PermissionDenied, format!("the object is {other} and cannot be certified"))
        }
        _ => Ok(()),
    }
}

/// What a certification request says: the one in the request, or the object that the request names.
pub(super) fn asked(
    context: &Context<'_>,
    kind: Option<CertificateRequestType>,
    value: Option<&ByteString>,
    object: Option<&Record>,
) -> OpResult<Option<Request>> {
    let (kind, value) = match (value, object.and_then(|object| object.object.as_ref())) {
        (Some(value), _) => match kind {
            Some(kind) => (kind, value),
            None => return fail(Fault::InvalidMessage, "a Certificate Request needs a Certificate Request Type"),
        },
        (None, Some(ManagedObject::CertificateRequest(held))) => {
            (held.certificate_request_type, &held.certificate_request_value)
        }
        (None, _) if kind.is_some() => {
            return fail(Fault::InvalidMessage, "Certificate Request Type stands without a Certificate Request");
        }
        (None, _) => return Ok(None),
    };
    if !attributes::is_live(kind, context.version) || kind == CertificateRequestType::PGP {
        return fail(Fault::FeatureNotSupported, format!("certification requests of type {kind} are not supported"));
    }
    let opened = request::open(context.engine.vault.as_ref(), kind, value.as_slice())?;
    let opened = opened.map_err(|error| OpError::new(Fault::InvalidRequest, error.to_string()))?;
    if opened.authority {
        let message = "this server's authority issues certificates to end entities only, not to other authorities";
        return fail(Fault::PermissionDenied, message);
    }
    Ok(Some(opened))
}

/// Attributes that say what the certificate holds, and the others. What follows from the key is the server's to say: the
/// certification request takes precedence.
pub(super) fn split(bag: Option<&Bag>) -> (Vec<Attribute>, Bag) {
    let mut rest = bag.cloned().unwrap_or_default();
    let (naming, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut rest.items).into_iter().partition(|instance| {
        let tag = instance.attribute.tag();
        subject::is_subject(&instance.attribute)
            || matches!(tag, Tag::CertificateType | Tag::CryptographicAlgorithm | Tag::CryptographicLength)
    });
    rest.items = kept;
    (naming.into_iter().map(|instance| instance.attribute).collect(), rest)
}

/// Refuses kinds of certificates that the authority does not make.
pub(super) fn check_type(kind: CertificateType) -> OpResult<()> {
    match kind {
        CertificateType::X_509 => Ok(()),
        other => fail(Fault::FeatureNotSupported, format!("certificates of type {other} are not made")),
    }
}

/// Without a certification request the attributes say which kind of certificate is wanted (KMIP 2.1 §6.1.6).
fn require_type(naming: &[Attribute]) -> OpResult<()> {
    let kind = naming.iter().find_map(|attribute| match attribute {
        Attribute::CertificateType(kind) => Some(*kind),
        _ => None,
    });
    match kind {
        Some(kind) => check_type(kind),
        None => fail(Fault::InvalidMessage, "without a Certificate Request the attributes name a Certificate Type"),
    }
}

/// `SubjectPublicKeyInfo` of a Public Key.
fn public_key(context: &mut Context<'_>, public: &Record) -> OpResult<Vec<u8>> {
    Ok(key::material(context, public)?.expose_secret().to_vec())
}

/// What the certificate is to say; validity follows from its object.
pub(super) fn wanted(
    context: &Context<'_>,
    asked: Option<Request>,
    held: Option<Vec<u8>>,
    naming: &[Attribute],
) -> OpResult<Wanted> {
    let named = subject::read(naming).map_err(authority::unwritable)?;
    let validity = (0, 0);
    let Some(asked) = asked else {
        let Some(public_key) = held else { return fail(Fault::InvalidMessage, "there is no public key to certify") };
        let Some(named) = named else {
            let message = "without a Certificate Request the attributes name the subject: X.509 Certificate Subject, \
                           Certificate Subject, or Certificate Subject CN and its like";
            return fail(Fault::InvalidField, message);
        };
        let usage = usage(&public_key, None)?;
        let extended_usage = extended_usage(context, None)?;
        let subject::Subject { name: subject, alternative_names } = named;
        if alternative_names.is_none() && is_empty(&subject)? {
            return fail(
                Fault::InvalidField,
                "the subject is empty, and there is no alternative name (RFC 5280 §4.1.2.6)",
            );
        }
        return Ok(Wanted { subject, public_key, alternative_names, usage, extended_usage, validity });
    };
    if held.is_some_and(|held| held != asked.public_key) {
        return fail(Fault::InvalidRequest, "the Certificate Request is one of another public key");
    }
    let usage = usage(&asked.public_key, asked.usage)?;
    let extended_usage = extended_usage(context, asked.extended_usage.as_ref())?;
    let nameless = asked.alternative_names.is_none() && is_empty(&asked.subject)?;
    let (subject, alternative_names) = match (nameless, named) {
        (false, _) => (asked.subject, asked.alternative_names),
        (true, Some(named)) => (named.name, named.alternative_names),
        (true, None) => return fail(Fault::InvalidRequest, "the Certificate Request names no subject"),
    };
    Ok(Wanted { subject, public_key: asked.public_key, alternative_names, usage, extended_usage, validity })
}

/// Whether a distinguished name says nothing.
fn is_empty(subject: &[u8]) -> OpResult<bool> {
    Ok(subject == write::sequence(&[]).map_err(authority::unwritable)?)
}

/// Keys that do something else than sign: object identifier, Key Usage (RFC 3279, RFC 8410).
const USAGES: [(ObjectIdentifier, &[KeyUsages]); 5] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"), &[KeyUsages::DigitalSignature, KeyUsages::KeyEncipherment]),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1"), &[KeyUsages::KeyAgreement]),
    (ObjectIdentifier::new_unwrap("1.2.840.10046.2.1"), &[KeyUsages::KeyAgreement]),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), &[KeyUsages::KeyAgreement]),
    (ObjectIdentifier::new_unwrap("1.3.101.111"), &[KeyUsages::KeyAgreement]),
];

/// Key Usage: what was asked for, or what the kind of key can do.
pub(super) fn usage(public_key: &[u8], asked: Option<KeyUsage>) -> OpResult<KeyUsage> {
    // One bit at least (RFC 5280 §4.2.1.3).
    if let Some(asked) = asked.filter(|asked| !asked.0.is_empty()) {
        return Ok(asked);
    }
    let malformed = |_| OpError::new(Fault::InvalidField, "the public key is not a SubjectPublicKeyInfo");
    let oid = spki::SubjectPublicKeyInfoRef::try_from(public_key).map_err(malformed)?.algorithm.oid;
    let listed = USAGES.iter().find(|(listed, _)| *listed == oid).map(|(_, usage)| *usage);
    let usage = match (listed, PostQuantum::of_oid(oid)) {
        (Some(usage), _) => usage,
        (None, Some(PostQuantum::MlKem(_))) => &[KeyUsages::KeyEncipherment][..],
        (None, _) => &[KeyUsages::DigitalSignature],
    };
    Ok(KeyUsage(usage.iter().fold(FlagSet::default(), |all, one| all | *one)))
}

/// Extended Key Usage: what was asked for, if the configuration permits it, or all that it permits.
fn extended_usage(context: &Context<'_>, asked: Option<&ExtendedKeyUsage>) -> OpResult<Option<Vec<u8>>> {
    let permitted = &context.engine.config.authority.extended_usages;
    let value = match asked {
        Some(asked) => {
            if let Some(other) = asked.0.iter().find(|usage| !permitted.contains(&usage.to_string())) {
                let message = format!("this server's authority certifies no keys for the extended usage {other}");
                return fail(Fault::PermissionDenied, message);
            }
            asked.clone()
        }
        None => ExtendedKeyUsage(permitted.iter().filter_map(|usage| usage.parse().ok()).collect()),
    };
    if value.0.is_empty() {
        return Ok(None);
    }
    value.to_der().map(Some).map_err(|_| OpError::new(Fault::InvalidField, "Extended Key Usage is too long"))
}

/// When a certificate is to be valid: as long as its object is to be active, which is told where the request does not say.
fn validity(context: &Context<'_>, authority: &Authority, record: &mut Record) -> OpResult<(i64, i64)> {
    let profile = &context.engine.config.authority;
    let not_before = record.date(Tag::ActivationDate).map_or(context.now, |date| date.0);
    let until = authority.parsed()?.not_after;
    let usual = not_before.saturating_add(profile.validity_seconds).min(until);
    let not_after = record.date(Tag::DeactivationDate).map_or(usual, |date| date.0);
    if not_after > until || not_after < not_before {
        let message = "the certificate would end before it begins, or after the certificate of this server's authority";
        return fail(Fault::InvalidField, message);
    }
    if not_after.saturating_sub(not_before) > profile.longest_seconds {
        let days = profile.longest_seconds / 86_400;
        return fail(
            Fault::InvalidField,
            format!("this server's authority issues certificates for {days} days at most"),
        );
    }
    record.set(Attribute::ActivationDate(DateTime(not_before)));
    record.set(Attribute::DeactivationDate(DateTime(not_after)));
    Ok((not_before, not_after))
}

/// Makes the certificate of a record, links it with its Public Key, and stores both.
pub(super) fn issue(
    context: &mut Context<'_>,
    authority: &Authority,
    mut record: Record,
    mut wanted: Wanted,
    public: Option<Record>,
) -> OpResult<kmip_codec::inline::Text> {
    wanted.validity = validity(context, authority, &mut record)?;
    make::claim_names(context, &record)?;
    let Issued { der, serial_number } = authority.issue(context.engine, &wanted)?;
    let certificate =
        Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(&der) };
    let object = ManagedObject::Certificate(Box::new(certificate));
    registered::describe(context, &mut record, &object)?;
    if attribute_of!(record, CryptographicUsageMask).is_none() {
        record.set(Attribute::CryptographicUsageMask(mask_of(&wanted.usage)));
    }
    make::complete(context, &mut record, Origin::Server);
    // Nothing in a certificate is random but its number.
    record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::RandomNumberGenerator(_)));
    make::set_digests(&mut record, &object);
    attributes::check_dates(&record)?;
    material::store(context.engine.vault.as_ref(), &mut record, object)?;
    if let Some(mut public) = public {
        make::link(&mut record, LinkType::PublicKeyLink, &public.id);
        make::link(&mut public, LinkType::CertificateLink, &record.id);
        attributes::touch(&mut public, context.now);
        context.txn.put(public)?;
    }
    let key = layout::issued(&serial_number);
    context.txn.guard(Guard::Absent(key.clone()));
    context.txn.write(key, Some(issued::value(&authority.key.id, &record)));
    let id = record.id.clone();
    make::put(context, record)?;
    Ok(id)
}

/// What a key that is certified for a usage may be used for.
fn mask_of(usage: &KeyUsage) -> Mask {
    let rows = [
        (usage.digital_signature() || usage.non_repudiation(), Mask::Verify),
        (usage.key_encipherment(), Mask::Encrypt | Mask::WrapKey),
        (usage.data_encipherment(), Mask::Encrypt),
        (usage.key_agreement(), Mask::KeyAgreement),
    ];
    rows.into_iter().filter(|(given, _)| *given).fold(Mask::default(), |all, (_, mask)| all | mask)
}
