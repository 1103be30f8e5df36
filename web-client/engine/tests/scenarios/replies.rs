//! Replies and what stands for them: the XEPs' own examples, in every order, and hostile ones.

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0308_correction};
use couplet_engine::store::{Message, Note, Notes, Reply};
use jid::BareJid;

use crate::rooms::{ROOM, inside, room};
use crate::scenario::{MY_ADDRESS, Scenario, body, has};

const FALLBACK: &str = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
                        <body start='0' end='38'/></fallback>";

fn bob() -> BareJid {
    "bob@example.org".parse().unwrap()
}

fn from_bob(id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/phone' to='{MY_ADDRESS}' \
         type='chat' id='{id}'>{inner}</message>"
    )
}

/// XEP-0461 3.1.
fn great_idea(more: &str) -> String {
    from_bob(
        "message-id3",
        &format!(
            "<body>&gt; Anna wrote:\n&gt; We should bake a cake\nGreat idea!</body>\
             <reply to='bob@example.org/laptop' id='message-id1' xmlns='urn:xmpp:reply:0'/>{more}"
        ),
    )
}

fn cake() -> String {
    from_bob("message-id1", "<body>We should bake a cake</body>")
}

/// What the message called `id` is seen to answer.
fn answered(scenario: &Scenario, reply: &Message) -> Option<String> {
    let conversation = scenario.store.conversation(&reply.conversation)?;
    let answered = conversation.answered(reply.reply()?)?;
    Some(answered.body.clone())
}

#[test]
fn a_reply_says_only_its_own_words() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&cake());
    scenario.recv(&great_idea(FALLBACK));
    let reply = &scenario.messages()[1];
    assert_eq!(reply.body, "Great idea!");
    assert_eq!(
        answered(&scenario, reply).as_deref(),
        Some("We should bake a cake")
    );
    let known = reply.reply().unwrap();
    assert_eq!(known.quote, "Anna wrote:\nWe should bake a cake");
    assert_eq!(
        known.to.as_ref().unwrap().as_str(),
        "bob@example.org/laptop"
    );
}

#[test]
fn a_reply_may_come_before_what_it_answers() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&great_idea(FALLBACK));
    let reply = scenario.messages()[0].clone();
    assert_eq!(answered(&scenario, &reply), None);
    assert!(reply.reply().unwrap().quote.contains("bake a cake"));
    scenario.recv(&cake());
    assert_eq!(
        answered(&scenario, &reply).as_deref(),
        Some("We should bake a cake")
    );
}

#[test]
fn what_is_no_fallback_stays() {
    for (more, left) in [
        ("", "> Anna wrote:"),
        // It stands for something else.
        (
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
            "> Anna wrote:",
        ),
        // Nothing would be left.
        (
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'/>",
            "> Anna wrote:",
        ),
        (
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
             <body start='-5' end='4'/><body start='30' end='2'/></fallback>",
            "> Anna wrote:",
        ),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&great_idea(more));
        assert!(scenario.bodies()[0].starts_with(left), "{more}");
    }
}

#[test]
fn two_people_may_use_the_same_id() {
    let mut scenario = Scenario::signed_in();
    scenario.say("ours");
    let sent = scenario.expect("message");
    let id = sent.attr("id").unwrap().to_owned();
    scenario.recv(&from_bob(&id, "<body>theirs</body>"));
    for (number, (to, text)) in [("bob@example.org", "theirs"), (MY_ADDRESS, "ours")]
        .into_iter()
        .enumerate()
    {
        let reply =
            format!("<body>yes</body><reply xmlns='urn:xmpp:reply:0' to='{to}' id='{id}'/>");
        scenario.recv(&from_bob(&format!("r{number}"), &reply));
        let last = scenario.messages().pop().unwrap();
        assert_eq!(answered(&scenario, &last).as_deref(), Some(text));
    }
}

#[test]
fn what_we_answer_goes_over_the_wire_and_stays_when_corrected() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&cake());
    let cake = scenario.messages()[0].clone();
    let notes = Notes::from_iter([Note::Reply(Reply {
        id: cake.reference().unwrap().to_owned(),
        to: Some(cake.from.clone()),
        quote: "bob:\nWe should bake a cake".to_owned(),
    })]);
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: bob(),
        body: "Graet idea!".to_owned(),
        notes: notes.clone(),
    }));
    let sent = scenario
        .find(|sent| has(sent, "reply@urn:xmpp:reply:0"))
        .unwrap();
    let whole = body(&sent).unwrap();
    assert_eq!(whole, "> bob:\n> We should bake a cake\nGraet idea!");
    let reply = sent.get_child("reply", "urn:xmpp:reply:0").unwrap();
    assert_eq!(reply.attr("id"), Some("message-id1"));
    assert_eq!(reply.attr("to"), Some("bob@example.org/phone"));
    assert!(has(&sent, "markable@urn:xmpp:chat-markers:0"));
    let ours = scenario.messages()[1].clone();
    assert_eq!(ours.body, "Graet idea!");
    assert_eq!(ours.notes, notes);
    scenario.command(Command::Correction(xep0308_correction::Command::Correct {
        conversation: bob(),
        target: ours.written_as().unwrap().to_owned(),
        body: "Great idea!".to_owned(),
        notes,
    }));
    assert_eq!(scenario.bodies()[1], "Great idea!");
    let sent = scenario
        .find(|sent| has(sent, "replace@urn:xmpp:message-correct:0"))
        .unwrap();
    assert!(has(&sent, "reply@urn:xmpp:reply:0"));
    assert!(body(&sent).unwrap().ends_with("cake\nGreat idea!"));
    // Another device of ours reads the same.
    let copy = String::from(&sent).replace("type=", "from='alice@example.org/other' type=");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='alice@example.org' to='{MY_ADDRESS}'>\
         <sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>{copy}</forwarded>\
         </sent></message>"
    ));
    assert_eq!(scenario.bodies()[1], "Great idea!");
}

/// XEP-0461 4.1: in a room only the id counts that the room gave.
#[test]
fn in_a_room_the_rooms_id_counts() {
    let mut scenario = inside();
    let said = |id: &str, room_id: &str, inner: &str| {
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/firstwitch' to='{MY_ADDRESS}' \
             type='groupchat' id='{id}'>{inner}\
             <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{room_id}'/></message>"
        )
    };
    scenario.recv(&said("m1", "r1", "<body>Thrice the brinded cat</body>"));
    scenario.recv(&said("r1", "r2", "<body>not this</body>"));
    let reply = "<body>hath mew'd</body><reply xmlns='urn:xmpp:reply:0' id='r1'/>";
    scenario.recv(&said("m3", "r3", reply));
    let last = scenario
        .store
        .conversation(&room())
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        answered(&scenario, last).as_deref(),
        Some("Thrice the brinded cat")
    );
    let by_its_own = "<body>?</body><reply xmlns='urn:xmpp:reply:0' id='m1'/>";
    scenario.recv(&said("m4", "r4", by_its_own));
    let last = scenario
        .store
        .conversation(&room())
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(answered(&scenario, last), None);
}

/// What is taken back leaves nothing of what it quoted.
#[test]
fn a_reply_that_is_taken_back_quotes_nothing() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&great_idea(FALLBACK));
    scenario.recv(&from_bob(
        "r1",
        "<retract id='message-id3' xmlns='urn:xmpp:message-retract:1'/>",
    ));
    assert!(scenario.messages()[0].is_retracted());
    assert_eq!(scenario.messages()[0].reply(), None);
}
