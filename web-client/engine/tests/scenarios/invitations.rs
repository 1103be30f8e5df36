//! Invitations to rooms, ours and those of others (XEP-0249, XEP-0045 7.8).

use couplet_engine::Command;
use couplet_engine::modules::{xep0045_muc, xep0191_blocking, xep0249_invitations};
use couplet_engine::store::{
    Incident, Invitation, NotSaved, PageAnswer, Removal, RoomsAnswer, Store,
};
use jid::BareJid;
use minidom::Element;

use crate::rooms::{ROOM, SELF, inside, presence, room, told, view};
use crate::scenario::{ME, MY_ADDRESS, Scenario, has};

const USER: &str = "http://jabber.org/protocol/muc#user";
const HECATE: &str = "hecate@shakespeare.lit";

fn hecate() -> BareJid {
    HECATE.parse().unwrap()
}

pub(crate) fn invite(scenario: &mut Scenario, people: &[&str], reason: Option<&str>) {
    let invite = xep0249_invitations::Command::Invite {
        request: "1".to_owned(),
        room: room(),
        people: people.iter().map(|jid| jid.parse().unwrap()).collect(),
        reason: reason.map(str::to_owned),
    };
    scenario.command(Command::Invitation(invite));
}

/// What has become of whose invitation, in order.
pub(crate) fn outcomes(scenario: &mut Scenario) -> Vec<(String, Result<(), NotSaved>)> {
    let outcome = |answer| match answer {
        PageAnswer::Rooms(RoomsAnswer::Invited {
            request,
            jid,
            outcome,
        }) => {
            assert_eq!(request, "1");
            Some((jid.to_string(), outcome))
        }
        _ => None,
    };
    scenario.answers().filter_map(outcome).collect()
}

/// The payloads of the messages to this address, with their ids.
pub(crate) fn sent_to(scenario: &mut Scenario, jid: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let is_to = |sent: &Element| sent.name() == "message" && sent.attr("to") == Some(jid);
    while let Some(message) = scenario.find(is_to) {
        assert_eq!(message.attr("type"), None, "it is no chat");
        let id = message.attr("id").unwrap_or_default().to_owned();
        let said = message
            .children()
            .filter(|child| !child.is("origin-id", "urn:xmpp:sid:0"));
        all.push((id, said.map(String::from).collect()));
    }
    all
}

fn error(from: &str, id: &str, condition: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}' id='{id}' type='error'>\
         <error type='auth'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </message>"
    )
}

fn refused(condition: &str) -> NotSaved {
    NotSaved::Refused {
        condition: condition.to_owned(),
        text: None,
    }
}

#[test]
fn whoever_is_invited_is_told_where_why_and_what_the_room_wants_to_hear() {
    let mut scenario = Scenario::signed_in();
    scenario.command(Command::Muc(xep0045_muc::Command::Join {
        room: room(),
        nick: Some("thirdwitch".to_owned()),
        password: Some("cauldronburn".to_owned()),
    }));
    told(&mut scenario, &["muc_passwordprotected"]);
    scenario.recv(&presence("thirdwitch", "", SELF));
    scenario.sent.clear();
    invite(
        &mut scenario,
        &[HECATE, "bob@example.org"],
        Some("Hey Hecate, this is the place!"),
    );
    assert!(outcomes(&mut scenario).is_empty());
    told(&mut scenario, &["muc_passwordprotected"]);
    for jid in [HECATE, "bob@example.org"] {
        let sent = sent_to(&mut scenario, jid);
        assert_eq!(
            sent[0].1,
            format!(
                "<x xmlns='jabber:x:conference' jid='{ROOM}' password='cauldronburn' \
                 reason='Hey Hecate, this is the place!'/>"
            )
        );
    }
    assert!(sent_to(&mut scenario, ROOM).is_empty(), "anybody may come");
    let done = [HECATE, "bob@example.org"].map(|jid| (jid.to_owned(), Ok(())));
    assert_eq!(outcomes(&mut scenario), done);
}

#[test]
fn where_only_members_come_in_the_room_has_to_agree_for_each() {
    let mut scenario = inside();
    invite(&mut scenario, &[HECATE, "bob@example.org"], Some("Hey"));
    told(&mut scenario, &["muc_membersonly"]);
    let passed_on = sent_to(&mut scenario, ROOM);
    let invite =
        format!("<x xmlns='{USER}'><invite to='{HECATE}'><reason>Hey</reason></invite></x>");
    assert_eq!(passed_on[0].1, invite);
    assert_eq!(passed_on.len(), 2);
    assert!(sent_to(&mut scenario, HECATE).is_empty(), "it may refuse");
    // Who is in the room doesn't speak for it.
    let forged = format!("{ROOM}/firstwitch");
    scenario.recv(&error(&forged, &passed_on[1].0, "forbidden"));
    scenario.recv(&error(ROOM, &passed_on[0].0, "forbidden"));
    told(&mut scenario, &["muc_membersonly"]);
    assert!(sent_to(&mut scenario, HECATE).is_empty());
    assert_eq!(sent_to(&mut scenario, "bob@example.org").len(), 1);
    let expected = [
        (HECATE.to_owned(), Err(refused("forbidden"))),
        ("bob@example.org".to_owned(), Ok(())),
    ];
    assert_eq!(outcomes(&mut scenario), expected);
    assert!(
        sent_to(&mut scenario, ROOM).is_empty(),
        "each is asked for once"
    );
}

#[test]
fn where_all_are_refused_it_ends_there() {
    let mut scenario = inside();
    invite(&mut scenario, &[HECATE], None);
    told(&mut scenario, &["muc_membersonly"]);
    let id = sent_to(&mut scenario, ROOM).remove(0).0;
    scenario.recv(&error(ROOM, &id, "forbidden"));
    told(&mut scenario, &["muc_membersonly"]);
    let asks = |sent: &Element| has(sent, "query@http://jabber.org/protocol/disco#info");
    assert!(scenario.find(asks).is_none());
}

#[test]
fn an_invitation_may_come_back() {
    let mut scenario = inside();
    invite(&mut scenario, &[HECATE], None);
    told(&mut scenario, &[]);
    let id = sent_to(&mut scenario, HECATE).remove(0).0;
    assert_eq!(outcomes(&mut scenario).len(), 1);
    scenario.recv(&error("eve@example.org", &id, "item-not-found"));
    assert!(outcomes(&mut scenario).is_empty());
    scenario.recv(&error(HECATE, &id, "item-not-found"));
    let failed = (HECATE.to_owned(), Err(refused("item-not-found")));
    assert_eq!(outcomes(&mut scenario), [failed]);
    assert!(scenario.store.conversation(&hecate()).is_none());
}

#[test]
fn without_a_connection_or_an_answer_nobody_is_invited() {
    let mut scenario = inside();
    invite(&mut scenario, &[HECATE], None);
    scenario.wait_a_minute();
    let timeout = (HECATE.to_owned(), Err(refused("remote-server-timeout")));
    assert_eq!(outcomes(&mut scenario), [timeout]);
    scenario.lose_connection();
    invite(&mut scenario, &[HECATE], None);
    let offline = (HECATE.to_owned(), Err(NotSaved::Offline));
    assert_eq!(outcomes(&mut scenario), [offline]);
    assert!(sent_to(&mut scenario, HECATE).is_empty());
}

#[test]
fn more_than_anybody_invites_at_once_are_told_so() {
    let mut scenario = inside();
    let people: Vec<String> = (0..60)
        .map(|witch| format!("witch{witch}@example.org"))
        .collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    invite(&mut scenario, &people, None);
    told(&mut scenario, &[]);
    let (invited, refused): (Vec<_>, Vec<_>) = outcomes(&mut scenario)
        .into_iter()
        .partition(|(_, outcome)| outcome.is_ok());
    assert_eq!((invited.len(), refused.len()), (50, 10));
}

fn direct(more: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/x' to='{MY_ADDRESS}'>\
         <body>Come!</body><x xmlns='jabber:x:conference' jid='{ROOM}' {more}/></message>"
    )
}

fn mediated(from: &str, reason: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='{ROOM}' to='{MY_ADDRESS}'><x xmlns='{USER}'>\
         <invite from='{from}'><reason>{reason}</reason></invite>\
         <password>cauldronburn</password></x>\
         <x xmlns='jabber:x:conference' jid='{ROOM}'>{reason}</x></message>"
    )
}

fn invitation(store: &Store) -> Option<Invitation> {
    store.room(&room())?.invitation.clone()
}

fn decline(scenario: &mut Scenario, to: Option<BareJid>, reason: Option<&str>) {
    let decline = xep0249_invitations::Command::Decline {
        room: room(),
        to,
        reason: reason.map(str::to_owned),
    };
    scenario.command(Command::Invitation(decline));
}

#[test]
fn an_invitation_is_shown_and_answered() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&direct("password='cauldron' reason='Hey'"));
    let known = invitation(&scenario.store).unwrap();
    assert_eq!(known.from.as_str(), "bob@example.org");
    assert_eq!(known.password.as_deref(), Some("cauldron"));
    assert!(known.direct && !known.mediated);
    assert!(!view(&scenario).is_ours());
    scenario.sent.clear();
    decline(&mut scenario, None, None);
    assert!(scenario.store.room(&room()).is_none());
    assert!(
        sent_to(&mut scenario, ROOM).is_empty(),
        "it has no part in it"
    );
}

#[test]
fn what_a_room_has_passed_on_it_is_told_an_answer_to() {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&mediated("bob@example.org/desktop", "Hey"));
    let known = invitation(&scenario.store).unwrap();
    assert!(known.mediated && !known.direct);
    assert_eq!(known.password.as_deref(), Some("cauldronburn"));
    // The other way is the same invitation, in bob's own words.
    scenario.recv(&direct("reason='Come'"));
    scenario.recv(&mediated("bob@example.org/desktop", "Hey"));
    let known = invitation(&scenario.store).unwrap();
    assert!(known.mediated && known.direct);
    assert_eq!(known.reason.as_deref(), Some("Come"));
    assert_eq!(known.password.as_deref(), Some("cauldronburn"));
    assert_eq!(invitation(&scenario.reloaded(2).store), Some(known.clone()));
    scenario.sent.clear();
    decline(
        &mut scenario,
        Some(known.from),
        Some("Sorry, I'm too busy."),
    );
    assert_eq!(
        sent_to(&mut scenario, ROOM)[0].1,
        format!(
            "<x xmlns='{USER}'><decline to='bob@example.org'>\
             <reason>Sorry, I'm too busy.</reason></decline></x>"
        )
    );
    assert!(scenario.store.room(&room()).is_none());
}

#[test]
fn nobody_is_invited_by_whom_they_block_or_to_where_they_are() {
    let mut scenario = Scenario::signed_in();
    let jid = "bob@example.org".parse().unwrap();
    let block = xep0191_blocking::Command::Block { jid, report: None };
    scenario.command(Command::Blocking(block));
    scenario.recv(&mediated("bob@example.org/x", "Hey"));
    assert_eq!(invitation(&scenario.store), None);
    let mut scenario = inside();
    scenario.recv(&mediated("bob@example.org/x", "Hey"));
    scenario.recv(&direct(""));
    assert_eq!(view(&scenario).invitation, None);
}

#[test]
fn who_declines_is_among_what_happened() {
    let mut scenario = inside();
    let declined = |from: &str, by: &str| {
        format!(
            "<message xmlns='jabber:client' from='{from}' to='{MY_ADDRESS}'><x xmlns='{USER}'>\
             <decline from='{by}'><reason>Sorry, I&apos;m too busy.</reason></decline></x>\
             </message>"
        )
    };
    // Only the room says so, and only one of ours.
    scenario.recv(&declined(&format!("{ROOM}/firstwitch"), HECATE));
    scenario.recv(&declined("other@chat.shakespeare.lit", HECATE));
    scenario.recv(&declined(ROOM, "@"));
    assert!(view(&scenario).incidents.is_empty());
    scenario.recv(&declined(ROOM, "hecate@shakespeare.lit/broom"));
    let incidents = view(&scenario).incidents;
    let [
        Incident {
            nick,
            removal,
            reason,
            ..
        },
    ] = incidents.as_slice()
    else {
        panic!("{incidents:?}");
    };
    assert_eq!((nick.as_str(), *removal), (HECATE, Removal::Declined));
    assert_eq!(reason.as_deref(), Some("Sorry, I'm too busy."));
    assert!(scenario.store.conversation(&ME.parse().unwrap()).is_none());
}
