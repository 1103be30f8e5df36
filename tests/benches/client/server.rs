//! The server of both clients: it says what it is told to, the same to each.
//!
//! It signs anybody in (SCRAM-SHA-1, RFC 5802), has no archive and keeps nothing. What costs a
//! client something, the roster and who is in a room, it sends when the measurement begins.

use std::str::FromStr as _;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jid::Jid;
use minidom::Element;
use sha1::Sha1;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

use couplet_tests::PATIENCE;

use crate::rooms;

pub(crate) const DOMAIN: &str = "example.test";
pub(crate) const ME: &str = "alice@example.test";
pub(crate) const ROOM: &str = "hall@rooms.example.test";

pub(crate) const CLIENT: &str = "jabber:client";
const MUC: &str = "http://jabber.org/protocol/muc";
const ERROR: &str = "<error type='cancel'>\
                     <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

/// What a client waits for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The roster, by the id of the question.
    Roster(String),
    /// To be let into the room, under this name.
    Entry(String),
    /// Something of a room that it has a bookmark of, which answers at once.
    Bookmarked(String),
}

/// Listens for one client after the other.
pub(crate) struct Server {
    listener: TcpListener,
}

/// A client that has connected.
pub(crate) struct Client {
    pub(crate) asked: UnboundedReceiver<Asked>,
    out: UnboundedSender<String>,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Ok(Self { listener })
    }

    pub(crate) fn url(&self) -> Result<String> {
        Ok(format!("ws://{}/", self.listener.local_addr()?))
    }

    /// Waits for a client that has so many bookmarks, and serves it from then on.
    pub(crate) async fn accept(&self, bookmarks: usize) -> Result<Client> {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await??;
        let (ask, asked) = unbounded_channel();
        let (out, frames) = unbounded_channel();
        let client = Client {
            asked,
            out: out.clone(),
        };
        tokio::spawn(async move {
            // It ends as the client does.
            let _ = serve(stream, bookmarks, ask, out, frames).await;
        });
        Ok(client)
    }
}

impl Client {
    pub(crate) fn send(&self, frame: String) -> Result<()> {
        self.out.send(frame).context("the client is gone")
    }

    /// What the client has asked by now.
    pub(crate) fn has_asked(&mut self) -> impl Iterator<Item = Asked> {
        std::iter::from_fn(|| self.asked.try_recv().ok())
    }

    /// Waits for what the client asks next.
    pub(crate) async fn asks(&mut self) -> Result<Asked> {
        let asked = timeout(PATIENCE, self.asked.recv()).await?;
        asked.context("the client is gone")
    }
}

async fn serve(
    stream: TcpStream,
    bookmarks: usize,
    ask: UnboundedSender<Asked>,
    out: UnboundedSender<String>,
    mut frames: UnboundedReceiver<String>,
) -> Result<()> {
    let (mut sink, mut stream) = accept_hdr_async(stream, in_xmpp).await?.split();
    tokio::spawn(async move {
        while let Some(frame) = frames.recv().await {
            sink.send(Message::text(frame)).await?;
        }
        anyhow::Ok(())
    });
    let mut script = Script {
        bookmarks,
        ..Script::default()
    };
    while let Some(frame) = stream.next().await {
        let Message::Text(text) = frame? else {
            continue;
        };
        // A stanza inherits its namespace from a header that isn't there.
        let frame = Element::from_reader_with_prefixes(text.as_bytes(), CLIENT.to_owned())
            .with_context(|| text.to_string())?;
        for answer in script.answer(&frame, &ask)? {
            out.send(answer)?;
        }
    }
    Ok(())
}

/// RFC 7395 3.1.
#[expect(clippy::result_large_err, reason = "tungstenite has it so")]
fn in_xmpp(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let name = HeaderValue::from_static("xmpp");
    response
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", name);
    Ok(response)
}

/// How far a client has got.
#[derive(Default)]
struct Script {
    user: String,
    first: String,
    challenge: String,
    signed_in: bool,
    bookmarks: usize,
}

impl Script {
    fn answer(&mut self, frame: &Element, ask: &UnboundedSender<Asked>) -> Result<Vec<String>> {
        Ok(match frame.name() {
            "open" => vec![
                format!(
                    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='{DOMAIN}' id='s' \
                     version='1.0' xml:lang='en'/>"
                ),
                self.features(),
            ],
            "auth" => vec![self.challenge(&frame.text())?],
            "response" => vec![self.success(&frame.text())?],
            "iq" => self.iq(frame, ask)?,
            "presence" => presence(frame, ask)?,
            "message" => reflection(frame).into_iter().collect(),
            _ => Vec::new(),
        })
    }

    fn features(&self) -> String {
        let features = match self.signed_in {
            true => "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
            false => {
                "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
                 <mechanism>SCRAM-SHA-1</mechanism></mechanisms>"
            }
        };
        format!(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>{features}\
             </stream:features>"
        )
    }

    fn challenge(&mut self, first: &str) -> Result<String> {
        let first = String::from_utf8(STANDARD.decode(first.trim())?)?;
        let (_, bare) = first.split_once(",,").context("a first message")?;
        let (name, nonce) = bare.split_once(",r=").context("a nonce")?;
        name.trim_start_matches("n=").clone_into(&mut self.user);
        bare.clone_into(&mut self.first);
        self.challenge = format!("r={nonce}server,s={},i=4096", STANDARD.encode("salt"));
        let challenge = STANDARD.encode(&self.challenge);
        Ok(format!(
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"
        ))
    }

    /// The client wants to know that we know its password, which is its name.
    fn success(&mut self, last: &str) -> Result<String> {
        let last = String::from_utf8(STANDARD.decode(last.trim())?)?;
        let (last, _) = last.split_once(",p=").context("a proof")?;
        let message = [&self.first, ",", &self.challenge, ",", last].concat();
        let mut salted = [0; 20];
        pbkdf2::pbkdf2::<Hmac<Sha1>>(self.user.as_bytes(), b"salt", 4096, &mut salted)?;
        let signature = STANDARD.encode(sign(&sign(&salted, "Server Key")?, &message)?);
        let signature = STANDARD.encode(["v=", &signature].concat());
        self.signed_in = true;
        Ok(format!(
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{signature}</success>"
        ))
    }

    fn iq(&self, iq: &Element, ask: &UnboundedSender<Asked>) -> Result<Vec<String>> {
        let id = iq.attr("id").context("an id")?;
        let Some(query) = iq.children().next().filter(|_| is_request(iq)) else {
            return Ok(Vec::new());
        };
        let to = iq.attr("to").unwrap_or(ME);
        let (bare, _) = to.split_once('/').unwrap_or((to, ""));
        if rooms::is_bookmarked(bare) {
            ask.send(Asked::Bookmarked(bare.to_owned()))?;
        }
        let result = |payload: &str| {
            format!("<iq xmlns='{CLIENT}' type='result' id='{id}' from='{to}'>{payload}</iq>")
        };
        Ok(vec![match (query.name(), query.ns().as_str()) {
            ("bind", _) => result(&format!(
                "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{ME}/bench</jid></bind>"
            )),
            ("query", "jabber:iq:roster") => {
                ask.send(Asked::Roster(id.to_owned()))?;
                return Ok(Vec::new());
            }
            ("pubsub", _) if rooms::are_bookmarks(query) => {
                result(&rooms::bookmarks(self.bookmarks))
            }
            ("query", "http://jabber.org/protocol/disco#info") if rooms::is_bookmarked(to) => {
                result(rooms::INFO)
            }
            ("query", rooms::ARCHIVE) if rooms::is_bookmarked(to) => {
                let query = query.attr("queryid").unwrap_or_default();
                let mut all = rooms::archive(to, query);
                all.push(result(rooms::FIN));
                return Ok(all);
            }
            ("query", "http://jabber.org/protocol/disco#info") if to == ROOM => result(&format!(
                "<query xmlns='http://jabber.org/protocol/disco#info'>\
                 <identity category='conference' type='text' name='Hall'/>\
                 <feature var='{MUC}'/><feature var='muc_semianonymous'/></query>"
            )),
            // Converse looks for bookmarks only where they can be kept.
            ("query", "http://jabber.org/protocol/disco#info") => result(
                "<query xmlns='http://jabber.org/protocol/disco#info'>\
                 <identity category='server' type='im'/>\
                 <identity category='pubsub' type='pep'/>\
                 <feature var='http://jabber.org/protocol/pubsub#publish-options'/>\
                 <feature var='urn:xmpp:bookmarks:1#compat'/></query>",
            ),
            ("query", "http://jabber.org/protocol/disco#items") => {
                result("<query xmlns='http://jabber.org/protocol/disco#items'/>")
            }
            ("ping", _) => result(""),
            _ => {
                format!("<iq xmlns='{CLIENT}' type='error' id='{id}' from='{to}'>{ERROR}</iq>")
            }
        }])
    }
}

fn is_request(iq: &Element) -> bool {
    matches!(iq.attr("type"), Some("get" | "set"))
}

/// Who wants to come in waits for the measurement to begin.
fn presence(presence: &Element, ask: &UnboundedSender<Asked>) -> Result<Vec<String>> {
    let Some(to) = presence.attr("to") else {
        return Ok(Vec::new());
    };
    let to = Jid::from_str(to)?;
    if presence.get_child("x", MUC).is_some() {
        let nick = to.resource().context("a nickname")?;
        let room = to.to_bare();
        if rooms::is_bookmarked(room.as_str()) {
            return Ok(rooms::everybody(room.as_str(), nick.as_str()));
        }
        ask.send(Asked::Entry(nick.to_string()))?;
    }
    Ok(Vec::new())
}

/// What is said to the room comes back.
fn reflection(message: &Element) -> Option<String> {
    let (id, body) = (message.attr("id")?, message.get_child("body", CLIENT)?);
    let body = String::from(body);
    (message.attr("type") == Some("groupchat")).then(|| {
        format!(
            "<message xmlns='{CLIENT}' from='{ROOM}/alice' to='{ME}' type='groupchat' id='{id}'>\
             {body}</message>"
        )
    })
}

fn sign(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else {
        bail!("a key of no length");
    };
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}
