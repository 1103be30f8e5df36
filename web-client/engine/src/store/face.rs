//! What people in rooms look like (XEP-0153), kept by what their pictures are, so that one who
//! is in several rooms, goes and comes back, or is called otherwise has one.

use std::rc::Rc;

use jid::BareJid;

use super::{Message, Occupant, Store, Topic};

/// So many pictures are kept, and together so many bytes: those that came last.
const MOST: usize = 256;
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The picture that stands for somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Face {
    /// The one that we have of them, for we know who they are.
    Known(BareJid),
    /// The one of this hash, which they tell the room of.
    Told(String),
}

/// The pictures by their hashes, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Faces(Vec<(String, Rc<[u8]>)>);

impl Faces {
    pub(super) fn get(&self, hash: &str) -> Option<&Rc<[u8]>> {
        let mut faces = self.0.iter();
        let (_, bytes) = faces.find(|(known, _)| known == hash)?;
        Some(bytes)
    }

    pub(super) fn insert(&mut self, hash: String, bytes: Rc<[u8]>) {
        self.remove(&hash);
        self.0.push((hash, bytes));
    }

    pub(super) fn remove(&mut self, hash: &str) {
        self.0.retain(|(known, _)| known != hash);
    }

    /// Takes the first one out, if there are too many.
    fn pop_surplus(&mut self) -> Option<String> {
        let bytes: usize = self.0.iter().map(|(_, bytes)| bytes.len()).sum();
        let surplus = self.0.len() > MOST || bytes > MOST_BYTES;
        surplus.then(|| self.0.remove(0).0)
    }
}

impl Store {
    /// The picture of this hash, if somebody in a room has it.
    pub fn face(&self, hash: &str) -> Option<&Rc<[u8]>> {
        self.faces.get(hash)
    }

    /// Which picture stands for somebody who is in the room `room`, if any.
    pub fn face_of(&self, room: &BareJid, occupant: &Occupant) -> Option<Face> {
        let ours = self.rooms.get(room)?.nick == occupant.nick;
        let jid = match &self.me {
            Some(me) if ours => Some(me.to_bare()),
            _ => occupant
                .jid
                .clone()
                .filter(|jid| self.contacts.contains_key(jid)),
        };
        let known = jid.filter(|jid| self.avatars.contains_key(jid));
        let told = || occupant.avatar.clone().map(Face::Told);
        known.map(Face::Known).or_else(told)
    }

    /// Who is in the room and has written `message` there: whoever only goes by the name that
    /// they had isn't.
    pub fn writer(&self, message: &Message) -> Option<&Rc<Occupant>> {
        let occupants = &self.rooms.get(&message.conversation)?.occupants;
        let namesake = occupants.get(message.from.resource()?.as_str());
        let id = message.occupant.as_deref();
        if id.is_none() || namesake.is_some_and(|known| known.id.as_deref() == id) {
            return namesake;
        }
        let mut all = occupants.at(0..occupants.len()).iter();
        all.find(|known| known.id.as_deref() == id)
    }

    pub(super) fn take_face(&mut self, hash: String, bytes: Rc<[u8]>) -> Vec<Topic> {
        self.changed.mark_face(&hash);
        self.faces.insert(hash, bytes);
        while let Some(hash) = self.faces.pop_surplus() {
            self.changed.mark_face(&hash);
        }
        vec![Topic::Faces]
    }
}
