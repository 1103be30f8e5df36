//! The floor: a splice of bytes behind the codec that the proxy has, in a process of
//! its own. It reads no XML and has no limits.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use couplet_tests::fake_backend::Stream;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The argument that makes a process the floor.
pub(crate) const WORD: &str = "floor";

/// Carries what comes to the server, for ever: address to listen at, address of the
/// server, and certificate and key for TLS.
///
/// # Panics
/// When it can't.
pub(crate) fn run(arguments: &[String]) {
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(serve(arguments)));
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

async fn serve(arguments: &[String]) -> Result<()> {
    let (listen, backend, tls) = match arguments {
        [listen, backend] => (listen, backend, None),
        [listen, backend, certificate, key] => (listen, backend, Some(acceptor(certificate, key)?)),
        _ => bail!("{WORD} takes two arguments or four"),
    };
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (backend, tls) = (backend.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => splice(stream, &backend).await,
                Some(tls) => splice(tls.accept(stream).await?, &backend).await,
            }
        });
    }
}

fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_file(certificate)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from_pem_file(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn splice(stream: impl Stream, backend: &str) -> Result<()> {
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
    let socket = accept_async_with_config(stream, Some(config)).await?;
    let (mut client_out, mut client_in) = socket.split();
    let backend = TcpStream::connect(backend).await?;
    backend.set_nodelay(true)?;
    let (mut from, mut to) = backend.into_split();
    let outward = async {
        let mut bytes = vec![0; 4 * 1024];
        loop {
            let read = from.read(&mut bytes).await?;
            if read == 0 {
                return Ok(());
            }
            let text = std::str::from_utf8(&bytes[..read])?;
            client_out.send(Message::text(text)).await?;
        }
    };
    let inward = async {
        loop {
            let message = client_in.next().await.context("gone")??;
            if let Message::Text(text) = message {
                to.write_all(text.as_bytes()).await?;
            }
        }
    };
    tokio::select! {
        ended = outward => ended,
        ended = inward => ended,
    }
}
