//! The whole application: which of its views is on screen.

use couplet_engine::store::{SessionStatus, Topic};
use yew::prelude::*;

use crate::early;
use crate::hooks::use_subjects;
use crate::platform::profile;
use crate::second::{Part, Second};
use crate::state::State;
use crate::views::chat::Chat;
use crate::views::sign_in::SignIn;

/// What the page was started with.
#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// The application.
#[component]
pub(crate) fn App(props: &Props) -> Html {
    use_subjects(&props.state, vec![Topic::Session.into()]);
    if profile::is_embedded() {
        return html! { <Second state={props.state.clone()} part={Part::Embedded} /> };
    }
    let signed_in = match props.state.store().status() {
        SessionStatus::SignedOut { .. } | SessionStatus::SigningIn(_) => false,
        SessionStatus::Online
        | SessionStatus::Reconnecting { .. }
        | SessionStatus::Waiting { .. } => true,
    };
    if signed_in {
        // Whoever was expected to sign in needn't.
        drop(early::take());
        html! { <Chat state={props.state.clone()} /> }
    } else {
        html! { <SignIn state={props.state.clone()} /> }
    }
}
