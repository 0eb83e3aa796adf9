//! Keys of ML-KEM, ML-DSA and SLH-DSA: PKCS#8 and X.509 (RFC 9935, RFC 9881, RFC 9909), and Raw.
//!
//! A private key of ML-KEM and ML-DSA is its seed, its expanded form, or both; PKCS#8 carries what the key was given with.
//! Raw is "only cryptographic key material" (KMIP 2.1 §11.25): the seed where there is one, else the expanded form.

use super::asn1;
use super::key::Key;
use super::{FormatError, Result, malformed, not_supported};
use der::asn1::{AnyRef, ContextSpecific, OctetStringRef};
use der::{Decode, Encode, Sequence, Tag, TagMode, TagNumber, Tagged};
use kmip_codec::object::KeyMaterial;
use kmip_codec::registry::KeyFormatType;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use pkcs8::PrivateKeyInfoRef;

use crate::ports::post_quantum::PostQuantum;

/// A private key.
pub(super) struct PostQuantumPrivateKey {
    /// What it is for.
    pub(super) set: PostQuantum,
    material: Material,
    /// The public key, where the format carried it beside the private one.
    attached: Option<ByteString>,
}

/// The forms of a private key.
enum Material {
    Seed(Secret),
    Expanded(Secret),
    Both { seed: Secret, expanded: Secret },
}

/// A public key.
pub(super) struct PostQuantumPublicKey {
    /// What it is for.
    pub(super) set: PostQuantum,
    /// The octets.
    pub(super) public: ByteString,
}

const WRONG_LENGTH: &str = "the key has not the length of its algorithm";
const NO_CHOICE: &str = "the private key is neither a seed, nor an expanded key, nor both";

/// ```text
/// both SEQUENCE { seed OCTET STRING, expandedKey OCTET STRING }
/// ```
#[derive(Sequence)]
struct Both<'a> {
    seed: &'a OctetStringRef,
    expanded: &'a OctetStringRef,
}

const SEED_TAG: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };

/// Octets of a length.
fn sized(octets: &[u8], length: usize) -> Result<Secret> {
    if octets.len() == length { Ok(Secret::copy_from(octets)) } else { malformed(WRONG_LENGTH) }
}

fn private(set: PostQuantum, material: Material, attached: Option<ByteString>) -> Result<Key> {
    if attached.as_ref().is_some_and(|public| public.as_slice().len() != set.row().public) {
        return malformed(WRONG_LENGTH);
    }
    Ok(Key::PostQuantumPrivate(PostQuantumPrivateKey { set, material, attached }))
}

/// Reads the octets of a private key whose algorithm is told beside it: a seed or an expanded key, by their length.
pub(super) fn read_raw_private(set: PostQuantum, octets: &[u8]) -> Result<Key> {
    let row = set.row();
    let is_seed = octets.len() == row.seed && has_choice(set);
    let material = if is_seed {
        Material::Seed(Secret::copy_from(octets))
    } else {
        Material::Expanded(sized(octets, row.expanded)?)
    };
    private(set, material, None)
}

/// Reads the octets of a public key whose algorithm is told beside it.
pub(super) fn read_public(set: PostQuantum, octets: &[u8]) -> Result<Key> {
    if octets.len() != set.row().public {
        return malformed(WRONG_LENGTH);
    }
    Ok(Key::PostQuantumPublic(PostQuantumPublicKey { set, public: ByteString::new(octets) }))
}

/// Whether PKCS#8 holds a choice of forms; SLH-DSA's holds the octets themselves (RFC 9909 §6).
fn has_choice(set: PostQuantum) -> bool {
    !matches!(set, PostQuantum::SlhDsa(_))
}

/// Reads PKCS#8.
pub(super) fn read_pkcs8(set: PostQuantum, info: &PrivateKeyInfoRef<'_>) -> Result<Key> {
    let (row, inner) = (set.row(), info.private_key.as_bytes());
    let material = if has_choice(set) {
        let any: AnyRef<'_> = asn1::decode(inner, NO_CHOICE)?;
        match any.tag() {
            SEED_TAG => Material::Seed(sized(any.value(), row.seed)?),
            Tag::OctetString => Material::Expanded(sized(any.value(), row.expanded)?),
            Tag::Sequence => {
                let both = Both::from_der(inner).map_err(|_| FormatError::Malformed(NO_CHOICE))?;
                Material::Both {
                    seed: sized(both.seed.as_bytes(), row.seed)?,
                    expanded: sized(both.expanded.as_bytes(), row.expanded)?,
                }
            }
            _ => return malformed(NO_CHOICE),
        }
    } else {
        Material::Expanded(sized(inner, row.expanded)?)
    };
    private(set, material, asn1::pkcs8_public_key(info))
}

/// Writes a private key.
pub(super) fn write_private(key: PostQuantumPrivateKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::Raw => Ok(KeyMaterial::Bytes(match key.material {
            Material::Seed(octets) | Material::Expanded(octets) | Material::Both { seed: octets, .. } => octets,
        })),
        KeyFormatType::PKCS_8 => {
            let inner = inner(&key)?;
            asn1::make_pkcs8(key.set.row().oid, None, inner.expose_secret())
        }
        _ => not_supported("a post-quantum private key has only the PKCS#8 and Raw formats"),
    }
}

/// What stands in the octet string of PKCS#8.
fn inner(key: &PostQuantumPrivateKey) -> Result<Secret> {
    match &key.material {
        Material::Seed(seed) => {
            encode(&ContextSpecific { tag_number: TagNumber(0), tag_mode: TagMode::Implicit, value: octets(seed)? })
        }
        Material::Expanded(expanded) if has_choice(key.set) => encode(&octets(expanded)?),
        Material::Expanded(expanded) => Ok(expanded.clone()),
        Material::Both { seed, expanded } => encode(&Both { seed: octets(seed)?, expanded: octets(expanded)? }),
    }
}

fn octets(secret: &Secret) -> Result<&OctetStringRef> {
    OctetStringRef::new(secret.expose_secret()).map_err(|_| FormatError::Malformed(WRONG_LENGTH))
}

fn encode(value: &impl Encode) -> Result<Secret> {
    asn1::encode_secret(value)
}

/// Writes a public key.
pub(super) fn write_public(key: PostQuantumPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::Raw => Ok(asn1::bytes(key.public.as_slice())),
        KeyFormatType::X_509 => asn1::make_spki(key.set.row().oid, None, key.public.as_slice()),
        _ => not_supported("a post-quantum public key has only the X.509 and Raw formats"),
    }
}

/// The public key of a private one: it stands within the expanded form of ML-KEM (FIPS 203 §7.1, before the last 64 octets)
/// and of SLH-DSA (FIPS 205 §9.1, at the end), or beside the private key.
pub(super) fn public_of(key: PostQuantumPrivateKey) -> Result<PostQuantumPublicKey> {
    let set = key.set;
    let after = match set {
        PostQuantum::MlKem(_) => Some(64),
        PostQuantum::SlhDsa(_) => Some(0),
        PostQuantum::MlDsa(_) => None,
    };
    let within = match (&key.material, after) {
        (Material::Expanded(expanded) | Material::Both { expanded, .. }, Some(after)) => {
            let end = expanded.len().checked_sub(after);
            let start = end.and_then(|end| end.checked_sub(set.row().public));
            start.zip(end).and_then(|(start, end)| expanded.expose_secret().get(start..end)).map(ByteString::new)
        }
        _ => None,
    };
    match within.or(key.attached) {
        Some(public) => Ok(PostQuantumPublicKey { set, public }),
        None => not_supported("the private key was registered without its public key"),
    }
}
