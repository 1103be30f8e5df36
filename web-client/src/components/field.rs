//! A text field with its label, and what there is to say about it.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon_button::word;
use crate::state::document;

/// A text field to be shown. Its text is the DOM's own: a form reads it by its name.
#[derive(Default)]
pub(crate) struct Field {
    /// Unique on the page, and its name in the form.
    pub(crate) id: &'static str,
    pub(crate) label: AttrValue,
    /// What is typed isn't shown.
    pub(crate) secret: bool,
    pub(crate) placeholder: AttrValue,
    /// What the browser may fill in.
    pub(crate) autocomplete: Option<&'static str>,
    /// It takes an address: a phone then shows the keyboard for that.
    pub(crate) address: bool,
    pub(crate) autofocus: bool,
    pub(crate) readonly: bool,
    /// What is wrong with it.
    pub(crate) error: Option<AttrValue>,
    /// What is good to know, if nothing is wrong.
    pub(crate) hint: Option<AttrValue>,
    pub(crate) oninput: Callback<InputEvent>,
    pub(crate) onkeydown: Callback<KeyboardEvent>,
    /// The list of what is offered for it, if there can be one (ARIA's combobox pattern).
    pub(crate) list: Option<List>,
    /// A button inside the field, at its end.
    pub(crate) button: Html,
}

/// What is offered for what is typed into a field.
pub(crate) struct List {
    /// The list's id.
    pub(crate) id: &'static str,
    /// Whether anything is.
    pub(crate) shown: bool,
    /// The id of what would be taken.
    pub(crate) active: Option<String>,
}

impl Field {
    /// The field with its label and its note.
    pub(crate) fn html(self) -> Html {
        let note_id = [self.id, "-note"].concat();
        let wrong = self.error.is_some();
        let note = self.error.or(self.hint);
        let list = self.list.as_ref();
        html! {
            <div class={if wrong { "field field--wrong" } else { "field" }}>
                <label class="field__label" for={self.id}>{ self.label }</label>
                <div class="field__frame">
                    <input
                        id={self.id}
                        name={self.id}
                        class="field__input"
                        type={if self.secret { "password" } else { "text" }}
                        placeholder={self.placeholder}
                        autocomplete={self.autocomplete.unwrap_or("off")}
                        inputmode={self.address.then_some("email")}
                        autocapitalize="none"
                        spellcheck="false"
                        dir="auto"
                        autofocus={self.autofocus}
                        readonly={self.readonly}
                        aria-invalid={wrong.then_some("true")}
                        aria-describedby={note.is_some().then(|| note_id.clone())}
                        role={list.map(|_| "combobox")}
                        aria-autocomplete={list.map(|_| "list")}
                        aria-expanded={list.map(|list| word(list.shown))}
                        aria-controls={list.map(|list| list.id)}
                        aria-activedescendant={list.and_then(|list| list.active.clone())}
                        oninput={self.oninput}
                        onkeydown={self.onkeydown}
                    />
                    { self.button }
                </div>
                if let Some(note) = note {
                    <p class="field__note" id={note_id}>{ note }</p>
                }
            </div>
        }
    }
}

/// The field with this id, if it is on the page.
pub(crate) fn input(id: &str) -> Option<HtmlInputElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Puts the cursor into the field with this id.
pub(crate) fn focus(id: &str) {
    if let Some(input) = input(id) {
        // A field on the page takes the focus.
        let _ = input.focus();
    }
}
