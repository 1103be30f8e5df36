//! Public rooms of other servers, which a service searches for whoever wants that.

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, Server};
use couplet_tests::browser::{Browser, Page};
use couplet_tests::peer::Peer;
use couplet_tests::proxy::Proxy;
use couplet_tests::{run, until};
use serde_json::{Value, json};

use crate::{ALICE, Place, options};

const SERVICE: &str = "bob@example.test/search";
const SWITCH: &str = "Also search public rooms of other servers";

/// Where whoever serves the page has `service` search.
async fn place(service: &str) -> Result<Place> {
    let server = Server::start(options(Kind::Prosody))?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("proxy.toml");
    std::fs::write(&file, format!("[web]\nroom_search = '{service}'\n"))?;
    let file = file.to_str().context("a path")?;
    let proxy = Proxy::in_front_of_with(&server, &["--config", file]).await?;
    Ok(Place {
        server,
        proxy,
        browser: Browser::start().await?,
    })
}

/// Bob, who is the service: he knows 25 rooms for tea, and one for milk.
async fn service(place: &Place) -> Result<Peer> {
    let mut bob = Peer::signed_in(&place.server, SERVICE, "bob").await?;
    let tea = |number: usize| {
        json!({
            "address": format!("tea{number}@rooms.elsewhere.example"),
            "name": format!("Tea house {number}"),
            "description": "All about tea",
            "nusers": (90 - number).to_string(),
            "is-open": "",
        })
    };
    let mut rooms: Vec<Value> = (1..=25).map(tea).collect();
    rooms.push(json!({ "address": "milk@rooms.elsewhere.example", "name": "Milk" }));
    // Twice, as it may come on two pages, and what is no room.
    rooms.push(tea(1));
    rooms.push(json!({ "address": "elsewhere.example", "name": "Tea" }));
    let order = json!({
        "do": "search_rooms",
        "namespace": "https://xmlns.zombofant.net/muclumbus/search/1.0",
        "rooms": rooms,
        "page": 20,
    });
    bob.order(order).await?;
    Ok(bob)
}

/// What the service has been asked.
fn searched(bob: &Peer) -> Vec<Value> {
    let searched = bob.seen(|event| event["event"] == "searched");
    searched
        .into_iter()
        .map(|event| event["q"].clone())
        .collect()
}

async fn open(page: &Page) -> Result<()> {
    page.find("button", "Join a room").await?.click().await?;
    page.find("button", "Find a room").await?.click().await?;
    page.find("dialog", "Find a room").await?;
    Ok(())
}

/// Whether the box is ticked.
async fn is_ticked(page: &Page) -> Result<bool> {
    let ticked = "document.querySelector('dialog input[type=checkbox]').checked";
    Ok(page.evaluate(ticked).await? == true)
}

#[test]
fn rooms_of_other_servers_are_found_by_who_wants_that() {
    run(async {
        let place = place(SERVICE).await?;
        let bob = service(&place).await?;
        // The tab that was first leads, and asks for the other one.
        let leader = place.enters(ALICE).await?;
        let alice = place.beside(&leader).await?;
        alice.find("list", "Conversations").await?;
        open(&alice).await?;
        let dialog = alice.find("dialog", "Find a room").await?;
        dialog
            .reads("What you type is sent to example.test.")
            .await?;
        ensure!(!is_ticked(&alice).await?, "it is on from the beginning");
        let field = alice.find("textbox", "Search rooms").await?;
        // Enter would have it searched at once.
        field.fill("secret").await?;
        alice.press("Enter").await?;
        dialog
            .reads("No room has that in its name or description.")
            .await?;

        // What is typed goes to the service from now on, if it is long enough.
        field.fill("te").await?;
        alice.find_with("checkbox", SWITCH).await?.click().await?;
        dialog
            .reads("Type at least three characters to search other servers.")
            .await?;
        field.fill("Tea").await?;
        dialog.reads("20 rooms").await?;
        ensure!(searched(&bob) == ["Tea"], "{:?}", searched(&bob));
        let list = alice.find("list", "Rooms found").await?;
        for text in [
            "Tea house 1",
            "All about tea",
            "tea1@rooms.elsewhere.example",
            "89 people here",
        ] {
            list.reads(text).await?;
        }
        alice.find("button", "Show more").await?.click().await?;
        dialog.reads("25 rooms").await?;
        alice.gone("button", "Show more").await?;
        field.fill("milk").await?;
        dialog.reads("1 room").await?;
        list.reads("Members only").await?;
        field.fill("beer").await?;
        dialog
            .reads("No room has that in its name or description.")
            .await?;
        ensure!(searched(&bob) == ["Tea", "Tea", "milk", "beer"]);

        // Who doesn't want it any more sees nothing of it, and sends nothing.
        field.fill("tea house 2").await?;
        dialog.reads("8 rooms").await?;
        alice.find_with("checkbox", SWITCH).await?.click().await?;
        dialog
            .reads("No room has that in its name or description.")
            .await?;
        alice.find_with("checkbox", SWITCH).await?.click().await?;
        dialog.reads("8 rooms").await?;

        // It is remembered, and one click leads to where one comes in.
        alice.reload().await?;
        alice.find("list", "Conversations").await?;
        open(&alice).await?;
        ensure!(is_ticked(&alice).await?, "it is forgotten");
        let field = alice.find("textbox", "Search rooms").await?;
        field.fill("tea house 17").await?;
        let room = alice.find_with("button", "Tea house 17").await?;
        room.click().await?;
        alice.find("dialog", "Join a room").await?;
        let address = alice.find("textbox", "Address of the room").await?;
        address.has("tea17@rooms.elsewhere.example").await?;
        for page in [&leader, &alice] {
            ensure!(page.errors().is_empty(), "{:?}", page.errors());
        }
        Ok(())
    });
}

#[test]
fn a_search_that_fails_can_be_tried_again() {
    run(async {
        let mut place = place(SERVICE).await?;
        let alice = place.enters(ALICE).await?;
        open(&alice).await?;
        let dialog = alice.find("dialog", "Find a room").await?;
        alice.find_with("checkbox", SWITCH).await?.click().await?;
        let field = alice.find("textbox", "Search rooms").await?;
        field.fill("milk").await?;
        dialog
            .reads("example.test doesn't answer, so other servers can't be searched.")
            .await?;
        let _bob = service(&place).await?;
        alice.press("Enter").await?;
        dialog.reads("1 room").await?;
        place.server.stop();
        alice.reads("Connection lost. Reconnecting.").await?;
        field.fill("tea").await?;
        dialog
            .reads("There is no connection. Try again when you are connected.")
            .await?;
        until("the rooms for milk are gone", || async {
            Ok((!dialog.text().await?.contains("Milk")).then_some(()))
        })
        .await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn nobody_is_offered_a_search_that_nobody_does() {
    run(async {
        let place = place("").await?;
        let alice = place.enters(ALICE).await?;
        open(&alice).await?;
        let dialog = alice.find("dialog", "Find a room").await?;
        dialog
            .reads("rooms.example.test tells of no rooms.")
            .await?;
        ensure!(!dialog.text().await?.contains(SWITCH));
        Ok(())
    });
}
