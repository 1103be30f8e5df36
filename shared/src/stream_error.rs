//! The stream error conditions of RFC 6120 4.9.3, and how one is written.

use crate::escape::push_text;
use crate::ns;

/// Why a stream ends (RFC 6120 4.9.3). `see-other-host` is absent: it carries an
/// address, which [`crate::addresses`] keeps from clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each variant is the RFC's own name for the condition"
)]
pub enum StreamErrorCondition {
    BadFormat,
    BadNamespacePrefix,
    Conflict,
    ConnectionTimeout,
    HostGone,
    HostUnknown,
    ImproperAddressing,
    InternalServerError,
    InvalidFrom,
    InvalidNamespace,
    InvalidXml,
    NotAuthorized,
    NotWellFormed,
    PolicyViolation,
    RemoteConnectionFailed,
    Reset,
    ResourceConstraint,
    RestrictedXml,
    SystemShutdown,
    UndefinedCondition,
    UnsupportedEncoding,
    UnsupportedFeature,
    UnsupportedStanzaType,
    UnsupportedVersion,
}

impl StreamErrorCondition {
    /// The condition's element name, such as `policy-violation`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadFormat => "bad-format",
            Self::BadNamespacePrefix => "bad-namespace-prefix",
            Self::Conflict => "conflict",
            Self::ConnectionTimeout => "connection-timeout",
            Self::HostGone => "host-gone",
            Self::HostUnknown => "host-unknown",
            Self::ImproperAddressing => "improper-addressing",
            Self::InternalServerError => "internal-server-error",
            Self::InvalidFrom => "invalid-from",
            Self::InvalidNamespace => "invalid-namespace",
            Self::InvalidXml => "invalid-xml",
            Self::NotAuthorized => "not-authorized",
            Self::NotWellFormed => "not-well-formed",
            Self::PolicyViolation => "policy-violation",
            Self::RemoteConnectionFailed => "remote-connection-failed",
            Self::Reset => "reset",
            Self::ResourceConstraint => "resource-constraint",
            Self::RestrictedXml => "restricted-xml",
            Self::SystemShutdown => "system-shutdown",
            Self::UndefinedCondition => "undefined-condition",
            Self::UnsupportedEncoding => "unsupported-encoding",
            Self::UnsupportedFeature => "unsupported-feature",
            Self::UnsupportedStanzaType => "unsupported-stanza-type",
            Self::UnsupportedVersion => "unsupported-version",
        }
    }
}

/// Appends a `<stream:error>` that declares its own namespaces, so that it serves
/// as a WebSocket message (RFC 7395 3.3.3) and inside a TCP stream alike. `text`
/// is English prose for a developer (RFC 6120 4.9.2).
pub fn write_stream_error(condition: StreamErrorCondition, text: Option<&str>, out: &mut String) {
    let push_child = |name: &str, attributes: &str, out: &mut String| {
        out.extend(["<", name, " xmlns=\"", ns::STREAM_ERRORS, "\"", attributes]);
    };
    out.extend(["<stream:error xmlns:stream=\"", ns::STREAMS, "\">"]);
    push_child(condition.name(), "/>", out);
    if let Some(text) = text {
        push_child("text", " xml:lang=\"en\">", out);
        push_text(text, out);
        out.push_str("</text>");
    }
    out.push_str("</stream:error>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Frame, parse_frame};
    use crate::limits::XmlLimits;

    fn written(text: Option<&str>) -> String {
        let mut out = String::new();
        write_stream_error(StreamErrorCondition::PolicyViolation, text, &mut out);
        out
    }

    #[test]
    fn rfc6120_4_9_2_an_error_is_a_condition() {
        assert_eq!(
            written(None),
            "<stream:error xmlns:stream=\"http://etherx.jabber.org/streams\"><policy-violation \
             xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/></stream:error>"
        );
    }

    #[test]
    fn rfc6120_4_9_2_an_error_may_have_text() {
        let error = written(Some("<'&\0'>"));
        assert!(error.ends_with(
            "/><text xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\" \
             xml:lang=\"en\">&lt;'&amp;\u{FFFD}'&gt;</text></stream:error>"
        ));
        let frame = parse_frame(&error, &XmlLimits::default());
        assert_eq!(frame, Ok(Frame::Element(&error)));
    }
}
