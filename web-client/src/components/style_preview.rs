//! What is being written as others will see it, where that differs (XEP-0393).

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use super::styled_text::styled_text;
use crate::styling::is_styled;

/// So many bytes are shown while they are written: a key has to cost nothing.
const MOST: usize = 4_000;

/// What is shown. A component of its own, so that a key renders nothing else.
#[derive(Clone, Default)]
pub(crate) struct Preview(Rc<Inner>);

#[derive(Default)]
struct Inner {
    text: RefCell<String>,
    update: RefCell<Option<UseForceUpdateHandle>>,
}

impl PartialEq for Preview {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Preview {
    /// `text` is in the field now.
    pub(crate) fn show(&self, text: &str) {
        let text = match text.trim_end() {
            text if text.len() <= MOST && is_styled(text) => text,
            _ => "",
        };
        if *self.0.text.borrow() == text {
            return;
        }
        self.0.text.replace(text.to_owned());
        if let Some(update) = &*self.0.update.borrow() {
            update.force_update();
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) preview: Preview,
}

/// Over the field. A screen reader has the field itself.
#[component]
pub(crate) fn StylePreview(props: &Props) -> Html {
    let inner = &props.preview.0;
    inner.update.replace(Some(use_force_update()));
    let text = inner.text.borrow();
    if text.is_empty() {
        return Html::default();
    }
    html! {
        <div class="composer__preview message__body" dir="auto" aria-hidden="true">
            // Its links and blocks are none to be reached by key.
            <div inert={true}>{ styled_text(&text, &Vec::new()) }</div>
        </div>
    }
}
