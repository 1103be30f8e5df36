//! What happens in rooms, as the store takes it in.

use jid::{BareJid, Jid};

use super::{
    Author, Entry, Left, Occupant, Occupants, Role, Room, RoomChange, Scope, Store, Topic,
};
use crate::output::Table;

/// More invitations than this at a time are nobody's friends.
const INVITATIONS: usize = 20;

impl Store {
    /// As whom we speak in the conversation with `jid`.
    pub fn own_author(&self, jid: &BareJid) -> Option<Author> {
        let Some(room) = self.rooms.get(jid) else {
            return Some(Author::Person(self.me.as_ref()?.to_bare()));
        };
        let occupant = room.occupants.get(&room.nick);
        let occupant = occupant.and_then(|known| known.id.as_deref());
        let from = Jid::from(jid.with_resource_str(&room.nick).ok()?);
        Some(Author::new(Scope::Room, &from, occupant))
    }

    /// What whoever says something in the conversation with `jid` is called, if that is known.
    pub fn author_name<'a>(&'a self, jid: &BareJid, author: &'a Author) -> Option<&'a str> {
        let id = match author {
            Author::Person(jid) => return Some(self.name(jid)),
            Author::Nick(jid) => return Some(jid.resource().as_str()),
            Author::Occupant(id) => Some(id.as_str()),
        };
        let here = self.rooms.get(jid).into_iter();
        let mut here = here.flat_map(|room| room.occupants.at(0..room.occupants.len()));
        if let Some(occupant) = here.find(|occupant| occupant.id.as_deref() == id) {
            return Some(&occupant.nick);
        }
        // Who has left was called so when they last said something.
        let said = self.conversations.get(jid).into_iter();
        let mut said = said.flat_map(|known| known.timeline.iter().rev());
        let last = said.find(|message| message.occupant.as_deref() == id)?;
        last.from.resource().map(|nick| nick.as_str())
    }

    pub(super) fn apply_room(&mut self, jid: BareJid, change: RoomChange) -> Vec<Topic> {
        if let RoomChange::Invitation(Some(invitation)) = &change {
            if self.is_blocked(&invitation.from) {
                return Vec::new();
            }
            let invited = self.rooms.values().filter(|room| room.invitation.is_some());
            if invited.count() >= INVITATIONS {
                return Vec::new();
            }
        }
        let room = self.rooms.get_or_insert_with(jid.clone(), Room::default);
        match change {
            RoomChange::Occupants(all) => {
                let all = Occupants::from(all);
                let before = std::mem::replace(&mut room.occupants, all);
                for nick in before.nicks().chain(room.occupants.nicks()) {
                    self.changed.mark_occupant(&jid, nick);
                }
                return vec![Topic::Occupants(jid), Topic::Faces];
            }
            RoomChange::Occupant(occupant) => {
                let nick = occupant.nick.clone();
                self.changed.mark_occupant(&jid, &nick);
                let before = room.occupants.get(&nick).cloned();
                let listens = occupant.role == Role::Visitor;
                if !room.occupants.put(occupant) {
                    return Vec::new();
                }
                let now = room.occupants.get(&nick);
                let mut topics = touched(before.as_deref(), now.map(|now| &**now), jid.clone());
                if !listens && room.forget_voice(&nick) {
                    self.changed.mark(Table::Rooms, &jid);
                    topics.push(Topic::Room(jid));
                } else if nick == room.nick {
                    topics.push(Topic::Room(jid));
                }
                return topics;
            }
            RoomChange::Gone(nick) => {
                self.changed.mark_occupant(&jid, &nick);
                let before = room.occupants.get(&nick).cloned();
                if !room.occupants.remove(&nick) {
                    return Vec::new();
                }
                let mut topics = touched(before.as_deref(), None, jid.clone());
                if room.forget_voice(&nick) {
                    self.changed.mark(Table::Rooms, &jid);
                    topics.push(Topic::Room(jid));
                }
                return topics;
            }
            RoomChange::Passage(passage) => {
                return match room.note_passage(passage) {
                    true => {
                        self.changed.mark(Table::Rooms, &jid);
                        vec![Topic::Room(jid)]
                    }
                    false => Vec::new(),
                };
            }
            RoomChange::CaughtUp => {
                let known = self.conversations.get_mut(&jid);
                if known.is_some_and(|known| known.timeline.caught_up()) {
                    self.changed.mark(Table::Conversations, &jid);
                }
                return Vec::new();
            }
            RoomChange::Entry(entry, nick) => {
                if matches!(entry, Entry::Left(_)) {
                    for nick in std::mem::take(&mut room.occupants).nicks() {
                        self.changed.mark_occupant(&jid, nick);
                    }
                    room.requests.clear();
                }
                (room.entry, room.nick) = (entry, nick);
            }
            RoomChange::About(about) => {
                room.name = about.name;
                room.description = about.description;
                room.members_only = about.closed;
            }
            RoomChange::Subject(subject) => {
                room.subject = Some(subject).filter(|subject| !subject.trim().is_empty());
            }
            RoomChange::ShowsAddresses(shows) => room.shows_addresses = shows,
            RoomChange::Logged(logged) => room.logged = logged,
            RoomChange::Bookmark(bookmark) => room.bookmark = bookmark,
            RoomChange::Invitation(mut invitation) => {
                if let (Some(invitation), Some(known)) = (&mut invitation, room.invitation.take()) {
                    invitation.join(known);
                }
                room.invitation = invitation;
            }
            RoomChange::Moderates(moderates) => room.moderates = moderates,
            RoomChange::Incident(incident) => room.note_incident(incident),
            RoomChange::Registers(registers) => room.registers = registers,
            RoomChange::Request(request) => room.note_request(request),
            RoomChange::Answered(request) => room.forget_request(&request),
        }
        // What was said there is still to be told from what people say.
        if room.is_void() && !self.conversations.contains_key(&jid) {
            self.rooms.remove(&jid);
        }
        self.changed.mark(Table::Rooms, &jid);
        vec![
            Topic::Room(jid.clone()),
            Topic::Occupants(jid),
            Topic::Conversations,
        ]
    }

    /// Whoever was in a room is about to go back, or has been told why not.
    pub(super) fn lose_rooms(&mut self) -> Vec<Topic> {
        let mut topics = vec![Topic::Conversations];
        for (jid, room) in self.rooms.iter_mut() {
            let there = matches!(room.entry, Entry::Joined | Entry::Joining);
            if !there && room.occupants.is_empty() {
                continue;
            }
            if there {
                room.entry = Entry::Left(Left::Away);
            }
            for nick in std::mem::take(&mut room.occupants).nicks() {
                self.changed.mark_occupant(jid, nick);
            }
            self.changed.mark(Table::Rooms, jid);
            topics.extend([Topic::Room(jid.clone()), Topic::Occupants(jid.clone())]);
        }
        topics
    }
}

/// What is shown anew when somebody in the room `jid` comes, changes, or goes: mostly not what
/// they have said, for in a large room somebody always does.
fn touched(before: Option<&Occupant>, now: Option<&Occupant>, jid: BareJid) -> Vec<Topic> {
    let looks = |occupant: &Occupant| {
        let known = occupant.avatar.is_some() || occupant.jid.is_some();
        known.then(|| (occupant.avatar.clone(), occupant.jid.clone()))
    };
    let faces = before.and_then(looks) != now.and_then(looks);
    let mut topics = vec![Topic::Occupants(jid)];
    topics.extend(faces.then_some(Topic::Faces));
    topics
}
