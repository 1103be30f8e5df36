//! What is logged: for a person on a terminal, as JSON for anything else.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, reload};

/// A text that is no filter.
#[derive(Debug, thiserror::Error)]
#[error("log: {0:?} is no filter; write it like warn,ws_proxy=info")]
pub struct InvalidFilter(String);

/// What the log has in it, which can be changed at any time.
#[derive(Clone, Debug)]
pub struct LogFilter(reload::Handle<Targets, Registry>);

impl LogFilter {
    /// Starts to log what `filter` lets through. The `log` facade, where libraries may
    /// print what they carry, is left alone.
    ///
    /// # Errors
    /// It is no filter.
    ///
    /// # Panics
    /// When called twice.
    pub fn start(filter: &str) -> Result<Self, InvalidFilter> {
        let (filter, handle) = reload::Layer::new(parse(filter)?);
        let format = tracing_subscriber::fmt::layer().with_writer(io::stderr);
        let format = if io::stderr().is_terminal() {
            format.with_target(false).boxed()
        } else {
            format
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .boxed()
        };
        tracing_subscriber::registry()
            .with(format.with_filter(filter))
            .init();
        Ok(Self(handle))
    }

    /// Whether `filter` could be set.
    ///
    /// # Errors
    /// It is no filter.
    pub fn check(filter: &str) -> Result<(), InvalidFilter> {
        parse(filter).map(drop)
    }

    /// Logs what `filter` lets through from now on.
    ///
    /// # Errors
    /// It is no filter.
    pub fn set(&self, filter: &str) -> Result<(), InvalidFilter> {
        let filter = parse(filter)?;
        // The subscriber that it is a part of lives as long as the process.
        let _ = self.0.reload(filter);
        Ok(())
    }

    /// The filter in effect.
    pub(crate) fn text(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }
}

fn parse(text: &str) -> Result<Targets, InvalidFilter> {
    text.parse().map_err(|_| InvalidFilter(text.to_owned()))
}
