//! What breaks, and that nothing written gets lost or doubled by it.

use anyhow::Result;
use couplet_engine::store::{Delivery, Message, SessionStatus, Trouble};
use couplet_servers::{Certificate, FATAL, Kind, Server, ServerOptions};
use couplet_tests::archive;
use couplet_tests::person::Person;
use couplet_tests::proxy::Proxy;

use crate::{ALICE, BOB, Place, on_both, options};

on_both! {
    the_proxy_is_killed
    the_server_is_killed
    the_server_is_restarted_in_peace
    an_untrusted_certificate
    a_server_that_is_down
    a_domain_that_is_not_served
}

/// Both have written while nothing worked; both have everything once, in order.
async fn nothing_is_lost(alice: &Person, bob: &Person, rounds: usize) -> Result<()> {
    let of = |who: &str| {
        (1..=rounds)
            .map(|round| format!("{who} {round}"))
            .collect::<Vec<_>>()
    };
    for (reader, peer, words) in [(bob, ALICE, of("alice")), (alice, BOB, of("bob"))] {
        reader
            .until("every message of the other", |_| {
                let bodies = reader.bodies(peer);
                words.iter().all(|word| bodies.contains(word))
            })
            .await?;
        let theirs: Vec<_> = reader
            .bodies(peer)
            .into_iter()
            .filter(|body| words.contains(body))
            .collect();
        assert_eq!(theirs, words);
    }
    for (writer, peer) in [(alice, BOB), (bob, ALICE)] {
        writer
            .until("proof of every message", |_| {
                writer
                    .messages(peer)
                    .iter()
                    .all(|message| message.delivery >= Delivery::Sent)
            })
            .await?;
    }
    Ok(())
}

fn both_write(alice: &Person, bob: &Person, round: usize) -> Result<()> {
    alice.say(BOB, &format!("alice {round}"))?;
    bob.say(ALICE, &format!("bob {round}"))
}

async fn the_proxy_is_killed(kind: Kind) -> Result<()> {
    let mut place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    both_write(&alice, &bob, 1)?;
    place.proxy.kill().await?;
    both_write(&alice, &bob, 2)?;
    place.proxy.restart().await?;
    both_write(&alice, &bob, 3)?;
    nothing_is_lost(&alice, &bob, 3).await
}

async fn the_server_is_killed(kind: Kind) -> Result<()> {
    let mut place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    both_write(&alice, &bob, 1)?;
    // What has been acknowledged is the server's to keep; let it have it.
    nothing_is_lost(&alice, &bob, 1).await?;
    place.server.kill();
    both_write(&alice, &bob, 2)?;
    alice
        .until("alice waits", |store| {
            matches!(store.status(), SessionStatus::Waiting { .. })
        })
        .await?;
    place.server.restart()?;
    both_write(&alice, &bob, 3)?;
    nothing_is_lost(&alice, &bob, 3).await
}

async fn the_server_is_restarted_in_peace(kind: Kind) -> Result<()> {
    let mut place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    both_write(&alice, &bob, 1)?;
    nothing_is_lost(&alice, &bob, 1).await?;
    place.server.stop();
    both_write(&alice, &bob, 2)?;
    place.server.restart()?;
    both_write(&alice, &bob, 3)?;
    nothing_is_lost(&alice, &bob, 3).await
}

/// Its writer's archive has it, its reader's doesn't, and nobody has acknowledged it: the
/// writer's copy is no proof.
#[test]
fn what_a_server_dies_over_between_two_archives_arrives() {
    couplet_tests::run(async {
        let mut place = Place::with(ServerOptions {
            fragile: true,
            ..options(Kind::Prosody)
        })
        .await?;
        let (alice, bob) = place.friends().await?;
        let said = ["before", FATAL, "behind"];
        let sent = |message: &Message| message.delivery >= Delivery::Sent;
        alice.say(BOB, said[0])?;
        alice
            .until("proof of the first", |_| {
                alice.messages(BOB).iter().all(sent)
            })
            .await?;
        alice.say(BOB, said[1])?;
        alice.say(BOB, said[2])?;
        alice
            .until("the server is gone", |store| {
                matches!(store.status(), SessionStatus::Waiting { .. })
            })
            .await?;
        place.server.kill();
        place.server.restart()?;
        for (person, peer) in [(&bob, ALICE), (&alice, BOB)] {
            person
                .until("all that alice has said", |_| person.bodies(peer) == said)
                .await?;
        }
        alice
            .until("proof of all", |_| alice.messages(BOB).iter().all(sent))
            .await?;
        let url = place.proxy.websocket();
        // Other clients know by the origin-id that what is there twice was said once.
        let alices = archive::texts(ALICE, "alice", &url).await?;
        assert_eq!(archive::repeats(&alices)?, 1);
        let bobs = archive::texts(BOB, "bob", &url).await?;
        assert_eq!(archive::repeats(&bobs)?, 0);
        Ok(())
    });
}

/// What somebody who signs in is told.
async fn told(proxy: &Proxy, jid: &str) -> Result<Trouble> {
    let person = Person::new(jid, "alice", proxy.websocket())?;
    let refused =
        |status: &SessionStatus| matches!(status, SessionStatus::SignedOut { trouble: Some(_) });
    person
        .until("trouble", |store| refused(store.status()))
        .await?;
    person.store(|store| match store.status() {
        SessionStatus::SignedOut {
            trouble: Some(trouble),
        } => Ok(trouble.clone()),
        status => anyhow::bail!("{status:?}"),
    })
}

async fn an_untrusted_certificate(kind: Kind) -> Result<()> {
    for certificate in [
        Certificate::UnknownIssuer,
        Certificate::SelfSigned,
        Certificate::Expired,
        Certificate::WrongName,
    ] {
        let place = Place::with(ServerOptions {
            certificate,
            ..options(kind)
        })
        .await?;
        let trouble = told(&place.proxy, ALICE).await?;
        let certified = matches!(trouble, Trouble::ServerCertificate { .. });
        assert!(certified, "{certificate:?}: {trouble:?}");
    }
    Ok(())
}

async fn a_server_that_is_down(kind: Kind) -> Result<()> {
    let mut server = Server::start(options(kind))?;
    let proxy = Proxy::in_front_of(&server).await?;
    server.stop();
    let trouble = told(&proxy, ALICE).await?;
    assert!(
        matches!(trouble, Trouble::ServerUnreachable { .. }),
        "{trouble:?}"
    );
    Ok(())
}

async fn a_domain_that_is_not_served(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let trouble = told(&place.proxy, "alice@elsewhere.test").await?;
    let domain = "elsewhere.test".to_owned();
    assert_eq!(trouble, Trouble::UnknownHost { domain });
    Ok(())
}
