//! What was missed, what is older, and the gaps in between.

use couplet_engine::modules::xep0313_archive;
use couplet_engine::store::{Delivery, MessageId, Older, Original, PageAnswer};
use couplet_engine::{Command, Table, Timestamp};
use jid::BareJid;

use crate::scenario::{MY_ADDRESS, Scenario, acked, has, resumption};

const MAM: &str = "query@urn:xmpp:mam:2";

fn bob() -> BareJid {
    "bob@example.org".parse().unwrap()
}

fn from_bob(id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' to='alice@example.org' \
         type='chat' id='{id}'><body>{id}</body>{inner}</message>"
    )
}

fn live(archive: &str, id: &str) -> String {
    from_bob(
        id,
        &format!("<stanza-id xmlns='urn:xmpp:sid:0' by='alice@example.org' id='{archive}'/>"),
    )
}

/// A new session after a lost one, up to the query of the archive: its ids and text.
fn anew(scenario: &mut Scenario) -> (String, String, String) {
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
    scenario.answer_carbons();
    query(scenario)
}

fn query(scenario: &mut Scenario) -> (String, String, String) {
    let iq = scenario.find(|sent| has(sent, MAM)).expect("a query");
    let query = iq.children().next().unwrap().attr("queryid").unwrap();
    let id = iq.attr("id").unwrap();
    (id.to_owned(), query.to_owned(), String::from(&iq))
}

fn page(scenario: &mut Scenario, (id, query, _): &(String, String, String), page: &[&str]) {
    for archive in page {
        let message = from_bob(&archive.replace('a', "m"), "");
        scenario.archived(query, archive, &message);
    }
    let (first, last) = (page.first().unwrap(), page.last().unwrap());
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}'><fin xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><first>{first}</first><last>{last}</last>\
         </set></fin></iq>"
    ));
}

/// A session that has read everything, the last of which is m1.
fn caught_up() -> Scenario {
    let mut scenario = Scenario::signed_in();
    let asked = anew(&mut scenario);
    page(&mut scenario, &asked, &["a1"]);
    let (id, ..) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    scenario
}

#[test]
fn everything_that_was_missed_is_read_whatever_comes_meanwhile() {
    let mut scenario = caught_up();
    let asked = anew(&mut scenario);
    assert!(asked.2.contains("a1</after>"), "{}", asked.2);
    scenario.recv(&live("a6", "m6"));
    page(&mut scenario, &asked, &["a2", "a3"]);
    let asked = query(&mut scenario);
    assert!(asked.2.contains("a3</after>"));
    // The connection breaks in the middle; what came by itself is no reason to skip the rest.
    scenario.archived(&asked.1, "a4", &from_bob("m4", ""));
    let asked = anew(&mut scenario);
    assert!(asked.2.contains("a4</after>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a5", "a6"]);
    let (id, _, _) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    assert_eq!(scenario.bodies(), ["m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, 6);
    assert!(anew(&mut scenario).2.contains("a6</after>"));
}

#[test]
fn a_correction_that_comes_ahead_of_its_message_is_one_with_it_all_the_time() {
    let mut scenario = caught_up();
    let asked = anew(&mut scenario);
    let correction = from_bob(
        "c2",
        "<replace id='m2' xmlns='urn:xmpp:message-correct:0'/>",
    );
    let ahead = correction.replace(
        "</message>",
        "<stanza-id xmlns='urn:xmpp:sid:0' by='alice@example.org' id='a4'/></message>",
    );
    scenario.recv(&ahead);
    let shown = |scenario: &Scenario, bodies: &[&str], unread: u32| {
        assert_eq!(scenario.bodies(), bodies);
        assert_eq!(scenario.store.conversation(&bob()).unwrap().unread, unread);
    };
    shown(&scenario, &["m1", "c2"], 2);
    scenario.recv(&live("a5", "m5"));
    shown(&scenario, &["m1", "c2", "m5"], 3);
    scenario.archived(&asked.1, "a2", &from_bob("m2", ""));
    shown(&scenario, &["m1", "c2", "m5"], 3);
    scenario.archived(&asked.1, "a3", &from_bob("m3", ""));
    shown(&scenario, &["m1", "c2", "m3", "m5"], 4);
    scenario.archived(&asked.1, "a4", &correction);
    scenario.archived(&asked.1, "a5", &from_bob("m5", ""));
    scenario.finish_archive(&asked.0, "a5", true);
    shown(&scenario, &["m1", "c2", "m3", "m5"], 4);
}

#[test]
fn what_comes_by_itself_is_read_again_unless_much_or_long_has_followed() {
    let mut scenario = caught_up();
    scenario.settle();
    for number in [2, 4] {
        scenario.recv(&live(&format!("a{number}"), &format!("m{number}")));
    }
    // The server had m3 behind m4 when the session ended for good.
    let asked = anew(&mut scenario);
    assert!(asked.2.contains("a1</after>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a2", "a3", "a4"]);
    let (id, ..) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    scenario.settle();
    let mut bodies = scenario.bodies();
    bodies.sort();
    assert_eq!(bodies, ["m1", "m2", "m3", "m4"]);
    scenario.recv(&live("a5", "m5"));
    scenario.wait_a_minute();
    scenario.recv(&live("a6", "m6"));
    let asked = anew(&mut scenario);
    assert!(asked.2.contains("a5</after>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a6"]);
    let (id, ..) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    scenario.settle();
    for number in 11..=20 {
        scenario.recv(&live(&format!("a{number}"), &format!("m{number}")));
    }
    let asked = anew(&mut scenario);
    assert!(asked.2.contains("a12</after>"), "{}", asked.2);
}

#[test]
fn a_crash_in_the_middle_goes_on_where_it_was() {
    let mut scenario = caught_up();
    let asked = anew(&mut scenario);
    scenario.archived(&asked.1, "a2", &from_bob("m2", ""));
    scenario.recv(&live("a4", "m4"));
    let mut reloaded = scenario.reloaded(2);
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-2", -1));
    let asked = query(&mut reloaded);
    assert!(asked.2.contains("a2</after>"), "{}", asked.2);
    reloaded.archived(&asked.1, "a3", &from_bob("m3", ""));
    reloaded.archived(&asked.1, "a4", &from_bob("m4", ""));
    reloaded.finish_archive(&asked.0, "a4", true);
    assert_eq!(reloaded.bodies(), ["m1", "m2", "m3", "m4"]);
}

#[test]
fn what_a_server_loses_while_it_hands_a_session_over_is_read_once_that_has_settled() {
    let scenario = caught_up();
    let mut resumed = scenario.reloaded(2);
    resumed.authenticate();
    resumed.features("<sm xmlns='urn:xmpp:sm:3'/>");
    resumed.recv("<resumed xmlns='urn:xmpp:sm:3' previd='session-2' h='9'/>");
    resumed.say("written meanwhile");
    let (id, _, asked) = query(&mut resumed);
    assert!(asked.contains("a1</after>"), "{asked}");
    resumed.finish_archive(&id, "", true);
    assert_eq!(resumed.sent_bodies(), ["written meanwhile"]);
    // The server archives m2 and m3, and loses them on their way.
    for number in 4..=20 {
        resumed.recv(&live(&format!("a{number}"), &format!("m{number}")));
    }
    resumed.advance(5);
    let asked = query(&mut resumed);
    assert!(asked.2.contains("a1</after>"), "{}", asked.2);
    let missed: Vec<_> = (2..=20).map(|number| format!("a{number}")).collect();
    for id in &missed {
        let name = id.replace('a', "m");
        resumed.archived(&asked.1, id, &from_bob(&name, ""));
    }
    resumed.finish_archive(&asked.0, "a20", true);
    let bodies = resumed.bodies();
    let from_bob = bodies
        .into_iter()
        .filter(|body| body != "written meanwhile");
    assert!(from_bob.eq((1..=20).map(|number| format!("m{number}"))));
    resumed.advance(60);
    assert!(
        resumed
            .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
            .is_none()
    );
}

#[test]
fn what_is_archived_late_is_read_once_a_new_session_has_settled() {
    let mut scenario = caught_up();
    scenario.advance(5);
    let asked = query(&mut scenario);
    assert!(asked.2.contains("a1</after>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a2"]);
    let (id, ..) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    assert_eq!(scenario.bodies(), ["m1", "m2"]);
    scenario.advance(60);
    assert!(scenario.find(|sent| has(sent, MAM)).is_none());
}

#[test]
fn an_archive_that_has_forgotten_where_we_were_is_asked_by_time() {
    let mut scenario = caught_up();
    let (id, _, _) = anew(&mut scenario);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let asked = query(&mut scenario);
    // A quarter of an hour before what was read last: our own clock may be wrong.
    assert!(asked.2.contains("2026-11-01T08:45:00"), "{}", asked.2);
    assert!(asked.2.contains("start"));
    page(&mut scenario, &asked, &["a2"]);
    assert!(query(&mut scenario).2.contains("a2</after>"));
}

#[test]
fn an_archive_in_trouble_is_asked_again_and_not_waited_for_for_ever() {
    let mut scenario = Scenario::signed_in();
    scenario.say("precious");
    let mut asked = anew(&mut scenario);
    for attempt in 1..=3 {
        assert!(scenario.sent_bodies().is_empty(), "attempt {attempt}");
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='error' id='{}'><error type='wait'>\
             <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            asked.0
        ));
        if attempt < 3 {
            scenario.recv(&acked(-2));
            scenario.advance(10);
            asked = query(&mut scenario);
        }
    }
    assert_eq!(scenario.sent_bodies(), ["precious"]);
}

#[test]
fn an_old_date_is_an_island_until_the_gap_is_read() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&live("a9", "m9"));
    let at = Timestamp(1_793_520_000_000);
    let conversation = bob();
    scenario.command(Command::Archive(xep0313_archive::Command::Around {
        conversation,
        at,
    }));
    let asked = query(&mut scenario);
    assert!(asked.2.contains("start") && asked.2.contains("bob@example.org"));
    page(&mut scenario, &asked, &["a3", "a4"]);
    assert_eq!(scenario.bodies(), ["m3", "m4", "m9"]);
    assert_eq!(scenario.store.conversation(&bob()).unwrap().answers, 1);
    let gaps = |scenario: &Scenario| scenario.store.gaps(&bob());
    let fill = |scenario: &mut Scenario| {
        let fill = gaps(scenario).remove(0);
        scenario.command(Command::Archive(fill.command));
        query(scenario)
    };
    // The gap is as long as it is after a reload.
    let mut scenario = {
        let mut reloaded = scenario.reloaded(2);
        reloaded.authenticate();
        reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
        reloaded.recv(&resumption("session-1", 1));
        let (id, ..) = query(&mut reloaded);
        reloaded.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>\
             <fin xmlns='urn:xmpp:mam:2' complete='true'>\
             <set xmlns='http://jabber.org/protocol/rsm'/></fin></iq>"
        ));
        reloaded
    };
    assert_eq!(gaps(&scenario)[0].behind, "a4");
    let asked = fill(&mut scenario);
    assert!(asked.2.contains("a9</before>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a7", "a8"]);
    assert_eq!(scenario.bodies(), ["m3", "m4", "m7", "m8", "m9"]);
    let asked = fill(&mut scenario);
    assert!(asked.2.contains("a7</before>"));
    // This page reaches what is here.
    page(&mut scenario, &asked, &["a3", "a4", "a5", "a6"]);
    assert!(gaps(&scenario).is_empty());
    let all = ["m3", "m4", "m5", "m6", "m7", "m8", "m9"];
    assert_eq!(scenario.bodies(), all);
    // Further back there is more.
    let older = scenario.store.older(&bob());
    scenario.command(Command::Archive(older));
    let asked = query(&mut scenario);
    assert!(asked.2.contains("a3</before>"));
    scenario.archived(&asked.1, "a2", &from_bob("m2", ""));
    scenario.finish_archive(&asked.0, "a2", true);
    let known = scenario.store.conversation(&bob()).unwrap();
    assert_eq!(known.older, Older::Complete);
    assert_eq!(scenario.bodies().len(), 8);
}

#[test]
fn a_gap_that_cannot_be_read_stays_a_gap() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&live("a9", "m9"));
    let at = Timestamp(1_793_520_000_000);
    let around = Command::Archive(xep0313_archive::Command::Around {
        conversation: bob(),
        at,
    });
    scenario.command(around.clone());
    let asked = query(&mut scenario);
    page(&mut scenario, &asked, &["a3", "a4"]);
    for condition in ["internal-server-error", "service-unavailable"] {
        let gap = scenario.store.gaps(&bob()).remove(0);
        scenario.command(Command::Archive(gap.command));
        let asked = query(&mut scenario);
        assert_eq!(scenario.store.gaps(&bob())[0].state, Older::Loading);
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='error' id='{}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            asked.0
        ));
        assert_eq!(scenario.store.gaps(&bob())[0].state, Older::Failed);
    }
    // Who asks without a connection is answered too.
    scenario.lose_connection();
    scenario.command(around);
    assert_eq!(scenario.store.conversation(&bob()).unwrap().answers, 2);
}

#[test]
fn a_page_that_breaks_off_can_be_asked_for_again() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&live("a9", "m9"));
    let older = |scenario: &mut Scenario| {
        let older = scenario.store.older(&bob());
        scenario.command(Command::Archive(older));
        query(scenario)
    };
    let asked = older(&mut scenario);
    scenario.archived(&asked.1, "a7", &from_bob("m7", ""));
    anew(&mut scenario);
    let known = scenario.store.conversation(&bob()).unwrap();
    assert_eq!(known.older, Older::Failed);
    assert_eq!(scenario.bodies(), ["m9"]);
    let asked = older(&mut scenario);
    page(&mut scenario, &asked, &["a7", "a8"]);
    assert_eq!(scenario.bodies(), ["m7", "m8", "m9"]);
}

#[test]
fn what_was_sent_twice_is_one_and_what_was_said_twice_is_two() {
    let mut scenario = Scenario::signed_in();
    let ok = |id: &str, archive: &str, origin: &str| {
        format!(
            "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}' \
             type='chat' id='{id}'><body>ok</body>{origin}\
             <stanza-id xmlns='urn:xmpp:sid:0' by='alice@example.org' id='{archive}'/></message>"
        )
    };
    let origin = |id: &str| format!("<origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>");
    scenario.recv(&ok("1", "a1", &origin("o1")));
    scenario.recv(&ok("1", "a2", &origin("o1")));
    assert_eq!(scenario.bodies(), ["ok"], "sent again by a careful client");
    scenario.recv(&ok("1", "a3", &origin("o2")));
    assert_eq!(scenario.bodies(), ["ok", "ok"]);
    // A client that counts its messages from 1, and begins again.
    scenario.recv(&ok("7", "a4", ""));
    scenario.recv(&ok("7", "a5", ""));
    assert_eq!(scenario.bodies().len(), 4);
    scenario.recv(&ok("7", "a5", ""));
    assert_eq!(scenario.bodies().len(), 4);
}

#[test]
fn a_receipt_that_comes_before_its_message_is_loaded_counts() {
    let mut scenario = Scenario::signed_in();
    scenario.say("hello");
    let id = scenario.messages()[0].id.0.clone();
    scenario.recv(&acked(1));
    for number in 0..30 {
        scenario.recv(&from_bob(&format!("n{number}"), ""));
    }
    let mut reloaded = scenario.reloaded(2);
    assert_eq!(reloaded.bodies().len(), 20);
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-1", 1));
    reloaded.recv(&format!(
        "<message xmlns='jabber:client' from='bob@example.org/x'>\
         <received xmlns='urn:xmpp:receipts' id='{id}'/></message>"
    ));
    let after = reloaded.store.older_key(&bob());
    let (rows, more) = reloaded.disk.page(&bob(), after.as_deref(), 20);
    reloaded.store.load(&bob(), &rows, more);
    assert_eq!(reloaded.bodies().len(), 31);
    assert_eq!(reloaded.messages()[0].delivery, Delivery::Delivered);
}

/// Another device has taken our address, for good.
fn replaced(scenario: &mut Scenario) {
    scenario.recv(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
         <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(
        "<failed xmlns='urn:xmpp:sm:3'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    );
    scenario.lose_connection();
}

#[test]
fn who_has_to_sign_in_again_reads_on_from_the_cursor() {
    let mut scenario = caught_up();
    replaced(&mut scenario);
    let mut again = Scenario::recovered(&scenario.disk, 2);
    again.authenticate();
    again.bind();
    let asked = query(&mut again);
    assert!(asked.2.contains("a1</after>"), "{}", asked.2);
    page(&mut again, &asked, &["a2", "a3"]);
    assert_eq!(again.bodies(), ["m1", "m2", "m3"]);
    assert_eq!(again.store.conversation(&bob()).unwrap().unread, 3);
}

#[test]
fn a_cursor_that_is_lost_is_made_up_for_by_time() {
    for damage in [None, Some(vec![255])] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&live("a1", "m1"));
        // Nobody can have written that already.
        scenario.recv(
            "<message xmlns='jabber:client' from='mallory@example.org/x' type='chat' id='m0'>\
             <body>x</body><delay xmlns='urn:xmpp:delay' stamp='2099-11-02T09:00:00Z'/>\
             <stanza-id xmlns='urn:xmpp:sid:0' by='alice@example.org' id='a2'/></message>",
        );
        scenario.settle();
        let mut disk = scenario.disk.clone();
        if damage.is_none() {
            replaced(&mut scenario);
            disk = scenario.disk.clone();
        }
        disk.set(Table::Engine, "archive", damage);
        let mut again = Scenario::recovered(&disk, 2);
        again.authenticate();
        again.bind();
        let asked = query(&mut again);
        assert!(asked.2.contains("2026-11-02T08:45:00"), "{}", asked.2);
        page(&mut again, &asked, &["a1", "a3"]);
        assert_eq!(again.bodies(), ["m1", "m3"]);
        assert_eq!(again.store.conversation(&bob()).unwrap().unread, 2);
    }
}

#[test]
fn without_carbons_only_the_archive_moves_the_cursor() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let id = scenario.expect_iq("enable@urn:xmpp:carbons:2");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    scenario.settle_in();
    scenario.settle();
    // Between these two another device of ours may have said something.
    scenario.recv(&live("a1", "m1"));
    scenario.recv(&live("a3", "m3"));
    let asked = anew(&mut scenario);
    assert!(!asked.2.contains("</after>"), "{}", asked.2);
    page(&mut scenario, &asked, &["a1", "a2", "a3"]);
    let (id, ..) = query(&mut scenario);
    scenario.finish_archive(&id, "", true);
    scenario.settle();
    assert_eq!(scenario.bodies(), ["m1", "m2", "m3"]);
    // This session has them.
    scenario.recv(&live("a4", "m4"));
    scenario.wait_a_minute();
    scenario.recv(&live("a5", "m5"));
    assert!(anew(&mut scenario).2.contains("a4</after>"));
}

/// The archive is asked for the stanza of m4.
fn ask_for_original(scenario: &mut Scenario) {
    scenario.command(Command::Archive(xep0313_archive::Command::Original {
        conversation: bob(),
        id: MessageId("m4".to_owned()),
        at: Timestamp(1_793_520_030_000),
        known: vec!["a4".to_owned()],
    }));
}

fn originals(scenario: &mut Scenario) -> Vec<Original> {
    let originals = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Original(original) => Some(original),
        _ => None,
    });
    originals.collect()
}

#[test]
fn a_message_is_shown_as_it_is_in_the_archive() {
    let mut scenario = caught_up();
    let before = scenario.bodies();
    ask_for_original(&mut scenario);
    let asked = query(&mut scenario);
    assert!(asked.2.contains("bob@example.org"), "{}", asked.2);
    // A little earlier than that, for clocks differ.
    assert!(asked.2.contains("2026-11-01T08:00:00"), "{}", asked.2);
    page(&mut scenario, &asked, &["a3", "a4", "a5"]);
    let found = originals(&mut scenario);
    let [Original { id, stanza }] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(id.0, "m4");
    let stanza = stanza.as_ref().expect("found");
    assert!(stanza.contains("<body>m4</body>"), "{stanza}");
    assert!(!stanza.contains("forwarded"), "{stanza}");
    // To look at one doesn't bring those around it.
    assert_eq!(scenario.bodies(), before);
}

#[test]
fn an_archive_that_does_not_have_a_message_is_said_not_to() {
    let mut scenario = caught_up();
    let missing = || {
        vec![Original {
            id: MessageId("m4".to_owned()),
            stanza: None,
        }]
    };
    ask_for_original(&mut scenario);
    let asked = query(&mut scenario);
    page(&mut scenario, &asked, &["a3", "a5"]);
    assert_eq!(originals(&mut scenario), missing());
    ask_for_original(&mut scenario);
    let asked = query(&mut scenario);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        asked.0
    ));
    assert_eq!(originals(&mut scenario), missing());
    ask_for_original(&mut scenario);
    query(&mut scenario);
    // It may still come, with the session.
    scenario.lose_connection();
    assert_eq!(originals(&mut scenario), []);
    ask_for_original(&mut scenario);
    assert_eq!(originals(&mut scenario), missing());
    anew(&mut scenario);
    assert_eq!(originals(&mut scenario), missing());
}
