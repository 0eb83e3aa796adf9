//! One file per operation: request and response payloads; here, the union of them, chosen by the Operation field.

pub mod activate;
pub mod add_attribute;
pub mod adjust_attribute;
pub mod archive;
pub mod cancel;
pub mod certify;
pub mod check;
pub mod create;
pub mod create_credential;
pub mod create_group;
pub mod create_key_pair;
pub mod create_split_key;
pub mod create_user;
pub mod deactivate;
pub mod decrypt;
pub mod delegated_login;
pub mod delete_attribute;
pub mod derive_key;
pub mod destroy;
pub mod discover_versions;
pub mod encrypt;
pub mod export;
pub mod get;
pub mod get_attribute_list;
pub mod get_attributes;
pub mod get_constraints;
pub mod get_usage_allocation;
pub mod hash;
pub mod import;
pub mod interop;
pub mod join_split_key;
pub mod locate;
pub mod log;
pub mod login;
pub mod logout;
pub mod mac;
pub mod mac_verify;
pub mod modify_attribute;
pub mod notify;
pub mod obliterate;
pub mod obtain_lease;
pub mod ping;
pub mod pkcs11;
pub mod poll;
pub mod process;
pub mod put;
pub mod query;
pub mod query_asynchronous_requests;
pub mod recertify;
pub mod recover;
pub mod register;
pub mod rekey;
pub mod rekey_key_pair;
pub mod reprovision;
pub mod revoke;
pub mod rng_retrieve;
pub mod rng_seed;
pub mod set_attribute;
pub mod set_constraints;
pub mod set_defaults;
pub mod set_endpoint_role;
pub mod sign;
pub mod signature_verify;
pub mod validate;

use activate::{ActivateRequest, ActivateResponse};
use add_attribute::{AddAttributeRequest, AddAttributeResponse};
use adjust_attribute::{AdjustAttributeRequest, AdjustAttributeResponse};
use archive::{ArchiveRequest, ArchiveResponse};
use cancel::{CancelRequest, CancelResponse};
use certify::{CertifyRequest, CertifyResponse};
use check::{CheckRequest, CheckResponse};
use create::{CreateRequest, CreateResponse};
use create_credential::{CreateCredentialRequest, CreateCredentialResponse};
use create_group::{CreateGroupRequest, CreateGroupResponse};
use create_key_pair::{CreateKeyPairRequest, CreateKeyPairResponse};
use create_split_key::{CreateSplitKeyRequest, CreateSplitKeyResponse};
use create_user::{CreateUserRequest, CreateUserResponse};
use deactivate::{DeactivateRequest, DeactivateResponse};
use decrypt::{DecryptRequest, DecryptResponse};
use delegated_login::{DelegatedLoginRequest, DelegatedLoginResponse};
use delete_attribute::{DeleteAttributeRequest, DeleteAttributeResponse};
use derive_key::{DeriveKeyRequest, DeriveKeyResponse};
use destroy::{DestroyRequest, DestroyResponse};
use discover_versions::{DiscoverVersionsRequest, DiscoverVersionsResponse};
use encrypt::{EncryptRequest, EncryptResponse};
use export::{ExportRequest, ExportResponse};
use get::{GetRequest, GetResponse};
use get_attribute_list::{GetAttributeListRequest, GetAttributeListResponse};
use get_attributes::{GetAttributesRequest, GetAttributesResponse};
use get_constraints::{GetConstraintsRequest, GetConstraintsResponse};
use get_usage_allocation::{GetUsageAllocationRequest, GetUsageAllocationResponse};
use hash::{HashRequest, HashResponse};
use import::{ImportRequest, ImportResponse};
use interop::{InteropRequest, InteropResponse};
use join_split_key::{JoinSplitKeyRequest, JoinSplitKeyResponse};
use locate::{LocateRequest, LocateResponse};
use log::{LogRequest, LogResponse};
use login::{LoginRequest, LoginResponse};
use logout::{LogoutRequest, LogoutResponse};
use mac::{MACRequest, MACResponse};
use mac_verify::{MACVerifyRequest, MACVerifyResponse};
use modify_attribute::{ModifyAttributeRequest, ModifyAttributeResponse};
use notify::NotifyRequest;
use obliterate::{ObliterateRequest, ObliterateResponse};
use obtain_lease::{ObtainLeaseRequest, ObtainLeaseResponse};
use ping::{PingRequest, PingResponse};
use pkcs11::{Pkcs11Request, Pkcs11Response};
use poll::PollRequest;
use process::{ProcessRequest, ProcessResponse};
use put::PutRequest;
use query::{QueryRequest, QueryResponse};
use query_asynchronous_requests::{QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse};
use recertify::{ReCertifyRequest, ReCertifyResponse};
use recover::{RecoverRequest, RecoverResponse};
use register::{RegisterRequest, RegisterResponse};
use rekey::{ReKeyRequest, ReKeyResponse};
use rekey_key_pair::{ReKeyKeyPairRequest, ReKeyKeyPairResponse};
use reprovision::{ReProvisionRequest, ReProvisionResponse};
use revoke::{RevokeRequest, RevokeResponse};
use rng_retrieve::{RNGRetrieveRequest, RNGRetrieveResponse};
use rng_seed::{RNGSeedRequest, RNGSeedResponse};
use set_attribute::{SetAttributeRequest, SetAttributeResponse};
use set_constraints::{SetConstraintsRequest, SetConstraintsResponse};
use set_defaults::{SetDefaultsRequest, SetDefaultsResponse};
use set_endpoint_role::{SetEndpointRoleRequest, SetEndpointRoleResponse};
use sign::{SignRequest, SignResponse};
use signature_verify::{SignatureVerifyRequest, SignatureVerifyResponse};
use validate::{ValidateRequest, ValidateResponse};

use crate::macros::union;
use crate::registry::Operation;

/// The structures of every operation's file.
pub(crate) const STRUCTURES: &[&[crate::structures::StructureTable]] = &[
    activate::STRUCTURES,
    add_attribute::STRUCTURES,
    adjust_attribute::STRUCTURES,
    archive::STRUCTURES,
    cancel::STRUCTURES,
    certify::STRUCTURES,
    check::STRUCTURES,
    create::STRUCTURES,
    create_credential::STRUCTURES,
    create_group::STRUCTURES,
    create_key_pair::STRUCTURES,
    create_split_key::STRUCTURES,
    create_user::STRUCTURES,
    deactivate::STRUCTURES,
    decrypt::STRUCTURES,
    delegated_login::STRUCTURES,
    delete_attribute::STRUCTURES,
    derive_key::STRUCTURES,
    destroy::STRUCTURES,
    discover_versions::STRUCTURES,
    encrypt::STRUCTURES,
    export::STRUCTURES,
    get::STRUCTURES,
    get_attribute_list::STRUCTURES,
    get_attributes::STRUCTURES,
    get_constraints::STRUCTURES,
    get_usage_allocation::STRUCTURES,
    hash::STRUCTURES,
    import::STRUCTURES,
    interop::STRUCTURES,
    join_split_key::STRUCTURES,
    locate::STRUCTURES,
    log::STRUCTURES,
    login::STRUCTURES,
    logout::STRUCTURES,
    mac::STRUCTURES,
    mac_verify::STRUCTURES,
    modify_attribute::STRUCTURES,
    notify::STRUCTURES,
    obliterate::STRUCTURES,
    obtain_lease::STRUCTURES,
    ping::STRUCTURES,
    pkcs11::STRUCTURES,
    poll::STRUCTURES,
    process::STRUCTURES,
    put::STRUCTURES,
    query::STRUCTURES,
    query_asynchronous_requests::STRUCTURES,
    recertify::STRUCTURES,
    recover::STRUCTURES,
    register::STRUCTURES,
    rekey::STRUCTURES,
    rekey_key_pair::STRUCTURES,
    reprovision::STRUCTURES,
    revoke::STRUCTURES,
    rng_retrieve::STRUCTURES,
    rng_seed::STRUCTURES,
    set_attribute::STRUCTURES,
    set_constraints::STRUCTURES,
    set_defaults::STRUCTURES,
    set_endpoint_role::STRUCTURES,
    sign::STRUCTURES,
    signature_verify::STRUCTURES,
    validate::STRUCTURES,
];

union! {
    /// The payload of a request batch item.
    RequestPayload by Operation {
        Create(Box<CreateRequest>) = Operation::Create,
        CreateKeyPair(Box<CreateKeyPairRequest>) = Operation::CreateKeyPair,
        Register(Box<RegisterRequest>) = Operation::Register,
        ReKey(Box<ReKeyRequest>) = Operation::ReKey,
        DeriveKey(Box<DeriveKeyRequest>) = Operation::DeriveKey,
        Certify(Box<CertifyRequest>) = Operation::Certify,
        ReCertify(Box<ReCertifyRequest>) = Operation::ReCertify,
        Locate(Box<LocateRequest>) = Operation::Locate,
        Check(Box<CheckRequest>) = Operation::Check,
        Get(Box<GetRequest>) = Operation::Get,
        GetAttributes(Box<GetAttributesRequest>) = Operation::GetAttributes,
        GetAttributeList(Box<GetAttributeListRequest>) = Operation::GetAttributeList,
        AddAttribute(Box<AddAttributeRequest>) = Operation::AddAttribute,
        ModifyAttribute(Box<ModifyAttributeRequest>) = Operation::ModifyAttribute,
        DeleteAttribute(Box<DeleteAttributeRequest>) = Operation::DeleteAttribute,
        ObtainLease(Box<ObtainLeaseRequest>) = Operation::ObtainLease,
        GetUsageAllocation(Box<GetUsageAllocationRequest>) = Operation::GetUsageAllocation,
        Activate(Box<ActivateRequest>) = Operation::Activate,
        Revoke(Box<RevokeRequest>) = Operation::Revoke,
        Destroy(Box<DestroyRequest>) = Operation::Destroy,
        Archive(Box<ArchiveRequest>) = Operation::Archive,
        Recover(Box<RecoverRequest>) = Operation::Recover,
        Validate(Box<ValidateRequest>) = Operation::Validate,
        Query(Box<QueryRequest>) = Operation::Query,
        Cancel(Box<CancelRequest>) = Operation::Cancel,
        Poll(Box<PollRequest>) = Operation::Poll,
        Notify(Box<NotifyRequest>) = Operation::Notify,
        Put(Box<PutRequest>) = Operation::Put,
        ReKeyKeyPair(Box<ReKeyKeyPairRequest>) = Operation::ReKeyKeyPair,
        DiscoverVersions(Box<DiscoverVersionsRequest>) = Operation::DiscoverVersions,
        Encrypt(Box<EncryptRequest>) = Operation::Encrypt,
        Decrypt(Box<DecryptRequest>) = Operation::Decrypt,
        Sign(Box<SignRequest>) = Operation::Sign,
        SignatureVerify(Box<SignatureVerifyRequest>) = Operation::SignatureVerify,
        MAC(Box<MACRequest>) = Operation::MAC,
        MACVerify(Box<MACVerifyRequest>) = Operation::MACVerify,
        RNGRetrieve(Box<RNGRetrieveRequest>) = Operation::RNGRetrieve,
        RNGSeed(Box<RNGSeedRequest>) = Operation::RNGSeed,
        Hash(Box<HashRequest>) = Operation::Hash,
        CreateSplitKey(Box<CreateSplitKeyRequest>) = Operation::CreateSplitKey,
        JoinSplitKey(Box<JoinSplitKeyRequest>) = Operation::JoinSplitKey,
        Import(Box<ImportRequest>) = Operation::Import,
        Export(Box<ExportRequest>) = Operation::Export,
        Log(Box<LogRequest>) = Operation::Log,
        Login(Box<LoginRequest>) = Operation::Login,
        Logout(Box<LogoutRequest>) = Operation::Logout,
        DelegatedLogin(Box<DelegatedLoginRequest>) = Operation::DelegatedLogin,
        AdjustAttribute(Box<AdjustAttributeRequest>) = Operation::AdjustAttribute,
        SetAttribute(Box<SetAttributeRequest>) = Operation::SetAttribute,
        SetEndpointRole(Box<SetEndpointRoleRequest>) = Operation::SetEndpointRole,
        Pkcs11(Box<Pkcs11Request>) = Operation::PKCS_11,
        Interop(Box<InteropRequest>) = Operation::Interop,
        ReProvision(Box<ReProvisionRequest>) = Operation::ReProvision,
        SetDefaults(Box<SetDefaultsRequest>) = Operation::SetDefaults,
        SetConstraints(Box<SetConstraintsRequest>) = Operation::SetConstraints,
        GetConstraints(Box<GetConstraintsRequest>) = Operation::GetConstraints,
        QueryAsynchronousRequests(Box<QueryAsynchronousRequestsRequest>) = Operation::QueryAsynchronousRequests,
        Process(Box<ProcessRequest>) = Operation::Process,
        Ping(Box<PingRequest>) = Operation::Ping,
        CreateGroup(Box<CreateGroupRequest>) = Operation::CreateGroup,
        Obliterate(Box<ObliterateRequest>) = Operation::Obliterate,
        CreateUser(Box<CreateUserRequest>) = Operation::CreateUser,
        CreateCredential(Box<CreateCredentialRequest>) = Operation::CreateCredential,
        Deactivate(Box<DeactivateRequest>) = Operation::Deactivate,
    }
}

union! {
    /// The payload of a response batch item.
    ResponsePayload by Option<Operation> {
        Create(Box<CreateResponse>) = Some(Operation::Create),
        CreateKeyPair(Box<CreateKeyPairResponse>) = Some(Operation::CreateKeyPair),
        Register(Box<RegisterResponse>) = Some(Operation::Register),
        ReKey(Box<ReKeyResponse>) = Some(Operation::ReKey),
        DeriveKey(Box<DeriveKeyResponse>) = Some(Operation::DeriveKey),
        Certify(Box<CertifyResponse>) = Some(Operation::Certify),
        ReCertify(Box<ReCertifyResponse>) = Some(Operation::ReCertify),
        Locate(Box<LocateResponse>) = Some(Operation::Locate),
        Check(Box<CheckResponse>) = Some(Operation::Check),
        Get(Box<GetResponse>) = Some(Operation::Get),
        GetAttributes(Box<GetAttributesResponse>) = Some(Operation::GetAttributes),
        GetAttributeList(Box<GetAttributeListResponse>) = Some(Operation::GetAttributeList),
        AddAttribute(Box<AddAttributeResponse>) = Some(Operation::AddAttribute),
        ModifyAttribute(Box<ModifyAttributeResponse>) = Some(Operation::ModifyAttribute),
        DeleteAttribute(Box<DeleteAttributeResponse>) = Some(Operation::DeleteAttribute),
        ObtainLease(Box<ObtainLeaseResponse>) = Some(Operation::ObtainLease),
        GetUsageAllocation(Box<GetUsageAllocationResponse>) = Some(Operation::GetUsageAllocation),
        Activate(Box<ActivateResponse>) = Some(Operation::Activate),
        Revoke(Box<RevokeResponse>) = Some(Operation::Revoke),
        Destroy(Box<DestroyResponse>) = Some(Operation::Destroy),
        Archive(Box<ArchiveResponse>) = Some(Operation::Archive),
        Recover(Box<RecoverResponse>) = Some(Operation::Recover),
        Validate(Box<ValidateResponse>) = Some(Operation::Validate),
        Query(Box<QueryResponse>) = Some(Operation::Query),
        Cancel(Box<CancelResponse>) = Some(Operation::Cancel),
        ReKeyKeyPair(Box<ReKeyKeyPairResponse>) = Some(Operation::ReKeyKeyPair),
        DiscoverVersions(Box<DiscoverVersionsResponse>) = Some(Operation::DiscoverVersions),
        Encrypt(Box<EncryptResponse>) = Some(Operation::Encrypt),
        Decrypt(Box<DecryptResponse>) = Some(Operation::Decrypt),
        Sign(Box<SignResponse>) = Some(Operation::Sign),
        SignatureVerify(Box<SignatureVerifyResponse>) = Some(Operation::SignatureVerify),
        MAC(Box<MACResponse>) = Some(Operation::MAC),
        MACVerify(Box<MACVerifyResponse>) = Some(Operation::MACVerify),
        RNGRetrieve(Box<RNGRetrieveResponse>) = Some(Operation::RNGRetrieve),
        RNGSeed(Box<RNGSeedResponse>) = Some(Operation::RNGSeed),
        Hash(Box<HashResponse>) = Some(Operation::Hash),
        CreateSplitKey(Box<CreateSplitKeyResponse>) = Some(Operation::CreateSplitKey),
        JoinSplitKey(Box<JoinSplitKeyResponse>) = Some(Operation::JoinSplitKey),
        Import(Box<ImportResponse>) = Some(Operation::Import),
        Export(Box<ExportResponse>) = Some(Operation::Export),
        Log(Box<LogResponse>) = Some(Operation::Log),
        Login(Box<LoginResponse>) = Some(Operation::Login),
        Logout(Box<LogoutResponse>) = Some(Operation::Logout),
        DelegatedLogin(Box<DelegatedLoginResponse>) = Some(Operation::DelegatedLogin),
        AdjustAttribute(Box<AdjustAttributeResponse>) = Some(Operation::AdjustAttribute),
        SetAttribute(Box<SetAttributeResponse>) = Some(Operation::SetAttribute),
        SetEndpointRole(Box<SetEndpointRoleResponse>) = Some(Operation::SetEndpointRole),
        Pkcs11(Box<Pkcs11Response>) = Some(Operation::PKCS_11),
        Interop(Box<InteropResponse>) = Some(Operation::Interop),
        ReProvision(Box<ReProvisionResponse>) = Some(Operation::ReProvision),
        SetDefaults(Box<SetDefaultsResponse>) = Some(Operation::SetDefaults),
        SetConstraints(Box<SetConstraintsResponse>) = Some(Operation::SetConstraints),
        GetConstraints(Box<GetConstraintsResponse>) = Some(Operation::GetConstraints),
        QueryAsynchronousRequests(Box<QueryAsynchronousRequestsResponse>) = Some(Operation::QueryAsynchronousRequests),
        Process(Box<ProcessResponse>) = Some(Operation::Process),
        Ping(Box<PingResponse>) = Some(Operation::Ping),
        CreateGroup(Box<CreateGroupResponse>) = Some(Operation::CreateGroup),
        Obliterate(Box<ObliterateResponse>) = Some(Operation::Obliterate),
        CreateUser(Box<CreateUserResponse>) = Some(Operation::CreateUser),
        CreateCredential(Box<CreateCredentialResponse>) = Some(Operation::CreateCredential),
        Deactivate(Box<DeactivateResponse>) = Some(Operation::Deactivate),
    }
}
