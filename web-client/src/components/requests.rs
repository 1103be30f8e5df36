//! Who asks to see when we are there.

use couplet_engine::store::{Invitation, SubscriptionRequest};
use jid::BareJid;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::layer::{Layer, opening};
use crate::i18n::{t, t_count, t_with};
use crate::route::Route;
use crate::state::State;

/// The requests on top of the list; nothing when there are none.
pub(crate) fn requests(state: &State) -> Html {
    let store = state.store();
    let requests = store.requests();
    let invited = invitations(state);
    if requests.is_empty() {
        return invited;
    }
    let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
    html! {
        <>
        { invited }
        <section class="requests" aria-labelledby="requests-title">
            <h2 id="requests-title" class="requests__title">{ t_count("requests.title", count) }</h2>
            <p class="requests__text">{ t("requests.means") }</p>
            { for requests.iter().map(|request| card(state, request)) }
        </section>
        </>
    }
}

/// Rooms in which somebody would like to see us.
fn invitations(state: &State) -> Html {
    let store = state.store();
    let invited = store
        .rooms()
        .filter_map(|(jid, room)| Some((jid, room.invitation.as_ref()?)))
        .filter(|(_, invitation)| !store.is_blocked(&invitation.from));
    let cards: Vec<Html> = invited
        .map(|(jid, invitation)| invitation_card(state, jid, invitation))
        .collect();
    if cards.is_empty() {
        return Html::default();
    }
    html! {
        <section class="requests" aria-labelledby="invitations-title">
            <h2 id="invitations-title" class="requests__title">{ t("invitations.title") }</h2>
            { cards }
        </section>
    }
}

fn invitation_card(state: &State, jid: &BareJid, invitation: &Invitation) -> Html {
    let store = state.store();
    let from = store.name(&invitation.from);
    let name = [("name", store.name(jid))];
    // A room can say of anybody that they have invited us.
    let means = match invitation.direct {
        true => "invitations.from",
        false => "invitations.passedOn",
    };
    let join = {
        let (state, jid, password) = (state.clone(), jid.clone(), invitation.password.clone());
        Callback::from(move |_| {
            state.join_room(jid.clone(), None, password.clone());
            Route::Chat(jid.clone()).go();
        })
    };
    let decline = {
        let (state, jid, passed_on) = (state.clone(), jid.clone(), invitation.mediated);
        Callback::from(move |_| match passed_on {
            true => state.open(Layer::Decline(jid.clone())),
            false => state.decline_invitation(&jid, None),
        })
    };
    html! {
        <article class="request" key={jid.as_str()}>
            { avatar(state, jid, store.name(jid), Size::Medium, None) }
            <div class="request__words">
                <bdi class="request__name">{ store.name(jid) }</bdi>
                <bdi class="request__address">{ jid.as_str() }</bdi>
                <p class="request__text">{ t_with(means, &[("name", from)]) }</p>
                if let Some(reason) = &invitation.reason {
                    <p class="request__text" dir="auto">{ reason }</p>
                }
            </div>
            <div class="request__answers">
                <button
                    type="button"
                    class="button button--primary button--small"
                    aria-label={t_with("invitations.join", &name)}
                    onclick={join}
                >
                    { t("room.join") }
                </button>
                <button
                    type="button"
                    class="button button--small"
                    aria-label={t_with("requests.declineName", &name)}
                    onclick={decline}
                >
                    { t("requests.decline") }
                </button>
            </div>
        </article>
    }
}

fn card(state: &State, request: &SubscriptionRequest) -> Html {
    let jid = &request.jid;
    let store = state.store();
    let name = request.nick.as_deref().unwrap_or_else(|| store.name(jid));
    html! {
        <article class="request" key={jid.as_str()}>
            { avatar(state, jid, name, Size::Medium, None) }
            <div class="request__words">
                <bdi class="request__name">{ name }</bdi>
                <bdi class="request__address">{ jid.as_str() }</bdi>
                if let Some(text) = &request.text {
                    <p class="request__text" dir="auto">{ text }</p>
                }
            </div>
            <div class="request__answers">{ answers(state, jid, Some(name)) }</div>
        </article>
    }
}

/// The buttons that answer a request: one of several, if they say whose.
pub(crate) fn answers(state: &State, jid: &BareJid, name: Option<&str>) -> Html {
    let answer = |accept: bool| {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_| {
            if accept {
                state.accept(jid.clone())
            } else {
                state.decline(jid.clone())
            }
        })
    };
    let of = |key| name.map(|name| t_with(key, &[("name", name)]));
    html! {
        <>
            <button
                type="button"
                class="button button--primary button--small"
                aria-label={of("requests.acceptName")}
                onclick={answer(true)}
            >
                { t("requests.accept") }
            </button>
            <button
                type="button"
                class="button button--small"
                aria-label={of("requests.declineName")}
                onclick={answer(false)}
            >
                { t("requests.decline") }
            </button>
            if state.store().blocklist().is_some() {
                <button
                    type="button"
                    class="button button--small"
                    aria-label={of("requests.blockName")}
                    onclick={opening(state, Layer::Block(jid.clone()))}
                >
                    { t("requests.block") }
                </button>
            }
        </>
    }
}
