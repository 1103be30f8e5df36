//! XEP-0428 Fallback Indication 0.2.0: which part of a text is for those who don't know better.

use minidom::Element;

use crate::module::{Module, Specification};
use crate::stanza;
use crate::xml::build;

const FALLBACK: &str = "urn:xmpp:fallback:0";
/// As XEP-0461's own example has it.
const FALLBACK_IN_EXAMPLES: &str = "urn:xmpp:feature-fallback:0";

/// So many parts of a text are taken out; what a peer names besides stays.
const MOST_PARTS: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Fallback;

impl Module for Fallback {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0428",
            title: "Fallback Indication",
            version: "0.2.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[FALLBACK]
    }
}

/// A text, without and only with what is a fallback.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) own: String,
    pub(super) fallback: String,
}

/// The parts of `body` where the message says that some of it stands for what is in the
/// namespace `of`. `None` if nothing is left then: whoever has nothing else to say has said
/// that.
pub(super) fn parts(message: &stanza::Message, of: &str, body: &str) -> Option<Parts> {
    let parts = split(fallback(message, of)?, body);
    let parted = !parts.fallback.is_empty() && !parts.own.trim().is_empty();
    parted.then_some(parts)
}

/// What of `body` doesn't stand for what is in any of the namespaces `of`; often that is
/// nothing.
pub(super) fn own_words(message: &stanza::Message, of: &[&str], body: &str) -> String {
    match of.iter().find_map(|of| fallback(message, of)) {
        None => body.to_owned(),
        // Without a part it is for everything.
        Some(fallback) if fallback.children().next().is_none() => String::new(),
        Some(fallback) => split(fallback, body).own,
    }
}

fn fallback<'a>(message: &'a stanza::Message, of: &str) -> Option<&'a Element> {
    message.payloads.iter().find(|payload| {
        let known =
            payload.is("fallback", FALLBACK) || payload.is("fallback", FALLBACK_IN_EXAMPLES);
        known && payload.attr("for") == Some(of)
    })
}

/// Where the code points from `begin` to `end` are in what doesn't stand for what is in the
/// namespace `of`; `None` if some of them do.
pub(super) fn own_places(
    message: &stanza::Message,
    of: &str,
    begin: u32,
    end: u32,
) -> Option<(u32, u32)> {
    let ranges = ranges(fallback(message, of)?);
    let own = |place: &u32| {
        let within = |(start, end): &(usize, usize)| (*start..*end).contains(&(*place as usize));
        !ranges.iter().any(within)
    };
    let before = (0..begin).filter(own).count() as u32;
    let whole = (begin..end).all(|place| own(&place));
    whole.then_some((before, before + (end - begin)))
}

fn ranges(fallback: &Element) -> Vec<(usize, usize)> {
    let named = |child: &&Element| child.name() == "body" && child.ns() == fallback.ns();
    let parts = fallback.children().filter(named);
    parts.filter_map(range).take(MOST_PARTS).collect()
}

fn split(fallback: &Element, body: &str) -> Parts {
    let ranges = ranges(fallback);
    let mut parts = Parts {
        own: String::new(),
        fallback: String::new(),
    };
    for (place, character) in body.chars().enumerate() {
        let within = |(start, end): &(usize, usize)| (*start..*end).contains(&place);
        match ranges.iter().any(within) {
            true => parts.fallback.push(character),
            false => parts.own.push(character),
        }
    }
    parts
}

/// From which to which code point (XEP-0426). One without an end goes to the end of the text,
/// and what is no number is none.
fn range(part: &Element) -> Option<(usize, usize)> {
    let place = |name: &str, missing: usize| match part.attr(name) {
        None => Some(missing),
        Some(place) => place.trim().parse().ok(),
    };
    Some((place("start", 0)?, place("end", usize::MAX)?))
}

/// Says that the first `length` code points of the text stand for what is in the namespace
/// `of`.
pub(super) fn beginning(of: &str, length: usize) -> Element {
    let body = build("body", FALLBACK)
        .attr("start", "0")
        .attr("end", length.to_string());
    build("fallback", FALLBACK)
        .attr("for", of)
        .children([body.done()])
        .done()
}

/// Says that all of the text stands for that, if nothing else of the message does.
pub(super) fn all_of_text(of: &str) -> Element {
    let body = build("body", FALLBACK).done();
    build("fallback", FALLBACK)
        .attr("for", of)
        .child(body)
        .done()
}

/// Says that the whole message does.
pub(super) fn whole(of: &str) -> Element {
    build("fallback", FALLBACK).attr("for", of).done()
}

/// Whether the message has no text but for those who don't know better.
pub(super) fn is_whole(message: &stanza::Message) -> bool {
    let fallback = message.payload("fallback", FALLBACK);
    fallback.is_some_and(|fallback| fallback.children().next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &str, inner: &str) -> Option<Parts> {
        let xml = format!(
            "<message xmlns='jabber:client'><fallback xmlns='{FALLBACK}' for='x'>{inner}</fallback>\
             </message>"
        );
        let element: Element = xml.parse().unwrap();
        let message = stanza::Message::read(&element).unwrap();
        assert_eq!(parts(&message, "y", body), None, "it is for something else");
        parts(&message, "x", body)
    }

    fn own(body: &str, inner: &str) -> Option<String> {
        split(body, inner).map(|parts| parts.own)
    }

    #[test]
    fn places_are_code_points() {
        let parts = split("> 👨‍👩‍👧 é\nyes", "<body start='0' end='10'/>").unwrap();
        assert_eq!(parts.own, "yes");
        assert_eq!(parts.fallback, "> 👨‍👩‍👧 é\n");
        let two = "<body start='0' end='2'/><body start='4' end='5'/>";
        assert_eq!(own("abcdefg", two).as_deref(), Some("cdfg"));
    }

    #[test]
    fn hostile_places_do_no_harm() {
        for inner in [
            "<body start='-1' end='3'/>",
            "<body start='5' end='2'/>",
            "<body start='7' end='99999999999999999999999'/>",
            "<body start='x'/>",
            "<body start='100' end='200'/>",
            // Nothing would be left.
            "",
            "<body/>",
            "<body start='0' end='4294967296'/>",
            "<body xmlns='other' start='0' end='1'/>",
        ] {
            assert_eq!(own("hello", inner), None, "{inner}");
        }
        let far = "<body start='3' end='18446744073709551615'/>";
        assert_eq!(own("hello", far).as_deref(), Some("hel"));
        let many = "<body start='0' end='1'/>".repeat(50_000);
        assert_eq!(own("hello", &many).as_deref(), Some("ello"));
    }

    #[test]
    fn what_stands_for_a_file_is_not_said() {
        let mut message = stanza::Message::chat("bob@example.org".parse().unwrap());
        assert_eq!(
            own_words(&message, &["x", "y"], "https://a.example"),
            "https://a.example"
        );
        message.payloads.push(all_of_text("y"));
        assert_eq!(own_words(&message, &["x", "y"], "https://a.example"), "");
        assert!(!is_whole(&message), "the message has a file besides");
        message.payloads = vec![beginning("x", 3)];
        assert_eq!(own_words(&message, &["x", "y"], "abcdef"), "def");
        message.payloads = vec![whole("x")];
        assert_eq!(own_words(&message, &["x", "y"], "abcdef"), "");
    }

    #[test]
    fn what_we_say_is_read() {
        let mut message = stanza::Message::chat("bob@example.org".parse().unwrap());
        message.payloads.push(beginning("x", 3));
        assert_eq!(parts(&message, "x", "ab\nc").unwrap().own, "c");
        assert!(!is_whole(&message));
        message.payloads = vec![whole("x")];
        assert!(is_whole(&message));
    }
}
