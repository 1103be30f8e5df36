//! Whom what is said in a room names: the one place that decides whether that is us.
//!
//! We are named by our occupant id (XEP-0513), by our address or the one that we have there
//! (XEP-0372), or by our name, where that stands in the text for nobody else. Whether everybody
//! is, the store decides, which knows who may.

use jid::{BareJid, Jid};

use crate::envelope::Envelope;
use crate::module::Core;
use crate::modules::{xep0372_references, xep0461_replies, xep0513_mentions};
use crate::rooms::Room;
use crate::stanza;
use crate::store::{Direction, EVERYBODY, Mention, Notes, Scope, words};

/// So many are read of a message; who names more names everybody.
const MOST: usize = 16;
/// Code points of a text behind which nobody looks for names.
const FARTHEST: u32 = 100_000;
/// Code points of a name; what is longer is none.
const LONGEST: u32 = 200;

/// Whom `stanza` names, which says `body`, and besides `notes`; `whole` is all of its text.
pub(crate) fn read(
    core: &Core,
    envelope: &Envelope,
    stanza: &stanza::Message,
    (whole, body): (&str, &str),
    notes: &Notes,
) -> Vec<Mention> {
    let room = core.rooms.get(&envelope.conversation);
    let Some(room) = room.filter(|_| envelope.scope == Scope::Room) else {
        return Vec::new();
    };
    let us = Us {
        account: core.account.as_ref(),
        conversation: &envelope.conversation,
        room,
    };
    let mut explicit: Vec<(Mention, bool)> = Vec::new();
    let told = |payload| {
        let mention = xep0372_references::read(payload).map(|mention| (mention, false));
        mention.or_else(|| xep0513_mentions::read(payload, &envelope.conversation))
    };
    for (mut mention, quiet) in stanza.payloads.iter().filter_map(told).take(MOST) {
        let Some((begin, end)) = place(stanza, (whole, body), notes, &mention) else {
            continue;
        };
        (mention.begin, mention.end) = (begin, end);
        // Both ways of naming somebody often go together.
        let same = |(known, _): &&mut (Mention, bool)| {
            end > begin
                && (known.begin, known.end) == (begin, end)
                && match mention.occupant {
                    Some(_) => known.occupant.is_none(),
                    None => known.jid.is_none(),
                }
        };
        match explicit.iter_mut().find(same) {
            Some((known, silent)) => {
                known.occupant = known.occupant.take().or(mention.occupant);
                known.jid = known.jid.take().or(mention.jid);
                *silent |= quiet;
            }
            None => explicit.push((mention, quiet)),
        }
    }
    let incoming = envelope.direction == Direction::Incoming;
    let mut mentions: Vec<Mention> = Vec::new();
    for (mut mention, quiet) in explicit {
        mention.us = incoming && !quiet && us.is_named_by(&mention);
        if incoming && (quiet || !mention.is_of_all(&envelope.conversation)) {
            (mention.jid, mention.occupant) = (None, None);
        }
        mentions.push(mention);
    }
    if incoming {
        us.by_name(body, &mut mentions);
        let answered = notes.reply().and_then(|reply| reply.to.as_ref());
        mentions.extend(answered.filter(|to| us.is(to)).map(|_| Mention {
            us: true,
            ..Mention::default()
        }));
    }
    mentions
}

/// Those of `wanted` whose names in `room` stand in `text`, and where.
pub(crate) fn write(room: &BareJid, wanted: &[Mention], text: &str) -> Vec<Mention> {
    let nick = |mention: &Mention| {
        let jid = mention.jid.as_ref().filter(|jid| jid.to_bare() == *room)?;
        let nick = jid.resource().map_or(EVERYBODY, |nick| nick.as_str());
        Some(nick.to_owned())
    };
    let nicks: Vec<_> = wanted.iter().take(MOST).map(nick).collect();
    let mut mentions: Vec<Mention> = Vec::new();
    for (mention, nick) in wanted.iter().zip(&nicks) {
        let Some(nick) = nick else { continue };
        for range in words(text, nick) {
            // It may be the beginning of somebody else's name.
            let begins = |other: &String| {
                let mut found = words(&text[range.start..], other);
                other.len() > nick.len() && found.next().is_some_and(|found| found.start == 0)
            };
            if mentions.len() < MOST && !nicks.iter().flatten().any(begins) {
                let (begin, end) = code_points(text, range);
                if mentions.iter().all(|known| is_apart(known, begin, end)) {
                    mentions.push(Mention {
                        begin,
                        end,
                        us: false,
                        ..mention.clone()
                    });
                }
            }
        }
    }
    mentions
}

struct Us<'a> {
    account: Option<&'a BareJid>,
    conversation: &'a BareJid,
    room: &'a Room,
}

impl Us<'_> {
    /// A room's id is worth more than a name, which somebody else may have taken by now.
    fn is_named_by(&self, mention: &Mention) -> bool {
        match (&mention.occupant, &self.room.occupant) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => mention.jid.as_ref().is_some_and(|jid| self.is(jid)),
        }
    }

    fn is(&self, jid: &Jid) -> bool {
        let bare = jid.to_bare();
        let nick = jid.resource().map(|nick| nick.as_str());
        Some(&bare) == self.account || bare == *self.conversation && nick == Some(&self.room.nick)
    }

    /// Where our name stands that isn't said to be anybody's.
    fn by_name(&self, body: &str, mentions: &mut Vec<Mention>) {
        let searched = &body[..body.floor_char_boundary(FARTHEST as usize)];
        for range in words(searched, &self.room.nick) {
            if mentions.len() >= MOST {
                return;
            }
            let (begin, end) = code_points(body, range);
            if mentions.iter().all(|known| is_apart(known, begin, end)) {
                mentions.push(Mention {
                    begin,
                    end,
                    us: true,
                    ..Mention::default()
                });
            }
        }
    }
}

fn is_apart(known: &Mention, begin: u32, end: u32) -> bool {
    known.end <= begin || end <= known.begin || known.end <= known.begin
}

fn code_points(text: &str, range: std::ops::Range<usize>) -> (u32, u32) {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let begin = count(&text[..range.start]);
    (begin, begin + count(&text[range]))
}

/// Where it is in what is shown of the text: `None` in what is only quoted there, which names
/// nobody.
fn place(
    stanza: &stanza::Message,
    (whole, body): (&str, &str),
    notes: &Notes,
    mention: &Mention,
) -> Option<(u32, u32)> {
    let Mention { begin, end, .. } = *mention;
    let is_inside = begin < end
        && end <= FARTHEST
        && end - begin <= LONGEST
        && whole.chars().nth(end as usize - 1).is_some();
    if !is_inside || stanza.bodies.len() > 1 {
        return Some((0, 0));
    }
    match (whole == body, notes.reply()) {
        (true, _) => Some((begin, end)),
        (false, Some(_)) if notes.file().is_none() => xep0461_replies::own(stanza, begin, end),
        (false, _) => Some((0, 0)),
    }
}
