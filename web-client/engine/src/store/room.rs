//! Rooms and who is in them (XEP-0045).

use std::ops::Range;
use std::rc::Rc;

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{About, Availability, Incident, Passage, RoomRequest};
use crate::codec::{decode, encode};
use crate::foreign::skeleton;
use crate::sorted_map::SortedMap;

/// Where there are more people nobody tells the others what they have read.
pub(super) const MOST_READERS: usize = 20;

/// A room that we are in, were in, have a bookmark of, or are invited to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Room {
    /// Whether we are in it, and if not, why.
    pub entry: Entry,
    /// What we are called there, or want to be.
    pub nick: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What is being talked about.
    pub subject: Option<String>,
    /// Whether the addresses of its occupants are known to all of them (status 100, 172).
    pub shows_addresses: bool,
    /// Whether what is said is kept where others may read it (status 170).
    pub logged: bool,
    /// That we want to find it again (XEP-0402).
    pub bookmark: Option<Bookmark>,
    /// That somebody would like to see us there.
    pub invitation: Option<Invitation>,
    /// Whether its moderators can take messages away (XEP-0425).
    pub moderates: bool,
    /// Who was last made to go.
    pub incidents: Vec<Incident>,
    /// Whether only those come in who belong there.
    pub members_only: bool,
    /// Who has last come and gone.
    pub passages: Vec<Passage>,
    /// Whether it takes requests of those who would be its members (XEP-0045 7.10).
    pub registers: bool,
    /// What people ask of those who run it, if we do.
    pub requests: Vec<RoomRequest>,
    /// Who is in it.
    #[serde(skip)]
    pub occupants: Occupants,
}

/// Whether we are in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// We have asked to be let in.
    Joining,
    /// We are in it.
    Joined,
    /// We are not.
    Left(Left),
}

impl Default for Entry {
    fn default() -> Self {
        Self::Left(Left::Away)
    }
}

/// Why we are not in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Left {
    /// We don't want to be.
    Away,
    /// Somebody else goes by that nickname (`conflict`).
    NickTaken,
    /// It wants a password, or another one (`not-authorized`).
    Password,
    /// It lets only members in (`registration-required`, status 321 and 322).
    MembersOnly,
    /// We are banned (`forbidden`, status 301).
    Banned(Option<String>),
    /// There is no such room (`item-not-found`).
    NotFound,
    /// It is full (`service-unavailable`).
    Full,
    /// It may not be created (`not-allowed`).
    NotAllowed,
    /// It was destroyed: where to go instead, and why.
    Destroyed(Option<BareJid>, Option<String>),
    /// Somebody has thrown us out, and why (status 307).
    Kicked(Option<String>),
    /// Its service can't be reached, or has shut down; we try again.
    Unreachable,
    /// Another error, by its condition.
    Other(String),
}

/// A room that we want to find again (XEP-0402).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// What we call it.
    pub name: Option<String>,
    /// Whether we join it wherever we sign in.
    pub autojoin: bool,
    /// What of it we want to hear of, if we have chosen (XEP-0492).
    pub hear: Option<Hear>,
}

/// What of a room makes itself heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hear {
    /// Everything that is said.
    All,
    /// What is said to us.
    Mentions,
    /// Nothing.
    Nothing,
}

/// Somebody would like to see us in a room (XEP-0249).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who.
    pub from: BareJid,
    /// In their words.
    pub reason: Option<String>,
    /// What the room will want to hear.
    pub password: Option<String>,
    /// Whether they say so themselves.
    pub direct: bool,
    /// Whether the room says so for them (XEP-0045 7.8.2). It tells them if we decline.
    pub mediated: bool,
}

/// What somebody may do in a room while they are there (XEP-0045 5.1), most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Role {
    /// Everything.
    Moderator,
    /// Talk.
    #[default]
    Participant,
    /// Listen.
    Visitor,
}

/// What somebody is to a room (XEP-0045 5.2), most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Affiliation {
    /// It is theirs.
    Owner,
    /// They run it.
    Admin,
    /// They belong there.
    Member,
    /// Nothing in particular.
    #[default]
    None,
    /// They are banned.
    Outcast,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Occupant {
    /// What they are called.
    pub nick: String,
    /// What they may do.
    pub role: Role,
    /// What they are to the room.
    pub affiliation: Affiliation,
    /// Who they are, where the room tells.
    pub jid: Option<BareJid>,
    /// By which the room knows them whatever they are called (XEP-0421).
    pub id: Option<String>,
    /// The hash of their picture (XEP-0153).
    pub avatar: Option<String>,
    /// How available they are.
    pub availability: Availability,
    /// What else the room calls them, the first few (XEP-0317).
    pub hats: Vec<String>,
}

/// One change of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RoomChange {
    /// We come, go, or are called otherwise.
    Entry(Entry, String),
    /// It has said what it is.
    About(About),
    /// What is being talked about.
    Subject(String),
    /// Whether addresses are shown.
    ShowsAddresses(bool),
    /// Whether what is said is kept.
    Logged(bool),
    /// Everybody who is in it.
    Occupants(Vec<Occupant>),
    /// Somebody has come, or is no longer what they were.
    Occupant(Occupant),
    /// Somebody of this name has gone.
    Gone(String),
    /// It is among our bookmarks, or no longer.
    Bookmark(Option<Bookmark>),
    /// We are invited, or have answered.
    Invitation(Option<Invitation>),
    /// Everything that was missed there has been read.
    CaughtUp,
    /// Whether its moderators can take messages away.
    Moderates(bool),
    /// Somebody was made to go.
    Incident(Incident),
    /// Somebody may have come, or gone; what they are follows.
    Passage(Passage),
    /// Whether it takes requests of those who would be its members.
    Registers(bool),
    /// Somebody asks for something.
    Request(RoomRequest),
    /// They have been answered.
    Answered(RoomRequest),
}

impl Invitation {
    /// Many send both: what they say themselves counts.
    pub(super) fn join(&mut self, known: Self) {
        if self.from != known.from {
            return;
        }
        let both = (self.direct || known.direct, self.mediated || known.mediated);
        let (first, other) = match self.direct {
            true => (self.clone(), known),
            false => (known, self.clone()),
        };
        *self = Self {
            reason: first.reason.or(other.reason),
            password: first.password.or(other.password),
            ..first
        };
        (self.direct, self.mediated) = both;
    }
}

impl Room {
    /// Whether we are there, or ought to be.
    pub fn is_ours(&self) -> bool {
        let autojoin = |bookmark: &Bookmark| bookmark.autojoin;
        self.bookmark.as_ref().is_some_and(autojoin) || self.entry != Entry::default()
    }

    /// What of it makes itself heard: what we have chosen, else everything where all know each
    /// other, and what is said to us where they don't (XEP-0492 4).
    pub fn hear(&self) -> Hear {
        let chosen = self.bookmark.as_ref().and_then(|bookmark| bookmark.hear);
        chosen.unwrap_or(match self.shows_addresses {
            true => Hear::All,
            false => Hear::Mentions,
        })
    }

    /// Whether all who are there belong there, and know who the others are.
    pub fn is_private(&self) -> bool {
        self.members_only && self.shows_addresses
    }

    /// Whether people there tell each other what they have read: only so many who know who
    /// the others are.
    pub fn tells_who_reads(&self) -> bool {
        self.is_private() && self.occupants.len() <= MOST_READERS
    }

    /// Whether there is nothing to know about it.
    pub(super) fn is_void(&self) -> bool {
        !self.is_ours() && self.bookmark.is_none() && self.invitation.is_none()
    }

    pub(super) fn row(&self) -> Vec<u8> {
        encode(self)
    }

    /// Takes what a row says; the occupants have rows of their own.
    pub(super) fn take_row(&mut self, row: &[u8]) -> Option<()> {
        let room = decode::<Self>(row)?;
        let occupants = std::mem::take(&mut self.occupants);
        *self = Self { occupants, ..room };
        Some(())
    }
}

/// Who is in a room: by name, and in the order in which they are shown.
///
/// A change moves one entry and nothing else, so that a room of thousands in which
/// people come and go all the time costs what a small one does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occupants {
    by_nick: SortedMap<String, Rc<Occupant>>,
    /// By what they are to the room, then moderators first, then by name.
    order: Vec<Rc<Occupant>>,
    /// The names that look the same.
    alike: SortedMap<String, Vec<String>>,
}

impl Occupants {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Who goes by this name.
    pub fn get(&self, nick: &str) -> Option<&Rc<Occupant>> {
        self.by_nick.get(nick)
    }

    /// Whose name looks like that of somebody called `nick`, and isn't theirs.
    pub fn looking_like(&self, nick: &str) -> Option<&Rc<Occupant>> {
        let jid = self.get(nick).and_then(|known| known.jid.as_ref());
        let alike = self.alike.get(&skeleton(nick))?.iter();
        let others = alike.filter(|known| *known != nick);
        let mut others = others.filter_map(|known| self.get(known));
        others.find(|known| jid.is_none() || known.jid.as_ref() != jid)
    }

    /// Those at these places: by what they are to the room, then moderators first, then by
    /// name.
    pub fn at(&self, range: Range<usize>) -> &[Rc<Occupant>] {
        self.order.get(range).unwrap_or_default()
    }

    pub(super) fn nicks(&self) -> impl Iterator<Item = &str> {
        self.by_nick.keys().map(String::as_str)
    }

    /// Whether that is news.
    pub(super) fn put(&mut self, occupant: Occupant) -> bool {
        if self
            .get(&occupant.nick)
            .is_some_and(|known| **known == occupant)
        {
            return false;
        }
        self.remove(&occupant.nick);
        let occupant = Rc::new(occupant);
        let place = self.place(&occupant);
        self.order
            .insert(place.unwrap_or_else(|place| place), occupant.clone());
        push(&mut self.alike, skeleton(&occupant.nick), &occupant.nick);
        self.by_nick.insert(occupant.nick.clone(), occupant);
        true
    }

    pub(super) fn remove(&mut self, nick: &str) -> bool {
        let Some(known) = self.by_nick.remove(nick) else {
            return false;
        };
        if let Ok(place) = self.place(&known) {
            self.order.remove(place);
        }
        let skeleton = skeleton(nick);
        if let Some(alike) = self.alike.get_mut(&skeleton) {
            alike.retain(|known| known != nick);
            if alike.is_empty() {
                self.alike.remove(&skeleton);
            }
        }
        true
    }

    fn place(&self, occupant: &Occupant) -> Result<usize, usize> {
        let wanted = rank(occupant);
        self.order
            .binary_search_by(|known| rank(known).cmp(&wanted))
    }
}

fn push(alike: &mut SortedMap<String, Vec<String>>, skeleton: String, nick: &str) {
    let alike = alike.get_or_insert_with(skeleton, Vec::new);
    alike.push(nick.to_owned());
}

impl From<Vec<Occupant>> for Occupants {
    /// Sorts once; of several of one name the last is the one.
    fn from(mut occupants: Vec<Occupant>) -> Self {
        occupants.sort_by(|one, other| one.nick.cmp(&other.nick));
        let mut by_nick = SortedMap::default();
        for occupant in occupants {
            by_nick.insert(occupant.nick.clone(), Rc::new(occupant));
        }
        let mut order: Vec<_> = by_nick.values().cloned().collect();
        order.sort_by_cached_key(|occupant| {
            let (affiliation, talks, lower, nick) = rank(occupant);
            (affiliation, talks, lower, nick.to_owned())
        });
        let mut looks: Vec<_> = by_nick.keys().map(|nick| (skeleton(nick), nick)).collect();
        looks.sort();
        let mut alike = SortedMap::default();
        for (skeleton, nick) in looks {
            push(&mut alike, skeleton, nick);
        }
        Self {
            by_nick,
            order,
            alike,
        }
    }
}

/// A name in another case is next to it.
fn rank(occupant: &Occupant) -> (Affiliation, bool, String, &str) {
    (
        occupant.affiliation,
        occupant.role != Role::Moderator,
        occupant.nick.to_lowercase(),
        &occupant.nick,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occupant(nick: &str, role: Role) -> Occupant {
        Occupant {
            nick: nick.to_owned(),
            role,
            ..Occupant::default()
        }
    }

    fn shown(occupants: &Occupants) -> Vec<&str> {
        let all = occupants.at(0..occupants.len());
        all.iter().map(|known| known.nick.as_str()).collect()
    }

    #[test]
    fn moderators_come_first_then_names() {
        let mut occupants = Occupants::from(vec![
            occupant("zoe", Role::Moderator),
            occupant("bob", Role::Participant),
            occupant("Alice", Role::Visitor),
            occupant("bob", Role::Participant),
        ]);
        assert_eq!(shown(&occupants), ["zoe", "Alice", "bob"]);
        assert!(occupants.put(occupant("bob", Role::Moderator)));
        assert!(!occupants.put(occupant("bob", Role::Moderator)));
        assert_eq!(shown(&occupants), ["bob", "zoe", "Alice"]);
        assert!(occupants.remove("zoe") && !occupants.remove("zoe"));
        assert!(occupants.put(occupant("alice", Role::Participant)));
        assert_eq!(shown(&occupants), ["bob", "Alice", "alice"]);
        assert_eq!(occupants.len(), 3);
    }

    #[test]
    fn whose_name_looks_the_same_is_known() {
        let of = |nick: &str, jid: &str| Occupant {
            jid: jid.parse().ok(),
            ..occupant(nick, Role::Participant)
        };
        let mut occupants = Occupants::from(vec![
            of("Alice", "alice@example.org"),
            of("alice", "alice@example.org"),
            of("bob", ""),
        ]);
        let alike = |occupants: &Occupants, nick: &str| {
            let known = occupants.looking_like(nick);
            known.map(|known| known.nick.clone())
        };
        assert_eq!(alike(&occupants, "Alice"), None, "it is her, too");
        assert_eq!(
            alike(&occupants, "b0b").as_deref(),
            Some("bob"),
            "who has left"
        );
        occupants.put(of("AIice", "eve@example.org"));
        occupants.put(of("B0b", ""));
        assert_eq!(alike(&occupants, "AIice").as_deref(), Some("Alice"));
        assert_eq!(alike(&occupants, "Alice").as_deref(), Some("AIice"));
        assert_eq!(alike(&occupants, "bob").as_deref(), Some("B0b"));
        occupants.remove("B0b");
        assert_eq!(alike(&occupants, "bob"), None);
    }

    #[test]
    fn what_somebody_is_to_the_room_comes_before_what_they_may_do() {
        let of = |nick: &str, affiliation, role| Occupant {
            affiliation,
            ..occupant(nick, role)
        };
        let mut occupants = Occupants::from(vec![
            of("alice", Affiliation::None, Role::Moderator),
            of("bob", Affiliation::Member, Role::Visitor),
            of("carol", Affiliation::Owner, Role::Moderator),
        ]);
        occupants.put(of("dora", Affiliation::Admin, Role::Moderator));
        assert_eq!(shown(&occupants), ["carol", "dora", "bob", "alice"]);
    }
}
