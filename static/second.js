// What is opened now and then is a module of its own; web-client/src/second.rs asks for it.

let later;
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
  const file = await fetch(new URL("{{second}}", import.meta.url));
  const { instance } = await __wbg_load(file, { ...__wbg_get_imports(), b: wasm });
  later = instance.exports;
}

// The same, as soon as there is nothing else to do.
function secondSoon() {
  (self.requestIdleCallback ?? setTimeout)(() => second());
}

// What the first module calls in the second one.
function way(name) {
  if (!later) throw new Error(`${name} is called before its module is here`);
  return later[name];
}
