//! A WebSocket with the subprotocol `xmpp` (RFC 7395 3.1).

use std::cell::Cell;
use std::rc::Rc;

use couplet_engine::CloseReason;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

/// What happened to a socket.
pub(crate) enum Happened {
    Opened,
    Frame(String),
    Closed(CloseReason),
}

/// An open or opening socket. Dropping closes it, and nothing more is heard of it.
pub(crate) struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn FnMut(Event)>,
    _frame: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Begins to open a socket. What happens to it is told one thing at a time,
    /// never from within this call.
    ///
    /// # Errors
    /// When the URL is not one, or the page may not connect to it.
    pub(crate) fn open(url: &str, happened: impl Fn(Happened) + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new_with_str(url, "xmpp")?;
        let happened = Rc::new(happened);
        let was_open = Rc::new(Cell::new(false));
        let opened = Closure::new({
            let (happened, was_open) = (happened.clone(), was_open.clone());
            move |_: Event| {
                was_open.set(true);
                happened(Happened::Opened);
            }
        });
        let frame = Closure::new({
            let happened = happened.clone();
            // RFC 7395 3.2: anything but text means nothing here.
            move |event: MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    happened(Happened::Frame(text));
                }
            }
        });
        let closed = Closure::new(move |event: CloseEvent| {
            let reason = CloseReason {
                opened: was_open.get(),
                code: event.code(),
            };
            happened(Happened::Closed(reason));
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(frame.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            _opened: opened,
            _frame: frame,
            _closed: closed,
        })
    }

    /// Sends one message. On a socket that is closing it is lost; that is told as [`Happened::Closed`].
    pub(crate) fn send(&self, text: &str) {
        if self.socket.ready_state() == WebSocket::OPEN {
            // Fails only before the socket is open or for a lone surrogate, which a `str` can't hold.
            let _ = self.socket.send_with_str(text);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Fails only for a code or reason that is out of bounds, and there is none.
        let _ = self.socket.close();
    }
}
