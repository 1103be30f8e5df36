//! The binary: its exit codes, its precedence of settings, its end.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

fn proxy() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws-proxy"));
    command.env_clear();
    command
}

fn output(command: &mut Command) -> (bool, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.success(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A backend that nobody listens at.
fn nowhere() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

#[test]
fn a_configuration_that_is_wrong_fails_with_the_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("proxy.toml");
    std::fs::write(&file, "domain = 'example.org'").unwrap();
    let (success, _, stderr) = output(proxy().arg("--config").arg(&file));
    assert!(!success);
    assert!(stderr.contains("proxy.toml:1: domain: "), "{stderr}");
    let (success, _, stderr) = output(proxy().args(["--config", "/no/such/file"]));
    assert!(!success && stderr.contains("--config"), "{stderr}");
}

#[test]
fn check_explains_and_fails_if_the_server_is_not_there() {
    let arguments = [
        "--domain",
        "example.org",
        "--backend-tls",
        "none",
        "--check",
    ];
    let (success, stdout, _) = output(proxy().args(arguments).args(["--backend", &nowhere()]));
    assert!(!success);
    assert!(
        stdout.contains("Domain example.org: its server is 127.0.0.1:"),
        "{stdout}"
    );
    assert!(stdout.contains("can't be reached"), "{stdout}");
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("proxy.toml");
    let text = format!(
        "listen = '127.0.0.1:1111'\n[[domain]]\nname = 'file.test'\nbackend = '{}'\n\
         backend_tls = 'none'",
        nowhere()
    );
    std::fs::write(&file, text).unwrap();
    let explain =
        |command: &mut Command| output(command.arg("--config").arg(&file).arg("--check")).1;
    assert!(explain(&mut proxy()).contains("127.0.0.1:1111"));
    let variable = explain(proxy().env("WS_PROXY_LISTEN", "127.0.0.1:2222"));
    assert!(variable.contains("127.0.0.1:2222"), "{variable}");
    let flag = explain(
        proxy()
            .env("WS_PROXY_LISTEN", "127.0.0.1:2222")
            .args(["--listen", "127.0.0.1:3333"]),
    );
    assert!(flag.contains("127.0.0.1:3333"), "{flag}");
}

#[test]
fn sigterm_ends_it_in_good_order() {
    let mut child = proxy()
        .args([
            "--listen",
            "127.0.0.1:0",
            "--domain",
            "example.org",
            "--backend",
            "127.0.0.1:1",
        ])
        .args(["--backend-tls", "none"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    // Not on a terminal, so it is JSON.
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = line["message"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    TcpStream::connect(&address).unwrap();
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect(&address).is_err());
}
