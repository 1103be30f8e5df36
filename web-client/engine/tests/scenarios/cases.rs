//! `tests/cases/xepNNNN/*.xml`: adding a file adds a test.
//!
//! A case is a list of steps for somebody who is signed in as
//! `alice@example.org/balcony` and has `bob@example.org` as a contact:
//!
//! - `<recv>`: the server sends the stanza inside.
//! - `<sent>`: a stanza like the one inside has been sent. What the pattern says has
//!   to be there, in attributes, text and children; anything more may be.
//! - `<silent>`: nothing like it has been sent.
//! - `<shows with='JID'>text</shows>`: the newest message of the conversation;
//!   `delivery` and `unread` are checked where given.
//! - `<shows-nothing with='JID'/>`: there is no message.
//! - `<say to='JID'>text</say>`: the person writes.
//! - `<advance seconds='N'/>`: time goes by.
//!
//! `{id}` in a stanza stands for the id of the last stanza sent that matched a pattern.

use std::path::{Path, PathBuf};

use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use couplet_engine::store::Notes;
use jid::BareJid;
use minidom::Element;

use crate::scenario::Scenario;

#[test]
fn every_case_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let files = files(&root);
    assert!(
        files.len() >= 10,
        "only {} cases in {}",
        files.len(),
        root.display()
    );
    let failures: Vec<_> = files.iter().filter_map(|file| play(file).err()).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "xml") {
                files.push(file);
            }
        }
    }
    files.sort();
    files
}

fn play(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).unwrap();
    let case: Element = text
        .parse()
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut scenario = Scenario::signed_in();
    let mut id = String::new();
    for (number, step) in case.children().enumerate() {
        take(&mut scenario, &mut id, step).map_err(|problem| {
            format!(
                "{}: step {} <{}>: {problem}",
                file.display(),
                number + 1,
                step.name()
            )
        })?;
    }
    Ok(())
}

fn take(scenario: &mut Scenario, id: &mut String, step: &Element) -> Result<(), String> {
    match step.name() {
        "recv" => scenario.recv(&String::from(inside(step)?).replace("{id}", id)),
        "sent" => {
            let pattern = filled(inside(step)?, id);
            let Some(sent) = scenario.find(|sent| fits(sent, &pattern)) else {
                let sent: Vec<_> = scenario.sent.iter().map(String::from).collect();
                return Err(format!("not among {sent:#?}"));
            };
            *id = sent.attr("id").unwrap_or_default().to_owned();
        }
        "silent" => {
            let pattern = filled(inside(step)?, id);
            if let Some(sent) = scenario.find(|sent| fits(sent, &pattern)) {
                return Err(format!("but it was sent: {}", String::from(&sent)));
            }
        }
        "shows" | "shows-nothing" => shows(scenario, step)?,
        "say" => {
            let (to, body) = (with(step, "to")?, step.text());
            scenario.command(Command::Message(rfc6121_message::Command::Send {
                to,
                body,
                notes: Notes::default(),
            }));
        }
        "advance" => {
            let seconds = step
                .attr("seconds")
                .and_then(|seconds| seconds.parse().ok());
            scenario.advance(seconds.ok_or("no seconds")?);
        }
        unknown => return Err(format!("there is no step {unknown}")),
    }
    Ok(())
}

fn shows(scenario: &Scenario, step: &Element) -> Result<(), String> {
    let conversation = scenario.store.conversation(&with(step, "with")?);
    let last = conversation.and_then(|conversation| conversation.last());
    if step.name() == "shows-nothing" {
        return last.map_or(Ok(()), |message| {
            Err(format!("but there is {:?}", message.body))
        });
    }
    let (Some(conversation), Some(last)) = (conversation, last) else {
        return Err("there is no message".into());
    };
    expect("text", &step.text(), &last.body)?;
    if let Some(delivery) = step.attr("delivery") {
        let known = format!("{:?}", last.delivery);
        expect(
            "delivery",
            delivery,
            known.split('(').next().unwrap_or_default(),
        )?;
    }
    if let Some(unread) = step.attr("unread") {
        expect("unread", unread, &conversation.unread.to_string())?;
    }
    Ok(())
}

fn expect(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} instead of {expected:?}"))
    }
}

fn inside(step: &Element) -> Result<&Element, String> {
    step.children().next().ok_or_else(|| "empty".to_owned())
}

fn with(step: &Element, attribute: &str) -> Result<BareJid, String> {
    let jid = step
        .attr(attribute)
        .ok_or_else(|| format!("no {attribute}"))?;
    jid.parse().map_err(|error| format!("{jid}: {error}"))
}

fn filled(pattern: &Element, id: &str) -> Element {
    String::from(pattern).replace("{id}", id).parse().unwrap()
}

/// Whether everything that `pattern` says is there.
fn fits(element: &Element, pattern: &Element) -> bool {
    element.name() == pattern.name()
        && element.ns() == pattern.ns()
        && pattern.attrs().iter().all(|((namespace, name), value)| {
            element
                .attrs()
                .get(namespace, name)
                .is_some_and(|found| found == value)
        })
        && (pattern.text().trim().is_empty() || pattern.text().trim() == element.text().trim())
        && pattern
            .children()
            .all(|wanted| element.children().any(|child| fits(child, wanted)))
}
