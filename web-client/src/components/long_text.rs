//! A text of any length: of a long one the beginning, and the rest for who asks for it.

use couplet_engine::foreign::tame;
use yew::prelude::*;

use super::body_text::Names;
use super::icon_button::word;
use super::styled_text::{styled_text, unstyled_text};
use crate::hooks::use_model;
use crate::i18n::t;

/// A text longer than this, in characters or lines, is long.
const LONG: (usize, usize) = (5_000, 60);
/// So much is shown of one.
const BEGINNING: (usize, usize) = (3_000, 40);
/// Nobody reads more of one message, in characters.
const MOST: usize = 100_000;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) text: AttrValue,
    /// Whether its marks are no marks.
    pub(crate) unstyled: bool,
    /// Who is named in it.
    pub(crate) names: Names,
}

/// The text as nodes; a short one costs no component.
pub(crate) fn any_text(text: &str, unstyled: bool, names: Names) -> Html {
    let text = tame(text);
    if cut(&text, LONG).is_none() {
        return nodes(&text, unstyled, &names);
    }
    html! { <LongText text={text.into_owned()} {unstyled} {names} /> }
}

#[component]
fn LongText(props: &Props) -> Html {
    let open = use_model(|| false);
    let is_open = *open.read();
    let limits = if is_open { (MOST, MOST) } else { BEGINNING };
    let shown = cut(&props.text, limits).unwrap_or(&props.text);
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.change(|open| *open = !*open))
    };
    let label = if is_open {
        "message.showLess"
    } else {
        "message.showAll"
    };
    html! {
        <>
            { nodes(shown, props.unstyled, &props.names) }
            if !is_open {
                { "…" }
            }
            <div>
                <button
                    type="button"
                    class="message__act"
                    aria-expanded={word(is_open)}
                    onclick={toggle}
                >
                    { t(label) }
                </button>
            </div>
        </>
    }
}

fn nodes(text: &str, unstyled: bool, names: &Names) -> Html {
    if unstyled {
        unstyled_text(text, names)
    } else {
        styled_text(text, names)
    }
}

/// The beginning, if the text has more characters or lines than that.
fn cut(text: &str, (characters, lines): (usize, usize)) -> Option<&str> {
    let mut left = lines;
    for (count, (place, character)) in text.char_indices().enumerate() {
        if character == '\n' {
            left -= 1;
        }
        if count >= characters || left == 0 {
            return Some(&text[..place]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_characters_and_by_lines() {
        assert_eq!(cut("hello", (5, 2)), None);
        assert_eq!(cut("héllo", (2, 2)), Some("hé"));
        assert_eq!(cut("a\nb\nc", (100, 2)), Some("a\nb"));
        assert_eq!(cut("", (1, 1)), None);
    }
}
