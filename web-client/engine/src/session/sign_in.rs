//! From an open socket to a session: sign-in, resource, resumption.

use jid::FullJid;
use minidom::Element;
use xmpp_parsers::ns;

use super::dispute::Dispute;
use super::inline::{Asked, Start};
use super::revocation::Revocation;
use super::{DEADLINE, Effect, HANDSHAKE_TIME, Session, State, request, trouble};
use crate::module::Core;
use crate::output::Level;
use crate::sasl::{self, Profile, Purpose};
use crate::stanza::IqKind;
use crate::store::{SessionStatus, SignInStep, StoreEvent, Trouble};
use crate::stream_management::StreamManagement;
use crate::timer::Owner;
use crate::xml::{self, build};

/// No mechanism has more to say at once.
const MOST_DATA: usize = 64 << 10;

impl Session {
    pub(crate) fn sasl_reply(&mut self, core: &mut Core, reply: sasl::Reply) {
        match (reply, &self.state) {
            (sasl::Reply::Revoke, _) => self.revoke(core),
            (sasl::Reply::Failed(_), _) if self.revocation == Revocation::Asked => {
                self.revocation = Revocation::None;
            }
            (sasl::Reply::Send(frame), State::Authenticating(_)) => {
                self.effects.push(Effect::Handshake(frame));
            }
            (sasl::Reply::Again, State::Authenticating(_)) => self.open(core),
            (sasl::Reply::Verified, State::Verifying(asked, success)) => {
                let (asked, success) = (*asked, success.clone());
                self.verified(core, asked, success.as_deref());
            }
            (sasl::Reply::Failed(trouble), State::Authenticating(_) | State::Verifying(..)) => {
                self.fail(core, trouble)
            }
            _ => {}
        }
    }

    pub(super) fn greet(&mut self, core: &mut Core, authenticated: bool) {
        let Some(account) = core.login() else { return };
        let open = xml::open(&account);
        self.state = State::Greeting { authenticated };
        self.effects.push(Effect::Handshake(open));
    }

    pub(super) fn features(&mut self, core: &mut Core, features: &Element) {
        match self.state {
            State::Greeting {
                authenticated: false,
            } => self.authenticate(core, features),
            State::Greeting {
                authenticated: true,
            } => self.begin_session(core, features),
            State::Settling => self.settle(core, Some(features)),
            State::Established if self.features_due => {
                self.features_due = false;
                core.offered = features.children().map(Element::ns).collect();
            }
            _ => core.log(Level::Warning, "skipped stream features out of turn"),
        }
    }

    /// By SASL2 where it is offered (XEP-0388), else as RFC 6120 6 has it.
    fn authenticate(&mut self, core: &mut Core, features: &Element) {
        let extensible = features.get_child("authentication", ns::SASL2);
        let extensible = extensible.filter(|offered| offered.has_child("mechanism", ns::SASL2));
        let mechanisms = extensible.or_else(|| features.get_child("mechanisms", ns::SASL));
        let mechanisms = mechanisms.map(|offered| named(offered, "mechanism"));
        let bindings = features.get_child("sasl-channel-binding", CHANNEL_BINDING);
        let revokes = self.revocation == Revocation::Running;
        let mut start = Start {
            offer: sasl::Offer {
                mechanisms: mechanisms.unwrap_or_default(),
                bindings: bindings.map(binding_types),
                profile: Profile::Classic,
                confidential: is_confidential(&self.url),
                purpose: match revokes {
                    true => Purpose::Revoke,
                    false => Purpose::SignIn,
                },
            },
            resume: None,
            bind: None,
        };
        if let Some(offered) = extensible {
            start.extend(offered, (!revokes).then_some(&self.management));
            if self.dispute == Dispute::Claiming {
                start.bind = None;
            }
        }
        self.foreseen = start.foreseen();
        // It acknowledges too.
        core.durable.due |= start.resume.is_some();
        self.state = State::Authenticating(Asked {
            extensible: extensible.is_some(),
            resume: start.resume.is_some(),
            bind: start.bind.is_some(),
        });
        self.signing_in(core, SignInStep::Authenticating);
        self.effects.push(Effect::Start(Box::new(start)));
    }

    pub(super) fn sasl(&mut self, core: &mut Core, element: &Element) {
        let State::Authenticating(asked) = self.state else {
            return core.log(Level::Warning, "skipped a word on signing in out of turn");
        };
        let namespace = match asked.extensible {
            true => ns::SASL2,
            false => ns::SASL,
        };
        if element.ns() != namespace {
            return core.log(Level::Warning, "skipped a word on signing in another way");
        }
        let success = asked.extensible && element.name() == "success";
        let data = match success {
            true => element.get_child("additional-data", ns::SASL2),
            false => Some(element),
        };
        let data = data.map_or_else(|| Some(Vec::new()), sasl::data);
        let data = data.filter(|data| data.len() <= MOST_DATA);
        let request = match (element.name(), data) {
            ("failure", _) => {
                let (condition, text) = trouble::of_sasl_failure(element);
                sasl::Request::Failure { condition, text }
            }
            ("continue", _) => {
                let condition = "continue".to_owned();
                let (_, text) = trouble::of_sasl_failure(element);
                return self.fail(core, Trouble::SignInRefused { condition, text });
            }
            ("challenge", Some(data)) => sasl::Request::Challenge(data),
            ("success", Some(data)) => {
                let success = success.then(|| Box::new(element.clone()));
                self.state = State::Verifying(asked, success);
                sasl::Request::Success(data)
            }
            (name, _) => {
                let detail = ["<", name, "/> can't be read"].concat();
                return self.fail(core, Trouble::Protocol { detail });
            }
        };
        self.effects.push(Effect::Sasl(request));
    }

    /// Signed in, by whatever profile, and nothing of a session so far.
    fn begin_session(&mut self, core: &mut Core, features: &Element) {
        self.signing_in(core, SignInStep::Binding);
        self.managed = StreamManagement::offered(features);
        core.offered = features.children().map(Element::ns).collect();
        core.bound_with.clear();
        match self.management.resume().filter(|_| self.managed) {
            Some(resume) => {
                // It acknowledges too.
                core.durable.due = true;
                self.state = State::Resuming;
                self.transmit(resume);
            }
            None if self.yields(core) => {}
            None => {
                self.drop_session(core);
                self.bind(core);
            }
        }
    }

    pub(super) fn bind(&mut self, core: &mut Core) {
        let id = core.ids.id();
        self.state = State::Binding { id: id.clone() };
        let resource = self.resource.as_ref();
        let resource = resource.map(|name| build("resource", ns::BIND).text(name).done());
        let bind = build("bind", ns::BIND).children(resource);
        self.transmit(request(IqKind::Set, id, bind.done()));
    }

    pub(super) fn bound(&mut self, core: &mut Core, element: &Element) {
        let bound = element
            .get_child("bind", ns::BIND)
            .and_then(|bind| xml::child_text(bind, "jid"))
            .and_then(|jid| jid.parse::<FullJid>().ok());
        let Some(me) = bound else {
            let detail = "the server gives us no address".to_owned();
            return self.fail(core, Trouble::Protocol { detail });
        };
        self.bound_as(core, me);
        if self.managed {
            self.enable(core);
        } else {
            self.establish(core, false);
        }
    }

    /// What is to be proven waits until the server has said whether it manages the stream.
    pub(super) fn enable(&mut self, core: &mut Core) {
        self.managed = true;
        let enable = self.management.enable();
        self.transmit(enable);
        self.establish(core, false);
        self.deadline(core, HANDSHAKE_TIME);
    }

    pub(super) fn bound_as(&mut self, core: &mut Core, me: FullJid) {
        self.resource = Some(me.resource().to_string());
        core.bind(me);
    }

    pub(super) fn establish(&mut self, core: &mut Core, resumed: bool) {
        self.state = State::Established;
        self.lasting = true;
        self.settle_dispute(core);
        self.earlier = std::mem::take(&mut self.attempts);
        core.established = true;
        core.timers.cancel(Owner::Session, DEADLINE);
        self.begin_watch(core);
        core.event(StoreEvent::Status(SessionStatus::Online));
        let how = if resumed { "resumed" } else { "begun" };
        core.log(Level::Info, format!("session {how}"));
        self.effects.push(Effect::Established { resumed });
    }

    pub(super) fn signing_in(&self, core: &mut Core, step: SignInStep) {
        if !self.lasting && self.revocation == Revocation::None {
            core.event(StoreEvent::Status(SessionStatus::SigningIn(step)));
        }
    }
}

/// XEP-0440
const CHANNEL_BINDING: &str = "urn:xmpp:sasl-cb:0";

/// What stands in the children of this name.
pub(super) fn named(parent: &Element, name: &str) -> Vec<String> {
    let children = parent.children().filter(|child| child.name() == name);
    children
        .map(|child| child.text().trim().to_owned())
        .collect()
}

fn binding_types(offered: &Element) -> Vec<String> {
    let types = offered.children().filter_map(|child| child.attr("type"));
    types.map(str::to_owned).collect()
}

/// Whether the way to `url` is encrypted, or doesn't leave this machine.
fn is_confidential(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("ws://") else {
        return url.starts_with("wss://");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next(),
        None => authority.split(':').next(),
    };
    matches!(host, Some("localhost" | "127.0.0.1" | "::1"))
        || host.is_some_and(|host| host.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::is_confidential;

    #[test]
    fn only_tls_and_loopback_are_confidential() {
        for url in [
            "wss://example.org/xmpp-websocket",
            "ws://localhost/",
            "ws://localhost:5280/x",
            "ws://127.0.0.1:80/",
            "ws://[::1]:80/",
            "ws://chat.localhost/",
        ] {
            assert!(is_confidential(url), "{url}");
        }
        for url in [
            "ws://example.org/",
            "ws://localhost.example.org/",
            "ws://localhost@example.org/",
            "ws://127.0.0.1.example.org/",
            "ws://example.org/?ws://localhost/",
            "http://localhost/",
            "",
        ] {
            assert!(!is_confidential(url), "{url}");
        }
    }
}
