//! One client's session: open a stream, carry it both ways, end it as RFC 7395
//! and the table of faults want it.

mod inbound;
mod link;
mod outbound;
mod vitals;

use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use couplet_shared::framing::{
    CLOSE, Frame, OpenAttributes, StreamHeader, write_close, write_open,
};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub(crate) use self::inbound::unknown_domain;
use self::inbound::{Carrier, End, read_frame};
pub(crate) use self::link::Link;
use self::outbound::Outbound;
use crate::client_address::ClientAddress;
use crate::crowds::Whose;
use crate::faults::{Fault, StreamError};
use crate::proxy::Proxy;
use crate::random;
use crate::shutdown::Shutdown;
use crate::socket::{Socket, write_all};
use crate::upstream::{Backend, Connector};
use crate::websocket::{Incoming, Receiver, Sender};

/// How a session ends when nothing went wrong.
enum Ending {
    /// The client sent `<close/>`.
    ByClient,
    /// The server sent `</stream:stream>`.
    ByBackend,
}

/// Runs a session over a WebSocket whose handshake is done; `leftover` came behind
/// the handshake's request. `client` says where it comes from: its address, and whose page
/// it is.
pub(crate) async fn run(
    proxy: Arc<Proxy>,
    client: (ClientAddress, Whose),
    socket: Socket,
    leftover: Bytes,
    mut shutdown: Shutdown,
) {
    let mut session = Session::new(&proxy, client, socket, &leftover);
    // It is a part of the whole HTTP connection's buffer.
    drop(leftover);
    let ended = tokio::select! {
        ended = session.converse() => ended,
        () = shutdown.session_should_leave() => Err(Fault::ShuttingDown),
    };
    let metrics = &proxy.metrics;
    match &ended {
        Ok(Ending::ByClient) => {
            metrics.session_ended("closed-by-client");
            tracing::info!("session closed by the client");
        }
        Ok(Ending::ByBackend) => {
            metrics.session_ended("closed-by-server");
            tracing::info!("session closed by the server");
        }
        Err(fault) => {
            metrics.session_ended(fault.answer().name);
            if let Some(limit) = fault.limit() {
                metrics.limit_hit(limit);
            }
            fault.log();
        }
    }
    session.end(ended).await;
}

struct Session<'a> {
    proxy: &'a Proxy,
    receiver: Receiver<ReadHalf<Socket>>,
    sender: Sender<WriteHalf<Socket>>,
    link: Arc<Link>,
    address: ClientAddress,
    whose: Whose,
    /// The domain that the client asked for, as it wrote it.
    domain: String,
}

impl<'a> Session<'a> {
    fn new(
        proxy: &'a Proxy,
        (address, whose): (ClientAddress, Whose),
        socket: Socket,
        leftover: &[u8],
    ) -> Self {
        let link = Arc::new(Link::default());
        let (read, write) = tokio::io::split(socket);
        Self {
            proxy,
            receiver: Receiver::new(
                read,
                leftover,
                proxy.limits.clone(),
                proxy.metrics.clone(),
                link.clone(),
            ),
            sender: Sender::new(write, proxy.limits.stall, link.clone()),
            link,
            address,
            whose,
            domain: String::new(),
        }
    }

    async fn converse(&mut self) -> Result<Ending, Fault> {
        let opening = timeout(self.proxy.limits.open, self.first_frame());
        let Some(open) = opening.await.unwrap_or(Err(Fault::OpenTimeout))? else {
            return Ok(Ending::ByClient);
        };
        self.domain = open.to.clone().unwrap_or_default();
        let connector = self.proxy.connector(&open)?;
        let whose = std::mem::take(&mut self.whose);
        let (domain, ip) = (connector.domain(), self.address.client.ip());
        let _counted = self.proxy.crowds.admit(domain, ip, &whose)?;
        let (backend, early) = self.reach(connector, &open).await?;
        tracing::info!(domain = %domain.name, site = whose.site_of(domain), "session opened");
        drop(whose);
        self.bridge(connector, Box::new(backend), early).await
    }

    /// Waits for `<open/>`; `None` is a `<close/>` instead (RFC 7395 3.4).
    async fn first_frame(&mut self) -> Result<Option<OpenAttributes>, Fault> {
        loop {
            match self.receiver.next().await? {
                Incoming::Text(text) => match read_frame(text, &self.proxy.limits, false)? {
                    None => {}
                    Some(Frame::Open(open)) => return Ok(Some(open)),
                    Some(Frame::Close { .. }) => return Ok(None),
                    Some(Frame::Element(_)) => return Err(Fault::NotOpened),
                },
                Incoming::Ping(payload) => {
                    self.sender.pong(&payload);
                    self.sender.flush().await?;
                }
                Incoming::Close => return Err(Fault::ClientLeft),
            }
        }
    }

    /// Opens the stream towards the server. A client may pipeline one message
    /// behind its `<open/>` meanwhile, and may leave.
    async fn reach(
        &mut self,
        connector: &Connector,
        open: &OpenAttributes,
    ) -> Result<(Backend, Option<String>), Fault> {
        // Boxed: TLS and DNS need room that an open session doesn't.
        let mut opening = Box::pin(connector.open(open, Some(self.address)));
        let mut early = None;
        loop {
            tokio::select! {
                backend = &mut opening => return Ok((backend?, early)),
                incoming = self.receiver.next(), if early.is_none() => match incoming? {
                    Incoming::Text(text) => early = Some(text.to_owned()),
                    Incoming::Ping(payload) => {
                        self.sender.pong(&payload);
                        self.sender.flush().await?;
                    }
                    Incoming::Close => return Err(Fault::ClientLeft),
                },
            }
        }
    }

    /// Runs both pumps, neither of which waits for the other, until one of them
    /// ends, and lets the other one finish where that is right.
    async fn bridge(
        &mut self,
        connector: &Connector,
        // Boxed: what a future is given by value takes its place in it twice.
        backend: Box<Backend>,
        early: Option<String>,
    ) -> Result<Ending, Fault> {
        let Backend {
            header,
            first,
            reader,
            mut writer,
        } = *backend;
        let Self {
            proxy,
            receiver,
            sender,
            link,
            ..
        } = self;
        let mut outbound = Outbound::new(reader, header, sender, link, proxy, connector.domain());
        let mut outbound = pin!(outbound.pump(first));
        let carrier = Carrier {
            proxy,
            connector,
            backend: &mut writer,
            link,
        };
        let inbound = inbound::pump(receiver, carrier, early);
        let ended = tokio::select! {
            ended = &mut outbound => {
                ended?;
                Ok(Ending::ByBackend)
            }
            ended = inbound => {
                // What the server still has to say, its reason above all.
                let last_words = |ended| async {
                    timeout(proxy.limits.close, outbound).await.unwrap_or(ended)
                };
                match ended? {
                    End::ClientClosed => match last_words(Ok(())).await {
                        Err(fault @ (Fault::ClientLost(_) | Fault::ClientStalled)) => Err(fault),
                        _ => Ok(Ending::ByClient),
                    },
                    End::BackendLost(fault) => {
                        last_words(Err(fault)).await.map(|()| Ending::ByBackend)
                    }
                }
            }
            fault = vitals::watch(link, &proxy.limits) => Err(fault),
        };
        if let Ok(Ending::ByBackend) = ended {
            // RFC 6120 4.4; the server may not wait for it.
            let _ = write_all(&mut writer, b"</stream:stream>", proxy.limits.close).await;
            let _ = writer.shutdown().await;
        }
        ended
    }

    /// Tells the client what there is to tell, and closes the WebSocket. A client
    /// that doesn't take part has it closed for it.
    async fn end(&mut self, ended: Result<Ending, Fault>) {
        let limit = self.proxy.limits.close;
        let code = match ended {
            Ok(Ending::ByClient) => {
                self.sender.text(CLOSE);
                CloseCode::Normal
            }
            Ok(Ending::ByBackend) => {
                self.sender.text(CLOSE);
                let _ = timeout(limit, self.await_close()).await;
                CloseCode::Normal
            }
            Err(fault) => {
                let answer = fault.answer();
                let Some(code) = answer.close else {
                    return;
                };
                if answer.error != StreamError::Silent {
                    self.say(&fault);
                }
                if let (Fault::ShuttingDown, Some(uri)) = (fault, &self.proxy.see_other_uri) {
                    let mut close = String::new();
                    write_close(uri, &mut close);
                    self.sender.text(&close);
                }
                code
            }
        };
        self.sender.close(code);
        if timeout(limit, self.finish()).await.is_err() {
            self.proxy.metrics.limit_hit("close_seconds");
        }
    }

    /// Closes the WebSocket, and the connection once the client agrees.
    async fn finish(&mut self) -> Result<(), Fault> {
        self.sender.flush().await?;
        if self.receiver.is_broken() {
            self.sender.shut().await;
        }
        self.receiver.drain().await;
        Ok(())
    }

    /// RFC 7395 3.5: an `<open/>` if there was none, the stream error in a message
    /// of its own, then `<close/>`.
    fn say(&mut self, fault: &Fault) {
        let mut message = String::new();
        if !self.link.is_opened() {
            let header = StreamHeader {
                from: Some(self.domain.clone()).filter(|domain| !domain.is_empty()),
                id: Some(random::name::<16>()),
                version: Some("1.0".to_owned()),
                lang: Some("en".to_owned()),
                ..StreamHeader::default()
            };
            write_open(&header, &mut message);
            self.sender.text(&message);
            message.clear();
        }
        fault.write_stream_error(&self.domain, &mut message);
        self.sender.text(&message);
        self.sender.text(CLOSE);
    }

    /// Says what is left to say, then waits for the client's `<close/>`.
    async fn await_close(&mut self) -> Result<(), Fault> {
        self.sender.flush().await?;
        loop {
            if let Incoming::Text(text) = self.receiver.next().await?
                && let Ok(Some(Frame::Close { .. })) = read_frame(text, &self.proxy.limits, true)
            {
                return Ok(());
            }
        }
    }
}
