//! Encrypt and Decrypt (KMIP 2.1 §6.1.17, §6.1.11).

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::encrypt::{EncryptRequest, EncryptResponse};
use kmip_codec::version::{V1_3, V1_4};

use super::keys::World;
use super::{ask, bytes_of, cut, data, id, octets, parameters};
use crate::input::Input;

/// An encryption with everything that it needs.
struct Call<'a> {
    /// Encrypts, decrypts.
    keys: (String, String),
    is_symmetric: bool,
    parameters: Option<Box<CryptographicParameters>>,
    iv: Option<&'a [u8]>,
    aad: Option<&'a [u8]>,
    plain: &'a [u8],
}

impl Call<'_> {
    fn encrypt(&self, part: &[u8]) -> EncryptRequest {
        EncryptRequest {
            unique_identifier: id(&self.keys.0),
            cryptographic_parameters: self.parameters.clone(),
            data: data(part),
            iv_counter_nonce: octets(self.iv),
            authenticated_encryption_additional_data: octets(self.aad),
            ..EncryptRequest::default()
        }
    }

    fn decrypt(&self, part: &[u8], made: &EncryptResponse) -> DecryptRequest {
        DecryptRequest {
            unique_identifier: id(&self.keys.1),
            cryptographic_parameters: self.parameters.clone(),
            data: data(part),
            iv_counter_nonce: octets(self.iv).or_else(|| made.iv_counter_nonce.clone()),
            authenticated_encryption_additional_data: octets(self.aad),
            authenticated_encryption_tag: made.authenticated_encryption_tag.clone(),
            ..DecryptRequest::default()
        }
    }
}

/// What is encrypted is decrypted, in one request and by parts, and parts make what the whole makes.
pub fn check(world: &mut World, input: &mut Input<'_>) {
    let which = usize::from(input.byte()) % (world.symmetric.len() + world.pairs.len());
    let symmetric = world.symmetric.get(which).map(|(id, _)| (id.clone(), id.clone()));
    let is_symmetric = symmetric.is_some();
    let keys = symmetric.unwrap_or_else(|| {
        let (private, public) = &world.pairs[which - world.symmetric.len()];
        (public.clone(), private.clone())
    });
    let parameters = parameters::optional(input);
    let there = input.byte();
    let iv = (there & 1 == 1).then(|| input.bytes());
    let aad = (there & 2 == 2).then(|| input.bytes());
    let places = &mut input.clone();
    let plain = input.rest();
    let call = Call { keys, is_symmetric, parameters, iv, aad, plain };
    let Some(made) = ask!(world, [plain], Encrypt, call.encrypt(plain)) else {
        let _ = ask!(world, [plain], Decrypt, call.decrypt(plain, &nothing(&call)));
        return;
    };
    let protected = bytes_of(made.data.as_ref());
    let opened = ask!(world, [plain], Decrypt, call.decrypt(&protected, &made));
    let opened = opened.unwrap_or_else(|| panic!("what was encrypted does not decrypt: {:?}", call.parameters));
    assert_eq!(bytes_of(opened.data.as_ref()), plain, "what was encrypted decrypts to something else");
    damaged(world, &call, &made, &protected);
    if world.version >= V1_3 {
        let pieces = cut(plain, places);
        encrypted_by_parts(world, &call, &made, &protected, pieces);
        decrypted_by_parts(world, &call, &made, &protected, places);
    }
}

fn nothing(call: &Call<'_>) -> EncryptResponse {
    EncryptResponse {
        unique_identifier: id(&call.keys.0).expect("an identifier"),
        data: None,
        iv_counter_nonce: None,
        correlation_value: None,
        authenticated_encryption_tag: None,
    }
}

/// Authenticated ciphers notice a change.
fn damaged(world: &mut World, call: &Call<'_>, made: &EncryptResponse, protected: &[u8]) {
    let mut changed = protected.to_vec();
    let Some(byte) = changed.first_mut() else { return };
    *byte ^= 0x40;
    let opened = ask!(world, [call.plain, protected], Decrypt, call.decrypt(&changed, made));
    if made.authenticated_encryption_tag.is_some() {
        assert!(opened.is_none(), "changed data is authentic");
    }
}

fn encrypted_by_parts(
    world: &mut World,
    call: &Call<'_>,
    whole: &EncryptResponse,
    protected: &[u8],
    pieces: [&[u8]; 3],
) {
    let fixed = Call { keys: call.keys.clone(), parameters: call.parameters.clone(), ..*call };
    let request = EncryptRequest {
        iv_counter_nonce: fixed.decrypt(&[], whole).iv_counter_nonce,
        init_indicator: Some(true),
        ..fixed.encrypt(pieces[0])
    };
    let Some(first) = ask!(world, [call.plain], Encrypt, request) else { return };
    let mut joined = bytes_of(first.data.as_ref());
    let later = |part: &[u8], last: bool| EncryptRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(last),
        cryptographic_parameters: None,
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        ..call.encrypt(part)
    };
    let second = ask!(world, [call.plain], Encrypt, later(pieces[1], false)).expect("a part is taken");
    joined.extend(bytes_of(second.data.as_ref()));
    let last =
        ask!(world, [call.plain], Encrypt, later(pieces[2], true)).expect("what works in one request works by parts");
    joined.extend(bytes_of(last.data.as_ref()));
    if call.is_symmetric {
        assert_eq!(joined, protected, "by parts other data is made");
        assert_eq!(
            last.authenticated_encryption_tag, whole.authenticated_encryption_tag,
            "by parts another tag is made"
        );
    }
}

fn decrypted_by_parts(
    world: &mut World,
    call: &Call<'_>,
    whole: &EncryptResponse,
    protected: &[u8],
    places: &mut Input<'_>,
) {
    let pieces = cut(protected, places);
    let request = DecryptRequest { init_indicator: Some(true), ..call.decrypt(pieces[0], whole) };
    let Some(first) = ask!(world, [call.plain], Decrypt, request) else { return };
    let mut joined = bytes_of(first.data.as_ref());
    let later = |part: &[u8], last: bool| DecryptRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(last),
        cryptographic_parameters: None,
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        authenticated_encryption_tag: None,
        ..call.decrypt(part, whole)
    };
    let second = ask!(world, [call.plain], Decrypt, later(pieces[1], false)).expect("a part is taken");
    joined.extend(bytes_of(second.data.as_ref()));
    let last =
        ask!(world, [call.plain], Decrypt, later(pieces[2], true)).expect("what works in one request works by parts");
    if world.version >= V1_4 && whole.authenticated_encryption_tag.is_some() {
        assert!(joined.is_empty(), "data left before its tag was verified");
    }
    joined.extend(bytes_of(last.data.as_ref()));
    assert_eq!(joined, call.plain, "by parts something else is decrypted");
}
