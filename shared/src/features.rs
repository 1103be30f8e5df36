//! Stream features that end at the proxy are taken out of `<stream:features>`
//! (RFC 7395 3.9).

use std::borrow::Cow;
use std::ops::Range;

use crate::element::{Child, StartTag, children, is_element};
use crate::ns;

/// What to take out besides `<starttls/>` and `<compression/>`, which a WebSocket
/// never has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureRules {
    /// Remove the SASL mechanism `EXTERNAL`, for a proxy that holds a client
    /// certificate towards the backend: it would sign everybody in as itself.
    pub remove_external: bool,
}

/// `features` without the features that must not pass, every other byte
/// untouched; borrowed when there was nothing to remove.
///
/// `features` is a whole `<stream:features>` that declares its own namespaces, as
/// [`write_element`](crate::framing::write_element) leaves it. What isn't one
/// comes back as it is.
pub fn filter_features(features: &str, rules: FeatureRules) -> Cow<'_, str> {
    let Some(root) = StartTag::read(features) else {
        return Cow::Borrowed(features);
    };
    if !is_element(&root, &[], "features", ns::STREAMS) {
        return Cow::Borrowed(features);
    }
    let mut removed: Vec<Range<usize>> = Vec::new();
    for feature in children(features) {
        let is = |local, namespace| is_element(&feature.tag, &[&root], local, namespace);
        if is("starttls", ns::TLS) || is("compression", ns::COMPRESS) {
            removed.push(range(&feature, 0));
        } else if rules.remove_external
            && (is("mechanisms", ns::SASL) || is("authentication", ns::SASL2))
        {
            removed.extend(
                children(feature.text)
                    .filter(is_external)
                    .map(|mechanism| range(&mechanism, feature.at)),
            );
        }
    }
    without(features, &removed)
}

/// Says if a child of a list of SASL mechanisms is `EXTERNAL`. Its namespace is not
/// asked for: a mechanism too few is better than one too many.
fn is_external(mechanism: &Child<'_>) -> bool {
    let text = &mechanism.text[mechanism.tag.len..];
    mechanism.tag.split_name().1 == "mechanism"
        && text
            .split("</")
            .next()
            .is_some_and(|text| text.trim_ascii() == "EXTERNAL")
}

fn range(child: &Child<'_>, offset: usize) -> Range<usize> {
    let start = offset + child.at;
    start..start + child.text.len()
}

/// `text` without some ranges, which are in order.
fn without<'a>(text: &'a str, removed: &[Range<usize>]) -> Cow<'a, str> {
    if removed.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for range in removed {
        kept.push_str(&text[at..range.start]);
        at = range.end;
    }
    kept.push_str(&text[at..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(children: &str) -> String {
        format!(
            "<stream:features xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>{children}</stream:features>"
        )
    }

    fn filtered(before: &str, rules: FeatureRules) -> String {
        filter_features(&features(before), rules).into_owned()
    }

    const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
    const STARTTLS: &str =
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";

    #[test]
    fn rfc7395_3_9_starttls_is_stripped() {
        let before = format!("{BIND}{STARTTLS} {BIND}");
        assert_eq!(
            filtered(&before, FeatureRules::default()),
            features(&format!("{BIND} {BIND}"))
        );
        assert_eq!(filtered(STARTTLS, FeatureRules::default()), features(""));
        let prefixed = "<t:starttls xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'/>";
        assert_eq!(filtered(prefixed, FeatureRules::default()), features(""));
    }

    #[test]
    fn rfc7395_3_9_compression_is_stripped() {
        let compression = "<compression xmlns='http://jabber.org/features/compress'>\
                           <method>zlib</method></compression>";
        assert_eq!(filtered(compression, FeatureRules::default()), features(""));
    }

    #[test]
    fn only_features_are_stripped() {
        let rules = FeatureRules {
            remove_external: true,
        };
        for children in [
            "<starttls xmlns='urn:else'/>",
            "<starttls/>",
            "<a xmlns='urn:ietf:params:xml:ns:xmpp-tls'><starttls/></a>",
            "<a xmlns='b'>&lt;starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></a>",
            "<mechanism>EXTERNAL</mechanism>",
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>",
        ] {
            let whole = features(children);
            assert!(
                matches!(filter_features(&whole, rules), Cow::Borrowed(_)),
                "{children}"
            );
        }
        assert_eq!(filter_features(STARTTLS, rules), STARTTLS);
        assert_eq!(filter_features("", rules), "");
    }

    #[test]
    fn rfc7395_3_9_external_is_stripped_when_asked() {
        let lists = |external: &str| {
            format!(
                "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{external}<mechanism>PLAIN\
                 </mechanism></mechanisms>{BIND}<authentication xmlns='urn:xmpp:sasl:2'>{external}\
                 <inline><mechanism>EXTERNAL</mechanism></inline></authentication>"
            )
        };
        let before = lists("<mechanism> EXTERNAL\n</mechanism>");
        let rules = FeatureRules {
            remove_external: true,
        };
        assert_eq!(filtered(&before, rules), features(&lists("")));
        assert_eq!(
            filtered(&before, FeatureRules::default()),
            features(&before)
        );
    }
}
