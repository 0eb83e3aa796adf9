//! The values of attributes that are more than one number or text, and identifiers (KMIP 2.1 §4).

use crate::error::Result;
use crate::inline::Text;
use crate::macros::record;
use crate::registry::*;
use crate::value::{ByteString, Value};
use crate::version::{V2_0, V3_0, Version};
use crate::wire::{IdentifierKind, Sink, Source, Strictness};

/// Unique Identifier, in a message: a text, or from 2.0 a place to take it from (KMIP 2.1 §4.58).
///
/// The wide tag leaves no gap before the text, which makes moves cheaper.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum UniqueIdentifier {
    /// The identifier itself: Text String, from 3.0 Identifier.
    Text(Text),
    /// The result of an earlier operation of the batch, such as the ID Placeholder.
    Placeholder(UniqueIdentifierEnumeration),
    /// The n-th identifier of the response so far; negative counts from the end.
    Index(i32),
    /// A link to an object (3.0).
    Reference(Text),
    /// A link to a name (3.0).
    NameReference(Text),
}

impl UniqueIdentifier {
    /// The identifier itself.
    pub fn text(id: &str) -> Self {
        Self::Text(Text::new(id))
    }

    /// The identifier if it is given as such.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(id) | Self::Reference(id) => Some(id),
            _ => None,
        }
    }
}

impl Value for UniqueIdentifier {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        let in_3_0 = |kind| if sink.version() >= V3_0 { kind } else { IdentifierKind::Text };
        let (kind, id) = match self {
            Self::Text(id) => (in_3_0(IdentifierKind::Identifier), id),
            Self::Reference(id) => (in_3_0(IdentifierKind::Reference), id),
            Self::NameReference(name) => (in_3_0(IdentifierKind::NameReference), name),
            Self::Placeholder(which) => return which.put(tag, sink),
            Self::Index(nth) => return sink.integer(tag, *nth),
        };
        sink.short_text(tag, kind, id);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        let found = source.item_type();
        match found {
            ItemType::Enumeration if allows(V2_0, source) => {
                UniqueIdentifierEnumeration::take(source).map(Self::Placeholder)
            }
            ItemType::Integer if allows(V2_0, source) => source.integer().map(Self::Index),
            _ => {
                let mut text = Text::EMPTY;
                let kind = take_identifier(&mut text, found, source)?;
                Ok(Self::of_kind(kind, text))
            }
        }
    }

    /// Identifiers, of which a list may hold thousands, are written in place: a value that was just put together on the
    /// stack is slow to move.
    fn take_list(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Vec<Self>> {
        let (mut list, mut taken) = (Vec::new(), 0);
        while *next == tag {
            if taken == list.len() {
                let room = 1 + source.room_for_more().min(LIST_AT_ONCE);
                list.resize_with(taken + room, || Self::Text(Text::EMPTY));
            }
            if let Some(slot) = list.get_mut(taken) {
                slot.take_in_place(source)?;
            }
            taken += 1;
            *next = source.next()?;
        }
        list.truncate(taken);
        Ok(list)
    }
}

/// Identifiers for which room is made in advance at most, so that a false hint costs little memory.
const LIST_AT_ONCE: usize = 1_024;

impl UniqueIdentifier {
    fn take_in_place(&mut self, source: &mut dyn Source) -> Result<()> {
        let found = source.item_type();
        match self {
            Self::Text(text) if !matches!(found, ItemType::Enumeration | ItemType::Integer) => {
                let kind = take_identifier(text, found, source)?;
                if matches!(kind, IdentifierKind::Reference | IdentifierKind::NameReference) {
                    *self = Self::of_kind(kind, std::mem::replace(text, Text::EMPTY));
                }
            }
            _ => *self = Self::take(source)?,
        }
        Ok(())
    }

    fn of_kind(kind: IdentifierKind, text: Text) -> Self {
        match kind {
            IdentifierKind::Text | IdentifierKind::Identifier => Self::Text(text),
            IdentifierKind::Reference => Self::Reference(text),
            IdentifierKind::NameReference => Self::NameReference(text),
        }
    }
}

/// Whether a form that came with the version `since` may be read.
fn allows(since: Version, source: &dyn Source) -> bool {
    source.version() >= since || source.strictness() == Strictness::Lenient
}

/// Takes an identifier into its place. Strictly its type is Text String before 3.0, and another from it on.
#[inline]
fn take_identifier(into: &mut Text, found: ItemType, source: &mut dyn Source) -> Result<IdentifierKind> {
    let belongs = (found == ItemType::TextString) == (source.version() < V3_0);
    if !belongs && source.strictness() == Strictness::Strict {
        let expected = if found == ItemType::TextString { ItemType::Identifier } else { ItemType::TextString };
        return crate::value::wrong_type(Tag::UniqueIdentifier, expected, found);
    }
    source.short_text(into)
}

/// Name (KMIP 2.1 §4.34): a structure to 2.1, a text from 3.0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Name Value.
    pub value: Text,
    /// Name Type.
    pub kind: NameType,
}

impl Name {
    /// An uninterpreted name.
    pub fn text(value: &str) -> Self {
        Self { value: Text::new(value), kind: NameType::UninterpretedTextString }
    }
}

impl Value for Name {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        if sink.version() >= V3_0 {
            return self.value.put(tag, sink);
        }
        NameStructure { name_value: self.value.clone(), name_type: self.kind }.put(tag, sink);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        if source.takes(ItemType::TextString, source.version() >= V3_0) {
            let value = Text::take(source)?;
            return Ok(Self { value, kind: NameType::UninterpretedTextString });
        }
        let NameStructure { name_value, name_type } = NameStructure::take(source)?;
        Ok(Self { value: name_value, kind: name_type })
    }
}

/// Rotate Name (KMIP 2.1 §4.53): a structure in 2.1, a text from 3.0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RotateName {
    /// Rotate Name Value.
    pub value: Text,
    /// Rotate Name Type.
    pub kind: RotateNameType,
}

impl Value for RotateName {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        if sink.version() >= V3_0 {
            return self.value.put(tag, sink);
        }
        RotateNameStructure { rotate_name_value: self.value.clone(), rotate_name_type: self.kind }.put(tag, sink);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        if source.takes(ItemType::TextString, source.version() >= V3_0) {
            let value = Text::take(source)?;
            return Ok(Self { value, kind: RotateNameType::UninterpretedTextString });
        }
        let RotateNameStructure { rotate_name_value, rotate_name_type } = RotateNameStructure::take(source)?;
        Ok(Self { value: rotate_name_value, kind: rotate_name_type })
    }
}

record! {
    /// Name as a structure, before 3.0.
    NameStructure "Name" {
        name_value: Text = tag(NameValue),
        name_type: NameType = tag(NameType),
    }

    /// Rotate Name as a structure, in 2.1 (KMIP 2.1 §4.53).
    RotateNameStructure "Rotate Name" {
        rotate_name_value: Text = tag(RotateNameValue),
        rotate_name_type: RotateNameType = tag(RotateNameType),
    }

    /// Alternative Name (KMIP 2.1 §4.2).
    AlternativeName "Alternative Name" {
        alternative_name_value: Text = tag(AlternativeNameValue),
        alternative_name_type: AlternativeNameType = tag(AlternativeNameType),
    }

    /// Application Specific Information (KMIP 2.1 §4.4).
    ApplicationSpecificInformation "Application Specific Information" {
        application_namespace: Text = tag(ApplicationNamespace),
        application_data: Option<Text> = tag(ApplicationData),
    }

    /// Certificate Identifier (KMIP 1.4 §3.13, deprecated).
    CertificateIdentifier "Certificate Identifier" {
        issuer: Text = tag(Issuer),
        serial_number: Option<Text> = tag(SerialNumber),
    }

    /// Certificate Subject (KMIP 1.4 §3.14, deprecated).
    CertificateSubject "Certificate Subject" {
        certificate_subject_distinguished_name: Option<Text> = tag(CertificateSubjectDistinguishedName),
        certificate_subject_alternative_name: Vec<Text> = tag(CertificateSubjectAlternativeName),
    }

    /// Certificate Issuer (KMIP 1.4 §3.15, deprecated).
    CertificateIssuer "Certificate Issuer" {
        certificate_issuer_distinguished_name: Text = tag(CertificateIssuerDistinguishedName),
        certificate_issuer_alternative_name: Vec<Text> = tag(CertificateIssuerAlternativeName),
    }

    /// Cryptographic Domain Parameters (KMIP 2.1 §4.15).
    CryptographicDomainParameters "Cryptographic Domain Parameters" {
        qlength: Option<i32> = tag(Qlength),
        recommended_curve: Option<RecommendedCurve> = tag(RecommendedCurve),
    }

    /// Cryptographic Parameters (KMIP 2.1 §4.17). The default says nothing.
    #[derive(Default)]
    CryptographicParameters "Cryptographic Parameters" {
        block_cipher_mode: Option<BlockCipherMode> = tag(BlockCipherMode),
        padding_method: Option<PaddingMethod> = tag(PaddingMethod),
        hashing_algorithm: Option<HashingAlgorithm> = tag(HashingAlgorithm),
        key_role_type: Option<KeyRoleType> = tag(KeyRoleType),
        digital_signature_algorithm: Option<DigitalSignatureAlgorithm> = tag(DigitalSignatureAlgorithm) since V1_2,
        cryptographic_algorithm: Option<CryptographicAlgorithm> = tag(CryptographicAlgorithm) since V1_2,
        random_iv: Option<bool> = tag(RandomIV) since V1_2,
        iv_length: Option<i32> = tag(IVLength) since V1_2,
        tag_length: Option<i32> = tag(TagLength) since V1_2,
        fixed_field_length: Option<i32> = tag(FixedFieldLength) since V1_2,
        invocation_field_length: Option<i32> = tag(InvocationFieldLength) since V1_2,
        counter_length: Option<i32> = tag(CounterLength) since V1_2,
        initial_counter_value: Option<i32> = tag(InitialCounterValue) since V1_2,
        salt_length: Option<i32> = tag(SaltLength) since V1_4,
        mask_generator: Option<MaskGenerator> = tag(MaskGenerator) since V1_4,
        mask_generator_hashing_algorithm: Option<HashingAlgorithm> = tag(MaskGeneratorHashingAlgorithm) since V1_4,
        p_source: Option<ByteString> = tag(PSource) since V1_4,
        trailer_field: Option<i32> = tag(TrailerField) since V1_4,
    }

    /// Digest (KMIP 2.1 §4.21). The table of 1.0 lacks Key Format Type, a tag that 1.0 has; PyKMIP cannot read a Digest
    /// without it in any version, so it stands here for all.
    Digest "Digest" {
        hashing_algorithm: HashingAlgorithm = tag(HashingAlgorithm),
        digest_value: Option<ByteString> = tag(DigestValue),
        key_format_type: Option<KeyFormatType> = tag(KeyFormatType),
    }

    /// Key Value Location (KMIP 2.1 §4.28).
    KeyValueLocation "Key Value Location" {
        key_value_location_value: Text = tag(KeyValueLocationValue),
        key_value_location_type: KeyValueLocationType = tag(KeyValueLocationType),
    }

    /// Link (KMIP 2.1 §4.31), before 3.0.
    Link "Link" {
        link_type: LinkType = tag(LinkType),
        linked_object_identifier: UniqueIdentifier = tag(LinkedObjectIdentifier),
    }

    /// Revocation Reason (KMIP 2.1 §4.48).
    RevocationReason "Revocation Reason" {
        revocation_reason_code: RevocationReasonCode = tag(RevocationReasonCode),
        revocation_message: Option<Text> = tag(RevocationMessage),
    }

    /// Deactivation Reason (KMIP 3.0).
    DeactivationReason "Deactivation Reason" {
        deactivation_reason_code: DeactivationReasonCode = tag(DeactivationReasonCode),
        deactivation_message: Option<Text> = tag(DeactivationMessage),
    }

    /// RNG Parameters (KMIP 2.1 §7.30), the value of Random Number Generator.
    RNGParameters "RNG Parameters" {
        rng_algorithm: RNGAlgorithm = tag(RNGAlgorithm),
        cryptographic_algorithm: Option<CryptographicAlgorithm> = tag(CryptographicAlgorithm),
        cryptographic_length: Option<i32> = tag(CryptographicLength),
        hashing_algorithm: Option<HashingAlgorithm> = tag(HashingAlgorithm),
        drbg_algorithm: Option<DRBGAlgorithm> = tag(DRBGAlgorithm),
        recommended_curve: Option<RecommendedCurve> = tag(RecommendedCurve),
        fips186_variation: Option<FIPS186Variation> = tag(FIPS186Variation),
        prediction_resistance: Option<bool> = tag(PredictionResistance),
    }

    /// Usage Limits (KMIP 2.1 §4.62). Clients leave the count out although the table requires it.
    UsageLimits "Usage Limits" {
        usage_limits_total: i64 = tag(UsageLimitsTotal),
        usage_limits_count: Option<i64> = tag(UsageLimitsCount),
        usage_limits_unit: UsageLimitsUnit = tag(UsageLimitsUnit),
    }

    /// X.509 Certificate Identifier (KMIP 2.1 §4.64).
    X509CertificateIdentifier "X.509 Certificate Identifier" {
        issuer_distinguished_name: ByteString = tag(IssuerDistinguishedName),
        certificate_serial_number: ByteString = tag(CertificateSerialNumber),
    }

    /// X.509 Certificate Issuer (KMIP 2.1 §4.65).
    X509CertificateIssuer "X.509 Certificate Issuer" {
        issuer_distinguished_name: ByteString = tag(IssuerDistinguishedName),
        issuer_alternative_name: Vec<ByteString> = tag(IssuerAlternativeName),
    }

    /// X.509 Certificate Subject (KMIP 2.1 §4.66).
    X509CertificateSubject "X.509 Certificate Subject" {
        subject_distinguished_name: Option<ByteString> = tag(SubjectDistinguishedName),
        subject_alternative_name: Vec<ByteString> = tag(SubjectAlternativeName),
    }

    /// Object Groups (KMIP 2.1 §7.20): texts in 2.1, links from 3.0.
    ObjectGroups "Object Groups" {
        object_group: Vec<Text> = tag(ObjectGroup) until V2_1,
        group_link: Vec<UniqueIdentifier> = refers(GroupLink) since V3_0,
    }

    /// Protection Storage Masks (KMIP 2.1 §7.27).
    ProtectionStorageMasks "Protection Storage Masks" {
        protection_storage_mask: Vec<ProtectionStorageMask> = tag(ProtectionStorageMask),
    }

    /// Objects (KMIP 2.1 §7.19).
    Objects "Objects" {
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier),
    }

    /// Object Types (KMIP 2.1 §7.21).
    ObjectTypes "Object Types" {
        object_type: Vec<ObjectType> = tag(ObjectType),
    }

    /// Operations (KMIP 2.1 §7.22).
    Operations "Operations" {
        operation: Vec<Operation> = tag(Operation),
    }
}
