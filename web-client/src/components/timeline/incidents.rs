//! That somebody was made to leave a room, or doesn't come into it, among the messages.

use couplet_engine::Timestamp;
use couplet_engine::foreign::tame;
use couplet_engine::store::{Incident, Removal, Store};
use jid::BareJid;
use yew::prelude::*;

use crate::i18n::{date_and_time, t_with};

/// Those between a message and the next; before the first one only where there is none.
pub(super) fn between(
    all: &[Incident],
    after: Option<Timestamp>,
    until: Option<Timestamp>,
) -> impl Iterator<Item = &Incident> {
    all.iter().filter(move |incident| {
        let behind = after.map_or(until.is_none(), |after| incident.at > after);
        behind && until.is_none_or(|until| incident.at <= until)
    })
}

/// One line about it.
pub(super) fn line(store: &Store, incident: &Incident) -> Html {
    let key = format!("incident {} {}", incident.at.0, incident.nick);
    html! {
        <p {key} class="timeline__incident" title={date_and_time(incident.at)} dir="auto">
            { words(store, incident) }
        </p>
    }
}

/// Who has gone or doesn't come, who has done it, and why.
fn words(store: &Store, incident: &Incident) -> AttrValue {
    let by = incident.by.as_deref().map(tame);
    let key = match (incident.removal, &by) {
        (Removal::Kicked, None) => "incident.kicked",
        (Removal::Kicked, Some(_)) => "incident.kickedBy",
        (Removal::Banned, None) => "incident.banned",
        (Removal::Banned, Some(_)) => "incident.bannedBy",
        (Removal::NotMember, _) => "incident.notMember",
        (Removal::Declined, _) => "incident.declined",
    };
    let address = match incident.removal {
        Removal::Declined => incident.nick.parse::<BareJid>().ok(),
        _ => None,
    };
    let name = match &address {
        Some(address) => store.name(address).into(),
        None => tame(&incident.nick),
    };
    let names = [("name", &*name), ("by", by.as_deref().unwrap_or_default())];
    let said = t_with(key, &names);
    match &incident.reason {
        Some(reason) => {
            let quote = t_with("room.quote", &[("text", reason)]);
            AttrValue::from([said.as_str(), " ", quote.as_str()].concat())
        }
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_between_two_messages_once() {
        let all: Vec<_> = [5, 10, 15]
            .map(|at| Incident {
                at: Timestamp(at),
                nick: String::new(),
                removal: Removal::Kicked,
                by: None,
                reason: None,
            })
            .into();
        let times = |after: Option<i64>, until: Option<i64>| -> Vec<i64> {
            let found = between(&all, after.map(Timestamp), until.map(Timestamp));
            found.map(|incident| incident.at.0).collect()
        };
        assert_eq!(
            times(None, Some(7)),
            [0_i64; 0],
            "what was before isn't here"
        );
        assert_eq!(times(Some(7), Some(10)), [10]);
        assert_eq!(times(Some(10), None), [15]);
        assert_eq!(times(None, None), [5, 10, 15]);
    }
}
