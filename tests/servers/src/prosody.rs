//! Prosody: its configuration and its command line.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::{
    options::{FATAL, Kind, Mechanisms, Passwords, ServerOptions, Transport},
    ports::Ports,
    server::Setup,
};

const CONFIG: &str = include_str!("../prosody/prosody.cfg.lua");
const CRASH_MODULE: &str = include_str!("../prosody/mod_couplet_crash.lua");
const REPORTS_MODULE: &str = include_str!("../prosody/mod_couplet_reports.lua");
const REQUESTS_MODULE: &str = include_str!("../prosody/mod_couplet_requests.lua");
const SASL2_MODULE: &str = include_str!("../prosody/mod_couplet_sasl2.lua");
const TOKENS_MODULE: &str = include_str!("../../../examples/prosody/mod_couplet_tokens.lua");
const SEED_MODULE: &str = include_str!("../prosody/mod_couplet_seed.lua");

/// Writes everything that Prosody reads.
pub(crate) fn prepare(options: &ServerOptions, ports: Ports, dir: &Path) -> Result<Setup> {
    let program = options.kind.find("prosody")?;
    for sub in ["data", "plugins", "pictures"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    fs::write(dir.join("plugins/mod_couplet_crash.lua"), CRASH_MODULE)?;
    fs::write(dir.join("plugins/mod_couplet_reports.lua"), REPORTS_MODULE)?;
    fs::write(
        dir.join("plugins/mod_couplet_requests.lua"),
        REQUESTS_MODULE,
    )?;
    fs::write(dir.join("plugins/mod_couplet_seed.lua"), SEED_MODULE)?;
    fs::write(dir.join("plugins/mod_couplet_sasl2.lua"), SASL2_MODULE)?;
    fs::write(dir.join("plugins/mod_couplet_tokens.lua"), TOKENS_MODULE)?;
    if let Some(seed) = &options.seed {
        seed.check()?;
        seed.write_pictures(&dir.join("pictures"))?;
    }
    let accounts: Vec<_> = options
        .all_accounts()
        .iter()
        .map(|account| json!({ "user": account.user, "password": account.password }))
        .collect();
    let seed =
        json!({ "accounts": accounts, "seed": options.seed, "pictures": dir.join("pictures") });
    fs::write(dir.join("seed.json"), seed.to_string())?;
    let config = dir.join("prosody.cfg.lua");
    fs::write(&config, configuration(options, ports, dir)?)?;

    let mut command = Command::new(program);
    command.args(["--root", "-F", "--config"]).arg(config);
    Ok(Setup {
        command,
        logs: vec![dir.join("prosody.log"), dir.join("output.log")],
    })
}

/// Fails when our module could not do its work, or when one of those in the
/// configuration isn't installed.
pub(crate) fn check(dir: &Path) -> Result<()> {
    let result =
        fs::read_to_string(dir.join("seed.result")).context("mod_couplet_seed didn't run")?;
    if result != "ok" {
        bail!("mod_couplet_seed: {result}");
    }
    let log = fs::read_to_string(dir.join("prosody.log")).unwrap_or_default();
    if let Some(line) = log
        .lines()
        .find(|line| line.contains("Unable to load module"))
    {
        bail!(
            "{line}\nInstall what is missing: apt-get install {}",
            Kind::Prosody.packages().join(" ")
        );
    }
    Ok(())
}

fn configuration(options: &ServerOptions, ports: Ports, dir: &Path) -> Result<String> {
    let dir = dir
        .to_str()
        .context("the temporary directory's name isn't UTF-8")?;
    let tls = options.transport == Transport::StartTls;
    let (authentication, password_hash) = match options.passwords {
        Passwords::Plain => ("internal_plain", "SHA-1"),
        Passwords::Sha1 => ("internal_hashed", "SHA-1"),
        Passwords::Sha256 => ("internal_hashed", "SHA-256"),
        Passwords::Sha512 => bail!("Prosody knows no SCRAM-SHA-512; use ejabberd"),
    };
    let disabled_mechanisms = match options.mechanisms {
        Mechanisms::All => "",
        Mechanisms::PlainOnly => {
            r#""SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS""#
        }
    };
    let http_ports = match options.websocket || options.largest_file.is_some() {
        true => ports.http.to_string(),
        false => String::new(),
    };
    let websocket_module = match options.websocket {
        true => "\"websocket\";",
        false => "",
    };
    let pep_modules = match (options.pep, options.directory) {
        (true, false) => r#""pep", "vcard4", "vcard_legacy", "bookmarks";"#,
        // The directory reads the cards that the oldest of these modules keeps.
        (true, true) => r#""pep", "vcard", "bookmarks";"#,
        (false, _) => r#""vcard";"#,
    };
    let directory_host = match options.directory {
        true => format!(
            "Component \"{}\" \"vjud\"\n\tvjud_mode = \"all\"\n",
            options.directory_domain()
        ),
        false => String::new(),
    };
    let upload_host = match options.largest_file {
        // A browser on this machine knows it by no other name.
        Some(bytes) => format!(
            "Component \"{}\" \"http_file_share\"\n\
             \thttp_file_share_size_limit = {bytes}\n\
             \thttp_host = \"localhost\"\n\
             \thttp_external_url = \"http://localhost:{}/\"\n",
            options.upload_domain(),
            ports.http
        ),
        None => String::new(),
    };
    let cors = match options.file_cors {
        true => "",
        false => "http_cors_override = { file_share = { enabled = false } }",
    };
    let anonymous_host = if options.anonymous {
        format!(
            "VirtualHost \"{}\"\n\tauthentication = \"anonymous\"\n",
            options.anonymous_domain()
        )
    } else {
        String::new()
    };
    Ok(CONFIG
        .replace(
            "@as_root@",
            if rustix::process::geteuid().is_root() {
                "true"
            } else {
                "false"
            },
        )
        .replace("@dir@", dir)
        .replace(
            "@log_level@",
            if options.verbose { "debug" } else { "info" },
        )
        .replace("@c2s_port@", &ports.c2s.to_string())
        .replace(
            "@direct_tls_ports@",
            &if tls {
                ports.direct_tls.to_string()
            } else {
                String::new()
            },
        )
        .replace("@tls_module@", if tls { "\"tls\";" } else { "" })
        .replace("@pep_modules@", pep_modules)
        .replace("@http_ports@", &http_ports)
        .replace("@cors@", cors)
        .replace("@websocket_module@", websocket_module)
        .replace(
            "@sasl2_modules@",
            if options.tokens {
                r#""couplet_sasl2"; "sasl2"; "sasl2_bind2"; "sasl2_fast";"#
            } else {
                ""
            },
        )
        .replace(
            "@tokens_module@",
            match options.site_secret {
                Some(_) => "\"couplet_tokens\";",
                None => "",
            },
        )
        .replace(
            "@site_secret@",
            options.site_secret.as_deref().unwrap_or_default(),
        )
        .replace(
            "@crash_module@",
            if options.fragile {
                "\"couplet_crash\";"
            } else {
                ""
            },
        )
        .replace("@fatal@", FATAL)
        .replace(
            "@reports_module@",
            match options.reports_to {
                Some(_) => "\"couplet_reports\";",
                None => "",
            },
        )
        .replace(
            "@requests_module@",
            if options.members_by_request {
                "\"couplet_requests\";"
            } else {
                ""
            },
        )
        .replace(
            "@reports_to@",
            options.reports_to.as_deref().unwrap_or_default(),
        )
        .replace("@tls@", if tls { "true" } else { "false" })
        .replace("@authentication@", authentication)
        .replace("@password_hash@", password_hash)
        .replace("@disabled_mechanisms@", disabled_mechanisms)
        .replace("@anonymous_host@", &anonymous_host)
        .replace("@upload_host@", &upload_host)
        .replace("@directory_host@", &directory_host)
        .replace("@domain@", &options.domain))
}
