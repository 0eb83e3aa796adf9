//! One call: the application and session that it belongs to, and the function.

use kmip_codec::operation::pkcs11::{Pkcs11Request, Pkcs11Response};
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{Operation, Pkcs11Function as F, Pkcs11ReturnCode as Rv, WireEnum};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::V3_0;

use super::codec::{Reader, Writer};
use super::sessions::{Application, Change, Kind, MOST_SESSIONS, Session};
use super::{Done, Stop, cryptography, keys, objects, stop, token};
use crate::batch::Context;
use crate::cryptography::streams::CORRELATION_BYTES;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::{ops, tickets};

/// The interface whose functions these are, as `CK_INTERFACE` names it.
const INTERFACE: &str = "PKCS 11";
/// The version of the encoding that C_Initialize names.
const ENCODING: u8 = 1;
/// CKF_RW_SESSION and CKF_SERIAL_SESSION.
const WRITES: u64 = 2;
const SERIAL: u64 = 4;
/// CKU_USER.
const USER: u64 = 1;

/// A call on its way.
pub(super) struct Call<'a, 'b> {
    pub context: &'a mut Context<'b>,
    pub correlation: ByteString,
    pub application: Application,
}

/// Carries out a function.
pub(crate) fn call(context: &mut Context<'_>, request: Pkcs11Request) -> OpResult<Pkcs11Response> {
    let function = request.pkcs11_function;
    if request.pkcs11_interface.as_ref().is_some_and(|interface| interface.as_str() != INTERFACE) {
        return fail(Fault::Pkcs11Interface, format!("the only PKCS#11 Interface is {INTERFACE:?}"));
    }
    if F::TABLE.rows.iter().all(|row| row.value != function.0) {
        return fail(Fault::Pkcs11Function, "there is no PKCS#11 Function of this number");
    }
    context.remark = Some(function.to_string());
    let empty = Secret::copy_from(&[]);
    let input = request.pkcs11_input_parameters.as_ref().unwrap_or(&empty);
    let mut reader = Reader::new(input.expose_secret());
    // The published cases of 3.0 tell the Correlation Value in every answer, those of 2.1 in that of C_Initialize.
    let mut told = request.correlation_value.clone().filter(|_| context.version >= V3_0);
    let done = match (function, request.correlation_value) {
        (F::C_Initialize, None) => initialize(context, &mut reader).map(|correlation| {
            told = Some(correlation);
            Secret::copy_from(&[])
        }),
        (F::C_Initialize, Some(_)) => stop(Rv::CRYPTOKI_ALREADY_INITIALIZED),
        (_, None) => stop(Rv::CRYPTOKI_NOT_INITIALIZED),
        (_, Some(correlation)) => {
            let found = find(context, &correlation)?;
            let mut call = Call { context, correlation, application: found };
            run(&mut call, function, &mut reader)
        }
    };
    let (code, output) = match done {
        Ok(output) => (Rv::OK, output),
        Err(Stop::Code(code, output)) => (code, output),
        Err(Stop::Error(error)) => return Err(error),
    };
    Ok(Pkcs11Response {
        pkcs11_interface: request.pkcs11_interface,
        pkcs11_function: function,
        correlation_value: told,
        pkcs11_output_parameters: (!output.is_empty()).then_some(output),
        pkcs11_return_code: code,
    })
}

fn find(context: &Context<'_>, correlation: &ByteString) -> OpResult<Application> {
    let (client, scope) = (&context.principal.client, context.txn.scope());
    let applications = &context.engine.streams.applications;
    match applications.find(correlation, context.effects.applications(), client, scope, context.now) {
        Some(found) => Ok(found),
        None => fail(Fault::Pkcs11Correlation, "no PKCS#11 application has this Correlation Value: call C_Initialize"),
    }
}

fn initialize(context: &mut Context<'_>, reader: &mut Reader<'_>) -> Done<ByteString> {
    if reader.left() > 0 && reader.byte()? != ENCODING {
        return stop(Rv::ARGUMENTS_BAD);
    }
    reader.finish()?;
    let (client, scope) = (context.principal.client.clone(), context.txn.scope().clone());
    if !context.engine.streams.applications.has_room(&client, context.now) {
        return stop(Rv::HOST_MEMORY);
    }
    let mut value = [0; CORRELATION_BYTES];
    context.engine.vault.unique(&mut value).map_err(OpError::from)?;
    let correlation = ByteString::new(&value);
    let application = Application::new(client, scope, context.now);
    context.effects.change(correlation.clone(), Change::Initialize(application));
    Ok(correlation)
}

fn run(call: &mut Call<'_, '_>, function: F, reader: &mut Reader<'_>) -> Done<Secret> {
    call.change(Change::Touch(call.context.now));
    let none = Secret::copy_from(&[]);
    match function {
        F::C_Finalize => {
            call.change(Change::Finalize);
            Ok(none)
        }
        F::C_GetInfo => Ok(token::info(call.context)),
        F::C_GetSlotList => token::slot_list(reader),
        F::C_GetSlotInfo => token::slot_info(call.context, reader),
        F::C_GetTokenInfo => token::token_info(call.context, reader, &call.application),
        F::C_GetMechanismList => token::mechanism_list(reader),
        F::C_GetMechanismInfo => token::mechanism_info(reader),
        F::C_WaitForSlotEvent => token::wait_for_slot_event(reader),
        F::C_OpenSession => call.open_session(reader),
        F::C_CloseAllSessions => {
            token::slot(reader)?;
            let open: Vec<u64> = call.application.sessions.keys().copied().collect();
            open.into_iter().for_each(|handle| call.change(Change::Session(handle, None)));
            Ok(none)
        }
        _ => in_session(call, function, reader),
    }
}

fn in_session(call: &mut Call<'_, '_>, function: F, reader: &mut Reader<'_>) -> Done<Secret> {
    let none = Secret::copy_from(&[]);
    if !IN_SESSION.contains(&function) {
        return stop(Rv::FUNCTION_NOT_SUPPORTED);
    }
    let handle = reader.ulong()?;
    let Some(mut session) = call.application.sessions.get(&handle).cloned() else {
        return stop(Rv::SESSION_HANDLE_INVALID);
    };
    if CHANGING.contains(&function) && !session.writes {
        return stop(Rv::SESSION_READ_ONLY);
    }
    let done = match function {
        F::C_CloseSession => {
            call.change(Change::Session(handle, None));
            return Ok(none);
        }
        F::C_GetSessionInfo => Ok(session_info(&session, call.application.logged_in)),
        F::C_Login => call.login(reader).map(|()| none),
        F::C_Logout => call.logout().map(|()| none),
        F::C_FindObjectsInit => objects::find_init(call, &mut session, reader).map(|()| none),
        F::C_FindObjects => objects::find(&mut session, reader),
        F::C_FindObjectsFinal => objects::find_final(&mut session).map(|()| none),
        F::C_GetAttributeValue => objects::get_attribute_value(call, reader),
        F::C_GetObjectSize => objects::size(call, reader),
        F::C_CreateObject => objects::create(call, reader),
        F::C_CopyObject => objects::copy(call, reader),
        F::C_DestroyObject => objects::destroy(call, reader).map(|()| none),
        F::C_GenerateKey => objects::generate_key(call, reader),
        F::C_GenerateKeyPair => objects::generate_pair(call, reader),
        F::C_SetAttributeValue => objects::set_attribute_value(call, reader).map(|()| none),
        F::C_WrapKey => keys::wrap(call, reader),
        F::C_UnwrapKey => keys::unwrap(call, reader),
        F::C_DeriveKey => keys::derive(call, reader),
        F::C_GenerateRandom => cryptography::random(call, reader),
        F::C_SeedRandom => cryptography::seed(call, reader).map(|()| none),
        F::C_DigestKey => cryptography::digest_key(call, &mut session, reader).map(|()| none),
        // What remains of a Cryptoki of long ago (PKCS#11 3.0 §5.18).
        F::C_GetFunctionStatus | F::C_CancelFunction => stop(Rv::FUNCTION_NOT_PARALLEL),
        _ => cryptography::run(call, &mut session, function, reader),
    };
    // What failed may have ended what was under way.
    call.change(Change::Session(handle, Some(session)));
    done
}

/// Functions whose first parameter is a session, and which are done here.
const IN_SESSION: &[F] = &[
    F::C_CloseSession,
    F::C_GetSessionInfo,
    F::C_Login,
    F::C_Logout,
    F::C_FindObjectsInit,
    F::C_FindObjects,
    F::C_FindObjectsFinal,
    F::C_GetAttributeValue,
    F::C_GetObjectSize,
    F::C_CreateObject,
    F::C_CopyObject,
    F::C_DestroyObject,
    F::C_GenerateKey,
    F::C_GenerateKeyPair,
    F::C_SetAttributeValue,
    F::C_WrapKey,
    F::C_UnwrapKey,
    F::C_DeriveKey,
    F::C_GenerateRandom,
    F::C_SeedRandom,
    F::C_EncryptInit,
    F::C_Encrypt,
    F::C_EncryptUpdate,
    F::C_EncryptFinal,
    F::C_DecryptInit,
    F::C_Decrypt,
    F::C_DecryptUpdate,
    F::C_DecryptFinal,
    F::C_DigestInit,
    F::C_Digest,
    F::C_DigestUpdate,
    F::C_DigestKey,
    F::C_DigestFinal,
    F::C_SignInit,
    F::C_Sign,
    F::C_SignUpdate,
    F::C_SignFinal,
    F::C_VerifyInit,
    F::C_Verify,
    F::C_VerifyUpdate,
    F::C_VerifyFinal,
    F::C_DigestEncryptUpdate,
    F::C_DecryptDigestUpdate,
    F::C_SignEncryptUpdate,
    F::C_DecryptVerifyUpdate,
    F::C_GetFunctionStatus,
    F::C_CancelFunction,
];

/// Functions that make, change or remove objects of the token.
const CHANGING: &[F] = &[
    F::C_CreateObject,
    F::C_DestroyObject,
    F::C_GenerateKey,
    F::C_GenerateKeyPair,
    F::C_SetAttributeValue,
    F::C_UnwrapKey,
    F::C_DeriveKey,
];

/// `CK_SESSION_INFO`: slot, state, flags, and no error of a device.
fn session_info(session: &Session, logged_in: bool) -> Secret {
    let state = match (session.writes, logged_in) {
        (false, false) => 0,
        (false, true) => 1,
        (true, false) => 2,
        (true, true) => 3,
    };
    let flags = SERIAL | if session.writes { WRITES } else { 0 };
    Writer::default().ulong(0).ulong(state).ulong(flags).ulong(0).done()
}

impl Call<'_, '_> {
    /// Notes a change.
    pub fn change(&mut self, change: Change) {
        self.context.effects.change(self.correlation.clone(), change);
    }

    fn open_session(&mut self, reader: &mut Reader<'_>) -> Done<Secret> {
        token::slot(reader)?;
        let flags = reader.ulong()?;
        if flags & SERIAL == 0 {
            return stop(Rv::SESSION_PARALLEL_NOT_SUPPORTED);
        }
        if self.application.sessions.len() >= MOST_SESSIONS {
            return stop(Rv::SESSION_COUNT);
        }
        let mut bytes = [0; 8];
        self.context.engine.vault.unique(&mut bytes).map_err(OpError::from)?;
        // A handle that any C type of at least 32 bits holds, and never CK_INVALID_HANDLE.
        let handle = u64::from_be_bytes(bytes) & 0x7FFF_FFFF | 1;
        let session = Session { writes: flags & WRITES != 0, ..Session::default() };
        self.change(Change::Session(handle, Some(session)));
        Ok(Writer::default().ulong(handle).done())
    }

    /// KMIP has authenticated the client, so that there is no PIN (CKF_PROTECTED_AUTHENTICATION_PATH).
    fn login(&mut self, reader: &mut Reader<'_>) -> Done<()> {
        let user = reader.ulong()?;
        let pin = if reader.left() == 0 { &[] } else { reader.octets()? };
        reader.finish()?;
        if user != USER {
            return stop(Rv::USER_TYPE_INVALID);
        }
        if !pin.is_empty() {
            return stop(Rv::PIN_INCORRECT);
        }
        if self.application.logged_in {
            return stop(Rv::USER_ALREADY_LOGGED_IN);
        }
        self.change(Change::Login(true));
        Ok(())
    }

    fn logout(&mut self) -> Done<()> {
        if !self.application.logged_in {
            return stop(Rv::USER_NOT_LOGGED_IN);
        }
        self.change(Change::Login(false));
        Ok(())
    }

    /// Carries out an operation of KMIP.
    pub fn operate(&mut self, operation: Operation, payload: RequestPayload) -> Done<ResponsePayload> {
        self.attempt(operation, |context| ops::carry_out(context, operation, payload).and_then(ops::Answer::payload))
    }

    /// Does what is an operation of KMIP, if that may begin. What fails leaves nothing, although the call itself is answered.
    pub fn attempt<T>(&mut self, operation: Operation, work: impl FnOnce(&mut Context<'_>) -> OpResult<T>) -> Done<T> {
        let context = &mut *self.context;
        tickets::within(context, operation)?;
        let (savepoint, mark) = (context.txn.savepoint(), context.effects.mark());
        let (discarded, results, given) = (context.discarded.len(), context.results.len(), context.given.mark());
        let placeholder = context.placeholder.clone();
        let done = ops::begin(context, operation).and_then(|()| work(context));
        // The batch knows nothing of the operations inside a call.
        context.placeholder = placeholder;
        context.results.truncate(results);
        context.given.forget(given);
        done.map_err(|error| {
            if error.defer.is_none() {
                context.txn.roll_back(savepoint);
                context.discarded.truncate(discarded);
                context.effects.abandon(mark);
                context.remark = Some(error.message.clone());
            }
            Stop::from(error)
        })
    }

    /// Whether something of a kind is under way.
    pub fn require_idle(session: &Session, kind: Kind) -> Done<()> {
        if session.active.contains_key(&kind) { stop(Rv::OPERATION_ACTIVE) } else { Ok(()) }
    }
}
