//! The chips that choose what of the list is shown.

use yew::prelude::*;

use super::icon_button::word;
use crate::i18n::t;
use crate::state::Filter;

/// One chip a filter, one of them down.
///
/// What was put away has one only if there is anything, or one looks at it.
pub(crate) fn filter_chips(chosen: Filter, archived: bool, onchange: &Callback<Filter>) -> Html {
    let archived =
        (archived || chosen == Filter::Archived).then_some((Filter::Archived, "filter.archived"));
    let chips = [
        (Filter::All, "filter.all"),
        (Filter::Unread, "filter.unread"),
        (Filter::People, "filter.people"),
        (Filter::Rooms, "filter.rooms"),
    ];
    html! {
        <div class="chips" role="group" aria-label={t("filter.label")}>
            { for chips.into_iter().chain(archived).map(|(filter, key)| html! {
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
