//! Addresses that a server gives its clients for TCP: whoever is connected by a
//! WebSocket can't go there, and isn't to know them.

use std::borrow::Cow;

use crate::edit::{Edit, edited};
use crate::element::{Child, StartTag, children, is_element};
use crate::ns;

/// The host, perhaps with a port, that a stream error sends clients to (RFC 6120
/// 4.9.3.19). `None` for any other element.
///
/// `element` declares its own namespaces, as
/// [`write_element`](crate::framing::write_element) leaves it.
pub fn other_host(element: &str) -> Option<&str> {
    let (_, child) = see_other_host(element)?;
    let text = &child.text[child.tag.len..];
    Some(text.split('<').next().unwrap_or_default().trim_ascii())
}

/// `element` without addresses, every other byte untouched; borrowed when it has
/// none. What they become:
///
/// - `<see-other-host/>` in a stream error (RFC 6120 4.9.3.19): `<reset/>`, after which
///   a client opens a stream where it knows to (RFC 6120 4.9.3.16);
/// - `location` of `<enabled/>` (XEP-0198 3), by itself or in what answers a sign-in
///   with inline features (XEP-0388, XEP-0386): nothing.
pub fn without_addresses(element: &str) -> Cow<'_, str> {
    let Some(root) = StartTag::read(element) else {
        return Cow::Borrowed(element);
    };
    let mut edits = Vec::new();
    match root.split_name().1 {
        "error" => edits.extend(see_other_host(element).map(|(_, child)| Edit {
            range: child.at..child.at + child.text.len(),
            text: format!("<reset xmlns='{}'/>", ns::STREAM_ERRORS),
        })),
        "enabled" => remove_location(&root, &[], 0, &mut edits),
        "success" if is_element(&root, &[], "success", ns::SASL2) => {
            for child in children(element) {
                remove_location(&child.tag, &[&root], child.at, &mut edits);
                if child.tag.split_name().1 == "bound" {
                    for inner in children(child.text) {
                        let around = [&child.tag, &root];
                        remove_location(&inner.tag, &around, child.at + inner.at, &mut edits);
                    }
                }
            }
        }
        _ => {}
    }
    edited(element, &edits)
}

/// The stream error's start tag, and its condition if it is this one.
fn see_other_host(element: &str) -> Option<(StartTag<'_>, Child<'_>)> {
    let root = StartTag::read(element)?;
    if !is_element(&root, &[], "error", ns::STREAMS) {
        return None;
    }
    let condition = children(element)
        .find(|child| is_element(&child.tag, &[&root], "see-other-host", ns::STREAM_ERRORS))?;
    Some((root, condition))
}

/// Takes `location` out of `tag`, which begins at `at`, if that is `<enabled/>`.
fn remove_location(tag: &StartTag<'_>, around: &[&StartTag<'_>], at: usize, edits: &mut Vec<Edit>) {
    let versions = [ns::STREAM_MANAGEMENT, ns::STREAM_MANAGEMENT_2];
    if versions
        .iter()
        .any(|version| is_element(tag, around, "enabled", version))
        && let Some(range) = tag.attribute_range("location")
    {
        edits.push(Edit {
            range: at + range.start..at + range.end,
            text: String::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(condition: &str) -> String {
        format!(
            "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>{condition}<text \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'>away</text></stream:error>"
        )
    }

    #[test]
    fn rfc6120_4_9_3_19_another_host_becomes_a_reset() {
        let before = error(
            "<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'> [2001:db8::1]:9222\n\
             </see-other-host>",
        );
        assert_eq!(other_host(&before), Some("[2001:db8::1]:9222"));
        let after = error("<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
        assert_eq!(without_addresses(&before), after);
        assert_eq!(other_host(&after), None);
    }

    #[test]
    fn xep0198_3_the_location_is_removed() {
        for (before, after) in [
            (
                "<enabled xmlns='urn:xmpp:sm:3' id='a' location='[::1]:9222' resume='true'/>",
                "<enabled xmlns='urn:xmpp:sm:3' id='a' resume='true'/>",
            ),
            (
                "<s:enabled\n location = \"a.test\" xmlns:s='urn:xmpp:sm:2'></s:enabled>",
                "<s:enabled xmlns:s='urn:xmpp:sm:2'></s:enabled>",
            ),
            (
                "<success xmlns='urn:xmpp:sasl:2'><additional-data>YQ==</additional-data>\
                 <bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' \
                 location='a'/></bound><enabled xmlns='urn:xmpp:sm:3' location='a'/></success>",
                "<success xmlns='urn:xmpp:sasl:2'><additional-data>YQ==</additional-data>\
                 <bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3'/></bound>\
                 <enabled xmlns='urn:xmpp:sm:3'/></success>",
            ),
        ] {
            assert_eq!(without_addresses(before), after);
        }
    }

    #[test]
    fn everything_else_is_untouched() {
        for element in [
            "",
            "<",
            "<enabled xmlns='urn:xmpp:sm:3' id='location=1'/>",
            "<enabled xmlns='urn:xmpp:sm:3' x:location='a'/>",
            "<enabled xmlns='urn:xmpp:carbons:2' location='a'/>",
            "<message xmlns='jabber:client'><enabled xmlns='urn:xmpp:sm:3' location='a'/></message>",
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>location='a'</success>",
            "<error xmlns='jabber:client'><see-other-host \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
            &error("<see-other-host xmlns='urn:else'>a</see-other-host>"),
            &error("<host-gone xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"),
        ] {
            let after = without_addresses(element);
            assert!(matches!(after, Cow::Borrowed(_)), "{element}");
            assert_eq!(after, element);
            assert_eq!(other_host(element), None);
        }
    }
}
