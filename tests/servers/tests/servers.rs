//! The servers do what their options say.
#![allow(clippy::unwrap_used)]

mod client;

use std::{fs::DirEntry, path::Path, time::Duration};

use client::Client;
use couplet_servers::{
    Kind, Mechanisms, Passwords, Seed, Server, ServerOptions, Transport, wait_for,
};

const BOTH: [Kind; 2] = [Kind::Prosody, Kind::Ejabberd];

fn plain(kind: Kind) -> ServerOptions {
    ServerOptions {
        transport: Transport::Plain,
        ..ServerOptions::new(kind)
            .account("romeo", "but soft")
            .account("juliet", "wherefore")
    }
}

#[test]
fn starttls_is_required_before_anything_else() {
    for kind in BOTH {
        let server = Server::start(ServerOptions::new(kind)).unwrap();
        let features = Client::connect(&server, server.domain()).features;
        assert!(features.contains("<required/>"), "{kind:?}: {features}");
        assert!(!features.contains("<mechanism>"), "{kind:?}: {features}");
        let authority = std::fs::read_to_string(server.ca_pem()).unwrap();
        assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"));
    }
}

#[test]
fn passwords_decide_the_mechanisms() {
    let cases = [
        (
            Kind::Prosody,
            Passwords::Sha1,
            &["PLAIN", "SCRAM-SHA-1"][..],
        ),
        (
            Kind::Prosody,
            Passwords::Sha256,
            &["PLAIN", "SCRAM-SHA-256"],
        ),
        (
            Kind::Prosody,
            Passwords::Plain,
            &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"],
        ),
        (
            Kind::Ejabberd,
            Passwords::Sha256,
            &["PLAIN", "SCRAM-SHA-256"],
        ),
        (
            Kind::Ejabberd,
            Passwords::Sha512,
            &["PLAIN", "SCRAM-SHA-512"],
        ),
        (
            Kind::Ejabberd,
            Passwords::Plain,
            &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        ),
    ];
    for (kind, passwords, expected) in cases {
        let server = Server::start(ServerOptions {
            passwords,
            ..plain(kind)
        })
        .unwrap();
        let client = Client::connect(&server, server.domain());
        assert_eq!(client.mechanisms(), expected, "{kind:?} {passwords:?}");
        Client::signed_in(&server, "romeo", "but soft");
    }
}

#[test]
fn only_plain_and_anonymous_when_asked() {
    for kind in BOTH {
        let options = ServerOptions {
            mechanisms: Mechanisms::PlainOnly,
            anonymous: true,
            ..plain(kind)
        };
        let server = Server::start(options).unwrap();
        assert_eq!(
            Client::connect(&server, server.domain()).mechanisms(),
            ["PLAIN"],
            "{kind:?}"
        );
        let anonymous = Client::connect(&server, &server.anonymous_domain().unwrap());
        assert!(
            anonymous.mechanisms().contains(&"ANONYMOUS"),
            "{kind:?}: {}",
            anonymous.features
        );
    }
}

#[test]
fn restart_and_kill_keep_ports_and_data() {
    for kind in BOTH {
        let mut server = Server::start(plain(kind)).unwrap();
        let ports = server.ports();
        let mut juliet = Client::signed_in(&server, "juliet", "wherefore");
        let roster = "<iq type='set' id='set'><query xmlns='jabber:iq:roster'><item jid='nurse@example.test'/></query></iq>";
        assert!(juliet.ask(roster, "id='set'").contains("result"));
        for ungently in [false, true] {
            if ungently {
                server.kill();
            }
            server.restart().unwrap();
            assert_eq!(server.ports(), ports);
            let mut juliet = Client::signed_in(&server, "juliet", "wherefore");
            let roster = juliet.ask(
                "<iq type='get' id='get'><query xmlns='jabber:iq:roster'/></iq>",
                "</iq>",
            );
            assert!(roster.contains("nurse@example.test"), "{kind:?}: {roster}");
        }
        let mut romeo = Client::connect(&server, server.domain());
        assert!(romeo.authenticate("romeo", "wrong").contains("<failure"));
    }
}

#[test]
fn ejabberd_takes_orders() {
    let server = Server::start(plain(Kind::Ejabberd)).unwrap();
    let host = serde_json::json!({ "host": server.domain() });
    let mut users = server.ejabberd_api("registered_users", &host).unwrap();
    users
        .as_array_mut()
        .unwrap()
        .sort_by_key(ToString::to_string);
    assert_eq!(users, serde_json::json!(["juliet", "romeo"]));
    assert!(server.ejabberd_api("no_such_order", &host).is_err());
}

#[test]
fn drop_leaves_nothing_behind() {
    for kind in BOTH {
        let server = Server::start(plain(kind)).unwrap();
        let directory = server.ca_pem().parent().unwrap().to_owned();
        // Children inherit the environment, which names the directory.
        let is_ours = |process: &DirEntry| {
            let read = |name| std::fs::read(process.path().join(name)).unwrap_or_default();
            let traces = [read("cmdline"), read("environ")].concat();
            String::from_utf8_lossy(&traces).contains(directory.to_str().unwrap())
        };
        let count = || {
            Path::new("/proc")
                .read_dir()
                .unwrap()
                .flatten()
                .filter(is_ours)
                .count()
        };
        assert!(count() > 0);
        drop(server);
        assert!(
            wait_for(Duration::from_secs(5), || count() == 0),
            "{kind:?}"
        );
        assert!(!directory.exists());
    }
}

#[test]
fn errors_say_why() {
    let first = Server::start(plain(Kind::Ejabberd)).unwrap();
    let second = ServerOptions {
        ports: Some(first.ports()),
        ..plain(Kind::Ejabberd)
    };
    let error = format!("{:#}", Server::start(second).unwrap_err());
    assert!(
        error.contains(&format!(
            "port {}: Address already in use",
            first.c2s_port()
        )),
        "{error}"
    );

    let mut seed = Seed::demo().unwrap();
    seed.chats[0].messages.reverse();
    let impossible = ServerOptions {
        seed: Some(seed),
        ..plain(Kind::Prosody)
    };
    let error = format!("{:#}", Server::start(impossible).unwrap_err());
    assert!(
        error.contains("mod_couplet_seed") && error.contains("out of order"),
        "{error}"
    );
    assert!(error.contains("The end of its logs:"), "{error}");
}

#[test]
fn the_demo_is_full_of_life() {
    let options = ServerOptions {
        domain: "localhost".to_owned(),
        transport: Transport::Plain,
        seed: Some(Seed::demo().unwrap()),
        ..ServerOptions::new(Kind::Prosody)
    };
    let mut server = Server::start(options).unwrap();
    look_around(&server);
    server.restart().unwrap();
    look_around(&server);
}

/// What alice finds when she signs in.
fn look_around(server: &Server) {
    let mut alice = Client::signed_in(server, "alice", "alice");
    let roster = alice.ask(
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
        "</iq>",
    );
    assert_eq!(
        roster.matches("subscription='both'").count(),
        10,
        "{roster}"
    );
    assert!(
        roster.contains("فاطمة الزهراء") && roster.contains("<group>Team</group>"),
        "{roster}"
    );

    let archive = |to: &str| {
        format!(
            "<iq type='set' id='2' {to}><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set></query></iq>"
        )
    };
    let own = alice.ask(&archive(""), "</iq>");
    assert!(own.contains("<count>82</count>"), "{own}");
    let room = alice.ask(&archive("to='design@rooms.localhost'"), "</iq>");
    assert!(room.contains("<count>25</count>"), "{room}");

    let pep = |node: &str| {
        format!(
            "<iq type='get' id='3' to='bob@localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub></iq>"
        )
    };
    let avatar = alice.ask(&pep("urn:xmpp:avatar:metadata"), "</iq>");
    assert!(avatar.contains("image/png"), "{avatar}");
    let vcard = alice.ask(
        "<iq type='get' id='4' to='bob@localhost'><vCard xmlns='vcard-temp'/></iq>",
        "</iq>",
    );
    assert!(
        vcard.contains("<FN>Bob Carpenter</FN>") && vcard.contains("<BINVAL>"),
        "{vcard}"
    );

    let bookmarks = "<iq type='get' id='5'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'/></pubsub></iq>";
    let bookmarks = alice.ask(bookmarks, "</iq>");
    assert!(
        bookmarks.contains("id='release@rooms.localhost'"),
        "{bookmarks}"
    );
    let foreign = alice.ask(&pep("urn:xmpp:bookmarks:1"), "</iq>");
    assert!(foreign.contains("<error"), "{foreign}");

    let request = alice.ask("<presence/>", "type='subscribe'");
    assert!(request.contains("hatter@localhost"), "{request}");
    let join = "<presence to='design@rooms.localhost/Alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
    let joined = alice.ask(join, "</subject>");
    assert!(joined.contains("Great, then Friday it is"), "{joined}");
    assert!(
        joined.contains("Ship the new composer on Friday"),
        "{joined}"
    );
    assert!(joined.contains("affiliation='owner'"), "{joined}");
}
