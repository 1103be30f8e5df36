//! XEP-0461 Message Replies 0.3.0: which message is answered.

use super::xep0428_fallback;
use crate::module::{Module, Specification};
use crate::stanza;
use crate::store::Reply;
use crate::xml::build;

const REPLY: &str = "urn:xmpp:reply:0";

/// What is kept of a quotation, in bytes: a few lines are shown.
const LONGEST_QUOTE: usize = 1_000;
/// The longest id.
const LONGEST_ID: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Replies;

impl Module for Replies {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0461",
            title: "Message Replies",
            version: "0.3.0",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[REPLY]
    }
}

/// Which message this one answers, if it does, and what it says to that. `body` is all of its
/// text.
pub(super) fn read(message: &stanza::Message, body: String) -> (Option<Reply>, String) {
    let element = message.payload("reply", REPLY);
    let id = element.and_then(|reply| reply.attr("id"));
    let (Some(element), Some(id)) = (element, id) else {
        return (None, body);
    };
    if id.is_empty() || id.len() > LONGEST_ID {
        return (None, body);
    }
    let parts = xep0428_fallback::parts(message, REPLY, &body);
    let (quote, body) = match parts {
        Some(parts) => (unquoted(&parts.fallback), parts.own),
        None => (String::new(), body),
    };
    let reply = Reply {
        id: id.to_owned(),
        to: element.attr("to").and_then(|to| to.parse().ok()),
        quote,
    };
    (Some(reply), body)
}

/// Has the stanza say that it answers, and returns the whole text: the quotation goes
/// before what is said, for those who don't know replies (XEP-0461 3.1).
pub(super) fn say(stanza: &mut stanza::Message, reply: &Reply, body: &str) -> String {
    let element = build("reply", REPLY)
        .attr("to", reply.to.as_ref().map(ToString::to_string))
        .attr("id", reply.id.as_str());
    stanza.payloads.push(element.done());
    if reply.quote.is_empty() {
        return body.to_owned();
    }
    let mut text = String::new();
    for line in reply.quote.lines() {
        text.push_str("> ");
        text.push_str(line);
        text.push('\n');
    }
    let fallback = xep0428_fallback::beginning(REPLY, text.chars().count());
    stanza.payloads.push(fallback);
    text + body
}

/// Where these code points of the whole text are in what the message says to that; `None` if
/// they are quoted.
pub(crate) fn own(message: &stanza::Message, begin: u32, end: u32) -> Option<(u32, u32)> {
    xep0428_fallback::own_places(message, REPLY, begin, end)
}

/// Without the marks of a quotation (XEP-0393 5.1.3), and no longer than is shown.
fn unquoted(fallback: &str) -> String {
    let mut text = String::new();
    for line in fallback.trim().lines() {
        let line = line.strip_prefix('>').unwrap_or(line);
        let line = line.strip_prefix(' ').unwrap_or(line);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
        if text.len() > LONGEST_QUOTE {
            text.truncate(text.floor_char_boundary(LONGEST_QUOTE));
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_say_is_read() {
        let reply = Reply {
            id: "message-id1".to_owned(),
            to: Some("anna@example.com/tablet".parse().unwrap()),
            quote: "Anna:\nWe should bake a 🎂".to_owned(),
        };
        let mut message = stanza::Message::chat("anna@example.com".parse().unwrap());
        let text = say(&mut message, &reply, "Great idea!");
        assert_eq!(text, "> Anna:\n> We should bake a 🎂\nGreat idea!");
        assert_eq!(
            read(&message, text),
            (Some(reply), "Great idea!".to_owned())
        );
    }

    #[test]
    fn a_quotation_is_cut_where_nobody_looks() {
        let long = unquoted(&"> né\n".repeat(10_000));
        assert!(long.starts_with("né\nné") && long.len() <= LONGEST_QUOTE);
        assert!(unquoted(&"é".repeat(10_000)).len() <= LONGEST_QUOTE);
        assert_eq!(unquoted(">> a\n>b\nc"), "> a\nb\nc");
    }
}
