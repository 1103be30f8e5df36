//! The proxy changes nothing: the same sessions, straight over TCP and TLS and through
//! the proxy, get stanzas that mean the same.

mod way;
mod xml;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::proxy::Proxy;

use self::way::{Route, Way};
use self::xml::Node;
use super::{DOMAIN, on_both, options};

on_both! { signing_in an_avatar odd_stanzas carbons archive_pages resumption }

#[test]
fn sasl2_and_bind_2() {
    let mut server = options(Kind::Prosody);
    server.tokens = true;
    couplet_tests::run(differ_nowhere(server, async |session: &mut Session<'_>| {
        session.sign_in_by_sasl2().await
    }));
}

/// Runs `script` on two servers that know nothing of each other, one for each way.
async fn differ_nowhere(
    options: ServerOptions,
    script: impl AsyncFn(&mut Session<'_>) -> Result<()>,
) -> Result<()> {
    let mut said = Vec::new();
    for through in [false, true] {
        let server = Server::start(options.clone())?;
        let proxy = Proxy::in_front_of(&server).await?;
        let route = if through {
            Route::Through(&proxy)
        } else {
            Route::Straight(&server)
        };
        let mut session = Session::new(&route, "alice").await?;
        let way = if through { "through" } else { "straight" };
        script(&mut session)
            .await
            .with_context(|| format!("{way}: {:#?}", session.said))?;
        said.push(session.said);
    }
    let [straight, through] = said.as_slice() else {
        anyhow::bail!("there are two ways");
    };
    for (one, other) in straight.iter().zip(through) {
        ensure!(one == other, "straight: {one:#?}\nthrough: {other:#?}");
    }
    ensure!(straight.len() == through.len(), "not as many stanzas");
    ensure!(!straight.is_empty(), "nothing was said");
    Ok(())
}

/// Somebody's connection, and what the server has said to them and to those whom they
/// watch.
struct Session<'a> {
    route: &'a Route<'a>,
    user: &'static str,
    way: Way,
    /// The language of the stream.
    lang: Option<String>,
    said: Vec<Node>,
}

impl<'a> Session<'a> {
    async fn new(route: &'a Route<'a>, user: &'static str) -> Result<Self> {
        Ok(Self {
            route,
            user,
            way: Way::go(route).await?,
            lang: None,
            said: Vec::new(),
        })
    }

    /// Somebody else, or the same on another device, by the same way.
    async fn beside(&self, user: &'static str, resource: &str) -> Result<Self> {
        let mut other = Session::new(self.route, user).await?;
        other.sign_in().await?;
        other.bind(resource).await?;
        Ok(other)
    }

    async fn open(&mut self) -> Result<()> {
        let (header, features) = self.way.open().await?;
        self.lang = header.lang().cloned();
        // The two are called otherwise; their attributes are the same.
        let header = Node {
            name: Default::default(),
            attributes: header.attributes.clone(),
            ..header
        };
        let id = header.attribute("id").map(str::len);
        ensure!(id.is_some_and(|length| length > 0), "no id: {header:#?}");
        self.note(header);
        self.note(features);
        Ok(())
    }

    fn note(&mut self, mut node: Node) {
        node.inherit_lang(self.lang.as_ref());
        if node.name.1.is_empty() {
            node.name.1 = "open".to_owned();
        }
        node.blank();
        self.said.push(node);
    }

    /// Sends `text`, and waits for so many stanzas; in what order they come is the
    /// server's affair.
    async fn exchange(&mut self, text: &str, answers: usize) -> Result<Vec<Node>> {
        self.way.send(text).await?;
        self.hear(answers).await
    }

    async fn hear(&mut self, count: usize) -> Result<Vec<Node>> {
        let mut heard = Vec::new();
        while heard.len() < count {
            let node = self.way.next().await?;
            // A server asks for acknowledgements when it likes.
            if !node.is("r") {
                heard.push(node);
            }
        }
        let from = self.said.len();
        for node in &heard {
            self.note(node.clone());
        }
        self.said[from..].sort();
        Ok(heard)
    }

    async fn sign_in(&mut self) -> Result<()> {
        self.open().await?;
        let secret = STANDARD.encode(format!("\0{0}\0{0}", self.user));
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        );
        let answer = self.exchange(&auth, 1).await?;
        ensure!(answer[0].is("success"), "{answer:#?}");
        self.open().await
    }

    async fn sign_in_by_sasl2(&mut self) -> Result<()> {
        self.open().await?;
        let secret = STANDARD.encode(format!("\0{0}\0{0}", self.user));
        let authenticate = format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{secret}\
             </initial-response><bind xmlns='urn:xmpp:bind:0'><tag>t</tag><enable \
             xmlns='urn:xmpp:carbons:2'/></bind></authenticate>"
        );
        let answers = self.exchange(&authenticate, 2).await?;
        ensure!(
            answers.iter().any(|node| node.is("success")),
            "{answers:#?}"
        );
        Ok(())
    }

    async fn bind(&mut self, resource: &str) -> Result<()> {
        self.exchange(
            &format!(
                "<iq xmlns='jabber:client' type='set' id='bind'><bind \
                 xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
            ),
            1,
        )
        .await?;
        // Its own presence comes back.
        self.exchange("<presence xmlns='jabber:client'/>", 1)
            .await?;
        Ok(())
    }

    async fn enable_resumption(&mut self) -> Result<String> {
        let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
        let answer = self.exchange(enable, 1).await?;
        let id = answer[0].attribute("id").context("not enabled")?;
        Ok(id.to_owned())
    }
}

fn message(to: &str, id: &str, inside: &str) -> String {
    format!(
        "<message xmlns='jabber:client' type='chat' to='{to}@{DOMAIN}' id='{id}'>{inside}</message>"
    )
}

async fn signing_in(kind: Kind) -> Result<()> {
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        session.sign_in().await?;
        session.bind("one").await?;
        for ask in [
            "<query xmlns='jabber:iq:roster'/>",
            "<query xmlns='urn:xmpp:mam:2'/>",
            "<nonsense xmlns='urn:nonsense'/>",
        ] {
            let iq = format!("<iq xmlns='jabber:client' type='get' id='1'>{ask}</iq>");
            session.exchange(&iq, 1).await?;
        }
        let disco = format!(
            "<iq xmlns='jabber:client' type='get' id='2' to='{DOMAIN}'><query \
             xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        );
        session.exchange(&disco, 1).await?;
        Ok(())
    })
    .await
}

async fn an_avatar(kind: Kind) -> Result<()> {
    let picture = STANDARD.encode(vec![0xa5; 150_000]);
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        session.sign_in().await?;
        session.bind("one").await?;
        let pubsub = |kind: &str, inside: &str| {
            format!(
                "<iq xmlns='jabber:client' type='{kind}' id='a'><pubsub \
                 xmlns='http://jabber.org/protocol/pubsub'>{inside}</pubsub></iq>"
            )
        };
        let publish = format!(
            "<publish node='urn:xmpp:avatar:data'><item id='x'><data \
             xmlns='urn:xmpp:avatar:data'>{picture}</data></item></publish>"
        );
        // ejabberd tells the publisher as well.
        let answers = if kind == Kind::Ejabberd { 2 } else { 1 };
        let heard = session.exchange(&pubsub("set", &publish), answers).await?;
        let done = |node: &Node| node.attribute("type") == Some("result");
        ensure!(heard.iter().any(done), "{heard:?}");
        let items = "<items node='urn:xmpp:avatar:data'/>";
        let heard = session.exchange(&pubsub("get", items), 1).await?;
        let data = heard.iter().find_map(|node| find(node, "data"));
        ensure!(data.is_some_and(|data| data.text == picture), "{heard:?}");
        Ok(())
    })
    .await
}

/// What is legal XML and seldom seen.
const ODD: [&str; 8] = [
    "<body>a &lt; b &amp;&amp; c &gt; d &#x1F600;&#128512; &apos;&quot;</body>",
    "<body><![CDATA[<not a='tag'/> &amp; ]] >]]><![CDATA[]]>after</body>",
    "<body xml:lang='tlh'>nuqneH</body><body xml:lang=\"de\">hallo</body>",
    "<body>a</body><p:x xmlns:p='urn:p' p:a='1>2/>' b=\"it's\"><p:y/></p:x>",
    "<body>b</body><x xmlns='urn:x' a='/>'><y xmlns='urn:y'><x xmlns='urn:x'/></y></x>",
    "<body>c</body><x\n xmlns = \"urn:x\"\ta = 'jabber:client'  ><y  /></x >",
    "<body>d</body><x xmlns='urn:x' xmlns:q='urn:q'><q:y xmlns:q='urn:r' q:a='1'/></x>",
    "<body>line one\nline two\r\n  three </body><subject/>",
];

async fn odd_stanzas(kind: Kind) -> Result<()> {
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        session.sign_in().await?;
        session.bind("one").await?;
        let mut bob = session.beside("bob", "two").await?;
        for (id, inside) in ODD.iter().enumerate() {
            let text = message("bob", &id.to_string(), inside);
            session.way.send(&text).await?;
            bob.hear(1).await?;
        }
        // Four bytes each, so that reads end between any two of them.
        for shift in 0..4 {
            let body = format!("{}{}", "x".repeat(shift), "\u{1F9A9}".repeat(5000));
            let text = message("bob", "long", &format!("<body>{body}</body>"));
            session.way.send(&text).await?;
            let heard = bob.hear(1).await?;
            ensure!(format!("{heard:?}").contains(&body), "it came otherwise");
        }
        session.said.append(&mut bob.said);
        Ok(())
    })
    .await
}

async fn carbons(kind: Kind) -> Result<()> {
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        session.sign_in().await?;
        session.bind("one").await?;
        let mut phone = session.beside("alice", "phone").await?;
        session.hear(1).await?;
        phone.hear(1).await?;
        let enable = "<iq xmlns='jabber:client' type='set' id='c'><enable \
                      xmlns='urn:xmpp:carbons:2'/></iq>";
        phone.exchange(enable, 1).await?;
        let mut bob = session.beside("bob", "two").await?;
        for (id, inside) in ODD.iter().enumerate() {
            let text = message("bob", &id.to_string(), inside);
            session.way.send(&text).await?;
            bob.hear(1).await?;
            phone.hear(1).await?;
        }
        session.said.append(&mut bob.said);
        session.said.append(&mut phone.said);
        Ok(())
    })
    .await
}

async fn archive_pages(kind: Kind) -> Result<()> {
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        session.sign_in().await?;
        session.bind("one").await?;
        let mut bob = session.beside("bob", "two").await?;
        for (id, inside) in ODD.iter().enumerate() {
            let text = message("bob", &id.to_string(), inside);
            session.way.send(&text).await?;
            bob.hear(1).await?;
        }
        let mut after = String::new();
        for page in 0..4 {
            let query = format!(
                "<iq xmlns='jabber:client' type='set' id='p{page}'><query xmlns='urn:xmpp:mam:2' \
                 queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>2</max>{after}</set>\
                 </query></iq>"
            );
            let heard = bob.exchange(&query, 3).await?;
            let last = heard
                .iter()
                .find_map(|iq| find(iq, "last"))
                .context("no page")?;
            after = format!("<after>{}</after>", last.text);
        }
        session.said.append(&mut bob.said);
        Ok(())
    })
    .await
}

async fn resumption(kind: Kind) -> Result<()> {
    differ_nowhere(options(kind), async |session: &mut Session<'_>| {
        let mut bob = Session::new(session.route, "bob").await?;
        bob.sign_in().await?;
        bob.bind("two").await?;
        let id = bob.enable_resumption().await?;
        session.sign_in().await?;
        session.bind("one").await?;
        // Gone without a word.
        bob.way = Way::go(session.route).await?;
        for (id, inside) in ODD.iter().enumerate() {
            let text = message("bob", &id.to_string(), inside);
            session.way.send(&text).await?;
        }
        // An answer behind them: the server has taken them all.
        let ping = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
        session.exchange(ping, 1).await?;
        bob.sign_in().await?;
        let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        let heard = bob.exchange(&resume, 1 + ODD.len()).await?;
        ensure!(heard[0].is("resumed"), "{heard:#?}");
        session.said.append(&mut bob.said);
        Ok(())
    })
    .await
}

/// The first element of this name inside `node`.
fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    if node.is(name) {
        return Some(node);
    }
    node.children.iter().find_map(|child| find(child, name))
}
