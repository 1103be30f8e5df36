//! What is going to be sent besides text, over the composer: how far it is, and what can be done
//! about it.

use gloo_events::{EventListener, EventListenerOptions};
use jid::BareJid;
use wasm_bindgen::JsCast as _;
use web_sys::{DataTransfer, DragEvent, HtmlSelectElement};
use yew::prelude::*;

use couplet_engine::store::Refusal;

use super::attachment::type_icon;
use super::file_picker::{choose, has};
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use crate::files::{Quality, is_picture};
use crate::hooks::{Model, use_change, use_model, use_subjects};
use crate::i18n::{file_size, t, t_with, time};
use crate::state::{Failure, Progress, State, Subject, Upload, document};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
    /// Nothing can be said here.
    pub(crate) disabled: bool,
}

/// The files, and where more can be dropped.
#[component]
pub(crate) fn FileTray(props: &Props) -> Html {
    let Props {
        state,
        jid,
        disabled,
    } = props;
    use_subjects(state, vec![Subject::Uploads]);
    let dragged = use_model(|| false);
    {
        let (state, jid, dragged) = (state.clone(), jid.clone(), dragged.clone());
        let disabled = *disabled;
        use_change(
            disabled.to_string(),
            Box::new(move || {
                let listeners = (!disabled).then(|| take_drops(&state, &jid, &dragged));
                Some(Box::new(move || drop(listeners)))
            }),
        );
    }
    let uploads = state.uploads(jid);
    let name = state.store().name(jid).to_owned();
    html! {
        <>
            if *dragged.read() {
                <div class="drop">
                    <p class="drop__text">{ icon(Icon::Clip) }{ t_with("files.drop", &[("name", &name)]) }</p>
                </div>
            }
            if !uploads.is_empty() {
                { tray(state, jid, &uploads) }
            }
        </>
    }
}

/// A way into the second module: there are files.
#[inline(never)]
fn tray(state: &State, jid: &BareJid, uploads: &[Upload]) -> Html {
    html! {
        <section class="tray" aria-label={t("files.tray")}>
            <ul class="tray__list">{ for uploads.iter().map(|upload| row(state, upload)) }</ul>
            { quality(state, jid, uploads) }
        </section>
    }
}

/// What is done when files are dragged over the page, or dropped on it.
type Act = Box<dyn Fn(&DragEvent, &DataTransfer)>;

/// Files that are dropped anywhere on the page are for this conversation.
fn take_drops(state: &State, jid: &BareJid, dragged: &Model<bool>) -> Option<[EventListener; 3]> {
    let document = document()?;
    let listen = |event: &'static str, act: Act| {
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&document, event, options, move |event| {
            let event: &DragEvent = event.unchecked_ref();
            if let Some(data) = event.data_transfer().filter(|data| has(data, "Files")) {
                act(event, &data);
            }
        })
    };
    let (over, left, dropped) = (dragged.clone(), dragged.clone(), dragged.clone());
    let (state, jid) = (state.clone(), jid.clone());
    let over: Act = Box::new(move |event, data| {
        event.prevent_default();
        data.set_drop_effect("copy");
        show(&over, true);
    });
    let leave: Act = Box::new(move |event, _| {
        // Out of the window, not from one element to another.
        if event.related_target().is_none() {
            show(&left, false);
        }
    });
    let drop: Act = Box::new(move |event, data| {
        event.prevent_default();
        show(&dropped, false);
        choose(&state, &jid, data);
    });
    Some([
        listen("dragover", over),
        listen("dragleave", leave),
        listen("drop", drop),
    ])
}

fn show(dragged: &Model<bool>, shown: bool) {
    let before = *dragged.read();
    if before != shown {
        dragged.change(|dragged| *dragged = shown);
    }
}

fn row(state: &State, upload: &Upload) -> Html {
    let number = upload.number;
    let name = [("name", upload.name.as_str())];
    let stop = {
        let state = state.clone();
        Callback::from(move |_| state.drop_upload(number))
    };
    let stop_label = match upload.progress {
        Progress::Waiting | Progress::Sending(_) => t_with("files.cancel", &name),
        Progress::Chosen | Progress::Failed(_) => t_with("files.remove", &name),
    };
    let (class, note, detail) = match &upload.progress {
        Progress::Chosen => ("tray__item", file_size(upload.size).into(), Html::default()),
        Progress::Waiting => ("tray__item", t("files.waiting"), bar(&upload.name, None)),
        Progress::Sending(percent) => {
            let size = file_size(upload.size);
            let values = [("percent", &*percent.to_string()), ("size", &size)];
            let note = t_with("files.sending", &values);
            ("tray__item", note, bar(&upload.name, Some(*percent)))
        }
        Progress::Failed(failure) => (
            "tray__item tray__item--failed",
            words(failure),
            again(state, number, failure),
        ),
    };
    let role = matches!(upload.progress, Progress::Failed(_)).then_some("alert");
    html! {
        <li key={number} {class}>
            <span class="tray__picture">
                if let Some(picture) = &upload.picture {
                    <img src={picture} alt="" />
                } else {
                    { icon(type_icon(&upload.media_type)) }
                }
            </span>
            <span class="tray__text">
                <bdi class="tray__name" title={upload.name.clone()}>{ &upload.name }</bdi>
                <span class="tray__note" {role}>{ note }</span>
                { detail }
                if upload.unkept {
                    <span class="tray__note">{ t("files.unkept") }</span>
                }
            </span>
            { icon_button(Icon::Close, stop_label, stop) }
        </li>
    }
}

fn bar(name: &str, percent: Option<u8>) -> Html {
    html! {
        <progress
            class="tray__bar"
            aria-label={name.to_owned()}
            max="100"
            value={percent.map(|percent| percent.to_string())}
        />
    }
}

fn again(state: &State, number: u32, failure: &Failure) -> Html {
    if !failure.may_pass() {
        return Html::default();
    }
    let state = state.clone();
    let onclick = Callback::from(move |_: MouseEvent| state.retry_upload(number));
    html! {
        <button type="button" class="message__act tray__again" {onclick}>{ t("failure.again") }</button>
    }
}

/// What went wrong, and what to do about it.
fn words(failure: &Failure) -> AttrValue {
    match failure {
        Failure::Refused(Refusal::NoService) => t("files.noService"),
        Failure::Refused(Refusal::TooLarge(Some(limit))) => {
            t_with("files.tooLarge", &[("limit", &file_size(*limit))])
        }
        Failure::Refused(Refusal::TooLarge(None)) | Failure::Status(413) => {
            t("files.tooLargeUnknown")
        }
        Failure::Refused(Refusal::Wait(Some(until))) => {
            t_with("files.waitUntil", &[("time", &time(*until))])
        }
        Failure::Refused(Refusal::Wait(None)) => t("files.wait"),
        Failure::Refused(Refusal::Other {
            text: Some(text), ..
        }) => t_with("files.refusedQuote", &[("text", text)]),
        Failure::Refused(Refusal::Other { condition, .. }) => {
            t_with("files.refused", &[("reason", condition)])
        }
        Failure::Status(status) => t_with("files.refused", &[("reason", &status.to_string())]),
        Failure::Broken => t("files.broken"),
        Failure::Unreadable => t("files.unreadable"),
        Failure::Gone => t("whisper.left"),
    }
}

/// What is done to pictures and films, as long as there is one to decide about.
fn quality(state: &State, jid: &BareJid, uploads: &[Upload]) -> Html {
    let concerned = uploads.iter().filter(|upload| upload.quality.is_some());
    let Some(chosen) = concerned.clone().find_map(|upload| upload.quality) else {
        return Html::default();
    };
    let (pictures, films): (Vec<_>, Vec<_>) =
        concerned.partition(|upload| is_picture(&upload.media_type));
    let label = match films.is_empty() {
        true => "files.pictures",
        false => "files.films",
    };
    let mut choices = vec![
        (Quality::Clean, "files.clean"),
        (Quality::Small, "files.small"),
        (Quality::Original, "files.original"),
    ];
    // Films stay as large as they are.
    choices.retain(|(quality, _)| *quality != Quality::Small || !pictures.is_empty());
    let options = choices.iter().map(|(quality, key)| {
        html! { <option selected={*quality == chosen}>{ t(key) }</option> }
    });
    let options: Html = options.collect();
    let onchange = {
        let (state, jid) = (state.clone(), jid.clone());
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let chosen = usize::try_from(select.selected_index());
            if let Some((quality, _)) = chosen.ok().and_then(|place| choices.get(place)) {
                state.set_picture_quality(&jid, *quality);
            }
        })
    };
    html! {
        <label class="tray__quality">
            <span>{ t(label) }</span>
            <select class="tray__select" {onchange}>
                { options }
            </select>
        </label>
    }
}
