//! A part of a text, with its links.

use std::ops::Range;

use couplet_engine::foreign::turns_text;
use couplet_engine::store::words;
use yew::prelude::*;

use crate::route::Route;
use crate::uri::{LONGEST, Uri, Wish};

/// Who is named in a text: in which words, and whether that is us.
pub(crate) type Names = Vec<(String, bool)>;

/// The text as nodes: strings, and no more than `left` links and names.
pub(crate) fn body_text(text: &str, names: &Names, left: &mut usize) -> Html {
    let segments = segments(text, left).into_iter();
    let nodes = segments.map(|part| match part {
        Segment::Text(text) if !names.is_empty() => named(text, names, left),
        part => segment(part),
    });
    nodes.collect()
}

/// The text with the names in it.
fn named(text: &str, names: &Names, left: &mut usize) -> Html {
    let mut nodes = Vec::new();
    let mut rest = text;
    while *left > 0 {
        let places = names.iter().filter_map(|(name, us)| {
            let place = words(rest, name).next()?;
            Some((place, *us))
        });
        // Of two that begin together it is the longer one.
        let first = |(place, _): &(Range<usize>, bool)| (place.start, usize::MAX - place.end);
        let Some((place, us)) = places.min_by_key(first) else {
            break;
        };
        *left -= 1;
        let class = if us { "named named--us" } else { "named" };
        nodes.push(html! { { &rest[..place.start] } });
        nodes.push(html! { <bdi {class}>{ &rest[place.clone()] }</bdi> });
        rest = &rest[place.end..];
    }
    nodes.push(html! { { rest } });
    nodes.into_iter().collect()
}

/// `text`, which leads to `uri` if all of that is a link.
pub(crate) fn link_to(uri: &str, text: &str) -> Html {
    match segments(uri, &mut 1).as_slice() {
        [Segment::Away(link)] if *link == uri => html! {
            <a href={uri.to_owned()} target="_blank" rel="noopener noreferrer nofollow">{ text }</a>
        },
        _ => html! { { text } },
    }
}

/// An address is read from left to right whatever is around it: nothing that turns the text
/// there may turn one address into another.
fn segment(segment: Segment<'_>) -> Html {
    match segment {
        Segment::Text(text) => html! { { text } },
        Segment::Away(url) => html! {
            <a href={url.to_owned()} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
                { url }
            </a>
        },
        Segment::Here(uri, route) => html! { <a href={route.href()} dir="ltr">{ uri }</a> },
    }
}

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Segment<'a> {
    Text(&'a str),
    /// Something for the browser: a page, a place on the earth, a letter, a call.
    Away(&'a str),
    /// `xmpp:`, which is a conversation or a room of ours (RFC 5122).
    Here(&'a str, Route),
}

fn segments<'a>(text: &'a str, left: &mut usize) -> Vec<Segment<'a>> {
    let mut segments = Vec::new();
    // `text[done..]` is still to be split, `text[from..]` still to be searched.
    let (mut done, mut from) = (0, 0);
    while *left > 0
        && let Some((start, scheme)) = next_scheme(text, from)
    {
        // What turns out to be none took time, too.
        *left -= 1;
        let end = start + link_length(&text[start..]);
        let link = &text[start..end];
        let segment = match scheme {
            _ if !starts_a_word(&text[done..start]) || link.len() == scheme.len() => None,
            "xmpp:" => place(link).map(|route| Segment::Here(link, route)),
            "geo:" | "tel:" | "mailto:" => leads_somewhere(link).then_some(Segment::Away(link)),
            _ => Some(Segment::Away(link)),
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

/// Those that may surround a link, and be part of one.
const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// What is a link; any other scheme, such as that of a script, is text.
const SCHEMES: [&str; 6] = ["https://", "http://", "xmpp:", "mailto:", "geo:", "tel:"];

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

/// Whether it is not seen, and has a say in which direction what is around it runs (UAX 9 2).
fn is_directional(character: char) -> bool {
    turns_text(character) || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Up to white space or a quote; without the punctuation that ends the sentence
/// around it, and without a bracket that was opened before it.
fn link_length(text: &str) -> usize {
    let stops = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || is_directional(character)
            || "<>\"“”„«»「」『』，。、！？；：（）".contains(character)
    };
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut link = &text[..text.find(stops).unwrap_or(text.len())];
    // How many more of each are closed than were opened.
    let mut surplus = BRACKETS.map(|(opening, closing)| {
        let count = |wanted| link.matches(wanted).count();
        count(closing).saturating_sub(count(opening))
    });
    while let Some(last) = link.chars().next_back() {
        let bracket = BRACKETS.iter().position(|(_, closing)| *closing == last);
        match (last, bracket) {
            (_, Some(place)) if surplus[place] > 0 => surplus[place] -= 1,
            ('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…' | '’', _) => {}
            _ => break,
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

/// Where `xmpp:user@example.org?roster` and `xmpp:room@example.org?join` lead.
fn place(uri: &str) -> Option<Route> {
    let Uri { jid, wish } = Uri::parse(uri)?;
    Some(match wish {
        Wish::Talk => Route::Chat(jid),
        Wish::Write(_) | Wish::Add(_) | Wish::Join => Route::Open(uri.to_owned()),
    })
}

/// Whether there is something of `geo:48.2,16.4` (RFC 5870), `tel:+43` (RFC 3966) or
/// `mailto:a@b` (RFC 6068) behind the scheme.
fn leads_somewhere(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let first = rest.chars().next();
    let number = |first: char| first.is_ascii_digit() || matches!(first, '+' | '-');
    match scheme.len() {
        // `mailto`
        6 => rest.contains('@'),
        _ => first.is_some_and(number),
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, Segment, segments};
    use jid::BareJid;

    fn links(text: &str) -> Vec<&str> {
        segments(text, &mut 100)
            .into_iter()
            .filter_map(|segment| match segment {
                Segment::Text(_) => None,
                Segment::Away(link) | Segment::Here(link, _) => Some(link),
            })
            .collect()
    }

    #[test]
    fn nothing_is_lost_between_links() {
        let text = "see https://a.example/x, then http://b.example. Bye";
        let joined: String = segments(text, &mut 100)
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) | Segment::Away(text) | Segment::Here(text, _) => *text,
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
    fn what_turns_text_around_is_in_no_link() {
        let turns = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\
                     \u{2068}\u{2069}";
        for character in turns.chars() {
            let text = format!("{character}https://evil.example/{character}moc.knab//:sptth");
            assert_eq!(links(&text), ["https://evil.example/"], "{character:?}");
            assert!(links(&format!("https://{character}a.example")).is_empty());
            assert_eq!(
                links(&format!("mailto:a@b.example{character}moc")),
                ["mailto:a@b.example"]
            );
        }
    }

    #[test]
    fn other_schemes_stay_text() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "xhttps://a",
            "https://",
            "http:/a",
            "vbscript:x",
            "file:///etc/passwd",
            "mailto:nobody",
            "geo:here",
            "tel:me",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_person_is_a_conversation() {
        let found = segments("ask xmpp:bob@example.org?message", &mut 100);
        let leads_to = |uri: &str, route: Route| {
            assert!(
                matches!(&segments(uri, &mut 100)[..], [Segment::Here(_, found)] if *found == route)
            );
        };
        let jid: BareJid = "bob@example.org".parse().unwrap();
        assert!(matches!(&found[1], Segment::Here(_, Route::Chat(chat)) if *chat == jid));
        leads_to("xmpp:bob@example.org?remove", Route::Chat(jid));
        for uri in [
            "XMPP:bob%40example.org?join;password=x",
            "xmpp:bob@example.org?roster;name=Bob",
            "xmpp:bob@example.org?message;body=hello",
        ] {
            leads_to(uri, Route::Open(uri.to_owned()));
        }
        assert!(
            links("xmpp:example.org").is_empty(),
            "a server is nobody to talk with"
        );
        assert!(links("xmpp:@@").is_empty());
    }

    #[test]
    fn places_letters_and_calls_are_links() {
        for text in ["geo:48.2010,16.3695", "mailto:a@b.example", "tel:+43-1-234"] {
            assert_eq!(links(text), [text]);
        }
    }

    #[test]
    fn hostile_text_is_split_in_no_time() {
        for piece in ["xmpp:@", "https://a ", ")", "xmpp:a@b", "http:", "mailto:"] {
            let text = ["https://a/", &piece.repeat(1_000_000 / piece.len())].concat();
            let mut left = 400;
            assert!(segments(&text, &mut left).len() <= 801);
        }
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
            segments(text, &mut 100);
        }
    }
}
