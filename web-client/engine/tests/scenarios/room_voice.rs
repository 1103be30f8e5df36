//! Leave to speak, and to come in: those who ask, and those who are asked.

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::store::{NotSaved, PageAnswer, RoomRequest, RoomsAnswer};
use minidom::Element;

use crate::rooms::{ROOM, inside, join, presence, room, told, view};
use crate::scenario::{MY_ADDRESS, Scenario, has, resumption};

const FORM: &str = "jabber:x:data";
const REGISTER: &str = "jabber:iq:register";

fn command(scenario: &mut Scenario, command: xep0045_muc::Command) {
    scenario.command(Command::Muc(command));
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    let me = scenario.store.me().unwrap().to_bare();
    scenario.store.profile(&me)?.outcome("1").cloned()
}

fn refused(condition: &str) -> NotSaved {
    NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    }
}

/// What is in each field of a form that was sent.
fn fields(form: &Element) -> Vec<(String, String)> {
    let field = |field: &Element| {
        let value = field.get_child("value", FORM).map(Element::text);
        (
            field.attr("var").unwrap().to_owned(),
            value.unwrap_or_default(),
        )
    };
    form.children().map(field).collect()
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = fields.iter();
    fields
        .map(|(var, value)| ((*var).to_owned(), (*value).to_owned()))
        .collect()
}

fn sent_form(scenario: &mut Scenario) -> (String, Vec<(String, String)>) {
    let sent = scenario
        .find(|sent| has(sent, &format!("x@{FORM}")))
        .unwrap();
    assert_eq!((sent.attr("to"), sent.attr("type")), (Some(ROOM), None));
    let form = sent.get_child("x", FORM).unwrap();
    assert_eq!(form.attr("type"), Some("submit"));
    (sent.attr("id").unwrap_or_default().to_owned(), fields(form))
}

fn ask(scenario: &mut Scenario) -> String {
    let (request, room) = ("1".to_owned(), room());
    command(scenario, xep0045_muc::Command::AskToSpeak { request, room });
    let (id, fields) = sent_form(scenario);
    let request = [
        ("FORM_TYPE", "http://jabber.org/protocol/muc#request"),
        ("muc#role", "participant"),
    ];
    assert_eq!(fields, pairs(&request));
    id
}

#[test]
fn whoever_asks_to_speak_is_told_whether_that_was_passed_on() {
    let mut scenario = inside();
    ask(&mut scenario);
    assert_eq!(outcome(&scenario), None);
    told(&mut scenario, &["muc_moderated"]);
    assert_eq!(outcome(&scenario), Some(Ok(())));
    let mut scenario = inside();
    let id = ask(&mut scenario);
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' to='{MY_ADDRESS}' id='{id}' type='error'>\
         <error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </message>"
    ));
    told(&mut scenario, &["muc_moderated"]);
    assert_eq!(outcome(&scenario), Some(Err(refused("forbidden"))));
}

/// XEP-0045 8.6, example 93.
fn wants_to_speak(from: &str, nick: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}'>\
         <x xmlns='{FORM}' type='form'><title>Voice request</title>\
         <field var='FORM_TYPE' type='hidden'>\
         <value>http://jabber.org/protocol/muc#request</value></field>\
         <field var='muc#role' type='list-single' label='Requested role'>\
         <value>participant</value></field>\
         <field var='muc#jid' type='jid-single' label='User ID'>\
         <value>hag66@shakespeare.lit/pda</value></field>\
         <field var='muc#roomnick' type='text-single' label='Room Nickname'>\
         <value>{nick}</value></field>\
         <field var='muc#request_allow' type='boolean' label='Grant voice to this person?'>\
         <value>false</value></field></x></message>"
    )
}

const VISITOR: &str = "<item affiliation='none' role='visitor'/>";

fn asking(scenario: &Scenario) -> Vec<String> {
    let asking = view(scenario).requests;
    asking.into_iter().map(|request| request.nick).collect()
}

/// Answers whoever has asked first.
fn answer(scenario: &mut Scenario, allow: bool) {
    let request: RoomRequest = view(scenario).requests.remove(0);
    let answer = xep0045_muc::Command::AnswerRequest {
        room: room(),
        request,
        allow,
    };
    command(scenario, answer);
}

#[test]
fn whoever_wants_to_speak_is_answered_once() {
    for allow in [true, false] {
        let mut scenario = inside();
        scenario.recv(&presence("thirdhag", "", VISITOR));
        // Only the room says so, and only of who is there and listens.
        scenario.recv(&wants_to_speak(&format!("{ROOM}/mallory"), "thirdhag"));
        scenario.recv(&wants_to_speak(ROOM, "nobody"));
        assert!(asking(&scenario).is_empty());
        for _ in 0..2 {
            scenario.recv(&wants_to_speak(ROOM, "thirdhag"));
        }
        assert_eq!(asking(&scenario), ["thirdhag"]);
        assert_eq!(asking(&scenario.reloaded(2)), ["thirdhag"]);
        answer(&mut scenario, allow);
        assert!(asking(&scenario).is_empty());
        let (_, fields) = sent_form(&mut scenario);
        let answer = [
            ("FORM_TYPE", "http://jabber.org/protocol/muc#request"),
            ("muc#role", "participant"),
            ("muc#jid", "hag66@shakespeare.lit/pda"),
            ("muc#roomnick", "thirdhag"),
            ("muc#request_allow", if allow { "true" } else { "false" }),
        ];
        assert_eq!(fields, pairs(&answer));
    }
}

#[test]
fn an_answer_waits_for_the_connection() {
    let mut scenario = inside();
    scenario.recv(&presence("thirdhag", "", VISITOR));
    scenario.recv(&wants_to_speak(ROOM, "thirdhag"));
    let mut scenario = scenario.reloaded(2);
    answer(&mut scenario, true);
    assert_eq!(asking(&scenario), ["thirdhag"], "it hasn't gone");
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    sent_form(&mut scenario);
    assert!(asking(&scenario).is_empty());
}

#[test]
fn whom_somebody_else_has_answered_or_who_has_left_asks_no_more() {
    let speaks = presence(
        "thirdhag",
        "",
        "<item affiliation='none' role='participant'/>",
    );
    let leaves = presence("thirdhag", "type='unavailable'", VISITOR);
    for answer in [speaks, leaves] {
        let mut scenario = inside();
        scenario.recv(&presence("thirdhag", "", VISITOR));
        scenario.recv(&wants_to_speak(ROOM, "thirdhag"));
        assert_eq!(asking(&scenario), ["thirdhag"]);
        scenario.recv(&answer);
        assert!(asking(&scenario).is_empty());
    }
}

#[test]
fn so_many_ask_at_once_and_no_more() {
    let mut scenario = inside();
    for hag in 0..20 {
        scenario.recv(&presence(&format!("hag{hag}"), "", VISITOR));
        scenario.recv(&wants_to_speak(ROOM, &format!("hag{hag}")));
    }
    assert_eq!(asking(&scenario).len(), 10);
}

/// XEP-0045 9.9, example 188, with `more` fields.
fn wants_to_belong(from: &str, more: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}' id='approve'>\
         <x xmlns='{FORM}' type='form'><title>Registration request</title>\
         <field var='FORM_TYPE' type='hidden'>\
         <value>http://jabber.org/protocol/muc#register</value></field>\
         <field var='muc#register_first' type='text-single' label='Given Name'>\
         <value>Brunhilde</value></field>\
         <field var='muc#register_roomnick' type='text-single' label='Desired Nickname'>\
         <value>thirdwitch</value></field>{more}\
         <field var='muc#register_allow' type='boolean' \
         label='Allow this person to register with the room?'>\
         <value>0</value></field></x></message>"
    )
}

/// In a room that we run.
fn running() -> Scenario {
    let mut scenario = inside();
    let owner = "<item affiliation='owner' role='moderator'/><status code='110'/>";
    scenario.recv(&presence(&view(&scenario).nick, "", owner));
    scenario
}

#[test]
fn whoever_wants_to_be_a_member_is_accepted_or_not() {
    for allow in [true, false] {
        let mut scenario = running();
        scenario.recv(&wants_to_belong(&format!("{ROOM}/mallory"), ""));
        assert!(asking(&scenario).is_empty());
        for _ in 0..2 {
            scenario.recv(&wants_to_belong(ROOM, ""));
        }
        assert_eq!(asking(&scenario), ["thirdwitch"]);
        assert_eq!(asking(&scenario.reloaded(2)), ["thirdwitch"]);
        answer(&mut scenario, allow);
        assert!(asking(&scenario).is_empty());
        let (_, fields) = sent_form(&mut scenario);
        let expected = [
            ("FORM_TYPE", "http://jabber.org/protocol/muc#register"),
            ("muc#register_first", "Brunhilde"),
            ("muc#register_roomnick", "thirdwitch"),
            ("muc#register_allow", if allow { "true" } else { "false" }),
        ];
        assert_eq!(fields, pairs(&expected));
    }
}

#[test]
fn only_who_runs_a_room_is_asked_who_belongs_there() {
    let mut scenario = inside();
    scenario.recv(&wants_to_belong(ROOM, ""));
    assert!(asking(&scenario).is_empty());
}

#[test]
fn who_would_belong_to_a_room_can_say_so_much_of_themselves() {
    let field = |value: &str| {
        format!(
            "<field var='muc#register_faqentry' type='text-multi'><value>{value}</value></field>"
        )
    };
    for more in [field(&"x".repeat(20_000)), field("x").repeat(40)] {
        let mut scenario = running();
        scenario.recv(&wants_to_belong(ROOM, &more));
        assert!(asking(&scenario).is_empty());
    }
}

/// What the room wants to know, as the page is told.
fn form(scenario: &mut Scenario) -> Option<Result<Vec<String>, NotSaved>> {
    let forms = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Rooms(RoomsAnswer::Settings { request, outcome }) if request == "1" => {
            Some(outcome.map(|form| form.fields.into_iter().map(|field| field.var).collect()))
        }
        _ => None,
    });
    forms.last()
}

#[test]
fn a_room_that_registers_is_asked_what_it_wants_to_know() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["muc_membersonly", REGISTER]);
    assert!(view(&scenario).registers);
    let (request, jid) = ("1".to_owned(), room());
    let registration = xep0045_muc::Command::Registration { request, room: jid };
    let query = format!("query@{REGISTER}");
    let answer = |scenario: &mut Scenario, payload: &str| {
        let id = scenario.expect_iq(&query);
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>{payload}</iq>"
        ));
    };
    // XEP-0045 7.10, example 71.
    command(&mut scenario, registration.clone());
    answer(
        &mut scenario,
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='form'>\
         <field type='hidden' var='FORM_TYPE'>\
         <value>http://jabber.org/protocol/muc#register</value></field>\
         <field label='Desired Nickname' type='text-single' var='muc#register_roomnick'>\
         <required/></field></x></query>",
    );
    let expected = ["FORM_TYPE", "muc#register_roomnick"].map(str::to_owned);
    assert_eq!(form(&mut scenario), Some(Ok(expected.to_vec())));
    let (request, jid) = ("1".to_owned(), room());
    let filled = (
        "muc#register_roomnick".to_owned(),
        vec!["thirdwitch".to_owned()],
    );
    command(
        &mut scenario,
        xep0045_muc::Command::Register {
            request,
            room: jid,
            answer: vec![filled],
        },
    );
    let sent = scenario.sent.iter().find(|sent| has(sent, &query)).unwrap();
    let form_sent = sent
        .children()
        .next()
        .unwrap()
        .get_child("x", FORM)
        .unwrap();
    assert_eq!(
        fields(form_sent),
        pairs(&[("muc#register_roomnick", "thirdwitch")])
    );
    answer(&mut scenario, "");
    assert_eq!(outcome(&scenario), Some(Ok(())));
    // Whom it knows already has nothing to fill in.
    command(&mut scenario, registration);
    answer(
        &mut scenario,
        "<query xmlns='jabber:iq:register'><registered/>\
         <username>thirdwitch</username></query>",
    );
    assert_eq!(form(&mut scenario), Some(Err(refused("conflict"))));
}
