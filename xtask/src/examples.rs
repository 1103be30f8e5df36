//! The example pages that are written with frameworks, built as their owners would build them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{page::copy_below, process, progress::step, workspace};

/// The directories below `examples/` that are projects of npm's.
const PROJECTS: [&str; 2] = ["react", "vue"];

/// What a project is made of, and which versions.
const PACKAGE: &str = "package.json";

/// What the proxy serves beside the script, for whoever writes TypeScript.
const TYPES: &str = "widget.d.ts";

/// Where each project is built, in a directory of its name.
fn work() -> PathBuf {
    workspace::couplet().join("examples")
}

fn source(project: &str) -> PathBuf {
    workspace::root().join("examples").join(project)
}

/// Whether the packages of each are there, in the versions that it names.
pub(crate) fn are_installed() -> bool {
    let read = |directory: PathBuf| fs::read(directory.join(PACKAGE)).ok();
    PROJECTS.iter().all(|project| {
        read(installed(project)).is_some_and(|had| read(source(project)) == Some(had))
    })
}

/// Where npm has put them, beside what it was told.
fn installed(project: &str) -> PathBuf {
    work().join(project).join("node_modules")
}

/// Has npm install them.
pub(crate) fn install() -> Result<()> {
    for project in PROJECTS {
        let directory = work().join(project);
        fs::create_dir_all(&directory)?;
        let package = source(project).join(PACKAGE);
        fs::copy(&package, directory.join(PACKAGE))?;
        npm(&directory, &["install", "--ignore-scripts", "--no-audit"])?;
        fs::copy(package, installed(project).join(PACKAGE))?;
    }
    Ok(())
}

/// Checks the types of each and builds it, and returns the directory of `react/dist` and
/// the others.
pub(crate) fn build() -> Result<PathBuf> {
    let types = workspace::root().join("static").join(TYPES);
    for project in PROJECTS {
        let directory = work().join(project);
        copy_sources(&source(project), &directory)?;
        fs::copy(&types, directory.join(TYPES)).context(TYPES)?;
        step(&format!("Building examples/{project}"), || {
            npm(&directory, &["run", "build"])
        })?;
    }
    Ok(work())
}

/// Leaves out what whoever has tried the project there has had npm put beside it.
fn copy_sources(project: &Path, directory: &Path) -> Result<()> {
    for entry in fs::read_dir(project)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != "node_modules" && name != "dist" {
            copy_below(&entry.path(), &directory.join(name))?;
        }
    }
    Ok(())
}

fn npm(directory: &Path, arguments: &[&str]) -> Result<()> {
    process::run_quietly(Command::new("npm").args(arguments).current_dir(directory))
}
