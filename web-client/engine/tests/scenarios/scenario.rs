//! A scripted server and a virtual clock around one engine.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use couplet_engine::sasl::{Reply, Request};
use couplet_engine::store::{Message as Shown, Notes, PageAnswer, Store, StoreEvent};
use couplet_engine::{
    CloseReason, Command, Config, Engine, Input, Now, Output, Record, SessionCommand, Table,
    Timestamp,
};
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::bind::BindQuery;
use xmpp_parsers::blocking::{Block, BlocklistRequest, Unblock};
use xmpp_parsers::data_forms::DataForm;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoItemsQuery};
use xmpp_parsers::http_upload::SlotRequest;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::Message;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::pubsub::{Owner, PubSub};
use xmpp_parsers::roster::Roster;
use xmpp_parsers::rsm::SetQuery;
use xmpp_parsers::spam_reporting::Report;
use xmpp_parsers::time::TimeQuery;
use xmpp_parsers::version::VersionQuery;
use xmpp_parsers::websocket::Open;
use xmpp_parsers::{carbons, ibr, mam, ns, private, sasl, sm};

pub(crate) const ME: &str = "alice@example.org";
pub(crate) const MY_ADDRESS: &str = "alice@example.org/balcony";

/// Monday, 2026-11-02 09:00:00 UTC.
const START: i64 = 1_793_610_000_000;

/// So many stanzas a session begins with: carbons, roster, presence, archive, what was read,
/// bookmarks in three forms, what is wanted with conversations, what others may learn of us, what
/// the server can do.
pub(crate) const BEGUN: i32 = 11;

/// So many stanzas answer them: presence isn't answered.
pub(crate) const ANSWERED: i32 = BEGUN - 1;

/// The server has handled these, and `more`.
pub(crate) fn acked(more: i32) -> String {
    format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", BEGUN + more)
}

/// The session goes on; the server has handled as much.
pub(crate) fn resumption(previd: &str, more: i32) -> String {
    let h = BEGUN + more;
    format!("<resumed xmlns='urn:xmpp:sm:3' previd='{previd}' h='{h}'/>")
}

pub(crate) struct Scenario {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) sent: VecDeque<Element>,
    /// All of that as it was put on the wire, also what has been looked at.
    pub(crate) frames: Vec<String>,
    pub(crate) events: Vec<StoreEvent>,
    pub(crate) disk: Disk,
    pub(crate) commits: usize,
    pub(crate) log: Vec<String>,
    /// Commits that have not been answered, while the disk is slow.
    pub(crate) uncommitted: Vec<u64>,
    pub(crate) disk_is_slow: bool,
    pub(crate) opens: usize,
    pub(crate) closes: usize,
    pub(crate) sasl: VecDeque<Request>,
    now: Duration,
    /// How long the machine has slept, in seconds.
    slept: u64,
    wake_at: Option<Duration>,
}

impl Scenario {
    pub(crate) fn new() -> Self {
        Self::around(|now| Engine::new(config(), [1; 32], now))
    }

    /// The page is loaded anew: everything but what is on disk is gone.
    pub(crate) fn reloaded(&self, seed: u8) -> Self {
        Self::from_disk(&self.disk, |rows, _, now| {
            Engine::restore(config(), rows, [seed; 32], now).expect("a session on disk")
        })
    }

    /// The same where there is no session that one could go on from.
    pub(crate) fn recovered(disk: &Disk, seed: u8) -> Self {
        Self::from_disk(disk, |rows, store, now| {
            let foreign = Engine::restore(config(), rows, [seed; 32], now);
            assert!(foreign.is_err(), "one could go on");
            let url = "wss://example.org/xmpp-websocket".to_owned();
            let (account, known) = (ME.parse().unwrap(), store.known(now.wall));
            Engine::recover(config(), rows, account, url, &known, [seed; 32], now)
        })
    }

    fn from_disk(disk: &Disk, engine: impl FnOnce(&[Record], &Store, Now) -> Engine) -> Self {
        let rows = disk.rows();
        let mut store = Store::restore(&rows);
        let conversations: Vec<_> = store.conversations().map(|(jid, _)| jid.clone()).collect();
        for jid in conversations {
            let (page, more) = disk.page(&jid, None, 20);
            store.load(&jid, &page, more);
        }
        Self::begin(disk.clone(), store, |store, now| engine(&rows, store, now))
    }

    pub(crate) fn around(engine: impl FnOnce(Now) -> Engine) -> Self {
        Self::begin(Disk::default(), Store::default(), |_, now| engine(now))
    }

    fn begin(disk: Disk, store: Store, engine: impl FnOnce(&Store, Now) -> Engine) -> Self {
        let now = Duration::from_secs(1000);
        let mut scenario = Self {
            engine: engine(&store, at(now)),
            store,
            sent: VecDeque::new(),
            frames: Vec::new(),
            events: Vec::new(),
            disk,
            commits: 0,
            log: Vec::new(),
            uncommitted: Vec::new(),
            disk_is_slow: false,
            opens: 0,
            closes: 0,
            sasl: VecDeque::new(),
            now,
            slept: 0,
            wake_at: None,
        };
        scenario.drain();
        scenario
    }

    /// Signed in on a server with stream management, the first requests answered.
    pub(crate) fn signed_in() -> Self {
        let mut scenario = Self::new();
        scenario.sign_in();
        scenario.authenticate();
        scenario.bind();
        scenario.settle_in();
        scenario
    }

    /// Signed in for so long that what is archived late has been read too.
    pub(crate) fn settled() -> Self {
        let mut scenario = Self::signed_in();
        scenario.settle();
        scenario
    }

    /// Reads the archive once more, which has nothing new.
    pub(crate) fn settle(&mut self) {
        self.advance(5);
        let id = self.expect_iq("query@urn:xmpp:mam:2");
        self.finish_archive(&id, "", true);
        self.sent.clear();
    }

    pub(crate) fn sign_in(&mut self) {
        self.sasl.clear();
        let url = "wss://example.org/xmpp-websocket".to_owned();
        let jid = ME.parse().unwrap();
        self.command(Command::Session(SessionCommand::SignIn { jid, url }));
    }

    /// From the open socket to the features after sign-in.
    pub(crate) fn authenticate(&mut self) {
        self.input(Input::Opened);
        self.expect("open");
        self.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>");
        self.recv(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
             <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>",
        );
        assert!(matches!(self.sasl.pop_front(), Some(Request::Start { .. })));
        let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' \
                    mechanism='SCRAM-SHA-256'>biwsbj1hbGljZSxyPW5vbmNl</auth>";
        self.input(Input::SaslReply(Reply::Send(auth.to_owned())));
        self.expect("auth");
        self.recv("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj0x</success>");
        assert_eq!(
            self.sasl.pop_front(),
            Some(Request::Success(b"v=1".to_vec()))
        );
        self.input(Input::SaslReply(Reply::Verified));
        self.expect("open");
        self.recv("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org'/>");
    }

    pub(crate) fn bind(&mut self) {
        self.features("<sm xmlns='urn:xmpp:sm:3'/>");
        self.answer_bind();
        self.expect("enable");
        self.recv("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>");
    }

    pub(crate) fn features(&mut self, more: &str) {
        self.recv(&format!(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
             <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>{more}</stream:features>"
        ));
    }

    pub(crate) fn answer_bind(&mut self) {
        let id = self.expect_iq("bind");
        self.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>\
             <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{MY_ADDRESS}</jid></bind></iq>"
        ));
    }

    /// Answers what a new session asks: carbons, an empty archive, a roster of bob.
    pub(crate) fn settle_in(&mut self) {
        self.answer_carbons();
        self.answer_archive("");
        self.answer_roster();
        self.answer_read_sync("");
        self.answer_bookmarks("");
        self.answer_wishes("");
        self.answer_privacy("");
        self.answer_features();
        if self.find(|sent| sent.name() == "r").is_some() {
            // Carbons, roster, presence, archive, and what is kept in private nodes.
            self.recv(&acked(0));
        }
        self.answer_pings();
        self.sent.clear();
        self.events.clear();
    }

    /// Answers our pings until there are no more.
    pub(crate) fn answer_pings(&mut self) {
        for pings in 0.. {
            let Some(ping) = self.find(|sent| has(sent, "ping@urn:xmpp:ping")) else {
                return;
            };
            assert!(pings < 5, "pings go on for ever");
            let id = ping.attr("id").unwrap();
            self.recv(&format!(
                "<iq xmlns='jabber:client' type='result' id='{id}'/>"
            ));
        }
    }

    /// More than that, in which the server is heard of now and then.
    pub(crate) fn wait_a_minute(&mut self) {
        for _ in 0..7 {
            self.advance(10);
            self.recv("<r xmlns='urn:xmpp:sm:3'/>");
        }
    }

    /// Carbons come from now on, if they were asked for.
    pub(crate) fn answer_carbons(&mut self) {
        if let Some(iq) = self.find(|sent| has(sent, "enable@urn:xmpp:carbons:2")) {
            let id = iq.attr("id").unwrap();
            self.recv(&format!(
                "<iq xmlns='jabber:client' type='result' id='{id}'/>"
            ));
        }
    }

    pub(crate) fn answer_roster(&mut self) {
        let id = self.expect_iq("query@jabber:iq:roster");
        self.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>\
             <query xmlns='jabber:iq:roster'>\
             <item jid='bob@example.org' name='Bob' subscription='both'/>\
             <item jid='eve@example.org' subscription='none'/></query></iq>"
        ));
    }

    /// What other devices have read: these `<item/>`s.
    pub(crate) fn answer_read_sync(&mut self, items: &str) {
        self.answer_items("urn:xmpp:mds:displayed:0", items);
    }

    /// What other devices want with conversations: these `<item/>`s.
    pub(crate) fn answer_wishes(&mut self, items: &str) {
        self.answer_items("urn:couplet:conversations:0", items);
    }

    /// What was chosen on other devices: this `<item/>`.
    pub(crate) fn answer_privacy(&mut self, item: &str) {
        self.answer_items("urn:couplet:privacy:0", item);
    }

    /// The server can do nothing more, if it hasn't been said yet.
    fn answer_features(&mut self) {
        let asks = |sent: &Element| {
            sent.attr("to") == Some("example.org")
                && has(sent, "query@http://jabber.org/protocol/disco#info")
        };
        if let Some(iq) = self.find(asks) {
            let id = iq.attr("id").unwrap();
            self.recv(&format!(
                "<iq xmlns='jabber:client' type='result' id='{id}' from='example.org'>\
                 <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
            ));
        }
    }

    /// Answers the request for bookmarks with these items (XEP-0402).
    pub(crate) fn answer_bookmarks(&mut self, items: &str) {
        self.answer_items("urn:xmpp:bookmarks:1", items);
        if items.is_empty() {
            let node = self.expect_items("storage:bookmarks");
            let refuse = |scenario: &mut Self, id: &str| {
                scenario.recv(&format!(
                    "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'>\
                     <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                ));
            };
            refuse(self, &node);
            let storage = self.expect_iq("query@jabber:iq:private");
            refuse(self, &storage);
        }
    }

    /// Answers what was asked of a node of ours with these `<item/>`s.
    fn answer_items(&mut self, node: &str, items: &str) {
        let id = self.expect_items(node);
        self.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>\
             <pubsub xmlns='http://jabber.org/protocol/pubsub'>\
             <items node='{node}'>{items}</items></pubsub></iq>"
        ));
    }

    /// Answers a query of the archive with these `<result/>`s; complete.
    pub(crate) fn answer_archive(&mut self, results: &str) {
        let (id, _) = self.archive_query();
        self.finish_archive(&id, results, true);
    }

    /// The query that is under way: the id of the request, and of the query.
    pub(crate) fn archive_query(&mut self) -> (String, String) {
        let iq = self
            .find(|sent| has(sent, "query@urn:xmpp:mam:2"))
            .expect("an archive query");
        let query = iq.children().next().unwrap();
        (
            iq.attr("id").unwrap().to_owned(),
            query.attr("queryid").unwrap().to_owned(),
        )
    }

    pub(crate) fn finish_archive(&mut self, id: &str, last: &str, complete: bool) {
        let last = if last.is_empty() {
            String::new()
        } else {
            format!("<last>{last}</last>")
        };
        self.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'>\
             <fin xmlns='urn:xmpp:mam:2' complete='{complete}'>\
             <set xmlns='http://jabber.org/protocol/rsm'>{last}</set></fin></iq>"
        ));
    }

    pub(crate) fn archived(&mut self, query: &str, id: &str, message: &str) {
        self.recv(&format!(
            "<message xmlns='jabber:client' to='{MY_ADDRESS}' from='{ME}'>\
             <result xmlns='urn:xmpp:mam:2' queryid='{query}' id='{id}'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-11-01T09:00:00Z'/>{message}\
             </forwarded></result></message>"
        ));
    }

    /// The query of the archive of this room, or of our own: request and text, and its id.
    pub(crate) fn archive_query_of(&mut self, whose: &str) -> ((String, String), String) {
        let to = Some(whose).filter(|whose| !whose.is_empty());
        let iq = self
            .find(|sent| has(sent, "query@urn:xmpp:mam:2") && sent.attr("to") == to)
            .expect("an archive query");
        let query = iq.children().next().unwrap().attr("queryid").unwrap();
        let id = iq.attr("id").unwrap().to_owned();
        ((id, String::from(&iq)), query.to_owned())
    }

    /// Answers it with these messages, each with its id there.
    pub(crate) fn answer_archive_of(
        &mut self,
        whose: &str,
        messages: &[(&str, &str)],
        complete: bool,
    ) {
        let ((id, _), query) = self.archive_query_of(whose);
        for (archive, message) in messages {
            self.archived_by(whose, &query, archive, message);
        }
        if complete {
            self.finish_archive_of(whose, &id, "");
        }
    }

    pub(crate) fn archived_by(&mut self, whose: &str, query: &str, id: &str, message: &str) {
        self.recv(&format!(
            "<message xmlns='jabber:client' to='{MY_ADDRESS}' from='{whose}'>\
             <result xmlns='urn:xmpp:mam:2' queryid='{query}' id='{id}'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-11-01T09:00:00Z'/>{message}\
             </forwarded></result></message>"
        ));
    }

    pub(crate) fn finish_archive_of(&mut self, whose: &str, id: &str, last: &str) {
        let from = match whose {
            "" => String::new(),
            whose => format!(" from='{whose}'"),
        };
        let last = match last {
            "" => String::new(),
            last => format!("<last>{last}</last>"),
        };
        self.recv(&format!(
            "<iq xmlns='jabber:client' type='result' id='{id}'{from}>\
             <fin xmlns='urn:xmpp:mam:2' complete='true'>\
             <set xmlns='http://jabber.org/protocol/rsm'>{last}</set></fin></iq>"
        ));
    }

    /// Lets time go by on a connection that lives.
    pub(crate) fn advance_alive(&mut self, seconds: u64) {
        for _ in 0..seconds.div_ceil(10) {
            self.advance(10);
            self.recv("<r xmlns='urn:xmpp:sm:3'/>");
            if self.find(|sent| sent.name() == "r").is_some() {
                self.recv("<a xmlns='urn:xmpp:sm:3' h='0'/>");
            }
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    pub(crate) fn say(&mut self, body: &str) {
        use couplet_engine::modules::rfc6121_message::Command as MessageCommand;
        let to = "bob@example.org".parse().unwrap();
        self.command(Command::Message(MessageCommand::Send {
            to,
            body: body.to_owned(),
            notes: Notes::default(),
        }));
    }

    pub(crate) fn recv(&mut self, xml: &str) {
        self.input(Input::Frame(xml.to_owned()));
    }

    pub(crate) fn lose_connection(&mut self) {
        self.input(Input::Closed(CloseReason {
            opened: true,
            code: 1006,
        }));
    }

    /// Lets time go by, waking the engine whenever it asked to be.
    pub(crate) fn advance(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(wake_at) = self.wake_at.filter(|wake_at| *wake_at <= until) {
            self.now = self.now.max(wake_at);
            self.input(Input::Timeout);
        }
        self.now = until;
    }

    /// The clock on the wall goes on alone.
    pub(crate) fn sleep(&mut self, seconds: u64) {
        self.slept += seconds;
    }

    /// The disk has caught up.
    pub(crate) fn commit(&mut self) {
        self.disk_is_slow = false;
        for commit in std::mem::take(&mut self.uncommitted) {
            self.input(Input::Committed(commit));
        }
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle_input(self.time(), input);
        self.drain();
    }

    /// The next thing sent, which has to be a `<name/>`.
    pub(crate) fn expect(&mut self, name: &str) -> Element {
        let sent = self
            .sent
            .pop_front()
            .unwrap_or_else(|| panic!("<{name}/> was not sent"));
        assert_eq!(sent.name(), name, "{}", String::from(&sent));
        sent
    }

    /// Takes the request with this payload out of what was sent, and returns its id.
    pub(crate) fn expect_iq(&mut self, payload: &str) -> String {
        let iq = self
            .find(|sent| has(sent, payload))
            .unwrap_or_else(|| panic!("no {payload}"));
        iq.attr("id").unwrap().to_owned()
    }

    /// The id of the request for what is on a node of ours.
    pub(crate) fn expect_items(&mut self, node: &str) -> String {
        let iq = self
            .find(|sent| has(sent, "pubsub") && String::from(sent).contains(node))
            .unwrap_or_else(|| panic!("nobody asks for {node}"));
        iq.attr("id").unwrap().to_owned()
    }

    /// The bodies of all messages sent, in order; other stanzas stay.
    pub(crate) fn sent_bodies(&mut self) -> Vec<String> {
        let (messages, rest) = std::mem::take(&mut self.sent)
            .into_iter()
            .partition::<Vec<_>, _>(|sent| body(sent).is_some());
        self.sent = rest.into();
        messages.iter().filter_map(body).collect()
    }

    pub(crate) fn find(&mut self, matches: impl Fn(&Element) -> bool) -> Option<Element> {
        let index = self.sent.iter().position(matches)?;
        self.sent.remove(index)
    }

    /// What whoever asked has been told since this was last asked.
    pub(crate) fn answers(&mut self) -> impl Iterator<Item = PageAnswer> {
        let events = std::mem::take(&mut self.events);
        events.into_iter().filter_map(|event| match event {
            StoreEvent::PageAnswer(answer) => Some(*answer),
            _ => None,
        })
    }

    /// What the conversation with bob shows.
    pub(crate) fn messages(&self) -> Vec<Shown> {
        self.store
            .conversation(&"bob@example.org".parse().unwrap())
            .into_iter()
            .flat_map(|conversation| conversation.timeline.iter())
            .map(|message| Shown::clone(message))
            .collect()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.messages()
            .into_iter()
            .map(|message| message.body)
            .collect()
    }

    fn time(&self) -> Now {
        let now = at(self.now);
        Now {
            wall: now.wall + Duration::from_secs(self.slept),
            ..now
        }
    }

    fn drain(&mut self) {
        let mut written = Vec::new();
        loop {
            match self.engine.poll_output() {
                Output::Open { .. } => {
                    self.opens += 1;
                    self.sent.clear();
                }
                Output::Sasl(request) => self.sasl.push_back(request),
                Output::Commit(commit, records) => {
                    self.commits += 1;
                    written.extend(records);
                    if self.disk_is_slow {
                        self.uncommitted.push(commit);
                    } else {
                        self.engine
                            .handle_input(self.time(), Input::Committed(commit));
                    }
                }
                Output::Transmit(text) => {
                    let sent = text.parse().expect(&text);
                    second_opinion(&sent);
                    self.sent.push_back(sent);
                    self.frames.push(text);
                }
                Output::Event(event) => {
                    self.store.apply(event.clone());
                    self.events.push(event);
                }
                Output::Log(_, line) => self.log.push(line),
                Output::Close => self.closes += 1,
                Output::Idle { wake_at } => {
                    self.wake_at = wake_at;
                    break;
                }
            }
        }
        written.extend(self.store.take_records());
        self.disk.write(written);
    }
}

pub(crate) fn config() -> Config {
    Config {
        version: "1.2.3".into(),
        utc_offset: 60,
        languages: vec!["en".into()],
    }
}

/// The tables, as IndexedDB would keep them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Disk(BTreeMap<(Table, String), Vec<u8>>);

impl Disk {
    pub(crate) fn write(&mut self, records: Vec<Record>) {
        for record in records {
            if let Some((conversation, from)) = record.deletes_behind() {
                let range = Store::message_keys(&conversation.parse().unwrap());
                let goes = |key: &String| range.contains(key) && key.as_str() > from;
                self.0
                    .retain(|(table, key), _| *table != Table::Messages || !goes(key));
            }
            let Record { table, key, value } = record;
            match value {
                Some(value) => self.0.insert((table, key), value),
                None => self.0.remove(&(table, key)),
            };
        }
    }

    pub(crate) fn rows(&self) -> Vec<Record> {
        self.0
            .iter()
            .map(|((table, key), value)| Record {
                table: *table,
                key: key.clone(),
                value: Some(value.clone()),
            })
            .collect()
    }

    /// Has this row read so, or takes it away.
    pub(crate) fn set(&mut self, table: Table, key: &str, value: Option<Vec<u8>>) {
        self.write(vec![Record {
            table,
            key: key.to_owned(),
            value,
        }]);
    }

    /// So many messages behind `after`, newest first, and whether there are more.
    pub(crate) fn page(
        &self,
        jid: &BareJid,
        after: Option<&str>,
        count: usize,
    ) -> (Vec<Record>, bool) {
        let keys = Store::message_keys(jid);
        let behind = |row: &Record| after.is_none_or(|after| row.key.as_str() > after);
        let mut rows: Vec<_> = self.rows();
        rows.retain(|row| row.table == Table::Messages && keys.contains(&row.key) && behind(row));
        let more = rows.len() > count;
        rows.truncate(count);
        (rows, more)
    }
}

fn at(monotonic: Duration) -> Now {
    let wall = i64::try_from(monotonic.as_millis()).unwrap() - 1_000_000 + START;
    Now {
        monotonic,
        wall: Timestamp(wall),
    }
}

/// Whether `element` has a child `name` or `name@namespace`.
pub(crate) fn has(element: &Element, child: &str) -> bool {
    let (name, namespace) = child.split_once('@').unwrap_or((child, ""));
    element
        .children()
        .any(|child| child.name() == name && (namespace.is_empty() || child.ns() == namespace))
}

pub(crate) fn body(message: &Element) -> Option<String> {
    message
        .get_child("body", "jabber:client")
        .map(Element::text)
}

/// Everything we send makes sense to somebody else's parsers too.
fn second_opinion(sent: &Element) {
    let sent = sent.clone();
    let complaint = match (sent.name(), sent.ns().as_str()) {
        ("message", _) => Message::try_from(sent).err().map(|error| error.to_string()),
        ("presence", _) => Presence::try_from(sent)
            .err()
            .map(|error| error.to_string()),
        ("iq", _) => Iq::try_from(sent)
            .map(payload)
            .unwrap_or_else(|error| Some(error.to_string())),
        ("open", _) => Open::try_from(sent).err().map(|error| error.to_string()),
        (_, ns::SM) => sm::Nonza::try_from(sent)
            .err()
            .map(|error| error.to_string()),
        (_, ns::SASL) => sasl::Nonza::try_from(sent)
            .err()
            .map(|error| error.to_string()),
        _ => None,
    };
    assert_eq!(complaint, None);
}

fn payload(iq: Iq) -> Option<String> {
    let (Iq::Get { payload, .. } | Iq::Set { payload, .. }) = iq else {
        return None;
    };
    match payload.ns().as_str() {
        ns::ROSTER => Roster::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::MAM => mam::Query::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::REGISTER => ibr::RemoveQuery::try_from(payload.clone())
            .map(drop)
            .or_else(|_| ibr::LegacyQuery::try_from(payload).map(drop))
            .err()
            .map(|error| error.to_string()),
        ns::PUBSUB => PubSub::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::PUBSUB_OWNER => Owner::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::DISCO_INFO => DiscoInfoQuery::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::DISCO_ITEMS => DiscoItemsQuery::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::HTTP_UPLOAD => SlotRequest::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        // Nobody parses what those do who run rooms.
        "http://jabber.org/protocol/muc#owner"
        | "http://jabber.org/protocol/muc#admin"
        | "urn:xmpp:message-moderate:1"
        | "urn:xmpp:fasten:0" => None,
        ns::BIND => BindQuery::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        // Nobody parses these.
        ns::VCARD | "jabber:iq:last" | "jabber:iq:search" => None,
        "urn:xmpp:channel-search:0:search" | "https://xmlns.zombofant.net/muclumbus/search/1.0" => {
            room_search(payload)
        }
        ns::VERSION => VersionQuery::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::TIME => TimeQuery::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::CARBONS => carbons::Enable::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::BLOCKING => blocking(payload),
        ns::PRIVATE => private::Query::try_from(payload)
            .err()
            .map(|error| error.to_string()),
        ns::PING => Ping::try_from(payload).err().map(|error| error.to_string()),
        other => Some(format!("nobody has an opinion on {other}")),
    }
}

/// Nobody parses it, but what it consists of.
fn room_search(mut payload: Element) -> Option<String> {
    let form = payload.remove_child("x", ns::DATA_FORMS)?;
    let set = payload.remove_child("set", ns::RSM)?;
    let form = DataForm::try_from(form).map(drop);
    let outcome = form.and_then(|()| SetQuery::try_from(set).map(drop));
    outcome.err().map(|error| error.to_string())
}

/// Parsed without the reports that go with it, which have a parser of their own.
fn blocking(mut payload: Element) -> Option<String> {
    for item in payload.children_mut() {
        if let Some(report) = item.remove_child("report", ns::SPAM_REPORTING)
            && let Err(error) = Report::try_from(report)
        {
            return Some(error.to_string());
        }
    }
    let outcome = match payload.name() {
        "blocklist" => BlocklistRequest::try_from(payload).map(drop),
        "block" => Block::try_from(payload).map(drop),
        _ => Unblock::try_from(payload).map(drop),
    };
    outcome.err().map(|error| error.to_string())
}
