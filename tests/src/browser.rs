//! People in a real browser. Controls are found as a person finds them: by what
//! they are and what they are called.

mod devtools;
mod page;

use std::path::PathBuf;
use std::process::Stdio;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use couplet_servers::find_program;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;
use devtools::DevTools;
pub use page::{Control, Page};

/// Whatever host a page is said to come from, it comes from this machine.
const EVERY_HOST_IS_HERE: &str = "--host-resolver-rules=MAP * 127.0.0.1";

/// A running Chromium. Each page is somebody else: cookies and storage are apart.
pub struct Browser {
    devtools: Rc<DevTools>,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium without a window.
    ///
    /// # Errors
    /// When it isn't installed or doesn't come up.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
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
                "--remote-debugging-port=0",
                EVERY_HOST_IS_HERE,
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
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
        let url = timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, url)) = line.split_once("DevTools listening on ") {
                    return Ok(url.trim().to_owned());
                }
            }
            anyhow::bail!("Chromium ended without listening")
        })
        .await
        .context("Chromium did not come up")??;
        // Read on, so that Chromium never waits for somebody to read its complaints.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let devtools = Rc::new(DevTools::connect(&url).await?);
        Ok(Self {
            devtools,
            _process: process,
            _profile: profile,
        })
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
        let target = json!({
            "url": "about:blank",
            "browserContextId": context["browserContextId"],
        });
        let target = self
            .devtools
            .call(None, "Target.createTarget", target)
            .await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self
            .devtools
            .call(None, "Target.attachToTarget", attach)
            .await?;
        let session = session["sessionId"]
            .as_str()
            .context("no session")?
            .to_owned();
        let page = Page::new(self.devtools.clone(), session).await?;
        page.go(url).await?;
        Ok(page)
    }
}

fn program() -> Result<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(find_program)
        .context("Chromium is not installed: run `cargo xtask test`, which sees to it")
}
