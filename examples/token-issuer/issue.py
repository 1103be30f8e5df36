#!/usr/bin/env python3
"""Issues what a website vouches for its users with, for mod_couplet_tokens.

    COUPLET_TOKENS_SECRET=... issue.py alice@example.org    prints a token
    COUPLET_TOKENS_SECRET=... issue.py --serve 8000         is a website whose users have one
"""

import argparse
import base64
import hashlib
import hmac
import html
import http.cookies
import http.server
import json
import os
import secrets
import sys
import time
import urllib.parse

SHORTEST_SECRET = 32
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Umbrellas by the sea</title>
    <link rel="icon" href="data:,">
  </head>
  <body>
    <h1>Umbrellas by the sea</h1>
    {content}
  </body>
</html>
"""
STRANGER = """<form method="post" action="/sign-in">
      <label for="user">Your name</label>
      <input id="user" name="user" autocomplete="username">
      <button>Sign in</button>
    </form>"""
USER = """<p>Hello {user}.</p>
    <couplet-chat contact="{contact}" data-jid="{jid}"></couplet-chat>
    <script type="module" src="{chat}widget.js"></script>
    <script type="module">
      const chat = document.querySelector("couplet-chat");
      const ask = async () => (await fetch("/chat-token", {{ method: "POST" }})).json();
      chat.setUser({{ jid: chat.dataset.jid, token: async () => (await ask()).token }});
    </script>"""
# Long enough for a sign-in, too short to be worth stealing. The page asks for another.
SECONDS = 300


def issue(secret: str, jid: str, seconds: int = SECONDS) -> str:
    """A token that lets in `jid`, a bare JID, for so many seconds from now."""
    expiry = int(time.time()) + seconds
    signed = f"{jid}\n{expiry}".encode()
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    name = base64.urlsafe_b64encode(jid.encode()).decode().rstrip("=")
    return f"{expiry}.{name}.{signature}"


class Site(http.server.BaseHTTPRequestHandler):
    """The part of a website that knows who has signed in to it."""

    secret = ""
    domain = "example.org"
    # Where the proxy is, and who answers there.
    chat = "https://chat.example.org/"
    contact = "help@example.org"
    # Who has which cookie. A real site has its own sessions, and checks passwords.
    sessions: dict[str, str] = {}

    def user(self) -> str | None:
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        session = cookies.get("session")
        return self.sessions.get(session.value) if session else None

    def do_GET(self) -> None:
        user = self.user()
        if self.path != "/":
            return self.answer(404, "text/plain", "There is nothing here.\n")
        content = STRANGER
        if user is not None:
            words = {
                "user": user,
                "jid": f"{user}@{self.domain}",
                "contact": self.contact,
                "chat": self.chat,
            }
            content = USER.format(**{name: html.escape(word) for name, word in words.items()})
        self.answer(200, "text/html", PAGE.format(content=content))

    def do_POST(self) -> None:
        if self.path == "/sign-in":
            return self.sign_in()
        if self.path != "/chat-token":
            return self.answer(404, "text/plain", "There is nothing here.\n")
        # Never for a name out of the request: for whom the site itself knows.
        user = self.user()
        if user is None:
            return self.answer(401, "text/plain", "Sign in first.\n")
        jid = f"{user}@{self.domain}"
        answer = {"jid": jid, "token": issue(self.secret, jid)}
        self.answer(200, "application/json", json.dumps(answer))

    def sign_in(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), 1000)
        fields = urllib.parse.parse_qs(self.rfile.read(length).decode())
        user = fields.get("user", [""])[0]
        if not user.isalnum() or not user.isascii():
            return self.answer(400, "text/plain", "Letters and digits, please.\n")
        session = secrets.token_urlsafe()
        self.sessions[session] = user.lower()
        cookie = f"session={session}; HttpOnly; SameSite=Lax; Path=/"
        self.answer(303, "text/plain", "", (("Location", "/"), ("Set-Cookie", cookie)))

    def answer(self, status: int, kind: str, text: str, headers: tuple = ()) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in [*headers, ("Content-Type", f"{kind}; charset=utf-8")]:
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="Issues tokens for mod_couplet_tokens.")
    parser.add_argument("jid", nargs="?", help="print a token for this bare JID")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long it is good for")
    parser.add_argument("--serve", type=int, metavar="PORT", help="be a website at this port")
    parser.add_argument("--domain", default="example.org", help="the site's users' XMPP domain")
    parser.add_argument("--chat", default=Site.chat, help="where the proxy is")
    parser.add_argument("--contact", default=Site.contact, help="who answers the site's users")
    arguments = parser.parse_args()
    secret = os.environ.get("COUPLET_TOKENS_SECRET", "")
    if len(secret) < SHORTEST_SECRET:
        sys.exit(f"Set COUPLET_TOKENS_SECRET to {SHORTEST_SECRET} random characters or more.")
    if arguments.serve is not None:
        Site.secret, Site.domain = secret, arguments.domain
        Site.chat, Site.contact = arguments.chat, arguments.contact
        http.server.ThreadingHTTPServer(("127.0.0.1", arguments.serve), Site).serve_forever()
    if arguments.jid is None:
        parser.error("say for whom, or --serve")
    print(issue(secret, arguments.jid, arguments.seconds))


if __name__ == "__main__":
    main()
