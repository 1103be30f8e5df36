//! For whom what is being written in a room is, where not for everybody.

use couplet_engine::foreign::tame;
use couplet_engine::store::{Topic, Whisper};
use jid::BareJid;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::hooks::use_subjects;
use crate::i18n::{t, t_with};
use crate::state::State;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
    pub(crate) whisper: Whisper,
}

/// Over the composer, with the way out; it says when nobody would get it.
#[component]
pub(crate) fn WhisperBanner(props: &Props) -> Html {
    let Props {
        state,
        jid,
        whisper,
    } = props;
    let topics = [Topic::Room(jid.clone()), Topic::Occupants(jid.clone())];
    use_subjects(state, topics.map(Into::into).into());
    let stop = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |_| state.whisper(&jid, None))
    };
    let whisper = &state.now_called(jid, whisper.clone());
    let gone = !state.reaches(jid, whisper);
    html! {
        <div class="composer__banner" role="group" aria-label={words(whisper)}>
            { icon(if gone { Icon::Alert } else { Icon::Lock }) }
            <p role="status" dir="auto">
                { if gone { gone_words(whisper) } else { words(whisper) } }
            </p>
            { icon_button(Icon::Close, t("whisper.stop"), stop) }
        </div>
    }
}

/// For whom it is.
pub(crate) fn words(whisper: &Whisper) -> AttrValue {
    t_with("whisper.to", &[("name", &tame(&whisper.nick))])
}

/// That they would not get it.
pub(crate) fn gone_words(whisper: &Whisper) -> AttrValue {
    t_with("whisper.gone", &[("name", &tame(&whisper.nick))])
}
