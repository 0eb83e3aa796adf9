//! The attribute rules as data (KMIP 1.4 §3, KMIP 2.1 §4): who may set, change and delete an attribute, how many instances
//! it has, and which objects carry it. One row holds for a range of versions; every attribute operation reads this table.
//!
//! Where the published test cases contradict a printed rule, the row follows the test cases and says so beside itself:
//! - Cryptographic Algorithm and Cryptographic Length are "set by the server", but Create demands them of the client.
//! - Cryptographic Length of Secret Data in 1.x comes from Derive Key (KMIP 1.4 §4.6), though its table names keys only.
//! - Process Start Date and Protect Stop Date of asymmetric keys in 1.x come from the cryptographic server cases.
//! - An Opaque Object of 1.4 carries the attributes of cryptographic objects (1.4 errata 01 §2.2).
//! - Certificate Subject CN and its like have tags, and stand in test cases, from 1.4; their rule is printed from 2.0.
//! - Split Key Polynomial of 3.0 belongs to split keys, as its three neighbours do, though it is printed for all objects.
//! - The links and counters of 3.0 are fields of Links and Counters, which have no tags: each field stands here alone.

use crate::registry::{ObjectType, Tag};
use crate::version::*;

/// The rule of one attribute in a range of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRule {
    /// The attribute.
    pub tag: Tag,
    /// First version of this rule.
    pub first: Version,
    /// Last version of this rule.
    pub last: Version,
    /// When it must have a value ("SHALL always have a value").
    pub presence: Presence,
    /// Who gives the first value ("Initially set by").
    pub set_by: SetBy,
    /// When the server may change it ("Modifiable by server").
    pub server_modifies: Change,
    /// When a client may change it ("Modifiable by client").
    pub client_modifies: Change,
    /// When a client may delete it ("Deletable by client").
    pub client_deletes: Change,
    /// How many instances an object has ("Multiple instances permitted").
    pub instances: Instances,
    /// The object types that have it ("Applies to Object Types").
    pub applies_to: ObjectTypes,
}

impl AttributeRule {
    /// The attribute's name in the specification; what 1.x puts into Attribute Name.
    pub fn name(&self) -> &'static str {
        self.tag.name().unwrap_or_default()
    }

    /// Whether a client's request may carry the attribute for an object that is made in this way.
    pub fn client_may_set(&self, origin: Origin) -> bool {
        match self.set_by {
            SetBy::Server => false,
            SetBy::Maker => origin == Origin::Client,
            SetBy::ServerAsStated | SetBy::Client | SetBy::Either | SetBy::EitherFillsIn | SetBy::EitherLimits => true,
        }
    }

    /// Whether no client request can ever set, change or delete the attribute.
    pub fn is_read_only(&self) -> bool {
        self.set_by == SetBy::Server && self.client_modifies == Change::No && self.client_deletes == Change::No
    }

    /// Whether an object of this type may have more than one instance.
    pub fn is_multiple(&self, object_type: ObjectType) -> bool {
        match self.instances {
            Instances::One => false,
            Instances::Many => true,
            Instances::OneUnlessPgp => object_type == ObjectType::PGPKey,
        }
    }

    fn holds_in(&self, version: Version) -> bool {
        self.first <= version && version <= self.last
    }
}

/// When an attribute must have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It may be missing.
    Optional,
    /// Every object has it.
    Always,
    /// Every object but an Opaque Object has it.
    ExceptOpaque,
    /// Every object but Secret Data and an Opaque Object has it.
    ExceptSecrets,
    /// Every object has it whose digest or material the server can reach.
    WithMaterial,
}

/// Who gives an attribute its first value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// The server alone; a request that gives a value is refused.
    Server,
    /// The server, from the request or the object: a request may state the value, and the object must agree with it.
    ServerAsStated,
    /// The client alone.
    Client,
    /// Either of them; the client's value goes first.
    Either,
    /// Whoever makes the object: the client that registers it, or the server that generates it.
    Maker,
    /// The client; the server only fills in Application Data that a request leaves out.
    EitherFillsIn,
    /// Either of them, but of Usage Limits the client gives Total and Unit only.
    EitherLimits,
}

/// Where an object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The server generates it (Create, Create Key Pair, Derive Key, Re-key ...).
    Server,
    /// The client supplies it (Register).
    Client,
}

/// When an attribute may be changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Never.
    No,
    /// At any time.
    Yes,
    /// While the object is Pre-Active.
    InPreActive,
    /// While the object is Pre-Active or Active.
    UntilDeactivated,
    /// While the object is Pre-Active or Active and its Process Start Date has not been reached.
    UntilProcessStart,
    /// While the object is Pre-Active or Active and its Protect Stop Date has not been reached.
    UntilProtectStop,
    /// Total and Unit only, and only before the first Get Usage Allocation.
    UntilAllocated,
    /// From False to True only.
    OnlyToTrue,
    /// From True to False only.
    OnlyToFalse,
    /// If this side created the attribute: `x-` names (2.x vendor "x") are the client's, `y-` names the server's.
    IfOwn,
    /// If there is no value yet.
    IfAbsent,
    /// If the client's request left out the Application Data.
    IfDataOmitted,
    /// By use of the key: each use counts.
    OnUse,
}

/// How many instances of an attribute an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instances {
    /// At most one.
    One,
    /// Any number.
    Many,
    /// Any number for PGP, at most one for X.509.
    OneUnlessPgp,
}

/// A set of object types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ObjectTypes(u32);

impl ObjectTypes {
    /// The set with one member.
    pub const fn of(object_type: ObjectType) -> Self {
        Self(bit(object_type))
    }

    /// This set and one more member.
    pub const fn with(self, object_type: ObjectType) -> Self {
        Self(self.0 | bit(object_type))
    }

    /// Whether `object_type` is a member. Types that no table knows are members of no set.
    pub const fn contains(self, object_type: ObjectType) -> bool {
        self.0 & bit(object_type) != 0
    }
}

impl std::fmt::Debug for ObjectTypes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((1..32).map(ObjectType).filter(|member| self.contains(*member))).finish()
    }
}

/// The bit of an object type; none for a value above every table's.
const fn bit(object_type: ObjectType) -> u32 {
    match 1u32.checked_shl(object_type.0) {
        Some(bit) => bit,
        None => 0,
    }
}

/// "All Objects".
pub const ALL: ObjectTypes =
    ObjectTypes((bit(ObjectType::HashedPasswordCredential) << 1) - bit(ObjectType::Certificate));
/// Symmetric keys, public keys, private keys, split keys and PGP keys.
pub const KEYS: ObjectTypes =
    ASYMMETRIC_KEYS.with(ObjectType::SymmetricKey).with(ObjectType::SplitKey).with(ObjectType::PGPKey);
/// Public keys and private keys.
pub const ASYMMETRIC_KEYS: ObjectTypes = ObjectTypes::of(ObjectType::PublicKey).with(ObjectType::PrivateKey);
/// Certificates.
pub const CERTIFICATES: ObjectTypes = ObjectTypes::of(ObjectType::Certificate);
/// Keys and certificates.
pub const KEYS_AND_CERTIFICATES: ObjectTypes = KEYS.with(ObjectType::Certificate);
/// "All Cryptographic Objects" up to 1.3: keys, certificates and secret data.
pub const CRYPTOGRAPHIC: ObjectTypes = KEYS_AND_CERTIFICATES.with(ObjectType::SecretData);
/// "All Cryptographic Objects" of 1.4, with opaque objects (errata 01); also the printed "and Opaque Objects" before.
pub const CRYPTOGRAPHIC_AND_OPAQUE: ObjectTypes = CRYPTOGRAPHIC.with(ObjectType::OpaqueObject);
/// Credential objects (3.0).
pub const CREDENTIALS: ObjectTypes = ObjectTypes::of(ObjectType::PasswordCredential)
    .with(ObjectType::DeviceCredential)
    .with(ObjectType::OneTimePasswordCredential)
    .with(ObjectType::HashedPasswordCredential);

/// Keys whose use has a start and an end date in 1.x.
const DATED_KEYS: ObjectTypes =
    ASYMMETRIC_KEYS.with(ObjectType::SymmetricKey).with(ObjectType::SplitKey).with(ObjectType::Template);
/// Objects whose material may stay with the client (Key Value Location).
const LOCATABLE: ObjectTypes = ObjectTypes::of(ObjectType::SymmetricKey)
    .with(ObjectType::PrivateKey)
    .with(ObjectType::SplitKey)
    .with(ObjectType::SecretData);
const SPLIT_KEYS: ObjectTypes = ObjectTypes::of(ObjectType::SplitKey);
const OPAQUE: ObjectTypes = ObjectTypes::of(ObjectType::OpaqueObject);
const TEMPLATE: ObjectType = ObjectType::Template;

/// The rule of an attribute in a version; none if the version does not have the attribute.
pub fn rule(tag: Tag, version: Version) -> Option<&'static AttributeRule> {
    let from = RULES.partition_point(|rule| rule.tag < tag);
    let candidates = RULES.get(from..)?.iter().take_while(|rule| rule.tag == tag);
    candidates.into_iter().find(|rule| rule.holds_in(version))
}

/// All rules, in order of tag and version.
pub fn rules() -> &'static [AttributeRule] {
    RULES
}

macro_rules! attribute_rules {
    ($($tag:ident $first:ident $last:ident $presence:ident $set_by:ident
        $server:ident $client:ident $delete:ident $instances:ident $applies:expr;)*) => {
        static RULES: &[AttributeRule] = &[$(AttributeRule {
            tag: Tag::$tag,
            first: $first,
            last: $last,
            presence: Presence::$presence,
            set_by: SetBy::$set_by,
            server_modifies: Change::$server,
            client_modifies: Change::$client,
            client_deletes: Change::$delete,
            instances: Instances::$instances,
            applies_to: $applies,
        },)*];
    };
}

#[rustfmt::skip]
attribute_rules! {
    // attribute                   first last presence      set by         server changes    client changes    client deletes instances    object types
    ActivationDate                 V1_0 V1_3 Optional      Either         InPreActive       InPreActive       No             One          CRYPTOGRAPHIC.with(TEMPLATE);
    ActivationDate                 V1_4 V1_4 Optional      Either         InPreActive       InPreActive       No             One          CRYPTOGRAPHIC_AND_OPAQUE.with(TEMPLATE);
    ActivationDate                 V2_0 V3_0 Optional      Either         InPreActive       InPreActive       No             One          ALL;
    ApplicationSpecificInformation V1_0 V3_0 Optional      EitherFillsIn  IfDataOmitted     Yes               Yes            Many         ALL;
    ArchiveDate                    V1_0 V3_0 Optional      Server         No                No                No             One          ALL;
    Attribute                      V2_0 V3_0 Optional      Either         IfOwn             IfOwn             IfOwn          Many         ALL;
    CertificateIdentifier          V1_0 V1_4 Always        Server         No                No                No             One          CERTIFICATES;
    CertificateIssuer              V1_0 V1_4 Always        Server         No                No                No             One          CERTIFICATES;
    CertificateSubject             V1_0 V1_4 Always        Server         No                No                No             One          CERTIFICATES;
    CertificateType                V1_0 V3_0 Always        ServerAsStated No                No                No             One          CERTIFICATES;
    CompromiseDate                 V1_0 V1_4 Optional      Server         No                No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    CompromiseDate                 V2_0 V3_0 Optional      Server         No                No                No             One          ALL;
    CompromiseOccurrenceDate       V1_0 V1_4 Optional      Server         No                No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    CompromiseOccurrenceDate       V2_0 V3_0 Optional      Server         No                No                No             One          ALL;
    ContactInformation             V1_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    CredentialType                 V3_0 V3_0 Always        Server         No                No                No             One          CREDENTIALS;
    CryptographicAlgorithm         V1_0 V1_4 Always        ServerAsStated No                No                No             One          KEYS_AND_CERTIFICATES.with(TEMPLATE);
    CryptographicAlgorithm         V2_0 V3_0 ExceptSecrets ServerAsStated No                No                No             One          ALL;
    CryptographicDomainParameters  V1_0 V1_4 Optional      Client         No                No                No             One          ASYMMETRIC_KEYS.with(TEMPLATE);
    CryptographicDomainParameters  V2_0 V3_0 Optional      Client         No                No                No             One          ASYMMETRIC_KEYS;
    CryptographicLength            V1_0 V1_4 ExceptSecrets ServerAsStated No                No                No             One          CRYPTOGRAPHIC.with(TEMPLATE);
    CryptographicLength            V2_0 V3_0 ExceptOpaque  ServerAsStated No                No                No             One          ALL;
    CryptographicParameters        V1_0 V1_4 Optional      Client         No                Yes               Yes            Many         KEYS_AND_CERTIFICATES.with(TEMPLATE);
    CryptographicParameters        V2_0 V3_0 Optional      Client         No                Yes               Yes            Many         ALL;
    CryptographicUsageMask         V1_0 V1_3 Always        Either         Yes               No                No             One          CRYPTOGRAPHIC.with(TEMPLATE);
    CryptographicUsageMask         V1_4 V1_4 ExceptOpaque  Either         Yes               No                No             One          CRYPTOGRAPHIC_AND_OPAQUE.with(TEMPLATE);
    CryptographicUsageMask         V2_0 V3_0 ExceptOpaque  Either         Yes               No                No             One          ALL;
    CustomAttribute                V1_0 V1_4 Optional      Either         IfOwn             IfOwn             IfOwn          Many         ALL;
    DeactivationDate               V1_0 V1_3 Optional      Either         UntilDeactivated  UntilDeactivated  No             One          CRYPTOGRAPHIC.with(TEMPLATE);
    DeactivationDate               V1_4 V1_4 Optional      Either         UntilDeactivated  UntilDeactivated  No             One          CRYPTOGRAPHIC_AND_OPAQUE.with(TEMPLATE);
    DeactivationDate               V2_0 V3_0 Optional      Either         UntilDeactivated  UntilDeactivated  No             One          ALL;
    DestroyDate                    V1_0 V1_4 Optional      Server         No                No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    DestroyDate                    V2_0 V3_0 Optional      Server         No                No                No             One          ALL;
    Digest                         V1_0 V1_4 WithMaterial  Server         No                No                No             Many         CRYPTOGRAPHIC_AND_OPAQUE;
    Digest                         V2_0 V3_0 WithMaterial  Server         No                No                No             Many         ALL;
    InitialDate                    V1_0 V3_0 Always        Server         No                No                No             One          ALL;
    KeyFormatType                  V2_0 V3_0 Always        ServerAsStated No                No                No             One          ALL;
    KeyPartIdentifier              V3_0 V3_0 Always        Client         No                No                No             One          SPLIT_KEYS;
    LastChangeDate                 V1_0 V3_0 Always        Server         Yes               No                No             One          ALL;
    LeaseTime                      V1_0 V1_3 Optional      Server         Yes               No                No             One          CRYPTOGRAPHIC;
    LeaseTime                      V1_4 V1_4 Optional      Server         Yes               No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    LeaseTime                      V2_0 V2_1 Optional      Server         Yes               No                No             One          ALL;
    LeaseTime                      V3_0 V3_0 Always        Server         Yes               No                No             One          ALL;
    Link                           V1_0 V1_3 Optional      Either         Yes               Yes               Yes            Many         CRYPTOGRAPHIC;
    Link                           V1_4 V1_4 Optional      Either         Yes               Yes               Yes            Many         CRYPTOGRAPHIC_AND_OPAQUE;
    Link                           V2_0 V2_1 Optional      Either         Yes               Yes               Yes            Many         ALL;
    Name                           V1_0 V3_0 Optional      Client         Yes               Yes               Yes            Many         ALL;
    ObjectGroup                    V1_0 V2_1 Optional      Either         Yes               Yes               Yes            Many         ALL;
    ObjectType                     V1_0 V3_0 Always        Server         No                No                No             One          ALL;
    OpaqueDataType                 V2_0 V3_0 Always        ServerAsStated No                No                No             One          OPAQUE;
    OperationPolicyName            V1_0 V1_4 Optional      Either         Yes               No                No             One          ALL;
    ProcessStartDate               V1_0 V1_4 Optional      Either         UntilProcessStart UntilProcessStart No             One          DATED_KEYS;
    ProcessStartDate               V2_0 V3_0 Optional      Either         UntilProcessStart UntilProcessStart No             One          ALL;
    ProtectStopDate                V1_0 V1_4 Optional      Either         UntilProtectStop  UntilProtectStop  No             One          DATED_KEYS;
    ProtectStopDate                V2_0 V3_0 Optional      Either         UntilProtectStop  UntilProtectStop  No             One          ALL;
    RevocationReason               V1_0 V1_4 Optional      Server         Yes               No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    RevocationReason               V2_0 V3_0 Optional      Server         Yes               No                No             One          ALL;
    SplitKeyMethod                 V3_0 V3_0 Always        Client         No                No                No             One          SPLIT_KEYS;
    SplitKeyParts                  V3_0 V3_0 Always        Client         No                No                No             One          SPLIT_KEYS;
    SplitKeyThreshold              V3_0 V3_0 Always        Client         No                No                No             One          SPLIT_KEYS;
    State                          V1_0 V1_3 Always        Server         Yes               No                No             One          CRYPTOGRAPHIC;
    State                          V1_4 V1_4 Always        Server         Yes               No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    State                          V2_0 V3_0 Always        Server         Yes               No                No             One          ALL;
    UniqueIdentifier               V1_0 V3_0 Always        Server         No                No                No             One          ALL;
    UsageLimits                    V1_0 V1_4 Optional      EitherLimits   Yes               UntilAllocated    UntilAllocated One          KEYS.with(TEMPLATE);
    UsageLimits                    V2_0 V3_0 Optional      EitherLimits   Yes               UntilAllocated    UntilAllocated One          ALL;
    Fresh                          V1_1 V1_3 Optional      Either         Yes               No                No             One          CRYPTOGRAPHIC;
    Fresh                          V1_4 V1_4 Optional      Either         Yes               No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    Fresh                          V2_0 V3_0 Always        Either         Yes               No                No             One          ALL;
    CertificateLength              V1_1 V3_0 Always        ServerAsStated No                No                No             One          CERTIFICATES;
    DigitalSignatureAlgorithm      V1_1 V1_1 Always        ServerAsStated No                No                No             OneUnlessPgp CERTIFICATES;
    DigitalSignatureAlgorithm      V1_2 V3_0 Always        ServerAsStated No                No                No             OneUnlessPgp CERTIFICATES.with(ObjectType::PGPKey);
    X_509CertificateIdentifier     V1_1 V3_0 Always        Server         No                No                No             One          CERTIFICATES;
    X_509CertificateIssuer         V1_1 V3_0 Always        Server         No                No                No             One          CERTIFICATES;
    X_509CertificateSubject        V1_1 V3_0 Always        Server         No                No                No             One          CERTIFICATES;
    KeyValueLocation               V1_2 V1_4 Optional      Client         No                Yes               Yes            Many         LOCATABLE;
    KeyValueLocation               V2_0 V3_0 Optional      Client         No                Yes               Yes            Many         ALL;
    KeyValuePresent                V1_2 V1_4 Optional      Server         No                No                No             One          LOCATABLE;
    KeyValuePresent                V2_0 V3_0 Optional      Server         No                No                No             One          ALL;
    OriginalCreationDate           V1_2 V3_0 Optional      Maker          No                No                No             One          ALL;
    AlternativeName                V1_2 V3_0 Optional      Client         IfAbsent          Yes               Yes            Many         ALL;
    RandomNumberGenerator          V1_3 V1_3 Optional      Maker          No                No                No             One          CRYPTOGRAPHIC;
    RandomNumberGenerator          V1_4 V1_4 Optional      Maker          No                No                No             One          CRYPTOGRAPHIC_AND_OPAQUE;
    RandomNumberGenerator          V2_0 V3_0 Optional      Maker          No                No                No             One          ALL;
    PKCS_12FriendlyName            V1_4 V1_4 Optional      Either         No                Yes               Yes            One          CRYPTOGRAPHIC_AND_OPAQUE;
    PKCS_12FriendlyName            V2_0 V3_0 Optional      Either         No                Yes               Yes            One          ALL;
    Description                    V1_4 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    Comment                        V1_4 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    CertificateSubjectCN           V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectO            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectOU           V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectEmail        V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectC            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectST           V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectL            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectUID          V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectSerialNumber V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectTitle        V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectDC           V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateSubjectDNQualifier  V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerCN            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerO             V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerOU            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerEmail         V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerC             V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerST            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerL             V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerUID           V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerSerialNumber  V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerTitle         V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerDC            V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerDNQualifier   V1_4 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    Sensitive                      V1_4 V2_1 Always        Either         Yes               Yes               No             One          ALL;
    Sensitive                      V3_0 V3_0 Always        Either         Yes               OnlyToTrue        No             One          ALL;
    AlwaysSensitive                V1_4 V3_0 Always        Server         Yes               No                No             One          ALL;
    Extractable                    V1_4 V2_1 Always        Either         Yes               Yes               No             One          ALL;
    Extractable                    V3_0 V3_0 Always        Either         Yes               OnlyToFalse       No             One          ALL;
    NeverExtractable               V1_4 V3_0 Always        Server         Yes               No                No             One          ALL;
    ShortUniqueIdentifier          V2_0 V3_0 Always        Server         No                No                No             One          ALL;
    NISTKeyType                    V2_0 V3_0 Optional      Client         No                No                No             Many         ALL;
    ProtectionLevel                V2_0 V3_0 Optional      Client         No                Yes               Yes            One          ALL;
    ProtectionPeriod               V2_0 V3_0 Optional      Client         No                Yes               Yes            One          ALL;
    QuantumSafe                    V2_0 V3_0 Optional      Client         No                Yes               Yes            One          ALL;
    ProtectionStorageMask          V2_0 V3_0 Always        Server         No                No                No             One          ALL;
    RotateInterval                 V2_1 V3_0 Optional      Either         Yes               No                No             One          ALL;
    RotateAutomatic                V2_1 V3_0 Optional      Either         Yes               No                No             One          ALL;
    RotateOffset                   V2_1 V3_0 Optional      Either         Yes               No                No             One          ALL;
    RotateDate                     V2_1 V3_0 Optional      Server         No                No                No             One          ALL;
    RotateGeneration               V2_1 V3_0 Optional      Server         No                No                No             One          ALL;
    RotateName                     V2_1 V3_0 Optional      Client         No                Yes               Yes            One          ALL;
    RotateLatest                   V2_1 V3_0 Optional      Server         Yes               No                No             One          ALL;
    CertificateLink                V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    ChildLink                      V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    DerivationObjectLink           V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    DerivedObjectLink              V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    NextLink                       V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    ParentLink                     V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PKCS_12CertificateLink         V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PKCS_12PasswordLink            V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PreviousLink                   V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PrivateKeyLink                 V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PublicKeyLink                  V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    ReplacedObjectLink             V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    ReplacementObjectLink          V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    WrappingKeyLink                V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    ObjectClass                    V3_0 V3_0 Always        Either         No                No                No             One          ALL;
    CredentialLink                 V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    PasswordLink                   V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    OTPCounter                     V3_0 V3_0 Optional      Server         Yes               No                No             One          ALL;
    GroupLink                      V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    SplitKeyBaseLink               V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    JoinedSplitKeyPartsLink        V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    SplitKeyPolynomial             V3_0 V3_0 Always        Client         No                No                No             One          SPLIT_KEYS;
    DeactivationReason             V3_0 V3_0 Optional      Either         No                No                No             One          ALL;
    CertificateSubjectDN           V3_0 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateIssuerDN            V3_0 V3_0 Optional      Server         No                No                No             Many         CERTIFICATES;
    CertificateRequestLink         V3_0 V3_0 Optional      Either         Yes               Yes               Yes            One          ALL;
    CertifyCounter                 V3_0 V3_0 Always        Server         OnUse             No                No             One          CRYPTOGRAPHIC;
    DecryptCounter                 V3_0 V3_0 Always        Server         OnUse             No                No             One          CRYPTOGRAPHIC;
    EncryptCounter                 V3_0 V3_0 Always        Server         OnUse             No                No             One          CRYPTOGRAPHIC;
    SignCounter                    V3_0 V3_0 Always        Server         OnUse             No                No             One          CRYPTOGRAPHIC;
    SignatureVerifyCounter         V3_0 V3_0 Always        Server         OnUse             No                No             One          CRYPTOGRAPHIC;
    NISTSecurityCategory           V3_0 V3_0 Optional      Either         No                No                No             One          ALL;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tag_rows;

    #[test]
    fn rows_are_in_order_and_ranges_do_not_overlap() {
        for pair in rules().windows(2) {
            let [before, after] = pair else { unreachable!("windows of two") };
            assert!(before.tag < after.tag || (before.tag == after.tag && before.last < after.first), "{after:?}");
            assert!(before.first <= before.last, "{before:?}");
        }
    }

    #[test]
    fn every_attribute_has_its_tag_in_every_version_of_its_rule() {
        for rule in rules() {
            let row = tag_rows().iter().find(|row| row.tag == rule.tag).expect("a tag of the specification");
            assert!(row.first <= rule.first && rule.last <= row.last, "{rule:?}");
        }
    }

    #[test]
    fn lookup_finds_every_row_in_its_versions_and_nothing_else() {
        for tag in tag_rows().iter().map(|row| row.tag) {
            for version in PUBLISHED {
                let expected = rules().iter().find(|r| r.tag == tag && r.first <= version && version <= r.last);
                assert_eq!(rule(tag, version), expected, "{tag} {version}");
            }
        }
        assert_eq!(rule(Tag::NONE, V2_1), None);
        assert_eq!(rule(Tag::new(0x540001), V2_1), None);
    }

    #[test]
    fn what_a_client_may_not_set_it_may_not_change_or_delete() {
        for rule in rules() {
            if rule.client_modifies == Change::No {
                assert_eq!(rule.client_deletes, Change::No, "{rule:?}");
            }
            if rule.set_by == SetBy::Server {
                assert!(rule.is_read_only(), "{rule:?}");
            }
        }
    }

    #[test]
    fn rules_follow_the_version() {
        let of = |tag, version| *rule(tag, version).expect("a rule");
        assert_eq!(of(Tag::Sensitive, V2_1).client_modifies, Change::Yes);
        assert_eq!(of(Tag::Sensitive, V3_0).client_modifies, Change::OnlyToTrue);
        assert!(!of(Tag::State, V1_3).applies_to.contains(ObjectType::OpaqueObject));
        assert!(of(Tag::State, V1_4).applies_to.contains(ObjectType::OpaqueObject));
        assert!(rule(Tag::Sensitive, V1_3).is_none());
        assert!(rule(Tag::Link, V3_0).is_none());
    }

    #[test]
    fn the_maker_of_an_object_states_its_origin() {
        let created = rule(Tag::OriginalCreationDate, V2_1).expect("a rule");
        assert!(created.client_may_set(Origin::Client));
        assert!(!created.client_may_set(Origin::Server));
    }

    #[test]
    fn object_type_sets_hold_what_they_name() {
        assert!(ALL.contains(ObjectType::Certificate) && ALL.contains(ObjectType::HashedPasswordCredential));
        assert!(
            !ALL.contains(ObjectType(0)) && !ALL.contains(ObjectType(0x11)) && !ALL.contains(ObjectType(0x8000_0001))
        );
        assert!(!ALL.contains(ObjectType(33)) && !ALL.contains(ObjectType(u32::MAX)));
        assert!(!CRYPTOGRAPHIC.contains(ObjectType::Template) && !CRYPTOGRAPHIC.contains(ObjectType::OpaqueObject));
        assert_eq!(format!("{ASYMMETRIC_KEYS:?}"), "{Public Key, Private Key}");
    }
}
