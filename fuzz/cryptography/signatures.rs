//! Sign and Signature Verify (KMIP 2.1 §6.1.55, §6.1.56).

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::registry::ValidityIndicator;
use kmip_codec::value::ByteString;
use kmip_codec::version::V1_3;

use super::keys::World;
use super::{ask, cut, data, id, octets, parameters};
use crate::input::Input;

struct Call<'a> {
    pair: (String, String),
    parameters: Option<Box<CryptographicParameters>>,
    digested: bool,
    content: &'a [u8],
}

impl Call<'_> {
    fn sign(&self, content: &[u8]) -> SignRequest {
        SignRequest {
            unique_identifier: id(&self.pair.0),
            cryptographic_parameters: self.parameters.clone(),
            data: data(content).filter(|_| !self.digested),
            digested_data: octets(Some(content)).filter(|_| self.digested),
            ..SignRequest::default()
        }
    }

    fn verify(&self, content: &[u8], signature: Option<&ByteString>) -> SignatureVerifyRequest {
        SignatureVerifyRequest {
            unique_identifier: id(&self.pair.1),
            cryptographic_parameters: self.parameters.clone(),
            data: data(content).filter(|_| !self.digested),
            digested_data: octets(Some(content)).filter(|_| self.digested),
            signature_data: signature.cloned(),
            ..SignatureVerifyRequest::default()
        }
    }
}

/// What is signed is valid, in one request and by parts; of anything else the signature is not valid.
pub fn check(world: &mut World, input: &mut Input<'_>) {
    let pair = world.pairs[usize::from(input.byte()) % world.pairs.len()].clone();
    let parameters = parameters::optional(input);
    let digested = input.flag();
    let places = &mut input.clone();
    let content = input.rest();
    let call = Call { pair, parameters, digested, content };
    let Some(made) = ask!(world, [content], Sign, call.sign(content)) else {
        let claimed = ByteString::new(content);
        let _ = ask!(world, [content], SignatureVerify, call.verify(content, Some(&claimed)));
        return;
    };
    let signature = made.signature_data.as_ref();
    assert_eq!(validity(world, &call, content, signature), Some(ValidityIndicator::Valid), "{:?}", call.parameters);
    let mut other = content.to_vec();
    match other.first_mut() {
        Some(byte) => *byte ^= 0x40,
        None => other.push(0),
    }
    assert_ne!(validity(world, &call, &other, signature), Some(ValidityIndicator::Valid), "of other data");
    let mut damaged = signature.map(|signature| signature.as_slice().to_vec()).unwrap_or_default();
    damaged.pop();
    let damaged = ByteString::new(&damaged);
    assert_ne!(validity(world, &call, content, Some(&damaged)), Some(ValidityIndicator::Valid), "a cut signature");
    if world.version >= V1_3 && !digested {
        let pieces = cut(content, places);
        by_parts(world, &call, pieces);
    }
}

fn validity(
    world: &mut World,
    call: &Call<'_>,
    content: &[u8],
    signature: Option<&ByteString>,
) -> Option<ValidityIndicator> {
    let answer = ask!(world, [call.content], SignatureVerify, call.verify(content, signature));
    answer.and_then(|answer| answer.validity_indicator)
}

fn by_parts(world: &mut World, call: &Call<'_>, pieces: [&[u8]; 3]) {
    let request = SignRequest { init_indicator: Some(true), ..call.sign(pieces[0]) };
    let Some(first) = ask!(world, [call.content], Sign, request) else { return };
    let later = |part: &[u8], last: bool| SignRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(last),
        cryptographic_parameters: None,
        ..call.sign(part)
    };
    ask!(world, [call.content], Sign, later(pieces[1], false)).expect("a part is taken");
    let last =
        ask!(world, [call.content], Sign, later(pieces[2], true)).expect("what works in one request works by parts");
    let signature = last.signature_data.as_ref();
    let valid = Some(ValidityIndicator::Valid);
    assert_eq!(validity(world, call, call.content, signature), valid, "made by parts");

    let request = SignatureVerifyRequest { init_indicator: Some(true), ..call.verify(pieces[0], None) };
    let first = ask!(world, [call.content], SignatureVerify, request).expect("a first part is taken");
    let later = |part: &[u8], signature: Option<&ByteString>| SignatureVerifyRequest {
        correlation_value: first.correlation_value.clone(),
        final_indicator: Some(signature.is_some()),
        cryptographic_parameters: None,
        ..call.verify(part, signature)
    };
    ask!(world, [call.content], SignatureVerify, later(pieces[1], None)).expect("a part is taken");
    let last =
        ask!(world, [call.content], SignatureVerify, later(pieces[2], signature)).expect("the last part is taken");
    assert_eq!(last.validity_indicator, valid, "verified by parts");
}
