//! Commands that happen exactly once, whichever page they were asked for in, and
//! whichever page or crash comes in between.
//!
//! It is asked for in the name of a tab, with a number that goes up; or, if it is the message about
//! a file, in that of the file (`uploads/kept.rs`).
//!
//! A page notes what is asked for before it says so to anybody. Whoever leads keeps
//! that it was done in the transaction of what came of it; only then the note goes. A new
//! leader does what is noted and not done.

use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use js_sys::{Array, Date, JSON};

use super::State;
use super::whispers::of_next;
use crate::driver::{Driver, Enclosure};
use crate::platform;
use crate::platform::storage::{Change, DEVICE, Fault, Storage};
use crate::tabs::{self, Message};

/// A command that has been noted.
pub(super) struct Asked {
    tab: String,
    number: u32,
    /// None if it is damaged, or another build's that this one doesn't understand.
    command: Option<Command>,
}

/// After this long no tab asks again, in milliseconds.
const FORGOTTEN_AFTER: f64 = 30.0 * 24.0 * 3_600_000.0;

impl State {
    /// Keeps what is asked for until whoever leads has kept what comes of it.
    pub(super) fn keep_asked(&self, name: &str, number: u32, command: &Command) {
        let Some(key) = self.asked_key(name, number) else {
            return;
        };
        let written = tabs::write_command(command);
        // Arrays of text and numbers have a form.
        if let Some(Ok(text)) = written.map(|written| JSON::stringify(&written)) {
            platform::note(&key, &String::from(text));
        }
    }

    /// As a new leader: does what earlier pages were asked for, if it hasn't been done.
    pub(super) fn do_what_was_asked(&self, driver: &Driver, asked: Vec<Asked>) {
        for Asked {
            tab,
            number,
            command,
        } in asked
        {
            match command {
                Some(command) if !self.is_taken(&tab, number) => {
                    self.leave_no_draft(&command);
                    self.do_once(driver, &tab, number, command);
                }
                _ => self.drop_asked(&tab, number),
            }
        }
    }

    /// The page may have ended before it could take what became a message out of the drafts.
    fn leave_no_draft(&self, command: &Command) {
        if let Command::Message(rfc6121_message::Command::Send { to, body, .. }) = command
            && self.draft(to).trim() == body
        {
            self.save_draft(to, "");
            self.keep_notes(to, of_next(&self.draft_notes(to)));
        }
    }

    /// Nobody does what was asked for any more.
    pub(super) fn forget_asked(&self) {
        let Some(prefix) = self.asked_prefix() else {
            return;
        };
        for (rest, _) in platform::notes(&prefix) {
            platform::drop_note(&(prefix.clone() + &rest));
        }
    }

    fn asked(&self) -> Vec<Asked> {
        let notes = self.asked_prefix().map(|prefix| platform::notes(&prefix));
        let notes = notes.into_iter().flatten();
        notes
            .filter_map(|(key, text)| {
                let (tab, number) = key.split_once('\n')?;
                let command = JSON::parse(&text).ok().filter(Array::is_array);
                Some(Asked {
                    tab: tab.to_owned(),
                    number: number.parse().ok()?,
                    command: command.and_then(|command| tabs::read_command(&command)),
                })
            })
            .collect()
    }

    /// What this tab has noted and nobody has kept, with in which name and number, in order.
    pub(super) fn asked_here(&self) -> Vec<(String, u32, Command)> {
        let here = |asked: Asked| {
            let command = asked.command.filter(|_| self.is_ours(&asked.tab))?;
            Some((asked.tab, asked.number, command))
        };
        let mut asked: Vec<_> = self.asked().into_iter().filter_map(here).collect();
        asked.sort_by_key(|(_, number, _)| *number);
        asked
    }

    /// Whether something is asked for in that name.
    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.asked().iter().any(|asked| asked.tab == name)
    }

    fn asked_prefix(&self) -> Option<String> {
        Some(["couplet.asked\n", self.account()?.as_str(), "\n"].concat())
    }

    /// Those of a tab are in order.
    fn asked_key(&self, tab: &str, number: u32) -> Option<String> {
        Some(self.asked_prefix()? + &format!("{tab}\n{number:010}"))
    }

    pub(super) fn is_taken(&self, tab: &str, number: u32) -> bool {
        let taken = self.0.session.taken.borrow();
        taken
            .iter()
            .any(|(known, last)| known == tab && *last >= number)
    }

    fn note_taken(&self, tab: &str, number: u32) {
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
            behind: None,
        };
        let (state, tab) = (self.clone(), tab.to_owned());
        let then = move || {
            state.drop_asked(&tab, number);
            state.confirm(&tab, number);
        };
        let enclosure = Enclosure {
            changes: vec![taken],
            then: Some(Box::new(then)),
        };
        driver.command(command, enclosure);
    }

    /// As the leader: tells another tab that its command is taken.
    pub(super) fn confirm(&self, tab: &str, number: u32) {
        let session = &self.0.session;
        if tab != session.tab {
            session.post(&Message::Taken {
                tab: tab.to_owned(),
                number,
            });
        }
    }

    /// Nobody has to remember any more that it was asked for.
    fn drop_asked(&self, tab: &str, number: u32) {
        // A page may have ended right after it asked.
        self.drop_file_note(tab);
        if let Some(key) = self.asked_key(tab, number) {
            platform::drop_note(&key);
        }
    }

    /// As a new leader: learns which commands were taken, and what is asked for besides.
    pub(super) async fn read_asked(
        &self,
        storage: &Storage,
        account: &str,
    ) -> Result<Vec<Asked>, Fault> {
        let rows = storage.taken(account).await?;
        let asked = self.asked();
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

/// Whether it would be two if it were done twice, or is something that somebody wrote.
pub(super) fn happens_once(command: &Command) -> bool {
    match command {
        Command::Message(message) => matches!(
            message,
            rfc6121_message::Command::Send { .. } | rfc6121_message::Command::Retry { .. }
        ),
        Command::Correction(_) | Command::Retraction(_) | Command::Reaction(_) => true,
        _ => false,
    }
}
