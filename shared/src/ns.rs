//! The namespaces that the stream layer itself has to know.

/// `<open/>` and `<close/>` (RFC 7395 3.3.2).
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// `<stream:stream>`, `<stream:features>` and `<stream:error>` (RFC 6120 4.8.1).
pub const STREAMS: &str = "http://etherx.jabber.org/streams";
/// The content of a client's stream (RFC 6120 4.8.2).
pub const CLIENT: &str = "jabber:client";
/// The conditions inside `<stream:error>` (RFC 6120 4.9.2).
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// `<starttls/>`, `<proceed/>` and `<failure/>` (RFC 6120 5.4).
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// `<mechanisms/>` and the rest of SASL (RFC 6120 6.4).
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// `<authentication/>` of SASL2 (XEP-0388 2.2).
pub const SASL2: &str = "urn:xmpp:sasl:2";
/// `<compression/>` as a stream feature (XEP-0138 3).
pub const COMPRESS: &str = "http://jabber.org/features/compress";
/// `<sasl-channel-binding/>` as a stream feature (XEP-0440 4).
pub const CHANNEL_BINDING: &str = "urn:xmpp:sasl-cb:0";
/// `<limits/>` as a stream feature (XEP-0478 3).
pub const STREAM_LIMITS: &str = "urn:xmpp:stream-limits:0";
/// `<enabled/>` and the rest of stream management (XEP-0198 14.1).
pub const STREAM_MANAGEMENT: &str = "urn:xmpp:sm:3";
/// The same in its earlier version.
pub const STREAM_MANAGEMENT_2: &str = "urn:xmpp:sm:2";
/// The prefix `xml` is always bound to this, and nothing else may be
/// (Namespaces in XML 1.0 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The prefix `xmlns` is always bound to this, and nothing may declare it
/// (Namespaces in XML 1.0 3).
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
