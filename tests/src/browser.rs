//! People in a real browser. Controls are found as a person finds them: by what
//! they are and what they are called.

mod control;
mod device;
mod devtools;
mod frame;
mod page;
mod tasks;

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail, ensure};
use couplet_servers::find_program;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;
pub use control::Control;
use devtools::DevTools;
pub use page::Page;

/// Whatever host a page is said to come from, it comes from this machine.
const EVERY_HOST_IS_HERE: &str = "--host-resolver-rules=MAP * 127.0.0.1";

/// A running Chromium. Each page is somebody else: cookies and storage are apart.
pub struct Browser {
    devtools: Rc<DevTools>,
    process: Child,
    profile: TempDir,
    /// The hash of the one certificate's key that it takes for good whoever has signed it.
    known: Option<String>,
}

impl Browser {
    /// Starts Chromium without a window.
    ///
    /// # Errors
    /// When it isn't installed or doesn't come up.
    pub async fn start() -> Result<Self> {
        Self::begin(None).await
    }

    /// The same, with a certificate that it takes for good whoever has signed it: `key` is the
    /// SHA-256 of its public key's info, in base64.
    ///
    /// # Errors
    /// When it isn't installed or doesn't come up.
    pub async fn that_knows(key: &str) -> Result<Self> {
        Self::begin(Some(key.to_owned())).await
    }

    async fn begin(known: Option<String>) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let (process, devtools) = launch(&profile, known.as_deref()).await?;
        Ok(Self {
            devtools,
            process,
            profile,
            known,
        })
    }

    /// Kills it and starts it again on the same profile.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.kill().await.context("killing Chromium")?;
        (self.process, self.devtools) = launch(&self.profile, self.known.as_deref()).await?;
        Ok(())
    }

    /// Opens `url` as whoever has the profile: what is kept survives the browser.
    ///
    /// # Errors
    /// When the page can't be opened.
    pub async fn open_kept(&self, url: &str) -> Result<Page> {
        self.open_in(None, url).await
    }

    /// Opens `url` as somebody new.
    ///
    /// # Errors
    /// When the page can't be opened.
    pub async fn open(&self, url: &str) -> Result<Page> {
        let context = self
            .devtools
            .call(
                None,
                "Target.createBrowserContext",
                json!({ "disposeOnDetach": true }),
            )
            .await?;
        let context = text(&context["browserContextId"])?;
        self.open_in(Some(context), url).await
    }

    /// Opens `url` in another tab of whoever looks at `page`.
    ///
    /// # Errors
    /// When the page can't be opened.
    pub async fn open_beside(&self, page: &Page, url: &str) -> Result<Page> {
        self.open_in(page.context(), url).await
    }

    /// What `script` gives in the service worker of `page`.
    ///
    /// # Errors
    /// When there is no such worker, or the script fails.
    pub async fn in_worker(&self, page: &Page, script: &str) -> Result<Value> {
        let targets = self
            .devtools
            .call(None, "Target.getTargets", json!({}))
            .await?;
        let context = page.context();
        let ours = |target: &&Value| {
            target["type"] == "service_worker"
                && context
                    .as_ref()
                    .is_none_or(|context| target["browserContextId"] == context.as_str())
        };
        let all = targets["targetInfos"].as_array();
        let worker = all.into_iter().flatten().find(ours);
        let worker = worker.context("the page has no service worker")?;
        let attach = json!({ "targetId": worker["targetId"], "flatten": true });
        let session = self
            .devtools
            .call(None, "Target.attachToTarget", attach)
            .await?;
        let session = text(&session["sessionId"])?;
        let evaluate = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let given = self
            .devtools
            .call(Some(&session), "Runtime.evaluate", evaluate)
            .await?;
        ensure!(given["exceptionDetails"].is_null(), "{given}");
        Ok(given["result"]["value"].clone())
    }

    async fn open_in(&self, context: Option<String>, url: &str) -> Result<Page> {
        // A tab behind another one is drawn by nobody: it has a window of its own.
        let mut target = json!({ "url": "about:blank", "newWindow": true });
        if let Some(context) = &context {
            target["browserContextId"] = context.as_str().into();
        }
        let target = self
            .devtools
            .call(None, "Target.createTarget", target)
            .await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self
            .devtools
            .call(None, "Target.attachToTarget", attach)
            .await?;
        let page = Page::new(
            self.devtools.clone(),
            page::Place {
                session: text(&session["sessionId"])?,
                target: text(&target["targetId"])?,
                context,
                around: None,
            },
        )
        .await?;
        page.go(url).await?;
        Ok(page)
    }
}

/// What became of a start.
enum Start {
    Listening {
        process: Child,
        url: String,
    },
    Ended {
        status: ExitStatus,
        complaints: String,
    },
}

impl Start {
    fn broke_off(&self) -> bool {
        const SEGMENTATION_FAULT: i32 = 11;
        let Self::Ended { status, .. } = self else {
            return false;
        };
        status.signal() == Some(SEGMENTATION_FAULT)
    }
}

/// A process, and the way to it.
///
/// Debian's Chromium 148 breaks off by itself before it listens, about once in 600 starts, with or
/// without the arguments below. Nothing of a test has begun by then, so that another is started.
async fn launch(profile: &TempDir, known: Option<&str>) -> Result<(Child, Rc<DevTools>)> {
    let mut started = start(profile, known).await?;
    if started.broke_off() {
        started = start(profile, known).await?;
    }
    match started {
        Start::Listening { process, url } => Ok((process, Rc::new(DevTools::connect(&url).await?))),
        Start::Ended { status, complaints } => {
            bail!("Chromium ended without listening, {status}:\n{complaints}")
        }
    }
}

async fn start(profile: &TempDir, known: Option<&str>) -> Result<Start> {
    let mut process = Command::new(program()?)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            // A microphone that beeps, for whoever is asked for one.
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            "--remote-debugging-port=0",
            EVERY_HOST_IS_HERE,
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(known.map(|key| format!("--ignore-certificate-errors-spki-list={key}")))
        // What it leaves when it is ended goes with the profile.
        .env("TMPDIR", profile.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting Chromium")?;
    let stderr = process
        .stderr
        .take()
        .context("Chromium has no error output")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut complaints = String::new();
    let listening = timeout(PATIENCE, async {
        while let Some(line) = lines.next_line().await? {
            if let Some((_, url)) = line.split_once("DevTools listening on ") {
                return Ok(Some(url.trim().to_owned()));
            }
            complaints.push_str(&line);
            complaints.push('\n');
        }
        anyhow::Ok(None)
    })
    .await
    .context("Chromium did not come up")??;
    let Some(url) = listening else {
        let status = process.wait().await?;
        return Ok(Start::Ended { status, complaints });
    };
    // Read on, so that Chromium never waits for somebody to read its complaints.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(Start::Listening { process, url })
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("no text")?.to_owned())
}

fn program() -> Result<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(find_program)
        .context("Chromium is not installed: run `cargo xtask test`, which sees to it")
}
