//! Where the code differs from the data on purpose: one row a reason.

use super::facts::Difference;

/// A known difference.
pub struct Oddity {
    /// The entry that it is about; a `*` stands for any text.
    pub entry: &'static str,
    /// What differs.
    pub fact: &'static str,
    /// What the code says instead of the data; empty for an entry that the data does not have.
    pub code: &'static str,
    /// Why the code is right.
    pub reason: &'static str,
}

const STATED: &str = "the server sets it from the request or the object, and a request may state it: Create demands it, \
                      Register requires it (KMIP 2.1 §6.1.43), or a test case sends it";
const CERTIFICATE_1_4: &str = "has a tag in 1.4, and TC-CERTATTR-1 of 1.4 reads it; its rule is printed from 2.0 on";
const SECRETS: &str = "Derive Key demands it for Secret Data (KMIP 1.4 §4.6); Register exempts Secret Data";
const DATED: &str = "CS-AC-M-8 registers asymmetric keys with it in 1.x";
const DATED_KEYS: &str = "{Symmetric Key, Public Key, Private Key, Split Key, Template}";
const ERRATA: &str = "an Opaque Object of 1.4 (errata 01) needs no mask";
const FORMAT: &str = "a client may request the format of a new key (KMIP 2.1 §4.26)";
const CRYPTOKI: &str = "the values are those of the PKCS#11 standard; KMIP prints no table";
const VENDOR: &str = "Vendor Attribute carries the tag Attribute and has text but no rules table (KMIP 2.1 §4.60)";

/// All known differences.
pub const ODDITIES: &[Oddity] = &[
    odd("enum Certificate Type 0x00000002", "name", "1.0: PGP", "a stray parenthesis in the 2.0 table"),
    odd("enum PKCS#11 Function *", "existence", "", CRYPTOKI),
    odd("enum PKCS#11 Return Code *", "existence", "", CRYPTOKI),
    odd("attribute Cryptographic Algorithm in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Cryptographic Length in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Certificate Type in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Certificate Length in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Digital Signature Algorithm in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Opaque Data Type in *", "initially set by", "ServerAsStated", STATED),
    odd("attribute Key Format Type in *", "initially set by", "ServerAsStated", FORMAT),
    odd("attribute Cryptographic Length in 1.*", "applies to", SECRETS_TOO, SECRETS),
    odd("attribute Cryptographic Length in 1.*", "always has a value", "ExceptSecrets", SECRETS),
    odd("attribute Process Start Date in 1.*", "applies to", DATED_KEYS, DATED),
    odd("attribute Protect Stop Date in 1.*", "applies to", DATED_KEYS, DATED),
    odd("attribute Cryptographic Usage Mask in 1.4", "always has a value", "ExceptOpaque", ERRATA),
    odd("attribute Certificate Subject * in 1.4", "existence", "", CERTIFICATE_1_4),
    odd("attribute Certificate Issuer * in 1.4", "existence", "", CERTIFICATE_1_4),
    odd(
        "attribute Split Key Polynomial in 3.0",
        "applies to",
        "{Split Key}",
        "its neighbours say: only split keys have it",
    ),
    odd("attribute Attribute in *", "existence", "", VENDOR),
];

const SECRETS_TOO: &str =
    "{Certificate, Symmetric Key, Public Key, Private Key, Split Key, Template, Secret Data, PGP Key}";

const fn odd(entry: &'static str, fact: &'static str, code: &'static str, reason: &'static str) -> Oddity {
    Oddity { entry, fact, code, reason }
}

/// Whether a row explains the difference; notes that the row was needed.
pub fn explain(difference: &Difference, used: &mut [bool]) -> bool {
    let at = ODDITIES.iter().position(|oddity| oddity.explains(difference));
    if let Some(used) = at.and_then(|at| used.get_mut(at)) {
        *used = true;
    }
    at.is_some()
}

impl Oddity {
    fn explains(&self, difference: &Difference) -> bool {
        let (before, after) = self.entry.split_once('*').unwrap_or((self.entry, ""));
        let rest = difference.entry.strip_prefix(before);
        let named =
            rest.is_some_and(|rest| if self.entry.contains('*') { rest.ends_with(after) } else { rest.is_empty() });
        named && self.fact == difference.fact && difference.code.as_deref() == Some(self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, code: Option<&str>, expected: bool) {
        let oddity = odd("attribute A * in 1.4", "existence", "", "why");
        let code = code.map(str::to_owned);
        let difference = Difference { entry: entry.to_owned(), fact: "existence", data: None, code };
        assert_eq!(oddity.explains(&difference), expected, "{difference}");
    }

    #[test]
    fn an_oddity_explains_only_what_it_names() {
        check("attribute A x in 1.4", Some(""), true);
        check("attribute A x in 2.0", Some(""), false);
        check("attribute B x in 1.4", Some(""), false);
        check("attribute A x in 1.4", None, false);
    }
}
