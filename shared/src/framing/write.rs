//! From headers and elements to text. All of these append, so that a buffer can be
//! used again.

use super::{OpenAttributes, StreamHeader};
use crate::element::StartTag;
use crate::escape::push_value;
use crate::ns;

/// Appends the XML declaration and the `<stream:stream>` towards the backend that
/// an `<open/>` stands for, all attributes carried (RFC 7395 3.4).
pub fn write_stream_header(open: &OpenAttributes, out: &mut String) {
    out.push_str("<?xml version='1.0'?><stream:stream");
    push_attribute("xmlns", ns::CLIENT, out);
    push_attribute("xmlns:stream", ns::STREAMS, out);
    push_open_attributes(
        [&open.from, &open.to, &open.id, &open.version, &open.lang],
        out,
    );
    out.push('>');
}

/// Appends the `<open/>` that a stream header stands for, all attributes carried
/// (RFC 7395 3.4).
///
/// Strophe and Converse look at the text: it starts with `<open `, and the
/// attributes have quotation marks.
pub fn write_open(header: &StreamHeader, out: &mut String) {
    out.push_str("<open");
    push_attribute("xmlns", ns::FRAMING, out);
    let StreamHeader {
        from,
        to,
        id,
        version,
        lang,
        ..
    } = header;
    push_open_attributes([from, to, id, version, lang], out);
    out.push_str(" />");
}

/// Appends a `<close/>` that sends the client elsewhere (RFC 7395 3.6.1).
pub fn write_close(see_other_uri: &str, out: &mut String) {
    out.push_str("<close");
    push_attribute("xmlns", ns::FRAMING, out);
    push_attribute("see-other-uri", see_other_uri, out);
    out.push_str(" />");
}

/// Appends a top-level element of a stream as a message of its own: its start tag
/// gains the declarations that it takes from the stream header (RFC 7395 3.3.3),
/// every other byte is untouched.
///
/// Gained are the default namespace, the prefixes that are written anywhere in the
/// element, and `xml:lang`, each unless the start tag has it. A prefix counts as
/// written wherever a name could start with it: looking for the colons costs a
/// fraction of the scan, and a declaration too many, for what only looks like a
/// name, harms nobody.
pub fn write_element(header: &StreamHeader, element: &str, out: &mut String) {
    let Some(tag) = StartTag::read(element) else {
        out.push_str(element);
        return;
    };
    let (mut has_namespace, mut has_lang) = (false, false);
    for (name, _) in tag.attributes() {
        has_namespace |= name == "xmlns";
        has_lang |= name == "xml:lang";
    }
    let (start, rest) = element.split_at(1 + tag.name.len());
    out.reserve(element.len() + DECLARATIONS);
    out.push_str(start);
    for (prefix, namespace) in &header.namespaces {
        if prefix.is_empty() {
            if !has_namespace {
                push_attribute("xmlns", namespace, out);
            }
        } else if is_written(prefix, element) && tag.declared(prefix).is_none() {
            out.push_str(" xmlns:");
            out.push_str(prefix);
            push_quoted(namespace, out);
        }
    }
    if let Some(lang) = &header.lang
        && !has_lang
    {
        push_attribute("xml:lang", lang, out);
    }
    out.push_str(rest);
}

/// What a stream's header usually declares takes no more, in bytes.
const DECLARATIONS: usize = 64;

/// Says if a name somewhere in the element may have this prefix.
fn is_written(prefix: &str, element: &str) -> bool {
    let bytes = element.as_bytes();
    let last = prefix.as_bytes().last();
    memchr::memchr_iter(b':', bytes).any(|colon| {
        let before = &bytes[..colon];
        // Most colons are not even close.
        before.last() == last
            && before
                .strip_suffix(prefix.as_bytes())
                .is_some_and(|before| {
                    matches!(
                        before.last(),
                        Some(b'<' | b'/' | b' ' | b'\t' | b'\r' | b'\n')
                    )
                })
    })
}

fn push_open_attributes(values: [&Option<String>; 5], out: &mut String) {
    for (name, value) in ["from", "to", "id", "version", "xml:lang"]
        .into_iter()
        .zip(values)
    {
        if let Some(value) = value {
            push_attribute(name, value, out);
        }
    }
}

fn push_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    push_quoted(value, out);
}

fn push_quoted(value: &str, out: &mut String) {
    out.push_str("=\"");
    push_value(value, out);
    out.push('"');
}
