//! A limit on the command line: `--limit max_sessions=500`.

use std::str::FromStr;

use serde::Deserialize;
use toml::{Table, Value};

use super::error::{Place, Problem};
use super::values::InvalidValue;
use crate::limits::Limits;

/// One key of the table `[limits]` and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitFlag {
    pub(super) key: String,
    value: Value,
}

impl FromStr for LimitFlag {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(format!(
                "{text:?} isn't a limit; write it like max_sessions=500"
            ))
        };
        let (key, value) = text.split_once('=').ok_or_else(invalid)?;
        let (key, value) = (key.trim(), value.trim());
        let value = match (value.parse(), value.parse()) {
            (Ok(whole), _) => Value::Integer(whole),
            (_, Ok(fraction)) => Value::Float(fraction),
            _ => return Err(invalid()),
        };
        Ok(Self {
            key: key.to_owned(),
            value,
        })
    }
}

/// Lets `flags` override `limits`.
///
/// # Errors
/// A limit that doesn't exist, or can't have that value.
pub(super) fn overridden(limits: &Limits, flags: &[LimitFlag]) -> Result<Limits, Problem> {
    if flags.is_empty() {
        return Ok(limits.clone());
    }
    let mut table = Table::try_from(limits).unwrap_or_default();
    for LimitFlag { key, value } in flags {
        if !table.contains_key(key) {
            let keys: Vec<_> = table.keys().map(String::as_str).collect();
            return Err(Problem::new(
                Place::flag("--limit"),
                format!("there is no limit {key}"),
                format!("The limits are: {}", keys.join(", ")),
            ));
        }
        table.insert(key.clone(), value.clone());
    }
    Limits::deserialize(table).map_err(|error| {
        Problem::new(
            Place::flag("--limit"),
            error.message().to_owned(),
            "Correct the value; every limit is explained in docs/proxy.md",
        )
    })
}
