//! Going to a message, or to a day, far back in a conversation.

use std::cell::RefCell;

use couplet_engine::modules::xep0313_archive;
use couplet_engine::store::{Conversation, MessageId, Older, Reply, SessionStatus};
use couplet_engine::{Command, Timestamp};
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;

use super::{Notice, State};
use crate::platform::storage::Fault;
use crate::route::Route;

/// Where somebody wants to go in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    /// To the message whose row has this key.
    Message(String),
    /// To the first message since then.
    Since(Timestamp),
    /// To the message that is answered this way.
    Answered(Reply),
    /// To the message that goes by this id.
    Known(MessageId),
}

/// The way there, of which there is one at a time.
#[derive(Default)]
pub(super) struct Jump(RefCell<Option<Going>>);

struct Going {
    conversation: BareJid,
    target: Target,
    stage: Stage,
}

#[derive(Clone, PartialEq)]
enum Stage {
    /// What is on disk is being read.
    Reading,
    /// The archive has been asked; so often had it answered before.
    Asked(u32),
    /// The archive is read page by page, after so many for the one that this asked for.
    Paging(u32, Option<xep0313_archive::Command>),
    /// All that could be had is here.
    There,
}

/// So many pages of the archive are read to find a message.
const MOST_PAGES: u32 = 40;

/// What to read next of the archive.
enum Page {
    Next(xep0313_archive::Command),
    /// Something is being read.
    UnderWay,
    /// There is no more, or nobody to ask.
    None,
}

impl State {
    /// Opens `conversation` there. What is between the newest messages and there is read
    /// from disk, and what is not on disk from the archive.
    pub(crate) fn go_to(&self, conversation: &BareJid, target: Target) {
        *self.0.jump.0.borrow_mut() = Some(Going {
            conversation: conversation.clone(),
            target: target.clone(),
            stage: Stage::Reading,
        });
        Route::Chat(conversation.clone()).go();
        self.touch_conversation(conversation);
        let (state, conversation) = (self.clone(), conversation.clone());
        spawn_local(async move {
            if let Err(fault) = state.read_down_to(&conversation, &target).await {
                state.note_fault(&fault);
            }
            state.have_read(&conversation, &target);
        });
    }

    /// Whether the way to some place in `conversation` still takes time.
    pub(crate) fn is_going(&self, conversation: &BareJid) -> bool {
        let going = self.0.jump.0.borrow();
        going
            .as_ref()
            .is_some_and(|going| going.conversation == *conversation)
    }

    /// The message to show in `conversation`, once.
    pub(crate) fn arrived(&self, conversation: &BareJid) -> Option<MessageId> {
        if !self.is_going(conversation) {
            return None;
        }
        self.turn_page(conversation);
        if !self.is_there() {
            return None;
        }
        let going = self.0.jump.0.take()?;
        // Nobody says any more that it takes time.
        self.touch_conversation(conversation);
        let store = self.store();
        let message = match &going.target {
            Target::Message(key) => store.message_at(key),
            Target::Since(at) => {
                let known = store.conversation(conversation);
                let since = known.and_then(|known| known.since(*at));
                since
                    .map(|(message, _)| message)
                    .or_else(|| known.and_then(Conversation::last))
            }
            Target::Answered(reply) => {
                let known = store.conversation(conversation);
                known.and_then(|known| known.answered(reply))
            }
            Target::Known(id) => {
                let known = store.conversation(conversation);
                known.and_then(|known| known.timeline.message(id))
            }
        };
        if message.is_none() && matches!(going.target, Target::Answered(_)) {
            let online = *store.status() == SessionStatus::Online;
            self.notice(Notice::NoSuchMessage { online });
        }
        message.map(|message| message.id.clone())
    }

    fn is_there(&self) -> bool {
        let going = self.0.jump.0.borrow();
        let Some(Going {
            conversation,
            stage,
            ..
        }) = &*going
        else {
            return false;
        };
        let store = self.store();
        match stage {
            Stage::Reading | Stage::Paging(..) => false,
            Stage::There => true,
            Stage::Asked(_) if *store.status() != SessionStatus::Online => true,
            Stage::Asked(answers) => store
                .conversation(conversation)
                .is_some_and(|known| known.answers != *answers),
        }
    }

    async fn read_down_to(&self, conversation: &BareJid, target: &Target) -> Result<(), Fault> {
        while self.has_more_on_disk(conversation) {
            let reached = match target {
                Target::Message(key) => !self.store().is_to_be_loaded(key),
                Target::Since(at) => {
                    let store = self.store();
                    let known = store.conversation(conversation);
                    let oldest = known.and_then(|known| known.timeline.iter().next());
                    oldest.is_some_and(|oldest| oldest.at < *at)
                }
                Target::Answered(reply) => self.is_here(conversation, reply),
                Target::Known(id) => {
                    let store = self.store();
                    let known = store.conversation(conversation);
                    known.is_some_and(|known| known.timeline.message(id).is_some())
                }
            };
            if reached || !self.wants(conversation, target) {
                break;
            }
            self.load_leap(conversation).await?;
        }
        Ok(())
    }

    /// Whether nobody has gone somewhere else meanwhile.
    fn wants(&self, conversation: &BareJid, target: &Target) -> bool {
        let going = self.0.jump.0.borrow();
        going
            .as_ref()
            .is_some_and(|going| going.conversation == *conversation && going.target == *target)
    }

    fn is_here(&self, conversation: &BareJid, reply: &Reply) -> bool {
        let store = self.store();
        let known = store.conversation(conversation);
        known.is_some_and(|known| known.answered(reply).is_some())
    }

    /// Asks the archive for the next page as long as what is looked for isn't here; nobody
    /// can be asked for a message by its id.
    fn turn_page(&self, conversation: &BareJid) {
        let (reply, pages, asked) = match &*self.0.jump.0.borrow() {
            Some(Going {
                target: Target::Answered(reply),
                stage: Stage::Paging(pages, asked),
                ..
            }) => (reply.clone(), *pages, asked.clone()),
            _ => return,
        };
        let next = match self.next_page(conversation) {
            _ if self.is_here(conversation, &reply) || pages > MOST_PAGES => Page::None,
            next => next,
        };
        match next {
            Page::None => self.set_stage(Stage::There),
            Page::UnderWay => {}
            Page::Next(command) if asked.as_ref() == Some(&command) => {}
            Page::Next(command) => {
                self.set_stage(Stage::Paging(pages + 1, Some(command.clone())));
                self.command(Command::Archive(command));
            }
        }
    }

    fn set_stage(&self, stage: Stage) {
        if let Some(going) = &mut *self.0.jump.0.borrow_mut() {
            going.stage = stage;
        }
    }

    /// What is missing of the conversation, newest first.
    fn next_page(&self, conversation: &BareJid) -> Page {
        let store = self.store();
        if *store.status() != SessionStatus::Online {
            return Page::None;
        }
        let gaps = store.gaps(conversation);
        let gap = gaps.into_iter().find(|gap| gap.state != Older::Failed);
        let known = store.conversation(conversation);
        let older = known.map(|known| known.older).unwrap_or_default();
        match gap {
            Some(gap) if gap.state == Older::Loading => Page::UnderWay,
            Some(gap) => Page::Next(gap.command),
            None => match older {
                Older::Loading => Page::UnderWay,
                Older::Unknown | Older::More => Page::Next(store.older(conversation)),
                Older::Complete | Older::Failed => Page::None,
            },
        }
    }

    /// Everything that is on disk is here; the archive may have to be asked.
    fn have_read(&self, conversation: &BareJid, target: &Target) {
        if !self.wants(conversation, target) {
            return;
        }
        if let Target::Answered(_) = target {
            if let Some(going) = &mut *self.0.jump.0.borrow_mut() {
                going.stage = Stage::Paging(0, None);
            }
            return self.touch_conversation(conversation);
        }
        let (missing, answers) = {
            let store = self.store();
            let known = store.conversation(conversation);
            let online = *store.status() == SessionStatus::Online;
            let missing = match target {
                Target::Since(at) if online => {
                    let whole = match known.and_then(|known| known.since(*at)) {
                        Some((_, whole)) => whole,
                        // Everything that is here is older, so nothing is newer.
                        None => known.is_some_and(|known| !known.timeline.is_empty()),
                    };
                    (!whole).then_some(*at)
                }
                _ => None,
            };
            (missing, known.map_or(0, |known| known.answers))
        };
        if let Some(going) = &mut *self.0.jump.0.borrow_mut() {
            going.stage = match missing {
                Some(_) => Stage::Asked(answers),
                None => Stage::There,
            };
        }
        if let Some(at) = missing {
            self.command(Command::Archive(xep0313_archive::Command::Around {
                conversation: conversation.clone(),
                at,
            }));
        }
        self.touch_conversation(conversation);
    }
}
