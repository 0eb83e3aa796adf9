//! Identifiers that the items of a batch gave, for later items that refer to them (KMIP 2.1 §4.58, §11.58).

use std::sync::Arc;

use kmip_codec::inline::Text;
use kmip_codec::registry::{Operation, UniqueIdentifierEnumeration};

/// What the items of a request gave so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Given {
    /// Identifiers of the response, with the operation that gave each.
    pub ids: Vec<(Operation, Text)>,
    /// What the last Locate found.
    pub located: Option<Arc<[Text]>>,
    /// The parts that the last Create Split Key made.
    pub parts: Option<Arc<[Text]>>,
}

/// A state to go back to.
pub(crate) struct Mark {
    ids: usize,
    located: Option<Arc<[Text]>>,
    parts: Option<Arc<[Text]>>,
}

impl Given {
    /// The state so far.
    pub fn mark(&self) -> Mark {
        Mark { ids: self.ids.len(), located: self.located.clone(), parts: self.parts.clone() }
    }

    /// Whether nothing was given since.
    pub fn is_at(&self, mark: &Mark) -> bool {
        self.ids.len() == mark.ids
    }

    /// Goes back.
    pub fn forget(&mut self, mark: Mark) {
        self.ids.truncate(mark.ids);
        (self.located, self.parts) = (mark.located, mark.parts);
    }

    /// Adds an identifier.
    pub fn add(&mut self, operation: Operation, id: Text) {
        self.ids.push((operation, id));
    }

    /// Takes note of what Locate found.
    pub fn locate(&mut self, found: &[Text]) {
        self.ids.extend(found.iter().map(|id| (Operation::Locate, id.clone())));
        self.located = Some(found.into());
    }

    /// Takes note of the parts of a key.
    pub fn split(&mut self, parts: &[Text]) {
        self.ids.extend(parts.iter().map(|id| (Operation::CreateSplitKey, id.clone())));
        self.parts = Some(parts.into());
    }

    /// The objects that a reference to the last run of an operation means: several of a pair, of a key in parts and of what
    /// Locate found.
    pub fn by(&self, which: UniqueIdentifierEnumeration) -> Vec<Text> {
        use UniqueIdentifierEnumeration as U;
        let last = |operation| self.last(operation, 1);
        match which {
            U::Certify => last(Operation::Certify),
            U::Create => last(Operation::Create),
            U::CreateCredential => last(Operation::CreateCredential),
            U::CreateGroup => last(Operation::CreateGroup),
            U::CreateKeyPair => self.last(Operation::CreateKeyPair, 2),
            U::CreateKeyPairPrivateKey => self.private(Operation::CreateKeyPair),
            U::CreateKeyPairPublicKey => last(Operation::CreateKeyPair),
            U::CreateSplitKey => all(self.parts.as_ref()),
            U::CreateUser => last(Operation::CreateUser),
            U::DeriveKey => last(Operation::DeriveKey),
            U::Import => last(Operation::Import),
            U::JoinSplitKey => last(Operation::JoinSplitKey),
            U::Locate => all(self.located.as_ref()),
            U::Register => last(Operation::Register),
            U::ReKey => last(Operation::ReKey),
            U::ReCertify => last(Operation::ReCertify),
            U::ReKeyKeyPair => self.last(Operation::ReKeyKeyPair, 2),
            U::ReKeyKeyPairPrivateKey => self.private(Operation::ReKeyKeyPair),
            U::ReKeyKeyPairPublicKey => last(Operation::ReKeyKeyPair),
            _ => Vec::new(),
        }
    }

    /// How many objects such a reference means; nothing is copied where that may be many.
    pub fn count(&self, which: UniqueIdentifierEnumeration) -> usize {
        match which {
            UniqueIdentifierEnumeration::Locate => self.located.as_ref().map_or(0, |ids| ids.len()),
            UniqueIdentifierEnumeration::CreateSplitKey => self.parts.as_ref().map_or(0, |ids| ids.len()),
            which => self.by(which).len(),
        }
    }

    /// The last identifiers that an operation gave, in their order.
    fn last(&self, operation: Operation, count: usize) -> Vec<Text> {
        let of_it = self.ids.iter().rev().filter(|(by, _)| *by == operation);
        let mut ids: Vec<Text> = of_it.take(count).map(|(_, id)| id.clone()).collect();
        ids.reverse();
        ids
    }

    /// The private key of the last pair, which is given first.
    fn private(&self, operation: Operation) -> Vec<Text> {
        let mut pair = self.last(operation, 2);
        pair.truncate(1);
        pair
    }

    /// The n-th identifier of the response, counted from 0; a negative number counts from the end.
    pub fn nth(&self, nth: i32) -> Option<&Text> {
        position(nth, self.ids.len()).and_then(|at| self.ids.get(at)).map(|(_, id)| id)
    }
}

/// Whether a reference may mean several objects.
pub(crate) fn may_be_several(which: UniqueIdentifierEnumeration) -> bool {
    use UniqueIdentifierEnumeration as U;
    matches!(which, U::CreateKeyPair | U::CreateSplitKey | U::Locate | U::ReKeyKeyPair)
}

/// The reference to the private key of a pair, in place of one to the pair.
pub(crate) fn private_key_of(which: UniqueIdentifierEnumeration) -> UniqueIdentifierEnumeration {
    use UniqueIdentifierEnumeration as U;
    match which {
        U::CreateKeyPair => U::CreateKeyPairPrivateKey,
        U::ReKeyKeyPair => U::ReKeyKeyPairPrivateKey,
        other => other,
    }
}

fn all(ids: Option<&Arc<[Text]>>) -> Vec<Text> {
    ids.map(|ids| ids.to_vec()).unwrap_or_default()
}

/// Where the n-th of some results stands; a negative number counts from the end.
pub(crate) fn position(nth: i32, count: usize) -> Option<usize> {
    usize::try_from(nth).ok().or_else(|| count.checked_sub(nth.unsigned_abs() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use UniqueIdentifierEnumeration as U;

    fn texts(ids: &[&str]) -> Vec<Text> {
        ids.iter().copied().map(Text::new).collect()
    }

    #[test]
    fn the_last_run_of_an_operation_is_meant() {
        let mut given = Given::default();
        for pair in [["a", "b"], ["c", "d"]] {
            for id in pair {
                given.add(Operation::CreateKeyPair, Text::new(id));
            }
        }
        given.split(&texts(&["1", "2", "3"]));
        given.split(&texts(&["4", "5"]));
        given.locate(&texts(&["x", "y"]));
        assert_eq!(given.by(U::CreateKeyPair), texts(&["c", "d"]));
        assert_eq!(given.by(U::CreateKeyPairPrivateKey), texts(&["c"]));
        assert_eq!(given.by(U::CreateKeyPairPublicKey), texts(&["d"]));
        assert_eq!(given.by(U::CreateSplitKey), texts(&["4", "5"]));
        assert_eq!(given.by(U::Locate), texts(&["x", "y"]));
        for which in [U::CreateKeyPair, U::CreateKeyPairPrivateKey, U::CreateSplitKey, U::Locate, U::Certify] {
            assert_eq!(given.count(which), given.by(which).len());
        }
        let mark = given.mark();
        given.locate(&[]);
        assert_eq!(given.by(U::Locate), []);
        given.forget(mark);
        assert_eq!(given.by(U::Locate), texts(&["x", "y"]));
        assert_eq!((given.nth(0), given.nth(-1)), (Some(&Text::new("a")), Some(&Text::new("y"))));
        assert_eq!((given.nth(11), given.nth(-12), given.by(U::Certify)), (None, None, Vec::new()));
    }
}
