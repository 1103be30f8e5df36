// What is opened now and then comes later; web-client/src/second.rs asks for it.

let later;
let texts;
let coming;

// Fetches it, unless it is here.
function second() {
  if (later) return;
  coming ??= load().finally(() => (coming = undefined));
  // Whoever waits for it is told; nobody else has to be.
  coming.catch(() => {});
  return coming;
}

async function load() {
  const [functions, words] = await Promise.all([module(), wording()]);
  texts = words;
  later = functions;
}

// What it says; in English if not in the language of the page.
function wording() {
  return wordingIn(document.documentElement.lang).catch(() => wordingIn("en"));
}

async function wordingIn(language) {
  const file = await fetch(new URL(`second/${language}-{{texts}}.json`, import.meta.url));
  if (!file.ok) throw new Error(`${file.url}: ${file.status}`);
  return file.json();
}

// The same, as soon as there is nothing else to do.
function secondSoon() {
  (self.requestIdleCallback ?? setTimeout)(() => second());
}

function secondTexts() {
  return texts;
}
