//! The attribute table (KMIP 2.1 §4): one row an attribute, with the type of its value, its tag and its name.

use super::values::*;
use crate::error::Result;
use crate::inline::Text;
use crate::item::{Item, ItemValue};
use crate::registry::*;
use crate::value::{ByteString, DateTime, Interval, Value};
use crate::wire::{Sink, Source};

/// An attribute of a vendor or client: Custom Attribute in 1.x, Vendor Attribute from 2.0.
///
/// In 1.x it is named `x-Name` (client) or `y-Name` (server); from 2.0 the part before the hyphen is the Vendor
/// Identification. A 1.x name of neither form has an empty vendor, and no rule allows it.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorAttribute {
    /// Vendor Identification.
    pub vendor: Text,
    /// Attribute Name.
    pub name: Text,
    /// Attribute Value.
    pub value: ItemValue,
}

macro_rules! attributes {
    ($($id:ident($ty:ty) = $tag:ident $name:literal;)*) => {
        /// One attribute with its value.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Attribute {
            $(#[doc = $name] $id($ty),)*
            /// A link of 3.0 that has no Link Type.
            LinkByTag(Tag, UniqueIdentifier),
            /// An attribute of a vendor or client.
            Vendor(Box<VendorAttribute>),
            /// An item under a tag that names no attribute.
            Other(Box<Item>),
            /// A name without a value (Notify of a deleted attribute).
            NameOnly(super::AttributeReference),
        }

        impl Attribute {
            /// The tag that names the attribute; [`Tag::Attribute`] for one of a vendor.
            pub fn tag(&self) -> Tag {
                match self {
                    $(Self::$id(_) => Tag::$tag,)*
                    Self::LinkByTag(tag, _) => *tag,
                    Self::Vendor(_) => Tag::Attribute,
                    Self::Other(item) => item.tag,
                    Self::NameOnly(super::AttributeReference::Tag(tag)) => *tag,
                    Self::NameOnly(super::AttributeReference::Vendor { .. }) => Tag::Attribute,
                }
            }

            /// Writes the value alone, under `tag`.
            pub fn put_value(&self, tag: Tag, sink: &mut dyn Sink) {
                match self {
                    $(Self::$id(value) => value.put(tag, sink),)*
                    Self::LinkByTag(_, target) => target.put(tag, sink),
                    Self::Vendor(attribute) => attribute.value.put(tag, sink),
                    Self::Other(item) => item.value.put(tag, sink),
                    Self::NameOnly(_) => {}
                }
            }

            /// Takes the value of the attribute that `tag` names; an unknown one is kept as an item.
            pub fn take_value(tag: Tag, source: &mut dyn Source) -> Result<Self> {
                match tag {
                    $(Tag::$tag => <$ty as Value>::take(source).map(Self::$id),)*
                    _ if is_link_tag(tag) => UniqueIdentifier::take(source).map(|id| Self::LinkByTag(tag, id)),
                    _ => ItemValue::take(source).map(|value| Self::Other(Box::new(Item { tag, value }))),
                }
            }
        }

        #[cfg(test)]
        impl Attribute {
            /// Makers of every attribute of the table.
            pub(crate) const MAKERS: &'static [fn(&mut crate::arbitrary::Gen<'_>) -> Self] =
                &[$(|g| Self::$id(crate::arbitrary::Arbitrary::arbitrary(g))),*];
        }

        /// The tag of the attribute with this name (KMIP 1.4 §3), compared exactly.
        pub(super) fn tag_of_name(name: &str) -> Option<Tag> {
            match name {
                $($name => Some(Tag::$tag),)*
                _ => None,
            }
        }

        /// The tags of all attributes of the table.
        pub fn attribute_tags() -> &'static [Tag] {
            &[$(Tag::$tag),*]
        }
    };
}

attributes! {
    ActivationDate(DateTime) = ActivationDate "Activation Date";
    AlternativeName(AlternativeName) = AlternativeName "Alternative Name";
    AlwaysSensitive(bool) = AlwaysSensitive "Always Sensitive";
    ApplicationSpecificInformation(Box<ApplicationSpecificInformation>) = ApplicationSpecificInformation "Application Specific Information";
    ArchiveDate(DateTime) = ArchiveDate "Archive Date";
    CertificateIdentifier(Box<CertificateIdentifier>) = CertificateIdentifier "Certificate Identifier";
    CertificateIssuer(Box<CertificateIssuer>) = CertificateIssuer "Certificate Issuer";
    CertificateIssuerC(Text) = CertificateIssuerC "Certificate Issuer C";
    CertificateIssuerCN(Text) = CertificateIssuerCN "Certificate Issuer CN";
    CertificateIssuerDC(Text) = CertificateIssuerDC "Certificate Issuer DC";
    CertificateIssuerDN(Text) = CertificateIssuerDN "Certificate Issuer DN";
    CertificateIssuerDNQualifier(Text) = CertificateIssuerDNQualifier "Certificate Issuer DN Qualifier";
    CertificateIssuerEmail(Text) = CertificateIssuerEmail "Certificate Issuer Email";
    CertificateIssuerL(Text) = CertificateIssuerL "Certificate Issuer L";
    CertificateIssuerO(Text) = CertificateIssuerO "Certificate Issuer O";
    CertificateIssuerOU(Text) = CertificateIssuerOU "Certificate Issuer OU";
    CertificateIssuerST(Text) = CertificateIssuerST "Certificate Issuer ST";
    CertificateIssuerSerialNumber(Text) = CertificateIssuerSerialNumber "Certificate Issuer Serial Number";
    CertificateIssuerTitle(Text) = CertificateIssuerTitle "Certificate Issuer Title";
    CertificateIssuerUID(Text) = CertificateIssuerUID "Certificate Issuer UID";
    CertificateLength(i32) = CertificateLength "Certificate Length";
    CertificateSubject(Box<CertificateSubject>) = CertificateSubject "Certificate Subject";
    CertificateSubjectC(Text) = CertificateSubjectC "Certificate Subject C";
    CertificateSubjectCN(Text) = CertificateSubjectCN "Certificate Subject CN";
    CertificateSubjectDC(Text) = CertificateSubjectDC "Certificate Subject DC";
    CertificateSubjectDN(Text) = CertificateSubjectDN "Certificate Subject DN";
    CertificateSubjectDNQualifier(Text) = CertificateSubjectDNQualifier "Certificate Subject DN Qualifier";
    CertificateSubjectEmail(Text) = CertificateSubjectEmail "Certificate Subject Email";
    CertificateSubjectL(Text) = CertificateSubjectL "Certificate Subject L";
    CertificateSubjectO(Text) = CertificateSubjectO "Certificate Subject O";
    CertificateSubjectOU(Text) = CertificateSubjectOU "Certificate Subject OU";
    CertificateSubjectST(Text) = CertificateSubjectST "Certificate Subject ST";
    CertificateSubjectSerialNumber(Text) = CertificateSubjectSerialNumber "Certificate Subject Serial Number";
    CertificateSubjectTitle(Text) = CertificateSubjectTitle "Certificate Subject Title";
    CertificateSubjectUID(Text) = CertificateSubjectUID "Certificate Subject UID";
    CertificateType(CertificateType) = CertificateType "Certificate Type";
    CertifyCounter(i64) = CertifyCounter "Certify Counter";
    Comment(Text) = Comment "Comment";
    CompromiseDate(DateTime) = CompromiseDate "Compromise Date";
    CompromiseOccurrenceDate(DateTime) = CompromiseOccurrenceDate "Compromise Occurrence Date";
    ContactInformation(Text) = ContactInformation "Contact Information";
    CredentialType(CredentialType) = CredentialType "Credential Type";
    CryptographicAlgorithm(CryptographicAlgorithm) = CryptographicAlgorithm "Cryptographic Algorithm";
    CryptographicDomainParameters(CryptographicDomainParameters) = CryptographicDomainParameters "Cryptographic Domain Parameters";
    CryptographicLength(i32) = CryptographicLength "Cryptographic Length";
    CryptographicParameters(Box<CryptographicParameters>) = CryptographicParameters "Cryptographic Parameters";
    CryptographicUsageMask(CryptographicUsageMask) = CryptographicUsageMask "Cryptographic Usage Mask";
    DeactivationDate(DateTime) = DeactivationDate "Deactivation Date";
    DeactivationReason(DeactivationReason) = DeactivationReason "Deactivation Reason";
    DecryptCounter(i64) = DecryptCounter "Decrypt Counter";
    Description(Text) = Description "Description";
    DestroyDate(DateTime) = DestroyDate "Destroy Date";
    Digest(Box<Digest>) = Digest "Digest";
    DigitalSignatureAlgorithm(DigitalSignatureAlgorithm) = DigitalSignatureAlgorithm "Digital Signature Algorithm";
    EncryptCounter(i64) = EncryptCounter "Encrypt Counter";
    Extractable(bool) = Extractable "Extractable";
    Fresh(bool) = Fresh "Fresh";
    InitialDate(DateTime) = InitialDate "Initial Date";
    KeyFormatType(KeyFormatType) = KeyFormatType "Key Format Type";
    KeyPartIdentifier(i32) = KeyPartIdentifier "Key Part Identifier";
    KeyValueLocation(KeyValueLocation) = KeyValueLocation "Key Value Location";
    KeyValuePresent(bool) = KeyValuePresent "Key Value Present";
    LastChangeDate(DateTime) = LastChangeDate "Last Change Date";
    LeaseTime(Interval) = LeaseTime "Lease Time";
    Link(Link) = Link "Link";
    NISTKeyType(NISTKeyType) = NISTKeyType "NIST Key Type";
    NISTSecurityCategory(i32) = NISTSecurityCategory "NIST Security Category";
    Name(Name) = Name "Name";
    NeverExtractable(bool) = NeverExtractable "Never Extractable";
    OTPCounter(ByteString) = OTPCounter "OTP Counter";
    ObjectClass(ObjectClass) = ObjectClass "Object Class";
    ObjectGroup(Text) = ObjectGroup "Object Group";
    ObjectType(ObjectType) = ObjectType "Object Type";
    OpaqueDataType(OpaqueDataType) = OpaqueDataType "Opaque Data Type";
    OperationPolicyName(Text) = OperationPolicyName "Operation Policy Name";
    OriginalCreationDate(DateTime) = OriginalCreationDate "Original Creation Date";
    Pkcs12FriendlyName(Text) = PKCS_12FriendlyName "PKCS#12 Friendly Name";
    ProcessStartDate(DateTime) = ProcessStartDate "Process Start Date";
    ProtectStopDate(DateTime) = ProtectStopDate "Protect Stop Date";
    ProtectionLevel(ProtectionLevel) = ProtectionLevel "Protection Level";
    ProtectionPeriod(Interval) = ProtectionPeriod "Protection Period";
    ProtectionStorageMask(ProtectionStorageMask) = ProtectionStorageMask "Protection Storage Mask";
    QuantumSafe(bool) = QuantumSafe "Quantum Safe";
    RandomNumberGenerator(Box<RNGParameters>) = RandomNumberGenerator "Random Number Generator";
    RevocationReason(RevocationReason) = RevocationReason "Revocation Reason";
    RotateAutomatic(bool) = RotateAutomatic "Rotate Automatic";
    RotateDate(DateTime) = RotateDate "Rotate Date";
    RotateGeneration(i32) = RotateGeneration "Rotate Generation";
    RotateInterval(Interval) = RotateInterval "Rotate Interval";
    RotateLatest(bool) = RotateLatest "Rotate Latest";
    RotateName(RotateName) = RotateName "Rotate Name";
    RotateOffset(Interval) = RotateOffset "Rotate Offset";
    Sensitive(bool) = Sensitive "Sensitive";
    ShortUniqueIdentifier(ByteString) = ShortUniqueIdentifier "Short Unique Identifier";
    SignCounter(i64) = SignCounter "Sign Counter";
    SignatureVerifyCounter(i64) = SignatureVerifyCounter "Signature Verify Counter";
    SplitKeyMethod(SplitKeyMethod) = SplitKeyMethod "Split Key Method";
    SplitKeyParts(i32) = SplitKeyParts "Split Key Parts";
    SplitKeyPolynomial(SplitKeyPolynomial) = SplitKeyPolynomial "Split Key Polynomial";
    SplitKeyThreshold(i32) = SplitKeyThreshold "Split Key Threshold";
    State(State) = State "State";
    UniqueIdentifier(UniqueIdentifier) = UniqueIdentifier "Unique Identifier";
    UsageLimits(UsageLimits) = UsageLimits "Usage Limits";
    X509CertificateIdentifier(Box<X509CertificateIdentifier>) = X_509CertificateIdentifier "X.509 Certificate Identifier";
    X509CertificateIssuer(Box<X509CertificateIssuer>) = X_509CertificateIssuer "X.509 Certificate Issuer";
    X509CertificateSubject(Box<X509CertificateSubject>) = X_509CertificateSubject "X.509 Certificate Subject";
}

/// Links of 3.0 and the Link Type that earlier versions give them (KMIP 2.1 §11.31).
pub(crate) const LINKS: [(Tag, Option<LinkType>); 20] = [
    (Tag::CertificateLink, Some(LinkType::CertificateLink)),
    (Tag::CertificateRequestLink, None),
    (Tag::ChildLink, Some(LinkType::ChildLink)),
    (Tag::CredentialLink, None),
    (Tag::DerivationObjectLink, Some(LinkType::DerivationBaseObjectLink)),
    (Tag::DerivedObjectLink, Some(LinkType::DerivedKeyLink)),
    (Tag::GroupLink, None),
    (Tag::JoinedSplitKeyPartsLink, None),
    (Tag::NextLink, Some(LinkType::NextLink)),
    (Tag::ParentLink, Some(LinkType::ParentLink)),
    (Tag::PasswordLink, None),
    (Tag::PKCS_12CertificateLink, Some(LinkType::PKCS_12CertificateLink)),
    (Tag::PKCS_12PasswordLink, Some(LinkType::PKCS_12PasswordLink)),
    (Tag::PreviousLink, Some(LinkType::PreviousLink)),
    (Tag::PrivateKeyLink, Some(LinkType::PrivateKeyLink)),
    (Tag::PublicKeyLink, Some(LinkType::PublicKeyLink)),
    (Tag::ReplacedObjectLink, Some(LinkType::ReplacedObjectLink)),
    (Tag::ReplacementObjectLink, Some(LinkType::ReplacementObjectLink)),
    (Tag::SplitKeyBaseLink, None),
    (Tag::WrappingKeyLink, Some(LinkType::WrappingKeyLink)),
];

/// Whether 3.0 has a link under this tag.
pub(super) fn is_link_tag(tag: Tag) -> bool {
    LINKS.iter().any(|(link, _)| *link == tag)
}

/// The Link Type of a link tag of 3.0.
pub(super) fn link_type_of_tag(tag: Tag) -> Option<LinkType> {
    LINKS.iter().find(|(link, _)| *link == tag).and_then(|(_, kind)| *kind)
}

/// The link tag of 3.0 for a Link Type.
pub(super) fn tag_of_link_type(kind: LinkType) -> Option<Tag> {
    LINKS.iter().find(|(_, link)| *link == Some(kind)).map(|(tag, _)| *tag)
}
