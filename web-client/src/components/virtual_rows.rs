//! Which rows of a long list are rendered: only those that can be seen.

use std::ops::Range;

use gloo_timers::callback::Timeout;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Rows rendered beyond each edge, so that a quick scroll finds them there.
const MARGIN: usize = 6;
/// Rows that are rendered at first. All that are in view at once would keep the page from
/// everything else for longer than anybody should notice.
const FIRST: usize = 6;

/// The part of a list that is in view, and what its rows measure.
#[derive(Clone, PartialEq)]
pub(crate) struct VirtualRows {
    scroller: NodeRef,
    list: NodeRef,
    seen: Seen,
    /// Nothing has been measured yet.
    fresh: bool,
}

/// Rows in view, and the height of one in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    first: usize,
    count: usize,
    row_height: u32,
}

impl Default for VirtualRows {
    fn default() -> Self {
        // Good enough until something can be measured.
        let seen = Seen {
            first: 0,
            count: FIRST,
            row_height: 62,
        };
        Self {
            scroller: NodeRef::default(),
            list: NodeRef::default(),
            seen,
            fresh: true,
        }
    }
}

impl VirtualRows {
    /// For the element that scrolls.
    pub(crate) fn scroller(&self) -> NodeRef {
        self.scroller.clone()
    }

    /// For the list in it, whose children are the rows, all of one height.
    pub(crate) fn list(&self) -> NodeRef {
        self.list.clone()
    }

    /// The rows to render of `count`.
    pub(crate) fn range(&self, count: usize) -> Range<usize> {
        let start = self.seen.first.min(count).saturating_sub(MARGIN);
        let end = self.seen.first + self.seen.count + MARGIN;
        start..end.clamp(start, count.max(start))
    }

    /// The room that so many rows would take. The page's policy forbids style
    /// attributes; the height of an image is none.
    pub(crate) fn room(&self, rows: usize) -> Html {
        let height = u32::try_from(rows)
            .unwrap_or(u32::MAX)
            .saturating_mul(self.seen.row_height);
        html! { <svg class="spacer" height={height.to_string()} aria-hidden="true"></svg> }
    }

    /// Finds out what is in view, and says so if it is something else than before: then it is to
    /// be [seen](Self::see), and rendered.
    pub(crate) fn look(&self, found: impl FnOnce(Seen) + 'static) {
        let Some(seen) = self.measured().filter(|seen| *seen != self.seen) else {
            return;
        };
        if self.fresh {
            Timeout::new(0, move || found(seen)).forget();
        } else {
            found(seen);
        }
    }

    /// From now on this is in view.
    pub(crate) fn see(&mut self, seen: Seen) {
        (self.seen, self.fresh) = (seen, false);
    }

    /// What is in view; `None` while nothing is laid out.
    fn measured(&self) -> Option<Seen> {
        let scroller = self.scroller.cast::<HtmlElement>()?;
        let list = self.list.cast::<HtmlElement>()?;
        let row = list.first_element_child()?.get_bounding_client_rect();
        let row_height = (row.height().round() as u32).max(1);
        let before = list
            .previous_element_sibling()
            .map_or(0, |before| before.client_height());
        let begin = list.offset_top() - before;
        let above = u32::try_from(scroller.scroll_top() - begin).unwrap_or(0);
        let height = u32::try_from(scroller.client_height()).unwrap_or(0);
        Some(in_view(above, height, row_height))
    }
}

/// In steps of a few rows, so that not each pixel renders anew.
fn in_view(above: u32, height: u32, row_height: u32) -> Seen {
    const STEP: u32 = 4;
    let first = above / row_height / STEP * STEP;
    let count = height.div_ceil(row_height) + STEP + 1;
    Seen {
        first: first as usize,
        count: count as usize,
        row_height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_rendered() {
        for above in [0, 61, 620, 12_345] {
            let seen = in_view(above, 700, 62);
            assert!(seen.first * 62 <= above as usize);
            assert!((seen.first + seen.count) * 62 >= above as usize + 700);
        }
    }

    #[test]
    fn the_range_stays_within_the_list() {
        let range = |first, count| {
            let seen = Seen {
                first,
                count: 20,
                row_height: 62,
            };
            VirtualRows {
                seen,
                ..VirtualRows::default()
            }
            .range(count)
        };
        assert_eq!(range(0, 5), 0..5);
        assert_eq!(range(0, 0), 0..0);
        assert_eq!(range(40, 2000), 40 - MARGIN..60 + MARGIN);
        assert_eq!(range(1990, 2000), 1990 - MARGIN..2000);
        // A filter has made the list short while it was scrolled far down.
        assert_eq!(range(1990, 3), 0..3);
    }
}
