//! A WebSocket client that sends whatever a test wants.

use std::net::SocketAddr;
use std::time::Duration;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{DOMAIN, Stream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, StatusCode};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// An `<open/>` to a domain.
pub(crate) fn open_to(domain: &str) -> String {
    format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>")
}

/// The framing's `<close/>`, byte for byte.
pub(crate) const CLOSE: &str = "<close xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" />";

pub(crate) struct Client {
    socket: WebSocketStream<Box<dyn Stream>>,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Text(String),
    Closed(u16),
    /// The connection ended without a close frame.
    Lost,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (client, response) = Self::try_connect(address, |_| {}).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        client
    }

    /// Connects with a request that `edit` has changed.
    pub(crate) async fn try_connect(
        address: SocketAddr,
        edit: impl FnOnce(&mut Request<()>),
    ) -> Result<(Self, Response), Error> {
        let stream = TcpStream::connect(address).await?;
        Self::connect_over(Box::new(stream), address, edit).await
    }

    /// Connects as a page of `origin` that says that it is in one of `site`.
    pub(crate) async fn connect_within(address: SocketAddr, origin: &str, site: &str) -> Self {
        let uri = format!("ws://{address}/xmpp-websocket?site={site}");
        let connected = Self::try_connect(address, |request| {
            let origin = HeaderValue::try_from(origin).unwrap();
            request.headers_mut().insert("origin", origin);
            *request.uri_mut() = uri.parse().unwrap();
        });
        connected.await.unwrap().0
    }

    pub(crate) async fn connect_over(
        stream: Box<dyn Stream>,
        address: SocketAddr,
        edit: impl FnOnce(&mut Request<()>),
    ) -> Result<(Self, Response), Error> {
        let mut request = format!("ws://{address}/xmpp-websocket").into_client_request()?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static("xmpp"));
        edit(&mut request);
        let (socket, response) = timeout(PATIENCE, client_async(request, stream))
            .await
            .unwrap()?;
        Ok((Self { socket }, response))
    }

    /// Over a stream whose handshake is done.
    pub(crate) async fn over_open(stream: Box<dyn Stream>) -> Self {
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        Self { socket }
    }

    /// The status and the sentence with which a request is refused.
    pub(crate) async fn refusal(
        address: SocketAddr,
        edit: impl FnOnce(&mut Request<()>),
    ) -> (StatusCode, String) {
        match Self::try_connect(address, edit).await {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status(), String::from_utf8(body).unwrap())
            }
            Ok((_, response)) => panic!("let in: {response:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn open(&mut self, domain: &str) {
        self.send(&open_to(domain)).await;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.message(Message::text(text)).await;
    }

    pub(crate) async fn message(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message))
            .await
            .unwrap()
            .unwrap();
    }

    /// Sends one message as several frames.
    pub(crate) async fn send_fragments(&mut self, fragments: &[&[u8]]) {
        for (index, fragment) in fragments.iter().enumerate() {
            let kind = if index == 0 {
                Data::Text
            } else {
                Data::Continue
            };
            let last = index + 1 == fragments.len();
            let frame = Frame::message(fragment.to_vec(), OpCode::Data(kind), last);
            self.message(Message::Frame(frame)).await;
        }
    }

    /// Sends `text` over and over until it has to wait for as long as `pause`, or
    /// the connection ends.
    pub(crate) async fn flood(&mut self, text: &str, pause: Duration) {
        while let Ok(Ok(())) = timeout(pause, self.socket.send(Message::text(text))).await {}
    }

    /// Writes bytes past the WebSocket.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let stream = self.socket.get_mut();
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
    }

    /// A frame without the mask that RFC 6455 wants.
    pub(crate) async fn send_unmasked(&mut self, text: &str) {
        let header = FrameHeader {
            opcode: OpCode::Data(Data::Text),
            ..FrameHeader::default()
        };
        let mut bytes = Vec::new();
        Frame::from_payload(header, text.to_owned().into())
            .format(&mut bytes)
            .unwrap();
        self.send_raw(&bytes).await;
    }

    /// Waits for what comes next, pings aside: they are answered on the way.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            match timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing came")
            {
                Some(Ok(Message::Text(text))) => return Event::Text(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    return Event::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => return Event::Lost,
            }
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.event().await {
            Event::Text(text) => text,
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// Waits for a pong, whatever comes before.
    pub(crate) async fn pong(&mut self) -> Vec<u8> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.unwrap() {
                Some(Ok(Message::Pong(payload))) => return payload.to_vec(),
                Some(Ok(_)) => {}
                other => panic!("{other:?} instead of a pong"),
            }
        }
    }

    /// Waits for a ping, whatever comes before.
    pub(crate) async fn ping(&mut self) {
        while !matches!(
            timeout(PATIENCE, self.socket.next()).await.unwrap(),
            Some(Ok(Message::Ping(_)))
        ) {}
    }

    /// Waits for a stream error with `condition`, then `<close/>`, then the close
    /// code. Returns the error.
    pub(crate) async fn stream_error(&mut self, condition: &str, code: u16) -> String {
        let error = self.text().await;
        assert!(
            error.starts_with("<stream:error xmlns:stream=\"http://etherx.jabber.org/streams\">")
                && error.contains(&format!(
                    "<{condition} xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>"
                )),
            "{error}"
        );
        assert_eq!(self.text().await, CLOSE);
        assert_eq!(self.event().await, Event::Closed(code));
        error
    }

    /// The same for an error while opening, which comes behind an `<open/>`.
    pub(crate) async fn opening_error(&mut self, condition: &str, code: u16) -> String {
        let open = self.text().await;
        assert!(
            open.starts_with("<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\"")
                && open.contains(" version=\"1.0\""),
            "{open}"
        );
        self.stream_error(condition, code).await
    }

    /// The same for an error in the client's XML that comes behind one message.
    pub(crate) async fn stream_error_after(&mut self, message: &str) {
        assert!(self.text().await.starts_with(message));
        self.stream_error("not-well-formed", 1008).await;
    }

    /// Ends its half of the connection, without a word, and keeps the other.
    pub(crate) async fn stop_sending(&mut self) {
        self.socket.get_mut().shutdown().await.unwrap();
    }

    /// Ends the connection without a word.
    pub(crate) fn vanish(self) {}

    /// Whether nothing at all comes for as long as `pause`.
    pub(crate) async fn hears_nothing(&mut self, pause: Duration) -> bool {
        timeout(pause, self.socket.next()).await.is_err()
    }

    /// Opens a stream to [`DOMAIN`] and returns how that fails.
    pub(crate) async fn failure(address: SocketAddr, condition: &str, code: u16) -> String {
        let mut client = Self::connect(address).await;
        client.open(DOMAIN).await;
        client.opening_error(condition, code).await
    }
}
