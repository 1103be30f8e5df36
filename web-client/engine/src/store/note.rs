//! What a message says of itself besides its text.

use jid::{FullJid, Jid};
use serde::{Deserialize, Serialize};

use super::{Conversation, File, Mentions, Message, Moderation, Occupant, Scope};
use crate::now::Timestamp;
use std::rc::Rc;

/// One thing that a message says of itself. Rows know each by its place here: a new one goes
/// to the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// Its writer wants to be told when it has been displayed (XEP-0333).
    Markable,
    /// It answers an earlier one (XEP-0461).
    Reply(Reply),
    /// The marks in its text are no marks (XEP-0393 6).
    Unstyled,
    /// It is only for those who want to see it; with a hint, which may be empty (XEP-0382).
    Spoiler(String),
    /// It is encrypted with this, and can't be read here (XEP-0380).
    Encrypted(String),
    /// It is about this file (XEP-0447).
    File(File),
    /// It is here for another one, of which only corrections are known (XEP-0308).
    StandIn,
    /// A moderator has taken it away, and when (XEP-0425).
    Moderated(Timestamp, Moderation),
    /// Whom it names (XEP-0372, XEP-0513).
    Mentions(Mentions),
    /// It is for one person in a room, and for nobody else there (XEP-0045 7.5).
    Whisper(Whisper),
}

/// To whom in a room something of ours is whispered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper {
    /// What they are called.
    pub nick: String,
    /// By which the room knows them whatever they are called (XEP-0421).
    pub occupant: Option<String>,
}

impl Whisper {
    /// To this one.
    pub fn to(occupant: &Occupant) -> Self {
        Self {
            nick: occupant.nick.clone(),
            occupant: occupant.id.clone(),
        }
    }
}

/// Which message is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The id it goes by (XEP-0461 4.1).
    pub id: String,
    /// Who wrote it, as whoever answers says.
    pub to: Option<Jid>,
    /// What those read of it whose client doesn't know replies (XEP-0428), without the marks
    /// of a quotation; empty if it isn't told.
    pub quote: String,
}

/// All that a message says of itself, each thing once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct Notes(Vec<Note>);

/// As it is on disk. Where rows of earlier releases say whether a message is markable, by a
/// byte that is 0 or 1, these have their first two variants.
#[derive(Serialize, Deserialize)]
enum Row {
    Nothing,
    Markable,
    Several(Vec<Note>),
    /// With how long the file lasts, in milliseconds: the files in rows of earlier releases
    /// have no place for it.
    Lasting(Vec<Note>, u32),
}

impl From<Notes> for Row {
    fn from(notes: Notes) -> Self {
        let duration = notes.file().and_then(|file| file.duration);
        let Notes(notes) = notes;
        match (notes.as_slice(), duration) {
            ([], _) => Self::Nothing,
            ([Note::Markable], _) => Self::Markable,
            (_, None) => Self::Several(notes),
            (_, Some(duration)) => Self::Lasting(notes, duration),
        }
    }
}

impl From<Row> for Notes {
    fn from(row: Row) -> Self {
        match row {
            Row::Nothing => Self::default(),
            Row::Markable => Self(vec![Note::Markable]),
            Row::Several(notes) => Self(notes),
            Row::Lasting(mut notes, duration) => {
                for note in &mut notes {
                    if let Note::File(file) = note {
                        file.duration = Some(duration);
                    }
                }
                Self(notes)
            }
        }
    }
}

impl Notes {
    /// Says this too, in place of anything else of its kind.
    pub fn set(&mut self, note: Note) {
        self.unset(&note);
        self.0.push(note);
    }

    /// Says nothing of the kind of `note`.
    pub fn unset(&mut self, note: &Note) {
        let kind = std::mem::discriminant(note);
        self.0.retain(|known| std::mem::discriminant(known) != kind);
    }

    /// Whether the writer wants to be told when it has been displayed (XEP-0333).
    pub fn is_markable(&self) -> bool {
        self.0.contains(&Note::Markable)
    }

    /// Everything.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which message is answered, if one is.
    pub fn reply(&self) -> Option<&Reply> {
        self.0.iter().find_map(|note| match note {
            Note::Reply(reply) => Some(reply),
            _ => None,
        })
    }

    /// The hint, if the message is a spoiler.
    pub fn spoiler(&self) -> Option<&str> {
        self.0.iter().find_map(|note| match note {
            Note::Spoiler(hint) => Some(hint.as_str()),
            _ => None,
        })
    }

    /// The file that the message is about.
    pub fn file(&self) -> Option<&File> {
        self.0.iter().find_map(|note| match note {
            Note::File(file) => Some(file),
            _ => None,
        })
    }

    /// To whom it is whispered, if it is one of ours and is.
    pub fn whisper(&self) -> Option<&Whisper> {
        self.0.iter().find_map(|note| match note {
            Note::Whisper(whisper) => Some(whisper),
            _ => None,
        })
    }

    /// A moderator has taken the message away. Of several the first one counts, but one of
    /// whom nothing is known only where there is no other.
    pub(super) fn moderate(&mut self, at: Timestamp, moderation: Moderation) {
        let rank = |at: Timestamp, moderation: &Moderation| {
            let unknown = moderation.by.is_none() && moderation.reason.is_none();
            (unknown, at, moderation.clone())
        };
        let known = self.0.iter().find_map(|note| match note {
            Note::Moderated(at, known) => Some(rank(*at, known)),
            _ => None,
        });
        if known.is_none_or(|known| rank(at, &moderation) < known) {
            self.set(Note::Moderated(at, moderation));
        }
    }

    /// Takes over what a copy of the message says besides.
    pub(super) fn merge(&mut self, copy: Self) {
        for note in copy.0 {
            match note {
                Note::Moderated(at, moderation) => self.moderate(at, moderation),
                Note::Mentions(mentions) => self.merge_mentions(mentions),
                note => {
                    let kind = std::mem::discriminant(&note);
                    let same = |known: &Note| std::mem::discriminant(known) == kind;
                    if !self.0.iter().any(same) {
                        self.0.push(note);
                    }
                }
            }
        }
    }

    /// Takes over whom versions name of which that isn't known.
    pub(super) fn merge_mentions(&mut self, mentions: Mentions) {
        let known = self.0.iter_mut().find_map(|note| match note {
            Note::Mentions(known) => Some(known),
            _ => None,
        });
        match known {
            Some(known) => known.merge(mentions),
            None => self.0.push(Note::Mentions(mentions)),
        }
    }

    /// The message has been taken back: nothing of what it said is left.
    pub(super) fn wipe(&mut self) {
        self.0
            .retain(|note| matches!(note, Note::Markable | Note::StandIn | Note::Moderated(..)));
    }
}

impl Extend<Note> for Notes {
    fn extend<T: IntoIterator<Item = Note>>(&mut self, notes: T) {
        for note in notes {
            self.set(note);
        }
    }
}

impl FromIterator<Note> for Notes {
    fn from_iter<T: IntoIterator<Item = Note>>(notes: T) -> Self {
        let mut all = Self::default();
        all.extend(notes);
        all
    }
}

impl Message {
    /// Whether its writer wants to be told when it has been displayed (XEP-0333).
    pub fn is_markable(&self) -> bool {
        self.notes.is_markable()
    }

    /// Which message it answers, if it does.
    pub fn reply(&self) -> Option<&Reply> {
        self.notes.reply()
    }

    /// Whether the marks in its text are no marks (XEP-0393 6).
    pub fn is_unstyled(&self) -> bool {
        self.notes.0.contains(&Note::Unstyled)
    }

    /// The hint, which may be empty, if it is only for those who want to see it (XEP-0382).
    pub fn spoiler(&self) -> Option<&str> {
        self.notes.spoiler()
    }

    /// Which moderator has taken it away, if one has.
    pub fn moderation(&self) -> Option<&Moderation> {
        self.notes.0.iter().find_map(|note| match note {
            Note::Moderated(_, moderation) => Some(moderation),
            _ => None,
        })
    }

    /// To whom in the room we have whispered it, if we have.
    pub fn whispered_to(&self) -> Option<&Whisper> {
        self.notes.whisper()
    }

    /// Where it was whispered to, if it was.
    pub(crate) fn addressee(&self) -> Option<FullJid> {
        let nick = &self.whispered_to()?.nick;
        self.conversation.with_resource_str(nick).ok()
    }

    /// What it is encrypted with, if it can't be read here; the text is then for those whose
    /// client knows nothing of that (XEP-0380).
    pub fn encryption(&self) -> Option<&str> {
        self.notes.0.iter().find_map(|note| match note {
            Note::Encrypted(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it is the one that `reply` is to: in a room by the id that the room gave it,
    /// which nobody can choose, else by one of its own (XEP-0461 4.1).
    fn is_answered_by(&self, reply: &Reply) -> bool {
        match self.scope {
            Scope::Room => self.archive_id.as_ref() == Some(&reply.id),
            Scope::Person | Scope::Whisper => self.goes_by(&reply.id),
        }
    }
}

impl Conversation {
    /// The message that `reply` is to, if it is here. Two people may use the same id: then it
    /// is that of whom the reply names.
    pub fn answered(&self, reply: &Reply) -> Option<&Rc<Message>> {
        let answered = |message: &Message| message.is_answered_by(reply);
        let found = self.timeline.find(&reply.id, answered);
        let mut found = found
            .iter()
            .filter_map(|place| self.timeline.in_place(*place));
        let first = found.clone().next();
        let author = reply.to.as_ref().map(Jid::to_bare);
        let named = |message: &&Rc<Message>| Some(message.from.to_bare()) == author;
        found.find(named).or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn a_row_that_only_knew_markable_is_read() {
        assert_eq!(decode::<Notes>(&encode(&false)), Some(Notes::default()));
        let markable = Notes::from_iter([Note::Markable]);
        assert_eq!(decode::<Notes>(&encode(&true)), Some(markable.clone()));
        assert_eq!(encode(&markable), encode(&true));
    }

    #[test]
    fn whatever_is_said_is_on_disk() {
        let reply = Reply {
            id: "m1".to_owned(),
            to: None,
            quote: "Hello".to_owned(),
        };
        let file = File::at("https://files.example/a.jpg").unwrap();
        let notes = Notes::from_iter([Note::Reply(reply), Note::Markable, Note::File(file)]);
        assert_eq!(decode::<Notes>(&encode(&notes)), Some(notes));
    }

    #[test]
    fn a_file_lasts_on_disk_and_one_of_an_earlier_release_is_read() {
        let mut file = File::at("https://files.example/a.mp4").unwrap();
        let earlier = Notes::from_iter([Note::File(file.clone()), Note::Markable]);
        // What there was when files had no duration.
        let mut row = vec![2, 2, 5, 27];
        row.extend(b"https://files.example/a.mp4\x05a.mp4\x09video/mp4");
        row.extend([0, 0, 0, 0, 0, 0]);
        assert_eq!(decode::<Notes>(&row), Some(earlier.clone()));
        assert_eq!(encode(&earlier), row);
        file.duration = Some(83_200);
        let notes = Notes::from_iter([Note::File(file), Note::Markable]);
        assert_eq!(decode::<Notes>(&encode(&notes)), Some(notes));
    }

    #[test]
    fn each_kind_is_said_once() {
        let reply = |id: &str| {
            Note::Reply(Reply {
                id: id.to_owned(),
                to: None,
                quote: String::new(),
            })
        };
        let mut notes = Notes::from_iter([reply("a"), Note::Markable, reply("b")]);
        assert_eq!(notes.reply().map(|reply| reply.id.as_str()), Some("b"));
        notes.merge(Notes::from_iter([reply("c")]));
        assert_eq!(notes.iter().count(), 2);
        notes.wipe();
        assert_eq!(notes, Notes::from_iter([Note::Markable]));
    }
}
