//! `--check`: says what a configuration means and tries what it needs.

use std::fmt::Write;

use couplet_shared::framing::OpenAttributes;

use crate::config::{BackendTls, Config, Domain};
use crate::http;
use crate::proxy::Proxy;
use crate::server::BindError;
use crate::tls;

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The explanation, for a person.
    pub text: String,
    /// Whether everything worked.
    pub passed: bool,
}

/// Explains `config` and opens a stream to each domain's server, certificate check
/// included, as a session would. Listens nowhere.
///
/// # Errors
/// What in the configuration can't be done on this machine.
pub async fn check(config: &Config) -> Result<Report, BindError> {
    let proxy = Proxy::new(config)?;
    config.tls.as_ref().map(tls::acceptor).transpose()?;
    http::router(config).map(drop)?;

    let mut report = Report {
        text: String::new(),
        passed: true,
    };
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    report.line(format_args!(
        "Browsers are accepted at {scheme}://{}.",
        config.listen
    ));
    if config.tls.is_none() && !config.listen.ip().is_loopback() {
        report.line(format_args!(
            "  Mind that this is not protected: set tls_cert and tls_key, or put a server with \
             TLS in front."
        ));
    }
    match &config.static_dir {
        Some(directory) => {
            report.line(format_args!(
                "The web client comes from {}.",
                directory.display()
            ));
        }
        None => report.line(format_args!(
            "The web client comes from inside this binary."
        )),
    }
    for connector in proxy.connectors() {
        let domain = connector.domain();
        let open = OpenAttributes {
            to: Some(domain.name.to_string()),
            version: Some("1.0".to_owned()),
            ..OpenAttributes::default()
        };
        report.line(format_args!("Domain {}: {}.", domain.name, explain(domain)));
        match connector.open(&open).await {
            Ok(_) => report.line(format_args!("  It answers.")),
            Err(fault) => {
                report.line(format_args!("  It does not work: {fault}."));
                report.passed = false;
            }
        }
    }
    Ok(report)
}

impl Report {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A write into a string has no way to fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn explain(domain: &Domain) -> String {
    let places: Vec<_> = domain.backends.iter().map(ToString::to_string).collect();
    let place = match places.as_slice() {
        [] => "its server is where DNS says".to_owned(),
        [only] => format!("its server is {only}"),
        several => format!("its servers are {}, in this order", several.join(", ")),
    };
    let protection = match domain.tls {
        Some(BackendTls::Starttls) => "protected by STARTTLS, which must succeed",
        Some(BackendTls::Direct) => "protected by TLS from the first byte",
        Some(BackendTls::None) => "not protected",
        None => "protected by TLS from the first byte, or by STARTTLS",
    };
    format!("{place}, {protection}")
}
