//! XEP-0444 Message Reactions 0.2.1: a feeling about a message.

use jid::BareJid;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns;

use super::xep0334_hints;
use crate::envelope::{Envelope, is_said, send_change};
use crate::input::Command as AnyCommand;
use crate::module::{Ctx, Flow, Incoming, Module, Specification};
use crate::store::What;
use crate::xml::build;

/// So many emojis anybody may react with to one message.
const MOST: usize = 20;
/// The longest emoji, in bytes: a family of four with skin tones has 41.
const LONGEST: usize = 64;

/// What a person can do about what anybody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// React with these, and no longer with any other.
    React {
        /// Where.
        conversation: BareJid,
        /// The id the message is known by.
        target: String,
        /// With what.
        emojis: Vec<String>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct ReactionsModule;

impl Module for ReactionsModule {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0444",
            title: "Message Reactions",
            version: "0.2.1",
        }
    }

    fn features(&self) -> &'static [&'static str] {
        &[ns::REACTIONS]
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_>, incoming: &mut Incoming) -> Flow {
        let message = &incoming.message;
        let reactions = message.payload("reactions", ns::REACTIONS);
        let reactions = reactions.filter(|_| is_said(message));
        let target = reactions.and_then(|reactions| reactions.attr("id"));
        let (Some(reactions), Some(target)) = (reactions, target) else {
            return Flow::Continue;
        };
        let emojis = reactions
            .children()
            .filter(|child| child.is("reaction", ns::REACTIONS))
            .map(|reaction| reaction.text());
        let (target, what) = (target.to_owned(), What::React(bounded(emojis)));
        if let Some(envelope) = Envelope::open(ctx, incoming) {
            envelope.change(ctx, target, what, None);
        }
        // A text beside it is for those who don't know reactions.
        Flow::Stop
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Reaction(Command::React {
            conversation,
            target,
            emojis,
        }) = command
        else {
            return Flow::Continue;
        };
        let emojis = bounded(emojis.iter().cloned());
        let reaction = |emoji: &String| build("reaction", ns::REACTIONS).text(emoji).done();
        let reactions = build("reactions", ns::REACTIONS)
            .attr("id", target.as_str())
            .children(emojis.iter().map(reaction));
        let what = What::React(emojis);
        send_change(ctx, conversation, target, what, Vec::new(), |stanza| {
            stanza
                .payloads
                .extend([reactions.done(), xep0334_hints::store()]);
        });
        Flow::Stop
    }
}

/// Each once, no more than fit under a message, and nothing that is no emoji at all.
fn bounded(emojis: impl Iterator<Item = String>) -> Vec<String> {
    let mut bounded: Vec<String> = Vec::new();
    for emoji in emojis {
        let emoji = emoji.trim();
        let fits = !emoji.is_empty() && emoji.len() <= LONGEST && emoji.chars().all(is_harmless);
        if fits && bounded.len() < MOST && !bounded.iter().any(|known| known == emoji) {
            bounded.push(emoji.to_owned());
        }
    }
    bounded
}

/// Whether it can stand in a line without turning the rest of it around.
fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !character.is_whitespace()
        && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
