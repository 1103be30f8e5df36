//! What people see: the roster, presence, conversations and timelines.
//!
//! The store is built from [`StoreEvent`]s and from nothing else, by one pure
//! function, [`Store::apply`]. It returns the [`Topic`]s it touched, so that a
//! view is told only about what it shows. Every tab has a store of its own.

mod conversation;
mod event;
mod message;
mod roster;
mod status;
mod timeline;

use std::rc::Rc;

use jid::{BareJid, FullJid};

use crate::sorted_map::SortedMap;

pub use conversation::{Conversation, Older};
pub use event::{Provenance, StoreEvent, Topic};
pub use message::{Delivery, Direction, Failure, Message, MessageId};
pub use roster::{Availability, Contact, ResourcePresence, Subscription, SubscriptionRequest};
pub use status::{SessionStatus, SignInStep, Trouble};
pub use timeline::Timeline;

/// Everything the views read.
#[derive(Debug, Clone, Default)]
pub struct Store {
    status: SessionStatus,
    me: Option<FullJid>,
    own_presence: ResourcePresence,
    contacts: SortedMap<BareJid, Rc<Contact>>,
    presences: SortedMap<BareJid, SortedMap<String, ResourcePresence>>,
    avatars: SortedMap<BareJid, Rc<[u8]>>,
    requests: Vec<SubscriptionRequest>,
    conversations: SortedMap<BareJid, Conversation>,
    roster_loaded: bool,
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

    /// The name to show for `jid`: the roster's, else the local part, else the domain.
    pub fn name<'a>(&'a self, jid: &'a BareJid) -> &'a str {
        self.contacts
            .get(jid)
            .and_then(|contact| contact.name.as_deref())
            .or_else(|| jid.node().map(|node| node.as_str()))
            .unwrap_or_else(|| jid.domain().as_str())
    }

    /// The PNG, JPEG or WebP bytes of the avatar of `jid` (XEP-0084).
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

    /// All conversations, in no order that means anything.
    pub fn conversations(&self) -> impl Iterator<Item = (&BareJid, &Conversation)> {
        self.conversations.iter()
    }

    /// The conversation with `jid`.
    pub fn conversation(&self, jid: &BareJid) -> Option<&Conversation> {
        self.conversations.get(jid)
    }

    /// Applies one event and returns what it changed.
    pub fn apply(&mut self, event: StoreEvent) -> Vec<Topic> {
        match event {
            StoreEvent::Status(status) => {
                if matches!(status, SessionStatus::SignedOut { .. }) {
                    *self = Self::default();
                }
                self.status = status;
                vec![Topic::Session]
            }
            StoreEvent::Bound(jid) => {
                self.me = Some(jid);
                vec![Topic::Session]
            }
            StoreEvent::OwnPresence(presence) => {
                self.own_presence = presence;
                vec![Topic::Session]
            }
            StoreEvent::Roster(contacts) => {
                self.contacts = contacts
                    .into_iter()
                    .map(|contact| (contact.jid.clone(), Rc::new(contact)))
                    .collect();
                self.roster_loaded = true;
                vec![Topic::Roster, Topic::Conversations]
            }
            StoreEvent::Contact(contact) => {
                let jid = contact.jid.clone();
                self.contacts.insert(jid.clone(), Rc::new(contact));
                vec![
                    Topic::Roster,
                    Topic::Conversations,
                    Topic::Conversation(jid),
                ]
            }
            StoreEvent::ContactRemoved(jid) => {
                self.contacts.remove(&jid);
                self.presences.remove(&jid);
                vec![
                    Topic::Roster,
                    Topic::Conversations,
                    Topic::Conversation(jid),
                ]
            }
            StoreEvent::Avatar { jid, image } => {
                match image {
                    Some(bytes) => self.avatars.insert(jid.clone(), bytes.into()),
                    None => self.avatars.remove(&jid),
                };
                vec![Topic::Avatar(jid)]
            }
            StoreEvent::SubscriptionRequest(request) => {
                self.requests.retain(|known| known.jid != request.jid);
                self.requests.push(request);
                vec![Topic::Requests]
            }
            StoreEvent::SubscriptionRequestAnswered(jid) => {
                self.requests.retain(|known| known.jid != jid);
                vec![Topic::Requests]
            }
            StoreEvent::Presence { jid, presence } => self.apply_presence(&jid, presence),
            StoreEvent::PresencesLost => {
                self.presences.clear();
                vec![Topic::Roster, Topic::Conversations]
            }
            StoreEvent::Message {
                message,
                provenance,
            } => {
                let jid = message.conversation.clone();
                let conversation = self
                    .conversations
                    .get_or_insert_with(jid.clone(), Default::default);
                conversation.insert(message, provenance);
                vec![Topic::Conversation(jid), Topic::Conversations]
            }
            StoreEvent::Delivery {
                conversation: jid,
                id,
                delivery,
            } => {
                let changed = self
                    .conversations
                    .get_mut(&jid)
                    .is_some_and(|conversation| conversation.deliver(&id, delivery));
                touched(changed, jid)
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
                touched(changed, jid)
            }
            StoreEvent::Older {
                conversation: jid,
                older,
            } => {
                self.conversations
                    .get_or_insert_with(jid.clone(), Default::default)
                    .older = older;
                vec![Topic::Conversation(jid)]
            }
        }
    }

    fn apply_presence(&mut self, jid: &FullJid, presence: Option<ResourcePresence>) -> Vec<Topic> {
        let bare = jid.to_bare();
        let resource = jid.resource().as_str();
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

fn touched(changed: bool, jid: BareJid) -> Vec<Topic> {
    if changed {
        vec![Topic::Conversation(jid), Topic::Conversations]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
