// The chat in a frame of a site's page. Nothing of it begins before that page has said hello
// (static/widget.js): what is kept on this device is kept for each site by itself.

const SETTINGS = ["mode", "room", "contact", "support", "domain", "nickname", "language", "theme", "accent",
  "greeting", "label", "offline-message", "prechat", "consent", "consent-link", "retention"];
// What is longer is cut, and never left out: somebody has to agree to it.
const LONGEST = 20000;
const LONGEST_TOKEN = 8000;

const DOMAIN = new URLSearchParams(location.search).get("domain") ?? undefined;

// A frame that nobody sees gets no frames to draw, and what the site is told would wait for one.
window.requestAnimationFrame = draw => setTimeout(() => draw(performance.now()), 16);
window.cancelAnimationFrame = clearTimeout;

if (window.parent === window) {
  // Somebody has followed a link to here.
  location.replace("./");
} else {
  addEventListener("message", greeted);
  window.parent.postMessage({ couplet: "ready" }, "*");
}

// The first hello counts, and only that of the page that this one is in. Which pages those can
// be the server says (frame-ancestors).
function greeted({ source, origin, data, ports: [port] }) {
  if (source !== window.parent || data?.couplet !== "hello" || !port || origin === "null") return;
  removeEventListener("message", greeted);
  const early = [];
  let heard = message => early.push(message);
  port.onmessage = ({ data }) => heard(data);
  const settings = texts(data.settings);
  globalThis.coupletSite = {
    // What is in front of the names of all that is kept (web-client/src/platform/profile.rs).
    profile: `${origin} ${settings.domain ?? ""}\n`,
    // Whose page this is in; the proxy is told (web-client/src/config.rs).
    origin,
    settings,
    given: given(settings),
    // For whom the site vouches.
    user: isText(data.user) ? data.user : undefined,
    // Whether it has said that it is nobody.
    denied: data.user === null,
    anonymous: data.settings?.anonymous === true,
    tell: (type, detail) => port.postMessage({ ...detail, type }),
    listen(listener) {
      heard = message => take(message, listener);
      early.splice(0).forEach(heard);
    },
  };
  import("./{{js}}").catch(() => coupletSite.tell("error", { code: "unreachable" }));
}

// What is of no known form isn't heard.
function take(message, listener) {
  switch (message?.type) {
    case "settings":
      coupletSite.settings = texts(message.settings);
      coupletSite.given = given(coupletSite.settings);
      return listener("settings");
    case "visible":
      return listener("visible", message.open === true);
    case "focus":
      return listener("focus");
    case "user":
      if (!isText(message.jid)) return;
      coupletSite.user = message.jid;
      coupletSite.denied = false;
      return listener("user");
    case "forget-user":
      coupletSite.user = undefined;
      coupletSite.denied = true;
      return listener("user");
    case "token":
      // One that was on its way for somebody else is of no use.
      if (message.jid !== coupletSite.user) return;
      return listener("token", isText(message.token, LONGEST_TOKEN) ? message.token : undefined);
    case "send":
      if (isText(message.text)) listener("send", message.text);
  }
}

function texts(settings) {
  const known = SETTINGS.filter(name => isText(settings?.[name], Infinity));
  const cut = Object.fromEntries(known.map(name => [name, settings[name].slice(0, LONGEST)]));
  // The server has said by the address of this page whose frame it may be in.
  return { ...cut, domain: DOMAIN };
}

// The preferences that the site has chosen.
function given({ theme, accent, language }) {
  return { "couplet.theme": theme, "couplet.accent": accent, "couplet.language": language };
}

function isText(value, longest = LONGEST) {
  return typeof value === "string" && value.trim() !== "" && value.length <= longest;
}
