//! A device: a disk that may be slow and survives crashes, and the tabs on it. One leads.
//!
//! What is as in `web-client/src/state` (`asked.rs`, `follow.rs`): what is wanted in a tab
//! is noted before anything else, by the tab's name and a number; whoever leads keeps the
//! number with what comes of it; a new leader does what is noted and wasn't taken, and who
//! follows asks the new one again for what the old one hasn't confirmed. What is the model's
//! own: there are two tabs at most, the leader's news reach the other one at once, and a tab
//! that has been deposed makes no new connection, for it learns of that before it could.
//! What is written in that tab meanwhile is asked of the new leader when it follows, before
//! anything newer: done in any other order, the smaller number would count as taken.

use std::collections::{BTreeMap, VecDeque};

use couplet_engine::codec::decode;
use couplet_engine::modules::xep0045_muc;
use couplet_engine::store::{Entry, SessionStatus, Store};
use couplet_engine::{Command, Input, Now, SessionCommand, Table, Timestamp};
use jid::BareJid;

use crate::disk::Disk;
use crate::rng::Rng;
use crate::room::ROOM;
use crate::tab::{Place, Tab, URL, Written, bodies, read_store};

/// Of an archive: the cursor, its time, whether there is none since the archive was empty,
/// whether there is no archive, catching up.
type Progress = (Option<String>, Option<Timestamp>, bool, bool, bool);

/// Of the archives of rooms.
type Rooms = (Vec<String>, Vec<Progress>);

/// Of what is deleted: in which conversation, when the newest of it was sent, what it was called.
type Clearing = Vec<(String, Timestamp, Vec<String>)>;

/// Something that the person wrote: in which tab, and as the how many-th there.
type Asked = (usize, u32);

#[derive(Debug, Clone)]
struct Wanted {
    in_room: bool,
    body: String,
}

/// A message that an engine has made.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    id: String,
    pub(crate) asked: Asked,
    pub(crate) in_room: bool,
    pub(crate) body: String,
}

/// A tab that follows.
struct Follower {
    name: usize,
    store: Store,
}

/// A tab that led until it was deposed, and hasn't noticed.
pub(crate) struct Former {
    pub(crate) tab: Tab,
    /// So many things happen to it before it hears of that.
    pub(crate) unaware: usize,
}

pub(crate) struct Device {
    /// Its place among all.
    number: usize,
    pub(crate) account: usize,
    jid: BareJid,
    pub(crate) peer: BareJid,
    pub(crate) room: BareJid,
    pub(crate) disk: Disk,
    pub(crate) disk_is_slow: bool,
    /// The tab that leads.
    pub(crate) tab: Tab,
    pub(crate) former: Option<Former>,
    follower: Option<Follower>,
    tabs: usize,
    /// What is wanted in each tab, as long as nobody has confirmed it. It outlives them.
    notes: BTreeMap<Asked, Wanted>,
    /// Commands on their way from a tab to the leader.
    pub(crate) posted: VecDeque<Asked>,
    /// The last number of each tab.
    numbers: BTreeMap<usize, u32>,
    /// What the person wrote, in the order in which engines made messages of it.
    said: Vec<Said>,
    /// How many messages a page of the disk has.
    page: usize,
    /// How far its clock is off, in milliseconds.
    pub(crate) skew: i64,
}

impl Device {
    pub(crate) fn new(
        number: usize,
        account: usize,
        jid: &str,
        peer: &str,
        now: Now,
        rng: &mut Rng,
    ) -> Self {
        let mut disk = Disk::default();
        let page = 1 + rng.below(8);
        let jid: BareJid = jid.parse().expect("a JID");
        let place = Place {
            tab: 0,
            device: number,
            account: &jid,
            page,
        };
        let (tab, _) = Tab::lead(&place, &mut disk, rng.seed(), now);
        Self {
            number,
            account,
            jid,
            peer: peer.parse().expect("a JID"),
            room: ROOM.parse().expect("a JID"),
            disk,
            disk_is_slow: false,
            tab,
            former: None,
            follower: None,
            tabs: 1,
            notes: BTreeMap::new(),
            posted: VecDeque::new(),
            numbers: BTreeMap::new(),
            said: Vec::new(),
            page,
            skew: 0,
        }
    }

    pub(crate) fn sign_in(&mut self, now: Now) {
        let jid = self.jid.clone();
        let url = URL.to_owned();
        self.input(
            now,
            Input::Command(Command::Session(SessionCommand::SignIn { jid, url })),
        );
    }

    /// Goes into the room; once is enough.
    pub(crate) fn join(&mut self, now: Now) {
        let join = xep0045_muc::Command::Join {
            room: self.room.clone(),
            nick: None,
            password: None,
        };
        self.input(now, Input::Command(Command::Muc(join)));
    }

    /// The person writes something, in any of the tabs.
    pub(crate) fn say(&mut self, now: Now, body: String, in_room: bool, rng: &mut Rng) {
        let former = self.former.as_ref().map(|former| former.tab.name);
        let follower = self.follower.as_ref().map(|follower| follower.name);
        let other = former.or(follower).filter(|_| rng.percent(50));
        let tab = other.unwrap_or(self.tab.name);
        let number = self.numbers.entry(tab).or_default();
        *number += 1;
        let asked = (tab, *number);
        self.notes.insert(asked, Wanted { in_room, body });
        if other.is_none() {
            self.take(now, asked);
        } else if let Some(former) = &mut self.former {
            // It believes that it leads. None of this is ever on disk.
            let wanted = &self.notes[&asked];
            let to = if in_room { &self.room } else { &self.peer };
            former.tab.send(now, to, &wanted.body, asked);
        } else {
            self.posted.push_back(asked);
        }
    }

    /// A command of another tab arrives.
    pub(crate) fn hear(&mut self, now: Now) {
        if let Some(asked) = self.posted.pop_front() {
            self.take(now, asked);
        }
    }

    /// Does what is wanted, once.
    fn take(&mut self, now: Now, asked: Asked) {
        let taken = self.tab.taken.get(&asked.0).copied().unwrap_or_default();
        let Some(wanted) = self.notes.get(&asked).filter(|_| taken < asked.1) else {
            return;
        };
        let Wanted { in_room, body } = wanted.clone();
        let to = if in_room { &self.room } else { &self.peer };
        let id = self.tab.send(now, to, &body, asked);
        self.said.push(Said {
            id,
            asked,
            in_room,
            body,
        });
        self.keep_up(now);
    }

    pub(crate) fn input(&mut self, now: Now, input: Input) {
        self.tab.input(now, input);
        self.keep_up(now);
    }

    /// What follows every drain: others are told, and a disk that is fast writes.
    fn keep_up(&mut self, now: Now) {
        if !self.disk_is_slow {
            while self.write(now) {}
        }
        self.tell();
    }

    fn tell(&mut self) {
        if let Some(follower) = &mut self.follower {
            follower.store.mirror(&std::mem::take(&mut self.tab.news));
        }
    }

    /// The disk finishes one transaction.
    pub(crate) fn write(&mut self, now: Now) -> bool {
        match self.tab.write(&mut self.disk, now) {
            Written::Done(taken) => {
                taken.map(|asked| self.notes.remove(&asked));
                self.tell();
                true
            }
            Written::Nothing => false,
            Written::Refused => panic!("whoever leads may write"),
        }
    }

    /// Everything but the disk is gone; of what was being written, some had arrived.
    pub(crate) fn crash(&mut self, now: Now, rng: &mut Rng) {
        let arrived = rng.below(self.tab.writing.len() + 1);
        self.tab.interrupted(&mut self.disk, arrived);
        self.succeed(now, rng);
    }

    /// The tab that follows takes the lead away from one that doesn't answer. That one
    /// goes on for a while. False if there is nobody to do so.
    pub(crate) fn depose(&mut self, now: Now, rng: &mut Rng) -> bool {
        if self.former.is_some() || self.follower.is_none() {
            return false;
        }
        let arrived = rng.below(self.tab.writing.len() + 1);
        self.tab.interrupted(&mut self.disk, arrived);
        let tab = self.succeed(now, rng);
        let unaware = 1 + rng.below(12);
        self.former = Some(Former { tab, unaware });
        true
    }

    /// Another tab leads: the one that follows, or a new one. The one that did until now.
    fn succeed(&mut self, now: Now, rng: &mut Rng) -> Tab {
        let follower = self.follower.take().map(|follower| follower.name);
        let name = follower.unwrap_or(self.tabs);
        self.tabs = self.tabs.max(name + 1);
        let (disk, seed) = (&mut self.disk, rng.seed());
        let place = Place {
            tab: name,
            device: self.number,
            account: &self.jid,
            page: self.page,
        };
        let (tab, restored) = Tab::lead(&place, disk, seed, now);
        let before = std::mem::replace(&mut self.tab, tab);
        // What never was on disk was never sent either: it is done anew.
        let disk = &self.disk;
        self.said.retain(|said| disk.knows(&said.id));
        self.keep_up(now);
        if !restored {
            self.sign_in(now);
        }
        self.do_what_was_asked(now);
        before
    }

    /// Those of a tab are in order.
    fn do_what_was_asked(&mut self, now: Now) {
        self.posted.clear();
        let asked: Vec<_> = self.notes.keys().copied().collect();
        for asked in asked {
            let taken = self.tab.taken.get(&asked.0).copied().unwrap_or_default();
            match taken < asked.1 {
                true => self.take(now, asked),
                false => drop(self.notes.remove(&asked)),
            }
        }
    }

    /// A second tab is opened, and reads the disk.
    pub(crate) fn open_tab(&mut self) {
        if self.follower.is_none() && self.former.is_none() {
            self.follow(self.tabs);
            self.tabs += 1;
        }
    }

    fn follow(&mut self, name: usize) {
        let rows = self.disk.rows_behind(self.tab.writing.iter());
        let store = read_store(&rows, self.page);
        self.follower = Some(Follower { name, store });
        self.tab.is_followed = true;
    }

    /// The second tab is closed. What was wanted there may have reached the leader or not.
    pub(crate) fn close_tab(&mut self, rng: &mut Rng) {
        self.tab.is_followed = false;
        if self.follower.take().is_some() && rng.percent(50) {
            self.posted.clear();
        }
    }

    /// The tab that was deposed hears of it: it follows, and asks again for what it wanted.
    pub(crate) fn retire(&mut self) {
        let Some(Former { tab, .. }) = self.former.take() else {
            return;
        };
        self.follow(tab.name);
        let own = self.notes.keys().filter(|(name, _)| *name == tab.name);
        self.posted.extend(own);
    }

    /// Whether something is wanted that nobody is going to do.
    pub(crate) fn has_only_notes(&self) -> bool {
        let idle = self.posted.is_empty() && !self.is_writing() && self.former.is_none();
        idle && !self.notes.is_empty()
    }

    /// Whether it is in the room, or on its way, and whoever leads next will be, too.
    pub(crate) fn belongs_to_room(&self) -> bool {
        let room = self.tab.store.room(&self.room);
        let rooms = self.disk.row(Table::Engine, "rooms");
        let name = self.room.as_str().as_bytes();
        let kept = rooms.is_some_and(|rooms| rooms.windows(name.len()).any(|part| part == name));
        kept && room.is_some_and(|room| !matches!(room.entry, Entry::Left(_)))
    }

    /// Whether it is in the room and has read what it missed there.
    pub(crate) fn is_in_room(&self) -> bool {
        let room = self.tab.store.room(&self.room);
        let progress = self.progress();
        let read = progress.is_some_and(|(_, (_, rooms), _)| rooms.iter().all(|(.., busy)| !busy));
        read && room.is_some_and(|room| room.entry == Entry::Joined)
    }

    /// Scrolls back as far as the disk goes.
    pub(crate) fn load_all(&mut self, now: Now) {
        let rows = self.disk.rows();
        for jid in [self.peer.clone(), self.room.clone()] {
            while self.tab.load(&jid, &rows, self.page) {}
        }
        self.tab.settle();
        while self.write(now) {}
    }

    /// What the person wrote, in order.
    pub(crate) fn said(&self) -> impl Iterator<Item = &Said> {
        self.said.iter()
    }

    /// How much was ever wanted in each tab.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Asked> {
        self.numbers.iter().map(|(tab, last)| (*tab, *last))
    }

    pub(crate) fn bodies(&self, jid: &BareJid) -> Vec<String> {
        bodies(&self.tab.store, jid)
    }

    /// What the tab that follows shows, if there is one.
    pub(crate) fn bodies_elsewhere(&self, jid: &BareJid) -> Option<Vec<String>> {
        let follower = self.follower.as_ref()?;
        Some(bodies(&follower.store, jid))
    }

    /// What a page loaded now would show.
    pub(crate) fn bodies_on_disk(&self, jid: &BareJid) -> Vec<String> {
        bodies(&read_store(&self.disk.rows(), usize::MAX - 1), jid)
    }

    /// Whether all that was written here has reached the server, and the rest is quiet.
    pub(crate) fn is_settled(&self) -> bool {
        let queued = self.disk.table(Table::Outbox).next().is_some();
        !queued
            && !self.is_writing()
            && self.notes.is_empty()
            && *self.tab.store.status() == SessionStatus::Online
    }

    fn is_writing(&self) -> bool {
        !self.tab.writing.is_empty()
    }

    /// Whether nothing is missing, as far as the disk knows.
    pub(crate) fn is_caught_up(&self) -> bool {
        let progress = self.progress();
        progress.is_some_and(|((.., busy), ..)| !busy) && !self.is_writing()
    }

    /// Whether what was written between the two is in its place.
    pub(crate) fn is_in_order(&self) -> bool {
        let talk = self.tab.store.conversation(&self.peer);
        talk.is_none_or(|known| known.timeline.is_settled())
    }

    /// Whether this waits to be sent, or for proof, as far as the disk knows.
    pub(crate) fn is_waiting(&self, body: &str) -> bool {
        let mut queued = self.disk.table(Table::Outbox);
        let body = body.as_bytes();
        queued.any(|row| row.windows(body.len()).any(|part| part == body))
    }

    /// How far the archives have been read, as far as the disk knows.
    fn progress(&self) -> Option<(Progress, Rooms, Clearing)> {
        decode(self.disk.row(Table::Engine, "archive")?)
    }

    /// What to look at when it is not.
    pub(crate) fn state(&self) -> (&SessionStatus, Vec<&Vec<u8>>) {
        let queued = self.disk.table(Table::Outbox).collect();
        (self.tab.store.status(), queued)
    }

    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self.tab.store.status(), SessionStatus::SignedOut { .. })
    }
}
