//! How pieces of markup fit together, and limits.

use super::*;
use crate::stream_error::StreamErrorCondition;

#[test]
fn a_stream_is_split_into_its_tokens() {
    let tokens = [
        (Found::Declaration, "<?xml version='1.0'?>"),
        (Found::Whitespace, "\n"),
        (Found::StreamStart, HEADER),
        (Found::Element, "<stream:features><x/></stream:features>"),
        (Found::Whitespace, " "),
        (Found::Whitespace, "\t"),
        (Found::Element, "<r/>"),
        (
            Found::Element,
            "<message to=\"a>b'\"><body>x &gt; y é</body ></message\n>",
        ),
        (Found::StreamEnd, "</stream:stream>"),
        (Found::Whitespace, "\n"),
    ];
    let input: String = tokens.iter().map(|(_, text)| *text).collect();
    let expected = tokens
        .map(|(found, text)| (found, text.to_owned()))
        .to_vec();
    assert_eq!(outcome(Mode::Stream, input), (expected, Ok(())));
}

#[test]
fn a_message_is_one_element() {
    let declaration = (
        Found::Declaration,
        "<?xml version='1.0' encoding='UTF-8'?>".to_owned(),
    );
    let element = (Found::Element, "<a><b/></a>".to_owned());
    let space = (Found::Whitespace, "\n".to_owned());
    let input = format!("{}{}{}", declaration.1, element.1, space.1);
    assert_eq!(
        outcome(Mode::Message, input),
        (vec![declaration, element, space], Ok(()))
    );
    assert_eq!(message("<a/>"), Ok(()));
    assert_eq!(message("<a/><b/>"), Err(ScanError::Trailing));
    assert_eq!(message("<a/></a>"), Err(ScanError::Trailing));
    assert_eq!(message("<a/>text"), Err(ScanError::StrayText));
    assert_eq!(message("text<a/>"), Err(ScanError::StrayText));
    assert_eq!(message("\u{FEFF}<a/>"), Err(ScanError::StrayText));
}

#[test]
fn a_message_begins_with_markup() {
    assert_eq!(message(" <a/>"), Err(ScanError::StrayText));
    assert_eq!(
        message("\n<?xml version='1.0'?><a/>"),
        Err(ScanError::StrayText)
    );
    assert_eq!(message("<?xml version='1.0'?>\n<a/>"), Ok(()));
}

#[test]
fn what_is_unfinished_is_not_accepted() {
    for input in [
        "",
        "<",
        "<a",
        "<a>",
        "<a b='",
        "<a></",
        "<a></a",
        "<?xml version='1.0'?>",
        "<a>&",
    ] {
        assert_eq!(message(input), Err(ScanError::Unfinished), "{input}");
    }
    assert_eq!(stream(""), Err(ScanError::Unfinished));
    assert_eq!(stream("<a/>"), Err(ScanError::Unfinished));
}

#[test]
fn white_space_may_come_before_a_stream() {
    assert_eq!(
        outcome(Mode::Stream, format!(" {HEADER}</stream:stream>")).1,
        Ok(())
    );
    let declared = format!("\n<?xml version='1.0'?>{HEADER}</stream:stream>");
    assert_eq!(outcome(Mode::Stream, declared).1, Ok(()));
}

#[test]
fn nothing_but_white_space_is_between_elements() {
    for rest in ["text", "<a/>text", "&#32;", "<![CDATA[ ]]>", "é", "\0"] {
        let expected = if rest == "\0" {
            ScanError::Character
        } else {
            ScanError::StrayText
        };
        assert_eq!(stream(rest), Err(expected), "{rest}");
    }
    assert_eq!(stream("</stream:stream>x"), Err(ScanError::StrayText));
    assert_eq!(stream("</stream:stream><a/>"), Err(ScanError::Trailing));
}

#[test]
fn a_stream_is_not_its_header_alone() {
    assert_eq!(
        outcome(Mode::Stream, "<stream/>").1,
        Err(ScanError::EmptyStream)
    );
}

#[test]
fn a_stream_can_restart() {
    let mut scanner = Scanner::new(Mode::Stream, XmlLimits::default());
    let first = format!("{HEADER}<success/>");
    assert_eq!(
        read(&mut scanner, [first.as_bytes()]).1,
        Err(ScanError::Unfinished)
    );
    scanner.restart();
    let second = format!("<?xml version='1.0'?>{HEADER}</stream:stream>");
    let (tokens, end) = read(&mut scanner, [second.as_bytes()]);
    assert_eq!((tokens.len(), end), (3, Ok(())));
}

#[test]
fn tags_must_balance() {
    assert_eq!(content("<b><c></c></b>"), Ok(()));
    for input in [
        "<b></c>",
        "<b>",
        "</b>",
        "<b></B>",
        "<bc></b>",
        "<b></bc>",
        "<b></b c>",
        "<b></b/>",
    ] {
        assert_eq!(content(input), Err(ScanError::MismatchedEndTag), "{input}");
    }
    let long = "a-name-longer-than-a-word";
    assert_eq!(
        content(&format!("<{long}><{long}></{long}></{long}\t>")),
        Ok(())
    );
    assert_eq!(
        content(&format!("<{long}></{long}s>")),
        Err(ScanError::MismatchedEndTag)
    );
    assert_eq!(
        content(&format!("<{long}></{}>", &long[1..])),
        Err(ScanError::MismatchedEndTag)
    );
    assert_eq!(message("</a>"), Err(ScanError::MismatchedEndTag));
}

#[test]
fn every_limit_bites_at_its_number() {
    let unlimited = XmlLimits {
        max_bytes: usize::MAX,
        max_depth: usize::MAX,
        max_elements: usize::MAX,
        max_attributes: usize::MAX,
        max_name_bytes: usize::MAX,
        max_prefixes: usize::MAX,
    };
    let input = b"<stream:s xmlns:stream='x'><abcdefghi><b/><c d='' e='' f='' xmlns:g='y'/></abcdefghi></stream:s>";
    let check = |limit: fn(&mut XmlLimits) -> &mut usize, enough: usize, error| {
        let mut limits = unlimited;
        *limit(&mut limits) = enough;
        assert_eq!(outcome_within(Mode::Stream, limits, input).1, Ok(()));
        *limit(&mut limits) = enough - 1;
        assert_eq!(outcome_within(Mode::Stream, limits, input).1, Err(error));
        assert_eq!(error.condition(), StreamErrorCondition::PolicyViolation);
    };
    check(|limits| &mut limits.max_bytes, 58, ScanError::TooLarge);
    check(|limits| &mut limits.max_depth, 2, ScanError::TooDeep);
    check(
        |limits| &mut limits.max_elements,
        3,
        ScanError::TooManyElements,
    );
    check(
        |limits| &mut limits.max_attributes,
        4,
        ScanError::TooManyAttributes,
    );
    check(
        |limits| &mut limits.max_name_bytes,
        12,
        ScanError::NameTooLong,
    );
    check(
        |limits| &mut limits.max_prefixes,
        2,
        ScanError::TooManyPrefixes,
    );
}

#[test]
fn limits_can_change_in_between() {
    let mut scanner = Scanner::new(Mode::Message, XmlLimits::default());
    assert!(scanner.scan(b"<a>0123456789").is_ok());
    scanner.set_limits(XmlLimits {
        max_bytes: 10,
        ..XmlLimits::default()
    });
    assert_eq!(scanner.scan(b"0"), Err(ScanError::TooLarge));
}

#[test]
fn the_first_fault_is_the_one_that_counts() {
    assert_eq!(message(b"<a>\xFF]]></a>"), Err(ScanError::Encoding));
    assert_eq!(message(b"<a>]]>\xFF</a>"), Err(ScanError::CdataEnd));
    assert_eq!(message(b"<a>\x01\xFF</a>"), Err(ScanError::Character));
    assert_eq!(message(b"<a b=c><a b='\xFF'"), Err(ScanError::Malformed));
}

#[test]
fn memory_for_one_unusual_element_is_given_back() {
    let limits = XmlLimits {
        max_bytes: 1 << 20,
        ..XmlLimits::default()
    };
    let mut scanner = Scanner::new(Mode::Stream, limits);
    let unusual = format!("<a xmlns:p='{}'></a>", "x".repeat(100_000));
    let input = format!("{HEADER}{unusual}");
    let (tokens, _) = read(&mut scanner, input.as_bytes().chunks(1000));
    assert_eq!(tokens.len(), 2);
    assert!(scanner.straddle.capacity() <= KEEP_BYTES);
    assert!(scanner.scope.capacity() <= KEEP_BYTES);
}

#[test]
fn debugging_shows_where_it_is_and_nothing_that_was_read() {
    let mut scanner = Scanner::new(Mode::Message, XmlLimits::default());
    scanner.scan(b"<a>secret<b secret").unwrap();
    let debug = format!("{scanner:?}");
    assert!(debug.contains("Message") && debug.contains("Body") && !debug.contains("secret"));
}
