//! The ways in which files come to a conversation: chosen, taken, pasted, dropped.

use jid::BareJid;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DataTransfer, File, FileList, HtmlInputElement};
use yew::prelude::*;

use super::icon::Icon;
use super::icon_button::icon_button;
use super::menu::Entry;
use crate::i18n::t;
use crate::state::{State, document};

/// A button that lets one choose files.
pub(crate) fn attach_button(state: &State, jid: &BareJid, disabled: bool) -> Html {
    if disabled {
        return Html::default();
    }
    let (state, jid) = (state.clone(), jid.clone());
    let onclick = Callback::from(move |_: MouseEvent| pick(&state, &jid, false));
    icon_button(Icon::Clip, t("files.attach"), onclick)
}

/// Takes a photo, where there is a camera to hold.
pub(crate) fn camera(state: &State, jid: &BareJid) -> Entry {
    let (state, jid) = (state.clone(), jid.clone());
    Entry {
        icon: Icon::Camera,
        label: t("files.camera"),
        chosen: None,
        separated: false,
        onselect: Callback::from(move |()| pick(&state, &jid, true)),
    }
}

/// Opens the system's own dialog, or its camera.
fn pick(state: &State, jid: &BareJid, camera: bool) {
    let (state, jid) = (state.clone(), jid.clone());
    let chosen = Box::new(move |files: &FileList| state.choose_files(&jid, each(files).collect()));
    let (accept, capture) = match camera {
        true => (Some("image/*"), Some("environment")),
        false => (None, None),
    };
    open(accept, capture, !camera, chosen);
}

/// Lets one choose a picture.
pub(crate) fn pick_picture(chosen: Callback<File>) {
    let chosen = Box::new(move |files: &FileList| {
        if let Some(file) = files.get(0) {
            chosen.emit(file);
        }
    });
    open(Some("image/*"), None, false, chosen);
}

fn open(
    accept: Option<&str>,
    capture: Option<&str>,
    multiple: bool,
    chosen: Box<dyn Fn(&FileList)>,
) {
    let input = document().and_then(|document| document.create_element("input").ok());
    let Some(input) = input.and_then(|input| input.dyn_into::<HtmlInputElement>().ok()) else {
        return;
    };
    input.set_type("file");
    input.set_multiple(multiple);
    input.set_accept(accept.unwrap_or_default());
    if let Some(capture) = capture {
        // A new element takes any attribute.
        let _ = input.set_attribute("capture", capture);
    }
    let chosen = {
        let input = input.clone();
        move |_: &Event| {
            if let Some(files) = input.files() {
                chosen(&files);
            }
        }
    };
    // Called at most once; what is never called goes with the element.
    gloo_events::EventListener::once(&input, "change", chosen).forget();
    input.click();
}

/// What is pasted besides text.
pub(crate) fn paste(state: &State, jid: &BareJid, event: &Event) {
    let data = Reflect::get(event, &JsValue::from_str("clipboardData"));
    let data = data
        .ok()
        .and_then(|data| data.dyn_into::<DataTransfer>().ok());
    // What is copied out of a document comes with a picture of it.
    let is_file = |data: &DataTransfer| has(data, "Files") && !has(data, "text/plain");
    if let Some(data) = data.filter(is_file) {
        event.prevent_default();
        choose(state, jid, &data);
    }
}

/// Takes the files of `data`.
pub(crate) fn choose(state: &State, jid: &BareJid, data: &DataTransfer) {
    if let Some(files) = data.files() {
        state.choose_files(jid, each(&files).collect());
    }
}

/// Whether it carries something of this kind: `Files`, or a media type.
pub(crate) fn has(data: &DataTransfer, kind: &str) -> bool {
    Array::from(&data.types()).includes(&JsValue::from_str(kind), 0)
}

fn each(files: &FileList) -> impl Iterator<Item = File> + use<> {
    let files = files.clone();
    (0..files.length()).filter_map(move |place| files.get(place))
}
