//! A small server to check against: sessions with stream management and resumption
//! (XEP-0198), carbons (XEP-0280), an archive (XEP-0313), stanza ids (XEP-0359).
//!
//! What it does is as plain as can be, so that it can be seen to be right.

use std::collections::{BTreeSet, VecDeque};

use minidom::Element;
use minidom::rxml::{Namespace, NcName};

use crate::faults::identity;
use crate::rng::Rng;
use crate::room::Room;

/// What goes to a client: over which link, and the text.
pub(crate) type Sent = (usize, String);

/// What has this in it, the server doesn't take.
pub(crate) const BAD: &str = "bad";

pub(crate) const DOMAIN: &str = "example.org";

const MANAGED: &str = "<feature var='urn:xmpp:sm:3'/>";
const RESUMED: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
const EXTENSIBLE: &str = "<authentication xmlns='urn:xmpp:sasl:2'>\
     <mechanism>SCRAM-SHA-1</mechanism><inline><bind xmlns='urn:xmpp:bind:0'><inline>\
     <feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:sm:3'/></inline></bind>\
     <sm xmlns='urn:xmpp:sm:3'/></inline></authentication>";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// Whether streams can be managed and resumed.
    pub(crate) management: bool,
    /// Whether signing in, resuming and binding are one (XEP-0388, XEP-0386).
    pub(crate) extensible: bool,
    /// Whether messages that a session never acknowledged, or that found nobody at home,
    /// are delivered later, although the archive has them too.
    pub(crate) offline: bool,
    /// Whether `<failed/>` tells how far a session that has ended had got.
    pub(crate) remembers: bool,
    /// Whether clients are asked often what they have.
    pub(crate) curious: bool,
    /// Whether messages are now and then delivered or archived twice.
    pub(crate) doubles: bool,
    /// Whether messages of different writers now and then come in another order.
    pub(crate) swaps: bool,
    /// Whether it dies now and then over a message that it has put into its writer's archive
    /// and not yet into its reader's.
    pub(crate) mortal: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) jid: String,
    pub(crate) archive: Vec<Archived>,
    pub(crate) offline: Vec<Element>,
}

#[derive(Debug)]
pub(crate) struct Archived {
    pub(crate) id: String,
    /// Seconds, as archives keep time.
    pub(crate) at: u64,
    pub(crate) message: Element,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) account: usize,
    pub(crate) device: usize,
    pub(crate) resource: String,
    pub(crate) link: Option<usize>,
    pub(crate) carbons: bool,
    pub(crate) available: bool,
    pub(crate) management: Option<Management>,
    /// What was delivered last, which may be delivered once more.
    pub(crate) recent: Option<Element>,
}

#[derive(Debug, Default)]
pub(crate) struct Management {
    pub(crate) handled: u32,
    pub(crate) acked: u32,
    pub(crate) queue: VecDeque<Element>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Opening,
    Authenticating,
    Reopening,
    Binding,
    Bound(u64),
}

/// What the server knows of one connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) account: usize,
    /// Whose it is. It decides nothing here; the world asks who has how many sessions.
    pub(crate) device: usize,
    pub(crate) stage: Stage,
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) habits: Habits,
    pub(crate) rng: Rng,
    pub(crate) accounts: Vec<Account>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) links: Vec<Link>,
    /// Sessions that have ended: how far they had got.
    pub(crate) ended: Vec<(u64, u32)>,
    pub(crate) room: Room,
    pub(crate) next: u64,
    pub(crate) seconds: u64,
    pub(crate) out: Vec<Sent>,
    /// Messages that were acknowledged: over which link, and their writers' ids for them.
    pub(crate) acknowledged: Vec<(usize, String)>,
    /// Devices that were shown an archive's newest messages, and not all there were: whether of
    /// the room.
    pub(crate) shown_in_part: BTreeSet<(usize, bool)>,
    /// Whether it has just died.
    pub(crate) dead: bool,
    /// It doesn't any more.
    pub(crate) immortal: bool,
}

impl Server {
    pub(crate) fn new(habits: Habits, accounts: &[&str], rng: Rng) -> Self {
        let account = |jid: &&str| Account {
            jid: (*jid).to_owned(),
            ..Account::default()
        };
        Self {
            habits,
            rng,
            accounts: accounts.iter().map(account).collect(),
            sessions: Vec::new(),
            links: Vec::new(),
            ended: Vec::new(),
            room: Room::default(),
            next: 0,
            seconds: 0,
            out: Vec::new(),
            acknowledged: Vec::new(),
            shown_in_part: BTreeSet::new(),
            dead: false,
            immortal: false,
        }
    }

    /// A connection of `device`, which is going to sign in as `account`.
    pub(crate) fn connect(&mut self, account: usize, device: usize) -> usize {
        let stage = Stage::Opening;
        self.links.push(Link {
            account,
            device,
            stage,
        });
        self.links.len() - 1
    }

    /// The connection is gone, as far as the server can tell.
    pub(crate) fn disconnect(&mut self, link: usize) {
        let Some(index) = self.of_link(link) else {
            return;
        };
        self.sessions[index].link = None;
        if self.sessions[index].management.is_none() {
            self.end(index);
        }
    }

    /// The session is given up: too old, or the server has begun anew.
    pub(crate) fn end(&mut self, index: usize) {
        let session = self.sessions.remove(index);
        self.room.forget(session.id);
        let Some(management) = session.management else {
            return;
        };
        self.ended.push((session.id, management.handled));
        // What the archive has is not sent to others, only kept where there is nobody.
        let there = |other: &Session| other.account == session.account && other.available;
        if self.habits.offline && !self.sessions.iter().any(there) {
            for stanza in management.queue {
                if body(&stanza).is_some() && stanza.attr("type") == Some("chat") {
                    self.route(session.account, None, stanza);
                }
            }
        }
    }

    pub(crate) fn dies(&mut self) -> bool {
        self.dead = self.habits.mortal && !self.immortal && self.rng.percent(5);
        self.dead
    }

    /// It has died and is there again: only what is on disk is left.
    pub(crate) fn revive(&mut self) {
        for session in std::mem::take(&mut self.sessions) {
            self.room.forget(session.id);
        }
        self.ended.clear();
        self.out.clear();
        self.dead = false;
    }

    pub(crate) fn receive(&mut self, link: usize, text: &str) {
        let element: Element = text.parse().expect("what the engine sends can be read");
        let stage = self.links[link].stage;
        let answer = match (stage, element.name()) {
            (Stage::Opening, "open") => {
                self.links[link].stage = Stage::Authenticating;
                self.send(link, OPEN.to_owned());
                let extensible = match (self.habits.extensible, self.habits.management) {
                    (false, _) => String::new(),
                    (true, true) => EXTENSIBLE.to_owned(),
                    (true, false) => EXTENSIBLE.replace(MANAGED, "").replace(RESUMED, ""),
                };
                features(&format!(
                    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
                     <mechanism>SCRAM-SHA-1</mechanism></mechanisms>{extensible}"
                ))
            }
            (Stage::Authenticating, "authenticate") => return self.authenticate(link, &element),
            (Stage::Authenticating, "auth") => {
                self.links[link].stage = Stage::Reopening;
                "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj0x</success>".to_owned()
            }
            (Stage::Reopening, "open") => {
                self.links[link].stage = Stage::Binding;
                self.send(link, OPEN.to_owned());
                let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
                match self.habits.management {
                    true => features(&format!("{bind}<sm xmlns='urn:xmpp:sm:3'/>")),
                    false => features(bind),
                }
            }
            (Stage::Binding, "resume") => {
                let (answer, again) = self.resume(link, &element);
                self.send(link, answer);
                for stanza in again {
                    self.send(link, stanza);
                }
                return;
            }
            (Stage::Binding, "iq") => return self.bind(link, &element),
            (Stage::Bound(id), _) => {
                // What comes over a link that was replaced is not heard.
                let known = |session: &Session| session.id == id && session.link == Some(link);
                if let Some(index) = self.sessions.iter().position(known) {
                    self.stanza(index, element);
                }
                return;
            }
            other => panic!("the server doesn't expect {other:?}: {text}"),
        };
        self.send(link, answer);
    }

    pub(crate) fn send(&mut self, link: usize, text: String) {
        self.out.push((link, text));
    }

    pub(crate) fn of_link(&self, link: usize) -> Option<usize> {
        self.sessions
            .iter()
            .position(|session| session.link == Some(link))
    }

    /// Whether this, from a client, tells us that we can forget something.
    pub(crate) fn acknowledges(&self, text: &str) -> bool {
        if text.starts_with("<a ") {
            return true;
        }
        if !text.contains("<resume ") {
            return false;
        }
        let element: Element = text.parse().expect("what the engine sends can be read");
        let resume = element.get_child("resume", "urn:xmpp:sm:3");
        let resume = resume.unwrap_or(&element);
        let number = |name| resume.attr(name)?.parse::<u64>().ok();
        let known = |session: &&Session| Some(session.id) == number("previd");
        let session = self.sessions.iter().find(known);
        let management = session.and_then(|session| session.management.as_ref());
        management.is_some_and(|management| Some(u64::from(management.acked)) < number("h"))
    }

    pub(crate) fn acked(&mut self, index: usize, h: u32) {
        let session = &mut self.sessions[index];
        let management = session.management.as_mut().expect("managed");
        let count = h.wrapping_sub(management.acked) as usize;
        assert!(
            count <= management.queue.len(),
            "the client acknowledges {h} stanzas, it was sent fewer"
        );
        management.acked = h;
        for stanza in management.queue.drain(..count) {
            if let (Some(id), Some(link)) = (identity(&stanza), session.link) {
                self.acknowledged.push((link, id));
            }
        }
    }

    fn stanza(&mut self, index: usize, element: Element) {
        let link = self.sessions[index].link.expect("connected");
        if element.ns() == "urn:xmpp:sm:3" {
            return self.nonza(index, link, &element);
        }
        if let Some(management) = &mut self.sessions[index].management {
            management.handled = management.handled.wrapping_add(1);
        }
        let bad = body(&element).is_some_and(|body| body.contains(BAD));
        match element.name() {
            "presence" | "message" if !bad && self.room_stanza(index, &element) => {}
            "iq" => self.iq(index, &element),
            "presence" => self.presence(index, &element),
            "message" => self.message(index, element),
            "close" => {
                let link = self.sessions[index].link;
                self.end(index);
                if let Some(link) = link {
                    self.send(link, CLOSE.to_owned());
                }
            }
            _ => {}
        }
    }

    fn nonza(&mut self, index: usize, link: usize, element: &Element) {
        match element.name() {
            "enable" => {
                self.sessions[index].management = Some(Management::default());
                let id = self.sessions[index].id;
                self.send(
                    link,
                    format!("<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true'/>"),
                );
            }
            "r" => {
                let management = self.sessions[index].management.as_ref();
                let h = management.expect("managed").handled;
                self.send(link, format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"));
            }
            "a" => {
                let h = element.attr("h").expect("h").parse().expect("a number");
                self.acked(index, h);
            }
            other => panic!("unexpected <{other}/>"),
        }
    }

    fn iq(&mut self, index: usize, iq: &Element) {
        let payload = iq.children().next().expect("a request");
        if let Some(answer) = self.room_iq(index, iq, payload) {
            return self.deliver(index, answer.parse().expect("well-formed"));
        }
        let answer = match payload.ns().as_str() {
            "urn:xmpp:carbons:2" => {
                self.sessions[index].carbons = true;
                result(iq, "")
            }
            "jabber:iq:roster" => {
                let own = self.sessions[index].account;
                let others = self.accounts.iter().enumerate();
                let others = others.filter(|(account, _)| *account != own);
                let items = others.fold(String::new(), |items, (_, account)| {
                    format!("{items}<item jid='{}' subscription='both'/>", account.jid)
                });
                result(
                    iq,
                    &format!("<query xmlns='jabber:iq:roster'>{items}</query>"),
                )
            }
            "urn:xmpp:mam:2" => return self.query(index, iq, payload),
            _ => result(iq, ""),
        };
        self.deliver(index, answer.parse().expect("well-formed"));
    }

    fn presence(&mut self, index: usize, presence: &Element) {
        if presence.attr("to").is_none() && !self.sessions[index].available {
            self.sessions[index].available = true;
            let account = self.sessions[index].account;
            for message in std::mem::take(&mut self.accounts[account].offline) {
                self.deliver(index, message);
            }
        }
    }

    /// The stream ends over what came last, which is not counted as handled.
    pub(crate) fn violated(&mut self, index: usize) {
        let session = &mut self.sessions[index];
        if let Some(management) = &mut session.management {
            management.handled = management.handled.wrapping_sub(1);
        }
        let Some(link) = session.link.take() else {
            return;
        };
        self.send(
            link,
            "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><policy-violation \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
                .to_owned(),
        );
        self.send(link, CLOSE.to_owned());
        if self.sessions[index].management.is_none() || !self.habits.remembers {
            self.end(index);
        }
    }

    /// The server would like to know what has arrived.
    pub(crate) fn ask(&mut self, index: usize) {
        let session = &self.sessions[index];
        if let (Some(link), Some(_)) = (session.link, &session.management) {
            self.send(link, "<r xmlns='urn:xmpp:sm:3'/>".to_owned());
        }
    }
}

pub(crate) const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>";

pub(crate) fn features(features: &str) -> String {
    format!(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>{features}\
         </stream:features>"
    )
}

pub(crate) fn result(iq: &Element, payload: &str) -> String {
    let id = iq.attr("id").expect("an id");
    format!("<iq xmlns='jabber:client' type='result' id='{id}'>{payload}</iq>")
}

pub(crate) fn set(element: &mut Element, name: &str, value: &str) {
    let name = NcName::try_from(name).expect("a name");
    element.set_attr(Namespace::NONE, name, value);
}

pub(crate) fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

pub(crate) fn body(message: &Element) -> Option<String> {
    Some(message.get_child("body", "jabber:client")?.text())
}
