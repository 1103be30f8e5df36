//! A conversation: who it is with, what was said, what we say.

use couplet_engine::store::Topic;
use jid::BareJid;
use yew::prelude::*;

use super::blocking::blocked_bar;
use super::composer::Composer;
use super::conversation_header::conversation_header;
use super::room::room_bar;
use super::room_standing::room_standing;
use super::timeline::Timeline;
use super::typing::typing_line;
use crate::hooks::{use_each_rendering, use_mount, use_subjects};
use crate::state::{State, Subject};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
    /// Whether the details are open beside it.
    pub(crate) details: bool,
}

/// The conversation with `jid`. Give it a key: its parts belong to one conversation.
#[component]
pub(crate) fn Conversation(props: &Props) -> Html {
    let Props {
        state,
        jid,
        details,
    } = props;
    let mut subjects: Vec<Subject> = [
        Topic::Session,
        Topic::Roster,
        Topic::Presence(jid.clone()),
        Topic::Avatar(jid.clone()),
        Topic::Conversation(jid.clone()),
        Topic::Room(jid.clone()),
        Topic::Blocking,
    ]
    .map(Into::into)
    .into();
    subjects.extend([Subject::Attention, Subject::Day]);
    subjects.extend(state.me().map(|me| Topic::Avatar(me).into()));
    let room = state.store().room(jid).is_some();
    subjects.extend(room.then(|| Topic::Faces.into()));
    use_subjects(state, subjects);

    let update = use_force_update();
    let parts = use_memo((), {
        let (state, jid) = (state.clone(), jid.clone());
        move |()| {
            (
                Timeline::new(&state, &jid, update.clone()),
                Composer::new(&state, &jid, update),
            )
        }
    });
    let (timeline, composer) = &*parts;
    {
        let (timeline, composer) = (timeline.clone(), composer.clone());
        let (opened, with) = (state.clone(), jid.clone());
        use_mount(Box::new(move || {
            let watch = timeline.opened();
            opened.note_opened(&with);
            composer.opened();
            // By the time one leaves, the reference to the field is empty.
            let area = composer.area();
            Some(Box::new(move || {
                composer.closed(area);
                drop(watch);
            }))
        }));
    }
    {
        let (timeline, composer) = (timeline.clone(), composer.clone());
        use_each_rendering(Box::new(move || {
            timeline.rendered();
            composer.rendered();
        }));
    }
    let onsend = {
        let timeline = timeline.clone();
        Callback::from(move |()| timeline.jump_to_end())
    };
    html! {
        <>
            { conversation_header(state, jid, *details) }
            { timeline.html() }
            { typing_line(state, jid) }
            { room_bar(state, jid) }
            { room_standing(state, jid) }
            { blocked_bar(state, jid) }
            if !state.store().is_blocked(jid) {
                { composer.html(onsend) }
            }
        </>
    }
}
