//! What the modules do with what a server, a contact or an attacker sends.

use crate::scenario::{ME, MY_ADDRESS, Scenario, acked, has, resumption};
use couplet_engine::Command;
use couplet_engine::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0085_chat_states,
};
use couplet_engine::store::{Availability, Delivery, Direction, Failure, Older, Subscription};
use jid::BareJid;
use minidom::Element;

fn bob() -> BareJid {
    "bob@example.org".parse().unwrap()
}

fn from_bob(id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/phone' to='{MY_ADDRESS}' \
         type='chat' id='{id}'>{inner}</message>"
    )
}

#[test]
fn a_message_is_shown_and_counted_until_it_is_read() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("m1", "<body>Hello &amp; welcome</body>"));
    assert_eq!(scenario.bodies(), ["Hello & welcome"]);
    assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, 1);
    let conversation = bob();
    scenario.command(Command::Message(rfc6121_message::Command::MarkRead {
        conversation,
        newest: Default::default(),
    }));
    assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, 0);
}

#[test]
fn two_genuine_messages_with_the_same_words_stay_two() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("m1", "<body>ok</body>"));
    scenario.recv(&from_bob("m2", "<body>ok</body>"));
    scenario.recv(&from_bob("m2", "<body>ok</body>"));
    assert_eq!(scenario.bodies(), ["ok", "ok"]);
}

#[test]
fn what_others_of_our_devices_do_is_shown() {
    let mut scenario = Scenario::signed_in();
    let carbon = |direction: &str, from: &str, to: &str, body: &str| {
        format!(
            "<message xmlns='jabber:client' from='{ME}' to='{MY_ADDRESS}'>\
             <{direction} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
             <message xmlns='jabber:client' from='{from}' to='{to}' type='chat' id='c-{body}'>\
             <body>{body}</body></message></forwarded></{direction}></message>"
        )
    };
    scenario.recv(&carbon(
        "sent",
        "alice@example.org/phone",
        "bob@example.org",
        "mine",
    ));
    scenario.recv(&carbon(
        "received",
        "bob@example.org/x",
        "alice@example.org/phone",
        "theirs",
    ));
    assert_eq!(scenario.bodies(), ["mine", "theirs"]);
    assert_eq!(scenario.messages()[0].direction, Direction::Outgoing);
    assert_eq!(scenario.messages()[1].direction, Direction::Incoming);
}

#[test]
fn a_carbon_from_anybody_else_is_refused() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='mallory@example.org/x' to='{MY_ADDRESS}'>\
         <received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
         <message xmlns='jabber:client' from='bob@example.org/x' to='{ME}' type='chat'>\
         <body>send money</body></message></forwarded></received></message>"
    ));
    assert!(scenario.bodies().is_empty());
    assert!(
        scenario
            .log
            .iter()
            .any(|line| line.contains("refused a carbon"))
    );
}

#[test]
fn an_archived_message_that_nobody_asked_for_is_refused() {
    for (from, query) in [("mallory@example.org", "q"), (ME, "guessed")] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&format!(
            "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}'>\
             <result xmlns='urn:xmpp:mam:2' queryid='{query}' id='1'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <message xmlns='jabber:client' from='bob@example.org/x' to='{ME}' type='chat'>\
             <body>forged</body></message></forwarded></result></message>"
        ));
        assert!(scenario.bodies().is_empty(), "{from}");
    }
}

#[test]
fn an_archive_id_that_somebody_else_wrote_is_not_believed() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob(
        "m1",
        "<body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='bob@example.org' id='forged'/>",
    ));
    assert_eq!(scenario.messages()[0].archive_id, None);
}

#[test]
fn receipts_are_asked_for_and_believed_only_from_the_other_side() {
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let message = scenario.find(|sent| sent.name() == "message").unwrap();
    assert!(has(&message, "request@urn:xmpp:receipts"));
    let id = message.attr("id").unwrap();
    let receipt = format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='mallory@example.org/x'>{receipt}</message>"
    ));
    assert_eq!(scenario.messages()[0].delivery, Delivery::Queued);
    scenario.recv(&from_bob("r1", &receipt));
    assert_eq!(scenario.messages()[0].delivery, Delivery::Delivered);
    scenario.recv(&acked(1));
    assert_eq!(
        scenario.messages()[0].delivery,
        Delivery::Delivered,
        "it never goes back"
    );
}

#[test]
fn only_who_sees_our_presence_gets_a_receipt() {
    let ask = "<body>x</body><request xmlns='urn:xmpp:receipts'/>";
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("m1", ask));
    let receipt = scenario
        .find(|sent| has(sent, "received@urn:xmpp:receipts"))
        .unwrap();
    assert_eq!(receipt.attr("to"), Some("bob@example.org/phone"));
    scenario.recv(&from_bob("m2", ask).replace("bob@", "eve@"));
    assert!(
        scenario
            .find(|sent| has(sent, "received@urn:xmpp:receipts"))
            .is_none()
    );
}

#[test]
fn a_message_that_bounces_says_why() {
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let id = scenario.messages()[0].id.0.clone();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org' type='error' id='{id}'>\
         <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Nobody here.</text></error></message>"
    ));
    let failure = Failure {
        condition: "service-unavailable".into(),
        text: Some("Nobody here.".into()),
    };
    assert_eq!(scenario.messages()[0].delivery, Delivery::Failed(failure));
}

#[test]
fn only_the_other_side_says_that_it_came_back() {
    let bounce = |from: &str, id: &str| {
        format!(
            "<message xmlns='jabber:client'{from} type='error' id='{id}'><error type='cancel'>\
             <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
    };
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let id = scenario.messages()[0].id.0.clone();
    for from in ["mallory@example.org", "bob@example.com/x", "example.com"] {
        scenario.recv(&bounce(&format!(" from='{from}'"), &id));
        assert_eq!(scenario.messages()[0].delivery, Delivery::Queued, "{from}");
    }
    assert_eq!(scenario.store.conversations().count(), 1);
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    assert_eq!(
        scenario.sent_bodies(),
        ["hello"],
        "it still waits for proof"
    );
    for from in [
        "",
        " from='alice@example.org'",
        " from='example.org'",
        " from='bob@example.org/phone'",
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.say("hello");
        let id = scenario.messages()[0].id.0.clone();
        scenario.recv(&bounce(from, &id));
        let delivery = &scenario.messages()[0].delivery;
        assert!(matches!(delivery, Delivery::Failed(_)), "{from}");
    }
}

#[test]
fn typing_is_shown_and_forgotten() {
    let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    let typing = |scenario: &Scenario| scenario.store.conversation(&bob()).unwrap().typing;
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("t1", composing));
    assert!(typing(&scenario));
    scenario.recv(&from_bob(
        "t2",
        "<paused xmlns='http://jabber.org/protocol/chatstates'/>",
    ));
    assert!(!typing(&scenario));
    scenario.recv(&from_bob("t3", composing));
    scenario.recv(&from_bob("t4", "<body>done</body>"));
    assert!(!typing(&scenario), "who has sent isn't typing");
    scenario.recv(&from_bob("t5", composing));
    scenario.recv(&from_bob(
        "t6",
        "<active xmlns='http://jabber.org/protocol/chatstates'/>",
    ));
    scenario.recv(&from_bob("t7", composing));
    assert!(typing(&scenario));
    scenario.advance(61);
    assert!(!typing(&scenario), "who says nothing more has stopped");
}

#[test]
fn our_typing_is_told_once_to_who_may_know() {
    let mut scenario = Scenario::signed_in();
    let typing = |to: &str, typing| {
        let to = to.parse().unwrap();
        Command::ChatState(xep0085_chat_states::Command::Typing { to, typing })
    };
    scenario.command(typing("bob@example.org", true));
    scenario.command(typing("bob@example.org", true));
    scenario.command(typing("eve@example.org", true));
    let told = scenario
        .sent
        .iter()
        .filter(|sent| has(sent, "composing"))
        .count();
    assert_eq!(told, 1);
    scenario.command(typing("bob@example.org", false));
    assert!(scenario.find(|sent| has(sent, "paused")).is_some());
}

#[test]
fn presence_is_kept_by_resource() {
    let mut scenario = Scenario::signed_in();
    let presence = |resource: &str, inner: &str| {
        format!("<presence xmlns='jabber:client' from='bob@example.org/{resource}'{inner}")
    };
    scenario.recv(&presence(
        "phone",
        "><show>away</show><priority>1</priority></presence>",
    ));
    scenario.recv(&presence(
        "desk",
        "><status>Coding</status><priority>5</priority></presence>",
    ));
    let best = scenario.store.presence(&bob()).unwrap();
    assert_eq!(best.availability, Availability::Available);
    assert_eq!(best.status.as_deref(), Some("Coding"));
    scenario.recv(&presence("desk", " type='unavailable'/>"));
    assert_eq!(
        scenario.store.presence(&bob()).unwrap().availability,
        Availability::Away
    );
    scenario.recv(&presence("phone", " type='unavailable'/>"));
    assert!(scenario.store.presence(&bob()).is_none());
}

#[test]
fn a_request_is_shown_and_accepted_both_ways() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(
        "<presence xmlns='jabber:client' from='carol@example.org' type='subscribe'>\
         <status>It's me</status><nick xmlns='http://jabber.org/protocol/nick'>Carol</nick>\
         </presence>",
    );
    let request = scenario.store.requests()[0].clone();
    assert_eq!(request.nick.as_deref(), Some("Carol"));
    assert_eq!(request.text.as_deref(), Some("It's me"));
    let jid = request.jid;
    scenario.command(Command::Presence(rfc6121_presence::Command::Accept { jid }));
    assert!(scenario.store.requests().is_empty());
    assert_eq!(scenario.expect("presence").attr("type"), Some("subscribed"));
    assert_eq!(scenario.expect("presence").attr("type"), Some("subscribe"));
}

#[test]
fn whom_we_have_asked_needs_no_second_question() {
    let mut scenario = Scenario::signed_in();
    let jid: BareJid = "carol@example.org".parse().unwrap();
    let name = Some("Carol".to_owned());
    scenario.command(Command::Roster(rfc6121_roster::Command::Add { jid, name }));
    assert!(
        scenario
            .find(|sent| has(sent, "query@jabber:iq:roster"))
            .is_some()
    );
    assert_eq!(
        scenario
            .find(|sent| sent.name() == "presence")
            .unwrap()
            .attr("type"),
        Some("subscribe")
    );
    scenario.recv(&roster_push("to"));
    scenario.recv("<presence xmlns='jabber:client' from='carol@example.org' type='subscribed'/>");
    scenario.recv(ASKS);
    assert!(scenario.store.requests().is_empty());
    let answer = scenario.find(|sent| sent.name() == "presence");
    assert_eq!(answer.unwrap().attr("type"), Some("subscribed"));
}

const ASKS: &str = "<presence xmlns='jabber:client' from='carol@example.org' type='subscribe'/>";

fn roster_push(subscription: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='set' id='push'><query xmlns='jabber:iq:roster'>\
         <item jid='carol@example.org' subscription='{subscription}'/></query></iq>"
    )
}

#[test]
fn who_is_shown_out_is_let_in_again_by_us_alone() {
    let mut scenario = Scenario::signed_in();
    let jid: BareJid = "carol@example.org".parse().unwrap();
    scenario.recv(&roster_push("both"));
    let revoke = rfc6121_presence::Command::Revoke { jid: jid.clone() };
    scenario.command(Command::Presence(revoke));
    let presence = scenario.find(|sent| sent.name() == "presence").unwrap();
    assert_eq!(presence.attr("type"), Some("unsubscribed"));
    assert_eq!(presence.attr("to"), Some("carol@example.org"));
    scenario.recv(&roster_push("to"));
    scenario.recv(ASKS);
    assert_eq!(scenario.store.requests()[0].jid, jid);
    assert!(scenario.find(|sent| sent.name() == "presence").is_none());
    // Another device of ours lets them in.
    scenario.recv(&roster_push("both"));
    assert!(scenario.store.requests().is_empty());
}

#[test]
fn who_was_removed_is_let_in_by_us_alone() {
    let mut scenario = Scenario::signed_in();
    let jid: BareJid = "carol@example.org".parse().unwrap();
    let name = None;
    scenario.command(Command::Roster(rfc6121_roster::Command::Add { jid, name }));
    scenario.recv(&roster_push("none"));
    scenario.recv(&roster_push("remove"));
    scenario.recv(ASKS);
    assert_eq!(scenario.store.requests().len(), 1);
}

#[test]
fn the_roster_follows_pushes_from_our_own_account_only() {
    let mut scenario = Scenario::signed_in();
    let push = |from: &str, item: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='push'{from}>\
             <query xmlns='jabber:iq:roster'>{item}</query></iq>"
        )
    };
    let item = "<item jid='carol@example.org' name='Carol' subscription='to'/>";
    scenario.recv(&push(" from='mallory@example.org'", item));
    let carol: BareJid = "carol@example.org".parse().unwrap();
    assert!(scenario.store.contact(&carol).is_none());
    scenario.recv(&push("", item));
    assert_eq!(
        scenario.store.contact(&carol).unwrap().subscription,
        Subscription::To
    );
    assert!(
        scenario
            .find(|sent| sent.attr("type") == Some("result"))
            .is_some()
    );
    scenario.recv(&push(
        "",
        "<item jid='carol@example.org' subscription='remove'/>",
    ));
    assert!(scenario.store.contact(&carol).is_none());
}

#[test]
fn a_contact_gets_another_name_and_other_groups() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(
        "<iq xmlns='jabber:client' type='set' id='p'><query xmlns='jabber:iq:roster'>\
         <item jid='bob@example.org' name='Bob' subscription='both'><group>Work</group></item>\
         </query></iq>",
    );
    let name = Some("Robert".to_owned());
    assert_eq!(scenario.store.contact(&bob()).unwrap().groups, ["Work"]);
    scenario.command(Command::Roster(rfc6121_roster::Command::Edit {
        jid: bob(),
        name,
        groups: vec!["Work".to_owned(), "Friends".to_owned()],
    }));
    let iq = scenario
        .find(|sent| has(sent, "query@jabber:iq:roster"))
        .unwrap();
    let item = iq.children().next().unwrap().children().next().unwrap();
    assert_eq!(item.attr("name"), Some("Robert"));
    let groups: Vec<_> = item.children().map(Element::text).collect();
    assert_eq!(groups, ["Work", "Friends"]);
}

#[test]
fn who_is_added_again_stays_in_their_groups() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(
        "<iq xmlns='jabber:client' type='set' id='p'><query xmlns='jabber:iq:roster'>\
         <item jid='bob@example.org' subscription='none'><group>Work</group><group/></item>\
         </query></iq>",
    );
    let (jid, name) = (bob(), None);
    scenario.command(Command::Roster(rfc6121_roster::Command::Add { jid, name }));
    let asks = |sent: &Element| String::from(sent).contains("<group");
    let iq = scenario.find(asks).expect("the groups are kept");
    let item = iq.children().next().unwrap().children().next().unwrap();
    let groups: Vec<_> = item.children().map(Element::text).collect();
    assert_eq!(groups, ["Work"]);
}

#[test]
fn an_answer_from_somebody_else_is_no_answer() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let id = scenario.expect_iq("query@jabber:iq:roster");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='mallory@example.org'>\
         <query xmlns='jabber:iq:roster'><item jid='mallory@example.org' subscription='both'/>\
         </query></iq>"
    ));
    assert_eq!(scenario.store.contacts().count(), 0);
    assert!(!scenario.store.roster_loaded());
}

#[test]
fn older_messages_come_a_page_at_a_time() {
    let mut scenario = Scenario::signed_in();
    let older = |scenario: &Scenario| Command::Archive(scenario.store.older(&bob()));
    scenario.command(older(&scenario));
    let state = |scenario: &Scenario| scenario.store.conversation(&bob()).unwrap().older;
    assert_eq!(state(&scenario), Older::Loading);
    scenario.command(older(&scenario));
    let (id, query) = scenario.archive_query();
    assert!(
        scenario
            .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
            .is_none(),
        "asked once"
    );
    scenario.archived(
        &query,
        "a7",
        "<message xmlns='jabber:client' from='bob@example.org/x' to='alice@example.org' \
         type='chat' id='old'><body>long ago</body></message>",
    );
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'><fin xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><first>a7</first><last>a7</last></set>\
         </fin></iq>"
    ));
    assert_eq!(scenario.bodies(), ["long ago"]);
    assert_eq!(
        scenario.store.conversation(&bob()).unwrap().unread,
        0,
        "history is no news"
    );
    assert_eq!(state(&scenario), Older::More);
    scenario.command(older(&scenario));
    let iq = scenario
        .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
        .unwrap();
    let text = String::from(&iq);
    assert!(text.contains("a7</before>"), "{text}");
}

#[test]
fn requests_are_answered() {
    let get = |payload: &str| {
        format!(
            "<iq xmlns='jabber:client' type='get' id='g' from='bob@example.org/x'>{payload}</iq>"
        )
    };
    let mut scenario = Scenario::signed_in();
    scenario.recv(&get("<ping xmlns='urn:xmpp:ping'/>"));
    assert_eq!(scenario.expect("iq").attr("type"), Some("result"));
    scenario.sent.clear();
    scenario.recv(&get(
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    ));
    let info = String::from(&scenario.expect("iq"));
    for feature in [
        "urn:xmpp:receipts",
        "urn:xmpp:ping",
        "urn:xmpp:time",
        "jabber:iq:version",
    ] {
        assert!(info.contains(feature), "{feature}");
    }
    scenario.recv(&get("<query xmlns='jabber:iq:version'/>"));
    let version = scenario
        .find(|sent| has(sent, "query@jabber:iq:version"))
        .unwrap();
    assert!(String::from(&version).contains("1.2.3"));
    scenario.recv(&get("<time xmlns='urn:xmpp:time'/>"));
    let time = String::from(
        &scenario
            .find(|sent| has(sent, "time@urn:xmpp:time"))
            .unwrap(),
    );
    assert!(
        time.contains("+01:00") && time.contains("2026-11-02T09:00:00Z"),
        "{time}"
    );
    scenario.recv(&get("<query xmlns='urn:nobody:knows'/>"));
    let error = scenario
        .find(|sent| sent.attr("type") == Some("error"))
        .unwrap();
    assert!(String::from(&error).contains("service-unavailable"));
}

#[test]
fn presence_carries_the_hash_of_what_we_answer() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let presence = scenario.find(|sent| sent.name() == "presence").unwrap();
    let caps = presence
        .get_child("c", "http://jabber.org/protocol/caps")
        .unwrap();
    assert_eq!(caps.attr("hash"), Some("sha-1"));
    assert_eq!(caps.attr("ver").unwrap().len(), 28);
}

#[test]
fn an_avatar_is_fetched_once_and_only_believed_when_it_is_what_was_announced() {
    let announce = |from: &str| {
        format!(
            "<message xmlns='jabber:client' from='{from}' type='headline'>\
             <event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='urn:xmpp:avatar:metadata'><item id='x'>\
             <metadata xmlns='urn:xmpp:avatar:metadata'>\
             <info bytes='5' id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d' type='image/png'/>\
             </metadata></item></items></event></message>"
        )
    };
    let answer = |id: &str, from: &str, data: &str| {
        format!(
            "<iq xmlns='jabber:client' type='result' id='{id}' from='{from}'>\
             <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'>\
             <item id='x'><data xmlns='urn:xmpp:avatar:data'>{data}</data></item></items>\
             </pubsub></iq>"
        )
    };
    let mut scenario = Scenario::signed_in();
    scenario.recv(&announce("bob@example.org"));
    scenario.recv(&announce("bob@example.org"));
    let id = scenario.expect_iq("pubsub");
    assert!(scenario.find(|sent| has(sent, "pubsub")).is_none());
    scenario.recv(&answer(&id, "bob@example.org", "aGVsbG8="));
    assert_eq!(scenario.store.avatar(&bob()).unwrap().as_ref(), b"hello");
    scenario.recv(&announce("carol@example.org"));
    let id = scenario.expect_iq("pubsub");
    scenario.recv(&answer(&id, "carol@example.org", "Zm9yZ2Vk"));
    assert!(
        scenario
            .store
            .avatar(&"carol@example.org".parse().unwrap())
            .is_none()
    );
}
