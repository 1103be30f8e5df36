//! Support on the pages of a site: one conversation a visitor.

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::site::token;
use couplet_tests::{PATIENCE, run, until, until_for};
use serde_json::json;

use crate::widget::{HOST, SECRET, Web, begin, open};
use crate::{ALICE, BOB, options, reads, say};

/// What whoever answers is told of the visitor who is in need.
const WHO: &str = "Gwen, http://127.0.0.1";

impl Web {
    pub(super) async fn on(kind: Kind) -> Result<Self> {
        Self::before(options(kind), &[HOST]).await
    }

    /// A page on which bob helps.
    pub(super) fn put_help(&self, more: &str) {
        let domain = self.place.server.anonymous_domain().unwrap_or_default();
        let help = format!("id=\"help\" support=\"{BOB}\" anonymous domain=\"{domain}\" {more}");
        self.put(&[], &self.snippet(&help));
    }
}

/// The name of the room that a visitor has.
async fn room_of(chat: &Page) -> Result<String> {
    let room = "Object.entries(localStorage)\
                .find(([name]) => name.includes('couplet.support'))[1].split('@')[0]";
    Ok(chat
        .evaluate(room)
        .await?
        .as_str()
        .context("no room")?
        .to_owned())
}

/// Bob goes into that room, of whoever has said this.
async fn help(bob: &Page, room: &str, said: &str) -> Result<()> {
    bob.reads(WHO).await?;
    bob.find("button", &format!("Join {room}"))
        .await?
        .click()
        .await?;
    reads(bob, said).await
}

/// Who answers wasn't there when the visitor was, nor the other way round.
async fn a_visitor_reads_the_answer_on_return(kind: Kind) -> Result<()> {
    let web = Web::on(kind).await?;
    web.put_help("");
    let page = web.visitor().await?;
    let chat = open(&page).await?;
    begin(&chat, "Gwen").await?;
    chat.reads("We’ll answer you here").await?;
    say(&chat, "My umbrella is broken").await?;
    until("bob is asked", || async {
        let kept = chat.evaluate("Object.keys(localStorage).join()").await?;
        Ok(kept.to_string().contains("couplet.invited").then_some(()))
    })
    .await?;
    let room = room_of(&chat).await?;
    page.go("about:blank").await?;

    let bob = web.place.enters(BOB).await?;
    help(&bob, &room, "My umbrella is broken").await?;
    say(&bob, "We send a new one").await?;

    page.go(&web.address()).await?;
    let chat = open(&page).await?;
    reads(&chat, "We send a new one").await?;
    chat.reads("We’re here").await?;
    let own = "[...document.querySelectorAll('.message--own')]\
               .some(({ innerText }) => innerText.includes('My umbrella is broken'))";
    ensure!(chat.evaluate(own).await? == true);
    say(&chat, "That is kind").await?;
    reads(&bob, "That is kind").await?;
    ensure!(chat.errors().is_empty(), "{:?}", chat.errors());
    Ok(())
}

#[test]
fn a_visitor_reads_the_answer_on_return_on_prosody() {
    run(a_visitor_reads_the_answer_on_return(Kind::Prosody));
}

#[test]
fn a_visitor_reads_the_answer_on_return_on_ejabberd() {
    run(a_visitor_reads_the_answer_on_return(Kind::Ejabberd));
}

#[test]
fn two_visitors_never_read_each_other() {
    run(async {
        let web = Web::on(Kind::Prosody).await?;
        web.put_help("nickname=\"Gwen\"");
        let mut rooms = Vec::new();
        for words in ["of the one", "of the other"] {
            let page = web.visitor().await?;
            let chat = open(&page).await?;
            chat.find("textbox", "Message").await?;
            say(&chat, words).await?;
            rooms.push((room_of(&chat).await?, page, chat));
        }
        let [(one, _, first), (other, _, second)] = &rooms[..] else {
            anyhow::bail!("two of them");
        };
        ensure!(one != other);
        // 128 bits.
        ensure!(one.len() == 32, "{one}");
        ensure!(!first.text().await?.contains("of the other"));
        ensure!(!second.text().await?.contains("of the one"));
        Ok(())
    });
}

#[test]
fn who_has_not_come_is_asked_again_another_day() {
    run(async {
        let web = Web::on(Kind::Prosody).await?;
        let bob = web.place.enters(BOB).await?;
        web.put_help("");
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "My umbrella is broken").await?;
        bob.reads(WHO).await?;
        bob.find_with("button", "Decline ").await?.click().await?;
        bob.find("button", "Decline").await?.click().await?;
        until("declined", || async {
            Ok((!bob.text().await?.contains(WHO)).then_some(()))
        })
        .await?;
        say(&chat, "Is anybody there?").await?;
        let days_ago = "Object.keys(localStorage).filter(name => name.includes('couplet.invited'))\
                        .forEach(name => localStorage[name] -= 2 * 86400000)";
        chat.evaluate(days_ago).await?;
        say(&chat, "Hello?").await?;
        bob.reads(WHO).await
    });
}

#[test]
fn whom_the_site_vouches_for_is_helped_one_to_one() {
    run(async {
        let web = Web::new().await?;
        let bob = web.place.enters(BOB).await?;
        web.put_help("");
        let page = web.visitor().await?;
        let user = json!({ "jid": ALICE, "token": token(SECRET, ALICE, "60")? });
        page.evaluate(&format!("help.setUser({user})")).await?;
        let chat = open(&page).await?;
        say(&chat, "My umbrella is broken").await?;
        bob.find_with("link", "alice").await?.click().await?;
        reads(&bob, "My umbrella is broken").await?;
        say(&bob, "We send a new one").await?;
        until_for(PATIENCE, "the answer", || async {
            Ok(chat.text().await?.contains("a new one").then_some(()))
        })
        .await
    });
}
