//! Why we are not in a room: what its service says, and what that means.

use crate::store::Left;

/// What an error means that answers the wish to come in (XEP-0045 7.2).
pub(super) fn of_room(condition: &str) -> Left {
    match condition {
        "conflict" => Left::NickTaken,
        "not-authorized" => Left::Password,
        "registration-required" => Left::MembersOnly,
        "forbidden" => Left::Banned(None),
        "item-not-found" | "gone" => Left::NotFound,
        "service-unavailable" => Left::Full,
        "not-allowed" => Left::NotAllowed,
        condition => of_service(condition).unwrap_or_else(|| Left::Other(condition.to_owned())),
    }
}

/// What an error means that may come from another server than the room's.
pub(super) fn of_service(condition: &str) -> Option<Left> {
    matches!(
        condition,
        "remote-server-not-found" | "remote-server-timeout" | "recipient-unavailable"
    )
    .then_some(Left::Unreachable)
}

/// What is told of messages that can't reach a room, as the condition of an error.
pub(super) fn condition(left: &Left) -> &str {
    match left {
        Left::Away | Left::Kicked(_) | Left::Unreachable => "not-acceptable",
        Left::NickTaken => "conflict",
        Left::Password => "not-authorized",
        Left::MembersOnly => "registration-required",
        Left::Banned(_) => "forbidden",
        Left::NotFound => "item-not-found",
        Left::Destroyed(..) => "gone",
        Left::Full => "service-unavailable",
        Left::NotAllowed => "not-allowed",
        Left::Other(condition) => condition,
    }
}
