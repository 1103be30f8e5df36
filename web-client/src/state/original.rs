//! A message as it is in the archive, for whoever looks for a mistake: what it came in is kept
//! only as long as the page is open.

use std::cell::RefCell;

use couplet_engine::Command;
use couplet_engine::modules::xep0313_archive;
use couplet_engine::store::{Message, MessageId, Original};

use super::{State, Subject};

/// The one that was asked for last.
#[derive(Default)]
pub(super) struct Originals(RefCell<Option<(MessageId, Sought)>>);

/// How far reading it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sought {
    Asked,
    Found(String),
    /// The archive doesn't have it, or couldn't be asked.
    Missing,
}

impl State {
    /// Reads the stanza of `message` from the archive. [`Subject::Original`] is told.
    pub(crate) fn read_original(&self, message: &Message) {
        let known = [&message.archive_id, &message.origin_id, &message.stanza_id];
        let command = xep0313_archive::Command::Original {
            conversation: message.conversation.clone(),
            id: message.id.clone(),
            at: message.at,
            known: known.into_iter().flatten().cloned().collect(),
        };
        *self.0.originals.0.borrow_mut() = Some((message.id.clone(), Sought::Asked));
        self.touch(Subject::Original);
        self.command(Command::Archive(command));
    }

    /// What has come of reading that of the message, if it was.
    pub(crate) fn original(&self, id: &MessageId) -> Option<Sought> {
        let sought = self.0.originals.0.borrow();
        let (known, step) = sought.as_ref()?;
        (known == id).then(|| step.clone())
    }

    /// The archive has answered, perhaps to another tab.
    pub(super) fn take_original(&self, original: Original) {
        let mut sought = self.0.originals.0.borrow_mut();
        let Some((_, step)) = sought.as_mut().filter(|(id, _)| *id == original.id) else {
            return;
        };
        *step = original.stanza.map_or(Sought::Missing, Sought::Found);
        drop(sought);
        self.touch(Subject::Original);
    }
}
