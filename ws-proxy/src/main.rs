//! `ws-proxy`: the command line around the library.

use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{Interval, interval};
use ws_proxy::systemd::{Inherited, Notifier, watchdog};
use ws_proxy::{Config, Flags, Handle, LogFilter, Server, Stop, check};

fn main() -> ExitCode {
    match run(Flags::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell if even this fails.
            let _ = writeln!(io::stderr(), "ws-proxy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    let config = Config::load(flags.clone())?;
    if flags.print_config {
        io::stdout().write_all(config.to_toml().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let log = LogFilter::start(&config.log)?;
    // Before there are threads: it reads and removes variables.
    let sockets = Inherited::from_env().context("the sockets that were passed can't be used")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if let Some(probe) = &flags.check {
            let report = check::check(&config, probe.as_ref()).await?;
            io::stdout().write_all(report.text.as_bytes())?;
            return Ok(if report.passed {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        serve(config, flags, sockets, log).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Serves until a signal says otherwise: SIGTERM lets sessions leave one after the
/// other, Ctrl-C all at once, a second one of either ends everything without a
/// word. SIGHUP reads the configuration again.
async fn serve(
    config: Config,
    flags: Flags,
    sockets: Inherited,
    log: LogFilter,
) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("no signal could be received")?;
    let notifier = Notifier::from_env();
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let domains: Vec<String> = config
        .domains
        .iter()
        .map(|domain| domain.name.to_string())
        .collect();
    if config.counts_front_as_client() {
        tracing::warn!(
            "the limits by address count all clients behind the server in front as one: name it \
             in trusted_proxies"
        );
    }
    let server = Server::bind_with(config, sockets)
        .await?
        .with_log(log.clone());
    tracing::info!(
        "serving {} at {scheme}://{}",
        domains.join(", "),
        server.local_addr()
    );
    if rustix::process::geteuid().is_root() {
        tracing::warn!(
            "running as root, which nothing here needs: start it by the unit that comes with it, \
             or as a user of its own"
        );
    }
    if let Some(address) = server.admin_addr() {
        tracing::info!("health, readiness and metrics at http://{address}");
    }
    let handle = server.handle();
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let mut running = pin!(server.run(async {
        // The other half goes only with this function.
        stopped.await.unwrap_or(Stop::Quick)
    }));
    notifier.ready();
    loop {
        let signal = tokio::select! {
            () = &mut running => return Ok(()),
            signal = signals.next() => signal,
        };
        match signal {
            Told::Reload => {
                notifier.reloading();
                reload(&flags, &handle, &log);
                notifier.ready();
            }
            Told::Alive => notifier.alive(),
            Told::Stop(how) => {
                notifier.stopping();
                let Some(stop) = stop.take() else {
                    tracing::warn!("told twice: stopping at once");
                    return Ok(());
                };
                // It has ended by itself otherwise, which the loop notices.
                let _ = stop.send(how);
            }
        }
    }
}

/// A configuration that can't be used changes nothing.
fn reload(flags: &Flags, handle: &Handle, log: &LogFilter) {
    let reloaded = Config::load(flags.clone())
        .map_err(anyhow::Error::from)
        .and_then(|config| {
            let filter = config.log.clone();
            LogFilter::check(&filter)?;
            let stay = handle.reload(config)?;
            log.set(&filter)?;
            Ok(stay)
        });
    match reloaded {
        Ok(stay) => {
            tracing::info!("the configuration has been read again");
            for key in stay {
                tracing::warn!("{key} stays as it is until the next start");
            }
        }
        Err(error) => {
            tracing::error!(
                "the configuration stays as it is, for the new one is wrong: {error:#}"
            );
        }
    }
}

/// What the process is told from outside.
enum Told {
    Reload,
    Stop(Stop),
    /// It is time to say that we are alive.
    Alive,
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    watchdog: Option<Interval>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            watchdog: watchdog().map(interval),
        })
    }

    async fn next(&mut self) -> Told {
        let due = async {
            match &mut self.watchdog {
                Some(interval) => interval.tick().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hangup.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::Stop(Stop::Drain),
            _ = self.interrupt.recv() => Told::Stop(Stop::Quick),
            _ = due => Told::Alive,
        }
    }
}
