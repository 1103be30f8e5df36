//! From the client to the server: one pump of a session.

use couplet_shared::framing::{Frame, OpenAttributes, parse_frame, write_stream_header};
use tokio::io::{AsyncRead, AsyncWrite};

use super::link::Link;
use crate::faults::Fault;
use crate::limits::Limits;
use crate::proxy::Proxy;
use crate::socket::write_all;
use crate::upstream::{Connector, write_fault};
use crate::websocket::{Incoming, Receiver};

/// What ends the way towards the server.
pub(super) enum End {
    /// The client's `<close/>`, which the server has been told.
    ClientClosed,
    /// The server takes nothing more; what it said last may still be read.
    BackendLost(Fault),
}

/// Carries a client's messages to the server, each written before the next is
/// read; first `early`, which came before there was a server.
///
/// # Errors
/// A fault of the client.
pub(super) async fn pump(
    receiver: &mut Receiver<impl AsyncRead + Unpin>,
    mut carrier: Carrier<'_, impl AsyncWrite + Unpin>,
    early: Option<String>,
) -> Result<End, Fault> {
    if let Some(text) = early
        && let Some(end) = carrier.carry(&text).await?
    {
        return Ok(end);
    }
    loop {
        match receiver.next().await? {
            Incoming::Text(text) => {
                if let Some(end) = carrier.carry(text).await? {
                    return Ok(end);
                }
            }
            Incoming::Ping(payload) => {
                carrier.link.pong_is_due(payload);
            }
            Incoming::Close => return Err(Fault::ClientLeft),
        }
    }
}

/// Writes what a client's messages mean to its server.
pub(super) struct Carrier<'a, W> {
    pub(super) proxy: &'a Proxy,
    pub(super) connector: &'a Connector,
    pub(super) backend: W,
    pub(super) link: &'a Link,
}

impl<W: AsyncWrite + Unpin> Carrier<'_, W> {
    async fn carry(&mut self, text: &str) -> Result<Option<End>, Fault> {
        match read_frame(text, &self.proxy.limits, self.link.is_authenticated())? {
            None => Ok(None),
            Some(Frame::Element(element)) => {
                self.proxy.metrics.to_backend.add(1, element.len());
                Ok(self.write(element).await)
            }
            Some(Frame::Open(open)) => {
                self.restart(&open)?;
                let mut header = String::new();
                write_stream_header(&open, &mut header);
                Ok(self.write(&header).await)
            }
            Some(Frame::Close { .. }) => Ok(self
                .write("</stream:stream>")
                .await
                .or(Some(End::ClientClosed))),
        }
    }

    /// RFC 7395 3.7. The stream stays with the domain that it was opened to.
    fn restart(&self, open: &OpenAttributes) -> Result<(), Fault> {
        if !std::ptr::eq(self.proxy.connector(open)?, self.connector) {
            return Err(unknown_domain(open));
        }
        // Before the header leaves, and so before the server's answer comes.
        self.link.stream_restarts();
        Ok(())
    }

    async fn write(&mut self, xml: &str) -> Option<End> {
        let written = write_all(&mut self.backend, xml.as_bytes(), self.proxy.limits.stall).await;
        written
            .err()
            .map(|error| End::BackendLost(write_fault(error)))
    }
}

/// Reads a client's message; `None` is a whitespace keepalive, which ends here
/// (RFC 7395 3.8).
///
/// # Errors
/// [`Fault::BadFrame`].
pub(super) fn read_frame<'a>(
    text: &'a str,
    limits: &Limits,
    authenticated: bool,
) -> Result<Option<Frame<'a>>, Fault> {
    if text.bytes().all(|byte| b" \t\r\n".contains(&byte)) {
        return Ok(None);
    }
    Ok(Some(parse_frame(text, &limits.client_xml(authenticated))?))
}

/// The fault of asking for a domain that isn't ours to reach.
pub(crate) fn unknown_domain(open: &OpenAttributes) -> Fault {
    // For the log: no JID, and no more of anybody's text than a domain can have.
    let to = open.to.as_deref().unwrap_or_default();
    let domain = to.rsplit('@').next().unwrap_or_default();
    let domain = domain.split('/').next().unwrap_or_default();
    Fault::UnknownDomain {
        domain: domain.chars().take(253).collect(),
    }
}
