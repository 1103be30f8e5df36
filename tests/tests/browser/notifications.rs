//! Being told of messages that come while one is elsewhere.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};
use serde_json::json;

use crate::{ALICE, BOB, Place, archive_read, list, listen_in, reads, rooms, say, settings, texts};

/// What notifications say that are on screen. Asked while one is on its way there, Chromium takes
/// it for one that is gone, and forgets it: so one waits for the other, in all tabs.
pub(crate) const SHOWN: &str = "navigator.locks.request('of test', async () => {\
        const registration = await navigator.serviceWorker.ready;\
        const shown = await registration.getNotifications();\
        return shown.map(({ title, body }) => `${title}: ${body}`);\
    })";

/// Has the page show one only while nobody asks.
const ONE_BY_ONE: &str = "globalThis.real_show ??= (proto => {\
        const real = proto.showNotification;\
        proto.showNotification = function (...words) {\
            return navigator.locks.request('of test', () => real.apply(this, words));\
        };\
        return real;\
    })(ServiceWorkerRegistration.prototype);";

/// Counts what the page shows and plays, beginning now.
const COUNT: &str = "globalThis.told = { shown: 0, played: 0 };\
     for (const [proto, name, what] of [\
       [ServiceWorkerRegistration.prototype, 'showNotification', 'shown'],\
       [HTMLMediaElement.prototype, 'play', 'played'],\
     ]) {\
       const real = proto[name];\
       proto[name] = function (...words) { told[what] += 1; return real.apply(this, words); };\
     }";

/// Has the page wait longer before it tells of something, and counts how often it has.
const SLOW: &str = "globalThis.settled = 0;\
    globalThis.setTimeout = (real => (act, time, ...words) => time === 600\
        ? real(() => { act(...words); settled += 1; }, 3000)\
        : real(act, time, ...words))(setTimeout);";

/// Leaves the conversation, and the page. A browser without windows can't do the latter,
/// so it only says so.
pub(crate) async fn goes_away(page: &Page) -> Result<()> {
    page.evaluate(ONE_BY_ONE).await?;
    page.evaluate(
        "location.hash = '#/'; document.hasFocus = () => false; \
         window.dispatchEvent(new Event('blur'))",
    )
    .await?;
    page.gone("log", "Messages").await
}

async fn comes_back(page: &Page) -> Result<()> {
    page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))")
        .await?;
    Ok(())
}

async fn shows(page: &Page, expected: &[&str]) -> Result<()> {
    let shown = until(&format!("{expected:?} on screen"), || async {
        Ok((page.evaluate(SHOWN).await? == json!(expected)).then_some(()))
    })
    .await;
    let Err(error) = shown else {
        return Ok(());
    };
    let state = page
        .evaluate(
            "navigator.serviceWorker.getRegistration().then(worker => ({\
                permission: Notification.permission, told: globalThis.told,\
                focus: document.hasFocus(), installing: worker?.installing?.state,\
                active: worker?.active?.state,\
            }))",
        )
        .await?;
    Err(error.context(format!("{state}; the log is {:?}", page.log())))
}

#[test]
fn they_are_offered_when_something_was_missed() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        // Nothing is asked before there is a reason to.
        alice.gone("button", "Turn on").await?;
        goes_away(&alice).await?;
        say(&bob, "Are you there?").await?;
        alice.find("button", "Turn on").await?;
        shows(&alice, &[]).await?;
        alice.may_notify().await?;
        alice.find("button", "Turn on").await?.click().await?;
        alice.gone("button", "Turn on").await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        // It goes as soon as it has been read.
        comes_back(&alice).await?;
        alice.find_with("link", "bob").await?.click().await?;
        reads(&alice, "Hello?").await?;
        shows(&alice, &[]).await
    });
}

#[test]
fn the_browser_asks_only_when_one_wants_it_to() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        // A browser that has been asked nothing yet, and counts how often it is.
        alice
            .before_scripts(
                "globalThis.asked = 0;
                 const real = Notification.requestPermission;
                 let permission = 'default';
                 Object.defineProperty(Notification, 'permission', { get: () => permission });
                 Notification.requestPermission = async () => {
                     asked += 1;
                     return permission = await real.call(Notification);
                 };",
            )
            .await?;
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        goes_away(&alice).await?;
        say(&bob, "Are you there?").await?;
        let offer = alice.find("button", "Turn on").await?;
        assert_eq!(alice.evaluate("asked").await?, json!(0));
        offer.click().await?;
        alice.gone("button", "Turn on").await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        assert_eq!(alice.evaluate("asked").await?, json!(1));
        Ok(())
    });
}

#[test]
fn nothing_tells_of_what_one_looks_at_or_has_muted() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        alice.evaluate(COUNT).await?;
        alice.evaluate(SLOW).await?;
        say(&bob, "You are looking").await?;
        bob.find("image", "Read").await?;
        goes_away(&alice).await?;
        list::choose(&alice, "bob", "Mute").await?;
        say(&bob, "You don't want to know").await?;
        alice.find_with("link", "1 unread message").await?;
        until("what was read would be told of", || async {
            Ok((alice.evaluate("settled > 0").await? == true).then_some(()))
        })
        .await?;
        let told = alice.evaluate("told").await?;
        assert_eq!(told, json!({ "shown": 0, "played": 0 }));
        list::choose(&alice, "bob", "Unmute").await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        let told = alice.evaluate("told").await?;
        assert_eq!(told, json!({ "shown": 1, "played": 1 }));
        Ok(())
    });
}

#[test]
fn one_says_as_little_as_one_wants_and_makes_no_noise() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        settings::open(&alice, "Notifications").await?;
        for choice in ["Show who wrote, and what", "Play a sound"] {
            alice.find("switch", choice).await?.click().await?;
        }
        // It stays so.
        alice.reload().await?;
        alice.find("heading", "Notifications").await?;
        alice.evaluate(COUNT).await?;
        goes_away(&alice).await?;
        say(&bob, "Between us").await?;
        shows(&alice, &["Couplet: Something new"]).await?;
        let told = alice.evaluate("told").await?;
        assert_eq!(told, json!({ "shown": 1, "played": 0 }));
        settings::open(&alice, "Notifications").await?;
        for choice in ["Show who wrote, and what", "Play a sound"] {
            alice.find("switch", choice).await?.click().await?;
        }
        // Whoever chooses a sound hears it.
        assert_eq!(alice.evaluate("told.played").await?, 1);
        goes_away(&alice).await?;
        say(&bob, "Tell everybody").await?;
        shows(&alice, &["bob: Tell everybody"]).await?;
        assert_eq!(alice.evaluate("told.played").await?, 2);
        Ok(())
    });
}

#[test]
fn the_icons_say_that_something_is_unread() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice
            .before_scripts(
                "globalThis.badges = [];
                 Navigator.prototype.setAppBadge = async count => { badges.push(count); };",
            )
            .await?;
        let icons_say = async |unread: u32, file: &str| {
            until(&format!("{unread} on the icons"), || async {
                let icons = "[badges.at(-1), document.querySelector('link[rel=icon]').href]";
                let icons = alice.evaluate(icons).await?;
                let file = icons[1].as_str().is_some_and(|href| href.ends_with(file));
                Ok((icons[0] == json!(unread) && file).then_some(()))
            })
            .await
        };
        alice.evaluate("location.hash = '#/'").await?;
        alice.reload().await?;
        // An earlier page may have left something there.
        icons_say(0, "/favicon.svg").await?;
        say(&bob, "one").await?;
        icons_say(1, "/favicon-unread.svg").await?;
        say(&bob, "two").await?;
        icons_say(2, "/favicon-unread.svg").await?;
        alice.find_with("link", "bob").await?.click().await?;
        icons_say(0, "/favicon.svg").await?;
        alice.evaluate("location.hash = '#/'").await?;
        alice.gone("log", "Messages").await?;
        say(&bob, "three").await?;
        icons_say(1, "/favicon-unread.svg").await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        icons_say(0, "/favicon.svg").await
    });
}

#[test]
fn whoever_declines_is_not_asked_again() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        goes_away(&alice).await?;
        say(&bob, "Are you there?").await?;
        alice.find("button", "Turn on").await?;
        alice
            .find("button", "Close this notice")
            .await?
            .click()
            .await?;
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        goes_away(&alice).await?;
        say(&bob, "Hello?").await?;
        alice.find_with("link", "2 unread messages").await?;
        alice.gone("button", "Turn on").await?;
        // The settings have it for whoever thinks better of it.
        settings::open(&alice, "Notifications").await?;
        let switch = alice.find("switch", "Show notifications").await?;
        switch.click().await?;
        Ok(())
    });
}

#[test]
fn a_click_on_one_leads_to_the_conversation() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        goes_away(&alice).await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        comes_back(&alice).await?;
        let click = "self.registration.getNotifications().then(([notification]) => \
             self.dispatchEvent(new NotificationEvent('notificationclick', { notification })))";
        place.browser.in_worker(&alice, click).await?;
        reads(&alice, "Hello?").await?;
        shows(&alice, &[]).await
    });
}

#[test]
fn one_of_a_spoiler_does_not_give_it_away() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        goes_away(&alice).await?;
        texts::hide(&bob, "The ending", "They all live").await?;
        shows(&alice, &["bob: Spoiler: The ending"]).await?;
        alice.find_with("link", "Spoiler: The ending").await?;
        ensure!(!alice.text().await?.contains("They all live"));
        Ok(())
    });
}

#[test]
fn one_that_comes_before_the_worker_is_shown_once_it_is_there() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        alice.may_notify().await?;
        let slow = "{\
             const real = ServiceWorkerContainer.prototype.register;\
             ServiceWorkerContainer.prototype.register = function (...words) {\
               return new Promise(done => globalThis.goOn = done).then(() => real.apply(this, words));\
             };\
             globalThis.gone = navigator.serviceWorker.getRegistrations()\
               .then(all => Promise.all(all.map(registration => registration.unregister())));\
           }";
        alice.before_scripts(slow).await?;
        alice.reload().await?;
        alice.evaluate("gone").await?;
        // The page that has just gone may have been the last to hold on to it.
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        goes_away(&alice).await?;
        say(&bob, "Hello?").await?;
        alice.find_with("link", "1 unread message").await?;
        alice.evaluate("goOn()").await?;
        shows(&alice, &["bob: Hello?"]).await
    });
}

#[test]
fn of_a_room_one_hears_what_one_has_chosen() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let room = format!("tea@{}", place.server.rooms_domain());
        let (alice, bob) = (place.enters(ALICE).await?, place.enters(BOB).await?);
        for (page, nick) in [(&alice, "Alice"), (&bob, "Bob")] {
            rooms::ask(page, &room, nick).await?;
            page.gone("dialog", "Join a room").await?;
        }
        alice.reads("2 people here").await?;
        alice.may_notify().await?;
        goes_away(&alice).await?;
        // Where people don't know each other's addresses, one hears of what is said to oneself.
        say(&bob, "Is anybody here?").await?;
        alice.find_with("link", "Is anybody here?").await?;
        bob.evaluate(&format!("location.hash = '#/chat/{ALICE}'"))
            .await?;
        bob.find("heading", "alice").await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        bob.find_with("link", "tea").await?.click().await?;
        bob.find("heading", "tea").await?;
        say(&bob, "Alice, are you?").await?;
        let both = ["bob: Hello?", "tea: Bob: Alice, are you?"];
        shows(&alice, &both).await?;
        let choose = async |entry| -> Result<()> {
            alice
                .find_with("link", "tea")
                .await?
                .click_for_menu()
                .await?;
            alice.find("menuitemradio", entry).await?.click().await?;
            alice.gone("menuitemradio", entry).await
        };
        choose("Notify of everything").await?;
        say(&bob, "Anybody else?").await?;
        let both = ["bob: Hello?", "tea: Bob: Anybody else?"];
        shows(&alice, &both).await?;
        choose("Notify of nothing").await?;
        alice.find_with("link", "Muted").await?;
        say(&bob, "Alice!").await?;
        alice.find_with("link", "Alice!").await?;
        choose("Notify of mentions").await?;
        say(&bob, "Nobody?").await?;
        say(&bob, "Well then, Alice.").await?;
        let both = ["bob: Hello?", "tea: Bob: Well then, Alice."];
        shows(&alice, &both).await
    });
}

#[test]
fn many_tabs_tell_once() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        first.may_notify().await?;
        let second = place.beside(&first).await?;
        second.find("list", "Conversations").await?;
        goes_away(&first).await?;
        goes_away(&second).await?;
        for page in [&first, &second] {
            page.evaluate(COUNT).await?;
        }
        say(&bob, "Hello?").await?;
        for page in [&first, &second] {
            page.find_with("link", "1 unread message").await?;
            shows(page, &["bob: Hello?"]).await?;
        }
        let mut told = Vec::new();
        for page in [&first, &second] {
            told.push(page.evaluate("told").await?);
        }
        told.sort_by_key(|told| told["shown"].as_u64());
        let expected = [
            json!({ "shown": 0, "played": 0 }),
            json!({ "shown": 1, "played": 1 }),
        ];
        assert_eq!(told, expected);
        Ok(())
    });
}

/// What comes while a session has just gone on is read once more from the archive.
#[test]
fn what_the_archive_tells_again_is_told_once() {
    run(async {
        let options = crate::options(Kind::Prosody).account("carol", "carol");
        let place = Place::with(options).await?;
        let (alice, bob) = place.friends().await?;
        let carol = place.enters("carol@example.test").await?;
        carol
            .evaluate(&format!("location.hash = '#/chat/{ALICE}'"))
            .await?;
        alice.may_notify().await?;
        listen_in(&alice).await?;
        alice.evaluate("location.hash = '#/'").await?;
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        goes_away(&alice).await?;
        alice.evaluate(COUNT).await?;
        archive_read(&alice, 1).await?;
        say(&bob, "Hello?").await?;
        shows(&alice, &["bob: Hello?"]).await?;
        archive_read(&alice, 2).await?;
        // Whatever that has set going is told before her, or with her.
        say(&carol, "And me?").await?;
        until("carol's is on screen", || async {
            let shown = alice.evaluate(SHOWN).await?.to_string();
            Ok(shown.contains("carol: And me?").then_some(()))
        })
        .await?;
        let told = alice.evaluate("told.shown").await?;
        assert_eq!(told, json!(2));
        Ok(())
    });
}
