//! One test a rule; each input is read whole, byte by byte and cut in two
//! everywhere, always with the same outcome.

mod document;
mod markup;
mod namespaces;

use super::*;

/// The tokens of an input, and how it ended.
type Outcome = (Vec<(Found, String)>, Result<(), ScanError>);

fn read<'a>(scanner: &mut Scanner, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut tokens = Vec::new();
    let mut token = Vec::new();
    for mut chunk in chunks {
        while !chunk.is_empty() {
            let scan = match scanner.scan(chunk) {
                Ok(scan) => scan,
                Err(error) => {
                    assert_eq!(scanner.scan(b" "), Err(error), "an error is final");
                    assert_eq!(scanner.finish(), Err(error));
                    return (tokens, Err(error));
                }
            };
            token.extend_from_slice(&chunk[..scan.consumed]);
            chunk = &chunk[scan.consumed..];
            if let Some(found) = scan.found {
                tokens.push((
                    found,
                    String::from_utf8(std::mem::take(&mut token)).unwrap(),
                ));
            } else {
                assert!(chunk.is_empty());
            }
        }
    }
    (tokens, scanner.finish())
}

fn outcome_within(mode: Mode, limits: XmlLimits, input: &[u8]) -> Outcome {
    let scanner = || Scanner::new(mode, limits);
    let whole = read(&mut scanner(), [input]);
    let text = String::from_utf8_lossy(input);
    assert_eq!(
        read(&mut scanner(), input.chunks(1)),
        whole,
        "byte by byte: {text}"
    );
    for cut in 0..input.len() {
        let (a, b) = input.split_at(cut);
        assert_eq!(read(&mut scanner(), [a, b]), whole, "cut at {cut}: {text}");
    }
    whole
}

fn outcome(mode: Mode, input: impl AsRef<[u8]>) -> Outcome {
    outcome_within(mode, XmlLimits::default(), input.as_ref())
}

/// How a message with `content` in its element ends, be it near the end of the
/// input or far from it: eight bytes are read at a time where there are eight.
fn content(content: &str) -> Result<(), ScanError> {
    let near = message(format!("<a>{content}</a>"));
    let far = message(format!("<a>{content}and so on and so on</a>"));
    assert_eq!(near, far, "{content}");
    near
}

fn message(input: impl AsRef<[u8]>) -> Result<(), ScanError> {
    outcome(Mode::Message, input).1
}

const HEADER: &str = "<stream:stream xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>";

/// How a stream ends whose header is followed by `rest`.
fn stream(rest: &str) -> Result<(), ScanError> {
    outcome(Mode::Stream, format!("{HEADER}{rest}")).1
}
