//! Whom a directory has found.

use std::cmp::Reverse;

use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

use super::{FAMILY, GIVEN, LONGEST, SEARCH};
use crate::foreign::one_line;
use crate::iq::{NoResult, Response};
use crate::store::{NotFound, Person};
use crate::xml::child_text;

/// What people are called, by a field; else both names, else the nickname.
const FULL_NAMES: [&str; 2] = ["fn", "name"];
/// What tells people of one name apart.
const DETAILS: [&str; 4] = ["nick", "orgname", "locality", "email"];

/// So many people are shown, and so many of one answer looked at.
const MOST_PEOPLE: usize = 30;
const MOST_OF_ANSWER: usize = 100;
/// So many details of somebody are shown.
const MOST_DETAILS: usize = 2;
/// The longest reason why nobody was, in characters.
const LONGEST_REASON: usize = 300;

/// Everybody but `me` whom any answer names, once, those first who go with all words of `text`.
pub(super) fn all(
    answers: impl Iterator<Item = Result<Vec<Person>, NotFound>>,
    text: &str,
    me: Option<&BareJid>,
) -> Result<Vec<Person>, NotFound> {
    let mut found: Vec<Person> = Vec::new();
    let mut failure = None;
    for answer in answers {
        match answer {
            Ok(people) => {
                for person in people {
                    let known = found.iter().any(|known| known.jid == person.jid);
                    if !known && me != Some(&person.jid) {
                        found.push(person);
                    }
                }
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match failure {
        Some(failure) if found.is_empty() => return Err(failure),
        _ => {}
    }
    let text = text.to_lowercase();
    found.sort_by_cached_key(|person| {
        let said = [
            &person.name,
            " ",
            person.jid.as_str(),
            " ",
            &person.details.join(" "),
        ];
        let said = said.concat().to_lowercase();
        Reverse(
            text.split_whitespace()
                .filter(|word| said.contains(word))
                .count(),
        )
    });
    found.truncate(MOST_PEOPLE);
    Ok(found)
}

/// Those whom an answer names.
pub(super) fn people(response: Response) -> Result<Vec<Person>, NotFound> {
    let refused = |condition: &str| NotFound::Refused {
        condition: condition.to_owned(),
        text: None,
    };
    let query = match response {
        Ok(query) => query.filter(|query| query.is("query", SEARCH)),
        Err(NoResult::Lost) => return Err(NotFound::Offline),
        Err(NoResult::Timeout) => return Err(refused("remote-server-timeout")),
        Err(NoResult::Error(error)) => {
            let text = error.text.and_then(|text| one_line(&text, LONGEST_REASON));
            return Err(NotFound::Refused {
                condition: error.condition,
                text,
            });
        }
    };
    let query = query.ok_or_else(|| refused("undefined-condition"))?;
    let form = query.get_child("x", ns::DATA_FORMS);
    let answer = form.unwrap_or(&query);
    let items = answer.children();
    let items = items.filter(|item| item.is("item", answer.ns().as_str()));
    let items = items.take(MOST_OF_ANSWER);
    let people = items.filter_map(|item| match form {
        Some(_) => person(&|name| value(item, name)),
        None => person(&|name| match name {
            "jid" => item.attr("jid").map(str::to_owned),
            name => child_text(item, name),
        }),
    });
    Ok(people.collect())
}

/// What an item of a data form has in a field. Openfire writes some with a capital letter.
fn value(item: &Element, name: &str) -> Option<String> {
    let mut fields = item.children();
    let field = fields.find(|field| {
        field
            .attr("var")
            .is_some_and(|var| var.eq_ignore_ascii_case(name))
    })?;
    child_text(field, "value")
}

/// Somebody of whom `said` tells what is in a field.
fn person(said: &dyn Fn(&str) -> Option<String>) -> Option<Person> {
    let jid = BareJid::new(&said("jid")?).ok()?;
    let local = jid.node()?.as_str().to_owned();
    let said = |name: &str| one_line(&said(name)?, LONGEST);
    let both = || {
        let both: Vec<_> = [GIVEN, FAMILY].into_iter().filter_map(said).collect();
        (!both.is_empty()).then(|| both.join(" "))
    };
    let full = FULL_NAMES.into_iter().find_map(said);
    let name = full.or_else(both).or_else(|| said("nick")).unwrap_or(local);
    let details = DETAILS.into_iter().filter_map(said);
    let details = details.filter(|detail| *detail != name && detail != jid.as_str());
    let details = details.take(MOST_DETAILS).collect();
    Some(Person { jid, name, details })
}
