//! What is known of the other side of a conversation, and what can be done about it.

use couplet_engine::Timestamp;
use couplet_engine::store::{CardField, Profile, ResourcePresence, SessionStatus, Topic};
use jid::BareJid;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::blocking;
use super::body_text::{body_text, link_to};
use super::copy_button::copy_button;
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::presence;
use super::profile::label;
use super::subscription::subscription;
use crate::hooks::{use_change, use_model, use_mount, use_subjects};
use crate::i18n::{date_and_time, t, t_with, time};
use crate::platform::{now, utc_offset};
use crate::route::Route;
use crate::state::State;

/// More links than this in one line of a card aren't made.
const MOST_LINKS: usize = 8;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// The panel beside, over or in place of the conversation.
#[component]
pub(crate) fn Details(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = [
        Topic::Roster,
        Topic::Requests,
        Topic::Blocking,
        Topic::Presence(jid.clone()),
        Topic::Avatar(jid.clone()),
        Topic::Profile(jid.clone()),
        Topic::Session,
    ];
    use_subjects(state, topics.map(Into::into).into());
    let copied = use_model(|| false);
    {
        let online = *state.store().status() == SessionStatus::Online;
        let (state, jid) = (state.clone(), jid.clone());
        let key = format!("{online} {jid}");
        use_change(
            key,
            Box::new(move || {
                if online {
                    state.look_at(&jid);
                }
                None
            }),
        );
    }
    let heading = use_node_ref();
    {
        // Who opened the panel goes on in it.
        let heading = heading.clone();
        use_mount(Box::new(move || {
            // A heading with a tabindex takes the focus.
            let _ = heading.cast::<HtmlElement>()?.focus();
            None
        }));
    }
    let close = {
        let jid = jid.clone();
        Callback::from(move |_| Route::Chat(jid.clone()).go())
    };
    let store = state.store();
    let name = store.name(jid);
    let profile = store.profile(jid).map(|profile| &**profile);
    let availability = store.presence(jid).map(|presence| presence.availability);
    html! {
        <aside class="details" aria-labelledby="details-title">
            <div class="details__bar">
                <h2 id="details-title" class="details__title" tabindex="-1" ref={heading}>
                    { t("details.title") }
                </h2>
                { icon_button(Icon::Close, t("details.close"), close) }
            </div>
            <div class="details__person">
                { avatar(state, jid, name, Size::Huge, availability) }
                <p class="details__name"><bdi>{ name }</bdi></p>
                <p class="details__address">
                    <bdi>{ jid.as_str() }</bdi>
                    { copy_button(state, t("details.copy"), jid.to_string(), &copied) }
                </p>
            </div>
            { subscription(state, jid) }
            { actions(state, jid, store.contact(jid).is_some()) }
            // What comes in only now pushes nothing away that one may be about to press.
            { devices(store.resources(jid), profile) }
            { card(profile) }
        </aside>
    }
}

fn devices<'a>(
    resources: impl Iterator<Item = (&'a str, &'a ResourcePresence)>,
    profile: Option<&Profile>,
) -> Html {
    let devices: Vec<Html> = resources
        .map(|(resource, presence)| {
            let told = profile.and_then(|profile| profile.device(resource));
            let program = told.and_then(|device| device.program.clone());
            let clock = told.and_then(|device| device.offset).map(time_there);
            html! {
                <li class="device" key={resource}>
                    { presence::dot(Some(presence.availability)) }
                    <bdi class="device__name">{ resource }</bdi>
                    <span class="device__line">{ presence::line(Some(presence)) }</span>
                    if let Some(program) = program {
                        <bdi class="device__line">{ program }</bdi>
                    }
                    if let Some(clock) = clock {
                        <span class="device__line">{ clock }</span>
                    }
                </li>
            }
        })
        .collect();
    let last = profile.and_then(|profile| profile.last_active);
    let shown = match last {
        _ if !devices.is_empty() => html! {
            <ul class="details__devices" aria-labelledby="details-devices">{ for devices }</ul>
        },
        Some(last) => {
            let time = date_and_time(last);
            let last = t_with("details.lastActive", &[("time", &time)]);
            html! { <p class="details__text">{ last }</p> }
        }
        None => return Html::default(),
    };
    html! {
        <section class="details__section" aria-labelledby="details-devices">
            <h3 id="details-devices" class="details__heading">{ t("details.devices") }</h3>
            { shown }
        </section>
    }
}

/// What the clock shows where it is so many minutes ahead of UTC.
fn time_there(offset: i32) -> AttrValue {
    let minutes = i64::from(offset - utc_offset());
    let Timestamp(now) = now().wall;
    let time = time(Timestamp(now + minutes * 60_000));
    t_with("details.timeThere", &[("time", &time)])
}

/// What stands on their card; what leads somewhere is a link, if it leads where links may.
fn card(profile: Option<&Profile>) -> Html {
    let rows: Vec<Html> = profile
        .into_iter()
        .flat_map(|profile| profile.card.iter())
        .map(|(field, text)| {
            let link = match field {
                CardField::Email => Some(["mailto:", text].concat()),
                CardField::Phone => Some(["tel:", text].concat()),
                _ => None,
            };
            let shown = match link {
                Some(uri) => link_to(&uri, text),
                None => body_text(text, &Vec::new(), &mut { MOST_LINKS }),
            };
            html! {
                <div class="facts__row">
                    <dt>{ t(label(field)) }</dt>
                    <dd class="card__text"><bdi>{ shown }</bdi></dd>
                </div>
            }
        })
        .collect();
    if rows.is_empty() {
        return Html::default();
    }
    html! {
        <section class="details__section" aria-labelledby="details-card">
            <h3 id="details-card" class="details__heading">{ t("details.card") }</h3>
            <dl class="facts facts--narrow">{ for rows }</dl>
        </section>
    }
}

fn actions(state: &State, jid: &BareJid, contact: bool) -> Html {
    html! {
        <section class="details__section" aria-label={t("details.actions")}>
            <button type="button" class="action" onclick={opening(state, Layer::Share(jid.clone()))}>
                { icon(Icon::Share) }
                { t("details.share") }
            </button>
            if contact {
                <button
                    type="button"
                    class="action"
                    onclick={opening(state, Layer::Edit(jid.clone()))}
                >
                    { icon(Icon::Pencil) }
                    { t("details.edit") }
                </button>
            }
            { blocking::action(state, jid) }
            if contact {
                <button
                    type="button"
                    class="action action--danger"
                    onclick={opening(state, Layer::Remove(jid.clone()))}
                >
                    { icon(Icon::Trash) }
                    { t("details.remove") }
                </button>
            }
        </section>
    }
}
