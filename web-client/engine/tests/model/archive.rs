//! The server's archives (XEP-0313): what is kept, and what of it is given to whom.

use minidom::Element;

use crate::room::ROOM;
use crate::server::{Archived, Server, bare, body, result};

const RSM: &str = "http://jabber.org/protocol/rsm";

impl Server {
    pub(crate) fn query(&mut self, index: usize, iq: &Element, query: &Element) {
        let set = query.get_child("set", RSM).expect("a page");
        let text = |name| set.get_child(name, RSM).map(Element::text);
        let max: usize = text("max").expect("max").parse().expect("a number");
        let account = &self.accounts[self.sessions[index].account];
        let in_room = iq.attr("to") == Some(ROOM);
        let (archive, jid) = match in_room {
            true => (&self.room.archive, ROOM),
            false => (&account.archive, account.jid.as_str()),
        };
        let field = |name: &str| {
            let form = query.get_child("x", "jabber:x:data")?;
            let field = form
                .children()
                .find(|field| field.attr("var") == Some(name))?;
            Some(field.children().next()?.text())
        };
        let (with, start) = (field("with"), field("start"));
        let matches = |archived: &&Archived| {
            let early = |start: &String| stamp(archived.at)[..19] < start[..19];
            if start.as_ref().is_some_and(early) {
                return false;
            }
            let ends = |name| archived.message.attr(name).map(bare);
            with.is_none() || ends("from") == with.as_deref() || ends("to") == with.as_deref()
        };
        let mut found: Vec<_> = archive.iter().filter(matches).collect();
        if let Some(after) = text("after") {
            let place = archive.iter().position(|known| known.id == after);
            let Some(place) = place else {
                let error = not_found(iq);
                return self.deliver(index, error);
            };
            let later: Vec<_> = archive[place + 1..].iter().map(|known| &known.id).collect();
            found.retain(|archived| later.contains(&&archived.id));
        }
        let mut complete = found.len() <= max;
        if let Some(before) = text("before") {
            if let Some(place) = found.iter().position(|archived| archived.id == before) {
                found.truncate(place);
                complete = found.len() <= max;
            }
            found.drain(..found.len().saturating_sub(max));
        } else {
            found.truncate(max);
        }
        let id = query.attr("queryid").expect("a queryid");
        let mut stanzas: Vec<_> = found
            .iter()
            .map(|archived| {
                format!(
                    "<message xmlns='jabber:client' from='{jid}'>\
                     <result xmlns='urn:xmpp:mam:2' queryid='{id}' id='{}'>\
                     <forwarded xmlns='urn:xmpp:forward:0'>\
                     <delay xmlns='urn:xmpp:delay' stamp='{}'/>{}\
                     </forwarded></result></message>",
                    archived.id,
                    stamp(archived.at),
                    String::from(&archived.message)
                )
            })
            .collect();
        let ends = match (found.first(), found.last()) {
            (Some(first), Some(last)) => {
                format!("<first>{}</first><last>{}</last>", first.id, last.id)
            }
            _ => String::new(),
        };
        let fin = result(
            iq,
            &format!(
                "<fin xmlns='urn:xmpp:mam:2' complete='{complete}'>\
                 <set xmlns='{RSM}'>{ends}</set></fin>"
            ),
        );
        stanzas.push(match in_room {
            true => fin.replace("<iq ", &format!("<iq from='{ROOM}' ")),
            false => fin,
        });
        if !complete && text("before").is_some_and(|before| before.is_empty()) {
            let device = self.sessions[index].device;
            self.shown_in_part.insert((device, in_room));
        }
        for stanza in stanzas {
            self.deliver(index, stanza.parse().expect("well-formed"));
        }
    }

    /// The message as `account` gets it: with the id that its archive gave it.
    pub(crate) fn archived(&mut self, account: usize, message: &Element, kept: bool) -> Element {
        let mut copy = message.clone();
        if kept {
            self.next += 1;
            let id = format!("a{}", self.next);
            let twice = self.doubles();
            self.next += u64::from(twice);
            let by = self.accounts[account].jid.clone();
            let stanza_id = format!("<stanza-id xmlns='urn:xmpp:sid:0' id='{id}' by='{by}'/>");
            copy.append_child(stanza_id.parse().expect("well-formed"));
            let archived = |id| Archived {
                id,
                at: self.seconds,
                message: message.clone(),
            };
            self.accounts[account].archive.push(archived(id));
            if twice {
                let id = format!("a{}", self.next);
                self.accounts[account].archive.push(archived(id));
            }
        }
        copy
    }

    /// Deletes one message from the archive of `account`, if `may_go` says of its body
    /// that it may.
    pub(crate) fn delete(&mut self, account: usize, may_go: impl Fn(&str) -> bool) {
        let archive = &mut self.accounts[account].archive;
        let gone = archive
            .iter()
            .rposition(|known| body(&known.message).is_some_and(|body| may_go(&body)));
        if let Some(gone) = gone {
            archive.remove(gone);
        }
    }
}

fn not_found(iq: &Element) -> Element {
    let id = iq.attr("id").expect("an id");
    format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
    .parse()
    .expect("well-formed")
}

/// The clock starts on 2026-11-02 at 09:00:00 UTC.
fn stamp(seconds: u64) -> String {
    let (hours, minutes) = (9 + seconds / 3600, seconds / 60 % 60);
    let day = 2 + hours / 24;
    let (hours, seconds) = (hours % 24, seconds % 60);
    format!("2026-11-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}
