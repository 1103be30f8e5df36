//! A person's command as an array that a browser can clone: its name and what goes with it.

use couplet_engine::codec::{decode, encode};
use couplet_engine::modules::{
    rfc6121_message as message, rfc6121_presence as presence, rfc6121_roster as roster,
    xep0045_muc as muc, xep0045_muc::admin, xep0055_search as search, xep0077_account as account,
    xep0084_avatar as avatar, xep0085_chat_states as chat_states,
    xep0153_vcard_avatars as card_avatars, xep0172_nickname as nickname,
    xep0191_blocking as blocking, xep0223_conversations as conversations,
    xep0223_privacy as privacy, xep0227_export as export, xep0249_invitations as invitations,
    xep0292_vcard4 as card, xep0308_correction as correction, xep0313_archive as archive,
    xep0363_upload as upload, xep0402_bookmarks as bookmarks, xep0424_retraction as retraction,
    xep0425_moderation as moderation, xep0444_reactions as reactions,
};
use couplet_engine::store::{
    Affiliation, Availability, CardField, Hear, MessageId, Muted, Privacy, Reason, Report, Role,
    Standing, Wishes,
};
use couplet_engine::{Command, SessionCommand, Timestamp};
use jid::BareJid;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::message::{list, maybe, number, read_bytes, write_bytes};
use super::notes;

/// By their places.
const HEARD: [Hear; 3] = [Hear::All, Hear::Mentions, Hear::Nothing];

/// By their places.
const ROLES: [Option<Role>; 4] = [
    None,
    Some(Role::Visitor),
    Some(Role::Participant),
    Some(Role::Moderator),
];

/// By their places.
const AFFILIATIONS: [Affiliation; 5] = [
    Affiliation::None,
    Affiliation::Member,
    Affiliation::Admin,
    Affiliation::Owner,
    Affiliation::Outcast,
];

/// By their places.
pub(super) const AVAILABILITIES: [Availability; 5] = [
    Availability::Available,
    Availability::Chatty,
    Availability::Away,
    Availability::DoNotDisturb,
    Availability::ExtendedAway,
];

/// Where in `list` it is; at its beginning, if nowhere.
pub(super) fn place_of<T: PartialEq>(list: &[T], wanted: &T) -> u32 {
    let place = list.iter().position(|listed| listed == wanted);
    place.unwrap_or_default() as u32
}

pub(crate) fn write(command: &Command) -> JsValue {
    let (name, jid, more) = match command {
        // Whoever signs in leads: there is nobody to be told.
        Command::Session(SessionCommand::SignIn { .. } | SessionCommand::AccountDeleted) => {
            return JsValue::NULL;
        }
        Command::Session(SessionCommand::SignOut) => ("out", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::RetryNow) => ("now", None, [JsValue::NULL, JsValue::NULL]),
        Command::Session(SessionCommand::NetworkChanged { online }) => {
            ("network", None, [(*online).into(), JsValue::NULL])
        }
        Command::Session(SessionCommand::Visible(visible)) => {
            ("visible", None, [(*visible).into(), JsValue::NULL])
        }
        Command::Roster(roster::Command::Add { jid, name }) => {
            ("add", Some(jid), [maybe(name.as_deref()), JsValue::NULL])
        }
        Command::Roster(roster::Command::Edit { jid, name, groups }) => {
            let groups: Vec<JsValue> = groups.iter().map(Into::into).collect();
            ("edit", Some(jid), [maybe(name.as_deref()), list(&groups)])
        }
        Command::Roster(roster::Command::Remove { jid }) => {
            ("remove", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Presence(presence::Command::Set {
            availability,
            status,
        }) => {
            let place = place_of(&AVAILABILITIES, availability);
            ("presence", None, [place.into(), maybe(status.as_deref())])
        }
        Command::Presence(presence::Command::Accept { jid }) => {
            ("accept", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Presence(presence::Command::Deny { jid }) => {
            ("deny", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Presence(presence::Command::Revoke { jid }) => {
            ("revoke", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Message(message::Command::Send { to, body, .. }) => {
            ("send", Some(to), [body.into(), JsValue::NULL])
        }
        Command::Message(message::Command::Retry {
            conversation,
            id,
            body,
            ..
        }) => ("again", Some(conversation), [(&id.0).into(), body.into()]),
        Command::Message(message::Command::Discard { conversation, id }) => (
            "discard",
            Some(conversation),
            [(&id.0).into(), JsValue::NULL],
        ),
        Command::Message(message::Command::MarkRead {
            conversation,
            newest,
        }) => {
            let more = [
                maybe(newest.archive_id.as_deref()),
                maybe(newest.marker.as_deref()),
            ];
            ("read", Some(conversation), more)
        }
        Command::ChatState(chat_states::Command::Typing { to, typing }) => {
            ("typing", Some(to), [(*typing).into(), JsValue::NULL])
        }
        Command::Archive(archive::Command::Older {
            conversation,
            before,
            until,
        }) => {
            let more = [maybe(before.as_deref()), maybe(until.as_deref())];
            ("older", Some(conversation), more)
        }
        Command::Archive(archive::Command::Around { conversation, at }) => (
            "around",
            Some(conversation),
            [(at.0 as f64).into(), JsValue::NULL],
        ),
        Command::Archive(archive::Command::Original {
            conversation,
            id,
            at,
            known,
        }) => {
            let known = known.iter().map(Into::into);
            let known: Vec<JsValue> = std::iter::once((at.0 as f64).into()).chain(known).collect();
            (
                "original",
                Some(conversation),
                [(&id.0).into(), list(&known)],
            )
        }
        Command::Correction(correction::Command::Correct {
            conversation,
            target,
            body,
            ..
        }) => ("correct", Some(conversation), [target.into(), body.into()]),
        Command::Retraction(retraction::Command::Retract {
            conversation,
            id,
            target,
        }) => (
            "retract",
            Some(conversation),
            [(&id.0).into(), target.into()],
        ),
        Command::Reaction(reactions::Command::React {
            conversation,
            target,
            emojis,
        }) => {
            // There is no white space in an emoji.
            let emojis = emojis.join(" ");
            ("react", Some(conversation), [target.into(), emojis.into()])
        }
        Command::Muc(muc::Command::Join {
            room,
            nick,
            password,
        }) => {
            let more = [maybe(nick.as_deref()), maybe(password.as_deref())];
            ("join", Some(room), more)
        }
        Command::Muc(muc::Command::Leave { room }) => {
            ("leave", Some(room), [JsValue::NULL, JsValue::NULL])
        }
        Command::Bookmark(bookmarks::Command::Hear { room, hear }) => {
            let hear = place_of(&HEARD, hear);
            ("hear", Some(room), [hear.into(), JsValue::NULL])
        }
        Command::Muc(muc::Command::Subject { room, subject }) => {
            ("subject", Some(room), [subject.into(), JsValue::NULL])
        }
        Command::Muc(muc::Command::Nick { room, nick }) => {
            ("nick", Some(room), [nick.into(), JsValue::NULL])
        }
        Command::Muc(muc::Command::Service) => {
            ("roomService", None, [JsValue::NULL, JsValue::NULL])
        }
        Command::Muc(muc::Command::Browse {
            request,
            service,
            after,
        }) => {
            let more = [request.into(), maybe(after.as_deref())];
            ("browse", Some(service), more)
        }
        Command::Muc(muc::Command::Describe { rooms }) => {
            let rooms: Vec<JsValue> = rooms.iter().map(|room| room.as_str().into()).collect();
            ("describe", None, [list(&rooms), JsValue::NULL])
        }
        Command::Muc(muc::Command::Make(new)) => {
            ("make", None, [write_bytes(&encode(new)), JsValue::NULL])
        }
        Command::Muc(muc::Command::Settings { request, room }) => {
            ("roomSettings", Some(room), [request.into(), JsValue::NULL])
        }
        Command::Muc(muc::Command::Configure {
            request,
            room,
            answer,
        }) => {
            let answer = write_bytes(&encode(answer));
            ("configure", Some(room), [request.into(), answer])
        }
        Command::RoomAdmin(admin::Command::Set {
            request,
            room,
            standing,
            reason,
        }) => {
            let standing = write_standing(standing, reason.as_deref());
            ("standing", Some(room), [request.into(), standing])
        }
        Command::RoomAdmin(admin::Command::List {
            request,
            room,
            affiliation,
        }) => {
            let affiliation = place_of(&AFFILIATIONS, affiliation);
            ("who", Some(room), [request.into(), affiliation.into()])
        }
        Command::RoomAdmin(admin::Command::Destroy {
            request,
            room,
            alternative,
            reason,
        }) => {
            let alternative = maybe(alternative.as_ref().map(|jid| jid.as_str()));
            let more = list(&[alternative, maybe(reason.as_deref())]);
            ("destroy", Some(room), [request.into(), more])
        }
        Command::Moderation(moderation::Command::Remove {
            request,
            room,
            targets,
            reason,
        }) => {
            let targets = targets.iter().map(Into::into);
            let more: Vec<JsValue> = std::iter::once(maybe(reason.as_deref()))
                .chain(targets)
                .collect();
            ("moderate", Some(room), [request.into(), list(&more)])
        }
        Command::Invitation(invitations::Command::Decline { room }) => {
            ("decline", Some(room), [JsValue::NULL, JsValue::NULL])
        }
        Command::Conversation(conversations::Command::Wish {
            conversation,
            wishes,
        }) => {
            let wishes = write_wishes(*wishes);
            ("wish", Some(conversation), [wishes, JsValue::NULL])
        }
        Command::Archive(archive::Command::Clear {
            conversation,
            newest,
            known,
        }) => {
            let known: Vec<JsValue> = known.iter().map(Into::into).collect();
            let more = [(newest.0 as f64).into(), list(&known)];
            ("clear", Some(conversation), more)
        }
        Command::Privacy(privacy::Command::Want(wanted)) => {
            let chosen = write_privacy(*wanted);
            ("privacy", None, [chosen, JsValue::NULL])
        }
        Command::Export(export::Command::Begin { export }) => {
            ("export", None, [export.into(), JsValue::NULL])
        }
        Command::Export(export::Command::Stop) => {
            ("noExport", None, [JsValue::NULL, JsValue::NULL])
        }
        Command::Account(account::Command::ChangePassword { request }) => {
            ("password", None, [request.into(), JsValue::NULL])
        }
        Command::Account(account::Command::Delete { request }) => {
            ("delete", None, [request.into(), JsValue::NULL])
        }
        Command::Blocking(blocking::Command::Block { jid, report }) => {
            let report = report.as_ref().map(write_report);
            ("block", Some(jid), [report.into(), JsValue::NULL])
        }
        Command::Blocking(blocking::Command::Unblock { jid }) => {
            ("unblock", Some(jid), [JsValue::NULL, JsValue::NULL])
        }
        Command::Search(search::Command::Open) => {
            ("directory", None, [JsValue::NULL, JsValue::NULL])
        }
        Command::Search(search::Command::Find { search, text }) => {
            ("find", None, [search.into(), text.into()])
        }
        Command::Upload(upload::Command::Request(request)) => {
            let file = list(&[
                (&request.name).into(),
                (request.size as f64).into(),
                (&request.media_type).into(),
            ]);
            ("upload", None, [(&request.upload).into(), file])
        }
        Command::Avatar(avatar::Command::Set { request, picture }) => {
            let picture = picture.as_ref().map(write_picture);
            let picture = picture.unwrap_or(JsValue::NULL);
            ("picture", None, [request.into(), picture])
        }
        Command::CardAvatars(card_avatars::Command::Show { room, occupants }) => {
            let told = occupants.iter();
            let told = told.flat_map(|(nick, hash)| [nick.into(), hash.into()]);
            let told: Vec<JsValue> = told.collect();
            ("faces", Some(room), [list(&told), JsValue::NULL])
        }
        Command::Nickname(nickname::Command::Set { request, nickname }) => {
            let more = [request.into(), maybe(nickname.as_deref())];
            ("nickname", None, more)
        }
        Command::Card(card::Command::Save(change)) => {
            let fields = change.fields.iter();
            let fields = fields.flat_map(|(field, text)| {
                let field = place_of(&CardField::ALL, field);
                [field.into(), text.into()]
            });
            let fields: Vec<JsValue> = fields.collect();
            ("card", None, [(&change.request).into(), list(&fields)])
        }
        Command::Look { jid, devices } => {
            let devices: Vec<JsValue> = devices.iter().map(Into::into).collect();
            ("look", Some(jid), [list(&devices), JsValue::NULL])
        }
        // Only the engine itself wants these.
        Command::Card(card::Command::Begin(_))
        | Command::OldCard(_)
        | Command::Conversation(conversations::Command::Cleared { .. }) => return JsValue::NULL,
        Command::Muc(
            muc::Command::Return { .. }
            | muc::Command::Rejoin { .. }
            | muc::Command::GiveUp { .. }
            | muc::Command::Entered { .. }
            | muc::Command::Made { .. }
            | muc::Command::Follow { .. },
        ) => return JsValue::NULL,
    };
    let [first, second] = more;
    list(&[
        name.into(),
        maybe(jid.map(|jid| jid.as_str())),
        first,
        second,
        said_besides(command),
    ])
}

fn write_wishes(wishes: Wishes) -> JsValue {
    let muted = wishes.muted.map(|muted| match muted {
        Muted::Until(end) => end.0 as f64,
        Muted::Forever => f64::INFINITY,
    });
    list(&[
        wishes.pinned.into(),
        wishes.archived.map(|at| at.0 as f64).into(),
        muted.into(),
        wishes.unread.into(),
        wishes.known.into(),
        wishes.cleared.map(|at| at.0 as f64).into(),
    ])
}

fn write_privacy(wanted: Privacy) -> JsValue {
    list(&[
        wanted.receipts.into(),
        wanted.markers.into(),
        wanted.typing.into(),
        wanted.strangers.into(),
    ])
}

fn read_privacy(parts: &JsValue) -> Option<Privacy> {
    let parts = Array::from(parts);
    let yes = |place| parts.get(place).as_bool();
    Some(Privacy {
        receipts: yes(0)?,
        markers: yes(1)?,
        typing: yes(2)?,
        strangers: yes(3)?,
        only_here: false,
    })
}

/// What it is about, and the messages that show it.
fn write_report(report: &Report) -> JsValue {
    let messages = report.messages.iter().map(|id| id.as_str().into());
    let parts: Vec<JsValue> = std::iter::once((report.reason == Reason::Abuse).into())
        .chain(messages)
        .collect();
    list(&parts)
}

fn read_report(parts: &JsValue) -> Option<Report> {
    let parts = parts.dyn_ref::<Array>()?;
    let mut parts = parts.iter();
    let reason = match parts.next()?.as_bool()? {
        true => Reason::Abuse,
        false => Reason::Spam,
    };
    let messages = parts.filter_map(|id| id.as_string()).collect();
    Some(Report { reason, messages })
}

/// Whether it is what they may do, who, what, and why.
fn write_standing(standing: &Standing, reason: Option<&str>) -> JsValue {
    let (by_nick, who, place) = match standing {
        Standing::Role(nick, role) => (true, nick.as_str(), place_of(&ROLES, role)),
        Standing::Affiliation(jid, affiliation) => {
            (false, jid.as_str(), place_of(&AFFILIATIONS, affiliation))
        }
    };
    list(&[by_nick.into(), who.into(), place.into(), maybe(reason)])
}

fn read_standing(parts: &Array) -> Option<Standing> {
    let who = parts.get(1).as_string()?;
    let place = number(&parts.get(2))? as usize;
    Some(match parts.get(0).as_bool()? {
        true => Standing::Role(who, *ROLES.get(place)?),
        false => Standing::Affiliation(who.parse().ok()?, *AFFILIATIONS.get(place)?),
    })
}

fn write_picture(picture: &avatar::Picture) -> JsValue {
    list(&[
        Uint8Array::from(picture.bytes.as_slice()).into(),
        (&picture.media_type).into(),
        picture.side.into(),
    ])
}

fn read_picture(parts: &JsValue) -> Option<avatar::Picture> {
    let parts = parts.dyn_ref::<Array>()?;
    Some(avatar::Picture {
        bytes: parts.get(0).dyn_into::<Uint8Array>().ok()?.to_vec(),
        media_type: parts.get(1).as_string()?,
        side: number(&parts.get(2))?,
    })
}

fn read_change(request: String, fields: &JsValue) -> card::Change {
    let fields: Vec<_> = Array::from(fields).to_vec();
    let pair = |pair: &[JsValue]| {
        let field = number(pair.first()?)? as usize;
        Some((*CardField::ALL.get(field)?, pair.get(1)?.as_string()?))
    };
    card::Change {
        request,
        fields: fields.chunks(2).filter_map(pair).collect(),
    }
}

fn read_request(upload: String, file: &JsValue) -> Option<upload::Request> {
    let file = Array::from(file);
    Some(upload::Request {
        upload,
        name: file.get(0).as_string()?,
        size: file.get(1).as_f64()? as u64,
        media_type: file.get(2).as_string()?,
    })
}

fn read_wishes(parts: &JsValue) -> Option<Wishes> {
    let parts = Array::from(parts);
    let muted = parts.get(2).as_f64().map(|end| match end {
        f64::INFINITY => Muted::Forever,
        end => Muted::Until(Timestamp(end as i64)),
    });
    Some(Wishes {
        pinned: parts.get(0).as_bool()?,
        archived: parts.get(1).as_f64().map(|at| Timestamp(at as i64)),
        muted,
        unread: parts.get(3).as_bool()?,
        known: parts.get(4).as_bool()?,
        cleared: parts.get(5).as_f64().map(|at| Timestamp(at as i64)),
    })
}

/// What goes with a text.
fn said_besides(command: &Command) -> JsValue {
    match command {
        Command::Message(
            message::Command::Send { notes, .. } | message::Command::Retry { notes, .. },
        )
        | Command::Correction(correction::Command::Correct { notes, .. }) => notes::write(notes),
        _ => JsValue::NULL,
    }
}

pub(crate) fn read(parts: &JsValue) -> Option<Command> {
    let parts = Array::from(parts);
    let text = |place| parts.get(place).as_string();
    let yes = || parts.get(2).as_bool();
    let jid = text(1).and_then(|jid| jid.parse::<BareJid>().ok());
    let name = text(0)?;
    let notes = || notes::read(&parts.get(4));
    Some(match (name.as_str(), jid) {
        ("out", _) => Command::Session(SessionCommand::SignOut),
        ("now", _) => Command::Session(SessionCommand::RetryNow),
        ("network", _) => Command::Session(SessionCommand::NetworkChanged { online: yes()? }),
        ("visible", _) => Command::Session(SessionCommand::Visible(yes()?)),
        ("presence", _) => Command::Presence(presence::Command::Set {
            availability: *AVAILABILITIES.get(number(&parts.get(2))? as usize)?,
            status: text(3),
        }),
        ("privacy", _) => {
            let wanted = read_privacy(&parts.get(2))?;
            Command::Privacy(privacy::Command::Want(wanted))
        }
        ("password", _) => Command::Account(account::Command::ChangePassword { request: text(2)? }),
        ("export", _) => Command::Export(export::Command::Begin { export: text(2)? }),
        ("noExport", _) => Command::Export(export::Command::Stop),
        ("delete", _) => Command::Account(account::Command::Delete { request: text(2)? }),
        ("directory", _) => Command::Search(search::Command::Open),
        ("find", _) => Command::Search(search::Command::Find {
            search: text(2)?,
            text: text(3)?,
        }),
        ("upload", _) => {
            let request = read_request(text(2)?, &parts.get(3))?;
            Command::Upload(upload::Command::Request(request))
        }
        ("picture", _) => Command::Avatar(avatar::Command::Set {
            request: text(2)?,
            picture: read_picture(&parts.get(3)),
        }),
        ("card", _) => {
            let change = read_change(text(2)?, &parts.get(3));
            Command::Card(card::Command::Save(change))
        }
        ("look", Some(jid)) => Command::Look {
            jid,
            devices: Array::from(&parts.get(2))
                .iter()
                .filter_map(|device| device.as_string())
                .collect(),
        },
        ("nickname", _) => Command::Nickname(nickname::Command::Set {
            request: text(2)?,
            nickname: text(3),
        }),
        ("add", Some(jid)) => Command::Roster(roster::Command::Add { jid, name: text(2) }),
        ("edit", Some(jid)) => Command::Roster(roster::Command::Edit {
            jid,
            name: text(2),
            groups: Array::from(&parts.get(3))
                .iter()
                .filter_map(|group| group.as_string())
                .collect(),
        }),
        ("remove", Some(jid)) => Command::Roster(roster::Command::Remove { jid }),
        ("accept", Some(jid)) => Command::Presence(presence::Command::Accept { jid }),
        ("deny", Some(jid)) => Command::Presence(presence::Command::Deny { jid }),
        ("revoke", Some(jid)) => Command::Presence(presence::Command::Revoke { jid }),
        ("send", Some(to)) => Command::Message(message::Command::Send {
            to,
            body: text(2)?,
            notes: notes(),
        }),
        ("again", Some(conversation)) => Command::Message(message::Command::Retry {
            conversation,
            id: MessageId(text(2)?),
            body: text(3)?,
            notes: notes(),
        }),
        ("discard", Some(conversation)) => Command::Message(message::Command::Discard {
            conversation,
            id: MessageId(text(2)?),
        }),
        ("read", Some(conversation)) => Command::Message(message::Command::MarkRead {
            conversation,
            newest: message::Newest {
                archive_id: text(2),
                marker: text(3),
            },
        }),
        ("typing", Some(to)) => {
            Command::ChatState(chat_states::Command::Typing { to, typing: yes()? })
        }
        ("older", Some(conversation)) => Command::Archive(archive::Command::Older {
            conversation,
            before: text(2),
            until: text(3),
        }),
        ("around", Some(conversation)) => Command::Archive(archive::Command::Around {
            conversation,
            at: Timestamp(parts.get(2).as_f64()? as i64),
        }),
        ("original", Some(conversation)) => {
            let more = Array::from(&parts.get(3));
            let known = more.iter().skip(1).filter_map(|id| id.as_string());
            Command::Archive(archive::Command::Original {
                conversation,
                id: MessageId(text(2)?),
                at: Timestamp(more.get(0).as_f64()? as i64),
                known: known.collect(),
            })
        }
        ("clear", Some(conversation)) => Command::Archive(archive::Command::Clear {
            conversation,
            newest: Timestamp(parts.get(2).as_f64()? as i64),
            known: Array::from(&parts.get(3))
                .iter()
                .filter_map(|id| id.as_string())
                .collect(),
        }),
        ("correct", Some(conversation)) => Command::Correction(correction::Command::Correct {
            conversation,
            target: text(2)?,
            body: text(3)?,
            notes: notes(),
        }),
        ("retract", Some(conversation)) => Command::Retraction(retraction::Command::Retract {
            conversation,
            id: MessageId(text(2)?),
            target: text(3)?,
        }),
        ("react", Some(conversation)) => Command::Reaction(reactions::Command::React {
            conversation,
            target: text(2)?,
            emojis: text(3)?.split_whitespace().map(str::to_owned).collect(),
        }),
        ("join", Some(room)) => Command::Muc(muc::Command::Join {
            room,
            nick: text(2),
            password: text(3),
        }),
        ("faces", Some(room)) => {
            let told = Array::from(&parts.get(2));
            let told = told.iter().filter_map(|part| part.as_string());
            let told: Vec<String> = told.collect();
            let pairs = told.chunks_exact(2);
            let pairs = pairs.map(|pair| (pair[0].clone(), pair[1].clone()));
            Command::CardAvatars(card_avatars::Command::Show {
                room,
                occupants: pairs.collect(),
            })
        }
        ("leave", Some(room)) => Command::Muc(muc::Command::Leave { room }),
        ("standing", Some(room)) => {
            let more = Array::from(&parts.get(3));
            Command::RoomAdmin(admin::Command::Set {
                request: text(2)?,
                room,
                standing: read_standing(&more)?,
                reason: more.get(3).as_string(),
            })
        }
        ("who", Some(room)) => Command::RoomAdmin(admin::Command::List {
            request: text(2)?,
            room,
            affiliation: *AFFILIATIONS.get(number(&parts.get(3))? as usize)?,
        }),
        ("destroy", Some(room)) => {
            let more = Array::from(&parts.get(3));
            let alternative = more.get(0).as_string();
            Command::RoomAdmin(admin::Command::Destroy {
                request: text(2)?,
                room,
                alternative: alternative.and_then(|jid| jid.parse().ok()),
                reason: more.get(1).as_string(),
            })
        }
        ("moderate", Some(room)) => {
            let more = Array::from(&parts.get(3));
            Command::Moderation(moderation::Command::Remove {
                request: text(2)?,
                room,
                targets: more
                    .iter()
                    .skip(1)
                    .filter_map(|id| id.as_string())
                    .collect(),
                reason: more.get(0).as_string(),
            })
        }
        ("hear", Some(room)) => Command::Bookmark(bookmarks::Command::Hear {
            room,
            hear: *HEARD.get(number(&parts.get(2))? as usize)?,
        }),
        ("subject", Some(room)) => Command::Muc(muc::Command::Subject {
            room,
            subject: text(2)?,
        }),
        ("nick", Some(room)) => Command::Muc(muc::Command::Nick {
            room,
            nick: text(2)?,
        }),
        ("roomService", _) => Command::Muc(muc::Command::Service),
        ("browse", Some(service)) => Command::Muc(muc::Command::Browse {
            request: text(2)?,
            service,
            after: text(3),
        }),
        ("describe", _) => Command::Muc(muc::Command::Describe {
            rooms: Array::from(&parts.get(2))
                .iter()
                .filter_map(|room| room.as_string()?.parse().ok())
                .collect(),
        }),
        ("make", _) => {
            let new = decode(&read_bytes(&parts.get(2))?)?;
            Command::Muc(muc::Command::Make(new))
        }
        ("roomSettings", Some(room)) => Command::Muc(muc::Command::Settings {
            request: text(2)?,
            room,
        }),
        ("configure", Some(room)) => Command::Muc(muc::Command::Configure {
            request: text(2)?,
            room,
            answer: decode(&read_bytes(&parts.get(3))?)?,
        }),
        ("wish", Some(conversation)) => Command::Conversation(conversations::Command::Wish {
            conversation,
            wishes: read_wishes(&parts.get(2))?,
        }),
        ("block", Some(jid)) => Command::Blocking(blocking::Command::Block {
            jid,
            report: read_report(&parts.get(2)),
        }),
        ("unblock", Some(jid)) => Command::Blocking(blocking::Command::Unblock { jid }),
        ("decline", Some(room)) => Command::Invitation(invitations::Command::Decline { room }),
        _ => return None,
    })
}
