//! Derive Key: the values of the published cases and vectors, links, attributes, and every row of its error table.

use kmip_codec::attribute::values::{CryptographicDomainParameters, CryptographicParameters, Link, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::message::RequestMessage;
use kmip_codec::object::{KeyMaterial, KeyValue};
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::derive_key::{DerivationParameters, DeriveKeyRequest};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask,
    DerivationMethod as Method, HashingAlgorithm, KeyFormatType, LinkType, ObjectType, RecommendedCurve,
    ResultReason as Reason, RevocationReasonCode, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_0, V2_1, Version};

use crate::support::*;

fn derivation(set: impl FnOnce(&mut DerivationParameters)) -> DerivationParameters {
    let mut parameters = DerivationParameters {
        cryptographic_parameters: None,
        initialization_vector: None,
        derivation_data: Vec::new(),
        salt: None,
        iteration_count: None,
    };
    set(&mut parameters);
    parameters
}

/// A derivation of an AES key of 128 bits.
fn request(bases: &[&str], method: Method, derivation_parameters: DerivationParameters) -> DeriveKeyRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(Algorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(Mask::Encrypt | Mask::Decrypt),
    ];
    DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: bases.iter().map(|id| UniqueIdentifier::text(id)).collect(),
        derivation_method: method,
        derivation_parameters,
        attributes: Some(attributes.into_iter().collect()),
    }
}

/// A derivation of secret data.
fn secret(bases: &[&str], method: Method, bits: i32, parameters: DerivationParameters) -> DeriveKeyRequest {
    let mut request = request(bases, method, parameters);
    request.object_type = ObjectType::SecretData;
    let attributes = [Attribute::CryptographicLength(bits), Attribute::CryptographicUsageMask(Mask::DeriveKey)];
    request.attributes = Some(attributes.into_iter().collect());
    request
}

fn derived(server: &Server, version: Version, request: DeriveKeyRequest) -> Result<String, Reason> {
    let made = ask!(server, version, DeriveKey, request)?;
    Ok(made.unique_identifier.as_text().unwrap().to_owned())
}

/// KMIP 2.1 §4.26: secret data is Raw by default, and another format that is asked for is given or refused.
#[test]
fn what_is_derived_is_raw() {
    let server = Server::new();
    let base = server.register(secret_data(b"seed"), active(Mask::DeriveKey));
    let hash = || {
        derivation(|p| {
            p.cryptographic_parameters = boxed(|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_256));
            p.derivation_data = vec![Secret::copy_from(b"data")];
        })
    };
    let id = derived(&server, V2_1, secret(&[&base], Method::HMAC, 256, hash())).expect("derived");
    let get = |format| GetRequest {
        unique_identifier: text(&id),
        key_format_type: format,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    for format in [None, Some(KeyFormatType::Raw)] {
        let object = ask!(server, V2_1, Get, get(format)).expect("the object").object;
        assert_eq!(object.key_block().expect("a key").key_format_type, KeyFormatType::Raw);
    }
    for format in [KeyFormatType::Opaque, KeyFormatType::TransparentSymmetricKey] {
        for mut asked in [secret(&[&base], Method::HMAC, 256, hash()), request(&[&base], Method::HMAC, hash())] {
            let wanted =
                asked.attributes.take().into_iter().flat_map(|bag| bag.items).map(|instance| instance.attribute);
            asked.attributes = Some(wanted.chain([Attribute::KeyFormatType(format)]).collect());
            refused(derived(&server, V2_1, asked), Reason::FeatureNotSupported, "another format");
        }
    }
}

#[track_caller]
fn material(server: &Server, id: &str) -> Vec<u8> {
    let request = GetRequest {
        unique_identifier: text(id),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let object = ask!(server, V2_1, Get, request).expect("the object").object;
    match &object.key_block().expect("a key").key_value {
        Some(KeyValue::Plain(value)) => match &value.key_material {
            KeyMaterial::Bytes(bytes) => bytes.expose_secret().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn base(server: &Server) -> String {
    server.key(Algorithm::AES, &hex("00112233445566778899aabbccddeeff"), Mask::DeriveKey)
}

fn password(server: &Server) -> String {
    server.register(secret_data(b"password"), active(Mask::DeriveKey))
}

fn sha256(p: &mut DerivationParameters) {
    p.cryptographic_parameters = boxed(|own| own.hashing_algorithm = Some(HashingAlgorithm::SHA_256));
}

fn with(set: impl FnOnce(&mut CryptographicParameters)) -> impl FnOnce(&mut DerivationParameters) {
    |p| p.cryptographic_parameters = boxed(set)
}

fn data_of(p: &mut DerivationParameters, data: &[u8]) {
    p.derivation_data = vec![Secret::copy_from(data)];
}

#[test]
fn published_keys_come_out() {
    let server = Server::new();
    let (base, password) = (base(&server), password(&server));
    let pbkdf2 = |iterations| {
        move |p: &mut DerivationParameters| {
            p.salt = octets(b"salt");
            p.iteration_count = Some(iterations);
        }
    };
    for version in [V1_0, V1_2, V1_4, V2_0, V2_1] {
        let key = |request| material(&server, &derived(&server, version, request).expect("derived"));
        let hash = request(&[&base], Method::HASH, derivation(sha256));
        assert_eq!(key(hash), hex("a8faed6abbf35c12a4b26e40f6feb19d"));
        let hmac = request(
            &[&base],
            Method::HMAC,
            derivation(|p| {
                sha256(p);
                data_of(p, &[1, 2]);
            }),
        );
        assert_eq!(key(hmac), hex("1e15c1f1da233629f770fb0a04a5020e"));
        let once = request(&[&password], Method::PBKDF2, derivation(pbkdf2(1)));
        assert_eq!(key(once), hex("0c60c80f961f0e71f3a9b524af601206"));
        let often = request(&[&password], Method::PBKDF2, derivation(pbkdf2(4_096)));
        assert_eq!(key(often), hex("4b007901b765489abead49d926f721d0"));
        let other = secret(
            &[&password],
            Method::PBKDF2,
            256,
            derivation(|p| {
                sha256(p);
                pbkdf2(4_096)(p);
            }),
        );
        let value = hex("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
        assert_eq!(key(other), value);
    }
}

#[test]
fn hkdf_and_aws_signatures_are_those_of_their_standards() {
    let server = Server::new();
    // RFC 5869 §A.1.
    let base = server.key(Algorithm::HMAC_SHA256, &[0x0b; 22], Mask::DeriveKey);
    let hkdf = secret(
        &[&base],
        Method::HKDF,
        336,
        derivation(|p| {
            p.salt = octets(&hex("000102030405060708090a0b0c"));
            data_of(p, &hex("f0f1f2f3f4f5f6f7f8f9"));
        }),
    );
    let found = derived(&server, V2_1, hkdf.clone()).expect("derived");
    let okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(material(&server, &found), hex(okm));
    assert_eq!(derived(&server, V1_4, hkdf), Err(Reason::InvalidField), "HKDF came with 2.0");
    // The example of the AWS documentation.
    let key = server.register(secret_data(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), active(Mask::DeriveKey));
    let aws = |parts: &[&str]| {
        let parts: Vec<Secret> = parts.iter().map(|part| Secret::copy_from(part.as_bytes())).collect();
        derived(
            &server,
            V2_1,
            secret(&[&key], Method::AWSSignatureVersion4, 256, derivation(|p| p.derivation_data = parts)),
        )
    };
    let found = aws(&["20120215", "us-east-1", "iam"]).expect("derived");
    assert_eq!(material(&server, &found), hex("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"));
    assert_eq!(aws(&["20120215", "us-east-1"]), Err(Reason::BadCryptographicParameters));
}

#[test]
fn encryption_and_the_methods_of_nist_derive_as_they_say() {
    let server = Server::new();
    let base = server.key(Algorithm::AES, &hex("2b7e151628aed2a6abf7158809cf4f3c"), Mask::DeriveKey);
    // NIST SP 800-38A §F.2.1.
    let cbc = request(
        &[&base],
        Method::ENCRYPT,
        derivation(|p| {
            with(|own| own.block_cipher_mode = Some(Mode::CBC))(p);
            p.initialization_vector = octets(&hex("000102030405060708090a0b0c0d0e0f"));
            data_of(p, &hex("6bc1bee22e409f96e93d7e117393172a"));
        }),
    );
    let found = derived(&server, V1_4, cbc).expect("derived");
    assert_eq!(material(&server, &found), hex("7649abac8119b246cee98e9b12e9197d"));
    for (method, iv) in
        [(Method::NIST800_108_C, None), (Method::NIST800_108_F, Some(vec![3; 32])), (Method::NIST800_108_DPI, None)]
    {
        let ask = |set: fn(&mut CryptographicParameters), length| {
            let request = secret(
                &[&base],
                method,
                length,
                derivation(|p| {
                    with(set)(p);
                    p.initialization_vector = iv.as_deref().and_then(octets);
                    data_of(p, b"label\0context");
                }),
            );
            derived(&server, V2_1, request).map(|id| material(&server, &id))
        };
        let hmac: fn(&mut CryptographicParameters) = |own| own.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
        let long = ask(hmac, 800).expect("derived");
        assert_eq!(long.len(), 100);
        assert_ne!(long[..32], long[32..64], "{method}");
        let cmac = ask(|own| own.block_cipher_mode = Some(Mode::CMAC), 800).expect("derived");
        assert_ne!(long, cmac, "{method}");
        assert_eq!(ask(|_| {}, 800), Err(Reason::BadCryptographicParameters), "{method} without a function");
    }
}

/// Whoever knows the key would have the data.
#[test]
fn what_must_not_leave_is_not_encrypted_into_another_object() {
    let server = Server::new();
    let key = server.key(Algorithm::AES, &[1; 16], Mask::DeriveKey);
    let attempt = |method, protection: Option<Attribute>| {
        let attributes = active(Mask::DeriveKey).into_iter().chain(protection).collect();
        let data = server.register(secret_data(&[2; 16]), attributes);
        let parameters = derivation(|p| {
            with(|own| {
                own.block_cipher_mode = Some(Mode::ECB);
                own.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
            })(p);
        });
        derived(&server, V2_1, secret(&[&key, &data], method, 128, parameters)).map(|_| ())
    };
    for protection in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
        let refused = attempt(Method::ENCRYPT, Some(protection.clone()));
        assert_eq!(refused, Err(Reason::PermissionDenied), "{protection:?}");
    }
    assert_eq!(attempt(Method::ENCRYPT, Some(Attribute::Sensitive(false))), Ok(()));
    assert_eq!(attempt(Method::HMAC, Some(Attribute::Sensitive(true))), Ok(()), "which tells nothing of it");
}

/// A pair for key agreement on a curve: private, public.
fn agreement_pair(server: &Server, algorithm: Algorithm, curve: RecommendedCurve) -> (String, String) {
    let domain = CryptographicDomainParameters { qlength: None, recommended_curve: Some(curve) };
    let common = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicDomainParameters(domain),
        Attribute::ActivationDate(DateTime(START - 10)),
        Attribute::CryptographicUsageMask(Mask::DeriveKey),
    ];
    let request = CreateKeyPairRequest {
        common_attributes: Some(common.into_iter().collect()),
        private_key_attributes: None,
        public_key_attributes: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = ask!(server, V2_1, CreateKeyPair, request).expect("made");
    let name = |id: UniqueIdentifier| id.as_text().unwrap().to_owned();
    (name(made.private_key_unique_identifier), name(made.public_key_unique_identifier))
}

fn agree(server: &Server, private: &str, public: &str) -> Result<Vec<u8>, Reason> {
    let ecdh = derivation(with(|own| own.cryptographic_algorithm = Some(Algorithm::ECDH)));
    let made = derived(server, V2_1, request(&[private, public], Method::AsymmetricKey, ecdh))?;
    Ok(material(server, &made))
}

/// Curves that the server makes pairs on, and an algorithm that names them.
const AGREEMENT: [(RecommendedCurve, Algorithm); 7] = [
    (RecommendedCurve::P_224, Algorithm::ECDH),
    (RecommendedCurve::P_256, Algorithm::EC),
    (RecommendedCurve::P_384, Algorithm::EC),
    (RecommendedCurve::P_521, Algorithm::EC),
    (RecommendedCurve::SECP256K1, Algorithm::EC),
    (RecommendedCurve::CURVE25519, Algorithm::EC),
    (RecommendedCurve::CURVE25519, Algorithm::ECDH),
];

#[test]
fn two_parties_agree() {
    let server = Server::new();
    for (curve, algorithm) in AGREEMENT {
        let pair = || agreement_pair(&server, algorithm, curve);
        let (one, two, three) = (pair(), pair(), pair());
        let here = agree(&server, &one.0, &two.1).expect("derived");
        assert_eq!(agree(&server, &two.0, &one.1), Ok(here.clone()), "{curve}");
        assert_ne!(agree(&server, &one.0, &three.1), Ok(here), "{curve}: another party");
        let first = agree(&server, &one.1, &two.1);
        assert_eq!(first, Err(Reason::InvalidObjectType), "two public keys");
    }
}

/// A key leaves in every format that its kind has, comes back in that format, and is the same key.
#[test]
fn pairs_agree_through_every_format() {
    use KeyFormatType as F;
    let server = Server::new();
    let by_parameters =
        (&[F::PKCS_8, F::ECPrivateKey, F::TransparentECPrivateKey][..], &[F::X_509, F::TransparentECPublicKey][..]);
    let by_octets = (&[F::PKCS_8][..], &[F::X_509, F::TransparentECPublicKey][..]);
    for (curve, algorithm) in AGREEMENT.into_iter().filter(|row| *row != (RecommendedCurve::CURVE25519, Algorithm::EC))
    {
        let octets = curve == RecommendedCurve::CURVE25519;
        let (of_private, of_public) = if octets { by_octets } else { by_parameters };
        let pair = || agreement_pair(&server, algorithm, curve);
        let (one, two) = (pair(), pair());
        let expected = agree(&server, &one.0, &two.1);
        let again =
            |id: &str, format| server.register(server.got(id, format).expect("the key"), active(Mask::DeriveKey));
        for format in of_private {
            assert_eq!(agree(&server, &again(&one.0, *format), &two.1), expected, "{curve} {format}");
        }
        for format in of_public {
            assert_eq!(agree(&server, &one.0, &again(&two.1, *format)), expected, "{curve} {format}");
        }
        if octets {
            let refused = server.got(&one.0, F::TransparentECPrivateKey).map(drop);
            assert_eq!(refused, Err(Reason::KeyFormatTypeNotSupported), "the byte order of D is not defined");
        }
    }
}

#[test]
fn secret_data_stands_for_derivation_data() {
    let server = Server::new();
    let (base, data) = (base(&server), server.register(secret_data(&[1, 2]), active(Mask::DeriveKey)));
    for ids in [[base.as_str(), &data], [&data, base.as_str()]] {
        let found = derived(&server, V1_4, request(&ids, Method::HMAC, derivation(sha256))).expect("derived");
        assert_eq!(material(&server, &found), hex("1e15c1f1da233629f770fb0a04a5020e"));
    }
    let both = request(
        &[&base, &data],
        Method::HMAC,
        derivation(|p| {
            sha256(p);
            data_of(p, &[1, 2]);
        }),
    );
    for version in [V1_0, V1_4, V2_0, V2_1] {
        assert_eq!(derived(&server, version, both.clone()), Err(Reason::InvalidMessage), "ambiguous");
    }
}

#[test]
fn links_join_what_is_derived_with_its_bases() {
    let server = Server::new();
    let (base, data) = (base(&server), server.register(secret_data(&[1, 2]), active(Mask::DeriveKey)));
    server.advance(100);
    let made = derived(&server, V2_1, request(&[&base, &data], Method::HMAC, derivation(sha256))).expect("derived");
    let links = |id: &str| {
        let attribute_references =
            vec![AttributeReference::Tag(Tag::Link), AttributeReference::Tag(Tag::LastChangeDate)];
        let request = GetAttributesRequest { unique_identifier: text(id), attribute_references };
        let found = ask!(server, V2_1, GetAttributes, request).expect("attributes").attributes.expect("some");
        let mut links = Vec::new();
        for instance in found.items {
            match instance.attribute {
                Attribute::Link(Link { link_type, linked_object_identifier }) => {
                    links.push((link_type, linked_object_identifier.as_text().unwrap().to_owned()));
                }
                Attribute::LastChangeDate(date) => assert_eq!(date, DateTime(START + 100)),
                other => panic!("{other:?}"),
            }
        }
        links
    };
    let of = |kind: LinkType, id: &String| (kind, id.clone());
    let bases = [of(LinkType::DerivationBaseObjectLink, &base), of(LinkType::DerivationBaseObjectLink, &data)];
    assert_eq!(links(&made), bases);
    assert_eq!(links(&base), [of(LinkType::DerivedKeyLink, &made)]);
    assert_eq!(links(&data), [of(LinkType::DerivedKeyLink, &made)]);
}

/// What a request is refused with: in 1.x, and from 2.0 on.
fn refused_in_both(server: &Server, v1: Reason, v2: Reason, ask: &dyn Fn() -> DeriveKeyRequest, what: &str) {
    for (version, reason) in [(V1_0, v1), (V1_4, v1), (V2_0, v2), (V2_1, v2)] {
        assert_eq!(derived(server, version, ask()), Err(reason), "{what} in {version}");
    }
}

#[test]
fn wrong_bases_and_results_are_refused_as_the_error_table_says() {
    let server = Server::new();
    let base = base(&server);
    let both = |v1: Reason, v2: Reason, ask: &dyn Fn() -> DeriveKeyRequest, what: &str| {
        refused_in_both(&server, v1, v2, ask, what);
    };
    let hash = |ids: &[&str]| request(ids, Method::HASH, derivation(sha256));
    both(Reason::ItemNotFound, Reason::ObjectNotFound, &|| hash(&["nothing"]), "no object");
    both(Reason::InvalidMessage, Reason::InvalidMessage, &|| hash(&[]), "no identifier");
    both(Reason::InvalidField, Reason::InvalidField, &|| hash(&[&base, &base, &base]), "three identifiers");
    both(Reason::InvalidField, Reason::InvalidObjectType, &|| hash(&[&base, &base]), "two keys");
    let other = server.key(Algorithm::AES, &[1; 16], Mask::Encrypt);
    both(Reason::InvalidField, Reason::IncompatibleCryptographicUsageMask, &|| hash(&[&other]), "the mask");
    let dead = server.key(Algorithm::AES, &[1; 16], Mask::DeriveKey);
    server.revoke(&dead, RevocationReasonCode::Superseded);
    both(Reason::InvalidField, Reason::WrongKeyLifecycleState, &|| hash(&[&dead]), "the state");
    both(
        Reason::InvalidField,
        Reason::InvalidObjectType,
        &|| {
            let mut request = hash(&[&base]);
            request.object_type = ObjectType::PublicKey;
            request
        },
        "what is to be made",
    );
    both(
        Reason::InvalidMessage,
        Reason::InvalidAttribute,
        &|| {
            let mut request = hash(&[&base]);
            request.attributes = Some([Attribute::CryptographicUsageMask(Mask::Encrypt)].into_iter().collect());
            request
        },
        "no length",
    );
    both(
        Reason::InvalidField,
        Reason::InvalidField,
        &|| {
            let mut request = hash(&[&base]);
            let attributes = [
                Attribute::CryptographicAlgorithm(Algorithm::RSA),
                Attribute::CryptographicLength(128),
                Attribute::CryptographicUsageMask(Mask::Encrypt),
            ];
            request.attributes = Some(attributes.into_iter().collect());
            request
        },
        "a symmetric key of an algorithm that has pairs",
    );
    both(
        Reason::InvalidField,
        Reason::InvalidField,
        &|| {
            let mut request = hash(&[&base]);
            let attributes = [
                Attribute::CryptographicAlgorithm(Algorithm::AES),
                Attribute::CryptographicLength(100),
                Attribute::CryptographicUsageMask(Mask::Encrypt),
            ];
            request.attributes = Some(attributes.into_iter().collect());
            request
        },
        "a length that AES does not have",
    );
}

#[test]
fn wrong_parameters_are_refused_as_the_error_table_says() {
    let server = Server::new();
    let base = base(&server);
    let both = |v1: Reason, v2: Reason, ask: &dyn Fn() -> DeriveKeyRequest, what: &str| {
        refused_in_both(&server, v1, v2, ask, what);
    };
    both(
        Reason::InvalidField,
        Reason::BadCryptographicParameters,
        &|| request(&[&base], Method::HASH, derivation(|_| {})),
        "no hash",
    );
    both(
        Reason::InvalidField,
        Reason::UnsupportedCryptographicParameters,
        &|| {
            request(&[&base], Method::HASH, derivation(with(|own| own.hashing_algorithm = Some(HashingAlgorithm::MD2))))
        },
        "MD2",
    );
    both(
        Reason::InvalidField,
        Reason::BadCryptographicParameters,
        &|| request(&[&base], Method::HMAC, derivation(sha256)),
        "no data",
    );
    both(
        Reason::CryptographicFailure,
        Reason::CryptographicFailure,
        &|| secret(&[&base], Method::HASH, 264, derivation(sha256)),
        "longer than the hash",
    );
    for (salt, iterations) in
        [(None, Some(1)), (Some(b"salt".as_slice()), None), (Some(b"salt"), Some(0)), (Some(b"salt"), Some(-1))]
    {
        both(
            Reason::InvalidField,
            Reason::BadCryptographicParameters,
            &|| {
                request(
                    &[&base],
                    Method::PBKDF2,
                    derivation(|p| {
                        p.salt = salt.and_then(octets);
                        p.iteration_count = iterations;
                    }),
                )
            },
            "PBKDF2",
        );
    }
}

#[test]
fn hmac_with_a_salt_extracts_and_expands() {
    // RFC 5869 §A.7.
    let server = Server::new();
    let base = server.register(secret_data(&[0x0c; 22]), active(Mask::DeriveKey));
    let okm = "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48";
    for data in [Vec::new(), vec![Secret::copy_from(b"")]] {
        let parameters = derivation(|p| {
            with(|own| own.hashing_algorithm = Some(HashingAlgorithm::SHA_1))(p);
            p.salt = octets(b"");
            p.derivation_data = data;
        });
        let made = derived(&server, V1_2, secret(&[&base], Method::HMAC, 336, parameters)).expect("derived");
        assert_eq!(material(&server, &made), hex(okm));
    }
}

#[test]
fn what_was_never_given_a_date_derives_and_what_has_a_later_one_does_not() {
    let server = Server::new();
    let mask = Attribute::CryptographicUsageMask(Mask::DeriveKey);
    let free = server.register(symmetric(Algorithm::AES, &[1; 16]), vec![mask.clone()]);
    derived(&server, V2_0, request(&[&free], Method::HASH, derivation(sha256))).expect("no date");
    let later = vec![mask, Attribute::ActivationDate(DateTime(START + 10))];
    let later = server.register(symmetric(Algorithm::AES, &[1; 16]), later);
    let refused = derived(&server, V2_0, request(&[&later], Method::HASH, derivation(sha256)));
    assert_eq!(refused, Err(Reason::WrongKeyLifecycleState));
    let mut odd = request(&[&free], Method::HASH, derivation(sha256));
    let attributes = [Attribute::CryptographicAlgorithm(Algorithm::AES), Attribute::CryptographicLength(160)];
    odd.attributes = Some(attributes.into_iter().collect());
    let made = derived(&server, V1_2, odd).expect("a length that AES has not, and no mask");
    assert_eq!(material(&server, &made).len(), 20);
}

#[test]
fn long_work_waits_for_the_pool() {
    let server = Server::new();
    let password = password(&server);
    let pbkdf2 = request(
        &[&password],
        Method::PBKDF2,
        derivation(|p| {
            p.salt = octets(b"salt");
            p.iteration_count = Some(1);
        }),
    );
    let payload = kmip_codec::operation::RequestPayload::DeriveKey(Box::new(pbkdf2));
    let request = RequestMessage::continuing(V2_1, vec![(kmip_codec::registry::Operation::DeriveKey, payload)]);
    let bytes = kmip_codec::message::encode(Tag::RequestMessage, &request, V2_1);
    let env = kmip_core::env::Env::new(START, kmip_core::env::Pace::Inline);
    assert!(matches!(server.engine.evaluate(&bytes, "client", env), kmip_core::engine::Evaluation::Defer(_)));
}
