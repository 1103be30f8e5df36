//! The slim bar that says what is going on with the connection.

use couplet_engine::Timestamp;
use couplet_engine::store::{SessionStatus, Topic, Trouble};
use gloo_timers::callback::{Interval, Timeout};
use js_sys::Date;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::word;
use super::trouble;
use crate::hooks::{use_change, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_count};
use crate::state::State;

/// For how long the good news stays.
const NEWS_MILLISECONDS: u32 = 3_000;
/// For how long after loading nothing is said of a connection that is being made.
const HASTE_MILLISECONDS: u32 = 2_000;
const TICK_MILLISECONDS: u32 = 250;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// Nothing while the connection is as it should be.
#[component]
pub(crate) fn ConnectionBar(props: &Props) -> Html {
    use_subjects(&props.state, vec![Topic::Session.into()]);
    let status = props.state.store().status().clone();
    // A page that has just been loaded is usually connected before anybody could read
    // that it isn't yet.
    let hasty = use_model(|| true);
    {
        let hasty = hasty.clone();
        use_mount(Box::new(move || {
            let timeout = Timeout::new(HASTE_MILLISECONDS, move || {
                hasty.change(|hasty| *hasty = false);
            });
            Some(Box::new(move || drop(timeout)))
        }));
    }
    let lost = match status {
        SessionStatus::Waiting { .. } => true,
        SessionStatus::Reconnecting { .. } => !*hasty.read(),
        _ => false,
    };
    // Whether the connection is back, and hasn't been for long.
    let back = use_model(|| false);
    let was_lost = use_mut_ref(|| false);
    {
        let (state, back) = (props.state.clone(), back.clone());
        use_change(
            word(lost).to_owned(),
            Box::new(move || {
                // The countdown isn't read out every second: what begins and ends it is.
                let returned = was_lost.replace(lost) && !lost;
                if lost {
                    state.announce(&t("connection.lost"));
                } else if returned {
                    state.announce(&t("connection.back"));
                }
                back.change(|back| *back = returned);
                returned.then(|| hide(move || back.change(|back| *back = false)))
            }),
        );
    }
    let ticks = use_force_update();
    use_change(
        word(matches!(status, SessionStatus::Waiting { .. })).to_owned(),
        Box::new(move || {
            let tick = lost.then(|| Interval::new(TICK_MILLISECONDS, move || ticks.force_update()));
            Some(Box::new(move || drop(tick)))
        }),
    );
    let retry = {
        let state = props.state.clone();
        Callback::from(move |_: MouseEvent| state.retry_now())
    };
    match status {
        SessionStatus::Waiting { trouble, until } => html! {
            <div class="connection">
                { icon(Icon::Alert) }
                <p class="connection__text">
                    { cause(&trouble) }
                    { t_count("connection.waiting", seconds_until(until, Date::now())) }
                </p>
                <button type="button" class="connection__now" onclick={retry}>
                    { t("connection.now") }
                </button>
            </div>
        },
        SessionStatus::Reconnecting { trouble } if lost => html! {
            <div class="connection">
                <span class="spinner" aria-hidden="true"></span>
                <p class="connection__text">{ cause(&trouble) }{ t("connection.reconnecting") }</p>
            </div>
        },
        _ if *back.read() => html! {
            <div class="connection connection--back">
                { icon(Icon::Check) }
                <p class="connection__text">{ t("connection.back") }</p>
            </div>
        },
        _ => Html::default(),
    }
}

fn hide(hide: impl FnOnce() + 'static) -> Box<dyn FnOnce()> {
    let timeout = Timeout::new(NEWS_MILLISECONDS, hide);
    Box::new(move || drop(timeout))
}

/// What is wrong, where it is more than a network that comes and goes.
fn cause(trouble: &Trouble) -> Html {
    match trouble {
        Trouble::ConnectionLost | Trouble::Timeout => Html::default(),
        trouble => html! {
            <strong class="connection__cause">{ trouble::title(trouble) }{ ". " }</strong>
        },
    }
}

/// Whole seconds from `now`, in milliseconds since 1970, rounded up.
fn seconds_until(until: Timestamp, now: f64) -> u32 {
    // The conversion saturates: there is no negative wait.
    ((until.0 as f64 - now) / 1000.0).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, seconds_until};

    #[test]
    fn a_countdown_ends_at_zero() {
        assert_eq!(seconds_until(Timestamp(10_000), 6_001.0), 4);
        assert_eq!(seconds_until(Timestamp(10_000), 10_000.0), 0);
        assert_eq!(seconds_until(Timestamp(10_000), 60_000.0), 0);
    }
}
