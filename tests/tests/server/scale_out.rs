//! Two proxies behind a balancer: when one dies, its sessions resume through the other,
//! and nobody loses a message or gets one twice.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::person::Person;
use couplet_tests::proxy::Proxy;
use couplet_tests::{front, run_for, until_for};
use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::DOMAIN;

const PEOPLE: usize = 200;

/// How many messages each writes before one proxy dies, and after.
const MESSAGES: usize = 3;

/// They are many, and take turns on one core.
const PATIENCE: Duration = Duration::from_secs(240);

#[test]
fn who_was_at_the_proxy_that_died_resumes_at_the_other() {
    run_for(3 * PATIENCE, one_of_two_dies());
}

async fn one_of_two_dies() -> Result<()> {
    let people = (0..PEOPLE).map(name);
    let options = people.fold(ServerOptions::new(Kind::Prosody), |options, name| {
        options.account(&name, &name)
    });
    let server = Server::start(options)?;
    let (mut one, two) = (One::before(&server).await?, One::before(&server).await?);

    let directory = tempfile::tempdir()?;
    let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let changes = [
        (
            "bind :443 ssl crt /etc/haproxy/chat.example.org.pem alpn h2,http/1.1",
            format!("bind {address}"),
        ),
        ("10.0.0.11:5280 port 5281", one.target()),
        ("10.0.0.12:5280 port 5281", two.target()),
    ];
    let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
    let file = directory.path().join("haproxy.cfg");
    std::fs::write(&file, front::configuration("haproxy-two.cfg", &changes)?)?;
    let file = file.to_str().context("a path")?;
    let _balancer = front::run("haproxy", &["-db", "-f", file], directory.path(), address).await?;

    let url = format!("ws://{address}/xmpp-websocket");
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(Person::signed_in(&jid(n), &name(n), url.clone()).await?);
    }
    let (at_one, at_two) = (one.sessions().await?, two.sessions().await?);
    ensure!(at_one + at_two == PEOPLE, "{at_one} and {at_two} sessions");
    ensure!(
        at_one.abs_diff(at_two) < PEOPLE / 4,
        "{at_one} and {at_two} sessions"
    );

    talk(&people, 0)?;
    all_arrive(&people, MESSAGES).await?;
    // What is written now is on its way when the proxy dies.
    talk(&people, MESSAGES)?;
    one.proxy.kill().await?;
    all_arrive(&people, 2 * MESSAGES).await?;

    let resumed: usize = people.iter().map(Person::resumptions).sum();
    ensure!(
        resumed >= at_one,
        "{resumed} of {at_one} sessions were resumed"
    );
    ensure!(two.sessions().await? == PEOPLE, "somebody is missing");
    Ok(())
}

fn name(n: usize) -> String {
    format!("person{n}")
}

fn jid(n: usize) -> String {
    format!("{}@{DOMAIN}", name(n))
}

/// Whom a person talks to.
fn other(n: usize) -> usize {
    n ^ 1
}

fn words(writer: usize, number: usize) -> String {
    format!("{}: {number}", name(writer))
}

fn talk(people: &[Person], from: usize) -> Result<()> {
    for number in from..from + MESSAGES {
        for (n, person) in people.iter().enumerate() {
            person.say(&jid(other(n)), &words(n, number))?;
        }
    }
    Ok(())
}

/// Waits until everybody has the first `count` messages of the other, each once and
/// in order.
async fn all_arrive(people: &[Person], count: usize) -> Result<()> {
    let waiting = people.iter().enumerate().map(|(n, person)| async move {
        let other = other(n);
        let wanted: Vec<_> = (0..count).map(|number| words(other, number)).collect();
        let what = format!("all messages from {} to {}", name(other), name(n));
        until_for(PATIENCE, &what, || async {
            let mut bodies = person.bodies(&jid(other));
            bodies.retain(|body| body.starts_with(&format!("{}: ", name(other))));
            ensure!(bodies.len() <= count, "too many: {bodies:?}");
            Ok((bodies == wanted).then_some(()))
        })
        .await
    });
    try_join_all(waiting).await?;
    Ok(())
}

/// One of the proxies.
struct One {
    proxy: Proxy,
    admin: SocketAddr,
}

impl One {
    async fn before(server: &Server) -> Result<Self> {
        let admin = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let at = admin.to_string();
        let more = ["--admin-listen", &at, "--trusted-proxy", "127.0.0.1"];
        let proxy = Proxy::in_front_of_with(server, &more).await?;
        Ok(Self { proxy, admin })
    }

    /// As the balancer's configuration has it.
    fn target(&self) -> String {
        format!("{} port {}", self.proxy.address(), self.admin.port())
    }

    async fn sessions(&self) -> Result<usize> {
        let mut stream = TcpStream::connect(self.admin).await?;
        let request = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let sessions = answer
            .lines()
            .find_map(|line| line.strip_prefix("ws_proxy_sessions "));
        Ok(sessions.context("no count of sessions")?.trim().parse()?)
    }
}
