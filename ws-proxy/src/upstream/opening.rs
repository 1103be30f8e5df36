//! Opening a stream on a connection, up to what the server says first in it.

use std::io;

use couplet_shared::addresses::other_host;
use couplet_shared::framing::{
    OpenAttributes, StreamHeader, parse_stream_header, write_element, write_stream_header,
};
use couplet_shared::scanner::Found;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};

use super::stream::{StreamReader, Token};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::socket::{Socket, write_all};

/// A stream that both sides have opened.
pub(crate) struct Backend {
    /// What the server's header said.
    pub(crate) header: StreamHeader,
    /// What followed the header: the features, most likely, or else the stream's end.
    /// A server older than RFC 3920 may say nothing.
    pub(crate) first: Option<Token>,
    /// Reads what follows.
    pub(crate) reader: StreamReader<ReadHalf<Socket>>,
    /// Writes what follows our header.
    pub(crate) writer: WriteHalf<Socket>,
}

/// Opens a stream with the client's attributes.
///
/// # Errors
/// A fault of the backend.
pub(super) async fn open_stream(
    socket: Socket,
    open: &OpenAttributes,
    limits: &Limits,
) -> Result<Backend, Fault> {
    let (read, mut writer) = tokio::io::split(socket);
    let mut reader = StreamReader::new(read, limits.backend_xml());
    send_header(&mut writer, open, limits).await?;
    let header = read_header(&mut reader).await?;
    let first = match header.version {
        Some(_) => Some(read_first(&mut reader, &header).await?),
        None => None,
    };
    Ok(Backend {
        header,
        first,
        reader,
        writer,
    })
}

/// RFC 6120 4.3.2: the features come without being asked for, or else an error.
async fn read_first(
    reader: &mut StreamReader<impl AsyncRead + Unpin>,
    header: &StreamHeader,
) -> Result<Token, Fault> {
    loop {
        let Some(token) = reader.next_token()? else {
            reader.fill().await?;
            continue;
        };
        let mut element = String::new();
        match token.found {
            Found::Whitespace => continue,
            Found::Element => write_element(header, reader.text(&token)?, &mut element),
            Found::Declaration | Found::StreamStart | Found::StreamEnd => {}
        }
        return match other_host(&element) {
            Some(host) => Err(Fault::redirected(host)),
            None => Ok(token),
        };
    }
}

/// Sends our stream header.
///
/// # Errors
/// A fault of the backend.
pub(super) async fn send_header(
    writer: &mut (impl AsyncWrite + Unpin),
    open: &OpenAttributes,
    limits: &Limits,
) -> Result<(), Fault> {
    let mut header = String::new();
    write_stream_header(open, &mut header);
    write_all(writer, header.as_bytes(), limits.stall)
        .await
        .map_err(write_fault)
}

/// Waits for the server's stream header.
///
/// # Errors
/// A fault of the backend.
pub(super) async fn read_header(
    reader: &mut StreamReader<impl AsyncRead + Unpin>,
) -> Result<StreamHeader, Fault> {
    loop {
        let Some(token) = reader.next_token()? else {
            reader.fill().await?;
            continue;
        };
        match token.found {
            Found::StreamStart => return header_of(reader.text(&token)?),
            Found::Declaration | Found::Whitespace => {}
            // The scanner has nothing else in front of a header.
            Found::Element | Found::StreamEnd => {
                return Err(Fault::BackendProtocol(
                    "it sent no stream header".to_owned(),
                ));
            }
        }
    }
}

/// Reads a server's stream header.
///
/// # Errors
/// [`Fault::BackendProtocol`].
pub(crate) fn header_of(text: &str) -> Result<StreamHeader, Fault> {
    parse_stream_header(text).map_err(|error| Fault::BackendProtocol(error.to_string()))
}

/// The fault behind a failed write to a server.
pub(crate) fn write_fault(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut => Fault::BackendTimeout {
            what: "it took nothing of what was sent to it for too long",
            limit: "stall_seconds",
        },
        _ => Fault::BackendLost(error.to_string().into()),
    }
}

/// A server that hangs up before there is a stream was never reached: nothing can
/// be resumed, and a person should be told.
pub(super) fn lost_before_open(fault: Fault) -> Fault {
    match fault {
        Fault::BackendLost(reason) => Fault::BackendUnreachable(format!(
            "it closed the connection before a stream was open: {reason}"
        )),
        fault => fault,
    }
}
