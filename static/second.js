// What is opened now and then is a module of its own; web-client/src/second.rs asks for it.

let later;
let coming;
let styled;

// Fetches it, unless it is here.
function second() {
  if (later) return;
  coming ??= load().finally(() => (coming = undefined));
  // Whoever waits for it is told; nobody else has to be.
  coming.catch(() => {});
  return coming;
}

async function load() {
  const url = new URL("{{second}}", import.meta.url);
  const [file] = await Promise.all([fetch(url), style()]);
  const { instance } = await __wbg_load(file, { ...__wbg_get_imports(), b: wasm });
  later = instance.exports;
}

// What it looks like: nothing of it is drawn before that is here.
function style() {
  styled ??= new Promise((done, fail) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("{{css}}", import.meta.url);
    link.onload = done;
    link.onerror = () => {
      link.remove();
      styled = undefined;
      fail(new Error(`${link.href} didn't come`));
    };
    document.head.append(link);
  });
  return styled;
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
