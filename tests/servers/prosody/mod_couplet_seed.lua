-- Creates the accounts of a throwaway server and fills them with contacts,
-- vCards, pictures, bookmarks, rooms and history.
--
-- Everything goes through Prosody's own stores and services, so that no file
-- format of its is assumed. Runs once, before the first client is answered,
-- and writes "ok" or what went wrong to the file `couplet_seed_result`.

local base64 = require "util.encodings".base64.encode;
local datetime = require "util.datetime";
local json = require "util.json";
local rostermanager = require "core.rostermanager";
local sha1 = require "util.hashes".sha1;
local st = require "util.stanza";
local usermanager = require "core.usermanager";

local xmlns_pubsub = "http://jabber.org/protocol/pubsub";
local host = module.host;
local rooms_host = module:get_option_string("couplet_seed_rooms");

local function address(user)
	return user .. "@" .. host;
end

local function read_file(path)
	local file = assert(io.open(path, "rb"));
	local content = file:read("a");
	file:close();
	return content;
end

-- What JSON has no value for is absent.
local function without_nulls(value)
	if type(value) ~= "table" then return value end
	local result = {};
	for key, child in pairs(value) do
		if child ~= json.null then
			result[key] = without_nulls(child);
		end
	end
	return result;
end

-- When --------------------------------------------------------------------

local now = os.time();

-- "42m" is 42 minutes ago, "3d 09:14" is that time of day three days ago.
local function parse_when(when)
	local minutes = when:match("^(%d+)m$");
	if minutes then
		return now - 60 * tonumber(minutes);
	end
	local days, hour, minute = when:match("^(%d+)d (%d+):(%d+)$");
	assert(days, "not a time: " .. when);
	local day = os.date("*t", now);
	return os.time {
		year = day.year, month = day.month, day = day.day - tonumber(days);
		hour = tonumber(hour), min = tonumber(minute), sec = 0;
	};
end

-- Times of `lines`, in order; those of the same minute some seconds apart.
local function times_of(lines)
	local times, last = {}, 0;
	for i, line in ipairs(lines) do
		local time = parse_when(line[1]);
		assert(time >= last - 60, "out of order: " .. line[3]);
		last = math.max(time, last + 7);
		times[i] = last;
	end
	return times;
end

-- People ------------------------------------------------------------------

local function add_contact(user, contact, name, groups)
	local roster = rostermanager.load_roster(user, host);
	local group_set = {};
	for _, group in ipairs(groups) do
		group_set[group] = true;
	end
	roster[address(contact)] = { subscription = "both", name = name, groups = group_set };
	assert(rostermanager.save_roster(user, host, roster, address(contact)));
end

-- A contact is one both ways; the other side may have said nothing about it.
local function add_contacts(people)
	local full_names = {};
	for _, person in ipairs(people) do
		full_names[person.user] = person.name;
	end
	for _, person in ipairs(people) do
		for _, contact in ipairs(person.contacts) do
			add_contact(person.user, contact.user, contact.name, contact.groups);
			local theirs = rostermanager.load_roster(contact.user, host);
			if not theirs[address(person.user)] then
				add_contact(contact.user, person.user, full_names[person.user], {});
			end
		end
	end
end

local function add_requests(person)
	for _, user in ipairs(person.requests) do
		local request = st.presence({ from = address(user), to = address(person.user), type = "subscribe" });
		assert(rostermanager.set_contact_pending_in(person.user, host, address(user), request));
		assert(rostermanager.set_contact_pending_out(user, host, address(person.user)));
	end
end

local function publish(user, node, id, payload, config)
	local item = st.stanza("item", { xmlns = xmlns_pubsub, id = id }):add_child(payload);
	local service = module:depends("pep").get_pep_service(user);
	assert(service:publish(node, true, id, item, config));
end

local open = { access_model = "open", _defaults_only = true };

local function vcard(person)
	local card = st.stanza("vcard", { xmlns = "urn:ietf:params:xml:ns:vcard-4.0" });
	local function text(name, value)
		if value then
			card:tag(name):text_tag("text", value):up();
		end
	end
	text("fn", person.name);
	text("nickname", person.nick);
	text("title", person.title);
	text("org", person.org);
	text("email", person.email);
	text("note", person.note);
	return card;
end

local function add_profile(person, pictures)
	publish(person.user, "urn:xmpp:vcard4", "current", vcard(person), open);
	publish(person.user, "http://jabber.org/protocol/nick", "current",
		st.stanza("nick", { xmlns = "http://jabber.org/protocol/nick" }):text(person.nick or person.name), open);
	if not person.picture then return end
	local png = read_file(pictures .. "/" .. person.picture .. ".png");
	local id = sha1(png, true);
	publish(person.user, "urn:xmpp:avatar:data", id,
		st.stanza("data", { xmlns = "urn:xmpp:avatar:data" }):text(base64(png)), open);
	publish(person.user, "urn:xmpp:avatar:metadata", id,
		st.stanza("metadata", { xmlns = "urn:xmpp:avatar:metadata" })
			:tag("info", { bytes = tostring(#png), id = id, type = "image/png", width = "96", height = "96" }):up(),
		open);
end

-- XEP-0402 3: nobody else may read them.
local private = {
	access_model = "whitelist", max_items = "max", persist_items = true, send_last_published_item = "never";
};

local function add_bookmarks(person)
	for _, bookmark in ipairs(person.bookmarks) do
		local conference = st.stanza("conference", {
			xmlns = "urn:xmpp:bookmarks:1", name = bookmark.name, autojoin = tostring(bookmark.autojoin);
		}):text_tag("nick", bookmark.nick);
		publish(person.user, "urn:xmpp:bookmarks:1", bookmark.room .. "@" .. rooms_host, conference, private);
	end
end

-- History -----------------------------------------------------------------

local function message(kind, id, from, to, body)
	return st.message({ type = kind, id = id, from = from, to = to }, body)
		:tag("origin-id", { xmlns = "urn:xmpp:sid:0", id = id }):up();
end

-- The archive keeps what it is given in the order it is given, so the lines of
-- all chats are sorted by time first.
local function add_chats(chats)
	local archive = module:open_store("archive", "archive");
	local entries = {};
	for number, chat in ipairs(chats) do
		local first, second = chat.between[1], chat.between[2];
		local times = times_of(chat.messages);
		for i, line in ipairs(chat.messages) do
			local from = line[2];
			local to = from == first and second or first;
			local id = ("seed-%d-%d"):format(number, i);
			local stanza = message("chat", id, address(from) .. "/couplet", address(to), line[3]);
			table.insert(entries, { from, to, stanza, times[i], #entries });
			table.insert(entries, { to, from, stanza, times[i], #entries });
		end
	end
	table.sort(entries, function(a, b)
		return a[4] < b[4] or a[4] == b[4] and a[5] < b[5];
	end);
	for _, entry in ipairs(entries) do
		local user, with, stanza, when = table.unpack(entry);
		assert(archive:append(user, nil, stanza, when, address(with)));
	end
end

-- What mod_muc_mam keeps with each message: who said it, and the occupant id.
local function room_message(room, id, member, user, body)
	local occupant_id = room:get_occupant_id({ bare_jid = address(user) });
	return message("groupchat", id, room.jid .. "/" .. member.nick, nil, body)
		:tag("occupant-id", { xmlns = "urn:xmpp:occupant-id:0", id = occupant_id }):up()
		:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" })
			:tag("item", {
				affiliation = member.affiliation, jid = address(user) .. "/couplet";
				role = member.affiliation == "member" and "participant" or "moderator";
			}):up():up();
end

local function add_room(description)
	local muc = prosody.hosts[rooms_host].modules.muc;
	local archive = module:context(rooms_host):open_store("muc_log", "archive");
	local room = assert(muc.create_room(description.room .. "@" .. rooms_host));
	room:set_name(description.name);
	room:set_description(description.description);
	room:set_persistent(true);
	for user, member in pairs(description.members) do
		assert(room:set_affiliation(true, address(user), member.affiliation, nil, { reserved_nickname = member.nick }));
	end

	local times = times_of(description.messages);
	local subject = room.jid .. "/" .. description.members[description.subject_by].nick;
	room:set_subject(subject, description.subject);
	room._data.subject_time = times[1] or now;
	for i, line in ipairs(description.messages) do
		local user = line[2];
		local member = assert(description.members[user], user .. " is not in " .. description.room);
		local id = ("seed-%s-%d"):format(description.room, i);
		local stanza = room_message(room, id, member, user, line[3]);
		assert(archive:append(description.room, nil, stanza, times[i], "message<groupchat"));
	end
	assert(room:save(true));
end

-- All of it ---------------------------------------------------------------

local function load_seed(input)
	for _, account in ipairs(input.accounts) do
		if not usermanager.user_exists(account.user, host) then
			assert(usermanager.create_user(account.user, account.password, host));
		end
	end
	local seed = input.seed;
	if not seed then return end
	add_contacts(seed.people);
	for _, person in ipairs(seed.people) do
		add_requests(person);
		add_profile(person, input.pictures);
		add_bookmarks(person);
	end
	add_chats(seed.chats);
	for _, room in ipairs(seed.rooms) do
		add_room(room);
	end
end

module:hook_global("server-started", function()
	local loaded = module:open_store("couplet_seed", "map");
	local ok, err = true, nil;
	if not loaded:get(nil, "at") then
		local input = json.decode(read_file(module:get_option_string("couplet_seed")));
		ok, err = pcall(load_seed, without_nulls(input));
	end
	if ok then
		loaded:set(nil, "at", datetime.datetime());
	end
	local result = assert(io.open(module:get_option_string("couplet_seed_result"), "w"));
	result:write(ok and "ok" or tostring(err));
	result:close();
end);
