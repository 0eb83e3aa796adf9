//! The cases that a release must pass: the symmetric and asymmetric life cycle, key foundry, opaque store, storage array, tape
//! library, baseline, AES-XTS, cryptographic server and message encoding profiles, and the general cases of the operations that are complete.

use super::case::{Case, Content, Node};
use kmip_codec::item::ItemValue;
use kmip_codec::registry::{CryptographicAlgorithm, Tag};
use kmip_codec::version::{V1_0, V1_4, V2_1};

/// How the names of required profile cases begin. Of the optional RNG cases, whose answers exclude one another, this server
/// gives those of CS-RNG-O-3. QS-M-1 wants Adjust Attribute.
const PROFILES: [&str; 14] = [
    "SKLC-",
    "SKFF-",
    "AKLC-",
    "OMOS-",
    "SASED-",
    "TL-",
    "BL-",
    "AX-",
    "MSGENC-",
    "CS-AC-",
    "CS-BC-",
    "CS-RNG-M-",
    "CS-RNG-O-3",
    "QS-M-2",
];

const GENERAL_1_0: [&str; 20] = [
    "TC-41",
    "TC-61",
    "TC-71",
    "TC-72",
    "TC-82",
    "TC-91",
    "TC-92",
    "TC-93",
    "TC-94",
    "TC-131",
    "TC-311",
    "TC-313",
    "TC-314",
    "TC-DERIVEKEY-1",
    "TC-DERIVEKEY-2",
    "TC-DERIVEKEY-3",
    "TC-DERIVEKEY-5",
    "TC-ECC-1",
    "TC-ECC-2-UNENCRYPTED",
    "TC-I18N-3",
];

const GENERAL_1_4: [&str; 42] = [
    "TC-CERTATTR-1",
    "TC-CREG-1",
    "TC-CREG-3",
    "TC-DERIVEKEY-1",
    "TC-DERIVEKEY-2",
    "TC-DERIVEKEY-3",
    "TC-DERIVEKEY-4",
    "TC-DERIVEKEY-5",
    "TC-DERIVEKEY-6",
    "TC-ECC-1",
    "TC-ECC-3",
    "TC-ECDSA-SIGN-DIGESTEDDATA-1",
    "TC-EXTRACTABLE-1",
    "TC-SENSITIVE-1",
    "TC-I18N-2",
    "TC-I18N-3",
    "TC-MDO-2",
    "TC-MDO-3",
    "TC-OFFSET-1",
    "TC-OFFSET-2",
    "TC-Q-CAP-1",
    "TC-Q-CAP-3",
    "TC-Q-PROF-1",
    "TC-Q-PROF-2",
    "TC-Q-RNGS-1",
    "TC-Q-RNGS-2",
    "TC-Q-RNGS-4",
    "TC-Q-RNGS-6",
    "TC-Q-VAL-2",
    "TC-RNG-ATTR-1",
    "TC-RNG-ATTR-2",
    "TC-RSA-SIGN-DIGESTEDDATA-1",
    "TC-STREAM-ENC-1",
    "TC-STREAM-ENC-2",
    "TC-STREAM-ENCDEC-1",
    "TC-STREAM-HASH-1",
    "TC-STREAM-HASH-3",
    "TC-STREAM-MAC-1",
    "TC-STREAM-SIGN-1",
    "TC-STREAM-SIGNVFY-1",
    "TC-WRAP-2",
    "TC-WRAP-3",
];

const GENERAL_2_1: [&str; 1] = ["TC-RSA-SIGN-DIGESTEDDATA-1"];

/// Whether a release must pass the case.
pub fn is_required(case: &Case) -> bool {
    let base = case.base_name();
    let general: &[&str] = match case.version {
        V1_0 => &GENERAL_1_0,
        V1_4 => &GENERAL_1_4,
        V2_1 => &GENERAL_2_1,
        _ => &[],
    };
    general.contains(&base) || (is_of_profile(base) && !wants_skipjack(case))
}

fn is_of_profile(base: &str) -> bool {
    PROFILES.iter().any(|prefix| base.starts_with(prefix))
}

/// Whether a key foundry case (optional ones do) wants SKIPJACK keys, which the server keeps and does not make.
fn wants_skipjack(case: &Case) -> bool {
    let is_skipjack = |node: &Node| matches!(node.content, Content::Fixed(ItemValue::Enumeration(value)) if value == CryptographicAlgorithm::SKIPJACK.0);
    case.base_name().starts_with("SKFF") && case.exchanges.iter().any(|exchange| any(&exchange.request, &is_skipjack))
}

/// Whether a Cryptographic Algorithm below the node, as its own field or as a 1.x attribute, fulfils the condition.
fn any(node: &Node, condition: &dyn Fn(&Node) -> bool) -> bool {
    let named = node.field(Tag::AttributeName).and_then(Node::as_text) == Some("Cryptographic Algorithm");
    let own = node.tag == Tag::CryptographicAlgorithm && condition(node);
    own || (named && node.field(Tag::AttributeValue).is_some_and(condition))
        || node.fields().iter().any(|field| any(field, condition))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oasis::run::load_all;
    use crate::reference;
    use kmip_codec::version::V3_0;

    #[test]
    fn every_required_name_is_a_published_case() {
        let Some(folder) = reference::require("the list of required cases", "oasis") else { return };
        let cases = load_all(&folder).expect("the published cases can be read");
        let count = |version| cases.iter().filter(|case| case.version == version && is_required(case)).count();
        // 1.0: SKLC 4, SKFF 14 less 2, AKLC 2, OMOS 1, SASED 2, TL 3, MSGENC 3, and 20 general ones.
        assert_eq!(count(V1_0), 47);
        // 1.4: SKLC 4, SKFF 9, AKLC 2, OMOS 1, SASED 2, TL 3, AX 1, CS-AC 14, CS-BC 10, CS-RNG 2, MSGENC 3, and 42
        // general ones.
        assert_eq!(count(V1_4), 93);
        // 2.1: the same profiles with CS-BC 13, BL 9, QS 1, and 1 general one.
        assert_eq!(count(V2_1), 65);
        // 3.0: the same profiles with CS-BC 14 and BL 14.
        assert_eq!(count(V3_0), 70);
    }
}
