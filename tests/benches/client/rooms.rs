//! Rooms that one has bookmarks of, and goes into wherever one signs in (XEP-0402).

use std::fmt::Write as _;

use minidom::Element;

use crate::server::CLIENT;

/// So many are in each, and so much has been said there.
const PEOPLE: usize = 20;
const SAID: usize = 20;

pub(crate) const ARCHIVE: &str = "urn:xmpp:mam:2";
const BOOKMARKS: &str = "urn:xmpp:bookmarks:1";
const SERVICE: &str = "@bookmarked.example.test";

/// What each of them is.
pub(crate) const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'>\
    <identity category='conference' type='text' name='Bookmarked'/>\
    <feature var='http://jabber.org/protocol/muc'/><feature var='urn:xmpp:mam:2'/>\
    <feature var='urn:xmpp:sid:0'/><feature var='urn:xmpp:occupant-id:0'/></query>";

/// The end of a page of an archive, which has more before that.
pub(crate) const FIN: &str = "<fin xmlns='urn:xmpp:mam:2'>\
    <set xmlns='http://jabber.org/protocol/rsm'><first>a0</first><last>a19</last></set></fin>";

pub(crate) fn is_bookmarked(jid: &str) -> bool {
    jid.ends_with(SERVICE)
}

/// Whether somebody wants to know which there are.
pub(crate) fn are_bookmarks(pubsub: &Element) -> bool {
    let items = pubsub.children().find(|child| child.name() == "items");
    items.and_then(|items| items.attr("node")) == Some(BOOKMARKS)
}

pub(crate) fn bookmarks(count: usize) -> String {
    let mut items = String::new();
    for number in 0..count {
        let _ = write!(
            items,
            "<item id='room-{number}{SERVICE}'>\
             <conference xmlns='{BOOKMARKS}' name='Room {number}' autojoin='true'/></item>"
        );
    }
    format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
         <items node='{BOOKMARKS}'>{items}</items></pubsub>"
    )
}

/// Who is in a room, last whoever has come in, and what is talked about there.
pub(crate) fn everybody(room: &str, nick: &str) -> Vec<String> {
    let presence = |nick: &str, id: usize, more: &str| {
        format!(
            "<presence xmlns='{CLIENT}' from='{room}/{nick}'>\
             <occupant-id xmlns='urn:xmpp:occupant-id:0' id='o{id}'/>\
             <x xmlns='http://jabber.org/protocol/muc#user'>\
             <item affiliation='none' role='participant'/>{more}</x></presence>"
        )
    };
    let others = (1..PEOPLE).map(|number| presence(&format!("person-{number}"), number, ""));
    let mut all: Vec<_> = others.collect();
    all.push(presence(nick, 0, "<status code='110'/>"));
    all.push(format!(
        "<message xmlns='{CLIENT}' from='{room}' type='groupchat'><subject>Anything</subject></message>"
    ));
    all
}

/// What was last said in a room.
pub(crate) fn archive(room: &str, query: &str) -> Vec<String> {
    let said = |number: usize| {
        let who = number % PEOPLE;
        format!(
            "<message xmlns='{CLIENT}' from='{room}'>\
             <result xmlns='{ARCHIVE}' id='a{number}' queryid='{query}'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-01-01T12:00:{number:02}Z'/>\
             <message xmlns='{CLIENT}' from='{room}/person-{who}' type='groupchat' id='m{number}'>\
             <occupant-id xmlns='urn:xmpp:occupant-id:0' id='o{who}'/>\
             <body>what somebody has said, number {number}</body></message></forwarded></result>\
             </message>"
        )
    };
    (0..SAID).map(said).collect()
}
