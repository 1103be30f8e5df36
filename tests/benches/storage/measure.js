// Runs in the page before its own scripts, and takes the time.
window.measured = { writes: [], tasks: [], asked: [], seen: {}, joined: 0 };

new PerformanceObserver(list => {
  for (const task of list.getEntries()) measured.tasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });

// From the beginning of a transaction that writes until it is on the disk.
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (...how) {
  const begun = transaction.apply(this, how);
  if (how[1] === "readwrite") {
    const start = performance.now();
    begun.addEventListener("complete", () => measured.writes.push(performance.now() - start));
  }
  return begun;
};

// A machine that has slept: the clock on the wall has gone on, the other one hasn't.
window.slept = 0;
const now = Date.now;
Date.now = () => now() + slept;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  if (text.startsWith("<r ")) measured.asked.push(performance.now());
  // Each room that tells us that we are in it (XEP-0045 7.1).
  if (text.startsWith("<open ") && !this.counts) this.addEventListener("message", ({ data }) => {
    if (/<status code=['"]110['"]/.test(data)) measured.joined += 1;
  });
  this.counts = true;
  return send.call(this, text);
};
window.sleepAndWake = () => new Promise(done => {
  const before = measured.asked.length;
  const start = performance.now();
  slept += 3_600_000;
  const look = () => measured.asked.length > before
    ? done(measured.asked[before] - start)
    : setTimeout(look, 5);
  look();
});

// The list and the newest messages are there.
const look = () => {
  if (document.querySelector("[role=log] article") && document.querySelector(".conversations a")) {
    measured.opened = performance.now();
  } else {
    requestAnimationFrame(look);
  }
};
look();

// When each message came into view, by the clock that all tabs share.
new MutationObserver(() => {
  const last = [...document.querySelectorAll("[role=log] article")].at(-1);
  const number = last?.innerText.match(/shown in all tabs (\d+)/)?.[1];
  if (number) measured.seen[number] ??= performance.timeOrigin + performance.now();
}).observe(document, { childList: true, subtree: true });

// Until all words of `query` are marked in what was found, or, where nothing is, until it says so.
window.search = query => new Promise(done => {
  const field = document.querySelector("input[type=search]");
  const start = performance.now();
  const check = () => {
    const marked = new Set([...document.querySelectorAll(".finds mark")]
      .map(mark => mark.textContent.toLowerCase()));
    const nothing = document.querySelector(".finds__status")?.innerText.includes(`“${query}”`);
    if (!nothing && !query.split(" ").every(word => marked.has(word))) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - start));
  };
  const observer = new MutationObserver(check);
  observer.observe(document, { childList: true, subtree: true, characterData: true });
  field.value = query;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
});

// Until everything has been read, which a search waits for once.
window.readAll = () => new Promise(done => {
  const start = performance.now();
  const look = () => {
    const status = document.querySelector(".finds [role=status]")?.textContent;
    if (status && !status.startsWith("Looking")) done(performance.now() - start);
    else setTimeout(look, 5);
  };
  look();
});

// To the last of what was found: until it is in the view and has the focus.
window.goToLast = () => new Promise(done => {
  const start = performance.now();
  const find = [...document.querySelectorAll(".find")].at(-1);
  const words = find.querySelector("mark").textContent;
  find.click();
  const look = () => document.activeElement.matches("article")
    && document.activeElement.innerText.includes(words)
    ? done(performance.now() - start)
    : requestAnimationFrame(look);
  look();
});

window.put = async rows => {
  const database = await new Promise(resolve => {
    const request = indexedDB.open("couplet");
    request.onsuccess = () => resolve(request.result);
  });
  const tables = [...new Set(rows.map(([table]) => table))];
  const writing = database.transaction(tables, "readwrite");
  for (const [table, key, value] of rows) {
    const row = Uint8Array.from(atob(value), byte => byte.charCodeAt(0));
    writing.objectStore(table).put(row, key);
  }
  await new Promise(resolve => writing.addEventListener("complete", resolve));
  database.close();
};
