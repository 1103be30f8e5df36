//! What is asked of people whose details are looked at, and what is made of the answers.

use couplet_engine::{Command, Timestamp};
use jid::BareJid;

use crate::scenario::{ME, MY_ADDRESS, Scenario, has};

const BOB: &str = "bob@example.org";
const PHONE: &str = "bob@example.org/phone";
const LAST: &str = "query@jabber:iq:last";
const VERSION: &str = "query@jabber:iq:version";
const TIME: &str = "time@urn:xmpp:time";

fn look(whose: &str, devices: &[&str]) -> Command {
    Command::Look {
        jid: whose.parse().unwrap(),
        devices: devices.iter().map(|&device| device.to_owned()).collect(),
    }
}

fn result(id: &str, from: &str, payload: &str) -> String {
    format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{from}'>{payload}</iq>")
}

fn version(text: &str) -> String {
    format!("<query xmlns='jabber:iq:version'>{text}</query>")
}

fn time(tzo: &str) -> String {
    format!("<time xmlns='urn:xmpp:time'><tzo>{tzo}</tzo><utc>2026-11-02T09:00:00Z</utc></time>")
}

/// Program and offset of bob's phone.
fn phone(scenario: &Scenario) -> (Option<String>, Option<i32>) {
    let bob: BareJid = BOB.parse().unwrap();
    let profile = scenario.store.profile(&bob);
    let device = profile.and_then(|profile| profile.device("phone"));
    device.map_or((None, None), |device| {
        (device.program.clone(), device.offset)
    })
}

#[test]
fn who_is_offline_has_a_last_time() {
    let mut scenario = Scenario::signed_in();
    scenario.command(look(BOB, &[]));
    assert!(scenario.find(|sent| has(sent, VERSION)).is_none());
    let id = scenario.expect_iq(LAST);
    scenario.recv(&result(
        &id,
        BOB,
        "<query xmlns='jabber:iq:last' seconds='3600'/>",
    ));
    let bob: BareJid = BOB.parse().unwrap();
    let last = scenario.store.profile(&bob).unwrap().last_active.unwrap();
    assert_eq!(last, Timestamp(1_793_610_000_000 - 3_600_000));
    // Answers that make no sense change nothing.
    for seconds in ["-5", "soon", "99999999999999999999", ""] {
        scenario.command(look(BOB, &[]));
        let id = scenario.expect_iq(LAST);
        let answer = format!("<query xmlns='jabber:iq:last' seconds='{seconds}'/>");
        scenario.recv(&result(&id, BOB, &answer));
        assert_eq!(
            scenario.store.profile(&bob).unwrap().last_active,
            Some(last)
        );
    }
}

#[test]
fn nobody_is_asked_who_hasnt_let_us() {
    let mut scenario = Scenario::signed_in();
    // Eve is on the roster, and neither sees the other.
    for stranger in ["eve@example.org", "mallory@example.org"] {
        scenario.command(look(stranger, &["phone"]));
        scenario.command(look(stranger, &[]));
        for payload in [LAST, VERSION, TIME] {
            assert!(scenario.find(|sent| has(sent, payload)).is_none());
        }
    }
    scenario.command(look(BOB, &["phone"]));
    assert!(
        scenario.find(|sent| has(sent, LAST)).is_none(),
        "bob is online"
    );
}

#[test]
fn devices_tell_their_program_and_their_time() {
    let mut scenario = Scenario::signed_in();
    scenario.command(look(BOB, &["phone"]));
    let (program, clock) = (scenario.expect_iq(VERSION), scenario.expect_iq(TIME));
    let answer = version("<name>Gajim</name><version>1.8</version><os>secret</os>");
    scenario.recv(&result(&program, "mallory@example.org/phone", &answer));
    assert_eq!(phone(&scenario), (None, None));
    scenario.recv(&result(&program, PHONE, &answer));
    scenario.recv(&result(&clock, PHONE, &time("-03:30")));
    let expected = (Some("Gajim 1.8".to_owned()), Some(-210));
    assert_eq!(phone(&scenario), expected);
}

#[test]
fn what_devices_tell_is_bounded() {
    let mut scenario = Scenario::signed_in();
    let many: Vec<_> = (0..50).map(|number| format!("device {number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    scenario.command(look(BOB, &many));
    let asked = scenario.sent.iter().filter(|sent| has(sent, VERSION));
    assert_eq!(asked.count(), 8);
    for odd in [
        "+25:00",
        "+1",
        "++1:00",
        "",
        "12:00",
        "+99999999999:00",
        "é:00",
    ] {
        scenario.sent.clear();
        scenario.command(look(BOB, &["phone"]));
        let (program, clock) = (scenario.expect_iq(VERSION), scenario.expect_iq(TIME));
        scenario.recv(&result(&program, PHONE, &version("<version>1</version>")));
        scenario.recv(&result(&clock, PHONE, &time(odd)));
        assert_eq!(phone(&scenario), (None, None), "{odd}");
    }
    scenario.command(look(BOB, &["phone"]));
    let program = scenario.expect_iq(VERSION);
    let long = format!("<name>{}</name>", "x\n".repeat(10_000));
    scenario.recv(&result(&program, PHONE, &version(&long)));
    assert!(phone(&scenario).0.unwrap().len() <= 60);
}

/// A device of ours comes, or goes.
fn own(scenario: &mut Scenario, resource: &str, kind: &str) {
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ME}/{resource}' to='{MY_ADDRESS}' {kind}/>"
    ));
}

fn before(scenario: &Scenario) -> Vec<(&str, Timestamp)> {
    let devices = scenario.store.devices_before().into_iter();
    devices
        .map(|device| (device.resource.as_str(), device.at))
        .collect()
}

#[test]
fn our_other_devices_are_asked_what_they_are_and_remembered_when_they_go() {
    let mut scenario = Scenario::signed_in();
    own(&mut scenario, "phone", "");
    own(&mut scenario, "phone", "");
    let asked = scenario.find(|sent| has(sent, VERSION)).unwrap();
    let phone = format!("{ME}/phone");
    assert_eq!(asked.attr("to"), Some(phone.as_str()));
    assert!(scenario.find(|sent| has(sent, VERSION)).is_none(), "again");
    let answer = version("<name>Gajim</name><version>1.8</version>");
    scenario.recv(&result(asked.attr("id").unwrap(), &phone, &answer));
    assert_eq!(before(&scenario), [], "it is there");
    scenario.advance(10);
    own(&mut scenario, "phone", "type='unavailable'");
    // We ourselves, and people of that name elsewhere, aren't devices of ours.
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{MY_ADDRESS}' to='{MY_ADDRESS}'/>"
    ));
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{PHONE}' type='unavailable'/>"
    ));
    assert!(scenario.find(|sent| has(sent, VERSION)).is_none());
    let gone = ("phone", Timestamp(1_793_610_010_000));
    assert_eq!(before(&scenario), [gone]);
    let scenario = scenario.reloaded(2);
    assert_eq!(before(&scenario), [gone]);
    let me: BareJid = ME.parse().unwrap();
    let device = scenario.store.profile(&me).unwrap().device("phone");
    assert_eq!(device.unwrap().program.as_deref(), Some("Gajim 1.8"));
}

#[test]
fn of_our_devices_those_seen_last_are_remembered() {
    let mut scenario = Scenario::signed_in();
    for number in 0..50 {
        own(&mut scenario, &format!("device {number}"), "");
        own(
            &mut scenario,
            &format!("device {number}"),
            "type='unavailable'",
        );
    }
    let asked = scenario.sent.iter().filter(|sent| has(sent, VERSION));
    assert_eq!(asked.count(), 16);
    let known = before(&scenario);
    assert_eq!(known.len(), 8);
    assert_eq!(known[0].0, "device 49");
}
