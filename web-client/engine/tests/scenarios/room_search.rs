//! Rooms of other servers, found by a service that searches them (XEP-0433).

use couplet_engine::Command;
use couplet_engine::modules::xep0433_channel_search::Search;
use couplet_engine::store::{About, NotSaved, PageAnswer, RoomsAnswer, RoomsPage};
use minidom::Element;

use crate::scenario::{Scenario, has};

const SERVICE: &str = "api@search.jabber.network";
const XEP: &str = "urn:xmpp:channel-search:0:search";
const OLDER: &str = "https://xmlns.zombofant.net/muclumbus/search/1.0";
const FORM: &str = "jabber:x:data";
const RSM: &str = "http://jabber.org/protocol/rsm";

/// XEP-0433, example 4.
const ITEMS: &str = "<item address='commteam@muc.xmpp.org'><name>commteam</name>\
     <nusers>10</nusers><is-open/></item>\
     <item address='operators@muc.xmpp.org'><name>XMPP Service Operators</name>\
     <description>Discussion venue for operators of federated XMPP services</description>\
     <nusers>43</nusers><is-open/></item>";

fn search(scenario: &mut Scenario, words: &str, after: Option<&str>) {
    scenario.command(Command::RoomSearch(Search {
        request: "1".to_owned(),
        service: SERVICE.parse().unwrap(),
        words: words.to_owned(),
        after: after.map(str::to_owned),
    }));
}

/// The next question: the whole of it, and in which names.
fn asked(scenario: &mut Scenario) -> Option<(Element, &'static str)> {
    let asks = |namespace| move |sent: &Element| has(sent, &format!("search@{namespace}"));
    let xep = scenario.find(asks(XEP)).map(|iq| (iq, XEP));
    let asked = xep.or_else(|| scenario.find(asks(OLDER)).map(|iq| (iq, OLDER)))?;
    assert_eq!(asked.0.attr("to"), Some(SERVICE));
    assert_eq!(asked.0.attr("type"), Some("get"));
    Some(asked)
}

fn recv(scenario: &mut Scenario, iq: &Element, from: &str, kind: &str, inside: &str) {
    let id = iq.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='{kind}' id='{id}' from='{from}'>{inside}</iq>"
    ));
}

/// Answers the question, which is in these names.
fn answer(scenario: &mut Scenario, namespace: &str, inside: &str) {
    let (iq, names) = asked(scenario).expect("nothing is asked");
    assert_eq!(names, namespace);
    let result = format!("<result xmlns='{names}'>{inside}</result>");
    recv(scenario, &iq, SERVICE, "result", &result);
}

fn refuse(scenario: &mut Scenario, namespace: &str, error: &str) {
    let (iq, names) = asked(scenario).expect("nothing is asked");
    assert_eq!(names, namespace);
    let error = format!("<error type='cancel'>{error}</error>");
    recv(scenario, &iq, SERVICE, "error", &error);
}

fn condition(name: &str) -> String {
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>")
}

/// What has been told since this was last asked, if anything.
fn told(scenario: &mut Scenario) -> Option<Result<RoomsPage, NotSaved>> {
    let mut told = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Rooms(RoomsAnswer::Page { request, outcome }) if request == "1" => {
            Some(outcome)
        }
        _ => None,
    });
    let first = told.next();
    assert_eq!(told.next(), None);
    first
}

fn page(scenario: &mut Scenario) -> RoomsPage {
    told(scenario).expect("nothing is told").unwrap()
}

fn refused(condition: &str) -> Option<Result<RoomsPage, NotSaved>> {
    Some(Err(NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    }))
}

/// Lets time go by, in which the server is heard of.
fn wait(scenario: &mut Scenario, seconds: u64) {
    for _ in 0..seconds / 10 {
        scenario.advance(10);
        scenario.recv("<r xmlns='urn:xmpp:sm:3'/>");
    }
}

fn value(iq: &Element, names: &str, var: &str) -> String {
    let search = iq.get_child("search", names).unwrap();
    let mut fields = search.get_child("x", FORM).unwrap().children();
    let field = fields.find(|field| field.attr("var") == Some(var)).unwrap();
    field.get_child("value", FORM).unwrap().text()
}

fn of_set(iq: &Element, names: &str, name: &str) -> Option<String> {
    let search = iq.get_child("search", names).unwrap();
    let set = search.get_child("set", RSM).unwrap();
    set.get_child(name, RSM).map(Element::text)
}

#[test]
fn rooms_are_found_with_what_they_say_of_themselves() {
    let mut scenario = Scenario::signed_in();
    search(&mut scenario, "xmpp.org", None);
    let (iq, names) = asked(&mut scenario).unwrap();
    assert_eq!(names, XEP);
    for (var, expected) in [
        ("FORM_TYPE", "urn:xmpp:channel-search:0:search-params"),
        ("q", "xmpp.org"),
        ("sinaddress", "true"),
        ("key", "{urn:xmpp:channel-search:0:order}nusers"),
    ] {
        assert_eq!(value(&iq, names, var), expected);
    }
    assert_eq!(of_set(&iq, names, "max").as_deref(), Some("50"));
    let result = format!(
        "<result xmlns='{XEP}'>{ITEMS}<set xmlns='{RSM}'><first>opaque-string-1</first>\
         <last>opaque-string-2</last><max>2</max></set></result>"
    );
    // Anybody could say so.
    recv(
        &mut scenario,
        &iq,
        "search.jabber.network",
        "result",
        &result,
    );
    assert_eq!(told(&mut scenario), None);
    recv(&mut scenario, &iq, SERVICE, "result", &result);
    let page = page(&mut scenario);
    assert_eq!(page.next.as_deref(), Some("opaque-string-2"));
    assert_eq!(page.rooms.len(), 2);
    assert_eq!(page.rooms[1].jid.as_str(), "operators@muc.xmpp.org");
    let about = About {
        name: Some("XMPP Service Operators".to_owned()),
        description: Some("Discussion venue for operators of federated XMPP services".to_owned()),
        people: Some(43),
        closed: false,
    };
    assert_eq!(page.rooms[1].about, Some(about));

    search(&mut scenario, "xmpp.org", page.next.as_deref());
    let (iq, names) = asked(&mut scenario).unwrap();
    let after = of_set(&iq, names, "after");
    assert_eq!(after.as_deref(), Some("opaque-string-2"));
}

#[test]
fn a_service_that_knows_only_the_older_names_is_asked_in_these() {
    let mut scenario = Scenario::signed_in();
    search(&mut scenario, "xmpp", None);
    let unknown = condition("feature-not-implemented");
    refuse(&mut scenario, XEP, &unknown);
    assert_eq!(told(&mut scenario), None);
    let (iq, names) = asked(&mut scenario).unwrap();
    assert_eq!(names, OLDER);
    for (var, expected) in [
        (
            "FORM_TYPE",
            "https://xmlns.zombofant.net/muclumbus/search/1.0#params",
        ),
        ("q", "xmpp"),
        ("sinaddr", "true"),
        ("min_users", "1"),
        ("key", "nusers"),
    ] {
        assert_eq!(value(&iq, names, var), expected);
    }
    let result = format!("<result xmlns='{OLDER}'>{ITEMS}</result>");
    recv(&mut scenario, &iq, SERVICE, "result", &result);
    assert_eq!(page(&mut scenario).rooms.len(), 2);
    // It is known now.
    search(&mut scenario, "jabber", None);
    answer(&mut scenario, OLDER, ITEMS);
    assert_eq!(page(&mut scenario).rooms.len(), 2);
    // Until it knows others.
    search(&mut scenario, "jabber", None);
    refuse(&mut scenario, OLDER, &unknown);
    assert_eq!(
        told(&mut scenario),
        refused("feature-not-implemented"),
        "it is asked on and on"
    );
    search(&mut scenario, "jabber", None);
    answer(&mut scenario, XEP, "");
    assert_eq!(page(&mut scenario).rooms, []);
}

#[test]
fn what_is_no_room_is_left_out() {
    let mut scenario = Scenario::signed_in();
    search(&mut scenario, "tea", None);
    let many: String = (0..600)
        .map(|number| format!("<item address='r{number}@rooms.example'/>"))
        .collect();
    let items = format!(
        "<item address='tea@rooms.example'><name>Tea\n\u{202e}room</name><is-open>false</is-open>\
         <description>{}</description><nusers>-1</nusers></item>\
         <item address='alice@example.org'/><item address='rooms.example'/><item address='@'/><item/><other address='a@b.example'/>\
         <item xmlns='urn:example:0' address='c@d.example'/>\
         <item address='mix@mix.example'><service-type>xep-0369</service-type></item>\
         <item address='muc@rooms.example'><service-type>xep-0045</service-type></item>{many}",
        "x".repeat(9_000)
    );
    answer(&mut scenario, XEP, &items);
    let rooms = page(&mut scenario).rooms;
    let tea = rooms[0].about.as_ref().unwrap();
    assert_eq!(tea.name.as_deref(), Some("Tea room"));
    assert_eq!(tea.description.as_ref().unwrap().len(), 4096);
    assert_eq!((tea.people, tea.closed), (None, true));
    assert_eq!(rooms[1].jid.as_str(), "muc@rooms.example");
    assert_eq!(rooms[2].jid.as_str(), "r0@rooms.example");
    assert!(rooms.len() <= 500, "{} rooms", rooms.len());
    // An answer to something else is none.
    search(&mut scenario, "tea", None);
    let (iq, _) = asked(&mut scenario).unwrap();
    let result = format!("<result xmlns='{OLDER}'>{ITEMS}</result>");
    recv(&mut scenario, &iq, SERVICE, "result", &result);
    assert_eq!(page(&mut scenario).rooms, []);
    search(&mut scenario, "tea", None);
    let (iq, _) = asked(&mut scenario).unwrap();
    recv(&mut scenario, &iq, SERVICE, "result", "");
    assert_eq!(page(&mut scenario).rooms, []);
}

#[test]
fn no_search_goes_round_in_circles() {
    let mut scenario = Scenario::signed_in();
    for (last, next) in [
        ("there", Some("there")),
        ("here", None),
        (&"x".repeat(2_000), None),
    ] {
        search(&mut scenario, "tea", Some("here"));
        let set = format!("<set xmlns='{RSM}'><last>{last}</last><max>2</max></set>");
        answer(&mut scenario, XEP, &[ITEMS, &set].concat());
        assert_eq!(page(&mut scenario).next.as_deref(), next);
    }
    // The last page is not full.
    search(&mut scenario, "tea", Some("here"));
    let set = format!("<set xmlns='{RSM}'><last>there</last><max>50</max></set>");
    answer(&mut scenario, XEP, &[ITEMS, &set].concat());
    assert_eq!(page(&mut scenario).next, None);
}

#[test]
fn a_service_that_is_asked_too_often_is_left_alone() {
    let mut scenario = Scenario::signed_in();
    let limit = condition("resource-constraint");
    let said = "<rate-limit xmlns='urn:xmpp:channel-search:0:error' retry-after='90'/>";
    for (more, seconds) in [("", 30), (said, 90)] {
        search(&mut scenario, "tea", None);
        refuse(&mut scenario, XEP, &[&limit, more].concat());
        assert_eq!(told(&mut scenario), refused("resource-constraint"));
        wait(&mut scenario, seconds - 10);
        search(&mut scenario, "teapot", None);
        assert!(asked(&mut scenario).is_none(), "it is asked again");
        assert_eq!(told(&mut scenario), refused("resource-constraint"));
        wait(&mut scenario, 10);
    }
    search(&mut scenario, "tea", None);
    answer(&mut scenario, XEP, ITEMS);
    assert_eq!(page(&mut scenario).rooms.len(), 2);
}

#[test]
fn a_search_that_fails_says_why() {
    let mut scenario = Scenario::signed_in();
    search(&mut scenario, "tea", None);
    let text = "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too short.</text>";
    refuse(
        &mut scenario,
        XEP,
        &[&condition("bad-request"), text].concat(),
    );
    assert_eq!(
        told(&mut scenario),
        Some(Err(NotSaved::Refused {
            condition: "bad-request".to_owned(),
            text: Some("Too short.".to_owned()),
        }))
    );
    // Who isn't there isn't asked for ever.
    search(&mut scenario, "tea", None);
    refuse(&mut scenario, XEP, &condition("service-unavailable"));
    refuse(&mut scenario, OLDER, &condition("service-unavailable"));
    assert_eq!(told(&mut scenario), refused("service-unavailable"));
    assert!(asked(&mut scenario).is_none());
    search(&mut scenario, "tea", None);
    scenario.wait_a_minute();
    assert_eq!(told(&mut scenario), refused("remote-server-timeout"));
    search(&mut scenario, "tea", None);
    scenario.lose_connection();
    search(&mut scenario, "tea", None);
    assert_eq!(told(&mut scenario), Some(Err(NotSaved::Offline)));
}

#[test]
fn words_that_some_services_stumble_over_do_not_go() {
    let mut scenario = Scenario::signed_in();
    search(&mut scenario, "l'heure \"du\\thé", None);
    let (iq, names) = asked(&mut scenario).unwrap();
    assert_eq!(value(&iq, names, "q"), "l heure  du thé");
    search(&mut scenario, &"x".repeat(1_000), None);
    let (iq, names) = asked(&mut scenario).unwrap();
    assert_eq!(value(&iq, names, "q").len(), 200);
}
