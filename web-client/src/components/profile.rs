//! What others know of us: picture, name and card.

use couplet_engine::store::{Card, CardField, NotSaved, Topic};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, ImageBitmap};
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::crop::Crop;
use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::Field;
use super::file_picker::pick_picture;
use super::layer::{Layer, opening};
use super::trouble::with_quote;
use crate::files::{Cut, cut_out, open_picture};
use crate::hooks::{Model, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_with};
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
    /// The picture of which a part is being chosen.
    crop: Option<ImageBitmap>,
    /// The picture on its way to the server.
    picture: Option<Pending>,
    /// Everything else on its way there.
    rest: Vec<Pending>,
    /// The card that the fields show, but for what has been typed.
    filled: Card,
    /// What can't be opened, or was not taken.
    problem: Option<AttrValue>,
}

/// The dialog that shows and changes it.
#[component]
pub(crate) fn Profile(props: &Props) -> Html {
    let state = &props.state;
    let me = state.me();
    let topics = me.iter().flat_map(|me| {
        let topics = [Topic::Profile(me.clone()), Topic::Avatar(me.clone())];
        topics.map(Into::into)
    });
    use_subjects(state, topics.collect());
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
    let name = store.name(&me);
    let nickname = store.profile(&me).and_then(|known| known.nickname.clone());
    let nickname = nickname.unwrap_or_default();
    let now = editing.read();
    let crop = now.crop.as_ref().map(|picture| {
        let oncancel = {
            let editing = editing.clone();
            Callback::from(move |_| editing.change(|editing| editing.crop = None))
        };
        let onchoose = choosing(state, &editing, picture);
        html! { <Crop picture={picture.clone()} {onchoose} {oncancel} /> }
    });
    let busy = now.picture.is_some() || !now.rest.is_empty();
    let field = Field {
        id: NICKNAME,
        label: t("profile.nickname"),
        hint: Some(t("profile.nicknameHint")),
        ..Field::default()
    };
    // What has been typed stays while a picture is being cut.
    let form = html! {
        <div hidden={crop.is_some()}>
            <div class="profile__picture">
                { avatar(state, &me, name, Size::Huge, None) }
                <div class="profile__buttons">
                    <button type="button" class="button button--small" onclick={picking(&editing)}>
                        { t("profile.choose") }
                    </button>
                    if store.avatar(&me).is_some() {
                        <button
                            type="button"
                            class="button button--small button--quiet"
                            onclick={removing(state, &editing)}
                        >
                            { t("profile.remove") }
                        </button>
                    }
                    <button
                        type="button"
                        class="button button--small button--quiet"
                        onclick={opening(state, Layer::Share(me.clone()))}
                    >
                        { t("profile.share") }
                    </button>
                </div>
            </div>
            <p class="profile__news" role="status">
                if let Some(problem) = &now.problem {
                    <span class="profile__problem">{ problem }</span>
                } else if busy {
                    { t("profile.saving") }
                }
            </p>
            <form class="form" novalidate=true onsubmit={saving(state, &editing, &nickname)}>
                { field.html() }
                <fieldset class="profile__card">
                    <legend class="profile__legend">{ t("profile.card") }</legend>
                    <p class="form__text">{ t("profile.cardHint") }</p>
                    { for FIELDS.iter().map(card_field) }
                </fieldset>
                { form_buttons(state, t("dialog.save")) }
            </form>
        </div>
    };
    html! {
        <Dialog state={state.clone()} title={t("profile.title")} text={nickname}>
            { form }
            { crop.unwrap_or_default() }
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
    let outcome = |pending: &Pending| state.outcome(pending);
    let (picture, rest, failed) = {
        let now = editing.read();
        let picture = now.picture.as_ref().and_then(outcome);
        let rest: Vec<_> = now.rest.iter().filter_map(outcome).collect();
        let complete = !rest.is_empty() && rest.len() == now.rest.len();
        let failed = rest.into_iter().find_map(Result::err);
        (picture, complete, failed)
    };
    if picture.is_none() && !rest {
        return;
    }
    let (state, editing) = (state.clone(), editing.clone());
    // Rendering changes nothing itself.
    spawn_local(async move {
        let mut problem = None;
        if let Some(outcome) = picture {
            match outcome {
                Ok(()) => state.announce(&t("profile.pictureSaved")),
                Err(reason) => problem = Some(why(&reason)),
            }
        }
        let close = rest && failed.is_none() && problem.is_none();
        if let Some(reason) = failed {
            problem = Some(why(&reason));
        }
        editing.change(|editing| {
            editing.picture = None;
            if rest {
                editing.rest.clear();
            }
            editing.problem = problem;
        });
        if close {
            state.announce(&t("profile.saved"));
            state.close();
        }
    });
}

/// What went wrong, and what to do.
fn why(reason: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("profile.offline");
    };
    let said = match condition.as_str() {
        "service-unavailable" | "feature-not-implemented" => t("profile.unsupported"),
        "policy-violation" | "not-acceptable" | "resource-constraint" => t("profile.tooMuch"),
        _ => t_with("profile.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

fn picking(editing: &Model<Editing>) -> Callback<MouseEvent> {
    let editing = editing.clone();
    Callback::from(move |_| {
        let editing = editing.clone();
        pick_picture(Callback::from(move |file: File| {
            let editing = editing.clone();
            spawn_local(async move {
                let opened = open_picture(&file).await;
                editing.change(|editing| {
                    editing.problem = opened.is_none().then(|| t("profile.unreadable"));
                    editing.crop = opened;
                });
            });
        }));
    })
}

fn choosing(state: &State, editing: &Model<Editing>, picture: &ImageBitmap) -> Callback<Cut> {
    let (state, editing, picture) = (state.clone(), editing.clone(), picture.clone());
    Callback::from(move |cut| {
        let (state, editing, picture) = (state.clone(), editing.clone(), picture.clone());
        spawn_local(async move {
            let portrait = cut_out(&picture, cut).await;
            picture.close();
            let pending = portrait.map(|portrait| state.set_picture(Some(portrait)));
            editing.change(|editing| {
                editing.crop = None;
                editing.problem = pending.is_none().then(|| t("profile.unreadable"));
                editing.picture = pending;
            });
        });
    })
}

fn removing(state: &State, editing: &Model<Editing>) -> Callback<MouseEvent> {
    let (state, editing) = (state.clone(), editing.clone());
    Callback::from(move |_| {
        let pending = state.set_picture(None);
        editing.change(|editing| editing.picture = Some(pending));
    })
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
