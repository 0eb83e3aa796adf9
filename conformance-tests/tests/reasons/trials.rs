//! Requests that are refused, one for each reason that no case shows in every version.

use conformance_tests::message::payload;
use conformance_tests::tree::{Tree, boolean, bytes, enumeration, integer, structure, text};
use conformance_tests::walker::samples::sample;
use conformance_tests::walker::{Walker, identifier, key_attributes, objects::with};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    AdjustmentType, BlockCipherMode, CertificateRequestType, CredentialType, CryptographicAlgorithm,
    CryptographicUsageMask, EncodingOption, KeyCompressionType, KeyFormatType, ObjectType, Operation, PaddingMethod,
    ProtectionStorageMask, ResultReason, SplitKeyMethod, Tag, WrappingMethod,
};
use kmip_codec::version::{V2_0, V3_0, Version};
use kmip_codec::wire::IdentifierKind;

/// A request that is refused, and why.
pub type Trial = (ResultReason, fn(&mut Walker) -> Item);

/// Trials of objects, attributes and messages.
pub const GENERAL: &[Trial] = &[
    (ResultReason::ItemNotFound, |w| w.certify("absent", Vec::new())),
    (ResultReason::ResponseTooLarge, |w| {
        let most = integer(Tag::MaximumResponseSize, 64);
        w.headed(vec![most], Operation::Query, vec![enumeration(Tag::QueryFunction, 1)])
    }),
    (ResultReason::AuthenticationNotSuccessful, |w| {
        let value = vec![text(Tag::Username, "nobody"), text(Tag::Password, "wrong")];
        present(w, CredentialType::UsernameAndPassword, value)
    }),
    (ResultReason::InvalidMessage, |w| w.call(Operation::Create, Vec::new())),
    (ResultReason::OperationNotSupported, |w| w.call(Operation(0x7F), Vec::new())),
    (ResultReason::InvalidField, |w| {
        let key = w.create(Vec::new());
        let fields = vec![w.id(&key), integer(Tag::SplitKeyParts, 1)];
        w.call(Operation::Activate, fields)
    }),
    (ResultReason::OperationCanceledByRequester, canceled),
    (ResultReason::ObjectArchived, |w| {
        let key = w.create(Vec::new());
        w.on(Operation::Archive, &key);
        w.on(Operation::Get, &key)
    }),
    (ResultReason::IndexOutOfBounds, |w| w.make(ObjectType::SymmetricKey, many(w.version))),
    (ResultReason::ApplicationNamespaceNotSupported, |w| {
        let namespace = vec![text(Tag::ApplicationNamespace, "unknown")];
        w.try_create(vec![structure(Tag::ApplicationSpecificInformation, namespace)])
    }),
    (ResultReason::AttestationFailed, |w| {
        let nonce = structure(Tag::Nonce, vec![bytes(Tag::NonceID, &[1]), bytes(Tag::NonceValue, &[2])]);
        let value = vec![nonce, enumeration(Tag::AttestationType, 1), bytes(Tag::AttestationAssertion, &[3])];
        present(w, CredentialType::Attestation, value)
    }),
    (ResultReason::ObjectAlreadyExists, |w| {
        let key = w.import(Vec::new());
        w.try_import(&key, Vec::new())
    }),
    (ResultReason::InvalidTicket, |w| {
        let ticket = vec![enumeration(Tag::TicketType, 1), bytes(Tag::TicketValue, &[1; 16])];
        w.call(Operation::Logout, vec![structure(Tag::Ticket, ticket)])
    }),
    (ResultReason::NumericRange, |w| {
        let period = Item { tag: Tag::ProtectionPeriod, value: ItemValue::Interval(0) };
        let key = w.create(vec![period]);
        w.adjust(&key, Tag::ProtectionPeriod, AdjustmentType::Decrement.0)
    }),
    (ResultReason::InvalidDataType, |w| {
        let key = w.create(vec![contact()]);
        w.adjust(&key, Tag::ContactInformation, AdjustmentType::Increment.0)
    }),
    (ResultReason::ReadOnlyAttribute, |w| {
        let key = w.create(Vec::new());
        w.add(&key, enumeration(Tag::State, 1))
    }),
    (ResultReason::MultiValuedAttribute, |w| {
        let name = |w: &Walker| sample(Tag::Name, "Text String", w.version, "", 0);
        let key = w.create(vec![name(w), name(w)]);
        w.set(&key, name(w))
    }),
    (ResultReason::UnsupportedAttribute, |w| {
        let key = w.create(Vec::new());
        w.adjust(&key, Tag::OperationPolicyName, AdjustmentType::Increment.0)
    }),
    (ResultReason::AttributeInstanceNotFound, |w| {
        let key = w.create(vec![contact()]);
        let current = structure(Tag::CurrentAttribute, vec![text(Tag::ContactInformation, "another")]);
        let fields = vec![w.id(&key), current, structure(Tag::NewAttribute, vec![contact()])];
        w.call(Operation::ModifyAttribute, fields)
    }),
    (ResultReason::AttributeNotFound, |w| {
        let key = w.create(Vec::new());
        w.modify(&key, contact())
    }),
    (ResultReason::AttributeReadOnly, |w| {
        let key = w.create(Vec::new());
        w.modify(&key, enumeration(Tag::State, 1))
    }),
    (ResultReason::ServerLimitExceeded, |w| w.make(ObjectType::SymmetricKey, many(w.version))),
    (ResultReason::UnknownMessageExtension, |w| w.extended(Operation::DiscoverVersions)),
    (ResultReason::ObjectDestroyed, |w| {
        let key = w.create(Vec::new());
        w.destroy(&key);
        w.on(Operation::Get, &key)
    }),
    (ResultReason::BadPassword, |w| {
        let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, &[0x30, 0])]);
        let block = vec![enumeration(Tag::KeyFormatType, KeyFormatType::PKCS_12.0), value];
        let key = structure(Tag::PrivateKey, vec![structure(Tag::KeyBlock, block)]);
        let mask = integer(Tag::CryptographicUsageMask, CryptographicUsageMask::Sign.0.cast_signed());
        w.register_object(ObjectType::PrivateKey, vec![mask], key)
    }),
    (ResultReason::ConstraintViolation, |w| {
        let attributes = structure(Tag::Attributes, vec![integer(Tag::CryptographicLength, 128)]);
        let constraint = structure(Tag::Constraint, vec![attributes]);
        w.call(Operation::SetConstraints, vec![structure(Tag::Constraints, vec![constraint])]);
        let refused = w.try_create(Vec::new());
        w.call(Operation::SetConstraints, vec![structure(Tag::Constraints, Vec::new())]);
        refused
    }),
    (ResultReason::UnsupportedProtocolVersion, |w| {
        let (major, minor) = (w.version.major, w.version.minor);
        let version = if w.version >= V3_0 { Version::new(9, 0) } else { Version::new(major, minor + 7) };
        w.speaking(version, |w| w.call(Operation::Query, vec![enumeration(Tag::QueryFunction, 1)]))
    }),
    (ResultReason::GeneralFailure, |w| {
        if w.version >= V2_0 {
            let length = integer(Tag::CryptographicLength, 128);
            return w.try_create(vec![length, boolean(Tag::QuantumSafe, true)]);
        }
        let key = w.create(vec![contact()]);
        w.modify(&key, text(Tag::ContactInformation, &"long ".repeat(209_715)))
    }),
];

/// Trials of what is done with key material.
pub const USE: &[Trial] = &[
    (ResultReason::KeyFormatTypeNotSupported, |w| {
        get_with(w, Vec::new(), Some(enumeration(Tag::KeyFormatType, KeyFormatType::X_509.0)))
    }),
    (ResultReason::KeyCompressionTypeNotSupported, |w| {
        let kind = KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime;
        get_with(w, Vec::new(), Some(enumeration(Tag::KeyCompressionType, kind.0)))
    }),
    (ResultReason::KeyWrapTypeNotSupported, |w| {
        get_with(w, Vec::new(), Some(enumeration(Tag::KeyWrapType, 0x8000_0001)))
    }),
    (ResultReason::EncodingOptionError, |w| {
        let key = wrapping_key(w);
        let named = if w.version < V3_0 {
            text(Tag::AttributeName, "Cryptographic Usage Mask")
        } else {
            w.reference(Tag::CryptographicUsageMask)
        };
        get_wrapped(w, &key, vec![named, enumeration(Tag::EncodingOption, EncodingOption::NoEncoding.0)])
    }),
    (ResultReason::KeyValueNotPresent, |w| {
        let block = vec![
            enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
            integer(Tag::CryptographicLength, 256),
        ];
        let place = sample(Tag::KeyValueLocation, "Structure", w.version, "", 0);
        let key = structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]);
        let made = w.register_object(ObjectType::SymmetricKey, with(key_attributes(), vec![place]), key);
        let key = identifier(&made, Tag::UniqueIdentifier);
        w.on(Operation::ReKey, &key)
    }),
    (ResultReason::Sensitive, |w| get_with(w, vec![boolean(Tag::Sensitive, true)], None)),
    (ResultReason::NotExtractable, |w| get_with(w, vec![boolean(Tag::Extractable, false)], None)),
    (ResultReason::UsageLimitExceeded, |w| {
        let limits = structure(
            Tag::UsageLimits,
            vec![
                Item { tag: Tag::UsageLimitsTotal, value: ItemValue::LongInteger(1) },
                enumeration(Tag::UsageLimitsUnit, 1),
            ],
        );
        let key = active(w, vec![limits]);
        encrypt(w, &key, BlockCipherMode::ECB, &[])
    }),
    (ResultReason::CryptographicFailure, |w| {
        let key = active(w, Vec::new());
        decrypt(w, &key, BlockCipherMode::ECB, &[3; 15])
    }),
    (ResultReason::InvalidCorrelationValue, |w| {
        let key = active(w, Vec::new());
        encrypt(w, &key, BlockCipherMode::ECB, &[bytes(Tag::CorrelationValue, &[1; 8])])
    }),
    (ResultReason::MissingInitializationVector, |w| {
        let key = active(w, Vec::new());
        decrypt(w, &key, BlockCipherMode::CBC, &[3; 16])
    }),
    (ResultReason::BadCryptographicParameters, |w| split(w, SplitKeyMethod::XOR, 2)),
    (ResultReason::UnsupportedCryptographicParameters, |w| split(w, SplitKeyMethod(0x8000_0001), 3)),
    (ResultReason::InvalidCSR, |w| {
        let kind = enumeration(Tag::CertificateRequestType, CertificateRequestType::PKCS_10.0);
        w.call(Operation::Certify, vec![kind, bytes(Tag::CertificateRequestValue, b"no request")])
    }),
    (ResultReason::WrongKeyLifecycleState, |w| {
        let key = w.create(Vec::new());
        encrypt(w, &key, BlockCipherMode::ECB, &[])
    }),
    (ResultReason::PermissionDenied, |w| {
        let key = w.create(Vec::new());
        w.destroy(&key);
        w.on(Operation::ReKey, &key)
    }),
    (ResultReason::InvalidAsynchronousCorrelationValue, |w| {
        w.call(Operation::Poll, vec![bytes(Tag::AsynchronousCorrelationValue, &[1; 8])])
    }),
    (ResultReason::WrappingObjectNotFound, |w| get_wrapped(w, "absent", Vec::new())),
    (ResultReason::WrappingObjectArchived, |w| {
        let key = wrapping_key(w);
        w.on(Operation::Archive, &key);
        get_wrapped(w, &key, Vec::new())
    }),
    (ResultReason::WrappingObjectDestroyed, |w| {
        let key = wrapping_key(w);
        w.compromise(&key);
        w.destroy(&key);
        get_wrapped(w, &key, Vec::new())
    }),
    (ResultReason::ProtectionStorageUnavailable, |w| {
        let attributes = w.attributes(key_attributes());
        let kind = enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0);
        w.call(Operation::Create, vec![kind, attributes, hardware(Tag::ProtectionStorageMasks)])
    }),
    (ResultReason::PrivateProtectionStorageUnavailable, |w| pair_in(w, Tag::PrivateProtectionStorageMasks)),
    (ResultReason::PublicProtectionStorageUnavailable, |w| pair_in(w, Tag::PublicProtectionStorageMasks)),
    (ResultReason::PKCS_11CodecError, |w| pkcs_11(w, None, 13, Some(&[0]))),
    (ResultReason::PKCS_11InvalidFunction, |w| pkcs_11(w, None, 0x63, None)),
    (ResultReason::PKCS_11InvalidInterface, |w| pkcs_11(w, Some("PKCS 12"), 3, None)),
];

fn present(w: &mut Walker, kind: CredentialType, value: Vec<Item>) -> Item {
    let credential = vec![enumeration(Tag::CredentialType, kind.0), structure(Tag::CredentialValue, value)];
    let authentication = structure(Tag::Authentication, vec![structure(Tag::Credential, credential)]);
    w.headed(vec![authentication], Operation::Locate, Vec::new())
}

/// Polls a request that was canceled.
fn canceled(w: &mut Walker) -> Item {
    let mandatory = if w.version < V2_0 {
        boolean(Tag::AsynchronousIndicator, true)
    } else {
        enumeration(Tag::AsynchronousIndicator, 1)
    };
    let fields = vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0), w.attributes(key_attributes())];
    let pending = w.headed(vec![mandatory], Operation::Create, fields);
    let Some(value) = pending.field(Tag::AsynchronousCorrelationValue).cloned() else { return pending };
    w.call(Operation::Cancel, vec![value.clone()]);
    w.call(Operation::Poll, vec![value])
}

fn contact() -> Item {
    text(Tag::ContactInformation, "the walk")
}

/// More instances of an attribute than a server keeps.
fn many(version: Version) -> Vec<Item> {
    let instance = |nth| match version < V2_0 {
        true => text(Tag::ObjectGroup, &format!("group {nth}")),
        false => structure(
            Tag::AlternativeName,
            vec![text(Tag::AlternativeNameValue, &format!("name {nth}")), enumeration(Tag::AlternativeNameType, 1)],
        ),
    };
    (0..1_001).map(instance).collect()
}

fn get_with(w: &mut Walker, attributes: Vec<Item>, field: Option<Item>) -> Item {
    let key = w.create(attributes);
    let fields = std::iter::once(w.id(&key)).chain(field).collect();
    w.call(Operation::Get, fields)
}

fn active(w: &mut Walker, attributes: Vec<Item>) -> String {
    let key = w.create(attributes);
    payload(&w.activate(&key)).expect("an active key");
    key
}

fn wrapping_key(w: &mut Walker) -> String {
    let mask = integer(Tag::CryptographicUsageMask, CryptographicUsageMask::WrapKey.0.cast_signed());
    active(w, vec![mask])
}

fn get_wrapped(w: &mut Walker, by: &str, more: Vec<Item>) -> Item {
    let key = w.create(Vec::new());
    let mut id = w.id(by);
    if w.version >= V3_0 {
        id.value = ItemValue::Identifier(IdentifierKind::Reference, Text::new(by));
    }
    let mut parts = vec![
        enumeration(Tag::WrappingMethod, WrappingMethod::Encrypt.0),
        structure(Tag::EncryptionKeyInformation, vec![id]),
    ];
    parts.extend(more);
    let fields = vec![w.id(&key), structure(Tag::KeyWrappingSpecification, parts)];
    w.call(Operation::Get, fields)
}

fn parameters(mode: BlockCipherMode) -> Item {
    let parts = vec![enumeration(Tag::BlockCipherMode, mode.0), enumeration(Tag::PaddingMethod, PaddingMethod::None.0)];
    structure(Tag::CryptographicParameters, parts)
}

fn encrypt(w: &mut Walker, key: &str, mode: BlockCipherMode, more: &[Item]) -> Item {
    let mut fields = vec![w.id(key), parameters(mode), bytes(Tag::Data, &[3; 16])];
    fields.extend_from_slice(more);
    w.call(Operation::Encrypt, fields)
}

fn decrypt(w: &mut Walker, key: &str, mode: BlockCipherMode, data: &[u8]) -> Item {
    let fields = vec![w.id(key), parameters(mode), bytes(Tag::Data, data)];
    w.call(Operation::Decrypt, fields)
}

fn split(w: &mut Walker, method: SplitKeyMethod, threshold: i32) -> Item {
    let fields = vec![
        enumeration(Tag::ObjectType, ObjectType::SplitKey.0),
        integer(Tag::SplitKeyParts, 3),
        integer(Tag::SplitKeyThreshold, threshold),
        enumeration(Tag::SplitKeyMethod, method.0),
        w.attributes(key_attributes()),
    ];
    w.call(Operation::CreateSplitKey, fields)
}

fn hardware(tag: Tag) -> Item {
    structure(tag, vec![integer(Tag::ProtectionStorageMask, ProtectionStorageMask::Hardware.0.cast_signed())])
}

fn pair_in(w: &mut Walker, tag: Tag) -> Item {
    let curve = sample(Tag::CryptographicDomainParameters, "Structure", w.version, "", 0);
    let common = vec![enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0), curve];
    let mask = |mask: CryptographicUsageMask| vec![integer(Tag::CryptographicUsageMask, mask.0.cast_signed())];
    let fields = vec![
        structure(Tag::CommonAttributes, common),
        structure(Tag::PrivateKeyAttributes, mask(CryptographicUsageMask::Sign)),
        structure(Tag::PublicKeyAttributes, mask(CryptographicUsageMask::Verify)),
        hardware(tag),
    ];
    w.call(Operation::CreateKeyPair, fields)
}

/// A call of a PKCS#11 function, after C_Initialize.
fn pkcs_11(w: &mut Walker, interface: Option<&str>, function: u32, input: Option<&[u8]>) -> Item {
    let begun = w.call(Operation::PKCS_11, vec![enumeration(Tag::PKCS_11Function, 1)]);
    let value = payload(&begun).expect("an application").field(Tag::CorrelationValue).cloned();
    let mut fields: Vec<Item> = interface.map(|name| text(Tag::PKCS_11Interface, name)).into_iter().collect();
    fields.push(enumeration(Tag::PKCS_11Function, function));
    fields.extend(value);
    fields.extend(input.map(|input| bytes(Tag::PKCS_11InputParameters, input)));
    w.call(Operation::PKCS_11, fields)
}
