//! A tree of elements from text that the scanner has passed.
//!
//! minidom reads text with a parser of its own, which checks everything again at a
//! tenth of the scanner's speed, and is 30 KB of code.

use couplet_shared::token::{Attribute, Tag, Token, tokens};
use minidom::Element;
use minidom::rxml::{Namespace, NcName};

/// The namespace that the prefix `xml` always stands for (Namespaces in XML 1.0, 3).
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// In bytes. Every element has its namespace to itself, so a long one that a thousand
/// children share is a thousand long ones.
const LONGEST_NAMESPACE: usize = 1024;

/// The element that `text` is; `None` where it is none after all, or one of a namespace
/// longer than anybody has.
pub(super) fn build(text: &str) -> Option<Element> {
    let mut builder = Builder::default();
    for token in tokens(text) {
        match token {
            Token::Start(tag) => builder.start(&tag)?,
            Token::Text(text) => builder.open.last_mut()?.append_text(text),
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
    /// From the root down, each without what is below in here.
    open: Vec<Element>,
    /// What prefixes stand for, the latest last.
    scope: Vec<(&'a str, String)>,
    /// How long `scope` was before each open element.
    outside: Vec<usize>,
}

impl<'a> Builder<'a> {
    fn start(&mut self, tag: &Tag<'a>) -> Option<()> {
        self.outside.push(self.scope.len());
        for attribute in tag.attributes() {
            if let Attribute::Namespace { prefix, namespace } = attribute {
                if namespace.len() > LONGEST_NAMESPACE {
                    return None;
                }
                self.scope.push((prefix, namespace.into_owned()));
            }
        }
        let (prefix, name) = tag.name();
        let mut element = Element::bare(name, self.namespace(prefix));
        for attribute in tag.attributes() {
            if let Attribute::Value {
                prefix,
                name,
                value,
            } = attribute
            {
                // Without a prefix it is in no namespace (Namespaces in XML 1.0, 6.2).
                let namespace = if prefix.is_empty() {
                    Namespace::NONE
                } else {
                    self.namespace(prefix).to_owned().into()
                };
                element.set_attr(namespace, NcName::try_from(name).ok()?, value.into_owned());
            }
        }
        self.open.push(element);
        Some(())
    }

    /// The whole element, if it is the root that ends.
    fn end(&mut self) -> Option<Option<Element>> {
        self.scope.truncate(self.outside.pop()?);
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.append_child(element);
                Some(None)
            }
            None => Some(Some(element)),
        }
    }

    fn namespace(&self, prefix: &str) -> &str {
        let mut latest = self.scope.iter().rev();
        match latest.find(|(known, _)| *known == prefix) {
            Some((_, namespace)) => namespace,
            None if prefix == "xml" => XML,
            None => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{Frame, parse};
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
        fn the_tree_is_the_one_that_a_parser_makes(text in element()) {
            let expected: Element = text.parse().unwrap();
            let Ok(Frame::Element(built)) = parse(&text) else {
                return Err(TestCaseError::fail("it can't be read"));
            };
            prop_assert_eq!(built, expected);
        }
    }
}
