//! Why an operation fails: a fault with a meaning, turned into the Result Reason of the request's version in one place.
//!
//! KMIP 1.x has 24 reasons, 2.0 added most of the others, and 2.1 uses some of those where 2.0 does not (KMIP 1.4 §11,
//! KMIP 2.1 §6 "Error Handling" tables). A reason newer than the request's version never leaves.

use kmip_codec::registry::{Operation, ResultReason, WireEnum};
use kmip_codec::version::{V2_0, V2_1, V3_0, Version};

use crate::env::Work;
use crate::jobs::JobKey;
use crate::ports::crypto::CryptoError;
use crate::ports::store::{Guard, StoreError};
use crate::ports::vault::VaultError;

/// The meaning of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no such object in the client's scope.
    ObjectNotFound,
    /// The object was destroyed.
    ObjectDestroyed,
    /// The object is archived.
    ObjectArchived,
    /// The object's state does not permit this.
    WrongState,
    /// The object's type does not permit this.
    WrongObjectType,
    /// The Object Type in the request is not one that can be made in this way, or not the type of the object sent.
    InvalidObjectType,
    /// The client may not do this.
    PermissionDenied,
    /// The attribute cannot be changed by a client.
    ReadOnly,
    /// The attribute has one instance only.
    SingleValued,
    /// The attribute has several instances, and none was named.
    MultiValued,
    /// The attribute is not one of this version, or not one of this object type.
    InvalidAttribute,
    /// The value of an attribute is not acceptable.
    InvalidAttributeValue,
    /// The object has no such attribute.
    AttributeNotFound,
    /// The attribute has no such instance.
    AttributeInstanceNotFound,
    /// The attribute has this value already.
    AttributeExists,
    /// Another object of the scope has the name.
    NameTaken,
    /// PKCS#11 Input Parameters do not fit the function.
    Pkcs11Codec,
    /// There is no such PKCS#11 Function.
    Pkcs11Function,
    /// There is no such PKCS#11 Interface.
    Pkcs11Interface,
    /// No PKCS#11 application has this Correlation Value.
    Pkcs11Correlation,
    /// A certification request is not what its type says, or proves no possession of its key.
    InvalidRequest,
    /// A PKCS#12 container comes without the password that opens it.
    BadPassword,
    /// A field's value is not acceptable.
    InvalidField,
    /// The request contradicts itself or lacks a required field.
    InvalidMessage,
    /// The request asks for a part of the protocol that this server leaves out.
    FeatureNotSupported,
    /// The operation is not supported.
    OperationNotSupported,
    /// The protocol version is not supported.
    UnsupportedVersion,
    /// A critical message extension is not understood.
    UnknownExtension,
    /// The response is larger than the client accepts.
    ResponseTooLarge,
    /// The credential is wrong or missing.
    NotAuthenticated,
    /// An attestation cannot be verified.
    AttestationFailed,
    /// There is no such ticket of this client.
    InvalidTicket,
    /// The usage mask does not permit this.
    UsageMask,
    /// Usage limits are exhausted.
    UsageLimit,
    /// The material cannot be given in this format.
    KeyFormat,
    /// The material cannot be given in this compression.
    KeyCompression,
    /// The material cannot be given with this Key Wrap Type.
    KeyWrapType,
    /// The encoding option cannot be combined with the rest.
    EncodingOption,
    /// The object is Sensitive.
    Sensitive,
    /// The object is not Extractable.
    NotExtractable,
    /// The server has no key value for the object.
    KeyValueMissing,
    /// There is no such wrapping key in the client's scope.
    WrappingKeyNotFound,
    /// The wrapping key was destroyed.
    WrappingKeyDestroyed,
    /// The wrapping key is archived.
    WrappingKeyArchived,
    /// The cryptographic parameters do not fit the key.
    BadCryptographicParameters,
    /// The cryptographic parameters are ones that this server does not support.
    UnsupportedParameters,
    /// The cipher needs an initialization vector, counter or nonce.
    MissingIv,
    /// The cipher has no tag of this length.
    TagLength,
    /// No stream has this Correlation Value.
    CorrelationValue,
    /// No outstanding operation has this Asynchronous Correlation Value.
    AsynchronousCorrelationValue,
    /// The asynchronous operation was cancelled.
    Canceled,
    /// A cryptographic operation failed.
    CryptographicFailure,
    /// An attribute that the operation requires was left out.
    MissingAttribute,
    /// The application namespace needs data that the server cannot make.
    ApplicationNamespace,
    /// The storage that the client asked for cannot be had.
    ProtectionStorage,
    /// The storage that the client asked for a private key cannot be had.
    PrivateProtectionStorage,
    /// The storage that the client asked for a public key cannot be had.
    PublicProtectionStorage,
    /// An Offset cannot move dates of a key that has no Activation Date.
    OffsetWithoutActivation,
    /// A group would be a member of itself.
    CircularLink,
    /// The object is required to be quantum safe, and cannot be.
    NotQuantumSafe,
    /// An object with this identifier exists already.
    ObjectAlreadyExists,
    /// The value is of a type that the operation does not apply to.
    DataType,
    /// A number is too large or too small for its type.
    NumericRange,
    /// A new object does not meet a constraint of its scope.
    ConstraintViolation,
    /// What a ticket was good for is used up.
    TicketLimit,
    /// A bound of this server.
    ServerLimit,
    /// A bound of this server on what one cryptographic operation may be asked for: iterations, bytes.
    CryptographicLimit,
    /// The server failed: store, vault or a defect.
    Internal,
}

impl Fault {
    /// The Result Reason that `version` gives this fault in `operation`.
    pub fn reason(self, version: Version, operation: Option<Operation>) -> ResultReason {
        use ResultReason as R;
        let since_2 = |v1, v2| if version >= V2_0 { v2 } else { v1 };
        let reason = match self {
            Self::ObjectNotFound => since_2(R::ItemNotFound, not_found_in_2x(version, operation)),
            Self::ObjectDestroyed => since_2(destroyed_in_1x(operation), R::ObjectDestroyed),
            Self::ObjectArchived => R::ObjectArchived,
            Self::WrongState => wrong_state(version, operation),
            Self::WrongObjectType => since_2(wrong_type_in_1x(operation), wrong_type_in_2x(operation)),
            Self::InvalidObjectType => since_2(R::InvalidField, R::InvalidObjectType),
            Self::PermissionDenied => R::PermissionDenied,
            Self::ReadOnly => since_2(R::PermissionDenied, read_only_in_2x(operation)),
            Self::SingleValued => since_2(single_in_1x(operation), R::AttributeSingleValued),
            Self::MultiValued => since_2(R::InvalidField, R::MultiValuedAttribute),
            Self::InvalidAttribute => since_2(unsupported_in_1x(operation), unsupported_in_2x(operation)),
            Self::InvalidAttributeValue => since_2(R::InvalidField, bad_value_in_2x(operation)),
            Self::AttributeNotFound => since_2(missing_in_1x(operation), missing_in_2x(operation)),
            Self::AttributeInstanceNotFound => since_2(R::ItemNotFound, R::AttributeInstanceNotFound),
            Self::AttributeExists => since_2(single_in_1x(operation), R::InvalidField),
            Self::NameTaken => since_2(name_taken_in_1x(operation), R::NonUniqueNameAttribute),
            Self::InvalidField => R::InvalidField,
            Self::InvalidMessage => R::InvalidMessage,
            Self::FeatureNotSupported => R::FeatureNotSupported,
            Self::OperationNotSupported => R::OperationNotSupported,
            Self::UnsupportedVersion => since_2(R::InvalidMessage, R::UnsupportedProtocolVersion),
            Self::UnknownExtension => since_2(R::FeatureNotSupported, R::UnknownMessageExtension),
            Self::ResponseTooLarge => R::ResponseTooLarge,
            Self::NotAuthenticated => R::AuthenticationNotSuccessful,
            Self::AttestationFailed => R::AttestationFailed,
            Self::InvalidTicket => since_2(R::AuthenticationNotSuccessful, R::InvalidTicket),
            _ => self.use_reason(version, operation),
        };
        let reason = if operation == Some(Operation::Import) { of_import(version, reason) } else { reason };
        known_to(version, reason)
    }

    /// The reason of a fault in the use of key material, or of the server itself.
    fn use_reason(self, version: Version, operation: Option<Operation>) -> ResultReason {
        use ResultReason as R;
        let since_2 = |v1, v2| if version >= V2_0 { v2 } else { v1 };
        let by_version = |v1, v2_0, v2_1| if version >= V2_1 { v2_1 } else { since_2(v1, v2_0) };
        match self {
            Self::UsageMask => since_2(mask_in_1x(operation), usage_mask_in_2x(operation)),
            Self::UsageLimit => since_2(R::PermissionDenied, usage_limit_in_2x(operation)),
            // "Usage limits or request count" (KMIP 2.1 §11.48).
            Self::TicketLimit => since_2(R::PermissionDenied, R::UsageLimitExceeded),
            Self::KeyFormat => R::KeyFormatTypeNotSupported,
            Self::KeyCompression => R::KeyCompressionTypeNotSupported,
            Self::KeyWrapType => since_2(R::FeatureNotSupported, R::KeyWrapTypeNotSupported),
            Self::EncodingOption => R::EncodingOptionError,
            Self::Sensitive => R::Sensitive,
            Self::NotExtractable => R::NotExtractable,
            Self::KeyValueMissing => since_2(no_value_in_1x(operation), R::KeyValueNotPresent),
            Self::WrappingKeyNotFound => since_2(R::ItemNotFound, R::WrappingObjectNotFound),
            Self::WrappingKeyDestroyed => since_2(R::ItemNotFound, R::WrappingObjectDestroyed),
            Self::WrappingKeyArchived => since_2(R::ObjectArchived, R::WrappingObjectArchived),
            Self::BadCryptographicParameters => {
                since_2(bad_parameters_in_1x(operation), bad_parameters_in_2x(operation))
            }
            Self::UnsupportedParameters => {
                since_2(bad_parameters_in_1x(operation), unsupported_parameters_in_2x(operation))
            }
            // The table of 2.1 says Missing Initialization Vector, the published cases say otherwise (CS-BC-M-11).
            Self::MissingIv => by_version(R::InvalidMessage, R::MissingInitializationVector, R::InvalidMessage),
            // Bad Cryptographic Parameters by the table of 2.1, General Failure by the published cases (CS-BC-M-GCM-1).
            Self::TagLength => by_version(R::GeneralFailure, R::BadCryptographicParameters, R::GeneralFailure),
            Self::CorrelationValue => since_2(R::ItemNotFound, R::InvalidCorrelationValue),
            Self::AsynchronousCorrelationValue => since_2(R::ItemNotFound, R::InvalidAsynchronousCorrelationValue),
            Self::Canceled => R::OperationCanceledByRequester,
            Self::CryptographicFailure => R::CryptographicFailure,
            Self::MissingAttribute => since_2(R::InvalidMessage, R::InvalidAttribute),
            Self::ApplicationNamespace => R::ApplicationNamespaceNotSupported,
            Self::ProtectionStorage => since_2(R::FeatureNotSupported, R::ProtectionStorageUnavailable),
            Self::PrivateProtectionStorage => since_2(R::FeatureNotSupported, R::PrivateProtectionStorageUnavailable),
            Self::PublicProtectionStorage => since_2(R::FeatureNotSupported, R::PublicProtectionStorageUnavailable),
            Self::CircularLink if version < V3_0 => R::InvalidField,
            Self::CircularLink => R::CircularLinkError,
            Self::OffsetWithoutActivation => since_2(R::IllegalOperation, R::InvalidField),
            Self::ObjectAlreadyExists => R::ObjectAlreadyExists,
            Self::ConstraintViolation => by_version(R::InvalidField, R::InvalidAttributeValue, R::ConstraintViolation),
            Self::DataType => since_2(R::InvalidField, R::InvalidDataType),
            Self::NumericRange => since_2(R::InvalidField, R::NumericRange),
            // The operation begins with 2.0 (KMIP 2.1 §6.1.37.1).
            Self::Pkcs11Codec => R::PKCS_11CodecError,
            Self::Pkcs11Function => R::PKCS_11InvalidFunction,
            Self::Pkcs11Interface => R::PKCS_11InvalidInterface,
            Self::Pkcs11Correlation => R::InvalidAsynchronousCorrelationValue,
            Self::InvalidRequest => since_2(R::InvalidField, R::InvalidCSR),
            Self::BadPassword => since_2(R::InvalidField, R::BadPassword),
            Self::ServerLimit => since_2(limit_in_1x(operation), R::ServerLimitExceeded),
            Self::CryptographicLimit => cryptographic_limit(version, operation),
            // No table names a reason for what is not quantum safe; the published cases do (QS-M-2).
            Self::NotQuantumSafe | Self::Internal => R::GeneralFailure,
            // Told by `reason` itself.
            Self::ObjectNotFound | Self::ObjectDestroyed | Self::ObjectArchived | Self::WrongState => R::GeneralFailure,
            Self::WrongObjectType | Self::InvalidObjectType | Self::PermissionDenied => R::GeneralFailure,
            Self::ReadOnly | Self::SingleValued | Self::MultiValued | Self::InvalidAttribute => R::GeneralFailure,
            Self::InvalidAttributeValue | Self::AttributeNotFound | Self::AttributeInstanceNotFound => {
                R::GeneralFailure
            }
            Self::AttributeExists | Self::NameTaken | Self::InvalidField | Self::InvalidMessage => R::GeneralFailure,
            Self::FeatureNotSupported | Self::OperationNotSupported | Self::UnsupportedVersion => R::GeneralFailure,
            Self::UnknownExtension | Self::ResponseTooLarge | Self::NotAuthenticated => R::GeneralFailure,
            Self::InvalidTicket | Self::AttestationFailed => R::GeneralFailure,
        }
    }
}

/// Import has one reason for all that is wrong with an object, and with what it is wrapped by (KMIP 1.4 §11.42, KMIP 2.1
/// §6.1.25.1).
fn of_import(version: Version, reason: ResultReason) -> ResultReason {
    use ResultReason as R;
    match reason {
        R::InvalidObjectType | R::KeyFormatTypeNotSupported | R::KeyWrapTypeNotSupported => R::InvalidField,
        R::WrappingObjectNotFound | R::WrappingObjectDestroyed | R::WrappingObjectArchived => R::InvalidField,
        R::IncompatibleCryptographicUsageMask | R::BadCryptographicParameters => R::InvalidField,
        R::KeyValueNotPresent | R::CryptographicFailure | R::WrongKeyLifecycleState => R::InvalidField,
        R::BadPassword => R::InvalidField,
        R::FeatureNotSupported | R::ItemNotFound if version < V2_0 => R::InvalidField,
        other => other,
    }
}

/// Reasons that came within 1.x fall back to what earlier versions said.
fn known_to(version: Version, reason: ResultReason) -> ResultReason {
    use ResultReason as R;
    if R::TABLE.is_live(reason.0, version) {
        return reason;
    }
    match reason {
        R::Sensitive | R::NotExtractable => R::PermissionDenied,
        R::KeyValueNotPresent => R::IllegalOperation,
        R::EncodingOptionError => R::InvalidField,
        R::ObjectAlreadyExists => R::IllegalOperation,
        _ => R::GeneralFailure,
    }
}

/// Three operations of 2.x name Item Not Found, as 1.x does, where the others have Object Not Found. So does Get Attributes of
/// 3.0 (BL-M-20 of 3.0), where Get says Object Not Found (BL-M-4 of 3.0) as 2.1 does.
fn not_found_in_2x(version: Version, operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AdjustAttribute | Operation::Certify | Operation::CreateSplitKey) => ResultReason::ItemNotFound,
        Some(Operation::GetAttributes) if version >= V3_0 => ResultReason::ItemNotFound,
        _ => ResultReason::ObjectNotFound,
    }
}

fn destroyed_in_1x(operation: Option<Operation>) -> ResultReason {
    if operation == Some(Operation::Destroy) { ResultReason::PermissionDenied } else { ResultReason::ItemNotFound }
}

/// Check has a reason of its own (KMIP 2.1 §6.1.7.1).
fn wrong_type_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::Check) => ResultReason::IllegalObjectType,
        _ => ResultReason::InvalidObjectType,
    }
}

/// Operations that use a key for a client.
fn uses_a_key(operation: Option<Operation>) -> bool {
    matches!(
        operation,
        Some(
            Operation::Encrypt
                | Operation::Decrypt
                | Operation::Sign
                | Operation::SignatureVerify
                | Operation::MAC
                | Operation::MACVerify
        )
    )
}

/// An object whose state or mask does not permit the use: not "able to be used to derive a new key" is a field of its own
/// (KMIP 1.4 §11.7).
fn denied_in_1x(operation: Option<Operation>) -> ResultReason {
    if operation == Some(Operation::DeriveKey) { ResultReason::InvalidField } else { ResultReason::PermissionDenied }
}

/// An object that is "not able to be used for applying cryptographic protection" has nothing to allocate (KMIP 1.4 §11.19).
fn mask_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::GetUsageAllocation) => ResultReason::IllegalOperation,
        _ => denied_in_1x(operation),
    }
}

/// Get Usage Allocation lists no reason of its own for the mask (KMIP 2.1 §6.1.23.1).
fn usage_mask_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::GetUsageAllocation) => ResultReason::PermissionDenied,
        _ => ResultReason::IncompatibleCryptographicUsageMask,
    }
}

/// KMIP 2.0 lists Wrong Key Lifecycle State for the operations that use keys, and not for the others.
fn wrong_state_in_2_0(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::DeriveKey) => ResultReason::WrongKeyLifecycleState,
        _ if uses_a_key(operation) => ResultReason::WrongKeyLifecycleState,
        _ => ResultReason::PermissionDenied,
    }
}

/// "The server only has attributes for this object" (KMIP 1.4 §11.12), where other operations have a reason of their own.
fn no_value_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::Get | Operation::Export) => ResultReason::IllegalOperation,
        _ => ResultReason::KeyValueNotPresent,
    }
}

/// Get knows a wrapping key that may not be used now as one that is not permitted (KMIP 2.1 §6.1.19.1), Get Usage Allocation
/// a key that may not protect (§6.1.23.1).
fn wrong_state(version: Version, operation: Option<Operation>) -> ResultReason {
    match operation {
        _ if version < V2_0 => denied_in_1x(operation),
        _ if version < V2_1 => wrong_state_in_2_0(operation),
        Some(Operation::Get | Operation::Export | Operation::GetUsageAllocation) => ResultReason::PermissionDenied,
        _ => ResultReason::WrongKeyLifecycleState,
    }
}

/// Get lists no Usage Limit Exceeded (KMIP 2.1 §6.1.19.1); what cannot be allocated is Permission Denied (§6.1.17).
fn usage_limit_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::Get | Operation::Export) => ResultReason::PermissionDenied,
        _ => ResultReason::UsageLimitExceeded,
    }
}

/// "Cryptographic error during" the operation (KMIP 1.4 §11.30 to §11.38); "Invalid Derivation Parameters" (§11.7).
fn bad_parameters_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        // Parameters of a wrapping key "do not exist or do not match" (KMIP 1.4 §11.12).
        Some(Operation::Get | Operation::Export) => ResultReason::ItemNotFound,
        Some(Operation::Hash) => ResultReason::CryptographicFailure,
        _ if uses_a_key(operation) => ResultReason::CryptographicFailure,
        _ => ResultReason::InvalidField,
    }
}

/// Hash lists neither Bad nor Unsupported Cryptographic Parameters (KMIP 2.1 §6.1.24.1).
fn bad_parameters_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::Hash) => ResultReason::CryptographicFailure,
        _ => ResultReason::BadCryptographicParameters,
    }
}

/// MAC and MAC Verify list Bad Cryptographic Parameters only (KMIP 2.1 §6.1.32.1, §6.1.33.1).
fn unsupported_parameters_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::MAC | Operation::MACVerify) => ResultReason::BadCryptographicParameters,
        Some(Operation::Hash) => ResultReason::CryptographicFailure,
        _ => ResultReason::UnsupportedCryptographicParameters,
    }
}

/// An object that is "not able to be re-keyed" (KMIP 1.4 §11.4, §11.5), or to be used in a way (§11.30 to §11.35).
fn wrong_type_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::ReKey | Operation::ReKeyKeyPair | Operation::Certify | Operation::ReCertify) => {
            ResultReason::PermissionDenied
        }
        Some(Operation::DeriveKey | Operation::CreateSplitKey | Operation::JoinSplitKey) => ResultReason::InvalidField,
        // What "does not specify a certificate list" (KMIP 1.4 §11.25).
        Some(Operation::Validate) => ResultReason::InvalidMessage,
        _ if uses_a_key(operation) => ResultReason::PermissionDenied,
        _ => ResultReason::IllegalOperation,
    }
}

fn unsupported_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AddAttribute) => ResultReason::PermissionDenied,
        Some(Operation::DeleteAttribute) => ResultReason::ItemNotFound,
        _ => ResultReason::InvalidField,
    }
}

fn unsupported_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::ModifyAttribute) => ResultReason::AttributeNotFound,
        Some(Operation::SetAttribute) => ResultReason::InvalidField,
        Some(Operation::AdjustAttribute) => ResultReason::UnsupportedAttribute,
        _ => ResultReason::InvalidAttribute,
    }
}

fn bad_value_in_2x(operation: Option<Operation>) -> ResultReason {
    use Operation as O;
    match operation {
        Some(O::Create | O::CreateKeyPair | O::CreateSplitKey | O::Import | O::JoinSplitKey | O::Register) => {
            ResultReason::InvalidAttributeValue
        }
        // Those of 3.0 have no tables of their own.
        Some(O::SetAttribute | O::CreateCredential | O::CreateGroup | O::CreateUser) => {
            ResultReason::InvalidAttributeValue
        }
        _ => ResultReason::InvalidField,
    }
}

fn limit_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AddAttribute | Operation::Create | Operation::CreateKeyPair | Operation::Register) => {
            ResultReason::IndexOutOfBounds
        }
        Some(Operation::Import | Operation::CreateSplitKey | Operation::JoinSplitKey) => ResultReason::IndexOutOfBounds,
        _ => ResultReason::GeneralFailure,
    }
}

/// Server Limit Exceeded is in the tables of what makes objects, not of what uses keys (KMIP 2.1 §6.1.14.1, §6.1.17.1); 1.x has
/// "Invalid Derivation Parameters" and "Cryptographic error during" the operation (KMIP 1.4 §11.7, §11.30 to §11.38).
fn cryptographic_limit(version: Version, operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::DeriveKey | Operation::Get | Operation::Export) => ResultReason::InvalidField,
        Some(Operation::Hash) => ResultReason::CryptographicFailure,
        _ if uses_a_key(operation) => ResultReason::CryptographicFailure,
        _ => Fault::ServerLimit.reason(version, operation),
    }
}

fn read_only_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AddAttribute | Operation::SetAttribute | Operation::AdjustAttribute) => {
            ResultReason::ReadOnlyAttribute
        }
        _ => ResultReason::AttributeReadOnly,
    }
}

fn single_in_1x(operation: Option<Operation>) -> ResultReason {
    if operation == Some(Operation::AddAttribute) { ResultReason::IllegalOperation } else { ResultReason::InvalidField }
}

fn missing_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::DeleteAttribute) => ResultReason::ItemNotFound,
        Some(Operation::GetUsageAllocation) => ResultReason::IllegalOperation,
        _ => ResultReason::InvalidField,
    }
}

/// Adjust Attribute lists no Attribute Not Found (KMIP 2.1 §6.1.3.1).
fn missing_in_2x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AdjustAttribute) => ResultReason::ItemNotFound,
        _ => ResultReason::AttributeNotFound,
    }
}

fn name_taken_in_1x(operation: Option<Operation>) -> ResultReason {
    match operation {
        Some(Operation::AddAttribute | Operation::ModifyAttribute) => ResultReason::IllegalOperation,
        _ => ResultReason::InvalidField,
    }
}

/// Why a request must be evaluated again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Defer {
    /// The work is too long for the calling thread.
    Pool(Work),
    /// A key in hardware needs a durable intent before it is made.
    Intents(usize),
    /// The archive of the scope needs its key.
    ArchiveKey,
    /// A job is to run first.
    Job(Box<StartJob>),
    /// The job that was run has changed meanwhile.
    JobChanged,
    /// What was read is older than the store by now: whoever has changed it has not told so yet. The guard is one that fails.
    Stale(Guard),
}

/// A job that a request waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StartJob {
    pub key: JobKey,
    /// Whether the request waits for it however long it takes.
    pub to_the_end: bool,
}

/// Why an operation fails: what the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpError {
    /// The meaning.
    pub fault: Fault,
    /// Which rule, which field, what was expected. Holds no value of a secret field.
    pub message: String,
    /// Not a failure: the request must be evaluated again.
    pub(crate) defer: Option<Defer>,
}

impl OpError {
    /// A failure with its explanation.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), defer: None }
    }

    /// Asks for evaluation with intents for so many new keys in hardware.
    pub(crate) fn needs_intents(wanted: usize) -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::Intents(wanted)) }
    }

    /// Asks for evaluation once the archive of the scope has its key.
    pub(crate) fn needs_archive_key() -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::ArchiveKey) }
    }

    /// Asks for evaluation after a job.
    pub(crate) fn start_job(job: StartJob) -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::Job(Box::new(job))) }
    }

    /// Asks for evaluation of a job as it is now.
    pub(crate) fn job_changed() -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::JobChanged) }
    }

    /// Asks for evaluation once the changes that are under way are told.
    pub(crate) fn stale(guard: Guard) -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::Stale(guard)) }
    }

    /// Asks for evaluation on a pool.
    pub(crate) fn defer(work: Work) -> Self {
        Self { fault: Fault::Internal, message: String::new(), defer: Some(Defer::Pool(work)) }
    }
}

/// Result of an operation.
pub type OpResult<T> = Result<T, OpError>;

/// Shorthand for `Err(OpError::new(..))`.
pub(crate) fn fail<T>(fault: Fault, message: impl Into<String>) -> OpResult<T> {
    Err(OpError::new(fault, message))
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store failure");
        Self::new(Fault::Internal, "the key store failed; the server's log says why")
    }
}

impl From<CryptoError> for OpError {
    fn from(error: CryptoError) -> Self {
        let fault = match error {
            CryptoError::Vault(error) => return error.into(),
            CryptoError::Unsupported(_) => Fault::UnsupportedParameters,
            CryptoError::MissingIv(_) => Fault::MissingIv,
            CryptoError::Parameters(_) | CryptoError::Key(_) => Fault::BadCryptographicParameters,
            CryptoError::Data(_) | CryptoError::NotAuthentic => Fault::CryptographicFailure,
            CryptoError::Limit(_) => Fault::CryptographicLimit,
        };
        Self::new(fault, error.to_string())
    }
}

impl From<VaultError> for OpError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unsupported(what) => {
                Self::new(Fault::CryptographicFailure, format!("the key vault does not support {what}"))
            }
            VaultError::BadInput(what) => Self::new(Fault::CryptographicFailure, what),
            VaultError::Stays(_) => Self::new(Fault::NotExtractable, error.to_string()),
            VaultError::Unavailable(_) => Self::new(
                Fault::Internal,
                "the key vault's device is out of reach, and the operation needs it; try again later",
            ),
            VaultError::DoesNotOpen(_) | VaultError::NoScopeKey(_) | VaultError::Failed(_) => {
                tracing::error!(%error, "key vault failure");
                Self::new(Fault::CryptographicFailure, "the key vault failed; the server's log says why")
            }
        }
    }
}
