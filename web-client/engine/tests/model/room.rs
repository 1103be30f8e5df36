//! The server's one room: who is in it, what was said, and who wants to find it again.

use minidom::Element;

use crate::server::{Archived, Server, body, result, set};

/// Where everybody talks with everybody.
pub(crate) const ROOM: &str = "room@rooms.example.org";

#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Sessions that are in it.
    occupants: Vec<u64>,
    pub(crate) archive: Vec<Archived>,
    /// Accounts that have a bookmark of it.
    bookmarks: Vec<usize>,
}

impl Room {
    /// The session is over.
    pub(crate) fn forget(&mut self, session: u64) {
        self.occupants.retain(|known| *known != session);
    }
}

impl Server {
    /// What is sent to the room by the session at `index`; false if it is for somebody else.
    pub(crate) fn room_stanza(&mut self, index: usize, element: &Element) -> bool {
        let to = element.attr("to").unwrap_or_default();
        if to.split('/').next() != Some(ROOM) {
            return false;
        }
        match element.name() {
            "presence" if element.attr("type") == Some("unavailable") => {
                let session = self.sessions[index].id;
                self.room.forget(session);
            }
            "presence" => self.join(index),
            "message" => self.say_in_room(index, element),
            _ => {}
        }
        true
    }

    fn nick(&self, index: usize) -> String {
        let account = &self.accounts[self.sessions[index].account];
        let (nick, _) = account.jid.split_once('@').expect("an address");
        nick.to_owned()
    }

    fn join(&mut self, index: usize) {
        let session = self.sessions[index].id;
        self.room.forget(session);
        self.room.occupants.push(session);
        let there: Vec<usize> = (0..self.sessions.len())
            .filter(|other| self.room.occupants.contains(&self.sessions[*other].id))
            .collect();
        let mut nicks: Vec<_> = there.iter().map(|other| self.nick(*other)).collect();
        let own = self.nick(index);
        nicks.retain(|nick| *nick != own);
        nicks.dedup();
        for nick in nicks {
            self.deliver(index, occupant(&nick, ""));
        }
        self.deliver(index, occupant(&own, "<status code='110'/>"));
    }

    /// Everybody sees it, with the id that the room's archive gave it.
    fn say_in_room(&mut self, index: usize, message: &Element) {
        let session = self.sessions[index].id;
        if body(message).is_none() || !self.room.occupants.contains(&session) {
            return;
        }
        let mut message = message.clone();
        let from = format!("{ROOM}/{}", self.nick(index));
        set(&mut message, "from", &from);
        self.next += 1;
        let id = format!("r{}", self.next);
        self.room.archive.push(Archived {
            id: id.clone(),
            at: self.seconds,
            message: message.clone(),
        });
        let stanza_id = format!("<stanza-id xmlns='urn:xmpp:sid:0' id='{id}' by='{ROOM}'/>");
        message.append_child(stanza_id.parse().expect("well-formed"));
        for index in 0..self.sessions.len() {
            if self.room.occupants.contains(&self.sessions[index].id) {
                self.deliver(index, message.clone());
            }
        }
    }

    /// Bookmarks, and what the room is.
    pub(crate) fn room_iq(
        &mut self,
        index: usize,
        iq: &Element,
        payload: &Element,
    ) -> Option<String> {
        let account = self.sessions[index].account;
        let text = String::from(payload);
        if payload.ns() == "http://jabber.org/protocol/disco#info" {
            let answer = result(
                iq,
                "<query xmlns='http://jabber.org/protocol/disco#info'>\
                 <feature var='urn:xmpp:mam:2'/></query>",
            );
            return Some(answer.replace("<iq ", &format!("<iq from='{ROOM}' ")));
        }
        if payload.name() != "pubsub" || !text.contains("urn:xmpp:bookmarks:1") {
            return None;
        }
        if text.contains("<publish ") && !self.room.bookmarks.contains(&account) {
            self.room.bookmarks.push(account);
        }
        let conference = "<conference xmlns='urn:xmpp:bookmarks:1' autojoin='true'/>";
        let item = match self.room.bookmarks.contains(&account) {
            true => format!("<item id='{ROOM}'>{conference}</item>"),
            false => String::new(),
        };
        let items = format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
             <items node='urn:xmpp:bookmarks:1'>{item}</items></pubsub>"
        );
        Some(result(iq, &items))
    }
}

fn occupant(nick: &str, status: &str) -> Element {
    format!(
        "<presence xmlns='jabber:client' from='{ROOM}/{nick}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'>\
         <item affiliation='none' role='participant'/>{status}</x></presence>"
    )
    .parse()
    .expect("well-formed")
}
