//! The messages of one conversation.

mod edges;
mod floods;
mod incidents;
mod passages;
mod rows;
mod scroll;
#[cfg(test)]
mod tests;
mod window;

use std::cell::RefCell;
use std::rc::Rc;

use couplet_engine::store::{
    Conversation, Direction, Message, MessageId, Missing, Older, Room, SessionStatus, Store,
};
use jid::BareJid;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};
use yew::prelude::*;

use self::floods::Flood;
use self::rows::Row;
use self::scroll::{Keep, Scroll, SizeWatch};
use self::window::Window;
use super::message_row::MessageRow;
use super::message_text::gist;
use super::room::{looks_like, nick};
use crate::i18n::{day_label, local_day, t, t_with};
use crate::state::{State, Target};

/// Pixels from an edge at which what lies beyond it is fetched.
const REACH: i32 = 800;

/// The log of messages of one conversation, and what floats over it.
#[derive(Clone)]
pub(crate) struct Timeline(Rc<Inner>);

struct Inner {
    state: State,
    jid: BareJid,
    scroll: Scroll,
    view: RefCell<View>,
    update: UseForceUpdateHandle,
}

/// What part is shown, and how.
#[derive(Default)]
struct View {
    window: Window,
    /// The message that the unread divider is before.
    divider: Option<MessageId>,
    /// Whether the end is in view; `None` before anything has been laid out.
    at_end: Option<bool>,
    /// The newest message when this was last rendered.
    newest: Option<Rc<Message>>,
    /// The message that one has come to see.
    target: Option<MessageId>,
    /// Whether it still has to be brought into view.
    reveal: bool,
    /// How many messages were shown when this was last rendered.
    shown: usize,
    /// Whose pictures were last asked for.
    asked: Vec<(String, String)>,
    /// Which floods are shown, by a message of each that would be folded.
    floods: Vec<MessageId>,
    /// Whether the end may be in view, or not any more, without any scrolling: a flood has been
    /// shown or folded, or one goes to the end.
    moved: bool,
    /// What there was to show when this was last rendered.
    list: Rc<List>,
}

/// What there is to show of a conversation, and where the rest would be.
#[derive(Default)]
struct List {
    messages: Vec<Rc<Message>>,
    floods: Vec<Rc<Flood>>,
}

impl Timeline {
    /// Of the conversation with `jid`, in the component that `update` renders anew.
    pub(crate) fn new(state: &State, jid: &BareJid, update: UseForceUpdateHandle) -> Self {
        let store = state.store();
        let mut view = View {
            divider: first_unread(&store, jid),
            ..View::default()
        };
        if let Some(divider) = &view.divider {
            let list = view.list(&store, jid);
            view.window.include(&list.messages, divider);
        }
        Self(Rc::new(Inner {
            state: state.clone(),
            jid: jid.clone(),
            scroll: Scroll::default(),
            view: RefCell::new(view),
            update,
        }))
    }

    /// At first one sees the end, or where the unread part begins if that is
    /// further up. The view then holds its place for as long as the watch lives.
    pub(crate) fn opened(&self) -> Option<SizeWatch> {
        self.0.scroll.settle();
        if self.0.view.borrow().divider.is_some() {
            self.0.scroll.reveal(".timeline__unread");
        }
        self.note_end(self.0.scroll.is_at_end());
        self.0.scroll.watch_size()
    }

    /// After each rendering: the view is put right, what is seen is read, what
    /// has come in is said.
    pub(crate) fn rendered(&self) {
        self.0.scroll.rendered();
        if std::mem::take(&mut self.0.view.borrow_mut().moved) {
            let open = self.0.view.borrow().window.is_open();
            self.note_end(self.0.scroll.is_at_end() && open);
        }
        self.show_target();
        self.grow_if_short();
        self.load_if_short();
        let unread = self
            .0
            .state
            .store()
            .conversation(&self.0.jid)
            .is_some_and(Conversation::is_to_be_read);
        if unread && self.is_read() {
            self.0.state.mark_read(self.0.jid.clone());
        }
        self.announce_newest();
    }

    /// Goes to the newest message.
    pub(crate) fn jump_to_end(&self) {
        {
            let mut view = self.0.view.borrow_mut();
            view.window.follow();
            view.target = None;
            view.reveal = false;
            view.moved = true;
        }
        self.0.scroll.follow(true);
        self.0.update.force_update();
    }

    /// Who has gone somewhere in the conversation sees that as soon as it is here.
    fn show_target(&self) {
        if let Some(id) = self.0.state.arrived(&self.0.jid) {
            {
                let store = self.0.state.store();
                let view = &mut *self.0.view.borrow_mut();
                view.target = Some(id.clone());
                let list = view.list(&store, &self.0.jid);
                view.window.include(&list.messages, &id);
                view.window.hold(&list.messages);
                view.reveal = true;
            }
            self.0.scroll.follow(false);
            self.0.update.force_update();
        } else if std::mem::take(&mut self.0.view.borrow_mut().reveal) {
            let target = self.0.scroll.reveal(".message--target");
            if let Some(target) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
                let options = FocusOptions::new();
                options.set_prevent_scroll(true);
                // A row with a tabindex takes the focus.
                let _ = target.focus_with_options(&options);
            }
            let open = self.0.view.borrow().window.is_open();
            self.note_end(self.0.scroll.is_at_end() && open);
        }
    }

    /// The log.
    pub(crate) fn html(&self) -> Html {
        let Inner {
            state,
            jid,
            scroll,
            view,
            ..
        } = &*self.0;
        let store = state.store();
        let reading = self.is_read();
        let view = &mut *view.borrow_mut();
        view.move_divider(&store, jid, reading);

        view.list = Rc::new(view.list(&store, jid));
        let List {
            messages: all,
            floods,
        } = &*view.list.clone();
        let range = view.window.range(all);
        let before = range.start.checked_sub(1).map(|before| &all[before]);
        let gaps = store.gaps(jid);
        let behind: Vec<&str> = gaps.iter().map(|gap| gap.behind.as_str()).collect();
        if std::mem::replace(&mut view.shown, range.len()) != range.len() {
            // What has come in between pushes away what nobody reads.
            scroll.keep_middle();
        }
        let rows = rows::rows(
            &all[range],
            before,
            view.divider.as_ref(),
            &behind,
            local_day,
        );
        let conversation = store.conversation(jid);
        let jump = {
            let timeline = self.clone();
            Callback::from(move |_| timeline.jump_to_end())
        };
        let onscroll = {
            let timeline = self.clone();
            Callback::from(move |_| timeline.scrolled())
        };
        let onkeydown = {
            let timeline = self.clone();
            Callback::from(move |event: KeyboardEvent| {
                if event.key() == "End" && !event.shift_key() {
                    event.prevent_default();
                    timeline.jump_to_end();
                }
            })
        };
        let on_disk = conversation.is_some_and(|known| known.more_on_disk);
        let top = edges::Top {
            older: match conversation {
                // The disk is no wait that would have to be shown.
                Some(known) if !on_disk => known.older,
                _ => Older::Unknown,
            },
            complete: before.is_none(),
            empty: all.is_empty(),
            online: on_disk || *store.status() == SessionStatus::Online,
            name: store.name(jid),
        };
        html! {
            <div class="timeline">
                <div
                    ref={scroll.scroller()}
                    class="timeline__scroller"
                    role="log"
                    aria-label={t("log.label")}
                    aria-live="off"
                    tabindex="0"
                    {onscroll}
                    {onkeydown}
                >
                    <div ref={scroll.content()} class="timeline__content">
                        { top.html(self.retrying()) }
                        { self.items(&store, before, rows, (&gaps, floods), view) }
                    </div>
                </div>
                if state.is_going(jid) {
                    { edges::going() }
                } else if view.at_end == Some(false) {
                    { edges::pill(conversation.map_or(0, |known| known.unread), jump) }
                }
                { self.next_mention(conversation, view) }
            </div>
        }
    }

    /// The way to the first unread message that is said to us, and from there to the next.
    fn next_mention(&self, conversation: Option<&Conversation>, view: &View) -> Html {
        let mentions = conversation.map_or(&[][..], Conversation::to_us);
        let seen = |id: &MessageId| view.target.as_ref() == Some(id);
        let next = mentions.iter().position(seen).map_or(0, |seen| seen + 1);
        let Some(id) = mentions.get(next).cloned() else {
            return Html::default();
        };
        let (state, jid) = (self.0.state.clone(), self.0.jid.clone());
        let left = u32::try_from(mentions.len() - next).unwrap_or(u32::MAX);
        let go = Callback::from(move |_| state.go_to(&jid, Target::Known(id.clone())));
        edges::mention_pill(left, go)
    }

    fn items(
        &self,
        store: &Store,
        before: Option<&Rc<Message>>,
        rows: Vec<Row>,
        (gaps, floods): (&[Missing], &[Rc<Flood>]),
        view: &View,
    ) -> Html {
        let online = *store.status() == SessionStatus::Online;
        let Inner { state, jid, .. } = &*self.0;
        let face = |jid: &BareJid| {
            (
                AttrValue::from(store.name(jid).to_owned()),
                state.picture(jid),
            )
        };
        let theirs = face(jid);
        let mut ours = state.me().map(|me| face(&me)).unwrap_or_default();
        let room = store.room(jid);
        // A guest has no other name.
        if let Some(room) = room.filter(|_| state.is_guest()) {
            ours.0 = AttrValue::from(room.nick.clone());
        }
        let incidents = room.map(|room| room.incidents.as_slice());
        let incidents = incidents.unwrap_or_default();
        let passages = room.filter(|room| state.shows_passages(room));
        let passages = passages.map_or(&[][..], |room| room.passages.as_slice());
        let mut last = before.map(|before| before.at);
        let told = room.is_some_and(Room::tells_who_reads);
        let seen = store.conversation(jid).filter(|_| told);
        let seen = seen.and_then(Conversation::seen).map(|(id, readers)| {
            let name = |author| store.author_name(jid, author);
            (
                id,
                passages::names(&readers.into_iter().filter_map(name).collect::<Vec<_>>()),
            )
        });
        let toggle = {
            let timeline = self.clone();
            Callback::from(move |(line, flood): (_, Rc<Flood>)| {
                timeline.toggle_flood(line, &flood);
            })
        };
        let mut items = Vec::with_capacity(rows.len() + 8);
        for row in rows {
            let lines = items.len();
            items.extend(
                incidents::between(incidents, last, Some(row.message.at))
                    .map(|incident| incidents::line(store, incident)),
            );
            items.extend(passages::line(passages, last, Some(row.message.at)));
            let head = row.head || items.len() > lines;
            last = Some(row.message.at);
            let seen = seen
                .as_ref()
                .filter(|(id, names)| **id == row.message.id && !names.is_empty());
            let seen = seen.map(|(_, names)| t_with("message.seen", &[("names", names)]));
            let flood = floods.iter().find(|flood| flood.behind == row.message.id);
            let id = row.message.id.0.clone();
            if let Some((gap, since)) = row.gap {
                let gap = &gaps[gap];
                let times = (since, row.message.at);
                items.push(edges::gap(gap, times, online, self.filling(&gap.behind)));
            }
            if row.new_day {
                let label = day_label(row.message.at, state.clock());
                let key = ["day ", &id].concat();
                items.push(html! { <h3 {key} class="timeline__day">{ label }</h3> });
            }
            if row.first_unread {
                items.push(html! {
                    <div key="unread" class="timeline__unread"><span>{ t("log.new") }</span></div>
                });
            }
            let own = row.message.direction == Direction::Outgoing;
            let mut faceless = None;
            let mut alike = None;
            let (name, picture) = match nick(&row.message) {
                Some(nick) => {
                    alike = room
                        .filter(|_| head)
                        .and_then(|room| looks_like(room, &row.message));
                    let writer = store.writer(&row.message).filter(|_| head);
                    let missing = writer.filter(|writer| state.missing_face(jid, writer).is_some());
                    faceless = missing.map(|writer| AttrValue::from(writer.nick.clone()));
                    let picture = writer.and_then(|writer| state.face(jid, writer));
                    (AttrValue::from(nick), picture)
                }
                None if own => ours.clone(),
                None => theirs.clone(),
            };
            let target = view.target.as_ref() == Some(&row.message.id);
            let reply = row.message.reply();
            let answered = reply.and_then(|reply| store.conversation(jid)?.answered(reply));
            let answered = answered.cloned();
            items.push(html! {
                <MessageRow
                    key={id}
                    {target}
                    state={state.clone()}
                    message={row.message}
                    {head}
                    {answered}
                    {name}
                    {picture}
                    {faceless}
                    {seen}
                    {alike}
                />
            });
            items.extend(flood.map(|flood| flood.line(&toggle)));
        }
        if view.window.is_open() {
            let late = incidents::between(incidents, last, None);
            items.extend(late.map(|incident| incidents::line(store, incident)));
            items.extend(passages::line(passages, last, None));
        }
        html! { <>{ items }</> }
    }

    /// Shows what is folded, or folds it again; the line that says so stays where it is.
    fn toggle_flood(&self, line: Element, flood: &Flood) {
        {
            let view = &mut *self.0.view.borrow_mut();
            let known = view.floods.iter().position(|known| *known == flood.key);
            match known {
                Some(known) => drop(view.floods.swap_remove(known)),
                None => view.floods.push(flood.key.clone()),
            }
            view.moved = true;
            let store = self.0.state.store();
            let list = view.list(&store, &self.0.jid);
            view.window.include(&list.messages, &flood.behind);
        }
        self.0.scroll.keep_element(line);
        self.0.update.force_update();
    }

    fn filling(&self, behind: &str) -> Callback<MouseEvent> {
        let (timeline, behind) = (self.clone(), behind.to_owned());
        Callback::from(move |_| {
            timeline.0.state.fill_gap(&timeline.0.jid, &behind, true);
        })
    }

    fn retrying(&self) -> Callback<MouseEvent> {
        let timeline = self.clone();
        Callback::from(move |_| timeline.0.state.load_older(timeline.0.jid.clone()))
    }

    fn scrolled(&self) {
        // The place that one has gone to isn't drawn yet: what has scrolled is where one was.
        if self.0.view.borrow().reveal {
            return;
        }
        self.0.scroll.settle_again();
        let Some((above, below)) = self.0.scroll.hidden() else {
            return;
        };
        let grown = {
            let View { window, list, .. } = &mut *self.0.view.borrow_mut();
            let all = &list.messages;
            if self.0.scroll.is_at_end() && window.is_open() {
                window.follow();
            } else {
                window.hold(all);
            }
            if above < REACH && window.grow_up(all) {
                Some(Keep::First)
            } else if below < REACH && window.grow_down(all) {
                Some(Keep::Last)
            } else {
                None
            }
        };
        let open = self.0.view.borrow().window.is_open();
        self.note_end(self.0.scroll.is_at_end() && open);
        match grown {
            Some(keep) => {
                self.0.scroll.keep(keep);
                self.0.update.force_update();
            }
            None => self.load_if_short(),
        }
    }

    fn note_end(&self, at_end: bool) {
        self.0.scroll.follow(at_end);
        let before = self.0.view.borrow_mut().at_end.replace(at_end);
        if before != Some(at_end) {
            self.0.update.force_update();
        }
    }

    /// Whether what is at the end is being looked at.
    fn is_read(&self) -> bool {
        self.0.state.is_attended() && self.0.view.borrow().at_end == Some(true)
    }

    /// Shows more of what has been loaded to who waits at the top, where nothing
    /// scrolls and so nothing else would.
    fn grow_if_short(&self) {
        let short = self
            .0
            .scroll
            .hidden()
            .is_some_and(|(above, _)| above < REACH);
        if !short {
            return;
        }
        let View { window, list, .. } = &mut *self.0.view.borrow_mut();
        let widened = window.follows() && window.widen(&list.messages);
        let grown = !window.follows() && window.grow_up(&list.messages);
        if grown {
            self.0.scroll.keep(Keep::First);
        }
        if widened || grown {
            self.0.update.force_update();
        }
    }

    /// Asks the disk, then the archive, when all there is is shown and it doesn't reach
    /// far up.
    fn load_if_short(&self) {
        let wanted = {
            let store = self.0.state.store();
            let view = self.0.view.borrow();
            let known = store.conversation(&self.0.jid);
            let older = known.map(|known| known.older).unwrap_or_default();
            let there_is_more = known.is_some_and(|known| known.more_on_disk)
                || *store.status() == SessionStatus::Online
                    && matches!(older, Older::Unknown | Older::More);
            there_is_more && view.window.range(&view.list.messages).start == 0
        };
        if wanted
            && self
                .0
                .scroll
                .hidden()
                .is_some_and(|(above, _)| above < REACH)
        {
            self.0.state.load_older(self.0.jid.clone());
        }
        self.fill_what_is_seen();
        self.show_faces();
    }

    /// Who is seen to have said something is seen with their picture.
    fn show_faces(&self) {
        let seen = self.0.scroll.seen("[data-faceless]", "data-faceless");
        let Inner { state, jid, .. } = &*self.0;
        let missing = state.missing_faces(jid, seen.iter().map(String::as_str));
        let asked = std::mem::replace(&mut self.0.view.borrow_mut().asked, missing.clone());
        if asked != missing {
            state.want_faces(jid, missing);
        }
    }

    /// A gap that comes into view closes; one that can't is there to be clicked.
    fn fill_what_is_seen(&self) {
        let gaps = self.0.state.store().gaps(&self.0.jid);
        if gaps.is_empty() || self.0.view.borrow().reveal {
            return;
        }
        for behind in self.0.scroll.seen(".timeline__gap", "data-behind") {
            let fillable = |gap: &Missing| gap.behind == behind && gap.state == Older::More;
            if gaps.iter().any(fillable) {
                self.0.state.fill_gap(&self.0.jid, &behind, false);
            }
        }
    }

    /// A screen reader says what comes in, not what is loaded from the past.
    fn announce_newest(&self) {
        let (last, name) = {
            let store = self.0.state.store();
            (
                self.0.view.borrow().list.messages.last().cloned(),
                store.name(&self.0.jid).to_owned(),
            )
        };
        let before = std::mem::replace(&mut self.0.view.borrow_mut().newest, last.clone());
        let (Some(last), Some(before)) = (last, before) else {
            return;
        };
        if last.direction == Direction::Incoming && last.id != before.id && last.at >= before.at {
            let nick = nick(&last);
            let text = gist(&self.0.state, &last);
            let name = nick.as_deref().unwrap_or(&name);
            let values = [("name", name), ("text", text.as_str())];
            self.0.state.announce(&t_with("log.announce", &values));
        }
    }
}

impl View {
    /// The divider stays while one reads on, though everything below it is read by
    /// then; it moves when more comes in unseen, and goes when one answers.
    fn move_divider(&mut self, store: &Store, jid: &BareJid, reading: bool) {
        let last = store.conversation(jid).and_then(Conversation::last);
        if last.is_some_and(|last| last.direction == Direction::Outgoing) {
            self.divider = None;
        } else if !reading {
            self.divider = first_unread(store, jid).or(self.divider.take());
        }
    }

    /// What there is to show by now.
    fn list(&self, store: &Store, jid: &BareJid) -> List {
        let all = store.conversation(jid).into_iter();
        let all = all.flat_map(|known| known.timeline.iter()).collect();
        let gaps = store.gaps(jid);
        let stands = |message: &Message| {
            let id = Some(&message.id);
            let archived = message.archive_id.as_deref();
            id == self.divider.as_ref()
                || id == self.target.as_ref()
                || archived.is_some_and(|id| gaps.iter().any(|gap| gap.behind == id))
        };
        let (messages, floods) = floods::fold(all, stands, &self.floods);
        List { messages, floods }
    }
}

fn first_unread(store: &Store, jid: &BareJid) -> Option<MessageId> {
    store.conversation(jid)?.first_unread.clone()
}
