//! Get with the root key on a token beside the software vault, in the same run.
//!
//! `cached` asks the token at start only. `strict` asks it for each key, so its measure is what the software vault and the
//! token's own decryption would take together. Told beside it is the rate of a floor that does nothing but TLS, framing and
//! that decryption, in the same run.

use super::floor::Floor;
use super::{Places, Processors, Series, Settings, compare, environment, median, series};
use crate::campaign::{CampaignError, finding};
use crate::server_process::Server;
use crate::token::{SoftHsm, Vault};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GET: Series = series("get", "8", "");
/// The least share of the software vault's rate with `cached`.
const CACHED: f64 = 0.9;
/// The least share with `strict` of what the software vault and the token's decryption come to together.
const STRICT: f64 = 0.7;
/// The floor that decrypts.
const BARE: &str = "decrypting-floor";
/// As long as an AES-256 key, and about as long as what it is bound to.
const KEY: [u8; 32] = [7; 32];
const BINDING: [u8; 80] = [9; 80];

/// Compares the three; one line for each of the two with a token.
pub(super) fn measure(settings: Settings, places: &Places<'_>) -> Result<Vec<(String, bool)>, CampaignError> {
    let vaults = [("software", Vault::Software), ("cached", Vault::Cached), ("strict", Vault::Strict)];
    let (mut servers, mut targets) = (Vec::new(), Vec::new());
    for (name, vault) in vaults {
        let place = places.place.join(name);
        fs::create_dir_all(&place)?;
        let Some(options) = vault.server(&place)? else { return Ok(Vec::new()) };
        let server = Server::start(&options)?;
        let target = place.join("target.env");
        fs::write(&target, environment(&server))?;
        servers.push(server);
        targets.push((name, target));
    }
    let Some(token) = SoftHsm::prepare(&places.place.join("bare"))? else { return Ok(Vec::new()) };
    let certificates = places.place.join("bare-floor");
    let floor = Floor::start(places.sources, &certificates, KEY.len(), Some(&token))?;
    let environment = certificates.join("floor.env");
    fs::write(&environment, floor.environment())?;
    targets.push((BARE, environment));
    let targets: Vec<(&str, &Path)> = targets.iter().map(|(name, target)| (*name, target.as_path())).collect();
    let results = places.place.join("device.jsonl");
    let runs = compare(places, settings, &GET, &targets, &results, Processors::OneEach)?;
    let rate = |name| median(&runs, name, 8, "ops_s");
    let (software, cached, strict, bare) = (rate("software")?, rate("cached")?, rate("strict")?, rate(BARE)?);
    let decryption = decryption_of(places.place, settings)?;
    let together = 1.0 / (1.0 / software + decryption.as_secs_f64());
    let line = |what: &str, share: f64, limit: f64, of: &str| {
        let word = if share >= limit { "PASS" } else { "FAIL" };
        (format!("{word} get x8, {what}: {share:.2} of {of}, at least {limit:.2}"), share >= limit)
    };
    let of = format!(
        "what {software:.0}/s and the token's {:.1} us come to (an echo that decrypts: {:.2})",
        decryption.as_secs_f64() * 1e6,
        bare / together
    );
    Ok(vec![
        line("cached", cached / software, CACHED, "the software vault's rate"),
        line("strict", strict / together, STRICT, &of),
    ])
}

/// The token's own time for one decryption, on the processor of the servers: the median of as many runs as there are rounds.
fn decryption_of(place: &Path, settings: Settings) -> Result<Duration, CampaignError> {
    let Some(token) = SoftHsm::prepare(&place.join("decryption"))? else { return finding("SoftHSM2 is gone") };
    let mut times = Vec::new();
    for _ in 0..settings.rounds {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(std::env::current_exe()?).args(["part", "decryption"]);
        command.args(["--seconds", &settings.seconds.to_string(), "--module"]).arg(token.module());
        command.arg("--pin-file").arg(token.pin_file()).env("SOFTHSM2_CONF", token.configuration());
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        let nanoseconds = told.lines().next().and_then(|line| line.parse().ok());
        times.push(nanoseconds.ok_or_else(|| io::Error::other(format!("no time of a decryption in: {told}")))?);
    }
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied();
    middle.map_or_else(|| finding("no decryption was measured"), |time| Ok(Duration::from_nanos(time)))
}

/// Nanoseconds that a module takes to decrypt a key of 32 bytes by AES-256-GCM with a token key, in one session.
pub(super) fn decryption(module: &Path, pin_file: &Path, seconds: usize) -> io::Result<u128> {
    let prepared = Decryption::prepare(module, pin_file)?;
    let mut decrypt = prepared.in_session()?;
    let long = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
    let (began, mut count) = (Instant::now(), 0_u128);
    while began.elapsed() < long {
        decrypt()?;
        count += 1;
    }
    Ok(began.elapsed().as_nanos() / count.max(1))
}

/// A key of 32 bytes that a key on a token has sealed by AES-256-GCM.
pub(super) struct Decryption {
    pkcs11: Pkcs11,
    slot: Slot,
    key: ObjectHandle,
    sealed: Vec<u8>,
    /// Keeps the login.
    _session: std::sync::Mutex<Session>,
}

const NONCE: [u8; 12] = [1; 12];

fn failed(error: cryptoki::error::Error) -> io::Error {
    io::Error::other(error.to_string())
}

impl Decryption {
    /// Makes the token's key and what it seals.
    pub(super) fn prepare(module: &Path, pin_file: &Path) -> io::Result<Self> {
        let pkcs11 = Pkcs11::new(module).map_err(failed)?;
        pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(failed)?;
        let slots = pkcs11.get_slots_with_initialized_token().map_err(failed)?;
        let slot = *slots.first().ok_or_else(|| io::Error::other("no token"))?;
        let session = pkcs11.open_rw_session(slot).map_err(failed)?;
        let pin = fs::read_to_string(pin_file)?;
        session.login(UserType::User, Some(&AuthPin::from(pin.trim_end()))).map_err(failed)?;
        let template = [
            Attribute::ValueLen(32.into()),
            Attribute::Token(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
        ];
        let key = session.generate_key(&Mechanism::AesKeyGen, &template).map_err(failed)?;
        let mut nonce = NONCE;
        let parameters = GcmParams::new(&mut nonce, &BINDING, 128.into()).map_err(failed)?;
        let sealed = session.encrypt(&Mechanism::AesGcm(parameters), key, &KEY).map_err(failed)?;
        Ok(Self { pkcs11, slot, key, sealed, _session: std::sync::Mutex::new(session) })
    }

    /// Decrypts again and again, in a session of its own.
    pub(super) fn in_session(&self) -> io::Result<impl FnMut() -> io::Result<()> + '_> {
        let session = self.pkcs11.open_rw_session(self.slot).map_err(failed)?;
        Ok(move || {
            let mut nonce = NONCE;
            let parameters = GcmParams::new(&mut nonce, &BINDING, 128.into()).map_err(failed)?;
            let opened = session.decrypt(&Mechanism::AesGcm(parameters), self.key, &self.sealed).map_err(failed)?;
            black_box(opened);
            Ok(())
        })
    }
}
