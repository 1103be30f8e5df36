//! What is offered for the word that is being typed: emoji for `:smile`, in English or in the
//! language of the page, people in a room for `@nick`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use couplet_engine::store::{EVERYBODY, Mention, Occupant};
use jid::{BareJid, Jid};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::composer::replace;
use super::emoji::{self, Groups, Query};
use super::icon_button::word;
use crate::i18n::{self, t};
use crate::second;
use crate::state::State;

const LIST: &str = "completion";
/// More than these nobody looks through.
const MOST: usize = 6;
/// A word is told from a smiley by two letters, or by one that is a word.
const SHORTEST: usize = 3;

/// What is offered. A component of its own, so that a key renders nothing else.
#[derive(Clone, Default)]
pub(crate) struct Completion(Rc<Inner>);

#[derive(Default)]
struct Inner {
    offers: RefCell<Vec<Offer>>,
    chosen: Cell<usize>,
    /// Where the word begins, in UTF-16 units, and how long it is.
    place: Cell<(u32, u32)>,
    field: RefCell<Option<HtmlTextAreaElement>>,
    /// For which conversation.
    home: RefCell<Option<(State, BareJid)>>,
    update: RefCell<Option<UseForceUpdateHandle>>,
}

#[derive(Clone, PartialEq)]
struct Offer {
    /// What is written in the word's place.
    text: String,
    face: String,
    label: String,
    /// Who is named by it.
    mention: Option<Mention>,
}

/// What is being typed at the caret.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    /// An emoji of which a shortcode or a word begins so, or whose shortcode is that.
    Emoji { begins: &'a str, whole: bool },
    /// Somebody whose nickname begins so.
    Person { begins: &'a str, first: bool },
}

impl PartialEq for Completion {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Completion {
    /// Something has been typed into the field of the conversation with `jid`.
    pub(crate) fn typed(&self, field: &HtmlTextAreaElement, state: &State, jid: &BareJid) {
        if second::is_here() {
            self.complete(field, state, jid);
        }
    }

    /// A way into the second module: until it is here nothing is offered.
    #[inline(never)]
    fn complete(&self, field: &HtmlTextAreaElement, state: &State, jid: &BareJid) {
        self.0.home.replace(Some((state.clone(), jid.clone())));
        let before = before_caret(field);
        let (start, wanted) = match wanted(&before) {
            Some(wanted) => wanted,
            None => return self.offer(field, (0, 0), Vec::new()),
        };
        let start = before[..start].encode_utf16().count() as u32;
        let end = before.encode_utf16().count() as u32;
        let place = (start, end - start);
        match wanted {
            Wanted::Person { begins, first } => {
                self.offer(field, place, people(state, jid, begins, first));
            }
            Wanted::Emoji { begins, whole } => match emoji::loaded() {
                Some(groups) if whole => {
                    let known = emoji_called(&groups, begins);
                    self.offer(field, place, Vec::new());
                    if let Some(known) = known {
                        replace(field, place, &known);
                    }
                }
                Some(groups) => self.offer(field, place, emoji_for(&groups, begins)),
                None => {
                    let (completion, field) = (self.clone(), field.clone());
                    let (state, jid) = (state.clone(), jid.clone());
                    spawn_local(async move {
                        // Meanwhile more may have been typed.
                        if emoji::groups().await.is_some() && field.is_connected() {
                            completion.complete(&field, &state, &jid);
                        }
                    });
                }
            },
        }
    }

    /// Whether this key was for what is offered.
    pub(crate) fn key(&self, event: &KeyboardEvent) -> bool {
        let count = self.0.offers.borrow().len();
        if count == 0 || event.ctrl_key() || event.meta_key() || event.shift_key() {
            return false;
        }
        let chosen = self.0.chosen.get();
        match event.key().as_str() {
            "ArrowDown" => self.choose((chosen + 1) % count),
            "ArrowUp" => self.choose((chosen + count - 1) % count),
            "Enter" | "Tab" => self.accept(chosen),
            "Escape" => self.close(),
            _ => return false,
        }
        true
    }

    /// Offers nothing any more.
    pub(crate) fn close(&self) {
        let field = self.0.field.borrow().clone();
        if let Some(field) = field {
            self.offer(&field, (0, 0), Vec::new());
        }
    }

    fn offer(&self, field: &HtmlTextAreaElement, place: (u32, u32), offers: Vec<Offer>) {
        self.0.field.replace(Some(field.clone()));
        self.0.place.set(place);
        if *self.0.offers.borrow() != offers {
            self.0.offers.replace(offers);
            self.choose(0);
        }
    }

    fn choose(&self, chosen: usize) {
        self.0.chosen.set(chosen);
        let active = (!self.0.offers.borrow().is_empty()).then(|| option_id(chosen));
        if let Some(field) = &*self.0.field.borrow() {
            // Neither fails for a name that is one.
            let _ = match active {
                Some(id) => field
                    .set_attribute("aria-controls", LIST)
                    .and_then(|()| field.set_attribute("aria-activedescendant", &id)),
                None => field
                    .remove_attribute("aria-activedescendant")
                    .and_then(|()| field.remove_attribute("aria-controls")),
            };
        }
        if let Some(update) = &*self.0.update.borrow() {
            update.force_update();
        }
    }

    fn accept(&self, chosen: usize) {
        let (field, offer) = (
            self.0.field.borrow().clone(),
            self.0.offers.borrow().get(chosen).cloned(),
        );
        let place = self.0.place.get();
        self.close();
        if let (Some(field), Some(offer)) = (field, offer) {
            if let (Some((state, jid)), Some(mention)) = (&*self.0.home.borrow(), offer.mention) {
                state.name_in_draft(jid, mention);
            }
            replace(&field, place, &offer.text);
        }
    }
}

/// Where the word at the end of `text` begins, and what it wants.
fn wanted(text: &str) -> Option<(usize, Wanted<'_>)> {
    let starts = |at: usize| {
        text[..at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    if let Some(at) = text.rfind('@').filter(|at| starts(*at)) {
        let begins = &text[at + 1..];
        if !begins.contains('\n') && !begins.is_empty() {
            let first = text[..at].trim().is_empty();
            return Some((at, Wanted::Person { begins, first }));
        }
    }
    let is_code = |code: &str| {
        let of_code = |char: char| char.is_alphanumeric() || "_+-".contains(char);
        // Letters have two bytes beyond English, and three where one may be a word.
        let length = code.len() + usize::from(code.is_ascii());
        length >= SHORTEST && code.chars().all(of_code)
    };
    let at = text.strip_suffix(':').unwrap_or(text).rfind(':')?;
    let rest = &text[at + 1..];
    let (begins, whole) = match rest.strip_suffix(':') {
        Some(code) => (code, true),
        None => (rest, false),
    };
    (starts(at) && is_code(begins)).then_some((at, Wanted::Emoji { begins, whole }))
}

fn emoji_for(groups: &Groups, begins: &str) -> Vec<Offer> {
    let query = Query::new(begins);
    let tone = emoji::tone();
    let found = groups.iter().flatten().filter_map(|emoji| {
        let label = match emoji.code(&query) {
            Some(code) => [":", code, ":"].concat(),
            None if emoji.has_word(&query) => emoji.name.clone(),
            None => return None,
        };
        let face = emoji.toned(tone);
        Some(Offer {
            text: face.clone(),
            face,
            label,
            mention: None,
        })
    });
    let mut found: Vec<_> = found.collect();
    // A shortcode was typed as one, and the shortest is what is meant most likely.
    found.sort_by_key(|offer| (!offer.label.starts_with(':'), offer.label.len()));
    found.truncate(MOST);
    found
}

/// The one that has this shortcode.
fn emoji_called(groups: &Groups, code: &str) -> Option<String> {
    let code = code.to_lowercase();
    let mut all = groups.iter().flatten();
    let known = all.find(|emoji| emoji.codes().any(|known| known == code))?;
    Some(known.toned(emoji::tone()))
}

fn people(state: &State, jid: &BareJid, begins: &str, first: bool) -> Vec<Offer> {
    let store = state.store();
    let Some(room) = store.room(jid) else {
        return Vec::new();
    };
    let begins = i18n::lower(begins);
    let all = room.occupants.at(0..room.occupants.len());
    let found = all.iter().filter(|occupant| {
        occupant.nick != room.nick && i18n::lower(&occupant.nick).starts_with(&begins)
    });
    // In a room that gives occupants no ids anybody can write one (XEP-0421 5).
    let ours = room.occupants.get(&room.nick);
    let has_ids = ours.is_some_and(|known| known.id.is_some());
    let end = if first { ": " } else { " " };
    let offer = |occupant: &Rc<Occupant>| Offer {
        text: [occupant.nick.as_str(), end].concat(),
        face: "@".to_owned(),
        label: occupant.nick.clone(),
        mention: Some(Mention {
            jid: jid.with_resource_str(&occupant.nick).ok().map(Jid::from),
            occupant: occupant.id.clone().filter(|_| has_ids),
            ..Mention::default()
        }),
    };
    let name = t("mention.everybody");
    let begins_so = |word: &str| i18n::lower(word).starts_with(&begins);
    let is_all = begins_so(&name) || begins_so(EVERYBODY.trim_start_matches('@'));
    let may = room.lets_name_all(ours.map(|known| &**known));
    let everybody = (is_all && may).then(|| Offer {
        text: [EVERYBODY, end].concat(),
        face: "@".to_owned(),
        label: name.to_string(),
        mention: Some(Mention {
            jid: Some(Jid::from(jid.clone())),
            ..Mention::default()
        }),
    });
    found.map(offer).chain(everybody).take(MOST).collect()
}

/// What stands before the caret, if nothing is selected.
fn before_caret(field: &HtmlTextAreaElement) -> String {
    let place = |place: Result<Option<u32>, _>| place.ok().flatten().unwrap_or_default();
    let (from, to) = (place(field.selection_start()), place(field.selection_end()));
    if from != to {
        return String::new();
    }
    let units: Vec<u16> = field.value().encode_utf16().take(from as usize).collect();
    String::from_utf16_lossy(&units)
}

fn option_id(place: usize) -> String {
    [LIST, "-", &place.to_string()].concat()
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) completion: Completion,
}

/// Over the field, which keeps the focus.
#[component]
pub(crate) fn Offers(props: &Props) -> Html {
    let inner = &props.completion.0;
    inner.update.replace(Some(use_force_update()));
    let offers = inner.offers.borrow();
    if offers.is_empty() {
        return Html::default();
    }
    list(&props.completion, &offers)
}

/// A way into the second module: something is offered.
#[inline(never)]
fn list(completion: &Completion, offers: &[Offer]) -> Html {
    let chosen = completion.0.chosen.get();
    let options = offers.iter().enumerate().map(|(place, offer)| {
        let accept = {
            let completion = completion.clone();
            // Before the field loses the focus.
            Callback::from(move |event: MouseEvent| {
                event.prevent_default();
                completion.accept(place);
            })
        };
        html! {
            <div
                id={option_id(place)}
                key={offer.label.clone()}
                class="switcher__option"
                role="option"
                aria-selected={word(place == chosen)}
                onmousedown={accept}
            >
                <span aria-hidden="true">{ &offer.face }</span>
                <bdi class="switcher__name">{ &offer.label }</bdi>
            </div>
        }
    });
    html! {
        <div id={LIST} class="completion" role="listbox" aria-label={t("completion.label")}>
            { for options }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, wanted};

    #[test]
    fn what_is_typed_last_is_completed() {
        let emoji = |begins, whole| Wanted::Emoji { begins, whole };
        assert_eq!(wanted(":sm"), Some((0, emoji("sm", false))));
        assert_eq!(wanted("well :smile"), Some((5, emoji("smile", false))));
        assert_eq!(wanted("a\n:+1:"), Some((2, emoji("+1", true))));
        assert_eq!(wanted(":ca"), Some((0, emoji("ca", false))));
        assert_eq!(wanted(":né"), Some((0, emoji("né", false))));
        assert_eq!(wanted(":猫"), Some((0, emoji("猫", false))));
        for smiley in ["no :s", ":Р", ":é"] {
            assert_eq!(wanted(smiley), None, "too short: it may be a smiley");
        }
        for other in [
            "",
            ":",
            "::",
            ":)",
            "12:30",
            "a:bc",
            ": bc",
            ":b c",
            ":D:",
            "https://x:80",
        ] {
            assert_eq!(wanted(other), None, "{other}");
        }
        let person = |begins, first| Wanted::Person { begins, first };
        assert_eq!(wanted("@al"), Some((0, person("al", true))));
        assert_eq!(wanted("ask @al b"), Some((4, person("al b", false))));
        for other in ["@", "a@b", "x@example.org"] {
            assert_eq!(wanted(other), None, "{other}");
        }
    }
}
