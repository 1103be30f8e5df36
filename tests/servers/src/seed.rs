//! What a server knows before anybody signs in.
//!
//! The same shapes are read from `seed/demo.json`, where every person, chat
//! and room of the demo is written down.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// People, what they have said to each other, and where.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Each gets an account whose password is the user name.
    pub people: Vec<Person>,
    /// History between two people.
    #[serde(default)]
    pub chats: Vec<Chat>,
    /// Rooms with their history.
    #[serde(default)]
    pub rooms: Vec<Room>,
}

/// Somebody with an account. People name each other by [`user`](Self::user).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The localpart of the address, and the password.
    pub user: String,
    /// The full name on the vCard (XEP-0292).
    pub name: String,
    /// What they call themselves (XEP-0172); [`name`](Self::name) when absent.
    pub nick: Option<String>,
    /// The job, for the vCard.
    pub title: Option<String>,
    /// Whom they work for, for the vCard.
    pub org: Option<String>,
    /// The email address, for the vCard.
    pub email: Option<String>,
    /// A sentence about themselves, for the vCard.
    pub note: Option<String>,
    /// The name of a picture in `seed/avatars`, without its suffix (XEP-0084).
    pub picture: Option<String>,
    /// Roster entries, subscribed both ways. The other side gets one too.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// Those who asked for this person's presence and have no answer yet.
    #[serde(default)]
    pub requests: Vec<String>,
    /// Rooms they keep (XEP-0402).
    #[serde(default)]
    pub bookmarks: Vec<Bookmark>,
}

/// One entry of a roster.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Who it is.
    pub user: String,
    /// What the owner of the roster calls them.
    pub name: Option<String>,
    /// The groups they are in.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A room that somebody keeps.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// The localpart of the room's address.
    pub room: String,
    /// What they call it.
    pub name: String,
    /// The nickname they use there.
    pub nick: String,
    /// Whether to join on sign-in.
    pub autojoin: bool,
}

/// What two people have written to each other, oldest first.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// The two.
    pub between: (String, String),
    /// Kept in the archives of both.
    pub messages: Vec<Line>,
}

/// A room that outlives its occupants.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The localpart of its address.
    pub room: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The subject.
    pub subject: String,
    /// Who set the subject.
    pub subject_by: String,
    /// Those with an affiliation, by user.
    pub members: BTreeMap<String, Member>,
    /// Written by members, oldest first.
    pub messages: Vec<Line>,
}

/// A person's standing in a room.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The nickname they use and have reserved.
    pub nick: String,
    /// `owner`, `admin` or `member` (XEP-0045 5.2).
    pub affiliation: String,
}

/// One message: when, by whom, and its text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Line(pub When, pub String, pub String);

/// A moment before the server started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum When {
    /// Written `42m`.
    Minutes(u32),
    /// A time of day some days before today, in the server's time zone.
    /// Written `3d 09:14`.
    Days {
        /// At least 1, so that the moment has passed.
        days: u32,
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_when(&text)
            .ok_or_else(|| format!("`{text}` is neither like `42m` nor like `3d 09:14`"))
    }
}

fn parse_when(text: &str) -> Option<When> {
    if let Some(minutes) = text.strip_suffix('m') {
        return Some(When::Minutes(minutes.parse().ok()?));
    }
    let (days, time) = text.split_once("d ")?;
    let (hour, minute) = time.split_once(':')?;
    let when = When::Days {
        days: days.parse().ok()?,
        hour: hour.parse().ok()?,
        minute: minute.parse().ok()?,
    };
    matches!(
        when,
        When::Days {
            days: 1..,
            hour: 0..24,
            minute: 0..60
        }
    )
    .then_some(when)
}

impl From<When> for String {
    fn from(when: When) -> Self {
        match when {
            When::Minutes(minutes) => format!("{minutes}m"),
            When::Days { days, hour, minute } => format!("{days}d {hour:02}:{minute:02}"),
        }
    }
}

impl Seed {
    /// The seed of `cargo xtask demo`: alice, bob, carol and dave, their
    /// friends, a week of talk and two rooms.
    ///
    /// # Errors
    /// When `seed/demo.json` isn't what this module describes, which a test
    /// rules out.
    pub fn demo() -> Result<Self> {
        serde_json::from_str(include_str!("../seed/demo.json")).context("seed/demo.json")
    }

    /// Checks that everybody who is named exists.
    pub(crate) fn check(&self) -> Result<()> {
        let exists = |user: &str| self.people.iter().any(|person| person.user == user);
        for person in &self.people {
            let contacts = person.contacts.iter().map(|contact| &contact.user);
            for user in contacts.chain(&person.requests) {
                ensure!(
                    exists(user),
                    "{} knows {user}, who isn't among the people",
                    person.user
                );
            }
        }
        for Chat {
            between: (first, second),
            messages,
        } in &self.chats
        {
            for user in [first, second]
                .into_iter()
                .chain(messages.iter().map(|line| &line.1))
            {
                ensure!(exists(user), "{user} chats, but isn't among the people");
            }
        }
        for room in &self.rooms {
            let speakers = room.messages.iter().map(|line| &line.1);
            for user in speakers.chain([&room.subject_by]) {
                ensure!(
                    room.members.contains_key(user),
                    "{user} speaks in {}, but isn't a member",
                    room.room
                );
            }
        }
        Ok(())
    }

    /// Writes the pictures that people have into `directory`.
    pub(crate) fn write_pictures(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory)?;
        for name in self
            .people
            .iter()
            .filter_map(|person| person.picture.as_deref())
        {
            let Some((_, png)) = PICTURES.iter().find(|(known, _)| *known == name) else {
                bail!("there is no picture `{name}` in seed/avatars");
            };
            fs::write(directory.join(name).with_extension("png"), png)?;
        }
        Ok(())
    }
}

/// 96 by 96 pixels, drawn from the SVG files beside them.
const PICTURES: &[(&str, &[u8])] = &[
    ("alice", include_bytes!("../seed/avatars/alice.png")),
    ("bob", include_bytes!("../seed/avatars/bob.png")),
    ("carol", include_bytes!("../seed/avatars/carol.png")),
    ("dave", include_bytes!("../seed/avatars/dave.png")),
    ("fatima", include_bytes!("../seed/avatars/fatima.png")),
    ("mei", include_bytes!("../seed/avatars/mei.png")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_holds_together() {
        let seed = Seed::demo().unwrap();
        seed.check().unwrap();
        seed.write_pictures(tempfile::tempdir().unwrap().path())
            .unwrap();
        for user in ["alice", "bob", "carol", "dave"] {
            let person = seed
                .people
                .iter()
                .find(|person| person.user == user)
                .unwrap();
            assert!(
                person.picture.is_some() && person.contacts.len() > 2,
                "{user} has too little"
            );
        }
    }

    #[test]
    fn when_reads_what_it_writes() {
        for text in ["0m", "90m", "1d 00:00", "7d 23:59"] {
            let when = When::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(when), text);
        }
        for text in [
            "", "m", "-1m", "0d 10:00", "1d 24:00", "1d 10:60", "1d", "09:14",
        ] {
            assert!(When::try_from(text.to_owned()).is_err(), "{text} was read");
        }
    }
}
