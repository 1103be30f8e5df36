-- What the packaged mod_sasl2 and mod_sasl2_fast expect of a newer Prosody: that a
-- connection tells about its TLS, and who it is that the stream's header came from; that
-- dates may be given in fractions of a second, and that a child's attribute can be asked for.

local datetime = require "util.datetime";
local filters = require "util.filters";
local stanza_mt = require "util.stanza".stanza_mt;

function stanza_mt:get_child_attr(name, xmlns, attribute)
	local child = self:get_child(name, xmlns);
	return child and child.attr[attribute];
end

local whole_seconds = datetime.datetime;
function datetime.datetime(seconds)
	return whole_seconds(seconds and math.floor(seconds));
end

local function ssl_info(conn)
	local socket = conn:socket();
	return socket.info and socket:info();
end

-- Before mod_sasl2 looks at the connection.
module:hook("stream-features", function (event)
	local conn = event.origin.conn;
	if conn and not conn.ssl_info then
		conn.ssl_info = ssl_info;
	end
end, 10);

-- Before mod_sasl2_fast looks for the name of who comes.
module:hook("advertise-sasl-features", function (event)
	event.stream = event.stream or { from = event.origin.couplet_from };
end, 10);

-- Prosody 0.12 notes the sender of a stream's header nowhere, but answers to it.
local function note_sender(session, _, to)
	session.couplet_from = to;
end

local function prepare(session)
	if session.type == "c2s_unauthed" then
		session.stream_attrs = note_sender;
	end
end

filters.add_filter_hook(prepare);
function module.unload()
	filters.remove_filter_hook(prepare);
end
