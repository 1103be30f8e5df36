//! Who gets what was written: the resource that is meant, or all of them (RFC 6121 8.5),
//! and carbons (XEP-0280).

use minidom::Element;

use crate::server::{BAD, Server, Session, bare, body, set};

impl Server {
    pub(crate) fn message(&mut self, index: usize, mut message: Element) {
        if body(&message).is_some_and(|body| body.contains(BAD)) {
            return self.violated(index);
        }
        let from = self.sessions[index].account;
        let jid = format!(
            "{}/{}",
            self.accounts[from].jid, self.sessions[index].resource
        );
        set(&mut message, "from", &jid);
        let to = message.attr("to").unwrap_or_default().to_owned();
        let Some(account) = self
            .accounts
            .iter()
            .position(|known| known.jid == bare(&to))
        else {
            return;
        };
        let kept = body(&message).is_some() || message.has_child("store", "urn:xmpp:hints");
        let ours = self.archived(from, &message, kept);
        if kept && self.dies() {
            return;
        }
        let theirs = self.archived(account, &message, kept);
        let id = self.sessions[index].id;
        for index in 0..self.sessions.len() {
            let session = &self.sessions[index];
            if session.account == from && session.id != id && session.carbons && session.available {
                let carbon = self.carbon("sent", index, &ours);
                self.deliver(index, carbon);
            }
        }
        self.route(
            account,
            to.split_once('/').map(|(_, resource)| resource),
            theirs,
        );
    }

    /// To the resource that is meant, if it is there, or to all; others get a carbon.
    pub(crate) fn route(&mut self, account: usize, resource: Option<&str>, message: Element) {
        let there = |session: &Session| session.account == account && session.available;
        let meant = |session: &Session| Some(session.resource.as_str()) == resource;
        let direct = self
            .sessions
            .iter()
            .any(|known| there(known) && meant(known));
        let mut arrived = false;
        for index in 0..self.sessions.len() {
            let session = &self.sessions[index];
            if !there(session) {
                continue;
            }
            arrived = true;
            let (meant, carbons) = (meant(session), session.carbons);
            if !direct || meant {
                self.deliver(index, message.clone());
            }
            if carbons && (direct && !meant || self.doubles()) {
                let carbon = self.carbon("received", index, &message);
                self.deliver(index, carbon);
            }
        }
        if !arrived && self.habits.offline && body(&message).is_some() {
            self.accounts[account].offline.push(message);
        }
    }

    fn carbon(&self, name: &str, index: usize, message: &Element) -> Element {
        let jid = &self.accounts[self.sessions[index].account].jid;
        let message = String::from(message);
        format!(
            "<message xmlns='jabber:client' from='{jid}'><{name} xmlns='urn:xmpp:carbons:2'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{message}</forwarded></{name}></message>"
        )
        .parse()
        .expect("well-formed")
    }
}
