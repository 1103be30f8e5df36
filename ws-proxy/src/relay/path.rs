//! What of a request's path is the upload host's.

use std::iter::successors;

use crate::config::UploadHost;

/// In front of every path that is relayed.
pub(crate) const PREFIX: &str = "/relay/";

/// Below which path of ours `host` is, without a slash behind.
pub(crate) fn of_host(host: &UploadHost) -> String {
    [PREFIX, &host.authority(), &host.path].concat()
}

/// The path at one of `hosts` that `path`, one of ours, stands for, and the place of that
/// host in the list.
///
/// # Errors
/// It stands for none, or a server might read it as another one than it looks like.
pub(super) fn target<'a>(
    path: &'a str,
    hosts: impl Iterator<Item = &'a UploadHost>,
) -> Result<(usize, &'a str), NoTarget> {
    let (authority, at) = path
        .strip_prefix(PREFIX)
        .and_then(|rest| Some(rest.split_at(rest.find('/')?)))
        .ok_or(NoTarget::Unknown)?;
    let below = |host: &UploadHost| {
        let rest = at.strip_prefix(host.path.as_str());
        host.authority() == authority && rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let mut found = hosts.enumerate().filter(|(_, host)| below(host));
    let (place, _) = found.next().ok_or(NoTarget::Unknown)?;
    match at.starts_with("//") || !at.split('/').all(is_plain) {
        true => Err(NoTarget::Ambiguous),
        false => Ok((place, at)),
    }
}

/// Why a path stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTarget {
    Unknown,
    Ambiguous,
}

/// Whether every server reads a segment as a name in its directory, however often it
/// decodes it (RFC 3986 2.4, 5.2.4): none that leads elsewhere or has a separator in it.
fn is_plain(segment: &str) -> bool {
    let forms = successors(Some(segment.as_bytes().to_vec()), |form| {
        decoded(form).filter(|next| next != form)
    });
    let mut forms = forms.take(MOST_DECODINGS);
    forms.all(|form| {
        // What some servers take for a parameter of the segment.
        let name = form.split(|byte| *byte == b';').next().unwrap_or_default();
        let separates = |byte: &u8| matches!(byte, b'/' | b'\\') || byte.is_ascii_control();
        !matches!(name, b"." | b"..") && !form.iter().any(separates)
    })
}

/// Nobody decodes more often.
const MOST_DECODINGS: usize = 4;

/// The segment with its percent-encodings resolved once; `None` if one of them is none.
fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = segment.iter();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(*bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<UploadHost> {
        [
            "https://a.example",
            "https://b.example:5443/upload",
            "http://[::1]:5280",
        ]
        .map(|host| host.parse().unwrap())
        .to_vec()
    }

    fn found(path: &str) -> Result<(usize, String), NoTarget> {
        let hosts = hosts();
        target(path, hosts.iter()).map(|(place, path)| (place, path.to_owned()))
    }

    #[test]
    fn a_path_leads_to_the_host_that_it_names() {
        for (path, place, at) in [
            ("/relay/a.example/x/y%20z.jpg", 0, "/x/y%20z.jpg"),
            ("/relay/a.example/", 0, "/"),
            (
                "/relay/a.example/%C3%A9/100%25.txt",
                0,
                "/%C3%A9/100%25.txt",
            ),
            ("/relay/a.example/.hidden/a..b", 0, "/.hidden/a..b"),
            ("/relay/b.example:5443/upload/x", 1, "/upload/x"),
            ("/relay/[::1]:5280/x", 2, "/x"),
        ] {
            assert_eq!(found(path), Ok((place, at.to_owned())));
            let host = &hosts()[place];
            assert!(path.starts_with(&of_host(host)));
        }
    }

    #[test]
    fn what_no_host_is_configured_for_leads_nowhere() {
        for path in [
            "/relay/",
            "/relay/a.example",
            "/relay/A.example/x",
            "/relay/a.example:443/x",
            "/relay/a.example./x",
            "/relay/evil.example/x",
            "/relay/a.example@evil.example/x",
            "/relay/u@a.example/x",
            "/relay/a.example%2f/x",
            "/relay//a.example/x",
            "/relay/b.example/upload/x",
            "/relay/b.example:5443/x",
            "/relay/b.example:5443/uploads/x",
            "/relay/b.example:5443/upload",
        ] {
            assert_eq!(found(path), Err(NoTarget::Unknown), "{path}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for path in [
            "//x",
            "/upload/../admin",
            "/upload/./x",
            "/upload/%2e%2e/admin",
            "/upload/.%2E/admin",
            "/upload/..%2fadmin",
            "/upload/%252e%252e/admin",
            "/upload/%25%32%65%2e/admin",
            "/upload/..;/admin",
            "/upload/x%5c..%5cadmin",
            "/upload/x%00.jpg",
            "/upload/x%0d%0ahost:evil",
            "/upload/..",
        ] {
            let path = ["/relay/a.example", path].concat();
            assert_eq!(found(&path), Err(NoTarget::Ambiguous), "{path}");
        }
    }
}
