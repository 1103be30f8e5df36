//! `/config.json`: what the proxy tells the web client it serves.

use serde::{Deserialize, Serialize};

/// The whole of `/config.json`. A reader ignores keys that it doesn't know, so
/// that a client and a proxy of different builds understand each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientConfig {
    /// The build of the proxy, such as `0.1.0`.
    pub version: String,
    /// The WebSocket endpoint: a path on the host that served this, or a
    /// `wss://` URL.
    pub websocket: String,
    /// The XMPP domains that the proxy carries; the first is the one that the
    /// sign-in page completes.
    pub domains: Vec<String>,
    /// The upload services (XEP-0363) whose files the proxy relays. Empty where it relays none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relay: Vec<RelayedHost>,
    /// Who searches the public rooms of all servers (XEP-0433) for those who want that; empty if
    /// nobody is to. Without it, the client knows somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_search: Option<String>,
    /// Accounts that the sign-in page offers to try. Empty but in a demo.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demo: Vec<DemoAccount>,
}

/// Where an upload service keeps files, and where the same files are on the proxy's own host,
/// which asks no page for CORS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayedHost {
    /// What its URLs begin with, up to a slash: `https://upload.example.org`.
    pub url: String,
    /// The path that stands for it: `/relay/upload.example.org`.
    pub path: String,
}

/// A throwaway account whose password is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccount {
    /// The bare JID.
    pub jid: String,
    /// Its password.
    pub password: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_ignored_and_the_demo_is_optional() {
        let json = r#"{"version":"1","websocket":"/xmpp-websocket","domains":["a"],"new":[1]}"#;
        let config: ClientConfig = serde_json::from_str(json).unwrap();
        assert_eq!(
            (config.websocket.as_str(), config.demo.len()),
            ("/xmpp-websocket", 0)
        );
        assert!(config.relay.is_empty() && config.room_search.is_none());
        let written = serde_json::to_string(&config).unwrap();
        assert!(
            !["demo", "relay", "room_search"]
                .iter()
                .any(|key| written.contains(key)),
            "{written}"
        );
    }

    #[test]
    fn demo_accounts_and_relayed_hosts_come_through() {
        let alice = DemoAccount {
            jid: "alice@localhost".into(),
            password: "alice".into(),
        };
        let config = ClientConfig {
            version: "1".into(),
            websocket: "wss://example.org/ws".into(),
            domains: vec!["localhost".into()],
            relay: vec![RelayedHost {
                url: "https://upload.example.org".into(),
                path: "/relay/upload.example.org".into(),
            }],
            room_search: Some("api@search.example.org".into()),
            demo: vec![alice],
        };
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ClientConfig>(&json).unwrap(), config);
    }
}
