//! Waiting for what IndexedDB does.

use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, IdbRequest, IdbTransaction};

use super::Fault;

/// The result of a request. The next request of the same transaction may be made
/// right after it: a promise is settled while the transaction is still active.
pub(super) async fn result(request: &IdbRequest) -> Result<JsValue, Fault> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(request.result()?),
        Err(_) => Err(failure(request)),
    }
}

/// Why a request has failed.
pub(super) fn failure(request: &IdbRequest) -> Fault {
    fault_of(request.error().unwrap_or_default())
}

/// Until everything the transaction wrote is as safe as it was asked to be.
pub(super) async fn completion(transaction: &IdbTransaction) -> Result<(), Fault> {
    let promise = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(_) => Err(fault_of(transaction.error())),
    }
}

fn fault_of(error: Option<DomException>) -> Fault {
    match error {
        Some(error) => Fault::from(JsValue::from(error)),
        None => Fault::Broken("aborted".to_owned()),
    }
}

impl From<JsValue> for Fault {
    fn from(thrown: JsValue) -> Self {
        let Some(error) = thrown.dyn_ref::<DomException>() else {
            return Self::Broken("no reason given".to_owned());
        };
        match error.name().as_str() {
            "QuotaExceededError" => Self::Full,
            "VersionError" => Self::Newer,
            "SecurityError" => Self::Forbidden,
            name => Self::Broken([name, ": ", &error.message()].concat()),
        }
    }
}
