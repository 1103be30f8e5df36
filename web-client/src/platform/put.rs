//! One file on its way to a server (XEP-0363 8).

use couplet_engine::store::Slot;
use gloo_events::EventListener;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, ProgressEvent, XmlHttpRequest};

/// What there is to tell of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PutNews {
    /// So many bytes are there.
    Sent(f64),
    /// It is over: the server's status; 0 if the connection broke, or was never there.
    Over(u16),
}

/// A file under way. Dropping stops it, and nothing more is heard of it.
pub(crate) struct Put {
    request: XmlHttpRequest,
    listeners: Option<[EventListener; 2]>,
}

impl Put {
    /// Begins to send `content`. Not by `fetch`, which doesn't say how far it is.
    ///
    /// # Errors
    /// When the page may not send anything there.
    pub(crate) fn begin(
        slot: &Slot,
        content: &Blob,
        media_type: &str,
        happened: impl Fn(PutNews) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open_with_async("PUT", &slot.put, true)?;
        if !media_type.is_empty() {
            request.set_request_header("Content-Type", media_type)?;
        }
        for (name, value) in &slot.headers {
            // The browser keeps some for itself, such as cookies.
            let _ = request.set_request_header(name, value);
        }
        let upload = request.upload()?;
        let sent = {
            let happened = happened.clone();
            EventListener::new(&upload, "progress", move |event| {
                let progress: &ProgressEvent = event.unchecked_ref();
                happened(PutNews::Sent(progress.loaded()));
            })
        };
        let over = {
            let asked = request.clone();
            EventListener::new(&request, "loadend", move |_| {
                happened(PutNews::Over(asked.status().unwrap_or_default()));
            })
        };
        request.send_with_opt_blob(Some(content))?;
        Ok(Self {
            request,
            listeners: Some([sent, over]),
        })
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        self.listeners = None;
        // Stopping what is over does nothing.
        let _ = self.request.abort();
    }
}
