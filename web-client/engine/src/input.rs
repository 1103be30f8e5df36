//! What can happen to an engine.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use crate::modules::{
    rfc6121_message, rfc6121_presence, rfc6121_roster, xep0045_muc, xep0054_vcard_temp,
    xep0055_search, xep0077_account, xep0084_avatar, xep0085_chat_states, xep0153_vcard_avatars,
    xep0172_nickname, xep0191_blocking, xep0223_conversations, xep0223_privacy, xep0227_export,
    xep0249_invitations, xep0292_vcard4, xep0308_correction, xep0313_archive, xep0363_upload,
    xep0402_bookmarks, xep0424_retraction, xep0425_moderation, xep0433_channel_search,
    xep0444_reactions, xep0486_room_avatars,
};
use crate::sasl;
use crate::session;

/// One thing that happened. Plain data, so that a log of inputs can be replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The WebSocket that [`Output::Open`](crate::Output::Open) asked for is open.
    Opened,
    /// One text message came in over it.
    Frame(String),
    /// It is closed, or could not be opened.
    Closed(CloseReason),
    /// The instant that [`Output::Idle`](crate::Output::Idle) named has come.
    Timeout,
    /// A person wants something.
    Command(Command),
    /// The holder of the secrets answers an [`Output::Sasl`](crate::Output::Sasl).
    SaslReply(sasl::Reply),
    /// All records up to and including commit `n` are safe.
    Committed(u64),
    /// Commit `n` could not be written; the session goes on in memory.
    CommitFailed(u64, String),
}

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseReason {
    /// Whether it had ever been open.
    pub opened: bool,
    /// The close code (RFC 6455 7.4), 1006 where there was none.
    pub code: u16,
}

/// What a person can ask for: one variant a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Sign in, sign out, try again.
    Session(session::Command),
    /// Change the roster.
    Roster(rfc6121_roster::Command),
    /// Change our presence, answer requests for it.
    Presence(rfc6121_presence::Command),
    /// Send, mark as read.
    Message(rfc6121_message::Command),
    /// Tell that we are typing.
    ChatState(xep0085_chat_states::Command),
    /// Read older messages.
    Archive(xep0313_archive::Command),
    /// Correct what we wrote.
    Correction(xep0308_correction::Command),
    /// Take it back.
    Retraction(xep0424_retraction::Command),
    /// Take away what others wrote.
    Moderation(xep0425_moderation::Command),
    /// React to what anybody wrote.
    Reaction(xep0444_reactions::Command),
    /// Join, leave, change rooms.
    Muc(xep0045_muc::Command),
    /// Run a room.
    RoomAdmin(xep0045_muc::admin::Command),
    /// Show another picture of a room, or none.
    RoomAvatar(xep0486_room_avatars::Command),
    /// Choose what of a room one hears of.
    Bookmark(xep0402_bookmarks::Command),
    /// Answer invitations to rooms.
    Invitation(xep0249_invitations::Command),
    /// Pin, put away, silence a conversation.
    Conversation(xep0223_conversations::Command),
    /// Choose what others learn of us, and who may contact us.
    Privacy(xep0223_privacy::Command),
    /// Keep people away.
    Blocking(xep0191_blocking::Command),
    /// Change the password, delete the account.
    Account(xep0077_account::Command),
    /// Take away what the server keeps.
    Export(xep0227_export::Command),
    /// Show another picture of ourselves, or none.
    Avatar(xep0084_avatar::Command),
    /// Show pictures of people in rooms.
    CardAvatars(xep0153_vcard_avatars::Command),
    /// Go by another name.
    Nickname(xep0172_nickname::Command),
    /// Have something else on our card.
    Card(xep0292_vcard4::Command),
    /// The same in its older form, which is for the engine to know.
    OldCard(xep0054_vcard_temp::Command),
    /// Somebody's details are being looked at: every module finds out what it can.
    Look {
        /// Whose.
        jid: BareJid,
        /// What of theirs is online: the resources.
        devices: Vec<String>,
    },
    /// Look for people.
    Search(xep0055_search::Command),
    /// Look for rooms of other servers.
    RoomSearch(xep0433_channel_search::Search),
    /// Find a place for a file.
    Upload(xep0363_upload::Command),
}
