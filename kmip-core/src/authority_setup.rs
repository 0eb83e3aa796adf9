//! How an administrator sets up the certificate authority: its key made in the vault, its certificate signed by itself or by
//! a site's own authority.

use kmip_codec::attribute::values::CryptographicDomainParameters;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, decode_request, encode};
use kmip_codec::object::{KeyMaterial, KeyValue};
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, Operation, RecommendedCurve, Tag,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Strictness;
use x509_cert::name::Name;

use crate::administration::AdministrationError;
use crate::authority::{self, SCOPE};
use crate::engine::{Engine, Evaluation, Finished, Pending};
use crate::env::{Env, Pace};
use crate::error::OpError;
use crate::identity::Principal;
use crate::ports::store::{Batch, Guard, Outcome, Write};
use crate::quirks::Quirks;
use crate::request::Request;
use crate::x509::certificate::Parsed;
use crate::x509::write;
use crate::{issued, layout, material};

type Done<T> = Result<T, AdministrationError>;

/// Kinds of keys that the authority may have: name, algorithm, length, curve.
const KINDS: [(&str, CryptographicAlgorithm, Option<i32>, Option<RecommendedCurve>); 6] = [
    ("p256", CryptographicAlgorithm::ECDSA, None, Some(RecommendedCurve::P_256)),
    ("p384", CryptographicAlgorithm::ECDSA, None, Some(RecommendedCurve::P_384)),
    ("p521", CryptographicAlgorithm::ECDSA, None, Some(RecommendedCurve::P_521)),
    ("ed25519", CryptographicAlgorithm::Ed25519, None, None),
    ("rsa3072", CryptographicAlgorithm::RSA, Some(3_072), None),
    ("rsa4096", CryptographicAlgorithm::RSA, Some(4_096), None),
];

fn unacceptable<T>(why: impl Into<String>) -> Done<T> {
    Err(AdministrationError::Unacceptable(why.into()))
}

fn failed(error: OpError) -> AdministrationError {
    AdministrationError::Unacceptable(error.message)
}

fn subject_name(subject: &str) -> Done<Vec<u8>> {
    let name: Result<Name, _> = subject.parse();
    match name.map(|name| (name.is_empty(), write::der(&name))) {
        Ok((false, Ok(der))) => Ok(der),
        _ => unacceptable(format!("{subject:?} is not a distinguished name, such as CN=Keys,O=Example (RFC 4514)")),
    }
}

impl Engine {
    /// Makes a certificate authority that signs its own certificate, which is given back (DER).
    pub fn establish_authority(&self, subject: &str, kind: &str, seconds: i64, env: Env) -> Done<Vec<u8>> {
        let subject = subject_name(subject)?;
        if self.store.get(layout::AUTHORITY)?.is_some() {
            return Err(AdministrationError::Exists("a certificate authority".to_owned()));
        }
        let (id, public_key) = self.make_authority_key(kind, env)?;
        let key = self.authority_key(&id)?;
        let validity = (env.now, env.now.saturating_add(seconds));
        let certificate = authority::self_signed(self, &key, &subject, &public_key, validity).map_err(failed)?;
        self.put_authority(&id, &certificate, vec![Guard::Absent(layout::AUTHORITY.to_vec())])?;
        Ok(certificate)
    }

    /// Makes a key for a certificate authority, and a request (PKCS#10, DER) for another authority to sign. The one that is
    /// there goes on until the certificate is installed.
    pub fn request_authority(&self, subject: &str, kind: &str, env: Env) -> Done<Vec<u8>> {
        let subject = subject_name(subject)?;
        let (id, public_key) = self.make_authority_key(kind, env)?;
        let key = self.authority_key(&id)?;
        let part = |_: &spki::AlgorithmIdentifierRef<'_>| write::request_info(&subject, &public_key);
        let request = authority::sign(self, &key, part).map_err(failed)?;
        self.write(Write::Put(layout::AUTHORITY_REQUEST.to_vec(), [id.as_bytes(), b"\0", &public_key].concat()))?;
        Ok(request)
    }

    /// Takes a certificate (DER) of the key that was requested last, or of the key that the authority has.
    pub fn install_authority(&self, certificate: &[u8], env: Env) -> Done<()> {
        let parsed = Parsed::new(certificate).or_else(|error| unacceptable(error.to_string()))?;
        if !parsed.may_certify() {
            return unacceptable("the certificate is not one of an authority: Basic Constraints and Key Usage");
        }
        if !parsed.covers(env.now) {
            return unacceptable("the certificate is not valid now");
        }
        let requested = self.store.get(layout::AUTHORITY_REQUEST)?.map(|found| found.value);
        let requested = requested.as_deref().and_then(issued::split);
        if let Some((id, _)) = requested.filter(|(_, key)| *key == parsed.public_key) {
            return self.put_authority(&id, certificate, Vec::new());
        }
        match authority::load(self).map_err(failed)? {
            Some(current) if current.parsed().map_err(failed)?.public_key == parsed.public_key => {
                self.put_authority(&current.key.id, certificate, Vec::new())
            }
            _ => {
                unacceptable("the certificate is not one of the key that was requested: kmip-cli ca request makes one")
            }
        }
    }

    /// The certificate (DER) of the certificate authority, if there is one.
    pub fn authority_certificate(&self) -> Done<Option<Vec<u8>>> {
        Ok(authority::load(self).map_err(failed)?.map(|authority| authority.certificate))
    }

    /// The revocation list (DER) of the certificate authority as of now.
    pub fn authority_revocation_list(&self, env: Env) -> Done<Vec<u8>> {
        match authority::load(self).map_err(failed)? {
            Some(authority) => authority.revocation_list(self, env.now).map_err(failed),
            None => unacceptable("there is no certificate authority: kmip-cli ca init makes one"),
        }
    }

    fn authority_key(&self, id: &Text) -> Done<std::sync::Arc<crate::object::Record>> {
        match authority::key(self, id).map_err(failed)? {
            Some(key) => Ok(key),
            None => unacceptable("the key of the authority is lost"),
        }
    }

    fn put_authority(&self, id: &Text, certificate: &[u8], guards: Vec<Guard>) -> Done<()> {
        let value = [id.as_bytes(), b"\0", certificate].concat();
        let writes = vec![Write::Put(layout::AUTHORITY.to_vec(), value)];
        let batch = Batch { guards, writes, ..Batch::default() };
        match self.store.commit(std::slice::from_ref(&batch))?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => Err(AdministrationError::Exists("a certificate authority".to_owned())),
        }
    }

    /// Makes a pair in the authority's scope: the identifier of the private key, and the public key.
    fn make_authority_key(&self, kind: &str, env: Env) -> Done<(Text, Vec<u8>)> {
        let Some((_, algorithm, bits, curve)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
            let names: Vec<&str> = KINDS.iter().map(|(name, ..)| *name).collect();
            return unacceptable(format!("no kind of key is named {kind:?}; there are {}", names.join(", ")));
        };
        let curve = curve.map(|curve| CryptographicDomainParameters { qlength: None, recommended_curve: Some(curve) });
        let common = [
            Some(Attribute::CryptographicAlgorithm(*algorithm)),
            bits.map(Attribute::CryptographicLength),
            curve.map(Attribute::CryptographicDomainParameters),
            Some(Attribute::ActivationDate(DateTime(env.now))),
        ];
        use CryptographicUsageMask as Mask;
        // A key that must not leave stays in a device, where the vault has one that keeps such keys.
        let private = [
            Attribute::CryptographicUsageMask(Mask::Sign | Mask::CertificateSign | Mask::CRLSign),
            Attribute::KeyFormatType(KeyFormatType::PKCS_8),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
        ];
        let public = [Attribute::CryptographicUsageMask(Mask::Verify), Attribute::KeyFormatType(KeyFormatType::X_509)];
        let request = CreateKeyPairRequest {
            common_attributes: Some(common.into_iter().flatten().collect::<Bag>()),
            private_key_attributes: Some(private.into_iter().collect()),
            public_key_attributes: Some(public.into_iter().collect()),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let payload = RequestPayload::CreateKeyPair(Box::new(request));
        match self.act_as_authority(Operation::CreateKeyPair, payload, env)? {
            ResponsePayload::CreateKeyPair(made) => {
                let text = |id: &kmip_codec::attribute::values::UniqueIdentifier| Text::new(id.as_text().unwrap_or(""));
                let public = self.authority_key(&text(&made.public_key_unique_identifier))?;
                Ok((text(&made.private_key_unique_identifier), self.public_bytes(&public)?))
            }
            _ => unacceptable("the key was not made"),
        }
    }

    fn public_bytes(&self, record: &crate::object::Record) -> Done<Vec<u8>> {
        let object = material::load(self.vault.as_ref(), record).map_err(failed)?;
        match object.key_block().and_then(|block| block.key_value.as_ref()) {
            Some(KeyValue::Plain(value)) => match &value.key_material {
                KeyMaterial::Bytes(bytes) => Ok(bytes.expose_secret().to_vec()),
                KeyMaterial::Transparent(_) => unacceptable("the public key has no form in bytes"),
            },
            _ => unacceptable("the public key has no value"),
        }
    }

    /// Carries out an operation in the authority's scope, in which no client acts.
    fn act_as_authority(&self, operation: Operation, payload: RequestPayload, env: Env) -> Done<ResponsePayload> {
        let message = RequestMessage::continuing(V2_1, vec![(operation, payload)]);
        let request = encode(Tag::RequestMessage, &message, V2_1);
        let scope = Text::new(SCOPE);
        let env = Env { pace: Pace::Pool, ..env };
        loop {
            let decoded = decode_request(&request, &Limits::DEFAULT, Strictness::Strict);
            let decoded = decoded.or_else(|error| unacceptable(error.error.to_string()))?;
            let (client, scope) = (scope.clone(), scope.clone());
            let principal = Principal::new(client, scope, Quirks::default());
            let seals = self.seals();
            let evaluation = self.evaluate_own(Request::from(&request), decoded, principal, env).map_err(failed)?;
            let reply = match evaluation.sealed_by(seals) {
                Evaluation::Reply(reply) => reply,
                Evaluation::Defer(_) => return unacceptable("the work was deferred; try again"),
                Evaluation::Commit(pending) => match self.commit_here(*pending)? {
                    Finished::Reply(reply) => reply,
                    Finished::EvaluateAgain | Finished::RanJob(_) => continue,
                },
            };
            let answer = decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict);
            let mut answer = answer.or_else(|error| unacceptable(error.error.to_string()))?;
            let Some(item) = answer.batch_item.pop() else { return unacceptable("the operation has no answer") };
            let why = item.result_message.map_or(String::new(), |message| message.to_string());
            return item.response_payload.map_or_else(|| unacceptable(why), Ok);
        }
    }

    fn commit_here(&self, mut pending: Pending) -> Done<Finished> {
        let _fenced = self.commits_directly();
        if self.is_outdated(&pending) {
            return Ok(Finished::EvaluateAgain);
        }
        let batch = pending.take_batch();
        let outcomes = self.store.commit(std::slice::from_ref(&batch))?;
        match outcomes.first() {
            Some(outcome) => Ok(self.finish(pending, outcome)),
            None => unacceptable("the store gave no outcome"),
        }
    }
}
