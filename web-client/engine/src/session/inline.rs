//! What comes along with signing in: XEP-0386 Bind 2 1.1.0, and the inline resumption of
//! XEP-0198 9.2, both in the words of XEP-0388 Extensible SASL Profile 1.0.4.

use jid::{BareJid, FullJid, Jid};
use minidom::Element;
use xmpp_parsers::ns;

use super::revocation::Revocation;
use super::sign_in::named;
use super::{Session, State};
use crate::module::Core;
use crate::sasl::{self, Profile};
use crate::store::{SignInStep, Trouble};
use crate::stream_management::StreamManagement;
use crate::xml::{self, build};

/// What our resources are called (XEP-0386 3.2.1).
const TAG: &str = "Couplet";

/// What is asked for along with a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether it is asked for in the words of XEP-0388.
    pub(super) extensible: bool,
    pub(super) resume: bool,
    pub(super) bind: bool,
}

/// A sign-in that is about to begin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    pub(super) offer: sasl::Offer,
    pub(super) resume: Option<String>,
    pub(super) bind: Option<Bind>,
}

/// The request for a resource, and what it may have in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bind {
    request: Element,
    offered: Vec<String>,
}

impl Start {
    /// SASL2 is `offered`, and we come to go on with the session of `management`, or for
    /// a new one.
    pub(super) fn extend(&mut self, offered: &Element, management: Option<&StreamManagement>) {
        let inline = offered.get_child("inline", ns::SASL2);
        let fast = inline.and_then(|inline| inline.get_child("fast", ns::FAST));
        self.offer.profile = Profile::Extensible {
            fast: fast
                .map(|fast| named(fast, "mechanism"))
                .unwrap_or_default(),
            inline: String::new(),
        };
        let (Some(inline), Some(management)) = (inline, management) else {
            return;
        };
        let resume = management.resume();
        // Where it can be resumed only afterwards, a new one would be in the way.
        let afterwards = resume.is_some() && !inline.has_child("sm", ns::SM);
        if afterwards {
            return;
        }
        self.resume = resume;
        self.bind = inline.get_child("bind", ns::BIND2).map(Bind::new);
    }

    /// The request to the holder of the secrets, and the namespaces of those of the
    /// `wishes` that are asked for.
    pub(crate) fn request(
        mut self,
        wishes: impl Iterator<Item = Element>,
    ) -> (sasl::Request, Vec<String>) {
        let mut granted = Vec::new();
        let mut text = self.resume.unwrap_or_default();
        if let Some(Bind {
            mut request,
            offered,
        }) = self.bind
        {
            for wish in wishes.filter(|wish| offered.contains(&wish.ns())) {
                granted.push(wish.ns());
                request.append_child(wish);
            }
            text += &xml::write(&request);
        }
        if let Profile::Extensible { inline, .. } = &mut self.offer.profile {
            *inline = text;
        }
        (sasl::Request::Start(self.offer), granted)
    }

    /// What the features that come afterwards will say at least.
    pub(super) fn foreseen(&self) -> Vec<String> {
        let bind = self.bind.as_ref();
        bind.map(|bind| bind.offered.clone()).unwrap_or_default()
    }

    /// Whether it has to wait for the disk: `<resume/>` acknowledges.
    pub(crate) fn acknowledges(&self) -> bool {
        self.resume.is_some()
    }
}

impl Bind {
    fn new(offer: &Element) -> Self {
        let features = offer.get_child("inline", ns::BIND2);
        let features = features.into_iter().flat_map(Element::children);
        let offered: Vec<_> = features
            .filter_map(|feature| feature.attr("var"))
            .map(str::to_owned)
            .collect();
        let managed = offered.iter().any(|var| var == ns::SM);
        let request = build("bind", ns::BIND2)
            .child(build("tag", ns::BIND2).text(TAG).done())
            .children(managed.then(StreamManagement::enable_request));
        let request = request.done();
        Self { request, offered }
    }
}

impl Session {
    /// The server has proven itself, so that what it says counts.
    pub(super) fn verified(&mut self, core: &mut Core, asked: Asked, success: Option<&Element>) {
        let Some(success) = success else {
            return self.greet(core, true);
        };
        if self.revocation == Revocation::Running {
            return self.revoked(core);
        }
        let identifier = xml::child_text(success, "authorization-identifier");
        let identifier = identifier.and_then(|identifier| identifier.parse::<Jid>().ok());
        let ours = identifier.as_ref().zip(core.login());
        if !ours.is_some_and(|(identifier, account)| is_of(identifier, &account)) {
            let detail = "the server takes us for somebody else".to_owned();
            return self.fail(core, Trouble::Protocol { detail });
        }
        self.signing_in(core, SignInStep::Binding);
        let child = |name, namespace| success.get_child(name, namespace);
        if let Some(resumed) = child("resumed", ns::SM).filter(|_| asked.resume) {
            core.bound_with.clear();
            if self.resumed(core, resumed) {
                self.begin_unseen(core, true);
            }
            return;
        }
        if asked.resume {
            let failed = child("failed", ns::SM);
            if !failed.is_none_or(|failed| self.acked(core, failed)) || self.yields(core) {
                return;
            }
            self.session_forgotten(core);
        }
        let bound = child("bound", ns::BIND2).filter(|_| asked.bind);
        let me = identifier.and_then(|identifier| identifier.try_into_full().ok());
        match (bound, me) {
            (Some(bound), Some(me)) => self.bound_inline(core, me, bound),
            (Some(_), None) => {
                let detail = "the server gives us no address".to_owned();
                self.fail(core, Trouble::Protocol { detail });
            }
            // The features say how to go on; the stream isn't begun anew (XEP-0388 2.6.1).
            (None, _) => {
                self.state = State::Greeting {
                    authenticated: true,
                }
            }
        }
    }

    fn bound_inline(&mut self, core: &mut Core, me: FullJid, bound: &Element) {
        self.drop_session(core);
        self.bound_as(core, me);
        let enabled = bound.get_child("enabled", ns::SM);
        self.managed = enabled.is_some();
        if let Some(enabled) = enabled {
            // What can be resumed from now on has to have begun, or nobody is told of us.
            self.management.enabled(enabled);
            core.durable.due = true;
            self.begin_unseen(core, false);
        } else if bound.has_child("failed", ns::SM) {
            self.begin_unseen(core, false);
        } else {
            self.state = State::Settling;
        }
    }

    /// The session is up before its features are here; one that was resumed may never
    /// get any (XEP-0198 9.2).
    fn begin_unseen(&mut self, core: &mut Core, resumed: bool) {
        core.offered = std::mem::take(&mut self.foreseen);
        self.features_due = true;
        self.establish(core, resumed);
    }

    /// The features are here, or anything else is.
    pub(super) fn settle(&mut self, core: &mut Core, features: Option<&Element>) {
        if self.state != State::Settling {
            return;
        }
        let Some(features) = features else {
            return self.begin_unseen(core, false);
        };
        core.offered = features.children().map(Element::ns).collect();
        if StreamManagement::offered(features) {
            self.enable(core);
        } else {
            self.establish(core, false);
        }
    }
}

/// Whether `identifier` is an address of `account`, or of whoever came as nobody in
/// particular.
fn is_of(identifier: &Jid, account: &BareJid) -> bool {
    match account.node() {
        Some(_) => identifier.to_bare() == *account,
        None => identifier.domain() == account.domain(),
    }
}
