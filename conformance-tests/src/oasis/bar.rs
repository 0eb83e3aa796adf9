//! The cases that a release must pass: the symmetric and asymmetric life cycle, key foundry, opaque store, storage array, tape
//! library and baseline profiles, and the general cases of the operations that are complete.

use super::case::{Case, Content, Node};
use kmip_codec::item::ItemValue;
use kmip_codec::registry::{CryptographicAlgorithm, Tag};
use kmip_codec::version::{V1_0, V1_4, V3_0};

const PROFILES: [&str; 7] = ["SKLC", "SKFF", "AKLC", "OMOS", "SASED", "TL", "BL"];

const GENERAL_1_0: [&str; 14] = [
    "TC-41",
    "TC-61",
    "TC-71",
    "TC-72",
    "TC-91",
    "TC-92",
    "TC-93",
    "TC-94",
    "TC-131",
    "TC-311",
    "TC-314",
    "TC-ECC-1",
    "TC-ECC-2-UNENCRYPTED",
    "TC-I18N-3",
];

const GENERAL_1_4: [&str; 17] = [
    "TC-CERTATTR-1",
    "TC-CREG-1",
    "TC-CREG-3",
    "TC-ECC-1",
    "TC-ECC-3",
    "TC-EXTRACTABLE-1",
    "TC-SENSITIVE-1",
    "TC-I18N-2",
    "TC-I18N-3",
    "TC-MDO-2",
    "TC-MDO-3",
    "TC-OFFSET-1",
    "TC-OFFSET-2",
    "TC-Q-VAL-2",
    "TC-RNG-ATTR-1",
    "TC-WRAP-2",
    "TC-WRAP-3",
];

/// Whether a release must pass the case.
pub fn is_required(case: &Case) -> bool {
    let base = case.base_name();
    let general: &[&str] = match case.version {
        V1_0 => &GENERAL_1_0,
        V1_4 => &GENERAL_1_4,
        _ => &[],
    };
    case.version < V3_0 && (general.contains(&base) || (is_of_profile(base) && !wants_retired_cipher(case)))
}

fn is_of_profile(base: &str) -> bool {
    base.split_once('-').is_some_and(|(prefix, _)| PROFILES.contains(&prefix))
}

/// Whether a key foundry case wants 3DES or SKIPJACK keys.
fn wants_retired_cipher(case: &Case) -> bool {
    let retired = [CryptographicAlgorithm::DES3.0, CryptographicAlgorithm::SKIPJACK.0];
    let names =
        |node: &Node| matches!(node.content, Content::Fixed(ItemValue::Enumeration(value)) if retired.contains(&value));
    case.base_name().starts_with("SKFF") && case.exchanges.iter().any(|exchange| any(&exchange.request, &names))
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
    use kmip_codec::version::V2_1;

    #[test]
    fn every_required_name_is_a_published_case() {
        let Some(folder) = reference::require("the list of required cases", "oasis") else { return };
        let cases = load_all(&folder).expect("the published cases can be read");
        let count = |version| cases.iter().filter(|case| case.version == version && is_required(case)).count();
        // 1.0: SKLC 4, SKFF 14 less 7, AKLC 2, OMOS 1, SASED 2, TL 3, and 14 general ones.
        assert_eq!(count(V1_0), 33);
        // 1.4: SKLC 4, SKFF 9 less 2, AKLC 2, OMOS 1, SASED 2, TL 3, and 17 general ones.
        assert_eq!(count(V1_4), 36);
        // 2.1: the same profiles and BL 9.
        assert_eq!(count(V2_1), 28);
        assert_eq!(count(V3_0), 0);
    }
}
