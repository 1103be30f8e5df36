//! `cargo xtask build`: the proxy with the web client inside.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    process,
    setup::{self, Need},
    web::{self, Flavour},
    workspace,
};

/// What a person who wants Couplet gets.
pub(crate) struct Package {
    /// The proxy, with the web client inside.
    pub(crate) proxy: PathBuf,
    /// The web client's files, for another web server.
    pub(crate) web: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only target/couplet/web-dev, quickly and without optimising: what a proxy with
    /// `--static-dir` serves while one works on a test of the page
    #[arg(long)]
    dev: bool,
    /// A Debian package too
    #[arg(long, conflicts_with = "dev")]
    deb: bool,
}

/// Builds and says where the results are.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.dev {
        setup::ensure(&[Need::Crates, Need::WasmTarget])?;
        println!(
            "{}  the web client's files",
            short(&web::build(Flavour::Dev)?)
        );
        return Ok(());
    }
    setup::ensure(&[
        Need::Crates,
        Need::WasmTarget,
        Need::LibrarySource,
        Need::WasmOpt,
    ])?;
    let package = build()?;
    println!(
        "{}  the proxy, with the web client inside",
        short(&package.proxy)
    );
    println!(
        "{}       the web client's files, for another web server",
        short(&package.web)
    );
    if options.deb {
        setup::ensure(&[Need::CargoDeb])?;
        let packages = workspace::couplet().join("debian");
        fs::create_dir_all(&packages)?;
        let mut command = workspace::cargo();
        command.args(["deb", "--no-build", "--no-strip", "--package", "ws-proxy"]);
        process::run(command.arg("--output").arg(&packages))?;
    }
    Ok(())
}

/// Builds what has changed.
pub(crate) fn build() -> Result<Package> {
    let web = web::build(Flavour::Release)?;
    let built = proxy(Some(&web))?;
    let proxy = workspace::couplet().join("ws-proxy");
    // Renamed rather than overwritten, since the old one may be running.
    let new = proxy.with_extension("new");
    fs::copy(&built, &new).with_context(|| format!("cannot copy {}", built.display()))?;
    fs::rename(new, &proxy)?;
    Ok(Package { proxy, web })
}

/// The proxy as it is shipped, with these files inside: it needs nothing of the system but its
/// kernel, where that can be had (with glibc and musl, not on macOS).
pub(crate) fn proxy(web: Option<&Path>) -> Result<PathBuf> {
    let host = workspace::host()?;
    let mut flags = workspace::flags_that_hide_paths();
    flags.push("-Ctarget-feature=+crt-static".into());
    let mut command = workspace::cargo();
    // Without a target the flags would be for build scripts and macros as well.
    command
        .args([
            "build",
            "--release",
            "--package",
            "ws-proxy",
            "--target",
            &host,
        ])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")));
    if let Some(web) = web {
        command.env("COUPLET_WEB_DIR", web);
    }
    process::run(&mut command)?;
    Ok(workspace::target().join(host).join("release/ws-proxy"))
}

/// The path as one would type it in the workspace's root.
fn short(path: &Path) -> String {
    path.strip_prefix(workspace::root())
        .unwrap_or(path)
        .display()
        .to_string()
}
