//! A website vouches for its users, with the Prosody module and the issuer of tokens that are
//! in `examples`.

use anyhow::{Context as _, Result};
use couplet_engine::store::{SessionStatus, Trouble};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::person::Person;
use couplet_tests::site::token;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, options};

const SECRET: &str = "as random as a test needs, and long enough";
const BEARER: &str = "OAUTHBEARER";

/// The server of a site. With `tokens` it has SASL2 and gives tokens of its own.
async fn place(tokens: bool) -> Result<Place> {
    Place::with(ServerOptions {
        tokens,
        site_secret: Some(SECRET.to_owned()),
        ..options(Kind::Prosody)
    })
    .await
}

/// What `jid` is told who comes with `token`.
async fn refused(place: &Place, jid: &str, token: &str) -> Result<String> {
    let person = Person::vouched_for(jid, token, place.proxy.websocket())?;
    let trouble = until("a refusal", || async {
        Ok(person.store(|store| match store.status() {
            SessionStatus::SignedOut { trouble } => trouble.clone(),
            _ => None,
        }))
    })
    .await?;
    match trouble {
        Trouble::TokenNeeded { text } => text.context("no words"),
        other => anyhow::bail!("{other:?}"),
    }
}

#[test]
fn whom_the_site_vouches_for_is_in() {
    run(async {
        for tokens in [false, true] {
            let place = place(tokens).await?;
            let token = token(SECRET, ALICE, "60")?;
            let alice = Person::vouched_for(ALICE, &token, place.proxy.websocket())?;
            alice.is_online().await?;
            let me = alice.store(|store| store.me().map(|me| me.to_bare().to_string()));
            assert_eq!(me.as_deref(), Some(ALICE));
            assert_eq!(alice.mechanisms(), [BEARER]);
            // Whoever has a password signs in as before.
            place.enters(BOB).await?;
        }
        Ok(())
    });
}

#[test]
fn a_lost_connection_is_taken_up_by_the_servers_own_token() {
    run(async {
        let mut place = place(true).await?;
        let token = token(SECRET, ALICE, "60")?;
        let alice = Person::vouched_for(ALICE, &token, place.proxy.websocket())?;
        alice.is_online().await?;
        place.proxy.restart().await?;
        until("the session goes on", || async {
            Ok((alice.resumptions() == 1).then_some(()))
        })
        .await?;
        assert_eq!(alice.mechanisms(), [BEARER, "HT-SHA-256-NONE"]);
        Ok(())
    });
}

#[test]
fn a_token_that_isnt_the_sites_lets_nobody_in() {
    run(async {
        let place = place(false).await?;
        let genuine = token(SECRET, ALICE, "60")?;
        let forged = token("another secret that is long enough as well", ALICE, "60")?;
        let (rest, signature) = genuine.rsplit_once('.').context("a token")?;
        let (expiry, name) = rest.split_once('.').context("a token")?;
        let later = expiry.parse::<u64>()? + 1;
        for wrong in [forged, format!("{later}.{name}.{signature}")] {
            let words = refused(&place, ALICE, &wrong).await?;
            assert!(words.ends_with("the signature is wrong."), "{words}");
        }
        let words = refused(&place, ALICE, "password").await?;
        assert!(words.ends_with("can't be read."), "{words}");
        Ok(())
    });
}

#[test]
fn an_expired_token_lets_nobody_in() {
    run(async {
        let place = place(true).await?;
        let words = refused(&place, ALICE, &token(SECRET, ALICE, "-1")?).await?;
        assert!(words.contains("has expired"), "{words}");
        Ok(())
    });
}

#[test]
fn the_token_of_one_user_lets_in_no_other() {
    run(async {
        let place = place(false).await?;
        let words = refused(&place, BOB, &token(SECRET, ALICE, "60")?).await?;
        assert!(words.contains("somebody else"), "{words}");
        let nobody = "nobody@example.test";
        let words = refused(&place, nobody, &token(SECRET, nobody, "60")?).await?;
        assert!(words.contains("no such account"), "{words}");
        Ok(())
    });
}
