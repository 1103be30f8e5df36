//! What somebody in a room may do to somebody else there.

use jid::BareJid;
use serde::{Deserialize, Serialize};

use super::{Affiliation, Occupant, Role};

/// Something that is done to somebody in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// They may talk (XEP-0045 8.3).
    GiveVoice,
    /// They may only listen (8.4).
    TakeVoice,
    /// They moderate, for now (9.6).
    MakeModerator,
    /// They no longer do (9.7).
    UnmakeModerator,
    /// They belong there (9.3).
    MakeMember,
    /// They run it (10.6).
    MakeAdmin,
    /// It is theirs too (10.3).
    MakeOwner,
    /// They are nothing in particular any more (9.4).
    Unmake,
    /// They have to go, and may come back (8.2).
    Kick,
    /// They have to go for good (9.1).
    Ban,
}

/// What somebody is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Who goes by this name may do so much while they are there; `None` puts them out.
    Role(String, Option<Role>),
    /// Whose address that is are that to the room.
    Affiliation(BareJid, Affiliation),
}

impl Deed {
    /// In the order in which they are offered, the hardest last.
    const ALL: [Self; 10] = [
        Self::GiveVoice,
        Self::TakeVoice,
        Self::MakeModerator,
        Self::UnmakeModerator,
        Self::MakeMember,
        Self::MakeAdmin,
        Self::MakeOwner,
        Self::Unmake,
        Self::Kick,
        Self::Ban,
    ];

    /// What `us` may do to `them`, as far as the tables of XEP-0045 5.1.1 and 5.2.1 say. The
    /// room has the last word.
    pub fn open_to(us: &Occupant, them: &Occupant) -> Vec<Self> {
        if us.nick == them.nick {
            return Vec::new();
        }
        let can = |deed: &Self| deed.is_open(us, them);
        Self::ALL.into_iter().filter(can).collect()
    }

    fn is_open(self, us: &Occupant, them: &Occupant) -> bool {
        let runs = us.affiliation <= Affiliation::Admin;
        let owns = us.affiliation == Affiliation::Owner;
        let theirs = them.affiliation;
        // Nobody takes anything from whoever runs the room but its owners, and these take
        // away what they are first. Who moderates does so by the leave of those who run it.
        let beneath = theirs > Affiliation::Admin;
        let moderates = us.role == Role::Moderator && beneath;
        let plain = moderates && (them.role != Role::Moderator || runs);
        let known = them.jid.is_some();
        match self {
            Self::GiveVoice => moderates && them.role == Role::Visitor,
            Self::TakeVoice => moderates && them.role == Role::Participant,
            Self::MakeModerator => moderates && runs && them.role != Role::Moderator,
            Self::UnmakeModerator => moderates && runs && them.role == Role::Moderator,
            Self::Kick => plain,
            Self::MakeMember => known && runs && theirs == Affiliation::None,
            Self::MakeAdmin => known && owns && theirs != Affiliation::Admin,
            Self::MakeOwner => known && owns && theirs != Affiliation::Owner,
            Self::Unmake => known && (owns || runs && beneath) && theirs != Affiliation::None,
            Self::Ban => known && runs && (owns || beneath),
        }
    }

    /// What it makes of `them`; `None` where their address would have to be known.
    pub fn standing(self, them: &Occupant) -> Option<Standing> {
        let role = |role| Some(Standing::Role(them.nick.clone(), role));
        let affiliation = |affiliation| Some(Standing::Affiliation(them.jid.clone()?, affiliation));
        match self {
            Self::GiveVoice | Self::UnmakeModerator => role(Some(Role::Participant)),
            Self::TakeVoice => role(Some(Role::Visitor)),
            Self::MakeModerator => role(Some(Role::Moderator)),
            Self::Kick => role(None),
            Self::MakeMember => affiliation(Affiliation::Member),
            Self::MakeAdmin => affiliation(Affiliation::Admin),
            Self::MakeOwner => affiliation(Affiliation::Owner),
            Self::Unmake => affiliation(Affiliation::None),
            Self::Ban => affiliation(Affiliation::Outcast),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nick: &str, affiliation: Affiliation, role: Role) -> Occupant {
        Occupant {
            nick: nick.to_owned(),
            jid: format!("{nick}@example.org").parse().ok(),
            role,
            affiliation,
            ..Occupant::default()
        }
    }

    fn open(us: (Affiliation, Role), them: (Affiliation, Role)) -> Vec<Deed> {
        Deed::open_to(&of("us", us.0, us.1), &of("them", them.0, them.1))
    }

    #[test]
    fn each_may_do_what_the_tables_say() {
        use Affiliation::{Admin, Member, None, Owner};
        use Deed::*;
        use Role::{Moderator, Participant, Visitor};
        let owner = (Owner, Moderator);
        let admin = (Admin, Moderator);
        let moderator = (None, Moderator);
        for (us, them, deeds) in [
            (moderator, (None, Visitor), vec![GiveVoice, Kick]),
            (moderator, (Member, Participant), vec![TakeVoice, Kick]),
            (moderator, moderator, vec![]),
            (moderator, admin, vec![]),
            ((Member, Participant), (None, Visitor), vec![]),
            (
                admin,
                (None, Participant),
                vec![TakeVoice, MakeModerator, MakeMember, Kick, Ban],
            ),
            (
                admin,
                (Member, Moderator),
                vec![UnmakeModerator, Unmake, Kick, Ban],
            ),
            (admin, admin, vec![]),
            (admin, owner, vec![]),
            (owner, admin, vec![MakeOwner, Unmake, Ban]),
            (owner, owner, vec![MakeAdmin, Unmake, Ban]),
            (
                owner,
                (None, Visitor),
                vec![
                    GiveVoice,
                    MakeModerator,
                    MakeMember,
                    MakeAdmin,
                    MakeOwner,
                    Kick,
                    Ban,
                ],
            ),
        ] {
            assert_eq!(open(us, them), deeds, "{us:?} {them:?}");
        }
        let one = of("us", Owner, Moderator);
        assert!(Deed::open_to(&one, &one).is_empty());
    }

    #[test]
    fn who_is_not_known_keeps_what_they_are() {
        let us = of("us", Affiliation::Owner, Role::Moderator);
        let them = Occupant {
            jid: None,
            ..of("them", Affiliation::None, Role::Participant)
        };
        let deeds = Deed::open_to(&us, &them);
        assert_eq!(deeds, [Deed::TakeVoice, Deed::MakeModerator, Deed::Kick]);
        assert!(deeds.iter().all(|deed| deed.standing(&them).is_some()));
        assert_eq!(Deed::Ban.standing(&them), None);
    }
}
