//! Answering a message: which one, and what stands for it where it isn't known.

use couplet_engine::foreign::tame;
use couplet_engine::store::{Message, Note, Notes, Reply, Scope};
use jid::{BareJid, Jid};

use super::{State, Target};
use crate::components::message_text::gist;
use crate::i18n::t_with;

/// So many lines of a message stand for it, and so many characters.
const QUOTED_LINES: usize = 3;
const QUOTED_CHARACTERS: usize = 200;

impl State {
    /// What is written next to whom this is from answers it.
    pub(crate) fn answer(&self, message: &Message) {
        let Some(id) = message.answered_as() else {
            return;
        };
        // What is hidden stays so for whoever reads the quotation.
        let in_short = message.spoiler().is_some() || message.caption().is_empty();
        let text = match in_short {
            true => gist(self, message),
            false => message.caption().to_owned(),
        };
        let reply = Reply {
            id: id.to_owned(),
            to: Some(message.from.clone()),
            quote: [&self.author(message), ":\n", &quotation(&text)].concat(),
        };
        let mut notes = self.draft_notes(&message.conversation);
        notes.set(Note::Reply(reply));
        if message.scope == Scope::Whisper {
            let whisper = self.whisper_about(message);
            notes.extend(whisper.map(Note::Whisper));
        }
        // Who edits something has stopped to.
        self.edit(None);
        self.keep_notes(&message.conversation, notes);
        let (name, text) = (self.author(message), gist(self, message));
        self.announce(&t_with("reply.quote", &[("name", &name), ("text", &text)]));
    }

    /// It answers nothing in particular.
    pub(crate) fn answer_nothing(&self, conversation: &BareJid) {
        let notes = self.draft_notes(conversation);
        let rest = notes.iter().filter(|note| !matches!(note, Note::Reply(_)));
        self.keep_notes(conversation, rest.cloned().collect::<Notes>());
    }

    /// Shows the message that another one in the conversation answers.
    pub(crate) fn go_to_answered(&self, conversation: &BareJid, reply: &Reply) {
        self.go_to(conversation, Target::Answered(reply.clone()));
    }

    /// The name of whoever wrote it.
    pub(crate) fn author(&self, message: &Message) -> String {
        self.author_of(&message.from, message.scope == Scope::Person)
    }

    /// The name of whom a reply says that it is to, if it does, in a room or to a person.
    pub(crate) fn author_answered(&self, conversation: &BareJid, reply: &Reply) -> Option<String> {
        let person = self.store().room(conversation).is_none();
        let to = reply.to.as_ref()?;
        // Nobody speaks for anybody who isn't there.
        let known = to.to_bare() == *conversation || Some(to.to_bare()) == self.me();
        known.then(|| self.author_of(to, person))
    }

    fn author_of(&self, from: &Jid, person: bool) -> String {
        match from.resource().filter(|_| !person) {
            Some(nick) => tame(nick).into_owned(),
            None => self.store().name(&from.to_bare()).to_owned(),
        }
    }
}

/// The beginning of a text, for those who don't know replies.
fn quotation(text: &str) -> String {
    let text = text.trim();
    let lines: Vec<&str> = text.lines().take(QUOTED_LINES).collect();
    let lines = lines.join("\n");
    let mut quoted: String = lines.chars().take(QUOTED_CHARACTERS).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::quotation;

    #[test]
    fn a_quotation_is_the_beginning() {
        assert_eq!(quotation(" one\ntwo "), "one\ntwo");
        assert_eq!(quotation("1\n2\n3\n4"), "1\n2\n3…");
        assert_eq!(quotation(&"é".repeat(500)).chars().count(), 201);
        assert_eq!(quotation(""), "");
    }
}
