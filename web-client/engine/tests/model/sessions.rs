//! How sessions begin and go on: SASL2 (XEP-0388) with Bind 2 (XEP-0386) and all that goes
//! with it, or one after the other (RFC 6120 7, XEP-0198 5).

use minidom::Element;

use crate::server::{CLOSE, Management, Server, Session, Stage, features, result};

const CONFLICT: &str = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><conflict \
     xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";

impl Server {
    /// Everything at once.
    pub(crate) fn authenticate(&mut self, link: usize, request: &Element) {
        let mut again = Vec::new();
        let mut inline = String::new();
        if let Some(resume) = request.get_child("resume", "urn:xmpp:sm:3") {
            let (answer, missed) = self.resume(link, resume);
            inline += &answer;
            again = missed;
        }
        let mut jid = self.accounts[self.links[link].account].jid.clone();
        let bind = request.get_child("bind", "urn:xmpp:bind:0");
        if let (Stage::Authenticating, Some(bind)) = (self.links[link].stage, bind) {
            let resource = self.resource(request, bind);
            let id;
            (id, jid) = self.begin(link, resource);
            let index = self.of_link(link).expect("just begun");
            // The archive has them (XEP-0386 3.2). Some hand them out all the same.
            if !self.habits.doubles {
                let account = self.sessions[index].account;
                self.accounts[account].offline.clear();
            }
            self.sessions[index].carbons = bind.has_child("enable", "urn:xmpp:carbons:2");
            let mut enabled = String::new();
            if bind.has_child("enable", "urn:xmpp:sm:3") {
                self.sessions[index].management = Some(Management::default());
                enabled = format!("<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true'/>");
            }
            inline += &format!("<bound xmlns='urn:xmpp:bind:0'>{enabled}</bound>");
        }
        self.send(
            link,
            format!(
                "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>{jid}\
                 </authorization-identifier>{inline}</success>"
            ),
        );
        if !inline.contains("<resumed ") {
            // XEP-0198 9.2: a stream that goes on has its features already.
            self.send(link, features(""));
        }
        for stanza in again {
            self.send(link, stanza);
        }
    }

    /// A client that says who it is gets the same one each time, as Prosody and ejabberd
    /// have it: then a new session takes the place of the old one (XEP-0386 3.2.1).
    fn resource(&self, request: &Element, bind: &Element) -> String {
        let tag = bind.get_child("tag", "urn:xmpp:bind:0");
        let tag = tag.map(Element::text).unwrap_or_default();
        let agent = request.get_child("user-agent", "urn:xmpp:sasl:2");
        match agent.and_then(|agent| agent.attr("id")) {
            Some(id) => format!("{tag}~{id}"),
            None => format!("{tag}~{}", self.next + 1),
        }
    }

    pub(crate) fn bind(&mut self, link: usize, iq: &Element) {
        let asked = iq.children().next().and_then(|bind| bind.children().next());
        let resource = asked.map_or_else(|| format!("r{}", self.next + 1), Element::text);
        let (_, jid) = self.begin(link, resource);
        let bind =
            format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind>");
        let result = result(iq, &bind);
        self.send(link, result);
    }

    /// A new session: its number and address.
    fn begin(&mut self, link: usize, resource: String) -> (u64, String) {
        let account = self.links[link].account;
        self.next += 1;
        let same = |session: &Session| session.account == account && session.resource == resource;
        if let Some(index) = self.sessions.iter().position(same) {
            self.replace(index);
            self.end(index);
        }
        let id = self.next;
        let jid = format!("{}/{resource}", self.accounts[account].jid);
        self.sessions.push(Session {
            id,
            account,
            device: self.links[link].device,
            resource,
            link: Some(link),
            carbons: false,
            available: false,
            management: None,
            recent: None,
        });
        self.links[link].stage = Stage::Bound(id);
        (id, jid)
    }

    /// Whatever connection the session had is ended: there is another one now.
    fn replace(&mut self, index: usize) {
        if let Some(link) = self.sessions[index].link.take() {
            self.send(link, CONFLICT.to_owned());
            self.send(link, CLOSE.to_owned());
        }
    }

    /// The answer, and what the client has missed.
    pub(crate) fn resume(&mut self, link: usize, resume: &Element) -> (String, Vec<String>) {
        let id: u64 = resume
            .attr("previd")
            .expect("previd")
            .parse()
            .expect("ours");
        let h: u32 = resume.attr("h").expect("h").parse().expect("a number");
        let Some(index) = self.sessions.iter().position(|session| session.id == id) else {
            return (self.refusal(id), Vec::new());
        };
        self.replace(index);
        let management = self.sessions[index].management.as_ref().expect("managed");
        if h < management.acked {
            // From a connection that has been given up: Prosody takes it for nonsense.
            self.end(index);
            return (self.refusal(id), Vec::new());
        }
        self.links[link].stage = Stage::Bound(id);
        self.sessions[index].link = Some(link);
        self.acked(index, h);
        self.repeat(index);
        let management = self.sessions[index].management.as_ref().expect("managed");
        let handled = management.handled;
        let again = management.queue.iter().map(String::from).collect();
        let resumed = format!("<resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='{handled}'/>");
        (resumed, again)
    }

    /// There is no such session any more.
    fn refusal(&self, id: u64) -> String {
        let known = self.ended.iter().find(|(ended, _)| *ended == id);
        let h = known.filter(|_| self.habits.remembers);
        let h = h.map_or(String::new(), |(_, h)| format!(" h='{h}'"));
        format!(
            "<failed xmlns='urn:xmpp:sm:3'{h}><item-not-found \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
        )
    }
}
