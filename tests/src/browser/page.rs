//! One page and the controls on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use serde_json::{Value, json};

use super::devtools::DevTools;
use crate::until;

/// A page that somebody looks at.
pub struct Page {
    devtools: Rc<DevTools>,
    place: Place,
    errors: Rc<RefCell<Vec<String>>>,
    log: Rc<RefCell<Vec<String>>>,
    crashed: Rc<Cell<bool>>,
}

/// Where in the browser a page is: ids of the DevTools protocol.
pub(super) struct Place {
    pub(super) session: String,
    pub(super) target: String,
    /// None is the profile's own.
    pub(super) context: Option<String>,
}

/// A control, a list, a dialog: what a person sees as one thing.
pub struct Control<'a> {
    page: &'a Page,
    role: String,
    name: Name,
    node: u64,
}

/// What a control is called.
#[derive(Debug, Clone)]
enum Name {
    Is(String),
    Has(String),
}

impl Name {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Is(wanted) => name == wanted,
            Self::Has(wanted) => name.contains(wanted),
        }
    }
}

impl Page {
    pub(super) async fn new(devtools: Rc<DevTools>, place: Place) -> Result<Self> {
        let page = Self {
            devtools,
            place,
            errors: Rc::default(),
            log: Rc::default(),
            crashed: Rc::default(),
        };
        let (errors, log) = (page.errors.clone(), page.log.clone());
        let crashed = page.crashed.clone();
        page.devtools
            .listen(&page.place.session, move |method, parameters| {
                if let Some(error) = error(method, parameters) {
                    errors.borrow_mut().push(error);
                }
                if method == "Inspector.targetCrashed" {
                    crashed.set(true);
                }
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
        page.resize(1280, 800).await?;
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

    /// Has the network give it so many bytes a second, or all there are.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn slow_down(&self, bytes: Option<u32>) -> Result<()> {
        let conditions = json!({
            "offline": false, "latency": 0, "uploadThroughput": -1,
            "downloadThroughput": bytes.map_or(-1, i64::from),
        });
        self.call("Network.enable", json!({})).await?;
        self.call("Network.emulateNetworkConditions", conditions)
            .await?;
        Ok(())
    }

    /// Has nothing come from such addresses.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn block(&self, pattern: &str) -> Result<()> {
        self.call("Network.enable", json!({})).await?;
        self.call("Network.setBlockedURLs", json!({ "urls": [pattern] }))
            .await?;
        Ok(())
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

    /// Kills the process of the tab, as a crash or a lack of memory does.
    ///
    /// # Errors
    /// When the tab can't be closed afterwards.
    pub async fn crash(self) -> Result<()> {
        // Nobody is left to answer this.
        self.devtools
            .tell(&self.place.session, "Page.crash", json!({}))
            .await?;
        // The next page would end in the same process.
        until("the crash", || async {
            Ok(self.crashed.get().then_some(()))
        })
        .await?;
        self.close().await
    }

    /// Kills the process of the tab, and loads the page anew in it.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn crash_and_reload(&self) -> Result<()> {
        self.log.borrow_mut().clear();
        self.crashed.set(false);
        self.devtools
            .tell(&self.place.session, "Page.crash", json!({}))
            .await?;
        until("the crash", || async {
            Ok(self.crashed.get().then_some(()))
        })
        .await?;
        self.call("Page.reload", json!({})).await?;
        until("another page", || async {
            let there = self.evaluate("document.readyState === 'complete'").await;
            Ok(there.is_ok_and(|there| there == true).then_some(()))
        })
        .await
    }

    /// Kills the process of the tab before anything can happen behind `script`.
    ///
    /// # Errors
    /// When the script fails, or the tab can't be closed afterwards.
    pub async fn crash_behind(self, script: &str) -> Result<()> {
        const DONE: &str = "the end is near";
        // Nothing else happens meanwhile, and a crash that had to wait comes then.
        let script = format!(
            "{script};
            console.log('{DONE}');
            for (const end = performance.now() + 5000; performance.now() < end;);"
        );
        self.devtools
            .tell(
                &self.place.session,
                "Runtime.evaluate",
                json!({ "expression": script }),
            )
            .await?;
        until("the script's end", || async {
            Ok(self.log().iter().any(|line| line == DONE).then_some(()))
        })
        .await?;
        self.crash().await
    }

    /// Keeps the page from doing anything at all, until [`go_on`](Self::go_on).
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn hang(&self) -> Result<()> {
        self.call("Debugger.enable", json!({})).await?;
        self.call("Debugger.pause", json!({})).await?;
        Ok(())
    }

    /// Ends what [`hang`](Self::hang) began.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn go_on(&self) -> Result<()> {
        self.call("Debugger.disable", json!({})).await?;
        Ok(())
    }

    /// Lets the page show notifications, as if the person had been asked and agreed.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn may_notify(&self) -> Result<()> {
        let origin = self.evaluate("location.origin").await?;
        let mut grant = json!({ "permissions": ["notifications"], "origin": origin });
        if let Some(context) = &self.place.context {
            grant["browserContextId"] = context.as_str().into();
        }
        self.devtools
            .call(None, "Browser.grantPermissions", grant)
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
            Err(error) => Err(error.context(self.text().await?)),
        }
    }

    /// The control, if it is there now.
    async fn look(&self, role: &str, name: &Name) -> Result<Option<Control<'_>>> {
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
            Err(error) => Err(error.context(self.text().await?)),
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
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Types text where the focus is.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text }))
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

    async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.devtools
            .call(Some(&self.place.session), method, parameters)
            .await
    }
}

impl Control<'_> {
    /// Clicks in the middle of it, as a mouse would: whatever lies above gets it.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn click(&self) -> Result<()> {
        let (x, y) = until(
            &format!("to reach {} {:?}", self.role, self.name),
            || async {
                // It may move or be drawn anew between two looks.
                Ok(self.middle().await.ok())
            },
        )
        .await?;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({
                "type": kind, "x": x, "y": y, "button": button, "clickCount": 1,
            });
            self.page.call("Input.dispatchMouseEvent", event).await?;
        }
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
            Err(error) => Err(error.context(self.page.text().await?)),
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

fn result(mut answer: Value) -> Result<Value> {
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
