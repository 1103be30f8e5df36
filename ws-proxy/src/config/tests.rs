use clap::Parser;

use super::*;

const EXAMPLE: &str = "[[domain]]\nname = \"example.org\"\n";

fn problem(toml: &str) -> String {
    Config::from_toml(toml, "c.toml").unwrap_err().to_string()
}

fn merged(toml: &str, flags: &[&str]) -> Result<Config, ConfigError> {
    let flags = Flags::parse_from(["ws-proxy"].iter().chain(flags));
    Config::merge(File::parse(toml, Path::new("c.toml"))?, flags)
}

#[test]
fn a_domain_is_all_it_takes() {
    let config = Config::from_toml(EXAMPLE, "c.toml").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:5280");
    assert!(config.domains[0].backends.is_empty());
    assert_eq!(config.domains[0].tls, None);
    assert!(config.allow_missing_origin);
}

/// The annotated example, with the lines that begin with one of `marks` taken in.
fn example(marks: &[&str]) -> String {
    let is_key = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ")
            && key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    include_str!("../../example.toml")
        .lines()
        .map(|line| {
            let taken = marks.iter().find_map(|mark| {
                line.strip_prefix(mark)
                    .filter(|rest| is_key(rest) || rest.starts_with('['))
            });
            format!("{}\n", taken.unwrap_or(line))
        })
        .collect()
}

#[test]
fn the_example_shows_the_defaults() {
    let shown = Config::from_toml(&example(&["#"]), "example.toml").unwrap();
    let bare = Config::from_toml(EXAMPLE, "c.toml").unwrap();
    assert_eq!(shown.to_toml(), bare.to_toml());
    let plain = Config::from_toml(&example(&[]), "example.toml").unwrap();
    assert_eq!(plain.to_toml(), bare.to_toml());
}

#[test]
fn the_example_has_every_key_and_every_key_is_valid() {
    let full = example(&["#", "# Example: "]);
    let config = Config::from_toml(&full, "example.toml").unwrap();
    assert_eq!(config.domains[0].backends.len(), 2);
    for (table, unknown) in [
        ("", format!("x = 1\n{EXAMPLE}")),
        ("[[domain]]", format!("{EXAMPLE}x = 1\n")),
        ("[acme]", format!("{EXAMPLE}[acme]\nx = 1\n")),
        ("[limits]", format!("{EXAMPLE}[limits]\nx = 1\n")),
    ] {
        let text = problem(&unknown);
        let keys = text.rsplit(": ").next().unwrap().trim_end_matches('.');
        assert!(keys.split(", ").count() >= 5, "{text}");
        for key in keys.split(", ") {
            let line = format!("\n{key} = ");
            let is_table = full.contains(&format!("[{key}]"));
            assert!(full.contains(&line) || is_table, "{table} lacks {key}");
        }
    }
}

#[test]
fn what_is_printed_is_a_configuration_with_the_same_meaning_and_no_secret() {
    let toml = format!(
        "{}\n[[web.demo]]\njid = 'a@example.org'\npassword = 'sesame'\n",
        example(&["# Example: "])
    );
    let config = Config::from_toml(&toml, "example.toml").unwrap();
    let printed = config.to_toml();
    assert!(!printed.contains("sesame"), "{printed}");
    let again = Config::from_toml(&printed, "printed.toml").unwrap();
    assert_eq!(again.to_toml(), printed);
    assert!(printed.contains("10.0.0.8:5222"), "{printed}");
}

#[test]
fn a_certificate_by_acme_needs_names_consent_and_a_place() {
    let files = "tls_cert = 'c.pem'\ntls_key = 'k.pem'\n";
    let with = |files: &str, acme: &str| problem(&format!("{files}{EXAMPLE}[acme]\n{acme}\n"));
    let names = "names = ['chat.example.org']";
    let agreed = format!("{names}\naccept_terms = true");
    assert!(with(files, "names = []").contains("Name the hosts"));
    assert!(with(files, names).contains("accept_terms = true"));
    let place = with("", &agreed);
    assert!(place.starts_with("c.toml:4: names: "), "{place}");
    assert!(place.contains("Give tls_cert and tls_key"), "{place}");
    let plain = format!("{agreed}\ndirectory = 'http://ca.example/d'");
    assert!(with(files, &plain).contains("write it like https://"));
    let whole = format!("{files}{EXAMPLE}[acme]\n{agreed}\n");
    let acme = Config::from_toml(&whole, "c.toml").unwrap().acme.unwrap();
    assert!(acme.directory.to_string().contains("letsencrypt.org"));
}

#[test]
fn upload_hosts_are_in_a_table_or_in_flags_and_none_is_off() {
    let with = |table: &str| format!("{EXAMPLE}[relay]\n{table}\n");
    let hosts = |toml: &str, flags: &[&str]| -> Vec<String> {
        let relay = merged(toml, flags).unwrap().relay;
        relay.hosts.iter().map(ToString::to_string).collect()
    };
    assert!(hosts(EXAMPLE, &[]).is_empty() && hosts(&with("hosts = []"), &[]).is_empty());
    let table = with("hosts = ['https://A.example/x']\nallow_private_addresses = true");
    assert_eq!(hosts(&table, &[]), ["https://a.example/x"]);
    let flags = ["--relay", "https://b.example,https://c.example:5443"];
    let named = ["https://b.example", "https://c.example:5443"];
    assert_eq!(hosts(&table, &flags), named);
    let config = merged(&table, &flags).unwrap();
    assert!(config.relay.allow_private_addresses);
    let again = Config::from_toml(&config.to_toml(), "printed.toml").unwrap();
    assert_eq!(again.relay, config.relay);

    for (hosts, remedy) in [
        ("'a.example'", "write it like https://"),
        (
            "'http://a.example'",
            "write https://, or the address itself",
        ),
        ("'https://a.example', 'https://A.example:443'", "Keep one"),
        ("'https://localhost', 'http://localhost'", "Keep one"),
    ] {
        let text = problem(&with(&format!("hosts = [{hosts}]")));
        assert!(
            text.starts_with("c.toml:4: hosts: ") && text.contains(remedy),
            "{text}"
        );
    }
    let flags = [
        "--relay",
        "https://a.example",
        "--relay",
        "https://a.example",
    ];
    let text = merged(EXAMPLE, &flags).unwrap_err().to_string();
    assert!(text.starts_with("--relay (or WS_PROXY_RELAY): "), "{text}");
}

/// Compares a part of docs/proxy.md with what it is generated of.
fn documented(name: &str, generated: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/proxy.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(&format!("<!-- {name}: ")).unwrap();
    let (head, rest) = rest.split_once('\n').unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let wanted = format!("{before}<!-- {name}: {head}\n{generated}<!-- /{name} -->{after}");
    if std::env::var_os("COUPLET_UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    } else {
        assert!(
            document == wanted,
            "docs/proxy.md is stale: COUPLET_UPDATE=1"
        );
    }
}

/// Compares a file of the package with what it is generated of.
fn packaged(name: &str, generated: &[u8]) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging");
    let path = Path::new(directory).join(name);
    if std::env::var_os("COUPLET_UPDATE").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let found = std::fs::read(&path).unwrap();
    assert!(
        found == generated,
        "packaging/{name} is stale: COUPLET_UPDATE=1"
    );
}

#[test]
fn the_manual_page_and_the_completions_have_every_flag() {
    use clap::CommandFactory;
    use clap_complete::{Generator, Shell};

    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(Flags::command());
    manual.render(&mut page).unwrap();
    packaged("man/ws-proxy.1", &page);
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Flags::command(), "ws-proxy", &mut script);
        let name = shell.file_name("ws-proxy");
        packaged(&format!("completions/{name}"), &script);
    }
}

#[test]
fn the_guide_has_every_flag_and_every_key() {
    use clap::CommandFactory;

    let mut flags = "| flag | variable | |\n|---|---|---|\n".to_owned();
    for argument in Flags::command().get_arguments() {
        let Some(long) = argument.get_long().filter(|long| *long != "help") else {
            continue;
        };
        let value = argument
            .get_value_names()
            .filter(|_| argument.get_action().takes_values())
            .map_or_else(String::new, |names| {
                format!(" {}", names[0].replace('|', "\\|"))
            });
        let variable = argument
            .get_env()
            .map_or_else(String::new, |name| format!("`{}`", name.to_string_lossy()));
        let help = argument.get_help().unwrap();
        flags += &format!("| `--{long}{value}` | {variable} | {help} |\n");
    }
    documented("flags", &flags);
    let example = include_str!("../../example.toml");
    documented("example", &format!("```toml\n{example}```\n"));
}

#[test]
fn the_sites_of_a_domain_are_in_its_table_or_in_flags() {
    let toml = format!("{EXAMPLE}sites = ['https://a.example']\n[[domain]]\nname = 'b.example'\n");
    let sites = |flags: &[&str]| -> Vec<Vec<String>> {
        let domains = merged(&toml, flags).unwrap().domains;
        let written = |domain: &Domain| domain.sites.iter().map(ToString::to_string).collect();
        domains.iter().map(written).collect()
    };
    assert_eq!(sites(&[]), [vec!["https://a.example".to_owned()], vec![]]);
    let flag = ["--site", "https://*.c.example,http://localhost:8000"];
    let named = vec![
        "https://*.c.example".to_owned(),
        "http://localhost:8000".to_owned(),
    ];
    assert_eq!(sites(&flag), [named.clone(), named]);
    let text = problem(&format!("{EXAMPLE}sites = ['*']\n"));
    assert!(
        text.starts_with("c.toml:3: sites: ") && text.contains("write it like https://"),
        "{text}"
    );
}

#[test]
fn limits_may_be_flags() {
    let toml = format!("{EXAMPLE}[limits]\nmax_sessions = 7\nopen_seconds = 3\n");
    let flags = ["--limit", "max_sessions=8", "--limit", "drain_seconds=0.5"];
    let limits = merged(&toml, &flags).unwrap().limits;
    assert_eq!(limits.max_sessions, 8);
    assert_eq!(limits.open.as_secs(), 3);
    assert_eq!(limits.drain.as_millis(), 500);
    for (flag, remedy) in [
        ("max_session=8", "max_sessions"),
        ("open_seconds=0", "above 0"),
        ("max_relays=0", "empty list of hosts"),
        ("max_relay_bytes_per_second=10", "1024"),
        ("ping_seconds=60", "45 or below"),
    ] {
        let text = merged(&toml, &["--limit", flag]).unwrap_err().to_string();
        let start = "--limit (or WS_PROXY_LIMIT): ";
        assert!(text.starts_with(start) && text.contains(remedy), "{text}");
    }
}

#[test]
fn a_domain_may_have_several_servers() {
    let with = |keys: &str| Config::from_toml(&format!("{EXAMPLE}{keys}"), "c.toml");
    let backends = |keys: &str| with(keys).unwrap().domains[0].backends.len();
    assert_eq!(backends("backend = 'a:1'"), 1);
    assert_eq!(backends("backend = ['a:1', 'b', 'unix:/x']"), 3);
    for (keys, remedy) in [
        ("backend = []", "leave the key out"),
        ("backend = ['a:1', 'b:x']", "write it like"),
        ("backend = 5222", "one value or a list"),
        (
            "backend = ['127.0.0.1', '10.0.0.1']\nbackend_tls = 'none'",
            "10.0.0.1",
        ),
    ] {
        let text = with(keys).unwrap_err().to_string();
        assert!(text.contains(remedy), "{text}");
    }
    let flags = [
        "--domain",
        "a.example",
        "--backend",
        "x,y",
        "--backend",
        "z",
    ];
    assert_eq!(merged("", &flags).unwrap().domains[0].backends.len(), 3);
}

#[test]
fn flags_override_the_file() {
    let toml = "listen = '127.0.0.1:1'\nallow_origin = ['https://a.example']\n\
                [[domain]]\nname = 'a.example'\nbackend = 'x.example:1'\n\
                [[domain]]\nname = 'b.example'\nbackend = 'y.example:2'\nbackend_tls = 'direct'\n";
    let config = merged(toml, &["--listen", "[::1]:2", "--domain", "B.example"]).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:2");
    assert_eq!(config.domains.len(), 1);
    assert_eq!(config.domains[0].backends, ["y.example:2".parse().unwrap()]);
    assert_eq!(config.domains[0].tls, Some(BackendTls::Direct));

    let config = merged(toml, &["--backend", "z.example", "--allow-origin", "*"]).unwrap();
    assert!(
        config
            .domains
            .iter()
            .all(|d| d.backends == ["z.example".parse().unwrap()])
    );
    assert_eq!(config.allow_origin, [Origin::Any]);
}

#[test]
fn a_key_that_is_not_there_is_an_error_with_line_and_remedy() {
    assert_eq!(
        problem(&format!("# comment\nlisten_at = 'x'\n{EXAMPLE}"))
            .split(" listen, ")
            .next(),
        Some("c.toml:2: listen_at: there is no key `listen_at`. The keys that can stand here are:")
    );
    assert!(problem(&format!("{EXAMPLE}tls = true")).starts_with("c.toml:3: tls: there is no key"));
    let limits = problem(&format!("{EXAMPLE}[limits]\nmax_session = 1"));
    assert!(limits.starts_with("c.toml:4: max_session: ") && limits.contains("max_sessions"));
}

#[test]
fn a_value_that_is_wrong_is_an_error_with_line_and_remedy() {
    for (toml, start, remedy) in [
        ("listen = 5280\n", "c.toml:1: listen: ", ""),
        ("\nlisten = 'here'\n", "c.toml:2: listen: ", ""),
        (
            "public_url = 'x'\n",
            "c.toml:1: public_url: ",
            "https://chat.example.org",
        ),
        (
            "allow_origin = ['x']\n",
            "c.toml:1: allow_origin: ",
            "without a path",
        ),
        (
            "[limits]\nping_seconds = 60\n",
            "c.toml:2: ping_seconds: ",
            "45 or below",
        ),
        (
            "[limits]\npong_seconds = 40\n",
            "c.toml:2: pong_seconds: ",
            "ping_seconds or below",
        ),
        (
            "[limits]\nmax_stanza_bytes = 100\n",
            "c.toml:2: max_stanza_bytes: ",
            "10000 or more",
        ),
        (
            "[limits]\nopen_seconds = 0\n",
            "c.toml:2: open_seconds: ",
            "above 0",
        ),
        (
            "[[domain]]\nname = 'a b'\n",
            "c.toml:2: name: ",
            "example.org",
        ),
        (
            "[[domain]]\nname = 'a'\nbackend_tls = 'yes'\n",
            "c.toml:3: backend_tls: ",
            "starttls",
        ),
        (
            "[[domain]]\nname = 'a'\nmax_sessions_per_origin = 0\n",
            "c.toml:3: max_sessions_per_origin: ",
            "leave the key out",
        ),
        (
            "tls_cert = 'x'\n",
            "c.toml:1: tls_cert: ",
            "both tls_cert and tls_key",
        ),
    ] {
        let text = problem(&format!("{toml}{EXAMPLE}"));
        assert!(
            text.starts_with(start) && text.contains(remedy),
            "{toml}: {text}"
        );
    }
}

#[test]
fn no_domain_and_the_same_domain_twice_are_errors() {
    assert!(problem("").contains("--domain example.org"));
    assert!(problem(&format!("{EXAMPLE}{EXAMPLE}")).starts_with("c.toml:4: name: the domain"));
}

#[test]
fn passwords_never_cross_a_network_in_the_clear_by_accident() {
    let with = |keys: &str| Config::from_toml(&format!("{EXAMPLE}{keys}"), "c.toml");
    let text = with("backend = '10.0.0.1:5222'\nbackend_tls = 'none'")
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("c.toml:4: backend_tls: "), "{text}");
    assert!(text.contains("allow_insecure_backend = true"), "{text}");
    assert!(with("backend_tls = 'none'").is_err());
    for keys in [
        "backend = '127.0.0.1'\nbackend_tls = 'none'",
        "backend = '[::1]:5222'\nbackend_tls = 'none'",
        "backend = 'localhost'\nbackend_tls = 'none'",
        "backend = 'x.example'\nbackend_tls = 'none'\nallow_insecure_backend = true",
        "backend = 'unix:/run/x'",
    ] {
        assert_eq!(
            with(keys).unwrap().domains[0].tls,
            Some(BackendTls::None),
            "{keys}"
        );
    }
    assert!(with("backend = 'unix:/run/x'\nbackend_tls = 'starttls'").is_err());
    let flags = [
        "--domain",
        "a.example",
        "--backend",
        "b.example",
        "--backend-tls",
        "none",
    ];
    let text = merged("", &flags).unwrap_err().to_string();
    assert!(
        text.starts_with("--backend-tls (or WS_PROXY_BACKEND_TLS): "),
        "{text}"
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let toml = "tls_cert = 'x'\n[limits]\nmax_sessions = 0\n";
    assert_eq!(problem(toml).lines().count(), 3);
}
