//! One page and the controls on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use serde_json::{Value, json};

use super::control::{Control, Name};
use super::devtools::DevTools;
use super::tasks::Tasks;
use crate::until;

/// A page that somebody looks at.
pub struct Page {
    pub(super) devtools: Rc<DevTools>,
    pub(super) place: Place,
    errors: Rc<RefCell<Vec<String>>>,
    pub(super) log: Rc<RefCell<Vec<String>>>,
    pub(super) crashed: Rc<Cell<bool>>,
    pub(super) tasks: Rc<Tasks>,
    /// The field whose files somebody is about to choose.
    pub(super) chooser: Rc<Cell<Option<u64>>>,
}

/// Where in the browser a page is: ids of the DevTools protocol.
pub(super) struct Place {
    pub(super) session: String,
    pub(super) target: String,
    /// None is the profile's own.
    pub(super) context: Option<String>,
    /// The session of the page around it, if it is in a frame.
    pub(super) around: Option<String>,
}

impl Page {
    pub(super) async fn new(devtools: Rc<DevTools>, place: Place) -> Result<Self> {
        let page = Self::attached(devtools, place).await?;
        page.resize(1280, 800).await?;
        Ok(page)
    }

    /// One that is as large as it is.
    pub(super) async fn attached(devtools: Rc<DevTools>, place: Place) -> Result<Self> {
        let page = Self {
            devtools,
            place,
            errors: Rc::default(),
            log: Rc::default(),
            crashed: Rc::default(),
            tasks: Rc::default(),
            chooser: Rc::default(),
        };
        let (errors, log) = (page.errors.clone(), page.log.clone());
        let (crashed, tasks) = (page.crashed.clone(), page.tasks.clone());
        let chooser = page.chooser.clone();
        page.devtools
            .listen(&page.place.session, move |method, parameters| {
                if let Some(error) = error(method, parameters) {
                    errors.borrow_mut().push(error);
                }
                if method == "Inspector.targetCrashed" {
                    crashed.set(true);
                }
                if method == "Page.fileChooserOpened" {
                    chooser.set(parameters["backendNodeId"].as_u64());
                }
                tasks.learn(method, parameters);
                if method == "Runtime.consoleAPICalled"
                    && let Some(line) = parameters["args"][0]["value"].as_str()
                {
                    log.borrow_mut().push(line.to_owned());
                }
            });
        let domains = [
            "Page",
            "Runtime",
            "DOM",
            "Accessibility",
            "Log",
            "Inspector",
        ];
        for domain in domains {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(page)
    }

    /// Goes to `url`.
    ///
    /// # Errors
    /// When there is nothing.
    pub async fn go(&self, url: &str) -> Result<()> {
        let gone = self.call("Page.navigate", json!({ "url": url })).await?;
        match gone["errorText"].as_str() {
            Some(error) => bail!("{url}: {error}"),
            None => Ok(()),
        }
    }

    /// Makes the window this large; below 760 a phone is meant, which is touched.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 760,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics)
            .await?;
        Ok(())
    }

    /// Prefers `dark` or `light`.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn prefer(&self, scheme: &str) -> Result<()> {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await?;
        Ok(())
    }

    /// Uncaught exceptions and errors on the console so far. A broken connection is
    /// no error of the page, though browsers put it there.
    pub fn errors(&self) -> Vec<String> {
        self.errors.borrow().clone()
    }

    /// Waits for the control that is a `role` called `name`.
    ///
    /// # Errors
    /// When it never comes.
    pub async fn find(&self, role: &str, name: &str) -> Result<Control<'_>> {
        self.wait_for(role, Name::Is(name.to_owned())).await
    }

    /// Waits for the control that is a `role` with these words in its name.
    ///
    /// # Errors
    /// When it never comes.
    pub async fn find_with(&self, role: &str, words: &str) -> Result<Control<'_>> {
        self.wait_for(role, Name::Has(words.to_owned())).await
    }

    /// Waits until there is no such control.
    ///
    /// # Errors
    /// When it never goes.
    pub async fn gone(&self, role: &str, name: &str) -> Result<()> {
        let name = Name::Is(name.to_owned());
        until(&format!("no {role} {name:?}"), || async {
            Ok(self.look(role, &name).await?.is_none().then_some(()))
        })
        .await
    }

    /// What the page has told whoever has the console open, since it was opened.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Has every page that is loaded from now on run `script` before its own.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn before_scripts(&self, script: &str) -> Result<()> {
        let script = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", script)
            .await?;
        Ok(())
    }

    /// Loads the page anew, as F5 does.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn reload(&self) -> Result<()> {
        self.evaluate("window.beforeReload = true").await?;
        self.log.borrow_mut().clear();
        self.call("Page.reload", json!({})).await?;
        until("another page", || async {
            // While it is being replaced there is none to ask.
            let old = self.evaluate("window.beforeReload === true").await;
            Ok(old.is_ok_and(|old| old == false).then_some(()))
        })
        .await
    }

    /// Closes the tab.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn close(self) -> Result<()> {
        let target = json!({ "targetId": self.place.target });
        self.devtools
            .call(None, "Target.closeTarget", target)
            .await?;
        Ok(())
    }

    pub(super) fn context(&self) -> Option<String> {
        self.place.context.clone()
    }

    async fn wait_for(&self, role: &str, name: Name) -> Result<Control<'_>> {
        let waited = until(&format!("{role} {name:?}"), || self.look(role, &name)).await;
        match waited {
            Ok(control) => Ok(control),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The control, if it is there now.
    pub(super) async fn look(&self, role: &str, name: &Name) -> Result<Option<Control<'_>>> {
        let document = self.call("DOM.getDocument", json!({ "depth": 0 })).await?;
        let query = json!({ "nodeId": document["root"]["nodeId"], "role": role });
        // While a page is being replaced there is no tree to ask.
        let Ok(found) = self.call("Accessibility.queryAXTree", query).await else {
            return Ok(None);
        };
        let node = found["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|node| node["ignored"] != true)
            .filter(|node| name.fits(node["name"]["value"].as_str().unwrap_or_default()))
            .find_map(|node| node["backendDOMNodeId"].as_u64());
        let (role, name) = (role.to_owned(), name.clone());
        Ok(node.map(|node| Control {
            page: self,
            role,
            name,
            node,
        }))
    }

    /// Waits until `text` can be read somewhere on the page.
    ///
    /// # Errors
    /// When it never can, with what can be read instead.
    pub async fn reads(&self, text: &str) -> Result<()> {
        let waited = until(&format!("the words {text:?}"), || async {
            Ok(self.text().await?.contains(text).then_some(()))
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// All that can be read on the page.
    ///
    /// # Errors
    /// When the page can't be asked.
    pub async fn text(&self) -> Result<String> {
        let text = self
            .evaluate("document.body ? document.body.innerText : ''")
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What went wrong, and after it what can be read on the page, of which a report may
    /// show the beginning only.
    pub async fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let text = self.text().await.unwrap_or_default();
        anyhow!("{error:#}\nThe page reads:\n{text}")
    }

    /// What `expression` is.
    ///
    /// # Errors
    /// What it throws.
    pub async fn evaluate(&self, expression: &str) -> Result<Value> {
        let call = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        result(self.call("Runtime.evaluate", call).await?)
    }

    /// Waits until what has happened so far is on screen.
    ///
    /// # Errors
    /// When the page draws nothing.
    pub async fn frames(&self) -> Result<()> {
        let frame = "new Promise(resolve => requestAnimationFrame(() => resolve()))";
        for _ in 0..2 {
            self.evaluate(frame).await?;
        }
        Ok(())
    }

    /// Presses a key by its DOM name (`Enter`, `Escape`, `ArrowUp`).
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn press(&self, key: &str) -> Result<()> {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "End" => 35,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            "ArrowRight" => 39,
            _ => bail!("no code is known for the key {key}"),
        };
        for kind in ["rawKeyDown", "char", "keyUp"] {
            if kind == "char" && key != "Enter" {
                continue;
            }
            let text = if kind == "char" { "\r" } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "text": text,
                "windowsVirtualKeyCode": code,
            });
            self.input("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Types text where the focus is.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.input("Input.insertText", json!({ "text": text }))
            .await?;
        Ok(())
    }

    /// What the page looks like, as a PNG file.
    ///
    /// # Errors
    /// When the browser doesn't show it.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let shot = self
            .call("Page.captureScreenshot", json!({ "format": "png" }))
            .await?;
        let data = shot["data"].as_str().context("no screenshot")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }

    pub(super) async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.devtools
            .call(Some(&self.place.session), method, parameters)
            .await
    }
}

pub(super) fn result(mut answer: Value) -> Result<Value> {
    if let Some(exception) = answer.get("exceptionDetails") {
        bail!("{exception}");
    }
    Ok(answer["result"]["value"].take())
}

fn error(method: &str, parameters: &Value) -> Option<String> {
    match method {
        "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" if parameters["type"] == "error" => {
            Some(parameters["args"].to_string())
        }
        "Log.entryAdded" if parameters["entry"]["level"] == "error" => {
            let entry = &parameters["entry"];
            (entry["source"] != "network").then(|| entry["text"].to_string())
        }
        _ => None,
    }
}
