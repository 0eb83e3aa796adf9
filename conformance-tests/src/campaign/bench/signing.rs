//! Sign through KMIP beside the library alone: both on one processor, by turns, with keys of the same kind.

use super::Settings;
use crate::campaign::{CampaignError, finding};
use crate::message::{Call, call, payload, request};
use crate::server_process::Server;
use crate::tls::{Connection, Identity};
use crate::tree::{Tree, bytes, date_time, decode, encode, enumeration, integer, structure, text};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use clap::ValueEnum;
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, Operation, PaddingMethod, RecommendedCurve,
    ResultStatus, Tag,
};
use kmip_codec::version::V2_1;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// What signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
    /// RSA of 2048 bits, PKCS#1 v1.5 with SHA-256.
    Rsa2048,
}

/// The least share of the library's rate that is enough.
const SHARE_OF_LIBRARY: f64 = 0.7;
/// Connections that sign.
const CONNECTIONS: usize = 8;
/// What is signed.
const MESSAGE: [u8; 64] = [7; 64];
/// Load before the measuring starts.
const WARM_UP: Duration = Duration::from_millis(300);

/// How a load process reaches the server.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Where it listens
    #[arg(long)]
    address: SocketAddr,
    /// The folder of its development PKI
    #[arg(long)]
    pki: PathBuf,
}

/// Measures both algorithms on a server, which is kept on the first processor from now on; one line each.
pub fn measure(settings: Settings, server: &Server) -> Result<Vec<(String, bool)>, CampaignError> {
    let mut pin = Command::new("taskset");
    pin.args(["-a", "-cp", "0", &server.pid().to_string()]).stdout(Stdio::null());
    if !pin.status()?.success() {
        return finding("taskset cannot keep the server on one processor");
    }
    let mut lines = Vec::new();
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Rsa2048] {
        let (mut library, mut served, mut spent) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..settings.rounds {
            library.push(measured("0", algorithm, settings.seconds, "library", None)?);
            let before = server.processor_time()?;
            served.push(measured("1", algorithm, settings.seconds, "sign-load", Some(server))?);
            spent.push(server.processor_time()?.saturating_sub(before).as_secs_f64());
        }
        lines.push(judge(algorithm, median(library), median(served), median(spent) / settings.seconds.max(1) as f64));
    }
    Ok(lines)
}

/// The server's share of its processor tells how far a rate says something about the server: on a busy machine, or where the
/// client is slower, it is well below 1.
fn judge(algorithm: Algorithm, library: f64, served: f64, busy: f64) -> (String, bool) {
    let share = served / library;
    let is_met = share >= SHARE_OF_LIBRARY;
    let (word, name) = (if is_met { "PASS" } else { "FAIL" }, algorithm.to_possible_value());
    let name = name.map_or_else(String::new, |name| name.get_name().to_owned());
    let line = format!(
        "{word} sign {name} x{CONNECTIONS}: {share:.2} of the library's {library:.0}/s on one processor ({served:.0}/s, the server \
         busy for {busy:.2} of the time), at least {SHARE_OF_LIBRARY:.2}"
    );
    (line, is_met)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Signatures a second that a part measures on a processor.
fn measured(
    processor: &str,
    algorithm: Algorithm,
    seconds: usize,
    part: &str,
    server: Option<&Server>,
) -> io::Result<f64> {
    let mut command = Command::new("taskset");
    command.args(["-c", processor]).arg(std::env::current_exe()?).args(["part", part]);
    command.args(["--seconds", &seconds.to_string(), "--algorithm"]);
    command.args(algorithm.to_possible_value().map(|value| value.get_name().to_owned()));
    if let Some(server) = server {
        let pki = server.pki("ca.pem");
        let pki = pki.parent().unwrap_or(Path::new("."));
        command.args(["--address", &server.kmip().to_string(), "--pki"]).arg(pki);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let rate = told.lines().next().and_then(|line| line.parse().ok());
    rate.ok_or_else(|| io::Error::other(format!("no rate of {part} in: {told}")))
}

/// Signatures a second of the library, with no key store, protocol or socket.
pub fn library(algorithm: Algorithm, seconds: usize) -> io::Result<f64> {
    let unspecified = |_| io::Error::other("the library makes no key");
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::EcdsaP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(unspecified)?;
            Ok(rate(seconds, || {
                black_box(pair.sign(&random, &MESSAGE).is_ok());
            }))
        }
        Algorithm::Rsa2048 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unspecified)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            Ok(rate(seconds, || {
                black_box(pair.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature).is_ok());
            }))
        }
    }
}

/// Calls a second.
fn rate(seconds: usize, mut call: impl FnMut()) -> f64 {
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        call();
    }
    let (began, long, mut count) = (Instant::now(), seconds_of(seconds), 0_u32);
    while began.elapsed() < long {
        call();
        count = count.saturating_add(1);
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn seconds_of(seconds: usize) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(1))
}

/// Signatures a second that a server gives to some connections, each with one request under way.
pub fn load(target: &Target, algorithm: Algorithm, seconds: usize) -> io::Result<f64> {
    let file = |name: &str| target.pki.join(name);
    let identity = Identity::from_files(&file("ca.pem"), &file("client.pem"), &file("client.key"))?;
    let key = make_pair(&mut identity.connect(target.address)?, algorithm)?;
    let message = encode(&request(V2_1, &[sign(&key, algorithm)]));
    let connections =
        (0..CONNECTIONS).map(|_| identity.connect(target.address)).collect::<io::Result<Vec<Connection>>>()?;
    let start = Barrier::new(CONNECTIONS);
    let signed: Vec<io::Result<f64>> = thread::scope(|scope| {
        let signers = connections.into_iter().map(|connection| {
            scope.spawn(|| {
                start.wait();
                sign_for(connection, &message, seconds)
            })
        });
        let signers: Vec<_> = signers.collect();
        let joined = |signer: thread::ScopedJoinHandle<'_, io::Result<f64>>| {
            signer.join().unwrap_or_else(|_| Err(io::Error::other("a client panicked")))
        };
        signers.into_iter().map(joined).collect()
    });
    signed.into_iter().sum()
}

/// Signs on one connection; every answer is read and must be a signature.
fn sign_for(mut connection: Connection, message: &[u8], seconds: usize) -> io::Result<f64> {
    use crate::endpoint::Endpoint;
    let mut outcome = Ok(());
    let rate = rate(seconds, || {
        let answer = connection.exchange(message).and_then(|answer| check(&answer));
        if let (Err(error), Ok(())) = (answer, &outcome) {
            outcome = Err(error);
        }
    });
    outcome.map(|()| rate)
}

fn check(answer: &[u8]) -> io::Result<()> {
    let answer = decode(answer).map_err(|error| io::Error::other(error.to_string()))?;
    let item = answer.field(Tag::BatchItem).ok_or_else(|| io::Error::other("an answer without a batch item"))?;
    let status = item.field(Tag::ResultStatus).and_then(Tree::as_enumeration);
    let signature = item.at(&[Tag::ResponsePayload, Tag::SignatureData]).and_then(Tree::as_bytes);
    match signature {
        Some(signature) if status == Some(ResultStatus::Success.0) && signature.len() >= 64 => Ok(()),
        _ => payload(item).and(Err(io::Error::other("an answer without a signature"))),
    }
}

/// Makes an active pair and gives the identifier of its private key.
fn make_pair(connection: &mut Connection, algorithm: Algorithm) -> io::Result<String> {
    let mut common = match algorithm {
        Algorithm::EcdsaP256 => vec![
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0),
            structure(
                Tag::CryptographicDomainParameters,
                vec![enumeration(Tag::RecommendedCurve, RecommendedCurve::P_256.0)],
            ),
        ],
        Algorithm::Rsa2048 => vec![
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::RSA.0),
            integer(Tag::CryptographicLength, 2_048),
        ],
    };
    common.push(date_time(Tag::ActivationDate, 1_000_000_000));
    let mask = |mask: CryptographicUsageMask| vec![integer(Tag::CryptographicUsageMask, mask.0.cast_signed())];
    let fields = vec![
        structure(Tag::CommonAttributes, common),
        structure(Tag::PrivateKeyAttributes, mask(CryptographicUsageMask::Sign)),
        structure(Tag::PublicKeyAttributes, mask(CryptographicUsageMask::Verify)),
    ];
    let item = call(connection, V2_1, &Call::new(Operation::CreateKeyPair, fields))?;
    let identifier = payload(&item)?.field(Tag::PrivateKeyUniqueIdentifier).and_then(Tree::as_text);
    identifier.map(str::to_owned).ok_or_else(|| io::Error::other("no identifier"))
}

fn sign(key: &str, algorithm: Algorithm) -> Call {
    let mut parameters: Vec<Item> = Vec::new();
    if algorithm == Algorithm::Rsa2048 {
        parameters.push(enumeration(Tag::PaddingMethod, PaddingMethod::PKCS1V1_5.0));
    }
    parameters.push(enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0));
    let fields = vec![
        text(Tag::UniqueIdentifier, key),
        structure(Tag::CryptographicParameters, parameters),
        bytes(Tag::Data, &MESSAGE),
    ];
    Call::new(Operation::Sign, fields)
}
