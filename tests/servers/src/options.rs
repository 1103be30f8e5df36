//! What a server is asked to be.

use crate::{ports::Ports, seed::Seed};

/// Which server program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prosody 0.12 or later, with the packaged community modules.
    Prosody,
    /// ejabberd 23.01 or later.
    Ejabberd,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The localpart of the address, in lower case.
    pub user: String,
    /// The password, in the clear.
    pub password: String,
}

/// How clients reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// STARTTLS is required on the client port (RFC 6120 5), and a second
    /// port speaks TLS from the first byte (XEP-0368).
    StartTls,
    /// Nothing is encrypted and STARTTLS isn't offered. Passwords may cross
    /// in the clear.
    Plain,
}

/// The certificate that the server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Valid for the domain and issued by the authority of
    /// [`Server::ca_pem`](crate::Server::ca_pem).
    Trusted,
    /// Valid for the domain, but issued by an authority that nobody knows.
    UnknownIssuer,
    /// Signed by its own key.
    SelfSigned,
    /// Issued by the authority, and past its last day.
    Expired,
    /// Issued by the authority, for another domain.
    WrongName,
}

/// How the server keeps passwords, which decides the SCRAM variants it can
/// offer (RFC 5802).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// In the clear: every variant that the server knows is offered.
    Plain,
    /// As SCRAM-SHA-1 keys: only that variant, and PLAIN.
    Sha1,
    /// As SCRAM-SHA-256 keys: only that variant, and PLAIN.
    Sha256,
    /// As SCRAM-SHA-512 keys: only that variant, and PLAIN. ejabberd only.
    Sha512,
}

/// Which of the possible SASL mechanisms are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanisms {
    /// All that [`Passwords`] makes possible.
    All,
    /// PLAIN and nothing else (RFC 4616).
    PlainOnly,
}

/// What a [fragile](ServerOptions::fragile) server is killed over.
pub const FATAL: &str = "The server is killed over this.";

/// Everything that [`Server::start`](crate::Server::start) needs to know.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The program to run.
    pub kind: Kind,
    /// The XMPP domain. Rooms live on `rooms.` in front of it.
    pub domain: String,
    /// Accounts that exist from the start, besides those of the seed.
    pub accounts: Vec<Account>,
    /// STARTTLS and direct TLS, or none.
    pub transport: Transport,
    /// The certificate shown on TLS connections.
    pub certificate: Certificate,
    /// How passwords are kept.
    pub passwords: Passwords,
    /// Which mechanisms are offered.
    pub mechanisms: Mechanisms,
    /// SASL2 with Bind 2 and tokens (XEP-0388, XEP-0386, XEP-0484) are offered too. Prosody
    /// only.
    pub tokens: bool,
    /// A website with this secret vouches for people: `examples/prosody/mod_couplet_tokens.lua`
    /// takes its tokens (RFC 7628). Prosody only.
    pub site_secret: Option<String>,
    /// Adds the domain `anon.` in front of [`domain`](Self::domain), where
    /// anybody signs in by SASL ANONYMOUS (RFC 4505).
    pub anonymous: bool,
    /// The server's own WebSocket (RFC 7395), at the HTTP port. Prosody only.
    pub websocket: bool,
    /// Adds the domain `upload.` in front of [`domain`](Self::domain), which takes files up to
    /// so many bytes (XEP-0363) at the HTTP port.
    pub largest_file: Option<u32>,
    /// Everybody has nodes of their own (XEP-0163), and what is kept in them. Without, there are
    /// cards in the older form (XEP-0054) and nothing else. `false` with Prosody only.
    pub pep: bool,
    /// Everybody with a card (XEP-0054) can be found by it (XEP-0055), at the domain `vjud.` in
    /// front of [`domain`](Self::domain). Prosody then has no newer cards (XEP-0292).
    pub directory: bool,
    /// Pages of other origins may put and get those files: the server says so (CORS).
    pub file_cors: bool,
    /// Is killed, once, over a message that says [`FATAL`], when that is in its writer's archive
    /// and not yet in its reader's. Prosody only.
    pub fragile: bool,
    /// Takes reports of those who are blocked (XEP-0377), and tells this user of each: who reports
    /// whom, why, and which messages. Prosody only.
    pub reports_to: Option<String>,
    /// Whoever would be a member of a room becomes one when somebody who runs it agrees (XEP-0045
    /// 9.9), and not at once. Prosody only.
    pub members_by_request: bool,
    /// Fixed ports; free ones are chosen when `None`.
    pub ports: Option<Ports>,
    /// People, their history and their rooms. Prosody only.
    pub seed: Option<Seed>,
    /// Logs everything the server can say, stanzas included.
    pub verbose: bool,
}

impl ServerOptions {
    /// A server for `example.test` without accounts: STARTTLS required, a
    /// trusted certificate, passwords hashed as the server does by default.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            domain: "example.test".to_owned(),
            accounts: Vec::new(),
            transport: Transport::StartTls,
            certificate: Certificate::Trusted,
            passwords: Passwords::Sha1,
            mechanisms: Mechanisms::All,
            tokens: false,
            site_secret: None,
            anonymous: false,
            websocket: false,
            largest_file: None,
            pep: true,
            directory: false,
            file_cors: true,
            fragile: false,
            reports_to: None,
            members_by_request: false,
            ports: None,
            seed: None,
            verbose: false,
        }
    }

    /// The same with one more account.
    #[must_use]
    pub fn account(mut self, user: &str, password: &str) -> Self {
        self.accounts.push(Account {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        self
    }

    /// The domain of the rooms.
    pub(crate) fn rooms_domain(&self) -> String {
        format!("rooms.{}", self.domain)
    }

    /// The domain of what takes files.
    pub(crate) fn upload_domain(&self) -> String {
        format!("upload.{}", self.domain)
    }

    /// The domain of where people are looked for.
    pub(crate) fn directory_domain(&self) -> String {
        format!("vjud.{}", self.domain)
    }

    /// The domain of those who sign in without an account.
    pub(crate) fn anonymous_domain(&self) -> String {
        format!("anon.{}", self.domain)
    }

    /// Those of [`accounts`](Self::accounts), then the seed's people, whose
    /// password is their user name.
    pub(crate) fn all_accounts(&self) -> Vec<Account> {
        let people = self.seed.iter().flat_map(|seed| &seed.people);
        let seeded = people.map(|person| Account {
            user: person.user.clone(),
            password: person.user.clone(),
        });
        self.accounts.iter().cloned().chain(seeded).collect()
    }
}
