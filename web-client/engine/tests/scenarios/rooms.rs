//! Rooms: how one gets in and out, who is there, what is said and what is missed.

use couplet_engine::modules::{rfc6121_message, xep0045_muc, xep0313_archive};
use couplet_engine::store::{
    Affiliation, Delivery, Direction, Entry, Left, Message, Notes, Older, Role, Room, Scope,
};
use couplet_engine::{Command, Timestamp};
use jid::BareJid;
use minidom::Element;

use crate::scenario::{MY_ADDRESS, Scenario, acked, body, has, resumption};

pub(crate) const ROOM: &str = "coven@chat.shakespeare.lit";

pub(crate) fn room() -> BareJid {
    ROOM.parse().unwrap()
}

pub(crate) fn join(scenario: &mut Scenario) {
    scenario.command(Command::Muc(xep0045_muc::Command::Join {
        room: room(),
        nick: Some("thirdwitch".to_owned()),
        password: None,
    }));
}

pub(crate) fn say(scenario: &mut Scenario, text: &str) {
    let (to, body) = (room(), text.to_owned());
    let send = rfc6121_message::Command::Send {
        to,
        body,
        notes: Notes::default(),
    };
    scenario.command(Command::Message(send));
}

/// The request that asks the room what it is: its id.
pub(crate) fn asked_what_it_is(scenario: &mut Scenario) -> String {
    let asks = |sent: &Element| {
        sent.attr("to") == Some(ROOM) && has(sent, "query@http://jabber.org/protocol/disco#info")
    };
    let request = scenario.find(asks).expect("nobody asks what the room is");
    request.attr("id").unwrap().to_owned()
}

/// The room says what it is; these are its features.
pub(crate) fn told(scenario: &mut Scenario, features: &[&str]) {
    let id = asked_what_it_is(scenario);
    let features: String = features
        .iter()
        .map(|feature| format!("<feature var='{feature}'/>"))
        .collect();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <identity category='conference' type='text' name='A Dark Cave'/>{features}\
         <x xmlns='jabber:x:data' type='result'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value></field>\
         <field var='muc#roominfo_description'><value>The place for all good witches!</value></field>\
         </x></query></iq>"
    ));
}

pub(crate) fn presence(nick: &str, kind: &str, user: &str) -> String {
    format!(
        "<presence xmlns='jabber:client' from='{ROOM}/{nick}' to='{MY_ADDRESS}' {kind}>\
         <x xmlns='http://jabber.org/protocol/muc#user'>{user}</x></presence>"
    )
}

const MEMBER: &str = "<item affiliation='member' role='participant'/>";
pub(crate) const SELF: &str = "<item affiliation='member' role='participant'/><status code='110'/>";

fn error(condition: &str) -> String {
    format!(
        "<presence xmlns='jabber:client' from='{ROOM}/thirdwitch' to='{MY_ADDRESS}' type='error'>\
         <x xmlns='http://jabber.org/protocol/muc'/><error by='{ROOM}' type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    )
}

/// Signed in and in the room, which has an archive that is empty.
pub(crate) fn inside() -> Scenario {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.answer_archive_of(ROOM, &[], true);
    scenario.sent.clear();
    scenario
}

pub(crate) fn view(scenario: &Scenario) -> Room {
    scenario.store.room(&room()).cloned().unwrap()
}

pub(crate) fn messages(scenario: &Scenario) -> Vec<Message> {
    let known = scenario.store.conversation(&room());
    let timeline = known.into_iter().flat_map(|known| known.timeline.iter());
    timeline.map(|message| Message::clone(message)).collect()
}

pub(crate) fn bodies(scenario: &Scenario) -> Vec<String> {
    messages(scenario)
        .into_iter()
        .map(|message| message.body)
        .collect()
}

pub(crate) fn said(nick: &str, id: &str, text: &str, more: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{ROOM}/{nick}' to='{MY_ADDRESS}' \
         type='groupchat' id='{id}'><body>{text}</body>{more}</message>"
    )
}

pub(crate) fn archived(id: &str) -> String {
    format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{id}'/>")
}

/// A new session after a lost one, up to the first requests.
fn anew(scenario: &mut Scenario) {
    scenario.lose_connection();
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv("<failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>");
    scenario.answer_bind();
    scenario.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='true'/>");
}

#[test]
fn who_comes_in_sees_who_is_there() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    assert_eq!(view(&scenario).entry, Entry::Joining);
    told(&mut scenario, &["urn:xmpp:mam:2", "muc_nonanonymous"]);
    let sent = scenario.find(|sent| sent.name() == "presence").unwrap();
    assert_eq!(
        sent.attr("to"),
        Some("coven@chat.shakespeare.lit/thirdwitch")
    );
    assert!(
        String::from(&sent).contains("maxstanzas='0'"),
        "the archive has it"
    );
    scenario.recv(&presence(
        "firstwitch",
        "",
        "<item affiliation='owner' role='moderator' jid='crone1@shakespeare.lit/desktop'/>",
    ));
    scenario.recv(&presence("secondwitch", "", MEMBER));
    assert!(
        view(&scenario).occupants.is_empty(),
        "one event for all of them"
    );
    scenario.recv(&presence(
        "thirdwitch",
        "",
        "<item affiliation='member' role='participant'/><status code='100'/>\
         <status code='110'/><status code='170'/>",
    ));
    let known = view(&scenario);
    assert_eq!(known.entry, Entry::Joined);
    assert_eq!(known.name.as_deref(), Some("A Dark Cave"));
    let description = "The place for all good witches!";
    assert_eq!(known.description.as_deref(), Some(description));
    assert!(known.shows_addresses && known.logged);
    assert_eq!(known.occupants.len(), 3);
    let first = known.occupants.get("firstwitch").unwrap();
    assert_eq!(
        (first.role, first.affiliation),
        (Role::Moderator, Affiliation::Owner)
    );
    assert_eq!(
        first.jid.as_ref().unwrap().as_str(),
        "crone1@shakespeare.lit"
    );
    scenario.recv(&presence("secondwitch", "type='unavailable'", MEMBER));
    assert_eq!(view(&scenario).occupants.len(), 2);
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}/firstwitch' type='groupchat'>\
         <subject>Fire Burn and Cauldron Bubble!</subject></message>"
    ));
    assert_eq!(
        view(&scenario).subject.as_deref(),
        Some("Fire Burn and Cauldron Bubble!")
    );
    // Nobody in a room is a device of the room.
    assert!(scenario.store.presence(&room()).is_none());
    // Another tab, or the next page, knows the same.
    let reloaded = scenario.reloaded(2);
    assert_eq!(view(&reloaded), view(&scenario));
}

#[test]
fn why_one_is_not_let_in_is_told() {
    for (condition, why) in [
        ("conflict", Left::NickTaken),
        ("not-authorized", Left::Password),
        ("registration-required", Left::MembersOnly),
        ("forbidden", Left::Banned(None)),
        ("item-not-found", Left::NotFound),
        ("not-allowed", Left::NotAllowed),
        ("service-unavailable", Left::Full),
        ("remote-server-not-found", Left::Unreachable),
        ("bad-request", Left::Other("bad-request".to_owned())),
    ] {
        let mut scenario = Scenario::signed_in();
        join(&mut scenario);
        told(&mut scenario, &[]);
        scenario.recv(&error(condition));
        assert_eq!(view(&scenario).entry, Entry::Left(why), "{condition}");
    }
}

#[test]
fn why_one_is_out_is_told() {
    let reason = "<item affiliation='none' role='none'><reason>Treason</reason></item>";
    let because = || Some("Treason".to_owned());
    let alternative = "darkcave@chat.shakespeare.lit".parse().ok();
    for (user, why) in [
        (
            format!("{reason}<status code='307'/>"),
            Left::Kicked(because()),
        ),
        (
            format!("{reason}<status code='301'/>"),
            Left::Banned(because()),
        ),
        (format!("{reason}<status code='321'/>"), Left::MembersOnly),
        (format!("{reason}<status code='322'/>"), Left::MembersOnly),
        (format!("{reason}<status code='332'/>"), Left::Unreachable),
        (
            format!("{reason}<status code='307'/><status code='333'/>"),
            Left::Unreachable,
        ),
        (
            "<item affiliation='none' role='none'/><destroy jid='darkcave@chat.shakespeare.lit'>\
             <reason>Macbeth doth come.</reason></destroy>"
                .to_owned(),
            Left::Destroyed(alternative, Some("Macbeth doth come.".to_owned())),
        ),
    ] {
        let mut scenario = inside();
        say(&mut scenario, "Hail!");
        let user = format!("{user}<status code='110'/>");
        scenario.recv(&presence("thirdwitch", "type='unavailable'", &user));
        let known = view(&scenario);
        assert_eq!(known.entry, Entry::Left(why.clone()));
        assert!(known.occupants.is_empty());
        let failed = matches!(messages(&scenario)[0].delivery, Delivery::Failed(_));
        assert_eq!(failed, why != Left::Unreachable, "{why:?}");
        scenario.advance_alive(20);
        let again = scenario.find(|sent| has(sent, "query@http://jabber.org/protocol/disco#info"));
        assert_eq!(again.is_some(), why == Left::Unreachable, "{why:?}");
    }
}

#[test]
fn a_name_changes() {
    let mut scenario = inside();
    scenario.recv(&presence("firstwitch", "", MEMBER));
    let to = |nick: &str, codes: &str| {
        format!("<item affiliation='member' role='participant' nick='{nick}'/>{codes}")
    };
    let theirs = to("oldhag", "<status code='303'/>");
    scenario.recv(&presence("firstwitch", "type='unavailable'", &theirs));
    scenario.recv(&presence("oldhag", "", MEMBER));
    scenario.command(Command::Muc(xep0045_muc::Command::Nick {
        request: "1".to_owned(),
        room: room(),
        nick: "hecate".to_owned(),
    }));
    let asked = scenario.find(|sent| sent.name() == "presence").unwrap();
    assert_eq!(asked.attr("to"), Some("coven@chat.shakespeare.lit/hecate"));
    let ours = to("hecate", "<status code='303'/><status code='110'/>");
    scenario.recv(&presence("thirdwitch", "type='unavailable'", &ours));
    scenario.recv(&presence("hecate", "", SELF));
    let known = view(&scenario);
    assert_eq!(
        (known.entry, known.nick.as_str()),
        (Entry::Joined, "hecate")
    );
    let nicks = known.occupants.at(0..known.occupants.len()).iter();
    let nicks: Vec<_> = nicks.map(|known| known.nick.clone()).collect();
    assert_eq!(nicks, ["hecate", "oldhag"]);
    scenario.recv(&said("hecate", "x", "from another device", ""));
    assert_eq!(messages(&scenario)[0].direction, Direction::Outgoing);
}

#[test]
fn who_comes_and_goes_while_we_are_there_is_remembered() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["muc_membersonly", "muc_nonanonymous"]);
    scenario.recv(&presence("firstwitch", "", MEMBER));
    scenario.recv(&presence("thirdwitch", "", SELF));
    let passages = |scenario: &Scenario| -> Vec<(String, bool)> {
        let all = view(scenario).passages.into_iter();
        all.map(|known| (known.nick, known.came)).collect()
    };
    assert!(
        passages(&scenario).is_empty(),
        "who is there was there before us"
    );
    assert!(view(&scenario).is_private());
    scenario.recv(&presence("secondwitch", "", MEMBER));
    // She is away, then called otherwise, and moderated by nobody.
    scenario.recv(&presence("secondwitch", "", MEMBER).replace("<x ", "<show>away</show><x "));
    let renamed = "<item affiliation='member' role='participant' nick='hag'/><status code='303'/>";
    scenario.recv(&presence("secondwitch", "type='unavailable'", renamed));
    scenario.recv(&presence("hag", "", MEMBER));
    scenario.recv(&presence("hag", "type='unavailable'", MEMBER));
    scenario.recv(&presence("hag", "type='unavailable'", MEMBER));
    // Who is made to go is told of otherwise.
    let kicked = "<item affiliation='none' role='none'/><status code='307'/>";
    scenario.recv(&presence("firstwitch", "type='unavailable'", kicked));
    let expected = [("secondwitch".to_owned(), true), ("hag".to_owned(), false)];
    assert_eq!(passages(&scenario), expected);
    let unread = |scenario: &Scenario| {
        let known = scenario.store.conversation(&room());
        known.map_or(0, |known| known.unread)
    };
    assert_eq!(unread(&scenario), 0);
    let reloaded = scenario.reloaded(2);
    assert_eq!(passages(&reloaded), expected);
    assert!(view(&reloaded).is_private());
}

#[test]
fn the_room_may_name_us() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &[]);
    let named = format!("{SELF}<status code='210'/>");
    scenario.recv(&presence("witch-3", "", &named));
    assert_eq!(view(&scenario).nick, "witch-3");
}

#[test]
fn a_room_that_is_slow_to_say_what_it_is_is_asked_again() {
    for reloads in [false, true] {
        let mut scenario = Scenario::signed_in();
        join(&mut scenario);
        asked_what_it_is(&mut scenario);
        scenario.wait_a_minute();
        scenario.recv(&presence("thirdwitch", "", SELF));
        assert_eq!(view(&scenario).entry, Entry::Joined);
        if reloads {
            // The question goes with the page.
            scenario = scenario.reloaded(2);
            scenario.authenticate();
            scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
            scenario.recv(&resumption("session-1", 1));
            // It is sent once more, and the answer finds nobody.
            told(&mut scenario, &["urn:xmpp:mam:2"]);
        }
        told(&mut scenario, &["urn:xmpp:mam:2"]);
        let asks =
            |sent: &Element| sent.attr("to") == Some(ROOM) && has(sent, "query@urn:xmpp:mam:2");
        assert!(scenario.find(asks).is_some(), "reloads: {reloads}");
    }
}

#[test]
fn a_new_room_is_taken_as_it_is() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    let id = asked_what_it_is(&mut scenario);
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let made = format!("{SELF}<status code='201'/>");
    scenario.recv(&presence("thirdwitch", "", &made));
    let form = scenario.find(|sent| has(sent, "query@http://jabber.org/protocol/muc#owner"));
    assert!(String::from(&form.unwrap()).contains("type='submit'"));
    assert_eq!(view(&scenario).entry, Entry::Joined);
    say(&mut scenario, "Hello?");
    assert!(
        scenario.sent_bodies().is_empty(),
        "its history has to end first"
    );
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' type='groupchat'><subject/></message>"
    ));
    assert_eq!(scenario.sent_bodies(), ["Hello?"]);
}

#[test]
fn the_archive_of_a_room_that_is_found_inside_is_read() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &[]);
    let made = format!("{SELF}<status code='201'/>");
    scenario.recv(&presence("thirdwitch", "", &made));
    say(&mut scenario, "Hello?");
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    assert!(scenario.sent_bodies().is_empty());
    let (asked, query) = scenario.archive_query_of(ROOM);
    let missed = said("firstwitch", "m1", "Thrice the brinded cat", "");
    scenario.archived_by(ROOM, &query, "a1", &missed);
    scenario.finish_archive_of(ROOM, &asked.0, "a1");
    assert_eq!(scenario.sent_bodies(), ["Hello?"]);
    assert_eq!(bodies(&scenario), ["Thrice the brinded cat", "Hello?"]);
}

#[test]
fn only_what_the_room_shows_is_proof() {
    let mut scenario = inside();
    say(&mut scenario, "ok");
    say(&mut scenario, "ok");
    let sent: Vec<_> = (0..2)
        .map(|_| scenario.find(|sent| body(sent).is_some()).unwrap())
        .collect();
    assert_eq!(sent[0].attr("type"), Some("groupchat"));
    scenario.recv(&acked(6));
    let deliveries = |scenario: &Scenario| -> Vec<_> {
        let all = messages(scenario).into_iter();
        all.map(|message| message.delivery).collect()
    };
    assert_eq!(deliveries(&scenario), [Delivery::Queued, Delivery::Queued]);
    // A crash now loses no word, and the resumed session repeats none.
    let mut reloaded = scenario.reloaded(2);
    reloaded.authenticate();
    reloaded.features("<sm xmlns='urn:xmpp:sm:3'/>");
    reloaded.recv(&resumption("session-1", 6));
    assert!(reloaded.sent_bodies().is_empty());
    let id = |place: usize| sent[place].attr("id").unwrap();
    // Somebody else with our words and our id is not us.
    reloaded.recv(&said("mallory", id(0), "ok", &archived("a0")));
    assert_eq!(
        deliveries(&reloaded)[..2],
        [Delivery::Queued, Delivery::Queued]
    );
    for (place, archive) in ["a1", "a2"].into_iter().enumerate() {
        reloaded.recv(&said("thirdwitch", id(place), "ok", &archived(archive)));
    }
    assert_eq!(deliveries(&reloaded)[..2], [Delivery::Sent, Delivery::Sent]);
    assert_eq!(bodies(&reloaded), ["ok", "ok", "ok"]);
}

#[test]
fn after_a_dead_session_the_room_is_read_before_anything_is_sent_again() {
    let mut scenario = inside();
    scenario.recv(&said("firstwitch", "m1", "one", &archived("a1")));
    scenario.wait_a_minute();
    scenario.recv(&said(
        "firstwitch",
        "m1a",
        "a minute later",
        &archived("a1a"),
    ));
    say(&mut scenario, "arrived");
    say(&mut scenario, "lost");
    let sent = scenario.find(|sent| body(sent).is_some()).unwrap();
    let id = sent.attr("id").unwrap();
    anew(&mut scenario);
    scenario.say("to a person");
    scenario.answer_archive_of("", &[], true);
    assert_eq!(
        scenario.sent_bodies(),
        ["to a person"],
        "a room holds up nobody else"
    );
    scenario.sent.retain(|sent| sent.name() != "presence");
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.recv(&said("firstwitch", "m3", "three", &archived("a4")));
    let (asked, query) = scenario.archive_query_of(ROOM);
    assert!(asked.1.contains("a1</after>"), "{}", asked.1);
    let ours = said("thirdwitch", id, "arrived", "");
    let theirs = said("firstwitch", "m2", "two", "");
    for (archive, message) in [("a2", ours), ("a3", theirs)] {
        scenario.archived_by(ROOM, &query, archive, &message);
    }
    // Nobody else speaks for this room.
    let forged = said("firstwitch", "m9", "forged", "");
    scenario.archived_by("mallory@example.org", &query, "a9", &forged);
    scenario.archived_by(
        ROOM,
        &query,
        "a8",
        &forged.replace(ROOM, "other@chat.shakespeare.lit"),
    );
    assert!(scenario.sent_bodies().is_empty());
    scenario.finish_archive_of(ROOM, &asked.0, "a4");
    assert_eq!(scenario.sent_bodies(), ["lost"]);
    let words = ["one", "a minute later", "arrived", "two", "lost", "three"];
    let mut shown = bodies(&scenario);
    assert_eq!(shown.len(), words.len(), "{shown:?}");
    shown.retain(|body| body != "lost");
    assert_eq!(shown, ["one", "a minute later", "arrived", "two", "three"]);
    assert_eq!(scenario.store.conversation(&room()).unwrap().unread, 2);
}

/// Asks the room's archive for something and answers with these: the question.
fn past(scenario: &mut Scenario, command: xep0313_archive::Command, page: &[&str]) -> String {
    scenario.command(Command::Archive(command));
    let ((id, asked), query) = scenario.archive_query_of(ROOM);
    for archive in page {
        let words = archive.replace('a', "m");
        let message = said("firstwitch", &words, &words, "");
        scenario.archived_by(ROOM, &query, archive, &message);
    }
    let (first, last) = (page.first().unwrap(), page.last().unwrap());
    let complete = *first == "a1";
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>\
         <fin xmlns='urn:xmpp:mam:2' complete='{complete}'>\
         <set xmlns='http://jabber.org/protocol/rsm'><first>{first}</first><last>{last}</last>\
         </set></fin></iq>"
    ));
    asked
}

#[test]
fn the_past_of_a_room_is_read_by_date_by_gap_and_backwards() {
    let mut scenario = inside();
    scenario.recv(&said("firstwitch", "m9", "m9", &archived("a9")));
    let around = xep0313_archive::Command::Around {
        conversation: room(),
        at: Timestamp(1_793_520_000_000),
    };
    let asked = past(&mut scenario, around, &["a4", "a5"]);
    assert!(asked.contains("start"), "{asked}");
    assert!(!asked.contains("with"), "all of it is the room's: {asked}");
    assert_eq!(bodies(&scenario), ["m4", "m5", "m9"]);
    let gap = scenario.store.gaps(&room()).remove(0);
    assert_eq!(gap.behind, "a5");
    let asked = past(&mut scenario, gap.command, &["a5", "a7", "a8"]);
    assert!(asked.contains("a9</before>"), "{asked}");
    assert!(scenario.store.gaps(&room()).is_empty());
    assert_eq!(bodies(&scenario), ["m4", "m5", "m7", "m8", "m9"]);
    let older = scenario.store.older(&room());
    let asked = past(&mut scenario, older, &["a2", "a3"]);
    assert!(asked.contains("a4</before>"), "{asked}");
    let older = |scenario: &Scenario| scenario.store.conversation(&room()).unwrap().older;
    assert_eq!(older(&scenario), Older::More);
    let further = scenario.store.older(&room());
    past(&mut scenario, further, &["a1"]);
    assert_eq!(older(&scenario), Older::Complete);
    let all = ["m1", "m2", "m3", "m4", "m5", "m7", "m8", "m9"];
    assert_eq!(bodies(&scenario), all);
    let unread = scenario.store.conversation(&room()).unwrap().unread;
    assert_eq!(unread, 1, "history is no news");
}

#[test]
fn a_room_that_is_closed_to_us_gives_our_words_back() {
    let mut scenario = inside();
    say(&mut scenario, "precious");
    anew(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    assert_eq!(messages(&scenario)[0].delivery, Delivery::Queued);
    scenario.recv(&error("registration-required"));
    let failed = messages(&scenario).remove(0);
    let Delivery::Failed(failure) = &failed.delivery else {
        panic!("{failed:?}");
    };
    assert_eq!(failure.condition, "registration-required");
    say(&mut scenario, "anybody?");
    assert!(matches!(
        messages(&scenario)[1].delivery,
        Delivery::Failed(_)
    ));
    let why = Left::MembersOnly;
    assert_eq!(
        view(&scenario).entry,
        Entry::Left(why),
        "and we still know why"
    );
    // It can be tried again once one is in.
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.answer_archive_of(ROOM, &[], true);
    scenario.command(Command::Message(rfc6121_message::Command::Retry {
        conversation: room(),
        id: failed.id,
        body: failed.body,
        notes: failed.notes,
    }));
    assert_eq!(scenario.sent_bodies(), ["precious"]);
}

#[test]
fn who_comes_back_alone_tries_another_name_and_makes_no_room() {
    let mut scenario = inside();
    anew(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.sent.clear();
    scenario.recv(&error("conflict"));
    let sent = scenario.find(|sent| sent.name() == "presence").unwrap();
    assert_eq!(
        sent.attr("to"),
        Some("coven@chat.shakespeare.lit/thirdwitch_")
    );
    anew(&mut scenario);
    let id = asked_what_it_is(&mut scenario);
    scenario.sent.clear();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert_eq!(view(&scenario).entry, Entry::Left(Left::NotFound));
    assert!(scenario.find(|sent| sent.name() == "presence").is_none());
}

#[test]
fn a_room_that_has_forgotten_us_is_entered_again() {
    let mut scenario = inside();
    say(&mut scenario, "anybody?");
    let sent = scenario.find(|sent| body(sent).is_some()).unwrap();
    let id = sent.attr("id").unwrap();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' type='error' id='{id}'><error type='modify'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    assert!(matches!(
        messages(&scenario)[0].delivery,
        Delivery::Failed(_)
    ));
    assert_eq!(view(&scenario).entry, Entry::Joining);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    assert_eq!(view(&scenario).entry, Entry::Joined);
    // What never comes back is found out by asking ourselves (XEP-0410).
    scenario.sent.clear();
    scenario.advance_alive(16 * 60 + 20);
    let ping = scenario.find(|sent| has(sent, "ping") && sent.attr("to").is_some());
    let ping = ping.expect("a self-ping");
    assert_eq!(
        ping.attr("to"),
        Some("coven@chat.shakespeare.lit/thirdwitch")
    );
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{}' from='{ROOM}/thirdwitch'>\
         <error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         </error></iq>",
        ping.attr("id").unwrap()
    ));
    assert_eq!(view(&scenario).entry, Entry::Joining);
}

#[test]
fn a_room_that_is_joined_while_the_bookmarks_are_read_stays() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    join(&mut scenario);
    let answer = |scenario: &mut Scenario, id: String, answer: &str| {
        scenario.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>{answer}</iq>"
        ));
    };
    let asked = scenario.expect_items("urn:xmpp:bookmarks:1");
    answer(&mut scenario, asked, "");
    // The room is kept before the server has said that there are no old bookmarks either.
    let asked = scenario.expect_items("storage:bookmarks");
    while let Some(publish) = scenario.find(|sent| String::from(sent).contains("<publish ")) {
        answer(&mut scenario, publish.attr("id").unwrap().to_owned(), "");
    }
    answer(&mut scenario, asked, "");
    assert!(scenario.store.room(&room()).is_some());
    told(&mut scenario, &[]);
    let sent = scenario.find(|sent| has(sent, "x@http://jabber.org/protocol/muc"));
    assert!(sent.is_some());
}

#[test]
fn bookmarks_of_older_clients_are_kept_in_the_way_of_today() {
    const STORAGE: &str = "<storage xmlns='storage:bookmarks'>\
         <conference name='Council of Oberon' autojoin='true' jid='council@conference.underhill.org'>\
         <nick>Puck</nick></conference>\
         <conference name='The Grove' jid='grove@conference.underhill.org'/>\
         <url name='No room' url='https://example.org'/></storage>";
    for private in [false, true] {
        let mut scenario = Scenario::new();
        scenario.sign_in();
        scenario.authenticate();
        scenario.bind();
        let answer = |scenario: &mut Scenario, id: &str, answer: &str| {
            scenario.recv(&format!(
                "<iq xmlns='jabber:client' type='result' id='{id}'>{answer}</iq>"
            ));
        };
        let asked = scenario.expect_items("urn:xmpp:bookmarks:1");
        answer(&mut scenario, &asked, "");
        let asked = scenario.expect_items("storage:bookmarks");
        if private {
            answer(&mut scenario, &asked, "");
            let asked = scenario.expect_iq("query@jabber:iq:private");
            let query = format!("<query xmlns='jabber:iq:private'>{STORAGE}</query>");
            answer(&mut scenario, &asked, &query);
        } else {
            let pubsub = format!(
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
                 <items node='storage:bookmarks'><item id='current'>{STORAGE}</item></items></pubsub>"
            );
            answer(&mut scenario, &asked, &pubsub);
        }
        let grove = "grove@conference.underhill.org".parse().unwrap();
        assert_eq!(scenario.store.name(&grove), "The Grove");
        let mut rooms = Vec::new();
        while let Some(publish) = scenario.find(|sent| String::from(sent).contains("<publish ")) {
            let text = String::from(&publish);
            assert!(text.contains("urn:xmpp:bookmarks:1"), "{text}");
            rooms.push(text.contains("council@") && text.contains("<nick>Puck</nick>"));
            answer(&mut scenario, publish.attr("id").unwrap(), "");
        }
        assert_eq!(rooms, [true, false], "each of them once");
    }
}

#[test]
fn many_bookmarks_of_older_clients_are_kept_a_few_at_a_time() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let asked = scenario.expect_items("urn:xmpp:bookmarks:1");
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{asked}'/>"
    ));
    let asked = scenario.expect_items("storage:bookmarks");
    let rooms: String = (0..300)
        .map(|number| format!("<conference jid='room-{number}@conference.underhill.org'/>"))
        .collect();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{asked}'>\
         <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='storage:bookmarks'>\
         <item id='current'><storage xmlns='storage:bookmarks'>{rooms}</storage></item></items>\
         </pubsub></iq>"
    ));
    let mut published = 0;
    loop {
        let next = || scenario.find(|sent| String::from(sent).contains("<publish "));
        let under_way: Vec<_> = std::iter::from_fn(next).collect();
        if under_way.is_empty() {
            break;
        }
        assert!(under_way.len() <= 8, "{} at a time", under_way.len());
        for publish in under_way {
            published += 1;
            let id = publish.attr("id").unwrap();
            let refused = published % 3 == 0;
            let kind = if refused { "error" } else { "result" };
            scenario.recv(&format!(
                "<iq xmlns='jabber:client' type='{kind}' id='{id}'/>"
            ));
        }
    }
    assert!(
        published >= 300,
        "{published}: what is refused holds up nothing"
    );
}

#[test]
fn a_bookmark_of_ours_that_comes_back_is_no_news() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &[]);
    let sent = scenario.find(|sent| has(sent, "x@http://jabber.org/protocol/muc"));
    assert!(sent.is_some());
    // Whoever looks is asked for another name, and not taken in under one of ours.
    scenario.recv(&error("conflict"));
    let taken = Entry::Left(Left::NickTaken);
    assert_eq!(scenario.store.room(&room()).unwrap().entry, taken);
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='alice@example.org' type='headline'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:bookmarks:1'><item id='{ROOM}'>\
         <conference xmlns='urn:xmpp:bookmarks:1' autojoin='true'><nick>thirdwitch</nick>\
         </conference></item></items></event></message>"
    ));
    assert_eq!(scenario.store.room(&room()).unwrap().entry, taken);
}

#[test]
fn what_is_said_under_a_name_that_is_somebody_elses_is_not_ones_own() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    scenario.recv(&error("conflict"));
    let theirs = said("thirdwitch", "m1", "when shall we three meet again", "");
    let read = |scenario: &mut Scenario, id: &str, message: &str| {
        let older = scenario.store.older(&room());
        scenario.command(Command::Archive(older));
        scenario.answer_archive_of(ROOM, &[(id, message)], true);
    };
    read(&mut scenario, "a1", &theirs);
    assert_eq!(messages(&scenario)[0].direction, Direction::Incoming);
    // As soon as it is ours it is.
    let mut scenario = inside();
    let ours = said("thirdwitch", "m1", "in thunder, lightning, or in rain", "");
    read(&mut scenario, "a1", &ours);
    assert_eq!(messages(&scenario)[0].direction, Direction::Outgoing);
}

#[test]
fn bookmarks_lead_into_rooms_and_follow_us() {
    let mut scenario = Scenario::new();
    scenario.sign_in();
    scenario.authenticate();
    scenario.bind();
    let conference = |inner: &str| format!("<conference xmlns='urn:xmpp:bookmarks:1' {inner}");
    let auto = conference("name='The Coven' autojoin='true'><nick>thirdwitch</nick></conference>");
    let other = conference("name='Elsewhere'/>");
    scenario.answer_bookmarks(&format!(
        "<item id='{ROOM}'>{auto}</item><item id='else@chat.shakespeare.lit'>{other}</item>"
    ));
    told(&mut scenario, &[]);
    let sent = scenario.find(|sent| has(sent, "x@http://jabber.org/protocol/muc"));
    assert!(sent.is_some());
    // Nobody is asked for another name where nobody looks; one is tried.
    scenario.recv(&error("conflict"));
    let sent = scenario.find(|sent| has(sent, "x@http://jabber.org/protocol/muc"));
    assert_eq!(
        sent.unwrap().attr("to"),
        Some("coven@chat.shakespeare.lit/thirdwitch_")
    );
    scenario.recv(&presence("thirdwitch_", "", SELF));
    let elsewhere = "else@chat.shakespeare.lit".parse().unwrap();
    assert_eq!(scenario.store.name(&room()), "The Coven");
    assert_eq!(scenario.store.name(&elsewhere), "Elsewhere");
    assert_eq!(
        scenario.store.room(&elsewhere).unwrap().entry,
        Entry::Left(Left::Away)
    );
    scenario.command(Command::Muc(xep0045_muc::Command::Leave { room: room() }));
    let gone = scenario.find(|sent| sent.attr("type") == Some("unavailable"));
    assert!(gone.is_some());
    let publish = scenario.find(|sent| String::from(sent).contains("autojoin='false'"));
    assert!(publish.is_some(), "other devices leave too");
    // Another device goes there.
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='alice@example.org'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:bookmarks:1'><item id='{ROOM}'>{auto}</item></items></event>\
         </message>"
    ));
    assert_eq!(view(&scenario).entry, Entry::Joining);
}

#[test]
fn joining_is_remembered() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    let publish = scenario
        .find(|sent| has(sent, "pubsub"))
        .map(|sent| String::from(&sent))
        .unwrap();
    assert!(publish.contains("autojoin='true'"), "{publish}");
    assert!(publish.contains("whitelist"), "{publish}");
}

#[test]
fn who_whispers_is_not_the_room_and_nobody_else() {
    let mut scenario = inside();
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}/secondwitch' to='{MY_ADDRESS}' \
         type='chat' id='p1'><body>psst</body>\
         <x xmlns='http://jabber.org/protocol/muc#user'/></message>"
    ));
    let whisper = messages(&scenario).remove(0);
    assert_eq!(whisper.scope, Scope::Whisper);
    assert_eq!(whisper.from.to_string(), format!("{ROOM}/secondwitch"));
    // Of a room that nobody knows, nothing is shown as a person's words.
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='other@chat.example.org/x' to='{MY_ADDRESS}' \
         type='chat' id='p2'><body>psst</body>\
         <x xmlns='http://jabber.org/protocol/muc#user'/></message>"
    ));
    assert_eq!(scenario.store.conversations().count(), 1);
}

#[test]
fn who_is_in_a_room_does_not_speak_for_it() {
    let mut scenario = inside();
    say(&mut scenario, "mine");
    let sent = scenario.find(|sent| body(sent).is_some()).unwrap();
    let id = sent.attr("id").unwrap();
    for forged in [
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/mallory' type='error' id='{id}'>\
             <error type='cancel'><not-acceptable \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        ),
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/mallory' type='chat'>\
             <received xmlns='urn:xmpp:receipts' id='{id}'/></message>"
        ),
    ] {
        scenario.recv(&forged);
        assert_eq!(messages(&scenario)[0].delivery, Delivery::Queued);
        assert_eq!(view(&scenario).entry, Entry::Joined);
    }
}

#[test]
fn two_people_of_one_name_are_told_apart_where_the_room_can() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    let me = "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='me'/>";
    let entering =
        presence("thirdwitch", "", SELF).replace("</presence>", &format!("{me}</presence>"));
    scenario.recv(&entering);
    let (_, query) = scenario.archive_query_of(ROOM);
    // Somebody else was called that before we were.
    let other = "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='other'/>";
    scenario.archived_by(
        ROOM,
        &query,
        "a1",
        &said("thirdwitch", "o1", "not me", other),
    );
    scenario.archived_by(ROOM, &query, "a2", &said("hecate", "o2", "me", me));
    let directions: Vec<_> = messages(&scenario)
        .into_iter()
        .map(|message| message.direction)
        .collect();
    assert_eq!(directions, [Direction::Incoming, Direction::Outgoing]);
    assert_eq!(
        scenario.store.conversation(&room()).unwrap().unread,
        0,
        "history is no news"
    );
}

#[test]
fn a_room_without_an_archive_tells_what_was_said_itself() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &[]);
    let sent = scenario.find(|sent| has(sent, "x@http://jabber.org/protocol/muc"));
    assert!(String::from(&sent.unwrap()).contains("maxstanzas='50'"));
    scenario.recv(&presence("thirdwitch", "", SELF));
    let delay =
        format!("<delay xmlns='urn:xmpp:delay' from='{ROOM}' stamp='2026-11-01T09:00:00Z'/>");
    let history = [
        said("firstwitch", "h1", "Thrice", &delay),
        said("x", "h2", "Thrice", &delay),
    ];
    for message in &history {
        scenario.recv(message);
    }
    assert_eq!(scenario.store.conversation(&room()).unwrap().unread, 0);
    say(&mut scenario, "lost?");
    scenario.recv(&format!(
        "<message xmlns='jabber:client' from='{ROOM}' type='groupchat'><subject/></message>"
    ));
    assert_eq!(scenario.sent_bodies(), ["lost?"]);
    anew(&mut scenario);
    told(&mut scenario, &[]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    for message in &history {
        scenario.recv(message);
    }
    assert_eq!(bodies(&scenario), ["Thrice", "Thrice", "lost?"]);
    scenario.advance_alive(11);
    assert_eq!(
        scenario.sent_bodies(),
        ["lost?"],
        "a room may never end its history"
    );
}

#[test]
fn three_thousand_come_as_one() {
    let mut scenario = Scenario::signed_in();
    join(&mut scenario);
    told(&mut scenario, &["urn:xmpp:mam:2"]);
    for number in 0..3000 {
        scenario.recv(&presence(&format!("witch {number}"), "", MEMBER));
    }
    let before = scenario.events.len();
    scenario.recv(&presence("thirdwitch", "", SELF));
    assert!(scenario.events.len() < before + 10);
    assert_eq!(view(&scenario).occupants.len(), 3001);
    scenario.sent.clear();
    let commits = scenario.commits;
    for number in 0..100 {
        scenario.recv(&presence(
            &format!("witch {number}"),
            "type='unavailable'",
            MEMBER,
        ));
    }
    let acks = scenario.sent.iter().filter(|sent| sent.name() == "a");
    assert!(
        acks.count() >= scenario.commits - commits,
        "only an ack is worth a commit"
    );
    assert_eq!(view(&scenario).occupants.len(), 2901);
}
