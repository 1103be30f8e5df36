//! People as others see them: in what they feel.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::changes::choose;
use crate::{Place, reads, say};

#[test]
fn one_feels_several_things_and_others_read_who_does() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&alice, "We won!").await?;
        reads(&bob, "We won!").await?;
        choose(&bob, "menuitemcheckbox", "🎉").await?;
        bob.find("button", "🎉 by You").await?;
        choose(&bob, "menuitemcheckbox", "❤️").await?;
        alice.find("button", "❤️ by bob").await?;
        alice.find("button", "🎉 by bob").await?.click().await?;
        bob.find("button", "🎉 by You, alice").await?;
        // From the menu of the message, on a phone.
        alice.resize(390, 844).await?;
        alice.find("button", "🎉 by bob, You").await?;
        choose(&alice, "menuitem", "Who reacted…").await?;
        who(&alice, "🎉", "bob\nYou").await?;
        who(&alice, "❤️", "bob").await?;
        alice.find("button", "Close").await?.click().await?;
        alice.gone("dialog", "Reactions").await?;
        // One of the two goes, the other stays.
        bob.find("button", "🎉 by You, alice")
            .await?
            .click()
            .await?;
        alice.find("button", "🎉 by You").await?;
        alice.find("button", "❤️ by bob").await?;
        // With the other button of a mouse, or a finger that stays.
        bob.find("button", "❤️ by You")
            .await?
            .click_for_menu()
            .await?;
        who(&bob, "🎉", "alice").await?;
        who(&bob, "❤️", "You").await
    });
}

/// Waits until the dialog says that these have reacted so.
async fn who(page: &Page, emoji: &str, names: &str) -> Result<()> {
    page.find("dialog", "Reactions").await?;
    let list = page.find("list", emoji).await?;
    let read = list.text().await?;
    ensure!(read.trim() == names, "{emoji} by {read:?}");
    Ok(())
}
