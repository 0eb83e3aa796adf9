//! The cases that a release must pass: all that are published, save those that say here why not.

use super::case::Case;

/// Cases that no release passes, by how their names begin (with the version where another one passes), and why.
const EXCUSED: [(&str, &str); 5] = [
    ("TC-OTP-", "wants what TC-OTP-SETUP stored, which is not published"),
    ("CS-RNG-O-2", "its answer excludes that of CS-RNG-O-3"),
    ("CS-RNG-O-4", "its answer excludes that of CS-RNG-O-3"),
    ("TC-81-10", "generates an RSA key of 1024 bits"),
    ("TC-ECC-3-10", "asks for an encrypted key, and registered it in the clear"),
];

/// Why a release need not pass the case, if it need not.
pub fn excuse(case: &Case) -> Option<&'static str> {
    EXCUSED.iter().find(|(name, _)| case.name.starts_with(name)).map(|(_, why)| *why)
}

/// Whether a release must pass the case.
pub fn is_required(case: &Case) -> bool {
    excuse(case).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oasis::run::load_all;
    use crate::reference;
    use kmip_codec::version::{V1_0, V1_4, V2_1, V3_0};

    #[test]
    fn every_excuse_is_one_of_a_published_case() {
        let Some(folder) = reference::require("the list of required cases", "oasis") else { return };
        let cases = load_all(&folder).expect("the published cases can be read");
        for (name, _) in EXCUSED {
            assert!(cases.iter().any(|case| case.name.starts_with(name)), "no case is named {name}");
        }
        let excused = |version| cases.iter().filter(|case| case.version == version && !is_required(case)).count();
        // 1.0: TC-81 and TC-ECC-3; 1.4: five of OTP, two of RNG; 2.1 and 3.0: two of RNG.
        assert_eq!([V1_0, V1_4, V2_1, V3_0].map(excused), [2, 7, 2, 2]);
    }
}
