// The page without a network: its own files, kept by the browser; and notifications, which
// are the page's but outlive it. Nothing that anybody wrote is in here.
//
// One cache a build. Files whose names are their hashes come from it; everything else is
// asked for first, so that a new build is there as soon as it is out.

const CACHE = "couplet-{{version}}";
const FILES = {{files}};
const HASHED = /-[0-9a-f]{16}\./;
// Longer than this nobody waits for a network that may not be one.
const PATIENCE = 4000;

self.addEventListener("install", event => event.waitUntil(install()));
self.addEventListener("activate", event => event.waitUntil(activate()));
self.addEventListener("fetch", event => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  // Files that others have sent, from another host: neither ours to keep nor to wait for.
  if (isRelayed(pathname)) return;
  // Where the chat is on another page there is nothing without a network: least of all the
  // messenger.
  if (isElsewhere(pathname)) return;
  if (HASHED.test(pathname)) event.respondWith(kept(request));
  else if (request.mode === "navigate") event.respondWith(fresh(request, "./"));
  else if (isOurs(pathname)) event.respondWith(fresh(request, request));
});

// A click on a notification leads to its conversation, in a page that is open if there is one.
self.addEventListener("notificationclick", event => {
  const { notification } = event;
  notification.close();
  event.waitUntil(lead(notification.data));
});

async function lead(href) {
  const pages = await clients.matchAll({ type: "window" });
  const page = pages.find(page => page.focused)
    ?? pages.find(page => page.visibilityState === "visible")
    ?? pages[0];
  if (!page) return clients.openWindow(new URL(href, self.registration.scope));
  page.postMessage(href);
  await page.focus().catch(() => {});
}

async function install() {
  const cache = await caches.open(CACHE);
  // The page has just loaded those that never change.
  const mode = file => HASHED.test(file) ? "default" : "no-cache";
  await cache.addAll(FILES.map(file => new Request(file, { cache: mode(file) })));
  // Not every server that the page can be put on has one.
  await cache.add("config.json").catch(() => {});
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  const old = names.filter(name => name.startsWith("couplet-") && name !== CACHE);
  await Promise.all(old.map(name => caches.delete(name)));
  await self.clients.claim();
}

function isOurs(pathname) {
  const scope = new URL(self.registration.scope).pathname;
  const name = pathname.slice(scope.length);
  return name === "config.json" || name.startsWith("locales/") || FILES.includes(name);
}

function isRelayed(pathname) {
  return pathname.startsWith(new URL("relay/", self.registration.scope).pathname);
}

function isElsewhere(pathname) {
  const { pathname: scope } = new URL(self.registration.scope);
  return ["embed.html", "widget.html"].some(name => pathname === scope + name);
}

// A file that never changes; those that not everybody needs are kept once somebody has.
async function kept(request) {
  const known = await caches.match(request);
  if (known) return known;
  const cache = await caches.open(CACHE);
  const response = await fetch(request);
  // What breaks off isn't kept.
  if (response.ok) await cache.put(request, response.clone()).catch(() => {});
  return response;
}

// What there is now or, without a network that brings all of it, what there was.
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    // Without TLS, headers that are cut off are those of nothing.
    const whole = response.type !== "basic" || await response.clone().text() !== "";
    if (whole && response.status < 500) {
      // The page itself changes only together with its files, when a build is installed.
      if (response.ok && key === request) await cache.put(request, response.clone());
      return response;
    }
    return await cache.match(key) ?? response;
  } catch (error) {
    const response = await cache.match(key, { ignoreSearch: true });
    if (response) return response;
    throw error;
  }
}
