//! What is on disk of what people see, read as far as it is looked at.

use couplet_engine::modules::xep0313_archive;
use couplet_engine::store::{SessionStatus, Store, StoreEvent};
use couplet_engine::{Command, Record, Table};
use jid::BareJid;
use wasm_bindgen_futures::spawn_local;

use super::{Notice, State, Subject};
use crate::platform;
use crate::platform::storage::{Fault, Page, Storage};

/// How many messages of each conversation are read at first.
const FIRST: u32 = 20;
/// How many more when one scrolls back.
const PAGE: u32 = 50;
/// And when one goes far back at once.
const LEAP: u32 = 1_000;

impl State {
    /// Everything there is to see of `account`, with the newest messages only.
    pub(super) async fn read_store(
        &self,
        storage: &Storage,
        account: &BareJid,
    ) -> Result<Store, Fault> {
        const TABLES: [Table; 12] = [
            Table::Engine,
            Table::Outbox,
            Table::Roster,
            Table::Presence,
            Table::Conversations,
            Table::Avatars,
            Table::Requests,
            Table::Rooms,
            Table::Occupants,
            Table::Wishes,
            Table::Blocked,
            Table::Profiles,
        ];
        let drafts = storage.drafts(account.as_str()).await?;
        self.restore_drafts(account, drafts);
        let rows = storage.all(account.as_str(), &TABLES).await?;
        let mut store = Store::restore(&rows);
        let conversations: Vec<BareJid> =
            store.conversations().map(|(jid, _)| jid.clone()).collect();
        // What one has scrolled back to stays in view.
        let limits: Vec<u32> = conversations
            .iter()
            .map(|jid| {
                let store = self.store();
                let known = store.conversation(jid);
                let shown = known.map_or(0, |known| known.timeline.len());
                FIRST.max(u32::try_from(shown).unwrap_or(FIRST))
            })
            .collect();
        let pages: Vec<Page<'_>> = conversations
            .iter()
            .zip(&limits)
            .map(|(jid, limit)| Page {
                conversation: jid.as_str(),
                after: None,
                limit: *limit,
            })
            .collect();
        let messages = storage.messages(account.as_str(), &pages).await?;
        for ((jid, limit), rows) in conversations.iter().zip(&limits).zip(messages) {
            store.load(jid, &rows, rows.len() >= *limit as usize);
            while store.needs_more(jid) {
                let after = store.older_key(jid);
                let (rows, more) = read_more(storage, account, jid, after, PAGE).await?;
                store.load(jid, &rows, more);
            }
        }
        if store.take_damage() {
            platform::log(true, "some rows on disk couldn't be read");
            self.notice(Notice::Damaged);
        }
        Ok(store)
    }

    /// Shows another store from now on; where the session stands stays.
    pub(super) fn replace_store(&self, mut store: Store) {
        let status = self.store().status().clone();
        if !matches!(status, SessionStatus::SignedOut { .. }) {
            store.apply(StoreEvent::Status(status));
        }
        *self.0.store.borrow_mut() = store;
        *self.0.by_name.borrow_mut() = None;
        self.touch(Subject::Everything);
    }

    /// Whether there is more of the conversation on disk than is here.
    pub(super) fn has_more_on_disk(&self, conversation: &BareJid) -> bool {
        self.store()
            .conversation(conversation)
            .is_some_and(|known| known.more_on_disk)
    }

    /// Reads messages that are older than what is here: from disk, and what isn't there
    /// from the archive.
    pub(crate) fn load_older(&self, conversation: BareJid) {
        if !self.has_more_on_disk(&conversation) {
            let older = self.store().older(&conversation);
            return self.command(Command::Archive(older));
        }
        // Whoever scrolls asks again and again.
        let mut loading = self.0.loading.borrow_mut();
        if loading.contains(&conversation) || self.is_going(&conversation) {
            return;
        }
        loading.push(conversation.clone());
        let state = self.clone();
        spawn_local(async move {
            let loaded = state.load_from_disk(&conversation, PAGE).await;
            state
                .0
                .loading
                .borrow_mut()
                .retain(|known| *known != conversation);
            if let Err(fault) = loaded {
                state.note_fault(&fault);
            }
        });
    }

    /// As the leader, for another tab: what comes from the archive goes among what is
    /// on disk, so that has to be here first.
    pub(super) fn load_from_archive(&self, command: xep0313_archive::Command) {
        use xep0313_archive::Command::{Around, Older};
        let state = self.clone();
        spawn_local(async move {
            if let Older { conversation, .. } | Around { conversation, .. } = &command {
                while state.has_more_on_disk(conversation) {
                    if let Err(fault) = state.load_from_disk(conversation, LEAP).await {
                        return state.note_fault(&fault);
                    }
                }
            }
            state.command(Command::Archive(command));
        });
    }

    /// Reads a page of the gap in the conversation behind the message that the archive calls
    /// `behind`. Unless somebody asks for it `again`, each page once.
    pub(crate) fn fill_gap(&self, conversation: &BareJid, behind: &str, again: bool) {
        let gaps = self.store().gaps(conversation);
        let Some(gap) = gaps.into_iter().find(|gap| gap.behind == behind) else {
            return;
        };
        let online = *self.store().status() == SessionStatus::Online;
        let asked = self.0.gap.borrow().as_ref() == Some(&gap.command);
        if online && (again || !asked) {
            *self.0.gap.borrow_mut() = Some(gap.command.clone());
            self.command(Command::Archive(gap.command));
        }
    }

    pub(super) async fn load_leap(&self, conversation: &BareJid) -> Result<(), Fault> {
        self.load_from_disk(conversation, LEAP).await
    }

    async fn load_from_disk(&self, conversation: &BareJid, limit: u32) -> Result<(), Fault> {
        let (Some(storage), Some(account)) = (self.0.session.storage(), self.account()) else {
            return Ok(());
        };
        let after = self.store().older_key(conversation);
        let (rows, more) = read_more(&storage, &account, conversation, after, limit).await?;
        let (topics, damaged) = {
            let mut store = self.0.store.borrow_mut();
            let topics = store.load(conversation, &rows, more);
            (topics, store.take_damage())
        };
        if damaged {
            self.notice(Notice::Damaged);
        }
        for topic in topics {
            self.touch(topic.into());
        }
        Ok(())
    }
}

/// The page behind `after`, and whether there may be more.
async fn read_more(
    storage: &Storage,
    account: &BareJid,
    conversation: &BareJid,
    after: Option<String>,
    limit: u32,
) -> Result<(Vec<Record>, bool), Fault> {
    let page = Page {
        conversation: conversation.as_str(),
        after: after.as_deref(),
        limit,
    };
    let pages = storage.messages(account.as_str(), &[page]).await?;
    let rows = pages.into_iter().next().unwrap_or_default();
    let more = rows.len() >= limit as usize;
    Ok((rows, more))
}
