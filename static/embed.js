// The chat in a frame of a site's page. Nothing of it begins before that page has said hello
// (static/widget.js): what is kept on this device is kept for each site by itself.

const SETTINGS = ["mode", "room", "contact", "domain", "nickname", "language", "theme", "accent",
  "greeting", "label"];
const LONGEST = 2000;

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
    settings,
    given: given(settings),
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
    case "send":
      if (isText(message.text)) listener("send", message.text);
  }
}

function texts(settings) {
  const known = SETTINGS.filter(name => isText(settings?.[name]));
  return Object.fromEntries(known.map(name => [name, settings[name]]));
}

// The preferences that the site has chosen.
function given({ theme, accent, language }) {
  return { "couplet.theme": theme, "couplet.accent": accent, "couplet.language": language };
}

function isText(value) {
  return typeof value === "string" && value.trim() !== "" && value.length <= LONGEST;
}
