//! What can be chosen: how the page looks, what others learn, the account itself.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};
use serde_json::{Value, json};

use crate::persistence::stored;
use crate::{ALICE, BOB, Place, add, options, profile, reads, say, sign_in};

/// Opens a part of the settings, from wherever one is.
pub(crate) async fn open(page: &Page, part: &str) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", "Settings").await?.click().await?;
    page.find("link", part).await?.click().await?;
    page.find("heading", part).await?;
    Ok(())
}

async fn leave(page: &Page) -> Result<()> {
    page.find("button", "Close the settings")
        .await?
        .click()
        .await?;
    page.gone("heading", "Settings").await
}

/// Waits until a script gives true.
async fn is(page: &Page, what: &str, script: &str) -> Result<()> {
    until(what, || async {
        Ok((page.evaluate(script).await? == true).then_some(()))
    })
    .await
}

#[test]
fn the_look_is_chosen_and_stays() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        open(&alice, "Appearance").await?;
        alice.find("radio", "Dark").await?.click().await?;
        alice.find("radio", "Violet").await?.click().await?;
        alice.find("radio", "Large").await?.click().await?;
        let dark = "getComputedStyle(document.body).backgroundColor == 'rgb(18, 20, 27)'";
        let large = "getComputedStyle(document.documentElement).fontSize == '18px'";
        let violet = "getComputedStyle(document.querySelector('.switch__input, .segment:has(\
                      :checked)')).borderColor == 'rgb(187, 160, 255)'";
        for (what, script) in [("dark", dark), ("large", large), ("violet", violet)] {
            is(&alice, what, script).await?;
        }
        alice.reload().await?;
        alice.find("heading", "Appearance").await?;
        for (what, script) in [("dark", dark), ("large", large), ("violet", violet)] {
            is(&alice, what, script).await?;
        }
        let errors = alice.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn another_language_is_chosen_and_nothing_is_lost() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        alice.find("textbox", "Message").await?.click().await?;
        alice.type_text("half a sent").await?;
        open(&alice, "Appearance").await?;
        let choose = |tag: &str| {
            format!(
                "(list => {{
                    list.value = '{tag}';
                    list.dispatchEvent(new Event('change', {{ bubbles: true }}));
                }})(document.querySelector('select'))"
            )
        };
        alice.evaluate(&choose("ar")).await?;
        alice.find("heading", "المظهر").await?;
        is(
            &alice,
            "right to left",
            "document.documentElement.dir == 'rtl'",
        )
        .await?;
        alice.evaluate(&choose("de")).await?;
        alice.find("heading", "Darstellung").await?;
        is(
            &alice,
            "German",
            "document.documentElement.lang == 'de' && document.documentElement.dir == 'ltr'",
        )
        .await?;
        alice.find_with("link", "bob").await?.click().await?;
        until("the draft", || async {
            let written = alice
                .evaluate("document.querySelector('textarea')?.value")
                .await?;
            Ok((written == "half a sent").then_some(()))
        })
        .await?;
        let errors = alice.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn a_server_that_keeps_no_settings_is_told_of() {
    run(async {
        let place = Place::with(ServerOptions {
            pep: false,
            ..options(Kind::Prosody)
        })
        .await?;
        let alice = place.enters(ALICE).await?;
        open(&alice, "Privacy").await?;
        alice
            .reads("This holds on all your devices that use Couplet.")
            .await?;
        let switch = "Say that you are typing";
        alice.find("switch", switch).await?.click().await?;
        let untold = "Your server keeps no settings, so these hold only on this device.";
        alice.reads(untold).await?;
        alice.reload().await?;
        alice.reads(untold).await?;
        is(
            &alice,
            "it is still off",
            "!document.querySelector('#privacy-typing').checked",
        )
        .await?;
        let errors = alice.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

async fn what_others_learn(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    let second = place.enters(BOB).await?;
    open(&bob, "Privacy").await?;
    for switch in [
        "Say that a message has arrived",
        "Say that you have read a message",
        "Say that you are typing",
    ] {
        bob.find("switch", switch).await?.click().await?;
    }
    // His other device has it too.
    open(&second, "Privacy").await?;
    is(
        &second,
        "all three are off",
        "[...document.querySelectorAll('[role=switch]')].every(each => !each.checked)",
    )
    .await?;
    second.close().await?;
    leave(&bob).await?;
    bob.find_with("link", "alice").await?.click().await?;
    say(&alice, "Are you there?").await?;
    reads(&bob, "Are you there?").await?;
    bob.find("textbox", "Message").await?.click().await?;
    bob.type_text("yes").await?;
    bob.press("Enter").await?;
    reads(&alice, "yes").await?;
    // By then he would have told her.
    alice.find("image", "Sent").await?;
    let shown = alice.text().await?;
    ensure!(!shown.contains("typing"), "{shown}");
    alice.gone("image", "Delivered").await?;
    alice.gone("image", "Read").await?;
    let errors = [alice.errors(), bob.errors()].concat();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[test]
fn what_others_learn_is_chosen_prosody() {
    run(what_others_learn(Kind::Prosody));
}

#[test]
fn what_others_learn_is_chosen_ejabberd() {
    run(what_others_learn(Kind::Ejabberd));
}

#[test]
fn strangers_are_kept_apart_until_they_are_answered() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        open(&alice, "Privacy").await?;
        alice
            .find("radio", "Only your contacts")
            .await?
            .click()
            .await?;
        leave(&alice).await?;
        bob.evaluate(&format!("location.hash = '#/chat/{ALICE}'"))
            .await?;
        say(&bob, "Do you know me?").await?;
        alice.find("button", "Strangers").await?.click().await?;
        alice.find_with("link", "bob").await?;
        is(
            &alice,
            "the title counts nothing",
            "document.title == 'Couplet'",
        )
        .await?;
        alice.find("button", "All").await?.click().await?;
        let shown = alice.text().await?;
        ensure!(!shown.contains("Do you know me?"), "{shown}");
        alice.find("button", "Strangers").await?.click().await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "Do you know me?").await?;
        say(&alice, "Not yet.").await?;
        alice.find("button", "All").await?.click().await?;
        alice.find_with("link", "bob").await?;
        alice.reload().await?;
        alice.find("button", "All").await?.click().await?;
        alice.find_with("link", "bob").await?;
        Ok(())
    });
}

async fn another_password(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    open(&alice, "Account").await?;
    alice
        .find("textbox", "New password")
        .await?
        .fill("first <&> 2nd")
        .await?;
    alice
        .find("textbox", "The same once more")
        .await?
        .fill("other")
        .await?;
    let change = alice.find("button", "Change password").await?;
    change.click().await?;
    alice.reads("These two aren't the same.").await?;
    alice
        .find("textbox", "The same once more")
        .await?
        .fill("first <&> 2nd")
        .await?;
    change.click().await?;
    alice.reads("Your password has been changed.").await?;
    let kept = alice
        .evaluate("JSON.stringify({ ...localStorage })")
        .await?;
    ensure!(!kept.to_string().contains("2nd"), "{kept}");
    // The page goes on, and so does the next one.
    leave(&alice).await?;
    alice.find_with("link", "bob").await?.click().await?;
    say(&alice, "I have changed it").await?;
    reads(&bob, "I have changed it").await?;
    alice.reload().await?;
    say(&alice, "and I am still here").await?;
    reads(&bob, "and I am still here").await?;
    let another = place.visitor().await?;
    sign_in(&another, ALICE, "alice").await?;
    another.reads("Wrong address or password").await?;
    another.close().await?;
    let another = place.visitor().await?;
    sign_in(&another, ALICE, "first <&> 2nd").await?;
    another.find("list", "Conversations").await?;
    let errors = [alice.errors(), bob.errors()].concat();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[test]
fn another_password_is_taken_everywhere_prosody() {
    run(another_password(Kind::Prosody));
}

#[test]
fn another_password_is_taken_everywhere_ejabberd() {
    run(another_password(Kind::Ejabberd));
}

async fn refused_password(kind: Kind, why: &str) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    open(&alice, "Account").await?;
    // No password has a letter that isn't assigned to anybody (RFC 4013 2.3).
    for field in ["New password", "The same once more"] {
        let field = alice.find("textbox", field).await?;
        field.fill("secret \u{e000}").await?;
    }
    let change = alice.find("button", "Change password").await?;
    change.click().await?;
    alice.reads(why).await?;
    let shown = alice.text().await?;
    ensure!(!shown.contains("has been changed"), "{shown}");
    leave(&alice).await?;
    alice.find_with("link", "bob").await?.click().await?;
    say(&alice, "it is as it was").await?;
    reads(&bob, "it is as it was").await?;
    alice.reload().await?;
    say(&alice, "and still is").await?;
    reads(&bob, "and still is").await?;
    place.enters(ALICE).await?;
    let errors = [alice.errors(), bob.errors()].concat();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[test]
fn a_password_that_is_refused_is_told_of_and_the_old_one_stays_prosody() {
    run(refused_password(Kind::Prosody, "Your server didn't do it"));
}

#[test]
fn a_password_that_is_refused_is_told_of_and_the_old_one_stays_ejabberd() {
    run(refused_password(Kind::Ejabberd, "unacceptable characters"));
}

/// The engine is another tab's.
#[test]
fn another_password_is_taken_from_any_tab() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        let beside = place.beside(&alice).await?;
        beside.find("list", "Conversations").await?;
        open(&beside, "Account").await?;
        for field in ["New password", "The same once more"] {
            beside.find("textbox", field).await?.fill("another").await?;
        }
        beside
            .find("button", "Change password")
            .await?
            .click()
            .await?;
        beside.reads("Your password has been changed.").await?;
        let another = place.visitor().await?;
        sign_in(&another, ALICE, "another").await?;
        another.find("list", "Conversations").await?;
        Ok(())
    });
}

async fn no_account(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, _bob) = place.friends().await?;
    open(&alice, "Account").await?;
    alice
        .find("button", "Delete account…")
        .await?
        .click()
        .await?;
    let field = alice.find("textbox", "Type your address to go on").await?;
    field.fill(BOB).await?;
    alice
        .find("button", "Delete for ever")
        .await?
        .click()
        .await?;
    alice.reads("That isn't your address.").await?;
    field.fill(ALICE).await?;
    alice
        .find("button", "Delete for ever")
        .await?
        .click()
        .await?;
    alice.reads("Your account has been deleted").await?;
    until("nothing of it is in the database", || async {
        let stored = stored(&alice).await?.to_string();
        Ok((!stored.contains("alice")).then_some(()))
    })
    .await?;
    // Who comes next sees nothing of it.
    sign_in(&alice, BOB, "bob").await?;
    alice.find("button", "Menu").await?;
    let shown = alice.text().await?;
    ensure!(!shown.contains("carol"), "{shown}");
    alice.find("button", "Menu").await?.click().await?;
    alice.find("menuitem", "Sign out").await?.click().await?;
    alice.find("button", "Sign in").await?;
    sign_in(&alice, ALICE, "alice").await?;
    alice.reads("Wrong address or password").await
}

#[test]
fn an_account_is_deleted_prosody() {
    run(no_account(Kind::Prosody));
}

#[test]
fn an_account_is_deleted_ejabberd() {
    run(no_account(Kind::Ejabberd));
}

/// Catches what would be downloaded: its name and its text, and how often there was something.
const CATCH: &str = "{
    let text;
    const create = URL.createObjectURL;
    URL.createObjectURL = file => (text = file.text(), create(file));
    HTMLAnchorElement.prototype.click = async function () {
        window.files_of_test = (window.files_of_test ?? 0) + 1;
        window.file_of_test = { name: this.download, text: await text };
    };
}";

async fn exported(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, bob) = place.friends().await?;
    profile::open(&alice).await?;
    alice
        .find("textbox", "Organization")
        .await?
        .fill("Looking Glass \"& Co\"")
        .await?;
    alice.find("button", "Save").await?.click().await?;
    alice.gone("dialog", "Your profile").await?;
    say(&alice, "1 < 2 & \"so on\"").await?;
    reads(&bob, "1 < 2 & \"so on\"").await?;
    say(&bob, "indeed").await?;
    reads(&alice, "indeed").await?;
    open(&alice, "Data and storage").await?;
    alice.evaluate(CATCH).await?;
    let file = |format: &'static str| {
        let alice = &alice;
        async move {
            alice.evaluate("window.file_of_test = null").await?;
            alice.find_with("radio", format).await?.click().await?;
            alice.find("button", "Export").await?.click().await?;
            until("the file", || async {
                let file = alice.evaluate("file_of_test").await?;
                Ok((!file.is_null()).then_some(file))
            })
            .await
        }
    };
    let json = file("JSON").await?;
    let text = json["text"].as_str().unwrap_or_default();
    let read: Value = serde_json::from_str(text)?;
    ensure!(
        read["account"] == ALICE && read["contacts"][0]["address"] == BOB,
        "{text}"
    );
    let field = json!({ "field": "organisation", "value": "Looking Glass \"& Co\"" });
    let profile = read["profile"].as_array();
    ensure!(
        profile.is_some_and(|profile| profile.contains(&field)),
        "{text}"
    );
    let bodies: Vec<_> = read["messages"].as_array().into_iter().flatten().collect();
    let bodies: Vec<_> = bodies
        .iter()
        .filter_map(|message| message["body"].as_str())
        .collect();
    ensure!(bodies == ["1 < 2 & \"so on\"", "indeed"], "{text}");

    let xml = file("XML").await?;
    let text = xml["text"].as_str().unwrap_or_default();
    let root: minidom::Element = text.parse()?;
    let pie = "urn:xmpp:pie:0";
    let host = root.get_child("host", pie);
    let user = host.and_then(|host| host.get_child("user", pie));
    let archive = user.and_then(|user| user.get_child("archive", "urn:xmpp:pie:0#mam"));
    let messages = archive.map_or(0, |archive| archive.children().count());
    ensure!(messages >= 2, "{text}");
    ensure!(
        user.is_some_and(|user| user.has_child("query", "jabber:iq:roster")
            && user.has_child("vCard", "vcard-temp")),
        "{text}"
    );

    let plain = file("Text").await?;
    let text = plain["text"].as_str().unwrap_or_default();
    ensure!(
        text.contains("alice@example.test: 1 < 2 & \"so on\"\n")
            && text.contains("Organization: Looking Glass \"& Co\"\n")
            && text.contains("<bob@example.test>\n"),
        "{text}"
    );
    let name = plain["name"].as_str().unwrap_or_default();
    ensure!(
        name.starts_with("couplet alice@example.test 20") && name.ends_with(".txt"),
        "{name}"
    );
    let errors = alice.errors();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[test]
fn what_the_server_keeps_is_taken_away_prosody() {
    run(exported(Kind::Prosody));
}

#[test]
fn what_the_server_keeps_is_taken_away_ejabberd() {
    run(exported(Kind::Ejabberd));
}

/// Once there is a `held`, keeps in it whatever asks for another page of an export, which are the
/// large ones: what catches up with the archive goes on.
const HOLD: &str = "{
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) {
        const isPage = text.includes('<max>100<') && text.includes('<after>');
        if (window.held && isPage) held.push(() => send.call(this, text));
        else send.call(this, text);
    };
    window.held = [];
}";

#[test]
fn an_export_that_is_stopped_leaves_nothing_and_another_has_it_all() {
    run(async {
        let (_place, alice, _bob) = Place::with_yesterday("line", 120).await?;
        open(&alice, "Data and storage").await?;
        alice.evaluate(CATCH).await?;
        alice.evaluate(HOLD).await?;
        alice.find_with("radio", "JSON").await?.click().await?;
        alice.find("button", "Export").await?.click().await?;
        // A page of them has come, and the rest never does.
        alice.reads("50 messages so far…").await?;
        is(&alice, "the next page is asked for", "held.length == 1").await?;
        alice.find("button", "Stop").await?.click().await?;
        alice.reads("Stopped. There is no file.").await?;
        alice.gone("button", "Stop").await?;
        // What comes after all is nothing to the next one.
        alice
            .evaluate("held.splice(0).forEach(send => send()); window.held = null")
            .await?;
        // In the format that was chosen.
        alice.find("button", "Export").await?.click().await?;
        let file = until("the file", || async {
            let file = alice.evaluate("window.file_of_test ?? null").await?;
            Ok((!file.is_null()).then_some(file))
        })
        .await?;
        let text = file["text"].as_str().unwrap_or_default();
        let read: Value = serde_json::from_str(text)?;
        let messages = read["messages"].as_array().into_iter().flatten();
        let bodies: Vec<_> = messages
            .filter_map(|message| message["body"].as_str())
            .collect();
        let mut expected: Vec<_> = (1..=120).map(|number| format!("line{number}.")).collect();
        expected.push("good morning".to_owned());
        ensure!(bodies == expected, "{bodies:?}");
        ensure!(alice.evaluate("files_of_test").await? == 1);
        let errors = alice.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn enter_begins_a_new_line_for_whom_it_should() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        open(&alice, "Keyboard").await?;
        alice
            .find("switch", "Enter sends the message")
            .await?
            .click()
            .await?;
        leave(&alice).await?;
        alice.find_with("link", "bob").await?.click().await?;
        alice.find("textbox", "Message").await?.click().await?;
        alice.type_text("one").await?;
        alice.press("Enter").await?;
        alice.type_text("two").await?;
        alice
            .evaluate(
                "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', \
                 { key: 'Enter', ctrlKey: true, bubbles: true }))",
            )
            .await?;
        until("both lines are one message", || async {
            Ok(bob.text().await?.contains("one\ntwo").then_some(()))
        })
        .await
    });
}

#[test]
fn what_it_is_made_of_is_told() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        open(&alice, "About").await?;
        // What modules do, and what the core does.
        for number in ["XEP-0313", "XEP-0198", "XEP-0484", "RFC 7395"] {
            alice.find("link", number).await?;
        }
        let licences = alice
            .evaluate("fetch('licences.txt').then(file => file.text())")
            .await?;
        let licences = licences.as_str().unwrap_or_default();
        ensure!(licences.contains("\nyew  ") && licences.contains("THE SOFTWARE IS PROVIDED"));
        ensure!(
            licences.contains("UNICODE LICENSE V3"),
            "the names of emoji"
        );
        Ok(())
    });
}

#[test]
fn on_a_phone_a_part_takes_the_place_of_the_list() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.visitor().await?;
        alice.resize(390, 844).await?;
        sign_in(&alice, ALICE, "alice").await?;
        alice.find("list", "Conversations").await?;
        add(&alice, BOB).await?;
        alice
            .find("link", "Back to the conversations")
            .await?
            .click()
            .await?;
        open(&alice, "Privacy").await?;
        alice.gone("link", "Appearance").await?;
        alice
            .find("button", "Back to the settings")
            .await?
            .click()
            .await?;
        alice.find("link", "Appearance").await?;
        alice
            .find("button", "Back to the conversations")
            .await?
            .click()
            .await?;
        alice.find("list", "Conversations").await?;
        Ok(())
    });
}
