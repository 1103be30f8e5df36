//! The text of a message, with its links. Never HTML: what a peer writes is text.

use std::str::FromStr;

use jid::BareJid;
use yew::prelude::*;

use crate::route::Route;

/// The text as nodes: strings and links.
pub(crate) fn body_text(text: &str) -> Html {
    segments(text).into_iter().map(segment).collect()
}

fn segment(segment: Segment<'_>) -> Html {
    match segment {
        Segment::Text(text) => html! { { text } },
        Segment::Web(url) => html! {
            <a href={url.to_owned()} target="_blank" rel="noopener noreferrer nofollow">{ url }</a>
        },
        Segment::Person(uri, jid) => html! { <a href={Route::Chat(jid).href()}>{ uri }</a> },
    }
}

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Segment<'a> {
    Text(&'a str),
    /// `http:` or `https:`.
    Web(&'a str),
    /// `xmpp:`, which is a conversation of ours (RFC 5122).
    Person(&'a str, BareJid),
}

fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    // `text[done..]` is still to be split, `text[from..]` still to be searched.
    let (mut done, mut from) = (0, 0);
    while let Some((start, scheme)) = next_scheme(text, from) {
        let end = start + link_length(&text[start..]);
        let link = &text[start..end];
        let segment = match scheme {
            _ if !starts_a_word(&text[done..start]) || link.len() == scheme.len() => None,
            "xmpp:" => person(link).map(|jid| Segment::Person(link, jid)),
            _ => Some(Segment::Web(link)),
        };
        from = match segment {
            Some(segment) => {
                if done < start {
                    segments.push(Segment::Text(&text[done..start]));
                }
                segments.push(segment);
                done = end;
                end
            }
            None => start + scheme.len(),
        };
    }
    if done < text.len() {
        segments.push(Segment::Text(&text[done..]));
    }
    segments
}

const SCHEMES: [&str; 3] = ["https://", "http://", "xmpp:"];

fn next_scheme(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|start| {
        let scheme = SCHEMES.into_iter().find(|scheme| {
            bytes[start..]
                .get(..scheme.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(scheme.as_bytes()))
        })?;
        Some((start, scheme))
    })
}

/// A scheme in the middle of a word isn't one.
fn starts_a_word(before: &str) -> bool {
    !before.ends_with(|character: char| character.is_ascii_alphanumeric() || character == '_')
}

/// Up to white space or a quote; without the punctuation that ends the sentence
/// around it, and without a bracket that was opened before it.
fn link_length(text: &str) -> usize {
    let stops = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || "<>\"“”„«»「」『』，。、！？；：（）".contains(character)
    };
    let mut link = &text[..text.find(stops).unwrap_or(text.len())];
    while let Some(last) = link.chars().next_back() {
        let opening = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…' | '’' => None,
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => break,
        };
        let count = |wanted| {
            link.chars()
                .filter(|character| *character == wanted)
                .count()
        };
        if opening.is_some_and(|opening| count(opening) >= count(last)) {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

/// The address of `xmpp:user@example.org?message`.
fn person(uri: &str) -> Option<BareJid> {
    let path = uri.get("xmpp:".len()..)?.trim_start_matches('/');
    let address = path.split(['?', '#', '/', ';']).next()?;
    BareJid::from_str(address)
        .ok()
        .filter(|jid| jid.node().is_some())
}

#[cfg(test)]
mod tests {
    use super::{Segment, segments};

    fn links(text: &str) -> Vec<&str> {
        segments(text)
            .into_iter()
            .filter_map(|segment| match segment {
                Segment::Text(_) => None,
                Segment::Web(link) | Segment::Person(link, _) => Some(link),
            })
            .collect()
    }

    #[test]
    fn nothing_is_lost_between_links() {
        let text = "see https://a.example/x, then http://b.example. Bye";
        let joined: String = segments(text)
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) | Segment::Web(text) | Segment::Person(text, _) => *text,
            })
            .collect();
        assert_eq!(joined, text);
        assert_eq!(links(text), ["https://a.example/x", "http://b.example"]);
    }

    #[test]
    fn the_sentence_around_a_link_is_not_part_of_it() {
        assert_eq!(links("(https://a.example/b)."), ["https://a.example/b"]);
        assert_eq!(
            links("https://a.example/b_(c)"),
            ["https://a.example/b_(c)"]
        );
        assert_eq!(
            links("“https://a.example/?q=1!”"),
            ["https://a.example/?q=1"]
        );
        assert_eq!(
            links("看https://a.example/林美。好"),
            ["https://a.example/林美"]
        );
        assert_eq!(links("HTTPS://A.EXAMPLE"), ["HTTPS://A.EXAMPLE"]);
    }

    #[test]
    fn other_schemes_stay_text() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "xhttps://a",
            "https://",
            "http:/a",
            "mailto:a@b",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_person_is_a_conversation() {
        let found = segments("ask xmpp:bob@example.org?message");
        assert!(matches!(&found[1], Segment::Person(_, jid) if jid.as_str() == "bob@example.org"));
        assert!(
            links("xmpp:example.org").is_empty(),
            "a server is nobody to talk with"
        );
        assert!(links("xmpp:@@").is_empty());
    }

    #[test]
    fn any_text_splits_without_panic() {
        for text in [
            "",
            "h",
            "http",
            "https://\u{301}",
            "🙂https://🙂",
            "xmpp:🙂@🙂",
            "https://a)))",
        ] {
            segments(text);
        }
    }
}
