//! Where messages are written.

use std::cell::Cell;
use std::rc::Rc;

use jid::BareJid;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::typing::Typing;
use crate::i18n::t;
use crate::state::State;

/// The text field and the send button of one conversation. The text is the DOM's
/// own, so that a key costs nothing and input methods are left in peace.
#[derive(Clone)]
pub(crate) struct Composer(Rc<Inner>);

struct Inner {
    state: State,
    jid: BareJid,
    typing: Typing,
    field: NodeRef,
    /// Whether there is something to send.
    filled: Cell<bool>,
    update: UseForceUpdateHandle,
}

impl Composer {
    /// For the conversation with `jid`, in the component that `update` renders anew.
    pub(crate) fn new(state: &State, jid: &BareJid, update: UseForceUpdateHandle) -> Self {
        Self(Rc::new(Inner {
            state: state.clone(),
            jid: jid.clone(),
            typing: Typing::new(state.clone(), jid.clone()),
            field: NodeRef::default(),
            filled: Cell::default(),
            update,
        }))
    }

    /// The draft is there again when one comes back.
    pub(crate) fn opened(&self) {
        if let Some(area) = self.area() {
            area.set_value(&self.0.state.draft(&self.0.jid));
            self.changed(&area);
            focus_unless_touch(&area);
        }
    }

    /// It is kept when one leaves.
    pub(crate) fn closed(&self, area: Option<HtmlTextAreaElement>) {
        if let Some(area) = area {
            self.0.state.leave_draft(&self.0.jid, &area.value());
        }
        self.0.typing.stop();
    }

    /// The field, while it is in the document.
    pub(crate) fn area(&self) -> Option<HtmlTextAreaElement> {
        self.0.field.cast()
    }

    /// `onsend` is told when something has been sent.
    pub(crate) fn html(&self, onsend: Callback<()>) -> Html {
        let oninput = {
            let composer = self.clone();
            Callback::from(move |_: InputEvent| composer.typed())
        };
        let onkeydown = {
            let (composer, onsend) = (self.clone(), onsend.clone());
            Callback::from(move |event: KeyboardEvent| {
                if event.key() == "Enter" && !event.shift_key() && !composes(&event) {
                    event.prevent_default();
                    composer.send(&onsend);
                }
            })
        };
        let onclick = {
            let composer = self.clone();
            Callback::from(move |_: MouseEvent| composer.send(&onsend))
        };
        html! {
            <div class="composer">
                <div class="composer__frame">
                    <textarea
                        ref={self.0.field.clone()}
                        class="composer__field"
                        rows="1"
                        aria-label={t("composer.label")}
                        placeholder={t("composer.placeholder")}
                        dir="auto"
                        enterkeyhint="send"
                        autocomplete="off"
                        {oninput}
                        {onkeydown}
                    />
                    <button
                        type="button"
                        class="composer__send"
                        aria-label={t("composer.send")}
                        title={t("composer.send")}
                        disabled={!self.0.filled.get()}
                        {onclick}
                    >
                        { icon(Icon::Send) }
                    </button>
                </div>
            </div>
        }
    }

    fn typed(&self) {
        let Some(area) = self.area() else { return };
        self.changed(&area);
        self.0.state.save_draft(&self.0.jid, &area.value());
        if self.0.filled.get() {
            self.0.typing.key()
        } else {
            self.0.typing.stop()
        }
    }

    fn send(&self, onsend: &Callback<()>) {
        let Some(area) = self.area() else { return };
        let text = area.value();
        let body = text.trim();
        if !body.is_empty() && self.0.state.takes_commands() {
            self.0.state.send(self.0.jid.clone(), body.to_owned());
            self.0.typing.stop();
            area.set_value("");
            self.0.state.leave_draft(&self.0.jid, "");
            self.changed(&area);
            onsend.emit(());
        }
        // A field on the page takes the focus.
        let _ = area.focus();
    }

    fn changed(&self, area: &HtmlTextAreaElement) {
        fit(area);
        let filled = !area.value().trim().is_empty();
        if self.0.filled.replace(filled) != filled {
            self.0.update.force_update();
        }
    }
}

/// Whether an input method is at work, whose Enter only chooses characters.
/// Safari ends the composition before that key, which then has the code 229.
fn composes(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// As high as the text, where CSS doesn't do that itself (`field-sizing`).
fn fit(area: &HtmlTextAreaElement) {
    let style = web_sys::window().and_then(|window| window.get_computed_style(area).ok()?);
    let sizing = style.and_then(|style| style.get_property_value("field-sizing").ok());
    if sizing.as_deref() != Some("content") {
        // Lengths that any height takes.
        let _ = area.style().set_property("height", "auto");
        let height = area.scroll_height().to_string();
        let _ = area
            .style()
            .set_property("height", &[&height, "px"].concat());
    }
}

/// On a touch screen the keyboard would come up and hide half of the conversation.
fn focus_unless_touch(area: &HtmlTextAreaElement) {
    let touch = web_sys::window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok()?)
        .is_some_and(|query| query.matches());
    if !touch {
        // A field on the page takes the focus.
        let _ = area.focus();
    }
}
