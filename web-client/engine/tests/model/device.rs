//! A device: an engine, its store, and a disk that may be slow and survives crashes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use couplet_engine::codec::decode;
use couplet_engine::modules::{rfc6121_message, xep0045_muc};
use couplet_engine::sasl::{Profile, Reply, Request};
use couplet_engine::store::{
    Delivery, Entry, Message, MessageId, SessionStatus, Store, StoreEvent,
};
use couplet_engine::{
    Command, Config, Engine, Input, Now, Output, Record, SessionCommand, Table, Timestamp,
};
use jid::BareJid;

use crate::rng::Rng;
use crate::room::ROOM;

const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' \
                    mechanism='SCRAM-SHA-1'>biwsbj14LHI9eQ==</auth>";

/// One transaction.
#[derive(Debug)]
struct Transaction {
    commit: Option<u64>,
    records: Vec<Record>,
}

/// Of an archive: the cursor, its time, whether there is none since the archive was empty,
/// whether there is no archive, catching up.
type Progress = (Option<String>, Option<Timestamp>, bool, bool, bool);

/// Of the archives of rooms.
type Rooms = (Vec<String>, Vec<Progress>);

/// What a device wants of the world.
#[derive(Debug)]
pub(crate) enum Wish {
    Open,
    Transmit(String),
    Close,
}

pub(crate) struct Device {
    pub(crate) account: usize,
    jid: BareJid,
    pub(crate) peer: BareJid,
    engine: Engine,
    pub(crate) store: Store,
    disk: BTreeMap<(Table, String), Vec<u8>>,
    writing: VecDeque<Transaction>,
    pub(crate) disk_is_slow: bool,
    /// The bodies and ids that are on disk.
    durable: BTreeSet<String>,
    pub(crate) link: Option<usize>,
    /// What happens to it next.
    pub(crate) next: VecDeque<Input>,
    pub(crate) wake_at: Option<std::time::Duration>,
    pub(crate) wishes: Vec<Wish>,
    /// What the person wrote, in order: ids and bodies.
    said: Vec<(String, String)>,
    /// The same, in the room.
    said_in_room: Vec<(String, String)>,
    pub(crate) room: BareJid,
    /// How far each message was seen to have got in this life.
    seen: BTreeMap<MessageId, Delivery>,
    /// How many messages a page of the disk has.
    page: usize,
    /// How far its clock is off, in milliseconds.
    pub(crate) skew: i64,
}

impl Device {
    pub(crate) fn new(account: usize, jid: &str, peer: &str, now: Now, rng: &mut Rng) -> Self {
        Self {
            account,
            jid: jid.parse().expect("a JID"),
            peer: peer.parse().expect("a JID"),
            engine: Engine::new(config(), rng.seed(), now),
            store: Store::default(),
            disk: BTreeMap::new(),
            writing: VecDeque::new(),
            disk_is_slow: false,
            durable: BTreeSet::new(),
            link: None,
            next: VecDeque::new(),
            wake_at: None,
            wishes: Vec::new(),
            said: Vec::new(),
            said_in_room: Vec::new(),
            room: ROOM.parse().expect("a JID"),
            seen: BTreeMap::new(),
            page: 1 + rng.below(8),
            skew: 0,
        }
    }

    pub(crate) fn sign_in(&mut self, now: Now) {
        let jid = self.jid.clone();
        let url = "wss://example.org/ws".to_owned();
        self.input(
            now,
            Input::Command(Command::Session(SessionCommand::SignIn { jid, url })),
        );
    }

    pub(crate) fn say(&mut self, now: Now, body: String) {
        let to = self.peer.clone();
        let send = rfc6121_message::Command::Send {
            to,
            body: body.clone(),
        };
        self.input(now, Input::Command(Command::Message(send)));
        let newest = self.newest(&self.peer, &body);
        self.said.push((newest, body));
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

    pub(crate) fn say_in_room(&mut self, now: Now, body: String) {
        let send = rfc6121_message::Command::Send {
            to: self.room.clone(),
            body: body.clone(),
        };
        self.input(now, Input::Command(Command::Message(send)));
        let newest = self.newest(&self.room, &body);
        self.said_in_room.push((newest, body));
    }

    fn newest(&self, jid: &BareJid, body: &str) -> String {
        let newest = self.store.conversation(jid);
        let newest = newest.and_then(|known| known.last()).expect("it is shown");
        assert_eq!(newest.body, body, "what one writes is the newest");
        newest.id.0.clone()
    }

    /// Whether it is in the room, or on its way.
    pub(crate) fn belongs_to_room(&self) -> bool {
        let room = self.store.room(&self.room);
        room.is_some_and(|room| !matches!(room.entry, Entry::Left(_)))
    }

    /// Whether it is in the room and has read what it missed there.
    pub(crate) fn is_in_room(&self) -> bool {
        let room = self.store.room(&self.room);
        let progress = self.progress();
        let read = progress.is_some_and(|(_, (_, rooms))| rooms.iter().all(|(.., busy)| !busy));
        read && room.is_some_and(|room| room.entry == Entry::Joined)
    }

    pub(crate) fn input(&mut self, now: Now, input: Input) {
        self.engine.handle_input(now, input);
        self.drain();
        if !self.disk_is_slow {
            while self.write(now) {}
        }
    }

    fn drain(&mut self) {
        let mut transaction = Transaction {
            commit: None,
            records: Vec::new(),
        };
        loop {
            match self.engine.poll_output() {
                Output::Open { .. } => self.wishes.push(Wish::Open),
                Output::Sasl(request) => self.sasl(request),
                Output::Commit(commit, records) => {
                    transaction.commit = Some(commit);
                    transaction.records.extend(records);
                }
                Output::Transmit(text) => self.wishes.push(Wish::Transmit(text)),
                Output::Event(event) => self.show(event),
                Output::Log(..) => {}
                Output::Close => self.wishes.push(Wish::Close),
                Output::Idle { wake_at } => {
                    self.wake_at = wake_at;
                    break;
                }
            }
        }
        transaction.records.extend(self.store.take_records());
        if transaction.commit.is_some() || !transaction.records.is_empty() {
            self.writing.push_back(transaction);
        }
    }

    fn sasl(&mut self, request: Request) {
        let reply = match request {
            Request::Start(offer) => Reply::Send(match offer.profile {
                Profile::Classic => AUTH.to_owned(),
                Profile::Extensible { inline, .. } => {
                    format!("<authenticate xmlns='urn:xmpp:sasl:2'>{inline}</authenticate>")
                }
            }),
            Request::Success(_) => Reply::Verified,
            Request::Challenge(_) | Request::Failure { .. } | Request::SignedOut => return,
        };
        self.next.push_back(Input::SaslReply(reply));
    }

    fn show(&mut self, event: StoreEvent) {
        let watched = match &event {
            StoreEvent::Message { message, .. } => {
                Some((message.conversation.clone(), message.id.clone()))
            }
            StoreEvent::Delivery {
                conversation, id, ..
            } => Some((conversation.clone(), id.clone())),
            _ => None,
        };
        self.store.apply(event);
        let Some((conversation, id)) = watched else {
            return;
        };
        let Some(known) = self.store.conversation(&conversation) else {
            return;
        };
        if let Some(message) = known.timeline.message(&id) {
            let seen = self
                .seen
                .entry(id)
                .or_insert_with(|| message.delivery.clone());
            assert!(*seen <= message.delivery, "delivery went back");
            *seen = message.delivery.clone();
        }
    }

    pub(crate) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// The disk finishes one transaction.
    pub(crate) fn write(&mut self, now: Now) -> bool {
        let Some(transaction) = self.writing.pop_front() else {
            return false;
        };
        self.commit(transaction.records);
        if let Some(commit) = transaction.commit {
            self.engine.handle_input(now, Input::Committed(commit));
            self.drain();
        }
        true
    }

    fn commit(&mut self, records: Vec<Record>) {
        for Record { table, key, value } in records {
            match value {
                Some(value) => {
                    if table == Table::Messages {
                        let message: Message = decode(&value).expect("a row is a message");
                        self.durable.extend([message.body, message.id.0]);
                    }
                    self.disk.insert((table, key), value);
                }
                None => {
                    self.disk.remove(&(table, key));
                }
            }
        }
    }

    /// Whether an ack of this message was no lie.
    pub(crate) fn has_durable(&self, body: &str) -> bool {
        self.durable.contains(body)
    }

    /// Everything but the disk is gone; of what was being written, some had arrived.
    pub(crate) fn crash(&mut self, now: Now, rng: &mut Rng) {
        let arrived = rng.below(self.writing.len() + 1);
        let writing = std::mem::take(&mut self.writing);
        for transaction in writing.into_iter().take(arrived) {
            self.commit(transaction.records);
        }
        self.link = None;
        self.next.clear();
        self.wishes.clear();
        self.seen.clear();
        // What never was on disk was never sent either: its writer has seen it vanish.
        let rows = self.rows();
        self.store = Store::restore(&rows);
        let conversations: Vec<_> = self
            .store
            .conversations()
            .map(|(jid, _)| jid.clone())
            .collect();
        for jid in conversations {
            self.load(&jid, &rows);
            while self.store.needs_more(&jid) {
                self.load(&jid, &rows);
            }
        }
        let seed = rng.seed();
        match Engine::restore(config(), &rows, seed, now) {
            Ok(engine) => {
                self.engine = engine;
                self.drain();
            }
            Err(_) => {
                self.engine = Engine::new(config(), seed, now);
                self.drain();
                self.sign_in(now);
            }
        }
        let durable = &self.durable;
        self.said.retain(|(id, _)| durable.contains(id));
        self.said_in_room.retain(|(id, _)| durable.contains(id));
    }

    fn rows(&self) -> Vec<Record> {
        let row = |((table, key), value): (&(Table, String), &Vec<u8>)| Record {
            table: *table,
            key: key.clone(),
            value: Some(value.clone()),
        };
        self.disk.iter().map(row).collect()
    }

    /// A page from disk; whether there are more.
    fn load(&mut self, jid: &BareJid, rows: &[Record]) -> bool {
        let keys = Store::message_keys(jid);
        let after = self.store.older_key(jid);
        let behind = |row: &&Record| {
            row.table == Table::Messages
                && keys.contains(&row.key)
                && after.as_ref().is_none_or(|after| row.key > *after)
        };
        let mut page: Vec<_> = rows.iter().filter(behind).cloned().collect();
        let more = page.len() > self.page;
        page.truncate(self.page);
        self.store.load(jid, &page, more);
        more
    }

    /// Scrolls back as far as the disk goes.
    pub(crate) fn load_all(&mut self, now: Now) {
        let rows = self.rows();
        for jid in [self.peer.clone(), self.room.clone()] {
            while self.load(&jid, &rows) {}
        }
        self.drain();
        while self.write(now) {}
    }

    /// What the person wrote, in order.
    pub(crate) fn said(&self, in_room: bool) -> impl Iterator<Item = &String> {
        let said = match in_room {
            true => &self.said_in_room,
            false => &self.said,
        };
        said.iter().map(|(_, body)| body)
    }

    pub(crate) fn bodies(&self, jid: &BareJid) -> Vec<String> {
        let conversation = self.store.conversation(jid);
        let timeline = conversation
            .into_iter()
            .flat_map(|known| known.timeline.iter());
        timeline.map(|message| message.body.clone()).collect()
    }

    /// What a page loaded now would show.
    pub(crate) fn bodies_on_disk(&self, jid: &BareJid) -> Vec<String> {
        let rows = self.rows();
        let mut store = Store::restore(&rows);
        let messages: Vec<_> = rows
            .into_iter()
            .filter(|row| row.table == Table::Messages)
            .collect();
        store.load(jid, &messages, false);
        let conversation = store.conversation(jid);
        let timeline = conversation
            .into_iter()
            .flat_map(|known| known.timeline.iter());
        timeline.map(|message| message.body.clone()).collect()
    }

    /// Whether all that was written here has reached the server, and the rest is quiet.
    pub(crate) fn is_settled(&self) -> bool {
        let queued = self.disk.keys().any(|(table, _)| *table == Table::Outbox);
        !queued && !self.is_writing() && *self.store.status() == SessionStatus::Online
    }

    /// Whether nothing is missing, as far as the disk knows.
    pub(crate) fn is_caught_up(&self) -> bool {
        let progress = self.progress();
        progress.is_some_and(|((.., busy), _)| !busy) && !self.is_writing()
    }

    /// How far the archives have been read, as far as the disk knows.
    fn progress(&self) -> Option<(Progress, Rooms)> {
        decode(self.disk.get(&(Table::Engine, "archive".to_owned()))?)
    }

    /// What to look at when it is not.
    pub(crate) fn state(&self) -> (&SessionStatus, Vec<&Vec<u8>>) {
        let queued = self
            .disk
            .iter()
            .filter(|((table, _), _)| *table == Table::Outbox);
        (self.store.status(), queued.map(|(_, row)| row).collect())
    }

    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self.store.status(), SessionStatus::SignedOut { .. })
    }
}

fn config() -> Config {
    Config {
        version: "0".into(),
        utc_offset: 0,
        languages: vec![],
    }
}
