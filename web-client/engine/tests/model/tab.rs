//! A tab that leads, or has led: an engine, its store, and what it does with the disk.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use couplet_engine::modules::rfc6121_message;
use couplet_engine::sasl::{Profile, Reply, Request};
use couplet_engine::store::{Delivery, MessageId, Notes, Store, StoreEvent};
use couplet_engine::{Command, Config, Engine, Input, Now, Output, Record, Table};
use jid::BareJid;

use crate::disk::{Disk, Transaction};

const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' \
                    mechanism='SCRAM-SHA-1'>biwsbj14LHI9eQ==</auth>";

pub(crate) const URL: &str = "wss://example.org/ws";

/// Which tab it is, and where.
pub(crate) struct Place<'a> {
    pub(crate) tab: usize,
    pub(crate) device: usize,
    pub(crate) account: &'a BareJid,
    /// How many messages a page of the disk has.
    pub(crate) page: usize,
}

/// What a tab wants of the world.
#[derive(Debug)]
pub(crate) enum Wish {
    Open,
    Transmit(String),
    Close,
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// There was none.
    Nothing,
    /// It is on disk, and with it the command that was taken of a tab.
    Done(Option<(usize, u32)>),
    /// Another tab leads.
    Refused,
}

pub(crate) struct Tab {
    pub(crate) name: usize,
    /// By what the server knows its device (XEP-0388).
    agent: usize,
    epoch: u32,
    engine: Engine,
    pub(crate) store: Store,
    pub(crate) writing: VecDeque<Transaction>,
    /// The last command taken of each tab.
    pub(crate) taken: BTreeMap<usize, u32>,
    pub(crate) link: Option<usize>,
    /// What happens to it next.
    pub(crate) next: VecDeque<Input>,
    pub(crate) wake_at: Option<Duration>,
    pub(crate) wishes: Vec<Wish>,
    /// Rows of its store that whoever follows has yet to be told of, if anybody does.
    pub(crate) news: Vec<Record>,
    pub(crate) is_followed: bool,
    /// How far each message was seen to have got.
    seen: BTreeMap<MessageId, Delivery>,
}

impl Tab {
    /// Goes on from the disk; false if there was nothing on it.
    pub(crate) fn lead(
        place: &Place<'_>,
        disk: &mut Disk,
        seed: [u8; 32],
        now: Now,
    ) -> (Self, bool) {
        let epoch = disk.lead();
        let rows = disk.rows();
        let store = read_store(&rows, place.page);
        let (engine, restored) = match Engine::restore(config(), &rows, seed, now) {
            Ok(engine) => (engine, true),
            Err(_) if rows.is_empty() => (Engine::new(config(), seed, now), false),
            Err(_) => {
                let (account, url) = (place.account.clone(), URL.to_owned());
                let known = store.known(now.wall);
                let engine = Engine::recover(config(), &rows, account, url, &known, seed, now);
                (engine, true)
            }
        };
        let mut tab = Self {
            name: place.tab,
            agent: place.device,
            epoch,
            engine,
            store,
            writing: VecDeque::new(),
            taken: disk.taken.clone(),
            link: None,
            next: VecDeque::new(),
            wake_at: None,
            wishes: Vec::new(),
            news: Vec::new(),
            is_followed: false,
            seen: disk.delivered.clone(),
        };
        tab.drain(None);
        (tab, restored)
    }

    pub(crate) fn input(&mut self, now: Now, input: Input) {
        self.engine.handle_input(now, input);
        self.drain(None);
    }

    /// Does what it was asked for by a tab, by number. That it has been done is kept with
    /// what comes of it. The id of the message.
    pub(crate) fn send(
        &mut self,
        now: Now,
        to: &BareJid,
        body: &str,
        asked: (usize, u32),
    ) -> String {
        self.taken.insert(asked.0, asked.1);
        let send = rfc6121_message::Command::Send {
            to: to.clone(),
            body: body.to_owned(),
            notes: Notes::default(),
        };
        self.engine
            .handle_input(now, Input::Command(Command::Message(send)));
        self.drain(Some(asked));
        let newest = self.store.conversation(to);
        let newest = newest.and_then(|known| known.last()).expect("it is shown");
        assert_eq!(newest.body, body, "what one writes is the newest");
        newest.id.0.clone()
    }

    fn drain(&mut self, taken: Option<(usize, u32)>) {
        let mut transaction = Transaction {
            taken,
            ..Transaction::default()
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
        let rows = self.store.take_records();
        if self.is_followed {
            self.news.extend_from_slice(&rows);
        }
        transaction.records.extend(rows);
        if transaction.commit.is_some() || !transaction.records.is_empty() || taken.is_some() {
            self.writing.push_back(transaction);
        }
    }

    fn sasl(&mut self, request: Request) {
        let reply = match request {
            Request::Start(offer) => Reply::Send(match offer.profile {
                Profile::Classic => AUTH.to_owned(),
                Profile::Extensible { inline, .. } => format!(
                    "<authenticate xmlns='urn:xmpp:sasl:2'><user-agent id='{}'/>{inline}\
                     </authenticate>",
                    self.agent
                ),
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
            let seen = self.seen.entry(id);
            let seen = seen.or_insert_with(|| message.delivery.clone());
            assert!(*seen <= message.delivery, "delivery went back");
            *seen = message.delivery.clone();
        }
    }

    /// The disk finishes one transaction, or refuses it.
    pub(crate) fn write(&mut self, disk: &mut Disk, now: Now) -> Written {
        let Some(mut transaction) = self.writing.pop_front() else {
            return Written::Nothing;
        };
        if !transaction.done && !disk.write(self.epoch, &mut transaction) {
            return Written::Refused;
        }
        if let Some(commit) = transaction.commit {
            self.input(now, Input::Committed(commit));
        }
        Written::Done(transaction.taken)
    }

    /// The page ends, or another one leads: of what is being written, `arrived` have made it.
    pub(crate) fn interrupted(&mut self, disk: &mut Disk, arrived: usize) {
        for transaction in self.writing.iter_mut().take(arrived) {
            if !transaction.done {
                disk.write(self.epoch, transaction);
            }
        }
    }

    /// A page of the disk more; whether there are more.
    pub(crate) fn load(&mut self, jid: &BareJid, rows: &[Record], page: usize) -> bool {
        load(&mut self.store, jid, rows, page)
    }

    /// What its store has to write of what was read.
    pub(crate) fn settle(&mut self) {
        self.drain(None);
    }
}

/// What a page shows that is loaded anew.
pub(crate) fn read_store(rows: &[Record], page: usize) -> Store {
    let mut store = Store::restore(rows);
    let conversations: Vec<_> = store.conversations().map(|(jid, _)| jid.clone()).collect();
    for jid in conversations {
        load(&mut store, &jid, rows, page);
        while store.needs_more(&jid) {
            load(&mut store, &jid, rows, page);
        }
    }
    store
}

fn load(store: &mut Store, jid: &BareJid, rows: &[Record], page: usize) -> bool {
    let keys = Store::message_keys(jid);
    let after = store.older_key(jid);
    let behind = |row: &&Record| {
        row.table == Table::Messages
            && keys.contains(&row.key)
            && after.as_ref().is_none_or(|after| row.key > *after)
    };
    let mut found: Vec<_> = rows.iter().filter(behind).take(page + 1).cloned().collect();
    let more = found.len() > page;
    found.truncate(page);
    store.load(jid, &found, more);
    more
}

pub(crate) fn bodies(store: &Store, jid: &BareJid) -> Vec<String> {
    let conversation = store.conversation(jid);
    let timeline = conversation
        .into_iter()
        .flat_map(|known| known.timeline.iter());
    timeline.map(|message| message.body.clone()).collect()
}

fn config() -> Config {
    Config {
        version: "0".into(),
        utc_offset: 0,
        languages: vec![],
    }
}
