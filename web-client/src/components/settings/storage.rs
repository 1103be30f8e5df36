//! What is kept in this browser.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::super::dialog::{submitting, value};
use super::super::layer::{Layer, opening};
use crate::hooks::Model;
use crate::i18n::{file_size, t, t_count, t_with};
use crate::platform;
use crate::state::{End, Format, State};

/// What the browser says of what it keeps.
#[derive(Default)]
pub(super) struct Usage {
    asked: bool,
    bytes: Option<u64>,
    /// It isn't thrown away when the disk runs full.
    safe: bool,
}

pub(super) fn page(state: &State, usage: &Model<Usage>) -> Html {
    ask(usage);
    let now = usage.read();
    html! {
        <>
            <section class="setting" aria-labelledby="storage-device">
                <h4 id="storage-device" class="setting__label">{ t("storage.device") }</h4>
                if !state.is_kept() {
                    <p class="setting__hint">{ t("storage.nothing") }</p>
                } else {
                    <p class="setting__hint">
                        { match now.bytes {
                            Some(bytes) => t_with("storage.used", &[("size", &file_size(bytes))]),
                            None => t("storage.unknown"),
                        } }
                        { " " }
                        { t(if now.safe { "storage.safe" } else { "storage.unsafe" }) }
                    </p>
                }
                <button
                    type="button"
                    class="button"
                    onclick={opening(state, Layer::ClearData)}
                >
                    { t("storage.clear") }
                </button>
            </section>
            { export(state) }
        </>
    }
}

/// The format by the value that the form has for it.
const FORMATS: [(&str, Format, &str); 3] = [
    ("xml", Format::Xml, "export.xml"),
    ("json", Format::Json, "export.json"),
    ("text", Format::Text, "export.plain"),
];
const FORMAT: &str = "export-format";

fn export(state: &State) -> Html {
    let progress = state.exporting();
    let chosen = state.export_format().unwrap_or(Format::Xml);
    let running = progress.is_some_and(|progress| progress.end.is_none());
    let onsubmit = {
        let state = state.clone();
        submitting(move |form| {
            let wanted = value(form, FORMAT);
            let wanted = FORMATS.iter().find(|(value, ..)| *value == wanted);
            if let Some((_, format, _)) = wanted.filter(|_| !running) {
                state.export(*format);
            }
        })
    };
    let stop = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.stop_export())
    };
    let formats = FORMATS.iter().map(|(value, format, label)| {
        html! {
            <label class="choice">
                <input
                    type="radio"
                    name={FORMAT}
                    value={*value}
                    class="choice__input"
                    checked={*format == chosen}
                />
                <span>{ t(label) }</span>
            </label>
        }
    });
    let news = progress.map(|progress| match progress.end {
        None => t_count("export.reading", progress.count),
        Some(End::Done) => t_count("export.done", progress.count),
        Some(End::Failed) => t("export.failed"),
        Some(End::Stopped) => t("export.stopped"),
    });
    html! {
        <form class="setting" aria-labelledby="storage-export" {onsubmit}>
            <h4 id="storage-export" class="setting__label">{ t("export.title") }</h4>
            <p class="setting__hint">{ t("export.text") }</p>
            <fieldset class="choices">
                <legend class="visually-hidden">{ t("export.format") }</legend>
                { for formats }
            </fieldset>
            <p class="setting__hint" role="status">{ news.unwrap_or_default() }</p>
            if running {
                <button type="button" class="button" onclick={stop}>{ t("export.stop") }</button>
            } else {
                <button type="submit" class="button">{ t("export.start") }</button>
            }
        </form>
    }
}

/// Asks once for each time that the settings are opened.
fn ask(usage: &Model<Usage>) {
    if usage.read().asked {
        return;
    }
    usage.note(|usage| usage.asked = true);
    let usage = usage.clone();
    spawn_local(async move {
        let (bytes, safe) = platform::kept().await;
        usage.change(|usage| (usage.bytes, usage.safe) = (bytes, safe));
    });
}
