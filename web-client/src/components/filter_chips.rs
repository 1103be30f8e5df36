//! The chips that choose what of the list is shown.

use yew::prelude::*;

use super::icon_button::word;
use crate::i18n::t;
use crate::state::{Filter, State};

/// One chip a filter, one of them down.
///
/// What was put away, or apart, has one only if there is anything, or one looks at it.
pub(crate) fn filter_chips(state: &State, chosen: Filter, onchange: &Callback<Filter>) -> Html {
    let archived = (state.has_archived() || chosen == Filter::Archived)
        .then_some((Filter::Archived, "filter.archived"));
    let strangers = (state.has_strangers() || chosen == Filter::Strangers)
        .then_some((Filter::Strangers, "filter.strangers"));
    let chips = [
        (Filter::All, "filter.all"),
        (Filter::Unread, "filter.unread"),
        (Filter::People, "filter.people"),
        (Filter::Rooms, "filter.rooms"),
    ];
    html! {
        <div class="chips" role="group" aria-label={t("filter.label")}>
            { for chips.into_iter().chain(strangers).chain(archived).map(|(filter, key)| html! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed={word(filter == chosen)}
                    onclick={onchange.reform(move |_| filter)}
                >
                    { t(key) }
                </button>
            }) }
        </div>
    }
}

/// One chip a group of the roster, one of them down at most.
pub(crate) fn group_chips(
    state: &State,
    chosen: Option<&String>,
    onchange: &Callback<Option<String>>,
) -> Html {
    let groups = state.groups();
    if groups.is_empty() {
        return Html::default();
    }
    let chips = groups.iter().map(|group| {
        let down = chosen == Some(group);
        let next = (!down).then(|| group.clone());
        html! {
            <button
                type="button"
                class="chip"
                key={group.as_str()}
                aria-pressed={word(down)}
                onclick={onchange.reform(move |_| next.clone())}
            >
                <bdi>{ group }</bdi>
            </button>
        }
    });
    html! {
        <div class="chips chips--groups" role="group" aria-label={t("groups.label")}>
            { for chips }
        </div>
    }
}
