//! What whoever serves this page says about it: `config.json`.

use couplet_shared::config::{ClientConfig, DemoAccount, RelayedHost};
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

use crate::fetch;
use crate::platform;

/// Reads `config.json`. Where there is none, the page was put on a plain web
/// server: then the WebSocket is where RFC 7395 setups usually have it.
pub(crate) async fn load() -> ClientConfig {
    // Not by serde: a JSON parser costs more bytes than this page has for it.
    let file = fetch::json("config.json").await.unwrap_or_default();
    ClientConfig {
        version: text(&file, "version").unwrap_or_default(),
        websocket: text(&file, "websocket").unwrap_or_else(|| "/xmpp-websocket".to_owned()),
        domains: list(&file, "domains")
            .filter_map(|domain| domain.as_string())
            .collect(),
        relay: list(&file, "relay")
            .filter_map(|host| {
                Some(RelayedHost {
                    url: text(&host, "url")?,
                    path: text(&host, "path")?,
                })
            })
            .collect(),
        room_search: text(&file, "room_search"),
        demo: list(&file, "demo")
            .filter_map(|account| {
                Some(DemoAccount {
                    jid: text(&account, "jid")?,
                    password: text(&account, "password")?,
                })
            })
            .collect(),
    }
}

/// The WebSocket's URL, on the host that served this page if `endpoint` names none. The proxy
/// counts for the site that has this page in its own.
pub(crate) fn websocket_url(endpoint: &str) -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, JsValue>| {
        location
            .as_ref()
            .and_then(|location| read(location).ok())
            .unwrap_or_default()
    };
    let url = resolve(
        endpoint,
        &part(web_sys::Location::protocol),
        &part(web_sys::Location::host),
    );
    match platform::profile::site() {
        Some(site) => [&url, "?site=", &site].concat(),
        None => url,
    }
}

fn resolve(endpoint: &str, protocol: &str, host: &str) -> String {
    if endpoint.starts_with("ws:") || endpoint.starts_with("wss:") {
        return endpoint.to_owned();
    }
    let scheme = if protocol == "https:" {
        "wss://"
    } else {
        "ws://"
    };
    [scheme, host, "/", endpoint.trim_start_matches('/')].concat()
}

fn text(object: &JsValue, key: &str) -> Option<String> {
    property(object, key)?.as_string()
}

fn list(object: &JsValue, key: &str) -> impl Iterator<Item = JsValue> {
    let values = property(object, key)
        .filter(Array::is_array)
        .map(|list| Array::from(&list));
    values
        .map(|list| list.to_vec())
        .unwrap_or_default()
        .into_iter()
}

fn property(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(key)).ok()
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_path_is_on_our_own_host() {
        let url = resolve("/xmpp-websocket", "http:", "127.0.0.1:5280");
        assert_eq!(url, "ws://127.0.0.1:5280/xmpp-websocket");
        assert_eq!(
            resolve("ws", "https:", "example.org"),
            "wss://example.org/ws"
        );
    }

    #[test]
    fn a_url_stays() {
        let url = "wss://xmpp.example.org/ws";
        assert_eq!(resolve(url, "https:", "example.org"), url);
    }
}
