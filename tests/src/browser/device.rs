//! What happens to a page: its network, its process, its disk.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::control::Control;
use super::page::Page;
use crate::until;

impl Page {
    /// Has the network give it so many bytes a second, or all there are.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn slow_down(&self, bytes: Option<u32>) -> Result<()> {
        self.throttle(bytes, None).await
    }

    /// Has the network take so many bytes a second from it, or all there are.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn slow_down_sending(&self, bytes: Option<u32>) -> Result<()> {
        self.throttle(None, bytes).await
    }

    /// Has the processor be so many times slower for it.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn slow_processor(&self, times: f64) -> Result<()> {
        let rate = json!({ "rate": times });
        self.call("Emulation.setCPUThrottlingRate", rate).await?;
        Ok(())
    }

    /// The bytes that its scripts have, and what they keep outside of the heap: WebAssembly's
    /// memory.
    ///
    /// # Errors
    /// When the browser can't tell.
    pub async fn memory(&self) -> Result<f64> {
        self.call("HeapProfiler.collectGarbage", json!({})).await?;
        let heap = self.call("Runtime.getHeapUsage", json!({})).await?;
        let bytes = |part: &str| heap[part].as_f64().unwrap_or_default();
        Ok(bytes("usedSize") + bytes("backingStorageSize"))
    }

    async fn throttle(&self, down: Option<u32>, up: Option<u32>) -> Result<()> {
        let limit = |bytes: Option<u32>| bytes.map_or(-1, i64::from);
        let conditions = json!({
            "offline": false, "latency": 0,
            "downloadThroughput": limit(down), "uploadThroughput": limit(up),
        });
        self.call("Network.enable", json!({})).await?;
        self.call("Network.emulateNetworkConditions", conditions)
            .await?;
        Ok(())
    }

    /// Presses a control that lets one choose files, and chooses these.
    ///
    /// # Errors
    /// When nobody is asked for files.
    pub async fn choose_files(&self, control: &Control<'_>, files: &[&Path]) -> Result<()> {
        self.chooser.set(None);
        let intercept = |enabled| json!({ "enabled": enabled });
        self.call("Page.setInterceptFileChooserDialog", intercept(true))
            .await?;
        control.click().await?;
        let node = until("a choice of files", || async { Ok(self.chooser.get()) }).await?;
        let chosen = json!({ "files": files, "backendNodeId": node });
        self.call("DOM.setFileInputFiles", chosen).await?;
        self.call("Page.setInterceptFileChooserDialog", intercept(false))
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

    /// Ends what [`block`](Self::block) began.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn unblock(&self) -> Result<()> {
        self.call("Network.setBlockedURLs", json!({ "urls": [] }))
            .await?;
        Ok(())
    }

    /// Kills the process of the tab, as a crash or a lack of memory does.
    ///
    /// # Errors
    /// When the tab can't be closed afterwards.
    pub async fn crash(self) -> Result<()> {
        self.end_process().await?;
        self.close().await
    }

    /// Kills the process of the tab, and loads the page anew in it.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn crash_and_reload(&self) -> Result<()> {
        self.log.borrow_mut().clear();
        self.end_process().await?;
        self.call("Page.reload", json!({})).await?;
        until("another page", || async {
            let there = self.evaluate("document.readyState === 'complete'").await;
            Ok(there.is_ok_and(|there| there == true).then_some(()))
        })
        .await
    }

    async fn end_process(&self) -> Result<()> {
        self.crashed.set(false);
        // Nobody is left to answer this.
        self.devtools
            .tell(&self.place.session, "Page.crash", json!({}))
            .await?;
        // The next page would end in the same process.
        until("the crash", || async {
            Ok(self.crashed.get().then_some(()))
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
        self.may(&["notifications"]).await
    }

    async fn may(&self, permissions: &[&str]) -> Result<()> {
        let origin = self.evaluate("location.origin").await?;
        let mut grant = json!({ "permissions": permissions, "origin": origin });
        if let Some(context) = &self.place.context {
            grant["browserContextId"] = context.as_str().into();
        }
        self.devtools
            .call(None, "Browser.grantPermissions", grant)
            .await?;
        Ok(())
    }

    /// Has the page drawn as on paper, or again as on screen.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn on_paper(&self, is_printed: bool) -> Result<()> {
        let media = if is_printed { "print" } else { "" };
        self.call("Emulation.setEmulatedMedia", json!({ "media": media }))
            .await?;
        Ok(())
    }

    /// Lets the page read what has been copied, and returns it.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn copied(&self) -> Result<String> {
        self.may(&["clipboardReadWrite"]).await?;
        let text = self.evaluate("navigator.clipboard.readText()").await?;
        Ok(text.as_str().context("no text")?.to_owned())
    }

    /// Has the browser forget the files that it has kept by itself; what workers keep stays.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn forget_files(&self) -> Result<()> {
        self.call("Network.enable", json!({})).await?;
        self.call("Network.clearBrowserCache", json!({})).await?;
        Ok(())
    }

    /// Gives the page's origin room for so many bytes on the disk, or for all there is.
    ///
    /// # Errors
    /// When the browser doesn't.
    pub async fn room_on_disk(&self, bytes: Option<u64>) -> Result<()> {
        let origin = self.evaluate("location.origin").await?;
        let mut quota = json!({ "origin": origin });
        if let Some(bytes) = bytes {
            quota["quotaSize"] = bytes.into();
        }
        self.call("Storage.overrideQuotaForOrigin", quota).await?;
        Ok(())
    }
}
