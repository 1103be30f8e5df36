//! What others know of us: picture, name and card.

use couplet_engine::store::{Card, CardField, Topic};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::Field;
use super::layer::{Layer, opening};
use super::portrait::{Portrait, why};
use crate::hooks::{Model, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::state::{Pending, State, document};

const NICKNAME: &str = "profile-nickname";
const NOTE: &str = "profile-note";

/// The fields of our card by their ids, with what the browser may fill in.
const FIELDS: [(CardField, &str, &str); 10] = [
    (CardField::Name, "profile-name", "name"),
    (CardField::Organisation, "profile-org", "organization"),
    (CardField::Title, "profile-title", "organization-title"),
    (CardField::Birthday, "profile-birthday", "bday"),
    (CardField::City, "profile-city", "address-level2"),
    (CardField::Country, "profile-country", "country-name"),
    (CardField::Email, "profile-email", "email"),
    (CardField::Phone, "profile-phone", "tel"),
    (CardField::Website, "profile-website", "url"),
    (CardField::Note, NOTE, "off"),
];

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

#[derive(Default)]
struct Editing {
    /// What is on its way to the server.
    rest: Vec<Pending>,
    /// The card that the fields show, but for what has been typed.
    filled: Card,
    /// What was not taken.
    problem: Option<AttrValue>,
}

/// The dialog that shows and changes it.
#[component]
pub(crate) fn Profile(props: &Props) -> Html {
    let state = &props.state;
    let me = state.me();
    let topics = me.clone().map(Topic::Profile);
    use_subjects(state, topics.into_iter().map(Into::into).collect());
    let editing = use_model(Editing::default);
    {
        let (state, me) = (state.clone(), me.clone());
        use_mount(Box::new(move || {
            state.look_at(&me?);
            None
        }));
    }
    {
        let (state, me, editing) = (state.clone(), me.clone(), editing.clone());
        use_each_rendering(Box::new(move || {
            if let Some(me) = me {
                let card = state.store().profile(&me).map(|known| known.card.clone());
                fill(&editing, card.unwrap_or_default());
            }
        }));
    }
    let Some(me) = me else {
        return Html::default();
    };
    settle(state, &editing);
    let store = state.store();
    let nickname = store.profile(&me).and_then(|known| known.nickname.clone());
    let nickname = nickname.unwrap_or_default();
    let now = editing.read();
    let field = Field {
        id: NICKNAME,
        label: t("profile.nickname"),
        hint: Some(t("profile.nicknameHint")),
        ..Field::default()
    };
    let share = html! {
        <button
            type="button"
            class="button button--small button--quiet"
            onclick={opening(state, Layer::Share(me.clone()))}
        >
            { t("profile.share") }
        </button>
    };
    html! {
        <Dialog state={state.clone()} title={t("profile.title")} text={nickname.clone()}>
            <Portrait state={state.clone()} jid={me.clone()} buttons={share}>
                <form class="form" novalidate=true onsubmit={saving(state, &editing, &nickname)}>
                    { field.html() }
                    <fieldset class="profile__card">
                        <legend class="profile__legend">{ t("profile.card") }</legend>
                        <p class="form__text">{ t("profile.cardHint") }</p>
                        { for FIELDS.iter().map(card_field) }
                    </fieldset>
                    <p class="profile__news" role="status">
                        if let Some(problem) = &now.problem {
                            <span class="profile__problem">{ problem }</span>
                        } else if !now.rest.is_empty() {
                            { t("profile.saving") }
                        }
                    </p>
                    { form_buttons(state, t("dialog.save")) }
                </form>
            </Portrait>
        </Dialog>
    }
}

fn card_field((field, id, autocomplete): &(CardField, &'static str, &'static str)) -> Html {
    if *field == CardField::Note {
        return html! {
            <div class="field">
                <label class="field__label" for={NOTE}>{ t(label(*field)) }</label>
                <div class="field__frame">
                    <textarea id={NOTE} name={NOTE} class="field__input" rows="3" dir="auto" />
                </div>
            </div>
        };
    }
    let field = Field {
        id,
        label: t(label(*field)),
        autocomplete: Some(autocomplete),
        placeholder: match field {
            CardField::Birthday => t("card.birthdayExample"),
            _ => AttrValue::default(),
        },
        ..Field::default()
    };
    field.html()
}

/// What a field of a card is called.
pub(crate) fn label(field: CardField) -> &'static str {
    match field {
        CardField::Name => "card.name",
        CardField::Organisation => "card.organisation",
        CardField::Title => "card.title",
        CardField::Birthday => "card.birthday",
        CardField::City => "card.city",
        CardField::Country => "card.country",
        CardField::Email => "card.email",
        CardField::Phone => "card.phone",
        CardField::Website => "card.website",
        CardField::Note => "card.note",
    }
}

/// Puts what the server has into the fields in which nothing else has been typed.
fn fill(editing: &Model<Editing>, card: Card) {
    if editing.read().filled == card {
        return;
    }
    let before = editing.read().filled.clone();
    editing.note(|editing| editing.filled = card.clone());
    for (field, id, _) in FIELDS {
        let Some(element) = document().and_then(|document| document.get_element_by_id(id)) else {
            continue;
        };
        let key = JsValue::from("value");
        let shown = Reflect::get(&element, &key).ok();
        if shown.and_then(|shown| shown.as_string()).as_deref() == Some(before.first(field)) {
            // A field takes any text.
            let _ = Reflect::set(&element, &key, &card.first(field).into());
        }
    }
}

/// Takes notice of what the server has answered. When everything has been saved, the dialog
/// has done its work.
fn settle(state: &State, editing: &Model<Editing>) {
    let (complete, failed) = {
        let now = editing.read();
        let outcomes = now.rest.iter().filter_map(|pending| state.outcome(pending));
        let outcomes: Vec<_> = outcomes.collect();
        let complete = !outcomes.is_empty() && outcomes.len() == now.rest.len();
        (complete, outcomes.into_iter().find_map(Result::err))
    };
    if !complete {
        return;
    }
    let (state, editing) = (state.clone(), editing.clone());
    // Rendering changes nothing itself.
    spawn_local(async move {
        let problem = failed.as_ref().map(why);
        editing.change(|editing| {
            editing.rest.clear();
            editing.problem.clone_from(&problem);
        });
        if problem.is_none() {
            state.announce(&t("profile.saved"));
            state.close();
        }
    });
}

fn saving(state: &State, editing: &Model<Editing>, known: &str) -> Callback<SubmitEvent> {
    let (state, editing, known) = (state.clone(), editing.clone(), known.to_owned());
    submitting(move |form| {
        if !editing.read().rest.is_empty() {
            return;
        }
        let nickname = value(form, NICKNAME);
        let mut pending = Vec::new();
        if nickname != known {
            let nickname = Some(nickname).filter(|nickname| !nickname.is_empty());
            pending.push(state.set_nickname(nickname));
        }
        let filled = editing.read().filled.clone();
        let changed = FIELDS.iter().filter_map(|(field, id, _)| {
            // A form has its own way of ending lines.
            let text = value(form, id).replace("\r\n", "\n");
            (text != filled.first(*field)).then_some((*field, text))
        });
        let changed: Vec<_> = changed.collect();
        if !changed.is_empty() {
            pending.push(state.change_card(changed));
        }
        if pending.is_empty() {
            return state.close();
        }
        editing.change(|editing| {
            editing.problem = None;
            editing.rest = pending;
        });
    })
}
