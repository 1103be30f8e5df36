//! Somebody whose client is broken or malicious: it sends whatever it is told to.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;

/// A session signed in with PLAIN, with a resource and nothing else.
pub struct Raw(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Raw {
    /// Signs in over the WebSocket at `url`.
    ///
    /// # Errors
    /// When the server doesn't play along.
    pub async fn signed_in(jid: &str, password: &str, url: &str) -> Result<Self> {
        Self::bound(jid, password, url, "").await
    }

    /// The same with this resource: whoever has it has to go.
    ///
    /// # Errors
    /// When the server doesn't play along.
    pub async fn resource(jid: &str, password: &str, url: &str, resource: &str) -> Result<Self> {
        let resource = format!("<resource>{resource}</resource>");
        Self::bound(jid, password, url, &resource).await
    }

    async fn bound(jid: &str, password: &str, url: &str, resource: &str) -> Result<Self> {
        let (user, domain) = jid.split_once('@').context("not an address")?;
        let mut request = url.into_client_request()?;
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", HeaderValue::from_static("xmpp"));
        let mut raw = Self(connect_async(request).await?.0);
        let open = format!(
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>"
        );
        raw.send(&open).await?;
        raw.until("<stream:features").await?;
        let plain = STANDARD.encode(["\0", user, "\0", password].concat());
        raw.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
        ))
        .await?;
        raw.until("<success").await?;
        raw.send(&open).await?;
        raw.until("<stream:features").await?;
        raw.send(&format!(
            "<iq xmlns='jabber:client' type='set' id='bind'>\
             <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{resource}</bind></iq>"
        ))
        .await?;
        raw.until("<jid>").await?;
        Ok(raw)
    }

    /// Sends one message of the WebSocket as it is.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// Waits for a message that holds `words`.
    ///
    /// # Errors
    /// When none comes.
    pub async fn until(&mut self, words: &str) -> Result<String> {
        let wait = async {
            while let Some(message) = self.0.next().await {
                let text = message?.into_text()?.to_string();
                if text.contains(words) {
                    return Ok(text);
                }
            }
            bail!("the connection ended before {words:?}")
        };
        timeout(PATIENCE, wait)
            .await
            .with_context(|| format!("in vain: {words:?}"))?
    }
}
