//! Configuration problems: where, what, and what to do about it.

use std::fmt;
use std::path::PathBuf;

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    place: Place,
    what: String,
    remedy: String,
}

impl Problem {
    pub(super) fn new(place: Place, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}.", self.place, self.what, self.remedy)
    }
}

/// Where a setting was made, in the words that its author used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A flag, or the environment variable that stands for it.
    Flag(&'static str),
    /// A line of the configuration file, from 1.
    Line {
        file: PathBuf,
        line: usize,
        key: String,
    },
    /// The configuration file as a whole.
    File(PathBuf),
}

impl Place {
    pub(super) fn flag(name: &'static str) -> Self {
        Self::Flag(name)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => {
                let variable = name
                    .trim_start_matches('-')
                    .replace('-', "_")
                    .to_uppercase();
                write!(f, "{name} (or WS_PROXY_{variable})")
            }
            Self::Line { file, line, key } => write!(f, "{}:{line}: {key}", file.display()),
            Self::File(file) => write!(f, "{}", file.display()),
        }
    }
}
