//! `--check`: says what a configuration means and tries what it needs.

use std::fmt::Write;

use couplet_shared::framing::OpenAttributes;

use crate::acme;
use crate::config::{BackendTls, Config, Domain, ProbeUrl};
use crate::faults::Fault;
use crate::http;
use crate::live::Shared;
use crate::probe::{Finding, probe};
use crate::proxy::Proxy;
use crate::server::BindError;
use crate::tls;
use crate::upgrade::PATH;
use crate::upstream::WebServer;

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The explanation, for a person.
    pub text: String,
    /// Whether everything worked.
    pub passed: bool,
}

/// Explains `config` and opens a stream to each domain's server, certificate check
/// included, as a session would, and a connection to each upload host. Asks the authority of
/// `[acme]` what it offers, and for nothing. Listens nowhere. Then connects as a browser does:
/// to `asked`, where a failure counts, or else to the configuration's `public_url`,
/// where it doesn't if the proxy may just not run yet.
///
/// # Errors
/// What in the configuration can't be done on this machine.
pub async fn check(config: &Config, asked: Option<&ProbeUrl>) -> Result<Report, BindError> {
    let shared = Shared::default();
    let proxy = Proxy::new(config, &shared)?;
    tls::server_config(config, &shared.challenges)?;
    http::router(config, &shared).map(drop)?;

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
    if config.counts_front_as_client() {
        report.line(format_args!(
            "  Mind that the limits by address count all clients behind the server in front as \
             one: name it in trusted_proxies."
        ));
    }
    if let (Some(acme), Some(files)) = (&config.acme, &config.tls) {
        let names: Vec<_> = acme.names.iter().map(|name| name.ascii()).collect();
        report.line(format_args!(
            "A certificate for {} comes from {}.",
            names.join(", "),
            acme.directory
        ));
        if config.listen.port() != 443 {
            report.line(format_args!(
                "  Mind that it looks for this proxy at port 443 of each: what comes there has to \
                 reach {} as it is.",
                config.listen
            ));
        }
        match acme::check(acme, files).await {
            Ok(()) => report.line(format_args!("  It answers, and what it makes can be kept.")),
            Err(failure) => {
                report.line(format_args!("  It does not work: {failure}."));
                report.passed = false;
            }
        }
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
        match connector.open(&open, None).await {
            Ok(_) => report.line(format_args!("  It answers.")),
            Err(fault) => {
                report.line(format_args!(
                    "  It does not work: {fault}. {}.",
                    remedy(&fault)
                ));
                report.passed = false;
            }
        }
    }
    for server in WebServer::all(config).map_err(BindError::Relay)? {
        report.line(format_args!("Files at {} are relayed.", server.host()));
        match server.connect(&config.limits).await {
            Ok(_) => report.line(format_args!("  It can be reached.")),
            Err(fault) => {
                report.line(format_args!(
                    "  It does not work: {fault}. Check that the upload service runs there, and \
                     that its certificate is for that host and of an authority of the system's \
                     or of a backend_ca."
                ));
                report.passed = false;
            }
        }
    }
    let public = config.public_url.clone().map(|site| ProbeUrl {
        path: Some(format!("{}{PATH}", site.path)),
        site,
    });
    if let (Some(url), Some(domain)) = (asked.or(public.as_ref()), config.domains.first()) {
        report.line(format_args!("Browsers reach it at {}.", url.site));
        match probe(url, domain.name.ascii()).await {
            Finding::Works => report.line(format_args!("  A session can be opened there.")),
            Finding::NothingThere(what) if asked.is_none() => {
                report.line(format_args!("  That could not be tried: {what}."));
            }
            Finding::NothingThere(what) | Finding::Broken(what) => {
                report.line(format_args!("  It does not work: {what}."));
                report.passed = false;
            }
        }
    }
    Ok(report)
}

/// What to do about a server that can't be used.
fn remedy(fault: &Fault) -> &'static str {
    match fault {
        Fault::BackendUnreachable(_) => {
            "Check that the server runs and listens there, the firewall between, and backend or \
             the SRV records"
        }
        Fault::BackendCertificate { .. } => {
            "Give the server a certificate for the XMPP domain, or name its authority in \
             backend_ca"
        }
        Fault::BackendTimeout { .. } => {
            "Check that the port is one for clients and that backend_tls is what it speaks: \
             usually 5222 is starttls, 5223 direct"
        }
        Fault::BackendProtocol(_) => {
            "Check that the port is one for XMPP clients, and that backend_tls is what it speaks: \
             usually 5222 is starttls, 5223 direct"
        }
        _ => "The server's log may say why",
    }
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
