-- Whoever registers with a room that is for members only becomes one when somebody who runs it
-- agrees (XEP-0045 7.10, 9.9): they are sent the form, and the answer is in theirs.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local new_id = require "util.id".medium;
local get_room_from_jid = module:depends "muc".get_room_from_jid;

local xmlns_form = "jabber:x:data";
local form_type = "http://jabber.org/protocol/muc#register";

-- What the form has in a field of this name.
local function value(form, name)
	for field in form:childtags("field") do
		if field.attr.var == name then
			return field:get_child_text("value");
		end
	end
end

local function is_run_by(room, jid)
	local affiliation = room:get_affiliation(jid);
	return affiliation == "owner" or affiliation == "admin";
end

-- Who has asked and what they would be called, by room and by what the form is called.
local asked = {};

module:hook("iq/bare/jabber:iq:register:query", function (event)
	local stanza, origin = event.stanza, event.origin;
	local room = get_room_from_jid(stanza.attr.to);
	local form = stanza.tags[1]:get_child("x", xmlns_form);
	if not (room and form and room:get_members_only()) or room:get_affiliation(stanza.attr.from) then
		return;
	end
	local nick = value(form, "muc#register_roomnick");
	local id = new_id();
	asked[id] = { room = room.jid; jid = jid_bare(stanza.attr.from); nick = nick };
	for _, occupant in room:each_occupant() do
		if is_run_by(room, occupant.bare_jid) then
			local message = st.message({ from = room.jid; to = occupant.jid; id = id })
				:tag("x", { xmlns = xmlns_form; type = "form" })
					:tag("title"):text("Registration request"):up()
					:tag("field", { var = "FORM_TYPE"; type = "hidden" }):text_tag("value", form_type):up()
					:tag("field", { var = "couplet#request"; type = "hidden" }):text_tag("value", id):up()
					:tag("field", { var = "muc#register_roomnick"; type = "text-single" })
						:text_tag("value", nick):up()
					:tag("field", { var = "muc#register_allow"; type = "boolean" })
						:text_tag("value", "0"):up();
			module:send(message);
		end
	end
	origin.send(st.reply(stanza));
	return true;
end, 10);

module:hook("message/bare", function (event)
	local stanza = event.stanza;
	local room = get_room_from_jid(stanza.attr.to);
	local form = stanza:get_child("x", xmlns_form);
	if not (room and form) or value(form, "FORM_TYPE") ~= form_type
		or not is_run_by(room, stanza.attr.from) then
		return;
	end
	local id = value(form, "couplet#request") or "";
	local request = asked[id];
	if request and request.room == room.jid then
		asked[id] = nil;
		local allow = value(form, "muc#register_allow");
		if allow == "true" or allow == "1" then
			room:set_affiliation(true, request.jid, "member", nil, { reserved_nickname = request.nick });
		end
	end
	return true;
end, 10);
