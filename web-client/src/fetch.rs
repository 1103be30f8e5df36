//! Files of our own that the page reads besides itself.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The JSON at `url`, relative to the page; `None` when it isn't there or isn't JSON.
pub(crate) async fn json(url: &str) -> Option<JsValue> {
    let response = settled(web_sys::window()?.fetch_with_str(url)).await?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    settled(response.json().ok()?).await
}

async fn settled(promise: Promise) -> Option<JsValue> {
    JsFuture::from(promise).await.ok()
}
