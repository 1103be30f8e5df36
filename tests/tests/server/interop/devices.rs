//! What alice's two devices, one of them on slixmpp, tell each other by way of her account.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_roster, xep0045_muc, xep0402_bookmarks};
use couplet_engine::store::{Contact, Hear, Store};
use couplet_servers::Kind;
use couplet_tests::person::Person;
use jid::BareJid;
use serde_json::{Value, json};

use super::shows;
use crate::{ALICE, BOB, Place, on_both};

on_both! {
    names_and_groups
    what_has_been_read
    what_one_wants_to_hear_of_a_room
}

async fn names_and_groups(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut other) = (place.enters(ALICE).await?, place.other_device().await?);
    let jid: BareJid = BOB.parse()?;
    for (name, groups) in [
        ("Bob <the Builder>", &["Friends", "Work & play"][..]),
        ("", &[]),
    ] {
        alice.command(Command::Roster(rfc6121_roster::Command::Edit {
            jid: jid.clone(),
            name: Some(name.to_owned()),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        }));
        other
            .until("bob's name and groups", |event| {
                event["event"] == "contact"
                    && event["jid"] == BOB
                    && event["name"] == name
                    && event["groups"] == json!(groups)
            })
            .await?;
    }
    let order = json!({
        "do": "contact", "jid": BOB, "name": "Robert & Sons", "groups": ["Builders", "Work"],
    });
    other.order(order).await?;
    let is_so = |bob: &Contact| {
        let mut groups: Vec<_> = bob.groups.iter().map(String::as_str).collect();
        groups.sort_unstable();
        bob.name.as_deref() == Some("Robert & Sons") && groups == ["Builders", "Work"]
    };
    alice
        .until("bob's new name and groups", |store| {
            store.contact(&jid).is_some_and(|bob| is_so(bob))
        })
        .await
}

async fn what_has_been_read(kind: Kind) -> Result<()> {
    const NODE: &str = "urn:xmpp:mds:displayed:0";
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let mut other = place.other_device().await?;
    let jid: BareJid = BOB.parse()?;
    let unread = |store: &Store| store.conversation(&jid).map(|bob| bob.unread);
    bob.say(ALICE, "One").await?;
    shows(&alice, "One").await?;
    assert_eq!(alice.store(unread), Some(1));
    alice.command(Command::Message(alice.store(|store| store.reading(&jid))));
    let archived = archive_id(&alice, 0);
    other
        .until("what alice has read", |event| {
            is_kept(event, NODE, BOB)
                && event["what"]["stanza-id"] == json!({ "by": ALICE, "id": archived })
        })
        .await?;

    bob.say(ALICE, "Two").await?;
    shows(&alice, "Two").await?;
    assert_eq!(alice.store(unread), Some(1));
    let displayed = format!(
        "<displayed xmlns='{NODE}'><stanza-id xmlns='urn:xmpp:sid:0' by='{ALICE}' id='{}'/>\
         </displayed>",
        archive_id(&alice, 1)
    );
    other
        .order(json!({ "do": "keep", "node": NODE, "id": BOB, "element": displayed }))
        .await?;
    alice
        .until("nothing to read", |store| unread(store) == Some(0))
        .await
}

fn archive_id(alice: &Person, message: usize) -> String {
    let mut messages = alice.messages(BOB);
    messages.swap_remove(message).archive_id.unwrap()
}

fn is_kept(event: &Value, node: &str, id: &str) -> bool {
    event["event"] == "kept" && event["node"] == node && event["id"] == id
}

async fn what_one_wants_to_hear_of_a_room(kind: Kind) -> Result<()> {
    const NODE: &str = "urn:xmpp:bookmarks:1";
    let place = Place::new(kind).await?;
    let (alice, mut other) = (place.enters(ALICE).await?, place.other_device().await?);
    let room = format!("tea@{}", place.server.rooms_domain());
    let jid: BareJid = room.parse()?;
    let hear = |hear| {
        let room = jid.clone();
        alice.command(Command::Bookmark(xep0402_bookmarks::Command::Hear {
            room,
            hear,
        }));
    };
    alice.command(Command::Muc(xep0045_muc::Command::Join {
        room: jid.clone(),
        nick: Some("alice".to_owned()),
        password: None,
    }));
    hear(Hear::Nothing);
    other
        .until("what alice wants to hear", |event| {
            is_kept(event, NODE, &room)
                && event["what"]["autojoin"] == "true"
                && event["what"]["extensions"] == json!({ "notify": { "never": {} } })
        })
        .await?;

    let conference = format!(
        "<conference xmlns='{NODE}' name='Tea &amp; cake' autojoin='true'><nick>alice</nick>\
         <extensions><state xmlns='urn:example:minimised' minimised='true'/>\
         <notify xmlns='urn:xmpp:notification-settings:1'>\
         <always identity-category='client' identity-type='pc'/><on-mention/></notify>\
         </extensions></conference>"
    );
    other
        .order(json!({ "do": "keep", "node": NODE, "id": room, "element": conference }))
        .await?;
    alice
        .until("what the other device wants to hear", |store| {
            let bookmark = store.room(&jid).and_then(|room| room.bookmark.as_ref());
            bookmark.is_some_and(|tea| {
                (tea.name.as_deref(), tea.hear) == (Some("Tea & cake"), Some(Hear::Mentions))
            })
        })
        .await?;

    hear(Hear::Nothing);
    let expected = json!({
        "state": { "minimised": "true" },
        "notify": {
            "always": { "identity-category": "client", "identity-type": "pc" },
            "never": {},
        },
    });
    other
        .until("the same, and what only the other knows of", |event| {
            is_kept(event, NODE, &room) && event["what"]["extensions"] == expected
        })
        .await?;
    Ok(())
}
