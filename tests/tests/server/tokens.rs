//! SASL2 with Bind 2 and tokens, as far as Debian's Prosody has them. Whoever has got a
//! token forgets the password, so that only the token can sign in.

use anyhow::Result;
use couplet_engine::store::{Again, SessionStatus, Trouble};
use couplet_engine::{Command, SessionCommand};
use couplet_servers::{Kind, Mechanisms, ServerOptions};
use couplet_tests::person::Person;
use couplet_tests::{run, until};

use crate::{ALICE, BOB, Place, make_friends, options};

const TOKEN: &str = "HT-SHA-256-NONE";

async fn place(mechanisms: Mechanisms) -> Result<Place> {
    let options = ServerOptions {
        tokens: true,
        mechanisms,
        ..options(Kind::Prosody)
    };
    Place::with(options).await
}

/// Until they are back, for the `time`th time, having tried `mechanisms`.
async fn is_back(person: &Person, how: &str, mechanisms: &[&str]) -> Result<()> {
    until(how, || async {
        Ok(person.log().iter().any(|line| line == how).then_some(()))
    })
    .await?;
    person
        .until("they are online", |store| {
            *store.status() == SessionStatus::Online
        })
        .await?;
    assert_eq!(person.mechanisms(), mechanisms);
    Ok(())
}

#[test]
fn the_same_session_goes_on_by_token() {
    run(async {
        let mut place = place(Mechanisms::All).await?;
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        make_friends(&alice, &bob).await?;
        place.proxy.restart().await?;
        is_back(&alice, "session resumed", &["SCRAM-SHA-1", TOKEN]).await?;
        alice.say(BOB, "still here")?;
        bob.until("what alice says", |_| {
            bob.bodies(ALICE).contains(&"still here".to_owned())
        })
        .await
    });
}

#[test]
fn a_new_session_begins_by_token() {
    run(async {
        let mut place = place(Mechanisms::All).await?;
        let alice = place.enters(ALICE).await?;
        let resource =
            |person: &Person| person.store(|store| store.me().map(|me| me.resource().to_string()));
        let before = resource(&alice);
        assert!(
            before
                .as_deref()
                .is_some_and(|it| it.starts_with("Couplet"))
        );
        place.server.restart()?;
        until("a second session", || async {
            let begun = |line: &&String| *line == "session begun";
            let sessions = alice.log().iter().filter(begun).count();
            Ok((sessions == 2).then_some(()))
        })
        .await?;
        assert_eq!(alice.mechanisms().last().map(String::as_str), Some(TOKEN));
        assert_eq!(resource(&alice), before, "the device is the same");
        Ok(())
    });
}

#[test]
fn a_password_that_has_to_be_shown_is_shown_once() {
    run(async {
        let mut place = place(Mechanisms::PlainOnly).await?;
        let alice = place.enters(ALICE).await?;
        place.proxy.restart().await?;
        is_back(&alice, "session resumed", &["PLAIN", TOKEN]).await
    });
}

#[test]
fn the_token_of_who_signs_out_is_of_no_use_any_more() {
    run(async {
        let place = place(Mechanisms::All).await?;
        let alice = place.enters(ALICE).await?;
        alice.command(Command::Session(SessionCommand::SignOut));
        until("everything is said", || async {
            Ok(alice.is_gone().then_some(()))
        })
        .await?;
        assert_eq!(alice.mechanisms(), ["SCRAM-SHA-1", TOKEN]);
        alice.sign_in_again();
        let refused = SessionStatus::SignedOut {
            trouble: Some(Trouble::PasswordNeeded(Again::TokenRefused)),
        };
        alice
            .until("the token is refused", |store| *store.status() == refused)
            .await
    });
}
