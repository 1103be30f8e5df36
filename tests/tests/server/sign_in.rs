//! Every way in, and every way of not getting in.

use anyhow::Result;
use couplet_engine::store::{SessionStatus, Trouble};
use couplet_servers::{Kind, Mechanisms, Passwords, ServerOptions};
use couplet_tests::person::Person;
use couplet_tests::run;

use crate::{ALICE, DOMAIN, Place, on_both, options};

on_both! { scram_sha_1 scram_sha_256 plain_and_nothing_else anonymously a_wrong_password nobody }

async fn enters(options: ServerOptions) -> Result<()> {
    let place = Place::with(options).await?;
    let alice = place.enters(ALICE).await?;
    let me = alice.store(|store| store.me().map(|me| me.to_bare().to_string()));
    assert_eq!(me.as_deref(), Some(ALICE));
    Ok(())
}

async fn scram_sha_1(kind: Kind) -> Result<()> {
    enters(ServerOptions {
        passwords: Passwords::Sha1,
        ..options(kind)
    })
    .await
}

async fn scram_sha_256(kind: Kind) -> Result<()> {
    enters(ServerOptions {
        passwords: Passwords::Sha256,
        ..options(kind)
    })
    .await
}

#[test]
fn scram_sha_512() {
    // Prosody 0.12 has none.
    run(enters(ServerOptions {
        passwords: Passwords::Sha512,
        ..options(Kind::Ejabberd)
    }));
}

async fn plain_and_nothing_else(kind: Kind) -> Result<()> {
    enters(ServerOptions {
        mechanisms: Mechanisms::PlainOnly,
        ..options(kind)
    })
    .await
}

async fn anonymously(kind: Kind) -> Result<()> {
    let mut options = options(kind);
    options.anonymous = true;
    let server = couplet_servers::Server::start(options)?;
    let domain = format!("anon.{DOMAIN}");
    let backend = format!("127.0.0.1:{}", server.c2s_port());
    let ca = server.ca_pem();
    let ca = ca.to_str().unwrap();
    let proxy = couplet_tests::proxy::Proxy::start(&[
        "--domain",
        &domain,
        "--backend",
        &backend,
        "--backend-ca",
        ca,
    ])
    .await?;
    let guest = Person::signed_in(&domain, "", proxy.websocket()).await?;
    let me = guest.store(|store| store.me().map(|me| me.domain().to_string()));
    assert_eq!(me, Some(domain));
    Ok(())
}

/// What somebody with these words is told.
async fn refused(kind: Kind, jid: &str, password: &str) -> Result<Option<Trouble>> {
    let place = Place::new(kind).await?;
    let person = Person::new(jid, password, place.proxy.websocket())?;
    let refused =
        |status: &SessionStatus| matches!(status, SessionStatus::SignedOut { trouble: Some(_) });
    person
        .until("a refusal", |store| refused(store.status()))
        .await?;
    Ok(person.store(|store| match store.status() {
        SessionStatus::SignedOut { trouble } => trouble.clone(),
        _ => None,
    }))
}

async fn a_wrong_password(kind: Kind) -> Result<()> {
    let trouble = refused(kind, ALICE, "mallory").await?;
    assert!(
        matches!(trouble, Some(Trouble::WrongPassword { .. })),
        "{trouble:?}"
    );
    Ok(())
}

async fn nobody(kind: Kind) -> Result<()> {
    let trouble = refused(kind, "nobody@example.test", "nobody").await?;
    assert!(
        matches!(trouble, Some(Trouble::WrongPassword { .. })),
        "{trouble:?}"
    );
    Ok(())
}
