//! `cargo xtask demo`: Couplet, with people to talk to.

use std::time::Duration;

use anyhow::Result;
use couplet_servers::{Kind, Seed, Server, ServerOptions};

use crate::{
    package,
    process::pause,
    progress::step,
    proxy::{Backend, Proxy, check_port},
    setup::{self, Need},
};

/// The people whose accounts the demo offers, in this order. Their passwords
/// are their names.
pub(crate) const ACCOUNTS: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the page, on this machine only
    #[arg(long, default_value_t = 5280)]
    port: u16,
    /// Sign in at this XMPP server instead of one that is started for the demo
    #[arg(long, value_name = "HOST")]
    xmpp_server: Option<String>,
}

/// Builds, starts everything, and waits for Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    check_port(options.port, "demo")?;
    let mut needs = vec![
        Need::Crates,
        Need::WasmTarget,
        Need::LibrarySource,
        Need::WasmOpt,
    ];
    if options.xmpp_server.is_none() {
        needs.push(Need::Prosody);
    }
    setup::ensure(&needs)?;
    let binary = package::build()?.proxy;

    let server = options
        .xmpp_server
        .is_none()
        .then(start_server)
        .transpose()?;
    let backend = match (&server, &options.xmpp_server) {
        (Some(server), _) => Backend::Ours(server, &ACCOUNTS),
        (None, domain) => Backend::Theirs(domain.as_deref().unwrap_or_default()),
    };
    let mut proxy = Proxy::start(&binary, options.port, &backend, None)?;
    println!("{}", welcome(&proxy.address(), &backend));
    // Ctrl-C is how one leaves, and no failure.
    while pause(Duration::from_millis(200)).is_ok() {
        proxy.check()?;
    }
    Ok(())
}

/// The largest file that one can send, in bytes.
const LARGEST_FILE: u32 = 50_000_000;

/// Starts a Prosody that is full of people.
pub(crate) fn start_server() -> Result<Server> {
    step("Starting a Prosody of our own", || {
        Server::start(ServerOptions {
            domain: "localhost".to_owned(),
            seed: Some(Seed::demo()?),
            largest_file: Some(LARGEST_FILE),
            ..ServerOptions::new(Kind::Prosody)
        })
    })
}

fn welcome(address: &str, backend: &Backend<'_>) -> String {
    let mut text = format!("\n  Couplet is at {address}\n\n");
    match backend {
        Backend::Ours(server, accounts) => {
            text += "  XMPP address      Password\n";
            for user in *accounts {
                text += &format!("  {:<18}{user}\n", format!("{user}@{}", server.domain()));
            }
            text += "\n  Sign in as two of them, in two windows of which one is private.\n";
        }
        Backend::Theirs(domain) => text += &format!("  Sign in with your account at {domain}.\n"),
    }
    text + "  Ctrl-C ends it and leaves nothing behind.\n"
}
