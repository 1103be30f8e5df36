//! How much XML one peer may make us look at.

/// Bounds on one top-level element of a stream, or on one WebSocket message.
///
/// The stream header and the XML declaration count as elements of their own.
/// Exceeding any of them is a `policy-violation` (RFC 6120 4.9.3.14), which ends
/// the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlLimits {
    /// Bytes, from the first `<` to the last `>`.
    pub max_bytes: usize,
    /// Elements open at the same time, the top-level element included.
    pub max_depth: usize,
    /// Elements in all, the top-level element included.
    pub max_elements: usize,
    /// Attributes on one element, namespace declarations included.
    pub max_attributes: usize,
    /// Bytes in the qualified name of an element or an attribute.
    pub max_name_bytes: usize,
    /// Namespace prefixes in scope at the same time, those of the stream header
    /// included.
    pub max_prefixes: usize,
}

impl XmlLimits {
    /// What a peer gets before it has signed in: enough for SASL and stream
    /// features, too little to be worth an attack.
    pub fn pre_auth() -> Self {
        Self {
            max_bytes: 16 * 1024,
            max_depth: 16,
            max_elements: 256,
            ..Self::default()
        }
    }
}

impl Default for XmlLimits {
    /// What a signed-in peer gets. `max_bytes` is what Prosody and ejabberd allow
    /// their own clients.
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024,
            max_depth: 64,
            max_elements: 16 * 1024,
            max_attributes: 64,
            max_name_bytes: 256,
            max_prefixes: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_get_less() {
        let (stranger, user) = (XmlLimits::pre_auth(), XmlLimits::default());
        assert_eq!((stranger.max_bytes, user.max_bytes), (16_384, 262_144));
        assert!(stranger.max_depth < user.max_depth);
        assert!(stranger.max_elements < user.max_elements);
    }
}
