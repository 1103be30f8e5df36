//! The dialog that adds a contact.

use couplet_engine::store::NotFound;
use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::{Field, List, focus, input};
use super::layer::Layer;
use super::people_found::{LIST, option_id, people_found};
use super::trouble::with_quote;
use crate::hooks::{Model, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_count, t_with};
use crate::route::Route;
use crate::state::{State, Step, Subject};
use crate::uri::{Uri, Wish, is_uri};

const ADDRESS: &str = "add-address";
const NAME: &str = "add-name";

/// More than anybody looks through; better to type another letter.
const MOST: usize = 5;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// Who it is likely to be, and the name for them.
    pub(crate) known: Option<(BareJid, String)>,
}

#[derive(Default)]
struct Adding {
    /// The key of what is wrong with the address.
    error: Option<&'static str>,
    /// Which of the people found.
    chosen: usize,
}

/// Asks for an address and a name of one's own for it. Where the server has a directory,
/// somebody's name finds the address.
#[component]
pub(crate) fn AddContact(props: &Props) -> Html {
    let Props { state, known } = props;
    use_subjects(state, vec![Subject::Directory]);
    let adding = use_model(Adding::default);
    {
        let (state, known) = (state.clone(), known.clone());
        use_mount(Box::new(move || {
            state.open_directory();
            if let (Some(field), Some((_, name))) = (input(NAME), known) {
                field.set_value(&name);
            }
            Some(Box::new(move || state.close_directory()))
        }));
    }
    let sought = state.sought();
    let people = &sought.people[..sought.people.len().min(MOST)];
    // What was found for less than is typed is for the mouse only: it may go at any moment.
    let current = sought.step == Step::Answered && !people.is_empty();
    let chosen = adding.read().chosen.min(people.len().saturating_sub(1));
    let list = List {
        id: LIST,
        shown: !people.is_empty(),
        active: current.then(|| option_id(chosen)),
    };
    let address = Field {
        id: ADDRESS,
        label: t("signIn.address"),
        placeholder: t("add.placeholder"),
        address: true,
        autofocus: known.is_none(),
        error: adding.read().error.map(t),
        hint: state.has_directory().then(|| t("add.find")),
        oninput: typing(state, &adding),
        onkeydown: choosing(state, &adding),
        list: state.has_directory().then_some(list),
        ..Field::default()
    };
    let name = Field {
        id: NAME,
        label: t("add.name"),
        hint: Some(t("add.nameHint")),
        autofocus: known.is_some(),
        ..Field::default()
    };
    let onchoose = {
        let state = state.clone();
        Callback::from(move |place| choose(&state, place))
    };
    let text = known.as_ref().map(|(jid, _)| jid.to_string());
    let text = text.unwrap_or_default();
    html! {
        <Dialog state={state.clone()} title={t("account.add")} class="dialog--search" {text}>
            <form class="form" novalidate=true onsubmit={adding_contact(state, &adding)}>
                <p class="form__text">{ t("add.text") }</p>
                <div>
                    { address.html() }
                    { people_found(state, people, current.then_some(chosen), onchoose) }
                    { status(state) }
                </div>
                { name.html() }
                { form_buttons(state, t("add.submit")) }
            </form>
        </Dialog>
    }
}

/// How the search for people is going.
fn status(state: &State) -> Html {
    let sought = state.sought();
    let count = u32::try_from(sought.people.len()).unwrap_or(u32::MAX);
    let words = match (sought.step, &sought.failure) {
        (Step::Slow, _) => t("add.searching"),
        (Step::Answered, Some(failure)) => why(failure),
        (Step::Answered, None) if count == 0 => t_with("add.nobody", &[("name", &sought.name)]),
        (Step::Answered, None) if sought.people.len() > MOST => t("add.more"),
        (Step::Answered, None) => t_count("add.found", count),
        (Step::Typed | Step::Asked, _) => AttrValue::default(),
    };
    // For a screen reader always; who sees the people needn't be told.
    let seen = sought.people.is_empty() || sought.people.len() > MOST;
    html! {
        <p class={if seen { "people-found__status" } else { "visually-hidden" }} role="status">
            if sought.step == Step::Slow {
                <span class="spinner" aria-hidden="true"></span>
            }
            { words }
        </p>
    }
}

/// Why nobody was found, and what to do.
fn why(failure: &NotFound) -> AttrValue {
    match failure {
        NotFound::Offline => t("self.offline"),
        NotFound::NoDirectory => t("add.noDirectory"),
        NotFound::Refused { condition, text } => {
            let said = t_with("add.refused", &[("condition", condition)]);
            with_quote(said, text.as_deref())
        }
    }
}

fn typing(state: &State, adding: &Model<Adding>) -> Callback<InputEvent> {
    let (state, adding) = (state.clone(), adding.clone());
    Callback::from(move |event: InputEvent| {
        let field: HtmlInputElement = event.target_unchecked_into();
        adding.change(|adding| *adding = Adding::default());
        state.look_for(&field.value());
    })
}

fn choosing(state: &State, adding: &Model<Adding>) -> Callback<KeyboardEvent> {
    let (state, adding) = (state.clone(), adding.clone());
    Callback::from(move |event: KeyboardEvent| {
        let count = match &*state.sought() {
            sought if sought.step == Step::Answered => sought.people.len().min(MOST),
            _ => 0,
        };
        if event.is_composing() || count == 0 {
            return;
        }
        let chosen = adding.read().chosen;
        match event.key().as_str() {
            "ArrowDown" => adding.change(|adding| adding.chosen = (chosen + 1) % count),
            "ArrowUp" => adding.change(|adding| adding.chosen = (chosen + count - 1) % count),
            "Enter" => choose(&state, chosen),
            _ => return,
        }
        event.prevent_default();
    })
}

/// Somebody whom we have is somebody to write to; whoever else it is can be added now.
fn choose(state: &State, place: usize) {
    let Some(person) = state.sought().people.get(place).cloned() else {
        return;
    };
    if state.store().contact(&person.jid).is_some() {
        state.close();
        return Route::Chat(person.jid).go();
    }
    if let (Some(address), Some(name)) = (input(ADDRESS), input(NAME)) {
        address.set_value(person.jid.as_str());
        name.set_value(&person.name);
    }
    state.look_for(person.jid.as_str());
    focus(ADDRESS);
}

fn adding_contact(state: &State, adding: &Model<Adding>) -> Callback<SubmitEvent> {
    let (state, adding) = (state.clone(), adding.clone());
    submitting(move |form| {
        match contact(&state, &value(form, ADDRESS)) {
            Ok(Uri {
                jid,
                wish: Wish::Join,
            }) => return state.open(Layer::JoinRoom(Some(jid))),
            Ok(Uri { jid, wish }) => {
                let name = Some(value(form, NAME)).filter(|name| !name.is_empty());
                let name = name.or(match wish {
                    Wish::Add(name) => name,
                    _ => None,
                });
                state.add_contact(jid.clone(), name);
                state.close();
                return Route::Chat(jid).go();
            }
            // Whoever can be looked for may still be found.
            Err(_) if state.look_now() => {}
            Err(key) => adding.change(|adding| adding.error = Some(key)),
        }
        focus(ADDRESS);
    })
}

/// Whose address or link was typed, or the key of what is wrong with it.
fn contact(state: &State, typed: &str) -> Result<Uri, &'static str> {
    let wrong = match is_uri(typed) {
        true => "add.badLink",
        false => "add.noName",
    };
    let uri = Uri::typed(typed).ok_or(wrong)?;
    if state.me().as_ref() == Some(&uri.jid) {
        Err("add.yourself")
    } else {
        Ok(uri)
    }
}
