//! A tree of elements from text that the scanner has passed.
//!
//! minidom reads text with a parser of its own, which checks everything again at a
//! tenth of the scanner's speed, and is 30 KB of code.

use std::borrow::Cow;

use couplet_shared::token::{Attribute, Tag, Token, tokens};
use minidom::Element;
use minidom::rxml::NcName;

/// The namespace that the prefix `xml` always stands for (Namespaces in XML 1.0, 3).
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// In bytes. Every element has its namespace to itself, so a long one that a thousand
/// children share is a thousand long ones.
const LONGEST_NAMESPACE: usize = 256;

/// The element that `text` is; `None` where it is none after all. What is in a namespace
/// longer than anybody has is left out.
pub(super) fn build(text: &str) -> Option<Element> {
    let mut builder = Builder::default();
    for token in tokens(text) {
        match token {
            Token::Start(tag) => builder.start(&tag),
            Token::Text(text) => builder.text(text),
            Token::End => {
                if let Some(whole) = builder.end()? {
                    return Some(whole);
                }
            }
        }
    }
    None
}

#[derive(Default)]
struct Builder<'a> {
    /// From the root down, each without what is below in here; `None` is left out, and so is
    /// all below.
    open: Vec<Option<Element>>,
    /// What prefixes stand for, the latest last.
    scope: Vec<(&'a str, Cow<'a, str>)>,
    /// How long `scope` was before each open element.
    outside: Vec<usize>,
}

impl<'a> Builder<'a> {
    fn start(&mut self, tag: &Tag<'a>) {
        self.outside.push(self.scope.len());
        if matches!(self.open.last(), Some(None)) {
            self.open.push(None);
            return;
        }
        self.scope.extend(tag.namespaces());
        let element = self.element(tag);
        self.open.push(element);
    }

    fn element(&self, tag: &Tag<'a>) -> Option<Element> {
        let (prefix, name) = tag.name();
        let mut element = Element::bare(name, self.namespace(prefix)?);
        for Attribute {
            prefix,
            name,
            value,
        } in tag.attributes()
        {
            // Without a prefix it is in no namespace (Namespaces in XML 1.0, 6.2).
            let namespace = if prefix.is_empty() {
                Some("")
            } else {
                self.namespace(prefix)
            };
            // minidom knows fewer names than XML has.
            if let (Some(namespace), Ok(name)) = (namespace, NcName::try_from(name)) {
                element.set_attr(namespace.to_owned().into(), name, value.into_owned());
            }
        }
        Some(element)
    }

    fn text(&mut self, text: Cow<'a, str>) {
        if let Some(Some(element)) = self.open.last_mut() {
            element.append_text(text);
        }
    }

    /// The whole element, if it is the root that ends.
    fn end(&mut self) -> Option<Option<Element>> {
        self.scope.truncate(self.outside.pop()?);
        let element = self.open.pop()?;
        let Some(parent) = self.open.last_mut() else {
            return element.map(Some);
        };
        if let (Some(parent), Some(element)) = (parent, element) {
            parent.append_child(element);
        }
        Some(None)
    }

    /// What `prefix` stands for; `None` for what is too long.
    fn namespace(&self, prefix: &str) -> Option<&str> {
        let mut latest = self.scope.iter().rev();
        match latest.find(|(known, _)| *known == prefix) {
            Some((_, namespace)) => (namespace.len() <= LONGEST_NAMESPACE).then_some(namespace),
            None if prefix == "xml" => Some(XML),
            None => Some(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{Frame, parse, write};
    use super::*;

    const PREFIXES: [&str; 3] = ["", "p:", "q:"];
    const NAMES: [&str; 4] = ["a", "b", "message", "é-1.x"];
    const TEXTS: [&str; 8] = [
        "",
        "text",
        " \n\t",
        "&amp;&lt;&#x1F600;",
        "<![CDATA[<a>&amp;]]]]>",
        "中\r\n文\r",
        "]]&gt;",
        "&#13;&#10;",
    ];
    const VALUES: [&str; 5] = ["''", "\"1 > '2'\"", "'a&quot;&#9;b'", "'\n \r\n'", "'中'"];

    /// A well-formed element whose root declares all prefixes.
    fn element() -> impl Strategy<Value = String> {
        let leaf = (0..TEXTS.len()).prop_map(|text| TEXTS[text].to_owned());
        let inside = leaf.prop_recursive(5, 40, 4, |inside| {
            (
                0..PREFIXES.len(),
                0..NAMES.len(),
                vec((0..4_usize, 0..VALUES.len()), 0..3),
                any::<bool>(),
                vec(inside, 0..4),
            )
                .prop_map(|(prefix, name, attributes, redeclares, inside)| {
                    tag(
                        PREFIXES[prefix],
                        NAMES[name],
                        &attributes,
                        redeclares,
                        &inside.concat(),
                    )
                })
        });
        inside.prop_map(|inside| {
            format!("<a xmlns='d' xmlns:p='x' xmlns:q='y&amp;' xml:lang='en'>{inside}</a>")
        })
    }

    fn tag(
        prefix: &str,
        name: &str,
        attributes: &[(usize, usize)],
        redeclares: bool,
        inside: &str,
    ) -> String {
        let mut start = format!("<{prefix}{name}");
        let mut used = Vec::new();
        for (attribute, value) in attributes {
            let attribute = ["id", "p:id", "q:other", "xml:lang"][*attribute];
            if !used.contains(&attribute) {
                used.push(attribute);
                start += &format!(" {attribute}={}", VALUES[*value]);
            }
        }
        if redeclares {
            start += " xmlns='e' xmlns:p='z'";
        }
        if inside.is_empty() {
            format!("{start} />")
        } else {
            format!("{start}>{inside}</{prefix}{name} >")
        }
    }

    proptest! {
        #[test]
        fn the_tree_is_the_one_that_a_parser_makes_and_is_written_as_it_is(text in element()) {
            let expected: Element = text.parse().unwrap();
            let Ok(Frame::Element(built)) = parse(&text) else {
                return Err(TestCaseError::fail("it can't be read"));
            };
            prop_assert_eq!(&built, &expected);
            let Ok(Frame::Element(again)) = parse(&write(&built)) else {
                return Err(TestCaseError::fail("what is written can't be read"));
            };
            prop_assert_eq!(again, expected);
        }
    }
}
