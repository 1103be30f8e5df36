//! Stream features that end at the proxy are taken out of `<stream:features>`
//! (RFC 7395 3.9), and limits that are not only the server's are lowered (XEP-0478).

use std::borrow::Cow;

use crate::edit::{Edit, edited};
use crate::element::{Child, StartTag, children, is_element};
use crate::ns;

/// What to take out besides `<starttls/>` and `<compression/>`, which a WebSocket
/// never has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureRules {
    /// Remove the SASL mechanism `EXTERNAL`, for a proxy that holds a client
    /// certificate towards the backend: it would sign everybody in as itself.
    pub remove_external: bool,
    /// Remove what binds a sign-in to the TLS connection, which ends at the proxy:
    /// the mechanisms with `-PLUS`, `<sasl-channel-binding/>` (XEP-0440) and the
    /// bound mechanisms of FAST (XEP-0484), all of them or none.
    pub remove_channel_binding: bool,
    /// Lower the `<max-bytes/>` of `<limits/>` (XEP-0478) to this.
    pub max_bytes: Option<usize>,
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
    let mut edits: Vec<Edit> = Vec::new();
    for feature in children(features) {
        let is = |local, namespace| is_element(&feature.tag, &[&root], local, namespace);
        if is("starttls", ns::TLS) || is("compression", ns::COMPRESS) {
            edits.push(Edit::removal(&feature, 0));
        } else if is("mechanisms", ns::SASL) || is("authentication", ns::SASL2) {
            filter_mechanisms(&feature, rules, &mut edits);
        } else if is("sasl-channel-binding", ns::CHANNEL_BINDING) {
            if rules.remove_channel_binding {
                edits.push(Edit::removal(&feature, 0));
            }
        } else if is("limits", ns::STREAM_LIMITS)
            && let Some(most) = rules.max_bytes
        {
            edits.extend(lowered(&feature, most));
        }
    }
    edited(features, &edits)
}

/// Takes mechanisms out of a list of SASL or SASL2, and out of the list of FAST in
/// the latter. Their namespaces are not asked for: a mechanism too few is better than
/// one too many.
fn filter_mechanisms(list: &Child<'_>, rules: FeatureRules, edits: &mut Vec<Edit>) {
    for child in children(list.text) {
        match child.tag.split_name().1 {
            "mechanism" => {
                let name = content(&child);
                let external = rules.remove_external && name == "EXTERNAL";
                let bound = rules.remove_channel_binding && name.ends_with("-PLUS");
                if external || bound {
                    edits.push(Edit::removal(&child, list.at));
                }
            }
            "inline" if rules.remove_channel_binding => {
                let fast = |inline: &Child<'_>| inline.tag.split_name().1 == "fast";
                for inline in children(child.text).filter(fast) {
                    let offset = list.at + child.at + inline.at;
                    edits.extend(
                        children(inline.text)
                            .filter(|mechanism| is_bound_token(content(mechanism)))
                            .map(|mechanism| Edit::removal(&mechanism, offset)),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Whether a mechanism of FAST binds its token: `HT-SHA-256-EXPR`, not
/// `HT-SHA-256-NONE` (draft-schmaus-kitten-sasl-ht 2).
fn is_bound_token(mechanism: &str) -> bool {
    mechanism.starts_with("HT-") && !mechanism.ends_with("-NONE")
}

/// The edit that lowers `<max-bytes/>` in `limits` to `most`, if it is more.
fn lowered(limits: &Child<'_>, most: usize) -> Option<Edit> {
    let bytes = children(limits.text).find(|child| child.tag.split_name().1 == "max-bytes")?;
    let text = content(&bytes);
    // What is no number, or too long for one, says that there is no limit.
    if bytes.tag.empty || text.parse().is_ok_and(|theirs: usize| theirs <= most) {
        return None;
    }
    let start = limits.at + bytes.at + bytes.tag.len;
    let length = bytes.text[bytes.tag.len..].rfind("</")?;
    let most = most.to_string();
    (most.len() <= length).then_some(Edit {
        range: start..start + length,
        text: most,
    })
}

/// The text that an element begins with.
fn content<'a>(element: &Child<'a>) -> &'a str {
    let text = &element.text[element.tag.len..];
    text.split('<').next().unwrap_or_default().trim_ascii()
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
            remove_channel_binding: true,
            max_bytes: Some(1000),
        };
        for children in [
            "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>1000</max-bytes></limits>",
            "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes/></limits>",
            "<limits xmlns='urn:else'><max-bytes>100000</max-bytes></limits>",
            "<sasl-channel-binding xmlns='urn:else'/>",
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
    fn xep0478_limits_are_lowered_to_ours_and_never_raised() {
        let limits = |bytes: &str| {
            format!(
                "{BIND}<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>{bytes}</max-bytes>\
                 <idle-seconds>60</idle-seconds></limits>"
            )
        };
        let rules = FeatureRules {
            max_bytes: Some(262_144),
            ..FeatureRules::default()
        };
        for (theirs, told) in [
            ("524288", "262144"),
            (" 524288 ", "262144"),
            ("99999999999999999999999", "262144"),
            ("10000", "10000"),
            ("262144", "262144"),
        ] {
            assert_eq!(filtered(&limits(theirs), rules), features(&limits(told)));
        }
    }

    #[test]
    fn channel_binding_is_stripped_as_a_whole_or_not_at_all() {
        let all = |plus: &str, types: &str, bound: &str| {
            format!(
                "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{plus}<mechanism>\
                 SCRAM-SHA-256</mechanism></mechanisms>{types}<authentication \
                 xmlns='urn:xmpp:sasl:2'>{plus}<mechanism>SCRAM-SHA-256</mechanism><inline><fast \
                 xmlns='urn:xmpp:fast:0'>{bound}<mechanism>HT-SHA-256-NONE</mechanism></fast>\
                 </inline></authentication>"
            )
        };
        let before = all(
            "<mechanism>SCRAM-SHA-256-PLUS</mechanism>",
            "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding \
             type='tls-exporter'/></sasl-channel-binding>",
            "<mechanism>HT-SHA-256-EXPR</mechanism><mechanism>HT-SHA-256-UNIQ</mechanism>",
        );
        let rules = FeatureRules {
            remove_channel_binding: true,
            ..FeatureRules::default()
        };
        assert_eq!(filtered(&before, rules), features(&all("", "", "")));
        assert_eq!(
            filtered(&before, FeatureRules::default()),
            features(&before)
        );
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
            ..FeatureRules::default()
        };
        assert_eq!(filtered(&before, rules), features(&lists("")));
        assert_eq!(
            filtered(&before, FeatureRules::default()),
            features(&before)
        );
    }
}
