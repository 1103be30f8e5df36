//! Rooms that somebody on slixmpp knows and is asked for, in either of two protocols (XEP-0433).

use anyhow::{Context as _, Result};
use couplet_engine::store::{About, NotSaved};
use couplet_servers::Kind;
use serde_json::json;

use super::resource;
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    rooms_are_found_as_the_xep_has_it
    rooms_are_found_as_it_was_before
}

async fn rooms_are_found_as_the_xep_has_it(kind: Kind) -> Result<()> {
    rooms_are_found(kind, "urn:xmpp:channel-search:0:search").await
}

async fn rooms_are_found_as_it_was_before(kind: Kind) -> Result<()> {
    rooms_are_found(kind, "https://xmlns.zombofant.net/muclumbus/search/1.0").await
}

async fn rooms_are_found(kind: Kind, namespace: &str) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = (place.enters(ALICE).await?, place.slixmpp().await?);
    let rooms = json!([
        { "address": "green@tea.example", "name": "Green tea", "nusers": "12", "is-open": "" },
        { "address": "black@tea.example", "description": "Black tea & milk" },
        { "address": "herbs@tea.example", "name": "Herbs" },
        { "address": "coffee@beans.example" },
    ]);
    let order = json!({ "do": "search_rooms", "namespace": namespace, "rooms": rooms, "page": 2 });
    bob.order(order).await?;
    let service = format!("{BOB}/{}", resource(&bob).await?);
    let first = alice.search_rooms(&service, "tea", None).await?;
    let first = first.ok().context("no rooms")?;
    let found: Vec<_> = first.rooms.iter().map(|room| room.jid.as_str()).collect();
    assert_eq!(found, ["green@tea.example", "black@tea.example"]);
    let about = About {
        name: Some("Green tea".to_owned()),
        people: Some(12),
        ..About::default()
    };
    assert_eq!(first.rooms[0].about, Some(about));
    assert_eq!(first.rooms[1].description(), Some("Black tea & milk"));
    assert!(first.next.is_some());
    let second = alice.search_rooms(&service, "tea", first.next).await?;
    let second = second.ok().context("no rooms")?;
    assert_eq!(second.rooms[0].name(), "Herbs");
    assert_eq!((second.rooms.len(), second.next), (1, None));

    // Nobody is there who could know.
    let nobody = format!("{BOB}/nowhere");
    match alice.search_rooms(&nobody, "tea", None).await? {
        Err(NotSaved::Refused { condition, .. }) => assert_eq!(condition, "service-unavailable"),
        other => panic!("{other:?}"),
    }
    Ok(())
}
