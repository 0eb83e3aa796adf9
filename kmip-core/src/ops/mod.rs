//! One file per operation; here, the dispatch. An operation without a handler does not compile into it unnoticed.

mod activate;
mod add_attribute;
mod adjust_attribute;
mod archive;
mod cancel;
mod certify;
mod check;
mod create;
mod create_credential;
mod create_group;
mod create_key_pair;
mod create_split_key;
mod create_user;
mod deactivate;
mod decrypt;
mod delegated_login;
mod delete_attribute;
pub(crate) mod derive_key;
mod destroy;
mod discover_versions;
mod encrypt;
mod export;
mod get;
mod get_attribute_list;
mod get_attributes;
mod get_constraints;
mod get_usage_allocation;
mod hash;
mod import;
mod interop;
mod join_split_key;
mod locate;
mod log;
mod login;
mod logout;
mod mac;
mod mac_verify;
mod modify_attribute;
mod obliterate;
mod obtain_lease;
mod ping;
mod pkcs11;
mod poll;
mod process;
mod query;
mod query_asynchronous_requests;
mod recertify;
mod recover;
mod register;
mod rekey;
mod rekey_key_pair;
mod reprovision;
mod revoke;
mod rng_retrieve;
mod rng_seed;
mod set_attribute;
mod set_constraints;
mod set_defaults;
mod set_endpoint_role;
mod sign;
mod signature_verify;
mod validate;

pub(crate) use create_key_pair::curve_named;
use kmip_codec::message::decode::RequestItem;
use kmip_codec::message::{RequestBatchItem, ResponseBatchItem};
use kmip_codec::operation::{RequestPayload as Request, ResponsePayload as Response};
use kmip_codec::registry::{ObjectType, Operation, WireEnum};
use kmip_codec::version::Version;

use crate::authority;
use crate::batch::Context;
use crate::counters;
use crate::engine::Engine;
use crate::env::{Pace, Work};
use crate::error::{Fault, OpResult, fail};
use crate::outgoing;

/// What an operation answers.
pub(crate) enum Answer {
    /// Its payload.
    Payload(Response),
    /// The answer of another operation (Poll).
    Item(Box<ResponseBatchItem>),
}

impl Answer {
    /// The payload; no call has another operation answer for it.
    pub fn payload(self) -> OpResult<Response> {
        match self {
            Self::Payload(payload) => Ok(payload),
            Self::Item(_) => fail(Fault::Internal, "an asynchronous operation answers where none can"),
        }
    }
}

/// Turns the table of handlers into the dispatch and the list for Query, so that they cannot differ.
macro_rules! handlers {
    (
        handled { $($variant:ident => $operation:ident, $handler:path;)* }
        answered { $($answered:ident, $answer:path;)* }
        unhandled { $($unhandled:ident)* }
    ) => {
        /// The operations that work.
        const HANDLED: &[Operation] = &[$(Operation::$operation,)* $(Operation::$answered),*];

        /// Hands a payload to its handler.
        fn handle(context: &mut Context<'_>, operation: Operation, payload: Request) -> OpResult<Answer> {
            match payload {
                $(Request::$variant(request) => {
                    $handler(context, *request).map(Box::new).map(Response::$variant).map(Answer::Payload)
                })*
                $(Request::$answered(request) => $answer(context, *request).map(Box::new).map(Answer::Item),)*
                $(Request::$unhandled(_))|* | Request::Unknown(_) => unsupported(operation),
            }
        }
    };
}

handlers! {
    handled {
    Create => Create, create::create;
    CreateKeyPair => CreateKeyPair, create_key_pair::create_key_pair;
    ReKey => ReKey, rekey::rekey;
    ReKeyKeyPair => ReKeyKeyPair, rekey_key_pair::rekey_key_pair;
    DeriveKey => DeriveKey, derive_key::derive_key;
    Register => Register, register::register;
    Locate => Locate, locate::locate;
    Check => Check, check::check;
    Get => Get, get::get;
    GetAttributes => GetAttributes, get_attributes::get_attributes;
    GetAttributeList => GetAttributeList, get_attribute_list::get_attribute_list;
    AddAttribute => AddAttribute, add_attribute::add_attribute;
    ModifyAttribute => ModifyAttribute, modify_attribute::modify_attribute;
    SetAttribute => SetAttribute, set_attribute::set_attribute;
    AdjustAttribute => AdjustAttribute, adjust_attribute::adjust_attribute;
    DeleteAttribute => DeleteAttribute, delete_attribute::delete_attribute;
    ObtainLease => ObtainLease, obtain_lease::obtain_lease;
    GetUsageAllocation => GetUsageAllocation, get_usage_allocation::get_usage_allocation;
    Activate => Activate, activate::activate;
    Revoke => Revoke, revoke::revoke;
    Destroy => Destroy, destroy::destroy;
    CreateSplitKey => CreateSplitKey, create_split_key::create_split_key;
    JoinSplitKey => JoinSplitKey, join_split_key::join_split_key;
    SetDefaults => SetDefaults, set_defaults::set_defaults;
    SetConstraints => SetConstraints, set_constraints::set_constraints;
    GetConstraints => GetConstraints, get_constraints::get_constraints;
    Archive => Archive, archive::archive;
    Recover => Recover, recover::recover;
    Import => Import, import::import;
    Export => Export, export::export;
    Encrypt => Encrypt, encrypt::encrypt;
    Decrypt => Decrypt, decrypt::decrypt;
    Sign => Sign, sign::sign;
    SignatureVerify => SignatureVerify, signature_verify::signature_verify;
    MAC => MAC, mac::mac;
    MACVerify => MACVerify, mac_verify::mac_verify;
    Hash => Hash, hash::hash;
    RNGRetrieve => RNGRetrieve, rng_retrieve::rng_retrieve;
    RNGSeed => RNGSeed, rng_seed::rng_seed;
    Certify => Certify, certify::certify;
    ReProvision => ReProvision, reprovision::reprovision;
    ReCertify => ReCertify, recertify::recertify;
    Validate => Validate, validate::validate;
    Pkcs11 => PKCS_11, pkcs11::pkcs11;
    Query => Query, query::query;
    DiscoverVersions => DiscoverVersions, discover_versions::discover_versions;
    Log => Log, log::log;
    Login => Login, login::login;
    SetEndpointRole => SetEndpointRole, set_endpoint_role::set_endpoint_role;
    Logout => Logout, logout::logout;
    DelegatedLogin => DelegatedLogin, delegated_login::delegated_login;
    Interop => Interop, interop::interop;
    Ping => Ping, ping::ping;
    Deactivate => Deactivate, deactivate::deactivate;
    Obliterate => Obliterate, obliterate::obliterate;
    CreateUser => CreateUser, create_user::create_user;
    CreateGroup => CreateGroup, create_group::create_group;
    CreateCredential => CreateCredential, create_credential::create_credential;
    Cancel => Cancel, cancel::cancel;
    Process => Process, process::process;
    QueryAsynchronousRequests => QueryAsynchronousRequests, query_asynchronous_requests::query_asynchronous_requests;
    }
    answered {
    Poll, poll::poll;
    }
    unhandled {
        Notify Put
    }
}

/// The failure of an operation about an asynchronous request that this client and user do not have.
fn no_request<T>() -> OpResult<T> {
    fail(Fault::AsynchronousCorrelationValue, "no outstanding operation has this Asynchronous Correlation Value")
}

fn unsupported<T>(operation: Operation) -> OpResult<T> {
    fail(Fault::OperationNotSupported, format!("{operation} is not supported; Query lists the operations that are"))
}

/// Hands a batch item's payload to its handler, if the operation may begin.
pub(crate) fn dispatch(context: &mut Context<'_>, operation: Operation, payload: Request) -> OpResult<Answer> {
    begin(context, operation)?;
    carry_out(context, operation, payload)
}

/// Carries out an operation that has begun, and counts it.
pub(crate) fn carry_out(context: &mut Context<'_>, operation: Operation, payload: Request) -> OpResult<Answer> {
    let answer = handle(context, operation, payload)?;
    counters::note(context, &answer);
    Ok(answer)
}

/// Begins an operation, if it exists in the version of the request and here.
pub(crate) fn begin(context: &mut Context<'_>, operation: Operation) -> OpResult<()> {
    if !Operation::TABLE.is_live(operation.0, context.version) {
        return fail(Fault::OperationNotSupported, format!("KMIP {} has no operation {operation}", context.version));
    }
    if !context.engine.abilities.permit(operation) {
        return unsupported(operation);
    }
    if let Some(work) = device_work(context.engine, context.txn.pace(), operation) {
        context.txn.work(work)?;
    }
    Ok(())
}

/// How many keys the items of a request may make that hardware could keep, at most.
pub(crate) fn keys_made(items: &[RequestItem]) -> usize {
    keys_of(items.iter().flatten())
}

/// Like [`keys_made`], of items that could be read.
pub(crate) fn keys_of<'a>(items: impl Iterator<Item = &'a RequestBatchItem>) -> usize {
    use Operation as O;
    let makes = |operation| {
        // A call of PKCS#11 makes one at most.
        matches!(
            operation,
            O::PKCS_11
                | O::Create
                | O::CreateKeyPair
                | O::Register
                | O::DeriveKey
                | O::ReKey
                | O::ReKeyKeyPair
                | O::ReProvision
                | O::JoinSplitKey
        )
    };
    items.filter(|item| makes(item.operation)).count()
}

/// Lets work that always needs the device, whatever the operation does otherwise, wait for its pool.
pub(crate) fn on_device(context: &Context<'_>) -> OpResult<()> {
    let waits = context.engine.vault.waits();
    let at_once = context.txn.pace() == Pace::Prompt && waits.prompt;
    if waits.to_make && !at_once { context.txn.work(Work::Device) } else { Ok(()) }
}

/// The work that an operation makes the vault do on a device, which can take as long as the device's deadline.
fn device_work(engine: &Engine, pace: Pace, operation: Operation) -> Option<Work> {
    use Operation as O;
    let waits = engine.vault.waits();
    let (work, it_waits) = match operation {
        O::CreateKeyPair | O::ReKeyKeyPair | O::ReProvision => (Work::DevicePair, waits.to_make || waits.to_use),
        O::Create
        | O::ReKey
        | O::RNGRetrieve
        | O::Archive
        | O::Recover
        | O::Import
        | O::CreateSplitKey
        | O::JoinSplitKey => (Work::Device, waits.to_make || waits.to_use),
        O::Register
        | O::DeriveKey
        | O::Get
        | O::Export
        | O::Encrypt
        | O::Decrypt
        | O::Sign
        | O::Certify
        | O::ReCertify => (Work::Device, waits.to_use),
        O::SignatureVerify | O::MAC | O::MACVerify | O::PKCS_11 | O::Poll => (Work::Device, waits.to_use),
        _ => return None,
    };
    let at_once = pace == Pace::Prompt && waits.prompt && work == Work::Device;
    (it_waits && !at_once).then_some(work)
}

/// The pool on which all of these items may be done.
pub(crate) fn longest_work<'a>(engine: &Engine, items: impl Iterator<Item = &'a RequestItem>) -> Work {
    let works = items.flatten().filter_map(|item| device_work(engine, Pace::Inline, item.operation));
    works.reduce(|one, other| if one == Work::DevicePair { one } else { other }).unwrap_or(Work::Computing)
}

/// Whether an operation works for a client of a version.
pub(crate) fn is_supported(engine: &Engine, operation: Operation, version: Version) -> bool {
    let is_offered = || match operation {
        Operation::Interop => engine.config.interop,
        Operation::Certify | Operation::ReCertify => authority::exists(engine),
        operation => engine.abilities.permit(operation),
    };
    HANDLED.contains(&operation) && Operation::TABLE.is_live(operation.0, version) && is_offered()
}

/// The operations that work for a client of a version.
pub(crate) fn supported(engine: &Engine, version: Version) -> Vec<Operation> {
    HANDLED.iter().copied().filter(|operation| is_supported(engine, *operation, version)).collect()
}

/// The operations that Query names: those that work, and those that the server sends to clients (KMIP 2.1 §6.2).
pub(crate) fn named(engine: &Engine, version: Version) -> Vec<Operation> {
    let sent = [Operation::Notify, Operation::Put].into_iter().filter(|_| outgoing::speaks(version));
    supported(engine, version).into_iter().chain(sent).collect()
}

/// The object types that can be held for a client of a version.
pub(crate) fn object_types(version: Version) -> Vec<ObjectType> {
    let held = [
        ObjectType::Certificate,
        ObjectType::SymmetricKey,
        ObjectType::PublicKey,
        ObjectType::PrivateKey,
        ObjectType::SplitKey,
        ObjectType::Template,
        ObjectType::SecretData,
        ObjectType::OpaqueObject,
        ObjectType::PGPKey,
        ObjectType::CertificateRequest,
        ObjectType::User,
        ObjectType::Group,
        ObjectType::PasswordCredential,
        ObjectType::DeviceCredential,
        ObjectType::OneTimePasswordCredential,
        ObjectType::HashedPasswordCredential,
    ];
    held.into_iter().filter(|kind| ObjectType::TABLE.is_live(kind.0, version)).collect()
}
