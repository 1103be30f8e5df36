// What a page is measured by, the same in both clients.

const measured = (window.measured = { tasks: [], shift: 0, begun: 0, shown: undefined });

new PerformanceObserver(list => {
  for (const { startTime, duration } of list.getEntries()) {
    measured.tasks.push([startTime, duration]);
  }
}).observe({ type: "longtask", buffered: true });

new PerformanceObserver(list => {
  for (const { value } of list.getEntries()) measured.shift += value;
}).observe({ type: "layout-shift", buffered: true });

// The memory of a program, which the browser doesn't count among the page's.
for (const name of ["instantiate", "instantiateStreaming"]) {
  const instantiate = WebAssembly[name];
  WebAssembly[name] = async (...all) => {
    const result = await instantiate.apply(WebAssembly, all);
    const { exports } = result.instance ?? result;
    measured.memory ??= Object.values(exports).find(part => part instanceof WebAssembly.Memory);
    return result;
  };
}

// From now on, until `seen` is true.
measured.begin = seen => {
  measured.tasks.length = 0;
  measured.begun = performance.now();
  measured.shown = undefined;
  const look = () => {
    if (seen()) measured.shown = performance.now();
    else requestAnimationFrame(look);
  };
  look();
};

// When it was all there and nothing long had been going on for two seconds: how long that took,
// and the longest task of it.
measured.settled = () => {
  const { begun, shown } = measured;
  const tasks = measured.tasks.filter(([start]) => start >= begun);
  const last = Math.max(0, ...tasks.map(([start, duration]) => start + duration));
  if (shown === undefined || performance.now() - Math.max(last, shown) < 2000) return null;
  const longest = Math.max(0, ...tasks.map(([, duration]) => duration));
  return [Math.max(last, shown) - begun, longest];
};

// What a page cost whose visitors have yet to open its chat, when nothing long has been going on for
// two seconds: how long tasks kept it from answering, how far it moved, and what was sent.
measured.visited = () => {
  const last = Math.max(0, ...measured.tasks.map(([start, duration]) => start + duration));
  if (performance.now() - last < 2000) return null;
  const blocked = measured.tasks.reduce((sum, [, duration]) => sum + duration - 50, 0);
  const sent = performance.getEntriesByType("resource");
  return [blocked, measured.shift, sent.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)];
};

// Frames while the element is scrolled from its end to its beginning, in milliseconds each.
measured.scroll = async element => {
  const frames = [];
  let before = await new Promise(requestAnimationFrame);
  while (element.scrollTop !== 0) {
    element.scrollTop -= 400;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames.sort((a, b) => a - b);
};

// From a key press until what it typed is on the screen.
measured.key = async field => {
  const times = [];
  field.focus();
  for (let time = 0; time < 21; time++) {
    const begun = performance.now();
    document.execCommand("insertText", false, "a");
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
};
