//! The web client's files: those inside the binary, or a directory's.

mod assets;
mod headers;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use couplet_shared::config::{ClientConfig, RelayedHost};

use self::assets::{Asset, Encoding};
use crate::config::{Config, Domain, DomainName};
use crate::http::Site;
use crate::relay;
use crate::server::BindError;
use crate::upgrade::PATH;

/// Serves the web client.
#[derive(Debug)]
pub(crate) struct Web {
    site: Arc<Site>,
    /// Serve this directory, not the files inside the binary. Canonical.
    directory: Option<PathBuf>,
    /// `/config.json`.
    client_config: String,
    /// By domain, whose pages may have its chat in them, as a policy says it.
    embedders: Vec<(DomainName, String)>,
}

impl Web {
    /// # Errors
    /// The configured directory isn't there.
    pub(crate) fn new(config: &Config, site: Arc<Site>) -> Result<Self, BindError> {
        let directory = config.static_dir.as_ref().map(|path| {
            path.canonicalize()
                .and_then(|path| path.read_dir().map(|_| path))
                .map_err(|error| BindError::StaticDir {
                    path: path.clone(),
                    error,
                })
        });
        let client_config = ClientConfig {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            websocket: format!("{}{PATH}", site.prefix()),
            domains: config
                .domains
                .iter()
                .map(|domain| domain.name.to_string())
                .collect(),
            relay: config
                .relay
                .hosts
                .iter()
                .map(|host| RelayedHost {
                    url: host.to_string(),
                    path: format!("{}{}", site.prefix(), relay::of_host(host)),
                })
                .collect(),
            room_search: config.room_search.clone(),
            demo: config.demo.clone(),
        };
        Ok(Self {
            site,
            directory: directory.transpose()?,
            // Strings in a struct: nothing that JSON can't say.
            client_config: serde_json::to_string(&client_config).unwrap_or_default(),
            embedders: config.domains.iter().map(embedders).collect(),
        })
    }

    /// In whose frames a file may be. The page for them says in its query, as A-labels, which
    /// domain's chat it is; without that it is the first one's.
    fn ancestors(&self, path: &str, query: Option<&str>) -> &str {
        let mut fields = query.into_iter().flat_map(|query| query.split('&'));
        let wanted = fields.find_map(|field| field.strip_prefix("domain="));
        let known = match wanted.map(str::parse::<DomainName>) {
            Some(Ok(wanted)) => self.embedders.iter().find(|(name, _)| *name == wanted),
            Some(Err(_)) => None,
            None => self.embedders.first(),
        };
        known
            .filter(|_| path == headers::EMBEDDED)
            .map_or(headers::NOBODY, |(_, sites)| sites)
    }
}

/// Pages of our own origin are always among them, for site owners try the chat on one of them. It
/// gives nobody anything: such a page could do all that the chat can.
fn embedders(domain: &Domain) -> (DomainName, String) {
    let sites = domain.sites.iter().map(ToString::to_string);
    let ancestors: Vec<_> = iter::once("'self'".to_owned()).chain(sites).collect();
    (domain.name.clone(), ancestors.join(" "))
}

/// `/config.json`.
pub(crate) async fn client_config(State(web): State<Arc<Web>>, request: HeaderMap) -> Response {
    let content = Bytes::from(web.client_config.clone());
    respond(&web, &request, "config.json", None, Asset::plain(content))
}

/// Every other path.
pub(crate) async fn file(State(web): State<Arc<Web>>, uri: Uri, request: HeaderMap) -> Response {
    let not_found = || (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response();
    let Some(path) = assets::file_of(uri.path()) else {
        return not_found();
    };
    let accepts = |encoding: Encoding| accepts(&request, encoding);
    let asset = match &web.directory {
        Some(directory) => assets::read(directory, path, accepts).await,
        None => assets::embedded(path, accepts),
    };
    asset.map_or_else(not_found, |asset| {
        respond(&web, &request, path, uri.query(), asset)
    })
}

fn respond(
    web: &Web,
    request: &HeaderMap,
    path: &str,
    query: Option<&str>,
    asset: Asset,
) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let ancestors = web.ancestors(path, query);
    headers::secure(headers, &web.site, request, path, ancestors);
    headers::share(headers, path);
    // What is kept for ever is never asked about again.
    let tag = (!headers::is_hashed(path)).then(|| entity_tag(&asset.content, headers));
    let unchanged = tag.is_some() && request.get(header::IF_NONE_MATCH) == tag.as_ref();
    if unchanged {
        // They are as they were (RFC 9110 15.4.5). Without TLS, browsers take a header that is cut
        // off for a whole one, and half a policy would replace the one that they have.
        headers.clear();
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(headers::cache(path)),
    );
    if asset.has_variants {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(headers::content_type(path)),
    );
    if let Some(encoding) = asset.encoding {
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(encoding.token()),
        );
    }
    *response.body_mut() = Body::from(asset.content);
    response
}

/// Of the content, and of the headers that a 304 leaves as they are.
fn entity_tag(content: &[u8], headers: &HeaderMap) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    for (name, value) in headers {
        (name, value).hash(&mut hasher);
    }
    // Quoted hexadecimal digits are a valid header value.
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the browser takes `encoding` (RFC 9110 12.5.3).
fn accepts(request: &HeaderMap, encoding: Encoding) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let (coding, weight) = offer.split_once(';').unwrap_or((offer, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            coding.trim().eq_ignore_ascii_case(encoding.token())
                && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_if_the_browser_takes_it() {
        let takes = |offer, encoding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(offer));
            accepts(&headers, encoding)
        };
        assert!(takes("gzip, deflate, br", Encoding::Brotli));
        assert!(takes("br;q=0.5", Encoding::Brotli));
        assert!(!takes("br;q=0, gzip", Encoding::Brotli));
        assert!(!takes("identity", Encoding::Gzip));
    }
}
