//! PKCS#11 through KMIP (KMIP 2.1 §6.1.37) as a caller writes it, byte by byte: every function that is done here, with known
//! answers of the algorithms, and what each refuses.

use conformance_tests::endpoint::{Endpoint, World};
use conformance_tests::in_process::InProcess;
use conformance_tests::message::cryptographic::{active, register_with, usage_limits};
use conformance_tests::message::make;
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::operation::pkcs11::Pkcs11Request;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CryptographicUsageMask, Operation, Pkcs11Function as F, Pkcs11ReturnCode as Rv, ResultReason, ResultStatus, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::Strictness;

/// Parameters on their way.
#[derive(Clone, Default)]
struct Input(Vec<u8>);

fn input() -> Input {
    Input::default()
}

impl Input {
    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    fn ulong(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn count(mut self, count: usize) -> Self {
        self.0.extend(u32::try_from(count).expect("a small number").to_be_bytes());
        self
    }

    fn octets(mut self, octets: &[u8]) -> Self {
        self = self.count(octets.len());
        self.0.extend(octets);
        self
    }

    fn room(self, room: usize) -> Self {
        self.byte(1).count(room)
    }

    fn no_room(self) -> Self {
        self.byte(0).count(0)
    }

    fn mechanism(self, id: u64, parameter: Option<Input>) -> Self {
        let head = self.ulong(id);
        match parameter {
            Some(parameter) => head.byte(1).octets(&parameter.0),
            None => head.byte(0),
        }
    }

    fn number(self, kind: u64, number: u64) -> Self {
        self.ulong(kind).byte(1).byte(1).ulong(number)
    }

    fn flag(self, kind: u64, flag: bool) -> Self {
        self.ulong(kind).byte(1).byte(1).byte(u8::from(flag))
    }

    fn text(self, kind: u64, octets: &[u8]) -> Self {
        self.ulong(kind).byte(1).byte(1).octets(octets)
    }
}

/// Output parameters as they are read.
struct Output(Vec<u8>);

impl Output {
    fn take(&mut self, count: usize) -> Vec<u8> {
        self.0.drain(..count).collect()
    }

    fn ulong(&mut self) -> u64 {
        u64::from_be_bytes(self.take(8).try_into().expect("8 octets"))
    }

    fn count(&mut self) -> usize {
        u32::from_be_bytes(self.take(4).try_into().expect("4 octets")) as usize
    }

    fn buffer(&mut self) -> Vec<u8> {
        assert_eq!(self.take(1), [1], "the octets are there");
        let count = self.count();
        self.take(count)
    }
}

struct Caller {
    client: Box<dyn Endpoint>,
    correlation: Option<ByteString>,
    version: Version,
}

/// Versions that have the operation.
const VERSIONS: [Version; 3] = [V2_0, V2_1, V3_0];

impl Caller {
    fn new(world: &mut InProcess, version: Version) -> Self {
        let mut caller = Self { client: world.fresh_client().expect("a client"), correlation: None, version };
        let (code, _) = caller.call(F::C_Initialize, input().byte(1));
        assert_eq!(code, Rv::OK);
        caller
    }

    fn item(&mut self, function: F, parameters: Input) -> ResponseBatchItem {
        let request = Pkcs11Request {
            pkcs11_interface: None,
            pkcs11_function: function,
            correlation_value: self.correlation.clone(),
            pkcs11_input_parameters: Some(Secret::copy_from(&parameters.0)),
        };
        let item = (Operation::PKCS_11, RequestPayload::Pkcs11(Box::new(request)));
        let message = RequestMessage::continuing(self.version, vec![item]);
        let request = encode(Tag::RequestMessage, &message, self.version);
        let answer = self.client.exchange(&request).expect("an answer");
        let mut answer = decode_response(&answer, &Limits::DEFAULT, Strictness::Strict).expect("a response");
        answer.batch_item.pop().expect("an item")
    }

    fn call(&mut self, function: F, parameters: Input) -> (Rv, Output) {
        let item = self.item(function, parameters);
        assert_eq!(item.result_status, ResultStatus::Success, "{function}: {:?}", item.result_message);
        let Some(ResponsePayload::Pkcs11(answer)) = item.response_payload else { panic!("no answer of PKCS#11") };
        if answer.correlation_value.is_some() {
            self.correlation = answer.correlation_value;
        }
        let output = answer.pkcs11_output_parameters.map_or_else(Vec::new, |output| output.expose_secret().to_vec());
        (answer.pkcs11_return_code, Output(output))
    }

    #[track_caller]
    fn must(&mut self, function: F, parameters: Input) -> Output {
        let (code, output) = self.call(function, parameters);
        assert_eq!(code, Rv::OK, "{function}");
        output
    }

    #[track_caller]
    fn refused(&mut self, function: F, parameters: Input) -> Rv {
        let (code, _) = self.call(function, parameters);
        assert_ne!(code, Rv::OK, "{function}");
        code
    }

    fn session(&mut self, flags: u64) -> u64 {
        self.must(F::C_OpenSession, input().ulong(0).ulong(flags)).ulong()
    }

    fn secret_key(&mut self, session: u64, key_type: u64, value: &[u8]) -> u64 {
        let template = input().ulong(session).count(3).number(CLASS, 4).number(KEY_TYPE, key_type).text(VALUE, value);
        self.must(F::C_CreateObject, template).ulong()
    }

    /// SHA-256 in one call.
    fn digest_of(&mut self, session: u64, data: &[u8]) -> Vec<u8> {
        self.must(F::C_DigestInit, input().ulong(session).mechanism(0x250, None));
        self.must(F::C_Digest, input().ulong(session).octets(data).room(32)).buffer()
    }

    fn find(&mut self, session: u64, template: Input) -> Vec<u64> {
        let mut init = input().ulong(session);
        init.0.extend(template.0);
        self.must(F::C_FindObjectsInit, init);
        let mut found = self.must(F::C_FindObjects, input().ulong(session).ulong(100));
        let count = found.count();
        let found = (0..count).map(|_| found.ulong()).collect();
        assert_eq!(self.must(F::C_FindObjects, input().ulong(session).count(100)).count(), 0, "all were told");
        self.must(F::C_FindObjectsFinal, input().ulong(session));
        found
    }
}

const CLASS: u64 = 0;
const LABEL: u64 = 3;
const VALUE: u64 = 0x11;
const KEY_TYPE: u64 = 0x100;
const ID: u64 = 0x102;
const SENSITIVE: u64 = 0x103;
const ENCRYPT: u64 = 0x104;
const DECRYPT: u64 = 0x105;
const WRAP: u64 = 0x106;
const UNWRAP: u64 = 0x107;
const DERIVE: u64 = 0x10C;
const SIGN: u64 = 0x108;
const EXTRACTABLE: u64 = 0x162;
const MODULUS: u64 = 0x120;
const MODULUS_BITS: u64 = 0x121;
const VALUE_LEN: u64 = 0x161;
const PUBLIC_KEY_INFO: u64 = 0x129;
const CERTIFICATE_TYPE: u64 = 0x080;
const EC_PARAMS: u64 = 0x180;
const EC_POINT: u64 = 0x181;
const AES: u64 = 0x1F;
const GENERIC: u64 = 0x10;
const READS: u64 = 4;
const WRITES: u64 = 6;
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// CK_RSA_PKCS_OAEP_PARAMS with SHA-256.
fn oaep() -> Option<Input> {
    Some(input().ulong(0x250).ulong(2).ulong(1).octets(b""))
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal digits")
}

#[test]
fn library_slot_and_token_tell_about_themselves() {
    for version in VERSIONS {
        library_slot_and_token_tell_about_themselves_in(version);
    }
}

fn library_slot_and_token_tell_about_themselves_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    assert_eq!(caller.must(F::C_GetInfo, input()).0.len(), 2 + 32 + 8 + 32 + 2);
    let mut slots = caller.must(F::C_GetSlotList, input().byte(1).room(4));
    assert_eq!((slots.take(1), slots.count(), slots.ulong()), (vec![1], 1, 0));
    assert_eq!(caller.must(F::C_GetSlotList, input().byte(1).no_room()).0, [0, 0, 0, 0, 1]);
    assert_eq!(caller.must(F::C_GetSlotInfo, input().ulong(0)).0.len(), 64 + 32 + 8 + 2 + 2);
    assert_eq!(caller.refused(F::C_GetSlotInfo, input().ulong(7)), Rv::SLOT_ID_INVALID);
    assert_eq!(caller.must(F::C_GetTokenInfo, input().ulong(0)).0.len(), 32 + 32 + 16 + 16 + 8 + 10 * 8 + 2 + 2 + 16);
    let mut mechanisms = caller.must(F::C_GetMechanismList, input().ulong(0).room(500));
    assert_eq!(mechanisms.take(1), [1]);
    let count = mechanisms.count();
    let mechanisms: Vec<u64> = (0..count).map(|_| mechanisms.ulong()).collect();
    for mechanism in &mechanisms {
        let mut info = caller.must(F::C_GetMechanismInfo, input().ulong(0).ulong(*mechanism));
        let (least, most, flags) = (info.ulong(), info.ulong(), info.ulong());
        assert!(least <= most && flags != 0, "{mechanism:#x}");
    }
    assert!(mechanisms.contains(&0x1087), "AES-GCM");
    assert_eq!(caller.refused(F::C_GetMechanismInfo, input().ulong(0).ulong(0x9999)), Rv::MECHANISM_INVALID);
    assert_eq!(caller.refused(F::C_GetMechanismList, input().ulong(0).room(1)), Rv::BUFFER_TOO_SMALL);
    assert_eq!(caller.refused(F::C_InitToken, input()), Rv::FUNCTION_NOT_SUPPORTED);
    assert_eq!(caller.refused(F::C_Initialize, input().byte(1)), Rv::CRYPTOKI_ALREADY_INITIALIZED);
    caller.must(F::C_Finalize, input());
    assert_eq!(
        caller.item(F::C_GetInfo, input()).result_reason,
        Some(ResultReason::InvalidAsynchronousCorrelationValue)
    );
}

#[test]
fn sessions_are_counted_and_know_who_may_change_what() {
    for version in VERSIONS {
        sessions_are_counted_and_know_who_may_change_what_in(version);
    }
}

fn sessions_are_counted_and_know_who_may_change_what_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let reads = caller.session(READS);
    let writes = caller.session(WRITES);
    assert_ne!(reads, writes);
    assert_eq!(caller.refused(F::C_OpenSession, input().ulong(0).ulong(2)), Rv::SESSION_PARALLEL_NOT_SUPPORTED);
    let generate = |session| input().ulong(session).mechanism(0x1080, None).count(1).number(VALUE_LEN, 32);
    assert_eq!(caller.refused(F::C_GenerateKey, generate(reads)), Rv::SESSION_READ_ONLY);
    assert_eq!(caller.refused(F::C_GenerateKey, generate(1 << 40)), Rv::SESSION_HANDLE_INVALID);
    let mut info = caller.must(F::C_GetSessionInfo, input().ulong(writes));
    assert_eq!((info.ulong(), info.ulong(), info.ulong(), info.ulong()), (0, 2, 6, 0));
    let login = |user: u64, pin: &[u8]| input().ulong(writes).ulong(user).octets(pin);
    assert_eq!(caller.refused(F::C_Login, login(0, b"")), Rv::USER_TYPE_INVALID);
    assert_eq!(caller.refused(F::C_Login, login(1, b"1234")), Rv::PIN_INCORRECT);
    assert_eq!(caller.refused(F::C_Logout, input().ulong(writes)), Rv::USER_NOT_LOGGED_IN);
    caller.must(F::C_Login, login(1, b""));
    assert_eq!(caller.refused(F::C_Login, login(1, b"")), Rv::USER_ALREADY_LOGGED_IN);
    let mut info = caller.must(F::C_GetSessionInfo, input().ulong(reads));
    assert_eq!((info.ulong(), info.ulong()), (0, 1), "a login is one of all sessions");
    caller.must(F::C_Logout, input().ulong(writes));
    caller.must(F::C_CloseSession, input().ulong(reads));
    assert_eq!(caller.refused(F::C_GetSessionInfo, input().ulong(reads)), Rv::SESSION_HANDLE_INVALID);
    caller.must(F::C_CloseAllSessions, input().ulong(0));
    assert_eq!(caller.refused(F::C_GetSessionInfo, input().ulong(writes)), Rv::SESSION_HANDLE_INVALID);
    for _ in 0..64 {
        caller.session(READS);
    }
    assert_eq!(caller.refused(F::C_OpenSession, input().ulong(0).ulong(READS)), Rv::SESSION_COUNT);
}

/// NIST SP 800-38A F.2.1 (CBC) and the test case 4 of the GCM specification.
#[test]
fn ciphers_give_their_known_answers_whole_and_in_parts() {
    for version in VERSIONS {
        ciphers_give_their_known_answers_whole_and_in_parts_in(version);
    }
}

fn ciphers_give_their_known_answers_whole_and_in_parts_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let key = caller.secret_key(session, AES, &bytes("2b7e151628aed2a6abf7158809cf4f3c"));
    let iv = bytes("000102030405060708090a0b0c0d0e0f");
    let plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let cipher = bytes("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
    let init = |mechanism| input().ulong(session).mechanism(mechanism, Some(input().octets(&iv))).ulong(key);

    caller.must(F::C_EncryptInit, init(0x1082));
    assert_eq!(caller.refused(F::C_EncryptInit, init(0x1082)), Rv::OPERATION_ACTIVE);
    let whole = input().ulong(session).octets(&plain);
    assert_eq!(caller.must(F::C_Encrypt, whole.clone().no_room()).0, [0, 0, 0, 0, 32]);
    assert_eq!(caller.refused(F::C_Encrypt, whole.clone().room(31)), Rv::BUFFER_TOO_SMALL);
    assert_eq!(caller.must(F::C_Encrypt, whole.clone().room(32)).buffer(), cipher);
    assert_eq!(caller.refused(F::C_Encrypt, whole.room(32)), Rv::OPERATION_NOT_INITIALIZED);

    caller.must(F::C_DecryptInit, init(0x1082));
    let mut parts = Vec::new();
    for part in cipher.chunks(7) {
        parts.extend(caller.must(F::C_DecryptUpdate, input().ulong(session).octets(part).room(64)).buffer());
    }
    parts.extend(caller.must(F::C_DecryptFinal, input().ulong(session).room(64)).buffer());
    assert_eq!(parts, plain);

    caller.must(F::C_EncryptInit, init(0x1085));
    let padded = caller.must(F::C_Encrypt, input().ulong(session).octets(b"short").room(16)).buffer();
    caller.must(F::C_DecryptInit, init(0x1085));
    assert_eq!(caller.must(F::C_Decrypt, input().ulong(session).octets(&padded).room(5)).buffer(), b"short");

    let key = caller.secret_key(session, AES, &bytes("feffe9928665731c6d6a8f9467308308"));
    let plain = bytes(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let cipher = bytes(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
    );
    let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let nonce = bytes("cafebabefacedbaddecaf888");
    let wide = input().octets(&nonce).ulong(96).octets(&aad).ulong(128);
    let narrow = input().octets(&nonce).count(96).octets(&aad).count(128);
    for parameter in [wide, narrow] {
        let init = input().ulong(session).mechanism(0x1087, Some(parameter)).ulong(key);
        caller.must(F::C_EncryptInit, init.clone());
        assert_eq!(caller.must(F::C_Encrypt, input().ulong(session).octets(&plain).room(100)).buffer(), cipher);
        caller.must(F::C_DecryptInit, init.clone());
        assert_eq!(caller.must(F::C_Decrypt, input().ulong(session).octets(&cipher).room(100)).buffer(), plain);
        caller.must(F::C_DecryptInit, init);
        let forged = [&cipher[..75], &[0]].concat();
        let decrypt = input().ulong(session).octets(&forged).room(100);
        assert_eq!(caller.refused(F::C_Decrypt, decrypt), Rv::ENCRYPTED_DATA_INVALID);
    }
}

/// C_EncryptInit refuses a key of another kind than the mechanism and a parameter that does not fit; nothing is under way then.
#[test]
fn what_cannot_be_done_is_said_at_once() {
    for version in VERSIONS {
        let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
        let session = caller.session(WRITES);
        let key = caller.secret_key(session, AES, &[7; 16]);
        let init = |mechanism, parameter| input().ulong(session).mechanism(mechanism, parameter).ulong(key);
        let (short, whole) = (Some(input().octets(&[0; 8])), Some(input().octets(&[0; 16])));
        for (mechanism, parameter, code) in [
            (0x1082, short, Rv::MECHANISM_PARAM_INVALID),
            (0x0132, None, Rv::KEY_TYPE_INCONSISTENT),
            (0x0009, oaep(), Rv::KEY_TYPE_INCONSISTENT),
        ] {
            assert_eq!(caller.refused(F::C_EncryptInit, init(mechanism, parameter)), code, "{mechanism:#x}");
        }
        let encrypt = input().ulong(session).octets(&[0; 16]).room(16);
        assert_eq!(caller.refused(F::C_Encrypt, encrypt.clone()), Rv::OPERATION_NOT_INITIALIZED);
        caller.must(F::C_EncryptInit, init(0x1082, whole));
        caller.must(F::C_Encrypt, encrypt);
    }
}

/// FIPS 180-4 examples, and RFC 4231 test case 2.
#[test]
fn digests_and_codes_give_their_known_answers() {
    for version in VERSIONS {
        digests_and_codes_give_their_known_answers_in(version);
    }
}

fn digests_and_codes_give_their_known_answers_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let expected = bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    caller.must(F::C_DigestInit, input().ulong(session).mechanism(0x250, None));
    assert_eq!(caller.must(F::C_Digest, input().ulong(session).octets(b"abc").room(32)).buffer(), expected);
    caller.must(F::C_DigestInit, input().ulong(session).mechanism(0x250, None));
    for part in [b"a", b"b", b"c"] {
        caller.must(F::C_DigestUpdate, input().ulong(session).octets(part));
    }
    assert_eq!(caller.must(F::C_DigestFinal, input().ulong(session).room(32)).buffer(), expected);

    let key = caller.secret_key(session, GENERIC, b"Jefe");
    let message = b"what do ya want for nothing?";
    let code = bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let init = input().ulong(session).mechanism(0x251, None).ulong(key);
    caller.must(F::C_SignInit, init.clone());
    assert_eq!(caller.must(F::C_Sign, input().ulong(session).octets(message).room(32)).buffer(), code);
    caller.must(F::C_VerifyInit, init.clone());
    caller.must(F::C_VerifyUpdate, input().ulong(session).octets(message));
    caller.must(F::C_VerifyFinal, input().ulong(session).octets(&code));
    caller.must(F::C_VerifyInit, init);
    let verify = input().ulong(session).octets(b"another message").octets(&code);
    assert_eq!(caller.refused(F::C_Verify, verify), Rv::SIGNATURE_INVALID);
    assert_eq!(caller.must(F::C_GenerateRandom, input().ulong(session).count(40)).0.len(), 40);
    caller.must(F::C_SeedRandom, input().ulong(session).octets(b"seed"));
}

/// Mechanism and parameter, public and private key, message, octets of the signature.
type Signature<'a> = (u64, Option<Input>, (u64, u64), &'a [u8], usize);

#[test]
fn pairs_sign_and_verify_in_the_forms_of_pkcs11() {
    for version in VERSIONS {
        pairs_sign_and_verify_in_the_forms_of_pkcs11_in(version);
    }
}

fn pairs_sign_and_verify_in_the_forms_of_pkcs11_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let label = |count| input().count(count).text(LABEL, b"pair").text(ID, b"\x01\x02");
    let mut pair = |mechanism, public: Input, private: Input| {
        let mut request = input().ulong(session).mechanism(mechanism, None);
        request.0.extend(public.0);
        request.0.extend(private.0);
        let mut made = caller.must(F::C_GenerateKeyPair, request);
        (made.ulong(), made.ulong())
    };
    let ec = pair(0x1040, label(3).text(EC_PARAMS, P256), label(2));
    let ed = pair(0x1055, label(2), label(2));
    let rsa = pair(0x0000, label(3).number(MODULUS_BITS, 2048), label(2));
    let digest = [7; 32];
    let pss = || Some(input().ulong(0x250).ulong(2).count(32));
    let rows: [Signature<'_>; 6] = [
        (0x1041, None, ec, &digest, 64),
        (0x1044, None, ec, b"a message", 64),
        (0x1057, None, ed, b"a message", 64),
        (0x0040, None, rsa, b"a message", 256),
        (0x0043, pss(), rsa, b"a message", 256),
        (0x0001, None, rsa, &digest, 256),
    ];
    for (mechanism, parameter, (public, private), message, length) in rows {
        let init = |key| input().ulong(session).mechanism(mechanism, parameter.clone()).ulong(key);
        caller.must(F::C_SignInit, init(private));
        let signature = caller.must(F::C_Sign, input().ulong(session).octets(message).room(length)).buffer();
        assert_eq!(signature.len(), length, "{mechanism:#x}");
        caller.must(F::C_VerifyInit, init(public));
        caller.must(F::C_Verify, input().ulong(session).octets(message).octets(&signature));
        caller.must(F::C_VerifyInit, init(public));
        let mut forged = signature.clone();
        forged[length - 1] ^= 1;
        let verify = input().ulong(session).octets(message).octets(&forged);
        assert_eq!(caller.refused(F::C_Verify, verify), Rv::SIGNATURE_INVALID, "{mechanism:#x}");
        // A private key does not verify, nor a public one sign.
        assert_eq!(caller.refused(F::C_SignInit, init(public)), Rv::KEY_TYPE_INCONSISTENT, "{mechanism:#x}");
        assert_eq!(caller.refused(F::C_VerifyInit, init(private)), Rv::KEY_TYPE_INCONSISTENT, "{mechanism:#x}");
        let sign = input().ulong(session).octets(message).room(length);
        assert_eq!(caller.refused(F::C_Sign, sign), Rv::OPERATION_NOT_INITIALIZED, "{mechanism:#x}");
    }
    // An Edwards key signs by its own mechanism alone, and no other key by that.
    for (mechanism, pair) in [(0x1057, ec), (0x1057, rsa), (0x1041, ed), (0x1044, ed)] {
        let init = |key| input().ulong(session).mechanism(mechanism, None).ulong(key);
        assert_eq!(caller.refused(F::C_SignInit, init(pair.1)), Rv::KEY_TYPE_INCONSISTENT, "{mechanism:#x}");
        assert_eq!(caller.refused(F::C_VerifyInit, init(pair.0)), Rv::KEY_TYPE_INCONSISTENT, "{mechanism:#x}");
    }
    assert_eq!(caller.find(session, input().count(2).number(CLASS, 2).text(ID, b"\x01\x02")).len(), 3);
    assert_eq!(caller.find(session, input().count(2).number(CLASS, 3).text(LABEL, b"pair")).len(), 3);
    caller.must(F::C_EncryptInit, input().ulong(session).mechanism(9, oaep()).ulong(rsa.0));
    let cipher = caller.must(F::C_Encrypt, input().ulong(session).octets(b"secret").room(256)).buffer();
    caller.must(F::C_DecryptInit, input().ulong(session).mechanism(9, oaep()).ulong(rsa.1));
    assert_eq!(caller.must(F::C_Decrypt, input().ulong(session).octets(&cipher).room(256)).buffer(), b"secret");
    let asked = input().ulong(session).ulong(rsa.0).count(2).ulong(MODULUS).byte(0).byte(1).count(256);
    let mut told = caller.must(F::C_GetAttributeValue, asked.ulong(MODULUS_BITS).byte(0).byte(1));
    assert_eq!((told.count(), told.ulong(), told.take(2), told.count()), (2, MODULUS, vec![1, 1], 256));
    assert_eq!(told.take(256).len(), 256);
    assert_eq!((told.ulong(), told.take(2), told.ulong()), (MODULUS_BITS, vec![1, 1], 2048));
}

#[test]
fn objects_are_found_read_and_destroyed_by_their_client_alone() {
    for version in VERSIONS {
        objects_are_found_read_and_destroyed_by_their_client_alone_in(version);
    }
}

fn objects_are_found_read_and_destroyed_by_their_client_alone_in(version: Version) {
    let mut world = InProcess::open().expect("an engine");
    let mut caller = Caller::new(&mut world, version);
    let mut other = Caller::new(&mut world, version);
    let session = caller.session(WRITES);
    let others = other.session(WRITES);
    let value = [3; 32];
    let open = caller.secret_key(session, AES, &value);
    let generate = input().ulong(session).mechanism(0x1080, None).count(3).number(VALUE_LEN, 16).flag(SENSITIVE, true);
    let closed = caller.must(F::C_GenerateKey, generate.text(LABEL, b"closed")).ulong();
    assert_eq!(caller.find(session, input().count(0)).len(), 2);
    assert_eq!(caller.find(session, input().count(1).text(LABEL, b"closed")), [closed]);
    assert_eq!(caller.find(session, input().count(1).number(VALUE_LEN, 32)), [open]);
    assert!(caller.find(session, input().count(1).text(VALUE, &value)).is_empty(), "no search by a secret");
    let asked = |key| input().ulong(session).ulong(key).count(1).ulong(VALUE).byte(0).byte(1).count(32);
    let mut told = caller.must(F::C_GetAttributeValue, asked(open));
    assert_eq!((told.count(), told.ulong(), told.buffer_after_flags()), (1, VALUE, value.to_vec()));
    assert_eq!(caller.refused(F::C_GetAttributeValue, asked(closed)), Rv::ATTRIBUTE_SENSITIVE);
    let unknown = input().ulong(session).ulong(open).count(1).ulong(EC_PARAMS).byte(0).byte(0);
    assert_eq!(caller.refused(F::C_GetAttributeValue, unknown), Rv::ATTRIBUTE_TYPE_INVALID);

    assert!(other.find(others, input().count(0)).is_empty());
    let stolen = input().ulong(others).mechanism(0x1081, None).ulong(open);
    assert_eq!(other.refused(F::C_EncryptInit, stolen), Rv::KEY_HANDLE_INVALID);
    other.correlation = caller.correlation.clone();
    let reason = other.item(F::C_GetSessionInfo, input().ulong(session)).result_reason;
    assert_eq!(reason, Some(ResultReason::InvalidAsynchronousCorrelationValue), "the application is another client's");

    caller.must(F::C_DestroyObject, input().ulong(session).ulong(open));
    assert_eq!(caller.refused(F::C_DestroyObject, input().ulong(session).ulong(open)), Rv::OBJECT_HANDLE_INVALID);
    assert_eq!(caller.find(session, input().count(0)), [closed]);
    let transient = input().ulong(session).mechanism(0x1080, None).count(2).number(VALUE_LEN, 16).flag(1, false);
    assert_eq!(caller.refused(F::C_GenerateKey, transient), Rv::TEMPLATE_INCONSISTENT, "objects stay");
    let incomplete = input().ulong(session).mechanism(0x1080, None).count(0);
    assert_eq!(caller.refused(F::C_GenerateKey, incomplete), Rv::TEMPLATE_INCOMPLETE);
    let public = input().ulong(session).mechanism(0x250, None).ulong(closed);
    assert_eq!(caller.refused(F::C_EncryptInit, public), Rv::MECHANISM_INVALID);
    // What the key's mask does not permit, PKCS#11 does not, either.
    let sign = input().ulong(session).mechanism(0x108A, None).ulong(closed);
    assert_eq!(caller.refused(F::C_SignInit, sign), Rv::KEY_FUNCTION_NOT_PERMITTED);
}

impl Caller {
    fn value_of(&mut self, session: u64, key: u64) -> Vec<u8> {
        self.octets_of(session, key, VALUE)
    }

    /// An attribute that is an octet string.
    fn octets_of(&mut self, session: u64, object: u64, kind: u64) -> Vec<u8> {
        let asked = input().ulong(session).ulong(object).count(1).ulong(kind).byte(0).byte(1).count(256);
        let mut told = self.must(F::C_GetAttributeValue, asked);
        assert_eq!((told.count(), told.ulong()), (1, kind));
        told.buffer_after_flags()
    }

    /// An AES key with two uses.
    fn key_for(&mut self, session: u64, value: &[u8], uses: [u64; 2]) -> u64 {
        let template = input().ulong(session).count(5).number(CLASS, 4).number(KEY_TYPE, AES).text(VALUE, value);
        self.must(F::C_CreateObject, template.flag(uses[0], true).flag(uses[1], true)).ulong()
    }
}

/// RFC 3394 §4.1, RFC 5649 §6.
#[test]
fn keys_are_wrapped_and_unwrapped_with_known_answers() {
    for version in VERSIONS {
        keys_are_wrapped_and_unwrapped_with_known_answers_in(version);
    }
}

fn keys_are_wrapped_and_unwrapped_with_known_answers_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let (session, reads) = (caller.session(WRITES), caller.session(READS));
    let plain = bytes("00112233445566778899aabbccddeeff");
    let by = caller.key_for(session, &bytes("000102030405060708090a0b0c0d0e0f"), [WRAP, UNWRAP]);
    let key = caller.key_for(session, &plain, [ENCRYPT, DECRYPT]);
    let wrapped = bytes("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
    let wrap = |mechanism, by: u64, key: u64| input().ulong(reads).mechanism(mechanism, None).ulong(by).ulong(key);
    assert_eq!(caller.must(F::C_WrapKey, wrap(0x2109, by, key).no_room()).0, [0, 0, 0, 0, 24]);
    assert_eq!(caller.refused(F::C_WrapKey, wrap(0x2109, by, key).room(23)), Rv::BUFFER_TOO_SMALL);
    assert_eq!(caller.must(F::C_WrapKey, wrap(0x2109, by, key).room(24)).buffer(), wrapped);
    assert_eq!(caller.refused(F::C_WrapKey, wrap(0x2109, 1, key).room(24)), Rv::WRAPPING_KEY_HANDLE_INVALID);
    assert_eq!(caller.refused(F::C_WrapKey, wrap(0x2109, by, 1).room(24)), Rv::KEY_HANDLE_INVALID);
    assert_eq!(caller.refused(F::C_WrapKey, wrap(0x250, by, key).room(24)), Rv::MECHANISM_INVALID);
    assert_eq!(caller.refused(F::C_WrapKey, wrap(0x2109, key, by).room(24)), Rv::KEY_FUNCTION_NOT_PERMITTED);

    let template = || input().count(3).number(CLASS, 4).number(KEY_TYPE, AES).flag(ENCRYPT, true);
    let unwrap = |mechanism, by: u64, octets: &[u8], session: u64| {
        let mut parameters = input().ulong(session).mechanism(mechanism, None).ulong(by).octets(octets);
        parameters.0.extend(template().0);
        parameters
    };
    let back = caller.must(F::C_UnwrapKey, unwrap(0x2109, by, &wrapped, session)).ulong();
    assert_eq!(caller.value_of(session, back), plain);
    let mut forged = wrapped.clone();
    forged[3] ^= 1;
    assert_eq!(caller.refused(F::C_UnwrapKey, unwrap(0x2109, by, &forged, session)), Rv::WRAPPED_KEY_INVALID);
    assert_eq!(caller.refused(F::C_UnwrapKey, unwrap(0x2109, 1, &wrapped, session)), Rv::UNWRAPPING_KEY_HANDLE_INVALID);
    assert_eq!(caller.refused(F::C_UnwrapKey, unwrap(0x2109, by, &wrapped, reads)), Rv::SESSION_READ_ONLY);
    let vector = input().ulong(session).mechanism(0x2109, Some(input().octets(&[1; 8]))).ulong(by).ulong(key).room(24);
    assert_eq!(caller.refused(F::C_WrapKey, vector), Rv::MECHANISM_PARAM_INVALID);
    let longer = input().count(3).number(CLASS, 4).number(KEY_TYPE, AES).number(VALUE_LEN, 32);
    let longer = [input().ulong(session).mechanism(0x2109, None).ulong(by).octets(&wrapped).0, longer.0].concat();
    assert_eq!(caller.refused(F::C_UnwrapKey, Input(longer)), Rv::TEMPLATE_INCONSISTENT);
    // What wraps a sensitive key must not bring it back as an open one.
    let wraps = caller.key_for(session, &[8; 16], [WRAP, ENCRYPT]);
    let out = caller.must(F::C_WrapKey, wrap(0x2109, wraps, key).room(24)).buffer();
    assert_eq!(caller.refused(F::C_UnwrapKey, unwrap(0x2109, wraps, &out, session)), Rv::KEY_FUNCTION_NOT_PERMITTED);
    caller.must(F::C_DestroyObject, input().ulong(session).ulong(wraps));
    let incomplete = input().ulong(session).mechanism(0x2109, None).ulong(by).octets(&wrapped).count(0);
    assert_eq!(caller.refused(F::C_UnwrapKey, incomplete), Rv::TEMPLATE_INCOMPLETE);
    assert_eq!(caller.find(session, input().count(0)).len(), 3, "what failed made nothing");

    let by = caller.key_for(session, &bytes("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"), [WRAP, UNWRAP]);
    let octets = bytes("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
    let padded = input().ulong(session).mechanism(0x210B, None).ulong(by).octets(&octets);
    let generic = input().count(2).number(CLASS, 4).number(KEY_TYPE, GENERIC);
    let padded = Input([padded.0, generic.0].concat());
    let back = caller.must(F::C_UnwrapKey, padded).ulong();
    assert_eq!(caller.value_of(session, back), bytes("c37b7e6492584340bed12207808941155068f738"));

    // A private key goes out under an RSA or AES key, and comes back as one that signs.
    let pair = input().ulong(session).mechanism(0x1040, None).count(1).text(EC_PARAMS, P256).count(0);
    let mut made = caller.must(F::C_GenerateKeyPair, pair);
    let (_, private) = (made.ulong(), made.ulong());
    let out = caller.must(F::C_WrapKey, wrap(0x210B, by, private).room(400)).buffer();
    let unwrap = input().ulong(session).mechanism(0x210B, None).ulong(by).octets(&out);
    let ec = input().count(2).number(CLASS, 3).number(KEY_TYPE, 3);
    let back = caller.must(F::C_UnwrapKey, Input([unwrap.0, ec.0].concat())).ulong();
    caller.must(F::C_SignInit, input().ulong(session).mechanism(0x1044, None).ulong(back));
    assert_eq!(caller.must(F::C_Sign, input().ulong(session).octets(b"message").room(64)).buffer().len(), 64);
}

/// The usual two calls, the first for the length: only what leaves is a use of the key that wraps.
#[test]
fn a_length_is_told_without_a_use() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let mut attributes = active(CryptographicUsageMask::WrapKey);
    attributes.push(usage_limits(1));
    make(caller.client.as_mut(), V2_1, &register_with(&[5; 32], attributes)).expect("a key with one use");
    let by = caller.find(session, input().count(1).number(VALUE_LEN, 32));
    let [by] = by.as_slice() else { panic!("{by:?}") };
    let key = caller.secret_key(session, AES, &[6; 16]);
    let wrap = input().ulong(session).mechanism(0x2109, None).ulong(*by).ulong(key);
    assert_eq!(caller.must(F::C_WrapKey, wrap.clone().no_room()).0, [0, 0, 0, 0, 24]);
    assert_eq!(caller.refused(F::C_WrapKey, wrap.clone().room(8)), Rv::BUFFER_TOO_SMALL);
    assert_eq!(caller.must(F::C_WrapKey, wrap.clone().room(24)).buffer().len(), 24);
    assert_eq!(caller.refused(F::C_WrapKey, wrap.room(24)), Rv::KEY_FUNCTION_NOT_PERMITTED);
}

/// FIPS 180-4 and FIPS 197 C.1.
#[test]
fn keys_are_derived_with_known_answers() {
    for version in VERSIONS {
        keys_are_derived_with_known_answers_in(version);
    }
}

fn keys_are_derived_with_known_answers_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let (session, reads) = (caller.session(WRITES), caller.session(READS));
    let plain = bytes("00112233445566778899aabbccddeeff");
    let key = caller.key_for(session, &plain, [ENCRYPT, DECRYPT]);
    let derive = |mechanism, parameter: Option<Input>, base: u64, session: u64| {
        let template = input().count(2).number(CLASS, 4).number(KEY_TYPE, GENERIC);
        Input([input().ulong(session).mechanism(mechanism, parameter).ulong(base).0, template.0].concat())
    };
    let template = input().ulong(session).count(4).number(CLASS, 4).number(KEY_TYPE, GENERIC).text(VALUE, b"abc");
    let base = caller.must(F::C_CreateObject, template.flag(DERIVE, true)).ulong();
    let derived = caller.must(F::C_DeriveKey, derive(0x393, None, base, session)).ulong();
    let expected = bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(caller.value_of(session, derived), expected);
    let base = caller.key_for(session, &bytes("000102030405060708090a0b0c0d0e0f"), [DERIVE, ENCRYPT]);
    let ecb = Some(input().octets(&plain));
    let derived = caller.must(F::C_DeriveKey, derive(0x1104, ecb, base, session)).ulong();
    assert_eq!(caller.value_of(session, derived), bytes("69c4e0d86a7b0430d8cdb78070b4c55a"));
    let cbc = Some(Input([vec![0; 16], input().octets(&plain).0].concat()));
    let derived = caller.must(F::C_DeriveKey, derive(0x1105, cbc, base, session)).ulong();
    assert_eq!(caller.value_of(session, derived), bytes("69c4e0d86a7b0430d8cdb78070b4c55a"));
    let sized = |key_type: u64, octets: Option<u64>| {
        let template = input().count(1 + usize::from(octets.is_some())).number(KEY_TYPE, key_type);
        let template = octets.map_or(template.clone(), |octets| template.number(VALUE_LEN, octets));
        Input([input().ulong(session).mechanism(0x393, None).ulong(base).0, template.0].concat())
    };
    assert_eq!(caller.refused(F::C_DeriveKey, sized(AES, None)), Rv::TEMPLATE_INCOMPLETE);
    for (key_type, octets) in [(AES, 5), (AES, 64), (GENERIC, 33), (GENERIC, 0)] {
        assert_eq!(caller.refused(F::C_DeriveKey, sized(key_type, Some(octets))), Rv::KEY_SIZE_RANGE, "{octets}");
    }
    let derived = caller.must(F::C_DeriveKey, sized(AES, Some(24))).ulong();
    assert_eq!(caller.value_of(session, derived).len(), 24);
    let short = derive(0x1105, Some(input().byte(1)), base, session);
    assert_eq!(caller.refused(F::C_DeriveKey, short), Rv::MECHANISM_PARAM_INVALID);
    assert_eq!(caller.refused(F::C_DeriveKey, derive(0x393, None, key, session)), Rv::KEY_FUNCTION_NOT_PERMITTED);
    assert_eq!(caller.refused(F::C_DeriveKey, derive(0x393, None, base, reads)), Rv::SESSION_READ_ONLY);
}

/// The key of the initiator and the point of the responder in RFC 5903 §8.1; ANSI X9.63 with `shared` by another implementation.
#[test]
fn keys_are_agreed_on_with_known_answers() {
    for version in VERSIONS {
        keys_are_agreed_on_with_known_answers_in(version);
    }
}

fn keys_are_agreed_on_with_known_answers_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let point = bytes(
        "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    );
    let secret = bytes("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    let (sha1, sha256) = (2, 6);
    // The private key comes wrapped, as it does not come in the clear.
    let by = caller.key_for(session, &bytes("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"), [WRAP, UNWRAP]);
    let wrapped = bytes(
        "f3410df4b6cfb445c67d59f99107c4d29e8720f61b68baf75a881f88229e8d6dec3cb24aeb097dbfe8438e7809576218ba91fbc4bb6157e41d910898cca5e53bc1df3f40a46eca0df37fc49410f13faa",
    );
    let unwrap = |usage| {
        let head = input().ulong(session).mechanism(0x210B, None).ulong(by).octets(&wrapped);
        let template = input().count(3).number(CLASS, 3).number(KEY_TYPE, 3).flag(usage, true);
        Input([head.0, template.0].concat())
    };
    let own = caller.must(F::C_UnwrapKey, unwrap(DERIVE)).ulong();
    let signs = caller.must(F::C_UnwrapKey, unwrap(SIGN)).ulong();
    let derive = |key, function: u64, shared: &[u8], public: &[u8], key_type, octets: Option<u64>| {
        let parameter = input().ulong(function).octets(shared).octets(public);
        let head = input().ulong(session).mechanism(0x1050, Some(parameter)).ulong(key);
        let template = input().count(1 + usize::from(octets.is_some())).number(KEY_TYPE, key_type);
        let template = octets.map_or(template.clone(), |octets| template.number(VALUE_LEN, octets));
        Input([head.0, template.0].concat())
    };
    let mut agreed = |function, shared: &[u8], public: &[u8], key_type, octets| {
        let derived = caller.must(F::C_DeriveKey, derive(own, function, shared, public, key_type, octets)).ulong();
        caller.value_of(session, derived)
    };
    // Without a function: all of the secret, or its end.
    assert_eq!(agreed(1, b"", &point, GENERIC, None), secret);
    assert_eq!(agreed(1, b"", &point, AES, Some(16)), secret[16..]);
    let compressed = [&[3], &point[1..33]].concat();
    assert_eq!(agreed(1, b"", &compressed, GENERIC, None), secret);
    let string = [&[0x04, 65], point.as_slice()].concat();
    assert_eq!(agreed(1, b"", &string, GENERIC, None), secret);
    let known = "b6c020b266e9e330da264d264a8f6613c59ef7292bd71ebc3097ecf525e944bd4cb7cb05ee84dcd1f5b9eb9ee524279c";
    assert_eq!(agreed(sha256, b"shared", &point, GENERIC, Some(48)), bytes(known));
    let known = "e4afa8f9625e2786fc241ff079a12c46080da731";
    assert_eq!(agreed(sha1, b"shared", &point, GENERIC, Some(20)), bytes(known));
    // What it refuses.
    let mut refused = |key, function, shared: &[u8], public: &[u8], key_type, octets| {
        caller.refused(F::C_DeriveKey, derive(key, function, shared, public, key_type, octets))
    };
    assert_eq!(refused(own, 1, b"shared", &point, GENERIC, None), Rv::MECHANISM_PARAM_INVALID);
    assert_eq!(refused(own, 9, b"", &point, GENERIC, Some(16)), Rv::MECHANISM_PARAM_INVALID);
    assert_eq!(refused(own, 1, b"", &point[..64], GENERIC, None), Rv::MECHANISM_PARAM_INVALID);
    let mut elsewhere = point.clone();
    elsewhere[64] ^= 1;
    assert_eq!(refused(own, 1, b"", &elsewhere, GENERIC, None), Rv::MECHANISM_PARAM_INVALID);
    assert_eq!(refused(own, 1, b"", &point, GENERIC, Some(33)), Rv::KEY_SIZE_RANGE);
    assert_eq!(refused(own, sha256, b"", &point, GENERIC, None), Rv::TEMPLATE_INCOMPLETE);
    assert_eq!(refused(own, sha256, b"", &point, GENERIC, Some(513)), Rv::KEY_SIZE_RANGE);
    assert_eq!(refused(own, 1, b"", &point, AES, None), Rv::TEMPLATE_INCOMPLETE);
    assert_eq!(refused(signs, 1, b"", &point, GENERIC, None), Rv::KEY_FUNCTION_NOT_PERMITTED);
    assert_eq!(refused(by, 1, b"", &point, GENERIC, None), Rv::KEY_TYPE_INCONSISTENT);
    assert_eq!(refused(1 << 40, 1, b"", &point, GENERIC, None), Rv::KEY_HANDLE_INVALID);
    let bare = input().ulong(session).mechanism(0x1050, None).ulong(own).count(1).number(KEY_TYPE, GENERIC);
    assert_eq!(caller.refused(F::C_DeriveKey, bare), Rv::MECHANISM_PARAM_INVALID);
}

/// On every curve two parties come to the same key, as long as a coordinate.
#[test]
fn both_parties_agree_on_every_curve() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let curves =
        [("2b81040021", 28), ("2a8648ce3d030107", 32), ("2b81040022", 48), ("2b81040023", 66), ("2b8104000a", 32)];
    for (oid, octets) in curves {
        let oid = bytes(oid);
        let parameters = [&[6, u8::try_from(oid.len()).expect("short")][..], &oid].concat();
        let pair = input().ulong(session).mechanism(0x1040, None).count(1).text(EC_PARAMS, &parameters);
        let pair = Input([pair.0, input().count(1).flag(DERIVE, true).0].concat());
        let mut made = || {
            let mut pair = caller.must(F::C_GenerateKeyPair, pair.clone());
            (pair.ulong(), pair.ulong())
        };
        let (ours, theirs) = (made(), made());
        let mut agreed = |private: u64, public: u64| {
            let point = caller.octets_of(session, public, EC_POINT);
            let parameter = input().ulong(1).octets(b"").octets(&point);
            let derive = input().ulong(session).mechanism(0x1050, Some(parameter)).ulong(private);
            let template = input().count(1).number(KEY_TYPE, GENERIC);
            let derived = caller.must(F::C_DeriveKey, Input([derive.0, template.0].concat())).ulong();
            caller.value_of(session, derived)
        };
        let key = agreed(ours.1, theirs.0);
        assert_eq!(key.len(), octets);
        assert_eq!(agreed(theirs.1, ours.0), key);
    }
}

/// A private key that was brought says no Recommended Curve: its own numbers tell it (PKCS#11 3.0 §2.3.14).
#[test]
fn a_key_that_was_brought_agrees_on_its_own_curve() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let by = caller.key_for(session, &[5; 24], [WRAP, UNWRAP]);
    for oid in ["2a8648ce3d030107", "2b8104000a"] {
        let oid = bytes(oid);
        let parameters = [&[6, u8::try_from(oid.len()).expect("short")][..], &oid].concat();
        let pair = input().ulong(session).mechanism(0x1040, None).count(1).text(EC_PARAMS, &parameters);
        let pair = Input([pair.0, input().count(1).flag(DERIVE, true).0].concat());
        let mut pair = caller.must(F::C_GenerateKeyPair, pair);
        let (public, private) = (pair.ulong(), pair.ulong());
        let wrap = input().ulong(session).mechanism(0x210B, None).ulong(by).ulong(private).room(512);
        let wrapped = caller.must(F::C_WrapKey, wrap).buffer();
        let unwrap = input().ulong(session).mechanism(0x210B, None).ulong(by).octets(&wrapped);
        let template = input().count(3).number(CLASS, 3).number(KEY_TYPE, 3).flag(DERIVE, true);
        let brought = caller.must(F::C_UnwrapKey, Input([unwrap.0, template.0].concat())).ulong();
        let point = caller.octets_of(session, public, EC_POINT);
        let mut agreed = |private: u64| {
            let parameter = input().ulong(1).octets(b"").octets(&point);
            let derive = input().ulong(session).mechanism(0x1050, Some(parameter)).ulong(private);
            let template = input().count(1).number(KEY_TYPE, GENERIC);
            let derived = caller.must(F::C_DeriveKey, Input([derive.0, template.0].concat())).ulong();
            caller.value_of(session, derived)
        };
        assert_eq!(agreed(brought), agreed(private));
    }
}

/// "Inconsistent" is what cannot be true at the same time (PKCS#11 3.0 §4.1.1).
#[test]
fn templates_that_contradict_themselves_or_the_mechanism_are_refused() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let (inconsistent, invalid) = (Rv::TEMPLATE_INCONSISTENT, Rv::ATTRIBUTE_VALUE_INVALID);
    let length = |octets| input().number(VALUE_LEN, octets);
    for (mechanism, count, template, wanted) in [
        (0x1080, 2, length(16).number(VALUE_LEN, 32), inconsistent),
        (0x1080, 2, length(16).number(VALUE_LEN, 16), Rv::OK),
        (0x1080, 3, length(16).number(CLASS, 4).number(KEY_TYPE, AES), Rv::OK),
        (0x1080, 2, length(16).number(CLASS, 3), inconsistent),
        (0x1080, 2, length(16).number(KEY_TYPE, GENERIC), inconsistent),
        (0x1080, 3, length(16).flag(SIGN, true).flag(SIGN, false), inconsistent),
        (0x1080, 3, length(16).text(LABEL, b"one").text(LABEL, b"two"), inconsistent),
        (0x1080, 1, length(17), invalid),
        (0x1080, 2, length(16).number(MODULUS_BITS, 2048), inconsistent),
        (0x0131, 0, input(), Rv::OK),
        (0x0131, 1, length(24), Rv::OK),
        (0x0131, 1, length(16), inconsistent),
        (0x0350, 2, length(40).number(KEY_TYPE, GENERIC), Rv::OK),
        (0x0350, 2, length(40).number(KEY_TYPE, AES), inconsistent),
    ] {
        let head = input().ulong(session).mechanism(mechanism, None).count(count);
        let (code, _) = caller.call(F::C_GenerateKey, Input([head.0, template.0.clone()].concat()));
        assert_eq!(code, wanted, "{mechanism:#x} {:02x?}", template.0);
    }
    let p384 = [6, 5, 0x2B, 0x81, 4, 0, 0x22];
    let curve = || input().text(EC_PARAMS, P256);
    for (publics, public, privates, private, wanted) in [
        (3, curve().number(CLASS, 2).number(KEY_TYPE, 3), 2, input().number(CLASS, 3).number(KEY_TYPE, 3), Rv::OK),
        (1, curve(), 1, curve(), Rv::OK),
        (1, curve(), 1, input().text(EC_PARAMS, &p384), inconsistent),
        (2, curve().text(EC_PARAMS, &p384), 0, input(), inconsistent),
        (2, curve().number(CLASS, 3), 0, input(), inconsistent),
        (1, curve(), 1, input().number(CLASS, 2), inconsistent),
        (2, curve().number(KEY_TYPE, 0), 0, input(), inconsistent),
        (1, curve(), 1, input().number(KEY_TYPE, AES), inconsistent),
        (2, curve().number(MODULUS_BITS, 2048), 0, input(), inconsistent),
        (0, input(), 1, curve(), Rv::TEMPLATE_INCOMPLETE),
    ] {
        let head = input().ulong(session).mechanism(0x1040, None).count(publics);
        let pair = Input([head.0, public.0.clone(), input().count(privates).0, private.0.clone()].concat());
        let (code, _) = caller.call(F::C_GenerateKeyPair, pair);
        assert_eq!(code, wanted, "{:02x?} {:02x?}", public.0, private.0);
    }
}

/// What an object holds and what its template says agree (PKCS#11 3.0 §4.1.1, §4.6.3, §4.10).
#[test]
fn objects_that_are_brought_are_what_their_templates_say() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let pair = input().ulong(session).mechanism(0x1040, None).count(1).text(EC_PARAMS, P256).count(0);
    let public = caller.must(F::C_GenerateKeyPair, pair).ulong();
    let info = caller.octets_of(session, public, PUBLIC_KEY_INFO);
    let secret = || input().number(CLASS, 4).number(KEY_TYPE, AES).text(VALUE, &[3; 16]);
    let certificate = || input().number(CLASS, 1).text(VALUE, b"no certificate");
    let shared = || input().number(CLASS, 2).text(PUBLIC_KEY_INFO, &info);
    let (inconsistent, invalid) = (Rv::TEMPLATE_INCONSISTENT, Rv::ATTRIBUTE_VALUE_INVALID);
    for (count, template, wanted) in [
        (4, secret().number(VALUE_LEN, 16), Rv::OK),
        (4, secret().number(VALUE_LEN, 32), inconsistent),
        (4, secret().number(KEY_TYPE, GENERIC), inconsistent),
        (4, secret().number(CERTIFICATE_TYPE, 0), inconsistent),
        (3, certificate().number(CERTIFICATE_TYPE, 2), invalid),
        (3, certificate().number(KEY_TYPE, AES), inconsistent),
        (3, shared().number(KEY_TYPE, 3), Rv::OK),
        (2, shared(), Rv::OK),
        (3, shared().number(KEY_TYPE, 0), inconsistent),
        (1, input().number(CLASS, 4), Rv::TEMPLATE_INCOMPLETE),
        (2, input().number(CLASS, 4).number(KEY_TYPE, AES), Rv::TEMPLATE_INCOMPLETE),
    ] {
        let head = input().ulong(session).count(count);
        let (code, _) = caller.call(F::C_CreateObject, Input([head.0, template.0.clone()].concat()));
        assert_eq!(code, wanted, "{:02x?}", template.0);
    }
}

/// Two things at once give what they give one after the other.
#[test]
fn parts_go_through_a_cipher_and_something_else_at_once() {
    for version in VERSIONS {
        parts_go_through_a_cipher_and_something_else_at_once_in(version);
    }
}

fn parts_go_through_a_cipher_and_something_else_at_once_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let key = caller.secret_key(session, AES, &bytes("2b7e151628aed2a6abf7158809cf4f3c"));
    let mac = caller.secret_key(session, GENERIC, &[0x0b; 20]);
    let iv = bytes("000102030405060708090a0b0c0d0e0f");
    let plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let cipher = bytes("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
    let digest = caller.digest_of(session, &plain);
    let cbc = || input().ulong(session).mechanism(0x1082, Some(input().octets(&iv))).ulong(key);
    let hmac = || input().ulong(session).mechanism(0x251, None).ulong(mac);
    let sha = || input().ulong(session).mechanism(0x250, None);
    let end = || input().ulong(session).room(64);
    let twofold = |caller: &mut Caller, function, data: &[u8]| {
        let mut given = Vec::new();
        for part in data.chunks(11) {
            given.extend(caller.must(function, input().ulong(session).octets(part).room(64)).buffer());
        }
        given
    };

    caller.must(F::C_EncryptInit, cbc());
    assert_eq!(
        caller.refused(F::C_DigestEncryptUpdate, input().ulong(session).octets(&plain).room(64)),
        Rv::OPERATION_NOT_INITIALIZED
    );
    caller.must(F::C_DigestInit, sha());
    assert_eq!(
        caller.refused(F::C_DigestEncryptUpdate, input().ulong(session).octets(&plain).room(8)),
        Rv::BUFFER_TOO_SMALL
    );
    let mut made = twofold(&mut caller, F::C_DigestEncryptUpdate, &plain);
    made.extend(caller.must(F::C_EncryptFinal, end()).buffer());
    assert_eq!(made, cipher);
    assert_eq!(caller.must(F::C_DigestFinal, end()).buffer(), digest);

    caller.must(F::C_DecryptInit, cbc());
    caller.must(F::C_DigestInit, sha());
    let mut back = twofold(&mut caller, F::C_DecryptDigestUpdate, &cipher);
    let rest = caller.must(F::C_DecryptFinal, end()).buffer();
    // The end of the plaintext came after the last part: it is the caller's to digest.
    if !rest.is_empty() {
        caller.must(F::C_DigestUpdate, input().ulong(session).octets(&rest));
    }
    back.extend(rest);
    assert_eq!(back, plain);
    assert_eq!(caller.must(F::C_DigestFinal, end()).buffer(), digest);

    caller.must(F::C_EncryptInit, cbc());
    caller.must(F::C_SignInit, hmac());
    let mut made = twofold(&mut caller, F::C_SignEncryptUpdate, &plain);
    made.extend(caller.must(F::C_EncryptFinal, end()).buffer());
    assert_eq!(made, cipher);
    let code = caller.must(F::C_SignFinal, end()).buffer();
    caller.must(F::C_SignInit, hmac());
    assert_eq!(caller.must(F::C_Sign, input().ulong(session).octets(&plain).room(64)).buffer(), code);

    caller.must(F::C_DecryptInit, cbc());
    caller.must(F::C_VerifyInit, hmac());
    twofold(&mut caller, F::C_DecryptVerifyUpdate, &cipher);
    let rest = caller.must(F::C_DecryptFinal, end()).buffer();
    if !rest.is_empty() {
        caller.must(F::C_VerifyUpdate, input().ulong(session).octets(&rest));
    }
    caller.must(F::C_VerifyFinal, input().ulong(session).octets(&code));
}

#[test]
fn what_takes_no_parts_ends_both() {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), V2_1);
    let session = caller.session(WRITES);
    let key = caller.secret_key(session, AES, &[7; 16]);
    let pair = input().ulong(session).mechanism(0x1040, None).count(1).text(EC_PARAMS, P256).count(0);
    let mut made = caller.must(F::C_GenerateKeyPair, pair);
    let (_, private) = (made.ulong(), made.ulong());
    let ecb = input().ulong(session).mechanism(0x1081, None).ulong(key);
    caller.must(F::C_EncryptInit, ecb);
    caller.must(F::C_SignInit, input().ulong(session).mechanism(0x1041, None).ulong(private));
    let part = || input().ulong(session).octets(&[8; 32]).room(64);
    assert_eq!(caller.refused(F::C_SignEncryptUpdate, part()), Rv::FUNCTION_NOT_SUPPORTED);
    assert_eq!(caller.refused(F::C_EncryptFinal, input().ulong(session).room(64)), Rv::OPERATION_NOT_INITIALIZED);
}

#[test]
fn keys_are_digested_if_they_may_leave_and_objects_have_a_size() {
    for version in VERSIONS {
        keys_are_digested_if_they_may_leave_and_objects_have_a_size_in(version);
    }
}

fn keys_are_digested_if_they_may_leave_and_objects_have_a_size_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let key = caller.secret_key(session, AES, &[7; 16]);
    let digest = caller.digest_of(session, &[&[1, 2][..], &[7; 16]].concat());
    assert_eq!(caller.refused(F::C_DigestKey, input().ulong(session).ulong(key)), Rv::OPERATION_NOT_INITIALIZED);
    caller.must(F::C_DigestInit, input().ulong(session).mechanism(0x250, None));
    caller.must(F::C_DigestUpdate, input().ulong(session).octets(&[1, 2]));
    caller.must(F::C_DigestKey, input().ulong(session).ulong(key));
    assert_eq!(caller.must(F::C_DigestFinal, input().ulong(session).room(32)).buffer(), digest);
    let template = input().ulong(session).mechanism(0x1080, None).count(2).number(VALUE_LEN, 32).flag(SENSITIVE, true);
    let sensitive = caller.must(F::C_GenerateKey, template).ulong();
    caller.must(F::C_DigestInit, input().ulong(session).mechanism(0x250, None));
    assert_eq!(caller.refused(F::C_DigestKey, input().ulong(session).ulong(sensitive)), Rv::KEY_INDIGESTIBLE);
    assert_eq!(caller.refused(F::C_DigestKey, input().ulong(session).ulong(1 << 40)), Rv::KEY_HANDLE_INVALID);

    let size =
        |caller: &mut Caller, handle| caller.must(F::C_GetObjectSize, input().ulong(session).ulong(handle)).ulong();
    assert!((32..4_096).contains(&size(&mut caller, key)));
    let unknown = input().ulong(session).ulong(1 << 40);
    assert_eq!(caller.refused(F::C_GetObjectSize, unknown.clone()), Rv::OBJECT_HANDLE_INVALID);
    assert_eq!(caller.refused(F::C_CopyObject, unknown.count(0)), Rv::OBJECT_HANDLE_INVALID);
    assert_eq!(caller.refused(F::C_CopyObject, input().ulong(session).ulong(key).count(0)), Rv::ACTION_PROHIBITED);
    assert_eq!(caller.refused(F::C_GetFunctionStatus, input().ulong(session)), Rv::FUNCTION_NOT_PARALLEL);
    assert_eq!(caller.refused(F::C_CancelFunction, input().ulong(session)), Rv::FUNCTION_NOT_PARALLEL);
    assert_eq!(caller.refused(F::C_WaitForSlotEvent, input().ulong(1)), Rv::NO_EVENT);
    assert_eq!(caller.refused(F::C_WaitForSlotEvent, input().ulong(0)), Rv::FUNCTION_NOT_SUPPORTED);
}

#[test]
fn attributes_are_set_all_or_none_and_keys_become_no_freer() {
    for version in VERSIONS {
        attributes_are_set_all_or_none_and_keys_become_no_freer_in(version);
    }
}

fn attributes_are_set_all_or_none_and_keys_become_no_freer_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let key = caller.secret_key(session, AES, &[7; 16]);
    let set = |template: Input| Input([input().ulong(session).ulong(key).0, template.0].concat());
    for label in [&b"first"[..], b"second"] {
        caller.must(F::C_SetAttributeValue, set(input().count(2).text(LABEL, label).text(ID, b"\x01\x02")));
        assert_eq!(caller.find(session, input().count(2).text(LABEL, label).text(ID, b"\x01\x02")), [key]);
    }
    assert!(caller.find(session, input().count(1).text(LABEL, b"first")).is_empty());
    let twice = input().count(2).text(LABEL, b"third").text(LABEL, b"fourth");
    assert_eq!(caller.refused(F::C_SetAttributeValue, set(twice)), Rv::TEMPLATE_INCONSISTENT);
    let mixed = input().count(2).text(LABEL, b"third").number(VALUE_LEN, 32);
    assert_eq!(caller.refused(F::C_SetAttributeValue, set(mixed)), Rv::ATTRIBUTE_READ_ONLY);
    assert_eq!(caller.find(session, input().count(1).text(LABEL, b"second")), [key], "all or none");
    caller.must(F::C_SetAttributeValue, set(input().count(1).flag(SENSITIVE, true)));
    let asked = input().ulong(session).ulong(key).count(1).ulong(VALUE).byte(0).byte(1).count(32);
    assert_eq!(caller.refused(F::C_GetAttributeValue, asked), Rv::ATTRIBUTE_SENSITIVE);
    let freer = set(input().count(1).flag(SENSITIVE, false));
    assert_eq!(caller.refused(F::C_SetAttributeValue, freer), Rv::ATTRIBUTE_READ_ONLY);
    caller.must(F::C_SetAttributeValue, set(input().count(1).flag(EXTRACTABLE, false)));
    let template = input().ulong(session).count(4).number(CLASS, 4).number(KEY_TYPE, AES).text(VALUE, &[9; 16]);
    let by = caller.must(F::C_CreateObject, template.flag(WRAP, true)).ulong();
    let wrap = input().ulong(session).mechanism(0x2109, None).ulong(by).ulong(key).room(24);
    assert_eq!(caller.refused(F::C_WrapKey, wrap), Rv::KEY_UNEXTRACTABLE);
    let reads = caller.session(READS);
    let in_vain = input().ulong(reads).ulong(key).count(1).text(LABEL, b"fourth");
    assert_eq!(caller.refused(F::C_SetAttributeValue, in_vain), Rv::SESSION_READ_ONLY);
}

impl Output {
    fn buffer_after_flags(&mut self) -> Vec<u8> {
        assert_eq!(self.take(2), [1, 1]);
        let count = self.count();
        self.take(count)
    }
}

#[test]
fn what_is_no_call_fails_and_changes_nothing() {
    for version in VERSIONS {
        what_is_no_call_fails_and_changes_nothing_in(version);
    }
}

fn what_is_no_call_fails_and_changes_nothing_in(version: Version) {
    let mut caller = Caller::new(&mut InProcess::open().expect("an engine"), version);
    let session = caller.session(WRITES);
    let malformed = [
        (F::C_OpenSession, input().ulong(0)),
        (F::C_GetSessionInfo, input().count(1)),
        (F::C_FindObjectsInit, input().ulong(session).count(1).ulong(CLASS).byte(1).byte(1)),
        (F::C_FindObjectsInit, input().ulong(session).count(0xFFFF_FFFF)),
        (F::C_DigestInit, input().ulong(session).mechanism(0x250, None).byte(9)),
        (F::C_SeedRandom, input().ulong(session).count(99)),
    ];
    for (function, parameters) in malformed {
        let item = caller.item(function, parameters);
        assert_eq!(item.result_reason, Some(ResultReason::PKCS_11CodecError), "{function}");
    }
    assert_eq!(caller.find(session, input().count(0)).len(), 0, "no search is left open");
    assert_eq!(caller.refused(F::C_DigestFinal, input().ulong(session).room(32)), Rv::OPERATION_NOT_INITIALIZED);
}

/// Parameters of mechanisms are kept between calls, and copied with each: an application keeps so many octets of them.
#[test]
fn mechanism_parameters_are_bounded() {
    let mut world = InProcess::open().expect("an engine");
    let mut caller = Caller::new(&mut world, V2_1);
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(caller.must(F::C_OpenSession, input().ulong(0).ulong(6)).ulong());
    }
    let template = input().count(1).number(0x161, 16);
    let generate = input().ulong(sessions[0]).mechanism(0x1080, None);
    let key = caller.must(F::C_GenerateKey, Input([generate.0, template.0].concat())).ulong();
    let gcm = |aad: usize| input().octets(&[7; 12]).ulong(96).octets(&vec![1; aad]).ulong(128);
    let mut codes = Vec::new();
    for session in &sessions {
        let begin = input().ulong(*session).mechanism(0x1087, Some(gcm(60 << 10))).ulong(key);
        codes.push(caller.call(F::C_EncryptInit, begin).0);
    }
    assert_eq!(codes[..4], [Rv::OK; 4]);
    assert_eq!(codes[4..], [Rv::HOST_MEMORY; 4]);
    // What ends makes room.
    caller.must(F::C_Encrypt, input().ulong(sessions[0]).octets(b"data").room(64));
    let begin = input().ulong(sessions[5]).mechanism(0x1087, Some(gcm(60 << 10))).ulong(key);
    caller.must(F::C_EncryptInit, begin);
}
