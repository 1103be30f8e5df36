//! From what servers and the proxy say to what a person can be told.

use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

use crate::store::Trouble;

/// What the proxy adds to `remote-connection-failed` to say why.
const PROXY: &str = "urn:couplet:proxy:0";

/// Conditions by which the server blames something that we sent (RFC 6120 4.9.3).
const BLAMING: [&str; 9] = [
    "bad-format",
    "bad-namespace-prefix",
    "invalid-namespace",
    "invalid-xml",
    "not-well-formed",
    "policy-violation",
    "restricted-xml",
    "unsupported-encoding",
    "unsupported-stanza-type",
];

/// Conditions that have their reason elsewhere, whatever we have sent. Those that are
/// a [`Trouble`] of their own do too.
const ELSEWHERE: [&str; 3] = ["reset", "see-other-host", "system-shutdown"];

/// Whether the server blames a stanza of ours by it.
pub(super) fn blames(condition: &str) -> bool {
    BLAMING.contains(&condition)
}

/// Whether no stanza of ours can be the reason.
pub(super) fn is_elsewhere(condition: &str) -> bool {
    ELSEWHERE.contains(&condition)
}

/// The trouble that `<stream:error/>` speaks of.
pub(super) fn of_stream_error(error: &Element, account: Option<&BareJid>) -> Trouble {
    let condition = condition(error, ns::XMPP_STREAMS);
    let text = text(error, ns::XMPP_STREAMS);
    match condition.as_str() {
        "host-unknown" | "host-gone" => Trouble::UnknownHost {
            domain: account
                .map(|jid| jid.domain().to_string())
                .unwrap_or_default(),
        },
        "remote-connection-failed" if error.has_child("backend-certificate", PROXY) => {
            Trouble::ServerCertificate { text }
        }
        "remote-connection-failed" => Trouble::ServerUnreachable { text },
        "conflict" => Trouble::Replaced,
        "connection-timeout" => Trouble::Timeout,
        _ => Trouble::StreamError { condition, text },
    }
}

/// The condition and the words of SASL's `<failure/>` (RFC 6120 6.5), or of SASL2's.
pub(super) fn of_sasl_failure(failure: &Element) -> (String, Option<String>) {
    let own = failure.ns();
    // Some servers write SASL2's conditions in its own namespace.
    let condition = match condition(failure, ns::SASL) {
        unknown if unknown == UNDEFINED => condition(failure, &own),
        known => known,
    };
    (condition, text(failure, &own))
}

/// Whether trying again can't help, so that a person has to decide.
pub(super) fn is_final(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::InsecurePage
        | Trouble::WrongPassword { .. }
        | Trouble::PasswordNeeded(_)
        | Trouble::TokenNeeded { .. }
        | Trouble::AccountDisabled { .. }
        | Trouble::NoMechanism { .. }
        | Trouble::ServerNotVerified
        | Trouble::AccountDeleted
        | Trouble::Replaced => true,
        Trouble::SignInRefused { condition, .. } => condition != "temporary-auth-failure",
        Trouble::ProxyUnreachable
        | Trouble::ConnectionLost
        | Trouble::Timeout
        | Trouble::UnknownHost { .. }
        | Trouble::ServerUnreachable { .. }
        | Trouble::ServerCertificate { .. }
        | Trouble::StreamError { .. }
        | Trouble::Protocol { .. } => false,
    }
}

/// Where no condition is given.
pub(super) const UNDEFINED: &str = "undefined-condition";

fn condition(error: &Element, namespace: &str) -> String {
    error
        .children()
        .find(|child| child.ns() == namespace && child.name() != "text")
        .map_or_else(|| UNDEFINED.to_owned(), |child| child.name().to_owned())
}

fn text(error: &Element, namespace: &str) -> Option<String> {
    let text = error.get_child("text", namespace)?.text();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream_error(inner: &str) -> Trouble {
        let error: Element =
            format!("<error xmlns='http://etherx.jabber.org/streams'>{inner}</error>")
                .parse()
                .unwrap();
        of_stream_error(&error, Some(&"alice@example.org".parse().unwrap()))
    }

    const STREAMS: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";

    #[test]
    fn the_proxy_says_which_part_of_the_way_failed() {
        let trouble = stream_error(&format!(
            "<remote-connection-failed {STREAMS}/><text {STREAMS}>expired</text>\
             <backend-certificate xmlns='urn:couplet:proxy:0'/>"
        ));
        assert_eq!(
            trouble,
            Trouble::ServerCertificate {
                text: Some("expired".into())
            }
        );
        let trouble = stream_error(&format!("<remote-connection-failed {STREAMS}/>"));
        assert_eq!(trouble, Trouble::ServerUnreachable { text: None });
        let trouble = stream_error(&format!("<host-unknown {STREAMS}/>"));
        assert_eq!(
            trouble,
            Trouble::UnknownHost {
                domain: "example.org".into()
            }
        );
    }

    #[test]
    fn a_violated_policy_blames_what_we_sent() {
        assert!(blames("policy-violation") && !is_elsewhere("policy-violation"));
        assert!(!blames("system-shutdown") && is_elsewhere("system-shutdown"));
        assert!(!blames(UNDEFINED) && !is_elsewhere(UNDEFINED));
        let condition = UNDEFINED.to_owned();
        let text = None;
        assert_eq!(stream_error(""), Trouble::StreamError { condition, text });
    }

    #[test]
    fn a_refusal_is_read_in_both_profiles() {
        let read = |xml: &str| of_sasl_failure(&xml.parse().unwrap());
        let (condition, text) = read(
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/>\
             <text>No such luck.</text></failure>",
        );
        assert_eq!(condition, "not-authorized");
        assert_eq!(text.as_deref(), Some("No such luck."));
        // XEP-0388 2.6.2
        let (condition, text) = read(
            "<failure xmlns='urn:xmpp:sasl:2'>\
             <aborted xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
             <optional-application-specific xmlns='urn:something:else'/>\
             <text>This is a terrible example.</text></failure>",
        );
        assert_eq!(condition, "aborted");
        assert_eq!(text.as_deref(), Some("This is a terrible example."));
        let (condition, _) =
            read("<failure xmlns='urn:xmpp:sasl:2'><malformed-request/></failure>");
        assert_eq!(condition, "malformed-request");
    }

    #[test]
    fn only_a_server_in_trouble_is_tried_again_unasked() {
        let refused = |condition: &str| Trouble::SignInRefused {
            condition: condition.into(),
            text: None,
        };
        assert!(!is_final(&refused("temporary-auth-failure")));
        assert!(is_final(&refused("invalid-mechanism")));
    }
}
