//! The dialog that makes a room.

use couplet_engine::modules::xep0045_muc::Preset;
use couplet_engine::store::{NotSaved, Topic};
use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::dialog::{Dialog, form_buttons, submitting, value};
use super::field::{Field, focus, input};
use super::layer::Layer;
use super::trouble::with_quote;
use crate::hooks::{Model, use_change, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::{lower, t, t_with};
use crate::route::Route;
use crate::state::{Pending, State, Subject};
use crate::uri::Uri;

const NAME: &str = "new-room-name";
const ADDRESS: &str = "new-room-address";
const PRESET: &str = "new-room-preset";

/// What a room can be, what that is called, and what it means.
const PRESETS: [(Preset, &str, &str); 2] = [
    (Preset::Group, "newRoom.group", "newRoom.groupHint"),
    (Preset::Channel, "newRoom.channel", "newRoom.channelHint"),
];

/// The longest address that is made of a name, in characters.
const LONGEST: usize = 40;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

struct Making {
    name: String,
    preset: Preset,
    /// Whether the address is somebody's own choice.
    typed: bool,
    /// Whether the address is in view.
    open: bool,
    /// The field that is wrong, and what is.
    wrong: Option<(&'static str, &'static str)>,
    /// The room that is being made.
    pending: Option<(Pending, BareJid)>,
}

/// Asks for a name and who may come in; the address is made of the name, unless somebody wants
/// another one.
#[component]
pub(crate) fn NewRoom(props: &Props) -> Html {
    let state = &props.state;
    let me = state.me();
    let profile = me.map(|me| Topic::Profile(me).into());
    use_subjects(state, [Subject::Rooms].into_iter().chain(profile).collect());
    let making = use_model(|| Making {
        name: String::new(),
        preset: Preset::Group,
        typed: false,
        open: false,
        wrong: None,
        pending: None,
    });
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            state.look_for_rooms();
            None
        }));
    }
    let address = address(state, &making.read().name);
    {
        let (making, address) = (making.clone(), address.clone());
        use_change(
            address.clone().unwrap_or_default(),
            Box::new(move || {
                if !making.read().typed {
                    input(ADDRESS)?.set_value(&address.unwrap_or_default());
                }
                None
            }),
        );
    }
    let pending = making.read().pending.clone();
    let outcome = pending
        .as_ref()
        .and_then(|(pending, _)| state.outcome(pending));
    let made = pending.filter(|_| outcome == Some(Ok(())));
    {
        let (state, preset) = (state.clone(), making.read().preset);
        use_each_rendering(Box::new(move || {
            if let Some((_, room)) = made {
                match preset {
                    // Nobody else finds it.
                    Preset::Group => state.open(Layer::Invite(room.clone())),
                    Preset::Channel | Preset::Support => state.close(),
                }
                Route::Chat(room).go();
            }
        }));
    }
    let now = making.read();
    let busy = now.pending.is_some() && outcome.is_none();
    let failure = outcome.and_then(Result::err);
    let taken =
        matches!(&failure, Some(NotSaved::Refused { condition, .. }) if condition == "conflict");
    let wrong = |id| {
        now.wrong
            .filter(|(field, _)| *field == id)
            .map(|(_, key)| t(key))
    };
    let hint = match (&address, state.room_service()) {
        _ if now.typed => None,
        (Some(address), _) => Some(t_with("newRoom.address", &[("address", address)])),
        (None, _) => None,
    };
    let name = Field {
        id: NAME,
        label: t("newRoom.name"),
        autofocus: true,
        hint,
        error: wrong(NAME),
        oninput: {
            let making = making.clone();
            Callback::from(move |event: InputEvent| {
                let field: HtmlInputElement = event.target_unchecked_into();
                making.change(|making| {
                    making.name = field.value();
                    making.wrong = None;
                });
            })
        },
        ..Field::default()
    };
    let without = state.room_service().is_none();
    let address = Field {
        id: ADDRESS,
        label: t("join.address"),
        placeholder: t("join.placeholder"),
        address: true,
        hint: Some(t(if without {
            "newRoom.noService"
        } else {
            "newRoom.stays"
        })),
        error: wrong(ADDRESS).or_else(|| taken.then(|| t("newRoom.taken"))),
        oninput: {
            let making = making.clone();
            Callback::from(move |event: InputEvent| {
                let field: HtmlInputElement = event.target_unchecked_into();
                making.change(|making| {
                    making.typed = !field.value().is_empty();
                    making.wrong = None;
                });
            })
        },
        ..Field::default()
    };
    let submit = t(if busy {
        "newRoom.making"
    } else {
        "newRoom.submit"
    });
    let shown = now.open || taken || wrong(ADDRESS).is_some();
    html! {
        <Dialog state={state.clone()} title={t("account.newRoom")}>
            <form class="form" novalidate=true onsubmit={submitting_room(state, &making, busy)}>
                { name.html() }
                <fieldset class="choices">
                    <legend class="choices__legend">{ t("newRoom.preset") }</legend>
                    { for PRESETS.map(|known| preset(known, &making)) }
                </fieldset>
                <details class="more" open={shown} ontoggle={toggling(&making)}>
                    <summary class="more__summary">{ t("newRoom.advanced") }</summary>
                    { address.html() }
                </details>
                <p class="form__problem" role="alert">
                    if let Some(failure) = failure.filter(|_| !taken) {
                        { why(&failure) }
                    }
                </p>
                { form_buttons(state, submit) }
            </form>
        </Dialog>
    }
}

fn preset(
    (known, label, hint): (Preset, &'static str, &'static str),
    making: &Model<Making>,
) -> Html {
    let onchange = {
        let making = making.clone();
        Callback::from(move |_: Event| making.change(|making| making.preset = known))
    };
    html! {
        <label class="choice choice--explained">
            <input
                type="radio"
                name={PRESET}
                class="choice__input"
                checked={making.read().preset == known}
                {onchange}
            />
            <span>
                { t(label) }
                <span class="choice__hint">{ t(hint) }</span>
            </span>
        </label>
    }
}

/// What is drawn anew stays as somebody has opened it.
fn toggling(making: &Model<Making>) -> Callback<Event> {
    let making = making.clone();
    Callback::from(move |event: Event| {
        let details: web_sys::Element = event.target_unchecked_into();
        let open = details.has_attribute("open");
        if making.read().open != open {
            making.change(|making| making.open = open);
        }
    })
}

fn submitting_room(state: &State, making: &Model<Making>, busy: bool) -> Callback<SubmitEvent> {
    let (state, making) = (state.clone(), making.clone());
    submitting(move |form| {
        if busy {
            return;
        }
        let (name, address) = (value(form, NAME), value(form, ADDRESS));
        let address = Uri::typed(&address).map(|uri| uri.jid);
        let (wrong, pending) = match address.filter(|address| address.node().is_some()) {
            _ if name.is_empty() => (Some((NAME, "newRoom.noName")), None),
            None => (Some((ADDRESS, "join.noAddress")), None),
            Some(room) => {
                let preset = making.read().preset;
                let pending = state.make_room(room.clone(), name, None, preset);
                (None, Some((pending, room)))
            }
        };
        making.change(|making| {
            making.open |= matches!(wrong, Some((ADDRESS, _)));
            making.wrong = wrong;
            making.pending = pending;
        });
        if let Some((field, _)) = wrong {
            focus(field);
        }
    })
}

/// The address for a room of this name on our server, if that has rooms and a letter of the name
/// can be in one.
fn address(state: &State, name: &str) -> Option<String> {
    let service = state.room_service()?;
    let local = local_part(&lower(name));
    let address = [&local, "@", service.as_str()].concat();
    (!local.is_empty() && address.parse::<BareJid>().is_ok()).then_some(address)
}

/// Its letters and digits, with hyphens between its words.
fn local_part(name: &str) -> String {
    let words = name.split(|character: char| !character.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let short: String = words.join("-").chars().take(LONGEST).collect();
    short.trim_end_matches('-').to_owned()
}

/// Why there is no room, and what to do.
fn why(failure: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = failure else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "not-allowed" | "forbidden" | "registration-required" => t("newRoom.notAllowed"),
        "feature-not-implemented" => t("newRoom.notPrivate"),
        "remote-server-not-found"
        | "remote-server-timeout"
        | "recipient-unavailable"
        | "service-unavailable" => t("newRoom.unreachable"),
        _ => t_with("newRoom.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

#[cfg(test)]
mod tests {
    use super::local_part;

    #[test]
    fn an_address_is_made_of_words() {
        assert_eq!(local_part("tea & biscuits!"), "tea-biscuits");
        assert_eq!(local_part(" お茶 の 部屋 "), "お茶-の-部屋");
        assert_eq!(local_part("☕ @/"), "");
        assert_eq!(local_part(&"abc ".repeat(100)).len(), 39);
    }
}
