//! What one of many says in a room faster than it is read: its beginning, and a line for the rest.

use std::rc::Rc;

use couplet_engine::store::{Direction, Message, MessageId, Scope};
use web_sys::Element;
use yew::prelude::*;

use crate::components::icon_button::word;
use crate::i18n::t_count;

/// So many in a row are shown, and of more the first ones.
const MOST: usize = 20;
const BEGINNING: usize = 5;
/// Milliseconds between two of them, at most.
const PACE: i64 = 2_000;

/// What is folded, or would be.
#[derive(Debug, PartialEq)]
pub(super) struct Flood {
    /// The last message before it.
    pub(super) behind: MessageId,
    /// By which it is opened, or has been.
    pub(super) key: MessageId,
    count: u32,
    is_open: bool,
}

/// What is shown of `messages`, and where the rest would be. Nothing goes on across one that
/// `stands`, and whatever is in `open` is shown.
pub(super) fn fold(
    messages: Vec<&Rc<Message>>,
    stands: impl Fn(&Message) -> bool,
    open: &[MessageId],
) -> (Vec<Rc<Message>>, Vec<Rc<Flood>>) {
    let (mut shown, mut floods) = (Vec::with_capacity(messages.len()), Vec::new());
    let mut rest = messages.as_slice();
    while !rest.is_empty() {
        let (run, others) = rest.split_at(length(rest, &stands));
        rest = others;
        if run.len() <= MOST {
            shown.extend(run.iter().copied().cloned());
            continue;
        }
        let (beginning, folded) = run.split_at(BEGINNING);
        let mut ids = folded.iter().map(|message| &message.id);
        let opened = ids.find(|id| open.contains(id));
        floods.push(Rc::new(Flood {
            behind: beginning[BEGINNING - 1].id.clone(),
            key: opened.unwrap_or(&folded[0].id).clone(),
            count: folded.len() as u32,
            is_open: opened.is_some(),
        }));
        let left = if opened.is_some() { run } else { beginning };
        shown.extend(left.iter().copied().cloned());
    }
    (shown, floods)
}

/// How many of the first ones are of one writer, at such a pace.
fn length(messages: &[&Rc<Message>], stands: impl Fn(&Message) -> bool) -> usize {
    let follows = |pair: &&[&Rc<Message>]| {
        let (one, next) = (pair[0], pair[1]);
        next.direction == Direction::Incoming
            && next.scope == Scope::Room
            && next.at.0 - one.at.0 <= PACE
            && one.is_by_writer_of(next)
            && !stands(one)
            && !stands(next)
    };
    1 + messages.windows(2).take_while(follows).count()
}

impl Flood {
    /// In words. Whoever clicks sees what is folded, or no longer.
    pub(super) fn line(self: &Rc<Self>, toggle: &Callback<(Element, Rc<Self>)>) -> Html {
        let words = if self.is_open {
            "flood.hide"
        } else {
            "flood.show"
        };
        let onclick = {
            let (toggle, flood) = (toggle.clone(), self.clone());
            Callback::from(move |event: MouseEvent| {
                if let Some(button) = event.target_dyn_into() {
                    toggle.emit((button, flood.clone()));
                }
            })
        };
        html! {
            <p key={format!("flood {}", self.behind.0)} class="timeline__incident">
                <button
                    type="button"
                    class="message__act"
                    aria-expanded={word(self.is_open)}
                    {onclick}
                >
                    { t_count(words, self.count) }
                </button>
            </p>
        }
    }
}

#[cfg(test)]
mod tests {
    use couplet_engine::Timestamp;

    use super::*;
    use crate::components::timeline::tests::message;

    fn said(nick: &str, at: i64) -> Rc<Message> {
        let room = "tea@rooms.example".parse().unwrap();
        Rc::new(Message {
            from: format!("tea@rooms.example/{nick}").parse().unwrap(),
            conversation: room,
            scope: Scope::Room,
            at: Timestamp(at),
            ..message(at)
        })
    }

    fn flood(count: i64) -> Vec<Rc<Message>> {
        (0..count).map(|at| said("mallory", at)).collect()
    }

    fn shown(messages: &[Rc<Message>], open: &[MessageId]) -> (usize, Vec<u32>) {
        let (shown, floods) = fold(messages.iter().collect(), |_| false, open);
        (
            shown.len(),
            floods.iter().map(|flood| flood.count).collect(),
        )
    }

    #[test]
    fn more_than_anybody_reads_is_folded_and_comes_back() {
        assert_eq!(shown(&flood(20), &[]), (20, vec![]));
        let all = flood(3_000);
        assert_eq!(shown(&all, &[]), (5, vec![2_995]));
        assert_eq!(shown(&all, &[all[7].id.clone()]), (3_000, vec![2_995]));
        assert_eq!(shown(&all, &[all[4].id.clone()]), (5, vec![2_995]));
        assert_eq!(shown(&[], &[]), (0, vec![]));
    }

    #[test]
    fn nobody_else_is_folded() {
        let mut all = flood(30);
        all[24] = said("alice", 24);
        assert_eq!(shown(&all, &[]), (5 + 1 + 5, vec![19]));
        let slow: Vec<_> = (0..30).map(|at| said("bob", at * (PACE + 1))).collect();
        assert_eq!(shown(&slow, &[]).0, 30);
        let ours = flood(30).into_iter().map(|message| {
            let direction = Direction::Outgoing;
            Rc::new(Message {
                direction,
                ..Message::clone(&message)
            })
        });
        assert_eq!(shown(&ours.collect::<Vec<_>>(), &[]).0, 30);
        let person = (0..30).map(|at| Rc::new(message(at)));
        assert_eq!(shown(&person.collect::<Vec<_>>(), &[]).0, 30);
    }

    #[test]
    fn what_stands_is_shown() {
        let all = flood(60);
        let (shown, floods) = fold(
            all.iter().collect(),
            |message| message.id == all[30].id,
            &[],
        );
        let at: Vec<_> = shown.iter().map(|message| message.at.0).collect();
        assert_eq!(at, [0, 1, 2, 3, 4, 30, 31, 32, 33, 34, 35]);
        assert_eq!(floods.len(), 2);
    }
}
