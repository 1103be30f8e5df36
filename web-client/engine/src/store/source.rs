//! The stanzas that messages came or went in, for whoever looks for a mistake. Only since this
//! page was opened, and only here: they are on no disk.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{MessageId, Store};
use crate::now::Timestamp;

/// So many are kept.
const MOST: usize = 100;
/// So much of one, in bytes.
const LONGEST: usize = 16 * 1024;

/// How a message came, or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Which.
    pub id: MessageId,
    /// The stanza, without what forwarded it.
    pub xml: String,
    /// When it came to this device; `None` for what this device wrote.
    pub received: Option<Timestamp>,
}

/// A message as it is in the archive. It concerns the page that has asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Which.
    pub id: MessageId,
    /// The stanza; `None` if the archive doesn't have it, or can't be asked.
    pub stanza: Option<String>,
}

/// The last ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(VecDeque<Source>);

impl Sources {
    pub(super) fn push(&mut self, mut source: Source) {
        if source.xml.len() > LONGEST {
            source.xml.truncate(source.xml.floor_char_boundary(LONGEST));
            source.xml.push('…');
        }
        self.0.retain(|known| known.id != source.id);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(source);
    }
}

impl Store {
    /// How the message came or went, if that was not long ago.
    pub fn source(&self, id: &MessageId) -> Option<&Source> {
        self.sources.0.iter().find(|source| source.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ones_are_kept_and_none_of_any_length() {
        let mut store = Store::default();
        let id = |number: usize| MessageId(number.to_string());
        for number in 0..=MOST {
            store.sources.push(Source {
                id: id(number),
                xml: "é".repeat(LONGEST),
                received: Some(Timestamp(0)),
            });
        }
        assert_eq!(store.source(&id(0)), None);
        let last = store.source(&id(MOST)).unwrap();
        assert!(last.xml.len() <= LONGEST + '…'.len_utf8());
    }
}
