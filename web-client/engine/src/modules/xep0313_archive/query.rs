//! Questions to an archive and how their answers end (XEP-0313 4, XEP-0059).

use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

use crate::module::Incoming;
use crate::now::Timestamp;
use crate::store::{MessageId, Provenance};
use crate::xep0082;
use crate::xml::{self, build};

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: String,
    /// Whose archive: a room's, or `None` for our own.
    pub(super) room: Option<BareJid>,
    pub(super) purpose: Purpose,
    /// The cursor when it was asked.
    pub(super) cursor: Option<String>,
    /// A page of history, kept until it is whole: it is shown newest first.
    pub(super) page: Vec<(String, Incoming)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What was missed since the cursor.
    CatchUp,
    /// The same where the archive has forgotten the cursor, by time.
    CatchUpSince(Timestamp),
    /// The newest messages of all conversations, where nothing is known.
    Newest,
    /// A gap in a conversation.
    Older {
        conversation: BareJid,
        before: Option<String>,
        until: Option<String>,
    },
    Around(BareJid, Timestamp),
    /// One message, as it is in the archive.
    Original {
        conversation: BareJid,
        id: MessageId,
        since: Timestamp,
        known: Vec<String>,
    },
    /// The newest messages of a conversation in which everything was deleted.
    Clear(BareJid),
}

impl Purpose {
    pub(super) fn is_catch_up(&self) -> bool {
        matches!(self, Self::CatchUp | Self::CatchUpSince(_) | Self::Newest)
    }

    /// How its messages come to us.
    pub(super) fn provenance(&self) -> Provenance {
        match self {
            Self::CatchUp | Self::CatchUpSince(_) => Provenance::CatchUp,
            Self::Newest => Provenance::Before,
            Self::Older { .. } | Self::Around(..) | Self::Original { .. } | Self::Clear(_) => {
                Provenance::History
            }
        }
    }

    pub(super) fn conversation(&self) -> Option<&BareJid> {
        match self {
            Self::Older { conversation, .. }
            | Self::Around(conversation, _)
            | Self::Original { conversation, .. }
            | Self::Clear(conversation) => Some(conversation),
            _ => None,
        }
    }
}

/// How a page ended (XEP-0313 4.3, XEP-0059 2.2).
pub(crate) struct Fin {
    pub(crate) complete: bool,
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
}

impl Fin {
    pub(crate) fn read(fin: &Element) -> Self {
        let set = fin.get_child("set", ns::RSM);
        Self {
            complete: matches!(fin.attr("complete"), Some("true" | "1")),
            first: set.and_then(|set| xml::child_text(set, "first")),
            last: set.and_then(|set| xml::child_text(set, "last")),
        }
    }
}

/// The filter for one conversation, for what was archived since some time (XEP-0313 4.1).
pub(super) fn filter(with: Option<&BareJid>, start: Option<Timestamp>) -> Option<Element> {
    if with.is_none() && start.is_none() {
        return None;
    }
    let field = |name: &'static str, value: &str| {
        let value = build("value", ns::DATA_FORMS).text(value).done();
        build("field", ns::DATA_FORMS)
            .attr("var", name)
            .child(value)
    };
    let start = start.map(xep0082::write);
    let form = build("x", ns::DATA_FORMS)
        .attr("type", "submit")
        .child(field("FORM_TYPE", ns::MAM).attr("type", "hidden").done())
        .children(with.map(|with| field("with", with.as_str()).done()))
        .children(start.map(|start| field("start", &start).done()));
    Some(form.done())
}

pub(super) fn no_archive(condition: &str) -> bool {
    matches!(condition, "service-unavailable" | "feature-not-implemented")
}
