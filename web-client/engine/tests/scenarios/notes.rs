//! What messages say of themselves: spoilers, unstyled texts, encryption.

use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use couplet_engine::store::{Note, Notes};

use crate::scenario::{MY_ADDRESS, Scenario, body, has};

fn from_bob(id: &str, inner: &str) -> String {
    format!(
        "<message xmlns='jabber:client' from='bob@example.org/phone' to='{MY_ADDRESS}' \
         type='chat' id='{id}'>{inner}</message>"
    )
}

/// XEP-0382 3.
#[test]
fn a_spoiler_has_a_hint_or_none() {
    let mut scenario = Scenario::signed_in();
    let spoiler = "xmlns='urn:xmpp:spoiler:0'";
    scenario.recv(&from_bob(
        "s1",
        &format!("<body>And at the end they get married.</body><spoiler {spoiler}>Love story end</spoiler>"),
    ));
    scenario.recv(&from_bob(
        "s2",
        &format!("<body>!</body><spoiler {spoiler}/>"),
    ));
    scenario.recv(&from_bob("s3", "<body>plain</body>"));
    let hints: Vec<_> = scenario.messages();
    let hints: Vec<_> = hints.iter().map(|message| message.spoiler()).collect();
    assert_eq!(hints, [Some("Love story end"), Some(""), None]);
    scenario.command(Command::Message(rfc6121_message::Command::Send {
        to: "bob@example.org".parse().unwrap(),
        body: "He did it".to_owned(),
        notes: Notes::from_iter([Note::Spoiler("Who?".to_owned())]),
    }));
    let sent = scenario.find(|sent| sent.name() == "message" && body(sent).is_some());
    let sent = sent.unwrap();
    let said = sent.get_child("spoiler", "urn:xmpp:spoiler:0").unwrap();
    assert_eq!(said.text(), "Who?");
    assert_eq!(scenario.messages()[3].spoiler(), Some("Who?"));
}

/// RFC 6121 5.2.2.
#[test]
fn a_headline_is_read_and_not_answered() {
    for (kind, answered) in [("headline", false), ("normal", true)] {
        let mut scenario = Scenario::signed_in();
        let asks = "<body>News</body><request xmlns='urn:xmpp:receipts'/>\
                    <markable xmlns='urn:xmpp:chat-markers:0'/>";
        let message = from_bob("h1", asks).replace("chat'", &format!("{kind}'"));
        scenario.recv(&message);
        assert_eq!(scenario.bodies(), ["News"]);
        let bob = "bob@example.org".parse().unwrap();
        assert_eq!(scenario.store.conversation(&bob).unwrap().unread, 1);
        let command = scenario.store.reading(&bob);
        scenario.command(Command::Message(command));
        let found = |scenario: &mut Scenario, what| scenario.find(|sent| has(sent, what)).is_some();
        let answers = ["received", "displayed"].map(|what| found(&mut scenario, what));
        assert_eq!(answers, [answered; 2], "{kind}");
    }
}

/// XEP-0393 6.
#[test]
fn a_text_may_be_meant_as_it_is() {
    let mut scenario = Scenario::signed_in();
    let unstyled = "<unstyled xmlns='urn:xmpp:styling:0'/>";
    scenario.recv(&from_bob("u1", &format!("<body>*a*</body>{unstyled}")));
    scenario.recv(&from_bob("u2", "<body>*a*</body>"));
    let unstyled: Vec<_> = scenario.messages();
    let unstyled: Vec<_> = unstyled
        .iter()
        .map(|message| message.is_unstyled())
        .collect();
    assert_eq!(unstyled, [true, false]);
}

/// XEP-0380 3: with a text for those who can't read it, and without one.
#[test]
fn what_is_encrypted_says_with_what() {
    const OMEMO: &str = "eu.siacs.conversations.axolotl";
    let said = |namespace: &str, name: &str| {
        format!("<encryption xmlns='urn:xmpp:eme:0' namespace='{namespace}' name='{name}'/>")
    };
    let sealed = format!("<encrypted xmlns='{OMEMO}'><header/><payload>AA==</payload></encrypted>");
    let keys_only = format!("<encrypted xmlns='{OMEMO}'><header/></encrypted>");
    for (inner, name) in [
        (
            format!("{sealed}{}<body>Sorry.</body>", said(OMEMO, "")),
            Some("OMEMO"),
        ),
        (sealed.clone(), Some("OMEMO")),
        (
            "<openpgp xmlns='urn:xmpp:openpgp:0'>AA==</openpgp>".to_owned(),
            Some("OpenPGP for XMPP"),
        ),
        (
            format!("<body>?</body>{}", said("urn:example:new", "Newest")),
            Some("Newest"),
        ),
        ("<body>clear</body>".to_owned(), None),
    ] {
        let mut scenario = Scenario::signed_in();
        scenario.recv(&from_bob("e1", &inner));
        assert_eq!(scenario.messages()[0].encryption(), name, "{inner}");
    }
    let mut scenario = Scenario::signed_in();
    scenario.recv(&from_bob(
        "e2",
        &format!("{keys_only}{}", said(OMEMO, "OMEMO")),
    ));
    assert!(scenario.messages().is_empty(), "keys are no message");
}
