-- A Prosody that knows nobody outside this machine. couplet-servers replaces
-- the words between at signs.

run_as_root = @as_root@
daemonize = false
data_path = "@dir@/data"
plugin_paths = { "@dir@/plugins" }
log = { @log_level@ = "@dir@/prosody.log" }

interfaces = { "127.0.0.1" }
c2s_ports = { @c2s_port@ }
c2s_direct_tls_ports = { @direct_tls_ports@ }
http_ports = { @http_ports@ }
http_default_host = "@domain@"
https_ports = { }
@cors@

modules_enabled = {
	"roster", "saslauth", "disco", "ping", "time", "version", "lastactivity", "uptime", "register";
	"carbons", "mam", "smacks", "csi_simple", "blocklist", "private";
	@pep_modules@
	@tls_module@ @websocket_module@
	@sasl2_modules@
}
-- Somebody is in more rooms than the 256 that it remembers by itself.
pep_max_items = 1000
modules_disabled = { "s2s", "s2s_auth_certs" }

c2s_require_encryption = @tls@
allow_unencrypted_plain_auth = not @tls@
c2s_stanza_size_limit = 256 * 1024
certificates = "@dir@"
ssl = { certificate = "@dir@/server.pem"; key = "@dir@/server.pem" }
c2s_direct_tls_ssl = ssl

authentication = "@authentication@"
password_hash = "@password_hash@"
disable_sasl_mechanisms = { "DIGEST-MD5", @disabled_mechanisms@ }
-- Kept low: what is hashed here protects nothing, and many sign in.
default_iteration_count = 4096

default_archive_policy = true
archive_expires_after = "never"
-- Whoever has 10,000 entries, receipts and all, would lose the oldest.
storage_archive_item_limit = 100000
muc_log_by_default = true
muc_log_expires_after = "never"
smacks_hibernation_time = 300

VirtualHost "@domain@"
	modules_enabled = { "couplet_seed"; @crash_module@ @reports_module@ @tokens_module@ }
	couplet_tokens_secret = "@site_secret@"
	couplet_crash_words = "@fatal@"
	couplet_crash_done = "@dir@/crash.done"
	couplet_reports_to = "@reports_to@"
	couplet_seed = "@dir@/seed.json"
	couplet_seed_result = "@dir@/seed.result"
	couplet_seed_rooms = "rooms.@domain@"

@anonymous_host@

Component "rooms.@domain@" "muc"
	name = "Rooms"
	modules_enabled = { "muc_mam", "muc_moderation", "vcard_muc"; @requests_module@ }
	muc_room_default_public = true
	allow_unaffiliated_register = true
	muc_room_default_history_length = 50

@upload_host@

@directory_host@
