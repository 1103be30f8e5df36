//! Which rooms there are, and what they say of themselves (XEP-0045 6.3, 6.4).

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::store::{About, NotSaved, PageAnswer, RoomsAnswer, RoomsPage};
use minidom::Element;

use crate::scenario::{Scenario, has};

const SERVICE: &str = "chat.example.org";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const MUC: &str = "<feature var='http://jabber.org/protocol/muc'/>";

fn browse(scenario: &mut Scenario, service: &str, after: Option<&str>) {
    scenario.command(Command::Muc(xep0045_muc::Command::Browse {
        request: "1".to_owned(),
        service: service.parse().unwrap(),
        after: after.map(str::to_owned),
    }));
}

fn describe(scenario: &mut Scenario, rooms: impl Iterator<Item = String>) {
    let rooms = rooms.map(|room| room.parse().unwrap()).collect();
    scenario.command(Command::Muc(xep0045_muc::Command::Describe { rooms }));
}

/// What has been told of rooms since this was last asked.
fn answers(scenario: &mut Scenario) -> Vec<RoomsAnswer> {
    let answers = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Rooms(answer) => Some(answer),
        _ => None,
    });
    answers.collect()
}

fn page(scenario: &mut Scenario) -> Result<RoomsPage, NotSaved> {
    match answers(scenario).pop().expect("nothing is told") {
        RoomsAnswer::Page { request, outcome } if request == "1" => outcome,
        other => panic!("{other:?}"),
    }
}

/// The next question in `namespace`: to whom, and the whole of it.
fn asked(scenario: &mut Scenario, namespace: &str) -> Option<(String, Element)> {
    let query = format!("query@{namespace}");
    let iq = scenario.find(|sent| has(sent, &query) && sent.attr("type") == Some("get"))?;
    Some((iq.attr("to")?.to_owned(), iq))
}

fn answer(scenario: &mut Scenario, namespace: &str, inside: &str) -> Element {
    let (from, iq) = asked(scenario, namespace).expect("nothing is asked");
    let id = iq.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{from}'>\
         <query xmlns='{namespace}'>{inside}</query></iq>"
    ));
    iq
}

fn refuse(scenario: &mut Scenario, namespace: &str, condition: &str) {
    let (from, iq) = asked(scenario, namespace).expect("nothing is asked");
    let id = iq.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{from}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
}

fn set(first: usize, last: &str, count: usize) -> String {
    format!(
        "<set xmlns='http://jabber.org/protocol/rsm'><first index='{first}'>f</first>\
         <last>{last}</last><count>{count}</count></set>"
    )
}

#[test]
fn a_service_tells_its_rooms_page_by_page() {
    let mut scenario = Scenario::signed_in();
    browse(&mut scenario, SERVICE, None);
    answer(&mut scenario, INFO, MUC);
    let items = format!(
        "<item jid='heath@{SERVICE}' name='A Lonely \u{202e}Heath'/><item jid='cave@{SERVICE}'/>\
         <item jid='{SERVICE}' name='no room'/><item name='nowhere'/><item jid='@'/>{}",
        set(0, "cave", 3)
    );
    answer(&mut scenario, ITEMS, &items);
    let first = page(&mut scenario).unwrap();
    let rooms: Vec<_> = first
        .rooms
        .iter()
        .map(|room| (room.jid.as_str(), room.name.as_deref()))
        .collect();
    assert_eq!(
        rooms,
        [
            ("heath@chat.example.org", Some("A Lonely Heath")),
            ("cave@chat.example.org", None)
        ]
    );
    assert_eq!(first.next.as_deref(), Some("cave"));

    browse(&mut scenario, SERVICE, first.next.as_deref());
    assert!(
        asked(&mut scenario, INFO).is_none(),
        "it is known what it is"
    );
    let items = format!("<item jid='court@{SERVICE}'/>{}", set(2, "court", 3));
    let question = answer(&mut scenario, ITEMS, &items);
    let rsm = "http://jabber.org/protocol/rsm";
    let query = question.get_child("query", ITEMS).unwrap();
    let after = query.get_child("set", rsm).unwrap().get_child("after", rsm);
    assert_eq!(after.unwrap().text(), "cave");
    let second = page(&mut scenario).unwrap();
    assert_eq!((second.rooms.len(), second.next), (1, None));
    // Some tell all of them at once.
    browse(&mut scenario, SERVICE, None);
    answer(&mut scenario, INFO, MUC);
    answer(&mut scenario, ITEMS, &format!("<item jid='a@{SERVICE}'/>"));
    assert_eq!(page(&mut scenario).unwrap().next, None);
}

#[test]
fn no_service_is_followed_in_circles_or_for_ever() {
    let mut scenario = Scenario::signed_in();
    let many: String = (0..3000)
        .map(|number| format!("<item jid='r{number}@{SERVICE}'/>"))
        .collect();
    for last in ["here", "x".repeat(2000).as_str()] {
        browse(&mut scenario, SERVICE, Some("here"));
        answer(
            &mut scenario,
            ITEMS,
            &[&many, &*set(0, last, 99999)].concat(),
        );
        let page = page(&mut scenario).unwrap();
        assert_eq!((page.rooms.len(), page.next), (2000, None));
    }
    browse(&mut scenario, SERVICE, Some("here"));
    answer(&mut scenario, ITEMS, &set(0, "there", 99999));
    assert_eq!(page(&mut scenario).unwrap().next, None);
}

#[test]
fn a_server_leads_to_its_rooms() {
    let mut scenario = Scenario::signed_in();
    browse(&mut scenario, "example.com", None);
    answer(&mut scenario, INFO, "");
    answer(&mut scenario, ITEMS, "<item jid='chat.example.com'/>");
    answer(&mut scenario, INFO, "");
    answer(&mut scenario, INFO, MUC);
    let (to, _) = asked(&mut scenario, ITEMS).unwrap();
    assert_eq!(to, "chat.example.com");
    // Another one has none.
    browse(&mut scenario, "example.com", None);
    answer(&mut scenario, INFO, "");
    answer(&mut scenario, ITEMS, "");
    answer(&mut scenario, INFO, "");
    let refused = |condition: &str| NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    };
    assert_eq!(page(&mut scenario), Err(refused("item-not-found")));
    // Or isn't there.
    browse(&mut scenario, "example.net", None);
    refuse(&mut scenario, INFO, "remote-server-not-found");
    assert_eq!(page(&mut scenario), Err(refused("remote-server-not-found")));
    scenario.lose_connection();
    browse(&mut scenario, "example.net", None);
    assert_eq!(page(&mut scenario), Err(NotSaved::Offline));
}

#[test]
fn rooms_in_view_are_asked_a_few_at_a_time() {
    let mut scenario = Scenario::signed_in();
    let rooms = |from: usize, to: usize| (from..to).map(|room| format!("r{room}@{SERVICE}"));
    describe(&mut scenario, rooms(0, 20));
    let question = |scenario: &mut Scenario| {
        let (to, iq) = asked(scenario, INFO)?;
        Some((to, iq.attr("id").unwrap().to_owned()))
    };
    let first: Vec<_> = std::iter::from_fn(|| question(&mut scenario)).collect();
    assert_eq!(first.len(), 4);
    // Whoever scrolls on doesn't want to know of the others any more.
    describe(&mut scenario, rooms(10, 12));
    assert_eq!(question(&mut scenario), None);
    let (room, id) = &first[0];
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{room}'><query xmlns='{INFO}'>\
         <identity category='conference' type='text' name='Tea\nroom'/>\
         <feature var='muc_membersonly'/><x xmlns='jabber:x:data' type='result'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value></field>\
         <field var='muc#roominfo_description'><value>All about tea</value></field>\
         <field var='muc#roominfo_occupants'><value>3</value></field></x></query></iq>"
    ));
    let about = About {
        name: Some("Tea room".to_owned()),
        description: Some("All about tea".to_owned()),
        people: Some(3),
        closed: true,
    };
    let told = RoomsAnswer::Room {
        room: room.parse().unwrap(),
        about,
    };
    assert_eq!(answers(&mut scenario), [told]);
    assert_eq!(question(&mut scenario).unwrap().0, format!("r10@{SERVICE}"));
    // One that says nothing has said so.
    let (room, id) = &first[1];
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{room}'><error type='cancel'>\
         <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let told = RoomsAnswer::Room {
        room: room.parse().unwrap(),
        about: About::default(),
    };
    assert_eq!(answers(&mut scenario), [told]);
}
