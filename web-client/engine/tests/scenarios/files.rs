//! Files: a place for them on the server, and messages that are about them.

use couplet_engine::Command;
use couplet_engine::modules::{rfc6121_message, xep0363_upload};
use couplet_engine::store::{
    Delivery, File, FileKind, Note, Notes, PageAnswer, Refusal, Slot, UploadAnswer,
};

use crate::scenario::{MY_ADDRESS, Scenario, body, resumption};

const SERVICE: &str = "upload.example.org";
const URL: &str = "https://files.example.org/4a77/summit.jpg";

fn request(upload: &str, size: u64) -> Command {
    Command::Upload(xep0363_upload::Command::Request(xep0363_upload::Request {
        upload: upload.to_owned(),
        name: "très cool.jpg".to_owned(),
        size,
        media_type: "image/jpeg".to_owned(),
    }))
}

/// What the answers to these requests were since this was last asked.
fn answers(scenario: &mut Scenario) -> Vec<UploadAnswer> {
    let answers = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Upload(answer) => Some(answer),
        _ => None,
    });
    answers.collect()
}

fn refusal(scenario: &mut Scenario) -> Refusal {
    let mut answers = answers(scenario);
    assert_eq!(answers.len(), 1);
    answers.remove(0).outcome.unwrap_err()
}

/// The id of the request that has this payload and goes to `to`.
fn asked(scenario: &mut Scenario, to: &str, namespace: &str) -> String {
    let asks = |sent: &minidom::Element| {
        sent.attr("to") == Some(to) && sent.children().any(|child| child.ns() == namespace)
    };
    let iq = scenario.find(asks);
    let iq = iq.unwrap_or_else(|| panic!("{to} wasn't asked for {namespace}"));
    iq.attr("id").unwrap().to_owned()
}

fn answer(scenario: &mut Scenario, from: &str, id: &str, payload: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' from='{from}' id='{id}'>{payload}</iq>"
    ));
}

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const UPLOAD: &str = "urn:xmpp:http:upload:0";

/// The server and a part of it say what they are (XEP-0363 4).
fn describe(scenario: &mut Scenario, limit: &str) {
    let id = asked(scenario, "example.org", ITEMS);
    answer(
        scenario,
        "example.org",
        &id,
        &format!("<query xmlns='{ITEMS}'><item jid='{SERVICE}'/><item jid='@'/></query>"),
    );
    let id = asked(scenario, "example.org", INFO);
    answer(
        scenario,
        "example.org",
        &id,
        &format!("<query xmlns='{INFO}'/>"),
    );
    let id = asked(scenario, SERVICE, INFO);
    answer(
        scenario,
        SERVICE,
        &id,
        &format!(
            "<query xmlns='{INFO}'><feature var='{UPLOAD}'/><x type='result' xmlns='jabber:x:data'>\
             <field var='FORM_TYPE' type='hidden'><value>{UPLOAD}</value></field>\
             <field var='max-file-size'><value>{limit}</value></field></x></query>"
        ),
    );
}

/// Somebody has asked for a place, and the service is known; with the request's id.
fn asking(upload: &str) -> (Scenario, String) {
    let mut scenario = Scenario::signed_in();
    scenario.command(request(upload, 23_456));
    describe(&mut scenario, "5242880");
    let id = asked(&mut scenario, SERVICE, UPLOAD);
    scenario.events.clear();
    (scenario, id)
}

fn give(scenario: &mut Scenario, id: &str, put: &str, headers: &str) {
    answer(
        scenario,
        SERVICE,
        id,
        &format!(
            "<slot xmlns='{UPLOAD}'><put url='{put}'>{headers}</put><get url='{URL}'/></slot>"
        ),
    );
}

fn refuse(scenario: &mut Scenario, id: &str, inner: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' from='{SERVICE}' id='{id}'>\
         <error type='modify'>{inner}</error></iq>"
    ));
}

/// XEP-0363 5.
#[test]
fn a_file_gets_a_place_and_what_goes_with_it() {
    let (mut scenario, id) = asking("1");
    give(
        &mut scenario,
        &id,
        "https://upload.example.org/4a77/tr%C3%A8s%20cool.jpg",
        "<header name='Authorization'>Basic Base64\nString==</header>\
         <header name='cookie'>foo=bar; user=romeo</header>\
         <header name='X-Evil'>x</header><header name='Host'>x</header>",
    );
    let given = Slot {
        put: "https://upload.example.org/4a77/tr%C3%A8s%20cool.jpg".to_owned(),
        get: URL.to_owned(),
        headers: vec![
            (
                "Authorization".to_owned(),
                "Basic Base64String==".to_owned(),
            ),
            ("Cookie".to_owned(), "foo=bar; user=romeo".to_owned()),
        ],
    };
    let answer = UploadAnswer {
        upload: "1".to_owned(),
        outcome: Ok(given),
    };
    assert_eq!(answers(&mut scenario), [answer]);
    // Now the service is known.
    scenario.command(request("2", 1));
    asked(&mut scenario, SERVICE, UPLOAD);
}

#[test]
fn nothing_is_put_where_others_read_along() {
    for put in [
        "http://upload.example.org/x",
        "javascript:alert(1)",
        "file:///x",
        "http://localhost@upload.example.org/x",
    ] {
        let (mut scenario, id) = asking("1");
        give(&mut scenario, &id, put, "");
        assert!(
            matches!(refusal(&mut scenario), Refusal::Other { .. }),
            "{put}"
        );
    }
    let (mut scenario, id) = asking("1");
    give(&mut scenario, &id, "http://localhost:5280/x", "");
    assert!(answers(&mut scenario)[0].outcome.is_ok());
}

#[test]
fn what_is_too_large_is_not_even_asked_for() {
    let mut scenario = Scenario::signed_in();
    scenario.command(request("1", 5_242_881));
    describe(&mut scenario, "5242880");
    assert_eq!(refusal(&mut scenario), Refusal::TooLarge(Some(5_242_880)));
    assert!(
        scenario
            .find(|sent| sent.attr("to") == Some(SERVICE))
            .is_none()
    );
}

/// XEP-0363 6.
#[test]
fn a_refusal_says_what_to_do() {
    let stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
    for (inner, expected) in [
        (
            format!(
                "<not-acceptable {stanzas}/><text {stanzas}>Too large.</text><file-too-large \
                 xmlns='{UPLOAD}'><max-file-size>20000</max-file-size></file-too-large>"
            ),
            Refusal::TooLarge(Some(20_000)),
        ),
        (
            format!("<resource-constraint {stanzas}/>"),
            Refusal::Wait(None),
        ),
        (
            format!("<forbidden {stanzas}/><text {stanzas}>Not you.</text>"),
            Refusal::Other {
                condition: "forbidden".to_owned(),
                text: Some("Not you.".to_owned()),
            },
        ),
    ] {
        let (mut scenario, id) = asking("1");
        refuse(&mut scenario, &id, &inner);
        assert_eq!(refusal(&mut scenario), expected);
    }
    let (mut scenario, id) = asking("1");
    let retry = format!(
        "<resource-constraint {stanzas}/><retry xmlns='{UPLOAD}' stamp='2026-12-03T23:42:05Z'/>"
    );
    refuse(&mut scenario, &id, &retry);
    assert!(matches!(refusal(&mut scenario), Refusal::Wait(Some(_))));
}

#[test]
fn a_server_that_takes_no_files_says_so() {
    let mut scenario = Scenario::signed_in();
    scenario.command(request("1", 1));
    let id = asked(&mut scenario, "example.org", ITEMS);
    answer(
        &mut scenario,
        "example.org",
        &id,
        &format!("<query xmlns='{ITEMS}'/>"),
    );
    let id = asked(&mut scenario, "example.org", INFO);
    answer(
        &mut scenario,
        "example.org",
        &id,
        &format!("<query xmlns='{INFO}'/>"),
    );
    assert_eq!(refusal(&mut scenario), Refusal::NoService);
    // It may have learnt to by the next time.
    scenario.command(request("2", 1));
    describe(&mut scenario, "100");
    asked(&mut scenario, SERVICE, UPLOAD);
}

#[test]
fn a_place_that_is_asked_for_offline_comes_with_the_connection() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    scenario.command(request("1", 1));
    assert!(answers(&mut scenario).is_empty());
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    describe(&mut scenario, "100");
    let id = asked(&mut scenario, SERVICE, UPLOAD);
    give(&mut scenario, &id, "https://upload.example.org/x", "");
    assert_eq!(answers(&mut scenario).len(), 1);
}

#[test]
fn a_place_that_is_asked_for_again_is_answered_once() {
    let (mut scenario, first) = asking("1");
    scenario.command(request("1", 23_456));
    let second = asked(&mut scenario, SERVICE, UPLOAD);
    give(&mut scenario, &first, "https://upload.example.org/x", "");
    assert!(answers(&mut scenario).is_empty());
    give(&mut scenario, &second, "https://upload.example.org/y", "");
    assert_eq!(answers(&mut scenario).len(), 1);
}

fn photo() -> File {
    File {
        url: URL.to_owned(),
        name: "summit.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        size: Some(3_032_449),
        dimensions: Some((4096, 2160)),
        duration: None,
        hash: "2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=".to_owned(),
        blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
        description: String::new(),
    }
}

fn share(scenario: &mut Scenario, file: File) {
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: "bob@example.org".parse().unwrap(),
        body: file.url.clone(),
        notes: Notes::from_iter([Note::File(file)]),
    }));
}

/// XEP-0447 3.1, XEP-0066 3: those who know neither read where it is.
#[test]
fn a_file_is_told_to_everybody_as_far_as_they_understand() {
    let mut scenario = Scenario::signed_in();
    share(&mut scenario, photo());
    let sent = scenario.find(|sent| sent.name() == "message").unwrap();
    assert_eq!(body(&sent).as_deref(), Some(URL));
    let oob = sent.get_child("x", "jabber:x:oob").unwrap();
    assert_eq!(oob.get_child("url", "jabber:x:oob").unwrap().text(), URL);
    let fallback = sent.get_child("fallback", "urn:xmpp:fallback:0").unwrap();
    assert_eq!(fallback.attr("for"), Some("urn:xmpp:sfs:0"));
    let shown = &scenario.messages()[0];
    assert_eq!(shown.file(), Some(&photo()));
    assert_eq!(shown.caption(), "");
    assert_eq!(shown.delivery, Delivery::Queued);

    // And whoever is like us sees the same.
    let mut bob = Scenario::signed_in();
    bob.recv(&String::from(&sent).replace(
        "to=\"bob@example.org\"",
        &format!("from=\"bob@example.org/x\" to=\"{MY_ADDRESS}\""),
    ));
    assert_eq!(bob.messages()[0].file(), Some(&photo()));
    assert_eq!(bob.messages()[0].caption(), "");
}

/// XEP-0446 2: `<length/>` is in milliseconds.
#[test]
fn who_gets_a_film_is_told_how_long_it_is_and_keeps_that() {
    let film = File {
        name: "summit.mp4".to_owned(),
        media_type: "video/mp4".to_owned(),
        duration: Some(83_200),
        ..photo()
    };
    let mut scenario = Scenario::signed_in();
    share(&mut scenario, film.clone());
    let sent = scenario.find(|sent| sent.name() == "message").unwrap();
    let sharing = sent.get_child("file-sharing", "urn:xmpp:sfs:0").unwrap();
    let metadata = "urn:xmpp:file:metadata:0";
    let told = sharing.get_child("file", metadata).unwrap();
    let length = told.get_child("length", metadata).unwrap();
    assert_eq!(length.text(), "83200");
    assert_eq!(scenario.reloaded(2).messages()[0].file(), Some(&film));

    let sharing = shared(
        "<name>a.mp4</name><length>1500</length>",
        &source("https://files.example.org/a.mp4"),
    );
    let bob = received(&sharing);
    assert_eq!(bob.messages()[0].file().unwrap().duration, Some(1_500));
    assert_eq!(
        bob.reloaded(2).messages()[0].file().unwrap().duration,
        Some(1_500)
    );
}

#[test]
fn a_file_waits_for_the_connection_like_any_message() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    share(&mut scenario, photo());
    let reloaded = scenario.reloaded(2);
    assert_eq!(reloaded.messages()[0].file(), Some(&photo()));
    assert_eq!(reloaded.messages()[0].delivery, Delivery::Queued);
}

fn from_bob(id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/phone' to='{MY_ADDRESS}' \
         type='chat' id='{id}'>{inner}</message>"
    )
}

fn received(inner: &str) -> Scenario {
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob("f1", inner));
    scenario
}

/// XEP-0066 3, as most clients share files.
#[test]
fn an_address_alone_is_a_file() {
    let oob = |url: &str| format!("<x xmlns='jabber:x:oob'><url>{url}</url></x>");
    let scenario = received(&format!("<body>{URL}</body>{}", oob(URL)));
    let message = &scenario.messages()[0];
    let file = message.file().unwrap();
    assert_eq!(
        (file.name.as_str(), file.kind()),
        ("summit.jpg", FileKind::Picture)
    );
    assert_eq!(message.caption(), "");
    for inner in [
        format!("<body>{URL}</body>"),
        format!("<body>look: {URL}</body>{}", oob(URL)),
        format!(
            "<body>javascript:alert(1)</body>{}",
            oob("javascript:alert(1)")
        ),
    ] {
        let message = received(&inner).messages().remove(0);
        assert_eq!(message.file(), None, "{inner}");
        assert!(!message.caption().is_empty());
    }
}

#[test]
fn an_encrypted_file_is_known_by_its_address() {
    let address = "aesgcm://files.example.org/4a77/summit.jpg#8c3d";
    let scenario = received(&format!("<body>{address}</body>"));
    let message = &scenario.messages()[0];
    assert_eq!(message.file().unwrap().kind(), FileKind::Sealed);
    assert_eq!(message.caption(), "");
}

fn shared(metadata: &str, sources: &str) -> String {
    format!(
        "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>\
         <file xmlns='urn:xmpp:file:metadata:0'>{metadata}</file>\
         <sources>{sources}</sources></file-sharing>"
    )
}

fn source(url: &str) -> String {
    format!("<url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>")
}

#[test]
fn what_is_said_besides_a_file_is_its_caption() {
    let sharing = shared("<name>a.pdf</name>", &source(URL));
    let fallback = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'>\
                    <body start='14'/></fallback>";
    let scenario = received(&format!(
        "<body>From the trip\n{URL}</body>{sharing}{fallback}"
    ));
    let message = &scenario.messages()[0];
    assert_eq!(message.caption(), "From the trip\n");
    assert_eq!(message.file().unwrap().name, "a.pdf");
    assert_eq!(message.file().unwrap().kind(), FileKind::Other);
    // Without any text.
    let scenario = received(&sharing);
    assert_eq!(scenario.messages()[0].file().unwrap().url, URL);
    assert_eq!(scenario.messages()[0].body, URL);
}

#[test]
fn hostile_files_are_what_they_can_be_or_none() {
    for sources in [
        String::new(),
        source("javascript:alert(1)"),
        source("data:text/html,x"),
        source(&format!("https://a.example/{}", "x".repeat(10_000))),
    ] {
        let sharing = shared("<name>a.png</name>", &sources);
        let message = received(&format!("<body>hello</body>{sharing}"))
            .messages()
            .remove(0);
        assert_eq!(
            (message.file(), message.caption()),
            (None, "hello"),
            "{sources}"
        );
    }
    let sharing = shared(
        &format!(
            "<name>../../\u{202e}gnp.exe{}</name><media-type>image/png\u{a0}</media-type>\
             <size>-5</size><width>4294967295</width><height>4294967295</height>\
             <desc>{}</desc>",
            "x".repeat(100_000),
            "y".repeat(100_000)
        ),
        &[source("javascript:alert(1)"), source(URL)].concat(),
    );
    let message = received(&format!("<body>{URL}</body>{sharing}"))
        .messages()
        .remove(0);
    let file = message.file().unwrap();
    assert_eq!(file.url, URL);
    assert!(file.name.starts_with("gnp.exe") && file.name.len() <= 200);
    assert_eq!((file.size, file.dimensions), (None, None));
    assert!(file.description.len() <= 1_000);
    let many = shared("<name>a</name>", &source(URL)).repeat(1_000);
    assert_eq!(
        received(&format!("<body>{URL}</body>{many}"))
            .messages()
            .len(),
        1
    );
}

#[test]
fn a_file_that_was_taken_back_is_gone() {
    let mut scenario = received(&format!("<body>{URL}</body>{}", shared("", &source(URL))));
    scenario.recv(&from_bob(
        "f2",
        "<retract id='f1' xmlns='urn:xmpp:message-retract:1'/>",
    ));
    let message = &scenario.messages()[0];
    assert!(message.is_retracted());
    assert_eq!(message.file(), None);
}
