//! What lies over the page: at most one dialog at a time.

use std::rc::Rc;

use couplet_engine::store::{Deed, Message, Occupant};
use jid::BareJid;
use yew::prelude::*;

use super::add_contact::AddContact;
use super::affiliations::Affiliations;
use super::blocking::Blocked;
use super::destroy_room::DestroyRoom;
use super::edit_contact::EditContact;
use super::find_rooms::FindRooms;
use super::invite::Invite;
use super::join_room::JoinRoom;
use super::message_dialogs::{About, AboutMessage};
use super::new_room::NewRoom;
use super::profile::Profile;
use super::room_form::{Purpose, RoomForm};
use super::settings::DeleteAccount;
use super::share::Share;
use super::switcher::Switcher;
use super::{
    attachment, block_contact, decline, deed, go_to_date, message_dialogs, moderate, portrait,
    questions, room_wishes, set_status, shortcuts,
};
use crate::state::State;

/// A dialog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Layer {
    /// Add a contact: this one, by this name, or anybody.
    AddContact(Option<(BareJid, String)>),
    /// Give a contact another name, and put them into groups.
    Edit(BareJid),
    /// Remove a contact, after a question.
    Remove(BareJid),
    /// Have a contact see us no longer, after a question.
    Revoke(BareJid),
    /// Delete what was said in a conversation, after a question.
    Delete(BareJid),
    /// Keep somebody away, after a question.
    Block(BareJid),
    /// Everybody who is kept away.
    Blocked,
    /// Choose how available we are.
    Status,
    /// Have no account any more, after a question.
    DeleteAccount,
    /// Somebody's address, or our own, to be passed on.
    Share(BareJid),
    /// What others know of us.
    Profile,
    /// Go to a conversation by a few letters, or send somebody's address there.
    Switcher(Option<BareJid>),
    /// The list of keys.
    Shortcuts,
    /// Remove everything from this device, after a question.
    ClearData,
    /// Sign out although something hasn't been sent, after a question.
    SignOut,
    /// Open a conversation at a day.
    GoToDate(BareJid),
    /// Answer an encrypted message in clear, after a question: what is done then.
    AnswerInClear(BareJid, Callback<State>),
    /// Write an emoji.
    Emoji,
    /// React to a message with any emoji.
    React(Rc<Message>),
    /// Who feels what about a message.
    Reactions(Rc<Message>),
    /// Take a message back, after a question.
    Retract(Rc<Message>),
    /// Take a message of somebody else's away from everybody, after a question.
    Moderate(Rc<Message>),
    /// Do something to somebody in a room, after a question.
    Deed(BareJid, Rc<Occupant>, Deed),
    /// Who is what to a room.
    Affiliations(BareJid),
    /// Make an end of a room, after a question.
    DestroyRoom(BareJid),
    /// Everything that is known of a message.
    Facts(Rc<Message>),
    /// What a message said before.
    Versions(Rc<Message>),
    /// Go into a room, this one or any.
    JoinRoom(Option<BareJid>),
    /// Be called otherwise in a room.
    Nick(BareJid),
    /// Say in a room what is being talked about.
    Subject(BareJid),
    /// Tell people that one would like to see them in a room.
    Invite(BareJid),
    /// Don't follow an invitation that a room has passed on.
    Decline(BareJid),
    /// Look through the rooms that there are.
    FindRooms,
    /// Make a room.
    NewRoom,
    /// The picture of a room that is ours.
    RoomPicture(BareJid),
    /// What an owner can have otherwise with a room.
    RoomSettings(BareJid),
    /// What a room wants to know of whoever would be its member.
    AskIn(BareJid),
    /// The picture of a message, large.
    Picture(Rc<Message>),
}

/// The dialog itself.
pub(crate) fn dialog(state: &State, layer: Layer) -> Html {
    match layer {
        Layer::AddContact(known) => html! { <AddContact state={state.clone()} {known} /> },
        Layer::Edit(jid) => html! { <EditContact state={state.clone()} {jid} /> },
        Layer::Remove(jid) => questions::remove_contact(state, &jid),
        Layer::Revoke(jid) => questions::revoke(state, &jid),
        Layer::Delete(jid) => questions::delete_conversation(state, &jid),
        Layer::Block(jid) => block_contact::dialog(state, &jid),
        Layer::Blocked => html! { <Blocked state={state.clone()} /> },
        Layer::Status => set_status::dialog(state),
        Layer::DeleteAccount => html! { <DeleteAccount state={state.clone()} /> },
        Layer::Share(jid) => html! { <Share state={state.clone()} {jid} /> },
        Layer::Profile => html! { <Profile state={state.clone()} /> },
        Layer::Switcher(shared) => html! { <Switcher state={state.clone()} {shared} /> },
        Layer::Shortcuts => shortcuts::dialog(state),
        Layer::ClearData => questions::clear_data(state),
        Layer::SignOut => questions::sign_out(state),
        Layer::GoToDate(jid) => go_to_date::dialog(state, &jid),
        Layer::AnswerInClear(jid, then) => questions::answer_in_clear(state, &jid, then),
        Layer::Emoji => message_dialogs::insert(state),
        Layer::React(message) => message_dialogs::react(state, &message),
        Layer::Reactions(message) => about(state, message, About::Reactions),
        Layer::Retract(message) => questions::retract(state, &message),
        Layer::Facts(message) => about(state, message, About::Facts),
        Layer::Versions(message) => about(state, message, About::Versions),
        Layer::Moderate(message) => moderate::dialog(state, &message),
        Layer::Deed(room, occupant, deed) => deed::dialog(state, &room, &occupant, deed),
        Layer::Affiliations(jid) => html! { <Affiliations state={state.clone()} {jid} /> },
        Layer::DestroyRoom(jid) => html! { <DestroyRoom state={state.clone()} {jid} /> },
        Layer::Picture(message) => attachment::lightbox(state, &message),
        Layer::Nick(jid) => room_wishes::nick(state, &jid),
        Layer::Subject(jid) => room_wishes::subject(state, &jid),
        Layer::Invite(jid) => html! { <Invite state={state.clone()} {jid} /> },
        Layer::Decline(jid) => decline::dialog(state, &jid),
        Layer::FindRooms => html! { <FindRooms state={state.clone()} /> },
        Layer::NewRoom => html! { <NewRoom state={state.clone()} /> },
        Layer::RoomPicture(jid) => portrait::of_room(state, &jid),
        Layer::RoomSettings(jid) => html! {
            <RoomForm state={state.clone()} {jid} purpose={Purpose::Settings} />
        },
        Layer::AskIn(jid) => html! {
            <RoomForm state={state.clone()} {jid} purpose={Purpose::Membership} />
        },
        Layer::JoinRoom(jid) => html! { <JoinRoom state={state.clone()} {jid} /> },
    }
}

fn about(state: &State, message: Rc<Message>, about: About) -> Html {
    html! { <AboutMessage state={state.clone()} {message} {about} /> }
}

/// A callback that opens `layer`, for a control that does nothing else.
pub(crate) fn opening<E: 'static>(state: &State, layer: Layer) -> Callback<E> {
    let state = state.clone();
    Callback::from(move |_: E| state.open(layer.clone()))
}
