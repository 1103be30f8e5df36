//! STARTTLS towards a server (RFC 6120 5.4), required and never opportunistic.

use couplet_shared::addresses::other_host;
use couplet_shared::framing::{OpenAttributes, StreamHeader, write_element};
use couplet_shared::ns;
use couplet_shared::scanner::Found;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;

use super::opening::{read_header, send_header, write_fault};
use super::stream::StreamReader;
use crate::faults::Fault;
use crate::limits::Limits;
use crate::socket::write_all;

/// Brings the connection to where the TLS handshake begins. Nothing about the
/// client but the domain it wants crosses in the clear.
///
/// # Errors
/// A fault of the backend; [`Fault::BackendRefused`] with its stream error.
pub(super) async fn negotiate(
    stream: &mut TcpStream,
    open: &OpenAttributes,
    limits: &Limits,
) -> Result<(), Fault> {
    let (read, mut write) = stream.split();
    let mut reader = StreamReader::new(read, limits.backend_xml());
    let anonymous = OpenAttributes {
        to: open.to.clone(),
        version: Some("1.0".to_owned()),
        ..OpenAttributes::default()
    };
    send_header(&mut write, &anonymous, limits).await?;
    let header = read_header(&mut reader).await?;

    let features = next_element(&mut reader, &header).await?;
    if !features.contains(ns::TLS) {
        return Err(Fault::BackendProtocol(
            "it offers no STARTTLS, without which nothing is sent to it".to_owned(),
        ));
    }
    let starttls = format!("<starttls xmlns='{}'/>", ns::TLS);
    write_all(&mut write, starttls.as_bytes(), limits.stall)
        .await
        .map_err(write_fault)?;
    let answer = next_element(&mut reader, &header).await?;
    if !answer.starts_with("<proceed") {
        return Err(Fault::BackendProtocol(
            "it offers STARTTLS and then refuses it".to_owned(),
        ));
    }
    // Whoever can write into the connection must not slip something in that would
    // be taken for a part of the protected stream.
    if reader.unread().is_empty() {
        Ok(())
    } else {
        Err(Fault::BackendProtocol(
            "it sent more between <proceed/> and TLS".to_owned(),
        ))
    }
}

/// The next top-level element, as a message of its own.
async fn next_element(
    reader: &mut StreamReader<impl AsyncRead + Unpin>,
    header: &StreamHeader,
) -> Result<String, Fault> {
    loop {
        let Some(token) = reader.next_token()? else {
            reader.fill().await?;
            continue;
        };
        match token.found {
            Found::Element => {
                let mut element = String::new();
                write_element(header, reader.text(&token)?, &mut element);
                if let Some(host) = other_host(&element) {
                    return Err(Fault::redirected(host));
                }
                if element.starts_with("<stream:error") {
                    let condition = condition(&element).to_owned();
                    return Err(Fault::BackendRefused {
                        condition,
                        error: element,
                    });
                }
                return Ok(element);
            }
            Found::Whitespace | Found::Declaration => {}
            Found::StreamStart | Found::StreamEnd => {
                return Err(Fault::BackendProtocol(
                    "it ended the stream before TLS".to_owned(),
                ));
            }
        }
    }
}

/// The name of a stream error's condition, which is its first child (RFC 6120 4.9.2).
fn condition(error: &str) -> &str {
    let child = error.split('<').nth(2).unwrap_or_default();
    child.split([' ', '/', '>']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_condition_is_the_first_child() {
        let error = "<stream:error a='>'><host-gone xmlns='x'/><text/></stream:error>";
        assert_eq!(super::condition(error), "host-gone");
        assert_eq!(super::condition("<stream:error/>"), "");
    }
}
