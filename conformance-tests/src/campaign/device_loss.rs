//! The device that holds the root key is taken away under load and brought back: no wrong answer, a clear refusal of what
//! needs it, and service that returns by itself.

use super::{CampaignError, Outcome, finding};
use crate::message::{Call, call, create_aes, make, material, payload, reason};
use crate::server_process::{Options, Server};
use crate::tls::Identity;
use crate::token::{Mode, Remote, SoftHsm, device, vault};
use clap::ValueEnum;
use kmip_codec::registry::{Operation, ResultReason};
use kmip_codec::version::V2_1;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often the device is asked.
    pub mode: Mode,
    /// Clients, each on a connection of its own.
    pub clients: usize,
    /// How long the device is away.
    pub away: Duration,
    /// Whether a second device holds the same root key.
    pub spare: bool,
    /// How it is taken away.
    pub loss: Loss,
}

/// How a device is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Its process is killed: the device is a token of SoftHSM2 behind p11-kit.
    Process,
    /// Its folder is moved: the device is a token of SoftHSM2, whose module stays in the server and notices by itself.
    Folder,
}

/// A device that can be taken away. It is called [`NAME`].
enum Removable {
    Process(SoftHsm, Remote),
    Folder(SoftHsm),
}

impl Removable {
    /// `None` where it cannot be had, which is told.
    fn prepare(loss: Loss, place: &Path) -> io::Result<Option<Self>> {
        let Some(tokens) = SoftHsm::prepare(place)? else { return Ok(None) };
        match loss {
            Loss::Folder => Ok(Some(Self::Folder(tokens))),
            Loss::Process => Ok(Remote::start(&tokens, place)?.map(|remote| Self::Process(tokens, remote))),
        }
    }

    fn tokens(&self) -> &SoftHsm {
        match self {
            Self::Process(tokens, _) | Self::Folder(tokens) => tokens,
        }
    }

    /// The module through which the server reaches it.
    fn module(&self) -> &Path {
        match self {
            Self::Process(_, remote) => remote.module(),
            Self::Folder(tokens) => tokens.module(),
        }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let own = ("SOFTHSM2_CONF".to_owned(), self.tokens().configuration().display().to_string());
        match self {
            Self::Process(_, remote) => vec![own, remote.environment()],
            Self::Folder(_) => vec![own],
        }
    }

    fn take_away(&mut self) -> io::Result<()> {
        match self {
            Self::Process(_, remote) => remote.take_away(),
            Self::Folder(tokens) => tokens.take_away(),
        }
    }

    fn bring_back(&mut self) -> io::Result<()> {
        match self {
            Self::Process(_, remote) => remote.bring_back(),
            Self::Folder(tokens) => tokens.bring_back(),
        }
    }
}

/// The name of the device that is taken away.
const NAME: &str = "removable";

/// How soon service must be back after the device is.
const RECOVERY: Duration = Duration::from_secs(5);
/// How long the load runs before the loss, and after the recovery.
const STEADY: Duration = Duration::from_secs(2);
/// How soon the loss must be noticed: keys that are made need only the module's random generator, which a module without its
/// folder may still have until the root key is tried.
const NOTICED: Duration = Duration::from_secs(6);
/// How long an answer may take while the device is away: the deadline of one call, and a second one.
const PATIENCE: Duration = Duration::from_secs(13);

/// What became of one request.
struct Event {
    began: Instant,
    ended: Instant,
    what: What,
    refused: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Get,
    Create,
}

/// When the device was away.
struct Times {
    lost: Instant,
    back: Instant,
}

/// Takes the device of a new server in `place` away.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let not_played = || Ok("device-loss: not played".to_owned());
    if settings.spare && settings.loss != Loss::Process {
        return finding("the spare device is the same token, whose folder would be moved, too");
    }
    let Some(mut removable) = Removable::prepare(settings.loss, place)? else { return not_played() };
    if settings.spare {
        // Of several devices each must have the root key: the first makes it alone. The spare reaches the same token.
        let alone = Settings { spare: false, ..settings };
        Server::start(&options(alone, &removable, place))?.stop()?;
    }
    let mut server = Server::start(&options(settings, &removable, place))?;
    let identity = server.enroll("users")?;
    ready(&server).or_else(|told| finding(format!("not ready with its device: {told}")))?;
    if !serves(&server, NAME)? {
        return finding("the list of devices says that a device which serves is lost");
    }

    let over = AtomicBool::new(false);
    let (events, times) = thread::scope(|scope| {
        let load = |number| {
            let (identity, address, over) = (&identity, server.kmip(), &over);
            scope.spawn(move || work(identity, address, number, over))
        };
        let clients: Vec<_> = (0..settings.clients).map(load).collect();
        let times = take_away_and_bring_back(settings, &server, &mut removable);
        over.store(true, Ordering::Relaxed);
        let mut events = Vec::new();
        for client in clients {
            match client.join() {
                Ok(told) => events.extend(told?),
                Err(_) => return finding("a client panicked"),
            }
        }
        Ok::<_, CampaignError>((events, times?))
    })?;
    if !server.is_running() {
        return finding("the server has ended");
    }
    judge(settings, &events, &times)
}

fn options(settings: Settings, removable: &Removable, place: &Path) -> Options {
    let tokens = removable.tokens();
    let mut config = vault(settings.mode);
    config.push_str(&device(NAME, removable.module(), "kmip", &tokens.pin_file()));
    if settings.spare {
        config.push_str(&device("spare", tokens.module(), "kmip", &tokens.pin_file()));
    }
    Options { config: Some(config), environment: removable.environment(), ..Options::new(&place.join("data")) }
}

fn ready(server: &Server) -> Result<(), String> {
    server.admin_request("GET", "/readyz", b"").map(drop).map_err(|error| error.to_string())
}

/// Whether a device serves, by the server's list.
fn serves(server: &Server, name: &str) -> Result<bool, CampaignError> {
    let listed: serde_json::Value =
        serde_json::from_slice(&server.admin_request("GET", "/api/v1/hsm", b"")?).map_err(std::io::Error::from)?;
    let devices = listed.get("devices").and_then(serde_json::Value::as_array).into_iter().flatten();
    match devices.into_iter().find(|device| device.get("name").and_then(serde_json::Value::as_str) == Some(name)) {
        Some(device) => Ok(device.get("serves") == Some(&serde_json::Value::Bool(true))),
        None => finding(format!("{name} is not in the list of devices: {listed}")),
    }
}

fn take_away_and_bring_back(
    settings: Settings,
    server: &Server,
    removable: &mut Removable,
) -> Result<Times, CampaignError> {
    thread::sleep(STEADY);
    removable.take_away()?;
    let lost = Instant::now();
    thread::sleep(settings.away.saturating_sub(STEADY));
    if serves(server, NAME)? {
        return finding("the list of devices says that the lost device serves");
    }
    let told = ready(server);
    match (settings.spare, told) {
        (true, Ok(())) => {}
        (true, Err(told)) => return finding(format!("not ready although one device works: {told}")),
        (false, Ok(())) => return finding("/readyz says ready although the device is lost"),
        (false, Err(told)) if told.contains(NAME) => {}
        (false, Err(told)) => return finding(format!("/readyz does not name the lost device: {told}")),
    }
    thread::sleep(settings.away.saturating_sub(lost.elapsed()));
    removable.bring_back()?;
    let back = Instant::now();
    thread::sleep(RECOVERY + STEADY);
    ready(server).or_else(|told| finding(format!("not ready although the device is back: {told}")))?;
    Ok(Times { lost, back })
}

/// One client: reads its own key, and makes another one every tenth time.
fn work(
    identity: &Identity,
    server: SocketAddr,
    number: usize,
    over: &AtomicBool,
) -> Result<Vec<Event>, CampaignError> {
    let mut connection = identity.connect(server)?;
    connection.set_read_timeout(PATIENCE)?;
    let key = make(&mut connection, V2_1, &create_aes(&format!("key of {number}")))?;
    let get = Call::on(Operation::Get, &key);
    let expected = material(&call(&mut connection, V2_1, &get)?)?;
    let mut events = Vec::new();
    for round in 0_u64.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let what = if round % 10 == 9 { What::Create } else { What::Get };
        let made = create_aes(&format!("{number}/{round}"));
        let began = Instant::now();
        let answer = call(&mut connection, V2_1, if what == What::Get { &get } else { &made });
        let answer = answer.or_else(|error| finding(format!("{what:?} was not answered: {error}")))?;
        let refused = match payload(&answer) {
            Ok(_) if what == What::Get && material(&answer)? != expected => {
                return finding("a key came back with another value");
            }
            Ok(_) => None,
            Err(error) if reason(&answer) == Some(ResultReason::GeneralFailure) => Some(error.to_string()),
            Err(error) => return finding(format!("{what:?}: {error}")),
        };
        if refused.is_some() {
            // A client that is refused does not storm the server.
            thread::sleep(Duration::from_millis(20));
        }
        events.push(Event { began, ended: Instant::now(), what, refused });
    }
    Ok(events)
}

fn judge(settings: Settings, events: &[Event], times: &Times) -> Outcome {
    let needs_device = |event: &Event| settings.mode == Mode::Strict || event.what == What::Create;
    let refused = || events.iter().filter_map(|event| event.refused.as_ref().map(|told| (event, told)));
    for (event, told) in refused() {
        if event.ended < times.lost {
            return finding(format!("{:?} was refused before the device was lost: {told}", event.what));
        }
        if event.began > times.back + RECOVERY {
            return finding(format!("{:?} is refused {RECOVERY:?} after the device came back: {told}", event.what));
        }
        let in_flight = event.began <= times.lost;
        if settings.spare && !in_flight {
            return finding(format!("{:?} was refused although another device works: {told}", event.what));
        }
        if !needs_device(event) {
            return finding(format!("{:?} needs no device and was refused: {told}", event.what));
        }
        if !told.contains("out of reach") {
            return finding(format!("{:?} was refused without a clear reason: {told}", event.what));
        }
    }
    let away = |event: &&Event| event.began > times.lost && event.ended < times.back;
    let served =
        |what| events.iter().filter(away).filter(|event| event.what == what && event.refused.is_none()).count();
    let (gets, creates) = (served(What::Get), served(What::Create));
    let expected = settings.spare || settings.mode == Mode::Cached;
    if expected && gets == 0 {
        return finding("no Get was answered while the device was away");
    }
    let notices = times.lost + if settings.loss == Loss::Folder { NOTICED } else { Duration::ZERO };
    let late = |event: &&Event| event.began > notices && event.what == What::Create && event.refused.is_none();
    if !settings.spare && events.iter().filter(away).any(|event| late(&event)) {
        return finding("keys were made although the device was away");
    }
    let recovered = events.iter().filter(|event| event.began > times.back && event.refused.is_none());
    let recovered = recovered.filter(|event| needs_device(event)).map(|event| event.ended).min();
    let Some(recovered) = recovered else { return finding("service did not return") };
    let longest = events.iter().map(|event| event.ended - event.began).max().unwrap_or_default();
    Ok(format!(
        "device-loss ({}, {}{}): {} requests of {} clients, {} refused while the device was away for {:.0} s, {gets} Gets and \
         {creates} Creates served meanwhile, back after {:.1} s, longest answer {:.1} s",
        settings.mode.name(),
        if settings.loss == Loss::Folder { "its folder moved" } else { "its process killed" },
        if settings.spare { ", another device works" } else { "" },
        events.len(),
        settings.clients,
        refused().count(),
        settings.away.as_secs_f64(),
        (recovered - times.back).as_secs_f64(),
        longest.as_secs_f64()
    ))
}
