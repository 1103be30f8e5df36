//! Messages as rows: which of them begin a day, a group, the unread part.

use std::rc::Rc;

use couplet_engine::Timestamp;
use couplet_engine::store::{Message, MessageId};

/// Messages of one sender that are no further apart than this share an avatar and a name.
const GROUP_MILLISECONDS: i64 = 5 * 60 * 1000;

/// A message and what is shown around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) message: Rc<Message>,
    /// The first message of a day: the heading of the day goes before it.
    pub(super) new_day: bool,
    /// The oldest unread message: the divider goes before it.
    pub(super) first_unread: bool,
    /// The first of a group: has the avatar and the name.
    pub(super) head: bool,
    /// What is missing directly before it: which of the gaps, and since when.
    pub(super) gap: Option<(usize, Timestamp)>,
}

/// The rows of `messages`, of which `before` is the predecessor that isn't shown. `gaps` are
/// the archive's ids of the messages behind which something is missing.
/// `day_of` says which local day an instant is in.
pub(super) fn rows(
    messages: &[Rc<Message>],
    before: Option<&Rc<Message>>,
    divider: Option<&MessageId>,
    gaps: &[&str],
    day_of: impl Fn(Timestamp) -> i64,
) -> Vec<Row> {
    let mut previous = before.map(|message| (message, day_of(message.at)));
    let mut rows = Vec::with_capacity(messages.len());
    for message in messages {
        let day = day_of(message.at);
        let new_day = previous.as_ref().is_none_or(|(_, before)| *before != day);
        let first_unread = divider == Some(&message.id);
        let gap = previous.as_ref().and_then(|(before, _)| {
            let id = before.archive_id.as_deref()?;
            let gap = gaps.iter().position(|gap| *gap == id)?;
            Some((gap, before.at))
        });
        let continues = previous.as_ref().is_some_and(|(before, _)| {
            before.is_by_writer_of(message)
                && before.whispered_to() == message.whispered_to()
                && message.at.0 - before.at.0 <= GROUP_MILLISECONDS
        });
        rows.push(Row {
            message: message.clone(),
            new_day,
            first_unread,
            head: new_day || first_unread || gap.is_some() || !continues,
            gap,
        });
        previous = Some((message, day));
    }
    rows
}

#[cfg(test)]
mod tests {
    use couplet_engine::store::Direction;

    use super::*;
    use crate::components::timeline::tests::message;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn of(at: i64, direction: Direction) -> Rc<Message> {
        Rc::new(Message {
            direction,
            ..message(at)
        })
    }

    fn shape(messages: &[Rc<Message>], divider: Option<&MessageId>) -> Vec<(bool, bool, bool)> {
        let rows = rows(messages, None, divider, &[], |at| at.0.div_euclid(DAY));
        rows.iter()
            .map(|row| (row.new_day, row.first_unread, row.head))
            .collect()
    }

    #[test]
    fn one_sender_within_five_minutes_is_a_group() {
        let (them, us) = (Direction::Incoming, Direction::Outgoing);
        let messages = [
            of(0, them),
            of(5 * MINUTE, them),
            of(10 * MINUTE + 1, them),
            of(10 * MINUTE + 2, us),
            of(10 * MINUTE + 3, them),
        ];
        let heads: Vec<bool> = shape(&messages, None).iter().map(|shape| shape.2).collect();
        assert_eq!(heads, [true, false, true, true, true]);
    }

    #[test]
    fn a_day_and_the_divider_begin_a_group() {
        let them = Direction::Incoming;
        let messages = [
            of(DAY - 2, them),
            of(DAY - 1, them),
            of(DAY, them),
            of(DAY + 1, them),
        ];
        let shape = shape(&messages, Some(&messages[1].id));
        assert_eq!(shape[0], (true, false, true));
        assert_eq!(shape[1], (false, true, true));
        assert_eq!(shape[2], (true, false, true));
        assert_eq!(shape[3], (false, false, false));
    }

    #[test]
    fn a_gap_is_directly_behind_its_message() {
        let archived = |at, id: &str| {
            Rc::new(Message {
                archive_id: Some(id.to_owned()),
                ..message(at)
            })
        };
        let messages = [archived(1, "a"), archived(2, "b"), archived(3, "c")];
        let rows = rows(&messages, None, None, &["x", "b"], |at| {
            at.0.div_euclid(DAY)
        });
        let gaps: Vec<_> = rows.iter().map(|row| row.gap).collect();
        assert_eq!(gaps, [None, None, Some((1, Timestamp(2)))]);
        assert!(rows[2].head);
    }

    #[test]
    fn the_first_row_knows_what_came_before_it() {
        let before = of(0, Direction::Incoming);
        let row = of(1, Direction::Incoming);
        let rows = rows(&[row], Some(&before), None, &[], |at| at.0.div_euclid(DAY));
        assert!(!rows[0].new_day && !rows[0].head);
    }
}
