//! How long the tasks of a page take.

use std::cell::{Cell, RefCell};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::page::Page;
use crate::until;

/// What a trace of the browser has told so far.
#[derive(Default)]
pub(super) struct Tasks {
    events: RefCell<Vec<Value>>,
    complete: Cell<bool>,
}

impl Tasks {
    /// Takes an event of the DevTools protocol.
    pub(super) fn learn(&self, method: &str, parameters: &Value) {
        match method {
            "Tracing.dataCollected" => {
                let events = parameters["value"].as_array().into_iter().flatten();
                self.events.borrow_mut().extend(events.cloned());
            }
            "Tracing.tracingComplete" => self.complete.set(true),
            _ => {}
        }
    }

    /// The longest task of a page, in milliseconds.
    fn longest(&self) -> Option<f64> {
        let events = self.events.borrow();
        let thread = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
        let pages: Vec<_> = events
            .iter()
            .filter(|event| event["name"] == "thread_name")
            .filter(|event| event["args"]["name"] == "CrRendererMain")
            .map(thread)
            .collect();
        events
            .iter()
            .filter(|event| event["name"] == "RunTask" && pages.contains(&thread(event)))
            .filter_map(|event| event["tdur"].as_f64())
            .max_by(f64::total_cmp)
            .map(|microseconds| microseconds / 1000.0)
    }
}

impl Page {
    /// The longest task of this browser's pages while `what` happens: the milliseconds that a
    /// processor worked on it, whatever else the machine had to do.
    ///
    /// # Errors
    /// When `what` fails, or the browser can't tell.
    pub async fn longest_task(&self, what: impl Future<Output = Result<()>>) -> Result<f64> {
        self.tasks.events.borrow_mut().clear();
        self.tasks.complete.set(false);
        let categories = ["disabled-by-default-devtools.timeline", "devtools.timeline"];
        let start = json!({
            "transferMode": "ReportEvents",
            "traceConfig": { "includedCategories": categories, "excludedCategories": ["*"] },
        });
        self.call("Tracing.start", start).await?;
        what.await?;
        self.call("Tracing.end", json!({})).await?;
        until("the trace", || async {
            Ok(self.tasks.complete.get().then_some(()))
        })
        .await?;
        self.tasks.longest().context("the trace has no task")
    }
}
