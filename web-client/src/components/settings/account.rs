//! The account on the server: its password, where it is signed in, its end.

use couplet_engine::store::{NotSaved, Topic};
use jid::BareJid;
use web_sys::HtmlFormElement;
use yew::prelude::*;

use super::super::copy_button::copy_button;
use super::super::dialog::submitting;
use super::super::field::Field;
use super::super::layer::{Layer, opening};
use super::super::presence;
use super::super::trouble::with_quote;
use super::links::Links;
use crate::hooks::{use_change, use_model, use_mount, use_subjects};
use crate::i18n::{date_and_time, t, t_with};
use crate::state::{Pending, State};

const PASSWORD: &str = "new-password";
const AGAIN: &str = "repeat-password";

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) state: State,
}

#[derive(Default)]
struct Changing {
    /// The field that is wrong, and what is.
    wrong: Option<(&'static str, &'static str)>,
    /// The new password on its way to the server, or there.
    pending: Option<Pending>,
}

#[component]
pub(super) fn Account(props: &Props) -> Html {
    let state = &props.state;
    let me = state.me();
    let topics = me.iter().flat_map(|me| {
        let topics = [
            Topic::Session,
            Topic::Profile(me.clone()),
            Topic::Presence(me.clone()),
        ];
        topics.map(Into::into)
    });
    use_subjects(state, topics.collect());
    let changing = use_model(Changing::default);
    let copied = use_model(|| false);
    let form = use_node_ref();
    {
        let (state, me) = (state.clone(), me.clone());
        use_mount(Box::new(move || {
            state.look_at(&me?);
            None
        }));
    }
    let pending = changing.read().pending.clone();
    let outcome = pending.as_ref().and_then(|pending| state.outcome(pending));
    {
        // What the server knows now nobody has to see any more.
        let form = form.clone();
        let done = outcome == Some(Ok(()));
        use_change(
            [if done { "done" } else { "" }, pending_name(&pending)].concat(),
            Box::new(move || {
                if done {
                    form.cast::<HtmlFormElement>()?.reset();
                }
                None
            }),
        );
    }
    let Some(me) = me else {
        return Html::default();
    };
    let busy = pending.is_some() && outcome.is_none();
    let onsubmit = {
        let (state, changing) = (state.clone(), changing.clone());
        submitting(move |form| {
            if busy {
                return;
            }
            let (password, again) = (text(form, PASSWORD), text(form, AGAIN));
            let wrong = if password.is_empty() {
                Some((PASSWORD, "self.noPassword"))
            } else if password != again {
                Some((AGAIN, "self.differs"))
            } else {
                None
            };
            let pending = wrong.is_none().then(|| state.change_password(password));
            changing.change(|changing| {
                changing.wrong = wrong;
                changing.pending = pending;
            });
        })
    };
    let wrong = changing.read().wrong;
    let field = |id, label| Field {
        id,
        label: t(label),
        secret: true,
        autocomplete: Some("new-password"),
        error: wrong
            .filter(|(field, _)| *field == id)
            .map(|(_, key)| t(key)),
        ..Field::default()
    };
    html! {
        <>
            <p class="settings__address">
                <bdi>{ me.as_str() }</bdi>
                { copy_button(state, t("details.copy"), me.to_string(), &copied) }
            </p>
            <div class="settings__buttons">
                <button type="button" class="button" onclick={opening(state, Layer::Profile)}>
                    { t("menu.profile") }
                </button>
                <button
                    type="button"
                    class="button"
                    onclick={opening(state, Layer::Share(me.clone()))}
                >
                    { t("profile.share") }
                </button>
            </div>
            <form class="setting form" novalidate=true ref={form} {onsubmit}>
                <h4 class="setting__label">{ t("self.password") }</h4>
                // For whoever keeps passwords.
                <input
                    type="text"
                    autocomplete="username"
                    readonly=true
                    hidden=true
                    value={me.to_string()}
                />
                { field(PASSWORD, "self.newPassword").html() }
                { field(AGAIN, "self.repeat").html() }
                { news(busy, outcome.as_ref()) }
                <button type="submit" class="button button--primary" aria-disabled={busy.then_some("true")}>
                    { t("self.change") }
                </button>
            </form>
            { devices(state, &me) }
            <Links />
            <section class="setting" aria-labelledby="self-delete">
                <h4 id="self-delete" class="setting__label">{ t("self.delete") }</h4>
                <p class="setting__hint">{ t("self.deleteHint") }</p>
                <button
                    type="button"
                    class="button button--danger"
                    onclick={opening(state, Layer::DeleteAccount)}
                >
                    { t("self.deleteOpen") }
                </button>
            </section>
        </>
    }
}

/// A password is what was typed, with the white space around it.
fn text(form: &web_sys::FormData, name: &str) -> String {
    form.get(name).as_string().unwrap_or_default()
}

fn pending_name(pending: &Option<Pending>) -> &str {
    pending.as_ref().map(Pending::name).unwrap_or_default()
}

fn news(busy: bool, outcome: Option<&Result<(), NotSaved>>) -> Html {
    let (class, said) = match outcome {
        _ if busy => ("setting__hint", t("self.changing")),
        Some(Ok(())) => ("setting__hint setting__hint--good", t("self.changed")),
        Some(Err(reason)) => ("setting__hint setting__hint--bad", why(reason)),
        None => ("", AttrValue::default()),
    };
    html! { <p {class} role="status">{ said }</p> }
}

/// What went wrong, and what to do.
pub(super) fn why(reason: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "service-unavailable" | "feature-not-implemented" | "not-allowed" | "forbidden" => {
            t("self.unsupported")
        }
        "not-acceptable" | "bad-request" | "policy-violation" => t("self.weak"),
        _ => t_with("self.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

/// Where this account is signed in, this page first, and where it was.
fn devices(state: &State, me: &BareJid) -> Html {
    let store = state.store();
    let here = store.me().map(|me| me.resource().to_string());
    let profile = store.profile(me);
    let name = |resource: &str| {
        let told = profile.and_then(|profile| profile.device(resource));
        let program = told.and_then(|device| device.program.clone());
        html! { <bdi class="device__name">{ program.unwrap_or_else(|| resource.to_owned()) }</bdi> }
    };
    let mut all: Vec<_> = store.resources(me).collect();
    all.sort_by_key(|(resource, _)| Some(*resource) != here.as_deref());
    let devices = all.into_iter().map(|(resource, known)| {
        html! {
            <li class="device" key={resource}>
                { presence::dot(Some(known.availability)) }
                { name(resource) }
                if Some(resource) == here.as_deref() {
                    <span class="device__line">{ t("self.thisDevice") }</span>
                }
                <span class="device__line">{ presence::line(Some(known)) }</span>
            </li>
        }
    });
    let before = store.devices_before();
    let gone = before.iter().map(|device| {
        let time = date_and_time(device.at);
        html! {
            <li class="device" key={device.resource.as_str()}>
                { name(&device.resource) }
                <span class="device__line">
                    { t_with("details.lastActive", &[("time", &time)]) }
                </span>
            </li>
        }
    });
    html! {
        <section class="setting" aria-labelledby="self-devices">
            <h4 id="self-devices" class="setting__label">{ t("self.devices") }</h4>
            <ul class="details__devices" aria-labelledby="self-devices">{ for devices }</ul>
            if !before.is_empty() {
                <h4 id="self-before" class="setting__label">{ t("self.before") }</h4>
                <ul class="details__devices" aria-labelledby="self-before">{ for gone }</ul>
            }
            <p class="setting__hint">{ t("self.devicesHint") }</p>
        </section>
    }
}
