//! Keeps the view of the timeline where the reader's eyes are.
//!
//! At the end it follows new messages; anywhere else nothing that changes above
//! or below moves what is being read.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::NodeRef;

/// Pixels from the end that still count as being there.
const NEAR: i32 = 32;

/// The scrolling element, its content, and where in it one reads.
#[derive(Clone, Default)]
pub(super) struct Scroll(Rc<Inner>);

struct Inner {
    scroller: NodeRef,
    content: NodeRef,
    /// Whether the view follows the end.
    follows: Cell<bool>,
    /// A row that has to stay where it is on screen, and where that is.
    anchor: RefCell<Option<(Element, f64)>>,
    /// How high the content and the view of it were when the end was last in view.
    heights: Cell<Option<(i32, i32)>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            scroller: NodeRef::default(),
            content: NodeRef::default(),
            follows: Cell::new(true),
            anchor: RefCell::default(),
            heights: Cell::default(),
        }
    }
}

/// Which end of the rows stays when the others change.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    First,
    Last,
}

impl Scroll {
    pub(super) fn scroller(&self) -> NodeRef {
        self.0.scroller.clone()
    }

    pub(super) fn content(&self) -> NodeRef {
        self.0.content.clone()
    }

    /// Pixels hidden above the view, and below it.
    pub(super) fn hidden(&self) -> Option<(i32, i32)> {
        let scroller = self.0.scroller.cast::<Element>()?;
        let above = scroller.scroll_top();
        Some((
            above,
            scroller.scroll_height() - above - scroller.client_height(),
        ))
    }

    /// Whether the end is in view.
    pub(super) fn is_at_end(&self) -> bool {
        self.hidden().is_none_or(|(_, below)| below <= NEAR)
    }

    /// From now on the end stays in view, or doesn't.
    pub(super) fn follow(&self, follows: bool) {
        self.0.follows.set(follows);
        self.0.heights.set(self.heights());
    }

    /// Of the content, and of the view of it.
    fn heights(&self) -> Option<(i32, i32)> {
        let scroller = self.0.scroller.cast::<Element>()?;
        Some((scroller.scroll_height(), scroller.client_height()))
    }

    /// Remembers where on screen the first or last row is, before rows change.
    pub(super) fn keep(&self, keep: Keep) {
        let rows = self.0.content.cast::<Element>().and_then(|content| {
            let rows = content.query_selector_all(".message").ok()?;
            let place = match keep {
                Keep::First => 0,
                Keep::Last => rows.length().checked_sub(1)?,
            };
            rows.get(place)?.dyn_into::<Element>().ok()
        });
        *self.0.anchor.borrow_mut() = rows.map(|row| {
            let top = row.get_bounding_client_rect().top();
            (row, top)
        });
    }

    /// The same for an element between rows.
    pub(super) fn keep_element(&self, element: Element) {
        let top = element.get_bounding_client_rect().top();
        *self.0.anchor.borrow_mut() = Some((element, top));
    }

    /// The same for the row in the middle, where one reads, unless another is to be kept.
    pub(super) fn keep_middle(&self) {
        if self.0.anchor.borrow().is_some() || self.0.follows.get() {
            return;
        }
        let (Some(scroller), Some(content)) = (
            self.0.scroller.cast::<Element>(),
            self.0.content.cast::<Element>(),
        ) else {
            return;
        };
        let view = scroller.get_bounding_client_rect();
        let middle = view.top() + view.height() / 2.0;
        let Ok(rows) = content.query_selector_all(".message") else {
            return;
        };
        let rows = (0..rows.length()).filter_map(|place| rows.get(place)?.dyn_into().ok());
        let mut places = rows.map(|row: Element| {
            let place = row.get_bounding_client_rect();
            (row, place.top(), place.bottom())
        });
        let read = places.find(|(_, _, bottom)| *bottom > middle);
        *self.0.anchor.borrow_mut() = read.map(|(row, top, _)| (row, top));
    }

    /// Which of the elements that `selector` finds can be seen: what each has to say of
    /// itself as `attribute`.
    pub(super) fn seen(&self, selector: &str, attribute: &str) -> Vec<String> {
        let Some(scroller) = self.0.scroller.cast::<Element>() else {
            return Vec::new();
        };
        let view = scroller.get_bounding_client_rect();
        let Ok(found) = scroller.query_selector_all(selector) else {
            return Vec::new();
        };
        let found = (0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok());
        let seen = found.filter(|element: &Element| {
            let place = element.get_bounding_client_rect();
            place.bottom() > view.top() && place.top() < view.bottom()
        });
        seen.filter_map(|element| element.get_attribute(attribute))
            .collect()
    }

    /// Puts the view right after rows or sizes have changed.
    pub(super) fn settle(&self) {
        let Some(scroller) = self.0.scroller.cast::<Element>() else {
            return;
        };
        if let Some((row, top)) = &*self.0.anchor.borrow() {
            let moved = row.get_bounding_client_rect().top() - top;
            scroller.set_scroll_top(scroller.scroll_top() + moved.round() as i32);
        } else if self.0.follows.get() {
            self.0.heights.set(self.heights());
            scroller.set_scroll_top(scroller.scroll_height());
        }
    }

    /// Brings the end back into view where only a change of height has taken it out: the browser
    /// says that it has scrolled before it says what has another size.
    pub(super) fn settle_again(&self) {
        if self.0.follows.get() && self.0.heights.get() != self.heights() {
            self.settle();
        }
    }

    /// The rows have changed as [`keep`](Self::keep) expected.
    pub(super) fn rendered(&self) {
        self.settle();
        *self.0.anchor.borrow_mut() = None;
    }

    /// Brings the element that `selector` finds to the upper part of the view, and returns it.
    pub(super) fn reveal(&self, selector: &str) -> Option<Element> {
        const ABOVE: f64 = 96.0;
        let scroller = self.0.scroller.cast::<Element>()?;
        let element = scroller.query_selector(selector).ok()??;
        let view = scroller.get_bounding_client_rect().top();
        let offset = element.get_bounding_client_rect().top() - view - ABOVE;
        scroller.set_scroll_top(scroller.scroll_top() + offset.round() as i32);
        Some(element)
    }

    /// Settles on every change of size, before it is painted, until dropped:
    /// the window turns, an on-screen keyboard opens, a message wraps anew.
    pub(super) fn watch_size(&self) -> Option<SizeWatch> {
        let scroll = self.clone();
        let settle = Closure::<dyn Fn()>::new(move || scroll.settle());
        let observer = ResizeObserver::new(settle.as_ref().unchecked_ref()).ok()?;
        observer.observe(&self.0.scroller.cast::<Element>()?);
        observer.observe(&self.0.content.cast::<Element>()?);
        Some(SizeWatch {
            observer,
            _settle: settle,
        })
    }
}

/// Watches for as long as it lives.
pub(crate) struct SizeWatch {
    observer: ResizeObserver,
    _settle: Closure<dyn Fn()>,
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
