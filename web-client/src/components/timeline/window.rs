//! Which part of a long timeline is rendered.

use std::ops::Range;
use std::rc::Rc;

use couplet_engine::store::{Message, MessageId};

/// Messages shown when a conversation is opened, and while one reads its end; more where that
/// isn't enough to scroll.
const PAGE: usize = 60;
/// By how many it grows when one scrolls near its edge.
const STEP: usize = 40;
/// The most that is shown at once: what grows at one end is then cut at the other.
const MOST: usize = 400;

/// The first and the last message that are shown, while one reads somewhere in
/// the middle. By their ids, so that it holds while messages come in around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// `None`: a page's length before the end.
    first: Option<MessageId>,
    /// `None`: up to the newest.
    last: Option<MessageId>,
    /// How many messages a page has. It never gets shorter: what the view isn't high enough for
    /// would be asked for again.
    page: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            first: None,
            last: None,
            page: PAGE,
        }
    }
}

impl Window {
    /// The part of `messages` to show.
    pub(super) fn range(&self, messages: &[Rc<Message>]) -> Range<usize> {
        let place = |id: &MessageId| messages.iter().rposition(|message| message.id == *id);
        let end = self
            .last
            .as_ref()
            .and_then(place)
            .map_or(messages.len(), |last| last + 1);
        let start = self
            .first
            .as_ref()
            .and_then(place)
            .unwrap_or(end.saturating_sub(self.page));
        start.min(end)..end
    }

    /// Whether the newest message is in it, now and later.
    pub(super) fn is_open(&self) -> bool {
        self.last.is_none()
    }

    /// One reads the end: the window follows it, and lets go of what is far above.
    pub(super) fn follow(&mut self) {
        (self.first, self.last) = (None, None);
    }

    /// Whether it does.
    pub(super) fn follows(&self) -> bool {
        self.first.is_none() && self.last.is_none()
    }

    /// Makes a page longer; false if everything there is shown, or as much as there may be.
    pub(super) fn widen(&mut self, messages: &[Rc<Message>]) -> bool {
        let grows = self.range(messages).start > 0 && self.page < MOST;
        if grows {
            self.page = MOST.min(self.page + STEP);
        }
        grows
    }

    /// One has scrolled up: nothing that is shown may go away above.
    pub(super) fn hold(&mut self, messages: &[Rc<Message>]) {
        if self.first.is_none() {
            self.first = id(messages, self.range(messages).start);
        }
    }

    /// Makes sure that the message `id` and some before it are shown.
    pub(super) fn include(&mut self, messages: &[Rc<Message>], wanted: &MessageId) {
        const BEFORE: usize = 20;
        let Some(place) = messages.iter().rposition(|message| message.id == *wanted) else {
            return;
        };
        // What was its end may not be shown any more.
        let is_gone = |last: &MessageId| messages.iter().all(|message| message.id != *last);
        self.last.take_if(|last| is_gone(last));
        let range = self.range(messages);
        if range.start + BEFORE > place || place >= range.end {
            self.first = id(messages, place.saturating_sub(BEFORE));
            self.last = id(messages, place + MOST).filter(|_| messages.len() > place + MOST);
        }
    }

    /// Shows more above; false if everything there is shown.
    pub(super) fn grow_up(&mut self, messages: &[Rc<Message>]) -> bool {
        let range = self.range(messages);
        if range.start == 0 {
            return false;
        }
        let start = range.start.saturating_sub(STEP);
        self.first = id(messages, start);
        if range.end - start > MOST {
            self.last = id(messages, start + MOST - 1);
        }
        true
    }

    /// Shows more below; false if everything there is shown.
    pub(super) fn grow_down(&mut self, messages: &[Rc<Message>]) -> bool {
        let range = self.range(messages);
        if self.is_open() {
            return false;
        }
        let end = range.end + STEP;
        self.last = if end < messages.len() {
            id(messages, end - 1)
        } else {
            None
        };
        let end = end.min(messages.len());
        self.first = id(messages, range.start.max(end.saturating_sub(MOST)));
        true
    }
}

fn id(messages: &[Rc<Message>], place: usize) -> Option<MessageId> {
    messages.get(place).map(|message| message.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::timeline::tests::message;

    fn timeline(count: usize) -> Vec<Rc<Message>> {
        (0..count)
            .map(|number| Rc::new(message(number as i64)))
            .collect()
    }

    #[test]
    fn at_the_end_it_follows_what_comes() {
        let all = timeline(1000);
        let window = Window::default();
        assert_eq!(window.range(&all[..1]), 0..1);
        assert_eq!(window.range(&all[..500]), 500 - PAGE..500);
        assert_eq!(window.range(&all), 1000 - PAGE..1000);
        assert_eq!(window.range(&[]), 0..0);
    }

    #[test]
    fn while_one_reads_above_nothing_moves() {
        let all = timeline(1000);
        let mut window = Window::default();
        window.hold(&all[..500]);
        assert_eq!(window.range(&all[..510]), 500 - PAGE..510);
        // A page of history comes in before everything.
        assert_eq!(window.range(&all[100..510]), 400 - PAGE..410);
    }

    #[test]
    fn a_high_view_has_a_longer_page_from_then_on() {
        let all = timeline(1000);
        let mut window = Window::default();
        while window.widen(&all) {}
        assert_eq!(window.range(&all), 1000 - MOST..1000);
        window.hold(&all);
        assert!(!window.follows());
        window.follow();
        assert_eq!(window.range(&all), 1000 - MOST..1000);
        assert!(!Window::default().widen(&all[..PAGE]));
    }

    #[test]
    fn it_grows_both_ways_and_stays_bounded() {
        let all = timeline(1000);
        let mut window = Window::default();
        let mut seen = window.range(&all);
        while window.grow_up(&all) {
            let range = window.range(&all);
            assert!(range.len() <= MOST && range.start < seen.start && range.end > seen.start);
            seen = range;
        }
        assert_eq!(seen.start, 0);
        assert!(!window.is_open());
        while window.grow_down(&all) {
            let range = window.range(&all);
            assert!(range.len() <= MOST && range.end > seen.end && range.start < seen.end);
            seen = range;
        }
        assert_eq!(seen.end, 1000);
        assert!(window.is_open());
    }

    #[test]
    fn the_unread_divider_can_be_anywhere() {
        let all = timeline(1000);
        for place in [0, 5, 500, 855, 999] {
            let mut window = Window::default();
            window.include(&all, &all[place].id);
            assert!(window.range(&all).contains(&place));
            assert!(window.range(&all).len() <= MOST + 21);
        }
    }
}
