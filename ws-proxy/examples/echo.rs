//! An echo on the proxy's WebSocket at the address that is the only argument: what
//! Autobahn|Testsuite is run against. See `docs/conformance.md`.

use anyhow::{Context, Result};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args()
        .nth(1)
        .context("say where to listen: 127.0.0.1:9001")?;
    ws_proxy::echo(TcpListener::bind(address).await?).await?;
    Ok(())
}
