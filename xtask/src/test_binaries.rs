//! The test programs of the workspace, built once and run one by one.
//!
//! Cargo could run them too, but it builds each selection of packages with
//! features of its own, so that running the quick ones first would compile
//! half of the dependencies twice.

use std::{
    fmt,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{process, workspace};

/// A program that Cargo built from tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestBinary {
    /// Whether it is a file in `tests/` rather than the tests beside the code.
    pub(crate) is_integration: bool,
    pub(crate) package: String,
    pub(crate) name: String,
    directory: PathBuf,
    program: PathBuf,
}

/// How many tests did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// Builds all of them. Those beside the code come first.
pub(crate) fn build() -> Result<Vec<TestBinary>> {
    let mut command = workspace::cargo();
    command.args([
        "test",
        "--workspace",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let mut binaries = Vec::new();
    let succeeded = each_line(&mut command, |line| binaries.extend(parse_artifact(line)))?;
    ensure!(succeeded, "the tests don't build");
    binaries.sort();
    Ok(binaries)
}

/// Runs the tests in the documentation.
pub(crate) fn run_documentation() -> Result<Counts> {
    run_command(workspace::cargo().args(["test", "--workspace", "--doc", "--quiet"]))
}

impl TestBinary {
    /// Runs its tests, with `environment` beside our own.
    pub(crate) fn run(&self, environment: &[(&str, &Path)]) -> Result<Counts> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.directory)
            .env("CARGO_MANIFEST_DIR", &self.directory);
        command.envs(environment.iter().copied());
        let counts = run_command(&mut command)?;
        if self.is_integration && counts == Counts::default() {
            bail!("{self} has no tests");
        }
        Ok(counts)
    }
}

impl fmt::Display for TestBinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_integration {
            "integration"
        } else {
            "unit"
        };
        write!(f, "{} {} ({kind} tests)", self.package, self.name)
    }
}

impl Counts {
    pub(crate) fn total(self) -> usize {
        self.passed + self.failed + self.skipped
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Shows what the tests write, and adds up the summaries in it.
fn run_command(command: &mut Command) -> Result<Counts> {
    let mut counts = Counts::default();
    let succeeded = each_line(command, |line| {
        println!("{line}");
        if let Some(summary) = parse_summary(line) {
            counts += summary;
        }
    })?;
    if !succeeded && counts.failed == 0 {
        // It crashed before it could say so.
        counts.failed = 1;
    }
    Ok(counts)
}

/// Runs `command`, gives each line of its output to `take`, and returns
/// whether it succeeded.
fn each_line(command: &mut Command, mut take: impl FnMut(&str)) -> Result<bool> {
    let mut tree = process::start(command.stdout(Stdio::piped()))?;
    let output = tree.take_stdout().context("no output to read")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => take(&String::from_utf8_lossy(&line)),
            Err(RecvTimeoutError::Timeout) => process::check_interrupt()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(process::wait(&mut tree)?.success())
}

/// One line of Cargo's messages, if it is about a test program.
fn parse_artifact(line: &str) -> Option<TestBinary> {
    let message: Value = serde_json::from_str(line).ok()?;
    let program = message["executable"].as_str()?;
    if message["profile"]["test"] != true {
        return None;
    }
    let directory = Path::new(message["manifest_path"].as_str()?)
        .parent()?
        .to_owned();
    let package = package_name(message["package_id"].as_str()?);
    Some(TestBinary {
        is_integration: message["target"]["kind"][0] == "test",
        package: package.to_owned(),
        name: message["target"]["name"].as_str()?.to_owned(),
        directory,
        program: program.into(),
    })
}

/// The name in `path+file:///w/shared#couplet-shared@0.1.0`, or in
/// `path+file:///w/ws-proxy#0.1.0` where the directory has the same.
fn package_name(id: &str) -> &str {
    let (source, package) = id.split_once('#').unwrap_or((id, id));
    match package.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`
fn parse_summary(line: &str) -> Option<Counts> {
    let (_, summary) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what| {
        let part = summary
            .split("; ")
            .find_map(|part| part.strip_suffix(what))?;
        part.trim().parse().ok()
    };
    Some(Counts {
        passed: count("passed")?,
        failed: count("failed")?,
        skipped: count("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_read() {
        let line = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; 2 filtered out; finished in 0.10s";
        assert_eq!(
            parse_summary(line),
            Some(Counts {
                passed: 12,
                failed: 1,
                skipped: 3
            })
        );
        assert_eq!(parse_summary("test scanner::splits ... ok"), None);
        assert_eq!(parse_summary("test result: none of this"), None);
    }

    #[test]
    fn counts_name_what_was_skipped() {
        let mut counts = Counts {
            passed: 2,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(counts.to_string(), "2 passed, 0 failed");
        counts += Counts {
            passed: 0,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(counts.to_string(), "2 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn artifacts_are_recognised() {
        let message = |test: bool, id: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{id}","manifest_path":"/w/shared/Cargo.toml",
                "target":{{"kind":["test"],"name":"corpora"}},"profile":{{"test":{test}}},"executable":"/t/corpora-1"}}"#
            )
        };
        let expected = TestBinary {
            is_integration: true,
            package: "couplet-shared".to_owned(),
            name: "corpora".to_owned(),
            directory: "/w/shared".into(),
            program: "/t/corpora-1".into(),
        };
        let id = "path+file:///w/shared#couplet-shared@0.1.0";
        assert_eq!(parse_artifact(&message(true, id)), Some(expected));
        assert_eq!(parse_artifact(&message(false, id)), None);
        assert_eq!(parse_artifact(r#"{"reason":"build-finished"}"#), None);
    }

    #[test]
    fn packages_are_named() {
        assert_eq!(
            package_name("path+file:///w/shared#couplet-shared@0.1.0"),
            "couplet-shared"
        );
        assert_eq!(package_name("path+file:///w/ws-proxy#0.1.0"), "ws-proxy");
    }

    #[test]
    fn a_crash_counts_as_a_failure() {
        let counts =
            run_command(Command::new("sh").args(["-c", "echo half a line; kill -s KILL $$"]))
                .unwrap();
        assert_eq!(
            counts,
            Counts {
                passed: 0,
                failed: 1,
                skipped: 0
            }
        );
    }
}
