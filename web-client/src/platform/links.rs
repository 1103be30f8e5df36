//! Links of other pages and programs, which the browser can have this page open.

use js_sys::Reflect;

use crate::route::OPEN;

/// Whether it can.
pub(crate) fn is_possible() -> bool {
    web_sys::window().is_some_and(|window| {
        let name = "registerProtocolHandler".into();
        // A navigator is an object.
        Reflect::has(&window.navigator(), &name).unwrap_or(false)
    })
}

/// Has it do so with `xmpp:`, as far as the person agrees when the browser asks. Whether it
/// lets this page, which is called `title`, wish for that.
pub(crate) fn open_here(title: &str) -> bool {
    let asked = web_sys::window().and_then(|window| {
        let location = window.location();
        let page = [location.origin().ok()?, location.pathname().ok()?].concat();
        let url = [&page, OPEN, "%s"].concat();
        window
            .navigator()
            .register_protocol_handler("xmpp", &url, title)
            .ok()
    });
    asked.is_some()
}
