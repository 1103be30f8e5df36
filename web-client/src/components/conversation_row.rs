//! One row of the list of conversations.

use std::rc::Rc;

use couplet_engine::foreign;
use couplet_engine::store::{Conversation, Direction, Message, Topic};
use jid::BareJid;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::icon::{Icon, icon};
use super::menu::Menu;
use super::message_text::{action, gist};
use super::room::nick;
use super::{conversation_menu, delivery, presence};
use crate::hooks::use_subjects;
use crate::i18n::{self, Clock, list_time, t, t_count, t_with};
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
    let wishes = state.wishes(jid);
    let mentions = conversation.map_or(0, Conversation::mentions);
    let to_read = unread > 0 || mentions > 0 || wishes.unread;
    html! {
        <li
            class="row"
            aria-posinset={props.place.to_string()}
            aria-setsize={props.count.to_string()}
            oncontextmenu={Callback::from(open_menu)}
        >
            <a
                class={if to_read { "row__link row__link--unread" } else { "row__link" }}
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
                { marks(state, jid, (unread, mentions), last) }
            </a>
            <Menu
                label={t_with("list.actions", &[("name", name)])}
                entries={conversation_menu::entries(state, jid)}
                passed={!props.tab_stop}
            />
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
        Some(last) if last.is_retracted() => html! { <i>{ gist(state, last) }</i> },
        Some(last) => match nick(last).filter(|_| action(last).is_none()) {
            Some(nick) => html! {
                <><bdi class="row__sender">{ nick }</bdi>{ ": " }{ gist(state, last) }</>
            },
            None => html! { { gist(state, last) } },
        },
        None if state.store().room(jid).is_some() => html! { { jid.as_str() } },
        None => html! { { presence::line_or_address(&props.state.store(), &props.jid) } },
    }
}

/// At the end of the preview: what is wanted with it, and how many are unread, else how far our
/// own is.
fn marks(
    state: &State,
    jid: &BareJid,
    (unread, mentions): (u32, u32),
    last: Option<&Rc<Message>>,
) -> Html {
    let wishes = state.wishes(jid);
    let muted = state.is_quiet(jid);
    let own = last.filter(|last| last.direction == Direction::Outgoing);
    let class = if muted { "badge badge--muted" } else { "badge" };
    html! {
        <span class="row__marks">
            if muted {
                { sign(Icon::BellOff, "list.muted") }
            }
            if wishes.pinned {
                { sign(Icon::Pin, "list.pinned") }
            }
            if mentions > 0 {
                <span {class} title={t_count("list.mentions", mentions)}>
                    <span aria-hidden="true">{ "@" }{ i18n::number(mentions) }</span>
                    <span class="visually-hidden">{ t_count("list.mentions", mentions) }</span>
                </span>
            }
            if unread > 0 {
                <span {class} title={t_count("list.unread", unread)}>
                    <span aria-hidden="true">{ i18n::number(unread) }</span>
                    <span class="visually-hidden">{ t_count("list.unread", unread) }</span>
                </span>
            } else if wishes.unread {
                <span {class} title={t("list.marked")}>
                    <span class="visually-hidden">{ t("list.marked") }</span>
                </span>
            } else if let Some(own) = own {
                { delivery::mark(own.progress()) }
            }
        </span>
    }
}

fn sign(shown: Icon, key: &'static str) -> Html {
    html! {
        <span class="row__sign" title={t(key)}>
            { icon(shown) }
            <span class="visually-hidden">{ t(key) }</span>
        </span>
    }
}

/// The menu of the row takes the place of the browser's.
fn open_menu(event: MouseEvent) {
    let row: Element = event.target_unchecked_into();
    let row = row.closest(".row").ok().flatten();
    // With the menu open, what lies under the pointer is an entry of it.
    let button = row.and_then(|row| row.query_selector(".menu > button").ok()?);
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        button.click();
    }
}

/// The beginning of `text` on one line: no more than a row can show.
pub(super) fn one_line(text: &str) -> String {
    const MOST: usize = 120;
    foreign::one_line(text, MOST).unwrap_or_default()
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
