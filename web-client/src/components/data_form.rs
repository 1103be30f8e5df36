//! A form that somebody wants filled in (XEP-0004), laid out as they want it (XEP-0141).

use couplet_engine::store::{Choice, Datatype, Field, Form, Kind, Part, Wrong};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::icon_button::word;
use crate::i18n::{t, t_with};
use crate::state::document;

/// What is in a field from now on.
type Set = Callback<(usize, Vec<String>)>;

/// All of a form that is seen; what is wrong with it only if that is to be `shown`.
pub(crate) fn data_form(form: &Form, shown: bool, set: &Set) -> Html {
    let text = |text: &str| html! { <p class="form__text data-form__text" dir="auto">{ text }</p> };
    let parts = form.parts.iter().map(|part| match part {
        Part::Heading(label, 0) => html! { <h3 class="data-form__heading">{ label }</h3> },
        Part::Heading(label, _) => html! { <h4 class="data-form__heading">{ label }</h4> },
        Part::Text(words) => text(words),
        Part::Field(place) => {
            let Some(known) = form.fields.get(*place) else {
                return Html::default();
            };
            let wrong = shown.then(|| known.wrong()).flatten();
            field(known, *place, wrong.as_ref(), set)
        }
    });
    html! {
        <>
            { for form.instructions.iter().map(|words| text(words)) }
            { for parts }
        </>
    }
}

/// Puts the cursor into the field at this place.
pub(crate) fn focus_field(place: usize) {
    let field = document().and_then(|document| document.get_element_by_id(&id(place)));
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        // What is on the page takes the focus.
        let _ = field.focus();
    }
}

fn id(place: usize) -> String {
    format!("form-field-{place}")
}

fn field(field: &Field, place: usize, wrong: Option<&Wrong>, set: &Set) -> Html {
    let id = id(place);
    let note_id = [&id, "-note"].concat();
    let lines = matches!(field.kind, Kind::JidMulti) || is_open_list(field);
    let said = wrong.map(words).or_else(|| {
        let described = field.description.as_deref();
        described
            .map(AttrValue::from)
            .or_else(|| lines.then(|| t("form.lines")))
    });
    let note = said.map(|said| {
        html! { <p class="field__note" id={note_id.clone()} dir="auto">{ said }</p> }
    });
    let described = note.is_some().then(|| note_id.clone());
    let control = Control {
        field,
        place,
        id: &id,
        described,
        wrong: wrong.is_some(),
        set,
    };
    let class = if wrong.is_some() {
        "field field--wrong"
    } else {
        "field"
    };
    match field.kind {
        Kind::Hidden => Html::default(),
        Kind::Fixed => html! {
            <div class="data-form__fixed" dir="auto">
                if let Some(label) = &field.label {
                    <p class="field__label">{ label }</p>
                }
                { for field.values.iter().map(|line| html! { <p class="form__text">{ line }</p> }) }
            </div>
        },
        Kind::Boolean => html! {
            <div {class}>
                { control.switch() }
                { note.unwrap_or_default() }
            </div>
        },
        Kind::ListMulti if !field.rule.open => html! {
            <fieldset class={[class, " data-form__choices"].concat()} aria-describedby={control.described.clone()}>
                <legend class="field__label">{ label(field) }</legend>
                { control.boxes() }
                { note.unwrap_or_default() }
            </fieldset>
        },
        _ => html! {
            <div {class}>
                <label class="field__label" for={id.clone()} dir="auto">{ label(field) }</label>
                { control.html() }
                { note.unwrap_or_default() }
            </div>
        },
    }
}

/// What has to be filled in has a star.
fn label(field: &Field) -> Html {
    html! {
        <>
            { field.name() }
            if field.required {
                <span class="data-form__required" aria-hidden="true">{ " *" }</span>
            }
        </>
    }
}

fn is_open_list(field: &Field) -> bool {
    field.kind == Kind::ListMulti && field.rule.open
}

/// What a field is filled in with.
struct Control<'a> {
    field: &'a Field,
    place: usize,
    id: &'a str,
    described: Option<String>,
    wrong: bool,
    set: &'a Set,
}

impl Control<'_> {
    fn html(self) -> Html {
        match self.field.kind {
            Kind::ListSingle if !self.field.rule.open => self.select(),
            Kind::TextMulti | Kind::JidMulti | Kind::ListMulti => self.lines(),
            _ => self.line(),
        }
    }

    /// Sets what an element has, as `values` reads it.
    fn setting<T: JsCast, E: AsRef<Event> + 'static>(
        &self,
        values: impl Fn(&T) -> Vec<String> + 'static,
    ) -> Callback<E> {
        let (set, place) = (self.set.clone(), self.place);
        Callback::from(move |event: E| {
            let target = event.as_ref().target();
            if let Some(element) = target.and_then(|target| target.dyn_into::<T>().ok()) {
                set.emit((place, values(&element)));
            }
        })
    }

    fn switch(&self) -> Html {
        let on = self.field.is_on();
        let onchange = self.setting::<HtmlInputElement, Event>(|input| {
            vec![if input.checked() { "1" } else { "0" }.to_owned()]
        });
        html! {
            <label class="switch" for={self.id.to_owned()}>
                <span dir="auto">{ self.field.name() }</span>
                <input
                    id={self.id.to_owned()}
                    type="checkbox"
                    role="switch"
                    class="switch__input"
                    checked={on}
                    aria-checked={word(on)}
                    aria-describedby={self.described.clone()}
                    {onchange}
                />
            </label>
        }
    }

    fn boxes(&self) -> Html {
        let boxes = self
            .field
            .choices
            .iter()
            .enumerate()
            .map(|(number, choice)| {
                let checked = self.field.values.contains(&choice.value);
                let (before, value) = (self.field.values.clone(), choice.value.clone());
                let onchange = self.setting::<HtmlInputElement, Event>(move |input| {
                    let mut values = before.clone();
                    values.retain(|known| *known != value);
                    if input.checked() {
                        values.push(value.clone());
                    }
                    values
                });
                html! {
                    <label class="choice">
                        <input
                            id={(number == 0).then(|| self.id.to_owned())}
                            type="checkbox"
                            class="choice__input"
                            {checked}
                            {onchange}
                        />
                        <span dir="auto">{ &choice.label }</span>
                    </label>
                }
            });
        html! { <div class="choices">{ for boxes }</div> }
    }

    fn select(&self) -> Html {
        let present = self.field.first();
        let offered = self
            .field
            .choices
            .iter()
            .any(|choice| choice.value == present);
        let onchange = self.setting::<HtmlSelectElement, Event>(|select| vec![select.value()]);
        let option = |choice: &Choice| {
            html! {
                <option value={choice.value.clone()} selected={choice.value == present}>
                    { &choice.label }
                </option>
            }
        };
        html! {
            <select
                id={self.id.to_owned()}
                class="select"
                aria-required={self.required()}
                aria-invalid={self.invalid()}
                aria-describedby={self.described.clone()}
                {onchange}
            >
                if !offered {
                    <option value="" selected=true>{ t("form.none") }</option>
                }
                { for self.field.choices.iter().map(option) }
            </select>
        }
    }

    fn lines(&self) -> Html {
        let oninput = self.setting::<HtmlTextAreaElement, InputEvent>(|area| {
            area.value().split('\n').map(str::to_owned).collect()
        });
        html! {
            <div class="field__frame">
                <textarea
                    id={self.id.to_owned()}
                    class="field__input"
                    rows="3"
                    dir="auto"
                    spellcheck={word(self.field.kind == Kind::TextMulti)}
                    value={self.field.values.join("\n")}
                    aria-required={self.required()}
                    aria-invalid={self.invalid()}
                    aria-describedby={self.described.clone()}
                    {oninput}
                />
            </div>
        }
    }

    fn line(&self) -> Html {
        let secret = self.field.kind == Kind::TextPrivate;
        let keyboard = match (self.field.kind, self.field.rule.datatype) {
            (Kind::JidSingle, _) => Some("email"),
            (_, Datatype::Integer) => Some("numeric"),
            (_, Datatype::Number) => Some("decimal"),
            _ => None,
        };
        let list = (!self.field.choices.is_empty()).then(|| [self.id, "-list"].concat());
        let oninput = self.setting::<HtmlInputElement, InputEvent>(|input| vec![input.value()]);
        let option = |choice: &Choice| {
            html! { <option value={choice.value.clone()}>{ &choice.label }</option> }
        };
        html! {
            <div class="field__frame">
                <input
                    id={self.id.to_owned()}
                    class="field__input"
                    type={if secret { "password" } else { "text" }}
                    autocomplete={if secret { "new-password" } else { "off" }}
                    autocapitalize="none"
                    dir="auto"
                    inputmode={keyboard}
                    value={self.field.first().to_owned()}
                    list={list.clone()}
                    aria-required={self.required()}
                    aria-invalid={self.invalid()}
                    aria-describedby={self.described.clone()}
                    {oninput}
                />
                if list.is_some() {
                    <datalist id={list}>{ for self.field.choices.iter().map(option) }</datalist>
                }
            </div>
        }
    }

    fn required(&self) -> Option<&'static str> {
        self.field.required.then_some("true")
    }

    fn invalid(&self) -> Option<&'static str> {
        self.wrong.then_some("true")
    }
}

/// What is wrong with a field, and what to do.
fn words(wrong: &Wrong) -> AttrValue {
    let count = |key, count: &u32| t_with(key, &[("count", &count.to_string())]);
    match wrong {
        Wrong::Missing => t("form.missing"),
        Wrong::NoAddress(address) => t_with("form.noAddress", &[("address", address)]),
        Wrong::NoNumber => t("form.noNumber"),
        Wrong::NoInteger => t("form.noInteger"),
        Wrong::NoTime => t("form.noTime"),
        Wrong::Less(bound) => t_with("form.less", &[("bound", bound)]),
        Wrong::More(bound) => t_with("form.more", &[("bound", bound)]),
        Wrong::Few(least) => count("form.few", least),
        Wrong::Many(most) => count("form.many", most),
        Wrong::NotOffered => t("form.notOffered"),
    }
}
