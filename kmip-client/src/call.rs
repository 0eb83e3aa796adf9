//! The table that ties each request to its operation and its response.

use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::Operation;
use kmip_codec::value::Value;

/// A request payload: its type fixes the operation and the type of the response.
pub trait Call: Sized {
    /// The response payload.
    type Response: Value;
    /// The operation.
    const OPERATION: Operation;
    /// Whether it only reads, so that it can be repeated when the connection is lost.
    const IDEMPOTENT: bool;
    /// Makes the payload of a batch item.
    fn into_payload(self) -> RequestPayload;
    /// Takes the payload of a response item; `None` if it is another operation's.
    fn from_payload(payload: ResponsePayload) -> Option<Self::Response>;
}

macro_rules! calls {
    ($($idempotent:ident $variant:ident = $operation:ident: $module:ident::$request:ident -> $response:ident;)*) => {$(
        impl Call for kmip_codec::operation::$module::$request {
            type Response = kmip_codec::operation::$module::$response;
            const OPERATION: Operation = Operation::$operation;
            const IDEMPOTENT: bool = calls!(@ $idempotent);

            fn into_payload(self) -> RequestPayload {
                RequestPayload::$variant(Box::new(self))
            }

            fn from_payload(payload: ResponsePayload) -> Option<Self::Response> {
                match payload {
                    ResponsePayload::$variant(response) => Some(*response),
                    _ => None,
                }
            }
        }
    )*};
    (@ reads) => { true };
    (@ changes) => { false };
}

calls! {
    changes Create = Create: create::CreateRequest -> CreateResponse;
    changes CreateKeyPair = CreateKeyPair: create_key_pair::CreateKeyPairRequest -> CreateKeyPairResponse;
    changes Register = Register: register::RegisterRequest -> RegisterResponse;
    changes ReKey = ReKey: rekey::ReKeyRequest -> ReKeyResponse;
    changes ReKeyKeyPair = ReKeyKeyPair: rekey_key_pair::ReKeyKeyPairRequest -> ReKeyKeyPairResponse;
    changes DeriveKey = DeriveKey: derive_key::DeriveKeyRequest -> DeriveKeyResponse;
    changes Certify = Certify: certify::CertifyRequest -> CertifyResponse;
    changes ReCertify = ReCertify: recertify::ReCertifyRequest -> ReCertifyResponse;
    reads Locate = Locate: locate::LocateRequest -> LocateResponse;
    reads Check = Check: check::CheckRequest -> CheckResponse;
    reads Get = Get: get::GetRequest -> GetResponse;
    reads GetAttributes = GetAttributes: get_attributes::GetAttributesRequest -> GetAttributesResponse;
    reads GetAttributeList = GetAttributeList: get_attribute_list::GetAttributeListRequest -> GetAttributeListResponse;
    changes AddAttribute = AddAttribute: add_attribute::AddAttributeRequest -> AddAttributeResponse;
    changes ModifyAttribute = ModifyAttribute: modify_attribute::ModifyAttributeRequest -> ModifyAttributeResponse;
    changes SetAttribute = SetAttribute: set_attribute::SetAttributeRequest -> SetAttributeResponse;
    changes DeleteAttribute = DeleteAttribute: delete_attribute::DeleteAttributeRequest -> DeleteAttributeResponse;
    changes AdjustAttribute = AdjustAttribute: adjust_attribute::AdjustAttributeRequest -> AdjustAttributeResponse;
    changes ObtainLease = ObtainLease: obtain_lease::ObtainLeaseRequest -> ObtainLeaseResponse;
    changes GetUsageAllocation = GetUsageAllocation: get_usage_allocation::GetUsageAllocationRequest -> GetUsageAllocationResponse;
    changes Activate = Activate: activate::ActivateRequest -> ActivateResponse;
    changes Revoke = Revoke: revoke::RevokeRequest -> RevokeResponse;
    changes Destroy = Destroy: destroy::DestroyRequest -> DestroyResponse;
    changes Archive = Archive: archive::ArchiveRequest -> ArchiveResponse;
    changes Recover = Recover: recover::RecoverRequest -> RecoverResponse;
    reads Validate = Validate: validate::ValidateRequest -> ValidateResponse;
    reads Query = Query: query::QueryRequest -> QueryResponse;
    reads DiscoverVersions = DiscoverVersions: discover_versions::DiscoverVersionsRequest -> DiscoverVersionsResponse;
    changes Encrypt = Encrypt: encrypt::EncryptRequest -> EncryptResponse;
    changes Decrypt = Decrypt: decrypt::DecryptRequest -> DecryptResponse;
    changes Sign = Sign: sign::SignRequest -> SignResponse;
    changes SignatureVerify = SignatureVerify: signature_verify::SignatureVerifyRequest -> SignatureVerifyResponse;
    changes MAC = MAC: mac::MACRequest -> MACResponse;
    changes MACVerify = MACVerify: mac_verify::MACVerifyRequest -> MACVerifyResponse;
    changes Hash = Hash: hash::HashRequest -> HashResponse;
    changes RNGRetrieve = RNGRetrieve: rng_retrieve::RNGRetrieveRequest -> RNGRetrieveResponse;
    changes RNGSeed = RNGSeed: rng_seed::RNGSeedRequest -> RNGSeedResponse;
    changes CreateSplitKey = CreateSplitKey: create_split_key::CreateSplitKeyRequest -> CreateSplitKeyResponse;
    changes JoinSplitKey = JoinSplitKey: join_split_key::JoinSplitKeyRequest -> JoinSplitKeyResponse;
    changes Import = Import: import::ImportRequest -> ImportResponse;
    reads Export = Export: export::ExportRequest -> ExportResponse;
    changes Log = Log: log::LogRequest -> LogResponse;
    changes Login = Login: login::LoginRequest -> LoginResponse;
    changes Logout = Logout: logout::LogoutRequest -> LogoutResponse;
    changes Interop = Interop: interop::InteropRequest -> InteropResponse;
    reads Ping = Ping: ping::PingRequest -> PingResponse;
}
