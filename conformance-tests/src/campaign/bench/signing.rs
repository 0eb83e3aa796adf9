//! Sign through KMIP beside the library alone on one processor, by turns, with keys of the same kind.
//!
//! The bar is what clients get of a server that has the machine, with those clients on it too. Told beside it is the rate of
//! a server that is kept on one processor, as the library is, and the ceiling: what the same clients would get of a server
//! that does nothing but TLS, framing and the signature. It is worked out from a floor in the same run, which answers as many
//! bytes without a signature.

use super::floor::Floor;
use super::{Places, Settings};
use crate::campaign::{CampaignError, finding};
use crate::message::{Call, call, payload, request};
use crate::server_process::{Server, processor_time};
use crate::tls::{Connection, Identity};
use crate::tree::{Tree, bytes, date_time, decode, describe, encode, enumeration, integer, structure, text};
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
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use std::collections::VecDeque;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
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
/// Octets of an ECDSA signature on P-256 in DER, at most.
const ECDSA_OCTETS: usize = 72;
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
    /// Its process
    #[arg(long)]
    pid: u32,
    /// The folder of its development PKI
    #[arg(long)]
    pki: PathBuf,
}

/// Measures both algorithms on a server; one line each.
pub fn measure(settings: Settings, server: &Server, places: &Places<'_>) -> Result<Vec<(String, bool)>, CampaignError> {
    let processors = std::thread::available_parallelism()?.get();
    let all = format!("0-{}", processors.saturating_sub(1));
    let pki = server.pki("ca.pem").parent().map(PathBuf::from).unwrap_or_default();
    let ours = Target { address: server.kmip(), pid: server.pid(), pki };
    let mut lines = Vec::new();
    for (algorithm, octets) in [(Algorithm::EcdsaP256, ECDSA_OCTETS), (Algorithm::Rsa2048, KeySize::Rsa2048.len())] {
        let certificates = places.place.join(format!("floor-{octets}"));
        let floor = Floor::start(places.sources, &certificates, octets, None)?;
        let echo = Target { address: floor.address()?, pid: floor.pid(), pki: certificates };
        let mut runs = Runs { processors, ..Runs::default() };
        for _ in 0..settings.rounds {
            runs.library.push(measured("0", algorithm, settings.seconds, "library", None)?);
            keep(server, "0")?;
            runs.kept.push(measured("1", algorithm, settings.seconds, "sign-load", Some(&ours))?);
            keep(server, &all)?;
            runs.free.push(measured(&all, algorithm, settings.seconds, "sign-load", Some(&ours))?);
            runs.echo.push(measured(&all, algorithm, settings.seconds, "sign-load", Some(&echo))?);
        }
        lines.push(runs.judge(algorithm));
    }
    Ok(lines)
}

/// Keeps a server on some processors.
fn keep(server: &Server, processors: &str) -> Result<(), CampaignError> {
    let mut pin = Command::new("taskset");
    pin.args(["-a", "-cp", processors, &server.pid().to_string()]).stdout(Stdio::null());
    if pin.status()?.success() { Ok(()) } else { finding(format!("taskset cannot keep the server on {processors}")) }
}

/// What was measured of one algorithm.
#[derive(Default)]
struct Runs {
    /// The library alone, on one processor.
    library: Vec<Signed>,
    /// The server on that processor, its clients on another.
    kept: Vec<Signed>,
    /// The server and its clients on all processors.
    free: Vec<Signed>,
    /// The floor and the same clients on all processors.
    echo: Vec<Signed>,
    processors: usize,
}

impl Runs {
    fn judge(&self, algorithm: Algorithm) -> (String, bool) {
        let rate = |all: &[Signed]| median(all.iter().map(|signed| signed.rate).collect());
        let cost = |all: &[Signed]| median(all.iter().map(|signed| signed.processor_us).collect());
        let (library, kept, free) = (rate(&self.library), rate(&self.kept), rate(&self.free));
        // Clients and server share the processors, and each signature takes one of them for as long as the library needs.
        let processors = u32::try_from(self.processors).map_or(1.0, f64::from);
        let echo = rate(&self.echo);
        let ceiling = 1.0 / (1.0 / echo + 1.0 / library / processors);
        let share = free / library;
        let is_met = share >= SHARE_OF_LIBRARY;
        let (word, name) = (if is_met { "PASS" } else { "FAIL" }, algorithm.to_possible_value());
        let name = name.map_or_else(String::new, |name| name.get_name().to_owned());
        let line = format!(
            "{word} sign {name} x{CONNECTIONS}: {share:.2} of the library's {library:.0}/s on one processor ({free:.0}/s), \
             at least {SHARE_OF_LIBRARY:.2}; the echo of as many bytes ({echo:.0}/s) and the signature come to {:.2}; \
             on that processor alone {:.2} ({kept:.0}/s; {:.1} us of {:.1})",
            ceiling / library,
            kept / library,
            cost(&self.library),
            cost(&self.kept)
        );
        (line, is_met)
    }
}

/// What a run measured.
#[derive(Debug, Clone, Copy)]
pub struct Signed {
    /// Signatures a second.
    rate: f64,
    /// Processor time of each, in microseconds: of the library, or of the whole server.
    processor_us: f64,
}

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rate, self.processor_us)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What a part measures on some processors.
fn measured(
    processors: &str,
    algorithm: Algorithm,
    seconds: usize,
    part: &str,
    target: Option<&Target>,
) -> io::Result<Signed> {
    let mut command = Command::new("taskset");
    command.args(["-c", processors]).arg(std::env::current_exe()?).args(["part", part]);
    command.args(["--seconds", &seconds.to_string(), "--algorithm"]);
    command.args(algorithm.to_possible_value().map(|value| value.get_name().to_owned()));
    if let Some(Target { address, pid, pki }) = target {
        command.args(["--address", &address.to_string(), "--pid", &pid.to_string(), "--pki"]).arg(pki);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let numbers = told.lines().next().and_then(|line| line.split_once(' '));
    let parsed =
        numbers.and_then(|(rate, cost)| Some(Signed { rate: rate.parse().ok()?, processor_us: cost.parse().ok()? }));
    parsed.ok_or_else(|| io::Error::other(format!("no rate of {part} in: {told}")))
}

/// The library alone, with no key store, protocol or socket.
pub fn library(algorithm: Algorithm, seconds: usize) -> io::Result<Signed> {
    let unspecified = |_| io::Error::other("the library makes no key");
    let (random, own) = (SystemRandom::new(), std::process::id());
    match algorithm {
        Algorithm::EcdsaP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(unspecified)?;
            repeat(seconds, own, || {
                black_box(pair.sign(&random, &MESSAGE).is_ok());
                Ok(())
            })
        }
        Algorithm::Rsa2048 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unspecified)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            repeat(seconds, own, || {
                black_box(pair.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature).is_ok());
                Ok(())
            })
        }
    }
}

/// Signs again and again, and takes the processor time of a process meanwhile.
fn repeat(seconds: usize, pid: u32, mut sign: impl FnMut() -> io::Result<()>) -> io::Result<Signed> {
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        sign()?;
    }
    let long = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
    let (before, began, mut count) = (processor_time(pid)?, Instant::now(), 0_u32);
    while began.elapsed() < long {
        sign()?;
        count = count.saturating_add(1);
    }
    let (took, spent) = (began.elapsed(), processor_time(pid)?.saturating_sub(before));
    let count = f64::from(count.max(1));
    Ok(Signed { rate: count / took.as_secs_f64(), processor_us: spent.as_secs_f64() * 1e6 / count })
}

/// A server, over some connections with one request under way on each, which know nothing of each other: whichever has its
/// answer asks again at once.
pub fn load(target: &Target, algorithm: Algorithm, seconds: usize) -> io::Result<Signed> {
    let file = |name: &str| target.pki.join(name);
    let identity = Identity::from_files(&file("ca.pem"), &file("client.pem"), &file("client.key"))?;
    let key = make_pair(&mut identity.connect(target.address)?, algorithm)?;
    let message = encode(&request(V2_1, &[sign(&key, algorithm)]));
    let mut connections =
        (0..CONNECTIONS).map(|_| identity.connect(target.address)).collect::<io::Result<Vec<Connection>>>()?;
    connections.iter_mut().try_for_each(|connection| connection.send(&message))?;
    let mut answered = VecDeque::new();
    repeat(seconds, target.pid, || {
        while answered.is_empty() {
            answered.extend(readable(&connections)?);
        }
        let Some(connection) = answered.pop_front().and_then(|at| connections.get_mut(at)) else { return Ok(()) };
        check(&connection.receive()?)?;
        connection.send(&message)
    })
}

/// Waits until something has come on some connections, and tells which.
fn readable(connections: &[Connection]) -> io::Result<Vec<usize>> {
    let mut waiting: Vec<PollFd<'_>> =
        connections.iter().map(|connection| PollFd::new(connection, PollFlags::IN)).collect();
    retry_on_intr(|| poll(&mut waiting, None))?;
    let came = |(at, waiting): (usize, &PollFd<'_>)| (!waiting.revents().is_empty()).then_some(at);
    Ok(waiting.iter().enumerate().filter_map(came).collect())
}

/// Every answer is looked at, without a tree of it: what the clients spend is taken from the server.
fn check(answer: &[u8]) -> io::Result<()> {
    let item = field(answer, Tag::ResponseMessage).and_then(|message| field(message, Tag::BatchItem));
    let status = item.and_then(|item| field(item, Tag::ResultStatus)).and_then(|status| status.first_chunk::<4>());
    let payload = item.and_then(|item| field(item, Tag::ResponsePayload));
    let signature = payload.and_then(|payload| field(payload, Tag::SignatureData));
    match (status, signature) {
        (Some(status), Some(signature))
            if u32::from_be_bytes(*status) == ResultStatus::Success.0 && signature.len() >= 64 =>
        {
            Ok(())
        }
        _ => Err(io::Error::other(format!("an answer without a signature: {}", told(answer)))),
    }
}

fn told(answer: &[u8]) -> String {
    match decode(answer) {
        Ok(answer) => answer.field(Tag::BatchItem).map_or("no batch item".to_owned(), describe),
        Err(error) => error.to_string(),
    }
}

/// The value of the first field of a tag among fields in TTLV.
fn field(mut fields: &[u8], tag: Tag) -> Option<&[u8]> {
    loop {
        let (header, rest) = fields.split_first_chunk::<8>()?;
        let [a, b, c, _, length @ ..] = *header;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        if u32::from_be_bytes([0, a, b, c]) == tag.value() {
            return rest.get(..length);
        }
        fields = rest.get(length.checked_next_multiple_of(8)?..)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_a_signature_are_told_from_others() {
        let answer = |status: ResultStatus, octets: usize| {
            let signature = vec![text(Tag::UniqueIdentifier, "key"), bytes(Tag::SignatureData, &vec![1; octets])];
            let item = vec![
                enumeration(Tag::Operation, Operation::Sign.0),
                enumeration(Tag::ResultStatus, status.0),
                structure(Tag::ResponsePayload, signature),
            ];
            let header = structure(Tag::ResponseHeader, vec![integer(Tag::BatchCount, 1)]);
            encode(&structure(Tag::ResponseMessage, vec![header, structure(Tag::BatchItem, item)]))
        };
        let signed = answer(ResultStatus::Success, 71);
        assert!(check(&signed).is_ok());
        assert!(check(&answer(ResultStatus::OperationFailed, 71)).is_err());
        assert!(check(&answer(ResultStatus::Success, 63)).is_err());
        for length in 0..signed.len() - 8 {
            assert!(check(&signed[..length]).is_err(), "{length}");
        }
    }
}
