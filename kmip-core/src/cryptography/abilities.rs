//! Which operations a vault makes possible: an operation that it has no mechanism for is neither listed nor answered.

use kmip_codec::registry::Operation;

use crate::ports::crypto::Capability;

/// What the vault can do, in operations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Abilities {
    encrypt: bool,
    sign: bool,
    verify: bool,
    mac: bool,
    hash: bool,
    derive: bool,
}

impl Abilities {
    /// Reads the list of a vault.
    pub fn of(capabilities: &[Capability]) -> Self {
        let has = |kind: fn(&Capability) -> bool| capabilities.iter().any(kind);
        Self {
            encrypt: has(|one| matches!(one, Capability::Encrypt(_))),
            sign: has(|one| matches!(one, Capability::Sign(_))),
            verify: has(|one| matches!(one, Capability::Sign(_) | Capability::Verify(_))),
            mac: has(|one| matches!(one, Capability::Mac(_))),
            hash: has(|one| matches!(one, Capability::Hash(_))),
            derive: has(|one| matches!(one, Capability::Derive(_))),
        }
    }

    /// Whether an operation is possible.
    pub fn permit(self, operation: Operation) -> bool {
        match operation {
            Operation::Encrypt | Operation::Decrypt => self.encrypt,
            Operation::Sign => self.sign,
            Operation::SignatureVerify | Operation::Validate => self.verify,
            Operation::MAC | Operation::MACVerify => self.mac,
            Operation::Hash => self.hash,
            Operation::DeriveKey => self.derive,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::crypto::{Cipher, DerivationMethod, Hash, MacAlgorithm, Scheme};

    #[test]
    fn an_operation_is_permitted_by_a_capability_of_its_kind_alone() {
        use Operation as O;
        let rows: [(Capability, &[Operation]); 6] = [
            (Capability::Encrypt(Cipher::OneTimePad), &[O::Encrypt, O::Decrypt]),
            (Capability::Sign(Scheme::Ed25519), &[O::Sign, O::SignatureVerify, O::Validate]),
            (Capability::Verify(Scheme::Dsa(Hash::Sha1)), &[O::SignatureVerify, O::Validate]),
            (Capability::Mac(MacAlgorithm::Gmac), &[O::MAC, O::MACVerify]),
            (Capability::Hash(Hash::Sha1), &[O::Hash]),
            (Capability::Derive(DerivationMethod::Hash), &[O::DeriveKey]),
        ];
        let all: Vec<Operation> = rows.iter().flat_map(|(_, permitted)| permitted.iter().copied()).collect();
        for (capability, permitted) in rows {
            let abilities = Abilities::of(&[capability]);
            for operation in &all {
                assert_eq!(abilities.permit(*operation), permitted.contains(operation), "{capability:?} {operation}");
            }
        }
        assert!(!all.iter().any(|operation| Abilities::of(&[]).permit(*operation)));
        assert!(Abilities::of(&[]).permit(Operation::Get));
    }
}
