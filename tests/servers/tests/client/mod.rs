//! A client that speaks in strings, to servers that don't encrypt.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use couplet_servers::Server;

/// A connection with an open stream.
pub(crate) struct Client {
    stream: TcpStream,
    domain: String,
    /// What the server offers at this point.
    pub(crate) features: String,
}

impl Client {
    pub(crate) fn connect(server: &Server, domain: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.c2s_port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut client = Self {
            stream,
            domain: domain.to_owned(),
            features: String::new(),
        };
        client.open();
        client
    }

    /// Signs in by PLAIN and binds a resource.
    pub(crate) fn signed_in(server: &Server, user: &str, password: &str) -> Self {
        let mut client = Self::connect(server, server.domain());
        let answer = client.authenticate(user, password);
        assert!(answer.contains("<success"), "{answer}");
        client.open();
        let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
        let answer = client.ask(bind, "</iq>");
        assert!(answer.contains("<jid>"), "{answer}");
        client
    }

    pub(crate) fn authenticate(&mut self, user: &str, password: &str) -> String {
        let message = base64(format!("\0{user}\0{password}").as_bytes());
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>"
        );
        self.ask(&auth, ">")
    }

    /// The names of the SASL mechanisms on offer, sorted.
    pub(crate) fn mechanisms(&self) -> Vec<&str> {
        let parts = self.features.split("<mechanism>").skip(1);
        let mut names: Vec<_> = parts.filter_map(|part| part.split('<').next()).collect();
        names.sort_unstable();
        names
    }

    /// Sends `request`, and returns what comes until `end` has come.
    pub(crate) fn ask(&mut self, request: &str, end: &str) -> String {
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = self.stream.read(&mut buffer).unwrap_or_else(|error| {
                panic!("{error} after {}", String::from_utf8_lossy(&answer));
            });
            answer.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&answer);
            if count == 0 || text.contains(end) {
                return text.replace('"', "'");
            }
        }
    }

    fn open(&mut self) {
        let header = format!(
            "<stream:stream to='{}' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
            self.domain
        );
        self.features = self.ask(&header, "</stream:features>");
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = chunk.iter().chain(&[0, 0]).take(3);
        let bits = padded.fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) & 63];
            text.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}
