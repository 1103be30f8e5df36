//! Any emoji, by its group, its name, or because one used it last.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement, NodeList};
use yew::prelude::*;

use super::emoji::{self, Emoji, Groups, Query};
use super::icon_button::word;
use crate::hooks::{Model, use_model, use_mount};
use crate::i18n::t;
use crate::platform;

/// The texts of the groups and the emoji that stand for them, in the list's order.
const GROUPS: [(&str, &str); 9] = [
    ("emoji.smileys", "😀"),
    ("emoji.people", "👋"),
    ("emoji.nature", "🐻"),
    ("emoji.food", "🍎"),
    ("emoji.travel", "🚗"),
    ("emoji.activities", "⚽"),
    ("emoji.objects", "💡"),
    ("emoji.symbols", "❤️"),
    ("emoji.flags", "🏁"),
];
/// The texts of the tones, and what shows them.
const TONES: [(&str, &str); 6] = [
    ("emoji.noTone", "✋"),
    ("emoji.light", "✋🏻"),
    ("emoji.mediumLight", "✋🏼"),
    ("emoji.medium", "✋🏽"),
    ("emoji.mediumDark", "✋🏾"),
    ("emoji.dark", "✋🏿"),
];
/// Emoji a row.
const COLUMNS: i32 = 8;
/// More than these nobody looks through.
const MOST_FOUND: usize = 96;
const MOST_RECENT: usize = 24;

const RECENT: &str = "couplet.emoji";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) onpick: Callback<String>,
}

enum List {
    Loading,
    Missing,
    Here(Groups),
}

struct Picker {
    list: List,
    query: String,
    /// A group, or what was used last.
    group: Option<usize>,
    /// 0 is none.
    tone: usize,
    recent: Vec<String>,
}

impl Picker {
    fn new() -> Self {
        let recent = platform::preference(RECENT).unwrap_or_default();
        let recent: Vec<String> = recent.split_whitespace().map(str::to_owned).collect();
        Self {
            list: List::Loading,
            query: String::new(),
            group: recent.is_empty().then_some(0),
            tone: emoji::tone(),
            recent,
        }
    }

    /// What is shown: each emoji, and what it is called.
    fn shown(&self) -> Vec<(String, String)> {
        let List::Here(groups) = &self.list else {
            return self.typed().into_iter().collect();
        };
        let entry = |emoji: &Emoji| (emoji.toned(self.tone), emoji.name.clone());
        let all = || groups.iter().flatten();
        if !self.query.is_empty() {
            let query = Query::new(&self.query);
            let found: Vec<_> = all().filter(|emoji| emoji.is_meant_by(&query)).collect();
            let (first, rest): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|emoji| emoji.begins_with(&query));
            let found = first.into_iter().chain(rest).map(entry);
            let found: Vec<_> = found.take(MOST_FOUND).collect();
            return match found.is_empty() {
                true => self.typed().into_iter().collect(),
                false => found,
            };
        }
        match self.group {
            Some(group) => groups.get(group).into_iter().flatten().map(entry).collect(),
            None => {
                let name = |text: &String| {
                    let known = all().find(|emoji| emoji.is(text));
                    let name = known.map_or(text, |emoji| &emoji.name);
                    (text.clone(), name.clone())
                };
                self.recent.iter().map(name).collect()
            }
        }
    }

    /// What was typed, if it may be an emoji that isn't in the list.
    fn typed(&self) -> Option<(String, String)> {
        let query = self.query.trim();
        let is_word =
            |char: char| char.is_alphanumeric() || char.is_ascii() || char.is_whitespace();
        let may_be = !query.is_empty() && !query.chars().any(is_word) && query.len() < 64;
        may_be.then(|| (query.to_owned(), query.to_owned()))
    }
}

/// The groups, what is in one of them or has been found, and the tones of skin.
#[component]
pub(crate) fn EmojiPicker(props: &Props) -> Html {
    let picker = use_model(Picker::new);
    let grid = use_node_ref();
    {
        let picker = picker.clone();
        use_mount(Box::new(move || {
            spawn_local(async move {
                let list = emoji::groups().await.map_or(List::Missing, List::Here);
                picker.change(|picker| picker.list = list);
            });
            None
        }));
    }
    let oninput = {
        let picker = picker.clone();
        Callback::from(move |event: InputEvent| {
            let field: Option<HtmlInputElement> = event.target_dyn_into();
            let query = field.map(|field| field.value()).unwrap_or_default();
            picker.change(|picker| picker.query = query.trim_start().to_owned());
        })
    };
    let pick = {
        let (picker, onpick) = (picker.clone(), props.onpick.clone());
        Callback::from(move |emoji: String| {
            note(&picker, &emoji);
            onpick.emit(emoji);
        })
    };
    let known = picker.read();
    let shown = known.shown();
    let onkeydown = {
        let (grid, pick) = (grid.clone(), pick.clone());
        let first = shown.first().map(|(emoji, _)| emoji.clone());
        Callback::from(move |event: KeyboardEvent| {
            match (event.key().as_str(), &first) {
                ("Enter", Some(first)) => pick.emit(first.clone()),
                ("ArrowDown", Some(_)) => focus(&grid, 0),
                _ => return,
            }
            event.prevent_default();
        })
    };
    html! {
        <div class="emoji">
            <input
                class="emoji__search"
                type="search"
                aria-label={t("emoji.search")}
                placeholder={t("emoji.search")}
                autocomplete="off"
                autofocus=true
                value={known.query.clone()}
                {oninput}
                {onkeydown}
            />
            { groups(&picker, &known) }
            <div class="emoji__grid" role="group" aria-label={t("emoji.results")} ref={grid.clone()}>
                { for shown.iter().enumerate().map(|(place, (emoji, name))| {
                    button(&grid, &pick, place, emoji, name)
                }) }
            </div>
            { words(&known, shown.is_empty()) }
            { tones(&picker, known.tone) }
        </div>
    }
}

/// It has been used last.
fn note(picker: &Model<Picker>, emoji: &str) {
    let mut recent = picker.read().recent.clone();
    recent.retain(|known| known != emoji);
    recent.insert(0, emoji.to_owned());
    recent.truncate(MOST_RECENT);
    platform::prefer(RECENT, Some(&recent.join(" ")));
    picker.change(|picker| picker.recent = recent);
}

fn groups(picker: &Model<Picker>, known: &Picker) -> Html {
    let tab = |group: Option<usize>, label: &'static str, face: &'static str| {
        let chosen = known.query.is_empty() && known.group == group;
        let onclick = {
            let picker = picker.clone();
            Callback::from(move |_: MouseEvent| {
                picker.change(|picker| {
                    picker.query.clear();
                    picker.group = group;
                });
            })
        };
        html! {
            <button
                type="button"
                class="emoji__group"
                aria-pressed={word(chosen)}
                aria-label={t(label)}
                title={t(label)}
                {onclick}
            >
                { face }
            </button>
        }
    };
    let all = GROUPS.iter().enumerate();
    let all = all.map(|(group, (label, face))| tab(Some(group), label, face));
    html! {
        <div class="emoji__groups" role="group" aria-label={t("emoji.groups")}>
            if !known.recent.is_empty() {
                { tab(None, "emoji.recent", "🕘") }
            }
            { for all }
        </div>
    }
}

fn button(grid: &NodeRef, pick: &Callback<String>, place: usize, emoji: &str, name: &str) -> Html {
    let onclick = {
        let (pick, emoji) = (pick.clone(), emoji.to_owned());
        Callback::from(move |_: MouseEvent| pick.emit(emoji.clone()))
    };
    let onkeydown = {
        let (grid, place) = (grid.clone(), i32::try_from(place).unwrap_or_default());
        Callback::from(move |event: KeyboardEvent| {
            let place = match event.key().as_str() {
                "ArrowRight" => place + 1,
                "ArrowLeft" => place - 1,
                "ArrowDown" => place + COLUMNS,
                "ArrowUp" => place - COLUMNS,
                _ => return,
            };
            focus(&grid, place);
            event.prevent_default();
        })
    };
    // The Tab key goes past all of them but the first.
    let tabindex = if place == 0 { "0" } else { "-1" };
    html! {
        <button
            type="button"
            class="emoji__one"
            key={emoji}
            aria-label={name.to_owned()}
            title={name.to_owned()}
            {tabindex}
            {onclick}
            {onkeydown}
        >
            { emoji }
        </button>
    }
}

fn focus(grid: &NodeRef, place: i32) {
    let Some(grid) = grid.cast::<HtmlElement>() else {
        return;
    };
    let Ok(all): Result<NodeList, _> = grid.query_selector_all("button") else {
        return;
    };
    let wanted = u32::try_from(place).ok().and_then(|place| all.get(place));
    if let Some(button) = wanted.and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        // A button in the document takes the focus.
        let _ = button.focus();
    }
}

fn words(known: &Picker, empty: bool) -> Html {
    let text = match &known.list {
        List::Loading => t("emoji.loading"),
        List::Missing => t("emoji.missing"),
        List::Here(_) if empty => t("emoji.nothing"),
        List::Here(_) => return Html::default(),
    };
    html! { <p class="emoji__words" role="status">{ text }</p> }
}

fn tones(picker: &Model<Picker>, chosen: usize) -> Html {
    let tone = |(tone, (label, face)): (usize, &(&'static str, &'static str))| {
        let onclick = {
            let picker = picker.clone();
            Callback::from(move |_: MouseEvent| {
                emoji::prefer_tone(tone);
                picker.change(|picker| picker.tone = tone);
            })
        };
        html! {
            <button
                type="button"
                class="emoji__group"
                aria-pressed={word(tone == chosen)}
                aria-label={t(label)}
                title={t(label)}
                {onclick}
            >
                { *face }
            </button>
        }
    };
    html! {
        <div class="emoji__groups" role="group" aria-label={t("emoji.tones")}>
            { for TONES.iter().enumerate().map(tone) }
        </div>
    }
}
