//! Files that the proxy of this page relays: their own URLs are what is sent and shown, but
//! this page asks its own host for them, which no rule about origins (CORS) forbids.

use std::borrow::Cow;

use couplet_engine::store::Slot;
use couplet_shared::config::RelayedHost;
use web_sys::Url;
use yew::AttrValue;

/// Where this page gets the file at `url`.
pub(crate) fn url(hosts: &[RelayedHost], url: &str) -> AttrValue {
    AttrValue::from(relayed(hosts, url).unwrap_or_else(|| url.to_owned()))
}

/// Where this page puts a file that `slot` is for.
pub(crate) fn slot<'a>(hosts: &[RelayedHost], slot: &'a Slot) -> Cow<'a, Slot> {
    let Some(put) = relayed(hosts, &slot.put) else {
        return Cow::Borrowed(slot);
    };
    // Their own names would be about our host, and a page may not set all of them.
    let named = |(name, value): &(String, String)| (["Slot-", name].concat(), value.clone());
    Cow::Owned(Slot {
        put,
        get: slot.get.clone(),
        headers: slot.headers.iter().map(named).collect(),
    })
}

fn relayed(hosts: &[RelayedHost], url: &str) -> Option<String> {
    if hosts.is_empty() {
        return None;
    }
    // As the proxy has it: the host in lower case, no port that is the usual one, no dots.
    below(hosts, &Url::new(url).ok()?.href())
}

fn below(hosts: &[RelayedHost], url: &str) -> Option<String> {
    hosts.iter().find_map(|host| {
        let rest = url.strip_prefix(host.url.as_str())?;
        let (path, _) = rest.split_once('#').unwrap_or((rest, ""));
        path.starts_with('/')
            .then(|| [host.path.as_str(), path].concat())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_a_relayed_host_is_asked_of_our_own() {
        let hosts = [
            ("https://a.example", "/chat/relay/a.example"),
            ("https://b.example:5443/up", "/chat/relay/b.example:5443/up"),
        ]
        .map(|(url, path)| RelayedHost {
            url: url.to_owned(),
            path: path.to_owned(),
        });
        for (url, path) in [
            (
                "https://a.example/x/y.jpg?z",
                "/chat/relay/a.example/x/y.jpg?z",
            ),
            ("https://a.example/x#part", "/chat/relay/a.example/x"),
            (
                "https://b.example:5443/up/x",
                "/chat/relay/b.example:5443/up/x",
            ),
        ] {
            assert_eq!(below(&hosts, url).as_deref(), Some(path));
        }
        for url in [
            "https://a.example.evil/x",
            "https://a.example:5443/x",
            "https://a.example@evil.example/x",
            "http://a.example/x",
            "https://b.example:5443/upper/x",
            "https://c.example/x",
        ] {
            assert_eq!(below(&hosts, url), None, "{url}");
        }
    }
}
