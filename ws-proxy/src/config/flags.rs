//! The command line, and the environment variables that stand for its flags.

use std::path::PathBuf;

use super::backend::{BackendAddress, BackendTls};
use super::limit::LimitFlag;
use super::network::{Endpoint, Network};
use super::relay::UploadHost;
use super::urls::{Embedder, Origin, ProbeUrl, PublicUrl};
use super::values::DomainName;

/// Carries browsers' XMPP sessions (RFC 7395) to XMPP servers, and serves the web
/// client that opens them.
///
/// Flags win over environment variables, which win over the configuration file.
#[derive(Clone, Debug, Default, clap::Parser)]
#[command(name = "ws-proxy", version, about)]
pub struct Flags {
    /// Address to accept browsers at [default: 127.0.0.1:5280]
    #[arg(long, env = "WS_PROXY_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<Endpoint>,

    /// Address for health, readiness and metrics [default: nowhere]
    #[arg(long, env = "WS_PROXY_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<Endpoint>,

    /// XMPP domain whose accounts may sign in; may be repeated
    #[arg(
        long,
        env = "WS_PROXY_DOMAIN",
        value_name = "DOMAIN",
        value_delimiter = ','
    )]
    pub domain: Vec<DomainName>,

    /// The domain's server [default: what DNS says]; may be repeated, tried in order
    #[arg(
        long,
        env = "WS_PROXY_BACKEND",
        value_name = "HOST:PORT|unix:PATH",
        value_delimiter = ','
    )]
    pub backend: Vec<BackendAddress>,

    /// Protection of the connection to the server [default: starttls, required]
    #[arg(
        long,
        env = "WS_PROXY_BACKEND_TLS",
        value_name = "starttls|direct|none"
    )]
    pub backend_tls: Option<BackendTls>,

    /// Certificate authorities (PEM) to trust besides the platform's
    #[arg(long, env = "WS_PROXY_BACKEND_CA", value_name = "FILE")]
    pub backend_ca: Option<PathBuf>,

    /// Certificate chain (PEM) for browsers; needs --tls-key
    #[arg(long, env = "WS_PROXY_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --tls-cert
    #[arg(long, env = "WS_PROXY_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// How browsers reach this proxy, if another server stands in front
    #[arg(long, env = "WS_PROXY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Web page origin that may connect besides this proxy's own; may be repeated
    #[arg(
        long,
        env = "WS_PROXY_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allow_origin: Vec<Origin>,

    /// Website that may have the chat in its pages; may be repeated
    #[arg(
        long,
        env = "WS_PROXY_SITE",
        value_name = "SITE",
        value_delimiter = ','
    )]
    pub site: Vec<Embedder>,

    /// Server in front whose X-Forwarded-For is believed; may be repeated
    #[arg(
        long,
        env = "WS_PROXY_TRUSTED_PROXY",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<Network>,

    /// Where an upload service keeps files that browsers may reach through this proxy; may
    /// be repeated
    #[arg(
        long,
        env = "WS_PROXY_RELAY",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub relay: Vec<UploadHost>,

    /// One of the limits, such as max_sessions=500; may be repeated
    #[arg(
        long,
        env = "WS_PROXY_LIMIT",
        value_name = "KEY=VALUE",
        value_delimiter = ','
    )]
    pub limit: Vec<LimitFlag>,

    /// Serve the files in here instead of the web client inside the binary
    #[arg(long, env = "WS_PROXY_STATIC_DIR", value_name = "DIR")]
    pub static_dir: Option<PathBuf>,

    /// What to log, such as warn or info,ws_proxy=debug [default: warn,ws_proxy=info]
    #[arg(long, env = "WS_PROXY_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Configuration file (TOML) with these keys and more
    #[arg(long, env = "WS_PROXY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Explain what would be done, try to reach every server, then exit; with a URL
    /// also try to connect as a browser does, through whatever stands in front
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true)]
    pub check: Option<Option<ProbeUrl>>,

    /// Print what is in effect as a configuration file, secrets hidden, then exit
    #[arg(long)]
    pub print_config: bool,
}
