//! One row of the list of conversations.

use std::rc::Rc;

use couplet_engine::store::{Conversation, Direction, Message, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::room::nick;
use super::{delivery, presence};
use crate::hooks::use_subjects;
use crate::i18n::{self, Clock, list_time, t, t_count};
use crate::route::Route;
use crate::state::State;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
    /// Whether it is open.
    pub(crate) current: bool,
    /// Whether the Tab key comes here.
    pub(crate) tab_stop: bool,
    /// From 1, among `count`.
    pub(crate) place: usize,
    pub(crate) count: usize,
    pub(crate) clock: Clock,
}

/// A link to the conversation.
#[component]
pub(crate) fn ConversationRow(props: &Props) -> Html {
    let Props { state, jid, .. } = props;
    let topics = [
        Topic::Roster,
        Topic::Presence(jid.clone()),
        Topic::Conversation(jid.clone()),
        Topic::Avatar(jid.clone()),
        Topic::Room(jid.clone()),
    ];
    use_subjects(state, topics.map(Into::into).into());

    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    let room = store.room(jid).is_some();
    let conversation = store.conversation(jid);
    let last = conversation.and_then(Conversation::last);
    let unread = conversation.map_or(0, |conversation| conversation.unread);
    html! {
        <li class="row" aria-posinset={props.place.to_string()} aria-setsize={props.count.to_string()}>
            <a
                class={if unread > 0 { "row__link row__link--unread" } else { "row__link" }}
                href={Route::Chat(jid.clone()).href()}
                aria-current={props.current.then_some("page")}
                tabindex={if props.tab_stop { "0" } else { "-1" }}
            >
                { avatar(state, jid, name, Size::Large, availability) }
                <span class="row__name"><bdi>{ name }</bdi></span>
                <span class="visually-hidden">
                    { if room { t("list.room") } else { presence::words(availability) } }
                </span>
                if let Some(last) = last {
                    <time class="row__time">{ list_time(last.at, props.clock) }</time>
                }
                <span class="row__preview" dir="auto">{ preview(props, conversation, last) }</span>
                { mark(unread, last) }
            </a>
        </li>
    }
}

/// What is going on there: typing, a draft (where one isn't writing it), else
/// the newest message; their presence as long as there is none.
fn preview(props: &Props, conversation: Option<&Conversation>, last: Option<&Rc<Message>>) -> Html {
    let Props { state, jid, .. } = props;
    if conversation.is_some_and(|conversation| conversation.typing) {
        return html! { <span class="row__typing">{ t("list.typing") }</span> };
    }
    let draft = props.state.draft(&props.jid);
    if !draft.is_empty() && !props.current {
        return html! {
            <>
                <span class="row__draft">{ t("list.draft") }</span>{ " " }{ one_line(&draft) }
            </>
        };
    }
    match last {
        Some(last) if last.is_retracted() => html! { <i>{ t("message.retracted") }</i> },
        Some(last) => match nick(last) {
            Some(nick) => html! {
                <><bdi class="row__sender">{ nick }</bdi>{ ": " }{ one_line(&last.body) }</>
            },
            None => html! { { one_line(&last.body) } },
        },
        None if state.store().room(jid).is_some() => html! { { jid.as_str() } },
        None => html! { { presence::line_or_address(&props.state.store(), &props.jid) } },
    }
}

/// At the end of the preview: how many are unread, else how far our own is.
fn mark(unread: u32, last: Option<&Rc<Message>>) -> Html {
    if unread > 0 {
        let words = t_count("list.unread", unread);
        return html! {
            <span class="badge" title={words.clone()}>
                <span aria-hidden="true">{ i18n::number(unread) }</span>
                <span class="visually-hidden">{ words }</span>
            </span>
        };
    }
    match last {
        Some(last) if last.direction == Direction::Outgoing => delivery::mark(last.progress()),
        _ => Html::default(),
    }
}

/// The beginning of `text` on one line: no more than a row can show.
fn one_line(text: &str) -> String {
    const MOST: usize = 120;
    let mut line = String::with_capacity(MOST);
    for word in text.split_whitespace() {
        if line.chars().count() > MOST {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(MOST));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_preview_is_one_short_line() {
        assert_eq!(one_line(" two\n\tlines  of text "), "two lines of text");
        assert_eq!(one_line(""), "");
        assert!(one_line(&"word ".repeat(1000)).len() < 130);
        assert!(one_line(&"林".repeat(1000)).chars().count() == 120);
    }
}
