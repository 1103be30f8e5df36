// Writes the line that puts the chat on a page, and shows at once what it does.

import "./widget.js";

const form = document.querySelector("form");
const address = form.elements.address;
const note = document.querySelector("#address-note");
const site = document.querySelector("#site");
const snippet = document.querySelector("#snippet");
const announcer = document.querySelector("#announcer");
const chat = document.createElement("couplet-chat");

const BASE = new URL("./", document.baseURI);
// What the chat does without being told.
const DEFAULTS = { mode: "bubble", position: "bottom-end", theme: "system", accent: "blue" };
// While somebody types, each letter would be another chat.
const PAUSE = 500;
// What the first domain is, until the proxy has said.
let domains = [];
let due;

form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", () => {
  write();
  clearTimeout(due);
  due = setTimeout(show, PAUSE);
});
form.addEventListener("change", ({ target }) => {
  clearTimeout(due);
  show();
  if (target.name === "open") chat.toggleAttribute("open", target.checked);
});
site.addEventListener("input", write);
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copies)));
}

document.querySelector("#stage").append(chat);
write();
show();
fetch("config.json").then(answer => answer.json()).then(config => {
  domains = config.domains;
  form.elements.domain.replaceChildren(...domains.map((domain, place) => {
    return new Option(domain, place === 0 ? "" : domain);
  }));
  write();
}).catch(() => {});

// The attributes that say something, in the order in which people read them. One that is only
// there or not is true.
function attributes() {
  const data = new FormData(form);
  const text = name => (data.get(name) ?? "").trim();
  const isBubble = data.get("mode") === "bubble";
  const isGuest = data.has("anonymous");
  const all = {
    mode: text("mode"),
    [text("with")]: text("address"),
    domain: text("domain"),
    anonymous: isGuest,
    nickname: isGuest && text("nickname"),
    label: text("label"),
    greeting: text("greeting"),
    "offline-message": text("offline-message"),
    consent: text("consent"),
    "consent-link": text("consent") && text("consent-link"),
    prechat: isGuest && data.getAll("prechat").join(" "),
    retention: isGuest && text("retention"),
    language: text("language"),
    theme: text("theme"),
    accent: text("accent"),
    position: isBubble && text("position"),
    open: data.has("open"),
    preload: data.has("preload"),
  };
  return Object.entries(all).filter(([name, value]) => value && value !== DEFAULTS[name]);
}

function write() {
  const mode = form.elements.mode.value;
  const parts = {
    bubble: mode === "bubble",
    guests: form.elements.anonymous.checked,
    support: form.elements.with.value === "support",
    consent: form.elements.consent.value.trim() !== "",
  };
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = !parts[part.dataset.for];
  document.querySelector("#place-note").hidden = mode === "bubble";
  const is = attributes().map(([name, value]) => value === true ? name : `${name}="${escaped(value)}"`);
  snippet.textContent = `<script type="module" src="${escaped(new URL("widget.js", BASE).href)}"></script>\n`
    + `<couplet-chat${is.map(attribute => ` ${attribute}`).join("")}></couplet-chat>`;
  complain(mode);
  const domain = form.elements.domain.value || domains[0] || "example.org";
  document.querySelector("#sites").textContent = `[[domain]]\nname = ${quoted(domain)}\n`
    + `sites = [${quoted(origin(site.value) ?? site.placeholder)}]`;
  document.querySelector("#policy").textContent = `script-src ${BASE.origin}; frame-src ${BASE.origin}`;
}

// What is missing, where it would be filled in.
function complain(mode) {
  const isRoom = form.elements.with.value === "room";
  const example = isRoom ? "lounge@rooms.example.org" : "help@example.org";
  const isMissing = address.value.trim() === "";
  const isWrong = !isMissing && !address.validity.valid;
  address.setAttribute("aria-invalid", isWrong);
  address.closest(".field").classList.toggle("field--wrong", isWrong);
  if (isWrong) note.textContent = `An address looks like ${example}.`;
  else if (isMissing && mode === "full") note.textContent = "Without one, all conversations.";
  else if (isMissing) note.textContent = `Still missing. It looks like ${example}.`;
  else note.textContent = "";
}

function show() {
  const wanted = new Map(attributes());
  // Whether it is open is up to whoever tries it.
  wanted.delete("open");
  for (const name of chat.getAttributeNames()) {
    if (name !== "open" && !wanted.has(name)) chat.removeAttribute(name);
  }
  for (const [name, value] of wanted) chat.setAttribute(name, value === true ? "" : value);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    announce("Copied");
  } catch {
    // Not every browser lets a page do that; everybody can by hand.
    getSelection().selectAllChildren(element);
    announce("Selected: copy it with your keyboard");
  }
}

let shown;

function announce(text) {
  announcer.textContent = text;
  announcer.className = "toast";
  clearTimeout(shown);
  shown = setTimeout(() => {
    announcer.textContent = "";
    announcer.className = "visually-hidden";
  }, 3000);
}

// For between quotation marks in HTML, or in a document that somebody else's program reads as XML.
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("\"", "&quot;")
    .replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// A string of TOML, which has JSON's escapes.
function quoted(text) {
  return JSON.stringify(text);
}

// Of whatever address of the site's somebody has pasted.
function origin(text) {
  try {
    const { protocol, origin } = new URL(text.trim());
    return ["https:", "http:"].includes(protocol) ? origin : undefined;
  } catch {
    return undefined;
  }
}
