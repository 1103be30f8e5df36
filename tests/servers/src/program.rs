//! The programs that Debian's packages install.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::options::Kind;

/// Where `program` is, looking also where only root's `PATH` leads.
#[must_use]
pub fn find_program(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// The Python that has slixmpp: another may come before the one that Debian's packages are for.
#[must_use]
pub fn find_slixmpp() -> Option<PathBuf> {
    let has_it = |python: &PathBuf| {
        let script = "import importlib.util as u; exit(u.find_spec('slixmpp') is None)";
        let status = Command::new(python).args(["-c", script]).status();
        status.is_ok_and(|status| status.success())
    };
    let first = find_program("python3");
    let mut all = first.into_iter().chain(["/usr/bin/python3".into()]);
    all.find(has_it)
}

impl Kind {
    /// The Debian packages that this server takes.
    #[must_use]
    pub fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Prosody => &[
                "prosody",
                "prosody-modules",
                "lua-sec",
                "lua-event",
                "lua-unbound",
            ],
            Self::Ejabberd => &["ejabberd", "erlang-p1-sqlite3"],
        }
    }

    /// Whether [`packages`](Self::packages) look installed.
    #[must_use]
    pub fn is_installed(self) -> bool {
        match self {
            Self::Prosody => {
                find_program("prosody").is_some() && Path::new(COMMUNITY_MODULE).exists()
            }
            Self::Ejabberd => {
                find_program("ejabberdctl").is_some() && has_sqlite().unwrap_or(false)
            }
        }
    }

    /// Where `program` is, or an error that says how to install it.
    pub(crate) fn find(self, program: &str) -> Result<PathBuf> {
        let packages = self.packages().join(" ");
        find_program(program).with_context(|| {
            format!("`{program}` isn't installed. Install it: apt-get install {packages}")
        })
    }
}

/// Whether Erlang has the package `erlang-p1-sqlite3`, which has no program.
fn has_sqlite() -> std::io::Result<bool> {
    for library in fs::read_dir("/usr/lib/erlang/lib")? {
        let name = library?.file_name();
        if name.to_string_lossy().starts_with("p1_sqlite3-") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One file of the package `prosody-modules`, which has no program.
const COMMUNITY_MODULE: &str = "/usr/lib/prosody/modules/mod_muc_moderation";
