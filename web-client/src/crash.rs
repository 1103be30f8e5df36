//! What people see if we have made a mistake that stops the page.

use std::panic::PanicHookInfo;

use crate::i18n::t;
use crate::state::document;

/// From here on a panic shows a notice with a way out, besides the console.
pub(crate) fn install() {
    yew::set_custom_panic_hook(Box::new(|info| {
        web_sys::console::error_1(&report(info).into());
        show_notice();
    }));
}

fn report(info: &PanicHookInfo<'_>) -> String {
    info.to_string()
}

/// The notice is part of `index.html`: after a panic nothing can be rendered.
fn show_notice() {
    let Some(notice) = document().and_then(|document| document.get_element_by_id("crash")) else {
        return;
    };
    for (selector, key) in [("p", "crash.text"), ("a", "crash.reload")] {
        if let Ok(Some(element)) = notice.query_selector(selector) {
            element.set_text_content(Some(&t(key)));
        }
    }
    // Removing an attribute doesn't fail.
    let _ = notice.remove_attribute("hidden");
}
