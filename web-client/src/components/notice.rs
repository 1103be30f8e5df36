//! What there is to tell about this device: what isn't kept, and why.

use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::hooks::use_subjects;
use crate::i18n::{t, t_with};
use crate::platform::{self, storage::Fault};
use crate::state::{Notice, State, Subject};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// One bar for each thing, until it has been read.
#[component]
pub(crate) fn Notices(props: &Props) -> Html {
    let state = &props.state;
    use_subjects(state, vec![Subject::Notice]);
    let bars = state.notices().into_iter().map(|notice| bar(state, notice));
    html! { <>{ for bars }</> }
}

fn bar(state: &State, notice: Notice) -> Html {
    let (key, text) = match &notice {
        Notice::MemoryOnly(fault) => ("memory", memory_only(fault)),
        Notice::Damaged => ("damaged", t("notice.damaged")),
        Notice::PasswordEachTime => ("password", t("notice.passwordEachTime")),
        Notice::NewBuild => ("build", t("notice.newBuild")),
        Notice::OfferNotifications => ("offer", t("notice.offerNotifications")),
        Notice::NotificationsDenied => ("denied", t("notice.notificationsDenied")),
        Notice::NoSuchMessage { online: true } => ("message", t("notice.noSuchMessage")),
        Notice::NoSuchMessage { online: false } => ("message", t("notice.messageOffline")),
        Notice::BadLink => ("link", t("add.badLink")),
        Notice::NotLoaded => ("part", t("second.failed")),
        Notice::Archived(jid) => {
            let store = state.store();
            let name = [("name", store.name(jid))];
            ("archived", t_with("notice.archived", &name))
        }
    };
    let done = matches!(notice, Notice::Archived(_));
    let answer = match &notice {
        Notice::NewBuild => {
            // Not a link: where one is in the page stays as it is.
            let onclick = |_: MouseEvent| platform::reload();
            html! {
                <button type="button" class="connection__now" {onclick}>{ t("crash.reload") }</button>
            }
        }
        Notice::OfferNotifications => turn_on(state, &notice),
        Notice::Archived(jid) => {
            let (state, jid) = (state.clone(), jid.clone());
            let onclick = Callback::from(move |_: MouseEvent| state.unarchive(&jid));
            html! {
                <button type="button" class="connection__now" {onclick}>{ t("notice.undo") }</button>
            }
        }
        _ => Html::default(),
    };
    let action = if notice == Notice::NewBuild {
        Html::default()
    } else {
        let state = state.clone();
        let dismiss = Callback::from(move |_| {
            if notice == Notice::OfferNotifications {
                state.show_notifications(false);
            }
            state.dismiss(&notice);
        });
        icon_button(Icon::Close, t("notice.dismiss"), dismiss)
    };
    let (class, role, shown) = match done {
        true => ("connection connection--done", "status", Icon::Archive),
        false => ("connection", "alert", Icon::Alert),
    };
    html! {
        <div {key} {class} {role}>
            { icon(shown) }
            <p class="connection__text">{ text }</p>
            { answer }
            { action }
        </div>
    }
}

fn turn_on(state: &State, notice: &Notice) -> Html {
    let (state, notice) = (state.clone(), notice.clone());
    let onclick = Callback::from(move |_: MouseEvent| {
        state.show_notifications(true);
        state.dismiss(&notice);
    });
    html! {
        <button type="button" class="connection__now" {onclick}>{ t("notice.turnOn") }</button>
    }
}

/// That nothing outlives the page, and why.
pub(crate) fn memory_only(fault: &Fault) -> AttrValue {
    t(match fault {
        Fault::Missing | Fault::Forbidden => "notice.noStorage",
        Fault::Full => "notice.full",
        Fault::NoLocks => "notice.noLocks",
        Fault::Newer => "notice.newBuild",
        Fault::Blocked => "notice.blocked",
        Fault::Deposed | Fault::Broken(_) => "notice.broken",
    })
}
