//! Nodes of our own account: those that nobody else may read (XEP-0223), where what is kept is
//! told to our other devices, and those that tell others who we are (XEP-0163).

use minidom::Element;
use xmpp_parsers::ns;

use crate::iq::{NoResult, Response, Ticket};
use crate::module::Ctx;
use crate::sorted_map::SortedMap;
use crate::xml::build;

/// An option of a node.
pub(crate) type NodeOption = (&'static str, &'static str);

/// Nobody else may read it.
pub(crate) const PRIVATE: NodeOption = ("pubsub#access_model", "whitelist");

/// The same, and an item for each thing is kept (XEP-0223 3).
pub(crate) const OPTIONS: &[NodeOption] = &[
    ("pubsub#persist_items", "true"),
    ("pubsub#max_items", "max"),
    ("pubsub#send_last_published_item", "never"),
    PRIVATE,
];

/// A private node in this session: it is read once, published to, and put right if it has to
/// be. `T` is what goes with an item on its way.
#[derive(Debug)]
pub(crate) struct PrivateNode<T> {
    repair: Repair,
    asked: SortedMap<Ticket, Asked<T>>,
}

#[derive(Debug)]
enum Asked<T> {
    /// For everything.
    All,
    /// To keep this.
    Publish(T),
    /// To have the node as it has to be.
    Repair,
}

/// What the server has answered.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// Everything that is kept; of a node that isn't there yet, nothing.
    All(Option<Element>),
    /// It keeps this.
    Kept(T),
    /// The node is as it has to be: what hasn't been kept can be published again.
    Mended,
    /// It keeps nothing of it, under this condition.
    Refused(String),
    /// Nothing, or nothing yet.
    Nothing,
}

impl<T> Default for PrivateNode<T> {
    fn default() -> Self {
        Self {
            repair: Repair::default(),
            asked: SortedMap::default(),
        }
    }
}

impl<T> PrivateNode<T> {
    /// Asks for everything in it, at the beginning of a session.
    pub(crate) fn begin(&mut self, ctx: &mut Ctx<'_>, node: &str) {
        self.repair = Repair::default();
        if ctx.core.guest {
            return;
        }
        let mut asked = self.asked.values();
        if !asked.any(|asked| matches!(asked, Asked::All)) {
            let ticket = ctx.get(None, read(node));
            self.asked.insert(ticket, Asked::All);
        }
    }

    /// The session is over.
    pub(crate) fn end(&mut self) {
        self.asked.clear();
    }

    /// Whether an answer is due.
    pub(crate) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What is on its way.
    pub(crate) fn on_its_way(&self) -> impl Iterator<Item = &T> {
        self.asked.values().filter_map(|asked| match asked {
            Asked::Publish(what) => Some(what),
            Asked::All | Asked::Repair => None,
        })
    }

    /// Has `payload`, which stands for `what`, kept as the item `id`.
    pub(crate) fn publish(
        &mut self,
        ctx: &mut Ctx<'_>,
        node: &str,
        id: &str,
        payload: Element,
        what: T,
    ) {
        if ctx.core.guest {
            return;
        }
        let request = publish(node, id, payload, self.repair.options());
        let ticket = ctx.set(None, request);
        self.asked.insert(ticket, Asked::Publish(what));
    }

    /// Takes the answer to a request, which may have been ours.
    pub(crate) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        node: &str,
        ticket: Ticket,
        response: Response,
    ) -> Answer<T> {
        match (self.asked.remove(&ticket), response) {
            (None, _) | (_, Err(NoResult::Lost)) => Answer::Nothing,
            (Some(Asked::All), response) => Answer::All(response.ok().flatten()),
            (Some(Asked::Publish(what)), Ok(_)) => Answer::Kept(what),
            (Some(Asked::Publish(_)), Err(NoResult::Error(error))) => {
                match self.repair.begin(node, &error.condition) {
                    Some(request) => self.mend(ctx, request),
                    None if self.repair.is_over() => Answer::Refused(error.condition),
                    None => Answer::Nothing,
                }
            }
            // With what is published next, or in the next session, it is tried again.
            (Some(Asked::Publish(_)), Err(NoResult::Timeout)) => Answer::Nothing,
            (Some(Asked::Repair), response) => match self.repair.go_on(node, response.is_ok()) {
                Some(request) => self.mend(ctx, request),
                None if self.repair == Repair::Done => Answer::Mended,
                None => Answer::Refused("item-not-found".to_owned()),
            },
        }
    }

    fn mend(&mut self, ctx: &mut Ctx<'_>, request: Element) -> Answer<T> {
        let ticket = ctx.set(None, request);
        self.asked.insert(ticket, Asked::Repair);
        Answer::Nothing
    }
}

/// Asks for all items of `node` (XEP-0060 6.5.2).
pub(crate) fn read(node: &str) -> Element {
    let items = build("items", ns::PUBSUB).attr("node", node).done();
    build("pubsub", ns::PUBSUB).child(items).done()
}

/// The items of an answer to [`read`].
pub(crate) fn items(answer: &Element) -> impl Iterator<Item = &Element> {
    let items = answer.get_child("items", ns::PUBSUB);
    items.into_iter().flat_map(Element::children)
}

/// Puts `payload` into `node` as the item `id`, if that is as `options` say (XEP-0060 7.1.5).
pub(crate) fn publish(node: &str, id: &str, payload: Element, options: &[NodeOption]) -> Element {
    let kind = "http://jabber.org/protocol/pubsub#publish-options";
    let options = build("publish-options", ns::PUBSUB).child(form(kind, options));
    build("pubsub", ns::PUBSUB)
        .child(publishing(node, id, payload))
        .child(options.done())
        .done()
}

/// Puts `payload` into `node` as the item `id`, whatever that node is like: who may read it is
/// for its owner to say.
pub(crate) fn publish_openly(node: &str, id: &str, payload: Element) -> Element {
    build("pubsub", ns::PUBSUB)
        .child(publishing(node, id, payload))
        .done()
}

fn publishing(node: &str, id: &str, payload: Element) -> Element {
    let item = build("item", ns::PUBSUB).attr("id", id).child(payload);
    let publish = build("publish", ns::PUBSUB)
        .attr("node", node)
        .child(item.done());
    publish.done()
}

/// Makes `node` as publishing wants it to be (XEP-0060 8.1.3).
fn create(node: &str) -> Element {
    let create = build("create", ns::PUBSUB).attr("node", node);
    let configure = build("configure", ns::PUBSUB).child(form(ns::PUBSUB_CONFIGURE, OPTIONS));
    build("pubsub", ns::PUBSUB)
        .child(create.done())
        .child(configure.done())
        .done()
}

/// Has `node` be what publishing wants it to be (XEP-0060 8.2.4).
fn configure(node: &str) -> Element {
    let configure = build("configure", ns::PUBSUB_OWNER)
        .attr("node", node)
        .child(form(ns::PUBSUB_CONFIGURE, OPTIONS));
    build("pubsub", ns::PUBSUB_OWNER)
        .child(configure.done())
        .done()
}

/// Puts a node right once a session, where publishing can't: it is otherwise already, or the
/// service knows fewer options than XEP-0060 7.1.5 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Repair {
    /// Publishing makes the node.
    #[default]
    Unneeded,
    Creating,
    Configuring,
    /// It is as it has to be.
    Done,
    Failed,
}

impl Repair {
    /// Whether there is nothing more to be done about it.
    fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    /// With what to publish.
    fn options(self) -> &'static [NodeOption] {
        match self {
            Self::Done => &[PRIVATE],
            _ => OPTIONS,
        }
    }

    /// What to ask for after publishing was refused, with this condition.
    fn begin(&mut self, node: &str, condition: &str) -> Option<Element> {
        if *self != Self::Unneeded {
            return None;
        }
        // It is there, and otherwise (XEP-0060 7.1.5).
        if condition == "conflict" {
            *self = Self::Configuring;
            return Some(configure(node));
        }
        *self = Self::Creating;
        Some(create(node))
    }

    /// What to ask for after the answer to that, if it takes more.
    fn go_on(&mut self, node: &str, granted: bool) -> Option<Element> {
        let (next, request) = match (*self, granted) {
            (_, true) => (Self::Done, None),
            (Self::Creating, false) => (Self::Configuring, Some(configure(node))),
            (_, false) => (Self::Failed, None),
        };
        *self = next;
        request
    }
}

fn form(kind: &str, options: &[NodeOption]) -> Element {
    let field = |(name, value): (&str, &str)| {
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(build("value", ns::DATA_FORMS).text(value).done())
    };
    build("x", ns::DATA_FORMS)
        .attr("type", "submit")
        .child(field(("FORM_TYPE", kind)).attr("type", "hidden").done())
        .children(options.iter().map(|option| field(*option).done()))
        .done()
}
