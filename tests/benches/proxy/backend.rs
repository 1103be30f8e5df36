//! A server that is free: it opens a stream and then sends back what it gets.

use anyhow::Result;
use couplet_tests::fake_backend::{FEATURES, HEADER, SUCCESS, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::spawn_local;
use tokio_rustls::TlsAcceptor;

/// Serves for ever.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        spawn_local(async move {
            // What fails shows at the other end.
            let _ = stream.set_nodelay(true);
            match tls {
                None => echo(stream).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => echo(stream).await,
                    Err(error) => Err(error.into()),
                },
            }
        });
    }
}

async fn echo(mut stream: impl Stream) -> Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    let mut read = 0;
    while !String::from_utf8_lossy(&bytes[..read]).contains("<stream:stream")
        || bytes[read - 1] != b'>'
    {
        match stream.read(&mut bytes[read..]).await? {
            0 => return Ok(()),
            more => read += more,
        }
    }
    let opening = [HEADER, FEATURES, SUCCESS].concat();
    stream.write_all(opening.as_bytes()).await?;
    stream.flush().await?;
    // An idle one costs us little as well.
    bytes = vec![0; 4 * 1024];
    loop {
        match stream.read(&mut bytes).await? {
            0 => return Ok(()),
            read => stream.write_all(&bytes[..read]).await?,
        }
        stream.flush().await?;
    }
}
