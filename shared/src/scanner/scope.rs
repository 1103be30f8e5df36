//! Namespace prefixes: which are declared, and what they mean (Namespaces in XML
//! 1.0).

use super::error::ScanError;
use super::tag::{Attribute, Tag};
use crate::escape;
use crate::limits::XmlLimits;
use crate::ns;

/// The prefixes in scope, those of the innermost element last. The default
/// namespace isn't kept: no rule depends on it.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Each binding's prefix and namespace, one behind the other.
    text: Vec<u8>,
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Binding {
    at: usize,
    prefix_len: usize,
}

impl Scope {
    /// Prefixes in scope.
    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Leaves elements until `len` prefixes are in scope.
    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        if let Some(binding) = self.bindings.get(len) {
            self.text.truncate(binding.at);
            self.bindings.truncate(len);
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Gives back memory that only one unusual element needed.
    pub(super) fn shrink(&mut self, bytes: usize) {
        if self.text.capacity() > bytes {
            self.text.shrink_to(bytes);
        }
    }

    /// Enters the element of a start tag: takes its declarations, then looks up
    /// each prefix in it.
    pub(super) fn enter(
        &mut self,
        bytes: &[u8],
        tag: &Tag,
        attributes: &[Attribute],
        limits: &XmlLimits,
    ) -> Result<(), ScanError> {
        for attribute in attributes {
            let name = attribute.name(bytes);
            if name == b"xmlns" {
                self.declare(b"", attribute.value(bytes), limits)?;
            } else if let Some(prefix) = name.strip_prefix(b"xmlns:") {
                self.declare(prefix, attribute.value(bytes), limits)?;
            }
        }
        if let Some(len) = tag.name.prefix_len() {
            let prefix = &bytes[1..][..len];
            if prefix == b"xmlns" {
                return Err(ScanError::NamespaceDeclaration);
            }
            self.namespace(prefix).ok_or(ScanError::UndeclaredPrefix)?;
        }
        for (index, attribute) in attributes.iter().enumerate() {
            let Some((prefix, local)) = split(attribute, bytes) else {
                continue;
            };
            // What declares a prefix has none of its own to look up.
            if matches!(prefix, b"xml" | b"xmlns") {
                continue;
            }
            let namespace = self.namespace(prefix).ok_or(ScanError::UndeclaredPrefix)?;
            let twin = attributes[..index]
                .iter()
                .filter_map(|other| split(other, bytes))
                .any(|(other, other_local)| {
                    local == other_local && self.namespace(other) == Some(namespace)
                });
            if twin {
                return Err(ScanError::DuplicateAttribute);
            }
        }
        Ok(())
    }

    fn declare(
        &mut self,
        prefix: &[u8],
        value: &[u8],
        limits: &XmlLimits,
    ) -> Result<(), ScanError> {
        // Not valid UTF-8 only if the bytes will be refused for just that.
        let value = std::str::from_utf8(value).map_err(|_| ScanError::Encoding)?;
        let namespace = escape::unescape_attribute(value);
        let allowed = match prefix {
            b"xmlns" => false,
            b"xml" => namespace == ns::XML,
            b"" => namespace != ns::XML && namespace != ns::XMLNS,
            _ => !namespace.is_empty() && namespace != ns::XML && namespace != ns::XMLNS,
        };
        if !allowed {
            return Err(ScanError::NamespaceDeclaration);
        }
        if matches!(prefix, b"" | b"xml") {
            return Ok(());
        }
        if self.bindings.len() >= limits.max_prefixes {
            return Err(ScanError::TooManyPrefixes);
        }
        self.bindings.push(Binding {
            at: self.text.len(),
            prefix_len: prefix.len(),
        });
        self.text.extend_from_slice(prefix);
        self.text.extend_from_slice(namespace.as_bytes());
        Ok(())
    }

    fn namespace(&self, prefix: &[u8]) -> Option<&[u8]> {
        if prefix == b"xml" {
            return Some(ns::XML.as_bytes());
        }
        let mut end = self.text.len();
        for binding in self.bindings.iter().rev() {
            let (declared, namespace) = self.text[binding.at..end].split_at(binding.prefix_len);
            if declared == prefix {
                return Some(namespace);
            }
            end = binding.at;
        }
        None
    }
}

/// The prefix and the local part of a name that has both.
fn split<'a>(attribute: &Attribute, tag: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let len = attribute.name.prefix_len()?;
    let name = attribute.name(tag);
    Some((&name[..len], &name[len + 1..]))
}
