//! Pictures of rooms (XEP-0486): told of, asked for once, set by owners.

use couplet_engine::Command;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::modules::xep0084_avatar::Picture;
use couplet_engine::modules::xep0486_room_avatars;
use couplet_engine::store::{Fact, NotSaved, StoreEvent};
use minidom::Element;

use crate::rooms::{ROOM, asked_what_it_is, inside, room};
use crate::scenario::{MY_ADDRESS, Scenario, has};

const CARD: &str = "vCard@vcard-temp";

/// The SHA-1 of "hello", and "hello" on a card.
const HELLO: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
const HELLO_ON_A_CARD: &str = "aGVsbG8=";

/// The room isn't what it was (status 104), and tells of pictures with these hashes.
fn describes(scenario: &mut Scenario, hashes: &[&str]) {
    scenario.recv(&format!(
        "<message xmlns='jabber:client' type='groupchat' from='{ROOM}' to='{MY_ADDRESS}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>"
    ));
    let id = asked_what_it_is(scenario);
    let values: String = hashes
        .iter()
        .map(|hash| format!("<value>{hash}</value>"))
        .collect();
    let field = match values.is_empty() {
        true => String::new(),
        false => format!("<field var='muc#roominfo_avatarhash' type='text-multi'>{values}</field>"),
    };
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <identity category='conference' type='text' name='A Dark Cave'/>\
         <feature var='vcard-temp'/><x xmlns='jabber:x:data' type='result'>\
         <field var='FORM_TYPE' type='hidden'>\
         <value>http://jabber.org/protocol/muc#roominfo</value></field>{field}</x></query></iq>"
    ));
}

/// The room has this picture, says its presence.
fn is_seen_with(scenario: &mut Scenario, photo: &str) {
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='{ROOM}' to='{MY_ADDRESS}'>\
         <x xmlns='vcard-temp:x:update'><photo>{photo}</photo></x></presence>"
    ));
}

/// The request about the room's card that is under way.
fn asked(scenario: &mut Scenario) -> Option<Element> {
    scenario.find(|sent| has(sent, CARD) && sent.attr("to") == Some(ROOM))
}

fn answer(scenario: &mut Scenario, request: &Element, card: &str) {
    let id = request.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'>{card}</iq>"
    ));
}

fn refuse(scenario: &mut Scenario, request: &Element, condition: &str) {
    let id = request.attr("id").unwrap();
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
}

fn card(photos: &str) -> String {
    format!("<vCard xmlns='vcard-temp'><FN>The Cave</FN>{photos}</vCard>")
}

fn photo(base64: &str) -> String {
    format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{base64}</BINVAL></PHOTO>")
}

fn shown(scenario: &Scenario) -> Option<Vec<u8>> {
    scenario.store.avatar(&room()).map(|image| image.to_vec())
}

fn set(scenario: &mut Scenario, picture: Option<&[u8]>) {
    let picture = picture.map(|bytes| Picture {
        bytes: bytes.to_vec(),
        media_type: "image/png".to_owned(),
        side: 1,
    });
    scenario.command(Command::RoomAvatar(xep0486_room_avatars::Command::Set {
        request: "1".to_owned(),
        room: room(),
        picture,
    }));
}

fn outcome(scenario: &Scenario) -> Option<Result<(), NotSaved>> {
    scenario.events.iter().find_map(|event| match event {
        StoreEvent::Profile { fact, .. } => match &**fact {
            Fact::Saved(saved) => Some(saved.outcome.clone()),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn what_a_room_looks_like_is_asked_once_and_kept() {
    let mut scenario = inside();
    describes(&mut scenario, &[&HELLO.to_uppercase()]);
    is_seen_with(&mut scenario, HELLO);
    let request = asked(&mut scenario).expect("nobody asks for it");
    assert_eq!(asked(&mut scenario), None, "once");
    answer(&mut scenario, &request, &card(&photo(HELLO_ON_A_CARD)));
    assert_eq!(shown(&scenario).unwrap(), b"hello");
    describes(&mut scenario, &[HELLO]);
    is_seen_with(&mut scenario, HELLO);
    assert_eq!(asked(&mut scenario), None);
    let mut scenario = scenario.reloaded(2);
    assert_eq!(shown(&scenario).unwrap(), b"hello");
    scenario.command(Command::Muc(xep0045_muc::Command::Leave { room: room() }));
    assert_eq!(shown(&scenario), None, "nobody sees the room any more");
}

#[test]
fn a_picture_in_a_format_of_several_is_shown() {
    let mut scenario = inside();
    describes(&mut scenario, &[&"b".repeat(40), HELLO]);
    let request = asked(&mut scenario).unwrap();
    let photos = [
        photo("PHN2Zy8+"),
        photo("no base64"),
        photo(HELLO_ON_A_CARD),
    ]
    .concat();
    answer(&mut scenario, &request, &card(&photos));
    assert_eq!(shown(&scenario).unwrap(), b"hello");
}

#[test]
fn a_picture_that_is_gone_is_gone() {
    let mut scenario = inside();
    let has_one = |scenario: &mut Scenario| {
        let request = asked(scenario).expect("nobody asks for it");
        answer(scenario, &request, &card(&photo(HELLO_ON_A_CARD)));
        assert!(shown(scenario).is_some());
    };
    describes(&mut scenario, &[HELLO]);
    has_one(&mut scenario);
    describes(&mut scenario, &[]);
    assert_eq!(shown(&scenario), None);
    // Where only its presence tells, what it says of itself says nothing of pictures.
    is_seen_with(&mut scenario, HELLO);
    has_one(&mut scenario);
    describes(&mut scenario, &[]);
    assert!(shown(&scenario).is_some());
    is_seen_with(&mut scenario, "");
    assert_eq!(shown(&scenario), None);
}

#[test]
fn what_is_not_what_was_told_of_is_no_picture() {
    let mut scenario = inside();
    for hash in ["hello", "../../etc", &"é".repeat(20)] {
        describes(&mut scenario, &[hash]);
        is_seen_with(&mut scenario, hash);
        assert_eq!(asked(&mut scenario), None, "{hash}");
    }
    describes(&mut scenario, &[HELLO]);
    let request = asked(&mut scenario).unwrap();
    answer(&mut scenario, &request, &card(&photo("Zm9yZ2Vk")));
    assert_eq!(shown(&scenario), None);
    // Nor is what an address shows that is no room of ours.
    scenario.recv(&format!(
        "<presence xmlns='jabber:client' from='elsewhere@chat.shakespeare.lit' to='{MY_ADDRESS}'>\
         <x xmlns='vcard-temp:x:update'><photo>{HELLO}</photo></x></presence>"
    ));
    assert_eq!(scenario.find(|sent| has(sent, CARD)), None);
}

#[test]
fn owners_set_it_and_leave_the_rest_of_the_card() {
    let mut scenario = inside();
    set(&mut scenario, Some(b"hello"));
    let request = asked(&mut scenario).unwrap();
    assert_eq!(request.attr("type"), Some("get"));
    answer(&mut scenario, &request, &card(&photo("b2xk")));
    let request = asked(&mut scenario).unwrap();
    assert_eq!(request.attr("type"), Some("set"));
    let sent = String::from(&request);
    assert!(sent.contains("<FN>The Cave</FN>"), "{sent}");
    assert!(
        sent.contains(HELLO_ON_A_CARD) && !sent.contains("b2xk"),
        "{sent}"
    );
    assert_eq!(outcome(&scenario), None);
    answer(&mut scenario, &request, "");
    assert_eq!(outcome(&scenario), Some(Ok(())));
    assert_eq!(shown(&scenario).unwrap(), b"hello");
    // Not all rooms say so where they say what they are; of those that do it is believed.
    describes(&mut scenario, &[]);
    assert_eq!(shown(&scenario).unwrap(), b"hello");
    describes(&mut scenario, &[HELLO]);
    describes(&mut scenario, &[]);
    assert_eq!(shown(&scenario), None);

    scenario.events.clear();
    set(&mut scenario, None);
    let request = asked(&mut scenario).unwrap();
    refuse(&mut scenario, &request, "item-not-found");
    let request = asked(&mut scenario).unwrap();
    assert!(!String::from(&request).contains("PHOTO"));
    answer(&mut scenario, &request, "");
    assert_eq!(outcome(&scenario), Some(Ok(())));
    assert_eq!(shown(&scenario), None);
}

#[test]
fn what_the_room_does_not_want_is_told() {
    let mut scenario = inside();
    set(&mut scenario, Some(b"hello"));
    let request = asked(&mut scenario).unwrap();
    refuse(&mut scenario, &request, "service-unavailable");
    let request = asked(&mut scenario).unwrap();
    refuse(&mut scenario, &request, "forbidden");
    let Some(Err(NotSaved::Refused { condition, .. })) = outcome(&scenario) else {
        panic!("{:?}", outcome(&scenario));
    };
    assert_eq!(condition, "forbidden");
    assert_eq!(shown(&scenario), None);

    scenario.events.clear();
    scenario.lose_connection();
    set(&mut scenario, Some(b"hello"));
    assert_eq!(outcome(&scenario), Some(Err(NotSaved::Offline)));
}
