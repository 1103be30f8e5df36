//! What is in `packaging/`: that tools which read it agree with it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_unit_is_hardened() {
    // The threshold is in tenths.
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(root().join("packaging/systemd/ws-proxy.service"))
        .output()
        .expect("systemd-analyze is missing: install systemd");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_units_are_sound() {
    // The program isn't installed here.
    let directory = tempfile::tempdir().unwrap();
    let units = ["ws-proxy.service", "ws-proxy.socket"].map(|name| {
        let unit = read(&format!("packaging/systemd/{name}"));
        let path = directory.path().join(name);
        std::fs::write(&path, unit.replace("/usr/bin/ws-proxy", "/bin/true")).unwrap();
        path
    });
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(units)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// The number behind `key` in `text`, wherever its line begins.
fn number(text: &str, key: &str) -> f64 {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(key));
    let value = line.unwrap_or_else(|| panic!("no {key} in\n{text}"));
    value.trim_matches([' ', '=', ':']).parse().unwrap()
}

#[test]
fn the_unit_gives_sessions_time_to_leave() {
    let unit = read("packaging/systemd/ws-proxy.service");
    let limits = read("ws-proxy/example.toml");
    let leave = number(&limits, "#drain_seconds") + 3.0 * number(&limits, "#close_seconds");
    assert!(number(&unit, "TimeoutStopSec") > leave);
    assert!(number(&unit, "LimitNOFILE") > 2.0 * number(&limits, "#max_sessions"));
}

/// What is written, as Kubernetes' own types understand it: a field that they don't have is lost.
fn understood<T: DeserializeOwned + Serialize>(written: &Value) -> Value {
    let object: T = serde_json::from_value(written.clone()).unwrap();
    serde_json::to_value(object).unwrap()
}

#[test]
fn the_manifests_are_what_kubernetes_takes() {
    let mut kinds = BTreeSet::new();
    for document in read("packaging/kubernetes/ws-proxy.yaml").split("\n---\n") {
        let written: Value = serde_saphyr::from_str(document).unwrap();
        let kind = written["kind"].as_str().unwrap();
        let understood = match kind {
            "ConfigMap" => understood::<ConfigMap>(&written),
            "Deployment" => understood::<Deployment>(&written),
            "HorizontalPodAutoscaler" => understood::<HorizontalPodAutoscaler>(&written),
            "NetworkPolicy" => understood::<NetworkPolicy>(&written),
            "PodDisruptionBudget" => understood::<PodDisruptionBudget>(&written),
            "Service" => understood::<Service>(&written),
            kind => panic!("{kind} is new here"),
        };
        assert_eq!(understood, written);
        kinds.insert(kind.to_owned());
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

#[test]
fn the_manifests_configuration_is_one() {
    let manifests = read("packaging/kubernetes/ws-proxy.yaml");
    let (_, rest) = manifests.split_once("config.toml: |\n").unwrap();
    let (toml, _) = rest.split_once("\n---\n").unwrap();
    let config = ws_proxy::Config::from_toml(toml, "config.toml").unwrap();
    let limits = &config.limits;
    let leave = (limits.drain + 3 * limits.close).as_secs_f64();
    assert!(number(&manifests, "terminationGracePeriodSeconds") > leave);
    for (name, address) in [
        ("http", Some(config.listen)),
        ("admin", config.admin_listen),
    ] {
        let port = address.unwrap().port();
        let container = format!("{{name: {name}, containerPort: {port}}}");
        assert!(manifests.contains(&container), "no {container}");
    }
}

#[test]
fn the_dashboard_and_the_guide_show_the_same_metrics() {
    let dashboard: Value = serde_json::from_str(&read("packaging/grafana/ws-proxy.json")).unwrap();
    let queries: String = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap().replace("_bucket", ""))
        .collect();
    let guide = read("docs/proxy.md");
    let rows = guide
        .lines()
        .filter(|line| line.starts_with("| `ws_proxy_"));
    assert_eq!(metrics(&queries), metrics(&rows.collect::<String>()));
}

/// The names in `text` that begin as metrics do.
fn metrics(text: &str) -> BTreeSet<&str> {
    text.split(|char: char| !char.is_ascii_lowercase() && char != '_')
        .filter(|word| word.starts_with("ws_proxy_"))
        .collect()
}

#[test]
fn the_guide_shows_the_servers_in_front_as_they_are_tested() {
    let guide = read("docs/proxy.md");
    for name in ["nginx.conf", "Caddyfile", "haproxy.cfg", "apache.conf"] {
        assert!(
            guide.contains(&format!("(../packaging/front/{name})")),
            "docs/proxy.md doesn't lead to {name}"
        );
    }
}
