//! Headers of the web client's files: what browsers may do with them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::Site;

/// Fits every page. The page's own script and style, and nobody else's.
const SECURITY: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The page that is made to be in other sites' pages.
pub(super) const EMBEDDED: &str = "embed.html";

/// The page on which owners of other sites try the chat.
const OWNERS: &str = "widget.html";

/// All that it needs, the chat in a frame for one.
const OWNERS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'";

/// In whose frames a page may be that is nobody's to frame (CSP 3 6.4.2).
pub(super) const NOBODY: &str = "'none'";

/// Sets what protects the page and its user, which may be in frames of `ancestors` only.
pub(super) fn secure(
    headers: &mut HeaderMap,
    site: &Site,
    request: &HeaderMap,
    path: &str,
    ancestors: &str,
) {
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // 'self' covers WebSockets, but Safari before 15.4 wants them named.
    let sockets = site
        .authority(request)
        .map(|authority| format!(" ws://{authority} wss://{authority}"))
        .unwrap_or_default();
    // Files are wherever a server of whoever sends them keeps them (XEP-0363).
    let files = match site.is_secure() {
        true => "https:",
        // Somebody who tries it on one machine has them there.
        false => "https: http://localhost:* http://127.0.0.1:*",
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' blob: data: {files}; connect-src 'self'{sockets} {files}; font-src 'self'; \
         manifest-src 'self'; media-src 'self' blob: {files}; worker-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {ancestors}"
    );
    let policy = match path {
        OWNERS => Ok(HeaderValue::from_static(OWNERS_POLICY)),
        // Authorities and websites have only characters that a header may have.
        _ => HeaderValue::try_from(policy),
    };
    if let Ok(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if site.is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        // Browsers complain of it on a page that came over plain HTTP.
        let opener = HeaderName::from_static("cross-origin-opener-policy");
        headers.insert(opener, HeaderValue::from_static("same-origin"));
    }
}

/// Lets pages of other sites load the one file that is made for them.
pub(super) fn share(headers: &mut HeaderMap, path: &str) {
    if path != "widget.js" {
        return;
    }
    let anybody = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
}

/// `Cache-Control`: a file whose name is its content's hash never changes.
pub(super) fn cache(path: &str) -> &'static str {
    if is_hashed(path) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// Whether the name has the content's hash in it: `app-0123456789abcdef.js`.
pub(super) fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    name.contains('.')
        && stem.rsplit_once('-').is_some_and(|(_, hash)| {
            hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// The media type of a file name. Nothing is guessed from content: with `nosniff`
/// a wrong type fails where it can be seen.
pub(super) fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        // There is no registered type, and this one can be read in a browser.
        "txt" | "ts" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(is_hashed("app-0123456789abcdef.js"));
        assert!(is_hashed("icons/app-0123456789abcdef.wasm.br"));
        for path in [
            "index.html",
            "app-0123.js",
            "app-0123456789abcdeg.js",
            "x-0123456789abcdef",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_wants() {
        assert_eq!(
            content_type("couplet-0123456789abcdef.wasm"),
            "application/wasm"
        );
    }
}
