//! Requests under way and who waits for the answers (RFC 6120 8.2.3).

use std::time::Duration;

use jid::{BareJid, Jid};
use minidom::Element;

use crate::ids::Ids;
use crate::sorted_map::SortedMap;
use crate::stanza::StanzaError;
use crate::store::NotSaved;

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// By which a module knows its own request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Why there is no result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NoResult {
    /// The other side says so.
    Error(StanzaError),
    /// It said nothing in time.
    Timeout,
    /// The session ended before it could.
    Lost,
}

impl From<NoResult> for NotSaved {
    fn from(reason: NoResult) -> Self {
        match reason {
            NoResult::Lost => Self::Offline,
            NoResult::Timeout => Self::Refused {
                condition: "remote-server-timeout".to_owned(),
                text: None,
            },
            NoResult::Error(error) => Self::Refused {
                condition: error.condition,
                text: error.text,
            },
        }
    }
}

pub(crate) type Response = Result<Option<Element>, NoResult>;

#[derive(Debug, Clone)]
struct Pending {
    module: usize,
    ticket: Ticket,
    to: Option<Jid>,
    deadline: Duration,
}

/// The table of pending requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    pending: SortedMap<String, Pending>,
    tickets: u64,
}

impl Requests {
    pub(crate) fn register(
        &mut self,
        ids: &mut Ids,
        module: usize,
        to: Option<Jid>,
        deadline: Duration,
    ) -> (String, Ticket) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let id = ids.id();
        self.pending.insert(
            id.clone(),
            Pending {
                module,
                ticket,
                to,
                deadline,
            },
        );
        (id, ticket)
    }

    /// Who waits for the answer `id`, if it comes from whom we asked: an answer
    /// from anybody else is not one (RFC 6120 8.1.2.1).
    pub(crate) fn answered(
        &mut self,
        id: &str,
        from: Option<&Jid>,
        me: &BareJid,
    ) -> Option<(usize, Ticket)> {
        let pending = self.pending.get(id)?;
        if !speaks_for(from, pending.to.as_ref(), me) {
            return None;
        }
        let Pending { module, ticket, .. } = self.pending.remove(id)?;
        Some((module, ticket))
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.pending.values().map(|pending| pending.deadline).min()
    }

    /// Takes a request that waited too long.
    pub(crate) fn expire(&mut self, now: Duration) -> Option<(usize, Ticket)> {
        let id = self
            .pending
            .iter()
            .find(|(_, pending)| pending.deadline <= now)
            .map(|(id, _)| id.clone())?;
        let Pending { module, ticket, .. } = self.pending.remove(&id)?;
        Some((module, ticket))
    }

    /// Takes any request at all: the session that could have answered is gone.
    pub(crate) fn abandon(&mut self) -> Option<(usize, Ticket)> {
        let (_, Pending { module, ticket, .. }) = self.pending.pop_first()?;
        Some((module, ticket))
    }
}

/// Whether `from` may answer what was asked of `to`. Our own account, addressed
/// or not, may answer without a `from`, by its bare address, or as our server.
fn speaks_for(from: Option<&Jid>, to: Option<&Jid>, me: &BareJid) -> bool {
    let own = |jid: &Jid| jid.to_bare() == *me;
    match (from, to) {
        (None, None) => true,
        (None, Some(to)) => own(to),
        (Some(from), Some(to)) => from == to,
        (Some(from), None) => own(from) || *from == BareJid::from_parts(None, me.domain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    #[test]
    fn only_whom_we_asked_may_answer() {
        let me: BareJid = "alice@example.org".parse().unwrap();
        let bob = jid("bob@example.org/phone");
        assert!(speaks_for(None, None, &me));
        assert!(speaks_for(Some(&jid("alice@example.org")), None, &me));
        assert!(speaks_for(Some(&jid("example.org")), None, &me));
        assert!(speaks_for(None, Some(&jid("alice@example.org")), &me));
        assert!(speaks_for(Some(&bob), Some(&bob), &me));
        assert!(!speaks_for(Some(&bob), None, &me));
        assert!(!speaks_for(None, Some(&bob), &me));
        assert!(!speaks_for(
            Some(&jid("mallory@example.org")),
            Some(&bob),
            &me
        ));
    }
}
