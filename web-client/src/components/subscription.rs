//! Who sees whose presence, in words, and what can be done about it.

use couplet_engine::store::{Store, Subscription};
use jid::BareJid;
use yew::prelude::*;

use super::layer::{Layer, opening};
use super::requests::answers;
use crate::i18n::{t, t_with};
use crate::state::State;

/// What stands between us and somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// They wait for our answer.
    Asking,
    Both,
    /// We see theirs only.
    SeeingThem,
    /// They see ours only; whether we have asked for theirs.
    SeeingUs {
        asked: bool,
    },
    /// Neither; whether we have asked for theirs.
    Contact {
        asked: bool,
    },
    Stranger,
}

/// The section of the details panel.
pub(crate) fn subscription(state: &State, jid: &BareJid) -> Html {
    let store = state.store();
    let name = store.name(jid);
    let relation = relation(&store, jid);
    let (text, action) = match relation {
        Relation::Asking => ("subscription.asking", None),
        Relation::Both => ("subscription.both", None),
        Relation::SeeingThem => ("subscription.seeingThem", None),
        Relation::SeeingUs { asked: false } => ("subscription.seeingUs", Some("subscription.ask")),
        Relation::SeeingUs { asked: true } => {
            ("subscription.seeingUsAsked", Some("subscription.askAgain"))
        }
        Relation::Contact { asked: false } => ("subscription.none", Some("subscription.ask")),
        Relation::Contact { asked: true } => ("subscription.asked", Some("subscription.askAgain")),
        Relation::Stranger => ("subscription.stranger", Some("subscription.add")),
    };
    let sees_us = matches!(relation, Relation::Both | Relation::SeeingUs { .. });
    let ask = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_| {
            // The name stays as it is in the roster, if it is there.
            let known = state
                .store()
                .contact(&jid)
                .and_then(|contact| contact.name.clone());
            state.add_contact(jid.clone(), known);
        })
    };
    html! {
        <section class="details__section" aria-labelledby="details-subscription">
            <h3 id="details-subscription" class="details__heading">{ t("subscription.title") }</h3>
            <p class="details__text">{ t_with(text, &[("name", name)]) }</p>
            if let Some(key) = action {
                <button type="button" class="button" onclick={ask}>{ t(key) }</button>
            }
            if sees_us {
                <button
                    type="button"
                    class="button"
                    onclick={opening(state, Layer::Revoke(jid.clone()))}
                >
                    { t("subscription.revoke") }
                </button>
            }
            if relation == Relation::Asking {
                <p class="details__text">{ t("requests.means") }</p>
                <div class="details__answers">{ answers(state, jid, None) }</div>
            }
        </section>
    }
}

fn relation(store: &Store, jid: &BareJid) -> Relation {
    if store.requests().iter().any(|request| request.jid == *jid) {
        return Relation::Asking;
    }
    let Some(contact) = store.contact(jid) else {
        return Relation::Stranger;
    };
    let asked = contact.asked;
    match contact.subscription {
        Subscription::Both => Relation::Both,
        Subscription::To => Relation::SeeingThem,
        Subscription::From => Relation::SeeingUs { asked },
        Subscription::None => Relation::Contact { asked },
    }
}
