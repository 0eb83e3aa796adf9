//! Cryptographic operations: what a later part may say again (KMIP 1.4 §4.29 to §4.38, KMIP 2.1 §6.1), and the reasons for
//! what goes beyond a bound of the server (KMIP 1.4 §11, KMIP 2.1 §6.1 "Error Handling").

use conformance_tests::message::{payload, reason};
use conformance_tests::tree::{Tree, boolean, bytes, enumeration, integer, structure};
use conformance_tests::walker::{Walker, key_attributes};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, ObjectType, Operation, PaddingMethod,
    ResultReason, Tag,
};
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, V3_0, Version};

const VERSIONS: [Version; 4] = [V1_4, V2_0, V2_1, V3_0];

fn active(w: &mut Walker) -> String {
    let key = w.create(Vec::new());
    payload(&w.activate(&key)).expect("an active key");
    key
}

fn parameters(mode: BlockCipherMode, padding: PaddingMethod) -> Item {
    let parts = vec![enumeration(Tag::BlockCipherMode, mode.0), enumeration(Tag::PaddingMethod, padding.0)];
    structure(Tag::CryptographicParameters, parts)
}

fn iv(octet: u8) -> Item {
    bytes(Tag::IVCounterNonce, &[octet; 16])
}

/// Begins an operation by parts, and gives its Correlation Value.
#[track_caller]
fn begin(w: &mut Walker, operation: Operation, fields: Vec<Item>) -> Item {
    let fields = fields.into_iter().chain([boolean(Tag::InitIndicator, true)]).collect();
    let answer = w.call(operation, fields);
    payload(&answer).expect("a first part").field(Tag::CorrelationValue).expect("a Correlation Value").clone()
}

/// The last part, with what it says again between the data and the Correlation Value.
fn end(w: &mut Walker, operation: Operation, fields: Vec<Item>, correlation: &Item) -> Item {
    let fields = fields.into_iter().chain([correlation.clone(), boolean(Tag::FinalIndicator, true)]).collect();
    w.call(operation, fields)
}

/// "Any other required parameters" of a later part are those of the operation that it continues (KMIP 2.1 §6.1): another
/// IV/Counter/Nonce or other Cryptographic Parameters would be those of nothing.
#[test]
fn a_later_part_says_again_what_the_first_said_or_nothing() {
    use BlockCipherMode as M;
    use PaddingMethod as P;
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let key = active(w);
        let data = || bytes(Tag::Data, &[3; 16]);
        let cbc = || parameters(M::CBC, P::PKCS5);
        for (operation, said, wanted) in [
            (Operation::Encrypt, (None, None), None),
            (Operation::Encrypt, (Some(cbc()), Some(iv(7))), None),
            (Operation::Encrypt, (Some(cbc()), None), None),
            (Operation::Encrypt, (None, Some(iv(7))), None),
            (Operation::Encrypt, (Some(structure(Tag::CryptographicParameters, Vec::new())), None), None),
            (Operation::Encrypt, (None, Some(iv(8))), Some(ResultReason::InvalidField)),
            (Operation::Encrypt, (Some(parameters(M::CBC, P::None)), None), Some(ResultReason::InvalidField)),
            (Operation::Decrypt, (None, Some(iv(8))), Some(ResultReason::InvalidField)),
            (Operation::Decrypt, (Some(parameters(M::CTR, P::None)), Some(iv(7))), Some(ResultReason::InvalidField)),
        ] {
            let correlation = begin(w, operation, vec![w.id(&key), cbc(), data(), iv(7)]);
            let (parameters, iv) = said;
            let fields = [Some(w.id(&key)), parameters, Some(data()), iv].into_iter().flatten().collect();
            let answer = end(w, operation, fields, &correlation);
            // Data that is no padded text is another matter.
            if operation == Operation::Encrypt || wanted.is_some() {
                assert_eq!(reason(&answer), wanted, "KMIP {version}: {operation}: {answer:?}");
            }
        }
        let random = || {
            let parts = vec![
                enumeration(Tag::BlockCipherMode, M::CBC.0),
                enumeration(Tag::PaddingMethod, P::PKCS5.0),
                boolean(Tag::RandomIV, true),
            ];
            structure(Tag::CryptographicParameters, parts)
        };
        for again in [random(), cbc()] {
            let fields = vec![w.id(&key), random(), data(), boolean(Tag::InitIndicator, true)];
            let answer = w.call(Operation::Encrypt, fields);
            let answer = payload(&answer).expect("a first part");
            let field = |tag| answer.field(tag).expect("a field").clone();
            let (drawn, correlation) = (field(Tag::IVCounterNonce), field(Tag::CorrelationValue));
            let fields = vec![w.id(&key), again, data(), drawn];
            payload(&end(w, Operation::Encrypt, fields, &correlation)).expect("the one that was drawn");
        }
    }
}

/// The table of Hash requires Cryptographic Parameters with every part.
#[test]
fn a_hash_by_parts_is_one_hash() {
    let hash = |name: HashingAlgorithm| {
        structure(Tag::CryptographicParameters, vec![enumeration(Tag::HashingAlgorithm, name.0)])
    };
    for version in VERSIONS {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        for (name, wanted) in
            [(HashingAlgorithm::SHA_256, None), (HashingAlgorithm::SHA_512, Some(ResultReason::InvalidField))]
        {
            let first = vec![hash(HashingAlgorithm::SHA_256), bytes(Tag::Data, b"a")];
            let correlation = begin(w, Operation::Hash, first);
            let answer = end(w, Operation::Hash, vec![hash(name), bytes(Tag::Data, b"b")], &correlation);
            assert_eq!(reason(&answer), wanted, "KMIP {version}: {answer:?}");
        }
    }
}

/// Server Limit Exceeded is no reason of these operations (KMIP 2.1 §6.1.14.1, §6.1.17.1), General Failure says nothing.
#[test]
fn what_is_beyond_a_bound_of_the_server_has_a_reason_of_its_table() {
    for version in [V1_2, V1_4, V2_0, V2_1, V3_0] {
        let mut walker = Walker::new(version);
        let w = &mut walker;
        let key = active(w);
        let sha = enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0);
        let derivation = vec![
            structure(Tag::CryptographicParameters, vec![sha]),
            bytes(Tag::Salt, b"salt"),
            integer(Tag::IterationCount, i32::MAX),
        ];
        let fields = vec![
            enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
            w.id(&key),
            enumeration(Tag::DerivationMethod, DerivationMethod::PBKDF2.0),
            structure(Tag::DerivationParameters, derivation),
            w.attributes(key_attributes()),
        ];
        let refused = w.call(Operation::DeriveKey, fields);
        assert_eq!(reason(&refused), Some(ResultReason::InvalidField), "KMIP {version}: {refused:?}");
        let message = refused.field(Tag::ResultMessage).and_then(Tree::as_text).unwrap_or_default().to_owned();
        assert!(message.contains("at most 4000000 iterations"), "{message}");

        let ccm = vec![
            enumeration(Tag::BlockCipherMode, BlockCipherMode::CCM.0),
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
            integer(Tag::TagLength, 16),
        ];
        // A nonce of 13 bytes leaves two for the length of the data (NIST SP 800-38C §A.1).
        let fields = vec![
            w.id(&key),
            structure(Tag::CryptographicParameters, ccm),
            bytes(Tag::Data, &[3; 70_000]),
            bytes(Tag::IVCounterNonce, &[7; 13]),
        ];
        let refused = w.call(Operation::Encrypt, fields);
        assert_eq!(reason(&refused), Some(ResultReason::CryptographicFailure), "KMIP {version}: {refused:?}");
    }
}
