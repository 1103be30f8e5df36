//! Files that wait to be sent while pages and tabs come and go.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::files::{
    choose_pictures, content, drop_photo, drop_text, give_hands, has, place, sees, send, with_files,
};
use crate::{ALICE, BOB, add, count, reads, say, sign_in};

/// Waits until so many files are on the disk.
async fn kept(page: &Page, number: u32) -> Result<()> {
    let script = "(async () => {
        const done = request => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
        const database = await done(indexedDB.open('couplet'));
        const number = await done(database.transaction('files').objectStore('files').count());
        database.close();
        return number;
    })()";
    until(&format!("{number} files on the disk"), || async {
        Ok((page.evaluate(script).await? == number).then_some(()))
    })
    .await
}

/// Whether nothing is noted of any file.
async fn forgotten(page: &Page) -> Result<bool> {
    let script = "Object.keys(localStorage).every(key => !key.startsWith('couplet.file'))";
    Ok(page.evaluate(script).await? == true)
}

async fn some_of_it_there(page: &Page) -> Result<()> {
    until("some of it there", || async {
        let script = "document.querySelector('progress')?.value > 0";
        Ok((page.evaluate(script).await? == true).then_some(()))
    })
    .await
}

/// Nothing is left to send, and `other` has got it once.
async fn went_once(page: &Page, other: &Page, name: &str) -> Result<()> {
    other.find_with("link", name).await?;
    page.gone("list", "Files to send").await?;
    kept(page, 0).await?;
    ensure!(forgotten(page).await?);
    // What came twice would be here before this.
    say(page, "That is all.").await?;
    reads(other, "That is all.").await?;
    ensure!(count(other, name).await? == 1, "it was sent again");
    Ok(())
}

#[test]
fn what_was_chosen_is_there_on_the_next_page_until_it_is_sent_or_taken_out() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_photo(&alice, "summit.jpg").await?;
        drop_text(&alice, "poem.txt", 100).await?;
        choose_pictures(&alice, 2).await?;
        kept(&alice, 2).await?;
        alice.reload().await?;
        alice.find("button", "Remove summit.jpg").await?;
        let poem = alice.find("button", "Remove poem.txt").await?;
        poem.click().await?;
        alice.gone("button", "Remove poem.txt").await?;
        kept(&alice, 1).await?;
        alice.crash_and_reload().await?;
        alice.find("button", "Remove summit.jpg").await?;
        ensure!(!alice.text().await?.contains("poem.txt"));
        send(&alice).await?;
        sees(&bob, "summit.jpg").await?;
        let sent = content(&bob, "summit.jpg").await?;
        ensure!(has(&sent, "48.2082N"), "as it is, was chosen");
        kept(&alice, 0).await?;
        alice.reload().await?;
        alice.find("textbox", "Message").await?;
        ensure!(!alice.text().await?.contains("Remove"));
        ensure!(forgotten(&alice).await?);
        Ok(())
    });
}

#[test]
fn what_is_taken_out_right_before_a_crash_stays_out() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice.slow_down_sending(Some(100_000)).await?;
        drop_text(&alice, "film.txt", 2_000_000).await?;
        kept(&alice, 1).await?;
        send(&alice).await?;
        some_of_it_there(&alice).await?;
        // The disk doesn't get to it.
        alice
            .evaluate(
                "{
                    const begin = IDBDatabase.prototype.transaction;
                    IDBDatabase.prototype.transaction = function (names, ...more) {
                        if (names.includes('files')) throw new DOMException('', 'UnknownError');
                        return begin.call(this, names, ...more);
                    };
                }",
            )
            .await?;
        alice
            .find("button", "Cancel film.txt")
            .await?
            .click()
            .await?;
        alice.gone("progressbar", "film.txt").await?;
        alice.crash_and_reload().await?;
        alice.slow_down_sending(None).await?;
        // Nor is it kept for nothing.
        kept(&alice, 0).await?;
        say(&alice, "Never mind.").await?;
        reads(&bob, "Never mind.").await?;
        ensure!(!bob.text().await?.contains("film.txt"));
        Ok(())
    });
}

#[test]
fn a_file_under_way_in_a_crash_begins_anew_and_goes_once() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice.slow_down_sending(Some(100_000)).await?;
        drop_text(&alice, "film.txt", 2_000_000).await?;
        kept(&alice, 1).await?;
        send(&alice).await?;
        some_of_it_there(&alice).await?;
        alice.crash_and_reload().await?;
        alice.slow_down_sending(None).await?;
        went_once(&alice, &bob, "film.txt").await
    });
}

#[test]
fn a_file_that_waits_for_the_server_goes_from_the_next_page() {
    run(async {
        let (mut place, alice, bob) = place().await?;
        place.server.stop();
        alice.reads("Your messages will be sent.").await?;
        drop_text(&alice, "poem.txt", 100).await?;
        kept(&alice, 1).await?;
        send(&alice).await?;
        alice.reads("Waiting to be sent").await?;
        alice.crash_and_reload().await?;
        alice.find("button", "Cancel poem.txt").await?;
        place.server.restart()?;
        went_once(&alice, &bob, "poem.txt").await
    });
}

/// The page ends after its file is on the server and its message is asked for, and before anything
/// else is.
#[test]
fn a_file_whose_message_is_only_asked_for_when_its_page_ends_is_sent_once() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_text(&alice, "poem.txt", 100).await?;
        kept(&alice, 1).await?;
        alice
            .evaluate(
                "{
                    const { setItem } = Storage.prototype;
                    const begin = IDBDatabase.prototype.transaction;
                    Storage.prototype.setItem = function (key, text) {
                        setItem.call(this, key, text);
                        if (!key.startsWith('couplet.asked')) return;
                        Storage.prototype.removeItem = () => {};
                        IDBDatabase.prototype.transaction = function (names, ...more) {
                            if (names.includes('files')) throw new DOMException('', 'AbortError');
                            return begin.call(this, names, ...more);
                        };
                        console.log('asked');
                        for (const end = performance.now() + 5000; performance.now() < end;);
                    };
                }",
            )
            .await?;
        send(&alice).await?;
        until("the message to be asked for", || async {
            Ok(alice.log().iter().any(|line| line == "asked").then_some(()))
        })
        .await?;
        alice.crash_and_reload().await?;
        went_once(&alice, &bob, "poem.txt").await?;
        let put = "performance.getEntriesByType('resource')
            .some(({ initiatorType }) => initiatorType === 'xmlhttprequest')";
        ensure!(
            alice.evaluate(put).await? == false,
            "it was put there again"
        );
        Ok(())
    });
}

#[test]
fn of_several_tabs_one_has_a_file_and_another_when_that_is_gone() {
    run(async {
        let (place, alice, bob) = place().await?;
        let [second, third] = [place.beside(&alice).await?, place.beside(&alice).await?];
        for tab in [&second, &third] {
            tab.find_with("link", "bob").await?.click().await?;
            tab.find("textbox", "Message").await?;
        }
        give_hands(&second).await?;
        drop_text(&second, "poem.txt", 100).await?;
        kept(&second, 1).await?;
        third.reload().await?;
        third.find("textbox", "Message").await?;
        kept(&third, 1).await?;
        ensure!(!third.text().await?.contains("poem.txt"), "two have it");
        second.crash().await?;
        third
            .evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            .await?;
        third.find("button", "Remove poem.txt").await?;
        ensure!(!alice.text().await?.contains("poem.txt"), "two have it");
        send(&third).await?;
        went_once(&third, &bob, "poem.txt").await
    });
}

#[test]
fn who_doesnt_stay_leaves_no_file() {
    run(async {
        let place = with_files(Kind::Prosody).await?;
        let alice = place.visitor().await?;
        let stay = alice
            .find("checkbox", "Stay signed in on this device")
            .await?;
        stay.click().await?;
        sign_in(&alice, ALICE, "alice").await?;
        add(&alice, BOB).await?;
        give_hands(&alice).await?;
        drop_text(&alice, "poem.txt", 100).await?;
        kept(&alice, 0).await?;
        ensure!(forgotten(&alice).await?);
        ensure!(!alice.text().await?.contains("no room"), "that is no news");
        alice.reload().await?;
        alice.find("textbox", "XMPP address").await?;
        Ok(())
    });
}

#[test]
fn who_signs_out_leaves_no_file() {
    run(async {
        let (_place, alice, _bob) = place().await?;
        drop_text(&alice, "poem.txt", 100).await?;
        kept(&alice, 1).await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("textbox", "XMPP address").await?;
        kept(&alice, 0).await?;
        ensure!(forgotten(&alice).await?);
        Ok(())
    });
}

#[test]
fn what_there_is_no_room_for_is_said_and_goes_all_the_same() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_text(&alice, "poem.txt", 100).await?;
        kept(&alice, 1).await?;
        // With the other, more than is kept of all.
        alice
            .evaluate("drag('drop', [new File([new Uint8Array(1e8 - 50)], 'film.mp4')])")
            .await?;
        alice.reads("There is no room to keep it here").await?;
        alice
            .find("button", "Remove film.mp4")
            .await?
            .click()
            .await?;
        // And on a disk that is full.
        alice
            .evaluate(
                "{
                    const put = IDBObjectStore.prototype.put;
                    IDBObjectStore.prototype.put = function (value, key) {
                        if (value instanceof Blob) throw new DOMException('', 'QuotaExceededError');
                        return put.call(this, value, key);
                    };
                }",
            )
            .await?;
        drop_text(&alice, "song.txt", 1_000).await?;
        alice.reads("There is no room to keep it here").await?;
        send(&alice).await?;
        went_once(&alice, &bob, "song.txt").await
    });
}
