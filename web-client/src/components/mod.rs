//! The parts that the views are made of: one file each.
//!
//! What has a memory or watches something is a component; what only draws is a
//! function, which costs a fraction of the download.

mod account;
mod add_contact;
mod avatar;
mod body_text;
mod clear_data;
mod composer;
pub(crate) mod connection_bar;
pub(crate) mod conversation;
mod conversation_header;
mod conversation_list;
mod conversation_row;
mod delivery;
pub(crate) mod demo_accounts;
pub(crate) mod details;
pub(crate) mod dialog;
pub(crate) mod empty;
mod excerpt;
pub(crate) mod field;
mod filter_chips;
mod go_to_date;
pub(crate) mod icon;
pub(crate) mod icon_button;
mod join_room;
pub(crate) mod layer;
mod menu;
mod message_actions;
mod message_dialogs;
mod message_row;
pub(crate) mod notice;
mod presence;
mod reactions;
mod remove_contact;
mod rename_contact;
mod requests;
pub(crate) mod room;
pub(crate) mod room_details;
mod search_field;
mod search_results;
mod set_status;
mod shortcuts;
pub(crate) mod sidebar;
mod sign_out;
mod subscription;
mod switcher;
mod timeline;
pub(crate) mod trouble;
mod typing;
mod virtual_rows;
