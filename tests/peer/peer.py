"""Somebody on slixmpp, an independent client.

Does what each line of standard input asks for, a JSON object whose "do" names a method below,
and prints whatever it receives in the same form. Where slixmpp 1.8 has no plugin, or one for
another version of the XEP, elements are written and read as the XEP's examples have them.
"""

import asyncio
import base64
import json
import logging
import sys
import urllib.request
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone

# Before slixmpp says, once it is imported, that it could be faster.
logging.basicConfig(level=logging.ERROR)

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath, StanzaPath

PLUGINS = [
    "xep_0004", "xep_0030", "xep_0054", "xep_0060", "xep_0066", "xep_0084", "xep_0085",
    "xep_0092", "xep_0115", "xep_0153", "xep_0163", "xep_0172", "xep_0191", "xep_0308",
    "xep_0333", "xep_0334", "xep_0380", "xep_0382", "xep_0444",
]
# Nodes of its own account that it wants to be told of.
NODES = ["urn:xmpp:bookmarks:1", "urn:xmpp:mds:displayed:0"]
CLIENT = "{jabber:client}"
DISCO = "{http://jabber.org/protocol/disco#info}"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
FALLBACK = "urn:xmpp:fallback:0"
FILE = "{urn:xmpp:file:metadata:0}"
FORM = "{jabber:x:data}"
REPLY = "urn:xmpp:reply:0"
RSM = "{http://jabber.org/protocol/rsm}"
# slixmpp has a plugin for this, which takes a package of its own for HTTP.
UPLOAD = "urn:xmpp:http:upload:0"
# slixmpp 1.8 speaks version 0 (XEP-0424 0.3), which wraps it in <apply-to/>.
RETRACT = "urn:xmpp:message-retract:1"
# What of a room is searched.
SEARCHED = ["address", "name", "description"]
SHARING = "{urn:xmpp:sfs:0}"
SPOILER = "{urn:xmpp:spoiler:0}"
STYLING = "urn:xmpp:styling:0"
# slixmpp 1.8 has a plugin for this, which can't read a time of day.
TIME = "urn:xmpp:time"
VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"


class Peer(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.register_plugin("xep_0184", {"auto_request": True})
        # Whom it lets in is up to whoever gives the orders.
        self.auto_authorize = None
        self.auto_subscribe = False
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("avatar_metadata_publish", self.avatar_announced)
        self.add_event_handler("user_nick_publish", self.nick_announced)
        self.add_event_handler("roster_update", self.roster_told)
        for name in ("message", "presence"):
            show = getattr(self, "on_" + name)
            self.register_handler(Callback("peer " + name, StanzaPath(name), show))
        self.add_filter("out", self.described)
        asked = MatchXPath("{jabber:client}iq/{%s}time" % TIME)
        self.register_handler(Callback("peer time", asked, self.time_asked))

    async def started(self, _event):
        await self.get_roster()
        self["xep_0030"].add_feature(TIME)
        # Whoever is like somebody else isn't asked what they are (XEP-0115 3).
        self["xep_0030"].add_identity("client", "pc", name=self.boundjid.bare)
        self["xep_0163"].add_interest(NODES)
        # What it wants to be told of (XEP-0163 3) goes along with the first presence.
        await self["xep_0115"].update_caps(broadcast=False)
        self.send_presence()
        tell("ready", jid=self.boundjid.full)

    def described(self, stanza):
        """Whoever is asked says what it wants to be told of."""
        if stanza.xml.find(DISCO + "query") is not None and stanza["type"] == "result":
            tell("described")
        return stanza

    # What comes in

    def on_message(self, message):
        if message["type"] == "headline":
            self.on_event(message)
            return
        seen = {
            "from": str(message["from"]),
            "id": message["id"],
            "type": message["type"],
            "body": message.xml.findtext(CLIENT + "body"),
            "receipt": message["receipt"] or None,
            "wants_receipt": bool(message["request_receipt"]),
            "markable": plugged(message, "markable") is not None,
            "displayed": field(message, "displayed", "id"),
            "state": message["chat_state"] or None,
            "replaces": field(message, "replace", "id"),
            "url": field(message, "oob", "url"),
            "spoiler": message.xml.findtext(SPOILER + "spoiler"),
            "condition": message["error"]["condition"] if message["type"] == "error" else None,
        }
        reactions = plugged(message, "reactions")
        if reactions is not None:
            seen["reacts_to"] = reactions["id"]
            seen["reactions"] = sorted(reactions.get_values())
        retract = message.xml.find("{%s}retract" % RETRACT)
        if retract is not None:
            seen["retracts"] = retract.get("id")
        reply = message.xml.find("{%s}reply" % REPLY)
        if reply is not None:
            seen["replies_to"] = reply.get("id")
            seen["reply_address"] = reply.get("to")
            seen["own_words"] = own_words(message.xml, REPLY)
        sharing = message.xml.find(SHARING + "file-sharing")
        if sharing is not None:
            file = sharing.find(FILE + "file")
            seen["file"] = {child.tag.partition("}")[2]: child.text for child in file}
            source = sharing.find(SHARING + "sources")[0]
            seen["file"]["url"] = source.get("target")
        tell("message", **seen)

    def on_event(self, message):
        """What is kept in one of its own nodes, as far as its elements say (XEP-0060 7.1.2)."""
        items = message.xml.find(EVENT + "event/" + EVENT + "items")
        if items is None or items.get("node") not in NODES:
            return
        for item in items.findall(EVENT + "item"):
            tell("kept", node=items.get("node"), id=item.get("id"), what=tree(item[0]))

    def on_presence(self, presence):
        tell(
            "presence",
            **{"from": str(presence["from"])},
            type=presence.xml.get("type"),
            show=presence.xml.findtext(CLIENT + "show"),
            status=presence.xml.findtext(CLIENT + "status"),
            nick=presence.xml.findtext("{http://jabber.org/protocol/nick}nick"),
        )

    async def avatar_announced(self, message):
        items = message["pubsub_event"]["items"]
        infos = items["item"]["avatar_metadata"]["items"]
        whose = {"from": str(message["from"].bare)}
        if not infos:
            tell("avatar", **whose, data=None)
            return
        answer = await self["xep_0084"].retrieve_avatar(message["from"].bare, infos[0]["id"])
        data = answer["pubsub"]["items"]["item"]["avatar_data"]["value"]
        tell("avatar", **whose, data=base64.b64encode(data).decode())

    def nick_announced(self, message):
        nick = message["pubsub_event"]["items"]["item"]["nick"]["nick"]
        tell("nick", **{"from": str(message["from"].bare)}, nick=nick)

    def roster_told(self, iq):
        for jid, item in iq["roster"]["items"].items():
            groups = sorted(item["groups"])
            tell("contact", jid=str(jid), name=item["name"], groups=groups)

    def time_asked(self, iq):
        """Its clock is in Newfoundland (XEP-0202 3)."""
        if iq["type"] != "get":
            return
        answer = iq.reply()
        time = ET.SubElement(answer.xml, "{%s}time" % TIME)
        ET.SubElement(time, "{%s}tzo" % TIME).text = "-03:30"
        utc = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        ET.SubElement(time, "{%s}utc" % TIME).text = utc
        answer.send()

    def search_asked(self, iq, namespace, rooms, page):
        """Which of the rooms have all of the words (XEP-0433 3.2), so many at a time."""
        if iq["type"] != "get":
            return
        search = iq.xml.find(namespace + "search")
        fields = {field.get("var"): field[0].text for field in search.find(FORM + "x")}
        after = search.findtext(RSM + "set/" + RSM + "after")
        tell("searched", **fields, after=after)
        words = fields["q"].lower().split()
        said = lambda room: " ".join(room.get(name, "") for name in SEARCHED).lower()
        found = [room for room in rooms if all(word in said(room) for word in words)]
        begin = int(after or 0)
        end = min(begin + page, len(found))
        answer = iq.reply()
        result = ET.SubElement(answer.xml, namespace + "result")
        for room in found[begin:end]:
            item = ET.SubElement(result, namespace + "item", address=room["address"])
            for name in room.keys() - {"address"}:
                ET.SubElement(item, namespace + name).text = room[name]
        place = ET.SubElement(result, RSM + "set")
        for name, text in [("first", begin), ("last", end), ("max", page)]:
            ET.SubElement(place, RSM + name).text = str(text)
        answer.send()

    # What it is asked to do

    async def obey(self, order):
        number = order.pop("number")
        try:
            result = await getattr(self, "do_" + order.pop("do"))(**order) or {}
            tell("done", number=number, **result)
        except IqError as error:
            tell("done", number=number, refused=error.condition)

    def sent(self, message):
        message.send()
        return {"id": message["id"]}

    def chat(self, to, body=None):
        message = self.make_message(mto=to, mbody=body, mtype="chat")
        message["id"] = self.new_id()
        return message

    async def do_say(self, to, body, unstyled=False):
        message = self.chat(to, body)
        message.enable("markable")
        if unstyled:
            message.xml.append(ET.Element("{%s}unstyled" % STYLING))
        return self.sent(message)

    async def do_displayed(self, to, id):
        self["xep_0333"].send_marker(mto=to, id=id, marker="displayed")

    async def do_state(self, to, state):
        message = self.chat(to)
        message["chat_state"] = state
        return self.sent(message)

    async def do_correct(self, to, id, body):
        message = self.chat(to, body)
        message["replace"]["id"] = id
        return self.sent(message)

    async def do_retract(self, to, id):
        message = self.chat(to, "This person attempted to retract a previous message.")
        message.xml.append(ET.Element("{%s}retract" % RETRACT, id=id))
        message.xml.append(ET.Element("{%s}fallback" % FALLBACK, {"for": RETRACT}))
        message.enable("store")
        return self.sent(message)

    async def do_react(self, to, id, emojis):
        self["xep_0444"].send_reactions(slixmpp.JID(to), id, emojis)

    async def do_reply(self, to, id, quote, body, fallback=FALLBACK):
        message = self.chat(to, quote + body)
        message.xml.append(ET.Element("{%s}reply" % REPLY, id=id, to=to))
        indication = ET.SubElement(message.xml, "{%s}fallback" % fallback, {"for": REPLY})
        ET.SubElement(indication, "{%s}body" % fallback, start="0", end=str(len(quote)))
        return self.sent(message)

    async def do_spoiler(self, to, hint, body):
        message = self.chat(to, body)
        message["spoiler"].xml.text = hint
        return self.sent(message)

    async def do_encrypted(self, to, namespace, body):
        return self.sent(self["xep_0380"].add_eme(self.chat(to, body), namespace))

    async def do_link(self, to, url):
        message = self.chat(to, url)
        message["oob"]["url"] = url
        return self.sent(message)

    async def do_upload(self, to, name, data, type):
        """Puts a file on the server, and sends where it is."""
        data = base64.b64decode(data)
        ask = self.make_iq_get(ito=await self.service(UPLOAD))
        wanted = {"filename": name, "size": str(len(data)), "content-type": type}
        ask.xml.append(ET.Element("{%s}request" % UPLOAD, wanted))
        slot = (await ask.send()).xml.find("{%s}slot" % UPLOAD)
        put, get = slot.find("{%s}put" % UPLOAD), slot.find("{%s}get" % UPLOAD)
        headers = {header.get("name"): header.text for header in put}
        headers["Content-Type"] = type
        request = urllib.request.Request(put.get("url"), data, headers, method="PUT")
        await fetched(request)
        return await self.do_link(to, get.get("url"))

    async def service(self, feature):
        """Which of our server's services has it (XEP-0030 3)."""
        disco = self["xep_0030"]
        answer = await disco.get_items(self.boundjid.domain)
        for jid, _node, _name in answer["disco_items"]["items"]:
            info = await disco.get_info(jid)
            if feature in info["disco_info"]["features"]:
                return jid

    async def do_download(self, url):
        data = await fetched(url)
        return {"data": base64.b64encode(data).decode()}

    async def do_xml(self, text):
        """Sends exactly this."""
        self.send_raw(text)

    async def do_presence(self, show=None, status=None):
        self.send_presence(pshow=show, pstatus=status)

    async def do_subscription(self, to, type, nick=None):
        self.send_presence_subscription(pto=to, ptype=type, pnick=nick)

    async def do_contact(self, jid, name, groups):
        self.update_roster(slixmpp.JID(jid), name=name, groups=groups)

    async def do_search_rooms(self, namespace, rooms, page):
        """From now on it answers who searches them, asked in the names of this namespace."""
        namespace = "{%s}" % namespace
        asked = MatchXPath("{jabber:client}iq/" + namespace + "search")
        answer = lambda iq: self.search_asked(iq, namespace, rooms, page)
        self.register_handler(Callback("peer search", asked, answer))

    async def do_version(self, jid):
        answer = (await self["xep_0092"].get_version(jid))["software_version"]
        return {"name": answer["name"], "version": answer["version"]}

    async def do_clock(self, jid):
        """Somebody's clock: its offset, and how many seconds it is from ours."""
        ask = self.make_iq_get(ito=jid)
        ask.xml.append(ET.Element("{%s}time" % TIME))
        time = (await ask.send()).xml.find("{%s}time" % TIME)
        utc = datetime.fromisoformat(time.findtext("{%s}utc" % TIME))
        ahead = (utc - datetime.now(timezone.utc)) / timedelta(seconds=1)
        return {"offset": time.findtext("{%s}tzo" % TIME), "ahead": ahead}

    async def do_keep(self, node, id, element):
        """Keeps this in a node that nobody else may read (XEP-0223 3)."""
        options = self["xep_0004"].make_form(ftype="submit")
        kind = "http://jabber.org/protocol/pubsub#publish-options"
        options.add_field(var="FORM_TYPE", ftype="hidden", value=kind)
        options.add_field(var="pubsub#access_model", value="whitelist")
        payload = ET.fromstring(element)
        await self["xep_0060"].publish(None, node, id=id, payload=payload, options=options)

    async def do_block(self, jid):
        await self["xep_0191"].block({slixmpp.JID(jid)})

    async def do_unblock(self, jid):
        await self["xep_0191"].unblock({slixmpp.JID(jid)})

    async def do_nick(self, nick):
        await self["xep_0172"].publish_nick(nick)

    async def do_avatar(self, data):
        data = base64.b64decode(data)
        avatars = self["xep_0084"]
        await avatars.publish_avatar(data)
        info = {"id": avatars.generate_id(data), "type": "image/png", "bytes": len(data)}
        await avatars.publish_avatar_metadata([info])

    async def do_picture_on_card(self, data):
        jid = slixmpp.JID(self.boundjid.bare)
        picture = base64.b64decode(data)
        await self["xep_0153"].set_avatar(jid=jid, avatar=picture, mtype="image/png")

    async def do_card(self, name, given=None, family=None, nick=None):
        card = self["xep_0054"].make_vcard()
        card["FN"] = name
        if given and family:
            card["N"]["GIVEN"] = given
            card["N"]["FAMILY"] = family
        if nick:
            card["NICKNAME"] = nick
        await self["xep_0054"].publish_vcard(card)

    async def do_card4(self, name):
        card = ET.Element("{%s}vcard" % VCARD4)
        words = ET.SubElement(ET.SubElement(card, "{%s}fn" % VCARD4), "{%s}text" % VCARD4)
        words.text = name
        await self["xep_0060"].publish(None, "urn:xmpp:vcard4", id="current", payload=card)

    async def do_look(self, jid):
        """The name on somebody's card, in the older form."""
        answer = await self["xep_0054"].get_vcard(slixmpp.JID(jid))
        return {"name": answer["vcard_temp"]["FN"]}

    async def do_look4(self, jid):
        """The name on somebody's card (XEP-0292 3)."""
        answer = await self["xep_0060"].get_items(jid, "urn:xmpp:vcard4")
        return {"name": answer.xml.findtext(".//{%s}fn/{%s}text" % (VCARD4, VCARD4))}


async def fetched(request):
    """What a web server answers, without holding up the stream meanwhile."""
    with await asyncio.to_thread(urllib.request.urlopen, request, timeout=30) as answer:
        return answer.read()


def tell(event, **what):
    what = {name: value for name, value in what.items() if value is not None}
    print(json.dumps({"event": event, **what}), flush=True)


def plugged(stanza, name):
    return stanza.get_plugin(name, check=True)


def field(stanza, plugin, name):
    found = plugged(stanza, plugin)
    return found[name] if found is not None else None


def tree(element):
    """Attributes, and children by their names; of several with one name, the last."""
    return {**element.attrib, **{child.tag.partition("}")[2]: tree(child) for child in element}}


def own_words(message, of):
    """What of the body is not for those who don't know `of` (XEP-0428 4).

    slixmpp 1.8 knows the namespace of an early draft only.
    """
    body = message.findtext(CLIENT + "body")
    for fallback in message.findall("{%s}fallback" % FALLBACK):
        part = fallback.find("{%s}body" % FALLBACK)
        if fallback.get("for") == of and part is not None:
            return body[: int(part.get("start"))] + body[int(part.get("end")) :]
    return body


async def main(jid, password, port, authority):
    peer = Peer(jid, password)
    peer.ca_certs = authority
    peer.connect(("127.0.0.1", int(port)))
    orders = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(orders)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while order := await orders.readline():
        await peer.obey(json.loads(order))


asyncio.run(main(*sys.argv[1:]))
