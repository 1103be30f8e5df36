//! Nodes of our own account: those that nobody else may read (XEP-0223), where what is kept is
//! told to our other devices, and those that tell others who we are (XEP-0163).

use minidom::Element;
use xmpp_parsers::ns;

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
pub(crate) enum Repair {
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
    /// With what to publish.
    pub(crate) fn options(self) -> &'static [NodeOption] {
        match self {
            Self::Done => &[PRIVATE],
            _ => OPTIONS,
        }
    }

    /// What to ask for after publishing was refused, with this condition.
    pub(crate) fn begin(&mut self, node: &str, condition: &str) -> Option<Element> {
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
    pub(crate) fn go_on(&mut self, node: &str, granted: bool) -> Option<Element> {
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
