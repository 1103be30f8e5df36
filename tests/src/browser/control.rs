//! One control on a page, and what a person does with it.

use std::cell::Cell;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::page::{Page, result};
use crate::until;

/// So many looks are taken at what moves before it is clicked.
const RESTLESS: u32 = 25;

/// A control, a list, a dialog: what a person sees as one thing.
pub struct Control<'a> {
    pub(super) page: &'a Page,
    pub(super) role: String,
    pub(super) name: Name,
    pub(super) node: u64,
}

/// What a control is called.
#[derive(Debug, Clone)]
pub(super) enum Name {
    Is(String),
    Has(String),
}

impl Name {
    pub(super) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Is(wanted) => name == wanted,
            Self::Has(wanted) => name.contains(wanted),
        }
    }
}

impl Control<'_> {
    /// Clicks in the middle of it, as a mouse would: whatever lies above gets it.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn click(&self) -> Result<()> {
        self.click_with("left").await
    }

    /// The same with the other button, which asks for a menu.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn click_for_menu(&self) -> Result<()> {
        self.click_with("right").await
    }

    async fn click_with(&self, button: &str) -> Result<()> {
        let (looks, last) = (Cell::new(0), Cell::new(None));
        let (x, y) = until(
            &format!("to reach {} {:?}", self.role, self.name),
            || async {
                // It may be drawn anew, or move to where something else is by then; what never
                // rests is taken where it is.
                let now = self.middle().await.ok();
                let rests = last.replace(now) == now || looks.replace(looks.get() + 1) > RESTLESS;
                Ok(now.filter(|_| rests))
            },
        )
        .await?;
        let (x, y) = self.page.outside((x, y)).await?;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { button };
            let event = json!({
                "type": kind, "x": x, "y": y, "button": button, "clickCount": 1,
            });
            self.page.input("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Turns the mouse's wheel over the middle of it, towards oneself by so many pixels.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn wheel(&self, pixels: i32) -> Result<()> {
        let (x, y) = self.page.outside(self.middle().await?).await?;
        let event = json!({
            "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": pixels,
        });
        self.page.input("Input.dispatchMouseEvent", event).await?;
        Ok(())
    }

    /// Replaces what is in it by `text`, typed.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn fill(&self, text: &str) -> Result<()> {
        self.click().await?;
        self.on("function () { this.select?.(); }").await?;
        self.page.type_text(text).await
    }

    /// All that can be read in it.
    ///
    /// # Errors
    /// When it is no longer there.
    pub async fn text(&self) -> Result<String> {
        let text = self
            .on("function () { return this.innerText ?? ''; }")
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until what has been typed into it is `text`.
    ///
    /// # Errors
    /// When it never is.
    pub async fn has(&self, text: &str) -> Result<()> {
        until(
            &format!("{text:?} in the field {:?}", self.name),
            || async {
                let value = self.on("function () { return this.value; }").await?;
                Ok((value.as_str() == Some(text)).then_some(()))
            },
        )
        .await
    }

    /// Waits until `text` can be read in it.
    ///
    /// # Errors
    /// When it never can, with what can be read instead.
    pub async fn reads(&self, text: &str) -> Result<()> {
        let waited = until(
            &format!("{:?} in {} {:?}", text, self.role, self.name),
            || async {
                // Whoever draws anew may replace it: look for it again each time.
                let Some(control) = self.page.look(&self.role, &self.name).await? else {
                    return Ok(None);
                };
                let read = control.text().await.unwrap_or_default();
                Ok(read.contains(text).then_some(()))
            },
        )
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(self.page.explained(error).await),
        }
    }

    /// Where it is, or what has taken its place when the page was drawn anew.
    async fn middle(&self) -> Result<(f64, f64)> {
        if let Ok(middle) = self.middle_of(self.node).await {
            return Ok(middle);
        }
        let control = self.page.look(&self.role, &self.name).await?;
        self.middle_of(control.context("it is gone")?.node).await
    }

    async fn middle_of(&self, node: u64) -> Result<(f64, f64)> {
        let node = json!({ "backendNodeId": node });
        self.page
            .call("DOM.scrollIntoViewIfNeeded", node.clone())
            .await?;
        let quads = self.page.call("DOM.getContentQuads", node).await?;
        let quad: Vec<f64> = quads["quads"][0]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        let [x0, y0, _, _, x2, y2, ..] = quad[..] else {
            bail!("it has no place")
        };
        Ok(((x0 + x2) / 2.0, (y0 + y2) / 2.0))
    }

    async fn on(&self, function: &str) -> Result<Value> {
        let node = json!({ "backendNodeId": self.node });
        let object = self.page.call("DOM.resolveNode", node).await?;
        let call = json!({
            "objectId": object["object"]["objectId"],
            "functionDeclaration": function,
            "returnByValue": true,
        });
        result(self.page.call("Runtime.callFunctionOn", call).await?)
    }
}
