//! Pages in frames of other sites' pages: they have processes of their own, and whoever looks at
//! them looks at the page around them.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::page::{Page, Place, result};
use crate::until;

impl Page {
    /// Waits for as many pages in frames of other origins' as there are to be, whose addresses
    /// have `part` in them.
    ///
    /// # Errors
    /// When they never come.
    pub async fn framed(&self, part: &str, count: usize) -> Result<Vec<Self>> {
        let targets = until(&format!("{count} frames of {part}"), || async {
            let targets = self.frame_targets(part).await?;
            Ok((targets.len() == count).then_some(targets))
        })
        .await?;
        let mut frames = Vec::new();
        for target in targets {
            let attach = json!({ "targetId": target, "flatten": true });
            let session = self
                .devtools
                .call(None, "Target.attachToTarget", attach)
                .await?;
            let session = session["sessionId"].as_str().context("no session")?;
            let place = Place {
                session: session.to_owned(),
                target,
                context: self.context(),
                around: Some(self.place.session.clone()),
            };
            frames.push(Self::attached(self.devtools.clone(), place).await?);
        }
        Ok(frames)
    }

    /// The only one.
    ///
    /// # Errors
    /// When it never comes.
    pub async fn frame(&self, part: &str) -> Result<Self> {
        let frames = self.framed(part, 1).await?;
        frames.into_iter().next().context("no frame")
    }

    /// What `expression` is in the only frame, which needn't have a process of its own.
    ///
    /// # Errors
    /// What it throws.
    pub async fn in_frame(&self, expression: &str) -> Result<Value> {
        let tree = self.call("Page.getFrameTree", json!({})).await?;
        let frame = &tree["frameTree"]["childFrames"][0]["frame"]["id"];
        let world = json!({ "frameId": frame, "worldName": "tests" });
        let world = self.call("Page.createIsolatedWorld", world).await?;
        let call = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
            "contextId": world["executionContextId"],
        });
        result(self.call("Runtime.evaluate", call).await?)
    }

    /// The frames that are there now, by the ids of the DevTools protocol.
    async fn frame_targets(&self, part: &str) -> Result<Vec<String>> {
        let targets = self
            .devtools
            .call(None, "Target.getTargets", json!({}))
            .await?;
        let ours = |target: &&Value| {
            target["type"] == "iframe"
                && target["url"].as_str().is_some_and(|url| url.contains(part))
                && target["browserContextId"].as_str() == self.context().as_deref()
        };
        let all = targets["targetInfos"].as_array().into_iter().flatten();
        let ids = all
            .filter(ours)
            .filter_map(|target| target["targetId"].as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    /// Where a point of this page is on the page around it.
    pub(super) async fn outside(&self, (x, y): (f64, f64)) -> Result<(f64, f64)> {
        let Some(around) = &self.place.around else {
            return Ok((x, y));
        };
        let frame = json!({ "frameId": self.place.target });
        let call = |method, parameters| self.devtools.call(Some(around), method, parameters);
        let owner = call("DOM.getFrameOwner", frame).await?;
        let node = json!({ "backendNodeId": owner["backendNodeId"] });
        let quads = call("DOM.getContentQuads", node).await?;
        let corner = |at: usize| quads["quads"][0][at].as_f64().context("it has no place");
        Ok((x + corner(0)?, y + corner(1)?))
    }

    /// Has whoever looks at the page do something.
    pub(super) async fn input(&self, method: &str, parameters: Value) -> Result<Value> {
        let session = self.place.around.as_ref().unwrap_or(&self.place.session);
        self.devtools.call(Some(session), method, parameters).await
    }
}
