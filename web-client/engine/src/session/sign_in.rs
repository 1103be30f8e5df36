//! From an open socket to a session: sign-in, resource, resumption.

use jid::FullJid;
use minidom::Element;
use xmpp_parsers::ns;

use super::{DEADLINE, Effect, Session, State, request, trouble};
use crate::module::Core;
use crate::output::Level;
use crate::sasl;
use crate::stanza::IqKind;
use crate::store::{SessionStatus, SignInStep, StoreEvent, Trouble};
use crate::stream_management::StreamManagement;
use crate::timer::Owner;
use crate::xml::{self, build};

impl Session {
    pub(crate) fn sasl_reply(&mut self, core: &mut Core, reply: sasl::Reply) {
        if self.state != State::Authenticating {
            return;
        }
        match reply {
            sasl::Reply::Auth { mechanism, initial } => {
                let auth = xml::write(&sasl::auth(&mechanism, &initial));
                self.effects.push(Effect::Handshake(auth));
            }
            sasl::Reply::AuthSent => {}
            sasl::Reply::Response(data) => {
                let response = xml::write(&sasl::response(&data));
                self.effects.push(Effect::Handshake(response));
            }
            sasl::Reply::Verified => self.greet(core, true),
            sasl::Reply::Failed(trouble) => self.fail(core, trouble),
        }
    }

    pub(super) fn greet(&mut self, core: &mut Core, authenticated: bool) {
        let Some(account) = &core.account else { return };
        let open = xml::open(account);
        self.state = State::Greeting { authenticated };
        self.effects.push(Effect::Handshake(open));
    }

    pub(super) fn features(&mut self, core: &mut Core, features: &Element) {
        match self.state {
            State::Greeting {
                authenticated: false,
            } => {
                let mechanisms = features
                    .get_child("mechanisms", ns::SASL)
                    .into_iter()
                    .flat_map(Element::children)
                    .map(Element::text)
                    .collect();
                self.state = State::Authenticating;
                self.signing_in(core, SignInStep::Authenticating);
                self.effects
                    .push(Effect::Sasl(sasl::Request::Start { mechanisms }));
            }
            State::Greeting {
                authenticated: true,
            } => {
                self.signing_in(core, SignInStep::Binding);
                self.managed = StreamManagement::offered(features);
                core.offered = features.children().map(Element::ns).collect();
                match self.management.resume().filter(|_| self.managed) {
                    Some(resume) => {
                        // It acknowledges too.
                        core.durable.due = true;
                        self.state = State::Resuming;
                        self.transmit(resume);
                    }
                    None => {
                        self.drop_session(core);
                        self.bind(core);
                    }
                }
            }
            _ => core.log(Level::Warning, "skipped stream features out of turn"),
        }
    }

    pub(super) fn sasl(&mut self, core: &mut Core, name: &str, element: &Element) {
        if self.state != State::Authenticating {
            return;
        }
        let request = match (name, sasl::data(element)) {
            ("failure", _) => return self.fail(core, trouble::of_sasl_failure(element)),
            ("challenge", Some(data)) => sasl::Request::Challenge(data),
            ("success", Some(data)) => sasl::Request::Success(data),
            _ => {
                let detail = format!("<{name}/> can't be read");
                return self.fail(core, Trouble::Protocol { detail });
            }
        };
        self.effects.push(Effect::Sasl(request));
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
        // Whoever came as nobody in particular is somebody now (RFC 6120 7.6).
        core.account = Some(me.to_bare());
        core.event(StoreEvent::Bound(me.clone()));
        self.resource = Some(me.resource().to_string());
        core.me = Some(me);
        if self.managed {
            let enable = self.management.enable();
            self.transmit(enable);
        }
        self.establish(core, false);
    }

    pub(super) fn establish(&mut self, core: &mut Core, resumed: bool) {
        self.state = State::Established;
        self.lasting = true;
        self.attempts = 0;
        core.established = true;
        core.timers.cancel(Owner::Session, DEADLINE);
        self.begin_watch(core);
        core.event(StoreEvent::Status(SessionStatus::Online));
        let how = if resumed { "resumed" } else { "begun" };
        core.log(Level::Info, format!("session {how}"));
        self.effects.push(Effect::Established { resumed });
    }

    pub(super) fn signing_in(&self, core: &mut Core, step: SignInStep) {
        if !self.lasting {
            core.event(StoreEvent::Status(SessionStatus::SigningIn(step)));
        }
    }
}
