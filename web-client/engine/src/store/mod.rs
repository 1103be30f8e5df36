//! What people see: the roster, presence, conversations and timelines.
//!
//! The store is built from [`StoreEvent`]s and from nothing else, by one pure
//! function, [`Store::apply`]. It returns the [`Topic`]s it touched, so that a
//! view is told only about what it shows. Every tab has a store of its own.

mod affiliations;
mod blocking;
mod card;
mod change;
mod clearing;
mod conversation;
mod deeds;
mod devices;
mod directory;
mod event;
mod export;
mod face;
mod file;
mod form;
mod incident;
mod known;
mod mention;
mod message;
mod mirror;
mod note;
mod page_answer;
mod passage;
mod privacy;
mod profile;
mod reading;
mod room;
mod room_requests;
mod rooms;
mod rooms_answer;
mod roster;
mod rows;
pub mod search;
mod source;
mod stand_in;
mod status;
mod timeline;
mod upload;
mod waiting;
mod wishes;

use std::rc::Rc;

use jid::{BareJid, FullJid};

use crate::sorted_map::SortedMap;

pub use affiliations::{AffiliationList, Listed};
pub use blocking::{Block, Blocklist, Reason, Report};
pub use card::{Card, CardField};
pub use change::{Author, Change, Changes, Correction, Moderation, Reactions, What};
pub use conversation::{Conversation, Older};
pub use deeds::{Deed, Standing};
pub use devices::OwnDevice;
pub use directory::{DirectoryAnswer, NotFound, Person};
pub use event::{Cleared, Provenance, StoreEvent, Topic};
pub use export::{ExportPart, Exported, ExportedMessage};
pub use face::Face;
pub use file::{File, FileKind, type_by_name};
pub(crate) use file::{decoded, file_name, is_address, is_private};
pub use form::{Answer, Choice, Datatype, Field, Form, Kind, Part, Rule, Wrong};
pub use incident::{Incident, Removal};
pub use known::Known;
pub use mention::{EVERYBODY, Mention, Mentions, words};
pub use message::{Delivery, Direction, Failure, Message, MessageId, Scope};
pub use note::{Note, Notes, Reply, Whisper};
pub use page_answer::PageAnswer;
pub use passage::Passage;
pub use privacy::Privacy;
pub use profile::{Device, Fact, NotSaved, Profile, Saved};
pub use room::{
    Affiliation, Bookmark, Entry, Hear, Invitation, Left, Occupant, Occupants, Role, Room,
    RoomChange,
};
pub use room_requests::{RoomRequest, RoomWish};
pub use rooms_answer::{About, ListedRoom, RoomsAnswer, RoomsPage};
pub use roster::{Availability, Contact, ResourcePresence, Subscription, SubscriptionRequest};
pub use source::{Original, Source};
pub use status::{Again, SessionStatus, SignInStep, Trouble};
pub use timeline::Timeline;
pub use upload::{Refusal, Slot, UploadAnswer};
pub use wishes::{Muted, Wishes};

use crate::modules::rfc6121_message;
use crate::modules::xep0313_archive::{Command, Repeated};
use crate::output::Table;

/// Everything the views read.
#[derive(Debug, Clone, Default)]
pub struct Store {
    status: SessionStatus,
    me: Option<FullJid>,
    guest: bool,
    own_presence: ResourcePresence,
    contacts: SortedMap<BareJid, Rc<Contact>>,
    presences: SortedMap<BareJid, SortedMap<String, ResourcePresence>>,
    avatars: SortedMap<BareJid, Rc<[u8]>>,
    faces: face::Faces,
    profiles: SortedMap<BareJid, Rc<Profile>>,
    devices: Vec<OwnDevice>,
    requests: Vec<SubscriptionRequest>,
    rooms: SortedMap<BareJid, Room>,
    conversations: SortedMap<BareJid, Conversation>,
    wishes: SortedMap<BareJid, Wishes>,
    blocked: SortedMap<BareJid, Block>,
    blocklist: Option<Blocklist>,
    privacy: Option<Privacy>,
    roster_loaded: bool,
    /// What of that on disk the archives may bring.
    repeated: Repeated,
    /// If some of what was to be sent was lost: all that was left.
    unsent: Option<Vec<MessageId>>,
    sources: source::Sources,
    changed: rows::Changed,
    /// Whether some of the rows on disk couldn't be read.
    damaged: bool,
}

/// A part of a conversation that is missing between two that are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The archive's id of the message directly before it.
    pub behind: String,
    /// What became of the last attempt to read it.
    pub state: Older,
    /// What to ask the archive for.
    pub command: Command,
}

impl Store {
    /// Where the session stands.
    pub fn status(&self) -> &SessionStatus {
        &self.status
    }

    /// The address this session is bound to, once it is.
    pub fn me(&self) -> Option<&FullJid> {
        self.me.as_ref()
    }

    /// Whether we are nobody in particular (RFC 4505), and somebody else each time.
    pub fn is_guest(&self) -> bool {
        self.guest
    }

    /// What we tell others about our own availability.
    pub fn own_presence(&self) -> &ResourcePresence {
        &self.own_presence
    }

    /// Whether the server has told us the roster since sign-in.
    pub fn roster_loaded(&self) -> bool {
        self.roster_loaded
    }

    /// The roster, ordered by address.
    pub fn contacts(&self) -> impl Iterator<Item = &Rc<Contact>> {
        self.contacts.values()
    }

    /// The roster entry of `jid`.
    pub fn contact(&self, jid: &BareJid) -> Option<&Rc<Contact>> {
        self.contacts.get(jid)
    }

    /// The name to show for `jid`: the roster's or the bookmark's, else what a room or a person
    /// calls itself, else the local part, else the domain.
    pub fn name<'a>(&'a self, jid: &'a BareJid) -> &'a str {
        let room = self.rooms.get(jid);
        let bookmark = room.and_then(|room| room.bookmark.as_ref());
        self.contacts
            .get(jid)
            .and_then(|contact| contact.name.as_deref())
            .or_else(|| bookmark?.name.as_deref())
            .or_else(|| room?.name.as_deref())
            .or_else(|| self.profiles.get(jid)?.nickname.as_deref())
            .or_else(|| jid.node().map(|node| node.as_str()))
            .unwrap_or_else(|| jid.domain().as_str())
    }

    /// The PNG, JPEG or WebP bytes of the avatar of `jid` (XEP-0084, XEP-0153).
    pub fn avatar(&self, jid: &BareJid) -> Option<&Rc<[u8]>> {
        self.avatars.get(jid)
    }

    /// The resources of `jid` that are online, by name.
    pub fn resources(&self, jid: &BareJid) -> impl Iterator<Item = (&str, &ResourcePresence)> {
        self.presences
            .get(jid)
            .into_iter()
            .flat_map(SortedMap::iter)
            .map(|(resource, presence)| (resource.as_str(), presence))
    }

    /// The presence that stands for `jid`: of the resource with the highest
    /// priority, then the most available one (RFC 6121 8.5.2).
    pub fn presence(&self, jid: &BareJid) -> Option<&ResourcePresence> {
        self.presences
            .get(jid)?
            .values()
            .max_by_key(|presence| (presence.priority, presence.availability))
    }

    /// Requests to see our presence that nobody has answered yet.
    pub fn requests(&self) -> &[SubscriptionRequest] {
        &self.requests
    }

    /// All rooms there is something to know about, ordered by address.
    pub fn rooms(&self) -> impl Iterator<Item = (&BareJid, &Room)> {
        self.rooms.iter()
    }

    /// The room `jid`.
    pub fn room(&self, jid: &BareJid) -> Option<&Room> {
        self.rooms.get(jid)
    }

    /// All conversations, in no order that means anything.
    pub fn conversations(&self) -> impl Iterator<Item = (&BareJid, &Conversation)> {
        self.conversations.iter()
    }

    /// The conversation with `jid`.
    pub fn conversation(&self, jid: &BareJid) -> Option<&Conversation> {
        self.conversations.get(jid)
    }

    /// What to ask the archive for to see more of the conversation with `jid` than is here
    /// or on disk: the command for its oldest gap.
    pub fn older(&self, jid: &BareJid) -> Command {
        let before = self
            .conversations
            .get(jid)
            .and_then(Conversation::begins_with);
        Command::Older {
            conversation: jid.clone(),
            before,
            until: None,
        }
    }

    /// The same for the gaps in between, newest first.
    pub fn gaps(&self, jid: &BareJid) -> Vec<Missing> {
        let gaps = self.conversations.get(jid).map(Conversation::gaps);
        let gaps = gaps.into_iter().flatten().map(|gap| {
            let command = Command::Older {
                conversation: jid.clone(),
                before: Some(gap.before.clone()),
                until: Some(gap.until.clone()),
            };
            Missing {
                behind: gap.until.clone(),
                state: gap.state,
                command,
            }
        });
        gaps.collect()
    }

    /// The command that says that everything in the conversation with `jid` has been seen.
    pub fn reading(&self, jid: &BareJid) -> rfc6121_message::Command {
        let told = self.rooms.get(jid).map(Room::tells_who_reads);
        match self.conversations.get(jid) {
            Some(conversation) => conversation.reading(jid, told),
            None => Conversation::default().reading(jid, told),
        }
    }

    /// Nothing of another account stays, other than of whom a guest was before.
    fn bind(&mut self, jid: FullJid, guest: bool) {
        let stays = |me: &FullJid| match guest && self.guest {
            true => me.domain() == jid.domain(),
            false => me.to_bare() == jid.to_bare(),
        };
        if !self.me.as_ref().is_none_or(stays) {
            *self = Self {
                status: self.status.clone(),
                ..Self::default()
            };
        }
        (self.me, self.guest) = (Some(jid), guest);
    }

    /// Applies one event and returns what it changed.
    pub fn apply(&mut self, event: StoreEvent) -> Vec<Topic> {
        match event {
            StoreEvent::Status(status) => {
                if status.is_left() {
                    *self = Self::default();
                } else if let SessionStatus::SignedOut { .. } = status {
                    // Whoever comes back finds everything as it was.
                    self.lose_presences();
                }
                self.status = status;
                vec![Topic::Session]
            }
            StoreEvent::Bound(jid) => {
                self.bind(jid, false);
                vec![Topic::Session]
            }
            StoreEvent::Guest(jid) => {
                self.bind(jid, true);
                vec![Topic::Session]
            }
            StoreEvent::OwnPresence(presence) => {
                self.own_presence = presence;
                vec![Topic::Session]
            }
            StoreEvent::Roster(contacts) => {
                self.apply_roster(contacts);
                self.drop_answered();
                vec![Topic::Roster, Topic::Requests, Topic::Conversations]
            }
            StoreEvent::Contact(contact) => {
                let jid = contact.jid.clone();
                self.changed.mark(Table::Roster, &jid);
                self.contacts.insert(jid.clone(), Rc::new(contact));
                self.drop_answered();
                vec![
                    Topic::Roster,
                    Topic::Requests,
                    Topic::Conversations,
                    Topic::Conversation(jid),
                ]
            }
            StoreEvent::ContactRemoved(jid) => {
                self.contacts.remove(&jid);
                self.presences.remove(&jid);
                self.changed.mark(Table::Roster, &jid);
                self.changed.mark(Table::Presence, &jid);
                vec![
                    Topic::Roster,
                    Topic::Conversations,
                    Topic::Conversation(jid),
                ]
            }
            StoreEvent::Avatar { jid, image } => {
                self.changed.mark(Table::Avatars, &jid);
                match image {
                    Some(bytes) => self.avatars.insert(jid.clone(), bytes.into()),
                    None => self.avatars.remove(&jid),
                };
                vec![Topic::Avatar(jid), Topic::Faces]
            }
            StoreEvent::Face { hash, image } => self.take_face(hash, image.into()),
            StoreEvent::Profile { jid, fact } => self.learn(jid, *fact),
            StoreEvent::SubscriptionRequest(request) => {
                self.changed.mark(Table::Requests, &request.jid);
                self.requests.retain(|known| known.jid != request.jid);
                self.requests.push(request);
                vec![Topic::Requests]
            }
            StoreEvent::SubscriptionRequestAnswered(jid) => {
                self.changed.mark(Table::Requests, &jid);
                self.requests.retain(|known| known.jid != jid);
                vec![Topic::Requests]
            }
            StoreEvent::Presence { jid, presence } => self.apply_presence(&jid, presence),
            StoreEvent::OwnDevice { resource, at } => self.see_device(OwnDevice { resource, at }),
            StoreEvent::PresencesLost => {
                self.lose_presences();
                vec![Topic::Roster, Topic::Conversations]
            }
            StoreEvent::Message {
                mut message,
                provenance,
            } => {
                let jid = message.conversation.clone();
                self.settle_message(&mut message);
                let cleared = self.is_cleared(&message, provenance);
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                if cleared {
                    conversation.reached_cleared = true;
                    return Vec::new();
                }
                self.changed.mark(Table::Messages, &jid);
                self.changed.mark(Table::Conversations, &jid);
                conversation.insert(*message, provenance);
                vec![Topic::Conversation(jid), Topic::Conversations]
            }
            StoreEvent::Delivery {
                conversation: jid,
                id,
                delivery,
            } => {
                let changed = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default)
                    .deliver(id, delivery);
                self.rewritten(changed, jid)
            }
            StoreEvent::OutboxDamaged { left } => self.lose_unsent(left),
            StoreEvent::CaughtUp => {
                for (jid, conversation) in self.conversations.iter_mut() {
                    // Each room has an archive of its own.
                    if !self.rooms.contains_key(jid) && conversation.timeline.caught_up() {
                        self.changed.mark(Table::Conversations, jid);
                    }
                }
                Vec::new()
            }
            StoreEvent::Discarded {
                conversation: jid,
                id,
            } => {
                let known = self.conversations.get_mut(&jid);
                let changed = known.is_some_and(|known| known.discard(&id));
                self.rewritten(changed, jid)
            }
            StoreEvent::Typing {
                conversation: jid,
                typing,
            } => {
                self.conversations
                    .get_or_insert_with(jid.clone(), Default::default)
                    .typing = typing;
                vec![Topic::Conversation(jid), Topic::Conversations]
            }
            StoreEvent::Read { conversation: jid } => {
                let changed = self
                    .conversations
                    .get_mut(&jid)
                    .is_some_and(Conversation::mark_read);
                self.touched(changed, jid)
            }
            StoreEvent::Older {
                conversation: jid,
                before,
                older,
                next,
            } => {
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                conversation.read_older(before.as_deref(), older, next);
                self.touched(true, jid)
            }
            StoreEvent::Cleared {
                conversation,
                until,
            } => self.clear(&conversation, &until),
            StoreEvent::Island {
                conversation: jid,
                first,
                last,
                newest,
            } => {
                let cleared = self.wishes(&jid).cleared;
                if cleared.is_some_and(|cleared| last.1 <= cleared) {
                    return Vec::new();
                }
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                conversation.read_island(first, last, newest);
                self.touched(true, jid)
            }
            StoreEvent::Answered { conversation: jid } => {
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                conversation.answers = conversation.answers.wrapping_add(1);
                self.touched(true, jid)
            }
            StoreEvent::Change {
                mut change,
                mut alone,
                provenance,
            } => {
                let jid = change.conversation.clone();
                self.settle_mentions(&jid, &change.author, &mut change.mentions);
                if let Some(alone) = &mut alone {
                    self.settle_message(alone);
                }
                let alone = alone.filter(|alone| !self.is_cleared(alone, provenance));
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                let changed = conversation.change(*change, alone, provenance);
                self.rewritten(changed, jid)
            }
            StoreEvent::Displayed {
                conversation: jid,
                by,
                id,
            } => {
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                let changed = conversation.display(by, id);
                self.rewritten(changed, jid)
            }
            StoreEvent::Seen {
                conversation: jid,
                by,
                id,
            } => {
                let told = self.rooms.get(&jid).is_some_and(Room::tells_who_reads);
                let known = self.conversations.get_mut(&jid).filter(|_| told);
                let changed = known.is_some_and(|known| known.see(by, id));
                self.touched(changed, jid)
            }
            StoreEvent::Room { jid, change } => self.apply_room(jid, change),
            StoreEvent::RoomsLost => self.lose_rooms(),
            StoreEvent::Source(source) => {
                self.sources.push(*source);
                Vec::new()
            }
            StoreEvent::Wishes {
                conversation,
                wishes,
            } => self.wish(conversation, wishes),
            StoreEvent::Privacy(privacy) => self.set_privacy(privacy),
            StoreEvent::Blocklist(list) => self.set_blocklist(list),
            StoreEvent::Blocked { jid, block } => self.set_blocked(jid, block),
            StoreEvent::PageAnswer(_) => Vec::new(),
        }
    }

    /// Marks only what has changed: a roster is long, and mostly what it was.
    fn apply_roster(&mut self, contacts: Vec<Contact>) {
        let mut gone = std::mem::take(&mut self.contacts);
        for contact in contacts {
            let jid = contact.jid.clone();
            let contact = match gone.remove(&jid) {
                Some(known) if *known == contact => known,
                _ => {
                    self.changed.mark(Table::Roster, &jid);
                    Rc::new(contact)
                }
            };
            self.contacts.insert(jid, contact);
        }
        for jid in gone.keys() {
            self.changed.mark(Table::Roster, jid);
        }
        if !self.roster_loaded {
            self.roster_loaded = true;
            self.changed.roster_is_whole();
        }
    }

    /// What waits to be sent, and isn't among what is `left`, never will be.
    fn lose_unsent(&mut self, left: Vec<MessageId>) -> Vec<Topic> {
        let mut topics = vec![Topic::Conversations];
        for (jid, conversation) in self.conversations.iter_mut() {
            if conversation.lose_unsent(&left) {
                self.changed.mark(Table::Messages, jid);
                self.changed.mark(Table::Conversations, jid);
                topics.push(Topic::Conversation(jid.clone()));
            }
        }
        // Of what is read from disk later too.
        self.unsent = Some(left);
        topics
    }

    fn lose_presences(&mut self) {
        for jid in std::mem::take(&mut self.presences).keys() {
            self.changed.mark(Table::Presence, jid);
        }
    }

    fn rewritten(&mut self, changed: bool, jid: BareJid) -> Vec<Topic> {
        if changed {
            self.changed.mark(Table::Messages, &jid);
        }
        self.touched(changed, jid)
    }

    fn touched(&mut self, changed: bool, jid: BareJid) -> Vec<Topic> {
        if !changed {
            return Vec::new();
        }
        self.changed.mark(Table::Conversations, &jid);
        vec![Topic::Conversation(jid), Topic::Conversations]
    }

    /// Who asked to see our presence and sees it has been answered by another device of ours.
    fn drop_answered(&mut self) {
        let Self {
            contacts, changed, ..
        } = self;
        self.requests.retain(|SubscriptionRequest { jid, .. }| {
            let contact = contacts.get(jid);
            let answered = contact.is_some_and(|contact| contact.subscription.from());
            if answered {
                changed.mark(Table::Requests, jid);
            }
            !answered
        });
    }

    fn apply_presence(&mut self, jid: &FullJid, presence: Option<ResourcePresence>) -> Vec<Topic> {
        let bare = jid.to_bare();
        let resource = jid.resource().as_str();
        self.changed.mark(Table::Presence, &bare);
        match presence {
            Some(presence) => {
                let resources = self
                    .presences
                    .get_or_insert_with(bare.clone(), Default::default);
                resources.insert(resource.to_owned(), presence);
            }
            None => {
                if let Some(resources) = self.presences.get_mut(&bare) {
                    resources.remove(resource);
                    if resources.is_empty() {
                        self.presences.remove(&bare);
                    }
                }
                // Who has gone offline has stopped typing (XEP-0085 5.5).
                if let Some(conversation) = self.conversations.get_mut(&bare) {
                    conversation.typing = false;
                }
            }
        }
        vec![Topic::Presence(bare)]
    }
}

#[cfg(test)]
mod changes_tests;
#[cfg(test)]
mod tests;
