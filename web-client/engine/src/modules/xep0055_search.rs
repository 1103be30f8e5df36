//! XEP-0055 Jabber Search 1.3: people by their names, in the directory of our server.
//!
//! A directory asks for several things, a person types one. Whether all of them have to be true
//! of somebody, the XEP doesn't say. Those that have a form (ejabberd) want it so, and are asked
//! about each field by itself; Prosody, which has none, finds whoever goes with one of them, and
//! its module of 2023 doesn't answer at all where one is missing.

mod form;
mod found;

use jid::Jid;
use serde::{Deserialize, Serialize};

use crate::input::Command as AnyCommand;
use crate::iq::{NoResult, Response, Ticket};
use crate::module::{Ctx, Flow, Module, Specification};
use crate::service::{Looked, Lookup};
use crate::sorted_map::SortedMap;
use crate::store::{DirectoryAnswer, NotFound, PageAnswer, Person};
use crate::xml::build;
use form::Form;

const SEARCH: &str = "jabber:iq:search";

/// A given and a family name, as forms and answers call them.
const GIVEN: &str = "first";
const FAMILY: &str = "last";
/// The longest text to look for, and the longest that is said of somebody, in characters.
const LONGEST: usize = 100;

/// What whoever looks for people can ask for. The answers are [`PageAnswer::Directory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Find out whether there is a directory.
    Open,
    /// Look for people of this name.
    Find {
        /// By which whoever asks knows the answer; a new search takes the place of an earlier
        /// one that has the same.
        search: String,
        /// The name, or its beginning.
        text: String,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Search {
    lookup: Lookup,
    service: Option<Jid>,
    /// What it can be asked, once it has said so.
    form: Option<Form>,
    asked_form: Option<Ticket>,
    /// Whether somebody wants to know if there is a directory.
    opening: bool,
    searches: Vec<Running>,
    /// Of which search each question is, and which of its questions.
    asked: SortedMap<Ticket, (String, usize)>,
}

/// A search under way.
#[derive(Debug)]
struct Running {
    search: String,
    text: String,
    /// Whether whole names are looked for by now, where their beginnings were before.
    whole: bool,
    /// By question; empty before they are asked.
    answers: Vec<Option<Result<Vec<Person>, NotFound>>>,
}

impl Module for Search {
    fn specification(&self) -> Specification {
        Specification {
            number: "XEP-0055",
            title: "Jabber Search",
            version: "1.3",
        }
    }

    fn on_established(&mut self, ctx: &mut Ctx<'_>, resumed: bool) {
        if !resumed {
            // Another session may be with a server that has changed.
            *self = Self {
                opening: self.opening,
                ..Self::default()
            };
        }
        self.go_on(ctx);
    }

    fn on_command(&mut self, ctx: &mut Ctx<'_>, command: &AnyCommand) -> Flow {
        let AnyCommand::Search(command) = command else {
            return Flow::Continue;
        };
        match command {
            Command::Open => self.opening = true,
            Command::Find { search, text } => {
                self.searches.retain(|known| known.search != *search);
                self.asked.retain(|_, (known, _)| known != search);
                let running = Running {
                    search: search.clone(),
                    text: text.clone(),
                    whole: false,
                    answers: Vec::new(),
                };
                if text.trim().is_empty() {
                    // It goes with everybody.
                    answer(ctx, running, Ok(Vec::new()));
                } else if ctx.core.established {
                    self.searches.push(running);
                } else {
                    answer(ctx, running, Err(NotFound::Offline));
                }
            }
        }
        self.go_on(ctx);
        Flow::Stop
    }

    fn on_iq_result(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket, response: Response) {
        if let Some(looked) = self.lookup.take(ctx, ticket, &response, SEARCH) {
            return match looked {
                Looked::On if response == Err(NoResult::Lost) => self.fail(ctx, &NotFound::Offline),
                Looked::On => {}
                Looked::Service(jid, _) => {
                    self.service = Some(jid);
                    self.go_on(ctx);
                }
                Looked::Nobody => self.no_directory(ctx),
            };
        }
        if self.asked_form.take_if(|asked| *asked == ticket).is_some() {
            return match response {
                Err(NoResult::Lost) => self.fail(ctx, &NotFound::Offline),
                response => {
                    let query = response.ok().flatten();
                    self.form = query.as_ref().and_then(Form::read);
                    match self.form {
                        Some(_) => self.go_on(ctx),
                        None => self.no_directory(ctx),
                    }
                }
            };
        }
        // Nobody waits for it any more if something else has been asked.
        let Some((search, question)) = self.asked.remove(&ticket) else {
            return;
        };
        let place = self
            .searches
            .iter()
            .position(|known| known.search == search);
        let Some(place) = place else { return };
        let running = &mut self.searches[place];
        if let Some(answer) = running.answers.get_mut(question) {
            *answer = Some(found::people(response));
        }
        if !running.answers.iter().all(Option::is_some) {
            return;
        }
        let answers = running.answers.drain(..).flatten();
        let outcome = found::all(answers, &running.text, ctx.account());
        let wildcard = self.form.as_ref().is_some_and(|form| form.wildcard);
        if outcome == Ok(Vec::new()) && wildcard && !running.whole {
            // With what ejabberd has by default, Mnesia, it finds nobody by a beginning.
            running.whole = true;
            return self.go_on(ctx);
        }
        let running = self.searches.remove(place);
        answer(ctx, running, outcome);
    }
}

impl Search {
    /// Asks what is to be asked, or first of all whom, and what they can be asked.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        let wanted = self.opening || !self.searches.is_empty();
        let under_way = self.lookup.is_under_way() || self.asked_form.is_some();
        if !ctx.core.established || !wanted || under_way {
            return;
        }
        let Some(service) = &self.service else {
            return self.lookup.begin(ctx);
        };
        let Some(form) = &self.form else {
            let query = build("query", SEARCH).done();
            self.asked_form = Some(ctx.get(Some(service.clone()), query));
            return;
        };
        if std::mem::take(&mut self.opening) {
            offer(ctx, true);
        }
        let new = |running: &&mut Running| running.answers.is_empty();
        for running in self.searches.iter_mut().filter(new) {
            let questions = form.questions(&running.text, running.whole);
            for (place, question) in questions.iter().enumerate() {
                let ticket = ctx.set(Some(service.clone()), form.filled(question));
                self.asked.insert(ticket, (running.search.clone(), place));
                running.answers.push(None);
            }
        }
    }

    fn no_directory(&mut self, ctx: &mut Ctx<'_>) {
        self.service = None;
        if std::mem::take(&mut self.opening) {
            offer(ctx, false);
        }
        self.fail(ctx, &NotFound::NoDirectory);
    }

    fn fail(&mut self, ctx: &mut Ctx<'_>, why: &NotFound) {
        for running in std::mem::take(&mut self.searches) {
            answer(ctx, running, Err(why.clone()));
        }
    }
}

fn offer(ctx: &mut Ctx<'_>, offered: bool) {
    ctx.answer_page(PageAnswer::Directory(DirectoryAnswer::Offered(offered)));
}

fn answer(ctx: &mut Ctx<'_>, running: Running, outcome: Result<Vec<Person>, NotFound>) {
    ctx.answer_page(PageAnswer::Directory(DirectoryAnswer::Found {
        search: running.search,
        text: running.text,
        outcome,
    }));
}
