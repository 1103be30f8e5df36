//! What the proxy answers over HTTP, path by path.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::Redirect;
use axum::routing::{any, get};

use crate::config::{Config, PublicUrl};
use crate::host_meta;
use crate::live::Shared;
use crate::relay::{self, Relay};
use crate::server::BindError;
use crate::upgrade::{self, Admission};
use crate::web::{self, Web};

/// The table of paths.
///
/// # Errors
/// There are no static files where the configuration says they are, or nobody is known who
/// vouches for upload hosts.
pub(crate) fn router(config: &Config, shared: &Shared) -> Result<Router, BindError> {
    let site = Arc::new(Site::new(config));
    let web = Arc::new(Web::new(config, site.clone())?);
    let prefix = site.prefix().to_owned();
    let router = Router::new()
        .route(
            upgrade::PATH,
            any(upgrade::upgrade).with_state(Arc::new(Admission::new(config, shared))),
        )
        .route(
            relay::ROUTE,
            any(relay::relay).with_state(Arc::new(Relay::new(config, shared)?)),
        )
        .route(
            "/.well-known/host-meta",
            get(host_meta::xrd).with_state(site.clone()),
        )
        .route(
            "/.well-known/host-meta.json",
            get(host_meta::json).with_state(site),
        )
        .route(
            "/config.json",
            get(web::client_config).with_state(web.clone()),
        )
        .fallback_service(get(web::file).with_state(web));
    if prefix.is_empty() {
        return Ok(router);
    }
    // A server in front may take the prefix off or leave it.
    let directory = format!("{prefix}/");
    let to_directory = Redirect::permanent(&directory);
    Ok(Router::new()
        .route(&prefix, get(|| async { to_directory }))
        .nest_service(&directory, router.clone())
        .fallback_service(router))
}

/// How browsers reach the proxy.
#[derive(Debug)]
pub(crate) struct Site {
    public_url: Option<PublicUrl>,
    own_tls: bool,
}

impl Site {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            public_url: config.public_url.clone(),
            own_tls: config.tls.is_some(),
        }
    }

    /// Whether browsers come over TLS, as far as we can know.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url
            .as_ref()
            .map_or(self.own_tls, |url| url.secure)
    }

    /// What is in front of every path: empty, or `/chat`.
    pub(crate) fn prefix(&self) -> &str {
        self.public_url.as_ref().map_or("", |url| url.path.as_str())
    }

    /// Host, and port if it isn't the usual one. `None` for a request whose `Host`
    /// has no place in a URL.
    pub(crate) fn authority<'a>(&'a self, headers: &'a HeaderMap) -> Option<&'a str> {
        if let Some(url) = &self.public_url {
            return Some(&url.authority);
        }
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        (!host.is_empty() && host.bytes().all(plain)).then_some(host)
    }
}
