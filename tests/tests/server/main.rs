//! The engine through the proxy to real servers: Prosody and ejabberd.
//!
//! Each scenario runs against both; what only one of them can do says so.
#![allow(clippy::unwrap_used)]

mod bridging;
mod changes;
mod chaos;
mod conversation;
mod files;
mod guests;
mod interop;
mod privacy;
mod profile;
mod rooms;
mod scale_out;
mod sign_in;
mod site;
mod tokens;
mod trouble;
mod wishes;

use anyhow::Result;
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::person::Person;
use couplet_tests::proxy::Proxy;

const DOMAIN: &str = "example.test";
const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

/// One test for each server.
macro_rules! on_both {
    ($($name:ident)+) => { $(
        mod $name {
            #[test]
            fn prosody() {
                couplet_tests::run(super::$name(couplet_servers::Kind::Prosody));
            }

            #[test]
            fn ejabberd() {
                couplet_tests::run(super::$name(couplet_servers::Kind::Ejabberd));
            }
        }
    )+ };
}
pub(crate) use on_both;

/// A server with alice and bob, whose passwords are their names.
fn options(kind: Kind) -> ServerOptions {
    ServerOptions::new(kind)
        .account("alice", "alice")
        .account("bob", "bob")
}

/// A server, and the proxy before it.
struct Place {
    server: Server,
    proxy: Proxy,
}

impl Place {
    async fn new(kind: Kind) -> Result<Self> {
        Self::with(options(kind)).await
    }

    async fn with(options: ServerOptions) -> Result<Self> {
        let server = Server::start(options)?;
        let proxy = Proxy::in_front_of(&server).await?;
        Ok(Self { server, proxy })
    }

    async fn enters(&self, jid: &str) -> Result<Person> {
        let password = jid.split('@').next().unwrap_or_default();
        Person::signed_in(jid, password, self.proxy.websocket()).await
    }

    /// Alice and bob, who see each other's presence.
    async fn friends(&self) -> Result<(Person, Person)> {
        let (alice, bob) = (self.enters(ALICE).await?, self.enters(BOB).await?);
        make_friends(&alice, &bob).await?;
        Ok((alice, bob))
    }
}

/// Until alice and bob see each other's presence.
async fn make_friends(alice: &Person, bob: &Person) -> Result<()> {
    alice.add(BOB)?;
    bob.until("alice's request", |store| !store.requests().is_empty())
        .await?;
    bob.accept(ALICE)?;
    let (to_alice, to_bob) = (ALICE.parse()?, BOB.parse()?);
    alice
        .until("bob is here", |store| store.presence(&to_bob).is_some())
        .await?;
    bob.until("alice is here", |store| store.presence(&to_alice).is_some())
        .await
}
