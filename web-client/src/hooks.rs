//! The few hooks that components are made with.
//!
//! They take closures as trait objects: a hook is compiled once for all the
//! components that use it, and every byte of this page is downloaded.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use yew::prelude::*;

use crate::state::{State, Subject};

/// What is to be done when a component goes, or before its effect runs again.
pub(crate) type Cleanup = Option<Box<dyn FnOnce()>>;

/// What a component remembers, all in one struct; changing it renders anew.
pub(crate) struct Model<T> {
    cell: Rc<RefCell<T>>,
    update: UseForceUpdateHandle,
}

impl<T> Clone for Model<T> {
    fn clone(&self) -> Self {
        Self {
            cell: self.cell.clone(),
            update: self.update.clone(),
        }
    }
}

impl<T> Model<T> {
    /// The borrow must not outlive the rendering or the event it is made in.
    pub(crate) fn read(&self) -> Ref<'_, T> {
        self.cell.borrow()
    }

    /// Remembers something that isn't shown.
    pub(crate) fn note(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.cell.borrow_mut());
    }

    /// Changes it and renders anew.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.cell.borrow_mut());
        self.update.force_update();
    }
}

/// A component's [`Model`], made by `init` when it is first rendered.
#[hook]
pub(crate) fn use_model<T: 'static>(init: impl FnOnce() -> T) -> Model<T> {
    let cell = use_mut_ref(init);
    let update = use_force_update();
    Model { cell, update }
}

/// The component renders anew when one of `subjects` changes.
#[hook]
pub(crate) fn use_subjects(state: &State, subjects: Vec<Subject>) {
    let update = use_force_update();
    let (state, version) = (state.clone(), state.version());
    use_effect_with(subjects, move |subjects| {
        let render = update.clone();
        let number = state.watch(subjects.clone(), Rc::new(move || render.force_update()));
        if state.version() != version {
            // Something has happened between rendering and now.
            update.force_update();
        }
        move || state.unwatch(number)
    });
}

/// Runs `effect` once, as soon as the component is in the document.
#[hook]
pub(crate) fn use_mount(effect: Box<dyn FnOnce() -> Cleanup>) {
    use_change(String::new(), effect);
}

/// Runs `effect` after the first rendering, and after each in which `key` has changed.
#[hook]
pub(crate) fn use_change(key: String, effect: Box<dyn FnOnce() -> Cleanup>) {
    use_effect_with(key, move |_| {
        let cleanup = effect();
        move || {
            if let Some(cleanup) = cleanup {
                cleanup();
            }
        }
    });
}

/// Runs `effect` after each rendering, before it is painted.
#[hook]
pub(crate) fn use_each_rendering(effect: Box<dyn FnOnce()>) {
    use_effect(effect);
}
