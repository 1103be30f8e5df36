//! Whatever comes in, the engine neither panics nor hangs, and goes on working.

use couplet_engine::sasl::Reply;
use couplet_engine::{CloseReason, Command, Input, SessionCommand};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::rooms::{ROOM, join, told};
use crate::scenario::{ME, MY_ADDRESS, Scenario};

/// A name can begin with it (XML 1.0 2.3), and there are libraries that don't know.
const RARE: char = '\u{FDF0}';

/// Stanzas and nonzas of all kinds, sane ones, to be damaged.
const SEEDS: &[&str] = &[
    "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='1'><body>hi</body></message>",
    "<message xmlns='jabber:client' from='alice@example.org'><received xmlns='urn:xmpp:carbons:2'>\
     <forwarded xmlns='urn:xmpp:forward:0'><message from='bob@example.org/x' type='chat'>\
     <body>hi</body></message></forwarded></received></message>",
    "<message xmlns='jabber:client' from='alice@example.org'><result xmlns='urn:xmpp:mam:2' id='1' \
     queryid='2'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
     stamp='2026-01-01T00:00:00Z'/><message from='bob@example.org/x'><body>hi</body></message>\
     </forwarded></result></message>",
    "<message xmlns='jabber:client' from='bob@example.org'><event \
     xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:avatar:metadata'>\
     <item><metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='1' type='image/png' \
     id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'/></metadata></item></items></event></message>",
    "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='2'><body>ho</body>\
     <replace xmlns='urn:xmpp:message-correct:0' id='1'/></message>",
    "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='3'>\
     <retract xmlns='urn:xmpp:message-retract:1' id='1'/><body>x</body></message>",
    "<message xmlns='jabber:client' from='bob@example.org/x' type='chat' id='4'>\
     <reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions></message>",
    "<message xmlns='jabber:client' from='bob@example.org/x' type='chat'>\
     <displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>",
    "<message xmlns='jabber:client' from='alice@example.org'><event \
     xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:mds:displayed:0'>\
     <item id='bob@example.org'><displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id \
     xmlns='urn:xmpp:sid:0' by='alice@example.org' id='1'/></displayed></item></items></event>\
     </message>",
    "<presence xmlns='jabber:client' from='bob@example.org/x'><show>away</show>\
     <priority>5</priority></presence>",
    "<presence xmlns='jabber:client' from='bob@example.org' type='subscribe'/>",
    "<iq xmlns='jabber:client' type='get' id='1' from='bob@example.org/x'>\
     <query xmlns='http://jabber.org/protocol/disco#info' node='a#b'/></iq>",
    "<iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:roster'>\
     <item jid='bob@example.org' subscription='both'/></query></iq>",
    "<iq xmlns='jabber:client' type='error' id='1'><error type='cancel'>\
     <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<a xmlns='urn:xmpp:sm:3' h='4'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>",
    "<resumed xmlns='urn:xmpp:sm:3' previd='x' h='0'/>",
    "<failed xmlns='urn:xmpp:sm:3' h='1'/>",
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj0x</success>",
    "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj0x</challenge>",
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>",
    "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><bind \
     xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
    "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><policy-violation \
     xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
];

/// A frame that is sane but for some damage.
fn frame() -> impl Strategy<Value = Input> {
    let damage = vec((any::<Index>(), any::<char>()), 0..3);
    (select(SEEDS), damage, any::<Option<Index>>()).prop_map(|(seed, damage, cut)| {
        let mut characters: Vec<char> = seed.chars().collect();
        for (place, character) in damage {
            let place = place.index(characters.len());
            characters[place] = character;
        }
        if let Some(cut) = cut {
            characters.truncate(cut.index(characters.len()));
        }
        Input::Frame(characters.into_iter().collect())
    })
}

fn sane() -> impl Strategy<Value = Input> {
    select(SEEDS).prop_map(|seed| Input::Frame(seed.to_owned()))
}

fn anything() -> impl Strategy<Value = Input> {
    let url = "wss://example.org/".to_owned();
    prop_oneof![
        4 => frame(),
        4 => sane(),
        1 => any::<String>().prop_map(Input::Frame),
        1 => Just(Input::Opened),
        1 => any::<(bool, u16)>()
            .prop_map(|(opened, code)| Input::Closed(CloseReason { opened, code })),
        1 => Just(Input::Timeout),
        1 => any::<u64>().prop_map(Input::Committed),
        1 => Just(Input::SaslReply(Reply::Verified)),
        1 => Just(Input::SaslReply(Reply::Sent)),
        1 => Just(Input::SaslReply(Reply::Again)),
        1 => Just(Input::SaslReply(Reply::Revoke)),
        1 => Just(Input::Command(Command::Session(SessionCommand::RetryNow))),
        1 => Just(Input::Command(Command::Session(SessionCommand::SignOut))),
        1 => Just(Input::Command(Command::Session(SessionCommand::SignIn {
            jid: ME.parse().unwrap(),
            url,
        }))),
    ]
}

proptest! {
    #[test]
    fn anything_at_any_time_is_lived_through(inputs in vec(anything(), 1..40)) {
        let mut scenario = Scenario::signed_in();
        for input in inputs {
            scenario.input(input);
            scenario.advance(7);
        }
        // And it is still good for a whole new session.
        scenario.sign_in();
        scenario.authenticate();
        scenario.bind();
        scenario.settle_in();
        scenario.recv(&format!(
            "<message xmlns='jabber:client' from='zoe@example.org/x' to='{MY_ADDRESS}' \
             type='chat'><body>are you well?</body></message>"
        ));
        let zoe = scenario.store.conversation(&"zoe@example.org".parse().unwrap()).unwrap();
        prop_assert_eq!(zoe.last().unwrap().body.as_str(), "are you well?");
    }
}

#[test]
fn the_words_beside_what_nobody_knows_are_read() {
    let long = "x".repeat(2000);
    for beside in [
        format!("<{RARE} xmlns='urn:example:rare'>2</{RARE}>"),
        format!("<x xmlns='urn:example:rare' {RARE}='2'/>"),
        format!("<x xmlns='urn:example:rare' xmlns:y='urn:y' y:{RARE}='2'/>"),
        format!("<x xmlns='urn:{long}'><y xmlns='urn:{long}'/></x>"),
        format!("<x xmlns='urn:example:rare' xmlns:y='urn:{long}' y:z='1'><y:z/></x>"),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&format!(
            "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}' \
             type='chat' id='1'>{beside}<body>hi</body></message>"
        ));
        let bob = scenario
            .store
            .conversation(&"bob@example.org".parse().unwrap());
        let bob = bob.unwrap_or_else(|| panic!("lost for {beside}"));
        let message = bob.last().unwrap();
        assert_eq!(message.body, "hi", "{beside}");
        let source = scenario.store.source(&message.id).unwrap();
        assert!(source.xml.contains("hi</body>"), "{}", source.xml);
    }
}

#[test]
fn a_long_namespace_that_every_child_would_repeat_is_left_out() {
    let mut scenario = Scenario::signed_in();
    let long = "n".repeat(200_000);
    let children = "<a/>".repeat(10_000);
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}' \
         type='chat' id='1'><x xmlns='{long}'>{children}</x><body>hi</body></message>"
    ));
    let bob = scenario
        .store
        .conversation(&"bob@example.org".parse().unwrap())
        .unwrap();
    let source = scenario.store.source(&bob.last().unwrap().id).unwrap();
    assert!(
        !source.xml.contains("nnn") && source.xml.len() < 500,
        "{}",
        source.xml
    );
}

#[test]
fn what_xml_forbids_is_replaced_in_what_is_written() {
    let mut scenario = Scenario::signed_in();
    scenario.say("\u{1b}[31mred\u{FFFF}\r\n<b>&amp;\t]]>");
    let sent = scenario.sent_bodies();
    assert_eq!(sent, ["\u{FFFD}[31mred\u{FFFD}\r\n<b>&amp;\t]]>"]);
    let bob = scenario
        .store
        .conversation(&"bob@example.org".parse().unwrap())
        .unwrap();
    assert_eq!(bob.last().unwrap().body, sent[0]);
}

/// Whatever somebody calls themselves or says of themselves is short, and does nothing to
/// what is shown around it.
#[test]
fn texts_of_others_are_short_and_tame() {
    let hostile = format!(
        "\u{202e}a{}\u{2066}b {}",
        "\u{301}".repeat(100),
        "x".repeat(9_000)
    );
    let is_tame = |text: &str, what: &str| {
        assert!(
            text.starts_with('a') && text.contains("b x"),
            "{what}: {text}"
        );
        let piled = "\u{301}".repeat(9);
        assert!(
            !text.contains(&piled) && !text.contains(['\u{202e}', '\u{2066}']),
            "{what}"
        );
        assert!(text.chars().count() <= 4_096, "{what}");
    };
    let mut scenario = Scenario::signed_in();
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='bob@example.org/x'><status>{hostile}</status>\
         </presence>"
    ));
    let bob = "bob@example.org".parse().unwrap();
    let status = scenario.store.presence(&bob).unwrap().status.clone();
    is_tame(&status.unwrap(), "status");
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='mallory@example.org' type='subscribe'>\
         <status>{hostile}</status><nick xmlns='http://jabber.org/protocol/nick'>{hostile}</nick>\
         </presence>"
    ));
    let request = &scenario.store.requests()[0];
    is_tame(request.nick.as_ref().unwrap(), "nick");
    assert!(request.nick.as_ref().unwrap().chars().count() <= 64);
    is_tame(request.text.as_ref().unwrap(), "request");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' type='chat'>\
         <body>secret</body><spoiler xmlns='urn:xmpp:spoiler:0'>{hostile}</spoiler></message>"
    ));
    let message = scenario.messages().pop().unwrap();
    is_tame(message.spoiler().unwrap(), "hint");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x'>\
         <x xmlns='jabber:x:conference' jid='heath@chat.example.org' reason='{hostile}'/></message>"
    ));
    let room = "heath@chat.example.org".parse().unwrap();
    let invitation = scenario.store.room(&room).unwrap().invitation.clone();
    is_tame(&invitation.unwrap().reason.unwrap(), "reason");
    join(&mut scenario);
    told(&mut scenario, &[]);
    let room = ROOM.parse().unwrap();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' type='groupchat'>\
         <subject>{hostile}</subject></message>"
    ));
    let subject = scenario.store.room(&room).unwrap().subject.clone();
    is_tame(&subject.unwrap(), "subject");
}
