//! What else carries XMPP over WebSockets.

use std::str::FromStr;

use anyhow::{Context as _, Result};
use couplet_servers::{Kind, Server, ServerOptions, Transport};
use couplet_tests::raw::Raw;
use futures_util::future::try_join_all;

use crate::client::{RoundTrip, Target};

/// Where peers that somebody has started expect our server.
const SERVER_PORT: u16 = 15_222;

/// Something that somebody has started in front of our server: `NAME=URL,PID`.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) process: u32,
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (name, rest) = text.split_once('=')?;
            let (url, process) = rest.rsplit_once(',')?;
            let address = url.strip_prefix("ws://")?.split('/').next()?;
            Some(Self {
                name: name.to_owned(),
                target: Target {
                    address: address.parse().ok()?,
                    tls: None,
                    framing: true,
                },
                process: process.parse().ok()?,
            })
        };
        parse().with_context(|| {
            format!("{text:?} is no NAME=URL,PID, such as other=ws://127.0.0.1:5280/,4711")
        })
    }
}

/// Where our server has to listen: anywhere, if nobody has been told.
pub(crate) fn fixed_port(peers: &[Peer]) -> u16 {
    if peers.is_empty() { 0 } else { SERVER_PORT }
}

/// Prosody with its own mod_websocket.
pub(crate) struct Prosody {
    server: Server,
}

/// How many sessions are busy with it at once.
const SESSIONS: usize = 50;

impl Prosody {
    pub(crate) fn start() -> Result<Self> {
        let options = ServerOptions {
            transport: Transport::Plain,
            websocket: true,
            ..ServerOptions::new(Kind::Prosody)
        };
        let server = Server::start(options.account("romeo", "but soft"))?;
        Ok(Self { server })
    }

    pub(crate) fn process(&self) -> u32 {
        self.server.process().unwrap_or_default()
    }

    pub(crate) async fn sessions(&self) -> Result<Vec<Pinging>> {
        let jid = format!("romeo@{}", self.server.domain());
        let url = format!("ws://127.0.0.1:{}/xmpp-websocket", self.server.ports().http);
        let (jid, url) = (&jid, &url);
        try_join_all((0..SESSIONS).map(|_| async move {
            let raw = Raw::signed_in(jid, "but soft", url).await?;
            Ok(Pinging(raw))
        }))
        .await
    }
}

/// A session that pings the server (XEP-0199) with as much text as others send.
pub(crate) struct Pinging(Raw);

impl RoundTrip for Pinging {
    async fn round_trip(&mut self) -> Result<()> {
        let id = "x".repeat(220);
        self.0
            .send(&format!(
                "<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ))
            .await?;
        self.0.until("result").await?;
        Ok(())
    }
}
