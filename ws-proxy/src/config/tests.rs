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
    assert_eq!(config.domains[0].backend, None);
    assert_eq!(config.domains[0].tls, None);
    assert!(config.allow_missing_origin);
}

#[test]
fn the_example_in_the_readme_is_valid() {
    let readme = include_str!("../../README.md");
    let example = readme
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let config = Config::from_toml(example, "README.md").unwrap();
    assert_eq!(config.domains[1].tls, Some(BackendTls::Starttls));
}

#[test]
fn the_readme_has_every_limit_with_its_default() {
    let readme = include_str!("../../README.md");
    let rows = readme.split("| key | bounds | default |").nth(1).unwrap();
    let limits: String = rows
        .lines()
        .filter_map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let key = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
            Some(format!("{key} = {}\n", cells.get(3)?))
        })
        .take_while(|line| !line.starts_with('/'))
        .collect();
    let toml = format!("{EXAMPLE}[limits]\n{limits}");
    assert_eq!(
        Config::from_toml(&toml, "README.md").unwrap().limits,
        Limits::default()
    );
    assert_eq!(limits.lines().count(), 17, "{limits}");
}

#[test]
fn flags_override_the_file() {
    let toml = "listen = '127.0.0.1:1'\nallow_origin = ['https://a.example']\n\
                [[domain]]\nname = 'a.example'\nbackend = 'x.example:1'\n\
                [[domain]]\nname = 'b.example'\nbackend = 'y.example:2'\nbackend_tls = 'direct'\n";
    let config = merged(toml, &["--listen", "[::1]:2", "--domain", "B.example"]).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:2");
    assert_eq!(config.domains.len(), 1);
    assert_eq!(
        config.domains[0].backend,
        Some("y.example:2".parse().unwrap())
    );
    assert_eq!(config.domains[0].tls, Some(BackendTls::Direct));

    let config = merged(toml, &["--backend", "z.example", "--allow-origin", "*"]).unwrap();
    assert!(
        config
            .domains
            .iter()
            .all(|d| d.backend == Some("z.example".parse().unwrap()))
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
