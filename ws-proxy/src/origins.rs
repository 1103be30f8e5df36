//! Whose pages may use the proxy: those that it serves itself, and those that the
//! configuration names.

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::{Config, Origin, PublicUrl};

/// What a browser says of where a request comes from (Fetch Metadata 2.3).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The pages that may.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    /// Of our own pages. Without it `Host` says it, and so would any name that leads here.
    own: Option<String>,
    allowed: Vec<Origin>,
    allow_missing: bool,
}

/// Why a request may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAllowed {
    /// A page of somebody else's has made it.
    Foreign,
    /// No page has, or an old browser doesn't tell.
    Missing,
}

impl Origins {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            own: config.public_url.as_ref().map(PublicUrl::origin),
            allowed: config.allow_origin.clone(),
            allow_missing: config.allow_missing_origin,
        }
    }

    /// Other websites' pages run in browsers whose networks and habits aren't theirs.
    ///
    /// # Errors
    /// The request isn't from a page that may.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), NotAllowed> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return match self.allow_missing {
                true => Ok(()),
                false => Err(NotAllowed::Missing),
            };
        };
        let origin = origin.to_str().map_err(|_| NotAllowed::Foreign)?;
        let is_allowed = self.is_own(headers, origin)
            || self.allowed.iter().any(|allowed| allowed.admits(origin));
        match is_allowed {
            true => Ok(()),
            false => Err(NotAllowed::Foreign),
        }
    }

    /// Whether `origin` is that of the pages that this proxy serves.
    pub(crate) fn is_own(&self, headers: &HeaderMap, origin: &str) -> bool {
        if let Some(own) = &self.own {
            return own.eq_ignore_ascii_case(origin);
        }
        headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .zip(origin.split_once("://"))
            .is_some_and(|(host, (_, authority))| host.eq_ignore_ascii_case(authority))
    }

    /// The same for what is only read. Browsers send no `Origin` with a picture or a link of
    /// a page's own, but most say from where it is asked for.
    ///
    /// # Errors
    /// The request is another page's.
    pub(crate) fn check_reading(&self, headers: &HeaderMap) -> Result<(), NotAllowed> {
        if headers.contains_key(header::ORIGIN) {
            return self.check(headers);
        }
        match headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes()) {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) => Err(NotAllowed::Foreign),
        }
    }
}
