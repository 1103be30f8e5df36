//! What settings are chosen with.

use wasm_bindgen::JsCast;
use web_sys::{EventTarget, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::super::icon_button::word;
use crate::i18n::t;

/// One of a few, side by side: the values and what they are called.
pub(super) fn one_of(
    name: &'static str,
    legend: &'static str,
    choices: impl Iterator<Item = (&'static str, AttrValue)>,
    chosen: &str,
    choose: impl Fn(String) + 'static,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        if let Some(input) = target::<HtmlInputElement>(event.target()) {
            choose(input.value());
        }
    });
    let choices = choices.map(|(value, label)| {
        html! {
            <label class="segment" data-value={value} key={value}>
                <input type="radio" class="segment__input" {name} {value} checked={value == chosen} />
                <span>{ label }</span>
            </label>
        }
    });
    html! {
        <fieldset class="setting" {onchange}>
            <legend class="setting__label">{ t(legend) }</legend>
            <div class="segments" data-name={name}>{ for choices }</div>
        </fieldset>
    }
}

/// One of many.
pub(super) fn from_list(
    id: &'static str,
    label: &'static str,
    choices: impl Iterator<Item = (&'static str, AttrValue)>,
    chosen: &str,
    hint: &'static str,
    choose: impl Fn(String) + 'static,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        if let Some(select) = target::<HtmlSelectElement>(event.target()) {
            choose(select.value());
        }
    });
    let choices = choices.map(|(value, label)| {
        html! {
            <option {value} selected={value == chosen} lang={Some(value).filter(|tag| !tag.is_empty())}>
                { label }
            </option>
        }
    });
    let note = [id, "-note"].concat();
    html! {
        <div class="setting">
            <label class="setting__label" for={id}>{ t(label) }</label>
            <select {id} class="select" aria-describedby={note.clone()} {onchange}>{ for choices }</select>
            <p class="setting__hint" id={note}>{ t(hint) }</p>
        </div>
    }
}

/// Something that is so, or not.
pub(super) struct Switch {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: Option<AttrValue>,
    pub(super) on: bool,
    /// Nobody can change it here.
    pub(super) fixed: bool,
}

impl Switch {
    pub(super) fn html(self, set: impl Fn(bool) + 'static) -> Html {
        let note = [self.id, "-note"].concat();
        let onchange = Callback::from(move |event: Event| {
            if let Some(input) = target::<HtmlInputElement>(event.target()) {
                set(input.checked());
            }
        });
        html! {
            <div class="setting">
                <label class="switch" for={self.id}>
                    <span class="setting__label">{ t(self.label) }</span>
                    <input
                        id={self.id}
                        type="checkbox"
                        role="switch"
                        class="switch__input"
                        checked={self.on}
                        disabled={self.fixed}
                        aria-checked={word(self.on)}
                        aria-describedby={self.hint.is_some().then(|| note.clone())}
                        {onchange}
                    />
                </label>
                if let Some(hint) = self.hint {
                    <p class="setting__hint" id={note}>{ hint }</p>
                }
            </div>
        }
    }
}

fn target<T: JsCast>(target: Option<EventTarget>) -> Option<T> {
    target?.dyn_into().ok()
}
