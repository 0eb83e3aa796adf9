//! A running server: listeners bound, engine open, signals followed, everything stopped in order.

use crate::admin::{self, Admin, Reload};
use crate::calling::call_listeners;
use crate::config::{self, Address, AuditReads, Config};
use crate::connection::Kmip;
use crate::datadir::{DataDir, DataDirError, Endpoints};
use crate::http::{Http, Routes, Site};
use crate::https;
use crate::lanes::Lanes;
use crate::listener::accept;
use crate::metrics::Metrics;
use crate::service::{Opened, Service, ServiceError};
use crate::shell::{Alive, Drain, Live, Shell, drain};
use crate::tls::{Known, Material, TlsError};
use certs::Authority;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

/// How long requests in flight may take after a stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Why a server does not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The engine.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An address that is taken or not ours.
    #[error(
        "cannot listen on {address} ({listener}): {error}; choose another address or port with --{listener}, port 0 takes a free one"
    )]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// The flag that sets it.
        listener: &'static str,
        /// What went wrong.
        error: io::Error,
    },
    /// A signal has stopped the server before it was open.
    #[error("stopped before the server was open")]
    Stopped,
    /// Signals or threads that the system refuses.
    #[error("{what}: {error}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// What went wrong.
        error: io::Error,
    },
}

/// Addresses that a server really listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// KMIP over TLS.
    pub kmip: Option<SocketAddr>,
    /// KMIP over HTTPS.
    pub https: Option<SocketAddr>,
    /// The admin API.
    pub admin: Option<SocketAddr>,
}

impl Bound {
    /// The line that tells scripts that requests are accepted.
    pub fn readiness_line(&self) -> String {
        let [kmip, https, admin] = [self.kmip, self.https, self.admin].map(Address);
        format!("ready kmip={kmip} https={https} admin={admin} version={}", env!("CARGO_PKG_VERSION"))
    }
}

struct Sockets {
    kmip: Option<TcpListener>,
    https: Option<TcpListener>,
    admin: Option<TcpListener>,
}

/// A server that accepts connections.
pub struct Server {
    /// Where it listens.
    pub bound: Bound,
    shell: Arc<Shell>,
    service: Arc<dyn Service>,
    /// Held while requests in flight may finish: connections end with it.
    lanes: Arc<Lanes>,
    drain: Drain,
    reload: Reload,
    data: Arc<DataDir>,
    signals: Signals,
}

/// What the process is told from outside.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Self, RunError> {
        let listen = |kind, what| signal(kind).map_err(|error| RunError::System { what, error });
        Ok(Self {
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
            hang_up: listen(SignalKind::hangup(), "SIGHUP")?,
        })
    }
}

/// Reads the configuration anew for a reload.
pub type Reconfigure = Box<dyn Fn() -> Result<Config, String> + Send + Sync>;

impl Server {
    /// Binds the listeners, opens the engine and begins to accept.
    pub async fn start(
        data: DataDir,
        config: Config,
        reconfigure: Reconfigure,
        open: impl FnOnce(&DataDir, &Config, &Arc<Metrics>, &AtomicBool) -> Result<Opened, ServiceError>,
    ) -> Result<Self, RunError> {
        // First: a signal that comes right after the readiness line must not meet its default, which kills.
        let signals = Signals::listen()?;
        let known = Known::default();
        let material = Material::load_with(&data, &config, &known)?;
        // Bound before the store is opened: a port that is taken is told at once.
        let (mut sockets, bound) = Sockets::bind(&config).await?;
        let metrics = Arc::new(Metrics::default());
        let live = Live { material, limits: config.kmip.limits.clone() };
        let shell = Shell::new(live, metrics);
        if config.dev {
            data.write_cli_profile(&endpoints(&bound))?;
        }
        let (alive, drain) = drain();
        let routes = Routes::new(admin::opening());
        if let Some(tcp) = sockets.admin.take() {
            let site = Http { routes: routes.clone(), site: Site::Admin, shell: shell.clone() };
            tokio::spawn(accept(tcp, shell.clone(), site, alive.clone(), Arc::new(Lanes::none())));
        }
        let opened = open_until_told(|given_up| open(&data, &config, &shell.metrics, given_up))?;
        let lanes = Arc::new(lanes(&config).map_err(|error| RunError::System { what: "threads", error })?);
        // Nothing is accepted for clients before; the cell is empty until now.
        let _ = known.set(opened.service.clone());
        let data = Arc::new(data);
        let reconfigure = Arc::new(reconfigure);
        let reload = reloader(data.clone(), config, reconfigure.clone(), (shell.clone(), known));
        let authority = client_authority(&data);
        let admin = Admin {
            service: opened.service.clone(),
            administration: opened.administration,
            authority,
            data: data.clone(),
            registering: Mutex::default(),
            metrics: shell.metrics.clone(),
            reload: reload.clone(),
            reconfigure,
        };
        routes.replace(admin::routes(admin));
        sockets.accept(&shell, &opened.service, &lanes, &alive);
        tokio::spawn(call_listeners(opened.service.clone(), shell.clone(), alive));
        Ok(Self { bound, shell, service: opened.service, lanes, drain, reload, data, signals })
    }

    /// The data directory of this server.
    pub fn data(&self) -> &DataDir {
        &self.data
    }

    /// Reads certificates and configuration again.
    pub fn reload(&self) -> Result<(), String> {
        (self.reload)()
    }

    /// Follows signals until one of them stops the server, then stops it.
    pub async fn until_stopped(mut self) -> Result<(), RunError> {
        loop {
            tokio::select! {
                _ = self.signals.terminate.recv() => break,
                _ = self.signals.interrupt.recv() => break,
                _ = self.signals.hang_up.recv() => {
                    let reload = self.reload.clone();
                    match tokio::task::spawn_blocking(move || reload()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(why)) => error!("nothing was reloaded: {why}"),
                        Err(_) => error!("the reload was interrupted"),
                    }
                }
            }
        }
        self.stop().await
    }

    /// Stops accepting, lets requests in flight finish, flushes.
    pub async fn stop(self) -> Result<(), RunError> {
        info!("stopping");
        self.shell.stop();
        if tokio::time::timeout(DRAIN_TIME, self.drain.wait()).await.is_err() {
            warn!("some requests did not finish within {DRAIN_TIME:?}; their connections are cut");
        }
        let (service, lanes) = (self.service, self.lanes);
        let stop = move || {
            // Connections that have not ended in time do so before the last lines of the audit log are written.
            drop(lanes);
            service.stop()
        };
        match tokio::task::spawn_blocking(stop).await {
            Ok(stopped) => stopped?,
            Err(error) => return Err(RunError::System { what: "stopping the engine", error: error.into() }),
        }
        info!("stopped");
        Ok(())
    }
}

impl Sockets {
    async fn bind(config: &Config) -> Result<(Self, Bound), RunError> {
        let listen = &config.listen;
        let (kmip, kmip_at) = bind(listen.kmip, "listen").await?;
        let (https, https_at) = bind(listen.https, "https-listen").await?;
        let (admin, admin_at) = bind(listen.admin, "admin-listen").await?;
        Ok((Self { kmip, https, admin }, Bound { kmip: kmip_at, https: https_at, admin: admin_at }))
    }

    fn accept(self, shell: &Arc<Shell>, service: &Arc<dyn Service>, lanes: &Arc<Lanes>, alive: &Alive) {
        if let Some(tcp) = self.kmip {
            let kmip = Kmip { service: service.clone(), shell: shell.clone() };
            tokio::spawn(accept(tcp, shell.clone(), kmip, alive.clone(), lanes.clone()));
        }
        if let Some(tcp) = self.https {
            let routes = Routes::new(https::routes(service.clone(), shell.clone()));
            let site = Http { routes, site: Site::Kmip, shell: shell.clone() };
            tokio::spawn(accept(tcp, shell.clone(), site, alive.clone(), lanes.clone()));
        }
    }
}

/// One for each processor, unless every request may wait on it for a device or the disk.
fn lanes(config: &Config) -> io::Result<Lanes> {
    if !config.has_devices() && config.audit.reads != AuditReads::Durable {
        Lanes::start(std::thread::available_parallelism().map_or(1, usize::from))
    } else {
        Ok(Lanes::none())
    }
}

/// Opens the engine, which may wait for a device. A signal that stops the server ends the waiting, and is not an error.
fn open_until_told(open: impl FnOnce(&AtomicBool) -> Result<Opened, ServiceError>) -> Result<Opened, RunError> {
    let given_up = Arc::new(AtomicBool::new(false));
    let Signals { mut terminate, mut interrupt, .. } = Signals::listen()?;
    let told = given_up.clone();
    let watcher = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.store(true, Ordering::Relaxed);
    });
    let opened = tokio::task::block_in_place(|| open(&given_up));
    watcher.abort();
    opened.map_err(|error| match given_up.load(Ordering::Relaxed) {
        true => RunError::Stopped,
        false => error.into(),
    })
}

async fn bind(address: Address, listener: &'static str) -> Result<(Option<TcpListener>, Option<SocketAddr>), RunError> {
    let Some(address) = address.0 else { return Ok((None, None)) };
    let failed = |error| RunError::Bind { address, listener, error };
    let tcp = TcpListener::bind(address).await.map_err(failed)?;
    let bound = tcp.local_addr().map_err(failed)?;
    Ok((Some(tcp), Some(bound)))
}

/// The authority of clients, unless its key is kept elsewhere.
fn client_authority(data: &DataDir) -> Option<Authority> {
    let read = data.client_authority();
    if let Err(error) = &read
        && data.pki("ca.key").exists()
    {
        warn!(%error, "no client can be enrolled with a certificate of the data directory's authority");
    }
    read.ok()
}

fn endpoints(bound: &Bound) -> Endpoints {
    let text = |address: Option<SocketAddr>| address.map(|address| address.to_string());
    Endpoints { server: text(bound.kmip), admin: text(bound.admin) }
}

fn reloader(
    data: Arc<DataDir>,
    started: Config,
    reconfigure: Arc<Reconfigure>,
    (shell, known): (Arc<Shell>, Known),
) -> Reload {
    Arc::new(move || {
        let config = reconfigure()?;
        let material = Material::load_with(&data, &config, &known).map_err(|error| error.to_string())?;
        let fixed = fixed_at_start(&started, &config);
        if !fixed.is_empty() {
            warn!("changed in the configuration, but in force only after a restart: {}", fixed.join(", "));
        }
        shell.replace(Live { material, limits: config.kmip.limits });
        info!("certificates, CAs, revocation lists and limits reloaded");
        Ok(())
    })
}

/// Sections that differ and cannot change while the server runs.
fn fixed_at_start(started: &Config, now: &Config) -> Vec<&'static str> {
    // The limits alone can.
    let kmip = |config: &Config| config::Kmip { limits: config::Limits::default(), ..config.kmip.clone() };
    let compared = [
        ("data_dir", started.data_dir == now.data_dir),
        ("[listen]", started.listen == now.listen),
        ("[kmip]", kmip(started) == kmip(now)),
        ("[store]", started.store == now.store),
        ("[vault]", started.vault == now.vault),
        ("[[hsm]]", started.hsm == now.hsm),
        ("[ca]", started.ca == now.ca),
        ("[audit]", started.audit == now.audit),
        ("[log]", started.log == now.log),
    ];
    compared.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_is_off_shows_a_dash() {
        let bound = Bound { kmip: Some(([127, 0, 0, 1], 5696).into()), https: None, admin: None };
        let expected = format!("ready kmip=127.0.0.1:5696 https=- admin=- version={}", env!("CARGO_PKG_VERSION"));
        assert_eq!(bound.readiness_line(), expected);
    }

    #[tokio::test]
    async fn there_are_lanes_unless_requests_wait_on_them() {
        let count = |text: &str| lanes(&Config::parse(text).unwrap()).unwrap().count();
        assert_eq!(count(""), std::thread::available_parallelism().unwrap().get());
        assert_eq!(count("[audit]\nreads = 'durable'"), 0);
        let device = "name = 'a'\nmodule = '/m.so'\nserial = '1'\npin_file = '/pin'";
        assert_eq!(count(&format!("[vault]\nkind = 'pkcs11'\n[[hsm]]\n{device}")), 0);
    }

    #[test]
    fn what_needs_a_restart_is_named() {
        let started = Config::default();
        let changed =
            Config::parse("[listen]\nkmip = '127.0.0.1:1'\n[kmip]\ninterop = true\n[kmip.limits]\nhandshakes = 1")
                .unwrap();
        assert_eq!(fixed_at_start(&started, &changed), ["[listen]", "[kmip]"]);
    }
}
