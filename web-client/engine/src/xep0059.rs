//! XEP-0059 Result Set Management 1.0: a long answer comes in pages.

use minidom::Element;
use xmpp_parsers::ns;

use crate::xml::{build, child_text};

/// The longest place in a list, in bytes.
const LONGEST_PLACE: usize = 1_024;

/// So many, before or after one; before nothing are the last.
pub(crate) fn page(max: usize, direction: &str, id: Option<&str>) -> Element {
    build("set", ns::RSM)
        .child(build("max", ns::RSM).text(max.to_string()).done())
        .children(id.map(|id| build(direction, ns::RSM).text(id).done()))
        .done()
}

/// Behind what the next page begins, where `answer` has so many of the `max` that were wanted
/// behind `after`; `None` if it is the last one.
pub(crate) fn next(
    answer: &Element,
    items: usize,
    max: usize,
    after: Option<&str>,
) -> Option<String> {
    let set = answer.get_child("set", ns::RSM)?;
    let number = |text: Option<String>| text?.parse::<u64>().ok();
    let first = set.get_child("first", ns::RSM);
    let index = number(first.and_then(|first| Some(first.attr("index")?.to_owned())));
    let count = number(child_text(set, "count"));
    let (items, max) = (items as u64, max as u64);
    // Who gives less at a time than was wanted may say so.
    let max = number(child_text(set, "max")).map_or(max, |own| own.min(max));
    let is_last = match (index, count) {
        (Some(index), Some(count)) => items.saturating_add(index) >= count,
        (None, _) | (_, None) => items < max,
    };
    // A service that goes round in circles isn't followed.
    let goes_on = |last: &String| last.len() <= LONGEST_PLACE && after != Some(last.as_str());
    let last = child_text(set, "last").filter(goes_on);
    last.filter(|_| !is_last && items > 0)
}
