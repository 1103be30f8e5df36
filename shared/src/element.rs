//! Reading elements that the scanner has passed: start tags, attributes and
//! children as slices of the text, without a tree.
//!
//! The input is known to be well-formed. Other input gives fewer results, or odd
//! ones, never a panic.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::escape::unescape_attribute;
use crate::scanner::tag_end;

/// A start tag, or an empty-element tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StartTag<'a> {
    /// The qualified name.
    pub(crate) name: &'a str,
    /// What is between the name and the end of the tag.
    attributes: &'a str,
    /// Bytes of the whole tag.
    pub(crate) len: usize,
    /// It is an empty-element tag.
    pub(crate) empty: bool,
}

impl<'a> StartTag<'a> {
    /// The tag that `text` starts with.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix('<')?;
        let len = 1 + tag_end(inside.as_bytes())?;
        let inside = &text[1..len - 1];
        let (inside, empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let name_len = inside.bytes().position(is_space).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_len);
        Some(Self {
            name,
            attributes,
            len,
            empty,
        })
    }

    /// Names and values as they are written.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let equals = memchr(b'=', rest.as_bytes())?;
            let name = rest[..equals].trim_ascii();
            let quoted = rest[equals + 1..].trim_ascii_start();
            let quote = *quoted.as_bytes().first()?;
            let value = quoted.get(1..)?;
            let value_len = memchr(quote, value.as_bytes())?;
            rest = value.get(value_len + 1..)?;
            Some((name, value.get(..value_len)?))
        })
    }

    /// Where in the tag the attribute with this qualified name is, the white space
    /// in front of it included.
    pub(crate) fn attribute_range(&self, name: &str) -> Option<Range<usize>> {
        let mut start = 1 + self.name.len();
        for (other, value) in self.attributes() {
            let written = self.attributes.get(start - 1 - self.name.len()..)?;
            let equals = memchr(b'=', written.as_bytes())? + 1;
            let quote = written.len() - written[equals..].trim_ascii_start().len();
            let end = start + quote + 1 + value.len() + 1;
            if other == name {
                return Some(start..end);
            }
            start = end;
        }
        None
    }

    /// The value of the attribute with this qualified name.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.attributes().find(|(other, _)| *other == name)?;
        Some(unescape_attribute(value))
    }

    /// The prefix, empty if there is none, and the local part of the name.
    pub(crate) fn split_name(&self) -> (&'a str, &'a str) {
        split_name(self.name)
    }

    /// The namespace that this tag itself declares for a prefix; the empty prefix
    /// asks for the default namespace.
    pub(crate) fn declared(&self, prefix: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self
            .attributes()
            .find(|(name, _)| declared_prefix(name) == Some(prefix))?;
        Some(unescape_attribute(value))
    }
}

/// The prefix of a qualified name, empty if there is none, and its local part.
pub(crate) fn split_name(name: &str) -> (&str, &str) {
    match memchr(b':', name.as_bytes()) {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}

/// The prefix that an attribute of this name declares; empty for the default
/// namespace.
pub(crate) fn declared_prefix(attribute: &str) -> Option<&str> {
    let rest = attribute.strip_prefix("xmlns")?;
    if rest.is_empty() {
        Some("")
    } else {
        rest.strip_prefix(':')
    }
}

/// Says if the tag's element is `local` in `namespace`. `ancestors` are the start
/// tags around it, innermost first.
pub(crate) fn is_element(
    tag: &StartTag<'_>,
    ancestors: &[&StartTag<'_>],
    local: &str,
    namespace: &str,
) -> bool {
    let (prefix, name) = tag.split_name();
    let declared = || {
        std::iter::once(tag)
            .chain(ancestors.iter().copied())
            .find_map(|tag| tag.declared(prefix))
    };
    name == local && declared().is_some_and(|declared| declared == namespace)
}

/// An element inside another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child<'a> {
    pub(crate) tag: StartTag<'a>,
    /// Where it starts in the text that it was found in.
    pub(crate) at: usize,
    /// Its bytes, from its start tag to its end tag.
    pub(crate) text: &'a str,
}

/// The child elements of the element that `text` is.
pub(crate) fn children(text: &str) -> impl Iterator<Item = Child<'_>> {
    let mut at = StartTag::read(text).map_or(text.len(), |tag| tag.len);
    std::iter::from_fn(move || {
        let mut child: Option<(usize, StartTag<'_>)> = None;
        let mut depth = 0_usize;
        loop {
            at += memchr(b'<', text.get(at..)?.as_bytes())?;
            let rest = &text[at..];
            if rest.starts_with("<![CDATA[") {
                at += memmem::find(rest.as_bytes(), b"]]>")? + 3;
                continue;
            }
            if rest.starts_with("</") {
                depth = depth.checked_sub(1)?;
                at += memchr(b'>', rest.as_bytes())? + 1;
            } else {
                let tag = StartTag::read(rest)?;
                child.get_or_insert((at, tag));
                depth += usize::from(!tag.empty);
                at += tag.len;
            }
            if let (0, Some((start, tag))) = (depth, child) {
                return Some(Child {
                    tag,
                    at: start,
                    text: &text[start..at],
                });
            }
        }
    })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_tag_in_parts() {
        let tag = StartTag::read("<p:a b='1>' \n c = \"&lt;'/>\"/><d/>").unwrap();
        assert_eq!((tag.name, tag.len, tag.empty), ("p:a", 29, true));
        assert_eq!(tag.split_name(), ("p", "a"));
        assert!(tag.attributes().eq([("b", "1>"), ("c", "&lt;'/>")]));
        assert_eq!(tag.attribute("c").as_deref(), Some("<'/>"));
        assert_eq!(tag.attribute("a"), None);
        assert_eq!(tag.attribute_range("b"), Some(4..11));
        assert_eq!(tag.attribute_range("c"), Some(11..27));
        assert_eq!(tag.attribute_range("a"), None);
    }

    #[test]
    fn names_are_resolved_from_inside_out() {
        let outer = StartTag::read("<a xmlns='x' xmlns:p='y'>").unwrap();
        let inner = StartTag::read("<b xmlns='&#122;'>").unwrap();
        assert!(is_element(&inner, &[&outer], "b", "z"));
        assert!(!is_element(&inner, &[&outer], "b", "x"));
        let prefixed = StartTag::read("<p:c/>").unwrap();
        assert!(is_element(&prefixed, &[&inner, &outer], "c", "y"));
        assert!(!is_element(&prefixed, &[], "c", "y"));
    }

    #[test]
    fn children_are_found_between_text() {
        let text = "<a x='<'> <b>1<b/><![CDATA[</b>]]></b>2<![CDATA[<]]><d e='/>'/ ></d></a>";
        let found: Vec<_> = children(text).map(|child| (child.at, child.text)).collect();
        let expected = ["<b>1<b/><![CDATA[</b>]]></b>", "<d e='/>'/ ></d>"];
        assert_eq!(
            found,
            expected.map(|child| (text.find(child).unwrap(), child))
        );
        assert_eq!(children("<a/>").count(), 0);
        assert_eq!(children("<a><b>").count(), 0);
    }

    #[test]
    fn anything_else_is_no_panic() {
        for text in [
            "",
            "<",
            "<>",
            "</>",
            "<é=",
            "<a b=>",
            "<a b=é c='>",
            "<a>é</a></b>",
            "<a b='",
        ] {
            let _ = children(text).count();
            let _ = StartTag::read(text).map(|tag| tag.attributes().count());
        }
    }
}
