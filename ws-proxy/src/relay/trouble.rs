//! What can go wrong with a file on its way, and what the browser is told.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::headers;
use super::path::NoTarget;
use crate::faults::Fault;
use crate::origins::NotAllowed;

/// Why a file didn't get where it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    // The client's.
    #[error("the host isn't in [relay]")]
    NotRelayed,
    #[error("the method isn't one of files")]
    WrongMethod,
    #[error("the path could be read as another one")]
    BadPath,
    #[error("a page of another origin asked")]
    ForeignOrigin,
    #[error("no page asked")]
    MissingOrigin,
    #[error("it doesn't say how long the file is")]
    NoLength,
    #[error("the file is larger than max_relay_bytes")]
    TooLarge,
    #[error("the address has as many files under way as it may")]
    TooManyOfAddress,
    #[error("there are as many files under way as may be")]
    TooMany,
    #[error("the client's connection ended: {0}")]
    ClientLost(String),
    #[error("the client is slower than min_relay_bytes_per_second")]
    ClientSlow,

    // The upload host's.
    #[error("{0}")]
    HostUnreachable(Fault),
    #[error("{fault}")]
    HostCertificate { reason: &'static str, fault: Fault },
    #[error("it took too long: {what}")]
    HostTimeout {
        what: &'static str,
        /// The key in `[limits]` that says how long is too long.
        limit: &'static str,
    },
    #[error("it does not speak HTTP as it must: {0}")]
    HostProtocol(String),
    #[error("it sends us elsewhere, with status {0}")]
    HostRedirects(u16),
    #[error("its file is larger than max_relay_bytes")]
    HostTooLarge,
    #[error("its connection ended: {0}")]
    HostLost(String),
    #[error("it is slower than min_relay_bytes_per_second")]
    HostSlow,
}

/// How a request ends that went well, or that the upload host itself declined.
pub(crate) const CARRIED: &str = "carried";
pub(crate) const DECLINED: &str = "declined-by-host";

/// The names of all endings, as metrics and the log have them.
pub(crate) const OUTCOMES: [&str; 21] = [
    CARRIED,
    DECLINED,
    "not-relayed",
    "wrong-method",
    "bad-path",
    "foreign-origin",
    "missing-origin",
    "no-length",
    "too-large",
    "too-many-of-address",
    "too-many",
    "client-lost",
    "client-slow",
    "host-unreachable",
    "host-certificate",
    "host-timeout",
    "host-protocol",
    "host-redirects",
    "host-too-large",
    "host-lost",
    "host-slow",
];

/// One answer: its status, and the sentence.
type Answer = (StatusCode, &'static str);

impl Trouble {
    /// Its name in the metrics and the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NotRelayed => "not-relayed",
            Self::WrongMethod => "wrong-method",
            Self::BadPath => "bad-path",
            Self::ForeignOrigin => "foreign-origin",
            Self::MissingOrigin => "missing-origin",
            Self::NoLength => "no-length",
            Self::TooLarge => "too-large",
            Self::TooManyOfAddress => "too-many-of-address",
            Self::TooMany => "too-many",
            Self::ClientLost(_) => "client-lost",
            Self::ClientSlow => "client-slow",
            Self::HostUnreachable(_) => "host-unreachable",
            Self::HostCertificate { .. } => "host-certificate",
            Self::HostTimeout { .. } => "host-timeout",
            Self::HostProtocol(_) => "host-protocol",
            Self::HostRedirects(_) => "host-redirects",
            Self::HostTooLarge => "host-too-large",
            Self::HostLost(_) => "host-lost",
            Self::HostSlow => "host-slow",
        }
    }

    /// The limit that bit, by its key in `[limits]`.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge | Self::HostTooLarge => Some("max_relay_bytes"),
            Self::TooManyOfAddress => Some("max_relays_per_address"),
            Self::TooMany => Some("max_relays"),
            Self::ClientSlow | Self::HostSlow => Some("min_relay_bytes_per_second"),
            Self::HostTimeout { limit, .. } => Some(limit),
            _ => None,
        }
    }

    /// What a person is told. Addresses behind the proxy are not theirs to know.
    fn answer(&self) -> Answer {
        match self {
            Self::NotRelayed => (StatusCode::NOT_FOUND, "No files are relayed from there."),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Files are put and got here, and nothing else.",
            ),
            Self::BadPath => (
                StatusCode::BAD_REQUEST,
                "The path has parts that servers read in more than one way.",
            ),
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "Pages of this origin may not ask for files here. Whoever runs this server can \
                 allow it with allow_origin.",
            ),
            Self::MissingOrigin => (
                StatusCode::FORBIDDEN,
                "Only web pages may put files here: the request has no Origin.",
            ),
            Self::NoLength => (
                StatusCode::LENGTH_REQUIRED,
                "The request must say how long the file is (Content-Length).",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The file is larger than this server relays.",
            ),
            Self::TooManyOfAddress => (
                StatusCode::TOO_MANY_REQUESTS,
                "There are too many files of this address under way.",
            ),
            Self::TooMany => (
                StatusCode::SERVICE_UNAVAILABLE,
                "There are too many files under way.",
            ),
            Self::ClientLost(_) => (StatusCode::BAD_REQUEST, "The file ended too early."),
            Self::ClientSlow => (StatusCode::REQUEST_TIMEOUT, "The file came too slowly."),
            Self::HostUnreachable(_) | Self::HostLost(_) => (
                StatusCode::BAD_GATEWAY,
                "The upload server can't be reached.",
            ),
            Self::HostCertificate { reason, .. } => (StatusCode::BAD_GATEWAY, reason),
            Self::HostTimeout { .. } | Self::HostSlow => (
                StatusCode::GATEWAY_TIMEOUT,
                "The upload server does not answer.",
            ),
            Self::HostProtocol(_) => (
                StatusCode::BAD_GATEWAY,
                "The upload server sent something that can't be understood.",
            ),
            Self::HostRedirects(_) => (
                StatusCode::BAD_GATEWAY,
                "The upload server sends everybody elsewhere, where nobody is sent from here.",
            ),
            Self::HostTooLarge => (
                StatusCode::BAD_GATEWAY,
                "The file is larger than this server relays.",
            ),
        }
    }

    fn extra(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::WrongMethod => Some((header::ALLOW, "GET, HEAD, PUT")),
            Self::TooManyOfAddress | Self::TooMany => Some((header::RETRY_AFTER, "10")),
            _ => None,
        }
    }
}

impl From<NotAllowed> for Trouble {
    fn from(not_allowed: NotAllowed) -> Self {
        match not_allowed {
            NotAllowed::Foreign => Self::ForeignOrigin,
            NotAllowed::Missing => Self::MissingOrigin,
        }
    }
}

impl From<NoTarget> for Trouble {
    fn from(no_target: NoTarget) -> Self {
        match no_target {
            NoTarget::Unknown => Self::NotRelayed,
            NoTarget::Ambiguous => Self::BadPath,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BackendTimeout { what, limit } => Self::HostTimeout { what, limit },
            Fault::BackendCertificate { reason, .. } => Self::HostCertificate { reason, fault },
            fault => Self::HostUnreachable(fault),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, sentence) = self.answer();
        let text = match self {
            Self::HostCertificate { .. } => {
                format!("The upload server could not prove who it is: {sentence}.\n")
            }
            _ => format!("{sentence}\n"),
        };
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers::secure(headers);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.extra() {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
