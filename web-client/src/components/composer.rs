//! Where messages are written.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use couplet_engine::store::{self, Message, MessageId, Whisper};
use jid::BareJid;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlTextAreaElement, InputEventInit};
use yew::prelude::*;

use super::completion::{Completion, Offers};
use super::file_picker::{attach_button, camera, paste};
use super::file_tray::FileTray;
use super::icon::{Icon, icon};
use super::icon_button::icon_button;
use super::layer::{Layer, opening};
use super::menu::{Entry, Menu};
use super::message_actions::{is_answerable, is_editable};
use super::style_preview::{Preview, StylePreview};
use super::typing::Typing;
use super::voice::Voice;
use super::{reply_quote, spoiler_banner, whisper};
use crate::i18n::t;
use crate::platform::{is_touch, profile};
use crate::second::{Part, Second};
use crate::state::{State, document};

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
    /// The message whose text is in the field instead of a draft.
    shown: RefCell<Option<MessageId>>,
    /// The id of the message that is answered, and who in a room is to read it.
    aim: RefCell<Aim>,
    /// What it will look like.
    preview: Preview,
    /// What is offered for the word at the caret.
    completion: Completion,
    /// What is being recorded.
    voice: Voice,
    /// The draft as it was when last looked at: it may change in another tab.
    draft: RefCell<String>,
    update: UseForceUpdateHandle,
}

/// Writes `text` where the caret is in the field that is open.
pub(crate) fn insert(text: &str) {
    let field = document().and_then(|document| document.query_selector(".composer__field").ok()?);
    let Some(field) = field.and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok()) else {
        return;
    };
    let end = field.value().encode_utf16().count() as u32;
    let place = |known: Result<Option<u32>, _>| known.ok().flatten().unwrap_or(end);
    let (from, to) = (place(field.selection_start()), place(field.selection_end()));
    replace(&field, (from, to - from), text);
}

/// Writes `text` in place of what is there, by where that begins and its length in UTF-16
/// units, as if it had been typed.
pub(super) fn replace(field: &HtmlTextAreaElement, (start, length): (u32, u32), text: &str) {
    let end = start + length;
    // None of these fails for a text field with a caret in it.
    let _ = field.set_range_text_with_start_and_end_and_mode(text, start, end, "end");
    let _ = field.focus();
    let typed = InputEventInit::new();
    typed.set_bubbles(true);
    if let Ok(typed) = InputEvent::new_with_event_init_dict("input", &typed) {
        let _ = field.dispatch_event(&typed);
    }
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
            shown: RefCell::default(),
            aim: RefCell::new(aim(state, jid)),
            preview: Preview::default(),
            completion: Completion::default(),
            voice: Voice::new(state, jid, update.clone()),
            draft: RefCell::default(),
            update,
        }))
    }

    /// The draft is there again when one comes back.
    pub(crate) fn opened(&self) {
        if let Some(area) = self.area() {
            self.fill(&area);
            // The focus isn't taken from the page that this one is in a frame of.
            let has_focus = || document()?.has_focus().ok();
            if !profile::is_embedded() || has_focus() == Some(true) {
                focus_unless_touch(&area);
            }
        }
    }

    /// Has the draft in the field.
    fn fill(&self, area: &HtmlTextAreaElement) {
        let draft = self.0.state.draft(&self.0.jid);
        area.set_value(&draft);
        self.0.draft.replace(draft);
        self.changed(area);
    }

    /// It is kept when one leaves.
    pub(crate) fn closed(&self, area: Option<HtmlTextAreaElement>) {
        if self.editing().is_some() {
            self.0.state.edit(None);
        } else if let Some(area) = area {
            self.0.state.leave_draft(&self.0.jid, &area.value());
        }
        self.0.typing.stop();
        self.0.voice.close();
    }

    /// After each rendering: editing has begun, or ended, or another tab has another draft.
    pub(crate) fn rendered(&self) {
        let editing = self.editing();
        let id = editing.as_ref().map(|message| message.id.clone());
        let before = self.0.shown.replace(id.clone());
        let Some(area) = self.area() else { return };
        let aim = aim(&self.0.state, &self.0.jid);
        let aims = self.0.aim.replace(aim.clone()) != aim;
        if before == id {
            self.follow_draft(&area);
            if aims {
                // A field on the page takes the focus.
                let _ = area.focus();
            }
            return;
        }
        match editing {
            Some(message) => {
                area.set_value(&message.body);
                self.changed(&area);
            }
            None => self.fill(&area),
        }
        // A field on the page takes the focus.
        let _ = area.focus();
    }

    /// What has been written in another tab is here too.
    fn follow_draft(&self, area: &HtmlTextAreaElement) {
        let changed = self.0.state.draft(&self.0.jid) != *self.0.draft.borrow();
        if changed && self.editing().is_none() {
            self.fill(area);
        }
    }

    fn editing(&self) -> Option<Rc<Message>> {
        let editing = self.0.state.editing();
        editing.filter(|message| message.conversation == self.0.jid)
    }

    /// Our last message that can still be changed.
    fn edit_last(&self) {
        let last = {
            let store = self.0.state.store();
            let conversation = store.conversation(&self.0.jid);
            let mut messages = conversation
                .into_iter()
                .flat_map(|known| known.timeline.iter().rev());
            messages.find(|message| is_editable(message)).cloned()
        };
        if last.is_some() {
            self.0.state.edit(last);
        }
    }

    /// Goes up or down by one message among those that can be answered; below the last, none is.
    fn answer_next(&self, up: bool) {
        let (state, jid) = (&self.0.state, &self.0.jid);
        let (answered, _) = aim(state, jid);
        let next = {
            let store = state.store();
            let known = store.conversation(jid);
            let all = known.into_iter().flat_map(|known| known.timeline.iter());
            let all: Vec<_> = all.filter(|message| is_answerable(message)).collect();
            let is_it = |message: &&Rc<Message>| message.answered_as() == answered.as_deref();
            let place = all.iter().position(is_it);
            let next = match (place, up) {
                (Some(place), true) => Some(place.saturating_sub(1)),
                (Some(place), false) => Some(place + 1),
                (None, true) => all.len().checked_sub(1),
                (None, false) => None,
            };
            next.and_then(|next| all.get(next).map(|message| Rc::clone(message)))
        };
        match next {
            Some(message) => state.answer(&message),
            None => state.answer_nothing(jid),
        }
    }

    /// Whether this Enter sends, and doesn't begin a new line.
    fn sends(&self, event: &KeyboardEvent) -> bool {
        let command = event.ctrl_key() || event.meta_key();
        command || !event.shift_key() && self.0.state.enter_sends()
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
                let editing = composer.editing().is_some();
                match event.key().as_str() {
                    _ if composes(&event) => return,
                    _ if composer.0.completion.key(&event) => {}
                    "Enter" if composer.sends(&event) => composer.send(&onsend),
                    "Escape" if editing => composer.0.state.edit(None),
                    "Escape" if composer.answers() => {
                        composer.0.state.answer_nothing(&composer.0.jid);
                    }
                    "Escape" if composer.whisper().is_some() => {
                        composer.0.state.whisper(&composer.0.jid, None);
                    }
                    key @ ("ArrowUp" | "ArrowDown")
                        if !editing && (event.ctrl_key() || event.meta_key()) =>
                    {
                        composer.answer_next(key == "ArrowUp");
                    }
                    "ArrowUp" if !editing && composer.is_empty() => composer.edit_last(),
                    _ => return,
                }
                event.prevent_default();
            })
        };
        let onblur = {
            let composer = self.clone();
            Callback::from(move |_: FocusEvent| composer.left())
        };
        let onclick = {
            let composer = self.clone();
            Callback::from(move |_: MouseEvent| composer.send(&onsend))
        };
        let editing = self.editing();
        let send = match editing {
            Some(_) => t("composer.saveEdit"),
            None => t("composer.send"),
        };
        let disabled = self.is_shut();
        let editing_none = editing.is_none();
        let files = editing_none && self.has_files();
        let whisper = self.whisper().filter(|_| editing_none);
        let placeholder = match &whisper {
            Some(whisper) => whisper::words(whisper),
            None => t("composer.placeholder"),
        };
        let onpaste = {
            let (state, jid) = (self.0.state.clone(), self.0.jid.clone());
            Callback::from(move |event: Event| paste(&state, &jid, &event))
        };
        html! {
            <div class="composer">
                { self.banners(editing) }
                <FileTray state={self.0.state.clone()} jid={self.0.jid.clone()} {disabled} />
                <StylePreview preview={self.0.preview.clone()} />
                if self.0.voice.is_open() {
                    <Second
                        state={self.0.state.clone()}
                        part={Part::Voice(self.0.voice.clone())}
                    />
                }
                <Offers completion={self.0.completion.clone()} />
                <div class="composer__frame">
                    { self.menu() }
                    { attach_button(&self.0.state, &self.0.jid, disabled) }
                    <textarea
                        ref={self.0.field.clone()}
                        class="composer__field"
                        rows="1"
                        aria-label={t("composer.label")}
                        {placeholder}
                        dir="auto"
                        enterkeyhint="send"
                        autocomplete="off"
                        aria-autocomplete="list"
                        {disabled}
                        {oninput}
                        {onkeydown}
                        {onblur}
                        {onpaste}
                    />
                    if !disabled && editing_none && !self.0.filled.get() {
                        { self.0.voice.button() }
                    }
                    if !disabled {
                        { icon_button(Icon::Smile, t("emoji.title"), opening(&self.0.state, Layer::Emoji)) }
                    }
                    <button
                        type="button"
                        class="composer__send"
                        aria-label={send.clone()}
                        title={send}
                        disabled={disabled || !(files || self.0.filled.get())}
                        {onclick}
                    >
                        { icon(Icon::Send) }
                    </button>
                </div>
            </div>
        }
    }

    fn has_files(&self) -> bool {
        self.0.state.has_files(&self.0.jid)
    }

    fn answers(&self) -> bool {
        aim(&self.0.state, &self.0.jid).0.is_some()
    }

    /// Who in the room is to read it, if not everybody is.
    fn whisper(&self) -> Option<Whisper> {
        aim(&self.0.state, &self.0.jid).1
    }

    /// What else there is to say of a message.
    fn menu(&self) -> Html {
        let (state, jid) = (self.0.state.clone(), self.0.jid.clone());
        let notes = state.draft_notes(&jid);
        let hidden = notes.spoiler().is_some();
        let spoiler = Entry {
            icon: Icon::EyeOff,
            label: t(if hidden {
                "spoiler.stop"
            } else {
                "spoiler.toggle"
            }),
            chosen: None,
            separated: false,
            onselect: Callback::from(move |()| {
                state.set_spoiler(&jid, (!hidden).then(String::new));
            }),
        };
        let mut entries = vec![spoiler];
        if is_touch() && !self.is_shut() {
            entries.push(camera(&self.0.state, &self.0.jid));
        }
        html! { <Menu label={t("composer.menu")} {entries} /> }
    }

    /// Which message is being edited or answered, and what else it is; with the ways out.
    fn banners(&self, editing: Option<Rc<Message>>) -> Html {
        if editing.is_none() {
            let (state, jid) = (&self.0.state, &self.0.jid);
            let notes = state.draft_notes(jid);
            let reply = notes.reply();
            let reply = reply.map(|reply| reply_quote::banner(state, jid, reply));
            let spoiler = notes.spoiler();
            let spoiler = spoiler.map(|hint| spoiler_banner::banner(state, jid, hint));
            let whisper = notes.whisper().map(|whisper| {
                let part = Part::Whisper(jid.clone(), whisper.clone());
                html! { <Second state={state.clone()} {part} /> }
            });
            return html! { <>{ whisper }{ reply }{ spoiler }</> };
        }
        let stop = {
            let state = self.0.state.clone();
            Callback::from(move |_| state.edit(None))
        };
        html! {
            <div class="composer__banner">
                { icon(Icon::Pencil) }
                <p>{ t("composer.editing") }</p>
                { icon_button(Icon::Close, t("composer.stopEditing"), stop) }
            </div>
        }
    }

    fn is_empty(&self) -> bool {
        self.area().is_some_and(|area| area.value().is_empty())
    }

    /// Whether nothing can be said: we are not in the room.
    fn is_shut(&self) -> bool {
        let store = self.0.state.store();
        let room = store.room(&self.0.jid);
        room.is_some_and(|room| matches!(room.entry, store::Entry::Left(_)))
    }

    fn typed(&self) {
        let Some(area) = self.area() else { return };
        self.changed(&area);
        let (state, jid) = (&self.0.state, &self.0.jid);
        self.0.completion.typed(&area, state, jid);
        if self.editing().is_none() {
            state.save_draft(jid, &area.value());
            self.0.draft.replace(state.draft(jid));
        }
        if self.0.filled.get() {
            self.0.typing.key()
        } else {
            self.0.typing.stop()
        }
    }

    /// Somebody looks elsewhere, perhaps at another tab.
    fn left(&self) {
        self.0.completion.close();
        if let Some(area) = self.area().filter(|_| self.editing().is_none()) {
            self.0.state.leave_draft(&self.0.jid, &area.value());
        }
    }

    fn send(&self, onsend: &Callback<()>) {
        let Some(area) = self.area() else { return };
        let text = area.value();
        let body = text.trim();
        let files = self.has_files();
        if (files || !body.is_empty()) && self.0.state.takes_commands() {
            self.0.typing.stop();
            match self.editing() {
                Some(_) if body.is_empty() => {}
                Some(message) => self.save(&message, body),
                None if self.is_for_nobody() => {}
                None => {
                    let (composer, area, onsend) = (self.clone(), area.clone(), onsend.clone());
                    let body = body.to_owned();
                    self.0.state.in_clear(&self.0.jid, move |state| {
                        if state.takes_commands() {
                            state.send_draft(&composer.0.jid, &body);
                            composer.fill(&area);
                            onsend.emit(());
                        }
                    });
                }
            }
        }
        // A field on the page takes the focus.
        let _ = area.focus();
    }

    /// Whether whom in the room it is for has left, which is said then.
    fn is_for_nobody(&self) -> bool {
        let Inner { state, jid, .. } = &*self.0;
        let lost = self.whisper();
        let lost = lost.filter(|whisper| !state.reaches(jid, whisper));
        if let Some(lost) = &lost {
            state.announce(&whisper::gone_words(lost));
        }
        lost.is_some()
    }

    fn save(&self, message: &Message, body: &str) {
        if message.body == body {
            return self.0.state.edit(None);
        }
        let (message, body) = (message.clone(), body.to_owned());
        self.0.state.in_clear(&self.0.jid, move |state| {
            state.correct(&message, body.clone());
            state.edit(None);
        });
    }

    fn changed(&self, area: &HtmlTextAreaElement) {
        fit(area);
        let text = area.value();
        self.0.preview.show(&text);
        let filled = !text.trim().is_empty();
        if self.0.filled.replace(filled) != filled {
            self.0.update.force_update();
        }
    }
}

/// The id of the message that what is being written answers, and who in a room it is for.
type Aim = (Option<String>, Option<Whisper>);

fn aim(state: &State, jid: &BareJid) -> Aim {
    let notes = state.draft_notes(jid);
    let answered = notes.reply().map(|reply| reply.id.clone());
    (answered, notes.whisper().cloned())
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
    if !is_touch() {
        // A field on the page takes the focus.
        let _ = area.focus();
    }
}
