-- Lets people in for whom a website vouches: SASL OAUTHBEARER (RFC 7628), beside whatever else
-- the host offers. For Prosody 0.12 and later.
--
--     VirtualHost "example.org"
--         modules_enabled = { "couplet_tokens" }
--         couplet_tokens_secret = "at least 32 random characters, shared with the website"
--         couplet_tokens_create = false  -- true: accounts are made for whom the site vouches
--
-- A token is EXPIRY.JID.SIGNATURE: seconds since 1970, the bare JID as base64url, and
-- HMAC-SHA-256 of "JID\nEXPIRY" with the secret, in hexadecimal. It lets in the user whose JID
-- it has and nobody else, until it expires.

local base64 = require "util.encodings".base64;
local hashes = require "util.hashes";
local jid = require "util.jid";
local usermanager = require "core.usermanager";

local MECHANISM = "OAUTHBEARER";

local secret = module:get_option_string("couplet_tokens_secret");
local creates = module:get_option_boolean("couplet_tokens_create", false);
local allows_unencrypted = module:get_option_boolean("allow_unencrypted_plain_auth", false);

assert(secret and #secret >= 32, "couplet_tokens_secret has to be 32 random characters or more");

-- What a person is told, since only the website can mend it.
local BROKEN = "What the website has sent to sign you in can't be read.";
local FORGED = "This server didn't agree with the website on what signs you in: the signature is wrong.";
local EXPIRED = "What the website has sent to sign you in has expired. Please load the page again.";
local OTHERS = "What the website has sent would sign in somebody else.";
local NOBODY = "There is no such account on this server.";

local function from_base64url(text)
	text = text:gsub("-", "+"):gsub("_", "/");
	return base64.decode(text .. ("="):rep(-#text % 4));
end

-- The JID that the token vouches for, or why it vouches for none.
local function vouched_for(token)
	local expiry, encoded, signature = token:match("^(%d+)%.([%w_-]+)%.(%x+)$");
	local owner = encoded and from_base64url(encoded);
	if not owner then
		return nil, BROKEN;
	end
	local expected = hashes.hmac_sha256(secret, owner .. "\n" .. expiry, true);
	if not hashes.equals(expected, signature:lower()) then
		return nil, FORGED;
	end
	-- Of what is not genuine nothing else is looked at.
	if tonumber(expiry) <= os.time() then
		return nil, EXPIRED;
	end
	return owner;
end

-- The user who comes in, or why nobody does.
local function check(account, token)
	local owner, trouble = vouched_for(token);
	if not owner then
		return nil, trouble;
	end
	owner = jid.prep(owner);
	local username, host, resource = jid.split(owner);
	if owner ~= jid.prep(account) or host ~= module.host or not username or resource then
		return nil, OTHERS;
	end
	if usermanager.user_exists(username, host) then
		return username;
	end
	if creates and usermanager.create_user(username, nil, host) then
		module:log("info", "made an account for whom the website vouches");
		return username;
	end
	return nil, NOBODY;
end

-- RFC 7628 3.1
local function respond(handler, message)
	if handler.couplet_trouble then
		-- RFC 7628 3.2.3: whatever it says, it is over.
		return "failure", "not-authorized", handler.couplet_trouble;
	end
	local account, pairs = (message or ""):match("^n,a=([^,]+),(\1.*\1)\1$");
	local token = pairs and pairs:match("\1auth=[Bb][Ee][Aa][Rr][Ee][Rr] ([%w._~+/=-]+)\1");
	if not token then
		return "failure", "malformed-request", BROKEN;
	end
	-- RFC 5801 4
	account = account:gsub("=2C", ","):gsub("=3D", "=");
	local username, trouble = check(account, token);
	if username then
		handler.username = username;
		return "success";
	end
	module:log("info", "refused a token: %s", trouble);
	handler.couplet_trouble = trouble;
	return "challenge", '{"status":"invalid_token"}';
end

-- The host's own handler, which knows one mechanism more.
local function extend(handler)
	local own = {
		mechanisms = handler.mechanisms, select = handler.select,
		process = handler.process, clean_clone = handler.clean_clone
	};
	function handler:mechanisms()
		local mechanisms = own.mechanisms(self);
		mechanisms[MECHANISM] = true;
		return mechanisms;
	end
	function handler:select(mechanism)
		if mechanism ~= MECHANISM then
			return own.select(self, mechanism);
		end
		if not self.selected then
			self.selected = mechanism;
			return true;
		end
	end
	function handler:process(message)
		if self.selected == MECHANISM then
			return respond(self, message);
		end
		return own.process(self, message);
	end
	function handler:clean_clone()
		return extend(own.clean_clone(self));
	end
	return handler;
end

local originals = {};

local function release(provider)
	provider.get_sasl_handler, originals[provider] = originals[provider], nil;
end

module:handle_items("auth-provider", function (event)
	local provider = event.item;
	local original = provider.get_sasl_handler;
	originals[provider] = original;
	function provider.get_sasl_handler(session)
		local handler = original(session);
		-- Whoever reads a token on its way can use it.
		if session and (session.secure or allows_unencrypted) then
			return extend(handler);
		end
		return handler;
	end
end, function (event)
	if originals[event.item] then
		release(event.item);
	end
end);

function module.unload()
	for provider in pairs(originals) do
		release(provider);
	end
end
