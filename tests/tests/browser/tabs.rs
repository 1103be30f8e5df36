//! Many tabs of one browser, one session.

use anyhow::{Result, anyhow, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{ALICE, ENTER, Place, count, reads, say, sign_in};

/// Two more tabs of alice's, at the same conversation.
async fn two_more(place: &Place, alice: &Page) -> Result<(Page, Page)> {
    let (second, third) = (place.beside(alice).await?, place.beside(alice).await?);
    for page in [&second, &third] {
        page.find_with("link", "bob").await?.click().await?;
        page.find("textbox", "Message").await?;
    }
    Ok((second, third))
}

async fn each_reads_once(pages: &[&Page], text: &str) -> Result<()> {
    for page in pages {
        reads(page, text).await?;
        if count(page, text).await? != 1 {
            let doubled = anyhow!("{text:?} more than once");
            return Err(page.explained(doubled).await);
        }
    }
    Ok(())
}

/// Whether the page has a connection of its own.
fn leads(page: &Page) -> bool {
    let lines = page.log();
    lines.iter().any(|line| line.starts_with("session "))
}

#[test]
fn three_tabs_show_the_same() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        say(&first, "from the first tab").await?;
        let (second, third) = two_more(&place, &first).await?;
        let all = [&first, &second, &third];
        each_reads_once(&all, "from the first tab").await?;
        say(&second, "from the second tab").await?;
        say(&bob, "from bob").await?;
        say(&third, "from the third tab").await?;
        for text in ["from the second tab", "from bob", "from the third tab"] {
            each_reads_once(&all, text).await?;
            each_reads_once(&[&bob], text).await?;
        }
        for page in all {
            page.find("image", "Read").await?;
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        ensure!(leads(&first) && !leads(&second) && !leads(&third));
        // Bob sees one device, not three.
        bob.find("button", "Contact details").await?.click().await?;
        let devices = "document.querySelectorAll('.details__devices > *').length";
        until("one device", || async {
            Ok((bob.evaluate(devices).await? == 1).then_some(()))
        })
        .await
    });
}

#[test]
fn another_tab_takes_over_from_one_that_is_closed() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        say(&first, "before").await?;
        let (second, third) = two_more(&place, &first).await?;
        first.close().await?;
        takes_over(&second, &third, &bob, &["before"]).await
    });
}

#[test]
fn another_tab_takes_over_from_one_that_crashes() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        say(&first, "before").await?;
        let (second, third) = two_more(&place, &first).await?;
        first.crash().await?;
        takes_over(&second, &third, &bob, &["before"]).await
    });
}

/// One of the two has the session now, the same one, and all read what was said `before`.
async fn takes_over(second: &Page, third: &Page, bob: &Page, before: &[&str]) -> Result<()> {
    until("somebody leads", || async {
        Ok((leads(second) || leads(third)).then_some(()))
    })
    .await?;
    for page in [second, third] {
        let begun = page.log().iter().any(|line| line == "session begun");
        ensure!(!begun, "a second session was begun");
    }
    say(second, "from the second tab").await?;
    say(third, "from the third tab").await?;
    say(bob, "from bob").await?;
    let texts = ["from the second tab", "from the third tab", "from bob"];
    for text in before.iter().chain(&texts) {
        each_reads_once(&[second, third, bob], text).await?;
    }
    Ok(())
}

#[test]
fn another_tab_takes_over_from_one_that_hangs_which_then_follows() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        say(&first, "before").await?;
        let (second, third) = two_more(&place, &first).await?;
        first.hang().await?;
        say(&second, "into the silence").await?;
        each_reads_once(&[&second, &third, &bob], "into the silence").await?;
        first.go_on().await?;
        say(&third, "all together").await?;
        let all = [&first, &second, &third, &bob];
        for text in ["before", "into the silence", "all together"] {
            each_reads_once(&all, text).await?;
        }
        say(&first, "back again").await?;
        each_reads_once(&all, "back again").await
    });
}

#[test]
fn who_only_reads_notices_a_leader_that_hangs() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        let (second, third) = two_more(&place, &first).await?;
        first.hang().await?;
        say(&bob, "Anybody?").await?;
        each_reads_once(&[&second, &third], "Anybody?").await?;
        takes_over(&second, &third, &bob, &["Anybody?"]).await
    });
}

#[test]
fn what_a_leader_of_the_past_is_asked_for_is_done_once() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        let (second, third) = two_more(&place, &first).await?;
        let field = first.find("textbox", "Message").await?;
        field.fill("out of the past").await?;
        // So busy that another tab has the lead by the time it says this, and it can't know.
        first
            .evaluate(&format!(
                "for (const end = performance.now() + 12000; performance.now() < end;); {ENTER}"
            ))
            .await?;
        ensure!(leads(&second) || leads(&third), "nobody has taken over");
        say(&first, "and the next").await?;
        let all = [&first, &second, &third, &bob];
        for text in ["out of the past", "and the next"] {
            each_reads_once(&all, text).await?;
        }
        let text = bob.text().await?;
        ensure!(text.find("out of the past") < text.rfind("and the next"));
        Ok(())
    });
}

#[test]
fn what_comes_while_a_tab_reads_the_disk_twice_is_in_it() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        say(&bob, "before").await?;
        reads(&first, "before").await?;
        let second = place.beside(&first).await?;
        second.find_with("link", "bob").await?.click().await?;
        // It is welcomed twice, as it is when it hears of a leader that it has asked already,
        // and what it reads the second time takes long to come.
        second
            .before_scripts(
                "const { postMessage } = BroadcastChannel.prototype;
                BroadcastChannel.prototype.postMessage = function (message) {
                    postMessage.call(this, message);
                    if (message.flat(2).includes('hello')) postMessage.call(this, message);
                };
                const readings = [];
                const { set } = Object.getOwnPropertyDescriptor(
                    IDBRequest.prototype, 'onsuccess');
                Object.defineProperty(IDBRequest.prototype, 'onsuccess', {
                    set(hear) {
                        const reads = this.source?.name === 'messages'
                            && this.transaction.mode === 'readonly';
                        if (reads && !readings.includes(this.transaction))
                            readings.push(this.transaction);
                        const late = reads && this.transaction === readings[1];
                        if (late && window.goOn) hear();
                        else set.call(this, late ? () => { window.goOn = hear; } : hear);
                    },
                });",
            )
            .await?;
        second.reload().await?;
        until("the second reading", || async {
            let read = second.evaluate("window.goOn !== undefined").await?;
            Ok((read == true).then_some(()))
        })
        .await?;
        say(&bob, "meanwhile").await?;
        reads(&first, "meanwhile").await?;
        second.evaluate("window.goOn()").await?;
        say(&bob, "after").await?;
        for text in ["before", "meanwhile", "after"] {
            each_reads_once(&[&second], text).await?;
        }
        Ok(())
    });
}

#[test]
fn a_leader_without_timers_is_kept_going_by_who_looks() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        let second = place.beside(&first).await?;
        second.find_with("link", "bob").await?.click().await?;
        second.find("textbox", "Message").await?;
        // To a page that nobody looks at a browser gives one a minute.
        first.evaluate("globalThis.setTimeout = () => 0").await?;
        place.proxy.kill().await?;
        second.reads("Your messages will be sent.").await?;
        place.proxy.restart().await?;
        say(&bob, "after").await?;
        reads(&second, "after").await?;
        ensure!(!leads(&second), "the second tab has taken over");
        Ok(())
    });
}

#[test]
fn what_is_written_in_one_tab_is_the_draft_of_all() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, _bob) = place.friends().await?;
        let second = place.beside(&first).await?;
        second.find("list", "Conversations").await?;
        first
            .find("textbox", "Message")
            .await?
            .fill("half a sent")
            .await?;
        looks_elsewhere(&first).await?;
        second.find_with("link", "half a sent").await?;
        second.find_with("link", "bob").await?.click().await?;
        let field = second.find("textbox", "Message").await?;
        field.has("half a sent").await?;
        // It goes both ways, with the conversation open in both.
        field.fill("half a sentence").await?;
        looks_elsewhere(&second).await?;
        let field = first.find("textbox", "Message").await?;
        field.has("half a sentence").await?;
        field.click().await?;
        first.press("Enter").await?;
        reads(&second, "half a sentence").await?;
        second.find("textbox", "Message").await?.has("").await?;
        // Whoever is writing something else there keeps it.
        second
            .evaluate("addEventListener('blur', event => event.stopImmediatePropagation(), true)")
            .await?;
        second
            .find("textbox", "Message")
            .await?
            .fill("elsewhere")
            .await?;
        say(&first, "meanwhile").await?;
        reads(&second, "meanwhile").await?;
        second
            .find("textbox", "Message")
            .await?
            .has("elsewhere")
            .await?;
        second.reload().await?;
        second
            .find("textbox", "Message")
            .await?
            .has("elsewhere")
            .await
    });
}

/// The keys go elsewhere. (A browser without windows tells no page so.)
async fn looks_elsewhere(page: &Page) -> Result<()> {
    page.evaluate("document.activeElement.dispatchEvent(new FocusEvent('blur'))")
        .await?;
    Ok(())
}

#[test]
fn what_is_sent_in_a_tab_that_nobody_answers_survives_all_tabs() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        let keeper = place.browser.open_beside(&first, "about:blank").await?;
        first
            .before_scripts(
                "const { set } = Object.getOwnPropertyDescriptor(
                    BroadcastChannel.prototype, 'onmessage');
                Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
                    set(hear) {
                        set.call(this, event => window.isDeaf || hear(event));
                    },
                });",
            )
            .await?;
        first.reload().await?;
        let (second, third) = two_more(&place, &first).await?;
        first.evaluate("window.isDeaf = true").await?;
        let field = second.find("textbox", "Message").await?;
        field.fill("into the silence").await?;
        second.crash_behind(ENTER).await?;
        third.crash().await?;
        first.crash().await?;
        let alice = place.beside(&keeper).await?;
        alice.find_with("link", "bob").await?.click().await?;
        each_reads_once(&[&alice, &bob], "into the silence").await?;
        alice.find("textbox", "Message").await?.has("").await
    });
}

#[test]
fn signing_in_and_out_is_for_all_tabs() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let first = place.visitor().await?;
        let second = place.beside(&first).await?;
        second.find("button", "Sign in").await?;
        sign_in(&first, ALICE, "alice").await?;
        for page in [&first, &second] {
            page.find("list", "Conversations").await?;
        }
        second.find("button", "Menu").await?.click().await?;
        second.find("menuitem", "Sign out").await?.click().await?;
        for page in [&first, &second] {
            page.find("button", "Sign in").await?;
        }
        // And the other one may lead from here on.
        sign_in(&second, ALICE, "alice").await?;
        for page in [&first, &second] {
            page.find("list", "Conversations").await?;
        }
        ensure!(leads(&second));
        Ok(())
    });
}

#[test]
fn what_has_been_read_in_one_tab_is_read_in_all() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, bob) = place.friends().await?;
        let second = place.beside(&first).await?;
        second.find("list", "Conversations").await?;
        first.evaluate("location.hash = '#/'").await?;
        first.gone("textbox", "Message").await?;
        say(&bob, "for one of you").await?;
        second
            .find_with("link", "1 unread message")
            .await?
            .click()
            .await?;
        reads(&second, "for one of you").await?;
        until("the badge goes", || async {
            Ok((!first.text().await?.contains("unread message")).then_some(()))
        })
        .await
    });
}

#[test]
fn a_tab_of_an_older_build_gives_way() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (first, _bob) = place.friends().await?;
        first
            .evaluate(
                "new BroadcastChannel('couplet').postMessage(['another', Date.now() + 1, '{}'])",
            )
            .await?;
        first
            .reads("There is a newer version of this page.")
            .await?;
        let second = place.beside(&first).await?;
        second.find_with("link", "bob").await?.click().await?;
        say(&second, "from the new one").await
    });
}

#[test]
fn without_web_locks_each_tab_is_on_its_own_and_says_so() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.browser.open("about:blank").await?;
        page.before_scripts("delete Navigator.prototype.locks;")
            .await?;
        page.go(&place.proxy.page("localhost")).await?;
        page.reads("This browser is too old to keep you signed in.")
            .await?;
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        page.reload().await?;
        page.find("button", "Sign in").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        Ok(())
    });
}
