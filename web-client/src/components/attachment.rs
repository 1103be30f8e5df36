//! The file that a message is about: a picture, a video, something to hear, or a card.

use std::rc::Rc;

use couplet_engine::store::{Direction, File, FileKind, Message, Scope};
use web_sys::HtmlImageElement;
use yew::prelude::*;

use super::dialog::Dialog;
use super::icon::{Icon, icon};
use super::layer::{Layer, opening};
use crate::files::{pixels, placeholder};
use crate::hooks::use_model;
use crate::i18n::{file_size, lasting, t, t_with};
use crate::relay;
use crate::state::State;

/// The box of a picture, in pixels; one that isn't known by its size has all of it.
const WHOLE: (u32, u32) = (360, 300);
/// What a film has whose size isn't known: most are 16 to 9.
const WIDE: (u32, u32) = (360, 202);
/// The least of a side: there has to be something to press.
const LEAST: f64 = 48.0;
/// A larger picture than this, in bytes, is loaded by whoever wants to see it.
const LARGEST: u64 = 20_000_000;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) message: Rc<Message>,
}

struct Seen {
    /// Somebody wants to see it, whoever it is from.
    wanted: bool,
    /// The browser knows how large it is, and it can be drawn; or how long, and its player says.
    measured: bool,
    /// It isn't what it is said to be, or it isn't there any more, or there is too much of it.
    broken: bool,
}

/// The file of a message that has one.
#[component]
pub(crate) fn Attachment(props: &Props) -> Html {
    let Props { state, message } = props;
    let seen = use_model(|| Seen {
        wanted: false,
        measured: false,
        broken: false,
    });
    let Some(file) = message.file() else {
        return Html::default();
    };
    let url = url_of(state, file);
    let Seen {
        wanted,
        measured,
        broken,
    } = *seen.read();
    let trusted = wanted || loads_by_itself(state, message, file);
    let onerror = {
        let seen = seen.clone();
        Callback::from(move |_: Event| seen.change(|seen| seen.broken = true))
    };
    match file.kind() {
        _ if broken => card(file, url, Some(t("file.broken"))),
        FileKind::Picture if trusted => {
            let onload = Callback::from(move |event: Event| {
                let image: HtmlImageElement = event.target_unchecked_into();
                let fits = pixels::is_within(&image, pixels::MOST);
                seen.change(|seen| (seen.measured, seen.broken) = (fits, !fits));
            });
            picture(state, message, file, url, measured, onload, onerror)
        }
        FileKind::Picture => {
            let onclick =
                Callback::from(move |_: MouseEvent| seen.change(|seen| seen.wanted = true));
            unloaded(file, onclick)
        }
        FileKind::Video => {
            let known = Callback::from(move |_: Event| seen.change(|seen| seen.measured = true));
            video(file, url, trusted, (!measured).then_some(known), onerror)
        }
        FileKind::Audio => audio(file, url, trusted, onerror),
        FileKind::Other => card(file, url, None),
        FileKind::Sealed => sealed(file),
    }
}

/// Where this page finds it.
fn url_of(state: &State, file: &File) -> AttrValue {
    relay::url(&state.config().relay, &file.url)
}

/// Whoever loads a picture tells its server that they are there: only of people one knows.
fn loads_by_itself(state: &State, message: &Message, file: &File) -> bool {
    let known = message.direction == Direction::Outgoing
        || message.scope == Scope::Person && state.store().contact(&message.conversation).is_some();
    known && file.size.is_none_or(|size| size <= LARGEST)
}

/// A picture, which isn't drawn before it is known how many pixels it has.
fn picture(
    state: &State,
    message: &Rc<Message>,
    file: &File,
    url: AttrValue,
    measured: bool,
    onload: Callback<Event>,
    onerror: Callback<Event>,
) -> Html {
    let class = if measured {
        "picture__image"
    } else {
        "picture__image picture__image--unmeasured"
    };
    let onclick = opening::<MouseEvent>(state, Layer::Picture(message.clone()));
    let label = t_with("file.open", &[("name", &name(file))]);
    html! {
        <button type="button" class="picture" aria-label={label.clone()} title={label} {onclick}>
            { frame(file, WHOLE) }
            <img
                {class}
                src={url}
                alt={description(file)}
                decoding="async"
                referrerpolicy="no-referrer"
                {onload}
                {onerror}
            />
        </button>
    }
}

/// A picture of somebody one doesn't know.
fn unloaded(file: &File, onclick: Callback<MouseEvent>) -> Html {
    let label = t_with("file.load", &[("name", &name(file))]);
    html! {
        <button type="button" class="picture" aria-label={label} {onclick}>
            { frame(file, WHOLE) }
            <span class="picture__offer">{ icon(Icon::Picture) }{ t("file.show") }</span>
        </button>
    }
}

/// The place of the picture, which it has before it is there, and a few colours of it.
/// `unknown` is for one that isn't known by its size.
fn frame(file: &File, unknown: (u32, u32)) -> Html {
    let (width, height) = file.dimensions.map_or(unknown, box_of);
    let (width, height) = (width.to_string(), height.to_string());
    let view = ["0 0 ", &width, " ", &height].concat();
    html! {
        <>
            <svg class="picture__space" {width} {height} viewBox={view} aria-hidden="true" />
            if let Some(colours) = placeholder(&file.blurhash) {
                <img class="picture__colours" src={colours} alt="" />
            }
        </>
    }
}

/// As large as it is, within what there is room for.
fn box_of((width, height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(width), f64::from(height));
    let (widest, highest) = (f64::from(WHOLE.0), f64::from(WHOLE.1));
    let scale = (widest / width).min(highest / height).min(1.0);
    let side = |side: f64| (side * scale).round().max(LEAST) as u32;
    (side(width), side(height))
}

/// `known` is called when its player knows how long it is; until then it is said here.
fn video(
    file: &File,
    url: AttrValue,
    trusted: bool,
    known: Option<Callback<Event>>,
    onerror: Callback<Event>,
) -> Html {
    let unknown = known.is_some();
    html! {
        <div class="video">
            { frame(file, WIDE) }
            <video
                class="video__player"
                controls=true
                playsinline=true
                preload={preload(trusted)}
                src={url}
                aria-label={name(file)}
                onloadedmetadata={known}
                {onerror}
            />
            if unknown {
                { length(file, "video__length") }
            }
        </div>
    }
}

/// How long it is, if that is known.
fn length(file: &File, class: &'static str) -> Html {
    let length = file.duration.map(lasting);
    html! { <>{ for length.map(|length| html! { <span {class}>{ length }</span> }) }</> }
}

fn audio(file: &File, url: AttrValue, trusted: bool, onerror: Callback<Event>) -> Html {
    html! {
        <figure class="audio">
            <figcaption class="audio__head">
                <bdi class="audio__name" title={name(file)}>{ name(file) }</bdi>
                { length(file, "audio__length") }
            </figcaption>
            <audio
                class="audio__player"
                controls=true
                preload={preload(trusted)}
                src={url}
                aria-label={name(file)}
                {onerror}
            />
        </figure>
    }
}

fn preload(trusted: bool) -> &'static str {
    if trusted { "metadata" } else { "none" }
}

fn card(file: &File, url: AttrValue, note: Option<AttrValue>) -> Html {
    let shown = icon(type_icon(&file.media_type));
    html! {
        <a
            class="file"
            href={url}
            target="_blank"
            rel="noopener noreferrer nofollow"
            download={file.name.clone()}
        >
            <span class="file__icon">{ shown }</span>
            <span class="file__text">
                <bdi class="file__name" title={name(file)}>{ name(file) }</bdi>
                <span class="file__note">{ facts(file) }</span>
                if let Some(note) = note {
                    <span class="file__note">{ note }</span>
                }
            </span>
            { icon(Icon::Download) }
        </a>
    }
}

fn sealed(file: &File) -> Html {
    html! {
        <div class="file file--sealed">
            <span class="file__icon">{ icon(Icon::Lock) }</span>
            <span class="file__text">
                <bdi class="file__name">{ name(file) }</bdi>
                <span class="file__note">{ t("file.sealed") }</span>
            </span>
        </div>
    }
}

/// What it is, how large and how long, in few words.
fn facts(file: &File) -> String {
    let end = file.name.rsplit_once('.').map(|(_, end)| end);
    let kind = end.filter(|end| end.len() <= 5 && end.is_ascii());
    let kind = kind.map(str::to_uppercase);
    let size = file.size.map(file_size);
    let length = file.duration.map(lasting);
    let facts: Vec<String> = [kind, size, length].into_iter().flatten().collect();
    facts.join(" · ")
}

/// What it is called, if anything.
pub(crate) fn name(file: &File) -> String {
    match file.name.as_str() {
        "" => kind_words(file).to_string(),
        name => name.to_owned(),
    }
}

/// What it is, for who can't see it.
fn description(file: &File) -> String {
    match file.description.as_str() {
        "" => name(file),
        text => text.to_owned(),
    }
}

/// What it is, in a word or two.
fn kind_words(file: &File) -> AttrValue {
    match file.kind() {
        FileKind::Picture => t("file.photo"),
        FileKind::Video => t("file.video"),
        FileKind::Audio if file.is_voice() => t("file.voice"),
        FileKind::Audio => t("file.audio"),
        FileKind::Other => t("file.file"),
        FileKind::Sealed => t("file.sealedShort"),
    }
}

/// For a list, where there is no room to show it.
pub(crate) fn in_short(file: &File) -> String {
    match file.kind() {
        FileKind::Other => name(file),
        FileKind::Audio if !file.is_voice() => name(file),
        _ => kind_words(file).to_string(),
    }
}

/// The icon for a media type.
pub(crate) fn type_icon(media_type: &str) -> Icon {
    match media_type.split('/').next() {
        Some("image") => Icon::Picture,
        Some("video") => Icon::Film,
        Some("audio") => Icon::Sound,
        _ => Icon::File,
    }
}

/// The picture, as large as there is room.
pub(crate) fn lightbox(state: &State, message: &Rc<Message>) -> Html {
    let Some(file) = message.file() else {
        return Html::default();
    };
    let url = url_of(state, file);
    html! {
        <Dialog state={state.clone()} title={name(file)} class="dialog--picture">
            <img
                class="lightbox"
                src={url.clone()}
                alt={description(file)}
                referrerpolicy="no-referrer"
            />
            <p class="lightbox__foot">
                <span>{ facts(file) }</span>
                <a
                    class="button button--small"
                    href={url}
                    target="_blank"
                    rel="noopener noreferrer nofollow"
                    download={file.name.clone()}
                >
                    { icon(Icon::Download) }{ t("file.download") }
                </a>
            </p>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_shape_and_no_more_than_its_box() {
        assert_eq!(box_of((4000, 3000)), (360, 270));
        assert_eq!(box_of((100, 80)), (100, 80));
        assert_eq!(box_of((1, 65_535)), (48, 300));
        assert_eq!(box_of((65_535, 1)), (360, 48));
    }
}
