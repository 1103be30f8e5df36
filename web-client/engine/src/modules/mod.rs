//! The table of modules: one line each, order is priority.

pub mod rfc6121_message;
pub mod rfc6121_presence;
pub mod rfc6121_roster;
pub mod xep0012_last_activity;
pub mod xep0030_disco;
pub mod xep0045_muc;
pub mod xep0054_vcard_temp;
pub mod xep0055_search;
pub mod xep0066_oob;
pub mod xep0077_account;
pub mod xep0084_avatar;
pub mod xep0085_chat_states;
pub mod xep0092_version;
pub mod xep0115_caps;
pub mod xep0153_vcard_avatars;
pub mod xep0172_nickname;
pub mod xep0184_receipts;
pub mod xep0191_blocking;
pub mod xep0199_ping;
pub mod xep0202_time;
pub mod xep0223_conversations;
pub mod xep0223_privacy;
pub mod xep0227_export;
pub mod xep0249_invitations;
pub mod xep0280_carbons;
pub mod xep0292_vcard4;
pub mod xep0308_correction;
pub mod xep0313_archive;
pub mod xep0317_hats;
pub mod xep0333_markers;
pub mod xep0334_hints;
pub mod xep0352_client_state;
pub mod xep0359_stanza_ids;
pub mod xep0363_upload;
pub mod xep0372_references;
pub mod xep0377_reports;
pub mod xep0380_encryption;
pub mod xep0382_spoilers;
pub mod xep0393_styling;
pub mod xep0402_bookmarks;
pub mod xep0410_self_ping;
pub mod xep0421_occupant_ids;
pub mod xep0424_retraction;
pub mod xep0425_moderation;
pub mod xep0428_fallback;
pub mod xep0433_channel_search;
pub mod xep0444_reactions;
pub mod xep0446_file_metadata;
pub mod xep0447_file_sharing;
pub mod xep0461_replies;
pub mod xep0486_room_avatars;
pub mod xep0490_read_sync;
pub mod xep0492_notifications;
pub mod xep0513_mentions;

use crate::module::Module;

/// All modules, in the order in which they see a stanza: what unwraps comes first, then
/// what acts on the side, then what shows. In the same order they begin a new session:
/// first carbons and presence, then the archive, so that everything is either in the
/// archive by then or comes by itself.
pub(crate) fn table() -> Vec<Box<dyn Module>> {
    vec![
        Box::<xep0280_carbons::Carbons>::default(),
        Box::<rfc6121_roster::Roster>::default(),
        Box::<xep0486_room_avatars::RoomAvatars>::default(),
        Box::<xep0045_muc::Muc>::default(),
        Box::<xep0045_muc::admin::Admin>::default(),
        Box::<xep0249_invitations::Invitations>::default(),
        Box::<rfc6121_presence::Presences>::default(),
        Box::<xep0227_export::Export>::default(),
        Box::<xep0313_archive::Archive>::default(),
        Box::<xep0184_receipts::Receipts>::default(),
        Box::<xep0085_chat_states::ChatStates>::default(),
        Box::<xep0077_account::Account>::default(),
        Box::<xep0084_avatar::Avatars>::default(),
        Box::<xep0153_vcard_avatars::CardAvatars>::default(),
        Box::<xep0172_nickname::Nicknames>::default(),
        Box::<xep0292_vcard4::Cards>::default(),
        Box::<xep0054_vcard_temp::OldCards>::default(),
        Box::<xep0012_last_activity::LastActivity>::default(),
        Box::<xep0359_stanza_ids::StanzaIds>::default(),
        Box::<xep0334_hints::Hints>::default(),
        Box::<xep0333_markers::Markers>::default(),
        Box::<xep0490_read_sync::ReadSync>::default(),
        Box::<xep0308_correction::Corrections>::default(),
        Box::<xep0425_moderation::Moderations>::default(),
        Box::<xep0424_retraction::Retractions>::default(),
        Box::<xep0444_reactions::ReactionsModule>::default(),
        Box::<rfc6121_message::Messages>::default(),
        Box::<xep0030_disco::Disco>::default(),
        Box::<xep0115_caps::Caps>::default(),
        Box::<xep0199_ping::Ping>::default(),
        Box::<xep0202_time::Time>::default(),
        Box::<xep0092_version::Version>::default(),
        Box::<xep0352_client_state::ClientState>::default(),
        Box::<xep0380_encryption::Encryption>::default(),
        Box::<xep0382_spoilers::Spoilers>::default(),
        Box::<xep0393_styling::Styling>::default(),
        Box::<xep0402_bookmarks::Bookmarks>::default(),
        Box::<xep0492_notifications::Notifications>::default(),
        Box::<xep0223_conversations::Conversations>::default(),
        Box::<xep0223_privacy::Privacy>::default(),
        Box::<xep0191_blocking::Blocking>::default(),
        Box::<xep0377_reports::Reports>::default(),
        Box::<xep0410_self_ping::SelfPing>::default(),
        Box::<xep0317_hats::Hats>::default(),
        Box::<xep0421_occupant_ids::OccupantIds>::default(),
        Box::<xep0428_fallback::Fallback>::default(),
        Box::<xep0461_replies::Replies>::default(),
        Box::<xep0372_references::References>::default(),
        Box::<xep0513_mentions::ExplicitMentions>::default(),
        Box::<xep0066_oob::OutOfBand>::default(),
        Box::<xep0363_upload::Upload>::default(),
        Box::<xep0055_search::Search>::default(),
        Box::<xep0433_channel_search::ChannelSearch>::default(),
        Box::<xep0446_file_metadata::FileMetadata>::default(),
        Box::<xep0447_file_sharing::FileSharing>::default(),
    ]
}
