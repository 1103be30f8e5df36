//! What an XML stream means, read by a parser that the proxy doesn't use.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rxml::error::EndOrError;
use rxml::{Event, Parse as _, WithOptions as _};

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// An element, whatever prefixes and quotes it was written with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// Namespace and local name.
    pub(super) name: (String, String),
    pub(super) attributes: BTreeMap<(String, String), String>,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn is(&self, local: &str) -> bool {
        self.name.1 == local
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let key = (String::new(), name.to_owned());
        self.attributes.get(&key).map(String::as_str)
    }

    pub(super) fn lang(&self) -> Option<&String> {
        self.attributes.get(&(XML.to_owned(), "lang".to_owned()))
    }

    /// Says the language that was in effect anyway.
    pub(super) fn inherit_lang(&mut self, lang: Option<&String>) {
        if let Some(lang) = lang {
            self.attributes
                .entry((XML.to_owned(), "lang".to_owned()))
                .or_insert_with(|| lang.clone());
        }
    }

    /// Blanks what is different each time: ids that a server makes up, times, and the
    /// order of sets.
    pub(super) fn blank(&mut self) {
        let made_up: &[&str] = match self.name.1.as_str() {
            "stream" | "open" | "enabled" | "result" | "stanza-id" | "archived" => &["id"],
            "resumed" => &["previd"],
            "delay" => &["stamp"],
            _ => &[],
        };
        for name in made_up {
            let key = (String::new(), (*name).to_owned());
            if let Some(value) = self.attributes.get_mut(&key) {
                value.clear();
            }
        }
        if ["first", "last"].contains(&self.name.1.as_str()) {
            self.text.clear();
        }
        if self.is("authorization-identifier") {
            // The resource is the server's to choose (XEP-0386 4).
            self.text = self.text.split('~').next().unwrap_or_default().to_owned();
        }
        for child in &mut self.children {
            child.blank();
        }
        let sets = [
            "authentication",
            "features",
            "inline",
            "mechanisms",
            "query",
            "set",
        ];
        if sets.contains(&self.name.1.as_str()) {
            // Which Prosody tells in another order now and then.
            self.children.sort();
        }
    }
}

/// Reads a stream piece by piece.
pub(super) struct Reader {
    parser: rxml::Parser,
    unread: Vec<u8>,
    /// The elements that are open, the stream's own first.
    open: Vec<Node>,
}

/// What came.
pub(super) enum Token {
    /// The stream's start tag.
    Header(Node),
    Element(Node),
    End,
}

impl Default for Reader {
    fn default() -> Self {
        let options = rxml::Options {
            max_token_length: 1 << 20,
            ..rxml::Options::default()
        };
        Self {
            parser: rxml::Parser::with_options(options),
            unread: Vec::new(),
            open: Vec::new(),
        }
    }
}

impl Reader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// Takes the next token, if what was pushed is enough for one.
    pub(super) fn next(&mut self) -> Result<Option<Token>> {
        loop {
            let mut rest = self.unread.as_slice();
            let parsed = self.parser.parse(&mut rest, false);
            let taken = self.unread.len() - rest.len();
            self.unread.drain(..taken);
            let event = match parsed {
                Ok(Some(event)) => event,
                Ok(None) | Err(EndOrError::NeedMoreData) => return Ok(None),
                Err(EndOrError::Error(error)) => return Err(error).context("not XML"),
            };
            match event {
                Event::XmlDeclaration(..) => {}
                Event::StartElement(_, (namespace, name), attributes) => {
                    let node = Node {
                        name: (namespace.to_string(), name.to_string()),
                        attributes: attributes
                            .iter()
                            .map(|((namespace, name), value)| {
                                ((namespace.to_string(), name.to_string()), value.clone())
                            })
                            .collect(),
                        ..Node::default()
                    };
                    self.open.push(node.clone());
                    if self.open.len() == 1 {
                        return Ok(Some(Token::Header(node)));
                    }
                }
                Event::Text(_, text) => {
                    if let [_, .., inner] = self.open.as_mut_slice() {
                        inner.text.push_str(&text);
                    }
                }
                Event::EndElement(_) => {
                    let node = self.open.pop().context("an end without a beginning")?;
                    match self.open.as_mut_slice() {
                        [] => return Ok(Some(Token::End)),
                        [_] => return Ok(Some(Token::Element(node))),
                        [.., parent] => parent.children.push(node),
                    }
                }
            }
        }
    }
}

/// The element that a WebSocket's message is.
pub(super) fn element(message: &str) -> Result<Node> {
    let mut reader = Reader::default();
    // As the content of something, so that it is read like a stanza.
    reader.push(b"<message>");
    let Some(Token::Header(_)) = reader.next()? else {
        anyhow::bail!("the wrapper is not read");
    };
    reader.push(message.as_bytes());
    match reader.next()? {
        Some(Token::Element(node)) => Ok(node),
        _ => anyhow::bail!("not one element: {message}"),
    }
}
