//! ejabberd: its configuration, its command line and its administration.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    options::{Mechanisms, Passwords, ServerOptions, Transport},
    ports::Ports,
    server::Setup,
};

const CONFIG: &str = include_str!("../ejabberd/ejabberd.yml");
const DIRECT_TLS_LISTENER: &str = r#"
  - port: @direct_tls_port@
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    tls: true
"#;
const UPLOAD_MODULE: &str = r#"
  mod_http_upload:
    host: "@upload_domain@"
    docroot: "@dir@/uploads"
    max_size: @largest_file@
    # A browser on this machine knows it by no other name.
    put_url: "http://localhost:@http_port@/upload"
    custom_headers: {@cors@}
"#;
/// What lets pages of other origins put and get them.
const CORS_HEADERS: &str = r#""Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, PUT", "Access-Control-Allow-Headers": "Content-Type""#;

/// Writes everything that ejabberd reads.
///
/// Runs it in Erlang directly: `ejabberdctl` wants to be root and changes user
/// through `su`, which leaves the process group; and it names the node, which
/// starts a port mapper that stays behind. Nameless, one node knows of no
/// other, and any user can run it.
pub(crate) fn prepare(options: &ServerOptions, ports: Ports, dir: &Path) -> Result<Setup> {
    if options.seed.is_some() {
        bail!("only Prosody takes a seed");
    }
    let control = options.kind.find("ejabberdctl")?;
    let erlang = options.kind.find("erl")?;
    let config = dir.join("ejabberd.yml");
    fs::write(&config, configuration(options, ports, dir)?)?;

    let mut command = Command::new(erlang);
    command
        .args(["-noinput", "+K", "true", "-mnesia", "dir"])
        .arg(format!("{:?}", dir.join("data")))
        .args(["-s", "ejabberd"])
        .env("HOME", dir)
        .env("ERL_LIBS", library_path(&control)?)
        .env("ERL_CRASH_DUMP_BYTES", "0")
        .env("EJABBERD_CONFIG_PATH", config)
        .env("EJABBERD_LOG_PATH", dir.join("ejabberd.log"));
    Ok(Setup {
        command,
        logs: vec![dir.join("ejabberd.log"), dir.join("output.log")],
    })
}

/// Creates the accounts, of which a server that was killed may have lost some.
pub(crate) fn register_accounts(options: &ServerOptions, ports: Ports) -> Result<()> {
    for account in options.all_accounts() {
        let known = json!({ "user": account.user, "host": options.domain });
        if api(ports, "check_account", &known)? == json!(0) {
            continue;
        }
        let mut new = known;
        new["password"] = json!(account.password);
        api(ports, "register", &new)?;
    }
    Ok(())
}

/// Runs an administration command, as `ejabberdctl` would, and returns what it
/// answers.
pub(crate) fn api(ports: Ports, command: &str, arguments: &Value) -> Result<Value> {
    let body = arguments.to_string();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, ports.http))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "POST /api/{command} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "ejabberd refused {command} {arguments}: {body}"
    );
    serde_json::from_str(body).with_context(|| format!("ejabberd's answer to {command}: {body}"))
}

/// The directory of ejabberd's libraries, which only its control script knows.
fn library_path(control: &Path) -> Result<PathBuf> {
    let script = fs::read_to_string(control)?;
    let value = script
        .lines()
        .find_map(|line| line.trim().strip_prefix("ERL_LIBS="));
    let value = value.with_context(|| format!("{} doesn't set ERL_LIBS", control.display()))?;
    Ok(value.trim_matches(['\'', '"']).into())
}

fn configuration(options: &ServerOptions, ports: Ports, dir: &Path) -> Result<String> {
    let dir = dir
        .to_str()
        .context("the temporary directory's name isn't UTF-8")?;
    let tls = options.transport == Transport::StartTls;
    let (password_format, scram_hash) = match options.passwords {
        Passwords::Plain => ("plain", "sha"),
        Passwords::Sha1 => ("scram", "sha"),
        Passwords::Sha256 => ("scram", "sha256"),
        Passwords::Sha512 => ("scram", "sha512"),
    };
    let disabled_mechanisms = match options.mechanisms {
        Mechanisms::All => "",
        Mechanisms::PlainOnly => {
            ", scram-sha-1, scram-sha-1-plus, scram-sha-256, scram-sha-256-plus, scram-sha-512, scram-sha-512-plus"
        }
    };
    let (hosts, anonymous_host) = if options.anonymous {
        let anonymous = options.anonymous_domain();
        let settings = "auth_method: anonymous\n    anonymous_protocol: sasl_anon";
        (
            format!("\"{}\", \"{anonymous}\"", options.domain),
            format!("host_config:\n  \"{anonymous}\":\n    {settings}\n"),
        )
    } else {
        (format!("\"{}\"", options.domain), String::new())
    };
    let upload_module = match options.largest_file {
        Some(bytes) => UPLOAD_MODULE
            .trim_matches('\n')
            .replace("@upload_domain@", &options.upload_domain())
            .replace("@largest_file@", &bytes.to_string())
            .replace("@cors@", if options.file_cors { CORS_HEADERS } else { "" }),
        None => String::new(),
    };
    Ok(CONFIG
        .replace("@upload_module@", &upload_module)
        .replace(
            "@direct_tls_listener@",
            if tls {
                DIRECT_TLS_LISTENER.trim_matches('\n')
            } else {
                ""
            },
        )
        .replace("@anonymous_host@", &anonymous_host)
        .replace("@hosts@", &hosts)
        .replace("@dir@", dir)
        .replace(
            "@log_level@",
            if options.verbose { "debug" } else { "info" },
        )
        .replace("@c2s_port@", &ports.c2s.to_string())
        .replace("@direct_tls_port@", &ports.direct_tls.to_string())
        .replace("@http_port@", &ports.http.to_string())
        .replace("@tls@", if tls { "true" } else { "false" })
        .replace("@password_format@", password_format)
        .replace("@scram_hash@", scram_hash)
        .replace("@disabled_mechanisms@", disabled_mechanisms)
        .replace(
            "@directory@",
            if options.directory { "true" } else { "false" },
        )
        .replace("@domain@", &options.domain))
}
