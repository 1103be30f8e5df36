//! The closed vocabulary from which every store is built.

use jid::{BareJid, FullJid};
use serde::{Deserialize, Serialize};

use crate::now::Timestamp;

use super::{
    Author, Block, Blocklist, Change, Contact, Delivery, Direction, Fact, Message, MessageId,
    Older, PageAnswer, Privacy, ResourcePresence, RoomChange, SessionStatus, Source,
    SubscriptionRequest, Wishes,
};

/// One change of what people see. Plain data: it crosses tabs and is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StoreEvent {
    /// The session has moved on. Signing out empties the store.
    Status(SessionStatus),
    /// The server has given us this address (RFC 6120 7).
    Bound(FullJid),
    /// The same for a guest (RFC 4505), who may have had another one before.
    Guest(FullJid),
    /// What we tell others about ourselves.
    OwnPresence(ResourcePresence),
    /// The whole roster (RFC 6121 2.1.4).
    Roster(Vec<Contact>),
    /// One roster entry, new or changed (RFC 6121 2.1.6).
    Contact(Contact),
    /// A roster entry has gone.
    ContactRemoved(BareJid),
    /// Somebody's picture, or that there is none any more (XEP-0084, XEP-0153).
    Avatar {
        /// Whose.
        jid: BareJid,
        /// The image file.
        image: Option<Vec<u8>>,
    },
    /// A picture that people in rooms tell of.
    Face {
        /// The SHA-1 of the file, in small hex.
        hash: String,
        /// The image file.
        image: Vec<u8>,
    },
    /// Something that somebody tells of themselves.
    Profile {
        /// Who.
        jid: BareJid,
        /// What.
        fact: Box<Fact>,
    },
    /// Somebody asks to see our presence (RFC 6121 3.1.3).
    SubscriptionRequest(SubscriptionRequest),
    /// Such a request has been answered, here or on another device, or withdrawn.
    SubscriptionRequestAnswered(BareJid),
    /// A resource is available as said, or no longer (`None`).
    Presence {
        /// The resource.
        jid: FullJid,
        /// What it said.
        presence: Option<ResourcePresence>,
    },
    /// Another device of our account comes, says something else, or goes.
    OwnDevice {
        /// Which: its resource.
        resource: String,
        /// When.
        at: Timestamp,
    },
    /// A new session has begun: whatever was known of who is online is void.
    PresencesLost,
    /// A message that was sent or received; a copy of a known one is merged with it.
    Message {
        /// The message.
        message: Box<Message>,
        /// How it came to us.
        provenance: Provenance,
    },
    /// The delivery of one of our messages has got further. It never goes back.
    Delivery {
        /// Where the message is.
        conversation: BareJid,
        /// Which message.
        id: MessageId,
        /// How far it is.
        delivery: Delivery,
    },
    /// Some of what was to be sent can't be read any more: of ours that seem to be on their
    /// way, only these are.
    OutboxDamaged {
        /// By their ids, changes to others among them.
        left: Vec<MessageId>,
    },
    /// Everything that was missed has been read.
    CaughtUp,
    /// One of our messages that didn't reach anybody is given up.
    Discarded {
        /// Where the message was.
        conversation: BareJid,
        /// Which message.
        id: MessageId,
    },
    /// The other side has begun or ceased to type (XEP-0085).
    Typing {
        /// Where.
        conversation: BareJid,
        /// Whether they are typing.
        typing: bool,
    },
    /// Everything in the conversation has been read.
    Read {
        /// Which.
        conversation: BareJid,
    },
    /// What is known of a part of the conversation that isn't here yet.
    Older {
        /// Which conversation.
        conversation: BareJid,
        /// The gap: it ends before this one (an archive's id), `None` where nothing is here.
        before: Option<String>,
        /// What there is in it.
        older: Older,
        /// Where a smaller gap ends that is left of it.
        next: Option<String>,
    },
    /// What is in the conversation is deleted.
    Cleared {
        /// Which.
        conversation: BareJid,
        /// How much of it.
        until: Cleared,
    },
    /// A page from somewhere in the past is about to come, around which there are gaps.
    Island {
        /// Of which conversation.
        conversation: BareJid,
        /// The archive's id of its first message, and its time.
        first: (String, Timestamp),
        /// The archive's id of its last message, and its time.
        last: (String, Timestamp),
        /// Whether there is nothing newer in the archive.
        newest: bool,
    },
    /// The archive has told what was said in the conversation at some time, or can't.
    Answered {
        /// Which conversation.
        conversation: BareJid,
    },
    /// Something is said about an earlier message, which may be yet to come.
    Change {
        /// What.
        change: Box<Change>,
        /// The message that says so, if it is one of its own while that isn't here.
        alone: Option<Box<Message>>,
        /// How it came to us.
        provenance: Provenance,
    },
    /// One side has seen everything up to a message, which may be yet to come.
    Displayed {
        /// Where.
        conversation: BareJid,
        /// Who: the other side (XEP-0333), or we, on another device (XEP-0490).
        by: Direction,
        /// One of the message's ids.
        id: String,
    },
    /// Somebody in a room has seen everything up to a message (XEP-0333).
    Seen {
        /// Where.
        conversation: BareJid,
        /// Who.
        by: Author,
        /// What the room calls the message.
        id: String,
    },
    /// Something about a room.
    Room {
        /// Which.
        jid: BareJid,
        /// What.
        change: RoomChange,
    },
    /// A new session has begun: we are in no room any more.
    RoomsLost,
    /// How a message came.
    Source(Box<Source>),
    /// What we want with a conversation, here or on another device.
    Wishes {
        /// Which.
        conversation: BareJid,
        /// What.
        wishes: Wishes,
    },
    /// What others learn of us, and who may contact us.
    Privacy(Privacy),
    /// What our server can do about people who aren't to reach us; `None` if nothing
    /// (XEP-0191).
    Blocklist(Option<Blocklist>),
    /// Whether somebody is blocked, and how far that is.
    Blocked {
        /// Whom.
        jid: BareJid,
        /// `None` if they aren't.
        block: Option<Block>,
    },
    /// An answer to a command, for whoever has asked.
    PageAnswer(Box<PageAnswer>),
}

impl Provenance {
    /// Whether the person can't have seen it before.
    pub fn is_news(self) -> bool {
        !matches!(self, Self::Before | Self::History)
    }
}

/// How much of a conversation is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cleared {
    /// Everything that is here now.
    All,
    /// Everything up to the message that the archive calls so, if that is here.
    To(String),
    /// The same, and if it isn't here, everything up to a time by the archive's clock.
    Until(Timestamp, Option<String>),
}

/// How a message came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// Sent here, or delivered to this session, or a carbon of either (XEP-0280).
    Live,
    /// The same while what was missed before it is still being read.
    Ahead,
    /// Delivered to this session some time after it was sent (XEP-0203).
    Delayed,
    /// From the archive, for the time since we were last here: it is news.
    CatchUp,
    /// From the archive, of the time before this device was ever here: in the archive's
    /// order, but not news.
    Before,
    /// From the archive, as history: it is not news. A page of it comes newest first.
    History,
}

/// A part of the store that a view can watch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The session's status, our own presence and devices.
    Session,
    /// The roster.
    Roster,
    /// Requests to see our presence.
    Requests,
    /// Somebody's presence.
    Presence(BareJid),
    /// Somebody's picture.
    Avatar(BareJid),
    /// What people in rooms look like.
    Faces,
    /// What somebody tells of themselves.
    Profile(BareJid),
    /// The list of conversations: order, previews, badges.
    Conversations,
    /// One conversation.
    Conversation(BareJid),
    /// What is known of a room, but for who is in it.
    Room(BareJid),
    /// Who is in a room.
    Occupants(BareJid),
    /// Who is blocked.
    Blocking,
    /// What others learn of us, and who may contact us.
    Privacy,
}
