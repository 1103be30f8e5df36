//! A modal dialog: keeps the focus inside, gives it back, closes with Esc.

use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement};
use yew::prelude::*;

use super::icon::Icon;
use super::icon_button::icon_button;
use crate::hooks::use_mount;
use crate::i18n::t;
use crate::state::{State, document};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) title: AttrValue,
    /// A class besides `dialog`.
    #[prop_or_default]
    pub(crate) class: &'static str,
    /// The text that the first field begins with.
    #[prop_or_default]
    pub(crate) text: AttrValue,
    pub(crate) children: Html,
}

/// The browser's own modal dialog. The control with `autofocus` gets the focus.
#[component]
pub(crate) fn Dialog(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let (node, text) = (node.clone(), props.text.clone());
        use_mount(Box::new(move || {
            let opener = focused();
            let dialog = node.cast::<HtmlDialogElement>()?;
            if let Ok(Some(field)) = dialog.query_selector("input[type=text]") {
                field.unchecked_into::<HtmlInputElement>().set_value(&text);
            }
            // Fails only for a dialog that is open already or in no document.
            let _ = dialog.show_modal();
            Some(Box::new(move || {
                dialog.close();
                if let Some(opener) = opener {
                    // What has gone from the page can't be focused, and needn't be.
                    let _ = opener.focus();
                }
            }))
        }));
    }
    let state = props.state.clone();
    let onmousedown = {
        let (node, state) = (node.clone(), state.clone());
        Callback::from(move |event: MouseEvent| {
            // The backdrop belongs to the dialog; its content covers the rest of it.
            let target = event.target().map(|target| target.unchecked_into());
            if target.is_some() && target == node.get() {
                state.close();
            }
        })
    };
    let onclose = {
        let state = state.clone();
        Callback::from(move |_: Event| state.close())
    };
    html! {
        <dialog
            ref={node}
            class={["dialog ", props.class].concat()}
            aria-labelledby="dialog-title"
            {onclose}
            {onmousedown}
        >
            <div class="dialog__box">
                <header class="dialog__header">
                    <h2 id="dialog-title" class="dialog__title">{ &props.title }</h2>
                    { icon_button(Icon::Close, t("dialog.close"), closing(&state)) }
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}

/// A callback that closes the dialog.
fn closing(state: &State) -> Callback<MouseEvent> {
    let state = state.clone();
    Callback::from(move |_| state.close())
}

/// The buttons below a form: one that closes the dialog, one that sends the form.
pub(crate) fn form_buttons(state: &State, submit: AttrValue) -> Html {
    html! {
        <div class="form__buttons">
            <button type="button" class="button" onclick={closing(state)}>{ t("dialog.cancel") }</button>
            <button type="submit" class="button button--primary">{ submit }</button>
        </div>
    }
}

/// A callback for a form that stays on the page and is read with [`value`].
pub(crate) fn submitting(handle: impl Fn(&FormData) + 'static) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let form: Option<HtmlFormElement> = event.target().and_then(|form| form.dyn_into().ok());
        if let Some(data) = form.and_then(|form| FormData::new_with_form(&form).ok()) {
            handle(&data);
        }
    })
}

/// The value of the field `name`, without the white space around it.
pub(crate) fn value(form: &FormData, name: &str) -> String {
    form.get(name)
        .as_string()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn focused() -> Option<HtmlElement> {
    document()?.active_element()?.dyn_into().ok()
}
