//! Who came into a room and who left it, among the messages: a line for all between two.

use couplet_engine::Timestamp;
use couplet_engine::foreign::short;
use couplet_engine::store::Passage;
use yew::prelude::*;

use crate::components::room::LONGEST_NAME;
use crate::i18n::{t_count, t_with};

/// So many are named, of more only the first two.
const NAMED: usize = 3;

/// One line about those between a message and the next, if anything is otherwise then;
/// before the first message only where there is none.
pub(super) fn line(
    all: &[Passage],
    after: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Option<Html> {
    let (first, words) = {
        let (first, came, went) = between(all, after, until)?;
        let told = |key, nicks: &[&str]| {
            (!nicks.is_empty()).then(|| t_with(key, &[("names", &names(nicks))]))
        };
        let told = [told("passage.came", &came), told("passage.went", &went)];
        let told: Vec<_> = told.into_iter().flatten().collect();
        (first, told.join(" · "))
    };
    Some(html! {
        <p key={format!("passage {}", first.0)} class="timeline__incident" dir="auto">{ words }</p>
    })
}

/// When the first of them passed, who has come, and who has gone. Whoever has gone again is
/// where they were.
fn between(
    all: &[Passage],
    after: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Option<(Timestamp, Vec<&str>, Vec<&str>)> {
    let mut first = None;
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for passage in all.iter().filter(|passage| {
        let behind = after.map_or(until.is_none(), |after| passage.at > after);
        behind && until.is_none_or(|until| passage.at <= until)
    }) {
        first = first.or(Some(passage.at));
        let (to, from) = match passage.came {
            true => (&mut came, &mut went),
            false => (&mut went, &mut came),
        };
        let nick = passage.nick.as_str();
        match from.iter().position(|known| *known == nick) {
            Some(place) => drop(from.remove(place)),
            None => to.push(nick),
        }
    }
    let anybody = !came.is_empty() || !went.is_empty();
    first.filter(|_| anybody).map(|first| (first, came, went))
}

/// Some of them, in words.
pub(super) fn names(nicks: &[&str]) -> String {
    let named = if nicks.len() > NAMED { 2 } else { NAMED };
    let shown: Vec<_> = nicks
        .iter()
        .take(named)
        .map(|nick| short(nick, LONGEST_NAME))
        .collect();
    let shown = shown.join(", ");
    match nicks.len().saturating_sub(named) {
        0 => shown,
        others => {
            let others = t_count("passage.others", u32::try_from(others).unwrap_or(u32::MAX));
            t_with("passage.and", &[("names", &shown), ("others", &others)]).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Passage> {
        [
            (5, "bob", true),
            (6, "carol", false),
            (7, "bob", false),
            (15, "bob", true),
        ]
        .map(|(at, nick, came)| Passage {
            at: Timestamp(at),
            nick: nick.to_owned(),
            came,
        })
        .into()
    }

    #[test]
    fn who_only_passed_through_is_not_told_of() {
        let all = all();
        let of =
            |after: i64, until: i64| between(&all, Some(Timestamp(after)), Some(Timestamp(until)));
        assert_eq!(of(0, 10), Some((Timestamp(5), vec![], vec!["carol"])));
        assert_eq!(of(4, 5), Some((Timestamp(5), vec!["bob"], vec![])));
        assert_eq!(of(6, 15), None, "he is back");
        assert_eq!(of(15, 20), None);
    }

    #[test]
    fn before_the_first_message_nothing_is_known() {
        assert_eq!(between(&all(), None, Some(Timestamp(10))), None);
        let (first, came, went) = (Timestamp(5), vec!["bob"], vec!["carol"]);
        assert_eq!(between(&all(), None, None), Some((first, came, went)));
    }
}
