//! A simulated key vault for tests of the core: deterministic, with faults on demand, and it counts what it holds.
//!
//! It seals nothing: material stays in a table of this process and a blob is the ticket for its row, so that a changed blob,
//! another binding or a destroyed key does not open - the rules of [`super::vault_exerciser::exercise_sealing`]. As with a
//! device that keeps keys resident, a row lives until [`KeyVault::destroy`]: a test that expects no orphan compares
//! [`SimVault::held`] with its records. Cryptography (wrapping, key pairs) is left to the real vaults, in tests above this
//! crate; a pair that a test needs is given with [`SimVault::with_pair`].
//!
//! It has a device, too: keys that stay there ([`KeyVault::generate_resident`]) are found by scope and identifier as on a
//! token, live on when their blob is lost, and do not open unless they may leave.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kmip_codec::secret::Secret;
use sha2::{Digest, Sha256};

use crate::ports::crypto::Cryptography;
use crate::ports::resident::{Residence, ResidentKind, ResidentObject};
use crate::ports::vault::{
    Answer, Binding, Call, Description, Generated, KeySpec, KeyVault, Sealed, VaultError, Waits,
};

/// Bytes of the blob of an enveloped key.
const TICKET_BYTES: usize = 40;
/// What ends the blob of a resident key.
const RESIDENT: u8 = b'r';

/// The simulated vault.
pub struct SimVault(Mutex<State>);

struct State {
    seed: u64,
    drawn: u64,
    failures: u32,
    /// Whether the next resident key is made without an answer.
    silent: bool,
    waits: Waits,
    pairs: Vec<(KeySpec, Secret, Vec<u8>)>,
    /// Scope keys that were given out: scope, generation, number of the root key.
    made: HashMap<Vec<u8>, (String, u32, u32)>,
    /// Number of the root key that seals.
    root: u32,
    last: HashMap<String, u32>,
    installed: HashMap<String, Vec<u32>>,
    rows: HashMap<Vec<u8>, Row>,
    /// Scope and identifier of the keys in the device.
    device: BTreeSet<(String, String)>,
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

/// Material and what it is bound to.
struct Row {
    scope: String,
    id: String,
    spec: Vec<u8>,
    generation: u32,
    material: Secret,
    /// Whether an enveloped key, or a resident one that leaves in the clear.
    opens: bool,
}

impl SimVault {
    /// A vault whose random bytes follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(State {
            seed,
            drawn: 0,
            failures: 0,
            silent: false,
            waits: Waits::default(),
            pairs: Vec::new(),
            made: HashMap::new(),
            root: 1,
            last: HashMap::new(),
            installed: HashMap::new(),
            rows: HashMap::new(),
            device: BTreeSet::new(),
            meanwhile: None,
        }))
    }

    /// Adds the pair that `generate` answers for `spec`: PKCS#8 and SubjectPublicKeyInfo.
    #[must_use]
    pub fn with_pair(self, spec: KeySpec, private: Secret, public: Vec<u8>) -> Self {
        self.state().pairs.push((spec, private, public));
        self
    }

    /// Says which calls wait for a device from now on.
    pub fn wait_for_device(&self, waits: Waits) {
        self.state().waits = waits;
    }

    /// Takes a new root key: scope keys that were made before are outdated.
    pub fn renew_root_key(&self) {
        let mut state = self.state();
        state.root = state.root.saturating_add(1);
    }

    /// Makes the next resident key, and fails to say so, as a device does that answers too late.
    pub fn make_and_fail_next(&self) {
        self.state().silent = true;
    }

    /// Makes the next `calls` calls of the seam fail, as a device does that was unplugged.
    pub fn fail_next(&self, calls: u32) {
        self.state().failures = calls;
    }

    /// Lets something else happen while the next call is under way.
    pub fn during_next_call(&self, meanwhile: impl FnOnce() + Send + 'static) {
        self.state().meanwhile = Some(Box::new(meanwhile));
    }

    /// How many sealed keys were not destroyed.
    pub fn held(&self) -> usize {
        self.state().rows.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state for one call of the seam.
    fn call(&self) -> Result<MutexGuard<'_, State>, VaultError> {
        let meanwhile = self.state().meanwhile.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let mut state = self.state();
        match state.failures.checked_sub(1) {
            None => Ok(state),
            Some(left) => {
                state.failures = left;
                Err(VaultError::Failed("simulated failure".to_owned()))
            }
        }
    }
}

impl std::fmt::Debug for SimVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimVault({} keys)", self.held())
    }
}

impl State {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.drawn = self.drawn.wrapping_add(1);
            let block =
                Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.drawn.to_be_bytes()).finalize();
            chunk.iter_mut().zip(block).for_each(|(byte, random)| *byte = random);
        }
    }

    fn secret(&mut self, length: usize) -> Secret {
        let filled = Secret::init_with(length, |out| {
            self.fill(out);
            Ok::<(), std::convert::Infallible>(())
        });
        filled.unwrap_or_else(|never| match never {})
    }

    /// A new blob: the generation, then bytes that were never given out.
    fn ticket(&mut self, generation: u32) -> Vec<u8> {
        let mut ticket = vec![0; TICKET_BYTES];
        self.fill(&mut ticket);
        ticket.iter_mut().zip(generation.to_be_bytes()).for_each(|(byte, number)| *byte = number);
        ticket
    }

    fn seal(
        &mut self,
        material: Secret,
        binding: Binding<'_>,
        residence: Option<Residence>,
    ) -> Result<Sealed, VaultError> {
        let newest = self.installed.get(binding.scope).and_then(|generations| generations.iter().max().copied());
        let generation = newest.ok_or_else(|| VaultError::NoScopeKey(binding.scope.to_owned()))?;
        let mut ticket = self.ticket(generation);
        let mut opens = true;
        if let Some(what) = residence {
            ticket.push(RESIDENT);
            opens = what.extractable && !what.sensitive;
            self.device.insert((binding.scope.to_owned(), binding.id.to_owned()));
        }
        let (scope, id, spec) = (binding.scope.to_owned(), binding.id.to_owned(), binding.spec.to_vec());
        self.rows.insert(ticket.clone(), Row { scope, id, spec, generation, material, opens });
        Ok(Sealed(ticket))
    }

    fn row(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<&Row, VaultError> {
        let no_key = || VaultError::NoScopeKey(binding.scope.to_owned());
        let installed = self.installed.get(binding.scope).ok_or_else(no_key)?;
        let fits = |row: &&Row| row.scope == binding.scope && row.id == binding.id && row.spec == binding.spec;
        let row = self.rows.get(&sealed.0).filter(fits);
        let row = row.ok_or_else(|| VaultError::DoesNotOpen("no such ticket for this object".to_owned()))?;
        installed.contains(&row.generation).then_some(row).ok_or_else(no_key)
    }
}

fn no_scope_key() -> VaultError {
    VaultError::DoesNotOpen("no such scope key for this scope".to_owned())
}

impl Cryptography for SimVault {}

impl KeyVault for SimVault {
    fn health(&self) -> Result<(), VaultError> {
        if self.state().failures == 0 { Ok(()) } else { Err(VaultError::Unavailable("simulated".to_owned())) }
    }

    fn describe(&self) -> Description {
        let symmetric = [112, 128, 160, 192, 256, 384, 512].map(|bits| KeySpec::Symmetric { bits });
        let triple_des = [16, 24].map(|bytes| KeySpec::TripleDes { bytes });
        let pairs: Vec<_> = self.state().pairs.iter().map(|(spec, ..)| *spec).collect();
        let generates = symmetric.into_iter().chain(triple_des).chain(pairs).collect();
        Description { name: "simulated".to_owned(), generates }
    }

    fn waits(&self) -> Waits {
        self.state().waits
    }

    fn random(&self, out: &mut [u8]) -> Result<(), VaultError> {
        self.call()?.fill(out);
        Ok(())
    }

    fn unique(&self, out: &mut [u8]) -> Result<(), VaultError> {
        self.random(out)
    }

    fn create_scope_key(&self, scope: &str) -> Result<Vec<u8>, VaultError> {
        let mut state = self.call()?;
        let last = state.last.entry(scope.to_owned()).or_default();
        *last = last.saturating_add(1);
        let generation = *last;
        let ticket = state.ticket(generation);
        let root = state.root;
        state.made.insert(ticket.clone(), (scope.to_owned(), generation, root));
        Ok(ticket)
    }

    fn reseal_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut state = self.call()?;
        let (generation, root) = match state.made.get(sealed) {
            Some((owner, generation, _)) if owner == scope => (*generation, state.root),
            _ => return Err(no_scope_key()),
        };
        let ticket = state.ticket(generation);
        state.made.insert(ticket.clone(), (scope.to_owned(), generation, root));
        Ok(ticket)
    }

    fn forget_scope_key(&self, scope: &str, sealed: &[u8]) {
        let mut state = self.state();
        let Some((_, generation, _)) = state.made.remove(sealed) else { return };
        if let Some(installed) = state.installed.get_mut(scope) {
            let newest = installed.iter().max().copied();
            installed.retain(|present| *present != generation || Some(*present) == newest);
        }
    }

    fn is_scope_key_outdated(&self, sealed: &[u8]) -> bool {
        let state = self.state();
        state.made.get(sealed).is_some_and(|(_, _, root)| *root < state.root)
    }

    fn is_outdated(&self, sealed: &Sealed, binding: Binding<'_>) -> bool {
        let state = self.state();
        let newest = state.installed.get(binding.scope).and_then(|generations| generations.iter().max().copied());
        state.rows.get(&sealed.0).is_some_and(|row| Some(row.generation) < newest)
    }

    fn install_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<(), VaultError> {
        let mut state = self.call()?;
        match state.made.get(sealed).cloned() {
            Some((owner, generation, _)) if owner == scope => {
                state.installed.entry(owner).or_default().push(generation);
                Ok(())
            }
            _ => Err(no_scope_key()),
        }
    }

    fn generate(&self, spec: KeySpec, binding: Binding<'_>) -> Result<Generated, VaultError> {
        let mut state = self.call()?;
        let material = match spec {
            KeySpec::Symmetric { bits } if bits > 0 && bits.is_multiple_of(8) && bits <= 65_536 => {
                state.secret(bits as usize / 8)
            }
            KeySpec::TripleDes { bytes: bytes @ (16 | 24) } => with_odd_parity(&state.secret(bytes as usize)),
            _ => {
                let given = state.pairs.iter().find(|(listed, ..)| *listed == spec).cloned();
                let (_, private, public) = given.ok_or_else(|| VaultError::Unsupported(format!("{spec:?}")))?;
                return Ok(Generated::Pair { private: state.seal(private, binding, None)?, public });
            }
        };
        state.seal(material, binding, None).map(Generated::Symmetric)
    }

    fn seal(&self, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError> {
        self.call()?.seal(secret.clone(), binding, None)
    }

    fn open(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Secret, VaultError> {
        let state = self.call()?;
        match state.row(sealed, binding)? {
            row if row.opens => Ok(row.material.clone()),
            _ => Err(VaultError::Stays("it was made so (simulated)".to_owned())),
        }
    }

    fn perform(&self, sealed: &Sealed, binding: Binding<'_>, call: Call<'_>) -> Result<Answer, VaultError> {
        self.call()?.row(sealed, binding)?;
        Err(VaultError::Unsupported(format!("{call:?} (simulated)")))
    }

    fn destroy(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<(), VaultError> {
        let mut state = self.call()?;
        if self.resides(sealed) {
            state.device.remove(&(binding.scope.to_owned(), binding.id.to_owned()));
            state.rows.remove(&sealed.0);
            return Ok(());
        }
        state.row(sealed, binding)?;
        state.rows.remove(&sealed.0);
        Ok(())
    }

    fn resides(&self, sealed: &Sealed) -> bool {
        sealed.0.len() > TICKET_BYTES
    }

    fn may_reside(&self, kind: ResidentKind) -> Result<(), VaultError> {
        match kind {
            ResidentKind::Aes { .. } | ResidentKind::Rsa { .. } => Ok(()),
            other => Err(VaultError::Unsupported(format!("{other:?} (simulated)"))),
        }
    }

    fn generate_resident(&self, what: Residence, binding: Binding<'_>) -> Result<Generated, VaultError> {
        let mut state = self.call()?;
        let is_silent = std::mem::take(&mut state.silent);
        let made = match what.kind {
            ResidentKind::Aes { bits } | ResidentKind::Hmac { bits } => {
                let material = state.secret(bits as usize / 8);
                state.seal(material, binding, Some(what)).map(Generated::Symmetric)
            }
            ResidentKind::Rsa { bits } => {
                let given = state.pairs.iter().find(|(spec, ..)| *spec == KeySpec::Rsa { bits }).cloned();
                let (_, private, public) = given.ok_or_else(|| VaultError::Unsupported(format!("{what:?}")))?;
                Ok(Generated::Pair { private: state.seal(private, binding, Some(what))?, public })
            }
            ResidentKind::Ec { .. } => Err(VaultError::Unsupported(format!("{what:?}"))),
        };
        if is_silent { Err(VaultError::Failed("simulated failure after the key was made".to_owned())) } else { made }
    }

    fn import_resident(&self, what: Residence, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError> {
        self.call()?.seal(secret.clone(), binding, Some(what))
    }

    fn digest_resident(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Option<[u8; 32]>, VaultError> {
        let state = self.call()?;
        Ok(Some(Sha256::digest(state.row(sealed, binding)?.material.expose_secret()).into()))
    }

    fn residents(&self) -> Result<Vec<ResidentObject>, VaultError> {
        let named = |(scope, id): &(String, String)| ResidentObject {
            scope: scope.clone(),
            id: id.clone(),
            device: "simulated".to_owned(),
        };
        Ok(self.call()?.device.iter().map(named).collect())
    }

    fn remove_resident(&self, scope: &str, id: &str) -> Result<bool, VaultError> {
        let mut state = self.call()?;
        state.rows.retain(|ticket, row| ticket.len() == TICKET_BYTES || row.scope != scope || row.id != id);
        Ok(state.device.remove(&(scope.to_owned(), id.to_owned())))
    }
}

fn with_odd_parity(key: &Secret) -> Secret {
    let odd = |byte: &u8| (byte & 0xFE) | u8::from((byte & 0xFE).count_ones().is_multiple_of(2));
    let filled = Secret::init_with(key.len(), |out| {
        out.iter_mut().zip(key.expose_secret()).for_each(|(byte, random)| *byte = odd(random));
        Ok::<(), std::convert::Infallible>(())
    });
    filled.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vault_exerciser::exercise_sealing;

    const HERE: Binding<'_> = Binding { scope: "s", id: "1", spec: b"spec" };

    fn vault() -> SimVault {
        let vault = SimVault::new(7);
        let stored = vault.create_scope_key("s").unwrap();
        vault.install_scope_key("s", &stored).unwrap();
        vault
    }

    #[test]
    fn the_rules_of_sealing_hold() {
        exercise_sealing(&SimVault::new(1));
        crate::testing::cryptography_exerciser::exercise(&SimVault::new(1));
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut out = [0; 48];
            SimVault::new(seed).random(&mut out).unwrap();
            out
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }

    #[test]
    fn destroyed_keys_are_gone_and_counted() {
        let vault = vault();
        let sealed = vault.seal(&Secret::copy_from(b"key"), HERE).unwrap();
        assert_eq!(vault.held(), 1);
        vault.destroy(&sealed, HERE).unwrap();
        assert_eq!(vault.held(), 0);
        assert!(matches!(vault.open(&sealed, HERE), Err(VaultError::DoesNotOpen(_))));
    }

    #[test]
    fn failures_come_when_asked_and_end() {
        let vault = vault();
        vault.fail_next(2);
        for _ in 0..2 {
            assert!(matches!(vault.seal(&Secret::copy_from(b"key"), HERE), Err(VaultError::Failed(_))));
        }
        vault.seal(&Secret::copy_from(b"key"), HERE).unwrap();
    }

    #[test]
    fn only_given_pairs_are_generated() {
        let spec = KeySpec::Rsa { bits: 2048 };
        assert!(matches!(vault().generate(spec, HERE), Err(VaultError::Unsupported(_))));
        let vault = vault().with_pair(spec, Secret::copy_from(b"private"), b"public".to_vec());
        assert!(vault.describe().generates.contains(&spec));
        let Generated::Pair { private, public } = vault.generate(spec, HERE).unwrap() else { panic!("no pair") };
        assert_eq!(vault.open(&private, HERE).unwrap().expose_secret(), b"private");
        assert_eq!(public, b"public");
    }
}
