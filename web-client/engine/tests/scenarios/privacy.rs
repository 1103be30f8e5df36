//! What others learn of us, and who may contact us, on all of a person's devices.

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0085_chat_states, xep0223_privacy};
use couplet_engine::store::{Notes, Privacy, Wishes};

use crate::scenario::{Scenario, has};

const NODE: &str = "urn:couplet:privacy:0";

fn want(scenario: &mut Scenario, privacy: Privacy) {
    scenario.command(Command::Privacy(xep0223_privacy::Command::Want(privacy)));
}

fn everything_off() -> Privacy {
    Privacy {
        receipts: false,
        markers: false,
        typing: false,
        strangers: false,
        only_here: false,
    }
}

fn item(attributes: &str) -> String {
    format!("<item id='current'><privacy xmlns='{NODE}' {attributes}/></item>")
}

/// What another device has published, by whoever is `from`.
fn told(scenario: &mut Scenario, from: &str, items: &str) {
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{from}' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'><items node='{NODE}'>{items}\
         </items></event></message>"
    ));
}

/// The answer to what is published.
fn answer(scenario: &mut Scenario, error: Option<&str>) -> String {
    let publishes = |sent: &minidom::Element| String::from(sent).contains("<publish ");
    let request = scenario.find(publishes).expect("something is published");
    let id = request.attr("id").unwrap();
    scenario.recv(&match error {
        None => format!("<iq xmlns='jabber:client' type='result' id='{id}'/>"),
        Some(condition) => format!(
            "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ),
    });
    String::from(&request)
}

/// The server has forgotten the session.
fn begin_anew(scenario: &mut Scenario) {
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
}

/// Bob writes, is read, and is being answered: what of that he is told.
fn what_bob_learns(scenario: &mut Scenario) -> Vec<&'static str> {
    let bob = "bob@example.org";
    scenario.recv(&format!(
        "<message xmlns='jabber:client' type='chat' from='{bob}/phone' id='b1'><body>x</body>\
         <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>"
    ));
    let reading = scenario.store.reading(&bob.parse().unwrap());
    scenario.command(Command::Message(reading));
    scenario.command(Command::ChatState(xep0085_chat_states::Command::Typing {
        to: bob.parse().unwrap(),
        typing: true,
    }));
    let signs = ["received", "displayed", "composing"];
    let mut told = |sign: &&str| {
        let to_bob = |sent: &minidom::Element| sent.name() == "message" && has(sent, sign);
        scenario.find(to_bob).is_some()
    };
    signs.into_iter().filter(&mut told).collect()
}

#[test]
fn others_learn_what_they_may() {
    let mut scenario = Scenario::signed_in();
    let all = ["received", "displayed", "composing"];
    assert_eq!(what_bob_learns(&mut scenario), all);
    for (number, sign) in all.into_iter().enumerate() {
        let mut scenario = Scenario::signed_in();
        let mut privacy = Privacy::default();
        match number {
            0 => privacy.receipts = false,
            1 => privacy.markers = false,
            _ => privacy.typing = false,
        }
        want(&mut scenario, privacy);
        let others: Vec<_> = all.into_iter().filter(|other| *other != sign).collect();
        assert_eq!(what_bob_learns(&mut scenario), others, "without {sign}");
    }
}

#[test]
fn what_is_chosen_is_told_to_other_devices_and_kept() {
    let mut scenario = Scenario::signed_in();
    want(&mut scenario, everything_off());
    assert_eq!(scenario.store.privacy(), everything_off());
    let text = answer(&mut scenario, None);
    assert!(
        text.contains("whitelist"),
        "nobody else may read it: {text}"
    );
    // As another device reads it.
    let start = text.find("<privacy").unwrap();
    let end = text[start..].find("/>").unwrap() + start + 2;
    let mut other = Scenario::signed_in();
    let item = format!("<item id='current'>{}</item>", &text[start..end]);
    told(&mut other, "alice@example.org", &item);
    assert_eq!(other.store.privacy(), everything_off());
    assert!(what_bob_learns(&mut other).is_empty());
    // A page that is loaded anew knows it before the server says anything.
    let mut reloaded = other.reloaded(2);
    assert_eq!(reloaded.store.privacy(), everything_off());
    begin_anew(&mut reloaded);
    assert!(what_bob_learns(&mut reloaded).is_empty());
    reloaded.answer_privacy("");
    assert_eq!(reloaded.store.privacy(), everything_off());
}

#[test]
fn what_is_chosen_without_a_connection_is_told_later() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    want(&mut scenario, everything_off());
    let mut reloaded = scenario.reloaded(2);
    assert_eq!(reloaded.store.privacy(), everything_off());
    begin_anew(&mut reloaded);
    reloaded.answer_privacy(&item("typing='false'"));
    let published = answer(&mut reloaded, None);
    assert!(published.contains("receipts"), "{published}");
    assert_eq!(reloaded.store.privacy(), everything_off());
}

#[test]
fn where_the_server_keeps_nothing_it_holds_here() {
    let mut scenario = Scenario::signed_in();
    want(&mut scenario, everything_off());
    answer(&mut scenario, Some("feature-not-implemented"));
    // Whatever can be tried is refused.
    while let Some(request) = scenario.find(|sent| String::from(sent).contains("pubsub")) {
        let id = request.attr("id").unwrap();
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
             <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ));
    }
    let only_here = Privacy {
        only_here: true,
        ..everything_off()
    };
    assert_eq!(scenario.store.privacy(), only_here);
    assert!(what_bob_learns(&mut scenario).is_empty());
    assert_eq!(scenario.reloaded(2).store.privacy(), only_here);
}

#[test]
fn nobody_else_decides_it() {
    let mut scenario = Scenario::signed_in();
    let nothing = item("receipts='false' markers='false' typing='false' strangers='false'");
    told(&mut scenario, "bob@example.org", &nothing);
    assert_eq!(scenario.store.privacy(), Privacy::default());
    for nonsense in [
        item("receipts='perhaps' markers=''"),
        nothing.replace("current", "other"),
        "<item id='current'/>".to_owned(),
        "<retract id='current'/>".to_owned(),
    ] {
        told(&mut scenario, "alice@example.org", &nonsense);
        assert_eq!(scenario.store.privacy(), Privacy::default(), "{nonsense}");
    }
}

#[test]
fn strangers_are_put_apart_until_they_are_answered() {
    let mut scenario = Scenario::signed_in();
    let jid = |text: &str| text.parse::<jid::BareJid>().unwrap();
    let says = |from: &str| {
        format!(
            "<message xmlns='jabber:client' type='chat' from='{from}/x'><body>hello</body></message>"
        )
    };
    for from in [
        "bob@example.org",
        "mallory@example.net",
        "carol@example.net",
    ] {
        scenario.recv(&says(from));
        assert!(!scenario.store.is_apart(&jid(from)), "{from}");
    }
    want(
        &mut scenario,
        Privacy {
            strangers: false,
            ..Privacy::default()
        },
    );
    for (who, apart) in [
        ("bob@example.org", false),
        ("alice@example.org", false),
        ("example.org", false),
        ("mallory@example.net", true),
        ("carol@example.net", true),
    ] {
        assert_eq!(scenario.store.is_apart(&jid(who)), apart, "{who}");
    }
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: jid("carol@example.net"),
        body: "hello".to_owned(),
        notes: Notes::default(),
    }));
    assert!(!scenario.store.is_apart(&jid("carol@example.net")));
    // And it stays so when what was said to her isn't in view any more.
    assert_eq!(
        scenario.store.wishes(&jid("carol@example.net")),
        Wishes {
            known: true,
            ..Wishes::default()
        }
    );
    // Another device of ours, or another app, may have answered.
    scenario.recv(
        "<message xmlns='jabber:client' from='alice@example.org'><sent xmlns='urn:xmpp:carbons:2'>\
         <forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' id='c1' \
         from='alice@example.org/x' to='mallory@example.net'><body>hi</body></message></forwarded>\
         </sent></message>",
    );
    assert!(scenario.store.wishes(&jid("mallory@example.net")).known);
}
