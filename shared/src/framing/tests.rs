//! One test a rule of RFC 7395.

use super::*;
use crate::limits::XmlLimits;

fn frame(text: &str) -> Result<Frame<'_>, FramingError> {
    parse_frame(text, &XmlLimits::default())
}

fn header(text: &str) -> StreamHeader {
    parse_stream_header(text).unwrap()
}

fn written(header: &StreamHeader, element: &str) -> String {
    let mut out = String::new();
    write_element(header, element, &mut out);
    out
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What Prosody sends.
fn prosody() -> StreamHeader {
    header(
        "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
         xml:lang='en' version='1.0' id='a&amp;b' from='example.org' xmlns='jabber:client'>",
    )
}

const OPEN: &str = r#"<open xmlns="urn:ietf:params:xml:ns:xmpp-framing""#;

#[test]
fn rfc7395_3_3_1_open_has_the_attributes_of_a_stream() {
    let text = format!(
        "{OPEN} to='example.org' from='a@example.org' id='&lt;1&gt;' version='1.0' xml:lang='de' />"
    );
    let open = OpenAttributes {
        from: some("a@example.org"),
        to: some("example.org"),
        id: some("<1>"),
        version: some("1.0"),
        lang: some("de"),
    };
    assert_eq!(frame(&text), Ok(Frame::Open(open)));
    assert_eq!(
        frame(&format!("{OPEN}></open>")),
        Ok(Frame::Open(OpenAttributes::default()))
    );
}

#[test]
fn rfc7395_3_3_2_frames_are_in_the_framing_namespace() {
    for text in [
        "<open/>",
        "<open xmlns='jabber:client'/>",
        "<close xmlns='urn:xmpp:else'/>",
    ] {
        let error = frame(text).unwrap_err();
        assert_eq!(error, FramingError::FrameNamespace, "{text}");
        assert_eq!(error.condition(), StreamErrorCondition::InvalidNamespace);
    }
    let prefixed = "<f:open xmlns:f='urn:ietf:params:xml:ns:xmpp-framing' to='x'/>";
    assert!(matches!(frame(prefixed), Ok(Frame::Open(open)) if open.to == some("x")));
    let escaped = "<close xmlns='urn:ietf:params:xml&#58;ns:xmpp-framing'/>";
    assert_eq!(
        frame(escaped),
        Ok(Frame::Close {
            see_other_uri: None
        })
    );
}

#[test]
fn rfc7395_3_3_2_the_framing_namespace_has_only_open_and_close() {
    let error = frame("<ping xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>").unwrap_err();
    assert_eq!(error, FramingError::UnknownFrame);
}

#[test]
fn frames_are_empty() {
    for text in [format!("{OPEN}>text</open>"), format!("{OPEN}><a/></open>")] {
        assert_eq!(frame(&text), Err(FramingError::FrameContent), "{text}");
    }
    assert!(frame(&format!("{OPEN}> \n</open>")).is_ok());
}

#[test]
fn rfc7395_3_3_3_a_message_is_one_element() {
    let stanza = "<message xmlns='jabber:client'><body>1 &lt; 2</body></message>";
    assert_eq!(frame(stanza), Ok(Frame::Element(stanza)));
    for (text, error) in [
        ("", ScanError::Unfinished),
        ("<a>", ScanError::Unfinished),
        (" <a/>", ScanError::StrayText),
        ("<a/><b/>", ScanError::Trailing),
        ("</stream:stream>", ScanError::MismatchedEndTag),
        ("<a/></stream:stream>", ScanError::Trailing),
        ("<stream:error/>", ScanError::UndeclaredPrefix),
        ("<!-- x --><a/>", ScanError::Comment),
    ] {
        assert_eq!(frame(text), Err(error.into()), "{text}");
    }
}

#[test]
fn rfc7395_3_3_3_a_declaration_in_front_is_dropped() {
    assert_eq!(
        frame("<?xml version='1.0'?>\n<r/>\n"),
        Ok(Frame::Element("<r/>"))
    );
}

#[test]
fn messages_have_limits() {
    let limits = XmlLimits {
        max_bytes: 10,
        ..XmlLimits::default()
    };
    assert!(parse_frame("<a>345</a>", &limits).is_ok());
    let error = parse_frame("<a>3456</a>", &limits).unwrap_err();
    assert_eq!(error.condition(), StreamErrorCondition::PolicyViolation);
}

#[test]
fn rfc7395_3_4_a_stream_header_is_no_message() {
    for text in [
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='x'>",
        "<?xml version='1.0'?><s:stream xmlns:s='http://etherx.jabber.org/streams'>",
        "<s:stream xmlns:s='http://etherx.jabber.org/streams'/>",
        "<stream xmlns='http://etherx.jabber.org/streams'><a/></stream>",
    ] {
        let error = frame(text).unwrap_err();
        assert_eq!(error, FramingError::StreamInFrame, "{text}");
        assert_eq!(error.condition(), StreamErrorCondition::InvalidNamespace);
    }
    for text in [
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>",
        "<stream xmlns='urn:xmpp:else'/>",
    ] {
        assert_eq!(frame(text), Ok(Frame::Element(text)));
    }
}

#[test]
fn rfc7395_3_4_open_becomes_a_stream_header() {
    let open = OpenAttributes {
        from: some("a@example.org"),
        to: some("example.org"),
        id: None,
        version: some("1.0"),
        lang: some("\"'&<>"),
    };
    let mut out = String::new();
    write_stream_header(&open, &mut out);
    assert_eq!(
        out,
        "<?xml version='1.0'?><stream:stream xmlns=\"jabber:client\" \
         xmlns:stream=\"http://etherx.jabber.org/streams\" from=\"a@example.org\" \
         to=\"example.org\" version=\"1.0\" xml:lang=\"&quot;&apos;&amp;&lt;&gt;\">"
    );
    let StreamHeader {
        from,
        to,
        id,
        version,
        lang,
        ..
    } = header(&out);
    assert_eq!(
        OpenAttributes {
            from,
            to,
            id,
            version,
            lang
        },
        open
    );
}

#[test]
fn rfc7395_3_4_a_stream_header_becomes_open() {
    let mut out = String::new();
    write_open(&prosody(), &mut out);
    assert_eq!(
        out,
        "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" from=\"example.org\" \
         id=\"a&amp;b\" version=\"1.0\" xml:lang=\"en\" />"
    );
}

#[test]
fn rfc7395_3_6_close_is_byte_exact() {
    assert_eq!(
        CLOSE,
        "<close xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" />"
    );
    assert_eq!(
        frame(CLOSE),
        Ok(Frame::Close {
            see_other_uri: None
        })
    );
}

#[test]
fn rfc7395_3_6_1_close_names_another_endpoint() {
    let text = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' \
                see-other-uri='wss://other.example/ws?a=1&amp;b=2'/>";
    let see_other_uri = some("wss://other.example/ws?a=1&b=2");
    assert_eq!(frame(text), Ok(Frame::Close { see_other_uri }));
}

#[test]
fn a_stream_header_is_read_whatever_its_prefix() {
    let header = header(
        "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'\n\
         xmlns:db=\"jabber:server:dialback\" xml:lang='' to='x' >",
    );
    let namespaces = [
        ("", "jabber:client"),
        ("db", "jabber:server:dialback"),
        ("s", "http://etherx.jabber.org/streams"),
    ];
    let namespaces = namespaces.map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()));
    assert_eq!(header.namespaces, BTreeMap::from(namespaces));
    assert_eq!(
        (header.lang, header.to, header.version),
        (some(""), some("x"), None)
    );
}

#[test]
fn a_stream_header_is_bounded_by_who_split_the_stream() {
    let id = "x".repeat(1 << 20);
    let text = format!("<s:stream xmlns:s='http://etherx.jabber.org/streams' id='{id}'>");
    assert_eq!(header(&text).id, Some(id));
}

#[test]
fn what_is_no_stream_header_is_refused() {
    for (text, error) in [
        ("<stream>", FramingError::NotAStream),
        (
            "<stream:stream xmlns:stream='jabber:client'>",
            FramingError::NotAStream,
        ),
        (
            "<s xmlns='http://etherx.jabber.org/streams'>",
            FramingError::NotAStream,
        ),
        ("", ScanError::Unfinished.into()),
        ("<a", ScanError::Unfinished.into()),
        ("<a><b/>", ScanError::Trailing.into()),
        ("<stream:stream>", ScanError::UndeclaredPrefix.into()),
    ] {
        assert_eq!(parse_stream_header(text), Err(error), "{text}");
    }
}

#[test]
fn rfc7395_3_3_3_a_stanza_gains_namespace_and_language() {
    assert_eq!(
        written(&prosody(), "<message to='a'><body>x</body></message>"),
        "<message xmlns=\"jabber:client\" xml:lang=\"en\" to='a'><body>x</body></message>"
    );
    assert_eq!(
        written(&prosody(), "<iq/>"),
        "<iq xmlns=\"jabber:client\" xml:lang=\"en\"/>"
    );
}

#[test]
fn what_a_stanza_declares_itself_is_left_alone() {
    for element in [
        "<r xmlns='urn:xmpp:sm:3' xml:lang='de'/>",
        "<r\n\txmlns = \"urn:xmpp:sm:3\" xml:lang= ''></r>",
        "<message xml:lang='de' xmlns=''>jabber:client <a x='/>'/></message>",
    ] {
        assert_eq!(written(&prosody(), element), element);
    }
    assert_eq!(
        written(&prosody(), "<r xmlns='urn:xmpp:sm:3' />"),
        "<r xml:lang=\"en\" xmlns='urn:xmpp:sm:3' />"
    );
    // Neither of these declares the default namespace.
    assert_eq!(
        written(&prosody(), "<r xml:lang='' xmlns:p='x' a='xmlns=1'/>"),
        "<r xmlns=\"jabber:client\" xml:lang='' xmlns:p='x' a='xmlns=1'/>"
    );
}

#[test]
fn rfc7395_3_3_3_features_and_errors_declare_their_prefix() {
    let declarations = "xmlns=\"jabber:client\" \
                        xmlns:stream=\"http://etherx.jabber.org/streams\" xml:lang=\"en\"";
    assert_eq!(
        written(
            &prosody(),
            "<stream:features><bind xmlns='x'/></stream:features>"
        ),
        format!("<stream:features {declarations}><bind xmlns='x'/></stream:features>")
    );
    assert_eq!(
        written(&prosody(), "<stream:error/>"),
        format!("<stream:error {declarations}/>")
    );
}

#[test]
fn only_prefixes_that_are_written_are_declared() {
    let header = header(
        "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
         xmlns:b='urn:b'>",
    );
    assert_eq!(
        written(&header, "<db:result>x</db:result>"),
        "<db:result xmlns:db=\"jabber:server:dialback\">x</db:result>"
    );
    assert_eq!(
        written(&header, "<a><c\nb:d=''/></a>"),
        "<a xmlns:b=\"urn:b\"><c\nb:d=''/></a>"
    );
    let plain = "<a db='s:' xdb:c='' xmlns:xdb='urn:b:s:'>:b:s:</a>";
    assert_eq!(written(&header, plain), plain);
    let own = "<b:c xmlns:b='urn:c'/>";
    assert_eq!(written(&header, own), own);
}

#[test]
fn a_written_element_stands_for_itself() {
    for element in [
        "<stream:features><a/></stream:features>",
        "<a stream:b='é'/>",
        "<a>\r\n</a>",
    ] {
        let message = written(&prosody(), element);
        assert_eq!(frame(&message), Ok(Frame::Element(&message)), "{element}");
    }
}

#[test]
fn values_of_the_header_are_escaped() {
    let header = header(
        "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='a&#10;&quot;&lt;' \
         xml:lang=\"'&amp;\">",
    );
    assert_eq!(
        written(&header, "<a/>"),
        "<a xmlns=\"a&#10;&quot;&lt;\" xml:lang=\"&apos;&amp;\"/>"
    );
}
