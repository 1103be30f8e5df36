-- Kills the server between the two archives of a message that says so: it is in its writer's
-- by then, and not yet in its reader's. Once: who says it again is heard.

local pposix = require "util.pposix";
local signal = require "util.signal";

local words = module:get_option_string("couplet_crash_words");
local done = module:get_option_string("couplet_crash_done");

local function crash(event)
	if event.stanza:get_child_text("body") ~= words then return end
	local before = io.open(done);
	if before then
		before:close();
		return;
	end
	assert(io.open(done, "w")):close();
	signal.kill(pposix.getpid(), "SIGKILL");
end

-- mod_mam writes the reader's archive at priority 0.
module:hook("message/bare", crash, 1);
module:hook("message/full", crash, 1);
