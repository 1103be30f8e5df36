//! What people want with conversations in the list: on all their devices, and for good.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until};
use serde_json::json;

use crate::changes::choose as choose_of_message;
use crate::files::about;
use crate::texts::to_alice;
use crate::{ALICE, BOB, Place, add, count, reads, say};

const CAROL: &str = "carol@example.test";

/// Chooses an entry of the menu of the row of `name`.
pub(crate) async fn choose(page: &Page, name: &str, entry: &str) -> Result<()> {
    page.find_with("link", name).await?.click_for_menu().await?;
    page.find("menu", &format!("What to do with {name}"))
        .await?;
    page.find("menuitem", entry).await?.click().await?;
    page.gone("menuitem", entry).await
}

/// The names in the list, in its order.
async fn lists(page: &Page, names: &[&str]) -> Result<()> {
    let shown = "[...document.querySelectorAll('.row__name')].map(name => name.innerText)";
    let waited = until(&format!("{names:?} in the list"), || async {
        Ok((page.evaluate(shown).await? == json!(names)).then_some(()))
    })
    .await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => Err(page.explained(error).await),
    }
}

/// Alice, who knows carol too, and bob, who has written to her last.
async fn place() -> Result<(Place, Page, Page)> {
    let options = crate::options(Kind::Prosody).account("carol", "carol");
    let place = Place::with(options).await?;
    let (alice, bob) = place.friends().await?;
    add(&alice, CAROL).await?;
    alice.find_with("link", "bob").await?.click().await?;
    say(&bob, "Good morning").await?;
    reads(&alice, "Good morning").await?;
    alice.evaluate("location.hash = '#/'").await?;
    lists(&alice, &["bob", "carol"]).await?;
    Ok((place, alice, bob))
}

#[test]
fn what_is_pinned_stays_on_top_on_all_devices() {
    run(async {
        let (place, alice, bob) = place().await?;
        let elsewhere = place.enters(ALICE).await?;
        lists(&elsewhere, &["bob", "carol"]).await?;
        choose(&alice, "carol", "Pin").await?;
        for page in [&alice, &elsewhere] {
            lists(page, &["carol", "bob"]).await?;
            page.find_with("link", "Pinned").await?;
        }
        say(&bob, "Are you there?").await?;
        alice.find_with("link", "1 unread message").await?;
        alice.reload().await?;
        lists(&alice, &["carol", "bob"]).await?;
        choose(&elsewhere, "carol", "Unpin").await?;
        for page in [&alice, &elsewhere] {
            lists(page, &["bob", "carol"]).await?;
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        Ok(())
    });
}

#[test]
fn what_is_archived_is_out_of_the_way_until_something_new_is_said() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice.gone("button", "Archived").await?;
        choose(&alice, "bob", "Archive").await?;
        lists(&alice, &["carol"]).await?;
        // Undone.
        alice.find("button", "Undo").await?.click().await?;
        lists(&alice, &["bob", "carol"]).await?;
        alice.gone("button", "Undo").await?;
        // Found where it is, by its name, and after a reload.
        choose(&alice, "bob", "Archive").await?;
        alice.reload().await?;
        lists(&alice, &["carol"]).await?;
        alice.find("button", "Archived").await?.click().await?;
        lists(&alice, &["bob"]).await?;
        choose(&alice, "bob", "Take out of the archive").await?;
        lists(&alice, &[]).await?;
        alice.reads("Nothing is put away").await?;
        alice.find("button", "All").await?.click().await?;
        choose(&alice, "bob", "Archive").await?;
        let field = alice
            .find("searchbox", "Search people and messages")
            .await?;
        field.fill("bob").await?;
        lists(&alice, &["bob"]).await?;
        alice.press("Escape").await?;
        lists(&alice, &["carol"]).await?;
        say(&bob, "Are you there?").await?;
        lists(&alice, &["bob", "carol"]).await
    });
}

#[test]
fn what_is_muted_makes_itself_heard_nowhere() {
    run(async {
        let (_place, alice, bob) = place().await?;
        let title = |expected: &'static str| {
            let alice = &alice;
            async move {
                until(&format!("the title {expected:?}"), || async {
                    let title = alice.evaluate("document.title").await?;
                    Ok((title == expected).then_some(()))
                })
                .await
            }
        };
        say(&bob, "one").await?;
        title("(1) Couplet").await?;
        choose(&alice, "bob", "Mute").await?;
        title("Couplet").await?;
        alice.find_with("link", "Muted").await?;
        // On the phone's width the menu is in the conversation.
        alice.find_with("link", "bob").await?.click().await?;
        alice
            .find("button", "Conversation menu")
            .await?
            .click()
            .await?;
        alice.find("menuitem", "Unmute").await?.click().await?;
        alice.evaluate("location.hash = '#/'").await?;
        say(&bob, "two").await?;
        title("(1) Couplet").await?;
        for (entry, hours) in [("Mute for an hour", 1), ("Mute until tomorrow", 33)] {
            choose(&alice, "bob", entry).await?;
            title("Couplet").await?;
            // The time is over.
            let later = format!(
                "{{ const now = Date.now, past = {hours} * 3600000; Date.now = () => now() + past; }}"
            );
            alice.evaluate(&later).await?;
            say(&bob, "later").await?;
            alice.find_with("link", "unread messages").await?;
            until("it is heard again", || async {
                let title = alice.evaluate("document.title").await?;
                Ok((title != "Couplet").then_some(()))
            })
            .await?;
        }
        Ok(())
    });
}

#[test]
fn what_is_marked_as_unread_is_so_until_it_is_opened() {
    run(async {
        let (place, alice, _bob) = place().await?;
        let elsewhere = place.enters(ALICE).await?;
        lists(&elsewhere, &["bob", "carol"]).await?;
        choose(&alice, "bob", "Mark as unread").await?;
        elsewhere.find_with("link", "Marked as unread").await?;
        choose(&alice, "bob", "Mark as read").await?;
        elsewhere.gone("link", "Marked as unread").await?;
        choose(&alice, "bob", "Mark as unread").await?;
        for page in [&alice, &elsewhere] {
            page.find_with("link", "Marked as unread").await?;
            page.find("button", "Unread").await?.click().await?;
            lists(page, &["bob"]).await?;
        }
        elsewhere.find_with("link", "bob").await?.click().await?;
        reads(&elsewhere, "Good morning").await?;
        for page in [&alice, &elsewhere] {
            lists(page, &[]).await?;
        }
        // What is open is left: it would be read at once.
        elsewhere
            .find("button", "Conversation menu")
            .await?
            .click()
            .await?;
        elsewhere
            .find("menuitem", "Mark as unread")
            .await?
            .click()
            .await?;
        elsewhere.gone("log", "Messages").await?;
        lists(&alice, &["bob"]).await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn what_is_wanted_in_any_tab_without_a_connection_is_not_forgotten() {
    run(async {
        let (mut place, alice, _bob) = place().await?;
        let follower = place.beside(&alice).await?;
        lists(&follower, &["bob", "carol"]).await?;
        place.server.stop();
        follower.reads("Reconnecting").await?;
        choose(&follower, "carol", "Pin").await?;
        for page in [&alice, &follower] {
            lists(page, &["carol", "bob"]).await?;
            page.reload().await?;
            lists(page, &["carol", "bob"]).await?;
        }
        place.server.restart()?;
        alice.find("button", "Now").await?.click().await?;
        let elsewhere = place.enters(ALICE).await?;
        lists(&elsewhere, &["carol", "bob"]).await?;
        Ok(())
    });
}

#[test]
fn people_are_put_into_groups() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        let second = place.enters(ALICE).await?;
        alice
            .find("button", "Contact details")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Name and groups")
            .await?
            .click()
            .await?;
        alice.find("textbox", "Name").await?.fill("Bobby").await?;
        alice
            .find("textbox", "Groups")
            .await?
            .fill("Work, Friends")
            .await?;
        alice.find("button", "Save").await?.click().await?;
        alice.find_with("link", "Bobby").await?;
        // Other devices, and other apps, know it too.
        second.find("button", "People").await?.click().await?;
        second.find("button", "Friends").await?.click().await?;
        second.find_with("link", "Bobby").await?;
        second.find("button", "Work").await?;
        second.find_with("link", "Bobby").await?.click().await?;
        second
            .find("button", "Contact details")
            .await?
            .click()
            .await?;
        second
            .find("button", "Name and groups")
            .await?
            .click()
            .await?;
        let groups = second.find("textbox", "Groups").await?;
        groups.has("Friends, Work").await?;
        groups.fill("Work").await?;
        second.find("button", "Save").await?.click().await?;
        alice.find("button", "People").await?.click().await?;
        alice.find("button", "Work").await?;
        alice.gone("button", "Friends").await
    });
}

#[test]
fn what_is_deleted_is_gone_for_good() {
    run(async {
        let (place, alice, bob) = place().await?;
        let elsewhere = place.enters(ALICE).await?;
        lists(&elsewhere, &["bob", "carol"]).await?;
        choose(&alice, "bob", "Delete…").await?;
        alice
            .find("dialog", "Delete the conversation with bob?")
            .await?;
        alice.press("Escape").await?;
        lists(&alice, &["bob", "carol"]).await?;
        choose(&alice, "bob", "Delete…").await?;
        alice.find("button", "Delete").await?.click().await?;
        for page in [&alice, &elsewhere] {
            lists(page, &["carol"]).await?;
        }
        alice.gone("button", "Archived").await?;
        alice.reload().await?;
        lists(&alice, &["carol"]).await?;
        alice
            .find("searchbox", "Search people and messages")
            .await?
            .fill("Good morning")
            .await?;
        alice.reads("No message has “Good morning” in it.").await?;
        alice.press("Escape").await?;
        // Bob has kept his, and what he says now is all there is.
        say(&bob, "Are you there?").await?;
        reads(&bob, "Good morning").await?;
        for page in [&alice, &elsewhere] {
            lists(page, &["bob", "carol"]).await?;
            page.find_with("link", "bob").await?.click().await?;
            reads(page, "Are you there?").await?;
            reads(page, "This is where your conversation with bob begins.").await?;
            ensure!(count(page, "Good morning").await? == 0);
        }
        Ok(())
    });
}

/// Waits until the row of the only conversation tells this of it.
async fn tells(page: &Page, expected: &str) -> Result<()> {
    let shown = "document.querySelector('.row__preview').innerText.replace(/\\s+/g, ' ').trim()";
    let told = until(&format!("{expected:?} in the list"), || async {
        Ok((page.evaluate(shown).await? == expected).then_some(()))
    })
    .await;
    match told {
        Ok(()) => Ok(()),
        Err(error) => Err(error.context(format!("it tells {}", page.evaluate(shown).await?))),
    }
}

#[test]
fn the_list_tells_what_was_said_last_whatever_it_was() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, page) = place.friends().await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let body = |text: &str| format!("<body>{text}</body>");
        let sealed = "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:example:0' name='Enigma'/>\
                      <body>You need another client.</body>";
        let hidden = "<spoiler xmlns='urn:xmpp:spoiler:0'>The ending</spoiler>\
                      <body>They all live</body>";
        let bare = "<spoiler xmlns='urn:xmpp:spoiler:0'/><body>They all live</body>";
        let answer = "<body>&gt; Tea?\nYes</body>\
                      <reply xmlns='urn:xmpp:reply:0' id='0' to='alice@example.test'/>\
                      <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
                      <body start='0' end='7'/></fallback>";
        let contact = "xmpp:carol@example.test?roster;name=Carol%20C";
        let said = [
            (body("Line one\n\n  line two"), "Line one line two"),
            (body("/me shrugs"), "bob shrugs"),
            (answer.to_owned(), "Yes"),
            (hidden.to_owned(), "Spoiler: The ending"),
            (bare.to_owned(), "Spoiler"),
            (
                sealed.to_owned(),
                "Encrypted with Enigma. Couplet can't read it yet.",
            ),
            (body("aesgcm://files.example/1/a.jpg#00"), "Encrypted file"),
            (body(contact), "Contact: Carol C"),
            (body("geo:48.2,16.4"), "geo:48.2,16.4"),
        ];
        for (number, (inner, expected)) in said.iter().enumerate() {
            bob.send(&to_alice(&number.to_string(), inner)).await?;
            tells(&alice, expected).await?;
        }
        for (media_type, name, expected) in [
            ("image/png", "cat.png", "Photo"),
            ("video/mp4", "film.mp4", "Video"),
            ("audio/ogg", "voice.ogg", "Voice message"),
            ("audio/mpeg", "Song.mp3", "Song.mp3"),
            ("application/pdf", "Bill.pdf", "Bill.pdf"),
        ] {
            let url = format!("https://files.example/{name}");
            let metadata = format!("<name>{name}</name><media-type>{media_type}</media-type>");
            bob.send(&about(name, &url, &metadata)).await?;
            tells(&alice, expected).await?;
        }
        // What is edited, and taken back, is so here too.
        say(&page, "Seven").await?;
        tells(&alice, "Seven").await?;
        page.find("textbox", "Message").await?.click().await?;
        page.press("ArrowUp").await?;
        page.find("textbox", "Message").await?.fill("Eight").await?;
        page.press("Enter").await?;
        tells(&alice, "Eight").await?;
        choose_of_message(&page, "menuitem", "Take back…").await?;
        page.find("button", "Take back").await?.click().await?;
        tells(&alice, "This message was retracted").await?;
        // What is being written, there and here.
        page.find("textbox", "Message").await?.click().await?;
        page.type_text("H").await?;
        tells(&alice, "typing…").await?;
        page.find("textbox", "Message").await?.fill("").await?;
        tells(&alice, "This message was retracted").await?;
        say(&alice, "Mine").await?;
        tells(&alice, "Mine").await?;
        alice
            .find("textbox", "Message")
            .await?
            .fill("Half a")
            .await?;
        tells(&alice, "Mine").await?;
        alice.evaluate("location.hash = '#/'").await?;
        tells(&alice, "Draft Half a").await
    });
}
