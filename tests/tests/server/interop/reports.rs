//! Why somebody is blocked (XEP-0377). No packaged server takes that: Prosody does with a module
//! of ours, and tells carol, who runs it.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::xep0191_blocking;
use couplet_engine::store::{Block, Reason};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::peer::Peer;
use couplet_tests::run;
use jid::BareJid;

use super::shows;
use crate::{ALICE, BOB, Place, options};

#[test]
fn who_runs_the_server_learns_why_somebody_is_blocked() {
    run(reports());
}

async fn reports() -> Result<()> {
    let options = options(Kind::Prosody).account("carol", "carol");
    let place = Place::with(ServerOptions {
        reports_to: Some("carol".to_owned()),
        ..options
    })
    .await?;
    let carol = Peer::signed_in(&place.server, "carol@example.test", "carol").await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let jid: BareJid = BOB.parse()?;
    alice
        .until("that reports are taken", |store| {
            store.blocklist().is_some_and(|list| list.takes_reports)
        })
        .await?;
    bob.say(ALICE, "Buy this!").await?;
    shows(&alice, "Buy this!").await?;
    for (reason, name) in [
        (Reason::Spam, "urn:xmpp:reporting:spam"),
        (Reason::Abuse, "urn:xmpp:reporting:abuse"),
    ] {
        let report = alice.store(|store| store.report(&jid, reason));
        let [message] = report.messages.as_slice() else {
            panic!("{report:?}");
        };
        let told = format!("{ALICE} {BOB} {name} {message}");
        alice.command(Command::Blocking(xep0191_blocking::Command::Block {
            jid: jid.clone(),
            report: Some(report),
        }));
        carol.hears(&told).await?;
    }
    alice
        .until("bob is blocked", |store| {
            store.block(&jid) == Some(Block::Kept)
        })
        .await
}
