//! An element that the scanner has passed, token by token.
//!
//! For whoever builds a tree: [`parse_frame`](crate::framing::parse_frame) has made
//! sure that the text is one balanced element with declared prefixes, so nothing is
//! checked again. Other input gives odd tokens, never a panic.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memmem;

use crate::element::{StartTag, declared_prefix, split_name};
use crate::escape::{unescape_attribute, unescape_text};

/// A part of an element.
#[derive(Debug)]
pub enum Token<'a> {
    /// A start tag. An empty-element tag is followed by an [`End`](Self::End) too.
    Start(Tag<'a>),
    /// Character data, references replaced.
    Text(Cow<'a, str>),
    /// The end of the element that was started last.
    End,
}

/// A start tag.
#[derive(Debug)]
pub struct Tag<'a>(StartTag<'a>);

/// An attribute that declares no namespace.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The prefix, empty if there is none.
    pub prefix: &'a str,
    /// The local part of the name.
    pub name: &'a str,
    /// The value, references replaced.
    pub value: Cow<'a, str>,
}

impl<'a> Tag<'a> {
    /// The prefix, empty if there is none, and the local part of the name.
    pub fn name(&self) -> (&'a str, &'a str) {
        self.0.split_name()
    }

    /// What prefixes (empty: no prefix) stand for from this tag on.
    pub fn namespaces(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.0.attributes().filter_map(|(name, value)| {
            let prefix = declared_prefix(name)?;
            Some((prefix, unescape_attribute(value)))
        })
    }

    /// What else is in the tag, in its order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        let all = self.0.attributes();
        let values = all.filter(|(name, _)| declared_prefix(name).is_none());
        values.map(|(name, value)| {
            let (prefix, name) = split_name(name);
            Attribute {
                prefix,
                name,
                value: unescape_attribute(value),
            }
        })
    }
}

/// The tokens of an element.
#[derive(Debug)]
pub struct Tokens<'a> {
    rest: &'a str,
    /// Whether the tag before was an empty-element tag, whose end is due.
    empty: bool,
}

/// The tokens of the element that `text` is.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens {
        rest: text,
        empty: false,
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if std::mem::take(&mut self.empty) {
            return Some(Token::End);
        }
        if let Some(data) = self.rest.strip_prefix("<![CDATA[") {
            let end = memmem::find(data.as_bytes(), b"]]>")?;
            self.rest = &data[end + 3..];
            // No references in there, but line ends.
            return Some(Token::Text(line_ends(&data[..end])));
        }
        if self.rest.starts_with("</") {
            let end = memchr(b'>', self.rest.as_bytes())?;
            self.rest = &self.rest[end + 1..];
            return Some(Token::End);
        }
        if self.rest.starts_with('<') {
            let tag = StartTag::read(self.rest)?;
            self.rest = &self.rest[tag.len..];
            self.empty = tag.empty;
            return Some(Token::Start(Tag(tag)));
        }
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Token::Text(unescape_text(text)))
    }
}

/// XML 1.0 2.11
fn line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        for token in tokens(text) {
            match token {
                Token::Start(tag) => {
                    out += &format!("({:?}", tag.name());
                    for (prefix, namespace) in tag.namespaces() {
                        out += &format!(" {prefix}->{namespace}");
                    }
                    for Attribute {
                        prefix,
                        name,
                        value,
                    } in tag.attributes()
                    {
                        out += &format!(" {prefix}:{name}={value}");
                    }
                }
                Token::Text(text) => out += &format!(" {text:?}"),
                Token::End => out.push(')'),
            }
        }
        out
    }

    #[test]
    fn tags_text_and_ends() {
        assert_eq!(
            written("<a xmlns='x' xmlns:p='y' p:b='&lt;'>1<p:c/>&amp;<![CDATA[<&amp;>]]></a>"),
            r#"(("", "a") ->x p->y p:b=< "1"(("p", "c")) "&" "<&amp;>")"#
        );
    }

    #[test]
    fn line_ends_are_one_character() {
        assert_eq!(
            written("<a>1\r\n2\r3<![CDATA[\r\n\r]]>&#13;</a>"),
            r#"(("", "a") "1\n2\n3" "\n\n" "\r")"#
        );
    }

    #[test]
    fn anything_else_is_no_panic() {
        for text in ["", "<", "</", "<a", "x", "<![CDATA[", "<a b='", "é<é"] {
            let _ = written(text);
        }
    }
}
