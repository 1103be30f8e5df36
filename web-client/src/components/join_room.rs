//! The dialog that leads into a room.

use couplet_engine::store::{Entry, Left, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::{Field, focus};
use super::layer::{Layer, opening};
use super::room;
use crate::hooks::{use_each_rendering, use_model, use_subjects};
use crate::i18n::t;
use crate::route::Route;
use crate::state::State;
use crate::uri::Uri;

const ADDRESS: &str = "join-address";
const NICK: &str = "join-nick";
const PASSWORD: &str = "join-password";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// The room, if it is known.
    pub(crate) jid: Option<BareJid>,
}

/// What has been tried.
#[derive(Default)]
struct Attempt {
    room: Option<BareJid>,
    /// What is wrong with the address.
    wrong: bool,
}

/// Asks for an address and a nickname, and waits until the room has let us in.
#[component]
pub(crate) fn JoinRoom(props: &Props) -> Html {
    let state = &props.state;
    let attempt = use_model(Attempt::default);
    let tried = attempt.read().room.clone();
    let topics = tried.iter().cloned().map(Topic::Room);
    use_subjects(state, topics.map(Into::into).collect());
    let known = props.jid.as_ref();
    let entry = {
        let store = state.store();
        let room = tried.as_ref().or(known);
        room.and_then(|jid| store.room(jid))
            .map(|room| room.entry.clone())
    };
    let joined = tried.clone().filter(|_| entry == Some(Entry::Joined));
    let onjoined = state.clone();
    use_each_rendering(Box::new(move || {
        if let Some(room) = joined {
            onjoined.close();
            Route::Chat(room).go();
        }
    }));
    let onsubmit = {
        let (state, attempt) = (state.clone(), attempt.clone());
        submitting(move |form| {
            let Some(Uri { jid: room, .. }) = Uri::typed(&value(form, ADDRESS)) else {
                attempt.change(|attempt| attempt.wrong = true);
                return focus(ADDRESS);
            };
            let text = |name| Some(value(form, name)).filter(|text| !text.is_empty());
            attempt.change(|attempt| {
                *attempt = Attempt {
                    room: Some(room.clone()),
                    wrong: false,
                }
            });
            state.join_room(room, text(NICK), text(PASSWORD));
        })
    };
    let left = match &entry {
        Some(Entry::Left(left)) if *left != Left::Away => Some(left),
        _ => None,
    };
    let joining = tried.is_some() && entry == Some(Entry::Joining);
    let fault = |at: Place| left.filter(|left| place(left) == at).map(room::words);
    let wrong = attempt.read().wrong.then(|| t("join.noAddress"));
    let address = Field {
        id: ADDRESS,
        label: t("join.address"),
        placeholder: t("join.placeholder"),
        address: true,
        autofocus: known.is_none(),
        error: wrong.or_else(|| fault(Place::Address)),
        ..Field::default()
    };
    let nick = Field {
        id: NICK,
        label: t("join.nick"),
        hint: Some(t("join.nickHint")),
        autofocus: known.is_some(),
        error: fault(Place::Nick),
        ..Field::default()
    };
    let password = Field {
        id: PASSWORD,
        label: t("join.password"),
        secret: true,
        error: fault(Place::Password),
        ..Field::default()
    };
    // Once it was asked for, it stays.
    let wants_password = left == Some(&Left::Password) || joining && tried == props.jid;
    let text = known.map(|jid| jid.to_string()).unwrap_or_default();
    let submit = if joining {
        t("room.joining")
    } else {
        t("room.join")
    };
    html! {
        <Dialog state={state.clone()} title={t("account.join")} {text}>
            if known.is_none() {
                <div class="form__ways">
                    <button
                        type="button"
                        class="button button--small"
                        onclick={opening(state, Layer::FindRooms)}
                    >
                        { t("account.findRooms") }
                    </button>
                    <button
                        type="button"
                        class="button button--small"
                        onclick={opening(state, Layer::NewRoom)}
                    >
                        { t("account.newRoom") }
                    </button>
                </div>
            }
            <form class="form" novalidate=true {onsubmit}>
                <p class="form__text">{ t("join.text") }</p>
                { address.html() }
                { nick.html() }
                if wants_password {
                    { password.html() }
                }
                { form_buttons(state, submit) }
            </form>
        </Dialog>
    }
}

/// The field that has to be changed.
#[derive(PartialEq)]
enum Place {
    Address,
    Nick,
    Password,
}

fn place(left: &Left) -> Place {
    match left {
        Left::NickTaken => Place::Nick,
        Left::Password => Place::Password,
        _ => Place::Address,
    }
}
