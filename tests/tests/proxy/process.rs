//! The process: signals, what systemd gives and wants, the command line.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;

use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use couplet_tests::proxy::{Proxy, binary};
use couplet_tests::{PATIENCE, until};
use tokio::process::Command;
use tokio::time::timeout;

use crate::client::{Client, Event};
use crate::{ask, put};

/// A proxy with a configuration file that can be changed.
struct Running {
    directory: tempfile::TempDir,
    backend: FakeBackend,
    proxy: Proxy,
}

impl Running {
    async fn start(rest: &str) -> Self {
        Self::start_with(rest, &[]).await
    }

    async fn start_with(rest: &str, variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let backend = FakeBackend::bind().await.unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, toml(&backend, DOMAIN, rest)).unwrap();
        let file = file.to_str().unwrap();
        let proxy = Proxy::start_with(&["--config", file], variables)
            .await
            .unwrap();
        Self {
            directory,
            backend,
            proxy,
        }
    }

    fn rewrite(&self, domain: &str, rest: &str) {
        let file = self.directory.path().join("c.toml");
        std::fs::write(file, toml(&self.backend, domain, rest)).unwrap();
    }

    async fn session(&self) -> (Client, couplet_tests::fake_backend::Peer) {
        session_at(self.proxy.address(), &self.backend).await
    }
}

fn toml(backend: &FakeBackend, domain: &str, rest: &str) -> String {
    let address = backend.address();
    format!("[[domain]]\nname = '{domain}'\nbackend = '{address}'\nbackend_tls = 'none'\n{rest}")
}

async fn session_at(
    address: SocketAddr,
    backend: &FakeBackend,
) -> (Client, couplet_tests::fake_backend::Peer) {
    let mut client = Client::connect(address).await;
    client.open(DOMAIN).await;
    let mut peer = backend.accept().await.unwrap();
    peer.open().await.unwrap();
    client.text().await;
    client.text().await;
    (client, peer)
}

#[tokio::test]
async fn sighup_reloads_and_drops_no_session() {
    let running = Running::start("").await;
    let (mut client, mut peer) = running.session().await;
    running.rewrite("new.test", "");
    running.proxy.signal("HUP").await.unwrap();
    until("the new domain", || async {
        let mut client = Client::connect(running.proxy.address()).await;
        client.open(DOMAIN).await;
        let open = client.text().await;
        Ok(
            (open.starts_with("<open ") && client.text().await.contains("host-unknown"))
                .then_some(()),
        )
    })
    .await
    .unwrap();
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn sighup_with_a_mistake_in_the_file_changes_nothing() {
    let mut running = Running::start("").await;
    running.rewrite("new.test", "nonsense = 1\n");
    running.proxy.signal("HUP").await.unwrap();
    running.proxy.log("the new one is wrong").await.unwrap();
    let _session = running.session().await;
}

#[tokio::test]
async fn what_is_logged_can_be_changed_at_the_admin_listener() {
    let admin = free_address();
    let mut running = Running::start_with(
        "",
        &[
            ("WS_PROXY_LOG", "warn"),
            ("WS_PROXY_ADMIN_LISTEN", &admin.to_string()),
        ],
    )
    .await;
    assert_eq!(ask(admin, "/log").await, (200, "warn\n".to_owned()));

    let (status, why) = put(admin, "/log", "ws_proxy=loud").await;
    assert_eq!(status, 400);
    assert!(why.contains("is no filter"), "{why}");
    assert_eq!(ask(admin, "/log").await.1, "warn\n");

    assert_eq!(put(admin, "/log", "ws_proxy=info\n").await.0, 204);
    let _session = running.session().await;
    running.proxy.log("session opened").await.unwrap();
    running.proxy.signal("HUP").await.unwrap();
    until("the configuration's filter", || async {
        Ok((ask(admin, "/log").await.1 == "warn\n").then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn whoever_runs_it_as_root_is_told() {
    let mut running = Running::start("").await;
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        running.proxy.log("running as root").await.unwrap();
    }
}

#[tokio::test]
async fn each_line_of_a_session_says_which_it_is() {
    let mut running = Running::start("").await;
    let (client, mut peer) = running.session().await;
    let opened = running.proxy.log("session opened").await.unwrap();
    client.vanish();
    peer.rest().await.unwrap();
    let ended = running.proxy.log("session ended").await.unwrap();
    let [opened, ended] = [opened, ended].map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        line["span"]["id"].as_str().unwrap().to_owned()
    });
    assert_eq!(opened, ended);
}

#[tokio::test]
async fn a_log_on_a_terminal_is_for_people() {
    let (binary, address) = (binary().unwrap(), free_address());
    let command = format!(
        "timeout 2 {} --domain {DOMAIN} --listen {address}",
        binary.display()
    );
    // It has a terminal for the program.
    let output = Command::new("script")
        .args(["--quiet", "--command", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("script is missing: install bsdutils");
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("serving")).unwrap();
    assert!(line.contains("INFO") && !line.contains('{'), "{line}");
}

/// Where nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn sigterm_drains_and_ends_with_success() {
    let mut running = Running::start("[limits]\ndrain_seconds = 0.2").await;
    let (mut client, mut peer) = running.session().await;
    running.proxy.signal("TERM").await.unwrap();
    assert_eq!(client.event().await, Event::Closed(1012));
    assert_eq!(peer.rest().await.unwrap(), "");
    assert!(running.proxy.ended().await.unwrap().success());
}

#[tokio::test]
async fn a_second_sigterm_stops_at_once() {
    let mut running = Running::start("[limits]\ndrain_seconds = 86400").await;
    let (mut client, _peer) = running.session().await;
    running.proxy.signal("TERM").await.unwrap();
    running.proxy.log("shutting down").await.unwrap();
    running.proxy.signal("TERM").await.unwrap();
    assert_eq!(client.event().await, Event::Lost);
    assert!(running.proxy.ended().await.unwrap().success());
}

#[tokio::test]
async fn systemd_is_notified_of_start_reload_and_end_and_that_the_process_lives() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = tokio::net::UnixDatagram::from_std({
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    })
    .unwrap();
    let heard = async |state: &str| {
        let mut buffer = [0; 256];
        loop {
            let read = timeout(PATIENCE, socket.recv(&mut buffer));
            let length = read.await.expect(state).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(state) {
                return text;
            }
        }
    };
    let variables = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
    ];
    let running = Running::start_with("", &variables).await;
    heard("READY=1").await;
    heard("WATCHDOG=1").await;
    heard("WATCHDOG=1").await;
    running.proxy.signal("HUP").await.unwrap();
    assert!(heard("RELOADING=1").await.contains("MONOTONIC_USEC="));
    heard("READY=1").await;
    running.proxy.signal("TERM").await.unwrap();
    heard("STOPPING=1").await;
}

#[tokio::test]
async fn sockets_may_be_opened_by_somebody_else() {
    let backend = FakeBackend::bind().await.unwrap();
    let [public, admin] = [(); 2].map(|()| {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    std::fs::write(&file, toml(&backend, DOMAIN, "")).unwrap();
    // The shell gives them the numbers 3 and 4, and is what LISTEN_PID names.
    let mut child = Command::new("sh")
        .args([
            "-c",
            "exec 3<&0 4<&1; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" --config \"$1\"",
        ])
        .arg(binary().unwrap())
        .arg(&file)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(public.0)))
        .stdout(Stdio::from(std::os::fd::OwnedFd::from(admin.0)))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let _session = session_at(public.1, &backend).await;
    assert_eq!(ask(admin.1, "/healthz").await.0, 200);
    child.kill().await.unwrap();
}

async fn output(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String, String) {
    let output = Command::new(binary().unwrap())
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn flags_win_over_the_environment_which_wins_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    std::fs::write(
        &file,
        "log = 'a'\nlisten = '127.0.0.1:1'\nadmin_listen = '127.0.0.1:1'\n\
         [[domain]]\nname = 'a.test'\n[limits]\nmax_sessions = 7\n",
    )
    .unwrap();
    let arguments = [
        "--config",
        file.to_str().unwrap(),
        "--print-config",
        "--listen",
        "[::1]:3",
    ];
    let variables = [
        ("WS_PROXY_LISTEN", "127.0.0.1:2"),
        ("WS_PROXY_ADMIN_LISTEN", "127.0.0.1:2"),
        ("WS_PROXY_LIMIT", "open_seconds=3,close_seconds=4"),
    ];
    let (success, printed, _) = output(&arguments, &variables).await;
    assert!(success);
    for line in [
        "listen = \"[::1]:3\"",
        "admin_listen = \"127.0.0.1:2\"",
        "log = \"a\"",
        "max_sessions = 7",
        "open_seconds = 3",
        "close_seconds = 4",
    ] {
        assert!(
            printed.lines().any(|found| found == line),
            "{line}\n{printed}"
        );
    }
}

#[tokio::test]
async fn check_says_by_its_exit_code_whether_it_works() {
    let flags = [
        "--domain",
        DOMAIN,
        "--backend",
        "127.0.0.1:1",
        "--backend-tls",
        "none",
    ];
    let (success, text, _) = output(&[&flags[..], &["--check"]].concat(), &[]).await;
    assert!(!success && text.contains("It does not work"), "{text}");
    let (success, _, error) = output(&["--check"], &[]).await;
    assert!(
        !success && error.contains("--domain example.org"),
        "{error}"
    );
}
