//! How components learn that what they show has changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use couplet_engine::store::Topic;

/// Something that a component can show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    /// A part of the store.
    Store(Topic),
    /// The route, and the dialog over it.
    Place,
    /// What was chosen on this device: how the page looks, and what it does.
    Choices,
    /// Whether somebody looks at the page.
    Attention,
    /// What day it is.
    Day,
    /// What the person has to be told about this device.
    Notice,
    /// What has been found.
    Search,
    /// People who are looked for.
    Directory,
    /// A message as it is in the archive.
    Original,
    /// Where rooms are made, and what their owners can change.
    Rooms,
    /// Who is what to a room.
    Affiliations,
    /// Files on their way out.
    Uploads,
    /// A file of what the server keeps.
    Export,
    /// All of it.
    Everything,
}

impl From<Topic> for Subject {
    fn from(topic: Topic) -> Self {
        Self::Store(topic)
    }
}

/// Who wants to be told about which subjects.
#[derive(Default)]
pub(super) struct Watchers {
    next: Cell<u32>,
    known: RefCell<Vec<Watcher>>,
}

struct Watcher {
    number: u32,
    subjects: Vec<Subject>,
    tell: Rc<dyn Fn()>,
}

impl Watchers {
    pub(super) fn add(&self, subjects: Vec<Subject>, tell: Rc<dyn Fn()>) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        self.known.borrow_mut().push(Watcher {
            number,
            subjects,
            tell,
        });
        number
    }

    pub(super) fn remove(&self, number: u32) {
        self.known
            .borrow_mut()
            .retain(|watcher| watcher.number != number);
    }

    /// Tells everybody who watches something of `touched`, each once.
    pub(super) fn tell(&self, touched: &[Subject]) {
        // Whoever is told may come or go: the list must be free meanwhile.
        let concerned: Vec<Rc<dyn Fn()>> = self
            .known
            .borrow()
            .iter()
            .filter(|watcher| {
                touched.contains(&Subject::Everything)
                    || watcher
                        .subjects
                        .iter()
                        .any(|subject| touched.contains(subject))
            })
            .map(|watcher| watcher.tell.clone())
            .collect();
        for tell in concerned {
            tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_concerned_is_told_and_once() {
        let watchers = Rc::new(Watchers::default());
        let told = Rc::new(RefCell::new(Vec::new()));
        let note = |name: &'static str| -> Rc<dyn Fn()> {
            let told = told.clone();
            Rc::new(move || told.borrow_mut().push(name))
        };
        watchers.add(vec![Topic::Session.into(), Subject::Place], note("both"));
        let gone = watchers.add(vec![Subject::Place], note("gone"));
        watchers.add(vec![Subject::Day], note("day"));
        watchers.remove(gone);
        watchers.tell(&[Subject::Place, Topic::Session.into()]);
        assert_eq!(*told.borrow(), ["both"]);
    }

    #[test]
    fn who_is_told_may_leave() {
        let watchers = Rc::new(Watchers::default());
        let leaving = watchers.clone();
        let number = watchers.add(vec![Subject::Day], Rc::new(move || leaving.remove(0)));
        assert_eq!(number, 0);
        watchers.tell(&[Subject::Day]);
        assert!(watchers.known.borrow().is_empty());
    }
}
