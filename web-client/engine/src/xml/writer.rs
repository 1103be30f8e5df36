//! An element as text.
//!
//! minidom writes through a library that panics at what XML forbids, which people paste
//! from a terminal, and at names that it doesn't know.

use couplet_shared::escape::{push_text, push_value};
use minidom::{Element, Node};

use super::tree::XML;

/// `element` as text that stands for itself: what it needs is declared in it. Characters
/// that XML forbids are U+FFFD.
pub(super) fn write(element: &Element) -> String {
    let mut out = String::new();
    push_element(element, "", &mut out);
    out
}

/// `outside` is the namespace that a name without a prefix is in already.
fn push_element(element: &Element, outside: &str, out: &mut String) {
    let namespace = element.ns();
    out.push('<');
    out.push_str(element.name());
    if namespace != outside {
        push_attribute("xmlns", &namespace, out);
    }
    let mut prefixed = Vec::new();
    for ((namespace, name), value) in element.attrs() {
        match namespace.as_str() {
            "" => push_attribute(name, value, out),
            XML => push_attribute(&["xml:", name].concat(), value, out),
            other => {
                // They come namespace by namespace.
                if prefixed.last() != Some(&other) {
                    prefixed.push(other);
                    push_attribute(&format!("xmlns:n{}", prefixed.len()), other, out);
                }
                push_attribute(&format!("n{}:{name}", prefixed.len()), value, out);
            }
        }
    }
    let mut nodes = element.nodes().peekable();
    if nodes.peek().is_none() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for node in nodes {
        match node {
            Node::Element(child) => push_element(child, &namespace, out),
            Node::Text(text) => push_text(text, out),
        }
    }
    out.push_str("</");
    out.push_str(element.name());
    out.push('>');
}

fn push_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    push_value(value, out);
    out.push('\'');
}
