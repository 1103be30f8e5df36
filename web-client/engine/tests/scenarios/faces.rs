//! What people in rooms look like (XEP-0153), asked for by way of the room.

use couplet_engine::Command;
use couplet_engine::modules::xep0153_vcard_avatars::Command::Show;
use couplet_engine::store::{Face, Occupant, StoreEvent, Topic};
use jid::BareJid;
use minidom::Element;
use sha1::{Digest, Sha1};

use crate::room_changes::{inside_with_ids, occupant as id};
use crate::rooms::{ROOM, inside, messages, presence, room, said};
use crate::scenario::{ME, Scenario, has};

const CARD: &str = "vCard@vcard-temp";

/// The SHA-1 of "hello", and "hello" on a card.
const HELLO: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
const HELLO_ON_A_CARD: &str = "aGVsbG8=";

fn hash(image: &[u8]) -> String {
    let bytes = Sha1::digest(image);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Somebody in the room, of whom it tells `item`, has this on their card.
fn here(scenario: &mut Scenario, nick: &str, item: &str, photo: &str) {
    let photo = format!("<x xmlns='vcard-temp:x:update'><photo>{photo}</photo></x></presence>");
    let user = format!("<item affiliation='none' role='participant' {item}/>");
    scenario.recv(&presence(nick, "", &user).replace("</presence>", &photo));
}

fn occupant(scenario: &Scenario, nick: &str) -> Occupant {
    let room = scenario.store.room(&room()).unwrap();
    Occupant::clone(room.occupants.get(nick).unwrap())
}

/// The page shows these people, with what it takes to be the hashes of their pictures.
fn show(scenario: &mut Scenario, shown: &[(&str, &str)]) {
    let shown = shown.iter();
    scenario.command(Command::CardAvatars(Show {
        room: room(),
        occupants: shown
            .map(|(nick, hash)| ((*nick).to_owned(), (*hash).to_owned()))
            .collect(),
    }));
}

/// Whose cards are asked for: to whom, and the ids.
fn asked(scenario: &mut Scenario) -> Vec<(String, String)> {
    let next = || scenario.find(|sent: &Element| has(sent, CARD));
    let attr = |sent: &Element, name| sent.attr(name).unwrap().to_owned();
    std::iter::from_fn(next)
        .map(|sent| (attr(&sent, "to"), attr(&sent, "id")))
        .collect()
}

fn card(scenario: &mut Scenario, (to, id): &(String, String), photo: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' id='{id}' from='{to}'>\
         <vCard xmlns='vcard-temp'><PHOTO><BINVAL>{photo}</BINVAL></PHOTO></vCard></iq>"
    ));
}

fn refuse(scenario: &mut Scenario, (to, id): &(String, String)) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' id='{id}' from='{to}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
}

fn face(scenario: &Scenario, hash: &str) -> Option<Vec<u8>> {
    scenario.store.face(hash).map(|image| image.to_vec())
}

#[test]
fn who_is_shown_is_asked_once_whatever_they_are_called() {
    let mut scenario = inside();
    here(&mut scenario, "first", "", &HELLO.to_uppercase());
    here(&mut scenario, "second", "", HELLO);
    assert_eq!(occupant(&scenario, "first").avatar.as_deref(), Some(HELLO));
    scenario.advance(4);
    assert_eq!(asked(&mut scenario), [], "nobody is in view");
    show(&mut scenario, &[("first", HELLO), ("second", HELLO)]);
    show(&mut scenario, &[("first", HELLO)]);
    let requests = asked(&mut scenario);
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].0, format!("{ROOM}/first"));
    card(&mut scenario, &requests[0], HELLO_ON_A_CARD);
    assert_eq!(face(&scenario, HELLO).unwrap(), b"hello");
    assert_eq!(asked(&mut scenario), [], "the other has the same");
    // It is on disk, whoever comes and goes.
    let scenario = scenario.reloaded(2);
    assert_eq!(face(&scenario, HELLO).unwrap(), b"hello");
    let face = scenario
        .store
        .face_of(&room(), &occupant(&scenario, "second"));
    assert_eq!(face, Some(Face::Told(HELLO.to_owned())));
}

#[test]
fn what_is_no_hash_is_nobodys_picture() {
    for photo in ["", "../../etc", "hello", &"a".repeat(41), &"é".repeat(20)] {
        let mut scenario = inside();
        here(&mut scenario, "first", "", photo);
        assert_eq!(occupant(&scenario, "first").avatar, None, "{photo}");
        show(&mut scenario, &[("first", photo)]);
        assert_eq!(asked(&mut scenario), [], "{photo}");
    }
}

#[test]
fn another_picture_than_was_told_of_is_not_asked_for_again() {
    let large = vec![0; 600 * 1024];
    let too_large = "A".repeat(large.len() / 3 * 4);
    for (told, photo) in [
        (HELLO.to_owned(), "Zm9yZ2Vk"),
        (HELLO.to_owned(), "no base64"),
        (HELLO.to_owned(), ""),
        (hash(&large), too_large.as_str()),
    ] {
        let mut scenario = inside();
        here(&mut scenario, "first", "", &told);
        show(&mut scenario, &[("first", &told)]);
        let requests = asked(&mut scenario);
        card(&mut scenario, &requests[0], photo);
        show(&mut scenario, &[("first", &told)]);
        assert_eq!(face(&scenario, &told), None);
        assert_eq!(asked(&mut scenario), []);
    }
}

#[test]
fn who_tells_of_the_picture_of_another_keeps_nobody_from_seeing_it() {
    let mut scenario = inside();
    for nick in ["first", "mallory"] {
        here(&mut scenario, nick, "", HELLO);
    }
    show(&mut scenario, &[("mallory", HELLO), ("first", HELLO)]);
    let requests = asked(&mut scenario);
    assert_eq!(requests.len(), 1);
    refuse(&mut scenario, &requests[0]);
    let requests = asked(&mut scenario);
    assert_eq!(requests[0].0, format!("{ROOM}/first"));
    card(&mut scenario, &requests[0], HELLO_ON_A_CARD);
    assert_eq!(face(&scenario, HELLO).unwrap(), b"hello");
}

#[test]
fn a_few_are_asked_at_a_time_and_no_queue_grows() {
    let mut scenario = inside();
    let people: Vec<(String, String)> = (0..200_u32)
        .map(|number| (format!("witch {number}"), hash(&number.to_be_bytes())))
        .collect();
    for page in people.chunks(20) {
        let page: Vec<_> = page.iter().map(|(nick, hash)| (&**nick, &**hash)).collect();
        show(&mut scenario, &page);
    }
    let mut total = 0;
    let mut under_way = asked(&mut scenario);
    assert_eq!(under_way.len(), 4);
    while let Some(request) = under_way.pop() {
        refuse(&mut scenario, &request);
        total += 1;
        under_way.extend(asked(&mut scenario));
        assert!(under_way.len() <= 4);
        if total == 1 {
            // What came into view last is asked for first.
            let next = &under_way.last().unwrap().0;
            assert_eq!(*next, format!("{ROOM}/witch 180"));
        }
    }
    assert_eq!(total, 4 + 64);
}

#[test]
fn nobody_is_asked_by_way_of_a_room_that_we_are_not_in() {
    let mut scenario = inside();
    let elsewhere = Show {
        room: "heath@chat.shakespeare.lit".parse().unwrap(),
        occupants: vec![("first".to_owned(), HELLO.to_owned())],
    };
    scenario.command(Command::CardAvatars(elsewhere));
    assert_eq!(asked(&mut scenario), []);
    // Whoever waits when we go isn't asked either.
    let hashes: Vec<String> = (0..5_u32).map(|n| hash(&n.to_be_bytes())).collect();
    let shown: Vec<_> = hashes.iter().map(|hash| ("first", hash.as_str())).collect();
    show(&mut scenario, &shown);
    let requests = asked(&mut scenario);
    assert_eq!(requests.len(), 4);
    let kicked = "<item affiliation='none' role='none'/><status code='110'/><status code='307'/>";
    scenario.recv(&presence("thirdwitch", "type='unavailable'", kicked));
    refuse(&mut scenario, &requests[0]);
    assert_eq!(asked(&mut scenario), []);
}

#[test]
fn whoever_is_known_has_the_picture_that_we_know() {
    let mut scenario = inside();
    let bob: BareJid = "bob@example.org".parse().unwrap();
    let item = "jid='bob@example.org/phone'";
    here(&mut scenario, "first", item, HELLO);
    let face_of = |scenario: &Scenario, nick| {
        let occupant = occupant(scenario, nick);
        scenario.store.face_of(&room(), &occupant)
    };
    let told = Some(Face::Told(HELLO.to_owned()));
    assert_eq!(face_of(&scenario, "first"), told, "we have none of him");
    let picture = |jid: &BareJid| StoreEvent::Avatar {
        jid: jid.clone(),
        image: Some(b"png".to_vec()),
    };
    let topics = scenario.store.apply(picture(&bob));
    assert!(topics.contains(&Topic::Faces));
    assert_eq!(face_of(&scenario, "first"), Some(Face::Known(bob)));
    // A stranger's, who has an address too, and ours.
    here(
        &mut scenario,
        "second",
        "jid='mallory@example.net/x'",
        HELLO,
    );
    scenario
        .store
        .apply(picture(&"mallory@example.net".parse().unwrap()));
    assert_eq!(face_of(&scenario, "second"), told);
    let me: BareJid = ME.parse().unwrap();
    scenario.store.apply(picture(&me));
    assert_eq!(face_of(&scenario, "thirdwitch"), Some(Face::Known(me)));
}

#[test]
fn whoever_takes_the_name_of_another_hasnt_said_what_that_one_said() {
    let mut scenario = inside_with_ids();
    let come = |scenario: &mut Scenario, nick: &str, occupant: &str| {
        let user = "<item affiliation='none' role='participant'/>";
        let id = id(occupant) + "</presence>";
        scenario.recv(&presence(nick, "", user).replace("</presence>", &id));
    };
    come(&mut scenario, "bob", "b");
    scenario.recv(&said("bob", "1", "hello", &id("b")));
    let message = messages(&scenario).pop().unwrap();
    let writer = |scenario: &Scenario| {
        let writer = scenario.store.writer(&message);
        writer.map(|writer| writer.nick.clone())
    };
    assert_eq!(writer(&scenario).as_deref(), Some("bob"));
    scenario.recv(&presence(
        "bob",
        "type='unavailable'",
        "<item role='none'/>",
    ));
    come(&mut scenario, "bob", "m");
    assert_eq!(writer(&scenario), None);
    come(&mut scenario, "robert", "b");
    assert_eq!(writer(&scenario).as_deref(), Some("robert"));
}

#[test]
fn the_pictures_that_came_last_are_kept() {
    let mut scenario = inside();
    let image = |number: u32| {
        let mut image = vec![0; 500 * 1024];
        image[..4].copy_from_slice(&number.to_be_bytes());
        image
    };
    for number in 0..20 {
        let image = image(number);
        let hash = hash(&image);
        scenario.store.apply(StoreEvent::Face { hash, image });
    }
    let kept = (0..20).filter(|number| face(&scenario, &hash(&image(*number))).is_some());
    assert_eq!(kept.collect::<Vec<_>>(), (4..20).collect::<Vec<_>>());
    let rows = scenario.store.take_records();
    let deleted = rows.iter().filter(|row| row.value.is_none());
    assert_eq!(deleted.count(), 4);
}
