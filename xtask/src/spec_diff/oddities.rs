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

const ONE_ATTRIBUTE: &str = "one kind of field reads all attributes of 1.x; the operation refuses a second one";
const BORNE: &str = "a client bears a success that leaves it out: it is an echo, or there is nothing to tell";
const ONE_REFERENCE: &str = "one kind of field reads all references; Delete Attribute refuses a second one";
const ANSWERED: &str = "one kind of field reads all attributes of 1.x, and a client takes what it is told";
const LATER_PARTS: &str = "optional from 1.3, whose operations may come in parts; the field is read alike before";
const LATER_OPTIONAL: &str = "optional from the next version on; the field is read alike before";
const LATER_LISTED: &str = "repeated in later versions; the field is read alike before";
const SAYS_WHICH: &str = "the operation refuses the request, and says which attribute is missing";
const NOTHING_TO_SAY: &str = "a client that has nothing to say of the object may leave it out";
const OPERATION_REFUSES: &str = "the operation refuses a request without it";
const COUNTED: &str = "the engine refuses a request whose count is missing or wrong; a client counts for itself";
const ONE_TYPE: &str = "one type for the messages of both directions: a client's answer leaves it out";
const PLACES: &str = "a Unique Identifier may be a place to take it from, wherever it stands (KMIP 2.1 §4.58)";
const EXTRACTION: &str = "the extraction of 3.0 lacks the table; published 3.0 messages or 2.1's table show it";
const SINGULAR: &str =
    "the name says several, and \"a list of\" or \"collection\" says the text (KMIP 2.1 §7.1, §7.33)";
const EXTENSIONS: &str = "the table of the 2.x request lets it repeat; the others are read alike";

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
    odd("Add Attribute Request Payload: Attribute in 1.*", "repeats", "yes", ONE_ATTRIBUTE),
    odd("Modify Attribute Request Payload: Attribute in 1.*", "repeats", "yes", ONE_ATTRIBUTE),
    odd("Add Attribute Response Payload: Attribute in 1.*", "repeats", "yes", ANSWERED),
    odd("Modify Attribute Response Payload: Attribute in 1.*", "repeats", "yes", ANSWERED),
    odd("Delete Attribute Response Payload: Attribute in 1.*", "repeats", "yes", ANSWERED),
    odd("Add Attribute Response Payload: Attribute in 1.*", "required", "no", BORNE),
    odd("Modify Attribute Response Payload: Attribute in 1.*", "required", "no", BORNE),
    odd("Delete Attribute Response Payload: Attribute in 1.*", "required", "no", BORNE),
    odd("Get Attribute List Response Payload: Attribute Name in 1.*", "required", "no", BORNE),
    odd("Get Attribute List Response Payload: Attribute Reference in *", "required", "no", BORNE),
    odd("Get Attributes Response Payload: Attributes in *", "required", "no", BORNE),
    odd("Response Message: Batch Item in *", "required", "no", "the client counts the answers, and says how many lack"),
    odd("Delete Attribute Request Payload: Attribute Name in 1.*", "repeats", "yes", ONE_REFERENCE),
    odd("Delete Attribute Request Payload: Attribute Name in 1.*", "required", "no", OPERATION_REFUSES),
    odd("Delete Attribute Request Payload: Attribute Reference in *", "repeats", "yes", ONE_REFERENCE),
    odd(
        "Adjust Attribute Request Payload: Attribute Reference in *",
        "repeats",
        "yes",
        "one kind of field reads all references; no server of ours offers the operation",
    ),
    odd("Certify Request Payload: Certificate Request* in 1.0", "required", "no", LATER_OPTIONAL),
    odd("Re-certify Request Payload: Certificate Request* in 1.0", "required", "no", LATER_OPTIONAL),
    odd("Check Response Payload: Unique Identifier in 1.0", "required", "no", LATER_OPTIONAL),
    odd("Create Request Payload: Template-Attribute in 1.*", "required", "no", SAYS_WHICH),
    odd("Create Request Payload: Attributes in *", "required", "no", SAYS_WHICH),
    odd("Register Request Payload: Template-Attribute in 1.*", "required", "no", NOTHING_TO_SAY),
    odd("Register Request Payload: Attributes in *", "required", "no", NOTHING_TO_SAY),
    odd(
        "Locate Request Payload: Attributes in *",
        "required",
        "no",
        "without criteria every object is found, and clients leave the empty structure out",
    ),
    odd("Decrypt Request Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Decrypt Response Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Encrypt Request Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Encrypt Response Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Hash Request Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Hash Response Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("MAC Request Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("Sign Request Payload: Data in 1.2", "required", "no", LATER_PARTS),
    odd("MAC Response Payload: MAC Data in 1.2", "required", "no", LATER_PARTS),
    odd("MAC Verify Request Payload: MAC Data in 1.2", "required", "no", LATER_PARTS),
    odd("Sign Response Payload: Signature Data in 1.2", "required", "no", LATER_PARTS),
    odd("Signature Verify Request Payload: Signature Data in 1.2", "required", "no", LATER_PARTS),
    odd(
        "MAC Verify Response Payload: Validity Indicator in 1.*",
        "required",
        "no",
        "a part of a longer operation has none yet (KMIP 2.0 says so)",
    ),
    odd(
        "Signature Verify Response Payload: Validity Indicator in 1.*",
        "required",
        "no",
        "a part of a longer operation has none yet (KMIP 2.0 says so)",
    ),
    odd(
        "Notify Request Payload (server to client): Attribute in 1.*",
        "required",
        "no",
        "from 2.0 an Attribute Reference may stand for it; the field is read alike before",
    ),
    odd(
        "Query Response Payload: Capability Information in 3.0",
        "repeats",
        "yes",
        "repeated in 1.3 to 2.1, and in the client's answer of 3.0",
    ),
    odd(
        "Query Response Payload: Protection Storage Masks in 2.*",
        "required",
        "no",
        "only the answer to Query Storage Protection Masks has it, as 3.0 says",
    ),
    odd(
        "Revoke Request Payload: Revocation Reason in *",
        "required",
        "no",
        "optional from 3.0; before, the operation refuses a request without it",
    ),
    odd("Query Request Payload (server to client): Object Groups in 2.1", "existence", "", ONE_TYPE),
    odd("Query Response Payload (server to client): Application Namespace in *", "existence", "", ONE_TYPE),
    odd("Query Response Payload (server to client): Credential Information in *", "existence", "", ONE_TYPE),
    odd("Query Response Payload (server to client): Defaults Information in *", "existence", "", ONE_TYPE),
    odd("Query Response Payload (server to client): Protection Storage Masks in *", "existence", "", ONE_TYPE),
    odd(
        "Application Specific Information: Application Data in 1.*",
        "required",
        "no",
        "optional from 1.3, where the server fills it in; the field is read alike before",
    ),
    odd("Asynchronous Correlation Values: Asynchronous Correlation Value in 2.1", "repeats", "yes", SINGULAR),
    odd("Protection Storage Masks in *", "existence", "", SINGULAR),
    odd("Authentication: Credential in 1.*", "repeats", "yes", LATER_LISTED),
    odd("Derivation Parameters: Derivation Data in 1.*", "repeats", "yes", LATER_LISTED),
    odd("Defaults Information: Object Defaults in 2.0", "required", "no", LATER_OPTIONAL),
    odd(
        "Key Block: Key Value in 1.*",
        "required",
        "no",
        "optional from 1.2, where its location may stand for it; the field is read alike before",
    ),
    odd("Encryption Key Information: Unique Identifier in 2.*", "encoding", TEXTS_2, PLACES),
    odd("MAC/Signature Key Information: Unique Identifier in 2.*", "encoding", TEXTS_2, PLACES),
    odd("Object Groups: Group Link in 3.0", "encoding", LINKS_3, PLACES),
    odd("Objects: Unique Identifier in 3.0", "encoding", IDENTIFIERS_3, PLACES),
    odd(
        "Key Wrapping Specification: Attribute Reference in 3.0",
        "encoding",
        "Enumeration or Structure",
        "the printed type is that of the Attribute Name before it (KMIP 2.1 §5.5)",
    ),
    odd("Request Batch Item: Message Extension in 1.*", "repeats", "yes", EXTENSIONS),
    odd("Response Batch Item: Message Extension in *", "repeats", "yes", EXTENSIONS),
    odd("Request Header: Batch Count in *", "required", "no", COUNTED),
    odd("Response Header: Batch Count in *", "required", "no", COUNTED),
    odd(
        "Template: Attribute in 1.*",
        "required",
        "no",
        "an empty template is borne: its name stands beside it from 1.2 on",
    ),
    odd("Usage Limits: Usage Limits Count in *", "required", "no", "clients leave the count out (TC-51-10)"),
    odd("Key Material (Transparent *) in 3.0", "existence", "", EXTRACTION),
    odd("Asynchronous Correlation Values in 3.0", "existence", "", EXTRACTION),
    odd("Authentication in 3.0", "existence", "", EXTRACTION),
    odd("Message Extension: Vendor Extension in 3.0", "existence", "", EXTRACTION),
    odd("Name in 3.0", "existence", "", "a text in 3.0: the structure is the form of the versions before"),
    odd("Rotate Name in 3.0", "existence", "", "a text in 3.0: the structure is the form of the versions before"),
    odd(
        "Certificate Request in 1.*",
        "existence",
        "",
        "a Byte String in 1.x: the structure is the object of later versions",
    ),
    odd("Server Information in 1.*", "existence", "", "the vendor's own structure in 1.x (KMIP 1.4 §4.25)"),
    odd("Digest: Key Format Type in 1.0", "existence", "", "a tag that 1.0 has; PyKMIP reads no Digest without it"),
];

const TEXTS_2: &str = "Enumeration or Integer or Text String";
const LINKS_3: &str = "Enumeration or Integer or Name Reference or Reference";
const IDENTIFIERS_3: &str = "Enumeration or Identifier or Integer or Name Reference or Reference";

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
