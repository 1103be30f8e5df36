//! How clients find the WebSocket of a domain (XEP-0156, RFC 6415).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::Site;
use crate::upgrade::PATH;

const RELATION: &str = "urn:xmpp:alt-connections:websocket";

/// `/.well-known/host-meta`.
pub(crate) async fn xrd(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    respond(&site, &headers, "application/xrd+xml", |url| {
        // The URL has no character that XML would want escaped.
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
             <Link rel=\"{RELATION}\" href=\"{url}\"/>\n</XRD>\n"
        )
    })
}

/// `/.well-known/host-meta.json`.
pub(crate) async fn json(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    respond(&site, &headers, "application/json", |url| {
        json!({ "links": [{ "rel": RELATION, "href": url }] }).to_string()
    })
}

fn respond(
    site: &Site,
    headers: &HeaderMap,
    content_type: &'static str,
    document: impl Fn(String) -> String,
) -> Response {
    let Some(authority) = site.authority(headers) else {
        return (
            StatusCode::BAD_REQUEST,
            "The request has no Host that can be linked to.\n",
        )
            .into_response();
    };
    let scheme = if site.is_secure() { "wss" } else { "ws" };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        // XEP-0156 3: web clients elsewhere look this up.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let prefix = site.prefix();
    let url = format!("{scheme}://{authority}{prefix}{PATH}");
    (headers, document(url)).into_response()
}
