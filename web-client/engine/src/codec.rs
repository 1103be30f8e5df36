//! How rows are written, and what tabs tell each other: postcard's bytes.
//!
//! Not JSON, because what reads that is four times as much code for the browser to
//! download. The bytes name no fields, so a row is read by the build that wrote it or by one
//! that knows its form: whoever changes a type that is in a row adds a step to the
//! schema of the database, which reads the old form.

use serde::{Serialize, de::DeserializeOwned};

/// `value`, written.
pub fn encode(value: &impl Serialize) -> Vec<u8> {
    // Plain data always has a form.
    postcard::to_allocvec(value).expect("plain data")
}

/// What [`encode`] wrote; `None` where it wasn't that.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// The same of a row to which something was added at its end: what earlier releases have
/// written has nothing there, and then it is as if it were empty.
pub(crate) fn decode_longer<T: DeserializeOwned, More: DeserializeOwned + Default>(
    bytes: &[u8],
) -> Option<(T, More)> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    let more = match rest {
        [] => More::default(),
        rest => decode(rest)?,
    };
    Some((value, more))
}
