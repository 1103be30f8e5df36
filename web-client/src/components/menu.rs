//! A button that opens a menu (ARIA's menu button pattern).

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node, NodeList};
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::{Kind, icon_button_of, word};
use crate::hooks::{use_change, use_model};
use crate::state::document;

/// One line of a menu.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) icon: Icon,
    pub(crate) label: AttrValue,
    /// For one of several choices: whether it is the present one.
    pub(crate) chosen: Option<bool>,
    /// Whether a line goes before it.
    pub(crate) separated: bool,
    pub(crate) onselect: Callback<()>,
}

/// One of the small choices at the top of a menu, which may all be made.
#[derive(Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) label: AttrValue,
    pub(crate) chosen: bool,
    pub(crate) onselect: Callback<()>,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// The name of the button, and of the menu.
    pub(crate) label: AttrValue,
    pub(crate) entries: Vec<Entry>,
    /// What stands before the entries, in one line.
    #[prop_or_default]
    pub(crate) choices: Vec<Choice>,
    /// Whether the Tab key passes the button by.
    #[prop_or_default]
    pub(crate) passed: bool,
}

/// Whether it is open.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    No,
    Down,
    /// Above the button, where there is more room.
    Up,
}

/// The button and, while it is open, the menu.
#[component]
pub(crate) fn Menu(props: &Props) -> Html {
    let open = use_model(|| Open::No);
    let frame = use_node_ref();
    let how = *open.read();
    let is_open = how != Open::No;
    {
        // The first entry gets the focus as the menu appears.
        let frame = frame.clone();
        use_change(
            word(is_open).to_owned(),
            Box::new(move || {
                if is_open {
                    focus(&frame, |_, _| 0);
                }
                None
            }),
        );
    }
    let toggle = {
        let (open, frame) = (open.clone(), frame.clone());
        Callback::from(move |_| {
            let next = if is_open { Open::No } else { roomier(&frame) };
            open.change(|open| *open = next);
        })
    };
    let close = {
        let (open, frame) = (open.clone(), frame.clone());
        Callback::from(move |()| {
            open.change(|open| *open = Open::No);
            let button = frame
                .cast::<Element>()
                .and_then(|frame| frame.query_selector("button").ok()?);
            take_focus(button.map(Into::into));
        })
    };
    let onkeydown = {
        let (frame, close) = (frame.clone(), close.clone());
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                _ if !is_open => return,
                "Escape" => close.emit(()),
                "ArrowDown" | "ArrowRight" => focus(&frame, |at, count| (at + 1) % count),
                "ArrowUp" | "ArrowLeft" => focus(&frame, |at, count| (at + count - 1) % count),
                "Home" => focus(&frame, |_, _| 0),
                "End" => focus(&frame, |_, count| count - 1),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    // Whatever takes the focus elsewhere closes the menu.
    let onfocusout = {
        let frame = frame.clone();
        Callback::from(move |event: FocusEvent| {
            let into: Option<Node> = event.related_target().map(JsCast::unchecked_into);
            if is_open
                && frame
                    .get()
                    .is_some_and(|frame| !frame.contains(into.as_ref()))
            {
                open.change(|open| *open = Open::No);
            }
        })
    };
    let kind = Kind {
        expanded: Some(is_open),
        menu: true,
        pressed: None,
        passed: props.passed,
    };
    html! {
        <div class="menu" ref={frame} {onkeydown} {onfocusout}>
            { icon_button_of(kind, Icon::More, props.label.clone(), toggle) }
            if is_open {
                <div
                    class={if how == Open::Up { "menu__list menu__list--up" } else { "menu__list" }}
                    role="menu"
                    aria-label={props.label.clone()}
                >
                    if !props.choices.is_empty() {
                        <div class="menu__choices" role="group">
                            { for props.choices.iter().map(|choice| small(choice, &close)) }
                        </div>
                    }
                    { for props.entries.iter().map(|entry| item(entry, &close)) }
                </div>
            }
        </div>
    }
}

/// Where there is more room for a menu.
fn roomier(frame: &NodeRef) -> Open {
    let top = frame
        .cast::<Element>()
        .map(|frame| frame.get_bounding_client_rect().top());
    let height = web_sys::window().and_then(|window| window.inner_height().ok()?.as_f64());
    match (top, height) {
        (Some(top), Some(height)) if top > height / 2.0 => Open::Up,
        _ => Open::Down,
    }
}

fn small(choice: &Choice, close: &Callback<()>) -> Html {
    let onclick = {
        let (close, onselect) = (close.clone(), choice.onselect.clone());
        Callback::from(move |_: MouseEvent| {
            close.emit(());
            onselect.emit(());
        })
    };
    html! {
        <button
            type="button"
            role="menuitemcheckbox"
            tabindex="-1"
            class="menu__choice"
            aria-checked={word(choice.chosen)}
            {onclick}
        >
            { &choice.label }
        </button>
    }
}

fn item(entry: &Entry, close: &Callback<()>) -> Html {
    let onclick = {
        let (close, onselect) = (close.clone(), entry.onselect.clone());
        // Closing comes first: it gives the focus back, which a dialog then takes over.
        Callback::from(move |_: MouseEvent| {
            close.emit(());
            onselect.emit(());
        })
    };
    let role = if entry.chosen.is_some() {
        "menuitemradio"
    } else {
        "menuitem"
    };
    html! {
        <>
            if entry.separated {
                <div class="menu__separator" role="separator"></div>
            }
            <button
                type="button"
                {role}
                tabindex="-1"
                class="menu__item"
                aria-checked={entry.chosen.map(word)}
                {onclick}
            >
                { icon(entry.icon) }
                <span class="menu__label">{ &entry.label }</span>
                if entry.chosen == Some(true) {
                    { icon(Icon::Check) }
                }
            </button>
        </>
    }
}

/// Moves the focus to the entry that `choose` gives from the present one and their number.
fn focus(frame: &NodeRef, choose: impl FnOnce(u32, u32) -> u32) {
    let items: Option<NodeList> = frame
        .cast::<Element>()
        .and_then(|frame| frame.query_selector_all("[role^=menuitem]").ok());
    let Some(items) = items.filter(|items| items.length() > 0) else {
        return;
    };
    let focused = document().and_then(|document| document.active_element());
    let at = (0..items.length())
        .find(|at| items.get(*at).as_ref() == focused.as_deref())
        .unwrap_or(0);
    take_focus(items.get(choose(at, items.length())));
}

fn take_focus(node: Option<Node>) {
    if let Some(element) = node.and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        // A button that is shown takes the focus.
        let _ = element.focus();
    }
}
