//! `cargo xtask dev`: what is on the screen is what is in the editor.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Result;
use couplet_servers::Server;

use crate::{
    demo,
    process::{self, Interrupted, pause},
    proxy::{Backend, Proxy, check_port},
    setup::{self, Need},
    web::{self, Flavour, files_below},
    workspace,
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the page, on this machine only
    #[arg(long, default_value_t = 5280)]
    port: u16,
}

/// Builds without optimising, starts the demo's server, and builds again what
/// changes until Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    check_port(options.port, "dev")?;
    setup::ensure(&[Need::Crates, Need::WasmTarget, Need::Prosody])?;
    let server = demo::start_server()?;
    // Ctrl-C is how one leaves, and no failure.
    match watch(options.port, &server) {
        Err(error) if error.is::<Interrupted>() => Ok(()),
        result => result,
    }
}

fn watch(port: u16, server: &Server) -> Result<()> {
    let mut proxy = None;
    let mut web = Sources::new(web::INPUTS);
    let mut proxy_sources = Sources::new(&["Cargo.toml", "Cargo.lock", "shared", "ws-proxy"]);
    loop {
        let web_changed = web.have_changed();
        if web_changed {
            tell(web::build(Flavour::Dev))?;
        }
        if proxy_sources.have_changed() || proxy.is_none() && web_changed {
            // The old one has the port.
            drop(proxy.take());
            proxy = tell(start_proxy(port, server))?;
        }
        if let Some(Err(error)) = proxy.as_mut().map(Proxy::check) {
            tell::<()>(Err(error))?;
            proxy = None;
        }
        pause(Duration::from_millis(200))?;
    }
}

fn start_proxy(port: u16, server: &Server) -> Result<Proxy> {
    process::run(workspace::cargo().args(["build", "--package", "ws-proxy"]))?;
    let web = workspace::couplet().join("web-dev");
    let binary = workspace::target().join("debug/ws-proxy");
    let proxy = Proxy::start(
        &binary,
        port,
        &Backend::Ours(server, &demo::ACCOUNTS),
        Some(&web),
    )?;
    println!(
        "\n  {} reloads when you save. Ctrl-C ends it.\n",
        proxy.address()
    );
    Ok(proxy)
}

/// A mistake in the sources is printed and waited for to be mended; only an
/// interruption is passed on.
fn tell<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            println!("{error:#}\nWaiting for a change");
            Ok(None)
        }
    }
}

/// Files to watch.
struct Sources {
    paths: Vec<PathBuf>,
    state: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Sources {
    fn new(paths: &[&str]) -> Self {
        Self {
            paths: paths
                .iter()
                .map(|path| workspace::root().join(path))
                .collect(),
            state: Vec::new(),
        }
    }

    /// Whether a file has changed, come or gone since the last time; the first
    /// time all of them have come.
    fn have_changed(&mut self) -> bool {
        let modified = |file: &Path| {
            fs::metadata(file)
                .and_then(|metadata| metadata.modified())
                .ok()
        };
        let files = self
            .paths
            .iter()
            .flat_map(|path| files_below(path).unwrap_or_default());
        let state: Vec<_> = files.map(|file| (file.clone(), modified(&file))).collect();
        let changed = state != self.state;
        self.state = state;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_noticed_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.rs");
        fs::write(&file, "1").unwrap();
        let mut sources = Sources {
            paths: vec![directory.path().to_owned()],
            state: Vec::new(),
        };
        assert!(sources.have_changed());
        assert!(!sources.have_changed());
        fs::write(directory.path().join("b.rs"), "1").unwrap();
        assert!(sources.have_changed());
        fs::File::options()
            .append(true)
            .open(&file)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        assert!(sources.have_changed());
        fs::remove_file(file).unwrap();
        assert!(sources.have_changed());
        assert!(!sources.have_changed());
    }
}
