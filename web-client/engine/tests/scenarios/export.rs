//! What the server keeps of us, for a file (XEP-0227).

use couplet_engine::Command;
use couplet_engine::modules::xep0227_export;
use couplet_engine::store::{CardField, ExportPart, PageAnswer};

use crate::scenario::{Scenario, has};

fn begin(scenario: &mut Scenario) {
    scenario.events.clear();
    let export = "file".to_owned();
    scenario.command(Command::Export(xep0227_export::Command::Begin { export }));
}

/// What has come of it since last asked.
fn parts(scenario: &mut Scenario) -> Vec<ExportPart> {
    let exported = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Export(exported) => Some(exported),
        _ => None,
    });
    exported
        .map(|exported| {
            assert_eq!(exported.export, "file");
            exported.part
        })
        .collect()
}

fn answer(scenario: &mut Scenario, request: &str, payload: &str) {
    let id = scenario.expect_iq(request);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'>{payload}</iq>"
    ));
}

/// Everything before the archive.
fn answer_the_rest(scenario: &mut Scenario) {
    let roster = "<query xmlns='jabber:iq:roster'><item jid='bob@example.org' subscription='both'>\
                  <group>Friends</group></item></query>";
    answer(scenario, "query@jabber:iq:roster", roster);
    let card = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'>\
                <item id='current'><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn>\
                <text>Alice</text></fn></vcard></item></items></pubsub>";
    answer(scenario, "pubsub@http://jabber.org/protocol/pubsub", card);
    let id = scenario.expect_iq("vCard@vcard-temp");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let bookmarks = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
                     <items node='urn:xmpp:bookmarks:1'/></pubsub>";
    answer(
        scenario,
        "pubsub@http://jabber.org/protocol/pubsub",
        bookmarks,
    );
}

fn result(query: &str, number: usize, from: &str) -> String {
    format!(
        "<message xmlns='jabber:client' {from}><result xmlns='urn:xmpp:mam:2' queryid='{query}' \
         id='a{number}'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
         stamp='2026-11-20T10:00:00Z'/><message xmlns='jabber:client' type='chat' \
         from='bob@example.org/x' to='alice@example.org'><body>word {number}</body></message>\
         </forwarded></result></message>"
    )
}

/// The ids of the request for a page, and of its query, and behind what it is wanted.
fn page(scenario: &mut Scenario) -> (String, String, Option<String>) {
    let iq = scenario.find(|sent| has(sent, "query@urn:xmpp:mam:2"));
    let iq = iq.expect("a page is asked for");
    let query = iq.get_child("query", "urn:xmpp:mam:2").unwrap();
    let set = query.get_child("set", "http://jabber.org/protocol/rsm");
    let after = set.and_then(|set| set.get_child("after", "http://jabber.org/protocol/rsm"));
    (
        iq.attr("id").unwrap().to_owned(),
        query.attr("queryid").unwrap().to_owned(),
        after.map(|after| after.text()),
    )
}

fn finish(scenario: &mut Scenario, id: &str, last: &str, complete: bool) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'><fin xmlns='urn:xmpp:mam:2' \
         complete='{complete}'><set xmlns='http://jabber.org/protocol/rsm'><last>{last}</last>\
         </set></fin></iq>"
    ));
}

#[test]
fn everything_comes_a_page_at_a_time() {
    let mut scenario = Scenario::signed_in();
    begin(&mut scenario);
    answer_the_rest(&mut scenario);
    let before = parts(&mut scenario);
    let said: Vec<_> = before
        .iter()
        .map(|part| match part {
            ExportPart::Element(xml) => xml.parse::<minidom::Element>().unwrap().name().to_owned(),
            ExportPart::Card(card) => card.first(CardField::Name).to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    // There is no card in the older form.
    assert_eq!(said, ["query", "Alice", "pubsub", "pubsub"]);
    let (id, query, after) = page(&mut scenario);
    assert_eq!(after, None);
    for number in 1..=2 {
        scenario.recv(&result(&query, number, ""));
    }
    finish(&mut scenario, &id, "a2", false);
    let (id, query, after) = page(&mut scenario);
    assert_eq!(after.as_deref(), Some("a2"));
    scenario.recv(&result(&query, 3, "from='alice@example.org'"));
    finish(&mut scenario, &id, "a3", true);
    let mut pages = Vec::new();
    for part in parts(&mut scenario) {
        match part {
            ExportPart::Messages(messages) => pages.push(messages),
            ExportPart::Done => pages.push(Vec::new()),
            other => panic!("{other:?}"),
        }
    }
    let ids = |page: &Vec<_>| -> Vec<String> {
        let page: &Vec<couplet_engine::store::ExportedMessage> = page;
        page.iter().map(|message| message.id.clone()).collect()
    };
    let ids: Vec<_> = pages.iter().map(ids).collect();
    assert_eq!(ids, [vec!["a1", "a2"], vec!["a3"], vec![]]);
    let third = &pages[1][0];
    assert_eq!(third.body.as_deref(), Some("word 3"));
    assert_eq!(third.from, "bob@example.org/x");
    assert!(
        third
            .xml
            .parse::<minidom::Element>()
            .unwrap()
            .is("result", "urn:xmpp:mam:2")
    );
    assert!(scenario.bodies().is_empty(), "it is for the file alone");
}

#[test]
fn what_others_say_is_in_the_archive_is_in_no_file() {
    let mut scenario = Scenario::signed_in();
    begin(&mut scenario);
    answer_the_rest(&mut scenario);
    let (id, query, _) = page(&mut scenario);
    scenario.recv(&result(&query, 1, "from='mallory@example.net'"));
    scenario.recv(&result("other", 2, ""));
    for number in 0..300 {
        scenario.recv(&result(&query, number, ""));
    }
    finish(&mut scenario, &id, "", true);
    let messages = parts(&mut scenario)
        .into_iter()
        .find_map(|part| match part {
            ExportPart::Messages(messages) => Some(messages),
            _ => None,
        });
    let messages = messages.unwrap();
    assert_eq!(
        messages.len(),
        250,
        "no server sends more than that of a page of 100"
    );
    assert!(
        messages
            .iter()
            .zip(0..)
            .all(|(message, at)| message.id == format!("a{at}"))
    );
}

#[test]
fn who_stops_gets_no_more_and_a_broken_one_says_so() {
    let mut scenario = Scenario::signed_in();
    begin(&mut scenario);
    answer_the_rest(&mut scenario);
    scenario.command(Command::Export(xep0227_export::Command::Stop));
    parts(&mut scenario);
    let (id, query, _) = page(&mut scenario);
    scenario.recv(&result(&query, 1, ""));
    finish(&mut scenario, &id, "a1", false);
    assert!(parts(&mut scenario).is_empty());

    begin(&mut scenario);
    answer_the_rest(&mut scenario);
    parts(&mut scenario);
    let (id, ..) = page(&mut scenario);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='wait'>\
         <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert_eq!(parts(&mut scenario), [ExportPart::Failed]);

    scenario.lose_connection();
    begin(&mut scenario);
    assert_eq!(parts(&mut scenario), [ExportPart::Failed]);
}

/// A server that never comes to an end is left there.
#[test]
fn an_archive_that_goes_in_a_circle_ends() {
    let mut scenario = Scenario::signed_in();
    begin(&mut scenario);
    answer_the_rest(&mut scenario);
    for _ in 0..2 {
        let (id, query, _) = page(&mut scenario);
        scenario.recv(&result(&query, 1, ""));
        finish(&mut scenario, &id, "a1", false);
    }
    assert_eq!(parts(&mut scenario).pop(), Some(ExportPart::Done));
}
