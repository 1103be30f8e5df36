//! The emoji picker.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{Place, reads};

#[test]
fn emoji_are_written_by_name_by_group_and_in_a_tone_of_skin() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        let field = alice.find("textbox", "Message").await?;
        field.fill("Hi !").await?;
        // Nothing of the list is loaded before somebody wants it.
        let loaded = "performance.getEntriesByType('resource')\
                      .some(entry => entry.name.includes('emoji'))";
        ensure!(alice.evaluate(loaded).await? == false);
        alice
            .evaluate("document.querySelector('.composer__field').setSelectionRange(3, 3)")
            .await?;
        alice.find("button", "Emoji").await?.click().await?;
        let search = alice.find("searchbox", "Search emoji").await?;
        search.fill("waving hand").await?;
        let tone = "Medium skin tone";
        alice.find("button", tone).await?.click().await?;
        alice.find("button", "waving hand").await?.click().await?;
        let field = alice.find("textbox", "Message").await?;
        field.has("Hi 👋🏽!").await?;
        // What was used last is at hand, and the arrows lead through a group.
        alice.find("button", "Emoji").await?.click().await?;
        alice.find("button", "Recently used").await?;
        alice.find("button", "waving hand").await?;
        alice
            .find("button", "Food and drink")
            .await?
            .click()
            .await?;
        alice.find("button", "grapes").await?;
        alice
            .find("searchbox", "Search emoji")
            .await?
            .click()
            .await?;
        for key in ["ArrowDown", "ArrowRight", "Enter"] {
            alice.press(key).await?;
        }
        let field = alice.find("textbox", "Message").await?;
        field.has("Hi 👋🏽🍈!").await?;
        alice.press("Enter").await?;
        reads(&bob, "Hi 👋🏽🍈!").await
    });
}

#[test]
fn a_shortcode_is_completed_as_one_types() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.find("textbox", "Message").await?.click().await?;
        alice.type_text("Well :tada").await?;
        alice.find("option", ":tada:").await?;
        alice.press("Enter").await?;
        let field = alice.find("textbox", "Message").await?;
        field.has("Well 🎉").await?;
        alice.gone("listbox", "Suggestions").await?;
        // Whole, it is one by itself; what isn't one stays, and Enter sends again.
        alice.type_text(" :+1:").await?;
        field.has("Well 🎉 👍").await?;
        alice.type_text(" at 12:30 :) :nothing_such").await?;
        field.has("Well 🎉 👍 at 12:30 :) :nothing_such").await?;
        alice.press("Enter").await?;
        reads(&bob, "Well 🎉 👍 at 12:30 :) :nothing_such").await?;
        // Arrows choose, Esc wants none of them.
        alice.type_text(":smil").await?;
        alice.find("listbox", "Suggestions").await?;
        let chosen = "document.querySelector('.completion [aria-selected=true]')?.textContent";
        let first = alice.evaluate(chosen).await?;
        alice.press("ArrowDown").await?;
        until("another one", || async {
            Ok((alice.evaluate(chosen).await? != first).then_some(()))
        })
        .await?;
        alice.press("Escape").await?;
        alice.gone("listbox", "Suggestions").await?;
        field.has(":smil").await?;
        let errors = alice.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

/// Loads the page anew in the language that somebody has chosen.
async fn speaks(page: &Page, language: &str) -> Result<()> {
    let choose = format!("localStorage.setItem('couplet.language', '{language}')");
    page.evaluate(&choose).await?;
    page.reload().await
}

#[test]
fn emoji_are_found_in_the_language_of_the_page_and_in_english() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        speaks(&alice, "de").await?;
        alice.find("button", "Emojis").await?.click().await?;
        for typed in ["Geburtstag", "kuchen", "KERZE", "birthday", ":birthday:"] {
            let search = alice.find("searchbox", "Emojis suchen").await?;
            search.fill("nichts dergleichen").await?;
            alice.gone("button", "Geburtstagskuchen").await?;
            search.fill(typed).await?;
            alice.find("button", "Geburtstagskuchen").await?;
        }
        alice
            .find("button", "Geburtstagskuchen")
            .await?
            .click()
            .await?;
        let field = alice.find("textbox", "Nachricht").await?;
        field.has("🎂").await?;
        // A word of the language is completed as a shortcode is, and those are still known.
        alice.type_text(" :katzengesicht").await?;
        alice.find("option", "Katzengesicht").await?;
        alice.press("Enter").await?;
        alice.type_text(" :tada:").await?;
        field.has("🎂 🐱 🎉").await?;
        alice.press("Enter").await?;
        reads(&bob, "🎂 🐱 🎉").await?;

        speaks(&alice, "ja").await?;
        alice.find("button", "絵文字").await?.click().await?;
        for typed in ["ネコ", "ねこ", "猫", "cat"] {
            let search = alice.find("searchbox", "絵文字を検索").await?;
            search.fill("何もない").await?;
            alice.gone("button", "ネコの顔").await?;
            search.fill(typed).await?;
            alice.find("button", "ネコの顔").await?;
        }
        alice.find("button", "ネコの顔").await?.click().await?;
        let field = alice.find("textbox", "メッセージを入力").await?;
        field.has("🐱").await?;
        alice.type_text(" :猫").await?;
        alice.find("option", "ネコ").await?;
        alice.press("Enter").await?;
        field.has("🐱 🐈").await?;
        let errors = [alice.errors(), bob.errors()].concat();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}
