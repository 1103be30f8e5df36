//! What somebody has typed before this program was here: the page has a form of its
//! own until then (`static/early.js`).

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, HtmlInputElement};
use zeroize::Zeroizing;

use crate::components::field::input;
use crate::platform;
use crate::state::document;

/// The fields of the early form, and those that take their places.
const FIELDS: [(&str, &str); 2] = [
    ("early-address", "sign-in-address"),
    ("early-password", "sign-in-password"),
];

/// Whether somebody stays signed in on this device: then the page waits for this program.
const STAYS: &str = "couplet.stays";

/// The early form, as somebody has left it.
pub(crate) struct Early {
    texts: [Zeroizing<String>; 2],
    /// In which field the cursor is, and where.
    cursor: Option<(usize, [Option<u32>; 2])>,
    /// Whether they don't want to stay signed in.
    pub(crate) leaves: bool,
    sent: bool,
}

/// Notes whether the next page has anybody to ask for a password.
pub(crate) fn note(stays: bool) {
    platform::prefer(STAYS, stays.then_some("yes"));
}

/// Takes the form off the page, with what is in it if it was shown.
pub(crate) fn take() -> Option<Early> {
    let document = document()?;
    let form: HtmlElement = document.get_element_by_id("early")?.dyn_into().ok()?;
    let active = document.active_element().map(|element| element.id());
    let cursor = FIELDS
        .iter()
        .position(|(field, _)| active.as_deref() == Some(field))
        .and_then(|place| Some((place, selection(&input(FIELDS[place].0)?))));
    let early = Early {
        texts: FIELDS.map(|(field, _)| {
            let text = input(field).map(|field| field.value());
            Zeroizing::new(text.unwrap_or_default())
        }),
        cursor,
        leaves: input("early-stay").is_some_and(|stay| !stay.checked()),
        sent: form.dataset().get("sent").is_some(),
    };
    form.remove();
    (!form.hidden()).then_some(early)
}

fn selection(field: &HtmlInputElement) -> [Option<u32>; 2] {
    // Fields of text have one.
    [field.selection_start(), field.selection_end()].map(|end| end.ok().flatten())
}

impl Early {
    /// Goes on in the form that has taken its place.
    pub(crate) fn go_on(self) {
        for ((_, field), text) in FIELDS.iter().zip(&self.texts) {
            if let Some(field) = input(field).filter(|_| !text.is_empty()) {
                field.set_value(text);
            }
        }
        if let Some((place, [start, end])) = self.cursor
            && let Some(field) = input(FIELDS[place].1)
        {
            // A field of text on the page takes the focus and a selection.
            let _ = field.focus();
            let _ = field.set_selection_start(start);
            let _ = field.set_selection_end(end);
        }
        if self.sent {
            // As soon as the form says all that it was told.
            Timeout::new(0, || {
                if let Some(form) = input(FIELDS[0].1).and_then(|field| field.form()) {
                    // It is in the document.
                    let _ = form.request_submit();
                }
            })
            .forget();
        }
    }
}
