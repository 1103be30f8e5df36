//! Whom a text names, and who counts of that what is said to us.

use std::ops::Range;

use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};

use super::timeline::Position;
use super::{
    Author, Change, Conversation, Direction, Message, MessageId, Note, Notes, Occupant, Role, Room,
    Store,
};
use crate::foreign::is_mark;

/// What stands in a text for everybody in a room.
pub const EVERYBODY: &str = "@all";

/// So many are remembered of a conversation; nobody counts more.
const MOST_UNREAD: usize = 200;

/// That a text names somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// From which code point of the text on.
    pub begin: u32,
    /// Up to which; no further than `begin` where nothing in the text stands for them.
    pub end: u32,
    /// Their address, or the one that they have in the room, whose own is everybody's; for what
    /// is ours.
    pub jid: Option<Jid>,
    /// By which the room knows them (XEP-0421); for what is ours.
    pub occupant: Option<String>,
    /// Whether it is us.
    pub us: bool,
}

impl Mention {
    /// Whether it is everybody in `room`.
    pub(crate) fn is_of_all(&self, room: &BareJid) -> bool {
        self.jid.as_ref().is_some_and(|jid| *jid == *room)
    }
}

/// Whom the versions of a message name: each by the id of its correction, the first by none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions(Vec<(String, Vec<Mention>)>);

const FIRST: &str = "";

impl Mentions {
    /// What the first version has.
    pub fn first(mentions: Vec<Mention>) -> Self {
        Self(vec![(FIRST.to_owned(), mentions)])
    }

    fn of(&self, version: &str) -> &[Mention] {
        let mut all = self.0.iter();
        let known = all.find(|(known, _)| known == version);
        known.map_or(&[], |(_, mentions)| mentions)
    }

    /// Takes over what isn't known.
    pub(super) fn merge(&mut self, others: Self) {
        for (version, mentions) in others.0 {
            if self.of(&version).is_empty() {
                self.0.push((version, mentions));
            }
        }
    }
}

impl Notes {
    /// Whom the first version names.
    pub fn mentions(&self) -> &[Mention] {
        self.all_mentions().map_or(&[], |known| known.of(FIRST))
    }

    /// The message names these, and nobody else.
    pub fn set_mentions(&mut self, mentions: Vec<Mention>) {
        match mentions.is_empty() {
            true => self.unset(&Note::Mentions(Mentions::default())),
            false => self.set(Note::Mentions(Mentions::first(mentions))),
        }
    }

    fn all_mentions(&self) -> Option<&Mentions> {
        self.iter().find_map(|note| match note {
            Note::Mentions(mentions) => Some(mentions),
            _ => None,
        })
    }
}

impl Message {
    /// Whom it names by now.
    pub fn mentions(&self) -> &[Mention] {
        let known = self.notes.all_mentions();
        known.map_or(&[], |known| known.of(self.version().unwrap_or(FIRST)))
    }

    /// Whether it is said to us more than to everybody else there.
    pub fn is_to_us(&self) -> bool {
        self.direction == Direction::Incoming && self.mentions().iter().any(|known| known.us)
    }

    /// The words of it that stand for somebody, and whether that is us; each once.
    pub fn names(&self) -> Vec<(String, bool)> {
        let mut names: Vec<(String, bool)> = Vec::new();
        for Mention { begin, end, us, .. } in self.mentions() {
            let length = end.saturating_sub(*begin) as usize;
            let name = self.body.chars().skip(*begin as usize).take(length);
            let name: String = name.collect();
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known |= us,
                None if name.trim().is_empty() => {}
                None => names.push((name, *us)),
            }
        }
        names
    }

    /// A correction of it names somebody else.
    pub(super) fn correct_mentions(&mut self, change: &Change) {
        if !change.mentions.is_empty() {
            let later = Mentions(vec![(change.id.clone(), change.mentions.clone())]);
            self.notes.merge_mentions(later);
        }
        let Some(mut known) = self.notes.all_mentions().cloned() else {
            return;
        };
        let kept = |id: &String| self.corrections().iter().any(|known| known.id == *id);
        known.0.retain(|(id, _)| id == FIRST || kept(id));
        self.notes.set(Note::Mentions(known));
    }

    /// It takes over whom one names that was here in its place.
    pub(super) fn take_over_mentions(&mut self, others: &Notes) {
        if let Some(others) = others.all_mentions() {
            self.notes.merge_mentions(others.clone());
        }
    }
}

impl Room {
    /// Whether `writer` may name everybody: anybody where only those come in who belong there,
    /// elsewhere who runs it.
    pub fn lets_name_all(&self, writer: Option<&Occupant>) -> bool {
        self.members_only || writer.is_some_and(|writer| writer.role == Role::Moderator)
    }
}

impl Store {
    /// Whether what is said to everybody is said to us.
    pub(super) fn settle_message(&self, message: &mut Message) {
        let mut mentions = message.notes.mentions().to_vec();
        if message.direction == Direction::Incoming
            && self.settle_mentions(&message.conversation, &message.author(), &mut mentions)
        {
            message.notes.set_mentions(mentions);
        }
    }

    /// The same of what `author` says in `room`; false if that names nobody else.
    pub(super) fn settle_mentions(
        &self,
        room: &BareJid,
        author: &Author,
        mentions: &mut [Mention],
    ) -> bool {
        let mut of_all = mentions.iter_mut().filter(|known| known.is_of_all(room));
        let (Some(known), Some(first)) = (self.rooms.get(room), of_all.next()) else {
            return false;
        };
        let all = known.occupants.at(0..known.occupants.len());
        let writer = match author {
            Author::Person(_) => None,
            Author::Nick(jid) => known.occupants.get(jid.resource().as_str()),
            Author::Occupant(id) => all.iter().find(|known| known.id.as_ref() == Some(id)),
        };
        if writer.is_some_and(|writer| writer.nick == known.nick) {
            return false;
        }
        let us = known.lets_name_all(writer.map(|writer| &**writer));
        for mention in std::iter::once(first).chain(of_all) {
            (mention.us, mention.jid) = (us, None);
        }
        true
    }
}

impl Conversation {
    /// Whether there is something that nobody has read.
    pub fn is_to_be_read(&self) -> bool {
        self.unread > 0 || !self.to_us.is_empty()
    }

    /// How many messages are said to us that nobody has read.
    pub fn mentions(&self) -> u32 {
        u32::try_from(self.to_us.len()).unwrap_or(u32::MAX)
    }

    /// Those messages, oldest first.
    pub fn to_us(&self) -> &[MessageId] {
        &self.to_us
    }

    /// What is at `position` has become something else: whether it is said to us, too.
    pub(super) fn recount_mention(&mut self, position: Position) {
        let counted = |message: &Message| self.to_us.contains(&message.id);
        if self.is_unread(position) || self.timeline.at(position).is_some_and(counted) {
            self.count_mention(position);
        }
    }

    /// What is at `position` is to be read; it may have been before.
    pub(super) fn count_mention(&mut self, position: Position) {
        let Some(message) = self.timeline.at(position) else {
            return;
        };
        let (id, counts) = (message.id.clone(), message.is_to_us());
        self.to_us.retain(|known| *known != id);
        if counts && self.to_us.len() < MOST_UNREAD {
            let later = |known: &MessageId| self.timeline.position(known) > Some(position);
            let place = self.to_us.iter().position(later);
            self.to_us.insert(place.unwrap_or(self.to_us.len()), id);
        }
    }

    /// It is read.
    pub(super) fn uncount_mention(&mut self, position: Position) {
        if let Some(message) = self.timeline.at(position) {
            self.to_us.retain(|known| *known != message.id);
        }
    }

    /// Everything up to `displayed` is.
    pub(super) fn uncount_mentions(&mut self, displayed: Position) {
        let timeline = &self.timeline;
        let later = |known: &MessageId| timeline.position(known) > Some(displayed);
        self.to_us.retain(later);
    }
}

/// Where `name` stands in `text` as a word of its own, whatever its case; in bytes.
pub fn words<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(first) = text[from..].chars().next() {
            let start = from;
            let end = length(&text[start..], name).map(|length| start + length);
            match end.filter(|end| is_word(text, start..*end)) {
                Some(end) => {
                    from = end;
                    return Some(start..end);
                }
                None => from += first.len_utf8(),
            }
        }
        None
    })
}

/// How much of the beginning of `text` is `name`.
fn length(text: &str, name: &str) -> Option<usize> {
    let mut rest = name.chars().flat_map(char::to_lowercase).peekable();
    for (place, character) in text.char_indices() {
        for lower in character.to_lowercase() {
            if rest.next() != Some(lower) {
                return None;
            }
        }
        if rest.peek().is_none() {
            return Some(place + character.len_utf8());
        }
    }
    None
}

/// Whether no word goes on before or behind it.
fn is_word(text: &str, range: Range<usize>) -> bool {
    let inside = &text[range.clone()];
    let (before, after) = (
        text[..range.start].chars().next_back(),
        text[range.end..].chars().next(),
    );
    // Between two of these it is emphasised (XEP-0393 5.2.3).
    let emphasised = before == Some('_') && after == Some('_');
    let alone = inside.chars().nth(1).is_none();
    let goes_on = |next: Option<char>, edge: Option<char>| match next {
        Some('_') => !emphasised,
        Some(next) if next.is_alphanumeric() => {
            let unspaced = is_unspaced(next) || edge.is_some_and(is_unspaced);
            // One such character is a part of many words.
            !unspaced || alone
        }
        Some(next) => is_mark(next),
        None => false,
    };
    !goes_on(before, inside.chars().next()) && !goes_on(after, inside.chars().next_back())
}

/// Whether it is of a script that has no spaces between words, or joins particles to names.
fn is_unspaced(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_of_an_earlier_release_is_read() {
        let mut conversation = Conversation::default();
        conversation.to_us.push(MessageId("m1".to_owned()));
        let read = Conversation::restore(&conversation.row()).unwrap();
        assert_eq!(read.to_us, conversation.to_us);
        let row = Conversation::default().row();
        // Two empty lists.
        let read = Conversation::restore(&row[..row.len() - 2]).unwrap();
        assert!(!read.is_to_be_read());
    }

    #[test]
    fn a_name_is_a_word() {
        let named = |text: &str, name: &str| words(text, name).next().is_some();
        for text in [
            "alice",
            "Alice: hi",
            "is @ALICE here?",
            "malice, alice",
            "_alice_",
        ] {
            assert!(named(text, "alice"), "{text}");
        }
        for text in [
            "",
            "malice",
            "alices",
            "ali ce",
            "alice_",
            "alice\u{301}",
            "аlice",
        ] {
            assert!(!named(text, "alice"), "{text}");
        }
        assert!(named("ask Zoë B.", "zoë b."));
        assert!(named("アリスさん、こんにちは", "アリス"));
        assert!(named("小明你好", "小明"));
        assert!(named("@bobさん", "Bob"));
        assert!(!named("明天", "明"), "it is in many words");
        assert!(named("ИРИНА!", "Ирина"));
        assert!(!named("anything", ""));
    }

    #[test]
    fn each_place_is_found_in_no_time() {
        let found: Vec<_> = words("bob, Bob and bobby", "bob").collect();
        assert_eq!(found, [0..3, 5..8]);
        let hostile = "é".repeat(100_000);
        assert_eq!(words(&hostile, "é").count(), 0);
    }
}
