//! The Chrome DevTools Protocol over one WebSocket.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::PATIENCE;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Listener = Box<dyn Fn(&str, &Value)>;

/// A connection to a browser: calls and their answers, and events by session.
pub(super) struct DevTools {
    sink: Mutex<SplitSink<Socket, Message>>,
    next: Cell<u64>,
    shared: Rc<Shared>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<Value>>>,
    listeners: RefCell<BTreeMap<String, Listener>>,
}

impl Drop for DevTools {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl DevTools {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        // Screenshots are larger than what messages usually may be.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (socket, _) = connect_async_with_config(url, Some(config), false).await?;
        let (sink, mut stream) = socket.split();
        let shared = Rc::<Shared>::default();
        let reader = tokio::task::spawn_local({
            let shared = shared.clone();
            async move {
                while let Some(Ok(message)) = stream.next().await {
                    if let Ok(text) = message.to_text()
                        && let Ok(message) = serde_json::from_str(text)
                    {
                        shared.receive(message);
                    }
                }
            }
        });
        Ok(Self {
            sink: Mutex::new(sink),
            next: Cell::new(1),
            shared,
            reader,
        })
    }

    /// Tells `listener` every event of a session: its name and parameters.
    pub(super) fn listen(&self, session: &str, listener: impl Fn(&str, &Value) + 'static) {
        self.shared
            .listeners
            .borrow_mut()
            .insert(session.to_owned(), Box::new(listener));
    }

    /// Calls a method of a session that won't be able to answer.
    pub(super) async fn tell(&self, session: &str, method: &str, parameters: Value) -> Result<()> {
        let id = self.next.replace(self.next.get() + 1);
        let call = json!({
            "id": id, "method": method, "sessionId": session, "params": parameters,
        });
        let mut sink = self.sink.lock().await;
        Ok(sink.send(Message::text(call.to_string())).await?)
    }

    /// Calls a method and waits for its result.
    pub(super) async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Value> {
        let id = self.next.replace(self.next.get() + 1);
        let (sender, answer) = oneshot::channel();
        self.shared.waiting.borrow_mut().insert(id, sender);
        let mut call = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        self.sink
            .lock()
            .await
            .send(Message::text(call.to_string()))
            .await?;
        let mut answer = timeout(PATIENCE, answer)
            .await
            .with_context(|| format!("the browser doesn't answer {method}"))?
            .context("the browser is gone")?;
        if let Some(error) = answer.get("error") {
            bail!(
                "{method}: {}",
                error["message"].as_str().unwrap_or_default()
            );
        }
        Ok(answer["result"].take())
    }
}

impl Shared {
    fn receive(&self, message: Value) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(sender) = self.waiting.borrow_mut().remove(&id) {
                // Whoever waited may have given up.
                let _ = sender.send(message);
            }
        } else if let (Some(session), Some(method)) =
            (message["sessionId"].as_str(), message["method"].as_str())
            && let Some(listener) = self.listeners.borrow().get(session)
        {
            listener(method, &message["params"]);
        }
    }
}
