//! Somebody's picture, or the first letter of their name on their colour.

use couplet_engine::store::Availability;
use jid::BareJid;
use yew::prelude::*;

use super::presence;
use crate::person_colour;
use crate::state::State;

/// How large an avatar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// 28 px.
    Small,
    /// 36 px.
    Medium,
    /// 44 px.
    Large,
    /// 80 px.
    Huge,
}

/// The avatar of `jid`, round for a person, and with a dot for the availability. It says nothing to
/// a screen reader: the name stands beside it. Whoever shows it watches
/// `Topic::Avatar`.
pub(crate) fn avatar(
    state: &State,
    jid: &BareJid,
    name: &str,
    size: Size,
    availability: Option<Availability>,
) -> Html {
    let size = match size {
        Size::Small => "avatar avatar--small ",
        Size::Medium => "avatar ",
        Size::Large => "avatar avatar--large ",
        Size::Huge => "avatar avatar--huge ",
    };
    let room = match state.store().room(jid) {
        Some(_) => "avatar--room ",
        None => "",
    };
    let class = [size, room, &person_colour::class(jid.as_str())].concat();
    html! {
        <span {class} aria-hidden="true">
            { face(name, state.picture(jid)) }
            { presence::dot(availability) }
        </span>
    }
}

/// The avatar of somebody in a room. Whoever shows it watches `Topic::Faces`.
pub(crate) fn occupant(
    nick: &str,
    picture: Option<AttrValue>,
    size: Size,
    availability: Option<Availability>,
) -> Html {
    let size = match size {
        Size::Small => "avatar avatar--small ",
        _ => "avatar ",
    };
    html! {
        <span class={[size, &person_colour::class(nick)].concat()} aria-hidden="true">
            { face(nick, picture) }
            { presence::dot(availability) }
        </span>
    }
}

fn face(name: &str, picture: Option<AttrValue>) -> Html {
    match picture {
        Some(url) => html! { <img class="avatar__face" src={url} alt="" draggable="false" /> },
        None => html! { <span class="avatar__face">{ initial(name) }</span> },
    }
}

/// The first letter or digit of a name, else its first character.
fn initial(name: &str) -> String {
    let first = name.chars().find(|character| character.is_alphanumeric());
    first
        .or_else(|| name.chars().next())
        .map(String::from)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::initial;

    #[test]
    fn the_initial_is_the_first_letter() {
        assert_eq!(initial("bob"), "b");
        assert_eq!(initial("🌻 Noor"), "N");
        assert_eq!(initial("林美"), "林");
        assert_eq!(initial("فاطمة"), "ف");
        assert_eq!(initial("ßeta"), "ß");
        assert_eq!(initial("🌻"), "🌻");
        assert_eq!(initial(""), "");
    }
}
