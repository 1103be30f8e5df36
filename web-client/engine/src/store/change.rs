//! What is said about earlier messages: corrections, retractions, reactions.
//!
//! What a message has become depends on what has been said about it and when, never on
//! the order in which we hear of it: corrections go by time, of each one's reactions the
//! last counts, and nothing undoes a retraction.

use jid::{BareJid, FullJid, Jid};
use serde::{Deserialize, Serialize};

use super::{Delivery, Direction, Failure, Mention, Message, Scope};
use crate::now::Timestamp;

/// So many corrections of a message are kept, the newest ones.
const CORRECTIONS: usize = 20;
/// What these say together, in bytes; the newest one is kept whatever it says.
const CORRECTION_BYTES: usize = 64 * 1024;
/// So many people's reactions to a message are kept, the newest ones.
const REACTIONS: usize = 200;

/// Who says something, as far as that is proven.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Author {
    /// A side of a conversation between two, with whichever device.
    Person(BareJid),
    /// Whom a room calls by this id as long as it exists (XEP-0421).
    Occupant(String),
    /// Whoever has this name in a room that gives no such ids.
    Nick(FullJid),
}

/// Something that is said about an earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The id of the stanza that says so: a copy of it has the same.
    pub id: String,
    /// The id by which that calls the message.
    pub target: String,
    /// The id that our archive gave it (XEP-0359).
    pub archive_id: Option<String>,
    /// Where.
    pub conversation: BareJid,
    /// Who says so.
    pub author: Author,
    /// To whom.
    pub scope: Scope,
    /// When it was said.
    pub at: Timestamp,
    /// How far it is, if it is ours.
    pub delivery: Delivery,
    /// What.
    pub what: What,
    /// Whom the message names then. Not on disk: what waits there for its message is ours.
    #[serde(skip)]
    pub mentions: Vec<Mention>,
}

/// What a [`Change`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The message should have said this (XEP-0308).
    Correct(String),
    /// It should not have been said (XEP-0424).
    Retract,
    /// These, and no others, are what the author feels about it (XEP-0444).
    React(Vec<String>),
    /// A moderator has taken it away (XEP-0425).
    Moderate(Moderation),
}

/// That a moderator has taken a message away.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moderation {
    /// Who, by the name they had in the room, if the room tells.
    pub by: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl Change {
    /// Who may change what: the one place where that is decided. `author` is whose the
    /// message is.
    ///
    /// Between two, a message goes by the id its writer gave it, so that the same id of
    /// the other one's is another message. In a room it goes by the id that the room gave it, which
    /// nobody can choose; only corrections refer to the writer's own (XEP-0308 5, XEP-0424 5.1,
    /// XEP-0444 4.2). Anybody may react; to correct and to retract is for the author. Only a
    /// room says what its moderators have done, in a change that nobody else can make.
    pub(super) fn concerns(&self, message: &Message, author: &Author) -> bool {
        let named = match (self.scope, &self.what) {
            (Scope::Room, What::React(_) | What::Retract | What::Moderate(_)) => {
                Some(self.target.as_str()) == message.archive_id.as_deref()
            }
            _ => message.is_corrected_as(&self.target),
        };
        // What is whispered is not about what everybody has heard.
        let named = named && self.scope == message.scope;
        named
            && match self.what {
                What::React(_) => true,
                What::Moderate(_) => self.scope == Scope::Room,
                What::Correct(_) | What::Retract => self.author == *author,
            }
    }

    /// Whether both are one stanza, which came twice.
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        self.id == other.id && self.author == other.author && self.what == other.what
    }

    pub(super) fn size(&self) -> usize {
        let words = match &self.what {
            What::Correct(body) => body.len(),
            What::Retract => 0,
            What::React(emojis) => emojis.iter().map(String::len).sum(),
            What::Moderate(moderation) => {
                let said = moderation.by.iter().chain(&moderation.reason);
                said.map(String::len).sum()
            }
        };
        self.id.len() + self.target.len() + words
    }
}

/// What has become of a message since it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What it said at first, if it says something else by now.
    original: Option<String>,
    corrections: Vec<Correction>,
    reactions: Vec<Reactions>,
    retraction: Option<Retraction>,
}

/// A place in the order of changes: by time, and within an instant by the archive's order.
pub(super) type Order = (Timestamp, i64);

/// A later version of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The id of the stanza that made it.
    pub id: String,
    /// What the message says since then.
    pub body: String,
    /// How far it is, if it is ours.
    pub delivery: Delivery,
    archive_id: Option<String>,
    order: Order,
}

/// What one of them feels about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    /// Who.
    pub author: Author,
    /// What, each once.
    pub emojis: Vec<String>,
    /// How far it is, if it is ours.
    pub delivery: Delivery,
    id: String,
    order: Order,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Retraction {
    id: String,
    at: Timestamp,
    delivery: Delivery,
}

impl Correction {
    /// When it was made.
    pub fn at(&self) -> Timestamp {
        self.order.0
    }
}

impl Retraction {
    fn is_proven(&self) -> bool {
        !matches!(self.delivery, Delivery::Queued | Delivery::Failed(_))
    }
}

impl Message {
    /// Whose it is.
    pub(crate) fn author(&self) -> Author {
        Author::new(self.scope, &self.from, self.occupant.as_deref())
    }

    /// The id by which others are told what we feel about it, or that it is taken back; in a
    /// room the one that the room gave it (XEP-0424 3, XEP-0444 4.2). `None` for what was
    /// whispered there: whoever answers to that is heard by everybody.
    pub fn reference(&self) -> Option<&str> {
        match self.scope {
            Scope::Room => self.archive_id.as_deref(),
            Scope::Person | Scope::Whisper => self.written_as(),
        }
    }

    /// The id by which an answer says that it is to this one (XEP-0461 4.1). What was whispered is
    /// answered by a whisper.
    pub fn answered_as(&self) -> Option<&str> {
        match self.scope {
            Scope::Whisper => self.own_id(),
            Scope::Person | Scope::Room => self.reference(),
        }
    }

    /// The id by which others are told what it should have said (XEP-0308 3).
    pub fn written_as(&self) -> Option<&str> {
        self.own_id().filter(|_| self.scope != Scope::Whisper)
    }

    fn own_id(&self) -> Option<&str> {
        self.stanza_id.as_deref().or(self.origin_id.as_deref())
    }

    /// What it said at first.
    pub fn original(&self) -> &str {
        self.changes.original.as_deref().unwrap_or(&self.body)
    }

    /// The versions that came after the first, oldest first; the last is the body.
    pub fn corrections(&self) -> &[Correction] {
        &self.changes.corrections
    }

    /// Whether its author has taken it back. It then says nothing to anybody.
    pub fn is_retracted(&self) -> bool {
        let retraction = self.changes.retraction.as_ref();
        retraction.is_some_and(|known| !matches!(known.delivery, Delivery::Failed(_)))
    }

    /// What each one feels about it.
    pub fn reactions(&self) -> impl Iterator<Item = &Reactions> {
        let all = &self.changes.reactions;
        let newer = |one: &Reactions| {
            let by_same = |other: &&Reactions| other.author == one.author;
            all.iter()
                .filter(by_same)
                .all(|other| other.order <= one.order)
        };
        let shown = all.iter().filter(move |one| newer(one));
        shown.filter(|one| !one.emojis.is_empty())
    }

    /// How far the last word about it is: a correction that has not arrived is news.
    pub fn progress(&self) -> &Delivery {
        let retraction = self.changes.retraction.as_ref();
        let last = retraction.map(|known| &known.delivery);
        let last = last.or(self.changes.corrections.last().map(|last| &last.delivery));
        match last {
            Some(Delivery::Queued | Delivery::Failed(_)) => last.unwrap_or(&self.delivery),
            Some(last) if *last > self.delivery => last,
            _ => &self.delivery,
        }
    }

    /// The id of the change of ours that didn't arrive, and what it would have had the message say.
    pub fn failed_change(&self) -> Option<(&str, Option<&str>)> {
        let failed = |delivery: &Delivery| matches!(delivery, Delivery::Failed(_));
        let retraction = self.changes.retraction.as_ref();
        if let Some(known) = retraction.filter(|known| failed(&known.delivery)) {
            return Some((&known.id, None));
        }
        let last = self.changes.corrections.last()?;
        failed(&last.delivery).then_some((&last.id, Some(&last.body)))
    }

    /// A message that its archive has wiped, leaving this note.
    pub(crate) fn set_retracted(&mut self, id: String, at: Timestamp) {
        let delivery = Delivery::Sent;
        self.retract(Retraction { id, at, delivery });
    }

    /// It is a moderator who had it wiped; who, isn't known from the archive.
    pub(crate) fn set_moderated(&mut self) {
        self.notes.moderate(self.at, Moderation::default());
    }

    /// Whether there is nothing left of it.
    fn is_wiped(&self) -> bool {
        let retraction = self.changes.retraction.as_ref();
        retraction.is_some_and(Retraction::is_proven)
    }

    /// Whether they may be copies of each other by what they say.
    pub(super) fn said_the_same(&self, other: &Self) -> bool {
        self.is_wiped() || other.is_wiped() || self.original() == other.original()
    }

    /// Whether its writer calls it `id` when they say what it should have said.
    pub(super) fn is_corrected_as(&self, id: &str) -> bool {
        let mut corrections = self.changes.corrections.iter();
        self.stanza_id.as_deref() == Some(id)
            || self.origin_id.as_deref() == Some(id)
            || corrections.any(|known| known.id == id)
    }

    /// The ids of the changes by which it may be called too.
    pub(super) fn change_ids(&self) -> impl Iterator<Item = &str> {
        let corrections = self.changes.corrections.iter();
        let corrections =
            corrections.flat_map(|known| [Some(&known.id), known.archive_id.as_ref()]);
        let reactions = self.changes.reactions.iter().map(|known| &known.id);
        let retraction = self.changes.retraction.iter().map(|known| &known.id);
        let ids = corrections.flatten().chain(reactions).chain(retraction);
        ids.map(String::as_str)
    }

    /// When it was last corrected by what goes by `id`, if it was.
    pub(super) fn corrected_at(&self, id: &str) -> Option<Timestamp> {
        let mut corrections = self.changes.corrections.iter();
        let called =
            |known: &&Correction| known.id == id || known.archive_id.as_deref() == Some(id);
        Some(corrections.find(called)?.order.0)
    }

    /// Applies a change that [concerns](Change::concerns) it. Once or twice is the same.
    pub(super) fn change(&mut self, change: &Change, arrival: i64, archived: bool) {
        let order = (change.at, arrival);
        let (id, delivery) = (change.id.clone(), change.delivery.clone());
        match &change.what {
            What::Moderate(moderation) => {
                self.notes.moderate(change.at, moderation.clone());
                let at = change.at;
                self.retract(Retraction { id, at, delivery });
            }
            _ if self.is_wiped() => {}
            What::Correct(body) => {
                let correction = Correction {
                    id,
                    body: body.clone(),
                    delivery,
                    archive_id: change.archive_id.clone(),
                    order,
                };
                self.correct(correction, archived);
                self.correct_mentions(change);
            }
            What::React(emojis) => {
                let reactions = Reactions {
                    author: change.author.clone(),
                    emojis: emojis.clone(),
                    delivery,
                    id,
                    order,
                };
                self.changes.react(reactions, archived);
            }
            What::Retract => {
                let at = change.at;
                self.retract(Retraction { id, at, delivery });
            }
        }
    }

    fn correct(&mut self, mut correction: Correction, archived: bool) {
        let known = &mut self.changes.corrections;
        let same = |known: &Correction| known.id == correction.id && known.body == correction.body;
        if let Some(index) = known.iter().position(same) {
            let copy = known.remove(index);
            advance(&mut correction.delivery, &copy.delivery);
            correction.archive_id = copy.archive_id.or(correction.archive_id);
            if !archived {
                correction.order = copy.order;
            }
        }
        // Not sorted: sorting is a lot of code for the browser to download.
        let later = |known: &Correction| known.order > correction.order;
        let place = known.iter().position(later).unwrap_or(known.len());
        known.insert(place, correction);
        let mut bytes = 0;
        let newest = known.iter().rev().take(CORRECTIONS);
        let kept = newest.take_while(|known| {
            bytes += known.body.len();
            bytes <= CORRECTION_BYTES
        });
        let surplus = known.len() - kept.count().max(1);
        known.drain(..surplus);
        self.say_last();
    }

    /// The last correction that hasn't come back.
    fn last_said(changes: &Changes) -> Option<&Correction> {
        let said = |known: &&Correction| !matches!(known.delivery, Delivery::Failed(_));
        changes.corrections.iter().rev().find(said)
    }

    /// The id of the correction that says what it says, if one does.
    pub(super) fn version(&self) -> Option<&str> {
        Self::last_said(&self.changes).map(|last| last.id.as_str())
    }

    /// Says what its last correction says.
    fn say_last(&mut self) {
        let last = Self::last_said(&self.changes);
        match (last, &self.changes.original) {
            (Some(last), original) => {
                let first = original.is_none().then(|| self.body.clone());
                self.body.clone_from(&last.body);
                self.changes.original = self.changes.original.take().or(first);
            }
            (None, Some(_)) => self.body = self.changes.original.take().unwrap_or_default(),
            (None, None) => {}
        }
    }

    fn retract(&mut self, retraction: Retraction) {
        match &mut self.changes.retraction {
            Some(known) if known.id == retraction.id => {
                advance(&mut known.delivery, &retraction.delivery);
            }
            // One that arrived counts more than one that didn't, then the earlier one.
            Some(known)
                if known.is_proven() && !retraction.is_proven()
                    || known.is_proven() == retraction.is_proven() && known.at <= retraction.at => {
            }
            known => *known = Some(retraction),
        }
        self.wipe();
    }

    /// What is taken back for good is gone from here too.
    fn wipe(&mut self) {
        if self.is_wiped() {
            self.body = String::new();
            self.notes.wipe();
            let retraction = self.changes.retraction.take();
            self.changes = Changes {
                retraction,
                ..Changes::default()
            };
        }
    }

    /// What of it waits to be sent, by id: itself, and changes of ours.
    pub(super) fn unsent(&self) -> Vec<String> {
        let queued = |delivery: &Delivery| *delivery == Delivery::Queued;
        let own = self.direction == Direction::Outgoing && queued(&self.delivery);
        let own = own.then_some(&self.id.0);
        let changes = &self.changes;
        let corrections = changes.corrections.iter();
        let corrections = corrections.map(|known| (&known.id, &known.delivery));
        let reactions = changes.reactions.iter();
        let reactions = reactions.map(|known| (&known.id, &known.delivery));
        let retraction = changes.retraction.iter();
        let retraction = retraction.map(|known| (&known.id, &known.delivery));
        let changes = corrections.chain(reactions).chain(retraction);
        let changes = changes.filter(|(_, delivery)| queued(delivery));
        own.into_iter()
            .chain(changes.map(|(id, _)| id))
            .cloned()
            .collect()
    }

    /// It, or a change of ours to it, has got further.
    pub(super) fn deliver(&mut self, id: &str, delivery: &Delivery) {
        if !self.deliver_change(id, delivery) && self.direction == Direction::Outgoing {
            advance(&mut self.delivery, delivery);
        }
    }

    /// Whether a change goes by that id.
    fn deliver_change(&mut self, id: &str, delivery: &Delivery) -> bool {
        let changes = &mut self.changes;
        let corrections = changes.corrections.iter_mut();
        let corrections = corrections.map(|known| (&known.id, &mut known.delivery));
        let reactions = changes.reactions.iter_mut();
        let reactions = reactions.map(|known| (&known.id, &mut known.delivery));
        let retraction = changes.retraction.iter_mut();
        let retraction = retraction.map(|known| (&known.id, &mut known.delivery));
        let changes = corrections.chain(reactions).chain(retraction);
        let mut found = false;
        for (_, known) in changes.filter(|(known, _)| *known == id) {
            advance(known, delivery);
            found = true;
        }
        if found {
            self.changes.settle_reactions();
            self.say_last();
            self.wipe();
        }
        found
    }

    /// One of our changes is given up.
    pub(super) fn discard_change(&mut self, id: &str) {
        let changes = &mut self.changes;
        changes.corrections.retain(|known| known.id != id);
        changes.reactions.retain(|known| known.id != id);
        changes.retraction.take_if(|known| known.id == id);
        self.say_last();
    }

    /// Takes over what has become of a copy of it.
    pub(super) fn merge_changes(&mut self, copy: Changes) {
        if let Some(retraction) = copy.retraction {
            self.retract(retraction);
        }
        // What a copy says of itself isn't left either.
        self.wipe();
        if !self.is_wiped() {
            for correction in copy.corrections {
                self.correct(correction, false);
            }
            for reactions in copy.reactions {
                self.changes.react(reactions, false);
            }
        }
    }
}

impl Changes {
    fn react(&mut self, mut reactions: Reactions, archived: bool) {
        let same = |known: &Reactions| {
            known.id == reactions.id
                && known.author == reactions.author
                && known.emojis == reactions.emojis
        };
        if let Some(index) = self.reactions.iter().position(same) {
            let copy = self.reactions.remove(index);
            advance(&mut reactions.delivery, &copy.delivery);
            if !archived {
                reactions.order = copy.order;
            }
        }
        let later = |known: &Reactions| known.order > reactions.order;
        let place = self.reactions.iter().position(later);
        let place = place.unwrap_or(self.reactions.len());
        self.reactions.insert(place, reactions);
        self.settle_reactions();
    }

    /// Of each one's only the last that has arrived is left, and what they have said since.
    fn settle_reactions(&mut self) {
        let proven = |known: &Reactions| known.delivery != Delivery::Queued;
        self.reactions
            .retain(|known| !matches!(known.delivery, Delivery::Failed(_)));
        let all = self.reactions.clone();
        self.reactions.retain(|known| {
            let later = |other: &&Reactions| {
                other.author == known.author && other.order > known.order && proven(other)
            };
            !all.iter().any(|other| later(&other))
        });
        let surplus = self.reactions.len().saturating_sub(REACTIONS);
        self.reactions.drain(..surplus);
    }
}

/// Moves a delivery on; it never goes back. That we have lost what was to be sent comes
/// before everything that others say: it may have been sent before that.
pub(super) fn advance(known: &mut Delivery, delivery: &Delivery) -> bool {
    let damaged = |delivery: &Delivery| *delivery == Delivery::Failed(Failure::damaged());
    let further = match (damaged(known), damaged(delivery)) {
        (true, _) => *delivery != Delivery::Queued && delivery != known,
        (false, true) => *known == Delivery::Queued,
        (false, false) => delivery > known,
    };
    if further {
        known.clone_from(delivery);
    }
    further
}

impl Author {
    /// Whoever wrote what came from `from`.
    pub(crate) fn new(scope: Scope, from: &Jid, occupant: Option<&str>) -> Self {
        match (scope, occupant, from.try_as_full()) {
            (Scope::Person, ..) | (_, None, Err(_)) => Self::Person(from.to_bare()),
            (_, Some(occupant), _) => Self::Occupant(occupant.to_owned()),
            (_, None, Ok(nick)) => Self::Nick(nick.clone()),
        }
    }
}
