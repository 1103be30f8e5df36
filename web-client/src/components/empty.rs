//! What stands where there is nothing yet: says what to do next.

use yew::prelude::*;

use super::icon::mark;
use super::layer::{Layer, opening};
use crate::i18n::{t, t_with};
use crate::route::Route;
use crate::state::{Filter, State};
use crate::uri::Uri;

/// In place of an empty list.
pub(crate) fn list(state: &State, filter: Filter, query: &str) -> Html {
    let query = query.trim();
    if !query.is_empty() {
        return nobody_found(query);
    }
    match filter {
        _ if !state.store().roster_loaded() => html! {
            <div class="empty" role="status">
                <span class="spinner" aria-hidden="true"></span>
                <p class="empty__text">{ t("list.loading") }</p>
            </div>
        },
        Filter::Unread => html! {
            <div class="empty">
                <p class="empty__title">{ t("empty.unreadTitle") }</p>
                <p class="empty__text">{ t("empty.unreadText") }</p>
            </div>
        },
        Filter::Archived => html! {
            <div class="empty">
                <p class="empty__title">{ t("empty.archivedTitle") }</p>
                <p class="empty__text">{ t("empty.archivedText") }</p>
            </div>
        },
        Filter::Strangers => html! {
            <div class="empty">
                <p class="empty__title">{ t("empty.strangersTitle") }</p>
                <p class="empty__text">{ t("empty.strangersText") }</p>
            </div>
        },
        Filter::Rooms => html! {
            <div class="empty">
                <p class="empty__title">{ t("empty.roomsTitle") }</p>
                <p class="empty__text">{ t("empty.roomsText") }</p>
                <button
                    type="button"
                    class="button button--primary"
                    onclick={opening(state, Layer::JoinRoom(None))}
                >
                    { t("account.join") }
                </button>
                <button type="button" class="button" onclick={opening(state, Layer::FindRooms)}>
                    { t("account.findRooms") }
                </button>
                <button type="button" class="button" onclick={opening(state, Layer::NewRoom)}>
                    { t("account.newRoom") }
                </button>
            </div>
        },
        Filter::All | Filter::People | Filter::Anybody => html! {
            <div class="empty">
                <p class="empty__title">{ t("empty.listTitle") }</p>
                <p class="empty__text">{ t("empty.listText") }</p>
                <button
                    type="button"
                    class="button button--primary"
                    onclick={opening(state, Layer::AddContact(None))}
                >
                    { t("account.add") }
                </button>
            </div>
        },
    }
}

/// A query that is an address is somebody to write to.
fn nobody_found(query: &str) -> Html {
    let address = Uri::typed(query).map(|uri| uri.jid);
    html! {
        <div class="empty empty--search" role="status">
            <p class="empty__title">{ t_with("empty.searchTitle", &[("query", query)]) }</p>
            if let Some(jid) = address {
                <a class="button" href={Route::Chat(jid.clone()).href()}>
                    { t_with("empty.searchWrite", &[("address", jid.as_str())]) }
                </a>
            } else {
                <p class="empty__text">{ t("empty.searchText") }</p>
            }
        </div>
    }
}

/// In place of a conversation, when none is open.
pub(crate) fn no_conversation() -> Html {
    html! {
        <div class="empty empty--page">
            { mark() }
            <p class="empty__title">{ t("empty.conversationTitle") }</p>
            <p class="empty__text">{ t("empty.conversationText") }</p>
        </div>
    }
}
