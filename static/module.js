// The second module: xtask/src/split.rs makes it, and what the first one calls in it.

let styled;

async function module() {
  const url = new URL("{{second}}", import.meta.url);
  const [file] = await Promise.all([fetch(url), style()]);
  const { instance } = await __wbg_load(file, { ...__wbg_get_imports(), b: wasm });
  return instance.exports;
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

function way(name) {
  if (!later) throw new Error(`${name} is called before its module is here`);
  return later[name];
}
