// The chat on any page: <couplet-chat room="lounge@rooms.example.org" anonymous></couplet-chat>.
//
// This is all that is fetched until somebody opens it. The chat itself is a page of its own
// host's in a frame: neither that nor this page can reach into the other, and what they tell
// each other goes over a port that both know the other end of. No markup is parsed and no
// inline style used, so that a strict policy of the page (and trusted types) hold.

const BASE = new URL("./", import.meta.url);
const TEXTS = {{texts}};
const SVG = "http://www.w3.org/2000/svg";
// So long a page may take to come, and then to say that it is the chat's: one that isn't allowed
// to be in a frame here says nothing.
const SLOW = 24000;
const SILENT = 3000;
const LONGEST = 20000;

// What the chat is told; a change of the first few is another chat.
const OTHER = ["mode", "room", "contact", "support", "domain", "nickname", "language", "anonymous"];
const SETTINGS = [...OTHER, "theme", "accent", "greeting", "label", "offline-message", "prechat",
  "consent", "consent-link", "retention"];
const OPTIONS = ["open", "preload", "anonymous"];
const TEXT = [...SETTINGS, "position"].filter(name => !OPTIONS.includes(name));

const STYLE = `{{css}}`;
let sheet;

class CoupletChat extends HTMLElement {
  static observedAttributes = [...SETTINGS, "position", "open", "preload"];

  #root = this.attachShadow({ mode: "closed" });
  #stage = part("div", "stage");
  #panel = part("div", "panel");
  #notice = part("div", "notice");
  #button = part("button", "button");
  #start = part("button", "start");
  #badge = part("span", "badge");
  #frame;
  #port;
  // What the page has said before the chat was there.
  #early = [];
  #language;
  // Whom the page vouches for; null once it has said that it is nobody.
  #user;
  #unread = 0;
  #due = false;
  // Whether the focus goes into the chat as soon as it is there.
  #wanted = false;
  // Where the focus was when that was wanted.
  #from;
  #patience;

  constructor() {
    super();
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    this.#root.adoptedStyleSheets = [sheet];
    const retry = part("button", "retry");
    retry.onclick = () => this.#reload(true);
    this.#notice.append(part("span", "spinner"), part("p", "words"), retry);
    this.#notice.setAttribute("role", "status");
    this.#panel.append(this.#notice);
    this.#button.append(drawing(), this.#badge);
    this.#button.onclick = () => this.#toggle(!this.#isOpen, true);
    this.#start.onclick = () => this.#toggle(true, true);
    this.#stage.append(this.#panel, this.#start, this.#button);
    this.#stage.addEventListener("keydown", event => {
      if (event.key !== "Escape" || !this.#isBubble || !this.#isOpen) return;
      event.preventDefault();
      this.close();
    });
    this.#root.append(this.#stage);
  }

  connectedCallback() {
    // What was set before the script was here.
    for (const name of [...TEXT.map(property), ...OPTIONS]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    addEventListener("message", this.#hear);
    this.#draw();
    this.#raise();
    if (this.#isOpen) this.#load();
    else this.#preload();
  }

  disconnectedCallback() {
    removeEventListener("message", this.#hear);
    this.#unload();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected) return;
    this.#draw();
    if (name === "mode") this.#raise();
    if (name === "open") {
      if (this.#isOpen) this.#load();
      this.#tell({ type: "visible", open: this.#isOpen });
      this.#say(this.#isOpen ? "open" : "close");
    } else if (name === "preload") {
      this.#preload();
    } else if (OTHER.includes(name)) {
      this.#reload(false);
    } else if (SETTINGS.includes(name)) {
      this.#tell({ type: "settings", settings: this.#settings() });
    }
  }

  // A method; and, for frameworks that set what they find, the attribute.
  get open() {
    return () => this.#toggle(true, true);
  }

  set open(value) {
    this.toggleAttribute("open", isSet(value));
  }

  close() {
    this.#toggle(false);
  }

  // What is said before the chat is there is said then.
  send(text) {
    const message = { type: "send", text: String(text) };
    if (message.text.length > LONGEST) throw new RangeError(`send: over ${LONGEST} characters`);
    if (this.#port) this.#tell(message);
    else this.#early.push(message);
  }

  // Until the chat is opened this is only remembered.
  setUser(user) {
    if (user && !/^[^@\s/]+@[^@\s/]+$/.test(user.jid)) throw new TypeError("setUser: no bare jid");
    this.#user = user ? { jid: user.jid, token: user.token } : null;
    this.#tell(user ? { type: "user", jid: user.jid } : { type: "forget-user" });
  }

  destroy() {
    this.remove();
  }

  get #isOpen() {
    return this.hasAttribute("open");
  }

  get #isBubble() {
    return !["inline", "full"].includes(this.getAttribute("mode"));
  }

  #toggle(open, focus = false) {
    const inside = this.#focused === this;
    this.#wanted = open && focus;
    this.#from = this.#focused;
    this.toggleAttribute("open", open);
    if (open && focus) this.#enter();
    else if (!open && inside) this.#button.focus({ preventScroll: true });
  }

  // Above all of the page, and out of what moves or cuts it there; unless that is before the page
  // itself. It asks for the page's style, which is made for each frame anyway.
  #raise() {
    const stage = this.#stage;
    stage.popover = null;
    if (!this.#isBubble || !stage.showPopover || this.closest("dialog, [popover]")) return;
    requestAnimationFrame(() => {
      if (!this.isConnected || !this.#isBubble || stage.popover) return;
      stage.popover = "manual";
      stage.showPopover();
    });
  }

  #preload() {
    if (this.hasAttribute("preload")) whenIdle(() => this.isConnected && this.#load());
  }

  // The page may have it within an element of its own.
  get #focused() {
    return this.getRootNode().activeElement;
  }

  #enter() {
    if (!this.#wanted || !this.#port) return;
    this.#wanted = false;
    // Who has gone elsewhere since isn't taken away from there.
    const focused = this.#focused;
    if (focused && ![this, this.#from, document.body].includes(focused)) return;
    this.#frame.focus({ preventScroll: true });
    this.#tell({ type: "focus" });
  }

  // Several changes at once are one.
  #reload(now) {
    if (!this.#frame || this.#due) return;
    this.#due = true;
    const again = () => {
      this.#due = false;
      if (!this.#frame) return;
      this.#unload();
      this.#load();
    };
    if (now) again();
    else queueMicrotask(again);
  }

  #load() {
    if (this.#frame) return;
    const frame = part("iframe", "frame");
    const url = new URL("embed.html", BASE);
    const domain = this.getAttribute("domain");
    if (domain) url.searchParams.set("domain", asciiDomain(domain));
    frame.title = this.#label();
    frame.allow = "microphone; clipboard-write";
    // It can't lead the page anywhere else.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-downloads "
      + "allow-popups allow-popups-to-escape-sandbox");
    frame.src = url.href;
    this.#frame = frame;
    this.#patience = setTimeout(() => this.#fail(), SLOW);
    frame.onload = () => {
      if (this.#port) return;
      clearTimeout(this.#patience);
      this.#patience = setTimeout(() => this.#fail(), SILENT);
    };
    this.#panel.append(frame);
    this.#draw();
  }

  #unload() {
    clearTimeout(this.#patience);
    this.#port?.close();
    this.#frame?.remove();
    this.#port = this.#frame = undefined;
    this.#stage.classList.remove("ready", "failed");
    this.#count(0);
  }

  #fail() {
    clearTimeout(this.#patience);
    this.#stage.classList.remove("ready");
    this.#stage.classList.add("failed");
    this.#draw();
    this.#say("error", { code: "unreachable", text: this.#text("failed") });
  }

  // Only the page in our frame, and only as long as it is the chat's own host's, gets a port.
  #hear = ({ source, origin, data }) => {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== BASE.origin) return;
    if (data?.couplet !== "ready") return;
    clearTimeout(this.#patience);
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#take(data);
    const user = this.#user && this.#user.jid;
    const hello = { couplet: "hello", settings: this.#settings(), user };
    this.#frame.contentWindow.postMessage(hello, BASE.origin, [port2]);
    this.#tell({ type: "visible", open: this.#isOpen });
    this.#early.splice(0).forEach(message => this.#tell(message));
  };

  #take(data) {
    switch (data?.type) {
      case "ready":
        this.#stage.classList.remove("failed");
        this.#stage.classList.add("ready");
        this.#draw();
        this.#enter();
        return this.#say("ready");
      case "unread":
        if (Number.isSafeInteger(data.count) && data.count >= 0) this.#count(data.count);
        return;
      case "message":
        return this.#say("message", {
          own: data.own === true,
          from: words(data.from),
          text: words(data.text),
        });
      case "error":
        if (data.code === "unreachable") return this.#fail();
        return this.#say("error", { code: words(data.code), text: words(data.text) });
      case "token-wanted":
        return this.#answer(data.jid);
      case "close":
        if (this.#isBubble) this.close();
    }
  }

  // A function gets one each time; one that is there is given to each chat once.
  async #answer(jid) {
    const user = this.#user;
    const port = this.#port;
    let token;
    if (user?.jid === jid) {
      token = user.token;
      if (typeof token === "function") {
        try {
          token = await token();
        } catch (error) {
          reportError(error);
        }
      } else if (user.given === port) {
        token = "";
      } else {
        user.given = port;
      }
    }
    port.postMessage({ type: "token", jid, token: words(token) });
  }

  #count(unread) {
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#draw();
    this.#say("unread", { count: unread });
  }

  #tell(message) {
    this.#port?.postMessage(message);
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #settings() {
    const settings = { language: this.#language };
    for (const name of SETTINGS) {
      if (OPTIONS.includes(name)) settings[name] = this.hasAttribute(name);
      else if (this.hasAttribute(name)) settings[name] = this.getAttribute(name);
    }
    return settings;
  }

  #label() {
    return this.getAttribute("label") || this.#text("label");
  }

  #text(key) {
    return TEXTS[known(this.#language)][key];
  }

  // Asks the page for no style, which would be all of the page's at once: which side the chat is on
  // is the style sheet's.
  #draw() {
    // The page's own language, unless the chat is to have another one.
    this.#language = this.getAttribute("language") || languageOf(this) || navigator.language;
    const open = this.#isOpen;
    const bubble = this.#isBubble;
    const failed = this.#stage.classList.contains("failed");
    this.#stage.lang = this.#language;
    this.#stage.classList.toggle("open", open);
    this.#stage.classList.toggle("bubble", bubble);
    this.#panel.inert = !open;
    const [spinner, text, retry] = this.#notice.children;
    spinner.hidden = failed;
    retry.hidden = !failed;
    text.dir = "auto";
    text.textContent = open ? this.#text(failed ? "failed" : "loading") : "";
    text.className = failed ? "words" : "words quiet";
    retry.textContent = this.#text("retry");
    if (this.#frame) this.#frame.title = this.#label();
    this.#start.textContent = this.#text("open");
    this.#start.hidden = bubble || open;
    this.#button.hidden = !bubble;
    this.#button.setAttribute("aria-expanded", open);
    const count = open ? 0 : this.#unread;
    this.#badge.textContent = count > 99 ? "99+" : count || "";
    this.#badge.hidden = !count;
    const action = open ? this.#text("close") : this.getAttribute("label") || this.#text("open");
    const unread = count ? `, ${this.#text("unread").replace("{count}", count)}` : "";
    this.#button.setAttribute("aria-label", action + unread);
    this.#button.title = action;
  }
}

for (const name of TEXT) {
  Object.defineProperty(CoupletChat.prototype, property(name), {
    get() {
      return this.getAttribute(name) ?? "";
    },
    set(value) {
      if (value == null) this.removeAttribute(name);
      else this.setAttribute(name, value);
    },
    enumerable: true,
  });
}
for (const name of ["preload", "anonymous"]) {
  Object.defineProperty(CoupletChat.prototype, name, {
    get() {
      return this.hasAttribute(name);
    },
    set(value) {
      this.toggleAttribute(name, isSet(value));
    },
    enumerable: true,
  });
}

// "offline-message" is offlineMessage to scripts.
function property(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

function part(name, className) {
  const element = document.createElement(name);
  element.className = className;
  if (name === "button") element.type = "button";
  return element;
}

// Two lines of a conversation, and what closes it.
function drawing() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, d] of [
    ["talk", "M12 3.5c5 0 9 3.4 9 7.7s-4 7.7-9 7.7c-.9 0-1.8-.1-2.6-.3L4.5 21l.9-4.1"
      + "C4 15.5 3 13.5 3 11.2c0-4.3 4-7.7 9-7.7ZM8.2 9.7h7.6M8.2 13h4.8"],
    ["fold", "m6 9.5 6 6 6-6"],
  ]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

// As frameworks say it, who write `<couplet-chat open>` as a property.
function isSet(value) {
  return value === "" || Boolean(value);
}

// Of the page around it, through the elements that it may be a part of.
function languageOf(element) {
  const within = element.closest("[lang]");
  const { host } = element.getRootNode();
  return within?.lang || (host && languageOf(host));
}

function words(value) {
  return typeof value === "string" ? value : "";
}

function known(tag) {
  const wanted = (tag || "en").toLowerCase();
  const traditional = /^zh.*-(hant|tw|hk|mo)/.test(wanted);
  if (wanted.startsWith("zh")) return traditional ? "zh-Hant" : "zh-Hans";
  const [language] = wanted.split("-");
  return Object.keys(TEXTS).find(known => known.toLowerCase().split("-")[0] === language) ?? "en";
}

// The proxy compares what DNS has.
function asciiDomain(domain) {
  try {
    return new URL(`https://${domain}`).hostname;
  } catch {
    return domain;
  }
}

function whenIdle(act) {
  (window.requestIdleCallback ?? setTimeout)(act);
}

// Loading it twice does no harm.
if (!customElements.get("couplet-chat")) customElements.define("couplet-chat", CoupletChat);
