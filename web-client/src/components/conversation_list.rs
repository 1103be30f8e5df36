//! The list of conversations: people we talk with and people we could talk with.

use jid::BareJid;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::conversation_row::ConversationRow;
use super::virtual_rows::VirtualRows;
use crate::i18n::t;
use crate::state::State;

/// The list, of which only the rows in view are in the document. It is one tab
/// stop; arrow keys go through it.
pub(crate) fn conversation_list(
    state: &State,
    order: &[BareJid],
    rows: &VirtualRows,
    current: Option<&BareJid>,
) -> Html {
    let range = rows.range(order.len());
    let shown = &order[range.clone()];
    let tab_stop = current
        .filter(|current| shown.contains(current))
        .or(shown.first());
    let items = shown.iter().zip(range.start + 1..).map(|(jid, place)| {
        html! {
            <ConversationRow
                key={jid.as_str()}
                state={state.clone()}
                jid={jid.clone()}
                current={current == Some(jid)}
                tab_stop={tab_stop == Some(jid)}
                {place}
                count={order.len()}
                clock={state.clock()}
            />
        }
    });
    html! {
        <>
            { rows.room(range.start) }
            <ul
                ref={rows.list()}
                class="conversations__list"
                aria-label={t("list.label")}
                onkeydown={Callback::from(move_focus)}
            >
                { for items }
            </ul>
            { rows.room(order.len() - range.end) }
        </>
    }
}

/// Up, down, Home and End go from row to row.
pub(super) fn move_focus(event: KeyboardEvent) {
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    let Some(row) = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|target| target.closest("li").ok()?)
    else {
        return;
    };
    let next = match event.key().as_str() {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        "Home" => row
            .parent_element()
            .and_then(|list| list.first_element_child()),
        "End" => row
            .parent_element()
            .and_then(|list| list.last_element_child()),
        _ => return,
    };
    event.prevent_default();
    let link = next.and_then(|next| next.query_selector("a").ok()?);
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
        // A link on the page takes the focus.
        let _ = link.focus();
    }
}
