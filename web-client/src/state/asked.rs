//! Commands that happen exactly once, whichever page they were asked for in, and
//! whichever page or crash comes in between.
//!
//! A page notes what is asked for before it says so to anybody. Whoever leads keeps
//! that it was done in the transaction of what came of it; only then the note goes. A new
//! leader does what is noted and not done.

use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use js_sys::Date;

use super::State;
use crate::driver::{Driver, Enclosure};
use crate::platform::storage::{Asked, Change, DEVICE, Fault, Storage};
use crate::tabs::{self, Message};

/// After this long no tab asks again, in milliseconds.
const FORGOTTEN_AFTER: f64 = 30.0 * 24.0 * 3_600_000.0;

impl State {
    /// Keeps what is asked for until whoever leads has kept what comes of it: this
    /// waits for no other transaction, so that a page that ends right now loses nothing.
    pub(super) fn keep_asked(&self, number: u32, command: &Command) {
        let session = &self.0.session;
        let (Some(storage), Some(account)) = (session.storage(), self.account()) else {
            return;
        };
        let draft = match command {
            Command::Message(rfc6121_message::Command::Send { to, .. }) => Some(to.as_str()),
            _ => None,
        };
        let asked = Asked {
            tab: session.tab.clone(),
            number,
            command: tabs::write_command(command),
        };
        if let Err(fault) = storage.keep_asked(account.as_str(), &asked, draft) {
            self.note_fault(&fault);
        }
    }

    /// As a new leader: what earlier pages were asked for, if it hasn't been done.
    pub(super) fn do_what_was_asked(&self, driver: &Driver, asked: Vec<Asked>) {
        for Asked {
            tab,
            number,
            command,
        } in asked
        {
            match tabs::read_command(&command) {
                Some(command) if !self.is_taken(&tab, number) => {
                    self.do_once(driver, &tab, number, command);
                }
                _ => self.confirm(&tab, number, true),
            }
        }
    }

    pub(super) fn is_taken(&self, tab: &str, number: u32) -> bool {
        let taken = self.0.session.taken.borrow();
        taken
            .iter()
            .any(|(known, last)| known == tab && *last >= number)
    }

    pub(super) fn note_taken(&self, tab: &str, number: u32) {
        let mut taken = self.0.session.taken.borrow_mut();
        taken.retain(|(known, _)| known != tab);
        taken.push((tab.to_owned(), number));
    }

    /// As the leader: what would be two if it were done twice. That it has been done is
    /// kept with what comes of it.
    pub(super) fn do_once(&self, driver: &Driver, tab: &str, number: u32, command: Command) {
        self.note_taken(tab, number);
        let taken = Change {
            table: DEVICE,
            key: tab.to_owned(),
            value: Some(number.to_string().into_bytes()),
        };
        let (state, tab) = (self.clone(), tab.to_owned());
        let enclosure = Enclosure {
            changes: vec![taken],
            then: Some(Box::new(move |kept| state.confirm(&tab, number, kept))),
        };
        driver.command(command, enclosure);
    }

    /// As the leader: a command is taken, and if what came of it is `kept`, nobody has
    /// to remember that it was asked for.
    pub(super) fn confirm(&self, tab: &str, number: u32, kept: bool) {
        let session = &self.0.session;
        if let (true, Some(storage), Some(account)) = (kept, session.storage(), self.account()) {
            // What stays there is known to be done.
            let _ = storage.drop_asked(account.as_str(), tab, number);
        }
        if tab != session.tab {
            session.post(&Message::Taken {
                tab: tab.to_owned(),
                number,
            });
        }
    }

    /// As a new leader: learns which commands were taken, and what is asked for besides.
    pub(super) async fn read_asked(
        &self,
        storage: &Storage,
        account: &str,
    ) -> Result<Vec<Asked>, Fault> {
        let rows = storage.taken(account).await?;
        let asked = storage.asked(account).await?;
        let past = Date::now() - FORGOTTEN_AFTER;
        let (taken, forgotten): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .filter_map(|(tab, number)| Some((tab, number.parse().ok()?)))
            .partition(|(tab, _)| {
                tabs::opened_at(tab) > past || asked.iter().any(|asked| asked.tab == *tab)
            });
        if !forgotten.is_empty() {
            let tabs: Vec<_> = forgotten.into_iter().map(|(tab, _)| tab).collect();
            storage.drop_taken(account, &tabs)?;
        }
        *self.0.session.taken.borrow_mut() = taken;
        Ok(asked)
    }
}

/// Whether it would be two if it were done twice.
pub(super) fn happens_once(command: &Command) -> bool {
    matches!(
        command,
        Command::Message(
            rfc6121_message::Command::Send { .. } | rfc6121_message::Command::Retry { .. }
        )
    )
}
