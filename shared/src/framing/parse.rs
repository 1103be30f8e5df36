//! From text to frames and headers.

use std::borrow::Cow;

use super::{Frame, FramingError, OpenAttributes, StreamHeader};
use crate::element::{StartTag, declared_prefix, is_element};
use crate::escape::unescape_attribute;
use crate::limits::XmlLimits;
use crate::ns;
use crate::scanner::{Found, Mode, ScanError, Scanner};

/// Reads the header that a [`Scanner`] reported as [`Found::StreamStart`]; an XML
/// declaration in front is skipped.
///
/// # Errors
/// [`FramingError::NotAStream`], or [`FramingError::Xml`] for what isn't exactly one
/// start tag.
pub fn parse_stream_header(text: &str) -> Result<StreamHeader, FramingError> {
    let tag = stream_start(text)?;
    let tag = StartTag::read(tag).ok_or(ScanError::Malformed)?;
    if !is_element(&tag, &[], "stream", ns::STREAMS) {
        return Err(FramingError::NotAStream);
    }
    let OpenAttributes {
        from,
        to,
        id,
        version,
        lang,
    } = OpenAttributes::read(&tag);
    let namespaces = tag
        .attributes()
        .filter_map(|(name, value)| {
            let prefix = declared_prefix(name).filter(|prefix| *prefix != "xml")?;
            Some((prefix.to_owned(), unescape_attribute(value).into_owned()))
        })
        .collect();
    Ok(StreamHeader {
        from,
        to,
        id,
        version,
        lang,
        namespaces,
    })
}

fn stream_start(text: &str) -> Result<&str, ScanError> {
    // The one who split the stream has bounded the header already.
    let limits = XmlLimits {
        max_bytes: usize::MAX,
        ..XmlLimits::default()
    };
    let mut scanner = Scanner::new(Mode::Stream, limits);
    let mut rest = text;
    loop {
        let scan = scanner.scan(rest.as_bytes())?;
        let (token, behind) = rest.split_at(scan.consumed);
        match scan.found {
            None => return Err(ScanError::Unfinished),
            Some(Found::StreamStart) if behind.is_empty() => return Ok(token),
            Some(Found::StreamStart) => return Err(ScanError::Trailing),
            Some(_) => rest = behind,
        }
    }
}

/// Reads one WebSocket message. An XML declaration in front and white space
/// behind are dropped; white space in front is refused, since the first character
/// of a message is `<` (RFC 7395 3.3.3).
///
/// # Errors
/// Whatever keeps the message from being exactly one element within `limits` that
/// stands for itself; see [`FramingError::condition`] for what to answer.
pub fn parse_frame<'a>(text: &'a str, limits: &XmlLimits) -> Result<Frame<'a>, FramingError> {
    let element = match only_element(text, limits) {
        // A stream header is never finished. Its sender speaks the protocol of
        // before RFC 7395 and should hear that, not that its XML is broken.
        Err(ScanError::Unfinished) if parse_stream_header(text).is_ok() => {
            return Err(FramingError::StreamInFrame);
        }
        result => result?,
    };
    let tag = StartTag::read(element).ok_or(ScanError::Malformed)?;
    let (prefix, local) = tag.split_name();
    let namespace = tag.declared(prefix);
    let framing = namespace.as_deref() == Some(ns::FRAMING);
    match local {
        "open" | "close" if !framing => Err(FramingError::FrameNamespace),
        "open" | "close" if !is_empty(element, &tag) => Err(FramingError::FrameContent),
        "open" => Ok(Frame::Open(OpenAttributes::read(&tag))),
        "close" => {
            let see_other_uri = tag.attribute("see-other-uri").map(Cow::into_owned);
            Ok(Frame::Close { see_other_uri })
        }
        _ if framing => Err(FramingError::UnknownFrame),
        "stream" if namespace.as_deref() == Some(ns::STREAMS) => Err(FramingError::StreamInFrame),
        _ => Ok(Frame::Element(element)),
    }
}

fn only_element<'a>(text: &'a str, limits: &XmlLimits) -> Result<&'a str, ScanError> {
    let mut scanner = Scanner::new(Mode::Message, *limits);
    let mut element = "";
    let mut rest = text;
    while !rest.is_empty() {
        let scan = scanner.scan(rest.as_bytes())?;
        let (token, behind) = rest.split_at(scan.consumed);
        if scan.found == Some(Found::Element) {
            element = token;
        }
        rest = behind;
    }
    scanner.finish()?;
    Ok(element)
}

/// Says if there is nothing between an element's tags.
fn is_empty(element: &str, tag: &StartTag<'_>) -> bool {
    tag.empty || element[tag.len..].trim_ascii_start().starts_with("</")
}

impl OpenAttributes {
    fn read(tag: &StartTag<'_>) -> Self {
        let attribute = |name| tag.attribute(name).map(Cow::into_owned);
        Self {
            from: attribute("from"),
            to: attribute("to"),
            id: attribute("id"),
            version: attribute("version"),
            lang: attribute("xml:lang"),
        }
    }
}
