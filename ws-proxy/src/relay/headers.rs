//! Which headers pass, each way: those of two lists and no other.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// With a file on its way up.
const UP: [HeaderName; 1] = [header::CONTENT_TYPE];

/// With the wish for one.
const DOWN: [HeaderName; 3] = [header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH];

/// What a slot wants with its file (XEP-0363 4), under a name of its own: a browser adds
/// `Cookie` and `Authorization` by itself, but those of our own host, which are nobody
/// else's to know, and lets no page set a `Cookie`.
const SLOT: [(HeaderName, HeaderName); 3] = [
    (
        HeaderName::from_static("slot-authorization"),
        header::AUTHORIZATION,
    ),
    (HeaderName::from_static("slot-cookie"), header::COOKIE),
    (HeaderName::from_static("slot-expires"), header::EXPIRES),
];

/// From the upload host.
const BACK: [HeaderName; 5] = [
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::ETAG,
    header::LAST_MODIFIED,
    header::CACHE_CONTROL,
];

/// What a file from elsewhere may do on our own origin, if it is opened there: nothing.
const SECURITY: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Types that are shown in place. Nothing of them can run.
const SHOWN: [&str; 18] = [
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/wav",
    "audio/webm",
    "audio/x-wav",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
];

/// Types that help whoever opens what was downloaded, and that no page can make anything of.
const KEPT: [&str; 3] = ["application/pdf", "application/zip", "text/plain"];

/// A type that no page takes for a script, a style or a picture.
const BYTES: &str = "application/octet-stream";

/// The headers of a request to the upload host, of a browser's; with the length of the file,
/// if there is one.
pub(super) fn request(from: &HeaderMap, file: Option<u64>, authority: HeaderValue) -> HeaderMap {
    let mut to = HeaderMap::new();
    to.insert(header::HOST, authority);
    to.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    to.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let agent = concat!("ws-proxy/", env!("CARGO_PKG_VERSION"));
    to.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    if let Some(length) = file {
        // Of an empty one too.
        to.insert(header::CONTENT_LENGTH, length.into());
        pass(from, &mut to, &UP);
        for (slot, name) in SLOT {
            if let Some(value) = from.get(slot) {
                to.insert(name, value.clone());
            }
        }
    } else {
        pass(from, &mut to, &DOWN);
    }
    to
}

/// The headers of an answer to the browser, of the upload host's.
pub(super) fn answer(from: &HeaderMap) -> HeaderMap {
    let mut to = HeaderMap::new();
    pass(from, &mut to, &BACK);
    let essence = from.get(header::CONTENT_TYPE).and_then(essence);
    let known = |types: &'static [&str]| {
        let essence = essence.as_deref();
        types.iter().copied().find(|known| essence == Some(known))
    };
    let shown = known(&SHOWN);
    let kind = shown.or(known(&KEPT)).unwrap_or(BYTES);
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if shown.is_none() {
        to.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment"),
        );
    }
    secure(&mut to);
    to
}

/// Sets what holds for every answer, our own included.
pub(super) fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn pass(from: &HeaderMap, to: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        if let Some(value) = from.get(name) {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// The media type without its parameters, in lower case (RFC 9110 8.3.1).
fn essence(value: &HeaderValue) -> Option<String> {
    let essence = value.to_str().ok()?.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(content_type: &'static str) -> (String, bool) {
        let mut from = HeaderMap::new();
        from.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let to = answer(&from);
        let kind = to[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        (kind, to.contains_key(header::CONTENT_DISPOSITION))
    }

    #[test]
    fn only_what_can_do_nothing_is_shown_in_place() {
        for shown in [
            "image/png",
            "Image/JPEG; q=1",
            " video/mp4;codecs=x",
            "audio/ogg",
        ] {
            assert!(!kind(shown).1, "{shown}");
        }
        for active in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "application/wasm",
            "text/css",
            "application/json",
            "multipart/x-mixed-replace",
            "image/png, text/html",
            "",
        ] {
            assert_eq!(kind(active), (BYTES.to_owned(), true), "{active}");
        }
        assert_eq!(
            kind("application/pdf"),
            ("application/pdf".to_owned(), true)
        );
    }
}
