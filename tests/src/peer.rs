//! Somebody on slixmpp, a client that isn't ours: a program in Python that does as it is told
//! and tells what it sees.

use std::cell::RefCell;
use std::process::Stdio;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Server, find_slixmpp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::until;

const PROGRAM: &str = include_str!("../peer/peer.py");

/// A running slixmpp. Dropping it kills it.
pub struct Peer {
    _child: Child,
    orders: ChildStdin,
    given: usize,
    seen: Rc<RefCell<Vec<Value>>>,
    reader: JoinHandle<Result<()>>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Peer {
    /// Somebody who has signed in to the server itself, without a proxy, and is available.
    ///
    /// # Errors
    /// When Python or slixmpp is missing, or the sign-in fails.
    pub async fn signed_in(server: &Server, jid: &str, password: &str) -> Result<Self> {
        let python = find_slixmpp()
            .context("slixmpp isn't installed. Install it: apt-get install python3-slixmpp")?;
        let mut child = Command::new(python)
            .args(["-c", PROGRAM, jid, password])
            .arg(server.c2s_port().to_string())
            .arg(server.ca_pem())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("no way in")?;
        let output = child.stdout.take().context("no way out")?;
        let seen = Rc::<RefCell<Vec<Value>>>::default();
        let reader = tokio::task::spawn_local(read(output, seen.clone()));
        let peer = Self {
            _child: child,
            orders,
            given: 0,
            seen,
            reader,
        };
        peer.until(&format!("{jid} is online, by slixmpp"), |event| {
            event["event"] == "ready"
        })
        .await?;
        Ok(peer)
    }

    /// Has them do something: `order` is what a method of the program takes, with its name as
    /// `do`. Returns what came of it, for messages their id.
    ///
    /// # Errors
    /// When nothing comes of it, or the server refuses it.
    pub async fn order(&mut self, mut order: Value) -> Result<Value> {
        self.given += 1;
        let number = self.given;
        order["number"] = json!(number);
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await?;
        let done = self
            .until(&order.to_string(), |event| {
                event["event"] == "done" && event["number"] == number
            })
            .await?;
        ensure!(done["refused"].is_null(), "{order}: {done}");
        Ok(done)
    }

    /// Has them send a message in some way; returns its id.
    ///
    /// # Errors
    /// When it isn't sent.
    pub async fn send(&mut self, order: Value) -> Result<String> {
        let done = self.order(order).await?;
        let id = done["id"].as_str().context("a message without id")?;
        Ok(id.to_owned())
    }

    /// Has them say something; returns the message's id.
    ///
    /// # Errors
    /// When it isn't said.
    pub async fn say(&mut self, to: &str, body: &str) -> Result<String> {
        self.send(json!({ "do": "say", "to": to, "body": body }))
            .await
    }

    /// Waits until they have seen something, at any time so far, and returns it.
    ///
    /// # Errors
    /// When they never do, with all that they have seen.
    pub async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        until(what, || async {
            if let Some(event) = self.seen(&is).pop() {
                return Ok(Some(event));
            }
            ensure!(!self.reader.is_finished(), "slixmpp has ended");
            Ok(None)
        })
        .await
        .with_context(|| format!("slixmpp saw {:#?}", self.seen(|_| true)))
    }

    /// The same for a message with this body, which may not be one that came back.
    ///
    /// # Errors
    /// When it never comes.
    pub async fn hears(&self, body: &str) -> Result<Value> {
        self.until(&format!("{body:?}"), |event| {
            event["event"] == "message" && event["type"] != "error" && event["body"] == body
        })
        .await
    }

    /// All they have seen so far of a kind, in order.
    pub fn seen(&self, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let seen = self.seen.borrow();
        seen.iter().filter(|event| is(event)).cloned().collect()
    }
}

async fn read(output: ChildStdout, seen: Rc<RefCell<Vec<Value>>>) -> Result<()> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let event = serde_json::from_str(&line).with_context(|| line.clone())?;
        seen.borrow_mut().push(event);
    }
    Ok(())
}
