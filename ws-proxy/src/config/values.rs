//! Configuration values that prove their own form, and the first of them: domains.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Why a value was refused, and how it should be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(String);

impl InvalidValue {
    pub(super) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

/// Lets serde read a value through its [`FromStr`] and write it through its
/// [`Display`](fmt::Display).
macro_rules! serde_as_str {
    ($($name:ty),*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

pub(super) use serde_as_str;

serde_as_str!(DomainName);

/// An XMPP domain (RFC 7622 3.2). Equal when the domains are, however they are
/// written.
#[derive(Clone, Debug)]
pub struct DomainName {
    written: String,
    ascii: String,
}

impl DomainName {
    /// The domain in DNS form: A-labels, lower case.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }
}

impl Hash for DomainName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ascii.hash(state);
    }
}

impl PartialEq for DomainName {
    fn eq(&self, other: &Self) -> bool {
        self.ascii == other.ascii
    }
}

impl Eq for DomainName {}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for DomainName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue(format!(
                "{text:?} isn't an XMPP domain; write it like example.org"
            ))
        };
        let written = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii(written).map_err(|_| invalid())?;
        if ascii.is_empty() || ascii.len() > 253 || !ascii.bytes().all(is_host_byte) {
            return Err(invalid());
        }
        Ok(Self {
            written: written.to_owned(),
            ascii,
        })
    }
}

/// Whether a name of a host may have it.
pub(super) fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_equal_however_they_are_written() {
        let parse = |text: &str| text.parse::<DomainName>().unwrap();
        assert_eq!(parse("Bücher.Example."), parse("xn--bcher-kva.example"));
        assert_eq!(parse("EXAMPLE.org").ascii(), "example.org");
        assert!(
            [
                "",
                ".",
                "a b",
                "user@example.org",
                "example.org/x",
                "ex:ample"
            ]
            .iter()
            .all(|text| text.parse::<DomainName>().is_err())
        );
    }
}
