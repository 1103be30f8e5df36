//! The three kinds of stanza (RFC 6120 8), as much of them as is the same for all.
//!
//! Reading is lenient where the RFCs are: an unknown type of message is `normal`
//! (RFC 6121 5.2.2), an unknown `<show/>` is none. What has no sense at all, such
//! as a sender that is no address, is an error.

use std::fmt;

use jid::Jid;
use minidom::Element;
use xmpp_parsers::ns;

use crate::xml::{self, build};

/// Why a stanza makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Nonsense {
    #[error("its sender or recipient is not an address")]
    Address,
    #[error("it has an unknown type")]
    Type,
    #[error("a request or answer has no id")]
    NoId,
    #[error("a request has not exactly one payload")]
    Payload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageType {
    Chat,
    Error,
    Groupchat,
    Headline,
    Normal,
}

/// `<message/>` (RFC 6121 5).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) from: Option<Jid>,
    pub(crate) to: Option<Jid>,
    pub(crate) id: Option<String>,
    pub(crate) kind: MessageType,
    /// The text in each language; without one, the language is empty.
    pub(crate) bodies: Vec<(String, String)>,
    /// Everything else in it.
    pub(crate) payloads: Vec<Element>,
}

impl Message {
    /// A message of type `chat` without anything in it.
    pub(crate) fn chat(to: Jid) -> Self {
        Self {
            from: None,
            to: Some(to),
            id: None,
            kind: MessageType::Chat,
            bodies: Vec::new(),
            payloads: Vec::new(),
        }
    }

    pub(crate) fn read(element: &Element) -> Result<Self, Nonsense> {
        let (bodies, payloads) = element
            .children()
            .partition::<Vec<_>, _>(|child| child.is("body", ns::JABBER_CLIENT));
        let language = |body: &Element| {
            body.attr_ns(couplet_shared::ns::XML, "lang")
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Self {
            from: address(element, "from")?,
            to: address(element, "to")?,
            id: id(element),
            kind: match element.attr("type") {
                Some("chat") => MessageType::Chat,
                Some("error") => MessageType::Error,
                Some("groupchat") => MessageType::Groupchat,
                Some("headline") => MessageType::Headline,
                _ => MessageType::Normal,
            },
            bodies: bodies
                .into_iter()
                .map(|body| (language(body), body.text()))
                .collect(),
            payloads: payloads.into_iter().cloned().collect(),
        })
    }

    pub(crate) fn payload(&self, name: &str, namespace: &str) -> Option<&Element> {
        self.payloads
            .iter()
            .find(|payload| payload.is(name, namespace))
    }

    /// The text in the first of `languages` there is one in, else without a
    /// language, else any.
    pub(crate) fn body(&self, languages: &[String]) -> Option<&str> {
        let wanted = languages.iter().map(String::as_str).chain([""]);
        let in_language = |language| self.bodies.iter().find(|(known, _)| known == language);
        let best = wanted
            .into_iter()
            .find_map(in_language)
            .or(self.bodies.first());
        best.map(|(_, body)| body.as_str())
    }
}

impl From<Message> for Element {
    fn from(message: Message) -> Self {
        let kind = match message.kind {
            MessageType::Chat => Some("chat"),
            MessageType::Error => Some("error"),
            MessageType::Groupchat => Some("groupchat"),
            MessageType::Headline => Some("headline"),
            MessageType::Normal => None,
        };
        let bodies = message
            .bodies
            .into_iter()
            .map(|(_, body)| build("body", ns::JABBER_CLIENT).text(body).done());
        build("message", ns::JABBER_CLIENT)
            .attr("from", message.from.map(|jid| jid.to_string()))
            .attr("to", message.to.map(|jid| jid.to_string()))
            .attr("id", message.id)
            .attr("type", kind)
            .children(bodies)
            .children(message.payloads)
            .done()
    }
}

/// What a `<presence/>` is about (RFC 6121 4.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PresenceType {
    Available,
    Error,
    Probe,
    Subscribe,
    Subscribed,
    Unavailable,
    Unsubscribe,
    Unsubscribed,
}

/// `<presence/>` (RFC 6121 4).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Presence {
    pub(crate) from: Option<Jid>,
    pub(crate) to: Option<Jid>,
    pub(crate) kind: PresenceType,
    pub(crate) show: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) priority: i8,
    pub(crate) payloads: Vec<Element>,
}

impl Presence {
    pub(crate) fn new(kind: PresenceType, to: Option<Jid>) -> Self {
        Self {
            from: None,
            to,
            kind,
            show: None,
            status: None,
            priority: 0,
            payloads: Vec::new(),
        }
    }

    pub(crate) fn read(element: &Element) -> Result<Self, Nonsense> {
        let text = |name| xml::child_text(element, name).filter(|text| !text.is_empty());
        let own = |child: &&Element| child.ns() != ns::JABBER_CLIENT || child.name() == "error";
        Ok(Self {
            from: address(element, "from")?,
            to: address(element, "to")?,
            kind: match element.attr("type") {
                None => PresenceType::Available,
                Some("error") => PresenceType::Error,
                Some("probe") => PresenceType::Probe,
                Some("subscribe") => PresenceType::Subscribe,
                Some("subscribed") => PresenceType::Subscribed,
                Some("unavailable") => PresenceType::Unavailable,
                Some("unsubscribe") => PresenceType::Unsubscribe,
                Some("unsubscribed") => PresenceType::Unsubscribed,
                Some(_) => return Err(Nonsense::Type),
            },
            show: text("show"),
            status: text("status"),
            priority: text("priority")
                .and_then(|priority| priority.parse().ok())
                .unwrap_or(0),
            payloads: element.children().filter(own).cloned().collect(),
        })
    }
}

impl From<Presence> for Element {
    fn from(presence: Presence) -> Self {
        let kind = match presence.kind {
            PresenceType::Available => None,
            PresenceType::Error => Some("error"),
            PresenceType::Probe => Some("probe"),
            PresenceType::Subscribe => Some("subscribe"),
            PresenceType::Subscribed => Some("subscribed"),
            PresenceType::Unavailable => Some("unavailable"),
            PresenceType::Unsubscribe => Some("unsubscribe"),
            PresenceType::Unsubscribed => Some("unsubscribed"),
        };
        let child = |name| move |text: String| build(name, ns::JABBER_CLIENT).text(text).done();
        let priority = Some(presence.priority).filter(|priority| *priority != 0);
        build("presence", ns::JABBER_CLIENT)
            .attr("to", presence.to.map(|jid| jid.to_string()))
            .attr("type", kind)
            .children(presence.show.map(child("show")))
            .children(presence.status.map(child("status")))
            .children(
                priority
                    .map(|priority| priority.to_string())
                    .map(child("priority")),
            )
            .children(presence.payloads)
            .done()
    }
}

/// What an `<iq/>` is (RFC 6120 8.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IqKind {
    Get,
    Set,
    Result,
    Error,
}

/// `<iq/>`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Iq {
    pub(crate) from: Option<Jid>,
    pub(crate) to: Option<Jid>,
    pub(crate) id: String,
    pub(crate) kind: IqKind,
    /// Exactly one in a request; for an error, the error.
    pub(crate) payload: Option<Element>,
}

impl Iq {
    pub(crate) fn read(element: &Element) -> Result<Self, Nonsense> {
        let kind = match element.attr("type") {
            Some("get") => IqKind::Get,
            Some("set") => IqKind::Set,
            Some("result") => IqKind::Result,
            Some("error") => IqKind::Error,
            _ => return Err(Nonsense::Type),
        };
        let payload = match kind {
            IqKind::Error => element.get_child("error", ns::JABBER_CLIENT),
            _ => element.children().next(),
        };
        if matches!(kind, IqKind::Get | IqKind::Set) && element.children().count() != 1 {
            return Err(Nonsense::Payload);
        }
        Ok(Self {
            from: address(element, "from")?,
            to: address(element, "to")?,
            id: id(element).ok_or(Nonsense::NoId)?,
            kind,
            payload: payload.cloned(),
        })
    }
}

impl From<Iq> for Element {
    fn from(iq: Iq) -> Self {
        let kind = match iq.kind {
            IqKind::Get => "get",
            IqKind::Set => "set",
            IqKind::Result => "result",
            IqKind::Error => "error",
        };
        build("iq", ns::JABBER_CLIENT)
            .attr("to", iq.to.map(|jid| jid.to_string()))
            .attr("id", iq.id)
            .attr("type", kind)
            .children(iq.payload)
            .done()
    }
}

/// `<error/>` in a stanza (RFC 6120 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StanzaError {
    /// The defined condition's name.
    pub(crate) condition: String,
    pub(crate) text: Option<String>,
    /// What is in no namespace of the standard's: the application's own condition.
    pub(crate) application: Option<Box<Element>>,
}

impl StanzaError {
    pub(crate) fn read(error: &Element) -> Self {
        let defined = |child: &&Element| child.ns() == ns::XMPP_STANZAS && child.name() != "text";
        let condition = error.children().find(defined);
        let text = error.get_child("text", ns::XMPP_STANZAS);
        Self {
            condition: condition
                .map_or("undefined-condition", Element::name)
                .to_owned(),
            text: text.map(Element::text).filter(|text| !text.is_empty()),
            application: error
                .children()
                .find(|child| child.ns() != ns::XMPP_STANZAS)
                .map(|child| Box::new(child.clone())),
        }
    }

    /// An error of ours, of type `cancel`: asking again won't help (RFC 6120 8.3.2).
    pub(crate) fn cancel(condition: &str) -> Element {
        build("error", ns::JABBER_CLIENT)
            .attr("type", "cancel")
            .child(build(condition, ns::XMPP_STANZAS).done())
            .done()
    }
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)
    }
}

fn address(element: &Element, name: &str) -> Result<Option<Jid>, Nonsense> {
    element
        .attr(name)
        .map(|jid| jid.parse().map_err(|_| Nonsense::Address))
        .transpose()
}

fn id(element: &Element) -> Option<String> {
    element
        .attr("id")
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(xml: &str) -> Element {
        xml.parse().unwrap()
    }

    #[test]
    fn a_message_of_an_unknown_type_is_a_normal_one() {
        let message = parse("<message xmlns='jabber:client' type='martian'/>");
        assert_eq!(Message::read(&message).unwrap().kind, MessageType::Normal);
    }

    #[test]
    fn the_body_is_in_the_readers_language() {
        let message = parse(
            "<message xmlns='jabber:client'><body xml:lang='cs'>cs</body>\
             <body>plain</body><body xml:lang='en'>en</body></message>",
        );
        let message = Message::read(&message).unwrap();
        let best = |languages: &[&str]| {
            let languages: Vec<_> = languages
                .iter()
                .map(|&language| language.to_owned())
                .collect();
            message.body(&languages).unwrap().to_owned()
        };
        assert_eq!(best(&["en", "cs"]), "en");
        assert_eq!(best(&["fr"]), "plain");
        assert_eq!(best(&[]), "plain");
    }

    #[test]
    fn what_makes_no_sense() {
        let read = |xml| Iq::read(&parse(xml)).unwrap_err();
        assert_eq!(
            read("<iq xmlns='jabber:client' type='get' id='1'/>"),
            Nonsense::Payload
        );
        assert_eq!(
            read("<iq xmlns='jabber:client' type='result'/>"),
            Nonsense::NoId
        );
        assert_eq!(read("<iq xmlns='jabber:client' id='1'/>"), Nonsense::Type);
        let presence = parse("<presence xmlns='jabber:client' from='@'/>");
        assert_eq!(Presence::read(&presence).unwrap_err(), Nonsense::Address);
    }

    #[test]
    fn stanzas_survive_the_way_out_and_back() {
        let mut message = Message::chat("bob@example.org".parse().unwrap());
        message.id = Some("1".to_owned());
        message.bodies.push((String::new(), "<&>".to_owned()));
        let element = Element::from(message.clone());
        assert_eq!(
            Message::read(&parse(&String::from(&element))).unwrap(),
            message
        );
        let mut presence = Presence::new(PresenceType::Available, None);
        presence.show = Some("away".to_owned());
        presence.priority = -1;
        let element = Element::from(presence.clone());
        assert_eq!(
            Presence::read(&parse(&String::from(&element))).unwrap(),
            presence
        );
    }
}
