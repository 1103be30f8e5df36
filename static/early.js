// What the page does before its program is here. Whoever isn't signed in on this device can
// type already, and even press the button; web-client/src/early.rs goes on with that. The page
// in another site's frame (static/embed.html) has no such form.

const early = document.getElementById("early");
const progress = early?.querySelector("[role=status]");

function stays() {
  try {
    return localStorage.getItem("couplet.stays") !== null;
  } catch {
    return false;
  }
}

if (early && isSecureContext && !stays()) {
  const stay = early.querySelector("#early-stay");
  const note = early.querySelector(".sign-in__stay-note");
  const notes = [note.dataset.leaves, note.textContent];
  stay.addEventListener("change", () => (note.textContent = notes[+stay.checked]));
  early.addEventListener("submit", event => {
    event.preventDefault();
    early.dataset.sent = "";
    progress.textContent = progress.dataset.loading;
  });
  document.querySelector(".splash").hidden = true;
  early.hidden = false;
  early.querySelector("input").focus();
}

// A script that is cut off halfway is no error that anything else would show.
function notLoaded() {
  if (!early) return coupletSite.tell("error", { code: "unreachable" });
  document.querySelector(".splash").hidden = true;
  early.hidden = false;
  progress.textContent = progress.dataset.failed;
}
