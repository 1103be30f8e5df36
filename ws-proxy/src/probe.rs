//! Connects as a browser does, through whatever stands in front of the proxy, and
//! says what that does to the connection.

use std::sync::Arc;
use std::time::Duration;

use couplet_shared::framing::CLOSE;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, crypto};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::config::ProbeUrl;
use crate::socket::{Socket, TlsStream};
use crate::upgrade::PATH;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is between us and the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A stream was opened.
    Works,
    /// Nothing answers, or nothing behind what does: the proxy may not run yet.
    NothingThere(String),
    /// What is wrong, and what to do.
    Broken(String),
}

/// Opens a stream to `domain` at `url`.
pub(crate) async fn probe(url: &ProbeUrl, domain: &str) -> Finding {
    match connect(url).await {
        Ok(socket) => match timeout(PATIENCE, handshake(url, socket, domain)).await {
            Ok(finding) => finding,
            Err(_) => Finding::Broken(
                "the connection is taken and then nothing comes. A server in front waits for the \
                 whole response: switch its buffering off for this path"
                    .to_owned(),
            ),
        },
        Err(finding) => finding,
    }
}

async fn connect(url: &ProbeUrl) -> Result<Socket, Finding> {
    let authority = &url.site.authority;
    let usual_port = if url.site.secure { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            (host, port.parse().unwrap_or(usual_port))
        }
        _ => (authority.as_str(), usual_port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let nothing = |why: String| {
        Finding::NothingThere(format!(
            "nothing answers at {authority}: {why}. Check the address, DNS and the firewall, and \
             that the server there runs"
        ))
    };
    let stream = match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(nothing(error.to_string())),
        Err(_) => return Err(nothing("it takes too long".to_owned())),
    };
    if !url.site.secure {
        return Ok(Socket::Tcp(stream));
    }
    let broken = |why: &dyn std::fmt::Display| {
        Finding::Broken(format!(
            "browsers will not trust {host}: {why}. Give the server there a certificate for this \
             name, with the whole chain, from an authority that browsers know"
        ))
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| broken(&error))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| broken(&error))?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let config = Arc::new(config);
    match timeout(PATIENCE, TlsStream::connect(&config, name, stream)).await {
        Ok(Ok(stream)) => Ok(Socket::Tls(Box::new(stream))),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(broken(&"its TLS handshake takes too long")),
    }
}

async fn handshake(url: &ProbeUrl, socket: Socket, domain: &str) -> Finding {
    let request = match request(url) {
        Ok(request) => request,
        Err(error) => return Finding::Broken(error.to_string()),
    };
    let (mut websocket, response) = match client_async(request, socket).await {
        Ok(connected) => connected,
        Err(Error::Http(response)) => return refused(&response),
        Err(error) => return unusual(&error),
    };
    if response.headers().get("sec-websocket-protocol") != Some(&HeaderValue::from_static("xmpp")) {
        return Finding::Broken(
            "something in front drops Sec-WebSocket-Protocol from the answer. Let it pass \
             headers through, both ways"
                .to_owned(),
        );
    }
    let open = format!(
        "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" to=\"{domain}\" version=\"1.0\" />"
    );
    if websocket.send(Message::text(open)).await.is_err() {
        return cut();
    }
    while let Some(message) = websocket.next().await {
        match message {
            Ok(Message::Text(text)) if text.starts_with("<stream:error") => {
                return Finding::Broken(format!(
                    "the connection works, but the stream is refused: {text}"
                ));
            }
            // An <open/> comes in front of an error too (RFC 7395 3.5).
            Ok(Message::Text(text)) if text.starts_with("<stream:features") => {
                let _ = websocket.send(Message::text(CLOSE)).await;
                return Finding::Works;
            }
            Ok(Message::Close(_)) | Err(_) => return cut(),
            Ok(_) => {}
        }
    }
    cut()
}

fn request(url: &ProbeUrl) -> Result<Request, Error> {
    let scheme = if url.site.secure { "wss" } else { "ws" };
    let path = url.path.as_deref().unwrap_or(PATH);
    let mut request = format!("{scheme}://{}{path}", url.site.authority).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", HeaderValue::from_static("xmpp"));
    headers.insert("origin", HeaderValue::try_from(url.site.origin())?);
    Ok(request)
}

/// What an answer other than 101 means.
fn refused(response: &Response) -> Finding {
    let status = response.status();
    let body = response.body().as_deref().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    // Our own sentences: the request came through, and not as it was sent.
    let ours = body.contains("WebSocket endpoint");
    let advice = match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            return Finding::NothingThere(format!(
                "the server in front answers {status}: it can't reach this proxy. Start the \
                 proxy, and point the server in front to the address in listen"
            ));
        }
        StatusCode::UPGRADE_REQUIRED if ours => {
            "a server in front eats the upgrade: the request arrives without its Connection and \
             Upgrade headers. Let it pass them on; for nginx: proxy_http_version 1.1; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\""
        }
        StatusCode::BAD_REQUEST if body.contains("subprotocol") => {
            "a server in front eats Sec-WebSocket-Protocol. Let it pass headers through"
        }
        StatusCode::FORBIDDEN if body.contains("allow_origin") => {
            "its own pages may not connect: a server in front changes Host. Set public_url to the \
             address that browsers use"
        }
        StatusCode::NOT_FOUND | StatusCode::OK => {
            "the path does not lead to this proxy. Let the server in front forward it"
        }
        _ => "that isn't what this proxy answers. Look into the log of the server in front",
    };
    Finding::Broken(format!("the answer is {status} instead of 101: {advice}"))
}

fn unusual(error: &Error) -> Finding {
    match error {
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => Finding::Broken(
            "something in front changes Sec-WebSocket-Protocol. Let it pass headers through, \
             both ways"
                .to_owned(),
        ),
        Error::Protocol(_) => Finding::Broken(format!(
            "a server in front eats the upgrade: {error}. Let it pass the Connection, Upgrade \
             and Sec-WebSocket headers on, both ways"
        )),
        _ => Finding::NothingThere(format!(
            "what answers there speaks no HTTP: {error}. Check the port, and https against http"
        )),
    }
}

fn cut() -> Finding {
    Finding::Broken(
        "the WebSocket is opened and then cut before a stream is. Something in front takes the \
         upgrade and does not carry what follows: let it tunnel the connection"
            .to_owned(),
    )
}
