-- Takes reports of those who are blocked (XEP-0377), and tells somebody what they say.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;

local xmlns_reporting = "urn:xmpp:reporting:1";
local reader = module:get_option_string("couplet_reports_to").."@"..module.host;

module:add_feature(xmlns_reporting);

local function tell(event)
	local stanza = event.stanza;
	for item in stanza.tags[1]:childtags("item") do
		local report = item:get_child("report", xmlns_reporting);
		if report then
			local words = { jid_bare(stanza.attr.from), item.attr.jid, report.attr.reason };
			for message in report:childtags("stanza-id", "urn:xmpp:sid:0") do
				table.insert(words, message.attr.id);
			end
			local attr = { from = module.host; to = reader; type = "chat" };
			module:send(st.message(attr, table.concat(words, " ")));
		end
	end
end

-- mod_blocklist answers at priority -1.
module:hook("iq-set/self/urn:xmpp:blocking:block", tell);
