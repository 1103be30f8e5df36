//! A picture that others see, ours or a room's: chosen, cut to size, shown or taken away.

use couplet_engine::store::{NotSaved, Topic};
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, ImageBitmap};
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::crop::Crop;
use super::dialog::Dialog;
use super::file_picker::pick_picture;
use super::trouble::with_quote;
use crate::files::{Cut, cut_out, open_picture};
use crate::hooks::{Model, use_model, use_subjects};
use crate::i18n::{t, t_with};
use crate::state::{Pending, State};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// Whose picture.
    pub(crate) jid: BareJid,
    /// What else can be done beside it.
    #[prop_or_default]
    pub(crate) buttons: Html,
    /// What is below it, unless a part of a picture is being chosen.
    #[prop_or_default]
    pub(crate) children: Html,
}

#[derive(Default)]
struct Editing {
    /// The picture of which a part is being chosen.
    crop: Option<ImageBitmap>,
    /// The picture on its way to the server.
    pending: Option<Pending>,
    /// What can't be opened, or was not taken.
    problem: Option<AttrValue>,
}

/// The picture with what can be done about it.
#[component]
pub(crate) fn Portrait(props: &Props) -> Html {
    let Props {
        state,
        jid,
        buttons,
        children,
    } = props;
    // What becomes of a change is told of ourselves.
    let topics = std::iter::once(Topic::Avatar(jid.clone())).chain(state.me().map(Topic::Profile));
    use_subjects(state, topics.map(Into::into).collect());
    let editing = use_model(Editing::default);
    settle(state, jid, &editing);
    let now = editing.read();
    let crop = now.crop.as_ref().map(|picture| {
        let oncancel = {
            let editing = editing.clone();
            Callback::from(move |_| editing.change(|editing| editing.crop = None))
        };
        let onchoose = choosing(state, jid, &editing, picture);
        html! { <Crop picture={picture.clone()} {onchoose} {oncancel} /> }
    });
    let store = state.store();
    // What has been typed stays while a picture is being cut.
    html! {
        <>
            <div hidden={crop.is_some()}>
                <div class="profile__picture">
                    { avatar(state, jid, store.name(jid), Size::Huge, None) }
                    <div class="profile__buttons">
                        <button
                            type="button"
                            class="button button--small"
                            onclick={picking(&editing)}
                        >
                            { t("profile.choose") }
                        </button>
                        if store.avatar(jid).is_some() {
                            <button
                                type="button"
                                class="button button--small button--quiet"
                                onclick={removing(state, jid, &editing)}
                            >
                                { t("profile.remove") }
                            </button>
                        }
                        { buttons.clone() }
                    </div>
                </div>
                <p class="profile__news" role="status">
                    if let Some(problem) = &now.problem {
                        <span class="profile__problem">{ problem }</span>
                    } else if now.pending.is_some() {
                        { t("profile.saving") }
                    }
                </p>
                { children.clone() }
            </div>
            { crop.unwrap_or_default() }
        </>
    }
}

/// The dialog for the picture of a room that is ours.
pub(crate) fn of_room(state: &State, room: &BareJid) -> Html {
    html! {
        <Dialog state={state.clone()} title={t("roomPicture.title")}>
            <Portrait state={state.clone()} jid={room.clone()} />
        </Dialog>
    }
}

/// Takes notice of what the server has answered.
fn settle(state: &State, jid: &BareJid, editing: &Model<Editing>) {
    let outcome = {
        let now = editing.read();
        now.pending
            .as_ref()
            .and_then(|pending| state.outcome(pending))
    };
    let Some(outcome) = outcome else {
        return;
    };
    let is_ours = state.me().as_ref() == Some(jid);
    let (state, editing) = (state.clone(), editing.clone());
    // Rendering changes nothing itself.
    spawn_local(async move {
        let problem = match outcome {
            Ok(()) => {
                state.announce(&t(match is_ours {
                    true => "profile.pictureSaved",
                    false => "roomPicture.saved",
                }));
                None
            }
            Err(reason) if is_ours => Some(why(&reason)),
            Err(reason) => Some(why_not_room(&reason)),
        };
        editing.change(|editing| {
            editing.pending = None;
            editing.problem = problem;
        });
    });
}

/// What went wrong with our own profile, and what to do.
pub(crate) fn why(reason: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("profile.offline");
    };
    let said = match condition.as_str() {
        "service-unavailable" | "feature-not-implemented" => t("profile.unsupported"),
        "policy-violation" | "not-acceptable" | "resource-constraint" => t("profile.tooMuch"),
        _ => t_with("profile.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

/// The same with a room.
fn why_not_room(reason: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("profile.offline");
    };
    let said = match condition.as_str() {
        "service-unavailable" | "feature-not-implemented" => t("roomPicture.unsupported"),
        "forbidden" | "not-allowed" | "not-authorized" => t("roomSettings.forbidden"),
        "policy-violation" | "not-acceptable" | "resource-constraint" => t("roomPicture.tooMuch"),
        _ => t_with("roomSettings.refused", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

fn picking(editing: &Model<Editing>) -> Callback<MouseEvent> {
    let editing = editing.clone();
    Callback::from(move |_| {
        let editing = editing.clone();
        pick_picture(Callback::from(move |file: File| {
            let editing = editing.clone();
            spawn_local(async move {
                let opened = open_picture(&file).await;
                editing.change(|editing| {
                    editing.problem = opened.is_none().then(|| t("profile.unreadable"));
                    editing.crop = opened;
                });
            });
        }));
    })
}

fn choosing(
    state: &State,
    jid: &BareJid,
    editing: &Model<Editing>,
    picture: &ImageBitmap,
) -> Callback<Cut> {
    let (state, jid) = (state.clone(), jid.clone());
    let (editing, picture) = (editing.clone(), picture.clone());
    Callback::from(move |cut| {
        let (state, jid) = (state.clone(), jid.clone());
        let (editing, picture) = (editing.clone(), picture.clone());
        spawn_local(async move {
            let portrait = cut_out(&picture, cut).await;
            picture.close();
            let pending = portrait.map(|portrait| state.set_picture(&jid, Some(portrait)));
            editing.change(|editing| {
                editing.crop = None;
                editing.problem = pending.is_none().then(|| t("profile.unreadable"));
                editing.pending = pending;
            });
        });
    })
}

fn removing(state: &State, jid: &BareJid, editing: &Model<Editing>) -> Callback<MouseEvent> {
    let (state, jid, editing) = (state.clone(), jid.clone(), editing.clone());
    Callback::from(move |_| {
        let pending = state.set_picture(&jid, None);
        editing.change(|editing| {
            editing.problem = None;
            editing.pending = Some(pending);
        });
    })
}
