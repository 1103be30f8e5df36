//! A deterministic chat stream: what a server sends to a busy client over TCP, in
//! the proportions and the spelling of Prosody and ejabberd.

/// A stream of at least `bytes` bytes, from its header to its end tag.
pub(crate) fn stream(bytes: usize) -> String {
    let mut chat = Chat {
        state: 7395,
        out: String::with_capacity(bytes + 8192),
    };
    chat.out.push_str(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams' id='c0b2f1a7' from='example.org' \
         version='1.0' xml:lang='en'>",
    );
    while chat.out.len() < bytes {
        chat.element();
    }
    chat.out.push_str("</stream:stream>");
    chat.out
}

/// What people write: mostly short, mostly ASCII.
const BODIES: [&str; 12] = [
    "ok",
    "see you at eight then",
    "Did you get the pictures I sent yesterday? The one with the dog is great.",
    "it&apos;s the second door on the left, &quot;Meyer &amp; Sons&quot;",
    "😀",
    "そうですね、明日の会議は十時からです。資料は後で送ります。",
    "Größe passt, schick mir bitte die Adresse, dann hole ich es morgen früh ab",
    "https://upload.example.org/f/3c9a2b71-7a1d-4c7e-9a55-0d2f1f6f3b11/IMG_20260412_181530.jpg",
    "I don&apos;t think that works, the last time we tried it the whole thing fell over after a day",
    "今日も寒い 🥶 気をつけてね",
    "yes",
    "&gt; how about Friday?\nFriday is fine for me, but Anna can only come after six. Shall I ask her?",
];

const NAMES: [&str; 8] = [
    "alice",
    "bob",
    "carol",
    "dave",
    "erin.long-name",
    "frank",
    "grace",
    "heidi_83",
];

struct Chat {
    state: u64,
    out: String,
}

impl Chat {
    fn element(&mut self) {
        match self.below(100) {
            0..35 => self.message(),
            35..50 => self.room_message(),
            50..65 => self.presence(),
            65..80 => self.archive_result(),
            80..88 => self.marker(),
            88..94 => self.chat_state(),
            94..97 => self.ack(),
            97..99 => self.long_message(),
            _ => self.roster(),
        }
    }

    fn message(&mut self) {
        let (from, to, id, body) = (self.name(), self.name(), self.id(), self.body());
        self.push(&format!(
            "<message from='{from}@example.org/phone.{id:.4}' to='{to}@example.org' type='chat' \
             id='{id}' xml:lang='en'><body>{body}</body><active \
             xmlns='http://jabber.org/protocol/chatstates'/><request \
             xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/><origin-id \
             xmlns='urn:xmpp:sid:0' id='{id}'/><stanza-id xmlns='urn:xmpp:sid:0' \
             by='{to}@example.org' id='{id}'/></message>",
        ));
    }

    fn room_message(&mut self) {
        let (from, to, id, body) = (self.name(), self.name(), self.id(), self.body());
        self.push(&format!(
            "<message from='garden@rooms.example.org/{from}' to='{to}@example.org/web' \
             type='groupchat' id='{id}'><body>{body}</body><occupant-id \
             xmlns='urn:xmpp:occupant-id:0' id='{id}{id}'/><stanza-id xmlns='urn:xmpp:sid:0' \
             by='garden@rooms.example.org' id='{id}'/></message>",
        ));
    }

    fn presence(&mut self) {
        let (from, to, id) = (self.name(), self.name(), self.id());
        self.push(&format!(
            "<presence from='{from}@example.org/phone.{id:.4}' to='{to}@example.org/web' \
             xml:lang='en'><show>away</show><status>back at two</status><priority>5</priority><c \
             xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://couplet.example/' \
             ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/><x xmlns='vcard-temp:x:update'><photo>{id}{id}\
             </photo></x><idle xmlns='urn:xmpp:idle:1' since='2026-04-12T18:15:30Z'/></presence>",
        ));
    }

    fn archive_result(&mut self) {
        let (from, to, id, body) = (self.name(), self.name(), self.id(), self.body());
        self.push(&format!(
            "<message to='{to}@example.org/web'><result xmlns='urn:xmpp:mam:2' queryid='{id:.6}' \
             id='{id}'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
             stamp='2026-04-11T07:02:44Z'/><message xmlns='jabber:client' \
             from='{from}@example.org/desk' to='{to}@example.org' type='chat' \
             id='{id}'><body>{body}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/><request \
             xmlns='urn:xmpp:receipts'/></message></forwarded></result></message>",
        ));
    }

    fn marker(&mut self) {
        let (from, to, id) = (self.name(), self.name(), self.id());
        self.push(&format!(
            "<message from='{from}@example.org/phone' to='{to}@example.org' type='chat' \
             id='{id}'><displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/><store \
             xmlns='urn:xmpp:hints'/></message>",
        ));
    }

    fn chat_state(&mut self) {
        let (from, to, id) = (self.name(), self.name(), self.id());
        self.push(&format!(
            "<message from='{from}@example.org/phone' to='{to}@example.org' type='chat' \
             id='{id}'><composing xmlns='http://jabber.org/protocol/chatstates'/><no-store \
             xmlns='urn:xmpp:hints'/></message>",
        ));
    }

    fn ack(&mut self) {
        let h = self.below(4000);
        self.push(&format!(
            "<a h='{h}' xmlns='urn:xmpp:sm:3'/><r xmlns='urn:xmpp:sm:3'/>"
        ));
    }

    /// A pasted log or an encrypted payload: text without much markup.
    fn long_message(&mut self) {
        let (from, to, id) = (self.name(), self.name(), self.id());
        let body = BODIES.join(" ").repeat(4);
        self.push(&format!(
            "<message from='{from}@example.org/desk' to='{to}@example.org' type='chat' \
             id='{id}'><body>{body}</body></message>",
        ));
    }

    fn roster(&mut self) {
        let (to, id) = (self.name(), self.id());
        self.push(&format!(
            "<iq to='{to}@example.org/web' id='{id}' type='result'><query \
             xmlns='jabber:iq:roster' ver='{id}'>",
        ));
        for index in 0..25 {
            let name = self.name();
            self.push(&format!(
                "<item jid='{name}{index}@example.org' name='{name} {index}' \
                 subscription='both'><group>Friends</group></item>",
            ));
        }
        self.push("</query></iq>");
    }

    fn push(&mut self, xml: &str) {
        self.out.push_str(xml);
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn body(&mut self) -> &'static str {
        BODIES[self.below(BODIES.len())]
    }

    fn id(&mut self) -> String {
        let id = self.next();
        format!("{id:016x}")
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
