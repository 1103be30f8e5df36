//! From the server to the client: one pump of a session.

use couplet_shared::addresses::without_addresses;
use couplet_shared::features::{FeatureRules, filter_features};
use couplet_shared::framing::{StreamHeader, write_element, write_open};
use couplet_shared::ns;
use couplet_shared::scanner::Found;
use tokio::io::{AsyncRead, AsyncWrite};

use super::link::Link;
use crate::config::{ChannelBinding, Domain};
use crate::faults::Fault;
use crate::proxy::Proxy;
use crate::upstream::{StreamReader, Token, header_of, is_element};
use crate::websocket::Sender;

/// The state of the server's stream.
pub(super) struct Outbound<'a, R, W> {
    reader: StreamReader<R>,
    sender: &'a mut Sender<W>,
    link: &'a Link,
    proxy: &'a Proxy,
    domain: &'a Domain,
    header: StreamHeader,
    /// Nothing has come since the header, so the features are next.
    fresh: bool,
    message: String,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Outbound<'a, R, W> {
    /// Continues a stream whose `header` has been read.
    pub(super) fn new(
        reader: StreamReader<R>,
        header: StreamHeader,
        sender: &'a mut Sender<W>,
        link: &'a Link,
        proxy: &'a Proxy,
        domain: &'a Domain,
    ) -> Self {
        Self {
            reader,
            sender,
            link,
            proxy,
            domain,
            header,
            fresh: true,
            message: String::new(),
        }
    }

    /// Carries the server's stanzas to the client, `first` among them, until the
    /// server ends the stream.
    ///
    /// # Errors
    /// A fault of the server, or of the client's connection.
    pub(super) async fn pump(&mut self, mut first: Option<Token>) -> Result<(), Fault> {
        self.open();
        loop {
            let (mut stanzas, mut bytes) = (0, 0);
            while let Some(token) = match first.take() {
                None => self.reader.next_token()?,
                first => first,
            } {
                if token.found == Found::StreamEnd {
                    return self.sender.flush().await;
                }
                let carried = self.carry(&token)?;
                stanzas += u64::from(carried > 0);
                bytes += carried;
                if self.sender.is_full() {
                    self.sender.flush().await?;
                }
            }
            if stanzas > 0 {
                self.proxy.metrics.to_client.add(stanzas, bytes);
            }
            self.sender.flush().await?;
            tokio::select! {
                filled = self.reader.fill() => filled?,
                () = self.link.control() => self.control().await?,
            }
            if self.link.take_restart() {
                self.reader.expect_restart();
            }
        }
    }

    /// Queues what `token` means to the client, and returns the bytes of a stanza.
    fn carry(&mut self, token: &Token) -> Result<usize, Fault> {
        match token.found {
            Found::StreamStart => {
                self.header = header_of(self.reader.text(token)?)?;
                self.fresh = true;
                self.open();
                Ok(0)
            }
            Found::Element => {
                write_element(&self.header, self.reader.text(token)?, &mut self.message);
                let message = without_addresses(&self.message);
                if std::mem::take(&mut self.fresh) {
                    self.sender.text(&filter_features(&message, self.rules()));
                } else {
                    self.sender.text(&message);
                }
                self.note_authentication();
                Ok(std::mem::take(&mut self.message).len())
            }
            // A server's keepalive has done its work by arriving (RFC 7395 3.8).
            Found::Declaration | Found::Whitespace | Found::StreamEnd => Ok(0),
        }
    }

    fn open(&mut self) {
        write_open(&self.header, &mut self.message);
        self.sender.text(&std::mem::take(&mut self.message));
        self.link.stream_was_opened();
    }

    /// The server's word that the client has signed in, by RFC 6120 6.4.6 or
    /// XEP-0388 2.6.3, raises the limits.
    fn note_authentication(&mut self) {
        if !self.link.is_authenticated()
            && [ns::SASL, ns::SASL2]
                .iter()
                .any(|ns| is_element(&self.message, "success", ns))
        {
            self.link.client_was_authenticated();
            // XEP-0388 2.6.3: with SASL2 the features come anew without a new stream.
            self.fresh = true;
        }
    }

    /// What of the features must not pass.
    fn rules(&self) -> FeatureRules {
        let limits = &self.proxy.limits;
        FeatureRules {
            remove_external: self.domain.strip_external,
            remove_channel_binding: self.domain.channel_binding == ChannelBinding::Strip,
            max_bytes: Some(limits.client_xml(self.link.is_authenticated()).max_bytes),
        }
    }

    async fn control(&mut self) -> Result<(), Fault> {
        for payload in self.link.take_pongs() {
            self.sender.pong(&payload);
        }
        let pings = self.link.is_ping_due();
        if pings {
            self.sender.ping();
        }
        self.sender.flush().await?;
        if pings {
            self.link.ping_was_sent();
        }
        Ok(())
    }
}
