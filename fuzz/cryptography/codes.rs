//! MAC, MAC Verify and Hash (KMIP 2.1 §6.1.32, §6.1.33, §6.1.24).

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::operation::hash::HashRequest;
use kmip_codec::operation::mac::MACRequest;
use kmip_codec::operation::mac_verify::MACVerifyRequest;
use kmip_codec::registry::ValidityIndicator;
use kmip_codec::value::ByteString;
use kmip_codec::version::V1_3;

use super::keys::World;
use super::{ask, bytes_of, cut, data, id, parameters};
use crate::input::Input;

struct Call<'a> {
    key: String,
    parameters: Option<Box<CryptographicParameters>>,
    content: &'a [u8],
}

impl Call<'_> {
    fn mac(&self, content: &[u8]) -> MACRequest {
        MACRequest {
            unique_identifier: id(&self.key),
            cryptographic_parameters: self.parameters.clone(),
            data: data(content),
            ..MACRequest::default()
        }
    }

    fn verify(&self, content: &[u8], code: &[u8]) -> MACVerifyRequest {
        MACVerifyRequest {
            unique_identifier: id(&self.key),
            cryptographic_parameters: self.parameters.clone(),
            data: data(content),
            mac_data: Some(ByteString::new(code)),
            ..MACVerifyRequest::default()
        }
    }
}

/// A code is valid, that of other data or a cut one is not, and by parts it is the same.
pub fn check_mac(world: &mut World, input: &mut Input<'_>) {
    let (key, _) = world.symmetric[usize::from(input.byte()) % world.symmetric.len()].clone();
    let parameters = parameters::optional(input);
    let places = &mut input.clone();
    let content = input.rest();
    let call = Call { key, parameters, content };
    let Some(made) = ask!(world, [content], MAC, call.mac(content)) else {
        let _ = ask!(world, [content], MACVerify, call.verify(content, content));
        return;
    };
    let code = made.mac_data.as_ref().map(|code| code.as_slice().to_vec()).unwrap_or_default();
    assert_eq!(validity(world, &call, content, &code), Some(ValidityIndicator::Valid));
    let other = [content, &[0x80]].concat();
    assert_ne!(validity(world, &call, &other, &code), Some(ValidityIndicator::Valid), "of other data");
    for length in [0, 1, code.len().saturating_sub(1)] {
        let cut = code.get(..length).unwrap_or_default();
        assert_ne!(validity(world, &call, content, cut), Some(ValidityIndicator::Valid), "{length} bytes of a code");
    }
    if world.version >= V1_3 {
        mac_by_parts(world, &call, &code, cut(content, places));
    }
}

fn validity(world: &mut World, call: &Call<'_>, content: &[u8], code: &[u8]) -> Option<ValidityIndicator> {
    let answer = ask!(world, [call.content], MACVerify, call.verify(content, code));
    answer.and_then(|answer| answer.validity_indicator)
}

fn mac_by_parts(world: &mut World, call: &Call<'_>, code: &[u8], pieces: [&[u8]; 3]) {
    let request = MACRequest { init_indicator: Some(true), ..call.mac(pieces[0]) };
    let first = ask!(world, [call.content], MAC, request).expect("a first part is taken");
    let later = |part: &[u8], last: bool| MACRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(last),
        cryptographic_parameters: None,
        ..call.mac(part)
    };
    ask!(world, [call.content], MAC, later(pieces[1], false)).expect("a part is taken");
    let last = ask!(world, [call.content], MAC, later(pieces[2], true)).expect("the last part is taken");
    assert_eq!(last.mac_data.as_ref().map(ByteString::as_slice), Some(code), "by parts another code is made");
}

/// By parts the digest is the same.
pub fn check_hash(world: &mut World, input: &mut Input<'_>) {
    let parameters = Box::new(parameters::read(input));
    let places = &mut input.clone();
    let content = input.rest();
    let request = |part: &[u8]| HashRequest {
        cryptographic_parameters: parameters.clone(),
        data: data(part),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    };
    let Some(whole) = ask!(world, [content], Hash, request(content)) else { return };
    let digest = bytes_of(whole.data.as_ref());
    assert!(digest.len() >= 20, "a digest has a length");
    if world.version < V1_3 {
        return;
    }
    let pieces = cut(content, places);
    let begin = HashRequest { init_indicator: Some(true), ..request(pieces[0]) };
    let first = ask!(world, [content], Hash, begin).expect("a first part is taken");
    let later = |part: &[u8], last: bool| HashRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(last),
        ..request(part)
    };
    ask!(world, [content], Hash, later(pieces[1], false)).expect("a part is taken");
    let last = ask!(world, [content], Hash, later(pieces[2], true)).expect("the last part is taken");
    assert_eq!(bytes_of(last.data.as_ref()), digest, "by parts another digest is made");
}
